#include "flop.h"

/* 2 M N K of each product: y [..,N] from x [..,K], every number of y is a sum of K terms. */
static double node_flop(const Node *x) {
    double outputs = (double)mat_count(x->val);
    if (x->op == &linear_op) return 2 * outputs * (double)mat_count(x->in[1]->val) / x->in[1]->val.shape[0];
    if (x->op == &matmul_op) return 2 * outputs * x->in[0]->val.shape[1];
    if (x->op == &conv2d_op) return 2 * outputs * (double)mat_count(x->in[1]->val) / x->in[1]->val.shape[0];
    if (x->op == &attention_op)
        return 4 * outputs * x->val.shape[1]; /* q k^T and P v: [T,d] by [d,T], [T,T] by [T,d] */
    return 0;
}

Flop flop_of_tape(const Tape *t) {
    Flop sum = { 0, 0 };
    for (const Node *x = t->last; x; x = x->previous) {
        if (!x->op) continue;
        double flop = node_flop(x);
        int operands = 0;
        for (int i = 0; i < 2; i++) operands += x->in[i] && x->in[i]->requires_grad;
        sum.forward += flop;
        sum.backward += flop * (x->op == &attention_op ? 2 * operands : operands);
    }
    return sum;
}

double flop_transformer(int layers, int D, int T, int last) {
    double d = D, all = T, qkv = 6 * d * d, rest = 2 * d * d + 16 * d * d, attention = 4 * all * d;
    return layers * all * (qkv + attention) + ((layers - 1) * all + last) * rest;
}

double flop_vit(int side, int patch, int layers, int D, int E, bool last_token_only) {
    int across = side / patch, T = across * across + 1;
    double patches = 2.0 * across * across * D * 3 * patch * patch;
    return patches + flop_transformer(layers, D, T, last_token_only ? 1 : T) + 2.0 * D * E;
}
