/* augment: normalised batches, shifts, mirrors and cutouts against slow loops. */
#include "core/arena.h"
#include "core/rng.h"
#include "core/thread.h"
#include "dataset/augment.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = CIFAR_SIDE, PLANE = SIDE * SIDE };

/* ---- batches ---------------------------------------------------------------------------------------------------- */

/* n pictures in which red is the column, green the row, and blue the picture's number. */
static Cifar coordinates(Arena *arena, int n) {
    uint8_t *pixels = arena_alloc(arena, (size_t)n, CIFAR_NUMBERS), *p = pixels;
    for (int i = 0; i < n; i++) {
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)(at % SIDE);
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)(at / SIDE);
        for (int at = 0; at < PLANE; at++) *p++ = (uint8_t)i;
    }
    return (Cifar){ .n = n, .pixels = pixels, .labels = arena_zero(arena, (size_t)n, 1) };
}

/* The byte that a normalised number came from. */
static int byte_of(num value, int c) { return (int)lround(((double)value * cifar_deviation[c] + cifar_mean[c]) * 255); }

typedef struct {
    int column, row;
} Where;

static Where where(const num *out, int x, int y) {
    const num *pixel = out + 3 * (y * SIDE + x);
    return (Where){ byte_of(pixel[0], 0), byte_of(pixel[1], 1) };
}

static bool is_zero(const num *out, int x, int y) {
    const num *pixel = out + 3 * (y * SIDE + x);
    return pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0;
}

#define CHECK_PIXEL(out, x, y, c, r)                                                                                   \
    do {                                                                                                               \
        Where got = where(out, x, y);                                                                                  \
        bool right = got.column == (c) && got.row == (r);                                                              \
        CHECK(right, "(%d,%d) shows (%d,%d), want (%d,%d)", x, y, got.column, got.row, c, r);                          \
    } while (0)

TEST(batch_by_hand) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 4);
    num *out = arena_alloc(&arena, 2 * CIFAR_NUMBERS, sizeof *out);
    cifar_batch(&set, (int[]){ 3, 1 }, 2, NULL, out);
    CHECK_NEAR(out[0], (0 - 0.4914) / 0.2470, 1e-6);
    CHECK_NEAR(out[3 * 31], (31 / 255.0 - 0.4914) / 0.2470, 1e-6);
    CHECK_NEAR(out[3 * 31 + 1], (0 - 0.4822) / 0.2435, 1e-6);
    CHECK_NEAR(out[2], (3 / 255.0 - 0.4465) / 0.2616, 1e-6);
    CHECK_NEAR(out[CIFAR_NUMBERS + 2], (1 / 255.0 - 0.4465) / 0.2616, 1e-6);
    CHECK_PIXEL(out, 5, 9, 5, 9);
    cifar_batch(&set, (int[]){ 0 }, 1, &(Augment){ .mirror = MIRROR_ALWAYS }, out);
    CHECK_PIXEL(out, 0, 3, 31, 3);
    CHECK_PIXEL(out, 31, 4, 0, 4);
    cifar_batch(&set, (int[]){ 0 }, 1, &(Augment){ .dx = 2, .dy = -1 }, out); /* right and up, reflected */
    CHECK_PIXEL(out, 2, 0, 0, 1);
    CHECK_PIXEL(out, 1, 0, 1, 1); /* the border column 0 is not repeated */
    CHECK_PIXEL(out, 0, 30, 2, 31);
    CHECK_PIXEL(out, 31, 31, 29, 30);
    Augment zeros = { .dx = -3, .dy = 2, .edge = EDGE_ZERO, .mirror = MIRROR_ALWAYS };
    cifar_batch(&set, (int[]){ 0 }, 1, &zeros, out);
    CHECK_PIXEL(out, 0, 2, 28, 0);
    CHECK_PIXEL(out, 28, 31, 0, 29);
    CHECK(is_zero(out, 29, 31) && is_zero(out, 0, 1) && is_zero(out, 31, 0) && !is_zero(out, 28, 2), "%s", "edges");
    arena_free(&arena);
}

/* Where a walker is who starts at 0 and takes `steps` steps, turning round at 0 and 31. */
static int bounce(int steps) {
    int at = 0, direction = steps < 0 ? -1 : 1;
    for (int i = 0; i < abs(steps); i++) {
        if (at + direction < 0 || at + direction >= SIDE) direction = -direction;
        at += direction;
    }
    return at;
}

TEST(batch_against_a_slow_walk) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 1);
    num *out = arena_alloc(&arena, CIFAR_NUMBERS, sizeof *out);
    for (int mirror = 0; mirror < 2; mirror++)
        for (int d = -16; d <= 16; d++) {
            int dy = -d / 2 + 3 * mirror;
            Augment augment = { .mirror = mirror ? MIRROR_ALWAYS : MIRROR_NEVER, .dx = d, .dy = dy };
            cifar_batch(&set, (int[]){ 0 }, 1, &augment, out);
            for (int y = 0; y < SIDE; y++)
                for (int x = 0; x < SIDE; x++) {
                    int column = bounce(x - d), row = bounce(y - dy);
                    CHECK_PIXEL(out, x, y, mirror ? SIDE - 1 - column : column, row);
                }
        }
    arena_free(&arena);
}

TEST(batch_refuses) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 2);
    num out[CIFAR_NUMBERS];
    int zero = 0, two = 2;
    CHECK_STOPS(cifar_batch(&set, &two, 1, NULL, out), EXIT_CONTRACT, "picture 2, want 0 to 1");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .shift = 16 }, out), EXIT_CONTRACT, "shift is 16, want 0 to");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .dy = -17 }, out), EXIT_CONTRACT, "dy is -17, want -16 to 16");
    CHECK_STOPS(cifar_batch(&set, &zero, 1, &(Augment){ .cutout = 33 }, out), EXIT_CONTRACT, "cutout is 33");
    cifar_batch(&set, NULL, 0, NULL, NULL);
    cifar_batch(&set, &zero, 1, &(Augment){ .shift = 15, .dx = 16, .dy = -16 }, out);
    arena_free(&arena);
}

/* The choice made for a picture, read back from what came out. Three numbers of one type have no gap between them, so
 * that memcmp compares them alone. */
typedef struct {
    int mirror, dx, dy;
} Choice;

static Choice choice_of(const num *out) {
    Where middle = where(out, 16, 16), next = where(out, 17, 16);
    bool mirror = next.column < middle.column;
    return (Choice){ mirror, 16 - (mirror ? SIDE - 1 - middle.column : middle.column), 16 - middle.row };
}

enum { MANY = 4000 };

/* One epoch of the first MANY pictures, in batches of B. */
static void choices(const Cifar *set, const Augment *augment, int B, Choice *found) {
    Arena arena = { 0 };
    num *out = arena_alloc(&arena, (size_t)B * CIFAR_NUMBERS, sizeof *out);
    int *index = arena_alloc(&arena, (size_t)B, sizeof *index);
    for (int first = 0; first < MANY; first += B) {
        for (int b = 0; b < B; b++) index[b] = (first + b) * 7 % MANY;
        cifar_batch(set, index, B, augment, out);
        for (int b = 0; b < B; b++) found[index[b]] = choice_of(out + (size_t)b * CIFAR_NUMBERS);
    }
    arena_free(&arena);
}

static int same_mirror(const Choice *a, const Choice *b) {
    int same = 0;
    for (int i = 0; i < MANY; i++) same += a[i].mirror == b[i].mirror;
    return same;
}

TEST(augmentation_chance) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, MANY);
    static Choice a[MANY], b[MANY], c[MANY];
    Augment augment = { .mirror = MIRROR_RANDOM, .shift = 2, .seed = 5, .epoch = 1 };
    choices(&set, &augment, 100, a);
    thread_set_count(3);
    choices(&set, &augment, 16, b);
    CHECK(!memcmp(a, b, sizeof a), "%s", "the batch or the threads matter");
    int mirrored = 0, place[5][5] = { { 0 } };
    for (int i = 0; i < MANY; i++) {
        mirrored += a[i].mirror;
        place[a[i].dy + 2][a[i].dx + 2]++;
    }
    CHECK(abs(mirrored - MANY / 2) < 130, "%d of %d mirrored", mirrored, MANY); /* 4 standard deviations */
    for (int dy = 0; dy < 5; dy++)
        for (int dx = 0; dx < 5; dx++) CHECK(abs(place[dy][dx] - MANY / 25) < 60, "%d: %d, %d", place[dy][dx], dx, dy);
    augment.epoch = 2;
    choices(&set, &augment, 100, b);
    CHECK(abs(same_mirror(a, b) - MANY / 2) < 130, "epochs 1 and 2 agree in %d", same_mirror(a, b));
    augment.shift = 0;
    choices(&set, &augment, 100, c);
    CHECK(same_mirror(b, c) == MANY, "%s", "without shifts the coins fall otherwise");
    augment.seed = 6;
    choices(&set, &augment, 100, c);
    CHECK(abs(same_mirror(b, c) - MANY / 2) < 130, "seeds 5 and 6 agree in %d", same_mirror(b, c));
    arena_free(&arena);
}

TEST(alternating_mirror) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, MANY);
    static Choice epoch[3][MANY];
    for (uint32_t e = 0; e < 3; e++)
        choices(&set, &(Augment){ .mirror = MIRROR_ALTERNATE, .seed = 5, .epoch = e + 4 }, 100, epoch[e]);
    int mirrored = 0;
    for (int i = 0; i < MANY; i++) mirrored += epoch[0][i].mirror;
    CHECK(abs(mirrored - MANY / 2) < 130, "%d of %d mirrored", mirrored, MANY);
    CHECK(same_mirror(epoch[0], epoch[1]) == 0 && same_mirror(epoch[0], epoch[2]) == MANY, "%s", "not in turn");
    arena_free(&arena);
}

TEST(cutout_is_a_square) {
    Arena arena = { 0 };
    Cifar set = coordinates(&arena, 200);
    num *out = arena_alloc(&arena, CIFAR_NUMBERS, sizeof *out);
    int whole = 0, columns[SIDE] = { 0 };
    for (int i = 0; i < set.n; i++) {
        int zeros = 0, left = SIDE, right = -1, top = SIDE, bottom = -1;
        cifar_batch(&set, &i, 1, &(Augment){ .cutout = 5, .seed = 1 }, out);
        for (int at = 0; at < PLANE; at++) {
            int x = at % SIDE, y = at / SIDE;
            if (!is_zero(out, x, y)) continue;
            zeros++;
            left = MIN(left, x);
            right = MAX(right, x);
            top = MIN(top, y);
            bottom = MAX(bottom, y);
        }
        int width = right - left + 1, height = bottom - top + 1;
        CHECK(zeros == width * height && zeros >= 9, "picture %d: %d zeros in %d x %d", i, zeros, width, height);
        CHECK((width == 5 || left == 0 || right == 31) && width <= 5 && height <= 5, "%d x %d", width, height);
        whole += zeros == 25;
        columns[left]++;
    }
    CHECK(whole > 120 && whole < 190, "%d of 200 whole, 153 expected", whole); /* (28 / 32)^2 */
    for (int x = 0; x < 28; x++) CHECK(columns[x] < 40, "%d squares begin at column %d", columns[x], x);
    arena_free(&arena);
}

TEST(own_photograph_like_a_picture_of_the_set) {
    Arena arena = { 0 };
    Cifar set;
    uint8_t rgb[CIFAR_NUMBERS];
    num batch[CIFAR_NUMBERS], own[CIFAR_NUMBERS];
    cifar_generate(&arena, CIFAR_TEST, 10, &set);
    cifar_batch(&set, (int[]){ 7 }, 1, NULL, batch);
    cifar_picture(&set, 7, rgb);
    cifar_normalise(rgb, own);
    CHECK(!memcmp(batch, own, sizeof own), "%s", "they differ");
    CHECK_STOPS(cifar_picture(&set, -1, rgb), EXIT_CONTRACT, "picture -1, want 0 to 9");
    arena_free(&arena);
}

TESTS(batch_by_hand, batch_against_a_slow_walk, batch_refuses, augmentation_chance, alternating_mirror,
      cutout_is_a_square, own_photograph_like_a_picture_of_the_set)
