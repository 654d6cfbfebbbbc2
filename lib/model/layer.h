/* layer: the building blocks of the towers. A layer is its parameters and one function that applies them.
 *
 * Each ..._add makes the parameters "PREFIX.weight", "PREFIX.bias", ... with the first values that other toolkits use.
 * The prefix is copied; `params` owns the parameters.
 */
#ifndef LAYER_H
#define LAYER_H

#include "autograd/ops.h"
#include "model/params.h"

typedef struct {
    Param *weight, *bias;
} Linear;
/* y = x weight^T + bias, op_linear: x [..,in] -> [..,out]. weight [out,in], bias [out]: uniform in +-1/sqrt(in). */
Linear linear_add(Params *params, const char *prefix, int in, int out, Rng *rng);
Var linear(Tape *t, const Linear *layer, Var x);

typedef struct {
    Param *weight, *bias; /* bias NULL: none */
    int stride, pad;
} Conv;
typedef struct {
    int in, out, kernel, stride, pad;
    bool bias;
} ConvSize;
/* Convolution, op_conv2d: x [B,H,W,in] -> [B,P,Q,out]. weight [out,in,kernel,kernel], bias [out]: uniform in
 * +-1/sqrt(in kernel^2). */
Conv conv_add(Params *params, const char *prefix, ConvSize size, Rng *rng);
Var conv(Tape *t, const Conv *layer, Var x);

typedef struct {
    Param *weight, *bias, *running_mean, *running_var; /* weight NULL: 1 */
    BatchStats stats;
} BatchNorm;
/* Batch norm and the activation after it, op_batchnorm. weight, bias [channels]: 1, 0; running mean and variance: 0, 1.
 * Without `scale` there is no weight. `momentum`: the weight of the new batch in the running statistics. */
BatchNorm batchnorm_add(Params *params, const char *prefix, int channels, bool scale, double momentum);
Var batchnorm(Tape *t, BatchNorm *layer, Var x, Activation act);

typedef Linear LayerNorm;
/* Layer norm of rows of D numbers, op_layernorm with eps 1e-5. weight, bias [D]: 1, 0. */
LayerNorm layernorm_add(Params *params, const char *prefix, int D);
Var layernorm(Tape *t, const LayerNorm *layer, Var x);

typedef struct {
    Param *weight_ih, *weight_hh, *bias_ih, *bias_hh;
} Lstm;
/* The last hidden state of an LSTM, op_lstm: x [B,T,in] -> [B,hidden], `lengths` as there. weight_ih_l0 [4 hidden,in],
 * weight_hh_l0 [4 hidden,hidden], bias_ih_l0, bias_hh_l0 [4 hidden]: uniform in +-1/sqrt(hidden). */
Lstm lstm_add(Params *params, const char *prefix, int in, int hidden, Rng *rng);
Var lstm(Tape *t, const Lstm *layer, Var x, const int *lengths);
/* A vector for each word id, for op_embedding: [V,D], normal, "PREFIX.weight". */
Param *embedding_add(Params *params, const char *prefix, int V, int D, Rng *rng);

#endif
