/* Decoding: is greedy search the most likely word each time, does a wide beam find the best of all texts, is the result
 * the same without the cache? And BLEU by hand. */
#include "generation/bleu.h"
#include "generation/decode.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;

enum { WORDS = 4, LONGEST = 3, E = 5, W = 7, S = 4, PICTURES = 3 }; /* 3 words and the padding */

typedef struct {
    Params params;
    TextDecoder decoder;
    Mat vector, states;
} Model;

static Model *model(int kind, int words, int longest, uint64_t seed) {
    Model *m = arena_zero(&arena, 1, sizeof *m);
    Rng rng = rng_seed(seed, (uint64_t)kind);
    m->params.arena = &arena;
    TextDecoderSize size = { .vocabulary = words,
                             .tokens = longest,
                             .width = 12,
                             .heads = 3,
                             .prefix_tokens = 2,
                             .prefix = kind == 0 ? E : 0,
                             .states = kind == 1 ? W : 0 };
    CHECK(text_decoder_add(&m->decoder, &m->params, size, &rng), "kind %d", kind);
    for (int i = 0; i < m->params.count; i++)
        for (size_t k = 0; k < mat_count(m->params.list[i]->val); k++)
            m->params.list[i]->val.v[k] += (num)(0.5 * rng_normal(&rng));
    if (kind == 0) m->vector = mat_normal(&arena, PICTURES, E, &rng, 1);
    if (kind == 1) {
        Mat numbers = mat_normal(&arena, PICTURES * S, W, &rng, 1);
        m->states = (Mat){ .dims = 3, .shape = { PICTURES, S, W, 1 }, .v = numbers.v };
    }
    return m;
}

/* log p of texts after `given` words, by the network without a cache. */
static double log_p_of(const Model *m, int picture, const int *ids, int given) {
    Tape t = { .no_grad = true };
    Mat v = m->vector, s = m->states;
    v.shape[0] = s.shape[0] = 1;
    if (v.v) v.v += picture * E;
    if (s.v) s.v += picture * S * W;
    double log_p;
    text_decoder_log_likelihood_after(&t, &m->decoder,
                                      (DecoderInput){ v.v ? tape_data(&t, v) : NULL, s.v ? tape_data(&t, s) : NULL },
                                      ids, &given, 1, m->decoder.size.tokens, &log_p);
    tape_free(&t);
    return log_p;
}

/* All texts of up to LONGEST - 1 words, which end: the best log p. Those of LONGEST words are cut, without an end. */
TEST(a_wide_beam_finds_the_best_text) {
    for (int kind = 0; kind < 2; kind++) {
        Model *m = model(kind, WORDS, LONGEST, 9);
        int ids[PICTURES * LONGEST];
        double log_p[PICTURES];
        decode_texts(&m->decoder, m->vector, m->states, PICTURES, (DecodeConfig){ .beams = 16 }, ids, log_p);
        for (int p = 0; p < PICTURES; p++) {
            double best = -INFINITY;
            for (int text = 0; text < WORDS * WORDS; text++) {
                int words[LONGEST] = { text / WORDS, text % WORDS, 0 };
                if (words[0] == 0 && words[1] != 0) continue; /* padding in the middle */
                best = fmax(best, log_p_of(m, p, words, 0));
            }
            bool ended = ids[p * LONGEST + LONGEST - 1] == 0;
            CHECK(ended ? fabs(log_p[p] - best) < 1e-4 : log_p[p] >= best - 1e-4, "picture %d: %g, best %g", p,
                  log_p[p], best);
            if (ended) CHECK_NEAR(log_p[p], log_p_of(m, p, ids + p * LONGEST, 0), 1e-4);
        }
    }
}

TEST(greedy_takes_the_most_likely_word) {
    Model *m = model(1, 9, 6, 9);
    int ids[PICTURES * 6];
    decode_texts(&m->decoder, m->vector, m->states, PICTURES, (DecodeConfig){ .beams = 1 }, ids, NULL);
    for (int p = 0; p < PICTURES; p++) {
        Tape t = { .no_grad = true };
        Mat s = m->states;
        int rows[6] = { 9 }, word = 0;
        s.shape[0] = 1;
        s.v += p * S * W;
        for (int i = 0; i < 6 && word != 10; i++) {
            Mat logits =
                text_decoder_logits(&t, &m->decoder, (DecoderInput){ NULL, tape_data(&t, s) }, rows, 1, i + 1)->val;
            const num *at = logits.v + i * 11;
            word = 1;
            for (int v = 2; v < 11; v++)
                if (v != 9 && at[v] > at[word]) word = v;
            CHECK(ids[p * 6 + i] == (word == 10 ? 0 : word), "picture %d, word %d: %d, want %d", p, i, ids[p * 6 + i],
                  word);
            if (i < 5) rows[i + 1] = word;
        }
        tape_free(&t);
    }
}

/* In some of these models the best text does not begin with the best words, so that beams change places. */
TEST(the_same_texts_without_the_cache) {
    for (int number = 0; number < 36; number++)
        for (int beams = 1; beams <= 5; beams += 2) {
            int kind = number % 3;
            Model *m = model(kind, 9, 6, 9 + (uint64_t)number / 3);
            const int prompt[] = { 3, 5 };
            int ids[2][PICTURES * 6];
            double log_p[2][PICTURES];
            for (int plain = 0; plain < 2; plain++)
                decode_texts(&m->decoder, m->vector, m->states, PICTURES,
                             (DecodeConfig){ beams, prompt, 2, 0, plain == 1 }, ids[plain], log_p[plain]);
            CHECK(!memcmp(ids[0], ids[1], sizeof ids[0]), "kind %d, %d beams: other texts", kind, beams);
            for (int p = 0; p < PICTURES; p++) {
                CHECK(ids[0][p * 6] == 3 && ids[0][p * 6 + 1] == 5, "picture %d: the prompt is gone", p);
                CHECK_NEAR(log_p[0][p], log_p[1][p], 1e-4);
                if (ids[0][p * 6 + 5] == 0) CHECK_NEAR(log_p[0][p], log_p_of(m, p, ids[0] + p * 6, 2), 1e-4);
            }
        }
}

TEST(texts_are_cut_and_settings_refused) {
    Model *m = model(0, 9, 6, 9);
    int ids[PICTURES * 6];
    decode_texts(&m->decoder, m->vector, m->states, PICTURES, (DecodeConfig){ .longest = 1 }, ids, NULL);
    for (int p = 0; p < PICTURES; p++) CHECK(ids[p * 6 + 1] == 0, "picture %d has two words", p);
    CHECK_STOPS(decode_texts(&m->decoder, m->vector, m->states, 3, (DecodeConfig){ .beams = 17 }, ids, NULL),
                EXIT_CONTRACT, "17 beams");
}

TEST(bleu_by_hand) {
    /* "1 2 3 4 5" against "1 2 3 4 6": 4/5, 3/4, 2/3, 1/2; equal lengths. */
    const int text[] = { 1, 2, 3, 4, 5 }, other[] = { 1, 2, 3, 4, 6 }, longer[] = { 1, 2, 3, 4, 5, 6, 7 };
    BleuText a = { text, 5 }, b = { other, 5 }, c = { longer, 7 };
    BleuCount sum = { .length = 0 };
    bleu_add(&sum, a, &b, 1);
    CHECK_NEAR(bleu_score(&sum), pow(4.0 / 5 * 3 / 4 * 2 / 3 / 2, 0.25), 1e-12);
    sum = (BleuCount){ .length = 0 };
    bleu_add(&sum, a, &a, 1);
    CHECK_NEAR(bleu_score(&sum), 1, 1e-12);
    sum = (BleuCount){ .length = 0 };
    bleu_add(&sum, a, &c, 1); /* all n-grams match, but the text is short: e^(1 - 7/5) */
    CHECK_NEAR(bleu_score(&sum), exp(1 - 7.0 / 5), 1e-12);
    sum = (BleuCount){ .length = 0 };
    const int same[] = { 1, 1, 1, 1 }, once[] = { 1, 2, 3, 1 };
    bleu_add(&sum, (BleuText){ same, 4 }, &(BleuText){ once, 4 }, 1); /* a 1 counts twice at most */
    CHECK(sum.matched[0] == 2 && sum.of[0] == 4 && sum.matched[1] == 0, "%lld of %lld", sum.matched[0], sum.of[0]);
    CHECK_NEAR(bleu_score(&sum), 0, 0);
    sum = (BleuCount){ .length = 0 };
    bleu_add(&sum, (BleuText){ text, 2 }, &(BleuText){ other, 2 }, 1); /* two words: no 3-grams */
    CHECK_NEAR(bleu_score(&sum), 1, 1e-12);
    sum = (BleuCount){ .length = 0 };
    CHECK_NEAR(bleu_score(&sum), 0, 0);
    const BleuText both[] = { c, b }; /* the nearest length; the best count of either */
    bleu_add(&sum, a, both, 2);
    CHECK(sum.reference == 5 && sum.matched[0] == 5, "reference %lld, %lld matched", sum.reference, sum.matched[0]);
}

TESTS(a_wide_beam_finds_the_best_text, greedy_takes_the_most_likely_word, the_same_texts_without_the_cache,
      texts_are_cut_and_settings_refused, bleu_by_hand)
