#include "batch_run.h"
#include "kernels/vecmath.h"
#include "training/optim.h"

#include <math.h>
#include <string.h>

static const double RATE = 2e-3, SCALE_RATE = 2e-2, REFERENCE_BATCH = 256, WARMUP = 0.1;
enum { GROUP_REST, GROUP_SCALE, GROUPS, BLOCKS = 2 };

const char *loss_name(LossKind kind) {
    static const char *const names[LOSS_KINDS] = { "softmax", "sigmoid" };
    return names[kind];
}
const char *rounded_name(RoundKind kind) {
    static const char *const names[ROUND_KINDS] = { "nothing", "products", "loss", "weights" };
    return names[kind];
}
int batch_size(int i) { return 64 << i; }

typedef struct {
    const BatchRun *run;
    const BatchData *data;
    Clip clip;
    Param *bias; /* of the sigmoid loss, or NULL */
    Optim optim;
    Tape tape;
    Arena arena;
    PairBatch batch;
    PairOrder order;
} Training;

static void training_begin(Training *s) {
    const BatchRun *run = s->run;
    pair_model(&s->clip, &s->data->train, run->image, BLOCKS, (uint64_t)run->seed);
    if (run->loss == LOSS_SIGMOID) {
        s->bias = params_add(&s->clip.params, mat_shape(0), "logit_bias");
        init_constant(s->bias, SIGMOID_BIAS_START);
        init_constant(s->clip.logit_scale, SIGMOID_SCALE_START);
        s->bias->group = GROUP_SCALE;
    }
    s->clip.logit_scale->group = GROUP_SCALE;
    double factor = sqrt(run->batch / REFERENCE_BATCH);
    const OptimGroup groups[GROUPS] = { { .rule = OPTIM_ADAMW, .lr = RATE * factor, .weight_decay = 0.01 },
                                        { .rule = OPTIM_ADAMW, .lr = SCALE_RATE * factor } };
    optim_init(&s->optim, &s->clip.params, groups, GROUPS);
    s->tape.training = true;
    s->batch = pair_batch_new(&s->arena, &s->clip, &s->data->train, run->batch);
    s->order = pair_order_new(&s->arena, s->data->train.n, (uint64_t)run->seed);
}

static Var loss_of(Training *s) {
    Tape *t = &s->tape;
    RoundKind rounded = s->run->rounded;
    int B = s->run->batch;
    t->round_products = rounded != ROUND_NOTHING;
    PairPart part = pair_batch_part(&s->batch, &t->arena, 0, B);
    Var image = clip_image(t, &s->clip, part.pixels), text = clip_text(t, &s->clip, part.ids, B, s->batch.T);
    t->round_products = rounded == ROUND_LOSS;
    Var logits = clip_logits(t, image, text, tape_param(t, s->clip.logit_scale));
    t->round_products = false;
    if (rounded == ROUND_LOSS) vec_round_bfloat(logits->val.v, logits->val.v, mat_count(logits->val));
    if (s->bias) return clip_loss_sigmoid(t, logits, tape_param(t, s->bias), s->batch.caption);
    return clip_loss(t, logits, clip_targets(&t->arena, s->batch.caption, B, 0));
}

/* The fraction of the trained weights that, rounded to BF16, are what they were before the step. With `keep` all
 * weights are rounded for good.          before [count]: all weights before the step, rounded */
static double round_weights(const Params *params, const num *before, bool keep) {
    double lost = 0, all = 0;
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        for (size_t k = 0; k < mat_count(p->val); k++, before++) {
            num rounded;
            vec_round_bfloat(&p->val.v[k], &rounded, 1);
            if (keep) p->val.v[k] = rounded;
            if (p->frozen || p->grad[k] == 0) continue;
            lost += rounded == *before;
            all++;
        }
    }
    return all > 0 ? lost / all : 0;
}

static num *rounded_weights(const Params *params, Arena *arena) {
    size_t count = 0;
    for (int i = 0; i < params->count; i++) count += mat_count(params->list[i]->val);
    num *all = arena_alloc(arena, count, sizeof *all), *to = all;
    for (int i = 0; i < params->count; to += mat_count(params->list[i++]->val))
        vec_round_bfloat(params->list[i]->val.v, to, mat_count(params->list[i]->val));
    return all;
}

static bool training_step(Training *s, int step, int steps, const BatchWatch *watch, double *loss, Err *err) {
    Tape *t = &s->tape;
    tape_reset(t);
    int *index = arena_alloc(&t->arena, (size_t)s->run->batch, sizeof *index);
    pair_order_next(&s->order, s->run->batch, index); /* the same pictures in the same order for every batch size */
    pair_batch_fill(&s->batch, index);
    Var at = loss_of(s);
    *loss = (double)at->val.v[0];
    if (!isfinite(*loss))
        return err_set(err, "%s, batch %d, seed %d: step %d: the loss is not a finite number", loss_name(s->run->loss),
                       s->run->batch, s->run->seed, step + 1);
    tape_backward(t, at);
    bool look = watch->lost && step == steps / 2;
    const num *before = look || s->run->rounded == ROUND_WEIGHTS ? rounded_weights(&s->clip.params, &t->arena) : NULL;
    optim_step(&s->optim, schedule_factor(SCHEDULE_COSINE, step, steps, (int64_t)(WARMUP * steps)));
    clip_clamp(&s->clip);
    double lost = before ? round_weights(&s->clip.params, before, s->run->rounded == ROUND_WEIGHTS) : 0;
    if (watch->losses) watch->losses[step] = *loss;
    if (look) *watch->lost = lost;
    return true;
}

bool batch_train(const BatchRun *run, const BatchWatch *watch, BatchRow *row, Err *err) {
    Training s = { .run = run, .data = watch->data };
    int steps = run->pictures / run->batch, last = steps - MAX(1, steps / 10);
    REQUIRE(steps >= 1, "%d pictures in batches of %d", run->pictures, run->batch);
    double sum = 0, loss = 0;
    bool ok = true;
    training_begin(&s);
    for (int step = 0; ok && step < steps; step++) {
        ok = training_step(&s, step, steps, watch, &loss, err);
        if (step >= last) sum += loss;
        if (ok && watch->after_step) watch->after_step(watch->context, run->batch);
    }
    s.tape.training = false;
    *row = (BatchRow){ .run = *run, .loss = sum / (steps - last), .tested = s.data->test.n };
    if (ok) row->right = pair_right(&s.clip, &s.data->test);
    tape_free(&s.tape);
    optim_free(&s.optim);
    clip_free(&s.clip);
    arena_free(&s.arena);
    return ok;
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

BatchRun *batch_sizes_plan(Arena *arena, bool photographs, int pictures, int seed, int *count) {
    BatchRun *plan = arena_alloc(arena, BATCH_SIZES * LOSS_KINDS, sizeof *plan);
    *count = 0;
    for (int i = 0; i < BATCH_SIZES; i++)
        for (int k = 0; k < LOSS_KINDS; k++) {
            BatchRun run = { .photographs = photographs, .image = "small", .batch = batch_size(i), .seed = seed };
            run.loss = (LossKind)k;
            run.pictures = pictures;
            if (run.batch <= pictures) plan[(*count)++] = run;
        }
    return plan;
}

BatchRun *batch_rounding_plan(Arena *arena, bool photographs, int pictures, int batch, int seed, int *count) {
    BatchRun *plan = arena_alloc(arena, ROUND_KINDS, sizeof *plan);
    for (int k = 0; k < ROUND_KINDS; k++) {
        plan[k] = (BatchRun){ .photographs = photographs, .image = "small", .batch = batch, .seed = seed };
        plan[k].rounded = (RoundKind)k;
        plan[k].pictures = pictures;
    }
    *count = ROUND_KINDS;
    return plan;
}

BatchRun batch_quick_run(void) {
    return (BatchRun){ .image = "small", .batch = 64, .loss = LOSS_SOFTMAX, .pictures = 6400, .seed = 1 };
}
