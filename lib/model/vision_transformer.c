/* image_vit: the vision transformer of image_tower.h (Dosovitskiy et al. 2021, arXiv:2010.11929, as in CLIP). Squares of
 * patch x patch pixels become tokens, a learnt class token goes before them, and what becomes of it is the picture. */
#include "model/image_tower.h"

#include <math.h>

struct VisionTransformer {
    ImageTowerSize size;
    Param *conv1, *class_embedding, *positional_embedding, *proj;
    LayerNorm ln_pre, ln_post;
    Transformer transformer;
};

static Var vit_forward(Tape *t, ImageTower *m, Var x) {
    struct VisionTransformer *v = m->vit;
    int side = v->size.side;
    REQUIRE(x->val.shape[1] == side && x->val.shape[2] == side, "pixels are %s, this tower sees %d x %d",
            mat_shape_text(x->val), side, side);
    x = op_linear(t, op_patches(t, x, v->size.patch), tape_param(t, v->conv1), NULL); /* [B,N,D] */
    x = op_add(t, op_prepend(t, x, tape_param(t, v->class_embedding)),
               tape_param(t, v->positional_embedding));                                                /* [B,N+1,D] */
    x = layernorm(t, &v->ln_post, transformer(t, &v->transformer, layernorm(t, &v->ln_pre, x), NULL)); /* [B,D] */
    return op_matmul(t, x, tape_param(t, v->proj));
}

void vision_transformer_add(ImageTower *m, Params *params, ImageTowerSize s, Rng *rng) {
    int D = s.width, across = s.side / s.patch;
    double default_size = 1 / sqrt(D);
    struct VisionTransformer *v = m->vit = arena_zero(params->arena, 1, sizeof *v);
    m->forward = vit_forward;
    v->size = s;
    v->conv1 = params_add(params, mat_shape(4, D, 3, s.patch, s.patch), "visual.conv1.weight");
    v->class_embedding = params_add(params, mat_shape(1, D), "visual.class_embedding");
    v->positional_embedding = params_add(params, mat_shape(2, across * across + 1, D), "visual.positional_embedding");
    v->proj = params_add(params, mat_shape(2, D, s.embed), "visual.proj");
    init_fan_in(v->conv1, 3 * s.patch * s.patch, rng);
    init_normal(v->class_embedding, default_size, rng);
    init_normal(v->positional_embedding, default_size, rng);
    init_normal(v->proj, default_size, rng);
    v->ln_pre = layernorm_add(params, "visual.ln_pre", D);
    v->ln_post = layernorm_add(params, "visual.ln_post", D);
    v->transformer = transformer_add(
        params, "visual.transformer",
        (TransformerSize){ .width = D, .layers = s.layers, .heads = s.heads, .quick_gelu = s.quick_gelu }, rng);
}
