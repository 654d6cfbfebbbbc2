#include "drawn_pairs.h"

#include "core/rng.h"
#include "dataset/shapes.h"

#include <string.h>

static const struct {
    const char *name;
    double rgb[3];
} colours[] = {
    { "red", { 0.85, 0.10, 0.10 } },
    { "blue", { 0.10, 0.25, 0.85 } },
    { "green", { 0.10, 0.60, 0.20 } },
    { "yellow", { 0.95, 0.85, 0.10 } },
};

/* The two objects of each pair. Each shape and each colour is first as often as second. */
static const struct {
    Shape shape[2];
    int colour[2];
} objects[DRAWN_PAIRS] = {
    { { SHAPE_CIRCLE, SHAPE_SQUARE }, { 0, 1 } },   { { SHAPE_TRIANGLE, SHAPE_STAR }, { 2, 3 } },
    { { SHAPE_SQUARE, SHAPE_TRIANGLE }, { 1, 2 } }, { { SHAPE_STAR, SHAPE_CIRCLE }, { 3, 0 } },
    { { SHAPE_CIRCLE, SHAPE_TRIANGLE }, { 1, 0 } }, { { SHAPE_SQUARE, SHAPE_STAR }, { 3, 2 } },
    { { SHAPE_TRIANGLE, SHAPE_CIRCLE }, { 2, 1 } }, { { SHAPE_STAR, SHAPE_SQUARE }, { 0, 3 } },
};

static const char *const numerals[] = { "no", "one", "two", "three", "four", "five" };
static const char *const names[] = { "spatial", "counting", "negation", "binding", "abstract" };
static const char *const changes[] = { "left and right", "how many", "there, or not there", "whose colour is whose",
                                       "order and chaos" };

const char *drawn_name(DrawnKind kind) { return names[kind]; }
const char *drawn_changes(DrawnKind kind) { return changes[kind]; }

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* A white canvas. */
static Canvas canvas_white(Arena *arena, int side) {
    size_t numbers = size_mul(size_mul((size_t)side, (size_t)side), 3);
    Canvas canvas = { .side = side, .rgb = arena_alloc(arena, numbers, sizeof(double)) };
    for (size_t i = 0; i < numbers; i++) canvas.rgb[i] = 0.97;
    return canvas;
}

static Image canvas_image(Arena *arena, Canvas canvas) {
    Image image = image_new(arena, canvas.side, canvas.side);
    canvas_bytes(canvas, image.rgb);
    return image;
}

typedef struct {
    Shape shape;
    int colour;
    double x, y, size;
} Object;

static void draw(Canvas canvas, Object object) {
    ShapeObject drawn = { .shape = object.shape, .x = object.x, .y = object.y, .size = object.size };
    memcpy(drawn.rgb, colours[object.colour].rgb, sizeof drawn.rgb);
    canvas_draw(canvas, &drawn);
}

static Image two_objects(Arena *arena, int side, Object left, Object right) {
    Canvas canvas = canvas_white(arena, side);
    draw(canvas, (Object){ left.shape, left.colour, 0.28, 0.5, 0.15 });
    draw(canvas, (Object){ right.shape, right.colour, 0.72, 0.5, 0.15 });
    return canvas_image(arena, canvas);
}

/* `count` objects, 1 to 5. Their total area does not depend on the count, so the coloured area does not tell it. */
static Image counted(Arena *arena, int side, Object object, int count) {
    static const double spots[6][5][2] = {
        { { 0 } },
        { { 0.5, 0.5 } },
        { { 0.28, 0.5 }, { 0.72, 0.5 } },
        { { 0.5, 0.27 }, { 0.27, 0.68 }, { 0.73, 0.68 } },
        { { 0.28, 0.28 }, { 0.72, 0.28 }, { 0.28, 0.72 }, { 0.72, 0.72 } },
        { { 0.25, 0.25 }, { 0.75, 0.25 }, { 0.5, 0.5 }, { 0.25, 0.75 }, { 0.75, 0.75 } },
    };
    static const double sizes[] = { 0, 0.22, 0.1556, 0.127, 0.11, 0.0984 }; /* 0.22 / sqrt(count) */
    Canvas canvas = canvas_white(arena, side);
    for (int i = 0; i < count; i++)
        draw(canvas, (Object){ object.shape, object.colour, spots[count][i][0], spots[count][i][1], sizes[count] });
    return canvas_image(arena, canvas);
}

/* Sixteen equal objects, in rows or at random positions. */
static Image sixteen(Arena *arena, int side, Object object, bool ordered, int seed) {
    Rng rng = rng_seed((uint64_t)seed, 0);
    Canvas canvas = canvas_white(arena, side);
    for (int i = 0; i < 16; i++) {
        object.x = ordered ? 0.17 + 0.22 * (i % 4) : 0.1 + 0.8 * rng_uniform(&rng);
        object.y = ordered ? 0.17 + 0.22 * (i / 4) : 0.1 + 0.8 * rng_uniform(&rng);
        object.size = 0.055;
        draw(canvas, object);
    }
    return canvas_image(arena, canvas);
}

/* ---- pairs ------------------------------------------------------------------------------------------------------ */

static const char *phrase(Arena *arena, Object object) {
    return arena_print(arena, "%s %s", colours[object.colour].name, shape_name(object.shape));
}

static DrawnPair spatial(Arena *arena, Object a, Object b, int side) {
    const char *one = phrase(arena, a), *other = phrase(arena, b);
    return (DrawnPair){ { two_objects(arena, side, a, b), two_objects(arena, side, b, a) },
                        { arena_print(arena, "a %s to the left of a %s", one, other),
                          arena_print(arena, "a %s to the left of a %s", other, one) } };
}

static DrawnPair counting(Arena *arena, Object a, int i, int side) {
    int count = 1 + i % 4;
    const char *object = phrase(arena, a);
    return (DrawnPair){ { counted(arena, side, a, count), counted(arena, side, a, count + 1) },
                        { arena_print(arena, "%s %s%s", numerals[count], object, count > 1 ? "s" : ""),
                          arena_print(arena, "%s %ss", numerals[count + 1], object) } };
}

static DrawnPair negation(Arena *arena, Object a, Object b, int side) {
    const char *one = phrase(arena, a), *other = phrase(arena, b);
    return (DrawnPair){ { two_objects(arena, side, a, b), counted(arena, side, a, 1) },
                        { arena_print(arena, "a %s and a %s", one, other),
                          arena_print(arena, "a %s and no %s", one, other) } };
}

static DrawnPair binding(Arena *arena, Object a, Object b, int side) {
    Object c = a, d = b;
    c.colour = b.colour;
    d.colour = a.colour;
    return (DrawnPair){ { two_objects(arena, side, a, b), two_objects(arena, side, c, d) },
                        { arena_print(arena, "a %s and a %s", phrase(arena, a), phrase(arena, b)),
                          arena_print(arena, "a %s and a %s", phrase(arena, c), phrase(arena, d)) } };
}

static DrawnPair abstract(Arena *arena, Object a, int i, int side) {
    static const char *const words[][2] = { { "a picture of order", "a picture of chaos" },
                                            { "something calm", "something restless" } };
    const char *const *pair = words[i % 2];
    return (DrawnPair){ { sixteen(arena, side, a, true, i), sixteen(arena, side, a, false, i) }, { pair[0], pair[1] } };
}

DrawnPair drawn_pair(Arena *arena, DrawnKind kind, int i, int side) {
    REQUIRE(i >= 0 && i < DRAWN_PAIRS && side >= 1, "pair %d of side %d", i, side);
    Object a = { .shape = objects[i].shape[0], .colour = objects[i].colour[0] };
    Object b = { .shape = objects[i].shape[1], .colour = objects[i].colour[1] };
    if (kind == DRAWN_SPATIAL) return spatial(arena, a, b, side);
    if (kind == DRAWN_COUNTING) return counting(arena, a, i, side);
    if (kind == DRAWN_NEGATION) return negation(arena, a, b, side);
    if (kind == DRAWN_BINDING) return binding(arena, a, b, side);
    return abstract(arena, a, i, side);
}
