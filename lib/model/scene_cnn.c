/* scene_cnn: the tower "scene" of image_tower.h. */
#include "model/image_tower.h"

static const struct { int kernel, stride; } stages[] = { { 4, 2 }, { 3, 2 }, { 3, 1 }, { 3, 2 } };

/* x [B,32,32,3] -> [B,4,4,w2] */
Var scene_cnn_features(Tape *t, ImageTower *m, Var x) {
    image_require_side(x, 32);
    for (int i = 0; i < (int)COUNT(stages); i++) /* [B,16,16,w0], [B,8,8,w1], [B,8,8,w2], [B,4,4,w2] */
        x = image_layer(t, m, i, x, ACT_RELU);
    return x;
}
static Var scene_cnn_forward(Tape *t, ImageTower *m, Var x) {
    return linear(t, &m->fc, op_flatten(t, scene_cnn_features(t, m, x)));
}
void scene_cnn_add(ImageTower *m, Params *params, ImageTowerSize size, Rng *rng) {
    const int *w = size.widths, channels[] = { 3, w[0], w[1], w[2], w[2] };
    m->forward = scene_cnn_forward;
    for (int i = 0; i < (int)COUNT(stages); i++)
        image_layer_add(m, params, i,
                        (ConvSize){ channels[i], channels[i + 1], stages[i].kernel, stages[i].stride, 1, false }, rng);
    m->fc = linear_add(params, "image.fc", 4 * 4 * w[2], size.embed, rng);
}
