/* op_attention: multi-head self-attention. Contract: ops.h; the computation itself: attention.h. */
#include "kernels/attention.h"
#include "autograd/ops.h"

typedef struct {
    AttentionShape shape;
    num *log_sum; /* [B,heads,T] */
    bool rounded;
    const num *qkv; /* if rounded, a copy of the input's numbers */
} Attention;

/* y = P v,  P = softmax(q k^T / sqrt(d)), for each head; d = D / heads
 * qkv [B,T,3D]: q, k, v side by side      y [B,T,D] */
OP(attention);
Var op_attention(Tape *t, Var qkv, int heads, bool causal) {
    const int *s = qkv->val.shape;
    REQUIRE(qkv->val.dims == 3 && s[2] % 3 == 0, "qkv is %s, want [B,T,3D]", mat_shape_text(qkv->val));
    Var y = tape_record(t, &attention_op, mat_shape(3, s[0], s[1], s[2] / 3), qkv, NULL, NULL);
    Attention *saved = y->saved = arena_zero(&t->arena, 1, sizeof *saved);
    saved->shape = (AttentionShape){ .B = s[0], .T = s[1], .D = s[2] / 3, .heads = heads, .causal = causal };
    if (y->requires_grad)
        saved->log_sum = arena_alloc(&t->arena, (size_t)s[0] * (size_t)s[1], (size_t)heads * sizeof(num));
    saved->rounded = t->round_products;
    saved->qkv = tape_operand(t, saved->rounded, qkv->val.v, mat_count(qkv->val));
    attend_forward(saved->shape, saved->qkv, y->val.v, saved->log_sum);
    return y;
}
/* dv = P^T dy      dq = dS k / sqrt(d)      dk = dS^T q / sqrt(d)      dS_ij = P_ij ((dy v^T)_ij - dy_i . y_i) */
static void attention_backward(Var y) {
    const Attention *saved = y->saved;
    num *dqkv = tape_grad(y->in[0]);
    ArenaMark mark = arena_mark(&y->tape->arena);
    const num *dy = tape_operand(y->tape, saved->rounded, y->grad, mat_count(y->val));
    const num *qkv = saved->rounded ? saved->qkv : y->in[0]->val.v;
    AttentionFlow flow = { qkv, y->val.v, saved->log_sum, dy, dqkv };
    attend_backward(saved->shape, flow);
    arena_release(&y->tape->arena, mark);
}
static Var attention_check(GradCheck *check) {
    check->variants = 4; /* two heads, one; more tokens than a block; all tokens, or causal */
    int i = check->variant;
    return op_attention(check->tape, gradcheck_input(check, i < 2 ? mat_shape(3, 2, 5, 18) : mat_shape(3, 1, 67, 6)),
                        i < 2 ? 2 : 1, i % 2);
}
