/* op_attention: multi-head self-attention. Contract: ops.h; the work itself: attention.h. */
#include "kernels/attention.h"
#include "autograd/gradcheck.h"
#include "autograd/ops.h"

typedef struct {
    AttentionShape shape;
    num *log_sum;
} Attended;

OP(attention);
Var op_attention(Tape *t, Var qkv, int heads, bool causal) {
    const int *s = qkv->val.shape;
    REQUIRE(qkv->val.dims == 3 && s[2] % 3 == 0, "qkv is %s, want [B,T,3D]", mat_shape_text(qkv->val));
    Var y = tape_record(t, &attention_op, mat_shape(3, s[0], s[1], s[2] / 3), qkv, NULL, NULL);
    Attended *save = y->save = arena_zero(&t->arena, 1, sizeof *save);
    save->shape = (AttentionShape){ .B = s[0], .T = s[1], .D = s[2] / 3, .heads = heads, .causal = causal };
    if (y->requires_grad) save->log_sum = arena_alloc(&t->arena, (size_t)s[0] * (size_t)s[1], (size_t)heads * sizeof(num));
    attend_forward(save->shape, qkv->val.v, y->val.v, save->log_sum);
    return y;
}
static void attention_backward(Var y) {
    const Attended *save = y->save;
    attend_backward(save->shape, (AttentionFlow){ .qkv = y->in[0]->val.v,
                                                  .out = y->val.v,
                                                  .log_sum = save->log_sum,
                                                  .dout = y->grad,
                                                  .dqkv = tape_grad(y->in[0]) });
}
static Var attention_check(GradCheck *check) {
    check->variants = 4; /* two heads, one; more tokens than a block; all, or only those before */
    int i = check->variant;
    return op_attention(check->tape, gradcheck_input(check, i < 2 ? mat_shape(3, 2, 5, 18) : mat_shape(3, 1, 67, 6)),
                        i < 2 ? 2 : 1, i % 2);
}
