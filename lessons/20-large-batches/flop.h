/* flop: floating point operations of matrix products, convolutions and attention; a multiplication and an addition are
 * two. Everything else (norms, activations, softmax, the optimiser) is not counted. */
#ifndef FLOP_H
#define FLOP_H

#include "autograd/ops.h"

typedef struct {
    double forward, backward; /* backward: as many again for each operand that has a gradient */
} Flop;

/* Of everything that is recorded on a tape (not inside of op_checkpoint). */
Flop flop_of_tape(const Tape *t);

/* On paper: a transformer of `layers` blocks and width D on T tokens. The last block's projections and small network
 * are computed for `last` tokens only: T, or 1 in this library (transformer.h). */
double flop_transformer(int layers, int D, int T, int last);
/* A vision transformer with its patch embedding and projection to E, side / patch patches across. */
double flop_vit(int side, int patch, int layers, int D, int E, bool last_token_only);

#endif
