/* op_mean_square: the mean squared difference from given numbers. Contract: ops.h. */
#include "autograd/ops.h"
#include "core/thread.h"

enum { PIECE = 1 << 13 }; /* numbers that one thread takes at a time */

typedef struct {
    const num *x, *target;
    num *dx, factor;
    double *sum; /* of each piece */
    bool accumulate;
} MeanSquare;

static void squares_piece(void *context, size_t begin, size_t end) {
    const MeanSquare *s = context;
    double sum = 0;
    for (size_t i = begin; i < end; i++) {
        double difference = (double)(s->x[i] - s->target[i]);
        sum += difference * difference;
    }
    s->sum[begin / PIECE] = sum;
}

/* y = 1/n sum_i (x_i - target_i)^2 */
OP(mean_square);
Var op_mean_square(Tape *t, Var x, Mat target) {
    size_t n = mat_count(x->val), pieces = (n + PIECE - 1) / PIECE;
    REQUIRE(n > 0 && mat_count(target) == n, "x is %s, the target %s: want as many numbers, at least one",
            mat_shape_text(x->val), mat_shape_text(target));
    Var y = tape_record(t, &mean_square_op, mat_shape(0), x, NULL, NULL);
    MeanSquare *s = y->saved = arena_zero(&t->arena, 1, sizeof *s);
    *s = (MeanSquare){ .x = x->val.v, .target = target.v, .sum = arena_alloc(&t->arena, pieces, sizeof(double)) };
    parallel_for(n, PIECE, squares_piece, s);
    double sum = 0;
    for (size_t p = 0; p < pieces; p++) sum += s->sum[p];
    y->val.v[0] = (num)(sum / (double)n);
    return y;
}
/* dx_i = 2/n (x_i - target_i) dy */
static void gradient_piece(void *context, size_t begin, size_t end) {
    const MeanSquare *s = context;
    for (size_t i = begin; i < end; i++)
        s->dx[i] = (s->accumulate ? s->dx[i] : 0) + s->factor * (s->x[i] - s->target[i]);
}
static void mean_square_backward(Var y) {
    MeanSquare *s = y->saved;
    size_t n = mat_count(y->in[0]->val);
    s->factor = 2 * y->grad[0] / (num)n;
    s->dx = tape_grad_raw(y->in[0], &s->accumulate);
    if (s->dx) parallel_for(n, PIECE, gradient_piece, s);
}
static Var mean_square_check(GradCheck *check) {
    Mat target = mat_normal(&check->tape->arena, 3, 4, &check->rng, 1);
    return op_mean_square(check->tape, gradcheck_input(check, mat_shape(3, 1, 3, 4)), target);
}
