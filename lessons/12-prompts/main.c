/* Lesson 12: prompts. The same model and pictures, other wordings of the classes: which differences are significant?
 * Before: 11 classify. */
#include "lesson/lesson_data.h"
#include "mcnemar.h"
#include "core/arena.h"
#include "lesson/lesson.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <string.h>

enum { C = CIFAR_CLASSES, LIMIT = 40 };

/* One wording: its class vectors and its accuracy. Row 0 is what the others are compared with. */
typedef struct {
    const char *text, *kind;
    Mat classes; /* [C,E] */
    int *said;   /* the answer for each picture */
    Rate rate;
    Discordant discord; /* first: only this wording is right; second: only row 0 is */
    double p;
} Wording;

typedef struct {
    Wording row[LIMIT];
    int count;
} Table;

static void add_row(Table *table, const char *text, const char *kind, Mat classes) {
    if (table->count < LIMIT) table->row[table->count++] = (Wording){ .text = text, .kind = kind, .classes = classes };
}

static void add_template(Table *table, Arena *arena, Clip *clip, const Cifar *test, const char *text,
                         const char *kind) {
    add_row(table, text, kind, zeroshot_classes(clip, arena, &text, 1, test->names, C, stdout));
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
    printf("The means of %d classes' vectors over these wordings are %.4f to %.4f long; 1 if all were the same.\n", C,
           min, max);
}

/* Encodes every picture once and compares it with the vectors of all wordings: each [n, wordings * C]. */
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
                &(Bars){ .title = "accuracy, %, with 95 % intervals (marked: significant)",
                         .values = "accuracy, %",
                         .bars = bars,
                         .count = table->count,
                         .decimals = 2,
                         .low = floor(low - 1),
                         .high = ceil(high) });
}

/* Bonferroni: with n comparisons a difference is significant at p < 0.05 / n. */
static void print_significant(const Table *table, double level) {
    int significant = 0, overlapping = 0;
    for (int w = 1; w < table->count; w++) {
        const Wording *row = &table->row[w], *first = &table->row[0];
        if (row->p >= level) continue;
        significant++;
        overlapping += row->rate.low < first->rate.high && first->rate.low < row->rate.high;
    }
    printf("%d comparisons with the first: one in twenty has p < 0.05 by chance, so significant (*) is p < 0.05 / %d = "
           "%.4f.\n",
           table->count - 1, table->count - 1, level);
    printf("Significant: %d. In %d of these the intervals overlap: intervals alone would not have shown them.\n",
           significant, overlapping);
}

/* The wordings of the training, their two means, others, and the student's. */
static void fill_table(Table *table, Arena *arena, const Lesson *lesson, LessonModel *model, int trained,
                       const Cifar *test) {
    Clip *clip = &model->clip;
    const char *const *templates = (const char *const *)model->templates;
    for (int k = 0; k < trained; k++) add_template(table, arena, clip, test, templates[k], "trained");
    Mat mean = mean_of(arena, table->row, trained);
    print_lengths(mean);
    add_row(table, "ensemble: their mean, length 1 again", "ensemble",
            zeroshot_classes(clip, arena, templates, trained, test->names, C, NULL));
    add_row(table, "their mean as it is", "a mistake", mean);
    add_template(table, arena, clip, test, "{}", "bare word");
    add_template(table, arena, clip, test, "the {}", "new");
    add_template(table, arena, clip, test, "a small bright picture of a {}", "new");
    add_template(table, arena, clip, test, "a drawing of a {}", "unknown word");
    add_template(table, arena, clip, test, arena_print(arena, "a {} at the %s", test->names[8]), "misleading");
    for (int i = 0; i < lesson->word_count; i++) add_template(table, arena, clip, test, lesson->words[i], "yours");
}

int main(int argc, char **argv) {
    const char *weights = "", *data = "auto", *recipe = "templates";
    int seed = 1, pictures = 0, train_images = 0;
    const Option options[] = {
        { "weights", .text = &weights, .help = "a model file; empty: the one of --recipe and --seed" },
        { "recipe", .text = &recipe, .choices = "quick|templates",
          .help = "the model of this recipe, trained first if it is not there" },
        { "data", .text = &data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &pictures, .low = 0, .high = 10000,
          .help = "test pictures, the first so many; 0: all" },
        { "train-images", .integer = &train_images, .low = 0, .high = 50000,
          .help = "a model trained on the first so many pictures; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "12",
                      .title = "Prompts",
                      .shows = "one model, many wordings: which differences are significant",
                      .takes = "five seconds, and two minutes more where the model must be trained first",
                      .next = "make lesson-13",
                      .options = options,
                      .quick = "--data shapes --pictures 500 --train-images 200",
                      .seed = &seed,
                      .wants = "\"YOUR WORDING OF A {}\" ..." };
    lesson_begin(&lesson, argc, argv);
    Err err;
    for (int i = 0; i < lesson.word_count; i++)
        if (!text_template_check(lesson.words[i], &err)) die_usage("%s", err.text);
    Arena *arena = &lesson.memory;
    Cifar test = lesson_pictures(arena, data, CIFAR_TEST, pictures);
    printf("%s\n", lesson_notice(&test, data));
    LessonModel model = lesson_model(arena, &(LessonModelArgs){ weights, recipe, data, seed, train_images }, &test);
    int trained = MIN(model.template_count, LIMIT / 2);
    if (trained == 0) die("%s: the file has no templates of its training", model.path);

    lesson_section(&lesson, "1. The wordings");
    Table *table = arena_zero(arena, 1, sizeof *table);
    fill_table(table, arena, &lesson, &model, trained, &test);

    lesson_section(&lesson, "2. The accuracy of each");
    Prediction said = lesson_predict_number(
        &lesson, 0, 100, "%d wordings from training: how many percent points between best and worst?", trained);
    classify(table, arena, &model.clip, &test);
    double level = 0.05 / (table->count - 1), best = 0, worst = 1;
    print_table(&lesson, arena, table, level);
    for (int k = 0; k < trained; k++) {
        best = MAX(best, table->row[k].rate.proportion);
        worst = MIN(worst, table->row[k].rate.proportion);
    }
    lesson_outcome_number(&lesson, &said, 100 * (best - worst), 2);

    lesson_section(&lesson, "3. Which differences are significant?");
    printf("Best and worst trained wording are %.2f points apart; the interval of each is %.2f points wide.\n",
           100 * (best - worst), 100 * (table->row[0].rate.high - table->row[0].rate.low));
    print_significant(table, level);
    printf("\nYour own wording:  build/lesson-12 \"a nice {}\"\n");
    clip_free(&model.clip);
    return lesson_end(&lesson);
}
