/* op_batchnorm: batch normalisation and the activation after it, in one pass over memory. Contract: ops.h.
 *
 * x is R rows of C channels. With z = (x - mean) / sqrt(var + eps) and u = gamma z + beta:
 *   y  = act(u)
 *   du = dy act'(u)          dbeta = sum_r du          dgamma = sum_r du z
 *   dx = gamma / sqrt(var + eps) (du - dbeta / R - z dgamma / R)     training: mean and var depend on x
 *   dx = gamma / sqrt(var + eps) du                                  running statistics: they do not
 * Rows are taken in pieces of a fixed size, which fit a fast cache; sums over pieces are added up in order. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

enum { PIECE = 1 << 13 }; /* numbers in a piece: 32 kB of floats */

typedef struct {
    size_t rows, piece; /* R, and the rows of a piece */
    int C;
    Activation act;
    bool batch; /* the statistics are this batch's */
    const num *x;
    num *y;
    num *dx, *du;
    bool accumulate;                  /* add to dx */
    num *mean, *inverse;              /* [C]; inverse = 1 / sqrt(var + eps) */
    num *slope, *offset;              /* [C]; u = slope x + offset */
    double *partial;                  /* [pieces,2,C]: sums of one piece */
    num *from_du, *from_x, *constant; /* [C]; dx = from_du du + from_x x + constant */
} Norm;

/* Of one piece: m = mean of x, and sum_r (x - m)^2. About the piece's own mean no digits are lost where it is large. */
static void statistics_piece(void *context, size_t begin, size_t end) {
    Norm *s = context;
    size_t C = (size_t)s->C;
    double *mean = s->partial + begin / s->piece * 2 * C;
    num *sum = thread_scratch(2 * C * sizeof(num)), *squares = sum + C;
    memset(sum, 0, 2 * C * sizeof(num));
    rows_add(s->x + begin * C, end - begin, s->C, sum);
    for (size_t c = 0; c < C; c++) sum[c] /= (num)(end - begin);
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) {
            num distance = s->x[r * C + c] - sum[c];
            squares[c] += distance * distance;
        }
    for (size_t i = 0; i < 2 * C; i++) mean[i] = (double)sum[i]; /* means, then squares */
}

/* Mean and variance of all rows from those of the pieces (Chan, Golub and LeVeque 1983). */
static void statistics_combine(Norm *s, int c, double *mean, double *variance) {
    double m = 0, squares = 0, count = 0;
    for (size_t begin = 0; begin < s->rows; begin += s->piece) {
        const double *part = s->partial + begin / s->piece * 2 * (size_t)s->C;
        double n = (double)(MIN(begin + s->piece, s->rows) - begin), distance = part[c] - m;
        squares += part[s->C + c] + distance * distance * count * n / (count + n);
        m += distance * n / (count + n);
        count += n;
    }
    *mean = m;
    *variance = squares / count;
}

/* Mean and variance of the batch; running = (1 - momentum) running + momentum batch, the variance with R - 1 for R */
static void batch_statistics(Norm *s, BatchStats *stats, bool repeated) {
    parallel_for(s->rows, s->piece, statistics_piece, s);
    for (int c = 0; c < s->C; c++) {
        double mean, variance, keep = 1 - stats->momentum, R = (double)s->rows;
        statistics_combine(s, c, &mean, &variance);
        s->mean[c] = (num)mean;
        s->inverse[c] = (num)(1 / sqrt(variance + stats->eps));
        if (repeated) continue; /* this batch is in the running statistics already */
        stats->running_mean[c] = (num)(keep * (double)stats->running_mean[c] + stats->momentum * mean);
        stats->running_var[c] =
            (num)(keep * (double)stats->running_var[c] + stats->momentum * variance * R / MAX(1, R - 1));
    }
}

/* y = act(slope x + offset)          x, y [R,C]; slope, offset [C] */
static void forward_piece(void *context, size_t begin, size_t end) {
    const Norm *s = context;
    size_t C = (size_t)s->C, n = (end - begin) * C;
    num *y = s->y + begin * C;
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) s->y[r * C + c] = s->slope[c] * s->x[r * C + c] + s->offset[c];
    if (s->act == ACT_GELU) vec_gelu(y, y, n);
    if (s->act == ACT_RELU)
        for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

OP_AGAIN(batchnorm);
Var op_batchnorm(Tape *t, Var x, Var gamma, Var beta, BatchStats *stats, Activation act) {
    int C = x->val.dims ? x->val.shape[x->val.dims - 1] : 0;
    REQUIRE(x->val.dims >= 2 && mat_count(x->val) > 0 && mat_count(beta->val) == (size_t)C &&
                (!gamma || mat_count(gamma->val) == (size_t)C),
            "x is %s, beta %s, gamma %s: want one of each per channel", mat_shape_text(x->val),
            mat_shape_text(beta->val), gamma ? mat_shape_text(gamma->val) : "none");
    Var y = tape_record(t, &batchnorm_op, x->val, x, gamma, beta);
    Norm *s = y->saved = arena_zero(&t->arena, 1, sizeof *s);
    size_t rows = mat_count(x->val) / (size_t)C, piece = (size_t)MAX(1, PIECE / C), pieces = (rows + piece - 1) / piece;
    num *channels = arena_alloc(&t->arena, 4 * (size_t)C, sizeof(num));
    *s = (Norm){ .rows = rows, .piece = piece, .C = C, .act = act, .batch = t->training };
    s->x = x->val.v;
    s->y = y->val.v;
    s->mean = channels;
    s->inverse = channels + C;
    s->slope = channels + 2 * C;
    s->offset = channels + 3 * C;
    s->partial = arena_alloc(&t->arena, pieces * 2 * (size_t)C, sizeof(double));
    if (t->training) batch_statistics(s, stats, t->repeated);
    for (int c = 0; c < C; c++) {
        if (!t->training) {
            s->mean[c] = stats->running_mean[c];
            s->inverse[c] = (num)(1 / sqrt((double)stats->running_var[c] + stats->eps));
        }
        s->slope[c] = (gamma ? gamma->val.v[c] : 1) * s->inverse[c];
        s->offset[c] = beta->val.v[c] - s->slope[c] * s->mean[c];
    }
    parallel_for(rows, piece, forward_piece, s);
    return y;
}
static void batchnorm_again(Var y) {
    Norm *s = y->saved;
    s->x = y->in[0]->val.v;
    s->y = y->val.v;
    parallel_for(s->rows, s->piece, forward_piece, s);
}

/* First pass: du = dy act'(u), in the memory of dy; sum_r du and sum_r du z over the rows of the piece. */
static void backward_sums(void *context, size_t begin, size_t end) {
    Norm *s = context;
    size_t C = (size_t)s->C;
    double *sum_out = s->partial + begin / s->piece * 2 * C;
    num *sum = thread_scratch((2 * C + s->piece * C) * sizeof(num)), *sum_z = sum + C, *u = sum + 2 * C;
    memset(sum, 0, 2 * C * sizeof(num));
    bool forgotten = s->act == ACT_RELU && !s->y;
    for (size_t r = begin; r < end && (s->act == ACT_GELU || forgotten); r++)
        for (size_t c = 0; c < C; c++) u[(r - begin) * C + c] = s->slope[c] * s->x[r * C + c] + s->offset[c];
    if (s->act == ACT_GELU) vec_gelu_backward(u, s->du + begin * C, false, s->du + begin * C, (end - begin) * C);
    const num *sign = forgotten ? u : s->y + begin * C;
    if (s->act == ACT_RELU)
        for (size_t i = 0; i < (end - begin) * C; i++) s->du[begin * C + i] = sign[i] > 0 ? s->du[begin * C + i] : 0;
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) {
            num du = s->du[r * C + c];
            sum[c] += du;
            sum_z[c] += du * ((s->x[r * C + c] - s->mean[c]) * s->inverse[c]);
        }
    for (size_t i = 0; i < 2 * C; i++) sum_out[i] = (double)sum[i]; /* of du, then of du z */
}

/* Second pass: dx (+)= from_du du + from_x x + constant */
static void backward_data(void *context, size_t begin, size_t end) {
    const Norm *s = context;
    size_t C = (size_t)s->C;
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < C; c++) {
            size_t i = r * C + c;
            num dx = s->from_du[c] * s->du[i] + (s->from_x[c] * s->x[i] + s->constant[c]);
            s->dx[i] = (s->accumulate ? s->dx[i] : 0) + dx;
        }
}

/* dbeta = sum_r du      dgamma = sum_r du z      and, with z = (x - mean) inverse and slope = gamma inverse,
 * dx = slope du - slope inverse (dgamma / R) x + slope (inverse (dgamma / R) mean - dbeta / R) */
static void batchnorm_backward(Var y) {
    Norm *s = y->saved;
    int C = s->C;
    s->x = y->in[0]->val.v;
    s->y = y->val.v;
    s->du = y->grad; /* nothing reads dy afterwards: du overwrites it */
    if (y->tape->keep_grads)
        s->du = memcpy(mat_like(&y->tape->arena, y->val).v, y->grad, mat_count(y->val) * sizeof(num));
    parallel_for(s->rows, s->piece, backward_sums, s);
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
        double slope = (double)s->slope[c], inverse = (double)s->inverse[c], mean_z = s->batch ? sum_z / R : 0;
        s->from_du[c] = s->slope[c];
        s->from_x[c] = (num)(-slope * inverse * mean_z);
        s->constant[c] = (num)(slope * (inverse * mean_z * (double)s->mean[c] - (s->batch ? sum / R : 0)));
    }
    s->dx = tape_grad_reuse(y->in[0], y, &s->accumulate);
    if (s->dx) parallel_for(s->rows, s->piece, backward_data, s);
}

static Var batchnorm_check(GradCheck *check) {
    const Activation acts[] = { ACT_NONE, ACT_RELU, ACT_GELU };
    check->variants = 7;
    int i = check->variant;
    Var x = gradcheck_input(check, i == 6 ? mat_shape(2, 5, 3) : mat_shape(4, 3, 2, 2, 3));
    Var beta = gradcheck_input(check, mat_shape(1, 3)), gamma = i == 6 ? NULL : gradcheck_input(check, mat_shape(1, 3));
    num *mean = arena_zero(&check->tape->arena, 6, sizeof(num)), *var = mean + 3;
    for (int c = 0; c < 3; c++) var[c] = (num)(0.5 + c);
    check->tape->training = i != 3 && i != 4 && i != 5;
    BatchStats stats = { .running_mean = mean, .running_var = var, .momentum = 0.1, .eps = 1e-5 };
    return op_batchnorm(check->tape, x, gamma, beta, &stats, acts[i % 3]);
}
