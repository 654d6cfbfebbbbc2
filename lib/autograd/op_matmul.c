/* op_matmul: products of matrices. Contracts: ops.h; the product itself: gemm.c. */
#include "kernels/gemm.h"
#include "autograd/ops.h"

/* Where w lies in a weights file, or NULL. Such a weight has no gradient: it is for inference only. */
static const WeightView *weight_of(Var y, Var w) {
    const WeightView *weights_view = w->param ? w->param->weights_view : NULL;
    REQUIRE(!weights_view || !y->requires_grad, "%s lies in a file: for inference only", w->param->name);
    return weights_view;
}

/* The operands of a product: x and w themselves or, if `rounded`, copies that are rounded to BF16 and kept. */
typedef struct {
    bool rounded;
    const num *x, *w;
} Operands;
static Operands operands_keep(Var y) {
    Tape *t = y->tape;
    Operands *saved = y->saved = arena_alloc(&t->arena, 1, sizeof *saved);
    Mat x = y->in[0]->val, w = y->in[1]->val;
    *saved = (Operands){ .rounded = t->round_products && w.v };
    saved->x = tape_operand(t, saved->rounded, x.v, mat_count(x));
    saved->w = tape_operand(t, saved->rounded, w.v, mat_count(w));
    return *saved;
}
/* For the backward: the numbers of the inputs may have been computed again since then, elsewhere (tape_forget). */
static Operands operands(Var y) {
    Operands of = *(Operands *)y->saved;
    return of.rounded ? of : (Operands){ false, y->in[0]->val.v, y->in[1]->val.v };
}

/* y = a b          a [M,K], b [K,N], y [M,N] */
OP(matmul);
Var op_matmul(Tape *t, Var a, Var b) {
    REQUIRE(a->val.dims == 2 && b->val.dims == 2 && a->val.shape[1] == b->val.shape[0],
            "a is %s, b is %s: the inner sizes differ", mat_shape_text(a->val), mat_shape_text(b->val));
    int M = a->val.shape[0], K = a->val.shape[1], N = b->val.shape[1];
    Var y = tape_record(t, &matmul_op, mat_shape(2, M, N), a, b, NULL);
    const WeightView *weights_view = weight_of(y, b);
    Operands of = operands_keep(y);
    Gemm g = { .M = M, .N = N, .K = K, .a = of.x, .lda = K, .b = of.w, .ldb = N, .c = y->val.v, .ldc = N };
    if (weights_view) {
        g.b_bytes = weights_view->part[0].data;
        g.b_dtype = weights_view->part[0].dtype;
        g.transpose_b = weights_view->transposed;
        g.ldb = weights_view->transposed ? K : N;
    }
    gemm_run(g);
    return y;
}
/* da = dy b^T      db = a^T dy */
static void matmul_backward(Var y) {
    Var a = y->in[0], b = y->in[1];
    int M = y->val.shape[0], N = y->val.shape[1], K = a->val.shape[1];
    Operands of = operands(y);
    bool add_a, add_b;
    num *da = tape_grad_raw(a, &add_a), *db = tape_grad_raw(b, &add_b);
    ArenaMark mark = arena_mark(&y->tape->arena);
    const num *dy = tape_operand(y->tape, of.rounded, y->grad, mat_count(y->val));
    if (da) gemm(false, true, M, K, N, dy, N, of.w, N, add_a, da, K);
    if (db) gemm(true, false, K, N, M, of.x, K, dy, N, add_b, db, N);
    arena_release(&y->tape->arena, mark);
}
static Var matmul_check(GradCheck *check) {
    Var a = gradcheck_input(check, mat_shape(2, 3, 4));
    return op_matmul(check->tape, a, gradcheck_input(check, mat_shape(2, 4, 5)));
}

/* Rows of x, inputs and outputs: x [rows,in] and w [out,in], further dimensions of either counted together. */
typedef struct {
    int rows, in, out;
} LinearSize;
static LinearSize linear_size(Var x, Var w) {
    LinearSize s = { .out = w->val.shape[0], .rows = 1 };
    s.in = (int)(mat_count(w->val) / (size_t)MAX(s.out, 1));
    for (int d = 0; d + 1 < x->val.dims; d++) s.rows *= x->val.shape[d];
    return s;
}

/* y = x w^T + bias         x [..,in], w [out,in], bias [out] or NULL, y [..,out] */
OP(linear);
Var op_linear(Tape *t, Var x, Var w, Var bias) {
    int dims = x->val.dims;
    LinearSize s = linear_size(x, w);
    REQUIRE(dims >= 1 && w->val.dims >= 2 && x->val.shape[dims - 1] == s.in,
            "x is %s, the weight %s: x's rows are not as long as the weight's", mat_shape_text(x->val),
            mat_shape_text(w->val));
    REQUIRE(!bias || mat_count(bias->val) == (size_t)s.out, "the bias is %s, want [%d]", mat_shape_text(bias->val),
            s.out);
    Mat shape = x->val;
    shape.shape[dims - 1] = s.out;
    Var y = tape_record(t, &linear_op, shape, x, w, bias);
    const WeightView *weights_view = weight_of(y, w);
    Gemm g = { .transpose_b = true, .M = s.rows, .N = s.out, .K = s.in, .lda = s.in, .ldb = s.in, .ldc = s.out };
    Operands of = operands_keep(y);
    g.a = of.x;
    g.b = of.w;
    g.bias = bias ? bias->val.v : NULL;
    g.c = y->val.v;
    if (!weights_view) gemm_run(g);
    for (int i = 0; weights_view && i < weights_view->parts; i++) {
        g.b_bytes = weights_view->part[i].data;
        g.b_dtype = weights_view->part[i].dtype;
        g.N = s.out / weights_view->parts;
        g.transpose_b = !weights_view->transposed;
        g.ldb = weights_view->transposed ? s.out : s.in;
        g.bias = bias ? bias->val.v + i * g.N : NULL;
        g.c = y->val.v + i * g.N;
        gemm_run(g);
    }
    return y;
}
/* dx = dy w        dw = dy^T x        dbias = sum of the rows of dy */
static void linear_backward(Var y) {
    Var x = y->in[0], w = y->in[1];
    LinearSize s = linear_size(x, w);
    int out = s.out, in = s.in, rows = s.rows;
    Operands of = operands(y);
    bool add_x, add_w;
    num *dx = tape_grad_raw(x, &add_x), *dw = tape_grad_raw(w, &add_w);
    ArenaMark mark = arena_mark(&y->tape->arena);
    const num *dy = tape_operand(y->tape, of.rounded, y->grad, mat_count(y->val));
    if (dx) gemm(false, false, rows, in, out, dy, out, of.w, in, add_x, dx, in);
    if (dw) gemm(true, false, out, in, rows, dy, out, of.x, in, add_w, dw, in);
    arena_release(&y->tape->arena, mark);
    num *dbias = tape_grad(y->in[2]);
    if (dbias) rows_add(y->grad, (size_t)rows, out, dbias);
}
static Var linear_check(GradCheck *check) {
    check->variants = 3; /* the last: convolution filters as the weight */
    Var x = gradcheck_input(check, check->variant ? mat_shape(3, 2, 3, 4) : mat_shape(2, 3, 4));
    Var w = gradcheck_input(check, check->variant == 2 ? mat_shape(4, 5, 1, 2, 2) : mat_shape(2, 5, 4));
    return op_linear(check->tape, x, w, check->variant ? gradcheck_input(check, mat_shape(1, 5)) : NULL);
}
