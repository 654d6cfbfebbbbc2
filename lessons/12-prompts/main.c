/* Lesson 12: prompts. The same model and pictures, other wordings of the classes: which differences are significant?
 * Before: 11 classify. */
#include "lesson/lesson_data.h"
#include "own_wordings.h"
#include "core/arena.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <string.h>

enum { C = CIFAR_CLASSES };

static void add_template(Table *table, Arena *arena, Clip *clip, const Cifar *test, const char *text,
                         const char *kind) {
    wording_add(table, text, kind, zeroshot_classes(clip, arena, &text, 1, test->names, C, stdout));
}

/* The mean of the wordings' class vectors, [C,E]. Its rows are shorter than 1 where the wordings differ. */
static Mat mean_of(Arena *arena, const Wording *row, int n) {
    Mat mean = mat_zero(arena, C, row->classes.shape[1]);
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < mat_count(mean); i++) mean.v[i] += row[k].classes.v[i] / (num)n;
    return mean;
}

static void print_lengths(Mat mean) {
    double min = INFINITY, max = 0;
    for (int c = 0; c < C; c++) {
        double length = vec_norm(&AT(mean, c, 0), mean.shape[1]);
        min = MIN(min, length);
        max = MAX(max, length);
    }
    term_say("The means of %d classes' vectors over these wordings are %.4f to %.4f long; 1 if all were the same.\n", C,
             min, max);
}

static void classify(Table *table, Arena *arena, Clip *clip, const Cifar *test) {
    int *truth = arena_alloc(arena, (size_t)test->n, sizeof *truth);
    for (int i = 0; i < test->n; i++) truth[i] = test->labels[i];
    Mat all = wordings_vectors(table, arena);
    Mat each = zeroshot_scores(clip, arena, all, test, (ZeroshotRange){ .n = test->n, .batch = 500 });
    wordings_classify(table, arena, each, truth);
}

/* The wordings of the training, their two means, others, and the student's. */
static void fill_table(Table *table, Arena *arena, const Lesson *lesson, LessonModel *model, int trained,
                       const Cifar *test) {
    Clip *clip = &model->clip;
    const char *const *templates = (const char *const *)model->templates;
    for (int k = 0; k < trained; k++) add_template(table, arena, clip, test, templates[k], "trained");
    Mat mean = mean_of(arena, table->row, trained);
    print_lengths(mean);
    wording_add(table, "ensemble: their mean, length 1 again", "ensemble",
                zeroshot_classes(clip, arena, templates, trained, test->names, C, NULL));
    wording_add(table, "their mean as it is", "a mistake", mean);
    add_template(table, arena, clip, test, "{}", "bare word");
    add_template(table, arena, clip, test, "the {}", "new");
    add_template(table, arena, clip, test, "a small bright picture of a {}", "new");
    add_template(table, arena, clip, test, "a drawing of a {}", "unknown word");
    add_template(table, arena, clip, test, arena_print(arena, "a {} at the %s", test->names[8]), "misleading");
    for (int i = 0; i < lesson->word_count; i++) add_template(table, arena, clip, test, lesson->words[i], "yours");
}

/* The wordings of a model of CIFAR-10. */
static void compare(Lesson *lesson, const LessonModelArgs *args, int pictures) {
    Arena *arena = &lesson->memory;
    Cifar test = lesson_pictures(arena, args->data, CIFAR_TEST, pictures);
    printf("%s\n", lesson_notice(&test, args->data));
    LessonModel model = lesson_model(arena, args, &test);
    int trained = MIN(model.template_count, WORDINGS_MAX / 2);
    if (trained == 0) die("%s: the file has no templates of its training", model.path);

    lesson_section(lesson, "1. The wordings");
    Table *table = arena_zero(arena, 1, sizeof *table);
    table->classes = C;
    fill_table(table, arena, lesson, &model, trained, &test);

    lesson_section(lesson, "2. The accuracy of each");
    Prediction said = lesson_predict_number(
        lesson, 0, 100, "%d wordings from training: how many percent points between best and worst?", trained);
    classify(table, arena, &model.clip, &test);
    double level = 0.05 / (table->count - 1), best = 0, worst = 1;
    wordings_print(lesson, arena, table, level);
    for (int k = 0; k < trained; k++) {
        best = MAX(best, table->row[k].rate.proportion);
        worst = MIN(worst, table->row[k].rate.proportion);
    }
    lesson_outcome_number(lesson, &said, 100 * (best - worst), 2);

    lesson_section(lesson, "3. Which differences are significant?");
    term_say("Best and worst trained wording are %.2f points apart; the interval of each is %.2f points wide.\n",
             100 * (best - worst), 100 * (table->row[0].rate.high - table->row[0].rate.low));
    wordings_significant(table, level);
    printf("\nYour own wording:  build/lesson-12 \"a nice {}\"\n");
    clip_free(&model.clip);
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "templates";
    int seed = 1, pictures = 0, train_images = 0;
    LessonPairs pairs = LESSON_PAIRS_DEFAULTS;
    OptionTexts labels = { 0 };
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "quick|templates",
          .help = "the model of this recipe, trained first if it is not there" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000,
          .help = "test pictures, the first so many; 0: all" },
        { "train-images", .integer = &train_images, .low = 0, .high = 50000,
          .help = "a model trained on the first so many pictures; 0: all" },
        LESSON_PAIRS_OPTIONS(pairs),
        { "label", .texts = &labels, .help = "pairs: a class, may be given often; none: the table's captions" },
        { 0 },
    };
    Lesson lesson = { .number = "12",
                      .title = "Prompts",
                      .shows = "one model, many wordings: which differences are significant",
                      .takes = "five seconds, and half a minute more where the model must be trained first",
                      .next = "make lesson-13",
                      .options = options,
                      .quick = "--data shapes --pictures 500 --train-images 200",
                      .seed = &seed,
                      .wants = "\"YOUR WORDING OF A {}\" ..." };
    lesson_begin(&lesson, argc, argv);
    Err err;
    for (int i = 0; i < lesson.word_count; i++)
        if (!text_template_check(lesson.words[i], &err)) die_usage("%s", err.text);
    if (*pairs.table) {
        own_wordings(&lesson, &pairs, weights, &labels, seed);
        return lesson_end(&lesson);
    }
    compare(&lesson, &(LessonModelArgs){ weights, recipe, data, seed, train_images }, pictures);
    return lesson_end(&lesson);
}
