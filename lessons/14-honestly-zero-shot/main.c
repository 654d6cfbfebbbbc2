/* Lesson 14: zero-shot classification of classes that were held out of the training, for all 45 pairs of classes.
 * Before: 11 classify. */
#include "lesson/lesson_data.h"
#include "core/arena.h"
#include "core/file.h"
#include "held_out_classes.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 5, PICTURES = 16000, SHOWN = 5, GAMMAS = HOLDOUT_GAMMAS };

/* Measures the pairs that the table lacks and writes the table after each: a run that was stopped continues. */
static void measure_all(const HoldoutConfig *config, Clip *closed, HoldoutTable *table, const char *path) {
    Err err;
    for (int i = 0; i < CIFAR_CLASSES * CIFAR_CLASSES; i++) {
        int a = i / CIFAR_CLASSES, b = i % CIFAR_CLASSES;
        if (a >= b || holdout_find(table, a, b)) continue;
        HoldoutRow row = holdout_measure(config, closed, a, b);
        table->row[table->count++] = row;
        if (!holdout_write(table, path, &err)) die("%s", err.text);
        fprintf(stderr, "pair %d of %d: %s and %s, %d of %d\n", table->count, HOLDOUT_PAIRS, config->test->names[a],
                config->test->names[b], row.two, row.pictures);
    }
}

static void print_rate(const char *what, int right, int of, double chance) {
    Rate rate = metrics_wilson(right, of);
    printf("  %-44s %5.1f %%  (%.1f to %.1f)   %4.1f %%\n", what, 100 * rate.proportion, 100 * rate.low,
           100 * rate.high, chance);
}

static void print_row(const HoldoutRow *r) {
    printf("  asked of %d pictures of these two               right  95 %% interval    chance\n", r->pictures);
    print_rate("never shown, one of the two", r->two, r->pictures, 50);
    print_rate("never shown, one of all ten", r->held[0], r->pictures, 10);
    print_rate("closed world (all ten shown), one of the two", r->closed_two, r->pictures, 50);
    print_rate("closed world, one of all ten", r->closed_ten, r->pictures, 10);
    term_say("  asked of %d pictures of the eight others\n", r->others);
    print_rate("shown, one of all ten", r->seen[0], r->others, 10);
    HoldoutAccuracy accuracy = holdout_accuracy(r, 0);
    term_say("harmonic mean of the two accuracies among all ten, never shown and shown: %.1f %%\n", accuracy.harmonic);
}

static int by_two(const void *x, const void *y) {
    const HoldoutRow *p = x, *q = y;
    double d = (double)q->two / q->pictures - (double)p->two / p->pictures;
    return d > 0 ? 1 : d < 0 ? -1 : 10 * (p->a - q->a) + p->b - q->b;
}

/* Every pair twice: above the diagonal a model trained without the two, below it the one trained on all. */
static void show_matrix(Lesson *lesson, const HoldoutConfig *config, const HoldoutTable *table) {
    Mat m = mat_new(&lesson->memory, CIFAR_CLASSES, CIFAR_CLASSES);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = 50;
    for (int i = 0; i < table->count; i++) {
        const HoldoutRow *r = &table->row[i];
        AT(m, r->a, r->b) = (num)(100.0 * r->two / r->pictures);
        AT(m, r->b, r->a) = (num)(100.0 * r->closed_two / r->pictures);
    }
    lesson_heat(lesson, "14-pairs",
                &(Heat){ .title = "Which of the two? % right. Above the diagonal: never shown; below: shown",
                         .values = "% right",
                         .y = "class",
                         .x = "class",
                         .m = m,
                         .rows = config->test->names,
                         .cols = config->test->names,
                         .low = 0,
                         .high = 100 });
}

static void show_means(const Lesson *lesson, const Cifar *test, const HoldoutTable *t) {
    double sum[4] = { 0 }, of_kind[2] = { 0 }, low = 100, high = 0;
    int below = 0, unclear = 0, unseen = 0, kinds[2] = { 0 };
    for (int i = 0; i < t->count; i++) {
        const HoldoutRow *r = &t->row[i];
        const int correct[] = { r->two, r->closed_two, r->held[0], r->closed_ten };
        Rate rate = metrics_wilson(r->two, r->pictures);
        for (int k = 0; k < 4; k++) sum[k] += 100.0 * correct[k] / r->pictures / t->count;
        bool alike = holdout_alike(test, r->a, r->b);
        kinds[alike]++;
        of_kind[alike] += 100 * rate.proportion;
        low = fmin(low, 100 * rate.proportion);
        high = fmax(high, 100 * rate.proportion);
        below += rate.high < 0.5;
        unclear += rate.low <= 0.5 && rate.high >= 0.5;
        unseen += r->unseen > 0;
    }
    Bar bars[] = { { .label = "of two, never shown", .value = sum[0], .marked = true },
                   { .label = "of two, all shown", .value = sum[1] },
                   { .label = "of ten, never shown", .value = sum[2], .marked = true },
                   { .label = "of ten, all shown", .value = sum[3] } };
    lesson_bars(lesson, "14-means",
                &(Bars){ .title = "The mean of all pairs (chance: 50 and 10 %)",
                         .values = "right answers",
                         .unit = " %",
                         .bars = bars,
                         .count = 4,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    term_say("%d pairs. Of two, never shown: %.1f to %.1f %%.\n", t->count, low, high);
    const char *kind = test->generated ? "of one colour" : "both animals, or both machines";
    for (int k = 1; k >= 0 && t->count == HOLDOUT_PAIRS; k--)
        printf("  %2d pairs %s: %.1f %%\n", kinds[k], k ? kind : "of different kinds", of_kind[k] / kinds[k]);
    term_say(
        "Below chance: %d. Not significantly different from chance: %d. With a word that no other class has: %d.\n",
        below, unclear, unseen);
}

static void add_accuracy(HoldoutAccuracy *mean, HoldoutAccuracy one, int count) {
    mean->held += one.held / count;
    mean->seen += one.seen / count;
    mean->harmonic += one.harmonic / count;
}

/* Means of all pairs for each gamma; and with the gamma of each pair chosen on the pairs without its classes. */
static void show_stacking(const Lesson *lesson, const HoldoutTable *t) {
    num x[GAMMAS], y[3][GAMMAS];
    HoldoutAccuracy chosen = { 0 };
    printf("  gamma   never shown    shown   harmonic mean   (%% of all ten, mean of %d pairs)\n", t->count);
    for (int k = 0; k < GAMMAS; k++) {
        HoldoutAccuracy mean = { 0 };
        for (int i = 0; i < t->count; i++) add_accuracy(&mean, holdout_accuracy(&t->row[i], k), t->count);
        printf("   %.2f     %8.1f   %6.1f        %8.1f\n", holdout_gamma(k), mean.held, mean.seen, mean.harmonic);
        x[k] = (num)holdout_gamma(k);
        y[0][k] = (num)mean.held;
        y[1][k] = (num)mean.seen;
        y[2][k] = (num)mean.harmonic;
    }
    for (int i = 0; i < t->count; i++) {
        const HoldoutRow *r = &t->row[i];
        add_accuracy(&chosen, holdout_accuracy(r, holdout_choose(t, r->a, r->b)), t->count);
    }
    printf("  chosen   %8.1f   %6.1f        %8.1f   (on the pairs without the two classes)\n", chosen.held, chosen.seen,
           chosen.harmonic);
    const Series series[] = { { "never shown", x, y[0], GAMMAS },
                              { "shown", x, y[1], GAMMAS },
                              { "harmonic mean", x, y[2], GAMMAS } };
    lesson_lines(lesson, "14-stacking",
                 &(Lines){ .title = "gamma subtracted from the cosines of the classes shown",
                           .y = "% right of all ten",
                           .x = "gamma",
                           .series = series,
                           .count = COUNT(series) });
}

static void print_ends(const HoldoutConfig *config, HoldoutTable sorted) {
    qsort(sorted.row, (size_t)sorted.count, sizeof *sorted.row, by_two);
    term_say("The five best and the five worst pairs:\n");
    for (int i = 0; i < sorted.count; i++) {
        const HoldoutRow *r = &sorted.row[i];
        Rate rate = metrics_wilson(r->two, r->pictures);
        if (i >= SHOWN && i < sorted.count - SHOWN) continue;
        printf("  %2d  %-13s %-13s %5.1f %%  (%.1f to %.1f), all shown %5.1f %%\n", i + 1, config->test->names[r->a],
               config->test->names[r->b], 100 * rate.proportion, 100 * rate.low, 100 * rate.high,
               100.0 * r->closed_two / r->pictures);
    }
}

static int class_of(const Cifar *set, const char *name) {
    for (int c = 0; c < CIFAR_CLASSES; c++)
        if (!strcmp(set->names[c], name)) return c;
    fprintf(stderr, "the classes are:");
    for (int c = 0; c < CIFAR_CLASSES; c++) fprintf(stderr, "%s %s", c ? "," : "", set->names[c]);
    putc('\n', stderr);
    die_usage("there is no class \"%s\" among these", name);
}

static const char *data = "auto", *path = "";
static int pictures = PICTURES, epochs = EPOCHS;
static bool all;
static const Option options[] = {
    { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
    { "pictures", .integer = &pictures, .low = HOLDOUT_BATCH, .high = 50000, .help = "of the training" },
    { "epochs", .integer = &epochs, .low = 1, .high = 100, .help = "of the training" },
    { "all", .flag = &all, .help = "measure the pairs that the table lacks: some minutes" },
    { "table", .text = &path, .help = "the file of the table; empty: beside this lesson's page" },
    { 0 },
};

static void one_pair(Lesson *lesson, const HoldoutConfig *config, Clip *closed, int a, int b) {
    const char *const *names = config->test->names;
    lesson_section(lesson, "1. Ten classes, described in words they share");
    for (int c = 0; c < CIFAR_CLASSES; c++)
        printf("  %-13s \"a photo of a %s\"%s\n", names[c], config->description[c],
               c == a || c == b ? "   <- never shown" : "");
    term_say("Words of these two that no other class has: %d\n", holdout_unseen(config->description, a, b));

    lesson_section(lesson, "2. One pair: eight classes shown, two asked for");
    Prediction said = lesson_predict_number(
        lesson, 0, 100, "%s or %s? Of 100 pictures, how many will it classify correctly?", names[a], names[b]);
    fprintf(stderr, "Two small models, with and without these classes, are trained or loaded; they are kept in %s.\n",
            models_folder());
    holdout_train(config, HOLDOUT_NONE, HOLDOUT_NONE, closed);
    HoldoutRow row = holdout_measure(config, closed, MIN(a, b), MAX(a, b));
    print_row(&row);
    lesson_outcome_number(lesson, &said, 100.0 * row.two / row.pictures, 1);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "14",
                      .title = "Honestly zero-shot",
                      .shows = "classes never shown, asked for in words seen with others",
                      .takes = "eight seconds, two when run again",
                      .next = "make lesson-15",
                      .options = options,
                      .quick = "--data shapes --pictures 1000 --epochs 1",
                      .wants = "CLASS CLASS" };
    lesson_begin(&lesson, argc, argv);
    if (lesson.word_count != 0 && lesson.word_count != 2)
        die_usage("%d words; name two classes to hold out, or none", lesson.word_count);
    Arena *arena = &lesson.memory;
    Cifar train = lesson_pictures(arena, data, CIFAR_TRAIN, pictures < PICTURES ? 2 * pictures : 0);
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, 0);
    HoldoutConfig config = { &train, &test, holdout_descriptions(&test), pictures, epochs, true };
    int a = lesson.word_count ? class_of(&test, lesson.words[0]) : 4;
    int b = lesson.word_count ? class_of(&test, lesson.words[1]) : 8;
    if (a == b) die_usage("%s twice; name two different classes", test.names[a]);
    if (!*path)
        path = arena_print(arena, "lessons/14-honestly-zero-shot/%s.csv", test.generated ? "shapes" : "cifar10");
    HoldoutTable table = { .count = 0 };
    Err err;
    if ((!all || file_exists(path)) && !holdout_read(&table, path, &err))
        die("%s%s", err.text, file_exists(path) ? "" : "; --all measures it");
    printf("%s\n", lesson_notice(&test, data));
    Clip closed;
    one_pair(&lesson, &config, &closed, a, b);

    lesson_section(&lesson, "3. All 45 pairs");
    config.keep = false; /* 45 models are too many to keep */
    if (all) measure_all(&config, &closed, &table, path);
    clip_free(&closed);
    if (table.count < HOLDOUT_PAIRS)
        term_say("%s has %d of %d pairs; --all measures the others\n", path, table.count, HOLDOUT_PAIRS);
    show_matrix(&lesson, &config, &table);
    show_means(&lesson, &test, &table);
    print_ends(&config, table);
    lesson_section(&lesson, "4. Calibrated stacking");
    show_stacking(&lesson, &table);
    return lesson_end(&lesson);
}
