/* Lesson 18: a repair and its price. A model that cannot tell who is red is taught with captions that are wrong on
 * purpose; what does that mend, what would more practice alone have mended, and what does it break? Before: 17. See
 * README.md. */
#include "../../lib/course.h"
#include "../../lib/lesson.h"
#include "../../lib/metrics.h"
#include "../../lib/plot.h"
#include "../../lib/repair.h"

#include <math.h>
#include <string.h>

enum { ARMS = 6, COUNTED = 1000, LIES = 4, CELL = 11 };
typedef struct { RepairCell cell[ARMS]; const char *name[ARMS]; LimitsTable table; } Study;

/* ---- 1. What is false
 * ------------------------------------------------------------------------------------------------ */

static Tile tile_of(Arena *arena, const Scene *scene, const Caption *caption) {
    uint8_t *rgb = arena_alloc(arena, LEARNER_SIDE * LEARNER_SIDE * 3, 1);
    char text[CAPTION_TEXT], *lines = arena_text(arena, caption_text(caption, text)), *at;
    scene_picture(scene, (Canvas){ LEARNER_SIDE, arena_alloc(arena, LEARNER_SIDE * LEARNER_SIDE * 3, sizeof(double)) },
                  rgb);
    for (at = lines + strlen(lines) / 2; *at && *at != ' ';) at++;
    if (*at) *at = '\n';
    return (Tile){ rgb, LEARNER_SIDE, LEARNER_SIDE, lines, false };
}

static void show_lies(const Lesson *lesson, Arena *arena, const RepairProbe *probe) {
    Tile tiles[2 * LIE_KINDS];
    char text[CAPTION_TEXT];
    for (int k = 0; k < LIE_KINDS; k++) {
        const RepairItem *item = &repair_items(arena, (LieKind)k, probe)[0];
        printf("  %-9s true: %s\n", lie_name((LieKind)k), caption_text(&item->caption[0], text));
        printf("            false: %s\n", caption_text(&item->caption[1], text));
        for (int w = 0; w < REWORD_WAYS; w++)
            if (item->reworded[w][0].kind != CAPTION_KINDS)
                printf("             true: %s   (%s)\n", caption_text(&item->reworded[w][0], text),
                       reword_name((Reword)w));
        for (int s = 0; s < 2; s++) tiles[2 * k + s] = tile_of(arena, &item->scene[s], &item->caption[s]);
    }
    lesson_tiles(lesson, "18-lies",
                 &(Tiles){ .title = "Each caption is true of its picture, and false of the one beside it",
                           .tiles = tiles,
                           .count = 2 * LIE_KINDS,
                           .columns = 2 });
}

/* A learner that has learnt nothing: it knows what is shown, and which lies are told. */
static void newborn(Learner *learner, const LearnerSettings *like) {
    LearnerSettings settings = *like;
    Err err;
    settings.reading = NULL;
    if (!learner_make(learner, &settings, &err)) die("%s", err.text);
}

/* How many lies a course tells, and how many of them the evaluator finds false. */
static void count_lies(const Learner *learner, RepairCourse which) {
    LearnerCourse course = repair_course(which, 0);
    Caption lie[LIES];
    int told = 0, found_false = 0;
    for (uint64_t i = 0; i < COUNTED; i++) {
        LearnerPair pair = learner_pair(learner, &course, i, lie);
        for (int k = 0; k < course.wrong; k++) {
            if (lie[k].kind == CAPTION_KINDS) continue;
            told++, found_false += !caption_true(&pair.scene, &lie[k]);
        }
    }
    printf("course \"%s\": %d lies about its first %d scenes; false of their scenes: %d\n", course.name, told, COUNTED,
           found_false);
}

/* ---- 3. The table
 * ---------------------------------------------------------------------------------------------------- */

/* What is asked: a row of the table, one of its scores, how it is called, of which kind of lie it is (LIE_KINDS: of
 * none). */
typedef struct { const char *probe; TallyScore score; const char *says; int kind; double chance; } Question;
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

static double answer(const Study *study, int arm, const Question *q, int *items) {
    LimitsRow like = repair_row(&study->cell[arm], q->probe);
    const LimitsRow *row = limits_find(&study->table, &like);
    if (!row) return NAN;
    if (items) *items = row->items;
    return row->score[q->score];
}

/* "61.2 +-3.0": half of Wilson's interval. */
static void print_share(double share, int items) {
    double low, high;
    if (isnan(share)) {
        printf("%*s", CELL, "-");
        return;
    }
    metrics_interval(share, items, &low, &high);
    printf("  %5.1f+-%.1f", 100 * share, 50 * (high - low));
}

static void print_table(const Study *study) {
    printf("%-26s", "%");
    for (int a = 0; a < ARMS; a++) printf("%*s", CELL, study->name[a]);
    printf("  chance\n");
    for (size_t q = 0; q < COUNT(questions); q++) {
        printf("%-26s", questions[q].says);
        for (int a = 0, items = 0; a < ARMS; a++) {
            double share = answer(study, a, &questions[q], &items);
            print_share(share, items);
        }
        if (isnan(questions[q].chance)) printf("       -\n");
        else printf("   %5.1f\n", 100 * questions[q].chance);
    }
}

static void show_bars(const Lesson *lesson, Arena *arena, const Study *study) {
    Bar bars[COUNT(questions) * ARMS];
    int n = 0;
    for (size_t q = 0; q < COUNT(questions); q++) {
        if (questions[q].score == TALLY_GROUP) continue;
        for (int a = 0, items = 0; a < ARMS; a++) {
            Bar *bar = &bars[n++];
            double share = answer(study, a, &questions[q], &items);
            *bar = (Bar){ arena_print(arena, "%s: %s", questions[q].says, study->name[a]), 100 * share,
                          .marked = a == 2 || a == 3 || a == 5 };
            if (isnan(share)) continue;
            metrics_interval(share, items, &bar->low, &bar->high);
            bar->low *= 100, bar->high *= 100;
        }
    }
    Bars all = { .title = "Before, and after each course (marked: with lies)",
                 .unit = " %",
                 .bars = bars,
                 .count = n,
                 .decimals = 1,
                 .low = 0,
                 .high = 100 };
    plot_bars("18-before-after", &all, NULL);
    for (int a = 0; a < ARMS; a++) bars[a].label = study->name[a];
    all.count = ARMS, all.title = "The truth or swapped colours; all questions in plots/out/18-before-after.png";
    draw_bars(&lesson->term, &all);
}

/* ---- 4. Where words look
 * --------------------------------------------------------------------------------------------- */

static void show_looks(const Lesson *lesson, Arena *arena, const RepairCell *cell, const RepairProbe *probe) {
    Learner learner;
    Err err;
    if (!learner_get(&learner, &cell->settings, &cell->course, &err)) die("%s", err.text);
    const RepairItem *item = &repair_items(arena, LIE_SWAP, probe)[0];
    char text[CAPTION_TEXT], *word[CAPTION_WORDS + 1], *rest = NULL;
    double found[2][CAPTION_WORDS + 1];
    for (int c = 1; c >= 0; c--) {
        Mat look = reading_look(&learner, arena, &item->scene[0], caption_text(&item->caption[c], text), found[c]);
        double sum = 0;
        int n = 0;
        for (char *at = strtok_r(text, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
        word[n++] = "(end)";
        for (int i = 0; i < n; i++) sum += found[c][i] / n;
        printf("  %s:", c ? "false" : "true ");
        for (int i = 0; i < n; i++) printf(" %s %.2f", word[i], found[c][i]);
        printf("   mean %.3f\n", sum);
        if (c > 0) continue;
        for (size_t i = 0; i < mat_count(look); i++) look.v[i] *= 100;
        lesson_heat(lesson, "18-looks",
                    &(Heat){ .title = "Where each word of the true caption looks, %: 4 x 4 places, row by row",
                             .y = "word",
                             .x = "place",
                             .m = look,
                             .rows = (const char *const *)word,
                             .low = 0,
                             .high = 100 });
    }
    for (int k = 0; k < 2; k++) printf("  there is a %s\n", scene_text(arena, &item->scene[0], k));
    learner_free(&learner);
}

/* ---- 5. Five seeds
 * --------------------------------------------------------------------------------------------------- */

typedef struct { double mean, low, high; int seeds, above; } Change;

/* By how much an arm differs from the plain steps of the same seed, over the seeds that have both, in points. */
static Change change_of(const LimitsTable *table, RepairArm arm, const Question *q) {
    Change c = { .low = INFINITY, .high = -INFINITY };
    for (int seed = 1; seed <= LIMITS_SEEDS; seed++) {
        RepairWorld world = { .seed = seed };
        RepairCell of[] = { repair_cell(arm, world), repair_cell(ARM_PLAIN, world) };
        LimitsRow like[] = { repair_row(&of[0], q->probe), repair_row(&of[1], q->probe) };
        const LimitsRow *row[] = { limits_find(table, &like[0]), limits_find(table, &like[1]) };
        if (!row[0] || !row[1]) continue;
        double by = 100 * (row[0]->score[q->score] - row[1]->score[q->score]);
        c.mean += by, c.low = fmin(c.low, by), c.high = fmax(c.high, by), c.seeds++, c.above += by > 0;
    }
    c.mean /= c.seeds;
    return c;
}

/* As far as seeds are there: "61.2+-3.1", the mean, and half the way from the least to the most. */
static void print_seeds(const LimitsTable *table) {
    printf("%-26s", "mean +- half the spread");
    for (int a = 0; a < REPAIR_ARMS; a++) printf("%*s", CELL, repair_arm_name((RepairArm)a));
    printf("\n");
    for (size_t q = 0; q < COUNT(questions); q++) {
        printf("%-26s", questions[q].says);
        for (int a = 0; a < REPAIR_ARMS; a++) {
            RepairCell cell = repair_cell((RepairArm)a, (RepairWorld){ .seed = 1 });
            LimitsRow like = repair_row(&cell, questions[q].probe);
            like.seed = 0;
            LimitsSummary m = limits_summary(table, like, questions[q].score);
            if (m.seeds) printf("  %5.1f+-%.1f", 100 * m.mean, 50 * (m.high - m.low));
            else printf("%*s", CELL, "-");
        }
        printf("\n");
    }
}

static void print_change(const LimitsTable *table, const char *what, RepairArm arm, const Question *q) {
    Change c = change_of(table, arm, q);
    if (c.seeds)
        printf("  %-56s %+5.1f  (%+.1f to %+.1f), up in %d of %d\n", what, c.mean, c.low, c.high, c.above, c.seeds);
}

static void print_changes(Arena *arena, const LimitsTable *table) {
    printf("compared with as many plain steps of the same seed, in points: mean (least to most)\n");
    for (size_t q = 0; q < COUNT(questions); q++) {
        const Question *question = &questions[q];
        const char *says = question->says[0] == ' '
                               ? arena_print(arena, "%s,%s", questions[q - 1].says, question->says + 1)
                               : question->says;
        print_change(table, arena_print(arena, "%s: all lies", says), ARM_REPAIR, question);
        if (question->kind != LIE_KINDS)
            print_change(table, arena_print(arena, "%s: NOT taught this", says),
                         ARM_NO_SWAP + (RepairArm)question->kind, question);
    }
}

/* ---- the lesson
 * ------------------------------------------------------------------------------------------------------ */

static Study study_make(Arena *arena, LieKind unseen, RepairWorld world) {
    const RepairArm arm[ARMS] = { ARM_BASE,   ARM_PLAIN,        ARM_REPAIR, ARM_NO_SWAP + (RepairArm)unseen,
                                  ARM_PLACES, ARM_PLACES_REPAIR };
    Study study = { .table = { .arena = arena } };
    for (int a = 0; a < ARMS; a++) study.cell[a] = repair_cell(arm[a], world), study.name[a] = repair_arm_name(arm[a]);
    return study;
}

static void table_open(LimitsTable *table, Arena *arena, const char *path) {
    Err err;
    if (file_exists(path) && !limits_read(table, arena, path, &err)) die("%s", err.text);
}

/* All arms of all seeds, and one small cell that the tests ask again. */
static void fill_table(Arena *arena, const char *path) {
    RepairCell cell[1 + LIMITS_SEEDS * REPAIR_ARMS];
    LimitsTable table = { .arena = arena };
    int n = 0;
    Err err;
    table_open(&table, arena, path);
    cell[n++] = repair_small_cell();
    for (int seed = 1; seed <= LIMITS_SEEDS; seed++)
        for (int a = 0; a < REPAIR_ARMS; a++) cell[n++] = repair_cell((RepairArm)a, (RepairWorld){ .seed = seed });
    if (!repair_fill(&table, cell, n, LIMITS_ITEMS, path, &err)) die("%s", err.text);
}

/* Measured by others, with other questions: README.md says by whom. */
static void published(void) {
    static const char *const lines[] = {
        "ARO, relation (VG-R)           CLIP 59.9   NegCLIP 80.2",
        "ARO, attribution (VG-A)        CLIP 63.2   NegCLIP 70.5",
        "ARO, order (COCO)              CLIP 47.4   NegCLIP 86.8",
        "SugarCrepe, replace relation   CLIP 69.2   NegCLIP 76.5   as many plain steps 73.8",
        "SugarCrepe, swap object        CLIP 61.4   NegCLIP 75.2   as many plain steps 68.3",
        "SugarCrepe, swap attribute     CLIP 64.0   NegCLIP 75.3   as many plain steps 71.8",
        "CREPE, negate                  CLIP 76.9   taught to negate 99.5   as many plain steps 61.2",
        "hard positives (2409.17958)    CLIP loses 12.9 points by them, repaired models up to 38.7; people have 99",
        "Winoground, group              CLIP  8.0   people 85.5   guessing 16.7",
    };
    for (size_t i = 0; i < COUNT(lines); i++) printf("  %s\n", lines[i]);
}

static void measure(Arena *arena, Study *study, int items) {
    const char *path = arena_print(arena, "%s/repair-%d.csv", course_models(), items);
    Err err;
    table_open(&study->table, arena, path);
    if (!folder_make(course_models(), &err) || !repair_fill(&study->table, study->cell, ARMS, items, path, &err))
        die("%s", err.text);
}

int main(int argc, char **argv) {
    const char *unseen = "swap", *path = REPAIR_TABLE;
    RepairWorld world = { .coverage = REPAIR_COVERAGE, .seed = 1, .steps = LEARNER_STEPS, .more = REPAIR_STEPS };
    int items = LIMITS_ITEMS;
    bool all = false;
    const Option options[] = {
        { "unseen", .text = &unseen, .choices = "swap|replace|negate",
          .help = "the kind of lie that one of the courses leaves out" },
        { "coverage", .real = &world.coverage, .low = 0.1, .high = 1,
          .help = "share of the combinations that are seen in learning" },
        { "steps", .integer = &world.steps, .low = 1, .high = 100000, .help = "of the first course" },
        { "more", .integer = &world.more, .low = 1, .high = 100000, .help = "steps of the second ones" },
        { "items", .integer = &items, .low = 1, .high = 100000, .help = "of each probe" },
        { "all", .flag = &all,
          .help = "first measure the table of five seeds, or what it lacks: a quarter of an hour" },
        { "table", .text = &path, .help = "where that table is kept" },
        { 0 },
    };
    Lesson lesson = { .number = "18",
                      .title = "A repair and its price",
                      .shows = "captions that are wrong on purpose: what they mend, and what they break",
                      .takes = "three minutes, a second when run again",
                      .next = "make lesson-19",
                      .options = options,
                      .seed = &world.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    LieKind kind;
    if (!lie_find(unseen, &kind)) die_usage("there is no lie %s", unseen);
    if (all) fill_table(arena, path);
    Study study = study_make(arena, kind, world);
    Learner newcomer;
    newborn(&newcomer, &study.cell[0].settings);
    RepairProbe shown = { .seed = 8, .items = 1, .split = &newcomer.split };

    lesson_section(&lesson, "1. What is false, and what only sounds different");
    show_lies(&lesson, arena, &shown);

    lesson_section(&lesson, "2. Lies for practice");
    count_lies(&newcomer, COURSE_REPAIR);
    count_lies(&newcomer, COURSE_NO_SWAP + (RepairCourse)kind);

    lesson_section(&lesson, "3. Before and after");
    Prediction said[2];
    said[0] = lesson_predict(&lesson, "Truth or swapped colours? In how many %% of the pictures does the model that "
                                      "was taught all lies choose rightly?");
    said[1] = lesson_predict(&lesson, "And one that was taught all but \"%s\", asked about \"%s\"?", unseen, unseen);
    measure(arena, &study, items);
    printf("%d steps, then %d more; %d pairs of pictures for each question of lies\n", world.steps, world.more, items);
    print_table(&study);
    lesson_outcome_number(&lesson, &said[0], 100 * answer(&study, 2, &questions[0], NULL), 1);
    lesson_outcome_number(&lesson, &said[1], 100 * answer(&study, 3, question_of(kind), NULL), 1);
    show_bars(&lesson, arena, &study);

    lesson_section(&lesson, "4. Another architecture: words look at places");
    show_looks(&lesson, arena, &study.cell[4], &shown);

    lesson_section(&lesson, "5. Five seeds");
    LimitsTable table = { .arena = arena };
    table_open(&table, arena, path);
    if (table.count == 0) printf("%s is not there: make limits\n", path);
    else print_seeds(&table), print_changes(arena, &table);

    lesson_section(&lesson, "6. Published figures of real CLIP, % (where they are from: README.md)");
    published();
    learner_free(&newcomer);
    return lesson_end(&lesson);
}
