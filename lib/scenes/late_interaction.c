#include "scenes/late_interaction.h"

#include "core/softmax.h"

static const double SHARPNESS = 10;

void late_interaction_add(SceneModel *l, Rng *rng) {
    Params *params = &l->clip.params;
    int E = l->clip.config.image.embed, C = l->clip.config.image.widths[2];
    linear_add(params, "late.projection", C, E, rng);
    init_normal(params_add(params, mat_shape(2, LATE_POSITIONS, E), "late.position"), 0.1, rng);
}

/* What is seen, [B,4,4,C], as unit vectors of all places, [B*16,E]. */
static Var place_vectors(Tape *t, SceneModel *l, Var seen) {
    const Params *params = &l->clip.params;
    Linear place = { params_find(params, "late.projection.weight"), params_find(params, "late.projection.bias") };
    Param *position = params_find(params, "late.position");
    Var x = linear(t, &place, seen);
    int B = x->val.shape[0], E = x->val.shape[3];
    Var both = op_add(t, op_reshape(t, x, mat_shape(3, B, LATE_POSITIONS, E)), tape_param(t, position));
    return op_l2norm(t, op_reshape(t, both, mat_shape(2, B * LATE_POSITIONS, E)));
}

/* The words of n captions: unit vectors of them and of the ends, [M,E]; whose each is; and which of them are ends. */
typedef struct {
    Var vector;
    int *caption, *end;
} Words;

static Words word_vectors(Tape *t, SceneModel *l, const int *ids, int n) {
    int T = l->clip.config.tokens, room = n * (T + 2), M = 0;
    const int *rows = text_tower_rows(&t->arena, l->clip.text.size, ids, n, T);
    int *which = arena_alloc(&t->arena, (size_t)room, sizeof *which);
    Words w = { .caption = arena_alloc(&t->arena, (size_t)room, sizeof(int)),
                .end = arena_alloc(&t->arena, (size_t)n, sizeof(int)) };
    for (int i = 0; i < room; i++)
        if (i % (T + 2) > 0 && rows[i] != l->clip.text.size.padding) {
            w.end[i / (T + 2)] = M;
            w.caption[M] = i / (T + 2);
            which[M++] = i;
        }
    Var all = text_tower_tokens(t, &l->clip.text, ids, n, T);
    int E = all->val.shape[2];
    Var some = op_embedding(t, op_reshape(t, all, mat_shape(2, room, E)), which, 1, M);
    w.vector = op_l2norm(t, op_reshape(t, some, mat_shape(2, M, E)));
    return w;
}

Var late_interaction_similarities(Tape *t, Var words, Var places, int each, const int *caption, int N) {
    int M = words->val.shape[0];
    Mat share = mat_zero(&t->arena, N, M);
    int *length = arena_zero(&t->arena, (size_t)N, sizeof *length);
    for (int m = 0; m < M; m++) {
        REQUIRE(0 <= caption[m] && caption[m] < N, "word %d is of caption %d, want 0 to %d", m, caption[m], N - 1);
        length[caption[m]]++;
    }
    for (int m = 0; m < M; m++) AT(share, caption[m], m) = (num)1 / (num)length[caption[m]];
    Var found = op_softmax_pool(t, op_linear(t, words, places, NULL), each, SHARPNESS); /* [M,B*P] -> [M,B] */
    return op_transpose(t, op_matmul(t, tape_data(t, share), found));
}

Var late_interaction_logits(Tape *t, SceneModel *l, Mat pixels, const int *ids, int n) {
    Words words = word_vectors(t, l, ids, n);
    int E = words.vector->val.shape[1];
    Var seen = scene_cnn_features(t, &l->clip.image, tape_data(t, pixels));
    Var attention_out =
        late_interaction_similarities(t, words.vector, place_vectors(t, l, seen), LATE_POSITIONS, words.caption, n);
    Var image = op_l2norm(t, linear(t, &l->clip.image.fc, op_flatten(t, seen)));
    Var text = op_reshape(t, op_embedding(t, words.vector, words.end, 1, n), mat_shape(2, n, E));
    Var similar = op_scale(t, op_add(t, op_linear(t, image, text, NULL), attention_out), 0.5);
    return op_mul(t, similar, op_exp(t, tape_param(t, l->clip.logit_scale)));
}

Mat late_interaction_attention(SceneModel *l, Arena *arena, const Scene *scene, const char *text, double *found) {
    REQUIRE(l->logits == late_interaction_logits, "the reading is %s: no word looks anywhere", l->settings.interaction);
    Tape tape = { .no_grad = true };
    int T = l->clip.config.tokens, *ids = arena_alloc(&tape.arena, (size_t)T, sizeof *ids);
    Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, SCENE_MODEL_SIDE, SCENE_MODEL_SIDE, 3));
    vocab_encode(&l->clip.vocab, &tape.arena, &text, 1, T, ids);
    scene_model_pixels(scene, pixels.v);
    Mat words = word_vectors(&tape, l, ids, 1).vector->val;
    Mat places = place_vectors(&tape, l, scene_cnn_features(&tape, &l->clip.image, tape_data(&tape, pixels)))->val;
    Mat look = mat_new(arena, words.shape[0], LATE_POSITIONS);
    for (int m = 0; m < words.shape[0]; m++) {
        num cosine[LATE_POSITIONS];
        for (int p = 0; p < LATE_POSITIONS; p++)
            cosine[p] = (num)vec_dot(&AT(words, m, 0), &AT(places, p, 0), words.shape[1]);
        softmax_row(cosine, LATE_POSITIONS, SHARPNESS, &AT(look, m, 0));
        if (found) found[m] = vec_dot(cosine, &AT(look, m, 0), LATE_POSITIONS);
    }
    tape_free(&tape);
    return look;
}
