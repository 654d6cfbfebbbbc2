#include "pixel_gradient.h"
#include "dataset/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, AT_ONCE = 100 };

/* Standard deviation of the noise that ascent starts from. On an even grey all units of a small ReLU network may be
 * off: then the gradient is 0. */
static const double START = 0.5;

PixelScale pixels_photograph(void) {
    PixelScale scale;
    memcpy(scale.mean, cifar_mean, sizeof scale.mean);
    memcpy(scale.deviation, cifar_deviation, sizeof scale.deviation);
    return scale;
}
PixelScale pixels_scene(void) { return (PixelScale){ { 0.48, 0.48, 0.48 }, { 0.25, 0.25, 0.25 } }; }

void pixels_to_bytes(const PixelScale *scale, const num *pixels, size_t count, uint8_t *rgb) {
    for (size_t i = 0; i < count; i++) {
        double value = (double)pixels[i] * scale->deviation[i % CHANNELS] + scale->mean[i % CHANNELS];
        rgb[i] = (uint8_t)(255 * fmin(1, fmax(0, value)) + 0.5);
    }
}
void pixels_from_bytes(const PixelScale *scale, const uint8_t *rgb, size_t count, num *pixels) {
    for (size_t i = 0; i < count; i++)
        pixels[i] = (num)((rgb[i] / 255.0 - scale->mean[i % CHANNELS]) / scale->deviation[i % CHANNELS]);
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* Rows first .. first + n of m, of any shape. */
static Mat rows_of(Mat m, int first, int n) {
    size_t each = m.shape[0] ? mat_count(m) / (size_t)m.shape[0] : 0;
    m.shape[0] = n;
    m.v += (size_t)first * each;
    return m;
}

typedef struct {
    Tape tape;
    Var pixels, image; /* the leaf; its unit vectors [n,E] */
} Pass;

static void pass_forward(Pass *pass, Clip *clip, Mat pixels) {
    tape_reset(&pass->tape);
    pass->tape.keep_grads = true;
    pass->pixels = tape_leaf(&pass->tape, pixels);
    pass->image = op_l2norm(&pass->tape, image_tower(&pass->tape, &clip->image, pass->pixels));
}

/* Copies the gradient of the pixels, and forgets those of the weights, which the same pass has made. */
static void pass_take(const Pass *pass, Clip *clip, Mat gradient) {
    memcpy(gradient.v, pass->pixels->grad, mat_count(gradient) * sizeof(num));
    params_zero_grad(&clip->params);
}

/* sum_b I_b . T_b has the gradient T_b with respect to I_b, and no picture changes another's I. */
Mat cosine_gradient(Clip *clip, Arena *arena, Mat pixels, Mat texts, double *cosine) {
    Mat gradient = mat_like(arena, pixels);
    Pass pass = { .image = NULL };
    for (int i = 0; i < pixels.shape[0]; i += AT_ONCE) {
        int n = MIN(AT_ONCE, pixels.shape[0] - i);
        pass_forward(&pass, clip, rows_of(pixels, i, n));
        for (int b = 0; cosine && b < n; b++)
            cosine[i + b] = vec_dot(&AT(pass.image->val, b, 0), &AT(texts, i + b, 0), texts.shape[1]);
        tape_backward_from(&pass.tape, pass.image, &AT(texts, i, 0));
        pass_take(&pass, clip, rows_of(gradient, i, n));
    }
    tape_free(&pass.tape);
    return gradient;
}

Mat loss_gradient(Clip *clip, Arena *arena, Mat pixels, Mat classes, const int *label) {
    Mat gradient = mat_like(arena, pixels);
    Pass pass = { .image = NULL };
    double scale = exp((double)clip->logit_scale->val.v[0]);
    for (int i = 0; i < pixels.shape[0]; i += AT_ONCE) {
        int n = MIN(AT_ONCE, pixels.shape[0] - i);
        pass_forward(&pass, clip, rows_of(pixels, i, n));
        Var cosines = op_linear(&pass.tape, pass.image, tape_data(&pass.tape, classes), NULL);
        Var loss = op_cross_entropy_labels(&pass.tape, op_scale(&pass.tape, cosines, scale), label + i);
        tape_backward(&pass.tape, op_scale(&pass.tape, loss, n));
        pass_take(&pass, clip, rows_of(gradient, i, n));
    }
    tape_free(&pass.tape);
    return gradient;
}

/* ---- the smallest change that turns the answer ------------------------------------------------------------------- */

void turn_picture(const uint8_t *rgb, size_t count, const num *sign, int k, uint8_t *changed) {
    for (size_t i = 0; i < count; i++) {
        int step = sign[i] > 0 ? k : sign[i] < 0 ? -k : 0;
        changed[i] = (uint8_t)MIN(255, MAX(0, rgb[i] + step));
    }
}

/* Whether the answer to each of n changed pictures is another one than label. */
static void are_turned(Clip *clip, Mat pixels, Mat classes, const int *label, bool *turned) {
    Tape t = { .no_grad = true };
    Mat image = clip_image(&t, clip, pixels)->val;
    for (int b = 0; b < pixels.shape[0]; b++) {
        double own = vec_dot(&AT(image, b, 0), &AT(classes, label[b], 0), classes.shape[1]);
        turned[b] = false;
        for (int c = 0; c < classes.shape[0]; c++)
            turned[b] |= vec_dot(&AT(image, b, 0), &AT(classes, c, 0), classes.shape[1]) > own;
    }
    tape_free(&t);
}

/* Those that are not yet turned are tried with the next step, together. */
void least_turn(Clip *clip, const PixelScale *scale, const uint8_t *rgb, int n, int side, Mat classes, const int *label,
                const num *sign, int *least) {
    Arena arena = { 0 };
    size_t each = (size_t)(side * side * CHANNELS);
    int *left = arena_alloc(&arena, (size_t)n, sizeof *left), *labels = arena_alloc(&arena, (size_t)n, sizeof *labels);
    bool *turned = arena_alloc(&arena, (size_t)n, sizeof *turned);
    uint8_t *changed = arena_alloc(&arena, each, 1);
    Mat pixels = mat_like(&arena, mat_shape(4, n, side, side, CHANNELS));
    int count = n;
    for (int i = 0; i < n; i++) {
        left[i] = i;
        least[i] = TURN_MAX + 1;
    }
    for (int k = 1; k <= TURN_MAX && count; k++) {
        for (int i = 0; i < count; i++) {
            turn_picture(rgb + (size_t)left[i] * each, each, sign + (size_t)left[i] * each, k, changed);
            pixels_from_bytes(scale, changed, each, pixels.v + (size_t)i * each);
            labels[i] = label[left[i]];
        }
        are_turned(clip, rows_of(pixels, 0, count), classes, labels, turned);
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (turned[i]) least[left[i]] = k;
            else left[kept++] = left[i];
        count = kept;
    }
    arena_free(&arena);
}

/* ---- pixels from a caption --------------------------------------------------------------------------------------- */

/* x += smooth (mean of the neighbours - x); a pixel at the border has fewer neighbours. */
static void smooth_picture(num *x, const num *before, int side, double smooth) {
    for (int i = 0; i < side * side * CHANNELS; i++) {
        int c = i % CHANNELS, column = i / CHANNELS % side, row = i / CHANNELS / side, neighbours = 0;
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            int r = row + (k == 0) - (k == 1), s = column + (k == 2) - (k == 3);
            if (r < 0 || r >= side || s < 0 || s >= side) continue;
            sum += (double)before[(r * side + s) * CHANNELS + c];
            neighbours++;
        }
        x[i] = (num)((double)before[i] + smooth * (sum / neighbours - (double)before[i]));
    }
}

static void clamp_picture(const PixelScale *scale, num *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double m = scale->mean[i % CHANNELS], d = scale->deviation[i % CHANNELS];
        x[i] = (num)fmin((1 - m) / d, fmax(-m / d, (double)x[i]));
    }
}

Mat ascend(Clip *clip, Arena *arena, const PixelScale *scale, Mat text, const Ascent *how, double *trace) {
    Mat x = mat_like(arena, mat_shape(4, 1, how->side, how->side, CHANNELS));
    size_t count = mat_count(x);
    Rng rng = rng_seed(how->seed, 0);
    double cosine = 0;
    Arena work = { 0 };
    for (size_t i = 0; i < count; i++) x.v[i] = (num)(START * rng_normal(&rng));
    for (int step = 0; step <= how->steps; step++) {
        Mat g = cosine_gradient(clip, &work, x, text, &cosine);
        if (trace) trace[step] = cosine;
        if (step < how->steps) {
            double length = fmax(1e-12, vec_norm(g.v, (int)count)) / sqrt((double)count);
            double left = 1 - (double)step / how->steps, rate = how->rate * left;
            for (size_t i = 0; i < count; i++) g.v[i] = (num)((double)x.v[i] + rate * (double)g.v[i] / length);
            if (how->smooth > 0) smooth_picture(x.v, g.v, how->side, how->smooth * left);
            else memcpy(x.v, g.v, count * sizeof(num));
            clamp_picture(scale, x.v, count);
        }
        arena_reset(&work);
    }
    arena_free(&work);
    return x;
}

static void add_difference(const uint8_t *rgb, int i, int k, double *sum, int *pairs) {
    *sum += abs(rgb[i] - rgb[k]);
    ++*pairs;
}
double roughness(const uint8_t *rgb, int side) {
    double sum = 0;
    int pairs = 0;
    for (int i = 0; i < side * side * CHANNELS; i++) {
        int right = i + CHANNELS, below = i + side * CHANNELS;
        if (i / CHANNELS % side < side - 1) add_difference(rgb, i, right, &sum, &pairs);
        if (below < side * side * CHANNELS) add_difference(rgb, i, below, &sum, &pairs);
    }
    return sum / pairs;
}
