#include "result_curves.h"

const char *const result_towers[RESULT_TOWERS] = { "bow", "lstm", "transformer" };
static const double coverages[] = { 0.25, 0.5, 0.75, 1 };

/* Mean, minimum and maximum over the seeds, in %: "63.1 (58.0-67.2)", or "-". */
static const char *mean_text(Arena *arena, ResultSummary m) {
    return m.seeds ? arena_print(arena, "%.1f (%.1f-%.1f)", 100 * m.mean, 100 * m.low, 100 * m.high) : "-";
}

static ResultSummary choice_of(const ResultTable *table, SceneModelConfig config, int tower, ProbeKind kind,
                               SplitPart part) {
    config.text = result_towers[tower];
    config.split = SPLIT_PAIRS;
    return result_summary(table, result_row(&config, NULL, probe_name(kind), part), PAIR_METRIC_CHOICE);
}

void report_coverage(const Lesson *lesson, Arena *arena, const ResultTable *table, ProbeKind kind) {
    enum { C = COUNT(coverages), CURVES = 2 * RESULT_TOWERS };
    num x[C], y[3][CURVES][C]; /* mean, minimum, maximum */
    const num *low[CURVES], *high[CURVES];
    Series series[CURVES];
    printf("%-10s seen:     ", probe_name(kind));
    for (int c = 0; c < C; c++) printf("  %17.0f %%", 100 * coverages[c]);
    for (int i = 0; i < CURVES; i++) {
        const char *name = i % 2 ? "held out" : "seen";
        printf("\n  %-11s %-8s", result_towers[i / 2], name);
        for (int c = 0; c < C; c++) {
            SceneModelConfig config = { .coverage = coverages[c] };
            ResultSummary m = choice_of(table, config, i / 2, kind, i % 2 ? SPLIT_HELD : SPLIT_SEEN);
            x[c] = (num)(100 * coverages[c]);
            y[0][i][c] = (num)(100 * m.mean);
            y[1][i][c] = (num)(100 * m.low);
            y[2][i][c] = (num)(100 * m.high);
            printf("  %19s", mean_text(arena, m));
        }
        low[i] = y[1][i];
        high[i] = y[2][i];
        series[i] = (Series){ arena_print(arena, "%s, %s", result_towers[i / 2], name), x, y[0][i], C };
    }
    printf("\n");
    Lines lines = { .y = "right choices, %", .x = "combinations seen, %", .series = series, .count = CURVES };
    lines.title = arena_print(arena, "%s: mean and range of five seeds", probe_name(kind));
    lines.low = low;
    lines.high = high;
    lines.reference_name = "chance";
    lines.reference = 50;
    lesson_lines(lesson, arena_print(arena, "17-%s", probe_name(kind)), &lines);
}

void report_scene_configs(Arena *arena, const ResultTable *table) {
    static const struct {
        const char *name;
        SceneModelConfig config;
    } setups[] = { { "one object", { .objects = 1 } },
                   { "two objects", { .objects = 2 } },
                   { "three objects", { .objects = 3 } },
                   { "two, palette of 9", { .palette = RESULT_PALETTE } } };
    printf("all seen; scenes of");
    for (size_t w = 0; w < COUNT(setups); w++) printf("  %19s", setups[w].name);
    printf("\n");
    for (int i = 0; i < PROBE_SHUFFLE * RESULT_TOWERS; i++) {
        int tower = i % RESULT_TOWERS;
        ProbeKind kind = (ProbeKind)(i / RESULT_TOWERS);
        printf("  %-11s %-11s", tower ? "" : probe_name(kind), result_towers[tower]);
        for (size_t w = 0; w < COUNT(setups); w++)
            printf("  %19s", mean_text(arena, choice_of(table, setups[w].config, tower, kind, SPLIT_SEEN)));
        printf("\n");
    }
}
