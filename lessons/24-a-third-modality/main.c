/* Lesson 24: a third modality. Sounds get vectors in the space of pictures and texts, from sounds beside pictures
 * alone; then texts find sounds. Before: 13 retrieval, 17 scenes. See README.md. */
#include "own_sounds.h"
#include "sound_cells.h"
#include "core/file.h"
#include "scenes/probe_report.h"

#include <math.h>
#include <string.h>

static struct {
    const char *path, *date;
    int seed, steps, batch, items, queries, seeds;
    bool all, listen;
} args = {
    .path = SOUND_CELLS,
    .date = "",
    .seed = 1,
    .steps = 80,
    .batch = SOUND_BATCH,
    .items = SEARCH_ITEMS,
    .queries = ARITHMETIC_ITEMS,
    .seeds = SOUND_SEEDS,
};

static const Option options[] = {
    { "listen", .flag = &args.listen, .help = "1: write sounds as WAV files, and name them" },
    { "steps", .integer = &args.steps, .low = 1, .high = 100000, .help = "3: training steps of the small tower" },
    { "batch", .integer = &args.batch, .low = 2, .high = 1024, .help = "3: pairs in a batch" },
    { "items", .integer = &args.items, .low = 2, .high = SEARCH_ITEMS,
      .help = "4 to 6: scenes that are searched, an even number" },
    { "queries", .integer = &args.queries, .low = 1, .high = 10000, .help = "6: differences of each kind" },
    { "all", .flag = &args.all, .help = "first train what ships, and measure what is missing in the table: 5 minutes" },
    { "seeds", .integer = &args.seeds, .low = 1, .high = SOUND_SEEDS, .help = "--all: how many seeds" },
    { "date", .text = &args.date, .help = "--all: the day, for the files that it makes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

/* The scene model, which stays as it is; the towers of section 4; the small one that is trained here. */
static struct {
    SceneModel scenes;
    SoundModel by_pictures, by_texts, small;
} model;

static void load(SoundModel *to, SoundModelConfig config) {
    const SoundNote made = { "command", "build/lesson-24" };
    Err err;
    if (!sound_model_load_or_train(to, &config, &model.scenes, &made, 1, &err)) die("%s", err.text);
}

/* ---- 1. Sounds --------------------------------------------------------------------------------------------------- */

/* `count` objects of one type, and with `second` one of another. */
static SoundExample example_of(ObjectType type, int count, const ObjectType *second) {
    SceneConfig s = { .seed = (uint64_t)args.seed, .least = count, .max = count, .repeat = 1 };
    if (second) s.least = s.max = 2;
    SoundExample example = { scene_make(&s, 0), (uint64_t)args.seed, false };
    for (int k = 0; k < example.scene.count; k++)
        object_set_type(&example.scene.object[k], second && k ? *second : type);
    return example;
}

enum { SHOWN = 8 };
static void examples_make(SoundExample example[SHOWN]) {
    static const ObjectType red_circle = { COLOUR_RED, SHAPE_CIRCLE }, blue_square = { COLOUR_BLUE, SHAPE_SQUARE };
    static const ObjectType red_square = { COLOUR_RED, SHAPE_SQUARE }, black_square = { COLOUR_BLACK, SHAPE_SQUARE };
    example[0] = example_of(red_circle, 1, NULL);
    example[1] = example_of(red_square, 1, NULL);
    example[2] = example_of(black_square, 1, NULL);
    example[3] = example_of((ObjectType){ COLOUR_RED, SHAPE_BAR }, 1, NULL);
    example[4] = example_of((ObjectType){ COLOUR_RED, SHAPE_HEART }, 1, NULL);
    example[5] = example_of(red_square, 3, NULL);
    example[6] = example_of(red_square, 5, NULL);
    example[7] = example_of(red_circle, 1, &blue_square);
}

/* Log-mel pictures: time to the right, low bands at the bottom, grey from the quietest to the loudest. */
static Tile spectrogram_tile(Arena *arena, const num *picture, const SoundExample *example) {
    uint8_t *rgb = arena_alloc(arena, (size_t)MEL_FRAMES * MEL_BANDS * 3, 1);
    double low = (double)picture[0], high = low;
    for (int i = 0; i < MEL_FRAMES * MEL_BANDS; i++) {
        low = fmin(low, (double)picture[i]);
        high = fmax(high, (double)picture[i]);
    }
    for (int t = 0; t < MEL_FRAMES; t++)
        for (int b = 0; b < MEL_BANDS; b++) {
            double level = ((double)picture[t * MEL_BANDS + b] - low) / fmax(1e-9, high - low);
            memset(rgb + 3 * ((MEL_BANDS - 1 - b) * MEL_FRAMES + t), (int)lround(255 * level), 3);
        }
    Caption caption = sound_caption(&example->scene);
    return (Tile){ rgb, MEL_BANDS, MEL_FRAMES, caption_text(&caption, arena_alloc(arena, CAPTION_TEXT, 1)), false };
}

/* The transform against its plain twin, and a tone against the closed form of log_mel.h. */
static void check_transform(Arena *arena) {
    enum { BIN = 64 };
    double re[MEL_WINDOW], im[MEL_WINDOW], plain_re[MEL_WINDOW], plain_im[MEL_WINDOW], worst = 0, off = 0;
    const LogMel *plan = log_mel_plan(arena);
    num *samples = arena_alloc(arena, SOUND_SAMPLES, sizeof *samples);
    num *out = arena_alloc(arena, (size_t)MEL_FRAMES * MEL_BANDS, sizeof *out);
    Rng rng = rng_seed((uint64_t)args.seed, 24);
    for (int i = 0; i < MEL_WINDOW; i++) {
        re[i] = rng_normal(&rng);
        im[i] = rng_normal(&rng);
    }
    dft(re, im, MEL_WINDOW, plain_re, plain_im);
    fft_run(&plan->fft, re, im);
    for (int i = 0; i < MEL_WINDOW; i++) worst = fmax(worst, hypot(re[i] - plain_re[i], im[i] - plain_im[i]));
    for (int i = 0; i < SOUND_SAMPLES; i++) samples[i] = (num)cos(6.283185307179586 * BIN * i / MEL_WINDOW);
    log_mel(plan, samples, false, out);
    for (int b = 0; b < MEL_BANDS; b++) {
        double near = plan->filter[b][BIN - 1] + plan->filter[b][BIN + 1];
        double energy = plan->filter[b][BIN] / 4 + near / 16;
        off = fmax(off, fabs((double)out[MEL_FRAMES / 2 * MEL_BANDS + b] - log(MEL_FLOOR + energy)));
    }
    printf("transform of %d random numbers: n log2(n) / 2 = %d butterflies instead of %d products; the largest "
           "difference is %s 1e-11\n",
           MEL_WINDOW, MEL_WINDOW * 9 / 2, MEL_WINDOW * MEL_WINDOW, worst < 1e-11 ? "below" : "ABOVE");
    printf("a tone of %d Hz: all %d bands are off by %s 1e-3 from the closed form\n", SOUND_RATE * BIN / MEL_WINDOW,
           MEL_BANDS, off < 1e-3 ? "less than" : "MORE THAN");
}

static void sounds(const Lesson *lesson, Arena *arena) {
    SoundExample example[SHOWN];
    Tile tiles[SHOWN];
    printf("shape     timbre                 partials at 220 Hz  breath, Hz    colour   pitch, Hz\n");
    for (int k = 0; k < SHAPE_COUNT; k++)
        printf("%-9s %-22s %18d %11.0f    %-8s %9.1f\n", shape_name((Shape)k), sound_timbre((Shape)k),
               sound_partials((Shape)k, 220).count, sound_breath((Shape)k), colour_name((ShapeColour)k),
               sound_pitch((ShapeColour)k));
    check_transform(arena);
    examples_make(example);
    Mat pictures = log_mel_pictures(arena, log_mel_plan(arena), sound_samples(arena, example, SHOWN));
    for (int i = 0; i < SHOWN; i++)
        tiles[i] = spectrogram_tile(arena, pictures.v + i * MEL_FRAMES * MEL_BANDS, &example[i]);
    lesson_tiles(lesson, "24-spectrograms",
                 &(Tiles){ .title = "one second of sound: 64 frames, 40 mel bands, low ones at the bottom",
                           .tiles = tiles,
                           .count = SHOWN,
                           .columns = 4 });
    if (args.listen) sounds_listen(arena, example, SHOWN);
    else printf("--listen writes these eight sounds as WAV files\n");
}

/* ---- 2. The space ------------------------------------------------------------------------------------------------ */

static void scene_space(void) {
    const Split *split = &model.scenes.split;
    int seen = 0;
    for (int k = 0; k < COLOUR_COUNT * SHAPE_COUNT; k++)
        seen += split_has_pair(split, SPLIT_SEEN, (ShapeColour)(k / SHAPE_COUNT), (Shape)(k % SHAPE_COUNT));
    Arena arena = { 0 };
    printf("%s: %zu parameters, frozen\n", scene_model_text(&arena, &model.scenes.config),
           params_count(&model.scenes.clip.params));
    printf(
        "its pictures and captions, and our sounds, show %d of the %d combinations of colour and shape in training\n",
        seen, COLOUR_COUNT * SHAPE_COUNT);
    arena_free(&arena);
}

/* ---- 3. The towers ----------------------------------------------------------------------------------------------- */

static void show_tower(const char *name, const SoundModel *m) {
    const int *w = m->config.widths;
    printf("%-22s widths %2d %2d %2d, %6zu parameters, %d steps of %d pairs, seed %d, loss %.3f\n", name, w[0], w[1],
           w[2], params_count(&m->clip.params), m->config.steps, m->config.batch, m->config.seed, m->loss);
}

static void towers(void) {
    SoundModelConfig small = { .anchor = ANCHOR_PICTURE, .widths = { 8, 16, 16 }, .steps = args.steps };
    small.batch = args.batch;
    small.seed = args.seed;
    load(&model.small, small);
    show_tower("from pictures", &model.by_pictures);
    show_tower("from texts", &model.by_texts);
    show_tower("from pictures, small", &model.small);
    printf("the first two come with the toolkit; the small one was trained here. Guessing among %d: a loss of %.3f\n",
           SOUND_BATCH, log(SOUND_BATCH));
}

/* ---- 4 and 5. Searches ------------------------------------------------------------------------------------------- */

static void show_search(const char *name, const SearchResult *r, bool attributes) {
    printf("  %-33s %5.1f (%4.1f to %5.1f) %6.1f %6.1f %7.1f", name, 100 * r->recall[0].proportion,
           100 * r->recall[0].low, 100 * r->recall[0].high, 100 * r->found.recall[1], 100 * r->found.recall[2],
           r->found.median_rank);
    if (attributes)
        printf("  %5.1f %5.1f %5.1f", 100 * r->colour.proportion, 100 * r->shape.proportion, 100 * r->count.proportion);
    printf("\n");
}

enum { MEANS_OF = 8 };

/* The searches of one set and part. Returns the one in which texts find sounds that were learnt from pictures. */
static SearchResult show_searches(const SearchSet *set, SplitPart part, Mat by_pictures, Mat by_texts, Mat small,
                                  Mat means) {
    bool one = set->kind == SET_ONE;
    SearchResult r, asked = search_measure(set, part, set->texts, by_pictures);
    Retrieval chance = retrieval_chance(set->n, 1);
    char means_name[32];
    snprintf(means_name, sizeof means_name, "  means of %d pictures", MEANS_OF);
    printf("%s, %s: %d queries, %d answers, %%\n", one ? "one type of objects" : "two objects", part_name(part),
           set->n / 2, set->n);
    printf("                                    recall@1 (95 %%)       @5    @10  median%s\n",
           one ? "  nearest has colour, shape, count" : "");
    printf("  %-33s %5.1f %18.1f %6.1f %7.1f\n", "guessing", 100 * chance.recall[0], 100 * chance.recall[1],
           100 * chance.recall[2], chance.median_rank);
    r = search_measure(set, part, set->texts, set->pictures);
    show_search("text finds pictures", &r, one);
    r = search_measure(set, part, set->texts, means);
    show_search(means_name, &r, one);
    show_search("text finds sounds, by pictures", &asked, one);
    r = search_measure(set, part, set->texts, small);
    show_search("  the small tower", &r, one);
    r = search_measure(set, part, set->texts, by_texts);
    show_search("text finds sounds, by texts", &r, one);
    r = search_measure(set, part, set->pictures, by_pictures);
    show_search("picture finds sounds, by pictures", &r, one);
    r = search_measure(set, part, set->pictures, by_texts);
    show_search("picture finds sounds, by texts", &r, one);
    return asked;
}

/* Both parts of one set. Returns recall@1 of texts for sounds that were learnt from pictures, seen combinations. */
static SearchResult searches(Arena *arena, const SearchSet *set) {
    Mat by_pictures = search_sounds(&model.by_pictures, arena, set);
    Mat by_texts = search_sounds(&model.by_texts, arena, set), small = search_sounds(&model.small, arena, set);
    Mat means = search_mean_pictures(&model.scenes, arena, set, MEANS_OF);
    SearchResult seen = show_searches(set, SPLIT_SEEN, by_pictures, by_texts, small, means);
    show_searches(set, SPLIT_HELD, by_pictures, by_texts, small, means);
    return seen;
}

/* ---- 6. Arithmetic ----------------------------------------------------------------------------------------------- */

static void show_arithmetic(const char *name, const ArithmeticResult *r) {
    printf("  %-28s %5.1f (%4.1f to %5.1f) %6.1f %6.1f %7.1f %8.1f\n", name, 100 * r->recall[0].proportion,
           100 * r->recall[0].low, 100 * r->recall[0].high, 100 * r->found.recall[1], 100 * r->found.recall[2],
           r->found.median_rank, 100 * r->stayed.proportion);
}

/* Returns the result of sounds on seen combinations. */
static ArithmeticResult show_sums(const SearchSet *two, const TypePictures *searched, bool difference) {
    ArithmeticResult wanted = { .chance = 0 };
    for (int part = SPLIT_SEEN; part <= SPLIT_HELD; part++) {
        if (difference)
            printf("%d differences, target %s, %d pictures, %d of each type, %%\n", args.queries,
                   part_name((SplitPart)part), searched->n, searched->n / (COLOUR_COUNT * SHAPE_COUNT));
        else printf("%d sums, %s, %d pictures, %%\n", two->n / 2, part_name((SplitPart)part), two->n);
        printf("                               recall@1 (95 %%)       @5    @10  median   stayed\n");
        for (int k = 0; k < ADDITIONS; k++) {
            Addition addition = (Addition)k;
            if (!difference && addition == ADD_SOUNDS) continue;
            ArithmeticResult r =
                difference ? arithmetic_difference(&model.scenes, &model.by_pictures, searched, (SplitPart)part,
                                                   addition, args.queries, (uint64_t)args.seed)
                           : arithmetic_sum(&model.scenes, &model.by_pictures, two, (SplitPart)part, addition,
                                            (uint64_t)args.seed);
            show_arithmetic(addition_name(addition, difference), &r);
            if (part == SPLIT_SEEN && addition == (difference ? ADD_SOUNDS : ADD_SOUND)) wanted = r;
        }
    }
    printf("  guessing: recall@1 %.1f\n", 100 * wanted.chance);
    return wanted;
}

/* Differences as pictures: A, and the nearest picture of the 64. */
static void arithmetic_tiles(const Lesson *lesson, Arena *arena) {
    enum { PAIRS = 4, COLUMNS = 4 };
    Tile tiles[2 * PAIRS];
    Rng rng = rng_seed((uint64_t)args.seed, 2407);
    TypePictures searched = type_pictures(arena, &model.scenes, 1, (uint64_t)args.seed);
    for (int i = 0; i < PAIRS; i++) {
        Analogy q = analogy_draw(&model.scenes.split, SPLIT_SEEN, &rng);
        uint64_t seed = (uint64_t)(args.seed * 100 + i);
        int nearest;
        Mat v = arithmetic_vector(&model.scenes, &model.by_pictures, arena, &q, ADD_SOUNDS, seed);
        retrieval_top(search_scores(arena, v, searched.pictures).v, searched.n, 1, &nearest);
        Scene from = arithmetic_scene(&q, seed), to = type_scene(&searched, nearest, (uint64_t)args.seed);
        bool right = searched.type[nearest].colour == q.target.colour && searched.type[nearest].shape == q.target.shape;
        char *text = arena_print(arena, "+ %s %s", colour_name(q.b.colour), shape_name(q.b.shape));
        tiles[2 * i] = probe_tile(arena, &from, text,
                                  arena_print(arena, "- %s %s", colour_name(q.c.colour), shape_name(q.c.shape)));
        tiles[2 * i + 1] = probe_tile(arena, &to, "finds this", right ? "right" : "wrong");
    }
    lesson_tiles(lesson, "24-arithmetic",
                 &(Tiles){ .title = "a picture plus a sound minus a sound finds a picture",
                           .tiles = tiles,
                           .count = 2 * PAIRS,
                           .columns = COLUMNS });
}

static void arithmetic(const Lesson *lesson, Arena *arena, const SearchSet *two) {
    Prediction guess = lesson_predict_number(lesson, 0, 100,
                                             "The picture of a red circle plus the sound of a blue star minus the "
                                             "sound of a red star. Of 100 such sums, how many are nearest to a "
                                             "picture of a blue circle?");
    TypePictures searched =
        type_pictures(arena, &model.scenes, MAX(1, ARITHMETIC_EACH * args.items / SEARCH_ITEMS), (uint64_t)args.seed);
    show_sums(two, &searched, false);
    ArithmeticResult r = show_sums(two, &searched, true);
    arithmetic_tiles(lesson, arena);
    lesson_outcome_number(lesson, &guess, 100 * r.recall[0].proportion, 1);
}

/* ---- 7. Three seeds ---------------------------------------------------------------------------------------------- */

/* Adds the measured figures to a file that ships. */
static void ship(const CellTable *table, const SoundModel *sounds, Condition condition) {
    Arena arena = { 0 };
    SoundNote notes[6] = { { "command", "build/lesson-24 --all" }, { "date", args.date }, { "seed", "1" } };
    int n = 3;
    Err err;
    for (int set = 0; set < SETS; set++) {
        SearchCase at = { (SetKind)set, SPLIT_SEEN, QUERY_TEXT, condition };
        notes[n++] = (SoundNote){ arena_print(&arena, "%s objects: text finds sounds recall@1", set_name((SetKind)set)),
                                  arena_print(&arena, "%.4f", cell_value(table, search_cell(&arena, at, 0), 1)) };
    }
    char *path = sound_model_path(&arena, &sounds->config);
    if (!sound_model_save(sounds, &model.scenes, path, notes, n, &err)) die("%s", err.text);
    arena_free(&arena);
}

static void measure_all(CellTable *table) {
    for (int seed = 1; seed <= args.seeds; seed++)
        for (int condition = 0; condition <= NO_SOUNDS; condition++) {
            SoundModel sounds = { .loss = 0 };
            if (cells_complete(table, (Condition)condition, seed)) continue;
            if (condition != NO_SOUNDS) load(&sounds, condition_config((Condition)condition, seed));
            cells_measure(table, &model.scenes, &sounds, (Condition)condition, seed);
            if (seed == 1 && condition < BY_TEXTS_NO_BREATH) ship(table, &sounds, (Condition)condition);
            sound_model_free(&sounds);
        }
}

enum { TABLE_ROWS = 6 };
static const struct {
    const char *name;
    QueryKind query;
    Condition condition;
} table_rows[TABLE_ROWS] = {
    { "text finds pictures", QUERY_TEXT, NO_SOUNDS },
    { "text finds sounds, by pictures", QUERY_TEXT, BY_PICTURES },
    { "text finds sounds, by texts", QUERY_TEXT, BY_TEXTS },
    { "  without breath", QUERY_TEXT, BY_TEXTS_NO_BREATH },
    { "picture finds sounds, by pictures", QUERY_PICTURE, BY_PICTURES },
    { "picture finds sounds, by texts", QUERY_PICTURE, BY_TEXTS },
};

static void table_plot(const Lesson *lesson, Arena *arena, const CellTable *table) {
    Bar bars[SETS * 2 * TABLE_ROWS];
    int n = 0;
    for (int set = 0; set < SETS; set++)
        for (int part = SPLIT_SEEN; part <= SPLIT_HELD; part++)
            for (int k = 1; k <= 2; k++) {
                SearchCase at = { (SetKind)set, (SplitPart)part, table_rows[k].query, table_rows[k].condition };
                CellSummary s = cell_summary(table, search_cell(arena, at, 0));
                bars[n++] = (Bar){ arena_print(arena, "%s %s, by %s", set_name((SetKind)set),
                                               part_name((SplitPart)part), k == 1 ? "pictures" : "texts"),
                                   100 * s.mean, 100 * s.rate.low, 100 * s.rate.high, k == 1 };
            }
    lesson_bars(lesson, "24-recall",
                &(Bars){ .title = "texts find sounds: the right one is the nearest of 320, three seeds",
                         .values = "recall@1",
                         .unit = " %",
                         .bars = bars,
                         .count = n,
                         .decimals = 1,
                         .high = 100 });
}

/* A row of three columns of cells. */
static void show_row(Arena *arena, const CellTable *table, const char *name, const char *const cell[3]) {
    printf("  %-34s", name);
    printf(" %-25s  %-25s  %s\n", cell_text(arena, table, cell[0]), cell_text(arena, table, cell[1]),
           cell_text(arena, table, cell[2]));
}
static void show_head(const char *name, const char *a, const char *b, const char *c) {
    printf("%-36s %-25s  %-25s  %s\n", name, a, b, c);
}

static void seeds_of_searches(Arena *arena, const CellTable *table) {
    static const int recalls[] = { 0, 2, MEASURE_MEDIAN }, nearest[] = { MEASURE_COLOUR, MEASURE_SHAPE, MEASURE_COUNT };
    for (int block = 0; block < 2 * SETS + 2; block++) { /* the last two: what is right in the nearest answer */
        bool attributes = block >= 2 * SETS;
        SetKind set = attributes ? SET_ONE : (SetKind)(block / 2);
        SplitPart part = (SplitPart)(block % 2);
        const char *name =
            arena_print(arena, "%s, %s", set == SET_ONE ? "one type of objects" : "two objects", part_name(part));
        if (attributes) show_head(name, "nearest has the colour", "the shape", "the count");
        else show_head(name, "recall@1", "recall@10", "median rank");
        for (int k = 0; k < TABLE_ROWS; k++) {
            SearchCase at = { set, part, table_rows[k].query, table_rows[k].condition };
            const char *cell[3];
            for (int c = 0; c < 3; c++) cell[c] = search_cell(arena, at, (attributes ? nearest : recalls)[c]);
            show_row(arena, table, table_rows[k].name, cell);
        }
    }
}

static void seeds_of_arithmetic(Arena *arena, const CellTable *table) {
    for (int difference = 0; difference < 2; difference++) {
        show_head(difference ? "differences" : "sums", "recall@1, seen", "recall@1, held out", "stayed, seen");
        for (int k = 0; k < ADDITIONS; k++) {
            if (!difference && k == ADD_SOUNDS) continue;
            const char *cell[] = { arithmetic_cell(arena, difference, SPLIT_SEEN, (Addition)k, 0),
                                   arithmetic_cell(arena, difference, SPLIT_HELD, (Addition)k, 0),
                                   arithmetic_cell(arena, difference, SPLIT_SEEN, (Addition)k, MEASURE_COLOUR) };
            show_row(arena, table, addition_name((Addition)k, difference), cell);
        }
    }
}

static void three_seeds(const Lesson *lesson, Arena *arena, const CellTable *table) {
    if (!table->count) {
        printf("%s does not exist; make generate measures it\n", args.path);
        return;
    }
    printf("mean of %d seeds (least to most; how many seeds, if fewer); %d answers\n", SOUND_SEEDS, SEARCH_ITEMS);
    seeds_of_searches(arena, table);
    seeds_of_arithmetic(arena, table);
    table_plot(lesson, arena, table);
}

/* ---- the lesson -------------------------------------------------------------------------------------------------- */

static void load_towers(void) {
    SceneModelConfig config = { .text = "transformer", .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = 1 };
    Err err;
    if (!scene_model_load_or_train(&model.scenes, &config, NULL, &err)) die("%s", err.text);
    load(&model.by_pictures, condition_config(BY_PICTURES, 1));
    load(&model.by_texts, condition_config(BY_TEXTS, 1));
}

static void text_finds_sounds(const Lesson *lesson, Arena *arena, const SearchSet *one) {
    Prediction guess =
        lesson_predict_number(lesson, 0, 100,
                              "The sound tower was trained on sounds beside pictures. It has never met a "
                              "text. Of 100 texts such as \"three red circles\", how many find their "
                              "sound as the nearest of %d?",
                              one->n);
    static const char *const parts[] = { "colour", "shape", "count" };
    Prediction weakest = lesson_predict_choice(lesson, parts, COUNT(parts), 1,
                                               "What is most often wrong with the nearest sound: its colour, its shape "
                                               "or its count?");
    SearchResult r = searches(arena, one);
    const double right[] = { r.colour.proportion, r.shape.proportion, r.count.proportion };
    int least = right[1] < right[0] ? 1 : 0;
    if (right[2] < right[least]) least = 2;
    lesson_outcome_number(lesson, &guess, 100 * r.recall[0].proportion, 1);
    lesson_outcome(lesson, &weakest, "%s: right in %.1f %%", parts[least], 100 * right[least]);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "24",
                      .title = "A third modality",
                      .shows = "sounds learn from pictures alone, and texts find them",
                      .takes = "half a minute",
                      .next = "make lesson-25",
                      .options = options,
                      .quick = "--steps 1 --batch 8 --items 12 --queries 4 --table none",
                      .wants = "SOUND.wav ...",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    CellTable table;
    SearchSet set[SETS];
    Err err;
    if (args.items % 2) die_usage("--items %d: want an even number", args.items);
    if (args.all && !*args.date) die_usage("--all wants --date YYYY-MM-DD, for the files that it makes");
    if (!cell_table_read(&table, arena, args.path, &err)) die("%s", err.text);
    load_towers();
    if (args.all) measure_all(&table);
    for (int k = 0; k < SETS; k++)
        set[k] = search_set(arena, &model.scenes, (SetKind)k, args.items, (uint64_t)args.seed);
    if (lesson.word_count) {
        lesson_section(&lesson, "Your sounds");
        sounds_own(&lesson, &model.by_pictures, set);
        return lesson_end(&lesson);
    }
    lesson_section(&lesson, "1. Sounds: timbre is the shape, pitch the colour, rhythm the count");
    sounds(&lesson, arena);
    lesson_section(&lesson, "2. The space that is there already");
    scene_space();
    lesson_section(&lesson, "3. A tower for sounds");
    towers();
    lesson_section(&lesson, "4. Texts find sounds that they were never paired with");
    text_finds_sounds(&lesson, arena, &set[SET_ONE]);
    lesson_section(&lesson, "5. Two sounds mixed");
    searches(arena, &set[SET_TWO]);
    lesson_section(&lesson, "6. Sums and differences of vectors");
    arithmetic(&lesson, arena, &set[SET_TWO]);
    lesson_section(&lesson, "7. Three seeds");
    three_seeds(&lesson, arena, &table);
    sound_model_free(&model.small);
    sound_model_free(&model.by_texts);
    sound_model_free(&model.by_pictures);
    scene_model_free(&model.scenes);
    return lesson_end(&lesson);
}
