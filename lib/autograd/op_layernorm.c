/* op_layernorm: layer normalisation, each row by itself. Contract: ops.h. */
#include "autograd/ops.h"
#include "core/thread.h"

#include <math.h>
#include <string.h>

enum { LANES = 16, PIECE = 1 << 13 }; /* numbers that one thread takes at a time */

typedef struct {
    size_t rows, piece, D; /* R; rows of a piece */
    const num *x, *gamma, *beta, *dy;
    num *y, *mean, *inverse; /* [R]; inverse = 1 / sqrt(var + eps) */
    num *dx, *partial;       /* partial [pieces,2,D]: sums of dy z and of dy over the rows of a piece */
    bool accumulate;
    double eps;
} LayerNorm;

/* sum_i x_i, or sum_i (x_i - mean)^2, in LANES running sums: a fixed order that vector registers can follow. */
static num row_sum(const num *x, size_t n) {
    num lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += x[i + (size_t)l];
    for (; i < n; i++) sum += x[i];
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}
static num row_squares(const num *x, size_t n, num mean) {
    num lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += (x[i + (size_t)l] - mean) * (x[i + (size_t)l] - mean);
    for (; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

/* y_d = gamma_d z_d + beta_d,  z_d = (x_d - mean) / sqrt(var + eps)        mean and var over the row of D numbers
 * x, y [R,D]      gamma, beta [D] */
static void layernorm_rows(void *context, size_t begin, size_t end) {
    const LayerNorm *s = context;
    size_t D = s->D;
    for (size_t r = begin; r < end; r++) {
        const num *x = s->x + r * D;
        num *y = s->y + r * D, mean = row_sum(x, D) / (num)D;
        num inverse = (num)(1 / sqrt((double)row_squares(x, D, mean) / (double)D + s->eps));
        for (size_t d = 0; d < D; d++) y[d] = (x[d] - mean) * inverse * s->gamma[d] + s->beta[d];
        s->mean[r] = mean;
        s->inverse[r] = inverse;
    }
}

OP(layernorm);
Var op_layernorm(Tape *t, Var x, Var gamma, Var beta, double eps) {
    size_t D = x->val.dims ? (size_t)x->val.shape[x->val.dims - 1] : 0, rows = D ? mat_count(x->val) / D : 0;
    REQUIRE(D > 0 && mat_count(gamma->val) == D && mat_count(beta->val) == D,
            "x is %s, gamma %s, beta %s: want one of each per column", mat_shape_text(x->val),
            mat_shape_text(gamma->val), mat_shape_text(beta->val));
    Var y = tape_record(t, &layernorm_op, x->val, x, gamma, beta);
    LayerNorm *s = y->saved = arena_zero(&t->arena, 1, sizeof *s);
    *s = (LayerNorm){ .rows = rows, .piece = MAX((size_t)PIECE / D, 1), .D = D, .eps = eps };
    s->x = x->val.v;
    s->gamma = gamma->val.v;
    s->beta = beta->val.v;
    s->y = y->val.v;
    s->mean = arena_alloc(&t->arena, 2 * rows, sizeof(num));
    s->inverse = s->mean + rows;
    parallel_for(rows, s->piece, layernorm_rows, s);
    return y;
}

/* With g = dy gamma, and means over the row:
 * dx_d = (g_d - mean(g) - z_d mean(g z)) / sqrt(var + eps)      dgamma_d = sum_r dy z      dbeta_d = sum_r dy */
static void layernorm_backward_rows(void *context, size_t begin, size_t end) {
    const LayerNorm *s = context;
    size_t D = s->D;
    num *dgamma = s->partial + begin / s->piece * 2 * D, *dbeta = dgamma + D;
    num *g = thread_scratch(2 * D * sizeof(num)), *z = g + D;
    memset(dgamma, 0, 2 * D * sizeof(num));
    for (size_t r = begin; r < end; r++) {
        const num *x = s->x + r * D, *dy = s->dy + r * D;
        num *dx = s->dx ? s->dx + r * D : NULL, mean, dot = 0;
        for (size_t d = 0; d < D; d++) {
            z[d] = (x[d] - s->mean[r]) * s->inverse[r];
            g[d] = dy[d] * s->gamma[d];
            dgamma[d] += dy[d] * z[d];
            dbeta[d] += dy[d];
        }
        if (!dx) continue;
        mean = row_sum(g, D) / (num)D;
        for (size_t d = 0; d < D; d++) dot += g[d] * z[d];
        dot /= (num)D;
        for (size_t d = 0; d < D; d++) dx[d] = (s->accumulate ? dx[d] : 0) + (g[d] - mean - z[d] * dot) * s->inverse[r];
    }
}
static void layernorm_backward(Var y) {
    LayerNorm *s = y->saved;
    size_t pieces = (s->rows + s->piece - 1) / s->piece;
    s->partial = arena_alloc(&y->tape->arena, pieces * 2 * s->D, sizeof(num));
    s->dy = y->grad;
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for(s->rows, s->piece, layernorm_backward_rows, s);
    num *dgamma = tape_grad(y->in[1]), *dbeta = tape_grad(y->in[2]);
    for (size_t p = 0; p < pieces; p++) {
        if (dgamma) rows_add(s->partial + 2 * p * s->D, 1, (int)s->D, dgamma);
        if (dbeta) rows_add(s->partial + (2 * p + 1) * s->D, 1, (int)s->D, dbeta);
    }
}
static Var layernorm_check(GradCheck *check) {
    check->variants = 2; /* the second: several pieces, and several lanes */
    int D = check->variant ? 37 : 5;
    Var x = gradcheck_input(check, check->variant ? mat_shape(2, 3, 37) : mat_shape(3, 2, 3, 5));
    Var gamma = gradcheck_input(check, mat_shape(1, D));
    return op_layernorm(check->tape, x, gamma, gradcheck_input(check, mat_shape(1, D)), 1e-5);
}
