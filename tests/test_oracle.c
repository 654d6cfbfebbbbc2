/* Tests against exact results, also at extreme inputs: losses against their formula in long double, the passes of the
 * network against plain loops, for shapes with 0, 1 and odd numbers. Built twice: in float, and in double as
 * test-oracle-double.
 *
 * Each tolerance is a bound on the rounding errors. Where long double is no wider than double (some arm64), the
 * expected values have errors too; so the bounds of the double build are a few times wider than needed. */
#include "model/clip_loss.h"
#include "core/arena.h"
#include "core/softmax.h"
#include "kernels/vecmath.h"
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LENGTH_MAX = 40 };
static const double EPSILON = sizeof(num) == 4 ? FLT_EPSILON : 4 * DBL_EPSILON;
static const double SMALLEST = sizeof(num) == 4 ? 2 * FLT_MIN : 2 * DBL_MIN; /* below it numbers lose digits */

static int draw(Rng *rng, int min, int max) { return min + (int)rng_below(rng, (uint32_t)(max - min + 1)); }

/* ---- rows of scores
 * ------------------------------------------------------------------------------------------------------ */

enum { ORDINARY, EQUAL, ONE_HOT, PLUS_MINUS, HUGE_SCORES, MASKED, TINY, NEARLY_EQUAL, COSINES, KINDS };

static num score_of(int kind, int i, int n, Rng *rng) {
    double u = rng_normal(rng);
    switch (kind) {
    case EQUAL: return (num)1e4;
    case ONE_HOT: return (num)(i == n / 2 ? 1e4 : -1e4);
    case PLUS_MINUS: return (num)(i % 2 ? 1e4 + u : -1e4 + u);
    case HUGE_SCORES: return (num)((i % 3 - 1) * 1e30);
    case MASKED: return i % 3 == 1 ? (num)-INFINITY : (num)u;
    case TINY: return (num)(u * 1e-40);
    case NEARLY_EQUAL: return (num)(1000 + 1e-4 * u);
    case COSINES: return (num)(100 * sin(u));
    default: return (num)(3 * u);
    }
}

static void row_make(int kind, int n, Rng *rng, num *x) {
    for (int i = 0; i < n; i++) x[i] = score_of(kind, i, n, rng);
}

/* log p_i = z_i - log sum_j e^(z_j), z = scale x, by the definition; returns the log of the sum. */
static long double exact_log_softmax(const num *x, int n, double scale, long double *log_p) {
    long double max = -INFINITY, sum = 0, z[LENGTH_MAX];
    for (int i = 0; i < n; i++) {
        z[i] = (long double)scale * (long double)x[i];
        max = fmaxl(max, z[i]);
    }
    for (int i = 0; i < n; i++) sum += expl(z[i] - max);
    for (int i = 0; i < n; i++) log_p[i] = z[i] - max - logl(sum);
    return max + logl(sum);
}

static void check_bound(const char *what, int kind, double got, long double want, double bound) {
    if (isinf((double)want) || isnan((double)want)) {
        CHECK(got == (double)want, "%s, kind %d: %.17g, want %.17g", what, kind, got, (double)want);
        return;
    }
    CHECK(fabsl((long double)got - want) <= (long double)bound, "%s, kind %d: %.17g, want %.17g +- %.2g", what, kind,
          got, (double)want, bound);
}

/* A difference d of scores has an error of d/2 ulp, which is a relative error of e^d. */
static double probability_bound(long double log_p, double spread, int n) {
    if (isinf((double)log_p)) return SMALLEST; /* a score of -infinity */
    return (double)expl(log_p) * EPSILON * (fabs((double)log_p) + spread + n + 8) + SMALLEST;
}

/* The largest |scale x| without infinities: 0 * infinity would be NaN. */
static double finite_largest(const num *x, int n, double scale) {
    double largest = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i])) largest = fmax(largest, fabs(scale * (double)x[i]));
    return largest;
}

static void plain_rows(int kind, int n, double scale, Rng *rng) {
    num x[LENGTH_MAX] = { 0 }, p[LENGTH_MAX];
    long double log_p[LENGTH_MAX], entropy = 0;
    row_make(kind, n, rng, x);
    long double sum = exact_log_softmax(x, n, scale, log_p);
    double spread = finite_largest(x, n, scale) * DBL_EPSILON / EPSILON; /* scale * x is rounded once, in double */
    softmax_row(x, n, scale, p);
    check_bound("log sum exp", kind, log_sum_exp(x, n, scale), sum, 4 * DBL_EPSILON * (fabs((double)sum) + n));
    for (int i = 0; i < n; i++) {
        double wide = fabs((double)log_p[i]), off = DBL_EPSILON * 4 * finite_largest(x, n, scale);
        check_bound("softmax", kind, (double)p[i], expl(log_p[i]), probability_bound(log_p[i], spread * 4, n));
        check_bound("cross-entropy", kind, cross_entropy_row(x, n, scale, i), -log_p[i],
                    DBL_EPSILON * (4 * wide + n) + off);
        if (p[i] > 0) entropy -= (long double)p[i] * logl((long double)p[i]);
    }
    check_bound("entropy", kind, entropy_row(p, n), entropy, DBL_EPSILON * 8 * n);
}

TEST(plain_softmax_and_cross_entropy) {
    static const double scales[] = { 1, 100, 1 / 0.07, 1e-3, 0.5 };
    static const int lengths[] = { 1, 2, 3, 7, 16, 17, 31, 40 };
    Rng rng = rng_seed(1, 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t s = 0; s < COUNT(scales); s++)
            for (size_t l = 0; l < COUNT(lengths); l++) plain_rows(kind, lengths[l], scales[s], &rng);
}

/* Nearly certain, and right: what is left of the cost are the digits of a sum far below 1, and all of them count. */
TEST(nearly_certain) {
    Rng rng = rng_seed(7, 0);
    for (int i = 0; i < 200; i++) {
        num x[LENGTH_MAX];
        long double rest = 0;
        int n = draw(&rng, 2, LENGTH_MAX), target = draw(&rng, 0, n - 1);
        for (int k = 0; k < n; k++)
            x[k] = (num)(k == target ? 5 : -draw(&rng, 20, 80)); /* whole numbers: differences are exact */
        for (int k = 0; k < n; k++)
            if (k != target) rest += expl((long double)x[k] - (long double)x[target]);
        long double want = log1pl(rest);
        check_bound("the cost of the nearly certain", n, cross_entropy_row(x, n, 1, target), want,
                    8 * DBL_EPSILON * (double)want * n);
    }
}

/* ---- the operations and their gradients
 * ----------------------------------------------------------------------------------- */

static Mat rows_make(Arena *arena, int kind, int B, int N, Rng *rng) {
    Mat m = mat_new(arena, B, N);
    for (int b = 0; b < B; b++) row_make(kind, N, rng, &AT(m, b, 0));
    return m;
}

/* Labels, or distributions, on scores that are not -infinity. */
static void op_cross_entropies(int kind, int B, int N, bool labels, Rng *rng) {
    Tape t = { 0 };
    Mat x = rows_make(&t.arena, kind, B, N, rng), q = mat_zero(&t.arena, B, N);
    int label[LENGTH_MAX];
    long double log_p[LENGTH_MAX][LENGTH_MAX], cost = 0;
    for (int b = 0; b < B; b++) {
        exact_log_softmax(&AT(x, b, 0), N, 1, log_p[b]);
        do label[b] = draw(rng, 0, N - 1);
        while (isinf(AT(x, b, label[b])));
        AT(q, b, label[b]) = 1;
        if (!labels && label[b] > 0 && isfinite(AT(x, b, 0))) {
            AT(q, b, label[b]) = (num)0.75;
            AT(q, b, 0) = (num)0.25;
        }
        for (int n = 0; n < N; n++)
            if (AT(q, b, n) > 0) cost -= (long double)AT(q, b, n) * log_p[b][n] / B;
    }
    Var leaf = tape_leaf(&t, x),
        loss = labels ? op_cross_entropy_labels(&t, leaf, label) : op_cross_entropy(&t, leaf, q);
    check_bound("op_cross_entropy", kind, (double)loss->val.v[0], cost, EPSILON * ((double)cost + N + 8));
    tape_backward(&t, loss);
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++)
            check_bound("its gradient", kind, (double)leaf->grad[b * N + n],
                        (expl(log_p[b][n]) - (long double)AT(q, b, n)) / B,
                        (probability_bound(log_p[b][n], 0, N) + EPSILON * (double)AT(q, b, n)) / B);
    tape_free(&t);
}

TEST(softmax_and_cross_entropy_operations) {
    Rng rng = rng_seed(2, 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < 40; i++) {
            int B = draw(&rng, 1, 9), N = draw(&rng, 1, LENGTH_MAX);
            op_cross_entropies(kind, B, N, i % 2, &rng);
        }
}

/* Both directions of the loss, and its gradient: p - q, averaged over rows and columns. */
static void clip_case(int kind, int B, bool shared, Rng *rng) {
    Tape t = { 0 };
    Mat x = rows_make(&t.arena, kind, B, B, rng), transposed = mat_new(&t.arena, B, B);
    int caption[LENGTH_MAX];
    long double rows[LENGTH_MAX][LENGTH_MAX], columns[LENGTH_MAX][LENGTH_MAX], want = 0;
    for (int b = 0; b < B; b++) caption[b] = shared ? draw(rng, 0, 3) : b;
    for (int b = 0; b < B; b++)
        for (int n = 0; n < B; n++)
            if (isinf(AT(x, b, n)) && caption[b] == caption[n])
                AT(x, b, n) = 0; /* a matching pair has a finite score */
    mat_transpose(x, transposed);
    Mat q = shared ? clip_targets(&t.arena, caption, B, 0) : (Mat){ 0 };
    for (int b = 0; b < B; b++) {
        exact_log_softmax(&AT(x, b, 0), B, 1, rows[b]);
        exact_log_softmax(&AT(transposed, b, 0), B, 1, columns[b]);
    }
    for (int b = 0; b < B; b++)
        for (int n = 0; n < B; n++) {
            long double target = shared ? (long double)AT(q, b, n) : b == n;
            if (target > 0) want -= target * ((rows[b][n] + columns[b][n]) / 2 - logl(target)) / B;
        }
    Var leaf = tape_leaf(&t, x), loss = clip_loss(&t, leaf, q);
    /* The loss subtracts the entropy: its error is an ulp of either number. */
    check_bound("clip_loss", kind, (double)loss->val.v[0], want, EPSILON * 2 * ((double)want + B + log(B) + 8));
    tape_backward(&t, loss);
    for (int b = 0; b < B; b++)
        for (int n = 0; n < B; n++) {
            long double target = shared ? (long double)AT(q, b, n) : b == n;
            long double slope = ((expl(rows[b][n]) + expl(columns[n][b])) / 2 - target) / B;
            double bound = probability_bound(rows[b][n], 0, B) + probability_bound(columns[n][b], 0, B) +
                           2 * EPSILON * (double)target;
            check_bound("its gradient", kind, (double)leaf->grad[b * B + n], slope, bound / B);
        }
    tape_free(&t);
}

TEST(clip_loss_and_its_gradient) {
    Rng rng = rng_seed(3, 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < 20; i++) clip_case(kind, draw(&rng, 1, 33), i % 2, &rng);
}

/* Cosines as they come out of the towers, at the largest scale training allows: e^t = 100. */
TEST(clip_logits_at_the_largest_scale) {
    Rng rng = rng_seed(4, 0);
    for (int i = 0; i < 20; i++) {
        enum { E = 24 };
        Tape t = { .no_grad = true };
        int M = draw(&rng, 1, 20), N = draw(&rng, 1, 20);
        Mat scale = mat_like(&t.arena, mat_shape(0));
        scale.v[0] = (num)LOGIT_SCALE_MAX;
        Var image = op_l2norm(&t, tape_data(&t, mat_normal(&t.arena, M, E, &rng, 1))),
            text = op_l2norm(&t, tape_data(&t, mat_normal(&t.arena, N, E, &rng, 1)));
        Mat logits = clip_logits(&t, image, text, tape_data(&t, scale))->val;
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++) {
                long double dot = 0;
                for (int e = 0; e < E; e++) dot += (long double)AT(image->val, m, e) * (long double)AT(text->val, n, e);
                check_bound("clip_logits", m, (double)AT(logits, m, n), dot * expl((long double)scale.v[0]),
                            100 * EPSILON * (E + 4));
            }
        tape_free(&t);
    }
}

/* A NaN in a row, or a row of -infinity, makes this row NaN and no other. */
TEST(not_a_number_stays_in_its_row) {
    Tape t = { 0 };
    Rng rng = rng_seed(5, 0);
    for (int at = 0; at < 3; at++) {
        Mat x = rows_make(&t.arena, ORDINARY, 3, 5, &rng);
        AT(x, 1, at * 2) = (num)NAN;
        for (int n = 0; at == 2 && n < 5; n++) AT(x, 1, n) = (num)-INFINITY;
        Var leaf = tape_leaf(&t, x), loss = op_cross_entropy_labels(&t, leaf, (int[]){ 0, 1, 2 });
        CHECK(isnan(loss->val.v[0]), "case %d: %g", at, (double)loss->val.v[0]);
        tape_backward(&t, loss);
        for (int n = 0; n < 5; n++)
            CHECK(isnan(leaf->grad[5 + n]) && isfinite(leaf->grad[n]) && isfinite(leaf->grad[10 + n]),
                  "case %d, column %d: %g %g", at, n, (double)leaf->grad[5 + n], (double)leaf->grad[n]);
    }
    tape_free(&t);
}

/* ---- the passes of the network against loops
 * -------------------------------------------------------------------------------- */

/* Random numbers, not aligned to a vector. */
static Mat random_mat(Arena *arena, Mat shape, Rng *rng) {
    Mat m = shape;
    m.v = (num *)arena_alloc(arena, mat_count(shape) + 1, sizeof(num)) + 1;
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_normal(rng);
    return m;
}

/* Sums of squares and of many terms: `terms` roundings of numbers up to `size`. */
static void check_equal(const char *what, const num *got, const double *want, size_t count, double size, double terms) {
    for (size_t i = 0; i < count; i++) {
        double bound = EPSILON * (terms + 16) * fmax(size, fabs(want[i]));
        CHECK(fabs((double)got[i] - want[i]) <= bound, "%s, number %zu of %zu: %.9g, want %.9g +- %.2g", what, i, count,
              (double)got[i], want[i], bound);
    }
}

static double gelu(double x) { return 0.5 * x * erfc(-x * sqrt(0.5)); }

static void batchnorm_case(Rng *rng) {
    Tape t = { .training = rng_below(rng, 2) };
    int B = draw(rng, 1, 9), H = draw(rng, 1, 7), C = draw(rng, 1, 40), rows = B * H * H;
    Activation act = (Activation)draw(rng, 0, 2);
    Mat x = random_mat(&t.arena, mat_shape(4, B, H, H, C), rng), gamma = random_mat(&t.arena, mat_shape(1, C), rng),
        beta = random_mat(&t.arena, mat_shape(1, C), rng);
    Mat mean = random_mat(&t.arena, mat_shape(1, C), rng), var = random_mat(&t.arena, mat_shape(1, C), rng);
    double *want = arena_alloc(&t.arena, mat_count(x), sizeof *want), eps = 1e-2;
    for (int c = 0; c < C; c++) {
        var.v[c] = (num)(1 + fabs((double)var.v[c]));
        double m = (double)mean.v[c], v = (double)var.v[c];
        if (t.training) {
            m = v = 0;
            for (int r = 0; r < rows; r++) m += (double)x.v[r * C + c] / rows;
            for (int r = 0; r < rows; r++) v += ((double)x.v[r * C + c] - m) * ((double)x.v[r * C + c] - m) / rows;
        }
        for (int r = 0; r < rows; r++) {
            double y = (double)gamma.v[c] * ((double)x.v[r * C + c] - m) / sqrt(v + eps) + (double)beta.v[c];
            want[r * C + c] = act == ACT_GELU ? gelu(y) : act == ACT_RELU && y < 0 ? 0 : y;
        }
    }
    BatchStats stats = { mean.v, var.v, 0.1, eps };
    Var y = op_batchnorm(&t, tape_data(&t, x), tape_data(&t, gamma), tape_data(&t, beta), &stats, act);
    check_equal("batch norm", y->val.v, want, mat_count(x), 30, 20);
    tape_free(&t);
}

static void layernorm_case(Rng *rng) {
    Tape t = { 0 };
    int rows = draw(rng, 0, 9), D = draw(rng, 1, 70);
    Mat x = random_mat(&t.arena, mat_shape(2, rows, D), rng), gamma = random_mat(&t.arena, mat_shape(1, D), rng),
        beta = random_mat(&t.arena, mat_shape(1, D), rng);
    double *want = arena_alloc(&t.arena, mat_count(x), sizeof *want);
    for (int r = 0; r < rows; r++) {
        double m = 0, v = 0;
        for (int d = 0; d < D; d++) m += (double)AT(x, r, d) / D;
        for (int d = 0; d < D; d++) v += ((double)AT(x, r, d) - m) * ((double)AT(x, r, d) - m) / D;
        for (int d = 0; d < D; d++)
            want[r * D + d] = (double)gamma.v[d] * ((double)AT(x, r, d) - m) / sqrt(v + 1e-2) + (double)beta.v[d];
    }
    check_equal("layer norm",
                op_layernorm(&t, tape_data(&t, x), tape_data(&t, gamma), tape_data(&t, beta), 1e-2)->val.v, want,
                mat_count(x), 30, D);
    Var unit = op_l2norm(&t, tape_data(&t, x));
    for (int r = 0; r < rows; r++) {
        long double length = 0;
        for (int d = 0; d < D; d++) length += (long double)AT(x, r, d) * (long double)AT(x, r, d);
        for (int d = 0; d < D; d++) want[r * D + d] = (double)((long double)AT(x, r, d) / sqrtl(length));
    }
    check_equal("l2norm", unit->val.v, want, mat_count(x), 1, 4);
    tape_free(&t);
}

static void pool_case(Rng *rng) {
    Tape t = { 0 };
    int B = draw(rng, 0, 3), H = draw(rng, 1, 9), W = draw(rng, 1, 9), C = draw(rng, 1, 35),
        size = draw(rng, 1, MIN(H, W)), stride = draw(rng, 1, 4);
    int P = (H - size) / stride + 1, Q = (W - size) / stride + 1;
    Mat x = random_mat(&t.arena, mat_shape(4, B, H, W, C), rng);
    double *max = arena_alloc(&t.arena, (size_t)(B * P * Q * C), sizeof *max),
           *mean = arena_alloc(&t.arena, (size_t)(B * P * Q * C), sizeof *mean);
    for (int i = 0; i < B * P * Q * C; i++) {
        int c = i % C, q = i / C % Q, p = i / C / Q % P, b = i / C / Q / P;
        max[i] = -INFINITY;
        mean[i] = 0;
        for (int k = 0; k < size * size; k++) {
            double v = (double)x.v[((b * H + p * stride + k / size) * W + q * stride + k % size) * C + c];
            max[i] = fmax(max[i], v);
            mean[i] += v / (size * size);
        }
    }
    Mat pooled = op_maxpool(&t, tape_data(&t, x), size, stride)->val;
    CHECK(mat_count(pooled) == (size_t)(B * P * Q * C), "max pool gives %s", mat_shape_text(pooled));
    check_equal("max pool", pooled.v, max, mat_count(pooled), 0, -16);
    check_equal("mean pool", op_avgpool(&t, tape_data(&t, x), size, stride)->val.v, mean, mat_count(pooled), 5,
                size * size);
    tape_free(&t);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void lstm_case(Rng *rng) {
    Tape t = { 0 };
    int B = draw(rng, 1, 5), T = draw(rng, 1, 6), H = draw(rng, 1, 19), lengths[5];
    Mat given = random_mat(&t.arena, mat_shape(3, B, T, 4 * H), rng),
        weight = random_mat(&t.arena, mat_shape(2, 4 * H, H), rng),
        bias = random_mat(&t.arena, mat_shape(1, 4 * H), rng);
    double *want = arena_zero(&t.arena, (size_t)(B * H), sizeof *want);
    for (int b = 0; b < B; b++) {
        double h[19] = { 0 }, c[19] = { 0 }, gate[76];
        lengths[b] = draw(rng, 0, T);
        for (int step = 0; step < lengths[b]; step++) {
            for (int g = 0; g < 4 * H; g++) {
                gate[g] = (double)given.v[(b * T + step) * 4 * H + g] + (double)bias.v[g];
                for (int k = 0; k < H; k++) gate[g] += (double)AT(weight, g, k) * h[k];
            }
            for (int k = 0; k < H; k++) c[k] = sigmoid(gate[H + k]) * c[k] + sigmoid(gate[k]) * tanh(gate[2 * H + k]);
            for (int k = 0; k < H; k++) h[k] = sigmoid(gate[3 * H + k]) * tanh(c[k]);
        }
        for (int k = 0; k < H; k++) want[b * H + k] = h[k];
    }
    Var y = op_lstm(&t, tape_data(&t, given), tape_data(&t, weight), tape_data(&t, bias), lengths);
    check_equal("lstm", y->val.v, want, (size_t)(B * H), 100, H * T);
    tape_free(&t);
}

static void linear_case(Rng *rng) {
    Tape t = { 0 };
    int M = draw(rng, 0, 20), K = draw(rng, 1, 40), N = draw(rng, 1, 40);
    Mat x = random_mat(&t.arena, mat_shape(2, M, K), rng), w = random_mat(&t.arena, mat_shape(2, N, K), rng),
        bias = random_mat(&t.arena, mat_shape(1, N), rng);
    double *want = arena_alloc(&t.arena, (size_t)(M * N), sizeof *want);
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            want[m * N + n] = (double)bias.v[n];
            for (int k = 0; k < K; k++) want[m * N + n] += (double)AT(x, m, k) * (double)AT(w, n, k);
        }
    check_equal("linear", op_linear(&t, tape_data(&t, x), tape_data(&t, w), tape_data(&t, bias))->val.v, want,
                (size_t)(M * N), 10, K);
    tape_free(&t);
}

TEST(passes_against_loops) {
    void (*const cases[])(Rng *) = { batchnorm_case, layernorm_case, pool_case, lstm_case, linear_case };
    for (size_t c = 0; c < COUNT(cases); c++) {
        Rng rng = rng_seed(6, c);
        for (int i = 0; i < 60; i++) cases[c](&rng);
    }
}

/* vec_exp in float and in double, from -9 to 9 and at infinity, against libm. test_vecmath checks every 2039th float.
 * */
TEST(exp_of_a_vector) {
    enum { N = 181 };
    num x[N + 2] = { [N] = INFINITY, [N + 1] = -INFINITY }, e[N + 2];
    double room = sizeof(num) == sizeof(float) ? 4 * FLT_EPSILON : 4 * DBL_EPSILON;
    for (int i = 0; i < N; i++) x[i] = (num)((i - 90) / 10.0);
    vec_exp(x, e, N + 2);
    for (int i = 0; i < N; i++) {
        double right = exp((double)x[i]);
        CHECK(fabs((double)e[i] - right) <= room * right, "exp(%g) is %.17g, want %.17g", (double)x[i], (double)e[i],
              right);
    }
    CHECK(isinf(e[N]) && e[N + 1] == 0, "%g %g", (double)e[N], (double)e[N + 1]);
}

TESTS(plain_softmax_and_cross_entropy, nearly_certain, softmax_and_cross_entropy_operations, clip_loss_and_its_gradient,
      clip_logits_at_the_largest_scale, not_a_number_stays_in_its_row, passes_against_loops, exp_of_a_vector)
