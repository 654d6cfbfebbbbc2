/* Every operation's value by hand, and what it refuses. Gradients: test_gradients. */
#include "autograd/gradcheck.h"
#include "core/arena.h"
#include "core/rng.h"
#include "autograd/ops.h"
#include "model/params.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Tape tape = { .training = true };

/* Numbers in reading order, as many as are given. */
typedef struct {
    const double *v;
    size_t count;
} Numbers;
#define NUMBERS(...) ((Numbers){ (const double[]){ __VA_ARGS__ }, COUNT(((const double[]){ __VA_ARGS__ })) })

static Var leaf(Mat shape, Numbers numbers) {
    Mat m = mat_like(&tape.arena, shape);
    CHECK(numbers.count == mat_count(m), "%zu numbers for %s", numbers.count, mat_shape_text(m));
    for (size_t i = 0; i < numbers.count; i++) m.v[i] = (num)numbers.v[i];
    return tape_leaf(&tape, m);
}
#define LEAF(shape, ...) leaf(shape, NUMBERS(__VA_ARGS__))

static void wants(const char *what, Var y, Mat shape, Numbers numbers, int line) {
    if (!mat_same_shape(y->val, shape) || numbers.count != mat_count(shape))
        check_fail(__FILE__, line, what, "is %s, want %s", mat_shape_text(y->val), mat_shape_text(shape));
    for (size_t i = 0; i < numbers.count; i++)
        check_near(__FILE__, line, what, (double)y->val.v[i], numbers.v[i], 1e-6);
}
#define WANTS(y, shape, ...) wants(#y, y, shape, NUMBERS(__VA_ARGS__), __LINE__)

TEST(sums_and_multiples) {
    Var a = LEAF(mat_shape(2, 2, 3), 1, 2, 3, 4, 5, 6), row = LEAF(mat_shape(1, 3), 10, 20, 30);
    Var number = LEAF(mat_shape(0), 3);
    WANTS(op_add(&tape, a, row), mat_shape(2, 2, 3), 11, 22, 33, 14, 25, 36);
    WANTS(op_add(&tape, a, a), mat_shape(2, 2, 3), 2, 4, 6, 8, 10, 12);
    WANTS(op_add(&tape, a, number), mat_shape(2, 2, 3), 4, 5, 6, 7, 8, 9);
    WANTS(op_mul(&tape, a, number), mat_shape(2, 2, 3), 3, 6, 9, 12, 15, 18);
    CHECK_STOPS(op_add(&tape, a, LEAF(mat_shape(1, 2), 1, 2)), EXIT_CONTRACT,
                "a is [2,3], b is [2]: want b of a's shape, or of its last dimensions");
    CHECK_STOPS(op_add(&tape, row, a), EXIT_CONTRACT, "a is [3], b is [2,3]");
    CHECK_STOPS(op_mul(&tape, a, row), EXIT_CONTRACT, "s is [3], want one number");
}

TEST(moving_numbers) {
    Var a = LEAF(mat_shape(2, 2, 3), 1, 2, 3, 4, 5, 6), picture = LEAF(mat_shape(4, 1, 1, 2, 3), 1, 2, 3, 4, 5, 6);
    WANTS(op_transpose(&tape, a), mat_shape(2, 3, 2), 1, 4, 2, 5, 3, 6);
    WANTS(op_reshape(&tape, a, mat_shape(1, 6)), mat_shape(1, 6), 1, 2, 3, 4, 5, 6);
    WANTS(op_flatten(&tape, picture), mat_shape(2, 1, 6), 1, 4, 2, 5, 3, 6); /* channel by channel */
    CHECK_STOPS(op_reshape(&tape, a, mat_shape(1, 5)), EXIT_CONTRACT, "x is [2,3], the shape asked for [5]");
    CHECK_STOPS(op_transpose(&tape, picture), EXIT_CONTRACT, "want a matrix");
}

TEST(products) {
    Var a = LEAF(mat_shape(2, 2, 3), 1, 2, 3, 4, 5, 6), b = LEAF(mat_shape(2, 3, 2), 1, 0, 0, 1, 1, 1);
    WANTS(op_matmul(&tape, a, b), mat_shape(2, 2, 2), 4, 5, 10, 11);
    Var w = LEAF(mat_shape(2, 1, 3), 1, 1, -1), bias = LEAF(mat_shape(1, 1), 0.5);
    WANTS(op_linear(&tape, a, w, bias), mat_shape(2, 2, 1), 0.5, 3.5);
    CHECK_STOPS(op_linear(&tape, a, b, NULL), EXIT_CONTRACT, "x is [2,3], the weight [3,2]");
    CHECK_STOPS(op_linear(&tape, a, w, LEAF(mat_shape(1, 2), 1, 2)), EXIT_CONTRACT, "the bias is [2], want [1]");
}

/* Nothing of something: no rows to add to, rows of no numbers, pictures of no channels. */
TEST(empty_shapes) {
    Var none = tape_leaf(&tape, mat_new(&tape.arena, 0, 4)), row = LEAF(mat_shape(1, 4), 1, 2, 3, 4);
    CHECK(mat_same_shape(op_add(&tape, none, row)->val, mat_shape(2, 0, 4)), "%s", "[0,4] + [4]");
    Var wide = tape_leaf(&tape, mat_new(&tape.arena, 2, 0)), w = tape_leaf(&tape, mat_new(&tape.arena, 3, 0));
    WANTS(op_linear(&tape, wide, w, LEAF(mat_shape(1, 3), 7, 8, 9)), mat_shape(2, 2, 3), 7, 8, 9, 7, 8, 9);
    Var picture = tape_leaf(&tape, mat_like(&tape.arena, mat_shape(4, 2, 4, 4, 0)));
    CHECK(mat_same_shape(op_maxpool(&tape, picture, 2, 2)->val, mat_shape(4, 2, 2, 2, 0)), "%s", "no channels");
}

TEST(activations) {
    Var x = LEAF(mat_shape(1, 4), -1, 0, 1, 2);
    WANTS(op_relu(&tape, x), mat_shape(1, 4), 0, 0, 1, 2);
    WANTS(op_exp(&tape, x), mat_shape(1, 4), 0.36787944, 1, 2.71828183, 7.38905610);
    WANTS(op_gelu(&tape, x), mat_shape(1, 4), -0.15865525, 0, 0.84134475,
          1.95449974); /* x Phi(x), from a table of Phi */
    WANTS(op_scale(&tape, x, -2), mat_shape(1, 4), 2, 0, -2, -4);
}

TEST(convolution) {
    Var x = LEAF(mat_shape(4, 1, 3, 3, 1), 1, 2, 3, 4, 5, 6, 7, 8, 9), w = LEAF(mat_shape(4, 1, 1, 2, 2), 1, 0, 0, -1);
    WANTS(op_conv2d(&tape, x, w, NULL, 1, 0), mat_shape(4, 1, 2, 2, 1), -4, -4, -4,
          -4); /* not turned over: x - lower right */
    WANTS(op_conv2d(&tape, x, w, LEAF(mat_shape(1, 1), 10), 2, 1), mat_shape(4, 1, 2, 2, 1), 9, 7, 3, 6);
    CHECK_STOPS(op_conv2d(&tape, x, LEAF(mat_shape(4, 1, 2, 1, 1), 1, 2), NULL, 1, 0), EXIT_CONTRACT,
                "want [B,H,W,C] and [O,C,K,K]");
    CHECK_STOPS(op_conv2d(&tape, x, w, NULL, 0, 0), EXIT_CONTRACT, "stride 0");
    CHECK_STOPS(op_conv2d(&tape, LEAF(mat_shape(4, 1, 1, 1, 1), 1), w, NULL, 1, 0), EXIT_CONTRACT,
                "the kernel must fit");
}

/* Two poolings give to one picture, whose last line and column no window sees, in memory that held another gradient. */
static void pool_gradients_meet(void) {
    enum { SIDE = 55, WINDOWS = SIDE / 2 };
    Mat ones = mat_like(&tape.arena, mat_shape(1, SIDE * SIDE)), equal = mat_new(&tape.arena, SIDE, SIDE);
    for (int i = 0; i < SIDE * SIDE; i++) ones.v[i] = 1;
    tape_backward_from(&tape, op_relu(&tape, op_scale(&tape, tape_leaf(&tape, ones), 2)), ones.v);
    equal.dims = 4;
    equal.shape[0] = equal.shape[3] = 1;
    equal.shape[1] = equal.shape[2] = SIDE;
    Var x = tape_leaf(&tape, equal);
    tape_backward_from(&tape, op_add(&tape, op_maxpool(&tape, x, 2, 2), op_avgpool(&tape, x, 2, 2)), ones.v);
    for (int h = 0; h < SIDE; h++)
        for (int w = 0; w < SIDE; w++) {
            double seen = h < 2 * WINDOWS && w < 2 * WINDOWS ? 0.25 + (h % 2 == 0 && w % 2 == 0) : 0,
                   got = (double)x->grad[h * SIDE + w];
            CHECK(got == seen, "line %d, column %d gets %g, not %g", h, w, got, seen);
        }
}

TEST(pooling) {
    Var x = LEAF(mat_shape(4, 1, 2, 4, 1), 1, 5, 7, 7, 5, 3, 7, 0);
    Var max = op_maxpool(&tape, x, 2, 2);
    WANTS(max, mat_shape(4, 1, 1, 2, 1), 5, 7);
    WANTS(op_avgpool(&tape, x, 2, 2), mat_shape(4, 1, 1, 2, 1), 3.5, 5.25);
    tape_backward_from(&tape, max, (num[]){ 1, 1 });
    const double first_wins[] = { 0, 1, 1, 0, 0, 0, 0, 0 };
    for (int i = 0; i < 8; i++) CHECK(x->grad[i] == (num)first_wins[i], "pixel %d gets %g", i, (double)x->grad[i]);
    pool_gradients_meet();
    Var hole = op_maxpool(&tape, LEAF(mat_shape(4, 1, 2, 2, 1), 1, NAN, 2, 3), 2, 2);
    CHECK(isnan(hole->val.v[0]), "a NaN is seen, not %g", (double)hole->val.v[0]);
    CHECK_STOPS(op_maxpool(&tape, x, 3, 1), EXIT_CONTRACT, "the window must fit");
}

TEST(batch_norm) {
    num mean[] = { 1 }, var[] = { 4 };
    BatchStats stats = { .running_mean = mean, .running_var = var, .momentum = 0.25, .eps = 0 };
    Var x = LEAF(mat_shape(2, 4, 1), 1, 3, 5, 7), gamma = LEAF(mat_shape(1, 1), 2), beta = LEAF(mat_shape(1, 1), 1);
    double deviation = sqrt(5); /* of 1, 3, 5, 7 about 4 */
    WANTS(op_batchnorm(&tape, x, gamma, beta, &stats, ACT_RELU), mat_shape(2, 4, 1), 0,
          1 - 2 / deviation < 0 ? 0 : 1 - 2 / deviation, 1 + 2 / deviation, 1 + 6 / deviation);
    CHECK_NEAR(mean[0], 0.75 * 1 + 0.25 * 4, 1e-6);
    CHECK_NEAR(var[0], 0.75 * 4 + 0.25 * 20 / 3, 1e-6); /* Bessel: 20 / (4 - 1) */
    tape.training = false;
    mean[0] = 1;
    var[0] = 4;
    WANTS(op_batchnorm(&tape, x, NULL, beta, &stats, ACT_NONE), mat_shape(2, 4, 1), 1, 2, 3, 4);
    CHECK(mean[0] == 1 && var[0] == 4, "inference leaves the statistics alone: %g %g", (double)mean[0], (double)var[0]);
    CHECK_STOPS(op_batchnorm(&tape, x, NULL, LEAF(mat_shape(1, 2), 0, 0), &stats, ACT_NONE), EXIT_CONTRACT,
                "one of each per channel");
}

/* Two pictures of one row of two places, two groups of one channel; the second has a scale and a shift of its own. */
TEST(group_norm) {
    Var x = LEAF(mat_shape(4, 2, 1, 2, 2), 1, 10, 3, 30, 4, 7, 6, 9);
    Var each = LEAF(mat_shape(2, 2, 4), 1, 1, 0, 0, 2, 3, 1, -1);
    WANTS(op_groupnorm(&tape, x, each, 2, 0, ACT_NONE), mat_shape(4, 2, 1, 2, 2), -1, -1, 1, 1, -1, -4, 3, 2);
}
/* The definition, as loops: groups of several channels, places and pictures, one scale and shift for all. */
TEST(group_norm_by_its_formula) {
    enum { B = 3, P = 6, C = 8, G = 2 };
    Rng rng = rng_seed(4, 0);
    Mat x = mat_normal(&tape.arena, B, P * C, &rng, 2), affine = mat_normal(&tape.arena, 1, 2 * C, &rng, 1);
    x = (Mat){ 4, { B, 2, 3, C }, x.v };
    affine = (Mat){ 1, { 2 * C, 1, 1, 1 }, affine.v };
    Var y = op_groupnorm(&tape, tape_data(&tape, x), tape_data(&tape, affine), G, 1e-3, ACT_GELU);
    for (int i = 0; i < B * P * C; i++) {
        int b = i / (P * C), c = i % C, first = c / (C / G) * (C / G);
        double mean = 0, variance = 0;
        for (int k = 0; k < P * C / G; k++)
            mean += (double)x.v[b * P * C + k / (C / G) * C + first + k % (C / G)] / (P * C / G);
        for (int k = 0; k < P * C / G; k++)
            variance += pow((double)x.v[b * P * C + k / (C / G) * C + first + k % (C / G)] - mean, 2) / (P * C / G);
        double u = (double)affine.v[c] * ((double)x.v[i] - mean) / sqrt(variance + 1e-3) + (double)affine.v[C + c];
        CHECK_NEAR((double)y->val.v[i], u * 0.5 * erfc(-u / sqrt(2)), 1e-5);
    }
    CHECK_STOPS(op_groupnorm(&tape, tape_data(&tape, x), tape_data(&tape, affine), 3, 1e-3, ACT_NONE), EXIT_CONTRACT,
                "whole groups");
}

TEST(upsampling_and_mean_square) {
    Var x = LEAF(mat_shape(4, 1, 1, 2, 2), 1, 2, 3, 4);
    WANTS(op_upsample(&tape, x), mat_shape(4, 1, 2, 4, 2), 1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4);
    Mat target = mat_zero(&tape.arena, 2, 2);
    WANTS(op_mean_square(&tape, x, target), mat_shape(0), 30.0 / 4);
    CHECK_STOPS(op_mean_square(&tape, x, mat_zero(&tape.arena, 1, 3)), EXIT_CONTRACT, "as many numbers");
}

TEST(unit_length) { WANTS(op_l2norm(&tape, LEAF(mat_shape(2, 2, 2), 3, 4, 0, 0)), mat_shape(2, 2, 2), 0.6, 0.8, 0, 0); }

TEST(words) {
    Var table = LEAF(mat_shape(2, 3, 2), 0, 0, 1, 2, 3, 4);
    static const int ids[] = { 2, 1, 0, 1, 0, 0 };
    Var words = op_embedding(&tape, table, ids, 2, 3);
    WANTS(words, mat_shape(3, 2, 3, 2), 3, 4, 1, 2, 0, 0, 1, 2, 0, 0, 0, 0);
    WANTS(op_mean_tokens(&tape, words, ids, 0), mat_shape(2, 2, 2), 2, 3, 1, 2);
    WANTS(op_mean_tokens(&tape, words, ids, -1), mat_shape(2, 2, 2), 4.0 / 3, 2, 1.0 / 3, 2.0 / 3);
    CHECK_STOPS(op_embedding(&tape, table, (int[]){ 3 }, 1, 1), EXIT_CONTRACT, "id 3 at position 0, want 0 to 2");
}

TEST(cross_entropy) {
    double e = exp(1);
    Var x = LEAF(mat_shape(2, 2, 2), 0, 1, 1e4, -1e4);
    WANTS(op_cross_entropy_labels(&tape, x, (int[]){ 0, 1 }), mat_shape(0), (log(1 + e) + 2e4) / 2);
    Mat half = mat_from(&tape.arena, 2, 2, (double[]){ 0.5, 0.5, 1, 0 });
    WANTS(op_cross_entropy(&tape, x, half), mat_shape(0), (log(1 + e) - 0.5) / 2);
    CHECK_STOPS(op_cross_entropy_labels(&tape, x, (int[]){ 0, 2 }), EXIT_CONTRACT,
                "row 1 belongs to class 2, want 0 to 1");
}

/* Differences of numbers in float are mostly rounding. */
TEST(differences_want_double) {
    const Op *op = op_exp(&tape, LEAF(mat_shape(1, 1), 1))->op;
    CHECK_STOPS(gradcheck_run(op), EXIT_CONTRACT, "num has 4 bytes: build with -DNUM=double");
}

/* Enough numbers for several threads' pieces: each is treated as if it were alone. */
TEST(more_numbers_than_a_piece) {
    enum { N = 150001, STEP = 7 };
    Var (*const ops[])(Tape *, Var) = { op_relu, op_gelu, op_quick_gelu };
    Rng rng = rng_seed(3, 0);
    Tape small = { .training = true };
    Mat x = mat_normal(&tape.arena, 1, N, &rng, 2), dy = mat_normal(&tape.arena, 1, N, &rng, 1);
    for (size_t k = 0; k < COUNT(ops); k++) {
        Var in = tape_leaf(&tape, x), y = ops[k](&tape, in);
        tape_backward_from(&tape, y, dy.v);
        for (int i = 0; i < N; i += STEP) {
            Var one = tape_leaf(&small, mat_from(&small.arena, 1, 1, (double[]){ (double)x.v[i] })),
                alone = ops[k](&small, one);
            num slope = dy.v[i];
            tape_backward_from(&small, alone, &slope);
            CHECK_NEAR((double)y->val.v[i], (double)alone->val.v[0], 1e-6);
            CHECK_NEAR((double)in->grad[i], (double)one->grad[0], 1e-5);
            tape_reset(&small);
        }
    }
    tape_free(&small);
}

/* Two rows of three tokens, two heads: each token has 4 numbers. */
TEST(attention_shapes) {
    Rng rng = rng_seed(4, 0);
    Var qkv = op_reshape(&tape, tape_leaf(&tape, mat_normal(&tape.arena, 6, 12, &rng, 1)), mat_shape(3, 2, 3, 12));
    Var y = op_attention(&tape, qkv, 2, false);
    CHECK(!strcmp(mat_shape_text(y->val), "[2,3,4]"), "%s", mat_shape_text(y->val));
    CHECK_STOPS(op_attention(&tape, op_reshape(&tape, qkv, mat_shape(3, 2, 9, 4)), 2, false), EXIT_CONTRACT,
                "qkv is [2,9,4]");
}

/* A result that is asked about twice, and one that is a parameter itself. */
TEST(gradients_add_up) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Param *p = params_add(&params, mat_shape(1, 2), "p");
    Tape t = { .training = true, .keep_grads = true };
    const num first[] = { 1, 2 }, second[] = { 10, 20 };
    Var x = tape_param(&t, p), y = op_scale(&t, x, 3);
    params_zero_grad(&params);
    tape_backward_from(&t, x, first);
    tape_backward_from(&t, x, second);
    CHECK(p->grad[0] == 11 && p->grad[1] == 22, "%g %g", (double)p->grad[0], (double)p->grad[1]);
    tape_backward_from(&t, y, first);
    CHECK(p->grad[0] == 14 && p->grad[1] == 28, "%g %g", (double)p->grad[0], (double)p->grad[1]);
    tape_free(&t);
    arena_free(&arena);
}

/* A convolution, its maximum pooling, and batch norm before another convolution: what tape_forget is for. The gradients
 * of all parameters [COUNT_OF_ALL numbers] go to `grads`, memory to *held. */
static void forgetful(Activation act, bool keep, num *grads, size_t *held) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(3, 0);
    Param *p[] = { params_add(&params, mat_shape(4, 6, 3, 3, 3), "w1"), params_add(&params, mat_shape(1, 6), "gamma"),
                   params_add(&params, mat_shape(1, 6), "beta"), params_add(&params, mat_shape(4, 2, 6, 3, 3), "w2") };
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t k = 0; k < mat_count(p[i]->val); k++) p[i]->val.v[k] = (num)(0.3 * rng_normal(&rng));
    Mat pixels = mat_like(&arena, mat_shape(4, 100, 16, 16, 3));
    for (size_t i = 0; i < mat_count(pixels); i++) pixels.v[i] = (num)rng_normal(&rng);
    params_zero_grad(&params);
    num statistics[12] = { 0 };
    BatchStats stats = { .running_mean = statistics, .running_var = statistics + 6, .momentum = 0.1, .eps = 1e-5 };
    Tape t = { .training = true, .keep_grads = keep };
    Var wide = op_conv2d(&t, tape_data(&t, pixels), tape_param(&t, p[0]), NULL, 1, 1);
    Var x = op_maxpool(&t, wide, 2, 2);
    tape_forget(wide);
    x = op_batchnorm(&t, x, tape_param(&t, p[1]), tape_param(&t, p[2]), &stats, act);
    Var deep = act == ACT_NONE ? op_gelu(&t, x) : x; /* an operation on one that was forgotten */
    Var y = op_conv2d(&t, deep, tape_param(&t, p[3]), NULL, 1, 1);
    tape_forget(x);
    if (deep != x) tape_forget(deep);
    CHECK(keep == (x->val.v != NULL) && keep == (wide->val.v != NULL), "%s", "forgotten, unless the tape keeps all");
    num *dy = arena_alloc(&arena, mat_count(y->val), sizeof *dy);
    for (size_t i = 0; i < mat_count(y->val); i++) dy[i] = (num)rng_normal(&rng);
    tape_backward_from(&t, y, dy);
    for (size_t i = 0; i < COUNT(p); i++) {
        memcpy(grads, p[i]->grad, mat_count(p[i]->val) * sizeof(num));
        grads += mat_count(p[i]->val);
    }
    *held = arena_held(&t.arena);
    if (!keep) CHECK_STOPS(tape_forget(tape_data(&t, pixels)), EXIT_CONTRACT, "the input is a leaf");
    tape_free(&t);
    arena_free(&arena);
}

TEST(forgotten_numbers_are_computed_again) {
    const Activation acts[] = { ACT_NONE, ACT_RELU, ACT_GELU };
    enum { COUNT_OF_ALL = 162 + 6 + 6 + 108 };
    for (size_t a = 0; a < COUNT(acts); a++) {
        num kept[COUNT_OF_ALL], again[COUNT_OF_ALL];
        size_t held_all, held;
        forgetful(acts[a], true, kept, &held_all);
        forgetful(acts[a], false, again, &held);
        CHECK(!memcmp(kept, again, sizeof kept), "activation %zu: other gradients where numbers were forgotten", a);
        CHECK(held < held_all, "activation %zu: %zu bytes, with all numbers kept %zu", a, held, held_all);
    }
}

TESTS(sums_and_multiples, moving_numbers, products, empty_shapes, activations, convolution, pooling, batch_norm,
      group_norm, group_norm_by_its_formula, upsampling_and_mean_square, unit_length, words, cross_entropy,
      differences_want_double, more_numbers_than_a_piece, attention_shapes, gradients_add_up,
      forgotten_numbers_are_computed_again)
