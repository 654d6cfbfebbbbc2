/* vecmath: functions of many numbers at once, fast, with the plain twin from libm beside each.
 *
 * Shapes  x, y, dy, dx are n numbers each, of any alignment; y may be x, dx may be dy (nothing else may overlap).
 * Fails   never: NaN gives NaN, and infinities their limit (exp(-inf) = 0, erf(inf) = 1, gelu(-inf) = 0).
 * Threads one: whoever has many numbers shares them out with parallel_for, with the same results.
 * Error   float: the bound stated at each function, in units in the last place (ulp) of the true value.
 *         double: the functions are their plain twins.
 */
#ifndef VECMATH_H
#define VECMATH_H

#include "core/base.h"

/* A part of a matrix turned: to[c * to_step + r] = from[r * from_step + c] for r < rows, c < cols. The plain twin:
 * mat_transpose. */
void vec_transpose_matrix(const num *from, size_t from_step, size_t rows, size_t cols, num *to, size_t to_step);

/* y = e^x        1.1 ulp; results below 2^-126: 1.1 * 2^-149 */
void vec_exp(const num *x, num *y, size_t n);
void vec_exp_plain(const num *x, num *y, size_t n);

/* y = erf(x) = 2/sqrt(pi) * integral of e^(-t^2) from 0 to x        2.6 ulp */
void vec_erf(const num *x, num *y, size_t n);
void vec_erf_plain(const num *x, num *y, size_t n);

/* y = x Phi(x),  Phi(x) = (1 + erf(x / sqrt 2)) / 2        (GELU, Hendrycks and Gimpel 2016, arXiv:1606.08415)
 * 7 ulp, far below 0 too, where 1 + erf would have lost all digits; results below 2^-126: 7 * 2^-149 */
void vec_gelu(const num *x, num *y, size_t n);
void vec_gelu_plain(const num *x, num *y, size_t n);

/* dx (+)= dy (Phi(x) + x phi(x)),  phi(x) = e^(-x^2/2) / sqrt(2 pi); set unless `accumulate`, when dx may not be dy.
 * The slope is within 3 * 2^-23 of the true one. */
void vec_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n);
void vec_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n);

/* y = x sigmoid(1.702 x),  sigmoid(v) = 1 / (1 + e^-v)     (the same paper's approximation)
 * 4 ulp; results below 2^-120: 2^-142 */
void vec_quick_gelu(const num *x, num *y, size_t n);
void vec_quick_gelu_plain(const num *x, num *y, size_t n);

/* dx (+)= dy s (1 + 1.702 x (1 - s)),  s = sigmoid(1.702 x); set unless `accumulate`, when dx may not be dy.
 * The slope is within 4 * 2^-23 of the true one. */
void vec_quick_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n);
void vec_quick_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n);

#endif
