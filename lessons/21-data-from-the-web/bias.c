#include "bias.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"
#include "scenes/caption.h"

#include <string.h>

enum { STREAM_BIAS = 40 };
static const Shape shapes[BIAS_SIDE] = { SHAPE_CIRCLE, SHAPE_SQUARE, SHAPE_TRIANGLE, SHAPE_STAR };
static const ShapeColour colours[BIAS_SIDE] = { COLOUR_RED, COLOUR_BLUE, COLOUR_GREEN, COLOUR_YELLOW };

const char *bias_shape(int shape) { return shape_name(shapes[shape]); }
const char *bias_colour(int colour) { return colour_name(colours[colour]); }

const char *const *bias_texts(Arena *arena) {
    const char **texts = arena_alloc(arena, BIAS_TEXTS, sizeof *texts);
    for (int i = 0; i < BIAS_TEXTS; i++) {
        Caption caption = { .kind = CAPTION_OBJECT, .a = noun_of(CAPTION_ANY, (int)shapes[i % BIAS_SIDE]) };
        if (i >= BIAS_SIDE) caption.a = noun_of((int)colours[i % BIAS_SIDE], (int)shapes[i / BIAS_SIDE - 1]);
        texts[i] = caption_text(&caption, arena_alloc(arena, CAPTION_TEXT, 1));
    }
    return texts;
}

/* Scene i of an endless row, with the object of that group, as a record of a file (cifar_record). */
static void draw(const SceneConfig *config, int i, int group, Canvas canvas, uint8_t record[CIFAR_RECORD]) {
    uint8_t rgb[CIFAR_NUMBERS];
    Scene scene = scene_make(config, (uint64_t)i);
    scene.object[0].shape = shapes[group / BIAS_SIDE];
    scene.object[0].colour = colours[group % BIAS_SIDE];
    scene_picture(&scene, canvas, rgb);
    cifar_record(rgb, group / BIAS_SIDE, record);
}

/* One picture for each group[0..n). */
static BiasSet draw_all(Arena *arena, uint8_t *group, int n, uint64_t seed) {
    SceneConfig config = { .seed = seed, .least = 1, .max = 1 };
    Canvas canvas = { SCENE_SIDE, arena_alloc(arena, CIFAR_NUMBERS, sizeof *canvas.rgb) };
    uint8_t *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS), *labels = arena_alloc(arena, (size_t)n, 1);
    uint8_t record[CIFAR_RECORD];
    for (int i = 0; i < n; i++) {
        draw(&config, i, group[i], canvas, record);
        labels[i] = record[0];
        memcpy(pixels + (size_t)i * CIFAR_NUMBERS, record + 1, CIFAR_NUMBERS);
    }
    return (BiasSet){ { .n = n, .pixels = pixels, .labels = labels, .generated = true }, group };
}

BiasSet bias_scenes(Arena *arena, int n, double follows, int seed) {
    Rng rng = rng_seed((uint64_t)seed, STREAM_BIAS);
    uint8_t *group = arena_alloc(arena, (size_t)n, 1);
    for (int i = 0; i < n; i++) {
        int shape = (int)rng_below(&rng, BIAS_SIDE), other = 1 + (int)rng_below(&rng, BIAS_SIDE - 1);
        int colour = rng_uniform(&rng) < follows ? shape : (shape + other) % BIAS_SIDE;
        group[i] = (uint8_t)(shape * BIAS_SIDE + colour);
    }
    return draw_all(arena, group, n, 2 * (uint64_t)seed);
}

BiasSet bias_test(Arena *arena, int each, int seed) {
    uint8_t *group = arena_alloc(arena, (size_t)(each * BIAS_GROUPS), 1);
    for (int i = 0; i < each * BIAS_GROUPS; i++) group[i] = (uint8_t)(i % BIAS_GROUPS);
    return draw_all(arena, group, each * BIAS_GROUPS, 2 * (uint64_t)seed + 1);
}

uint8_t *bias_captions(Arena *arena, const BiasSet *data, bool explicit) {
    uint8_t *captions = arena_alloc(arena, (size_t)data->set.n, 1);
    for (int i = 0; i < data->set.n; i++)
        captions[i] = explicit ? (uint8_t)(BIAS_SIDE + data->group[i]) : data->set.labels[i];
    return captions;
}

Chosen bias_balanced(Arena *arena, const BiasSet *data) {
    int n = data->set.n, of[BIAS_GROUPS] = { 0 }, largest = 0;
    for (int i = 0; i < n; i++) of[data->group[i]]++;
    for (int g = 0; g < BIAS_GROUPS; g++) largest = MAX(largest, of[g]);
    Chosen all = { arena_alloc(arena, (size_t)(largest * BIAS_GROUPS), sizeof *all.index), 0 };
    for (int g = 0; g < BIAS_GROUPS; g++)
        for (int k = 0, i = 0; of[g] && k < largest; i = (i + 1) % n)
            if (data->group[i] == g) {
                all.index[all.count++] = i;
                k++;
            }
    return all;
}

/* The shape of the text with the largest cosine among the first 4 texts or, explicit, among the 16 others. */
static void name_shapes(Clip *clip, Arena *arena, const BiasSet *test, bool explicit, int *shape) {
    int count = explicit ? BIAS_GROUPS : BIAS_SIDE, n = test->set.n;
    const char *const *texts = bias_texts(arena) + (explicit ? BIAS_SIDE : 0);
    Mat vectors = clip_text_features(clip, arena, texts, count, NULL);
    Mat scores = zeroshot_scores(clip, arena, vectors, &test->set, (ZeroshotRange){ .n = n, .batch = 100 });
    Err err;
    if (!metrics_argmax(scores, shape, &err)) die("%s", err.text);
    for (int i = 0; explicit && i < n; i++) shape[i] /= BIAS_SIDE;
}

BiasScore bias_score(Clip *clip, const BiasSet *test, bool explicit) {
    Arena arena = { 0 };
    int n = test->set.n, *named = arena_alloc(&arena, (size_t)n, sizeof *named);
    BiasScore score = { .others = 0 };
    name_shapes(clip, &arena, test, explicit, named);
    for (int i = 0; i < n; i++) {
        int g = test->group[i], shape = g / BIAS_SIDE, colour = g % BIAS_SIDE;
        score.of[g]++;
        score.right[g] += named[i] == shape;
        score.others += colour != shape;
        score.by_colour += colour != shape && named[i] == colour;
    }
    arena_free(&arena);
    return score;
}
