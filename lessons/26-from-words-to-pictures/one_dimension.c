#include "one_dimension.h"
#include "generation/unet.h"
#include "training/optim.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 64, CLASSES = 2, INPUTS = 1 + UNET_WAVES + CLASSES, BATCH = 256 };
static const double RATE = 1e-2, TOLD = 0.8;

void line_net_init(LineNet *net, uint64_t seed) {
    *net = (LineNet){ .params = { .count = 0 } };
    Rng rng = rng_seed(seed, 0);
    net->params.arena = &net->arena;
    net->first = linear_add(&net->params, "first", INPUTS, WIDTH, &rng);
    net->second = linear_add(&net->params, "second", WIDTH, WIDTH, &rng);
    net->third = linear_add(&net->params, "third", WIDTH, 1, &rng);
}
void line_net_free(LineNet *net) { arena_free(&net->arena); }

/* One row of inputs; label -1: the class is not told. */
static void inputs_row(num x, double t, int label, num *row) {
    row[0] = x;
    unet_waves(t, row + 1);
    for (int k = 0; k < CLASSES; k++) row[1 + UNET_WAVES + k] = k == label;
}
/* inputs [B,INPUTS] -> v [B,1] */
static Var line_net(Tape *tape, LineNet *net, Mat inputs) {
    Var h = op_gelu(tape, linear(tape, &net->first, tape_data(tape, inputs)));
    return linear(tape, &net->third, op_gelu(tape, linear(tape, &net->second, h)));
}

/* A draw: its time, x_t, v, and the class it came from. */
typedef struct {
    double t;
    int label;
    num x, v;
} Draw;
static Draw draw(const Mixture *m, Rng *rng) {
    Draw d = { .t = rng_uniform(rng) };
    d.label = rng_uniform(rng) < m->weight;
    num data = (num)(m->mean[d.label] + m->deviation * rng_normal(rng)), e = (num)rng_normal(rng);
    noise_add(noise_level(1, d.t), &data, &e, 1, &d.x, &d.v);
    return d;
}

void line_net_train(LineNet *net, const Mixture *m, int steps, uint64_t seed, void (*after_step)(void *, int),
                    void *context) {
    Tape tape = { .training = true };
    Optim optim;
    const OptimGroup group = { .rule = OPTIM_ADAMW, .lr = RATE };
    optim_init(&optim, &net->params, &group, 1);
    for (int step = 0; step < steps; step++) {
        tape_reset(&tape);
        Rng rng = rng_seed(seed, (uint64_t)step);
        Mat inputs = mat_new(&tape.arena, BATCH, INPUTS), target = mat_new(&tape.arena, BATCH, 1);
        for (int b = 0; b < BATCH; b++) {
            Draw d = draw(m, &rng);
            inputs_row(d.x, d.t, rng_uniform(&rng) < TOLD ? d.label : -1, &AT(inputs, b, 0));
            target.v[b] = d.v;
        }
        tape_backward(&tape, op_mean_square(&tape, line_net(&tape, net, inputs), target));
        optim_step(&optim, schedule_factor(SCHEDULE_COSINE, step, steps, steps / 20));
        if (after_step) after_step(context, step + 1);
    }
    optim_free(&optim);
    tape_free(&tape);
}

/* v of the network at n places, all with the same class, times given. */
static void evaluate(LineNet *net, const num *x, const double *t, int n, int label, num *v) {
    Tape tape = { .no_grad = true };
    Mat inputs = mat_new(&tape.arena, n, INPUTS);
    for (int i = 0; i < n; i++) inputs_row(x[i], t[i], label, &AT(inputs, i, 0));
    const Mat out = line_net(&tape, net, inputs)->val;
    for (int i = 0; i < n; i++) v[i] = out.v[i];
    tape_free(&tape);
}

void line_denoise(void *context, const num *x, double t, num *v) {
    const LineDenoiser *s = context;
    Arena arena = { 0 };
    int n = s->count;
    NoiseLevel at = noise_level(1, t);
    Mixture told = *s->mixture;
    told.weight = 1;
    num *with = arena_alloc(&arena, (size_t)n, sizeof *with);
    double *times = arena_alloc(&arena, (size_t)n, sizeof *times);
    for (int i = 0; i < n; i++) {
        times[i] = t;
        v[i] = (num)mixture_v(s->mixture, at, (double)x[i]);
        with[i] = (num)mixture_v(&told, at, (double)x[i]);
    }
    if (s->net) {
        evaluate(s->net, x, times, n, -1, v);
        evaluate(s->net, x, times, n, 1, with);
    }
    for (int i = 0; i < n; i++) v[i] = (num)guided((double)v[i], (double)with[i], s->guidance);
    arena_free(&arena);
}

LineLoss line_loss(LineNet *net, const Mixture *m, int count, uint64_t seed) {
    Arena arena = { 0 };
    LineLoss loss = { 0, 0 };
    num *x = arena_alloc(&arena, (size_t)count, sizeof *x), *v = arena_alloc(&arena, (size_t)count, sizeof *v);
    num *guess = arena_alloc(&arena, (size_t)count, sizeof *guess);
    double *t = arena_alloc(&arena, (size_t)count, sizeof *t);
    Rng rng = rng_seed(seed, 1);
    for (int i = 0; i < count; i++) {
        Draw d = draw(m, &rng);
        x[i] = d.x;
        v[i] = d.v;
        t[i] = d.t;
    }
    evaluate(net, x, t, count, -1, guess);
    for (int i = 0; i < count; i++) {
        double exact = mixture_v(m, noise_level(1, t[i]), (double)x[i]);
        loss.net += pow((double)(guess[i] - v[i]), 2) / count;
        loss.exact += pow(exact - (double)v[i], 2) / count;
    }
    arena_free(&arena);
    return loss;
}

void line_scores(LineNet *net, double t, const num *x, int n, num *score) {
    Arena arena = { 0 };
    NoiseLevel at = noise_level(1, t);
    double *times = arena_alloc(&arena, (size_t)n, sizeof *times);
    for (int i = 0; i < n; i++) times[i] = t;
    evaluate(net, x, times, n, -1, score);
    for (int i = 0; i < n; i++) score[i] = (num)(-(at.sigma * (double)x[i] + at.alpha * (double)score[i]) / at.sigma);
    arena_free(&arena);
}

double line_score_error(LineNet *net, const Mixture *m, double t, int count, uint64_t seed) {
    Arena arena = { 0 };
    NoiseLevel at = noise_level(1, t);
    num *x = arena_alloc(&arena, (size_t)count, sizeof *x), *score = arena_alloc(&arena, (size_t)count, sizeof *score);
    Rng rng = rng_seed(seed, 2);
    double sum = 0;
    for (int i = 0; i < count; i++) x[i] = (num)(at.alpha * mixture_draw(m, &rng) + at.sigma * rng_normal(&rng));
    line_scores(net, t, x, count, score);
    for (int i = 0; i < count; i++) sum += pow((double)score[i] - mixture_score(m, at, (double)x[i]), 2);
    arena_free(&arena);
    return sqrt(sum / count);
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    num x = *(const num *)a, y = *(const num *)b;
    return (x > y) - (x < y);
}
/* The fraction of the mixture below x. */
static double below(const Mixture *m, double x) {
    double sum = 0;
    for (int k = 0; k < 2; k++)
        sum += (k ? m->weight : 1 - m->weight) * 0.5 * erfc(-(x - m->mean[k]) / (m->deviation * sqrt(2)));
    return sum;
}
/* The x with that fraction below it, by bisection. */
static double quantile(const Mixture *m, double fraction) {
    double low = fmin(m->mean[0], m->mean[1]) - 10 * m->deviation,
           high = fmax(m->mean[0], m->mean[1]) + 10 * m->deviation;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (below(m, middle) < fraction) low = middle;
        else high = middle;
    }
    return low;
}

LineSamples line_samples(const Mixture *m, num *x, int n) {
    LineSamples s = { .mean = 0 };
    qsort(x, (size_t)n, sizeof *x, compare);
    for (int i = 0; i < n; i++) {
        s.mean += (double)x[i] / n;
        s.second += (fabs((double)x[i] - m->mean[1]) < fabs((double)x[i] - m->mean[0])) / (double)n;
        s.distance += fabs((double)x[i] - quantile(m, (i + 0.5) / n)) / n;
    }
    for (int i = 0; i < n; i++) s.deviation += pow((double)x[i] - s.mean, 2) / n;
    s.deviation = sqrt(s.deviation);
    return s;
}
