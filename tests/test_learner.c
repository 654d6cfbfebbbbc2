/* learner: what it refuses, and what a probe asks of it, whatever its reading. That it learns: test_limit_table.c. */
#include "scenes/scene_model.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

static void make(Learner *learner, LearnerSettings settings) {
    Err err;
    CHECK(learner_make(learner, &settings, &err), "%s", err.text);
}

static void refused(LearnerSettings settings, const char *why) {
    Learner learner;
    Err err;
    CHECK(!learner_make(&learner, &settings, &err), "made; wanted: %s", why);
    CHECK(strstr(err.text, why) && !strchr(err.text, '\n'), "want \"%s\" in: %s", why, err.text);
}

TEST(settings_that_are_refused) {
    refused((LearnerSettings){ .objects = 9 }, "9 objects in a scene, want 1 to 5");
    refused((LearnerSettings){ .palette = 4, .split = SPLIT_COUNTS, .coverage = 0.5 }, "not of counts");
    refused((LearnerSettings){ .palette = 4, .split = SPLIT_RELATIONS, .coverage = 0.5 }, "not of relations");
    refused((LearnerSettings){ .palette = -1 }, "batches about -1 things");
    refused((LearnerSettings){ .palette = 2, .objects = 3 }, "at least the 3 of a scene");
    refused((LearnerSettings){ .steps = -5 }, "-5 steps, want at least 1");
    refused((LearnerSettings){ .reading = "places", .text = "bow" }, "wants the text tower transformer, not bow");
    refused((LearnerSettings){ .text = "parrot" }, "parrot");
}

TEST(settings_left_out) {
    LearnerSettings s = learner_settings((LearnerSettings){ .split = SPLIT_PAIRS });
    CHECK(s.coverage == 1 && s.objects == 2 && s.steps == LEARNER_STEPS && !strcmp(s.text, "transformer") &&
              !strcmp(s.reading, "vector"),
          "%s", learner_text(&arena, &s));
    s = learner_settings(
        (LearnerSettings){ .split = SPLIT_ALL, .coverage = 0.25, .text = "bow", .seed = 7, .steps = 9, .objects = 1 });
    CHECK(s.coverage == 1, "%g of everything", s.coverage); /* all is all: these are the same learner */
    const char *text = learner_text(&arena, &s);
    CHECK(!strcmp(text, "bow, reading vector, everything, 1 object, seed 7, 9 steps"), "%s", text);
    s = learner_settings((LearnerSettings){ .split = SPLIT_COUNTS, .coverage = 0.12345, .palette = 6 });
    CHECK(s.coverage == 0.123, "%g", s.coverage);
    text = learner_text(&arena, &s);
    CHECK(strstr(text, "12.3 % of counts, 2 objects, batches about 6 things, seed 0"), "%s", text);
}

/* ---- what is not a number ----------------------------------------------------------------------------------------- */

static uint32_t sum_of_weights(const Learner *learner) { /* of what is learnt: statistics follow what is seen */
    uint32_t sum = 0;
    for (int i = 0; i < learner->clip.params.count; i++) {
        const Param *p = learner->clip.params.list[i];
        const uint8_t *bytes = (const uint8_t *)p->val.v;
        for (size_t k = 0; !p->frozen && k < mat_count(p->val) * sizeof(num); k++) sum = sum * 31 + bytes[k];
    }
    return sum;
}

/* No step is made, and the line says where it went wrong. */
static void stops(Learner *learner, const char *why) {
    Err err = { "" };
    uint32_t before = sum_of_weights(learner);
    CHECK(!learner_learn(learner, NULL, &err), "it learnt on; want: %s", why);
    CHECK(strstr(err.text, why) && strstr(err.text, "seed 1, 3 steps: step 1: ") && !strchr(err.text, '\n'),
          "want \"%s\" in: %s", why, err.text);
    CHECK(sum_of_weights(learner) == before, "the weights have changed: %s", err.text);
    learner_free(learner);
}

/* A parameter's numbers times a factor, and something more to the first. */
static void spoil(Learner *learner, const char *name, double factor, double more) {
    Param *p = params_find(&learner->clip.params, name);
    CHECK(p, "there is no %s", name);
    for (size_t k = 0; k < mat_count(p->val); k++) p->val.v[k] = (num)((double)p->val.v[k] * factor + (k ? 0 : more));
}

static void stops_with(const char *name, double more, const char *why) {
    Learner learner;
    make(&learner, (LearnerSettings){ .text = "bow", .seed = 1, .steps = 3 });
    spoil(&learner, name, 1, more);
    stops(&learner, why);
}

TEST(a_nan_stops_before_the_update) {
    stops_with("image.fc.bias", NAN,
               "the loss is not a finite number; the first operation that made one is image.fc.bias");
    stops_with("text.fc.weight", INFINITY,
               "the loss is not a finite number; the first operation that made one is text.fc.weight");
    stops_with("logit_scale", 200, "the first operation that made one is exp");
}

/* A finite loss, and slopes beyond all floats. */
TEST(a_gradient_that_is_not_finite_stops_before_the_update) {
    Learner learner;
    make(&learner, (LearnerSettings){ .text = "bow", .seed = 1, .steps = 3 });
    spoil(&learner, "text.embedding.weight", 1e34, 0);
    spoil(&learner, "text.fc.weight", 1e-40, 0);
    spoil(&learner, "text.fc.bias", 0, 0);
    stops(&learner, "a gradient is not a finite number; the first operation on the way back that made one is ");
}

/* Nothing of a learner that met one is kept; what was kept before stays. */
TEST(a_nan_leaves_what_is_kept) {
    const LearnerSettings settings = { .text = "bow", .seed = 1, .steps = 2 };
    const LearnerCourse steep = { .name = "steep", .steps = 3, .rate = 1e30 };
    Learner learner;
    Err err;
    setenv("CLIP_MODELS", in_folder("models"), 1);
    CHECK(learner_get(&learner, &settings, NULL, &err), "%s", err.text);
    CHECK(learner.loss > 2 && learner.loss < 6, "%g", learner.loss); /* of 128 pairs by chance: 4.9 at most */
    uint32_t before = sum_of_weights(&learner);
    learner_free(&learner);
    CHECK(!learner_get(&learner, &settings, &steep, &err) && strstr(err.text, "is not a finite number"), "%s",
          err.text);
    CHECK(!file_exists(learner_path(&arena, &settings, &steep)), "%s", "it was kept");
    CHECK(learner_get(&learner, &settings, NULL, &err) && sum_of_weights(&learner) == before, "%s", "another learner");
    learner_free(&learner);
}

/* ---- its file ----------------------------------------------------------------------------------------------------- */

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
    for (int i = 0; i < file.count; i++) safetensors_add_tensor(&out, &file.tensors[i]);
    CHECK(safetensors_write(&out, in_folder("damaged.safetensors"), &err), "%s", err.text);
    safetensors_close(&file);
    arena_free(&read);
    return in_folder("damaged.safetensors");
}

TEST(a_file_without_its_loss) {
    static const char *const bad[] = { NULL, "", "little", "nan", "1e300" };
    const LearnerSettings settings = { .text = "bow", .seed = 1, .steps = 3 };
    Learner learner, again;
    make(&learner, settings);
    Err err;
    learner.loss = 2.5;
    const char *path = in_folder("learner.safetensors");
    CHECK(learner_save(&learner, NULL, path, &err), "%s", err.text);
    CHECK(learner_load(&again, &settings, NULL, with_loss(path, "2.5"), &err) && again.loss == 2.5, "%s", err.text);
    learner_free(&again);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!learner_load(&again, &settings, NULL, with_loss(path, bad[i]), &err) &&
                  strstr(err.text, "metadata \"loss\" is no number"),
              "%s: %s", bad[i] ? bad[i] : "none", err.text);
    learner_free(&learner);
}

/* One number of it is not a number, or too large to compute with. */
TEST(a_file_of_damaged_weights) {
    static const double bad[] = { NAN, INFINITY, 3e38 };
    const LearnerSettings settings = { .text = "bow", .seed = 1, .steps = 3 };
    const char *path = in_folder("spoilt.safetensors");
    for (size_t i = 0; i < COUNT(bad); i++) {
        Learner learner, again;
        Err err;
        make(&learner, settings);
        Param *weight = params_find(&learner.clip.params, i == 2 ? "image.fc.weight" : "text.embedding.weight");
        for (size_t k = 0; k < (i == 2 ? mat_count(weight->val) : 1); k++) weight->val.v[k] = (num)bad[i];
        CHECK(learner_save(&learner, NULL, path, &err), "%s", err.text);
        CHECK(!learner_load(&again, &settings, NULL, path, &err) && strstr(err.text, "its weights are damaged"),
              "%g: %s", bad[i], err.text);
        learner_free(&learner);
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

/* Two ways to the same scores: all vectors at once, or item by item, by similarities. */
static void asks(const char *reading, QuadKind kind) {
    Learner learner;
    make(&learner, (LearnerSettings){ .reading = reading, .seed = 4 });
    Quads quads;
    Err err;
    CHECK(quads_make(&quads, &arena, &(QuadSettings){ .kind = kind, .seed = 5, .count = 12 }, &err), "%s", err.text);
    Tally got = learner_quads(&learner, &quads), want = tally_new(quads.pictures, quads.captions);
    for (int q = 0; q < quads.count; q++) {
        const Scene *scenes[QUAD_PICTURES];
        double s[QUAD_PICTURES * QUAD_CAPTIONS];
        for (int p = 0; p < quads.pictures; p++) scenes[p] = &quads.item[q].scene[p];
        for (int p = 0; p < quads.pictures; p++) /* one at a time: a similarity is no matter of company */
            for (int c = 0; c < quads.captions; c++)
                s[p * quads.captions + c] =
                    (double)learner_similar(&learner, &arena, &scenes[p], 1, &quads.item[q].caption[c], 1).v[0];
        tally_add(&want, s);
    }
    CHECK(got.items == 12 && want.items == 12 && got.comparisons == want.comparisons, "%d items", got.items);
    for (int k = 0; k < TALLY_SCORES; k++) CHECK_NEAR(got.sum[k], want.sum[k], 1e-9);
    learner_free(&learner);
}

TEST(a_probe_by_vectors) {
    asks("vector", QUAD_NEGATION);
    asks("vector", QUAD_SHUFFLE);
}
TEST(a_probe_by_places) {
    asks("places", QUAD_NEGATION);
    asks("places", QUAD_SHUFFLE);
}

TEST(places_have_no_vector) {
    Learner learner;
    make(&learner, (LearnerSettings){ .reading = "places", .seed = 4 });
    Scene scene = scene_make(&(SceneSettings){ .seed = 1 }, 0);
    const Scene *scenes[] = { &scene };
    CHECK_STOPS(learner_pictures(&learner, &arena, scenes, 1), EXIT_CONTRACT,
                "reading places has no vector for a picture alone");
    learner_free(&learner);
}

TESTS(settings_that_are_refused, settings_left_out, a_nan_stops_before_the_update,
      a_gradient_that_is_not_finite_stops_before_the_update, a_nan_leaves_what_is_kept, a_file_without_its_loss,
      a_file_of_damaged_weights, a_probe_by_vectors, a_probe_by_places, places_have_no_vector)
