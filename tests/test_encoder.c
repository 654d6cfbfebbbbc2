/* encoder: sizes and costs of the published models, and every step of the tiny model. */
#include "pretrained/encoder.h"
#include "pretrained/published.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;

static Encoder tiny(void) {
    Encoder encoder;
    Err err;
    CHECK(encoder_open(&encoder, &arena, "tiny", (PretrainedChoice){ 0 }, &err), "%s", err.text);
    CHECK(encoder.tiny && !*encoder.path, "%s", encoder.path);
    return encoder;
}

static Image noise(int width, int height, uint64_t seed) {
    Rng rng = rng_seed(seed, 0);
    Image image = image_new(&arena, width, height);
    for (int i = 0; i < width * height * 3; i++) image.rgb[i] = (uint8_t)rng_below(&rng, 256);
    return image;
}

/* ---- published sizes -------------------------------------------------------------------------------------------- */

static EncoderCost cost_of(ImageTowerSize image, int text_width) {
    ClipConfig config = { .image = image, .tokens = 77 };
    config.text = (TextTowerSize){ .kind = "transformer",
                                   .vocabulary = BPE_IDS,
                                   .width = text_width,
                                   .layers = 12,
                                   .heads = text_width / 64,
                                   .embed = image.embed,
                                   .tokens = 77,
                                   .padding = -1 };
    Clip clip;
    Err err;
    CHECK(clip_plan(&clip, config, NULL, &err), "%s", err.text);
    EncoderCost cost = encoder_cost(&clip);
    clip_free(&clip);
    return cost;
}

static ImageTowerSize vit(int patch, int width, int layers, int embed) {
    return (ImageTowerSize){ .kind = "vit",
                             .side = 224,
                             .patch = patch,
                             .width = width,
                             .layers = layers,
                             .heads = width / 64,
                             .embed = embed };
}

/* Numbers: sums over the published models' parameters, 151,277,313 and 427,616,513 and 102,007,137 in all. Work: half
 * of the operations that open_clip counts (docs/model_profile.csv: 8.82 and 5.96, 162.03 and 13.3, 12.22; the last also
 * counts questions of the attention pooling that nobody asks, 0.32). */
TEST(encoder_costs_of_published_models) {
    EncoderCost b32 = cost_of(vit(32, 768, 12, 512), 512), l14 = cost_of(vit(14, 1024, 24, 768), 768);
    ImageTowerSize resnet = {
        .kind = "modified-resnet", .side = 224, .width = 64, .stages = { 3, 4, 6, 3 }, .embed = 1024
    };
    EncoderCost rn50 = cost_of(resnet, 512);
    CHECK(b32.image_params == 87849216 && b32.text_params == 151277313 - 87849216, "%.0f", b32.text_params);
    CHECK(l14.image_params == 303966208 && l14.text_params == 427616513 - 303966208, "%.0f", l14.text_params);
    CHECK(rn50.image_params == 38316896 && rn50.text_params == 102007137 - 38316896, "%.0f", rn50.text_params);
    CHECK_NEAR(b32.image_macs / 1e9, 4.41, 0.005);
    CHECK_NEAR(b32.text_macs / 1e9, 2.98, 0.005);
    CHECK_NEAR(l14.image_macs / 1e9, 81.015, 0.005);
    CHECK_NEAR(l14.text_macs / 1e9, 6.65, 0.005);
    CHECK_NEAR(rn50.image_macs / 1e9, 6.11 - 0.32, 0.005);
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

/* A picture is encoded with the colours of its model. */
TEST(encoder_colours_are_the_models) {
    Encoder encoder = tiny();
    Image grey = noise(224, 224, 3);
    Mat first = encoder_images(&encoder, &arena, &grey, 1, NULL, NULL);
    encoder.clip.colours = (ColourScale){ { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 } };
    num pixels[12];
    Mat second = encoder_images(&encoder, &arena, &grey, 1, NULL, NULL);
    CHECK(memcmp(first.v, second.v, mat_count(first) * sizeof(num)) != 0, "%s", "other colours, the same vector");
    Image black = image_new(&arena, 2, 2);
    memset(black.rgb, 0, 12);
    encoder_pixels(&encoder.clip.colours, black, 2, pixels);
    CHECK_NEAR(pixels[0], -1, 1e-6);
    encoder_close(&encoder);
    arena_free(&arena);
}

TEST(encoder_pixels_by_hand) {
    Image image = image_new(&arena, 2, 2);
    static const uint8_t colours[] = { 0, 0, 0, 255, 255, 255, 128, 64, 32, 10, 20, 30 };
    memcpy(image.rgb, colours, sizeof colours);
    num pixels[12];
    encoder_pixels(&openai_colours, image, 2, pixels);
    CHECK_NEAR(pixels[0], -0.48145466 / 0.26862954, 1e-6);
    CHECK_NEAR(pixels[4], (1 - 0.4578275) / 0.26130258, 1e-6);
    CHECK_NEAR(pixels[8], (32 / 255.0 - 0.40821073) / 0.27577711, 1e-6);
    arena_free(&arena);
}

/* A vector depends neither on the batch nor on the number of threads. */
TEST(encoder_vectors_are_their_own) {
    Encoder encoder = tiny();
    enum { N = 19 };
    Image images[N];
    const char *texts[2 * N];
    for (int i = 0; i < N; i++) images[i] = noise(200 + i, 150 + 5 * i, (uint64_t)i);
    for (int i = 0; i < 2 * N; i++) texts[i] = arena_print(&arena, "text number %d", i);
    thread_set_count(1);
    Mat image = encoder_images(&encoder, &arena, images, N, NULL, NULL);
    Mat text = encoder_texts(&encoder, &arena, texts, 2 * N, NULL);
    thread_set_count(3);
    int E = image.shape[1];
    CHECK(image.shape[0] == N && text.shape[0] == 2 * N && E == text.shape[1], "%s %s", mat_shape_text(image),
          mat_shape_text(text));
    for (int i = 0; i < N; i++) {
        Mat alone = encoder_images(&encoder, &arena, &images[i], 1, NULL, NULL);
        CHECK(!memcmp(alone.v, &AT(image, i, 0), (size_t)E * sizeof(num)), "picture %d", i);
        CHECK_NEAR(vec_norm(alone.v, E), 1, 1e-5);
        alone = encoder_texts(&encoder, &arena, &texts[i], 1, NULL);
        CHECK(!memcmp(alone.v, &AT(text, i, 0), (size_t)E * sizeof(num)), "text %d", i);
    }
    CHECK(memcmp(&AT(text, 0, 0), &AT(text, 1, 0), (size_t)E * sizeof(num)), "%s", "two texts are the same");
    encoder_close(&encoder);
    arena_free(&arena);
}

TEST(encoder_classes_are_means) {
    Encoder encoder = tiny();
    static const char *const templates[] = { "a {}", "the {}!", "{}" }, *const names[] = { "cat", "dog" };
    static const char *const texts[] = { "a dog", "the dog!", "dog" };
    Mat classes = encoder_classes(&encoder, &arena, templates, 3, names, 2);
    Mat each = encoder_texts(&encoder, &arena, texts, 3, NULL);
    int E = classes.shape[1];
    num *mean = arena_zero(&arena, (size_t)E, sizeof *mean);
    rows_add(each.v, 3, E, mean);
    CHECK(classes.shape[0] == 2, "%s", mat_shape_text(classes));
    CHECK_NEAR(vec_cosine(mean, &AT(classes, 1, 0), E), 1, 1e-6);
    CHECK_NEAR(vec_norm(&AT(classes, 0, 0), E), 1, 1e-5);
    encoder_close(&encoder);
    arena_free(&arena);
}

TEST(encoder_counts_what_it_cuts) {
    Encoder encoder = tiny();
    char *text = arena_alloc(&arena, 101, 1);
    memset(text, 'x', 100);
    text[100] = '\0';
    const char *const texts[] = { "short", text };
    int cut = -1;
    encoder_texts(&encoder, &arena, texts, 2, &cut);
    CHECK(cut == 1, "%d", cut);
    CHECK(!strcmp(bpe_token(&encoder.bpe, &arena, 'x' - 33), "x"), "%s", "bytes are tokens");
    encoder_close(&encoder);
    arena_free(&arena);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

TEST(encoder_refuses) {
    Encoder encoder;
    Err err;
    CHECK(!encoder_open(&encoder, &arena, "/nowhere/weights.safetensors", (PretrainedChoice){ 0 }, &err), "%s",
          "opened");
    CHECK(strstr(err.text, "/nowhere/weights.safetensors: No such file"), "%s", err.text);
    setenv("CLIP_MODELS", check_folder(), 1);
    CHECK(encoder_open(&encoder, &arena, "auto", (PretrainedChoice){ 0 }, &err) && encoder.tiny, "%s", err.text);
    encoder_close(&encoder);
    const char *reference = check_reference("tiny_clip/openai_f32.safetensors");
    CHECK(!encoder_open(&encoder, &arena, reference, (PretrainedChoice){ 0 }, &err), "%s", "opened");
    CHECK(strstr(err.text, "different tokens, CLIP's tokeniser makes 49408"), "%s", err.text);
    arena_free(&arena);
}

/* The tiny model under published names, found where `make pretrained` puts files, with and without its vocabulary. */
TEST(encoder_finds_weights_and_vocabulary) {
    const char *vocabulary = check_reference("bpe/bpe_simple_vocab_16e6.txt.gz"), *folder = check_folder();
    Encoder first = tiny(), encoder;
    Err err;
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < first.clip.params.count; i++)
        safetensors_add(&out, first.clip.params.list[i]->name, DTYPE_F32, first.clip.params.list[i]->val);
    setenv("CLIP_MODELS", folder, 1);
    const char *path = arena_print(&arena, "%s/vit-b-32-laion2b.safetensors", folder);
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    CHECK(!encoder_open(&encoder, &arena, "auto", (PretrainedChoice){ .gelu = GELU_QUICK }, &err), "%s",
          "there is no vocabulary");
    CHECK(strstr(err.text, "`make pretrained` fetches the vocabulary"), "%s", err.text);
    File file;
    OutFile copy;
    CHECK(file_open(&file, vocabulary, &err), "%s", err.text);
    CHECK(out_open(&copy, arena_print(&arena, "%s/bpe_simple_vocab_16e6.txt.gz", folder), &err), "%s", err.text);
    out_write(&copy, file.data, file.size);
    CHECK(out_commit(&copy, &err), "%s", err.text);
    file_close(&file);
    CHECK(encoder_open(&encoder, &arena, "auto", (PretrainedChoice){ .gelu = GELU_QUICK }, &err), "%s", err.text);
    CHECK(!encoder.tiny && !strcmp(encoder.path, path), "%s", encoder.path);
    Image image = noise(300, 260, 5);
    Mat a = encoder_images(&first, &arena, &image, 1, NULL, NULL);
    Mat b = encoder_images(&encoder, &arena, &image, 1, NULL, NULL);
    CHECK_NEAR(vec_cosine(a.v, b.v, a.shape[1]), 1, 1e-5);
    encoder_close(&first);
    encoder_close(&encoder);
    arena_free(&arena);
}

TESTS(encoder_costs_of_published_models, encoder_pixels_by_hand, encoder_colours_are_the_models,
      encoder_vectors_are_their_own, encoder_classes_are_means, encoder_counts_what_it_cuts, encoder_refuses,
      encoder_finds_weights_and_vocabulary)
