#include "scenes/late_interaction.h"

#include "core/softmax.h"

static const double INVERSE_TEMPERATURE = 10;

void late_interaction_add(SceneModel *l, Rng *rng) {
    Params *params = &l->clip.params;
    int E = l->clip.config.image.embed, C = l->clip.config.image.widths[2];
    linear_add(params, "late.projection", C, E, rng);
    init_normal(params_add(params, mat_shape(2, LATE_POSITIONS, E), "late.position"), 0.1, rng);
}

/* What is seen, [B,4,4,C], as unit vectors of all places, [B*16,E]. */
static Var position_vectors(Tape *t, SceneModel *l, Var feature_map) {
    const Params *params = &l->clip.params;
    Linear projection = { params_find(params, "late.projection.weight"), params_find(params, "late.projection.bias") };
    Param *position = params_find(params, "late.position");
    Var x = linear(t, &projection, feature_map);
    int B = x->val.shape[0], E = x->val.shape[3];
    Var both = op_add(t, op_reshape(t, x, mat_shape(3, B, LATE_POSITIONS, E)), tape_param(t, position));
    return op_l2norm(t, op_reshape(t, both, mat_shape(2, B * LATE_POSITIONS, E)));
}

/* The words of n captions: unit vectors of them and of the ends, [M,E]; whose each is; and which of them are ends. */
typedef struct {
    Var vector;
    int *caption, *end;
} Tokens;

static Tokens token_vectors(Tape *t, SceneModel *l, const int *ids, int n) {
    int T = l->clip.config.tokens, room = n * (T + 2), M = 0;
    const int *rows = text_tower_rows(&t->arena, l->clip.text.size, ids, n, T);
    int *which = arena_alloc(&t->arena, (size_t)room, sizeof *which);
    Tokens tokens = { .caption = arena_alloc(&t->arena, (size_t)room, sizeof(int)),
                      .end = arena_alloc(&t->arena, (size_t)n, sizeof(int)) };
    for (int i = 0; i < room; i++)
        if (i % (T + 2) > 0 && rows[i] != l->clip.text.size.padding) {
            tokens.end[i / (T + 2)] = M;
            tokens.caption[M] = i / (T + 2);
            which[M++] = i;
        }
    Var all = text_tower_tokens(t, &l->clip.text, ids, n, T);
    int E = all->val.shape[2];
    Var some = op_embedding(t, op_reshape(t, all, mat_shape(2, room, E)), which, 1, M);
    tokens.vector = op_l2norm(t, op_reshape(t, some, mat_shape(2, M, E)));
    return tokens;
}

Var late_interaction_similarities(Tape *t, Var tokens, Var positions, int each, const int *caption, int N) {
    int M = tokens->val.shape[0];
    Mat weights = mat_zero(&t->arena, N, M);
    int *length = arena_zero(&t->arena, (size_t)N, sizeof *length);
    for (int m = 0; m < M; m++) {
        REQUIRE(0 <= caption[m] && caption[m] < N, "word %d is of caption %d, want 0 to %d", m, caption[m], N - 1);
        length[caption[m]]++;
    }
    for (int m = 0; m < M; m++) AT(weights, caption[m], m) = (num)1 / (num)length[caption[m]];
    Var score =
        op_softmax_pool(t, op_linear(t, tokens, positions, NULL), each, INVERSE_TEMPERATURE); /* [M,B*P] -> [M,B] */
    return op_transpose(t, op_matmul(t, tape_data(t, weights), score));
}

Var late_interaction_logits(Tape *t, SceneModel *l, Mat pixels, const int *ids, int n) {
    Tokens tokens = token_vectors(t, l, ids, n);
    int E = tokens.vector->val.shape[1];
    Var feature_map = image_scene_places(t, &l->clip.image, tape_data(t, pixels));
    Var attention_out = late_interaction_similarities(t, tokens.vector, position_vectors(t, l, feature_map),
                                                      LATE_POSITIONS, tokens.caption, n);
    Var image = op_l2norm(t, linear(t, &l->clip.image.fc, op_flatten(t, feature_map)));
    Var text = op_reshape(t, op_embedding(t, tokens.vector, tokens.end, 1, n), mat_shape(2, n, E));
    Var similar = op_scale(t, op_add(t, op_linear(t, image, text, NULL), attention_out), 0.5);
    return op_mul(t, similar, op_exp(t, tape_param(t, l->clip.logit_scale)));
}

Mat late_interaction_attention(SceneModel *l, Arena *arena, const Scene *scene, const char *text, double *score) {
    REQUIRE(l->logits == late_interaction_logits, "the reading is %s: no word looks anywhere", l->config.interaction);
    Tape tape = { .no_grad = true };
    int T = l->clip.config.tokens, *ids = arena_alloc(&tape.arena, (size_t)T, sizeof *ids);
    Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, SCENE_MODEL_SIDE, SCENE_MODEL_SIDE, 3));
    vocab_encode(&l->clip.vocab, &tape.arena, &text, 1, T, ids);
    scene_model_pixels(scene, pixels.v);
    Mat tokens = token_vectors(&tape, l, ids, 1).vector->val;
    Mat positions =
        position_vectors(&tape, l, image_scene_places(&tape, &l->clip.image, tape_data(&tape, pixels)))->val;
    Mat attention = mat_new(arena, tokens.shape[0], LATE_POSITIONS);
    for (int m = 0; m < tokens.shape[0]; m++) {
        num cosine[LATE_POSITIONS];
        for (int p = 0; p < LATE_POSITIONS; p++)
            cosine[p] = (num)vec_dot(&AT(tokens, m, 0), &AT(positions, p, 0), tokens.shape[1]);
        softmax_row(cosine, LATE_POSITIONS, INVERSE_TEMPERATURE, &AT(attention, m, 0));
        if (score) score[m] = vec_dot(cosine, &AT(attention, m, 0), LATE_POSITIONS);
    }
    tape_free(&tape);
    return attention;
}
