#include "web_run.h"
#include "evaluate/embedding_space.h"
#include "evaluate/zeroshot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const double noises[NOISES] = { 0, 0.2, 0.4, 0.6, 0.8 };
const int noise_longer[LONGER] = { 2, 4 };
const int noise_curve[CURVES] = { 0, 3 };
const double filter_shares[FILTER_SHARES] = { 0.25, 0.5, 0.75 };
const double flips[FLIPS] = { 0, 0.5, 0.75 };

/* ---- cells and trainings ----------------------------------------------------------------------------------------- */

const Cell *bench_cell(const Bench *bench, const char *format, ...) {
    char name[CELL_NAME];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const Cell *cell = cell_find(bench->table, name, bench->seed);
    REQUIRE(cell, "\"%s\" of seed %d was not measured", name, bench->seed);
    return cell;
}

static void put_last(Bench *bench, double value, int count, const char *name) {
    Err err;
    if (!cell_put(bench->table, name, bench->seed, value, count, &err)) die("%s", err.text);
}

/* The file is written with the last cell of a training: of a training that was interrupted it has none. */
static void put(Bench *bench, double value, int count, const char *name) {
    const char *path = bench->table->path;
    bench->table->path = NULL;
    put_last(bench, value, count, name);
    bench->table->path = path;
}

/* A training, and the cell that says that it was made. */
typedef struct {
    const char *cell;
    WebTraining run;
} Job;

static Job job_of(const Bench *bench, Arena *arena, const char *name, const uint8_t *captions, Chosen chosen) {
    const WebData *data = bench->data;
    Job job = { .cell = arena_print(bench->table->arena, "%s: accuracy", name) };
    job.run = (WebTraining){ .set = &data->train,
                             .texts = pair_class_texts(arena, &data->train),
                             .count = CIFAR_CLASSES,
                             .text_of = captions,
                             .chosen = chosen.index,
                             .chosen_count = chosen.count,
                             .tower = pair_tower("small", 0),
                             .pictures = data->pictures,
                             .seed = bench->seed };
    return job;
}

static bool missing(const Bench *bench, const Job *job) { return !cell_find(bench->table, job->cell, bench->seed); }

/* Shows progress for those that are missing. False if none is. So many pictures are seen beside. */
static bool jobs_begin(Bench *bench, const Job *jobs, int count, int beside) {
    double pictures = beside;
    int trainings = 0;
    for (int i = 0; i < count; i++)
        if (missing(bench, &jobs[i])) {
            pictures += web_steps(&jobs[i].run) * web_batch(&jobs[i].run);
            trainings++;
        }
    char label[64];
    snprintf(label, sizeof label, "%d training%s", trainings, trainings == 1 ? "" : "s");
    if (trainings) bench->progress = progress_begin(label, pictures, "img/s");
    return trainings > 0;
}

static void count_pictures(Bench *bench, int pictures) {
    progress_update(&bench->progress, bench->progress.done + pictures);
}
static void at_step(void *context, Clip *clip, int done, int pictures) {
    (void)clip;
    (void)done;
    count_pictures(context, pictures);
}

/* Trains, with progress. */
static void job_train(Bench *bench, const Job *job, Clip *clip) {
    WebWatch watch = { at_step, bench };
    progress_note(&bench->progress, "seed %d, %s", bench->seed, job->cell);
    web_train(clip, &job->run, &watch);
}

/* The same, and stores its accuracy on the test set. */
static void job_measure(Bench *bench, const Job *job, const WebWatch *watch) {
    Clip clip;
    progress_note(&bench->progress, "seed %d, %s", bench->seed, job->cell);
    if (watch) web_train(&clip, &job->run, watch);
    else job_train(bench, job, &clip);
    const Cifar *test = &bench->data->test;
    put_last(bench, (double)pair_right(&clip, test) / test->n, test->n, job->cell);
    clip_free(&clip);
}

/* Makes and measures those that are missing. */
static void jobs_run(Bench *bench, const Job *jobs, int count) {
    if (!jobs_begin(bench, jobs, count, 0)) return;
    for (int k = 0; k < count; k++)
        if (missing(bench, &jobs[k])) job_measure(bench, &jobs[k], NULL);
    progress_end(&bench->progress);
}

/* ---- 1 and 5 ----------------------------------------------------------------------------------------------------- */

int curve_steps(const WebData *data, int steps[CURVE_STEPS]) {
    int last = web_steps(&(WebTraining){ .pictures = data->pictures }), n = 0;
    for (int step = 0; step < last && n < CURVE_STEPS - 1; step = step ? 2 * step : 1) steps[n++] = step;
    steps[n++] = last;
    return n;
}

typedef struct {
    Bench *bench;
    double noise;
    int steps[CURVE_STEPS], count;
} Curve;

static void curve_measure(const Curve *curve, Clip *clip, int step) {
    Bench *bench = curve->bench;
    Arena arena = { 0 };
    Tape t = { .no_grad = true };
    const Cifar *test = &bench->data->test;
    int n = MIN(CURVE_PICTURES, test->n), *index = arena_alloc(&arena, (size_t)n, sizeof *index);
    for (int i = 0; i < n; i++) index[i] = i;
    PairBatch batch = pair_batch_new(&arena, clip, test, n);
    pair_batch_fill(&batch, index);
    PairPart part = pair_batch_part(&batch, &arena, 0, n);
    Mat image = clip_image(&t, clip, part.pixels)->val, text = clip_text(&t, clip, part.ids, n, batch.T)->val;
    Mat classes = clip_text_features(clip, &arena, pair_class_texts(&arena, test), CIFAR_CLASSES, NULL);
    const struct {
        const char *name;
        double value;
    } cells[] = { { "alignment", space_alignment(image, text) },
                  { "uniformity of pictures", space_uniformity(image) },
                  { "uniformity of texts", space_uniformity(classes) },
                  { "gap", space_gap(image, text) },
                  { "scale", exp((double)*clip->logit_scale->val.v) } };
    for (size_t i = 0; i < COUNT(cells); i++)
        put(bench, cells[i].value, 0,
            arena_print(bench->table->arena, "noise %.1f step %d: %s", curve->noise, step, cells[i].name));
    tape_free(&t);
    arena_free(&arena);
}

static void curve_step(void *context, Clip *clip, int done, int pictures) {
    Curve *curve = context;
    for (int i = 0; i < curve->count; i++)
        if (curve->steps[i] == done) curve_measure(curve, clip, done);
    count_pictures(curve->bench, pictures);
}

/* The curve of this training, or 0 steps of it if it is not followed. */
static Curve curve_of(Bench *bench, const Job *job) {
    Curve curve = { .bench = bench };
    for (int i = 0; i < CURVES; i++) {
        char cell[CELL_NAME];
        snprintf(cell, sizeof cell, "noise %.1f all: accuracy", noises[noise_curve[i]]);
        if (strcmp(job->cell, cell)) continue;
        curve.noise = noises[noise_curve[i]];
        curve.count = curve_steps(bench->data, curve.steps);
    }
    return curve;
}

void noise_measure(Bench *bench) {
    Arena arena = { 0 };
    const Cifar *train = &bench->data->train;
    Job jobs[2 * NOISES + LONGER];
    int count = 0;
    for (int i = 0; i < NOISES; i++) {
        const uint8_t *captions = web_captions(&arena, train, noises[i], bench->seed);
        Chosen all = chosen_all(&arena, train->n), clean = chosen_right(&arena, train, captions);
        jobs[count++] = job_of(bench, &arena, arena_print(&arena, "noise %.1f all", noises[i]), captions, all);
        if (i > 0)
            jobs[count++] = job_of(bench, &arena, arena_print(&arena, "noise %.1f clean", noises[i]), captions, clean);
        for (int k = 0; i == NOISE_LONGER && k < LONGER; k++) {
            const char *name = arena_print(&arena, "noise %.1f x%d", noises[i], noise_longer[k]);
            jobs[count] = job_of(bench, &arena, name, captions, all);
            jobs[count++].run.pictures *= noise_longer[k];
        }
    }
    if (jobs_begin(bench, jobs, count, 0)) {
        for (int k = 0; k < count; k++) {
            Curve curve = curve_of(bench, &jobs[k]);
            WebWatch watch = { curve_step, &curve };
            if (missing(bench, &jobs[k])) job_measure(bench, &jobs[k], curve.count ? &watch : NULL);
        }
        progress_end(&bench->progress);
    }
    arena_free(&arena);
}

void quick_measure(Bench *bench) {
    Arena arena = { 0 };
    const Cifar *set = &bench->data->train;
    const uint8_t *captions = web_captions(&arena, set, FILTER_NOISE, bench->seed);
    Job job = job_of(bench, &arena, "quick", captions, chosen_all(&arena, set->n));
    job.run.pictures = QUICK_SEEN;
    jobs_run(bench, &job, 1);
    arena_free(&arena);
}

/* ---- 2 ----------------------------------------------------------------------------------------------------------- */

static double auc_of(Arena *arena, const num *score, const Cifar *set, const uint8_t *captions) {
    bool *right = arena_alloc(arena, (size_t)set->n, sizeof *right);
    for (int i = 0; i < set->n; i++) right[i] = captions[i] == set->labels[i];
    double auc = space_auc(score, right, set->n);
    return isnan(auc) ? 0.5 : auc; /* no pair of a small set is wrong */
}

/* The fraction of the right and of the wrong pairs in each bin of the cosine from -1 to 1. */
static void bins_measure(Bench *bench, const num *score, const uint8_t *captions) {
    const Cifar *set = &bench->data->train;
    double count[2][FILTER_BINS] = { { 0 } }, of[2] = { 0 };
    for (int i = 0; i < set->n; i++) {
        int wrong = captions[i] != set->labels[i];
        int bin = (int)(0.5 * (1 + (double)score[i]) * FILTER_BINS);
        count[wrong][MAX(0, MIN(FILTER_BINS - 1, bin))]++;
        of[wrong]++;
    }
    for (int w = 0; w < 2; w++)
        for (int k = 0; k < FILTER_BINS; k++)
            put(bench, count[w][k] / of[w], 0,
                arena_print(bench->table->arena, "filter: %s %d", w ? "wrong" : "right", k));
}

/* What is kept of the clean pairs, of all and of each class. */
static void kept_measure(Bench *bench, const char *name, Chosen kept, const uint8_t *captions) {
    const Cifar *set = &bench->data->train;
    Arena *arena = bench->table->arena;
    int clean = 0, of[CIFAR_CLASSES] = { 0 }, have[CIFAR_CLASSES] = { 0 }, found = chosen_clean(kept, set, captions);
    double least = 1, most = 0;
    for (int i = 0; i < set->n; i++) {
        clean += captions[i] == set->labels[i];
        of[set->labels[i]] += captions[i] == set->labels[i];
    }
    for (int i = 0; i < kept.count; i++)
        have[set->labels[kept.index[i]]] += captions[kept.index[i]] == set->labels[kept.index[i]];
    for (int c = 0; c < CIFAR_CLASSES; c++) {
        if (!of[c]) continue;
        least = fmin(least, (double)have[c] / of[c]);
        most = fmax(most, (double)have[c] / of[c]);
    }
    put(bench, (double)found / clean, clean, arena_print(arena, "%s: clean kept", name));
    put(bench, (double)found / kept.count, kept.count, arena_print(arena, "%s: clean share", name));
    put(bench, least, 0, arena_print(arena, "%s: class least", name));
    put(bench, most, 0, arena_print(arena, "%s: class most", name));
}

/* Trains the model that scores, and measures it. The scores of all training pairs, on the arena. */
static const num *filter_scores(Bench *bench, Arena *arena, const Job *all) {
    const WebData *data = bench->data;
    Clip clip;
    job_train(bench, all, &clip);
    const uint8_t *unseen = web_captions(arena, &data->test, FILTER_NOISE, bench->seed);
    const num *score = web_scores(&clip, arena, &data->train, all->run.text_of);
    const num *other = web_scores(&clip, arena, &data->test, unseen);
    put(bench, auc_of(arena, score, &data->train, all->run.text_of), 0, "filter: AUC");
    put(bench, auc_of(arena, other, &data->test, unseen), 0, "filter: AUC unseen");
    bins_measure(bench, score, all->run.text_of);
    put_last(bench, (double)pair_right(&clip, &data->test) / data->test.n, data->test.n, all->cell);
    clip_free(&clip);
    return score;
}

/* The scores are not kept: if a training on the best pairs is missing, the model that scores is trained again. */
void filter_measure(Bench *bench) {
    Arena arena = { 0 };
    const Cifar *set = &bench->data->train;
    const uint8_t *captions = web_captions(&arena, set, FILTER_NOISE, bench->seed);
    Chosen everything = chosen_all(&arena, set->n), clean = chosen_right(&arena, set, captions), best[FILTER_SHARES];
    const char *names[FILTER_SHARES];
    Job jobs[3 + FILTER_SHARES] = {
        job_of(bench, &arena, "filter all", captions, everything),
        job_of(bench, &arena, "filter clean", captions, clean),
        job_of(bench, &arena, "filter random", captions, chosen_random(&arena, set->n, set->n / 2, bench->seed)),
    };
    bool scores = missing(bench, &jobs[0]);
    for (int i = 0; i < FILTER_SHARES; i++) {
        names[i] = arena_print(&arena, "filter best %.2f", filter_shares[i]);
        best[i] = everything;
        jobs[3 + i] = job_of(bench, &arena, names[i], captions, everything);
        scores = scores || missing(bench, &jobs[3 + i]);
    }
    bool again = scores && !missing(bench, &jobs[0]);
    if (jobs_begin(bench, jobs, COUNT(jobs), again ? web_steps(&jobs[0].run) * web_batch(&jobs[0].run) : 0)) {
        const num *score = scores ? filter_scores(bench, &arena, &jobs[0]) : NULL;
        put(bench, (double)clean.count / set->n, set->n, "filter: clean share");
        for (int i = 0; scores && i < FILTER_SHARES; i++) {
            best[i] = chosen_best(&arena, score, set->n, MAX(1, (int)(filter_shares[i] * set->n + 0.5)));
            jobs[3 + i].run.chosen = best[i].index;
            jobs[3 + i].run.chosen_count = best[i].count;
            kept_measure(bench, names[i], best[i], captions);
        }
        for (size_t k = 1; k < COUNT(jobs); k++)
            if (missing(bench, &jobs[k])) job_measure(bench, &jobs[k], NULL);
        progress_end(&bench->progress);
    }
    arena_free(&arena);
}

/* ---- 3 ----------------------------------------------------------------------------------------------------------- */

WebTraining flip_training(const Bench *bench, Arena *arena, double drop, int pictures) {
    const Cifar *set = &bench->data->train;
    WebTraining run = job_of(bench, arena, "", set->labels, chosen_all(arena, set->n)).run;
    run.tower = pair_tower("vit", 2);
    run.tower.patch = bench->data->flip_patch;
    run.drop = drop;
    run.pictures = pictures;
    run.batch = WEB_FLIP_BATCH;
    run.lr_factor = 0.3;
    return run;
}

void flip_measure(Bench *bench) {
    Arena arena = { 0 };
    Arena *names = bench->table->arena;
    Job jobs[2 * FLIPS];
    int count = 0, pictures = bench->data->flip_pictures;
    double budget = 0;
    for (int i = 0; i < FLIPS; i++) {
        WebTraining run = flip_training(bench, &arena, flips[i], pictures);
        double flop = web_flop(&run), seen;
        if (i == 0) budget = flop * pictures;
        seen = floor(budget / flop);
        jobs[count++] = (Job){ arena_print(names, "flip %.2f pictures: accuracy", flips[i]), run };
        if (i > 0) {
            run.pictures = (int)seen;
            jobs[count++] = (Job){ arena_print(names, "flip %.2f cost: accuracy", flips[i]), run };
        }
        if (missing(bench, &jobs[count - 1])) {
            put(bench, flop, 0, arena_print(names, "flip %.2f: FLOP", flips[i]));
            put(bench, seen, 0, arena_print(names, "flip %.2f cost: pictures", flips[i]));
        }
    }
    jobs_run(bench, jobs, count);
    arena_free(&arena);
}

void flip_minutes_measure(Bench *bench, const double speed[FLIPS]) {
    Arena arena = { 0 };
    Arena *names = bench->table->arena;
    Job jobs[FLIPS - 1];
    for (int i = 1; i < FLIPS; i++) {
        int seen = (int)(bench->data->flip_pictures * speed[i] / speed[0]);
        jobs[i - 1] = (Job){ arena_print(names, "flip %.2f minutes: accuracy", flips[i]),
                             flip_training(bench, &arena, flips[i], MAX(1, seen)) };
        if (missing(bench, &jobs[i - 1]))
            put(bench, seen, 0, arena_print(names, "flip %.2f minutes: pictures", flips[i]));
    }
    jobs_run(bench, jobs, FLIPS - 1);
    arena_free(&arena);
}

/* ---- 4 ----------------------------------------------------------------------------------------------------------- */

const char *bias_name(BiasKind kind) {
    static const char *const names[BIAS_KINDS] = { "short captions", "short captions balanced", "long captions",
                                                   "long captions balanced", "free colours" };
    return names[kind];
}
bool bias_explicit(BiasKind kind) { return kind == BIAS_LONG || kind == BIAS_LONG_BALANCED; }

static void groups_put(Bench *bench, const char *name, const BiasScore *score) {
    Arena *arena = bench->table->arena;
    for (int g = 0; g < BIAS_GROUPS; g++)
        put(bench, (double)score->right[g] / score->of[g], score->of[g],
            arena_print(arena, "bias %s: %s %s", name, bias_shape(g / BIAS_SIDE), bias_colour(g % BIAS_SIDE)));
    put_last(bench, (double)score->by_colour / score->others, score->others,
             arena_print(arena, "bias %s: by colour", name));
}

/* "by colour" is the last cell of a kind. */
static Job bias_job(const Bench *bench, Arena *arena, BiasKind kind, const BiasSet *train) {
    bool balanced = kind == BIAS_SHORT_BALANCED || kind == BIAS_LONG_BALANCED;
    Chosen chosen = { NULL, 0 };
    if (train) chosen = balanced ? bias_balanced(arena, train) : chosen_all(arena, train->set.n);
    Job job = { .cell = arena_print(bench->table->arena, "bias %s: by colour", bias_name(kind)) };
    job.run = (WebTraining){ .texts = bias_texts(arena),
                             .count = BIAS_TEXTS,
                             .chosen = chosen.index,
                             .chosen_count = chosen.count,
                             .tower = pair_tower("small", 0),
                             .pictures = bench->data->pictures,
                             .seed = bench->seed };
    if (!train) return job;
    job.run.set = &train->set;
    job.run.text_of = bias_captions(arena, train, bias_explicit(kind));
    return job;
}

void bias_measure(Bench *bench) {
    Arena arena = { 0 };
    Job jobs[BIAS_KINDS];
    for (int k = 0; k < BIAS_KINDS; k++) jobs[k] = bias_job(bench, &arena, (BiasKind)k, NULL);
    if (jobs_begin(bench, jobs, BIAS_KINDS, 0)) {
        BiasSet biased = bias_scenes(&arena, bench->data->scenes, BIAS_SHARE, bench->seed);
        BiasSet even = bias_scenes(&arena, bench->data->scenes, 1.0 / BIAS_SIDE, bench->seed);
        BiasSet test = bias_test(&arena, bench->data->each, bench->seed);
        for (int k = 0; k < BIAS_KINDS; k++) {
            Clip clip;
            if (!missing(bench, &jobs[k])) continue;
            Job job = bias_job(bench, &arena, (BiasKind)k, k == BIAS_FREE ? &even : &biased);
            job_train(bench, &job, &clip);
            for (int prompts = bias_explicit((BiasKind)k); prompts >= 0; prompts--) {
                BiasScore score = bias_score(&clip, &test, prompts);
                groups_put(bench, arena_print(&arena, "%s%s", bias_name((BiasKind)k), prompts ? " asked long" : ""),
                           &score);
            }
            clip_free(&clip);
        }
        progress_end(&bench->progress);
    }
    arena_free(&arena);
}
