/* Tests of conv and winograd: equal to the plain version for every shape. */
#include "kernels/conv.h"
#include "kernels/reference.h"
#include "core/arena.h"
#include "core/rng.h"
#include "core/thread.h"
#include "kernels/winograd.h"
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double EPSILON = sizeof(num) == 4 ? FLT_EPSILON : DBL_EPSILON;

/* One layer; `arena` owns its numbers. */
typedef struct {
    ConvShape s;
    size_t xs, weights, ys;
    num *x, *weight, *bias, *y;
    Arena arena;
} Layer;

static num *numbers(Arena *arena, Rng *rng, size_t count) {
    num *v = arena_alloc(arena, count + 1, sizeof(num));
    v++; /* not aligned to a vector */
    for (size_t i = 0; i < count; i++) v[i] = (num)rng_normal(rng);
    return v;
}

static Layer layer(ConvShape s, Rng *rng) {
    Layer l = { .s = s,
                .xs = (size_t)(s.B * s.H * s.W * s.C),
                .weights = (size_t)(s.outputs * s.C * s.kernel * s.kernel) };
    l.ys =
        (size_t)(s.B * conv_out(s.H, s.kernel, s.stride, s.pad) * conv_out(s.W, s.kernel, s.stride, s.pad) * s.outputs);
    l.x = numbers(&l.arena, rng, l.xs);
    l.weight = numbers(&l.arena, rng, l.weights);
    l.bias = numbers(&l.arena, rng, (size_t)s.outputs);
    l.y = numbers(&l.arena, rng, l.ys);
    return l;
}

/* The layer with all numbers replaced by |number|: its results bound the rounding errors. */
static Layer layer_sizes(const Layer *of) {
    Layer l = *of;
    l.arena = (Arena){ 0 };
    num **parts[] = { &l.x, &l.weight, &l.bias, &l.y };
    size_t counts[] = { l.xs, l.weights, (size_t)l.s.outputs, l.ys };
    for (size_t p = 0; p < COUNT(parts); p++) {
        num *copy = arena_alloc(&l.arena, counts[p] + 1, sizeof(num));
        for (size_t i = 0; i < counts[p]; i++) copy[i] = (num)fabs((double)(*parts[p])[i]);
        *parts[p] = copy;
    }
    return l;
}

static num *copy(Arena *arena, const num *of, size_t count) {
    num *v = arena_alloc(arena, count + 1, sizeof(num));
    if (count) memcpy(v, of, count * sizeof(num));
    return v;
}

/* A sum of n terms, in any order, is within n * epsilon/2 * (sum of |term|) of the exact one. */
static void check_close(const char *what, ConvShape s, const num *got, const num *want, const num *size, size_t count) {
    size_t terms = (size_t)MAX(s.C, s.outputs) * (size_t)(s.kernel * s.kernel) + (size_t)(s.B * (s.H + 8) * (s.W + 8));
    for (size_t i = 0; i < count; i++) {
        double bound = (double)(terms + 3) * EPSILON * (double)size[i], off = fabs((double)got[i] - (double)want[i]);
        CHECK(off <= bound,
              "%s, x [%d,%d,%d,%d], outputs %d, kernel %d, stride %d, pad %d: "
              "number %zu is %.9g, want %.9g +- %.2g",
              what, s.B, s.H, s.W, s.C, s.outputs, s.kernel, s.stride, s.pad, i, (double)got[i], (double)want[i],
              bound);
    }
}

static void compare(ConvShape s, Rng *rng) {
    Layer l = layer(s, rng), size = layer_sizes(&l);
    bool accumulate = rng_below(rng, 2), with_bias = rng_below(rng, 2);
    size_t outputs = (size_t)s.outputs;
    num *dx = copy(&l.arena, l.x, l.xs), *dx_want = copy(&l.arena, l.x, l.xs);
    num *dw = copy(&l.arena, l.weight, l.weights), *dw_want = copy(&l.arena, l.weight, l.weights);
    num *db = copy(&l.arena, l.bias, outputs), *db_want = copy(&l.arena, l.bias, outputs);
    num *y_want = copy(&l.arena, l.y, l.ys), *dx_size = copy(&size.arena, size.x, l.xs);
    num *dw_size = copy(&size.arena, size.weight, l.weights), *db_size = copy(&size.arena, size.bias, outputs);
    num *dy_size = copy(&size.arena, size.y, l.ys), *dy = copy(&l.arena, l.y, l.ys);
    num *bias = with_bias ? l.bias : NULL, *dbias = with_bias ? db : NULL;

    conv_forward(s, l.x, l.weight, bias, l.y);
    conv_forward_plain(s, l.x, l.weight, bias, y_want);
    conv_forward_plain(s, size.x, size.weight, size.bias, size.y);
    check_close("forward", s, l.y, y_want, size.y, l.ys);

    conv_backward_data(s, dy, l.weight, accumulate, dx);
    conv_backward_data_plain(s, dy, l.weight, accumulate, dx_want);
    conv_backward_data_plain(s, dy_size, size.weight, true, dx_size);
    check_close("backward to the data", s, dx, dx_want, dx_size, l.xs);

    conv_backward_weight(s, l.x, dy, accumulate, dw, dbias);
    conv_backward_weight_plain(s, l.x, dy, accumulate, dw_want, with_bias ? db_want : NULL);
    conv_backward_weight_plain(s, size.x, dy_size, true, dw_size, db_size);
    check_close("backward to the weights", s, dw, dw_want, dw_size, l.weights);
    check_close("backward to the bias", s, db, db_want, db_size, outputs);
    arena_free(&l.arena);
    arena_free(&size.arena);
}

static int draw(Rng *rng, int min, int max) { return min + (int)rng_below(rng, (uint32_t)(max - min + 1)); }

static bool fits(ConvShape s) { return s.kernel <= MIN(s.H, s.W) + 2 * s.pad; }

TEST(ones_on_ones) {
    num ones[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, y[9];
    double want[] = { 4, 6, 4, 6, 9, 6, 4, 6, 4 };
    ConvShape s = { 1, 3, 3, 1, 1, 3, 1, 1 };
    conv_forward(s, ones, ones, NULL, y);
    for (int i = 0; i < 9; i++) CHECK_NEAR(y[i], want[i], 0);
    conv_forward_plain(s, ones, ones, NULL, y);
    for (int i = 0; i < 9; i++) CHECK_NEAR(y[i], want[i], 0);
    conv_backward_data(s, ones, ones, false, y);
    for (int i = 0; i < 9; i++) CHECK_NEAR(y[i], want[i], 0);
    conv_backward_weight(s, ones, ones, false, y, NULL);
    for (int i = 0; i < 9; i++) CHECK_NEAR(y[i], want[i], 0);
}

TEST(orientation_by_hand) {
    /* One picture of two channels, 2 x 2: channel 0 is 1 2 / 3 4, channel 1 is 10 times that. The kernel takes cell
     * (0, 1) of channel 0 once and cell (1, 0) of channel 1 twice. */
    num x[] = { 1, 10, 2, 20, 3, 30, 4, 40 }, weight[] = { 0, 1, 0, 0, 0, 0, 2, 0 }, bias[] = { 0.5 }, y[9];
    conv_forward((ConvShape){ 1, 2, 2, 2, 1, 2, 1, 0 }, x, weight, bias, y);
    CHECK_NEAR(y[0], 2 + 2 * 30 + 0.5, 0);
    double want[9];
    conv_forward((ConvShape){ 1, 2, 2, 2, 1, 2, 1, 1 }, x, weight, NULL, y);
    want[0] = 0;
    want[1] = 2 * 10;
    want[2] = 2 * 20; /* the line above the picture: cell (1, 0) sees row 0 */
    want[3] = 1;
    want[4] = 2 + 2 * 30;
    want[5] = 2 * 40;
    want[6] = 3;
    want[7] = 4;
    want[8] = 0;
    for (int i = 0; i < 9; i++) CHECK_NEAR(y[i], want[i], 0);
}

TEST(random_shapes) {
    Rng rng = rng_seed(1, 0);
    for (int i = 0; i < 500; i++) {
        ConvShape s = { draw(&rng, 0, 7), draw(&rng, 0, 9), draw(&rng, 0, 9), draw(&rng, 0, 9),
                        draw(&rng, 0, 9), draw(&rng, 1, 5), draw(&rng, 1, 4), draw(&rng, 0, 3) };
        if (fits(s)) compare(s, &rng);
    }
    for (int i = 0; i < 60; i++) {
        ConvShape s = { draw(&rng, 1, 5),  draw(&rng, 1, 12), draw(&rng, 1, 12), draw(&rng, 1, 40),
                        draw(&rng, 1, 90), draw(&rng, 1, 3),  draw(&rng, 1, 3),  draw(&rng, 0, 2) };
        if (fits(s)) compare(s, &rng);
    }
}

TEST(shapes_in_several_pieces) {
    Rng rng = rng_seed(2, 0);
    compare((ConvShape){ 1, 60, 50, 3, 20, 3, 1, 1 }, &rng); /* strips of one picture */
    compare((ConvShape){ 2, 3, 400, 2, 5, 3, 2, 1 }, &rng);  /* lines longer than a group */
    compare((ConvShape){ 150, 2, 2, 5, 70, 3, 1, 1 }, &rng); /* many pictures in a group */
    compare((ConvShape){ 2, 20, 20, 2, 3, 19, 1, 9 }, &rng); /* more kernel lines than are taken at a time */
    compare((ConvShape){ 1, 3, 3, 700, 66, 3, 1, 1 }, &rng); /* a panel larger than a slice */
    compare((ConvShape){ 3, 6, 6, 8, 128, 3, 1, 1 }, &rng);  /* more than one whole panel */
    compare((ConvShape){ 3, 1, 1, 8, 8, 1, 1, 0 }, &rng);
    compare((ConvShape){ 2, 2, 2, 3, 4, 5, 1, 4 }, &rng); /* places that see nothing of the picture */
    compare((ConvShape){ 2, 7, 7, 3, 4, 2, 5, 0 }, &rng); /* pixels that no place sees */
}

/* Winograd: images of whole tiles and of parts of tiles, whole panels of channels and parts of one, more tiles than a
 * group holds. */
TEST(winograd_tiles) {
    Rng rng = rng_seed(5, 0);
    int suited = 0;
    for (int i = 0; i < 40; i++) {
        ConvShape s = {
            draw(&rng, 0, 4), draw(&rng, 1, 13), draw(&rng, 1, 13), draw(&rng, 16, 100), 16 * draw(&rng, 1, 6), 3, 1, 1
        };
        if (winograd_suits(s)) {
            compare(s, &rng);
            suited++;
        }
    }
    CHECK(suited >= 10, "%d of 40 shapes suited", suited);
    compare((ConvShape){ 70, 8, 7, 24, 48, 3, 1, 1 }, &rng);
    compare((ConvShape){ 1, 32, 31, 64, 64, 3, 1, 1 }, &rng);
    CHECK(winograd_suits((ConvShape){ 1, 7, 7, 256, 256, 3, 1, 1 }) &&
              !winograd_suits((ConvShape){ 1, 3, 3, 256, 256, 3, 1, 1 }) &&
              !winograd_suits((ConvShape){ 1, 32, 32, 64, 40, 3, 1, 1 }) &&
              !winograd_suits((ConvShape){ 1, 32, 32, 64, 64, 3, 2, 1 }),
          "%s", "what suits");
}

static void same_alone(ConvShape s, Rng *rng) {
    ConvShape one = s;
    Layer l = layer(s, rng);
    one.B = 1;
    size_t xs = l.xs / (size_t)s.B, ys = l.ys / (size_t)s.B;
    num *y = numbers(&l.arena, rng, ys), *dx = numbers(&l.arena, rng, l.xs), *dx_one = numbers(&l.arena, rng, xs);
    conv_forward(s, l.x, l.weight, l.bias, l.y);
    conv_backward_data(s, l.y, l.weight, false, dx);
    for (size_t b = 0; b < (size_t)s.B; b++) {
        conv_forward(one, l.x + b * xs, l.weight, l.bias, y);
        conv_backward_data(one, l.y + b * ys, l.weight, false, dx_one);
        CHECK(!memcmp(y, l.y + b * ys, ys * sizeof(num)), "y of image %zu differs alone", b);
        CHECK(!memcmp(dx_one, dx + b * xs, xs * sizeof(num)), "dx of image %zu differs alone", b);
    }
    arena_free(&l.arena);
}

TEST(an_image_is_the_same_bits_in_any_batch) {
    Rng rng = rng_seed(3, 0);
    same_alone((ConvShape){ 40, 9, 7, 20, 70, 3, 1, 1 }, &rng);
    same_alone((ConvShape){ 40, 9, 7, 64, 48, 3, 1, 1 }, &rng); /* Winograd */
}

TEST(any_number_of_threads_gives_the_same_bits) {
    Rng rng = rng_seed(4, 0);
    ConvShape shapes[] = { { 20, 16, 16, 12, 70, 3, 1, 1 },
                           { 9, 15, 15, 64, 20, 3, 2, 1 },
                           { 64, 4, 4, 96, 96, 3, 1, 1 },
                           { 33, 16, 16, 3, 20, 3, 2, 1 },
                           { 33, 15, 15, 72, 32, 3, 1, 1 } };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        Layer l = layer(shapes[i], &rng);
        num *y[4], *dx[4], *dw[4], *db[4];
        for (int threads = 1; threads <= 3; threads++) {
            thread_set_count(threads);
            y[threads] = numbers(&l.arena, &rng, l.ys);
            dx[threads] = numbers(&l.arena, &rng, l.xs);
            dw[threads] = numbers(&l.arena, &rng, l.weights);
            db[threads] = numbers(&l.arena, &rng, (size_t)l.s.outputs);
            conv_forward(l.s, l.x, l.weight, l.bias, y[threads]);
            conv_backward_data(l.s, y[1], l.weight, false, dx[threads]);
            conv_backward_weight(l.s, l.x, y[1], false, dw[threads], db[threads]);
            CHECK(!memcmp(y[threads], y[1], l.ys * sizeof(num)), "y, %d threads", threads);
            CHECK(!memcmp(dx[threads], dx[1], l.xs * sizeof(num)), "dx, %d threads", threads);
            CHECK(!memcmp(dw[threads], dw[1], l.weights * sizeof(num)), "dweight, %d threads", threads);
            CHECK(!memcmp(db[threads], db[1], (size_t)l.s.outputs * sizeof(num)), "dbias, %d threads", threads);
        }
        arena_free(&l.arena);
    }
}

TEST(conv_out_by_hand) {
    CHECK(conv_out(32, 3, 1, 1) == 32 && conv_out(32, 3, 2, 1) == 16 && conv_out(7, 2, 5, 0) == 2 &&
              conv_out(5, 5, 1, 0) == 1,
          "%s", "conv_out");
}

TEST(broken_contracts_stop) {
    num x[64] = { 0 };
    CHECK_STOPS(conv_forward((ConvShape){ 1, 2, 4, 1, 1, 3, 1, 0 }, x, x, NULL, x), EXIT_CONTRACT,
                "kernel 3 on an image of 2 x 4 with pad 0");
    CHECK_STOPS(conv_backward_data((ConvShape){ 1, 4, 4, 1, 1, 3, 0, 0 }, x, x, false, x), EXIT_CONTRACT,
                "kernel 3, stride 0, pad 0");
    CHECK_STOPS(conv_backward_weight((ConvShape){ 1, 4, 4, -1, 1, 3, 1, 0 }, x, x, false, x, NULL), EXIT_CONTRACT,
                "x is [1,4,4,-1]");
}

TESTS(ones_on_ones, orientation_by_hand, random_shapes, shapes_in_several_pieces, winograd_tiles,
      an_image_is_the_same_bits_in_any_batch, any_number_of_threads_gives_the_same_bits, conv_out_by_hand,
      broken_contracts_stop)
