#include "drawn_pairs.h"

#include "core/rng.h"
#include "dataset/shapes.h"

/* ---- what there is to draw --------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double rgb[3];
} paints[] = {
    { "red", { 0.85, 0.10, 0.10 } },
    { "blue", { 0.10, 0.25, 0.85 } },
    { "green", { 0.10, 0.60, 0.20 } },
    { "yellow", { 0.95, 0.85, 0.10 } },
};

/* For each pair: two different shapes and two different colours, every one as often first as second. */
static const struct {
    Shape shape[2];
    int paint[2];
} casts[DRAWN_PAIRS] = {
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
const char *probe_changes(DrawnKind kind) { return changes[kind]; }

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

/* A picture being drawn on white. */
static Canvas sheet(Arena *arena, int side) {
    size_t numbers = size_mul(size_mul((size_t)side, (size_t)side), 3);
    Canvas canvas = { .side = side, .rgb = arena_alloc(arena, numbers, sizeof(double)) };
    for (size_t i = 0; i < numbers; i++) canvas.rgb[i] = 0.97;
    return canvas;
}

static Image sheet_done(Arena *arena, Canvas canvas) {
    Image image = image_new(arena, canvas.side, canvas.side);
    canvas_bytes(canvas, image.rgb);
    return image;
}

typedef struct {
    Shape shape;
    int paint;
    double x, y, size;
} Thing;

static void put(Canvas canvas, Thing thing) {
    ShapeObject object = { .shape = thing.shape, .x = thing.x, .y = thing.y, .size = thing.size };
    for (int c = 0; c < 3; c++) object.rgb[c] = paints[thing.paint].rgb[c];
    canvas_draw(canvas, &object);
}

static Image two_things(Arena *arena, int side, Thing left, Thing right) {
    Canvas canvas = sheet(arena, side);
    left.x = 0.28;
    right.x = 0.72;
    left.y = right.y = 0.5;
    left.size = right.size = 0.15;
    put(canvas, left);
    put(canvas, right);
    return sheet_done(arena, canvas);
}

/* `count` things, 1 to 5, of the same area together however many they are, so that ink does not tell. */
static Image several(Arena *arena, int side, Thing thing, int count) {
    static const double spots[6][5][2] = {
        { { 0 } },
        { { 0.5, 0.5 } },
        { { 0.28, 0.5 }, { 0.72, 0.5 } },
        { { 0.5, 0.27 }, { 0.27, 0.68 }, { 0.73, 0.68 } },
        { { 0.28, 0.28 }, { 0.72, 0.28 }, { 0.28, 0.72 }, { 0.72, 0.72 } },
        { { 0.25, 0.25 }, { 0.75, 0.25 }, { 0.5, 0.5 }, { 0.25, 0.75 }, { 0.75, 0.75 } },
    };
    static const double sizes[] = { 0, 0.22, 0.1556, 0.127, 0.11, 0.0984 }; /* 0.22 / sqrt(count) */
    Canvas canvas = sheet(arena, side);
    for (int i = 0; i < count; i++) {
        thing.x = spots[count][i][0];
        thing.y = spots[count][i][1];
        thing.size = sizes[count];
        put(canvas, thing);
    }
    return sheet_done(arena, canvas);
}

/* Sixteen equal things, in rows, or anywhere. */
static Image sixteen(Arena *arena, int side, Thing thing, bool ordered, int seed) {
    Rng rng = rng_seed((uint64_t)seed, 0);
    Canvas canvas = sheet(arena, side);
    for (int i = 0; i < 16; i++) {
        thing.x = ordered ? 0.17 + 0.22 * (i % 4) : 0.1 + 0.8 * rng_uniform(&rng);
        thing.y = ordered ? 0.17 + 0.22 * (i / 4) : 0.1 + 0.8 * rng_uniform(&rng);
        thing.size = 0.055;
        put(canvas, thing);
    }
    return sheet_done(arena, canvas);
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

static const char *called(Arena *arena, Thing thing) {
    return arena_print(arena, "%s %s", paints[thing.paint].name, shape_name(thing.shape));
}

static ProbePair spatial(Arena *arena, Thing a, Thing b, int side) {
    const char *one = called(arena, a), *other = called(arena, b);
    return (ProbePair){ { two_things(arena, side, a, b), two_things(arena, side, b, a) },
                        { arena_print(arena, "a %s to the left of a %s", one, other),
                          arena_print(arena, "a %s to the left of a %s", other, one) } };
}

static ProbePair counting(Arena *arena, Thing a, int i, int side) {
    int count = 1 + i % 4;
    const char *thing = called(arena, a);
    return (ProbePair){ { several(arena, side, a, count), several(arena, side, a, count + 1) },
                        { arena_print(arena, "%s %s%s", numerals[count], thing, count > 1 ? "s" : ""),
                          arena_print(arena, "%s %ss", numerals[count + 1], thing) } };
}

static ProbePair negation(Arena *arena, Thing a, Thing b, int side) {
    const char *one = called(arena, a), *other = called(arena, b);
    return (ProbePair){ { two_things(arena, side, a, b), several(arena, side, a, 1) },
                        { arena_print(arena, "a %s and a %s", one, other),
                          arena_print(arena, "a %s and no %s", one, other) } };
}

static ProbePair binding(Arena *arena, Thing a, Thing b, int side) {
    Thing c = a, d = b;
    c.paint = b.paint;
    d.paint = a.paint;
    return (ProbePair){ { two_things(arena, side, a, b), two_things(arena, side, c, d) },
                        { arena_print(arena, "a %s and a %s", called(arena, a), called(arena, b)),
                          arena_print(arena, "a %s and a %s", called(arena, c), called(arena, d)) } };
}

static ProbePair abstract(Arena *arena, Thing a, int i, int side) {
    static const char *const words[][2] = { { "a picture of order", "a picture of chaos" },
                                            { "something calm", "something restless" } };
    const char *const *pair = words[i % 2];
    return (ProbePair){ { sixteen(arena, side, a, true, i), sixteen(arena, side, a, false, i) }, { pair[0], pair[1] } };
}

ProbePair probe_pair(Arena *arena, DrawnKind kind, int i, int side) {
    REQUIRE(i >= 0 && i < DRAWN_PAIRS && side >= 1, "pair %d of side %d", i, side);
    Thing a = { .shape = casts[i].shape[0], .paint = casts[i].paint[0] };
    Thing b = { .shape = casts[i].shape[1], .paint = casts[i].paint[1] };
    switch (kind) {
    case DRAWN_SPATIAL:
        return spatial(arena, a, b, side);
    case DRAWN_COUNTING:
        return counting(arena, a, i, side);
    case DRAWN_NEGATION:
        return negation(arena, a, b, side);
    case DRAWN_BINDING:
        return binding(arena, a, b, side);
    default:
        return abstract(arena, a, i, side);
    }
}
