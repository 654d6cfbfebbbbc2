/* op_attention: multi-head attention, of a sequence to itself and to the states of another one. Contracts: ops.h; the
 * computation itself: attention.h. */
#include "kernels/attention.h"
#include "autograd/ops.h"

typedef struct {
    AttentionShape shape;
    num *log_sum; /* [B,heads,T] */
    bool rounded;
    const num *qkv; /* if rounded, a copy of the input's numbers; queries alone for cross-attention */
    const num *kv;  /* cross-attention: the same of the second input */
} Attention;

/* What both keep for the backward. */
static Attention *attention_saved(Var y, AttentionShape shape) {
    Arena *arena = &y->tape->arena;
    Attention *saved = y->saved = arena_zero(arena, 1, sizeof *saved);
    saved->shape = shape;
    if (y->requires_grad)
        saved->log_sum = arena_alloc(arena, (size_t)shape.B * (size_t)shape.T, (size_t)shape.heads * sizeof(num));
    saved->rounded = y->tape->round_products;
    return saved;
}

/* y = P v,  P = softmax(q k^T / sqrt(d)), for each head; d = D / heads
 * qkv [B,T,3D]: q, k, v side by side      y [B,T,D] */
OP(attention);
Var op_attention(Tape *t, Var qkv, int heads, bool causal) {
    const int *s = qkv->val.shape;
    REQUIRE(qkv->val.dims == 3 && s[2] % 3 == 0, "qkv is %s, want [B,T,3D]", mat_shape_text(qkv->val));
    Var y = tape_record(t, &attention_op, mat_shape(3, s[0], s[1], s[2] / 3), qkv, NULL, NULL);
    AttentionShape shape = { .B = s[0], .T = s[1], .D = s[2] / 3, .heads = heads, .causal = causal };
    Attention *saved = attention_saved(y, shape);
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

/* y = P v,  P = softmax(q k^T / sqrt(d)), for each head; d = D / heads
 * q [B,T,D]; kv [B,S,2D]: k, v side by side      P [T,S]      y [B,T,D] */
OP(cross_attention);
Var op_cross_attention(Tape *t, Var q, Var kv, int heads) {
    const int *s = q->val.shape, *k = kv->val.shape;
    REQUIRE(q->val.dims == 3 && kv->val.dims == 3 && k[0] == s[0] && k[2] == 2 * s[2],
            "queries are %s, keys and values %s, want [B,T,D] and [B,S,2D]", mat_shape_text(q->val),
            mat_shape_text(kv->val));
    Var y = tape_record(t, &cross_attention_op, q->val, q, kv, NULL);
    AttentionShape shape = { .B = s[0], .T = s[1], .D = s[2], .heads = heads, .S = k[1] };
    Attention *saved = attention_saved(y, shape);
    saved->qkv = tape_operand(t, saved->rounded, q->val.v, mat_count(q->val));
    saved->kv = tape_operand(t, saved->rounded, kv->val.v, mat_count(kv->val));
    attend_cross_forward(shape, saved->qkv, saved->kv, y->val.v, saved->log_sum);
    return y;
}
/* dv = P^T dy      dq = dS k / sqrt(d)      dk = dS^T q / sqrt(d)      dS_ij = P_ij ((dy v^T)_ij - dy_i . y_i) */
static void cross_attention_backward(Var y) {
    const Attention *saved = y->saved;
    CrossAttentionFlow flow = { .out = y->val.v, .log_sum = saved->log_sum };
    flow.dq = tape_grad(y->in[0]);
    flow.dkv = tape_grad(y->in[1]);
    ArenaMark mark = arena_mark(&y->tape->arena);
    flow.dout = tape_operand(y->tape, saved->rounded, y->grad, mat_count(y->val));
    flow.q = saved->rounded ? saved->qkv : y->in[0]->val.v;
    flow.kv = saved->rounded ? saved->kv : y->in[1]->val.v;
    attend_cross_backward(saved->shape, flow);
    arena_release(&y->tape->arena, mark);
}
static Var cross_attention_check(GradCheck *check) {
    check->variants = 3; /* more states than queries; fewer; more of both than a block */
    static const int queries[] = { 2, 5, 66 }, states[] = { 7, 3, 65 };
    int i = check->variant, B = i < 2 ? 2 : 1, D = i < 2 ? 4 : 1;
    Var q = gradcheck_input(check, mat_shape(3, B, queries[i], D));
    return op_cross_attention(check->tape, q, gradcheck_input(check, mat_shape(3, B, states[i], 2 * D)), i < 2 ? 2 : 1);
}
