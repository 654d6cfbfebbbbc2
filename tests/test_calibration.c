/* calibration: by hand, by definition, and of answers whose true confidence is known. */
#include "15-robustness/calibration.h"
#include "core/arena.h"
#include "core/softmax.h"
#include "check.h"

#include <math.h>

static Arena arena;

/* Two classes, scores 0 and log(p/(1-p)): the confidence is p exactly. */
static Mat confident(int n, const double *p) {
    Mat scores = mat_zero(&arena, n, 2);
    for (int i = 0; i < n; i++) AT(scores, i, 1) = (num)log(p[i] / (1 - p[i]));
    return scores;
}

TEST(four_answers_by_hand) {
    const double p[] = { 0.9, 0.9, 0.6, 0.6 };
    const int truth[] = { 1, 0, 1, 1 };
    Calibration k = calibration_measure(confident(4, p), truth, 1);
    /* 0.9 lies in bin 14 of 15 (13/15 to 14/15). 0.6 is the upper end of bin 9 (8/15 to 9/15), up to rounding. */
    CHECK(k.n == 4 && k.bin[13].count == 2, "%d", k.bin[13].count);
    CHECK_NEAR(k.bin[13].confidence, 0.9, 1e-6);
    CHECK_NEAR(k.bin[13].right, 0.5, 1e-12);
    CHECK_NEAR(k.confidence, 0.75, 1e-6);
    CHECK_NEAR(k.right, 0.75, 1e-12);
    CHECK_NEAR(k.ece, (2 * 0.4 + 2 * 0.4) / 4, 1e-6);
    CHECK_NEAR(k.loss, -(log(0.9) + log(0.1) + 2 * log(0.6)) / 4, 1e-6);
}

/* Everything sure and right costs nothing; all scores equal are answered with 1/C. */
TEST(the_two_ends) {
    Mat sure = mat_from(&arena, 2, 3, (double[]){ 9, 0, 0, 0, 0, 9 }), equal = mat_zero(&arena, 6, 3);
    Calibration k = calibration_measure(sure, (int[]){ 0, 2 }, 100);
    CHECK(k.ece == 0 && k.loss == 0 && k.bin[14].count == 2, "%g %g", k.ece, k.loss);
    k = calibration_measure(equal, (int[]){ 0, 0, 1, 1, 2, 2 }, 7);
    CHECK_NEAR(k.confidence, 1 / 3.0, 1e-12);
    CHECK_NEAR(k.ece, 0, 1e-12);
    CHECK_NEAR(k.loss, log(3), 1e-12);
}

/* Each of twenty equal classes has 1/20, in the first bin (up to 1/15). One in four is right: 1/4 - 1/20 off. */
TEST(the_least_confidence_has_a_bin) {
    Calibration k = calibration_measure(mat_zero(&arena, 4, 20), (int[]){ 0, 3, 7, 19 }, 1);
    CHECK(k.bin[0].count == 4 && k.bin[1].count == 0, "%d and %d", k.bin[0].count, k.bin[1].count);
    CHECK_NEAR(k.bin[0].confidence, 0.05, 1e-12);
    CHECK_NEAR(k.bin[0].right, 0.25, 1e-12);
    CHECK_NEAR(k.confidence, 0.05, 1e-12);
    CHECK_NEAR(k.right, 0.25, 1e-12);
    CHECK_NEAR(k.ece, 0.2, 1e-12);
}

/* Labels drawn from softmax(3 x): the fitted scale is 3 for scores x and 1 for scores 3 x; the error is small then. */
TEST(the_true_scale_is_found) {
    enum { N = 20000, C = 4 };
    Rng rng = rng_seed(3, 0);
    Mat scores = mat_normal(&arena, N, C, &rng, 1), thrice = mat_new(&arena, N, C);
    int *truth = arena_alloc(&arena, N, sizeof *truth);
    for (int i = 0; i < N; i++) {
        num p[C];
        double u = rng_uniform(&rng);
        softmax_row(&AT(scores, i, 0), C, 3, p);
        for (truth[i] = 0; truth[i] < C - 1 && u >= (double)p[truth[i]]; truth[i]++) u -= (double)p[truth[i]];
        for (int c = 0; c < C; c++) AT(thrice, i, c) = 3 * AT(scores, i, c);
    }
    double scale = calibration_scale(scores, truth);
    CHECK_NEAR(scale, 3, 0.03);
    CHECK_NEAR(calibration_scale(thrice, truth), scale / 3, 1e-4);
    double here = calibration_measure(scores, truth, scale).loss;
    CHECK(calibration_measure(scores, truth, scale * 1.1).loss > here &&
              calibration_measure(scores, truth, scale / 1.1).loss > here,
          "%g", here);
    CHECK(calibration_measure(scores, truth, 3).ece < 0.015, "%g", calibration_measure(scores, truth, 3).ece);
    CHECK(calibration_measure(scores, truth, 30).ece > 0.1, "%g", calibration_measure(scores, truth, 30).ece);
}

TEST(no_scale_is_best_at_the_ends) {
    Mat scores = mat_from(&arena, 1, 2, (double[]){ 0, 1 });
    CHECK_NEAR(calibration_scale(scores, (int[]){ 1 }), 10000, 1e-6);
    CHECK_NEAR(calibration_scale(scores, (int[]){ 0 }), 0.01, 1e-6);
}

TEST(contracts) {
    Mat scores = mat_zero(&arena, 1, 2);
    CHECK_STOPS(calibration_measure(scores, (int[]){ 2 }, 1), EXIT_CONTRACT, "example 0 is of class 2 of 2");
    CHECK_STOPS(calibration_measure(scores, (int[]){ 0 }, 0), EXIT_CONTRACT, "scale is 0");
    CHECK_STOPS(calibration_scale(mat_new(&arena, 0, 2), (int[]){ 0 }), EXIT_CONTRACT, "[0,2]");
}

TESTS(four_answers_by_hand, the_two_ends, the_least_confidence_has_a_bin, the_true_scale_is_found,
      no_scale_is_best_at_the_ends, contracts)
