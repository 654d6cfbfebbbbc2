/* emoji_model: training on scenes, its file, what it must not see. */
#include "27-emoji/emoji_report.h"
#include "27-emoji/emoji_scenes.h"
#include "core/file.h"
#include "core/thread.h"
#include "sum_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena arena;
enum { ITEMS = 40, STEPS = 6 };

static const EmojiConfig config = { .text = "bow", .seed = 3, .steps = STEPS };

static void into_folder(void) { CHECK(setenv("CLIP_MODELS", check_folder(), 1) == 0, "setenv"); }

static void open_model(EmojiModel *model, const EmojiSet *set, const EmojiConfig *c) {
    Err err;
    CHECK(emoji_model_load_or_train(model, set, c, &err), "%s", err.text);
}

TEST(same_bits_for_any_number_of_threads) {
    EmojiSet set;
    EmojiModel model[2];
    Mat image[2];
    emoji_set_generate(&set, &arena, ITEMS);
    for (int k = 0; k < 2; k++) {
        into_folder();
        thread_set_count(k ? 3 : 1);
        open_model(&model[k], &set, &config);
        CHECK(!model[k].kept && isfinite(model[k].loss), "loss %g", model[k].loss);
        image[k] = emoji_model_images(&model[k], &arena, &set, STYLE_OTHER);
    }
    CHECK(!memcmp(image[0].v, image[1].v, mat_count(image[0]) * sizeof(num)), "the vectors differ");
    for (int k = 0; k < 2; k++) emoji_model_free(&model[k]);
    arena_free(&arena);
}

TEST(training_lowers_the_loss) {
    EmojiSet set;
    EmojiModel model;
    into_folder();
    emoji_set_generate(&set, &arena, ITEMS);
    open_model(&model, &set, &(EmojiConfig){ .text = "bow", .seed = 1, .steps = 60 });
    CHECK(model.pairs < ITEMS && model.loss < 0.5 * log(model.pairs), "loss %g of %d pairs", model.loss, model.pairs);
    emoji_model_free(&model);
    arena_free(&arena);
}

TEST(a_kept_model_comes_back) {
    EmojiSet set;
    EmojiModel trained, kept;
    into_folder();
    emoji_set_generate(&set, &arena, ITEMS);
    open_model(&trained, &set, &config);
    open_model(&kept, &set, &config);
    CHECK(kept.kept && !trained.kept && fabs(kept.loss - trained.loss) < 1e-5, "%g, %g", kept.loss, trained.loss);
    Mat a = emoji_model_names(&trained, &arena, &set), b = emoji_model_names(&kept, &arena, &set);
    CHECK(!memcmp(a.v, b.v, mat_count(a) * sizeof(num)), "the vectors differ");
    emoji_model_free(&trained);
    emoji_model_free(&kept);
    arena_free(&arena);
}

static bool emoji_again(void *context, Err *err) {
    EmojiModel model;
    bool ok = emoji_model_load_or_train(&model, context, &config, err);
    if (ok) emoji_model_free(&model);
    return ok;
}

TEST(files_have_a_checksum) {
    EmojiSet set;
    EmojiModel model;
    into_folder();
    emoji_set_generate(&set, &arena, ITEMS);
    open_model(&model, &set, &config);
    emoji_model_free(&model);
    check_sum_of_file(emoji_model_path(&arena, &set, &config), emoji_again, &set);
    arena_free(&arena);
}

TEST(another_file_is_refused) {
    EmojiSet set;
    EmojiModel model;
    Err err;
    into_folder();
    emoji_set_generate(&set, &arena, ITEMS);
    open_model(&model, &set, &config);
    emoji_model_free(&model);
    set.rgb[STYLE_LEARNT][5]++; /* one other byte */
    CHECK(!emoji_model_load_or_train(&model, &set, &config, &err) && strstr(err.text, "holds another model"), "%s",
          err.text);
    set.rgb[STYLE_LEARNT][5]--;
    set.item[2].held = !set.item[2].held;
    CHECK(!emoji_model_load_or_train(&model, &set, &config, &err) && strstr(err.text, "holds another model"), "%s",
          err.text);
    OutFile out;
    CHECK(out_open(&out, emoji_model_path(&arena, &set, &config), &err), "%s", err.text);
    fputs("damaged", out.stream);
    CHECK(out_commit(&out, &err), "%s", err.text);
    CHECK(!emoji_model_load_or_train(&model, &set, &config, &err) && strstr(err.text, "emoji-scenes40-bow"), "%s",
          err.text);
    arena_free(&arena);
}

TEST(nothing_to_train_on) {
    EmojiSet set;
    EmojiModel model;
    Err err;
    into_folder();
    emoji_set_generate(&set, &arena, ITEMS);
    for (int i = 1; i < set.count; i++) set.item[i].held = true;
    CHECK(!emoji_model_load_or_train(&model, &set, &config, &err) && strstr(err.text, "2 are the least"), "%s",
          err.text);
    arena_free(&arena);
}

/* No word of a held-out name alone, and no withheld word, is among the words of the model. */
TEST(what_is_held_out_is_not_seen) {
    EmojiSet set;
    EmojiModel model;
    into_folder();
    emoji_set_generate(&set, &arena, 0);
    for (int i = 0; i < set.count; i++) /* all stars are held out */
        if (emoji_says(&set, i, "star")) set.item[i].held = true;
    open_model(&model, &set, &(EmojiConfig){ .text = "bow", .seed = 1, .steps = 1 });
    CHECK(vocab_find(&model.clip.vocab, "star") == TEXT_UNKNOWN, "star is known");
    CHECK(vocab_find(&model.clip.vocab, "circle") != TEXT_UNKNOWN, "circle is not known");
    for (const Withheld *w = emoji_withheld(&set); w->word; w++) {
        CHECK(vocab_find(&model.clip.vocab, w->word) == TEXT_UNKNOWN, "%s is known", w->word);
        CHECK(emoji_model_known(&model, &arena, w->word) == 0, "%s is known", w->word);
        CHECK(emoji_model_known(&model, &arena, w->description) > 0, "%s is not known", w->description);
    }
    CHECK(emoji_model_known(&model, &arena, "a red zebra") == 2, "a, red");
    emoji_model_free(&model);
    arena_free(&arena);
}

TEST(pixels) {
    uint8_t rgb[EMOJI_PIXELS];
    static num plain[EMOJI_PIXELS], changed[EMOJI_PIXELS];
    for (int i = 0; i < EMOJI_PIXELS; i++) rgb[i] = (uint8_t)(i % 251);
    emoji_pixels(rgb, NULL, plain);
    for (int i = 0; i < EMOJI_PIXELS; i++) CHECK_NEAR((double)plain[i], (rgb[i] / 255.0 - 0.5) / 0.25, 1e-6);
    /* A white picture stays even: only its colour changes, the same at every pixel. */
    memset(rgb, 255, sizeof rgb);
    Rng rng = rng_seed(1, 0);
    emoji_pixels(rgb, &rng, changed);
    for (int i = 3; i < EMOJI_PIXELS; i++) CHECK_NEAR((double)changed[i], (double)changed[i % 3], 1e-4);
    CHECK(fabs((double)changed[0] - 2) > 1e-3, "nothing changed");
}

/* Pictures are never mirrored: the brighter half stays on its side. */
TEST(left_stays_left) {
    uint8_t rgb[EMOJI_PIXELS];
    static num pixels[EMOJI_PIXELS];
    for (int i = 0; i < EMOJI_PIXELS; i++) rgb[i] = i / 3 % EMOJI_SIDE < EMOJI_SIDE / 2 ? 250 : 5;
    for (uint64_t k = 0; k < 200; k++) {
        Rng rng = rng_seed(2, k);
        double left = 0, right = 0;
        emoji_pixels(rgb, &rng, pixels);
        for (int y = 12; y < 20; y++) {
            left += (double)pixels[(y * EMOJI_SIDE + 8) * 3];
            right += (double)pixels[(y * EMOJI_SIDE + 23) * 3];
        }
        CHECK(left > right, "picture %d", (int)k);
    }
}

/* Recall by hand: names 0 to 3 and their pictures; the cosine matrix is given. */
TEST(recall_by_hand) {
    EmojiSet set;
    emoji_set_generate(&set, &arena, 20);
    int held = 0;
    for (int i = 0; i < set.count; i++) held += set.item[i].held = i < 2;
    EmojiTower tower = { .cosine = { mat_zero(&arena, 20, 20), mat_zero(&arena, 20, 20) } };
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 20; j++) AT(tower.cosine[0], i, j) = (num)(i == j ? 0.5 : -0.01 * (i + j));
    for (int j = 2; j < 9; j++) AT(tower.cosine[0], 1, j) = (num)0.9; /* seven names are nearer to picture 1 */
    EmojiRecall r = emoji_recall(&arena, &set, &tower, 0, true, true);
    CHECK(held == 2 && r.queries == 2, "%d", r.queries);
    CHECK_NEAR(r.recall[0], 0.5, 1e-12);
    CHECK_NEAR(r.recall[1], 0.5, 1e-12);
    CHECK_NEAR(r.recall[2], 1, 1e-12);
    CHECK_NEAR(emoji_recall(&arena, &set, &tower, 0, true, false).recall[0], 1, 1e-12);
    arena_free(&arena);
}

TESTS(same_bits_for_any_number_of_threads, training_lowers_the_loss, a_kept_model_comes_back, files_have_a_checksum,
      another_file_is_refused, nothing_to_train_on, what_is_held_out_is_not_seen, pixels, left_stays_left,
      recall_by_hand)
