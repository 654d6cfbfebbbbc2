/* hardest_negative: one pair of a batch, and the negative that is closest to it. */
#ifndef HARDEST_NEGATIVE_H
#define HARDEST_NEGATIVE_H

#include "core/mat.h"

typedef struct {
    double positive;       /* s[i,i] */
    int hardest;           /* the column j != i with the largest cosine; of equals the first */
    double negative;       /* s[i,hardest] */
    double margin;         /* positive - negative; below 0 the answer is wrong */
    double p, loss;        /* p = softmax(scale s[i])_i, loss = -log p in nats */
    double hardest_weight; /* p_j / (1 - p), j = hardest: its part in the gradient that the negatives share */
} ClipPair;

/* Image i of a batch: s [N,N], N >= 2, cosines, row i an image, column i its text; `scale` the logit scale. */
ClipPair clip_pair(Mat s, int i, double scale);

#endif
