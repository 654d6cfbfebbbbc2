/* op_l2norm: rows of unit length, so that a dot product is a cosine. Contract: ops.h. */
#include "autograd/ops.h"

#include <math.h>

/* y_b = x_b / length_b          length_b = max(|x_b|, 1e-12); x, y [B,E], each row by itself */
OP(l2norm);
Var op_l2norm(Tape *t, Var x) {
    int B = x->val.shape[0], E = x->val.shape[1];
    REQUIRE(x->val.dims == 2, "x is %s, want [B,E]", mat_shape_text(x->val));
    Var y = tape_record(t, &l2norm_op, x->val, x, NULL, NULL);
    num *length = y->saved = arena_alloc(&t->arena, (size_t)B, sizeof(num));
    for (int b = 0; b < B; b++) {
        length[b] = (num)fmax(vec_norm(&AT(x->val, b, 0), E), 1e-12);
        for (int e = 0; e < E; e++) AT(y->val, b, e) = AT(x->val, b, e) / length[b];
    }
    return y;
}
/* dx_b = (dy_b - y_b (y_b . dy_b)) / length_b          the part of dy along y cannot change a length of 1 */
static void l2norm_backward(Var y) {
    const num *length = y->saved;
    size_t E = (size_t)y->val.shape[1];
    num *dx = tape_grad(y->in[0]);
    for (int b = 0; b < y->val.shape[0]; b++) {
        const num *row = y->val.v + (size_t)b * E, *dy = y->grad + (size_t)b * E;
        num dot = (num)vec_dot(row, dy, (int)E);
        for (size_t e = 0; e < E; e++) dx[(size_t)b * E + e] += (dy[e] - row[e] * dot) / length[b];
    }
}
static Var l2norm_check(GradCheck *check) { return op_l2norm(check->tape, gradcheck_input(check, mat_shape(2, 3, 4))); }
