#include "training/train.h"
#include "core/file.h"

#include "evaluate/metrics.h"
#include "model/clip_file.h"
#include "show/progress.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    TrainRun *run;
    const Recipe *recipe;
    Clip *clip;
    Optim optim;
    Tape tape;
    Arena arena; /* for the whole run */
    Progress progress;
    int *order; /* the pictures in this epoch's order */
    int *ids;   /* [classes,templates,T]: every caption there is */
    int templates, batches, epoch;
    int64_t step;
    double seconds; /* of training, before this epoch */
    bool ours;      /* the checkpoint is this run's, or not there */
    char *log;      /* the rows so far */
} Trainer;

static volatile sig_atomic_t interrupted;
void train_interrupt(void) { interrupted = 1; }

/* ---- preparation ------------------------------------------------------------------------------------------------------- */

static int template_count(const Recipe *r) {
    int n = 0;
    while (n < RECIPE_TEMPLATES && r->templates[n]) n++;
    return n;
}

/* Filters, batch norm, and all the rest learn by rules of their own. Filters are those of a bank, fewer than each has
 * numbers (Muon makes them a basis); a vision transformer's patches are a linear layer. */
static void set_groups(Params *params) {
    for (int i = 0; i < params->count; i++) {
        Param *p = params->list[i];
        size_t O = (size_t)p->val.shape[0];
        bool bank = p->val.dims == 4 && O * O <= mat_count(p->val) && strncmp(p->name, "visual.", 7);
        p->group = bank ? 1 : strstr(p->name, ".bn") ? 2 : 0;
    }
}

static bool make_model(Trainer *s, Err *err) {
    const Recipe *r = s->recipe;
    Vocab vocab = vocab_build(&s->arena, r->templates, s->templates, s->run->train->names, CIFAR_CLASSES);
    if (!clip_init(s->clip, r->model, &vocab, s->run->seed, err)) return false;
    enum { SAMPLE = 2000 };
    int n = MIN(SAMPLE, s->run->train->n), *index = arena_alloc(&s->arena, (size_t)n, sizeof *index);
    for (int i = 0; i < n; i++) index[i] = i;
    Mat sample = mat_like(&s->arena, mat_shape(4, n, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(s->run->train, index, n, NULL, sample.v);
    Rng rng = rng_seed(s->run->seed, 0);
    if (r->random_filters) image_tower_random_filters(&s->clip->image, &rng);
    if (r->learn_first) s->clip->image.conv[0].weight->frozen = false;
    else image_tower_whiten(&s->clip->image, sample);
    set_groups(&s->clip->params);
    s->clip->logit_scale->frozen = r->fixed_scale;
    optim_init(&s->optim, &s->clip->params, r->groups, COUNT(r->groups));
    return true;
}

static void make_captions(Trainer *s) {
    int T = s->recipe->model.tokens, n = CIFAR_CLASSES * s->templates;
    const char **texts = arena_alloc(&s->arena, (size_t)n, sizeof *texts);
    for (int i = 0; i < n; i++)
        texts[i] = text_fill(&s->arena, s->recipe->templates[i % s->templates], s->run->train->names[i / s->templates]);
    s->ids = arena_alloc(&s->arena, (size_t)(n * T), sizeof *s->ids);
    vocab_encode(&s->clip->vocab, &s->arena, texts, n, T, s->ids);
}

/* ---- one batch --------------------------------------------------------------------------------------------------------- */

typedef struct {
    double loss, floor, image_to_text, text_to_image, positive, negative;
} BatchRow;

/* Shares of right answers, and cosines, from the logits of one batch. */
static void measure(Mat logits, const int *label, double scale, BatchRow *row) {
    int B = logits.shape[0];
    Arena arena = { 0 };
    int *best = arena_zero(&arena, (size_t)B, sizeof *best); /* each text's picture so far */
    for (int b = 0; b < B; b++) {
        const num *x = &AT(logits, b, 0);
        int nearest = 0;
        num other = -INFINITY;
        for (int n = 0; n < B; n++) {
            if (x[n] > x[nearest]) nearest = n;
            if (x[n] > AT(logits, best[n], n)) best[n] = b;
            if (label[n] != label[b] && x[n] > other) other = x[n];
        }
        row->image_to_text += (label[nearest] == label[b]) / (double)B;
        row->positive += (double)x[b] / scale / B;
        if (isfinite(other)) row->negative += (double)other / scale / B;
    }
    for (int n = 0; n < B; n++) row->text_to_image += (label[best[n]] == label[n]) / (double)B;
    arena_free(&arena);
}

/* What is left of a run that ends early. */
static const char *kept(Trainer *s) {
    if (!s->run->checkpoint || s->epoch <= 1) return "no epoch was finished";
    return arena_print(&s->arena, "epoch %d is in %s", s->epoch - 1, s->run->checkpoint);
}

static bool stop_refuse(Trainer *s, Err *err) {
    bool any = s->run->checkpoint && s->epoch > 1;
    return err_set(err, "stopped in epoch %d of %d; %s%s", s->epoch, s->recipe->epochs, kept(s),
                   any ? ", go on with --resume" : "");
}

static bool loss_refuse(Trainer *s, int batch, Err *err) {
    Var first = tape_first_not_finite(&s->tape);
    return err_set(
        err,
        "epoch %d, batch %d: the loss is not a finite number; the first operation that made one is %s. This batch "
        "changed nothing, %s; try a smaller --lr",
        s->epoch, batch + 1, first ? tape_name(first) : "the loss", kept(s));
}

static const Param *gradient_not_finite(const Params *params) {
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        if (p->has_grad && !p->frozen && !all_finite(p->grad, mat_count(p->val))) return p;
    }
    return NULL;
}

static bool gradient_refuse(Trainer *s, Var loss, int batch, const Param *param, Err *err) {
    const char *name = param->name;
    Var first = tape_first_not_finite_gradient(&s->tape, loss);
    return err_set(
        err,
        "epoch %d, batch %d: the gradient of %s is not finite; the first operation on the way back that made one is %s. "
        "This batch changed nothing, %s; try a smaller --lr",
        s->epoch, batch + 1, name, first ? tape_name(first) : "not known", kept(s));
}

/* The loss that is minimised; *plain is the CLIP loss of the pairs themselves, which can be compared with the floor. */
static Var batch_loss(Trainer *s, Var logits, const int *label, int B, double *plain) {
    Var pairs = clip_loss(&s->tape, s->recipe->multi_positive ? tape_data(&s->tape, logits->val) : logits, (Mat){ 0 });
    *plain = (double)pairs->val.v[0];
    if (!s->recipe->multi_positive) return pairs;
    return clip_loss(&s->tape, logits, clip_targets(&s->tape.arena, label, B, s->recipe->smoothing));
}

static bool train_batch(Trainer *s, int batch, Augment augment, Rng *rng, BatchRow *row, Err *err) {
    const Recipe *r = s->recipe;
    int B = r->batch, T = r->model.tokens, *index = s->order + (size_t)batch * (size_t)B;
    Tape *t = &s->tape;
    profile_switch(t->profile, "pictures", PROFILE_FORWARD);
    tape_reset(t);
    Mat pixels = mat_like(&t->arena, mat_shape(4, B, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(s->run->train, index, B, &augment, pixels.v);
    int *ids = arena_alloc(&t->arena, (size_t)(B * T), sizeof *ids),
        *label = arena_alloc(&t->arena, (size_t)B, sizeof *label);
    for (int b = 0; b < B; b++) {
        label[b] = s->run->train->labels[index[b]];
        int caption = label[b] * s->templates + (int)rng_below(rng, (uint32_t)s->templates);
        memcpy(ids + (size_t)(b * T), s->ids + (size_t)(caption * T), (size_t)T * sizeof *ids);
    }
    Var scale = tape_param(t, s->clip->logit_scale);
    Var logits = clip_logits(t, clip_image(t, s->clip, pixels), clip_text(t, s->clip, ids, B, T), scale);
    Var loss = batch_loss(s, logits, label, B, &row->loss);
    if (!isfinite(loss->val.v[0]) || !isfinite(row->loss)) return loss_refuse(s, batch, err);
    profile_switch(t->profile, "measuring", PROFILE_FORWARD);
    row->floor = clip_loss_floor_of(label, B);
    measure(logits->val, label, exp((double)scale->val.v[0]), row);
    tape_backward(t, loss);
    profile_switch(t->profile, "optimiser", PROFILE_FORWARD);
    const Param *lost = gradient_not_finite(&s->clip->params);
    if (lost) return gradient_refuse(s, loss, batch, lost, err);
    if (r->clip_norm > 0) optim_clip_norm(&s->clip->params, r->clip_norm);
    optim_step(&s->optim, schedule_factor(r->schedule, s->step, (int64_t)r->epochs * s->batches,
                                          (int64_t)(r->warmup * s->batches)));
    clip_clamp(s->clip);
    profile_switch(t->profile, NULL, PROFILE_FORWARD);
    s->step++;
    return true;
}

/* ---- one epoch --------------------------------------------------------------------------------------------------------- */

static void add_row(EpochRow *sum, const BatchRow *row, double multi_positive) {
    sum->loss += row->loss * multi_positive;
    sum->floor += row->floor * multi_positive;
    sum->image_to_text += row->image_to_text * multi_positive;
    sum->text_to_image += row->text_to_image * multi_positive;
    sum->positive += row->positive * multi_positive;
    sum->negative += row->negative * multi_positive;
}

static bool train_epoch(Trainer *s, EpochRow *row, Err *err) {
    const Recipe *r = s->recipe;
    int n = s->run->train->n;
    Rng rng = rng_seed(s->run->seed, (uint64_t)s->epoch);
    for (int i = 0; i < n; i++) s->order[i] = i;
    rng_shuffle(&rng, s->order, n);
    Augment augment = r->augment;
    augment.seed = s->run->seed;
    augment.epoch = (uint32_t)s->epoch;
    if (!strcmp(s->clip->image.kind, "cnn"))
        s->clip->image.conv[0].bias->frozen = !r->learn_first && s->epoch > r->whiten_epochs;
    double start = clock_seconds();
    s->tape.training = true;
    snprintf(s->progress.label, sizeof s->progress.label, "epoch %d/%d", s->epoch, r->epochs);
    for (int batch = 0; batch < s->batches; batch++) {
        BatchRow one = { 0 };
        if (!train_batch(s, batch, augment, &rng, &one, err)) return false;
        if (interrupted) return stop_refuse(s, err);
        add_row(row, &one, 1.0 / s->batches);
        progress_note(&s->progress, "loss %.3f (floor %.3f)", one.loss, one.floor);
        progress_update(&s->progress, ((double)(s->epoch - 1) * s->batches + batch + 1) * r->batch);
    }
    row->epoch = s->epoch;
    row->seconds = s->seconds += clock_seconds() - start;
    row->rate = (double)s->batches * r->batch / (clock_seconds() - start);
    row->logit_scale = exp((double)*s->clip->logit_scale->val.v);
    return true;
}

static bool test_accuracy(Trainer *s, TestAugmentation tta, double *multi_positive, Err *err) {
    Arena arena = { 0 };
    const Cifar *test = s->run->test;
    Mat classes =
        zeroshot_classes(s->clip, &arena, s->recipe->templates, s->templates, test->names, CIFAR_CLASSES, NULL);
    Mat scores =
        zeroshot_scores(s->clip, &arena, classes, test, (ZeroshotRange){ .n = test->n, .batch = 100, .tta = tta });
    int *best = arena_alloc(&arena, (size_t)test->n, sizeof *best), right = 0;
    bool ok = metrics_argmax(scores, best, err);
    for (int i = 0; ok && i < test->n; i++) right += best[i] == test->labels[i];
    *multi_positive = (double)right / MAX(1, test->n);
    arena_free(&arena);
    return ok;
}

/* ---- log and checkpoint -------------------------------------------------------------------------------------------------- */

const char *train_log_heading(void) {
    return "epoch,loss,floor,image_to_text,text_to_image,logit_scale,positive_cosine,hardest_negative_cosine,test_accuracy,"
           "test_accuracy_with_views,images_per_second,seconds";
}

void train_log_row(const EpochRow *r, char *text, size_t size) {
    char tta[32] = ""; /* an empty field where there is none */
    if (!isnan(r->test_tta)) snprintf(tta, sizeof tta, "%.6f", r->test_tta);
    snprintf(text, size, "%d,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%s,%.0f,%.2f", r->epoch, r->loss, r->floor,
             r->image_to_text, r->text_to_image, r->logit_scale, r->positive, r->negative, r->test, tta, r->rate,
             r->seconds);
}

static bool write_log(Trainer *s, const EpochRow *row, Err *err) {
    char text[512];
    OutFile out;
    if (!s->run->log) return true;
    train_log_row(row, text, sizeof text);
    s->log = arena_print(&s->arena, "%s%s\n", s->log, text);
    if (!out_open(&out, s->run->log, err)) return false;
    fprintf(out.stream, "%s\n%s", train_log_heading(), s->log);
    return out_commit(&out, err);
}

/* The fields of a row in the order of the heading. */
enum { LOG_FIELDS = 12 };
#define NUMBER_MAX 1e15

static bool row_read(const char *at, const char *end, EpochRow *row) {
    double field[LOG_FIELDS];
    for (int k = 0; k < LOG_FIELDS; k++) {
        char text[64], *rest = text;
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        if ((size_t)(stop - at) >= sizeof text || (k < LOG_FIELDS - 1) != (comma != NULL)) return false;
        memcpy(text, at, (size_t)(stop - at));
        text[stop - at] = 0;
        field[k] = *text ? strtod(text, &rest) : (double)NAN;
        if (*rest && *rest != '\r') return false;
        if (fabs(field[k]) > NUMBER_MAX)
            return false; /* no training's; and a row must not grow when it is written again */
        at = stop + 1;
    }
    *row = (EpochRow){ (int)fmin(fmax(0, field[0]), INT_MAX),
                       field[1],
                       field[2],
                       field[3],
                       field[4],
                       field[5],
                       field[6],
                       field[7],
                       field[8],
                       field[9],
                       field[10],
                       field[11] };
    return true;
}

int train_log_read(const char *path, EpochRow *rows, int max, Err *err) {
    File file;
    int n = 0;
    if (!file_exists(path)) return 0;
    if (!file_open(&file, path, err)) return -1;
    const char *at = (const char *)file.data, *end = at + file.size;
    bool heading = true;
    for (const char *next; n < max && at < end && (next = memchr(at, '\n', (size_t)(end - at))) != NULL;
         at = next + 1) {
        if (heading) heading = false;
        else if (!row_read(at, next, &rows[n])) break;
        else n++;
    }
    file_close(&file);
    return n;
}

/* The first `epochs` rows of the log of a run that is resumed; none where there is no log. */
static bool read_log(Trainer *s, int epochs, Err *err) {
    EpochRow *rows = arena_alloc(&s->arena, (size_t)epochs, sizeof *rows);
    int n = s->run->log ? train_log_read(s->run->log, rows, epochs, err) : 0;
    for (int i = 0; i < n; i++) {
        char text[512];
        train_log_row(&rows[i], text, sizeof text);
        s->log = arena_print(&s->arena, "%s%s\n", s->log, text);
        s->seconds = rows[i].seconds;
    }
    return n >= 0;
}

/* What a checkpoint must share with the run that goes on from it. */
static char *run_signature(Trainer *s, Arena *arena) {
    const Recipe *r = s->recipe;
    return arena_print(arena, "recipe %s, seed %llu, %d epochs, batch %d, lr %.9g, %d pictures of %s", r->name,
                       (unsigned long long)s->run->seed, r->epochs, r->batch, r->groups[0].lr, s->run->train->n,
                       s->run->train->generated ? "generated shapes" : "CIFAR-10");
}

/* Is there something else under this run's name than a checkpoint of this run? */
static bool other_is_there(Trainer *s) {
    Safetensors file;
    Arena arena = { 0 };
    if (s->ours || !file_exists(s->run->checkpoint)) return false;
    bool opened = safetensors_open(&file, &arena, s->run->checkpoint, NULL);
    const char *of = opened ? safetensors_meta(&file, "run") : NULL;
    bool other = !of || strcmp(of, run_signature(s, &arena));
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return other;
}

/* NAME.previous.safetensors */
static char *backup_path(Trainer *s) {
    const char *path = s->run->checkpoint, *end = strrchr(path, '.');
    return arena_print(&s->arena, "%.*s.previous%s", (int)(end ? end - path : (long)strlen(path)), path,
                       end ? end : "");
}

static void put_state(SafetensorsOut *out, const char *prefix, const Param *p, num *state) {
    Mat m = p->val;
    m.v = state;
    if (state) safetensors_add(out, arena_print(out->arena, "%s%s", prefix, p->name), DTYPE_F32, m);
}

static bool save_checkpoint(Trainer *s, const EpochRow *row, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    Params *params = &s->clip->params;
    clip_save(s->clip, &out, DTYPE_F32);
    for (int i = 0; i < params->count; i++) {
        put_state(&out, "optim.first.", params->list[i], s->optim.first[i]);
        put_state(&out, "optim.second.", params->list[i], s->optim.second[i]);
    }
    char *templates = "";
    for (int i = 0; i < s->templates; i++)
        templates = arena_print(&arena, i ? "%s|%s" : "%s%s", templates, s->recipe->templates[i]);
    safetensors_add_meta(&out, "run", run_signature(s, &arena));
    safetensors_add_meta(&out, "epoch", arena_print(&arena, "%d", s->epoch));
    safetensors_add_meta(&out, "templates", templates);
    safetensors_add_meta(&out, "test_accuracy", arena_print(&arena, "%.4f", row->test));
    if (!isnan(row->test_tta))
        safetensors_add_meta(&out, "test_accuracy_with_views", arena_print(&arena, "%.4f", row->test_tta));
    if (other_is_there(s)) out.backup = backup_path(s);
    bool ok = safetensors_write(&out, s->run->checkpoint, err);
    if (ok && out.backup) {
        progress_clear();
        fprintf(stderr, "kept:  what was there before is now %s\n", out.backup);
    }
    s->ours = true;
    arena_free(&arena);
    return ok;
}

static bool get_state(const Safetensors *file, const char *path, const char *prefix, const Param *p, num *state,
                      Err *err) {
    char name[300];
    if (!state) return true;
    snprintf(name, sizeof name, "%s%s", prefix, p->name);
    const Tensor *tensor = safetensors_find(file, name);
    Mat m = p->val;
    m.v = state;
    return tensor ? tensor_to_mat(tensor, m, err)
                  : err_set(err, "%s: there is no tensor %s; the file cannot be resumed", path, name);
}

static bool load_checkpoint(Trainer *s, const Safetensors *file, Err *err) {
    const char *path = s->run->checkpoint, *of = safetensors_meta(file, "run"),
               *epoch = safetensors_meta(file, "epoch");
    char *ours = run_signature(s, &s->arena);
    long long done;
    bool other = !of || strcmp(of, ours);
    if (other && s->run->keep_other) return true; /* from the start; what is there is kept aside */
    if (other)
        return err_set(
            err, "%s: this is of another run (%s), not of this one (%s); leave --resume out, or give the same settings",
            path, of ? of : "nothing is said", ours);
    if (!epoch || !parse_int(epoch, 1, s->recipe->epochs, &done))
        return err_set(err, "%s: metadata \"epoch\" is %s, want 1 to %d", path, epoch ? epoch : "missing",
                       s->recipe->epochs);
    Params *params = &s->clip->params;
    if (!params_restore(params, file, path, "", err)) return false;
    for (int i = 0; i < params->count; i++)
        if (!get_state(file, path, "optim.first.", params->list[i], s->optim.first[i], err) ||
            !get_state(file, path, "optim.second.", params->list[i], s->optim.second[i], err))
            return false;
    s->epoch = (int)done;
    s->step = s->optim.steps = done * s->batches;
    return read_log(s, s->epoch, err);
}

static bool resume(Trainer *s, Err *err) {
    Safetensors file;
    Arena arena = { 0 };
    if (!s->run->checkpoint || !file_exists(s->run->checkpoint)) return true; /* nothing was finished: from the start */
    bool ok = safetensors_open(&file, &arena, s->run->checkpoint, err);
    if (ok) {
        ok = load_checkpoint(s, &file, err);
        safetensors_close(&file);
    }
    arena_free(&arena);
    return ok;
}

static const Param *first_not_finite(const Params *params) {
    for (int i = 0; i < params->count; i++)
        if (!all_finite(params->list[i]->val.v, mat_count(params->list[i]->val))) return params->list[i];
    return NULL;
}

/* ---- the run ------------------------------------------------------------------------------------------------------------- */

static bool epochs_run(Trainer *s, Err *err) {
    TrainRun *run = s->run;
    while (s->epoch < s->recipe->epochs) {
        s->epoch++;
        EpochRow row = { 0 };
        if (!train_epoch(s, &row, err)) return false;
        const Param *lost = first_not_finite(&s->clip->params);
        if (lost)
            return err_set(err, "epoch %d: %s holds what is not a finite number; %s; try a smaller --lr", s->epoch,
                           lost->name, kept(s));
        s->tape.training = false;
        bool tta = s->epoch == s->recipe->epochs && s->recipe->tta != TTA_NONE;
        row.test_tta = (double)NAN;
        if (!test_accuracy(s, TTA_NONE, &row.test, err) ||
            (tta && !test_accuracy(s, s->recipe->tta, &row.test_tta, err)))
            return false;
        /* In this order: a row too many is dropped when the run is resumed, one too few could not be made up. */
        if (!write_log(s, &row, err)) return false;
        if (run->checkpoint && !save_checkpoint(s, &row, err)) return false;
        progress_clear();
        if (run->after_epoch) run->after_epoch(run->context, &row);
    }
    return true;
}

bool train_run(TrainRun *run, Clip *clip, Err *err) {
    const Recipe *r = &run->recipe;
    Trainer s = { .run = run, .recipe = r, .clip = clip, .templates = template_count(r), .log = "" };
    *clip = (Clip){ 0 };
    if (r->batch > run->train->n)
        return err_set(err, "a batch of %d from %d pictures: choose a smaller --batch", r->batch, run->train->n);
    s.batches = run->train->n / r->batch;
    s.tape.profile = run->profile;
    s.order = arena_alloc(&s.arena, (size_t)run->train->n, sizeof *s.order);
    bool ok = make_model(&s, err);
    if (ok) make_captions(&s);
    if (ok && run->resume) ok = resume(&s, err);
    if (ok) {
        s.progress = progress_begin("", (double)r->epochs * s.batches * r->batch, "img/s");
        s.progress.first = (double)s.epoch * s.batches * r->batch;
        ok = epochs_run(&s, err);
        progress_end(&s.progress);
    }
    tape_free(&s.tape);
    optim_free(&s.optim);
    arena_free(&s.arena);
    if (!ok) clip_free(clip);
    interrupted = 0; /* now, not at the start: a signal that came early counts */
    return ok;
}
