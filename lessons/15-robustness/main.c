/* Lesson 15: robustness and calibration. The pictures are spoilt in eight ways and five strengths: how soon does the model
 * fail, does it know, and do its probabilities mean anything? Before: 04 temperature, 11 classify. See README.md. */
#include "calibration.h"
#include "core/arena.h"
#include "corruption.h"
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "show/plot.h"
#include "show/progress.h"
#include "training/train.h"

#include <math.h>

enum { FEW = 10, STRENGTHS = CORRUPT_STRENGTHS + 1, KINDS = CORRUPT_KINDS, MIDDLE = 3, FULL = CORRUPT_STRENGTHS };

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
    uint8_t rgb[CIFAR_NUMBERS], *spoilt = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(test, i, rgb);
    corrupt_picture(how, i, rgb, spoilt);
    return (Tile){ spoilt, CIFAR_SIDE, CIFAR_SIDE, caption, false };
}

static void show_pictures(const Lesson *lesson, Arena *arena, const Cifar *test) {
    Tile some[KINDS + 2], all[KINDS * STRENGTHS];
    some[0] = tile_of(arena, test, 0, (Corrupt){ .strength = 0 }, "as it is");
    some[1] = tile_of(arena, test, 0, (Corrupt){ CORRUPT_NOISE, FULL, 1 }, "noise at 5");
    for (int k = 0; k < KINDS; k++) {
        some[k + 2] = tile_of(arena, test, 0, (Corrupt){ k, MIDDLE, 1 }, corrupt_name(k));
        for (int s = 0; s < STRENGTHS; s++)
            all[k * STRENGTHS + s] = tile_of(arena, test, k, (Corrupt){ k, s, 1 },
                                             arena_print(arena, s ? "%s %d" : "%s: none", corrupt_name(k), s));
    }
    lesson_tiles(lesson, "15-kinds",
                 &(Tiles){ .title = "Eight ways, all at strength 3", .tiles = some, .count = KINDS + 2 });
    plot_tiles(
        "15-strengths",
        &(Tiles){
            .title = "Eight ways, five strengths", .tiles = all, .count = KINDS * STRENGTHS, .columns = STRENGTHS },
        NULL);
}

/* Share of right answers and mean confidence, in %, for each kind (rows) and strength (columns). */
static void measure_all(const Model *model, const Cifar *test, int pictures, Mat right, Mat sure) {
    Progress progress = progress_begin("spoil", KINDS * CORRUPT_STRENGTHS + 1, NULL);
    for (int s = 0, done = 0; s < STRENGTHS; s++)
        for (int k = 0; k < KINDS; k++) {
            if (s == 0 && k > 0) { /* the pictures as they are: once is enough */
                AT(right, k, 0) = AT(right, 0, 0), AT(sure, k, 0) = AT(sure, 0, 0);
                continue;
            }
            Arena arena = { 0 };
            int *truth;
            Cifar spoilt = corrupt_set(&arena, test, pictures, (Corrupt){ k, s, 1 });
            Mat scores = cosines(&arena, model, &spoilt, &truth);
            Calibration c = calibration_measure(scores, truth, model->scale);
            AT(right, k, s) = (num)(100 * c.right), AT(sure, k, s) = (num)(100 * c.confidence);
            arena_free(&arena);
            progress_update(&progress, ++done);
        }
    progress_end(&progress);
}

static void show_accuracy(const Lesson *lesson, Mat right, Mat sure, int pictures) {
    static const char *const strengths[] = { "none", "1", "2", "3", "4", "5" };
    static const num x[] = { 0, 1, 2, 3, 4, 5 };
    const char *names[KINDS];
    Series series[KINDS];
    for (int k = 0; k < KINDS; k++) {
        names[k] = corrupt_name(k);
        series[k] = (Series){ names[k], x, &AT(right, k, 0), STRENGTHS };
    }
    lesson_heat(lesson, NULL,
                &(Heat){ .title = "% of the pictures named rightly",
                         .y = "way",
                         .x = "strength",
                         .m = right,
                         .rows = names,
                         .cols = strengths,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    Rate clean = metrics_wilson((int)lround((double)AT(right, 0, 0) * pictures / 100), pictures);
    printf("%d pictures; the 95 %% interval of the first column is %.1f to %.1f\n", pictures, 100 * clean.low,
           100 * clean.high);
    lesson_lines(lesson, "15-accuracy",
                 &(Lines){ .title = "Accuracy falls",
                           .y = "%",
                           .x = "strength",
                           .series = series,
                           .count = KINDS,
                           .reference_name = "guessing",
                           .reference = 100.0 / CIFAR_CLASSES });
    printf("at strength 5   right  sure of it  too sure by\n");
    for (int k = 0; k < KINDS; k++)
        printf("  %-11s  %5.1f %%     %5.1f %%       %+5.1f\n", names[k], (double)AT(right, k, FULL),
               (double)AT(sure, k, FULL), (double)(AT(sure, k, FULL) - AT(right, k, FULL)));
}

static void print_calibration(const char *when, double scale, Calibration c) {
    printf("  %-23s %7.2f   %5.1f %%  %5.1f %%    %.4f    %.4f\n", when, scale, 100 * c.right, 100 * c.confidence,
           c.ece, c.loss);
}

static void show_reliability(const Lesson *lesson, const Calibration *c) {
    static const num diagonal[] = { 0, 1 };
    static const char *const names[] = { "as trained", "rescaled" };
    num x[2][CALIBRATION_BINS], y[2][CALIBRATION_BINS];
    Series series[3] = { [2] = { "says what it knows", diagonal, diagonal, 2 } };
    for (int k = 0; k < 2; k++) {
        int n = 0;
        for (int m = 0; m < CALIBRATION_BINS; m++)
            if (c[k].bin[m].count >= FEW) {
                x[k][n] = (num)c[k].bin[m].confidence;
                y[k][n++] = (num)c[k].bin[m].right;
            }
        series[k] = (Series){ names[k], x[k], y[k], n };
    }
    lesson_lines(
        lesson, "15-reliability",
        &(Lines){
            .title = "Reliability", .y = "share of right answers", .x = "confidence", .series = series, .count = 3 });
    printf("  as trained: confidence    answers  right   (bins with fewer than %d answers are left out)\n", FEW);
    for (int m = 0; m < CALIBRATION_BINS; m++)
        if (c->bin[m].count >= FEW)
            printf("              %.3f         %7d  %.3f\n", c->bin[m].confidence, c->bin[m].count, c->bin[m].right);
}

/* The scale is fitted on the first half of the pictures and judged on the second. */
static double calibrate(const Lesson *lesson, Arena *arena, const Model *model, const Cifar *test) {
    int *truth, half = test->n / 2;
    Mat scores = cosines(arena, model, test, &truth), fit = scores, judge = scores;
    fit.shape[0] = half;
    judge.shape[0] = test->n - half;
    judge.v = &AT(scores, half, 0);
    double scale = calibration_scale(fit, truth);
    const Calibration c[] = { calibration_measure(judge, truth + half, model->scale),
                              calibration_measure(judge, truth + half, scale) };
    printf("                             scale    right     sure       ECE      loss   (of %d pictures)\n",
           test->n - half);
    print_calibration("as trained", model->scale, c[0]);
    print_calibration("rescaled", scale, c[1]);
    print_calibration("softmax of bare cosines", 1, calibration_measure(judge, truth + half, 1));
    show_reliability(lesson, c);
    return c[0].ece;
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "quick";
    int seed = 1, pictures = 500, learn = 0;
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file of lesson 10; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = RECIPES, .help = "whose model" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 20, .high = 10000,
          .help = "spoilt in each way; four times as many for calibration" },
        { "train-images", .integer = &learn, .low = 0, .high = 50000,
          .help = "if a model must be trained: from so many pictures; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "15",
                      .title = "Robustness and calibration",
                      .shows = "pictures spoilt in eight ways; and does it know when it does not know",
                      .takes = "eight seconds",
                      .next = "make list",
                      .options = options,
                      .seed = &seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, 4 * pictures);
    printf("%s\n", lesson_notice(&test, data));
    LessonModel given = lesson_model(arena, &(LessonModelArgs){ weights, recipe, data, seed, learn }, &test);
    Model model = { &given.clip,
                    zeroshot_classes(&given.clip, arena, (const char *const *)given.templates, given.template_count,
                                     test.names, CIFAR_CLASSES, stdout),
                    exp((double)*given.clip.logit_scale->val.v) };
    pictures = MIN(pictures, test.n);

    lesson_section(&lesson, "1. Eight ways to spoil a picture");
    show_pictures(&lesson, arena, &test);

    lesson_section(&lesson, "2. How soon does it fail?");
    Prediction said = lesson_predict(&lesson, "Which of the eight costs most at strength 3?");
    Mat right = mat_new(arena, KINDS, STRENGTHS), sure = mat_new(arena, KINDS, STRENGTHS);
    measure_all(&model, &test, pictures, right, sure);
    show_accuracy(&lesson, right, sure, pictures);
    int worst = 0;
    for (int k = 1; k < KINDS; k++)
        if (AT(right, k, MIDDLE) < AT(right, worst, MIDDLE)) worst = k;
    lesson_outcome(&lesson, &said, "%s, %.1f %%", corrupt_name(worst), (double)AT(right, worst, MIDDLE));

    lesson_section(&lesson, "3. Does it mean what it says?");
    said = lesson_predict(&lesson, "Confidence and accuracy: by how many %% do they differ, on the whole?");
    lesson_outcome_number(&lesson, &said, 100 * calibrate(&lesson, arena, &model, &test), 1);
    clip_free(&given.clip);
    return lesson_end(&lesson);
}
