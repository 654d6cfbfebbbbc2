#include "result_curves.h"

const char *const result_towers[RESULT_TOWERS] = { "bow", "lstm", "transformer" };

static const double coverages[] = { 0.25, 0.5, 0.75, 1 };

/* Mean, minimum and maximum over the seeds, in %: "63.1 (58.0-67.2)", or "-". */
static char *mean_text(Arena *arena, ResultSummary m) {
    return m.seeds ? arena_print(arena, "%.1f (%.1f-%.1f)", 100 * m.mean, 100 * m.low, 100 * m.high) : "-";
}

static ResultSummary choice_of(const ResultTable *table, SceneModelConfig config, int tower, ProbeKind kind,
                               SplitPart part) {
    config.text = result_towers[tower];
    config.split = SPLIT_PAIRS;
    return result_summary(table, result_row(&config, NULL, probe_name(kind), part), PAIR_METRIC_CHOICE);
}

void report_coverage(const Lesson *lesson, Arena *arena, const ResultTable *table, ProbeKind kind) {
    num x[COUNT(coverages)], y[2 * RESULT_TOWERS][COUNT(coverages)];
    Series series[2 * RESULT_TOWERS];
    printf("%-10s seen:     ", probe_name(kind));
    for (size_t c = 0; c < COUNT(coverages); c++) printf("  %17.0f %%", 100 * coverages[c]);
    printf("\n");
    for (int i = 0; i < 2 * RESULT_TOWERS; i++) {
        SplitPart part = i % 2 ? SPLIT_HELD : SPLIT_SEEN;
        const char *tower = result_towers[i / 2], *named = i % 2 ? "held out" : "seen";
        printf("  %-11s %-8s", tower, named);
        for (size_t c = 0; c < COUNT(coverages); c++) {
            ResultSummary m = choice_of(table, (SceneModelConfig){ .coverage = coverages[c] }, i / 2, kind, part);
            x[c] = (num)(100 * coverages[c]);
            y[i][c] = (num)(100 * m.mean);
            printf("  %19s", mean_text(arena, m));
        }
        printf("\n");
        series[i] = (Series){ arena_print(arena, "%s, %s", tower, named), x, y[i], COUNT(coverages) };
    }
    lesson_lines(lesson, arena_print(arena, "17-%s", probe_name(kind)),
                 &(Lines){ .title = arena_print(arena, "%s: mean and range of five seeds", probe_name(kind)),
                           .y = "right choices, %",
                           .x = "% of combinations seen",
                           .series = series,
                           .count = 2 * RESULT_TOWERS,
                           .reference_name = "chance",
                           .reference = 50 });
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
