/* clip, zeroshot: do weights come back from a file as they went, is every other file refused, are features those of a
 * picture and not of its batch? */
#include "dataset/augment.h"
#include "evaluate/zeroshot.h"
#include "core/arena.h"
#include "core/file.h"
#include "model/clip_file.h"
#include "check.h"
#include "tensor_file.h"

#include <math.h>
#include <string.h>

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder;
    if (!folder) folder = check_folder();
    return arena_print(&arena, "%s/%s", folder, name);
}

/* The narrowest model with everything in it: convolutions, batch norm, frozen filters, words. */
static ClipConfig tiny(const char *kind) {
    return (ClipConfig){ .image = { .kind = kind, .widths = { 4, 6, 5 }, .embed = 8 },
                         .tokens = 4,
                         .text = { .kind = "bow", .width = 7, .embed = 8, .padding = TEXT_PADDING } };
}

static Clip model(const char *kind, uint64_t seed) {
    static const char *const patterns[] = { "a photo of a {}", "one {}" }, *const names[] = { "cat", "big dog" };
    Vocab vocab = vocab_build(&arena, patterns, 2, names, 2);
    Clip clip;
    Err err = { "" };
    CHECK(clip_init(&clip, tiny(kind), &vocab, seed, &err), "%s", err.text);
    Rng rng = rng_seed(seed, 77);
    for (int i = 0; i < clip.params.count; i++) /* batch norm begins with 0 and 1: nothing may stay so */
        for (size_t k = 0; k < mat_count(clip.params.list[i]->val); k++)
            clip.params.list[i]->val.v[k] += (num)(0.1 * rng_uniform(&rng));
    return clip;
}

static const char *saved(const Clip *clip, const char *name, Dtype dtype) {
    Err err;
    const char *path = in_folder(name);
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(clip, &out, dtype);
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    return path;
}

static Mat pictures(int n) {
    Rng rng = rng_seed(12, 0);
    Mat m = mat_like(&arena, mat_shape(4, n, 32, 32, 3));
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_normal(&rng);
    return m;
}

static Mat features(Clip *clip, Mat pixels) {
    Tape tape = { .no_grad = true };
    Mat on_tape = clip_image(&tape, clip, pixels)->val, kept = mat_like(&arena, on_tape);
    memcpy(kept.v, on_tape.v, mat_count(kept) * sizeof(num));
    tape_free(&tape);
    return kept;
}

/* Sizes that were left out are kept with the model, so that its file says them and does not depend on what is usual. */
TEST(sizes_that_were_left_out_are_kept) {
    Clip clip;
    Err err;
    ClipConfig config = {
        .image = { .kind = "vit", .width = 64, .embed = 8 },
        .tokens = 4,
        .text = { .kind = "transformer", .width = 64, .embed = 8, .vocabulary = 9, .padding = TEXT_PADDING }
    };
    CHECK(clip_init(&clip, config, NULL, 1, &err), "%s", err.text);
    const ImageTowerSize *image = &clip.config.image;
    CHECK(image->side == 32 && image->patch == 4 && image->layers == 4 && image->heads == 2,
          "%d / %d, %d layers, %d heads", image->side, image->patch, image->layers, image->heads);
    CHECK(clip.config.text.layers > 0 && clip.config.text.heads == 2, "%d layers, %d heads", clip.config.text.layers,
          clip.config.text.heads);
    Safetensors file;
    Arena read = { 0 };
    const char *path = saved(&clip, "vit", DTYPE_F32);
    CHECK(safetensors_open(&file, &read, path, &err) && !strcmp(safetensors_meta(&file, "vision_heads"), "2"), "%s",
          err.text);
    safetensors_close(&file);
    arena_free(&read);
    clip_free(&clip);
}

/* ---- there and back ---------------------------------------------------------------------------------------------- */

static void round_trip(const char *kind) {
    Clip clip = model(kind, 1), back;
    Err err = { "" };
    CHECK(clip_load(&back, saved(&clip, "f32", DTYPE_F32), &err), "%s", err.text);
    CHECK(back.params.count == clip.params.count, "%d", back.params.count);
    for (int i = 0; i < clip.params.count; i++) {
        const Param *a = clip.params.list[i], *b = back.params.list[i];
        CHECK(!strcmp(a->name, b->name) && mat_same_shape(a->val, b->val) && a->frozen == b->frozen, "%s, %s", a->name,
              b->name);
        CHECK(!memcmp(a->val.v, b->val.v, mat_count(a->val) * sizeof(num)), "%s came back changed", a->name);
    }
    CHECK(!strcmp(back.config.image.kind, kind) && !strcmp(back.config.text.kind, "bow") && back.config.tokens == 4 &&
              back.config.image.embed == 8 && back.config.text.embed == 8 && back.config.text.width == 7 &&
              back.config.text.padding == TEXT_PADDING && back.config.text.vocabulary == clip.vocab.size,
          "%s", "configuration");
    for (int id = TEXT_FIRST_WORD; id < clip.vocab.size; id++)
        CHECK(!strcmp(clip.vocab.word[id], back.vocab.word[id]), "%d", id);
    Mat x = pictures(2), a = features(&clip, x), b = features(&back, x);
    CHECK(!memcmp(a.v, b.v, mat_count(a) * sizeof(num)), "%s", "the same picture, another vector");
    File first, second;
    CHECK(file_open(&first, in_folder("f32"), &err) && file_open(&second, saved(&back, "again", DTYPE_F32), &err), "%s",
          err.text);
    CHECK(first.size == second.size && !memcmp(first.data, second.data, first.size), "%s",
          "written again, other bytes");
    file_close(&first);
    file_close(&second);
    clip_free(&clip);
    clip_free(&back);
}

TEST(file_and_back_cnn) { round_trip("cnn"); }
TEST(file_and_back_small) { round_trip("small"); }

TEST(file_and_back_in_halves) {
    Clip clip = model("cnn", 1), back;
    Err err = { "" };
    CHECK(clip_load(&back, saved(&clip, "f16", DTYPE_F16), &err), "%s", err.text);
    for (int i = 0; i < clip.params.count; i++)
        for (size_t k = 0; k < mat_count(clip.params.list[i]->val); k++) /* 11 bits */
            CHECK_NEAR((double)back.params.list[i]->val.v[k], (double)clip.params.list[i]->val.v[k], 0x1p-11);
    Mat x = pictures(2), a = features(&clip, x), b = features(&back, x);
    for (size_t i = 0; i < mat_count(a); i++) CHECK_NEAR((double)b.v[i], (double)a.v[i], 5e-3);
    clip_free(&clip);
    clip_free(&back);
}

/* ---- files that are refused -------------------------------------------------------------------------------------- */

/* What is to be wrong in a file that is right otherwise. */
typedef struct {
    const char *key, *value; /* metadata with another value; NULL: left out */
    const char *tensor;      /* left out, */
    Mat instead;             /* or, with dims > 0, of another shape */
    const char *accumulate;  /* a tensor too many */
} Wrong;

static const char *wrong_file(Wrong w) {
    static const char *const keys[] = { "model",        "image", "image.widths", "text", "text.width",
                                        "text.padding", "embed", "tokens",       "words" };
    Clip clip = model("cnn", 1);
    const char *right = saved(&clip, "right", DTYPE_F32), *path = in_folder("wrong");
    Safetensors file;
    Err err;
    CHECK(safetensors_open(&file, &arena, right, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    for (size_t i = 0; i < COUNT(keys); i++) {
        const char *value = w.key && !strcmp(w.key, keys[i]) ? w.value : safetensors_meta(&file, keys[i]);
        if (value) safetensors_add_meta(&out, keys[i], value);
    }
    for (int i = 0; i < file.count; i++)
        if (!w.tensor || strcmp(w.tensor, file.tensors[i].name)) tensor_copy(&out, &file.tensors[i]);
        else if (w.instead.dims) safetensors_add(&out, w.tensor, DTYPE_F32, w.instead);
    if (w.accumulate) safetensors_add(&out, w.accumulate, DTYPE_F32, mat_zero(&arena, 1, 1));
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    safetensors_close(&file);
    clip_free(&clip);
    return path;
}

/* One line that names the file and says `text`; the model is left empty. */
static void refuses(Wrong w, const char *text) {
    const char *path = wrong_file(w);
    Clip clip;
    Err err = { "" };
    CHECK(!clip_load(&clip, path, &err), "taken, want: %s", text);
    CHECK(strstr(err.text, text) && strstr(err.text, path) && !strchr(err.text, '\n'), "want \"%s\" in: %s", text,
          err.text);
    CHECK(clip.params.count == 0 && !clip.arena.first && !clip.logit_scale, "%s", "half a model was left");
}

TEST(the_right_file_is_taken) { /* or else the refusals below would show nothing */
    Clip clip;
    Err err = { "" };
    CHECK(clip_load(&clip, wrong_file((Wrong){ 0 }), &err), "%s", err.text);
    clip_free(&clip);
    CHECK(clip_load(&clip, wrong_file((Wrong){ .accumulate = "optim.first.logit_scale" }), &err), "%s",
          err.text); /* of a checkpoint */
    clip_free(&clip);
}

TEST(tensors_must_be_these) {
    refuses((Wrong){ .tensor = "image.conv3.weight" }, "there is no tensor image.conv3.weight");
    refuses((Wrong){ .tensor = "image.bn6.running_var" }, "there is no tensor image.bn6.running_var");
    refuses((Wrong){ .tensor = "logit_scale" }, "there is no tensor logit_scale");
    refuses((Wrong){ .accumulate = "image.conv9.weight" }, "tensor image.conv9.weight is none of this model's");
    refuses((Wrong){ .accumulate = "" }, "none of this model's");
    refuses((Wrong){ .accumulate = "optim" }, "tensor optim is none of this model's");
    refuses((Wrong){ .tensor = "text.fc.bias", .instead = mat_zero(&arena, 1, 8) },
            "text.fc.bias is [1,8], [8] was wanted");
    refuses((Wrong){ .tensor = "text.fc.weight", .instead = mat_zero(&arena, 7, 8) },
            "text.fc.weight is [7,8], [8,7] was wanted");
    refuses((Wrong){ .tensor = "logit_scale", .instead = mat_zero(&arena, 1, 1) },
            "logit_scale is [1,1], [] was wanted");
}

TEST(metadata_must_be_ours) {
    static const char *const needed[] = { "model", "image", "text", "words" };
    for (size_t i = 0; i < COUNT(needed); i++) refuses((Wrong){ .key = needed[i] }, "no model of this toolkit");
    refuses((Wrong){ .key = "model", .value = "vit" }, "no model of this toolkit");
    refuses((Wrong){ .key = "embed" }, "metadata \"embed\" is missing");
    refuses((Wrong){ .key = "image.widths" }, "metadata \"image.widths\" is missing");
    refuses((Wrong){ .key = "image", .value = "vgg" }, "there is no image tower \"vgg\"");
    refuses((Wrong){ .key = "image", .value = "" }, "there is no image tower \"\"");
    refuses((Wrong){ .key = "text", .value = "gpt" }, "there is no text tower \"gpt\"");
    refuses((Wrong){ .key = "image", .value = "small" }, "tensor"); /* another tower's tensors */
    refuses((Wrong){ .key = "image", .value = "resnet9" }, "tensor");
}

TEST(numbers_of_metadata) {
    static const char *const hostile[] = { "-1",  "1000000000", "99999999999999999999", "",   "x", "8 ", "8x",
                                           "1e3", "0x8",        "-9223372036854775808", "nan" };
    static const char *const keys[] = { "embed", "tokens", "text.width" };
    for (size_t k = 0; k < COUNT(keys); k++) {
        for (size_t i = 0; i < COUNT(hostile); i++)
            refuses((Wrong){ .key = keys[k], .value = hostile[i] },
                    arena_print(&arena, "metadata \"%s\" is %s, want a whole number", keys[k], hostile[i]));
        refuses((Wrong){ .key = keys[k], .value = "0" }, "is 0, want a whole number from 1");
    }
    refuses((Wrong){ .key = "text.padding", .value = "-2" }, "metadata \"text.padding\" is -2");
    refuses((Wrong){ .key = "tokens", .value = "4097" }, "4097 tokens");
    static const char *const widths[] = {
        "-1 6 5", "4 6 -1",         "4097 6 5",          "4 6",    "4 6 5 7", "4 6 5 ", "4,6,5",
        "",       "1000000000 6 5", "4 6 1000000000000", "nan 6 5"
    };
    for (size_t i = 0; i < COUNT(widths); i++) refuses((Wrong){ .key = "image.widths", .value = widths[i] }, "widths");
    refuses((Wrong){ .key = "image.widths", .value = "4 6 6" }, "tensor image.");
}

static void report_load(const char *path) {
    Clip clip;
    Err err = { "" };
    double start = processor_seconds();
    const char *result = clip_load(&clip, path, &err) ? "loaded" : "refused";
    fprintf(stderr, "%s%s%s", result, processor_seconds() - start < 1 ? " at once: " : " late: ", err.text);
}

/* Sizes that would take gigabytes are compared with the tensors before memory is taken for them. */
TEST(sizes_are_believed_only_with_their_tensors) {
    static const struct {
        const char *key, *value;
    } large[] = { { "embed", "65536" }, { "text.width", "65536" }, { "image.widths", "4096 4096 4096" } };
    for (size_t i = 0; i < COUNT(large); i++) {
        const char *path = wrong_file((Wrong){ .key = large[i].key, .value = large[i].value });
        CHECK_STOPS(report_load(path), 0, "refused at once: ");
        refuses((Wrong){ .key = large[i].key, .value = large[i].value }, "was wanted");
    }
}

TEST(words_must_be_a_vocabulary) {
    refuses((Wrong){ .key = "words", .value = "zebra ant" }, "alphabetical");
    refuses((Wrong){ .key = "words", .value = "ant  bee" }, "not lower-case words with one space");
    refuses((Wrong){ .key = "words", .value = "Ant bee" }, "vocabulary");
    refuses((Wrong){ .key = "words", .value = "ant ant" }, "vocabulary");
    refuses((Wrong){ .key = "words", .value = "{}" }, "vocabulary");
    refuses((Wrong){ .key = "words", .value = "ant bee" }, "tensor text.embedding.weight"); /* too few */
    refuses((Wrong){ .key = "words", .value = "" }, "tensor text.embedding.weight");
}

TEST(other_files_are_refused) {
    Clip clip;
    Err err = { "" };
    OutFile out;
    CHECK(!clip_load(&clip, in_folder("missing"), &err) && strstr(err.text, "missing: No such file"), "%s", err.text);
    CHECK(!clip_load(&clip, check_folder(), &err) && strstr(err.text, "folder"), "%s", err.text);
    const char *path = in_folder("junk");
    CHECK(out_open(&out, path, &err), "%s", err.text);
    fputs("not a model at all, but long enough to look like one", out.stream);
    CHECK(out_commit(&out, &err), "%s", err.text);
    CHECK(!clip_load(&clip, path, &err) && strstr(err.text, path), "%s", err.text);
    Clip whole = model("cnn", 1);
    File file;
    CHECK(file_open(&file, saved(&whole, "whole", DTYPE_F32), &err), "%s", err.text);
    for (size_t cut = 0; cut < file.size; cut += file.size / 23 + 1) {
        CHECK(out_open(&out, path, &err), "%s", err.text);
        out_write(&out, file.data, cut);
        CHECK(out_commit(&out, &err), "%s", err.text);
        CHECK(!clip_load(&clip, path, &err) && !clip.arena.first, "%zu of %zu bytes were taken for a model", cut,
              file.size);
        CHECK(strstr(err.text, path) && !strchr(err.text, '\n'), "%s", err.text);
    }
    file_close(&file);
    clip_free(&whole);
}

TEST(sizes_no_model_has) {
    Clip clip;
    Err err = { "" };
    ClipConfig c = tiny("cnn");
    CHECK(!clip_init(&clip, c, NULL, 1, &err) && strstr(err.text, "0 words"), "%s",
          err.text); /* nobody said how many */
    Vocab vocab = vocab_build(&arena, (const char *const[]){ "a {}" }, 1, (const char *const[]){ "cat" }, 1);
    c.text.embed = 9;
    CHECK(!clip_init(&clip, c, &vocab, 1, &err) && strstr(err.text, "embedding 8 and 9"), "%s", err.text);
    c = tiny("cnn");
    c.tokens = 0;
    CHECK(!clip_init(&clip, c, &vocab, 1, &err) && strstr(err.text, "0 tokens"), "%s", err.text);
    c = tiny("cnn");
    c.image.widths[1] = -3;
    CHECK(!clip_init(&clip, c, &vocab, 1, &err) && strstr(err.text, "4 -3 5"), "%s", err.text);
    static const int sizes[][3] = { { 0, 5, 5 }, { 65537, 5, 5 }, { 8, 0, 5 }, { 8, 65537, 5 }, { 8, 5, 4097 } };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const int *s = sizes[i];
        c = tiny("cnn");
        c.image.embed = c.text.embed = s[0];
        c.text.width = s[1];
        c.tokens = s[2];
        CHECK(!clip_init(&clip, c, &vocab, 1, &err), "embedding %d, text width %d, %d tokens", s[0], s[1], s[2]);
        const char *want = arena_print(&arena, "text width %d, %d words, %d tokens", s[1], vocab.size, s[2]);
        CHECK(strstr(err.text, arena_print(&arena, "invalid model: embedding %d and %d", s[0], s[0])) &&
                  strstr(err.text, want),
              "%s", err.text);
    }
    CHECK(clip.params.count == 0 && !clip.arena.first, "%s", "half a model was left");
}

TEST(temperature) {
    Clip clip = model("small", 1);
    Err err;
    init_constant(clip.logit_scale, 7);
    clip_clamp(&clip);
    CHECK_NEAR(exp((double)*clip.logit_scale->val.v), 100, 1e-5);
    init_constant(clip.logit_scale, -3);
    clip_clamp(&clip);
    CHECK(*clip.logit_scale->val.v == -3, "%s", "the clamp is from above alone");
    clip_free(&clip);
    ClipConfig c = tiny("small");
    c.text.vocabulary = 5;
    CHECK(clip_init(&clip, c, NULL, 1, &err), "%s", err.text);
    CHECK_NEAR(exp((double)*clip.logit_scale->val.v), 1 / 0.07, 1e-5);
    clip_free(&clip);
    c.logit_scale = 10;
    CHECK(clip_init(&clip, c, NULL, 1, &err), "%s", err.text);
    CHECK_NEAR(exp((double)*clip.logit_scale->val.v), 10, 1e-5);
    clip_free(&clip);
}

/* ---- features ---------------------------------------------------------------------------------------------------- */

static void alone_as_among_others(const char *kind) {
    enum { N = 7 };
    Clip clip = model(kind, 2);
    Mat all = pictures(N), together = features(&clip, all);
    for (int b = 0; b < N; b++) {
        Mat one = { .dims = 4, .shape = { 1, 32, 32, 3 }, .v = all.v + (size_t)b * 3072 }, alone = features(&clip, one);
        CHECK_NEAR(vec_norm(alone.v, 8), 1, 1e-6);
        for (int e = 0; e < 8; e++) CHECK_NEAR((double)AT(alone, 0, e), (double)AT(together, b, e), 1e-5);
    }
    clip_free(&clip);
}

TEST(features_do_not_depend_on_the_batch) {
    alone_as_among_others("cnn");
    alone_as_among_others("small");
}

TEST(inference_learns_nothing) {
    Clip clip = model("cnn", 2);
    Mat x = pictures(3), before = features(&clip, x), after = features(&clip, x);
    CHECK(!memcmp(before.v, after.v, mat_count(before) * sizeof(num)), "%s", "looking changed the model");
    clip_free(&clip);
}

TEST(texts_and_warnings) {
    Clip clip = model("cnn", 3);
    static const char *const texts[] = { "a photo of a cat", "Photo: zebra, of a!", "A CAT of a photo", "walrus" };
    FILE *notes = tmpfile();
    char said[1000] = "";
    Mat t = clip_text_features(&clip, &arena, texts, 4, notes);
    rewind(notes);
    size_t length = fread(said, 1, sizeof said - 1, notes);
    said[length] = '\0';
    fclose(notes);
    CHECK(strstr(said, "\"zebra\"") && strstr(said, "\"walrus\"") && strstr(said, "1 text has no word the model knows"),
          "%s", said);
    CHECK(strstr(said, "has 5 words, the model takes 4"), "%s", said);
    CHECK(t.shape[0] == 4 && t.shape[1] == 8, "%s", mat_shape_text(t));
    for (int i = 0; i < 4; i++) CHECK_NEAR(vec_norm(&AT(t, i, 0), 8), 1, 1e-6);
    Mat alone = clip_text_features(&clip, &arena, texts + 1, 1, NULL);
    CHECK(!memcmp(alone.v, &AT(t, 1, 0), 8 * sizeof(num)), "%s", "alone it has another vector");
    clip_free(&clip);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

TEST(classes_of_several_templates) {
    static const char *const templates[] = { "a photo of a {}", "one {}", "{}" }, *const names[] = { "cat", "big dog" };
    Clip clip = model("cnn", 4);
    Mat classes = zeroshot_classes(&clip, &arena, templates, 3, names, 2, NULL);
    CHECK(classes.shape[0] == 2 && classes.shape[1] == 8, "%s", mat_shape_text(classes));
    for (int c = 0; c < 2; c++) {
        double mean[8] = { 0 }, length = 0;
        for (int k = 0; k < 3; k++) {
            const char *text = text_fill(&arena, templates[k], names[c]);
            Mat one = clip_text_features(&clip, &arena, &text, 1, NULL);
            for (int e = 0; e < 8; e++) mean[e] += (double)one.v[e] / 3;
        }
        for (int e = 0; e < 8; e++) length += mean[e] * mean[e];
        CHECK_NEAR(vec_norm(&AT(classes, c, 0), 8), 1, 1e-6);
        for (int e = 0; e < 8; e++) CHECK_NEAR((double)AT(classes, c, e), mean[e] / sqrt(length), 1e-5);
    }
    Mat single = zeroshot_classes(&clip, &arena, templates, 1, names, 2, NULL),
        text = clip_text_features(&clip, &arena, (const char *const[]){ "a photo of a cat", "a photo of a big dog" }, 2,
                                  NULL);
    for (int i = 0; i < 16; i++) CHECK_NEAR((double)single.v[i], (double)text.v[i], 1e-6);
    clip_free(&clip);
}

static int calls, last_done;
static void count_calls(void *context, int done) {
    (void)context;
    calls++;
    last_done = done;
}

/* Each kind of views against the pictures changed one by one. */
TEST(views_are_weighted_means) {
    enum { N = 10, LEFT = 7 };
    static const Augment looks[6] = { { 0 },
                                      { .mirror = MIRROR_ALWAYS },
                                      { .dx = 1, .dy = 1 },
                                      { .dx = -1, .dy = -1 },
                                      { .mirror = MIRROR_ALWAYS, .dx = 1, .dy = 1 },
                                      { .mirror = MIRROR_ALWAYS, .dx = -1, .dy = -1 } };
    static const struct {
        TestAugmentation tta;
        double weight[6];
    } kinds[] = { { TTA_NONE, { 1 } },
                  { TTA_MIRROR, { 0.5, 0.5 } },
                  { TTA_MIRROR_SHIFT, { 0.25, 0.25, 0.125, 0.125, 0.125, 0.125 } } };
    Clip clip = model("cnn", 5);
    Cifar set;
    cifar_generate(&arena, CIFAR_TEST, N, &set);
    Mat classes = zeroshot_classes(&clip, &arena, (const char *const[]){ "a {}" }, 1,
                                   (const char *const[]){ "cat", "dog", "photo" }, 3, NULL);
    for (size_t k = 0; k < COUNT(kinds); k++) {
        ZeroshotRange range = { .n = LEFT, .batch = 3, .tta = kinds[k].tta, .progress = count_calls };
        calls = 0;
        Mat got = zeroshot_scores(&clip, &arena, classes, &set, range);
        CHECK(calls == 3 && last_done == LEFT, "%d calls, the last after %d", calls, last_done);
        range.batch = 100;
        range.progress = NULL;
        Mat at_once = zeroshot_scores(&clip, &arena, classes, &set, range);
        for (int i = 0; i < LEFT; i++) {
            double want[3] = { 0 };
            for (int v = 0; v < 6; v++) {
                int index = i;
                Mat pixels = mat_like(&arena, mat_shape(4, 1, 32, 32, 3));
                cifar_batch(&set, &index, 1, &looks[v], pixels.v);
                Mat f = features(&clip, pixels);
                for (int c = 0; c < 3; c++) want[c] += kinds[k].weight[v] * vec_dot(f.v, &AT(classes, c, 0), 8);
            }
            for (int c = 0; c < 3; c++) {
                CHECK_NEAR((double)AT(got, i, c), want[c], 1e-5);
                CHECK_NEAR((double)AT(at_once, i, c), want[c], 1e-5);
            }
        }
    }
    Mat none = zeroshot_scores(&clip, &arena, classes, &set, (ZeroshotRange){ .n = 0, .batch = 5 });
    CHECK(none.shape[0] == 0, "%s", mat_shape_text(none));
    CHECK_STOPS(zeroshot_scores(&clip, &arena, classes, &set, (ZeroshotRange){ .n = 11, .batch = 5 }), EXIT_CONTRACT,
                "11 pictures in batches of 5, there are 10");
    clip_free(&clip);
}

TESTS(sizes_that_were_left_out_are_kept, file_and_back_cnn, file_and_back_small, file_and_back_in_halves,
      the_right_file_is_taken, tensors_must_be_these, metadata_must_be_ours, numbers_of_metadata,
      sizes_are_believed_only_with_their_tensors, words_must_be_a_vocabulary, other_files_are_refused,
      sizes_no_model_has, temperature, features_do_not_depend_on_the_batch, inference_learns_nothing,
      texts_and_warnings, classes_of_several_templates, views_are_weighted_means)
