#include "vecmath.h"

#include <math.h>

void vec_exp_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (num)exp((double)x[i]);
}

void vec_erf_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (num)erf((double)x[i]);
}

static const double SQRT_HALF = 0.70710678118654752440, INV_SQRT_2PI = 0.39894228040143267794;

void vec_gelu_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i];
        y[i] = (num)(v == -INFINITY ? 0 : v * 0.5 * erfc(-v * SQRT_HALF));
    }
}

void vec_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], phi = isinf(v) ? 0 : v * exp(-0.5 * v * v) * INV_SQRT_2PI;
        num d = (num)((double)dy[i] * (0.5 * erfc(-v * SQRT_HALF) + phi));
        dx[i] = accumulate ? dx[i] + d : d;
    }
}

void vec_exp(const num *x, num *y, size_t n) { vec_exp_plain(x, y, n); }
void vec_erf(const num *x, num *y, size_t n) { vec_erf_plain(x, y, n); }
void vec_gelu(const num *x, num *y, size_t n) { vec_gelu_plain(x, y, n); }
void vec_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    vec_gelu_backward_plain(x, dy, accumulate, dx, n);
}
