#include "lesson/lesson_data.h"
#include "core/file.h"

#include "core/quote.h"
#include "formats/safetensors.h"
#include "training/train.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATED_TRAIN = 50000, GENERATED_TEST = 10000 };

static Cifar generated(Arena *arena, CifarPart part, int pictures) {
    int all = part == CIFAR_TRAIN ? GENERATED_TRAIN : GENERATED_TEST;
    Cifar set;
    cifar_generate(arena, part, pictures ? (pictures + CIFAR_CLASSES - 1) / CIFAR_CLASSES * CIFAR_CLASSES : all, &set);
    return set;
}

Cifar lesson_pictures(Arena *arena, const char *data, CifarPart part, int pictures) {
    Cifar set;
    Err err;
    if (!strcmp(data, "shapes")) {
        set = generated(arena, part, pictures);
    } else {
        if (!cifar_open(arena, part, &set, &err) || (set.folder && !cifar_verify(set.folder, cifar_files, true, &err)))
            die("%s", err.text);
        if (set.generated && !strcmp(data, "cifar")) die("CIFAR-10 is not there; `make data` fetches it");
    }
    if (pictures > 0) set.n = MIN(set.n, pictures);
    return set;
}

const char *lesson_notice(const Cifar *pictures, const char *data) {
    if (!strcmp(data, "shapes"))
        return "Pictures: generated shapes, as asked for; results on CIFAR-10's photographs differ.";
    return cifar_notice(pictures);
}

char *lesson_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix) {
    return arena_print(arena, "%s/%s-%s-seed%d%s", models_folder(), recipe, pictures->generated ? "shapes" : "cifar10",
                       seed, suffix);
}

/* ---- a model for a lesson -------------------------------------------------------------------------------------------- */

enum {
    SMALL_BATCHES = 10,
    NARROWER = 2,
    PICTURES_PER_SECOND = 3000
}; /* the latter of the narrow network, on two processors */

/* What the file says, on the arena: the words between the bars of "templates". False if it cannot be read. */
static bool read_about(Arena *arena, LessonModel *model, int *epochs_done, Err *err) {
    Safetensors file;
    if (!safetensors_open(&file, arena, model->path, err)) return false;
    const char *run = safetensors_meta(&file, "run"), *epoch = safetensors_meta(&file, "epoch");
    const char *templates = safetensors_meta(&file, "templates");
    long long done;
    model->run = arena_text(arena, run ? run : "");
    *epochs_done = epoch && parse_int(epoch, 0, INT_MAX, &done) ? (int)done : INT_MAX;
    model->template_count = 0;
    char *rest = arena_text(arena, templates ? templates : "");
    model->templates = arena_alloc(arena, strlen(rest) + 1, sizeof *model->templates);
    for (char *each = strtok(rest, "|"); each; each = strtok(NULL, "|"))
        if (text_template_check(each, NULL)) model->templates[model->template_count++] = each;
    safetensors_close(&file);
    return true;
}

static bool has_templates(const LessonModel *model, const Recipe *recipe) {
    for (int k = 0; k < RECIPE_TEMPLATES && recipe->templates[k]; k++) {
        bool found = false;
        for (int i = 0; i < model->template_count; i++)
            found = found || !strcmp(model->templates[i], recipe->templates[k]);
        if (!found) return false;
    }
    return true;
}

static bool shipped_serves(Arena *arena, const LessonModelArgs *args, const Recipe *recipe, const Cifar *pictures) {
    LessonModel shipped = { .path = LESSON_SHIPPED };
    int done;
    if (pictures->generated || args->learn || args->seed != 1 || !file_exists(LESSON_SHIPPED)) return false;
    return read_about(arena, &shipped, &done, NULL) && has_templates(&shipped, recipe);
}

static void say_epoch(void *context, const EpochRow *row) {
    const Recipe *recipe = context;
    fprintf(stderr, "  epoch %d of %d: loss %.3f (floor %.3f), %.1f %% of the test pictures right\n", row->epoch,
            recipe->epochs, row->loss, row->floor, 100 * row->test);
}

/* Trains what was wished for, or goes on with what is at `path`. */
static void train_model(const LessonModelArgs *args, const Recipe *recipe, const char *path) {
    Arena work = { 0 };
    Clip clip;
    Err err;
    Cifar train = lesson_pictures(&work, args->data, CIFAR_TRAIN, args->learn);
    Cifar test = lesson_pictures(&work, args->data, CIFAR_TEST, args->learn);
    TrainRun run = { .recipe = *recipe,
                     .seed = (uint64_t)args->seed,
                     .train = &train,
                     .test = &test,
                     .checkpoint = path,
                     .resume = true,
                     .after_epoch = say_epoch,
                     .context = &run.recipe };
    if (args->learn) run.recipe.batch = MIN(recipe->batch, MAX(2, train.n / SMALL_BATCHES));
    for (int i = 0; args->learn && i < 3; i++) run.recipe.model.image.widths[i] /= NARROWER;
    run.log = arena_print(&work, "%.*s.csv", (int)(strlen(path) - strlen(".safetensors")), path);
    fprintf(
        stderr,
        "A model is %s, which takes some %d seconds on two processors; it is kept as %s.\nRecipe %s: %s; %d pictures, %d epochs.\n",
        file_exists(path) ? "trained to its end" : "trained first", 1 + recipe->epochs * train.n / PICTURES_PER_SECOND,
        path, recipe->name, recipe->summary, train.n, recipe->epochs);
    double start = clock_seconds();
    if (!folder_make(models_folder(), &err) || !train_run(&run, &clip, &err)) die("%s", err.text);
    fprintf(stderr, "Trained in %.0f seconds.\n", clock_seconds() - start);
    clip_free(&clip);
    arena_free(&work);
}

/* Was the training at `path` stopped before its last epoch? */
static bool unfinished(Arena *arena, const char *path) {
    LessonModel model = { .path = path };
    int done, epochs;
    Err err;
    if (!read_about(arena, &model, &done, &err)) die("%s", err.text);
    return sscanf(model.run, "%*[^,], seed %*u, %d epochs", &epochs) == 1 && done < epochs;
}

void lesson_refuse_other(Arena *arena, const Clip *clip, const char *path, const Cifar *pictures) {
    const char *kind = pictures->generated ? "generated shapes" : "CIFAR-10";
    const ClipConfig *config = &clip->config;
    int *ids = arena_alloc(arena, (size_t)(CIFAR_CLASSES * config->tokens), sizeof *ids);
    TextNotes notes = vocab_encode(&clip->vocab, arena, pictures->names, CIFAR_CLASSES, config->tokens, ids);
    if (notes.unknown_count)
        die("%s: this model never saw the word \"%s\", which these pictures (%s) are named with; choose others with --data, or another "
            "model",
            path, notes.unknown[0], kind);
    if (config->image.side && config->image.side != CIFAR_SIDE)
        die("%s: this model looks at pictures of %d x %d, and these are %d x %d", path, config->image.side,
            config->image.side, CIFAR_SIDE, CIFAR_SIDE);
}

LessonModel lesson_model(Arena *arena, const LessonModelArgs *args, const Cifar *pictures) {
    const Recipe *recipe = recipe_find(args->recipe);
    REQUIRE(recipe, "there is no recipe %s", args->recipe);
    LessonModel model = { .path = args->weights };
    int done;
    Err err;
    if (!args->weights || !*args->weights) {
        const char *name = args->learn ? arena_print(arena, "%s-first%d", recipe->name, args->learn) : recipe->name;
        model.path = lesson_model_path(arena, name, pictures, args->seed, ".safetensors");
        if (shipped_serves(arena, args, recipe, pictures)) model.path = LESSON_SHIPPED;
        else if (!file_exists(model.path) || unfinished(arena, model.path)) train_model(args, recipe, model.path);
    }
    if (!clip_load(&model.clip, model.path, &err) || !read_about(arena, &model, &done, &err)) die("%s", err.text);
    static const char *const kinds[] = { "CIFAR-10", "generated shapes" };
    if (*model.run && !strstr(model.run, kinds[pictures->generated]))
        die("%s: this model learnt from %s, and these pictures are %s; choose the others with --data, or another model",
            model.path, kinds[!pictures->generated], kinds[pictures->generated]);
    lesson_refuse_other(arena, &model.clip, model.path, pictures);
    fprintf(stderr, "model: %s%s%s\n", model.path, *model.run ? ": " : "",
            *model.run ? quote_json(arena, model.run) : "");
    return model;
}
