/* Sections 6 to 9: what happens when pictures, weights or the place of the fusion change. */
#include "report_row.h"

#include <math.h>

/* ---- 6. Robustness ----------------------------------------------------------------------------------------------- */

enum { FIRST_POINT = 2 }; /* earlier looks are near to guessing */

static double logit(double p) { return log(p / (1 - p)); }
/* Away from 0 and 1 by half a picture of 1000. */
static double inside(double p) { return fmin(1 - 5e-4, fmax(5e-4, p)); }

/* a and b of logit(shifted) = a + b logit(clean), by least squares. False if a cell is missing. */
static bool fit_line(Arena *arena, const CellTable *cells, int seed, const char *shift, int pictures, double *a,
                     double *b) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0, n = 0;
    for (int i = FIRST_POINT; i < LOOKS; i++) {
        const Cell *x = cell_find(cells, look_cell(arena, "labels", look_at(pictures, i), "clean"), seed);
        const Cell *y = cell_find(cells, look_cell(arena, "labels", look_at(pictures, i), shift), seed);
        if (!x || !y) return false;
        double u = logit(inside(x->value)), v = logit(inside(y->value));
        n++;
        sx += u;
        sy += v;
        sxx += u * u;
        sxy += u * v;
    }
    double spread = n * sxx - sx * sx;
    *b = spread > 1e-9 ? (n * sxy - sx * sy) / spread : 0;
    *a = (sy - *b * sx) / n;
    return true;
}

double effective_robustness(Arena *arena, const CellTable *cells, int seed, const char *model, const char *shift,
                            int pictures) {
    int last = look_at(pictures, LOOKS - 1);
    const Cell *x = cell_find(cells, look_cell(arena, model, last, "clean"), seed);
    const Cell *y = cell_find(cells, look_cell(arena, model, last, shift), seed);
    double a, b;
    if (!x || !y || !fit_line(arena, cells, seed, shift, pictures, &a, &b)) return (double)NAN;
    return y->value - 1 / (1 + exp(-(a + b * logit(inside(x->value)))));
}

static const char *const models[] = { "captions", "labels", "captions on wide data", "labels on wide data" };
static const char *const shifts[] = { "shift A", "shift B" };

/* Clean and shifted accuracy of the four models, and their effective robustness in points of a percent. */
static void shift_rows(const Report *r, const char *shift) {
    int P = r->setup->pictures, last = look_at(P, LOOKS - 1);
    printf("  %-22s  clean %%  shifted %%  effective", shift);
    end_row(r->seeds->count ? "three seeds: effective (least to most)" : "");
    for (size_t k = 0; k < COUNT(models); k++) {
        double least = INFINITY, most = -INFINITY, sum = 0;
        int n = 0;
        printf("  %-22s  %7.1f  %9.1f  %+9.1f", models[k],
               100 * cell_own(r, look_cell(r->arena, models[k], last, "clean")),
               100 * cell_own(r, look_cell(r->arena, models[k], last, shift)),
               100 * effective_robustness(r->arena, r->own, r->seed, models[k], shift, P));
        for (int seed = 1; seed <= MEASURE_SEEDS; seed++) {
            double e = effective_robustness(r->arena, r->seeds, seed, models[k], shift, P);
            if (isnan(e)) continue;
            n++;
            sum += e;
            least = fmin(least, e);
            most = fmax(most, e);
        }
        if (n) printf("  %+.1f (%+.1f to %+.1f; %d)", 100 * sum / n, 100 * least, 100 * most, n);
        printf("\n");
    }
}

static Series shift_dots(const Report *r, const char *model, const char *shift, bool looks) {
    num *x = arena_alloc(r->arena, LOOKS, sizeof *x), *y = arena_alloc(r->arena, LOOKS, sizeof *y);
    int n = 0, P = r->setup->pictures;
    for (int i = looks ? FIRST_POINT : LOOKS - 1; i < LOOKS; i++, n++) {
        x[n] = (num)(100 * cell_own(r, look_cell(r->arena, model, look_at(P, i), "clean")));
        y[n] = (num)(100 * cell_own(r, look_cell(r->arena, model, look_at(P, i), shift)));
    }
    return (Series){ model, x, y, n };
}

void report_shift(Report *r) {
    lesson_section(r->lesson, "6. Robustness: the captions, or the data?");
    Prediction guess = lesson_predict_number(r->lesson, -100, 100,
                                             "By how many points of a percent is the model of captions more right "
                                             "under corruptions than a model of labels with the same accuracy on "
                                             "clean pictures?");
    report_measure(r, 6);
    rows_heading(r, "strength 3, captions / labels");
    for (int k = 0; k < CORRUPT_KINDS; k++) {
        const char *kind = corrupt_name((Corruption)k);
        for (int i = 0; i < 2; i++)
            rate_row(r, arena_print(r->arena, "%s: %s", kind, models[i]),
                     arena_print(r->arena, "%s under %s %d", models[i], kind, MEASURE_STRENGTH));
    }
    printf("shift A:");
    for (int k = 0; k < CORRUPT_KINDS; k++)
        if (in_wide_data((Corruption)k)) printf(" %s", corrupt_name((Corruption)k));
    printf(", which the wide data has; shift B: the other four, which nobody has seen\n");
    for (int k = 0; k < 2; k++) shift_rows(r, shifts[k]);
    Series series[COUNT(models)];
    for (size_t k = 0; k < COUNT(models); k++) series[k] = shift_dots(r, models[k], shifts[0], k < 2);
    lesson_lines(r->lesson, "22-robustness",
                 &(Lines){ .title = "accuracy under shift A against accuracy without it, along the trainings",
                           .x = "clean pictures right, %",
                           .y = "shifted pictures right, %",
                           .dots = true,
                           .series = series,
                           .count = COUNT(models) });
    lesson_outcome_number(
        r->lesson, &guess,
        100 * effective_robustness(r->arena, r->own, r->seed, models[0], shifts[0], r->setup->pictures), 1);
}

/* ---- 7. WiSE-FT -------------------------------------------------------------------------------------------------- */

void report_mix(Report *r) {
    num x[TUNE_POINTS], y[3][TUNE_POINTS];
    int best = 0;
    lesson_section(r->lesson, "7. Between the weights before and after fine-tuning");
    Prediction guess = lesson_predict_number(r->lesson, 0, 1,
                                             "Fine-tuned on negatives (each colour inverted). For which alpha is the "
                                             "mean of the two accuracies highest? 0: before, 1: after.");
    report_measure(r, 7);
    printf("  alpha  clean pictures                   negatives\n");
    for (int i = 0; i < TUNE_POINTS; i++) {
        double alpha = (double)i / (TUNE_POINTS - 1);
        const char *old = arena_print(r->arena, "alpha %.1f: old", alpha);
        const char *new = arena_print(r->arena, "alpha %.1f: new", alpha);
        x[i] = (num)alpha;
        y[0][i] = (num)(100 * cell_own(r, old));
        y[1][i] = (num)(100 * cell_own(r, new));
        y[2][i] = (y[0][i] + y[1][i]) / 2;
        if (y[2][i] > y[2][best]) best = i;
        printf("  %5.1f  %5.1f %%", alpha, (double)y[0][i]);
        if (r->seeds->count) printf("  %-22s", seeds_text(r, old, 100, " %", 1));
        else printf("%18s", "");
        printf("  %5.1f %%", (double)y[1][i]);
        end_row(seeds_text(r, new, 100, " %", 1));
    }
    const Series series[] = { { "clean", x, y[0], TUNE_POINTS },
                              { "negatives", x, y[1], TUNE_POINTS },
                              { "mean", x, y[2], TUNE_POINTS } };
    lesson_lines(r->lesson, "22-wise-ft",
                 &(Lines){ .title = "weights (1 - alpha) before + alpha after",
                           .x = "alpha",
                           .y = "right, %",
                           .series = series,
                           .count = 3 });
    printf("  best mean: %.1f %% at alpha %.1f; before %.1f %%, after %.1f %%\n", (double)y[2][best], (double)x[best],
           (double)y[2][0], (double)y[2][TUNE_POINTS - 1]);
    lesson_outcome_number(r->lesson, &guess, (double)x[best], 1);
}

/* ---- 8. A locked image tower ------------------------------------------------------------------------------------- */

void report_locked(Report *r) {
    static const char *const ways[] = { "locked labels tower", "labels tower unlocked", "from scratch",
                                        "locked random tower" };
    static const char *const choices[] = { "locked", "unlocked" };
    lesson_section(r->lesson, "8. A locked image tower");
    Prediction guess = lesson_predict_choice(r->lesson, choices, 2, 1,
                                             "The image tower has learnt from labels; then texts are learnt for it. "
                                             "Which is right more often in the end: locked or unlocked?");
    report_measure(r, 8);
    int P = locked_pictures(r->setup);
    Series series[COUNT(ways)];
    printf("  pairs seen             ");
    for (int i = 0; i < LOOKS; i++) printf(" %6d", look_at(P, i));
    end_row(r->seeds->count ? "three seeds, at the end" : "");
    for (size_t k = 0; k < COUNT(ways); k++) {
        series[k] = look_series(r, ways[k], ways[k], "accuracy", P);
        printf("  %-22s ", ways[k]);
        for (int i = 0; i < LOOKS; i++) printf(" %5.1f%%", (double)series[k].y[i]);
        end_row(seeds_text(r, look_cell(r->arena, ways[k], look_at(P, LOOKS - 1), "accuracy"), 100, " %", 1));
    }
    rows_heading(r, "the tower with its own head");
    rate_row(r, "labels", "labels: accuracy");
    draw_looks(r, "22-locked", "texts for a tower that has learnt from labels", series, COUNT(ways));
    int which = rates_compare(r, look_cell(r->arena, ways[0], look_at(P, LOOKS - 1), "accuracy"),
                              look_cell(r->arena, ways[1], look_at(P, LOOKS - 1), "accuracy"));
    printf("  in the end: %s\n", verdict(which, choices[0], choices[1]));
    lesson_outcome(r->lesson, &guess, "%s", verdict(which, choices[0], choices[1]));
}

/* ---- 9. Early fusion --------------------------------------------------------------------------------------------- */

static void fusion_rows(const Report *r, const char *label, const char *cells) {
    const char *colour = arena_print(r->arena, "%s: colour", cells);
    rate_row(r, label, arena_print(r->arena, "%s: accuracy", cells));
    if (r->setup->train->generated) rate_row(r, "  its colour is right", colour);
}

void report_fusion(Report *r) {
    lesson_section(r->lesson, "9. Early fusion, trained for the same cost");
    Prediction guess = lesson_predict_number(r->lesson, 0, 100,
                                             "Late fusion with a vision transformer sees %d pictures. Early fusion "
                                             "of the same size gets as much arithmetic. How many %% of the test "
                                             "pictures does it get right?",
                                             r->setup->pictures);
    report_measure(r, 9);
    rows_heading(r, "accuracy");
    fusion_rows(r, "late fusion", "late fusion");
    fusion_rows(r, "early fusion", "early fusion");
    number_row(r, "pictures seen by early fusion", "early fusion: pictures", "", 0);
    number_row(r, "its loss, nats", "early fusion: loss", "", 3);
    printf("  guessing has the loss log %d = %.3f\n", 1 + FUSION_WRONG, log(1 + FUSION_WRONG));
    double step[2] = { cell_own(r, "late fusion: MFLOP a step"), cell_own(r, "early fusion: MFLOP a step") };
    double image = cell_own(r, "late fusion: MFLOP a picture"), text = cell_own(r, "late fusion: MFLOP a text");
    double pair = cell_own(r, "early fusion: MFLOP a pair"), dot = 2e-6 * STUDY_EMBED;
    printf("a picture in training: late %.1f MFLOP, early %.1f (with %d captions)\n", step[0], step[1],
           1 + FUSION_WRONG);
    printf("  N pictures, N captions   late, GFLOP  early, GFLOP  early / late\n");
    for (double n = 10; n <= 1e4; n *= 10) {
        double late = n * (image + text) + n * n * dot, early = n * n * pair;
        printf("  %22.0f  %12.3f  %12.1f  %12.1f\n", n, late / 1e3, early / 1e3, early / late);
    }
    lesson_outcome_number(r->lesson, &guess, 100 * cell_own(r, "early fusion: accuracy"), 1);
}
