#include "core/lbfgs.h"

#include <math.h>
#include <string.h>

enum { HALVINGS = 40 };
static const double ENOUGH = 1e-4; /* a step must gain this part of what the slope promises (Armijo) */

/* The pairs in a ring: pair k is at k % LBFGS_MEMORY, the last one is count - 1. */
typedef struct {
    int n, count;
    double *s[LBFGS_MEMORY], *y[LBFGS_MEMORY], sy[LBFGS_MEMORY];
} History;

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
static double largest(const double *g, int n) {
    double most = 0;
    for (int i = 0; i < n; i++) most = fmax(most, fabs(g[i]));
    return most;
}
static void add(double *to, double factor, const double *x, int n) {
    for (int i = 0; i < n; i++) to[i] += factor * x[i];
}

/* d = -H g by two loops over the pairs, from the newest to the oldest and back. H begins as (s.y / y.y) I of the newest
 * pair. */
static void direction(const History *h, const double *g, double *d) {
    double a[LBFGS_MEMORY] = { 0 };
    int first = MAX(0, h->count - LBFGS_MEMORY);
    for (int i = 0; i < h->n; i++) d[i] = -g[i];
    for (int k = h->count - 1; k >= first; k--) {
        int at = k % LBFGS_MEMORY;
        a[at] = dot(h->s[at], d, h->n) / h->sy[at];
        add(d, -a[at], h->y[at], h->n);
    }
    if (h->count > 0) {
        int last = (h->count - 1) % LBFGS_MEMORY;
        double scale = h->sy[last] / dot(h->y[last], h->y[last], h->n);
        for (int i = 0; i < h->n; i++) d[i] *= scale;
    }
    for (int k = first; k < h->count; k++) {
        int at = k % LBFGS_MEMORY;
        add(d, a[at] - dot(h->y[at], d, h->n) / h->sy[at], h->s[at], h->n);
    }
}

/* Keeps s = a d and y = to - from, unless the slope did not rise along s: then H would not stay positive. */
static void keep(History *h, double a, const double *d, const double *from, const double *to) {
    int at = h->count % LBFGS_MEMORY;
    double *s = h->s[at], *y = h->y[at];
    for (int i = 0; i < h->n; i++) {
        s[i] = a * d[i];
        y[i] = to[i] - from[i];
    }
    h->sy[at] = dot(s, y, h->n);
    if (h->sy[at] > 1e-12 * sqrt(dot(s, s, h->n) * dot(y, y, h->n))) h->count++;
}

LbfgsResult lbfgs_minimise(const Lbfgs *p, Arena *scratch, double *x) {
    ArenaMark mark = arena_mark(scratch);
    size_t n = (size_t)p->n;
    double *g = arena_alloc(scratch, n, sizeof *g), *d = arena_alloc(scratch, n, sizeof *d);
    double *next = arena_alloc(scratch, n, sizeof *next), *next_g = arena_alloc(scratch, n, sizeof *next_g);
    History h = { .n = p->n };
    for (int k = 0; k < LBFGS_MEMORY; k++) {
        h.s[k] = arena_alloc(scratch, n, sizeof(double));
        h.y[k] = arena_alloc(scratch, n, sizeof(double));
    }
    LbfgsResult r = { .value = p->value(p->context, x, g) };
    for (r.gradient = largest(g, p->n); r.steps < p->steps && r.gradient > p->tolerance; r.steps++) {
        direction(&h, g, d);
        double slope = dot(g, d, p->n), a = h.count ? 1 : fmin(1, 1 / sqrt(dot(g, g, p->n))), value = INFINITY;
        int halving = 0;
        for (; halving < HALVINGS; halving++) {
            memcpy(next, x, n * sizeof *next);
            add(next, a, d, p->n);
            value = p->value(p->context, next, next_g);
            if (value <= r.value + ENOUGH * a * slope) break; /* false for NaN */
            a /= 2;
        }
        if (halving == HALVINGS) break;
        keep(&h, a, d, g, next_g);
        memcpy(x, next, n * sizeof *x);
        memcpy(g, next_g, n * sizeof *g);
        r.value = value;
        r.gradient = largest(g, p->n);
    }
    r.converged = r.gradient <= p->tolerance;
    arena_release(scratch, mark);
    return r;
}
