#include "gemm.h"

static void shape_require(bool turn_a, bool turn_b, int M, int N, int K, int lda, int ldb, int ldc) {
    REQUIRE(M >= 0 && N >= 0 && K >= 0, "M, N, K are %d, %d, %d, want 0 or more", M, N, K);
    REQUIRE(lda >= (turn_a ? M : K), "lda is %d, want at least %d", lda, turn_a ? M : K);
    REQUIRE(ldb >= (turn_b ? K : N), "ldb is %d, want at least %d", ldb, turn_b ? K : N);
    REQUIRE(ldc >= N, "ldc is %d, want at least %d", ldc, N);
}

void gemm_plain(bool turn_a, bool turn_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc) {
    shape_require(turn_a, turn_b, M, N, K, lda, ldb, ldc);
    for (size_t m = 0; m < (size_t)M; m++)
        for (size_t n = 0; n < (size_t)N; n++) {
            num sum = 0;
            for (size_t k = 0; k < (size_t)K; k++)
                sum += (turn_a ? a[k * (size_t)lda + m] : a[m * (size_t)lda + k]) *
                       (turn_b ? b[n * (size_t)ldb + k] : b[k * (size_t)ldb + n]);
            num *to = c + m * (size_t)ldc + n;
            *to = accumulate ? *to + sum : sum;
        }
}

void gemm(bool turn_a, bool turn_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
          bool accumulate, num *c, int ldc) {
    gemm_plain(turn_a, turn_b, M, N, K, a, lda, b, ldb, accumulate, c, ldc);
}

double fma_peak(void) {
    double start = clock_seconds(), count = 0;
    volatile num x = 1;
    while (clock_seconds() - start < 0.1)
        for (int i = 0; i < 1000; i++) x = x * (num)0.5 + (num)0.5, count += 2;
    return count / (clock_seconds() - start) * 1e-9;
}
