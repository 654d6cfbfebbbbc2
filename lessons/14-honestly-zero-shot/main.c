/* Lesson 14: honestly zero-shot. A model that has never seen a deer or a ship, nor the words, is asked for them through
 * words it has seen with other things; and not for one lucky pair of classes but for all 45. Before: 11 classify. */
#include "lesson/lesson_data.h"
#include "core/arena.h"
#include "core/file.h"
#include "held_out_classes.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 5, PICTURES = 16000, SHOWN = 5 };

/* All pairs that the table lacks, each written as soon as it is known: a run that was stopped goes on. */
static void measure_all(const HoldoutConfig *config, Clip *closed, HoldoutTable *table, const char *path) {
    Err err;
    for (int a = 0; a < CIFAR_CLASSES; a++)
        for (int b = a + 1; b < CIFAR_CLASSES; b++) {
            if (holdout_find(table, a, b)) continue;
            HoldoutRow row = table->row[table->count++] = holdout_measure(config, closed, a, b);
            if (!holdout_write(table, path, &err)) die("%s", err.text);
            fprintf(stderr, "pair %d of %d: %s and %s, %d of %d\n", table->count, HOLDOUT_PAIRS, config->test->names[a],
                    config->test->names[b], row.two, row.pictures);
        }
}

static void print_share(const char *what, int right, int of, double chance) {
    Rate rate = metrics_wilson(right, of);
    printf("  %-44s %5.1f %%  (%.1f to %.1f)   %4.1f %%\n", what, 100 * rate.proportion, 100 * rate.low,
           100 * rate.high, chance);
}

static void print_row(const HoldoutRow *r) {
    printf("  asked of %d pictures of these two               right  95 %% interval    chance\n", r->pictures);
    print_share("never shown, one of the two", r->two, r->pictures, 50);
    print_share("never shown, one of all ten", r->ten, r->pictures, 10);
    print_share("closed world (all ten shown), one of the two", r->closed_two, r->pictures, 50);
    print_share("closed world, one of all ten", r->closed_ten, r->pictures, 10);
}

static int by_two(const void *x, const void *y) {
    const HoldoutRow *p = x, *q = y;
    double d = (double)q->two / q->pictures - (double)p->two / p->pictures;
    return d > 0 ? 1 : d < 0 ? -1 : 10 * (p->a - q->a) + p->b - q->b;
}

/* Every pair twice: above the diagonal a model that never saw the two, below it the one that saw all. */
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
    int below = 0, unclear = 0, lost = 0, kinds[2] = { 0 };
    for (int i = 0; i < t->count; i++) {
        const HoldoutRow *r = &t->row[i];
        const int right[] = { r->two, r->closed_two, r->ten, r->closed_ten };
        Rate rate = metrics_wilson(r->two, r->pictures);
        for (int k = 0; k < 4; k++) sum[k] += 100.0 * right[k] / r->pictures / t->count;
        bool alike = holdout_alike(test, r->a, r->b);
        kinds[alike]++;
        of_kind[alike] += 100 * rate.proportion;
        low = fmin(low, 100 * rate.proportion);
        high = fmax(high, 100 * rate.proportion);
        below += rate.high < 0.5;
        unclear += rate.low <= 0.5 && rate.high >= 0.5;
        lost += r->unseen > 0;
    }
    Bar bars[] = { { .label = "of two, never shown", .value = sum[0], .marked = true },
                   { .label = "of two, all shown", .value = sum[1] },
                   { .label = "of ten, never shown", .value = sum[2], .marked = true },
                   { .label = "of ten, all shown", .value = sum[3] } };
    lesson_bars(lesson, "14-means",
                &(Bars){ .title = "The mean of all pairs (chance: 50 and 10 %)",
                         .unit = " %",
                         .bars = bars,
                         .count = 4,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    printf("%d pairs. Of two, never shown: %.1f to %.1f %%.\n", t->count, low, high);
    const char *kind = test->generated ? "of one colour" : "both animals, or both machines";
    for (int k = 1; k >= 0 && t->count == HOLDOUT_PAIRS; k--)
        printf("  %2d pairs %s: %.1f %%\n", kinds[k], k ? kind : "of different kinds", of_kind[k] / kinds[k]);
    printf("Worse than chance: %d. Not told from chance: %d. With a word that no other class has: %d.\n", below,
           unclear, lost);
}

static void print_ends(const HoldoutConfig *config, HoldoutTable sorted) {
    qsort(sorted.row, (size_t)sorted.count, sizeof *sorted.row, by_two);
    printf("Whoever reports one pair can choose:\n");
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

int main(int argc, char **argv) {
    const char *data = "auto", *path = "";
    int pictures = PICTURES, epochs = EPOCHS;
    bool all = false;
    const Option options[] = {
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = HOLDOUT_BATCH, .high = 50000, .help = "to learn from" },
        { "epochs", .integer = &epochs, .low = 1, .high = 100, .help = "times each is seen" },
        { "all", .flag = &all, .help = "measure all 45 pairs anew, or those the table lacks: some minutes" },
        { "table", .text = &path, .help = "where they are kept; empty: beside this lesson's page" },
        { 0 },
    };
    Lesson lesson = { .number = "14",
                      .title = "Honestly zero-shot",
                      .shows = "classes never shown, asked for in words seen with others",
                      .takes = "five seconds",
                      .next = "make lesson-15",
                      .options = options,
                      .wants = "CLASS CLASS" };
    lesson_begin(&lesson, argc, argv);
    if (lesson.word_count != 0 && lesson.word_count != 2)
        die_usage("%d words; name two classes to hold out, or none", lesson.word_count);
    Arena *arena = &lesson.memory;
    Cifar train = lesson_pictures(arena, data, CIFAR_TRAIN, pictures < PICTURES ? 2 * pictures : 0);
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, 0);
    HoldoutConfig config = { &train, &test, holdout_descriptions(&test), pictures, epochs };
    int a = lesson.word_count ? class_of(&test, lesson.words[0]) : 4,
        b = lesson.word_count ? class_of(&test, lesson.words[1]) : 8;
    if (a == b) die_usage("%s twice; name two different classes", test.names[a]);
    if (!*path)
        path = arena_print(arena, "lessons/14-honestly-zero-shot/%s.csv", test.generated ? "shapes" : "cifar10");
    HoldoutTable table = { .count = 0 };
    Err err;
    if ((!all || file_exists(path)) && !holdout_read(&table, path, &err))
        die("%s%s", err.text, file_exists(path) ? "" : "; --all measures it");
    printf("%s\n", lesson_notice(&test, data));

    lesson_section(&lesson, "1. Ten classes, described in words they share");
    for (int c = 0; c < CIFAR_CLASSES; c++)
        printf("  %-13s \"a photo of a %s\"%s\n", test.names[c], config.description[c],
               c == a || c == b ? "   <- never shown" : "");
    printf("Words of these two that no other class has: %d\n", holdout_unseen(config.description, a, b));

    lesson_section(&lesson, "2. One pair: eight classes shown, two asked for");
    Prediction said = lesson_predict(&lesson, "%s or %s? Of 100 pictures, how many will it name rightly?",
                                     test.names[a], test.names[b]);
    Clip closed;
    holdout_learn(&config, HOLDOUT_NONE, HOLDOUT_NONE, &closed);
    HoldoutRow row = holdout_measure(&config, &closed, MIN(a, b), MAX(a, b));
    print_row(&row);
    lesson_outcome_number(&lesson, &said, 100.0 * row.two / row.pictures, 1);

    lesson_section(&lesson, "3. All 45 pairs");
    if (all) measure_all(&config, &closed, &table, path);
    clip_free(&closed);
    if (table.count < HOLDOUT_PAIRS)
        printf("%s has %d of %d pairs; --all measures the others\n", path, table.count, HOLDOUT_PAIRS);
    show_matrix(&lesson, &config, &table);
    show_means(&lesson, &test, &table);
    print_ends(&config, table);
    return lesson_end(&lesson);
}
