#include "report_row.h"
#include "evaluate/metrics.h"

#include <math.h>

enum { LABEL = 32, OWN = 24 };

void report_measure(Report *r, int section) {
    Err err;
    if (!measure_section(r->measure, section, &err)) die("%s", err.text);
}

/* ---- cells as text ----------------------------------------------------------------------------------------------- */

double cell_own(const Report *r, const char *name) {
    const Cell *cell = cell_find(r->own, name, r->seed);
    return cell ? cell->value : (double)NAN;
}

/* "61.2 % (58.8 to 63.2; 3)", or "" where the table of three seeds has no such cell. */
const char *seeds_text(const Report *r, const char *name, double factor, const char *unit, int decimals) {
    CellSummary s = cell_summary(r->seeds, name);
    if (!s.seeds) return "";
    return arena_print(r->arena, "%.*f%s (%.*f to %.*f; %d)", decimals, factor * s.mean, unit, decimals, factor * s.low,
                       decimals, factor * s.high, s.seeds);
}

void end_row(const char *text) { printf("%s%s\n", *text ? "  " : "", text); }

static void row_print(const char *label, const char *text, const char *seeds) {
    if (*seeds) printf("  %-*s %-*s  %s\n", LABEL, label, OWN, text, seeds);
    else printf("  %-*s %s\n", LABEL, label, text);
}

/* A row: the proportion with its interval of 95 %, and that of the three seeds. */
void rate_row(const Report *r, const char *label, const char *name) {
    const Cell *cell = cell_find(r->own, name, r->seed);
    const char *text = "-";
    if (cell) {
        Rate rate = metrics_wilson((int)lround(cell->value * cell->count), cell->count);
        text = arena_print(r->arena, "%5.1f %% (%.1f to %.1f)", 100 * cell->value, 100 * rate.low, 100 * rate.high);
    }
    row_print(label, text, seeds_text(r, name, 100, " %", 1));
}
void number_row(const Report *r, const char *label, const char *name, const char *unit, int decimals) {
    const char *text =
        cell_find(r->own, name, r->seed) ? arena_print(r->arena, "%5.*f%s", decimals, cell_own(r, name), unit) : "-";
    row_print(label, text, seeds_text(r, name, 1, unit, decimals));
}

/* Whether a is better than b: their intervals of 95 % do not overlap. 1: a; -1: b; 0: cannot be told. */
int rates_compare(const Report *r, const char *a, const char *b) {
    const Cell *x = cell_find(r->own, a, r->seed), *y = cell_find(r->own, b, r->seed);
    if (!x || !y) return 0;
    Rate p = metrics_wilson((int)lround(x->value * x->count), x->count);
    Rate q = metrics_wilson((int)lround(y->value * y->count), y->count);
    return p.low > q.high ? 1 : q.low > p.high ? -1 : 0;
}
const char *verdict(int which, const char *a, const char *b) {
    return which > 0 ? a : which < 0 ? b : "the intervals overlap";
}

/* A curve of looks: accuracy in % over pictures seen. */
Series look_series(const Report *r, const char *title, const char *model, const char *what, int pictures) {
    num *x = arena_alloc(r->arena, LOOKS, sizeof *x), *y = arena_alloc(r->arena, LOOKS, sizeof *y);
    for (int i = 0; i < LOOKS; i++) {
        x[i] = (num)look_at(pictures, i);
        y[i] = (num)(100 * cell_own(r, look_cell(r->arena, model, look_at(pictures, i), what)));
    }
    return (Series){ title, x, y, LOOKS };
}
void draw_looks(const Report *r, const char *name, const char *title, const Series *series, int count) {
    lesson_lines(r->lesson, name,
                 &(Lines){ .title = title,
                           .x = "pictures seen",
                           .y = "test pictures right, %",
                           .log_x = true,
                           .series = series,
                           .count = count,
                           .reference_name = "guessing",
                           .reference = 100.0 / CIFAR_CLASSES });
}
void rows_heading(const Report *r, const char *what) {
    row_print(what, arena_print(r->arena, "seed %d, 95 %%", r->seed), r->seeds->count ? "three seeds" : "");
}
