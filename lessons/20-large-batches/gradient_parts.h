/* gradient_parts: the gradient of one batch in three ways, and gradients side by side. */
#ifndef GRADIENT_PARTS_H
#define GRADIENT_PARTS_H

#include "training/pair_batch.h"

typedef enum {
    GRADIENT_WHOLE,       /* all pairs in memory, with all logits */
    GRADIENT_CACHED,      /* gradient caching (grad_cache.h): parts of `micro` pairs, the loss of all */
    GRADIENT_ACCUMULATED, /* the mean of the gradients of parts, each with the loss of its own `micro` pairs */
    GRADIENT_WAYS
} GradientWay;

typedef enum { STAGE_EMBED, STAGE_LOSS, STAGE_BACKWARD, GRADIENT_STAGES } GradientStage;

typedef struct {
    double loss;
    double bytes;                  /* of the tape and, if cached, of the embeddings and their gradients */
    double seconds;                /* of the processor */
    double stage[GRADIENT_STAGES]; /* if cached: seconds of each */
    num *gradient;                 /* [gradient_count], on the arena */
    size_t count;
} GradientCost;

/* Some steps of AdamW on batches of B pairs of the set, in its order: a model that has learnt something. */
void gradient_train(Clip *clip, const Cifar *set, int B, int steps);

/* Pairs with equal captions match (clip_targets). */
GradientCost gradient_of(Arena *arena, GradientWay way, Clip *clip, PairBatch *batch, int micro);

/* How many numbers the gradients of a model have, and a copy of them one after another, [count]. */
size_t gradient_count(const Clip *clip);
void gradient_copy(const Clip *clip, num *to);
/* |a - b| / |b|, and the cosine of a and b (0 if one of them is 0). */
double gradient_distance(const num *a, const num *b, size_t count);
double gradient_cosine(const num *a, const num *b, size_t count);

#endif
