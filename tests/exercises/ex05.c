#include "verify.h"

/* ---- relu -------------------------------------------------------------------------------------------------------- */

enum {
    R_RIGHT,
    R_OVERWRITTEN,
    R_OVERWRITTEN_WHERE,
    R_NO_MASK,
    R_OTHER_SIDE,
    R_TIMES_X,
    R_TIMES_RAMP,
    R_MASK_DY,
    R_MASK_DX,
    R_SLOPE_ONLY,
    R_LEAKY_1,
    R_LEAKY_2,
    R_ZEROES_REST,
    R_MINUS_ELSE,
    R_ABS,
    R_RETURNS,
    R_SKIPS_LAST,
    R_DX_TWICE,
    R_ADDS_X,
    R_TIMES_DX,
    R_AT_ZERO,
    R_ABOVE_1,
    R_FORWARD,
    R_FIRST_DY,
    R_SKIPS_FIRST,
    R_SLOPE_SET,
    R_WHERE_AT_1,
    R_DX_MASKED,
    R_CLEARS_NEGATIVE,
    R_PACKED,
    R_MODELS
};

static double relu_as(int model, double x, double dy, double before) {
    double on = x > 0 ? dy : 0;
    switch (model) {
    case R_OVERWRITTEN: return on;
    case R_OVERWRITTEN_WHERE: return x > 0 ? dy : before;
    case R_NO_MASK: return before + dy;
    case R_OTHER_SIDE: return before + (x < 0 ? dy : 0);
    case R_TIMES_X: return before + dy * x;
    case R_TIMES_RAMP: return before + dy * fmax(x, 0);
    case R_MASK_DY: return before + (dy > 0 ? dy : 0);
    case R_MASK_DX: return before + (before > 0 ? dy : 0);
    case R_SLOPE_ONLY: return before + (x > 0);
    case R_SLOPE_SET: return x > 0;
    case R_LEAKY_1: return before + (x > 0 ? dy : 0.1 * dy);
    case R_LEAKY_2: return before + (x > 0 ? dy : 0.01 * dy);
    case R_ZEROES_REST: return x > 0 ? before + dy : 0;
    case R_MINUS_ELSE: return before + (x > 0 ? dy : -dy);
    case R_ABS: return before + (fabs(trunc(x)) == x ? dy : 0);
    case R_DX_TWICE: return x > 0 ? 2 * before + dy : before;
    case R_ADDS_X: return before + (x > 0 ? x : 0);
    case R_TIMES_DX: return x > 0 ? before * dy : before;
    case R_AT_ZERO: return before + (x >= 0 ? dy : 0);
    case R_ABOVE_1: return before + (x > 1 ? dy : 0);
    case R_WHERE_AT_1: return before + (x >= 1 ? dy : 0);
    case R_FORWARD: return fmax(x, 0);
    case R_CLEARS_NEGATIVE: return x > 0 ? before + dy : x < 0 ? 0 : before;
    case R_DX_MASKED: return x > 0 ? before + dy : dy;
    default: return before + on;
    }
}

static void relu_case(const char *label, Mat x, Mat dy, Mat before) {
    int n = x.shape[1];
    bool stopped = false;
    verify_case(label, "x = %s, dy = %s, dx before = %s", verify_vector(x.v, n), verify_vector(dy.v, n),
                verify_vector(before.v, n));
    verify_size("n", n);
    verify_answers(1, n, before.v, true);
    for (int m = 0; m < R_MODELS; m++)
        for (int i = 0; i < n; i++)
            verify_model(m)[i] = relu_as(m, (double)x.v[i], (double)dy.v[m == R_FIRST_DY ? 0 : i], (double)before.v[i]);
    for (int i = 0; i < n; i++) {
        stopped = stopped || x.v[i] <= 0;
        if (stopped) verify_model(R_RETURNS)[i] = (double)before.v[i];
    }
    for (int i = 0, k = 0; i < n; i++)
        if (x.v[i] > 0) verify_model(R_PACKED)[i] = (double)before.v[i] + (double)dy.v[k++];
    verify_model(R_SKIPS_LAST)[n - 1] = (double)before.v[n - 1];
    verify_model(R_SKIPS_FIRST)[0] = (double)before.v[0];
    Mat dx = verify_changing("dx", before);
    relu_backward(verify_input("x", x).v, verify_input("dy", dy).v, n, dx.v);
    for (int i = 0; i < n; i++) verify_got(i, (double)dx.v[i], "dx[%d]", i);
    verify_done();
}

static void check_relu(void) {
    Mat x = verify_from(1, 2, (double[]){ 2, -3 }), dy = verify_from(1, 2, (double[]){ 5, 7 }),
        before = verify_from(1, 2, (double[]){ 1, 1 });
    relu_case("the worked example", x, dy, before);
    relu_case("x above 0 behind x below 0", verify_from(1, 4, (double[]){ -1.5, 0.5, -2, 3 }),
              verify_from(1, 4, (double[]){ -3, -0.5, 2, 4 }), verify_from(1, 4, (double[]){ 0.25, -2, -1, 3 }));
    relu_case("x of 0", verify_from(1, 3, (double[]){ 0, 1.25, -0.5 }), verify_from(1, 3, (double[]){ 2, -4, 8 }),
              verify_from(1, 3, (double[]){ 3, 5, -7 }));
    relu_case("x of 1", verify_from(1, 3, (double[]){ 1, 2, -1 }), verify_from(1, 3, (double[]){ 2.5, -4, 8 }),
              verify_from(1, 3, (double[]){ 3, 5, -7 }));
    relu_case("dx 0 before", verify_from(1, 3, (double[]){ 0.5, -0.5, 1.5 }),
              verify_from(1, 3, (double[]){ 1.5, 2.5, -3.5 }), verify_from(1, 3, (double[]){ 0, 0, 0 }));
    for (int k = 0; k < 4; k++) {
        int n = 5 + 5 * k;
        relu_case("any numbers", verify_random(1, n, 1), verify_random(1, n, 1), verify_random(1, n, 1));
    }
    while (verify_wants_small()) {
        int n = 1 + (int)rng_below(verify_rng(), 7);
        relu_case("few numbers", verify_random(1, n, 1), verify_random(1, n, 1), verify_random(1, n, 1));
    }
    relu_case("again", x, dy, before);
}

/* ---- matmul ------------------------------------------------------------------------------------------------------ */

/* What the mistakes make of da; db has the same ones for itself. */
enum {
    G_RIGHT,
    G_OVERWRITTEN,
    G_LAST_TERM,
    G_LAST_ADDED,
    G_SIGN,
    G_NOTHING,
    G_NOT_TURNED,
    G_DY_TURNED,
    G_TIMES_SELF,
    G_ALL_TURNED,
    G_TWICE_BEFORE,
    G_SKIPS_LAST,
    G_OVER_M,
    G_OVER_N,
    G_TWICE,
    G_INT,
    G_FROM_OTHER,
    G_SKIPS_LAST_TERM,
    G_SKIPS_FIRST_TERM,
    G_STRIDE,
    G_PARTIAL,
    G_PARTIAL_BEFORE,
    G_RUNNING,
    G_MODELS
};
enum {
    PER_GRADIENT = G_MODELS - 1,
    M_BOTH = 1,
    M_A = M_BOTH + PER_GRADIENT,
    M_B = M_A + PER_GRADIENT,
    M_SQUARE = M_B + PER_GRADIENT,
    M_EXCHANGED,
    M_K_LAST,
    M_M_LAST,
    M_N_LAST,
    M_EARLY,
    M_MODELS
};

typedef struct {
    Mat a, b, dy, before_a, before_b;
    int M, K, N;
} Product;

static double at(Mat m, int r, int c) { return r < m.shape[0] && c < m.shape[1] ? (double)AT(m, r, c) : VERIFY_ANY; }
static double times(double x, double y) { return x == VERIFY_ANY || y == VERIFY_ANY ? VERIFY_ANY : x * y; }

/* da[r,c] (of_b: db[r,c]) by one mistake. */
static double gradient(const Product *p, bool of_b, int r, int c, int model) {
    double before = (double)AT(of_b ? p->before_b : p->before_a, r, c), sum = 0, last = 0, whole = before;
    int terms = of_b ? p->M : p->N;
    for (int k = 0; k < terms; k++) {
        double dy = of_b ? at(p->dy, k, c) : at(p->dy, r, k), other = of_b ? at(p->a, k, r) : at(p->b, c, k);
        if (model == G_NOT_TURNED) other = of_b ? at(p->a, r, k) : at(p->b, k, c);
        if (model == G_DY_TURNED) dy = of_b ? at(p->dy, c, k) : at(p->dy, k, r);
        if (model == G_ALL_TURNED) {
            dy = of_b ? at(p->dy, c, k) : at(p->dy, k, r);
            other = of_b ? at(p->a, r, k) : at(p->b, k, c);
        }
        if (model == G_TIMES_SELF) other = of_b ? at(p->b, r, c) : at(p->a, r, c);
        if (model == G_SKIPS_LAST_TERM && k == terms - 1) continue;
        if (model == G_SKIPS_FIRST_TERM && k == 0) continue;
        last = times(dy, other);
        if (last == VERIFY_ANY) return VERIFY_ANY;
        sum += last;
        whole = trunc(whole + last);
    }
    bool edge = of_b ? c == p->N - 1 : c == p->K - 1;
    switch (model) {
    case G_OVERWRITTEN: return sum;
    case G_LAST_TERM: return last;
    case G_LAST_ADDED: return before + last;
    case G_SIGN: return before - sum;
    case G_NOTHING: return before;
    case G_TWICE_BEFORE: return 2 * before + sum;
    case G_SKIPS_LAST: return edge ? before : before + sum;
    case G_OVER_M: return before + sum / p->M;
    case G_OVER_N: return before + sum / p->N;
    case G_TWICE: return before + 2 * sum;
    case G_INT: return whole;
    default: return before + sum;
    }
}

/* da used where a is meant in db: by then da holds the gradient; or the other way round. */
static double from_other(const Product *p, bool of_b, int r, int c) {
    double sum = (double)AT(of_b ? p->before_b : p->before_a, r, c);
    for (int k = 0; k < (of_b ? p->M : p->N); k++)
        sum += of_b ? gradient(p, false, k, r, G_RIGHT) * (double)AT(p->dy, k, c)
                    : (double)AT(p->dy, r, k) * gradient(p, true, c, k, G_RIGHT);
    return sum;
}

/* The same where both are added up in one loop: what the other holds by then, with or without the present term. */
static double from_partial(const Product *p, bool of_b, int r, int c, int with) {
    double sum = (double)AT(of_b ? p->before_b : p->before_a, r, c);
    for (int k = 0; k < (of_b ? p->M : p->N); k++) {
        double other = of_b ? (double)AT(p->before_a, k, r) : (double)AT(p->before_b, c, k);
        for (int j = 0; j < (of_b ? c : r) + with; j++)
            other += of_b ? (double)AT(p->dy, k, j) * (double)AT(p->b, r, j)
                          : (double)AT(p->a, j, c) * (double)AT(p->dy, j, k);
        sum += other * (of_b ? (double)AT(p->dy, k, c) : (double)AT(p->dy, r, k));
    }
    return sum;
}

/* The share goes to place row * (the other's columns) + column: da.v[m * N + k]. */
static void wrong_stride(const Product *p, bool of_b, double *out) {
    int rows = of_b ? p->K : p->M, cols = of_b ? p->N : p->K, stride = of_b ? p->K : p->N;
    Mat before = of_b ? p->before_b : p->before_a;
    for (int i = 0; i < rows * cols; i++) out[i] = (double)before.v[i];
    for (int i = 0; i < rows * cols; i++) {
        int to = i / cols * stride + i % cols;
        if (to < rows * cols) out[to] += gradient(p, of_b, i / cols, i % cols, G_RIGHT) - (double)before.v[i];
    }
}

static void one_gradient(const Product *p, bool of_b, int model, double *out) {
    int cols = of_b ? p->N : p->K, count = (of_b ? p->K : p->M) * cols;
    if (model == G_STRIDE) {
        wrong_stride(p, of_b, out);
        return;
    }
    double running = 0;
    for (int i = 0; i < count; i++) {
        int r = i / cols, c = i % cols;
        double before = (double)AT(of_b ? p->before_b : p->before_a, r, c);
        running += gradient(p, of_b, r, c, G_RIGHT) - before;
        if (model == G_RUNNING) out[i] = before + running;
        else if (model == G_FROM_OTHER) out[i] = from_other(p, of_b, r, c);
        else if (model == G_PARTIAL || model == G_PARTIAL_BEFORE)
            out[i] = from_partial(p, of_b, r, c, model == G_PARTIAL);
        else out[i] = gradient(p, of_b, r, c, model);
    }
}

/* Only the rows and columns below M, where M stands for K and N. */
static void square_only(const Product *p, double *out) {
    int count = p->M * p->K;
    for (int i = 0; i < count + p->K * p->N; i++) out[i] = VERIFY_ANY;
    for (int i = 0; i < count; i++)
        if (p->N == p->M)
            out[i] = i % p->K < p->M ? gradient(p, false, i / p->K, i % p->K, G_RIGHT) : (double)p->before_a.v[i];
}

/* The loop over m ends after m = 0. */
static void only_first_m(const Product *p, double *out) {
    int of_a = p->M * p->K;
    for (int i = 0; i < of_a; i++) out[i] = i < p->K ? gradient(p, false, 0, i, G_RIGHT) : (double)p->before_a.v[i];
    for (int i = 0; i < p->K * p->N; i++)
        out[of_a + i] = (double)p->before_b.v[i] + (double)AT(p->a, 0, i / p->N) * (double)AT(p->dy, 0, i % p->N);
}

static void fill_models(const Product *p) {
    int at_b = p->M * p->K;
    for (int m = 0; m < M_MODELS; m++) {
        int a = m >= M_BOTH && m < M_A ? m - M_BOTH + 1 : m >= M_A && m < M_B ? m - M_A + 1 : G_RIGHT;
        int b = m >= M_BOTH && m < M_A ? m - M_BOTH + 1 : m >= M_B && m < M_SQUARE ? m - M_B + 1 : G_RIGHT;
        one_gradient(p, false, a, verify_model(m));
        one_gradient(p, true, b, verify_model(m) + at_b);
    }
    square_only(p, verify_model(M_SQUARE));
    only_first_m(p, verify_model(M_EARLY));
    for (int i = 0; i < at_b; i++)
        verify_model(M_EXCHANGED)[i] =
            p->M == p->K && p->K == p->N
                ? (double)p->before_a.v[i] + gradient(p, true, i / p->K, i % p->K, G_RIGHT) - (double)p->before_b.v[i]
                : VERIFY_ANY;
    for (int i = 0; i < p->K * p->N; i++)
        verify_model(M_EXCHANGED)[at_b + i] =
            p->M == p->K && p->K == p->N
                ? (double)p->before_b.v[i] + gradient(p, false, i / p->N, i % p->N, G_RIGHT) - (double)p->before_a.v[i]
                : VERIFY_ANY;
    one_gradient(p, true, G_SKIPS_LAST_TERM, verify_model(M_M_LAST) + at_b);
    for (int k = 0; k < p->K; k++) verify_model(M_M_LAST)[(p->M - 1) * p->K + k] = (double)AT(p->before_a, p->M - 1, k);
    one_gradient(p, false, G_SKIPS_LAST_TERM, verify_model(M_N_LAST));
    for (int k = 0; k < p->K; k++)
        verify_model(M_N_LAST)[at_b + k * p->N + p->N - 1] = (double)AT(p->before_b, k, p->N - 1);
    one_gradient(p, false, G_SKIPS_LAST, verify_model(M_K_LAST));
    for (int n = 0; n < p->N; n++)
        verify_model(M_K_LAST)[at_b + (p->K - 1) * p->N + n] = (double)AT(p->before_b, p->K - 1, n);
}

static void matmul_case(const char *label, Mat a, Mat b, Mat dy, Mat before_a, Mat before_b) {
    Product p = { a, b, dy, before_a, before_b, a.shape[0], a.shape[1], b.shape[1] };
    int of_a = p.M * p.K, of_b = p.K * p.N;
    num *before = arena_alloc(verify_arena(), (size_t)(of_a + of_b), sizeof *before);
    memcpy(before, before_a.v, (size_t)of_a * sizeof *before);
    memcpy(before + of_a, before_b.v, (size_t)of_b * sizeof *before);
    verify_case(label, "a = %s, b = %s, dy = %s, da before = %s, db before = %s", verify_matrix(a), verify_matrix(b),
                verify_matrix(dy), verify_matrix(before_a), verify_matrix(before_b));
    verify_size("M", p.M);
    verify_size("K", p.K);
    verify_size("N", p.N);
    verify_answers(1, of_a + of_b, before, true);
    fill_models(&p);
    Mat da = verify_changing("da", before_a), db = verify_changing("db", before_b);
    matmul_backward(verify_lent("a", a), verify_lent("b", b), verify_lent("dy", dy), da, db);
    for (int i = 0; i < of_a; i++) verify_got(i, (double)da.v[i], "da[%d,%d]", i / p.K, i % p.K);
    for (int i = 0; i < of_b; i++) verify_got(of_a + i, (double)db.v[i], "db[%d,%d]", i / p.N, i % p.N);
    verify_done();
}

static void fresh_matmul(const char *label, int M, int K, int N, double scale) {
    matmul_case(label, verify_random(M, K, scale), verify_random(K, N, scale), verify_random(M, N, scale),
                verify_random(M, K, scale), verify_random(K, N, scale));
}

static void check_matmul(void) {
    Mat a = verify_from(1, 2, (double[]){ 1, 2 }), b = verify_from(2, 1, (double[]){ 3, 4 }),
        dy = verify_from(1, 1, (double[]){ 10 });
    matmul_case("the worked example", a, b, dy, verify_from(1, 2, (double[]){ 0, 0 }),
                verify_from(2, 1, (double[]){ 0, 0 }));
    matmul_case("square matrices", verify_from(2, 2, (double[]){ 1, 2, 0, 1 }),
                verify_from(2, 2, (double[]){ 3, 4, 5, 0 }), verify_from(2, 2, (double[]){ 1, 0, 2, -1 }),
                verify_from(2, 2, (double[]){ 1, 1, 1, 1 }), verify_from(2, 2, (double[]){ 2, 2, 2, 2 }));
    fresh_matmul("square matrices", 2, 2, 2, 1);
    fresh_matmul("M, K and N differ", 2, 3, 1, 2);
    fresh_matmul("M, K and N differ", 1, 2, 3, 2);
    fresh_matmul("M, K and N differ", 3, 1, 2, 2);
    for (int k = 0; k < 2; k++) fresh_matmul("square matrices", 3 + k, 3 + k, 3 + k, 1);
    fresh_matmul("M, K and N differ", 2, 5, 3, 1);
    fresh_matmul("M, K and N differ", 4, 2, 6, 1);
    fresh_matmul("M, K and N differ", 5, 3, 2, 1);
    while (verify_wants_small())
        fresh_matmul("small sizes", 1 + (int)rng_below(verify_rng(), 2), 1 + (int)rng_below(verify_rng(), 2),
                     1 + (int)rng_below(verify_rng(), 2), 1);
    matmul_case("again", a, b, dy, verify_from(1, 2, (double[]){ 0, 0 }), verify_from(2, 1, (double[]){ 0, 0 }));
}

/* ---- softmax and cross-entropy ----------------------------------------------------------------------------------- */

enum {
    X_RIGHT,
    X_OVERWRITTEN,
    X_OVERWRITTEN_MEAN,
    X_NO_MEAN,
    X_MEAN_TWICE,
    X_OVER_N,
    X_INT_DIVISION,
    X_INT_Q,
    X_NO_TARGET,
    X_MEAN_OF_ONE,
    X_MEAN_OF_Q,
    X_PLUS_Q,
    X_Q_EVERYWHERE,
    X_ONLY_TARGET,
    X_NOT_TARGET,
    X_SIGN,
    X_TARGET_B,
    X_TARGET_0,
    X_TARGET_NEXT,
    X_LOG,
    X_NO_SOFTMAX,
    X_FIRST_ROW,
    X_SCALE,
    X_B_LONG,
    X_SOFTMAX_COLUMNS,
    X_EXP,
    X_HALF,
    X_TWICE,
    X_OVER_BN,
    X_SQUARED,
    X_SLOPE,
    X_SIGMOID,
    X_WHOLE,
    X_SKIPS_LAST_ROW,
    X_SKIPS_LAST,
    X_TARGET_COUNT,
    X_Q_OVER_N,
    X_TIMES_Q,
    X_BEFORE_DIVIDED,
    X_NO_MAX,
    X_NO_MAX_FLOAT,
    X_BREAKS,
    X_TWO,
    X_MODELS
};

/* exp(z) / sum of exp over n numbers that lie `step` apart; scale: of all of them. */
static double softmax_of(double z, const num *x, int n, int step, double scale) {
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < n; k++) most = fmax(most, scale * (double)x[k * step]);
    for (int k = 0; k < n; k++) sum += exp(scale * (double)x[k * step] - most);
    return exp(z - most) / sum;
}

/* The softmax without the largest score subtracted: what exp makes of scores outside of -least to most. */
static double unshifted(const num *row, int N, int n, double most, double least) {
    double top = -INFINITY;
    for (int k = 0; k < N; k++) top = fmax(top, (double)row[k]);
    if (top < least || (double)row[n] > most) return NAN;
    return top > most ? 0 : softmax_of((double)row[n], row, N, 1, 1);
}

/* What p is in the mistake. */
static double p_as(int model, Mat x, int b, int n) {
    int B = x.shape[0], N = x.shape[1];
    const num *row = &AT(x, b, 0);
    double z = (double)row[n];
    switch (model) {
    case X_FIRST_ROW: return p_as(X_RIGHT, x, 0, n);
    case X_LOG: return log(softmax_of(z, row, N, 1, 1));
    case X_NO_SOFTMAX: return z;
    case X_EXP: return exp(z);
    case X_SIGMOID: return 1 / (1 + exp(-z));
    case X_SCALE: return softmax_of(z / B, row, N, 1, 1.0 / B);
    case X_WHOLE: return softmax_of(z, x.v, B * N, 1, 1);
    case X_SOFTMAX_COLUMNS: return softmax_of(z, x.v + n, B, N, 1);
    case X_B_LONG: return b * N + B > (int)mat_count(x) || n >= B ? VERIFY_ANY : softmax_of(z, row, B, 1, 1);
    case X_NO_MAX: return unshifted(row, N, n, 709.78, -745.13);
    case X_NO_MAX_FLOAT: return unshifted(row, N, n, 88.72, -103.97);
    default: return softmax_of(z, row, N, 1, 1);
    }
}

static double share_of(int model, double p, double q, int B, int N, int b, int n) {
    double right = (p - q) / B;
    switch (model) {
    case X_NO_MEAN:
    case X_OVERWRITTEN_MEAN: return p - q;
    case X_MEAN_TWICE: return right / B;
    case X_OVER_N: return (p - q) / N;
    case X_OVER_BN: return (p - q) / B / N;
    case X_INT_DIVISION: return B > 1 ? 0 : right;
    case X_INT_Q: return B > 1 ? p / B : right;
    case X_NO_TARGET: return p / B;
    case X_MEAN_OF_ONE: return p / B - q;
    case X_MEAN_OF_Q: return p - q / B;
    case X_Q_OVER_N: return p / B - q / N;
    case X_TIMES_Q: return p * q / B;
    case X_PLUS_Q: return (p + q) / B;
    case X_Q_EVERYWHERE: return (p - 1) / B;
    case X_ONLY_TARGET: return q > 0 ? right : 0;
    case X_NOT_TARGET: return q > 0 ? 0 : right;
    case X_SIGN: return -right;
    case X_HALF: return right / 2;
    case X_TWICE: return 2 * right;
    case X_SQUARED: return right * right * B;
    case X_SLOPE: return p * (1 - p) / B * (q > 0 ? -1 : 1);
    case X_SKIPS_LAST_ROW: return b == B - 1 ? 0 : right;
    case X_TWO: return (p - q) / 2;
    case X_SKIPS_LAST: return n == N - 1 ? 0 : right;
    default: return right;
    }
}

static double slope_as(int model, Mat x, const int *target, int i, double before) {
    int B = x.shape[0], N = x.shape[1], b = i / N, n = i % N, t = target[b];
    if (model == X_TARGET_B) t = b;
    if (model == X_TARGET_0) t = 0;
    if (model == X_TARGET_NEXT) t = target[b] + 1;
    if (model == X_TARGET_COUNT) t = target[b] - 1;
    double p = p_as(model, x, b, n);
    if (p == VERIFY_ANY) return VERIFY_ANY;
    double share_here = share_of(model, p, n == t, B, N, b, n);
    if (model == X_BEFORE_DIVIDED) return before / B + share_here;
    if (model == X_BREAKS && n > t) return before;
    return model == X_OVERWRITTEN || model == X_OVERWRITTEN_MEAN ? share_here : before + share_here;
}

static void cross_entropy_case(const char *label, Mat x, const int *target, Mat before) {
    int B = x.shape[0], N = x.shape[1];
    verify_case(label, "x = %s, target = %s, dx before = %s", verify_matrix(x), verify_ints(target, B),
                verify_matrix(before));
    verify_size("B", B);
    verify_size("N", N);
    verify_size("(B - 1)", B - 1);
    verify_answers(B, N, before.v, true);
    for (int m = 0; m < X_MODELS; m++)
        for (int i = 0; i < B * N; i++) verify_model(m)[i] = slope_as(m, x, target, i, (double)before.v[i]);
    Mat dx = verify_changing("dx", before);
    cross_entropy_backward(verify_lent("x", x), verify_input_ints("target", target, B), dx);
    for (int i = 0; i < B * N; i++) verify_got(i, (double)dx.v[i], "dx[%d,%d]", i / N, i % N);
    verify_done();
}

static void fresh_cross_entropy(const char *label, int B, int N) {
    int target[20];
    for (int b = 0; b < B; b++) target[b] = (int)rng_below(verify_rng(), (uint32_t)N);
    target[0] = N - 1;
    if (B > 1) target[1] = 0;
    cross_entropy_case(label, verify_random(B, N, 1), target, verify_random(B, N, 1));
}

static void check_cross_entropy(void) {
    Mat zero = mat_zero(verify_arena(), 2, 2);
    cross_entropy_case("the worked example", zero, (int[]){ 0, 1 }, zero);
    cross_entropy_case("dx not 0 before", verify_from(2, 3, (double[]){ 1, 0, -1, 0.5, 2, 0 }), (int[]){ 2, 0 },
                       verify_from(2, 3, (double[]){ 1, 2, 3, -1, -2, -3 }));
    fresh_cross_entropy("one row", 1, 4);
    fresh_cross_entropy("more rows than columns", 4, 2);
    fresh_cross_entropy("more columns than rows", 2, 4);
    fresh_cross_entropy("as many rows as columns", 3, 3);
    for (int k = 0; k < 2; k++) fresh_cross_entropy("more rows than columns", 5 + 2 * k, 4);
    fresh_cross_entropy("more columns than rows", 3, 17);
    cross_entropy_case("scores of 1000", verify_from(2, 3, (double[]){ 1000, 1001, 999, -1000, -999, -1001 }),
                       (int[]){ 1, 0 }, verify_from(2, 3, (double[]){ 1, 2, 3, -1, -2, -3 }));
    while (verify_wants_small())
        fresh_cross_entropy("small sizes", 1 + (int)rng_below(verify_rng(), 3), 2 + (int)rng_below(verify_rng(), 2));
    cross_entropy_case("again", zero, (int[]){ 0, 1 }, zero);
}

#define OVERWRITTEN                                                                                                    \
    "The gradient was overwritten. The code has = in place of +=. A value that is used twice has two gradients, "      \
    "and the first one is lost."

/* The same for both gradients, for da and for db. */
#define OF_OTHER(who) who " computed from the other gradient. A gradient stands in place of a or b."
#define GRADIENT(at, who, formula, turned)                                                                             \
    [at + G_OVERWRITTEN -                                                                                              \
        2] = { "overwritten", who " overwritten. The code has = in place of +=." },                                    \
        [at + G_LAST_TERM - 2] = { "overwritten",                                                                      \
                                   who " set to the last term of the sum. The code has = in place of +=." },           \
        [at + G_LAST_ADDED - 2] = { "last-term", who                                                                   \
                                    " given only the last term of the sum. The code has sum = in place of sum +=, or " \
                                    "sets the sum to 0 in the inner loop." },                                          \
        [at + G_SIGN - 2] = { "sign", who " given the gradient with the wrong sign." },                                \
        [at + G_NOTHING - 2] = { "nothing", who " not changed. Nothing was added." },                                  \
        [at + G_NOT_TURNED - 2] = { "transpose", who " computed without the transposition. " formula "." },            \
        [at + G_DY_TURNED - 2] = { "transpose", who " computed with dy transposed. " formula "." },                    \
        [at + G_ALL_TURNED - 2] = { "transpose",                                                                       \
                                    who " computed with dy transposed and " turned " not transposed. " formula "." },  \
        [at + G_TIMES_SELF - 2] = { "times-self",                                                                      \
                                    who " computed with its own matrix in place of the other one. " formula "." },     \
        [at + G_TWICE_BEFORE - 2] = { "before-twice", who " given its old value twice. The sum begins with it and is " \
                                                          "then added to it." },                                       \
        [at + G_SKIPS_LAST - 2] = { "off-by-one", who " not changed in its last column. A loop ends one too early." }, \
        [at + G_OVER_M - 2] = { "mean", who " divided by M. There is no mean here." },                                 \
        [at + G_OVER_N - 2] = { "mean", who " divided by N. There is no mean here." },                                 \
        [at + G_TWICE - 2] = { "twice", who " given the gradient twice. Something is added twice." },                  \
        [at + G_INT - 2] = { "int", who " truncated to integers. Use double or num for the sum, not int." },           \
        [at + G_FROM_OTHER - 2] = { "typed-twice", OF_OTHER(who) },                                                    \
        [at + G_PARTIAL - 2] = { "typed-twice", OF_OTHER(who) },                                                       \
        [at + G_PARTIAL_BEFORE - 2] = { "typed-twice", OF_OTHER(who) },                                                \
        [at + G_SKIPS_LAST_TERM - 2] = { "off-by-one",                                                                 \
                                         who " summed without the last term. The inner loop ends one too early." },    \
        [at + G_SKIPS_FIRST_TERM - 2] = { "off-by-one",                                                                \
                                          who " summed without the first term. The inner loop begins at 1." },         \
        [at + G_RUNNING - 2] = { "not-reset", who " given running sums. The sum is not reset for each number." },      \
        [at + G_STRIDE - 2] = { "stride",                                                                              \
                                who " written with a wrong stride. AT(m, r, c) is m.v[r * m.shape[1] + c]." }

static const Part parts[] = {
    { .name = "relu_backward", .check = check_relu, .tolerance = 1e-5,
      .mistakes = {
          [R_OVERWRITTEN - 1] = { "overwritten", OVERWRITTEN },
          [R_OVERWRITTEN_WHERE - 1] = { "overwritten", OVERWRITTEN },
          [R_NO_MASK - 1] = { "no-mask", "dy was added everywhere, also where x is below 0." },
          [R_OTHER_SIDE - 1] = { "other-side", "dy was added where x is below 0 instead of above." },
          [R_TIMES_X - 1] = { "times-x", "dy was multiplied by x. The derivative of ReLU is 1 or 0." },
          [R_TIMES_RAMP - 1] = { "times-x", "dy was multiplied by y. The derivative of ReLU is 1 or 0." },
          [R_MASK_DY - 1] = { "mask-dy", "The code tests the sign of dy. Test the sign of x." },
          [R_MASK_DX - 1] = { "mask-dx", "The code tests the sign of dx. Test the sign of x." },
          [R_SLOPE_ONLY - 1] = { "slope-only", "The derivative, 1, was added. Add the derivative times dy." },
          [R_SLOPE_SET - 1] = { "slope-only",
                                "dx was set to the derivative, 1 or 0. Add dy times the derivative to dx." },
          [R_LEAKY_1 - 1] = { "leaky",
                              "A tenth of dy was added where x is below 0. Nothing is added there: this is ReLU, "
                              "not leaky ReLU." },
          [R_LEAKY_2 - 1] = { "leaky",
                              "A hundredth of dy was added where x is below 0. Nothing is added there: this is "
                              "ReLU, not leaky ReLU." },
          [R_ZEROES_REST - 1] = { "zeroes-rest", "dx was set to 0 where x is not above 0. There dx stays as it was." },
          [R_MINUS_ELSE - 1] = { "minus-else", "dy was subtracted where x is not above 0. Nothing changes there." },
          [R_ABS - 1] = { "abs", "Only integers pass. abs is for int and drops the fraction. Test x[i] > 0." },
          [R_RETURNS - 1] = { "early",
                              "The loop ends at the first x that is not above 0. A return or break stands in place "
                              "of continue." },
          [R_SKIPS_LAST - 1] = { "off-by-one", "The last number is left out. The loop must run while i < n." },
          [R_SKIPS_FIRST - 1] = { "off-by-one", "The first number is left out. The loop must begin at 0." },
          [R_DX_TWICE - 1] = { "before-twice",
                               "The old value of dx is added twice. Write dx += dy, not dx += dx + dy." },
          [R_ADDS_X - 1] = { "adds-x", "x was added in place of dy." },
          [R_TIMES_DX - 1] = { "times-dx", "dx was multiplied by dy. Add dy." },
          [R_AT_ZERO - 1] = { "at-zero", "dy was added where x is 0 too. Use > and not >=." },
          [R_ABOVE_1 - 1] = { "above-1",
                              "dy was added only where x is above 1. Either an int drops the fraction of 0.5, or a "
                              "1 stands in place of 0." },
          [R_WHERE_AT_1 - 1] = { "above-1",
                                 "dy was added only where x is 1 or more. Either an int drops the fraction of 0.5, "
                                 "or a 1 stands in place of 0." },
          [R_FORWARD - 1] = { "forward", "This is max(x, 0), the forward function. The exercise wants its gradient." },
          [R_FIRST_DY - 1] = { "index", "dy[0] was added everywhere. dy[i] belongs to x[i]." },
          [R_DX_MASKED - 1] = { "mask-dx",
                                "The old value of dx was set to 0 where x is not above 0, and dy was added "
                                "everywhere. Mask dy, not dx." },
          [R_CLEARS_NEGATIVE - 1] = { "zeroes-rest", "dx was set to 0 where x is below 0. There dx stays as it was." },
          [R_PACKED - 1] = { "index", "dy advances only where x is above 0. dy[i] belongs to x[i]." },
      } },
    { .name = "matmul_backward", .check = check_matmul, .tolerance = 1e-5,
      .mistakes = {
          GRADIENT(M_BOTH, "da and db were", "da = dy b^T, db = a^T dy", "the other"),
          GRADIENT(M_A, "da was", "da = dy b^T", "b"),
          GRADIENT(M_B, "db was", "db = a^T dy", "a"),
          [M_SQUARE - 1] = { "square-only", "M was used in place of K. a is [M,K]." },
          [M_EXCHANGED - 1] = { "exchanged",
                                "da and db are exchanged. da has the gradient of b, and db has the gradient of a." },
          [M_M_LAST - 1] = { "off-by-one", "The loop over m ends too early. The loop must run while m < M." },
          [M_N_LAST - 1] = { "off-by-one", "The loop over n ends too early. The loop must run while n < N." },
          [M_K_LAST - 1] = { "off-by-one", "The loop over k ends too early. The loop must run while k < K." },
          [M_EARLY - 1] = { "early",
                            "Only m = 0 was used. A return stands inside the loop over m, or the loop ends too "
                            "early." },
      } },
    { .name = "cross_entropy_backward", .check = check_cross_entropy, .tolerance = 1e-5,
      .mistakes = {
          [X_OVERWRITTEN - 1] = { "overwritten", OVERWRITTEN },
          [X_OVERWRITTEN_MEAN - 1] = { "overwritten-mean",
                                       "The gradient was overwritten. The code has = in place of +=. The division "
                                       "by B is missing too." },
          [X_NO_MEAN - 1] = { "mean", "Every gradient is B times too large. The division by B is missing." },
          [X_MEAN_TWICE - 1] = { "mean-twice", "Every gradient was divided by B twice." },
          [X_OVER_N - 1] = { "over-n", "The gradient was divided by N, the columns. Divide by B, the rows." },
          [X_OVER_BN - 1] = { "over-n", "The gradient was divided by B and by N. Divide by B only." },
          [X_INT_DIVISION - 1] = { "nothing",
                                   "Nothing was added for more than one row. Either 1 / B is 0, as it is in C for "
                                   "an int B above 1 (write 1.0 / B), or nothing was written." },
          [X_INT_Q - 1] = { "no-target|int-division",
                            "q, the 1 at the target, was not subtracted. Or q is an int: in C, 1 / B is 0 if both "
                            "are int." },
          [X_NO_TARGET - 1] = { "no-target", "q, the 1 at the target, was not subtracted." },
          [X_MEAN_OF_ONE - 1] = { "mean-of-one",
                                  "Only p was divided by B, not the 1 at the target. Write (p - q) / B with its "
                                  "parentheses." },
          [X_MEAN_OF_Q - 1] = { "precedence", "p - q / B divides only q by B. Write (p - q) / B." },
          [X_Q_OVER_N - 1] = { "over-n", "q was divided by N, the columns. Divide p and q by B." },
          [X_TIMES_Q - 1] = { "times-q", "p was multiplied by q. Subtract q: p - q." },
          [X_PLUS_Q - 1] = { "plus-q", "q was added. Subtract q: p - q." },
          [X_Q_EVERYWHERE - 1] = { "q-everywhere",
                                   "1 was subtracted in every column. Subtract it only in the column of the target." },
          [X_ONLY_TARGET - 1] = { "only-target",
                                  "Only the column of the target got its gradient. The other columns get p / B." },
          [X_NOT_TARGET - 1] = { "not-target", "The column of the target got nothing. It gets (p - 1) / B." },
          [X_SIGN - 1] = { "sign", "Every gradient has the wrong sign. It is p - q." },
          [X_TARGET_B - 1] = { "diagonal", "1 was subtracted in column b. Subtract it in column target[b]." },
          [X_TARGET_0 - 1] = { "target-0",
                               "1 was subtracted in column 0 of every row. Subtract it in column target[b]." },
          [X_TARGET_NEXT - 1] = { "off-by-one", "1 was subtracted in column target[b] + 1. Targets count from 0." },
          [X_TARGET_COUNT - 1] = { "off-by-one", "1 was subtracted in column target[b] - 1. Targets count from 0." },
          [X_LOG - 1] = { "log", "log p was used in place of p." },
          [X_NO_SOFTMAX - 1] = { "no-softmax", "x was used in place of p. p is the softmax of the row." },
          [X_FIRST_ROW - 1] = { "same-row", "The softmax of row 0 was used for every row." },
          [X_SCALE - 1] = { "scale", "1 / B was used as the scale of the softmax. Divide p - q by B." },
          [X_B_LONG - 1] = { "rows-for-columns", "The softmax is over B numbers. A row has N numbers." },
          [X_SOFTMAX_COLUMNS - 1] = { "wrong-axis", "The softmax is over the columns. It must be over each row." },
          [X_EXP - 1] = { "not-divided", "exp(x) was used in place of p. Divide it by the sum of exp over the row." },
          [X_HALF - 1] = { "half", "Every gradient is half of the right one. It was divided by 2 once too often." },
          [X_TWICE - 1] = { "twice", "Every gradient is 2 times too large. Something is added twice." },
          [X_SQUARED - 1] = { "squared", "p - q was squared." },
          [X_SLOPE - 1] = { "slope",
                            "p (1 - p), the derivative of the softmax alone, was used. With the logarithm of the "
                            "loss the gradient is p - q." },
          [X_SIGMOID - 1] = { "sigmoid", "The sigmoid of x was used in place of p. p is the softmax of the row." },
          [X_WHOLE - 1] = { "whole", "One softmax over the whole matrix was used. Each row has its own softmax." },
          [X_SKIPS_LAST_ROW - 1] = { "off-by-one", "The last row got nothing. The loop must run while b < B." },
          [X_SKIPS_LAST - 1] = { "off-by-one", "The last column got nothing. The loop must run while n < N." },
          [X_BEFORE_DIVIDED - 1] = { "before-divided", "The old value of dx was divided by B too. Divide only p - q." },
          [X_NO_MAX - 1] = { "no-max",
                             "The largest score was not subtracted before exp. exp of a large score is infinite, "
                             "and of a small score 0." },
          [X_NO_MAX_FLOAT - 1] = { "no-max",
                                   "The largest score was not subtracted before exp. exp of a large score is "
                                   "infinite, and of a small score 0." },
          [X_BREAKS - 1] = { "early",
                             "The columns after the target got nothing. A break or return ends the loop at the "
                             "target." },
          [X_TWO - 1] = { "fixed-size", "The gradient was divided by 2 in place of B." },
      } },
};

const Verify checked = {
    .number = "05",
    .title = "backward",
    .parts = parts,
    .count = COUNT(parts),
    .proved =
        "The gradients of ReLU, of a matrix product and of the cross-entropy (p - q) are most of what training needs.",
    .in_clip =
        "op_relu, op_matmul and op_cross_entropy in the library. The tape calls their backward functions in reverse "
        "order.",
};
