/* Lesson 26: from words to pictures. A network learns to remove noise under the condition of a text; from noise alone
 * it then draws what the text says. Before: 16 and 17 (what the text vector knows), 25. See README.md. */
#include "drawing.h"
#include "one_dimension.h"
#include "picture_report.h"
#include "autograd/flop.h"
#include "core/file.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

enum { LINE_POINTS = 61, LIVE_KINDS = 4, STEPS_PER_SECOND = 20 };

static struct {
    const char *path, *condition, *date;
    int seed, line, line_samples, samples, steps, read, live, count, curve, network;
    double guidance;
    bool ddpm, all;
} args = {
    .path = PICTURE_TABLE,
    .condition = "vector",
    .date = "",
    .seed = 1,
    .line = 3000,
    .line_samples = 4000,
    .samples = 4,
    .steps = REPORT_STEPS,
    .read = 1000,
    .live = 32,
    .count = REPORT_COUNT,
    .curve = REPORT_CURVE,
    .network = PICTURE_STEPS,
    .guidance = REPORT_GUIDANCE,
};

static const Option options[] = {
    { "condition", .text = &args.condition, .choices = "vector|tokens|bag", .help = "what the network is told" },
    { "guidance", .real = &args.guidance, .low = 0, .high = 20, .help = "0: no condition; 1: no exaggeration" },
    { "steps", .integer = &args.steps, .low = 1, .high = 1000, .help = "of sampling" },
    { "ddpm", .flag = &args.ddpm, .help = "new noise at each step" },
    { "samples", .integer = &args.samples, .low = 1, .high = DRAWING_EACH, .help = "pictures of each caption" },
    { "line-steps", .integer = &args.line, .low = 1, .high = 1000000, .help = "1: training steps in one dimension" },
    { "line-samples", .integer = &args.line_samples, .low = 10, .high = 1000000, .help = "1: samples" },
    { "read", .integer = &args.read, .low = 1, .high = 1000000, .help = "3: renderings that the reader reads" },
    { "live", .integer = &args.live, .low = 1, .high = 100000, .help = "5: pictures of each kind, drawn now" },
    { "network-steps", .integer = &args.network, .low = 1, .high = 10000000,
      .help = "training steps of the network; another number than the default trains another network" },
    { "count", .integer = &args.count, .low = 1, .high = 100000, .help = "--all: pictures of a cell" },
    { "curve", .integer = &args.curve, .low = 1, .high = 100000, .help = "--all: pictures of a point of a curve" },
    { "all", .flag = &args.all, .help = "first train the network, if there is none of yours, and measure the table" },
    { "date", .text = &args.date, .help = "--all: the day, for the file of the network" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

/* ---- 1. One dimension -------------------------------------------------------------------------------------------- */

static const Mixture line = { { -2, 1 }, 0.4, 2.0 / 3 };

static void show_schedule(void) {
    printf("data: %.4f of N(%g, %g^2), %.4f of N(%g, %g^2)\n", 1 - line.weight, line.mean[0], line.deviation,
           line.weight, line.mean[1], line.deviation);
    printf("   t    alpha    sigma  log(alpha^2/sigma^2)   score at x = 0   difference of log density\n");
    for (int k = 1; k <= 9; k += 2) {
        double t = k / 10.0, h = 1e-4;
        NoiseLevel at = noise_level(1, t);
        double slope = (log(mixture_density(&line, at, h)) - log(mixture_density(&line, at, -h))) / (2 * h);
        printf("%4.1f  %7.4f  %7.4f  %20.4f  %15.4f  %26.4f\n", t, at.alpha, at.sigma, noise_log_snr(1, t),
               mixture_score(&line, at, 0), slope);
    }
}

static void training_done(void *context, int done) { progress_update(context, done); }

/* The curves of both scores at three times. */
static void show_scores(const Lesson *lesson, LineNet *net) {
    static const double times[] = { 0.2, 0.5, 0.8 };
    num x[LINE_POINTS], y[2 * COUNT(times)][LINE_POINTS];
    Series series[2 * COUNT(times)];
    const char *const names[] = { "t 0.2, exact", "network", "t 0.5, exact", "network", "t 0.8, exact", "network" };
    for (int i = 0; i < LINE_POINTS; i++) x[i] = (num)(-3 + 5.0 * i / (LINE_POINTS - 1));
    printf("   t  score, root mean square difference of network and exact\n");
    for (size_t k = 0; k < COUNT(times); k++) {
        NoiseLevel at = noise_level(1, times[k]);
        for (int i = 0; i < LINE_POINTS; i++) y[2 * k][i] = (num)mixture_score(&line, at, (double)x[i]);
        line_scores(net, times[k], x, LINE_POINTS, y[2 * k + 1]);
        for (size_t j = 2 * k; j < 2 * k + 2; j++) series[j] = (Series){ names[j], x, y[j], LINE_POINTS };
        printf("%4.1f  %.4f\n", times[k],
               line_score_error(net, &line, times[k], args.line_samples, (uint64_t)args.seed));
    }
    lesson_lines(lesson, "26-score",
                 &(Lines){ .title = "score of the noisy density, exact and learnt",
                           .x = "x",
                           .y = "d/dx log density",
                           .series = series,
                           .count = 2 * COUNT(times) });
}

static LineSamples line_draw(Arena *arena, LineNet *net, int steps, double eta, double guidance) {
    num *x = arena_alloc(arena, (size_t)args.line_samples, sizeof *x);
    Rng *rng = arena_alloc(arena, (size_t)args.line_samples, sizeof *rng);
    for (int i = 0; i < args.line_samples; i++) {
        rng[i] = rng_seed((uint64_t)args.seed + 5, (uint64_t)i);
        x[i] = (num)rng_normal(&rng[i]);
    }
    LineDenoiser denoiser = { net, &line, guidance, args.line_samples };
    Sampling how = { .shift = 1, .steps = steps, .eta = eta };
    diffusion_sample(&how, line_denoise, &denoiser, args.line_samples, 1, x, rng);
    return line_samples(&line, x, args.line_samples);
}

static void show_line_samples(Arena *arena, LineNet *net, double *five) {
    static const struct {
        int steps;
        double eta;
    } ways[] = { { 1, 0 }, { 5, 0 }, { 20, 0 }, { 100, 0 }, { 5, 1 }, { 20, 1 }, { 100, 1 } };
    printf("%d samples: fraction near %g (%.3f wanted), and distance from the exact distribution\n", args.line_samples,
           line.mean[1], line.weight);
    printf("sampler      exact score       network\n");
    for (size_t i = 0; i < COUNT(ways); i++) {
        LineSamples exact = line_draw(arena, NULL, ways[i].steps, ways[i].eta, 0);
        LineSamples learnt = line_draw(arena, net, ways[i].steps, ways[i].eta, 0);
        printf("%s %4d  %.3f  %.4f   %.3f  %.4f\n", ways[i].eta > 0 ? "DDPM" : "DDIM", ways[i].steps, exact.second,
               exact.distance, learnt.second, learnt.distance);
        if (ways[i].steps == 5 && ways[i].eta == 0) *five = exact.second;
    }
    printf("guidance towards the Gaussian at %g, exact score, 50 steps of DDIM: its mean %g, deviation %g\n",
           line.mean[1], line.mean[1], line.deviation);
    for (int g = 0; g <= 8; g = g ? 2 * g : 1) {
        LineSamples s = line_draw(arena, NULL, 50, 0, g);
        printf("  guidance %d: mean %6.3f, deviation %.3f, near %g: %.3f\n", g, s.mean, s.deviation, line.mean[1],
               s.second);
    }
}

static void one_dimension(const Lesson *lesson, Arena *arena) {
    show_schedule();
    Prediction guess = lesson_predict_number(lesson, 0, 100,
                                             "With the exact score and 5 steps of DDIM, how many %% of the samples are "
                                             "near %g (the data: %.1f %%)?",
                                             line.mean[1], 100 * line.weight);
    LineNet net;
    line_net_init(&net, (uint64_t)args.seed);
    LineLoss before = line_loss(&net, &line, args.line_samples, (uint64_t)args.seed);
    Progress progress = progress_begin("one dimension", args.line, "steps/s");
    line_net_train(&net, &line, args.line, (uint64_t)args.seed, training_done, &progress);
    progress_end(&progress);
    LineLoss after = line_loss(&net, &line, args.line_samples, (uint64_t)args.seed);
    printf("mean of (v - network)^2, %d draws: %.4f before training, %.4f after %d steps; of the exact v: %.4f\n",
           args.line_samples, before.net, after.net, args.line, after.exact);
    show_scores(lesson, &net);
    double five = 0;
    show_line_samples(arena, &net, &five);
    lesson_outcome_number(lesson, &guess, 100 * five, 1);
    line_net_free(&net);
}

/* ---- 2. The network ---------------------------------------------------------------------------------------------- */

/* The student's own network, else the one that comes with the toolkit, else trained now. With --all the second does not
 * count. Ctrl-C keeps the checkpoint of the last minute. */
static void model_open(Arena *arena, PictureModel *model) {
    Err err;
    PictureModelConfig config = { .seed = 1, .steps = args.network };
    if (!picture_model_init(model, config, &err)) die("%s", err.text);
    const char *own = picture_model_path(arena, &model->config), *shipped = picture_model_shipped(arena);
    bool default_one = args.network == PICTURE_STEPS;
    const char *found = file_exists(own) ? own : default_one && !args.all && file_exists(shipped) ? shipped : NULL;
    if (!found) {
        fprintf(stderr, "Training the network: some %d minutes on two processors; kept as %s\n",
                1 + args.network / STEPS_PER_SECOND / 60, own);
        if (!picture_model_train(model, picture_model_checkpoint(arena, &model->config), &err) ||
            !folder_make(models_folder(), &err) || !picture_model_save(model, own, NULL, &err))
            die("%s", err.text);
        found = own; /* its weights, rounded to F16, are what counts */
    }
    if (!picture_model_load(model, found, &err)) die("%s", err.text);
}

static void the_network(PictureModel *model) {
    const char *text = "a red circle left of a blue square";
    const ConditionKind kind = CONDITION_TOKENS;
    Tape tape = { .training = true };
    Mat x = mat_normal(&tape.arena, 1, PICTURE_NUMBERS, &(Rng){ { 1, 2, 3, 4 } }, 1);
    double t = 0.5;
    x = (Mat){ 4, { 1, UNET_FOLDED, UNET_FOLDED, UNET_CHANNELS }, x.v };
    UNetCondition condition = picture_condition(model, &tape.arena, &text, &kind, 1);
    unet(&tape, &model->net, x, &t, &condition);
    printf("U-Net: %zu parameters, %.4f GFLOP for one picture forward\n", params_count(&model->net.params),
           flop_of_tape(&tape).forward / 1e9);
    printf("trained: %s; loss %.4f\n", picture_model_text(&model->net.arena, &model->config), model->loss);
    printf("  %d pictures, each with a caption as vector, tokens, bag, or without (35, 35, 20, 10 %%)\n",
           model->config.steps * model->config.batch);
    tape_free(&tape);
}

/* ---- 3. The reader ----------------------------------------------------------------------------------------------- */

static void the_reader(const SceneReader *reader) {
    for (int noisy = 0; noisy < 2; noisy++) {
        Rate rate = reader_measure(reader, noisy, args.read, (uint64_t)args.seed);
        printf("%s: %d of %d read right in every object, %.2f %% (%.2f to %.2f)\n",
               noisy ? "with noise, shades, all sizes" : "as the network draws them    ", rate.right, rate.of,
               100 * rate.proportion, 100 * rate.low, 100 * rate.high);
    }
}

/* ---- 4. Pictures ------------------------------------------------------------------------------------------------- */

static const char *const default_captions[] = { "a red circle left of a blue square", "two green stars",
                                                "a yellow heart above a black cross", "a cyan diamond" };

static DrawingRequest request_of(const Lesson *lesson) {
    Err err;
    DrawingRequest request = { .texts = default_captions, .count = COUNT(default_captions), .each = args.samples };
    if (lesson->word_count) {
        request.texts = (const char *const *)lesson->words;
        request.count = lesson->word_count;
    }
    request.how = (PictureSampling){ .guidance = args.guidance, .steps = args.steps, .eta = args.ddpm };
    request.how.seed = (uint64_t)args.seed;
    while (strcmp(condition_kind_name(request.how.kind), args.condition) != 0) request.how.kind++;
    if (!drawing_parse(&request, &err)) die_usage("%s", err.text);
    return request;
}

static void pictures(const Lesson *lesson, PictureModel *model, const SceneReader *reader,
                     const DrawingRequest *request) {
    printf("told by %s, guidance %g, %d steps of %s\n", args.condition, args.guidance, args.steps,
           args.ddpm ? "DDPM" : "DDIM");
    drawing_show(lesson, model, reader, request);
}

/* ---- 5. How many are true ---------------------------------------------------------------------------------------- */

/* The same figures as the table's, of fewer pictures, drawn now. */
static void drawn_now(PictureModel *model, const SceneReader *reader, ConditionKind condition) {
    static const CaptionKind kinds[LIVE_KINDS] = { CAPTION_OBJECT, CAPTION_COUNT, CAPTION_PAIR, CAPTION_RELATION };
    Progress progress = progress_begin("drawing", LIVE_KINDS, NULL);
    int right[LIVE_KINDS];
    for (int k = 0; k < LIVE_KINDS; k++) {
        PictureTask task = { condition, kinds[k], SPLIT_SEEN, args.guidance, args.steps, args.ddpm, args.live, 2 };
        right[k] = picture_measure(model, reader, &task).verdict[VERDICT_TRUE];
        progress_update(&progress, k + 1);
    }
    progress_end(&progress);
    printf("drawn now, %s, guidance %g, other captions than the table's:\n", args.condition, args.guidance);
    for (int k = 0; k < LIVE_KINDS; k++) {
        Rate rate = metrics_wilson(right[k], args.live);
        printf("  %-8s  true: %3d of %d, %5.1f %% (%.1f to %.1f)\n", caption_kind_name(kinds[k]), rate.right, rate.of,
               100 * rate.proportion, 100 * rate.low, 100 * rate.high);
    }
}

static void measure_table(Arena *arena, PictureModel *model, const SceneReader *reader, CellTable *table) {
    Err err;
    int count;
    PictureTask *tasks = report_tasks(arena, args.count, args.curve, 1, &count);
    Progress progress = progress_begin("table", count, NULL);
    for (int i = 0; i < count; i++) {
        if (!picture_task_fill(model, reader, &tasks[i], table, &err)) die("%s", err.text);
        progress_update(&progress, i + 1);
    }
    progress_end(&progress);
}

/* The file of one's own network again, with what was measured. */
static void save_with_figures(Arena *arena, const PictureModel *model, const CellTable *table) {
    MetaPair notes[8] = { { "command", "build/lesson-26 --all" }, { "date", args.date } };
    const CaptionKind kinds[] = { CAPTION_OBJECT, CAPTION_RELATION };
    int n = args.date[0] ? 2 : 1;
    Err err;
    for (int i = 0; i < 4; i++) {
        PictureTask task = { i / 2 ? CONDITION_TOKENS : CONDITION_VECTOR,
                             kinds[i % 2],
                             SPLIT_SEEN,
                             REPORT_GUIDANCE,
                             REPORT_STEPS,
                             0,
                             args.count,
                             1 };
        const Cell *cell = picture_task_find(table, &task, verdict_name(VERDICT_TRUE));
        notes[n++] = (MetaPair){ arena_print(arena, "true: %s", picture_task_name(arena, &task)),
                                 arena_print(arena, "%.4f of %d", cell->value, cell->count) };
    }
    if (!picture_model_save(model, picture_model_path(arena, &model->config), notes, &err)) die("%s", err.text);
}

static void how_many_are_true(const Lesson *lesson, PictureModel *model, const SceneReader *reader,
                              const CellTable *table, ConditionKind condition) {
    static const char *const choices[] = { "0", "1", "1.5", "2", "3", "5", "8" };
    Prediction guess = lesson_predict_choice(lesson, choices, COUNT(choices), 1,
                                             "Which guidance gives the most pictures that are true of their captions?");
    drawn_now(model, reader, condition);
    report_kinds(table, 1);
    report_guidance(lesson, table, 1);
    double best = report_best_guidance(table, 1);
    if (isfinite(best)) lesson_outcome(lesson, &guess, "%g", best);
    report_steps(table, 1);
}

/* ---- 6. Who is where --------------------------------------------------------------------------------------------- */

/* Cosines of the texts of a caption and of the same words in another order. */
static void show_distances(Arena *arena, PictureModel *model) {
    const char *const texts[] = { "a red circle left of a blue square", "a blue square left of a red circle",
                                  "a blue circle left of a red square", "a red circle right of a blue square" };
    enum { TEXTS = COUNT(texts) };
    const ConditionKind kinds[TEXTS] = { CONDITION_VECTOR, CONDITION_VECTOR, CONDITION_VECTOR, CONDITION_VECTOR };
    Mat vector = clip_text_features(&model->clip.clip, arena, texts, TEXTS, NULL);
    Mat bag = clip_text_features(&model->bag.clip, arena, texts, TEXTS, NULL);
    Mat white = picture_condition(model, arena, texts, kinds, TEXTS).vector;
    printf("cosine of \"%s\" with   vector     bag  vector, whitened\n", texts[0]);
    for (int i = 1; i < TEXTS; i++)
        printf("  %-48s  %8.4f  %6.4f  %16.3f\n", texts[i],
               vec_dot(&AT(vector, 0, 0), &AT(vector, i, 0), vector.shape[1]),
               vec_dot(&AT(bag, 0, 0), &AT(bag, i, 0), bag.shape[1]),
               vec_cosine(&AT(white, 0, 0), &AT(white, i, 0), white.shape[1]));
}

static void who_is_where(const Lesson *lesson, Arena *arena, PictureModel *model, const CellTable *table) {
    Caption caption;
    Err err;
    REQUIRE(caption_parse(default_captions[0], &caption, &err), "%s", err.text);
    Split all = split_make(SPLIT_ALL, 1, 1);
    double bound = 100 * bag_bound(&all, &caption);
    Prediction guess = lesson_predict_number(lesson, 0, 100,
                                             "A network knows the words of \"%s\", but not their order. How many %% of "
                                             "its pictures can be true at most?",
                                             default_captions[0]);
    show_distances(arena, model);
    printf("\"%s\" as a bag of words: at most %.0f %% true, if all combinations occur\n", default_captions[0], bound);
    lesson_outcome_number(lesson, &guess, bound, 0);
    report_places(table, &model->split, 1);
}

/* ---- the lesson -------------------------------------------------------------------------------------------------- */

static void all_sections(Lesson *lesson, PictureModel *model, const SceneReader *reader, const DrawingRequest *request,
                         const CellTable *table) {
    Arena *arena = &lesson->memory;
    lesson_section(lesson, "1. One dimension: noise and its removal, by hand");
    one_dimension(lesson, arena);
    lesson_section(lesson, "2. The network");
    the_network(model);
    lesson_section(lesson, "3. The reader");
    the_reader(reader);
    lesson_section(lesson, "4. Pictures");
    pictures(lesson, model, reader, request);
    lesson_section(lesson, "5. How many are true");
    how_many_are_true(lesson, model, reader, table, request->how.kind);
    lesson_section(lesson, "6. Who is where");
    who_is_where(lesson, arena, model, table);
    lesson_section(lesson, "7. CLIP score");
    report_clip(table, 1);
}

int main(int argc, char **argv) {
    static PictureModel model;
    Lesson lesson = { .number = "26",
                      .title = "From words to pictures",
                      .shows = "a network that removes noise draws what a caption says, and a reader checks it",
                      .takes = "a minute",
                      .next = "make lesson-27",
                      .options = options,
                      .quick = "--line-steps 20 --line-samples 50 --read 6 --samples 1 --steps 2 --live 2 --table none",
                      .seed = &args.seed,
                      .wants = "\"A RED CIRCLE LEFT OF A BLUE SQUARE\" ..." };
    lesson_begin(&lesson, argc, argv);
    Err err;
    CellTable table;
    DrawingRequest request = request_of(&lesson);
    const SceneReader *reader = scene_reader_new(&lesson.memory);
    model_open(&lesson.memory, &model);
    if (!cell_table_read(&table, &lesson.memory, args.path, &err)) die("%s", err.text);
    if (args.all) {
        measure_table(&lesson.memory, &model, reader, &table);
        save_with_figures(&lesson.memory, &model, &table);
    }
    if (lesson.word_count) pictures(&lesson, &model, reader, &request);
    else all_sections(&lesson, &model, reader, &request, &table);
    picture_model_free(&model);
    return lesson_end(&lesson);
}
