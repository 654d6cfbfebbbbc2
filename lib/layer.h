/* layer: the building blocks of the towers. A layer is its parameters and one function that applies them.
 *
 * Each `..._add` makes the parameters under "PREFIX.weight", "PREFIX.bias", ... with the ecosystem's default first
 * values; PREFIX is text that the parameters copy. Parameters belong to `params`.
 */
#ifndef LAYER_H
#define LAYER_H

#include "ops.h"
#include "params.h"

/* y = x weight^T + bias       x [..,in] -> [..,out] */
typedef struct { Param *weight, *bias; } Linear;
Linear linear_add(Params *params, const char *prefix, int in, int out, Rng *rng);
Var linear(Tape *t, const Linear *layer, Var x);

/* Convolution of pictures, conv.h: x [B,H,W,in] -> [B,P,Q,out]. Without bias: NULL. */
typedef struct { Param *weight, *bias; int stride, pad; } Conv;
typedef struct { int in, out, kernel, stride, pad; bool bias; } ConvSize;
Conv conv_add(Params *params, const char *prefix, ConvSize size, Rng *rng);
Var conv(Tape *t, const Conv *layer, Var x);

/* Batch norm with the activation that follows it, ops.h. Without scale: weight is NULL. `momentum` is the share of the
 * new batch in the running statistics. */
typedef struct { Param *weight, *bias; BatchStats stats; } BatchNorm;
BatchNorm batchnorm_add(Params *params, const char *prefix, int channels, bool scale, double momentum);
Var batchnorm(Tape *t, BatchNorm *layer, Var x, Activation act);

/* A vector for each word: weight [V,D], first values normal. */
typedef struct { Param *weight; } Embedding;
Embedding embedding_add(Params *params, const char *prefix, int V, int D, Rng *rng);
Var embedding(Tape *t, const Embedding *layer, const int *ids, int B, int T);

#endif
