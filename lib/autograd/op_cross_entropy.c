/* op_softmax: softmax, its logarithm, and cross-entropy, row by row. Contracts: ops.h; the plain functions that say
 * what is computed here, one row at a time and in double: softmax.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/arena.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

/* e_i = exp(x_i - max x) and its sum: no score is too large, and the sum lies in 1..n. Returns the maximum. */
static num shifted_exp(const num *x, int n, num *e, double *sum) {
    num max = x[0];
    for (int i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    for (int i = 0; i < n; i++) e[i] = x[i] - max;
    vec_exp(e, e, (size_t)n);
    *sum = 0;
    for (int i = 0; i < n; i++) *sum += (double)e[i];
    return max;
}

static void softmax_one(const num *x, int n, num *p) {
    double sum;
    shifted_exp(x, n, p, &sum);
    for (int i = 0; i < n; i++) p[i] = (num)((double)p[i] / sum);
}

static void require_rows(Var x) {
    REQUIRE(x->val.dims == 2 && x->val.shape[1] >= 1, "x is %s, want rows [B,N] of at least one number",
            mat_shape_text(x->val));
}

OP(softmax);
Var op_softmax(Tape *t, Var x) {
    require_rows(x);
    Var y = tape_record(t, &softmax_op, x->val, x, NULL, NULL);
    for (int b = 0; b < x->val.shape[0]; b++) softmax_one(&AT(x->val, b, 0), x->val.shape[1], &AT(y->val, b, 0));
    return y;
}
static void softmax_backward(Var y) { /* dx = y (dy - y . dy) */
    int N = y->val.shape[1];
    num *dx = tape_grad(y->in[0]);
    for (int b = 0; b < y->val.shape[0]; b++, dx += N) {
        const num *p = &AT(y->val, b, 0), *dy = y->grad + (size_t)b * (size_t)N;
        num dot = (num)vec_dot(p, dy, N);
        for (int n = 0; n < N; n++) dx[n] += p[n] * (dy[n] - dot);
    }
}
static Var softmax_check(GradCheck *check) {
    return op_softmax(check->tape, gradcheck_input(check, mat_shape(2, 3, 5)));
}

OP(log_softmax);
Var op_log_softmax(Tape *t, Var x) {
    require_rows(x);
    int N = x->val.shape[1];
    Var y = tape_record(t, &log_softmax_op, x->val, x, NULL, NULL);
    for (int b = 0; b < x->val.shape[0]; b++) {
        double sum, max = (double)shifted_exp(&AT(x->val, b, 0), N, &AT(y->val, b, 0), &sum);
        for (int n = 0; n < N; n++) AT(y->val, b, n) = (num)((double)AT(x->val, b, n) - max - log(sum));
    }
    return y;
}
static void log_softmax_backward(Var y) { /* dx = dy - e^y sum dy */
    int N = y->val.shape[1];
    num *dx = tape_grad(y->in[0]);
    for (int b = 0; b < y->val.shape[0]; b++, dx += N) {
        const num *dy = y->grad + (size_t)b * (size_t)N;
        num sum = 0;
        for (int n = 0; n < N; n++) sum += dy[n];
        for (int n = 0; n < N; n++) dx[n] += dy[n] - (num)exp((double)AT(y->val, b, n)) * sum;
    }
}
static Var log_softmax_check(GradCheck *check) {
    return op_log_softmax(check->tape, gradcheck_input(check, mat_shape(2, 3, 5)));
}

/* ---- cross-entropy ----------------------------------------------------------------------------------------------- */

typedef struct {
    Mat x, p;   /* scores and their softmax, [B,N] */
    Mat target; /* [B,N], or no numbers: then class_of counts */
    const int *class_of;
    double *loss;   /* [B] */
    num *dx, share; /* share = dy / B */
    bool accumulate;
} CrossEntropy;

static void cross_entropy_rows(void *context, size_t begin, size_t end, int worker) {
    CrossEntropy *s = context;
    int N = s->x.shape[1];
    (void)worker;
    for (size_t b = begin; b < end; b++) {
        const num *x = &AT(s->x, b, 0);
        num *p = &AT(s->p, b, 0);
        double sum, max = (double)shifted_exp(x, N, p, &sum), log_sum = log(sum), loss = 0;
        if (s->class_of) loss = log_sum - ((double)x[s->class_of[b]] - max);
        for (int n = 0; s->target.v && n < N; n++) {
            double target = (double)AT(s->target, b, n);
            if (target > 0) loss += target * (log_sum - ((double)x[n] - max));
        }
        for (int n = 0; n < N; n++) p[n] = (num)((double)p[n] / sum);
        s->loss[b] = loss;
    }
}

OP(cross_entropy);
static Var cross_entropy(Tape *t, Var x, Mat target, const int *class_of) {
    require_rows(x);
    int B = x->val.shape[0], N = x->val.shape[1];
    REQUIRE(B >= 1, "x is %s, want at least one row", mat_shape_text(x->val));
    for (int b = 0; class_of && b < B; b++)
        REQUIRE(0 <= class_of[b] && class_of[b] < N, "row %d belongs to class %d, want 0 to %d", b, class_of[b], N - 1);
    Var y = tape_record(t, &cross_entropy_op, mat_shape(0), x, NULL, NULL);
    CrossEntropy *s = y->save = arena_alloc(&t->arena, 1, sizeof *s);
    *s = (CrossEntropy){ .x = x->val,
                         .p = mat_like(&t->arena, x->val),
                         .target = target,
                         .loss = arena_alloc(&t->arena, (size_t)B, sizeof(double)) };
    if (class_of)
        s->class_of = memcpy(arena_alloc(&t->arena, (size_t)B, sizeof(int)), class_of, (size_t)B * sizeof(int));
    parallel_for((size_t)B, 16, cross_entropy_rows, s);
    double sum = 0;
    for (int b = 0; b < B; b++) sum += s->loss[b];
    y->val.v[0] = (num)(sum / B);
    return y;
}
Var op_cross_entropy(Tape *t, Var x, Mat target) {
    REQUIRE(mat_same_shape(x->val, target), "x is %s, the target %s", mat_shape_text(x->val), mat_shape_text(target));
    return cross_entropy(t, x, target, NULL);
}
Var op_cross_entropy_labels(Tape *t, Var x, const int *class_of) { return cross_entropy(t, x, mat_shape(0), class_of); }

static void cross_entropy_backward_rows(void *context, size_t begin, size_t end, int worker) {
    const CrossEntropy *s = context;
    int N = s->x.shape[1];
    (void)worker;
    for (size_t b = begin; b < end; b++) {
        const num *p = &AT(s->p, b, 0), *target = s->target.v ? &AT(s->target, b, 0) : p;
        num *dx = s->dx + b * (size_t)N, less = s->target.v ? 1 : 0;
        for (int n = 0; n < N; n++) dx[n] = (s->accumulate ? dx[n] : 0) + s->share * (p[n] - less * target[n]);
        if (s->class_of) dx[s->class_of[b]] -= s->share;
    }
}

static void cross_entropy_backward(Var y) { /* dx = (p - target) dy / B */
    CrossEntropy *s = y->save;
    s->share = y->grad[0] / (num)s->x.shape[0];
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for((size_t)s->x.shape[0], 16, cross_entropy_backward_rows, s);
}
static Var cross_entropy_check(GradCheck *check) {
    const int class_of[] = { 4, 0, 2 };
    check->variants = 2;
    Var x = gradcheck_input(check, mat_shape(2, 3, 5));
    if (check->variant == 1) return op_cross_entropy_labels(check->tape, x, class_of);
    Mat target = mat_new(&check->tape->arena, 3, 5);
    for (size_t i = 0; i < 15; i++) target.v[i] = (num)rng_uniform(&check->rng);
    for (int b = 0; b < 3; b++) { /* rows that sum to 1 */
        num sum = 0;
        for (int n = 0; n < 5; n++) sum += AT(target, b, n);
        for (int n = 0; n < 5; n++) AT(target, b, n) /= sum;
    }
    return op_cross_entropy(check->tape, x, target);
}
