/* flop: how much arithmetic a tape records. Counted where it is much: for each number of the result, a linear layer and
 * a matrix product count their inputs, a convolution C K K; attention counts 2 B T T D (all pairs of tokens, causal or
 * not); an LSTM 4 B T H H beyond its linear layer. All else (norms, activations, softmax, the optimiser) counts 0. */
#ifndef FLOP_H
#define FLOP_H

#include "autograd/ops.h"

/* Multiply-adds of one operation, forward; a leaf has none. */
double node_multiply_adds(const Node *node);

/* Floating point operations of all nodes, two for each multiply-add (not those inside of op_checkpoint). The backward
 * counts as many again for each operand that has a gradient: in a linear layer dx = dy w and dw = dy^T x. */
typedef struct {
    double forward, backward;
} Flop;
/* Sums over the whole tape, in FLOP. It does not change the tape. */
Flop flop_of_tape(const Tape *t);

#endif
