/* weights: safetensors files, and both kinds of models in them. */
#include "../tensor_file.h"
#include "fuzz.h"
#include "core/arena.h"
#include "core/file.h"

#include "core/quote.h"
#include "formats/json.h"
#include "model/clip_file.h"
#include "pretrained/pretrained.h"
#include "pretrained/published.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "weights";

int fuzz_safetensors(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Safetensors s;
    Err err = { "" };
    uint8_t *copy = fuzz_copy(data, size);
    file_mock(path, copy, size);
    bool ok = safetensors_open(&s, &arena, path, &err);
    fuzz_answer(ok, &err);
    for (int i = 0; ok && i < s.count; i++) {
        const Tensor *t = &s.tensors[i];
        num *numbers = arena_alloc(&arena, t->count, sizeof *numbers);
        int *ints = arena_alloc(&arena, t->count, sizeof *ints);
        REQUIRE(safetensors_find(&s, t->name) == t, "%s", "a tensor is not found by its name");
        bool real = tensor_to_nums(t, numbers, t->count, &err), whole = tensor_to_ints(t, ints, t->count, &err);
        fuzz_answer(real || whole, &err);
        REQUIRE(!tensor_to_nums(t, numbers, t->count + 1, &err), "%s", "one number too many was read");
        fuzz_sign((uint64_t)t->dtype);
    }
    for (int i = 0; ok && i < s.meta_count; i++) {
        REQUIRE(safetensors_meta(&s, s.meta[i].key) == s.meta[i].value, "%s", "metadata are not found by their key");
        REQUIRE(utf8_is_valid(s.meta[i].value), "%s", "metadata that are no UTF-8");
    }
    if (ok) safetensors_close(&s);
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* ---- models ----------------------------------------------------------------------------------------------------- */

enum { TEXT_LENGTH = 2, SIDE_MAX = 32 };

/* Runs the model on a grey picture and an empty text, whatever its weights are. */
static void model_use(Clip *clip) {
    static const int ids[TEXT_LENGTH];
    Tape tape = { .no_grad = true };
    int side = clip->image.vit || clip->image.modified ? clip->config.image.side : SIDE_MAX;
    if (side <= SIDE_MAX && clip->config.image.embed <= 64) {
        Mat pixels = mat_like(&tape.arena, mat_shape(4, 1, side, side, 3));
        memset(pixels.v, 0, mat_count(pixels) * sizeof(num));
        Var v = clip_image(&tape, clip, pixels);
        fuzz_sign(isfinite(v->val.v[0]) != 0);
    }
    if (clip->config.tokens >= TEXT_LENGTH) {
        Var v = clip_text(&tape, clip, ids, 1, TEXT_LENGTH);
        fuzz_sign(isfinite(v->val.v[0]) != 0);
    }
    tape_free(&tape);
}

int fuzz_model(const uint8_t *data, size_t size) {
    Err err = { "" };
    Clip clip;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock(path, copy, size);
    bool ok = clip_load(&clip, path, &err);
    fuzz_answer(ok, &err);
    if (ok) model_use(&clip);
    clip_free(&clip);
    file_mock(NULL, NULL, 0);
    free(copy);
    return 0;
}

int fuzz_pretrained(const uint8_t *data, size_t size) {
    Err err = { "" };
    Clip clip;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock(path, copy, size);
    bool ok = pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err);
    fuzz_answer(ok, &err);
    if (ok) model_use(&clip);
    clip_free(&clip);
    file_mock(NULL, NULL, 0);
    free(copy);
    return 0;
}

/* The configuration beside a weights file. */
int fuzz_config(const uint8_t *data, size_t size) {
    Err err = { "" };
    Arena arena = { 0 };
    PublishedConfig config;
    uint8_t *copy = fuzz_copy(data, size);
    file_mock("config.json", copy, size);
    ClipConfig sizes = { .image = { .kind = "vit", .width = 768, .layers = 12, .patch = 32, .side = 224, .embed = 512 },
                         .text = { .width = 512, .layers = 12, .vocabulary = BPE_IDS },
                         .tokens = BPE_LENGTH };
    PublishedQuery query = { .weights = path, .hugging_face = size % 2, .sizes = &sizes };
    bool ok = published_config(&config, &arena, &query, &err);
    fuzz_answer(ok, &err);
    if (ok && config.path) {
        REQUIRE(config.image.heads >= 1 && config.text.heads >= 1 && 512 % config.text.heads == 0, "%d and %d heads",
                config.image.heads, config.text.heads);
        fuzz_sign((uint64_t)config.image.heads * 4 + config.image.quick_gelu * 2u + config.text.quick_gelu);
    }
    file_mock(NULL, NULL, 0);
    free(copy);
    arena_free(&arena);
    return 0;
}

/* ---- to begin with ---------------------------------------------------------------------------------------------- */

/* The file of a model, as bytes. */
static size_t saved(Clip *clip, Dtype dtype, Input *in) {
    Arena arena = { 0 };
    Err err;
    File file;
    SafetensorsOut out = safetensors_begin(&arena);
    out.no_sum = true; /* or nearly every changed copy would be refused for its sum */
    char *name = arena_print(&arena, "%s/fuzz-model-%ld", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    clip_save(clip, &out, dtype);
    if (!safetensors_write(&out, name, &err) || !file_open(&file, name, &err)) die("%s", err.text);
    REQUIRE(file.size <= FUZZ_MAX, "a model of %zu bytes is too large to begin with", file.size);
    in->size = file.size;
    memcpy(in->data, file.data, in->size);
    file_close(&file);
    remove(name);
    arena_free(&arena);
    clip_free(clip);
    return in->size;
}

static const ImageTowerSize vit = {
    .kind = "vit", .side = 4, .patch = 2, .width = 4, .layers = 1, .heads = 1, .embed = 2
};

static size_t model_make(int i, Input *in) {
    static const char *const templates[] = { "a {}" }, *const names[] = { "cat", "dog" };
    static const ImageTowerSize images[] = {
        { .kind = "small", .embed = 2 },
        { .kind = "resnet", .widths = { 2, 2 }, .embed = 2 },
        { .kind = "vit", .side = 4, .patch = 2, .width = 4, .layers = 1, .heads = 1, .embed = 2 }
    };
    static const TextTowerSize texts[] = { { .kind = "bow", .width = 2, .embed = 2 },
                                           { .kind = "lstm", .width = 2, .embed = 2, .hidden = 2 },
                                           { .kind = "transformer", .width = 4, .embed = 2, .layers = 1, .heads = 1 } };
    Arena arena = { 0 };
    Clip clip;
    Err err;
    if (i >= (int)COUNT(images)) return 0;
    Vocab vocab = vocab_build(&arena, templates, 1, names, 2);
    if (!clip_init(&clip, (ClipConfig){ .image = images[i], .text = texts[i], .tokens = 3 }, &vocab, 1, &err))
        die("%s", err.text);
    arena_free(&arena);
    return saved(&clip, i ? DTYPE_F32 : DTYPE_F16, in);
}

static size_t pretrained_make(int i, Input *in) {
    Clip clip;
    Err err;
    ClipConfig config = { .image = vit,
                          .tokens = 3,
                          .text = { .kind = "transformer",
                                    .vocabulary = 3,
                                    .width = 4,
                                    .embed = 2,
                                    .layers = 1,
                                    .heads = 1,
                                    .padding = -1 } };
    if (i > 1) return 0;
    if (!clip_init(&clip, config, NULL, 1, &err)) die("%s", err.text);
    return saved(&clip, i ? DTYPE_F16 : DTYPE_F32, in);
}

/* Sets the length of the header: up to the last brace before the first byte that is not text. */
static void header_mend(Input *in) {
    size_t end = 8, last = 8;
    if (in->size < 8) return;
    for (; end < in->size && in->data[end] >= ' ' && in->data[end] < 0x7f; end++)
        if (in->data[end] == '}') last = end + 1;
    uint64_t length = last - 8;
    for (int i = 0; i < 8; i++) in->data[i] = (uint8_t)(length >> 8 * i);
}

static const Word words[] = { W("\"dtype\":"),
                              W("\"shape\":"),
                              W("\"data_offsets\":"),
                              W("\"__metadata__\":{"),
                              W("\"F32\""),
                              W("\"F16\""),
                              W("\"BF16\""),
                              W("\"I64\""),
                              W("\"U8\""),
                              W("[0,0]"),
                              W("[]"),
                              W("{}"),
                              W(",\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"),
                              W("\\u0000"),
                              W("\\ud800"),
                              W("\\u001b"),
                              W("\\n"),
                              W("\"vision_heads\":\"1\","),
                              W("\"text_heads\":\"3\","),
                              W("\"quick_gelu\":\"True\","),
                              W("\"modified-resnet\""),
                              W("\"cnn\""),
                              W("\"lstm\""),
                              W("visual.conv1.weight"),
                              { 0 } };
static const Word config_words[] = { W("\"vision_cfg\""),
                                     W("\"text_cfg\""),
                                     W("\"vision_config\""),
                                     W("\"text_config\""),
                                     W("\"head_width\":"),
                                     W("\"heads\":"),
                                     W("\"hidden_act\":"),
                                     W("\"gelu\""),
                                     W("\"quick_gelu\""),
                                     W("null"),
                                     W("true"),
                                     W("\"model_cfg\":"),
                                     W("\"pool_type\":"),
                                     { 0 } };
HARNESS(config, .corpus = "config", .words = config_words, .check = 4000);
HARNESS(safetensors, .corpus = "safetensors", .mend = header_mend, .words = words, .check = 4000);
HARNESS(model, .make = model_make, .mend = header_mend, .words = words, .check = 1500);
HARNESS(pretrained, .make = pretrained_make, .mend = header_mend, .words = words, .check = 1500);
