/* Sections 4 to 7 of inside_report.h, and the table of three seeds. */
#include "inside_report.h"
#include "pixel_gradient.h"

#include <string.h>

enum { PIXELS = CIFAR_NUMBERS, SIDE = CIFAR_SIDE };

static double percent(double part) { return 100 * part; }

/* ---- 4. pixels from a caption ------------------------------------------------------------------------------------ */

enum { POINTS = ASCENT_STEPS + 1 };

static int ascent_points(const Inside *s) { return 1 + (s->steps ? MIN(s->steps, ASCENT_STEPS) : ASCENT_STEPS); }

/* The test picture of class c with the largest cosine with its text, as a tile. */
static Tile nearest_real(const Inside *s, Arena *arena, Mat images, Mat texts, int c) {
    double best = -2;
    int most = 0;
    uint8_t *rgb = arena_alloc(arena, PIXELS, 1);
    for (int i = 0; i < s->test->n; i++) {
        double cosine = vec_dot(&AT(images, i, 0), &AT(texts, c, 0), texts.shape[1]);
        if (cosine <= best) continue;
        best = cosine;
        most = i;
    }
    cifar_picture(s->test, most, rgb);
    return (Tile){ rgb, SIDE, SIDE, arena_print(arena, "real: %.2f", best), false };
}

static void plot_climb(const Lesson *lesson, const Inside *s, double trace[2][POINTS]) {
    Arena arena = { 0 };
    num x[POINTS], y[2][POINTS];
    int n = ascent_points(s);
    for (int i = 0; i < n; i++) {
        x[i] = (num)i;
        for (int kind = 0; kind < 2; kind++) y[kind][i] = (num)trace[kind][i];
    }
    const Series series[] = { { "plain", x, y[0], n }, { "smoothed", x, y[1], n } };
    lesson_lines(lesson, "23-climb",
                 &(Lines){ .title = arena_print(&arena, "the cosine with \"%s\"", s->test->names[0]),
                           .x = "step",
                           .y = "cosine",
                           .series = series,
                           .count = 2,
                           .reference_name = "real pictures, mean",
                           .reference = inside_value(s, "pixels real: cosine") });
    arena_free(&arena);
}

/* Five classes: plain, smoothed, and the real picture with the largest cosine; and the climb of the first class. */
static void draw_ascent(const Lesson *lesson, const Inside *s) {
    enum { SHOWN = 5 };
    Arena arena = { 0 };
    Clip clip;
    Tile tiles[3 * SHOWN];
    double trace[2][POINTS] = { { 0 } };
    const PixelScale scale = pixels_photograph();
    inside_picture_model(s, &clip);
    Mat texts = inside_texts(&clip, &arena, s->test), images = look_set_images(&clip, &arena, s->test, s->test->n);
    for (int c = 0; c < SHOWN; c++) {
        for (int kind = 0; kind < 2; kind++) {
            double smooth = kind ? ASCENT_SMOOTH : 0, *seen = c == 0 ? trace[kind] : NULL;
            uint8_t *rgb = arena_alloc(&arena, PIXELS, 1);
            pixels_to_bytes(&scale, inside_ascend(s, &clip, &arena, texts, smooth, c, seen).v, PIXELS, rgb);
            tiles[kind * SHOWN + c] = (Tile){ rgb, SIDE, SIDE, s->test->names[c], false };
        }
        tiles[2 * SHOWN + c] = nearest_real(s, &arena, images, texts, c);
    }
    lesson_tiles(lesson, "23-ascent",
                 &(Tiles){ .title = "pixels that climb a cosine: plain, smoothed; below, the nearest real picture",
                           .tiles = tiles,
                           .count = 3 * SHOWN,
                           .columns = SHOWN });
    plot_climb(lesson, s, trace);
    clip_free(&clip);
    arena_free(&arena);
}

void inside_report_ascent(const Lesson *lesson, Inside *s) {
    static const char *const sides[] = { "below", "above" };
    Prediction guess =
        lesson_predict_choice(lesson, sides, COUNT(sides), 1,
                              "Noise is changed so that its cosine with a caption grows. Does it end below or "
                              "above the largest cosine of a real picture?");
    inside_measure_ascent(s);
    double real = inside_value(s, "pixels real: largest cosine"), reached = inside_value(s, "pixels plain: cosine");
    printf(
        "one picture for each of ten classes, %d steps from noise, seed %d; judge: the small model of another seed\n",
        s->steps ? MIN(s->steps, ASCENT_STEPS) : ASCENT_STEPS, s->seed);
    printf("pictures       cosine  model says the class      judge's cosine  judge says the class      roughness\n");
    printf("real, mean    %7.3f  ", inside_value(s, "pixels real: cosine"));
    inside_print_rate(inside_rate(s, "pixels real: right"));
    printf("%16s", "");
    inside_print_rate(inside_rate(s, "pixels real: right for the judge"));
    printf("%9.1f\nreal, largest %7.3f\n", inside_value(s, "pixels real: roughness"), real);
    static const char *const kinds[] = { "plain", "smoothed" };
    for (int k = 0; k < 2; k++) {
        printf("%-13s %7.3f  ", kinds[k], inside_value(s, "pixels %s: cosine", kinds[k]));
        inside_print_rate(inside_rate(s, "pixels %s: right", kinds[k]));
        printf("%14.3f  ", inside_value(s, "pixels %s: cosine of the judge", kinds[k]));
        inside_print_rate(inside_rate(s, "pixels %s: right for the judge", kinds[k]));
        printf("%9.1f\n", inside_value(s, "pixels %s: roughness", kinds[k]));
    }
    printf("roughness: mean difference of neighbouring bytes\n");
    draw_ascent(lesson, s);
    lesson_outcome(lesson, &guess, "%s", sides[reached > real]);
}

/* ---- 5. mining --------------------------------------------------------------------------------------------------- */

void inside_report_mining(const Lesson *lesson, Inside *s) {
    static const char *const answers[] = { "better", "worse" };
    Prediction guess =
        lesson_predict_choice(lesson, answers, COUNT(answers), 1,
                              "Training goes on, with the pictures that the model confuses in one batch. "
                              "Does it tell its two worst classes apart better or worse than after random "
                              "batches?");
    inside_measure_mining(s);
    const char *a = s->test->names[(int)inside_value(s, "mining: first class")];
    const char *b = s->test->names[(int)inside_value(s, "mining: second class")];
    printf("\"small\", seed %d; the two classes that it confuses most: %s and %s\n", s->seed, a, b);
    printf("it learns on; mined: batches of 16 pictures and the 7 nearest wrong ones of each; half mined: 8 of them\n");
    printf("right:      of these two, 95 %%       of all ten classes, 95 %%\n");
    for (int k = -1; k < MINING_KINDS; k++) {
        const char *when = k < 0 ? "before" : inside_mining_name(k);
        printf("%-10s", when);
        inside_print_rate(inside_rate(s, "mining %s: the pair", when));
        inside_print_rate(inside_rate(s, "mining %s: all", when));
        printf("\n");
    }
    double mined = inside_value(s, "mining mined: the pair"), random = inside_value(s, "mining random: the pair");
    lesson_outcome(lesson, &guess, "%s", answers[mined <= random]);
}

/* ---- 6. distance ------------------------------------------------------------------------------------------------- */

void inside_report_depth(const Lesson *lesson, Inside *s) {
    static const char *const names[] = { "both", "size", "cover", "conflict", "counting" };
    static const char *const said[] = { "larger and in front", "larger only", "in front only", "in front but smaller",
                                        "counting (lesson 17)" };
    Prediction guess =
        lesson_predict_number(lesson, 0, 100,
                              "A model learns \"nearer\" from pictures in which the nearer object is larger "
                              "and covers the other. Now the object in front is the smaller one. How often "
                              "does it call that one nearer, in %%?");
    inside_measure_depth(s);
    Bar bars[COUNT(names)];
    printf("%d items of two pictures and two captions; the captions have the same words; seed %d\n", s->probes,
           s->seed);
    printf("the nearer object is    right caption, 95 %%       all four right, chance 16.7 %%\n");
    for (size_t k = 0; k < COUNT(names); k++) {
        Rate rate = inside_rate(s, "depth %s: choice", names[k]);
        printf("%-22s ", said[k]);
        inside_print_rate(rate);
        inside_print_rate(inside_rate(s, "depth %s: group", names[k]));
        printf("\n");
        bars[k] = (Bar){ said[k], percent(rate.proportion), percent(rate.low), percent(rate.high), k == 3 };
    }
    lesson_bars(lesson, "23-nearer",
                &(Bars){ .title = "the right caption of two",
                         .values = "right",
                         .unit = " %",
                         .bars = bars,
                         .count = COUNT(bars),
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    lesson_outcome_number(lesson, &guess, percent(inside_value(s, "depth conflict: choice")), 0);
}

/* ---- 7. fewer bits ----------------------------------------------------------------------------------------------- */

static void plot_bits(const Lesson *lesson, const Inside *s) {
    num x[BIT_STEPS], y[3][BIT_STEPS];
    for (int k = 0; k < BIT_STEPS; k++) {
        int bits = bit_step(k);
        x[k] = (num)bits;
        y[0][k] = (num)percent(inside_value(s, "bits features %d: right", bits));
        y[1][k] = (num)percent(inside_value(s, "bits features %d without the mean: right", bits));
        y[2][k] = (num)percent(inside_value(s, "bits weights %d: right", bits));
    }
    const Series series[] = { { "features", x, y[0], BIT_STEPS },
                              { "features without their mean", x, y[1], BIT_STEPS },
                              { "weights", x, y[2], BIT_STEPS } };
    lesson_lines(lesson, "23-bits",
                 &(Lines){ .title = "accuracy against bits",
                           .x = "bits of a number",
                           .y = "test pictures right, %",
                           .log_x = true,
                           .series = series,
                           .count = 3 });
}

void inside_report_bits(const Lesson *lesson, Inside *s) {
    static const char *const choices[] = { "8", "4", "2", "1" };
    Prediction guess =
        lesson_predict_choice(lesson, choices, COUNT(choices), 1,
                              "Features are stored with 8, 4, 2 or 1 bits a number. What is the smallest number of "
                              "bits that loses less than one point of accuracy?");
    inside_measure_bits(s);
    double full = inside_value(s, "bits features 32: right");
    int enough = 32;
    printf("%d test pictures, seed %d; nothing is trained again\n", s->test->n, s->seed);
    printf("bits  feature: bytes  right, 95 %%                without their mean         weights: kB  right, 95 %%\n");
    for (int k = 0; k < BIT_STEPS; k++) {
        int bits = bit_step(k);
        Rate features = inside_rate(s, "bits features %d: right", bits);
        printf("%4d %15.0f  ", bits, inside_value(s, "bits features %d: bytes", bits));
        inside_print_rate(features);
        inside_print_rate(inside_rate(s, "bits features %d without the mean: right", bits));
        printf("%11.1f  ", inside_value(s, "bits weights %d: bytes", bits) / 1e3);
        inside_print_rate(inside_rate(s, "bits weights %d: right", bits));
        printf("\n");
        if (features.proportion > full - 0.01) enough = bits;
    }
    plot_bits(lesson, s);
    lesson_outcome(lesson, &guess, "%d", enough);
}

/* ---- three seeds ------------------------------------------------------------------------------------------------- */

void inside_report_seeds(const CellTable *table, const char *path) {
    if (!table->count) {
        printf("%s does not exist; make scale measures it\n", path);
        return;
    }
    printf("mean of the seeds (least to most; how many seeds)\n");
    for (int i = 0; i < table->count; i++) {
        const Cell *cell = &table->cell[i];
        bool first = true;
        for (int k = 0; k < i && first; k++) first = strcmp(table->cell[k].name, cell->name) != 0;
        if (!first) continue;
        CellSummary sum = cell_summary(table, cell->name);
        if (strstr(cell->name, "class") && strstr(cell->name, "mining")) continue; /* names of classes, as numbers */
        if (cell->count)
            printf("%-62s %7.1f %% (%.1f to %.1f; %d)\n", cell->name, percent(sum.mean), percent(sum.low),
                   percent(sum.high), sum.seeds);
        else printf("%-62s %9.3f (%.3f to %.3f; %d)\n", cell->name, sum.mean, sum.low, sum.high, sum.seeds);
    }
}
