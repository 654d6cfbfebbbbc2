#include "kernels/attention.h"
#include "core/arena.h"

#include <math.h>
#include <string.h>

#include "kernels/kernel.h"
#include "kernels/vecmath.h"

static void shape_require(AttentionShape s) {
    REQUIRE(s.B >= 0 && s.T >= 0 && s.D >= 1 && s.heads >= 1 && s.D % s.heads == 0,
            "%d heads for a width of %d, B %d, T %d: heads must divide the width", s.heads, s.D, s.B, s.T);
}

/* Where head i = b * heads + h begins in qkv (its queries; keys are D further, values 2 D) and in out. */
static size_t qkv_at(AttentionShape s, size_t i) {
    size_t heads = (size_t)s.heads, D = (size_t)s.D;
    return i / heads * (size_t)s.T * 3 * D + i % heads * (D / heads);
}
static size_t out_at(AttentionShape s, size_t i) {
    size_t heads = (size_t)s.heads, D = (size_t)s.D;
    return i / heads * (size_t)s.T * D + i % heads * (D / heads);
}

/* ---- the definitions ---------------------------------------------------------------------------------------------- */

/* Row i of P for the head at q; returns log sum e^S. p has T numbers. */
static double plain_row(AttentionShape s, const num *q, int i, double *p) {
    size_t d = (size_t)(s.D / s.heads), row = 3 * (size_t)s.D;
    int keys = s.causal ? i + 1 : s.T;
    double max = -INFINITY, sum = 0;
    for (int j = 0; j < s.T; j++) {
        p[j] = 0;
        for (size_t c = 0; c < d; c++)
            p[j] += (double)q[(size_t)i * row + c] * (double)q[(size_t)j * row + (size_t)s.D + c];
        p[j] = j < keys ? p[j] / sqrt((double)d) : -INFINITY;
        max = fmax(max, p[j]);
    }
    for (int j = 0; j < s.T; j++) sum += p[j] = exp(p[j] - max);
    for (int j = 0; j < s.T; j++) p[j] /= sum;
    return max + log(sum);
}

void attend_forward_plain(AttentionShape s, const num *qkv, num *out, num *log_sum) {
    shape_require(s);
    Arena arena = { 0 };
    size_t d = (size_t)(s.D / s.heads), D = (size_t)s.D;
    double *p = arena_alloc(&arena, (size_t)s.T + 1, sizeof *p);
    for (size_t head = 0; head < (size_t)(s.B * s.heads); head++)
        for (int i = 0; i < s.T; i++) {
            const num *q = qkv + qkv_at(s, head), *v = q + 2 * D;
            double log_of = plain_row(s, q, i, p);
            if (log_sum) log_sum[head * (size_t)s.T + (size_t)i] = (num)log_of;
            for (size_t c = 0; c < d; c++) {
                double sum = 0;
                for (int j = 0; j < s.T; j++) sum += p[j] * (double)v[(size_t)j * 3 * D + c];
                out[out_at(s, head) + (size_t)i * D + c] = (num)sum;
            }
        }
    arena_free(&arena);
}

void attend_backward_plain(AttentionShape s, AttentionFlow f) {
    shape_require(s);
    Arena arena = { 0 };
    size_t d = (size_t)(s.D / s.heads), D = (size_t)s.D, row = 3 * D;
    double *p = arena_alloc(&arena, (size_t)s.T + 1, sizeof *p), scale = 1 / sqrt((double)d);
    for (size_t head = 0; head < (size_t)(s.B * s.heads); head++)
        for (size_t i = 0; i < (size_t)s.T; i++) {
            const num *q = f.qkv + qkv_at(s, head), *k = q + D, *v = k + D, *dout = f.dout + out_at(s, head) + i * D;
            const num *out = f.out + out_at(s, head) + i * D;
            num *dq = f.dqkv + qkv_at(s, head), *dk = dq + D, *dv = dk + D;
            double dot = 0;
            plain_row(s, q, (int)i, p);
            for (size_t c = 0; c < d; c++) dot += (double)dout[c] * (double)out[c];
            for (size_t j = 0; j < (size_t)s.T; j++) {
                double dp = 0;
                for (size_t c = 0; c < d; c++) dp += (double)dout[c] * (double)v[j * row + c];
                double ds = p[j] * (dp - dot) * scale;
                for (size_t c = 0; c < d; c++) {
                    dv[j * row + c] += (num)(p[j] * (double)dout[c]);
                    dq[i * row + c] += (num)(ds * (double)k[j * row + c]);
                    dk[j * row + c] += (num)(ds * (double)q[i * row + c]);
                }
            }
        }
    arena_free(&arena);
}

void attend_map(AttentionShape s, const num *qkv, int b, int head, num *map) {
    shape_require(s);
    REQUIRE(0 <= b && b < s.B && 0 <= head && head < s.heads, "head %d of row %d, there are %d of %d", head, b, s.heads,
            s.B);
    Arena arena = { 0 };
    double *p = arena_alloc(&arena, (size_t)s.T + 1, sizeof *p);
    for (int i = 0; i < s.T; i++) {
        plain_row(s, qkv + qkv_at(s, (size_t)(b * s.heads + head)), i, p);
        for (int j = 0; j < s.T; j++) *map++ = (num)p[j];
    }
    arena_free(&arena);
}

/* ---- in blocks ----------------------------------------------------------------------------------------------------
 * BLOCK queries meet BLOCK keys at a time: 16 KB of scores, which stay in the fastest cache. One head is one piece of
 * work; its keys and values are first laid out for the kernel, rows as long as whole vectors: "turned" is [d][Tw],
 * straight is [T][dw]. */
enum { BLOCK = 64 };

/* What a matrix product reads on its left: number r,k at from[r * row + k * step]. */
typedef struct {
    const num *from;
    size_t row, step;
} Left;

/* c (+)= a b     a [rows,length], b [length,cols] and c [rows,cols] with rows b_row and c_row apart */
typedef struct {
    int rows, length, cols;
    const num *b;
    size_t b_row;
    bool accumulate;
    num *c;
    size_t c_row;
} Product;

static void product(Left a, Product p) {
    static const ptrdiff_t start = 0;
    for (int n = 0; n < p.cols; n += PANEL) {
        Tile t = { .a_at = &start,
                   .b_at = &start,
                   .segments = 1,
                   .length = (size_t)p.length,
                   .a_step = (ptrdiff_t)a.step,
                   .b = p.b + n,
                   .b_step = (ptrdiff_t)p.b_row,
                   .cols = MIN(PANEL, p.cols - n),
                   .accumulate = p.accumulate };
        int height = tile_rows(t.cols);
        for (int m = 0; m < p.rows; m += height) {
            t.rows = MIN(height, p.rows - m);
            for (int r = 0; r < height; r++) {
                size_t row = (size_t)(m + MIN(r, t.rows - 1));
                t.a[r] = a.from + row * a.row;
                t.c[r] = p.c + row * p.c_row + n;
            }
            tile_run(&t);
        }
    }
}

/* Rows of d numbers, `step` apart, times `scale`, as rows of dw; what is beyond d is 0. */
static void copy_rows(const num *from, size_t step, size_t rows, size_t d, num scale, num *to) {
    size_t dw = (size_t)vecs_width((int)d);
    for (size_t r = 0; r < rows; r++, from += step, to += dw) {
        for (size_t c = 0; c < d; c++) to[c] = scale * from[c];
        for (size_t c = d; c < dw; c++) to[c] = 0;
    }
}

/* The same T rows turned, [d][Tw]. */
static void transform_rows(const num *from, size_t step, size_t T, size_t d, num *to) {
    size_t Tw = (size_t)vecs_width((int)T);
    matrix_transpose(from, step, T, d, to, Tw);
    for (size_t c = 0; c < d; c++)
        for (size_t t = T; t < Tw; t++) to[c * Tw + t] = 0;
}

/* Scores of queries q0.. (scaled, [rows][dw]) and keys k0.., masked; what is beyond the last key is -infinity. */
typedef struct {
    int q0, rows, k0, keys;
} Place;

static void scores(AttentionShape s, Place at, const num *queries, const num *keys_turned, num *score) {
    int d = s.D / s.heads, dw = vecs_width(d), Tw = vecs_width(s.T);
    product((Left){ queries, (size_t)dw, 1 }, (Product){ .rows = at.rows,
                                                         .length = d,
                                                         .cols = at.keys,
                                                         .b = keys_turned + at.k0,
                                                         .b_row = (size_t)Tw,
                                                         .c = score,
                                                         .c_row = BLOCK });
    for (int r = 0; r < at.rows; r++) {
        int seen = s.causal ? MIN(at.keys, at.q0 + r + 1 - at.k0) : at.keys;
        for (int j = MAX(seen, 0); j < vecs_width(at.keys); j++) score[r * BLOCK + j] = -INFINITY;
    }
}

/* Largest, and sum, of n numbers, n a multiple of LANES: LANES running ones side by side, then those. */
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

/* A row's scores become e^(score - m) with m the largest so far; what was summed under an older, smaller m shrinks. */
typedef struct {
    num max[BLOCK], sum[BLOCK];
} Running;

static void softmax_step(Place at, num *score, Running *run, num *out, int dw) {
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

typedef struct {
    AttentionShape s;
    AttentionFlow f;
    num *out, *log_sum;
} Attention;

static void forward_head(const Attention *a, size_t head, num *scratch) {
    AttentionShape s = a->s;
    size_t T = (size_t)s.T, D = (size_t)s.D, d = D / (size_t)s.heads, dw = (size_t)vecs_width((int)d), step = 3 * D;
    const num *q = a->f.qkv + qkv_at(s, head);
    num *keys = scratch, *values = keys + d * (size_t)vecs_width(s.T), *queries = values + T * dw,
        *out = queries + BLOCK * dw;
    num *score = out + BLOCK * dw;
    transform_rows(q + D, step, T, d, keys);
    copy_rows(q + 2 * D, step, T, d, 1, values);
    for (size_t q0 = 0; q0 < T; q0 += BLOCK) {
        Running run;
        Place at = { .q0 = (int)q0, .rows = (int)MIN((size_t)BLOCK, T - q0) };
        copy_rows(q + q0 * step, step, (size_t)at.rows, d, (num)(1 / sqrt((double)d)), queries);
        for (int r = 0; r < BLOCK; r++) {
            run.max[r] = -INFINITY;
            run.sum[r] = 0;
        }
        for (; at.k0 < (s.causal ? at.q0 + at.rows : s.T); at.k0 += BLOCK) {
            at.keys = MIN(BLOCK, s.T - at.k0);
            scores(s, at, queries, keys, score);
            softmax_step(at, score, &run, out, (int)dw);
            product((Left){ score, BLOCK, 1 }, (Product){ .rows = at.rows,
                                                          .length = at.keys,
                                                          .cols = (int)d,
                                                          .c = out,
                                                          .c_row = dw,
                                                          .b = values + (size_t)at.k0 * dw,
                                                          .b_row = dw,
                                                          .accumulate = at.k0 > 0 });
        }
        for (size_t r = 0; r < (size_t)at.rows; r++) {
            num *to = a->out + out_at(s, head) + (q0 + r) * D;
            for (size_t c = 0; c < d; c++) to[c] = out[r * dw + c] / run.sum[r];
            if (a->log_sum) a->log_sum[head * T + q0 + r] = run.max[r] + (num)log((double)run.sum[r]);
        }
    }
}

static void forward_heads(void *context, size_t begin, size_t end, int worker) {
    const Attention *a = context;
    size_t d = (size_t)(a->s.D / a->s.heads), Tw = (size_t)vecs_width(a->s.T), dw = (size_t)vecs_width((int)d);
    num *scratch = thread_scratch(worker, (Tw * (d + dw) + 2 * BLOCK * dw + BLOCK * BLOCK) * sizeof(num));
    for (size_t head = begin; head < end; head++) forward_head(a, head, scratch);
}

void attend_forward(AttentionShape s, const num *qkv, num *out, num *log_sum) {
    shape_require(s);
    Attention a = { .s = s, .f.qkv = qkv, .out = out, .log_sum = log_sum };
    parallel_for((size_t)s.B * (size_t)s.heads, 1, forward_heads, &a);
}

/* ---- backward ------------------------------------------------------------------------------------------------------ */

/* Scratch of one head's backward. */
typedef struct {
    num *keys_turned, *values_turned, *keys, *dk, *dv; /* [d][Tw] twice; [T][dw] */
    num *queries, *dout, *dq;                          /* [BLOCK][dw] */
    num *p, *dp;                                       /* [BLOCK][BLOCK] */
} Back;

static Back back_carve(AttentionShape s, num *scratch, size_t *count) {
    size_t d = (size_t)(s.D / s.heads), Tw = (size_t)vecs_width(s.T), dw = (size_t)vecs_width((int)d), T = (size_t)s.T;
    const size_t sizes[] = { d * Tw,     d * Tw,     T * dw,     T * dw,        T * dw,
                             BLOCK * dw, BLOCK * dw, BLOCK * dw, BLOCK * BLOCK, BLOCK * BLOCK };
    num *part[COUNT(sizes)];
    size_t used = 0;
    for (size_t i = 0; i < COUNT(sizes); used += sizes[i++]) part[i] = scratch ? scratch + used : NULL;
    *count = used;
    return (Back){ part[0], part[1], part[2], part[3], part[4], part[5], part[6], part[7], part[8], part[9] };
}

/* One block: p = e^(S - log_sum), dp = dout v^T, then ds = p (dp - along) in dp's place, and all three products. */
static void backward_block(AttentionShape s, Place at, const Back *b, const num *log_sum, const num *dot) {
    int d = s.D / s.heads, n = vecs_width(at.keys);
    size_t dw = (size_t)vecs_width(d), Tw = (size_t)vecs_width(s.T), k0 = (size_t)at.k0;
    scores(s, at, b->queries, b->keys_turned, b->p);
    product((Left){ b->dout, dw, 1 }, (Product){ .rows = at.rows,
                                                 .length = d,
                                                 .cols = at.keys,
                                                 .b = b->values_turned + k0,
                                                 .b_row = Tw,
                                                 .c = b->dp,
                                                 .c_row = BLOCK });
    for (int r = 0; r < at.rows; r++) {
        num *p = b->p + r * BLOCK, *dp = b->dp + r * BLOCK;
        for (int j = 0; j < n; j++) p[j] -= log_sum[r];
        vec_exp(p, p, (size_t)n);
        for (int j = 0; j < at.keys; j++) dp[j] = p[j] * (dp[j] - dot[r]);
    }
    Product turned = { .rows = at.keys, .length = at.rows, .cols = d, .b_row = dw, .accumulate = true, .c_row = dw };
    Product dv = turned, dk = turned, dq = turned;
    dv.b = b->dout;
    dv.c = b->dv + k0 * dw;
    dk.b = b->queries;
    dk.c = b->dk + k0 * dw;
    dq.rows = at.rows;
    dq.length = at.keys;
    dq.b = b->keys + k0 * dw;
    dq.c = b->dq;
    product((Left){ b->p, 1, BLOCK }, dv);
    product((Left){ b->dp, 1, BLOCK }, dk);
    product((Left){ b->dp, BLOCK, 1 }, dq);
}

/* to[r][c] += scale * from[r][c] */
static void add_rows(const num *from, size_t rows, size_t d, num scale, num *to, size_t step) {
    for (size_t r = 0; r < rows; r++, to += step)
        for (size_t c = 0; c < d; c++) to[c] += scale * from[r * (size_t)vecs_width((int)d) + c];
}

static void backward_head(const Attention *a, size_t head, const Back *b) {
    AttentionShape s = a->s;
    size_t T = (size_t)s.T, D = (size_t)s.D, d = D / (size_t)s.heads, dw = (size_t)vecs_width((int)d), step = 3 * D;
    const num *q = a->f.qkv + qkv_at(s, head);
    num *dq = a->f.dqkv + qkv_at(s, head), scale = (num)(1 / sqrt((double)d));
    transform_rows(q + D, step, T, d, b->keys_turned);
    transform_rows(q + 2 * D, step, T, d, b->values_turned);
    copy_rows(q + D, step, T, d, 1, b->keys);
    memset(b->dk, 0, T * dw * sizeof(num));
    memset(b->dv, 0, T * dw * sizeof(num));
    for (size_t q0 = 0; q0 < T; q0 += BLOCK) {
        num dot[BLOCK];
        Place at = { .q0 = (int)q0, .rows = (int)MIN((size_t)BLOCK, T - q0) };
        const num *dout = a->f.dout + out_at(s, head) + q0 * D, *out = a->f.out + out_at(s, head) + q0 * D;
        copy_rows(q + q0 * step, step, (size_t)at.rows, d, scale, b->queries);
        copy_rows(dout, D, (size_t)at.rows, d, 1, b->dout);
        memset(b->dq, 0, BLOCK * dw * sizeof(num));
        for (size_t r = 0; r < (size_t)at.rows; r++) {
            dot[r] = 0;
            for (size_t c = 0; c < d; c++) dot[r] += dout[r * D + c] * out[r * D + c];
        }
        for (; at.k0 < (s.causal ? at.q0 + at.rows : s.T); at.k0 += BLOCK) {
            at.keys = MIN(BLOCK, s.T - at.k0);
            backward_block(s, at, b, a->f.log_sum + head * T + q0, dot);
        }
        add_rows(b->dq, (size_t)at.rows, d, scale, dq + q0 * step, step);
    }
    add_rows(b->dk, T, d, 1, dq + D, step);
    add_rows(b->dv, T, d, 1, dq + 2 * D, step);
}

static void backward_heads(void *context, size_t begin, size_t end, int worker) {
    const Attention *a = context;
    size_t count;
    back_carve(a->s, NULL, &count);
    Back b = back_carve(a->s, thread_scratch(worker, count * sizeof(num)), &count);
    for (size_t head = begin; head < end; head++) backward_head(a, head, &b);
}

void attend_backward(AttentionShape s, AttentionFlow flow) {
    shape_require(s);
    Attention a = { .s = s, .f = flow };
    parallel_for((size_t)s.B * (size_t)s.heads, 1, backward_heads, &a);
}
