/* Lesson 21: data from the web. Wrong captions, a model that filters its own data, patches left out, colours that
 * follow shapes, and where a training moves the vectors. Before: 07 alignment, 10 training, 20 large batches. */
#include "web_run.h"
#include "core/file.h"
#include "core/thread.h"
#include "lesson/lesson.h"
#include "lesson/lesson_data.h"

#include <math.h>
#include <string.h>

static struct {
    const char *data, *path;
    int seed, pictures, flip, patch, train, test, scenes, each;
    bool all;
} args = {
    .data = "shapes",
    .path = WEB_TABLE,
    .seed = 1,
    .pictures = WEB_SEEN,
    .flip = WEB_FLIP_SEEN,
    .patch = WEB_FLIP_PATCH,
    .train = WEB_TRAIN,
    .test = WEB_TEST,
    .scenes = WEB_TRAIN,
    .each = WEB_EACH,
};

static const Option options[] = {
    { "data", .text = &args.data, .choices = LESSON_DATA, .help = "which pictures; section 4 always draws scenes" },
    { "pictures", .integer = &args.pictures, .low = 1, .high = 100000000, .help = "pictures seen by each model" },
    { "flip-pictures", .integer = &args.flip, .low = 1, .high = 10000000, .help = "3: the same for section 3" },
    { "patch", .integer = &args.patch, .low = 2, .high = 16,
      .help = "3: pixels of a patch's side, a divisor of 32; 4 makes 64 patches and takes four times as long" },
    { "train-images", .integer = &args.train, .low = 20, .high = 50000, .help = "pictures of the training set" },
    { "test-images", .integer = &args.test, .low = 20, .high = 10000, .help = "pictures of the test set" },
    { "scenes", .integer = &args.scenes, .low = 20, .high = 100000, .help = "4: scenes of the training set" },
    { "each", .integer = &args.each, .low = 1, .high = 5000, .help = "4: test scenes of each shape in each colour" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table of three seeds: 5 minutes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

static double percent(double fraction) { return 100 * fraction; }

/* "  63.4 % (61.9 to 64.9)": a proportion with its 95 % interval. */
static const char *rate_text(Arena *arena, const Cell *cell) {
    Rate rate = metrics_wilson((int)(cell->value * cell->count + 0.5), cell->count);
    return arena_print(arena, "%5.1f %% (%.1f to %.1f)", percent(rate.proportion), percent(rate.low),
                       percent(rate.high));
}

/* A curve of proportions in percent with their intervals; x in percent. */
typedef struct {
    num x[16], y[16], low[16], high[16];
    int n;
} RateCurve;
static void curve_add(RateCurve *curve, double x, const Cell *cell) {
    Rate rate = metrics_wilson((int)(cell->value * cell->count + 0.5), cell->count);
    int i = curve->n++;
    curve->x[i] = (num)x;
    curve->y[i] = (num)percent(rate.proportion);
    curve->low[i] = (num)percent(rate.low);
    curve->high[i] = (num)percent(rate.high);
}

/* ---- 1. Captions of others --------------------------------------------------------------------------------------- */

static void show_noise(const Lesson *lesson, Arena *arena, Bench *bench) {
    const Cifar *train = &bench->data->train;
    Prediction guess = lesson_predict_number(lesson, 0, 100,
                                             "80 %% of the captions are replaced by those of other pictures. How many "
                                             "%% of the test pictures does the model name right?");
    RateCurve all = { .n = 0 }, clean = { .n = 0 };
    noise_measure(bench);
    printf("\"small\", %d pairs, %d pictures seen by each model, seed %d, %d test pictures, 95 %% intervals\n",
           train->n, bench->data->pictures, bench->seed, bench->data->test.n);
    printf("%17s  %11s  %-22s  %s\n", "captions replaced", "wrong pairs", "trained on all",
           "trained without the wrong pairs");
    for (int i = 0; i < NOISES; i++) {
        const Cell *cell = bench_cell(bench, "noise %.1f all: accuracy", noises[i]);
        Chosen right = chosen_right(arena, train, web_captions(arena, train, noises[i], bench->seed));
        printf("%15.0f %%  %9.1f %%  %-22s", percent(noises[i]), percent(1 - (double)right.count / train->n),
               rate_text(arena, cell));
        curve_add(&all, percent(noises[i]), cell);
        if (i > 0) cell = bench_cell(bench, "noise %.1f clean: accuracy", noises[i]);
        if (i > 0) printf("  %s", rate_text(arena, cell));
        printf("\n");
        curve_add(&clean, percent(noises[i]), cell);
    }
    for (int k = 0; k < LONGER; k++)
        printf("%.0f %% replaced, %d times as many pictures seen: %s\n", percent(noises[NOISE_LONGER]), noise_longer[k],
               rate_text(arena, bench_cell(bench, "noise %.1f x%d: accuracy", noises[NOISE_LONGER], noise_longer[k])));
    const Series series[] = { { "all pairs", all.x, all.y, all.n }, { "clean pairs", clean.x, clean.y, clean.n } };
    const num *low[] = { all.low, clean.low }, *high[] = { all.high, clean.high };
    lesson_lines(lesson, "21-noise",
                 &(Lines){ .title = "captions of other pictures",
                           .x = "captions replaced, %",
                           .y = "test pictures right, %",
                           .series = series,
                           .count = COUNT(series),
                           .low = low,
                           .high = high });
    lesson_outcome_number(lesson, &guess, (double)all.y[all.n - 1], 1);
}

/* ---- 2. CLIP as its own filter ----------------------------------------------------------------------------------- */

static void show_filtered(Arena *arena, const Bench *bench) {
    const Cifar *train = &bench->data->train;
    double clean = bench_cell(bench, "filter: clean share")->value;
    printf("trained on               pairs  clean among them  clean ones kept  test pictures right\n");
    printf("all pairs              %7d %15.1f %% %14.1f %%  %s\n", train->n, percent(clean), 100.0,
           rate_text(arena, bench_cell(bench, "filter all: accuracy")));
    printf("a random half          %7d %15.1f %% %14.1f %%  %s\n", train->n / 2, percent(clean), 50.0,
           rate_text(arena, bench_cell(bench, "filter random: accuracy")));
    for (int i = FILTER_SHARES - 1; i >= 0; i--) {
        double kept = filter_shares[i];
        const Cell *cell = bench_cell(bench, "filter best %.2f: clean share", kept);
        printf("the best %.0f %%          %7d %15.1f %% %14.1f %%  %s\n", percent(kept), cell->count,
               percent(cell->value), percent(bench_cell(bench, "filter best %.2f: clean kept", kept)->value),
               rate_text(arena, bench_cell(bench, "filter best %.2f: accuracy", kept)));
    }
    printf("a perfect filter       %7.0f %15.1f %% %14.1f %%  %s\n", clean * train->n, 100.0, 100.0,
           rate_text(arena, bench_cell(bench, "filter clean: accuracy")));
}

/* The right and the wrong pairs over the cosine, from the first bin that holds a pair to the last. */
static void filter_plot(const Lesson *lesson, const Bench *bench) {
    num x[FILTER_BINS], y[2][FILTER_BINS];
    int first = FILTER_BINS, last = 0;
    for (int k = 0; k < FILTER_BINS; k++) {
        x[k] = (num)((k + 0.5) * 2 / FILTER_BINS - 1);
        for (int w = 0; w < 2; w++)
            y[w][k] = (num)percent(bench_cell(bench, "filter: %s %d", w ? "wrong" : "right", k)->value);
        if (y[0][k] + y[1][k] > 0) {
            first = MIN(first, k);
            last = k;
        }
    }
    int n = last - first + 1;
    const Series series[] = { { "right pairs", x + first, y[0] + first, n },
                              { "wrong pairs", x + first, y[1] + first, n } };
    lesson_lines(lesson, "21-scores",
                 &(Lines){ .title = "cosine of picture and caption, after training on both",
                           .x = "cosine",
                           .y = "pairs, %",
                           .series = series,
                           .count = COUNT(series) });
}

static void show_filter(const Lesson *lesson, Arena *arena, Bench *bench) {
    Prediction guess = lesson_predict_number(lesson, 0.5, 1,
                                             "A model is trained while %.0f %% of the captions are replaced. How often "
                                             "does it give a right pair a larger cosine than a wrong one? (0.5: by "
                                             "chance, 1: always)",
                                             percent(FILTER_NOISE));
    filter_measure(bench);
    double auc = bench_cell(bench, "filter: AUC")->value;
    printf("%.0f %% of the captions replaced; the model trained on all pairs gives each its cosine\n",
           percent(FILTER_NOISE));
    printf("area under the curve: %.4f of the pairs it was trained on, %.4f of pairs of the test set\n", auc,
           bench_cell(bench, "filter: AUC unseen")->value);
    show_filtered(arena, bench);
    for (int i = 1; i >= 0; i--)
        printf("of the clean pairs of a class, the best %.0f %% hold %.1f %% to %.1f %%\n", percent(filter_shares[i]),
               percent(bench_cell(bench, "filter best %.2f: class least", filter_shares[i])->value),
               percent(bench_cell(bench, "filter best %.2f: class most", filter_shares[i])->value));
    filter_plot(lesson, bench);
    lesson_outcome_number(lesson, &guess, auc, 3);
}

/* ---- 3. Patches left out ----------------------------------------------------------------------------------------- */

/* Seconds of the clock since the first step of a training. */
typedef struct {
    double first, last;
    int pictures;
} Stopwatch;
static void stop_time(void *context, Clip *clip, int done, int pictures) {
    Stopwatch *watch = context;
    (void)clip;
    watch->last = clock_seconds();
    if (done == 1) watch->first = watch->last;
    if (done > 1) watch->pictures += pictures;
}

/* Pairs per second in some steps. */
static double flip_speed(const Bench *bench, Arena *arena, double drop) {
    enum { STEPS = 30 };
    WebTraining run = flip_training(bench, arena, drop, bench->data->flip_pictures);
    run.batch = web_batch(&run);
    run.pictures = STEPS * run.batch;
    Stopwatch watch = { .pictures = 0 };
    Clip clip;
    web_train(&clip, &run, &(WebWatch){ stop_time, &watch });
    clip_free(&clip);
    return watch.pictures / (watch.last - watch.first);
}

static void show_flip(const Lesson *lesson, Arena *arena, Bench *bench) {
    static const char *const choices[FLIPS] = { "0", "50", "75" };
    Prediction guess = lesson_predict_choice(lesson, choices, FLIPS, 1,
                                             "Every model gets the same amount of arithmetic. Which part of the "
                                             "patches should it leave out in training: 0, 50 or 75 %%?");
    flip_measure(bench);
    double whole = bench_cell(bench, "flip 0.00: FLOP")->value, speed[FLIPS] = { 0 };
    int best = 0;
    int patch = bench->data->flip_patch, N = CIFAR_SIDE / patch * (CIFAR_SIDE / patch);
    printf("a vision transformer of 2 blocks, width 64, %d patches of %d x %d pixels, batches of %d, seed %d\n", N,
           patch, patch, MIN(WEB_FLIP_BATCH, bench->data->flip_pictures), bench->seed);
    printf("%8s  %6s  %15s  %6s  %-22s  %19s  %s\n", "left out", "tokens", "MFLOP of a pair", "seen", "right",
           "at equal FLOP: seen", "right");
    for (int i = 0; i < FLIPS; i++) {
        double flop = bench_cell(bench, "flip %.2f: FLOP", flips[i])->value;
        const Cell *cell = bench_cell(bench, "flip %.2f %s: accuracy", flips[i], i ? "cost" : "pictures");
        printf("%6.0f %%  %6.0f  %7.2f (%3.0f %%)  %6d  %-22s  %19.0f  %s\n", percent(flips[i]), 1 + N * (1 - flips[i]),
               flop / 1e6, percent(flop / whole), bench->data->flip_pictures,
               rate_text(arena, bench_cell(bench, "flip %.2f pictures: accuracy", flips[i])),
               bench_cell(bench, "flip %.2f cost: pictures", flips[i])->value, rate_text(arena, cell));
        if (cell->value > bench_cell(bench, "flip %.2f %s: accuracy", flips[best], best ? "cost" : "pictures")->value)
            best = i;
        speed[i] = flip_speed(bench, arena, flips[i]);
    }
    printf("this computer: %.0f, %.0f and %.0f pairs a second\n", speed[0], speed[1], speed[2]);
    flip_minutes_measure(bench, speed);
    for (int i = 1; i < FLIPS; i++)
        printf("in the same minutes, %.0f %% left out: %7.0f seen  %s\n", percent(flips[i]),
               bench_cell(bench, "flip %.2f minutes: pictures", flips[i])->value,
               rate_text(arena, bench_cell(bench, "flip %.2f minutes: accuracy", flips[i])));
    lesson_outcome(lesson, &guess, "%s %%", choices[best]);
}

/* ---- 4. Colour follows shape ------------------------------------------------------------------------------------- */

/* Test pictures right: of the shapes' own colours, of the others, and in the worst group. */
typedef struct {
    Cell own, others, worst;
    int worst_group;
} BiasRates;
static BiasRates bias_rates(const Bench *bench, const char *name) {
    double right[2] = { 0 };
    int of[2] = { 0 };
    BiasRates rates = { .worst = { .value = 2 } };
    for (int g = 0; g < BIAS_GROUPS; g++) {
        const Cell *cell =
            bench_cell(bench, "bias %s: %s %s", name, bias_shape(g / BIAS_SIDE), bias_colour(g % BIAS_SIDE));
        int other = g / BIAS_SIDE != g % BIAS_SIDE;
        right[other] += cell->value * cell->count;
        of[other] += cell->count;
        if (cell->value < rates.worst.value) {
            rates.worst = *cell;
            rates.worst_group = g;
        }
    }
    rates.own = (Cell){ .value = right[0] / of[0], .count = of[0] };
    rates.others = (Cell){ .value = right[1] / of[1], .count = of[1] };
    return rates;
}

/* The names of the rows: each kind, and those with explicit captions again with explicit prompts. */
enum { BIAS_LONG_ASKED = 3, BIAS_ROWS = BIAS_KINDS + 2 };
static const char *bias_row(Arena *arena, int row) {
    static const struct {
        BiasKind kind;
        bool again;
    } rows[BIAS_ROWS] = { { BIAS_SHORT, 0 },         { BIAS_SHORT_BALANCED, 0 }, { BIAS_LONG, 0 }, { BIAS_LONG, 1 },
                          { BIAS_LONG_BALANCED, 0 }, { BIAS_LONG_BALANCED, 1 },  { BIAS_FREE, 0 } };
    return arena_print(arena, "%s%s", bias_name(rows[row].kind), rows[row].again ? " asked long" : "");
}

static void bias_heat(const Lesson *lesson, Arena *arena, const Bench *bench, const char *picture, const char *row) {
    const char *shapes[BIAS_SIDE], *colours[BIAS_SIDE];
    Mat m = mat_new(arena, BIAS_SIDE, BIAS_SIDE);
    for (int g = 0; g < BIAS_GROUPS; g++) {
        shapes[g / BIAS_SIDE] = bias_shape(g / BIAS_SIDE);
        colours[g % BIAS_SIDE] = bias_colour(g % BIAS_SIDE);
        m.v[g] = (num)percent(
            bench_cell(bench, "bias %s: %s %s", row, bias_shape(g / BIAS_SIDE), bias_colour(g % BIAS_SIDE))->value);
    }
    lesson_heat(lesson, picture,
                &(Heat){ .title = arena_print(arena, "%s: shape named right, %%", row),
                         .y = "shape",
                         .x = "colour",
                         .values = "%",
                         .m = m,
                         .rows = shapes,
                         .cols = colours,
                         .high = 100 });
}

/* Pictures of a training set with their captions; the last two have another colour than their shape's own. */
static void bias_tiles(const Lesson *lesson, Arena *arena, const Bench *bench) {
    enum { SHOWN = 6 };
    BiasSet data = bias_scenes(arena, MIN(400, bench->data->scenes), BIAS_SHARE, bench->seed);
    Tile tiles[SHOWN];
    int count = 0;
    for (int other = 0; other < 2; other++)
        for (int i = 0; i < data.set.n && count < (other ? SHOWN : SHOWN - 2); i++) {
            int shape = data.group[i] / BIAS_SIDE, colour = data.group[i] % BIAS_SIDE;
            uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
            if ((shape != colour) != other) continue;
            cifar_picture(&data.set, i, rgb);
            const char *caption = arena_print(arena, "a %s %s", bias_colour(colour), bias_shape(shape));
            tiles[count++] = (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, other };
        }
    lesson_tiles(lesson, "21-scenes",
                 &(Tiles){ .title = "scenes and their long captions; marked: another colour",
                           .tiles = tiles,
                           .count = count,
                           .columns = SHOWN / 2 });
}

static void show_bias(const Lesson *lesson, Arena *arena, Bench *bench) {
    Prediction guess = lesson_predict_number(lesson, 0, 100,
                                             "%.0f %% of the circles are red, of the squares blue ... The captions say "
                                             "\"a circle\". In the worst combination of shape and colour, how many %% "
                                             "of the shapes are named right? (25: by chance)",
                                             percent(BIAS_SHARE));
    bias_tiles(lesson, arena, bench);
    bias_measure(bench);
    printf("%d scenes, %d pictures seen by each model, seed %d; %d test scenes of each shape in each colour\n",
           bench->data->scenes, bench->data->pictures, bench->seed, bench->data->each);
    printf("%-32s  %11s  %-22s  %-22s  %-15s  %s\n", "trained with", "own colours", "other colours", "worst group", "",
           "named after the colour");
    for (int row = 0; row < BIAS_ROWS; row++) {
        const char *name = bias_row(arena, row);
        BiasRates rates = bias_rates(bench, name);
        printf("%-32s  %9.1f %%  %-22s  %-22s  %-15s  %20.1f %%\n", name, percent(rates.own.value),
               rate_text(arena, &rates.others), rate_text(arena, &rates.worst),
               arena_print(arena, "%s %s", bias_colour(rates.worst_group % BIAS_SIDE),
                           bias_shape(rates.worst_group / BIAS_SIDE)),
               percent(bench_cell(bench, "bias %s: by colour", name)->value));
    }
    bias_heat(lesson, arena, bench, "21-groups-short", bias_name(BIAS_SHORT));
    bias_heat(lesson, arena, bench, "21-groups-long", bias_row(arena, BIAS_LONG_ASKED));
    lesson_outcome_number(lesson, &guess, percent(bias_rates(bench, bias_name(BIAS_SHORT)).worst.value), 1);
}

/* ---- 5. Where the vectors go ------------------------------------------------------------------------------------- */

enum { SPACE_MEASURES = 5 };
static const char *const measures[SPACE_MEASURES] = { "alignment", "uniformity of pictures", "uniformity of texts",
                                                      "gap", "scale" };

static double space_value(const Bench *bench, int curve, int step, int measure) {
    return bench_cell(bench, "noise %.1f step %d: %s", noises[noise_curve[curve]], step, measures[measure])->value;
}

/* The curves of `count` measures from `first` on, for both noises, as one figure. */
static void space_plot(const Lesson *lesson, Arena *arena, const Bench *bench, int first, int count, Lines lines) {
    int steps[CURVE_STEPS], n = curve_steps(bench->data, steps);
    Series series[CURVES * SPACE_MEASURES];
    for (int m = 0; m < count; m++)
        for (int c = 0; c < CURVES; c++) {
            num *x = arena_alloc(arena, (size_t)n, sizeof *x), *y = arena_alloc(arena, (size_t)n, sizeof *y);
            for (int i = 0; i < n; i++) {
                x[i] = (num)steps[i];
                y[i] = (num)space_value(bench, c, steps[i], first + m);
            }
            const char *name =
                arena_print(arena, "%s, %.0f %% replaced", measures[first + m], percent(noises[noise_curve[c]]));
            series[lines.count++] = (Series){ name, x, y, n };
        }
    lines.series = series;
    lines.x = "step";
    lines.log_x = true;
    char *name = arena_print(arena, "21-%s", lines.title);
    lesson_lines(lesson, name, &lines);
}

static void show_space(const Lesson *lesson, Arena *arena, const Bench *bench) {
    static const char *const choices[] = { "smaller", "larger" };
    Prediction guess = lesson_predict_choice(lesson, choices, 2, 1,
                                             "Is the gap between the mean picture and the mean text smaller or larger "
                                             "after training than before it?");
    int steps[CURVE_STEPS], n = curve_steps(bench->data, steps);
    printf("measured in two trainings of section 1, on %d pairs of the test set\n",
           MIN(CURVE_PICTURES, bench->data->test.n));
    for (int c = 0; c < CURVES; c++) {
        printf("%.0f %% of the captions replaced\n", percent(noises[noise_curve[c]]));
        printf("  step  alignment  uniformity: pictures    texts      gap    scale\n");
        for (int i = 0; i < n; i++)
            printf("%6d %10.4f %21.4f %8.4f %8.4f %8.3f\n", steps[i], space_value(bench, c, steps[i], 0),
                   space_value(bench, c, steps[i], 1), space_value(bench, c, steps[i], 2),
                   space_value(bench, c, steps[i], 3), space_value(bench, c, steps[i], 4));
    }
    space_plot(lesson, arena, bench, 0, 1, (Lines){ .title = "alignment", .y = "mean squared distance of partners" });
    space_plot(lesson, arena, bench, 1, 2, (Lines){ .title = "uniformity", .y = "lower is more evenly spread" });
    space_plot(lesson, arena, bench, 3, 1, (Lines){ .title = "gap", .y = "distance of the means" });
    space_plot(lesson, arena, bench, 4, 1, (Lines){ .title = "scale", .y = "e^t" });
    lesson_outcome(lesson, &guess, "%s", choices[space_value(bench, 0, steps[n - 1], 3) > space_value(bench, 0, 0, 3)]);
}

/* ---- three seeds ------------------------------------------------------------------------------------------------- */

/* "  63.1 % (60.2 to 65.9; 3)": mean of the seeds, least, most, how many. */
static const char *seeds_text(Arena *arena, CellSummary s) {
    if (!s.seeds) return "not measured";
    return arena_print(arena, "%5.1f %% (%.1f to %.1f; %d)", percent(s.mean), percent(s.low), percent(s.high), s.seeds);
}
static const char *seeds_cell(Arena *arena, const CellTable *table, const char *name) {
    return seeds_text(arena, cell_summary(table, name));
}

static void seeds_noise(Arena *arena, const CellTable *table) {
    for (int i = 0; i < NOISES; i++) {
        printf("%2.0f %% of the captions replaced  %s", percent(noises[i]),
               seeds_cell(arena, table, arena_print(arena, "noise %.1f all: accuracy", noises[i])));
        if (i > 0)
            printf("  without the wrong pairs  %s",
                   seeds_cell(arena, table, arena_print(arena, "noise %.1f clean: accuracy", noises[i])));
        printf("\n");
    }
    for (int k = 0; k < LONGER; k++)
        printf("%2.0f %% replaced, %d times as many pictures seen  %s\n", percent(noises[NOISE_LONGER]),
               noise_longer[k],
               seeds_cell(arena, table,
                          arena_print(arena, "noise %.1f x%d: accuracy", noises[NOISE_LONGER], noise_longer[k])));
    CellSummary auc = cell_summary(table, "filter: AUC"), unseen = cell_summary(table, "filter: AUC unseen");
    printf("%.0f %% replaced: area under the curve %.3f (%.3f to %.3f; %d), of unseen pairs %.3f (%.3f to %.3f; %d)\n",
           percent(FILTER_NOISE), auc.mean, auc.low, auc.high, auc.seeds, unseen.mean, unseen.low, unseen.high,
           unseen.seeds);
    static const char *const rows[][2] = {
        { "all pairs", "filter all" },           { "a random half", "filter random" },
        { "the best 75 %", "filter best 0.75" }, { "the best 50 %", "filter best 0.50" },
        { "the best 25 %", "filter best 0.25" }, { "a perfect filter", "filter clean" }
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CellSummary kept = cell_summary(table, arena_print(arena, "%s: clean kept", rows[i][1]));
        printf("  trained on %-17s %s", rows[i][0],
               seeds_cell(arena, table, arena_print(arena, "%s: accuracy", rows[i][1])));
        if (kept.seeds) printf("  of the clean pairs kept %s", seeds_text(arena, kept));
        printf("\n");
    }
}

static void seeds_flip(Arena *arena, const CellTable *table) {
    for (int i = 0; i < FLIPS; i++) {
        printf("%2.0f %% of the patches left out   %s", percent(flips[i]),
               seeds_cell(arena, table, arena_print(arena, "flip %.2f pictures: accuracy", flips[i])));
        if (i > 0)
            printf("  at equal FLOP  %s",
                   seeds_cell(arena, table, arena_print(arena, "flip %.2f cost: accuracy", flips[i])));
        printf("\n");
    }
}

static void summary_add(CellSummary *s, double value) {
    s->low = s->seeds ? fmin(s->low, value) : value;
    s->high = s->seeds ? fmax(s->high, value) : value;
    s->mean = (s->mean * s->seeds + value) / (s->seeds + 1);
    s->seeds++;
}

static void seeds_bias(Arena *arena, Bench *bench) {
    for (int row = 0; row < BIAS_ROWS; row++) {
        const char *name = bias_row(arena, row), *last = arena_print(arena, "bias %s: by colour", name);
        CellSummary others = { .seeds = 0 }, worst = { .seeds = 0 };
        for (bench->seed = 1; bench->seed <= WEB_SEEDS; bench->seed++) {
            if (!cell_find(bench->table, last, bench->seed)) continue;
            BiasRates rates = bias_rates(bench, name);
            summary_add(&others, rates.others.value);
            summary_add(&worst, rates.worst.value);
        }
        if (others.seeds)
            printf("%-34s other colours %s  worst group %s\n", name, seeds_text(arena, others),
                   seeds_text(arena, worst));
    }
}

static void seeds_space(Arena *arena, const Bench *bench) {
    int steps[CURVE_STEPS], n = curve_steps(bench->data, steps);
    for (int c = 0; c < CURVES; c++)
        for (int m = 0; m < SPACE_MEASURES; m++) {
            const char *form = "noise %.1f step %d: %s";
            CellSummary first =
                cell_summary(bench->table, arena_print(arena, form, noises[noise_curve[c]], 0, measures[m]));
            CellSummary last =
                cell_summary(bench->table, arena_print(arena, form, noises[noise_curve[c]], steps[n - 1], measures[m]));
            if (last.seeds)
                printf("%2.0f %% replaced, %-23s before %7.3f (%.3f to %.3f)  after %7.3f (%.3f to %.3f; %d)\n",
                       percent(noises[noise_curve[c]]), measures[m], first.mean, first.low, first.high, last.mean,
                       last.low, last.high, last.seeds);
        }
}

/* The table of the default sizes, on generated shapes. With --all what is missing is measured first. */
static void three_seeds(Arena *arena, CellTable *table) {
    WebData data = { .pictures = WEB_SEEN,
                     .flip_pictures = WEB_FLIP_SEEN,
                     .flip_patch = WEB_FLIP_PATCH,
                     .scenes = WEB_TRAIN,
                     .each = WEB_EACH };
    Bench bench = { .data = &data, .table = table };
    if (args.all) {
        cifar_generate(arena, CIFAR_TRAIN, WEB_TRAIN, &data.train);
        cifar_generate(arena, CIFAR_TEST, WEB_TEST, &data.test);
    }
    for (bench.seed = 1; args.all && bench.seed <= WEB_SEEDS; bench.seed++) {
        if (bench.seed == 1) quick_measure(&bench);
        noise_measure(&bench);
        filter_measure(&bench);
        bias_measure(&bench);
    }
    for (bench.seed = 1; args.all && bench.seed <= WEB_SEEDS; bench.seed++) flip_measure(&bench);
    if (!table->count) {
        printf("%s does not exist; make scale measures it\n", args.path);
        return;
    }
    printf("generated shapes, %d test pictures; mean of the seeds (least to most; how many seeds)\n", WEB_TEST);
    seeds_noise(arena, table);
    seeds_flip(arena, table);
    seeds_bias(arena, &bench);
    seeds_space(arena, &bench);
}

static CellTable table_of(Arena *arena, const char *path) {
    CellTable table;
    Err err;
    if (!cell_table_read(&table, arena, path, &err)) die("%s", err.text);
    return table;
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "21",
                      .title = "Data from the web",
                      .shows = "wrong captions, a model as a filter, fewer patches, colours that betray the shape",
                      .takes = "2 minutes",
                      .next = "make lesson-22",
                      .options = options,
                      .quick = "--pictures 32 --flip-pictures 4 --train-images 100 --test-images 20 --scenes 100 "
                               "--each 1 --table none",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    Err err;
    if (CIFAR_SIDE % args.patch) die_usage("--patch %d: want a divisor of %d", args.patch, CIFAR_SIDE);
    WebData data = { .train = lesson_pictures(arena, args.data, CIFAR_TRAIN, args.train),
                     .test = lesson_pictures(arena, args.data, CIFAR_TEST, args.test),
                     .pictures = args.pictures,
                     .flip_pictures = args.flip,
                     .flip_patch = args.patch,
                     .scenes = args.scenes,
                     .each = args.each };
    const char *path = arena_print(arena, "%s/data-from-the-web-%s-%d-%d-%d-%d-%d-%d-%d.csv", models_folder(),
                                   data.train.generated ? "shapes" : "cifar10", data.train.n, data.test.n,
                                   data.pictures, data.flip_pictures, data.flip_patch, data.scenes, data.each);
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    CellTable kept = table_of(arena, path), seeds = table_of(arena, args.path);
    Bench bench = { .data = &data, .table = &kept, .seed = args.seed };
    printf("%s\n", lesson_notice(&data.train, args.data));
    lesson_section(&lesson, "1. Captions of other pictures");
    show_noise(&lesson, arena, &bench);
    lesson_section(&lesson, "2. A model as the filter of its own data");
    show_filter(&lesson, arena, &bench);
    lesson_section(&lesson, "3. Patches left out in training");
    show_flip(&lesson, arena, &bench);
    lesson_section(&lesson, "4. Colours that follow shapes");
    show_bias(&lesson, arena, &bench);
    lesson_section(&lesson, "5. Alignment, uniformity, gap and scale along a training");
    show_space(&lesson, arena, &bench);
    lesson_section(&lesson, "Sections 1 to 5 with three seeds");
    three_seeds(arena, &seeds);
    return lesson_end(&lesson);
}
