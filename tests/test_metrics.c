/* metrics: are counts counted, and intervals those of the literature? */
#include "evaluate/metrics.h"
#include "core/arena.h"
#include "12-prompts/mcnemar.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Arena arena;

TEST(wilson_by_hand) {
    /* k of n, low, high. With k = 0 the formula gives z^2 / (n + z^2), with k = n its mirror image; k = 5, n = 10 is
     * 0.5 +- 1.959964 sqrt(0.025 + 0.0096036) / 1.3841459. The last four: R. G. Newcombe, "Two-sided confidence
     * intervals for the single proportion", Statistics in Medicine 17, 1998, table I, method 3. */
    const struct {
        int k, n;
        double low, high, tolerance;
    } cases[] = {
        { 0, 1, 0, 0.793451, 1e-6 },       { 1, 1, 0.206549, 1, 1e-6 },         { 0, 10, 0, 0.277533, 1e-6 },
        { 10, 10, 0.722467, 1, 1e-6 },     { 5, 10, 0.236593, 0.763407, 1e-6 }, { 81, 263, 0.2553, 0.3662, 6e-5 },
        { 15, 148, 0.0624, 0.1605, 6e-5 }, { 0, 20, 0, 0.1611, 6e-5 },          { 1, 29, 0.0061, 0.1718, 6e-5 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Rate rate = metrics_wilson(cases[i].k, cases[i].n);
        CHECK(rate.right == cases[i].k && rate.of == cases[i].n, "%d of %d", rate.right, rate.of);
        CHECK_NEAR(rate.proportion, (double)cases[i].k / cases[i].n, 1e-15);
        CHECK_NEAR(rate.low, cases[i].low, cases[i].tolerance);
        CHECK_NEAR(rate.high, cases[i].high, cases[i].tolerance);
    }
}

/* What Wilson's interval is: each end p is as far from k/n as z standard deviations of p itself. */
TEST(wilson_solves_its_equation) {
    for (int n = 1; n <= 200; n++)
        for (int k = 0; k <= n; k++) {
            Rate rate = metrics_wilson(k, n), mirror = metrics_wilson(n - k, n);
            const double ends[] = { rate.low, rate.high };
            for (int e = 0; e < 2; e++)
                CHECK_NEAR(pow(ends[e] - rate.proportion, 2), pow(1.959964, 2) * ends[e] * (1 - ends[e]) / n, 1e-12);
            CHECK(0 <= rate.low && rate.low <= rate.proportion && rate.proportion <= rate.high && rate.high <= 1,
                  "%d of %d", k, n);
            CHECK_NEAR(rate.low, 1 - mirror.high, 1e-12);
        }
}

TEST(wilson_at_its_limits) {
    Rate none = metrics_wilson(0, 0);
    CHECK(none.low == 0 && none.high == 1 && isnan(none.proportion) && none.of == 0, "%g to %g", none.low, none.high);
    CHECK(metrics_wilson(0, 1000000000).low == 0 && metrics_wilson(2147483647, 2147483647).high == 1, "%s", "the ends");
    CHECK_STOPS(metrics_wilson(2, 1), EXIT_CONTRACT, "2 right of 1");
    CHECK_STOPS(metrics_wilson(-1, 1), EXIT_CONTRACT, "-1 right of 1");
}

TEST(argmax_lowest_wins) {
    double inf = INFINITY;
    Mat scores = mat_from(&arena, 5, 3, (double[]){ 1, 2, 3, 3, 3, 1, -1, -1, -1, -inf, -inf, 0, 0, inf, inf });
    const int want[] = { 2, 0, 0, 2, 1 };
    int best[5];
    Err err;
    CHECK(metrics_argmax(scores, best, &err) && !memcmp(best, want, sizeof best), "%d %d %d %d %d", best[0], best[1],
          best[2], best[3], best[4]);
    AT(scores, 3, 1) = (num)NAN;
    best[0] = 77;
    CHECK(!metrics_argmax(scores, best, &err) && best[0] == 77, "%s", "NaN is taken");
    CHECK(strstr(err.text, "score 1 of row 3 is not a number"), "%s", err.text);
    CHECK(metrics_argmax(mat_new(&arena, 0, 3), best, &err), "%s", err.text);
    CHECK_STOPS(metrics_argmax(mat_new(&arena, 3, 0), best, &err), EXIT_CONTRACT, "[3,0]");
    arena_free(&arena);
}

TEST(confusion_by_hand) {
    const int truth[] = { 0, 0, 0, 1, 1, 3, 3, 3 }, predicted[] = { 0, 0, 1, 1, 0, 3, 2, 0 };
    const int want[4][4] = { { 2, 1, 0, 0 }, { 1, 1, 0, 0 }, { 0 }, { 1, 0, 1, 1 } };
    Confusion confusion = metrics_confusion(&arena, truth, predicted, 8, 4);
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++) CHECK(confusion.count[r * 4 + c] == want[r][c], "%d as %d", r, c);
    Rate all = confusion_overall(confusion), three = confusion_class(confusion, 3), two = confusion_class(confusion, 2);
    CHECK(all.right == 4 && all.of == 8 && all.proportion == 0.5, "%d of %d", all.right, all.of);
    CHECK(three.right == 1 && three.of == 3 && three.low < 1 / 3.0 && three.high > 1 / 3.0, "%d of %d", three.right,
          three.of);
    CHECK(two.of == 0 && two.low == 0 && two.high == 1, "%d of %d", two.right, two.of);
    CHECK(confusion_overall(metrics_confusion(&arena, truth, predicted, 0, 4)).of == 0, "%s", "nothing");
    CHECK_STOPS(metrics_confusion(&arena, truth, predicted, 8, 3), EXIT_CONTRACT,
                "example 5: truth 3, predicted 3, want 0 to 2");
    CHECK_STOPS(metrics_confusion(&arena, (int[]){ -1 }, predicted, 1, 3), EXIT_CONTRACT, "truth -1");
    CHECK_STOPS(metrics_confusion(&arena, truth, (int[]){ 9 }, 1, 3), EXIT_CONTRACT, "predicted 9");
    CHECK_STOPS(metrics_confusion(&arena, truth, (int[]){ -1 }, 1, 3), EXIT_CONTRACT, "predicted -1");
    CHECK_STOPS(confusion_class(confusion, 4), EXIT_CONTRACT, "class 4 of 4");
    arena_free(&arena);
}

TEST(mcnemar_by_hand) {
    /* m throws, at most k heads: (1 + 6) / 64; 1 / 64; all of it; 1 / 2; 1 / 32; (1 + 20 + 190) / 2^20, each twice */
    const struct {
        int first, second;
        double p;
    } cases[] = {
        { 1, 5, 14.0 / 64 },
        { 0, 6, 2.0 / 64 },
        { 3, 3, 1 },
        { 0, 0, 1 },
        { 1, 0, 1 },
        { 0, 5, 2.0 / 32 },
        { 18, 2, 2 * 211.0 / 1048576 },
        { 10000, 10000, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_NEAR(mcnemar(cases[i].first, cases[i].second), cases[i].p, 1e-12);
        CHECK_NEAR(mcnemar(cases[i].second, cases[i].first), cases[i].p, 1e-12);
    }
    /* Far out the coin is a normal distribution, with half a throw for the steps. */
    CHECK_NEAR(mcnemar(4900, 5100), erfc((100 - 0.5) / 50 / sqrt(2)), 1e-4);
    CHECK(mcnemar(0, 100000) >= 0 && mcnemar(0, 100000) < 1e-300, "%g", mcnemar(0, 100000));
    CHECK_STOPS(mcnemar(-1, 2), EXIT_CONTRACT, "-1 and 2");
}

/* Against counting: how many of the 2^m throws are as uneven. */
TEST(mcnemar_counts_throws) {
    for (int m = 0; m <= 14; m++)
        for (int k = 0; k <= m; k++) {
            int uneven = 0;
            for (int throws = 0; throws < 1 << m; throws++) {
                int heads = 0;
                for (int bit = 0; bit < m; bit++) heads += throws >> bit & 1;
                uneven += abs(2 * heads - m) >= abs(2 * k - m);
            }
            CHECK_NEAR(mcnemar(k, m - k), uneven / (double)(1 << m), 1e-12);
        }
}

TEST(discordant_pairs_by_hand) {
    const int truth[] = { 0, 1, 2, 3, 4 }, a[] = { 0, 1, 0, 0, 4 }, b[] = { 0, 0, 2, 1, 0 };
    Discordant discord = discordant_pairs(truth, a, b, 5);
    CHECK(discord.first == 2 && discord.second == 1, "%d and %d", discord.first, discord.second);
}

TESTS(wilson_by_hand, wilson_solves_its_equation, wilson_at_its_limits, argmax_lowest_wins, confusion_by_hand,
      mcnemar_by_hand, mcnemar_counts_throws, discordant_pairs_by_hand)
