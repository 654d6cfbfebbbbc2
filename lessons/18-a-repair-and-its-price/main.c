/* Lesson 18: a repair and its price. A model that cannot tell who is red is taught with captions that are wrong on
 * purpose; what does that mend, what would more practice alone have mended, and what does it break? Before: 17. See
 * README.md. */
#include "lesson/lesson_data.h"
#include "scenes/probe_report.h"
#include "hard_negatives_report.h"

#include <string.h>

enum { COUNTED = 1000, LIES = 4 };

static struct {
    const char *unseen, *path;
    RepairWorld world;
    int items;
    bool all;
} ask = { .unseen = "swap",
          .path = REPAIR_TABLE,
          .world = { .coverage = REPAIR_COVERAGE, .seed = 1, .steps = LEARNER_STEPS, .more = REPAIR_STEPS },
          .items = LIMITS_ITEMS };

static const Option options[] = {
    { "unseen", .text = &ask.unseen, .choices = "swap|replace|negate",
      .help = "the kind of lie that one of the courses leaves out" },
    { "coverage", .real = &ask.world.coverage, .low = 0.2, .high = 1,
      .help = "share of the combinations that are seen in learning" },
    { "steps", .integer = &ask.world.steps, .low = 1, .high = 100000, .help = "of the first course" },
    { "more", .integer = &ask.world.more, .low = 1, .high = 100000, .help = "steps of the second ones" },
    { "items", .integer = &ask.items, .low = 1, .high = 100000, .help = "of each probe" },
    { "all", .flag = &ask.all,
      .help = "first measure the table of five seeds, or what it lacks: a quarter of an hour" },
    { "table", .text = &ask.path, .help = "where that table is kept" },
    { 0 },
};

/* ---- 1. What is false, and what only sounds different ----------------------------------------------------------- */

/* On two lines, for under a picture. */
static char *halves(Arena *arena, const Caption *caption) {
    char text[CAPTION_TEXT], *lines = arena_text(arena, caption_text(caption, text));
    char *space = strchr(lines + strlen(lines) / 2, ' ');
    if (space) *space = '\n';
    return lines;
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
        for (int s = 0; s < 2; s++)
            tiles[2 * k + s] = exam_tile(arena, &item->scene[s], halves(arena, &item->caption[s]), "");
    }
    lesson_tiles(lesson, "18-lies",
                 &(Tiles){ .title = "Each is true of its picture, and of no other",
                           .tiles = tiles,
                           .count = 2 * LIE_KINDS,
                           .columns = 2 });
}

/* ---- 2. Lies for practice --------------------------------------------------------------------------------------- */

/* How many lies a course tells, and how many of them the evaluator finds false. */
static void count_lies(const Learner *learner, RepairCourse which) {
    LearnerCourse course = repair_course(which, 0);
    Caption lie[LIES];
    int told = 0, found_false = 0;
    for (uint64_t i = 0; i < COUNTED; i++) {
        LearnerPair pair = learner_pair(learner, &course, i, lie);
        for (int k = 0; k < course.wrong; k++) {
            if (lie[k].kind == CAPTION_KINDS) continue;
            told++;
            found_false += !caption_true(&pair.scene, &lie[k]);
        }
    }
    printf("course \"%s\": %d lies about its first %d scenes; false of their scenes: %d\n", course.name, told, COUNTED,
           found_false);
}

/* ---- 4. Where words look ---------------------------------------------------------------------------------------- */

static void show_looks(const Lesson *lesson, Arena *arena, const RepairProbe *probe) {
    RepairCell cell = repair_cell(ARM_PLACES, ask.world);
    Learner learner;
    Err err;
    if (!learner_get(&learner, &cell.settings, &cell.course, &err)) die("%s", err.text);
    const RepairItem *item = &repair_items(arena, LIE_SWAP, probe)[0];
    char text[CAPTION_TEXT], *word[CAPTION_WORDS + 1], *rest = NULL;
    Mat look = { 0 };
    for (int c = 1; c >= 0; c--) {
        double found[CAPTION_WORDS + 1], sum = 0;
        int n = 0;
        look = reading_look(&learner, arena, &item->scene[0], caption_text(&item->caption[c], text), found);
        for (char *at = strtok_r(text, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
        word[n++] = "(end)";
        printf("  %s:", c ? "false" : "true ");
        for (int i = 0; i < n; i++) {
            printf(" %s %.2f", word[i], found[i]);
            sum += found[i] / n;
        }
        printf("   mean %.3f\n", sum);
    }
    for (size_t i = 0; i < mat_count(look); i++) look.v[i] *= 100;
    lesson_heat(lesson, "18-looks",
                &(Heat){ .title = "Where each word of the true caption looks, %: 4 x 4 places, row by row",
                         .y = "word",
                         .x = "place",
                         .m = look,
                         .rows = (const char *const *)word,
                         .low = 0,
                         .high = 100 });
    for (int k = 0; k < 2; k++) printf("  there is a %s\n", scene_text(arena, &item->scene[0], k));
    learner_free(&learner);
}

/* ---- the lesson ------------------------------------------------------------------------------------------------- */

/* The table at `path`, an empty one where there is none; and what it lacks of these learners. */
static LimitsTable table_of(Arena *arena, const char *path, const RepairCell *cells, int count, int items) {
    LimitsTable table = { .arena = arena };
    Err err;
    if (file_exists(path) && !limits_read(&table, arena, path, &err)) die("%s", err.text);
    if (count && !repair_fill(&table, cells, count, items, path, &err)) die("%s", err.text);
    return table;
}

static void before_and_after(const Lesson *lesson, Arena *arena, LieKind unseen) {
    const RepairArm arm[] = { ARM_BASE,   ARM_PLAIN,        ARM_REPAIR, ARM_NO_SWAP + (RepairArm)unseen,
                              ARM_PLACES, ARM_PLACES_REPAIR };
    RepairCell cell[COUNT(arm)];
    Err err;
    for (size_t a = 0; a < COUNT(arm); a++) cell[a] = repair_cell(arm[a], ask.world);
    if (!folder_make(course_models(), &err)) die("%s", err.text);
    const char *path = arena_print(arena, "%s/repair-%d.csv", course_models(), ask.items);
    Prediction said[2];
    said[0] = lesson_predict(lesson, "Truth or swapped colours? In how many %% of the pictures does the model that "
                                     "was taught all lies choose rightly?");
    said[1] =
        lesson_predict(lesson, "And one that was taught all but \"%s\", asked about \"%s\"?", ask.unseen, ask.unseen);
    LimitsTable table = table_of(arena, path, cell, (int)COUNT(arm), ask.items);
    RepairReport report = { &table, ask.world, arm, (int)COUNT(arm) };
    printf("%d steps, then %d more; %d pairs of pictures for each question of lies\n", ask.world.steps, ask.world.more,
           ask.items);
    report_arms(&report);
    lesson_outcome_number(lesson, &said[0], 100 * report_lie(&report, ARM_REPAIR, LIE_SWAP), 1);
    lesson_outcome_number(lesson, &said[1], 100 * report_lie(&report, arm[3], unseen), 1);
    report_bars(lesson, arena, &report, "18-before-after");
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "18",
                      .title = "A repair and its price",
                      .shows = "captions that are wrong on purpose: what they mend, and what they break",
                      .takes = "three minutes, a second when run again",
                      .next = "make lesson-19",
                      .options = options,
                      .seed = &ask.world.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    LieKind unseen;
    int planned;
    RepairCell *plan = repair_plan(arena, &planned);
    if (!lie_find(ask.unseen, &unseen)) die_usage("there is no lie %s", ask.unseen);
    LimitsTable five = table_of(arena, ask.path, plan, ask.all ? planned : 0, LIMITS_ITEMS);

    Learner newborn; /* has learnt nothing, and knows what is shown and which lies are told */
    LearnerSettings settings = repair_cell(ARM_BASE, ask.world).settings;
    Err err;
    if (!learner_make(&newborn, &settings, &err)) die("%s", err.text);
    RepairProbe shown = { .seed = 8, .items = 1, .split = &newborn.split };

    lesson_section(&lesson, "1. What is false, and what only sounds different");
    show_lies(&lesson, arena, &shown);
    lesson_section(&lesson, "2. Lies for practice");
    count_lies(&newborn, COURSE_REPAIR);
    count_lies(&newborn, COURSE_NO_SWAP + (RepairCourse)unseen);

    lesson_section(&lesson, "3. Before and after");
    before_and_after(&lesson, arena, unseen);
    lesson_section(&lesson, "4. Another architecture: words look at places");
    show_looks(&lesson, arena, &shown);

    lesson_section(&lesson, "5. Five seeds");
    if (five.count == 0) printf("%s is not there: make limits\n", ask.path);
    else {
        report_seeds(&five);
        report_changes(arena, &five);
    }

    lesson_section(&lesson, "6. Published figures of real CLIP beside ours, % (where they are from: README.md)");
    report_published(&five);
    learner_free(&newborn);
    return lesson_end(&lesson);
}
