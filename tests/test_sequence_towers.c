/* Towers of sequences: do only the words and their order matter, does every pair of towers come back from its file, are
 * impossible sizes refused? Values against those of others: check-train, pretrained. */
#include "core/arena.h"
#include "model/clip_file.h"
#include "core/thread.h"
#include "check.h"

#include <string.h>

static Arena arena;
static const char *const kinds[] = { "bow", "lstm", "transformer" };

static Clip model(const char *image, const char *text) {
    Clip clip;
    Err err = { "" };
    static const char *const patterns[] = { "a photo of a {}", "the {} of the {}" }, *const names[] = { "cat",
                                                                                                        "big dog" };
    Vocab vocab = vocab_build(&arena, patterns, 2, names, 2);
    ClipConfig c = { .image = { .kind = image, .widths = { 4, 6, 5 }, .width = 32, .layers = 2, .embed = 8 },
                     .tokens = 6,
                     .text = { .kind = text, .width = 32, .embed = 8, .padding = TEXT_PADDING } };
    if (!strcmp(image, "modified-resnet")) {
        c.image.side = 32;
        c.image.width = 2;
        c.image.heads = 1;
    }
    CHECK(clip_init(&clip, c, &vocab, 5, &err), "%s", err.text);
    Rng rng = rng_seed(5, 77);
    for (int i = 0; i < clip.params.count; i++)
        for (size_t k = 0; k < mat_count(clip.params.list[i]->val); k++)
            clip.params.list[i]->val.v[k] += (num)(0.1 * rng_uniform(&rng));
    return clip;
}

/* The unit vector of a text, on the arena. */
static num *text_of(Clip *clip, const int *ids, int T) {
    Tape tape = { .no_grad = true };
    num *v = arena_alloc(&arena, 8, sizeof *v);
    memcpy(v, clip_text(&tape, clip, ids, 1, T)->val.v, 8 * sizeof *v);
    tape_free(&tape);
    return v;
}

static bool equal(const num *a, const num *b) { return !memcmp(a, b, 8 * sizeof(num)); }

TEST(padding_behind_the_words_is_not_heard) {
    for (size_t k = 0; k < COUNT(kinds); k++) {
        Clip clip = model("small", kinds[k]);
        Tape tape = { .no_grad = true };
        const int both[] = { 2, 3, 4, 0, 0, 0, 2, 3, 4, 5, 6, 7 }, other[] = { 2, 3, 4, 0, 0, 1 };
        Mat pair = clip_text(&tape, &clip, both, 2, 6)->val;
        num *alone = text_of(&clip, both, 6);
        CHECK(equal(alone, pair.v), "%s: a text differs beside a longer one", kinds[k]);
        CHECK(!equal(alone, text_of(&clip, other, 6)), "%s: a word after a gap was not heard", kinds[k]);
        if (strcmp(kinds[k], "transformer"))
            CHECK(equal(alone, text_of(&clip, both, 4)), "%s: in a shorter row", kinds[k]);
        tape_free(&tape);
        clip_free(&clip);
    }
}

TEST(order_is_heard_by_all_but_the_bag_of_words) {
    for (size_t k = 0; k < COUNT(kinds); k++) {
        Clip clip = model("small", kinds[k]);
        num *a = text_of(&clip, (const int[]){ 2, 3, 4, 5, 0, 0 }, 6),
            *b = text_of(&clip, (const int[]){ 3, 2, 4, 5, 0, 0 }, 6);
        double off = 0;
        for (int i = 0; i < 8; i++) off += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
        CHECK((off > 1e-8) == (k > 0), "%s: moved by %g", kinds[k], off);
        clip_free(&clip);
    }
}

TEST(rows_of_the_transformer) {
    const int ids[] = { 4, 0, 5, 0, 0, 0, 0, 0, 2, 3, 2, 3 },
              want[] = { 9, 4, 0, 5, 10, 0, 9, 10, 0, 0, 0, 0, 9, 2, 3, 2, 3, 10 };
    int *rows = text_tower_rows(&arena, (TextTowerSize){ .vocabulary = 9, .padding = 0 }, ids, 3, 4);
    for (int i = 0; i < 18; i++)
        CHECK(rows[i] == want[i], "place %d of row %d: %d, want %d", i % 6, i / 6, rows[i], want[i]);
}

/* Ids as they come: the row's highest is read, of equals the first. */
TEST(the_highest_id_is_read) {
    TextTower tower;
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    CHECK(text_tower_add(
              &tower, &params,
              (TextTowerSize){
                  .kind = "transformer", .vocabulary = 9, .width = 32, .embed = 8, .tokens = 5, .padding = -1 },
              &rng),
          "%s", "transformer");
    const int rows[] = { 1, 8, 2, 8, 3, 1, 8, 5, 5, 0, 1, 3, 8, 8, 3 };
    Tape tape = { 0 };
    const num *y = text_tower(&tape, &tower, rows, 3, 5)->val.v;
    CHECK(equal(y, y + 8) && !equal(y, y + 16), "%s", "1 8 is what is read of the first two");
    CHECK_STOPS(text_tower(&tape, &tower, rows, 1, 4), EXIT_CONTRACT, "texts of 4 tokens, training wants all 5");
    Tape plain = { .no_grad = true };
    CHECK_STOPS(text_tower(&plain, &tower, (const int[]){ 0, 1, 2, 3, 4, 5 }, 1, 6), EXIT_CONTRACT,
                "texts of 6 tokens, this tower takes 5");
    tape_free(&tape);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char *saved(const Clip *clip, const char *key, const char *value) {
    const char *path = arena_print(&arena, "%s/model", check_folder());
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    Clip copy = *clip;
    if (key && !strcmp(key, "vision_heads")) copy.config.image.heads = (int)strlen(value); /* that many strokes */
    if (key && !strcmp(key, "text.layers")) copy.config.text.layers = (int)strlen(value);
    clip_save(&copy, &out, DTYPE_F32);
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    return path;
}

/* All pairs, or each image tower with one text tower. */
static void pairs_come_back(bool all) {
    static const char *const images[] = { "small", "cnn", "resnet", "resnet9", "vit", "modified-resnet" };
    Rng rng = rng_seed(12, 0);
    Mat pixels = mat_like(&arena, mat_shape(4, 2, 32, 32, 3));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_normal(&rng);
    for (size_t i = 0; i < COUNT(images); i++)
        for (size_t k = 0; k < COUNT(kinds); k++) {
            if (!all && i % COUNT(kinds) != k) continue;
            Clip clip = model(images[i], kinds[k]), back;
            Err err = { "" };
            Tape tape = { .no_grad = true };
            CHECK(clip_load(&back, saved(&clip, NULL, NULL), &err), "%s and %s: %s", images[i], kinds[k], err.text);
            const int ids[] = { 2, 3, 4, 2, 0, 0 };
            CHECK(equal(text_of(&clip, ids, 6), text_of(&back, ids, 6)), "text of %s and %s", images[i], kinds[k]);
            Mat a = clip_image(&tape, &clip, pixels)->val, b = clip_image(&tape, &back, pixels)->val;
            CHECK(!memcmp(a.v, b.v, 16 * sizeof(num)), "picture of %s and %s", images[i], kinds[k]);
            tape_free(&tape);
            clip_free(&clip);
            clip_free(&back);
        }
}
TEST(every_tower_comes_back_from_its_file) { pairs_come_back(false); }
TEST(every_pair_comes_back_from_its_file_long) { pairs_come_back(true); }

TEST(files_of_other_sizes_are_refused) {
    Clip clip = model("vit", "transformer"), back;
    Err err = { "" };
    CHECK(!clip_load(&back, saved(&clip, "vision_heads", "|||"), &err) &&
              strstr(err.text, "width 32, 2 layers, 3 heads"),
          "%s", err.text);
    CHECK(!clip_load(&back, saved(&clip, "text.layers", "|||"), &err) &&
              strstr(err.text, "no tensor transformer.resblocks.2."),
          "%s", err.text);
    clip_free(&clip);
}

TEST(impossible_sizes) {
    static const struct {
        ImageTowerSize size;
        const char *want;
    } images[] = {
        { { .kind = "vit", .patch = 64 }, "patches of 64" },
        { { .kind = "vit", .width = 10, .heads = 3 }, "width 10, 4 layers, 3 heads" },
        { { .kind = "vit", .layers = 257 }, "257 layers" },
        { { .kind = "vit", .side = -1 }, "pictures of -1 pixels" },
        { { .kind = "modified-resnet", .side = 100 }, "pictures of 100 pixels" },
        { { .kind = "vgg" }, "there is no image tower \"vgg\"" },
        { { .kind = "modified-resnet", .stages = { 3, 0, 1, 1 } }, "stages of 3, 0, 1 and 1" },
    };
    static const struct {
        TextTowerSize size;
        const char *want;
    } texts[] = {
        { { .kind = "transformer", .vocabulary = 5, .width = 10, .heads = 4 },
          "width 10, state 10, 2 layers, 4 heads" },
        { { .kind = "lstm", .vocabulary = 5, .width = 10, .hidden = -1 }, "state -1" },
        { { .kind = "gpt" }, "there is no text tower \"gpt\"" },
        { { .kind = "transformer", .vocabulary = 5, .width = 32, .tokens = 5000 }, "5000 tokens" },
        { { .kind = "lstm", .vocabulary = 5, .width = 4, .padding = 5 }, "padding 5 of 5 words" },
    };
    Err err;
    for (size_t i = 0; i < COUNT(images); i++)
        CHECK(!image_tower_check(images[i].size, &err) && strstr(err.text, images[i].want), "%s, want %s", err.text,
              images[i].want);
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(!text_tower_check(texts[i].size, &err) && strstr(err.text, texts[i].want), "%s, want %s", err.text,
              texts[i].want);
    Clip clip = model("vit", "bow");
    Tape tape = { .no_grad = true };
    CHECK_STOPS(clip_image(&tape, &clip, mat_like(&arena, mat_shape(4, 1, 36, 32, 3))), EXIT_CONTRACT,
                "this tower takes 32 x 32");
    clip_free(&clip);
}

TESTS(padding_behind_the_words_is_not_heard, order_is_heard_by_all_but_the_bag_of_words, rows_of_the_transformer,
      the_highest_id_is_read, every_tower_comes_back_from_its_file, every_pair_comes_back_from_its_file_long,
      files_of_other_sizes_are_refused, impossible_sizes)
