/* op_act: activations, number by number. Contracts: ops.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

enum { PIECE = 1 << 14 }; /* numbers that one thread takes at a time: they fit its fastest cache */

typedef struct {
    const num *x, *dy;
    num *out;
    bool accumulate;
} Span;

static void relu_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    for (size_t i = begin; i < end; i++) s.out[i] = s.x[i] > 0 ? s.x[i] : s.x[i] != s.x[i] ? s.x[i] : 0; /* NaN stays */
}
static void relu_backward_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    for (size_t i = begin; i < end; i++) s.out[i] = (s.accumulate ? s.out[i] : 0) + (s.x[i] > 0 ? s.dy[i] : 0);
}

OP(relu);
Var op_relu(Tape *t, Var x) {
    Var y = tape_record(t, &relu_op, x->val, x, NULL, NULL);
    parallel_for(mat_count(x->val), PIECE, relu_piece, &(Span){ .x = x->val.v, .out = y->val.v });
    return y;
}
static void relu_backward(Var y) {
    Span s = { .x = y->in[0]->val.v, .dy = y->grad };
    s.out = tape_grad_reuse(y->in[0], y, &s.accumulate);
    parallel_for(mat_count(y->val), PIECE, relu_backward_piece, &s);
}
static Var relu_check(GradCheck *check) { return op_relu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6))); }

static void gelu_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    vec_gelu(s.x + begin, s.out + begin, end - begin);
}
static void gelu_backward_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    vec_gelu_backward(s.x + begin, s.dy + begin, s.accumulate, s.out + begin, end - begin);
}

OP(gelu);
Var op_gelu(Tape *t, Var x) {
    Var y = tape_record(t, &gelu_op, x->val, x, NULL, NULL);
    parallel_for(mat_count(x->val), PIECE, gelu_piece, &(Span){ .x = x->val.v, .out = y->val.v });
    return y;
}
static void gelu_backward(Var y) {
    Span s = { .x = y->in[0]->val.v, .dy = y->grad };
    s.out = tape_grad_reuse(y->in[0], y, &s.accumulate);
    parallel_for(mat_count(y->val), PIECE, gelu_backward_piece, &s);
}
static Var gelu_check(GradCheck *check) { return op_gelu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6))); }

static void quick_gelu_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    vec_quick_gelu(s.x + begin, s.out + begin, end - begin);
}
static void quick_gelu_backward_piece(void *context, size_t begin, size_t end, int worker) {
    Span s = *(Span *)context;
    (void)worker;
    vec_quick_gelu_backward(s.x + begin, s.dy + begin, s.accumulate, s.out + begin, end - begin);
}

OP(quick_gelu);
Var op_quick_gelu(Tape *t, Var x) {
    Var y = tape_record(t, &quick_gelu_op, x->val, x, NULL, NULL);
    parallel_for(mat_count(x->val), PIECE, quick_gelu_piece, &(Span){ .x = x->val.v, .out = y->val.v });
    return y;
}
static void quick_gelu_backward(Var y) {
    Span s = { .x = y->in[0]->val.v, .dy = y->grad };
    s.out = tape_grad_reuse(y->in[0], y, &s.accumulate);
    parallel_for(mat_count(y->val), PIECE, quick_gelu_backward_piece, &s);
}
static Var quick_gelu_check(GradCheck *check) {
    return op_quick_gelu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6)));
}
