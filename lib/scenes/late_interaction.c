#include "scenes/late_interaction.h"
#include "core/softmax.h"

static const double INVERSE_TEMPERATURE = 10;

void late_interaction_add(Clip *clip, Rng *rng) {
    int E = clip->config.image.embed, C = clip->config.image.widths[2];
    linear_add(&clip->params, "late.projection", C, E, rng);
    init_normal(params_add(&clip->params, mat_shape(2, LATE_POSITIONS, E), "late.position"), 0.1, rng);
}

/* v = normalise(x W + b + position): x [B,4,4,C], W [C,E], position [16,E] -> [B*16,E]. */
static Var position_vectors(Tape *t, Clip *clip, Var x) {
    const Params *params = &clip->params;
    Linear projection = { params_find(params, "late.projection.weight"), params_find(params, "late.projection.bias") };
    Var projected = linear(t, &projection, x);
    int B = projected->val.shape[0], E = projected->val.shape[3];
    Var rows = op_reshape(t, projected, mat_shape(3, B, LATE_POSITIONS, E));
    Var sum = op_add(t, rows, tape_param(t, params_find(params, "late.position")));
    return op_l2norm(t, op_reshape(t, sum, mat_shape(2, B * LATE_POSITIONS, E)));
}

/* The tokens of n captions, words and ends: unit vectors [M,E]; the caption of each; which are the ends, [n]. */
typedef struct {
    Var vector;
    int *caption, *end;
} Tokens;

/* w = normalise(text tower's rows), of the rows that are neither begin nor padding. */
static Tokens token_vectors(Tape *t, Clip *clip, const int *ids, int n) {
    int T = clip->config.tokens, room = n * (T + 2), M = 0;
    const int *rows = text_tower_rows(&t->arena, clip->text.size, ids, n, T);
    int *which = arena_alloc(&t->arena, (size_t)room, sizeof *which);
    Tokens tokens = { .caption = arena_alloc(&t->arena, (size_t)room, sizeof(int)),
                      .end = arena_alloc(&t->arena, (size_t)n, sizeof(int)) };
    for (int i = 0; i < room; i++)
        if (i % (T + 2) > 0 && rows[i] != clip->text.size.padding) {
            tokens.end[i / (T + 2)] = M;
            tokens.caption[M] = i / (T + 2);
            which[M++] = i;
        }
    Var all = text_tower_tokens(t, &clip->text, ids, n, T);
    int E = all->val.shape[2];
    Var some = op_embedding(t, op_reshape(t, all, mat_shape(2, room, E)), which, 1, M);
    tokens.vector = op_l2norm(t, op_reshape(t, some, mat_shape(2, M, E)));
    return tokens;
}

/* With S = words positions^T [M,B*P]: pooled[m,b] = sum_p softmax_p(10 S[m,bP+p]) S[m,bP+p], averaged over the tokens
 * of each caption by weights [N,M], and transposed. */
Var late_interaction_similarities(Tape *t, Var tokens, Var positions, int each, const int *caption, int N) {
    int M = tokens->val.shape[0];
    Mat weights = mat_zero(&t->arena, N, M);
    int *length = arena_zero(&t->arena, (size_t)N, sizeof *length);
    for (int m = 0; m < M; m++) {
        REQUIRE(0 <= caption[m] && caption[m] < N, "token %d is of caption %d, want 0 to %d", m, caption[m], N - 1);
        length[caption[m]]++;
    }
    for (int m = 0; m < M; m++) AT(weights, caption[m], m) = (num)1 / (num)length[caption[m]];
    Var pooled = op_softmax_pool(t, op_linear(t, tokens, positions, NULL), each, INVERSE_TEMPERATURE);
    return op_transpose(t, op_matmul(t, tape_data(t, weights), pooled));
}

Var late_interaction_logits(Tape *t, Clip *clip, Mat pixels, const int *ids, int n) {
    Tokens tokens = token_vectors(t, clip, ids, n);
    int E = tokens.vector->val.shape[1];
    Var features = scene_cnn_features(t, &clip->image, tape_data(t, pixels)); /* [B,4,4,C] */
    Var late = late_interaction_similarities(t, tokens.vector, position_vectors(t, clip, features), LATE_POSITIONS,
                                             tokens.caption, n);
    Var image = op_l2norm(t, linear(t, &clip->image.fc, op_flatten(t, features)));
    Var text = op_reshape(t, op_embedding(t, tokens.vector, tokens.end, 1, n), mat_shape(2, n, E));
    Var similarity = op_scale(t, op_add(t, op_linear(t, image, text, NULL), late), 0.5);
    return op_mul(t, similarity, op_exp(t, tape_param(t, clip->logit_scale)));
}

Mat late_interaction_attention(Clip *clip, Arena *arena, const Scene *scene, const char *text, double *score) {
    REQUIRE(params_find(&clip->params, "late.position"), "%s", "this model has no late interaction");
    Tape tape = { .no_grad = true };
    int T = clip->config.tokens, *ids = arena_alloc(&tape.arena, (size_t)T, sizeof *ids);
    Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, SCENE_SIDE, SCENE_SIDE, 3));
    vocab_encode(&clip->vocab, &tape.arena, &text, 1, T, ids);
    scene_pixels(scene, pixels.v);
    Mat tokens = token_vectors(&tape, clip, ids, 1).vector->val;
    Var features = scene_cnn_features(&tape, &clip->image, tape_data(&tape, pixels));
    Mat positions = position_vectors(&tape, clip, features)->val;
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
