/* The figures of single kernels, and the roofline. */
#include "figures.h"
#include "measure.h"
#include "core/mat.h"
#include "core/thread.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "show/plot.h"

#include <math.h>
#include <string.h>

/* ---- the limits -------------------------------------------------------------------------------------------------- */

enum { BURSTS = 50, BURST_ROUNDS = 20000 };

/* The best of some bursts on one thread. Unlike the loop beside a figure, it shows the clock of a core that is cool. */
void bench_peak(const char *name) {
    double best = 0;
    for (int i = 0; i < BURSTS; i++) {
        double start = clock_seconds(), flop = fma_loop(BURST_ROUNDS);
        best = fmax(best, flop / (clock_seconds() - start) / 1e9);
    }
    measure_value(name, best, "GFLOP/s");
}

void bench_memory(const char *name) { measure_value(name, measure_bandwidth(), "GB/s"); }

/* ---- the roofline ------------------------------------------------------------------------------------------------ */

/* The limit of a kernel (Williams, Waterman and Patterson 2009): the FMA loop or, if it has few FLOP per byte that must
 * be read from memory or written to it, bandwidth times FLOP per byte. Loop and bandwidth are the medians of those that
 * were measured beside the figures; a figure's height is its share of the loop beside it. */
enum { KINDS = 4, POINTS_MAX = 24, ROOF = 80 };
static const char *const kinds[KINDS] = { "matrix products", "convolutions forward", "back to the data",
                                          "back to the weights" };
static struct {
    num x[POINTS_MAX], share[POINTS_MAX], y[POINTS_MAX];
    int count;
} points[KINDS];
static struct {
    double loop[KINDS * POINTS_MAX], bandwidth[KINDS * POINTS_MAX];
    int count;
} beside;

static void point_add(int kind, double numbers, double flop, const Figure *f) {
    if (points[kind].count == POINTS_MAX) return;
    points[kind].x[points[kind].count] = (num)(flop / (numbers * sizeof(num)));
    points[kind].share[points[kind].count++] = (num)f->share;
    beside.loop[beside.count] = f->loop;
    beside.bandwidth[beside.count++] = f->bandwidth;
}

void draw_roofline(void) {
    num x[ROOF], y[ROOF];
    if (!beside.count) return;
    double loop = measure_median(beside.loop, beside.count), memory = measure_median(beside.bandwidth, beside.count);
    for (int i = 0; i < ROOF; i++) {
        double flop = pow(2, -1 + 11.0 * i / (ROOF - 1));
        x[i] = (num)flop;
        y[i] = (num)fmin(loop, memory * flop);
    }
    char roof[96];
    snprintf(roof, sizeof roof, "limit: %.0f GFLOP/s, %.0f GB/s", loop, memory);
    Series series[1 + KINDS] = { { .name = roof, .x = x, .y = y, .count = ROOF } };
    for (int k = 0; k < KINDS; k++) {
        for (int i = 0; i < points[k].count; i++) points[k].y[i] = (num)((double)points[k].share[i] * loop);
        series[1 + k] = (Series){ .name = kinds[k], .x = points[k].x, .y = points[k].y, .count = points[k].count };
    }
    plot_lines("bench-roofline",
               &(Lines){ .title = "speed against FLOP per byte, and its limit (convolutions exceed the limit "
                                  "where Winograd saves work)",
                         .x = "FLOP for each byte read or written at least once",
                         .y = "GFLOP/s, at the clock of the FMA loop beside",
                         .series = series,
                         .count = 1 + KINDS,
                         .log_x = true,
                         .log_y = true,
                         .dots = true },
               NULL);
    fprintf(stderr, "figure: %s\n", plot_path("bench-roofline"));
}

/* ---- matrix product ---------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int M, N, K;
    bool one_thread, transpose_a, transpose_b;
    int times;
    num *a, *b, *c;
} Product;

static const Product products[] = {
    { "gemm-1024-1", 1024, 1024, 1024, .one_thread = true },
    { "gemm-1024-1-ta", 1024, 1024, 1024, .one_thread = true, .transpose_a = true },
    { "gemm-1024-1-tb", 1024, 1024, 1024, .one_thread = true, .transpose_b = true },
    { "gemm-1024-1-tab", 1024, 1024, 1024, .one_thread = true, .transpose_a = true, .transpose_b = true },
    { "gemm-1024", 1024, 1024, 1024, .one_thread = false },
    { "gemm-64", 64, 64, 64, .one_thread = false },
    { "gemm-tall-n10", 2000, 10, 512, .one_thread = false },
    { "gemm-tall-k27", 32768, 64, 27, .one_thread = false },
};

static void multiply(void *context) {
    Product *p = context;
    for (int i = 0; i < p->times; i++)
        gemm(p->transpose_a, p->transpose_b, p->M, p->N, p->K, p->a, p->transpose_a ? p->M : p->K, p->b,
             p->transpose_b ? p->K : p->N, false, p->c, p->N);
}

void bench_gemm(const char *name) {
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    int threads = thread_count(), i = 0;
    while (strcmp(products[i].name, name) != 0) i++;
    Product p = products[i];
    double flop = 2.0 * p.M * p.N * p.K;
    p.a = mat_normal(&arena, p.M, p.K, &rng, 1).v;
    p.b = mat_normal(&arena, p.K, p.N, &rng, 1).v;
    p.c = mat_new(&arena, p.M, p.N).v;
    p.times = (int)(2e8 / flop) + 1;
    flop *= p.times;
    if (p.one_thread) thread_set_count(1);
    const Figure *f = measure(name, &(Job){ multiply, &p, 15, "GFLOP/s", flop / 1e9, .flop = flop });
    thread_set_count(threads);
    double numbers = ((double)p.M * p.K + (double)p.K * p.N + (double)p.M * p.N) * p.times;
    if (!p.one_thread) point_add(0, numbers, flop, f);
    arena_free(&arena);
}

/* ---- convolution ------------------------------------------------------------------------------------------------- */

typedef struct {
    ConvShape s;
    num *x, *weight, *y, *dx, *dweight;
} Convolution;

static void conv_one_way(void *context) {
    Convolution *v = context;
    conv_forward(v->s, v->x, v->weight, NULL, v->y);
}
static void conv_to_data(void *context) {
    Convolution *v = context;
    conv_backward_data(v->s, v->y, v->weight, false, v->dx);
}
static void conv_to_weights(void *context) {
    Convolution *v = context;
    conv_backward_weight(v->s, v->x, v->y, false, v->dweight, NULL);
}

/* name: conv-CHANNELS-SIDE-DIRECTION. */
void bench_conv(const char *name) {
    static void (*const ways[])(void *) = { conv_one_way, conv_to_data, conv_to_weights };
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    int C = 0, side = 0, way = strstr(name, "-data") ? 1 : strstr(name, "-weights") ? 2 : 0;
    if (sscanf(name, "conv-%d-%d", &C, &side) != 2) return;
    Convolution v = { .s = { 128, side, side, C, C, 3, 1, 1 } };
    int pixels = 128 * side * side;
    v.x = mat_normal(&arena, pixels, C, &rng, 1).v;
    v.weight = mat_normal(&arena, C, C * 9, &rng, 1).v;
    v.y = mat_normal(&arena, pixels, C, &rng, 1).v;
    v.dx = mat_new(&arena, pixels, C).v;
    v.dweight = mat_new(&arena, C, C * 9).v;
    double flop = 2.0 * 9 * pixels * C * C;
    const Figure *f = measure(name, &(Job){ ways[way], &v, 7, "GFLOP/s", flop / 1e9, .flop = flop });
    point_add(1 + way, 2.0 * pixels * C + 9.0 * C * C, flop, f);
    arena_free(&arena);
}
