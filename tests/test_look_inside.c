/* Lesson 23: words in pictures, order in depth, gradients to pixels, maps, mining, few bits, the modality gap. */
#include "23-a-look-inside/few_bits.h"
#include "23-a-look-inside/inside_measure.h"
#include "23-a-look-inside/mining.h"
#include "23-a-look-inside/modality_gap.h"
#include "23-a-look-inside/pixel_gradient.h"
#include "23-a-look-inside/where_it_looks.h"
#include "core/thread.h"
#include "model/model_summary.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = CIFAR_NUMBERS, SIDE = CIFAR_SIDE };
static Arena arena;

/* ---- words ------------------------------------------------------------------------------------------------------- */

static int white(const uint8_t *rgb, int x, int y) { return rgb[3 * (y * SIDE + x)] == 255; }

TEST(a_letter_is_drawn_where_it_is_wanted) {
    static const char *const rows[] = { ".#.", "#.#", "###", "#.#", "#.#" }; /* "a" */
    uint8_t rgb[PIXELS] = { 0 };
    word_write(rgb, "a", 10, 20);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            bool inside = x >= 11 && x < 14 && y >= 21 && y < 26;
            CHECK(white(rgb, x, y) == (inside && rows[y - 21][x - 11] == '#'), "pixel %d, %d", x, y);
        }
}

TEST(words_are_different_and_stay_inside) {
    enum { WORDS = SHAPE_COUNT };
    static uint8_t rgb[WORDS][PIXELS];
    for (int w = 0; w < WORDS; w++) {
        word_write(rgb[w], shape_name((Shape)w), w % 2 ? 1000 : -1000, w % 2 ? 1000 : -1000);
        int ink = 0;
        for (int i = 0; i < SIDE * SIDE; i++) ink += rgb[w][3 * i] == 255;
        CHECK(ink >= 15, "%s has %d white pixels", shape_name((Shape)w), ink);
        for (int v = 0; v < w; v++) CHECK(memcmp(rgb[v], rgb[w], PIXELS) != 0, "%d and %d look alike", v, w);
    }
    word_write(rgb[0], "automobile", 0, SIDE); /* two lines */
    word_write(rgb[0], "red triangle", 0, SIDE);
    CHECK_STOPS(word_write(rgb[0], "Cat", 0, 0), EXIT_CONTRACT, "want a to z");
    CHECK_STOPS(word_write(rgb[0], "abcdefghijklmnopq", 0, 0), EXIT_CONTRACT, "two lines");
}

TEST(words_are_written_as_the_kind_says) {
    int written[WORDS_KINDS] = { 0 }, own[WORDS_KINDS] = { 0 };
    for (int kind = 0; kind < WORDS_KINDS; kind++)
        for (uint64_t i = 0; i < 400; i++) {
            WordScene scene = word_scene((WordsKind)kind, 5, i);
            written[kind] += scene.word < SHAPE_COUNT;
            own[kind] += scene.word == scene.scene.object[0].shape;
        }
    CHECK(written[WORDS_NONE] == 0, "%d words", written[WORDS_NONE]);
    CHECK(written[WORDS_NAMES] == own[WORDS_NAMES] && abs(written[WORDS_NAMES] - 200) < 40, "%d", written[WORDS_NAMES]);
    CHECK(abs(written[WORDS_ANY] - 200) < 40 && own[WORDS_ANY] < 50, "%d, %d", written[WORDS_ANY], own[WORDS_ANY]);
}

/* The word does not touch the object: the object's cells are the same with and without it. */
TEST(a_word_does_not_cover_the_object) {
    uint8_t with[PIXELS], without[PIXELS];
    for (uint64_t i = 0; i < 50; i++) {
        bool covered[CELLS];
        WordScene scene = word_scene(WORDS_NONE, 6, i), word = scene;
        word.word = SHAPE_TRIANGLE;
        word_picture(&scene, true, without);
        word_picture(&word, true, with);
        CHECK(object_cells(&scene.scene, 0, covered) >= 1, "scene %d: no cell", (int)i);
        for (int k = 0; k < PIXELS; k++) {
            int cell = k / 3 / SIDE / CELL_SIDE * CELLS_ACROSS + k / 3 % SIDE / CELL_SIDE;
            CHECK(!covered[cell] || with[k] == without[k], "scene %d, number %d", (int)i, k);
        }
    }
}

/* ---- depth ------------------------------------------------------------------------------------------------------- */

TEST(pictures_of_an_item_differ_in_depth_alone) {
    for (int cue = 0; cue < DEPTH_CUES; cue++)
        for (uint64_t i = 0; i < 100; i++) {
            DepthItem item = depth_item((DepthCue)cue, 9, i);
            const SceneObject *far = item.scene[0].object, *near = far + 1;
            CHECK(item.near[0] == item.far[1] && item.far[0] == item.near[1] && item.near[0] != item.far[0], "%s",
                  "types");
            for (int k = 0; k < 2; k++) { /* what is near in one picture is far in the other, at the same place */
                const SceneObject *a = &item.scene[0].object[k], *b = &item.scene[1].object[1 - k];
                CHECK(a->x == b->x && a->y == b->y && a->shape == b->shape && a->colour == b->colour, "object %d", k);
            }
            double apart = hypot(near->x - far->x, near->y - far->y) / (near->radius + far->radius);
            CHECK((apart > 1) == (cue == DEPTH_SIZE), "%s: %g", depth_cue_name((DepthCue)cue), apart);
            int larger = (near->radius > far->radius) - (near->radius < far->radius);
            static const int want[DEPTH_CUES] = { 1, 1, 0, -1 };
            CHECK(larger == want[cue], "%s: %g, %g", depth_cue_name((DepthCue)cue), near->radius, far->radius);
        }
}

TEST(captions_of_depth_have_the_same_words) {
    char a[CAPTION_TEXT], b[CAPTION_TEXT];
    depth_text(0, 5, a);
    depth_text(5, 0, b);
    CHECK(!strcmp(a, "a red circle nearer than a blue square"), "%s", a);
    CHECK(caption_same_words(a, b) && strcmp(a, b) != 0, "%s", b);
}

/* ---- gradients to the pixels ------------------------------------------------------------------------------------- */

static void small_model(Clip *clip, LookKind kind) {
    static Cifar set;
    if (!set.n) cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    look_init(clip, &(LookConfig){ kind, 3, 1, kind == LOOK_PICTURES ? &set : NULL });
}

static double cosine_at(Clip *clip, Mat pixels, Mat text) {
    Arena work = { 0 };
    double cosine = vec_dot(look_images(clip, &work, pixels).v, text.v, LOOK_EMBED);
    arena_free(&work);
    return cosine;
}

/* c(x + h g) - c(x - h g) is 2 h |g|^2 to first order. */
static void check_direction(Clip *clip, Mat pixels, Mat text) {
    Mat g = cosine_gradient(clip, &arena, pixels, text, NULL), moved = mat_like(&arena, pixels);
    double length = vec_norm(g.v, (int)mat_count(g)), h = 0.02 / length, c[2];
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < mat_count(g); i++) moved.v[i] = pixels.v[i] + (num)((k ? h : -h) * (double)g.v[i]);
        c[k] = cosine_at(clip, moved, text);
    }
    CHECK_NEAR((c[1] - c[0]) / (2 * h * length * length), 1, 0.05);
}

TEST(the_gradient_of_the_cosine_reaches_the_pixels) {
    const LookKind kinds[] = { LOOK_PICTURES, LOOK_PLAIN, LOOK_PATCHES };
    for (size_t k = 0; k < COUNT(kinds); k++) {
        Clip clip;
        Rng rng = rng_seed(4, k);
        small_model(&clip, kinds[k]);
        Mat pixels = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3)),
            text = mat_normal(&arena, 1, LOOK_EMBED, &rng, 1);
        for (int i = 0; i < PIXELS; i++) pixels.v[i] = (num)rng_normal(&rng);
        mat_normalise_rows(text);
        check_direction(&clip, pixels, text);
        clip_free(&clip);
    }
}

/* Two classes: the gradient of the loss is a positive multiple of that of c_other - c_own. */
TEST(the_gradient_of_the_loss_leads_away_from_the_class) {
    Clip clip;
    Rng rng = rng_seed(4, 9);
    int label = 0;
    small_model(&clip, LOOK_PICTURES);
    Mat pixels = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3)), texts = mat_normal(&arena, 2, LOOK_EMBED, &rng, 1);
    for (int i = 0; i < PIXELS; i++) pixels.v[i] = (num)rng_normal(&rng);
    mat_normalise_rows(texts);
    Mat difference = mat_new(&arena, 1, LOOK_EMBED);
    for (int c = 0; c < LOOK_EMBED; c++) difference.v[c] = AT(texts, 1, c) - AT(texts, 0, c);
    Mat loss = loss_gradient(&clip, &arena, pixels, texts, &label);
    Mat cosine = cosine_gradient(&clip, &arena, pixels, difference, NULL);
    CHECK_NEAR(vec_cosine(loss.v, cosine.v, PIXELS), 1, 1e-4);
    clip_free(&clip);
}

/* The answer is turned by the least step, and not by any smaller one. */
TEST(the_least_step_is_the_least) {
    enum { N = 8 };
    Cifar set;
    Clip clip;
    int least[N], answer[N], after, turned = 0;
    const PixelScale scale = pixels_photograph();
    cifar_generate(&arena, CIFAR_TEST, 10, &set);
    small_model(&clip, LOOK_PICTURES);
    Mat texts = inside_texts(&clip, &arena, &set), pixels = look_pixels(&arena, &set, NULL, N);
    look_answers(look_images(&clip, &arena, pixels), texts, answer);
    static uint8_t rgb[N * PIXELS], changed[PIXELS];
    for (int i = 0; i < N; i++) cifar_picture(&set, i, rgb + i * PIXELS);
    Mat sign = loss_gradient(&clip, &arena, pixels, texts, answer),
        one = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3));
    memset(sign.v + PIXELS + 6, 0, (PIXELS - 6) * sizeof(num)); /* the second picture changes less, the third never */
    memset(sign.v + 2 * PIXELS, 0, PIXELS * sizeof(num));
    least_turn(&clip, &scale, rgb, N, SIDE, texts, answer, sign.v, least);
    CHECK(least[2] == TURN_MAX + 1 && least[1] > least[0] && least[1] <= TURN_MAX, "%d, %d, %d", least[0], least[1],
          least[2]);
    for (int i = 0; i < N; i++) {
        CHECK(least[i] >= 1 && least[i] <= TURN_MAX + 1, "picture %d: %d", i, least[i]);
        turned += least[i] <= TURN_MAX;
        for (int k = 0; k <= MIN(least[i], TURN_MAX); k++) {
            turn_picture(rgb + i * PIXELS, PIXELS, sign.v + (size_t)i * PIXELS, k, changed);
            pixels_from_bytes(&scale, changed, PIXELS, one.v);
            look_answers(look_images(&clip, &arena, one), texts, &after);
            CHECK((after != answer[i]) == (k == least[i]), "picture %d: step %d of %d", i, k, least[i]);
        }
    }
    CHECK(turned > 0, "%s", "no picture was turned");
    clip_free(&clip);
}

TEST(bytes_become_pixels_and_come_back) {
    const PixelScale scales[] = { pixels_photograph(), pixels_scene() };
    uint8_t rgb[3 * 256], back[3 * 256];
    num pixels[3 * 256];
    for (int i = 0; i < 3 * 256; i++) rgb[i] = (uint8_t)(i / 3);
    for (size_t k = 0; k < COUNT(scales); k++) {
        pixels_from_bytes(&scales[k], rgb, sizeof rgb, pixels);
        pixels_to_bytes(&scales[k], pixels, sizeof rgb, back);
        CHECK(!memcmp(rgb, back, sizeof rgb), "scale %d", (int)k);
    }
}

TEST(ascent_climbs) {
    Clip clip;
    double trace[21];
    const PixelScale scale = pixels_scene();
    small_model(&clip, LOOK_PICTURES);
    Rng rng = rng_seed(5, 5);
    Mat text = mat_normal(&arena, 1, LOOK_EMBED, &rng, 1);
    mat_normalise_rows(text);
    for (int smooth = 0; smooth < 2; smooth++) {
        Ascent how = { .side = SIDE, .steps = 20, .rate = 0.05, .smooth = 0.2 * smooth, .seed = 1 };
        ascend(&clip, &arena, &scale, text, &how, trace);
        CHECK(trace[20] > trace[0] + 0.1, "from %g to %g", trace[0], trace[20]);
    }
    const uint8_t stripes[] = { 0, 0, 0, 10, 10, 10, 0, 0, 0, 10, 10, 10 }; /* [2,2,3] */
    CHECK_NEAR(roughness(stripes, 2), 5, 1e-12);
    clip_free(&clip);
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

TEST(maps_add_up_to_one) {
    Clip clip;
    Scene scene = scene_make(&(SceneConfig){ .seed = 2, .least = 2, .max = 2 }, 0);
    Mat pixels = mat_like(&arena, mat_shape(4, 2, SIDE, SIDE, 3));
    small_model(&clip, LOOK_PATCHES);
    for (int i = 0; i < 2; i++) scene_pixels(&scene, pixels.v + i * PIXELS);
    const char *const said[2][2] = { { "a red thing", "a blue thing" }, { "a blue thing", "a red thing" } };
    Mat text[2], map[2];
    for (int k = 0; k < 2; k++) text[k] = clip_text_features(&clip, &arena, said[k], 2, NULL);
    for (int kind = 0; kind < MAP_KINDS; kind++) {
        look_maps(&clip, &arena, (MapKind)kind, pixels, text, 2, map);
        for (int i = 0; i < 4; i++) {
            double sum = 0;
            for (int k = 0; k < CELLS; k++) sum += (double)AT(map[i / 2], i % 2, k);
            CHECK_NEAR(sum, 1, 1e-5);
        }
        bool same = !memcmp(&AT(map[0], 0, 0), &AT(map[1], 0, 0), CELLS * sizeof(num));
        CHECK(!memcmp(&AT(map[0], 0, 0), &AT(map[1], 1, 0), CELLS * sizeof(num)), "%s depends on the row", "a map");
        CHECK(same == (kind == MAP_ATTENTION), "%s of the same picture and two texts", map_name((MapKind)kind));
    }
    clip_free(&clip);
}

/* The numbers of the attention map are those of the patches, not of the class token. */
TEST(attention_is_that_of_the_patches) {
    Clip clip;
    Tape t = { 0 };
    Rng rng = rng_seed(8, 8);
    Mat pixels = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3)), map;
    for (int i = 0; i < PIXELS; i++) pixels.v[i] = (num)rng_normal(&rng);
    small_model(&clip, LOOK_PATCHES);
    clip_image(&t, &clip, pixels);
    Mat row = model_summary_attention(&arena, &t, 1, (AttentionShape){ .heads = 2 }, 0, 0);
    look_maps(&clip, &arena, MAP_ATTENTION, pixels, NULL, 1, &map);
    for (int k = 0; k < CELLS; k++) CHECK_NEAR(map.v[k] * (1 - row.v[0]), row.v[1 + k], 1e-5);
    tape_free(&t);
    clip_free(&clip);
}

TEST(a_map_is_measured) {
    num a[CELLS] = { 0 }, b[CELLS];
    bool covered[CELLS] = { false };
    a[3] = a[4] = 0.5;
    covered[3] = covered[9] = true;
    CHECK_NEAR(map_share(a, covered), 0.5, 1e-9);
    for (int k = 0; k < CELLS; k++) b[k] = (num)(1.0 / CELLS - ((double)a[k] - 1.0 / CELLS));
    CHECK_NEAR(map_correlation(a, a), 1, 1e-6);
    CHECK_NEAR(map_correlation(a, b), -1, 1e-6);
    Scene scene = scene_make(&(SceneConfig){ .seed = 2, .least = 1, .max = 1 }, 0);
    int count = object_cells(&scene, 0, covered), x = (int)(scene.object[0].x * 8), y = (int)(scene.object[0].y * 8);
    CHECK(count >= 1 && count <= 12 && covered[y * CELLS_ACROSS + x], "%d cells", count);
}

/* ---- mining, bits, gap ------------------------------------------------------------------------------------------- */

TEST(nearest_wrong_pictures_are_of_other_classes) {
    const double angles[] = { 0, 0.1, 0.2, 0.3, 0.15, 3 };
    const uint8_t label[] = { 0, 0, 1, 2, 1, 1 };
    Mat images = mat_new(&arena, 6, 2);
    int near[5];
    for (int i = 0; i < 6; i++) {
        AT(images, i, 0) = (num)cos(angles[i]);
        AT(images, i, 1) = (num)sin(angles[i]);
    }
    nearest_wrong(images, label, 0, near, 4);
    CHECK(near[0] == 4 && near[1] == 2 && near[2] == 3 && near[3] == 5, "%d %d %d %d", near[0], near[1], near[2],
          near[3]);
    CHECK_STOPS(nearest_wrong(images, label, 0, near, 5), EXIT_CONTRACT, "fewer than 5");
}

TEST(few_bits_by_hand) {
    num x[] = { -3, -1, 1, 3 }, y[] = { (num)0.5, -1, (num)1.5, -1 }, zero[2] = { 0, 0 };
    bits_round(x, 4, 2); /* its own levels */
    for (int i = 0; i < 4; i++) CHECK_NEAR(x[i], 2 * i - 3, 1e-6);
    bits_round(y, 4, 1); /* the mean of |y| is 1 */
    for (int i = 0; i < 4; i++) CHECK_NEAR(y[i], i % 2 ? -1 : 1, 0.05);
    bits_round(zero, 2, 4);
    CHECK(zero[0] == 0 && zero[1] == 0, "%g", (double)zero[0]);
    CHECK_NEAR(bits_feature_bytes(64, 32), 256, 0);
    CHECK_NEAR(bits_feature_bytes(64, 1), 12, 0);
    Rng rng = rng_seed(1, 1);
    Mat m = mat_normal(&arena, 1, 200, &rng, 1);
    double before = 10;
    for (int bits = 1; bits <= 8; bits *= 2) {
        Mat r = bits_features(&arena, m, NULL, bits);
        double off = 0;
        for (int i = 0; i < 200; i++) off += fabs((double)r.v[i] - (double)m.v[i]) / 200;
        CHECK(off < before, "%d bits: off by %g", bits, off);
        before = off;
    }
    CHECK(before < 0.02, "8 bits: off by %g", before);
}

TEST(the_gap_by_hand) {
    const double i[] = { 1, 0, 0, 1 }, t[] = { -1, 0, 0, -1 };
    const uint8_t label[] = { 0, 1 };
    Mat images = mat_from(&arena, 2, 2, i), texts = mat_from(&arena, 2, 2, t);
    Gap gap = gap_measure(images, label, texts);
    CHECK_NEAR(gap.pictures, 0, 1e-6);
    CHECK_NEAR(gap.texts, 0, 1e-6);
    CHECK_NEAR(gap.own, -1, 1e-6);
    CHECK_NEAR(gap.other, 0, 1e-6);
    CHECK_NEAR(gap.distance, sqrt(2), 1e-6);
    Mat moved = gap_move(&arena, images, texts, 1); /* (-1, 0) + (1, 1) and (0, -1) + (1, 1) */
    CHECK_NEAR(AT(moved, 0, 0), 0, 1e-6);
    CHECK_NEAR(AT(moved, 0, 1), 1, 1e-6);
    CHECK_NEAR(gap_measure(images, label, moved).distance, 0, 1e-6);
    Mat aside = gap_move_random(&arena, images, texts, 0, 1);
    CHECK(!memcmp(aside.v, texts.v, 4 * sizeof(num)), "%s", "a step of 0 moves nothing");
}

/* ---- training and the table -------------------------------------------------------------------------------------- */

TEST(any_number_of_threads_trains_the_same) {
    num first[2][64];
    for (int threads = 1; threads <= 2; threads++) {
        Clip clip;
        Err err;
        LookConfig config = { LOOK_NAMES, 2, 1, NULL };
        thread_set_count(threads);
        look_init(&clip, &config);
        CHECK(look_train(&clip, &config, 1, NULL, NULL, &err), "%s", err.text);
        const Param *p = params_find(&clip.params, "image.conv1.weight");
        memcpy(first[threads - 1], p->val.v, sizeof first[0]);
        clip_free(&clip);
    }
    CHECK(!memcmp(first[0], first[1], sizeof first[0]), "%s", "two threads train another model");
}

/* Ten cells of our table, measured again; other processors round differently. */
TEST(cells_of_the_table_are_what_we_measure) {
    CellTable ours, again = { .arena = &arena };
    Err err;
    CHECK(cell_table_read(&ours, &arena, INSIDE_TABLE, &err), "%s", err.text);
    Inside s = { &again, NULL, NULL, 2, INSIDE_PROBES, INSIDE_MAPS, 0, NULL };
    inside_measure_scene_gap(&s);
    for (int i = 0; i < again.count; i++)
        CHECK_NEAR(again.cell[i].value, cell_value(&ours, again.cell[i].name, 2), 1e-5);
    CHECK(again.count == 10, "%d cells", again.count);
}

/* After 150 steps a written word wins against the object more often than not, if words were true in training. */
TEST(a_written_word_wins_long) {
    Clip clip;
    Err err;
    LookConfig config = { LOOK_NAMES, 1, 150, NULL };
    look_init(&clip, &config);
    CHECK(look_train(&clip, &config, 1, NULL, NULL, &err), "%s", err.text);
    enum { N = 200 };
    int word = 0;
    for (int i = 0; i < N; i++) {
        WordScene scene = word_scene(WORDS_NONE, 77, (uint64_t)i);
        const SceneObject *o = &scene.scene.object[0];
        uint8_t rgb[PIXELS];
        Mat pixels = mat_like(&arena, mat_shape(4, 1, SIDE, SIDE, 3));
        int answer;
        scene.word = (Shape)(((int)o->shape + 1 + i % 7) % SHAPE_COUNT);
        const char *texts[] = { arena_print(&arena, "a %s %s", colour_name(o->colour), shape_name(o->shape)),
                                arena_print(&arena, "a %s %s", colour_name(o->colour), shape_name(scene.word)) };
        word_picture(&scene, true, rgb);
        scene_normalise(rgb, pixels.v);
        look_answers(look_images(&clip, &arena, pixels), clip_text_features(&clip, &arena, texts, 2, NULL), &answer);
        word += answer;
    }
    CHECK(word > N / 2, "the word wins %d of %d", word, N);
    clip_free(&clip);
}

TESTS(a_letter_is_drawn_where_it_is_wanted, words_are_different_and_stay_inside, words_are_written_as_the_kind_says,
      a_word_does_not_cover_the_object, pictures_of_an_item_differ_in_depth_alone,
      captions_of_depth_have_the_same_words, the_gradient_of_the_cosine_reaches_the_pixels,
      the_gradient_of_the_loss_leads_away_from_the_class, the_least_step_is_the_least,
      bytes_become_pixels_and_come_back, ascent_climbs, maps_add_up_to_one, attention_is_that_of_the_patches,
      a_map_is_measured, nearest_wrong_pictures_are_of_other_classes, few_bits_by_hand, the_gap_by_hand,
      any_number_of_threads_trains_the_same, cells_of_the_table_are_what_we_measure, a_written_word_wins_long)
