#include "model/layer.h"

static Var param_or_null(Tape *t, Param *param) { return param ? tape_param(t, param) : NULL; }

static Param *fan_in_add(Params *params, Mat shape, const char *prefix, const char *name, int fan_in, Rng *rng) {
    Param *param = params_add(params, shape, "%s.%s", prefix, name);
    init_fan_in(param, fan_in, rng);
    return param;
}
Linear linear_add(Params *params, const char *prefix, int in, int out, Rng *rng) {
    Param *weight = fan_in_add(params, mat_shape(2, out, in), prefix, "weight", in, rng);
    return (Linear){ weight, fan_in_add(params, mat_shape(1, out), prefix, "bias", in, rng) };
}
Var linear(Tape *t, const Linear *layer, Var x) {
    return op_linear(t, x, tape_param(t, layer->weight), param_or_null(t, layer->bias));
}
Conv conv_add(Params *params, const char *prefix, ConvSize s, Rng *rng) {
    int fan_in = s.in * s.kernel * s.kernel;
    Conv layer = { .stride = s.stride, .pad = s.pad };
    layer.weight = fan_in_add(params, mat_shape(4, s.out, s.in, s.kernel, s.kernel), prefix, "weight", fan_in, rng);
    if (s.bias) layer.bias = fan_in_add(params, mat_shape(1, s.out), prefix, "bias", fan_in, rng);
    return layer;
}
Var conv(Tape *t, const Conv *layer, Var x) {
    return op_conv2d(t, x, tape_param(t, layer->weight), param_or_null(t, layer->bias), layer->stride, layer->pad);
}
static Param *constant_add(Params *params, int n, const char *prefix, const char *name, double value) {
    Param *param = params_add(params, mat_shape(1, n), "%s.%s", prefix, name);
    init_constant(param, value);
    return param;
}

BatchNorm batchnorm_add(Params *params, const char *prefix, int channels, bool scale, double momentum) {
    BatchNorm layer = { .weight = NULL };
    if (scale) layer.weight = constant_add(params, channels, prefix, "weight", 1);
    layer.bias = constant_add(params, channels, prefix, "bias", 0);
    layer.running_mean = constant_add(params, channels, prefix, "running_mean", 0);
    layer.running_var = constant_add(params, channels, prefix, "running_var", 1);
    layer.running_mean->frozen = layer.running_var->frozen = true;
    layer.stats = (BatchStats){ layer.running_mean->val.v, layer.running_var->val.v, momentum, 1e-5 };
    return layer;
}
Var batchnorm(Tape *t, BatchNorm *layer, Var x, Activation act) {
    /* Read again: a model that was planned first got its numbers later. */
    layer->stats.running_mean = layer->running_mean->val.v;
    layer->stats.running_var = layer->running_var->val.v;
    return op_batchnorm(t, x, param_or_null(t, layer->weight), tape_param(t, layer->bias), &layer->stats, act);
}
LayerNorm layernorm_add(Params *params, const char *prefix, int D) {
    Param *weight = constant_add(params, D, prefix, "weight", 1);
    return (LayerNorm){ weight, constant_add(params, D, prefix, "bias", 0) };
}
Var layernorm(Tape *t, const LayerNorm *layer, Var x) {
    return op_layernorm(t, x, tape_param(t, layer->weight), tape_param(t, layer->bias), 1e-5);
}

Lstm lstm_add(Params *params, const char *prefix, int in, int hidden, Rng *rng) {
    Lstm layer;
    layer.weight_ih = fan_in_add(params, mat_shape(2, 4 * hidden, in), prefix, "weight_ih_l0", hidden, rng);
    layer.weight_hh = fan_in_add(params, mat_shape(2, 4 * hidden, hidden), prefix, "weight_hh_l0", hidden, rng);
    layer.bias_ih = fan_in_add(params, mat_shape(1, 4 * hidden), prefix, "bias_ih_l0", hidden, rng);
    layer.bias_hh = fan_in_add(params, mat_shape(1, 4 * hidden), prefix, "bias_hh_l0", hidden, rng);
    return layer;
}
Var lstm(Tape *t, const Lstm *layer, Var x, const int *lengths) {
    Var input = op_linear(t, x, tape_param(t, layer->weight_ih), tape_param(t, layer->bias_ih));
    return op_lstm(t, input, tape_param(t, layer->weight_hh), tape_param(t, layer->bias_hh), lengths);
}
Param *embedding_add(Params *params, const char *prefix, int V, int D, Rng *rng) {
    Param *table = params_add(params, mat_shape(2, V, D), "%s.weight", prefix);
    init_normal(table, 1, rng);
    return table;
}
