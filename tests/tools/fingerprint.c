/* fingerprint: hashes of what this build computes, part by part: two builds with the same line compute the same bits
 * there. tests/elsewhere.sh compares the lines of many builds.
 *
 *   build/fingerprint           one line per part: NAME, spaces, 12 hexadecimal digits
 *
 * The first parts are the same on every machine, the last depend on it: integers; sums and products in a fixed order;
 * functions of libm; our functions on vectors; products in vector registers, where the width of a register decides
 * which numbers are summed first, and a multiply-add may round once or twice.
 */
#include "core/version.h"
#include "core/arena.h"
#include "core/rng.h"
#include "core/softmax.h"
#include "dataset/cifar.h"
#include "formats/hash.h"
#include "formats/image_file.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/reference.h"
#include "kernels/vecmath.h"

enum { MANY = 4099, SHORT_SUM = 12 };

static void line(const char *name, const void *data, size_t size) {
    char hex[SHA256_HEX];
    sha256_hex(data, size, hex);
    printf("%-12s %.*s\n", name, SHORT_SUM, hex);
}

static num *numbers(Arena *arena, size_t n, uint64_t stream) {
    num *x = arena_alloc(arena, n, sizeof *x);
    Rng rng = rng_seed(1, stream);
    for (size_t i = 0; i < n; i++) x[i] = (num)(4 * rng_uniform(&rng) - 2); /* no function of libm */
    return x;
}

static void chance(Arena *arena) {
    Rng rng = rng_seed(1, 2);
    double *x = arena_alloc(arena, MANY, sizeof *x);
    for (int i = 0; i < MANY; i++) x[i] = rng_uniform(&rng) + rng_below(&rng, 1000);
    line("chance", x, MANY * sizeof *x);
}

/* Generated shapes; an image file, resized and cropped as CLIP does. */
static void pictures(Arena *arena) {
    Cifar set;
    Image image;
    Err err;
    cifar_generate(arena, CIFAR_TRAIN, 100, &set);
    line("shapes", set.pixels, (size_t)set.n * CIFAR_NUMBERS);
    if (!image_read(arena, "tests/images/rgb-8.png", &image, &err)) die("%s", err.text);
    image = image_clip_crop(arena, image_resize(arena, image, 301, 207), 224);
    line("resize", image.rgb, (size_t)224 * 224 * 3);
}

static void plain(Arena *arena) {
    num *x = numbers(arena, MANY, 3), *y = numbers(arena, MANY, 4);
    double sums[2] = { vec_dot(x, y, MANY), vec_norm(x, MANY) };
    line("dot", sums, sizeof sums);
    softmax_row(x, MANY, 3, y);
    line("softmax", y, MANY * sizeof *y);
    Rng rng = rng_seed(1, 5);
    double *z = arena_alloc(arena, MANY, sizeof *z);
    for (int i = 0; i < MANY; i++) z[i] = rng_normal(&rng);
    line("normal", z, MANY * sizeof *z);
}

static void vectors(Arena *arena) {
    num *x = numbers(arena, MANY, 6), *y = arena_alloc(arena, MANY, sizeof *y);
    for (int i = 0; i < MANY; i++) x[i] *= 3;
    vec_exp(x, y, MANY);
    line("vec-exp", y, MANY * sizeof *y);
    vec_gelu(x, y, MANY);
    line("vec-gelu", y, MANY * sizeof *y);
}

static void kernels(Arena *arena) {
    enum { M = 67, N = 131, K = 95 };
    num *a = numbers(arena, (size_t)M * K, 7), *b = numbers(arena, (size_t)K * N, 8),
        *c = arena_alloc(arena, (size_t)M * N, sizeof *c);
    gemm_plain(false, false, M, N, K, a, K, b, N, false, c, N);
    line("gemm-plain", c, (size_t)M * N * sizeof *c);
    gemm(false, false, M, N, K, a, K, b, N, false, c, N);
    line("gemm", c, (size_t)M * N * sizeof *c);
    ConvShape s = { .B = 3, .H = 17, .W = 15, .C = 16, .outputs = 24, .kernel = 3, .stride = 1, .pad = 1 };
    size_t inputs = (size_t)(s.B * s.H * s.W * s.C), outputs = (size_t)(s.B * s.H * s.W * s.outputs),
           weights = (size_t)(s.outputs * s.C * 9);
    num *x = numbers(arena, inputs, 9), *w = numbers(arena, weights, 10), *y = arena_alloc(arena, outputs, sizeof *y);
    num *dw = arena_alloc(arena, weights, sizeof *dw);
    conv_forward(s, x, w, NULL, y);
    line("conv", y, outputs * sizeof *y);
    conv_backward_weight(s, x, y, false, dw, NULL);
    line("conv-back", dw, weights * sizeof *dw);
    AttentionShape t = { .B = 2, .T = 77, .D = 64, .heads = 4, .causal = true };
    num *qkv = numbers(arena, (size_t)2 * 77 * 3 * 64, 11), *out = arena_alloc(arena, (size_t)2 * 77 * 64, sizeof *out);
    attend_forward(t, qkv, out, NULL);
    line("attention", out, (size_t)2 * 77 * 64 * sizeof *out);
}

int main(int argc, char **argv) {
    if (version_asked(argc, argv)) return status_printed(0);
    if (argc != 1) die_usage("%s takes no arguments", argv[0]);
    Arena arena = { 0 };
    chance(&arena);
    pictures(&arena);
    plain(&arena);
    vectors(&arena);
    kernels(&arena);
    arena_free(&arena);
    return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}
