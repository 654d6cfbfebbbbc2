/* Generated scenes in the place of emoji, for machines without the files. */
#include "emoji_scenes.h"

#include "scenes/scene.h"

#include <string.h>

enum { COUNTED_TYPES = 16, COUNT_FROM = 2, COUNT_TO = 5, RELATED = 24, SCENE_PHRASES = 8, ITEMS_MAX = 256 };

static const char *const numbers[] = { "no", "one", "two", "three", "four", "five" };
static const char *const categories[] = { "one shape", "several shapes", "two shapes" };

/* Draws a scene as one style shows it. The other style draws the objects at two thirds of the size, over another
 * background with twice the noise. */
static void draw(EmojiSet *set, int style, const Scene *scene) {
    double numbers_of[EMOJI_PIXELS];
    Canvas canvas = { .side = EMOJI_SIDE, .rgb = numbers_of };
    Scene shown = *scene;
    if (style == STYLE_OTHER) {
        shown.appearance += 1;
        shown.noise = 2 * SCENE_NOISE;
        for (int k = 0; k < shown.count; k++) shown.object[k].radius = 2 * scene->object[k].radius / 3;
    }
    scene_picture(&shown, canvas, set->rgb[style] + (size_t)set->count * EMOJI_PIXELS);
}

static SceneObject object_of(int colour, int shape, double x, double y, double radius) {
    return (SceneObject){
        .shape = (Shape)shape, .colour = (ShapeColour)colour, .size = SIZE_NONE, .x = x, .y = y, .radius = radius
    };
}

static void add(EmojiSet *set, Arena *arena, int category, const Scene *scene, const char *name) {
    if (set->count == ITEMS_MAX) return;
    Emoji *e = &set->item[set->count];
    e->category = category;
    e->phrase = arena_alloc(arena, SCENE_PHRASES, sizeof *e->phrase);
    e->phrase[e->phrase_count++] = name;
    for (int k = 0; k < scene->count && k < 2; k++) {
        const char *word[2] = { colour_name(scene->object[k].colour), shape_name(scene->object[k].shape) };
        for (int w = 0; w < 2; w++) {
            bool known = false;
            for (int p = 0; p < e->phrase_count; p++) known = known || !strcmp(e->phrase[p], word[w]);
            if (!known) e->phrase[e->phrase_count++] = word[w];
        }
    }
    for (int s = 0; s < EMOJI_STYLES; s++) draw(set, s, scene);
    set->count++;
}

static void add_single(EmojiSet *set, Arena *arena, int type) {
    int colour = type % COLOUR_COUNT, shape = type / COLOUR_COUNT;
    Scene scene = { .count = 1, .appearance = (uint64_t)(2 * type), .noise = SCENE_NOISE };
    scene.object[0] = object_of(colour, shape, 0.5, 0.5, 0.24);
    add(set, arena, 0, &scene,
        arena_print(arena, "a %s %s", colour_name((ShapeColour)colour), shape_name((Shape)shape)));
}

/* Equal objects on the corners of a square, and the fifth in its middle. */
static void add_several(EmojiSet *set, Arena *arena, int type, int count) {
    static const double x[SCENE_MAX] = { 0.25, 0.75, 0.75, 0.25, 0.5 }, y[SCENE_MAX] = { 0.25, 0.75, 0.25, 0.75, 0.5 };
    int colour = type % COLOUR_COUNT, shape = type / COLOUR_COUNT;
    Scene scene = { .count = count,
                    .appearance = (uint64_t)(1000 + 2 * (SCENE_MAX * type + count)),
                    .noise = SCENE_NOISE };
    for (int k = 0; k < count; k++) scene.object[k] = object_of(colour, shape, x[k], y[k], 0.12);
    const char *colour_word = colour_name((ShapeColour)colour), *shape_word = shape_name((Shape)shape);
    add(set, arena, 1, &scene,
        arena_print(arena, "%s %s %s%s", numbers[count], colour_word, shape_word, shape == SHAPE_CROSS ? "es" : "s"));
}

/* A left of B; `turned`: the two change places. The two names differ in one word, or in the order of the words. */
static void add_related(EmojiSet *set, Arena *arena, int k, bool turned) {
    int a = (5 * k + 3) % COLOUR_COUNT, b = (5 * k + 3 + 1 + k % (COLOUR_COUNT - 1)) % COLOUR_COUNT;
    int shape_a = k % SHAPE_COUNT, shape_b = (3 * k + 1) % SHAPE_COUNT;
    if (k == 0) { /* the one that is held out by name */
        a = COLOUR_RED;
        b = COLOUR_BLUE;
        shape_a = SHAPE_CIRCLE;
        shape_b = SHAPE_SQUARE;
    }
    SceneObject first = object_of(a, shape_a, 0.28, 0.5, 0.15), second = object_of(b, shape_b, 0.72, 0.5, 0.15);
    Scene scene = { .count = 2, .appearance = (uint64_t)(5000 + 4 * k + 2 * turned), .noise = SCENE_NOISE };
    scene.object[0] = first;
    scene.object[1] = second;
    if (turned) {
        scene.object[0].x = second.x;
        scene.object[1].x = first.x;
    }
    /* Turned: "A right of B", or "B left of A", the same words in another order. */
    const char *colour[2] = { colour_name((ShapeColour)a), colour_name((ShapeColour)b) };
    const char *shape[2] = { shape_name((Shape)shape_a), shape_name((Shape)shape_b) };
    bool order = turned && k % 3 == 2;
    add(set, arena, 2, &scene,
        arena_print(arena, "a %s %s %s of a %s %s", colour[order], shape[order], turned && !order ? "right" : "left",
                    colour[!order], shape[!order]));
}

/* Keeps `most` items: pairs of neighbours, evenly spaced, so that left and right stay together. */
static void thin_out(EmojiSet *set, int most) {
    if (most <= 0 || most >= set->count) return;
    for (int k = 0; k < most; k++) {
        int from = 2 * (k / 2 * (set->count / 2) / ((most + 1) / 2)) + k % 2;
        set->item[k] = set->item[from];
        for (int s = 0; s < EMOJI_STYLES; s++)
            memmove(set->rgb[s] + (size_t)k * EMOJI_PIXELS, emoji_rgb(set, s, from), EMOJI_PIXELS);
    }
    set->count = most;
}

void emoji_set_generate(EmojiSet *set, Arena *arena, int most) {
    *set = (EmojiSet){ .style = { "plain", "noisy" }, .generated = true, .category_count = COUNT(categories) };
    memcpy(set->category, categories, sizeof categories);
    set->item = arena_zero(arena, ITEMS_MAX, sizeof *set->item);
    for (int s = 0; s < EMOJI_STYLES; s++) set->rgb[s] = arena_alloc(arena, ITEMS_MAX, EMOJI_PIXELS);
    for (int type = 0; type < COLOUR_COUNT * SHAPE_COUNT; type++) add_single(set, arena, type);
    for (int type = 0; type < COUNTED_TYPES; type++)
        for (int count = COUNT_FROM; count <= COUNT_TO; count++) add_several(set, arena, type, count);
    for (int k = 0; k < RELATED; k++) {
        add_related(set, arena, k, false);
        add_related(set, arena, k, true);
    }
    thin_out(set, most);
    emoji_set_finish(set, arena);
}
