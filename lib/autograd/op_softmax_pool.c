/* op_softmax_pool: a smooth maximum of groups of neighbours. Contract: ops.h. */
#include "autograd/ops.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

enum { GROUPS = 512 }; /* groups that one thread takes at a time */

typedef struct {
    const num *x, *y, *dy;
    num *a, *to; /* a: the weights of all groups, made by the forward pass; to: y, or dx */
    size_t n;    /* numbers in a group */
    num sharpness;
} Pool;

/* y_g = sum_i a_i x_i,  a = softmax(sharpness x) over the n numbers of group g       x [..,K n], y [..,K] */
static void softmax_pool_groups(void *context, size_t begin, size_t end) {
    const Pool *s = context;
    size_t n = s->n;
    for (size_t g = begin; g < end; g++) { /* minus the maximum: no exponent is above 0 */
        const num *x = s->x + g * n;
        num max = x[0];
        for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
        for (size_t i = 0; i < n; i++) s->a[g * n + i] = s->sharpness * (x[i] - max);
    }
    vec_exp(s->a + begin * n, s->a + begin * n, (end - begin) * n);
    for (size_t g = begin; g < end; g++) {
        const num *x = s->x + g * n;
        num *a = s->a + g * n, sum = 0, y = 0;
        for (size_t i = 0; i < n; i++) sum += a[i];
        for (size_t i = 0; i < n; i++) {
            a[i] /= sum;
            y += a[i] * x[i];
        }
        s->to[g] = y;
    }
}

OP(softmax_pool);
Var op_softmax_pool(Tape *t, Var x, int n, double sharpness) {
    int dims = x->val.dims, last = dims ? x->val.shape[dims - 1] : 0;
    REQUIRE(dims >= 1 && n >= 1 && last % n == 0, "x is %s, want groups of %d in its rows", mat_shape_text(x->val), n);
    REQUIRE(sharpness >= 0, "the sharpness is %g, want at least 0", sharpness);
    Mat shape = x->val;
    shape.shape[dims - 1] = last / n;
    Var y = tape_record(t, &softmax_pool_op, shape, x, NULL, NULL);
    Pool *s = y->saved = arena_alloc(&t->arena, 1, sizeof *s);
    *s = (Pool){ .x = x->val.v, .to = y->val.v, .n = (size_t)n, .sharpness = (num)sharpness };
    s->a = mat_like(&t->arena, x->val).v;
    parallel_for(mat_count(y->val), GROUPS, softmax_pool_groups, s);
    return y;
}

/* dx_i = dy_g a_i (1 + sharpness (x_i - y_g)) */
static void softmax_pool_backward_groups(void *context, size_t begin, size_t end) {
    const Pool *s = context;
    for (size_t g = begin; g < end; g++)
        for (size_t i = g * s->n; i < (g + 1) * s->n; i++)
            s->to[i] += s->dy[g] * s->a[i] * (1 + s->sharpness * (s->x[i] - s->y[g]));
}
static void softmax_pool_backward(Var y) {
    Pool s = *(Pool *)y->saved;
    s.y = y->val.v;
    s.dy = y->grad;
    s.to = tape_grad(y->in[0]);
    parallel_for(mat_count(y->val), GROUPS, softmax_pool_backward_groups, &s);
}
static Var softmax_pool_check(GradCheck *check) {
    check->variants = 3; /* a smooth maximum; a plain mean; groups of one */
    const int n[] = { 3, 6, 1 };
    const double sharpness[] = { 2.5, 0, 4 };
    int i = check->variant;
    Var x = gradcheck_input(check, i == 0 ? mat_shape(3, 2, 2, 6) : mat_shape(2, 2, 6));
    return op_softmax_pool(check->tape, x, n[i], sharpness[i]);
}
