/* Lesson 10: a CLIP learns. Two towers that know nothing see pictures with their captions, and nothing else.
 * Before: 02 similarity matrix, 05 hard negatives, 08 encoders, 09 data. */
#include "lesson/lesson_data.h"
#include "lesson/lesson.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "training/train.h"

#include <math.h>
#include <signal.h>
#include <string.h>

enum { EPOCHS_MAX = 1000 };

typedef struct {
    const Lesson *lesson;
    EpochRow rows[EPOCHS_MAX];
    int count;
} History;

static void stop_politely(int signal) {
    (void)signal;
    train_interrupt();
}

static void show_heading(void) {
    printf("epoch   loss  floor  above  img>txt txt>img  scale  positive negative   test   img/s  seconds\n");
}

static void print_row(const EpochRow *r) {
    printf("%5d %6.3f %6.3f %6.3f  %5.1f %%  %5.1f %% %6.1f  %8.3f %8.3f %5.1f %% %7.0f %8.1f\n", r->epoch, r->loss,
           r->floor, r->loss - r->floor, 100 * r->image_to_text, 100 * r->text_to_image, r->logit_scale, r->positive,
           r->negative, 100 * r->test, r->rate, r->seconds);
    if (!isnan(r->test_tta))
        printf("test pictures, each also mirrored and shifted by a pixel: %.2f %% (as they are: %.2f %%)\n",
               100 * r->test_tta, 100 * r->test);
    fflush(stdout);
}

static void show_row(void *context, const EpochRow *r) {
    History *history = context;
    if (history->count < EPOCHS_MAX) history->rows[history->count++] = *r;
    print_row(r);
}

/* What the epochs of this run looked like, as curves. */
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
    const Series shares[] = { { "picture to text", x, y[2], h->count },
                              { "text to picture", x, y[3], h->count },
                              { "test pictures, zero-shot", x, y[4], h->count } };
    lesson_lines(lesson, "10-loss",
                 &(Lines){ .title = "the loss comes down to its floor, not to 0",
                           .x = "epoch",
                           .y = "nats",
                           .series = losses,
                           .count = 2 });
    lesson_lines(
        lesson, "10-accuracy",
        &(Lines){ .title = "how often the nearest is right", .x = "epoch", .y = "%", .series = shares, .count = 3 });
}

/* This run beside the other recipes that were trained here with the same seed: what a minute buys. */
static void show_race(const Lesson *lesson, Arena *arena, const Cifar *pictures, const TrainRun *run) {
    enum { RUNS = FIGURE_SERIES };
    Series series[RUNS];
    int count = 0;
    Err err;
    for (int i = -1; count < RUNS && (i < 0 || recipe_at(i)); i++) { /* this run first */
        const char *name = i < 0 ? run->recipe.name : recipe_at(i)->name;
        if (i >= 0 && !strcmp(name, run->recipe.name)) continue;
        EpochRow *rows = arena_alloc(arena, EPOCHS_MAX, sizeof *rows);
        int n =
            train_log_read(lesson_model_path(arena, name, pictures, (int)run->seed, ".csv"), rows, EPOCHS_MAX, &err);
        if (n < 0) fprintf(stderr, "left out: %s\n", err.text);
        num *x = arena_alloc(arena, (size_t)MAX(1, n), sizeof *x),
            *y = arena_alloc(arena, (size_t)MAX(1, n), sizeof *y);
        for (int e = 0; e < n; e++) {
            x[e] = (num)(rows[e].seconds / 60);
            y[e] = (num)(100 * rows[e].test);
        }
        if (n > 0) series[count++] = (Series){ name, x, y, n };
    }
    if (count > 1)
        lesson_lines(lesson, "10-minutes",
                     &(Lines){ .title = "what a minute buys: test pictures named rightly, plain",
                               .x = "minutes of training",
                               .from_zero = true,
                               .y = "%",
                               .series = series,
                               .count = count });
}

static void show_model(const Recipe *r, const Cifar *train, const Cifar *test) {
    printf("recipe %s: %s\n", r->name, r->summary);
    printf("%d pictures to learn from, %d to be tested on; %d epochs in batches of %d\n", train->n, test->n, r->epochs,
           r->batch);
    printf("pictures through the tower \"%s\", captions such as \"", r->model.image.kind);
    for (const char *c = r->templates[0]; *c; c++)
        if (c[0] == '{' && c[1] == '}') {
            fputs(train->names[3], stdout);
            c++;
        } else putchar(*c);
    printf("\" through \"%s\", both to %d dimensions\n", r->model.text.kind, r->model.image.embed);
    printf(
        "with %d classes, a batch of %d holds about %d pairs with the same caption: no model can get the loss below %.3f\n",
        CIFAR_CLASSES, r->batch, r->batch / CIFAR_CLASSES, clip_loss_floor(r->batch, CIFAR_CLASSES));
}

/* What the command line asks for; 0 means the recipe's own. */
typedef struct {
    const char *recipe, *without, *data, *image, *text;
    int seed, epochs, batch, threads, pictures;
    double lr;
    bool resume, keep, profile;
} Args;

static Recipe wished_recipe(const Args *w, Arena *arena) {
    Recipe r = *recipe_find(w->recipe);
    recipe_towers(&r, arena, w->image, w->text);
    recipe_leave_out(&r, arena, w->without);
    if (w->epochs) r.epochs = w->epochs;
    if (w->batch) r.batch = w->batch;
    for (size_t g = COUNT(r.groups); w->lr > 0 && g-- > 0;) r.groups[g].lr *= w->lr / r.groups[0].lr;
    return r;
}

/* The command that shows lesson 11 on this very model. */
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
        show_race(lesson, arena, run->train, run);
        lesson_outcome_number(lesson, guess, 100 * history->rows[history->count - 1].test, 1);
    } else {
        Err err;
        int done = train_log_read(run->log, history->rows, EPOCHS_MAX, &err);
        if (done < 0) die("%s", err.text);
        for (int i = 0; i < done; i++) print_row(&history->rows[i]);
        printf("all %d epochs were done before: nothing was left to do\n", run->recipe.epochs);
    }
    if (!run->profile) return;
    lesson_section(lesson, "Where the time went");
    profile_print(run->profile, history->count * (run->train->n / run->recipe.batch), stdout);
}

/* With progress, and a row for each epoch; what the run left is shown. */
static void train_and_show(const Lesson *lesson, Arena *arena, TrainRun *run, const Prediction *guess) {
    History *history = arena_zero(arena, 1, sizeof *history);
    run->after_epoch = show_row;
    run->context = history;
    Err err;
    Clip clip;
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    signal(SIGINT, stop_politely);
    signal(SIGTERM, stop_politely);
    show_heading();
    if (!train_run(run, &clip, &err)) die("%s", err.text);
    show_end(lesson, arena, run, history, guess);
    fprintf(stderr, "model: %s\nlog:   %s\n", run->checkpoint, run->log);
    clip_free(&clip);
}

int main(int argc, char **argv) {
    Args w = {
        .recipe = "quick", .without = "nothing", .data = "auto", .image = "recipe", .text = "recipe", .seed = 1
    };
    const Option options[] = {
        { "recipe", .text = &w.recipe, .choices = RECIPES, .help = "whose settings" },
        { "without", .text = &w.without, .choices = RECIPE_WITHOUT,
          .help = "the recipe without one of its ingredients: what is it worth?" },
        { "image", .text = &w.image, .choices = RECIPE_IMAGES, .help = "the tower pictures go through" },
        { "text", .text = &w.text, .choices = RECIPE_TEXTS, .help = "the tower captions go through" },
        { "epochs", .integer = &w.epochs, .low = 0, .high = EPOCHS_MAX,
          .help = "times every picture is seen; 0: the recipe's" },
        { "batch", .integer = &w.batch, .low = 0, .high = 50000,
          .help = "pairs in a batch, 2 or more; 0: the recipe's" },
        { "lr", .real = &w.lr, .low = 0, .high = 100,
          .help = "learning rate of the heads, the others' in proportion; 0: the recipe's" },
        { "threads", .integer = &w.threads, .low = 0, .high = 256, .help = "0: one for each processor" },
        { "resume", .flag = &w.resume, .help = "go on from the last finished epoch of the same run" },
        { "backup-other", .flag = &w.keep,
          .help = "with --resume: a model of another run is kept aside, and this one begins" },
        { "profile", .flag = &w.profile, .help = "also tell where the time went, by operation" },
        { "data", .text = &w.data, .choices = LESSON_DATA, .help = "which pictures" },
        { "pictures", .integer = &w.pictures, .low = 0, .high = 50000, .help = "learn from the first so many; 0: all" },
        { 0 },
    };
    Lesson lesson = { .number = "10",
                      .title = "Training",
                      .shows = "a CLIP that learns from nothing, and what its loss can reach",
                      .takes = "two minutes; --recipe full: a quarter of an hour",
                      .options = options,
                      .seed = &w.seed };
    lesson_begin(&lesson, argc, argv);
    if (w.batch == 1) die_usage("--batch 1: a pair alone has no wrong partner; at least 2");
    if (w.threads) thread_set_count(w.threads);

    Arena *arena = &lesson.memory;
    Cifar train = lesson_pictures(arena, w.data, CIFAR_TRAIN, w.pictures),
          test = lesson_pictures(arena, w.data, CIFAR_TEST, w.pictures);
    TrainRun run = { .recipe = wished_recipe(&w, arena),
                     .seed = (uint64_t)w.seed,
                     .train = &train,
                     .test = &test,
                     .resume = w.resume,
                     .keep_other = w.keep };
    run.checkpoint = lesson_model_path(arena, run.recipe.name, &train, w.seed, ".safetensors");
    run.log = lesson_model_path(arena, run.recipe.name, &train, w.seed, ".csv");
    if (w.profile) run.profile = arena_zero(arena, 1, sizeof *run.profile);
    lesson.next = next_command(&w, arena, run.checkpoint);
    printf("%s\n", lesson_notice(&train, w.data));
    show_model(&run.recipe, &train, &test);
    Prediction guess = lesson_predict(&lesson, "Of 100 test pictures, how many will it name rightly in the end?");
    lesson_section(&lesson, "Epoch by epoch");
    train_and_show(&lesson, arena, &run, &guess);
    return lesson_end(&lesson);
}
