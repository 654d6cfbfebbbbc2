/* The modified ResNet of CLIP: no reference numbers of it exist here, so it is computed once more, in double, plane by
 * plane, from the file alone, following section 2.4 of arXiv:2103.00020 and the authors' description of its layers. */
#include "pretrained/pretrained.h"
#include "core/arena.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 4, LAST = 32 * WIDTH, SIDE = 64, E = 6, HEADS = 2, B = 3 };
static const int stages[] = { 1, 2, 1, 2 };

static Arena arena;
static Safetensors file;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

/* ---- a file with OpenAI's names ---------------------------------------------------------------------------------- */

typedef struct {
    SafetensorsOut out;
    Rng rng;
    Dtype dtype;
    const char *skip, *surplus;
} Writer;

static void put(Writer *w, const char *name, Mat shape, double centre, double spread) {
    Mat m = mat_like(&arena, shape);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)(centre + spread * rng_normal(&w->rng));
    if (!w->skip || strcmp(w->skip, name)) safetensors_add(&w->out, name, w->dtype, m);
}

static void put_unit(Writer *w, const char *conv, const char *norm, int in, int out, int kernel) {
    static const char *const parts[] = { "weight", "bias", "running_mean", "running_var" };
    put(w, arena_print(&arena, "%s.weight", conv), mat_shape(4, out, in, kernel, kernel), 0,
        1 / sqrt(in * kernel * kernel));
    for (int i = 0; i < 4; i++) {
        Mat m = mat_shape(1, out);
        if (i < 3) put(w, arena_print(&arena, "%s.%s", norm, parts[i]), m, i == 0, 0.2);
        else put(w, arena_print(&arena, "%s.%s", norm, parts[i]), m, 1.5, 0.1);
    }
    int seen = 100;
    safetensors_add_ints(&w->out, arena_print(&arena, "%s.num_batches_tracked", norm), DTYPE_I64, (TensorShape){ 0 },
                         memcpy(arena_alloc(&arena, 1, sizeof seen), &seen, sizeof seen));
}

static const char *written(const char *name, Dtype dtype, const char *skip, const char *surplus) {
    Writer w = { .out = safetensors_begin(&arena), .rng = rng_seed(3, 3), .dtype = dtype, .skip = skip };
    const char *path = in_folder(name);
    Err err;
    put_unit(&w, "visual.conv1", "visual.bn1", 3, WIDTH / 2, 3);
    put_unit(&w, "visual.conv2", "visual.bn2", WIDTH / 2, WIDTH / 2, 3);
    put_unit(&w, "visual.conv3", "visual.bn3", WIDTH / 2, WIDTH, 3);
    for (int s = 0, in = WIDTH; s < 4; s++)
        for (int k = 0; k < stages[s]; k++) {
            int planes = WIDTH << s;
            const char *at = arena_print(&arena, "visual.layer%d.%d", s + 1, k);
            put_unit(&w, arena_print(&arena, "%s.conv1", at), arena_print(&arena, "%s.bn1", at), in, planes, 1);
            put_unit(&w, arena_print(&arena, "%s.conv2", at), arena_print(&arena, "%s.bn2", at), planes, planes, 3);
            put_unit(&w, arena_print(&arena, "%s.conv3", at), arena_print(&arena, "%s.bn3", at), planes, 4 * planes, 1);
            if (k == 0)
                put_unit(&w, arena_print(&arena, "%s.downsample.0", at), arena_print(&arena, "%s.downsample.1", at), in,
                         4 * planes, 1);
            in = 4 * planes;
        }
    put(&w, "visual.attnpool.positional_embedding", mat_shape(2, SIDE / 32 * SIDE / 32 + 1, LAST), 0, 0.3);
    for (int i = 0; i < 4; i++) {
        put(&w, arena_print(&arena, "visual.attnpool.%c_proj.weight", "qkvc"[i]), mat_shape(2, i < 3 ? LAST : E, LAST),
            0, 0.15);
        put(&w, arena_print(&arena, "visual.attnpool.%c_proj.bias", "qkvc"[i]), mat_shape(1, i < 3 ? LAST : E), 0, 0.3);
    }
    put(&w, "token_embedding.weight", mat_shape(2, 9, 64), 0, 1);
    put(&w, "positional_embedding", mat_shape(2, 4, 64), 0, 1);
    put(&w, "text_projection", mat_shape(2, 64, E), 0, 0.1);
    put(&w, "logit_scale", mat_shape(0), 2, 0);
    put(&w, "ln_final.weight", mat_shape(1, 64), 1, 0.1);
    put(&w, "ln_final.bias", mat_shape(1, 64), 0, 0.1);
    static const struct {
        const char *name;
        int rows, cols;
    } block[] = {
        { "ln_1.weight", 64, 0 },           { "ln_1.bias", 64, 0 },
        { "ln_2.weight", 64, 0 },           { "ln_2.bias", 64, 0 },
        { "attn.in_proj_weight", 192, 64 }, { "attn.in_proj_bias", 192, 0 },
        { "attn.out_proj.weight", 64, 64 }, { "attn.out_proj.bias", 64, 0 },
        { "mlp.c_fc.weight", 256, 64 },     { "mlp.c_fc.bias", 256, 0 },
        { "mlp.c_proj.weight", 64, 256 },   { "mlp.c_proj.bias", 64, 0 },
    };
    for (size_t i = 0; i < COUNT(block); i++)
        put(&w, arena_print(&arena, "transformer.resblocks.0.%s", block[i].name),
            block[i].cols ? mat_shape(2, block[i].rows, block[i].cols) : mat_shape(1, block[i].rows), 0, 0.1);
    if (surplus) put(&w, surplus, mat_shape(1, 1), 0, 1);
    CHECK(safetensors_write(&w.out, path, &err), "%s", err.text);
    return path;
}

/* ---- the same once more ------------------------------------------------------------------------------------------ */

typedef struct {
    int C, H, W;
    double *v;
} Planes; /* v[(c * H + h) * W + w] */

static Planes planes_new(int C, int H, int W) {
    return (Planes){ C, H, W, arena_zero(&arena, (size_t)(C * H * W), sizeof(double)) };
}

static num *numbers(const char *name) {
    const Tensor *t = safetensors_find(&file, name);
    Err err;
    CHECK(t, "no %s", name);
    num *v = arena_alloc(&arena, t->count + 1, sizeof *v);
    CHECK(tensor_to_nums(t, v, t->count, &err), "%s", err.text);
    return v;
}

static Planes slow_unit(Planes x, const char *conv, const char *norm, int stride, bool relu) {
    const Tensor *t = safetensors_find(&file, arena_print(&arena, "%s.weight", conv));
    int O = t->shape[0], K = t->shape[2], pad = K / 2;
    num *weight = numbers(t->name), *scale = numbers(arena_print(&arena, "%s.weight", norm)),
        *offset = numbers(arena_print(&arena, "%s.bias", norm));
    num *mean = numbers(arena_print(&arena, "%s.running_mean", norm)),
        *var = numbers(arena_print(&arena, "%s.running_var", norm));
    Planes y = planes_new(O, (x.H + stride - 1) / stride, (x.W + stride - 1) / stride);
    for (int o = 0; o < O; o++)
        for (int h = 0; h < y.H; h++)
            for (int w = 0; w < y.W; w++) {
                double sum = 0;
                for (int c = 0; c < x.C; c++)
                    for (int i = 0; i < K; i++)
                        for (int j = 0; j < K; j++) {
                            int row = h * stride + i - pad, col = w * stride + j - pad;
                            if (row >= 0 && row < x.H && col >= 0 && col < x.W)
                                sum +=
                                    (double)weight[((o * x.C + c) * K + i) * K + j] * x.v[(c * x.H + row) * x.W + col];
                        }
                sum = (sum - (double)mean[o]) / sqrt((double)var[o] + 1e-5) * (double)scale[o] + (double)offset[o];
                y.v[(o * y.H + h) * y.W + w] = relu && sum < 0 ? 0 : sum;
            }
    return y;
}

static Planes slow_halve(Planes x) {
    Planes y = planes_new(x.C, x.H / 2, x.W / 2);
    for (int c = 0; c < y.C; c++)
        for (int h = 0; h < y.H; h++)
            for (int w = 0; w < y.W; w++)
                for (int k = 0; k < 4; k++)
                    y.v[(c * y.H + h) * y.W + w] += x.v[(c * x.H + 2 * h + k / 2) * x.W + 2 * w + k % 2] / 4;
    return y;
}

static Planes slow_block(Planes x, const char *at, bool halve, bool changes) {
    Planes y = slow_unit(x, arena_print(&arena, "%s.conv1", at), arena_print(&arena, "%s.bn1", at), 1, true);
    y = slow_unit(y, arena_print(&arena, "%s.conv2", at), arena_print(&arena, "%s.bn2", at), 1, true);
    y = slow_unit(halve ? slow_halve(y) : y, arena_print(&arena, "%s.conv3", at), arena_print(&arena, "%s.bn3", at), 1,
                  false);
    if (changes)
        x = slow_unit(halve ? slow_halve(x) : x, arena_print(&arena, "%s.downsample.0", at),
                      arena_print(&arena, "%s.downsample.1", at), 1, false);
    for (int i = 0; i < y.C * y.H * y.W; i++) y.v[i] = fmax(0, y.v[i] + x.v[i]);
    return y;
}

static double slow_row(const double *x, const char *name, int n, int row) {
    double sum = (double)numbers(arena_print(&arena, "visual.attnpool.%s.bias", name))[row];
    const num *w = numbers(arena_print(&arena, "visual.attnpool.%s.weight", name));
    for (int i = 0; i < n; i++) sum += (double)w[row * n + i] * x[i];
    return sum;
}

/* One query, the mean; it attends to itself and to every pixel. */
static void slow_pool(Planes x, double *out) {
    enum { LIMIT = 5, D = LAST, d = D / HEADS };
    static double token[LIMIT][D], q[D], k[LIMIT][D], v[LIMIT][D], mixed[D];
    int pixels = x.H * x.W;
    const num *positions = numbers("visual.attnpool.positional_embedding");
    CHECK(x.C == D && pixels + 1 == LIMIT, "%d channels, %d pixels", x.C, pixels);
    memset(token, 0, sizeof token);
    for (int c = 0; c < D; c++)
        for (int p = 0; p < pixels; p++) {
            token[p + 1][c] = x.v[c * pixels + p];
            token[0][c] += x.v[c * pixels + p] / pixels;
        }
    for (int p = 0; p < LIMIT; p++)
        for (int c = 0; c < D; c++) token[p][c] += (double)positions[p * D + c];
    for (int c = 0; c < D; c++) {
        q[c] = slow_row(token[0], "q_proj", D, c);
        for (int p = 0; p < LIMIT; p++) {
            k[p][c] = slow_row(token[p], "k_proj", D, c);
            v[p][c] = slow_row(token[p], "v_proj", D, c);
        }
    }
    for (int head = 0; head < HEADS; head++) {
        double weight[LIMIT], sum = 0;
        for (int p = 0; p < LIMIT; p++) {
            weight[p] = 0;
            for (int c = head * d; c < head * d + d; c++) weight[p] += q[c] * k[p][c] / sqrt(d);
            sum += weight[p] = exp(weight[p]);
        }
        for (int c = head * d; c < head * d + d; c++) {
            mixed[c] = 0;
            for (int p = 0; p < LIMIT; p++) mixed[c] += weight[p] / sum * v[p][c];
        }
    }
    for (int e = 0; e < E; e++) out[e] = slow_row(mixed, "c_proj", D, e);
}

static void slow_tower(const num *pixels, double *out) {
    Planes x = planes_new(3, SIDE, SIDE);
    for (int i = 0; i < SIDE * SIDE * 3; i++) x.v[i % 3 * SIDE * SIDE + i / 3] = (double)pixels[i];
    x = slow_unit(x, "visual.conv1", "visual.bn1", 2, true);
    x = slow_unit(x, "visual.conv2", "visual.bn2", 1, true);
    x = slow_halve(slow_unit(x, "visual.conv3", "visual.bn3", 1, true));
    for (int s = 0; s < 4; s++)
        for (int k = 0; k < stages[s]; k++)
            x = slow_block(x, arena_print(&arena, "visual.layer%d.%d", s + 1, k), s > 0 && k == 0, k == 0);
    slow_pool(x, out);
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

static Mat pictures(void) {
    Rng rng = rng_seed(12, 0);
    Mat m = mat_like(&arena, mat_shape(4, B, SIDE, SIDE, 3));
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_normal(&rng);
    return m;
}

TEST(the_loops_agree) {
    const Dtype forms[] = { DTYPE_F32, DTYPE_F16 }; /* both sides read the same rounded numbers */
    for (size_t f = 0; f < COUNT(forms); f++) {
        Clip clip;
        Err err = { "" };
        const char *path = written("resnet", forms[f], NULL, NULL);
        CHECK(pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err) &&
                  safetensors_open(&file, &arena, path, &err),
              "%s", err.text);
        CHECK(strstr(clip.notes,
                     "modified ResNet of 1, 2, 1 and 2 blocks, width 4, 2 heads (assumed: width / 64); pictures of 64"),
              "%s", clip.notes);
        CHECK(clip.config.image.heads == HEADS, "%d heads", clip.config.image.heads);
        Tape tape = { .no_grad = true };
        Mat pixels = pictures(), got = image_tower(&tape, &clip.image, tape_data(&tape, pixels))->val;
        for (int b = 0; b < B; b++) {
            double want[E], largest = 0.1;
            slow_tower(pixels.v + (size_t)b * SIDE * SIDE * 3, want);
            for (int e = 0; e < E; e++) largest = fmax(largest, fabs(want[e]));
            for (int e = 0; e < E; e++)
                CHECK(fabs((double)AT(got, b, e) - want[e]) < 2e-5 * largest, "picture %d, %d: %.9g, want %.9g", b, e,
                      (double)AT(got, b, e), want[e]);
        }
        tape_free(&tape);
        clip_free(&clip);
        safetensors_close(&file);
    }
}

TEST(the_same_bits_in_any_batch_and_on_any_threads) {
    Clip clip;
    Err err = { "" };
    CHECK(pretrained_open(&clip, written("resnet", DTYPE_F16, NULL, NULL), (PretrainedChoice){ 0 }, &err), "%s",
          err.text);
    Mat pixels = pictures(), one = pixels;
    Tape tape = { .no_grad = true };
    Mat all = image_tower(&tape, &clip.image, tape_data(&tape, pixels))->val;
    one.shape[0] = 1;
    for (int threads = 1; threads <= 3; threads++) {
        thread_set_count(threads);
        for (int b = 0; b < B; b++) {
            one.v = pixels.v + (size_t)b * SIDE * SIDE * 3;
            Mat alone = image_tower(&tape, &clip.image, tape_data(&tape, one))->val;
            CHECK(!memcmp(alone.v, &AT(all, b, 0), E * sizeof(num)), "picture %d, %d threads", b, threads);
        }
    }
    CHECK_STOPS(image_tower(&tape, &clip.image, tape_data(&tape, mat_like(&arena, mat_shape(4, 1, 32, 32, 3)))),
                EXIT_CONTRACT, "this tower takes 64 x 64");
    tape_free(&tape);
    clip_free(&clip);
}

TEST(files_that_are_not_quite_one_are_refused) {
    static const char *const missing[] = {
        "visual.bn2.running_var",      "visual.layer2.1.conv1.weight",  "visual.layer4.0.downsample.0.weight",
        "visual.conv3.weight",         "visual.attnpool.k_proj.weight", "visual.attnpool.positional_embedding",
        "visual.attnpool.c_proj.bias", "visual.layer4.1.bn3.bias"
    };
    for (size_t i = 0; i < COUNT(missing); i++) {
        Clip clip;
        Err err = { "" };
        CHECK(!pretrained_open(&clip, written("cut", DTYPE_F16, missing[i], NULL), (PretrainedChoice){ 0 }, &err), "%s",
              missing[i]);
        CHECK(strstr(err.text, arena_print(&arena, "there is no tensor %s", missing[i])), "%s, want %s", err.text,
              missing[i]);
    }
    Clip clip;
    Err err = { "" };
    CHECK(!pretrained_open(&clip, written("more", DTYPE_F16, NULL, "visual.layer1.0.conv4.weight"),
                           (PretrainedChoice){ 0 }, &err) &&
              strstr(err.text, "tensor visual.layer1.0.conv4.weight is none of this model's"),
          "%s", err.text);
}

TESTS(the_loops_agree, the_same_bits_in_any_batch_and_on_any_threads, files_that_are_not_quite_one_are_refused)
