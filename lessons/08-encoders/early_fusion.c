#include "early_fusion.h"

EarlyFusion early_fusion_add(Params *params, EarlyFusionSize size, Rng *rng) {
    EarlyFusion m = { .size = size };
    m.word = embedding_add(params, "early_fusion.word", size.vocabulary, size.width, rng);
    m.patch = linear_add(params, "early_fusion.patch", 3 * size.patch * size.patch, size.width, rng);
    m.score = linear_add(params, "early_fusion.score", size.width, 1, rng);
    TransformerSize body = { .width = size.width, .layers = size.layers, .heads = size.heads };
    m.body = transformer_add(params, "early_fusion.body", body, rng);
    return m;
}
Var early_fusion_score(Tape *t, const EarlyFusion *m, Var pixels, const int *ids, int T) {
    REQUIRE(pixels->val.dims == 4 && pixels->val.shape[0] == 1 && T >= 1,
            "pixels are %s with %d words, want [1,H,W,3] and at least 1", mat_shape_text(pixels->val), T);
    Var patches = linear(t, &m->patch, op_patches(t, pixels, m->size.patch)); /* [1,N,D] */
    Var words = op_embedding(t, tape_param(t, m->word), ids, 1, T);           /* [1,T,D] */
    Var tokens = op_prepend(t, patches, words);                               /* [1,T+N,D] */
    return linear(t, &m->score, transformer(t, &m->body, tokens, NULL));      /* [1,1] */
}
