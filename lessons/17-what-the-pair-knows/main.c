/* Lesson 17: what the pair knows. Three small CLIPs that differ in the text tower alone learn from endless scenes of
 * coloured shapes, and are asked what belongs to what, what is where, how many there are, and what is not there.
 * Before: 16. See README.md. */
#include "../../lib/course.h"
#include "../../lib/exam.h"
#include "../../lib/limits.h"
#include "../../lib/zeroshot.h"

#include <math.h>
#include <string.h>

enum { TOWERS = 3, PAGE = 3, NEAREST = 100 };
static const char *const towers[TOWERS] = { "bow", "lstm", "transformer" };

static void show_world(const Lesson *lesson, Arena *arena, const Learner *learner) {
    Tile tiles[2 * PAGE];
    for (int i = 0; i < 2 * PAGE; i++) {
        char text[CAPTION_TEXT];
        LearnerPair pair = learner_pair(learner, NULL,
                                        (uint64_t)learner->settings.steps * LEARNER_BATCH - (uint64_t)i - 1,
                                        NULL); /* the last ones */
        tiles[i] = exam_tile(arena, &pair.scene, caption_text(&pair.caption, text), "");
        printf("  %-60s %d thing%s\n", text, pair.scene.count, pair.scene.count == 1 ? "" : "s");
    }
    lesson_tiles(lesson, "17-world",
                 &(Tiles){ .title = "What they learn from", .tiles = tiles, .count = 2 * PAGE, .columns = 2 });
}

/* ---- 5. --------------------------------------------------------------------------------------------------------- */

static const double coverages[] = { 0.25, 0.5, 0.75, 1 };

/* Mean, least and most of the seeds, in %: "63.1 (58.0-67.2)", or "-". */
static char *mean_text(Arena *arena, LimitsSummary m) {
    return m.seeds ? arena_print(arena, "%.1f (%.1f-%.1f)", 100 * m.mean, 100 * m.low, 100 * m.high) : "-";
}

static void show_coverage(const Lesson *lesson, Arena *arena, const LimitsTable *table, QuadKind kind) {
    num x[COUNT(coverages)], y[2 * TOWERS][COUNT(coverages)];
    Series series[2 * TOWERS];
    printf("%-10s seen:     ", quad_name(kind));
    for (size_t c = 0; c < COUNT(coverages); c++) printf("  %17.0f %%", 100 * coverages[c]);
    printf("\n");
    for (int i = 0; i < 2 * TOWERS; i++) {
        const char *part = i % 2 ? "held out" : "seen";
        printf("  %-11s %-8s", towers[i / 2], part);
        for (size_t c = 0; c < COUNT(coverages); c++) {
            LearnerSettings s = { .text = towers[i / 2], .split = SPLIT_PAIRS, .coverage = coverages[c] };
            LimitsSummary m = limits_summary(
                table, limits_row(&s, NULL, quad_name(kind), i % 2 ? SPLIT_HELD : SPLIT_SEEN), TALLY_CHOICE);
            x[c] = (num)(100 * coverages[c]), y[i][c] = (num)(100 * m.mean);
            printf("  %19s", mean_text(arena, m));
        }
        printf("\n");
        series[i] = (Series){ arena_print(arena, "%s, %s", towers[i / 2], part), x, y[i], COUNT(coverages) };
    }
    lesson_lines(lesson, arena_print(arena, "17-%s", quad_name(kind)),
                 &(Lines){ .title = arena_print(arena, "%s: mean of the seeds", quad_name(kind)),
                           .y = "% chosen rightly",
                           .x = "% of combinations seen",
                           .series = series,
                           .count = 2 * TOWERS,
                           .reference_name = "guessing",
                           .reference = 50 });
}

static void show_table(const Lesson *lesson, Arena *arena, const LimitsTable *table) {
    for (int kind = 0; kind < QUAD_SHUFFLE; kind++) show_coverage(lesson, arena, table, (QuadKind)kind);
    static const struct {
        const char *name;
        int objects, palette;
    } worlds[] = { { "one thing", 1, 0 },
                   { "two things", 2, 0 },
                   { "three things", 3, 0 },
                   { "two, of few a batch", 2, LIMITS_PALETTE } };
    printf("all seen, scenes of");
    for (size_t w = 0; w < COUNT(worlds); w++) printf("  %19s", worlds[w].name);
    printf("\n");
    for (int i = 0; i < QUAD_SHUFFLE * TOWERS; i++) {
        const char *probe = quad_name((QuadKind)(i / TOWERS));
        printf("  %-11s %-11s", i % TOWERS ? "" : probe, towers[i % TOWERS]);
        for (size_t w = 0; w < COUNT(worlds); w++) {
            LearnerSettings s = { .text = towers[i % TOWERS],
                                  .split = SPLIT_PAIRS,
                                  .objects = worlds[w].objects,
                                  .palette = worlds[w].palette };
            printf("  %19s",
                   mean_text(arena, limits_summary(table, limits_row(&s, NULL, probe, SPLIT_SEEN), TALLY_CHOICE)));
        }
        printf("\n");
    }
}

/* ---- 6. --------------------------------------------------------------------------------------------------------- */

/* Captions the model of lesson 10 cannot read, and the pictures it finds for them. */
static void photographs(Arena *arena, CourseModel *model, const Cifar *test) {
    enum { CAT = 3, ASKED = 7 };
    const char *name = test->names[CAT], *texts[ASKED] = { arena_print(arena, "a photo of a %s", name),
                                                           arena_print(arena, "a photo of no %s", name),
                                                           arena_print(arena, "a photo without a %s", name),
                                                           arena_print(arena, "a photo of two %ss", name),
                                                           arena_print(arena, "a photo of five %ss", name),
                                                           "a photo of a zebra",
                                                           "a photo of happiness" };
    Mat vectors = clip_text_features(&model->clip, arena, texts, ASKED, NULL);
    Mat scores = zeroshot_scores(&model->clip, arena, vectors, test, (ZeroshotRange){ .n = test->n, .batch = 500 });
    int nearest = MIN(NEAREST, test->n / 10);
    printf("  caption                             it has no word for     cosine with the first   %ss among the %d "
           "nearest pictures\n",
           name, nearest);
    for (int k = 0; k < ASKED; k++) {
        int ids[64], found = 0;
        TextNotes notes = vocab_encode(&model->clip.vocab, arena, &texts[k], 1, 64, ids);
        char *unknown = "";
        for (int u = 0; u < notes.unknown_count; u++)
            unknown = arena_print(arena, "%s%s%s", unknown, u ? ", " : "", notes.unknown[u]);
        for (int i = 0; i < test->n; i++) {
            int above = 0;
            for (int j = 0; j < test->n; j++)
                above += AT(scores, j, k) > AT(scores, i, k) || (AT(scores, j, k) == AT(scores, i, k) && j < i);
            found += above < nearest && test->labels[i] == CAT;
        }
        printf("  %-35s %-22s %21.4f   %3d\n", texts[k], *unknown ? unknown : "-",
               vec_dot(&AT(vectors, 0, 0), &AT(vectors, k, 0), vectors.shape[1]), found);
    }
}

/* ---- 7. --------------------------------------------------------------------------------------------------------- */

static void published(void) {
    printf("  ARO, relation (VG-R)         CLIP ViT-B/32   59.9   chance 50     a text-only judge (Vera)  62\n"
           "  ARO, attribution (VG-A)      CLIP ViT-B/32   63.2   chance 50     a text-only judge (Vera)  82\n"
           "  ARO, order (COCO)            CLIP ViT-B/32   47.4   chance 20     a grammar checker         74 to 76\n"
           "  SugarCrepe, swap object      CLIP ViT-B/32   61.4   chance 50     text-only                 49 to 50   "
           "people 97 to 100\n"
           "  SugarCrepe, swap attribute   CLIP ViT-B/32   64.0   chance 50     text-only                 49 to 50   "
           "people 97 to 100\n"
           "  SugarCrepe, replace relation CLIP ViT-B/32   69.2   chance 50     text-only                 49 to 50   "
           "people 97 to 100\n"
           "  Winoground, text             CLIP ViT-B/32   30.75  chance 25                                          "
           "people 89.5\n"
           "  Winoground, image            CLIP ViT-B/32   10.50  chance 25                                          "
           "people 88.5\n"
           "  Winoground, group            CLIP ViT-B/32    8.00  chance 16.67                                       "
           "people 85.5\n");
}

static void learn(Arena *arena, Class *class, const char *text, LearnerSettings settings) {
    Err err;
    for (int t = 0; t < TOWERS; t++) {
        if (strcmp(text, "all") && strcmp(text, towers[t])) continue;
        Learner *l = &class->learner[class->count];
        settings.text = towers[t];
        if (!learner_get(l, &settings, NULL, &err)) die("%s", err.text);
        class->count++;
        printf("  %s: %zu numbers, loss %.3f\n", learner_text(arena, &l->settings), params_numbers(&l->clip.params),
               l->loss);
    }
}

/* All probes, on what was seen and, if anything was not, on that. What the first learner makes of the first one, in %.
 */
static double ask_all(Arena *arena, Class *class, int items) {
    const LearnerSettings *s = &class->learner[0].settings;
    double first = NAN;
    exam_heading();
    for (int part = SPLIT_SEEN; part <= (s->coverage < 1 ? SPLIT_HELD : SPLIT_SEEN); part++)
        for (int kind = 0; kind < QUAD_KINDS; kind++) {
            double share = exam_probe(arena, class,
                                      &(QuadSettings){ .kind = (QuadKind)kind,
                                                       .seed = (uint64_t)s->seed,
                                                       .count = items,
                                                       .split = &class->learner[0].split,
                                                       .part = (SplitPart)part });
            if (part == SPLIT_SEEN && kind == QUAD_BINDING) first = 100 * share;
        }
    return first;
}

int main(int argc, char **argv) {
    const char *text = "all", *split = "pairs", *path = LIMITS_TABLE, *weights = "", *data = "auto";
    LearnerSettings settings = { .coverage = 1, .objects = 2, .seed = 1, .steps = LEARNER_STEPS };
    int items = LIMITS_ITEMS, pictures = 2000, few = 0;
    bool all = false;
    const Option options[] = {
        { "text", .text = &text, .choices = "all|" LEARNER_TEXTS, .help = "which text towers" },
        { "coverage", .real = &settings.coverage, .low = 0.1, .high = 1,
          .help = "share of the combinations that are seen in learning" },
        { "split", .text = &split, .choices = "pairs|counts|relations",
          .help = "combinations of colour and shape; of these and a count; of two things" },
        { "objects", .integer = &settings.objects, .low = 1, .high = SCENE_MOST, .help = "things in a scene" },
        { "palette", .integer = &settings.palette, .low = 0, .high = 64,
          .help = "each batch is about so many combinations; 0: about all" },
        { "steps", .integer = &settings.steps, .low = 1, .high = 100000, .help = "of learning" },
        { "items", .integer = &items, .low = 10, .high = 100000, .help = "of each probe" },
        { "all", .flag = &all, .help = "first measure the whole table, or what it lacks: half an hour" },
        { "table", .text = &path, .help = "where the table is kept" },
        { "weights", .text = &weights, .help = "a model file of lesson 10, for the photographs" },
        { "data", .text = &data, .choices = COURSE_DATA, .help = "which photographs" },
        { "pictures", .integer = &pictures, .low = 100, .high = 10000, .help = "photographs that are searched" },
        { "learn", .integer = &few, .low = 0, .high = 50000,
          .help = "if lesson 10's model must be trained: from so many pictures; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "17",
                      .title = "What the pair knows",
                      .shows = "binding, relations, counting, negation: asked in a world in which the truth is known",
                      .takes = "two minutes, ten seconds when run again",
                      .next = "make lesson-18",
                      .options = options,
                      .seed = &settings.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    LimitsTable table = { .arena = arena };
    static Class class;
    Err err;
    if (!split_find(split, &settings.split)) die_usage("there is no split %s", split);
    if (file_exists(path) && !limits_read(&table, arena, path, &err)) die("%s", err.text);
    int count;
    LimitsCell *plan = limits_plan(arena, &count);
    if (all && !limits_fill(&table, plan, count, path, &err)) die("%s", err.text);

    lesson_section(&lesson, "1. Learners that differ in the text tower");
    learn(arena, &class, text, settings);
    lesson_section(&lesson, "2. What they learn from");
    show_world(&lesson, arena, &class.learner[0]);

    lesson_section(&lesson, "3. Asked");
    Prediction said = lesson_predict(&lesson,
                                     "\"a red circle and a blue square\" or \"a blue circle and a red square\"? Of 100 "
                                     "pictures, how many get the right one from a %s?",
                                     class.learner[0].settings.text);
    lesson_outcome_number(&lesson, &said, ask_all(arena, &class, items), 1);
    lesson_section(&lesson, "4. What each chose");
    exam_choices(&lesson, arena, &class, "17-choices", PAGE);

    lesson_section(&lesson, "5. How much must be seen? % chosen rightly: mean of the seeds (least-most)");
    printf("%s: %d of %d learners, %d seeds, %d items a probe. make limits measures what is missing\n", path,
           limits_done(&table, plan, count), count, LIMITS_SEEDS, LIMITS_ITEMS);
    if (table.count) show_table(&lesson, arena, &table);

    lesson_section(&lesson, "6. Lesson 10's model, on photographs");
    Cifar test = course_pictures(arena, data, CIFAR_TEST, pictures);
    CourseModel model = course_model(arena, &(CourseWish){ weights, "quick", data, 1, few }, &test);
    photographs(arena, &model, &test);
    clip_free(&model.clip);

    lesson_section(&lesson, "7. Published figures of real CLIP, % (where they are from: README.md)");
    published();
    class_free(&class);
    return lesson_end(&lesson);
}
