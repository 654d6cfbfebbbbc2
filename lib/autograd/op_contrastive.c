/* op_contrastive: the CLIP loss without the matrix of all logits, and the sigmoid loss. Contracts: ops.h.
 *
 * The logits z_ij = e^t I_i . T_j are computed in tiles of rows and columns, twice. The forward keeps for each row and
 * each column the largest logit so far, m, and the sum s of e^(z - m); a tile with a larger logit multiplies s by
 * e^(m - m') first (Milakov and Gimelshein 2018, arXiv:1805.02867). The backward computes each tile again. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/gemm.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

enum { ROWS = 16, STRIPE = 64 }; /* rows, or columns, that one thread takes at a time */

/* Of one row or column: its largest logit, the sum of the others' exponentials relative to it. */
typedef struct {
    num max;
    double sum;
} Streamed;

typedef struct {
    int B, E, tile;
    num scale;          /* e^t */
    const int *caption; /* [B] */
    double smoothing;
    const num *image, *text;   /* [B,E] */
    Streamed *row, *column;    /* [B] */
    int *repeats;              /* [B]: pairs that have the caption of b */
    double *matching, *all;    /* [B]: sum of the logits of row b with b's caption; of all logits of the row */
    int r0, rows, c0, columns; /* this tile */
    num *z;                    /* [rows,columns]: its logits; in the backward their gradient */
    double slope, *dt;         /* dy / 2B; [B]: sum_j dz_ij z_ij */
} Contrastive;

/* z_ij = e^t I_i . T_j for the rows and columns of the tile at (r0, c0) */
static void tile_logits(Contrastive *s, int r0, int c0) {
    s->r0 = r0;
    s->c0 = c0;
    s->rows = MIN(s->tile, s->B - r0);
    s->columns = MIN(s->tile, s->B - c0);
    size_t E = (size_t)s->E;
    gemm(false, true, s->rows, s->columns, s->E, s->image + (size_t)r0 * E, s->E, s->text + (size_t)c0 * E, s->E, false,
         s->z, s->columns);
}

static num *tile_row(const Contrastive *s, size_t r) { return s->z + r * (size_t)s->columns; }

/* The sum of a row or column after its largest logit has grown to `max`. */
static void stream_raise(Streamed *x, num max) {
    if (max <= x->max) return;
    x->sum *= exp((double)x->max - (double)max);
    x->max = max;
}

/* m_i, s_i of the rows; how often caption i occurs; sums of logits. Multiplies the tile by e^t first. */
static void forward_rows(void *context, size_t begin, size_t end) {
    Contrastive *s = context;
    size_t n = (size_t)s->columns;
    num *e = thread_scratch(n * sizeof(num));
    for (size_t r = begin; r < end; r++) {
        size_t i = (size_t)s->r0 + r;
        num *z = tile_row(s, r), max = -INFINITY;
        for (size_t c = 0; c < n; c++) z[c] *= s->scale;
        for (size_t c = 0; c < n; c++) max = z[c] > max ? z[c] : max;
        stream_raise(&s->row[i], max);
        for (size_t c = 0; c < n; c++) e[c] = z[c] - s->row[i].max;
        vec_exp(e, e, n);
        for (size_t c = 0; c < n; c++) {
            bool same = s->caption[i] == s->caption[(size_t)s->c0 + c];
            s->row[i].sum += (double)e[c];
            s->all[i] += (double)z[c];
            s->matching[i] += same ? (double)z[c] : 0;
            s->repeats[i] += same;
        }
    }
}

/* m_j, s_j of the columns */
static void forward_columns(void *context, size_t begin, size_t end) {
    Contrastive *s = context;
    num max[STRIPE], e[STRIPE];
    size_t n = end - begin;
    Streamed *column = s->column + (size_t)s->c0 + begin;
    for (size_t c = 0; c < n; c++) max[c] = -INFINITY;
    for (size_t r = 0; r < (size_t)s->rows; r++)
        for (size_t c = 0; c < n; c++) max[c] = tile_row(s, r)[begin + c] > max[c] ? tile_row(s, r)[begin + c] : max[c];
    for (size_t c = 0; c < n; c++) stream_raise(&column[c], max[c]);
    for (size_t r = 0; r < (size_t)s->rows; r++) {
        for (size_t c = 0; c < n; c++) e[c] = tile_row(s, r)[begin + c] - column[c].max;
        vec_exp(e, e, n);
        for (size_t c = 0; c < n; c++) column[c].sum += (double)e[c];
    }
}

/* q_ij for pairs with the same caption, and for others: clip_targets of clip_loss.h */
static double target_same(const Contrastive *s, size_t i) {
    return (1 - s->smoothing) / s->repeats[i] + s->smoothing / s->B;
}
static double target_other(const Contrastive *s) { return s->smoothing / s->B; }
static double x_log_x(double x) { return x > 0 ? x * log(x) : 0; }

/* L = 1/2B sum_i (m_i + log s_i) + 1/2B sum_j (m_j + log s_j) - 1/B sum_ij q_ij z_ij - H(q) */
static double loss_of(const Contrastive *s) {
    double loss = 0, other = target_other(s);
    for (size_t i = 0; i < (size_t)s->B; i++) {
        double same = target_same(s, i), repeats = s->repeats[i];
        double rows = (double)s->row[i].max + log(s->row[i].sum);
        double columns = (double)s->column[i].max + log(s->column[i].sum);
        double entropy = -repeats * x_log_x(same) - (s->B - repeats) * x_log_x(other);
        double matching = (same - other) * s->matching[i] + other * s->all[i];
        loss += (rows + columns) / 2 - matching - entropy;
    }
    return loss / s->B;
}

static Contrastive *contrastive_new(Arena *arena, int B, PairTargets targets) {
    Contrastive *s = arena_zero(arena, 1, sizeof *s);
    size_t n = (size_t)B;
    int *caption = arena_alloc(arena, n, sizeof *caption);
    for (int b = 0; b < B; b++) caption[b] = targets.caption ? targets.caption[b] : b;
    s->caption = caption;
    s->smoothing = targets.smoothing;
    s->row = arena_alloc(arena, n, sizeof *s->row);
    s->column = arena_alloc(arena, n, sizeof *s->column);
    for (int b = 0; b < B; b++) s->row[b] = s->column[b] = (Streamed){ -INFINITY, 0 };
    s->repeats = arena_zero(arena, n, sizeof *s->repeats);
    s->matching = arena_zero(arena, n, sizeof *s->matching);
    s->all = arena_zero(arena, n, sizeof *s->all);
    s->dt = arena_alloc(arena, n, sizeof *s->dt);
    return s;
}

/* image I [B,E], text T [B,E], t one number -> L, one number */
OP(contrastive);
Var op_contrastive(Tape *t, Var image, Var text, Var log_scale, PairTargets targets, int tile) {
    int B = image->val.shape[0];
    REQUIRE(image->val.dims == 2 && B >= 1 && mat_same_shape(image->val, text->val), "image is %s, text %s, want [B,E]",
            mat_shape_text(image->val), mat_shape_text(text->val));
    REQUIRE(mat_count(log_scale->val) == 1 && tile >= 1, "the scale is %s and the tile %d: want one number, and 1",
            mat_shape_text(log_scale->val), tile);
    Var y = tape_record(t, &contrastive_op, mat_shape(0), image, text, log_scale);
    Contrastive *s = y->saved = contrastive_new(&t->arena, B, targets);
    s->B = B;
    s->E = image->val.shape[1];
    s->tile = MIN(tile, B);
    s->scale = (num)exp((double)log_scale->val.v[0]);
    s->image = image->val.v;
    s->text = text->val.v;
    s->z = arena_alloc(&t->arena, (size_t)s->tile * (size_t)s->tile, sizeof(num));
    for (int r0 = 0; r0 < B; r0 += s->tile)
        for (int c0 = 0; c0 < B; c0 += s->tile) {
            tile_logits(s, r0, c0);
            parallel_for((size_t)s->rows, ROWS, forward_rows, s);
            parallel_for((size_t)s->columns, STRIPE, forward_columns, s);
        }
    y->val.v[0] = (num)loss_of(s);
    return y;
}

/* dz_ij = dy / 2B (e^(z_ij - m_i) / s_i + e^(z_ij - m_j) / s_j - 2 q_ij), times e^t in place of z_ij;
 * dt_i += sum_j dz_ij z_ij */
static void backward_rows(void *context, size_t begin, size_t end) {
    Contrastive *s = context;
    size_t n = (size_t)s->columns;
    num *row = thread_scratch(2 * n * sizeof(num)), *column = row + n;
    const Streamed *of_column = s->column + s->c0;
    for (size_t r = begin; r < end; r++) {
        size_t i = (size_t)s->r0 + r;
        num *z = tile_row(s, r);
        double same = target_same(s, i), other = target_other(s), sum = 0;
        for (size_t c = 0; c < n; c++) {
            z[c] *= s->scale;
            row[c] = z[c] - s->row[i].max;
            column[c] = z[c] - of_column[c].max;
        }
        vec_exp(row, row, 2 * n);
        for (size_t c = 0; c < n; c++) {
            double q = s->caption[i] == s->caption[(size_t)s->c0 + c] ? same : other;
            double p = (double)row[c] / s->row[i].sum + (double)column[c] / of_column[c].sum;
            double dz = s->slope * (p - 2 * q);
            sum += dz * (double)z[c];
            z[c] = (num)dz * s->scale;
        }
        s->dt[i] += sum;
    }
}

/* dI_i = sum_j dz_ij e^t T_j      dT_j = sum_i dz_ij e^t I_i      dt = sum_ij dz_ij z_ij */
static void contrastive_backward(Var y) {
    Contrastive *s = y->saved;
    int B = s->B, E = s->E;
    s->image = y->in[0]->val.v;
    s->text = y->in[1]->val.v;
    num *dimage = tape_grad(y->in[0]), *dtext = tape_grad(y->in[1]), *dt = tape_grad(y->in[2]);
    s->slope = (double)y->grad[0] / (2.0 * B);
    memset(s->dt, 0, (size_t)B * sizeof *s->dt);
    for (int r0 = 0; r0 < B; r0 += s->tile)
        for (int c0 = 0; c0 < B; c0 += s->tile) {
            size_t row = (size_t)r0 * (size_t)E, column = (size_t)c0 * (size_t)E;
            tile_logits(s, r0, c0);
            parallel_for((size_t)s->rows, ROWS, backward_rows, s);
            if (dimage)
                gemm(false, false, s->rows, E, s->columns, s->z, s->columns, s->text + column, E, true, dimage + row,
                     E);
            if (dtext)
                gemm(true, false, s->columns, E, s->rows, s->z, s->columns, s->image + row, E, true, dtext + column, E);
        }
    double sum = 0;
    for (int i = 0; i < B; i++) sum += s->dt[i];
    if (dt) *dt += (num)sum;
}
static Var contrastive_check(GradCheck *check) {
    static const int caption[] = { 3, 1, 3, 0, 1 };
    const PairTargets targets[] = { { NULL, 0 }, { caption, 0 }, { caption, 0.2 }, { NULL, 0.1 } };
    const int tiles[] = { 5, 2, 3, 1 };
    check->variants = COUNT(targets);
    Var image = gradcheck_input(check, mat_shape(2, 5, 3)), text = gradcheck_input(check, mat_shape(2, 5, 3));
    Var t = gradcheck_input(check, mat_shape(0));
    return op_contrastive(check->tape, image, text, t, targets[check->variant], tiles[check->variant]);
}

typedef struct {
    Mat x, target; /* [B,N] */
    double *loss;  /* [B] */
    num slope, *dx;
    bool accumulate;
} Sigmoid;

/* log(1 + e^x), without overflow */
static double softplus(double x) { return MAX(x, 0) + log1p(exp(-fabs(x))); }

/* loss_b = sum_n (log(1 + e^x_bn) - target_bn x_bn) */
static void sigmoid_rows(void *context, size_t begin, size_t end) {
    const Sigmoid *s = context;
    for (size_t b = begin; b < end; b++) {
        s->loss[b] = 0;
        for (int n = 0; n < s->x.shape[1]; n++) {
            double x = (double)AT(s->x, b, n);
            s->loss[b] += softplus(x) - (double)AT(s->target, b, n) * x;
        }
    }
}

/* y = 1/B sum_b loss_b          x, target [B,N]; y one number */
OP(sigmoid_cross_entropy);
Var op_sigmoid_cross_entropy(Tape *t, Var x, Mat target) {
    int B = x->val.shape[0];
    REQUIRE(x->val.dims == 2 && B >= 1 && mat_same_shape(x->val, target), "x is %s, the target %s, want [B,N]",
            mat_shape_text(x->val), mat_shape_text(target));
    Var y = tape_record(t, &sigmoid_cross_entropy_op, mat_shape(0), x, NULL, NULL);
    Sigmoid *s = y->saved = arena_zero(&t->arena, 1, sizeof *s);
    s->x = x->val;
    s->target = target;
    s->loss = arena_alloc(&t->arena, (size_t)B, sizeof(double));
    parallel_for((size_t)B, ROWS, sigmoid_rows, s);
    double sum = 0;
    for (int b = 0; b < B; b++) sum += s->loss[b];
    y->val.v[0] = (num)(sum / B);
    return y;
}

/* dx_bn = (1 / (1 + e^-x_bn) - target_bn) dy / B */
static void sigmoid_backward_rows(void *context, size_t begin, size_t end) {
    const Sigmoid *s = context;
    for (size_t b = begin; b < end; b++)
        for (int n = 0; n < s->x.shape[1]; n++) {
            num p = (num)(1 / (1 + exp(-(double)AT(s->x, b, n)))), *dx = s->dx + b * (size_t)s->x.shape[1] + n;
            *dx = (s->accumulate ? *dx : 0) + s->slope * (p - AT(s->target, b, n));
        }
}
static void sigmoid_cross_entropy_backward(Var y) {
    Sigmoid *s = y->saved;
    s->slope = y->grad[0] / (num)s->x.shape[0];
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    parallel_for((size_t)s->x.shape[0], ROWS, sigmoid_backward_rows, s);
}
static Var sigmoid_cross_entropy_check(GradCheck *check) {
    Var x = gradcheck_input(check, mat_shape(2, 3, 5));
    Mat target = mat_new(&check->tape->arena, 3, 5);
    for (size_t i = 0; i < 15; i++) target.v[i] = (num)rng_below(&check->rng, 2);
    return op_sigmoid_cross_entropy(check->tape, x, target);
}
