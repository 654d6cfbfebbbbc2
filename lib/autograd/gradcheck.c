#include "autograd/gradcheck.h"

#include <math.h>

Var gradcheck_input(GradCheck *check, Mat shape) {
    REQUIRE(check->made < GRADCHECK_INPUTS, "more than %d inputs", GRADCHECK_INPUTS);
    int i = check->made++;
    if (i == check->inputs) { /* the first build: choose the numbers */
        check->inputs++;
        int n = (int)mat_count(shape);
        int *order = arena_alloc(&check->arena, (size_t)n, sizeof *order);
        for (int k = 0; k < n; k++) order[k] = k;
        Rng rng = rng_seed(7, (uint64_t)i);
        rng_shuffle(&rng, order, n);
        check->value[i] = mat_like(&check->arena, shape);
        for (int k = 0; k < n; k++) check->value[i].v[k] = (num)((4 * order[k] + 2.0) / n - 2 + 0.3 / n);
    }
    REQUIRE(mat_same_shape(check->value[i], shape), "input %d is %s, was %s", i, mat_shape_text(shape),
            mat_shape_text(check->value[i]));
    check->leaf[i] = tape_leaf(check->tape, check->value[i]);
    return check->leaf[i];
}

static Var build(const Op *op, GradCheck *check) {
    tape_reset(check->tape);
    check->made = 0;
    check->rng = rng_seed(11, (uint64_t)check->variant);
    return op->check(check);
}

/* L = r . y */
static double loss_at(const Op *op, GradCheck *check, const num *r) {
    Var y = build(op, check);
    double loss = 0;
    for (size_t i = 0; i < mat_count(y->val); i++) loss += (double)r[i] * (double)y->val.v[i];
    return loss;
}

static double difference(const Op *op, GradCheck *check, const num *r, num *x) {
    const double h = 5e-4;
    num keep = *x;
    double L[5];
    for (int step = -2; step <= 2; step++) {
        *x = (num)((double)keep + step * h);
        L[step + 2] = step == 0 ? 0 : loss_at(op, check, r);
    }
    *x = keep;
    return (8 * (L[3] - L[1]) - (L[4] - L[0])) / (12 * h);
}

static void compare(const Op *op, GradCheck *check, int input, const double *got, const num *r,
                    GradCheckResult *result) {
    size_t count = mat_count(check->value[input]);
    double *want = arena_alloc(&check->arena, count, sizeof *want), largest = 0;
    for (size_t k = 0; k < count; k++) {
        want[k] = difference(op, check, r, &check->value[input].v[k]);
        largest = fmax(largest, fabs(want[k]));
    }
    for (size_t k = 0; k < count; k++) {
        double floor = fmax(0.01 * largest, 1e-9), scale = fmax(fmax(fabs(got[k]), fabs(want[k])), floor);
        double error = fabs(got[k] - want[k]) / scale;
        if (error <= result->worst) continue; /* false for NaN */
        *result = (GradCheckResult){ isnan(error) ? INFINITY : error, input, k, check->variant, got[k], want[k] };
    }
}

/* What the backward adds to gradients that hold `before` (0: empty ones). Copied: the next build overwrites them. */
static void gradients(GradCheck *check, Var y, const num *r, num before, double *got[GRADCHECK_INPUTS]) {
    for (int i = 0; i < check->inputs && before != 0; i++) {
        num *grad = tape_grad(check->leaf[i]);
        for (size_t k = 0; k < mat_count(check->value[i]); k++) grad[k] = before;
    }
    tape_backward_from(check->tape, y, r);
    for (int i = 0; i < check->inputs; i++) {
        size_t n = mat_count(check->value[i]);
        const num *grad = check->leaf[i]->grad;
        got[i] = arena_alloc(&check->arena, n, sizeof(double));
        for (size_t k = 0; k < n; k++) got[i][k] = grad ? (double)(grad[k] - before) : 0;
    }
}

/* A backward must add: for a value that is used twice, both gradients count. */
static void compare_again(const GradCheck *check, int input, const double *first, const double *again,
                          GradCheckResult *result) {
    for (size_t k = 0; k < mat_count(check->value[input]); k++)
        if (!(fabs(again[k] - first[k]) <= 1e-9 * fmax(1, fabs(first[k]))))
            *result = (GradCheckResult){ INFINITY, input, k, check->variant, again[k], first[k] };
}

static void run_variant(const Op *op, GradCheck *check, GradCheckResult *result) {
    check->inputs = 0;
    Var y = build(op, check);
    size_t count = mat_count(y->val);
    num *r = arena_alloc(&check->arena, count, sizeof *r);
    Rng rng = rng_seed(13, 0);
    for (size_t i = 0; i < count; i++) r[i] = (num)rng_normal(&rng);
    double *got[GRADCHECK_INPUTS], *again[GRADCHECK_INPUTS];
    gradients(check, y, r, 0, got);
    gradients(check, build(op, check), r, 1, again);
    for (int i = 0; i < check->inputs; i++) {
        compare(op, check, i, got[i], r, result);
        compare_again(check, i, got[i], again[i], result);
    }
}

GradCheckResult gradcheck_run(const Op *op) {
    REQUIRE(sizeof(num) == sizeof(double), "num has %zu bytes: build with -DNUM=double", sizeof(num));
    GradCheckResult result = { 0 };
    int variants = 1;
    for (int variant = 0; variant < variants; variant++) {
        Tape tape = { .training = true };
        GradCheck check = { .tape = &tape, .variant = variant };
        run_variant(op, &check, &result);
        variants = MAX(1, check.variants);
        tape_free(&tape);
        arena_free(&check.arena);
    }
    return result;
}
