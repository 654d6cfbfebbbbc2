/* How unit vectors lie: measures by hand, and the area under the curve against counting all pairs. */
#include "evaluate/embedding_space.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>

static Arena arena;

static const double corners[] = { 1, 0, 0, 1, -1, 0, 0, -1 };

TEST(measures_by_hand) {
    Mat x = mat_from(&arena, 4, 2, corners), turned = mat_new(&arena, 4, 2);
    for (int i = 0; i < 4; i++) {
        AT(turned, i, 0) = AT(x, (i + 1) % 4, 0);
        AT(turned, i, 1) = AT(x, (i + 1) % 4, 1);
    }
    CHECK_NEAR(space_alignment(x, x), 0, 1e-12);
    CHECK_NEAR(space_alignment(x, turned), 2, 1e-6);
    /* Of the 12 distances 8 are sqrt 2 and 4 are 2. */
    CHECK_NEAR(space_uniformity(x), log((8 * exp(-4) + 4 * exp(-8)) / 12), 1e-6);
    CHECK_NEAR(space_gap(x, turned), 0, 1e-6);
    Mat first = mat_from(&arena, 1, 2, corners),
        two = mat_from(&arena, 2, 2, corners + 2); /* means (1,0), (-1/2,1/2) */
    CHECK_NEAR(space_gap(first, two), sqrt(1.5 * 1.5 + 0.25), 1e-6);
    const double same[] = { 0, 1, 0, 1 };
    CHECK_NEAR(space_uniformity(mat_from(&arena, 2, 2, same)), 0, 1e-12);
}

static double auc_by_pairs(const num *score, const bool *right, int n) {
    double won = 0, pairs = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            if (!right[i] || right[k]) continue;
            won += score[i] > score[k] ? 1 : score[i] == score[k] ? 0.5 : 0;
            pairs++;
        }
    return won / pairs;
}

TEST(area_counts_pairs) {
    enum { N = 60 };
    num score[N];
    bool right[N];
    Rng rng = rng_seed(1, 1);
    for (int trial = 0; trial < 50; trial++) {
        for (int i = 0; i < N; i++) {
            score[i] = (num)rng_below(&rng, 10); /* many are equal */
            right[i] = i == 0 || (i > 1 && rng_below(&rng, 3) == 0);
        }
        CHECK_NEAR(space_auc(score, right, N), auc_by_pairs(score, right, N), 1e-12);
    }
    const num order[] = { 1, 2, 3, 4 };
    const bool last[] = { 0, 0, 1, 1 }, first[] = { 1, 1, 0, 0 }, all[] = { 1, 1, 1, 1 };
    CHECK_NEAR(space_auc(order, last, 4), 1, 0);
    CHECK_NEAR(space_auc(order, first, 4), 0, 0);
    CHECK(isnan(space_auc(order, all, 4)) && isnan(space_auc(order, all, 0)), "%s", "one kind only");
}

TESTS(measures_by_hand, area_counts_pairs)
