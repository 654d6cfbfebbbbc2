/* Sections 1 to 3 of inside_report.h, and the table of three seeds. */
#include "inside_report.h"
#include "pixel_gradient.h"
#include "where_it_looks.h"
#include "dataset/augment.h"

#include <string.h>

enum { PIXELS = CIFAR_NUMBERS, SIDE = CIFAR_SIDE };

static double percent(double part) { return 100 * part; }

void inside_print_rate(Rate rate) {
    char text[40];
    snprintf(text, sizeof text, "%5.1f %% (%.1f to %.1f)", percent(rate.proportion), percent(rate.low),
             percent(rate.high));
    printf("%-26s", text);
}

static const char *model_of(const Inside *s) {
    return inside_shipped(s) ? "the model that comes with the toolkit" : "\"small\", trained here";
}

/* ---- 1. the modality gap ----------------------------------------------------------------------------------------- */

static void plot_gap(const Lesson *lesson, const Inside *s) {
    num x[GAP_STEPS], right[2][GAP_STEPS], low[2][GAP_STEPS], high[2][GAP_STEPS];
    const num *lows[] = { low[0], low[1] }, *highs[] = { high[0], high[1] };
    for (int k = 0; k < GAP_STEPS; k++) {
        x[k] = (num)gap_step(k);
        for (int aside = 0; aside < 2; aside++) {
            Rate rate = inside_rate(s, "gap moved %+.2f: accuracy%s", gap_step(k), aside ? " at random" : "");
            right[aside][k] = (num)percent(rate.proportion);
            low[aside][k] = (num)percent(rate.low);
            high[aside][k] = (num)percent(rate.high);
        }
    }
    const Series series[] = { { "along the gap", x, right[0], GAP_STEPS }, { "at random", x, right[1], GAP_STEPS } };
    lesson_lines(lesson, "23-gap",
                 &(Lines){ .title = "texts moved by a multiple of the gap",
                           .x = "multiple: at 1 the means meet",
                           .y = "test pictures right, %",
                           .series = series,
                           .count = 2,
                           .low = lows,
                           .high = highs });
}

void inside_report_gap(const Lesson *lesson, Inside *s) {
    static const char *const which[] = { "random", "trained", "scenes random", "scenes trained" };
    static const char *const said[] = { "random weights", "trained", "scenes: random", "scenes: trained" };
    Prediction guess = lesson_predict_number(lesson, -1, 1,
                                             "A trained model finds the right text for most pictures. What is the mean "
                                             "cosine of a picture and its own text, from -1 to 1?");
    inside_measure_gap(s);
    printf("mean cosines; %s, seed %d, %d test pictures; scenes: the model of lesson 17\n", model_of(s), s->seed,
           s->test->n);
    printf("                two pictures  two texts  picture, its text  picture, another text  gap between means\n");
    for (size_t k = 0; k < COUNT(which); k++)
        printf("%-15s %12.3f %10.3f %18.3f %22.3f %18.3f\n", said[k],
               inside_value(s, "gap %s: picture and picture", which[k]),
               inside_value(s, "gap %s: text and text", which[k]),
               inside_value(s, "gap %s: picture and its text", which[k]),
               inside_value(s, "gap %s: picture and another text", which[k]),
               inside_value(s, "gap %s: distance", which[k]));
    printf("texts moved by a multiple of the gap, and made unit again\n");
    printf("multiple    gap  picture, its text  right, 95 %%                moved at random by the same length\n");
    for (int k = 0; k < GAP_STEPS; k++) {
        double by = gap_step(k);
        printf("%8.1f %6.3f %18.3f  ", by, inside_value(s, "gap moved %+.2f: distance", by),
               inside_value(s, "gap moved %+.2f: picture and its text", by));
        inside_print_rate(inside_rate(s, "gap moved %+.2f: accuracy", by));
        inside_print_rate(inside_rate(s, "gap moved %+.2f: accuracy at random", by));
        printf("\n");
    }
    plot_gap(lesson, s);
    lesson_outcome_number(lesson, &guess, inside_value(s, "gap trained: picture and its text"), 2);
}

/* ---- 2. where it looks ------------------------------------------------------------------------------------------- */

enum { MAP_SCENES = 3, MAP_TILES = 5 };

/* For each scene: the picture, the occlusion maps of both captions, the gradient of the first, and the attention. */
static void draw_maps(const Lesson *lesson, const Inside *s) {
    Arena arena = { 0 };
    Clip vit;
    Tile tiles[MAP_SCENES * MAP_TILES];
    inside_model(s, LOOK_PATCHES, &vit);
    for (int i = 0; i < MAP_SCENES; i++) {
        Scene scene = inside_scene(s, i);
        const char *caption[2];
        uint8_t *rgb = arena_alloc(&arena, PIXELS, 1);
        double paint[PIXELS];
        Mat pixels = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3)), text[2], map[MAP_KINDS][2];
        scene_picture(&scene, (Canvas){ SIDE, paint }, rgb);
        scene_pixels(&scene, pixels.v);
        for (int k = 0; k < 2; k++) caption[k] = inside_caption(&arena, &scene, k, true);
        for (int k = 0; k < 2; k++) text[k] = clip_text_features(&vit, &arena, &caption[k], 1, NULL);
        for (int k = 0; k < MAP_KINDS; k++) look_maps(&vit, &arena, (MapKind)k, pixels, text, 2, map[k]);
        static const MapKind kinds[MAP_TILES - 1] = { MAP_OCCLUSION, MAP_OCCLUSION, MAP_GRADIENT, MAP_ATTENTION };
        static const int asked[MAP_TILES - 1] = { 0, 1, 0, 0 };
        tiles[i * MAP_TILES] = (Tile){ rgb, SIDE, SIDE, "the scene", false };
        for (int k = 0; k < MAP_TILES - 1; k++) {
            uint8_t *out = arena_alloc(&arena, PIXELS, 1);
            map_overlay(rgb, map[kinds[k]][asked[k]].v, out);
            const char *about = kinds[k] == MAP_ATTENTION ? "any text" : caption[asked[k]];
            tiles[i * MAP_TILES + k + 1] =
                (Tile){ out, SIDE, SIDE, arena_print(&arena, "%s\n%s", map_name(kinds[k]), about), false };
        }
    }
    lesson_tiles(lesson, "23-where",
                 &(Tiles){ .title = "bright: what the cosine depends on",
                           .tiles = tiles,
                           .count = COUNT(tiles),
                           .columns = MAP_TILES });
    clip_free(&vit);
    arena_free(&arena);
}

static void print_map(const Inside *s, const char *model, const char *map) {
    double on = inside_value(s, "%s %s: on the object", model, map),
           chance = inside_value(s, "%s %s: chance", model, map);
    printf("%-7s %-15s %8.1f %% %9.1f %% %7.1f %% %6.1f %13.2f %12.3f\n", model, map, percent(on),
           percent(inside_value(s, "%s %s: on the other", model, map)), percent(chance), on / chance,
           inside_value(s, "%s %s: correlation of both texts", model, map),
           inside_value(s, "%s %s: cosine lost", model, map));
}

void inside_report_maps(const Lesson *lesson, Inside *s) {
    static const char *const maps[] = { "occlusion", "gradient", "attention" };
    Prediction guess = lesson_predict_choice(lesson, maps, COUNT(maps), 1,
                                             "A picture has a red and a blue thing. Which map is the same for both "
                                             "texts: occlusion, gradient or attention?");
    inside_measure_maps(s);
    printf("%d scenes of two objects, each asked for both; seed %d\n", s->maps, s->seed);
    printf(
        "\"scene\": the convolutional model of lesson 17, \"a red circle\"; \"vit\": trained here, \"a red thing\"\n");
    printf("share of the map on the object that the text names, and on the other; chance: its share of the cells\n");
    printf("model   map             on object  on other  chance  times  same for both  cosine lost\n");
    print_map(s, "scene", "occlusion");
    print_map(s, "scene", "gradient");
    print_map(s, "scene", "random numbers");
    for (size_t k = 0; k < COUNT(maps); k++) print_map(s, "vit", maps[k]);
    print_map(s, "vit", "random numbers");
    printf("same for both: correlation of both maps; cosine lost: when the %d brightest of %d cells are grey\n",
           MAP_ERASED, CELLS);
    draw_maps(lesson, s);
    size_t same = 0;
    for (size_t k = 1; k < COUNT(maps); k++)
        if (inside_value(s, "vit %s: correlation of both texts", maps[k]) >
            inside_value(s, "vit %s: correlation of both texts", maps[same]))
            same = k;
    lesson_outcome(lesson, &guess, "%s", maps[same]);
}

/* ---- 3. words in the picture ------------------------------------------------------------------------------------- */

static void draw_words(const Lesson *lesson, const Inside *s) {
    enum { SHOWN = 5 };
    Arena arena = { 0 };
    Tile tiles[2 * SHOWN];
    for (int i = 0; i < SHOWN; i++) {
        uint8_t *scene = arena_alloc(&arena, PIXELS, 1), *picture = arena_alloc(&arena, PIXELS, 1);
        WordScene made = inside_word_scene(s, i);
        int class = inside_other_class(s, i);
        word_picture(&made, true, scene);
        cifar_picture(s->test, i, picture);
        word_write(picture, s->test->names[class], i % SIDE, SIDE);
        const SceneObject *o = &made.scene.object[0];
        tiles[i] = (Tile){ scene, SIDE, SIDE,
                           arena_print(&arena, "%s %s\n\"%s\"", colour_name(o->colour), shape_name(o->shape),
                                       shape_name(made.word)),
                           false };
        tiles[SHOWN + i] =
            (Tile){ picture, SIDE, SIDE,
                    arena_print(&arena, "%s\n\"%s\"", s->test->names[s->test->labels[i]], s->test->names[class]),
                    false };
    }
    lesson_tiles(lesson, "23-words",
                 &(Tiles){ .title = "another name, written in", .tiles = tiles, .count = 2 * SHOWN, .columns = SHOWN });
    arena_free(&arena);
}

/* A table of the three models: two or three cells of each. */
static void print_words(const Inside *s, const char *heads, const char *a, const char *b, const char *c) {
    const char *const cells[] = { a, b, c };
    printf("trained with   %s\n", heads);
    for (int k = 0; k < WORDS_KINDS; k++) {
        printf("%-13s", words_name((WordsKind)k));
        for (size_t i = 0; i < COUNT(cells) && cells[i]; i++)
            inside_print_rate(inside_rate(s, "words %s: %s", words_name((WordsKind)k), cells[i]));
        printf("\n");
    }
}

static double word_wins(const Inside *s, int kind) {
    return inside_value(s, "words %s: the word with another word", words_name((WordsKind)kind));
}

void inside_report_words(const Lesson *lesson, Inside *s) {
    static const char *const names[] = { "no words", "its name", "any name" };
    Prediction guess = lesson_predict_choice(
        lesson, names, COUNT(names), 1,
        "Three models learn shapes: from pictures with no words, with its name written into every "
        "other one, or with any name. Which one believes a wrong word most: no words, its name or "
        "any name?");
    inside_measure_words(s);
    printf("%s, seed %d, %d test pictures, the name of another class written in\n", model_of(s), s->seed, s->test->n);
    for (int written = 0; written < 2; written++) {
        const char *what = written ? "another word" : "no word";
        printf("  %-13s right ", what);
        inside_print_rate(inside_rate(s, "pictures %s: right", what));
        printf("  answered with that class ");
        inside_print_rate(inside_rate(s, "pictures %s: that class", what));
        printf("\n");
    }
    printf("%d scenes of one object; which of eight shapes? Chance: 12.5 %%\n", s->probes);
    print_words(s, "without a word             with its own word", "right without a word", "right with its word", NULL);
    print_words(s, "another shape's word: object  the word                  the word alone is read",
                "the object with another word", "the word with another word", "the word alone");
    draw_words(lesson, s);
    int believes = 0;
    for (int k = 1; k < WORDS_KINDS; k++)
        if (word_wins(s, k) > word_wins(s, believes)) believes = k;
    lesson_outcome(lesson, &guess, "%s", names[believes]);
}

/* ---- 3. the smallest change -------------------------------------------------------------------------------------- */

enum { TURNED = 3, TURNED_TRIED = 40 };

/* A row of tiles for a picture: as it is, changed, and the change, enlarged. */
static int draw_turn(const Inside *s, Clip *clip, Arena *arena, Mat texts, int i, Tile *tiles) {
    const PixelScale scale = pixels_photograph();
    int label = s->test->labels[i], least, answer;
    uint8_t *rgb = arena_alloc(arena, PIXELS, 1), *changed = arena_alloc(arena, PIXELS, 1),
            *off = arena_alloc(arena, PIXELS, 1);
    Mat pixels = look_pixels(arena, s->test, &i, 1);
    look_answers(look_images(clip, arena, pixels), texts, &answer);
    if (answer != label) return 0;
    cifar_picture(s->test, i, rgb);
    Mat gradient = loss_gradient(clip, arena, pixels, texts, &label);
    least_turn(clip, &scale, rgb, 1, SIDE, texts, &label, gradient.v, &least);
    if (least > TURN_MAX) return 0;
    turn_picture(rgb, PIXELS, gradient.v, least, changed);
    for (int k = 0; k < PIXELS; k++) off[k] = (uint8_t)(changed[k] > rgb[k] ? 255 : changed[k] < rgb[k] ? 0 : 128);
    pixels_from_bytes(&scale, changed, PIXELS, pixels.v);
    look_answers(look_images(clip, arena, pixels), texts, &answer);
    tiles[0] = (Tile){ rgb, SIDE, SIDE, s->test->names[label], false };
    tiles[1] = (Tile){ off, SIDE, SIDE, arena_print(arena, "up or down by %d", least), false };
    tiles[2] = (Tile){ changed, SIDE, SIDE, s->test->names[answer], true };
    return 1;
}

static void draw_turns(const Lesson *lesson, const Inside *s) {
    Arena arena = { 0 };
    Clip clip;
    Tile tiles[3 * TURNED];
    int shown = 0;
    inside_picture_model(s, &clip);
    Mat texts = inside_texts(&clip, &arena, s->test);
    for (int i = 0; i < MIN(TURNED_TRIED, s->test->n) && shown < TURNED; i++)
        shown += draw_turn(s, &clip, &arena, texts, i, tiles + 3 * shown);
    if (shown)
        lesson_tiles(lesson, "23-turned",
                     &(Tiles){ .title = "the smallest step along the sign of the gradient that turns the answer",
                               .tiles = tiles,
                               .count = 3 * shown,
                               .columns = 3 });
    clip_free(&clip);
    arena_free(&arena);
}

void inside_report_turns(const Lesson *lesson, Inside *s) {
    Prediction guess = lesson_predict_number(lesson, 0, 255,
                                             "Every byte of a picture is changed by the same number, up or down. How "
                                             "large must it be for half of the right answers to turn?");
    inside_measure_turns(s);
    printf("%s: right answers that are turned by a step up or down at every byte\n", model_of(s));
    printf("step of 255   along the sign of the gradient  at random signs\n");
    for (int k = 0; k < TURN_STEPS; k++) {
        printf("%11d   ", turn_step(k));
        inside_print_rate(inside_rate(s, "turned gradient: step %d", turn_step(k)));
        printf("      ");
        inside_print_rate(inside_rate(s, "turned random: step %d", turn_step(k)));
        printf("\n");
    }
    double median = inside_value(s, "turned gradient: median"), aside = inside_value(s, "turned random: median");
    printf("half are turned by a step of %.0f; at random by %s%.0f\n", median, aside > TURN_MAX ? "more than " : "",
           aside > TURN_MAX ? (double)TURN_MAX : aside);
    draw_turns(lesson, s);
    lesson_outcome_number(lesson, &guess, median, 0);
}
