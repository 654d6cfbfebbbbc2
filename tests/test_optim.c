/* optim, eigen: every rule moves the weights as its formula says, and only those it may move. */
#include "core/eigen.h"
#include "core/arena.h"
#include "training/optim.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { N = 7, STEPS = 6 };

/* ---- one parameter of N numbers, and the same sums in double ------------------------------------------------- */

typedef struct {
    Arena arena;
    Params params;
    Param *param;
    Optim optim;
    Rng rng;
    double w[N], first[N], second[N]; /* what must come out */
} Case;

static Case *case_new(OptimGroup group) {
    static Case c;
    c = (Case){ .rng = rng_seed(5, 0) };
    c.params.arena = &c.arena;
    c.param = params_add(&c.params, mat_shape(1, N), "w");
    init_normal(c.param, 1, &c.rng);
    for (int i = 0; i < N; i++) c.w[i] = (double)c.param->val.v[i];
    optim_init(&c.optim, &c.params, &group, 1);
    return &c;
}

static void case_gradient(Case *c) {
    for (int i = 0; i < N; i++) c->param->grad[i] = (num)rng_normal(&c->rng);
    c->param->has_grad = true;
}

static void case_check(Case *c, int step) {
    CHECK(!c->param->has_grad, "step %d: the gradient was not forgotten", step);
    for (int i = 0; i < N; i++) CHECK_NEAR((double)c->param->val.v[i], c->w[i], 2e-6);
}

static void case_free(Case *c) {
    optim_free(&c->optim);
    arena_free(&c->arena);
}

/* ---- SGD ----------------------------------------------------------------------------------------------------- */

static void sgd_try(OptimGroup o) {
    Case *c = case_new(o);
    for (int n = 1; n <= STEPS; n++) {
        double factor = 1.0 / n;
        case_gradient(c);
        for (int i = 0; i < N; i++) {
            c->first[i] = o.momentum * c->first[i] + (double)c->param->grad[i] + o.weight_decay * c->w[i];
            c->w[i] -= o.lr * factor * c->first[i];
        }
        optim_step(&c->optim, factor);
        case_check(c, n);
    }
    CHECK(c->optim.steps == STEPS, "%lld", (long long)c->optim.steps);
    case_free(c);
}

TEST(sgd_by_its_formula) {
    sgd_try((OptimGroup){ .rule = OPTIM_SGD, .lr = 0.1 });
    sgd_try((OptimGroup){ .rule = OPTIM_SGD, .lr = 0.1, .momentum = 0.9 });
    sgd_try((OptimGroup){ .rule = OPTIM_SGD, .lr = 0.1, .momentum = 0.5, .weight_decay = 0.2 });
}

TEST(sgd_by_hand) {
    Case *c = case_new((OptimGroup){ .rule = OPTIM_SGD, .lr = 0.5, .momentum = 0.5 });
    num *w = c->param->val.v, *g = c->param->grad;
    memset(g, 0, N * sizeof *g);
    w[0] = 1;
    g[0] = 2;
    c->param->has_grad = true;
    optim_step(&c->optim, 1); /* v = 2, w = 1 - 0.5 * 2 */
    CHECK(w[0] == 0, "%g", (double)w[0]);
    g[0] = 1;
    c->param->has_grad = true;
    optim_step(&c->optim, 1); /* v = 2, w = 0 - 0.5 * 2 */
    CHECK(w[0] == -1, "%g", (double)w[0]);
    case_free(c);
}

/* ---- AdamW --------------------------------------------------------------------------------------------------- */

static void adamw_try(OptimGroup o) {
    const double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
    Case *c = case_new(o);
    for (int n = 1; n <= STEPS; n++) {
        double lr = o.lr * n / STEPS;
        case_gradient(c);
        for (int i = 0; i < N; i++) {
            double g = (double)c->param->grad[i];
            c->first[i] = beta1 * c->first[i] + (1 - beta1) * g;
            c->second[i] = beta2 * c->second[i] + (1 - beta2) * g * g;
            double m = c->first[i] / (1 - pow(beta1, n)), v = c->second[i] / (1 - pow(beta2, n));
            c->w[i] -= lr * o.weight_decay * c->w[i] + lr * m / (sqrt(v) + eps);
        }
        optim_step(&c->optim, (double)n / STEPS);
        case_check(c, n);
    }
    case_free(c);
}

TEST(adamw_by_its_formula) {
    adamw_try((OptimGroup){ .rule = OPTIM_ADAMW, .lr = 0.05 });
    adamw_try((OptimGroup){ .rule = OPTIM_ADAMW, .lr = 0.05, .weight_decay = 0.3 });
}

/* The first step is lr times the sign, however large the gradient; no gradient at all moves nothing. */
TEST(adamw_first_step_is_the_sign) {
    Case *c = case_new((OptimGroup){ .rule = OPTIM_ADAMW, .lr = 0.25 });
    const double sizes[N] = { 1e-5, -1e-3, 1, -7, 1e6, -1e12, 0 };
    for (int i = 0; i < N; i++) c->param->grad[i] = (num)sizes[i];
    c->param->has_grad = true;
    optim_step(&c->optim, 1);
    for (int i = 0; i < N; i++) {
        double want = sizes[i] == 0 ? 0 : sizes[i] < 0 ? 0.25 : -0.25;
        CHECK(fabs((double)c->param->val.v[i] - c->w[i] - want) < 3e-4, "gradient %g moved %g to %g", sizes[i], c->w[i],
              (double)c->param->val.v[i]);
    }
    case_free(c);
}

/* ---- Muon ---------------------------------------------------------------------------------------------------- */

enum { O = 6, C = 2, K = 3, FILTER = C * K * K };

/* Eigenvalues, largest first, of x x^T for x [O,FILTER]; rows of `vectors` are the eigenvectors. */
static void spectrum(const double *x, double *values, double *vectors) {
    double square[O * O] = { 0 };
    for (int a = 0; a < O; a++)
        for (int b = 0; b < O; b++)
            for (int k = 0; k < FILTER; k++) square[a * O + b] += x[a * FILTER + k] * x[b * FILTER + k];
    eigen_symmetric(O, square, values, vectors);
}

/* The matrix nearest to g with all singular values 1, (g g^T)^(-1/2) g. */
static void polar(const double *g, double *q) {
    double values[O], v[O * O];
    spectrum(g, values, v);
    memset(q, 0, O * FILTER * sizeof *q);
    for (int e = 0; e < O; e++)
        for (int a = 0; a < O; a++)
            for (int b = 0; b < O; b++)
                for (int k = 0; k < FILTER; k++)
                    q[a * FILTER + k] += v[e * O + a] * v[e * O + b] / sqrt(values[e]) * g[b * FILTER + k];
}

static double length(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

/* The same polynomial, plain and in double. */
static void newton_schulz(double *x) {
    double norm = length(x, O * FILTER) + 1e-7;
    for (int i = 0; i < O * FILTER; i++) x[i] /= norm;
    for (int step = 0; step < 3; step++) {
        double s[O][O] = { { 0 } }, p[O][O], next[O * FILTER];
        for (int a = 0; a < O; a++)
            for (int b = 0; b < O; b++)
                for (int k = 0; k < FILTER; k++) s[a][b] += x[a * FILTER + k] * x[b * FILTER + k];
        for (int a = 0; a < O; a++)
            for (int b = 0; b < O; b++) {
                double squared = 0;
                for (int c = 0; c < O; c++) squared += s[a][c] * s[c][b];
                p[a][b] = -4.7750 * s[a][b] + 2.0315 * squared;
            }
        for (int a = 0; a < O; a++)
            for (int k = 0; k < FILTER; k++) {
                next[a * FILTER + k] = 3.4445 * x[a * FILTER + k];
                for (int b = 0; b < O; b++) next[a * FILTER + k] += p[a][b] * x[b * FILTER + k];
            }
        memcpy(x, next, sizeof next);
    }
}

TEST(muon_by_its_formula) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Optim optim;
    Rng rng = rng_seed(8, 0);
    Param *p = params_add(&params, mat_shape(4, O, C, K, K), "filters");
    double w[O * FILTER], v[O * FILTER] = { 0 }, x[O * FILTER], g[O * FILTER], q[O * FILTER], values[O], vectors[O * O];
    init_normal(p, 3, &rng);
    optim_init(&optim, &params, &(OptimGroup){ .rule = OPTIM_MUON, .lr = 0.2, .momentum = 0.6 }, 1);
    for (int step = 0; step < 4; step++) {
        double factor = 1 - 0.25 * step, dot = 0;
        for (int i = 0; i < O * FILTER; i++) {
            p->grad[i] = (num)(0.01 * rng_normal(&rng));
            v[i] = 0.6 * v[i] + (double)p->grad[i];
            g[i] = x[i] = (double)p->grad[i] + 0.6 * v[i];
            w[i] = (double)p->val.v[i];
        }
        p->has_grad = true;
        optim_step(&optim, factor);
        newton_schulz(x);
        double rescale = sqrt(O) / length(w, O * FILTER); /* the whole bank to length sqrt(O) */
        for (int i = 0; i < O * FILTER; i++) {
            CHECK_NEAR((double)p->val.v[i], rescale * w[i] - 0.2 * factor * x[i], 1e-5);
            x[i] = (rescale * w[i] - (double)p->val.v[i]) / (0.2 * factor); /* the step that was really made */
        }
        spectrum(x, values, vectors);
        CHECK(values[0] < 1.3 * 1.3 && values[O - 1] > 0.6 * 0.6, "singular values %g to %g", sqrt(values[O - 1]),
              sqrt(values[0]));
        polar(g, q);
        for (int i = 0; i < O * FILTER; i++) dot += q[i] * x[i];
        CHECK(dot / length(q, O * FILTER) / length(x, O * FILTER) > 0.98,
              "the step is %g along the nearest orthogonal matrix",
              dot / length(q, O * FILTER) / length(x, O * FILTER));
    }
    optim_free(&optim);
    arena_free(&arena);
}

static void muon_on(Mat shape) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Optim optim;
    Param *p = params_add(&params, shape, "tall");
    init_constant(p, 1);
    optim_init(&optim, &params, &(OptimGroup){ .rule = OPTIM_MUON, .lr = 0.2 }, 1);
    p->has_grad = true;
    optim_step(&optim, 1);
}

TEST(muon_refuses_other_shapes) {
    CHECK_STOPS(muon_on(mat_shape(1, 5)), EXIT_CONTRACT, "tall is [5], want a matrix [O,N] with O <= N");
    CHECK_STOPS(muon_on(mat_shape(4, 10, 1, 3, 3)), EXIT_CONTRACT,
                "tall is [10,1,3,3], want a matrix [O,N] with O <= N");
}

/* A gradient of zeros has no direction: the filters are rescaled, and nothing turns into NaN. */
TEST(muon_without_direction) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Optim optim;
    Rng rng = rng_seed(3, 0);
    Param *p = params_add(&params, mat_shape(4, O, C, K, K), "filters");
    init_normal(p, 1, &rng);
    optim_init(&optim, &params, &(OptimGroup){ .rule = OPTIM_MUON, .lr = 0.2, .momentum = 0.6 }, 1);
    p->has_grad = true; /* params_add made zeros */
    optim_step(&optim, 1);
    CHECK_NEAR(vec_norm(p->val.v, O * FILTER), sqrt(O), 1e-5);
    optim_free(&optim);
    arena_free(&arena);
}

/* ---- who moves ----------------------------------------------------------------------------------------------- */

TEST(frozen_and_gradientless_stay) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Optim optim;
    const OptimGroup groups[] = { { .rule = OPTIM_SGD, .lr = 1, .momentum = 0.9, .weight_decay = 0.1 },
                                  { .rule = OPTIM_ADAMW, .lr = 1, .weight_decay = 0.1 },
                                  { .rule = OPTIM_MUON, .lr = 1 } };
    for (int i = 0; i < 9; i++) { /* each rule: moves, frozen, without gradient */
        Param *p = params_add(&params, mat_shape(2, 2, 3), "p%d", i);
        for (int k = 0; k < 6; k++) {
            p->val.v[k] = (num)(k + 1);
            p->grad[k] = (num)(k * k + 1);
        }
        p->group = i / 3;
        p->frozen = i % 3 == 1;
    }
    optim_init(&optim, &params, groups, 3);
    for (int i = 0; i < 9; i++) {
        CHECK((optim.first[i] == NULL) == (i % 3 == 1), "%d: first", i);
        CHECK((optim.second[i] == NULL) == (i / 3 != 1 || i % 3 == 1), "%d: second", i);
    }
    for (int step = 0; step < 2; step++) {
        for (int i = 0; i < 9; i++) params.list[i]->has_grad = i % 3 != 2;
        optim_step(&optim, 1);
    }
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 6; k++)
            CHECK((params.list[i]->val.v[k] == (num)(k + 1)) == (i % 3 != 0), "parameter %d, number %d is %g", i, k,
                  (double)params.list[i]->val.v[k]);
    optim_free(&optim);
    arena_free(&arena);
}

/* A parameter that is frozen after the start, as the bias behind the whitening filters is, keeps its state. */
TEST(freezing_later) {
    Case *c = case_new((OptimGroup){ .rule = OPTIM_SGD, .lr = 1, .momentum = 0.5 });
    case_gradient(c);
    optim_step(&c->optim, 1);
    num w = c->param->val.v[0], v = c->optim.first[0][0];
    c->param->frozen = true;
    case_gradient(c);
    optim_step(&c->optim, 1);
    CHECK(c->param->val.v[0] == w && c->optim.first[0][0] == v, "%g, was %g", (double)c->param->val.v[0], (double)w);
    case_free(c);
}

TEST(groups_are_checked) {
    Case *c = case_new((OptimGroup){ .rule = OPTIM_SGD });
    OptimGroup groups[OPTIM_GROUPS + 1] = { { .rule = OPTIM_SGD } };
    CHECK_STOPS(optim_init(&c->optim, &c->params, groups, 0), EXIT_CONTRACT, "0 groups, want 1 to 6");
    CHECK_STOPS(optim_init(&c->optim, &c->params, groups, OPTIM_GROUPS + 1), EXIT_CONTRACT, "7 groups, want 1 to 6");
    c->param->group = 2;
    CHECK_STOPS(optim_init(&c->optim, &c->params, groups, 2), EXIT_CONTRACT, "w is of group 2, there are 2 groups");
    case_free(c);
}

/* ---- clipping, schedules ------------------------------------------------------------------------------------- */

TEST(clip_norm) {
    Arena arena = { 0 };
    Params params = { .arena = &arena };
    Param *a = params_add(&params, mat_shape(1, 2), "a"), *b = params_add(&params, mat_shape(0), "b"),
          *none = params_add(&params, mat_shape(1, 1), "none");
    a->has_grad = b->has_grad = true;
    a->grad[0] = 2;
    a->grad[1] = -3;
    b->grad[0] = 6;
    none->grad[0] = 1e9; /* of an earlier step: does not count */
    CHECK_NEAR(optim_clip_norm(&params, 7), 7, 1e-12);
    CHECK(a->grad[0] == 2 && a->grad[1] == -3 && b->grad[0] == 6, "%s", "changed, though it was not too long");
    CHECK_NEAR(optim_clip_norm(&params, 3.5), 7, 1e-12);
    CHECK(a->grad[0] == 1 && a->grad[1] == (num)-1.5 && b->grad[0] == 3 && none->grad[0] == (num)1e9, "%g %g %g",
          (double)a->grad[0], (double)a->grad[1], (double)b->grad[0]);
    params_zero_grad(&params);
    CHECK(optim_clip_norm(&params, 1) == 0, "%s", "no gradient has no length");
    CHECK_STOPS(optim_clip_norm(&params, 0), EXIT_CONTRACT, "max norm of the gradients is 0");
    arena_free(&arena);
}

TEST(schedules_at_the_edges) {
    const Schedule all[] = { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE };
    for (size_t i = 0; i < COUNT(all); i++) {
        CHECK_NEAR(schedule_factor(all[i], 0, 100, 4), 0.2, 1e-15); /* rises: 1/5, 2/5, 3/5, 4/5, 1 */
        CHECK_NEAR(schedule_factor(all[i], 3, 100, 4), 0.8, 1e-15);
        CHECK_NEAR(schedule_factor(all[i], 4, 100, 4), 1, 1e-15);
        CHECK_NEAR(schedule_factor(all[i], 0, 100, 0), 1, 1e-15);
        CHECK_NEAR(schedule_factor(all[i], 100, 100, 0), i == 0, 1e-15);
        CHECK_NEAR(schedule_factor(all[i], 500, 100, 0), i == 0, 1e-15); /* stays down */
        CHECK_NEAR(schedule_factor(all[i], 2, 3, 5), 0.5, 1e-15);        /* nothing but warm-up */
    }
    CHECK_NEAR(schedule_factor(SCHEDULE_LINEAR, 25, 100, 0), 0.75, 1e-15);
    CHECK_NEAR(schedule_factor(SCHEDULE_LINEAR, 55, 100, 10), 0.5, 1e-15);
    CHECK_NEAR(schedule_factor(SCHEDULE_COSINE, 50, 100, 0), 0.5, 1e-15);
    CHECK_NEAR(schedule_factor(SCHEDULE_COSINE, 25, 100, 0), 0.5 + sqrt(0.125), 1e-15);
    CHECK(schedule_factor(SCHEDULE_CONSTANT, 99, 100, 4) == 1, "%s", "constant");
}

/* ---- eigen --------------------------------------------------------------------------------------------------- */

TEST(eigen_by_hand) {
    double a[] = { 2, 1, 1, 2 }, values[3], v[9];
    eigen_symmetric(2, a, values, v);
    CHECK_NEAR(values[0], 3, 1e-14);
    CHECK_NEAR(values[1], 1, 1e-14);
    CHECK_NEAR(v[0], sqrt(0.5), 1e-14);
    CHECK_NEAR(v[1], sqrt(0.5), 1e-14);
    CHECK_NEAR(v[2] * v[3], -0.5, 1e-14);
    double diagonal[] = { -5, 0, 0, 0, 7, 0, 0, 0, 1 };
    eigen_symmetric(3, diagonal, values, v);
    CHECK(values[0] == 7 && values[1] == 1 && values[2] == -5, "%g %g %g", values[0], values[1], values[2]);
    CHECK(v[1] == 1 && v[5] == 1 && v[6] == 1 && v[0] == 0, "%s", "the axes themselves");
    double one[] = { -4 }, ones[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    eigen_symmetric(1, one, values, v);
    CHECK(values[0] == -4 && v[0] == 1, "%g %g", values[0], v[0]);
    eigen_symmetric(3, ones, values, v); /* 3, 0, 0: a whole plane of eigenvectors */
    CHECK_NEAR(values[0], 3, 1e-14);
    CHECK_NEAR(values[2], 0, 1e-14);
}

/* a v = value v, unit length, right angles, descending order, the largest number positive. */
static void eigen_try(int n, double scale, int rank, Rng *rng) {
    static double x[32 * 32], a[32 * 32], keep[32 * 32], v[32 * 32], values[32];
    for (int i = 0; i < n * n; i++) {
        x[i] = rng_normal(rng);
        a[i] = 0;
    }
    for (int i = 0; i < n; i++) /* rank 0: any symmetric matrix; else a covariance of that rank */
        for (int j = 0; j <= i; j++) {
            for (int k = 0; k < rank; k++) a[i * n + j] += scale * x[k * n + i] * x[k * n + j];
            a[j * n + i] = a[i * n + j] = rank ? a[i * n + j] : scale * x[i * n + j];
        }
    memcpy(keep, a, sizeof keep);
    double size = length(keep, n * n);
    eigen_symmetric(n, a, values, v);
    for (int e = 0; e < n; e++) {
        const double *row = v + e * n;
        double largest = 0;
        for (int i = 0; i < n; i++) {
            double image = 0;
            for (int k = 0; k < n; k++) image += keep[i * n + k] * row[k];
            CHECK(fabs(image - values[e] * row[i]) <= 1e-13 * size, "n %d: vector %d is no eigenvector", n, e);
            if (fabs(row[i]) > fabs(largest)) largest = row[i];
        }
        CHECK(largest > 0, "n %d: vector %d points the other way", n, e);
        CHECK(e == 0 || values[e] <= values[e - 1], "n %d: value %d, %g, is above %g", n, e, values[e], values[e - 1]);
        for (int f = 0; f <= e; f++) {
            double dot = 0;
            for (int k = 0; k < n; k++) dot += row[k] * v[f * n + k];
            CHECK_NEAR(dot, e == f, 1e-13);
        }
    }
}

TEST(eigen_of_random_matrices) {
    Rng rng = rng_seed(2, 0);
    for (int n = 1; n <= 32; n += n < 8 ? 1 : 6) {
        eigen_try(n, 1, 0, &rng);
        eigen_try(n, 1e-12, 0, &rng);
        eigen_try(n, 1e6, n, &rng);
        eigen_try(n, 1, (n + 1) / 2, &rng); /* half of the values are 0 */
    }
}

TESTS(sgd_by_its_formula, sgd_by_hand, adamw_by_its_formula, adamw_first_step_is_the_sign, muon_by_its_formula,
      muon_refuses_other_shapes, muon_without_direction, frozen_and_gradientless_stay, freezing_later,
      groups_are_checked, clip_norm, schedules_at_the_edges, eigen_by_hand, eigen_of_random_matrices)
