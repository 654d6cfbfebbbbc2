/* op_conv: convolution and pooling of pictures [B,H,W,C]. Contracts: ops.h; the convolution itself: conv.h. */
#include "kernels/conv.h"
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/thread.h"

#include <string.h>

/* ---- convolution --------------------------------------------------------------------------------------------------- */

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
    ConvShape shape = {
        .B = s[0], .H = s[1], .W = s[2], .C = s[3], .outputs = w[0], .kernel = w[2], .stride = stride, .pad = pad
    };
    int P = conv_out(s[1], w[2], stride, pad), Q = conv_out(s[2], w[2], stride, pad);
    Var y = tape_record(t, &conv2d_op, mat_shape(4, s[0], P, Q, w[0]), x, weight, bias);
    y->save = memcpy(arena_alloc(&t->arena, 1, sizeof shape), &shape, sizeof shape);
    if (weight->val.v) {
        conv_forward(shape, x->val.v, weight->val.v, bias ? bias->val.v : NULL, y->val.v);
        return y;
    }
    REQUIRE(!y->requires_grad, "%s lies in a file: for inference alone", weight->param->name);
    ArenaMark mark = arena_mark(&t->arena);
    num *filters = arena_alloc(&t->arena, mat_count(weight->val), sizeof(num)); /* widened for this once */
    weight_all(weight->param->weights_view, w[0], w[1] * w[2] * w[3], filters);
    conv_forward(shape, x->val.v, filters, bias ? bias->val.v : NULL, y->val.v);
    arena_release(&t->arena, mark);
    return y;
}
static void conv2d_backward(Var y) {
    Var x = y->in[0], weight = y->in[1], bias = y->in[2];
    ConvShape shape = *(ConvShape *)y->save;
    bool accumulate;
    num *dx = tape_grad_raw(x, &accumulate);
    if (dx) conv_backward_data(shape, y->grad, weight->val.v, accumulate, dx);
    num *dweight = tape_grad(weight), *dbias = tape_grad(bias);
    if (dweight) conv_backward_weight(shape, x->val.v, y->grad, true, dweight, dbias);
    else if (dbias)
        rows_add(y->grad, mat_count(y->val) / (size_t)MAX(shape.outputs, 1), shape.outputs,
                 dbias); /* a frozen filter */
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

/* ---- pooling ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int H, W, C, P, Q, size, stride;
    const num *x, *dy;
    num *y, *dx;
    bool fresh;       /* dx holds nothing yet */
    uint8_t *highest; /* max pooling: for each number of y, the place in its window that it came from */
} Pool;

static Var pool_push(Tape *t, const Op *op, Var x, int size, int stride) {
    const int *s = x->val.shape;
    REQUIRE(x->val.dims == 4 && 1 <= size && size <= 15 && size <= s[1] && size <= s[2] && stride >= 1,
            "x is %s, window %d, stride %d: the window must fit into the picture", mat_shape_text(x->val), size,
            stride);
    int P = conv_out(s[1], size, stride, 0), Q = conv_out(s[2], size, stride, 0);
    Var y = tape_record(t, op, mat_shape(4, s[0], P, Q, s[3]), x, NULL, NULL);
    Pool *pool = y->save = arena_zero(&t->arena, 1, sizeof *pool);
    *pool = (Pool){
        .H = s[1], .W = s[2], .C = s[3], .P = P, .Q = Q, .size = size, .stride = stride, .x = x->val.v, .y = y->val.v
    };
    return y;
}

/* Where, in x, the window of result row `row` = (b, p) and column q begins. */
static size_t window_start(const Pool *s, size_t row, int q) {
    size_t b = row / (size_t)s->P, p = row % (size_t)s->P;
    return ((b * (size_t)s->H + p * (size_t)s->stride) * (size_t)s->W + (size_t)(q * s->stride)) * (size_t)s->C;
}
static size_t window_place(const Pool *s, int place) {
    return ((size_t)(place / s->size) * (size_t)s->W + (size_t)(place % s->size)) * (size_t)s->C;
}

/* Pixels of x that result row `row` is the first to meet, in `begin` .. `end`: with windows that do not overlap its own
 * lines, up to the next row's; otherwise the whole picture, which then belongs to one thread. Their gradient is set to 0 here,
 * just before it is added to, while it is near. */
static void pool_begin(const Pool *s, size_t row) {
    if (!s->fresh) return;
    int p = (int)(row % (size_t)s->P), first = p * s->stride, end = p == s->P - 1 ? s->H : first + s->stride;
    if (s->stride < s->size) {
        if (p > 0) return;
        end = s->H;
    }
    memset(s->dx + window_start(s, row, 0), 0, (size_t)(end - first) * (size_t)s->W * (size_t)s->C * sizeof(num));
}

/* y is the larger of y and other, and `at` becomes `place` where that is the other's: the first of equals stays, and a
 * NaN wins, so that it is seen. */
static void keep_higher(size_t n, const num *restrict other, num place, num *restrict y, num *restrict at) {
    for (size_t c = 0; c < n; c++) {
        bool stays = y[c] >= other[c] || y[c] != y[c];
        at[c] = stays ? at[c] : place;
        y[c] = stays ? y[c] : other[c];
    }
}

static void maxpool_row(void *context, size_t begin, size_t end, int worker) {
    const Pool *s = context;
    size_t C = (size_t)s->C;
    num *at = thread_scratch(worker, C * sizeof *at);
    for (size_t row = begin; row < end; row++)
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * C;
            const num *x = s->x + window_start(s, row, q);
            uint8_t *restrict highest = s->highest + out;
            memcpy(s->y + out, x, C * sizeof(num));
            memset(at, 0, C * sizeof *at);
            for (int place = 1; place < s->size * s->size; place++)
                keep_higher(C, x + window_place(s, place), (num)place, s->y + out, at);
            for (size_t c = 0; c < C; c++) highest[c] = (uint8_t)at[c];
        }
}

/* The place that gave the maximum takes what there is to give. */
static void give_highest(size_t n, const num *restrict dy, const uint8_t *restrict highest, int place,
                         num *restrict dx) {
    for (size_t c = 0; c < n; c++) dx[c] += highest[c] == place ? dy[c] : 0;
}

static void maxpool_backward_row(void *context, size_t begin, size_t end, int worker) {
    const Pool *s = context;
    size_t C = (size_t)s->C;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        pool_begin(s, row);
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * C, start = window_start(s, row, q);
            for (int place = 0; place < s->size * s->size; place++)
                give_highest(C, s->dy + out, s->highest + out, place, s->dx + start + window_place(s, place));
        }
    }
}

/* Rows of the result share no place of x unless windows overlap: then one thread takes a whole picture. */
static size_t pool_grain(const Pool *s) { return s->stride >= s->size ? 1 : (size_t)s->P; }

static void pool_backward(Var y, ThreadBody rows) {
    Pool *pool = y->save;
    bool accumulate = true;
    pool->dy = y->grad;
    pool->dx = tape_grad_raw(y->in[0], &accumulate);
    pool->fresh = !accumulate;
    parallel_for((size_t)y->val.shape[0] * (size_t)pool->P, pool_grain(pool), rows, pool);
}

OP(maxpool);
Var op_maxpool(Tape *t, Var x, int size, int stride) {
    Var y = pool_push(t, &maxpool_op, x, size, stride);
    Pool *pool = y->save;
    pool->highest = arena_alloc(&t->arena, mat_count(y->val), 1);
    parallel_for((size_t)x->val.shape[0] * (size_t)pool->P, 1, maxpool_row, pool);
    return y;
}
static void maxpool_backward(Var y) { pool_backward(y, maxpool_backward_row); }

static Var pool_check(GradCheck *check, Var (*op)(Tape *, Var, int, int)) {
    const int v[][3] = { { 4, 2, 2 }, { 5, 3, 1 }, { 5, 2, 3 }, { 3, 3, 3 } };
    check->variants = COUNT(v);
    Var x = gradcheck_input(check, mat_shape(4, 2, v[check->variant][0], v[check->variant][0], 3));
    return op(check->tape, x, v[check->variant][1], v[check->variant][2]);
}
static Var maxpool_check(GradCheck *check) { return pool_check(check, op_maxpool); }

static void avgpool_row(void *context, size_t begin, size_t end, int worker) {
    const Pool *s = context;
    num share = (num)1 / (num)(s->size * s->size);
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        pool_begin(s, row);
        for (int q = 0; q < s->Q; q++) {
            size_t out = (row * (size_t)s->Q + (size_t)q) * (size_t)s->C, start = window_start(s, row, q);
            for (int c = 0; s->y && c < s->C; c++) s->y[out + (size_t)c] = 0;
            for (int place = 0; place < s->size * s->size; place++) {
                size_t at = start + window_place(s, place);
                for (int c = 0; s->y && c < s->C; c++) s->y[out + (size_t)c] += share * s->x[at + (size_t)c];
                for (int c = 0; s->dx && c < s->C; c++) s->dx[at + (size_t)c] += share * s->dy[out + (size_t)c];
            }
        }
    }
}

OP(avgpool);
Var op_avgpool(Tape *t, Var x, int size, int stride) {
    Var y = pool_push(t, &avgpool_op, x, size, stride);
    Pool *pool = y->save;
    parallel_for((size_t)x->val.shape[0] * (size_t)pool->P, 1, avgpool_row, pool);
    return y;
}
static void avgpool_backward(Var y) {
    ((Pool *)y->save)->y = NULL;
    pool_backward(y, avgpool_row);
}
static Var avgpool_check(GradCheck *check) { return pool_check(check, op_avgpool); }
