#include "training/steps.h"

#include <math.h>

/* Chosen in about thirty short trials of the scene models (scene_model.h), and then fixed. */
static const double RATE = 3e-3, SCALE_RATE = 2e-2, FILTER_RATE = 0.1, DECAY = 0.01, WARMUP = 0.05, NORM_MAX = 1;

enum { GROUP_REST, GROUP_SCALE, GROUP_FILTERS, GROUPS };

/* Muon wants filters [O,C,K,K] with O <= CKK. */
static bool is_filter(Mat m) { return m.dims == 4 && m.shape[0] <= m.shape[1] * m.shape[2] * m.shape[3]; }

static Optim optim_for(Params *params, Clip *clip, double lr_factor) {
    const OptimGroup groups[GROUPS] = {
        [GROUP_REST] = { .rule = OPTIM_ADAMW, .lr = lr_factor * RATE, .weight_decay = DECAY },
        [GROUP_SCALE] = { .rule = OPTIM_ADAMW, .lr = lr_factor * SCALE_RATE },
        [GROUP_FILTERS] = { .rule = OPTIM_MUON, .lr = lr_factor * FILTER_RATE, .momentum = 0.6 },
    };
    for (int i = 0; i < params->count; i++)
        params->list[i]->group = is_filter(params->list[i]->val) ? GROUP_FILTERS : GROUP_REST;
    if (clip) clip->logit_scale->group = GROUP_SCALE;
    Optim optim;
    optim_init(&optim, params, groups, GROUPS);
    return optim;
}

/* The line about a step that was not made, because the loss or a gradient is not finite. */
static bool step_refuse(const char *name, Tape *t, Var loss, int step, Err *err) {
    bool forward = !isfinite(loss->val.v[0]);
    Var first = forward ? tape_first_not_finite(t) : tape_first_not_finite_gradient(t, loss);
    return err_set(err, "%s: step %d: %s is not finite; the first operation%s that produced this is %s", name, step + 1,
                   forward ? "the loss" : "a gradient", forward ? "" : " of the backward pass",
                   first ? tape_name(first) : "unknown");
}

/* clip NULL: any network, whose parameters these are. */
static bool train(Params *params, Clip *clip, const StepsRun *run, double *last_loss, Err *err) {
    int steps = run->steps, last = steps - MAX(1, steps / 10);
    Tape tape = { .training = true };
    Optim optim = optim_for(params, clip, run->lr_factor > 0 ? run->lr_factor : 1);
    double sum = 0;
    bool ok = true;
    for (int step = 0; ok && step < steps; step++) {
        tape_reset(&tape);
        Var at = run->loss(run->context, &tape, step);
        double loss = (double)at->val.v[0];
        if (step >= last) sum += loss;
        tape_backward(&tape, at);
        double norm = optim_clip_norm(params, NORM_MAX); /* finite only if all gradients are */
        if (!isfinite(loss) || !isfinite(norm)) {
            ok = step_refuse(run->name, &tape, at, step, err);
            break;
        }
        optim_step(&optim, schedule_factor(SCHEDULE_COSINE, step, steps, (int64_t)(WARMUP * steps)));
        if (clip) clip_clamp(clip);
        if (run->after_step) run->after_step(run->context, step + 1, loss);
    }
    *last_loss = sum / (steps - last);
    tape_free(&tape);
    optim_free(&optim);
    return ok;
}

bool steps_train(Clip *clip, const StepsRun *run, double *last_loss, Err *err) {
    return train(&clip->params, clip, run, last_loss, err);
}
bool steps_train_params(Params *params, const StepsRun *run, double *last_loss, Err *err) {
    return train(params, NULL, run, last_loss, err);
}
