/* loss: the CLIP loss by hand, its floor, and targets that share captions. */
#include "model/clip_loss.h"
#include "core/arena.h"
#include "05-infonce/hardest_negative.h"
#include "check.h"

#include <math.h>

/* The four pairs of lesson 02: the course material's vectors, the loss computed elsewhere in float64. */
static const double images[] = { 0.9, 0.3, -0.7, 0.6, 0.1, -0.95, -0.8, -0.5 };
static const double texts[] = { 0.85, 0.4, -0.6, 0.7, 0.2, -0.9, -0.75, -0.6 };

static double loss_of_four(double temperature, Mat q) {
    Tape t = { .no_grad = true };
    Mat scale = mat_like(&t.arena, mat_shape(0));
    scale.v[0] = (num)log(1 / temperature);
    Var image = op_l2norm(&t, tape_data(&t, mat_from(&t.arena, 4, 2, images)));
    Var text = op_l2norm(&t, tape_data(&t, mat_from(&t.arena, 4, 2, texts)));
    double loss = clip_loss(&t, clip_logits(&t, image, text, tape_data(&t, scale)), q)->val.v[0];
    tape_free(&t);
    return loss;
}

TEST(four_pairs_by_hand) {
    CHECK_NEAR(loss_of_four(1, (Mat){ 0 }), 0.656198, 1e-6);
    CHECK_NEAR(loss_of_four(0.07, (Mat){ 0 }), 0.00040584, 1e-7);
}

TEST(different_captions_are_the_diagonal) {
    Arena arena = { 0 };
    Mat q = clip_targets(&arena, (int[]){ 7, 3, 5, 1 }, 4, 0);
    CHECK_NEAR(loss_of_four(1, q), loss_of_four(1, (Mat){ 0 }), 1e-6);
    arena_free(&arena);
}

/* Logits of a perfect model whose captions repeat: every image equally similar to all texts that are its own. */
TEST(the_floor_is_met_and_removed) {
    const int caption[] = { 0, 1, 0, 0, 2, 1 };
    Tape t = { .no_grad = true };
    Mat logits = mat_new(&t.arena, 6, 6);
    for (int b = 0; b < 6; b++)
        for (int n = 0; n < 6; n++) AT(logits, b, n) = caption[b] == caption[n] ? 100 : 0;
    Var x = tape_data(&t, logits);
    double floor = (3 * log(3) + 2 * log(2)) / 6;
    CHECK_NEAR(clip_loss_floor_of(caption, 6), floor, 1e-12);
    CHECK_NEAR(clip_loss(&t, x, (Mat){ 0 })->val.v[0], floor, 1e-6);
    CHECK_NEAR(clip_loss(&t, x, clip_targets(&t.arena, caption, 6, 0))->val.v[0], 0, 1e-6);
    tape_free(&t);
}

/* The exact figures of the reference, computed elsewhere. */
TEST(the_floor_of_random_batches) {
    const struct {
        int B;
        double floor;
    } want[] = { { 64, 1.929090 }, { 128, 2.585147 }, { 256, 3.260301 }, { 512, 3.944561 } };
    for (size_t i = 0; i < COUNT(want); i++) CHECK_NEAR(clip_loss_floor(want[i].B, 10), want[i].floor, 5e-7);
    CHECK_NEAR(clip_loss_floor(64, 1), log(64), 1e-12);
    CHECK_NEAR(clip_loss_floor(1, 10), 0, 1e-12);
}

TEST(extreme_logits_stay_finite) {
    Tape t = { 0 };
    Mat x = mat_new(&t.arena, 2, 2);
    AT(x, 0, 0) = 1e4f;
    AT(x, 0, 1) = -1e4f;
    AT(x, 1, 0) = 1e4f;
    AT(x, 1, 1) = -1e4f;
    Var leaf = tape_leaf(&t, x), loss = clip_loss(&t, leaf, (Mat){ 0 });
    tape_backward(&t, loss);
    CHECK_NEAR(loss->val.v[0], (0 + 20000 + 2 * log(2)) / 4, 1e-6); /* rows: 0, 20000; columns: log 2 each */
    for (int i = 0; i < 4; i++) CHECK(isfinite(leaf->grad[i]), "gradient %d is %g", i, leaf->grad[i]);
    tape_free(&t);
}

TEST(smoothed_targets_sum_to_one) {
    Arena arena = { 0 };
    const int caption[] = { 0, 1, 0, 2 };
    Mat q = clip_targets(&arena, caption, 4, 0.2);
    for (int b = 0; b < 4; b++) CHECK_NEAR(AT(q, b, 0) + AT(q, b, 1) + AT(q, b, 2) + AT(q, b, 3), 1, 1e-6);
    CHECK_NEAR(AT(q, 0, 2), 0.45, 1e-6);
    CHECK_NEAR(AT(q, 1, 3), 0.05, 1e-6);
    arena_free(&arena);
}

/* The five cosines of lesson 04's page as one row: p = 0.932808, and the hardest of the others has 0.053574 of it. */
TEST(one_pair_and_its_rival) {
    Arena arena = { 0 };
    Mat s = mat_zero(&arena, 5, 5);
    const double row[] = { 0.5, 0.6, 0.8, 0.3, 0.1 };
    for (int j = 0; j < 5; j++) AT(s, 2, j) = (num)row[j];
    ClipPair pair = clip_pair(s, 2, 1 / 0.07), tie = clip_pair(s, 0, 1);
    CHECK(pair.hardest == 1, "hardest is %d", pair.hardest);
    CHECK_NEAR(pair.positive, 0.8, 1e-6);
    CHECK_NEAR(pair.negative, 0.6, 1e-6);
    CHECK_NEAR(pair.margin, 0.2, 1e-6);
    CHECK_NEAR(pair.p, 0.932808, 2e-6);
    CHECK_NEAR(pair.loss, -log(0.932808), 2e-6);
    CHECK_NEAR(pair.hardest_weight, 0.053574 / (1 - 0.932808), 2e-5);
    CHECK(tie.hardest == 1 && tie.margin == 0, "hardest of equals is %d, margin %g", tie.hardest, tie.margin);
    CHECK_NEAR(tie.hardest_weight, 0.25, 1e-12);
    CHECK_STOPS(clip_pair(mat_zero(&arena, 1, 1), 0, 1), EXIT_CONTRACT, "want [N,N]");
    arena_free(&arena);
}

/* Captions that are the same text have the same vector; then sharing the target takes the floor off the loss and
 * changes no gradient. */
TEST(equal_texts_learn_the_same) {
    const int caption[] = { 0, 1, 0, 0, 2, 1 };
    double loss[2];
    num *dtext[2];
    Tape t[2] = { { .no_grad = false }, { .no_grad = false } };
    for (int shared = 0; shared < 2; shared++) {
        Rng rng = rng_seed(3, 0);
        Mat image = mat_normal(&t[shared].arena, 6, 4, &rng, 1), text = mat_normal(&t[shared].arena, 6, 4, &rng, 1);
        Mat q = shared ? clip_targets(&t[shared].arena, caption, 6, 0) : (Mat){ 0 };
        Var table = tape_leaf(&t[shared], text), all = op_embedding(&t[shared], table, caption, 6, 1);
        Var x =
            op_linear(&t[shared], tape_data(&t[shared], image), op_reshape(&t[shared], all, mat_shape(2, 6, 4)), NULL);
        Var L = clip_loss(&t[shared], x, q);
        tape_backward(&t[shared], L);
        loss[shared] = L->val.v[0];
        dtext[shared] = table->grad;
    }
    CHECK_NEAR(loss[0] - loss[1], clip_loss_floor_of(caption, 6), 1e-5);
    for (int i = 0; i < 3 * 4; i++) CHECK_NEAR(dtext[1][i], dtext[0][i], 1e-5);
    tape_free(&t[0]);
    tape_free(&t[1]);
}

TESTS(four_pairs_by_hand, different_captions_are_the_diagonal, the_floor_is_met_and_removed,
      the_floor_of_random_batches, extreme_logits_stay_finite, smoothed_targets_sum_to_one, one_pair_and_its_rival,
      equal_texts_learn_the_same)
