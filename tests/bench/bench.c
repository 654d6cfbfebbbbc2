/* bench [NAME ...]: the speed of this library on this machine. One line per figure, "bench NAME VALUE UNIT": the median
 * of several runs after a warm-up; then its share of a loop of multiply-adds that runs before and after each run
 * (measure.h), what that loop reached, and the bandwidth of memory. All figures, or those named; all figures together
 * also draw the figure bench-roofline.
 *
 *   fma-peak-1       GFLOP/s of one core that only multiplies and adds in registers: the best burst
 *   memory-bandwidth GB/s of a = b + 3 c over arrays far larger than the caches, all threads, three numbers counted
 *   gemm-1024-1      GFLOP/s of a 1024 x 1024 x 1024 matrix product on one thread; -ta, -tb, -tab: A, B or both
 *                    transposed
 *   gemm-1024        the same on all threads
 *   gemm-64          64 x 64 x 64;   gemm-tall-n10: 2000 x 10, K = 512;   gemm-tall-k27: 32768 x 64, K = 27
 *   conv-C-S-...     3 x 3 convolution of C channels to C at S x S places, batch 128: forward, and backward to the data
 *                    and to the weights; in FLOP of the definition, of which Winograd saves three quarters
 *   train-small-cnn  images per second of whole training steps (both towers, symmetric loss, backward, SGD with
 *                    momentum): tower "small", batch 128
 *   train-resnet9    tower "resnet9", batch 128
 *   train-speedrun   tower "cnn" of widths 64, 256, 256, batch 500
 *   train-vit        tower "vit": patch 4, width 128, four blocks, four heads, batch 128
 *   train-scene-transformer  the towers of lessons 16 to 18: "scene" and a transformer over 16 tokens, batch 128
 *   vit-b32-image-1  milliseconds per image: CLIP ViT-B/32's image tower, random weights, 224 x 224, a batch of 1
 *   vit-b32-image-16 the same, a batch of 16
 *   clip-text-1      milliseconds per text: its text tower, all 77 tokens, a batch of 1
 *   clip-text-10     the same, a batch of 10;   ...-1-bf16: the matrices of the blocks in BF16, widened in the kernel
 */
#include "figures.h"
#include "measure.h"
#include "core/version.h"
#include "lesson/options.h"
#include "show/term_fit.h"

#include <string.h>

static const struct {
    const char *name;
    void (*run)(const char *name);
} figures[] = {
    { "fma-peak-1", bench_peak },
    { "memory-bandwidth", bench_memory },
    { "gemm-1024-1", bench_gemm },
    { "gemm-1024-1-ta", bench_gemm },
    { "gemm-1024-1-tb", bench_gemm },
    { "gemm-1024-1-tab", bench_gemm },
    { "gemm-1024", bench_gemm },
    { "gemm-64", bench_gemm },
    { "gemm-tall-n10", bench_gemm },
    { "gemm-tall-k27", bench_gemm },
    { "conv-64-32-forward", bench_conv },
    { "conv-64-32-data", bench_conv },
    { "conv-64-32-weights", bench_conv },
    { "conv-128-16-forward", bench_conv },
    { "conv-128-16-data", bench_conv },
    { "conv-128-16-weights", bench_conv },
    { "conv-256-8-forward", bench_conv },
    { "conv-256-8-data", bench_conv },
    { "conv-256-8-weights", bench_conv },
    { "conv-512-4-forward", bench_conv },
    { "conv-512-4-data", bench_conv },
    { "conv-512-4-weights", bench_conv },
    { "train-small-cnn", bench_train },
    { "train-speedrun", bench_train },
    { "train-resnet9", bench_train },
    { "train-vit", bench_train },
    { "train-scene-transformer", bench_scenes },
    { "vit-b32-image-1", bench_image },
    { "vit-b32-image-16", bench_image },
    { "clip-text-1", bench_text },
    { "clip-text-10", bench_text },
    { "vit-b32-image-1-bf16", bench_image },
    { "clip-text-1-bf16", bench_text },
};

static int find(const char *name) {
    for (size_t i = 0; i < COUNT(figures); i++)
        if (!strcmp(name, figures[i].name)) return (int)i;
    return -1;
}

static struct {
    bool json, help;
    const char *compare;
} args;

static const Option options[] = {
    { "json", .flag = &args.json, .help = "print one JSON object instead of lines" },
    { "compare", .text = &args.compare,
      .help = "a file of bench --json: print now against then, with the noise of both" },
    { "help", .flag = &args.help, .help = "this text" },
    { 0 },
};

static void help(void) {
    printf("bench [NAME ...]: speed on this machine\n"
           "one line per figure: bench NAME VALUE UNIT  SHARE of the FMA loop beside it; memory\n\n");
    options_help(options, stdout);
    printf("\nfigures:\n");
    for (size_t i = 0; i < COUNT(figures); i++) printf("  %s\n", figures[i].name);
}

/* Measures a figure; with figures of an earlier run, one that is not among them is left out. */
static void run(int i, const Figure *before, int earlier) {
    int k = 0;
    while (k < earlier && strcmp(before[k].name, figures[i].name) != 0) k++;
    if (earlier && k == earlier) return;
    figures[i].run(figures[i].name);
    if (earlier && !args.json) figure_compare(&before[k], measure_figure(measure_count() - 1));
}

int main(int argc, char **argv) {
    static Figure before[FIGURES_MAX];
    int names = 0, earlier = 0;
    Err err;
    term_fit_output();
    if (version_asked(argc, argv)) return status_printed(0);
    if (!options_parse(options, argc, argv, &names, &err)) die_usage("bench: %s; bench --help lists all", err.text);
    if (args.help) {
        help();
        return status_printed(0);
    }
    for (int i = 1; i <= names; i++)
        if (find(argv[i]) < 0) die_usage("bench: there is no figure \"%s\"; bench --help lists them", argv[i]);
    if (args.compare) earlier = figures_read(args.compare, before, FIGURES_MAX, &err);
    if (earlier < 0) die("%s", err.text);
    measure_quiet = args.json || args.compare;
    measure_begin();
    for (int i = 1; i <= names; i++) run(find(argv[i]), before, earlier);
    for (int i = 0; names == 0 && i < (int)COUNT(figures); i++) run(i, before, earlier);
    if (args.json) figures_print();
    if (names == 0 && !earlier) draw_roofline();
    measure_end();
    return status_printed(0);
}
