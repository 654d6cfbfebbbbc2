#include "kernels/attention.h"
#include "kernels/kernel.h"
#include "kernels/reference.h"
#include "kernels/vecmath.h"

#include <math.h>
#include <string.h>

static void shape_require(AttentionShape s) {
    REQUIRE(s.B >= 0 && s.T >= 0 && s.D >= 1 && s.heads >= 1 && s.D % s.heads == 0,
            "%d heads for a width of %d, B %d, T %d: heads must divide the width", s.heads, s.D, s.B, s.T);
}
static void cross_require(AttentionShape s) {
    shape_require(s);
    REQUIRE(s.S >= 1 && !s.causal, "%d states to attend to, causal %d: want at least one, and no mask", s.S, s.causal);
}

void attend_map(AttentionShape s, const num *qkv, int b, int head, num *map) {
    shape_require(s);
    REQUIRE(0 <= b && b < s.B && 0 <= head && head < s.heads, "head %d of row %d, there are %d of %d", head, b, s.heads,
            s.B);
    Arena arena = { 0 };
    double *p = arena_alloc(&arena, (size_t)s.T + 1, sizeof *p);
    for (int i = 0; i < s.T; i++) {
        attend_row_plain(s, qkv, b, head, i, p);
        for (int j = 0; j < s.T; j++) *map++ = (num)p[j];
    }
    arena_free(&arena);
}

/* Where head i = b * heads + h begins in sequences of `rows` rows of `width` numbers. */
static size_t head_at(AttentionShape s, size_t i, size_t rows, size_t width) {
    size_t heads = (size_t)s.heads;
    return i / heads * rows * width + i % heads * ((size_t)s.D / heads);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------
 * BLOCK queries are multiplied with BLOCK keys at a time: 16 KB of scores, which stay in L1. One head is one piece of
 * work. Its keys and values are first packed, with rows of whole vectors: k [S,d] as [S][dw], or transposed as [d][Sw],
 * where dw and Sw are d and S rounded up. From here on S is set: self-attention has S = T. */
enum { BLOCK = 64 };

/* The left matrix of a product: number r,k is at from[r * row + k * step]. */
typedef struct {
    const num *from;
    size_t row, step;
} Left;

typedef struct {
    int rows, length, cols;
    bool accumulate;
} ProductShape;

/* c (+)= a b     a [rows,length], b [length,cols] and c [rows,cols], whose rows are b_row and c_row apart */
static void product(ProductShape p, Left a, const num *b, size_t b_row, num *c, size_t c_row) {
    for (int n = 0; n < p.cols; n += PANEL) {
        RegisterTile t = tile_product((size_t)p.length, a.step, b + n, b_row, MIN(PANEL, p.cols - n));
        t.accumulate = p.accumulate;
        micro_kernel_rows(&t, (size_t)p.rows, a.from, a.row, c + n, c_row);
    }
}

/* to [rows][dw] = scale * from [rows,d], whose rows are `step` apart; columns from d on are 0. */
static void pack_rows(const num *from, size_t step, size_t rows, size_t d, num scale, num *to) {
    size_t dw = (size_t)vecs_width((int)d);
    for (size_t r = 0; r < rows; r++, from += step, to += dw) {
        for (size_t c = 0; c < d; c++) to[c] = scale * from[c];
        for (size_t c = d; c < dw; c++) to[c] = 0;
    }
}

/* to [d][Tw] = from [T,d] transposed; columns from T on are 0. */
static void pack_transposed(const num *from, size_t step, size_t T, size_t d, num *to) {
    size_t Tw = (size_t)vecs_width((int)T);
    matrix_transpose(from, step, T, d, to, Tw);
    for (size_t c = 0; c < d; c++)
        for (size_t t = T; t < Tw; t++) to[c * Tw + t] = 0;
}

/* Queries q0 .. q0+rows-1 and keys k0 .. k0+keys-1. */
typedef struct {
    int q0, rows, k0, keys;
} BlockRange;

/* score [rows][BLOCK] = queries k^T; -infinity where the mask excludes a key, and beyond the last one.
 * queries [rows][dw], already divided by sqrt(d); keys_transposed [d][Sw]. */
static void scores(AttentionShape s, BlockRange at, const num *queries, const num *keys_transposed, num *score) {
    int d = s.D / s.heads;
    product((ProductShape){ .rows = at.rows, .length = d, .cols = at.keys },
            (Left){ queries, (size_t)vecs_width(d), 1 }, keys_transposed + at.k0, (size_t)vecs_width(s.S), score,
            BLOCK);
    for (int r = 0; r < at.rows; r++) {
        int seen = s.causal ? MIN(at.keys, at.q0 + r + 1 - at.k0) : at.keys;
        for (int j = MAX(seen, 0); j < vecs_width(at.keys); j++) score[r * BLOCK + j] = -INFINITY;
    }
}

/* Largest, and sum, of n numbers, n a multiple of LANES: first lane by lane, then over the lanes. */
static num lanes_max(const num *x, int n, num max) {
    num lane[LANES];
    for (int l = 0; l < LANES; l++) lane[l] = max;
    for (int i = 0; i < n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    for (int l = 0; l < LANES; l++) max = lane[l] > max ? lane[l] : max;
    return max;
}
static num lanes_sum(const num *x, int n) {
    num lane[LANES] = { 0 }, sum = 0;
    for (int i = 0; i < n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += x[i + l];
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

/* Running maximum m and sum of e^(S - m) of each row of the block. */
typedef struct {
    num max[BLOCK], sum[BLOCK];
} Running;

/* score = e^(score - m) with m the largest so far. If m grew, the old sum and `out` are scaled by e^(old m - m). */
static void softmax_step(BlockRange at, num *score, Running *run, num *out, int dw) {
    int n = vecs_width(at.keys);
    for (int r = 0; r < at.rows; r++) {
        num *x = score + r * BLOCK, max = lanes_max(x, n, run->max[r]);
        num shrink = max > run->max[r] ? (num)exp((double)(run->max[r] - max)) : 1;
        for (int j = 0; j < n; j++) x[j] -= max;
        vec_exp(x, x, (size_t)n);
        run->sum[r] = run->sum[r] * shrink + lanes_sum(x, n);
        run->max[r] = max;
        for (int c = 0; shrink != 1 && c < dw; c++) out[r * dw + c] *= shrink;
    }
}

/* The operands: queries, and keys with values, in rows that are q_step and kv_step numbers apart. */
typedef struct {
    AttentionShape s;
    const num *q, *k, *v;
    size_t q_step, kv_step;
    num *out, *log_sum; /* of the forward */
    AttentionFlow f;    /* of the backward: out, log_sum and dout are read */
    num *dq, *dk, *dv;
} Attention;

static Attention self_attention(AttentionShape s, const num *qkv, num *dqkv) {
    size_t D = (size_t)s.D;
    s.S = s.T;
    Attention a = { .s = s, .q = qkv, .k = qkv + D, .v = qkv + 2 * D, .q_step = 3 * D, .kv_step = 3 * D };
    if (dqkv) {
        a.dq = dqkv;
        a.dk = dqkv + D;
        a.dv = dqkv + 2 * D;
    }
    return a;
}
static Attention cross_attention(AttentionShape s, const num *q, const num *kv) {
    size_t D = (size_t)s.D;
    return (Attention){ .s = s, .q = q, .k = kv, .v = kv + D, .q_step = D, .kv_step = 2 * D };
}

/* out = softmax(q k^T / sqrt(d)) v of one head, [T,d]: for each block of queries over all blocks of keys. */
static void forward_head(const Attention *a, size_t head, num *scratch) {
    AttentionShape s = a->s;
    size_t T = (size_t)s.T, S = (size_t)s.S, D = (size_t)s.D, d = D / (size_t)s.heads, dw = (size_t)vecs_width((int)d);
    size_t at_kv = head_at(s, head, S, a->kv_step), step = a->q_step;
    const num *q = a->q + head_at(s, head, T, step);
    num *keys = scratch, *values = keys + d * (size_t)vecs_width(s.S), *queries = values + S * dw;
    num *out = queries + BLOCK * dw, *score = out + BLOCK * dw;
    pack_transposed(a->k + at_kv, a->kv_step, S, d, keys);
    pack_rows(a->v + at_kv, a->kv_step, S, d, 1, values);
    for (size_t q0 = 0; q0 < T; q0 += BLOCK) {
        Running run;
        BlockRange at = { .q0 = (int)q0, .rows = (int)MIN((size_t)BLOCK, T - q0) };
        pack_rows(q + q0 * step, step, (size_t)at.rows, d, (num)(1 / sqrt((double)d)), queries);
        for (int r = 0; r < BLOCK; r++) {
            run.max[r] = -INFINITY;
            run.sum[r] = 0;
        }
        for (; at.k0 < (s.causal ? at.q0 + at.rows : s.S); at.k0 += BLOCK) {
            at.keys = MIN(BLOCK, s.S - at.k0);
            scores(s, at, queries, keys, score);
            softmax_step(at, score, &run, out, (int)dw);
            product((ProductShape){ at.rows, at.keys, (int)d, at.k0 > 0 }, (Left){ score, BLOCK, 1 },
                    values + (size_t)at.k0 * dw, dw, out, dw);
        }
        for (size_t r = 0; r < (size_t)at.rows; r++) {
            num *to = a->out + head_at(s, head, T, D) + (q0 + r) * D;
            for (size_t c = 0; c < d; c++) to[c] = out[r * dw + c] / run.sum[r];
            if (a->log_sum) a->log_sum[head * T + q0 + r] = run.max[r] + (num)log((double)run.sum[r]);
        }
    }
}

static void forward_heads(void *context, size_t begin, size_t end) {
    const Attention *a = context;
    size_t d = (size_t)(a->s.D / a->s.heads), Sw = (size_t)vecs_width(a->s.S), dw = (size_t)vecs_width((int)d);
    num *scratch = thread_scratch((Sw * (d + dw) + 2 * BLOCK * dw + BLOCK * BLOCK) * sizeof(num));
    for (size_t head = begin; head < end; head++) forward_head(a, head, scratch);
}
static void forward(Attention a, num *out, num *log_sum) {
    a.out = out;
    a.log_sum = log_sum;
    parallel_for((size_t)a.s.B * (size_t)a.s.heads, 1, forward_heads, &a);
}
void attend_forward(AttentionShape s, const num *qkv, num *out, num *log_sum) {
    shape_require(s);
    forward(self_attention(s, qkv, NULL), out, log_sum);
}
void attend_cross_forward(AttentionShape s, const num *q, const num *kv, num *out, num *log_sum) {
    cross_require(s);
    forward(cross_attention(s, q, kv), out, log_sum);
}

/* Scratch memory for the backward of one head. */
typedef struct {
    num *keys_transposed, *values_transposed, *keys, *dk, *dv; /* [d][Sw] twice; [S][dw] */
    num *queries, *dout, *dq;                                  /* [BLOCK][dw] */
    num *p, *dp;                                               /* [BLOCK][BLOCK] */
} BackwardScratch;

/* One block:  P = e^(S - log_sum)     dP = dout v^T     dS = P (dP - dot), in the place of dP
 *             dv += P^T dout     dk += dS^T q     dq += dS k */
static void backward_block(AttentionShape s, BlockRange at, const BackwardScratch *b, const num *log_sum,
                           const num *dot) {
    int d = s.D / s.heads, n = vecs_width(at.keys);
    size_t dw = (size_t)vecs_width(d), Sw = (size_t)vecs_width(s.S), k0 = (size_t)at.k0;
    scores(s, at, b->queries, b->keys_transposed, b->p);
    product((ProductShape){ .rows = at.rows, .length = d, .cols = at.keys }, (Left){ b->dout, dw, 1 },
            b->values_transposed + k0, Sw, b->dp, BLOCK);
    for (int r = 0; r < at.rows; r++) {
        num *p = b->p + r * BLOCK, *dp = b->dp + r * BLOCK;
        for (int j = 0; j < n; j++) p[j] -= log_sum[r];
        vec_exp(p, p, (size_t)n);
        for (int j = 0; j < at.keys; j++) dp[j] = p[j] * (dp[j] - dot[r]);
    }
    ProductShape by_key = { at.keys, at.rows, d, true }, by_query = { at.rows, at.keys, d, true };
    product(by_key, (Left){ b->p, 1, BLOCK }, b->dout, dw, b->dv + k0 * dw, dw);
    product(by_key, (Left){ b->dp, 1, BLOCK }, b->queries, dw, b->dk + k0 * dw, dw);
    product(by_query, (Left){ b->dp, BLOCK, 1 }, b->keys + k0 * dw, dw, b->dq, dw);
}

/* to [rows,d] += scale * from [rows][dw] */
static void add_rows(const num *from, size_t rows, size_t d, num scale, num *to, size_t step) {
    for (size_t r = 0; r < rows; r++, to += step)
        for (size_t c = 0; c < d; c++) to[c] += scale * from[r * (size_t)vecs_width((int)d) + c];
}

/* The gradients of one head; dot_i = dout_i . out_i. */
static void backward_head(const Attention *a, size_t head, const BackwardScratch *b) {
    AttentionShape s = a->s;
    size_t T = (size_t)s.T, S = (size_t)s.S, D = (size_t)s.D, d = D / (size_t)s.heads, dw = (size_t)vecs_width((int)d);
    size_t at_q = head_at(s, head, T, a->q_step), at_kv = head_at(s, head, S, a->kv_step),
           at_out = head_at(s, head, T, D);
    const num *q = a->q + at_q, scale = (num)(1 / sqrt((double)d));
    pack_transposed(a->k + at_kv, a->kv_step, S, d, b->keys_transposed);
    pack_transposed(a->v + at_kv, a->kv_step, S, d, b->values_transposed);
    pack_rows(a->k + at_kv, a->kv_step, S, d, 1, b->keys);
    memset(b->dk, 0, S * dw * sizeof(num));
    memset(b->dv, 0, S * dw * sizeof(num));
    for (size_t q0 = 0; q0 < T; q0 += BLOCK) {
        num dot[BLOCK];
        BlockRange at = { .q0 = (int)q0, .rows = (int)MIN((size_t)BLOCK, T - q0) };
        const num *dout = a->f.dout + at_out + q0 * D, *out = a->f.out + at_out + q0 * D;
        pack_rows(q + q0 * a->q_step, a->q_step, (size_t)at.rows, d, scale, b->queries);
        pack_rows(dout, D, (size_t)at.rows, d, 1, b->dout);
        memset(b->dq, 0, BLOCK * dw * sizeof(num));
        for (size_t r = 0; r < (size_t)at.rows; r++) {
            dot[r] = 0;
            for (size_t c = 0; c < d; c++) dot[r] += dout[r * D + c] * out[r * D + c];
        }
        for (; at.k0 < (s.causal ? at.q0 + at.rows : s.S); at.k0 += BLOCK) {
            at.keys = MIN(BLOCK, s.S - at.k0);
            backward_block(s, at, b, a->f.log_sum + head * T + q0, dot);
        }
        if (a->dq) add_rows(b->dq, (size_t)at.rows, d, scale, a->dq + at_q + q0 * a->q_step, a->q_step);
    }
    if (!a->dk) return;
    add_rows(b->dk, S, d, 1, a->dk + at_kv, a->kv_step);
    add_rows(b->dv, S, d, 1, a->dv + at_kv, a->kv_step);
}

static void backward_heads(void *context, size_t begin, size_t end) {
    const Attention *a = context;
    size_t d = (size_t)(a->s.D / a->s.heads), dw = (size_t)vecs_width((int)d), block = BLOCK * dw;
    size_t keys = d * (size_t)vecs_width(a->s.S), rows = (size_t)a->s.S * dw;
    num *at = thread_scratch((2 * keys + 3 * rows + 3 * block + 2 * BLOCK * BLOCK) * sizeof(num));
    num *row = at + 2 * keys, *of_block = row + 3 * rows, *score = of_block + 3 * block;
    BackwardScratch b = { at, at + keys, row, row + rows, row + 2 * rows, .p = score, .dp = score + BLOCK * BLOCK };
    b.queries = of_block;
    b.dout = of_block + block;
    b.dq = of_block + 2 * block;
    for (size_t head = begin; head < end; head++) backward_head(a, head, &b);
}

static void backward(Attention a, AttentionFlow flow) {
    a.f = flow;
    parallel_for((size_t)a.s.B * (size_t)a.s.heads, 1, backward_heads, &a);
}
void attend_backward(AttentionShape s, AttentionFlow flow) {
    shape_require(s);
    backward(self_attention(s, flow.qkv, flow.dqkv), flow);
}
void attend_cross_backward(AttentionShape s, CrossAttentionFlow f) {
    cross_require(s);
    Attention a = cross_attention(s, f.q, f.kv);
    a.dq = f.dq;
    a.dk = f.dkv;
    a.dv = f.dkv ? f.dkv + s.D : NULL;
    backward(a, (AttentionFlow){ .out = f.out, .log_sum = f.log_sum, .dout = f.dout });
}
