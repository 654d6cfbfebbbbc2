/* gemm: the matrix product.
 *
 *   C = op(A) op(B)     or, with `accumulate`,     C = C + op(A) op(B)         op(X) is X, or X^T if transposed
 *
 * Shapes  op(A) [M,K], op(B) [K,N], C [M,N], row-major; lda, ldb and ldc are the distances between the rows of A, B and
 *         C in memory: at least their length (A is [M,K], or [K,M] if transposed; B likewise).
 * Wants   sizes of 0 or more (K = 0 is a product of zeros); C does not overlap A or B; any alignment of a num.
 * Stops   if a size is negative or a row distance is shorter than its row (REQUIRE).
 * Memory  thread_scratch only.
 *
 * Row m of C depends on row m of op(A) and on B only, summed in an order that M and the number of threads do not
 * change: the same row gives the same bits in any batch.
 */
#ifndef GEMM_H
#define GEMM_H

#include "kernels/weight_view.h"

void gemm(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
          bool accumulate, num *c, int ldc);

/* The same, with a bias [N] that is added to every row of C (NULL: none), and with a B in a weights file: if b_bytes is
 * not NULL, its first number is there, in format b_dtype; b is not read, ldb counts numbers. */
typedef struct {
    bool transpose_a, transpose_b, accumulate;
    int M, N, K, lda, ldb, ldc;
    const num *a, *b, *bias;
    num *c;
    const uint8_t *b_bytes;
    Dtype b_dtype;
} Gemm;
/* C = op(A) op(B) + bias, or C = C + op(A) op(B) + bias. Wants and stops as gemm. */
void gemm_run(Gemm g);

#endif
