/* op_lstm: LSTM over the tokens of a text, forward and backward through time. Contract: ops.h.
 * Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al. (2000). */
#include "kernels/gemm.h"
#include "autograd/ops.h"

#include <math.h>
#include <string.h>

typedef struct {
    int B, T, H;
    int *lengths; /* [B] */
    num *gates;   /* [T,B,4H]: i, f, g, o after their functions */
    num *c, *h;   /* [T+1,B,H]: before each token, and at the end */
} Lstm;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* One step in time, h [B,H] and c [B,H] of token t - 1 to those of token t. Texts that have ended keep both.
 *   (i, f, g, o) = input_t + h W^T + bias       [B,4H], then sigmoid of i, f, o and tanh of g
 *   c' = f c + i g          h' = o tanh(c') */
static void lstm_step(Lstm *m, int t, const num *input, const num *bias) {
    size_t H = (size_t)m->H, B = (size_t)m->B, T = (size_t)m->T;
    for (size_t b = 0; b < B; b++) {
        size_t at = ((size_t)t * B + b) * H, next = at + B * H;
        num *gate = m->gates + at * 4;
        for (size_t k = 0; k < 4 * H; k++) {
            double sum = (double)gate[k] + (double)input[(b * T + (size_t)t) * 4 * H + k] + (double)bias[k];
            gate[k] = (num)(k / H == 2 ? tanh(sum) : sigmoid(sum));
        }
        for (size_t k = 0; k < H; k++) {
            bool on = t < m->lengths[b];
            m->c[next + k] = on ? gate[H + k] * m->c[at + k] + gate[k] * gate[2 * H + k] : m->c[at + k];
            m->h[next + k] = on ? gate[3 * H + k] * (num)tanh((double)m->c[next + k]) : m->h[at + k];
        }
    }
}

/* y = h after the last token of each text; input [B,T,4H], weight [4H,H], bias [4H], y [B,H] */
OP(lstm);
Var op_lstm(Tape *tape, Var input, Var weight, Var bias, const int *lengths) {
    const int *s = input->val.shape, B = s[0], T = s[1], H = weight->val.shape[1];
    REQUIRE(input->val.dims == 3 && weight->val.dims == 2 && s[2] == 4 * H && weight->val.shape[0] == 4 * H &&
                mat_count(bias->val) == (size_t)(4 * H),
            "the input is %s, the weight %s, the bias %s, want [B,T,4H], [4H,H], [4H]", mat_shape_text(input->val),
            mat_shape_text(weight->val), mat_shape_text(bias->val));
    Var y = tape_record(tape, &lstm_op, mat_shape(2, B, H), input, weight, bias);
    Lstm *m = y->saved = arena_zero(&tape->arena, 1, sizeof *m);
    size_t state = (size_t)B * (size_t)H;
    *m = (Lstm){ .B = B, .T = T, .H = H, .lengths = arena_alloc(&tape->arena, (size_t)B, sizeof(int)) };
    m->gates = arena_alloc(&tape->arena, (size_t)T * state, 4 * sizeof(num));
    m->c = arena_zero(&tape->arena, (size_t)(T + 1) * state, sizeof(num));
    m->h = arena_zero(&tape->arena, (size_t)(T + 1) * state, sizeof(num));
    for (int b = 0; b < B; b++) {
        m->lengths[b] = lengths ? lengths[b] : T;
        REQUIRE(0 <= m->lengths[b] && m->lengths[b] <= T, "text %d has %d tokens, want 0 to %d", b, m->lengths[b], T);
    }
    for (int t = 0; t < T; t++) {
        num *gates = m->gates + (size_t)t * state * 4;
        gemm(false, true, B, 4 * H, H, m->h + (size_t)t * state, H, weight->val.v, H, false, gates, 4 * H);
        lstm_step(m, t, input->val.v, bias->val.v);
    }
    memcpy(y->val.v, m->h + (size_t)T * state, state * sizeof(num));
    return y;
}

/* The step of token t backward. In: dh', dc' [B,H]. Out: the gradients of the gates before sigmoid and tanh, dgates
 * [B,4H], dc in place of dc', and 0 in place of dh', because dh comes through the gates: dh = dgates W.
 *   into = dc' + dh' o (1 - tanh(c')^2)          do = dh' tanh(c') o (1 - o)
 *   di = into g i (1 - i)      df = into c f (1 - f)      dg = into i (1 - g^2)      dc = into f */
static void lstm_step_backward(const Lstm *m, int t, num *dh, num *dc, num *dgates) {
    size_t H = (size_t)m->H, B = (size_t)m->B;
    memset(dgates, 0, B * 4 * H * sizeof(num));
    for (size_t b = 0; b < B; b++)
        for (size_t k = 0; k < H && t < m->lengths[b]; k++) {
            size_t at = ((size_t)t * B + b) * H + k;
            const num *gate = m->gates + ((size_t)t * B + b) * 4 * H + k;
            num i = gate[0], f = gate[H], g = gate[2 * H], o = gate[3 * H], *d = dgates + b * 4 * H + k;
            num tanh_c = (num)tanh((double)m->c[at + B * H]);
            num into = dc[b * H + k] + dh[b * H + k] * o * (1 - tanh_c * tanh_c);
            d[0] = into * g * i * (1 - i);
            d[H] = into * m->c[at] * f * (1 - f);
            d[2 * H] = into * i * (1 - g * g);
            d[3 * H] = dh[b * H + k] * tanh_c * o * (1 - o);
            dc[b * H + k] = into * f;
            dh[b * H + k] = 0;
        }
}

/* From the last token to the first: dinput_t = dgates      dbias += rows of dgates      dweight += dgates^T h */
static void lstm_backward(Var y) {
    const Lstm *m = y->saved;
    int B = m->B, H = m->H;
    size_t state = (size_t)B * (size_t)H, width = 4 * (size_t)H;
    Arena *arena = &y->tape->arena;
    num *dh = arena_alloc(arena, state, sizeof(num)), *dc = arena_zero(arena, state, sizeof(num));
    num *dgates = arena_alloc(arena, 4 * state, sizeof(num));
    num *dinput = tape_grad(y->in[0]), *dweight = tape_grad(y->in[1]), *dbias = tape_grad(y->in[2]);
    memcpy(dh, y->grad, state * sizeof(num));
    for (int t = m->T - 1; t >= 0; t--) {
        lstm_step_backward(m, t, dh, dc, dgates);
        for (size_t b = 0; dinput && b < (size_t)B; b++)
            rows_add(dgates + b * width, 1, 4 * H, dinput + (b * (size_t)m->T + (size_t)t) * width);
        if (dbias) rows_add(dgates, (size_t)B, 4 * H, dbias);
        if (dweight) gemm(true, false, 4 * H, H, B, dgates, 4 * H, m->h + (size_t)t * state, H, true, dweight, H);
        gemm(false, false, B, H, 4 * H, dgates, 4 * H, y->in[1]->val.v, H, true, dh, H);
    }
}
static Var lstm_check(GradCheck *check) {
    static const int lengths[] = { 3, 0, 2 };
    check->variants = 2;
    Var input = gradcheck_input(check, mat_shape(3, 3, 3, 8)), weight = gradcheck_input(check, mat_shape(2, 8, 2));
    return op_lstm(check->tape, input, weight, gradcheck_input(check, mat_shape(1, 8)),
                   check->variant ? lengths : NULL);
}
