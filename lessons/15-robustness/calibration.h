/* calibration: does a classifier that says "80 %" mean it? Of its answers given with 80 % confidence, 80 of 100 should be
 * right (Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, arXiv:1706.04599).
 *
 * Scores are cosines [n,C]; p = softmax(scale * scores), the answer is the most probable class, its p the confidence.
 */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include "core/mat.h"

enum { CALIBRATION_BINS = 15 };

/* Answers whose confidence lies in ((m-1)/15, m/15]: how many, and their mean confidence and share of right ones (both 0
 * where there are none). */
typedef struct {
    int count;
    double confidence, right;
} CalibrationBin;

typedef struct {
    CalibrationBin bin[CALIBRATION_BINS];
    int n;
    double confidence, right; /* of all answers */
    double ece;               /* sum over bins of count / n * |right - confidence|  (the paper, eq. 3) */
    double loss;              /* mean of - log p[truth], in nats */
} Calibration;

/* scores [n,C], n, C >= 1, finite; truth[i] in 0..C-1; scale > 0. Of equal scores the lowest class is the answer. */
Calibration calibration_measure(Mat scores, const int *truth, double scale);

/* The scale with the least loss on these examples, from 0.01 to 10000: temperature scaling (the paper, section 4.2). The
 * loss is convex in the scale, so halving an interval finds it. No answer changes, only how sure it is. */
double calibration_scale(Mat scores, const int *truth);

#endif
