/* quads: probes that cannot be won without looking. A quad is two pictures and two captions; each caption is true of
 * one picture and false of the other, as the evaluator (caption.h) says of the scene, not as somebody believes.
 *
 *   kind      the two pictures                            the two captions
 *   binding   two things; their colours change places     a red circle and a blue square / a blue circle and a red ...
 *   relation  two things; the things change places        a red circle left of a blue square / a blue square left ...
 *   counting  n like things; n + 1 or n - 1, as much ink  three red circles / four red circles
 *   negation  a thing and another; another other          a red circle and a blue square / a red circle and no blue ...
 *   shuffle   one picture only, two things                what is true, and the same words in four other orders
 *
 * Why nobody can win with the captions alone: every caption is once the right one and once the wrong one in its own
 * quad, so whoever does not look chooses the same caption for both pictures, and has exactly one of two right. With
 * pictures alone, likewise. Captions of a quad are equally long; binding and relation have the same words, so a bag of
 * words ties. Places and sizes in the picture stay, the background and the noise too. In negation, what is denied
 * differs in colour and in shape from all else in either picture: whoever fails has not failed at binding.
 * The shuffle is none of that. It is built as ARO's "Order" is, to show what is wrong with it: only one of the five
 * was ever said by anybody, and a count of word pairs finds it. Fair shuffles are binding and relation.
 */
#ifndef MINIMAL_PAIRS_H
#define MINIMAL_PAIRS_H

#include "scenes/caption.h"
#include "scenes/text_baseline.h"
#include "core/mat.h"
#include "scenes/pair_score.h"

typedef enum { PROBE_BINDING, PROBE_RELATION, PROBE_COUNTING, PROBE_NEGATION, PROBE_SHUFFLE, PROBE_KINDS } ProbeKind;

enum { PAIR_PICTURES = 2, PAIR_CAPTIONS = 5 };

const char *probe_name(ProbeKind kind);             /* "binding" ... */
bool probe_find(const char *name, ProbeKind *kind); /* and back; false if there is no such kind */
int pair_pictures(ProbeKind kind);                  /* of an item: 2; of a shuffle 1 */
int pair_captions(ProbeKind kind);                  /* 2; of a shuffle 5 */

typedef struct {
    ProbeKind kind;
    uint64_t seed;
    int count;          /* of items; 1,000 and more for an interval of +-3 points */
    const Split *split; /* NULL: all combinations. Not owned */
    SplitPart part;
    unsigned paraphrases; /* how captions may be worded, SAY_ bits; 0: plainly */
    double noise;         /* as in SceneSettings */
} MinimalPairsConfig;

typedef struct {
    Scene scene[PAIR_PICTURES];
    const char *caption[PAIR_CAPTIONS]; /* caption[k] is true of scene[k] alone */
} MinimalPair;

typedef struct {
    MinimalPairsConfig config; /* split is a copy on the arena, or NULL */
    int pictures, captions;
    int count;
    MinimalPair *item;
} MinimalPairs;

/* minimal_pairs_make: a set of items, the first `count` of an endless row that depends on the other settings alone. On the
 * arena.
 *   SPLIT_SEEN   both pictures and captions show and name seen combinations only.
 *   SPLIT_HELD   the first picture and caption show and name held-out ones only; the second is what the change makes of
 *                it (a swap of two held-out pairs may give seen ones: when one in eight is held out it always does).
 * False, in one line, when the part is empty or has no such items: where colours tell shapes apart, they cannot change
 * places. */
bool minimal_pairs_make(MinimalPairs *pairs, Arena *arena, const MinimalPairsConfig *config, Err *err);

/* ---- asking ------------------------------------------------------------------------------------------------- */

/* All pictures in a row, and all captions: picture i is scene i % pictures of item i / pictures; captions likewise. */
int minimal_pairs_pictures(const MinimalPairs *pairs);
int minimal_pairs_captions(const MinimalPairs *pairs);
const Scene *minimal_pairs_scene(const MinimalPairs *pairs, int i);
const char *minimal_pairs_caption(const MinimalPairs *pairs, int i);
const char **minimal_pairs_texts(const MinimalPairs *pairs, Arena *arena); /* all captions, on the arena */

/* Scores what a dual encoder makes of them: unit vectors, pictures [minimal_pairs_pictures,E] and texts [minimal_pairs_captions,E]. A
 * similarity is their dot product; vectors of the same bits tie. */
PairScore minimal_pairs_score(const MinimalPairs *pairs, Mat pictures, Mat texts);

/* The same for anything else that gives a picture and a caption a number. */
typedef double PairSimilarity(void *context, const Scene *scene, const char *caption);
PairScore minimal_pairs_score_by(const MinimalPairs *pairs, PairSimilarity *similarity, void *context);

/* Who reads the scene: 1 if the caption is true of it, else 0. All scores 1. context is not used. */
double minimal_pairs_oracle(void *context, const Scene *scene, const char *caption);

/* A rule that reads captions alone (hearsay.h). TEXT_BASELINE_LABELS is told the answers of one half of the items and asked
 * about the other half, both ways round; hearsay's counts of labels are left empty. */
PairScore minimal_pairs_score_rule(const MinimalPairs *pairs, TextBaseline *baseline, TextBaselineRule rule);

/* n random true captions of scenes of one to three things of the seen part, of all kinds: for hearsay to read.
 * On the arena. */
const char **minimal_pairs_training_captions(Arena *arena, const MinimalPairs *pairs, int n);

/* Are all combinations that a scene shows in that part of the split? */
bool scene_in_part(const Scene *scene, const Split *split, SplitPart part);

/* ---- checking, files (minimal_pairs_check.c) ------------------------------------------------------------------------ */

/* Whether the set is what this page says, asking the evaluator about every picture and every caption as it is written:
 * each true where it should be and nowhere else; every string true as often as false; equally long; the same words
 * (binding, relation); the same places and the same ink; of its part of the split; and fair. Of shuffles only that the
 * first caption is true and the others, the same words, are not. False with one line that says which item, and what is
 * wrong with it. */
bool minimal_pairs_check(const MinimalPairs *pairs, Err *err);

/* Whether no rule of hearsay, which reads captions alone, is above chance by more than its interval. False, in one
 * line, for shuffles. */
bool minimal_pairs_fair(const MinimalPairs *pairs, Err *err);

/* A text file, comma-separated: two lines of heading, then a line for each item: its pictures, its captions, and the
 * truth of every caption about every picture. A picture: "look 17 noise 0.03: small red circle 0.2 0.5 0.066 0.01; ..."
 * (of each thing x, y, radius, turn). Reading gives the very same set back; what was written by another hand is refused
 * if its form is wrong, with the number of the line, and judged by minimal_pairs_check. Of `truth` minimal_pairs_read believes nothing:
 * it must be what the evaluator says. */
bool minimal_pairs_write(const MinimalPairs *pairs, const char *path, Err *err);
bool minimal_pairs_read(MinimalPairs *pairs, Arena *arena, const char *path, Err *err);

#endif
