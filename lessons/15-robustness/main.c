/* Lesson 15: robustness and calibration. Accuracy and confidence on pictures with eight corruptions at five strengths.
 * Before: 04 temperature, 11 classify. */
#include "calibration.h"
#include "core/arena.h"
#include "dataset/corruption.h"
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "show/plot.h"
#include "show/progress.h"
#include "training/train.h"

#include <math.h>

enum { BIN_MIN = 10, STRENGTHS = CORRUPT_STRENGTHS + 1, KINDS = CORRUPT_KINDS, MIDDLE = 3, FULL = CORRUPT_STRENGTHS };

typedef struct {
    Clip *clip;
    Mat classes;
    double scale;
} Model;

/* Cosines [n,10] of a set's pictures with the ten captions, and what they are. */
static Mat cosines(Arena *arena, const Model *model, const Cifar *set, int **truth) {
    *truth = arena_alloc(arena, (size_t)set->n, sizeof **truth);
    for (int i = 0; i < set->n; i++) (*truth)[i] = set->labels[i];
    return zeroshot_scores(model->clip, arena, model->classes, set, (ZeroshotRange){ .n = set->n, .batch = 500 });
}

static Tile tile_of(Arena *arena, const Cifar *test, int i, Corrupt how, const char *caption) {
    uint8_t rgb[CIFAR_NUMBERS], *corrupted = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(test, i, rgb);
    corrupt_picture(how, i, rgb, corrupted);
    return (Tile){ corrupted, CIFAR_SIDE, CIFAR_SIDE, caption, false };
}

static void show_pictures(const Lesson *lesson, Arena *arena, const Cifar *test) {
    Tile some[KINDS + 2], all[KINDS * STRENGTHS];
    some[0] = tile_of(arena, test, 0, (Corrupt){ .strength = 0 }, "unchanged");
    some[1] = tile_of(arena, test, 0, (Corrupt){ CORRUPT_NOISE, FULL, 1 }, "noise at 5");
    for (int k = 0; k < KINDS; k++) {
        Corruption kind = (Corruption)k;
        some[k + 2] = tile_of(arena, test, 0, (Corrupt){ kind, MIDDLE, 1 }, corrupt_name(kind));
        for (int s = 0; s < STRENGTHS; s++)
            all[k * STRENGTHS + s] = tile_of(arena, test, k, (Corrupt){ kind, s, 1 },
                                             arena_print(arena, s ? "%s %d" : "%s: none", corrupt_name(kind), s));
    }
    lesson_tiles(lesson, "15-kinds",
                 &(Tiles){ .title = "Eight corruptions at strength 3", .tiles = some, .count = KINDS + 2 });
    plot_tiles("15-strengths",
               &(Tiles){ .title = "Eight corruptions, five strengths",
                         .tiles = all,
                         .count = KINDS * STRENGTHS,
                         .columns = STRENGTHS },
               NULL);
}

/* Accuracy and mean confidence, in %, for each corruption (rows) and strength (columns). */
static void measure_all(const Model *model, const Cifar *test, int pictures, Mat accuracy, Mat confidence) {
    Progress progress = progress_begin("corrupt", KINDS * CORRUPT_STRENGTHS + 1, NULL);
    for (int s = 0, done = 0; s < STRENGTHS; s++)
        for (int k = 0; k < KINDS; k++) {
            if (s == 0 && k > 0) { /* the pictures as they are: once is enough */
                AT(accuracy, k, 0) = AT(accuracy, 0, 0);
                AT(confidence, k, 0) = AT(confidence, 0, 0);
                continue;
            }
            Arena arena = { 0 };
            int *truth;
            Cifar corrupted = corrupt_set(&arena, test, pictures, (Corrupt){ (Corruption)k, s, 1 });
            Mat scores = cosines(&arena, model, &corrupted, &truth);
            Calibration c = calibration_measure(scores, truth, model->scale);
            AT(accuracy, k, s) = (num)(100 * c.right);
            AT(confidence, k, s) = (num)(100 * c.confidence);
            arena_free(&arena);
            progress_update(&progress, ++done);
        }
    progress_end(&progress);
}

static void show_accuracy(const Lesson *lesson, Mat accuracy, Mat confidence, int pictures) {
    static const char *const strengths[] = { "none", "1", "2", "3", "4", "5" };
    static const num x[] = { 0, 1, 2, 3, 4, 5 };
    const char *names[KINDS];
    Series series[KINDS];
    for (Corruption k = 0; k < CORRUPT_KINDS; k++) {
        names[k] = corrupt_name(k);
        series[k] = (Series){ names[k], x, &AT(accuracy, k, 0), STRENGTHS };
    }
    lesson_heat(lesson, NULL,
                &(Heat){ .title = "accuracy, %",
                         .y = "corruption",
                         .x = "strength",
                         .m = accuracy,
                         .rows = names,
                         .cols = strengths,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    Rate clean = metrics_wilson((int)lround((double)AT(accuracy, 0, 0) * pictures / 100), pictures);
    term_say("%d pictures; the 95 %% interval of the first column is %.1f to %.1f\n", pictures, 100 * clean.low,
             100 * clean.high);
    lesson_lines(lesson, "15-accuracy",
                 &(Lines){ .title = "Accuracy falls",
                           .y = "accuracy, %",
                           .x = "strength",
                           .series = series,
                           .count = KINDS,
                           .reference_name = "guessing",
                           .reference = 100.0 / CIFAR_CLASSES });
    printf("at strength 5   accuracy  confidence  difference\n");
    for (int k = 0; k < KINDS; k++)
        printf("  %-11s    %5.1f %%     %5.1f %%       %+5.1f\n", names[k], (double)AT(accuracy, k, FULL),
               (double)AT(confidence, k, FULL), (double)(AT(confidence, k, FULL) - AT(accuracy, k, FULL)));
}

static void print_calibration(const char *when, double scale, Calibration c) {
    printf("  %-23s %7.2f   %5.1f %%     %5.1f %%  %.4f    %.4f\n", when, scale, 100 * c.right, 100 * c.confidence,
           c.ece, c.loss);
}

static void show_reliability(const Lesson *lesson, const Calibration *c) {
    static const num diagonal[] = { 0, 1 };
    static const char *const names[] = { "as trained", "rescaled" };
    num x[2][CALIBRATION_BINS], y[2][CALIBRATION_BINS];
    Series series[3] = { [2] = { "calibrated", diagonal, diagonal, 2 } };
    for (int k = 0; k < 2; k++) {
        int n = 0;
        for (int m = 0; m < CALIBRATION_BINS; m++)
            if (c[k].bin[m].count >= BIN_MIN) {
                x[k][n] = (num)c[k].bin[m].confidence;
                y[k][n++] = (num)c[k].bin[m].right;
            }
        series[k] = (Series){ names[k], x[k], y[k], n };
    }
    lesson_lines(lesson, "15-reliability",
                 &(Lines){ .title = "Reliability", .y = "accuracy", .x = "confidence", .series = series, .count = 3 });
    printf("  as trained: confidence    answers  accuracy   (bins with fewer than %d answers are left out)\n", BIN_MIN);
    for (int m = 0; m < CALIBRATION_BINS; m++)
        if (c->bin[m].count >= BIN_MIN)
            printf("              %.3f         %7d  %.3f\n", c->bin[m].confidence, c->bin[m].count, c->bin[m].right);
}

/* Fits the scale on the first half of the pictures, measures on the second. Returns the ECE of the model as trained. */
static double calibrate(const Lesson *lesson, Arena *arena, const Model *model, const Cifar *test) {
    int *truth, half = test->n / 2;
    Mat scores = cosines(arena, model, test, &truth), fit = scores, rest = scores;
    fit.shape[0] = half;
    rest.shape[0] = test->n - half;
    rest.v = &AT(scores, half, 0);
    double scale = calibration_scale(fit, truth);
    const Calibration c[] = { calibration_measure(rest, truth + half, model->scale),
                              calibration_measure(rest, truth + half, scale) };
    printf("                             scale  accuracy  confidence     ECE      loss   (of %d pictures)\n",
           test->n - half);
    print_calibration("as trained", model->scale, c[0]);
    print_calibration("rescaled", scale, c[1]);
    print_calibration("softmax of bare cosines", 1, calibration_measure(rest, truth + half, 1));
    show_reliability(lesson, c);
    return c[0].ece;
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "quick";
    int seed = 1, pictures = 500, train_images = 0;
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file of lesson 10; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = RECIPES,
          .help = "the model of this recipe, trained first if it is not there" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 20, .high = 10000,
          .help = "test pictures for each corruption; four times as many for calibration" },
        { "train-images", .integer = &train_images, .low = 0, .high = 50000,
          .help = "a model trained on the first so many pictures; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "15",
                      .title = "Robustness and calibration",
                      .shows = "accuracy and confidence on pictures with eight corruptions",
                      .takes = "eight seconds, and fifteen more where the model must be trained first",
                      .next = "make lesson-16",
                      .options = options,
                      .quick = "--data shapes --pictures 100 --recipe tiny --train-images 1000",
                      .seed = &seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, 4 * pictures);
    printf("%s\n", lesson_notice(&test, data));
    LessonModel given = lesson_model(arena, &(LessonModelArgs){ weights, recipe, data, seed, train_images }, &test);
    Model model = { &given.clip,
                    zeroshot_classes(&given.clip, arena, (const char *const *)given.templates, given.template_count,
                                     test.names, CIFAR_CLASSES, stdout),
                    exp((double)*given.clip.logit_scale->val.v) };
    pictures = MIN(pictures, test.n);

    lesson_section(&lesson, "1. Eight corruptions");
    show_pictures(&lesson, arena, &test);

    lesson_section(&lesson, "2. Accuracy by corruption and strength");
    const char *names[KINDS];
    for (Corruption k = 0; k < CORRUPT_KINDS; k++) names[k] = corrupt_name(k);
    Prediction said = lesson_predict_choice(&lesson, names, KINDS, 1, "Which of the eight costs most at strength 3?");
    Mat accuracy = mat_new(arena, KINDS, STRENGTHS), confidence = mat_new(arena, KINDS, STRENGTHS);
    measure_all(&model, &test, pictures, accuracy, confidence);
    show_accuracy(&lesson, accuracy, confidence, pictures);
    Corruption worst = 0;
    for (Corruption k = 1; k < CORRUPT_KINDS; k++)
        if (AT(accuracy, k, MIDDLE) < AT(accuracy, worst, MIDDLE)) worst = k;
    lesson_outcome(&lesson, &said, "%s, %.1f %%", corrupt_name(worst), (double)AT(accuracy, worst, MIDDLE));

    lesson_section(&lesson, "3. Calibration");
    said =
        lesson_predict_number(&lesson, 0, 100, "By how many percent points do confidence and accuracy differ (ECE)?");
    lesson_outcome_number(&lesson, &said, 100 * calibrate(&lesson, arena, &model, &test), 1);
    clip_free(&given.clip);
    return lesson_end(&lesson);
}
