/* Tests of vecmath: the error of each function is within the bound that vecmath.h states. */
#include "kernels/vecmath.h"
#include "kernels/reference.h"
#include "core/rng.h"
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 1000 };
typedef void (*Function)(const num *x, num *y, size_t n);

static double true_gelu(double x) { return isinf(x) && x < 0 ? 0 : x * (0.5 * erfc(-x * sqrt(0.5))); }
static double true_slope(double x) {
    return 0.5 * erfc(-x * sqrt(0.5)) + (isinf(x) ? 0 : x * exp(-0.5 * x * x) * 0.39894228040143267794);
}

static void slope(const num *x, num *y, size_t n) {
    num one[BLOCK];
    for (size_t i = 0; i < n; i++) one[i] = 1;
    vec_gelu_backward(x, one, false, y, n);
}

/* The unit in the last place of v. */
static double ulp(double v) {
    bool single = sizeof(num) == 4;
    double smallest = single ? ldexp(1, -149) : ldexp(1, -1074);
    int e;
    frexp(v, &e);
    return MAX(smallest, ldexp(1, e - (single ? 24 : 53)));
}

/* Compares at every 2039th bit pattern of a float. `flat` measures errors in ulp of 1 instead of the result: for a
 * function that subtracts and crosses zero. */
static void sweep(const char *name, Function f, double (*truth)(double), double max, bool flat) {
    num x[BLOCK], y[BLOCK];
    for (uint64_t bits = 0; bits <= UINT32_MAX;) {
        for (int i = 0; i < BLOCK; i++, bits += 2039) {
            uint32_t pattern = (uint32_t)bits;
            float value;
            memcpy(&value, &pattern, sizeof value);
            x[i] = value;
        }
        f(x, y, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            double want = truth((double)x[i]), got = (double)y[i];
            if (isnan(want) || isinf((num)want)) {
                bool same = isnan(want) ? isnan(got) : got == (double)(num)want;
                CHECK(same, "%s(%.9g) is %g, want %g", name, (double)x[i], got, want);
                continue;
            }
            double off = fabs(got - want) / ulp(flat ? 1 : want);
            CHECK(off <= max, "%s(%.9g) is %.9g, want %.9g: off by %.2f ulp", name, (double)x[i], got, want, off);
        }
    }
}

TEST(exp_everywhere) { sweep("exp", vec_exp, exp, 1.1, false); }
TEST(gelu_everywhere) { sweep("gelu", vec_gelu, true_gelu, 7, false); }
TEST(gelu_slope_everywhere) { sweep("gelu'", slope, true_slope, 3, true); }

static double true_quick(double x) { return isinf(x) && x < 0 ? 0 : x / (1 + exp(-1.702 * x)); }
static double true_quick_slope(double x) {
    double s = 1 / (1 + exp(-1.702 * x));
    return s + (isinf(x) ? 0 : 1.702 * x * s * (1 - s));
}
static void quick_slope(const num *x, num *y, size_t n) {
    num one[BLOCK];
    for (size_t i = 0; i < n; i++) one[i] = 1;
    vec_quick_gelu_backward(x, one, false, y, n);
}

/* Where e^(1.702 x) is subnormal, errors are measured in 2^-142. */
TEST(quick_gelu_everywhere) {
    sweep("quick gelu'", quick_slope, true_quick_slope, 4, true);
    num x[BLOCK], y[BLOCK];
    for (int part = 0; part < 200; part++) {
        for (int i = 0; i < BLOCK; i++) x[i] = (num)(-100 + part + 0.001 * i);
        vec_quick_gelu(x, y, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            double want = true_quick((double)x[i]), off = fabs((double)y[i] - want),
                   max = MAX(4 * ulp(want), sizeof(num) == 4 ? ldexp(1, -142) : 0);
            CHECK(off <= max, "quick_gelu(%.9g) is %.9g, want %.9g: off by %.2f ulp", (double)x[i], (double)y[i], want,
                  off / ulp(want));
        }
    }
}

TEST(plain_versions) {
    sweep("quick gelu", vec_quick_gelu_plain, true_quick, 0.51, false);
    sweep("exp", vec_exp_plain, exp, 0.51, false);
    sweep("gelu", vec_gelu_plain, true_gelu, 0.51, false);
}

TEST(values_by_hand) {
    num x[] = { 0, 1, -1, (num)INFINITY, (num)-INFINITY }, y[5];
    vec_exp(x, y, 5);
    CHECK(y[0] == 1 && isinf(y[3]) && y[4] == 0, "%g %g %g", (double)y[0], (double)y[3], (double)y[4]);
    CHECK_NEAR(y[1], 2.718281828, 1e-6);
    vec_gelu(x, y, 5);
    CHECK(y[0] == 0 && isinf(y[3]) && y[4] == 0, "%g %g %g", (double)y[0], (double)y[3], (double)y[4]);
    CHECK_NEAR(y[1], 0.841344746, 1e-6);
    CHECK_NEAR(y[2], -0.158655254, 1e-6);
    vec_quick_gelu(x, y, 5);
    CHECK(y[0] == 0 && isinf(y[3]) && y[4] == 0, "%g %g %g", (double)y[0], (double)y[3], (double)y[4]);
    CHECK_NEAR(y[1], 0.845795722, 1e-6);
    CHECK_NEAR(y[2], -0.154204278, 1e-6);
    slope(x, y, 5);
    CHECK_NEAR(y[0], 0.5, 0);
    CHECK_NEAR(y[1], 1.083315471, 1e-6);
    CHECK(y[3] == 1 && y[4] == 0, "%g %g", (double)y[3], (double)y[4]);
}

TEST(every_length_and_alignment) {
    Rng rng = rng_seed(1, 0);
    num x[100], dy[100], one[100], all[100], some[102];
    for (int i = 0; i < 100; i++) {
        x[i] = (num)(3 * rng_normal(&rng));
        dy[i] = (num)rng_normal(&rng);
    }
    Function functions[] = { vec_exp, vec_gelu, vec_quick_gelu };
    for (size_t f = 0; f < COUNT(functions); f++) {
        for (int i = 0; i < 100; i++) functions[f](x + i, all + i, 1);
        for (size_t n = 0; n <= 70; n++) {
            for (int i = 0; i < 102; i++) some[i] = 99;
            memcpy(some + 1, x + 3, n * sizeof(num));
            functions[f](some + 1, some + 1, n);
            CHECK(!memcmp(some + 1, all + 3, n * sizeof(num)), "function %zu, length %zu", f, n);
            CHECK(some[0] == 99 && some[n + 1] == 99, "function %zu writes outside of %zu numbers", f, n);
        }
    }
    for (size_t n = 0; n <= 70; n++) {
        vec_gelu_backward(x, dy, false, all, n);
        for (size_t i = 0; i < n; i++) one[i] = some[i] = dy[i];
        vec_gelu_backward(x, one, false, one, n);
        CHECK(!memcmp(one, all, n * sizeof(num)), "dx in place of dy, length %zu", n);
        vec_gelu_backward(x, dy, true, some, n);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(some[i], (double)dy[i] + (double)all[i], 1e-6);
        vec_quick_gelu_backward(x, dy, false, all, n);
        for (size_t i = 0; i < n; i++) some[i] = dy[i];
        vec_quick_gelu_backward(x, dy, true, some, n);
        vec_quick_gelu_backward_plain(x, dy, false, one, n);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(some[i], (double)dy[i] + (double)all[i], 1e-6);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(all[i], one[i], 1e-6);
        vec_gelu_backward(x, dy, false, all, n);
        vec_gelu_backward_plain(x, dy, false, one, n);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(all[i], one[i], 1e-6);
    }
}

TESTS(exp_everywhere, gelu_everywhere, gelu_slope_everywhere, quick_gelu_everywhere, plain_versions, values_by_hand,
      every_length_and_alignment)
