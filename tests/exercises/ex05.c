/* What is right is found by central differences in double: (L(x + h) - L(x - h)) / 2h, for a scalar L. */
#include "exam.h"

enum { MOST = 64 };

/* dL/dx[i] of n numbers, into slope. */
static void differences(double (*loss)(const double *x, const void *context), const void *context, double *x, int n,
                        double *slope) {
    const double h = 1e-5;
    REQUIRE(n <= MOST, "%d numbers", n);
    for (int i = 0; i < n; i++) {
        double kept = x[i], above = (x[i] = kept + h, loss(x, context)), below = (x[i] = kept - h, loss(x, context));
        x[i] = kept;
        slope[i] = (above - below) / (2 * h);
    }
}

static void widen(const num *x, size_t n, double *wide) {
    for (size_t i = 0; i < n; i++) wide[i] = (double)x[i];
}

/* ---- relu -------------------------------------------------------------------------------------------------------- */

typedef struct { int n; const num *dy; } Relu;

static double relu_loss(const double *x, const void *context) {
    const Relu *relu = context;
    double sum = 0;
    for (int i = 0; i < relu->n; i++) sum += (double)relu->dy[i] * fmax(x[i], 0);
    return sum;
}

static void relu_case(Mat x, Mat dy, Mat before) {
    int n = x.shape[1];
    double wide[MOST], slope[MOST];
    widen(x.v, (size_t)n, wide);
    differences(relu_loss, &(Relu){ n, dy.v }, wide, n, slope);
    Mat dx = exam_guarded(before);
    exam_case("x = %s, dy = %s, dx before = %s", exam_vector(x.v, n), exam_vector(dy.v, n), exam_vector(before.v, n));
    relu_backward(x.v, dy.v, n, dx.v);
    for (int i = 0; i < n; i++) {
        double b = (double)before.v[i], g = slope[i], d = (double)dy.v[i];
        exam_gradient((double)dx.v[i], b, 0,
                      (double[]){ b + g, g, wide[i] > 0 ? g : b, b + d, b + d - g, b + d * fmax(wide[i], 0) },
                      "dx[%d]", i);
    }
}

static void check_relu(void) {
    relu_case(exam_from(1, 2, (double[]){ 2, -3 }), exam_from(1, 2, (double[]){ 5, 7 }),
              exam_from(1, 2, (double[]){ 1, 1 }));
    for (int k = 0; k < 3; k++) {
        int n = 6 + 5 * k;
        Mat x = exam_random(1, n, 1);
        for (int i = 0; i < n; i++) x.v[i] += x.v[i] > 0 ? (num)0.1 : (num)-0.1; /* away from the kink */
        x.v[0] = -2, x.v[1] = 3;
        relu_case(x, exam_random(1, n, 1), exam_random(1, n, 1));
    }
}

/* ---- matmul ------------------------------------------------------------------------------------------------------ */

typedef struct { Mat a, b, dy; bool for_b; } Product;

static double product_loss(const double *x, const void *context) {
    const Product *p = context;
    double sum = 0;
    int M = p->a.shape[0], K = p->a.shape[1], N = p->b.shape[1];
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++)
            for (int n = 0; n < N; n++) {
                double a = p->for_b ? (double)AT(p->a, m, k) : x[m * K + k],
                       b = p->for_b ? x[k * N + n] : (double)AT(p->b, k, n);
                sum += a * b * (double)AT(p->dy, m, n);
            }
    return sum;
}

/* One of the two gradients: what was there before, what is right to add, what comes without the transposition (where
 * the shapes allow it), and the last term of the sum. */
static void compare_product(const char *name, Mat got, Mat before, const double *slope, const double *plain,
                            const double *last, bool is_b) {
    for (int i = 0; i < (int)mat_count(got); i++) {
        double b = (double)before.v[i], g = slope[i], right = b + g, turned = plain ? b + plain[i] : EXAM_ANY;
        exam_gradient((double)got.v[i], b, 0,
                      (double[]){ right, g, is_b ? right : g, is_b ? g : right, turned, is_b ? right : turned,
                                  is_b ? turned : right, last[i], is_b ? right : last[i], is_b ? last[i] : right,
                                  is_b ? right : b - g, is_b ? b - g : right },
                      "%s[%d,%d]", name, i / got.shape[1], i % got.shape[1]);
    }
}

static void matmul_case(Mat a, Mat b, Mat dy, Mat before_a, Mat before_b) {
    int M = a.shape[0], K = a.shape[1], N = b.shape[1];
    bool square = M == K && K == N;
    double wide[MOST], da[MOST], db[MOST], plain_a[MOST], plain_b[MOST], last_a[MOST], last_b[MOST];
    widen(a.v, mat_count(a), wide);
    differences(product_loss, &(Product){ a, b, dy, false }, wide, M * K, da);
    widen(b.v, mat_count(b), wide);
    differences(product_loss, &(Product){ a, b, dy, true }, wide, K * N, db);
    for (int i = 0; square && i < M * M; i++) {
        plain_a[i] = plain_b[i] = 0;
        for (int k = 0; k < M; k++) {
            plain_a[i] += (double)AT(dy, i / M, k) * (double)AT(b, k, i % M);
            plain_b[i] += (double)AT(a, i / M, k) * (double)AT(dy, k, i % M);
        }
    }
    for (int i = 0; i < M * K; i++) last_a[i] = (double)AT(dy, i / K, N - 1) * (double)AT(b, i % K, N - 1);
    for (int i = 0; i < K * N; i++) last_b[i] = (double)AT(a, M - 1, i / N) * (double)AT(dy, M - 1, i % N);
    Mat got_a = exam_guarded(before_a), got_b = exam_guarded(before_b);
    exam_case("a = %s, b = %s, dy = %s, da before = %s, db before = %s", exam_matrix(a), exam_matrix(b),
              exam_matrix(dy), exam_matrix(before_a), exam_matrix(before_b));
    matmul_backward(a, b, dy, got_a, got_b);
    compare_product("da", got_a, before_a, da, square ? plain_a : NULL, last_a, false);
    compare_product("db", got_b, before_b, db, square ? plain_b : NULL, last_b, true);
}

static void check_matmul(void) {
    matmul_case(exam_from(2, 2, (double[]){ 1, 2, 0, 1 }), exam_from(2, 2, (double[]){ 3, 4, 5, 0 }),
                exam_from(2, 2, (double[]){ 1, 0, 2, -1 }), exam_from(2, 2, (double[]){ 1, 1, 1, 1 }),
                exam_from(2, 2, (double[]){ 2, 2, 2, 2 }));
    for (int k = 0; k < 2; k++)
        matmul_case(exam_random(3 + k, 3 + k, 1), exam_random(3 + k, 3 + k, 1), exam_random(3 + k, 3 + k, 1),
                    exam_random(3 + k, 3 + k, 1), exam_random(3 + k, 3 + k, 1));
    matmul_case(exam_random(2, 5, 1), exam_random(5, 3, 1), exam_random(2, 3, 1), exam_random(2, 5, 1),
                exam_random(5, 3, 1));
    matmul_case(exam_random(4, 2, 1), exam_random(2, 6, 1), exam_random(4, 6, 1), exam_random(4, 2, 1),
                exam_random(2, 6, 1));
}

/* ---- softmax and cross-entropy ----------------------------------------------------------------------------------- */

typedef struct { int B, N; const int *target; } Rows;

static double rows_loss(const double *x, const void *context) {
    const Rows *rows = context;
    double loss = 0;
    for (int b = 0; b < rows->B; b++, x += rows->N) {
        double sum = 0;
        for (int n = 0; n < rows->N; n++) sum += exp(x[n]);
        loss += log(sum) - x[rows->target[b]];
    }
    return loss / rows->B;
}

static void cross_entropy_case(Mat x, const int *target, Mat before) {
    int B = x.shape[0], N = x.shape[1];
    double wide[MOST], slope[MOST];
    widen(x.v, mat_count(x), wide);
    differences(rows_loss, &(Rows){ B, N, target }, wide, B * N, slope);
    Mat dx = exam_guarded(before);
    exam_case("x = %s, target = %s, dx before = %s", exam_matrix(x), exam_ints(target, B), exam_matrix(before));
    cross_entropy_backward(x, target, dx);
    for (int i = 0; i < B * N; i++) {
        double b = (double)before.v[i], q = i % N == target[i / N];
        exam_gradient(
            (double)dx.v[i], b, B,
            (double[]){ b + slope[i], slope[i], B * slope[i], b + slope[i] + q / B, b + slope[i] + q / B - q },
            "dx[%d,%d]", i / N, i % N);
    }
}

static void check_cross_entropy(void) {
    cross_entropy_case(mat_zero(exam_arena(), 2, 2), (int[]){ 0, 1 }, mat_zero(exam_arena(), 2, 2));
    for (int k = 0; k < 3; k++) {
        int target[8], B = 3 + 2 * k, N = 4 + k;
        for (int b = 0; b < B; b++) target[b] = (int)rng_below(exam_rng(), (uint32_t)N);
        cross_entropy_case(exam_random(B, N, 1), target, exam_random(B, N, 1));
    }
}

#define OVERWRITTEN                                                                                                   \
    "the gradient was overwritten, = for +=: what dx held before is lost, and with it the other share of a value "    \
    "used twice"

static const Part parts[] = {
    { .name = "relu_backward", .check = check_relu, .tolerance = 1e-5, .gradient = true,
      .mistakes = {
          { "overwritten", OVERWRITTEN },
          { "overwritten", OVERWRITTEN },
          { "no-mask", "dy was added everywhere, also where x is below 0" },
          { "other-side", "dy was added where x is below 0 instead of above" },
          { "times-x", "dy was multiplied by y: the slope of the ramp is 1" },
      } },
    { .name = "matmul_backward", .check = check_matmul, .tolerance = 1e-5, .gradient = true,
      .mistakes = {
          { "overwritten", "da and db were overwritten, = for +=: what they held before is lost" },
          { "overwritten", "da was overwritten, = for +=: what it held before is lost" },
          { "overwritten", "db was overwritten, = for +=: what it held before is lost" },
          { "transpose", "the transpositions are missing: da = dy b^T, db = a^T dy" },
          { "transpose", "b was not transposed in da = dy b^T" },
          { "transpose", "a was not transposed in db = a^T dy" },
          { "overwritten", "da and db hold the last term of their sums alone: overwritten, = for +=" },
          { "overwritten", "da holds the last term of its sum alone: overwritten, = for +=" },
          { "overwritten", "db holds the last term of its sum alone: overwritten, = for +=" },
          { "sign", "da is -1 times the right one: the sign" },
          { "sign", "db is -1 times the right one: the sign" },
      } },
    { .name = "cross_entropy_backward", .check = check_cross_entropy, .tolerance = 1e-5, .gradient = true,
      .mistakes = {
          { "overwritten", OVERWRITTEN },
          { "overwritten-mean", "the gradient was overwritten, = for +=, and 1/B was forgotten" },
          { "no-target", "q, the 1 at the target, was not subtracted" },
          { "mean-of-one", "1 is subtracted at the target, but only p is divided by B: both are" },
      } },
};

const Exam exam = {
    .number = "05", .title = "backward", .parts = parts, .count = COUNT(parts),
    .proved = "three small rules, p - q among them, are most of what training needs.",
    .in_clip = "lib/autograd/op_activation.c, lib/autograd/op_matmul.c and lib/autograd/op_cross_entropy.c; the tape calls them in reverse order.",
};
