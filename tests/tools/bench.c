/* bench [NAME ...]: the speed of this library on this machine. One line per figure, "bench NAME VALUE UNIT": the median
 * of several runs after a warm-up, and its share of the peak (fma-peak-1 times the number of threads). All figures, or
 * those named; all figures together also draw the figure bench-roofline.
 *
 *   fma-peak-1       GFLOP/s of one core that only multiplies and adds in registers: the limit
 *   memory-bandwidth GB/s of a = b + 3 c over arrays far larger than the caches, all threads, three numbers counted
 * gemm-1024-1      GFLOP/s of a 1024 x 1024 x 1024 matrix product on one thread; -ta, -tb, -tab: A, B or both
 * transposed
 *   gemm-1024        the same on all threads
 *   gemm-64          64 x 64 x 64;   gemm-tall-n10: 2000 x 10, K = 512;   gemm-tall-k27: 32768 x 64, K = 27
 *   conv-C-S-...     3 x 3 convolution of C channels to C at S x S places, batch 128: forward, and backward to the data
 *                    and to the weights; in FLOP of the definition, of which Winograd saves three quarters
 * train-small-cnn  images per second of whole training steps (both towers, symmetric loss, backward, SGD with
 * momentum):
 *                    tower "small", batch 128
 *   train-resnet9    tower "resnet9", batch 128
 *   train-speedrun   tower "cnn" of widths 64, 256, 256, batch 500
 *   vit-b32-image-1  milliseconds per image: CLIP ViT-B/32's image tower, random weights, 224 x 224, a batch of 1
 *   vit-b32-image-16 the same, a batch of 16
 *   clip-text-1      milliseconds per text: its text tower, all 77 tokens, a batch of 1
 *   clip-text-10     the same, a batch of 10
 */
#include "core/version.h"
#include "model/clip.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "training/optim.h"
#include "show/plot.h"
#include "core/arena.h"
#include "core/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of `runs` calls, after a warm-up. */
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

static double peak; /* of one core, GFLOP/s */

/* Prints a figure and its share of the peak of all threads; gflops 0: no share. */
static void report(const char *name, double value, const char *unit, double gflops) {
    printf("bench %s %.4g %s", name, value, unit);
    if (gflops > 0) printf("  %.0f %% of the FMA peak", 100 * gflops / (peak * thread_count()));
    printf("\n");
    fflush(stdout);
}

/* ---- the roofline ------------------------------------------------------------------------------------------------ */

/* The limit of a kernel (Williams, Waterman and Patterson 2009): the peak or, if it has few FLOP per byte that must be
 * read from memory or written to it, bandwidth times FLOP per byte. */
enum { KINDS = 4, POINTS_MAX = 24, ROOF = 80 };
static const char *const kinds[KINDS] = { "matrix products", "convolutions forward", "back to the data",
                                          "back to the weights" };
static struct {
    num x[POINTS_MAX], y[POINTS_MAX];
    int count;
} points[KINDS];
static double bandwidth; /* GB/s */

static void point_add(int kind, double flop, double numbers, double gflops) {
    if (points[kind].count == POINTS_MAX) return;
    points[kind].x[points[kind].count] = (num)(flop / (numbers * sizeof(num)));
    points[kind].y[points[kind].count++] = (num)gflops;
}

static void draw_roofline(void) {
    num x[ROOF], one[ROOF], all[ROOF];
    for (int i = 0; i < ROOF; i++) {
        double flop = pow(2, -1 + 11.0 * i / (ROOF - 1));
        x[i] = (num)flop;
        one[i] = (num)fmin(peak, bandwidth * flop);
        all[i] = (num)fmin(peak * thread_count(), bandwidth * flop);
    }
    char roof[64];
    snprintf(roof, sizeof roof, "limit, %d threads", thread_count());
    Series series[2 + KINDS] = { { .name = roof, .x = x, .y = all, .count = ROOF },
                                 { .name = "limit, one", .x = x, .y = one, .count = ROOF } };
    for (int k = 0; k < KINDS; k++)
        series[2 + k] = (Series){ .name = kinds[k], .x = points[k].x, .y = points[k].y, .count = points[k].count };
    plot_lines("bench-roofline",
               &(Lines){ .title = "speed against FLOP per byte, and its limit (convolutions exceed the peak "
                                  "where Winograd saves work)",
                         .x = "FLOP for each byte read or written at least once",
                         .y = "GFLOP/s",
                         .series = series,
                         .count = 2 + KINDS,
                         .log_x = true,
                         .log_y = true,
                         .dots = true },
               NULL);
    fprintf(stderr, "figure: %s\n", plot_path("bench-roofline"));
}

typedef struct {
    num *a, *b, *c;
} Triad;

static void triad_piece(void *context, size_t begin, size_t end) {
    const Triad *s = context;
    for (size_t i = begin; i < end; i++) s->a[i] = s->b[i] + 3 * s->c[i];
}
static void triad(void *context) { parallel_for(1 << 24, 1 << 18, triad_piece, context); }

static void bench_memory(const char *name) {
    Arena arena = { 0 };
    size_t bytes = sizeof(num) << 24;
    Triad s = { arena_zero(&arena, 1, bytes), arena_zero(&arena, 1, bytes), arena_zero(&arena, 1, bytes) };
    bandwidth = 3.0 * (double)bytes / median_seconds(triad, &s, 9) / 1e9;
    report(name, bandwidth, "GB/s", 0);
    arena_free(&arena);
}

/* ---- matrix product ---------------------------------------------------------------------------------------------- */

typedef struct {
    int M, N, K, times;
    bool transpose_a, transpose_b;
    num *a, *b, *c;
} Product;

static void multiply(void *context) {
    Product *p = context;
    for (int i = 0; i < p->times; i++)
        gemm(p->transpose_a, p->transpose_b, p->M, p->N, p->K, p->a, p->transpose_a ? p->M : p->K, p->b,
             p->transpose_b ? p->K : p->N, false, p->c, p->N);
}

static void bench_gemm(const char *name, Product p, int threads) {
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    int before = thread_count();
    double flop = 2.0 * p.M * p.N * p.K;
    p.a = mat_normal(&arena, p.M, p.K, &rng, 1).v;
    p.b = mat_normal(&arena, p.K, p.N, &rng, 1).v;
    p.c = mat_new(&arena, p.M, p.N).v;
    p.times = (int)(2e8 / flop) + 1;
    thread_set_count(threads);
    double gflops = flop * p.times / median_seconds(multiply, &p, 15) / 1e9;
    report(name, gflops, "GFLOP/s", gflops);
    if (threads == before) point_add(0, flop, (double)p.M * p.K + (double)p.K * p.N + (double)p.M * p.N, gflops);
    thread_set_count(before);
    arena_free(&arena);
}

static const Product cube = { .M = 1024, .N = 1024, .K = 1024 };
static void bench_gemm_one(const char *name) {
    Product p = cube;
    p.transpose_a = strstr(name, "-ta") != NULL;
    p.transpose_b = strstr(name, "-tb") || strstr(name, "-tab");
    bench_gemm(name, p, 1);
}
static void bench_gemm_all(const char *name) { bench_gemm(name, cube, thread_count()); }
static void bench_gemm_64(const char *name) {
    bench_gemm(name, (Product){ .M = 64, .N = 64, .K = 64 }, thread_count());
}
static void bench_gemm_n10(const char *name) {
    bench_gemm(name, (Product){ .M = 2000, .N = 10, .K = 512 }, thread_count());
}
static void bench_gemm_k27(const char *name) {
    bench_gemm(name, (Product){ .M = 32768, .N = 64, .K = 27 }, thread_count());
}
static void bench_peak(const char *name) {
    int before = thread_count();
    thread_set_count(1);
    report(name, peak, "GFLOP/s", peak);
    thread_set_count(before);
}

/* ---- convolution ------------------------------------------------------------------------------------------------- */

typedef struct {
    ConvShape s;
    num *x, *weight, *y, *dx, *dweight;
} Convolution;

static void conv_one_way(void *context) {
    Convolution *v = context;
    conv_forward(v->s, v->x, v->weight, NULL, v->y);
}
static void conv_to_data(void *context) {
    Convolution *v = context;
    conv_backward_data(v->s, v->y, v->weight, false, v->dx);
}
static void conv_to_weights(void *context) {
    Convolution *v = context;
    conv_backward_weight(v->s, v->x, v->y, false, v->dweight, NULL);
}

/* name: conv-CHANNELS-SIDE-DIRECTION. */
static void bench_conv(const char *name) {
    static void (*const ways[])(void *) = { conv_one_way, conv_to_data, conv_to_weights };
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    int C = 0, side = 0, way = strstr(name, "-data") ? 1 : strstr(name, "-weights") ? 2 : 0;
    if (sscanf(name, "conv-%d-%d", &C, &side) != 2) return;
    Convolution v = { .s = { 128, side, side, C, C, 3, 1, 1 } };
    int pixels = 128 * side * side;
    v.x = mat_normal(&arena, pixels, C, &rng, 1).v;
    v.weight = mat_normal(&arena, C, C * 9, &rng, 1).v;
    v.y = mat_normal(&arena, pixels, C, &rng, 1).v;
    v.dx = mat_new(&arena, pixels, C).v;
    v.dweight = mat_new(&arena, C, C * 9).v;
    double flop = 2.0 * 9 * pixels * C * C, gflops = flop / median_seconds(ways[way], &v, 7) / 1e9;
    report(name, gflops, "GFLOP/s", gflops);
    point_add(1 + way, flop, 2.0 * pixels * C + 9.0 * C * C, gflops);
    arena_free(&arena);
}

/* ---- training steps ---------------------------------------------------------------------------------------------- */

enum { WORDS = 13, TOKENS = 5 };
typedef struct {
    Clip clip;
    Optim optim;
    Tape tape;
    Mat pixels;
    int *ids, B;
} Training;

static void train_step(void *context) {
    Training *s = context;
    Tape *t = &s->tape;
    tape_reset(t);
    Var logits = clip_logits(t, clip_image(t, &s->clip, s->pixels), clip_text(t, &s->clip, s->ids, s->B, TOKENS),
                             tape_param(t, s->clip.logit_scale));
    tape_backward(t, clip_loss(t, logits, (Mat){ 0 }));
    optim_step(&s->optim, 1);
}

/* mflop: of the forward of the image tower, per image; the backward takes twice as many. */
static void bench_train(const char *name, const char *tower, int B, int embed, double mflop) {
    int runs = mflop < 10 ? 60 : 5;
    Training s = { .tape = { .training = true }, .B = B };
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    Err err;
    ClipConfig config = { .image = { .kind = tower, .embed = embed },
                          .tokens = TOKENS,
                          .text = {
                              .kind = "bow", .vocabulary = WORDS, .width = embed, .embed = embed, .padding = -1 } };
    if (!clip_init(&s.clip, config, NULL, 1, &err)) die("%s", err.text);
    optim_init(&s.optim, &s.clip.params, &(OptimGroup){ .rule = OPTIM_SGD, .lr = 0.01, .momentum = 0.9 }, 1);
    s.pixels = mat_normal(&arena, B, 32 * 32 * 3, &rng, 1);
    s.pixels.dims = 4;
    s.pixels.shape[1] = s.pixels.shape[2] = 32;
    s.pixels.shape[3] = 3;
    s.ids = arena_alloc(&arena, (size_t)(B * TOKENS), sizeof *s.ids);
    for (int i = 0; i < B * TOKENS; i++) s.ids[i] = (int)rng_below(&rng, WORDS);
    double rate = B / median_seconds(train_step, &s, runs);
    report(name, rate, "img/s", 3 * rate * mflop / 1e3);
    tape_free(&s.tape);
    optim_free(&s.optim);
    clip_free(&s.clip);
    arena_free(&arena);
}

static void bench_small(const char *name) { bench_train(name, "small", 128, 64, 1.07); }
static void bench_resnet9(const char *name) { bench_train(name, "resnet9", 128, 64, 757); }
static void bench_speedrun(const char *name) { bench_train(name, "cnn", 500, 256, 236); }

/* ---- inference --------------------------------------------------------------------------------------------------- */

typedef struct {
    ImageTower image;
    TextTower text;
    Tape tape;
    Mat pixels;
    int *ids, B;
} Inference;

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

/* Random numbers for parameters without gradients. */
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
    image_tower_add(
        &s.image, &params,
        (ImageTowerSize){
            .kind = "vit", .side = 224, .patch = 32, .width = 768, .layers = 12, .heads = 12, .embed = 512 },
        &rng);
    fill(&params, &rng);
    s.pixels = mat_like(&arena, mat_shape(4, B, 224, 224, 3));
    for (size_t i = 0; i < mat_count(s.pixels); i++) s.pixels.v[i] = (num)rng_uniform(&rng);
    double seconds = median_seconds(image_once, &s, 7) / B;
    report(name, 1e3 * seconds, "ms/img", 8.8 / seconds); /* 8.8 GFLOP: 50 tokens, 12 blocks of width 768 */
    tape_free(&s.tape);
    arena_free(&arena);
}

/* The end token is the last of the 77: the tower computes all of them. */
static void bench_text(const char *name, int B) {
    Arena arena = { 0 };
    Params params = { .arena = &arena, .plan = true };
    Rng rng = rng_seed(1, 0);
    Inference s = { .tape = { .no_grad = true }, .B = B };
    text_tower_add(&s.text, &params,
                   (TextTowerSize){ .kind = "transformer",
                                    .vocabulary = 49408,
                                    .width = 512,
                                    .layers = 12,
                                    .heads = 8,
                                    .embed = 512,
                                    .padding = -1 },
                   &rng);
    fill(&params, &rng);
    s.ids = arena_alloc(&arena, (size_t)B * 77, sizeof *s.ids);
    for (int i = 0; i < B * 77; i++) s.ids[i] = i % 77 == 76 ? 49407 : (int)rng_below(&rng, 49406);
    double seconds = median_seconds(text_once, &s, 7) / B;
    report(name, 1e3 * seconds, "ms/text", 6.0 / seconds); /* 6.0 GFLOP: 77 tokens, 12 blocks of width 512 */
    tape_free(&s.tape);
    arena_free(&arena);
}

static void bench_b32_one(const char *name) { bench_b32_image(name, 1); }
static void bench_b32_many(const char *name) { bench_b32_image(name, 16); }
static void bench_text_one(const char *name) { bench_text(name, 1); }
static void bench_text_many(const char *name) { bench_text(name, 10); }

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(const char *name);
} figures[] = {
    { "fma-peak-1", bench_peak },           { "memory-bandwidth", bench_memory },
    { "gemm-1024-1", bench_gemm_one },      { "gemm-1024-1-ta", bench_gemm_one },
    { "gemm-1024-1-tb", bench_gemm_one },   { "gemm-1024-1-tab", bench_gemm_one },
    { "gemm-1024", bench_gemm_all },        { "gemm-64", bench_gemm_64 },
    { "gemm-tall-n10", bench_gemm_n10 },    { "gemm-tall-k27", bench_gemm_k27 },
    { "conv-64-32-forward", bench_conv },   { "conv-64-32-data", bench_conv },
    { "conv-64-32-weights", bench_conv },   { "conv-128-16-forward", bench_conv },
    { "conv-128-16-data", bench_conv },     { "conv-128-16-weights", bench_conv },
    { "conv-256-8-forward", bench_conv },   { "conv-256-8-data", bench_conv },
    { "conv-256-8-weights", bench_conv },   { "conv-512-4-forward", bench_conv },
    { "conv-512-4-data", bench_conv },      { "conv-512-4-weights", bench_conv },
    { "train-small-cnn", bench_small },     { "train-speedrun", bench_speedrun },
    { "train-resnet9", bench_resnet9 },     { "vit-b32-image-1", bench_b32_one },
    { "vit-b32-image-16", bench_b32_many }, { "clip-text-1", bench_text_one },
    { "clip-text-10", bench_text_many },
};

static int find(const char *name) {
    for (size_t i = 0; i < COUNT(figures); i++)
        if (!strcmp(name, figures[i].name)) return (int)i;
    return -1;
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc > 1 && !strcmp(argv[1], "--help")) {
        printf("bench [NAME ...]: speed on this machine\n"
               "one line per figure: bench NAME VALUE UNIT  SHARE of the FMA peak; the figures are\n");
        for (size_t i = 0; i < COUNT(figures); i++) printf("  %s\n", figures[i].name);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (find(argv[i]) < 0) die_usage("bench: there is no figure \"%s\"; bench --help lists them", argv[i]);
    peak = fma_peak();
    for (int i = 1; i < argc; i++) figures[find(argv[i])].run(argv[i]);
    for (size_t i = 0; argc == 1 && i < COUNT(figures); i++) figures[i].run(figures[i].name);
    if (argc == 1) draw_roofline();
    if (fflush(stdout) != 0 || ferror(stdout)) die("the figures could not be written; is the disk full?");
    return 0;
}
