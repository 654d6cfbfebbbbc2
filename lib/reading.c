#include "reading.h"

#include "softmax.h"

static const double SHARPNESS = 10;

void reading_places_add(Learner *l, Rng *rng) {
    Params *params = &l->clip.params;
    int E = l->clip.config.image.embed, C = l->clip.config.image.widths[2];
    linear_add(params, "reading.place", C, E, rng);
    init_normal(params_add(params, mat_shape(2, READING_PLACES, E), "reading.position"), 0.1, rng);
}

/* Unit vectors of all places, [B*16,E]. */
static Var place_vectors(Tape *t, Learner *l, Mat pixels) {
    const Params *params = &l->clip.params;
    Linear place = { params_find(params, "reading.place.weight"), params_find(params, "reading.place.bias") };
    Param *position = params_find(params, "reading.position");
    Var seen = linear(t, &place, image_scene_places(t, &l->clip.image, tape_data(t, pixels))); /* [B,4,4,E] */
    int B = seen->val.shape[0], E = seen->val.shape[3];
    Var both = op_add(t, op_reshape(t, seen, mat_shape(3, B, READING_PLACES, E)), tape_param(t, position));
    return op_l2norm(t, op_reshape(t, both, mat_shape(2, B * READING_PLACES, E)));
}

/* Unit vectors of the words and ends of n captions, [M,E]; caption[m] says whose. */
static Var word_vectors(Tape *t, Learner *l, const int *ids, int n, int **caption) {
    int T = l->clip.config.tokens, room = n * (T + 2), M = 0;
    const int *rows = text_tower_rows(&t->arena, l->clip.text.size, ids, n, T);
    int *which = arena_alloc(&t->arena, (size_t)room, sizeof *which);
    *caption = arena_alloc(&t->arena, (size_t)room, sizeof **caption);
    for (int i = 0; i < room; i++)
        if (i % (T + 2) > 0 && rows[i] != l->clip.text.size.padding) (*caption)[M] = i / (T + 2), which[M++] = i;
    Var all = text_tower_tokens(t, &l->clip.text, ids, n, T);
    int E = all->val.shape[2];
    Var some = op_embedding(t, op_reshape(t, all, mat_shape(2, room, E)), which, 1, M);
    return op_l2norm(t, op_reshape(t, some, mat_shape(2, M, E)));
}

Var reading_similar(Tape *t, Var words, Var places, int each, const int *caption, int N) {
    int M = words->val.shape[0];
    Mat share = mat_zero(&t->arena, N, M);
    int *length = arena_zero(&t->arena, (size_t)N, sizeof *length);
    for (int m = 0; m < M; m++) {
        REQUIRE(0 <= caption[m] && caption[m] < N, "word %d is of caption %d, want 0 to %d", m, caption[m], N - 1);
        length[caption[m]]++;
    }
    for (int m = 0; m < M; m++) AT(share, caption[m], m) = (num)1 / (num)length[caption[m]];
    Var found = op_soft_maximum(t, op_linear(t, words, places, NULL), each, SHARPNESS); /* [M,B*P] -> [M,B] */
    return op_transpose(t, op_matmul(t, tape_data(t, share), found));
}

Var reading_places_logits(Tape *t, Learner *l, Mat pixels, const int *ids, int n) {
    int *caption;
    Var words = word_vectors(t, l, ids, n, &caption), places = place_vectors(t, l, pixels);
    Var similar = reading_similar(t, words, places, READING_PLACES, caption, n);
    return op_mul(t, similar, op_exp(t, tape_param(t, l->clip.logit_scale)));
}

Mat reading_look(Learner *l, Arena *arena, const Scene *scene, const char *text, double *found) {
    REQUIRE(l->logits == reading_places_logits, "the reading is %s: no word looks anywhere", l->settings.reading);
    Tape tape = { .no_grad = true };
    int T = l->clip.config.tokens, *ids = arena_alloc(&tape.arena, (size_t)T, sizeof *ids), *caption;
    Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, LEARNER_SIDE, LEARNER_SIDE, 3));
    vocab_encode(&l->clip.vocab, &tape.arena, &text, 1, T, ids);
    learner_pixels(scene, pixels.v);
    Mat words = word_vectors(&tape, l, ids, 1, &caption)->val, places = place_vectors(&tape, l, pixels)->val;
    Mat look = mat_new(arena, words.shape[0], READING_PLACES);
    for (int m = 0; m < words.shape[0]; m++) {
        num cosine[READING_PLACES];
        for (int p = 0; p < READING_PLACES; p++) cosine[p] = (num)vec_dot(&AT(words, m, 0), &AT(places, p, 0), words.shape[1]);
        softmax_row(cosine, READING_PLACES, SHARPNESS, &AT(look, m, 0));
        if (found) found[m] = vec_dot(cosine, &AT(look, m, 0), READING_PLACES);
    }
    tape_free(&tape);
    return look;
}
