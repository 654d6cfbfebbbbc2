#include "report_row.h"

#include <math.h>
#include <string.h>

/* ---- 1 ----------------------------------------------------------------------------------------------------------- */

void report_labels(Report *r) {
    lesson_section(r->lesson, "1. A twin that learns from labels");
    static const char *const ways[] = { "captions", "labels" };
    Prediction guess = lesson_predict_choice(r->lesson, ways, 2, 1,
                                             "The same tower, pictures and steps. Which is right more often on the "
                                             "test pictures: captions or labels?");
    report_measure(r, 1);
    rows_heading(r, "learnt from");
    rate_row(r, "captions, asked by text", "captions: accuracy");
    rate_row(r, "labels, a head of ten classes", "labels: accuracy");
    int which = rates_compare(r, "captions: accuracy", "labels: accuracy");
    printf("  better: %s\n", verdict(which, "captions", "labels"));
    const Series series[] = { look_series(r, "captions", "captions", "clean", r->setup->pictures),
                              look_series(r, "labels", "labels", "clean", r->setup->pictures) };
    draw_looks(r, "22-twins", "the same tower, learnt from captions or labels", series, 2);
    lesson_outcome(r->lesson, &guess, "%s", verdict(which, "captions", "labels"));
}

/* ---- 2 ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *title, *cells, *text; /* text: the cell of the accuracy from text; NULL: there are no words for it */
} ProbeRow;

static void probe_curve(const Report *r, const CellTable *cells, int seed, const char *set, double *curve) {
    for (int i = 0; i < FEW_SHOT_SIZES; i++) {
        const Cell *cell = cell_find(cells, shot_cell(r->arena, set, few_shot_size(i), ""), seed);
        curve[i] = cell ? cell->value : -1;
    }
}

/* "3.2", or "none" where the probes stay below. */
static const char *crossing_text(const Report *r, double crossing) {
    return isinf(crossing) ? "none" : arena_print(r->arena, "%.1f", crossing);
}

static double probe_row(const Report *r, const ProbeRow *row) {
    double curve[FEW_SHOT_SIZES], crossing = (double)NAN;
    probe_curve(r, r->own, r->seed, row->cells, curve);
    printf("  %-22s", row->title);
    if (row->text) printf(" %5.1f", 100 * cell_own(r, row->text));
    else printf(" %5s", "-");
    for (int i = 0; i < FEW_SHOT_SIZES; i++) {
        if (curve[i] < 0) printf("     -");
        else printf(" %5.1f", 100 * curve[i]);
    }
    if (row->text) {
        crossing = few_shot_crossing(curve, cell_own(r, row->text));
        printf("  %s", crossing_text(r, crossing));
    }
    printf("\n");
    return crossing;
}

/* The text, the probe of most pictures and the crossing of each seed of the table. */
static void probe_seeds(const Report *r, const ProbeRow *row) {
    if (!row->text || !cell_summary(r->seeds, row->text).seeds) return;
    const char *texts = "", *most = "", *crossings = "";
    for (int seed = 1; seed <= MEASURE_SEEDS; seed++) {
        double curve[FEW_SHOT_SIZES];
        const Cell *text = cell_find(r->seeds, row->text, seed);
        if (!text) continue;
        probe_curve(r, r->seeds, seed, row->cells, curve);
        texts = arena_print(r->arena, "%s %.1f", texts, 100 * text->value);
        most = arena_print(r->arena, "%s %.1f", most, 100 * curve[FEW_SHOT_SIZES - 1]);
        crossings = arena_print(r->arena, "%s %s", crossings, crossing_text(r, few_shot_crossing(curve, text->value)));
    }
    printf("  three seeds, %-16s text%s; 64 pictures%s; crossing%s\n", row->title, texts, most, crossings);
}

/* The curves of the rows with a text (and the text, a level line), or of those without. */
static void probe_plot(const Report *r, const char *name, const char *title, const ProbeRow *rows, int count,
                       bool text) {
    static const char *const what[] = { "", " least", " most" };
    Series series[FIGURE_SERIES];
    const num *lows[FIGURE_SERIES], *highs[FIGURE_SERIES];
    int n = 0;
    for (int k = 0; k < count && n + 1 + text <= FIGURE_SERIES; k++) {
        num *x = arena_alloc(r->arena, FEW_SHOT_SIZES, sizeof *x), *y[4];
        if ((rows[k].text != NULL) != text) continue;
        for (int j = 0; j < 4; j++) y[j] = arena_alloc(r->arena, FEW_SHOT_SIZES, sizeof(num));
        for (int i = 0; i < FEW_SHOT_SIZES; i++) {
            x[i] = (num)few_shot_size(i);
            for (int j = 0; j < 3; j++)
                y[j][i] = (num)(100 * cell_own(r, shot_cell(r->arena, rows[k].cells, few_shot_size(i), what[j])));
            y[3][i] = text ? (num)(100 * cell_own(r, rows[k].text)) : (num)NAN;
        }
        series[n] = (Series){ rows[k].title, x, y[0], FEW_SHOT_SIZES };
        lows[n] = y[1];
        highs[n++] = y[2];
        if (!text) continue;
        series[n] = (Series){ arena_print(r->arena, "%s: from text", rows[k].title), x, y[3], FEW_SHOT_SIZES };
        lows[n] = highs[n] = y[3];
        n++;
    }
    if (n == 0) return;
    lesson_lines(r->lesson, name,
                 &(Lines){ .title = title,
                           .x = "pictures of each class",
                           .y = "test pictures right, %",
                           .log_x = true,
                           .series = series,
                           .count = n,
                           .low = lows,
                           .high = highs });
}

/* Pictures from elsewhere: the seeds of the table with the most pictures of a class that were measured. */
static void elsewhere_seeds(const Report *r, const ProbeRow *row) {
    for (int i = FEW_SHOT_SIZES - 1; i >= 0; i--) {
        const char *cell = shot_cell(r->arena, row->cells, few_shot_size(i), "");
        if (!cell_summary(r->seeds, cell).seeds) continue;
        printf("  three seeds, %s, %d pictures: %s\n", row->title, few_shot_size(i), seeds_text(r, cell, 100, " %", 1));
        return;
    }
}

void report_probes(Report *r) {
    lesson_section(r->lesson, "2. Few-shot: a linear probe on frozen features");
    const char *const *names = holdout_descriptions(r->setup->train);
    static const ProbeRow all[] = {
        { "ten classes seen", "seen", "captions: accuracy" },       { "held out 1", "held out 1", "held out 1: text" },
        { "held out 2", "held out 2", "held out 2: text" },         { "digits", "digits", NULL },
        { "digits, labels tower", "digits by labels tower", NULL }, { "shapes", "shapes", NULL },
        { "shapes, labels tower", "shapes by labels tower", NULL }, { "emoji", "emoji", NULL },
        { "emoji, labels tower", "emoji by labels tower", NULL }
    };
    ProbeRow rows[COUNT(all)] = { { NULL, NULL, NULL } };
    int count = 0;
    Prediction guess = lesson_predict_number(r->lesson, 0, 1e6,
                                             "How many pictures of each class does a linear probe need to be right as "
                                             "often as the text, for classes that the model has seen? 0: none of 1 to "
                                             "%d suffices.",
                                             few_shot_size(FEW_SHOT_SIZES - 1));
    report_measure(r, 2);
    for (size_t k = 0; k < COUNT(all); k++)
        if (cell_find(r->own, shot_cell(r->arena, all[k].cells, 1, ""), r->seed)) rows[count++] = all[k];
    printf("mean of %d draws, %% right; digits: no word for them was learnt\n", r->setup->draws);
    for (int i = 0; i < HELD_PAIRS; i++) {
        HeldOut held = held_out_of(r->setup->train, i);
        printf("held out %d: \"%s\" and \"%s\", asked for both; their words were learnt with other classes\n", i + 1,
               names[held.a], names[held.b]);
    }
    printf("  pictures of each class  text     1     2     4     8    16    32    64  crossing\n");
    double crossing = probe_row(r, &rows[0]);
    for (int k = 1; k < count; k++) probe_row(r, &rows[k]);
    for (int k = 0; k < count; k++) probe_seeds(r, &rows[k]);
    for (int k = 0; k < count; k++)
        if (!rows[k].text) elsewhere_seeds(r, &rows[k]);
    probe_plot(r, "22-few-shot", "linear probes on frozen features, and text", rows, count, true);
    probe_plot(r, "22-elsewhere", "linear probes on pictures from elsewhere", rows, count, false);
    lesson_outcome_number(r->lesson, &guess, isinf(crossing) ? 0 : crossing, 1);
}

/* ---- 3 ----------------------------------------------------------------------------------------------------------- */

/* After how many pictures the contrastive model reaches the last accuracy of another, along a straight line over the
 * logarithm; NaN if it never does. */
static double reached(const Report *r, const CellTable *cells, int seed, double accuracy) {
    double before = 0;
    for (int i = 0; i < LOOKS; i++) {
        int seen = look_at(r->setup->pictures, i);
        const Cell *cell = cell_find(cells, look_cell(r->arena, "contrastive", seen, "accuracy"), seed);
        if (!cell) return (double)NAN;
        if (cell->value >= accuracy) {
            if (i == 0) return seen;
            double at = look_at(r->setup->pictures, i - 1);
            return at * pow(seen / at, (accuracy - before) / (cell->value - before));
        }
        before = cell->value;
    }
    return (double)NAN;
}

/* "1.9 times": the pictures that the predictor saw by those with which the contrastive model is as good. */
static const char *factor_text(const Report *r, const CellTable *cells, int seed, const char *way) {
    const Cell *last =
        cell_find(cells, look_cell(r->arena, way, look_at(r->setup->pictures, LOOKS - 1), "accuracy"), seed);
    double seen = last ? reached(r, cells, seed, last->value) : (double)NAN;
    return isnan(seen) ? "never" : arena_print(r->arena, "%.1f times", r->setup->pictures / seen);
}

void report_predict(Report *r) {
    static const char *const ways[] = { "contrastive", "bag of words", "decoder" };
    lesson_section(r->lesson, "3. Match captions, or predict them?");
    Prediction guess = lesson_predict_choice(r->lesson, ways, 3, 1,
                                             "Captions in eight wordings. Which learns to classify with the fewest "
                                             "pictures: contrastive, bag of words or decoder?");
    report_measure(r, 3);
    Series series[COUNT(ways)];
    printf("  pictures seen  ");
    for (int i = 0; i < LOOKS; i++) printf(" %6d", look_at(r->setup->pictures, i));
    end_row(r->seeds->count ? "three seeds, at the end" : "");
    int best = 0;
    for (size_t k = 0; k < COUNT(ways); k++) {
        series[k] = look_series(r, ways[k], ways[k], "accuracy", r->setup->pictures);
        printf("  %-14s ", ways[k]);
        for (int i = 0; i < LOOKS; i++) printf(" %5.1f%%", (double)series[k].y[i]);
        const char *last = look_cell(r->arena, ways[k], look_at(r->setup->pictures, LOOKS - 1), "accuracy");
        end_row(seeds_text(r, last, 100, " %", 1));
        if (series[k].y[LOOKS - 1] > series[best].y[LOOKS - 1]) best = (int)k;
    }
    for (size_t k = 1; k < COUNT(ways); k++) {
        printf("  as good as \"%s\" at its end, contrastive needs fewer pictures: %s", ways[k],
               factor_text(r, r->own, r->seed, ways[k]));
        for (int seed = 1; r->seeds->count && seed <= MEASURE_SEEDS; seed++)
            printf("%s%s", seed == 1 ? "; seeds of the table: " : ", ", factor_text(r, r->seeds, seed, ways[k]));
        printf("\n");
    }
    draw_looks(r, "22-predict", "match captions, or predict them", series, COUNT(ways));
    lesson_outcome(r->lesson, &guess, "%s", ways[best]);
}

/* ---- 4 and 5 ----------------------------------------------------------------------------------------------------- */

void report_tau(Report *r) {
    static const char *const choices[] = { "0.01", "0.07", "0.5", "learnt" };
    lesson_section(r->lesson, "4. A fixed temperature, or a learnt one?");
    Prediction guess = lesson_predict_choice(r->lesson, choices, 4, 1,
                                             "Which temperature is right most often: 0.01, 0.07, 0.5 or learnt?");
    report_measure(r, 4);
    rows_heading(r, "temperature");
    int best = TAUS, fixed = 0;
    double most = cell_own(r, "captions: accuracy");
    for (int i = 0; i < TAUS; i++) {
        const char *name = arena_print(r->arena, "tau %g: accuracy", fixed_taus[i]);
        rate_row(r, arena_print(r->arena, "%g, fixed", fixed_taus[i]), name);
        if (cell_own(r, name) > cell_own(r, arena_print(r->arena, "tau %g: accuracy", fixed_taus[fixed]))) fixed = i;
        if (cell_own(r, name) > most) {
            most = cell_own(r, name);
            best = i;
        }
    }
    rate_row(r, "learnt, from 0.07", "captions: accuracy");
    number_row(r, "  where it ends", "learnt: tau", "", 3);
    printf("  learnt against the best fixed one, %g: %s\n", fixed_taus[fixed],
           verdict(rates_compare(r, "captions: accuracy", arena_print(r->arena, "tau %g: accuracy", fixed_taus[fixed])),
                   "learnt is better", "fixed is better"));
    lesson_outcome(r->lesson, &guess, "%s", choices[best]);
}

void report_bare(Report *r) {
    static const char *const ways[] = { "bare and tau learnt", "bare and tau 1" };
    static const char *const choices[] = { "nothing", "worse", "fails" };
    lesson_section(r->lesson, "5. Without normalisation");
    Prediction guess = lesson_predict_choice(r->lesson, choices, 3, 1,
                                             "Dot products instead of cosines. What happens: nothing, worse (less "
                                             "accurate), or fails (numbers that are not finite)?");
    report_measure(r, 5);
    rows_heading(r, "embeddings");
    rate_row(r, "unit length, tau learnt", "captions: accuracy");
    int worse = 0;
    bool fails = false;
    for (int i = 0; i < 2; i++) {
        const char *name = arena_print(r->arena, "%s: accuracy", ways[i]);
        rate_row(r, i ? "any length, tau 1" : "any length, tau learnt", name);
        worse = MAX(worse, rates_compare(r, "captions: accuracy", name));
        fails |= cell_own(r, arena_print(r->arena, "%s: finite", ways[i])) < 1;
    }
    number_row(r, "mean length before normalisation", "learnt: length", "", 1);
    number_row(r, "mean length, tau learnt", "bare and tau learnt: length", "", 1);
    number_row(r, "mean length, tau 1", "bare and tau 1: length", "", 1);
    number_row(r, "tau at the end, unit length", "learnt: tau", "", 3);
    number_row(r, "tau at the end, any length", "bare and tau learnt: tau", "", 3);
    lesson_outcome(r->lesson, &guess, "%s", fails ? "fails" : worse ? "worse" : "nothing that can be told");
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

void report_sections(Report *r, const char *digits) {
    static void (*const sections[SECTIONS])(Report *) = { report_labels, report_probes, report_predict,
                                                          report_tau,    report_bare,   report_shift,
                                                          report_mix,    report_locked, report_fusion };
    for (int i = 0; i < SECTIONS; i++)
        if (strchr(digits, '1' + i)) sections[i](r);
}
