#include "model/layer.h"

static Var param_or_null(Tape *t, Param *param) { return param ? tape_param(t, param) : NULL; }

Linear linear_add(Params *params, const char *prefix, int in, int out, Rng *rng) {
    Linear layer;
    layer.weight = params_add(params, mat_shape(2, out, in), "%s.weight", prefix);
    layer.bias = params_add(params, mat_shape(1, out), "%s.bias", prefix);
    init_fan_in(layer.weight, in, rng);
    init_fan_in(layer.bias, in, rng);
    return layer;
}
Var linear(Tape *t, const Linear *layer, Var x) {
    return op_linear(t, x, tape_param(t, layer->weight), param_or_null(t, layer->bias));
}

Conv conv_add(Params *params, const char *prefix, ConvSize s, Rng *rng) {
    int fan_in = s.in * s.kernel * s.kernel;
    Conv layer = { .stride = s.stride, .pad = s.pad };
    layer.weight = params_add(params, mat_shape(4, s.out, s.in, s.kernel, s.kernel), "%s.weight", prefix);
    if (s.bias) layer.bias = params_add(params, mat_shape(1, s.out), "%s.bias", prefix);
    init_fan_in(layer.weight, fan_in, rng);
    if (s.bias) init_fan_in(layer.bias, fan_in, rng);
    return layer;
}
Var conv(Tape *t, const Conv *layer, Var x) {
    return op_conv2d(t, x, tape_param(t, layer->weight), param_or_null(t, layer->bias), layer->stride, layer->pad);
}

static Param *buffer_add(Params *params, int channels, const char *prefix, const char *name, double value) {
    Param *buffer = params_add(params, mat_shape(1, channels), "%s.%s", prefix, name);
    buffer->frozen = true;
    init_constant(buffer, value);
    return buffer;
}

BatchNorm batchnorm_add(Params *params, const char *prefix, int channels, bool scale, double momentum) {
    BatchNorm layer = { .weight = NULL };
    if (scale) layer.weight = params_add(params, mat_shape(1, channels), "%s.weight", prefix);
    layer.bias = params_add(params, mat_shape(1, channels), "%s.bias", prefix);
    if (scale) init_constant(layer.weight, 1);
    layer.running_mean = buffer_add(params, channels, prefix, "running_mean", 0);
    layer.running_var = buffer_add(params, channels, prefix, "running_var", 1);
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
    LayerNorm layer;
    layer.weight = params_add(params, mat_shape(1, D), "%s.weight", prefix);
    layer.bias = params_add(params, mat_shape(1, D), "%s.bias", prefix);
    init_constant(layer.weight, 1);
    return layer;
}
Var layernorm(Tape *t, const LayerNorm *layer, Var x) {
    return op_layernorm(t, x, tape_param(t, layer->weight), tape_param(t, layer->bias), 1e-5);
}

Lstm lstm_add(Params *params, const char *prefix, int in, int hidden, Rng *rng) {
    Lstm layer;
    layer.weight_ih = params_add(params, mat_shape(2, 4 * hidden, in), "%s.weight_ih_l0", prefix);
    layer.weight_hh = params_add(params, mat_shape(2, 4 * hidden, hidden), "%s.weight_hh_l0", prefix);
    layer.bias_ih = params_add(params, mat_shape(1, 4 * hidden), "%s.bias_ih_l0", prefix);
    layer.bias_hh = params_add(params, mat_shape(1, 4 * hidden), "%s.bias_hh_l0", prefix);
    init_fan_in(layer.weight_ih, hidden, rng);
    init_fan_in(layer.weight_hh, hidden, rng);
    init_fan_in(layer.bias_ih, hidden, rng);
    init_fan_in(layer.bias_hh, hidden, rng);
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
