/* pair_batch: what lessons that train many small models share: the models, batches of pictures and their captions in a
 * fixed order, the loss of a batch, and how many test pictures a model classifies right. */
#ifndef PAIR_BATCH_H
#define PAIR_BATCH_H

#include "dataset/cifar.h"
#include "training/grad_cache.h"

enum { PAIR_EMBED = 64 }; /* E of both towers */

/* The image tower of lessons 20 to 23: "small", "vit" (patch 8, width 64, `layers` blocks) or "resnet" (16, 16). */
ImageTowerSize pair_tower(const char *image, int layers);
/* That tower (its embed is set to PAIR_EMBED) with the bag of words of the recipe "tiny" for the words of the texts.
 * Stops the program with one line for an invalid tower. Free with clip_free. */
void pair_model_of(Clip *clip, const char *const *texts, int count, ImageTowerSize image, uint64_t seed);
/* The same for the captions of the classes of `set`, pair_class_texts. */
void pair_model(Clip *clip, const Cifar *set, const char *image, int layers, uint64_t seed);
/* The caption of each class, [CIFAR_CLASSES], by the template of the recipe "tiny". On the arena. */
const char *const *pair_class_texts(Arena *arena, const Cifar *set);

/* Pairs of a set: pair b is picture index[b] and text caption[b] = text_of[index[b]]. */
typedef struct {
    const Cifar *set;
    const uint8_t *text_of; /* [set->n]: which text each picture has; set by the caller for other texts than labels */
    int T, B;
    const int *text_ids;        /* [texts,T] */
    int *index, *caption, *ids; /* [B], [B]: the number of the text, [B,T] */
} PairBatch;

/* Room for B pairs, on the arena; pair_batch_fill sets which: pictures index[0..B). The texts are those of the classes
 * and text_of the labels; or others, for which the caller sets text_of. */
PairBatch pair_batch_new(Arena *arena, const Clip *clip, const Cifar *set, int B);
PairBatch pair_batch_of(Arena *arena, const Clip *clip, const Cifar *set, const char *const *texts, int count, int B);
void pair_batch_fill(PairBatch *batch, const int *index);
/* GradCache's callback, with a PairBatch as the context. */
PairPart pair_batch_part(void *context, Arena *arena, int first, int n);
/* The CLIP loss of pairs first .. first + n - 1 among themselves; pairs of equal captions match (clip_targets). */
Var pair_batch_loss(Tape *t, Clip *clip, PairBatch *batch, int first, int n);

/* An endless row of shuffled epochs of 0 .. n-1: a function of the seed, whatever the size of the batches. */
typedef struct {
    int n, *order; /* [n], of the present epoch */
    uint64_t seed;
    long long at; /* how many were taken */
} PairOrder;
/* The order before its first batch; the numbers are on the arena. */
PairOrder pair_order_new(Arena *arena, int n, uint64_t seed);
/* The next B of them. */
void pair_order_next(PairOrder *order, int B, int *index);

/* How many of the pictures of `test` are classified right from the captions of the classes (zeroshot.h). */
int pair_right(Clip *clip, const Cifar *test);

#endif
