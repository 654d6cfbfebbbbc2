/* embedding_space: how unit vectors of pictures and of texts lie on the sphere. */
#ifndef EMBEDDING_SPACE_H
#define EMBEDDING_SPACE_H

#include "core/mat.h"

/* 1/N sum_i |x_i - y_i|^2: 0 where partners coincide, 2 - 2 cosine of each pair (Wang and Isola 2020, arXiv:2005.10242,
 * section 4.1, with the exponent 2). x, y [N,D], N >= 1. */
double space_alignment(Mat x, Mat y);
/* log of the mean of e^(-2 |x_i - x_j|^2) over i != j: 0 where all points coincide, lower where they are spread
 * (the same section, t = 2). x [N,D], N >= 2. */
double space_uniformity(Mat x);
/* |mean of the rows of x - mean of the rows of y|: the modality gap (Liang et al. 2022, arXiv:2203.02053).
 * x [M,D], y [N,D], M and N >= 1. */
double space_gap(Mat x, Mat y);
/* The area under the ROC curve: the probability that a random `right` score is larger than a random other one; equal
 * scores count half (Mann and Whitney 1947). right [n] of score [n], without NaN; NaN unless there are both kinds. */
double space_auc(const num *score, const bool *right, int n);

#endif
