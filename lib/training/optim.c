#include "training/optim.h"
#include "kernels/gemm.h"

#include <math.h>
#include <string.h>

void optim_init(Optim *optim, Params *params, const OptimGroup *groups, int count) {
    REQUIRE(1 <= count && count <= OPTIM_GROUPS, "%d groups, want 1 to %d", count, OPTIM_GROUPS);
    *optim = (Optim){ .params = params };
    memcpy(optim->groups, groups, (size_t)count * sizeof *groups);
    optim->first = arena_zero(params->arena, (size_t)params->count, sizeof(num *));
    optim->second = arena_zero(params->arena, (size_t)params->count, sizeof(num *));
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        REQUIRE(0 <= p->group && p->group < count, "%s is of group %d, there are %d groups", p->name, p->group, count);
        if (p->frozen) continue;
        optim->first[i] = arena_zero(params->arena, mat_count(p->val), sizeof(num));
        if (optim->groups[p->group].rule == OPTIM_ADAMW)
            optim->second[i] = arena_zero(params->arena, mat_count(p->val), sizeof(num));
    }
}

/* v = momentum v + g + decay w;  w -= lr v */
static void sgd_step(const OptimGroup *o, double factor, Param *p, num *v) {
    num *w = p->val.v, lr = (num)(o->lr * factor), momentum = (num)o->momentum, decay = (num)o->weight_decay;
    for (size_t i = 0, count = mat_count(p->val); i < count; i++) {
        v[i] = momentum * v[i] + (p->grad[i] + decay * w[i]);
        w[i] -= lr * v[i];
    }
}

/* The formula of optim.h; what is the same for all numbers is computed once, in double. */
static void adamw_step(const OptimGroup *o, double factor, int64_t n, Param *p, num *m, num *v) {
    const double beta1 = 0.9, beta2 = 0.999;
    double lr = o->lr * factor, correct1 = 1 - pow(beta1, (double)n), correct2 = 1 - pow(beta2, (double)n);
    num b1 = (num)beta1, new1 = (num)(1 - beta1), b2 = (num)beta2, new2 = (num)(1 - beta2);
    num keep = (num)(1 - lr * o->weight_decay), rate = (num)(lr / correct1);
    num root = (num)(1 / sqrt(correct2)), eps = (num)1e-8, *w = p->val.v;
    for (size_t i = 0, count = mat_count(p->val); i < count; i++) {
        num g = p->grad[i];
        m[i] = b1 * m[i] + new1 * g;
        v[i] = b2 * v[i] + new2 * g * g;
        w[i] = keep * w[i] - rate * m[i] / ((num)sqrt((double)v[i]) * root + eps);
    }
}

/* sum + x[0]^2 + ... + x[n-1]^2 */
static double add_squares(double sum, const num *x, size_t n) {
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

/* X = X / |X|, then three times X = a X + (b S + c S S) X with S = X X^T: a polynomial that moves every singular
 * value in (0, 1] towards 1.
 * Shapes  X and next [O,N], S and P = b S + c S S [O,O] */
static void newton_schulz(Arena *scratch, num *X, int O, int N) {
    const num a = (num)3.4445, b = (num)-4.7750, c = (num)2.0315;
    size_t count = (size_t)O * (size_t)N, square = (size_t)O * (size_t)O;
    num *S = arena_alloc(scratch, square, sizeof(num)), *P = arena_alloc(scratch, square, sizeof(num));
    num *next = arena_alloc(scratch, count, sizeof(num)), scale = (num)(1 / (sqrt(add_squares(0, X, count)) + 1e-7));
    for (size_t i = 0; i < count; i++) X[i] *= scale;
    for (int step = 0; step < 3; step++) {
        gemm(false, true, O, O, N, X, N, X, N, false, S, O);
        gemm(false, false, O, O, O, S, O, S, O, false, P, O);
        for (size_t i = 0; i < square; i++) P[i] = b * S[i] + c * P[i];
        gemm(false, false, O, N, O, P, O, X, N, false, next, N);
        for (size_t i = 0; i < count; i++) X[i] = a * X[i] + next[i];
    }
}

/* v = momentum v + g;  w = sqrt(O) w / |w| - lr Q(g + momentum v).   w, v, g [O,N] */
static void muon_step(Optim *optim, const OptimGroup *o, double factor, Param *p, num *v) {
    size_t count = mat_count(p->val);
    int O = p->val.shape[0], N = (int)(count / (size_t)MAX(1, O));
    REQUIRE(p->val.dims >= 2 && O <= N, "%s is %s, want a matrix [O,N] with O <= N", p->name, mat_shape_text(p->val));
    arena_reset(&optim->scratch);
    num *G = arena_alloc(&optim->scratch, count, sizeof(num));
    for (size_t i = 0; i < count; i++) {
        v[i] = (num)o->momentum * v[i] + p->grad[i];
        G[i] = p->grad[i] + (num)o->momentum * v[i];
    }
    newton_schulz(&optim->scratch, G, O, N);
    num scale = (num)(sqrt(O) / fmax(sqrt(add_squares(0, p->val.v, count)), 1e-12)), lr = (num)(o->lr * factor);
    for (size_t i = 0; i < count; i++) p->val.v[i] = scale * p->val.v[i] - lr * G[i];
}

void optim_step(Optim *optim, double factor) {
    optim->steps++;
    for (int i = 0; i < optim->params->count; i++) {
        Param *p = optim->params->list[i];
        if (p->frozen || !p->has_grad) continue;
        const OptimGroup *o = &optim->groups[p->group];
        if (o->rule == OPTIM_SGD) sgd_step(o, factor, p, optim->first[i]);
        if (o->rule == OPTIM_ADAMW) adamw_step(o, factor, optim->steps, p, optim->first[i], optim->second[i]);
        if (o->rule == OPTIM_MUON) muon_step(optim, o, factor, p, optim->first[i]);
    }
    params_zero_grad(optim->params);
}

void optim_free(Optim *optim) { arena_free(&optim->scratch); }

double optim_clip_norm(Params *params, double max) {
    REQUIRE(max > 0, "max norm of the gradients is %g, want more than 0", max);
    double sum = 0;
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        if (p->has_grad) sum = add_squares(sum, p->grad, mat_count(p->val));
    }
    double norm = sqrt(sum);
    for (int i = 0; i < params->count && !(norm <= max); i++) {
        Param *p = params->list[i];
        for (size_t k = 0, count = mat_count(p->val); p->has_grad && k < count; k++) p->grad[k] *= (num)(max / norm);
    }
    return norm;
}

double schedule_factor(Schedule schedule, int64_t step, int64_t total, int64_t warmup) {
    if (step < warmup) return (double)(step + 1) / (double)(warmup + 1);
    double done = total > warmup ? fmin(1, (double)(step - warmup) / (double)(total - warmup)) : 1;
    if (schedule == SCHEDULE_LINEAR) return 1 - done;
    if (schedule == SCHEDULE_COSINE) return 0.5 * (1 + cos(3.14159265358979323846 * done));
    return 1;
}
