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

void image_tower_drop(ImageTower *tower, double fraction, uint64_t seed) {
    REQUIRE(fraction >= 0 && fraction <= 1, "%g of the patches, want 0 to 1", fraction);
    tower->drop = fraction;
    tower->drop_seed = seed;
}

/* The class token, and K of the N patches of each picture in random order:          x [B,N+1,D] -> [B,K+1,D] */
static Var keep_some(Tape *t, const ImageTower *m, Var x) {
    int B = x->val.shape[0], N = x->val.shape[1] - 1, K = MAX(1, (int)((1 - m->drop) * N + 0.5)), T = K + 1;
    int *token = arena_zero(&t->arena, (size_t)(B * T), sizeof *token); /* the first of each row stays 0 */
    for (int b = 0; b < B; b++) {
        Rng rng = rng_seed(m->drop_seed, (uint64_t)b);
        rng_choice(&rng, N, token + b * T + 1, K);
        for (int k = 1; k < T; k++) token[b * T + k]++;
    }
    return op_gather_tokens(t, x, token, T);
}

/* With z the tokens [B,N+1,D], N = (side / patch)^2:   z = [class; patches(x) conv1^T] + positions
 * embedding = ln_post(transformer(ln_pre(z))[class token]) proj          x [B,side,side,3] -> [B,E]
 * In training z may keep some of its patches only (image_tower_drop); each has its position already. */
static Var vit_forward(Tape *t, ImageTower *m, Var x) {
    struct VisionTransformer *v = m->vit;
    image_require_side(x, v->size.side);
    x = op_linear(t, op_patches(t, x, v->size.patch), tape_param(t, v->conv1), NULL); /* [B,N,D] */
    x = op_prepend(t, x, tape_param(t, v->class_embedding));                          /* [B,N+1,D] */
    x = op_add(t, x, tape_param(t, v->positional_embedding));
    if (t->training && m->drop > 0) x = keep_some(t, m, x);
    x = layernorm(t, &v->ln_pre, x);
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
