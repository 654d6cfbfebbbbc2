/* op_token: from word ids to vectors. Contracts: ops.h. */
#include "gradcheck.h"
#include "ops.h"

#include <string.h>

OP(embedding);
Var op_embedding(Tape *t, Var table, const int *ids, int B, int T) {
    int V = table->val.shape[0], D = table->val.shape[1];
    REQUIRE(table->val.dims == 2, "the table is %s, want [V,D]", mat_shape_text(table->val));
    Var y = tape_push(t, &embedding_op, mat_shape(3, B, T, D), table, NULL, NULL);
    y->save = memcpy(arena_alloc(&t->arena, (size_t)(B * T), sizeof *ids), ids, (size_t)(B * T) * sizeof *ids);
    for (int i = 0; i < B * T; i++) {
        REQUIRE(0 <= ids[i] && ids[i] < V, "id %d at place %d, want 0 to %d", ids[i], i, V - 1);
        memcpy(y->val.v + (size_t)i * (size_t)D, &AT(table->val, ids[i], 0), (size_t)D * sizeof(num));
    }
    return y;
}
static void embedding_backward(Var y) {
    const int *ids = y->save, D = y->val.shape[2];
    num *dtable = tape_grad(y->in[0]);
    for (int i = 0; i < y->val.shape[0] * y->val.shape[1]; i++)
        for (int d = 0; d < D; d++) dtable[(size_t)ids[i] * (size_t)D + (size_t)d] += y->grad[(size_t)i * (size_t)D + (size_t)d];
}
static Var embedding_check(GradCheck *check) {
    const int ids[] = { 3, 1, 1, 0, 3, 3 };
    return op_embedding(check->tape, gradcheck_input(check, mat_shape(2, 5, 3)), ids, 2, 3);
}

/* save[b,t]: the weight of token t in the mean of text b, 1 / (tokens that count), or 0 for padding. */
OP(mean_tokens);
Var op_mean_tokens(Tape *t, Var x, const int *ids, int padding) {
    int B = x->val.shape[0], T = x->val.shape[1], D = x->val.shape[2];
    REQUIRE(x->val.dims == 3, "x is %s, want [B,T,D]", mat_shape_text(x->val));
    Var y = tape_push(t, &mean_tokens_op, mat_shape(2, B, D), x, NULL, NULL);
    num *share = y->save = arena_alloc(&t->arena, (size_t)(B * T), sizeof *share);
    memset(y->val.v, 0, mat_count(y->val) * sizeof(num));
    for (int b = 0; b < B; b++) {
        int counted = 0;
        for (int k = 0; k < T; k++) counted += padding < 0 || ids[b * T + k] != padding;
        for (int k = 0; k < T; k++) {
            bool counts = padding < 0 || ids[b * T + k] != padding;
            share[b * T + k] = counts ? (num)1 / (num)counted : 0;
            for (int d = 0; counts && d < D; d++) AT(y->val, b, d) += share[b * T + k] * x->val.v[(size_t)(b * T + k) * (size_t)D + (size_t)d];
        }
    }
    return y;
}
static void mean_tokens_backward(Var y) {
    const int *s = y->in[0]->val.shape, D = s[2];
    const num *share = y->save;
    num *dx = tape_grad(y->in[0]);
    for (int i = 0; i < s[0] * s[1]; i++)
        for (int d = 0; d < D; d++) dx[(size_t)i * (size_t)D + (size_t)d] += share[i] * y->grad[(size_t)(i / s[1]) * (size_t)D + (size_t)d];
}
static Var mean_tokens_check(GradCheck *check) {
    const int ids[] = { 3, 1, 0, 0, 0, 0, 2, 2, 2 };
    check->variants = 2;
    return op_mean_tokens(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), ids, check->variant ? 0 : -1);
}
