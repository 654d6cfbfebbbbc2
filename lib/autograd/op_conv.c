/* op_conv: convolution and pooling of pictures [B,H,W,C]. Contracts: ops.h; the convolution itself: conv.c. */
#include "kernels/conv.h"
#include "autograd/ops.h"
#include "core/thread.h"

#include <string.h>

typedef struct {
    ConvShape shape;
    bool rounded;
    const num *x, *weight; /* the operands; the backward reads them only if they are copies rounded to BF16 */
} Conv2d;

/* y[b,p,q,o] = bias[o] + sum_{i,j,c} weight[o,c,i,j] x[b, p stride + i - pad, q stride + j - pad, c], 0 outside of x
 * x [B,H,W,C]      weight [O,C,K,K]      bias [O] or NULL      y [B,P,Q,O] */
OP(conv2d);
Var op_conv2d(Tape *t, Var x, Var weight, Var bias, int stride, int pad) {
    const int *s = x->val.shape, *w = weight->val.shape;
    REQUIRE(x->val.dims == 4 && weight->val.dims == 4 && w[1] == s[3] && w[2] == w[3],
            "x is %s, the weight %s, want [B,H,W,C] and [O,C,K,K]", mat_shape_text(x->val),
            mat_shape_text(weight->val));
    REQUIRE(!bias || mat_count(bias->val) == (size_t)w[0], "the bias is %s, want [%d]", mat_shape_text(bias->val),
            w[0]);
    REQUIRE(stride >= 1 && pad >= 0 && w[2] >= 1 && w[2] - 2 * pad <= MIN(s[1], s[2]),
            "x is %s, the weight %s, stride %d, pad %d: the kernel must fit", mat_shape_text(x->val),
            mat_shape_text(weight->val), stride, pad);
    ConvShape shape = { s[0], s[1], s[2], s[3], .outputs = w[0], .kernel = w[2], .stride = stride, .pad = pad };
    int P = conv_out(s[1], w[2], stride, pad), Q = conv_out(s[2], w[2], stride, pad);
    Var y = tape_record(t, &conv2d_op, mat_shape(4, s[0], P, Q, w[0]), x, weight, bias);
    Conv2d *saved = y->saved = arena_alloc(&t->arena, 1, sizeof *saved);
    *saved = (Conv2d){ .shape = shape, .rounded = t->round_products && weight->val.v };
    saved->x = tape_operand(t, saved->rounded, x->val.v, mat_count(x->val));
    saved->weight = tape_operand(t, saved->rounded, weight->val.v, mat_count(weight->val));
    ArenaMark mark = arena_mark(&t->arena);
    const num *filters = saved->weight;
    if (!filters) { /* they lie in a file, and are widened for this call only */
        REQUIRE(!y->requires_grad, "%s lies in a file: for inference only", weight->param->name);
        num *wide = arena_alloc(&t->arena, mat_count(weight->val), sizeof(num));
        weight_all(weight->param->weights_view, w[0], w[1] * w[2] * w[3], wide);
        filters = wide;
    }
    conv_forward(shape, saved->x, filters, bias ? bias->val.v : NULL, y->val.v);
    arena_release(&t->arena, mark);
    return y;
}
/* With h = p stride + i - pad, w = q stride + j - pad, and sums over all p, q, i, j that meet this h, w:
 * dx[b,h,w,c] = sum weight[o,c,i,j] dy[b,p,q,o]      dweight[o,c,i,j] = sum_{b,p,q} x[b,h,w,c] dy[b,p,q,o]
 * dbias[o] = sum_{b,p,q} dy[b,p,q,o] */
static void conv2d_backward(Var y) {
    Var x = y->in[0], weight = y->in[1], bias = y->in[2];
    const Conv2d *saved = y->saved;
    ConvShape shape = saved->shape;
    const num *from = saved->rounded ? saved->x : x->val.v, *filters = saved->rounded ? saved->weight : weight->val.v;
    const num *dy = tape_operand(y->tape, saved->rounded, y->grad, mat_count(y->val));
    num *dweight = tape_grad(weight), *dbias = tape_grad(bias);
    size_t rows = mat_count(y->val) / (size_t)MAX(shape.outputs, 1);
    if (dweight) conv_backward_weight(shape, from, dy, true, dweight, dbias);
    else if (dbias) rows_add(dy, rows, shape.outputs, dbias); /* a frozen filter */
    tape_done(x);
    bool accumulate;
    num *dx = tape_grad_raw(x, &accumulate);
    if (dx) conv_backward_data(shape, dy, filters, accumulate, dx);
}
static Var conv2d_check(GradCheck *check) {
    const struct {
        int size, kernel, stride, pad;
    } v[] = { { 4, 3, 1, 1 }, { 5, 3, 2, 1 }, { 4, 2, 1, 0 }, { 5, 2, 3, 2 }, { 3, 1, 1, 0 } };
    check->variants = COUNT(v);
    int i = check->variant, size = v[i].size, kernel = v[i].kernel;
    Var x = gradcheck_input(check, mat_shape(4, 2, size, size, 3)),
        w = gradcheck_input(check, mat_shape(4, 2, 3, kernel, kernel));
    return op_conv2d(check->tape, x, w, i % 2 ? NULL : gradcheck_input(check, mat_shape(1, 2)), v[i].stride, v[i].pad);
}

typedef struct {
    int H, W, C, P, Q, size, stride;
    const num *x, *dy;
    num *y, *dx;
    bool unset;       /* dx holds nothing yet */
    uint8_t *largest; /* max pooling: for each number of y, the position in its window that it came from */
} Pool;

static Var pool_record(Tape *t, const Op *op, Var x, int size, int stride) {
    const int *s = x->val.shape;
    REQUIRE(x->val.dims == 4 && 1 <= size && size <= 16 && size <= s[1] && size <= s[2] && stride >= 1,
            "x is %s, window %d, stride %d: the window must fit into the picture", mat_shape_text(x->val), size,
            stride);
    int P = conv_out(s[1], size, stride, 0), Q = conv_out(s[2], size, stride, 0);
    Var y = tape_record(t, op, mat_shape(4, s[0], P, Q, s[3]), x, NULL, NULL);
    Pool *pool = y->saved = arena_zero(&t->arena, 1, sizeof *pool);
    *pool = (Pool){ s[1], s[2], s[3], P, Q, size, stride, .x = x->val.v, .y = y->val.v };
    return y;
}

/* Where, in x, the window of result row `row` = (b, p) and column q begins; position `at` of a window from there. */
static size_t window_start(const Pool *s, size_t row, int q) {
    size_t b = row / (size_t)s->P, p = row % (size_t)s->P;
    return ((b * (size_t)s->H + p * (size_t)s->stride) * (size_t)s->W + (size_t)(q * s->stride)) * (size_t)s->C;
}
static size_t window_offset(const Pool *s, int at) {
    return ((size_t)(at / s->size) * (size_t)s->W + (size_t)(at % s->size)) * (size_t)s->C;
}

/* Sets to 0 the lines of dx that no earlier row of the result wrote to, just before `row` adds to them. Windows that do
 * not overlap: the row's own lines. Overlapping ones: the whole picture, which then belongs to one thread. */
static void pool_clear(const Pool *s, size_t row) {
    if (!s->unset) return;
    int p = (int)(row % (size_t)s->P), first = p * s->stride, end = p == s->P - 1 ? s->H : first + s->stride;
    if (s->stride < s->size) {
        if (p > 0) return;
        end = s->H;
    }
    memset(s->dx + window_start(s, row, 0), 0, (size_t)(end - first) * (size_t)s->W * (size_t)s->C * sizeof(num));
}

/* y = max(y, x) for C channels; `largest` becomes `at` where x is larger. Of equals the first stays. NaN stays NaN. */
static void keep_larger(size_t C, const num *restrict x, num at, num *restrict y, num *restrict largest) {
    for (size_t c = 0; c < C; c++) {
        bool stays = y[c] >= x[c] || y[c] != y[c];
        largest[c] = stays ? largest[c] : at;
        y[c] = stays ? y[c] : x[c];
    }
}

/* y[b,p,q,c] = max over the window of x[b, p stride + i, q stride + j, c], 0 <= i, j < size */
static void maxpool_rows(void *context, size_t begin, size_t end) {
    const Pool *s = context;
    size_t C = (size_t)s->C;
    num *largest = thread_scratch(C * sizeof *largest); /* as num: one width of vectors in the loop */
    for (size_t row = begin; row < end; row++)
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * C;
            const num *x = s->x + window_start(s, row, q);
            memcpy(s->y + out, x, C * sizeof(num));
            memset(largest, 0, C * sizeof *largest);
            for (int at = 1; at < s->size * s->size; at++)
                keep_larger(C, x + window_offset(s, at), (num)at, s->y + out, largest);
            for (size_t c = 0; c < C; c++) s->largest[out + c] = (uint8_t)largest[c];
        }
}

/* dx = dy where the maximum came from, else 0 */
static void add_to_largest(size_t C, const num *restrict dy, const uint8_t *restrict largest, int at,
                           num *restrict dx) {
    for (size_t c = 0; c < C; c++) dx[c] += largest[c] == at ? dy[c] : 0;
}
static void maxpool_backward_rows(void *context, size_t begin, size_t end) {
    const Pool *s = context;
    size_t C = (size_t)s->C;
    for (size_t row = begin; row < end; row++) {
        pool_clear(s, row);
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * C, start = window_start(s, row, q);
            for (int at = 0; at < s->size * s->size; at++)
                add_to_largest(C, s->dy + out, s->largest + out, at, s->dx + start + window_offset(s, at));
        }
    }
}

/* Where windows overlap, rows of the result add to the same numbers of dx: one thread takes a whole picture. */
static void pool_backward(Var y, ThreadBody rows) {
    Pool *pool = y->saved;
    bool accumulate = true;
    pool->dy = y->grad;
    pool->dx = tape_grad_raw(y->in[0], &accumulate);
    pool->unset = !accumulate;
    size_t grain = pool->stride >= pool->size ? 1 : (size_t)pool->P;
    parallel_for((size_t)y->val.shape[0] * (size_t)pool->P, grain, rows, pool);
}

OP(maxpool);
Var op_maxpool(Tape *t, Var x, int size, int stride) {
    Var y = pool_record(t, &maxpool_op, x, size, stride);
    Pool *pool = y->saved;
    pool->largest = arena_alloc(&t->arena, mat_count(y->val), 1);
    parallel_for((size_t)x->val.shape[0] * (size_t)pool->P, 1, maxpool_rows, pool);
    return y;
}
static void maxpool_backward(Var y) { pool_backward(y, maxpool_backward_rows); }
static Var pool_check(GradCheck *check, Var (*op)(Tape *, Var, int, int)) {
    const int v[][3] = { { 4, 2, 2 }, { 5, 3, 1 }, { 5, 2, 3 }, { 3, 3, 3 } };
    check->variants = COUNT(v);
    Var x = gradcheck_input(check, mat_shape(4, 2, v[check->variant][0], v[check->variant][0], 3));
    return op(check->tape, x, v[check->variant][1], v[check->variant][2]);
}
static Var maxpool_check(GradCheck *check) { return pool_check(check, op_maxpool); }

/* Forward (dx is NULL):  y[b,p,q,c] = mean over the window of x
 * Backward (y is NULL):  dx = sum of dy / size^2 over the windows that hold it */
static void avgpool_rows(void *context, size_t begin, size_t end) {
    const Pool *s = context;
    num weight = (num)1 / (num)(s->size * s->size);
    for (size_t row = begin; row < end; row++) {
        pool_clear(s, row);
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * (size_t)s->C, start = window_start(s, row, q);
            for (int c = 0; s->y && c < s->C; c++) s->y[out + (size_t)c] = 0;
            for (int i = 0; i < s->size * s->size; i++) {
                size_t at = start + window_offset(s, i);
                for (int c = 0; s->y && c < s->C; c++) s->y[out + (size_t)c] += weight * s->x[at + (size_t)c];
                for (int c = 0; s->dx && c < s->C; c++) s->dx[at + (size_t)c] += weight * s->dy[out + (size_t)c];
            }
        }
    }
}

OP(avgpool);
Var op_avgpool(Tape *t, Var x, int size, int stride) {
    Var y = pool_record(t, &avgpool_op, x, size, stride);
    Pool *pool = y->saved;
    parallel_for((size_t)x->val.shape[0] * (size_t)pool->P, 1, avgpool_rows, pool);
    return y;
}
static void avgpool_backward(Var y) {
    ((Pool *)y->saved)->y = NULL;
    pool_backward(y, avgpool_rows);
}
static Var avgpool_check(GradCheck *check) { return pool_check(check, op_avgpool); }
