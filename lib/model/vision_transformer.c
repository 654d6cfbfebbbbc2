/* vision_transformer: the tower "vit" of image_tower.h (Dosovitskiy et al. 2021, arXiv:2010.11929, as in CLIP). Patches
 * become tokens, a learnt class token is put before them, and its last state is the embedding of the picture. */
#include "model/image_tower.h"

#include <math.h>

struct VisionTransformer {
    ImageTowerSize size;
    Param *conv1, *class_embedding, *positional_embedding, *proj;
    LayerNorm ln_pre, ln_post;
    Transformer transformer;
};

/* With z the tokens [B,N+1,D], N = (side / patch)^2:   z = [class; patches(x) conv1^T] + positions
 * embedding = ln_post(transformer(ln_pre(z))[class token]) proj          x [B,side,side,3] -> [B,E] */
static Var vit_forward(Tape *t, ImageTower *m, Var x) {
    struct VisionTransformer *v = m->vit;
    image_require_side(x, v->size.side);
    x = op_linear(t, op_patches(t, x, v->size.patch), tape_param(t, v->conv1), NULL); /* [B,N,D] */
    x = op_prepend(t, x, tape_param(t, v->class_embedding));                          /* [B,N+1,D] */
    x = layernorm(t, &v->ln_pre, op_add(t, x, tape_param(t, v->positional_embedding)));
    x = layernorm(t, &v->ln_post, transformer(t, &v->transformer, x, NULL)); /* [B,D] */
    return op_matmul(t, x, tape_param(t, v->proj));
}
void vision_transformer_add(ImageTower *m, Params *params, ImageTowerSize s, Rng *rng) {
    int D = s.width, across = s.side / s.patch;
    double deviation = 1 / sqrt(D);
    struct VisionTransformer *v = m->vit = arena_zero(params->arena, 1, sizeof *v);
    m->forward = vit_forward;
    v->size = s;
    v->conv1 = conv_add(params, "visual.conv1", (ConvSize){ 3, D, s.patch, s.patch, 0, false }, rng).weight;
    v->class_embedding = params_add(params, mat_shape(1, D), "visual.class_embedding");
    v->positional_embedding = params_add(params, mat_shape(2, across * across + 1, D), "visual.positional_embedding");
    v->proj = params_add(params, mat_shape(2, D, s.embed), "visual.proj");
    init_normal(v->class_embedding, deviation, rng);
    init_normal(v->positional_embedding, deviation, rng);
    init_normal(v->proj, deviation, rng);
    v->ln_pre = layernorm_add(params, "visual.ln_pre", D);
    v->ln_post = layernorm_add(params, "visual.ln_post", D);
    TransformerSize size = { D, s.layers, s.heads, .quick_gelu = s.quick_gelu, .mlp = s.mlp };
    v->transformer = transformer_add(params, "visual.transformer", size, rng);
}
