#include "generation/diffusion.h"
#include "core/thread.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

NoiseLevel noise_level(double shift, double t) {
    REQUIRE(shift > 0 && t >= 0 && t <= 1, "shift is %g, time %g, want a shift above 0 and a time in 0 to 1", shift, t);
    double a = cos(PI * t / 2), b = shift * sin(PI * t / 2), length = hypot(a, b);
    if (t >= 1) a = 0;
    return (NoiseLevel){ a / length, b / length };
}
double noise_log_snr(double shift, double t) { return -2 * log(shift * tan(PI * t / 2)); }

/* x = alpha data + sigma e      v = alpha e - sigma data */
void noise_add(NoiseLevel at, const num *data, const num *e, size_t n, num *x, num *v) {
    num alpha = (num)at.alpha, sigma = (num)at.sigma;
    for (size_t i = 0; i < n; i++) {
        x[i] = alpha * data[i] + sigma * e[i];
        v[i] = alpha * e[i] - sigma * data[i];
    }
}

static double clamp(double x, double limit) { return limit > 0 ? fmax(-limit, fmin(limit, x)) : x; }

double noise_step(NoiseLevel from, NoiseLevel to, double x, double v, double eta, double z, double limit) {
    double clean = from.alpha * x - from.sigma * v, kept = clamp(clean, limit);
    double e = kept == clean ? from.sigma * x + from.alpha * v : (x - from.alpha * kept) / from.sigma;
    double ratio = from.alpha / to.alpha;
    double fresh = eta * to.sigma / from.sigma * sqrt(fmax(0, 1 - ratio * ratio));
    return to.alpha * kept + sqrt(fmax(0, to.sigma * to.sigma - fresh * fresh)) * e + fresh * z;
}

double guided(double without, double with, double guidance) { return without + guidance * (with - without); }

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const Sampling *how;
    NoiseLevel from, to;
    int n;
    const num *v;
    num *x, *clean;
    Rng *rng;
} Step;

static void step_samples(void *context, size_t begin, size_t end) {
    const Step *s = context;
    for (size_t b = begin; b < end; b++)
        for (size_t i = b * (size_t)s->n; i < (b + 1) * (size_t)s->n; i++) {
            double x = (double)s->x[i], v = (double)s->v[i], eta = s->how->eta;
            s->clean[i] = (num)clamp(s->from.alpha * x - s->from.sigma * v, s->how->limit);
            s->x[i] = (num)noise_step(s->from, s->to, x, v, eta, eta > 0 ? rng_normal(&s->rng[b]) : 0, s->how->limit);
        }
}

void diffusion_sample(const Sampling *how, Denoiser *denoiser, void *context, int B, int n, num *x, Rng *rng) {
    Arena arena = { 0 };
    size_t count = (size_t)B * (size_t)n;
    num *v = arena_alloc(&arena, count, sizeof(num)), *clean = arena_alloc(&arena, count, sizeof(num));
    REQUIRE(how->steps >= 1 && (how->eta == 0 || rng), "%d steps, eta %g: want at least 1, and random numbers for eta",
            how->steps, how->eta);
    for (int k = how->steps; k > 0; k--) {
        double from = (double)k / how->steps, to = (double)(k - 1) / how->steps;
        denoiser(context, x, from, v);
        Step step = { how, noise_level(how->shift, from), noise_level(how->shift, to), n, v, x, clean, rng };
        parallel_for((size_t)B, 8, step_samples, &step);
        if (how->after_step) how->after_step(how->context, how->steps - k + 1, x, clean);
    }
    arena_free(&arena);
}

/* ---- two Gaussians ----------------------------------------------------------------------------------------------- */

double mixture_draw(const Mixture *m, Rng *rng) {
    int k = rng_uniform(rng) < m->weight;
    return m->mean[k] + m->deviation * rng_normal(rng);
}

/* The densities of both components at x, times their weights. */
static double components(const Mixture *m, NoiseLevel at, double x, double part[2], double *variance) {
    *variance = at.alpha * at.alpha * m->deviation * m->deviation + at.sigma * at.sigma;
    for (int k = 0; k < 2; k++) {
        double z = x - at.alpha * m->mean[k];
        part[k] = (k ? m->weight : 1 - m->weight) * exp(-z * z / (2 * *variance)) / sqrt(2 * PI * *variance);
    }
    return part[0] + part[1];
}
double mixture_density(const Mixture *m, NoiseLevel at, double x) {
    double part[2], variance;
    return components(m, at, x, part, &variance);
}

/* The mean of the component that x belongs to: sum_k p(k | x) mean_k. p(1 | x) is the logistic function of the
 * difference of the logarithms, which does not underflow far from both. */
static double expected_mean(const Mixture *m, NoiseLevel at, double x, double variance) {
    if (m->weight <= 0 || m->weight >= 1) return m->mean[m->weight >= 1];
    double z0 = x - at.alpha * m->mean[0], z1 = x - at.alpha * m->mean[1];
    double odds = log(m->weight / (1 - m->weight)) + (z0 * z0 - z1 * z1) / (2 * variance);
    double p = 1 / (1 + exp(-odds));
    return (1 - p) * m->mean[0] + p * m->mean[1];
}
double mixture_score(const Mixture *m, NoiseLevel at, double x) {
    double variance = at.alpha * at.alpha * m->deviation * m->deviation + at.sigma * at.sigma;
    return (at.alpha * expected_mean(m, at, x, variance) - x) / variance;
}
/* v = alpha E[e | x] - sigma E[x_0 | x]. With mu = sum_k p(k | x) mean_k, q = deviation^2, s = alpha^2 q + sigma^2:
 * E[e] = sigma (x - alpha mu) / s      E[x_0] = mu + alpha q (x - alpha mu) / s */
double mixture_v(const Mixture *m, NoiseLevel at, double x) {
    double q = m->deviation * m->deviation, variance = at.alpha * at.alpha * q + at.sigma * at.sigma;
    double mu = expected_mean(m, at, x, variance), rest = (x - at.alpha * mu) / variance;
    return at.alpha * at.sigma * rest - at.sigma * (mu + at.alpha * q * rest);
}
