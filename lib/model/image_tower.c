#include "model/image_tower.h"
#include "core/eigen.h"

#include <math.h>
#include <string.h>

void image_layer_add(ImageTower *m, Params *params, int i, ConvSize size, Rng *rng) {
    m->conv[i] = conv_add(params, arena_print(params->arena, "image.conv%d", i + 1), size, rng);
    m->norm[i] = batchnorm_add(params, arena_print(params->arena, "image.bn%d", i + 1), size.out, true, 0.1);
}
Var image_layer(Tape *t, ImageTower *m, int i, Var x, Activation act) {
    return batchnorm(t, &m->norm[i], conv(t, &m->conv[i], x), act);
}
void image_require_side(Var x, int side) {
    REQUIRE(x->val.shape[1] == side && x->val.shape[2] == side, "pixels are %s, this tower takes %d x %d",
            mat_shape_text(x->val), side, side);
}

/* x [B,S,S,3] -> [B,E]; the sizes below are those for S = 32 */
static Var small_forward(Tape *t, ImageTower *m, Var x) {
    x = op_relu(t, conv(t, &m->conv[0], x)); /* [B,16,16,16] */
    x = op_relu(t, conv(t, &m->conv[1], x)); /* [B,8,8,32] */
    return linear(t, &m->fc, op_flatten(t, x));
}
static void small_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    m->forward = small_forward;
    m->conv[0] = conv_add(params, "image.conv1", (ConvSize){ 3, 16, 3, 2, 1, true }, rng);
    m->conv[1] = conv_add(params, "image.conv2", (ConvSize){ 16, 32, 3, 2, 1, true }, rng);
    m->fc = linear_add(params, "image.fc", size.side / 4 * (size.side / 4) * 32, size.embed, rng);
}

/* Large results of an activation (64 MB of floats) are not kept for the convolution's backward pass but computed again:
 * that takes 4 % more time. In large batches memory is what a laptop lacks. */
static Var conv_forget(Tape *t, const Conv *layer, Var x) {
    enum { LARGE = 1 << 24 };
    Var y = conv(t, layer, x);
    if (mat_count(x->val) >= LARGE) tape_forget(x);
    return y;
}

/* x [B,S,S,3] -> [B,E]; w0, w1, w2 the widths. Maximum pooling keeps which number was the largest: the results of the
 * convolution before it, half of all numbers, are not needed for the backward pass. The last pool takes all positions
 * that are left. */
static Var cnn_forward(Tape *t, ImageTower *m, Var x) {
    x = op_gelu(t, conv(t, &m->conv[0], x));  /* [B,31,31,24] */
    for (int block = 0; block < 3; block++) { /* [B,15,15,w0], [B,7,7,w1], [B,3,3,w2] */
        int first = 2 * block;
        Var wide = conv_forget(t, &m->conv[1 + first], x);
        x = op_maxpool(t, wide, 2, 2);
        tape_forget(wide);
        x = batchnorm(t, &m->norm[first], x, ACT_GELU);
        x = batchnorm(t, &m->norm[first + 1], conv_forget(t, &m->conv[2 + first], x), ACT_GELU);
    }
    return linear(t, &m->fc, op_flatten(t, op_maxpool(t, x, x->val.shape[1], 1)));
}
static void cnn_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    Arena *arena = params->arena;
    m->forward = cnn_forward;
    m->conv[0] = conv_add(params, "image.conv1", (ConvSize){ 3, 24, 2, 1, 0, true }, rng);
    m->conv[0].weight->frozen = true;
    init_constant(m->conv[0].bias, 0);
    for (int i = 0; i < 6; i++) {
        int in = i > 0 ? size.widths[(i - 1) / 2] : 24, out = size.widths[i / 2];
        ConvSize conv_size = { in, out, 3, 1, 1, false };
        m->conv[1 + i] = conv_add(params, arena_print(arena, "image.conv%d", i + 2), conv_size, rng);
        m->norm[i] = batchnorm_add(params, arena_print(arena, "image.bn%d", i + 1), out, false, 0.4);
        init_dirac(m->conv[1 + i].weight);
    }
    m->fc = linear_add(params, "image.fc", size.widths[2], size.embed, rng);
}

void image_tower_random_filters(ImageTower *m, Rng *rng) {
    if (m->forward != cnn_forward) return;
    for (int i = 1; i <= 6; i++) {
        const int *s = m->conv[i].weight->val.shape;
        init_fan_in(m->conv[i].weight, s[1] * s[2] * s[3], rng);
    }
}

void image_tower_whiten(ImageTower *m, Mat pictures) {
    enum { N = 2 * 2 * 3 };
    if (m->forward != cnn_forward) return;
    const int *s = pictures.shape;
    double covariance[N][N] = { { 0 } }, vectors[N][N], values[N], patch[N], patches = 0;
    for (int b = 0; b < s[0]; b++)
        for (int h = 0; h + 1 < s[1]; h++)
            for (int w = 0; w + 1 < s[2]; w++) {
                patches++;
                for (int i = 0; i < N; i++) { /* i counts channel, row, column, as the numbers of a filter */
                    size_t row = (size_t)(b * s[1] + h + i / 2 % 2), column = (size_t)(w + i % 2);
                    patch[i] = (double)pictures.v[(row * (size_t)s[2] + column) * 3 + (size_t)(i / 4)];
                }
                for (int i = 0; i < N; i++)
                    for (int j = 0; j <= i; j++) covariance[i][j] += patch[i] * patch[j];
            }
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) covariance[i][j] = covariance[j][i] = covariance[i][j] / fmax(1, patches);
    eigen_symmetric(N, &covariance[0][0], values, &vectors[0][0]);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            num weight = (num)(vectors[i][k] / sqrt(values[i] + 5e-4));
            m->conv[0].weight->val.v[i * N + k] = weight;
            m->conv[0].weight->val.v[(N + i) * N + k] = -weight;
        }
}

/* x [B,S,S,3] -> [B,E] */
static Var resnet9_forward(Tape *t, ImageTower *m, Var x) {
    x = image_layer(t, m, 0, x, ACT_RELU);                      /* [B,32,32,64] */
    x = op_maxpool(t, image_layer(t, m, 1, x, ACT_RELU), 2, 2); /* [B,16,16,128] */
    x = op_add(t, x, image_layer(t, m, 3, image_layer(t, m, 2, x, ACT_RELU), ACT_RELU));
    x = op_maxpool(t, image_layer(t, m, 4, x, ACT_RELU), 2, 2); /* [B,8,8,256] */
    x = op_maxpool(t, image_layer(t, m, 5, x, ACT_RELU), 2, 2); /* [B,4,4,512] */
    x = op_add(t, x, image_layer(t, m, 7, image_layer(t, m, 6, x, ACT_RELU), ACT_RELU));
    return linear(t, &m->fc, op_flatten(t, op_maxpool(t, x, x->val.shape[1], 1)));
}
static void resnet9_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    static const int widths[] = { 3, 64, 128, 128, 128, 256, 512, 512, 512 };
    m->forward = resnet9_forward;
    for (int i = 0; i < TOWER_LAYERS; i++)
        image_layer_add(m, params, i, (ConvSize){ widths[i], widths[i + 1], 3, 1, 1, false }, rng);
    m->fc = linear_add(params, "image.fc", 512, size.embed, rng);
}

/* x [B,S,S,3] -> [B,E] */
static Var resnet_forward(Tape *t, ImageTower *m, Var x) {
    x = op_maxpool(t, image_layer(t, m, 0, x, ACT_RELU), 2, 2); /* [B,16,16,a] */
    x = op_add(t, x, image_layer(t, m, 1, x, ACT_GELU));
    x = image_layer(t, m, 2, x, ACT_RELU); /* [B,8,8,b] */
    return linear(t, &m->fc, op_flatten(t, op_avgpool(t, x, x->val.shape[1], 1)));
}
static void resnet_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    int a = size.widths[0], b = size.widths[1];
    m->forward = resnet_forward;
    image_layer_add(m, params, 0, (ConvSize){ 3, a, 3, 1, 1, false }, rng);
    image_layer_add(m, params, 1, (ConvSize){ a, a, 3, 1, 1, false }, rng);
    image_layer_add(m, params, 2, (ConvSize){ a, b, 3, 2, 1, false }, rng);
    m->fc = linear_add(params, "image.fc", b, size.embed, rng);
}

ImageTowerSize image_tower_size(ImageTowerSize s) {
    static const int widths[2][3] = { { 64, 256, 256 }, { 64, 128, 256 } }, stages[] = { 3, 4, 6, 3 };
    bool resnet = !strcmp(s.kind, "resnet"), modified = !strcmp(s.kind, "modified-resnet");
    for (int i = 0; i < 3; i++)
        if (!s.widths[i]) s.widths[i] = widths[resnet][i];
    if (!s.side) s.side = modified ? 224 : 32;
    if (!s.patch) s.patch = 4;
    if (!s.width) s.width = modified ? 64 : 128;
    if (!s.layers) s.layers = 4;
    if (!s.heads) s.heads = modified ? s.width / 2 : MAX(1, s.width / 32);
    if (!s.stages[0]) memcpy(s.stages, stages, sizeof stages);
    return s;
}

/* Sizes may come from a file: no product of them overflows, and no divisor is 0. */
static bool size_check(ImageTowerSize s, Err *err) {
    const int *b = s.stages;
    bool vit = s.side >= 1 && s.side <= 4096 && s.patch >= 1 && s.patch <= MIN(s.side, 256) && s.width >= 1 &&
               s.width <= 16384 && s.layers >= 1 && s.layers <= 256 && s.heads >= 1 && s.width % s.heads == 0 &&
               s.mlp >= 0 && s.mlp <= 65536;
    bool resnet = s.side >= 32 && s.side <= 1024 && s.side % 32 == 0 && s.width >= 2 && s.width <= 256 &&
                  s.width % 2 == 0 && s.heads >= 1 && 32 * s.width % s.heads == 0;
    bool other = s.side == 32 || (s.side == 64 && strcmp(s.kind, "scene") != 0);
    for (int i = 0; i < IMAGE_STAGES; i++) resnet = resnet && b[i] >= 1 && b[i] <= 256;
    if (!strcmp(s.kind, "vit") && !vit)
        return err_set(err, "invalid vit: pictures of %d pixels, patches of %d, width %d, %d layers, %d heads", s.side,
                       s.patch, s.width, s.layers, s.heads);
    if (!strcmp(s.kind, "modified-resnet") && !resnet)
        return err_set(err, "invalid %s: pictures of %d pixels, width %d, %d heads, stages of %d, %d, %d and %d blocks",
                       s.kind, s.side, s.width, s.heads, b[0], b[1], b[2], b[3]);
    if (strcmp(s.kind, "vit") != 0 && strcmp(s.kind, "modified-resnet") != 0 && !other)
        return err_set(err, "invalid %s: pictures of %d pixels; want %s", s.kind, s.side,
                       strcmp(s.kind, "scene") ? "32 or 64" : "32");
    return true;
}

static const struct {
    const char *kind;
    void (*add)(ImageTower *, Params *, ImageTowerSize, Rng *);
} kinds[] = { { "small", small_add },           { "cnn", cnn_add },         { "resnet", resnet_add },
              { "resnet9", resnet9_add },       { "scene", scene_cnn_add }, { "modified-resnet", modified_resnet_add },
              { "vit", vision_transformer_add } };

static int kind_of(const char *kind) {
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kind, kinds[i].kind)) return (int)i;
    return -1;
}
bool image_tower_check(ImageTowerSize size, Err *err) {
    if (kind_of(size.kind) < 0)
        return err_set(err, "there is no image tower \"%s\"; there are: small, cnn, resnet, resnet9, vit, scene",
                       size.kind);
    return size_check(image_tower_size(size), err);
}
bool image_tower_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    *m = (ImageTower){ 0 };
    if (!image_tower_check(size, NULL)) return false;
    int i = kind_of(size.kind);
    m->kind = kinds[i].kind;
    kinds[i].add(m, params, image_tower_size(size), rng);
    return true;
}
Var image_tower(Tape *t, ImageTower *tower, Var pixels) {
    REQUIRE(pixels->val.dims == 4 && pixels->val.shape[3] == 3, "pixels are %s, want [B,H,W,3]",
            mat_shape_text(pixels->val));
    return tower->forward(t, tower, pixels);
}
