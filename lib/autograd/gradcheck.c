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

/* ---- a whole network --------------------------------------------------------------------------------------------- */

/* One random direction of unit length through all numbers that are trained, and where the parameters stood. */
typedef struct {
    Param *const *params;
    int count;
    num **kept, **direction; /* NULL for a frozen parameter */
} Line;

static Line line_new(Arena *arena, Param *const *params, int count) {
    Line line = { params, count, arena_zero(arena, (size_t)count, sizeof(num *)),
                  arena_zero(arena, (size_t)count, sizeof(num *)) };
    for (int i = 0; i < count; i++) {
        size_t n = mat_count(params[i]->val);
        if (params[i]->frozen) continue;
        line.kept[i] = arena_alloc(arena, n, sizeof(num));
        line.direction[i] = arena_alloc(arena, n, sizeof(num));
        for (size_t k = 0; k < n; k++) line.kept[i][k] = params[i]->val.v[k];
    }
    return line;
}
static void line_draw(const Line *line, Rng *rng) {
    double length = 0;
    for (int i = 0; i < line->count; i++)
        for (size_t k = 0; line->direction[i] && k < mat_count(line->params[i]->val); k++) {
            line->direction[i][k] = (num)rng_normal(rng);
            length += (double)line->direction[i][k] * (double)line->direction[i][k];
        }
    for (int i = 0; i < line->count; i++)
        for (size_t k = 0; line->direction[i] && k < mat_count(line->params[i]->val); k++)
            line->direction[i][k] /= (num)sqrt(length);
}
/* The loss at kept + step * direction. */
static double line_loss(const Line *line, double step, GradCheckLoss *loss, const void *context) {
    for (int i = 0; i < line->count; i++)
        for (size_t k = 0; line->kept[i] && k < mat_count(line->params[i]->val); k++)
            line->params[i]->val.v[k] = line->kept[i][k] + (num)step * line->direction[i][k];
    Tape t = { .training = true };
    double value = (double)loss(&t, context)->val.v[0];
    tape_free(&t);
    return value;
}

double gradcheck_directions(Param *const *params, int count, GradCheckLoss *loss, const void *context, int directions,
                            uint64_t seed) {
    REQUIRE(sizeof(num) == sizeof(double), "num has %zu bytes: build with -DNUM=double", sizeof(num));
    const double h = 1e-3;
    Arena arena = { 0 };
    Rng rng = rng_seed(seed, 0);
    Line line = line_new(&arena, params, count);
    double worst = 0;
    Tape t = { .training = true };
    for (int i = 0; i < count; i++) params[i]->has_grad = false;
    tape_backward(&t, loss(&t, context));
    tape_free(&t);
    for (int d = 0; d < directions; d++) {
        double got = 0, L[5];
        line_draw(&line, &rng);
        for (int i = 0; i < count; i++)
            for (size_t k = 0; line.direction[i] && params[i]->has_grad && k < mat_count(params[i]->val); k++)
                got += (double)params[i]->grad[k] * (double)line.direction[i][k];
        for (int step = -2; step <= 2; step++) L[step + 2] = line_loss(&line, step * h, loss, context);
        double want = (8 * (L[3] - L[1]) - (L[4] - L[0])) / (12 * h);
        double error = fabs(got - want) / fmax(fmax(fabs(got), fabs(want)), 1e-9);
        worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
    line_loss(&line, 0, loss, context);
    for (int i = 0; i < count; i++) params[i]->has_grad = false;
    arena_free(&arena);
    return worst;
}
