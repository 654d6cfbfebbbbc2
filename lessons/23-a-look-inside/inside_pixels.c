/* Sections 3 (the smallest change) to 7 of inside_measure.h. */
#include "inside_measure.h"
#include "few_bits.h"
#include "mining.h"
#include "pixel_gradient.h"
#include "dataset/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = CIFAR_NUMBERS, SIDE = CIFAR_SIDE, DEPTH_SEED = 200003, MINING_STEPS = 200, FULL = 32 };

/* ---- 3. the smallest change that turns the answer ---------------------------------------------------------------- */

/* The first test pictures that the model answers right: at most `most`. Returns how many. */
static int right_pictures(const Inside *s, Mat images, Mat texts, int most, int *index) {
    Arena arena = { 0 };
    int count = 0, *answer = arena_alloc(&arena, (size_t)images.shape[0], sizeof *answer);
    look_answers(images, texts, answer);
    for (int i = 0; i < images.shape[0] && count < most; i++)
        if (answer[i] == s->test->labels[i]) index[count++] = i;
    arena_free(&arena);
    return count;
}

static int compare_ints(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void put_turned(Inside *s, const char *how, int *least, int n) {
    for (int k = 0; k < TURN_STEPS; k++) {
        int turned = 0;
        for (int i = 0; i < n; i++) turned += least[i] <= turn_step(k);
        inside_put(s, inside_part(turned, n), n, "turned %s: step %d", how, turn_step(k));
    }
    qsort(least, (size_t)n, sizeof *least, compare_ints);
    inside_put(s, least[n / 2], 0, "turned %s: median", how);
}

void inside_measure_turns(Inside *s) {
    if (inside_there(s, "turned random: median")) return;
    Arena arena = { 0 };
    Clip clip;
    int n = MIN(2 * s->maps, s->test->n), *index = arena_alloc(&arena, (size_t)n, sizeof *index);
    inside_picture_model(s, &clip);
    Mat texts = inside_texts(&clip, &arena, s->test);
    n = right_pictures(s, look_set_images(&clip, &arena, s->test, s->test->n), texts, n, index);
    if (!n) die("the model is wrong about every test picture: there is no answer to turn; train it for more --steps");
    int *label = arena_alloc(&arena, (size_t)n, sizeof *label), *least = arena_alloc(&arena, (size_t)n, sizeof *least);
    uint8_t *rgb = arena_alloc(&arena, (size_t)n, PIXELS);
    for (int i = 0; i < n; i++) {
        label[i] = s->test->labels[index[i]];
        cifar_picture(s->test, index[i], rgb + (size_t)i * PIXELS);
    }
    const PixelScale scale = pixels_photograph();
    Mat gradient = loss_gradient(&clip, &arena, look_pixels(&arena, s->test, index, n), texts, label);
    least_turn(&clip, &scale, rgb, n, SIDE, texts, label, gradient.v, least);
    put_turned(s, "gradient", least, n);
    Rng rng = rng_seed((uint64_t)s->seed, 31);
    for (size_t i = 0; i < mat_count(gradient); i++) gradient.v[i] = rng_uniform(&rng) < 0.5 ? -1 : 1;
    least_turn(&clip, &scale, rgb, n, SIDE, texts, label, gradient.v, least);
    put_turned(s, "random", least, n);
    clip_free(&clip);
    arena_free(&arena);
}

/* ---- 4. pixels from a caption ------------------------------------------------------------------------------------ */

Mat inside_ascend(const Inside *s, Clip *clip, Arena *arena, Mat text, double smooth, int class, double *trace) {
    const PixelScale scale = pixels_photograph();
    Ascent how = { .side = SIDE, .steps = ASCENT_STEPS, .rate = 0.05, .smooth = smooth };
    if (s->steps) how.steps = MIN(how.steps, s->steps);
    how.seed = 1000 * (uint64_t)s->seed + (uint64_t) class;
    text.shape[0] = 1;
    text.v += (size_t) class * (size_t)text.shape[1];
    return ascend(clip, arena, &scale, text, &how, trace);
}

/* Real pictures: the mean and, averaged over the classes, the largest cosine with their own text; their roughness. */
static void put_real(Inside *s, Mat images, Mat texts) {
    double largest[CIFAR_CLASSES], sum = 0, rough = 0;
    for (int c = 0; c < CIFAR_CLASSES; c++) largest[c] = -1;
    for (int i = 0; i < images.shape[0]; i++) {
        int c = s->test->labels[i];
        uint8_t rgb[PIXELS];
        double cosine = vec_dot(&AT(images, i, 0), &AT(texts, c, 0), texts.shape[1]);
        largest[c] = fmax(largest[c], cosine);
        sum += cosine / images.shape[0];
        cifar_picture(s->test, i, rgb);
        rough += roughness(rgb, SIDE) / images.shape[0];
    }
    double mean = 0;
    for (int c = 0; c < CIFAR_CLASSES; c++) mean += largest[c] / CIFAR_CLASSES;
    inside_put(s, sum, 0, "pixels real: cosine");
    inside_put(s, mean, 0, "pixels real: largest cosine");
    inside_put(s, rough, 0, "pixels real: roughness");
}

/* One picture for each class; what the model and the judge say to it, as bytes. */
static void put_ascended(Inside *s, Clip *clip, Clip *judge, Mat texts, double smooth, const char *how) {
    Arena arena = { 0 };
    const PixelScale scale = pixels_photograph();
    Mat pixels = mat_like(&arena, mat_shape(4, CIFAR_CLASSES, SIDE, SIDE, 3));
    Mat judged = inside_texts(judge, &arena, s->test);
    double cosine = 0, other = 0, rough = 0;
    int answer[CIFAR_CLASSES], agrees = 0, right = 0;
    for (int c = 0; c < CIFAR_CLASSES; c++) {
        uint8_t rgb[PIXELS];
        pixels_to_bytes(&scale, inside_ascend(s, clip, &arena, texts, smooth, c, NULL).v, PIXELS, rgb);
        pixels_from_bytes(&scale, rgb, PIXELS, pixels.v + (size_t)c * PIXELS);
        rough += roughness(rgb, SIDE) / CIFAR_CLASSES;
    }
    Mat images = look_images(clip, &arena, pixels), theirs = look_images(judge, &arena, pixels);
    look_answers(images, texts, answer);
    for (int c = 0; c < CIFAR_CLASSES; c++) {
        right += answer[c] == c;
        cosine += vec_dot(&AT(images, c, 0), &AT(texts, c, 0), texts.shape[1]) / CIFAR_CLASSES;
        other += vec_dot(&AT(theirs, c, 0), &AT(judged, c, 0), judged.shape[1]) / CIFAR_CLASSES;
    }
    look_answers(theirs, judged, answer);
    for (int c = 0; c < CIFAR_CLASSES; c++) agrees += answer[c] == c;
    inside_put(s, cosine, 0, "pixels %s: cosine", how);
    inside_put(s, inside_part(right, CIFAR_CLASSES), CIFAR_CLASSES, "pixels %s: right", how);
    inside_put(s, other, 0, "pixels %s: cosine of the judge", how);
    inside_put(s, inside_part(agrees, CIFAR_CLASSES), CIFAR_CLASSES, "pixels %s: right for the judge", how);
    inside_put(s, rough, 0, "pixels %s: roughness", how);
    arena_free(&arena);
}

void inside_measure_ascent(Inside *s) {
    if (inside_there(s, "pixels smoothed: roughness")) return;
    Arena arena = { 0 };
    Clip clip, judge;
    inside_picture_model(s, &clip);
    inside_judge(s, &judge);
    Mat texts = inside_texts(&clip, &arena, s->test), images = look_set_images(&clip, &arena, s->test, s->test->n);
    Mat theirs = look_set_images(&judge, &arena, s->test, s->test->n);
    put_real(s, images, texts);
    int right = inside_right(s->test, images, texts);
    inside_put(s, inside_part(right, s->test->n), s->test->n, "pixels real: right");
    right = inside_right(s->test, theirs, inside_texts(&judge, &arena, s->test));
    inside_put(s, inside_part(right, s->test->n), s->test->n, "pixels real: right for the judge");
    put_ascended(s, &clip, &judge, texts, 0, "plain");
    put_ascended(s, &clip, &judge, texts, ASCENT_SMOOTH, "smoothed");
    clip_free(&clip);
    clip_free(&judge);
    arena_free(&arena);
}

/* ---- 5. mining --------------------------------------------------------------------------------------------------- */

static void put_mined(Inside *s, Clip *clip, ClassPair pair, const char *when) {
    Arena arena = { 0 };
    int n = s->test->n, of, right = class_pair_right(clip, s->test, n, pair, &of);
    if (!of) die("the %d test pictures have none of the two classes; take more --test-images", n);
    int all = inside_right(s->test, look_set_images(clip, &arena, s->test, n), inside_texts(clip, &arena, s->test));
    inside_put(s, inside_part(right, of), of, "mining %s: the pair", when);
    inside_put(s, inside_part(all, n), n, "mining %s: all", when);
    arena_free(&arena);
}

const char *inside_mining_name(int k) {
    static const char *const names[MINING_KINDS] = { "random", "half mined", "mined" };
    return names[k];
}

void inside_measure_mining(Inside *s) {
    if (inside_there(s, "mining mined: all")) return;
    LookConfig config = { LOOK_PICTURES, s->seed, s->steps ? s->steps : MINING_STEPS, s->train };
    Clip clip;
    Err err;
    inside_small_model(s, &clip);
    ClassPair pair = most_confused(&clip, s->train, MIN(s->train->n, MINED_POOL));
    inside_put(s, pair.a, 0, "mining: first class");
    inside_put(s, pair.b, 0, "mining: second class");
    put_mined(s, &clip, pair, "before");
    for (int k = 0; k < MINING_KINDS; k++) {
        clip_free(&clip);
        inside_small_model(s, &clip);
        if (!mining_train(&clip, &config, k * MINED_GROUPS / (MINING_KINDS - 1), &err)) die("%s", err.text);
        put_mined(s, &clip, pair, inside_mining_name(k));
    }
    clip_free(&clip);
}

/* ---- 6. distance ------------------------------------------------------------------------------------------------- */

static void put_score(Inside *s, const PairScore *score, const char *name) {
    inside_put(s, pair_score_rate(score, PAIR_METRIC_CHOICE).fraction, score->items, "depth %s: choice", name);
    inside_put(s, pair_score_rate(score, PAIR_METRIC_GROUP).fraction, score->items, "depth %s: group", name);
}

void inside_measure_depth(Inside *s) {
    if (inside_there(s, "depth counting: group")) return;
    Arena arena = { 0 };
    Clip clip;
    SceneModel scene;
    MinimalPairs pairs;
    Err err;
    inside_model(s, LOOK_DEPTH, &clip);
    for (int cue = 0; cue < DEPTH_CUES; cue++) {
        PairScore score = depth_score(&clip, (DepthCue)cue, DEPTH_SEED + (uint64_t)s->seed, s->probes);
        put_score(s, &score, depth_cue_name((DepthCue)cue));
    }
    clip_free(&clip);
    inside_scene_model(&scene);
    MinimalPairsConfig config = { .kind = PROBE_COUNTING, .seed = (uint64_t)s->seed, .count = s->probes };
    config.split = &scene.split;
    if (!minimal_pairs_make(&pairs, &arena, &config, &err)) die("%s", err.text);
    PairScore score = scene_model_pair_score(&scene, &pairs);
    put_score(s, &score, "counting");
    scene_model_free(&scene);
    arena_free(&arena);
}

/* ---- 7. fewer bits ----------------------------------------------------------------------------------------------- */

static void put_features(Inside *s, Mat images, Mat texts, int bits) {
    Arena arena = { 0 };
    int n = images.shape[0], E = images.shape[1];
    num *mean = arena_zero(&arena, (size_t)E, sizeof *mean);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < E; c++) mean[c] += AT(images, i, c) / (num)n;
    int plain = inside_right(s->test, bits_features(&arena, images, NULL, bits), texts);
    int centred = inside_right(s->test, bits_features(&arena, images, mean, bits), texts);
    inside_put(s, inside_part(plain, n), n, "bits features %d: right", bits);
    inside_put(s, inside_part(centred, n), n, "bits features %d without the mean: right", bits);
    inside_put(s, bits_feature_bytes(E, bits), 0, "bits features %d: bytes", bits);
    arena_free(&arena);
}

void inside_measure_bits(Inside *s) {
    if (inside_there(s, "bits weights 1: bytes")) return;
    Arena arena = { 0 };
    Clip clip;
    int n = s->test->n;
    inside_picture_model(s, &clip);
    Mat full = look_set_images(&clip, &arena, s->test, n), texts = inside_texts(&clip, &arena, s->test), images = full;
    for (int k = 0; k < BIT_STEPS; k++) {
        int bits = bit_step(k);
        put_features(s, full, texts, bits);
        clip_free(&clip); /* the last one was rounded */
        inside_picture_model(s, &clip);
        double bytes = bits_weights(&clip, bits);
        if (bits < FULL) images = look_set_images(&clip, &arena, s->test, n);
        int right = inside_right(s->test, images, inside_texts(&clip, &arena, s->test));
        inside_put(s, inside_part(right, n), n, "bits weights %d: right", bits);
        inside_put(s, bytes, 0, "bits weights %d: bytes", bits);
    }
    clip_free(&clip);
    arena_free(&arena);
}
