#include "measure.h"
#include "core/thread.h"
#include "kernels/gemm.h"
#include "kernels/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 8, ROUNDS = 100000, NUMBERS = 1 << 24, CHAIN = 200000, CALIBRATIONS = 15 };

bool measure_quiet;
static Figure figures[FIGURES_MAX];
static int count;
static double flop_per_cycle;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
/* The number at that fraction of the order; sorts x. */
static double quantile(double *x, int n, double fraction) {
    qsort(x, (size_t)n, sizeof *x, by_size);
    return x[(int)lround(fraction * (n - 1))];
}

double measure_median(double *x, int n) { return quantile(x, n, 0.5); }

/* ---- the loop beside --------------------------------------------------------------------------------------------- */

double fma_loop(int rounds) {
    Vec sum[12], scale = (Vec){ 0 } + (num)0.5;
    for (int i = 0; i < 12; i++) sum[i] = scale + (num)i;
    for (int round = 0; round < rounds; round++) UNROLL
    for (int i = 0; i < 12; i++) sum[i] = sum[i] * scale + scale;
    volatile num keep = 0;
    for (int i = 0; i < 12; i++) keep = keep + sum[i][0];
    return 2.0 * 12 * LANES * rounds;
}

static void loop_piece(void *context, size_t begin, size_t end) {
    double *flop = context;
    for (size_t i = begin; i < end; i++) flop[i] = fma_loop(ROUNDS);
}

/* GFLOP/s of the loop on all threads; pieces are small, so that no thread waits long for another. The first of the two
 * rounds is not timed: it wakes the threads that sleep. */
static double loop_rate(void) {
    double flop[PIECES * 256], sum = 0, start = 0;
    int pieces = PIECES * thread_count();
    for (int round = 0; round < 2; round++) {
        start = clock_seconds();
        parallel_for((size_t)pieces, 1, loop_piece, flop);
    }
    double seconds = clock_seconds() - start;
    for (int i = 0; i < pieces; i++) sum += flop[i];
    return sum / seconds / 1e9;
}

/* Additions per second of a chain in which each waits for the one before: the clock, in Hz. The compiler cannot shorten
 * it, because it does not know a and b. */
static double chain_rate(void) {
    static volatile uint64_t a = 0x9e3779b97f4a7c15u, b = 3;
    uint64_t x = a, mask = a, step = b;
    double start = clock_seconds();
    for (int i = 0; i < CHAIN; i++) x = (x ^ mask) + step;
    double seconds = clock_seconds() - start;
    a = x;
    return 2.0 * CHAIN / seconds;
}

void measure_begin(void) {
    double cycle[CALIBRATIONS];
    int threads = thread_count();
    thread_set_count(1);
    for (int i = 0; i < CALIBRATIONS; i++) {
        double before = loop_rate(), hertz = chain_rate(), after = loop_rate();
        cycle[i] = (before + after) / 2 * 1e9 / hertz;
    }
    thread_set_count(threads);
    flop_per_cycle = LANES * fmax(1, round(quantile(cycle, CALIBRATIONS, 0.5) / LANES));
    REQUIRE(flop_per_cycle <= 8 * LANES, "the loop has %g FLOP a cycle: the compiler has left it out", flop_per_cycle);
}
double measure_flop_per_cycle(void) { return flop_per_cycle; }

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static Arena memory;
static struct { num *a, *b, *c; } triad;

static void triad_piece(void *context, size_t begin, size_t end) {
    (void)context;
    for (size_t i = begin; i < end; i++) triad.a[i] = triad.b[i] + 3 * triad.c[i];
}

double measure_bandwidth(void) {
    double seconds[3];
    if (!triad.a) {
        triad.a = arena_zero(&memory, NUMBERS, sizeof(num));
        triad.b = arena_zero(&memory, NUMBERS, sizeof(num));
        triad.c = arena_zero(&memory, NUMBERS, sizeof(num));
        parallel_for(NUMBERS, 1 << 18, triad_piece, NULL);
    }
    for (int i = 0; i < 3; i++) {
        double start = clock_seconds();
        parallel_for(NUMBERS, 1 << 18, triad_piece, NULL);
        seconds[i] = clock_seconds() - start;
    }
    return 3.0 * sizeof(num) * NUMBERS / quantile(seconds, 3, 0.5) / 1e9;
}

/* ---- a figure ---------------------------------------------------------------------------------------------------- */

static void figure_print(const Figure *f) {
    if (measure_quiet) return;
    printf("bench %s %.4g %s", f->name, f->value, f->unit);
    if (f->fraction > 0)
        printf("  %.0f %% of the FMA loop beside it (%.0f GFLOP/s, %d thread%s at %.1f GHz); memory %.1f GB/s",
               100 * f->fraction, f->loop, f->threads, f->threads > 1 ? "s" : "", f->clock, f->bandwidth);
    printf("\n");
    fflush(stdout);
}

const Figure *measure(const char *name, const Job *job) {
    double seconds[MEASURE_RUNS], fraction[MEASURE_RUNS], loop[MEASURE_RUNS];
    REQUIRE(count < FIGURES_MAX && job->runs >= 1 && job->runs <= MEASURE_RUNS, "figure %d, %d runs", count, job->runs);
    Figure *f = &figures[count++];
    double bandwidth = measure_bandwidth();
    job->work(job->context);
    double before = loop_rate();
    for (int i = 0; i < job->runs; i++) {
        double start = clock_seconds();
        job->work(job->context);
        seconds[i] = clock_seconds() - start;
        double after = loop_rate();
        loop[i] = (before + after) / 2;
        fraction[i] = job->flop / seconds[i] / 1e9 / loop[i];
        before = after;
    }
    *f = (Figure){ .threads = thread_count(), .bandwidth = (bandwidth + measure_bandwidth()) / 2 };
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->unit, sizeof f->unit, "%s", job->unit);
    double least = quantile(seconds, job->runs, 0.25), most = quantile(seconds, job->runs, 0.75);
    double median = quantile(seconds, job->runs, 0.5);
    f->value = job->duration ? job->amount * median : job->amount / median;
    f->low = job->duration ? job->amount * least : job->amount / most;
    f->high = job->duration ? job->amount * most : job->amount / least;
    f->gflops = job->flop / median / 1e9;
    f->fraction = quantile(fraction, job->runs, 0.5);
    f->loop = quantile(loop, job->runs, 0.5);
    f->clock = f->loop / f->threads / flop_per_cycle;
    figure_print(f);
    return f;
}

void measure_value(const char *name, double value, const char *unit) {
    REQUIRE(count < FIGURES_MAX, "figure %d", count);
    Figure *f = &figures[count++];
    *f = (Figure){ .value = value, .low = value, .high = value, .threads = thread_count() };
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->unit, sizeof f->unit, "%s", unit);
    figure_print(f);
}

bool unit_is_rate(const char *unit) { return strncmp(unit, "ms", 2) != 0; }
int measure_count(void) { return count; }
const Figure *measure_figure(int i) { return &figures[i]; }
void measure_end(void) { arena_free(&memory); }
