/* reference: the fast kernels again, as plain loops. Read these first; the tests compare the fast ones with them.
 * Equation, shapes and conditions: see the fast function of the same name in gemm.h, conv.h, attention.h and vecmath.h.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "kernels/attention.h"
#include "kernels/conv.h"

void gemm_plain(bool transpose_a, bool transpose_b, int M, int N, int K, const num *a, int lda, const num *b, int ldb,
                bool accumulate, num *c, int ldc);

/* A convolution and its two gradients (conv.h). */
void conv_forward_plain(ConvShape s, const num *x, const num *weight, const num *bias, num *y);
void conv_backward_data_plain(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);
void conv_backward_weight_plain(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);
/* Computed in double. attend_row_plain: p [T] = row i of P, head h, sequence b; returns log sum_j e^(S_ij). */
double attend_row_plain(AttentionShape s, const num *qkv, int b, int h, int i, double *p);
void attend_forward_plain(AttentionShape s, const num *qkv, num *out, num *log_sum);
void attend_backward_plain(AttentionShape s, AttentionFlow flow);
void attend_cross_forward_plain(AttentionShape s, const num *q, const num *kv, num *out, num *log_sum);
void attend_cross_backward_plain(AttentionShape s, CrossAttentionFlow flow); /* wants dq and dkv */
/* Computed in double, with exp and erfc of libm. */
void vec_exp_plain(const num *x, num *y, size_t n);
void vec_gelu_plain(const num *x, num *y, size_t n);
void vec_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n);
void vec_quick_gelu_plain(const num *x, num *y, size_t n);
void vec_quick_gelu_backward_plain(const num *x, const num *dy, bool accumulate, num *dx, size_t n);
/* By bfloat_narrow and dtype_widen (dtype.h), number by number. */
void vec_round_bfloat_plain(const num *x, num *y, size_t n);

#endif
