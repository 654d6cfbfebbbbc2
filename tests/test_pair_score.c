/* Are scores what Winoground means by them, ties worth what a lot gives, and what can be guessed from text alone found?
 */
#include "scenes/text_baseline.h"
#include "evaluate/metrics.h"
#include "core/arena.h"
#include "core/rng.h"
#include "scenes/pair_score.h"
#include "check.h"

#include <math.h>
#include <string.h>

static PairScore of(const double s[4]) {
    PairScore score = pair_score_new(2, 2);
    pair_score_add(&score, s);
    return score;
}

static void want(const double s[4], double choice, double text, double image, double group, int ties) {
    PairScore score = of(s);
    const double wanted[] = { choice, text, image, group };
    for (int i = 0; i < PAIR_METRICS; i++) CHECK_NEAR(score.sum[i], wanted[i], 1e-12);
    CHECK(score.ties == ties && score.comparisons == 4, "%d ties of %d", score.ties, score.comparisons);
}

/* The cases one can do in the head. */
TEST(minimal_pairs_by_hand) {
    want((double[]){ 4, 1, 2, 3 }, 1, 1, 1, 1, 0);
    want((double[]){ 1, 4, 3, 2 }, 0, 0, 0, 0, 0);
    want((double[]){ 9, 8, 1, 2 }, 1, 1, 0, 0, 0);      /* each picture its caption; caption 1 prefers picture 0 */
    want((double[]){ 9, 1, 8, 2 }, 0.5, 0, 1, 0, 0);    /* both pictures choose caption 0; each caption its picture */
    want((double[]){ 3, 1, 3, 1 }, 0.5, 0, 0.25, 0, 2); /* a text-only rule */
    want((double[]){ 3, 3, 1, 1 }, 0.5, 0.25, 0, 0, 2); /* a bag of words on a permutation */
    want((double[]){ 5, 5, 5, 5 }, 0.5, 0.25, 0.25, 1.0 / 6, 4);
    want((double[]){ 5, 1, 5, 5 }, 0.75, 0.5, 0.5, 1.0 / 3, 2); /* 0, 2 and 3 equal and 1 below */
}

/* Group by lot, done another way: of random numbers, and of whole ones with many ties, the mean over real lots. */
TEST(ties_against_real_lots) {
    Rng rng = rng_seed(3, 0);
    for (int trial = 0; trial < 40; trial++) {
        double s[4], sum[PAIR_METRICS] = { 0 };
        enum { THROWS = 6000 };
        for (int i = 0; i < 4; i++) s[i] = rng_below(&rng, 3);
        for (int l = 0; l < THROWS; l++) {
            double t[4];
            for (int i = 0; i < 4; i++) t[i] = s[i] + 0.5 * rng_uniform(&rng);
            bool text = t[0] > t[1] && t[3] > t[2], image = t[0] > t[2] && t[3] > t[1];
            sum[0] += ((t[0] > t[1]) + (t[3] > t[2])) / 2.0;
            sum[1] += text;
            sum[2] += image;
            sum[3] += text && image;
        }
        PairScore score = of(s);
        for (int i = 0; i < PAIR_METRICS; i++) CHECK_NEAR(score.sum[i], sum[i] / THROWS, 0.03);
    }
}

/* Guessing gets chance. */
TEST(chance_is_what_guessing_gets) {
    Rng rng = rng_seed(1, 0);
    PairScore pairs = pair_score_new(2, 2), five = pair_score_new(1, 5);
    for (int n = 0; n < 20000; n++) {
        double s[5];
        for (int i = 0; i < 5; i++) s[i] = rng_uniform(&rng);
        pair_score_add(&pairs, s);
        pair_score_add(&five, s);
    }
    for (PairMetric i = 0; i < PAIR_METRICS; i++) {
        PairScoreRate a = pair_score_rate(&pairs, i), b = pair_score_rate(&five, i);
        CHECK_NEAR(a.fraction, a.chance, 0.012);
        if (i != PAIR_METRIC_IMAGE) CHECK_NEAR(b.fraction, 0.2, 0.012);
        else CHECK(isnan(b.fraction) && b.low == 0 && b.high == 1, "one picture has no image score");
    }
    CHECK(pairs.ties == 0 && five.ties == 0, "no two of these are equal");
}

TEST(one_picture_many_captions) {
    PairScore score = pair_score_new(1, 4);
    pair_score_add(&score, (double[]){ 2, 1, 1, 1 });
    CHECK_NEAR(score.sum[PAIR_METRIC_TEXT], 1, 0);
    pair_score_add(&score, (double[]){ 2, 2, 1, 2 }); /* a third */
    pair_score_add(&score, (double[]){ 2, 2, 3, 1 }); /* nothing, though tied with one */
    CHECK_NEAR(score.sum[PAIR_METRIC_CHOICE], 1 + 1.0 / 3, 1e-12);
    CHECK(score.ties == 3 && score.comparisons == 9, "%d of %d", score.ties, score.comparisons);
}

TEST(intervals_are_wilsons) {
    PairScore score = pair_score_new(2, 2);
    for (int n = 0; n < 400; n++) pair_score_add(&score, n % 2 ? (double[]){ 4, 1, 2, 3 } : (double[]){ 1, 4, 3, 2 });
    PairScoreRate rate = pair_score_rate(&score, PAIR_METRIC_GROUP);
    Rate wilson = metrics_wilson(200, 400);
    CHECK_NEAR(rate.low, wilson.low, 1e-12);
    CHECK_NEAR(rate.high, wilson.high, 1e-12);
    CHECK_NEAR(rate.high - rate.fraction, 0.0487, 1e-4); /* "n = 400 at 50 %: +- 4.9" */
    PairScoreRate none = pair_score_rate(&(PairScore){ .pictures = 2, .captions = 2 }, PAIR_METRIC_TEXT);
    CHECK(isnan(none.fraction) && none.low == 0 && none.high == 1, "of nothing, nothing is known");
}

TEST(refusals) {
    CHECK_STOPS(pair_score_new(2, 3), EXIT_CONTRACT, "2 pictures and 3 captions");
    CHECK_STOPS(pair_score_new(1, 9), EXIT_CONTRACT, "want 2 and 2, or 1 and 2 to 8");
    CHECK_STOPS(of((double[]){ 1, NAN, 2, 3 }), EXIT_CONTRACT, "similarity 1 of item 0 is NaN");
}

/* ---- text-only baseline ------------------------------------------------------------------------------------------ */

static const char *const heard[] = { "a red circle", "a red square", "a blue circle and a red square" };

/* V: padding, unknown, a and blue circle red square = 8; 12 words read. */
TEST(text_baseline_by_hand) {
    Arena arena = { 0 };
    TextBaseline h = text_baseline_fit(&arena, heard, 3);
    CHECK(h.vocab.size == 8 && h.words == 13, "%d words known, %d read", h.vocab.size - 2, h.words);
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_LENGTH, "a red circle"), -3, 0);
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_LENGTH, "zebra!"), -1, 0);
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_FREQUENCY, "red blue"), (log(4.0 / 21) + log(2.0 / 21)) / 2,
               1e-12);
    /* begin->red: 0 of 3; red->circle: 1 of 3; circle->end: 1 of 2 */
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_BIGRAM, "red circle"),
               (log(1.0 / 11) + log(2.0 / 11) + log(2.0 / 10)) / 3, 1e-12);
    /* begin->a: 3 of 3; a->blue: 1 of 4; blue->end: 0 of 1 */
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_BIGRAM, "a blue"),
               (log(4.0 / 11) + log(2.0 / 12) + log(1.0 / 9)) / 3, 1e-12);
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_BIGRAM, "zebra"), 0, 0);
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_LABELS, "a red circle"), 0, 0);
    arena_free(&arena);
}

/* Told often enough that "no" is wrong, it says so; told the same string right and wrong equally often, nothing. */
TEST(text_baseline_learns_labels) {
    Arena arena = { 0 };
    TextBaseline h = text_baseline_fit(&arena, heard, 3);
    for (int i = 0; i < 5; i++) {
        text_baseline_add_label(&h, "a red circle", i % 2 == 0);
        text_baseline_add_label(&h, "a red circle", i % 2 == 1);
    }
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_LABELS, "a red circle"), 0, 0);
    for (int i = 0; i < 3; i++) text_baseline_add_label(&h, "red a circle", false);
    CHECK(text_baseline_score(&h, TEXT_BASELINE_LABELS, "red a blue circle") <
              text_baseline_score(&h, TEXT_BASELINE_LABELS, "a red blue circle"),
          "red a is known to be wrong");
    /* words a, red, circle: (5 + 1) / (8 + 1) each; pairs: "begin a", "a red" and "red circle" (5 + 1) / (5 + 1),
     * "circle end" 6 / 9 */
    CHECK_NEAR(text_baseline_score(&h, TEXT_BASELINE_LABELS, "a red circle"), 4 * log(6.0 / 9), 1e-12);
    arena_free(&arena);
}

TEST(names_of_scores) {
    static const char *const names[PAIR_METRICS] = { [PAIR_METRIC_CHOICE] = "choice",
                                                     [PAIR_METRIC_TEXT] = "text",
                                                     [PAIR_METRIC_IMAGE] = "image",
                                                     [PAIR_METRIC_GROUP] = "group" };
    for (int k = 0; k < PAIR_METRICS; k++)
        CHECK(!strcmp(pair_metric_name((PairMetric)k), names[k]), "%s", pair_metric_name((PairMetric)k));
}

TESTS(minimal_pairs_by_hand, ties_against_real_lots, chance_is_what_guessing_gets, one_picture_many_captions,
      intervals_are_wilsons, refusals, text_baseline_by_hand, text_baseline_learns_labels, names_of_scores)
