#include "formats/image.h"

#include <math.h>

Image image_new(Arena *arena, int width, int height) {
    REQUIRE(width >= 1 && height >= 1, "a picture of %d x %d, 1 x 1 at least was wanted", width, height);
    size_t pixels = size_mul((size_t)width, (size_t)height);
    return (Image){ .width = width, .height = height, .rgb = arena_alloc(arena, pixels, 3) };
}

void image_planes(const uint8_t *rgb, size_t pixels, uint8_t *planes) {
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < pixels; i++) planes[c * pixels + i] = rgb[3 * i + c];
}

/* ---- resizing: Pillow, src/libImaging/Resample.c ---------------------------------------------------------------- */

enum { WEIGHT_BITS = 22 }; /* Resample.c: 32 bits, less 8 of the sample, less 2 for the overshoot of the cubic */

/* Output sample i is the sum of input samples first, first + 1, ... times weight[start .. start + taps). */
typedef struct {
    int first, taps;
    size_t start;
} Tap;
typedef struct {
    int count;
    Tap *tap;
    int32_t *weight;
} Resampling;

/* `in` samples are resized to `out`; of these, samples offset .. offset + count - 1 are wanted. */
typedef struct {
    int in;
    long long out, offset;
    int count;
} Axis;

static double cubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* The weights of output sample i, in the order of operations of Resample.c: rounding depends on it. */
static Tap tap_make(const Axis *axis, int i, double *real, int32_t *weight) {
    double scale = (double)axis->in / (double)axis->out, stretch = MAX(scale, 1.0), support = 2 * stretch;
    double centre = ((double)(axis->offset + i) + 0.5) * scale, sum = 0;
    int first = MAX((int)(centre - support + 0.5), 0), end = MIN((int)(centre + support + 0.5), axis->in);
    for (int j = first; j < end; j++) {
        real[j - first] = cubic((j - centre + 0.5) * (1 / stretch));
        sum += real[j - first];
    }
    for (int j = first; j < end; j++) {
        double exact = real[j - first] / sum * (1 << WEIGHT_BITS);
        weight[j - first] = (int32_t)(exact < 0 ? exact - 0.5 : exact + 0.5);
    }
    return (Tap){ .first = first, .taps = end - first };
}

static Resampling resampling_make(Arena *arena, Axis axis) {
    double stretch = MAX((double)axis.in / (double)axis.out, 1.0);
    size_t max = (size_t)ceil(4 * stretch) + 2; /* taps of one sample */
    Resampling r = { .count = axis.count, .tap = arena_alloc(arena, (size_t)axis.count, sizeof *r.tap) };
    r.weight = arena_alloc(arena, size_mul(max, (size_t)axis.count), sizeof *r.weight);
    double *real = arena_alloc(arena, max, sizeof *real);
    for (int i = 0; i < axis.count; i++) {
        size_t start = (size_t)i * max;
        r.tap[i] = tap_make(&axis, i, real, r.weight + start);
        r.tap[i].start = start;
    }
    return r;
}

static uint8_t weight_round(int64_t sum) {
    sum += 1 << (WEIGHT_BITS - 1);
    return sum < 0 ? 0 : (uint8_t)MIN(sum >> WEIGHT_BITS, 255);
}

/* out[c] = round(sum_k weight[k] in[k stride + c]), k < taps, c < 3; the pixels are `stride` bytes apart. */
static void pixel_resample(const uint8_t *in, size_t stride, const int32_t *weight, int taps, uint8_t *out) {
    int64_t sum[3] = { 0 };
    for (int k = 0; k < taps; k++, in += stride)
        for (int c = 0; c < 3; c++) sum[c] += (int64_t)in[c] * weight[k];
    for (int c = 0; c < 3; c++) out[c] = weight_round(sum[c]);
}

static uint8_t *pixel_at(Image image, int x, int y) {
    return image.rgb + ((size_t)y * (size_t)image.width + (size_t)x) * 3;
}

/* Resizes along the rows (row y of `out` comes from row y + top of `in`) or, with `down`, along the columns (the first
 * row of `in` is row `top` of the picture). */
static void resample(Image in, int top, const Resampling *r, bool down, Image out) {
    size_t stride = down ? (size_t)in.width * 3 : 3;
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            Tap t = r->tap[down ? y : x];
            const uint8_t *first = down ? pixel_at(in, x, t.first - top) : pixel_at(in, t.first, y + top);
            pixel_resample(first, stride, r->weight + t.start, t.taps, pixel_at(out, x, y));
        }
}

/* Along the rows, then along the columns; only those rows that the second step needs. */
static Image resize_window(Arena *arena, Image image, Axis across, Axis down) {
    Arena scratch = { 0 };
    Resampling rows = resampling_make(&scratch, across), columns = resampling_make(&scratch, down);
    Tap last = columns.tap[columns.count - 1];
    int top = columns.tap[0].first;
    Image between = image_new(&scratch, rows.count, last.first + last.taps - top);
    resample(image, top, &rows, false, between);
    Image out = image_new(arena, rows.count, columns.count);
    resample(between, top, &columns, true, out);
    arena_free(&scratch);
    return out;
}

Image image_resize(Arena *arena, Image image, int width, int height) {
    REQUIRE(width >= 1 && height >= 1, "to %d x %d, 1 x 1 at least was wanted", width, height);
    return resize_window(arena, image, (Axis){ .in = image.width, .out = width, .count = width },
                         (Axis){ .in = image.height, .out = height, .count = height });
}

/* The margin is (out - side) / 2; a half is rounded to even, as in Python's round(). */
static Axis clip_axis(int in, int shorter, int side) {
    long long out = (long long)side * in / shorter, left = out - side, half = left / 2;
    return (Axis){ .in = in, .out = out, .offset = half + (left % 2 && half % 2), .count = side };
}

Image image_clip_crop(Arena *arena, Image image, int side) {
    REQUIRE(side >= 1, "a side of %d, 1 at least was wanted", side);
    int shorter = MIN(image.width, image.height);
    return resize_window(arena, image, clip_axis(image.width, shorter, side), clip_axis(image.height, shorter, side));
}
