/* Lesson 24: the sound tower, its training and its files; searches and sums; a cell of the table. */
#include "24-a-third-modality/sound_cells.h"
#include "core/file.h"
#include "core/thread.h"
#include "sum_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;
static const char *folder(void) {
    static const char *made;
    if (!made) made = check_folder();
    return made;
}

static SceneModel scenes;
/* The scene model of the lesson, or one with random weights. */
static void scenes_load(bool shipped) {
    SceneModelConfig config = { .text = "transformer", .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = 1 };
    Err err;
    bool ok =
        shipped ? scene_model_load_or_train(&scenes, &config, NULL, &err) : scene_model_init(&scenes, &config, &err);
    CHECK(ok, "%s", err.text);
}

static Scene scene_of(int n, const ObjectType *type) {
    Scene scene = { .count = n };
    for (int k = 0; k < n; k++) object_set_type(&scene.object[k], type[k]);
    return scene;
}
static const ObjectType RED_CIRCLE = { COLOUR_RED, SHAPE_CIRCLE }, BLUE_STAR = { COLOUR_BLUE, SHAPE_STAR };

TEST(what_is_heard_as_a_caption) {
    const ObjectType many[] = { RED_CIRCLE, BLUE_STAR, RED_CIRCLE, BLUE_STAR, BLUE_STAR };
    const ObjectType same[] = { RED_CIRCLE, RED_CIRCLE, RED_CIRCLE }, other[] = { BLUE_STAR, RED_CIRCLE };
    const ObjectType uneven[] = { RED_CIRCLE, BLUE_STAR, BLUE_STAR };
    struct {
        Scene scene;
        const char *text;
    } cases[] = { { scene_of(1, same), "one red circle" },
                  { scene_of(3, same), "three red circles" },
                  { scene_of(2, many), "a red circle and a blue star" },
                  { scene_of(3, uneven), "one red circle and two blue stars" },
                  { scene_of(5, many), "two red circles and three blue stars" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[CAPTION_TEXT];
        Caption caption = sound_caption(&cases[i].scene);
        caption_text(&caption, text);
        CHECK(!strcmp(text, cases[i].text) && caption_true(&cases[i].scene, &caption), "%s, want %s", text,
              cases[i].text);
        for (size_t k = 0; k < COUNT(cases); k++)
            CHECK(sound_same(&cases[i].scene, &cases[k].scene) == (i == k), "%zu and %zu", i, k);
    }
    Scene turned = scene_of(2, other);
    CHECK(sound_same(&turned, &cases[2].scene), "%s", "the order is heard");
}

TEST(training_scenes_were_seen) {
    scenes_load(false);
    SoundModelConfig config = sound_model_config((SoundModelConfig){ .seed = 3 });
    int two = 0, counts[SCENE_MAX + 1] = { 0 };
    for (uint64_t i = 0; i < 500; i++) {
        SoundExample e = sound_model_example(&config, &scenes.split, i);
        CHECK(scene_in_part(&e.scene, &scenes.split, SPLIT_SEEN), "%d", (int)i);
        ObjectType a = object_type(&e.scene.object[0]), b = object_type(&e.scene.object[e.scene.count - 1]);
        bool differ = a.colour != b.colour || a.shape != b.shape;
        two += differ;
        counts[e.scene.count] += !differ;
    }
    CHECK(two > 200 && two < 300, "%d of 500 with two types", two);
    for (int c = 1; c <= SCENE_MAX; c++) CHECK(counts[c] > 25, "%d scenes of %d", counts[c], c);
}

/* ---- the tower --------------------------------------------------------------------------------------------------- */

static SoundModelConfig small_config(SoundAnchor anchor, int steps) {
    return (SoundModelConfig){ .anchor = anchor, .widths = { 4, 4, 4 }, .steps = steps, .batch = 8, .seed = 2 };
}

TEST(shapes_and_lengths) {
    SoundModel model;
    SoundModelConfig config = { .seed = 1 };
    sound_model_init(&model, &config, 64);
    CHECK(params_count(&model.clip.params) ==
              (size_t)(16 * 9 + 32 * 16 * 9 + 32 * 32 * 9 + 2 * (16 + 32 + 32) + 8 * 5 * 32 * 64 + 64 + 1),
          "%zu", params_count(&model.clip.params));
    Rng rng = rng_seed(1, 1);
    Mat vectors = sound_features(&model, &arena, mat_normal(&arena, 3, SOUND_SAMPLES, &rng, 0.1));
    CHECK(vectors.shape[0] == 3 && vectors.shape[1] == 64, "%s", mat_shape_text(vectors));
    for (int i = 0; i < 3; i++) CHECK_NEAR(vec_norm(&AT(vectors, i, 0), 64), 1, 1e-5);
    Tape t = { .no_grad = true };
    CHECK_STOPS(sound_tower(&t, &model, tape_data(&t, mat_like(&arena, mat_shape(4, 1, 40, 64, 1)))), EXIT_CONTRACT,
                "want [B,64,40,1]");
    sound_model_free(&model);
}

TEST(any_number_of_threads_trains_the_same) {
    scenes_load(false);
    Mat first = { .dims = 0 };
    for (int anchor = 0; anchor < ANCHORS; anchor++)
        for (int threads = 1; threads <= 3; threads++) {
            SoundModel model;
            Err err;
            SoundModelConfig config = small_config((SoundAnchor)anchor, 2);
            thread_set_count(threads);
            sound_model_init(&model, &config, 64);
            CHECK(sound_model_train(&model, &scenes, &err), "%s", err.text);
            Mat weight = model.fc.weight->val;
            if (threads == 1) {
                first = mat_like(&arena, weight);
                memcpy(first.v, weight.v, mat_count(weight) * sizeof(num));
            }
            CHECK(!memcmp(first.v, weight.v, mat_count(weight) * sizeof(num)), "%d threads", threads);
            sound_model_free(&model);
        }
}

/* The scene model does not change; a loss that is not finite stops the training. */
TEST(only_the_sound_tower_learns) {
    scenes_load(false);
    SoundModel model;
    Err err;
    SoundModelConfig config = small_config(ANCHOR_TEXT, 2);
    Params *params = &scenes.clip.params;
    double before = 0, after = 0;
    for (int i = 0; i < params->count; i++)
        before += vec_norm(params->list[i]->val.v, (int)mat_count(params->list[i]->val));
    sound_model_init(&model, &config, 64);
    num fc = model.fc.weight->val.v[0];
    CHECK(sound_model_train(&model, &scenes, &err), "%s", err.text);
    for (int i = 0; i < params->count; i++)
        after += vec_norm(params->list[i]->val.v, (int)mat_count(params->list[i]->val));
    CHECK(before == after && fc != model.fc.weight->val.v[0], "%g, %g", before, after);
    model.fc.bias->val.v[0] = (num)NAN;
    CHECK(!sound_model_train(&model, &scenes, &err) && strstr(err.text, "the loss is not finite"), "%s", err.text);
    sound_model_free(&model);
}

/* -log( e^l_ii / sum of e^l_in over the n that may be compared ), rows or columns; the mean over i. */
static double mean_loss(Mat s, Mat a, const SoundExample *e, double scale) {
    int B = s.shape[0];
    double sum = 0;
    for (int i = 0; i < B; i++) {
        double all = 0, own = exp(scale * vec_dot(&AT(s, i, 0), &AT(a, i, 0), 64));
        for (int n = 0; n < B; n++)
            if (n == i || !sound_same(&e[i].scene, &e[n].scene))
                all += exp(scale * vec_dot(&AT(s, i, 0), &AT(a, n, 0), 64));
        sum -= log(own / all) / B;
    }
    return sum;
}

/* The first loss of a training, by its formula. The batch has scenes that sound alike. */
TEST(the_loss_by_its_formula) {
    enum { B = 60 };
    scenes_load(false);
    SoundModel model, first;
    SoundExample e[B];
    const Scene *list[B];
    Err err;
    int alike = 0;
    SoundModelConfig config = small_config(ANCHOR_PICTURE, 1);
    config.batch = B;
    sound_model_init(&model, &config, 64);
    sound_model_init(&first, &config, 64);
    for (int i = 0; i < B; i++) {
        e[i] = sound_model_example(&first.config, &scenes.split, (uint64_t)i);
        list[i] = &e[i].scene;
        for (int k = 0; k < i; k++) alike += sound_same(&e[i].scene, &e[k].scene);
    }
    CHECK(alike > 0, "%d pairs that sound alike", alike);
    Tape t = { .training = true };
    Mat samples = sound_samples(&arena, e, B), pictures = log_mel_pictures(&arena, log_mel_plan(&arena), samples);
    Mat s = sound_tower(&t, &first, tape_data(&t, pictures))->val;
    Mat a = scene_model_image_features(&scenes, &arena, list, B);
    double want = (mean_loss(s, a, e, 1 / 0.07) + mean_loss(a, s, e, 1 / 0.07)) / 2;
    CHECK(sound_model_train(&model, &scenes, &err), "%s", err.text);
    CHECK_NEAR(model.loss, want, 1e-4);
    tape_free(&t);
    sound_model_free(&model);
    sound_model_free(&first);
}

TEST(files) {
    scenes_load(false);
    SoundModel made, loaded;
    Err err;
    SoundModelConfig config = small_config(ANCHOR_PICTURE, 1), other = small_config(ANCHOR_TEXT, 1);
    setenv("CLIP_MODELS", folder(), 1);
    CHECK(sound_model_load_or_train(&made, &config, &scenes, NULL, 0, &err), "%s", err.text);
    char *path = sound_model_path(&arena, &config);
    CHECK(!strcmp(path, arena_print(&arena, "%s/sound-pictures-4-4-4-seed2-1x8.safetensors", folder())) &&
              file_exists(path),
          "%s", path);
    CHECK(sound_model_load_or_train(&loaded, &config, &scenes, NULL, 0, &err), "%s", err.text);
    size_t bytes = mat_count(made.fc.weight->val) * sizeof(num);
    CHECK(!memcmp(made.fc.weight->val.v, loaded.fc.weight->val.v, bytes) && made.loss == loaded.loss, "%s",
          "another model"); /* both are rounded to F16 */
    sound_model_free(&loaded);
    CHECK(!sound_model_load(&loaded, &other, &scenes, path, &err) && strstr(err.text, "holds another model") &&
              !strchr(err.text, '\n'),
          "%s", err.text);
    file_with_meta(path, "loss", "much");
    for (int k = 0; k < 2; k++) {
        CHECK(!sound_model_load(&loaded, &config, &scenes, path, &err) &&
                  strstr(err.text, "metadata \"loss\" is not a number; remove it"),
              "%s", err.text);
        if (k == 0) file_with_meta(path, "loss", NULL);
    }
    file_with_meta(path, "sound-model", NULL);
    CHECK(!sound_model_load(&loaded, &config, &scenes, path, &err) &&
              strstr(err.text, "the file holds another model (no description), want recipe 1, anchor pictures"),
          "%s", err.text);
    made.conv[0].weight->val.v[3] = (num)INFINITY;
    const SoundNote note = { "date", "today" };
    CHECK(sound_model_save(&made, &scenes, path, &note, 1, &err), "%s", err.text);
    CHECK(!sound_model_load(&loaded, &config, &scenes, path, &err) &&
              strstr(err.text, "sound.conv1.weight has numbers that are not finite"),
          "%s", err.text);
    sound_model_free(&made);
    config.no_breath = true;
    CHECK(strstr(sound_model_path(&arena, &config), "/sound-pictures-no-breath-4-4-4-seed2-1x8.safetensors"), "%s",
          sound_model_path(&arena, &config));
    setenv("CLIP_MODELS", arena_print(&arena, "%s/models", path), 1); /* below a file */
    CHECK(!sound_model_load_or_train(&made, &other, &scenes, NULL, 0, &err) && strstr(err.text, path), "%s", err.text);
    SoundModelConfig ships = condition_config(BY_TEXTS, 1);
    CHECK(!strcmp(sound_model_path(&arena, &ships), "data/pretrained/sound-texts.safetensors"), "%s",
          sound_model_path(&arena, &ships));
}

/* ---- searches ---------------------------------------------------------------------------------------------------- */

static bool sound_again(void *context, Err *err) {
    SoundModel model;
    SoundModelConfig config = small_config(ANCHOR_PICTURE, 1);
    bool ok = sound_model_load(&model, &config, &scenes, context, err);
    if (ok) sound_model_free(&model);
    return ok;
}

TEST(files_have_a_checksum) {
    SoundModel model;
    Err err;
    SoundModelConfig config = small_config(ANCHOR_PICTURE, 1);
    scenes_load(false);
    setenv("CLIP_MODELS", folder(), 1);
    CHECK(sound_model_load_or_train(&model, &config, &scenes, NULL, 0, &err), "%s", err.text);
    sound_model_free(&model);
    check_sum_of_file(sound_model_path(&arena, &config), sound_again, sound_model_path(&arena, &config));
}

TEST(a_set_has_no_scene_twice) {
    scenes_load(false);
    for (int kind = 0; kind < SETS; kind++) {
        SearchSet set = search_set(&arena, &scenes, (SetKind)kind, 24, 1);
        for (int i = 0; i < set.n; i++) {
            SplitPart part = i < set.n / 2 ? SPLIT_SEEN : SPLIT_HELD;
            CHECK(scene_in_part(set.scene[i], &scenes.split, part), "%d: %s", i, set.text[i]);
            for (int k = 0; k < i; k++) CHECK(!sound_same(set.scene[i], set.scene[k]), "%s", set.text[i]);
        }
        Mat half = mat_new(&arena, set.n, set.pictures.shape[1]); /* the second half asks for the first */
        memcpy(half.v, set.pictures.v, mat_count(half) * sizeof(num));
        memcpy(&AT(half, set.n / 2, 0), set.pictures.v, mat_count(half) / 2 * sizeof(num));
        CHECK(search_measure(&set, SPLIT_SEEN, half, set.pictures).recall[0].right == set.n / 2, "%s", "not found");
        CHECK(search_measure(&set, SPLIT_HELD, half, set.pictures).recall[0].right == 0, "%s", "found");
        for (int part = 0; part < 2; part++) { /* what is searched with itself is found */
            SearchResult r = search_measure(&set, (SplitPart)part, set.pictures, set.pictures);
            CHECK(r.recall[0].right == set.n / 2 && r.found.median_rank == 1 && r.colour.right == set.n / 2, "%d of %d",
                  r.recall[0].right, set.n / 2);
        }
    }
}

TEST(analogies_are_squares) {
    scenes_load(false);
    Rng rng = rng_seed(1, 1);
    for (int i = 0; i < 400; i++) {
        SplitPart part = (SplitPart)(i % 2);
        Analogy q = analogy_draw(&scenes.split, part, &rng);
        bool colour = q.b.shape == q.c.shape && q.a.colour == q.c.colour && q.target.colour == q.b.colour &&
                      q.target.shape == q.a.shape;
        bool shape = q.b.colour == q.c.colour && q.a.shape == q.c.shape && q.target.shape == q.b.shape &&
                     q.target.colour == q.a.colour;
        CHECK(colour != shape, "%d", i);
        CHECK(split_has_pair(&scenes.split, part, q.target.colour, q.target.shape), "%d", i);
        CHECK(split_has_pair(&scenes.split, SPLIT_SEEN, q.b.colour, q.b.shape), "%d", i);
    }
}

/* p + x - x of pictures is p: with B and C the same scene nothing remains of them. */
TEST(a_difference_of_the_same_is_nothing) {
    scenes_load(true);
    Analogy q = { RED_CIRCLE, BLUE_STAR, BLUE_STAR, RED_CIRCLE };
    Mat texts = arithmetic_vector(&scenes, NULL, &arena, &q, ADD_TEXTS, 1);
    Mat alone = arithmetic_vector(&scenes, NULL, &arena, &q, ADD_NOTHING, 1);
    for (int e = 0; e < 64; e++) CHECK_NEAR(texts.v[e], alone.v[e], 1e-5);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static double shipped_cell(const char *name) {
    CellTable table;
    Err err;
    CHECK(cell_table_read(&table, &arena, SOUND_CELLS, &err), "%s", err.text);
    CHECK(cell_find(&table, name, 1), "%s has no cell \"%s\"", SOUND_CELLS, name);
    return cell_value(&table, name, 1);
}

/* A proportion of 160 that another processor computes may differ by one. */
static void the_same(SearchCase at, const Searched *searched) {
    SearchResult r = search_case(searched, at);
    for (int m = 0; m < RETRIEVAL_CUTOFFS; m++) {
        double want = shipped_cell(search_cell(&arena, at, m)), got = search_value(&r, m);
        CHECK(fabs(got - want) <= 1.01 / 160, "%s: %g, in the table %g", search_cell(&arena, at, m), got, want);
    }
}

TEST(a_cell_of_the_table) {
    static Searched searched;
    scenes_load(true);
    searched.set[SET_ONE] = search_set(&arena, &scenes, SET_ONE, SEARCH_ITEMS, 1);
    the_same((SearchCase){ SET_ONE, SPLIT_SEEN, QUERY_TEXT, NO_SOUNDS }, &searched);
}

/* All that the shipped towers answer about one type of objects; their figures are in their files. */
TEST(the_shipped_towers_long) {
    static Searched searched;
    scenes_load(true);
    searched.set[SET_ONE] = search_set(&arena, &scenes, SET_ONE, SEARCH_ITEMS, 1);
    for (int condition = BY_PICTURES; condition <= BY_TEXTS; condition++) {
        SoundModelConfig config = condition_config((Condition)condition, 1);
        SoundModel sounds;
        Safetensors file;
        Err err;
        char *path = sound_model_path(&arena, &config);
        CHECK(sound_model_load(&sounds, &config, &scenes, path, &err), "%s", err.text);
        searched.sounds[SET_ONE] = search_sounds(&sounds, &arena, &searched.set[SET_ONE]);
        for (int i = 0; i < 4; i++)
            the_same((SearchCase){ SET_ONE, (SplitPart)(i / 2), (QueryKind)(i % 2), (Condition)condition }, &searched);
        CHECK(safetensors_open(&file, &arena, path, &err), "%s", err.text);
        SearchCase at = { SET_ONE, SPLIT_SEEN, QUERY_TEXT, (Condition)condition };
        const char *said = safetensors_meta(&file, "one objects: text finds sounds recall@1");
        CHECK(said && fabs(atof(said) - shipped_cell(search_cell(&arena, at, 0))) < 1e-4, "%s",
              said ? said : "nothing");
        CHECK(safetensors_meta(&file, "date") && safetensors_meta(&file, "command"), "%s: no date", path);
        safetensors_close(&file);
        sound_model_free(&sounds);
    }
}

/* A few steps bring most sounds near their texts. */
TEST(a_short_training_long) {
    scenes_load(true);
    SoundModel model;
    SoundModelConfig config = { .anchor = ANCHOR_TEXT, .widths = { 8, 16, 16 }, .steps = 40, .batch = 64, .seed = 5 };
    Err err;
    sound_model_init(&model, &config, 64);
    CHECK(sound_model_train(&model, &scenes, &err), "%s", err.text);
    SearchSet set = search_set(&arena, &scenes, SET_ONE, 80, 9);
    SearchResult r = search_measure(&set, SPLIT_SEEN, set.texts, search_sounds(&model, &arena, &set));
    CHECK(r.found.recall[2] > 0.6, "recall@10 of %g; guessing is 0.125", r.found.recall[2]);
    sound_model_free(&model);
}

TESTS(what_is_heard_as_a_caption, training_scenes_were_seen, shapes_and_lengths, any_number_of_threads_trains_the_same,
      only_the_sound_tower_learns, the_loss_by_its_formula, files, files_have_a_checksum, a_set_has_no_scene_twice,
      analogies_are_squares, a_difference_of_the_same_is_nothing, a_cell_of_the_table, the_shipped_towers_long,
      a_short_training_long)
