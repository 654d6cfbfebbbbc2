/* image_scene: the tower "scene" of image_tower.h. */
#include "model/image_tower.h"

static const struct { int kernel, stride; } stages[] = { { 4, 2 }, { 3, 2 }, { 3, 1 }, { 3, 2 } };

Var scene_cnn_features(Tape *t, ImageTower *m, Var x) {
    REQUIRE(x->val.shape[1] == 32 && x->val.shape[2] == 32, "pixels are %s, this tower sees 32 x 32",
            mat_shape_text(x->val));
    for (size_t i = 0; i < COUNT(stages); i++) /* [B,16,16,w0], [B,8,8,w1], [B,8,8,w2], [B,4,4,w2] */
        x = batchnorm(t, &m->norm[i], conv(t, &m->conv[i], x), ACT_RELU);
    return x;
}

static Var scene_forward(Tape *t, ImageTower *m, Var x) {
    return linear(t, &m->fc, op_flatten(t, scene_cnn_features(t, m, x)));
}

void scene_cnn_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    const int *w = size.widths, out[] = { w[0], w[1], w[2], w[2] };
    char name[64];
    m->forward = scene_forward;
    for (int i = 0, in = 3; i < (int)COUNT(stages); in = out[i++]) {
        snprintf(name, sizeof name, "image.conv%d", i + 1);
        m->conv[i] =
            conv_add(params, name, (ConvSize){ in, out[i], stages[i].kernel, stages[i].stride, 1, false }, rng);
        snprintf(name, sizeof name, "image.bn%d", i + 1);
        m->norm[i] = batchnorm_add(params, name, out[i], true, 0.1);
    }
    m->fc = linear_add(params, "image.fc", 4 * 4 * w[2], size.embed, rng);
}
