/* corrupt: does each kind do what its manual says, more so at each strength, and the same every time? */
#include "dataset/corruption.h"
#include "core/arena.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;
static uint8_t flat[CIFAR_NUMBERS], photo[CIFAR_NUMBERS], out[CIFAR_NUMBERS], accumulate[CIFAR_NUMBERS];

static void make(void) {
    Cifar set;
    cifar_generate(&arena, CIFAR_TEST, 10, &set);
    cifar_picture(&set, 0, photo);
    memset(flat, 100, sizeof flat);
}

static double distance(const uint8_t *a, const uint8_t *b) {
    double sum = 0;
    for (int i = 0; i < CIFAR_NUMBERS; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / CIFAR_NUMBERS);
}

TEST(strength_zero_is_the_picture_and_each_is_stronger) {
    make();
    for (Corruption kind = 0; kind < CORRUPT_KINDS; kind++) {
        double before = 0;
        for (int strength = 0; strength <= CORRUPT_STRENGTHS; strength++) {
            double mean = 0;
            for (int i = 0; i < 20; i++) {
                corrupt_picture((Corrupt){ kind, strength, 1 }, i, photo, out);
                mean += distance(photo, out) / 20;
            }
            CHECK(strength ? mean > before + 0.3 : mean == 0, "%s %d: %g after %g", corrupt_name(kind), strength, mean,
                  before);
            before = mean;
        }
    }
}

TEST(chance_is_the_pictures_own) {
    make();
    for (Corruption kind = 0; kind < CORRUPT_KINDS; kind++) {
        bool chance = kind == CORRUPT_NOISE || kind == CORRUPT_SALT || kind == CORRUPT_OCCLUDE;
        corrupt_picture((Corrupt){ kind, 3, 1 }, 7, photo, out);
        corrupt_picture((Corrupt){ kind, 3, 1 }, 7, photo, accumulate);
        CHECK(!memcmp(out, accumulate, sizeof out), "%s", corrupt_name(kind));
        corrupt_picture((Corrupt){ kind, 3, 1 }, 8, photo, accumulate);
        CHECK(!chance || memcmp(out, accumulate, sizeof out), "%s: the same for two pictures", corrupt_name(kind));
        corrupt_picture((Corrupt){ kind, 3, 2 }, 7, photo, accumulate);
        CHECK(!chance || memcmp(out, accumulate, sizeof out), "%s: the same for two seeds", corrupt_name(kind));
    }
}

TEST(noise_and_salt_have_their_amount) {
    make();
    double sum = 0;
    int struck = 0;
    for (int i = 0; i < 50; i++) {
        corrupt_picture((Corrupt){ CORRUPT_NOISE, 2, 1 }, i, flat, out);
        sum += pow(distance(flat, out) / 255, 2) / 50;
        corrupt_picture((Corrupt){ CORRUPT_SALT, 4, 1 }, i, flat, out);
        for (int p = 0; p < CIFAR_NUMBERS; p += 3) {
            bool grain = out[p] != 100;
            struck += grain;
            CHECK(!grain || ((out[p] == 0 || out[p] == 255) && out[p + 1] == out[p] && out[p + 2] == out[p]), "%d",
                  out[p]);
        }
    }
    CHECK_NEAR(sqrt(sum), 0.08, 0.001);
    CHECK_NEAR(struck / (50.0 * 32 * 32), 0.18, 0.005);
}

/* What has no detail has none to lose. */
TEST(flat_pictures_stay) {
    make();
    const Corruption kinds[] = { CORRUPT_BLUR, CORRUPT_PIXELATE, CORRUPT_CONTRAST, CORRUPT_ROTATE };
    for (size_t k = 0; k < COUNT(kinds); k++) {
        corrupt_picture((Corrupt){ kinds[k], 5, 1 }, 0, flat, out);
        CHECK(!memcmp(flat, out, sizeof flat), "%s", corrupt_name(kinds[k]));
    }
}

TEST(a_point_spreads_by_hand) {
    make();
    uint8_t *point = flat;
    memset(flat, 0, sizeof flat);
    for (int c = 0; c < 3; c++) point[(16 * 32 + 10) * 3 + c] = 255;
    corrupt_picture((Corrupt){ CORRUPT_BLUR, 2, 1 }, 0, flat, out);
    double all = 0, w = exp(-1 / (2 * 0.8 * 0.8));
    for (int i = -7; i <= 7; i++) all += exp(-i * i / (2 * 0.8 * 0.8));
    CHECK_NEAR(out[(16 * 32 + 10) * 3], 255 / (all * all), 0.51 / 50);
    CHECK(fabs(out[(16 * 32 + 11) * 3] - 255 * w / (all * all)) < 0.51 &&
              out[(15 * 32 + 10) * 3] == out[(16 * 32 + 9) * 3],
          "%d", out[(16 * 32 + 11) * 3]);
    corrupt_picture((Corrupt){ CORRUPT_PIXELATE, 3, 1 }, 0, flat, out); /* blocks of 4: 255 / 16 = 15.9 */
    CHECK(out[(16 * 32 + 8) * 3] == 16 && out[(19 * 32 + 11) * 3] == 16 && out[(16 * 32 + 12) * 3] == 0 &&
              out[(15 * 32 + 10) * 3] == 0,
          "%d", out[(16 * 32 + 8) * 3]);
}

TEST(contrast_brightness_occlusion) {
    make();
    for (int i = 0; i < CIFAR_NUMBERS; i++) flat[i] = i / 3 % 2 ? 200 : 100; /* columns by turns, mean 150 */
    corrupt_picture((Corrupt){ CORRUPT_CONTRAST, 2, 1 }, 0, flat, out);
    CHECK(out[0] == 125 && out[3] == 175, "%d %d", out[0], out[3]);
    corrupt_picture((Corrupt){ CORRUPT_BRIGHTNESS, 4, 1 }, 0, flat, out); /* + 102 */
    CHECK(out[0] == 202 && out[3] == 255, "%d %d", out[0], out[3]);
    for (int i = 0; i < 30; i++) {
        int grey = 0;
        corrupt_picture((Corrupt){ CORRUPT_OCCLUDE, 2, 1 }, i, flat, out);
        for (int p = 0; p < CIFAR_NUMBERS; p += 3) grey += out[p] == 128;
        CHECK(grey == 100, "picture %d: %d pixels", i, grey);
    }
}

/* A quarter turn twice is a half turn; here: the middle stays, and what is turned both ways is near where it was. */
TEST(rotation_keeps_the_middle) {
    make();
    memset(flat, 0, sizeof flat);
    for (int y = 15; y <= 16; y++)
        for (int x = 15; x <= 16; x++) flat[(y * 32 + x) * 3] = 200;
    flat[(16 * 32 + 26) * 3 + 1] = 250; /* 10.5 to the right of the middle */
    bool up = false, down = false;
    for (int i = 0; i < 20; i++) {
        int best = 0;
        corrupt_picture((Corrupt){ CORRUPT_ROTATE, 5, 1 }, i, flat, out);
        CHECK(out[(15 * 32 + 15) * 3] > 140 && out[(16 * 32 + 16) * 3] > 140, "%d", out[(15 * 32 + 15) * 3]);
        for (int p = 0; p < 32 * 32; p++)
            if (out[p * 3 + 1] > out[best * 3 + 1]) best = p;
        int x = best % 32, y = best / 32; /* 45 degrees: 7.1 and 7.8 from the middle */
        CHECK(abs(x - 23) <= 1 && (abs(y - 23) <= 1 || abs(y - 8) <= 1), "at %d, %d", x, y);
        up = up || y < 16;
        down = down || y > 16;
    }
    CHECK(up && down, "%s", "both ways");
}

TEST(sets_keep_labels_and_threads_do_not_matter) {
    Cifar set;
    cifar_generate(&arena, CIFAR_TEST, 100, &set);
    Corrupt how = { CORRUPT_NOISE, 3, 5 };
    thread_set_count(1);
    Cifar one = corrupt_set(&arena, &set, 60, how);
    thread_set_count(4);
    Cifar four = corrupt_set(&arena, &set, 60, how);
    CHECK(one.n == 60 && one.labels == set.labels && one.names == set.names, "%d", one.n);
    CHECK(!memcmp(one.pixels, four.pixels, 60 * CIFAR_NUMBERS), "%s", "threads");
    cifar_picture(&set, 41, photo);
    cifar_picture(&one, 41, accumulate);
    corrupt_picture(how, 41, photo, out);
    CHECK(!memcmp(out, accumulate, sizeof out), "%s", "picture 41");
    CHECK_STOPS(corrupt_set(&arena, &set, 101, how), EXIT_CONTRACT, "n is 101");
    CHECK_STOPS(corrupt_picture((Corrupt){ CORRUPT_NOISE, 6, 1 }, 0, photo, out), EXIT_CONTRACT, "strength is 6");
    CHECK_STOPS(corrupt_name(CORRUPT_KINDS), EXIT_CONTRACT, "kind is 8");
}

/* Dark at the left, light at the right: what lies beyond an edge is as the edge is, not as the other side. */
TEST(edges_are_their_own) {
    static const Corruption kinds[] = { CORRUPT_BLUR, CORRUPT_ROTATE };
    uint8_t halves[CIFAR_NUMBERS];
    for (int i = 0; i < CIFAR_NUMBERS; i++) halves[i] = i / 3 % CIFAR_SIDE < CIFAR_SIDE / 2 ? 0 : 255;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        corrupt_picture((Corrupt){ kinds[k], kinds[k] == CORRUPT_BLUR ? 5 : 1, 1 }, 0, halves, out);
        for (int h = 8; h < 24; h++) {
            const uint8_t *left = out + 3 * (h * CIFAR_SIDE), *right = left + 3 * (CIFAR_SIDE - 1);
            CHECK(left[0] == 0 && right[0] == 255, "%s, line %d: %d at the left, %d at the right",
                  corrupt_name(kinds[k]), h, left[0], right[0]);
        }
    }
}

TESTS(strength_zero_is_the_picture_and_each_is_stronger, chance_is_the_pictures_own, noise_and_salt_have_their_amount,
      flat_pictures_stay, a_point_spreads_by_hand, contrast_brightness_occlusion, rotation_keeps_the_middle,
      sets_keep_labels_and_threads_do_not_matter, edges_are_their_own)
