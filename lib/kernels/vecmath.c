#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

#include "kernels/kernel.h"

/* ---- the definitions ---------------------------------------------------------------------------------------- */

static const double SQRT_HALF = 0.70710678118654752440, INV_SQRT_2PI = 0.39894228040143267794;

void vec_exp_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (num)exp((double)x[i]);
}

void vec_erf_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (num)erf((double)x[i]);
}

/* (1 + erf(v)) / 2 = erfc(-v) / 2, which loses no digits where erf is close to -1. */
static double normal_below(double x) { return 0.5 * erfc(-x * SQRT_HALF); }

void vec_gelu_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i];
        y[i] = (num)(v == -INFINITY ? 0 : v * normal_below(v));
    }
}

void vec_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], bump = isinf(v) ? 0 : v * exp(-0.5 * v * v) * INV_SQRT_2PI;
        num d = (num)((double)dy[i] * (normal_below(v) + bump));
        dx[i] = accumulate ? dx[i] + d : d;
    }
}

static const double QUICK = 1.702;

/* sigmoid(QUICK x); e^-v overflows to infinity and gives 0, as it should. */
static double quick_share(double x) { return 1 / (1 + exp(-QUICK * x)); }

void vec_quick_gelu_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i];
        y[i] = (num)(v == -INFINITY ? 0 : v * quick_share(v));
    }
}

void vec_quick_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], s = quick_share(v), tanh_c = isinf(v) ? 0 : QUICK * v * (1 - s);
        num d = (num)((double)dy[i] * s * (1 + tanh_c));
        dx[i] = accumulate ? dx[i] + d : d;
    }
}

void vec_transpose_matrix(const num *from, size_t from_step, size_t rows, size_t cols, num *to, size_t to_step) {
    matrix_transpose(from, from_step, rows, cols, to, to_step);
}

/* ---- many at once ------------------------------------------------------------------------------------------- */

/* Vectors have no `if`: both sides are computed, and bits chosen. All constants below are Chebyshev interpolations
 * made for this file in long double; the error after each is the polynomial's own, relative. */
enum { FLOATS = VEC_BYTES / sizeof(float) };
typedef float Floats __attribute__((vector_size(VEC_BYTES)));
typedef int32_t Ints __attribute__((vector_size(VEC_BYTES)));
typedef uint32_t Bits __attribute__((vector_size(VEC_BYTES)));
#define INLINE static inline __attribute__((always_inline))

INLINE Floats all(float value) { return (Floats){ 0 } + value; }
INLINE Floats select_if(Ints mask, Floats yes, Floats no) {
    return (Floats)(((Bits)mask & (Bits)yes) | (~(Bits)mask & (Bits)no));
}
INLINE Floats at_most(Floats x, float max) { return select_if(x > max, all(max), x); } /* NaN stays NaN */
INLINE Floats at_least(Floats x, float least) { return select_if(x < least, all(least), x); }
INLINE Floats size_of(Floats x) { return (Floats)((Bits)x & 0x7fffffff); }
INLINE Floats with_sign(Floats size, Floats sign) { return (Floats)((Bits)size | ((Bits)sign & 0x80000000)); }

/* e^(high + low) for |high| < 110 and a small low, the rounding error of a longer number.
 *   n = round(high / ln 2),  r = high + low - n ln 2 in [-ln2/2, ln2/2],  e^(high+low) = 2^n e^r
 *   e^r = 1 + r + r^2 q(r)                                                                    1e-8
 * Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits. ln 2 comes in two parts, the first with
 * so few digits that n times it is exact. 2^n is made from its exponent bits, in two halves because n may be -150. */
INLINE Floats exp_long(Floats high, Floats low) {
    const float round = 12582912.0f;
    Floats shifted = high * 1.44269504f + round, n = shifted - round;
    Floats r = high - n * 0.693359375f - n * -2.12194440e-4f + low;
    Floats q = r * 1.392617612e-03f + 8.363173075e-03f;
    q = q * r + 4.166655466e-02f;
    q = q * r + 1.666657703e-01f;
    q = q * r + 0.5f;
    Floats e = r * r * q + r + 1.0f;
    Bits whole = (Bits)shifted - 0x4b400000u, half = (Bits)((Ints)whole >> 1);
    return e * (Floats)((half + 127) << 23) * (Floats)((whole - half + 127) << 23);
}

/* e^(z^2) erfc(z) for z in [0, 10.3], which falls gently from 1 to 1 / (z sqrt pi):
 *   w = 1 / (z + 3),  u = (z - 3) w,  w * polynomial in u                                     5e-9 */
INLINE Floats erfc_scaled(Floats z) {
    static const float terms[] = { 1.074006906e+00f,  -8.833944620e-01f, 5.902284327e-01f,  -3.104665800e-01f,
                                   1.195271709e-01f,  -2.683691875e-02f, -1.217028742e-03f, 3.078599508e-03f,
                                   -4.984463507e-04f, -3.336091533e-04f };
    Floats w = 1.0f / (z + 3.0f), u = (z - 3.0f) * w, sum = all(terms[9]);
    UNROLL
    for (int i = 8; i >= 0; i--) sum = sum * u + terms[i];
    return sum * w;
}

/* e^(-scale a^2). The square of a float has 48 bits, and those a float drops would be an error of a^2 / 2 units in the
 * last place of the result; so a is cut after 12 bits: a^2 = top^2 + (a - top) (a + top), the first exact. */
INLINE Floats gauss(Floats a, float scale) {
    Floats top = (Floats)((Bits)a & 0xfffff000u);
    return exp_long(top * top * -scale, (a - top) * (a + top) * -scale);
}

INLINE Floats exp_floats(Floats x) { return exp_long(at_most(at_least(x, -104), 89), all(0)); }

/* erf(x) = x * polynomial in x^2 for |x| < 1 (1e-9), else 1 - e^(-x^2) * erfc_scaled(x), with the sign of x. */
INLINE Floats erf_floats(Floats x) {
    static const float terms[] = { 1.128379166e+00f, -3.761262667e-01f, 1.128359472e-01f, -2.685421201e-02f,
                                   5.189087423e-03f, -8.016864287e-04f, 7.875875063e-05f };
    Floats a = at_most(size_of(x), 10), square = a * a, sum = all(terms[6]);
    UNROLL
    for (int i = 5; i >= 0; i--) sum = sum * square + terms[i];
    Floats far = 1.0f - gauss(a, 1) * erfc_scaled(a);
    return select_if(a < 1, x * sum, with_sign(far, x));
}

/* Phi(-a) = e^(-a^2/2) * normal_tail(a) for a >= 0; Phi(x) is that, or 1 minus that. Beyond 14.5 it is 0 in float. */
INLINE Floats normal_tail(Floats a) { return 0.5f * erfc_scaled(a * 0.707106781f); }

INLINE Floats gelu_floats(Floats x) {
    Floats a = at_most(size_of(x), 14.5f), below = gauss(a, 0.5f) * (a * normal_tail(a));
    return select_if(x < 0, -below, x - below);
}

INLINE Floats gelu_slope(Floats x) {
    Floats a = at_most(size_of(x), 14.5f), bell = gauss(a, 0.5f), below = bell * normal_tail(a);
    return select_if(x < 0, below, 1.0f - below) + with_sign(a, x) * bell * 0.398942280f;
}

/* e^(-QUICK |x|) is at most 1: nothing overflows. sigmoid(QUICK |x|) = 1 / (1 + it); for x < 0 it / (1 + it). The
 * exponent in two parts, for the digits that a float's product drops. */
INLINE Floats quick_decay(Floats a) {
    Floats top = (Floats)((Bits)a & 0xfffff000u), rest = a - top;
    return exp_long(top * -1.7021484375f, top * 1.484375e-4f - rest * 1.702f);
}
INLINE Floats quick_gelu_floats(Floats x) {
    Floats a = at_most(size_of(x), 64), decay = quick_decay(a), large = 1.0f / (1.0f + decay);
    return select_if(x < 0, -a, x) * select_if(x < 0, decay * large, large);
}
INLINE Floats quick_gelu_slope(Floats x) {
    Floats a = at_most(size_of(x), 64), decay = quick_decay(a), large = 1.0f / (1.0f + decay), small = decay * large;
    Floats tanh_c = 1.702f * with_sign(a, x);
    return select_if(x < 0, small * (1.0f + tanh_c * large), large * (1.0f + tanh_c * small));
}

INLINE Floats load(const float *from, size_t count) {
    float some[FLOATS] = { 0 };
    Floats v;
    memcpy(&v, count < FLOATS ? memcpy(some, from, count * sizeof(float)) : from, sizeof v);
    return v;
}

INLINE void store(float *to, Floats v, size_t count) { memcpy(to, &v, MIN(count, FLOATS) * sizeof(float)); }

/* y = f(x), a vector at a time, and what remains in one that is not full. */
INLINE void each(Floats (*f)(Floats), const num *x, num *y, size_t n) {
    const float *from = (const void *)x;
    float *to = (void *)y;
    size_t i = 0;
    for (; i + FLOATS <= n; i += FLOATS) store(to + i, f(load(from + i, FLOATS)), FLOATS);
    if (i < n) store(to + i, f(load(from + i, n - i)), n - i);
}

enum { IN_FLOAT = sizeof(num) == sizeof(float) };

void vec_exp(const num *x, num *y, size_t n) {
    if (IN_FLOAT) each(exp_floats, x, y, n);
    else vec_exp_plain(x, y, n);
}

void vec_erf(const num *x, num *y, size_t n) {
    if (IN_FLOAT) each(erf_floats, x, y, n);
    else vec_erf_plain(x, y, n);
}

void vec_gelu(const num *x, num *y, size_t n) {
    if (IN_FLOAT) each(gelu_floats, x, y, n);
    else vec_gelu_plain(x, y, n);
}

void vec_quick_gelu(const num *x, num *y, size_t n) {
    if (IN_FLOAT) each(quick_gelu_floats, x, y, n);
    else vec_quick_gelu_plain(x, y, n);
}

INLINE void gelu_back(Floats (*slope)(Floats), const float *x, const float *dy, bool accumulate, float *dx,
                      size_t count) {
    Floats d = load(dy, count) * slope(load(x, count));
    store(dx, accumulate ? load(dx, count) + d : d, count);
}

INLINE void each_back(Floats (*slope)(Floats), const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    const float *at = (const void *)x, *from = (const void *)dy;
    float *to = (void *)dx;
    size_t i = 0;
    for (; i + FLOATS <= n; i += FLOATS) gelu_back(slope, at + i, from + i, accumulate, to + i, FLOATS);
    if (i < n) gelu_back(slope, at + i, from + i, accumulate, to + i, n - i);
}

void vec_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    if (IN_FLOAT) each_back(gelu_slope, x, dy, accumulate, dx, n);
    else vec_gelu_backward_plain(x, dy, accumulate, dx, n);
}

void vec_quick_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    if (IN_FLOAT) each_back(quick_gelu_slope, x, dy, accumulate, dx, n);
    else vec_quick_gelu_backward_plain(x, dy, accumulate, dx, n);
}
