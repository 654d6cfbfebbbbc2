/* word_net: the networks of lesson 25. They look at a picture through a frozen CLIP of scenes (scene_model.h), whose
 * image tower is not trained further, and read or write words (scene_words.h).
 *
 *   vector    writes; sees CLIP's one vector, as prefix tokens             ClipCap (arXiv:2111.09734)
 *   positions    writes; sees the 16 positions of the tower by cross-attention    BLIP's decoder (arXiv:2201.12086)
 *   matching  reads a caption, sees the 16 positions; says whether it is true  BLIP's image-text matching head
 */
#ifndef WORD_NET_H
#define WORD_NET_H

#include "model/text_decoder.h"
#include "scenes/scene_model.h"
#include "scene_words.h"

typedef enum { NET_VECTOR, NET_POSITIONS, NET_MATCHING, NET_KINDS } NetKind;
const char *net_name(NetKind kind); /* "vector", "positions", "matching" */

/* Stands for the constants of scene_words.c, word_net.c, word_study.c and training/steps.c: change it with them. Files
 * of another recipe are refused. */
enum { NET_RECIPE = 2 };

/* Numbers of a place: 64 channels of the tower, four for its row and four for its column; of each four one is not zero.
 */
enum { POSITIONS = 16, POSITION_NUMBERS = 72, VECTOR_NUMBERS = 64 };

/* What a frozen CLIP sees of n pictures: vector [n,64], of length 8; positions [n,16,72]. */
typedef struct {
    Mat vector, positions;
} Sight;
/* On the arena; the scenes are drawn first, or the pixels [n,32,32,3] are given. */
Sight sight_of_scenes(SceneModel *clip, Arena *arena, const Scene *const *scenes, int n);
Sight sight_of_pixels(SceneModel *clip, Arena *arena, Mat pixels);

/* Where a network's examples come from: number i, the same at every call. Called from several threads. */
typedef WordsExample NetExample(const void *context, uint64_t i);
typedef struct {
    NetExample *draw;
    const void *context;
    int texts; /* so many examples after each other, from a multiple of it on, have the same scene; divides the batch */
} NetExamples;

typedef struct {
    NetKind kind;
    int width, steps, batch, seed;
} NetConfig;

/* Do not copy or move: the parameters point into it. */
typedef struct {
    NetConfig config;
    Arena arena;
    Params params;
    Vocab vocab;
    TextDecoder decoder;
    Linear match; /* matching: D -> 1 */
    double loss;  /* mean over the last tenth of the steps */
} Net;

/* A network with random weights. False, with one line, for an impossible width. Free with net_free. */
bool net_init(Net *net, NetConfig config, Err *err);
void net_free(Net *net);
/* Copies the weights of the parameters that both networks have: the matching head starts as the decoder that sees the
 * positions, as BLIP's networks share their weights (arXiv:2201.12086, section 3.1). Stops unless the widths agree. */
void net_start_from(Net *net, const Net *from);
/* Trains it for so many steps on examples 0, 1, ...; lr_factor as in StepsRun. False with one line if a loss is not
 * finite. Progress on stderr. */
bool net_train(Net *net, SceneModel *clip, int steps, double lr_factor, NetExamples examples, Err *err);

/* The file of the network: as F16 for those that ship. `meta`, in pairs of key and value, ends with NULL; may be NULL.
 * */
bool net_save(const Net *net, const char *path, Dtype dtype, const char *const *meta, Err *err);
/* False with one line for a file that is not of this configuration. */
bool net_load(Net *net, NetConfig config, const char *path, Err *err);

/* The texts that a writing network gives for n pictures, with these prompt words (greedy with one beam). texts [n], on
 * the arena, without the prompt. */
typedef struct {
    int beams;
    bool no_cache;
} NetSearch;
const char **net_write(Net *net, Arena *arena, Sight sight, int n, const char *prompt, NetSearch search);
/* One number for each picture i and text i, score [n]: of a writing network log p of what follows the first given[i]
 * words of the text, end included; of the matching network the logit of "true" (given is not read). */
void net_scores(Net *net, Sight sight, const char *const *texts, const int *given, int n, double *score);

/* Rows `index` [n] of a sight, on the arena: the same picture may occur many times. */
Sight sight_rows(Arena *arena, Sight sight, const int *index, int n);

#endif
