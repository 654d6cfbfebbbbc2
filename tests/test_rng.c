/* Tests of rng: rare cases. */
#include "core/rng.h"
#include "check.h"

#include <math.h>

TEST(rng_below_is_uniform_with_rejection) {
    /* n = 3 * 2^30 of 2^32: without rejection, one number in three would come twice as often as the others. */
    Rng rng = rng_seed(5, 0);
    int counts[3] = { 0 }, draws = 30000;
    for (int i = 0; i < draws; i++) counts[rng_below(&rng, 3u << 30) % 3]++;
    for (int k = 0; k < 3; k++) CHECK_NEAR(3.0 * counts[k] / draws, 1, 0.04);
}

TEST(rng_normal_never_takes_log_0) {
    Rng rng = { { 0, 1, 2, 0 } }; /* its first output is 0, and so is its first uniform number */
    Rng same = rng;
    CHECK(rng_uniform(&same) == 0, "%s", "the first output is not 0");
    CHECK(rng_normal(&rng) == 0, "%s", "sqrt(-2 log 1) is 0");
}

TEST(rng_uniform_covers_0_to_1) {
    Rng rng = rng_seed(6, 0);
    double low = 1, high = 0;
    for (int i = 0; i < 10000; i++) {
        double u = rng_uniform(&rng);
        low = fmin(low, u);
        high = fmax(high, u);
    }
    CHECK(0 <= low && low < 0.01 && 0.99 < high && high < 1, "%g to %g", low, high);
}

TEST(rng_choice_is_in_random_order) {
    Rng rng = rng_seed(7, 0);
    int descending = 0, all[4];
    for (int i = 0; i < 1000; i++) {
        int pick[2];
        rng_choice(&rng, 10, pick, 2);
        CHECK(0 <= pick[0] && pick[0] < 10 && 0 <= pick[1] && pick[1] < 10 && pick[0] != pick[1], "%d %d", pick[0],
              pick[1]);
        descending += pick[0] > pick[1];
    }
    CHECK(400 < descending && descending < 600, "%d of 1000 are descending", descending);
    rng_choice(&rng, 4, all, 4);
    CHECK((1 << all[0] | 1 << all[1] | 1 << all[2] | 1 << all[3]) == 15, "%d %d %d %d", all[0], all[1], all[2], all[3]);
    rng_choice(&rng, 4, all, 0);
}

TESTS(rng_below_is_uniform_with_rejection, rng_normal_never_takes_log_0, rng_uniform_covers_0_to_1,
      rng_choice_is_in_random_order)
