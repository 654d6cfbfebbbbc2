/* Lesson 11: classification by captions. The model of lesson 10 was never trained on class numbers; the class of a
 * picture is the one whose caption has the highest cosine. Before: 10 train. */
#include "overview.h"
#include "own_labels.h"
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "show/progress.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/softmax.h"
#include "training/train.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const template[] = { "a photo of a {}" };

/* ---- all test pictures ------------------------------------------------------------------------------------------- */

static void show_classes(const Lesson *lesson, Arena *arena, const Cifar *test, Confusion confusion) {
    Bar *bars = arena_zero(arena, CIFAR_CLASSES + 1, sizeof *bars);
    int count = 0;
    for (int c = 0; c <= CIFAR_CLASSES; c++) {
        Rate rate = c < CIFAR_CLASSES ? confusion_class(confusion, c) : confusion_overall(confusion);
        if (rate.of == 0) continue; /* --pictures left none of this class */
        bars[count++] = (Bar){ .label = c < CIFAR_CLASSES ? test->names[c] : "all",
                               .value = 100 * rate.proportion,
                               .low = 100 * rate.low,
                               .high = 100 * rate.high,
                               .marked = c == CIFAR_CLASSES };
    }
    lesson_bars(lesson, "11-classes",
                &(Bars){ .title = "accuracy of each class, with 95 % intervals",
                         .values = "accuracy",
                         .unit = " %",
                         .bars = bars,
                         .count = count,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
}

static void show_confusion(const Lesson *lesson, Arena *arena, const Cifar *test, Confusion confusion) {
    Mat percent = mat_new(arena, CIFAR_CLASSES, CIFAR_CLASSES);
    for (int i = 0; i < CIFAR_CLASSES * CIFAR_CLASSES; i++)
        percent.v[i] = (num)(100.0 * confusion.count[i] / MAX(1, confusion_class(confusion, i / CIFAR_CLASSES).of));
    lesson_heat(lesson, "11-confusion",
                &(Heat){ .title = "what the pictures show (rows) and what the model answered (columns), % of each row",
                         .values = "% of the row",
                         .y = "shown",
                         .x = "answer",
                         .m = percent,
                         .rows = test->names,
                         .cols = test->names,
                         .decimals = 0,
                         .low = 0,
                         .high = 100 });
    printf("The pairs it confuses most:\n");
    for (int k = 0; k < 3; k++) {
        int worst = 1;
        for (int i = 0; i < CIFAR_CLASSES * CIFAR_CLASSES; i++)
            if (i % (CIFAR_CLASSES + 1) != 0 && percent.v[i] > percent.v[worst]) worst = i;
        if (percent.v[worst] == 0) break;
        printf("  %-12s taken for %-12s %5.1f %%\n", test->names[worst / CIFAR_CLASSES],
               test->names[worst % CIFAR_CLASSES], (double)percent.v[worst]);
        percent.v[worst] = 0;
    }
}

static Tile tile_of(Arena *arena, const Cifar *test, int i, int said) {
    uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(test, i, rgb);
    int truth = test->labels[i];
    char *caption = said == truth ? arena_text(arena, test->names[said])
                                  : arena_print(arena, "%s?\nno: %s", test->names[said], test->names[truth]);
    return (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, said != truth };
}

static void show_right(const Lesson *lesson, Arena *arena, const Cifar *test, const int *said) {
    Tile tiles[CIFAR_CLASSES];
    int found = 0;
    for (int c = 0; c < CIFAR_CLASSES; c++)
        for (int i = 0; i < test->n; i++)
            if (test->labels[i] == c && said[i] == c) {
                tiles[found++] = tile_of(arena, test, i, c);
                break;
            }
    if (found)
        lesson_tiles(lesson, "11-right",
                     &(Tiles){ .title = "right: the first of each class", .tiles = tiles, .count = found });
}

static void show_wrong(const Lesson *lesson, Arena *arena, const Cifar *test, Mat scores, const int *said) {
    Tile tiles[10];
    int found = 0;
    bool *used = arena_zero(arena, (size_t)test->n, sizeof *used);
    for (; found < (int)COUNT(tiles); found++) {
        int worst = -1;
        for (int i = 0; i < test->n; i++)
            if (!used[i] && said[i] != test->labels[i] &&
                (worst < 0 || AT(scores, i, said[i]) > AT(scores, worst, said[worst])))
                worst = i;
        if (worst < 0) break;
        used[worst] = true;
        tiles[found] = tile_of(arena, test, worst, said[worst]);
    }
    if (found)
        lesson_tiles(
            lesson, "11-wrong",
            &(Tiles){ .title = "wrong: the answers with the highest cosines", .tiles = tiles, .count = found });
}

static void show_progress(void *progress, int done) { progress_update(progress, done); }

/* Accuracy of the first 500 pictures in ten batches of 50, as the course material has it. */
static void show_first(const Cifar *test, const int *said) {
    enum { FIRST = 500, BATCH = 50 };
    if (test->n < FIRST) return;
    int all = 0;
    printf("The first %d pictures, in batches of %d:", FIRST, BATCH);
    for (int start = 0; start < FIRST; start += BATCH) {
        int correct = 0;
        for (int i = start; i < start + BATCH; i++) correct += said[i] == test->labels[i];
        printf(" %d", 100 * correct / BATCH);
        all += correct;
    }
    Rate rate = metrics_wilson(all, FIRST);
    term_say(" %%\ntogether %.1f %% (95 %% interval %.1f to %.1f)\n", 100 * rate.proportion, 100 * rate.low,
             100 * rate.high);
}

static void classify_all(const Lesson *lesson, Clip *clip, Arena *arena, const Cifar *test, TestAugmentation tta) {
    Mat classes = zeroshot_classes(clip, arena, template, COUNT(template), test->names, CIFAR_CLASSES, stdout);
    Progress progress = progress_begin("classify", test->n, "img/s");
    Mat scores = zeroshot_scores(
        clip, arena, classes, test,
        (ZeroshotRange){ .n = test->n, .batch = 100, .tta = tta, .progress = show_progress, .context = &progress });
    progress_end(&progress);
    int *said = arena_alloc(arena, (size_t)test->n, sizeof *said),
        *truth = arena_alloc(arena, (size_t)test->n, sizeof *truth);
    Err err;
    if (!metrics_argmax(scores, said, &err)) die("%s", err.text);
    for (int i = 0; i < test->n; i++) truth[i] = test->labels[i];
    Confusion confusion = metrics_confusion(arena, truth, said, test->n, CIFAR_CLASSES);
    Rate rate = confusion_overall(confusion);

    lesson_section(lesson, "How often is it right?");
    show_first(test, said);
    term_say("All %d: %.2f %% (95 %% interval %.2f to %.2f). Guessing: %.1f %%.\n", test->n, 100 * rate.proportion,
             100 * rate.low, 100 * rate.high, 100.0 / CIFAR_CLASSES);
    show_classes(lesson, arena, test, confusion);
    lesson_section(lesson, "Which classes does it confuse?");
    show_confusion(lesson, arena, test, confusion);
    lesson_section(lesson, "Look at them");
    show_right(lesson, arena, test, said);
    show_wrong(lesson, arena, test, scores, said);
}

/* The picture of the whole, of README.md and lesson 08; not drawn if --pictures left too few classes for a batch. */
static void plot_overview(Clip *clip, Arena *arena, const Cifar *test, const char *run) {
    const char *data = arena_print(arena, "Numbers of a real run: %s; test pictures of %s.", run,
                                   test->generated ? "generated shapes" : "CIFAR-10");
    Overview overview = overview_make(arena, clip, test, template[0], data);
    if (overview.pairs < OVERVIEW_PAIRS) return;
    if (overview_plot("11-overview", &overview, NULL) == PLOT_DRAWN)
        fprintf(stderr, "picture: %s\n", plot_path("11-overview"));
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

/* `first`: the number of the first label; the word before it is a picture. */
static void check_words(int count, char **words, int first) {
    if (first && (count == 1 || count == 2))
        die_usage("want a picture and two labels or more: photo.png \"a cat\" \"a dog\"");
    for (int i = first; i < count; i++) {
        if (!words[i][strspn(words[i], " ")])
            die_usage("label %d is empty: want words, such as \"a cat\"", i + 1 - first);
        for (int j = first; j < i; j++)
            if (!strcmp(words[i], words[j])) die_usage("label \"%s\" is given twice", words[i]);
    }
}

/* The model's file: --weights; or, for photographs, the model that comes with the toolkit; or one that lesson 10 has
 * trained. */
static const char *find_model(Arena *arena, const char *weights, const char *recipe, const char *image,
                              const char *text, int seed, const Cifar *test, bool photographs) {
    bool shipped = !strcmp(recipe, "shipped");
    bool own = !shipped || strcmp(image, "recipe") || strcmp(text, "recipe") || seed != 1;
    if (*weights) return weights;
    if (!own && photographs && file_exists(lesson_shipped())) return lesson_shipped();
    if (shipped) recipe = "quick";
    Recipe trained = *recipe_find(recipe);
    recipe_towers(&trained, arena, image, text);
    const char *path = lesson_model_path(arena, trained.name, test, seed, ".safetensors");
    if (!file_exists(path))
        die("%s: there is no such model; make lesson-10 ARGS=\"--recipe %s --image %s --text %s --seed %d\" trains it",
            path, recipe, image, text, seed);
    return path;
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "shipped", *tta = "plain", *image = "recipe", *text = "recipe";
    int seed = 1, pictures = 0;
    LessonPairs pairs = LESSON_PAIRS_DEFAULTS;
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file of lesson 10; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "shipped|" RECIPES,
          .help = "the model of this recipe; shipped: the one that comes with the toolkit, or quick" },
        { "image", .text = &image, .choices = RECIPE_IMAGES, .help = "the model with this image tower" },
        { "text", .text = &text, .choices = RECIPE_TEXTS, .help = "the model with this text tower" },
        { "test-augmentation", .text = &tta, .choices = "plain|mirror|all",
          .help = "mean over the picture and its mirror image, or these and shifted ones" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000, .help = "the first so many; 0: all" },
        LESSON_PAIRS_OPTIONS(pairs),
        { 0 },
    };
    Lesson lesson = { .number = "11",
                      .title = "Classification from text",
                      .shows = "ten captions classify ten thousand pictures",
                      .takes = "five seconds",
                      .next = "make lesson-12",
                      .options = options,
                      .quick = "--data shapes --pictures 500 --recipe tiny",
                      .seed = &seed,
                      .wants = "PICTURE LABEL LABEL ..." };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    check_words(lesson.word_count, lesson.words, *pairs.table ? 0 : 1);
    if (*pairs.table || (lesson_model_of_pairs(weights) && lesson.word_count)) {
        own_labels(&lesson, &pairs, weights, seed);
        return lesson_end(&lesson);
    }
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, pictures);
    bool own = lesson.word_count > 0, photographs = !test.generated || (own && strcmp(data, "shapes"));
    const char *path = find_model(arena, weights, recipe, image, text, seed, &test, photographs);
    if (!own) printf("%s\n", lesson_notice(&test, data));
    LessonModel model = lesson_model_open(arena, path, own ? NULL : &test);
    if (own) {
        own_picture(&lesson, &model, lesson.words[0], lesson.words + 1, lesson.word_count - 1);
    } else {
        TestAugmentation augmentation = !strcmp(tta, "all") ? TTA_MIRROR_SHIFT : *tta == 'm' ? TTA_MIRROR : TTA_NONE;
        Prediction guess =
            lesson_predict_choice(&lesson, test.names, CIFAR_CLASSES, 2, "Which two classes will it confuse most?");
        classify_all(&lesson, &model.clip, arena, &test, augmentation);
        plot_overview(&model.clip, arena, &test, model.run);
        lesson_outcome(&lesson, &guess, "see the list above");
        printf("\nYour own picture:  build/lesson-11 photo.png \"a photo of a cat\" \"a photo of a dog\"\n");
    }
    clip_free(&model.clip);
    return lesson_end(&lesson);
}
