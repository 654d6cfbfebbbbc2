/* drawn_pairs: pictures and captions of a pair differ in one respect and in nothing else. */
#include "19-pretrained/drawn_pairs.h"
#include "core/arena.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 96 };
static Arena arena;

/* Pixels that are not the paper's white. */
static int ink(Image image) {
    int count = 0;
    for (int i = 0; i < SIDE * SIDE; i++) count += memcmp(image.rgb + 3 * i, "\xf7\xf7\xf7", 3) != 0;
    return count;
}

static int compare_chars(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }

static const char *letters_sorted(const char *text) {
    char *copy = arena_text(&arena, text);
    qsort(copy, strlen(copy), 1, compare_chars);
    return copy;
}

TEST(drawn_are_pairs) {
    for (DrawnKind kind = 0; kind < DRAWN_KINDS; kind++)
        for (int i = 0; i < DRAWN_PAIRS; i++) {
            DrawnPair p = drawn_pair(&arena, kind, i, SIDE), again = drawn_pair(&arena, kind, i, SIDE);
            const char *a = p.caption[0], *b = p.caption[1];
            CHECK(strcmp(a, b), "%s %d: twice \"%s\"", drawn_name(kind), i, a);
            CHECK(memcmp(p.image[0].rgb, p.image[1].rgb, SIDE * SIDE * 3), "%s %d: one picture", drawn_name(kind), i);
            for (int k = 0; k < 2; k++) {
                CHECK(!memcmp(p.image[k].rgb, again.image[k].rgb, SIDE * SIDE * 3), "%s %d", drawn_name(kind), i);
                CHECK(ink(p.image[k]) > SIDE * SIDE / 20, "%s %d: %d pixels", drawn_name(kind), i, ink(p.image[k]));
            }
            if (kind == DRAWN_SPATIAL || kind == DRAWN_BINDING) /* the same words in another order */
                CHECK(!strcmp(letters_sorted(a), letters_sorted(b)), "\"%s\" and \"%s\"", a, b);
        }
    CHECK_STOPS(drawn_pair(&arena, DRAWN_SPATIAL, DRAWN_PAIRS, SIDE), EXIT_CONTRACT, "pair 8");
    arena_free(&arena);
}

/* However many there are, they cover the same area, within the pixels of their edges. */
TEST(drawn_ink_does_not_count) {
    for (int i = 0; i < DRAWN_PAIRS; i++) {
        DrawnPair p = drawn_pair(&arena, DRAWN_COUNTING, i, SIDE);
        double ratio = (double)ink(p.image[1]) / ink(p.image[0]);
        CHECK(ratio > 0.9 && ratio < 1.25, "pair %d: %g", i, ratio);
    }
    arena_free(&arena);
}

TEST(drawn_captions) {
    static const char *const want[DRAWN_KINDS][2] = {
        { "a red circle to the left of a blue square", "a blue square to the left of a red circle" },
        { "one red circle", "two red circles" },
        { "a red circle and a blue square", "a red circle and no blue square" },
        { "a red circle and a blue square", "a blue circle and a red square" },
        { "a picture of order", "a picture of chaos" },
    };
    for (DrawnKind kind = 0; kind < DRAWN_KINDS; kind++)
        for (int k = 0; k < 2; k++) {
            const char *got = drawn_pair(&arena, kind, 0, SIDE).caption[k];
            CHECK(!strcmp(got, want[kind][k]), "\"%s\", not \"%s\"", got, want[kind][k]);
        }
    arena_free(&arena);
}

/* Of the numbers of the right or left half that are not white, how many; and their mean colour. */
static int half_ink(Image image, bool right, double mean[3]) {
    int count = 0;
    mean[0] = mean[1] = mean[2] = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const uint8_t *pixel = image.rgb + 3 * i;
        if ((i % SIDE >= SIDE / 2) != right || !memcmp(pixel, "\xf7\xf7\xf7", 3)) continue;
        count++;
        for (int c = 0; c < 3; c++) mean[c] += pixel[c];
    }
    for (int c = 0; c < 3; c++) mean[c] /= MAX(1, count);
    return count;
}

/* What is at the left of the first picture is at the right of the second. */
TEST(two_things_lie_left_and_right) {
    for (int i = 0; i < DRAWN_PAIRS; i++) {
        DrawnPair p = drawn_pair(&arena, DRAWN_SPATIAL, i, SIDE);
        double colour[2][2][3];
        int ink[2][2];
        for (int k = 0; k < 4; k++) ink[k / 2][k % 2] = half_ink(p.image[k / 2], k % 2, colour[k / 2][k % 2]);
        for (int side = 0; side < 2; side++) {
            int here = ink[0][side], there = ink[1][1 - side];
            CHECK(here > SIDE * SIDE / 40 && abs(here - there) < here / 8, "pair %d: %d pixels here, %d there", i, here,
                  there);
            for (int c = 0; c < 3; c++) CHECK_NEAR(colour[0][side][c] / 255, colour[1][1 - side][c] / 255, 0.05);
        }
    }
    arena_free(&arena);
}

TESTS(drawn_are_pairs, drawn_ink_does_not_count, drawn_captions, two_things_lie_left_and_right)
