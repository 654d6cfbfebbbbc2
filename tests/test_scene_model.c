/* Scene model: what it refuses, its files, its pair score with both interactions. Training: test_result_table.c. */
#include "scenes/scene_model.h"
#include "core/arena.h"
#include "core/file.h"
#include "check.h"
#include "tensor_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

static void make(SceneModel *scene_model, SceneModelConfig config) {
    Err err;
    CHECK(scene_model_init(scene_model, &config, &err), "%s", err.text);
}

static void refused(SceneModelConfig config, const char *why) {
    SceneModel scene_model;
    Err err;
    CHECK(!scene_model_init(&scene_model, &config, &err), "made; wanted: %s", why);
    CHECK(strstr(err.text, why) && !strchr(err.text, '\n'), "want \"%s\" in: %s", why, err.text);
}

TEST(settings_that_are_refused) {
    refused((SceneModelConfig){ .objects = 9 }, "9 objects in a scene, want 1 to 5");
    refused((SceneModelConfig){ .palette = 4, .split = SPLIT_COUNTS, .coverage = 0.5 }, "not --split counts");
    refused((SceneModelConfig){ .palette = 4, .split = SPLIT_RELATIONS, .coverage = 0.5 }, "not --split relations");
    refused((SceneModelConfig){ .palette = -1 }, "palette is -1");
    refused((SceneModelConfig){ .palette = 2, .objects = 3 }, "at least the 3 objects of a scene");
    refused((SceneModelConfig){ .steps = -5 }, "-5 steps, want at least 1");
    refused((SceneModelConfig){ .interaction = "late", .text = "bow" }, "needs the text tower transformer, not bow");
    refused((SceneModelConfig){ .text = "parrot" }, "parrot");
}

TEST(settings_left_out) {
    SceneModelConfig s = scene_model_config((SceneModelConfig){ .split = SPLIT_PAIRS });
    CHECK(s.coverage == 1 && s.objects == 2 && s.steps == SCENE_MODEL_STEPS && !strcmp(s.text, "transformer") &&
              !strcmp(s.interaction, "vector"),
          "%s", scene_model_text(&arena, &s));
    s = scene_model_config(
        (SceneModelConfig){ .split = SPLIT_ALL, .coverage = 0.25, .text = "bow", .seed = 7, .steps = 9, .objects = 1 });
    CHECK(s.coverage == 1, "%g of everything", s.coverage); /* SPLIT_ALL has no coverage */
    const char *text = scene_model_text(&arena, &s);
    CHECK(!strcmp(text, "bow, interaction vector, everything, 1 object, seed 7, 9 steps"), "%s", text);
    s = scene_model_config((SceneModelConfig){ .split = SPLIT_COUNTS, .coverage = 0.12345, .palette = 6 });
    CHECK(s.coverage == 0.123, "%g", s.coverage);
    text = scene_model_text(&arena, &s);
    CHECK(strstr(text, "12.3 % of counts, 2 objects, palette 6, seed 0"), "%s", text);
}

/* ---- what is not a number ---------------------------------------------------------------------------------------- */

static uint32_t sum_of_weights(const SceneModel *scene_model) { /* of what is learnt: statistics follow what is seen */
    uint32_t sum = 0;
    for (int i = 0; i < scene_model->clip.params.count; i++) {
        const Param *p = scene_model->clip.params.list[i];
        const uint8_t *bytes = (const uint8_t *)p->val.v;
        for (size_t k = 0; !p->frozen && k < mat_count(p->val) * sizeof(num); k++) sum = sum * 31 + bytes[k];
    }
    return sum;
}

/* No step is made, and the line says where it went wrong. */
static void stops(SceneModel *scene_model, const char *why) {
    Err err = { "" };
    uint32_t before = sum_of_weights(scene_model);
    CHECK(!scene_model_train(scene_model, NULL, &err), "it trained on; want: %s", why);
    CHECK(strstr(err.text, why) && strstr(err.text, "seed 1, 3 steps: step 1: ") && !strchr(err.text, '\n'),
          "want \"%s\" in: %s", why, err.text);
    CHECK(sum_of_weights(scene_model) == before, "the weights have changed: %s", err.text);
    scene_model_free(scene_model);
}

/* A parameter's numbers times a factor, and something more to the first. */
static void spoil(SceneModel *scene_model, const char *name, double factor, double stage2) {
    Param *p = params_find(&scene_model->clip.params, name);
    CHECK(p, "there is no %s", name);
    for (size_t k = 0; k < mat_count(p->val); k++) p->val.v[k] = (num)((double)p->val.v[k] * factor + (k ? 0 : stage2));
}

static void stops_with(const char *name, double stage2, const char *why) {
    SceneModel scene_model;
    make(&scene_model, (SceneModelConfig){ .text = "bow", .seed = 1, .steps = 3 });
    spoil(&scene_model, name, 1, stage2);
    stops(&scene_model, why);
}

TEST(a_nan_stops_before_the_update) {
    stops_with("image.fc.bias", NAN, "the loss is not finite; the first operation that produced this is image.fc.bias");
    stops_with("text.fc.weight", INFINITY,
               "the loss is not finite; the first operation that produced this is text.fc.weight");
    stops_with("logit_scale", 200, "the first operation that produced this is exp");
}

/* A finite loss, and slopes beyond all floats. */
TEST(a_gradient_that_is_not_finite_stops_before_the_update) {
    SceneModel scene_model;
    make(&scene_model, (SceneModelConfig){ .text = "bow", .seed = 1, .steps = 3 });
    spoil(&scene_model, "text.embedding.weight", 1e34, 0);
    spoil(&scene_model, "text.fc.weight", 1e-40, 0);
    spoil(&scene_model, "text.fc.bias", 0, 0);
    stops(&scene_model, "a gradient is not finite; the first operation of the backward pass that produced this is ");
}

/* A training that failed is not saved; the file saved before stays. */
TEST(a_nan_leaves_what_is_kept) {
    const SceneModelConfig config = { .text = "bow", .seed = 1, .steps = 2 };
    const TrainingStage steep = { .name = "steep", .steps = 3, .lr_factor = 1e30 };
    SceneModel scene_model;
    Err err;
    setenv("CLIP_MODELS", in_folder("models"), 1);
    CHECK(scene_model_load_or_train(&scene_model, &config, NULL, &err), "%s", err.text);
    CHECK(scene_model.loss > 2 && scene_model.loss < 6, "%g",
          scene_model.loss); /* of 128 pairs by chance: 4.9 at most */
    uint32_t before = sum_of_weights(&scene_model);
    scene_model_free(&scene_model);
    CHECK(!scene_model_load_or_train(&scene_model, &config, &steep, &err) && strstr(err.text, "is not finite"), "%s",
          err.text);
    CHECK(!file_exists(scene_model_path(&arena, &config, &steep)), "%s", "it was kept");
    CHECK(scene_model_load_or_train(&scene_model, &config, NULL, &err) && sum_of_weights(&scene_model) == before, "%s",
          "another model");
    scene_model_free(&scene_model);
}

/* A model that comes with the toolkit is loaded where models_folder() has none, and nothing is trained or written. */
TEST(shipped_models_are_loaded) {
    const SceneModelConfig config = { .text = "bow", .seed = 1 }, other = { .text = "bow", .seed = 2 };
    SceneModel made, loaded;
    Err err;
    CHECK(!chdir(check_folder()) && !setenv("CLIP_MODELS", "own", 1) && folder_make("data/pretrained", &err), "%s",
          "no folder");
    make(&made, config);
    made.loss = 2.5;
    const char *own = scene_model_path(&arena, &config, NULL), *shipped = scene_model_shipped(&arena, &config);
    CHECK(!strcmp(shipped, "data/pretrained/scene-bow-vector-all-1000.safetensors"), "%s", shipped);
    CHECK(!scene_model_shipped(&arena, &other), "%s", "seed 2 does not come with the toolkit");
    CHECK(scene_model_save(&made, NULL, shipped, &err), "%s", err.text);
    CHECK(scene_model_load_or_train(&loaded, &config, NULL, &err), "%s", err.text);
    CHECK(loaded.loss == 2.5 && sum_of_weights(&loaded) == sum_of_weights(&made), "another model: %g", loaded.loss);
    CHECK(!file_exists(own), "%s was written", own);
    scene_model_free(&loaded);
    made.loss = 3.5;
    CHECK(folder_make("own", &err) && scene_model_save(&made, NULL, own, &err), "%s", err.text);
    CHECK(scene_model_load_or_train(&loaded, &config, NULL, &err) && loaded.loss == 3.5, "not the own model: %g",
          loaded.loss);
    scene_model_free(&loaded);
    scene_model_free(&made);
}

/* ---- its file ---------------------------------------------------------------------------------------------------- */

/* The file at `path` again, with another word for the loss; NULL: none. */
static const char *with_loss(const char *path, const char *loss) {
    Arena read = { 0 };
    Safetensors file;
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    CHECK(safetensors_open(&file, &read, path, &err), "%s", err.text);
    for (int i = 0; i < file.meta_count; i++)
        if (strcmp(file.meta[i].key, "loss")) safetensors_add_meta(&out, file.meta[i].key, file.meta[i].value);
    if (loss) safetensors_add_meta(&out, "loss", loss);
    for (int i = 0; i < file.count; i++) tensor_copy(&out, &file.tensors[i]);
    CHECK(safetensors_write(&out, in_folder("damaged.safetensors"), &err), "%s", err.text);
    safetensors_close(&file);
    arena_free(&read);
    return in_folder("damaged.safetensors");
}

TEST(a_file_without_its_loss) {
    static const char *const bad[] = { NULL, "", "little", "nan", "1e300" };
    const SceneModelConfig config = { .text = "bow", .seed = 1, .steps = 3 };
    SceneModel scene_model, again;
    make(&scene_model, config);
    Err err;
    scene_model.loss = 2.5;
    const char *path = in_folder("scene-model.safetensors");
    CHECK(scene_model_save(&scene_model, NULL, path, &err), "%s", err.text);
    CHECK(scene_model_load(&again, &config, NULL, with_loss(path, "2.5"), &err) && again.loss == 2.5, "%s", err.text);
    scene_model_free(&again);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!scene_model_load(&again, &config, NULL, with_loss(path, bad[i]), &err) &&
                  strstr(err.text, "metadata \"loss\" is not a number"),
              "%s: %s", bad[i] ? bad[i] : "none", err.text);
    scene_model_free(&scene_model);
}

/* One number of it is not a number, or too large to compute with. */
TEST(a_file_of_damaged_weights) {
    static const double bad[] = { NAN, INFINITY, 3e38 };
    const SceneModelConfig config = { .text = "bow", .seed = 1, .steps = 3 };
    const char *path = in_folder("spoilt.safetensors");
    for (size_t i = 0; i < COUNT(bad); i++) {
        SceneModel scene_model, again;
        Err err;
        make(&scene_model, config);
        Param *weight = params_find(&scene_model.clip.params, i == 2 ? "image.fc.weight" : "text.embedding.weight");
        for (size_t k = 0; k < (i == 2 ? mat_count(weight->val) : 1); k++) weight->val.v[k] = (num)bad[i];
        CHECK(scene_model_save(&scene_model, NULL, path, &err), "%s", err.text);
        CHECK(!scene_model_load(&again, &config, NULL, path, &err) && strstr(err.text, "are not finite"), "%g: %s",
              bad[i], err.text);
        scene_model_free(&scene_model);
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

/* Two ways to the same scores: all vectors at once, or item by item, by similarities. */
static void asks(const char *interaction, ProbeKind kind) {
    SceneModel scene_model;
    make(&scene_model, (SceneModelConfig){ .interaction = interaction, .seed = 4 });
    MinimalPairs pairs;
    Err err;
    CHECK(minimal_pairs_make(&pairs, &arena, &(MinimalPairsConfig){ .kind = kind, .seed = 5, .count = 12 }, &err), "%s",
          err.text);
    PairScore got = scene_model_pair_score(&scene_model, &pairs), want = pair_score_new(pairs.pictures, pairs.captions);
    for (int q = 0; q < pairs.count; q++) {
        const Scene *scenes[PAIR_PICTURES];
        double s[PAIR_PICTURES * PAIR_CAPTIONS];
        for (int p = 0; p < pairs.pictures; p++) scenes[p] = &pairs.item[q].scene[p];
        for (int p = 0; p < pairs.pictures; p++) /* one at a time: a similarity is no matter of company */
            for (int c = 0; c < pairs.captions; c++)
                s[p * pairs.captions + c] =
                    (double)scene_model_similarities(&scene_model, &arena, &scenes[p], 1, &pairs.item[q].caption[c], 1)
                        .v[0];
        pair_score_add(&want, s);
    }
    CHECK(got.items == 12 && want.items == 12 && got.comparisons == want.comparisons, "%d items", got.items);
    for (int k = 0; k < PAIR_METRICS; k++) CHECK_NEAR(got.sum[k], want.sum[k], 1e-9);
    scene_model_free(&scene_model);
}

TEST(a_probe_by_vectors) {
    asks("vector", PROBE_NEGATION);
    asks("vector", PROBE_SHUFFLE);
}
TEST(a_probe_by_late_interaction) {
    asks("late", PROBE_NEGATION);
    asks("late", PROBE_SHUFFLE);
}

TEST(late_interaction_has_no_single_vector) {
    SceneModel scene_model;
    make(&scene_model, (SceneModelConfig){ .interaction = "late", .seed = 4 });
    Scene scene = scene_make(&(SceneConfig){ .seed = 1 }, 0);
    const Scene *scenes[] = { &scene };
    CHECK_STOPS(scene_model_image_features(&scene_model, &arena, scenes, 1), EXIT_CONTRACT,
                "interaction late has no single vector for a picture");
    scene_model_free(&scene_model);
}

TESTS(settings_that_are_refused, settings_left_out, a_nan_stops_before_the_update,
      a_gradient_that_is_not_finite_stops_before_the_update, a_nan_leaves_what_is_kept, shipped_models_are_loaded,
      a_file_without_its_loss, a_file_of_damaged_weights, a_probe_by_vectors, a_probe_by_late_interaction,
      late_interaction_has_no_single_vector)
