/* one_dimension: diffusion of numbers from two Gaussians: the exact answer, and a small network that learns it. */
#ifndef ONE_DIMENSION_H
#define ONE_DIMENSION_H

#include "generation/diffusion.h"
#include "model/layer.h"

/* v = W3 gelu(W2 gelu(W1 [x, waves of t, class] + b1) + b2) + b3, 64 numbers wide. The class is one of two (1 in one of
 * two numbers), or not told (0 in both). Do not copy or move. */
typedef struct {
    Arena arena;
    Params params;
    Linear first, second, third;
} LineNet;

void line_net_init(LineNet *net, uint64_t seed);
void line_net_free(LineNet *net);

/* Trains on draws from the mixture, each with a random time, and its class told in four of five. After each step
 * after_step (NULL: not called) is told how many are done. */
void line_net_train(LineNet *net, const Mixture *m, int steps, uint64_t seed, void (*after_step)(void *, int),
                    void *context);

/* Which v a sampler uses. */
typedef struct {
    LineNet *net; /* NULL: the exact one */
    const Mixture *mixture;
    double guidance; /* towards class 1; 0: no class */
    int count;
} LineDenoiser;
void line_denoise(void *context, const num *x, double t, num *v);

/* Mean of (v - given)^2 over `count` draws of data, noise and time, without class: of the network, and of the exact
 * answer, below which no network can come. */
typedef struct {
    double net, exact;
} LineLoss;
LineLoss line_loss(LineNet *net, const Mixture *m, int count, uint64_t seed);

/* Root mean square of the difference between the network's score and the exact one at time t, over draws from the
 * density at t. The network's: - (sigma x + alpha v) / sigma. */
double line_score_error(LineNet *net, const Mixture *m, double t, int count, uint64_t seed);
/* The network's score at each x[i]. */
void line_scores(LineNet *net, double t, const num *x, int n, num *score);

/* Of n samples (sorted in place): mean and deviation, the fraction nearer to mean[1], and the distance from the exact
 * distribution (1-Wasserstein: the mean distance between samples of equal rank, to n exact quantiles). */
typedef struct {
    double mean, deviation, second, distance;
} LineSamples;
LineSamples line_samples(const Mixture *m, num *x, int n);

#endif
