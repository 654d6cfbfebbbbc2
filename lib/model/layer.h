/* layer: the building blocks of the towers. A layer is its parameters and one function that applies them.
 *
 * Each `..._add` makes the parameters under "PREFIX.weight", "PREFIX.bias", ... with the ecosystem's default first
 * values; PREFIX is text that the parameters copy. Parameters belong to `params`.
 */
#ifndef LAYER_H
#define LAYER_H

#include "autograd/ops.h"
#include "model/params.h"

/* y = x weight^T + bias       x [..,in] -> [..,out] */
typedef struct {
    Param *weight, *bias;
} Linear;
/* weight [out,in], bias [out]: uniform in +-1/sqrt(in). */
Linear linear_add(Params *params, const char *prefix, int in, int out, Rng *rng);
Var linear(Tape *t, const Linear *layer, Var x);

/* Convolution of pictures, conv.h: x [B,H,W,in] -> [B,P,Q,out]. Without bias: NULL. */
typedef struct {
    Param *weight, *bias;
    int stride, pad;
} Conv;
typedef struct {
    int in, out, kernel, stride, pad;
    bool bias;
} ConvSize;
/* weight [out,in,kernel,kernel], bias [out]: uniform in +-1/sqrt(in kernel^2). */
Conv conv_add(Params *params, const char *prefix, ConvSize size, Rng *rng);
Var conv(Tape *t, const Conv *layer, Var x);

/* Batch norm with the activation that follows it, ops.h. Without scale: weight is NULL. `momentum` is the share of the
 * new batch in the running statistics. */
typedef struct {
    Param *weight, *bias, *running_mean, *running_var;
    BatchStats stats;
} BatchNorm;
/* weight, bias and the running statistics [channels]: 1, 0, and mean 0, variance 1. */
BatchNorm batchnorm_add(Params *params, const char *prefix, int channels, bool scale, double momentum);
Var batchnorm(Tape *t, BatchNorm *layer, Var x, Activation act);

/* Layer norm, ops.h, with eps 1e-5: weight and bias [D], at first 1 and 0. */
typedef struct {
    Param *weight, *bias;
} LayerNorm;
/* For rows of D numbers. */
LayerNorm layernorm_add(Params *params, const char *prefix, int D);
Var layernorm(Tape *t, const LayerNorm *layer, Var x);

/* The last hidden state of an LSTM over x [B,T,in] -> [B,hidden], op_lstm: weight_ih_l0 [4 hidden,in], weight_hh_l0,
 * bias_ih_l0, bias_hh_l0, first values uniform in +-1/sqrt(hidden) (the ecosystem's). `lengths` as there. */
typedef struct {
    Param *weight_ih, *weight_hh, *bias_ih, *bias_hh;
} Lstm;
/* From `in` numbers at a step to `hidden`. */
Lstm lstm_add(Params *params, const char *prefix, int in, int hidden, Rng *rng);
Var lstm(Tape *t, const Lstm *layer, Var x, const int *lengths);

/* A vector for each word: weight [V,D], first values normal. */
typedef struct {
    Param *weight;
} Embedding;
/* For V words, in D numbers. */
Embedding embedding_add(Params *params, const char *prefix, int V, int D, Rng *rng);
Var embedding(Tape *t, const Embedding *layer, const int *ids, int B, int T);

#endif
