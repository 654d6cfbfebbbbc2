/* op_groupnorm: group normalisation with a scale and a shift for each picture, and the activation after it; nearest
 * upsampling. Contracts: ops.h.
 *
 * A group is C / G neighbouring channels of one picture. With z = (x - mean) / sqrt(var + eps), mean and variance over
 * the group's n = H W C / G numbers, and u = gamma z + beta:
 *   y  = act(u)
 *   du = dy act'(u)          dbeta_c = sum over places of du          dgamma_c = sum over places of du z
 *   g  = gamma du            dx = (g - mean(g) - z mean(g z)) / sqrt(var + eps), means over the group
 * One thread takes a picture at a time. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

typedef struct {
    size_t B, P, C, groups; /* P places of a picture */
    bool shared;            /* one affine for all pictures */
    Activation act;
    double eps;
    const num *x, *affine;   /* affine [2C] or [B,2C]: gamma, then beta */
    num *y, *mean, *inverse; /* [B,G]; inverse = 1 / sqrt(var + eps) */
    num *dx, *dy, *daffine;  /* daffine [B,2C]: of each picture */
    bool accumulate;
} GroupNorm;

/* The mean over a group's channels of sums over places, sum [C]. */
static double group_mean(const GroupNorm *s, const num *sum, size_t g) {
    size_t width = s->C / s->groups;
    double all = 0;
    for (size_t c = g * width; c < (g + 1) * width; c++) all += (double)sum[c];
    return all / (double)(s->P * width);
}

static void statistics(const GroupNorm *s, size_t b, num *sum) {
    const num *x = s->x + b * s->P * s->C;
    size_t C = s->C, width = C / s->groups;
    num *centre = sum + C;
    memset(sum, 0, C * sizeof(num));
    rows_add(x, s->P, (int)C, sum);
    for (size_t g = 0; g < s->groups; g++) {
        s->mean[b * s->groups + g] = (num)group_mean(s, sum, g);
        for (size_t c = g * width; c < (g + 1) * width; c++) centre[c] = s->mean[b * s->groups + g];
    }
    memset(sum, 0, C * sizeof(num));
    for (size_t p = 0; p < s->P; p++)
        for (size_t c = 0; c < C; c++) sum[c] += (x[p * C + c] - centre[c]) * (x[p * C + c] - centre[c]);
    for (size_t g = 0; g < s->groups; g++)
        s->inverse[b * s->groups + g] = (num)(1 / sqrt(group_mean(s, sum, g) + s->eps));
}

/* slope, offset [C]: u = slope x + offset */
static void slopes(const GroupNorm *s, size_t b, num *slope, num *offset) {
    const num *gamma = s->affine + (s->shared ? 0 : b * 2 * s->C), *beta = gamma + s->C;
    size_t width = s->C / s->groups;
    for (size_t c = 0; c < s->C; c++) {
        size_t g = b * s->groups + c / width;
        slope[c] = gamma[c] * s->inverse[g];
        offset[c] = beta[c] - slope[c] * s->mean[g];
    }
}

/* u = slope x + offset          x, u [P,C] */
static void scaled(const GroupNorm *s, size_t b, const num *slope, const num *offset, num *restrict u) {
    const num *x = s->x + b * s->P * s->C;
    for (size_t p = 0; p < s->P; p++)
        for (size_t c = 0; c < s->C; c++) u[p * s->C + c] = slope[c] * x[p * s->C + c] + offset[c];
}

/* y = act(gamma z + beta)          x, y [B,P,C]; affine [2C] or [B,2C] */
static void groupnorm_pictures(void *context, size_t begin, size_t end) {
    const GroupNorm *s = context;
    num *work = thread_scratch(2 * s->C * sizeof(num));
    for (size_t b = begin; b < end; b++) {
        num *y = s->y + b * s->P * s->C;
        size_t n = s->P * s->C;
        statistics(s, b, work);
        slopes(s, b, work, work + s->C);
        scaled(s, b, work, work + s->C, y);
        if (s->act == ACT_GELU) vec_gelu(y, y, n);
        if (s->act == ACT_RELU)
            for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
    }
}

OP(groupnorm);
Var op_groupnorm(Tape *t, Var x, Var affine, int groups, double eps, Activation act) {
    const int *shape = x->val.shape;
    size_t B = (size_t)shape[0], C = x->val.dims == 4 ? (size_t)shape[3] : 0, count = mat_count(affine->val);
    REQUIRE(C > 0 && groups > 0 && C % (size_t)groups == 0, "x is %s, %d groups: want [B,H,W,C], whole groups",
            mat_shape_text(x->val), groups);
    REQUIRE(count == 2 * C || (affine->val.dims == 2 && count == B * 2 * C),
            "x is %s, the scales and shifts %s: want [2C] or [B,2C]", mat_shape_text(x->val),
            mat_shape_text(affine->val));
    Var y = tape_record(t, &groupnorm_op, x->val, x, affine, NULL);
    GroupNorm *s = y->saved = arena_zero(&t->arena, 1, sizeof *s);
    *s = (GroupNorm){ .B = B, .P = (size_t)(shape[1] * shape[2]), .C = C, .groups = (size_t)groups, .eps = eps };
    s->shared = affine->val.dims == 1;
    s->act = act;
    s->x = x->val.v;
    s->affine = affine->val.v;
    s->y = y->val.v;
    s->mean = arena_alloc(&t->arena, 2 * B * s->groups, sizeof(num));
    s->inverse = s->mean + B * s->groups;
    parallel_for(B, 1, groupnorm_pictures, s);
    return y;
}

/* du = dy act'(u)          u, dy, du [P,C] */
static void activation_backward(const GroupNorm *s, const num *u, const num *dy, num *du) {
    size_t n = s->P * s->C;
    if (s->act == ACT_GELU) vec_gelu_backward(u, dy, false, du, n);
    else
        for (size_t i = 0; i < n; i++) du[i] = u[i] > 0 ? dy[i] : 0;
}

/* With the sums over places: dbeta = sum du, dgamma = sum du z, both [C] */
static void affine_sums(const GroupNorm *s, size_t b, const num *du, num *dgamma, num *dbeta) {
    size_t C = s->C, width = C / s->groups;
    const num *x = s->x + b * s->P * C;
    memset(dgamma, 0, C * sizeof(num));
    memset(dbeta, 0, C * sizeof(num));
    for (size_t p = 0; p < s->P; p++)
        for (size_t c = 0; c < C; c++) {
            dbeta[c] += du[p * C + c];
            dgamma[c] += du[p * C + c] * x[p * C + c];
        }
    for (size_t c = 0; c < C; c++) { /* sum du z = (sum du x - mean sum du) inverse */
        size_t g = b * s->groups + c / width;
        dgamma[c] = (dgamma[c] - s->mean[g] * dbeta[c]) * s->inverse[g];
    }
}

/* dx = inverse (gamma du - mean(gamma du) - z mean(gamma du z)) as  from_du du + from_x x + constant, each [C] */
static void input_gradient(const GroupNorm *s, size_t b, const num *du, const num *affine_grad, num *work) {
    size_t C = s->C, width = C / s->groups;
    const num *gamma = s->affine + (s->shared ? 0 : b * 2 * C), *dgamma = affine_grad, *dbeta = affine_grad + C;
    num *from_x = work, *constant = work + C, *from_du = work + 2 * C;
    for (size_t g = 0; g < s->groups; g++) {
        double mean_g = 0, mean_gz = 0, inverse = (double)s->inverse[b * s->groups + g], n = (double)(s->P * width);
        for (size_t c = g * width; c < (g + 1) * width; c++) {
            mean_g += (double)(gamma[c] * dbeta[c]) / n;
            mean_gz += (double)(gamma[c] * dgamma[c]) / n;
        }
        double slope = -inverse * inverse * mean_gz;
        for (size_t c = g * width; c < (g + 1) * width; c++) {
            from_du[c] = (num)inverse * gamma[c];
            from_x[c] = (num)slope;
            constant[c] = (num)(-inverse * mean_g - slope * (double)s->mean[b * s->groups + g]);
        }
    }
    const num *x = s->x + b * s->P * C;
    num *dx = s->dx + b * s->P * C;
    for (size_t p = 0; p < s->P * C; p += C)
        for (size_t c = 0; c < C; c++)
            dx[p + c] = (s->accumulate ? dx[p + c] : 0) + from_du[c] * du[p + c] + from_x[c] * x[p + c] + constant[c];
}

static void groupnorm_backward_pictures(void *context, size_t begin, size_t end) {
    const GroupNorm *s = context;
    size_t C = s->C, n = s->P * C;
    num *work = thread_scratch((3 * C + 2 * n) * sizeof(num)), *u = work + 3 * C;
    for (size_t b = begin; b < end; b++) {
        num *grads = s->daffine + b * 2 * C;
        const num *du = s->dy + b * n;
        if (s->act != ACT_NONE) {
            slopes(s, b, work, work + C);
            scaled(s, b, work, work + C, u);
            activation_backward(s, u, du, u + n);
            du = u + n;
        }
        affine_sums(s, b, du, grads, grads + C);
        if (s->dx) input_gradient(s, b, du, grads, work);
    }
}
static void groupnorm_backward(Var y) {
    GroupNorm *s = y->saved;
    size_t both = 2 * s->C;
    s->daffine = arena_alloc(&y->tape->arena, s->B * both, sizeof(num));
    s->dy = y->grad;
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for(s->B, 1, groupnorm_backward_pictures, s);
    num *daffine = tape_grad(y->in[1]);
    if (!daffine) return;
    for (size_t b = 0; b < s->B; b++)
        rows_add(s->daffine + b * both, 1, (int)both, daffine + (s->shared ? 0 : b * both));
}
static Var groupnorm_check(GradCheck *check) {
    check->variants = 4; /* one affine for all, or each its own; none, ReLU, GELU; groups of 3, 2 and 1 channels */
    const Activation act[] = { ACT_NONE, ACT_GELU, ACT_RELU, ACT_GELU };
    int i = check->variant;
    Var x = gradcheck_input(check, i < 3 ? mat_shape(4, 2, 2, 3, 6) : mat_shape(4, 3, 1, 3, 4));
    Var affine = gradcheck_input(check, i == 0 ? mat_shape(1, 12) : i < 3 ? mat_shape(2, 2, 12) : mat_shape(1, 8));
    return op_groupnorm(check->tape, x, affine, i == 1 ? 3 : i == 3 ? 4 : 2, i == 3 ? 1e-1 : 1e-5, act[i]);
}

/* ---- upsampling -------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t W, C; /* of x */
    const num *x, *dy;
    num *y, *dx;
} Upsample;

/* y[b,2h+i,2w+j] = x[b,h,w] for i, j in 0..1          x [B,H,W,C]      y [B,2H,2W,C]; a row is one h of one picture */
static void upsample_rows(void *context, size_t begin, size_t end) {
    const Upsample *s = context;
    size_t C = s->C, line = 2 * s->W * C;
    for (size_t row = begin; row < end; row++) {
        num *y = s->y + 2 * row * line;
        for (size_t w = 0; w < s->W; w++) {
            const num *x = s->x + (row * s->W + w) * C;
            memcpy(y + 2 * w * C, x, C * sizeof(num));
            memcpy(y + (2 * w + 1) * C, x, C * sizeof(num));
        }
        memcpy(y + line, y, line * sizeof(num));
    }
}

OP(upsample);
Var op_upsample(Tape *t, Var x) {
    const int *shape = x->val.shape;
    REQUIRE(x->val.dims == 4, "x is %s, want [B,H,W,C]", mat_shape_text(x->val));
    Var y = tape_record(t, &upsample_op, mat_shape(4, shape[0], 2 * shape[1], 2 * shape[2], shape[3]), x, NULL, NULL);
    Upsample s = { (size_t)shape[2], (size_t)shape[3], .x = x->val.v, .y = y->val.v };
    parallel_for((size_t)shape[0] * (size_t)shape[1], 4, upsample_rows, &s);
    return y;
}
/* dx[b,h,w] = sum over i, j of dy[b,2h+i,2w+j] */
static void upsample_backward_rows(void *context, size_t begin, size_t end) {
    const Upsample *s = context;
    size_t C = s->C, line = 2 * s->W * C;
    for (size_t row = begin; row < end; row++)
        for (size_t w = 0; w < s->W; w++) {
            const num *dy = s->dy + 2 * row * line + 2 * w * C;
            num *dx = s->dx + (row * s->W + w) * C;
            for (size_t c = 0; c < C; c++) dx[c] += (dy[c] + dy[C + c]) + (dy[line + c] + dy[line + C + c]);
        }
}
static void upsample_backward(Var y) {
    const int *shape = y->in[0]->val.shape;
    Upsample s = { (size_t)shape[2], (size_t)shape[3], .dy = y->grad, .dx = tape_grad(y->in[0]) };
    parallel_for((size_t)shape[0] * (size_t)shape[1], 4, upsample_backward_rows, &s);
}
static Var upsample_check(GradCheck *check) {
    return op_upsample(check->tape, gradcheck_input(check, mat_shape(4, 2, 3, 2, 3)));
}
