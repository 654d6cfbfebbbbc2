/* op_basic: arithmetic with broadcasting, and operations that only move numbers. Contracts: ops.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <string.h>

/* ---- add, mul ---------------------------------------------------------------------------------------------------- */

/* A small tensor walked in the order of a larger one: along a repeated dimension its step is 0. */
typedef struct {
    size_t step[MAT_DIMS];
} Walk;

static Mat broadcast_shape(Mat a, Mat b) {
    Mat y = mat_shape(0);
    y.dims = MAX(a.dims, b.dims);
    for (int d = 1; d <= y.dims; d++) { /* counted from the last dimension */
        int size_a = d <= a.dims ? a.shape[a.dims - d] : 1, size_b = d <= b.dims ? b.shape[b.dims - d] : 1;
        REQUIRE(size_a == size_b || size_a == 1 || size_b == 1, "%s and %s do not broadcast: %d against %d",
                mat_shape_text(a), mat_shape_text(b), size_a, size_b);
        y.shape[y.dims - d] = size_a == 1 ? size_b : size_a;
    }
    return y;
}

/* Steps of `part` for the four dimensions of `whole`, right-aligned in the four. */
static Walk walk_of(Mat part) {
    Walk walk = { { 0 } };
    size_t step = 1;
    for (int d = 1; d <= part.dims; d++) {
        int size = part.shape[part.dims - d];
        walk.step[MAT_DIMS - d] = size == 1 ? 0 : step;
        step *= (size_t)size;
    }
    return walk;
}

enum { SUM_PIECE = 1 << 14 }; /* numbers that one thread takes at a time */
typedef void (*PairBody)(num *y, num *a, num *b);

/* body(y_i, a_i, b_i) for every number of y with the numbers of a and b that broadcast to it. */
static void for_pairs(Mat shape, num *y, num *a, Walk walk_a, num *b, Walk walk_b, PairBody body) {
    int size[MAT_DIMS] = { 1, 1, 1, 1 };
    for (int d = 1; d <= shape.dims; d++) size[MAT_DIMS - d] = shape.shape[shape.dims - d];
    const size_t *p = walk_a.step, *q = walk_b.step;
    for (int i = 0; i < size[0]; i++)
        for (int j = 0; j < size[1]; j++)
            for (int k = 0; k < size[2]; k++) {
                num *row_a = a + (size_t)i * p[0] + (size_t)j * p[1] + (size_t)k * p[2];
                num *row_b = b + (size_t)i * q[0] + (size_t)j * q[1] + (size_t)k * q[2];
                for (int l = 0; l < size[3]; l++) body(y++, row_a + (size_t)l * p[3], row_b + (size_t)l * q[3]);
            }
}

static void pair_add(num *y, num *a, num *b) { *y = *a + *b; }
static void pair_mul(num *y, num *a, num *b) { *y = *a * *b; }
static void pair_flow(num *dy, num *da, num *unused) {
    (void)unused;
    *da += *dy;
}

/* The usual case, in one pass: b is as large as a, or a's last dimensions, repeated. A piece is `count` numbers of b, or
 * of a where the shapes are equal. */
typedef struct {
    const num *a, *b;
    num *y;
    size_t count;
    bool repeat;
} Sum;

static void sum_piece(void *context, size_t begin, size_t end, int worker) {
    const Sum *s = context;
    (void)worker;
    for (size_t piece = begin; piece < end; piece++) {
        const num *a = s->a + piece * s->count, *b = s->repeat ? s->b : s->b + piece * s->count;
        for (size_t i = 0; i < s->count; i++) s->y[piece * s->count + i] = a[i] + b[i];
    }
}

static bool is_tail(Mat part, Mat whole) {
    bool tail = part.dims <= whole.dims && mat_count(part) > 0;
    for (int d = 1; tail && d <= part.dims; d++) tail = part.shape[part.dims - d] == whole.shape[whole.dims - d];
    return tail;
}

static void sum_tail(Mat a, Mat b, num *y) {
    size_t n = mat_count(a), count = mat_count(b);
    bool repeat = count < n;
    if (n == 0) return;
    if (!repeat)
        for (count = n; count % 2 == 0 && count > SUM_PIECE; count /= 2) continue;
    Sum s = { a.v, b.v, y, count, repeat };
    parallel_for(n / count, MAX(SUM_PIECE / count, 1), sum_piece, &s);
}

/* dx += dy where both have as many numbers, in one order; the last to ask may take dy's memory over. */
typedef struct {
    const num *dy;
    num *dx;
    bool accumulate;
} Flow;

static void flow_piece(void *context, size_t begin, size_t end, int worker) {
    Flow s = *(Flow *)context;
    (void)worker;
    if (s.accumulate)
        for (size_t i = begin; i < end; i++) s.dx[i] += s.dy[i];
    else if (s.dx != s.dy) memcpy(s.dx + begin, s.dy + begin, (end - begin) * sizeof(num));
}

static void numbers_flow(Var y, Var x, bool last) {
    Flow s = { .dy = y->grad };
    s.dx = last ? tape_grad_reuse(x, y, &s.accumulate) : tape_grad_raw(x, &s.accumulate);
    if (s.dx) parallel_for(mat_count(y->val), SUM_PIECE, flow_piece, &s);
}

OP(add);
Var op_add(Tape *t, Var a, Var b) {
    Var y = tape_record(t, &add_op, broadcast_shape(a->val, b->val), a, b, NULL);
    if (is_tail(b->val, a->val)) sum_tail(a->val, b->val, y->val.v);
    else for_pairs(y->val, y->val.v, a->val.v, walk_of(a->val), b->val.v, walk_of(b->val), pair_add);
    return y;
}
static void add_backward(Var y) {
    for (int i = 0; i < 2; i++) { /* dx += dy, summed over what was repeated */
        Walk walk = walk_of(y->in[i]->val);
        if (mat_same_shape(y->val, y->in[i]->val)) {
            numbers_flow(y, y->in[i], i == 1);
            continue;
        }
        num *dx = tape_grad(y->in[i]);
        if (dx) for_pairs(y->val, y->grad, dx, walk, dx, walk, pair_flow);
    }
}

/* Shapes that cover equal sizes, a repeated inner and outer dimension on either side, and a scalar. */
static Var pair_check(GradCheck *check, Var (*op)(Tape *, Var, Var)) {
    const Mat shapes[][2] = {
        { mat_shape(2, 3, 4), mat_shape(2, 3, 4) },          { mat_shape(2, 3, 4), mat_shape(1, 4) },
        { mat_shape(2, 3, 1), mat_shape(3, 2, 3, 4) },       { mat_shape(0), mat_shape(2, 2, 3) },
        { mat_shape(4, 2, 1, 3, 1), mat_shape(3, 2, 1, 4) },
    };
    check->variants = COUNT(shapes);
    Var a = gradcheck_input(check, shapes[check->variant][0]);
    return op(check->tape, a, gradcheck_input(check, shapes[check->variant][1]));
}
static Var add_check(GradCheck *check) { return pair_check(check, op_add); }

/* The usual product: b is one number. db is summed in pieces, these in order. */
typedef struct {
    const num *a, *dy;
    num *y, *da, factor;
    double *db;
    bool accumulate;
} Multiple;

static void multiple_piece(void *context, size_t begin, size_t end, int worker) {
    Multiple s = *(Multiple *)context;
    (void)worker;
    for (size_t i = begin; i < end; i++) s.y[i] = s.a[i] * s.factor;
}

static void multiple_backward_piece(void *context, size_t begin, size_t end, int worker) {
    Multiple s = *(Multiple *)context;
    (void)worker;
    if (s.db) s.db[begin / SUM_PIECE] = vec_dot(s.a + begin, s.dy + begin, (int)(end - begin));
    for (size_t i = begin; i < end && s.da; i++) s.da[i] = (s.accumulate ? s.da[i] : 0) + s.dy[i] * s.factor;
}

static bool is_multiple(Var a, Var b) { return mat_count(b->val) == 1 && b->val.dims <= a->val.dims; }

static void multiple_backward(Var y) {
    Var a = y->in[0], b = y->in[1];
    size_t count = mat_count(y->val), pieces = (count + SUM_PIECE - 1) / SUM_PIECE;
    num *db = tape_grad(b);
    Multiple s = { .a = a->val.v, .dy = y->grad, .factor = b->val.v[0] };
    if (db) s.db = arena_alloc(&y->tape->arena, pieces, sizeof(double));
    s.da = tape_grad_reuse(a, y, &s.accumulate);
    parallel_for(count, SUM_PIECE, multiple_backward_piece, &s);
    double sum = 0;
    for (size_t p = 0; db && p < pieces; p++) sum += s.db[p];
    if (db) *db += (num)sum;
}

OP(mul);
Var op_mul(Tape *t, Var a, Var b) {
    Var y = tape_record(t, &mul_op, broadcast_shape(a->val, b->val), a, b, NULL);
    if (is_multiple(a, b))
        parallel_for(mat_count(y->val), SUM_PIECE, multiple_piece,
                     &(Multiple){ .a = a->val.v, .y = y->val.v, .factor = b->val.v[0] });
    else for_pairs(y->val, y->val.v, a->val.v, walk_of(a->val), b->val.v, walk_of(b->val), pair_mul);
    return y;
}
static void mul_backward(Var y) {
    if (is_multiple(y->in[0], y->in[1])) {
        multiple_backward(y);
        return;
    }
    for (int i = 0; i < 2; i++) { /* da += dy b, db += dy a */
        Var x = y->in[i], other = y->in[1 - i];
        num *dx = tape_grad(x);
        if (!dx) continue;
        Mat share = mat_like(&y->tape->arena, y->val); /* dy * other, in y's shape, then summed */
        for_pairs(y->val, share.v, y->grad, walk_of(y->val), other->val.v, walk_of(other->val), pair_mul);
        for_pairs(y->val, share.v, dx, walk_of(x->val), dx, walk_of(x->val), pair_flow);
    }
}
static Var mul_check(GradCheck *check) { return pair_check(check, op_mul); }

/* ---- scale, exp, sum --------------------------------------------------------------------------------------------- */

OP(scale);
Var op_scale(Tape *t, Var x, double factor) {
    Var y = tape_record(t, &scale_op, x->val, x, NULL, NULL);
    num *save = y->save = arena_alloc(&t->arena, 1, sizeof(num));
    *save = (num)factor;
    for (size_t i = 0, count = mat_count(x->val); i < count; i++) y->val.v[i] = *save * x->val.v[i];
    return y;
}
static void scale_backward(Var y) {
    num *dx = tape_grad(y->in[0]), factor = *(num *)y->save;
    for (size_t i = 0, count = mat_count(y->val); i < count; i++) dx[i] += factor * y->grad[i];
}
static Var scale_check(GradCheck *check) {
    return op_scale(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)), -1.7);
}

OP(exp);
Var op_exp(Tape *t, Var x) {
    Var y = tape_record(t, &exp_op, x->val, x, NULL, NULL);
    vec_exp(x->val.v, y->val.v, mat_count(x->val));
    return y;
}
static void exp_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0, count = mat_count(y->val); i < count; i++) dx[i] += y->val.v[i] * y->grad[i];
}
static Var exp_check(GradCheck *check) { return op_exp(check->tape, gradcheck_input(check, mat_shape(2, 3, 4))); }

OP(sum);
Var op_sum(Tape *t, Var x) {
    Var y = tape_record(t, &sum_op, mat_shape(0), x, NULL, NULL);
    double sum = 0;
    for (size_t i = 0, count = mat_count(x->val); i < count; i++) sum += (double)x->val.v[i];
    y->val.v[0] = (num)sum;
    return y;
}
static void sum_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0, count = mat_count(y->in[0]->val); i < count; i++) dx[i] += y->grad[0];
}
static Var sum_check(GradCheck *check) { return op_sum(check->tape, gradcheck_input(check, mat_shape(3, 2, 3, 4))); }

/* ---- reshape, transpose, concat, flatten: each moves number i of x to place(i) of y ------------------------------- */

OP(reshape);
Var op_reshape(Tape *t, Var x, Mat shape) {
    REQUIRE(mat_count(x->val) == mat_count(shape), "x is %s, the shape asked for %s: the counts differ",
            mat_shape_text(x->val), mat_shape_text(shape));
    Var y = tape_record(t, &reshape_op, shape, x, NULL, NULL);
    memcpy(y->val.v, x->val.v, mat_count(x->val) * sizeof(num));
    return y;
}
static void reshape_backward(Var y) { numbers_flow(y, y->in[0], true); }
static Var reshape_check(GradCheck *check) {
    return op_reshape(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)), mat_shape(3, 2, 1, 6));
}

/* `count` matrices x [rows,cols] turned to y [cols,rows], or added. A piece is PART columns of one of them: rows of y. */
enum { PART = 64 };
typedef struct {
    const num *x;
    num *y;
    size_t rows, cols;
    bool accumulate;
} Transpose;

static void transform_piece(void *context, size_t begin, size_t end, int worker) {
    const Transpose *s = context;
    size_t parts = (s->cols + PART - 1) / PART;
    for (size_t piece = begin; piece < end; piece++) {
        size_t at = piece / parts * s->rows * s->cols, first = piece % parts * PART,
               count = MIN((size_t)PART, s->cols - first);
        num *y = s->y + at + first * s->rows,
            *to = s->accumulate ? thread_scratch(worker, PART * s->rows * sizeof(num)) : y;
        vec_transpose_matrix(s->x + at + first, s->cols, s->rows, count, to, s->rows);
        for (size_t i = 0; s->accumulate && i < count * s->rows; i++) y[i] += to[i];
    }
}

static void transpose(const num *x, int count, int rows, int cols, bool accumulate, num *y) {
    Transpose s = { x, y, (size_t)rows, (size_t)cols, accumulate };
    size_t parts = (s.cols + PART - 1) / PART;
    if (rows > 0 && cols > 0)
        parallel_for((size_t)count * parts, SUM_PIECE / (MIN(s.cols, PART) * s.rows) + 1, transform_piece, &s);
}

OP(transpose);
Var op_transpose(Tape *t, Var x) {
    REQUIRE(x->val.dims == 2, "x is %s, want a matrix", mat_shape_text(x->val));
    Var y = tape_record(t, &transpose_op, mat_shape(2, x->val.shape[1], x->val.shape[0]), x, NULL, NULL);
    transpose(x->val.v, 1, x->val.shape[0], x->val.shape[1], false, y->val.v);
    return y;
}
static void transpose_backward(Var y) {
    bool accumulate;
    num *dx = tape_grad_raw(y->in[0], &accumulate);
    transpose(y->grad, 1, y->val.shape[0], y->val.shape[1], accumulate, dx);
}
static Var transpose_check(GradCheck *check) {
    return op_transpose(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)));
}

OP(concat);
Var op_concat(Tape *t, Var a, Var b) {
    Mat shape = a->val, rest = b->val;
    REQUIRE(shape.dims >= 1 && rest.dims >= 1, "a is %s, b is %s, want rows", mat_shape_text(a->val),
            mat_shape_text(b->val));
    rest.shape[0] = shape.shape[0];
    REQUIRE(mat_same_shape(shape, rest), "a is %s, b is %s: only the first dimension may differ",
            mat_shape_text(a->val), mat_shape_text(b->val));
    shape.shape[0] += b->val.shape[0];
    Var y = tape_record(t, &concat_op, shape, a, b, NULL);
    memcpy(y->val.v, a->val.v, mat_count(a->val) * sizeof(num));
    memcpy(y->val.v + mat_count(a->val), b->val.v, mat_count(b->val) * sizeof(num));
    return y;
}
static void concat_backward(Var y) {
    const num *dy = y->grad;
    for (int k = 0; k < 2; k++) {
        size_t count = mat_count(y->in[k]->val);
        num *dx = tape_grad(y->in[k]);
        for (size_t i = 0; dx && i < count; i++) dx[i] += dy[i];
        dy += count;
    }
}
static Var concat_check(GradCheck *check) {
    Var a = gradcheck_input(check, mat_shape(2, 3, 4));
    return op_concat(check->tape, a, gradcheck_input(check, mat_shape(2, 2, 4)));
}

OP(flatten);
Var op_flatten(Tape *t, Var x) {
    const int *s = x->val.shape, places = s[1] * s[2], C = s[3];
    REQUIRE(x->val.dims == 4, "x is %s, want pictures [B,H,W,C]", mat_shape_text(x->val));
    Var y = tape_record(t, &flatten_op, mat_shape(2, s[0], places * C), x, NULL, NULL);
    transpose(x->val.v, s[0], places, C, false, y->val.v);
    return y;
}
static void flatten_backward(Var y) {
    const int *s = y->in[0]->val.shape, places = s[1] * s[2], C = s[3];
    bool accumulate;
    num *dx = tape_grad_raw(y->in[0], &accumulate);
    transpose(y->grad, s[0], C, places, accumulate, dx);
}
static Var flatten_check(GradCheck *check) {
    return op_flatten(check->tape, gradcheck_input(check, mat_shape(4, 2, 3, 2, 4)));
}
