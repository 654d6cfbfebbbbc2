/* diffusion: noise that is added to data, and removed again step by step, forwards in closed form.
 *
 *   x_t = alpha x_0 + sigma e        e normal, alpha^2 + sigma^2 = 1; time t in 0..1: 0 is data, 1 is noise alone
 *   (Ho et al. 2020, arXiv:2006.11239, eq. 4; alpha^2 is their alpha-bar)
 *   sigma / alpha = shift tan(pi t / 2)
 *   With shift 1 this is the cosine schedule (Nichol and Dhariwal 2021, arXiv:2102.09672, section 3.2, without its
 *   small offset); larger shifts give more noise at the same t (Hoogeboom et al. 2023, arXiv:2301.11093, section 2.1).
 *
 * A network is trained to give v = alpha e - sigma x_0, from which both parts follow (Salimans and Ho 2022,
 * arXiv:2202.00512, appendix D):
 *   x_0 = alpha x_t - sigma v        e = sigma x_t + alpha v        score of the density at t = - e / sigma
 *
 * Steps go from time t to an earlier s (Song et al. 2020, arXiv:2010.02502, eqs. 12 and 16):
 *   x_s = alpha_s x_0 + sqrt(sigma_s^2 - d^2) e + d z, z normal, d = eta sigma_s/sigma_t sqrt(1 - alpha_t^2/alpha_s^2)
 *   eta 0 is DDIM: no new noise. eta 1 is DDPM: the posterior q(x_s | x_t, x_0) of Ho et al., eqs. 6 and 7. */
#ifndef DIFFUSION_H
#define DIFFUSION_H

#include "core/mat.h"

typedef struct {
    double alpha, sigma;
} NoiseLevel;

/* At time t in 0..1; wants shift > 0. At 1: alpha is 0. */
NoiseLevel noise_level(double shift, double t);
/* log(alpha^2 / sigma^2), the logarithm of the signal-to-noise ratio: -2 log(shift tan(pi t / 2)). */
double noise_log_snr(double shift, double t);

/* x_t and v of n numbers, from data and noise e. */
void noise_add(NoiseLevel at, const num *data, const num *e, size_t n, num *x, num *v);
/* One number of a step: from x at `from`, with the network's v there, to `to`; z normal (not used at eta 0). x_0 is
 * clamped to +-limit first (0: not clamped). */
double noise_step(NoiseLevel from, NoiseLevel to, double x, double v, double eta, double z, double limit);

/* Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598, eq. 6, whose w is this one minus 1): 0 ignores the
 * condition, 1 is the network with its condition, more exaggerates the difference. */
double guided(double without, double with, double guidance);

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

/* v at time t of B samples of n numbers each: x, v [B,n]. */
typedef void Denoiser(void *context, const num *x, double t, num *v);

typedef struct {
    double shift;
    int steps;    /* times 1, (steps-1)/steps ... 0 */
    double eta;   /* 0 DDIM, 1 DDPM */
    double limit; /* of x_0; 0: none */
    /* After each step: steps done, x, and the x_0 that it was made from; NULL: not called. */
    void (*after_step)(void *context, int done, const num *x, const num *clean);
    void *context; /* of after_step */
} Sampling;

/* From noise x [B,n] to samples, in place. Sample b draws its new noise from its own rng[b] (eta 0: NULL is allowed),
 * so it is the same in any batch. */
void diffusion_sample(const Sampling *how, Denoiser *denoiser, void *context, int B, int n, num *x, Rng *rng);

/* ---- two Gaussians ----------------------------------------------------------------------------------------------- */

/* Data on a line: with probability `weight` from N(mean[1], deviation^2), else from N(mean[0], deviation^2). At time t
 * component k is N(alpha mean[k], alpha^2 deviation^2 + sigma^2). weight 0 or 1: one of them alone. */
typedef struct {
    double mean[2], deviation, weight;
} Mixture;

/* One number of the data; moves rng on. */
double mixture_draw(const Mixture *m, Rng *rng);
/* The density of x_t = x: sum_k p_k N(x; alpha mean[k], alpha^2 deviation^2 + sigma^2), p_1 = weight. */
double mixture_density(const Mixture *m, NoiseLevel at, double x);
/* d/dx log density, in closed form; and the v that belongs to it: e = -sigma score, v = (e - sigma x) / alpha.
 * Computed without division by alpha: finite at t = 1. */
double mixture_score(const Mixture *m, NoiseLevel at, double x);
double mixture_v(const Mixture *m, NoiseLevel at, double x);

#endif
