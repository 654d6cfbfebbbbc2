/* Tests of softmax: probabilities and cross-entropies, for scores of any size. */
#include "core/softmax.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>
#include <string.h>

#define DIGITS (sizeof(num) == sizeof(double) ? 1e-12 : 1e-7) /* precision of a result rounded to num */

/* The definition, not shifted, in long double (which may be double): |z| < 700. */
static long double slow_sum(const num *x, int n, double scale) {
    long double sum = 0;
    for (int i = 0; i < n; i++) sum += expl((long double)scale * (long double)x[i]);
    return sum;
}

TEST(softmax_by_hand) {
    num x[] = { (num)log(1.0), (num)log(2.0), (num)log(5.0) }, p[3];
    softmax_row(x, 3, 1, p);
    double want[] = { 0.125, 0.25, 0.625 };
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(p[i], want[i], 2 * DIGITS);
        CHECK_NEAR(cross_entropy_row(x, 3, 1, i), -log(want[i]), 2 * DIGITS);
    }
    CHECK_NEAR(log_sum_exp(x, 3, 1), log(8), 2 * DIGITS);
    CHECK_NEAR(log_sum_exp(x, 3, 2), log(30), 2 * DIGITS); /* 1 + 4 + 25 */
}

TEST(softmax_of_the_lesson_example) {
    /* Similarities 0.8 0.6 0.5 0.3 0.1 at tau = 0.07. */
    num x[] = { (num)0.8, (num)0.6, (num)0.5, (num)0.3, (num)0.1 }, p[5];
    double want[] = { 0.932808, 0.053574, 0.012839, 0.000737, 0.000042 };
    softmax_row(x, 5, 1 / 0.07, p);
    for (int i = 0; i < 5; i++) CHECK_NEAR(p[i], want[i], 1.5e-6);
    CHECK_NEAR(entropy_row(p, 5), 0.283338, 2e-6);
    num y[] = { (num)0.993035, (num)-0.409885, (num)-0.328737, (num)-0.992957 };
    CHECK_NEAR(cross_entropy_row(y, 4, 1, 0), 0.500645, 1e-6);
}

TEST(softmax_against_the_definition) {
    Rng rng = rng_seed(5, 0);
    for (int round = 0; round < 300; round++) {
        int n = 1 + (int)rng_below(&rng, 9);
        double spread = pow(10, 2 * rng_uniform(&rng)), scale = 0.1 + rng_uniform(&rng);
        num x[9], p[9];
        for (int i = 0; i < n; i++) x[i] = (num)(spread * rng_normal(&rng));
        softmax_row(x, n, scale, p);
        long double sum = slow_sum(x, n, scale);
        CHECK_NEAR(log_sum_exp(x, n, scale), (double)logl(sum), 1e-13);
        for (int i = 0; i < n; i++) {
            long double z = (long double)scale * (long double)x[i];
            CHECK_NEAR(p[i], (double)(expl(z) / sum), DIGITS);
            CHECK(fabs(cross_entropy_row(x, n, scale, i) - (double)(logl(sum) - z)) <= 1e-12 * (1 + spread),
                  "round %d, row of %d, target %d", round, n, i);
        }
    }
}

TEST(softmax_of_extreme_scores) {
    num x[] = { (num)1e4, (num)-1e4, 0, (num)1e4 }, p[4];
    softmax_row(x, 4, 1, p);
    CHECK(p[0] == (num)0.5 && p[1] == 0 && p[2] == 0 && p[3] == (num)0.5, "%g %g %g %g", p[0], p[1], p[2], p[3]);
    CHECK_NEAR(cross_entropy_row(x, 4, 1, 1), 20000 + log(2), 1e-15);
    CHECK_NEAR(cross_entropy_row(x, 4, 100, 1), 2e6 + log(2), 1e-15);
    CHECK_NEAR(log_sum_exp(x, 4, -1), 1e4, 1e-15); /* a negative scale reverses the order */
    num masked[] = { (num)-INFINITY, 1, 1 };
    softmax_row(masked, 3, 1, p);
    CHECK(p[0] == 0 && p[1] == (num)0.5, "%g %g", p[0], p[1]);
}

TEST(cross_entropy_of_the_nearly_certain) {
    /* -log p = log1p(e^-40) is not 0, although 1 + e^-40 is 1 in double. */
    num x[] = { 40, 0 };
    double loss = cross_entropy_row(x, 2, 1, 0);
    CHECK(fabs(loss / exp(-40) - 1) < 1e-12, "%g, want %g", loss, exp(-40));
}

TEST(softmax_is_shift_invariant) {
    num x[] = { 1, -2, 3, 0 }, shifted[] = { 4097, 4094, 4099, 4096 }, p[4], q[4];
    softmax_row(x, 4, 0.5, p);
    softmax_row(shifted, 4, 0.5, q);
    CHECK(!memcmp(p, q, sizeof p), "%g and %g", p[0], q[0]);
    CHECK_NEAR(cross_entropy_row(x, 4, 0.5, 1), cross_entropy_row(shifted, 4, 0.5, 1), 1e-12);
    softmax_row(x, 4, 0.5, x); /* in place */
    CHECK(!memcmp(p, x, sizeof p), "%g and %g", p[0], x[0]);
}

TEST(limits_of_cross_entropy_and_entropy) {
    num same[] = { 7, 7, 7, 7 }, sure[] = { 0, 1, 0 }, even[] = { (num)0.25, (num)0.25, (num)0.25, (num)0.25 };
    CHECK_NEAR(cross_entropy_row(same, 4, 3, 2), log(4), 1e-15);
    CHECK(cross_entropy_row(same, 1, 3, 0) == 0, "%s", "one choice: cross-entropy 0");
    CHECK(entropy_row(sure, 3) == 0, "%g", entropy_row(sure, 3));
    CHECK_NEAR(entropy_row(even, 4), log(4), 1e-15);
    num broken[] = { 1, (num)NAN, 2 }, p[3];
    softmax_row(broken, 3, 1, p);
    CHECK(isnan(p[0]) && isnan(entropy_row(p, 3)) && isnan(cross_entropy_row(broken, 3, 1, 0)), "NaN in, %g out", p[0]);
}

TEST(cross_entropy_of_the_diagonal) {
    /* Three pairs at tau = 0.07, captions not of unit length: natural logarithms, rows and columns. */
    Arena arena = { 0 };
    Mat s = mat_from(&arena, 3, 3, (double[]){ 0.9, 0.1, 0, 0.1, 0.8, 0.3, 0, 0.1, 0.7 });
    Mat transposed = mat_new(&arena, 3, 3);
    mat_transpose(s, transposed);
    double rows = cross_entropy_diagonal(s, 1 / 0.07), columns = cross_entropy_diagonal(transposed, 1 / 0.07);
    CHECK(fabs(rows - 0.00036128) < 6e-9, "%g", rows);
    CHECK(fabs(columns - 0.00114754) < 6e-9, "%g", columns);
    CHECK_STOPS(cross_entropy_diagonal(mat_new(&arena, 2, 3), 1), EXIT_CONTRACT, "s is [2,3], want a square matrix");
    arena_free(&arena);
}

TEST(broken_contracts_stop) {
    num x[] = { 1, 2 };
    CHECK_STOPS(softmax_row(x, 0, 1, x), EXIT_CONTRACT, "a row of 0 scores, want 1 or more");
    CHECK_STOPS(cross_entropy_row(x, 2, 1, 2), EXIT_CONTRACT, "target is 2 in a row of 2 scores");
    CHECK_STOPS(cross_entropy_row(x, 2, 1, -1), EXIT_CONTRACT, "target is -1 in a row of 2 scores");
}

TESTS(softmax_by_hand, softmax_of_the_lesson_example, softmax_against_the_definition, softmax_of_extreme_scores,
      cross_entropy_of_the_nearly_certain, softmax_is_shift_invariant, limits_of_cross_entropy_and_entropy,
      cross_entropy_of_the_diagonal, broken_contracts_stop)
