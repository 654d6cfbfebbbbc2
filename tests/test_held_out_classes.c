/* held_out_classes: every pair is described in seen words; answers are counted by hand. */
#include "14-honestly-zero-shot/held_out_classes.h"
#include "core/arena.h"
#include "core/file.h"
#include "dataset/words.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static Cifar set_of(const uint8_t *labels, int n, bool generated) {
    Cifar set;
    cifar_generate(&arena, CIFAR_TEST, 10, &set);
    uint8_t *pixels = arena_zero(&arena, (size_t)n, CIFAR_NUMBERS);
    for (int i = 0; i < n; i++) pixels[(size_t)i * CIFAR_NUMBERS] = (uint8_t)i;
    set.n = n;
    set.pixels = pixels;
    set.labels = labels;
    set.generated = generated;
    return set;
}

/* Any two classes of photographs can be held out: their words were seen. Two colours of one shape cannot. */
TEST(every_word_is_seen_elsewhere) {
    static const uint8_t labels[] = { 0 };
    Cifar photographs = set_of(labels, 1, false), shapes = set_of(labels, 1, true);
    int lost = 0;
    for (int a = 0; a < CIFAR_CLASSES; a++)
        for (int b = 0; b < CIFAR_CLASSES; b++) {
            if (a == b) continue;
            CHECK(holdout_unseen(holdout_descriptions(&photographs), a, b) == 0, "classes %d and %d", a, b);
            int unseen = holdout_unseen(holdout_descriptions(&shapes), a, b);
            CHECK(unseen == (a % 5 == b % 5), "shapes %d and %d: %d", a, b, unseen);
            lost += unseen;
        }
    CHECK(lost == 10, "%d", lost);
}

/* As bags of words no two are the same, or they could not be told apart by any of them. */
TEST(descriptions_differ_as_bags) {
    static const uint8_t labels[] = { 0 };
    Cifar set = set_of(labels, 1, false);
    const char *const *text = holdout_descriptions(&set), *pattern = "{}";
    enum { T = 16 };
    int ids[CIFAR_CLASSES * T];
    bool has[CIFAR_CLASSES][64] = { { false } };
    Vocab vocab = vocab_build(&arena, &pattern, 1, text, CIFAR_CLASSES);
    vocab_encode(&vocab, &arena, text, CIFAR_CLASSES, T, ids);
    for (int i = 0; i < CIFAR_CLASSES * T; i++) has[i / T][ids[i]] = true;
    for (int a = 0; a < CIFAR_CLASSES; a++)
        for (int b = 0; b < a; b++) CHECK(memcmp(has[a], has[b], sizeof has[a]), "%s | %s", text[a], text[b]);
    for (int w = TEXT_FIRST_WORD; w < vocab.size; w++) {
        int classes = 0;
        for (int c = 0; c < CIFAR_CLASSES; c++) classes += has[c][w];
        CHECK(classes >= 3, "\"%s\" is in %d descriptions, want 3 or more", vocab.word[w], classes);
    }
}

/* Photographs: 4 machines and 6 animals, 6 + 15 pairs; shapes: two colours of 5, 10 + 10. */
TEST(kinds_are_counted) {
    static const uint8_t labels[] = { 0 };
    Cifar photographs = set_of(labels, 1, false), shapes = set_of(labels, 1, true);
    int alike = 0, colours = 0;
    for (int a = 0; a < CIFAR_CLASSES; a++)
        for (int b = 0; b < a; b++) {
            alike += holdout_alike(&photographs, a, b);
            colours += holdout_alike(&shapes, a, b);
            CHECK(holdout_alike(&shapes, b, a) == (shapes.names[a][0] == shapes.names[b][0]), "%s, %s", shapes.names[a],
                  shapes.names[b]);
        }
    CHECK(alike == 21 && colours == 20, "%d, %d", alike, colours);
    CHECK(holdout_alike(&photographs, 3, 5) && !holdout_alike(&photographs, 3, 0), "%s", "cat, dog, airplane");
}

TEST(pictures_are_split) {
    static const uint8_t labels[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
    Cifar set = set_of(labels, 8, false), held = holdout_pictures(&arena, &set, 1, 9, true, 0);
    Cifar rest = holdout_pictures(&arena, &set, 1, 9, false, 0), some = holdout_pictures(&arena, &set, 1, 9, false, 2);
    CHECK(held.n == 3 && held.labels[0] == 1 && held.labels[1] == 1 && held.labels[2] == 9, "%d", held.n);
    CHECK(held.pixels[0] == 1 && held.pixels[CIFAR_NUMBERS] == 3 && held.pixels[2 * CIFAR_NUMBERS] == 5, "%d",
          held.pixels[0]);
    CHECK(rest.n == 5 && some.n == 2 && some.labels[1] == 4 && some.pixels[CIFAR_NUMBERS] == 2, "%d %d", rest.n,
          some.n);
    CHECK_STOPS(holdout_pictures(&arena, &set, 3, 3, true, 0), EXIT_CONTRACT, "classes 3 and 3");
}

TEST(answers_by_hand) {
    static const uint8_t labels[] = { 2, 7, 7, 2 };
    Cifar set = set_of(labels, 4, false);
    Mat scores = mat_zero(&arena, 4, CIFAR_CLASSES);
    AT(scores, 0, 2) = 3; /* another class is nearest, but 2 before 7 */
    AT(scores, 0, 5) = 4;
    AT(scores, 1, 7) = 1;  /* right both times */
    AT(scores, 2, 2) = -1; /* a tie goes to 2, and class 0 is nearest */
    AT(scores, 2, 7) = -1;
    AT(scores, 3, 2) = 1; /* of two that are nearest 2 is the lower */
    AT(scores, 3, 5) = 1;
    const struct {
        double gamma;
        int correct;
    } want[] = { { 0, 2 }, { 0.9, 2 }, { 1.1, 3 }, { INFINITY, 3 }, { -3.1, 0 } };
    for (size_t i = 0; i < COUNT(want); i++) {
        int got = holdout_correct(scores, &set, 7, 2, want[i].gamma);
        CHECK(got == want[i].correct, "gamma %g: %d", want[i].gamma, got);
    }
    AT(scores, 2, 7) = (num)-0.5; /* class 0 is half a point nearer */
    CHECK(holdout_correct(scores, &set, 7, 2, 0.4) == 2 && holdout_correct(scores, &set, 7, 2, 0.6) == 3, "%s", "0.5");
}

/* A row with these counts at two gammas. */
static HoldoutRow row_of(int a, int b, int held0, int seen0, int held1, int seen1) {
    HoldoutRow row = { a, b, 0, 100, 400, 0, 0, 0, { held0, held1 }, { seen0, seen1 } };
    return row;
}

/* The gamma of a pair is chosen on the pairs that share no class with it. */
TEST(gamma_is_chosen_on_other_pairs) {
    HoldoutTable table = {
        .row = { row_of(0, 1, 50, 200, 0, 0), row_of(2, 3, 10, 400, 50, 200), row_of(1, 2, 60, 240, 0, 0) }, .count = 3
    };
    HoldoutAccuracy a = holdout_accuracy(&table.row[1], 0);
    CHECK(a.held == 10 && a.seen == 100, "%g, %g", a.held, a.seen);
    CHECK_NEAR(a.harmonic, 2 * 10.0 * 100 / 110, 1e-12);
    CHECK(holdout_accuracy(&table.row[0], 5).harmonic == 0, "%s", "0 and 0");
    CHECK(holdout_choose(&table, 0, 1) == 1, "%d", holdout_choose(&table, 0, 1)); /* by (2,3) alone */
    CHECK(holdout_choose(&table, 2, 3) == 0, "%d", holdout_choose(&table, 2, 3)); /* by (0,1) alone */
    CHECK(holdout_choose(&table, 4, 5) == 0, "%d", holdout_choose(&table, 4, 5)); /* by all three */
    table.count = 1;
    CHECK(holdout_choose(&table, 1, 9) == 0, "%s", "no such pair");
    CHECK_NEAR(holdout_gamma(HOLDOUT_GAMMAS - 1), 0.5, 1e-12);
}

TEST(table_comes_back) {
    char *path = arena_print(&arena, "%s/table.csv", check_folder());
    HoldoutTable table = { .row = { row_of(0, 1, 10, 20, 30, 40), row_of(3, 5, 1, 2, 3, 4) }, .count = 2 }, back;
    table.row[1].unseen = 1;
    table.row[1].two = 77;
    Err err;
    CHECK(holdout_write(&table, path, &err) && holdout_read(&back, path, &err), "%s", err.text);
    CHECK(back.count == 2 && !memcmp(back.row, table.row, 2 * sizeof *table.row), "%d rows", back.count);
    CHECK(holdout_find(&back, 5, 3) == &back.row[1] && !holdout_find(&back, 0, 2), "%s", "found");
}

/* The tables beside the page: all pairs, in the order of asking. */
TEST(tables_of_the_lesson_are_whole) {
    static const char *const paths[] = { "lessons/14-honestly-zero-shot/cifar10.csv",
                                         "lessons/14-honestly-zero-shot/shapes.csv" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        HoldoutTable table;
        Err err = { "" };
        CHECK(holdout_read(&table, paths[i], &err), "%s", err.text);
        CHECK(table.count == HOLDOUT_PAIRS, "%s: %d pairs", paths[i], table.count);
        for (int r = 0; r < table.count; r++)
            for (int k = 1; k < HOLDOUT_GAMMAS; k++)
                CHECK(table.row[r].held[k] >= table.row[r].held[k - 1] &&
                          table.row[r].seen[k] <= table.row[r].seen[k - 1],
                      "%s: row %d, gamma %g", paths[i], r, holdout_gamma(k));
    }
}

static void refuse(const char *text, const char *why) {
    char *path = arena_print(&arena, "%s/bad.csv", check_folder());
    HoldoutTable table = { .count = 7 };
    OutFile out;
    Err err;
    CHECK(out_open(&out, path, &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
    CHECK(!holdout_read(&table, path, &err), "\"%s\" was taken", text);
    CHECK(strstr(err.text, why) && strstr(err.text, path), "%s", err.text);
    CHECK(table.count == 7, "%d", table.count);
}

/* A line of the table: these numbers, then as many for each gamma. */
static char *line_of(const char *first, int held, int seen) {
    char *line = arena_text(&arena, first);
    for (int k = 0; k < 2 * HOLDOUT_GAMMAS; k++)
        line = arena_print(&arena, "%s,%d", line, k < HOLDOUT_GAMMAS ? held : seen);
    return arena_print(&arena, "%s\n", line);
}

TEST(bad_tables_are_refused) {
    char *path = arena_print(&arena, "%s/head.csv", check_folder());
    HoldoutTable none = { .count = 0 };
    File file;
    Err err;
    CHECK(holdout_write(&none, path, &err) && file_open(&file, path, &err), "%s", err.text);
    char *head = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data);
    file_close(&file);
    char *good = line_of("0,1,0,20,80,1,1,1", 1, 1);
    const char *const rows[] = { good,
                                 line_of("1,1,0,20,80,1,1,1", 1, 1),
                                 line_of("2,1,0,20,80,1,1,1", 1, 1),
                                 line_of("0,10,0,20,80,1,1,1", 1, 1),
                                 line_of("0,2,0,20,80,21,1,1", 1, 1),
                                 line_of("0,2,0,20,80,1,1,21", 1, 1),
                                 line_of("0,2,0,20,80,1,1,1", 21, 1),
                                 line_of("0,2,0,20,80,1,1,1", 1, 81),
                                 line_of("0,2,0,0,80,0,0,0", 0, 0),
                                 line_of("0,2,0,20,80,1,1", 1, 1),
                                 line_of("0,2,0,20,80,1,1,1,1", 1, 1),
                                 line_of("0,2,0,20,80,1,1,x", 1, 1),
                                 line_of("0,2,0,-1,80,1,1,1", 1, 1),
                                 "\n" };
    refuse("", "empty");
    refuse("a,b\n", ":1:");
    for (size_t i = 0; i < COUNT(rows); i++) refuse(arena_print(&arena, "%s%s%s", head, good, rows[i]), ":3:");
    char *whole = arena_text(&arena, head);
    for (int a = 0; a < 10; a++)
        for (int b = a + 1; b < 10; b++)
            whole = arena_print(&arena, "%s%s", whole, line_of(arena_print(&arena, "%d,%d,0,20,80,1,1,1", a, b), 1, 1));
    refuse(arena_print(&arena, "%s%s", whole, good), ":47:");
}

/* With keep the second call loads what the first one trained, and other settings have another file. */
TEST(models_are_kept) {
    Cifar train, test;
    Clip clip;
    num first[2];
    cifar_generate(&arena, CIFAR_TRAIN, 200, &train);
    cifar_generate(&arena, CIFAR_TEST, 10, &test);
    HoldoutConfig config = { &train, &test, holdout_descriptions(&test), 100, 1, true };
    CHECK(!setenv("CLIP_MODELS", check_folder(), 1), "%s", "setenv");
    const char *path =
        arena_print(&arena, "%s/14-without-2-7-first100-epochs1-shapes-seed1.safetensors", check_folder());
    for (int i = 0; i < 2; i++) {
        holdout_train(&config, 2, 7, &clip);
        first[i] = clip.params.list[0]->val.v[0];
        clip_free(&clip);
        CHECK(file_exists(path), "%s was not kept", path);
    }
    CHECK(!memcmp(&first[0], &first[1], sizeof first[0]), "%g and %g", (double)first[0], (double)first[1]);
    config.pictures = 120;
    holdout_train(&config, 2, 7, &clip);
    CHECK(memcmp(&first[0], &clip.params.list[0]->val.v[0], sizeof first[0]), "%s", "the same model of other pictures");
    clip_free(&clip);
    arena_free(&arena);
}

TESTS(every_word_is_seen_elsewhere, descriptions_differ_as_bags, kinds_are_counted, pictures_are_split, answers_by_hand,
      gamma_is_chosen_on_other_pairs, table_comes_back, tables_of_the_lesson_are_whole, bad_tables_are_refused,
      models_are_kept)
