/* softmax: from a row of scores to probabilities, and what a wrong belief costs. Plain functions, no gradients.
 *
 * A row x holds n scores; `scale` multiplies every one of them first. It is 1/tau for a temperature tau, and CLIP's
 * exp(t). Everything is computed in double and shifted by the largest score, so no score is too large:
 *
 *   log sum_j exp(z_j)  =  m + log sum_j exp(z_j - m)        z = scale x,  m = max_j z_j
 *
 * All of them want n >= 1. A score of -infinity is a choice that is ruled out (probability 0); at least one score must
 * be finite. NaN in, NaN out. Nothing is allocated. Logarithms are natural: the unit is the nat; log 2 nats are a bit.
 */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "core/mat.h"

/* log sum_j exp(scale x_j) */
double log_sum_exp(const num *x, int n, double scale);

/* p_i = exp(scale x_i) / sum_j exp(scale x_j)          p may be x itself */
void softmax_row(const num *x, int n, double scale, num *p);

/* log p_i = scale x_i - log sum_j exp(scale x_j)       log_p may be x itself */
void log_softmax_row(const num *x, int n, double scale, num *log_p);

/* -log p_target: what it costs to have given the truth only p_target. 0 when certain and right, log n when all scores
 * are equal. Stops unless 0 <= target < n. Right to the last digits also where p_target is next to 1. */
double cross_entropy_row(const num *x, int n, double scale, int target);

/* -sum_i p_i log p_i, with 0 log 0 = 0: how undecided p is. 0 to log n. */
double entropy_row(const num *p, int n);

/* (1/N) sum_i -log softmax(scale S_i)_i: every row i of the square S must find its partner, column i. One direction of
 * the CLIP loss (Radford et al. 2021, Fig. 3); the other is the same of S^T. Shape S [N,N], N >= 1. */
double cross_entropy_diagonal(Mat s, double scale);

#endif
