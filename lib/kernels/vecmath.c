#include "kernels/vecmath.h"
#include "kernels/kernel.h"
#include "kernels/reference.h"

#include <string.h>

/* ---- vectors of floats ---------------------------------------------------------------------------------------
 * Vectors have no `if`: both branches are computed and one is selected by its bits. The polynomials are Chebyshev
 * interpolations, computed for this file in long double; the number at the right is the relative error of each. */
enum { FLOATS = VEC_BYTES / sizeof(float) };
typedef float Floats __attribute__((vector_size(VEC_BYTES)));
typedef int32_t Ints __attribute__((vector_size(VEC_BYTES)));
typedef uint32_t Bits __attribute__((vector_size(VEC_BYTES)));

INLINE Floats broadcast(float value) { return (Floats){ 0 } + value; }
INLINE Floats select_if(Ints mask, Floats yes, Floats no) {
    return (Floats)(((Bits)mask & (Bits)yes) | (~(Bits)mask & (Bits)no));
}
INLINE Floats at_most(Floats x, float max) { return select_if(x > max, broadcast(max), x); } /* NaN stays NaN */
INLINE Floats at_least(Floats x, float min) { return select_if(x < min, broadcast(min), x); }
INLINE Floats magnitude(Floats x) { return (Floats)((Bits)x & 0x7fffffff); }
INLINE Floats with_sign(Floats x, Floats sign) { return (Floats)((Bits)x | ((Bits)sign & 0x80000000)); }

/* e^(high + low) for |high| < 110; low is small: the rounding error of high.
 *   n = round(high / ln 2),  r = high + low - n ln 2 in [-ln2/2, ln2/2],  e^(high+low) = 2^n e^r
 *   e^r = 1 + r + r^2 q(r)                                                                    1e-8
 * Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. ln 2 is split into two parts; the first has so
 * few digits that n times it is exact. 2^n is made from its exponent bits, as two factors because n may be -150. */
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

/* e^(z^2) erfc(z) for z in [0, 10.3], which decreases from 1 to about 1 / (z sqrt pi):
 *   w = 1 / (z + 3),  u = (z - 3) w,  w * polynomial in u                                     5e-9 */
INLINE Floats erfc_scaled(Floats z) {
    static const float terms[] = { 1.074006906e+00f,  -8.833944620e-01f, 5.902284327e-01f,  -3.104665800e-01f,
                                   1.195271709e-01f,  -2.683691875e-02f, -1.217028742e-03f, 3.078599508e-03f,
                                   -4.984463507e-04f, -3.336091533e-04f };
    Floats w = 1.0f / (z + 3.0f), u = (z - 3.0f) * w, sum = broadcast(terms[9]);
    UNROLL
    for (int i = 8; i >= 0; i--) sum = sum * u + terms[i];
    return sum * w;
}

/* e^(-scale a^2). Rounding a^2 to a float would be a relative error of up to scale a^2 2^-24 in the result. So a is cut
 * after 12 bits: a^2 = top^2 + (a - top) (a + top), the first term exact. */
INLINE Floats gauss(Floats a, float scale) {
    Floats top = (Floats)((Bits)a & 0xfffff000u);
    return exp_long(top * top * -scale, (a - top) * (a + top) * -scale);
}
INLINE Floats exp_floats(Floats x) { return exp_long(at_most(at_least(x, -104), 89), broadcast(0)); }

/* Phi(-a) = e^(-a^2/2) normal_tail(a) for a >= 0, and Phi(a) = 1 - Phi(-a). For a > 14.5, Phi(-a) is 0 in float. */
INLINE Floats normal_tail(Floats a) { return 0.5f * erfc_scaled(a * 0.707106781f); }
INLINE Floats gelu_floats(Floats x) {
    Floats a = at_most(magnitude(x), 14.5f), below = gauss(a, 0.5f) * (a * normal_tail(a));
    return select_if(x < 0, -below, x - below);
}
INLINE Floats gelu_slope(Floats x) {
    Floats a = at_most(magnitude(x), 14.5f), bell = gauss(a, 0.5f), below = bell * normal_tail(a);
    return select_if(x < 0, below, 1.0f - below) + with_sign(a, x) * bell * 0.398942280f;
}

/* e^(-1.702 a) for a = |x|, at most 1: no overflow. The exponent is computed in two parts, to keep the digits that a
 * float product loses. sigmoid(1.702 a) = 1 / (1 + decay), sigmoid(-1.702 a) = decay / (1 + decay). */
INLINE Floats quick_decay(Floats a) {
    Floats top = (Floats)((Bits)a & 0xfffff000u), rest = a - top;
    return exp_long(top * -1.7021484375f, top * 1.484375e-4f - rest * 1.702f);
}
INLINE Floats quick_gelu_floats(Floats x) {
    Floats a = at_most(magnitude(x), 64), decay = quick_decay(a), large = 1.0f / (1.0f + decay);
    return select_if(x < 0, -a, x) * select_if(x < 0, decay * large, large);
}
INLINE Floats quick_gelu_slope(Floats x) {
    Floats a = at_most(magnitude(x), 64), decay = quick_decay(a), large = 1.0f / (1.0f + decay), small = decay * large;
    Floats scaled = 1.702f * with_sign(a, x);
    return select_if(x < 0, small * (1.0f + scaled * large), large * (1.0f + scaled * small));
}
INLINE Floats load(const float *from, size_t count) {
    float some[FLOATS] = { 0 };
    Floats v;
    memcpy(&v, count < FLOATS ? memcpy(some, from, count * sizeof(float)) : from, sizeof v);
    return v;
}
INLINE void store(float *to, Floats v, size_t count) { memcpy(to, &v, MIN(count, FLOATS) * sizeof(float)); }

enum { IN_FLOAT = sizeof(num) == sizeof(float) };

/* y = f(x), one vector at a time; the last one may be partly filled. In double: y = plain(x). */
typedef void Plain(const num *x, num *y, size_t n);
INLINE void each(Floats (*f)(Floats), Plain *plain, const num *x, num *y, size_t n) {
    if (!IN_FLOAT) {
        plain(x, y, n);
        return;
    }
    const float *from = (const void *)x;
    float *to = (void *)y;
    size_t i = 0;
    for (; i + FLOATS <= n; i += FLOATS) store(to + i, f(load(from + i, FLOATS)), FLOATS);
    if (i < n) store(to + i, f(load(from + i, n - i)), n - i);
}

void vec_exp(const num *x, num *y, size_t n) { each(exp_floats, vec_exp_plain, x, y, n); }
void vec_gelu(const num *x, num *y, size_t n) { each(gelu_floats, vec_gelu_plain, x, y, n); }
void vec_quick_gelu(const num *x, num *y, size_t n) { each(quick_gelu_floats, vec_quick_gelu_plain, x, y, n); }

/* dx (+)= dy slope(x) for one vector, of which `count` numbers are there. */
INLINE void backward_one(Floats (*slope)(Floats), const float *x, const float *dy, bool accumulate, float *dx,
                         size_t count) {
    Floats d = load(dy, count) * slope(load(x, count));
    store(dx, accumulate ? load(dx, count) + d : d, count);
}

INLINE void each_backward(Floats (*slope)(Floats), const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    const float *at = (const void *)x, *from = (const void *)dy;
    float *to = (void *)dx;
    size_t i = 0;
    for (; i + FLOATS <= n; i += FLOATS) backward_one(slope, at + i, from + i, accumulate, to + i, FLOATS);
    if (i < n) backward_one(slope, at + i, from + i, accumulate, to + i, n - i);
}
void vec_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    if (IN_FLOAT) each_backward(gelu_slope, x, dy, accumulate, dx, n);
    else vec_gelu_backward_plain(x, dy, accumulate, dx, n);
}
void vec_quick_gelu_backward(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    if (IN_FLOAT) each_backward(quick_gelu_slope, x, dy, accumulate, dx, n);
    else vec_quick_gelu_backward_plain(x, dy, accumulate, dx, n);
}

/* Adds just below half a unit of the last bit that stays, a whole half if that bit is 1; then cuts 16 bits off. */
void vec_round_bfloat(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float value = (float)x[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
        bits = value != value ? bits | 0x00400000u : rounded;
        memcpy(&value, &bits, sizeof value);
        y[i] = (num)value;
    }
}
