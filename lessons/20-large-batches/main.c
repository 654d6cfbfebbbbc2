/* Lesson 20: large batches. What CLIP's batches of 32,768 pairs cost, and how they fit into memory.
 * Before: 05 InfoNCE, 08 encoders, 10 training. See README.md. */
#include "batch_run.h"
#include "gradient_parts.h"
#include "loss_memory.h"
#include "paper_flop.h"
#include "workers.h"
#include "core/file.h"
#include "evaluate/metrics.h"
#include "kernels/vecmath.h"
#include "lesson/lesson.h"
#include "lesson/lesson_data.h"
#include "show/progress.h"

#include <math.h>
#include <string.h>

enum { SIZES_SEEN = 40960, ROUNDED_SEEN = 102400, ROUNDED_BATCH = 256 }; /* pictures seen, sections 6 and 5 */
enum { TILE = 512, LARGE_EMBED = 64, SIZES_MAX = 8, STEP_BATCH = 64, STEP_BLOCKS = 12, WORKER_STEPS = 3 };
enum { CLIP_BATCH = 32768, CLIP_EMBED = 512, CLIP_WORKERS = 256 }; /* arXiv:2103.00020, sections 2.5 and 3 */

static struct {
    const char *data, *path;
    int seed, largest, whole, steps, batch, micro, workers, pictures, rounded, train, test;
    bool all;
} args = {
    .data = "shapes",
    .path = BATCH_TABLE,
    .seed = 1,
    .largest = 16384,
    .whole = 4096,
    .batch = 4096,
    .micro = 256,
    .steps = 200,
    .workers = 4,
    .pictures = SIZES_SEEN,
    .rounded = ROUNDED_SEEN,
    .train = BATCH_TRAIN,
    .test = BATCH_TEST,
};

static const Option options[] = {
    { "data", .text = &args.data, .choices = LESSON_DATA, .help = "which pictures" },
    { "largest", .integer = &args.largest, .low = 128, .high = 65536, .help = "1: the largest batch, in tiles" },
    { "whole", .integer = &args.whole, .low = 128, .high = 32768,
      .help = "1: the largest batch with all logits; 16384 takes 9 GB" },
    { "steps", .integer = &args.steps, .low = 0, .high = 100000, .help = "2: training steps of the second model" },
    { "batch", .integer = &args.batch, .low = 8, .high = 32768, .help = "2: pairs in the batch" },
    { "micro-batch", .integer = &args.micro, .low = 1, .high = 32768, .help = "2: pairs in memory at a time" },
    { "workers", .integer = &args.workers, .low = 2, .high = 4, .help = "4: processes" },
    { "rounded", .integer = &args.rounded, .low = 256, .high = 10000000, .help = "5: pictures seen by each model" },
    { "pictures", .integer = &args.pictures, .low = 64, .high = 100000000, .help = "6: pictures seen by each model" },
    { "train-images", .integer = &args.train, .low = 10, .high = 50000, .help = "pictures of the training set" },
    { "test-images", .integer = &args.test, .low = 10, .high = 10000, .help = "pictures of the test set" },
    { "all", .flag = &args.all, .help = "first measure what is missing in the table of three seeds: 3 minutes" },
    { "table", .text = &args.path, .help = "the file of that table" },
    { 0 },
};

static double mega(double bytes) { return bytes / 1e6; }
static double giga(double bytes) { return bytes / 1e9; }

/* A progress bar, and how much is done. */
typedef struct {
    Progress progress;
    double done;
} Watch;
static Watch watch_begin(const char *label, double total, const char *unit) {
    return (Watch){ .progress = progress_begin(label, total, unit) };
}
/* So much more is done; the bar is taken away, for a line of results. */
static void watch_add(Watch *watch, double amount) {
    watch->done += amount;
    progress_update(&watch->progress, watch->done);
    progress_clear();
}
static void watch_step(void *context, int pictures) {
    Watch *watch = context;
    watch->done += pictures;
    progress_update(&watch->progress, watch->done);
}

/* ---- 1. The matrix in tiles -------------------------------------------------------------------------------------- */

/* A row of the table: both ways, or the tiles alone above --whole. */
static void show_loss_cost(Arena *arena, int B, Watch *watch, LossCost *tiled, LossCost *whole) {
    size_t count = (size_t)B * LARGE_EMBED;
    *tiled = loss_cost(arena, B, LARGE_EMBED, TILE, (uint64_t)args.seed);
    *whole = (LossCost){ .bytes = (double)NAN };
    watch_add(watch, (double)B * B);
    printf("%6d %10.3f", B, mega((double)B * B * sizeof(num)));
    if (B <= args.whole) {
        *whole = loss_cost(arena, B, LARGE_EMBED, 0, (uint64_t)args.seed);
        printf(" %10.2f %9.2f", mega(whole->bytes), whole->seconds);
    } else printf(" %10s %9s", "-", "-");
    printf(" %10.2f %9.2f  %9.6f", mega(tiled->bytes), tiled->seconds, tiled->loss);
    if (B <= args.whole)
        printf("  %.0e  %.0e", fabs(tiled->loss - whole->loss) / whole->loss,
               gradient_distance(tiled->dimage, whole->dimage, count));
    printf("\n");
    fflush(stdout);
}

static void matrix_in_tiles(const Lesson *lesson, Arena *arena) {
    Prediction guess = lesson_predict_number(
        lesson, 0, 1e6,
        "CLIP was trained with %d pairs in a batch. How many GB does the matrix of their logits take, "
        "as floats?",
        CLIP_BATCH);
    term_say("random unit vectors of %d dimensions, scale 1/0.07, tiles of %d x %d logits; forward and backward\n",
             LARGE_EMBED, TILE, TILE);
    printf("     B  matrix, MB   whole, MB seconds   tiles, MB  seconds      loss  loss and gradient differ by\n");
    num x[SIZES_MAX], bytes[2][SIZES_MAX];
    int n = 0;
    double logits = 0;
    for (int B = MIN(512, args.largest); B <= args.largest; B *= 2) logits += (double)B * B;
    Watch watch = watch_begin("logits", logits, NULL);
    for (int B = MIN(512, args.largest); B <= args.largest && n < SIZES_MAX; B *= 2, n++) {
        LossCost tiled, whole;
        show_loss_cost(arena, B, &watch, &tiled, &whole);
        x[n] = (num)B;
        bytes[0][n] = (num)mega(whole.bytes);
        bytes[1][n] = (num)mega(tiled.bytes);
    }
    progress_end(&watch.progress);
    printf("%6d %10.3f   on paper: the matrix alone\n", CLIP_BATCH, mega(4.0 * CLIP_BATCH * CLIP_BATCH));
    const Series series[] = { { "all logits", x, bytes[0], n }, { "tiles", x, bytes[1], n } };
    lesson_lines(lesson, "20-memory",
                 &(Lines){ .title = "memory of the loss, forward and backward",
                           .x = "pairs in the batch",
                           .y = "MB",
                           .log_x = true,
                           .log_y = true,
                           .series = series,
                           .count = 2 });
    lesson_outcome_number(lesson, &guess, giga(4.0 * CLIP_BATCH * CLIP_BATCH), 2);
}

/* ---- 2. The gradient in parts ------------------------------------------------------------------------------------ */

/* A model, and the first B pictures of the set with their captions. */
typedef struct {
    Clip clip;
    PairBatch batch;
} Example;
static void example_make(Example *at, Arena *arena, const Cifar *set, const char *image, int B) {
    pair_model(&at->clip, set, image, 2, (uint64_t)args.seed);
    at->batch = pair_batch_new(arena, &at->clip, set, B);
    int *index = arena_alloc(arena, (size_t)B, sizeof *index);
    for (int b = 0; b < B; b++) index[b] = b % set->n;
    pair_batch_fill(&at->batch, index);
}

static void show_gradients(Arena *arena, const Cifar *set, const char *image, int B, int micro, Watch *watch) {
    static const char *const names[GRADIENT_WAYS] = { "whole batch", "cached", "accumulated" };
    GradientCost cost[GRADIENT_WAYS];
    Example at;
    example_make(&at, arena, set, image, B);
    term_say("\"%s\", %d pairs, %d in memory at a time\n", image, B, micro);
    printf("                   loss        MB  seconds  off by     cosine\n");
    for (int way = 0; way < GRADIENT_WAYS; way++) {
        cost[way] = gradient_of(arena, (GradientWay)way, &at.clip, &at.batch, micro);
        watch_add(watch, B);
        printf("  %-12s %10.6f %9.2f %8.2f", names[way], cost[way].loss, mega(cost[way].bytes), cost[way].seconds);
        if (way != GRADIENT_WHOLE)
            printf("  %.1e  %9.6f", gradient_distance(cost[way].gradient, cost[0].gradient, cost[way].count),
                   gradient_cosine(cost[way].gradient, cost[0].gradient, cost[way].count));
        printf("\n");
        fflush(stdout);
    }
    const double *stage = cost[GRADIENT_CACHED].stage;
    double error = gradient_distance(cost[GRADIENT_CACHED].gradient, cost[0].gradient, cost[0].count);
    printf("  cached: off by %s 1e-5\n", error <= 1e-5 ? "less than" : "MORE THAN");
    term_say("  its seconds: %.2f to embed, the forward pass that is made twice; %.2f for the loss; %.2f forward and "
             "backward\n",
             stage[STAGE_EMBED], stage[STAGE_LOSS], stage[STAGE_BACKWARD]);
    clip_free(&at.clip);
}

enum { PARTS_SHOWN = 4, PREDICTED = 2 };

/* The same model after some steps, with ever smaller parts; one pair alone has no loss. Returns the cosine of the
 * accumulated gradient of the part that is asked for. */
static double show_parts(Arena *arena, const Cifar *set, Watch *watch) {
    double predicted = 0;
    Example at;
    example_make(&at, arena, set, "small", args.batch);
    gradient_train(&at.clip, set, args.micro, args.steps);
    GradientCost whole = gradient_of(arena, GRADIENT_WHOLE, &at.clip, &at.batch, args.batch);
    watch_add(watch, args.batch);
    term_say("\"small\" after %d steps, %d pairs, loss %.6f\n", args.steps, args.batch, whole.loss);
    printf("  in memory  cached: off by  accumulated: loss  off by     cosine\n");
    for (int i = 0, micro = args.micro; i < PARTS_SHOWN && micro >= 2; i++, micro /= 4) {
        GradientCost cached = gradient_of(arena, GRADIENT_CACHED, &at.clip, &at.batch, micro);
        GradientCost sum = gradient_of(arena, GRADIENT_ACCUMULATED, &at.clip, &at.batch, micro);
        double cosine = gradient_cosine(sum.gradient, whole.gradient, whole.count);
        if (i <= PREDICTED) predicted = cosine;
        watch_add(watch, 2.0 * args.batch);
        printf("  %9d  %14.1e  %17.6f  %.1e  %9.6f\n", micro,
               gradient_distance(cached.gradient, whole.gradient, whole.count), sum.loss,
               gradient_distance(sum.gradient, whole.gradient, whole.count), cosine);
        fflush(stdout);
    }
    clip_free(&at.clip);
    return predicted;
}

static void gradient_in_parts(const Lesson *lesson, Arena *arena, const Cifar *set) {
    int asked = MAX(2, args.micro >> 2 * PREDICTED), B = MAX(8, args.batch / 8), micro = MAX(1, args.micro / 8);
    Prediction guess = lesson_predict_number(lesson, -1, 1,
                                             "The gradients of parts of %d pairs are added up, each with the loss of "
                                             "its part. What is the cosine with the gradient of all %d pairs?",
                                             asked, args.batch);
    Watch watch = watch_begin(
        "gradients", (GRADIENT_WAYS + 1 + 2 * PARTS_SHOWN) * (double)args.batch + 2.0 * GRADIENT_WAYS * B, NULL);
    show_gradients(arena, set, "small", args.batch, args.micro, &watch);
    double cosine = show_parts(arena, set, &watch);
    show_gradients(arena, set, "vit", B, micro, &watch);
    show_gradients(arena, set, "resnet", B, micro, &watch);
    progress_end(&watch.progress);
    term_say("\"resnet\" has batch norm: the statistics of %d pictures are not those of %d, so it is another network\n",
             micro, B);
    lesson_outcome_number(lesson, &guess, cosine, 3);
}

/* ---- 3. Checkpointing -------------------------------------------------------------------------------------------- */

/* FLOP per second of the clock, forward and backward, in the last vision transformer without checkpointing. */
static double checkpointing(Arena *arena, const Cifar *set) {
    double speed = 0;
    int times = args.whole >= 4096 ? 3 : 1, B = MAX(8, MIN(STEP_BATCH, args.batch / STEP_BATCH));
    term_say("a vision transformer on %d pictures, patch 8, width 64; forward and backward, mean of at least %d\n", B,
             times);
    printf("blocks        MB  with checkpoints  seconds  with checkpoints  gradients\n");
    for (int blocks = STEP_BLOCKS / 4; blocks <= STEP_BLOCKS; blocks *= 2) {
        StepCost plain = step_cost(arena, set, B, blocks, false, times, (uint64_t)args.seed);
        StepCost again = step_cost(arena, set, B, blocks, true, times, (uint64_t)args.seed);
        bool same = !memcmp(plain.gradient, again.gradient, plain.count * sizeof(num));
        /* A processor clock that counts in ticks may see nothing of one quick step. */
        double times_as_long = plain.seconds > 0 ? again.seconds / plain.seconds : 1;
        printf("%6d %9.2f %9.2f (%2.0f %%) %9.3f %9.3f (%3.0f %%)  %s\n", blocks, mega(plain.bytes), mega(again.bytes),
               100 * again.bytes / plain.bytes, plain.seconds, again.seconds, 100 * times_as_long,
               same ? "the same, bit for bit" : "NOT THE SAME");
        fflush(stdout);
        speed = plain.flop / plain.wall;
    }
    return speed;
}

/* ---- 4. Several workers ------------------------------------------------------------------------------------------ */

static WorkersResult run_workers(Arena *arena, const Cifar *set, int workers, WorkerLoss loss, bool processes) {
    WorkersRun run = { .set = set, .workers = workers, .B = 240, .steps = WORKER_STEPS, .seed = (uint64_t)args.seed };
    WorkersResult result;
    Err err;
    run.loss = loss;
    run.processes = processes;
    if (!workers_run(arena, &run, &result, &err)) die("%s", err.text);
    return result;
}

static void several_workers(Arena *arena, const Cifar *set) {
    static const char *const names[] = { "global", "local", "local alone" };
    WorkersResult one = run_workers(arena, set, 1, LOSS_GLOBAL, false);
    printf("240 pairs a step, %d steps; \"small\", %zu parameters; loss of one process:", WORKER_STEPS, one.count);
    for (int i = 0; i < WORKER_STEPS; i++) printf(" %.6f", one.loss[i]);
    printf("\nworkers loss         logits, kB  embeddings, kB  gradients, kB  last loss  gradient off  cosine    "
           "as in turn\n");
    for (int workers = 2; workers <= args.workers; workers++)
        for (int loss = LOSS_GLOBAL; loss <= LOSS_LOCAL_ALONE; loss++) {
            WorkersResult r = run_workers(arena, set, workers, (WorkerLoss)loss, true);
            WorkersResult serial = run_workers(arena, set, workers, (WorkerLoss)loss, false);
            bool same = !memcmp(r.weights, serial.weights, r.count * sizeof(num));
            printf("%7d %-12s %10.1f %15.1f %14.1f %10.6f %13.1e  %8.6f  %s\n", workers, names[loss], r.matrix / 1e3,
                   r.gathered / 1e3, r.reduced / 1e3, r.loss[WORKER_STEPS - 1],
                   gradient_distance(r.first, one.first, r.count), gradient_cosine(r.first, one.first, r.count),
                   same ? "the same bits" : "OTHER BITS");
            fflush(stdout);
        }
    double rows = (double)CLIP_BATCH / CLIP_WORKERS, floats = 4, own = 2 * rows * CLIP_EMBED * floats;
    term_say("on paper, %d pairs of %d dimensions on %d workers, as floats:\n", CLIP_BATCH, CLIP_EMBED, CLIP_WORKERS);
    term_say("  a worker sends %.2f MB of embeddings and receives %.1f MB\n", mega(own),
             mega(own * (CLIP_WORKERS - 1)));
    term_say("  its logits: %.2f GB with the global loss, %.1f MB with the local loss\n",
             giga(floats * CLIP_BATCH * CLIP_BATCH), mega(2 * rows * CLIP_BATCH * floats));
    term_say(
        "  ViT-B/32 has 151 million parameters: their gradients are %.2f GB, and in a ring a worker sends %.2f GB\n",
        giga(151e6 * floats), giga(2 * 151e6 * floats * (CLIP_WORKERS - 1) / CLIP_WORKERS));
}

/* ---- 5. Half precision ------------------------------------------------------------------------------------------- */

static num rounded_to_bfloat(double x) {
    num y = (num)x;
    vec_round_bfloat(&y, &y, 1);
    return y;
}

/* The loss of 512 pairs at scale 100, with the logits as floats or rounded to BF16. */
static double loss_at_100(bool rounded) {
    Tape t = { .no_grad = true };
    Rng rng = rng_seed((uint64_t)args.seed, 21);
    Mat image = mat_normal(&t.arena, 512, LARGE_EMBED, &rng, 1), text = mat_normal(&t.arena, 512, LARGE_EMBED, &rng, 2);
    for (size_t i = 0; i < mat_count(text); i++) text.v[i] += image.v[i];
    mat_normalise_rows(image);
    mat_normalise_rows(text);
    Mat scale = mat_like(&t.arena, mat_shape(0));
    scale.v[0] = (num)LOGIT_SCALE_MAX;
    Var logits = clip_logits(&t, tape_data(&t, image), tape_data(&t, text), tape_data(&t, scale));
    if (rounded) vec_round_bfloat(logits->val.v, logits->val.v, mat_count(logits->val));
    double loss = (double)clip_loss(&t, logits, (Mat){ 0 })->val.v[0];
    tape_free(&t);
    return loss;
}

/* How far the next larger number of BF16 is from x, which is one. */
static double spacing(double x) {
    double step = x / 1024;
    while ((double)rounded_to_bfloat(x + step) <= x) step *= 1.5;
    return (double)rounded_to_bfloat(x + step) - x;
}

/* What BF16 does to numbers that are no operands of a product. */
static void show_rounding(double lost) {
    double sum = 0, t = (double)rounded_to_bfloat(LOGIT_SCALE_MAX);
    while ((double)rounded_to_bfloat(sum + 1) > sum) sum = (double)rounded_to_bfloat(sum + 1);
    term_say("softmax: ones added up in BF16 stop at %.0f; %d logits are added up\n", sum, CLIP_BATCH);
    term_say("scale: near t = log 100 the numbers of BF16 are %.4f apart, so e^t jumps by %.1f %%\n", spacing(t),
             100 * (exp(spacing(t)) - 1));
    term_say(
        "logits: near 100 the numbers of BF16 are %.2f apart; the loss of 512 pairs at scale 100 is %.6f, with rounded "
        "logits %.6f\n",
        spacing(100), loss_at_100(false), loss_at_100(true));
    term_say("optimiser: %.1f %% of the weights would not change in the middle step if they were kept in BF16\n",
             100 * lost);
}

/* The first step from which on two curves are further apart than 0.01 nats at some step, 1, 2, ...; 0: never. */
static int parting(const double *a, const double *b, int steps, double *worst) {
    int first = 0;
    *worst = 0;
    for (int i = 0; i < steps; i++) {
        double off = fabs(a[i] - b[i]);
        if (off > 0.01 && !first) first = i + 1;
        *worst = fmax(*worst, off);
    }
    return first;
}

/* The curves of the loss and, because they lie on top of each other, what the rounded ones differ from the first by. */
static void round_plot(const Lesson *lesson, Arena *arena, double *const *losses, int steps) {
    static const char *const names[ROUND_KINDS] = { "float", "products in BF16", "and the logits", "and the weights" };
    Series series[ROUND_KINDS], off[ROUND_KINDS];
    for (int k = 0; k < ROUND_KINDS; k++) {
        num *y = arena_alloc(arena, (size_t)steps, sizeof *y), *d = arena_alloc(arena, (size_t)steps, sizeof *d);
        for (int i = 0; i < steps; i++) {
            y[i] = (num)losses[k][i];
            d[i] = (num)(losses[k][i] - losses[0][i]);
        }
        series[k] = (Series){ names[k], NULL, y, steps };
        off[k] = (Series){ names[k], NULL, d, steps };
    }
    Lines curves = { .title = "the loss with operands rounded to BF16", .x = "step", .y = "nats" };
    Lines parting = { .title = "what it differs from the loss in float by", .x = "step", .y = "nats" };
    curves.series = series;
    curves.count = ROUND_KINDS;
    parting.series = off + 1;
    parting.count = ROUND_KINDS - 1;
    lesson_lines(lesson, "20-rounding", &curves);
    lesson_lines(lesson, "20-parting", &parting);
}

static void half_precision(const Lesson *lesson, Arena *arena, const BatchData *data) {
    int batch = MIN(ROUNDED_BATCH, args.rounded), count, steps = args.rounded / batch;
    BatchRun *plan = batch_rounding_plan(arena, !data->train.generated, args.rounded, batch, args.seed, &count);
    double *losses[ROUND_KINDS], lost = 0;
    Watch watch = watch_begin("rounding", (double)count * steps * batch, "img/s");
    term_say("\"small\", %d steps of %d pairs, seed %d; BF16 has 8 bits of fraction, float 24\n", steps, batch,
             args.seed);
    printf("rounded to BF16          last loss  off at most  0.01 off at step  test pictures right, 95 %%\n");
    static const char *const names[ROUND_KINDS] = { "nothing", "operands of products", "and the logits",
                                                    "operands and weights" };
    for (int k = 0; k < count; k++) {
        BatchRow row;
        Err err;
        double worst;
        losses[k] = arena_alloc(arena, (size_t)steps, sizeof(double));
        BatchWatch each = { data, losses[k], k == 0 ? &lost : NULL, watch_step, &watch };
        if (!batch_train(&plan[k], &each, &row, &err)) die("%s", err.text);
        int first = parting(losses[k], losses[0], steps, &worst);
        Rate rate = metrics_wilson(row.right, row.tested);
        progress_clear();
        printf("%-24s %9.4f %12.4f %17d  %5.1f %% (%.1f to %.1f)\n", names[k], row.loss, worst, first,
               100 * rate.proportion, 100 * rate.low, 100 * rate.high);
        fflush(stdout);
    }
    progress_end(&watch.progress);
    show_rounding(lost);
    round_plot(lesson, arena, losses, steps);
}

/* ---- 6. Batch size against accuracy ------------------------------------------------------------------------------ */

static BatchTable table_of(Arena *arena, const char *path) {
    BatchTable table = { .arena = arena };
    Err err;
    if (file_exists(path) && !batch_table_read(&table, arena, path, &err)) die("%s", err.text);
    return table;
}

static void fill(BatchTable *table, const BatchRun *plan, int count, const BatchData *data, const char *path) {
    Err err;
    if (!batch_table_fill(table, plan, count, data, path, &err)) die("%s", err.text);
}

static void size_plot(const Lesson *lesson, const BatchTable *table, const BatchRun *plan, int count) {
    num x[BATCH_SIZES], y[LOSS_KINDS][BATCH_SIZES], low[LOSS_KINDS][BATCH_SIZES], high[LOSS_KINDS][BATCH_SIZES];
    int n = count / LOSS_KINDS;
    const num *lows[] = { low[0], low[1] }, *highs[] = { high[0], high[1] };
    for (int i = 0; i < count; i++) {
        const BatchRow *row = batch_find(table, &plan[i]);
        Rate rate = metrics_wilson(row->right, row->tested);
        int at = i / LOSS_KINDS, k = (int)plan[i].loss;
        x[at] = (num)plan[i].batch;
        y[k][at] = (num)(100 * rate.proportion);
        low[k][at] = (num)(100 * rate.low);
        high[k][at] = (num)(100 * rate.high);
    }
    const Series series[] = { { "softmax", x, y[0], n }, { "sigmoid", x, y[1], n } };
    lesson_lines(lesson, "20-batch-size",
                 &(Lines){ .title = "the same pictures in larger batches",
                           .x = "pairs in a batch",
                           .y = "test pictures right, %",
                           .log_x = true,
                           .series = series,
                           .count = LOSS_KINDS,
                           .low = lows,
                           .high = highs });
}

/* kept: the runs that were made here before, of the file `path`. */
static void batch_sizes(const Lesson *lesson, Arena *arena, const BatchData *data, BatchTable *kept, const char *path) {
    static const char *const sizes[BATCH_SIZES] = { "64", "128", "256", "512", "1024", "2048" };
    Prediction guess = lesson_predict_choice(lesson, sizes, BATCH_SIZES, 1,
                                             "Every model sees %d pictures. With which batch size is it right most "
                                             "often: 64, 128, 256, 512, 1024 or 2048?",
                                             args.pictures);
    Err err;
    int count, best = 0;
    BatchRun *plan = batch_sizes_plan(arena, !data->train.generated, args.pictures, args.seed, &count);
    if (!folder_make(models_folder(), &err)) die("%s", err.text);
    fill(kept, plan, count, data, path);
    term_say("\"small\", %d pictures seen by each model, seed %d, %d test pictures, 95 %% intervals\n", args.pictures,
             args.seed, data->test.n);
    printf("batch  steps  softmax                  sigmoid\n");
    for (int i = 0; i < count; i++) {
        const BatchRow *row = batch_find(kept, &plan[i]);
        Rate rate = metrics_wilson(row->right, row->tested);
        if (plan[i].loss == LOSS_SOFTMAX) printf("%5d %6d", plan[i].batch, plan[i].pictures / plan[i].batch);
        printf("  %5.1f %% (%.1f to %.1f)", 100 * rate.proportion, 100 * rate.low, 100 * rate.high);
        if (plan[i].loss == LOSS_SIGMOID) printf("\n");
        if (plan[i].loss == LOSS_SOFTMAX && row->right > batch_find(kept, &plan[best])->right) best = i;
    }
    size_plot(lesson, kept, plan, count);
    lesson_outcome(lesson, &guess, "%d with the softmax", plan[best].batch);
}

/* Measures what is missing in the table of three seeds. */
static void measure_seeds(Arena *arena, BatchTable *table) {
    BatchData data;
    int count;
    cifar_generate(arena, CIFAR_TRAIN, BATCH_TRAIN, &data.train);
    cifar_generate(arena, CIFAR_TEST, BATCH_TEST, &data.test);
    BatchRun quick = batch_quick_run();
    fill(table, &quick, 1, &data, args.path);
    for (int seed = 1; seed <= BATCH_SEEDS; seed++) {
        BatchRun *plan = batch_sizes_plan(arena, false, SIZES_SEEN, seed, &count);
        fill(table, plan, count, &data, args.path);
        plan = batch_rounding_plan(arena, false, ROUNDED_SEEN, ROUNDED_BATCH, seed, &count);
        fill(table, plan, count, &data, args.path);
    }
}

static void three_seeds(Arena *arena, const BatchTable *table) {
    int count;
    if (!table->count) {
        term_say("%s does not exist; make scale measures it\n", args.path);
        return;
    }
    term_say("generated shapes, %d test pictures; mean of the seeds (least to most), and how many seeds\n", BATCH_TEST);
    BatchRun *sizes = batch_sizes_plan(arena, false, SIZES_SEEN, 1, &count);
    for (int i = 0; i < count; i++) {
        BatchSummary s = batch_summary(table, sizes[i]);
        if (sizes[i].loss == LOSS_SOFTMAX) printf("batch %4d: softmax", sizes[i].batch);
        printf(" %5.1f %% (%.1f to %.1f; %d)%s", 100 * s.mean, 100 * s.low, 100 * s.high, s.seeds,
               sizes[i].loss == LOSS_SOFTMAX ? ", sigmoid" : "\n");
    }
    BatchRun *rounding = batch_rounding_plan(arena, false, ROUNDED_SEEN, ROUNDED_BATCH, 1, &count);
    for (int k = 0; k < count; k++) {
        BatchSummary s = batch_summary(table, rounding[k]);
        printf("rounded %-9s last loss %.4f, %5.1f %% (%.1f to %.1f; %d)\n", rounded_name((RoundKind)k), s.loss,
               100 * s.mean, 100 * s.low, 100 * s.high, s.seeds);
    }
}

/* ---- 7. What the real one cost ----------------------------------------------------------------------------------- */

/* The counter against the formula, on a tape of our own. */
static void check_counter(const Cifar *set) {
    Tape t = { .training = false };
    Clip clip;
    pair_model(&clip, set, "vit", STEP_BLOCKS, 1);
    Mat pixels = mat_like(&t.arena, mat_shape(4, 1, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(set, (int[]){ 0 }, 1, NULL, pixels.v);
    clip_image(&t, &clip, pixels);
    term_say("our vision transformer of %d blocks, one picture forward: %.0f FLOP counted, %.0f by the formula\n",
             STEP_BLOCKS, flop_of_tape(&t).forward, flop_vit(CIFAR_SIDE, 8, STEP_BLOCKS, 64, PAIR_EMBED, true));
    tape_free(&t);
    clip_free(&clip);
}

typedef struct {
    const char *name;
    int side, patch, layers, width, text_width, embed;
} Published;

static void cost_of_clip(const Lesson *lesson, const Cifar *set, double speed) {
    const double pairs = 400e6, epochs = 32, year = 365.25 * 86400, v100 = 125e12, days = 12, gpus = 256;
    static const Published models[] = { { "ViT-B/32", 224, 32, 12, 768, 512, 512 },
                                        { "ViT-B/16", 224, 16, 12, 768, 512, 512 },
                                        { "ViT-L/14", 224, 14, 24, 1024, 768, 768 } };
    Prediction guess =
        lesson_predict_number(lesson, 0, 1e9,
                              "How many years would this computer train CLIP's ViT-L/14, at the speed of "
                              "section 3?");
    check_counter(set);
    double total = 0;
    printf("model      picture, GFLOP  text, GFLOP  a step per pair, GFLOP  %.0f million pairs x %.0f, FLOP\n",
           pairs / 1e6, epochs);
    for (size_t i = 0; i < COUNT(models); i++) {
        const Published *m = &models[i];
        double image = flop_vit(m->side, m->patch, m->layers, m->width, m->embed, false);
        double text = flop_transformer(12, m->text_width, 77, 77) + 2.0 * m->text_width * m->embed;
        total = 3 * (image + text) * pairs * epochs; /* backward: twice the forward */
        printf("%-10s %14.1f %12.1f %23.1f %31.2e\n", m->name, giga(image), giga(text), giga(3 * (image + text)),
               total);
    }
    term_say(
        "ViT-L/14: %.0f days on %.0f V100 (arXiv:2103.00020, section 2.5) are %.0f GPU days; at 125 TFLOP/s that is "
        "%.1e FLOP, of which it used %.0f %%\n",
        days, gpus, days * gpus, days * gpus * 86400 * v100, 100 * total / (days * gpus * 86400 * v100));
    term_say("this computer: %.1f GFLOP/s in section 3; ViT-L/14 on your computer: %.0f years\n", speed / 1e9,
             total / speed / year);
    lesson_outcome_number(lesson, &guess, total / speed / year, 0);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "20",
                      .title = "Large batches",
                      .shows =
                          "the gradient of thousands of pairs in little memory, by several processes, in half the bits",
                      .takes = "a minute",
                      .next = "make lesson-21",
                      .options = options,
                      .quick =
                          "--largest 512 --whole 512 --steps 10 --batch 64 --micro-batch 16 --workers 2 --rounded 512 "
                          "--pictures 256 --train-images 300 --test-images 100 --table none",
                      .seed = &args.seed };
    lesson_begin(&lesson, argc, argv);
    Arena *arena = &lesson.memory;
    if (args.micro > args.batch) die_usage("--micro-batch %d: more than the batch of %d", args.micro, args.batch);
    BatchData data = { lesson_pictures(arena, args.data, CIFAR_TRAIN, args.train),
                       lesson_pictures(arena, args.data, CIFAR_TEST, args.test) };
    const char *path = arena_print(arena, "%s/large-batches-%d-%d.csv", models_folder(), data.train.n, data.test.n);
    BatchTable kept = table_of(arena, path), seeds = table_of(arena, args.path);
    if (args.all) measure_seeds(arena, &seeds);
    printf("%s\n", lesson_notice(&data.train, args.data));
    lesson_section(&lesson, "1. The matrix of all logits, in tiles");
    matrix_in_tiles(&lesson, arena);
    lesson_section(&lesson, "2. The gradient of a large batch in the memory of a small one");
    gradient_in_parts(&lesson, arena, &data.train);
    lesson_section(&lesson, "3. Checkpointing: results in between are computed again");
    double speed = checkpointing(arena, &data.train);
    lesson_section(&lesson, "4. Several workers");
    several_workers(arena, &data.train);
    lesson_section(&lesson, "5. Half precision");
    half_precision(&lesson, arena, &data);
    lesson_section(&lesson, "6. Batch size against accuracy, at equal pictures seen");
    batch_sizes(&lesson, arena, &data, &kept, path);
    lesson_section(&lesson, "Sections 5 and 6 with three seeds");
    three_seeds(arena, &seeds);
    lesson_section(&lesson, "7. What the real one cost");
    cost_of_clip(&lesson, &data.train, speed);
    return lesson_end(&lesson);
}
