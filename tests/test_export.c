/* export: a model of own pairs is trained on byte pairs, exported, and read back under both kinds of names: the same
 * vectors for the same pictures and texts. The tokeniser's files give the same tokens. */
#include "core/arena.h"
#include "core/file.h"
#include "dataset/augment.h"
#include "dataset/shapes.h"
#include "formats/json.h"
#include "model/clip_file.h"
#include "pretrained/encoder.h"
#include "pretrained/export.h"
#include "training/train.h"
#include "check.h"
#include "vocabulary_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 12, SIDE = 32, MERGES = BPE_IDS - 2 * 256 - 2 };

static Arena arena;
static const char *folder;
static const char *in(const char *name) { return arena_print(&arena, "%s/%s", folder, name); }

static const char *const captions[] = { "a red circle", "a blue cat", "cats!", "a \xc3\xa9 disc" };

/* Circles of two colours; picture i has the captions i mod 4 and 0. */
static PairSet pairs_make(void) {
    static const uint8_t *planes[PICTURES];
    static int first[PICTURES], count[PICTURES], own[2 * PICTURES];
    double numbers[3 * SIDE * SIDE];
    uint8_t rgb[3 * SIDE * SIDE];
    for (int i = 0; i < PICTURES; i++) {
        Rng rng = rng_seed(5, (uint64_t)i);
        uint8_t *p = arena_alloc(&arena, sizeof rgb, 1);
        shapes_picture(&rng, SHAPE_CIRCLE, i % 2 ? COLOUR_RED : COLOUR_BLUE, (Canvas){ SIDE, numbers }, rgb);
        image_planes(rgb, SIDE * SIDE, p);
        planes[i] = p;
        first[i] = 2 * i;
        count[i] = i % 4 ? 2 : 1;
        own[2 * i] = i % 4;
        own[2 * i + 1] = 0;
    }
    return (PairSet){ PICTURES, SIDE, planes, COUNT(captions), captions, NULL, first, count, own, "test", NULL };
}

static Recipe recipe_of(void) {
    Recipe r = *recipe_find("pairs");
    recipe_towers(&r, &arena, "vit", "transformer");
    r.model.image =
        (ImageTowerSize){ .kind = "vit", .side = SIDE, .patch = 8, .width = 24, .layers = 2, .heads = 3, .embed = 8 };
    r.model.text =
        (TextTowerSize){ .kind = "transformer", .width = 16, .layers = 2, .heads = 4, .embed = 8, .padding = -1 };
    r.model.tokens = 9;
    r.byte_pairs = true;
    r.epochs = 2;
    r.batch = 4;
    return r;
}

static void trained(Clip *clip, const PairSet *set) {
    static const char *const merges[] = { "c a", "ca t</w>", "ca t", "cat s</w>", "\xc3\x83 \xc2\xa9</w>" };
    OutFile out;
    Err err = { "" };
    folder = check_folder();
    const char *text = vocabulary_text(&arena, "#version: 0.2", merges, COUNT(merges), MERGES, "\n");
    CHECK(out_open(&out, in("merges.txt"), &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
    TrainRun run = {
        .recipe = recipe_of(), .seed = 1, .pairs = set, .validation = set, .best = in("best.safetensors")
    };
    run.checkpoint = in("last.safetensors");
    CHECK(train_run(&run, clip, &err), "%s", err.text);
}

/* Unit vectors of all pictures and captions. */
static Mat vectors(Clip *clip, const PairSet *set, const int *ids, int T) {
    int n = set->n, m = set->caption_count, E = clip->config.image.embed;
    Mat all = mat_new(&arena, n + m, E), images = pair_images(clip, &arena, set, NULL, NULL);
    Tape tape = { .no_grad = true };
    memcpy(all.v, images.v, mat_count(images) * sizeof(num));
    memcpy(&AT(all, n, 0), clip_text(&tape, clip, ids, m, T)->val.v, (size_t)(m * E) * sizeof(num));
    tape_free(&tape);
    return all;
}

TEST(both_files_give_the_same_vectors) {
    Clip clip, again;
    Err err = { "" };
    PairSet set = pairs_make();
    trained(&clip, &set);
    const char *to = in("exported");
    CHECK(export_model(&clip, to, false, &err), "%s", err.text);
    int T = clip.config.tokens, ids[COUNT(captions) * 9], theirs[COUNT(captions) * 9];
    clip_encode(&clip, &arena, captions, COUNT(captions), ids);
    Mat want = vectors(&clip, &set, ids, T);
    const char *const names[] = { "open_clip_model.safetensors", "model.safetensors" };
    for (size_t k = 0; k < COUNT(names); k++) {
        CHECK(pretrained_open(&again, arena_print(&arena, "%s/%s", to, names[k]), (PretrainedChoice){ 0 }, &err), "%s",
              err.text);
        CHECK(again.config.tokens == T && again.config.image.heads == 3 && again.config.text.heads == 4 &&
                  !again.config.text.quick_gelu,
              "%d tokens, %d and %d heads", again.config.tokens, again.config.image.heads, again.config.text.heads);
        Mat got = vectors(&again, &set, ids, T);
        for (size_t i = 0; i < mat_count(want); i++) CHECK_NEAR((double)got.v[i], (double)want.v[i], 1e-6);
        CHECK(*again.logit_scale->val.v == *clip.logit_scale->val.v, "%s", "another logit scale");
        clip_free(&again);
    }
    Bpe bpe;
    CHECK(bpe_read(&bpe, &arena, arena_print(&arena, "%s/merges.txt", to), &err), "%s", err.text);
    bpe_encode(&bpe, captions, COUNT(captions), T, theirs, NULL);
    CHECK(!memcmp(ids, theirs, sizeof ids), "%s", "other tokens");
    for (int id = 0; id < BPE_IDS; id++) CHECK(!strcmp(bpe.token[id], clip.bpe->token[id]), "token %d", id);
    clip_free(&clip);
    arena_free(&arena);
}

/* Wherever a folder stands in the way of a file, its name is said. */
static void each_file_is_refused(const Clip *clip) {
    static const char *const names[] = {
        "open_clip_model.safetensors", "open_clip_config.json", "model.safetensors", "config.json",
        "preprocessor_config.json",    "tokenizer_config.json", "vocab.json",        "merges.txt"
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        Err err = { "" };
        const char *to = in(arena_print(&arena, "without%zu", i)), *path = arena_print(&arena, "%s/%s", to, names[i]);
        CHECK(folder_make(path, &err), "%s", err.text);
        CHECK(!export_model(clip, to, false, &err) && strstr(err.text, path) && strstr(err.text, "this is a folder"),
              "%s: %s", names[i], err.text);
    }
    Err err = { "" };
    CHECK(!export_model(clip, in("merges.txt"), false, &err) && strstr(err.text, "this is not a folder"), "%s",
          err.text);
}

/* A number after "KEY": in a JSON text. */
static double number_of(const char *text, const char *key) {
    const char *at = strstr(text, arena_print(&arena, "\"%s\": ", key));
    CHECK(at, "there is no %s", key);
    return strtod(at + strlen(key) + 4, NULL);
}

static const char *json_of(const char *name) {
    File file;
    Err err = { "" };
    const char *path = arena_print(&arena, "%s/%s", in("exported"), name);
    CHECK(file_open(&file, path, &err), "%s", err.text);
    Json j = json_begin(&arena, (const char *)file.data, file.size, name, &err);
    CHECK(json_skip(&j) && json_end(&j), "%s", err.text);
    char *text = arena_print(&arena, "%.*s", (int)file.size, (const char *)file.data);
    file_close(&file);
    return text;
}

TEST(configurations) {
    Clip clip, plain;
    Err err = { "" };
    PairSet set = pairs_make();
    trained(&clip, &set);
    CHECK(export_model(&clip, in("exported"), true, &err), "%s", err.text);
    const char *open = json_of("open_clip_config.json");
    CHECK(number_of(open, "embed_dim") == 8 && number_of(open, "image_size") == 32 &&
              number_of(open, "head_width") == 8 && number_of(open, "patch_size") == 8 &&
              number_of(open, "context_length") == 9 && number_of(open, "vocab_size") == 49408 &&
              strstr(open, "\"quick_gelu\": false") && strstr(open, "\"resize_mode\": \"longest\""),
          "%s", open);
    const char *hugging = json_of("config.json");
    CHECK(number_of(hugging, "projection_dim") == 8 && number_of(hugging, "hidden_size") == 24 &&
              number_of(hugging, "intermediate_size") == 96 && number_of(hugging, "num_attention_heads") == 3 &&
              number_of(hugging, "max_position_embeddings") == 9 && strstr(hugging, "\"hidden_act\": \"gelu\""),
          "%s", hugging);
    CHECK(number_of(json_of("preprocessor_config.json"), "shortest_edge") == 32, "%s", "side");
    CHECK(number_of(json_of("tokenizer_config.json"), "model_max_length") == 9, "%s", "length");
    const char *tokens = json_of("vocab.json");
    CHECK(number_of(tokens, "!") == 0 && number_of(tokens, "cat</w>") == 513 &&
              number_of(tokens, "<|endoftext|>") == 49407,
          "%.40s", tokens);
    each_file_is_refused(&clip);
    clip.config.image.quick_gelu = clip.config.text.quick_gelu = true;
    CHECK(export_model(&clip, in("exported"), false, &err), "%s", err.text);
    CHECK(strstr(json_of("open_clip_config.json"), "\"quick_gelu\": true") &&
              strstr(json_of("open_clip_config.json"), "\"resize_mode\": \"shortest\"") &&
              strstr(json_of("config.json"), "\"hidden_act\": \"quick_gelu\""),
          "%s", json_of("config.json"));
    CHECK(pretrained_open(&plain, in("exported/model.safetensors"), (PretrainedChoice){ 0 }, &err) &&
              plain.config.image.quick_gelu && plain.config.text.quick_gelu,
          "%s", err.text);
    clip_free(&plain);
    Vocab vocab = vocab_of_texts(&arena, captions, COUNT(captions), 1);
    ClipConfig other = { .image = { .kind = "vit", .embed = 8 },
                         .text = { .kind = "bow", .width = 8, .embed = 8 },
                         .tokens = 4 };
    CHECK(clip_init(&plain, other, &vocab, 1, &err), "%s", err.text);
    CHECK(!export_model(&plain, in("other"), false, &err) && strstr(err.text, "the towers are vit and bow with words"),
          "%s", err.text);
    CHECK(!file_exists(in("other")), "%s", "a folder was made");
    clip_free(&plain);
    clip_free(&clip);
    arena_free(&arena);
}

/* A model of byte pairs is loaded with its tokeniser; without the vocabulary it says what is missing. */
TEST(byte_pairs_are_found_again) {
    Clip clip, again;
    Err err = { "" };
    PairSet set = pairs_make();
    trained(&clip, &set);
    CHECK(clip_load(&again, in("best.safetensors"), &err) && again.bpe, "%s", err.text);
    clip_free(&again);
    clip_free(&clip);
    remove(in("merges.txt"));
    setenv("CLIP_MODELS", in("nowhere"), 1);
    CHECK(!clip_load(&again, in("best.safetensors"), &err) && strstr(err.text, "neither merges.txt nor"), "%s",
          err.text);
    arena_free(&arena);
}

TESTS(both_files_give_the_same_vectors, configurations, byte_pairs_are_found_again)
