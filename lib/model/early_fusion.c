#include "model/early_fusion.h"

#include <math.h>

EarlyFusion early_fusion_add(Params *params, EarlyFusionSize size, Rng *rng) {
    EarlyFusion m = { .size = size };
    m.word = embedding_add(params, "early_fusion.word", size.vocabulary, size.width, rng);
    m.patch = linear_add(params, "early_fusion.patch", 3 * size.patch * size.patch, size.width, rng);
    m.score = linear_add(params, "early_fusion.score", size.width, 1, rng);
    TransformerSize body = { .width = size.width, .layers = size.layers, .heads = size.heads };
    m.body = transformer_add(params, "early_fusion.body", body, rng);
    if (size.patches > 0) {
        m.position = params_add(params, mat_shape(2, size.patches, size.width), "early_fusion.position");
        init_normal(m.position, 1 / sqrt(size.width), rng);
    }
    return m;
}
Var early_fusion_score(Tape *t, const EarlyFusion *m, Var pixels, const int *ids, int T) {
    REQUIRE(pixels->val.dims == 4 && T >= 1, "pixels are %s with %d words, want [B,H,W,3] and at least 1",
            mat_shape_text(pixels->val), T);
    Var patches = linear(t, &m->patch, op_patches(t, pixels, m->size.patch)); /* [B,N,D] */
    if (m->position) patches = op_add(t, patches, tape_param(t, m->position));
    Var words = op_embedding(t, tape_param(t, m->word), ids, pixels->val.shape[0], T); /* [B,T,D] */
    Var tokens = op_prepend(t, patches, words);                                        /* [B,T+N,D] */
    return linear(t, &m->score, transformer(t, &m->body, tokens, NULL));               /* [B,1] */
}
