/* lbfgs and linear_probe: known minima, the gradient against differences, answers. */
#include "evaluate/linear_probe.h"
#include "core/lbfgs.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;

/* f = sum_i i (x_i - i)^2: the minimum is x_i = i. */
static double bowl(void *context, const double *x, double *g) {
    double f = 0;
    int n = *(int *)context;
    for (int i = 0; i < n; i++) {
        f += i * (x[i] - i) * (x[i] - i);
        g[i] = 2 * i * (x[i] - i);
    }
    return f;
}

TEST(a_bowl_ends_at_its_bottom) {
    int n = 30;
    double x[30] = { 7 };
    LbfgsResult r = lbfgs_minimise(&(Lbfgs){ n, bowl, &n, 200, 1e-9 }, &arena, x);
    CHECK(r.converged && r.value < 1e-15 && r.steps < 60, "%d steps, value %g, gradient %g", r.steps, r.value,
          r.gradient);
    CHECK(x[0] == 7, "%g: nothing moves where the slope is 0", x[0]);
    for (int i = 1; i < n; i++) CHECK_NEAR(x[i], i, 1e-8);
}

/* Rosenbrock's valley: 100 (y - x^2)^2 + (1 - x)^2, from (-1.2, 1) to (1, 1). */
static double valley(void *context, const double *x, double *g) {
    double a = x[1] - x[0] * x[0], b = 1 - x[0];
    ++*(int *)context;
    g[0] = -400 * a * x[0] - 2 * b;
    g[1] = 200 * a;
    return 100 * a * a + b * b;
}

TEST(a_bent_valley_ends_at_its_bottom) {
    int calls = 0;
    double x[2] = { -1.2, 1 };
    LbfgsResult r = lbfgs_minimise(&(Lbfgs){ 2, valley, &calls, 200, 1e-8 }, &arena, x);
    CHECK(r.converged && calls < 100, "%d steps, %d calls, gradient %g", r.steps, calls, r.gradient);
    CHECK_NEAR(x[0], 1, 1e-6);
    CHECK_NEAR(x[1], 1, 1e-6);
}

static double cliff(void *context, const double *x, double *g) {
    (void)context;
    g[0] = 1 - 1 / x[0];
    return x[0] > 0 ? x[0] - log(x[0]) : (double)NAN;
}

TEST(steps_into_nothing_are_halved) {
    double x[1] = { 0.01 }; /* the first step leads to a large x, later ones would leave the domain */
    LbfgsResult r = lbfgs_minimise(&(Lbfgs){ 1, cliff, NULL, 100, 1e-9 }, &arena, x);
    CHECK(r.converged, "gradient %g after %d steps", r.gradient, r.steps);
    CHECK_NEAR(x[0], 1, 1e-8);
    x[0] = 5;
    r = lbfgs_minimise(&(Lbfgs){ 1, cliff, NULL, 0, 1e-9 }, &arena, x);
    CHECK(!r.converged && r.steps == 0 && x[0] == 5, "%d steps to %g", r.steps, x[0]);
}

/* ---- the probe --------------------------------------------------------------------------------------------------- */

static ProbeData some_data(int n, int D, int C, double decay) {
    Rng rng = rng_seed(5, 0);
    int *labels = arena_alloc(&arena, (size_t)n, sizeof *labels);
    ProbeData data = { mat_normal(&arena, n, D, &rng, 1), labels, C, decay };
    for (int i = 0; i < n; i++) {
        labels[i] = i % C;
        AT(data.x, i, labels[i] % D) += 1;
    }
    return data;
}

TEST(the_gradient_is_that_of_differences) {
    enum { D = 5, C = 3, COUNT_W = C * (D + 1) };
    ProbeData data = some_data(12, D, C, 0.3);
    double w[COUNT_W], gradient[COUNT_W], unused[COUNT_W];
    Rng rng = rng_seed(6, 0);
    for (int i = 0; i < COUNT_W; i++) w[i] = rng_normal(&rng) / 2;
    linear_probe_loss(&data, w, gradient);
    for (int i = 0; i < COUNT_W; i++) {
        double h = 1e-2, at = w[i], sides[4];
        for (int k = 0; k < 4; k++) {
            w[i] = at + (k < 2 ? k + 1 : 1 - k) * h;
            sides[k] = linear_probe_loss(&data, w, unused);
        }
        w[i] = at;
        CHECK_NEAR(gradient[i], (8 * (sides[0] - sides[2]) - (sides[1] - sides[3])) / (12 * h), 2e-5);
    }
}

/* Two points, -1 of class 0 and 1 of class 1: by symmetry W = (-w, w), b = 0, and the slope is 0 where
 * decay w = 1 / (1 + e^(2w)). */
TEST(two_points_have_a_known_minimum) {
    static const int labels[] = { 0, 1 };
    ProbeData data = { mat_from(&arena, 2, 1, (double[]){ -1, 1 }), labels, 2, 0.1 };
    double low = 0, high = 10;
    for (int i = 0; i < 100; i++) {
        double w = (low + high) / 2;
        *(0.1 * w < 1 / (1 + exp(2 * w)) ? &low : &high) = w;
    }
    LinearProbe probe = linear_probe_fit(&data, &arena);
    CHECK(probe.converged, "%d steps, gradient %g", probe.steps, probe.gradient);
    CHECK_NEAR((double)probe.weight.v[1], low, 1e-3);
    CHECK_NEAR((double)probe.weight.v[0], -low, 1e-3);
    CHECK_NEAR((double)probe.bias[0] - (double)probe.bias[1], 0, 1e-4);
    CHECK_NEAR(probe.loss, log(1 + exp(-2 * low)) + 0.1 * low * low, 1e-6);
}

TEST(a_probe_answers) {
    ProbeData data = some_data(300, 6, 3, 0.01);
    LinearProbe probe = linear_probe_fit(&data, &arena);
    Mat scores = linear_probe_scores(&probe, &arena, data.x);
    int right = 0;
    for (int i = 0; i < 300; i++) {
        int best = 0;
        for (int c = 1; c < 3; c++)
            if (AT(scores, i, c) > AT(scores, i, best)) best = c;
        right += best == data.labels[i];
    }
    CHECK(probe.converged && right > 180, "%d of 300 after %d steps", right, probe.steps);
    CHECK_STOPS(linear_probe_fit(&(ProbeData){ data.x, data.labels, 3, 0 }, &arena), EXIT_CONTRACT, "decay above 0");
    CHECK_STOPS(linear_probe_fit(&(ProbeData){ data.x, data.labels, 1, 1 }, &arena), EXIT_CONTRACT, "1 classes");
}

TESTS(a_bowl_ends_at_its_bottom, a_bent_valley_ends_at_its_bottom, steps_into_nothing_are_halved,
      the_gradient_is_that_of_differences, two_points_have_a_known_minimum, a_probe_answers)
