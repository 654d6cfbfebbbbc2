/* Tests of attention: equal to the plain version for any shape, the same bits in any batch and on any number of
 * threads. */
#include "kernels/attention.h"
#include "kernels/reference.h"
#include "core/arena.h"
#include "core/rng.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;

static num *numbers(size_t n, uint64_t seed) {
    Rng rng = rng_seed(seed, 5);
    num *v = arena_alloc(&arena, n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (num)rng_normal(&rng);
    return v;
}

static size_t tokens(AttentionShape s) { return (size_t)(s.B * s.T * s.D); }

static void close_to(AttentionShape s, const char *what, const num *got, const num *want, size_t n) {
    double largest = 1;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++)
        CHECK(fabs((double)got[i] - (double)want[i]) <= 4e-6 * largest,
              "B %d, T %d, D %d, heads %d, causal %d: %s %zu is %.9g, want %.9g", s.B, s.T, s.D, s.heads, s.causal,
              what, i, (double)got[i], (double)want[i]);
}

static void compare(AttentionShape s) {
    size_t n = tokens(s), rows = (size_t)(s.B * s.T * s.heads);
    num *qkv = numbers(3 * n, 1), *dout = numbers(n, 2), *out = numbers(n, 3), *want = numbers(n, 4);
    num *log_sum = numbers(rows, 6), *log_want = numbers(rows, 7), *d = numbers(3 * n, 8), *d_want = numbers(3 * n, 8);
    attend_forward(s, qkv, out, log_sum);
    attend_forward_plain(s, qkv, want, log_want);
    close_to(s, "out", out, want, n);
    close_to(s, "log_sum", log_sum, log_want, rows);
    attend_backward(s, (AttentionFlow){ qkv, out, log_sum, dout, d });
    attend_backward_plain(s, (AttentionFlow){ qkv, want, log_want, dout, d_want });
    close_to(s, "dqkv", d, d_want, 3 * n);
}

TEST(by_hand) {
    /* Two tokens of width 1, v = 10 and 20. S is 0, 0 for token 0 and 0, log 3 for token 1: P is 1/2, 1/2 and 1/4, 3/4.
     * */
    num qkv[] = { 0, 0, 10, 1, (num)log(3), 20 }, out[2], log_sum[2], map[4];
    AttentionShape s = { .B = 1, .T = 2, .D = 1, .heads = 1 };
    attend_forward(s, qkv, out, log_sum);
    CHECK_NEAR(out[0], 15, 1e-6);
    CHECK_NEAR(out[1], 17.5, 1e-6);
    CHECK_NEAR(log_sum[0], log(2), 1e-6);
    CHECK_NEAR(log_sum[1], log(4), 1e-6);
    attend_map(s, qkv, 0, 0, map);
    CHECK_NEAR(map[0], 0.5, 1e-6);
    CHECK_NEAR(map[3], 0.75, 1e-6);
    s.causal = true;
    attend_forward(s, qkv, out, NULL);
    CHECK_NEAR(out[0], 10, 1e-6); /* attends to itself only */
    CHECK_NEAR(out[1], 17.5, 1e-6);
    attend_map(s, qkv, 0, 0, map);
    CHECK(map[0] == 1 && map[1] == 0, "%g %g", (double)map[0], (double)map[1]);
}

TEST(many_shapes) {
    Rng rng = rng_seed(1, 0);
    for (int i = 0; i < 80; i++) {
        int heads = 1 + (int)rng_below(&rng, 3);
        compare((AttentionShape){ .B = (int)rng_below(&rng, 3),
                                  .T = (int)rng_below(&rng, 20),
                                  .heads = heads,
                                  .D = heads * (1 + (int)rng_below(&rng, 21)),
                                  .causal = i % 2 });
    }
    const int lengths[] = { 50, 63, 64, 65, 77, 128, 129, 197 };
    for (size_t i = 0; i < COUNT(lengths); i++)
        compare((AttentionShape){ .B = 2, .T = lengths[i], .D = 72, .heads = 2, .causal = i % 2 });
    compare((AttentionShape){ .B = 1, .T = 150, .D = 64, .heads = 1, .causal = true });
}

/* Scores of several hundred: e^S would overflow without the maximum, and the maximum grows from block to block. */
TEST(large_scores) {
    for (int causal = 0; causal < 2; causal++) {
        AttentionShape s = { .B = 1, .T = 200, .D = 16, .heads = 1, .causal = causal };
        num *qkv = numbers(3 * tokens(s), 9), *out = numbers(tokens(s), 1), *want = numbers(tokens(s), 1);
        for (size_t i = 0; i < 3 * tokens(s); i++)
            if (i % 48 < 32) qkv[i] *= 10;
        attend_forward(s, qkv, out, NULL);
        attend_forward_plain(s, qkv, want, NULL);
        for (size_t i = 0; i < tokens(s); i++) CHECK_NEAR(out[i], (double)want[i], 2e-4);
    }
}

TEST(the_same_bits_in_any_batch_and_on_any_threads) {
    AttentionShape s = { .B = 5, .T = 77, .D = 96, .heads = 3, .causal = true }, one = s;
    size_t n = tokens(s), each = n / 5;
    num *qkv = numbers(3 * n, 1), *dout = numbers(n, 2), *out[4], *d[4], *log_sum[4];
    for (int threads = 1; threads <= 3; threads++) {
        thread_set_count(threads);
        out[threads] = numbers(n, 3);
        d[threads] = numbers(3 * n, 8);
        log_sum[threads] = numbers((size_t)(5 * 77 * 3), 4);
        attend_forward(s, qkv, out[threads], log_sum[threads]);
        attend_backward(s, (AttentionFlow){ qkv, out[threads], log_sum[threads], dout, d[threads] });
        CHECK(!memcmp(out[threads], out[1], n * sizeof(num)), "out, %d threads", threads);
        CHECK(!memcmp(d[threads], d[1], 3 * n * sizeof(num)), "dqkv, %d threads", threads);
    }
    one.B = 1;
    num *alone = numbers(each, 1);
    for (size_t b = 0; b < 5; b++) {
        attend_forward(one, qkv + 3 * b * each, alone, NULL);
        CHECK(!memcmp(alone, out[1] + b * each, each * sizeof(num)), "sequence %zu differs alone", b);
    }
}

static void compare_cross(AttentionShape s) {
    size_t n = tokens(s), states = (size_t)(s.B * s.S * s.D), rows = (size_t)(s.B * s.T * s.heads);
    num *q = numbers(n, 1), *kv = numbers(2 * states, 2), *dout = numbers(n, 3), *out = numbers(n, 4);
    num *want = numbers(n, 5), *log_sum = numbers(rows, 6), *log_want = numbers(rows, 7);
    num *dq = numbers(n, 8), *dq_want = numbers(n, 8), *dkv = numbers(2 * states, 9),
        *dkv_want = numbers(2 * states, 9);
    attend_cross_forward(s, q, kv, out, log_sum);
    attend_cross_forward_plain(s, q, kv, want, log_want);
    close_to(s, "out", out, want, n);
    close_to(s, "log_sum", log_sum, log_want, rows);
    attend_cross_backward(s, (CrossAttentionFlow){ q, kv, out, log_sum, dout, dq, dkv });
    attend_cross_backward_plain(s, (CrossAttentionFlow){ q, kv, want, log_want, dout, dq_want, dkv_want });
    close_to(s, "dq", dq, dq_want, n);
    close_to(s, "dkv", dkv, dkv_want, 2 * states);
    num *dq_alone = numbers(n, 8), *dkv_alone = numbers(2 * states, 9); /* one gradient without the other */
    attend_cross_backward(s, (CrossAttentionFlow){ q, kv, out, log_sum, dout, dq_alone, NULL });
    attend_cross_backward(s, (CrossAttentionFlow){ q, kv, out, log_sum, dout, NULL, dkv_alone });
    CHECK(!memcmp(dq, dq_alone, n * sizeof(num)) && !memcmp(dkv, dkv_alone, 2 * states * sizeof(num)),
          "a gradient differs when the other is not wanted");
}

TEST(cross_attention_of_many_shapes) {
    Rng rng = rng_seed(2, 0);
    for (int i = 0; i < 40; i++) {
        int heads = 1 + (int)rng_below(&rng, 3);
        compare_cross((AttentionShape){ .B = (int)rng_below(&rng, 3),
                                        .T = (int)rng_below(&rng, 20),
                                        .S = 1 + (int)rng_below(&rng, 20),
                                        .heads = heads,
                                        .D = heads * (1 + (int)rng_below(&rng, 21)) });
    }
    static const int lengths[][2] = { { 1, 64 }, { 64, 1 }, { 65, 16 }, { 16, 129 }, { 70, 65 } };
    for (size_t i = 0; i < COUNT(lengths); i++)
        compare_cross((AttentionShape){ .B = 2, .T = lengths[i][0], .S = lengths[i][1], .D = 72, .heads = 2 });
}

/* Cross-attention of a sequence to its own keys and values is self-attention without a mask; and the last query of a
 * causal sequence sees what a single query sees: this is what a cache of keys and values computes. */
TEST(cross_attention_is_self_attention_of_the_same_numbers) {
    AttentionShape s = { .B = 2, .T = 9, .S = 9, .D = 12, .heads = 3 }, causal = s, one = s;
    size_t n = tokens(s), D = 12;
    num *qkv = numbers(3 * n, 1), *q = numbers(n, 2), *kv = numbers(2 * n, 3), *out = numbers(n, 4);
    num *want = numbers(n, 5), *last = numbers(2 * D, 6);
    for (size_t row = 0; row < 18; row++) {
        memcpy(q + row * D, qkv + row * 3 * D, D * sizeof(num));
        memcpy(kv + row * 2 * D, qkv + row * 3 * D + D, 2 * D * sizeof(num));
    }
    attend_cross_forward(s, q, kv, out, NULL);
    attend_forward(s, qkv, want, NULL);
    CHECK(!memcmp(out, want, n * sizeof(num)), "the two differ");
    causal.causal = true;
    one.T = 1;
    attend_forward(causal, qkv, want, NULL);
    memcpy(last, q + 8 * D, D * sizeof(num));
    memcpy(last + D, q + 17 * D, D * sizeof(num));
    attend_cross_forward(one, last, kv, out, NULL);
    for (size_t b = 0; b < 2; b++)
        CHECK(!memcmp(out + b * D, want + (b * 9 + 8) * D, D * sizeof(num)), "the last token of sequence %zu", b);
}

TEST(nan_stays_nan) {
    AttentionShape s = { .B = 1, .T = 3, .D = 4, .heads = 1 };
    num *qkv = numbers(36, 1), out[12];
    qkv[12] = (num)NAN; /* the query of token 1 */
    attend_forward(s, qkv, out, NULL);
    CHECK(isnan(out[4]) && !isnan(out[0]) && !isnan(out[8]), "%g %g %g", (double)out[0], (double)out[4],
          (double)out[8]);
}

TEST(broken_contracts_stop) {
    num x[64] = { 0 };
    CHECK_STOPS(attend_forward((AttentionShape){ .B = 1, .T = 2, .D = 5, .heads = 2 }, x, x, NULL), EXIT_CONTRACT,
                "2 heads for a width of 5");
    CHECK_STOPS(attend_map((AttentionShape){ .B = 1, .T = 2, .D = 4, .heads = 2 }, x, 0, 2, x), EXIT_CONTRACT,
                "head 2 of row 0");
    CHECK_STOPS(attend_cross_forward((AttentionShape){ .B = 1, .T = 2, .D = 4, .heads = 2 }, x, x, x, NULL),
                EXIT_CONTRACT, "0 states to attend to");
}

TESTS(by_hand, many_shapes, cross_attention_of_many_shapes, cross_attention_is_self_attention_of_the_same_numbers,
      large_scores, the_same_bits_in_any_batch_and_on_any_threads, nan_stays_nan, broken_contracts_stop)
