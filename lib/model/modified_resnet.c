/* image_modified: CLIP's ResNet, the tower "modified-resnet" of image_tower.h. What differs from He et al. 2015
 * (arXiv:1512.03385) is said in section 2.4 of arXiv:2103.00020 and, exactly, in the authors' model.py:
 *   first     three 3 x 3 convolutions (the first with stride 2, to half the width), then a mean over 2 x 2
 *   stride    a mean over 2 x 2 before the last convolution of a block, and before that of its shortcut
 *   last      attention pooling: the mean of all places is put before them as a token, positions are added, and what
 *             one layer of attention makes of that token is the embedding */
#include "model/image_tower.h"

#include <math.h>

typedef struct {
    Conv conv;
    BatchNorm norm;
} Unit; /* convolution without bias, batch norm */

typedef struct {
    Unit a, b, c, shortcut; /* 1 x 1, 3 x 3, 1 x 1 to four times the channels; 1 x 1 */
    int stride;
    bool changes; /* there is a shortcut of its own */
} Bottleneck;

struct ModifiedResnet {
    ImageTowerSize size;
    Unit first[3];
    Bottleneck *blocks;
    int count;
    Param *positional_embedding, *qkv_weight, *qkv_bias;
    Linear c_proj;
};

static Unit unit_add(Params *params, const char *conv_name, const char *norm_name, ConvSize size, Rng *rng) {
    return (Unit){ conv_add(params, conv_name, size, rng), batchnorm_add(params, norm_name, size.out, true, 0.1) };
}

/* A filter of one pixel is a linear layer over channels. */
static Var unit(Tape *t, Unit *u, Var x, Activation act) {
    bool linear = u->conv.weight->val.shape[2] == 1;
    x = linear ? op_linear(t, x, tape_param(t, u->conv.weight), NULL) : conv(t, &u->conv, x);
    return batchnorm(t, &u->norm, x, act);
}

static Bottleneck bottleneck_add(Params *params, const char *name, int in, int planes, int stride, Rng *rng) {
    char conv_name[96], norm_name[96];
    Bottleneck b = { .stride = stride, .changes = stride > 1 || in != 4 * planes };
    const ConvSize sizes[] = { { in, planes, 1, 1, 0, false },
                               { planes, planes, 3, 1, 1, false },
                               { planes, 4 * planes, 1, 1, 0, false } };
    Unit *units[] = { &b.a, &b.b, &b.c };
    for (int i = 0; i < 3; i++) {
        snprintf(conv_name, sizeof conv_name, "%s.conv%d", name, i + 1);
        snprintf(norm_name, sizeof norm_name, "%s.bn%d", name, i + 1);
        *units[i] = unit_add(params, conv_name, norm_name, sizes[i], rng);
    }
    snprintf(conv_name, sizeof conv_name, "%s.downsample.0", name);
    snprintf(norm_name, sizeof norm_name, "%s.downsample.1", name);
    if (b.changes)
        b.shortcut = unit_add(params, conv_name, norm_name, (ConvSize){ in, 4 * planes, 1, 1, 0, false }, rng);
    return b;
}

static Var shrink(Tape *t, Var x, int stride) { return stride > 1 ? op_avgpool(t, x, stride, stride) : x; }

static Var bottleneck(Tape *t, Bottleneck *b, Var x) {
    Var y = unit(t, &b->b, unit(t, &b->a, x, ACT_RELU), ACT_RELU);
    y = unit(t, &b->c, shrink(t, y, b->stride), ACT_NONE);
    Var past = b->changes ? unit(t, &b->shortcut, shrink(t, x, b->stride), ACT_NONE) : x;
    return op_relu(t, op_add(t, y, past));
}

/* The mean before all places, positions, attention; row 0 of what comes out. */
static Var attention_pool(Tape *t, struct ModifiedResnet *r, Var x) {
    const int *s = x->val.shape;
    x = op_reshape(t, x, mat_shape(3, s[0], s[1] * s[2], s[3]));
    x = op_prepend(t, x, op_mean_tokens(t, x, NULL, -1));
    x = op_add(t, x, tape_param(t, r->positional_embedding));
    Var qkv = op_linear(t, x, tape_param(t, r->qkv_weight), tape_param(t, r->qkv_bias));
    return linear(t, &r->c_proj, op_gather(t, op_attention(t, qkv, r->size.heads, false), NULL));
}

static Var modified_forward(Tape *t, ImageTower *m, Var x) {
    struct ModifiedResnet *r = m->modified;
    int side = r->size.side;
    REQUIRE(x->val.shape[1] == side && x->val.shape[2] == side, "pixels are %s, this tower sees %d x %d",
            mat_shape_text(x->val), side, side);
    TapeMark mark = tape_mark(t);
    for (int i = 0; i < 3; i++) x = unit(t, &r->first[i], x, ACT_RELU);
    x = tape_keep(t, mark, NULL, op_avgpool(t, x, 2, 2));
    for (int i = 0; i < r->count; i++) {
        mark = tape_mark(t);
        x = tape_keep(t, mark, x, bottleneck(t, &r->blocks[i], x));
    }
    return attention_pool(t, r, x);
}

void modified_resnet_add(ImageTower *m, Params *params, ImageTowerSize s, Rng *rng) {
    struct ModifiedResnet *r = m->modified = arena_zero(params->arena, 1, sizeof *r);
    char conv_name[64], norm_name[64];
    m->forward = modified_forward;
    r->size = s;
    const ConvSize first[] = { { 3, s.width / 2, 3, 2, 1, false },
                               { s.width / 2, s.width / 2, 3, 1, 1, false },
                               { s.width / 2, s.width, 3, 1, 1, false } };
    for (int i = 0; i < 3; i++) {
        snprintf(conv_name, sizeof conv_name, "visual.conv%d", i + 1);
        snprintf(norm_name, sizeof norm_name, "visual.bn%d", i + 1);
        r->first[i] = unit_add(params, conv_name, norm_name, first[i], rng);
    }
    for (int i = 0; i < IMAGE_STAGES; i++) r->count += s.stages[i];
    r->blocks = arena_zero(params->arena, (size_t)r->count, sizeof *r->blocks);
    int in = s.width, block = 0;
    for (int i = 0; i < IMAGE_STAGES; i++)
        for (int k = 0; k < s.stages[i]; k++) {
            snprintf(conv_name, sizeof conv_name, "visual.layer%d.%d", i + 1, k);
            r->blocks[block++] = bottleneck_add(params, conv_name, in, s.width << i, i > 0 && k == 0 ? 2 : 1, rng);
            in = 4 * (s.width << i);
        }
    int across = s.side / 32;
    r->positional_embedding =
        params_add(params, mat_shape(2, across * across + 1, in), "visual.attnpool.positional_embedding");
    r->qkv_weight = params_add(params, mat_shape(2, 3 * in, in), "visual.attnpool.in_proj_weight");
    r->qkv_bias = params_add(params, mat_shape(1, 3 * in), "visual.attnpool.in_proj_bias");
    r->c_proj = linear_add(params, "visual.attnpool.c_proj", in, s.embed, rng);
    init_normal(r->positional_embedding, 1 / sqrt(in), rng);
    init_normal(r->qkv_weight, 1 / sqrt(in), rng);
}
