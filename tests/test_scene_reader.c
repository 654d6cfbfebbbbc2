/* The reader of pictures: on real renderings, and its verdicts. */
#include "check.h"
#include "26-from-words-to-pictures/picture_measure.h"

#include <string.h>

/* One object of every type: colour, shape and place. */
TEST(every_colour_and_shape) {
    Arena arena = { 0 };
    const SceneReader *reader = scene_reader_new(&arena);
    for (int i = 0; i < COLOUR_COUNT * SHAPE_COUNT; i++) {
        Scene scene = { .count = 1, .appearance = (uint64_t)i, .noise = i % 3 ? SCENE_NOISE : -1 };
        scene.object[0] = (SceneObject){ .colour = (ShapeColour)(i / SHAPE_COUNT),
                                         .shape = (Shape)(i % SHAPE_COUNT),
                                         .radius = SCENE_LARGE,
                                         .x = 0.3 + 0.006 * i,
                                         .y = 0.7 - 0.005 * i };
        double paint[PICTURE_NUMBERS];
        uint8_t rgb[PICTURE_NUMBERS];
        scene_picture(&scene, (Canvas){ SCENE_SIDE, paint }, rgb);
        SceneReading r = scene_read(reader, rgb);
        const SceneObject *o = &r.object[0].object;
        CHECK(r.count == 1 && r.object[0].clear, "%s: %d objects, %g unexplained", scene_text(&arena, &scene, 0),
              r.count, r.object[0].unexplained);
        CHECK(o->colour == scene.object[0].colour && o->shape == scene.object[0].shape, "%s is read as %s",
              scene_text(&arena, &scene, 0), colour_name(o->colour));
        CHECK_NEAR(o->x, scene.object[0].x, 0.015);
        CHECK_NEAR(o->y, scene.object[0].y, 0.015);
    }
    arena_free(&arena);
}

static void reads(bool noisy, int count) {
    Arena arena = { 0 };
    Rate rate = reader_measure(scene_reader_new(&arena), noisy, count, 3);
    CHECK(rate.proportion >= 0.99, "%d of %d read right", rate.right, rate.of);
    arena_free(&arena);
}
TEST(reads_renderings) {
    reads(false, 100);
    reads(true, 100);
}
TEST(reads_thousands_long) {
    reads(false, 2000);
    reads(true, 2000);
}

/* Pictures of no objects, of noise, of a grey patch. */
TEST(other_pictures_are_not_clear) {
    Arena arena = { 0 };
    const SceneReader *reader = scene_reader_new(&arena);
    uint8_t rgb[PICTURE_NUMBERS];
    memset(rgb, 122, sizeof rgb);
    CHECK(scene_read(reader, rgb).count == 0, "%d objects on an even ground", scene_read(reader, rgb).count);
    for (int y = 8; y < 22; y++) /* a large square of a colour that is none */
        for (int x = 8; x < 22; x++)
            for (int c = 0; c < 3; c++) rgb[3 * (y * SCENE_SIDE + x) + c] = (uint8_t)(c == 0 ? 255 : c == 1 ? 128 : 0);
    SceneReading r = scene_read(reader, rgb);
    for (int k = 0; k < r.count; k++)
        CHECK(!r.object[k].clear, "a patch is read as a %s %s", colour_name(r.object[k].object.colour),
              shape_name(r.object[k].object.shape));
    Rng rng = rng_seed(1, 0);
    for (int i = 0; i < PICTURE_NUMBERS; i++) rgb[i] = (uint8_t)rng_below(&rng, 256);
    scene_read(reader, rgb);
    memset(rgb, 255, sizeof rgb);
    CHECK(scene_read(reader, rgb).count == 0, "%s", "objects on white");
    arena_free(&arena);
}

static ReadObject object(ShapeColour colour, Shape shape, double x, double y) {
    return (ReadObject){ .object = { .colour = colour, .shape = shape, .x = x, .y = y, .size = SIZE_NONE },
                         .clear = true };
}
static Verdict verdict_of(const SceneReading *found, const char *text) {
    Caption caption;
    Err err;
    CHECK(caption_parse(text, &caption, &err), "%s", err.text);
    return scene_verdict(found, &caption);
}
TEST(verdicts) {
    SceneReading two = { .count = 2,
                         .object = { object(COLOUR_RED, SHAPE_CIRCLE, 0.2, 0.5),
                                     object(COLOUR_BLUE, SHAPE_SQUARE, 0.8, 0.5) } };
    const struct {
        const char *text;
        Verdict verdict;
    } known[] = { { "a red circle left of a blue square", VERDICT_TRUE },
                  { "a blue square right of a red circle", VERDICT_TRUE },
                  { "a red circle and a blue square", VERDICT_TRUE },
                  { "a blue square left of a red circle", VERDICT_PLACES },
                  { "a red circle above a blue square", VERDICT_PLACES },
                  { "a blue circle left of a red square", VERDICT_BINDING },
                  { "a red circle left of a blue star", VERDICT_OBJECTS },
                  { "two red circles", VERDICT_OBJECTS },
                  { "a red circle", VERDICT_NUMBER },
                  { "three red circles", VERDICT_NUMBER } };
    for (size_t i = 0; i < COUNT(known); i++)
        CHECK(verdict_of(&two, known[i].text) == known[i].verdict, "%s: %s", known[i].text,
              verdict_name(verdict_of(&two, known[i].text)));
    two.object[1].clear = false;
    CHECK(verdict_of(&two, known[0].text) == VERDICT_UNCLEAR, "%s", "an unclear object");
    SceneReading stars = {
        .count = 2, .object = { object(COLOUR_GREEN, SHAPE_STAR, 0.2, 0.5), object(COLOUR_GREEN, SHAPE_STAR, 0.5, 0.5) }
    };
    CHECK(verdict_of(&stars, "two green stars") == VERDICT_TRUE, "%s", "two stars");
    CHECK(verdict_of(&stars, "a green star") == VERDICT_NUMBER, "%s", "two stars are not one");
}

TESTS(every_colour_and_shape, reads_renderings, reads_thousands_long, other_pictures_are_not_clear, verdicts)
