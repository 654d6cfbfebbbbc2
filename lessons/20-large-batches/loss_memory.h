/* loss_memory: the memory and time of one forward and backward pass of the CLIP loss, with all B x B logits and in
 * tiles; and of a vision transformer, with and without checkpointing. */
#ifndef LOSS_MEMORY_H
#define LOSS_MEMORY_H

#include "gradient_parts.h"

typedef struct {
    double loss;
    double bytes;   /* of the tape, which holds the embeddings' gradients, the logits and all results in between */
    double seconds; /* of the processor */
    num *dimage;    /* [B,E], on the arena */
    double dscale;
} LossCost;

/* The loss of B random pairs of unit vectors, E dimensions, scale 1/0.07. tile 0: with all logits (clip_loss). */
LossCost loss_cost(Arena *arena, int B, int E, int tile, uint64_t seed);

typedef struct {
    double loss, bytes, seconds; /* seconds: of the processor, for forward and backward */
    double wall;                 /* seconds of the clock */
    double flop;                 /* of forward and backward, counted on the tape; 0 with checkpointing */
    num *gradient;               /* [gradient_count], on the arena */
    size_t count;
} StepCost;

/* One forward and backward pass of a batch through a vision transformer. The mean of `times` passes, or of
 * more until they take 0.02 s. */
StepCost step_cost(Arena *arena, const Cifar *set, int B, int layers, bool checkpoint, int times, uint64_t seed);

#endif
