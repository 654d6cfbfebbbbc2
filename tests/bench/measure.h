/* measure: how long a piece of work takes, beside what the processor can do in the same moment.
 *
 * A processor lowers its clock when all its cores multiply, so a peak that was measured once says little about a figure
 * that was measured later. Here a loop of multiply-adds on registers (fma_loop) runs for about two milliseconds
 * before and after each repetition, on as many threads. The share is the work's FLOP per second divided by the mean of
 * the two loops around it; the median of the repetitions is reported.
 *
 * The clock that a loop implies is its FLOP per second and thread, divided by the FLOP of a cycle. Those are measured
 * once: a chain of additions, each of which waits for the one before, takes one cycle for each on every processor. */
#ifndef MEASURE_H
#define MEASURE_H

#include "core/arena.h"

enum { MEASURE_RUNS = 64, FIGURE_NAME = 40, FIGURES_MAX = 128 };

/* What is timed: work(context), `runs` times after a warm-up. */
typedef struct {
    void (*work)(void *context);
    void *context;
    int runs;         /* at most MEASURE_RUNS */
    const char *unit; /* "GFLOP/s", "img/s", "ms/img" ... */
    double amount;    /* the value is amount / seconds ... */
    bool duration;    /* ... or with this, amount * seconds */
    double flop;      /* of one call; 0: no share */
} Job;

typedef struct {
    char name[FIGURE_NAME], unit[12];
    double value, low, high; /* median and quartiles of the repetitions */
    double gflops;           /* of the median; 0: none */
    double fraction;         /* of the loop beside it; 0: none */
    double loop;             /* GFLOP/s of that loop, all threads: the median */
    double clock;            /* GHz that it implies */
    double bandwidth;        /* GB/s of memory, just before and after the figure: the mean */
    int threads;
} Figure;

/* Multiply-adds on registers only, `rounds` times 12 independent vectors: returns how many FLOP that is. What the loop
 * takes is the least that so many FLOP can take on this thread at its clock of the moment. */
double fma_loop(int rounds);

/* Measures FLOP of a cycle; call it first. */
void measure_begin(void);
double measure_flop_per_cycle(void);
/* Times the job on thread_count() threads and prints the line of the figure, unless quiet. The figure is kept in a list
 * that lives as long as the program. Wants at most FIGURES_MAX calls. */
const Figure *measure(const char *name, const Job *job);
/* A figure that is itself a limit: printed and kept likewise, without a share. */
void measure_value(const char *name, double value, const char *unit);
extern bool measure_quiet;

double measure_median(double *x, int n); /* sorts x */

/* a = b + 3 c over arrays far larger than the caches, all threads: GB/s, three numbers counted (McCalpin's triad). */
double measure_bandwidth(void);

int measure_count(void);
const Figure *measure_figure(int i);
void measure_end(void); /* frees the arrays */

/* Whether a larger value of this unit is faster. */
bool unit_is_rate(const char *unit);

/* ---- figures as JSON (bench_file.c) ------------------------------------------------------------------------------ */

/* All figures as one JSON object, to stdout. */
void figures_print(void);
/* Reads such an object: at most `room` figures; returns their number, or -1 with one line. */
int figures_read(const char *path, Figure *figure, int room, Err *err);
/* One line: now against before, with the quartiles of both. Above 1 is faster now. If the quartiles of the two overlap,
 * the difference is within the noise. */
void figure_compare(const Figure *before, const Figure *now);

#endif
