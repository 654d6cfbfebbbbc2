/* bench [NAME ...]: how fast this library is on this machine. One line per figure, "bench NAME VALUE UNIT", the median
 * of several runs after a warm-up; all figures, or those named.
 *
 *   fma-peak-1       GFLOP/s of one core that does nothing but multiply and add in registers: the limit
 *   gemm-1024-1      GFLOP/s of a 1024 x 1024 x 1024 matrix product on one thread
 *   gemm-1024        the same on all threads
 *   train-small-cnn  pictures per second of whole training steps (both towers, symmetric loss, backward, SGD with
 *                    momentum): tower "small", batch 128
 *   train-resnet9    tower "resnet9", batch 128
 *   train-speedrun   tower "cnn" of widths 64, 256, 256, batch 500
 *   vit-b32-image-1  milliseconds a picture: CLIP ViT-B/32's image tower, random weights, 224 x 224, a batch of 1
 *   vit-b32-image-16 the same, a batch of 16
 *   clip-text-1      milliseconds a text: its text tower, all 77 tokens, a batch of 1
 *   clip-text-10     the same, a batch of 10
 */
#include "../../lib/clip.h"
#include "../../lib/gemm.h"
#include "../../lib/optim.h"
#include "../../lib/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median seconds of `runs` calls, after one that is not counted. */
static double median_seconds(void (*work)(void *), void *context, int runs) {
    double seconds[64];
    work(context);
    for (int i = 0; i < runs; i++) {
        double start = clock_seconds();
        work(context);
        seconds[i] = clock_seconds() - start;
    }
    qsort(seconds, (size_t)runs, sizeof *seconds, by_size);
    return seconds[runs / 2];
}

static void report(const char *name, double value, const char *unit) {
    printf("bench %s %.4g %s\n", name, value, unit);
    fflush(stdout);
}

/* ---- matrix product ------------------------------------------------------------------------------------------------ */

enum { SIDE = 1024 };
typedef struct { num *a, *b, *c; } Product;

static void multiply(void *context) {
    Product *p = context;
    gemm(false, false, SIDE, SIDE, SIDE, p->a, SIDE, p->b, SIDE, false, p->c, SIDE);
}

static void bench_gemm(const char *name, int threads) {
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    int before = thread_count();
    Product p = { mat_normal(&arena, SIDE, SIDE, &rng, 1).v, mat_normal(&arena, SIDE, SIDE, &rng, 1).v, mat_new(&arena, SIDE, SIDE).v };
    thread_set_count(threads);
    report(name, 2.0 * SIDE * SIDE * SIDE / median_seconds(multiply, &p, 15) / 1e9, "GFLOP/s");
    thread_set_count(before);
    arena_free(&arena);
}

static void bench_gemm_one(const char *name) { bench_gemm(name, 1); }
static void bench_gemm_all(const char *name) { bench_gemm(name, thread_count()); }
static void bench_peak(const char *name) { report(name, fma_peak(), "GFLOP/s"); }

/* ---- training steps -------------------------------------------------------------------------------------------------- */

enum { WORDS = 13, TOKENS = 5 };
typedef struct { Clip clip; Optim optim; Tape tape; Mat pixels; int *ids, B; } Training;

static void train_step(void *context) {
    Training *s = context;
    Tape *t = &s->tape;
    tape_reset(t);
    Var logits = clip_logits(t, clip_image(t, &s->clip, s->pixels), clip_text(t, &s->clip, s->ids, s->B, TOKENS),
                             tape_param(t, s->clip.logit_scale));
    tape_backward(t, clip_loss(t, logits, (Mat){ 0 }));
    optim_step(&s->optim, 1);
}

static void bench_train(const char *name, const char *tower, int B, int embed, int runs) {
    Training s = { .tape = { .training = true }, .B = B };
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    Err err;
    ClipConfig config = { .image = { .kind = tower, .embed = embed }, .tokens = TOKENS,
                          .text = { .kind = "bow", .vocabulary = WORDS, .width = embed, .embed = embed, .padding = -1 } };
    if (!clip_init(&s.clip, config, NULL, 1, &err)) die("%s", err.text);
    optim_init(&s.optim, &s.clip.params, &(OptimGroup){ .rule = OPTIM_SGD, .lr = 0.01, .momentum = 0.9 }, 1);
    s.pixels = mat_normal(&arena, B, 32 * 32 * 3, &rng, 1);
    s.pixels.dims = 4, s.pixels.shape[1] = s.pixels.shape[2] = 32, s.pixels.shape[3] = 3;
    s.ids = arena_alloc(&arena, (size_t)(B * TOKENS), sizeof *s.ids);
    for (int i = 0; i < B * TOKENS; i++) s.ids[i] = (int)rng_below(&rng, WORDS);
    report(name, B / median_seconds(train_step, &s, runs), "img/s");
    tape_free(&s.tape), optim_free(&s.optim), clip_free(&s.clip), arena_free(&arena);
}

static void bench_small(const char *name) { bench_train(name, "small", 128, 64, 30); }
static void bench_resnet9(const char *name) { bench_train(name, "resnet9", 128, 64, 3); }
static void bench_speedrun(const char *name) { bench_train(name, "cnn", 500, 256, 3); }

/* ---- inference -------------------------------------------------------------------------------------------------------- */

typedef struct { ImageTower image; TextTower text; Tape tape; Mat pixels; int *ids, B; } Inference;

static void image_once(void *context) {
    Inference *s = context;
    tape_reset(&s->tape);
    image_tower(&s->tape, &s->image, tape_data(&s->tape, s->pixels));
}
static void text_once(void *context) {
    Inference *s = context;
    tape_reset(&s->tape);
    text_tower(&s->tape, &s->text, s->ids, s->B, 77);
}

/* Parameters without gradients: a plan, to which numbers are given. */
static void fill(Params *params, Rng *rng) {
    for (int i = 0; i < params->count; i++) {
        Param *p = params->list[i];
        size_t n = mat_count(p->val);
        p->val.v = arena_alloc(params->arena, n, sizeof(num));
        for (size_t k = 0; k < n; k++) p->val.v[k] = (num)(0.1 * (rng_uniform(rng) - 0.5));
    }
}

static void bench_b32_image(const char *name, int B) {
    Arena arena = { 0 };
    Params params = { .arena = &arena, .plan = true };
    Rng rng = rng_seed(1, 0);
    Inference s = { .tape = { .no_grad = true }, .B = B };
    image_tower_add(&s.image, &params, (ImageTowerSize){ .kind = "vit", .side = 224, .patch = 32, .width = 768, .layers = 12, .heads = 12,
                                                         .embed = 512 }, &rng);
    fill(&params, &rng);
    s.pixels = mat_like(&arena, mat_shape(4, B, 224, 224, 3));
    for (size_t i = 0; i < mat_count(s.pixels); i++) s.pixels.v[i] = (num)rng_uniform(&rng);
    report(name, 1e3 * median_seconds(image_once, &s, 7) / B, "ms/img");
    tape_free(&s.tape), arena_free(&arena);
}

/* The last of 77 tokens is the highest, so that none can be left out. */
static void bench_text(const char *name, int B) {
    Arena arena = { 0 };
    Params params = { .arena = &arena, .plan = true };
    Rng rng = rng_seed(1, 0);
    Inference s = { .tape = { .no_grad = true }, .B = B };
    text_tower_add(&s.text, &params, (TextTowerSize){ .kind = "transformer", .vocabulary = 49408, .width = 512, .layers = 12, .heads = 8,
                                                      .embed = 512, .padding = -1 }, &rng);
    fill(&params, &rng);
    s.ids = arena_alloc(&arena, (size_t)B * 77, sizeof *s.ids);
    for (int i = 0; i < B * 77; i++) s.ids[i] = i % 77 == 76 ? 49407 : (int)rng_below(&rng, 49406);
    report(name, 1e3 * median_seconds(text_once, &s, 7) / B, "ms/text");
    tape_free(&s.tape), arena_free(&arena);
}

static void bench_b32_one(const char *name) { bench_b32_image(name, 1); }
static void bench_b32_many(const char *name) { bench_b32_image(name, 16); }
static void bench_text_one(const char *name) { bench_text(name, 1); }
static void bench_text_many(const char *name) { bench_text(name, 10); }

/* ---- the list -------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; void (*run)(const char *name); } figures[] = {
    { "fma-peak-1", bench_peak },       { "gemm-1024-1", bench_gemm_one },  { "gemm-1024", bench_gemm_all },
    { "train-small-cnn", bench_small }, { "train-speedrun", bench_speedrun }, { "train-resnet9", bench_resnet9 },
    { "vit-b32-image-1", bench_b32_one }, { "vit-b32-image-16", bench_b32_many },
    { "clip-text-1", bench_text_one },  { "clip-text-10", bench_text_many },
};

static int find(const char *name) {
    for (size_t i = 0; i < COUNT(figures); i++)
        if (!strcmp(name, figures[i].name)) return (int)i;
    return -1;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "--help")) {
        printf("bench [NAME ...]: speed on this machine, one line per figure: bench NAME VALUE UNIT\n");
        for (size_t i = 0; i < COUNT(figures); i++) printf("  %s\n", figures[i].name);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (find(argv[i]) < 0) die_usage("bench: there is no figure \"%s\"; bench --help lists them", argv[i]);
    for (int i = 1; i < argc; i++) figures[find(argv[i])].run(argv[i]);
    for (size_t i = 0; argc == 1 && i < COUNT(figures); i++) figures[i].run(figures[i].name);
    if (fflush(stdout) != 0 || ferror(stdout)) die("the figures could not be written; is the disk full?");
    return 0;
}
