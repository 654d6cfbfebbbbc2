#include "core/softmax.h"

#include <math.h>

/* sum_j exp(z_j) = exp(largest) (1 + rest), z = scale x: the largest z has exp(0) = 1, `rest` sums the others.
 * log1p(rest) is accurate also for a rest of 1e-20, which 1 + rest rounds away. */
typedef struct {
    double largest, rest;
} Sum;

static Sum sum_of(const num *x, int n, double scale) {
    REQUIRE(n >= 1, "a row of %d scores, want 1 or more", n);
    int best = 0;
    for (int i = 1; i < n; i++)
        if (scale * (double)x[i] > scale * (double)x[best]) best = i;
    Sum sum = { .largest = scale * (double)x[best] };
    for (int i = 0; i < n; i++)
        if (i != best) sum.rest += exp(scale * (double)x[i] - sum.largest);
    return sum;
}

double log_sum_exp(const num *x, int n, double scale) {
    Sum sum = sum_of(x, n, scale);
    return sum.largest + log1p(sum.rest);
}
void softmax_row(const num *x, int n, double scale, num *p) {
    Sum sum = sum_of(x, n, scale);
    for (int i = 0; i < n; i++) p[i] = (num)(exp(scale * (double)x[i] - sum.largest) / (1 + sum.rest));
}
double cross_entropy_row(const num *x, int n, double scale, int target) {
    REQUIRE(0 <= target && target < n, "target is %d in a row of %d scores", target, n);
    Sum sum = sum_of(x, n, scale);
    return (sum.largest - scale * (double)x[target]) + log1p(sum.rest);
}
double entropy_row(const num *p, int n) {
    double entropy = 0;
    for (int i = 0; i < n; i++)
        if (p[i] != 0) entropy -= (double)p[i] * log((double)p[i]);
    return entropy;
}
double cross_entropy_diagonal(Mat s, double scale) {
    int N = s.shape[0];
    REQUIRE(s.dims == 2 && N >= 1 && s.shape[1] == N, "s is %s, want a square matrix", mat_shape_text(s));
    double sum = 0;
    for (int i = 0; i < N; i++) sum += cross_entropy_row(&AT(s, i, 0), N, scale, i);
    return sum / N;
}
