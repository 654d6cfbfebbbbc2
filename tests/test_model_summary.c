/* model_summary: are all trained numbers counted, are multiply-adds those by hand, does attention sum to 1? */
#include "model/model_summary.h"
#include "core/arena.h"
#include "model/early_fusion.h"
#include "model/image_tower.h"
#include "08-encoders/attention_map.h"
#include "model/text_tower.h"
#include "check.h"

#include <math.h>
#include <string.h>
#include <stdlib.h>

static Arena arena;

static Var pixels_of(Tape *t, int B) {
    Rng rng = rng_seed(1, 1);
    Mat noise = mat_normal(&t->arena, B, 32 * 32 * 3, &rng, 1), pixels = mat_shape(4, B, 32, 32, 3);
    pixels.v = noise.v;
    return tape_data(t, pixels);
}

/* Every number that can be learnt was used by some step, and none twice. */
TEST(all_numbers_of_all_towers) {
    static const char *const images[] = { "small", "cnn", "resnet", "resnet9", "vit" }, *const texts[] = {
        "bow", "lstm", "transformer"
    };
    for (size_t k = 0; k < COUNT(images) + COUNT(texts); k++) {
        Params params = { .arena = &arena };
        Rng rng = rng_seed(1, k);
        Tape t = { .training = true };
        if (k < COUNT(images)) {
            ImageTower tower;
            CHECK(image_tower_add(&tower, &params,
                                  (ImageTowerSize){ .kind = images[k], .widths = { 8, 16, 24 }, .embed = 16 }, &rng),
                  "%zu", k);
            image_tower(&t, &tower, pixels_of(&t, 2));
        } else {
            TextTower tower;
            TextTowerSize size = {
                .kind = texts[k - COUNT(images)], .vocabulary = 9, .width = 32, .embed = 16, .tokens = 4
            };
            int ids[] = { 2, 3, 4, 5 };
            CHECK(text_tower_add(&tower, &params, size, &rng), "%zu", k);
            text_tower(&t, &tower, ids, 1, 4);
        }
        size_t found = model_summary_make(&t.arena, &t, NULL).numbers;
        CHECK(found == params_count(&params), "tower %zu: %zu of %zu", k, found, params_count(&params));
        tape_free(&t);
    }
}

TEST(work_by_hand) {
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    ImageTower small;
    Tape t = { 0 };
    image_tower_add(&small, &params, (ImageTowerSize){ .kind = "small", .embed = 5 }, &rng);
    Var x = pixels_of(&t, 2);
    image_tower(&t, &small, x);
    ModelSummary a = model_summary_make(&t.arena, &t, x);
    /* two pictures: 16 x 16 positions of 16 filters of 3 x 3 x 3, 8 x 8 of 32 of 16 x 3 x 3, 2048 by 5 */
    CHECK(a.work == 2.0 * (16 * 16 * 16 * 27 + 8 * 8 * 32 * 144 + 2048 * 5), "%.0f", a.work);
    CHECK(!strcmp(a.step[0].name, "conv2d") && a.step[0].numbers == 16 * 27 + 16 && a.step[0].shape.shape[1] == 16,
          "%s", a.step[0].name);
    tape_reset(&t);
    Lstm rnn = lstm_add(&params, "rnn", 3, 7, &rng);
    lstm(&t, &rnn, tape_data(&t, (Mat){ 3, { 2, 4, 3, 1 }, arena_zero(&arena, 24, sizeof(num)) }), NULL);
    a = model_summary_make(&t.arena, &t, NULL);
    CHECK(a.work == 2 * 4 * (28 * 3 + 28 * 7), "%.0f",
          a.work); /* each token: four gates of 7, from 3 inputs and 7 of state */
    tape_reset(&t);
    op_attention(&t, tape_data(&t, (Mat){ 3, { 2, 5, 12, 1 }, arena_zero(&arena, 120, sizeof(num)) }), 2, false);
    a = model_summary_make(&t.arena, &t, NULL);
    CHECK(a.work == 2 * (5 * 5 * 4 + 5 * 5 * 4), "%.0f", a.work);
    tape_reset(&t);
    op_matmul(&t, tape_data(&t, mat_zero(&arena, 3, 4)), tape_data(&t, mat_zero(&arena, 4, 5)));
    CHECK(model_summary_make(&t.arena, &t, NULL).work == 60, "%s", "matmul");
    tape_free(&t);
}

TEST(what_repeats_is_printed_once) {
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    Tape t = { 0 };
    Transformer m = transformer_add(&params, "m", (TransformerSize){ .width = 4, .layers = 4, .heads = 1 }, &rng);
    char *path = arena_print(&arena, "%s/out", check_folder()), text[2000];
    FILE *out = tmpfile();
    Var x = tape_data(&t, (Mat){ 3, { 1, 3, 4, 1 }, arena_zero(&arena, 12, sizeof(num)) });
    transformer(&t, &m, op_scale(&t, x, 1), NULL);
    ModelSummary a = model_summary_make(&t.arena, &t, NULL);
    CHECK(out, "%s", path);
    model_summary_print(out, &a);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    fclose(out);
    CHECK(strstr(text, "3 x layernorm") && strstr(text, "gather [1,4]"), "%s", text);
    const char *second = strstr(strstr(text, "attention") + 1, "attention");
    CHECK(second && !strstr(second + 1, "attention"), "%s", text); /* once for the three, once for the last */
    tape_free(&t);
}

TEST(attention_of_the_right_layer) {
    enum { T = 5, D = 6 };
    Rng rng = rng_seed(4, 0);
    Tape t = { 0 };
    Mat one = mat_shape(3, 2, T, 3 * D), even = one;
    one.v = mat_normal(&arena, 2 * T, 3 * D, &rng, 1).v;
    even.v = arena_zero(&arena, 2 * T * 3 * D, sizeof(num));
    op_attention(&t, tape_data(&t, even), 2, false);
    op_attention(&t, tape_data(&t, one), 2, false);
    Mat flat = model_summary_attention(&arena, &t, 0, (AttentionShape){ .heads = 2 }, 1, 3),
        attention = model_summary_attention(&arena, &t, 1, (AttentionShape){ .heads = 2 }, 1, 3);
    double sum = 0, want[T] = { 0 };
    for (int h = 0; h < 2; h++) { /* by its definition */
        double e[T], all = 0;
        for (int j = 0; j < T; j++)
            all += e[j] =
                exp(vec_dot(one.v + (T + 3) * 3 * D + 3 * h, one.v + (T + j) * 3 * D + D + 3 * h, 3) / sqrt(3));
        for (int j = 0; j < T; j++) want[j] += e[j] / all / 2;
    }
    for (int j = 0; j < T; j++) {
        CHECK_NEAR(flat.v[j], 1.0 / T, 1e-6);
        CHECK_NEAR(attention.v[j], want[j], 1e-5);
        sum += (double)attention.v[j];
    }
    CHECK_NEAR(sum, 1, 1e-6);
    CHECK_STOPS(model_summary_attention(&arena, &t, 2, (AttentionShape){ .heads = 2 }, 0, 0), EXIT_CONTRACT,
                "attention 2 of 2");
    CHECK_STOPS(model_summary_attention(&arena, &t, 0, (AttentionShape){ .heads = 2 }, 0, T), EXIT_CONTRACT, "token 5");
    tape_free(&t);
}

/* Both sides matter to an early score, and together: changing the word changes what a change of the picture does. */
TEST(early_fusion_uses_both) {
    Params params = { .arena = &arena };
    Rng rng = rng_seed(2, 0);
    EarlyFusion m = early_fusion_add(&params, (EarlyFusionSize){ 9, 8, 12, 2, 2, 0 }, &rng);
    double score[2][2];
    Tape t = { 0 };
    Var x = pixels_of(&t, 1);
    for (int picture = 0; picture < 2; picture++)
        for (int text = 0; text < 2; text++) {
            Var s = early_fusion_score(&t, &m, picture ? op_scale(&t, x, -1) : x, (int[]){ 2 + text, 4 }, 2);
            CHECK(mat_count(s->val) == 1, "%s", mat_shape_text(s->val));
            score[picture][text] = (double)s->val.v[0];
        }
    CHECK(score[0][0] != score[1][0] && score[0][0] != score[0][1], "%g %g %g", score[0][0], score[0][1], score[1][0]);
    CHECK(fabs(score[0][0] - score[1][0] - score[0][1] + score[1][1]) > 1e-7, "%s", "the two are only added up");
    CHECK_STOPS(early_fusion_score(&t, &m, pixels_of(&t, 2), (int[]){ 1 }, 0), EXIT_CONTRACT, "at least 1");
    tape_free(&t);
}

TEST(attention_map_counts_what_is_covered) {
    AttentionScene scene = attention_scene(1, 7), again = attention_scene(1, 7);
    Mat attention = mat_zero(&arena, 1, 1 + ATTENTION_MAP_PATCHES);
    uint8_t overlay[CIFAR_NUMBERS];
    int covered = 0;
    attention.v[0] = 5; /* to itself: does not count */
    for (int p = 0; p < ATTENTION_MAP_PATCHES; p++) {
        attention.v[1 + p] = scene.covered[p] ? 2 : 1;
        covered += scene.covered[p];
    }
    CHECK(!memcmp(scene.rgb, again.rgb, sizeof scene.rgb) && !strcmp(scene.name, "triangle"), "%s", scene.name);
    CHECK(covered > 2 && covered < 25, "%d", covered);
    CHECK_NEAR(attention_uniform(&scene), covered / 64.0, 1e-12);
    CHECK_NEAR(attention_on_shape(&scene, attention), 2.0 * covered / (64 + covered), 1e-6);
    attention_overlay(&scene, attention, overlay);
    for (int i = 0; i < CIFAR_NUMBERS; i++) {
        int p = i / 3 / 32 / 4 * 8 + i / 3 % 32 / 4;
        CHECK(abs(overlay[i] - (scene.covered[p] ? scene.rgb[i] : (int)(0.55 * scene.rgb[i] + 0.5))) <= 1,
              "number %d: %d of %d", i, overlay[i], scene.rgb[i]);
    }
    /* the shape is where it is said: with area pi size^2 between 0.06 and 0.2 of the picture */
    for (int i = 0; i < 50; i++) {
        AttentionScene s = attention_scene(2, i);
        CHECK(attention_uniform(&s) > 0.04 && attention_uniform(&s) < 0.4, "scene %d: %g", i, attention_uniform(&s));
    }
}

TESTS(all_numbers_of_all_towers, work_by_hand, what_repeats_is_printed_once, attention_of_the_right_layer,
      early_fusion_uses_both, attention_map_counts_what_is_covered)
