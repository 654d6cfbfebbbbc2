/* Hard-negatives report, result curves, published results: does each number of the rows stand in its place? */
#include "17-what-the-pair-knows/result_curves.h"
#include "core/arena.h"
#include "core/file.h"
#include "scenes/published_results.h"
#include "18-a-repair-and-its-price/hard_negatives_report.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static const char *folder;

static Lesson lesson_here(void) {
    folder = check_folder();
    CHECK(setenv("CLIP_PLOTS", folder, 1) == 0, "%s", "setenv");
    const char *path = arena_print(&arena, "%s/printed", folder);
    CHECK(freopen(path, "w", stdout), "%s", path);
    return (Lesson){ .number = "99", .term = { .out = stdout, .width = 80 } };
}

static const char *printed(void) {
    File file;
    Err err;
    CHECK(fflush(stdout) == 0 && file_open(&file, arena_print(&arena, "%s/printed", folder), &err), "%s", err.text);
    char *text = arena_zero(&arena, file.size + 1, 1);
    memcpy(text, file.data, file.size);
    file_close(&file);
    return text;
}

/* The words of the line that begins so, after that; NULL: there is no such line. */
enum { WORDS = 16 };
static int words_of(const char *text, const char *begin, char word[WORDS][24]) {
    const char *at = strstr(text, arena_print(&arena, "\n%s", begin));
    CHECK(at, "no line \"%s\" in:\n%s", begin, text);
    char *line = arena_text(&arena, at + 1 + strlen(begin)), *rest = NULL;
    int n = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *w = strtok_r(line, " ", &rest); w && n < WORDS; w = strtok_r(NULL, " ", &rest), n++)
        snprintf(word[n], sizeof word[n], "%s", w);
    return n;
}

static void word_is(const char *got, const char *format, double value) {
    char want[24];
    snprintf(want, sizeof want, format, value);
    CHECK(!strcmp(got, want), "\"%s\", want \"%s\"", got, want);
}

/* A score that no other row has. */
static double made_up(int seed, int condition, int probe) {
    return (10 * probe + condition + 1) / 200.0 + seed * seed / 1000.0;
}

static const char *const probes[] = {
    "swap-colours",      "swap-places",          "replace",  "negate", "synonyms-consistency",
    "forms-consistency", "converse-consistency", "retrieval"
};

static ResultTable table_of(int seeds) {
    ResultTable table = { .arena = &arena };
    for (int seed = 1; seed <= seeds; seed++)
        for (int a = 0; a < CONDITIONS; a++)
            for (int p = 0; p < (int)COUNT(probes); p++) {
                ResultRun run = negatives_run((Condition)a, (NegativesConfig){ .seed = seed });
                ResultRow row = negatives_row(&run, probes[p]);
                row.items = 1000;
                for (int k = 0; k < PAIR_METRICS; k++) row.score[k] = made_up(seed, a, p) + 0.002 * k;
                result_store(&table, &row);
            }
    return table;
}

TEST(conditions_as_the_rows_say) {
    const Condition condition[] = { CONDITION_BASE, CONDITION_LATE_HARD_NEGATIVES, CONDITION_NO_NEGATE };
    char word[WORDS][24];
    lesson_here();
    ResultTable table = table_of(2);
    NegativesReport report = { &table, { .seed = 2 }, condition, 3 }, none = { &table, { .seed = 7 }, condition, 3 };
    CHECK_NEAR(report_negative(&report, CONDITION_NO_NEGATE, NEGATIVE_NEGATE), made_up(2, CONDITION_NO_NEGATE, 3),
               1e-12);
    CHECK_NEAR(report_negative(&report, CONDITION_BASE, NEGATIVE_SWAP), made_up(2, CONDITION_BASE, 0), 1e-12);
    CHECK(isnan(report_negative(&none, CONDITION_BASE, NEGATIVE_SWAP)), "%s", "seed 7 is not there");
    report_conditions(&report);
    const char *text = printed();
    CHECK(words_of(text, "negated: choice ", word) == 4, "%s", text);
    for (int a = 0; a < 3; a++) { /* half of Wilson's interval, n 1000, z 1.96 */
        double p = made_up(2, (int)condition[a], 3), z = 1.959964, n = 1000;
        double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
        word_is(word[a], arena_print(&arena, "%%.1f+-%.1f", 100 * half), 100 * p);
    }
    CHECK(!strcmp(word[3], "50.0"), "%s", word[3]);
    CHECK(words_of(text, "R@1, picture of a caption ", word) == 4 && !strcmp(word[3], "-"), "%s", text);
    CHECK(strtod(word[0], NULL) == round(1000 * (made_up(2, CONDITION_BASE, 7) + 0.002 * PAIR_METRIC_IMAGE)) / 10, "%s",
          word[0]);
}

TEST(missing_rows_are_dashes) {
    const Condition condition[] = { CONDITION_PLAIN, CONDITION_LATE };
    char word[WORDS][24];
    Lesson lesson = lesson_here();
    ResultTable table = { .arena = &arena };
    NegativesReport report = { &table, { .seed = 1 }, condition, 2 };
    report_conditions(&report);
    report_seeds(&table);
    report_changes(&arena, &table);
    report_published(&table);
    report_bars(&lesson, &arena, &report, "bars");
    for (int kind = 0; kind < PROBE_SHUFFLE; kind++) report_coverage(&lesson, &arena, &table, (ProbeKind)kind);
    report_scene_configs(&arena, &table);
    const char *text = printed();
    CHECK(words_of(text, "replaced: choice ", word) == 3 && !strcmp(word[0], "-") && !strcmp(word[1], "-"), "%s", text);
    CHECK(words_of(text, "  ARO, relation (VG-R) ", word) == 9 && !strcmp(word[1], "59.9") && !strcmp(word[8], "-"),
          "%s", text);
    CHECK(!strstr(text, "nan") && !strstr(text, "inf"), "%s", text);
}

TEST(seeds_and_changes) {
    char word[WORDS][24];
    lesson_here();
    ResultTable table = table_of(3);
    printf("\n");
    report_seeds(&table);
    report_changes(&arena, &table);
    report_published(&table);
    const char *text = printed();
    CHECK(words_of(text, "consistency: other form ", word) == CONDITIONS, "%s", text);
    for (int a = 0; a < CONDITIONS; a++) /* 1, 4 and 9 thousandths beside: mean 14/3, half the range 4 */
        word_is(word[a], "%.1f+-0.4", 100 * (made_up(0, a, 5) + 14 / 3000.0));
    NegativesChange c = report_change(&table, CONDITION_NO_REPLACE, NEGATIVE_REPLACE);
    CHECK(c.seeds == 3 && c.above == 3, "%d of %d", c.above, c.seeds);
    CHECK_NEAR(c.mean, 50.0 * (CONDITION_NO_REPLACE - CONDITION_PLAIN) / 100, 1e-9);
    CHECK_NEAR(c.low, c.high, 1e-9);
    ResultRun run = negatives_run(CONDITION_NO_REPLACE, (NegativesConfig){ .seed = 2 });
    ResultRow row = negatives_row(&run, "replace");
    row = *result_find(&table, &row);
    row.score[PAIR_METRIC_CHOICE] = 0.001;
    result_store(&table, &row);
    c = report_change(&table, CONDITION_NO_REPLACE, NEGATIVE_REPLACE);
    CHECK(c.seeds == 3 && c.above == 2 && c.low < -10 && c.high > 0, "%d above, %g to %g", c.above, c.low, c.high);
    CHECK(words_of(text, "  replaced: choice, NOT trained on it ", word) == 9 && !strcmp(word[0], "+1.5"), "%s", text);
    CHECK(words_of(text, "  replaced: group, all kinds ", word) == 9 && !strcmp(word[0], "+0.5"), "%s", text);
    CHECK(words_of(text, "  CREPE, negate ", word) == 8 && !strcmp(word[2], "99.5"), "%s", text);
    word_is(word[5], "%.1f", 100 * (made_up(0, CONDITION_BASE, 3) + 14 / 3000.0));
    word_is(word[6], "%.1f", 100 * (made_up(0, CONDITION_HARD_NEGATIVES, 3) + 14 / 3000.0));
    word_is(word[7], "%.1f", 100 * (made_up(0, CONDITION_PLAIN, 3) + 14 / 3000.0));
}

TEST(curves_as_the_rows_say) {
    char word[WORDS][24];
    ResultTable table = { .arena = &arena };
    Lesson lesson = lesson_here();
    SceneModelConfig s = { .text = "lstm", .split = SPLIT_PAIRS, .coverage = 0.5, .seed = 1 };
    for (s.seed = 1; s.seed <= 2; s.seed++) {
        ResultRow seen = result_row(&s, NULL, "counting", SPLIT_SEEN),
                  consistent = result_row(&s, NULL, "counting", SPLIT_HELD);
        seen.score[PAIR_METRIC_CHOICE] = 0.6 + 0.1 * s.seed;
        consistent.score[PAIR_METRIC_CHOICE] = 0.5 + 0.01 * s.seed;
        result_store(&table, &seen);
        result_store(&table, &consistent);
    }
    s = (SceneModelConfig){ .text = "bow", .split = SPLIT_PAIRS, .palette = RESULT_PALETTE, .seed = 3 };
    ResultRow few = result_row(&s, NULL, "counting", SPLIT_SEEN);
    few.score[PAIR_METRIC_CHOICE] = 0.123;
    result_store(&table, &few);
    report_coverage(&lesson, &arena, &table, PROBE_COUNTING);
    report_scene_configs(&arena, &table);
    const char *text = printed();
    CHECK(words_of(text, "  lstm        seen ", word) == 5 && !strcmp(word[0], "-") && !strcmp(word[1], "75.0") &&
              !strcmp(word[2], "(70.0-80.0)") && !strcmp(word[3], "-"),
          "%s", text);
    CHECK(words_of(text, "  lstm        held out ", word) == 5 && !strcmp(word[1], "51.5"), "%s", text);
    CHECK(words_of(text, "  counting    bow ", word) == 5 && !strcmp(word[2], "-") && !strcmp(word[3], "12.3"), "%s",
          text);
    CHECK(file_exists(arena_print(&arena, "%s/17-counting.gp", folder)), "%s", "no picture");
}

TEST(published_numbers) {
    char text[PUBLISHED_TEXT];
    for (int p = 0; p < PUBLISHED_PROBES; p++) {
        const Published *row = published((PublishedProbe)p);
        CHECK(row->chance > 0 && row->clip > 0 && row->clip < 100 && *row->name && *row->text_only && *row->people,
              "row %d", p);
        CHECK(isnan(row->hard_negatives) || (row->hard_negatives > row->clip && row->hard_negatives <= 100), "%s",
              row->name);
    }
    static const PublishedProbe winoground[] = { PUBLISHED_WINOGROUND_TEXT, PUBLISHED_WINOGROUND_IMAGE,
                                                 PUBLISHED_WINOGROUND_GROUP };
    static const PairMetric as[] = { PAIR_METRIC_TEXT, PAIR_METRIC_IMAGE, PAIR_METRIC_GROUP };
    PairScore pair = pair_score_new(2, 2); /* Winoground's items are minimal pairs: the same chance */
    for (int k = 0; k < 3; k++)
        CHECK_NEAR(published(winoground[k])->chance, 100 * pair_score_chance(&pair, as[k]), 1e-9);
    CHECK(!strcmp(published_text(published(PUBLISHED_WINOGROUND_TEXT)->clip, 6, text), " 30.75"), "%s", text);
    CHECK(!strcmp(published_text(NAN, 3, text), "  -"), "%s", text);
    CHECK_STOPS(published(PUBLISHED_PROBES), EXIT_CONTRACT, "probe 11 of 11");
}

TESTS(conditions_as_the_rows_say, missing_rows_are_dashes, seeds_and_changes, curves_as_the_rows_say, published_numbers)
