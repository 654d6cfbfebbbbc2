#include "mcnemar.h"
#include "core/base.h"

#include <limits.h>
#include <math.h>

/* log C(n, k) */
static double log_choose(int n, int k) { return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0); }

double mcnemar(int first, int second) {
    REQUIRE(first >= 0 && second >= 0 && first <= INT_MAX - second, "%d and %d examples", first, second);
    int m = first + second, least = MIN(first, second);
    if (first == second) return 1;
    double tail = 0;
    for (int i = 0; i <= least; i++) tail += exp(log_choose(m, i) - m * log(2));
    return MIN(1, 2 * tail);
}

Discordant discordant_pairs(const int *truth, const int *a, const int *b, int n) {
    Discordant discord = { 0, 0 };
    for (int i = 0; i < n; i++) {
        discord.first += a[i] == truth[i] && b[i] != truth[i];
        discord.second += a[i] != truth[i] && b[i] == truth[i];
    }
    return discord;
}
