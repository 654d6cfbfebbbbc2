/* Noise schedule, steps, and the exact score of two Gaussians, against closed forms; the one-dimensional network. */
#include "check.h"
#include "26-from-words-to-pictures/one_dimension.h"

#include <math.h>

static const Mixture two = { { -2, 1 }, 0.4, 2.0 / 3 };
static const double PI = 3.14159265358979323846;

TEST(the_schedule_is_the_shifted_cosine) {
    for (int i = 1; i < 20; i++) {
        double t = i / 20.0;
        NoiseLevel plain = noise_level(1, t), shifted = noise_level(4, t);
        CHECK_NEAR(plain.alpha, cos(PI * t / 2), 1e-15);
        CHECK_NEAR(plain.sigma, sin(PI * t / 2), 1e-15);
        CHECK_NEAR(shifted.alpha * shifted.alpha + shifted.sigma * shifted.sigma, 1, 1e-15);
        CHECK_NEAR(shifted.sigma / shifted.alpha, 4 * tan(PI * t / 2), 1e-12);
        double snr = log(shifted.alpha * shifted.alpha / (shifted.sigma * shifted.sigma));
        CHECK_NEAR(noise_log_snr(4, t), snr, 1e-12);
        CHECK_NEAR(noise_log_snr(4, t), noise_log_snr(1, t) - 2 * log(4), 1e-12);
    }
    NoiseLevel first = noise_level(4, 0), last = noise_level(4, 1);
    CHECK(first.alpha == 1 && first.sigma == 0 && last.alpha == 0 && last.sigma == 1, "%g %g %g %g", first.alpha,
          first.sigma, last.alpha, last.sigma);
    CHECK_STOPS(noise_level(1, 1.5), EXIT_CONTRACT, "time 1.5");
}

TEST(data_and_noise_follow_from_v) {
    const num data[] = { 0.5f, -2 }, e[] = { 1.25f, 0.75f };
    num x[2], v[2];
    NoiseLevel at = noise_level(3, 0.4);
    noise_add(at, data, e, 2, x, v);
    for (int i = 0; i < 2; i++) {
        CHECK_NEAR(at.alpha * (double)x[i] - at.sigma * (double)v[i], (double)data[i], 1e-6);
        CHECK_NEAR(at.sigma * (double)x[i] + at.alpha * (double)v[i], (double)e[i], 1e-6);
    }
}

/* DDIM with the true x_0 and e lands at alpha_s x_0 + sigma_s e. */
TEST(ddim_step_in_closed_form) {
    NoiseLevel from = noise_level(2, 0.7), to = noise_level(2, 0.6), end = noise_level(2, 0);
    double data = 0.8, e = -1.1, x = from.alpha * data + from.sigma * e, v = from.alpha * e - from.sigma * data;
    CHECK_NEAR(noise_step(from, to, x, v, 0, 99, 0), to.alpha * data + to.sigma * e, 1e-12);
    CHECK_NEAR(noise_step(from, end, x, v, 0, 99, 0), data, 1e-12);
    /* x_0 clamped to 0.5: the noise is what is left of x */
    double kept = (x - from.alpha * 0.5) / from.sigma;
    CHECK_NEAR(noise_step(from, to, x, v, 0, 0, 0.5), to.alpha * 0.5 + to.sigma * kept, 1e-12);
    CHECK_NEAR(noise_step(from, to, x, v, 0, 0, 5), to.alpha * data + to.sigma * e, 1e-12);
}
/* eta 1 is the posterior of Ho et al., eqs. 6 and 7, for one step: beta = 1 - alpha_t^2/alpha_s^2. */
TEST(ddpm_step_is_the_posterior) {
    NoiseLevel from = noise_level(2, 0.7), to = noise_level(2, 0.6);
    double data = 0.8, e = -1.1, x = from.alpha * data + from.sigma * e, v = from.alpha * e - from.sigma * data;
    double keep = pow(from.alpha / to.alpha, 2), beta = 1 - keep, t2 = from.sigma * from.sigma,
           s2 = to.sigma * to.sigma;
    double mean = to.alpha * beta / t2 * data + sqrt(keep) * s2 / t2 * x, deviation = sqrt(s2 / t2 * beta);
    for (int z = -1; z <= 1; z++) CHECK_NEAR(noise_step(from, to, x, v, 1, z, 0), mean + deviation * z, 1e-12);
}

TEST(score_of_two_gaussians) {
    for (int i = 0; i <= 30; i++) {
        double x = -4 + 8.0 * i / 30, h = 1e-4;
        for (int k = 1; k <= 10; k++) {
            NoiseLevel at = noise_level(1, k / 10.0);
            double up = log(mixture_density(&two, at, x + h)), down = log(mixture_density(&two, at, x - h));
            CHECK_NEAR(mixture_score(&two, at, x), (up - down) / (2 * h), 1e-5);
            double e = at.sigma * x + at.alpha * mixture_v(&two, at, x);
            CHECK_NEAR(-e / at.sigma, mixture_score(&two, at, x), 1e-9);
        }
    }
    Mixture one = { { -2, 1 }, 0.4, 1 }; /* alone, and wide data: - (x - alpha mean) / variance */
    NoiseLevel at = noise_level(1, 0.5);
    CHECK_NEAR(mixture_score(&one, at, 0.3), -(0.3 - at.alpha) / (at.alpha * at.alpha * 0.16 + at.sigma * at.sigma),
               1e-12);
    CHECK_NEAR(mixture_score(&two, at, 400), -(400 - at.alpha) / (at.alpha * at.alpha * 0.16 + at.sigma * at.sigma),
               1e-9);
}

/* By quadrature: the density integrates to 1 at any time. */
TEST(density_integrates_to_one) {
    for (int k = 0; k <= 4; k++) {
        double sum = 0;
        for (int i = -4000; i < 4000; i++) sum += mixture_density(&two, noise_level(1, k / 4.0), i / 400.0) / 400;
        CHECK_NEAR(sum, 1, 1e-9);
    }
}

static LineSamples sampled(int steps, double eta, double guidance, int n) {
    Arena arena = { 0 };
    num *x = arena_alloc(&arena, (size_t)n, sizeof *x);
    Rng *rng = arena_alloc(&arena, (size_t)n, sizeof *rng);
    for (int i = 0; i < n; i++) {
        rng[i] = rng_seed(3, (uint64_t)i);
        x[i] = (num)rng_normal(&rng[i]);
    }
    LineDenoiser denoiser = { NULL, &two, guidance, n };
    diffusion_sample(&(Sampling){ .shift = 1, .steps = steps, .eta = eta }, line_denoise, &denoiser, n, 1, x, rng);
    LineSamples s = line_samples(&two, x, n);
    arena_free(&arena);
    return s;
}
/* With the exact score and many steps both samplers give the mixture; with one step, its mean (t = 1: E x_0). */
TEST(exact_samples) {
    LineSamples ddim = sampled(100, 0, 0, 2000), ddpm = sampled(200, 1, 0, 2000), one = sampled(1, 0, 0, 100);
    CHECK(ddim.distance < 0.1 && fabs(ddim.second - 2.0 / 3) < 0.04, "%g, %g", ddim.distance, ddim.second);
    CHECK(ddpm.distance < 0.12 && fabs(ddpm.second - 2.0 / 3) < 0.04, "%g, %g", ddpm.distance, ddpm.second);
    CHECK_NEAR(one.mean, -2.0 / 3 + 2.0 / 3, 1e-6);
    CHECK_NEAR(one.deviation, 0, 1e-6);
    LineSamples told = sampled(50, 0, 1, 500), strong = sampled(50, 0, 4, 500);
    CHECK(fabs(told.mean - 1) < 0.05 && told.second > 0.999, "%g, %g", told.mean, told.second);
    CHECK(strong.mean > told.mean, "guidance 4: mean %g, guidance 1: %g", strong.mean, told.mean);
}
/* A short training comes near to the loss of the exact answer, and cannot be below it. */
TEST(network_learns_the_score) {
    LineNet net;
    line_net_init(&net, 1);
    double before = line_score_error(&net, &two, 0.5, 500, 1);
    line_net_train(&net, &two, 400, 1, NULL, NULL);
    LineLoss loss = line_loss(&net, &two, 4000, 5);
    double after = line_score_error(&net, &two, 0.5, 500, 1);
    CHECK(loss.net > 0.98 * loss.exact && loss.net < 1.3 * loss.exact, "loss %g, exact %g", loss.net, loss.exact);
    CHECK(after < before / 2, "score error %g, before %g", after, before);
    line_net_free(&net);
}

TESTS(the_schedule_is_the_shifted_cosine, data_and_noise_follow_from_v, ddim_step_in_closed_form,
      ddpm_step_is_the_posterior, score_of_two_gaussians, density_integrates_to_one, exact_samples,
      network_learns_the_score)
