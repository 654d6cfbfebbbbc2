#include "hard_negatives_report.h"

#include "evaluate/metrics.h"
#include "show/plot.h"
#include "scenes/published_results.h"

#include <math.h>

enum { CELL = 11 };

/* What is asked: a row of the table, one of its scores, how it is called, of which kind of lie it is (LIE_KINDS: of
 * none), and what guessing gets. */
typedef struct {
    const char *probe;
    TallyScore score;
    const char *says;
    int kind;
    double chance;
} Question;
static const Question questions[] = {
    { "swap-colours", TALLY_CHOICE, "truth or swapped colours", LIE_SWAP, 0.5 },
    { "swap-colours", TALLY_GROUP, "  all four right", LIE_SWAP, 1.0 / 6 },
    { "swap-places", TALLY_CHOICE, "truth or swapped places", LIE_SWAP, 0.5 },
    { "swap-places", TALLY_GROUP, "  all four right", LIE_SWAP, 1.0 / 6 },
    { "replace", TALLY_CHOICE, "truth or replaced", LIE_REPLACE, 0.5 },
    { "replace", TALLY_GROUP, "  all four right", LIE_REPLACE, 1.0 / 6 },
    { "negate", TALLY_CHOICE, "truth or negated", LIE_NEGATE, 0.5 },
    { "negate", TALLY_GROUP, "  all four right", LIE_NEGATE, 1.0 / 6 },
    { "names-held", TALLY_CHOICE, "holds in other names", LIE_KINDS, NAN },
    { "forms-held", TALLY_CHOICE, "holds in another form", LIE_KINDS, NAN },
    { "converse-held", TALLY_CHOICE, "holds turned round", LIE_KINDS, NAN },
    { "retrieval", TALLY_TEXT, "R@1, caption of a picture", LIE_KINDS, NAN },
    { "retrieval", TALLY_IMAGE, "R@1, picture of a caption", LIE_KINDS, NAN },
};

static const Question *question_of(LieKind kind) {
    const Question *q = questions;
    while (q->kind != (int)kind) q++;
    return q;
}

/* ---- one world -------------------------------------------------------------------------------------------------- */

static double answer(const LimitsTable *table, RepairArm arm, RepairWorld world, const Question *q, int *items) {
    RepairCell cell = repair_cell(arm, world);
    LimitsRow like = repair_row(&cell, q->probe);
    const LimitsRow *row = limits_find(table, &like);
    if (row && items) *items = row->items;
    return row ? row->score[q->score] : NAN;
}

double report_lie(const RepairReport *r, RepairArm arm, LieKind kind) {
    return answer(r->table, arm, r->world, question_of(kind), NULL);
}

/* "61.2+-3.0": half of Wilson's interval. */
static void print_share(double share, int items) {
    double low, high;
    if (isnan(share)) {
        printf("%*s", CELL, "-");
        return;
    }
    metrics_interval(share, items, &low, &high);
    printf("  %5.1f+-%.1f", 100 * share, 50 * (high - low));
}

void report_arms(const RepairReport *r) {
    printf("%-26s", "%");
    for (int a = 0; a < r->arms; a++) printf("%*s", CELL, repair_arm_name(r->arm[a]));
    printf("  chance\n");
    for (size_t q = 0; q < COUNT(questions); q++) {
        printf("%-26s", questions[q].says);
        for (int a = 0, items = 0; a < r->arms; a++) {
            double share = answer(r->table, r->arm[a], r->world, &questions[q], &items);
            print_share(share, items);
        }
        if (isnan(questions[q].chance)) printf("       -\n");
        else printf("   %5.1f\n", 100 * questions[q].chance);
    }
}

static bool told_lies(RepairArm arm) { return arm != ARM_BASE && arm != ARM_PLAIN && arm != ARM_PLACES; }

void report_bars(const Lesson *lesson, Arena *arena, const RepairReport *r, const char *name) {
    Bar bars[COUNT(questions) * REPAIR_ARMS], first[REPAIR_ARMS];
    int n = 0, firsts = 0;
    REQUIRE(r->arms <= REPAIR_ARMS, "%d arms, want at most %d", r->arms, (int)REPAIR_ARMS);
    for (size_t q = 0; q < COUNT(questions); q++)
        for (int a = 0, items = 0; a < r->arms; a++) {
            const char *arm = repair_arm_name(r->arm[a]);
            double low, high, share = answer(r->table, r->arm[a], r->world, &questions[q], &items);
            if (isnan(share) || questions[q].score == TALLY_GROUP) continue;
            metrics_interval(share, items, &low, &high);
            bars[n] = (Bar){ arm, 100 * share, 100 * low, 100 * high, told_lies(r->arm[a]) };
            if (q == 0) first[firsts++] = bars[n];
            bars[n++].label = arena_print(arena, "%s: %s", questions[q].says, arm);
        }
    if (firsts == 0) return;
    Bars all = { .title = "Before, and after each course (marked: with lies)",
                 .unit = " %",
                 .bars = bars,
                 .count = n,
                 .decimals = 1,
                 .low = 0,
                 .high = 100 };
    plot_bars(name, &all, NULL);
    all.bars = first;
    all.count = firsts;
    all.title = arena_print(arena, "The truth or swapped colours; all questions in plots/out/%s.png", name);
    draw_bars(&lesson->term, &all);
}

/* ---- five seeds ------------------------------------------------------------------------------------------------- */

static LimitsSummary summary_of(const LimitsTable *table, RepairArm arm, const char *probe, TallyScore score) {
    RepairCell cell = repair_cell(arm, (RepairWorld){ .seed = 1 });
    return limits_summary(table, repair_row(&cell, probe), score);
}

void report_seeds(const LimitsTable *table) {
    printf("%-26s", "mean +- half the spread");
    for (int a = 0; a < REPAIR_ARMS; a++) printf("%*s", CELL, repair_arm_name((RepairArm)a));
    printf("\n");
    for (size_t q = 0; q < COUNT(questions); q++) {
        printf("%-26s", questions[q].says);
        for (int a = 0; a < REPAIR_ARMS; a++) {
            LimitsSummary m = summary_of(table, (RepairArm)a, questions[q].probe, questions[q].score);
            if (m.seeds) printf("  %5.1f+-%.1f", 100 * m.mean, 50 * (m.high - m.low));
            else printf("%*s", CELL, "-");
        }
        printf("\n");
    }
}

static RepairChange change_of(const LimitsTable *table, RepairArm arm, const Question *q) {
    RepairChange c = { .low = INFINITY, .high = -INFINITY };
    for (int seed = 1; seed <= LIMITS_SEEDS; seed++) {
        RepairWorld world = { .seed = seed };
        double by = 100 * (answer(table, arm, world, q, NULL) - answer(table, ARM_PLAIN, world, q, NULL));
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

RepairChange report_change(const LimitsTable *table, RepairArm arm, LieKind kind) {
    return change_of(table, arm, question_of(kind));
}

static void print_change(const LimitsTable *table, const char *what, RepairArm arm, const Question *q) {
    RepairChange c = change_of(table, arm, q);
    if (c.seeds)
        printf("  %-56s %+5.1f  (%+.1f to %+.1f), up in %d of %d\n", what, c.mean, c.low, c.high, c.above, c.seeds);
}

void report_changes(Arena *arena, const LimitsTable *table) {
    printf("compared with as many plain steps of the same seed, in points: mean (least to most)\n");
    for (size_t i = 0; i < COUNT(questions); i++) {
        const Question *q = &questions[i];
        const char *says = q->says[0] == ' ' ? arena_print(arena, "%s,%s", q[-1].says, q->says + 1) : q->says;
        print_change(table, arena_print(arena, "%s: all lies", says), ARM_REPAIR, q);
        if (q->kind != LIE_KINDS)
            print_change(table, arena_print(arena, "%s: NOT taught this", says), ARM_NO_SWAP + (RepairArm)q->kind, q);
    }
}

/* ---- published -------------------------------------------------------------------------------------------------- */

void report_published(const LimitsTable *table) {
    static const struct {
        PublishedProbe theirs;
        const char *ours, *says;
        TallyScore score;
    } alike[] = {
        { PUBLISHED_ARO_RELATION, "swap-places", "swapped places", TALLY_CHOICE },
        { PUBLISHED_ARO_ATTRIBUTION, "swap-colours", "swapped colours", TALLY_CHOICE },
        { PUBLISHED_ARO_ORDER, "", "-", TALLY_CHOICE },
        { PUBLISHED_CREPE_REPLACE_ATTRIBUTE, "replace", "replaced", TALLY_CHOICE },
        { PUBLISHED_CREPE_REPLACE_RELATION, "", "-", TALLY_CHOICE },
        { PUBLISHED_CREPE_SWAP_OBJECT, "swap-places", "swapped places", TALLY_CHOICE },
        { PUBLISHED_CREPE_SWAP_ATTRIBUTE, "swap-colours", "swapped colours", TALLY_CHOICE },
        { PUBLISHED_CREPE_NEGATE, "negate", "negated", TALLY_CHOICE },
        { PUBLISHED_WINOGROUND_GROUP, "swap-colours", "colours, all four", TALLY_GROUP },
    };
    static const RepairArm arms[] = { ARM_BASE, ARM_REPAIR, ARM_PLAIN };
    printf("  %-29s chance   CLIP  repaired  plain   %-18s", "published", "ours, alike");
    for (size_t a = 0; a < COUNT(arms); a++) printf(" %6s", repair_arm_name(arms[a]));
    for (size_t i = 0; i < COUNT(alike); i++) {
        const Published *p = published(alike[i].theirs);
        const double theirs[] = { p->chance, p->clip, p->repaired, p->plain };
        static const int widths[] = { 6, 6, 9, 6 };
        printf("\n  %-29s", p->name);
        for (size_t k = 0; k < COUNT(theirs); k++) {
            char text[PUBLISHED_TEXT];
            printf(" %s", published_text(theirs[k], widths[k], text));
        }
        printf("   %-18s", alike[i].says);
        for (size_t a = 0; a < COUNT(arms); a++) {
            LimitsSummary m = summary_of(table, arms[a], alike[i].ours, alike[i].score);
            if (m.seeds) printf(" %6.1f", 100 * m.mean);
            else printf(" %6s", "-");
        }
    }
    LimitsSummary before = summary_of(table, ARM_BASE, "forms-held", TALLY_CHOICE),
                  after = summary_of(table, ARM_REPAIR, "forms-held", TALLY_CHOICE);
    printf("\n  hard positives (Kamath et al. 2024): CLIP loses 12.9 points, repaired models up to 38.7");
    if (before.seeds && after.seeds)
        printf("; ours, in another form, %.1f and %.1f", 100 - 100 * before.mean, 100 - 100 * after.mean);
    printf("\n");
}
