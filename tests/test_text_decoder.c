/* The text decoder: is the loss the one written by hand, is its whole gradient its derivative, does the cache give what
 * the network without one gives, does nothing but what it may see reach a token? */
#include "model/text_decoder.h"
#include "core/softmax.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static Arena arena;

enum {
    WORDS = 9,
    LONGEST = 6,
    E = 5,
    W = 7,
    S = 4
}; /* words; most of a text; numbers of a vector, of a state; states */

/* Prefix, states, both, neither; a head of its own in every second. */
enum { KINDS = 4 };
static TextDecoderSize size_of(int kind) {
    return (TextDecoderSize){ .vocabulary = WORDS,
                              .tokens = LONGEST,
                              .width = 12,
                              .heads = 3,
                              .untied = kind % 2,
                              .prefix = kind < 2 ? E : 0,
                              .prefix_tokens = 2,
                              .states = kind == 1 || kind == 2 ? W : 0 };
}

typedef struct {
    Params params;
    TextDecoder decoder;
    Mat vector, states; /* of three pictures; v NULL where it takes none */
} Model;

static Model *model(int kind) {
    Model *m = arena_zero(&arena, 1, sizeof *m);
    Rng rng = rng_seed(3, (uint64_t)kind);
    m->params.arena = &arena;
    CHECK(text_decoder_add(&m->decoder, &m->params, size_of(kind), &rng), "kind %d", kind);
    for (int i = 0; i < m->params.count; i++)
        for (size_t k = 0; k < mat_count(m->params.list[i]->val); k++)
            m->params.list[i]->val.v[k] += (num)(0.3 * rng_normal(&rng));
    TextDecoderSize s = m->decoder.size;
    if (s.prefix) m->vector = mat_normal(&arena, 3, E, &rng, 1);
    if (s.states) {
        m->states = mat_normal(&arena, 3 * S, W, &rng, 1);
        m->states = (Mat){ .dims = 3, .shape = { 3, S, W, 1 }, .v = m->states.v };
    }
    return m;
}
static DecoderInput input(Tape *t, const Model *m) {
    return (DecoderInput){ m->vector.v ? tape_data(t, m->vector) : NULL, m->states.v ? tape_data(t, m->states) : NULL };
}

/* Texts of three, one and six words; 0 is the padding, and a word of its own in the middle. */
static const int texts[] = { 3, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6 };

TEST(the_loss_is_the_mean_over_words_and_ends) {
    for (int kind = 0; kind < KINDS; kind++) {
        Model *m = model(kind);
        Tape t = { .no_grad = true };
        const int rows[] = { 9, 3, 0, 4, 0, 0, 0, 9, 8, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6 }; /* begin and the words */
        const int next[] = { 3, 0, 4, 10, -1, -1, -1, 8, 10, -1, -1, -1, -1, -1, 1, 2, 3, 4, 5, 6, 10 };
        Var logits = text_decoder_logits(&t, &m->decoder, input(&t, m), rows, 3, 7);
        double sum = 0, each[3] = { 0 }, log_p[3];
        for (int i = 0; i < 21; i++)
            if (next[i] >= 0) each[i / 7] += cross_entropy_row(logits->val.v + i * 11, 11, 1, next[i]);
        for (int b = 0; b < 3; b++) sum += each[b] / 13;
        CHECK_NEAR(text_decoder_loss(&t, &m->decoder, input(&t, m), texts, 3, 6)->val.v[0], sum, 1e-5);
        text_decoder_log_likelihood(&t, &m->decoder, input(&t, m), texts, 3, 6, log_p);
        for (int b = 0; b < 3; b++) CHECK_NEAR(log_p[b], -each[b], 1e-5);
        tape_free(&t);
    }
}

TEST(what_is_given_is_not_learnt_and_the_end_has_seen_everything) {
    for (int kind = 0; kind < KINDS; kind++) {
        Model *m = model(kind);
        Tape t = { .no_grad = true };
        const int first[] = { 2, 0, 5 };
        const int shorter[] = { 9, 3, 0, 4, 10, 0, 0, 9, 8, 10, 0, 0, 0, 0 };
        double whole[3], rest[3], sum = 0;
        text_decoder_log_likelihood(&t, &m->decoder, input(&t, m), texts, 3, 6, whole);
        text_decoder_log_likelihood_after(&t, &m->decoder, input(&t, m), texts, first, 3, 6, rest);
        Var logits =
            text_decoder_logits(&t, &m->decoder, input(&t, m),
                                (const int[]){ 9, 3, 0, 4, 0, 0, 0, 9, 8, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6 }, 3, 7);
        CHECK_NEAR(whole[0] - rest[0],
                   -cross_entropy_row(logits->val.v, 11, 1, 3) - cross_entropy_row(logits->val.v + 11, 11, 1, 0), 1e-5);
        CHECK_NEAR(whole[1], rest[1], 1e-6);
        for (int b = 0; b < 3; b++) sum -= rest[b] / (2 + 2 + 2);
        CHECK_NEAR(text_decoder_loss_after(&t, &m->decoder, input(&t, m), texts, first, 3, 6)->val.v[0], sum, 1e-5);
        /* The state of the end, seen through the head, are the logits after the end: rows of two texts, which are
         * short. */
        Mat vector = m->vector, states = m->states;
        vector.shape[0] = states.shape[0] = 2;
        DecoderInput two = { vector.v ? tape_data(&t, vector) : NULL, states.v ? tape_data(&t, states) : NULL };
        Var state = text_decoder_end_state(&t, &m->decoder, two, texts, 2, 6);
        Var seen = op_linear(&t, state, tape_param(&t, m->decoder.head), NULL);
        Var want = text_decoder_logits(&t, &m->decoder, two, shorter, 2, 7);
        for (int k = 0; k < 11; k++) {
            CHECK_NEAR(seen->val.v[k], want->val.v[4 * 11 + k], 1e-4);
            CHECK_NEAR(seen->val.v[11 + k], want->val.v[(7 + 2) * 11 + k], 1e-4);
        }
        tape_free(&t);
    }
}

TEST(a_token_sees_those_before_it_and_its_own_picture) {
    for (int kind = 0; kind < KINDS; kind++) {
        Model *m = model(kind);
        Tape t = { .no_grad = true };
        int rows[] = { 9, 1, 2, 3, 9, 1, 2, 3, 9, 1, 2, 3 };
        Mat a = text_decoder_logits(&t, &m->decoder, input(&t, m), rows, 3, 4)->val;
        rows[2] = 7;
        if (m->vector.v) m->vector.v[E] += 1; /* of picture 1 */
        if (m->states.v) m->states.v[S * W] += 1;
        Mat b = text_decoder_logits(&t, &m->decoder, input(&t, m), rows, 3, 4)->val;
        size_t token = 11 * sizeof(num);
        CHECK(!memcmp(a.v, b.v, 2 * token), "kind %d: a token hears what comes after it", kind);
        CHECK(memcmp(a.v + 22, b.v + 22, token) && memcmp(a.v + 33, b.v + 33, token), "kind %d: deaf to a word", kind);
        CHECK(!!memcmp(a.v + 44, b.v + 44, token) == (kind < 3), "kind %d: the picture of its own", kind);
        CHECK(!memcmp(a.v + 88, b.v + 88, 4 * token), "kind %d: hears another picture", kind);
        tape_free(&t);
    }
}

TEST(the_cache_gives_what_the_whole_network_gives) {
    for (int kind = 0; kind < KINDS; kind++) {
        Model *m = model(kind);
        Tape t = { .no_grad = true };
        const int rows[] = { 9, 3, 0, 4, 5, 6, 7, 9, 8, 1, 1, 2, 0, 0, 9, 1, 2, 3, 4, 5, 6 };
        Mat want = text_decoder_logits(&t, &m->decoder, input(&t, m), rows, 3, 7)->val;
        DecoderCache *c = decoder_cache_new(&m->decoder, &arena, m->vector, m->states, 3);
        num got[33];
        for (int i = 0; i < 7; i++) {
            decoder_cache_step(c, (const int[]){ rows[i], rows[7 + i], rows[14 + i] }, got);
            for (int k = 0; k < 33; k++) CHECK_NEAR(got[k], want.v[(k / 11 * 7 + i) * 11 + k % 11], 2e-5);
        }
        CHECK_STOPS(decoder_cache_step(c, (const int[]){ 1, 1, 1 }, got), EXIT_CONTRACT,
                    "8 tokens, this decoder takes 7");
        decoder_cache_free(c);
        tape_free(&t);
    }
}

TEST(texts_of_a_cache_change_places) {
    Model *m = model(0);
    num first[33], second[33];
    for (int k = 0; k < E; k++) m->vector.v[E + k] = m->vector.v[2 * E + k] = m->vector.v[k]; /* one picture */
    DecoderCache *c = decoder_cache_new(&m->decoder, &arena, m->vector, m->states, 3);
    decoder_cache_step(c, (const int[]){ 9, 9, 9 }, first);
    decoder_cache_step(c, (const int[]){ 1, 2, 3 }, first);
    decoder_cache_reorder(c, (const int[]){ 2, 2, 0 });
    decoder_cache_step(c, (const int[]){ 4, 4, 4 }, first);
    decoder_cache_free(c);
    c = decoder_cache_new(&m->decoder, &arena, m->vector, m->states, 3);
    decoder_cache_step(c, (const int[]){ 9, 9, 9 }, second);
    decoder_cache_step(c, (const int[]){ 3, 3, 1 }, second);
    decoder_cache_step(c, (const int[]){ 4, 4, 4 }, second);
    CHECK(!memcmp(first, second, sizeof first), "the texts were not copied");
    CHECK(memcmp(first, first + 22, 11 * sizeof(num)), "all texts are equal");
    decoder_cache_free(c);
}

TEST(the_same_bits_for_any_number_of_threads) {
    num loss[2], gradient[2];
    for (int i = 0; i < 2; i++) {
        thread_set_count(i ? 3 : 1);
        Model *m = model(1);
        Tape t = { .training = true };
        Var y = text_decoder_loss(&t, &m->decoder, input(&t, m), texts, 3, 6);
        tape_backward(&t, y);
        loss[i] = y->val.v[0];
        gradient[i] = m->decoder.cross[1].kv_proj.weight->grad[5];
        tape_free(&t);
    }
    CHECK(loss[0] == loss[1] && gradient[0] == gradient[1] && gradient[0] != 0, "%.9g %.9g", (double)loss[0],
          (double)loss[1]);
}

TEST(impossible_sizes) {
    Err err;
    TextDecoderSize bad[] = { size_of(0), size_of(0), size_of(0), size_of(0) };
    bad[0].heads = 5;
    bad[1].padding = WORDS;
    bad[2].tokens = 0;
    bad[3].prefix_tokens = 65;
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK(!text_decoder_check(bad[i], &err) && strstr(err.text, "invalid text decoder"), "size %zu", i);
        TextDecoder d;
        CHECK(!text_decoder_add(&d, NULL, bad[i], NULL), "size %zu was built", i);
    }
    Model *m = model(0);
    Tape t = { .no_grad = true };
    CHECK_STOPS(text_decoder_loss(&t, &m->decoder, (DecoderInput){ NULL, NULL }, texts, 3, 6), EXIT_CONTRACT,
                "the decoder wants a vector [3,5] of the pictures");
}

/* The lowest and the highest value of each size are good, and those beside them are not. */
TEST(each_size_has_its_limits) {
#define OF(field) #field, offsetof(TextDecoderSize, field)
    static const struct {
        const char *name;
        size_t at;
        int low, high; /* low 0: stands for what is usual, or for none */
    } limits[] = { { OF(width), 1, 4096 },  { OF(layers), 0, 64 },        { OF(heads), 0, 12 },
                   { OF(mlp), 0, 65536 },   { OF(vocabulary), 1, 65536 }, { OF(padding), 0, WORDS - 1 },
                   { OF(tokens), 1, 4096 }, { OF(prefix), 0, 65536 },     { OF(prefix_tokens), 0, 64 },
                   { OF(states), 0, 65536 } };
#undef OF
    for (size_t i = 0; i < COUNT(limits); i++) {
        const int values[] = { limits[i].low, limits[i].high, limits[i].low - 1, limits[i].high + 1 };
        for (int k = 0; k < 4; k++) {
            Err err = { "" };
            TextDecoderSize s = size_of(0);
            s.heads = 1;
            memcpy((char *)&s + limits[i].at, &values[k], sizeof values[k]);
            bool ok = text_decoder_check(s, &err);
            CHECK(ok == (k < 2), "%s = %d: %d %s", limits[i].name, values[k], ok, err.text);
            CHECK(ok || !strncmp(err.text, "invalid text decoder: ", 22), "%s", err.text);
        }
    }
}

TESTS(what_is_given_is_not_learnt_and_the_end_has_seen_everything, the_loss_is_the_mean_over_words_and_ends,
      a_token_sees_those_before_it_and_its_own_picture, the_cache_gives_what_the_whole_network_gives,
      texts_of_a_cache_change_places, the_same_bits_for_any_number_of_threads, impossible_sizes,
      each_size_has_its_limits)
