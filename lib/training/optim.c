#include "training/optim.h"

#include "kernels/gemm.h"
#include "core/thread.h"

#include <math.h>
#include <string.h>

void optim_init(Optim *optim, Params *params, const OptimGroup *groups, int count) {
    REQUIRE(1 <= count && count <= OPTIM_GROUPS, "%d groups, want 1 to %d", count, OPTIM_GROUPS);
    *optim = (Optim){ .params = params };
    for (int g = 0; g < count; g++) {
        OptimGroup *group = &optim->groups[g];
        *group = groups[g];
        if (group->beta1 == 0) group->beta1 = 0.9;
        if (group->beta2 == 0) group->beta2 = 0.999;
        if (group->eps == 0) group->eps = 1e-8;
    }
    optim->first = arena_zero(params->arena, (size_t)params->count, sizeof(num *));
    optim->second = arena_zero(params->arena, (size_t)params->count, sizeof(num *));
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        REQUIRE(0 <= p->group && p->group < count, "%s is of group %d, there are %d", p->name, p->group, count);
        if (p->frozen) continue;
        optim->first[i] = arena_zero(params->arena, mat_count(p->val), sizeof(num));
        if (optim->groups[p->group].rule == OPTIM_ADAMW)
            optim->second[i] = arena_zero(params->arena, mat_count(p->val), sizeof(num));
    }
}

enum { STEP_PIECE = 1 << 14 }; /* numbers that one thread takes at a time */
typedef struct {
    num *w, *v;
    const num *grad;
    num lr, momentum, decay;
    bool nesterov;
} Sgd;

static void sgd_piece(void *context, size_t begin, size_t end, int worker) {
    const Sgd s = *(Sgd *)context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        num g = s.grad[i] + s.decay * s.w[i];
        s.v[i] = s.momentum * s.v[i] + g;
        s.w[i] -= s.lr * (s.nesterov ? g + s.momentum * s.v[i] : s.v[i]);
    }
}

static void sgd_step(const OptimGroup *o, double factor, Param *p, num *v) {
    parallel_for(mat_count(p->val), STEP_PIECE, sgd_piece,
                 &(Sgd){ .w = p->val.v,
                         .v = v,
                         .grad = p->grad,
                         .lr = (num)(o->lr * factor),
                         .momentum = (num)o->momentum,
                         .decay = (num)o->weight_decay,
                         .nesterov = o->nesterov });
}

static void adamw_step(const OptimGroup *o, double factor, int64_t n, Param *p, num *m, num *v) {
    double lr = o->lr * factor, correct1 = 1 - pow(o->beta1, (double)n), correct2 = 1 - pow(o->beta2, (double)n);
    num keep1 = (num)o->beta1, new1 = (num)(1 - o->beta1), keep2 = (num)o->beta2, new2 = (num)(1 - o->beta2);
    num keep = (num)(1 - lr * o->weight_decay), rate = (num)(lr / correct1), root = (num)(1 / sqrt(correct2)),
        eps = (num)o->eps;
    num *w = p->val.v;
    const num *grad = p->grad;
    for (size_t i = 0, count = mat_count(p->val); i < count; i++) {
        m[i] = keep1 * m[i] + new1 * grad[i];
        v[i] = keep2 * v[i] + new2 * grad[i] * grad[i];
        w[i] = keep * w[i] - rate * m[i] / ((num)sqrt((double)v[i]) * root + eps);
    }
}

/* ---- Muon ---------------------------------------------------------------------------------------------------------- */

static double length_of(const num *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* Three times X = a X + (b S + c S^2) X with S = X X^T: a polynomial that pushes every singular value in (0, 1]
 * towards 1. X [O,N]; scratch holds S, the polynomial [O,O] each, and the next X. */
static void newton_schulz(Arena *scratch, num *x, int O, int N) {
    const num a = (num)3.4445, b = (num)-4.7750, c = (num)2.0315;
    size_t count = (size_t)O * (size_t)N, square = (size_t)O * (size_t)O;
    num *S = arena_alloc(scratch, square, sizeof(num)), *P = arena_alloc(scratch, square, sizeof(num));
    num *next = arena_alloc(scratch, count, sizeof(num)), shrink = (num)(1 / (length_of(x, count) + 1e-7));
    for (size_t i = 0; i < count; i++) x[i] *= shrink;
    for (int step = 0; step < 3; step++) {
        gemm(false, true, O, O, N, x, N, x, N, false, S, O);
        gemm(false, false, O, O, O, S, O, S, O, false, P, O);
        for (size_t i = 0; i < square; i++) P[i] = b * S[i] + c * P[i];
        gemm(false, false, O, N, O, P, O, x, N, false, next, N);
        for (size_t i = 0; i < count; i++) x[i] = a * x[i] + next[i];
    }
}

static void muon_step(Optim *optim, const OptimGroup *o, double factor, Param *p, num *v) {
    size_t count = mat_count(p->val);
    int O = p->val.shape[0], N = (int)(count / (size_t)MAX(1, O));
    REQUIRE(p->val.dims >= 2 && O <= N, "%s is %s, want a bank of filters, fewer than each has numbers", p->name,
            mat_shape_text(p->val));
    arena_reset(&optim->scratch);
    num *x = arena_alloc(&optim->scratch, count, sizeof(num));
    for (size_t i = 0; i < count; i++) {
        v[i] = (num)o->momentum * v[i] + p->grad[i];
        x[i] = p->grad[i] + (num)o->momentum * v[i];
    }
    newton_schulz(&optim->scratch, x, O, N);
    num scale = (num)(sqrt(O) / fmax(length_of(p->val.v, count), 1e-12)), lr = (num)(o->lr * factor);
    for (size_t i = 0; i < count; i++) p->val.v[i] = scale * p->val.v[i] - lr * x[i];
}

/* ---- all ----------------------------------------------------------------------------------------------------------- */

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
    REQUIRE(max > 0, "the norm is to be clipped at %g, want more than 0", max);
    double sum = 0;
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        for (size_t k = 0, count = mat_count(p->val); p->has_grad && k < count; k++)
            sum += (double)p->grad[k] * (double)p->grad[k];
    }
    double norm = sqrt(sum);
    if (norm <= max) return norm;
    for (int i = 0; i < params->count; i++) {
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
