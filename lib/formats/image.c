#include "formats/image.h"

#include "formats/png.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

Image image_new(Arena *arena, int width, int height) {
    REQUIRE(width >= 1 && height >= 1, "a picture of %d x %d, 1 x 1 at least was wanted", width, height);
    size_t pixels = size_mul((size_t)width, (size_t)height);
    return (Image){ .width = width, .height = height, .rgb = arena_alloc(arena, pixels, 3) };
}

/* ---- PPM and PGM (netpbm's ppm and pgm manual pages) ----------------------------------------------------------- */

typedef struct {
    const char *name;
    File file;
    size_t at;
    Err *err;
    int width, height, max, samples; /* most: the value of full brightness; samples: 3, or 1 for grey */
    bool text;
} Ppm;

static bool ppm_fail(const Ppm *ppm, const char *format, ...) PRINTF_LIKE(2, 3);
static bool ppm_fail(const Ppm *ppm, const char *format, ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(ppm->err, "%s: byte %zu: %s", ppm->name, ppm->at, what);
}

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* White space, and comments from # to the end of their line. */
static void ppm_skip(Ppm *ppm) {
    bool comment = false;
    for (; ppm->at < ppm->file.size; ppm->at++) {
        uint8_t c = ppm->file.data[ppm->at];
        if (c == '#') comment = true;
        else if (c == '\n' || c == '\r') comment = false;
        else if (!comment && !is_blank(c)) return;
    }
}

/* A whole number 0 .. most. */
static bool ppm_number(Ppm *ppm, const char *what, int max, int *number) {
    ppm_skip(ppm);
    size_t digits = 0;
    long long value = 0;
    for (; ppm->at + digits < ppm->file.size && value <= max; digits++) {
        uint8_t c = ppm->file.data[ppm->at + digits];
        if (c < '0' || c > '9') break;
        value = value * 10 + (c - '0');
    }
    if (ppm->at == ppm->file.size) return ppm_fail(ppm, "the file ends here, %s was wanted", what);
    if (digits == 0)
        return ppm_fail(ppm, "%s was wanted, a number, and the byte %02x came", what, ppm->file.data[ppm->at]);
    if (value > max) return ppm_fail(ppm, "%s is %lld or more, %d is the most", what, value, max);
    ppm->at += digits;
    *number = (int)value;
    return true;
}

static bool ppm_header(Ppm *ppm) {
    char kind = (char)ppm->file.data[1];
    ppm->text = kind < '5';
    ppm->samples = kind == '3' || kind == '6' ? 3 : 1;
    ppm->at = 2;
    if (!ppm_number(ppm, "the width", IMAGE_PIXELS_MAX, &ppm->width) ||
        !ppm_number(ppm, "the height", IMAGE_PIXELS_MAX, &ppm->height) ||
        !ppm_number(ppm, "the largest value", 65535, &ppm->max))
        return false;
    if (ppm->width == 0 || ppm->height == 0 || ppm->max == 0)
        return ppm_fail(ppm, "%d x %d pixels with values to %d, nothing may be 0", ppm->width, ppm->height, ppm->max);
    if ((int64_t)ppm->width * ppm->height > IMAGE_PIXELS_MAX)
        return ppm_fail(ppm, "%d x %d pixels, %d pixels are the most", ppm->width, ppm->height, IMAGE_PIXELS_MAX);
    if (ppm->at == ppm->file.size || !is_blank(ppm->file.data[ppm->at]))
        return ppm_fail(ppm, "one white space was wanted after the largest value");
    ppm->at++;
    return true;
}

static bool ppm_sample(Ppm *ppm, int *value) {
    if (ppm->text) return ppm_number(ppm, "a value", ppm->max, value);
    const uint8_t *p = ppm->file.data + ppm->at;
    *value = ppm->max > 255 ? p[0] << 8 | p[1] : p[0];
    if (*value > ppm->max) return ppm_fail(ppm, "the value %d came, %d is the largest", *value, ppm->max);
    ppm->at += ppm->max > 255 ? 2 : 1;
    return true;
}

static bool ppm_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    Ppm ppm = { .name = name, .file = file, .err = err };
    if (!ppm_header(&ppm)) return false;
    size_t samples = (size_t)ppm.width * (size_t)ppm.height * (size_t)ppm.samples, left = file.size - ppm.at;
    size_t least = ppm.text ? 2 * samples - 1 : ppm.max > 255 ? 2 * samples : samples; /* as text: digit, space, ... */
    if (left < least)
        return ppm_fail(&ppm,
                        "%zu bytes are left, %zu are the least for %d x %d pixels; the file was cut, fetch it "
                        "again",
                        left, least, ppm.width, ppm.height);
    Image picture = image_new(arena, ppm.width, ppm.height);
    int repeat = 3 / ppm.samples, value = 0;
    for (size_t i = 0; i < samples; i++) {
        if (!ppm_sample(&ppm, &value)) return false;
        memset(picture.rgb + i * (size_t)repeat, (value * 255 + ppm.max / 2) / ppm.max, (size_t)repeat);
    }
    *image = picture;
    return true;
}

static bool ppm_write(const char *path, Image image, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "P6\n%d %d\n255\n", image.width, image.height);
    out_write(&out, image.rgb, (size_t)image.width * (size_t)image.height * 3);
    return out_commit(&out, err);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static bool begins(File file, const char *text, size_t length) {
    return file.size >= length && !memcmp(file.data, text, length);
}

bool image_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    static const char wanted[] = "a PNG, PPM or PGM picture was wanted";
    if (file.size == 0) return err_set(err, "%s: byte 0: the file is empty, %s", name, wanted);
    if (begins(file, (const char *)png_signature, 4)) return png_decode(arena, name, file, image, err);
    if (file.size >= 2 && file.data[0] == 'P' && memchr("2356", file.data[1], 4))
        return ppm_decode(arena, name, file, image, err);
    const char *kind = begins(file, "\xff\xd8\xff", 3) ? "JPEG"
                       : begins(file, "GIF8", 4)       ? "GIF"
                       : begins(file, "RIFF", 4)       ? "WebP"
                                                       : NULL;
    if (kind)
        return err_set(err, "%s: byte 0: this is a %s file, %s; a picture program can save it as PNG", name, kind,
                       wanted);
    return err_set(err, "%s: byte 0: the file begins with %02x %02x, %s", name, file.data[0],
                   file.size > 1 ? file.data[1] : 0, wanted);
}

bool image_read(Arena *arena, const char *path, Image *image, Err *err) {
    File file;
    if (!file_open(&file, path, err)) return false;
    bool ok = image_decode(arena, path, file, image, err);
    file_close(&file);
    return ok;
}

bool image_write(const char *path, Image image, Err *err) {
    size_t length = strlen(path);
    bool ppm = length >= 4 && !strcmp(path + length - 4, ".ppm");
    return ppm ? ppm_write(path, image, err) : png_write(path, image, err);
}

/* ---- cutting and resizing -------------------------------------------------------------------------------------- */

Image image_crop(Arena *arena, Image image, int left, int top, int width, int height) {
    REQUIRE(left >= 0 && top >= 0 && width <= image.width - left && height <= image.height - top,
            "a window of %d x %d at %d,%d in a picture of %d x %d", width, height, left, top, image.width,
            image.height);
    Image window = image_new(arena, width, height);
    size_t bytes = (size_t)width * 3, stride = (size_t)image.width * 3;
    const uint8_t *from = image.rgb + (size_t)top * stride + (size_t)left * 3;
    for (int y = 0; y < height; y++) memcpy(window.rgb + (size_t)y * bytes, from + (size_t)y * stride, bytes);
    return window;
}

enum { WEIGHT_BITS = 22 }; /* Resample.c: 32 bits, less 8 of the sample, less 2 for the overshoot of the cubic */

/* How each of `count` output samples is made: weight[start .. start + taps) on input samples first, first + 1, ... */
typedef struct {
    int first, taps;
    size_t start;
} Tap;
typedef struct {
    int count;
    Tap *tap;
    int32_t *weight;
} Resampling;

/* Samples offset .. offset + count - 1 of those that `in` samples become when resized to `out`. */
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

/* The weights of one output sample, in the order of operations of Resample.c, since sums of doubles depend on it. */
static Tap tap_make(const Axis *axis, int i, double *real, int32_t *weight) {
    double scale = (double)axis->in / (double)axis->out, stretch = MAX(scale, 1.0), support = 2 * stretch;
    double centre = ((double)(axis->offset + i) + 0.5) * scale, sum = 0;
    int first = MAX((int)(centre - support + 0.5), 0), end = MIN((int)(centre + support + 0.5), axis->in);
    for (int j = first; j < end; j++) sum += real[j - first] = cubic((j - centre + 0.5) * (1 / stretch));
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

/* One output pixel: `taps` input pixels, `stride` bytes apart. */
static void pixel_resample(const uint8_t *in, size_t stride, const int32_t *weight, int taps, uint8_t *out) {
    int64_t sum[3] = { 0 };
    for (int k = 0; k < taps; k++, in += stride)
        for (int c = 0; c < 3; c++) sum[c] += (int64_t)in[c] * weight[k];
    for (int c = 0; c < 3; c++) out[c] = weight_round(sum[c]);
}

static uint8_t *pixel_at(Image image, int x, int y) {
    return image.rgb + ((size_t)y * (size_t)image.width + (size_t)x) * 3;
}

/* Row y of `out` is made of row top + y of `in`. */
static void resample_rows(Image in, int top, const Resampling *r, Image out) {
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            Tap t = r->tap[x];
            pixel_resample(pixel_at(in, t.first, top + y), 3, r->weight + t.start, t.taps, pixel_at(out, x, y));
        }
}

/* `in` begins with what the weights call row `top`. */
static void resample_columns(Image in, int top, const Resampling *r, Image out) {
    size_t stride = (size_t)in.width * 3;
    for (int y = 0; y < out.height; y++) {
        Tap t = r->tap[y];
        for (int x = 0; x < out.width; x++)
            pixel_resample(pixel_at(in, x, t.first - top), stride, r->weight + t.start, t.taps, pixel_at(out, x, y));
    }
}

/* Direction the rows, then along the columns; of the rows only those that the second step looks at. */
static Image resize_window(Arena *arena, Image image, Axis across, Axis down) {
    Arena scratch = { 0 };
    Resampling rows = resampling_make(&scratch, across), columns = resampling_make(&scratch, down);
    Tap last = columns.tap[columns.count - 1];
    int top = columns.tap[0].first;
    Image between = image_new(&scratch, rows.count, last.first + last.taps - top);
    resample_rows(image, top, &rows, between);
    Image out = image_new(arena, rows.count, columns.count);
    resample_columns(between, top, &columns, out);
    arena_free(&scratch);
    return out;
}

Image image_resize(Arena *arena, Image image, int width, int height) {
    REQUIRE(width >= 1 && height >= 1, "to %d x %d, 1 x 1 at least was wanted", width, height);
    return resize_window(arena, image, (Axis){ .in = image.width, .out = width, .count = width },
                         (Axis){ .in = image.height, .out = height, .count = height });
}

/* The margin before the window: half of what is left over, a half rounded to even as Python's round() does. */
static Axis clip_axis(int in, int shorter, int side) {
    long long out = (long long)side * in / shorter, left = out - side, half = left / 2;
    return (Axis){ .in = in, .out = out, .offset = half + (left % 2 && half % 2), .count = side };
}

Image image_clip_crop(Arena *arena, Image image, int side) {
    REQUIRE(side >= 1, "a side of %d, 1 at least was wanted", side);
    int shorter = MIN(image.width, image.height);
    return resize_window(arena, image, clip_axis(image.width, shorter, side), clip_axis(image.height, shorter, side));
}
