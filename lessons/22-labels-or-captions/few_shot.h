/* few_shot: how good is a linear probe (linear_probe.h) that has seen k pictures of each class? The mean over draws of
 * the k, as in figure 6 of the CLIP paper (Radford et al. 2021, arXiv:2103.00020). */
#ifndef FEW_SHOT_H
#define FEW_SHOT_H

#include "evaluate/linear_probe.h"

/* Features and their labels: x [n,E], labels [n], each 0 .. classes-1. */
typedef struct {
    Mat x;
    const int *labels;
} Labelled;

typedef struct {
    double mean, low, high; /* of the draws: proportion of test pictures that are right */
} FewShot;

enum { FEW_SHOT_SIZES = 7, CLASSES_MAX = 10 };
int few_shot_size(int i); /* 1, 2, 4 ... 64 */

/* `draws` draws of `shots` pictures of each class from the pool, a probe for each, its answers for the test set. The
 * draws share the threads; the result does not depend on their number. Wants `shots` pictures of each class. */
FewShot few_shot_measure(Labelled pool, Labelled test, int classes, int shots, int draws, uint64_t seed);

/* The k at which the curve passes `text`, between two sizes along a straight line over log k (section 3.1.5 of the
 * paper): infinite if it stays below; 1 if its first point is not below. curve [FEW_SHOT_SIZES] */
double few_shot_crossing(const double *curve, double text);

#endif
