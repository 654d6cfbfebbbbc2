/* vecmath: functions of many numbers at once, fast.
 *
 * Shapes  x, y, dy, dx are n numbers each, at any alignment; y may be x, dx may be dy; no other overlap.
 * Errors  none: NaN gives NaN, an infinity gives the limit (exp(-inf) = 0, gelu(-inf) = 0).
 * Threads one: the caller cuts long vectors into pieces with parallel_for; the results are the same.
 * Accuracy  float: as stated at each function, in units in the last place (ulp) of the exact value.
 *           double: the functions call their plain versions in reference.h.
 */
#ifndef VECMATH_H
#define VECMATH_H

#include "core/base.h"

/* y = e^x        1.1 ulp; results below 2^-126: 1.1 * 2^-149 */
void vec_exp(const num *x, num *y, size_t n);

/* y = x Phi(x),  Phi(x) = (1 + erf(x / sqrt 2)) / 2        (GELU, Hendrycks and Gimpel 2016, arXiv:1606.08415)
 * 7 ulp, also far below 0, where 1 + erf loses all digits; results below 2^-126: 7 * 2^-149 */
void vec_gelu(const num *x, num *y, size_t n);

/* dx (+)= dy (Phi(x) + x phi(x)), phi(x) = e^(-x^2/2) / sqrt(2 pi); += if `accumulate` (then dx may not be dy), else =.
 * The slope is within 3 * 2^-23 of the exact one. */
void vec_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n);

/* y = x sigmoid(1.702 x),  sigmoid(v) = 1 / (1 + e^-v)     (the approximation in the same paper)
 * 4 ulp; results below 2^-120: 2^-142 */
void vec_quick_gelu(const num *x, num *y, size_t n);

/* dx (+)= dy s (1 + 1.702 x (1 - s)),  s = sigmoid(1.702 x); += if `accumulate` (then dx may not be dy), else =.
 * The slope is within 4 * 2^-23 of the exact one. */
void vec_quick_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n);

/* y = x rounded to BF16 (8 bits of fraction, one of them implied), to nearest, ties to even; the result is a num again.
 * Exact. NaN stays NaN. In double, x is rounded to float first. */
void vec_round_bfloat(const num *x, num *y, size_t n);

#endif
