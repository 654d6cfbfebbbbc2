/* op_lstm: a memory that walks along a text. Contract: ops.h. */
#include "kernels/gemm.h"
#include "core/arena.h"
#include "autograd/gradcheck.h"
#include "autograd/ops.h"

#include <math.h>
#include <string.h>

/* Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al. (2000):
 *   (i, f, g, o) = x_t W_ih^T + b_ih  +  h W_hh^T + b_hh        gates of H each; the first half is given
 *   c' = sigmoid(f) c + sigmoid(i) tanh(g)                       h' = sigmoid(o) tanh(c')
 * Backward, from the last token to the first, with dh and dc what flows into h' and c':
 *   dc += dh o (1 - tanh(c')^2);   di = dc g i (1 - i);  df = dc c f (1 - f);  dg = dc i (1 - g^2);  do = dh tanh(c') o (1 - o)
 *   dx_t W.. gates' gradients as they are;  dW_hh += dgates^T h;  dh = dgates W_hh;  dc = dc f */
typedef struct {
    int B, T, H;
    int *lengths; /* [B] */
    num *gates;   /* [T,B,4H]: i, f, g, o after their functions */
    num *c, *h;   /* [T+1,B,H]: before each token, and at the end */
} Memory;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Token t of every text that is long enough; the others keep c and h. */
static void lstm_step(Memory *m, int t, const num *given, const num *bias) {
    size_t H = (size_t)m->H, B = (size_t)m->B, T = (size_t)m->T;
    for (size_t b = 0; b < B; b++) {
        size_t at = ((size_t)t * B + b) * H, next = at + B * H;
        num *gate = m->gates + at * 4;
        for (size_t k = 0; k < 4 * H; k++) {
            double sum = (double)gate[k] + (double)given[(b * T + (size_t)t) * 4 * H + k] + (double)bias[k];
            gate[k] = (num)(k / H == 2 ? tanh(sum) : sigmoid(sum));
        }
        for (size_t k = 0; k < H; k++) {
            bool on = t < m->lengths[b];
            m->c[next + k] = on ? gate[H + k] * m->c[at + k] + gate[k] * gate[2 * H + k] : m->c[at + k];
            m->h[next + k] = on ? gate[3 * H + k] * (num)tanh((double)m->c[next + k]) : m->h[at + k];
        }
    }
}

OP(lstm);
Var op_lstm(Tape *tape, Var given, Var weight, Var bias, const int *lengths) {
    const int *s = given->val.shape, B = s[0], T = s[1], H = weight->val.shape[1];
    REQUIRE(given->val.dims == 3 && weight->val.dims == 2 && s[2] == 4 * H && weight->val.shape[0] == 4 * H &&
                mat_count(bias->val) == (size_t)(4 * H),
            "given is %s, the weight %s, the bias %s, want [B,T,4H], [4H,H], [4H]", mat_shape_text(given->val),
            mat_shape_text(weight->val), mat_shape_text(bias->val));
    Var y = tape_record(tape, &lstm_op, mat_shape(2, B, H), given, weight, bias);
    Memory *m = y->save = arena_zero(&tape->arena, 1, sizeof *m);
    size_t state = (size_t)B * (size_t)H;
    *m = (Memory){ .B = B,
                   .T = T,
                   .H = H,
                   .lengths = arena_alloc(&tape->arena, (size_t)B, sizeof(int)),
                   .gates = arena_alloc(&tape->arena, (size_t)T * state, 4 * sizeof(num)),
                   .c = arena_zero(&tape->arena, (size_t)(T + 1) * state, sizeof(num)),
                   .h = arena_zero(&tape->arena, (size_t)(T + 1) * state, sizeof(num)) };
    for (int b = 0; b < B; b++) {
        m->lengths[b] = lengths ? lengths[b] : T;
        REQUIRE(0 <= m->lengths[b] && m->lengths[b] <= T, "text %d has %d tokens, want 0 to %d", b, m->lengths[b], T);
    }
    for (int t = 0; t < T; t++) {
        num *gates = m->gates + (size_t)t * state * 4;
        gemm(false, true, B, 4 * H, H, m->h + (size_t)t * state, H, weight->val.v, H, false, gates, 4 * H);
        lstm_step(m, t, given->val.v, bias->val.v);
    }
    memcpy(y->val.v, m->h + (size_t)T * state, state * sizeof(num));
    return y;
}

/* dgates [B,4H] of token t before their functions, from dh and dc, which move on to the token before. */
static void lstm_step_back(const Memory *m, int t, num *dh, num *dc, num *dgates) {
    size_t H = (size_t)m->H, B = (size_t)m->B;
    memset(dgates, 0, B * 4 * H * sizeof(num));
    for (size_t b = 0; b < B; b++)
        for (size_t k = 0; k < H && t < m->lengths[b]; k++) {
            size_t at = ((size_t)t * B + b) * H + k;
            const num *gate = m->gates + ((size_t)t * B + b) * 4 * H + k;
            num i = gate[0], f = gate[H], g = gate[2 * H], o = gate[3 * H], *d = dgates + b * 4 * H + k;
            num tanh_c = (num)tanh((double)m->c[at + B * H]),
                into = dc[b * H + k] + dh[b * H + k] * o * (1 - tanh_c * tanh_c);
            d[0] = into * g * i * (1 - i);
            d[H] = into * m->c[at] * f * (1 - f);
            d[2 * H] = into * i * (1 - g * g);
            d[3 * H] = dh[b * H + k] * tanh_c * o * (1 - o);
            dc[b * H + k] = into * f;
            dh[b * H + k] = 0; /* comes back through the gates */
        }
}

static void lstm_backward(Var y) {
    const Memory *m = y->save;
    int B = m->B, H = m->H;
    size_t state = (size_t)B * (size_t)H;
    Arena *arena = &y->tape->arena;
    num *dh = arena_alloc(arena, state, sizeof(num)), *dc = arena_zero(arena, state, sizeof(num));
    num *dgates = arena_alloc(arena, 4 * state, sizeof(num)), *dgiven = tape_grad(y->in[0]),
        *dbias = tape_grad(y->in[2]);
    num *dweight = tape_grad(y->in[1]);
    memcpy(dh, y->grad, state * sizeof(num));
    for (int t = m->T - 1; t >= 0; t--) {
        lstm_step_back(m, t, dh, dc, dgates);
        for (int b = 0; dgiven && b < B; b++)
            for (int k = 0; k < 4 * H; k++)
                dgiven[((size_t)b * (size_t)m->T + (size_t)t) * 4 * (size_t)H + (size_t)k] +=
                    dgates[(size_t)b * 4 * (size_t)H + (size_t)k];
        if (dbias) rows_add(dgates, (size_t)B, 4 * H, dbias);
        if (dweight) gemm(true, false, 4 * H, H, B, dgates, 4 * H, m->h + (size_t)t * state, H, true, dweight, H);
        gemm(false, false, B, H, 4 * H, dgates, 4 * H, y->in[1]->val.v, H, true, dh, H);
    }
}
static Var lstm_check(GradCheck *check) {
    static const int lengths[] = { 3, 0, 2 };
    check->variants = 2;
    Var given = gradcheck_input(check, mat_shape(3, 3, 3, 8)), weight = gradcheck_input(check, mat_shape(2, 8, 2));
    return op_lstm(check->tape, given, weight, gradcheck_input(check, mat_shape(1, 8)),
                   check->variant ? lengths : NULL);
}
