/* op_matmul: products of matrices. Contracts: ops.h; the work itself: gemm.h. */
#include "gemm.h"
#include "gradcheck.h"
#include "ops.h"

#include <string.h>

OP(matmul);
Var op_matmul(Tape *t, Var a, Var b) {
    REQUIRE(a->val.dims == 2 && b->val.dims == 2 && a->val.shape[1] == b->val.shape[0],
            "a is %s, b is %s: the inner sizes differ", mat_shape_text(a->val), mat_shape_text(b->val));
    int M = a->val.shape[0], K = a->val.shape[1], N = b->val.shape[1];
    Var y = tape_push(t, &matmul_op, mat_shape(2, M, N), a, b, NULL);
    gemm(false, false, M, N, K, a->val.v, K, b->val.v, N, false, y->val.v, N);
    return y;
}
static void matmul_backward(Var y) {
    Var a = y->in[0], b = y->in[1];
    int M = y->val.shape[0], N = y->val.shape[1], K = a->val.shape[1];
    bool more;
    num *da = tape_grad_raw(a, &more); /* da = dy b^T */
    if (da) gemm(false, true, M, K, N, y->grad, N, b->val.v, N, more, da, K);
    num *db = tape_grad_raw(b, &more); /* db = a^T dy */
    if (db) gemm(true, false, K, N, M, a->val.v, K, y->grad, N, more, db, N);
}
static Var matmul_check(GradCheck *check) {
    Var a = gradcheck_input(check, mat_shape(2, 3, 4));
    return op_matmul(check->tape, a, gradcheck_input(check, mat_shape(2, 4, 5)));
}

OP(linear);
Var op_linear(Tape *t, Var x, Var w, Var bias) {
    int dims = x->val.dims;
    REQUIRE(dims >= 1 && w->val.dims == 2 && x->val.shape[dims - 1] == w->val.shape[1],
            "x is %s, the weight %s: x's rows are not as long as the weight's", mat_shape_text(x->val), mat_shape_text(w->val));
    int out = w->val.shape[0], in = w->val.shape[1], rows = in ? (int)(mat_count(x->val) / (size_t)in) : 0;
    REQUIRE(!bias || mat_count(bias->val) == (size_t)out, "the bias is %s, want [%d]", mat_shape_text(bias->val), out);
    Mat shape = x->val;
    shape.shape[dims - 1] = out;
    Var y = tape_push(t, &linear_op, shape, x, w, bias);
    for (int r = 0; bias && r < rows; r++) memcpy(y->val.v + (size_t)r * (size_t)out, bias->val.v, (size_t)out * sizeof(num));
    gemm(false, true, rows, out, in, x->val.v, in, w->val.v, in, bias != NULL, y->val.v, out);
    return y;
}
static void linear_backward(Var y) {
    Var x = y->in[0], w = y->in[1];
    int out = w->val.shape[0], in = w->val.shape[1], rows = in ? (int)(mat_count(x->val) / (size_t)in) : 0;
    bool more;
    num *dx = tape_grad_raw(x, &more); /* dx = dy w */
    if (dx) gemm(false, false, rows, in, out, y->grad, out, w->val.v, in, more, dx, in);
    num *dw = tape_grad_raw(w, &more); /* dw = dy^T x */
    if (dw) gemm(true, false, out, in, rows, y->grad, out, x->val.v, in, more, dw, in);
    num *dbias = tape_grad(y->in[2]); /* dbias = the sum of dy's rows */
    if (dbias) rows_add(y->grad, (size_t)rows, out, dbias);
}
static Var linear_check(GradCheck *check) {
    check->variants = 2;
    Var x = gradcheck_input(check, check->variant ? mat_shape(3, 2, 3, 4) : mat_shape(2, 3, 4));
    Var w = gradcheck_input(check, mat_shape(2, 5, 4));
    return op_linear(check->tape, x, w, check->variant ? gradcheck_input(check, mat_shape(1, 5)) : NULL);
}
