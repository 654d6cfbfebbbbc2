#include "stroke_digits.h"
#include "core/thread.h"
#include "dataset/shapes.h"
#include "formats/image.h"

#include <math.h>

enum { SIDE = CIFAR_SIDE, POINTS = 14, STROKES = 2, FORMS = CIFAR_CLASSES };
static const double PI = 3.14159265358979323846;

/* Points in a box of 1 x 1, y down; strokes one after the other, each so many points. */
typedef struct {
    int count[STROKES];
    double at[POINTS][2];
} Form;

static const Form forms[FORMS] = {
    { { 9 },
      { { .5, 0 }, { .2, .15 }, { .1, .5 }, { .2, .85 }, { .5, 1 }, { .8, .85 }, { .9, .5 }, { .8, .15 }, { .5, 0 } } },
    { { 3 }, { { .3, .2 }, { .55, 0 }, { .55, 1 } } },
    { { 7 }, { { .1, .25 }, { .3, .03 }, { .65, .03 }, { .85, .25 }, { .7, .55 }, { .1, 1 }, { .9, 1 } } },
    { { 9 },
      { { .15, .1 },
        { .5, 0 },
        { .8, .2 },
        { .7, .42 },
        { .4, .48 },
        { .75, .55 },
        { .85, .8 },
        { .5, 1 },
        { .12, .9 } } },
    { { 3, 2 }, { { .6, 0 }, { .1, .65 }, { .95, .65 }, { .68, .35 }, { .68, 1 } } },
    { { 8 }, { { .85, 0 }, { .25, 0 }, { .18, .45 }, { .55, .38 }, { .85, .6 }, { .8, .88 }, { .5, 1 }, { .12, .9 } } },
    { { 9 },
      { { .75, .02 },
        { .35, .2 },
        { .14, .6 },
        { .2, .9 },
        { .5, 1 },
        { .82, .85 },
        { .82, .6 },
        { .5, .48 },
        { .17, .65 } } },
    { { 3 }, { { .1, 0 }, { .9, 0 }, { .4, 1 } } },
    { { 7, 7 },
      { { .5, .47 },
        { .2, .25 },
        { .35, .02 },
        { .65, .02 },
        { .8, .25 },
        { .5, .47 },
        { .5, .47 },
        { .5, .47 },
        { .12, .75 },
        { .3, .98 },
        { .7, .98 },
        { .88, .75 },
        { .5, .47 },
        { .5, .47 } } },
    { { 9 },
      { { .82, .35 },
        { .5, .52 },
        { .18, .4 },
        { .18, .15 },
        { .5, 0 },
        { .8, .12 },
        { .85, .4 },
        { .75, .75 },
        { .45, 1 } } },
};
static const char *const names[FORMS] = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"
};

static double between(Rng *rng, double low, double high) { return low + (high - low) * rng_uniform(rng); }

/* The points in pixels, moved, turned, sheared, stretched and shifted. */
static void distort(const Form *form, Rng *rng, double out[POINTS][2]) {
    double angle = between(rng, -12, 12) * PI / 180, shear = between(rng, -0.25, 0.25);
    double width = between(rng, 10, 17), height = between(rng, 16, 23);
    double x = SIDE / 2.0 + between(rng, -3.5, 3.5), y = SIDE / 2.0 + between(rng, -3, 3);
    for (int i = 0; i < form->count[0] + form->count[1]; i++) {
        double u = (form->at[i][0] - 0.5 + between(rng, -0.05, 0.05)) * width;
        double v = (form->at[i][1] - 0.5 + between(rng, -0.05, 0.05)) * height;
        u += shear * v;
        out[i][0] = x + cos(angle) * u - sin(angle) * v;
        out[i][1] = y + sin(angle) * u + cos(angle) * v;
    }
}

static double segment_distance(const double a[2], const double b[2], double x, double y) {
    double ex = b[0] - a[0], ey = b[1] - a[1], px = x - a[0], py = y - a[1], length = ex * ex + ey * ey;
    double t = length > 0 ? fmin(1, fmax(0, (px * ex + py * ey) / length)) : 0;
    return hypot(px - t * ex, py - t * ey);
}

static double pen_distance(const Form *form, double at[POINTS][2], double x, double y) {
    double least = INFINITY;
    for (int s = 0, first = 0; s < STROKES; first += form->count[s++])
        for (int i = 0; i + 1 < form->count[s]; i++)
            least = fmin(least, segment_distance(at[first + i], at[first + i + 1], x, y));
    return least;
}

static void digit_draw(Rng *rng, const Form *form, double *canvas, uint8_t *rgb) {
    double at[POINTS][2], colour[3], pen = between(rng, 0.6, 1.2), bright = rng_below(rng, 2) ? 1 : 0;
    canvas_background((Canvas){ SIDE, canvas }, rng);
    for (int c = 0; c < 3; c++) colour[c] = fabs(bright - between(rng, 0, 0.2));
    distort(form, rng, at);
    for (int h = 0; h < SIDE; h++)
        for (int w = 0; w < SIDE; w++) {
            double covered = fmin(1, fmax(0, pen + 0.5 - pen_distance(form, at, w + 0.5, h + 0.5)));
            double *pixel = canvas + 3 * (h * SIDE + w);
            for (int c = 0; c < 3; c++) pixel[c] += covered * (colour[c] - pixel[c]);
        }
    canvas_noise((Canvas){ SIDE, canvas }, rng, between(rng, 0.03, 0.1));
    canvas_bytes((Canvas){ SIDE, canvas }, rgb);
}

typedef struct {
    uint64_t seed;
    const uint8_t *labels;
    uint8_t *pixels;
} Drawing;

static void draw_range(void *context, size_t begin, size_t end) {
    const Drawing *drawing = context;
    double canvas[CIFAR_NUMBERS];
    uint8_t rgb[CIFAR_NUMBERS];
    for (size_t i = begin; i < end; i++) {
        Rng rng = rng_seed(drawing->seed, i);
        digit_draw(&rng, &forms[drawing->labels[i]], canvas, rgb);
        image_planes(rgb, SIDE * SIDE, drawing->pixels + i * CIFAR_NUMBERS);
    }
}

void digits_generate(Arena *arena, uint64_t seed, int n, Cifar *set) {
    REQUIRE(n > 0 && n % CIFAR_CLASSES == 0, "n is %d, want a positive multiple of %d", n, CIFAR_CLASSES);
    int *order = arena_alloc(arena, (size_t)n, sizeof *order);
    uint8_t *labels = arena_alloc(arena, (size_t)n, 1), *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS);
    Drawing drawing = { seed, labels, pixels };
    Rng rng = rng_seed(seed, UINT64_MAX);
    for (int i = 0; i < n; i++) order[i] = i;
    rng_shuffle(&rng, order, n);
    for (int i = 0; i < n; i++) labels[i] = (uint8_t)(order[i] % CIFAR_CLASSES);
    parallel_for((size_t)n, 50, draw_range, &drawing);
    *set = (Cifar){ .n = n, .pixels = pixels, .labels = labels, .names = names, .generated = true };
}
