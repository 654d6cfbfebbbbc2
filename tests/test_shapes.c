/* shapes: each name draws its shape, of the right area and colour. */
#include "dataset/shapes.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* A black canvas with one white object: each pixel is then the share of it that is covered. */
static Canvas drawn(Arena *arena, int side, ShapeObject object) {
    Canvas canvas = { side, arena_zero(arena, 3 * (size_t)side * (size_t)side, sizeof(double)) };
    for (int c = 0; c < 3; c++) object.rgb[c] = 1;
    canvas_draw(canvas, &object);
    return canvas;
}

static double pixel(Canvas canvas, int x, int y) { return canvas.rgb[3 * (y * canvas.side + x)]; }

static double ink(Canvas canvas) {
    double sum = 0;
    for (int i = 0; i < canvas.side * canvas.side; i++) sum += canvas.rgb[3 * i];
    return sum;
}

TEST(one_size_one_area) {
    Arena arena = { 0 };
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (double angle = 0; angle < 1; angle += 0.3)
            for (int side = 16; side <= 256; side *= 4) {
                double size = 0.22 * side, want = PI * size * size;
                ShapeObject object = { .shape = (Shape)shape, .x = 0.47, .y = 0.55, .size = 0.22, .angle = angle };
                double got = ink(drawn(&arena, side, object)), rough = side == 16 ? 0.08 : side == 64 ? 0.01 : 0.002;
                CHECK(fabs(got / want - 1) < rough, "%s at %d: %g, want %g", shape_name((Shape)shape), side, got, want);
                arena_reset(&arena);
            }
    arena_free(&arena);
}

TEST(outlines_by_hand) {
    Arena arena = { 0 };
    double side_of_square = sqrt(PI); /* of the area of the unit circle */
    CHECK_NEAR(shape_reach(SHAPE_CIRCLE), 1, 0);
    CHECK_NEAR(shape_reach(SHAPE_SQUARE), side_of_square / sqrt(2), 1e-12);
    CHECK_NEAR(shape_reach(SHAPE_TRIANGLE), sqrt(4 * PI / (3 * sqrt(3))), 1e-12); /* area 3 sqrt(3) / 4 reach^2 */
    /* A square of 8 x 8 pixels whose edges run between pixels has no grey ones. */
    ShapeObject square = { .shape = SHAPE_SQUARE, .x = 0.5, .y = 0.5, .size = 8 / side_of_square / 32 };
    Canvas canvas = drawn(&arena, 32, square);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            bool inside = 12 <= x && x < 20 && 12 <= y && y < 20;
            CHECK(fabs(pixel(canvas, x, y) - inside) < 1e-9, "(%d,%d): %g", x, y, pixel(canvas, x, y));
        }
    square.x += 0.25 / 32; /* a quarter of a pixel to the right: so much less on the left, more on the right */
    canvas = drawn(&arena, 32, square);
    CHECK_NEAR(pixel(canvas, 12, 15), 0.75, 1e-9);
    CHECK_NEAR(pixel(canvas, 20, 15), 0.25, 1e-9);
    arena_free(&arena);
}

TEST(shapes_are_told_apart) {
    Arena arena = { 0 };
    /* Which places around the middle are covered at size 64 of 256: the triangle's point is up, the cross has no
     * corners, the star is hollow between its rays. */
    static const struct {
        Shape shape;
        bool above, below, corner, far_corner;
    } want[] = {
        { SHAPE_CIRCLE, false, false, true, false },   { SHAPE_SQUARE, false, false, true, true },
        { SHAPE_TRIANGLE, true, false, false, false }, { SHAPE_STAR, true, false, false, false },
        { SHAPE_CROSS, true, true, false, false },
    };
    for (size_t i = 0; i < COUNT(want); i++) {
        Canvas canvas = drawn(&arena, 256, (ShapeObject){ .shape = want[i].shape, .x = 0.5, .y = 0.5, .size = 0.25 });
        const char *name = shape_name(want[i].shape);
        CHECK((pixel(canvas, 128, 128 - 70) > 0.5) == want[i].above, "%s above", name);
        CHECK((pixel(canvas, 128, 128 + 70) > 0.5) == want[i].below, "%s below", name);
        CHECK((pixel(canvas, 128 + 40, 128 - 40) > 0.5) == want[i].corner, "%s corner", name);
        CHECK((pixel(canvas, 128 + 53, 128 - 53) > 0.5) == want[i].far_corner, "%s far corner", name);
        CHECK(pixel(canvas, 128, 128) == 1, "%s middle", name);
    }
    Canvas triangle = drawn(&arena, 256, (ShapeObject){ .shape = SHAPE_TRIANGLE, .x = 0.5, .y = 0.5, .size = 0.25 });
    Canvas star = drawn(&arena, 256, (ShapeObject){ .shape = SHAPE_STAR, .x = 0.5, .y = 0.5, .size = 0.25 });
    CHECK(pixel(triangle, 128, 128 + 47) == 1 && pixel(star, 128, 128 + 47) == 0, "%s", "between the lower rays");
    arena_free(&arena);
}

TEST(turning_goes_from_x_towards_y) {
    Arena arena = { 0 };
    ShapeObject triangle = { .shape = SHAPE_TRIANGLE, .x = 0.5, .y = 0.5, .size = 0.25, .angle = PI / 2 };
    Canvas canvas = drawn(&arena, 256, triangle); /* its point, up at first, is now at the right */
    CHECK(pixel(canvas, 128 + 70, 128) == 1 && pixel(canvas, 128 - 70, 128) == 0, "%s", "not at the right");
    arena_free(&arena);
}

TEST(what_lies_outside_is_cut_off) {
    Arena arena = { 0 };
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (int i = 0; i < 49; i++) {
            ShapeObject object = { .shape = (Shape)shape, .x = i % 7 - 3, .y = i / 7 - 3, .size = 0.4 };
            double fraction = ink(drawn(&arena, 32, object)) / (PI * 0.16 * 32 * 32);
            CHECK(fraction <= 1.02, "%g", fraction);
        }
    double corner = ink(drawn(&arena, 32, (ShapeObject){ .shape = SHAPE_CIRCLE, .size = 0.4 }));
    CHECK_NEAR(corner / (PI * 0.16 * 32 * 32), 0.25, 0.01);
    ShapeObject far = { .shape = SHAPE_STAR, .x = 1e300, .y = -1e300, .size = 1 };
    CHECK(ink(drawn(&arena, 8, far)) == 0, "%s", "far away");
    CHECK_STOPS(drawn(&arena, 8, (ShapeObject){ .size = 0 }), EXIT_CONTRACT, "size is 0, want more than 0");
    CHECK_STOPS(drawn(&arena, 8, (ShapeObject){ .size = 1, .shape = SHAPE_COUNT }), EXIT_CONTRACT, "shape is 8, want");
    CHECK_STOPS(drawn(&arena, 8, (ShapeObject){ .size = 1, .x = NAN }), EXIT_CONTRACT, "x, y are nan, 0");
    arena_free(&arena);
}

TEST(objects_stay_inside_and_keep_their_colour) {
    Rng rng = rng_seed(1, 0);
    for (int i = 0; i < 2000; i++) {
        Shape shape = (Shape)(i % SHAPE_CLASS_SHAPES);
        ShapeColour colour = (ShapeColour)(i / SHAPE_CLASS_SHAPES % SHAPE_CLASS_COLOURS);
        ShapeObject o = shapes_object(&rng, shape, colour);
        double reach = shape_reach(shape) * o.size;
        CHECK(o.x >= reach && o.x <= 1 - reach && o.y >= reach && o.y <= 1 - reach, "%g, %g", o.x, o.y);
        CHECK(o.shape == shape && o.size >= 0.14 && o.size <= 0.25, "%g", o.size);
        double strong = o.rgb[colour == COLOUR_RED ? 0 : 2], weak = o.rgb[colour == COLOUR_RED ? 2 : 0];
        bool stands_out = strong > weak && strong > o.rgb[1];
        CHECK(stands_out && strong <= 1 && fmin(weak, o.rgb[1]) >= 0, "%s", colour_name(colour));
    }
}

TEST(colours_by_hand) {
    Rng rng = rng_seed(2, 0);
    for (int i = 0; i < 500; i++) {
        ShapeObject red = shapes_object(&rng, SHAPE_CIRCLE, COLOUR_RED);
        double value = fmax(red.rgb[0], fmax(red.rgb[1], red.rgb[2]));
        double least = fmin(red.rgb[0], fmin(red.rgb[1], red.rgb[2]));
        double middle = red.rgb[0] + red.rgb[1] + red.rgb[2] - value - least;
        CHECK(value >= 0.45 && least <= value * 0.5 + 1e-12, "value %g, least %g", value, least);
        CHECK(middle - least <= 0.25 * (value - least) + 1e-12, "over 15 of 60 degrees from red: %g", middle);
    }
}

TEST(noise_has_its_deviation) {
    Arena arena = { 0 };
    Rng rng = rng_seed(3, 0);
    Canvas canvas = { 101, arena_zero(&arena, 3 * 101 * 101, sizeof(double)) };
    canvas_noise(canvas, &rng, 0.1);
    double sum = 0, square = 0, n = 3 * 101 * 101;
    for (int i = 0; i < (int)n; i++) {
        sum += canvas.rgb[i];
        square += canvas.rgb[i] * canvas.rgb[i];
    }
    CHECK_NEAR(sum / n, 0, 0.002);
    CHECK_NEAR(sqrt(square / n) / 0.1, 1, 0.02);
    for (int gap = 1; gap < 4; gap++) { /* neighbours know nothing of each other */
        double product = 0;
        for (int i = gap; i < (int)n; i++) product += canvas.rgb[i] * canvas.rgb[i - gap];
        CHECK_NEAR(product / square, 0, 0.025);
    }
    arena_free(&arena);
}

TEST(bytes_are_cut_and_rounded) {
    double numbers[12] = { 0, 1, 0.5, -3, 7, 1.0 / 255, 0.4 / 255, 0.6 / 255, 254.6 / 255, 0, 0, 1 };
    const uint8_t want[12] = { 0, 255, 128, 0, 255, 1, 0, 1, 255, 0, 0, 255 };
    uint8_t rgb[12];
    canvas_bytes((Canvas){ 2, numbers }, rgb);
    for (int i = 0; i < 12; i++) CHECK(rgb[i] == want[i], "number %d: %d, want %d", i, rgb[i], want[i]);
}

TEST(pictures_come_again) {
    static double numbers[3 * 32 * 32];
    uint8_t first[3 * 32 * 32], second[3 * 32 * 32];
    Canvas canvas = { 32, numbers };
    Rng rng = rng_seed(4, 9);
    shapes_picture(&rng, SHAPE_STAR, COLOUR_BLUE, canvas, first);
    shapes_picture(&rng, SHAPE_STAR, COLOUR_BLUE, canvas, second);
    CHECK(memcmp(first, second, sizeof first), "%s", "two pictures are the same");
    rng = rng_seed(4, 9);
    shapes_picture(&rng, SHAPE_STAR, COLOUR_BLUE, canvas, second);
    CHECK(!memcmp(first, second, sizeof first), "%s", "the same seed, another picture");
    CHECK_STOPS(shapes_picture(&rng, SHAPE_STAR, COLOUR_GREEN, canvas, second), EXIT_CONTRACT,
                "colour is 2, want 0 to 1");
    CHECK_STOPS(shape_name(SHAPE_COUNT), EXIT_CONTRACT, "shape is 8, want 0 to 7");
}

static int by_size(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* Neighbours differ by at least 0.03 * 255 * 2 / sqrt(pi) = 8.6 in the mean, wherever nothing else is. */
TEST(pictures_are_noisy) {
    enum { SIDE = 32 };
    Arena arena = { 0 };
    for (int i = 0; i < 20; i++) {
        Canvas canvas = { SIDE, arena_alloc(&arena, 3 * SIDE * SIDE, sizeof(double)) };
        uint8_t rgb[3 * SIDE * SIDE];
        int step[3 * SIDE * (SIDE - 1)], n = 0;
        Rng rng = rng_seed(5, (uint64_t)i);
        shapes_picture(&rng, (Shape)(i % SHAPE_CLASS_SHAPES), (ShapeColour)(i % SHAPE_CLASS_COLOURS), canvas, rgb);
        for (int k = 0; k < SIDE * SIDE; k++)
            for (int c = 0; c < 3 && k % SIDE < SIDE - 1; c++) step[n++] = abs(rgb[3 * k + c] - rgb[3 * k + 3 + c]);
        qsort(step, (size_t)n, sizeof *step, by_size);
        CHECK(step[n / 2] >= 4, "picture %d: half of the neighbours differ by %d at most", i, step[n / 2]);
    }
    arena_free(&arena);
}

TESTS(one_size_one_area, outlines_by_hand, shapes_are_told_apart, turning_goes_from_x_towards_y,
      what_lies_outside_is_cut_off, objects_stay_inside_and_keep_their_colour, colours_by_hand, noise_has_its_deviation,
      bytes_are_cut_and_rounded, pictures_come_again, pictures_are_noisy)
