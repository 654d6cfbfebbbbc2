#include "kernels/reference.h"
#include "core/arena.h"
#include "core/dtype.h"

#include <math.h>

/* C[m][n] (+)= sum over k of op(A)[m][k] op(B)[k][n] */
void gemm_plain(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc) {
    for (size_t m = 0; m < (size_t)M; m++)
        for (size_t n = 0; n < (size_t)N; n++) {
            num sum = 0, *to = c + m * (size_t)ldc + n;
            for (size_t k = 0; k < (size_t)K; k++)
                sum += (transpose_a ? a[k * (size_t)lda + m] : a[m * (size_t)lda + k]) *
                       (transpose_b ? b[n * (size_t)ldb + k] : b[k * (size_t)ldb + n]);
            *to = accumulate ? *to + sum : sum;
        }
}

/* The number of pixel (b, h, w) in images [B,H,W]; -1 in the padding. */
static ptrdiff_t pixel_at(ConvShape s, int b, int h, int w) {
    return h < 0 || h >= s.H || w < 0 || w >= s.W ? -1 : ((ptrdiff_t)b * s.H + h) * s.W + w;
}

/* The number of weight[o, 0, i, j] in [outputs,C,K,K]; the next channel is K*K further. */
static size_t weight_at(ConvShape s, int o, int i, int j) {
    return ((size_t)o * (size_t)s.C * (size_t)s.kernel + (size_t)i) * (size_t)s.kernel + (size_t)j;
}

/* y[b,p,q,o] = bias[o] + sum over i, j, c of weight[o,c,i,j] x[b, p*stride + i - pad, q*stride + j - pad, c] */
void conv_forward_plain(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    int P = conv_out(s.H, s.kernel, s.stride, s.pad), Q = conv_out(s.W, s.kernel, s.stride, s.pad), K = s.kernel;
    for (int b = 0; b < s.B; b++)
        for (int p = 0; p < P; p++)
            for (int q = 0; q < Q; q++)
                for (int o = 0; o < s.outputs; o++, y++) {
                    *y = bias ? bias[o] : 0;
                    for (int i = 0; i < K; i++)
                        for (int j = 0; j < K; j++) {
                            ptrdiff_t at = pixel_at(s, b, p * s.stride + i - s.pad, q * s.stride + j - s.pad) * s.C;
                            const num *w = weight + weight_at(s, o, i, j);
                            for (int c = 0; c < s.C && at >= 0; c++) *y += w[c * K * K] * x[at + c];
                        }
                }
}

/* dx[b, p*stride + i - pad, q*stride + j - pad, c] += weight[o,c,i,j] dy[b,p,q,o] for every b, p, q, i, j, o, c */
void conv_backward_data_plain(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx) {
    int P = conv_out(s.H, s.kernel, s.stride, s.pad), Q = conv_out(s.W, s.kernel, s.stride, s.pad), K = s.kernel;
    size_t count = (size_t)s.B * (size_t)s.H * (size_t)s.W * (size_t)s.C;
    for (size_t i = 0; i < count && !accumulate; i++) dx[i] = 0;
    for (int b = 0; b < s.B; b++)
        for (int p = 0; p < P; p++)
            for (int q = 0; q < Q; q++, dy += s.outputs)
                for (int i = 0; i < K; i++)
                    for (int j = 0; j < K; j++) {
                        ptrdiff_t at = pixel_at(s, b, p * s.stride + i - s.pad, q * s.stride + j - s.pad) * s.C;
                        for (int o = 0; o < s.outputs && at >= 0; o++) {
                            const num *w = weight + weight_at(s, o, i, j);
                            for (int c = 0; c < s.C; c++) dx[at + c] += w[c * K * K] * dy[o];
                        }
                    }
}

/* dweight[o,c,i,j] += x[b, p*stride + i - pad, q*stride + j - pad, c] dy[b,p,q,o],  dbias[o] += dy[b,p,q,o] */
void conv_backward_weight_plain(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias) {
    int P = conv_out(s.H, s.kernel, s.stride, s.pad), Q = conv_out(s.W, s.kernel, s.stride, s.pad), K = s.kernel;
    for (size_t i = 0; i < weight_at(s, s.outputs, 0, 0) && !accumulate; i++) dweight[i] = 0;
    for (int o = 0; o < s.outputs && dbias && !accumulate; o++) dbias[o] = 0;
    for (int b = 0; b < s.B; b++)
        for (int p = 0; p < P; p++)
            for (int q = 0; q < Q; q++, dy += s.outputs) {
                for (int o = 0; o < s.outputs && dbias; o++) dbias[o] += dy[o];
                for (int i = 0; i < K; i++)
                    for (int j = 0; j < K; j++) {
                        ptrdiff_t at = pixel_at(s, b, p * s.stride + i - s.pad, q * s.stride + j - s.pad) * s.C;
                        for (int o = 0; o < s.outputs && at >= 0; o++) {
                            num *to = dweight + weight_at(s, o, i, j);
                            for (int c = 0; c < s.C; c++) to[c * K * K] += x[at + c] * dy[o];
                        }
                    }
            }
}

/* Where the numbers of attention lie: rows of queries, and rows of keys and values, q_step and kv_step apart. */
typedef struct {
    AttentionShape s; /* S keys */
    const num *q, *k, *v;
    num *dq, *dk, *dv;
    size_t q_step, kv_step;
} Operands;

static Operands self_operands(AttentionShape s, const num *qkv, num *dqkv) {
    size_t D = (size_t)s.D;
    s.S = s.T;
    Operands o = { .s = s, .q = qkv, .k = qkv + D, .v = qkv + 2 * D, .q_step = 3 * D, .kv_step = 3 * D };
    o.dq = dqkv;
    o.dk = dqkv ? dqkv + D : NULL;
    o.dv = dqkv ? dqkv + 2 * D : NULL;
    return o;
}
static Operands cross_operands(AttentionShape s, CrossAttentionFlow f) {
    size_t D = (size_t)s.D;
    return (Operands){ s, f.q, f.kv, f.kv + D, f.dq, f.dkv, f.dkv ? f.dkv + D : NULL, D, 2 * D };
}

/* p_j = softmax over j of S_ij,  S_ij = q_i . k_j / sqrt(d) */
static double row_plain(const Operands *o, size_t b, size_t h, size_t i, double *p) {
    size_t d = (size_t)(o->s.D / o->s.heads), S = (size_t)o->s.S, keys = o->s.causal ? i + 1 : S;
    const num *q = o->q + (b * (size_t)o->s.T + i) * o->q_step + h * d, *k = o->k + b * S * o->kv_step + h * d;
    double max = -INFINITY, sum = 0;
    for (size_t j = 0; j < S; j++) {
        p[j] = 0;
        for (size_t c = 0; c < d; c++) p[j] += (double)q[c] * (double)k[j * o->kv_step + c];
        p[j] = j < keys ? p[j] / sqrt((double)d) : -INFINITY;
        max = fmax(max, p[j]);
    }
    for (size_t j = 0; j < S; j++) {
        p[j] = exp(p[j] - max);
        sum += p[j];
    }
    for (size_t j = 0; j < S; j++) p[j] /= sum;
    return max + log(sum);
}
double attend_row_plain(AttentionShape s, const num *qkv, int b, int h, int i, double *p) {
    Operands o = self_operands(s, qkv, NULL);
    return row_plain(&o, (size_t)b, (size_t)h, (size_t)i, p);
}

/* out[b,i,h] = sum over j of P_ij v_j */
static void forward_plain(Operands o, num *out, num *log_sum) {
    Arena arena = { 0 };
    size_t T = (size_t)o.s.T, S = (size_t)o.s.S, D = (size_t)o.s.D, heads = (size_t)o.s.heads, d = D / heads;
    double *p = arena_alloc(&arena, S + 1, sizeof *p);
    for (size_t row = 0; row < (size_t)o.s.B * heads * T; row++) { /* row of log_sum [B,heads,T] */
        size_t i = row % T, h = row / T % heads, b = row / T / heads;
        double log_of = row_plain(&o, b, h, i, p);
        if (log_sum) log_sum[row] = (num)log_of;
        for (size_t c = h * d; c < (h + 1) * d; c++) {
            double sum = 0;
            for (size_t j = 0; j < S; j++) sum += p[j] * (double)o.v[(b * S + j) * o.kv_step + c];
            out[(b * T + i) * D + c] = (num)sum;
        }
    }
    arena_free(&arena);
}
void attend_forward_plain(AttentionShape s, const num *qkv, num *out, num *log_sum) {
    forward_plain(self_operands(s, qkv, NULL), out, log_sum);
}
void attend_cross_forward_plain(AttentionShape s, const num *q, const num *kv, num *out, num *log_sum) {
    forward_plain(cross_operands(s, (CrossAttentionFlow){ .q = q, .kv = kv }), out, log_sum);
}

/* dS_ij = P_ij (dout_i . v_j - dout_i . out_i) / sqrt(d)
 * dv_j += P_ij dout_i      dq_i += dS_ij k_j      dk_j += dS_ij q_i          for every b, h, i, j */
static void backward_plain(Operands o, const num *all_out, const num *all_dout) {
    Arena arena = { 0 };
    size_t T = (size_t)o.s.T, S = (size_t)o.s.S, D = (size_t)o.s.D, heads = (size_t)o.s.heads, d = D / heads;
    double *p = arena_alloc(&arena, S + 1, sizeof *p), scale = 1 / sqrt((double)d);
    for (size_t row = 0; row < (size_t)o.s.B * heads * T; row++) {
        size_t i = row % T, h = row / T % heads, b = row / T / heads, at_q = (b * T + i) * o.q_step + h * d;
        const num *dout = all_dout + (b * T + i) * D + h * d, *out = all_out + (b * T + i) * D + h * d;
        double dot = 0;
        row_plain(&o, b, h, i, p);
        for (size_t c = 0; c < d; c++) dot += (double)dout[c] * (double)out[c];
        for (size_t j = 0; j < S; j++) {
            size_t at_kv = (b * S + j) * o.kv_step + h * d;
            double dp = 0;
            for (size_t c = 0; c < d; c++) dp += (double)dout[c] * (double)o.v[at_kv + c];
            double ds = p[j] * (dp - dot) * scale;
            for (size_t c = 0; c < d; c++) {
                o.dv[at_kv + c] += (num)(p[j] * (double)dout[c]);
                o.dq[at_q + c] += (num)(ds * (double)o.k[at_kv + c]);
                o.dk[at_kv + c] += (num)(ds * (double)o.q[at_q + c]);
            }
        }
    }
    arena_free(&arena);
}
void attend_backward_plain(AttentionShape s, AttentionFlow f) {
    backward_plain(self_operands(s, f.qkv, f.dqkv), f.out, f.dout);
}
void attend_cross_backward_plain(AttentionShape s, CrossAttentionFlow f) {
    backward_plain(cross_operands(s, f), f.out, f.dout);
}

/* y_i = f(x_i) */
static void each(double (*f)(double), const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (num)f((double)x[i]);
}
/* dx_i (+)= dy_i f'(x_i) */
static void each_backward(double (*slope)(double), const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        num d = (num)((double)dy[i] * slope((double)x[i]));
        dx[i] = accumulate ? dx[i] + d : d;
    }
}
void vec_exp_plain(const num *x, num *y, size_t n) { each(exp, x, y, n); }

/* Phi(x) = (1 + erf(x / sqrt 2)) / 2 = erfc(-x / sqrt 2) / 2, which is accurate also where erf is close to -1. */
static double normal_cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
static double gelu(double x) { return x == -INFINITY ? 0 : x * normal_cdf(x); }
static double gelu_slope(double x) {
    return normal_cdf(x) + (isinf(x) ? 0 : x * exp(-0.5 * x * x) * 0.39894228040143267794);
}
void vec_gelu_plain(const num *x, num *y, size_t n) { each(gelu, x, y, n); }
void vec_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    each_backward(gelu_slope, x, dy, accumulate, dx, n);
}

/* For large negative x, e^(-1.702 x) is infinity and the result 0. */
static double quick_sigmoid(double x) { return 1 / (1 + exp(-1.702 * x)); }
static double quick_gelu(double x) { return x == -INFINITY ? 0 : x * quick_sigmoid(x); }
static double quick_gelu_slope(double x) {
    double s = quick_sigmoid(x);
    return s * (1 + (isinf(x) ? 0 : 1.702 * x * (1 - s)));
}
void vec_quick_gelu_plain(const num *x, num *y, size_t n) { each(quick_gelu, x, y, n); }
void vec_quick_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n) {
    each_backward(quick_gelu_slope, x, dy, accumulate, dx, n);
}

void vec_round_bfloat_plain(const num *x, num *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint16_t half = bfloat_narrow((double)(float)x[i]);
        uint8_t bytes[2] = { (uint8_t)half, (uint8_t)(half >> 8) };
        dtype_widen(DTYPE_BF16, bytes, &y[i], 1);
    }
}
