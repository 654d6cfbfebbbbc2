/* softmax: from a row of scores to probabilities, and their cross-entropy. Plain functions without gradients.
 *
 *   z_i = scale x_i for a row x of n scores; scale is 1/tau for a temperature tau, and CLIP's logit scale exp(t).
 *   log sum_j exp(z_j) = m + log sum_j exp(z_j - m)  with  m = max_j z_j: no score is too large. Computed in double.
 *
 * Wants n >= 1. A score of -infinity has probability 0; at least one score must be finite. NaN in, NaN out. The unit is
 * the nat (natural logarithm): log 2 nats are a bit.
 */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "core/mat.h"

/* log sum_j exp(scale x_j) */
double log_sum_exp(const num *x, int n, double scale);
/* p_i = exp(scale x_i) / sum_j exp(scale x_j)          p may be x */
void softmax_row(const num *x, int n, double scale, num *p);

/* -log p_target, the cross-entropy of the row with the right answer: 0 if p_target is 1, log n if all scores are equal.
 * Accurate to the last digits also if p_target is close to 1. Stops unless 0 <= target < n. */
double cross_entropy_row(const num *x, int n, double scale, int target);
/* -sum_i p_i log p_i, with 0 log 0 = 0: the entropy of p, 0 to log n. */
double entropy_row(const num *p, int n);

/* (1/N) sum_i -log softmax(scale S_i)_i for the square S [N,N], N >= 1: the right answer of row i is column i. This is
 * one direction of the CLIP loss (Radford et al. 2021, Fig. 3); the other is the same of S^T. */
double cross_entropy_diagonal(Mat s, double scale);

#endif
