#include "gradient_parts.h"
#include "training/optim.h"

#include <math.h>
#include <string.h>

enum { TILE = 256 };

/* The loss of pairs first .. first + n - 1 among themselves, times `weight`, backward; returns the loss. */
static double backward_of(Tape *t, Clip *clip, PairBatch *batch, int first, int n, double weight) {
    tape_reset(t);
    Var loss = pair_batch_loss(t, clip, batch, first, n);
    tape_backward(t, op_scale(t, loss, weight));
    return (double)loss->val.v[0];
}

static double accumulated(Tape *t, Clip *clip, PairBatch *batch, int micro) {
    double sum = 0;
    for (int first = 0; first < batch->B; first += micro) {
        int n = MIN(micro, batch->B - first);
        double weight = (double)n / batch->B;
        sum += weight * backward_of(t, clip, batch, first, n, weight);
    }
    return sum;
}

static double cached(Tape *t, Arena *arena, Clip *clip, PairBatch *batch, int micro, double *stage) {
    GradCache cache = { .clip = clip, .B = batch->B, .micro = micro, .part = pair_batch_part, .context = batch };
    int parts = grad_cache_parts(&cache);
    Mat image = mat_new(arena, batch->B, PAIR_EMBED), text = mat_new(arena, batch->B, PAIR_EMBED);
    double start = processor_seconds();
    for (int p = 0; p < parts; p++) grad_cache_embed(&cache, t, p, image, text);
    double embedded = processor_seconds();
    tape_reset(t);
    Var I = tape_leaf(t, image), T = tape_leaf(t, text);
    PairTargets targets = { batch->caption, 0 };
    Var loss = op_contrastive(t, I, T, tape_param(t, clip->logit_scale), targets, TILE);
    double value = (double)loss->val.v[0];
    tape_backward(t, loss);
    memcpy(image.v, I->grad, mat_count(image) * sizeof(num));
    memcpy(text.v, T->grad, mat_count(text) * sizeof(num));
    double had_loss = processor_seconds();
    for (int p = 0; p < parts; p++) grad_cache_backward(&cache, t, p, image, text);
    stage[STAGE_EMBED] = embedded - start;
    stage[STAGE_LOSS] = had_loss - embedded;
    stage[STAGE_BACKWARD] = processor_seconds() - had_loss;
    return value;
}

void gradient_train(Clip *clip, const Cifar *set, int B, int steps) {
    static const OptimGroup group = { .rule = OPTIM_ADAMW, .lr = 2e-3 };
    Arena arena = { 0 };
    Tape t = { .training = true };
    Optim optim;
    optim_init(&optim, &clip->params, &group, 1);
    PairBatch batch = pair_batch_new(&arena, clip, set, B);
    int *index = arena_alloc(&arena, (size_t)B, sizeof *index);
    for (int step = 0; step < steps; step++) {
        for (int b = 0; b < B; b++) index[b] = (step * B + b) % set->n;
        pair_batch_fill(&batch, index);
        backward_of(&t, clip, &batch, 0, B, 1);
        optim_step(&optim, 1);
        clip_clamp(clip);
    }
    tape_free(&t);
    optim_free(&optim);
    arena_free(&arena);
}

GradientCost gradient_of(Arena *arena, GradientWay way, Clip *clip, PairBatch *batch, int micro) {
    Tape t = { .training = true };
    Arena embeddings = { 0 };
    GradientCost cost = { .count = gradient_count(clip) };
    params_zero_grad(&clip->params);
    double start = processor_seconds();
    if (way == GRADIENT_WHOLE) cost.loss = backward_of(&t, clip, batch, 0, batch->B, 1);
    if (way == GRADIENT_CACHED) cost.loss = cached(&t, &embeddings, clip, batch, micro, cost.stage);
    if (way == GRADIENT_ACCUMULATED) cost.loss = accumulated(&t, clip, batch, micro);
    cost.seconds = processor_seconds() - start;
    cost.bytes = (double)tape_held(&t) + (double)arena_held(&embeddings);
    cost.gradient = arena_alloc(arena, cost.count, sizeof(num));
    gradient_copy(clip, cost.gradient);
    tape_free(&t);
    arena_free(&embeddings);
    return cost;
}

size_t gradient_count(const Clip *clip) {
    size_t count = 0;
    for (int i = 0; i < clip->params.count; i++) count += mat_count(clip->params.list[i]->val);
    return count;
}

void gradient_copy(const Clip *clip, num *to) {
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        size_t count = mat_count(p->val);
        if (p->has_grad) memcpy(to, p->grad, count * sizeof(num));
        else memset(to, 0, count * sizeof(num));
        to += count;
    }
}

double gradient_distance(const num *a, const num *b, size_t count) {
    double off = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (double)b[i];
        off += d * d;
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(off / size);
}

double gradient_cosine(const num *a, const num *b, size_t count) {
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < count; i++) {
        dot += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa * bb > 0 ? dot / sqrt(aa * bb) : 0;
}
