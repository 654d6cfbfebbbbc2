/* op_checkpoint: a part of a network whose results in between are not kept, but computed again for its gradient (Chen
 * et al. 2016, arXiv:1604.06174). Contract: ops.h. */
#include "autograd/ops.h"

#include <string.h>

typedef struct {
    TapeBody body;
    const void *context;
} Checkpoint;

/* A tape for the part, in the memory that all parts of t share. */
static Tape inner_begin(Tape *t, bool no_grad) {
    Tape inner = { .arena = t->inner, .no_grad = no_grad, .training = t->training, .repeated = t->repeated };
    inner.round_products = t->round_products;
    inner.profile = t->profile;
    return inner;
}
static void inner_end(Tape *t, Tape *inner) {
    tape_reset(inner);
    t->inner = inner->arena;
}

/* y = body(x)          x and y of any shapes */
OP(checkpoint);
Var op_checkpoint(Tape *t, Var x, TapeBody body, const void *context) {
    Tape inner = inner_begin(t, true);
    Mat result = body(&inner, context, tape_data(&inner, x->val))->val;
    Var y = tape_record(t, &checkpoint_op, result, x, NULL, NULL);
    memcpy(y->val.v, result.v, mat_count(result) * sizeof(num));
    inner_end(t, &inner);
    Checkpoint *saved = y->saved = arena_alloc(&t->arena, 1, sizeof *saved);
    *saved = (Checkpoint){ body, context };
    y->requires_grad = !t->no_grad; /* the parameters of the part are no inputs of this node */
    return y;
}
/* The part once more, now with all its nodes, and backward from dy: dx and the gradients of its parameters. */
static void checkpoint_backward(Var y) {
    const Checkpoint *saved = y->saved;
    Tape *t = y->tape, inner = inner_begin(t, false);
    inner.repeated = true;
    Var x = tape_leaf(&inner, y->in[0]->val);
    tape_backward_from(&inner, saved->body(&inner, saved->context, x), y->grad);
    bool accumulate;
    num *dx = tape_grad_raw(y->in[0], &accumulate);
    for (size_t i = 0, n = mat_count(x->val); dx && x->grad && i < n; i++)
        dx[i] = accumulate ? dx[i] + x->grad[i] : x->grad[i];
    inner_end(t, &inner);
}
static Var checkpoint_body(Tape *t, const void *context, Var x) {
    const int *rounds = context;
    for (int i = 0; i < *rounds; i++) x = op_add(t, op_gelu(t, x), op_scale(t, x, 0.5));
    return x;
}
static Var checkpoint_check(GradCheck *check) {
    static const int rounds[] = { 1, 3 };
    check->variants = COUNT(rounds);
    return op_checkpoint(check->tape, gradcheck_input(check, mat_shape(2, 3, 4)), checkpoint_body,
                         &rounds[check->variant]);
}
