#include "generation/unet.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846, EPS = 1e-5;
enum { COARSE = UNET_FOLDED / 2 };

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* Scales 1 and shifts 0 of a norm of C channels. */
static Param *affine_add(Params *params, const char *prefix, int C) {
    Param *affine = params_add(params, mat_shape(1, 2 * C), "%s.affine", prefix);
    for (int c = 0; c < C; c++) affine->val.v[c] = 1;
    return affine;
}
static void zero(Param *weight, Param *bias) {
    init_constant(weight, 0);
    init_constant(bias, 0);
}
static Conv conv3(Params *params, const char *prefix, int in, int out, int stride, Rng *rng) {
    return conv_add(params, prefix, (ConvSize){ in, out, .kernel = 3, .stride = stride, .pad = 1, .bias = true }, rng);
}
static UNetBlock block_add(UNet *net, const char *prefix, int C, Rng *rng) {
    Params *params = &net->params;
    UNetBlock block = { .norm1 = { .bias = affine_add(params, prefix, C) } };
    block.conv1 = conv3(params, arena_print(&net->arena, "%s.conv1", prefix), C, C, 1, rng);
    block.norm2 = linear_add(params, arena_print(&net->arena, "%s.norm2", prefix), net->size.embed, 2 * C, rng);
    init_constant(block.norm2.bias, 0);
    for (int c = 0; c < C; c++) block.norm2.bias->val.v[c] = 1;
    block.conv2 = conv3(params, arena_print(&net->arena, "%s.conv2", prefix), C, C, 1, rng);
    zero(block.conv2.weight, block.conv2.bias);
    return block;
}
static void attention_add(UNet *net, Rng *rng) {
    Params *params = &net->params;
    int C = net->size.coarse;
    net->positions = params_add(params, mat_shape(3, COARSE, COARSE, C), "positions");
    init_normal(net->positions, 0.1, rng);
    net->norm_self = affine_add(params, "self", C);
    net->self_in = linear_add(params, "self.in", C, 3 * C, rng);
    net->self_out = linear_add(params, "self.out", C, C, rng);
    net->norm_cross = affine_add(params, "cross", C);
    net->cross_query = linear_add(params, "cross.query", C, C, rng);
    net->cross_states = linear_add(params, "cross.states", net->size.text, 2 * C, rng);
    init_constant(net->cross_states.bias, 0);
    net->cross_out = linear_add(params, "cross.out", C, C, rng);
    zero(net->self_out.weight, net->self_out.bias);
    zero(net->cross_out.weight, net->cross_out.bias);
}

void unet_init(UNet *net, UNetSize size, uint64_t seed) {
    *net = (UNet){ .size = size };
    Params *params = &net->params;
    Rng rng = rng_seed(seed, 0);
    params->arena = &net->arena;
    net->time = linear_add(params, "time", UNET_WAVES, size.embed, &rng);
    net->vector = linear_add(params, "vector", size.text, size.embed, &rng);
    net->bag = linear_add(params, "bag", size.text, size.embed, &rng);
    net->embed = linear_add(params, "embed", size.embed, size.embed, &rng);
    net->in = conv3(params, "in", UNET_CHANNELS, size.fine, 1, &rng);
    net->first = block_add(net, "first", size.fine, &rng);
    net->down = conv3(params, "down", size.fine, size.coarse, 2, &rng);
    net->before = block_add(net, "before", size.coarse, &rng);
    attention_add(net, &rng);
    net->after = block_add(net, "after", size.coarse, &rng);
    net->up = conv_add(params, "up", (ConvSize){ size.coarse, size.fine, 1, 1, 0, .bias = true }, &rng);
    net->last = block_add(net, "last", size.fine, &rng);
    net->norm_out = affine_add(params, "out", size.fine);
    net->out = conv3(params, "out", size.fine, UNET_CHANNELS, 1, &rng);
    zero(net->out.weight, net->out.bias);
}
void unet_free(UNet *net) { arena_free(&net->arena); }

/* ---- forward ----------------------------------------------------------------------------------------------------- */

void unet_waves(double t, num *waves) {
    for (int k = 0; k < UNET_WAVES / 2; k++) {
        double angle = PI * t * pow(2, k - 1);
        waves[2 * k] = (num)cos(angle);
        waves[2 * k + 1] = (num)sin(angle);
    }
}

/* e = gelu(We gelu(Wt waves + bt + Wv vector + Wb bag) + be)          [B,embed] */
static Var embedding(Tape *tape, UNet *net, const double *t, int B, const UNetCondition *condition) {
    Mat waves = mat_new(&tape->arena, B, UNET_WAVES);
    for (int b = 0; b < B; b++) unet_waves(t[b], &AT(waves, b, 0));
    Var h = linear(tape, &net->time, tape_data(tape, waves));
    h = op_add(tape, h, linear(tape, &net->vector, tape_data(tape, condition->vector)));
    h = op_add(tape, h, linear(tape, &net->bag, tape_data(tape, condition->bag)));
    return op_gelu(tape, linear(tape, &net->embed, op_gelu(tape, h)));
}

static Var norm(Tape *tape, const UNet *net, Var x, Var affine, Activation act) {
    return op_groupnorm(tape, x, affine, net->size.groups, EPS, act);
}

/* y = x + conv2(gelu(norm_e(conv1(gelu(norm(x))))))          x, y [B,H,W,C]; e [B,embed] */
static Var block(Tape *tape, const UNet *net, const UNetBlock *m, Var x, Var e) {
    Var h = conv(tape, &m->conv1, norm(tape, net, x, tape_param(tape, m->norm1.bias), ACT_GELU));
    h = norm(tape, net, h, linear(tape, &m->norm2, e), ACT_GELU);
    return op_add(tape, x, conv(tape, &m->conv2, h));
}

/* x + self-attention of the places, then x + cross-attention of the places to the tokens          x [B,8,8,C] */
static Var attention(Tape *tape, const UNet *net, Var x, Mat tokens) {
    int B = x->val.shape[0], C = x->val.shape[3], heads = net->size.heads;
    Mat rows = mat_shape(3, B, COARSE * COARSE, C), shape = x->val;
    x = op_add(tape, x, tape_param(tape, net->positions));
    Var h = op_reshape(tape, norm(tape, net, x, tape_param(tape, net->norm_self), ACT_NONE), rows);
    h = linear(tape, &net->self_out, op_attention(tape, linear(tape, &net->self_in, h), heads, false));
    x = op_add(tape, x, op_reshape(tape, h, shape));
    h = op_reshape(tape, norm(tape, net, x, tape_param(tape, net->norm_cross), ACT_NONE), rows);
    Var states = linear(tape, &net->cross_states, tape_data(tape, tokens));
    h = op_cross_attention(tape, linear(tape, &net->cross_query, h), states, heads);
    return op_add(tape, x, op_reshape(tape, linear(tape, &net->cross_out, h), shape));
}

Var unet(Tape *tape, UNet *net, Mat x, const double *t, const UNetCondition *condition) {
    int B = x.shape[0];
    REQUIRE(x.dims == 4 && x.shape[1] == UNET_FOLDED && x.shape[2] == UNET_FOLDED && x.shape[3] == UNET_CHANNELS,
            "x is %s, want [B,%d,%d,%d]", mat_shape_text(x), UNET_FOLDED, UNET_FOLDED, UNET_CHANNELS);
    Var e = embedding(tape, net, t, B, condition);
    Var skip = block(tape, net, &net->first, conv(tape, &net->in, tape_data(tape, x)), e);
    Var h = block(tape, net, &net->before, conv(tape, &net->down, skip), e);
    h = block(tape, net, &net->after, attention(tape, net, h, condition->tokens), e);
    h = op_add(tape, skip, op_upsample(tape, conv(tape, &net->up, h)));
    h = block(tape, net, &net->last, h, e);
    return conv(tape, &net->out, norm(tape, net, h, tape_param(tape, net->norm_out), ACT_GELU));
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

enum { LINE = 3 * UNET_PIXELS };

/* Where number k of place p of a folded picture lies in the picture. */
static int unfolded(int p, int k) {
    int row = 2 * (p / UNET_FOLDED) + k / 6, column = 2 * (p % UNET_FOLDED) + k / 3 % 2;
    return row * LINE + 3 * column + k % 3;
}
void unet_fold(const num *picture, num *folded) {
    for (int p = 0; p < UNET_FOLDED * UNET_FOLDED; p++)
        for (int k = 0; k < UNET_CHANNELS; k++) *folded++ = picture[unfolded(p, k)];
}
void unet_unfold(const num *folded, num *picture) {
    for (int p = 0; p < UNET_FOLDED * UNET_FOLDED; p++)
        for (int k = 0; k < UNET_CHANNELS; k++) picture[unfolded(p, k)] = *folded++;
}
