#include "dataset/corruption.h"
#include "core/rng.h"
#include "core/thread.h"

#include <math.h>
#include <string.h>

enum { SIDE = CIFAR_SIDE };

typedef double Picture[SIDE][SIDE][3];

/* The nearest row or column of the picture. */
static int within(int i) { return i < 0 ? 0 : i >= SIDE ? SIDE - 1 : i; }

static void noise(Picture x, double deviation, Rng *rng) {
    for (int i = 0; i < CIFAR_NUMBERS; i++) (&x[0][0][0])[i] += deviation * rng_normal(rng);
}

static void salt(Picture x, double fraction, Rng *rng) {
    for (int i = 0; i < SIDE * SIDE; i++) {
        double u = rng_uniform(rng), white = rng_below(rng, 2);
        for (int c = 0; c < 3 && u < fraction; c++) x[i / SIDE][i % SIDE][c] = white;
    }
}

/* Blurs the rows and transposes, twice. */
static void blur(Picture x, double deviation, Rng *rng) {
    (void)rng;
    enum { REACH = 7 };
    double weight[2 * REACH + 1], sum = 0;
    for (int i = -REACH; i <= REACH; i++) {
        weight[i + REACH] = exp(-i * i / (2 * deviation * deviation));
        sum += weight[i + REACH];
    }
    for (int pass = 0; pass < 2; pass++) {
        Picture y = { { { 0 } } };
        for (int h = 0; h < SIDE; h++)
            for (int w = 0; w < SIDE; w++)
                for (int i = -REACH; i <= REACH; i++)
                    for (int c = 0; c < 3; c++) y[w][h][c] += weight[i + REACH] / sum * x[h][within(w + i)][c];
        memcpy(x, y, sizeof y);
    }
}

static void pixelate(Picture x, double block, Rng *rng) {
    (void)rng;
    int size = (int)block;
    for (int top = 0; top < SIDE; top += size)
        for (int left = 0; left < SIDE; left += size) {
            int bottom = MIN(SIDE, top + size), right = MIN(SIDE, left + size);
            for (int c = 0; c < 3; c++) {
                double mean = 0;
                for (int h = top; h < bottom; h++)
                    for (int w = left; w < right; w++) mean += x[h][w][c] / ((bottom - top) * (right - left));
                for (int h = top; h < bottom; h++)
                    for (int w = left; w < right; w++) x[h][w][c] = mean;
            }
        }
}

static void contrast(Picture x, double factor, Rng *rng) {
    (void)rng;
    double mean[3] = { 0 }, *v = &x[0][0][0];
    for (int i = 0; i < CIFAR_NUMBERS; i++) mean[i % 3] += v[i] / (SIDE * SIDE);
    for (int i = 0; i < CIFAR_NUMBERS; i++) v[i] = mean[i % 3] + factor * (v[i] - mean[i % 3]);
}

static void brightness(Picture x, double amount, Rng *rng) {
    (void)rng;
    for (int i = 0; i < CIFAR_NUMBERS; i++) (&x[0][0][0])[i] += amount;
}

static void occlude(Picture x, double side, Rng *rng) {
    int size = (int)side, room = SIDE - size + 1;
    int top = (int)(rng_uniform(rng) * room), left = (int)(rng_uniform(rng) * room);
    for (int h = top; h < top + size; h++)
        for (int w = left; w < left + size; w++)
            for (int c = 0; c < 3; c++) x[h][w][c] = 0.5;
}

static void rotate(Picture x, double degrees, Rng *rng) {
    double angle = degrees * 3.14159265358979323846 / 180 * (rng_below(rng, 2) ? 1 : -1), middle = (SIDE - 1) / 2.0;
    Picture y;
    for (int h = 0; h < SIDE; h++)
        for (int w = 0; w < SIDE; w++) {
            double v = middle + cos(angle) * (h - middle) - sin(angle) * (w - middle);
            double u = middle + sin(angle) * (h - middle) + cos(angle) * (w - middle);
            int top = (int)floor(v), left = (int)floor(u);
            for (int c = 0; c < 3; c++) {
                double a = x[within(top)][within(left)][c], b = x[within(top)][within(left + 1)][c];
                double d = x[within(top + 1)][within(left)][c], e = x[within(top + 1)][within(left + 1)][c];
                y[h][w][c] = (1 - (v - top)) * (a + (u - left) * (b - a)) + (v - top) * (d + (u - left) * (e - d));
            }
        }
    memcpy(x, y, sizeof y);
}

static const struct {
    const char *name;
    double amount[CORRUPT_STRENGTHS];
    void (*apply)(Picture x, double amount, Rng *rng);
} kinds[CORRUPT_KINDS] = {
    [CORRUPT_NOISE] = { "noise", { 0.04, 0.08, 0.12, 0.18, 0.26 }, noise },
    [CORRUPT_SALT] = { "salt", { 0.02, 0.05, 0.10, 0.18, 0.30 }, salt },
    [CORRUPT_BLUR] = { "blur", { 0.5, 0.8, 1.1, 1.5, 2.2 }, blur },
    [CORRUPT_PIXELATE] = { "pixelate", { 2, 3, 4, 6, 8 }, pixelate },
    [CORRUPT_CONTRAST] = { "contrast", { 0.70, 0.50, 0.35, 0.22, 0.12 }, contrast },
    [CORRUPT_BRIGHTNESS] = { "brightness", { 0.1, 0.2, 0.3, 0.4, 0.5 }, brightness },
    [CORRUPT_OCCLUDE] = { "occlude", { 6, 10, 14, 18, 22 }, occlude },
    [CORRUPT_ROTATE] = { "rotate", { 6, 12, 20, 30, 45 }, rotate },
};

const char *corrupt_name(Corruption kind) {
    REQUIRE((unsigned)kind < CORRUPT_KINDS, "kind is %d, want 0 to %d", (int)kind, CORRUPT_KINDS - 1);
    return kinds[kind].name;
}

void corrupt_picture(Corrupt how, int index, const uint8_t rgb[CIFAR_NUMBERS], uint8_t out[CIFAR_NUMBERS]) {
    REQUIRE((unsigned)how.kind < CORRUPT_KINDS, "kind is %d, want 0 to %d", (int)how.kind, CORRUPT_KINDS - 1);
    REQUIRE(0 <= how.strength && how.strength <= CORRUPT_STRENGTHS, "strength is %d, want 0 to %d", how.strength,
            CORRUPT_STRENGTHS);
    REQUIRE(index >= 0, "index is %d, want 0 or more", index);
    Picture x;
    double *v = &x[0][0][0];
    Rng rng = rng_seed(how.seed ^ 0x636f7272757074u, (uint64_t)how.kind << 32 | (uint32_t)index);
    for (int i = 0; i < CIFAR_NUMBERS; i++) v[i] = rgb[i] / 255.0;
    if (how.strength > 0) kinds[how.kind].apply(x, kinds[how.kind].amount[how.strength - 1], &rng);
    for (int i = 0; i < CIFAR_NUMBERS; i++) out[i] = (uint8_t)(255 * fmin(1, fmax(0, v[i])) + 0.5);
}

typedef struct {
    const Cifar *set;
    Corrupt how;
    uint8_t *records;
} Work;

static void corrupt_range(void *context, size_t begin, size_t end) {
    const Work *work = context;
    uint8_t rgb[CIFAR_NUMBERS], changed[CIFAR_NUMBERS], record[CIFAR_RECORD];
    for (size_t i = begin; i < end; i++) {
        cifar_picture(work->set, (int)i, rgb);
        corrupt_picture(work->how, (int)i, rgb, changed);
        cifar_record(changed, 0, record);
        memcpy(work->records + i * CIFAR_NUMBERS, record + 1, CIFAR_NUMBERS);
    }
}

Cifar corrupt_set(Arena *arena, const Cifar *set, int n, Corrupt how) {
    REQUIRE(0 <= n && n <= set->n, "n is %d, want 0 to %d", n, set->n);
    Cifar part = *set;
    Work work = { set, how, arena_alloc(arena, (size_t)n, CIFAR_NUMBERS) };
    parallel_for((size_t)n, 16, corrupt_range, &work);
    part.n = n;
    part.pixels = work.records;
    return part;
}
