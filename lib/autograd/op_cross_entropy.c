/* op_cross_entropy: softmax and cross-entropy in one operation. Contract: ops.h; the same for one row, as plain
 * functions in double: softmax.h. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

enum { ROWS = 16 }; /* rows that one thread takes at a time */

typedef struct {
    Mat x, p;            /* scores and their softmax, [B,N] */
    Mat target;          /* [B,N]; without numbers: class_of is used */
    const int *class_of; /* [B], or NULL */
    double *loss;        /* [B] */
    num *dx, slope;      /* slope = dy / B */
    bool accumulate;
} CrossEntropy;

/* p_bn = e^(x_bn - max_b) / sum_b          sum_b = sum_n e^(x_bn - max_b), which lies in 1..N: no score is too large
 * loss_b = sum_n target_bn (log sum_b - (x_bn - max_b)) */
static void cross_entropy_rows(void *context, size_t begin, size_t end) {
    CrossEntropy *s = context;
    int N = s->x.shape[1];
    for (size_t b = begin; b < end; b++) {
        const num *x = &AT(s->x, b, 0);
        num *p = &AT(s->p, b, 0), max = x[0];
        double sum = 0, loss = 0;
        for (int n = 1; n < N; n++) max = x[n] > max ? x[n] : max;
        for (int n = 0; n < N; n++) p[n] = x[n] - max;
        vec_exp(p, p, (size_t)N);
        for (int n = 0; n < N; n++) sum += (double)p[n];
        double log_sum = log(sum);
        if (s->class_of) loss = log_sum - ((double)x[s->class_of[b]] - (double)max);
        for (int n = 0; s->target.v && n < N; n++) {
            double target = (double)AT(s->target, b, n);
            if (target > 0) loss += target * (log_sum - ((double)x[n] - (double)max));
        }
        for (int n = 0; n < N; n++) p[n] = (num)((double)p[n] / sum);
        s->loss[b] = loss;
    }
}

/* y = 1/B sum_b loss_b         x [B,N]; target [B,N] or class_of [B]; y one number */
OP(cross_entropy);
static Var cross_entropy(Tape *t, Var x, Mat target, const int *class_of) {
    int B = x->val.shape[0], N = x->val.shape[1];
    REQUIRE(x->val.dims == 2 && B >= 1 && N >= 1, "x is %s, want [B,N], at least one row of at least one number",
            mat_shape_text(x->val));
    for (int b = 0; class_of && b < B; b++)
        REQUIRE(0 <= class_of[b] && class_of[b] < N, "row %d belongs to class %d, want 0 to %d", b, class_of[b], N - 1);
    Var y = tape_record(t, &cross_entropy_op, mat_shape(0), x, NULL, NULL);
    CrossEntropy *s = y->saved = arena_alloc(&t->arena, 1, sizeof *s);
    *s = (CrossEntropy){ .x = x->val, .p = mat_like(&t->arena, x->val), .target = target };
    s->loss = arena_alloc(&t->arena, (size_t)B, sizeof(double));
    if (class_of)
        s->class_of = memcpy(arena_alloc(&t->arena, (size_t)B, sizeof(int)), class_of, (size_t)B * sizeof(int));
    parallel_for((size_t)B, ROWS, cross_entropy_rows, s);
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

/* dx_bn = (p_bn - target_bn) dy / B        target_bn is 1 for n = class_of[b], else 0, where labels are given */
static void cross_entropy_backward_rows(void *context, size_t begin, size_t end) {
    const CrossEntropy *s = context;
    int N = s->x.shape[1];
    for (size_t b = begin; b < end; b++) {
        const num *p = &AT(s->p, b, 0), *target = s->target.v ? &AT(s->target, b, 0) : NULL;
        num *dx = s->dx + b * (size_t)N;
        for (int n = 0; n < N; n++) dx[n] = (s->accumulate ? dx[n] : 0) + s->slope * (p[n] - (target ? target[n] : 0));
        if (s->class_of) dx[s->class_of[b]] -= s->slope;
    }
}
static void cross_entropy_backward(Var y) {
    CrossEntropy *s = y->saved;
    s->slope = y->grad[0] / (num)s->x.shape[0];
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for((size_t)s->x.shape[0], ROWS, cross_entropy_backward_rows, s);
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
