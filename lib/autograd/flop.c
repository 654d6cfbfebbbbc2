#include "autograd/flop.h"

double node_multiply_adds(const Node *n) {
    double out = (double)mat_count(n->val);
    static const Mat none = { .shape = { 1, 1, 1, 1 } };
    Mat a = n->in[0] ? n->in[0]->val : none, b = n->in[1] ? n->in[1]->val : none;
    if (n->op == &linear_op) return out * (double)mat_count(b) / MAX(1, b.shape[0]);
    if (n->op == &matmul_op) return out * a.shape[1];
    if (n->op == &conv2d_op) return out * (double)(b.shape[1] * b.shape[2] * b.shape[3]);
    if (n->op == &attention_op) return 2.0 * a.shape[1] * out;
    if (n->op == &cross_attention_op) return 2.0 * b.shape[1] * out;
    if (n->op == &lstm_op) return (double)mat_count(a) * b.shape[1];
    return 0;
}

/* Self-attention has one operand, but two products: P v and q k^T. Each has two gradients. Cross-attention has the same
 * products and two operands. */
static int gradients(const Node *n) {
    int operands = 0;
    for (int i = 0; i < 2; i++) operands += n->in[i] && n->in[i]->requires_grad;
    return n->op == &attention_op ? 2 * operands : operands;
}

Flop flop_of_tape(const Tape *t) {
    Flop sum = { 0, 0 };
    for (const Node *n = t->last; n; n = n->previous) {
        double flop = n->op ? 2 * node_multiply_adds(n) : 0;
        sum.forward += flop;
        sum.backward += gradients(n) * flop;
    }
    return sum;
}
