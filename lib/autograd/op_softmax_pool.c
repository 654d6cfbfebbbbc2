/* op_softmax_pool: the soft maximum of groups of neighbours. Contract: ops.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/arena.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

enum { GROUPS_EACH = 512 };

/* `p` holds the weights of each group, forward leaves them for backward. */
typedef struct {
    const num *x, *y, *dy;
    num *p, *to;
    int each;
    double sharpness;
} Groups;

static void softmax_pool_groups(void *context, size_t begin, size_t end, int worker) {
    const Groups *g = context;
    size_t n = (size_t)g->each;
    num sharpness = (num)g->sharpness;
    (void)worker;
    for (size_t r = begin; r < end; r++) { /* shifted, so that no exponent is above 0 */
        const num *x = g->x + r * n;
        num max = x[0];
        for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
        for (size_t i = 0; i < n; i++) g->p[r * n + i] = sharpness * (x[i] - max);
    }
    vec_exp(g->p + begin * n, g->p + begin * n, (end - begin) * n);
    for (size_t r = begin; r < end; r++) {
        const num *x = g->x + r * n;
        num *p = g->p + r * n, sum = 0, y = 0;
        for (size_t i = 0; i < n; i++) sum += p[i];
        for (size_t i = 0; i < n; i++) {
            p[i] /= sum;
            y += p[i] * x[i];
        }
        g->to[r] = y;
    }
}

OP(softmax_pool);
Var op_softmax_pool(Tape *t, Var x, int each, double sharpness) {
    int dims = x->val.dims, last = dims ? x->val.shape[dims - 1] : 0;
    REQUIRE(dims >= 1 && each >= 1 && last % each == 0, "x is %s, want groups of %d in its rows",
            mat_shape_text(x->val), each);
    REQUIRE(sharpness >= 0, "the sharpness is %g, want at least 0", sharpness);
    Mat shape = x->val;
    shape.shape[dims - 1] = last / each;
    Var y = tape_record(t, &softmax_pool_op, shape, x, NULL, NULL);
    Groups *g = y->save = arena_alloc(&t->arena, 1, sizeof *g);
    *g = (Groups){
        .x = x->val.v, .p = mat_like(&t->arena, x->val).v, .to = y->val.v, .each = each, .sharpness = sharpness
    };
    parallel_for(mat_count(y->val), GROUPS_EACH, softmax_pool_groups, g);
    return y;
}

static void softmax_pool_back(void *context, size_t begin, size_t end, int worker) {
    const Groups *g = context;
    size_t n = (size_t)g->each;
    num sharpness = (num)g->sharpness;
    (void)worker;
    for (size_t r = begin; r < end; r++)
        for (size_t i = r * n; i < (r + 1) * n; i++)
            g->to[i] += g->dy[r] * g->p[i] * (1 + sharpness * (g->x[i] - g->y[r]));
}
static void softmax_pool_backward(Var y) {
    Groups g = *(Groups *)y->save;
    g.y = y->val.v;
    g.dy = y->grad;
    g.to = tape_grad(y->in[0]);
    parallel_for(mat_count(y->val), GROUPS_EACH, softmax_pool_back, &g);
}
static Var softmax_pool_check(GradCheck *check) {
    check->variants = 3; /* a soft one; a plain mean; groups of one */
    static const struct {
        int each;
        double sharpness;
    } v[] = { { 3, 2.5 }, { 6, 0 }, { 1, 4 } };
    int i = check->variant;
    return op_softmax_pool(check->tape, gradcheck_input(check, i == 0 ? mat_shape(3, 2, 2, 6) : mat_shape(2, 2, 6)),
                           v[i].each, v[i].sharpness);
}
