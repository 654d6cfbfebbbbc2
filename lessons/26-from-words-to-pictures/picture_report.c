#include "picture_report.h"

#include <math.h>

static const double guidances[] = { 0, 1, 1.5, 2, 3, 5, 8 };
static const CaptionKind kinds[] = { CAPTION_OBJECT, CAPTION_COUNT, CAPTION_PAIR, CAPTION_RELATION };
static const struct {
    int steps;
    double eta;
} samplers[] = { { 5, 0 }, { 10, 0 }, { 20, 0 }, { 50, 0 }, { 20, 1 }, { 100, 1 } };
enum { CONDITIONS = CONDITION_NONE, PARTS = 2, KINDS = COUNT(kinds), GUIDANCES = COUNT(guidances), CURVES = 2 };

static PictureTask task_of(int condition, CaptionKind kind, int part, double guidance) {
    return (PictureTask){ .condition = (ConditionKind)condition,
                          .captions = kind,
                          .part = (SplitPart)part,
                          .guidance = guidance,
                          .steps = REPORT_STEPS };
}

PictureTask *report_tasks(Arena *arena, int count, int curve, int seed, int *tasks) {
    PictureTask *list =
        arena_alloc(arena, CONDITIONS * (PARTS * KINDS + CURVES * GUIDANCES) + COUNT(samplers), sizeof *list);
    int n = 0;
    for (int i = 0; i < CONDITIONS * PARTS * KINDS; i++) {
        list[n] = task_of(i / (PARTS * KINDS), kinds[i % KINDS], i / KINDS % PARTS, REPORT_GUIDANCE);
        list[n++].count = count;
    }
    for (int i = 0; i < CONDITIONS * CURVES * GUIDANCES; i++) {
        CaptionKind kind = i / GUIDANCES % CURVES ? CAPTION_RELATION : CAPTION_OBJECT;
        double guidance = guidances[i % GUIDANCES];
        list[n] = task_of(i / (CURVES * GUIDANCES), kind, SPLIT_SEEN, guidance);
        list[n].count = curve;
        n += guidance != REPORT_GUIDANCE; /* that one is among the others */
    }
    for (size_t i = 0; i < COUNT(samplers); i++) {
        list[n] = task_of(CONDITION_TOKENS, CAPTION_RELATION, SPLIT_SEEN, REPORT_GUIDANCE);
        list[n].steps = samplers[i].steps;
        list[n].eta = samplers[i].eta;
        list[n].count = curve;
        n += samplers[i].steps != REPORT_STEPS || samplers[i].eta > 0;
    }
    for (int i = 0; i < n; i++) list[i].seed = seed;
    *tasks = n;
    return list;
}

/* The proportion of a verdict, with its interval. */
static Rate rate_of(const CellTable *table, PictureTask task, int seed, Verdict verdict) {
    task.seed = seed;
    const Cell *cell = picture_task_find(table, &task, verdict_name(verdict));
    return cell ? metrics_wilson((int)lround(cell->value * cell->count), cell->count) : metrics_wilson(0, 0);
}
static void print_rate(Rate rate) {
    if (rate.of) printf("  %5.1f (%4.1f to %5.1f)", 100 * rate.proportion, 100 * rate.low, 100 * rate.high);
    else printf("  %21s", "not measured");
}

/* ---- against guidance -------------------------------------------------------------------------------------------- */

double report_best_guidance(const CellTable *table, int seed) {
    double best = -1, at = (double)NAN;
    for (int g = 0; g < GUIDANCES; g++) {
        double sum = 0;
        for (int i = 0; i < CONDITIONS * CURVES; i++) {
            CaptionKind kind = i % CURVES ? CAPTION_RELATION : CAPTION_OBJECT;
            Rate rate = rate_of(table, task_of(i / CURVES, kind, SPLIT_SEEN, guidances[g]), seed, VERDICT_TRUE);
            if (!rate.of) return (double)NAN;
            sum += rate.proportion;
        }
        if (sum > best) {
            best = sum;
            at = guidances[g];
        }
    }
    return at;
}

void report_guidance(const Lesson *lesson, const CellTable *table, int seed) {
    num x[GUIDANCES], y[CONDITIONS * CURVES][GUIDANCES], low[CONDITIONS * CURVES][GUIDANCES],
        high[CONDITIONS * CURVES][GUIDANCES];
    const num *lows[CONDITIONS * CURVES], *highs[CONDITIONS * CURVES];
    Series series[CONDITIONS * CURVES];
    const char *const names[] = { "vector, one object", "vector, two",     "tokens, one object",
                                  "tokens, two",        "bag, one object", "bag, two" };
    for (int i = 0; i < CONDITIONS * CURVES; i++) {
        CaptionKind kind = i % CURVES ? CAPTION_RELATION : CAPTION_OBJECT;
        printf("%s%s, %s\n", i ? "" : "true of the caption, %, by guidance (95 %)\n",
               condition_kind_name((ConditionKind)(i / CURVES)), caption_kind_name(kind));
        for (int g = 0; g < GUIDANCES; g++) {
            Rate rate = rate_of(table, task_of(i / CURVES, kind, SPLIT_SEEN, guidances[g]), seed, VERDICT_TRUE);
            printf("  %4g ", guidances[g]);
            print_rate(rate);
            printf("  of %3d%s", rate.of, g % 2 && g + 1 < GUIDANCES ? "\n" : g + 1 < GUIDANCES ? "   " : "\n");
            x[g] = (num)guidances[g];
            y[i][g] = (num)(100 * rate.proportion);
            low[i][g] = (num)(100 * rate.low);
            high[i][g] = (num)(100 * rate.high);
        }
        series[i] = (Series){ names[i], x, y[i], GUIDANCES };
        lows[i] = low[i];
        highs[i] = high[i];
    }
    if (isnan(report_best_guidance(table, seed))) return;
    lesson_lines(lesson, "26-guidance",
                 &(Lines){ .title = "pictures that are true of their captions",
                           .x = "guidance",
                           .y = "%",
                           .series = series,
                           .count = CONDITIONS * CURVES,
                           .low = lows,
                           .high = highs,
                           .from_zero = true });
}

/* ---- kinds of captions, seen and held out ------------------------------------------------------------------------ */

void report_kinds(const CellTable *table, int seed) {
    printf("true of the caption, %%, at guidance %g, %d steps of DDIM (95 %%)\n", REPORT_GUIDANCE, REPORT_STEPS);
    printf("condition  caption    seen combinations        held-out combinations\n");
    for (int i = 0; i < CONDITIONS * KINDS; i++) {
        printf("%-9s  %-8s ", condition_kind_name((ConditionKind)(i / KINDS)), caption_kind_name(kinds[i % KINDS]));
        for (int part = 0; part < PARTS; part++)
            print_rate(rate_of(table, task_of(i / KINDS, kinds[i % KINDS], part, REPORT_GUIDANCE), seed, VERDICT_TRUE));
        printf("\n");
    }
}

/* ---- who is where ------------------------------------------------------------------------------------------------ */

void report_places(const CellTable *table, const Split *split, int seed) {
    printf("two objects and their places, seen combinations, %%\n");
    printf("condition ");
    for (int v = 0; v < VERDICTS; v++) printf("  %8s", verdict_name((Verdict)v));
    printf("   true among those of the right colours and shapes\n");
    for (int c = 0; c < CONDITIONS; c++) {
        PictureTask task = task_of(c, CAPTION_RELATION, SPLIT_SEEN, REPORT_GUIDANCE);
        Rate rate[VERDICTS];
        for (int v = 0; v < VERDICTS; v++) rate[v] = rate_of(table, task, seed, (Verdict)v);
        int known = rate[VERDICT_TRUE].right + rate[VERDICT_PLACES].right + rate[VERDICT_BINDING].right;
        printf("%-9s ", condition_kind_name((ConditionKind)c));
        for (int v = 0; v < VERDICTS; v++)
            if (rate[v].of) printf("  %8.1f", 100 * rate[v].proportion);
            else printf("  %8s", "-");
        print_rate(metrics_wilson(rate[VERDICT_TRUE].right, known));
        printf("\n");
    }
    PictureTask task = task_of(0, CAPTION_RELATION, SPLIT_SEEN, REPORT_GUIDANCE);
    task.seed = seed;
    task.count = REPORT_COUNT;
    printf("a bag of words can do at most %.1f %% on these captions", 100 * bag_bound_mean(split, &task));
    task.captions = CAPTION_PAIR;
    printf(", %.1f %% on \"a ... and a ...\"\n", 100 * bag_bound_mean(split, &task));
}

/* ---- samplers and steps ------------------------------------------------------------------------------------------ */

void report_steps(const CellTable *table, int seed) {
    printf("tokens, relation, guidance %g   true, %% (95 %%)\n", REPORT_GUIDANCE);
    for (size_t i = 0; i < COUNT(samplers); i++) {
        PictureTask task = task_of(CONDITION_TOKENS, CAPTION_RELATION, SPLIT_SEEN, REPORT_GUIDANCE);
        task.steps = samplers[i].steps;
        task.eta = samplers[i].eta;
        printf("  %s %3d steps", task.eta > 0 ? "DDPM" : "DDIM", task.steps);
        print_rate(rate_of(table, task, seed, VERDICT_TRUE));
        printf("\n");
    }
}

/* ---- CLIP score -------------------------------------------------------------------------------------------------- */

void report_clip(const CellTable *table, int seed) {
    printf("mean cosine with the caption (100 x), and true, %%; seen combinations\n");
    printf("condition  caption   guidance  drawn   renderings  true\n");
    for (int i = 0; i < CONDITIONS * CURVES * GUIDANCES; i++) {
        CaptionKind kind = i / GUIDANCES % CURVES ? CAPTION_RELATION : CAPTION_OBJECT;
        PictureTask task = task_of(i / (CURVES * GUIDANCES), kind, SPLIT_SEEN, guidances[i % GUIDANCES]);
        task.seed = seed;
        const Cell *drawn = picture_task_find(table, &task, "clip");
        const Cell *truth = picture_task_find(table, &task, "clip of truth");
        if (!drawn || !truth) continue;
        double clip = drawn->value, of_truth = truth->value; /* a cell lasts until the next cell_put only */
        printf("%-9s  %-8s  %8g  %5.1f  %10.1f  %5.1f\n", condition_kind_name(task.condition), caption_kind_name(kind),
               task.guidance, 100 * clip, 100 * of_truth, 100 * rate_of(table, task, seed, VERDICT_TRUE).proportion);
    }
}
