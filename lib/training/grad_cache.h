/* grad_cache: the gradient of a large batch in the memory of a small one (Gao et al. 2021, arXiv:2101.06983).
 *
 * The loss L of B pairs depends on the parameters w through the embeddings I, T [B,E] only:
 *   dL/dw = sum_b ( dL/dI_b dI_b/dw + dL/dT_b dT_b/dw )
 * The batch is cut into parts of `micro` pairs.
 *   1. grad_cache_embed of each part: I and T, without gradients.
 *   2. The caller computes L from I and T, and dL/dI, dL/dT: no tower is involved (op_contrastive, ops.h).
 *   3. grad_cache_backward of each part: the towers again, and backward from these rows of dL/dI and dL/dT.
 * The gradient is that of the whole batch, to rounding, if the towers treat each pair by itself. Batch norm does not:
 * its statistics are those of a part, and the gradient is exact for that network. The running ones change in step 1.
 * The price is one more forward pass. */
#ifndef GRAD_CACHE_H
#define GRAD_CACHE_H

#include "model/clip.h"

/* Pictures [n,H,W,3] and texts as ids [n,T]. */
typedef struct {
    Mat pixels;
    const int *ids;
} PairPart;

typedef struct {
    Clip *clip;
    int B, micro; /* pairs of the batch, of a part (the last may have fewer); 1 <= micro */
    /* Pairs first .. first + n - 1 of the batch, on the arena or elsewhere: the same ones in steps 1 and 3. */
    PairPart (*part)(void *context, Arena *arena, int first, int n);
    void *context;
} GradCache;

/* The number of parts: B / micro, rounded up. */
int grad_cache_parts(const GradCache *g);

/* Step 1 for part p: sets its rows of image and text, [B,E] of unit length. Resets the tape; the part stays on it. */
void grad_cache_embed(const GradCache *g, Tape *t, int p, Mat image, Mat text);

/* Step 3 for part p: adds its share to the gradients of the parameters. Resets the tape, and leaves on it what it
 * went backward from: the number dimage_p . I_p + dtext_p . T_p, whose gradient is this share of dL/dw. */
Var grad_cache_backward(const GradCache *g, Tape *t, int p, Mat dimage, Mat dtext);

#endif
