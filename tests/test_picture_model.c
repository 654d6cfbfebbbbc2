/* The picture model: folding, examples, conditions, training, files, sampling; the lesson's table. */
#include "sum_file.h"
#include "26-from-words-to-pictures/picture_report.h"
#include "core/file.h"
#include "core/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const UNetSize small = { 8, 8, .groups = 4, .embed = 8, .heads = 2, .text = 64 };

static void silent(const char *line) { (void)line; }
static void model_make(PictureModel *model, int steps) {
    Err err;
    PictureModelConfig config = { .seed = 1, .steps = steps, .batch = 4, .size = small, .fitted = 100 };
    warning_hook = silent;
    CHECK(picture_model_init(model, config, &err), "%s", err.text);
}

TEST(folding_moves_every_number_once) {
    num picture[PICTURE_NUMBERS], folded[PICTURE_NUMBERS], back[PICTURE_NUMBERS];
    for (int i = 0; i < PICTURE_NUMBERS; i++) picture[i] = (num)i;
    unet_fold(picture, folded);
    unet_unfold(folded, back);
    CHECK(!memcmp(picture, back, sizeof picture), "%s", "unfolding is not the inverse");
    /* place (h,w) = (3,5), channel 6 i + 3 j + c with i = 1, j = 0, c = 2: pixel (7,10), blue */
    CHECK_NEAR((double)folded[(3 * UNET_FOLDED + 5) * UNET_CHANNELS + 8], (double)picture[(7 * 32 + 10) * 3 + 2], 0);
}

/* Captions are true of their scenes and tell all of it; seen and held-out combinations stay apart. */
TEST(examples_are_true_and_whole) {
    Split split = split_make(SPLIT_PAIRS, 0.75, 1);
    const CaptionKind kinds[] = { CAPTION_OBJECT, CAPTION_COUNT, CAPTION_PAIR, CAPTION_RELATION };
    for (int i = 0; i < 400; i++) {
        Rng rng = rng_seed(7, (uint64_t)i);
        SplitPart part = i % 2 ? SPLIT_HELD : SPLIT_SEEN;
        CaptionKind kind = kinds[i / 2 % (int)COUNT(kinds)];
        PictureExample e = picture_draw(&split, part, kind, &rng);
        char text[CAPTION_TEXT];
        Err err;
        int objects = kind == CAPTION_OBJECT ? 1 : kind == CAPTION_COUNT ? e.caption.count[0] : 2;
        caption_text(&e.caption, text);
        CHECK(e.caption.kind == kind && caption_true(&e.scene, &e.caption), "\"%s\"", text);
        CHECK(e.scene.count == objects && scene_fits(&e.scene, 1e-9), "\"%s\" of %d objects", text, e.scene.count);
        CHECK(scene_in_part(&e.scene, &split, part) && caption_in_part(&e.caption, &split, part), "\"%s\"", text);
        CHECK(picture_caption_check(&e.caption, &err), "%s", err.text);
    }
}

TEST(other_captions_are_refused) {
    static const char *const texts[][2] = { { "a small red circle", "no \"small\"" },
                                            { "no red circle", "no \"no\"" },
                                            { "a red circle and no blue square", "no \"no\"" },
                                            { "four red circles", "at most 3" },
                                            { "two red circles and two blue squares", "without numbers" },
                                            { "a red thing", "a colour and a shape" },
                                            { "a circle left of a blue square", "a colour and a shape" } };
    for (size_t i = 0; i < COUNT(texts); i++) {
        Caption caption;
        Err err = { "" };
        CHECK(caption_parse(texts[i][0], &caption, &err), "%s", err.text);
        CHECK(!picture_caption_check(&caption, &err), "\"%s\" is accepted", texts[i][0]);
        CHECK(strstr(err.text, texts[i][1]) && strstr(err.text, "try \"a red circle"), "%s", err.text);
    }
}

/* Before the fit the whitening is the identity; afterwards vectors have mean 0 and uncorrelated numbers. The bag has
 * the same vector for any order of the words, the others have not. */
TEST(conditions_long) {
    static PictureModel model;
    static const char *const texts[] = { "a red circle left of a blue square", "a blue square left of a red circle" };
    Arena arena = { 0 };
    model_make(&model, 1);
    picture_condition_fit(&model);
    for (int k = 0; k < CONDITION_KINDS; k++) {
        const ConditionKind kinds[] = { (ConditionKind)k, (ConditionKind)k };
        UNetCondition c = picture_condition(&model, &arena, texts, kinds, 2);
        const Mat all[] = { c.vector, c.tokens, c.bag };
        for (int which = 0; which < CONDITION_NONE; which++) {
            size_t n = mat_count(all[which]) / 2;
            double length = vec_norm(all[which].v, (int)n), apart = 0;
            for (size_t i = 0; i < n; i++) apart += fabs((double)(all[which].v[i] - all[which].v[n + i]));
            CHECK((length > 0) == (which == k), "condition %d, vector %d: length %g", k, which, length);
            CHECK((apart > 1) == (which == k && k != CONDITION_BAG), "condition %d, vector %d: %g apart", k, which,
                  apart);
        }
    }
    double sum = 0, first = 0, product = 0, square = 0;
    enum { N = 300 };
    static const char *many[N];
    static ConditionKind kinds[N];
    for (int i = 0; i < N; i++) {
        char text[CAPTION_TEXT];
        PictureExample e = picture_example(&model, (uint64_t)i);
        many[i] = arena_text(&arena, caption_text(&e.caption, text));
    }
    Mat v = picture_condition(&model, &arena, many, kinds, N).vector;
    for (int i = 0; i < N; i++) {
        first += (double)AT(v, i, 0) / N;
        sum += (double)AT(v, i, 2) / N;
        square += (double)(AT(v, i, 0) * AT(v, i, 0)) / N;
        product += (double)(AT(v, i, 0) * AT(v, i, 2)) / N;
    }
    CHECK(fabs(first) < 0.2 && fabs(sum) < 0.2 && fabs(square - 1) < 0.3 && fabs(product) < 0.2, "%g %g %g %g", first,
          sum, square, product);
    picture_model_free(&model);
    arena_free(&arena);
}

/* A run that is interrupted and resumed gives the same weights as one that is not; any number of threads, too. */
static void train(PictureModel *model, int steps, const char *checkpoint) {
    Err err;
    model_make(model, steps);
    CHECK(picture_model_train(model, checkpoint, &err), "%s", err.text);
}
TEST(training_gives_the_same_bits_long) {
    static PictureModel one, two;
    thread_set_count(1);
    train(&one, 3, NULL);
    thread_set_count(3);
    train(&two, 3, NULL);
    bool moved = false;
    for (int i = 0; i < one.net.params.count; i++) {
        const Param *a = one.net.params.list[i], *b = two.net.params.list[i];
        CHECK(!memcmp(a->val.v, b->val.v, mat_count(a->val) * sizeof(num)), "%s differs", a->name);
        moved = moved || (!strcmp(a->name, "out.weight") && vec_norm(a->val.v, (int)mat_count(a->val)) > 0);
    }
    CHECK(moved && isfinite(one.loss) && one.loss > 0, "out.weight did not move, loss %g", one.loss);
    picture_model_free(&one);
    picture_model_free(&two);
}

static PictureModel checked;
static bool picture_again(void *context, Err *err) { return picture_model_load(&checked, context, err); }
static bool checkpoint_again(void *context, Err *err) { return picture_model_train(&checked, context, err); }

TEST(files_and_checkpoints_long) {
    static PictureModel model, again;
    Arena arena = { 0 };
    Err err = { "" };
    const char *folder = check_folder();
    const char *part = arena_print(&arena, "%s/a.part", folder),
               *path = arena_print(&arena, "%s/a.safetensors", folder);
    setenv("CLIP_MODELS", folder, 1);
    train(&model, 2, part);
    CHECK(picture_model_save(&model, path, (const MetaPair[]){ { "date", "today" }, { NULL, NULL } }, &err), "%s",
          err.text);
    model_make(&again, 2); /* the checkpoint is of the last step: nothing is left to do */
    CHECK(picture_model_train(&again, part, &err), "%s", err.text);
    for (int i = 0; i < model.net.params.count; i++)
        CHECK(!memcmp(model.net.params.list[i]->val.v, again.net.params.list[i]->val.v,
                      mat_count(model.net.params.list[i]->val) * sizeof(num)),
              "%s", model.net.params.list[i]->name);
    CHECK(picture_model_load(&again, path, &err), "%s", err.text);
    double off = 0;
    for (size_t i = 0; i < mat_count(model.mean[0]->val); i++)
        off += fabs((double)(model.mean[0]->val.v[i] - again.mean[0]->val.v[i]));
    CHECK(off == 0, "the mean of the text vectors is %g off: it is F16 already", off);
    picture_model_free(&again);
    model_make(&checked, 2);
    check_sum_of_file(part, checkpoint_again, arena_text(&arena, part));
    check_sum_of_file(path, picture_again, arena_text(&arena, path));
    picture_model_free(&checked);
    model_make(&again, 3); /* another run */
    CHECK(!picture_model_load(&again, path, &err) && strstr(err.text, "another model"), "%s", err.text);
    CHECK(!picture_model_train(&again, part, &err) && strstr(err.text, "another run"), "%s", err.text);
    picture_model_free(&model);
    picture_model_free(&again);
    arena_free(&arena);
}

/* The picture of a text does not depend on what else is drawn; the seed and the condition change it. */
TEST(samples) {
    static PictureModel model;
    static const char *const texts[] = { "a red circle", "two green stars", "a white bar" };
    Arena arena = { 0 };
    train(&model, 2, NULL);
    PictureSampling how = { CONDITION_TOKENS, 3, 3, 1, .seed = 5 };
    Mat all = picture_sample(&model, &arena, texts, 3, &how);
    how.first = 1;
    Mat one = picture_sample(&model, &arena, texts + 1, 1, &how);
    CHECK(!memcmp(all.v + PICTURE_NUMBERS, one.v, PICTURE_NUMBERS * sizeof(num)), "%s", "alone it is another picture");
    how.seed = 6;
    Mat other = picture_sample(&model, &arena, texts + 1, 1, &how);
    CHECK(memcmp(other.v, one.v, PICTURE_NUMBERS * sizeof(num)), "%s", "another seed gives the same picture");
    picture_model_free(&model);
    arena_free(&arena);
}

TEST(bound_of_a_bag_of_words) {
    static const struct {
        const char *text;
        double bound;
    } known[] = { { "a red circle", 1 },
                  { "two red circles", 1 },
                  { "a red circle and a blue square", 0.5 },
                  { "a red circle and a red square", 1 },
                  { "a red circle left of a blue square", 0.25 },
                  { "a red circle above a blue circle", 0.5 } };
    Split all = split_make(SPLIT_ALL, 1, 1);
    for (size_t i = 0; i < COUNT(known); i++) {
        Caption caption;
        Err err;
        CHECK(caption_parse(known[i].text, &caption, &err), "%s", err.text);
        CHECK_NEAR(bag_bound(&all, &caption), known[i].bound, 1e-12);
    }
}

/* The shipped network draws the pictures of one cell again: the same share is true. */
TEST(a_cell_of_the_table_long) {
    static PictureModel model;
    Arena arena = { 0 };
    Err err;
    CellTable table;
    int count;
    warning_hook = silent;
    CHECK(picture_model_init(&model, (PictureModelConfig){ .seed = 1 }, &err), "%s", err.text);
    CHECK(picture_model_load(&model, picture_model_shipped(&arena), &err), "%s", err.text);
    CHECK(cell_table_read(&table, &arena, PICTURE_TABLE, &err), "%s", err.text);
    const SceneReader *reader = scene_reader_new(&arena);
    PictureTask *tasks = report_tasks(&arena, 1, 1, 1, &count), *task = NULL;
    for (int i = 0; i < count; i++)
        if (tasks[i].steps == 5) task = &tasks[i];
    CHECK(task != NULL, "%s", "no task of 5 steps");
    for (int v = 0; v < VERDICTS; v++)
        CHECK(picture_task_find(&table, task, verdict_name((Verdict)v)), "verdict %d", v);
    task->count = picture_task_find(&table, task, "true")->count;
    PictureScore score = picture_measure(&model, reader, task);
    for (int v = 0; v < VERDICTS; v++) {
        double in_table = picture_task_find(&table, task, verdict_name((Verdict)v))->value;
        CHECK_NEAR((double)score.verdict[v] / task->count, in_table,
                   1.5 / task->count); /* rounding elsewhere: one picture */
    }
    picture_model_free(&model);
    arena_free(&arena);
}

TESTS(folding_moves_every_number_once, examples_are_true_and_whole, other_captions_are_refused, conditions_long,
      training_gives_the_same_bits_long, files_and_checkpoints_long, samples, bound_of_a_bag_of_words,
      a_cell_of_the_table_long)
