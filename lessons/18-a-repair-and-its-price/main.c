/* Lesson 18: a repair and its price. A model that confuses which object is red is trained with hard negatives. What
 * does that improve, what would more steps alone have improved, and what gets worse? Before: 17. See README.md. */
#include "lesson/lesson_data.h"
#include "scenes/probe_report.h"
#include "core/file.h"
#include "hard_negatives_report.h"

#include <string.h>

enum { COUNTED = 1000, NEGATIVES_MAX = 4 };

static struct {
    const char *unseen, *path;
    NegativesConfig config;
    int items;
    bool all;
} args = {
    .unseen = "swap",
    .path = NEGATIVES_TABLE,
    .config = { .coverage = NEGATIVES_COVERAGE, .seed = 1, .steps = SCENE_MODEL_STEPS, .stage2 = NEGATIVES_STEPS },
    .items = RESULT_ITEMS
};

static const Option options[] = {
    { "unseen", .text = &args.unseen, .choices = "swap|replace|negate",
      .help = "the kind of hard negative that one model is not trained on" },
    { "coverage", .real = &args.config.coverage, .low = 0.2, .high = 1,
      .help = "fraction of the combinations that are seen in training" },
    { "steps", .integer = &args.config.steps, .low = 1, .high = 100000, .help = "training steps of the first stage" },
    { "stage2-steps", .integer = &args.config.stage2, .low = 1, .high = 100000,
      .help = "training steps of the second stage" },
    { "items", .integer = &args.items, .low = 1, .high = 100000, .help = "minimal pairs of each probe" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table of five seeds: 15 minutes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

/* ---- 1. False captions and paraphrases --------------------------------------------------------------------------- */

/* A caption in two lines. */
static char *halves(Arena *arena, const Caption *caption) {
    char text[CAPTION_TEXT], *lines = arena_text(arena, caption_text(caption, text));
    char *space = strchr(lines + strlen(lines) / 2, ' ');
    if (space) *space = '\n';
    return lines;
}

static void show_negatives(const Lesson *lesson, Arena *arena, const NegativesProbe *probe) {
    Tile tiles[2 * NEGATIVE_KINDS];
    char text[CAPTION_TEXT];
    for (int k = 0; k < NEGATIVE_KINDS; k++) {
        const NegativesItem *item = &negatives_items(arena, (NegativeKind)k, probe)[0];
        printf("  %-9s true: %s\n", negative_name((NegativeKind)k), caption_text(&item->caption[0], text));
        printf("            false: %s\n", caption_text(&item->caption[1], text));
        for (int w = 0; w < WAYS; w++)
            if (item->paraphrased[w][0].kind != CAPTION_KINDS)
                printf("             true: %s   (%s)\n", caption_text(&item->paraphrased[w][0], text),
                       way_name((ParaphraseWay)w));
        for (int s = 0; s < 2; s++)
            tiles[2 * k + s] = probe_tile(arena, &item->scene[s], halves(arena, &item->caption[s]), "");
    }
    lesson_tiles(lesson, "18-negatives",
                 &(Tiles){ .title = "Each caption is true of its picture and false of its neighbour's",
                           .tiles = tiles,
                           .count = 2 * NEGATIVE_KINDS,
                           .columns = 2 });
}

/* ---- 2. Hard negatives in training ------------------------------------------------------------------------------- */

/* Counts the hard negatives of a stage, and how many of them the evaluator finds false. */
static void count_negatives(const SceneModel *scene_model, NegativesStage which) {
    TrainingStage stage = negatives_stage(which, 0);
    Caption negative[NEGATIVES_MAX];
    int count = 0, found_false = 0;
    for (uint64_t i = 0; i < COUNTED; i++) {
        SceneExample pair = scene_model_example(scene_model, &stage, i, negative);
        for (int k = 0; k < stage.negatives; k++) {
            if (negative[k].kind == CAPTION_KINDS) continue;
            count++;
            found_false += !caption_true(&pair.scene, &negative[k]);
        }
    }
    term_say("stage \"%s\": %d hard negatives for its first %d scenes; false of their scenes: %d\n", stage.name, count,
             COUNTED, found_false);
}

/* ---- 4. Attention ------------------------------------------------------------------------------------------------ */

static void show_attention(const Lesson *lesson, Arena *arena, const NegativesProbe *probe) {
    ResultRun run = negatives_run(CONDITION_LATE, args.config);
    SceneModel scene_model;
    Err err;
    if (!scene_model_load_or_train(&scene_model, &run.config, result_stage(&run), &err)) die("%s", err.text);
    const NegativesItem *item = &negatives_items(arena, NEGATIVE_SWAP, probe)[0];
    char text[CAPTION_TEXT], *rest = NULL;
    const char *word[CAPTION_WORDS + 1];
    Mat attention = { 0 };
    for (int c = 1; c >= 0; c--) {
        double found[CAPTION_WORDS + 1], sum = 0;
        int n = 0;
        attention = late_interaction_attention(&scene_model.clip, arena, &item->scene[0],
                                               caption_text(&item->caption[c], text), found);
        for (char *at = strtok_r(text, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[n++] = at;
        word[n++] = "(end)";
        printf("  %s:", c ? "false" : "true ");
        for (int i = 0; i < n; i++) {
            printf(" %s %.2f", word[i], found[i]);
            sum += found[i] / n;
        }
        printf("   mean %.3f\n", sum);
    }
    for (size_t i = 0; i < mat_count(attention); i++) attention.v[i] *= 100;
    lesson_heat(lesson, "18-attention",
                &(Heat){ .title = "Attention of each word of the true caption, %: 4 x 4 positions, row by row",
                         .values = "% of the word's attention",
                         .y = "word",
                         .x = "position",
                         .m = attention,
                         .rows = (const char *const *)word,
                         .low = 0,
                         .high = 100 });
    for (int k = 0; k < 2; k++) printf("  there is a %s\n", scene_text(arena, &item->scene[0], k));
    scene_model_free(&scene_model);
}

/* ---- the lesson -------------------------------------------------------------------------------------------------- */

/* The table at `path`, empty if there is no file; then the missing runs are measured. */
static ResultTable table_of(Arena *arena, const char *path, const ResultRun *runs, int count, int items) {
    ResultTable table = { .arena = arena };
    Err err;
    if (file_exists(path) && !result_table_read(&table, arena, path, &err)) die("%s", err.text);
    if (!result_table_fill(&table, runs, count, items, negatives_result_rows, path, &err)) die("%s", err.text);
    return table;
}

static void before_and_after(const Lesson *lesson, Arena *arena, NegativeKind unseen) {
    const Condition condition[] = { CONDITION_BASE,           CONDITION_PLAIN,
                                    CONDITION_HARD_NEGATIVES, CONDITION_NO_SWAP + (Condition)unseen,
                                    CONDITION_LATE,           CONDITION_LATE_HARD_NEGATIVES };
    ResultRun run[COUNT(condition)];
    Err err;
    for (size_t c = 0; c < COUNT(condition); c++) run[c] = negatives_run(condition[c], args.config);
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    const char *path = arena_print(arena, "%s/hard-negatives-%d.csv", models_folder(), args.items);
    Prediction guess[2];
    guess[0] = lesson_predict_number(lesson, 0, 100,
                                     "True caption or swapped colours: in %% of the pictures, how often does the model "
                                     "trained with all hard negatives choose the true one?");
    guess[1] = lesson_predict_number(lesson, 0, 100, "And the model trained with all but \"%s\", tested on \"%s\"?",
                                     args.unseen, args.unseen);
    ResultTable table = table_of(arena, path, run, (int)COUNT(condition), args.items);
    NegativesReport report = { &table, args.config, condition, (int)COUNT(condition) };
    term_say("%d steps, then %d more; %d minimal pairs for each choice score\n", args.config.steps, args.config.stage2,
             args.items);
    report_conditions(&report);
    lesson_outcome_number(lesson, &guess[0], 100 * report_negative(&report, CONDITION_HARD_NEGATIVES, NEGATIVE_SWAP),
                          1);
    lesson_outcome_number(lesson, &guess[1], 100 * report_negative(&report, condition[3], unseen), 1);
    report_bars(lesson, arena, &report, "18-before-after");
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "18",
                      .title = "A repair and its price",
                      .shows = "training with hard negatives: what improves, and what it costs",
                      .takes = "two minutes, a second when run again",
                      .next = "make lesson-19",
                      .options = options,
                      .quick = "--stage2-steps 1 --items 10 --table none",
                      .seed = &args.config.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    NegativeKind unseen;
    int planned;
    ResultRun *plan = negatives_plan(arena, &planned);
    if (!negative_find(args.unseen, &unseen)) die_usage("there is no kind of hard negative %s", args.unseen);
    ResultTable five = table_of(arena, args.path, plan, args.all ? planned : 0, RESULT_ITEMS);

    SceneModel untrained; /* for its split and its training examples */
    SceneModelConfig config = negatives_run(CONDITION_BASE, args.config).config;
    Err err;
    if (!scene_model_init(&untrained, &config, &err)) die("%s", err.text);
    NegativesProbe shown = { .seed = 8, .items = 1, .split = &untrained.split };

    lesson_section(&lesson, "1. False captions and paraphrases");
    show_negatives(&lesson, arena, &shown);
    lesson_section(&lesson, "2. Hard negatives in training");
    count_negatives(&untrained, STAGE_HARD_NEGATIVES);
    count_negatives(&untrained, STAGE_NO_SWAP + (NegativesStage)unseen);

    lesson_section(&lesson, "3. Before and after");
    before_and_after(&lesson, arena, unseen);
    lesson_section(&lesson, "4. Another architecture: late interaction");
    show_attention(&lesson, arena, &shown);

    lesson_section(&lesson, "5. Five seeds");
    if (five.count == 0) term_say("%s does not exist; make limits measures it\n", args.path);
    else {
        report_seeds(&five);
        report_changes(arena, &five);
    }

    lesson_section(&lesson, "6. Published results of CLIP beside ours, % (sources: README.md)");
    report_published(&five);
    scene_model_free(&untrained);
    return lesson_end(&lesson);
}
