/* Lesson 10: training a CLIP from random weights on pictures and their captions.
 * Before: 02 similarity matrix, 05 hard negatives, 08 encoders, 09 data. */
#include "own_pairs.h"
#include "lesson/lesson_data.h"
#include "core/file.h"
#include "core/arena.h"
#include "lesson/lesson.h"
#include "core/thread.h"
#include "training/train.h"

#include <math.h>
#include <string.h>

enum { EPOCHS_MAX = 1000 };

typedef struct {
    EpochRow rows[EPOCHS_MAX];
    int count;
} History;

static void print_heading(void) {
    printf("epoch   loss  floor  above  img>txt txt>img  scale  positive negative   test   img/s  seconds\n");
}

static void print_row(const EpochRow *r) {
    printf("%5d %6.3f %6.3f %6.3f  %5.1f %%  %5.1f %% %6.1f  %8.3f %8.3f %5.1f %% %7.0f %8.1f\n", r->epoch, r->loss,
           r->floor, r->loss - r->floor, 100 * r->image_to_text, 100 * r->text_to_image, r->logit_scale, r->positive,
           r->negative, 100 * r->test, r->rate, r->seconds);
    if (!isnan(r->test_tta))
        term_say("test pictures, with test-time augmentation: %.2f %% (without: %.2f %%)\n", 100 * r->test_tta,
                 100 * r->test);
    fflush(stdout);
}

static void add_row(void *context, const EpochRow *r) {
    History *history = context;
    if (history->count < EPOCHS_MAX) history->rows[history->count++] = *r;
    print_row(r);
}

/* Loss and accuracy of each epoch of this run. */
static void show_curves(const Lesson *lesson, Arena *arena, const History *h) {
    num *x = arena_alloc(arena, (size_t)h->count, sizeof *x), *y[5];
    for (int k = 0; k < 5; k++) y[k] = arena_alloc(arena, (size_t)h->count, sizeof *x);
    for (int i = 0; i < h->count; i++) {
        const EpochRow *r = &h->rows[i];
        const double values[] = { r->loss, r->floor, 100 * r->image_to_text, 100 * r->text_to_image, 100 * r->test };
        x[i] = (num)r->epoch;
        for (int k = 0; k < 5; k++) y[k][i] = (num)values[k];
    }
    const Series losses[] = { { "CLIP loss", x, y[0], h->count }, { "floor of these batches", x, y[1], h->count } };
    const Series accuracies[] = { { "picture to text", x, y[2], h->count },
                                  { "text to picture", x, y[3], h->count },
                                  { "test pictures", x, y[4], h->count } };
    Lines loss = { .title = "the loss comes down to its floor, not to 0", .x = "epoch", .y = "loss, nats" };
    Lines accuracy = { .title = "how often the nearest is right", .x = "epoch", .y = "accuracy, %" };
    loss.series = losses;
    loss.count = COUNT(losses);
    accuracy.series = accuracies;
    accuracy.count = COUNT(accuracies);
    lesson_lines(lesson, "10-loss", &loss);
    lesson_lines(lesson, "10-accuracy", &accuracy);
}

/* Accuracy over the minutes of training; no points where there is no log, or no log that can be read. */
static Series minutes(Arena *arena, const char *name, const Cifar *pictures, const TrainRun *run) {
    EpochRow *rows = arena_alloc(arena, EPOCHS_MAX, sizeof *rows);
    Err err;
    int n = train_log_read(lesson_model_path(arena, name, pictures, (int)run->seed, ".csv"), rows, EPOCHS_MAX, &err);
    if (n < 0) fprintf(stderr, "left out: %s\n", err.text);
    num *x = arena_alloc(arena, (size_t)MAX(1, n), sizeof *x), *y = arena_alloc(arena, (size_t)MAX(1, n), sizeof *y);
    for (int e = 0; e < n; e++) {
        x[e] = (num)(rows[e].seconds / 60);
        y[e] = (num)(100 * rows[e].test);
    }
    return (Series){ name, x, y, n };
}

/* This run beside the other recipes that were trained here with the same seed. */
static void show_recipes(const Lesson *lesson, Arena *arena, const Cifar *pictures, const TrainRun *run) {
    Series series[FIGURE_SERIES] = { minutes(arena, run->recipe.name, pictures, run) };
    int count = series[0].count > 0;
    for (int i = 0; count < FIGURE_SERIES && recipe_at(i); i++) {
        if (!strcmp(recipe_at(i)->name, run->recipe.name)) continue;
        series[count] = minutes(arena, recipe_at(i)->name, pictures, run);
        count += series[count].count > 0;
    }
    if (count > 1)
        lesson_lines(lesson, "10-minutes",
                     &(Lines){ .title = "accuracy on the test pictures, without test-time augmentation",
                               .x = "minutes of training",
                               .from_zero = true,
                               .y = "accuracy, %",
                               .series = series,
                               .count = count });
}

static void print_model(Arena *arena, const Recipe *r, const Cifar *train, const Cifar *test) {
    printf("recipe %s: %s\n", r->name, r->summary);
    term_say("%d training pictures, %d test pictures; %d epochs in batches of %d\n", train->n, test->n, r->epochs,
             r->batch);
    printf("pictures through the tower \"%s\", captions such as \"", r->model.image.kind);
    term_say("%s\" through \"%s\", both to %d dimensions\n", text_fill(arena, r->templates[0], train->names[3]),
             r->model.text.kind, r->model.image.embed);
    term_say(
        "with %d classes, a batch of %d holds about %d pairs with the same caption: no model can get the loss below "
        "%.3f\n",
        CIFAR_CLASSES, r->batch, r->batch / CIFAR_CLASSES, clip_loss_floor(r->batch, CIFAR_CLASSES));
    const char *image = r->model.image.kind;
    if (!r->micro_batch) return;
    term_say("%d pairs in memory at a time; gradient caching gives the gradient of all %d\n", r->micro_batch, r->batch);
    if (strcmp(image, "small") && strcmp(image, "vit"))
        term_say("the tower \"%s\" has batch norm: its means and variances are those of %d pictures, not of %d\n",
                 image, r->micro_batch, r->batch);
}

/* What the command line asks for; 0 means the recipe's own. */
typedef struct {
    const char *recipe, *without, *data, *image, *text;
    int seed, epochs, batch, micro_batch, threads, pictures;
    double lr;
    bool resume, keep_other, profile;
    OwnPairs own;
} Args;

static Recipe recipe_of(const Args *w, Arena *arena) {
    Recipe r = *recipe_find(w->recipe);
    Err err;
    recipe_towers(&r, arena, w->image, w->text);
    if (!recipe_leave_out(&r, arena, w->without, &err)) die_usage("--without %s: %s", w->without, err.text);
    if (w->epochs) r.epochs = w->epochs;
    if (w->batch) r.batch = w->batch;
    r.micro_batch = w->micro_batch;
    if (r.micro_batch > r.batch)
        die_usage("--micro-batch %d: more than the batch of %d; want at most that", r.micro_batch, r.batch);
    for (size_t g = COUNT(r.groups); w->lr > 0 && g-- > 0;) r.groups[g].lr *= w->lr / r.groups[0].lr;
    return r;
}

/* The command that runs lesson 11 on this model. */
static const char *next_command(const Args *w, Arena *arena, const char *model) {
    if (strcmp(w->without, "nothing")) return arena_print(arena, "make lesson-11 ARGS=\"--weights %s\"", model);
    char *args = arena_print(arena, "--recipe %s", w->recipe);
    if (strcmp(w->image, "recipe")) args = arena_print(arena, "%s --image %s", args, w->image);
    if (strcmp(w->text, "recipe")) args = arena_print(arena, "%s --text %s", args, w->text);
    if (w->seed != 1) args = arena_print(arena, "%s --seed %d", args, w->seed);
    return arena_print(arena, "make lesson-11 ARGS=\"%s\"", args);
}

static void show_end(const Lesson *lesson, Arena *arena, const TrainRun *run, History *history,
                     const Prediction *guess) {
    if (history->count) {
        show_curves(lesson, arena, history);
        show_recipes(lesson, arena, run->train, run);
        lesson_outcome_number(lesson, guess, 100 * history->rows[history->count - 1].test, 1);
    } else { /* a resumed run that had finished */
        Err err;
        int done = train_log_read(run->log, history->rows, EPOCHS_MAX, &err);
        if (done < 0) die("%s", err.text);
        for (int i = 0; i < done; i++) print_row(&history->rows[i]);
        term_say("all %d epochs were done before: nothing was left to do\n", run->recipe.epochs);
    }
    if (!run->profile) return;
    lesson_section(lesson, "Time of each operation");
    profile_print(run->profile, history->count * (run->train->n / run->recipe.batch), stdout);
}

static void train_and_show(const Lesson *lesson, Arena *arena, TrainRun *run, const Prediction *guess) {
    History *history = arena_zero(arena, 1, sizeof *history);
    Err err;
    Clip clip;
    run->after_epoch = add_row;
    run->context = history;
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    print_heading();
    if (!lesson_train(run, &clip, &err)) die("%s", err.text);
    show_end(lesson, arena, run, history, guess);
    fprintf(stderr, "model: %s\nlog:   %s\n", run->checkpoint, run->log);
    clip_free(&clip);
}

/* The options that own pairs share with CIFAR-10. */
static void train_own(Lesson *lesson, Args *w) {
    OwnPairs *own = &w->own;
    own->image = w->image;
    own->text = w->text;
    own->seed = w->seed;
    own->epochs = w->epochs;
    own->batch = w->batch;
    own->micro_batch = w->micro_batch;
    own->lr = w->lr;
    own->resume = w->resume;
    own->backup_other = w->keep_other;
    if (strcmp(w->recipe, "quick") || strcmp(w->without, "nothing") || w->profile || w->pictures)
        die_usage("--pairs does not go with --quick, --recipe, --without, --profile and --pictures; sizes have options "
                  "of their own");
    own_pairs_run(lesson, own);
}

static void train_cifar(Lesson *lesson, const Args *w) {
    Arena *arena = &lesson->memory;
    Cifar train = lesson_pictures(arena, w->data, CIFAR_TRAIN, w->pictures),
          test = lesson_pictures(arena, w->data, CIFAR_TEST, w->pictures);
    TrainRun run = { .recipe = recipe_of(w, arena),
                     .seed = (uint64_t)w->seed,
                     .train = &train,
                     .test = &test,
                     .resume = w->resume,
                     .keep_other = w->keep_other };
    run.checkpoint = lesson_model_path(arena, run.recipe.name, &train, w->seed, ".safetensors");
    run.log = lesson_model_path(arena, run.recipe.name, &train, w->seed, ".csv");
    if (w->profile) run.profile = arena_zero(arena, 1, sizeof *run.profile);
    lesson->next = next_command(w, arena, run.checkpoint);
    printf("%s\n", lesson_notice(&train, w->data));
    print_model(arena, &run.recipe, &train, &test);
    Prediction guess =
        lesson_predict_number(lesson, 0, 100, "Of 100 test pictures, how many will it classify correctly in the end?");
    lesson_section(lesson, "Epoch by epoch");
    train_and_show(lesson, arena, &run, &guess);
}

int main(int argc, char **argv) {
    Args w = { .recipe = "quick",
               .without = "nothing",
               .data = "auto",
               .image = "recipe",
               .text = "recipe",
               .seed = 1,
               .own = OWN_PAIRS_DEFAULTS };
    const Option options[] = {
        { "recipe", .text = &w.recipe, .choices = RECIPES, .help = "the settings" },
        { "without", .text = &w.without, .choices = RECIPE_WITHOUT,
          .help = "the recipe without one of its ingredients" },
        { "image", .text = &w.image, .choices = RECIPE_IMAGES, .help = "image tower" },
        { "text", .text = &w.text, .choices = RECIPE_TEXTS, .help = "text tower" },
        { "epochs", .integer = &w.epochs, .low = 0, .high = EPOCHS_MAX,
          .help = "passes over the pictures; 0: the recipe's" },
        { "batch", .integer = &w.batch, .low = 0, .high = 50000,
          .help = "pairs in a batch, 2 or more; 0: the recipe's" },
        { "micro-batch", .integer = &w.micro_batch, .low = 0, .high = 50000,
          .help = "pairs in memory at a time, with the gradient of the whole batch; 0: all" },
        { "lr", .real = &w.lr, .low = 0, .high = 100,
          .help = "learning rate of the linear layers, the others in proportion; 0: the recipe's" },
        { "threads", .integer = &w.threads, .low = 0, .high = 256, .help = "0: one for each processor" },
        { "resume", .flag = &w.resume, .help = "continue from the last finished epoch of the same run" },
        { "backup-other", .flag = &w.keep_other,
          .help = "with --resume: rename a model of another run and start anew" },
        { "profile", .flag = &w.profile, .help = "also print the time of each operation" },
        { "data", .text = &w.data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &w.pictures, .low = 0, .high = 50000,
          .help = "training and test pictures, the first so many; 0: all" },
        OWN_PAIRS_OPTIONS(w.own),
        { 0 },
    };
    Lesson lesson = { .number = "10",
                      .title = "Training",
                      .shows = "a CLIP trained from random weights, and the least its loss can be",
                      .takes = "two minutes; --recipe full: 15 to 25 minutes",
                      .options = options,
                      .quick = "--data shapes --pictures 500 --recipe tiny --epochs 2",
                      .seed = &w.seed };
    lesson_begin(&lesson, argc, argv);
    if (w.batch == 1) die_usage("--batch 1: a single pair has no negatives; want 2 or more");
    if (w.threads) thread_set_count(w.threads);

    if (*w.own.pairs.table) {
        train_own(&lesson, &w);
        return lesson_end(&lesson);
    }
    if (*w.own.weights && *w.own.export) {
        own_pairs_export(&lesson, &w.own);
        return lesson_end(&lesson);
    }
    if (*w.own.export || *w.own.weights)
        die_usage("--export: want a model of own pairs; give their table with --pairs, or the model with --weights");
    train_cifar(&lesson, &w);
    return lesson_end(&lesson);
}
