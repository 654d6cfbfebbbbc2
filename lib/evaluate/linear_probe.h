/* linear_probe: logistic regression on frozen features, as CLIP is measured (Radford et al. 2021, section 3.2). With
 * few pictures of each class: few-shot learning (figure 6 there).
 *
 *   z = x W^T + b      L = 1/n sum_i -log softmax(z_i)[label_i] + decay/2 |W|^2      by L-BFGS (lbfgs.h) from 0
 *   dL/dz_i = (softmax(z_i) - onehot(label_i)) / n      dL/dW = dz^T x + decay W      dL/db = sum_i dz_i
 */
#ifndef LINEAR_PROBE_H
#define LINEAR_PROBE_H

#include "core/mat.h"

typedef struct {
    Mat weight;            /* [C,D] */
    num *bias;             /* [C] */
    double loss, gradient; /* at the end: L, and the largest number of its gradient */
    int steps;
    bool converged;
} LinearProbe;

/* What is learnt from: x [n,D] and labels [n], each 0 .. classes-1. */
typedef struct {
    Mat x;
    const int *labels;
    int classes;
    double decay;
} ProbeData;

/* L in nats and, into gradient [C D + C], its gradient, at w [C D + C]: the rows of W, then b. */
double linear_probe_loss(const ProbeData *data, const double *w, double *gradient);

/* The minimum. Wants n >= 1, classes >= 2 and decay > 0, which makes it unique but for a constant in b. Owner: the
 * arena. */
LinearProbe linear_probe_fit(const ProbeData *data, Arena *arena);

/* z: the scores [m,C] of features x [m,D]. On the arena. */
Mat linear_probe_scores(const LinearProbe *probe, Arena *arena, Mat x);

#endif
