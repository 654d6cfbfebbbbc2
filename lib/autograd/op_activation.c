/* op_activation: y_i = f(x_i), number by number. Contracts: ops.h; the formulas of GELU as code: vecmath.c. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

enum { PIECE = 1 << 14 }; /* numbers that one thread takes at a time: they fit its fastest cache */

typedef void (*Function)(const num *x, num *y, size_t n);
typedef void (*Gradient)(const num *x, const num *dy, bool accumulate, num *dx, size_t n);

typedef struct {
    Function function; /* forward; NULL: backward */
    Gradient gradient;
    const num *x, *dy;
    num *to; /* y, or dx */
    bool accumulate;
} Elementwise;

static void elementwise_piece(void *context, size_t begin, size_t end) {
    const Elementwise *s = context;
    if (s->function) s->function(s->x + begin, s->to + begin, end - begin);
    else s->gradient(s->x + begin, s->dy + begin, s->accumulate, s->to + begin, end - begin);
}

/* y_i = f(x_i)         x and y of any shape */
static void elementwise_forward(Var y, Function function) {
    Elementwise s = { .function = function, .x = y->in[0]->val.v, .to = y->val.v };
    parallel_for(mat_count(y->val), PIECE, elementwise_piece, &s);
}
static Var elementwise(Tape *t, const Op *op, Var x, Function function) {
    Var y = tape_record(t, op, x->val, x, NULL, NULL);
    elementwise_forward(y, function);
    return y;
}
/* dx_i = dy_i f'(x_i) */
static void elementwise_backward(Var y, Gradient gradient) {
    Elementwise s = { .gradient = gradient, .x = y->in[0]->val.v, .dy = y->grad };
    s.to = tape_grad_reuse(y->in[0], y, &s.accumulate);
    parallel_for(mat_count(y->val), PIECE, elementwise_piece, &s);
}

/* f(x) = max(x, 0), and NaN for NaN; f'(x) = 1 where x > 0, else 0 */
static void relu(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : x[i] != x[i] ? x[i] : 0;
}
static void relu_gradient(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    for (size_t i = 0; i < n; i++) dx[i] = (accumulate ? dx[i] : 0) + (x[i] > 0 ? dy[i] : 0);
}
OP(relu);
Var op_relu(Tape *t, Var x) { return elementwise(t, &relu_op, x, relu); }
static void relu_backward(Var y) { elementwise_backward(y, relu_gradient); }
static Var relu_check(GradCheck *check) { return op_relu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6))); }

/* f(x) = x Phi(x), Phi the normal distribution function, phi its density; f'(x) = Phi(x) + x phi(x) */
OP_AGAIN(gelu);
Var op_gelu(Tape *t, Var x) { return elementwise(t, &gelu_op, x, vec_gelu); }
static void gelu_again(Var y) { elementwise_forward(y, vec_gelu); }
static void gelu_backward(Var y) { elementwise_backward(y, vec_gelu_backward); }
static Var gelu_check(GradCheck *check) { return op_gelu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6))); }

/* f(x) = x s, s = 1 / (1 + e^(-1.702 x)); f'(x) = s (1 + 1.702 x (1 - s)) */
OP(quick_gelu);
Var op_quick_gelu(Tape *t, Var x) { return elementwise(t, &quick_gelu_op, x, vec_quick_gelu); }
static void quick_gelu_backward(Var y) { elementwise_backward(y, vec_quick_gelu_backward); }
static Var quick_gelu_check(GradCheck *check) {
    return op_quick_gelu(check->tape, gradcheck_input(check, mat_shape(2, 5, 6)));
}
