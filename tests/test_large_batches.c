/* What large batches need: the loss in tiles, the gradient in parts, checkpointing, products of rounded operands. Each
 * is compared with the plain way, which holds everything. */
#include "core/thread.h"
#include "kernels/reference.h"
#include "kernels/vecmath.h"
#include "training/grad_cache.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { PAIRS = 37, EMBED = 8, SIDE = 32, WORDS = 6, TOKENS = 4 };

/* |a - b| / |b| over n numbers. */
static double distance(const num *a, const num *b, size_t n) {
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(off / size);
}

/* ---- the loss in tiles ------------------------------------------------------------------------------------------- */

typedef struct {
    Tape tape;
    Var image, text, scale, loss;
} LossRun;

/* tile 0: with all logits at once, by clip_loss. */
static void loss_run(LossRun *run, double scale, PairTargets targets, int tile) {
    *run = (LossRun){ .loss = NULL };
    Tape *t = &run->tape;
    Rng rng = rng_seed(5, 0);
    Mat image = mat_normal(&t->arena, PAIRS, EMBED, &rng, 1), text = mat_normal(&t->arena, PAIRS, EMBED, &rng, 1);
    Mat log_scale = mat_like(&t->arena, mat_shape(0));
    mat_normalise_rows(image);
    mat_normalise_rows(text);
    log_scale.v[0] = (num)log(scale);
    run->image = tape_leaf(t, image);
    run->text = tape_leaf(t, text);
    run->scale = tape_leaf(t, log_scale);
    Mat q = { 0 };
    if (targets.caption) q = clip_targets(&t->arena, targets.caption, PAIRS, targets.smoothing);
    run->loss = tile ? op_contrastive(t, run->image, run->text, run->scale, targets, tile)
                     : clip_loss(t, clip_logits(t, run->image, run->text, run->scale), q);
    tape_backward(t, run->loss);
}

TEST(the_loss_in_tiles_is_the_loss) {
    int caption[PAIRS];
    for (int b = 0; b < PAIRS; b++) caption[b] = b * b % 7;
    const PairTargets targets[] = { { NULL, 0 }, { caption, 0 }, { caption, 0.2 } };
    const double scales[] = { 1, 1 / 0.07, 100, 3000 };
    const int tiles[] = { 1, 5, 16, 36, 37, 1000 };
    for (size_t k = 0; k < COUNT(targets) * COUNT(scales) * COUNT(tiles); k++) {
        PairTargets target = targets[k % 3];
        double scale = scales[k / 3 % 4];
        LossRun whole, tiled;
        loss_run(&whole, scale, target, 0);
        loss_run(&tiled, scale, target, tiles[k / 12]);
        CHECK_NEAR(tiled.loss->val.v[0], whole.loss->val.v[0], 2e-6);
        double image = distance(tiled.image->grad, whole.image->grad, PAIRS * EMBED);
        double text = distance(tiled.text->grad, whole.text->grad, PAIRS * EMBED);
        CHECK(image <= 3e-6 && text <= 3e-6, "scale %g, tiles of %d: the gradients are off by %g and %g", scale,
              tiles[k / 12], image, text);
        CHECK_NEAR(tiled.scale->grad[0], whole.scale->grad[0], 1e-5);
        tape_free(&whole.tape);
        tape_free(&tiled.tape);
    }
}

TEST(the_loss_in_tiles_with_any_number_of_threads) {
    LossRun first, now;
    thread_set_count(1);
    loss_run(&first, 20, (PairTargets){ NULL, 0 }, 20);
    for (int threads = 2; threads <= 3; threads++) {
        thread_set_count(threads);
        loss_run(&now, 20, (PairTargets){ NULL, 0 }, 20);
        CHECK(now.loss->val.v[0] == first.loss->val.v[0], "%d threads", threads);
        CHECK(!memcmp(now.image->grad, first.image->grad, PAIRS * EMBED * sizeof(num)), "%d threads", threads);
        CHECK(!memcmp(now.text->grad, first.text->grad, PAIRS * EMBED * sizeof(num)), "%d threads", threads);
        tape_free(&now.tape);
    }
    tape_free(&first.tape);
}

/* 4096 pairs: the matrix alone would take 67 MB. */
TEST(the_loss_in_tiles_holds_no_matrix) {
    enum { MANY = 4096, DIMENSIONS = 4 };
    Tape t = { 0 };
    Rng rng = rng_seed(6, 0);
    Mat image = mat_normal(&t.arena, MANY, DIMENSIONS, &rng, 0.5), log_scale = mat_like(&t.arena, mat_shape(0));
    log_scale.v[0] = 0;
    Var x = tape_leaf(&t, image), L = op_contrastive(&t, x, x, tape_leaf(&t, log_scale), (PairTargets){ NULL, 0 }, 256);
    tape_backward(&t, L);
    CHECK(tape_held(&t) < 4000000, "%zu bytes", tape_held(&t));
    tape_free(&t);
    CHECK_STOPS(op_contrastive(&t, tape_data(&t, image), tape_data(&t, mat_shape(2, 3, 4)), tape_data(&t, log_scale),
                               (PairTargets){ NULL, 0 }, 256),
                EXIT_CONTRACT, "want [B,E]");
}

/* By hand: two pairs, logits 0 and bias b; a pair that matches costs log(1 + e^-b), another log(1 + e^b). */
TEST(sigmoid_loss_by_hand) {
    Tape t = { 0 };
    Mat zero = mat_zero(&t.arena, 2, 2), number = mat_like(&t.arena, mat_shape(0));
    number.v[0] = -10;
    Var logits = tape_leaf(&t, zero), bias = tape_leaf(&t, number);
    double match = log1p(exp(10)), other = log1p(exp(-10));
    Var loss = clip_loss_sigmoid(&t, logits, bias, NULL);
    CHECK_NEAR(loss->val.v[0], match + other, 1e-6);
    CHECK_NEAR(clip_loss_sigmoid(&t, logits, bias, (int[]){ 4, 4 })->val.v[0], 2 * match, 1e-6);
    tape_backward(&t, loss);
    CHECK_NEAR(logits->grad[0], (1 / (1 + exp(10)) - 1) / 2, 1e-6);
    CHECK_NEAR(logits->grad[1], 1 / (1 + exp(10)) / 2, 1e-6);
    CHECK_NEAR(bias->grad[0], 2 / (1 + exp(10)) - 1, 1e-6);
    zero.v[0] = 1e4f;
    zero.v[1] = 1e4f;
    CHECK_NEAR(clip_loss_sigmoid(&t, logits, bias, NULL)->val.v[0], (1e4 - 10 + other + match) / 2, 1e-6);
    tape_free(&t);
}

/* ---- the gradient in parts --------------------------------------------------------------------------------------- */

typedef struct {
    Mat pixels;
    int ids[PAIRS * TOKENS];
} Pairs;

static PairPart part_of(void *context, Arena *arena, int first, int n) {
    Pairs *pairs = context;
    Mat rows = pairs->pixels;
    (void)arena;
    rows.shape[0] = n;
    rows.v += (size_t)first * SIDE * SIDE * 3;
    return (PairPart){ rows, pairs->ids + first * TOKENS };
}

static Pairs pairs_new(Arena *arena) {
    Pairs pairs = { mat_like(arena, mat_shape(4, PAIRS, SIDE, SIDE, 3)), { 0 } };
    Rng rng = rng_seed(9, 0);
    for (size_t i = 0; i < mat_count(pairs.pixels); i++) pairs.pixels.v[i] = (num)rng_normal(&rng);
    for (int i = 0; i < PAIRS * TOKENS; i++) pairs.ids[i] = (int)rng_below(&rng, WORDS);
    return pairs;
}

static void clip_new(Clip *clip, const char *image, const char *text) {
    Err err;
    ClipConfig config = { .image = { .kind = image, .widths = { 4, 4, 4 }, .embed = EMBED, .patch = 8, .width = 16 },
                          .text = { .kind = text, .vocabulary = WORDS, .width = 16, .embed = EMBED, .padding = 0 },
                          .tokens = TOKENS };
    CHECK(clip_init(clip, config, NULL, 3, &err), "%s", err.text);
}

static double whole_gradient(Clip *clip, Pairs *pairs, Tape *t) {
    PairPart all = part_of(pairs, &t->arena, 0, PAIRS);
    Var image = clip_image(t, clip, all.pixels), text = clip_text(t, clip, all.ids, PAIRS, TOKENS);
    Var loss = clip_loss(t, clip_logits(t, image, text, tape_param(t, clip->logit_scale)), (Mat){ 0 });
    tape_backward(t, loss);
    return (double)loss->val.v[0];
}

static double cached_gradient(Clip *clip, Pairs *pairs, Tape *t, int micro) {
    Arena arena = { 0 };
    GradCache cache = { clip, PAIRS, micro, part_of, pairs };
    Mat image = mat_new(&arena, PAIRS, EMBED), text = mat_new(&arena, PAIRS, EMBED);
    for (int p = 0; p < grad_cache_parts(&cache); p++) grad_cache_embed(&cache, t, p, image, text);
    tape_reset(t);
    Var I = tape_leaf(t, image), T = tape_leaf(t, text);
    Var loss = op_contrastive(t, I, T, tape_param(t, clip->logit_scale), (PairTargets){ NULL, 0 }, 16);
    double value = (double)loss->val.v[0];
    tape_backward(t, loss);
    memcpy(image.v, I->grad, mat_count(image) * sizeof(num));
    memcpy(text.v, T->grad, mat_count(text) * sizeof(num));
    for (int p = 0; p < grad_cache_parts(&cache); p++) grad_cache_backward(&cache, t, p, image, text);
    arena_free(&arena);
    return value;
}

/* All gradients one after another. */
static num *gradients(const Clip *clip, Arena *arena, size_t *count) {
    *count = 0;
    for (int i = 0; i < clip->params.count; i++) *count += mat_count(clip->params.list[i]->val);
    num *all = arena_zero(arena, *count, sizeof *all), *to = all;
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        if (p->has_grad) memcpy(to, p->grad, mat_count(p->val) * sizeof *all);
        to += mat_count(p->val);
    }
    return all;
}

/* How far the gradient in parts is from that of the whole batch. */
static double cache_error(const char *image, const char *text, int micro) {
    Arena arena = { 0 };
    Pairs pairs = pairs_new(&arena);
    num *all[2];
    double loss[2];
    size_t count = 0;
    for (int cached = 0; cached < 2; cached++) {
        Clip clip;
        Tape t = { .training = true };
        clip_new(&clip, image, text);
        loss[cached] = cached ? cached_gradient(&clip, &pairs, &t, micro) : whole_gradient(&clip, &pairs, &t);
        all[cached] = gradients(&clip, &arena, &count);
        tape_free(&t);
        clip_free(&clip);
    }
    double error = distance(all[1], all[0], count);
    if (error < 1e-4) CHECK_NEAR(loss[1], loss[0], 2e-6);
    arena_free(&arena);
    return error;
}

TEST(gradient_in_parts) {
    const char *const image[] = { "small", "vit" }, *const text[] = { "bow", "lstm", "transformer" };
    const int micro[] = { 1, 8, 36, 37 };
    for (int k = 0; k < 6; k++)
        for (size_t m = 0; m < COUNT(micro); m++) {
            double error = cache_error(image[k % 2], text[k / 2], micro[m]);
            CHECK(error <= 1e-5, "%s, %s, parts of %d: off by %g", image[k % 2], text[k / 2], micro[m], error);
        }
}

/* Batch norm takes its statistics from the part: another network, unless there is one part. */
TEST(batch_norm_sees_a_part) {
    CHECK(cache_error("resnet", "bow", PAIRS) <= 1e-5, "%g", cache_error("resnet", "bow", PAIRS));
    CHECK(cache_error("resnet", "bow", 8) > 0.05, "%g", cache_error("resnet", "bow", 8));
}

/* The running statistics change once a step, not twice. */
TEST(running_statistics_change_once) {
    Arena arena = { 0 };
    Pairs pairs = pairs_new(&arena);
    Clip clip[2];
    for (int cached = 0; cached < 2; cached++) {
        Tape t = { .training = true };
        clip_new(&clip[cached], "resnet", "bow");
        if (cached) cached_gradient(&clip[1], &pairs, &t, PAIRS);
        else whole_gradient(&clip[0], &pairs, &t);
        tape_free(&t);
    }
    const Param *a = params_find(&clip[0].params, "image.bn1.running_var");
    const Param *b = params_find(&clip[1].params, "image.bn1.running_var");
    CHECK(!memcmp(a->val.v, b->val.v, mat_count(a->val) * sizeof(num)), "%g and %g", (double)a->val.v[0],
          (double)b->val.v[0]);
    CHECK(fabs((double)a->val.v[0] - 1) > 1e-4, "%s", "they did change");
    clip_free(&clip[0]);
    clip_free(&clip[1]);
    arena_free(&arena);
}

/* ---- checkpointing ----------------------------------------------------------------------------------------------- */

TEST(checkpointing_changes_no_bit) {
    Arena arena = { 0 };
    Pairs pairs = pairs_new(&arena);
    num *all[2];
    size_t held[2], count = 0;
    for (int checkpoint = 0; checkpoint < 2; checkpoint++) {
        Clip clip;
        Tape t = { .training = true, .checkpoint = checkpoint };
        clip_new(&clip, "vit", "transformer");
        whole_gradient(&clip, &pairs, &t);
        all[checkpoint] = gradients(&clip, &arena, &count);
        held[checkpoint] = tape_held(&t);
        tape_free(&t);
        clip_free(&clip);
    }
    CHECK(!memcmp(all[0], all[1], count * sizeof(num)), "off by %g", distance(all[1], all[0], count));
    CHECK(10 * held[1] < 7 * held[0], "%zu bytes with checkpoints, %zu without", held[1], held[0]);
    arena_free(&arena);
}

/* y = x w with a parameter w inside the part, by hand: dw = x dy, also where x has no gradient. */
static Var multiplied_part(Tape *t, const void *context, Var x) {
    return op_mul(t, x, tape_param(t, (Param *)context));
}
TEST(a_parameter_inside_a_part) {
    Tape t = { .training = true };
    Params params = { .arena = &t.arena };
    Param *w = params_add(&params, mat_shape(0), "w");
    Mat x = mat_new(&t.arena, 1, 2), dy = mat_new(&t.arena, 1, 2);
    x.v[0] = 3;
    x.v[1] = 5;
    dy.v[0] = 7;
    dy.v[1] = 11;
    w->val.v[0] = 2;
    params_zero_grad(&params);
    Var y = op_checkpoint(&t, tape_data(&t, x), multiplied_part, w);
    CHECK(y->val.v[0] == 6 && y->val.v[1] == 10, "%g, %g", (double)y->val.v[0], (double)y->val.v[1]);
    tape_backward_from(&t, y, dy.v);
    CHECK(w->grad && w->grad[0] == 3 * 7 + 5 * 11, "dw is not %d", 3 * 7 + 5 * 11);
    tape_free(&t);
}

/* A part with batch norm: its running statistics change in the forward, and not again in the backward. */
static BatchStats part_stats;
static Var normalised_part(Tape *t, const void *context, Var x) {
    const Mat *beta = context;
    return op_batchnorm(t, x, NULL, tape_leaf(t, *beta), &part_stats, ACT_NONE);
}
TEST(a_part_is_counted_once) {
    num mean = 0, variance = 1, zero = 0, after;
    Tape t = { .training = true };
    Mat beta = mat_shape(1, 1), x = mat_new(&t.arena, 4, 1);
    beta.v = &zero;
    for (int i = 0; i < 4; i++) x.v[i] = (num)(i + 1);
    part_stats = (BatchStats){ &mean, &variance, 0.5, 1e-5 };
    Var y = op_checkpoint(&t, tape_leaf(&t, x), normalised_part, &beta);
    after = mean;
    CHECK_NEAR(after, 1.25, 1e-6); /* half way from 0 to 2.5 */
    tape_backward_from(&t, y, x.v);
    CHECK(mean == after, "%g became %g", (double)after, (double)mean);
    tape_free(&t);
}

/* ---- rounded operands -------------------------------------------------------------------------------------------- */

TEST(rounding_to_bfloat) {
    const float by_hand[][2] = { { 1, 1 },
                                 { 1.00390625f, 1 },            /* 1 + 2^-8, half way: to even */
                                 { 1.01171875f, 1.015625f },    /* 1 + 3 2^-8, half way: to even */
                                 { 1.0039063692f, 1.0078125f }, /* just above half way */
                                 { -3.1415927f, -3.140625f },
                                 { 0, 0 },
                                 { INFINITY, INFINITY },
                                 { 3.4028235e38f, INFINITY } };
    for (size_t i = 0; i < COUNT(by_hand); i++) {
        num x = by_hand[i][0], y;
        vec_round_bfloat(&x, &y, 1);
        CHECK(y == by_hand[i][1], "%.9g became %.9g, want %.9g", (double)x, (double)y, (double)by_hand[i][1]);
    }
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 2039) {
        uint32_t pattern = (uint32_t)bits;
        float value;
        memcpy(&value, &pattern, sizeof value);
        num x = value, y, plain;
        vec_round_bfloat(&x, &y, 1);
        vec_round_bfloat_plain(&x, &plain, 1);
        CHECK(y == plain || (isnan(y) && isnan(plain)), "%.9g became %.9g, want %.9g", (double)x, (double)y,
              (double)plain);
    }
}

/* Rounded operands: the gradient is off by about 2^-9 of its size, and something is off. */
TEST(rounded_products) {
    Arena arena = { 0 };
    Pairs pairs = pairs_new(&arena);
    const char *const kinds[] = { "small", "vit" };
    for (int k = 0; k < 2; k++) {
        num *all[2];
        size_t count = 0;
        for (int rounded = 0; rounded < 2; rounded++) {
            Clip clip;
            Tape t = { .training = true, .round_products = rounded };
            clip_new(&clip, kinds[k], "bow");
            whole_gradient(&clip, &pairs, &t);
            all[rounded] = gradients(&clip, &arena, &count);
            tape_free(&t);
            clip_free(&clip);
        }
        double off = distance(all[1], all[0], count);
        CHECK(1e-4 < off && off < 0.1, "%s: off by %g", kinds[k], off);
    }
    arena_free(&arena);
}

/* One product by hand: the operands are rounded, the sum is not. */
TEST(a_rounded_product_by_hand) {
    Tape t = { .round_products = true };
    const double x[] = { 1.00390625, 256 }, w[] = { 1.0, 1.0078125 }; /* 1 + 2^-8 rounds to 1 */
    Var a = tape_leaf(&t, mat_from(&t.arena, 1, 2, x)), b = tape_leaf(&t, mat_from(&t.arena, 1, 2, w));
    Var y = op_linear(&t, a, b, NULL);
    CHECK_NEAR(y->val.v[0], 1 + 258, 0); /* BF16 has no 259 */
    num dy = (num)1.00390625;
    tape_backward_from(&t, y, &dy);
    CHECK(a->grad[1] == (num)1.0078125 && b->grad[0] == 1, "%g, %g", (double)a->grad[1], (double)b->grad[0]);
    tape_free(&t);
}

/* Attention rounds q, k, v and, backward, dy: it is the attention of numbers that were rounded before. */
TEST(rounded_attention) {
    enum { COUNT_QKV = 2 * 5 * 18, COUNT_Y = 2 * 5 * 6 };
    num *result[2], *gradient[2], dy[COUNT_Y];
    Tape t[2] = { { .round_products = true }, { .round_products = false } };
    for (int before = 0; before < 2; before++) {
        Rng rng = rng_seed(8, 0);
        Mat qkv = mat_like(&t[before].arena, mat_shape(3, 2, 5, 18));
        for (int i = 0; i < COUNT_QKV; i++) qkv.v[i] = (num)rng_normal(&rng);
        for (int i = 0; i < COUNT_Y; i++) dy[i] = (num)rng_normal(&rng);
        if (before) vec_round_bfloat(qkv.v, qkv.v, COUNT_QKV);
        if (before) vec_round_bfloat(dy, dy, COUNT_Y);
        Var x = tape_leaf(&t[before], qkv), y = op_attention(&t[before], x, 2, false);
        tape_backward_from(&t[before], y, dy);
        result[before] = y->val.v;
        gradient[before] = x->grad;
    }
    CHECK(!memcmp(result[0], result[1], COUNT_Y * sizeof(num)), "%s", "forward");
    CHECK(!memcmp(gradient[0], gradient[1], COUNT_QKV * sizeof(num)), "%s", "backward");
    tape_free(&t[0]);
    tape_free(&t[1]);
}

TESTS(the_loss_in_tiles_is_the_loss, the_loss_in_tiles_with_any_number_of_threads, the_loss_in_tiles_holds_no_matrix,
      sigmoid_loss_by_hand, gradient_in_parts, batch_norm_sees_a_part, running_statistics_change_once,
      checkpointing_changes_no_bit, a_parameter_inside_a_part, a_part_is_counted_once, rounding_to_bfloat,
      rounded_products, a_rounded_product_by_hand, rounded_attention)
