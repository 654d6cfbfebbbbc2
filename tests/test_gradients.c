/* Is every operation's backward the derivative of its forward? Built in double. */
#include "autograd/gradcheck.h"
#include "core/file.h"
#include "autograd/ops.h"
#include "core/softmax.h"
#include "model/text_decoder.h"
#include "check.h"

#include <math.h>
#include <string.h>

#define OP_ADDRESS(name) &name##_op,
static const Op *const ops[] = { OPS(OP_ADDRESS) };

static void agrees(const Op *op) {
    GradCheckResult r = gradcheck_run(op);
    CHECK(r.worst <= 1e-6, "%s, variant %d, input %d, number %zu: the tape says %.12g, differences say %.12g", op->name,
          r.variant, r.input, r.index, r.got, r.want);
    printf("  %-14s worst relative error %.1e\n", op->name, r.worst);
}

TEST(every_operation) {
    for (size_t i = 0; i < COUNT(ops); i++) agrees(ops[i]);
}

/* The checker itself must be able to fail: operations with the classic mistakes. */
OP(flipped_sign);
static void flipped_sign_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0; i < mat_count(y->val); i++) dx[i] -= 2 * y->in[0]->val.v[i] * y->grad[i];
}
static Var square(GradCheck *check, const Op *op) {
    Var x = gradcheck_input(check, mat_shape(2, 2, 3)), y = tape_record(check->tape, op, x->val, x, NULL, NULL);
    for (size_t i = 0; i < mat_count(x->val); i++) y->val.v[i] = x->val.v[i] * x->val.v[i];
    return y;
}
static Var flipped_sign_check(GradCheck *check) { return square(check, &flipped_sign_op); }

OP(no_gradient); /* a softmax without any: not seen if outputs are only summed, since the rows sum to 1 */
static void no_gradient_backward(Var y) { (void)y; }
static Var no_gradient_check(GradCheck *check) {
    Var x = gradcheck_input(check, mat_shape(2, 2, 3));
    Var y = tape_record(check->tape, &no_gradient_op, x->val, x, NULL, NULL);
    for (int b = 0; b < 2; b++) softmax_row(&AT(x->val, b, 0), 3, 1, &AT(y->val, b, 0));
    return y;
}

OP(one_wrong_coordinate);
static void one_wrong_coordinate_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0; i < mat_count(y->val); i++) dx[i] += (i == 4 ? 2.00001 : 2) * y->in[0]->val.v[i] * y->grad[i];
}
static Var one_wrong_coordinate_check(GradCheck *check) { return square(check, &one_wrong_coordinate_op); }

OP(not_a_number);
static void not_a_number_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0; i < mat_count(y->val); i++) dx[i] += (i == 3 ? (num)NAN : 2) * y->in[0]->val.v[i] * y->grad[i];
}
static Var not_a_number_check(GradCheck *check) { return square(check, &not_a_number_op); }

OP(of_no_value); /* the gradient is a number, what it is the gradient of is not */
static void of_no_value_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0; i < mat_count(y->val); i++) dx[i] += y->grad[i];
}
static Var of_no_value_check(GradCheck *check) {
    Var x = gradcheck_input(check, mat_shape(2, 2, 3)),
        y = tape_record(check->tape, &of_no_value_op, x->val, x, NULL, NULL);
    for (size_t i = 0; i < mat_count(x->val); i++)
        y->val.v[i] = (num)sqrt((double)x->val.v[i]); /* half of them are negative */
    return y;
}

OP(overwriting); /* right for who is used once */
static void overwriting_backward(Var y) {
    num *dx = tape_grad(y->in[0]);
    for (size_t i = 0; i < mat_count(y->val); i++) dx[i] = 2 * y->in[0]->val.v[i] * y->grad[i];
}
static Var overwriting_check(GradCheck *check) { return square(check, &overwriting_op); }

TEST(the_checker_can_fail) {
    const Op *wrong[] = { &flipped_sign_op, &no_gradient_op, &one_wrong_coordinate_op,
                          &not_a_number_op, &of_no_value_op, &overwriting_op };
    for (size_t i = 0; i < COUNT(wrong); i++) CHECK(gradcheck_run(wrong[i]).worst > 1e-6, "%s passed", wrong[i]->name);
    CHECK(gradcheck_run(&one_wrong_coordinate_op).index == 4, "%s", "the wrong coordinate is named");
}

/* Each `Var op_NAME(` in ops.h, but for second names of a listed one, is on the list. */
TEST(every_declared_operation_is_listed) {
    File file;
    Err err;
    CHECK(file_open(&file, "lib/autograd/ops.h", &err), "%s", err.text);
    const char *at = (const char *)file.data, *end = at + file.size;
    int found = 0;
    for (; at + 7 < end; at++) {
        if (strncmp(at, "Var op_", 7)) continue;
        int length = (int)strcspn(at + 7, "(");
        if (length == (int)strlen("cross_entropy_labels") && !strncmp(at + 7, "cross_entropy_labels", (size_t)length))
            continue;
        bool listed = false;
        for (size_t i = 0; i < COUNT(ops); i++)
            listed |= strlen(ops[i]->name) == (size_t)length && !strncmp(ops[i]->name, at + 7, (size_t)length);
        CHECK(listed, "op_%.*s is declared but not in OPS", length, at + 7);
        found++;
    }
    CHECK(found == (int)COUNT(ops), "%d operations declared, %zu listed", found, COUNT(ops));
    file_close(&file);
}

/* A value used twice, and gradients that stay when asked for. */
TEST(gradients_accumulate) {
    for (int keep = 0; keep < 2; keep++) {
        Tape t = { .keep_grads = keep };
        num three = 3;
        Mat number = mat_shape(0);
        number.v = &three;
        Var x = tape_leaf(&t, number), y = op_mul(&t, x, x), z = op_add(&t, y, op_mul(&t, y, x)); /* x^2 + x^3 */
        tape_backward(&t, z);
        CHECK_NEAR(x->grad[0], 2 * 3 + 3 * 9, 1e-12);
        CHECK(keep ? y->grad != NULL && y->grad[0] == 1 + 3 : y->grad == NULL, "keep_grads %d", keep);
        tape_free(&t);
    }
}

TEST(no_grad_keeps_nothing_and_nan_is_found) {
    Tape t = { .no_grad = true };
    num number[] = { -1, 1000 };
    Mat m = mat_shape(1, 2);
    m.v = number;
    Var x = tape_leaf(&t, m), y = op_scale(&t, op_exp(&t, x), 0);
    CHECK(!y->requires_grad, "%s", "no_grad");
    CHECK_STOPS(tape_backward_from(&t, y, number), EXIT_CONTRACT, "requires a gradient");
    CHECK_STOPS(tape_backward_from(&t, NULL, number), EXIT_CONTRACT, "y is NULL");
    CHECK(tape_first_not_finite(&t) && tape_first_not_finite(&t)->op == &exp_op, "%s", "exp made it");
    CHECK_STOPS(op_matmul(&t, y, y), EXIT_CONTRACT, "inner sizes differ");
    tape_free(&t);
}

/* ---- the text decoder's whole loss ------------------------------------------------------------------------------- */

typedef struct {
    const TextDecoder *decoder;
    Mat vector, states;
} DecoderCheck;
static Var decoder_loss(Tape *t, const void *context) {
    const DecoderCheck *c = context;
    static const int ids[] = { 3, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6 };
    DecoderInput in = { c->decoder->size.prefix ? tape_data(t, c->vector) : NULL,
                        c->decoder->size.states ? tape_data(t, c->states) : NULL };
    return text_decoder_loss(t, c->decoder, in, ids, 3, 6);
}
/* Prefix, states, both; tied and untied: 20 random directions of all parameters each. */
TEST(whole_text_decoder) {
    for (int kind = 0; kind < 4; kind++) {
        Arena arena = { 0 };
        Params params = { .arena = &arena };
        TextDecoder decoder;
        Rng rng = rng_seed(5, (uint64_t)kind);
        TextDecoderSize size = { .vocabulary = 9, .tokens = 6, .width = 8, .heads = 2, .prefix_tokens = 2 };
        size.prefix = kind != 1 ? 5 : 0;
        size.states = kind != 0 ? 7 : 0;
        size.untied = kind == 3;
        CHECK(text_decoder_add(&decoder, &params, size, &rng), "kind %d", kind);
        for (int i = 0; i < params.count; i++)
            for (size_t k = 0; k < mat_count(params.list[i]->val); k++)
                params.list[i]->val.v[k] += (num)(0.3 * rng_normal(&rng));
        DecoderCheck check = { &decoder, mat_normal(&arena, 3, 5, &rng, 1), mat_normal(&arena, 12, 7, &rng, 1) };
        check.states = (Mat){ .dims = 3, .shape = { 3, 4, 7, 1 }, .v = check.states.v };
        double worst = gradcheck_directions(params.list, params.count, decoder_loss, &check, 20, 1);
        CHECK(worst <= 1e-6, "kind %d: along a direction the tape and the difference are %g apart", kind, worst);
        printf("  %zu parameters, 20 directions: worst relative error %.1e\n", params_count(&params), worst);
        arena_free(&arena);
    }
}
/* A gradient that is too small by one number in many is seen. */
static Var wrong_loss(Tape *t, const void *context) {
    Param *p = (Param *)(uintptr_t)context;
    Var y = tape_record(t, &one_wrong_coordinate_op, p->val, tape_param(t, p), NULL, NULL);
    for (size_t i = 0; i < mat_count(p->val); i++) y->val.v[i] = p->val.v[i] * p->val.v[i];
    static const int first[] = { 0 };
    return op_cross_entropy_labels(t, op_reshape(t, y, mat_shape(2, 1, 6)), first);
}
TEST(the_check_of_a_network_can_fail) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Rng rng = rng_seed(1, 0);
    Param *p = params_add(&params, mat_shape(2, 2, 3), "p");
    init_normal(p, 1, &rng);
    CHECK(gradcheck_directions(params.list, 1, wrong_loss, p, 20, 1) > 1e-6, "%s", "passed");
    arena_free(&arena);
}

TESTS(whole_text_decoder, the_check_of_a_network_can_fail, every_operation, the_checker_can_fail,
      every_declared_operation_is_listed, gradients_accumulate, no_grad_keeps_nothing_and_nan_is_found)
