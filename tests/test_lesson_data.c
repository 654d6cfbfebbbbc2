/* lesson_data: a lesson gets the model it needs, the same one each time, and never one of other pictures. */
#include "lesson/lesson_pairs.h"
#include "training/train.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEW = 40 };
static Arena arena;
static const LessonModelArgs args = { .recipe = "tiny", .data = "shapes", .seed = 1, .train_images = FEW };

/* From here on everything is read from and written to a folder of this test's own. */
static Cifar begin(void) {
    if (chdir(check_folder()) != 0) check_fail(__FILE__, __LINE__, "chdir", "%s", check_folder());
    thread_set_count(1); /* CHECK_STOPS forks: threads would be missing in the child */
    setenv("CLIP_MODELS", "models", 1);
    if (!freopen("said", "w", stderr)) check_fail(__FILE__, __LINE__, "freopen", "%s", "said");
    setvbuf(stderr, NULL, _IONBF, 0);
    fflush(stdout);
    return lesson_pictures(&arena, "shapes", CIFAR_TEST, FEW);
}

/* What was said on stderr so far, on the arena. */
static const char *said(void) {
    File file;
    fflush(stderr);
    if (!file_open(&file, "said", NULL)) return "";
    const char *text = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data);
    file_close(&file);
    return text;
}

static num first_weight(LessonModel *model) {
    num w = model->clip.params.list[0]->val.v[0];
    clip_free(&model->clip);
    return w;
}

static void copy(const char *from, const char *to, const char *templates, const char *run) {
    Clip clip;
    Err err;
    CHECK(clip_load(&clip, from, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&clip, &out, DTYPE_F32);
    if (templates) safetensors_add_meta(&out, "templates", templates);
    if (run) {
        safetensors_add_meta(&out, "run", run);
        safetensors_add_meta(&out, "epoch", "1");
    }
    CHECK(safetensors_write(&out, to, &err), "%s", err.text);
    clip_free(&clip);
}

static const char *const kept = "models/tiny-first40-shapes-seed1.safetensors";

TEST(trained_once_and_kept) {
    Cifar pictures = begin();
    LessonModel model = lesson_model(&arena, &args, &pictures);
    CHECK(!strcmp(model.path, kept) && file_exists(kept), "%s", model.path);
    CHECK(strstr(model.run, "recipe tiny, seed 1, 5 epochs, batch 4") && strstr(model.run, "40 pictures"), "%s",
          model.run);
    CHECK(model.template_count == 1 && !strcmp(model.templates[0], "a photo of a {}"), "%d templates",
          model.template_count);
    CHECK(strstr(said(), "A model is trained first") && strstr(said(), "epoch 5 of 5: loss"), "%s", said());
    num before = first_weight(&model);
    size_t length = strlen(said());
    model = lesson_model(&arena, &args, &pictures);
    CHECK(!strstr(said() + length, "trained"), "%s", said() + length);
    num after = first_weight(&model);
    CHECK(memcmp(&before, &after, sizeof before) == 0, "%g and %g", (double)before, (double)after);
    arena_free(&arena);
}

TEST(what_was_stopped_goes_on) {
    Cifar pictures = begin();
    LessonModel model = lesson_model(&arena, &args, &pictures);
    num whole = first_weight(&model);
    remove(kept);
    TrainRun run = { .recipe = *recipe_find("tiny"), .seed = 1, .train = NULL, .checkpoint = kept };
    Cifar train = lesson_pictures(&arena, "shapes", CIFAR_TRAIN, FEW);
    run.train = &train;
    run.test = &pictures;
    run.recipe.batch = 4;
    run.after_epoch = NULL;
    train_interrupt(); /* in the first epoch: nothing is kept, and the next call starts anew */
    Clip clip;
    Err err;
    CHECK(!train_run(&run, &clip, &err) && !file_exists(kept), "%s", err.text);
    model = lesson_model(&arena, &args, &pictures);
    CHECK(first_weight(&model) == whole, "%s", "another model");
    copy(kept, kept, NULL, "recipe tiny, seed 1, 5 epochs, of something else");
    CHECK_STOPS(lesson_model(&arena, &args, &pictures), EXIT_TROUBLE, "does not say all settings of its run");
    arena_free(&arena);
}

TEST(shipped_where_it_serves) {
    Cifar pictures = begin();
    LessonModel model = lesson_model(&arena, &args, &pictures);
    const char *all = "this is a {}|a photo of a {}|";
    clip_free(&model.clip);
    Err err;
    CHECK(folder_make("data/pretrained", &err), "%s", err.text);
    CHECK(folder_make("models", &err), "%s", err.text);
    Cifar photographs = pictures; /* as far as lesson_model can tell */
    photographs.generated = false;
    LessonModelArgs whole = args;
    whole.train_images = 0;
    copy(kept, LESSON_SHIPPED, all, NULL);
    copy(kept, "models/tiny-cifar10-seed1.safetensors", "a photo of a {}", NULL);
    copy(kept, "models/tiny-cifar10-seed2.safetensors", NULL, NULL);
    model = lesson_model(&arena, &whole, &photographs);
    CHECK(!strcmp(model.path, LESSON_SHIPPED), "%s", model.path);
    CHECK(model.template_count == 2 && !*model.run, "%d, %s", model.template_count, model.run);
    clip_free(&model.clip);
    whole.seed = 2;
    model = lesson_model(&arena, &whole, &photographs);
    CHECK(strstr(model.path, "seed2"), "%s", model.path);
    CHECK(model.template_count == 0, "%d", model.template_count);
    clip_free(&model.clip);
    whole.seed = 1;
    copy(kept, LESSON_SHIPPED, "a picture of a {}|nothing to fill", NULL);
    model = lesson_model(&arena, &whole, &photographs);
    CHECK(strstr(model.path, "tiny-cifar10-seed1"), "%s", model.path);
    CHECK(model.template_count == 1, "%d", model.template_count);
    clip_free(&model.clip);
    arena_free(&arena);
}

/* Of shapes a model of the first pictures serves, if there is none of all. */
TEST(shapes_are_learnt_from_fewer_pictures) {
    Cifar pictures = begin();
    LessonModel model = lesson_model(&arena, &args, &pictures);
    clip_free(&model.clip);
    LessonModelArgs whole = args;
    whole.train_images = 0;
    const char *few = arena_print(&arena, "models/tiny-first%d-shapes-seed1.safetensors", LESSON_SHAPES_IMAGES);
    copy(kept, few, "a photo of a {}", NULL);
    model = lesson_model(&arena, &whole, &pictures);
    CHECK(!strcmp(model.path, few), "%s", model.path);
    clip_free(&model.clip);
    copy(kept, "models/tiny-shapes-seed1.safetensors", "a photo of a {}", NULL);
    model = lesson_model(&arena, &whole, &pictures);
    CHECK(!strcmp(model.path, "models/tiny-shapes-seed1.safetensors"), "%s", model.path);
    clip_free(&model.clip);
    arena_free(&arena);
}

TEST(models_of_other_pictures_are_refused) {
    Cifar pictures = begin(), photographs = pictures, named = pictures;
    const char *names[CIFAR_CLASSES];
    LessonModel model = lesson_model(&arena, &args, &pictures);
    clip_free(&model.clip);
    LessonModelArgs asked = args;
    asked.weights = kept;
    photographs.generated = false;
    CHECK_STOPS(lesson_model(&arena, &asked, &photographs), EXIT_TROUBLE,
                "this model was trained on generated shapes, and these pictures are CIFAR-10");
    for (int c = 0; c < CIFAR_CLASSES; c++) names[c] = c == 3 ? "yellow cat" : pictures.names[c];
    named.names = names;
    CHECK_STOPS(lesson_model(&arena, &asked, &named), EXIT_TROUBLE, "never saw the word \"cat\"");
    asked.weights = "missing";
    CHECK_STOPS(lesson_model(&arena, &asked, &pictures), EXIT_TROUBLE, "missing: ");
    asked.weights = "said";
    CHECK_STOPS(lesson_model(&arena, &asked, &pictures), EXIT_TROUBLE, "said");
    asked.recipe = "soup";
    CHECK_STOPS(lesson_model(&arena, &asked, &pictures), EXIT_CONTRACT, "no recipe soup");
    arena_free(&arena);
}

static Cifar cifar_or_nothing(void) { return lesson_pictures(&arena, "cifar", CIFAR_TEST, 5); }

TEST(pictures_as_asked_for) {
    Cifar shapes = begin(), any;
    unsetenv("CIFAR10_DIR"); /* and there is none in this folder */
    any = lesson_pictures(&arena, "auto", CIFAR_TEST, 15);
    CHECK(shapes.n == FEW && shapes.generated && any.n == 15 && any.generated, "%d, %d pictures", shapes.n, any.n);
    CHECK(strstr(lesson_notice(&shapes, "shapes"), "as asked for") &&
              strstr(lesson_notice(&any, "auto"), "no CIFAR-10 was found"),
          "%s, %s", lesson_notice(&shapes, "shapes"), lesson_notice(&any, "auto"));
    CHECK_STOPS(cifar_or_nothing(), EXIT_TROUBLE, "CIFAR-10 is not there; `make data` fetches it");
    setenv("CIFAR10_DIR", "nowhere", 1);
    CHECK_STOPS(cifar_or_nothing(), EXIT_TROUBLE, "CIFAR10_DIR is nowhere");
}

TEST(models_of_larger_pictures_are_refused) {
    Cifar pictures = begin();
    static const char *const pattern = "{}";
    Vocab vocab = vocab_build(&arena, &pattern, 1, pictures.names, CIFAR_CLASSES);
    Clip clip;
    Err err;
    ClipConfig config = { .image = { .kind = "vit", .side = 64, .width = 32, .embed = 8 },
                          .tokens = 4,
                          .text = { .kind = "bow", .width = 8, .embed = 8, .padding = TEXT_PADDING } };
    CHECK(clip_init(&clip, config, &vocab, 1, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&clip, &out, DTYPE_F32);
    CHECK(safetensors_write(&out, "large", &err), "%s", err.text);
    clip_free(&clip);
    CHECK_STOPS(lesson_model_open(&arena, "large", &pictures), EXIT_TROUBLE,
                "large: this model takes pictures of 64 x 64, and these are 32 x 32");
    LessonModel model = lesson_model_open(&arena, "large", NULL); /* for any pictures */
    clip_free(&model.clip);
}

/* Opens it in a child whose stdout is stderr, so that CHECK_STOPS can read it. */
static void open_and_print(const char *path, const Cifar *pictures) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    lesson_model_open(&arena, path, pictures);
    fflush(stdout);
    exit(0);
}

TEST(models_say_how_they_were_trained) {
    Cifar pictures = begin();
    LessonModel model = lesson_model(&arena, &args, &pictures);
    clip_free(&model.clip);
    CHECK_STOPS(open_and_print(kept, &pictures), 0,
                "Model: recipe tiny, seed 1, 5 epochs, batch 4, lr 0.001, 40 pictures of generated shapes\n");
    copy(kept, "part", NULL, "recipe tiny, seed 1, 5 epochs, batch 4, 40\033 pictures of generated shapes");
    CHECK_STOPS(open_and_print("part", &pictures), 0,
                "batch 4, 40? pictures of generated shapes; stopped after epoch 1\n");
    copy(kept, "silent", NULL, NULL);
    CHECK_STOPS(open_and_print("silent", &pictures), 0, "Model: its file does not say how it was trained\n");
    arena_free(&arena);
}

/* ---- training with progress --------------------------------------------------------------------------------- */

static int epochs_seen;
static void interrupt_in_epoch(void *context, const EpochRow *row) {
    epochs_seen = row->epoch;
    if (row->epoch == *(int *)context) raise(SIGINT);
}

/* Ctrl-C stops after the batch, and the checkpoint stays; another run's file is kept and named. */
TEST(models_of_own_pairs_are_named_by_their_table) {
    static const char *const names[][2] = { { "photos.tsv", "photos" },
                                            { "/a/b/photos.tsv", "photos" },
                                            { "my photos+1.old.csv", "my_photos_1.old" },
                                            { "photos", "photos" },
                                            { ".tsv", ".tsv" },
                                            { "caf\xc3\xa9.tsv", "caf__" },
                                            { "a/b/", "a_b_" } };
    setenv("CLIP_MODELS", "m", 1);
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *got = lesson_pairs_path(&arena, names[i][0], "-vit-bow", 7, ".last");
        const char *want = arena_print(&arena, "m/%s-vit-bow-seed7.last", names[i][1]);
        CHECK(!strcmp(got, want), "%s: %s, want %s", names[i][0], got, want);
    }
}

/* What a model of own pairs says of its pictures; where it says nothing, or no split at all, the seed of the lesson. */
TEST(the_split_of_a_model) {
    LessonPairsSplit want = { .seed = 7, .val_share = 0.2, .test_share = 1.0 / 3 }, got;
    LessonModel model = { .split = lesson_split_text(&arena, want), .fit = "letterbox" };
    model.clip.config.image.side = 64;
    got = lesson_pairs_split(&model, 5);
    CHECK(got.seed == 7 && got.val_share == 0.2 && got.test_share == 1.0 / 3, "%d %.17g %.17g", got.seed, got.val_share,
          got.test_share);
    CHECK(!strcmp(got.fit, "letterbox") && got.side == 64, "%s %d", got.fit, got.side);
    static const char *const wrong[] = { NULL, "", "7 0.2", "x 0.2 0.1", "-1 0.2 0.1", "7 2 0.1", "7 0.2 -1" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        LessonModel none = { .split = wrong[i] };
        got = lesson_pairs_split(&none, 5);
        CHECK(got.seed == 5 && got.val_share == 0 && got.test_share == 0 && !strcmp(got.fit, "crop") && got.side == 32,
              "\"%s\": %d %g %g %s %d", wrong[i] ? wrong[i] : "", got.seed, got.val_share, got.test_share, got.fit,
              got.side);
    }
}

TEST(training_is_stopped_by_a_signal) {
    Cifar pictures = begin(), train = lesson_pictures(&arena, "shapes", CIFAR_TRAIN, FEW);
    int stop_at = 2;
    TrainRun run = {
        *recipe_find("tiny"), 1, &train, &pictures, "stopped.safetensors", .after_epoch = interrupt_in_epoch
    };
    run.context = &stop_at;
    run.recipe.batch = 10;
    Clip clip;
    Err err = { "" };
    CHECK(!lesson_train(&run, &clip, &err) && epochs_seen == 2, "epoch %d: %s", epochs_seen, err.text);
    CHECK(!strcmp(err.text, "stopped in epoch 3 of 5; epoch 2 is in stopped.safetensors, go on with --resume"), "%s",
          err.text);
    CHECK(signal(SIGINT, SIG_DFL) == SIG_DFL, "%s", "the handler was left behind");
    run.after_epoch = NULL;
    run.recipe.batch = 20;
    CHECK(lesson_train(&run, &clip, &err), "%s", err.text);
    clip_free(&clip);
    CHECK(strstr(said(), "kept:  what was there before is now stopped.previous.safetensors\n"), "%s", said());
}

TESTS(trained_once_and_kept, what_was_stopped_goes_on, shipped_where_it_serves, shapes_are_learnt_from_fewer_pictures,
      models_of_other_pictures_are_refused, pictures_as_asked_for, models_of_larger_pictures_are_refused,
      models_say_how_they_were_trained, models_of_own_pairs_are_named_by_their_table, the_split_of_a_model,
      training_is_stopped_by_a_signal)
