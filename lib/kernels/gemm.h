/* gemm: the matrix product, fast (gemm) and readable (gemm_plain).
 *
 *   C = op(A) op(B)     or, with `accumulate`,     C = C + op(A) op(B)         op(X) is X, or X^T when turned
 *
 * Shapes  op(A) [M,K], op(B) [K,N], C [M,N], all row after row; lda, ldb and ldc are the distances between the rows of
 *         A, B and C as they lie in memory: at least their length (A is [M,K], or [K,M] when turned; B likewise).
 * Wants   sizes of 0 or more (K = 0 is a product of zeros); C apart from A and B; any alignment of a num.
 * Stops   when a size is negative or a row distance is shorter than its row.
 * Memory  none beyond thread_scratch: a caller that keeps something there loses it.
 *
 * Row m of C depends on row m of op(A) and on B alone, in one order of summation that M and the number of threads do
 * not change: the same row gives the same bits in any batch.
 */
#ifndef GEMM_H
#define GEMM_H

#include "kernels/weight_view.h"

void gemm(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
          bool accumulate, num *c, int ldc);

/* The same as three loops: what to read first, and what the tests hold gemm against. */
void gemm_plain(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc);

/* The same with all there is: a bias [N] added to every row of C (NULL: none), and a B that lies in a weights file
 * (stored not NULL: its first number; b is not looked at, ldb counts numbers), widened on its way into the kernel. */
typedef struct {
    bool transpose_a, transpose_b, accumulate;
    int M, N, K;
    const num *a, *b, *bias;
    const uint8_t *b_bytes;
    Dtype b_dtype;
    num *c;
    int lda, ldb, ldc;
} Gemm;
/* The product, on all threads; the same bits for any number of them. */
void gemm_run(Gemm g);

/* The most this thread can do, in GFLOP/s, measured for about a tenth of a second: multiply-adds on registers alone. */
double fma_peak(void);

#endif
