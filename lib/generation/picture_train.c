/* picture_train: training of the picture model, and its checkpoints. Contracts: picture_model.h. */
#include "generation/picture_model.h"
#include "model/clip_file.h"
#include "show/progress.h"
#include "training/optim.h"

#include <math.h>
#include <string.h>

/* Chosen in short trials, and then fixed. */
static const double RATE = 2e-3, FILTER_RATE = 0.07, WARMUP = 0.05, NORM_MAX = 1, AVERAGE = 0.998, MINUTE = 60;
enum { GROUP_REST, GROUP_FILTERS, GROUPS };

typedef struct {
    PictureModel *model;
    Optim optim;
    num **average; /* of each parameter: the exponential moving average */
    int step;
    double sum, saved; /* of the losses of the last tenth; when the checkpoint was written */
    char *signature;
    Arena arena;
} Training;

/* Muon moves the first filters of the blocks: a norm follows them, so that their length does not matter. */
static Training training_begin(PictureModel *model) {
    Training s = { .model = model };
    Params *params = &model->net.params;
    const OptimGroup groups[GROUPS] = { [GROUP_REST] = { .rule = OPTIM_ADAMW, .lr = RATE },
                                        [GROUP_FILTERS] = { .rule = OPTIM_MUON, .lr = FILTER_RATE, .momentum = 0.6 } };
    for (int i = 0; i < params->count; i++)
        params->list[i]->group = strstr(params->list[i]->name, "conv1.weight") ? GROUP_FILTERS : GROUP_REST;
    optim_init(&s.optim, params, groups, GROUPS);
    s.average = arena_alloc(&s.arena, (size_t)params->count, sizeof *s.average);
    for (int i = 0; i < params->count; i++) {
        Mat m = params->list[i]->val;
        s.average[i] = mat_like(&s.arena, m).v;
        memcpy(s.average[i], m.v, mat_count(m) * sizeof(num));
    }
    s.signature = picture_model_text(&s.arena, &model->config);
    return s;
}
static void training_end(Training *s) {
    optim_free(&s->optim);
    arena_free(&s->arena);
}

/* average += (1 - decay) (weight - average); the decay is small at first. */
static void average_step(Training *s) {
    Params *params = &s->model->net.params;
    num rate = (num)(1 - fmin(AVERAGE, (1.0 + s->step) / (10.0 + s->step)));
    for (int i = 0; i < params->count; i++)
        for (size_t k = 0; k < mat_count(params->list[i]->val); k++)
            s->average[i][k] += rate * (params->list[i]->val.v[k] - s->average[i][k]);
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------- */

static const char *const states[] = { "average.", "optim.first.", "optim.second." };
static num *state_of(const Training *s, size_t which, int i) {
    return which == 0 ? s->average[i] : which == 1 ? s->optim.first[i] : s->optim.second[i];
}

static bool checkpoint_write(Training *s, const char *path, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    Params *params = &s->model->net.params;
    for (int i = 0; i < params->count; i++) {
        Param *p = params->list[i];
        safetensors_add(&out, p->name, DTYPE_F32, p->val);
        for (size_t which = 0; which < COUNT(states); which++) {
            Mat m = p->val;
            m.v = state_of(s, which, i);
            if (m.v) safetensors_add(&out, arena_print(&arena, "%s%s", states[which], p->name), DTYPE_F32, m);
        }
    }
    safetensors_add_meta(&out, "picture-model", s->signature);
    safetensors_add_meta(&out, "step", arena_print(&arena, "%d", s->step));
    safetensors_add_meta(&out, "sum", arena_print(&arena, "%.17g", s->sum));
    bool ok = folder_make(models_folder(), err) && safetensors_write(&out, path, err);
    arena_free(&arena);
    s->saved = clock_seconds();
    return ok;
}

static bool checkpoint_restore(Training *s, const Safetensors *file, const char *path, Err *err) {
    Params *params = &s->model->net.params;
    const char *of = safetensors_meta(file, "picture-model"), *step = safetensors_meta(file, "step");
    const char *sum = safetensors_meta(file, "sum");
    long long done;
    if (!of || strcmp(of, s->signature))
        return err_set(err, "%s: the file holds another run (%s), want %s; remove it, then the network is trained anew",
                       path, of ? of : "no description", s->signature);
    if (!step || !parse_int(step, 0, s->model->config.steps, &done) || !sum || !parse_real(sum, 0, 1e12, &s->sum))
        return err_set(err, "%s: metadata \"step\" or \"sum\" is missing or wrong; remove the file", path);
    if (!params_restore(params, file, path, "", err)) return false;
    for (int i = 0; i < params->count; i++)
        for (size_t which = 0; which < COUNT(states); which++) {
            Mat m = params->list[i]->val;
            m.v = state_of(s, which, i);
            const char *name = arena_print(&s->arena, "%s%s", states[which], params->list[i]->name);
            const Tensor *tensor = safetensors_find(file, name);
            if (m.v && !tensor) return err_set(err, "%s: there is no tensor %s; remove the file", path, name);
            if (m.v && !tensor_to_mat(tensor, m, err)) return false;
        }
    s->step = (int)done;
    s->optim.steps = done;
    return true;
}
static bool checkpoint_read(Training *s, const char *path, Err *err) {
    Safetensors file;
    Arena arena = { 0 };
    if (!file_exists(path)) return true;
    bool opened = safetensors_open(&file, &arena, path, err), ok = opened && checkpoint_restore(s, &file, path, err);
    if (ok) safetensors_warn(&file, path);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static bool training_step(Training *s, Tape *tape, double *loss, Err *err) {
    PictureModel *model = s->model;
    Params *params = &model->net.params;
    int steps = model->config.steps, B = model->config.batch;
    tape_reset(tape);
    Var at = picture_loss(model, tape, (uint64_t)s->step * (uint64_t)B, B);
    *loss = (double)at->val.v[0];
    tape_backward(tape, at);
    if (!isfinite(*loss) || !isfinite(optim_clip_norm(params, NORM_MAX)))
        return err_set(err, "picture model: step %d: the loss or a gradient is not finite", s->step + 1);
    optim_step(&s->optim, schedule_factor(SCHEDULE_COSINE, s->step, steps, (int64_t)(WARMUP * steps)));
    average_step(s);
    if (s->step >= steps - MAX(1, steps / 10)) s->sum += *loss;
    s->step++;
    return true;
}

static bool training_run(Training *s, const char *checkpoint, Err *err) {
    PictureModel *model = s->model;
    int steps = model->config.steps;
    Tape tape = { .training = true };
    Progress progress = progress_begin("U-Net", steps, "steps/s");
    double mean = 0, loss;
    bool ok = true;
    progress.first = s->step;
    s->saved = clock_seconds();
    while (ok && s->step < steps) {
        ok = training_step(s, &tape, &loss, err);
        mean = mean == 0 ? loss : 0.98 * mean + 0.02 * loss;
        progress_note(&progress, "loss %.4f", mean);
        progress_update(&progress, s->step);
        bool due = checkpoint && (s->step == steps || clock_seconds() - s->saved >= MINUTE);
        if (ok && due) ok = checkpoint_write(s, checkpoint, err);
    }
    progress_end(&progress);
    tape_free(&tape);
    return ok;
}

bool picture_model_train(PictureModel *model, const char *checkpoint, Err *err) {
    picture_condition_fit(model);
    Training s = training_begin(model);
    Params *params = &model->net.params;
    bool ok = (!checkpoint || checkpoint_read(&s, checkpoint, err)) && training_run(&s, checkpoint, err);
    for (int i = 0; ok && i < params->count; i++)
        memcpy(params->list[i]->val.v, s.average[i], mat_count(params->list[i]->val) * sizeof(num));
    model->loss = s.sum / MAX(1, model->config.steps / 10);
    training_end(&s);
    return ok;
}
