/* calibration: are 80 of 100 answers with a confidence of 80 % correct? (Guo, Pleiss, Sun and Weinberger, "On
 * calibration of modern neural networks", ICML 2017, arXiv:1706.04599)
 *   p = softmax(scale * scores), scores [n,C] cosines; the answer is the class with the largest p, the confidence */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include "core/mat.h"

enum { CALIBRATION_BINS = 15 };

/* Answers with a confidence in ((m-1)/15, m/15]: their number, mean confidence and accuracy (0 without answers). */
typedef struct {
    int count;
    double confidence, right;
} CalibrationBin;

typedef struct {
    CalibrationBin bin[CALIBRATION_BINS];
    int n;
    double confidence, right; /* of all answers */
    double ece;               /* sum over bins of count / n * |right - confidence|  (eq. 3) */
    double loss;              /* mean of - log p[truth], in nats */
} Calibration;

/* Wants n, C >= 1, finite scores, truth[i] in 0..C-1 and scale > 0. Of equal scores the lowest class is the answer. */
Calibration calibration_measure(Mat scores, const int *truth, double scale);

/* Temperature scaling (section 4.2): the scale from 0.01 to 10000 with the least loss on these examples. The loss is
 * convex in the scale, so bisection finds it. Answers stay, confidences change. */
double calibration_scale(Mat scores, const int *truth);

#endif
