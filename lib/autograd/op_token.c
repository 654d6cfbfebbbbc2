/* op_token: from word ids and pieces of pictures to tokens, and from tokens to vectors. Contracts: ops.h. */
#include "autograd/gradcheck.h"
#include "autograd/ops.h"
#include "core/arena.h"
#include "core/thread.h"

#include <string.h>

OP(embedding);
Var op_embedding(Tape *t, Var table, const int *ids, int B, int T) {
    int V = table->val.shape[0], D = table->val.shape[1];
    REQUIRE(table->val.dims == 2, "the table is %s, want [V,D]", mat_shape_text(table->val));
    Var y = tape_record(t, &embedding_op, mat_shape(3, B, T, D), table, NULL, NULL);
    y->save = memcpy(arena_alloc(&t->arena, (size_t)(B * T), sizeof *ids), ids, (size_t)(B * T) * sizeof *ids);
    for (int i = 0; i < B * T; i++) {
        REQUIRE(0 <= ids[i] && ids[i] < V, "id %d at place %d, want 0 to %d", ids[i], i, V - 1);
        num *to = y->val.v + (size_t)i * (size_t)D;
        if (table->val.v) memcpy(to, &AT(table->val, ids[i], 0), (size_t)D * sizeof(num));
        else weight_row(table->param->weights_view, V, D, ids[i], to);
    }
    return y;
}
static void embedding_backward(Var y) {
    const int *ids = y->save, D = y->val.shape[2];
    num *dtable = tape_grad(y->in[0]);
    for (int i = 0; i < y->val.shape[0] * y->val.shape[1]; i++)
        for (int d = 0; d < D; d++)
            dtable[(size_t)ids[i] * (size_t)D + (size_t)d] += y->grad[(size_t)i * (size_t)D + (size_t)d];
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
    Var y = tape_record(t, &mean_tokens_op, mat_shape(2, B, D), x, NULL, NULL);
    num *share = y->save = arena_alloc(&t->arena, (size_t)(B * T), sizeof *share);
    memset(y->val.v, 0, mat_count(y->val) * sizeof(num));
    for (int b = 0; b < B; b++) {
        int counted = 0;
        for (int k = 0; k < T; k++) counted += padding < 0 || ids[b * T + k] != padding;
        for (int k = 0; k < T; k++) {
            bool counts = padding < 0 || ids[b * T + k] != padding;
            share[b * T + k] = counts ? (num)1 / (num)counted : 0;
            for (int d = 0; counts && d < D; d++)
                AT(y->val, b, d) += share[b * T + k] * x->val.v[(size_t)(b * T + k) * (size_t)D + (size_t)d];
        }
    }
    return y;
}
static void mean_tokens_backward(Var y) {
    const int *s = y->in[0]->val.shape, D = s[2];
    const num *share = y->save;
    num *dx = tape_grad(y->in[0]);
    for (int i = 0; i < s[0] * s[1]; i++)
        for (int d = 0; d < D; d++)
            dx[(size_t)i * (size_t)D + (size_t)d] += share[i] * y->grad[(size_t)(i / s[1]) * (size_t)D + (size_t)d];
}
static Var mean_tokens_check(GradCheck *check) {
    const int ids[] = { 3, 1, 0, 0, 0, 0, 2, 2, 2 };
    check->variants = 2;
    return op_mean_tokens(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), ids, check->variant ? 0 : -1);
}

/* ---- one token of each row, one token before each row --------------------------------------------------------------- */

OP(gather);
Var op_gather(Tape *t, Var x, const int *place) {
    int B = x->val.shape[0], T = x->val.shape[1];
    size_t D = (size_t)x->val.shape[2];
    REQUIRE(x->val.dims == 3, "x is %s, want [B,T,D]", mat_shape_text(x->val));
    Var y = tape_record(t, &gather_op, mat_shape(2, B, (int)D), x, NULL, NULL);
    int *from = y->save = arena_zero(&t->arena, (size_t)B, sizeof *from);
    for (int b = 0; b < B; b++) {
        if (place) from[b] = place[b];
        REQUIRE(0 <= from[b] && from[b] < T, "token %d of row %d, want 0 to %d", from[b], b, T - 1);
        memcpy(&AT(y->val, b, 0), x->val.v + (size_t)(b * T + from[b]) * D, D * sizeof(num));
    }
    return y;
}
static void gather_backward(Var y) {
    const int *from = y->save, T = y->in[0]->val.shape[1];
    size_t D = (size_t)y->val.shape[1];
    num *dx = tape_grad(y->in[0]);
    for (int b = 0; b < y->val.shape[0]; b++)
        for (size_t d = 0; d < D; d++) dx[(size_t)(b * T + from[b]) * D + d] += y->grad[(size_t)b * D + d];
}
static Var gather_check(GradCheck *check) {
    static const int place[] = { 2, 0, 2 };
    check->variants = 2;
    return op_gather(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), check->variant ? place : NULL);
}

OP(prepend);
Var op_prepend(Tape *t, Var x, Var first) {
    int B = x->val.shape[0], T = x->val.shape[1];
    size_t D = (size_t)x->val.shape[2], of_each = mat_count(first->val) == D ? 0 : D;
    REQUIRE(x->val.dims == 3 && mat_count(first->val) == (of_each ? (size_t)B * D : D),
            "x is %s, the first token %s, want [B,T,D] and [D] or [B,D]", mat_shape_text(x->val),
            mat_shape_text(first->val));
    Var y = tape_record(t, &prepend_op, mat_shape(3, B, T + 1, (int)D), x, first, NULL);
    for (size_t b = 0; b < (size_t)B; b++) {
        num *row = y->val.v + b * (size_t)(T + 1) * D;
        memcpy(row, first->val.v + b * of_each, D * sizeof(num));
        memcpy(row + D, x->val.v + b * (size_t)T * D, (size_t)T * D * sizeof(num));
    }
    return y;
}
static void prepend_backward(Var y) {
    size_t B = (size_t)y->val.shape[0], T = (size_t)y->in[0]->val.shape[1], D = (size_t)y->val.shape[2];
    size_t of_each = mat_count(y->in[1]->val) == D ? 0 : D;
    num *dx = tape_grad(y->in[0]), *dfirst = tape_grad(y->in[1]);
    for (size_t b = 0; b < B; b++) {
        const num *row = y->grad + b * (T + 1) * D;
        for (size_t d = 0; dfirst && d < D; d++) dfirst[b * of_each + d] += row[d];
        for (size_t i = 0; dx && i < T * D; i++) dx[b * T * D + i] += row[D + i];
    }
}
static Var prepend_check(GradCheck *check) {
    check->variants = 2;
    Var x = gradcheck_input(check, mat_shape(3, 2, 3, 4));
    return op_prepend(check->tape, x, gradcheck_input(check, check->variant ? mat_shape(2, 2, 4) : mat_shape(1, 4)));
}

/* ---- patches: number (c, i, j) of patch (p, q) is pixel (p K + i, q K + j), channel c -------------------------------- */

typedef struct {
    int H, W, C, K;
    const num *x;
    num *y;
    bool back;
} Patches; /* back: x is added to from y */

/* A piece is a row of patches of one picture. */
static void patch_rows(void *context, size_t begin, size_t end, int worker) {
    const Patches *s = context;
    size_t K = (size_t)s->K, C = (size_t)s->C, W = (size_t)s->W, across = W / K, down = (size_t)s->H / K;
    (void)worker;
    for (size_t row = begin; row < end; row++)
        for (size_t q = 0; q < across; q++)
            for (size_t c = 0; c < C; c++)
                for (size_t i = 0; i < K; i++) {
                    size_t at = ((row / down * (size_t)s->H + row % down * K + i) * W + q * K) * C + c;
                    num *patch = s->y + (((row * across + q) * C + c) * K + i) * K;
                    for (size_t j = 0; j < K; j++) {
                        if (s->back) ((num *)s->x)[at + j * C] += patch[j];
                        else patch[j] = s->x[at + j * C];
                    }
                }
}

OP(patches);
Var op_patches(Tape *t, Var x, int K) {
    const int *s = x->val.shape;
    REQUIRE(x->val.dims == 4 && K >= 1 && K <= s[1] && K <= s[2],
            "x is %s, patches of %d x %d: want pictures [B,H,W,C] as large", mat_shape_text(x->val), K, K);
    int down = s[1] / K, across = s[2] / K;
    Var y = tape_record(t, &patches_op, mat_shape(3, s[0], down * across, s[3] * K * K), x, NULL, NULL);
    Patches *p = y->save = arena_alloc(&t->arena, 1, sizeof *p);
    *p = (Patches){ .H = s[1], .W = s[2], .C = s[3], .K = K, .x = x->val.v, .y = y->val.v };
    parallel_for((size_t)s[0] * (size_t)down, 1, patch_rows, p);
    return y;
}
static void patches_backward(Var y) {
    Patches p = *(Patches *)y->save;
    p.back = true;
    p.x = tape_grad(y->in[0]);
    p.y = y->grad;
    parallel_for((size_t)y->val.shape[0] * (size_t)(p.H / p.K), 1, patch_rows, &p);
}
static Var patches_check(GradCheck *check) {
    check->variants = 2; /* edges that no patch sees */
    return op_patches(check->tape,
                      gradcheck_input(check, check->variant ? mat_shape(4, 1, 5, 7, 2) : mat_shape(4, 2, 4, 4, 3)), 2);
}
