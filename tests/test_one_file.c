/* one_file: does lesson 00, CLIP in one file, compute what a float64 reference and the library compute?
 *
 * The lesson's own file is part of this one, so that its functions can be called and its buffers filled. */
#define main one_file_main
#include "../lessons/00-one-file/main.c"
#undef main

#include "model/clip.h"
#include "check.h"
#include "tensor_file.h"

static Arena arena;

/* What the parameters are called in files and in the library. There a weight is [out,in], and `in` counts channel by
 * channel, within a channel place by place. In lesson 00 it is [in,out], and `in` counts place by place. `channels` is
 * 0 where both have the same layout, and ANY where there is one place. */
enum { ANY = -1 };
static const struct {
    const char *name;
    int channels;
} tensors[PARAMETERS] = {
    [CONV1_WEIGHT] = { "image.conv1.weight", 3 },
    [CONV1_BIAS] = { "image.conv1.bias", 0 },
    [CONV2_WEIGHT] = { "image.conv2.weight", 16 },
    [CONV2_BIAS] = { "image.conv2.bias", 0 },
    [IMAGE_WEIGHT] = { "image.fc.weight", 32 },
    [IMAGE_BIAS] = { "image.fc.bias", 0 },
    [WORD_WEIGHT] = { "text.embedding.weight", 0 },
    [TEXT_WEIGHT] = { "text.fc.weight", ANY },
    [TEXT_BIAS] = { "text.fc.bias", 0 },
    [LOGIT_SCALE] = { "logit_scale", 0 },
};

/* Where number i of the tensor lies in the lesson's matrix of that parameter. */
static int place_of(int which, const Matrix *p, int i) {
    int channels = tensors[which].channels == ANY ? p->rows : tensors[which].channels;
    if (channels == 0) return i;
    int out = i / p->rows, in = i % p->rows, positions = p->rows / channels;
    return (in % positions * channels + in / positions) * p->columns + out;
}

static void set_parameter(Model *m, int which, const num *from) {
    Matrix *p = &m->parameter[which];
    for (int i = 0; i < p->rows * p->columns; i++) p->value[place_of(which, p, i)] = (float)from[i];
}

/* The largest difference of `got`, a parameter's values or gradients, from `want`, relative to `want`'s largest. */
static double difference(int which, const Matrix *p, const float *got, const num *want) {
    double worst = 0, largest = 1e-30;
    for (int i = 0; i < p->rows * p->columns; i++) {
        double d = fabs((double)got[place_of(which, p, i)] - (double)want[i]);
        worst = isnan(d) ? INFINITY : fmax(worst, d);
        largest = fmax(largest, fabs((double)want[i]));
    }
    return worst / largest;
}

/* ---- the reference ----------------------------------------------------------------------------------------------- */

static const Tensor *tensor_of(const Safetensors *file, const char *prefix, const char *name) {
    const Tensor *t = safetensors_find(file, arena_print(&arena, "%s%s", prefix, name));
    CHECK(t, "no tensor %s%s", prefix, name);
    return t;
}

static const num *numbers_of(const Tensor *t, int count) {
    Err err;
    num *numbers = arena_alloc(&arena, (size_t)count, sizeof(num));
    CHECK(tensor_to_nums(t, numbers, (size_t)count, &err), "%s", err.text);
    return numbers;
}

/* All parameters against the file's tensors of that prefix. */
static void compare_all(const Model *m, const Safetensors *file, const char *prefix, bool gradients, double tolerance) {
    for (int i = 0; i < PARAMETERS; i++) {
        const Matrix *p = &m->parameter[i];
        const num *want = numbers_of(tensor_of(file, prefix, tensors[i].name), p->rows * p->columns);
        double d = difference(i, p, gradients ? p->gradient : p->value, want);
        CHECK(d <= tolerance, "%s%s: off by %.2g of its largest, allowed %g", prefix, tensors[i].name, d, tolerance);
    }
}

/* The batches of the file, one after the other, as the file's README describes them: SGD, learning rate 0.05. */
static void train_as(Model *m, const char *path) {
    Safetensors file;
    Err err;
    CHECK(safetensors_open(&file, &arena, path, &err), "%s", err.text);
    const Tensor *tokens = tensor_of(&file, "", "tokens"), *pixels = tensor_of(&file, "", "pixels");
    const Tensor *words = tensor_of(&file, "before.", "text.embedding.weight");
    int steps = tokens->shape[0], B = tokens->shape[1], T = tokens->shape[2];
    int embed = tensor_of(&file, "before.", "image.fc.weight")->shape[0];
    *m = new_model(B, T, words->shape[0], words->shape[1], embed);
    for (int i = 0; i < PARAMETERS; i++) {
        int count = m->parameter[i].rows * m->parameter[i].columns;
        set_parameter(m, i, numbers_of(tensor_of(&file, "before.", tensors[i].name), count));
    }
    const num *losses = numbers_of(tensor_of(&file, "", "losses"), steps);
    int *ids = arena_alloc(&arena, tokens->count, sizeof(int));
    CHECK(tensor_to_ints(tokens, ids, tokens->count, &err), "%s", err.text);
    CHECK(pixels->count == (size_t)(steps * B) * 3072, "%zu pixels", pixels->count);
    for (int step = 0; step < steps; step++) {
        for (int b = 0; b < B; b++) {
            unsigned char record[RECORD] = { 0 };
            memcpy(record + 1, pixels->data + (size_t)(step * B + b) * 3072, 3072);
            load_picture(m, b, record);
        }
        memcpy(m->tokens, ids + step * B * T, (size_t)(B * T) * sizeof(int));
        double loss = loss_and_gradients(m, B), want = (double)losses[step];
        CHECK(fabs(loss - want) <= 1e-4, "step %d: loss %.6f, want %.6f", step, loss, want);
        if (step == 0) compare_all(m, &file, "grad0.", true, 1e-4);
        sgd_step(m, 0.05);
    }
    compare_all(m, &file, "after.", false, 1e-3);
    safetensors_close(&file);
}

/* First gradients, all losses, last weights; of $CLIP_REFERENCE's network too, where that is set. */
TEST(trains_as_the_reference) {
    static Model small, large; /* static, as all the lesson's memory: it is never freed */
    const char *folder = getenv("CLIP_REFERENCE");
    train_as(&small, "tests/reference/train/cnn_bow_sgd.safetensors");
    if (folder && *folder) train_as(&large, arena_print(&arena, "%s/train/cnn_bow_sgd.safetensors", folder));
}

/* ---- the library ------------------------------------------------------------------------------------------------- */

static void compare_features(const char *what, const float *got, Mat want) {
    for (size_t i = 0; i < mat_count(want); i++) {
        double mine = (double)got[i], library = (double)want.v[i];
        CHECK(fabs(mine - library) <= 1e-5, "%s, number %zu: %g, the library's %g", what, i, mine, library);
    }
}

/* Unit vectors, loss and all gradients of the library's own towers and loss, with the same numbers in both. */
TEST(computes_as_the_library) {
    enum { B = 5, T = 4, V = 11, D = 7, E = 13 };
    Err err;
    Clip clip;
    Tape tape = { .training = true };
    Rng rng = rng_seed(7, 0);
    ClipConfig config = { .image = { .kind = "small", .embed = E },
                          .tokens = T,
                          .text = { .kind = "bow", .vocabulary = V, .width = D, .embed = E, .padding = -1 } };
    CHECK(clip_init(&clip, config, NULL, 1, &err), "%s", err.text);
    static Model m;
    m = new_model(B, T, V, D, E);
    for (int i = 0; i < PARAMETERS; i++) set_parameter(&m, i, params_find(&clip.params, tensors[i].name)->val.v);
    Mat pixels = mat_like(&arena, mat_shape(4, B, SIDE, SIDE, CHANNELS));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_uniform(&rng);
    for (size_t i = 0; i < mat_count(pixels); i++) m.pixels.value[i] = (float)pixels.v[i];
    for (int i = 0; i < B * T; i++) m.tokens[i] = (int)rng_below(&rng, V);

    Var image = clip_image(&tape, &clip, pixels), text = clip_text(&tape, &clip, m.tokens, B, T);
    Var loss = clip_loss(&tape, clip_logits(&tape, image, text, tape_param(&tape, clip.logit_scale)), (Mat){ 0 });
    double one_file = loss_and_gradients(&m, B);
    compare_features("image", m.image_unit.value, image->val);
    compare_features("text", m.text_unit.value, text->val);
    CHECK_NEAR(one_file, loss->val.v[0], 1e-5);
    tape_backward(&tape, loss);
    for (int i = 0; i < PARAMETERS; i++) {
        const Matrix *p = &m.parameter[i];
        double d = difference(i, p, p->gradient, params_find(&clip.params, tensors[i].name)->grad);
        CHECK(d <= 1e-4, "gradient of %s: off by %.2g of its largest number", tensors[i].name, d);
    }
    tape_free(&tape);
    clip_free(&clip);
}

/* e^t stops at 100. */
TEST(logit_scale_is_clamped) {
    static Model m;
    m = new_model(2, 1, 1, 1, 1);
    m.parameter[LOGIT_SCALE].value[0] = 4.6f;
    m.parameter[LOGIT_SCALE].gradient[0] = -10;
    sgd_step(&m, 0.05);
    CHECK_NEAR(exp(m.parameter[LOGIT_SCALE].value[0]), 100, 1e-5);
}

/* ---- what it reads ----------------------------------------------------------------------------------------------- */

TEST(captions_become_tokens) {
    Vocabulary vocabulary = { 0 };
    int first[MAX_LENGTH], second[MAX_LENGTH];
    CHECK(tokenise(&vocabulary, "a photo of the", "red circle", first) == 6, "%s", "not 6 words");
    CHECK(tokenise(&vocabulary, "a picture of the", "red square", second) == 6, "%s", "not 6 words");
    CHECK(vocabulary.count == 8, "%d words", vocabulary.count);
    for (int t = 0; t < 6; t++) CHECK((first[t] == second[t]) == (t != 1 && t != 5), "word %d", t);
}

/* Runs the whole lesson with options, as a shell would. */
static int lesson(const char *option, const char *value) {
    char *words[] = { (char[]){ "one-file" }, (char *)option, (char *)value, NULL };
    return one_file_main(value ? 3 : 2, words);
}

static void write_file(const char *folder, const char *name, size_t size, int byte) {
    FILE *file = fopen(arena_print(&arena, "%s/%s", folder, name), "wb");
    CHECK(file, "%s/%s cannot be written", folder, name);
    for (size_t i = 0; i < size; i++) fputc(byte, file);
    fclose(file);
}

TEST(bad_files_stop_with_one_line) {
    const char *folder = check_folder();
    CHECK_STOPS(lesson("--data", folder), 1, "data_batch_1.bin: No such file");
    write_file(folder, "data_batch_1.bin", 5000, 0);
    CHECK_STOPS(lesson("--data", folder), 1, "data_batch_1.bin: 5000 bytes, want 30730000; run `make data`");
    write_file(folder, "data_batch_1.bin", 30730001, 0);
    CHECK_STOPS(lesson("--data", folder), 1, "data_batch_1.bin: more than 30730000 bytes");
    write_file(folder, "data_batch_1.bin", 30730000, 10);
    CHECK_STOPS(lesson("--data", folder), 1, "data_batch_1.bin: label 10 in record 0, want 0 to 9");
}

TEST(bad_options_stop_with_one_line) {
    CHECK_STOPS(lesson("--epochs", "0"), 2, "--epochs 0: want a whole number from 1 to 1000");
    CHECK_STOPS(lesson("--batch", "ten"), 2, "--batch ten: want");
    CHECK_STOPS(lesson("--epoch", "1"), 2, "--epoch: unknown option");
    CHECK_STOPS(lesson("--seed", NULL), 2, "--seed: unknown, or without its value");
}

/* ---- what the file is -------------------------------------------------------------------------------------------- */

/* At most 600 lines of at most 120 columns, and nothing of the project in it. */
TEST(is_one_short_file) {
    static const char path[] = "lessons/00-one-file/main.c";
    char line[400];
    int lines = 0;
    FILE *file = fopen(path, "r");
    CHECK(file, "%s cannot be read", path);
    while (fgets(line, sizeof line, file)) {
        lines++;
        CHECK(strlen(line) <= 121, "%s:%d: %zu columns", path, lines, strlen(line) - 1);
        CHECK(!strstr(line, "#include") || strchr(line, '<'), "%s:%d: %s", path, lines, line);
        CHECK(!strstr(line, "#define"), "%s:%d: a macro: %s", path, lines, line);
    }
    fclose(file);
    CHECK(lines <= 600, "%s: %d lines", path, lines);
}

TESTS(trains_as_the_reference, computes_as_the_library, logit_scale_is_clamped, captions_become_tokens,
      bad_files_stop_with_one_line, bad_options_stop_with_one_line, is_one_short_file)
