#include "inside_measure.h"
#include "modality_gap.h"
#include "where_it_looks.h"
#include "dataset/augment.h"
#include "lesson/lesson_data.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { PIXELS = CIFAR_NUMBERS };
/* Seeds of the probes; the training scenes of seed s have 10 s and 10 s + 1. */
enum { PROBE_SEED = 100003 };

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static const char *name_of(const Inside *s, char *text, const char *format, va_list words) {
    int begun = snprintf(text, CELL_NAME, "%s", s->prefix ? s->prefix : "");
    vsnprintf(text + begun, CELL_NAME - (size_t)begun, format, words);
    return text;
}

void inside_put(Inside *s, double value, int count, const char *format, ...) {
    char text[CELL_NAME];
    va_list words;
    Err err;
    va_start(words, format);
    name_of(s, text, format, words);
    va_end(words);
    if (!cell_put(s->table, text, s->seed, value, count, &err)) die("%s", err.text);
}
bool inside_there(const Inside *s, const char *name, ...) {
    char text[CELL_NAME];
    va_list words;
    va_start(words, name);
    name_of(s, text, name, words);
    va_end(words);
    return cell_find(s->table, text, s->seed) != NULL;
}

double inside_value(const Inside *s, const char *format, ...) {
    char text[CELL_NAME];
    va_list words;
    va_start(words, format);
    name_of(s, text, format, words);
    va_end(words);
    return cell_value(s->table, text, s->seed);
}
Rate inside_rate(const Inside *s, const char *format, ...) {
    char text[CELL_NAME];
    va_list words;
    va_start(words, format);
    name_of(s, text, format, words);
    va_end(words);
    const Cell *cell = cell_find(s->table, text, s->seed);
    REQUIRE(cell && cell->count, "no proportion \"%s\" of seed %d", text, s->seed);
    Rate rate = { .right = (int)lround(cell->value * cell->count), .of = cell->count, .proportion = cell->value };
    metrics_interval(cell->value, cell->count, &rate.low, &rate.high); /* halves count, as in a choice of two */
    return rate;
}

double inside_part(int right, int of) { return (double)right / of; }

double gap_step(int k) { return -1 + 0.5 * k; }
int turn_step(int k) { return 1 << k; }
int bit_step(int k) { return k ? 16 >> k : 32; }

/* ---- models ------------------------------------------------------------------------------------------------------ */

bool inside_shipped(const Inside *s) {
    return !s->train->generated && s->seed == 1 && !s->steps && file_exists(lesson_shipped());
}

void inside_small_model(const Inside *s, Clip *clip) {
    look_open(clip, &(LookConfig){ LOOK_PICTURES, s->seed, s->steps, s->train });
}
void inside_judge(const Inside *s, Clip *clip) {
    look_open(clip, &(LookConfig){ LOOK_PICTURES, s->seed % INSIDE_SEEDS + 1, s->steps, s->train });
}

void inside_picture_model(const Inside *s, Clip *clip) {
    Err err;
    if (!inside_shipped(s)) inside_small_model(s, clip);
    else if (!clip_load(clip, lesson_shipped(), &err)) die("%s", err.text);
}

void inside_model(const Inside *s, LookKind kind, Clip *clip) {
    look_open(clip, &(LookConfig){ kind, s->seed, s->steps, NULL });
}

void inside_scene_model(SceneModel *model) {
    Err err;
    SceneModelConfig config = { .text = "transformer", .split = SPLIT_PAIRS, .objects = 2, .seed = 1 };
    if (!scene_model_load_or_train(model, &config, NULL, &err)) die("%s", err.text);
}

/* Unit vectors of the ten classes. */
Mat inside_texts(Clip *clip, Arena *arena, const Cifar *set) {
    return clip_text_features(clip, arena, look_captions(arena, set), CIFAR_CLASSES, NULL);
}

/* ---- 1. the modality gap ----------------------------------------------------------------------------------------- */

int inside_right(const Cifar *set, Mat images, Mat texts) {
    Arena arena = { 0 };
    int n = images.shape[0], *answer = arena_alloc(&arena, (size_t)n, sizeof *answer);
    look_answers(images, texts, answer);
    int right = look_right(set, answer, n);
    arena_free(&arena);
    return right;
}

static void put_gap(Inside *s, const char *which, Mat images, Mat texts, const uint8_t *label) {
    Gap gap = gap_measure(images, label, texts);
    inside_put(s, gap.pictures, 0, "gap %s: picture and picture", which);
    inside_put(s, gap.texts, 0, "gap %s: text and text", which);
    inside_put(s, gap.own, 0, "gap %s: picture and its text", which);
    inside_put(s, gap.other, 0, "gap %s: picture and another text", which);
    inside_put(s, gap.distance, 0, "gap %s: distance", which);
}

static void measure_random_gap(Inside *s) {
    if (inside_there(s, "gap random: distance")) return;
    Arena arena = { 0 };
    Clip random;
    look_init(&random, &(LookConfig){ LOOK_PICTURES, s->seed, 0, s->train });
    Mat images = look_set_images(&random, &arena, s->test, s->test->n);
    put_gap(s, "random", images, inside_texts(&random, &arena, s->test), s->test->labels);
    clip_free(&random);
    arena_free(&arena);
}

/* Scenes with a caption each, which no two of them share but by chance. */
static void put_scene_gap(Inside *s, SceneModel *model, const char *which) {
    enum { SCENES = 200, BEYOND = 1000000000 }; /* examples that training does not reach */
    Arena arena = { 0 };
    int n = MIN(SCENES, s->probes);
    const Scene *scenes[SCENES];
    const char *captions[SCENES] = { NULL };
    uint8_t label[SCENES];
    for (int i = 0; i < n; i++) {
        SceneExample *example = arena_alloc(&arena, 1, sizeof *example);
        *example = scene_model_example(model, NULL, BEYOND + (uint64_t)i, NULL);
        scenes[i] = &example->scene;
        captions[i] = caption_text(&example->caption, arena_alloc(&arena, CAPTION_TEXT, 1));
        label[i] = (uint8_t)i;
    }
    Mat texts = clip_text_features(&model->clip, &arena, captions, n, NULL);
    put_gap(s, which, scene_model_image_features(model, &arena, scenes, n), texts, label);
    arena_free(&arena);
}

void inside_measure_scene_gap(Inside *s) {
    if (inside_there(s, "gap scenes trained: distance")) return;
    SceneModel model, random;
    Err err;
    inside_scene_model(&model);
    if (!scene_model_init(&random, &model.config, &err)) die("%s", err.text);
    put_scene_gap(s, &random, "scenes random");
    put_scene_gap(s, &model, "scenes trained");
    scene_model_free(&random);
    scene_model_free(&model);
}

void inside_measure_gap(Inside *s) {
    measure_random_gap(s);
    inside_measure_scene_gap(s);
    if (inside_there(s, "gap moved +2.00: accuracy at random")) return;
    Arena arena = { 0 };
    Clip clip;
    int n = s->test->n;
    inside_picture_model(s, &clip);
    Mat images = look_set_images(&clip, &arena, s->test, n), texts = inside_texts(&clip, &arena, s->test);
    put_gap(s, "trained", images, texts, s->test->labels);
    for (int k = 0; k < GAP_STEPS; k++) {
        double by = gap_step(k);
        Mat moved = gap_move(&arena, images, texts, by);
        Mat aside = gap_move_random(&arena, images, texts, by, (uint64_t)s->seed);
        Gap gap = gap_measure(images, s->test->labels, moved);
        inside_put(s, gap.distance, 0, "gap moved %+.2f: distance", by);
        inside_put(s, gap.own, 0, "gap moved %+.2f: picture and its text", by);
        inside_put(s, inside_part(inside_right(s->test, images, moved), n), n, "gap moved %+.2f: accuracy", by);
        inside_put(s, inside_part(inside_right(s->test, images, aside), n), n, "gap moved %+.2f: accuracy at random",
                   by);
    }
    clip_free(&clip);
    arena_free(&arena);
}

/* ---- 2. where it looks ------------------------------------------------------------------------------------------- */

Scene inside_scene(const Inside *s, int i) {
    SceneConfig config = { .seed = PROBE_SEED + (uint64_t)s->seed, .least = 2, .max = 2 };
    for (uint64_t k = (uint64_t)i * 64;; k++) { /* the colours differ: "a red thing" is one of the two */
        Scene scene = scene_make(&config, k);
        if (scene.object[0].colour != scene.object[1].colour) return scene;
    }
}

char *inside_caption(Arena *arena, const Scene *scene, int k, bool colour_only) {
    const SceneObject *o = &scene->object[k];
    return arena_print(arena, "a %s %s", colour_name(o->colour), colour_only ? "thing" : shape_name(o->shape));
}

/* Scenes, and the texts of their first and of their second object. */
typedef struct {
    int n;
    Scene *scene;
    Mat pixels, text[2];
} MapSet;

static MapSet map_set(const Inside *s, Arena *arena, Clip *clip, bool colour_only) {
    MapSet set = { .n = s->maps, .scene = arena_alloc(arena, (size_t)s->maps, sizeof(Scene)) };
    set.pixels = mat_like(arena, mat_shape(4, set.n, SCENE_SIDE, SCENE_SIDE, 3));
    const char **texts = arena_alloc(arena, (size_t)set.n, sizeof *texts);
    for (int i = 0; i < set.n; i++) {
        set.scene[i] = inside_scene(s, i);
        scene_pixels(&set.scene[i], set.pixels.v + (size_t)i * PIXELS);
    }
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < set.n; i++) texts[i] = inside_caption(arena, &set.scene[i], k, colour_only);
        set.text[k] = clip_text_features(clip, arena, texts, set.n, NULL);
    }
    return set;
}

/* Means over the scenes, each asked for both of its objects. */
static void put_map(Inside *s, const char *model, const char *name, Clip *clip, const MapSet *set, const Mat *map) {
    double on = 0, other = 0, same = 0, drop = 0, chance = 0;
    for (int i = 0; i < set->n; i++) {
        bool covered[2][CELLS];
        for (int k = 0; k < 2; k++) chance += object_cells(&set->scene[i], k, covered[k]) / (double)CELLS;
        for (int k = 0; k < 2; k++) {
            on += map_share(&AT(map[k], i, 0), covered[k]);
            other += map_share(&AT(map[k], i, 0), covered[1 - k]);
        }
        same += map_correlation(&AT(map[0], i, 0), &AT(map[1], i, 0));
    }
    for (int k = 0; k < 2; k++) drop += map_drop(clip, set->pixels, set->text[k], map[k], MAP_ERASED) / 2;
    inside_put(s, on / (2 * set->n), 0, "%s %s: on the object", model, name);
    inside_put(s, other / (2 * set->n), 0, "%s %s: on the other", model, name);
    inside_put(s, chance / (2 * set->n), 0, "%s %s: chance", model, name);
    inside_put(s, same / set->n, 0, "%s %s: correlation of both texts", model, name);
    inside_put(s, drop, 0, "%s %s: cosine lost", model, name);
}

static void put_maps(Inside *s, const char *model, Clip *clip, bool colour_only, int kinds) {
    Arena arena = { 0 };
    MapSet set = map_set(s, &arena, clip, colour_only);
    Rng rng = rng_seed(PROBE_SEED, (uint64_t)s->seed);
    Mat map[2];
    for (int kind = 0; kind < kinds; kind++) {
        look_maps(clip, &arena, (MapKind)kind, set.pixels, set.text, 2, map);
        put_map(s, model, map_name((MapKind)kind), clip, &set, map);
    }
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < mat_count(map[k]); i++) map[k].v[i] = (num)(2 * rng_uniform(&rng) / CELLS);
    put_map(s, model, "random numbers", clip, &set, map);
    arena_free(&arena);
}

void inside_measure_maps(Inside *s) {
    if (inside_there(s, "vit random numbers: cosine lost")) return;
    SceneModel scene;
    Clip vit;
    inside_scene_model(&scene);
    put_maps(s, "scene", &scene.clip, false, MAP_ATTENTION);
    scene_model_free(&scene);
    inside_model(s, LOOK_PATCHES, &vit);
    put_maps(s, "vit", &vit, true, MAP_KINDS);
    clip_free(&vit);
}

/* ---- 3. words in the picture, and the smallest change ------------------------------------------------------------ */

/* Which of the eight shapes, in the colour of the object: the answers to n scenes; on the arena. */
static int *shape_answers(Clip *clip, Arena *arena, const WordScene *scenes, int n, bool object) {
    enum { TYPES = COLOUR_COUNT * SHAPE_COUNT };
    const char *texts[TYPES];
    Arena work = { 0 };
    for (int f = 0; f < TYPES; f++)
        texts[f] = arena_print(&work, "a %s %s", colour_name((ShapeColour)(f / SHAPE_COUNT)),
                               shape_name((Shape)(f % SHAPE_COUNT)));
    Mat all = clip_text_features(clip, &work, texts, TYPES, NULL);
    Mat pixels = mat_like(&work, mat_shape(4, n, SCENE_SIDE, SCENE_SIDE, 3));
    for (int i = 0; i < n; i++) {
        uint8_t rgb[PIXELS];
        word_picture(&scenes[i], object, rgb);
        scene_normalise(rgb, pixels.v + (size_t)i * PIXELS);
    }
    Mat images = look_images(clip, &work, pixels), one = images, eight = all;
    int *answer = arena_alloc(arena, (size_t)n, sizeof *answer);
    one.shape[0] = 1;
    eight.shape[0] = SHAPE_COUNT;
    for (int i = 0; i < n; i++) {
        one.v = &AT(images, i, 0);
        eight.v = &AT(all, (int)scenes[i].scene.object[0].colour * SHAPE_COUNT, 0);
        look_answers(one, eight, &answer[i]);
    }
    arena_free(&work);
    return answer;
}

WordScene inside_word_scene(const Inside *s, int i) {
    WordScene made = word_scene(WORDS_NONE, PROBE_SEED + (uint64_t)s->seed, (uint64_t)i);
    made.word = (Shape)(((int)made.scene.object[0].shape + 1 + i % (SHAPE_COUNT - 1)) % SHAPE_COUNT);
    return made;
}

/* Four questions to one model: no word, the true word, another shape's word, that word without an object. */
static void put_words(Inside *s, WordsKind kind) {
    Arena arena = { 0 };
    Clip clip;
    int n = s->probes, object = 0, word = 0, read = 0;
    const char *name = words_name(kind);
    inside_model(s, (LookKind)(LOOK_PLAIN + (int)kind), &clip);
    WordScene *scenes = arena_alloc(&arena, (size_t)n, sizeof *scenes),
              *others = arena_alloc(&arena, (size_t)n, sizeof *others);
    for (int i = 0; i < n; i++) others[i] = inside_word_scene(s, i);
    for (int own = 0; own < 2; own++) {
        int right = 0;
        for (int i = 0; i < n; i++) {
            scenes[i] = others[i];
            scenes[i].word = own ? others[i].scene.object[0].shape : SHAPE_COUNT;
        }
        const int *answer = shape_answers(&clip, &arena, scenes, n, true);
        for (int i = 0; i < n; i++) right += answer[i] == (int)scenes[i].scene.object[0].shape;
        inside_put(s, inside_part(right, n), n, "words %s: right %s", name, own ? "with its word" : "without a word");
    }
    const int *answer = shape_answers(&clip, &arena, others, n, true),
              *alone = shape_answers(&clip, &arena, others, n, false);
    for (int i = 0; i < n; i++) {
        object += answer[i] == (int)others[i].scene.object[0].shape;
        word += answer[i] == (int)others[i].word;
        read += alone[i] == (int)others[i].word;
    }
    inside_put(s, inside_part(object, n), n, "words %s: the object with another word", name);
    inside_put(s, inside_part(word, n), n, "words %s: the word with another word", name);
    inside_put(s, inside_part(read, n), n, "words %s: the word alone", name);
    clip_free(&clip);
    arena_free(&arena);
}

int inside_other_class(const Inside *s, int i) {
    return (s->test->labels[i] + 1 + i % (CIFAR_CLASSES - 1)) % CIFAR_CLASSES;
}

/* The name of another class in the test pictures, and how often the answer is that class, with and without it. */
static void put_pictures(Inside *s) {
    Arena arena = { 0 };
    Clip clip;
    int n = s->test->n, *answer = arena_alloc(&arena, (size_t)n, sizeof *answer);
    inside_picture_model(s, &clip);
    Mat texts = inside_texts(&clip, &arena, s->test), pixels = look_pixels(&arena, s->test, NULL, n);
    for (int written = 0; written < 2; written++) {
        int right = 0, named = 0;
        for (int i = 0; written && i < n; i++) {
            uint8_t rgb[PIXELS];
            cifar_picture(s->test, i, rgb);
            word_write(rgb, s->test->names[inside_other_class(s, i)], i % CIFAR_SIDE, CIFAR_SIDE);
            cifar_normalise(rgb, pixels.v + (size_t)i * PIXELS);
        }
        look_answers(look_images(&clip, &arena, pixels), texts, answer);
        for (int i = 0; i < n; i++) {
            right += answer[i] == s->test->labels[i];
            named += answer[i] == inside_other_class(s, i);
        }
        inside_put(s, inside_part(right, n), n, "pictures %s: right", written ? "another word" : "no word");
        inside_put(s, inside_part(named, n), n, "pictures %s: that class", written ? "another word" : "no word");
    }
    clip_free(&clip);
    arena_free(&arena);
}

void inside_measure_words(Inside *s) {
    if (!inside_there(s, "pictures another word: that class")) put_pictures(s);
    for (int kind = 0; kind < WORDS_KINDS; kind++) {
        if (!inside_there(s, "words %s: the word alone", words_name((WordsKind)kind))) put_words(s, (WordsKind)kind);
    }
}
