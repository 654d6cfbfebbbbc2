#include "lesson/lesson_data.h"
#include "core/file.h"
#include "formats/safetensors.h"
#include "show/progress.h"

#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

Cifar lesson_pictures(Arena *arena, const char *data, CifarPart part, int pictures) {
    Cifar set;
    Err err;
    if (!strcmp(data, "shapes")) {
        int n = pictures ? pictures : part == CIFAR_TRAIN ? 50000 : 10000;
        int tens = (n + CIFAR_CLASSES - 1) / CIFAR_CLASSES; /* of each class as many */
        cifar_generate(arena, part, tens * CIFAR_CLASSES, &set);
    } else {
        if (!cifar_open(arena, part, &set, &err) || (set.folder && !cifar_verify(set.folder, cifar_files, true, &err)))
            die("%s", err.text);
        if (set.generated && !strcmp(data, "cifar")) die("CIFAR-10 is not there; `make data` fetches it");
    }
    if (pictures > 0) set.n = MIN(set.n, pictures);
    return set;
}

const char *lesson_notice(const Cifar *pictures, const char *data) {
    if (strcmp(data, "shapes")) return cifar_notice(pictures);
    return "Pictures: generated shapes, as asked for; results on CIFAR-10's photographs differ.";
}

static void stop_training(int number) {
    train_interrupt();
    signal(number, SIG_DFL);
}

typedef struct {
    const TrainRun *run;
    Progress progress;
} Watch;

static void watch_batch(void *context, const TrainProgress *now) {
    Watch *watch = context;
    Progress *progress = &watch->progress;
    const Recipe *recipe = &watch->run->recipe;
    if (progress->done == 0) progress->first = now->pictures - recipe->batch; /* a resumed run's: not in the rate */
    snprintf(progress->label, sizeof progress->label, "epoch %d/%d", now->epoch, recipe->epochs);
    progress_note(progress, "loss %.3f (floor %.3f)", now->loss, now->floor);
    progress_update(progress, now->pictures);
}

static void watch_epoch(void *context, const EpochRow *row) {
    const TrainRun *run = ((Watch *)context)->run;
    progress_clear();
    if (run->after_epoch) run->after_epoch(run->context, row);
}

static void watch_rename(void *context, const char *path) {
    (void)context;
    progress_clear();
    fprintf(stderr, "kept:  what was there before is now %s\n", path);
}

bool lesson_train(TrainRun *run, Clip *clip, Err *err) {
    const Recipe *r = &run->recipe;
    double pictures = (double)r->epochs * (train_pictures(run) / r->batch) * r->batch;
    Watch watch = { .run = run, .progress = progress_begin("", pictures, "img/s") };
    TrainRun watched = *run;
    watched.after_batch = watch_batch;
    watched.after_epoch = watch_epoch;
    watched.after_rename = watch_rename;
    watched.context = &watch;
    void (*interrupt)(int) = signal(SIGINT, stop_training);
    void (*terminate)(int) = signal(SIGTERM, stop_training);
    bool ok = train_run(&watched, clip, err);
    signal(SIGINT, interrupt);
    signal(SIGTERM, terminate);
    progress_end(&watch.progress);
    return ok;
}

char *lesson_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix) {
    return arena_print(arena, "%s/%s-%s-seed%d%s", models_folder(), recipe, pictures->generated ? "shapes" : "cifar10",
                       seed, suffix);
}

static bool read_about(Arena *arena, LessonModel *model, Err *err) {
    Safetensors file;
    if (!safetensors_open(&file, arena, model->path, err)) return false;
    safetensors_warn(&file, model->path);
    const char *run = safetensors_meta(&file, "run"), *epoch = safetensors_meta(&file, "epoch");
    const char *templates = safetensors_meta(&file, "templates");
    long long done;
    const char *fit = safetensors_meta(&file, "fit");
    const char *split = safetensors_meta(&file, "split");
    model->fit = fit ? arena_text(arena, fit) : NULL;
    model->split = split ? arena_text(arena, split) : NULL;
    model->run = arena_text(arena, run ? run : "");
    for (char *c = model->run; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = '?'; /* it is printed */
    model->epochs = epoch && parse_int(epoch, 0, INT_MAX, &done) ? (int)done : INT_MAX;
    model->template_count = 0;
    char *rest = arena_text(arena, templates ? templates : "");
    model->templates = arena_alloc(arena, strlen(rest) + 1, sizeof *model->templates);
    for (char *each = strtok(rest, "|"); each; each = strtok(NULL, "|"))
        if (text_template_check(each, NULL)) model->templates[model->template_count++] = each;
    safetensors_close(&file);
    return true;
}

static bool unfinished(const LessonModel *model) {
    int epochs;
    return sscanf(model->run, "%*[^,], seed %*u, %d epochs", &epochs) == 1 && model->epochs < epochs;
}

static void refuse_other(Arena *arena, const LessonModel *model, const Cifar *pictures) {
    static const char *const kinds[] = { "CIFAR-10", "generated shapes" };
    const char *kind = kinds[pictures->generated], *other = kinds[!pictures->generated];
    if (model->fit)
        die("%s: this model was trained on own pairs, and these pictures are %s; give it your own with --pairs TABLE, "
            "or with --folder FOLDER in lesson 13",
            model->path, kind);
    if (*model->run && !strstr(model->run, kind))
        die("%s: this model was trained on %s, and these pictures are %s; choose others with --data, or another model",
            model->path, other, kind);
    const ClipConfig *config = &model->clip.config;
    int *ids = arena_alloc(arena, (size_t)(CIFAR_CLASSES * config->tokens), sizeof *ids);
    TextNotes notes = vocab_encode(&model->clip.vocab, arena, pictures->names, CIFAR_CLASSES, config->tokens, ids);
    if (notes.unknown_count)
        die("%s: this model never saw the word \"%s\", a class of these pictures (%s); choose others with --data, or "
            "another model",
            model->path, notes.unknown[0], kind);
    if (config->image.side && config->image.side != CIFAR_SIDE)
        die("%s: this model takes pictures of %d x %d, and these are %d x %d", model->path, config->image.side,
            config->image.side, CIFAR_SIDE, CIFAR_SIDE);
}

LessonModel lesson_model_open(Arena *arena, const char *path, const Cifar *pictures) {
    LessonModel model = { .path = path };
    Err err;
    if (!clip_load(&model.clip, path, &err) || !read_about(arena, &model, &err)) die("%s", err.text);
    if (pictures) refuse_other(arena, &model, pictures);
    printf("Model: %s", *model.run ? model.run : "its file does not say how it was trained");
    if (model.fit) printf("; best epoch %d", model.epochs);
    else if (unfinished(&model)) printf("; stopped after epoch %d", model.epochs);
    printf("\n");
    fprintf(stderr, "model: %s\n", path);
    return model;
}

const char *lesson_shipped(void) {
    static char path[1024];
    snprintf(path, sizeof path, "%s%s", shipped_prefix(), LESSON_SHIPPED);
    return path;
}

enum { SMALL_BATCHES = 10, NARROWER = 2, PICTURES_PER_SECOND = 3000 }; /* of the narrow network, on two processors */

static bool has_templates(const LessonModel *model, const Recipe *recipe) {
    for (int k = 0; k < RECIPE_TEMPLATES && recipe->templates[k]; k++) {
        int i = 0;
        while (i < model->template_count && strcmp(model->templates[i], recipe->templates[k])) i++;
        if (i == model->template_count) return false;
    }
    return true;
}

static bool shipped_serves(Arena *arena, const LessonModelArgs *args, const Recipe *recipe, const Cifar *pictures) {
    LessonModel shipped = { .path = lesson_shipped() };
    if (pictures->generated || args->train_images || args->seed != 1 || !file_exists(lesson_shipped())) return false;
    return read_about(arena, &shipped, NULL) && has_templates(&shipped, recipe);
}

static void print_epoch(void *context, const EpochRow *row) {
    const Recipe *recipe = context;
    fprintf(stderr, "  epoch %d of %d: loss %.3f (floor %.3f), %.1f %% of the test pictures right\n", row->epoch,
            recipe->epochs, row->loss, row->floor, 100 * row->test);
}

static void train_model(const LessonModelArgs *args, const Recipe *recipe, const char *path) {
    Arena work = { 0 };
    Clip clip;
    Err err;
    Cifar train = lesson_pictures(&work, args->data, CIFAR_TRAIN, args->train_images);
    Cifar test = lesson_pictures(&work, args->data, CIFAR_TEST, args->train_images);
    TrainRun run = { *recipe, (uint64_t)args->seed, &train, &test, path, .resume = true, .after_epoch = print_epoch };
    run.context = &run.recipe;
    if (args->train_images) run.recipe.batch = MIN(recipe->batch, MAX(2, train.n / SMALL_BATCHES));
    for (int i = 0; args->train_images && i < 3; i++) run.recipe.model.image.widths[i] /= NARROWER;
    run.log = arena_print(&work, "%.*s.csv", (int)(strlen(path) - strlen(".safetensors")), path);
    fprintf(stderr,
            "A model is %s, which takes some %d seconds on two processors; it is kept as %s.\n"
            "Recipe %s: %s; %d pictures, %d epochs.\n",
            file_exists(path) ? "trained to its end" : "trained first",
            1 + recipe->epochs * train.n / PICTURES_PER_SECOND, path, recipe->name, recipe->summary, train.n,
            recipe->epochs);
    double start = clock_seconds();
    if (!folder_make(models_folder(), &err) || !lesson_train(&run, &clip, &err)) die("%s", err.text);
    fprintf(stderr, "Trained in %.0f seconds.\n", clock_seconds() - start);
    clip_free(&clip);
    arena_free(&work);
}

static char *model_path(Arena *arena, const Recipe *recipe, const LessonModelArgs *args, const Cifar *pictures) {
    const char *name = recipe->name;
    if (args->train_images) name = arena_print(arena, "%s-first%d", name, args->train_images);
    return lesson_model_path(arena, name, pictures, args->seed, ".safetensors");
}

LessonModel lesson_model(Arena *arena, const LessonModelArgs *args, const Cifar *pictures) {
    const Recipe *recipe = recipe_find(args->recipe);
    REQUIRE(recipe, "there is no recipe %s", args->recipe);
    if (args->weights && *args->weights) return lesson_model_open(arena, args->weights, pictures);
    if (shipped_serves(arena, args, recipe, pictures)) return lesson_model_open(arena, lesson_shipped(), pictures);
    LessonModelArgs wanted = *args;
    LessonModel before = { .path = model_path(arena, recipe, &wanted, pictures) };
    if (pictures->generated && !wanted.train_images && !file_exists(before.path)) {
        wanted.train_images = LESSON_SHAPES_IMAGES;
        before.path = model_path(arena, recipe, &wanted, pictures);
    }
    Err err;
    bool there = file_exists(before.path);
    if (there && !read_about(arena, &before, &err)) die("%s", err.text);
    if (!there || unfinished(&before)) train_model(&wanted, recipe, before.path);
    return lesson_model_open(arena, before.path, pictures);
}
