/* pair_batch: batches of pictures and the captions of their classes, small models for them, and gradients side by side.
 * Shared by the sections of lesson 20. */
#ifndef PAIR_BATCH_H
#define PAIR_BATCH_H

#include "dataset/cifar.h"
#include "training/grad_cache.h"

enum { PAIR_EMBED = 64 }; /* E of both models */

/* Pairs of a set: pair b is picture index[b] and the caption of its class. */
typedef struct {
    const Cifar *set;
    int T, B;
    const int *class_ids;       /* [CIFAR_CLASSES,T]: the caption of each class */
    int *index, *caption, *ids; /* [B], [B]: the class, [B,T] */
} PairBatch;

/* The towers "small" or "vit" (patch 8, width 64, `layers` blocks) or "resnet", each with the bag of words of the
 * recipe "tiny", for the captions of `set`. Free with clip_free. */
void pair_model(Clip *clip, const Cifar *set, const char *image, int layers, uint64_t seed);

/* Room for B pairs, on the arena; pair_batch_fill sets which: pictures index[0..B). */
PairBatch pair_batch_new(Arena *arena, const Clip *clip, const Cifar *set, int B);
void pair_batch_fill(PairBatch *batch, const int *index);
/* GradCache's callback, with a PairBatch as the context. */
PairPart pair_batch_part(void *context, Arena *arena, int first, int n);

/* How many numbers the gradients of a model have, and a copy of them one after another, [count]. */
size_t gradient_count(const Clip *clip);
void gradient_copy(const Clip *clip, num *to);
/* |a - b| / |b|, and the cosine of a and b (0 if one of them is 0). */
double gradient_distance(const num *a, const num *b, size_t count);
double gradient_cosine(const num *a, const num *b, size_t count);

/* Processor seconds of this process so far, of all its threads. */
double processor_seconds(void);

#endif
