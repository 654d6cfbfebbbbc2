#include "autograd/tape.h"
#include "kernels/vecmath.h"

#include <string.h>

/* Memory of values and gradients, in front of its numbers; next: in the list of those that are done. */
typedef struct TapeBlock {
    struct TapeBlock *next;
    size_t count;
} TapeBlock;
enum { BLOCK_HEAD = 64 }; /* bytes: the numbers stay aligned to a cache line */

static Var node_new(Tape *t, Mat val) {
    Var x = arena_zero(&t->arena, 1, sizeof(Node));
    x->val = val;
    x->tape = t;
    x->previous = t->last;
    t->last = x;
    return x;
}

Var tape_data(Tape *t, Mat numbers) { return node_new(t, numbers); }
Var tape_leaf(Tape *t, Mat numbers) {
    Var x = node_new(t, numbers);
    x->requires_grad = !t->no_grad;
    return x;
}
Var tape_param(Tape *t, Param *param) {
    Var x = node_new(t, param->val);
    x->param = param;
    x->requires_grad = !t->no_grad && !param->frozen;
    return x;
}

static num *block_take(Tape *t, size_t count) {
    TapeBlock **best = NULL;
    for (TapeBlock **link = &t->spare; *link; link = &(*link)->next)
        if ((*link)->count >= count && (!best || (*link)->count < (*best)->count)) best = link;
    TapeBlock *block;
    if (best && (*best)->count <= count + count / 4) { /* a larger one is left for more numbers */
        block = *best;
        *best = block->next;
    } else {
        block = arena_alloc(&t->arena, size_mul(count + BLOCK_HEAD / sizeof(num), sizeof(num)), 1);
        block->count = count;
    }
    return (num *)(void *)((char *)block + BLOCK_HEAD);
}

static void block_give(Tape *t, num *memory) {
    TapeBlock *block = (TapeBlock *)(void *)((char *)memory - BLOCK_HEAD);
    block->next = t->spare;
    t->spare = block;
}

Var tape_record(Tape *t, const Op *op, Mat shape, Var a, Var b, Var c) {
    profile_switch(t->profile, op->name, PROFILE_FORWARD);
    shape.v = block_take(t, mat_count(shape));
    Var y = node_new(t, shape);
    y->op = op;
    Var in[NODE_INPUTS] = { a, b, c };
    for (int i = 0; i < NODE_INPUTS; i++) {
        y->in[i] = in[i];
        if (in[i] && in[i]->requires_grad) y->requires_grad = true;
    }
    return y;
}

static void value_give(Var x) {
    block_give(x->tape, x->val.v);
    x->val.v = NULL;
}

void tape_forget(Var x) {
    REQUIRE(x->op, "%s is a leaf; only results of operations can be freed", tape_name(x));
    if (!x->tape->keep_grads) value_give(x);
}

/* Numbers that were forgotten and can be computed again. The inputs of x may have been forgotten as well. */
static void value_again(Var x) {
    if (!x || x->val.v || !x->op || !x->op->again) return;
    for (int i = 0; i < NODE_INPUTS; i++) value_again(x->in[i]);
    x->val.v = block_take(x->tape, mat_count(x->val));
    x->op->again(x);
    x->again = true;
}

void tape_done(Var x) {
    if (x->again) value_give(x);
    x->again = false;
}

static void node_backward(Var x) {
    for (int i = 0; i < NODE_INPUTS; i++) value_again(x->in[i]);
    x->op->backward(x);
    tape_done(x);
}

num *tape_grad_raw(Var x, bool *accumulate) {
    *accumulate = false;
    if (!x || !x->requires_grad) return NULL;
    if (x->param) {
        *accumulate = x->param->has_grad;
        x->param->has_grad = true;
        return x->param->grad;
    }
    *accumulate = x->grad != NULL;
    if (!x->grad) x->grad = block_take(x->tape, mat_count(x->val));
    return x->grad;
}

num *tape_grad_reuse(Var x, Var y, bool *accumulate) {
    if (!x || !x->requires_grad || x->param || x->grad || y->tape->keep_grads || mat_count(x->val) != mat_count(y->val))
        return tape_grad_raw(x, accumulate);
    x->grad = y->grad;
    y->grad = NULL;
    *accumulate = false;
    return x->grad;
}

num *tape_grad(Var x) {
    bool accumulate;
    num *dx = tape_grad_raw(x, &accumulate);
    if (dx && !accumulate) memset(dx, 0, mat_count(x->val) * sizeof(num));
    return dx;
}

void tape_backward_from(Tape *t, Var y, const num *dy) {
    REQUIRE(y, "y is NULL, want a result to go backward from");
    num *grad = tape_grad(y);
    REQUIRE(grad, "nothing below %s requires a gradient", y->op ? y->op->name : "a leaf");
    for (size_t i = 0; i < mat_count(y->val); i++) grad[i] += dy[i];
    for (Var x = t->last; x; x = x->previous) {
        if (!x->op || !x->grad) continue; /* a leaf, or not used by the result */
        profile_switch(t->profile, x->op->name, PROFILE_BACKWARD);
        node_backward(x);
        if (t->keep_grads || !x->grad) continue;
        block_give(t, x->grad);
        x->grad = NULL;
    }
}

void tape_backward(Tape *t, Var loss) {
    REQUIRE(mat_count(loss->val) == 1, "the loss is %s, want one number", mat_shape_text(loss->val));
    num one = 1;
    tape_backward_from(t, loss, &one);
}
Var tape_first_not_finite(const Tape *t) {
    Var first = NULL;
    for (Var x = t->last; x; x = x->previous)
        if (x->val.v && !all_finite(x->val.v, mat_count(x->val))) first = x;
    return first;
}
const char *tape_name(Var x) { return x->op ? x->op->name : x->param ? x->param->name : "the input"; }

static bool any_gradient_not_finite(const Node *x) {
    for (int i = 0; i < NODE_INPUTS; i++) {
        Var in = x->in[i];
        if (!in || !in->requires_grad) continue;
        const num *grad = in->param ? in->param->grad : in->grad;
        if (grad && !all_finite(grad, mat_count(in->val))) return true;
    }
    return false;
}

Var tape_first_not_finite_gradient(Tape *t, Var loss) {
    for (Var x = t->last; x; x = x->previous) {
        x->grad = NULL;
        if (x->param) x->param->has_grad = false;
    }
    num *one = tape_grad(loss);
    if (one) *one = 1;
    for (Var x = t->last; x; x = x->previous) {
        if (!x->op || !x->grad) continue;
        node_backward(x);
        if (any_gradient_not_finite(x)) return x;
    }
    return NULL;
}

TapeMark tape_mark(const Tape *t) { return (TapeMark){ arena_mark(&t->arena), t->last }; }

Var tape_keep(Tape *t, TapeMark mark, Var x, Var y) {
    REQUIRE(y->op && (!x || x->op), "%s is a leaf; only results of operations can be freed", y->op ? "x" : "y");
    if (!t->no_grad || t->keep_grads) return y;
    Arena aside = { 0 };
    const Op *op = y->op;
    Mat kept = y->val;
    if (x && mat_same_shape(x->val, y->val)) {
        memcpy(x->val.v, y->val.v, mat_count(y->val) * sizeof(num));
    } else { /* y may lie where its copy will: it is kept aside meanwhile */
        kept.v = memcpy(arena_alloc(&aside, mat_count(kept), sizeof(num)), y->val.v, mat_count(kept) * sizeof(num));
        x = NULL;
    }
    arena_release(&t->arena, mark.arena);
    t->spare = NULL; /* some of it was released */
    t->last = mark.last;
    if (x) return x;
    const num *numbers = kept.v;
    kept.v = block_take(t, mat_count(kept));
    memcpy(kept.v, numbers, mat_count(kept) * sizeof(num));
    x = node_new(t, kept);
    x->op = op;
    arena_free(&aside);
    return x;
}

const num *tape_operand(Tape *t, bool rounded, const num *x, size_t n) {
    if (!rounded) return x;
    num *copy = arena_alloc(&t->arena, n, sizeof(num));
    vec_round_bfloat(x, copy, n);
    return copy;
}

void tape_reset(Tape *t) {
    arena_reset(&t->arena);
    t->last = NULL;
    t->spare = NULL;
}
void tape_free(Tape *t) {
    arena_free(&t->arena);
    arena_free(&t->inner);
    *t = (Tape){ 0 };
}
size_t tape_held(const Tape *t) { return arena_held(&t->arena) + arena_held(&t->inner); }
