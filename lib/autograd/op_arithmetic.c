/* op_arithmetic: sums and products number by number, and operations that only move numbers. Contracts: ops.h. */
#include "autograd/ops.h"
#include "kernels/kernel.h"
#include "kernels/vecmath.h"

#include <string.h>

enum { PIECE = 1 << 14 }; /* numbers that one thread takes at a time */

/* y[i] = factor x[i], or y[i] += factor x[i]. y may be x. */
typedef struct {
    const num *x;
    num factor, *y;
    bool accumulate;
} Scale;

static void scale_piece(void *context, size_t begin, size_t end) {
    Scale s = *(Scale *)context;
    if (s.accumulate)
        for (size_t i = begin; i < end; i++) s.y[i] += s.factor * s.x[i];
    else
        for (size_t i = begin; i < end; i++) s.y[i] = s.factor * s.x[i];
}

/* dx (+)= factor dy. The last gradient that y's backward asks for: dx may take over the memory of dy. */
static void gradient_scaled(Var x, Var y, num factor) {
    Scale s = { .x = y->grad, .factor = factor };
    s.y = tape_grad_reuse(x, y, &s.accumulate);
    bool done = s.y == s.x && factor == 1;
    if (s.y && !done) parallel_for(mat_count(y->val), PIECE, scale_piece, &s);
}
static Var scaled(Tape *t, const Op *op, Var x, Var b, num factor) {
    Var y = tape_record(t, op, x->val, x, b, NULL);
    parallel_for(mat_count(y->val), PIECE, scale_piece, &(Scale){ .x = x->val.v, .factor = factor, .y = y->val.v });
    return y;
}

typedef struct {
    const num *a, *b;
    num *y;
    size_t repeat; /* how many numbers b has */
} Add;

static void add_piece(void *context, size_t begin, size_t end) {
    Add s = *(Add *)context;
    for (size_t i = begin, run; i < end; i += run) {
        size_t at = i % s.repeat;
        run = MIN(end - i, s.repeat - at);
        for (size_t k = 0; k < run; k++) s.y[i + k] = s.a[i + k] + s.b[at + k];
    }
}

/* y = a + b        a, y [..,S]; b [..,S] or [S], S one or more dimensions: [S] is added to each of the others */
OP(add);
Var op_add(Tape *t, Var a, Var b) {
    bool fits = b->val.dims <= a->val.dims;
    for (int d = 1; fits && d <= b->val.dims; d++)
        fits = a->val.shape[a->val.dims - d] == b->val.shape[b->val.dims - d];
    REQUIRE(fits, "a is %s, b is %s: want b of a's shape, or of its last dimensions", mat_shape_text(a->val),
            mat_shape_text(b->val));
    Var y = tape_record(t, &add_op, a->val, a, b, NULL);
    parallel_for(mat_count(y->val), PIECE, add_piece, &(Add){ a->val.v, b->val.v, y->val.v, mat_count(b->val) });
    return y;
}
/* da = dy          db = dy, summed over what b was added to */
static void add_backward(Var y) {
    Var a = y->in[0], b = y->in[1];
    bool accumulate, repeated = !mat_same_shape(a->val, b->val);
    size_t count = mat_count(b->val);
    num *db = repeated ? tape_grad(b) : tape_grad_raw(b, &accumulate);
    if (db && repeated) rows_add(y->grad, mat_count(y->val) / MAX(count, 1), (int)count, db);
    else if (db) parallel_for(count, PIECE, scale_piece, &(Scale){ y->grad, 1, db, accumulate });
    gradient_scaled(a, y, 1);
}
static Var add_check(GradCheck *check) {
    const Mat shapes[][2] = { { mat_shape(2, 3, 4), mat_shape(2, 3, 4) },
                              { mat_shape(3, 2, 3, 4), mat_shape(2, 3, 4) },
                              { mat_shape(2, 3, 4), mat_shape(0) } };
    check->variants = COUNT(shapes);
    Var a = gradcheck_input(check, shapes[check->variant][0]);
    return op_add(check->tape, a, gradcheck_input(check, shapes[check->variant][1]));
}

/* y = s x          x, y of any shape; s one number */
OP(mul);
Var op_mul(Tape *t, Var x, Var s) {
    REQUIRE(mat_count(s->val) == 1, "s is %s, want one number", mat_shape_text(s->val));
    return scaled(t, &mul_op, x, s, s->val.v[0]);
}
/* ds = sum_i dy_i x_i        dx = s dy         (ds in double, piece by piece) */
static void mul_backward(Var y) {
    Var x = y->in[0], s = y->in[1];
    num *ds = tape_grad(s);
    double sum = 0;
    for (size_t i = 0, n = mat_count(y->val); ds && i < n; i += PIECE)
        sum += vec_dot(x->val.v + i, y->grad + i, (int)MIN(PIECE, n - i));
    gradient_scaled(x, y, s->val.v[0]);
    if (ds) *ds += (num)sum;
}
static Var mul_check(GradCheck *check) {
    check->variants = 2;
    Var x = gradcheck_input(check, check->variant ? mat_shape(0) : mat_shape(3, 2, 3, 4));
    return op_mul(check->tape, x, gradcheck_input(check, mat_shape(0)));
}

/* y = factor x     a constant factor */
OP(scale);
Var op_scale(Tape *t, Var x, double factor) {
    Var y = scaled(t, &scale_op, x, NULL, (num)factor);
    num *saved = y->saved = arena_alloc(&t->arena, 1, sizeof(num));
    *saved = (num)factor;
    return y;
}
/* dx = factor dy */
static void scale_backward(Var y) { gradient_scaled(y->in[0], y, *(num *)y->saved); }
static Var scale_check(GradCheck *check) {
    return op_scale(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)), -1.7);
}

/* y = e^x          number by number */
OP(exp);
Var op_exp(Tape *t, Var x) {
    Var y = tape_record(t, &exp_op, x->val, x, NULL, NULL);
    vec_exp(x->val.v, y->val.v, mat_count(x->val));
    return y;
}
/* dx = y dy        because (e^x)' = e^x */
static void exp_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0, count = mat_count(y->val); i < count; i++) dx[i] += y->val.v[i] * y->grad[i];
}
static Var exp_check(GradCheck *check) { return op_exp(check->tape, gradcheck_input(check, mat_shape(2, 3, 4))); }

/* y_i = x_i        under another shape */
OP(reshape);
Var op_reshape(Tape *t, Var x, Mat shape) {
    REQUIRE(mat_count(x->val) == mat_count(shape), "x is %s, the shape asked for %s: the counts differ",
            mat_shape_text(x->val), mat_shape_text(shape));
    Var y = tape_record(t, &reshape_op, shape, x, NULL, NULL);
    memcpy(y->val.v, x->val.v, mat_count(x->val) * sizeof(num));
    return y;
}
/* dx_i = dy_i */
static void reshape_backward(Var y) { gradient_scaled(y->in[0], y, 1); }
static Var reshape_check(GradCheck *check) {
    return op_reshape(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)), mat_shape(3, 2, 1, 6));
}

/* y[n,c,r] = x[n,r,c], or added to y, for each matrix n. A piece is BLOCK columns of one matrix: BLOCK rows of y. */
enum { BLOCK = 64 };
typedef struct {
    const num *x;
    num *y;
    size_t rows, cols;
    bool accumulate;
} Transpose;

static void transpose_piece(void *context, size_t begin, size_t end) {
    const Transpose *s = context;
    size_t blocks = (s->cols + BLOCK - 1) / BLOCK;
    for (size_t piece = begin; piece < end; piece++) {
        size_t at = piece / blocks * s->rows * s->cols, first = piece % blocks * BLOCK;
        size_t count = MIN((size_t)BLOCK, s->cols - first);
        num *y = s->y + at + first * s->rows;
        num *to = s->accumulate ? thread_scratch(BLOCK * s->rows * sizeof(num)) : y;
        matrix_transpose(s->x + at + first, s->cols, s->rows, count, to, s->rows);
        for (size_t i = 0; s->accumulate && i < count * s->rows; i++) y[i] += to[i];
    }
}

static void transpose(const num *x, int count, int rows, int cols, bool accumulate, num *y) {
    Transpose s = { x, y, (size_t)rows, (size_t)cols, accumulate };
    size_t blocks = (s.cols + BLOCK - 1) / BLOCK;
    if (rows > 0 && cols > 0)
        parallel_for((size_t)count * blocks, PIECE / (MIN(s.cols, BLOCK) * s.rows) + 1, transpose_piece, &s);
}

/* y = x^T          x [M,N], y [N,M] */
OP(transpose);
Var op_transpose(Tape *t, Var x) {
    REQUIRE(x->val.dims == 2, "x is %s, want a matrix", mat_shape_text(x->val));
    Var y = tape_record(t, &transpose_op, mat_shape(2, x->val.shape[1], x->val.shape[0]), x, NULL, NULL);
    transpose(x->val.v, 1, x->val.shape[0], x->val.shape[1], false, y->val.v);
    return y;
}
/* dx = dy^T */
static void transpose_backward(Var y) {
    bool accumulate;
    num *dx = tape_grad_raw(y->in[0], &accumulate);
    transpose(y->grad, 1, y->val.shape[0], y->val.shape[1], accumulate, dx);
}
static Var transpose_check(GradCheck *check) {
    return op_transpose(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)));
}

/* y[b, c H W + h W + w] = x[b,h,w,c]       x [B,H,W,C], y [B,C H W]: a transpose for each picture */
OP(flatten);
Var op_flatten(Tape *t, Var x) {
    const int *s = x->val.shape, pixels = s[1] * s[2], C = s[3];
    REQUIRE(x->val.dims == 4, "x is %s, want pictures [B,H,W,C]", mat_shape_text(x->val));
    Var y = tape_record(t, &flatten_op, mat_shape(2, s[0], pixels * C), x, NULL, NULL);
    transpose(x->val.v, s[0], pixels, C, false, y->val.v);
    return y;
}
/* dx[b,h,w,c] = dy[b, c H W + h W + w] */
static void flatten_backward(Var y) {
    const int *s = y->in[0]->val.shape, pixels = s[1] * s[2], C = s[3];
    bool accumulate;
    num *dx = tape_grad_raw(y->in[0], &accumulate);
    transpose(y->grad, s[0], C, pixels, accumulate, dx);
}
static Var flatten_check(GradCheck *check) {
    return op_flatten(check->tape, gradcheck_input(check, mat_shape(4, 2, 3, 2, 4)));
}
