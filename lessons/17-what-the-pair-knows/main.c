/* Lesson 17: what the pair knows. Three small CLIPs that differ in the text tower alone are trained on endless scenes
 * of coloured shapes and tested on binding, relations, counting and negation. Before: 16. See README.md. */
#include "lesson/lesson_data.h"
#include "core/file.h"
#include "result_curves.h"
#include "scenes/probe_report.h"
#include "scenes/published_results.h"
#include "evaluate/retrieval.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <string.h>

enum { EXAMPLES = 3, NEAREST = 100 };

static struct {
    const char *text, *split, *path, *weights, *data;
    SceneModelConfig config;
    int items, pictures, train_images;
    bool all;
} args = { .text = "all",
           .split = "pairs",
           .path = RESULT_TABLE,
           .weights = "",
           .data = "auto",
           .config = { .coverage = 1, .objects = 2, .seed = 1, .steps = SCENE_MODEL_STEPS },
           .items = RESULT_ITEMS,
           .pictures = 2000 };

static const Option options[] = {
    { "text", .text = &args.text, .choices = "all|" SCENE_MODEL_TEXTS, .help = "which text towers" },
    { "coverage", .real = &args.config.coverage, .low = 0.1, .high = 1,
      .help = "fraction of the combinations that are seen in training" },
    { "split", .text = &args.split, .choices = "pairs|counts|relations",
      .help = "what is held out: colour and shape; count, colour and shape; relations" },
    { "objects", .integer = &args.config.objects, .low = 1, .high = SCENE_MAX, .help = "objects in a scene" },
    { "palette", .integer = &args.config.palette, .low = 0, .high = 64,
      .help = "combinations in one batch, about; 0: all" },
    { "steps", .integer = &args.config.steps, .low = 1, .high = 100000, .help = "training steps" },
    { "items", .integer = &args.items, .low = 10, .high = 100000, .help = "items of each probe" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table: 30 minutes" },
    { "table", .text = &args.path, .help = "the file of the table" },
    { "weights", .text = &args.weights, .help = "a model file of lesson 10, for the photographs" },
    { "data", .text = &args.data, .choices = LESSON_DATA, .help = "which photographs" },
    { "pictures", .integer = &args.pictures, .low = 100, .high = 10000, .help = "number of photographs to search" },
    { "train-images", .integer = &args.train_images, .low = 0, .high = 50000,
      .help = "pictures to train lesson 10's model on, if it must be trained; 0: all" },
    { 0 },
};

static void load_models(Arena *arena, ModelSet *set) {
    Err err;
    for (int t = 0; t < RESULT_TOWERS; t++) {
        if (strcmp(args.text, "all") && strcmp(args.text, result_towers[t])) continue;
        SceneModel *model = &set->scene_model[set->count];
        SceneModelConfig config = args.config;
        config.text = result_towers[t];
        if (!scene_model_load_or_train(model, &config, NULL, &err)) die("%s", err.text);
        set->count++;
        printf("  %s: %zu parameters, loss %.3f\n", scene_model_text(arena, &model->config),
               params_count(&model->clip.params), model->loss);
    }
}

/* The last training scenes and their captions. */
static void show_examples(const Lesson *lesson, Arena *arena, const SceneModel *scene_model) {
    Tile tiles[2 * EXAMPLES];
    uint64_t shown = (uint64_t)scene_model->config.steps * SCENE_MODEL_BATCH;
    for (int i = 0; i < 2 * EXAMPLES; i++) {
        char text[CAPTION_TEXT];
        SceneExample pair = scene_model_example(scene_model, NULL, --shown, NULL);
        tiles[i] = probe_tile(arena, &pair.scene, caption_text(&pair.caption, text), "");
        printf("  %-60s %d object%s\n", text, pair.scene.count, pair.scene.count == 1 ? "" : "s");
    }
    lesson_tiles(
        lesson, "17-scenes",
        &(Tiles){ .title = "Training scenes and captions", .tiles = tiles, .count = 2 * EXAMPLES, .columns = 2 });
}

/* All probes, on seen and, if there are any, held-out combinations. Returns the first model's binding score, in %. */
static double run_probes(Arena *arena, ModelSet *set) {
    const SceneModelConfig *s = &set->scene_model[0].config;
    MinimalPairsConfig probe = { .seed = (uint64_t)s->seed, .count = args.items, .split = &set->scene_model[0].split };
    double first = NAN;
    probe_report_heading();
    for (int part = SPLIT_SEEN; part <= (s->coverage < 1 ? SPLIT_HELD : SPLIT_SEEN); part++)
        for (int kind = 0; kind < PROBE_KINDS; kind++) {
            probe.kind = (ProbeKind)kind;
            probe.part = (SplitPart)part;
            double fraction = probe_report(arena, set, &probe);
            if (part == SPLIT_SEEN && kind == PROBE_BINDING) first = 100 * fraction;
        }
    return first;
}

/* Captions with words that lesson 10's model does not know, and the pictures it finds for them. */
static void photographs(Arena *arena, LessonModel *model, const Cifar *test) {
    enum { CAT = 3, QUERIES = 7 };
    const char *name = test->names[CAT], *texts[QUERIES] = { arena_print(arena, "a photo of a %s", name),
                                                             arena_print(arena, "a photo of no %s", name),
                                                             arena_print(arena, "a photo without a %s", name),
                                                             arena_print(arena, "a photo of two %ss", name),
                                                             arena_print(arena, "a photo of five %ss", name),
                                                             "a photo of a zebra",
                                                             "a photo of happiness" };
    Mat vectors = clip_text_features(&model->clip, arena, texts, QUERIES, NULL);
    Mat scores = zeroshot_scores(&model->clip, arena, vectors, test, (ZeroshotRange){ .n = test->n, .batch = 500 });
    num *score = arena_alloc(arena, (size_t)test->n, sizeof *score);
    int top[NEAREST], nearest = MIN(NEAREST, test->n / 10);
    printf("  caption                             unknown words          cosine with the first   %ss among the %d "
           "nearest pictures\n",
           name, nearest);
    for (int k = 0; k < QUERIES; k++) {
        int ids[64], found = 0;
        TextNotes notes = vocab_encode(&model->clip.vocab, arena, &texts[k], 1, 64, ids);
        const char *unknown = "";
        for (int u = 0; u < notes.unknown_count; u++)
            unknown = arena_print(arena, "%s%s%s", unknown, u ? ", " : "", notes.unknown[u]);
        for (int i = 0; i < test->n; i++) score[i] = AT(scores, i, k);
        retrieval_top(score, test->n, nearest, top);
        for (int i = 0; i < nearest; i++) found += test->labels[top[i]] == CAT;
        printf("  %-35s %-22s %21.4f   %3d\n", texts[k], *unknown ? unknown : "-",
               vec_dot(&AT(vectors, 0, 0), &AT(vectors, k, 0), vectors.shape[1]), found);
    }
}

/* Published results beside our closest probe: all combinations seen, mean of the seeds. */
static void compare(const ResultTable *table) {
    static const struct {
        PublishedProbe theirs;
        ProbeKind ours;
        PairMetric score;
    } matching[] = {
        { PUBLISHED_ARO_RELATION, PROBE_RELATION, PAIR_METRIC_CHOICE },
        { PUBLISHED_ARO_ATTRIBUTION, PROBE_BINDING, PAIR_METRIC_CHOICE },
        { PUBLISHED_ARO_ORDER, PROBE_SHUFFLE, PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_SWAP_OBJECT, PROBE_RELATION, PAIR_METRIC_CHOICE },
        { PUBLISHED_CREPE_SWAP_ATTRIBUTE, PROBE_BINDING, PAIR_METRIC_CHOICE },
        { PUBLISHED_WINOGROUND_TEXT, PROBE_BINDING, PAIR_METRIC_TEXT },
        { PUBLISHED_WINOGROUND_IMAGE, PROBE_BINDING, PAIR_METRIC_IMAGE },
        { PUBLISHED_WINOGROUND_GROUP, PROBE_BINDING, PAIR_METRIC_GROUP },
    };
    printf("  %-28s CLIP B/32  chance  text only  people   %-15s %11s %11s %11s\n", "published", "ours, closest",
           result_towers[0], result_towers[1], result_towers[2]);
    for (size_t i = 0; i < COUNT(matching); i++) {
        const Published *p = published(matching[i].theirs);
        char clip[PUBLISHED_TEXT], chance[PUBLISHED_TEXT];
        printf("  %-28s %s %s  %9s  %6s   %-8s %-6s", p->name, published_text(p->clip, 9, clip),
               published_text(p->chance, 7, chance), p->text_only, p->people, probe_name(matching[i].ours),
               pair_metric_name(matching[i].score));
        for (int t = 0; t < RESULT_TOWERS; t++) {
            SceneModelConfig config = { .text = result_towers[t], .split = SPLIT_PAIRS };
            ResultRow like = result_row(&config, NULL, probe_name(matching[i].ours), SPLIT_SEEN);
            ResultSummary m = result_summary(table, like, matching[i].score);
            if (m.seeds) printf(" %11.1f", 100 * m.mean);
            else printf(" %11s", "-");
        }
        printf("\n");
    }
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "17",
                      .title = "What the pair knows",
                      .shows = "binding, relations, counting, negation: probes with known ground truth",
                      .takes = "twenty seconds, five when run again; with another seed, a minute and a half more",
                      .next = "make lesson-18",
                      .options = options,
                      .quick = "--items 40 --data shapes --train-images 100 --pictures 100",
                      .seed = &args.config.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    static ModelSet set;
    Err err;
    int planned;
    ResultTable table = { .arena = arena };
    ResultRun *plan = result_plan(arena, &planned);
    if (!split_find(args.split, &args.config.split)) die_usage("there is no split %s", args.split);
    if (file_exists(args.path) && !result_table_read(&table, arena, args.path, &err)) die("%s", err.text);
    if (args.all && !result_table_fill(&table, plan, planned, RESULT_ITEMS, result_measure, args.path, &err))
        die("%s", err.text);

    lesson_section(&lesson, "1. Models that differ in the text tower");
    load_models(arena, &set);
    lesson_section(&lesson, "2. Training scenes");
    show_examples(&lesson, arena, &set.scene_model[0]);

    lesson_section(&lesson, "3. Probes");
    Prediction guess = lesson_predict_number(&lesson, 0, 100,
                                             "\"a red circle and a blue square\" or \"a blue circle and a red "
                                             "square\"? Of 100 pictures, for how many does a %s choose the right one?",
                                             set.scene_model[0].config.text);
    lesson_outcome_number(&lesson, &guess, run_probes(arena, &set), 1);
    lesson_section(&lesson, "4. Choices");
    probe_report_choices(&lesson, arena, &set, "17-choices", EXAMPLES);

    lesson_section(&lesson, "5. Coverage: right choices in %, mean of the seeds (minimum-maximum)");
    term_say("%s: %d of %d models, %d seeds, %d items per probe. make limits measures what is missing\n", args.path,
             result_runs_done(&table, plan, planned, result_measure), planned, RESULT_SEEDS, RESULT_ITEMS);
    for (int kind = 0; table.count && kind < PROBE_SHUFFLE; kind++)
        report_coverage(&lesson, arena, &table, (ProbeKind)kind);
    if (table.count) report_scene_configs(arena, &table);

    lesson_section(&lesson, "6. Lesson 10's model, on photographs");
    Cifar test = lesson_pictures(arena, args.data, CIFAR_TEST, args.pictures);
    LessonModel model =
        lesson_model(arena, &(LessonModelArgs){ args.weights, "quick", args.data, 1, args.train_images }, &test);
    photographs(arena, &model, &test);
    clip_free(&model.clip);

    lesson_section(&lesson, "7. Published results of CLIP beside ours, % (sources: README.md)");
    compare(&table);
    model_set_free(&set);
    return lesson_end(&lesson);
}
