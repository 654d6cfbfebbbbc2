/* denormals: how slow kernels are on numbers below the smallest normal one (float: 2^-126, 1.2e-38).
 *
 *   build/denormals [--most 5]
 *
 * Some processors compute with such numbers in microcode, a hundred times slower. Each line is one kernel on one
 * thread: its time with normal numbers, with denormal ones, and with small ones whose products are denormal. Processor
 * time, the best of several runs. With --most N: exit status 1 if a kernel is more than N times slower than with normal
 * numbers. */
#include "core/version.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "autograd/ops.h"
#include "training/optim.h"
#include "lesson/options.h"
#include "core/arena.h"
#include "core/thread.h"
#include "kernels/vecmath.h"

#include <string.h>

enum { SIDE = 256, COUNT_OF = SIDE * SIDE, RUNS = 15, SIZES = 3 };
static const double sizes[SIZES] = { 1, 1e-39, 1e-22 };

/* Inputs of the size that is measured, numbers near 1, and memory for results. */
typedef struct {
    num *x, *small, *one, *out;
    Mat matrix, row;
    Optim optim;
    Param *param;
} Data;

static const ConvShape conv = { 4, 16, 16, 32, 32, 3, 1, 1 };
static const AttentionShape attention = { .B = 2, .T = 64, .D = 64, .heads = 2 };

static void product_run(Data *d) {
    gemm(false, false, SIDE, SIDE, SIDE, d->x, SIDE, d->small, SIDE, false, d->out, SIDE);
}
static void conv_run(Data *d) { conv_forward(conv, d->x, d->small, NULL, d->out); }
static void weight_run(Data *d) { conv_backward_weight(conv, d->x, d->small, false, d->out, NULL); }
static void exp_run(Data *d) { vec_exp(d->x, d->out, COUNT_OF); }
static void gelu_run(Data *d) { vec_gelu(d->x, d->out, COUNT_OF); }
static void attention_run(Data *d) { attend_forward(attention, d->x, d->out, NULL); }
static void adamw_run(Data *d) {
    d->param->grad = memcpy(d->param->grad, d->x, COUNT_OF * sizeof(num));
    d->param->has_grad = true;
    optim_step(&d->optim, 1);
}

static void softmax_run(Data *d) {
    static const int labels[SIDE];
    Tape t = { .no_grad = true };
    op_cross_entropy_labels(&t, tape_data(&t, d->matrix), labels);
    tape_free(&t);
}

static void norm_run(Data *d) {
    Tape t = { .no_grad = true };
    op_layernorm(&t, tape_data(&t, d->matrix), tape_data(&t, d->row), tape_data(&t, d->row), 1e-5);
    tape_free(&t);
}

/* e^x for x near -95, where the results are denormal, and near -5. */
static void exp_low_run(Data *d) {
    num low = d->x[0] > (num)1e-3 || d->x[0] < (num)-1e-3 ? -5 : -95;
    for (int i = 0; i < COUNT_OF; i++) d->out[i] = low + d->one[i] / 8;
    vec_exp(d->out, d->out, COUNT_OF);
}

static const struct {
    const char *name;
    void (*run)(Data *);
} kernels[] = {
    { "matrix product", product_run }, { "convolution", conv_run },
    { "its weights", weight_run },     { "exp of tiny numbers", exp_run },
    { "exp near -95", exp_low_run },   { "GELU", gelu_run },
    { "softmax", softmax_run },        { "attention", attention_run },
    { "layer norm", norm_run },        { "AdamW", adamw_run },
};

static num *numbers(Arena *arena, double size) {
    Rng rng = rng_seed(1, 0);
    num *v = arena_alloc(arena, 3 * COUNT_OF, sizeof *v);
    for (int i = 0; i < 3 * COUNT_OF; i++)
        v[i] = (num)((0.5 + rng_uniform(&rng)) * (rng_below(&rng, 2) ? size : -size));
    return v;
}

/* Milliseconds of one run with numbers of that size. */
static double measure(void (*run)(Data *), double size) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    double best = 1e9;
    Data d = { .x = numbers(&arena, size),
               .small = numbers(&arena, size < 1e-30 ? 1 : size),
               .one = numbers(&arena, 1),
               .out = numbers(&arena, 1) };
    d.matrix = mat_shape(2, SIDE, SIDE);
    d.matrix.v = d.x;
    d.row = mat_shape(1, SIDE);
    d.row.v = d.one;
    d.param = params_add(&params, d.matrix, "weight");
    memcpy(d.param->val.v, d.one, COUNT_OF * sizeof(num));
    optim_init(&d.optim, &params, &(OptimGroup){ .rule = OPTIM_ADAMW, .lr = 1e-3 }, 1);
    for (int i = 0; i < RUNS; i++) {
        double start = processor_seconds();
        run(&d);
        double took = processor_seconds() - start;
        if (i > 1) best = MIN(best, took);
    }
    optim_free(&d.optim);
    arena_free(&arena);
    return 1e3 * best;
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    double max = 0, worst = 0;
    bool help = false;
    const Option options[] = {
        { "most", .real = &max, .low = 0, .high = 1e6,
          .help = "fail if a kernel is more than this many times slower; 0: never" },
        { "help", .flag = &help, .help = "this page" },
        { 0 },
    };
    Err err;
    if (!options_parse(options, argc, argv, NULL, &err)) die_usage("%s", err.text);
    if (help) {
        printf("denormals [OPTIONS]\n");
        options_help(options, stdout);
        return 0;
    }
    thread_set_count(1);
    printf("%-22s %10s  %18s  %18s\n", "milliseconds", "normal", "denormal", "small, products too");
    for (size_t k = 0; k < COUNT(kernels); k++) {
        double took[SIZES];
        for (int s = 0; s < SIZES; s++) took[s] = measure(kernels[k].run, sizes[s]);
        printf("%-22s %10.3f  %8.3f (%5.2f x)  %8.3f (%5.2f x)\n", kernels[k].name, took[0], took[1], took[1] / took[0],
               took[2], took[2] / took[0]);
        worst = MAX(worst, MAX(took[1], took[2]) / took[0]);
    }
    printf("the slowest is %.1f times slower than with normal numbers\n", worst);
    return status_printed(max > 0 && worst > max ? EXIT_TROUBLE : 0);
}
