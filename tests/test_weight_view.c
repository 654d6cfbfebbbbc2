/* Tests of weight_view and dtype_widen: weights in their file give the same bits as weights in memory. */
#include "kernels/gemm.h"
#include "kernels/reference.h"
#include "autograd/ops.h"
#include "core/arena.h"
#include "core/rng.h"
#include "formats/safetensors.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;
static const Dtype dtypes[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };

/* By definition: a number with 1 sign, `e` exponent and `f` fraction bits. */
static double widen(int bits, int e, int f) {
    int exponent = bits >> f & ((1 << e) - 1), fraction = bits & ((1 << f) - 1), bias = (1 << (e - 1)) - 1;
    double size = ldexp(fraction + (exponent ? 1 << f : 0), MAX(exponent, 1) - bias - f);
    if (exponent == (1 << e) - 1) size = fraction ? NAN : INFINITY;
    return bits >> (e + f) & 1 ? -size : size;
}

TEST(every_half_and_bfloat) {
    enum { N = 65536 };
    uint8_t *bytes = arena_alloc(&arena, N * 2 + 1, 1);
    num *half = arena_alloc(&arena, N, sizeof(num)), *bfloat = arena_alloc(&arena, N, sizeof(num));
    for (int shift = 0; shift < 2; shift++) { /* even and odd addresses */
        for (int i = 0; i < N; i++) {
            bytes[shift + 2 * i] = (uint8_t)i;
            bytes[shift + 2 * i + 1] = (uint8_t)(i >> 8);
        }
        dtype_widen(DTYPE_F16, bytes + shift, half, N);
        dtype_widen(DTYPE_BF16, bytes + shift, bfloat, N);
        for (int i = 0; i < N; i++) {
            double h = widen(i, 5, 10), b = widen(i, 8, 7);
            CHECK(isnan(h) ? isnan(half[i]) : (double)half[i] == h && !signbit(half[i]) == !signbit(h),
                  "F16 %04x: %g, want %g", i, (double)half[i], h);
            CHECK(isnan(b) ? isnan(bfloat[i]) : (double)bfloat[i] == b && !signbit(bfloat[i]) == !signbit(b),
                  "BF16 %04x: %g, want %g", i, (double)bfloat[i], b);
        }
    }
    const uint8_t one[] = { 0, 0, 0x80, 0x3f, 0xdb, 0x0f, 0x49, 0xc0 }; /* 1 and -pi */
    dtype_widen(DTYPE_F32, one, half, 2);
    CHECK(half[0] == 1 && half[1] == (num)-3.14159274f, "%g %g", (double)half[0], (double)half[1]);
}

/* Random small numbers that all three formats hold exactly, as bytes of a format and as num. */
static uint8_t *bytes_of(Dtype dtype, size_t n, num *same) {
    Rng rng = rng_seed(3, (uint64_t)dtype);
    uint8_t *bytes = arena_alloc(&arena, n * 4 + 1, 1);
    for (size_t i = 0; i < n; i++) {
        double v = ((double)rng_below(&rng, 255) - 127) / 64;
        float single = (float)v;
        uint32_t bits;
        memcpy(&bits, &single, 4);
        if (dtype == DTYPE_F16) bits = half_narrow(v);
        if (dtype == DTYPE_BF16) bits = bfloat_narrow(v);
        for (size_t k = 0; k < dtype_size(dtype); k++) bytes[1 + i * dtype_size(dtype) + k] = (uint8_t)(bits >> 8 * k);
        same[i] = (num)v;
    }
    return bytes + 1; /* an odd address */
}

static num *numbers(size_t n, uint64_t seed) {
    Rng rng = rng_seed(seed, 5);
    num *v = arena_alloc(&arena, n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (num)rng_normal(&rng);
    return v;
}

TEST(products_are_the_same_bits) {
    const struct {
        int M, N, K;
    } sizes[] = { { 1, 1, 1 }, { 5, 70, 33 }, { 50, 192, 1700 }, { 130, 130, 140 }, { 7, 2100, 9 }, { 3, 4, 0 } };
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int k = 0; k < 12; k++) {
            Dtype dtype = dtypes[k % 3];
            size_t M = (size_t)sizes[i].M, N = (size_t)sizes[i].N, K = (size_t)sizes[i].K;
            num *b = numbers(N * K, 1), *a = numbers(M * K, 2), *c = numbers(M * N, 3), *want = numbers(M * N, 3),
                *bias = numbers(N, 4);
            Gemm g = { .transpose_b = k / 3 % 2,
                       .accumulate = k / 6,
                       .M = (int)M,
                       .N = (int)N,
                       .K = (int)K,
                       .a = a,
                       .lda = (int)K,
                       .b = b,
                       .ldb = k / 3 % 2 ? (int)K : (int)N,
                       .bias = bias,
                       .c = want,
                       .ldc = (int)N,
                       .b_dtype = dtype };
            const uint8_t *b_bytes = bytes_of(dtype, N * K, b);
            gemm_run(g);
            g.b = NULL;
            g.b_bytes = b_bytes;
            g.c = c;
            gemm_run(g);
            CHECK(!memcmp(c, want, M * N * sizeof(num)), "%zu x %zu x %zu, dtype %d, transposed %d", M, N, K,
                  (int)dtype, g.transpose_b);
            num *plain = numbers(M * N, 3);
            gemm_plain(false, g.transpose_b, (int)M, (int)N, (int)K, a, (int)K, b, g.ldb, g.accumulate, plain, (int)N);
            for (size_t j = 0; j < M * N; j++) CHECK_NEAR(c[j], (double)plain[j] + (double)bias[j % N], 3e-4);
        }
}

/* One row alone (each thread packs its panel) and among many (panels are packed first). */
TEST(rows_are_the_same_bits_alone_and_among_many) {
    enum { M = 200, N = 2500, K = 1600 };
    num *a = numbers((size_t)M * K, 1), *b = numbers((size_t)N * K, 2), *bias = numbers(N, 3),
        *all = numbers((size_t)M * N, 4), *one = numbers(N, 5);
    Gemm g = { .transpose_b = true,
               .M = M,
               .N = N,
               .K = K,
               .a = a,
               .lda = K,
               .b = b,
               .ldb = K,
               .bias = bias,
               .c = all,
               .ldc = N };
    gemm_run(g);
    for (int threads = 1; threads <= 3; threads++)
        for (size_t m = 0; m < M; m += 37) {
            thread_set_count(threads);
            g.M = 1;
            g.a = a + m * K;
            g.c = one;
            gemm_run(g);
            CHECK(!memcmp(one, all + m * N, N * sizeof(num)), "row %zu, %d threads", m, threads);
        }
}

/* Layers over a parameter whose numbers are in a file, in three parts, or transposed. */
TEST(layers_read_weight_views) {
    Tape t = { .no_grad = true };
    num same[2 * 12 * 10], out[240];
    uint8_t *bytes = bytes_of(DTYPE_F16, 120, same);
    WeightView parts = { .parts = 3 }, transposed = { .parts = 1, .transposed = true };
    for (int i = 0; i < 3; i++) {
        parts.part[i].data = bytes + i * 80;
        parts.part[i].dtype = DTYPE_F16;
    }
    transposed.part[0].data = bytes;
    transposed.part[0].dtype = DTYPE_F16;
    Param w = { .name = "w", .val = mat_shape(2, 12, 10), .frozen = true, .weights_view = &parts }, p = w, c = w;
    p.weights_view = &transposed;
    p.val = mat_shape(2, 10, 12);
    c.val = mat_shape(4, 3, 10, 2, 2);
    Mat x = mat_shape(2, 4, 10), wm = w.val, pm = mat_shape(2, 12, 10), b = mat_shape(1, 12),
        pictures = mat_shape(4, 1, 3, 3, 10), cm = c.val;
    x.v = numbers(40, 1);
    wm.v = pm.v = cm.v = same;
    b.v = numbers(12, 2);
    pictures.v = numbers(90, 3);
    Var xs = tape_data(&t, x), bs = tape_data(&t, b);
    Var got = op_linear(&t, xs, tape_param(&t, &w), bs), want = op_linear(&t, xs, tape_data(&t, wm), bs);
    CHECK(!memcmp(got->val.v, want->val.v, 48 * sizeof(num)), "%s", "linear, three parts");
    got = op_matmul(&t, xs, tape_param(&t, &p));
    want = op_linear(&t, xs, tape_data(&t, pm), NULL);
    CHECK(!memcmp(got->val.v, want->val.v, 48 * sizeof(num)), "%s", "matmul, transposed");
    p.val = w.val;
    transposed.transposed = true;
    got = op_embedding(&t, tape_param(&t, &w), (const int[]){ 11, 0, 5 }, 1, 3);
    want = op_embedding(&t, tape_data(&t, wm), (const int[]){ 11, 0, 5 }, 1, 3);
    CHECK(!memcmp(got->val.v, want->val.v, 30 * sizeof(num)), "%s", "embedding, three parts");
    Var view = tape_data(&t, pictures);
    got = op_conv2d(&t, view, tape_param(&t, &c), NULL, 1, 0);
    want = op_conv2d(&t, view, tape_data(&t, cm), NULL, 1, 0);
    CHECK(!memcmp(got->val.v, want->val.v, mat_count(want->val) * sizeof(num)), "%s", "convolution");
    weight_all(&transposed, 12, 10, out);
    for (int i = 0; i < 120; i++) CHECK(out[i] == same[i % 10 * 12 + i / 10], "transposed, %d", i);
    Tape grads = { 0 };
    CHECK_STOPS(op_linear(&grads, tape_leaf(&grads, x), tape_param(&grads, &w), NULL), EXIT_CONTRACT,
                "w lies in a file: for inference only");
    tape_free(&t);
}

/* tape_keep: many blocks one after the other use the memory of one. */
TEST(tape_keep_bounds_memory) {
    size_t held[2];
    for (int deep = 0; deep < 2; deep++) {
        Tape t = { .no_grad = true };
        Mat m = mat_shape(2, 500, 500);
        m.v = numbers(250000, 1);
        Var x = op_scale(&t, tape_data(&t, m), 1);
        for (int i = 0; i < (deep ? 50 : 2); i++) {
            TapeMark mark = tape_mark(&t);
            x = tape_keep(&t, mark, x, op_add(&t, op_scale(&t, x, 0.5), op_scale(&t, x, 0.5)));
        }
        CHECK(!memcmp(x->val.v, m.v, 250000 * sizeof(num)), "%s", "x/2 + x/2 is x");
        held[deep] = arena_held(&t.arena);
        tape_free(&t);
    }
    CHECK(held[0] == held[1], "2 blocks hold %zu bytes, 50 hold %zu", held[0], held[1]);
    Tape t = { 0 };
    Mat m = mat_shape(1, 1);
    m.v = numbers(1, 1);
    Var leaf = tape_leaf(&t, m), x = op_scale(&t, leaf, 2), y = op_scale(&t, x, 2);
    CHECK(tape_keep(&t, tape_mark(&t), x, y) == y, "%s", "with gradients, tape_keep keeps everything");
    CHECK_STOPS(tape_keep(&t, tape_mark(&t), leaf, y), EXIT_CONTRACT, "x is a leaf");
    tape_free(&t);
    t = (Tape){ .no_grad = true };
    m = mat_shape(2, 300, 300);
    m.v = numbers(90000, 2);
    TapeMark mark = tape_mark(&t);
    y = op_scale(&t, op_scale(&t, tape_data(&t, m), 2), 0.5); /* overlaps the copy */
    y = tape_keep(&t, mark, NULL, y);
    CHECK(!memcmp(y->val.v, m.v, 90000 * sizeof(num)) && y->op == &scale_op && t.last == y && !y->previous, "%s",
          "moved to the mark");
    tape_free(&t);
}

TESTS(every_half_and_bfloat, products_are_the_same_bits, rows_are_the_same_bits_alone_and_among_many,
      layers_read_weight_views, tape_keep_bounds_memory)
