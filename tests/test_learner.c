/* learner: what it refuses, and what a probe asks of it, whatever its reading. That it learns: test_limit_table.c. */
#include "../lib/learner.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

static Learner made(LearnerSettings settings) {
    Learner learner;
    Err err;
    CHECK(learner_make(&learner, &settings, &err), "%s", err.text);
    return learner;
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
    CHECK(s.coverage == 1 && s.objects == 2 && s.steps == LEARNER_STEPS && !strcmp(s.text, "transformer") && !strcmp(s.reading, "vector"),
          "%s", learner_text(&arena, &s));
    s = learner_settings((LearnerSettings){ .split = SPLIT_ALL, .coverage = 0.25, .text = "bow", .seed = 7, .steps = 9, .objects = 1 });
    CHECK(s.coverage == 1, "%g of everything", s.coverage); /* all is all: these are the same learner */
    const char *text = learner_text(&arena, &s);
    CHECK(!strcmp(text, "bow, reading vector, everything, 1 object, seed 7, 9 steps"), "%s", text);
    s = learner_settings((LearnerSettings){ .split = SPLIT_COUNTS, .coverage = 0.12345, .palette = 6 });
    CHECK(s.coverage == 0.123, "%g", s.coverage);
    text = learner_text(&arena, &s);
    CHECK(strstr(text, "12.3 % of counts, 2 objects, batches about 6 things, seed 0"), "%s", text);
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
    safetensors_close(&file), arena_free(&read);
    return in_folder("damaged.safetensors");
}

TEST(a_file_without_its_loss) {
    static const char *const bad[] = { NULL, "", "little", "nan", "1e300" };
    const LearnerSettings settings = { .text = "bow", .seed = 1, .steps = 3 };
    Learner learner = made(settings), again;
    Err err;
    learner.loss = 2.5;
    const char *path = in_folder("learner.safetensors");
    CHECK(learner_save(&learner, NULL, path, &err), "%s", err.text);
    CHECK(learner_load(&again, &settings, NULL, with_loss(path, "2.5"), &err) && again.loss == 2.5, "%s", err.text);
    learner_free(&again);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!learner_load(&again, &settings, NULL, with_loss(path, bad[i]), &err) && strstr(err.text, "metadata \"loss\" is no number"),
              "%s: %s", bad[i] ? bad[i] : "none", err.text);
    learner_free(&learner);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

/* Two ways to the same scores: all vectors at once, or item by item, by similarities. */
static void asks(const char *reading, QuadKind kind) {
    Learner learner = made((LearnerSettings){ .reading = reading, .seed = 4 });
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
                s[p * quads.captions + c] = (double)learner_similar(&learner, &arena, &scenes[p], 1, &quads.item[q].caption[c], 1).v[0];
        tally_add(&want, s);
    }
    CHECK(got.items == 12 && want.items == 12 && got.comparisons == want.comparisons, "%d items", got.items);
    for (int k = 0; k < TALLY_SCORES; k++) CHECK_NEAR(got.sum[k], want.sum[k], 1e-9);
    learner_free(&learner);
}

TEST(a_probe_by_vectors) { asks("vector", QUAD_NEGATION), asks("vector", QUAD_SHUFFLE); }
TEST(a_probe_by_places) { asks("places", QUAD_NEGATION), asks("places", QUAD_SHUFFLE); }

TEST(places_have_no_vector) {
    Learner learner = made((LearnerSettings){ .reading = "places", .seed = 4 });
    Scene scene = scene_make(&(SceneSettings){ .seed = 1 }, 0);
    const Scene *scenes[] = { &scene };
    CHECK_STOPS(learner_pictures(&learner, &arena, scenes, 1), EXIT_CONTRACT, "reading places has no vector for a picture alone");
    learner_free(&learner);
}

TESTS(settings_that_are_refused, settings_left_out, a_file_without_its_loss, a_probe_by_vectors, a_probe_by_places, places_have_no_vector)
