/* op_token: from word ids and patches of pictures to tokens, and from tokens to vectors. Contracts: ops.h. */
#include "autograd/ops.h"
#include "core/thread.h"

#include <string.h>

/* y[b,t] = table[ids[b,t]]          table [V,D], ids [B,T], y [B,T,D] */
OP(embedding);
Var op_embedding(Tape *t, Var table, const int *ids, int B, int T) {
    int V = table->val.shape[0], D = table->val.shape[1];
    REQUIRE(table->val.dims == 2, "the table is %s, want [V,D]", mat_shape_text(table->val));
    Var y = tape_record(t, &embedding_op, mat_shape(3, B, T, D), table, NULL, NULL);
    y->saved = memcpy(arena_alloc(&t->arena, (size_t)(B * T), sizeof *ids), ids, (size_t)(B * T) * sizeof *ids);
    for (int i = 0; i < B * T; i++) {
        REQUIRE(0 <= ids[i] && ids[i] < V, "id %d at position %d, want 0 to %d", ids[i], i, V - 1);
        num *row = y->val.v + (size_t)i * (size_t)D;
        if (table->val.v) memcpy(row, &AT(table->val, ids[i], 0), (size_t)D * sizeof(num));
        else weight_row(table->param->weights_view, V, D, ids[i], row);
    }
    return y;
}
/* dtable[v] = sum of dy[b,t] over all b, t with ids[b,t] = v */
static void embedding_backward(Var y) {
    const int *ids = y->saved, D = y->val.shape[2];
    num *dtable = tape_grad(y->in[0]);
    for (int i = 0; i < y->val.shape[0] * y->val.shape[1]; i++)
        rows_add(y->grad + (size_t)i * (size_t)D, 1, D, dtable + (size_t)ids[i] * (size_t)D);
}
static Var embedding_check(GradCheck *check) {
    const int ids[] = { 3, 1, 1, 0, 3, 3 };
    return op_embedding(check->tape, gradcheck_input(check, mat_shape(2, 5, 3)), ids, 2, 3);
}

/* y[b] = sum_t weight[b,t] x[b,t]          x [B,T,D], y [B,D]
 * weight[b,t] = 1 / (tokens of text b that are no padding), or 0 for padding; it is saved for the backward */
OP(mean_tokens);
Var op_mean_tokens(Tape *t, Var x, const int *ids, int padding) {
    int B = x->val.shape[0], T = x->val.shape[1], D = x->val.shape[2];
    REQUIRE(x->val.dims == 3, "x is %s, want [B,T,D]", mat_shape_text(x->val));
    Var y = tape_record(t, &mean_tokens_op, mat_shape(2, B, D), x, NULL, NULL);
    num *weight = y->saved = arena_zero(&t->arena, (size_t)(B * T), sizeof *weight);
    memset(y->val.v, 0, mat_count(y->val) * sizeof(num));
    for (int b = 0; b < B; b++) {
        int counted = 0;
        for (int k = b * T; k < (b + 1) * T; k++) counted += padding < 0 || ids[k] != padding;
        for (int k = b * T; k < (b + 1) * T; k++) {
            if (padding >= 0 && ids[k] == padding) continue;
            weight[k] = (num)1 / (num)counted;
            for (int d = 0; d < D; d++) AT(y->val, b, d) += weight[k] * x->val.v[(size_t)k * (size_t)D + (size_t)d];
        }
    }
    return y;
}
/* dx[b,t] = weight[b,t] dy[b] */
static void mean_tokens_backward(Var y) {
    const int *s = y->in[0]->val.shape, T = s[1], D = s[2];
    const num *weight = y->saved;
    num *dx = tape_grad(y->in[0]);
    for (int i = 0; i < s[0] * T; i++)
        for (int d = 0; d < D; d++)
            dx[(size_t)i * (size_t)D + (size_t)d] += weight[i] * y->grad[(size_t)(i / T) * (size_t)D + (size_t)d];
}
static Var mean_tokens_check(GradCheck *check) {
    const int ids[] = { 3, 1, 0, 0, 0, 0, 2, 2, 2 };
    check->variants = 2;
    return op_mean_tokens(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), ids, check->variant ? 0 : -1);
}

/* K chosen tokens of each of the B rows: token[b K + k] in 0..T-1. */
typedef struct {
    int B, K, T;
    size_t D;
    int *token;
} Gather;

/* y[b,k] = x[b,index[b,k]]          x [B,T,D], index [B,K] (NULL: 0), y [B,K,D], or [B,D] of K = 1 */
OP(gather);
OP(gather_tokens);
static Var gather(Tape *t, const Op *op, Var x, const int *index, int K, Mat shape) {
    int B = x->val.shape[0], T = x->val.shape[1];
    size_t D = (size_t)x->val.shape[2], row = 0;
    Var y = tape_record(t, op, shape, x, NULL, NULL);
    Gather *g = y->saved = arena_alloc(&t->arena, 1, sizeof *g);
    *g = (Gather){ B, K, T, D, arena_zero(&t->arena, (size_t)B * (size_t)K, sizeof *g->token) };
    for (int b = 0; b < B; b++)
        for (int k = 0; k < K; k++, row++) {
            if (index) g->token[row] = index[row];
            int at = g->token[row];
            REQUIRE(0 <= at && at < T, "token %d of row %d, want 0 to %d", at, b, T - 1);
            memcpy(y->val.v + row * D, x->val.v + (size_t)(b * T + at) * D, D * sizeof(num));
        }
    return y;
}
Var op_gather(Tape *t, Var x, const int *index) {
    REQUIRE(x->val.dims == 3, "x is %s, want [B,T,D]", mat_shape_text(x->val));
    return gather(t, &gather_op, x, index, 1, mat_shape(2, x->val.shape[0], x->val.shape[2]));
}
Var op_gather_tokens(Tape *t, Var x, const int *index, int K) {
    REQUIRE(x->val.dims == 3 && K >= 1, "x is %s, %d tokens of each row, want [B,T,D] and at least 1",
            mat_shape_text(x->val), K);
    return gather(t, &gather_tokens_op, x, index, K, mat_shape(3, x->val.shape[0], K, x->val.shape[2]));
}
/* dx[b,t] = sum of dy[b,k] over all k with index[b,k] = t */
static void gather_backward(Var y) {
    const Gather *g = y->saved;
    num *dx = tape_grad(y->in[0]);
    size_t row = 0;
    for (int b = 0; b < g->B; b++)
        for (int k = 0; k < g->K; k++, row++)
            rows_add(y->grad + row * g->D, 1, (int)g->D, dx + (size_t)(b * g->T + g->token[row]) * g->D);
}
static void gather_tokens_backward(Var y) { gather_backward(y); }
static Var gather_check(GradCheck *check) {
    static const int index[] = { 2, 0, 2 };
    check->variants = 2;
    return op_gather(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), check->variant ? index : NULL);
}
static Var gather_tokens_check(GradCheck *check) {
    static const int index[] = { 2, 0, 1, 2, 1, 1 };
    return op_gather_tokens(check->tape, gradcheck_input(check, mat_shape(3, 3, 3, 2)), index, 2);
}

/* S tokens before the T of x, and the step from one row's tokens to the next row's: 0 where all rows share them. */
typedef struct {
    size_t B, T, D, S, step;
} Prepend;
static Prepend prepend_shape(Var x, Var first) {
    const int *s = x->val.shape, *f = first->val.shape, dims = first->val.dims;
    REQUIRE(x->val.dims == 3 && 1 <= dims && dims <= 3 && f[dims - 1] == s[2] && (dims == 1 || f[0] == s[0]),
            "x is %s, the first tokens %s, want [B,T,D] and [D], [B,D] or [B,S,D]", mat_shape_text(x->val),
            mat_shape_text(first->val));
    size_t S = dims == 3 ? (size_t)f[1] : 1, D = (size_t)s[2];
    return (Prepend){ (size_t)s[0], (size_t)s[1], D, S, dims == 1 ? 0 : S * D };
}

/* y[b] = the rows of first[b], then those of x[b]          x [B,T,D]; first [D], [B,D] or [B,S,D]; y [B,S+T,D] */
OP(prepend);
Var op_prepend(Tape *t, Var x, Var first) {
    Prepend s = prepend_shape(x, first);
    Var y = tape_record(t, &prepend_op, mat_shape(3, (int)s.B, (int)(s.S + s.T), (int)s.D), x, first, NULL);
    for (size_t b = 0; b < s.B; b++) {
        num *row = y->val.v + b * (s.S + s.T) * s.D;
        memcpy(row, first->val.v + b * s.step, s.S * s.D * sizeof(num));
        memcpy(row + s.S * s.D, x->val.v + b * s.T * s.D, s.T * s.D * sizeof(num));
    }
    return y;
}
/* dfirst[b] = dy[b,..S-1], summed over b for first [D]         dx[b] = dy[b,S..] */
static void prepend_backward(Var y) {
    Prepend s = prepend_shape(y->in[0], y->in[1]);
    num *dx = tape_grad(y->in[0]), *dfirst = tape_grad(y->in[1]);
    for (size_t b = 0; b < s.B; b++) {
        const num *dy = y->grad + b * (s.S + s.T) * s.D;
        if (dfirst) rows_add(dy, 1, (int)(s.S * s.D), dfirst + b * s.step);
        if (dx) rows_add(dy + s.S * s.D, 1, (int)(s.T * s.D), dx + b * s.T * s.D);
    }
}
static Var prepend_check(GradCheck *check) {
    const Mat first[] = { mat_shape(1, 4), mat_shape(2, 2, 4), mat_shape(3, 2, 2, 4) };
    check->variants = COUNT(first);
    Var x = gradcheck_input(check, mat_shape(3, 2, 3, 4));
    return op_prepend(check->tape, x, gradcheck_input(check, first[check->variant]));
}

typedef struct {
    size_t H, W, C, K;
    const num *x, *dy;
    num *y, *dx;
} Patches;

/* y[b, p (W/K) + q, (c K + i) K + j] = x[b, p K + i, q K + j, c]         backward: the same with dx and dy
 * x [B,H,W,C], y [B,(H/K)(W/K),C K K]; `row` = (b, p) is one line of patches of one picture */
static void patch_rows(void *context, size_t begin, size_t end) {
    const Patches *s = context;
    size_t K = s->K, C = s->C, across = s->W / K, down = s->H / K;
    for (size_t row = begin; row < end; row++)
        for (size_t q = 0; q < across; q++)
            for (size_t c = 0; c < C; c++)
                for (size_t i = 0; i < K; i++) {
                    size_t pixel = ((row / down * s->H + row % down * K + i) * s->W + q * K) * C + c;
                    size_t patch = (((row * across + q) * C + c) * K + i) * K;
                    for (size_t j = 0; j < K; j++)
                        if (s->dx) s->dx[pixel + j * C] += s->dy[patch + j];
                        else s->y[patch + j] = s->x[pixel + j * C];
                }
}

OP(patches);
Var op_patches(Tape *t, Var x, int K) {
    const int *s = x->val.shape;
    REQUIRE(x->val.dims == 4 && K >= 1 && K <= s[1] && K <= s[2],
            "x is %s, patches of %d x %d: want pictures [B,H,W,C] as large", mat_shape_text(x->val), K, K);
    int down = s[1] / K, across = s[2] / K;
    Var y = tape_record(t, &patches_op, mat_shape(3, s[0], down * across, s[3] * K * K), x, NULL, NULL);
    Patches *p = y->saved = arena_zero(&t->arena, 1, sizeof *p);
    *p = (Patches){ (size_t)s[1], (size_t)s[2], (size_t)s[3], (size_t)K, .x = x->val.v, .y = y->val.v };
    parallel_for((size_t)s[0] * (size_t)down, 1, patch_rows, p);
    return y;
}
static void patches_backward(Var y) {
    Patches *p = y->saved;
    p->dy = y->grad;
    p->dx = tape_grad(y->in[0]);
    parallel_for((size_t)y->val.shape[0] * (p->H / p->K), 1, patch_rows, p);
}
static Var patches_check(GradCheck *check) {
    check->variants = 2; /* the second: edges that no patch covers */
    return op_patches(check->tape,
                      gradcheck_input(check, check->variant ? mat_shape(4, 1, 5, 7, 2) : mat_shape(4, 2, 4, 4, 3)), 2);
}
