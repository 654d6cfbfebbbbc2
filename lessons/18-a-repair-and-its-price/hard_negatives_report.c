#include "hard_negatives_report.h"
#include "evaluate/metrics.h"
#include "show/plot.h"
#include "scenes/published_results.h"

#include <math.h>

enum { CELL = 11 };

/* A measure: a row of the table, a metric, its label, the kind of hard negative (NEGATIVE_KINDS: none), chance. */
typedef struct {
    const char *probe;
    PairMetric score;
    const char *label;
    int kind;
    double chance;
} Measure;
static const Measure measures[] = {
    { "swap-colours", PAIR_METRIC_CHOICE, "swapped colours: choice", NEGATIVE_SWAP, 0.5 },
    { "swap-colours", PAIR_METRIC_GROUP, "swapped colours: group", NEGATIVE_SWAP, 1.0 / 6 },
    { "swap-places", PAIR_METRIC_CHOICE, "swapped places: choice", NEGATIVE_SWAP, 0.5 },
    { "swap-places", PAIR_METRIC_GROUP, "swapped places: group", NEGATIVE_SWAP, 1.0 / 6 },
    { "replace", PAIR_METRIC_CHOICE, "replaced: choice", NEGATIVE_REPLACE, 0.5 },
    { "replace", PAIR_METRIC_GROUP, "replaced: group", NEGATIVE_REPLACE, 1.0 / 6 },
    { "negate", PAIR_METRIC_CHOICE, "negated: choice", NEGATIVE_NEGATE, 0.5 },
    { "negate", PAIR_METRIC_GROUP, "negated: group", NEGATIVE_NEGATE, 1.0 / 6 },
    { "synonyms-consistency", PAIR_METRIC_CHOICE, "consistency: synonyms", NEGATIVE_KINDS, NAN },
    { "forms-consistency", PAIR_METRIC_CHOICE, "consistency: other form", NEGATIVE_KINDS, NAN },
    { "converse-consistency", PAIR_METRIC_CHOICE, "consistency: converse", NEGATIVE_KINDS, NAN },
    { "retrieval", PAIR_METRIC_TEXT, "R@1, caption of a picture", NEGATIVE_KINDS, NAN },
    { "retrieval", PAIR_METRIC_IMAGE, "R@1, picture of a caption", NEGATIVE_KINDS, NAN },
};

static const Measure *measure_of(NegativeKind kind) {
    const Measure *q = measures;
    while (q->kind != (int)kind) q++;
    return q;
}

/* ---- one seed ---------------------------------------------------------------------------------------------------- */

static double score_of(const ResultTable *table, Condition condition, NegativesConfig config, const Measure *q,
                       int *items) {
    ResultRun run = negatives_run(condition, config);
    ResultRow like = negatives_row(&run, q->probe);
    const ResultRow *row = result_find(table, &like);
    if (row && items) *items = row->items;
    return row ? row->score[q->score] : NAN;
}

double report_negative(const NegativesReport *r, Condition condition, NegativeKind kind) {
    return score_of(r->table, condition, r->config, measure_of(kind), NULL);
}

/* "61.2+-3.0": in %, with half of the interval; "-" for NaN. */
static void print_fraction(double fraction, double low, double high) {
    if (isnan(fraction)) printf("%*s", CELL, "-");
    else printf("  %5.1f+-%.1f", 100 * fraction, 50 * (high - low));
}

void report_conditions(const NegativesReport *r) {
    printf("%-26s", "%");
    for (int a = 0; a < r->count; a++) printf("%*s", CELL, condition_name(r->condition[a]));
    printf("  chance\n");
    for (size_t q = 0; q < COUNT(measures); q++) {
        printf("%-26s", measures[q].label);
        for (int a = 0, items = 0; a < r->count; a++) {
            double low = 0, high = 0;
            double fraction = score_of(r->table, r->condition[a], r->config, &measures[q], &items);
            if (!isnan(fraction)) metrics_interval(fraction, items, &low, &high);
            print_fraction(fraction, low, high);
        }
        if (isnan(measures[q].chance)) printf("       -\n");
        else printf("   %5.1f\n", 100 * measures[q].chance);
    }
}

static bool uses_negatives(Condition condition) {
    return condition != CONDITION_BASE && condition != CONDITION_PLAIN && condition != CONDITION_LATE;
}

void report_bars(const Lesson *lesson, Arena *arena, const NegativesReport *r, const char *name) {
    Bar bars[COUNT(measures) * CONDITIONS], first[CONDITIONS];
    int n = 0, firsts = 0;
    REQUIRE(r->count <= CONDITIONS, "%d conditions, want at most %d", r->count, (int)CONDITIONS);
    for (size_t q = 0; q < COUNT(measures); q++)
        for (int a = 0, items = 0; a < r->count; a++) {
            const char *condition = condition_name(r->condition[a]);
            double low, high, fraction = score_of(r->table, r->condition[a], r->config, &measures[q], &items);
            if (isnan(fraction) || measures[q].score == PAIR_METRIC_GROUP) continue;
            metrics_interval(fraction, items, &low, &high);
            bars[n] = (Bar){ condition, 100 * fraction, 100 * low, 100 * high, uses_negatives(r->condition[a]) };
            if (q == 0) first[firsts++] = bars[n];
            bars[n++].label = arena_print(arena, "%s: %s", measures[q].label, condition);
        }
    if (firsts == 0) return;
    Bars all = {
        .bars = bars, .count = n, .values = "right, with 95 % intervals", .unit = " %", .decimals = 1, .high = 100
    };
    all.title = "Before and after each second stage (marked: trained with hard negatives)";
    plot_bars(name, &all, NULL);
    all.bars = first;
    all.count = firsts;
    all.title = arena_print(arena, "Swapped colours: choice; all measures in plots/out/%s.png", name);
    draw_bars(&lesson->term, &all);
}

/* ---- five seeds -------------------------------------------------------------------------------------------------- */

static ResultSummary summary_of(const ResultTable *table, Condition condition, const char *probe, PairMetric score) {
    ResultRun run = negatives_run(condition, (NegativesConfig){ .seed = 1 });
    return result_summary(table, negatives_row(&run, probe), score);
}

void report_seeds(const ResultTable *table) {
    printf("%-26s", "mean +- half the range");
    for (int a = 0; a < CONDITIONS; a++) printf("%*s", CELL, condition_name((Condition)a));
    printf("\n");
    for (size_t q = 0; q < COUNT(measures); q++) {
        printf("%-26s", measures[q].label);
        for (int a = 0; a < CONDITIONS; a++) {
            ResultSummary m = summary_of(table, (Condition)a, measures[q].probe, measures[q].score);
            print_fraction(m.mean, m.low, m.high);
        }
        printf("\n");
    }
}

static NegativesChange change_of(const ResultTable *table, Condition condition, const Measure *q) {
    NegativesChange c = { .low = INFINITY, .high = -INFINITY };
    for (int seed = 1; seed <= RESULT_SEEDS; seed++) {
        NegativesConfig config = { .seed = seed };
        double plain = score_of(table, CONDITION_PLAIN, config, q, NULL);
        double by = 100 * (score_of(table, condition, config, q, NULL) - plain);
        if (isnan(by)) continue;
        c.mean += by;
        c.low = fmin(c.low, by);
        c.high = fmax(c.high, by);
        c.seeds++;
        c.above += by > 0;
    }
    c.mean = c.seeds ? c.mean / c.seeds : NAN;
    return c;
}

NegativesChange report_change(const ResultTable *table, Condition condition, NegativeKind kind) {
    return change_of(table, condition, measure_of(kind));
}

static void print_change(const ResultTable *table, const char *what, Condition condition, const Measure *q) {
    NegativesChange c = change_of(table, condition, q);
    if (c.seeds)
        printf("  %-56s %+5.1f  (%+.1f to %+.1f), up in %d of %d\n", what, c.mean, c.low, c.high, c.above, c.seeds);
}

void report_changes(Arena *arena, const ResultTable *table) {
    term_say("difference from plain, same seed and steps, in points: mean (minimum to maximum)\n");
    for (size_t i = 0; i < COUNT(measures); i++) {
        const Measure *q = &measures[i];
        print_change(table, arena_print(arena, "%s, all kinds", q->label), CONDITION_HARD_NEGATIVES, q);
        if (q->kind != NEGATIVE_KINDS)
            print_change(table, arena_print(arena, "%s, NOT trained on it", q->label),
                         CONDITION_NO_SWAP + (Condition)q->kind, q);
    }
}

/* ---- published --------------------------------------------------------------------------------------------------- */

void report_published(const ResultTable *table) {
    static const struct {
        PublishedProbe theirs;
        const char *ours, *label;
        PairMetric score;
    } matching[] = {
        { PUBLISHED_ARO_RELATION, "swap-places", "swapped places", PAIR_METRIC_CHOICE },
        { PUBLISHED_ARO_ATTRIBUTION, "swap-colours", "swapped colours", PAIR_METRIC_CHOICE },
        { PUBLISHED_ARO_ORDER, "", "-", PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_REPLACE_ATTRIBUTE, "replace", "replaced", PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_REPLACE_RELATION, "", "-", PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_SWAP_OBJECT, "swap-places", "swapped places", PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_SWAP_ATTRIBUTE, "swap-colours", "swapped colours", PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_NEGATE, "negate", "negated", PAIR_METRIC_CHOICE },
        { PUBLISHED_WINOGROUND_GROUP, "swap-colours", "colours, group", PAIR_METRIC_GROUP },
    };
    static const Condition count[] = { CONDITION_BASE, CONDITION_HARD_NEGATIVES, CONDITION_PLAIN };
    printf("  %-29s chance   CLIP  negatives control  %-18s", "published", "ours, closest");
    for (size_t a = 0; a < COUNT(count); a++) printf(" %9s", condition_name(count[a]));
    for (size_t i = 0; i < COUNT(matching); i++) {
        const Published *p = published(matching[i].theirs);
        const double theirs[] = { p->chance, p->clip, p->hard_negatives, p->control };
        static const int widths[] = { 6, 6, 10, 7 };
        printf("\n  %-29s", p->name);
        for (size_t k = 0; k < COUNT(theirs); k++) {
            char text[PUBLISHED_TEXT];
            printf(" %s", published_text(theirs[k], widths[k], text));
        }
        printf("  %-18s", matching[i].label);
        for (size_t a = 0; a < COUNT(count); a++) {
            ResultSummary m = summary_of(table, count[a], matching[i].ours, matching[i].score);
            if (m.seeds) printf(" %9.1f", 100 * m.mean);
            else printf(" %9s", "-");
        }
    }
    ResultSummary before = summary_of(table, CONDITION_BASE, "forms-consistency", PAIR_METRIC_CHOICE),
                  after = summary_of(table, CONDITION_HARD_NEGATIVES, "forms-consistency", PAIR_METRIC_CHOICE);
    printf("\n  hard positives (Kamath et al. 2024): CLIP loses 12.9 points, CLIP with hard negatives up to 38.7");
    if (before.seeds && after.seeds)
        printf("; ours, other form: %.1f and %.1f", 100 - 100 * before.mean, 100 - 100 * after.mean);
    printf("\n");
}
