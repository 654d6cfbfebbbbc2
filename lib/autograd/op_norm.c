/* op_norm: batch normalisation, layer normalisation and unit length. Contracts: ops.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

/* ---- batch norm -----------------------------------------------------------------------------------------------------
 * x is R rows of C channels. With z = (x - mean) / sqrt(var + eps) and u = gamma z + beta:
 *   y  = act(u)
 *   du = dy act'(u);   dbeta = sum du;   dgamma = sum du z
 *   dx = gamma / sqrt(var + eps) * (du - dbeta / R - z dgamma / R)     training: mean and variance depend on x too
 *   dx = gamma / sqrt(var + eps) * du                                  running statistics: they do not
 * Rows are taken in pieces of a fixed size, which fit a fast cache; sums over pieces are added up in order. */

typedef struct {
    size_t rows, piece; /* R, and how many rows one thread takes at a time */
    int C;
    Activation act;
    bool batch; /* statistics are this batch's */
    const num *x;
    num *y;
    num *dx, *du;
    bool accumulate;                  /* dx is to be added to */
    num *mean, *inverse;              /* [C]; inverse = 1 / sqrt(var + eps) */
    num *slope, *offset;              /* [C]; u = slope x + offset */
    double *partial;                  /* [pieces,2,C]: sums of one piece */
    num *from_du, *from_x, *constant; /* [C]; dx = from_du du + from_x x + constant */
} Norm;

enum { NORM_PIECE = 1 << 13 }; /* numbers in a piece: 32 kB of floats */

/* A piece's mean, and its sum of squares about that mean: no digits are lost when the mean is large. */
static void norm_statistics(void *context, size_t begin, size_t end, int worker) {
    Norm *s = context;
    int C = s->C;
    double *mean = s->partial + begin / s->piece * 2 * (size_t)C, *square = mean + C;
    num *sum = thread_scratch(worker, 2 * (size_t)C * sizeof(num)), *sum2 = sum + C;
    memset(sum, 0, 2 * (size_t)C * sizeof(num));
    rows_add(s->x + begin * (size_t)C, end - begin, C, sum);
    for (int c = 0; c < C; c++) sum[c] /= (num)(end - begin);
    for (size_t r = begin; r < end; r++)
        for (int c = 0; c < C; c++) {
            num off = s->x[r * (size_t)C + (size_t)c] - sum[c];
            sum2[c] += off * off;
        }
    for (int c = 0; c < C; c++) {
        mean[c] = (double)sum[c];
        square[c] = (double)sum2[c];
    }
}

/* Mean and variance of all rows from those of the pieces (Chan, Golub and LeVeque 1983). */
static void norm_combine(Norm *s, int c, double *mean, double *variance) {
    double m = 0, square = 0, count = 0;
    for (size_t begin = 0; begin < s->rows; begin += s->piece) {
        const double *part = s->partial + begin / s->piece * 2 * (size_t)s->C;
        double n = (double)(MIN(begin + s->piece, s->rows) - begin), off = part[c] - m;
        square += part[s->C + c] + off * off * count * n / (count + n);
        m += off * n / (count + n);
        count += n;
    }
    *mean = m;
    *variance = square / count;
}

static void activate(Activation act, num *u, size_t n) {
    if (act == ACT_GELU) vec_gelu(u, u, n);
    if (act == ACT_RELU)
        for (size_t i = 0; i < n; i++) u[i] = u[i] < 0 ? 0 : u[i];
}

static void norm_forward(void *context, size_t begin, size_t end, int worker) {
    const Norm *s = context;
    int C = s->C;
    (void)worker;
    for (size_t r = begin; r < end; r++)
        for (int c = 0; c < C; c++)
            s->y[r * (size_t)C + (size_t)c] = s->slope[c] * s->x[r * (size_t)C + (size_t)c] + s->offset[c];
    activate(s->act, s->y + begin * (size_t)C, (end - begin) * (size_t)C);
}

static void norm_learn_statistics(Norm *s, BatchStats *stats) {
    parallel_for(s->rows, s->piece, norm_statistics, s);
    for (int c = 0; c < s->C; c++) {
        double mean, variance, keep = 1 - stats->momentum, R = (double)s->rows;
        norm_combine(s, c, &mean, &variance);
        s->mean[c] = (num)mean;
        s->inverse[c] = (num)(1 / sqrt(variance + stats->eps));
        stats->running_mean[c] = (num)(keep * (double)stats->running_mean[c] + stats->momentum * mean);
        stats->running_var[c] =
            (num)(keep * (double)stats->running_var[c] + stats->momentum * variance * R / MAX(1, R - 1));
    }
}

OP(batchnorm);
Var op_batchnorm(Tape *t, Var x, Var gamma, Var beta, BatchStats *stats, Activation act) {
    int C = x->val.dims ? x->val.shape[x->val.dims - 1] : 0;
    REQUIRE(x->val.dims >= 2 && mat_count(x->val) > 0 && mat_count(beta->val) == (size_t)C &&
                (!gamma || mat_count(gamma->val) == (size_t)C),
            "x is %s, beta %s, gamma %s: want one of each per channel", mat_shape_text(x->val),
            mat_shape_text(beta->val), gamma ? mat_shape_text(gamma->val) : "none");
    Var y = tape_record(t, &batchnorm_op, x->val, x, gamma, beta);
    Norm *s = y->save = arena_zero(&t->arena, 1, sizeof *s);
    size_t rows = mat_count(x->val) / (size_t)C, piece = (size_t)MAX(1, NORM_PIECE / C),
           pieces = (rows + piece - 1) / piece;
    num *channels = arena_alloc(&t->arena, 4 * (size_t)C, sizeof(num));
    *s = (Norm){ .rows = rows,
                 .piece = piece,
                 .C = C,
                 .act = act,
                 .batch = t->training,
                 .x = x->val.v,
                 .y = y->val.v,
                 .mean = channels,
                 .inverse = channels + C,
                 .slope = channels + 2 * C,
                 .offset = channels + 3 * C,
                 .partial = arena_alloc(&t->arena, pieces * 2 * (size_t)C, sizeof(double)) };
    if (t->training) norm_learn_statistics(s, stats);
    for (int c = 0; c < C; c++) {
        if (!t->training) {
            s->mean[c] = stats->running_mean[c];
            s->inverse[c] = (num)(1 / sqrt((double)stats->running_var[c] + stats->eps));
        }
        s->slope[c] = (gamma ? gamma->val.v[c] : 1) * s->inverse[c];
        s->offset[c] = beta->val.v[c] - s->slope[c] * s->mean[c];
    }
    parallel_for(rows, piece, norm_forward, s);
    return y;
}

/* Pass 1: du, which holds dy, times act'(u); and a piece's sums of du and of du z. */
static void norm_backward_sums(void *context, size_t begin, size_t end, int worker) {
    Norm *s = context;
    size_t C = (size_t)s->C;
    double *sum_out = s->partial + begin / s->piece * 2 * C;
    num *sum = thread_scratch(worker, (2 * C + s->piece * C) * sizeof(num)), *sum_z = sum + C, *u = sum + 2 * C;
    memset(sum, 0, 2 * C * sizeof(num));
    if (s->act == ACT_GELU) {
        for (size_t r = begin; r < end; r++)
            for (size_t c = 0; c < C; c++) u[(r - begin) * C + c] = s->slope[c] * s->x[r * C + c] + s->offset[c];
        vec_gelu_backward(u, s->du + begin * C, false, s->du + begin * C, (end - begin) * C);
    } else if (s->act == ACT_RELU) {
        const num *y = s->y;
        num *du = s->du;
        for (size_t i = begin * C; i < end * C; i++) du[i] = y[i] > 0 ? du[i] : 0;
    }
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) {
            num du = s->du[r * C + c];
            sum[c] += du;
            sum_z[c] += du * ((s->x[r * C + c] - s->mean[c]) * s->inverse[c]);
        }
    for (size_t c = 0; c < C; c++) {
        sum_out[c] = (double)sum[c];
        sum_out[C + c] = (double)sum_z[c];
    }
}

/* Pass 2: dx. */
static void norm_backward_data(void *context, size_t begin, size_t end, int worker) {
    const Norm *s = context;
    size_t C = (size_t)s->C;
    (void)worker;
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) {
            size_t i = r * C + c;
            s->dx[i] =
                (s->accumulate ? s->dx[i] : 0) + (s->from_du[c] * s->du[i] + (s->from_x[c] * s->x[i] + s->constant[c]));
        }
}

static void batchnorm_backward(Var y) {
    Norm *s = y->save;
    int C = s->C;
    s->du = y->grad; /* dy is ours and nobody reads it after us: du takes its place */
    if (y->tape->keep_grads) {
        s->du = arena_alloc(&y->tape->arena, mat_count(y->val), sizeof(num));
        memcpy(s->du, y->grad, mat_count(y->val) * sizeof(num));
    }
    parallel_for(s->rows, s->piece, norm_backward_sums, s);
    num *dgamma = tape_grad(y->in[1]), *dbeta = tape_grad(y->in[2]);
    s->from_du = arena_alloc(&y->tape->arena, 3 * (size_t)C, sizeof(num));
    s->from_x = s->from_du + C;
    s->constant = s->from_du + 2 * C;
    for (int c = 0; c < C; c++) {
        double sum = 0, sum_z = 0, R = (double)s->rows;
        for (size_t begin = 0; begin < s->rows; begin += s->piece) {
            const double *part = s->partial + begin / s->piece * 2 * (size_t)C;
            sum += part[c];
            sum_z += part[C + c];
        }
        if (dbeta) dbeta[c] += (num)sum;
        if (dgamma) dgamma[c] += (num)sum_z;
        double slope = (double)s->slope[c], inverse = (double)s->inverse[c], through = s->batch ? sum_z / R : 0;
        s->from_du[c] = s->slope[c];
        s->from_x[c] = (num)(-slope * inverse * through);
        s->constant[c] = (num)(slope * (inverse * through * (double)s->mean[c] - (s->batch ? sum / R : 0)));
    }
    s->dx = tape_grad_reuse(y->in[0], y, &s->accumulate);
    if (s->dx) parallel_for(s->rows, s->piece, norm_backward_data, s);
}

static Var batchnorm_check(GradCheck *check) {
    const Activation acts[] = { ACT_NONE, ACT_RELU, ACT_GELU };
    check->variants = 7;
    int i = check->variant;
    Var x = gradcheck_input(check, i == 6 ? mat_shape(2, 5, 3) : mat_shape(4, 3, 2, 2, 3));
    Var beta = gradcheck_input(check, mat_shape(1, 3)), gamma = i == 6 ? NULL : gradcheck_input(check, mat_shape(1, 3));
    num *mean = arena_zero(&check->tape->arena, 3, sizeof(num)),
        *var = arena_alloc(&check->tape->arena, 3, sizeof(num));
    for (int c = 0; c < 3; c++) var[c] = (num)(0.5 + c);
    check->tape->training = i != 3 && i != 4 && i != 5;
    BatchStats stats = { .running_mean = mean, .running_var = var, .momentum = 0.1, .eps = 1e-5 };
    return op_batchnorm(check->tape, x, gamma, beta, &stats, acts[i % 3]);
}

/* ---- layer norm --------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t rows, piece, D;
    const num *x, *gamma, *beta, *dy;
    num *y, *mean, *inverse; /* [R]; inverse = 1 / sqrt(var + eps) */
    num *dx, *partial;       /* partial [pieces,2,D]: sums of dy z and dy over a piece's rows */
    bool accumulate;
    double eps;
} LayerNorm;

/* The sum of n numbers, and of the squares of their distances from `mean`: sixteen running sums, in one order. */
static num row_sum(const num *x, size_t n) {
    num lane[16] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) lane[l] += x[i + (size_t)l];
    for (; i < n; i++) sum += x[i];
    for (int l = 0; l < 16; l++) sum += lane[l];
    return sum;
}
static num row_squares(const num *x, size_t n, num mean) {
    num lane[16] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) lane[l] += (x[i + (size_t)l] - mean) * (x[i + (size_t)l] - mean);
    for (; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    for (int l = 0; l < 16; l++) sum += lane[l];
    return sum;
}

static void layernorm_rows(void *context, size_t begin, size_t end, int worker) {
    const LayerNorm *s = context;
    size_t D = s->D;
    (void)worker;
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
    LayerNorm *s = y->save = arena_alloc(&t->arena, 1, sizeof *s);
    num *saved = arena_alloc(&t->arena, 2 * rows, sizeof(num));
    *s = (LayerNorm){ .rows = rows,
                      .piece = MAX((size_t)NORM_PIECE / D, 1),
                      .D = D,
                      .x = x->val.v,
                      .gamma = gamma->val.v,
                      .beta = beta->val.v,
                      .y = y->val.v,
                      .mean = saved,
                      .inverse = saved + rows,
                      .eps = eps };
    parallel_for(rows, s->piece, layernorm_rows, s);
    return y;
}

static void layernorm_back_rows(void *context, size_t begin, size_t end, int worker) {
    const LayerNorm *s = context;
    size_t D = s->D;
    num *dgamma = s->partial + begin / s->piece * 2 * D, *dbeta = dgamma + D;
    num *g = thread_scratch(worker, 2 * D * sizeof(num)), *z = g + D;
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
    LayerNorm *s = y->save;
    size_t pieces = (s->rows + s->piece - 1) / s->piece;
    s->partial = arena_alloc(&y->tape->arena, pieces * 2 * s->D, sizeof(num));
    s->dy = y->grad;
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for(s->rows, s->piece, layernorm_back_rows, s);
    num *dgamma = tape_grad(y->in[1]), *dbeta = tape_grad(y->in[2]);
    for (size_t p = 0; p < pieces; p++)
        for (size_t d = 0; d < s->D; d++) {
            if (dgamma) dgamma[d] += s->partial[2 * p * s->D + d];
            if (dbeta) dbeta[d] += s->partial[(2 * p + 1) * s->D + d];
        }
}
static Var layernorm_check(GradCheck *check) {
    check->variants = 2; /* the second: more than one piece, and more than sixteen columns */
    int D = check->variant ? 37 : 5;
    Var x = gradcheck_input(check, check->variant ? mat_shape(2, 3, 37) : mat_shape(3, 2, 3, 5));
    Var gamma = gradcheck_input(check, mat_shape(1, D));
    return op_layernorm(check->tape, x, gamma, gradcheck_input(check, mat_shape(1, D)), 1e-5);
}

/* ---- unit length ------------------------------------------------------------------------------------------------- */

OP(l2norm);
Var op_l2norm(Tape *t, Var x) {
    int B = x->val.shape[0], E = x->val.shape[1];
    REQUIRE(x->val.dims == 2, "x is %s, want [B,E]", mat_shape_text(x->val));
    Var y = tape_record(t, &l2norm_op, x->val, x, NULL, NULL);
    num *length = y->save = arena_alloc(&t->arena, (size_t)B, sizeof(num));
    for (int b = 0; b < B; b++) {
        length[b] = (num)fmax(vec_norm(&AT(x->val, b, 0), E), 1e-12);
        for (int e = 0; e < E; e++) AT(y->val, b, e) = AT(x->val, b, e) / length[b];
    }
    return y;
}
static void l2norm_backward(Var y) { /* rows are independent: dx = (dy - y (y . dy)) / |x| */
    const num *length = y->save;
    size_t E = (size_t)y->val.shape[1];
    num *dx = tape_grad(y->in[0]);
    for (int b = 0; b < y->val.shape[0]; b++) {
        const num *row = y->val.v + (size_t)b * E, *dy = y->grad + (size_t)b * E;
        num dot = (num)vec_dot(row, dy, (int)E);
        for (size_t e = 0; e < E; e++) dx[(size_t)b * E + e] += (dy[e] - row[e] * dot) / length[b];
    }
}
static Var l2norm_check(GradCheck *check) { return op_l2norm(check->tape, gradcheck_input(check, mat_shape(2, 3, 4))); }
