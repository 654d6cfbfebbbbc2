/* train, recipe: the same bytes for any number of threads and after any interruption; nothing lost on errors; every
 * combination of options; another run's checkpoint is recognised. */
#include "core/thread.h"
#include "core/arena.h"
#include "core/file.h"
#include "model/clip_file.h"
#include "training/train.h"
#include "sum_file.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { PICTURES = 30, TESTED = 10 };

static Arena arena;
static Cifar train, test;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

/* Everything that has a state: AdamW, Muon, batch norm, whitening whose bias is frozen on the way, random captions and
 * augmentation. Three epochs of three batches. */
static Recipe everything(void) {
    return (Recipe){
        .name = "everything",
        .summary = "for the tests",
        .model = { .image = { .kind = "cnn", .widths = { 4, 4, 4 }, .embed = 8 },
                   .tokens = 6,
                   .logit_scale = 10,
                   .text = { .kind = "bow", .width = 8, .embed = 8, .padding = TEXT_PADDING } },
        .templates = { "a photo of a {}", "one {}", NULL },
        .epochs = 3,
        .batch = 10,
        .groups = { { .rule = OPTIM_ADAMW, .lr = 1e-2, .weight_decay = 0.01 },
                    { .rule = OPTIM_MUON, .lr = 0.1, .momentum = 0.6 },
                    { .rule = OPTIM_SGD, .lr = 1e-2, .momentum = 0.9 } },
        .schedule = SCHEDULE_COSINE,
        .warmup = 0.5,
        .multi_positive = true,
        .smoothing = 0.1,
        .whiten_epochs = 1,
        .augment = { .mirror = MIRROR_RANDOM, .shift = 2, .edge = EDGE_REFLECT, .cutout = 4 },
        .tta = TTA_MIRROR,
    };
}

/* The least there is, for what does not depend on the model. */
static Recipe least(void) {
    Recipe r = everything();
    r.name = "least";
    r.model.image = (ImageTowerSize){ .kind = "small", .embed = 8 };
    r.multi_positive = false;
    for (int g = 0; g < 3; g++) r.groups[g] = (OptimGroup){ .rule = OPTIM_SGD, .lr = 0.02 };
    return r;
}

static TrainRun run_of(Recipe recipe, const char *name) {
    if (!train.n) {
        cifar_generate(&arena, CIFAR_TRAIN, PICTURES, &train);
        cifar_generate(&arena, CIFAR_TEST, TESTED, &test);
    }
    return (TrainRun){ .recipe = recipe,
                       .seed = 3,
                       .train = &train,
                       .test = &test,
                       .checkpoint = in_folder(name),
                       .log = in_folder(arena_print(&arena, "%s.csv", name)) };
}

static void trains(TrainRun *run) {
    Clip clip;
    Err err = { "" };
    CHECK(train_run(run, &clip, &err), "%s", err.text);
    clip_free(&clip);
}

/* It fails with one line that holds both texts, and leaves no model. */
static void fails(TrainRun *run, const char *text, const char *other) {
    Clip clip;
    Err err = { "" };
    CHECK(!train_run(run, &clip, &err), "it trained; want: %s", text);
    CHECK(strstr(err.text, text) && strstr(err.text, other) && !strchr(err.text, '\n'), "want \"%s\" and \"%s\" in: %s",
          text, other, err.text);
    CHECK(!clip.arena.first && !clip.params.count, "%s", "half a model was left");
}

static File file_of(const char *path) {
    File file;
    Err err;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    return file;
}

static void same_bytes(const char *a, const char *b) {
    File x = file_of(a), y = file_of(b);
    CHECK(x.size == y.size && !memcmp(x.data, y.data, x.size), "%s and %s differ", a, b);
    file_close(&x);
    file_close(&y);
}

/* A copy with `cut` bytes at most. */
static void copy(const char *from, const char *to, size_t cut) {
    File x = file_of(from);
    OutFile out;
    Err err;
    CHECK(out_open(&out, to, &err), "%s", err.text);
    out_write(&out, x.data, MIN(cut, x.size));
    CHECK(out_commit(&out, &err), "%s", err.text);
    file_close(&x);
}

/* ---- the same bytes ------------------------------------------------------------------------------------------ */

TEST(any_number_of_threads) {
    for (int threads = 1; threads <= 3; threads++) {
        TrainRun run = run_of(everything(), arena_print(&arena, "threads%d", threads));
        run.recipe.epochs = 1;
        thread_set_count(threads);
        trains(&run);
        if (threads > 1) same_bytes(in_folder("threads1"), run.checkpoint);
    }
    TrainRun other = run_of(everything(), "other-seed");
    other.recipe.epochs = 1;
    other.seed = 4;
    trains(&other);
    File a = file_of(in_folder("threads1")), b = file_of(other.checkpoint);
    CHECK(a.size != b.size || memcmp(a.data, b.data, a.size), "%s", "another seed, the same model");
    file_close(&a);
    file_close(&b);
}

/* ---- going on ------------------------------------------------------------------------------------------------ */

static void stop_after(void *context, const EpochRow *row) {
    if (row->epoch == *(int *)context) train_interrupt();
}

/* The rows without what the clock says: images per second and seconds, the last two columns. */
static char *log_without_clock(const char *path) {
    File file = file_of(path);
    char *text = arena_zero(&arena, file.size + 1, 1), *out = text;
    const char *at = (const char *)file.data, *end = at + file.size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at)), *stop = line_end;
        CHECK(line_end, "%s: the last line has no end", path);
        for (int commas = 0; commas < 2 && stop > at;) commas += *--stop == ',';
        memcpy(out, at, (size_t)(stop - at));
        out += stop - at;
        *out++ = '\n';
        at = line_end + 1;
    }
    file_close(&file);
    return text;
}

static void resumes_as_if_nothing_had_been(Recipe recipe) {
    TrainRun whole = run_of(recipe, "whole");
    trains(&whole);
    for (int k = 1; k < recipe.epochs; k++) {
        TrainRun part = run_of(recipe, arena_print(&arena, "part%d", k));
        part.after_epoch = stop_after;
        part.context = &k;
        fails(&part, arena_print(&arena, "stopped in epoch %d of %d", k + 1, recipe.epochs),
              arena_print(&arena, "epoch %d is in %s, go on with --resume", k, part.checkpoint));
        part.resume = true;
        part.after_epoch = NULL;
        trains(&part);
        same_bytes(whole.checkpoint, part.checkpoint);
        CHECK(!strcmp(log_without_clock(whole.log), log_without_clock(part.log)), "logs differ:\n%s%s",
              log_without_clock(whole.log), log_without_clock(part.log));
    }
}

TEST(resumed_everything) { resumes_as_if_nothing_had_been(everything()); }
TEST(resumed_least) { resumes_as_if_nothing_had_been(least()); }

static void never(void *context, const EpochRow *row) {
    (void)context;
    CHECK(!row, "epoch %d was trained again", row->epoch);
}

/* Every image tower with some text tower, and every text tower. */
TEST(resumed_with_other_towers) {
    static const char *const pairs[][2] = { { "resnet", "bow" }, { "vit", "lstm" }, { "cnn", "transformer" } };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        Recipe r = least();
        r.model.image.layers = 1;
        r.model.image.width = 8;
        r.model.text.layers = 1;
        ImageTowerSize size = r.model.image;
        recipe_towers(&r, &arena, pairs[i][0], pairs[i][1]);
        size.kind = r.model.image.kind;
        r.model.image = size;
        for (int w = 0; w < 3; w++) r.model.image.widths[w] = 8;
        CHECK(strstr(r.name, pairs[i][1]), "%s", r.name);
        resumes_as_if_nothing_had_been(r);
    }
    Recipe same = least();
    recipe_towers(&same, &arena, "recipe", "recipe");
    CHECK(!strcmp(same.name, least().name), "%s", same.name);
}

TEST(resumed_at_the_end) {
    TrainRun run = run_of(least(), "end");
    Clip clip, loaded;
    Err err = { "" };
    trains(&run);
    copy(run.checkpoint, in_folder("before"), SIZE_MAX);
    run.resume = true;
    run.after_epoch = never;
    CHECK(train_run(&run, &clip, &err) && clip_load(&loaded, run.checkpoint, &err), "%s", err.text);
    for (int i = 0; i < clip.params.count; i++) /* what comes back is the trained model */
        CHECK(!memcmp(clip.params.list[i]->val.v, loaded.params.list[i]->val.v,
                      mat_count(clip.params.list[i]->val) * sizeof(num)),
              "%s", clip.params.list[i]->name);
    same_bytes(in_folder("before"), run.checkpoint);
    clip_free(&clip);
    clip_free(&loaded);
}

TEST(resumed_from_nothing) {
    TrainRun plain = run_of(least(), "plain"), hopeful = run_of(least(), "hopeful");
    hopeful.resume = true;
    trains(&plain);
    trains(&hopeful);
    same_bytes(plain.checkpoint, hopeful.checkpoint);
}

/* A kill between the log and the checkpoint leaves a row too many. A log that is gone stops nobody. */
TEST(resumed_with_another_log) {
    int k = 1;
    TrainRun whole = run_of(least(), "whole"), part = run_of(least(), "part");
    trains(&whole);
    part.after_epoch = stop_after;
    part.context = &k;
    fails(&part, "stopped in epoch 2", "");
    copy(part.checkpoint, in_folder("early"), SIZE_MAX);
    copy(whole.log, part.log, SIZE_MAX); /* with rows of epochs 2 and 3 */
    part.resume = true;
    part.after_epoch = NULL;
    trains(&part);
    CHECK(!strcmp(log_without_clock(whole.log), log_without_clock(part.log)), "%s", log_without_clock(part.log));
    for (size_t cut = 0; cut < 300; cut += 140) {
        copy(in_folder("early"), part.checkpoint, SIZE_MAX);
        copy(whole.log, part.log, cut);
        trains(&part);
        same_bytes(whole.checkpoint, part.checkpoint);
    }
    copy(in_folder("early"), part.checkpoint, SIZE_MAX);
    CHECK(remove(part.log) == 0, "%s", part.log);
    trains(&part);
    CHECK(strstr(log_without_clock(part.log), "\n2,"), "%s", log_without_clock(part.log));
}

TEST(stopped_before_anything_was_finished) {
    TrainRun run = run_of(least(), "early");
    train_interrupt(); /* a signal that comes while the pictures are read */
    fails(&run, "stopped in epoch 1 of 3; no epoch was finished", "");
    CHECK(!file_exists(run.checkpoint) && !file_exists(run.log), "%s", "something was written");
    trains(&run); /* and the next is not stopped */
}

/* ---- another run's checkpoint -------------------------------------------------------------------------------- */

/* Each changes a field if *which is 0, and counts down. */
static void flip(int *which, bool *x) {
    if ((*which)-- == 0) *x = !*x;
}
static void enlarge(int *which, double *x) {
    if ((*which)-- == 0) *x = nextafter(*x, 1e9); /* the least difference counts */
}
static void increment(int *which, int *x) {
    if ((*which)-- == 0) *x += 1;
}
static void set_text(int *which, const char **x, const char *text) {
    if ((*which)-- == 0) *x = text;
}

/* Every field of a recipe except its summary: a new one belongs here. Returns whether `which` was one of them. */
static bool change_field(Recipe *r, int which) {
    ImageTowerSize *i = &r->model.image;
    TextTowerSize *t = &r->model.text;
    int *const whole[] = { &r->epochs,     &r->batch,      &r->model.tokens,   &i->widths[0], &i->widths[1],
                           &i->widths[2],  &i->embed,      &i->side,           &i->patch,     &i->width,
                           &i->layers,     &i->heads,      &i->stages[0],      &i->stages[1], &i->stages[2],
                           &i->stages[3],  &t->vocabulary, &t->width,          &t->embed,     &t->padding,
                           &t->hidden,     &t->layers,     &t->heads,          &t->tokens,    &r->augment.shift,
                           &r->augment.dx, &r->augment.dy, &r->augment.cutout, &i->mlp,       &t->mlp,
                           &r->micro_batch };
    double *const real[] = { &r->model.logit_scale, &r->warmup, &r->smoothing, &r->whiten_epochs };
    bool *const flags[] = { &i->quick_gelu,  &t->quick_gelu,  &r->multi_positive,
                            &r->fixed_scale, &r->learn_first, &r->random_filters };
    set_text(&which, &r->name, "other");
    set_text(&which, &i->kind, "resnet");
    set_text(&which, &t->kind, "lstm");
    set_text(&which, &r->templates[0], "the {}");
    set_text(&which, &r->templates[1], "the {}");
    set_text(&which, &r->templates[1], NULL);
    set_text(&which, &r->templates[2], "the {}");
    for (size_t k = 0; k < COUNT(whole); k++) increment(&which, whole[k]);
    for (size_t k = 0; k < COUNT(real); k++) enlarge(&which, real[k]);
    for (size_t k = 0; k < COUNT(flags); k++) flip(&which, flags[k]);
    for (int g = 0; g < RECIPE_GROUPS; g++) {
        OptimGroup *o = &r->groups[g];
        double *const numbers[] = { &o->lr, &o->weight_decay, &o->momentum };
        for (size_t k = 0; k < COUNT(numbers); k++) enlarge(&which, numbers[k]);
        if (which-- == 0) o->rule = o->rule == OPTIM_SGD ? OPTIM_ADAMW : OPTIM_SGD;
    }
    if (which-- == 0) r->schedule = SCHEDULE_LINEAR;
    if (which-- == 0) r->augment.mirror = MIRROR_ALWAYS;
    if (which-- == 0) r->augment.edge = EDGE_ZERO;
    if (which-- == 0) r->tta = TTA_NONE;
    return which < 0;
}

TEST(every_field_is_in_the_text_of_a_recipe) {
    int fields = 0;
    for (Recipe changed = everything(), same; change_field(&changed, fields); changed = everything(), fields++) {
        same = everything();
        CHECK(strcmp(recipe_text(&changed, &arena), recipe_text(&same, &arena)), "field %d is not in: %s", fields,
              recipe_text(&same, &arena));
    }
    CHECK(fields == 64, "%d fields", fields);
    for (int i = 0; recipe_at(i); i++)
        for (int k = 0; k < i; k++)
            CHECK(strcmp(recipe_text(recipe_at(i), &arena), recipe_text(recipe_at(k), &arena)), "%d and %d", i, k);
}

TEST(another_run_is_not_resumed) {
    TrainRun run = run_of(least(), "first");
    trains(&run);
    copy(run.checkpoint, in_folder("before"), SIZE_MAX);
    run.resume = true;
    static Cifar photographs, fewer, repainted, relabelled, renamed, other_test;
    static uint8_t pixels[PICTURES * CIFAR_NUMBERS], labels[PICTURES];
    static const char *names[CIFAR_CLASSES];
    memcpy(pixels, train.pixels, sizeof pixels);
    memcpy(labels, train.labels, sizeof labels);
    memcpy(names, train.names, sizeof names);
    pixels[sizeof pixels - 1] ^= 1;
    labels[PICTURES - 1] ^= 1;
    names[9] = "blue box";
    photographs = fewer = repainted = relabelled = renamed = train;
    other_test = test;
    photographs.generated = false;
    fewer.n = 20;
    repainted.pixels = pixels;
    relabelled.labels = labels;
    renamed.names = names;
    other_test.n = TESTED - 1;
    const struct {
        const char *theirs, *ours;
        uint64_t seed;
        const Cifar *train, *test;
    } other[] = {
        { "\"seed=3\"", "\"seed=4\"", 4, &train, &test },
        { "\"train set=generated shapes\"", "\"train set=CIFAR-10\"", 3, &photographs, &test },
        { "\"train pictures=30\"", "\"train pictures=20\"", 3, &fewer, &test },
        { "\"train pixels=", "and this one \"train pixels=", 3, &repainted, &test },
        { "\"train labels=", "and this one \"train labels=", 3, &relabelled, &test },
        { "blue cross", "blue box", 3, &renamed, &test },
        { "\"test pictures=10\"", "\"test pictures=9\"", 3, &train, &other_test },
    };
    for (size_t i = 0; i < COUNT(other); i++) {
        TrainRun changed = run;
        changed.seed = other[i].seed;
        changed.train = other[i].train;
        changed.test = other[i].test;
        fails(&changed, other[i].theirs, other[i].ours);
    }
    Recipe r = least();
    for (int field = 0; change_field(&r, field); r = least(), field++) {
        TrainRun changed = run;
        changed.recipe = r;
        Clip clip;
        Err err = { "" };
        CHECK(!train_run(&changed, &clip, &err), "field %d", field); /* not every tower can be built */
    }
    for (int g = 0; g < RECIPE_GROUPS; g++) {
        TrainRun changed = run;
        changed.recipe.groups[g].momentum = 0.5;
        fails(&changed, "momentum 0\"", "momentum 0.5\"");
        changed.recipe = least();
        changed.recipe.groups[g].lr = 0.0200001;
        fails(&changed, "learning rate 0.02,", "learning rate 0.0200001,");
    }
    same_bytes(in_folder("before"), run.checkpoint);
}

/* A checkpoint without these metadata, or with others. */
static void resigned(const char *settings, const char *signature, const char *text) {
    TrainRun run = run_of(least(), "signed");
    Safetensors file;
    Err err;
    trains(&run);
    CHECK(safetensors_open(&file, &arena, run.checkpoint, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < file.meta_count; i++) {
        const char *key = file.meta[i].key, *value = file.meta[i].value;
        if (!strcmp(key, "settings")) value = settings ? settings : NULL;
        if (!strcmp(key, "signature")) value = signature ? signature : NULL;
        if (value) safetensors_add_meta(&out, key, value);
    }
    for (int i = 0; i < file.count; i++) tensor_copy(&out, &file.tensors[i]);
    CHECK(safetensors_write(&out, in_folder("signed2"), &err), "%s", err.text);
    safetensors_close(&file);
    run.checkpoint = in_folder("signed2");
    run.resume = true;
    fails(&run, text, run.checkpoint);
}

TEST(an_old_or_edited_signature) {
    resigned(NULL, NULL, "does not say all settings of its run");
    resigned("seed=3\n", NULL, "does not say all settings of its run");
    resigned("seed=3\n", "0", "this file do not have its signature");
    resigned("seed=9\n", "0", "it has \"seed=9\", and this one \"seed=3\"");
}

static char renamed_to[1100];
static void remember_path(void *context, const char *path) {
    (void)context;
    snprintf(renamed_to, sizeof renamed_to, "%s", path);
}

/* With keep_other the run starts anew, and the other file is still there. */
TEST(another_run_is_kept) {
    TrainRun run = run_of(least(), "kept.safetensors"), fresh = run_of(least(), "fresh");
    trains(&run);
    copy(run.checkpoint, in_folder("before"), SIZE_MAX);
    fresh.recipe.batch = run.recipe.batch = 15;
    run.resume = run.keep_other = true;
    run.after_rename = remember_path;
    trains(&run);
    trains(&fresh);
    CHECK(!strcmp(renamed_to, in_folder("kept.previous.safetensors")), "%s", renamed_to);
    same_bytes(in_folder("before"), renamed_to);
    same_bytes(fresh.checkpoint, run.checkpoint);
}

TEST(a_damaged_checkpoint_is_not_resumed) {
    int k = 1;
    TrainRun run = run_of(least(), "damaged");
    run.after_epoch = stop_after;
    run.context = &k;
    fails(&run, "stopped in epoch 2", "");
    copy(run.checkpoint, in_folder("whole"), SIZE_MAX);
    File whole = file_of(in_folder("whole"));
    run.resume = true;
    run.after_epoch = NULL;
    for (size_t cut = 0; cut < whole.size; cut += whole.size / 11 + 1) {
        copy(in_folder("whole"), run.checkpoint, cut);
        fails(&run, run.checkpoint, "");
    }
    copy(in_folder("whole"), run.checkpoint, whole.size - 1);
    fails(&run, run.checkpoint, "");
    file_close(&whole);
}

/* One flipped bit in a weight, in the optimiser's state or in the metadata. */
TEST(a_checkpoint_with_one_flipped_bit_is_not_resumed) {
    int k = 1;
    TrainRun run = run_of(least(), "flipped");
    run.after_epoch = stop_after;
    run.context = &k;
    fails(&run, "stopped in epoch 2", "");
    copy(run.checkpoint, in_folder("unflipped"), SIZE_MAX);
    run.resume = true;
    run.after_epoch = NULL;
    static const double at[] = { 0.3, 0.6, 0.9, 0.99 };
    for (size_t i = 0; i < COUNT(at); i++) {
        File whole = file_of(in_folder("unflipped"));
        OutFile out;
        Err err;
        uint8_t *bytes = memcpy(arena_alloc(&arena, whole.size, 1), whole.data, whole.size);
        bytes[(size_t)(at[i] * (double)whole.size)] ^= 4;
        CHECK(out_open(&out, run.checkpoint, &err), "%s", err.text);
        out_write(&out, bytes, whole.size);
        CHECK(out_commit(&out, &err), "%s", err.text);
        fails(&run, "the file was damaged or changed", run.checkpoint);
        file_close(&whole);
    }
}

/* A checkpoint of an older version has no checksum: it is resumed, with a warning. */
TEST(an_older_checkpoint_is_resumed_with_a_warning) {
    int k = 1;
    TrainRun run = run_of(least(), "older"), fresh = run_of(least(), "newer");
    trains(&fresh);
    run.after_epoch = stop_after;
    run.context = &k;
    fails(&run, "stopped in epoch 2", "");
    file_without_sum(run.checkpoint);
    run.resume = true;
    run.after_epoch = NULL;
    warning_hook = count_sum_warnings;
    trains(&run);
    CHECK(sum_warnings == 1, "%d warnings", sum_warnings);
    same_bytes(fresh.checkpoint, run.checkpoint);
}

/* A right header around the wrong tensors. */
static void without(const char *tensor, const char *epoch, const char *text) {
    TrainRun run = run_of(least(), "edited");
    Safetensors file;
    Err err;
    if (!file_exists(in_folder("complete"))) {
        trains(&run);
        copy(run.checkpoint, in_folder("complete"), SIZE_MAX);
    }
    copy(in_folder("complete"), run.checkpoint, SIZE_MAX);
    CHECK(safetensors_open(&file, &arena, run.checkpoint, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < file.meta_count; i++)
        if (!epoch || strcmp(file.meta[i].key, "epoch"))
            safetensors_add_meta(&out, file.meta[i].key, file.meta[i].value);
    if (epoch && *epoch) safetensors_add_meta(&out, "epoch", epoch);
    for (int i = 0; i < file.count; i++)
        if (strcmp(file.tensors[i].name, tensor)) tensor_copy(&out, &file.tensors[i]);
    CHECK(safetensors_write(&out, run.checkpoint, &err), "%s", err.text);
    safetensors_close(&file);
    run.resume = true;
    fails(&run, text, run.checkpoint);
}

TEST(an_incomplete_checkpoint_is_not_resumed) {
    without("image.fc.weight", NULL, "there is no tensor image.fc.weight");
    without("optim.first.image.fc.weight", NULL,
            "there is no tensor optim.first.image.fc.weight; the file cannot be resumed");
    without("-", "0", "metadata \"epoch\" is 0, want 1 to 3");
    without("-", "4", "metadata \"epoch\" is 4, want 1 to 3");
    without("-", "1e9", "metadata \"epoch\" is 1e9");
    without("-", "", "metadata \"epoch\" is missing");
}

/* ---- what goes wrong on the way ------------------------------------------------------------------------------- */

TEST(a_batch_larger_than_the_set) {
    TrainRun run = run_of(least(), "large");
    run.recipe.batch = PICTURES + 1;
    fails(&run, "a batch of 31 from 30 pictures", "smaller --batch");
    run.recipe.batch = PICTURES; /* all of them: one batch an epoch */
    trains(&run);
}

static Clip *spoilt_model;
static const char *spoilt_name;
static num spoilt_value;
static void spoil(void *context, const EpochRow *row) {
    (void)context;
    if (row->epoch == 1) params_find(&spoilt_model->params, spoilt_name)->val.v[0] = spoilt_value;
}

/* Something breaks in the second epoch: the line says where it began, and the first epoch stays. */
static void breaks(Recipe recipe, const char *name, double value, const char *first) {
    TrainRun run = run_of(recipe, arena_print(&arena, "breaks-%s", first)), good = run;
    int k = 1;
    Clip clip;
    Err err = { "" };
    good.checkpoint = in_folder("good");
    good.after_epoch = stop_after;
    good.context = &k;
    fails(&good, "stopped in epoch 2", "");
    spoilt_model = &clip;
    spoilt_name = name;
    spoilt_value = (num)value;
    run.after_epoch = spoil;
    CHECK(!train_run(&run, &clip, &err), "%s", "it trained on");
    CHECK(strstr(
              err.text,
              arena_print(&arena,
                          "epoch 2, batch 1: the loss is not a finite number; the first operation that made one is %s.",
                          first)) &&
              strstr(err.text, arena_print(&arena, "epoch 1 is in %s", run.checkpoint)) && strstr(err.text, "--lr"),
          "%s", err.text);
    same_bytes(in_folder("good"), run.checkpoint);
}

static void multiply(const char *name, double factor) {
    Mat m = params_find(&spoilt_model->params, name)->val;
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)((double)m.v[i] * factor);
}
static void spoil_gradient(void *context, const EpochRow *row) {
    (void)context;
    if (row->epoch == 1) {
        multiply("text.embedding.weight", 1e34);
        multiply("text.fc.weight", 1e-40);
        multiply("text.fc.bias", 0);
    }
}

/* A finite loss with gradients too large for a float: nothing is updated. */
static void is_too_steep(int micro) {
    TrainRun run = run_of(least(), "steep");
    run.recipe.micro_batch = micro;
    TrainRun good = run;
    int k = 1;
    Clip clip;
    Err err = { "" };
    good.checkpoint = in_folder("good");
    good.after_epoch = stop_after;
    good.context = &k;
    fails(&good, "stopped in epoch 2", "");
    spoilt_model = &clip;
    run.after_epoch = spoil_gradient;
    CHECK(!train_run(&run, &clip, &err), "%s", "it trained on");
    CHECK(strstr(err.text, "epoch 2, batch 1: the gradient of text.") &&
              strstr(err.text, "of the backward pass that made one is linear. This batch") &&
              strstr(err.text, arena_print(&arena, "epoch 1 is in %s", run.checkpoint)),
          "%s", err.text);
    same_bytes(in_folder("good"), run.checkpoint);
}
TEST(a_gradient_that_is_not_finite) { is_too_steep(0); }
TEST(a_gradient_of_a_part_that_is_not_finite) { is_too_steep(4); }

TEST(the_first_operation_is_named) {
    breaks(least(), "image.fc.bias", NAN, "image.fc.bias");
    breaks(least(), "text.fc.weight", INFINITY, "text.fc.weight");
    breaks(least(), "logit_scale", 200, "exp");
    Recipe parts = least();
    parts.micro_batch = 4;
    breaks(parts, "image.fc.bias", NAN, "image.fc.bias");
    breaks(parts, "logit_scale", 200, "contrastive");
}

TEST(an_absurd_learning_rate) {
    TrainRun good = run_of(least(), "lr");
    trains(&good);
    copy(good.checkpoint, in_folder("before"), SIZE_MAX);
    TrainRun run = good;
    for (int g = 0; g < 3; g++) run.recipe.groups[g].lr = 1e25;
    fails(&run, "epoch 1, batch ", "no epoch was finished; try a smaller --lr");
    run.recipe.batch = PICTURES; /* one batch: the weights are lost when nobody looks at the loss any more */
    for (int g = 0; g < 3; g++) run.recipe.groups[g].lr = 1e300;
    fails(&run, "epoch 1: ", "holds a number that is not finite; no epoch was finished");
    same_bytes(in_folder("before"), good.checkpoint);
}

TEST(a_place_that_cannot_be_written) {
    TrainRun run = run_of(least(), "place");
    run.checkpoint = in_folder("no/such/folder/model");
    fails(&run, "no/such/folder/model", "cannot be written");
    run.checkpoint = check_folder();
    fails(&run, run.checkpoint, "this is a folder");
    run.checkpoint = in_folder("place");
    run.log = in_folder("no/such/folder/log");
    fails(&run, "no/such/folder/log", "cannot be written");
    run.checkpoint = run.log = NULL; /* nobody wants them */
    trains(&run);
}

static char *temporary_of(const char *path) { return arena_print(&arena, "%s.%ld.tmp", path, (long)getpid()); }

/* The temporary file leads to a device that is always full. */
TEST(a_full_disk) {
    if (!file_exists("/dev/full")) check_skip("skipped: there is no /dev/full");
    TrainRun run = run_of(least(), "full");
    trains(&run);
    copy(run.checkpoint, in_folder("before"), SIZE_MAX);
    copy(run.log, in_folder("before.csv"), SIZE_MAX);
    CHECK(symlink("/dev/full", temporary_of(run.checkpoint)) == 0, "%s", "symlink");
    run.log = NULL;
    fails(&run, "not written (", "the old file is unchanged");
    run = run_of(least(), "full");
    CHECK(symlink("/dev/full", temporary_of(run.log)) == 0, "%s", "symlink");
    fails(&run, "not written (", run.log);
    same_bytes(in_folder("before"), run.checkpoint);
    same_bytes(in_folder("before.csv"), run.log);
}

/* ---- what is measured ---------------------------------------------------------------------------------------- */

static EpochRow rows[64];
static int row_count;
static void keep_row(void *context, const EpochRow *row) {
    (void)context;
    rows[row_count++] = *row;
}

TEST(rows_make_sense) {
    TrainRun run = run_of(least(), "rows");
    run.recipe.epochs = 12;
    run.recipe.fixed_scale = true;
    run.recipe.schedule = SCHEDULE_CONSTANT;
    run.after_epoch = keep_row;
    trains(&run);
    CHECK(row_count == 12, "%d", row_count);
    for (int i = 0; i < row_count; i++) {
        const EpochRow *r = &rows[i];
        CHECK(r->epoch == i + 1 && r->loss >= r->floor && r->floor > 0, "epoch %d: loss %g, floor %g", r->epoch,
              r->loss, r->floor);
        CHECK(r->image_to_text >= 0 && r->image_to_text <= 1 && r->text_to_image >= 0 && r->text_to_image <= 1,
              "epoch %d", r->epoch);
        CHECK(fabs(r->positive) <= 1 + 1e-6 && fabs(r->negative) <= 1 + 1e-6, "cosines %g %g", r->positive,
              r->negative);
        CHECK(fmod(r->test * TESTED + 1e-9, 1) < 1e-6 && r->test <= 1, "%g of %d", r->test, TESTED);
        CHECK_NEAR(r->logit_scale, 10, 1e-5); /* fixed */
        CHECK(isnan(r->test_tta) == (i < 11), "epoch %d: %g with views, which are for the last", r->epoch, r->test_tta);
        CHECK(r->rate > 0 && r->seconds >= (i ? rows[i - 1].seconds : 0), "%g images per second, %g s", r->rate,
              r->seconds);
    }
    CHECK(rows[11].test_tta >= 0 && rows[11].test_tta <= 1, "%g", rows[11].test_tta);
    CHECK(rows[11].loss < rows[0].loss - 0.2 && rows[11].image_to_text > rows[0].image_to_text,
          "it did not learn: %g, then %g", rows[0].loss, rows[11].loss);
}

/* One epoch, its row, and the weights of `image.fc.weight` after it. */
static EpochRow epoch_in_parts(Recipe recipe, int micro, num *weights, size_t count) {
    TrainRun run = run_of(recipe, arena_print(&arena, "micro%d", micro));
    run.recipe.micro_batch = micro;
    run.recipe.epochs = 1;
    run.after_epoch = keep_row;
    row_count = 0;
    Clip clip;
    Err err = { "" };
    CHECK(train_run(&run, &clip, &err), "%s", err.text);
    memcpy(weights, params_find(&clip.params, "image.fc.weight")->val.v, count * sizeof(num));
    clip_free(&clip);
    return rows[0];
}

/* In parts of any size: the losses, accuracies and weights of whole batches, and the same bytes after a resume. */
TEST(batches_in_parts) {
    enum { COUNT_COMPARED = 1000 };
    num whole[COUNT_COMPARED], part[COUNT_COMPARED];
    Recipe shared = least();
    shared.multi_positive = true;
    const Recipe recipes[] = { least(), shared };
    for (size_t k = 0; k < COUNT(recipes); k++) {
        EpochRow a = epoch_in_parts(recipes[k], 0, whole, COUNT_COMPARED);
        for (int micro = 1; micro <= 10; micro += 3) {
            EpochRow b = epoch_in_parts(recipes[k], micro, part, COUNT_COMPARED);
            CHECK_NEAR(b.loss, a.loss, 1e-5);
            CHECK_NEAR(b.floor, a.floor, 1e-12);
            CHECK_NEAR(b.positive, a.positive, 1e-5);
            CHECK_NEAR(b.negative, a.negative, 1e-5);
            CHECK_NEAR(b.image_to_text, a.image_to_text, 1e-9);
            CHECK_NEAR(b.text_to_image, a.text_to_image, 1e-9);
            for (int i = 0; i < COUNT_COMPARED; i++) CHECK_NEAR(part[i], whole[i], 1e-5);
        }
    }
    Recipe parts = everything();
    parts.micro_batch = 4;
    resumes_as_if_nothing_had_been(parts);
    TrainRun run = run_of(least(), "parts");
    run.recipe.micro_batch = 11;
    fails(&run, "parts of 11 pairs from a batch of 10", "--micro-batch");
}

/* A model that knows its thirty pictures by heart finds them from their texts, too. */
TEST(texts_find_their_pictures) {
    TrainRun run = run_of(least(), "by-heart");
    run.recipe.epochs = 40;
    run.recipe.multi_positive = true;
    run.recipe.groups[0] = run.recipe.groups[1] = (OptimGroup){ .rule = OPTIM_ADAMW, .lr = 1e-2 };
    run.after_epoch = keep_row;
    trains(&run);
    CHECK(rows[39].image_to_text > 0.45 && rows[39].text_to_image > 0.45, "%g and %g", rows[39].image_to_text,
          rows[39].text_to_image);
    CHECK(rows[39].positive > rows[39].negative, "cosines %g and %g", rows[39].positive, rows[39].negative);
}

static TrainProgress batches[64];
static int batch_count;
static void keep_batch(void *context, const TrainProgress *progress) {
    (void)context;
    batches[batch_count++] = *progress;
}

TEST(batches_are_reported) {
    int k = 1;
    TrainRun run = run_of(least(), "batches");
    run.after_epoch = stop_after;
    run.context = &k;
    fails(&run, "stopped in epoch 2", "");
    run.after_epoch = NULL;
    run.after_batch = keep_batch;
    run.resume = true;
    trains(&run);
    CHECK(batch_count == 6, "%d batches of epochs 2 and 3", batch_count);
    for (int i = 0; i < batch_count; i++)
        CHECK(batches[i].epoch == 2 + i / 3 && batches[i].pictures == 40 + 10 * i &&
                  batches[i].loss >= batches[i].floor,
              "batch %d: epoch %d, %g pictures, loss %g", i, batches[i].epoch, batches[i].pictures, batches[i].loss);
}

TEST(the_log_has_its_columns) {
    EpochRow row = { .epoch = 7, .loss = 2.5, .test = 0.8125, .test_tta = 0.9375, .rate = 1234.4, .seconds = 9 };
    char text[512], small[8];
    int commas = 0, wanted = 0;
    train_log_row(&row, text, sizeof text);
    for (const char *c = text; *c; c++) commas += *c == ',';
    for (const char *c = train_log_heading(false); *c; c++) wanted += *c == ',';
    CHECK(commas == wanted && !strncmp(text, "7,2.500000,", 11) && strstr(text, ",0.812500,0.937500,1234,9.00"), "%s",
          text);
    row.test_tta = (double)NAN;
    train_log_row(&row, text, sizeof text);
    CHECK(strstr(text, ",0.812500,,1234,9.00"), "%s", text);
    train_log_row(&row, small, sizeof small);
    CHECK(strlen(small) == 7, "%s", small);
}

TEST(the_log_is_read_back) {
    const char *path = in_folder("read.csv");
    EpochRow read[4];
    CHECK(train_log_read(path, read, 4, NULL) == 0, "%s", "there is no such file");
    Err err = { "" };
    CHECK(train_log_read(check_folder(), read, 4, &err) == -1 && strstr(err.text, "folder"), "a folder: %s", err.text);
    EpochRow written[2] = { { .epoch = 1, .loss = 2.5, .test = 0.25, .test_tta = (double)NAN, .seconds = 9 },
                            { .epoch = 2, .floor = 1.5, .test = 0.5, .test_tta = 0.75, .rate = 10, .seconds = 17.25 } };
    char text[2][512], whole[1200];
    for (int i = 0; i < 2; i++) train_log_row(&written[i], text[i], sizeof text[i]);
    const struct {
        const char *form;
        int max, rows;
    } files[] = {
        { "heading\n%s\n%s\n", 4, 2 },
        { "heading\n%s\n%s\n", 1, 1 },
        { "heading\n%s\n%s", 4, 1 },
        { "heading\n%s\n1,2,3\n%s\n", 4, 1 },
        { "heading\n%s\n%s,5\n", 4, 1 },
        { "heading\nx%s\n%s\n", 4, 0 },
        { "", 4, 0 },
        { "heading", 4, 0 },
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(whole, sizeof whole, files[i].form, text[0], text[1]);
        FILE *out = fopen(path, "wb");
        CHECK(out && fputs(whole, out) >= 0 && !fclose(out), "%s", "no file");
        CHECK(train_log_read(path, read, files[i].max, NULL) == files[i].rows, "file %zu: want %d rows", i,
              files[i].rows);
        for (int k = 0; k < files[i].rows; k++) {
            char again[512];
            train_log_row(&read[k], again, sizeof again);
            CHECK(!strcmp(again, text[k]), "%s, not %s", again, text[k]);
        }
    }
}

/* Every recipe that has a name: is it complete, and does one epoch of it go through? */
TEST(recipes) {
    CHECK(!recipe_find("none") && !recipe_find("") && !recipe_at(-1) && !recipe_at(1000), "%s",
          "a recipe that is not there");
    CHECK(recipe_find("quick") && recipe_find("notebook"), "%s", "missing");
    for (int i = 0; recipe_at(i); i++) {
        const Recipe *r = recipe_at(i);
        CHECK(recipe_find(r->name) == r && r->summary, "%s", r->name);
        if (!strcmp(r->name, "pairs")) continue; /* test_pairs */
        CHECK(r->templates[0] && r->epochs >= 1 && r->batch >= 2, "%s", r->name);
        for (int k = 0; k < RECIPE_TEMPLATES && r->templates[k]; k++)
            CHECK(text_template_check(r->templates[k], NULL), "%s", r->templates[k]);
        TrainRun run = run_of(*r, r->name);
        Cifar few = train;
        few.n = 10;
        run.train = &few;
        run.recipe.epochs = 1;
        run.recipe.batch = 10;
        trains(&run);
    }
}

/* The words of "a|b|c"; returns how many. */
static int split(const char *words, char *list[16]) {
    int n = 0;
    for (char *word = strtok(arena_text(&arena, words), "|"); word; word = strtok(NULL, "|")) list[n++] = word;
    return n;
}

/* One step of a run with small towers of the recipe's kinds. */
static void one_step(Recipe r) {
    for (int w = 0; w < 3; w++) r.model.image.widths[w] = 8;
    r.model.image.layers = r.model.text.layers = 1;
    r.model.image.embed = r.model.text.embed = 8;
    r.epochs = 1;
    r.batch = 2;
    r.tta = TTA_NONE;
    TrainRun run = run_of(r, "step");
    Cifar two = train, one = test;
    two.n = 2;
    one.n = 1;
    run.train = &two;
    run.test = &one;
    run.checkpoint = run.log = NULL;
    trains(&run);
}

/* Makes a step, or is refused in one line. What is refused changes nothing, what is not changes something. */
static bool combination(const char *recipe, const char *image, const char *text, const char *word, bool step) {
    Recipe whole = *recipe_find(recipe);
    Err err = { "" };
    recipe_towers(&whole, &arena, image, text);
    Recipe less = whole;
    bool taken = recipe_leave_out(&less, &arena, word, &err), nothing = !strcmp(word, "nothing");
    CHECK(!taken || nothing || strstr(less.name, word), "%s", less.name);
    CHECK(taken || (strstr(err.text, word) && strstr(err.text, "it has: ") && !strchr(err.text, '\n')), "%s", err.text);
    if (taken && step) one_step(less);
    less.name = whole.name;
    bool same = !strcmp(recipe_text(&less, &arena), recipe_text(&whole, &arena));
    CHECK(same == (nothing || !taken), "%s without %s", whole.name, word);
    return taken;
}

/* All combinations; a step is made of all, or of two recipes with their own towers, and of one recipe with each tower
 * in turn and nothing left out. */
static void combinations(bool all_steps) {
    char *recipes[16], *images[16], *texts[16], *words[16];
    int taken = 0, R = split(RECIPES, recipes), I = split(RECIPE_IMAGES, images), T = split(RECIPE_TEXTS, texts),
        W = split(RECIPE_WITHOUT, words), all = R * I * T * W;
    for (int i = 0; i < all; i++) {
        const char *recipe = recipes[i / W / T / I], *image = images[i / W / T % I], *text = texts[i / W % T];
        bool own = !strcmp(text, "recipe") && !strcmp(image, "recipe"), whole = !strcmp(words[i % W], "nothing");
        bool quick = !strcmp(recipe, "quick"), full = !strcmp(recipe, "full");
        bool in_turn = whole && quick && i / W / T % I % T == i / W % T;
        bool step = all_steps || (own && (quick || full)) || in_turn;
        taken += combination(recipe, image, text, words[i % W], step);
    }
    CHECK(all == 1440 && taken == 860, "%d of %d", taken, all);
}
TEST(combinations_are_named_and_make_steps) { combinations(false); }
TEST(every_combination_makes_a_step_long) { combinations(true); }

static void refuses(const char *recipe, const char *image, const char *word, const char *line) {
    Recipe r = *recipe_find(recipe);
    Err err = { "" };
    recipe_towers(&r, &arena, image, "recipe");
    CHECK(!recipe_leave_out(&r, &arena, word, &err) && !strcmp(err.text, line), "%s", err.text);
}

TEST(recipes_without_an_ingredient) {
    refuses("notebook", "recipe", "alternating",
            "recipe notebook has no alternating to leave out; it has: whitening, dirac, muon, decay");
    refuses("quick", "vit", "whitening",
            "recipe quick-vit-bow has no whitening to leave out; it has: mirror, alternating, shift, decay");
    refuses("tiny", "recipe", "smoothing", "recipe tiny has no smoothing to leave out; it has: nothing");
    refuses("full", "recipe", "salt",
            "recipe full has no salt to leave out; it has: whitening, dirac, muon, mirror, alternating, shift, decay, "
            "smoothing, wordings");
    /* Other first weights, other last weights; the first convolution is frozen only while it whitens. */
    const char *const changed[] = { "nothing", "whitening", "dirac" };
    num first[3] = { 0 }, second[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        TrainRun run = run_of(*recipe_find("quick"), "without");
        Err err = { "" };
        CHECK(recipe_leave_out(&run.recipe, &arena, changed[i], &err), "%s", err.text);
        run.checkpoint = run.log = NULL;
        run.recipe.epochs = 2;
        run.recipe.batch = 10;
        run.recipe.whiten_epochs = 1;
        Clip clip;
        if (!train_run(&run, &clip, &err)) {
            CHECK(false, "%s", err.text);
            return;
        }
        CHECK(clip.image.conv[0].weight->frozen == (i != 1), "without %s", changed[i]);
        CHECK(clip.image.conv[0].bias->frozen == (i != 1), "its bias, without %s", changed[i]);
        first[i] = clip.image.conv[0].weight->val.v[0];
        second[i] = clip.image.conv[2].weight->val.v[0];
        clip_free(&clip);
    }
    CHECK(first[0] != first[1] && first[0] == first[2] && second[0] != second[2], "%g %g %g, %g %g", (double)first[0],
          (double)first[1], (double)first[2], (double)second[0], (double)second[2]);
}

/* Where all pictures have the same caption, each is found by it, and finds it. */
TEST(the_same_caption_is_no_mistake) {
    static uint8_t labels[PICTURES];
    TrainRun run = run_of(least(), "alike");
    Cifar alike = train;
    memset(labels, 3, sizeof labels);
    alike.labels = labels;
    run.train = &alike;
    run.recipe.templates[1] = NULL;
    run.recipe.epochs = 1;
    run.after_epoch = keep_row;
    row_count = 0;
    trains(&run);
    CHECK(row_count == 1 && rows[0].image_to_text > 1 - 1e-9 && rows[0].text_to_image > 1 - 1e-9, "%g, %g",
          rows[0].image_to_text, rows[0].text_to_image);
}

/* CLIP paper, 2.5: the logit scale is 100 at most after a step. It begins above and hardly moves by itself. */
TEST(the_scale_has_an_end) {
    TrainRun run = run_of(least(), "scale");
    run.recipe.model.logit_scale = 500;
    for (int g = 0; g < 3; g++) run.recipe.groups[g].lr = 1e-9;
    run.recipe.epochs = 1;
    run.after_epoch = keep_row;
    row_count = 0;
    trains(&run);
    CHECK(row_count == 1, "%d rows", row_count);
    CHECK_NEAR(rows[0].logit_scale, 100, 1e-5);
}

TESTS(any_number_of_threads, resumed_everything, resumed_least, resumed_with_other_towers, resumed_at_the_end,
      resumed_from_nothing, resumed_with_another_log, stopped_before_anything_was_finished,
      every_field_is_in_the_text_of_a_recipe, another_run_is_not_resumed, an_old_or_edited_signature,
      another_run_is_kept, a_damaged_checkpoint_is_not_resumed, a_checkpoint_with_one_flipped_bit_is_not_resumed,
      an_older_checkpoint_is_resumed_with_a_warning, an_incomplete_checkpoint_is_not_resumed,
      a_batch_larger_than_the_set, a_gradient_that_is_not_finite, a_gradient_of_a_part_that_is_not_finite,
      the_first_operation_is_named, an_absurd_learning_rate, a_place_that_cannot_be_written, a_full_disk,
      rows_make_sense, batches_in_parts, texts_find_their_pictures, batches_are_reported, the_log_has_its_columns,
      the_log_is_read_back, recipes, combinations_are_named_and_make_steps, every_combination_makes_a_step_long,
      recipes_without_an_ingredient, the_same_caption_is_no_mistake, the_scale_has_an_end)
