/* Layer norm, LSTM, patches, moves of tokens: values by hand and against loops in double. Gradients: test_gradients. */
#include "autograd/ops.h"
#include "core/arena.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;
static Tape tape;

static Var data(Mat shape, uint64_t seed) {
    Rng rng = rng_seed(seed, 9);
    Mat m = mat_like(&arena, shape);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_normal(&rng);
    return tape_data(&tape, m);
}

TEST(layernorm_values) {
    const int widths[] = { 1, 5, 16, 100, 768 };
    for (size_t w = 0; w < COUNT(widths); w++) {
        int D = widths[w];
        Var x = data(mat_shape(3, 2, 3, D), 1), gamma = data(mat_shape(1, D), 2), beta = data(mat_shape(1, D), 3);
        for (int i = 0; i < 6 * D; i++) x->val.v[i] = x->val.v[i] * 3 + 50; /* a mean far from 0 costs digits */
        Var y = op_layernorm(&tape, x, gamma, beta, 1e-5);
        for (int r = 0; r < 6; r++) {
            const num *row = x->val.v + r * D;
            double mean = 0, var = 0;
            for (int d = 0; d < D; d++) mean += (double)row[d] / D;
            for (int d = 0; d < D; d++) var += ((double)row[d] - mean) * ((double)row[d] - mean) / D;
            for (int d = 0; d < D; d++) {
                double want =
                    ((double)row[d] - mean) / sqrt(var + 1e-5) * (double)gamma->val.v[d] + (double)beta->val.v[d];
                CHECK(fabs((double)y->val.v[r * D + d] - want) < 1e-4, "width %d, row %d: %g, want %g", D, r,
                      (double)y->val.v[r * D + d], want);
            }
        }
    }
    CHECK_STOPS(
        op_layernorm(&tape, data(mat_shape(2, 2, 3), 1), data(mat_shape(1, 3), 1), data(mat_shape(1, 2), 1), 1e-5),
        EXIT_CONTRACT, "x is [2,3], gamma [3], beta [2]");
}

TEST(layernorm_gradients_on_any_threads) {
    num *first = NULL;
    for (int threads = 1; threads <= 3; threads++) {
        Tape t = { 0 };
        thread_set_count(threads);
        Mat x = data(mat_shape(2, 300, 96), 1)->val, gamma = data(mat_shape(1, 96), 2)->val;
        Var xs = tape_leaf(&t, x), g = tape_leaf(&t, gamma), y = op_layernorm(&t, xs, g, tape_leaf(&t, gamma), 1e-5);
        tape_backward_from(&t, y, data(mat_shape(2, 300, 96), 3)->val.v);
        num *got = arena_alloc(&arena, 96, sizeof(num));
        memcpy(got, g->grad, 96 * sizeof(num));
        if (!first) first = got;
        CHECK(!memcmp(got, first, 96 * sizeof(num)), "%d threads", threads);
        tape_free(&t);
    }
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* Text by text, token by token, in double. */
TEST(lstm_values) {
    enum { B = 3, T = 4, H = 5 };
    const int lengths[B] = { 4, 0, 2 };
    Var given = data(mat_shape(3, B, T, 4 * H), 1), w = data(mat_shape(2, 4 * H, H), 2),
        bias = data(mat_shape(1, 4 * H), 3);
    Var y = op_lstm(&tape, given, w, bias, lengths), all = op_lstm(&tape, given, w, bias, NULL);
    for (int b = 0; b < B; b++) {
        double h[H] = { 0 }, c[H] = { 0 };
        for (int t = 0; t < T; t++) {
            double next[H], gate[4 * H];
            for (int k = 0; k < H && t == lengths[b]; k++) CHECK_NEAR(AT(y->val, b, k), h[k], 1e-5);
            for (int k = 0; k < 4 * H; k++) {
                gate[k] = (double)given->val.v[(b * T + t) * 4 * H + k] + (double)bias->val.v[k];
                for (int j = 0; j < H; j++) gate[k] += (double)AT(w->val, k, j) * h[j];
            }
            for (int k = 0; k < H; k++) {
                c[k] = logistic(gate[H + k]) * c[k] + logistic(gate[k]) * tanh(gate[2 * H + k]);
                next[k] = logistic(gate[3 * H + k]) * tanh(c[k]);
            }
            memcpy(h, next, sizeof h);
        }
        for (int k = 0; k < H; k++) CHECK_NEAR(AT(all->val, b, k), h[k], 1e-5);
        for (int k = 0; k < H && lengths[b] == T; k++) CHECK_NEAR(AT(y->val, b, k), h[k], 1e-5);
    }
    for (int k = 0; k < H; k++) CHECK(AT(y->val, 1, k) == 0, "no tokens: %g", (double)AT(y->val, 1, k));
    CHECK_STOPS(op_lstm(&tape, given, w, bias, (const int[]){ 4, 5, 0 }), EXIT_CONTRACT, "text 1 has 5 tokens");
    CHECK_STOPS(op_lstm(&tape, given, bias, bias, NULL), EXIT_CONTRACT, "want [B,T,4H], [4H,H], [4H]");
}

TEST(tokens_are_picked_and_prepended) {
    Var x = data(mat_shape(3, 2, 3, 2), 1), one = data(mat_shape(1, 2), 2), each = data(mat_shape(2, 2, 2), 3);
    Var picked = op_gather(&tape, x, (const int[]){ 2, 0 }), a = op_prepend(&tape, x, one),
        b = op_prepend(&tape, x, each), two = op_prepend(&tape, x, data(mat_shape(3, 2, 2, 2), 4));
    CHECK(picked->val.v[0] == x->val.v[4] && picked->val.v[2] == x->val.v[6] && picked->val.dims == 2, "%s", "picked");
    CHECK(op_gather(&tape, x, NULL)->val.v[2] == x->val.v[6], "%s", "the first token");
    CHECK(a->val.shape[1] == 4 && a->val.v[0] == one->val.v[0] && a->val.v[8] == one->val.v[0] &&
              a->val.v[9] == one->val.v[1],
          "%s", "[D]");
    CHECK(b->val.v[8] == each->val.v[2] && b->val.v[2] == x->val.v[0] && b->val.v[15] == x->val.v[11], "%s", "[B,D]");
    CHECK(two->val.shape[1] == 5 && two->val.v[2] == two->in[1]->val.v[2] && two->val.v[10] == two->in[1]->val.v[4] &&
              two->val.v[4] == x->val.v[0] && two->val.v[19] == x->val.v[11],
          "%s", "[B,S,D]");
    CHECK_STOPS(op_gather(&tape, x, (const int[]){ 0, 3 }), EXIT_CONTRACT, "token 3 of row 1");
    CHECK_STOPS(op_prepend(&tape, x, data(mat_shape(1, 3), 1)), EXIT_CONTRACT, "the first tokens [3]");
}

/* A linear layer on patches is a convolution whose stride is its kernel. */
TEST(patches_make_a_convolution) {
    Var x = data(mat_shape(4, 2, 9, 7, 3), 1), w = data(mat_shape(4, 4, 3, 2, 2), 2),
        flat = op_reshape(&tape, w, mat_shape(2, 4, 12));
    Var y = op_linear(&tape, op_patches(&tape, x, 2), flat, NULL), want = op_conv2d(&tape, x, w, NULL, 2, 0);
    CHECK(y->val.shape[1] == 12 && mat_count(y->val) == mat_count(want->val), "%s", mat_shape_text(y->val));
    for (size_t i = 0; i < mat_count(y->val); i++) CHECK_NEAR(y->val.v[i], (double)want->val.v[i], 1e-5);
    CHECK_STOPS(op_patches(&tape, x, 8), EXIT_CONTRACT, "patches of 8 x 8");
}

/* More numbers than one thread takes at a time. */
TEST(sums_of_repeated_shapes) {
    Var x = data(mat_shape(3, 3, 210, 100), 1), tail = data(mat_shape(2, 210, 100), 2),
        same = data(mat_shape(3, 3, 210, 100), 3);
    Var a = op_add(&tape, x, tail), c = op_add(&tape, x, same);
    for (size_t i = 0; i < mat_count(x->val); i++) {
        CHECK(a->val.v[i] == x->val.v[i] + tail->val.v[i % 21000], "number %zu", i);
        CHECK(c->val.v[i] == x->val.v[i] + same->val.v[i], "number %zu", i);
    }
}

TESTS(layernorm_values, layernorm_gradients_on_any_threads, lstm_values, tokens_are_picked_and_prepended,
      patches_make_a_convolution, sums_of_repeated_shapes)
