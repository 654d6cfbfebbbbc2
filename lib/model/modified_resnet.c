/* modified_resnet: the tower "modified-resnet" of image_tower.h, CLIP's ResNet. It differs from He et al. 2015
 * (arXiv:1512.03385) as section 2.4 of arXiv:2103.00020 and the authors' model.py describe:
 *   stem      three 3 x 3 convolutions, the first with stride 2, then mean pooling 2 x 2
 *   stride    mean pooling 2 x 2 before the last convolution of a block, and before the one of its shortcut
 *   head      attention pooling: the mean over all positions becomes a first token, position embeddings are added, and
 *             the output of one attention layer for that token is the embedding */
#include "model/image_tower.h"

#include <math.h>

typedef struct {
    Conv conv;
    BatchNorm norm;
} ConvNorm; /* a convolution without bias, and its batch norm */

typedef struct {
    ConvNorm a, b, c, shortcut; /* 1 x 1, 3 x 3, 1 x 1 to four times the channels; 1 x 1 */
    int stride;
    bool projects; /* the shortcut has a convolution */
} Bottleneck;

struct ModifiedResnet {
    ImageTowerSize size;
    ConvNorm stem[3];
    Bottleneck *blocks;
    int count;
    Param *positional_embedding;
    Linear qkv, c_proj;
};

/* Parameters "PREFIX.CONV_NAME.weight", "PREFIX.NORM_NAME.weight", ... */
static ConvNorm conv_norm_add(Params *params, const char *prefix, const char *conv_name, const char *norm_name,
                              ConvSize size, Rng *rng) {
    ConvNorm layer = { .conv = conv_add(params, arena_print(params->arena, "%s.%s", prefix, conv_name), size, rng) };
    layer.norm = batchnorm_add(params, arena_print(params->arena, "%s.%s", prefix, norm_name), size.out, true, 0.1);
    return layer;
}
/* act(norm(conv(x))); a 1 x 1 convolution is a linear layer over channels. */
static Var conv_norm(Tape *t, ConvNorm *layer, Var x, Activation act) {
    bool pointwise = layer->conv.weight->val.shape[2] == 1;
    x = pointwise ? op_linear(t, x, tape_param(t, layer->conv.weight), NULL) : conv(t, &layer->conv, x);
    return batchnorm(t, &layer->norm, x, act);
}

static Bottleneck bottleneck_add(Params *params, const char *name, int in, int planes, int stride, Rng *rng) {
    int out = 4 * planes;
    Bottleneck b = { .stride = stride, .projects = stride > 1 || in != out };
    b.a = conv_norm_add(params, name, "conv1", "bn1", (ConvSize){ in, planes, 1, 1, 0, false }, rng);
    b.b = conv_norm_add(params, name, "conv2", "bn2", (ConvSize){ planes, planes, 3, 1, 1, false }, rng);
    b.c = conv_norm_add(params, name, "conv3", "bn3", (ConvSize){ planes, out, 1, 1, 0, false }, rng);
    ConvSize size = { in, out, 1, 1, 0, false };
    if (b.projects) b.shortcut = conv_norm_add(params, name, "downsample.0", "downsample.1", size, rng);
    return b;
}

static Var pool(Tape *t, Var x, int stride) { return stride > 1 ? op_avgpool(t, x, stride, stride) : x; }
/* y = ReLU(c(pool(b(a(x)))) + shortcut(pool(x)))          x [B,H,W,C], y [B,H/stride,W/stride,4 planes] */
static Var bottleneck(Tape *t, Bottleneck *b, Var x) {
    Var y = conv_norm(t, &b->b, conv_norm(t, &b->a, x, ACT_RELU), ACT_RELU);
    y = conv_norm(t, &b->c, pool(t, y, b->stride), ACT_NONE);
    Var shortcut = b->projects ? conv_norm(t, &b->shortcut, pool(t, x, b->stride), ACT_NONE) : x;
    return op_relu(t, op_add(t, y, shortcut));
}

/* z = [mean(x); x] + positions, attention, output projection; row 0          x [B,H,W,C] -> [B,E] */
static Var attention_pool(Tape *t, struct ModifiedResnet *r, Var x) {
    const int *s = x->val.shape;
    x = op_reshape(t, x, mat_shape(3, s[0], s[1] * s[2], s[3]));
    x = op_prepend(t, x, op_mean_tokens(t, x, NULL, -1));
    x = op_add(t, x, tape_param(t, r->positional_embedding));
    x = op_attention(t, linear(t, &r->qkv, x), r->size.heads, false);
    return linear(t, &r->c_proj, op_gather(t, x, NULL));
}

static Var modified_resnet_forward(Tape *t, ImageTower *m, Var x) {
    struct ModifiedResnet *r = m->modified;
    image_require_side(x, r->size.side);
    TapeMark mark = tape_mark(t);
    for (int i = 0; i < 3; i++) x = conv_norm(t, &r->stem[i], x, ACT_RELU);
    x = tape_keep(t, mark, NULL, op_avgpool(t, x, 2, 2));
    for (int i = 0; i < r->count; i++) {
        mark = tape_mark(t);
        x = tape_keep(t, mark, x, bottleneck(t, &r->blocks[i], x));
    }
    return attention_pool(t, r, x);
}

void modified_resnet_add(ImageTower *m, Params *params, ImageTowerSize s, Rng *rng) {
    struct ModifiedResnet *r = m->modified = arena_zero(params->arena, 1, sizeof *r);
    int half = s.width / 2, in = s.width, block = 0, across = s.side / 32;
    m->forward = modified_resnet_forward;
    r->size = s;
    r->stem[0] = conv_norm_add(params, "visual", "conv1", "bn1", (ConvSize){ 3, half, 3, 2, 1, false }, rng);
    r->stem[1] = conv_norm_add(params, "visual", "conv2", "bn2", (ConvSize){ half, half, 3, 1, 1, false }, rng);
    r->stem[2] = conv_norm_add(params, "visual", "conv3", "bn3", (ConvSize){ half, s.width, 3, 1, 1, false }, rng);
    for (int i = 0; i < IMAGE_STAGES; i++) r->count += s.stages[i];
    r->blocks = arena_zero(params->arena, (size_t)r->count, sizeof *r->blocks);
    for (int i = 0; i < IMAGE_STAGES; i++)
        for (int k = 0; k < s.stages[i]; k++) {
            const char *name = arena_print(params->arena, "visual.layer%d.%d", i + 1, k);
            r->blocks[block++] = bottleneck_add(params, name, in, s.width << i, i > 0 && k == 0 ? 2 : 1, rng);
            in = 4 * (s.width << i);
        }
    r->positional_embedding =
        params_add(params, mat_shape(2, across * across + 1, in), "visual.attnpool.positional_embedding");
    r->qkv.weight = params_add(params, mat_shape(2, 3 * in, in), "visual.attnpool.in_proj_weight");
    r->qkv.bias = params_add(params, mat_shape(1, 3 * in), "visual.attnpool.in_proj_bias");
    r->c_proj = linear_add(params, "visual.attnpool.c_proj", in, s.embed, rng);
    init_normal(r->positional_embedding, 1 / sqrt(in), rng);
    init_normal(r->qkv.weight, 1 / sqrt(in), rng);
}
