/* text_image_search: captions, classes and nearest pictures that belong together. */
#include "13-retrieval/text_image_search.h"
#include "core/arena.h"
#include "check.h"

#include <string.h>

static Arena arena;
static const char *const templates[] = { "a photo of {}", "this is {}", "{}" };

static Cifar pictures(int n) {
    Cifar set;
    cifar_generate(&arena, CIFAR_TEST, n, &set);
    return set;
}

TEST(captions_of_a_class_are_together) {
    Cifar set = pictures(20);
    Search s = search_make(&arena, &set, templates, 3);
    CHECK(s.text_count == 30 && s.templates == 3, "%d captions", s.text_count);
    for (int k = 0; k < 30; k++) {
        const char *name = set.names[k / 3];
        CHECK(s.says[k] == k / 3, "caption %d is of class %d", k, s.says[k]);
        CHECK(strstr(s.texts[k], name) && !strstr(s.texts[k], "{}"), "caption %d is '%s'", k, s.texts[k]);
    }
    CHECK(!strcmp(s.texts[5], set.names[1]) && !strncmp(s.texts[3], "a photo of ", 11) &&
              !strncmp(s.texts[4], "this is ", 8),
          "'%s' '%s' '%s'", s.texts[3], s.texts[4], s.texts[5]);
    for (int i = 0; i < set.n; i++) CHECK(s.shows[i] == set.labels[i], "picture %d shows %d", i, s.shows[i]);
    CHECK_STOPS(search_make(&arena, &set, templates, 0), EXIT_CONTRACT, "0 templates");
}

TEST(tiles_are_the_best_pictures) {
    Cifar set = pictures(20);
    Search s = search_make(&arena, &set, templates, 1);
    num scores[20] = { 0 };
    scores[7] = 0.5f;
    scores[3] = 0.25f;
    scores[12] = 0.125f;
    int best[] = { 7, 3, 12 };
    Tile tiles[20];
    int class = s.shows[7];
    CHECK(search_tiles(&arena, &s, scores, 3, class, tiles) == 3, "%s", "three were asked for");
    for (int t = 0; t < 3; t++) {
        uint8_t rgb[CIFAR_NUMBERS];
        cifar_picture(&set, best[t], rgb);
        CHECK(tiles[t].width == CIFAR_SIDE && tiles[t].height == CIFAR_SIDE && !memcmp(tiles[t].rgb, rgb, sizeof rgb),
              "tile %d is another picture", t);
        CHECK(tiles[t].marked == (s.shows[best[t]] != class), "tile %d: mark %d", t, tiles[t].marked);
        CHECK(strstr(tiles[t].caption, set.names[s.shows[best[t]]]), "tile %d: '%s'", t, tiles[t].caption);
    }
    CHECK(strstr(tiles[0].caption, "\n0.500"), "'%s'", tiles[0].caption);
    CHECK(search_tiles(&arena, &s, scores, 3, -1, tiles) == 3 && !tiles[0].marked && !tiles[1].marked &&
              !tiles[2].marked,
          "%s", "without a class nothing is marked");
    CHECK(search_tiles(&arena, &s, scores, 50, -1, tiles) == 20, "%s", "there are but 20");
}

TEST(files_lend_their_names) {
    Cifar set = pictures(10);
    Search s = search_make(&arena, &set, templates, 1);
    const char *files[] = { "a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "h.png", "i.png", "j.png" };
    s.files = files;
    num scores[10] = { 0, 0, 1 };
    Tile tile;
    CHECK(search_tiles(&arena, &s, scores, 1, -1, &tile) == 1 && !strcmp(tile.caption, "c.png\n1.000"), "'%s'",
          tile.caption);
}

TESTS(captions_of_a_class_are_together, tiles_are_the_best_pictures, files_lend_their_names)
