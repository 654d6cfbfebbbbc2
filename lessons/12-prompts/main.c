/* Lesson 12: prompts. The same model, the same pictures, the classes worded in other ways: what changes, and what only
 * seems to? Before: 11 classify. See README.md. */
#include "mcnemar.h"
#include "lesson/lesson_data.h"
#include "core/arena.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <string.h>

enum { C = CIFAR_CLASSES, LIMIT = 40 };

/* A way to make a class into a vector, and how it did. Row 0 is what the others are compared with. */
typedef struct {
    const char *text, *kind;
    Mat classes; /* [C,E] */
    int *said;   /* for each picture */
    Rate rate;
    Discordant discord; /* first: only this wording is right; second: only row 0 is */
    double p;
} Wording;

typedef struct {
    Wording row[LIMIT];
    int count;
} Table;

static void add(Table *table, const char *text, const char *kind, Mat classes) {
    if (table->count < LIMIT) table->row[table->count++] = (Wording){ .text = text, .kind = kind, .classes = classes };
}

static void add_template(Table *table, Arena *arena, Clip *clip, const Cifar *test, const char *text,
                         const char *kind) {
    add(table, text, kind, zeroshot_classes(clip, arena, &text, 1, test->names, C, stdout));
}

/* The mean of unit vectors as it comes out, shorter than 1 where they disagree. */
static Mat mean_of(Arena *arena, const Wording *row, int n) {
    Mat mean = mat_zero(arena, C, row->classes.shape[1]);
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < mat_count(mean); i++) mean.v[i] += row[k].classes.v[i] / (num)n;
    return mean;
}

static void print_lengths(Mat mean) {
    double least = INFINITY, max = 0, length;
    for (int c = 0; c < C; c++) {
        length = vec_norm(&AT(mean, c, 0), mean.shape[1]);
        least = MIN(least, length);
        max = MAX(max, length);
    }
    printf("The means of %d classes' vectors over these wordings are %.4f to %.4f long; 1 if all were the same.\n", C,
           least, max);
}

/* Every picture is encoded once and compared with the vectors of all wordings. */
static void classify(Table *table, Arena *arena, Clip *clip, const Cifar *test) {
    int E = clip->config.image.embed, n = test->n, *truth = arena_alloc(arena, (size_t)n, sizeof *truth);
    Mat all = mat_new(arena, table->count * C, E), scores = mat_new(arena, n, C);
    Err err;
    for (int w = 0; w < table->count; w++)
        memcpy(&AT(all, w * C, 0), table->row[w].classes.v, (size_t)(C * E) * sizeof(num));
    Mat each = zeroshot_scores(clip, arena, all, test, (ZeroshotRange){ .n = n, .batch = 500 });
    for (int i = 0; i < n; i++) truth[i] = test->labels[i];
    for (int w = 0; w < table->count; w++) {
        Wording *row = &table->row[w];
        for (int i = 0; i < n; i++) memcpy(&AT(scores, i, 0), &AT(each, i, w * C), C * sizeof(num));
        row->said = arena_alloc(arena, (size_t)n, sizeof *row->said);
        if (!metrics_argmax(scores, row->said, &err)) die("%s", err.text);
        row->rate = confusion_overall(metrics_confusion(arena, truth, row->said, n, C));
        row->discord = discordant_pairs(truth, row->said, table->row[0].said, n);
        row->p = mcnemar(row->discord.first, row->discord.second);
    }
}

static void print_table(const Lesson *lesson, Arena *arena, const Table *table, double level) {
    Bar *bars = arena_zero(arena, (size_t)table->count, sizeof *bars);
    double low = 100, high = 0;
    printf("  %-38s %-13s  right   95 %% interval   only it : only 1st       p\n", "wording", "");
    for (int w = 0; w < table->count; w++) {
        const Wording *row = &table->row[w];
        const Rate *r = &row->rate;
        printf("  %-38s %-13s %6.2f   %5.2f to %5.2f", row->text, row->kind, 100 * r->proportion, 100 * r->low,
               100 * r->high);
        if (w > 0)
            printf("    %5d : %-5d %13.2g%s", row->discord.first, row->discord.second, row->p,
                   row->p < level ? " *" : "");
        putchar('\n');
        bars[w] = (Bar){ row->text, 100 * r->proportion, 100 * r->low, 100 * r->high, w > 0 && row->p < level };
        low = MIN(low, bars[w].low);
        high = MAX(high, bars[w].high);
    }
    lesson_bars(lesson, "12-wordings",
                &(Bars){ .title = "right answers, %, with 95 % intervals (marked: more than noise)",
                         .bars = bars,
                         .count = table->count,
                         .decimals = 2,
                         .low = floor(low - 1),
                         .high = ceil(high) });
}

static void print_verdict(const Table *table, double level) {
    int beyond = 0, overlapping = 0;
    for (int w = 1; w < table->count; w++) {
        const Wording *row = &table->row[w], *first = &table->row[0];
        if (row->p >= level) continue;
        beyond++;
        overlapping += row->rate.low < first->rate.high && first->rate.low < row->rate.high;
    }
    printf(
        "%d comparisons with the first: one in twenty would have p < 0.05 by luck, so p < 0.05 / %d = %.4f is asked for (*).\n",
        table->count - 1, table->count - 1, level);
    printf(
        "Beyond noise: %d. Of these the intervals overlap in %d: looking at intervals alone would have missed them.\n",
        beyond, overlapping);
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "templates";
    int seed = 1, pictures = 0, learn = 0;
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "quick|templates",
          .help = "whose model; it is trained if it is not there yet" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000,
          .help = "test pictures, the first so many; 0: all" },
        { "train-images", .integer = &learn, .low = 0, .high = 50000,
          .help = "a model that learns from the first so many; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "12",
                      .title = "Prompts",
                      .shows = "one model, many wordings: what is noise, and what is not",
                      .takes = "five seconds, and two minutes more where the model must be trained first",
                      .next = "make lesson-13",
                      .options = options,
                      .seed = &seed,
                      .wants = "\"YOUR WORDING OF A {}\" ..." };
    lesson_begin(&lesson, argc, argv);
    Err err;
    for (int i = 0; i < lesson.word_count; i++)
        if (!text_template_check(lesson.words[i], &err)) die_usage("%s", err.text);
    Arena *arena = &lesson.memory;
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, pictures);
    printf("%s\n", lesson_notice(&test, data));
    LessonModel model = lesson_model(arena, &(LessonModelArgs){ weights, recipe, data, seed, learn }, &test);
    int trained = MIN(model.template_count, LIMIT / 2);
    if (trained == 0) die("%s: the file does not say with which wordings it was trained", model.path);

    lesson_section(&lesson, "1. The wordings");
    Table *table = arena_zero(arena, 1, sizeof *table);
    Clip *clip = &model.clip;
    for (int k = 0; k < trained; k++) add_template(table, arena, clip, &test, model.templates[k], "trained");
    Mat mean = mean_of(arena, table->row, trained);
    print_lengths(mean);
    add(table, "ensemble: their mean, length 1 again", "ensemble",
        zeroshot_classes(clip, arena, (const char *const *)model.templates, trained, test.names, C, NULL));
    add(table, "their mean as it is", "a mistake", mean);
    add_template(table, arena, clip, &test, "{}", "bare word");
    add_template(table, arena, clip, &test, "the {}", "new");
    add_template(table, arena, clip, &test, "a small bright picture of a {}", "new");
    add_template(table, arena, clip, &test, "a drawing of a {}", "unknown word");
    add_template(table, arena, clip, &test, arena_print(arena, "a {} at the %s", test.names[8]), "misleading");
    for (int i = 0; i < lesson.word_count; i++) add_template(table, arena, clip, &test, lesson.words[i], "yours");

    lesson_section(&lesson, "2. How often each is right");
    Prediction said =
        lesson_predict(&lesson, "%d wordings from training: how many percent points between best and worst?", trained);
    classify(table, arena, clip, &test);
    double level = 0.05 / (table->count - 1), best = 0, worst = 1;
    print_table(&lesson, arena, table, level);
    for (int k = 0; k < trained; k++) {
        best = MAX(best, table->row[k].rate.proportion);
        worst = MIN(worst, table->row[k].rate.proportion);
    }
    lesson_outcome_number(&lesson, &said, 100 * (best - worst), 2);

    lesson_section(&lesson, "3. What is noise, and what is not");
    printf("Best and worst trained wording are %.2f points apart; the interval of each is %.2f points wide.\n",
           100 * (best - worst), 100 * (table->row[0].rate.high - table->row[0].rate.low));
    print_verdict(table, level);
    printf("\nYour own wording:  build/lesson-12 \"a nice {}\"\n");
    clip_free(clip);
    return lesson_end(&lesson);
}
