/* Does the probe report print the pair scores, and the choice of every model under its picture? */
#include "scenes/probe_report.h"
#include "core/arena.h"
#include "core/file.h"
#include "check.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static Arena arena;

static void scene_model_add(ModelSet *set, const char *text, int seed) {
    Err err;
    SceneModelConfig config = { .text = text, .seed = seed, .steps = 1 };
    CHECK(scene_model_init(&set->scene_model[set->count], &config, &err), "%s", err.text);
    set->count++;
}

/* What was printed since stdout became this file. */
static const char *printed(const char *path) {
    File file;
    Err err;
    CHECK(fflush(stdout) == 0 && file_open(&file, path, &err), "%s", err.text);
    char *text = arena_zero(&arena, file.size + 1, 1);
    memcpy(text, file.data, file.size);
    file_close(&file);
    return text;
}

static const char *print_to_file(void) {
    const char *path = arena_print(&arena, "%s/printed", check_folder());
    CHECK(freopen(path, "w", stdout), "%s", path);
    return path;
}

/* ---- a picture with its words ------------------------------------------------------------------------------------ */

enum { WIDE = 31 }; /* letters that fit under a picture: a line ends with the first word that reaches so far, at most */

TEST(captions_fit_under_a_picture) {
    Scene scene = scene_make(&(SceneConfig){ .seed = 3, .least = 2, .max = 2 }, 0);
    const char *caption = "a large crimson triangle to the left of a small turquoise pentagram";
    Tile tile = probe_tile(&arena, &scene, caption, "wrong: bow");
    char *text = arena_text(&arena, tile.caption), *note = strrchr(text, '\n');
    CHECK(note && !strcmp(note, "\nwrong: bow") && tile.width == SCENE_SIDE && tile.height == SCENE_SIDE, "%s", text);
    *note = '\0';
    int lines = 0;
    for (char *line = text; line; lines++) {
        char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) : strlen(line);
        CHECK(length <= WIDE, "\"%.*s\" has %d letters", (int)length, line, (int)length);
        if (end) *end = ' ';
        line = end ? end + 1 : NULL;
    }
    CHECK(lines == 3 && !strcmp(text, caption), "%d lines: %s", lines, text);
    CHECK(!strcmp(probe_tile(&arena, &scene, "a red circle", "").caption, "a red circle"), "%s", "another line");
}

TEST(the_picture_is_that_of_the_scene) {
    Scene scene = scene_make(&(SceneConfig){ .seed = 4 }, 1);
    size_t numbers = (size_t)SCENE_SIDE * SCENE_SIDE * 3;
    uint8_t *rgb = arena_alloc(&arena, numbers, 1);
    scene_picture(&scene, (Canvas){ SCENE_SIDE, arena_alloc(&arena, numbers, sizeof(double)) }, rgb);
    CHECK(!memcmp(probe_tile(&arena, &scene, "", "").rgb, rgb, numbers), "%s", "another picture");
}

/* ---- a probe ----------------------------------------------------------------------------------------------------- */

/* The numbers of the row that begins with a name; how many there are. */
static int row_of(const char *text, const char *name, double number[8]) {
    const char *row = strstr(text, arena_print(&arena, "\n  %s ", name));
    CHECK(row, "no row \"%s\" in:\n%s", name, text);
    int n = 0;
    for (const char *at = row + 3 + strlen(name); *at && *at != '\n' && n < 8;) {
        int took = 0;
        if (sscanf(at, "%lf%n", &number[n], &took) == 1) {
            n++;
            at += took;
        } else at++;
    }
    return n;
}

static void row_is(const char *text, const char *name, const PairScore *score) {
    double got[8] = { 0 };
    PairScoreRate rate = pair_score_rate(score, PAIR_METRIC_CHOICE);
    double want[7] = { rate.fraction,
                       rate.low,
                       rate.high,
                       pair_score_rate(score, PAIR_METRIC_TEXT).fraction,
                       pair_score_rate(score, PAIR_METRIC_IMAGE).fraction,
                       pair_score_rate(score, PAIR_METRIC_GROUP).fraction,
                       (double)score->ties / score->comparisons };
    CHECK(row_of(text, name, got) == 7, "row \"%s\" of:\n%s", name, text);
    for (int k = 0; k < 7; k++)
        CHECK(fabs(got[k] - 100 * want[k]) < 0.0501, "%s, number %d: %g, want %g", name, k + 1, got[k], 100 * want[k]);
}

/* The first seed for which the untrained transformer and the bag of words differ: otherwise the returned score could be
 * that of either. */
TEST(a_probe_as_the_pair_scores_say) {
    MinimalPairsConfig config = { .kind = PROBE_BINDING, .seed = 1, .count = 40 };
    ModelSet set = { .count = 0 };
    MinimalPairs pairs;
    PairScore first, second;
    Err err;
    scene_model_add(&set, "transformer", 2);
    scene_model_add(&set, "bow", 1);
    do {
        config.seed++;
        CHECK(minimal_pairs_make(&pairs, &arena, &config, &err), "%s", err.text);
        first = scene_model_pair_score(&set.scene_model[0], &pairs);
        second = scene_model_pair_score(&set.scene_model[1], &pairs);
    } while (first.sum[PAIR_METRIC_CHOICE] == second.sum[PAIR_METRIC_CHOICE] && config.seed < 100);
    PairScore all = minimal_pairs_score_by(&pairs, minimal_pairs_oracle, NULL);
    const char *path = print_to_file();
    double got = probe_report(&arena, &set, &config);
    const char *text = printed(path);
    CHECK(strstr(text, pairs.item[0].caption[0]) && strstr(text, pairs.item[0].caption[1]) &&
              !strncmp(text, "binding, 40 items\n", 18),
          "%s", text);
    row_is(text, "transformer", &first);
    row_is(text, "bow", &second);
    row_is(text, "(oracle)", &all);
    double bag = pair_score_rate(&second, PAIR_METRIC_CHOICE).fraction, chance[8];
    CHECK(bag == 0.5 && pair_score_rate(&first, PAIR_METRIC_CHOICE).fraction != bag,
          "%g: no seed tells the first from the last", bag);
    CHECK_NEAR(got, pair_score_rate(&first, PAIR_METRIC_CHOICE).fraction, 1e-12);
    CHECK(row_of(text, "(chance)", chance) == 4 && chance[0] == 50 && chance[1] == 25 && chance[2] == 25 &&
              chance[3] == 16.7,
          "%s", text);
    CHECK(strstr(text, "  (text only)      by length 50.0 %, by frequency 50.0 %"), "%s", text);
    model_set_free(&set);
}

TEST(one_picture_has_fewer_scores) {
    const MinimalPairsConfig config = { .kind = PROBE_SHUFFLE, .seed = 9, .count = 20 };
    ModelSet set = { .count = 0 };
    double got[8], fraction;
    scene_model_add(&set, "bow", 1);
    const char *path = print_to_file();
    fraction = probe_report(&arena, &set, &config);
    const char *text = printed(path);
    CHECK(row_of(text, "bow", got) == 6 && got[0] == 20, "%s", text); /* no image score: five captions tie */
    CHECK_NEAR(fraction, 0.2, 1e-12);
    CHECK(row_of(text, "(chance)", got) == 3 && got[1] == 20, "%s", text);
    model_set_free(&set);
}

TEST(a_part_without_items_is_reported) {
    Split split = split_make(SPLIT_PAIRS, 1, 1);
    const MinimalPairsConfig config = {
        .kind = PROBE_BINDING, .seed = 1, .count = 5, .split = &split, .part = SPLIT_HELD
    };
    ModelSet set = { .count = 0 };
    scene_model_add(&set, "bow", 1);
    const char *path = print_to_file();
    double fraction = probe_report(&arena, &set, &config);
    const char *text = printed(path), *end = strchr(text, '\n');
    CHECK(isnan(fraction) && !strncmp(text, "binding, held-out combinations: ", 32) && end && end[1] == '\0', "%g: %s",
          fraction, text);
    model_set_free(&set);
}

/* ---- choices ----------------------------------------------------------------------------------------------------- */

/* The line of the i-th picture: how each of the two chose, by the similarities themselves. */
static void choice_is(const char *text, ModelSet *set, const MinimalPairs *pairs, int i, int number) {
    char *line = arena_print(&arena, "  %2d%c %-48s", 1 + number / 2, "ab"[i % 2], minimal_pairs_caption(pairs, i));
    const char *at = strstr(text, line);
    CHECK(at, "no line \"%s\" in:\n%s", line, text);
    char said[2][8];
    CHECK(sscanf(at + strlen(line), " %7s %7s", said[0], said[1]) == 2, "%s", at);
    for (int k = 0; k < 2; k++) {
        const Scene *scene = minimal_pairs_scene(pairs, i);
        const char *caption[2] = { minimal_pairs_caption(pairs, i), minimal_pairs_caption(pairs, i ^ 1) };
        Mat s = scene_model_similarities(&set->scene_model[k], &arena, &scene, 1, caption, 2);
        const char *want = s.v[0] > s.v[1] ? "right" : s.v[0] < s.v[1] ? "wrong" : "tie";
        CHECK(!strcmp(said[k], want), "%s%s, model %d: want %s", line, said[k], k, want);
    }
}

TEST(choices_as_the_similarities_say) {
    ModelSet set = { .count = 0 };
    Lesson lesson = { .number = "99", .term = { .out = stdout, .width = 80 } };
    scene_model_add(&set, "transformer", 2);
    scene_model_add(&set, "bow", 1);
    const char *path = print_to_file();
    probe_report_choices(&lesson, &arena, &set, NULL, 2);
    const char *text = printed(path);
    for (int kind = PROBE_BINDING; kind <= PROBE_RELATION; kind++) {
        MinimalPairs pairs;
        Err err;
        CHECK(
            minimal_pairs_make(&pairs, &arena,
                               &(MinimalPairsConfig){
                                   .kind = (ProbeKind)kind, .seed = 4, .count = 2, .split = &set.scene_model[0].split },
                               &err),
            "%s", err.text);
        for (int i = 0; i < 4; i++) choice_is(text, &set, &pairs, i, 4 * kind + i);
    }
    CHECK(strstr(text, "tie: bow") && !strstr(text, "wrong: bow") && strstr(text, "wrong: transformer"), "%s", text);
    CHECK_STOPS(probe_report_choices(&lesson, &arena, &set, NULL, 9), EXIT_CONTRACT, "9 pairs of a kind, want 1 to 8");
    model_set_free(&set);
}

/* If each colour occurs with one shape alone, no two objects can swap colours: one line says so, the rest is
 * measured. */
TEST(a_kind_without_items_is_reported) {
    ModelSet set = { .count = 0 };
    Lesson lesson = { .number = "99", .term = { .out = stdout, .width = 80 } };
    scene_model_add(&set, "bow", 1);
    set.scene_model[0].split = split_make(SPLIT_PAIRS, 0.125, 1);
    const char *path = print_to_file();
    probe_report_choices(&lesson, &arena, &set, NULL, 2);
    const char *text = printed(path);
    CHECK(strstr(text, "\n  binding: no binding items within the seen combinations") && strstr(text, "\n   1a "), "%s",
          text);
    model_set_free(&set);
}

TESTS(captions_fit_under_a_picture, the_picture_is_that_of_the_scene, a_probe_as_the_pair_scores_say,
      one_picture_has_fewer_scores, a_part_without_items_is_reported, choices_as_the_similarities_say,
      a_kind_without_items_is_reported)
