/* Tests of gemm: equal to the plain version for every shape, and the same bits for any batch and number of threads. */
#include "kernels/gemm.h"
#include "kernels/reference.h"
#include "core/arena.h"
#include "core/rng.h"
#include "core/thread.h"
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double EPSILON = sizeof(num) == 4 ? FLT_EPSILON : DBL_EPSILON;

/* `count` normal random numbers. */
static num *numbers(Arena *arena, Rng *rng, size_t count) {
    num *v = arena_alloc(arena, count + 1, sizeof(num));
    v++; /* not aligned to a vector */
    for (size_t i = 0; i < count; i++) v[i] = (num)rng_normal(rng);
    return v;
}

/* |v| */
static num *absolute(Arena *arena, const num *of, size_t count) {
    num *v = arena_alloc(arena, count, sizeof(num));
    for (size_t i = 0; i < count; i++) v[i] = (num)fabs((double)of[i]);
    return v;
}

typedef struct {
    bool transpose_a, transpose_b, accumulate;
    int M, N, K, lda, ldb, ldc;
} Shape;

/* Both products are sums of K terms: each is within K * epsilon/2 * sum |a||b| of the truth, in any order. */
static void compare(Shape s, Rng *rng) {
    Arena arena = { 0 };
    size_t a_count = (size_t)(s.transpose_a ? s.K : s.M) * (size_t)s.lda, c_count = (size_t)s.M * (size_t)s.ldc;
    size_t b_count = (size_t)(s.transpose_b ? s.N : s.K) * (size_t)s.ldb;
    num *a = numbers(&arena, rng, a_count), *b = numbers(&arena, rng, b_count), *c = numbers(&arena, rng, c_count);
    num *want = arena_alloc(&arena, c_count, sizeof(num)), *size = absolute(&arena, c, c_count);
    if (c_count) memcpy(want, c, c_count * sizeof(num));
    gemm(s.transpose_a, s.transpose_b, s.M, s.N, s.K, a, s.lda, b, s.ldb, s.accumulate, c, s.ldc);
    gemm_plain(s.transpose_a, s.transpose_b, s.M, s.N, s.K, a, s.lda, b, s.ldb, s.accumulate, want, s.ldc);
    gemm_plain(s.transpose_a, s.transpose_b, s.M, s.N, s.K, absolute(&arena, a, a_count), s.lda,
               absolute(&arena, b, b_count), s.ldb, true, size, s.ldc);
    for (size_t i = 0; i < c_count; i++) {
        bool outside = (int)(i % (size_t)s.ldc) >= s.N;
        double bound = outside ? 0 : (s.K + 2) * EPSILON * (double)size[i], off = fabs((double)c[i] - (double)want[i]);
        CHECK(off <= bound, "%d %d: %d x %d x %d, row distances %d %d %d: number %zu is %.9g, want %.9g +- %.2g",
              s.transpose_a, s.transpose_b, s.M, s.N, s.K, s.lda, s.ldb, s.ldc, i, (double)c[i], (double)want[i],
              bound);
    }
    arena_free(&arena);
}

static int draw(Rng *rng, int max) { return (int)rng_below(rng, (uint32_t)max + 1); }

static Shape shape(Rng *rng, int max_m, int max_n, int max_k) {
    Shape s = { .transpose_a = draw(rng, 1),
                .transpose_b = draw(rng, 1),
                .accumulate = draw(rng, 1),
                .M = draw(rng, max_m),
                .N = draw(rng, max_n),
                .K = draw(rng, max_k) };
    s.lda = (s.transpose_a ? s.M : s.K) + draw(rng, 3);
    s.ldb = (s.transpose_b ? s.K : s.N) + draw(rng, 3);
    s.ldc = s.N + 1 + draw(rng, 3);
    return s;
}

TEST(by_hand) {
    const num a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 7, 8, 9, 10, 11, 12 };
    num c[9];
    gemm(false, false, 2, 2, 3, a, 3, b, 2, false, c, 2); /* 1 2 3 / 4 5 6  times  7 8 / 9 10 / 11 12 */
    for (int i = 0; i < 4; i++) CHECK_NEAR(c[i], ((double[]){ 58, 64, 139, 154 })[i], 0);
    gemm(true, false, 2, 2, 3, a, 2, b, 2, false, c, 2); /* 1 3 5 / 2 4 6  times  7 8 / 9 10 / 11 12 */
    for (int i = 0; i < 4; i++) CHECK_NEAR(c[i], ((double[]){ 89, 98, 116, 128 })[i], 0);
    gemm(false, true, 2, 2, 3, a, 3, b, 3, true, c, 2); /* added: 1 2 3 / 4 5 6  times  7 10 / 8 11 / 9 12 */
    for (int i = 0; i < 4; i++) CHECK_NEAR(c[i], ((double[]){ 89 + 50, 98 + 68, 116 + 122, 128 + 167 })[i], 0);
    gemm(true, true, 3, 3, 2, a, 3, b, 2, false, c, 3); /* 1 4 / 2 5 / 3 6  times  7 9 11 / 8 10 12 */
    for (int i = 0; i < 9; i++) CHECK_NEAR(c[i], ((double[]){ 39, 49, 59, 54, 68, 82, 69, 87, 105 })[i], 0);
}

TEST(random_small_shapes) {
    Rng rng = rng_seed(1, 0);
    for (int i = 0; i < 600; i++) compare(shape(&rng, 20, 20, 20), &rng);
    for (int i = 0; i < 150; i++) compare(shape(&rng, 120, 150, 60), &rng);
}

TEST(every_tile_size) {
    Rng rng = rng_seed(2, 0);
    for (int M = 1; M <= 7; M++)
        for (int N = 1; N <= 70; N++) compare((Shape){ .M = M, .N = N, .K = 3, .lda = 3, .ldb = N, .ldc = N }, &rng);
}

TEST(more_than_one_cache_block) {
    Rng rng = rng_seed(3, 0);
    for (int transposes = 0; transposes < 4; transposes++) {
        Shape s = {
            .transpose_a = transposes & 1, .transpose_b = transposes >> 1, .M = 13, .N = 20, .K = 3205, .ldc = 20
        };
        s.lda = s.transpose_a ? s.M : s.K;
        s.ldb = s.transpose_b ? s.K : s.N;
        compare(s, &rng);
        Shape wide = {
            .transpose_a = transposes & 1, .transpose_b = transposes >> 1, .M = 7, .N = 4107, .K = 5, .ldc = 4107
        };
        wide.lda = wide.transpose_a ? wide.M : wide.K;
        wide.ldb = wide.transpose_b ? wide.K : wide.N;
        compare(wide, &rng);
        Shape tall = {
            .transpose_a = transposes & 1, .transpose_b = transposes >> 1, .M = 2391, .N = 10, .K = 5, .ldc = 10
        };
        tall.lda = tall.transpose_a ? tall.M : tall.K;
        tall.ldb = tall.transpose_b ? tall.K : tall.N;
        compare(tall, &rng);
    }
}

TEST(inner_size_0) {
    num c[6] = { 1, 2, 3, 4, 5, 6 };
    gemm(false, false, 2, 2, 0, NULL, 0, NULL, 2, true, c, 3);
    for (int i = 0; i < 6; i++) CHECK_NEAR(c[i], i + 1, 0);
    gemm(false, false, 2, 2, 0, NULL, 0, NULL, 2, false, c, 3);
    for (int i = 0; i < 6; i++) CHECK_NEAR(c[i], i % 3 == 2 ? i + 1 : 0, 0);
    gemm(false, false, 0, 2, 5, NULL, 5, c, 2, false, NULL, 2);
    gemm(false, false, 2, 0, 5, c, 5, NULL, 0, false, NULL, 0);
}

TEST(nan_stays_in_its_row) {
    num a[] = { 1, 2, (num)NAN, 1, (num)INFINITY, 1 }, b[] = { 1, 0, 1, 1 }, c[6];
    gemm(false, false, 3, 2, 2, a, 2, b, 2, false, c, 2);
    CHECK(c[0] == 3 && c[1] == 2 && isnan(c[2]) && isnan(c[3]) && isinf(c[4]) && isnan(c[5]), "%g %g %g %g %g %g",
          (double)c[0], (double)c[1], (double)c[2], (double)c[3], (double)c[4], (double)c[5]);
}

TEST(a_row_is_the_same_bits_in_any_batch) {
    enum { M = 50, N = 100, K = 3333 };
    Rng rng = rng_seed(4, 0);
    Arena arena = { 0 };
    num *a = numbers(&arena, &rng, M * K), *b = numbers(&arena, &rng, K * N);
    num *all = numbers(&arena, &rng, M * N), *one = numbers(&arena, &rng, 9 * N);
    for (int transpose_b = 0; transpose_b < 2; transpose_b++) {
        gemm(false, transpose_b, M, N, K, a, K, b, transpose_b ? K : N, false, all, N);
        for (int m = 0; m < M; m++) {
            int rows = m % 9 + 1 < M - m ? m % 9 + 1 : M - m;
            gemm(false, transpose_b, rows, N, K, a + m * K, K, b, transpose_b ? K : N, false, one, N);
            CHECK(!memcmp(one, all + m * N, (size_t)rows * N * sizeof(num)), "row %d alone differs", m);
        }
    }
    arena_free(&arena);
}

/* Few rows of a transposed matrix: the roles of A and B are swapped, in gemm.c. Many rows: they are not. */
TEST(few_rows_are_the_same_bits_as_among_many) {
    enum { ROWS_IN_ALL = 200, N = 131, K = 1601, TO = N + 2 };
    Rng rng = rng_seed(7, 0);
    Arena arena = { 0 };
    num *a = numbers(&arena, &rng, ROWS_IN_ALL * K), *b = numbers(&arena, &rng, N * K),
        *bias = numbers(&arena, &rng, N);
    num *start = numbers(&arena, &rng, ROWS_IN_ALL * TO), *all = numbers(&arena, &rng, ROWS_IN_ALL * TO);
    num *few = numbers(&arena, &rng, ROWS_IN_ALL * TO);
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        Gemm g = { false, true, accumulate, ROWS_IN_ALL, N,        accumulate ? K : 60, K, K, TO, a,
                   b,     bias, all,        NULL,        DTYPE_F32 };
        memcpy(all, start, ROWS_IN_ALL * TO * sizeof(num));
        gemm_run(g);
        g.c = few;
        for (g.M = 1; g.M <= ROWS_IN_ALL; g.M++) {
            size_t count = (size_t)g.M * TO;
            thread_set_count(1 + g.M % 3);
            memcpy(few, start, ROWS_IN_ALL * TO * sizeof(num));
            gemm_run(g);
            CHECK(!memcmp(few, all, count * sizeof(num)), "%d rows alone differ, accumulate %d", g.M, accumulate);
            CHECK(!memcmp(few + count, start + count, (ROWS_IN_ALL * TO - count) * sizeof(num)),
                  "%d rows: numbers after them are written", g.M);
        }
    }
    arena_free(&arena);
}

TEST(any_number_of_threads_gives_the_same_bits) {
    enum { M = 331, N = 290, K = 1777 };
    Rng rng = rng_seed(5, 0);
    Arena arena = { 0 };
    num *a = numbers(&arena, &rng, M * K), *b = numbers(&arena, &rng, K * N);
    num *c = numbers(&arena, &rng, M * N), *first = numbers(&arena, &rng, M * N);
    for (int transposes = 0; transposes < 4; transposes++)
        for (int threads = 1; threads <= 3; threads++) {
            thread_set_count(threads);
            gemm(transposes & 1, transposes >> 1, M, N, K, a, transposes & 1 ? M : K, b, transposes >> 1 ? K : N, false,
                 threads == 1 ? first : c, N);
            CHECK(threads == 1 || !memcmp(c, first, M * N * sizeof(num)), "%d threads, transposes %d", threads,
                  transposes);
        }
    arena_free(&arena);
}

typedef struct {
    const num *a, *b;
    num *c;
} Batch;

static void multiply_one(void *context, size_t begin, size_t end) {
    const Batch *v = context;
    for (size_t i = begin; i < end; i++)
        gemm(true, false, 70, 70, 70, v->a + i * 4900, 70, v->b, 70, false, v->c + i * 4900, 70);
}

TEST(products_inside_a_parallel_loop) {
    enum { PRODUCTS = 40 };
    Rng rng = rng_seed(6, 0);
    Arena arena = { 0 };
    Batch v = { numbers(&arena, &rng, PRODUCTS * 4900), numbers(&arena, &rng, 4900),
                numbers(&arena, &rng, PRODUCTS * 4900) };
    num *want = numbers(&arena, &rng, PRODUCTS * 4900);
    gemm(true, false, 70, 70, 70, v.a, 70, v.b, 70, false, want, 70);
    Batch serial = { v.a, v.b, want };
    multiply_one(&serial, 0, PRODUCTS);
    thread_set_count(3);
    parallel_for(PRODUCTS, 1, multiply_one, &v);
    CHECK(!memcmp(v.c, want, PRODUCTS * 4900 * sizeof(num)), "%s", "results differ");
    arena_free(&arena);
}

TEST(broken_contracts_stop) {
    num x[16] = { 0 };
    CHECK_STOPS(gemm(false, false, -1, 2, 2, x, 2, x, 2, false, x, 2), EXIT_CONTRACT, "M, N, K are -1, 2, 2");
    CHECK_STOPS(gemm(false, false, 2, 2, 3, x, 2, x, 2, false, x, 2), EXIT_CONTRACT, "lda is 2, want at least 3");
    CHECK_STOPS(gemm(true, false, 3, 2, 2, x, 2, x, 2, false, x, 2), EXIT_CONTRACT, "lda is 2, want at least 3");
    CHECK_STOPS(gemm(false, true, 2, 2, 3, x, 3, x, 2, false, x, 2), EXIT_CONTRACT, "ldb is 2, want at least 3");
    CHECK_STOPS(gemm(false, false, 2, 3, 2, x, 2, x, 3, false, x, 2), EXIT_CONTRACT, "ldc is 2, want at least 3");
}

TESTS(by_hand, random_small_shapes, every_tile_size, more_than_one_cache_block, inner_size_0, nan_stays_in_its_row,
      a_row_is_the_same_bits_in_any_batch, few_rows_are_the_same_bits_as_among_many,
      any_number_of_threads_gives_the_same_bits, products_inside_a_parallel_loop, broken_contracts_stop)
