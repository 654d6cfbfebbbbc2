#include "training/train.h"
#include "training/grad_cache.h"
#include "model/clip_file.h"
#include "core/file.h"
#include "evaluate/metrics.h"
#include "dataset/augment.h"
#include "formats/hash.h"
#include "kernels/gemm.h"

#include <math.h>
#include <signal.h>
#include <string.h>

typedef struct {
    TrainRun *run;
    const Recipe *recipe;
    Clip *clip;
    Optim optim;
    Tape tape;
    Arena arena; /* for the whole run */
    Arena batch; /* for one batch */
    PairSet set; /* what is learnt */
    int *order;  /* the pictures in this epoch's order */
    int *ids;    /* [captions,T] */
    int *group;  /* [captions]: captions of one group match one another's pictures */
    int templates, batches, epoch;
    int64_t step;
    double seconds;       /* of training, before this epoch */
    int best_epoch;       /* own pairs: of the highest mean recall so far; 0: none */
    double best_recall;   /* that recall */
    bool ours, ours_best; /* this run has written the checkpoint, the best weights */
    const char *log;      /* the rows so far */
    char *settings, signature[SHA256_HEX];
} Trainer;

enum { LOSS_TILE = 512 }; /* logits of so many pictures and texts are held at a time, where a batch is cut into parts */

static volatile sig_atomic_t interrupted;
void train_interrupt(void) { interrupted = 1; }

/* ---- preparation ------------------------------------------------------------------------------------------------- */

static bool is_cnn(const Trainer *s) { return !strcmp(s->clip->image.kind, "cnn"); }

/* Group 1: filters [O,C,K,K] with O <= CKK, which Muon makes orthogonal. Group 2: batch norm. Group 0: the rest, also
 * the patch embedding of a vision transformer ("visual."), which is a linear layer. */
static void set_groups(Params *params) {
    for (int i = 0; i < params->count; i++) {
        Param *p = params->list[i];
        size_t O = (size_t)p->val.shape[0];
        bool filters = p->val.dims == 4 && O * O <= mat_count(p->val) && strncmp(p->name, "visual.", 7);
        p->group = filters ? 1 : strstr(p->name, ".bn") ? 2 : 0;
    }
}

static void whiten(Trainer *s) {
    int n = MIN(2000, s->set.n), side = s->set.side, *index = arena_alloc(&s->arena, (size_t)n, sizeof *index);
    for (int i = 0; i < n; i++) index[i] = i;
    Mat sample = mat_like(&s->arena, mat_shape(4, n, side, side, 3));
    pair_set_batch(&s->set, index, n, NULL, sample.v);
    image_tower_whiten(&s->clip->image, sample);
}

/* The words of the captions, or of the filled templates; or byte pairs. */
static bool init_model(Trainer *s, Err *err) {
    const Recipe *r = s->recipe;
    if (r->byte_pairs) {
        ClipConfig config = r->model;
        config.text.vocabulary = BPE_IDS;
        return clip_init(s->clip, config, NULL, s->run->seed, err) &&
               clip_read_bpe(s->clip, s->run->checkpoint ? s->run->checkpoint : "", err);
    }
    Vocab vocab = vocab_of_texts(&s->arena, s->set.caption, s->set.caption_count, r->least_words);
    return clip_init(s->clip, r->model, &vocab, s->run->seed, err);
}

static bool make_model(Trainer *s, Err *err) {
    const Recipe *r = s->recipe;
    if (!init_model(s, err)) return false;
    Rng rng = rng_seed(s->run->seed, 0);
    if (r->random_filters) image_tower_random_filters(&s->clip->image, &rng);
    if (is_cnn(s) && r->learn_first) s->clip->image.conv[0].weight->frozen = false;
    else if (is_cnn(s)) whiten(s);
    set_groups(&s->clip->params);
    s->clip->logit_scale->frozen = r->fixed_scale;
    optim_init(&s->optim, &s->clip->params, r->groups, COUNT(r->groups));
    return true;
}

static void make_captions(Trainer *s) {
    int T = s->recipe->model.tokens, n = s->set.caption_count;
    s->ids = arena_alloc(&s->arena, (size_t)n * (size_t)T, sizeof *s->ids);
    s->group = arena_alloc(&s->arena, (size_t)n, sizeof *s->group);
    clip_encode(s->clip, &s->arena, s->set.caption, n, s->ids);
    pair_set_groups(&s->set, s->ids, T, s->group);
}

/* ---- runs that end early ----------------------------------------------------------------------------------------- */

static const char *kept(Trainer *s) {
    if (!s->run->checkpoint || s->epoch <= 1) return "no epoch was finished";
    return arena_print(&s->arena, "epoch %d is in %s", s->epoch - 1, s->run->checkpoint);
}

static bool stop_refuse(Trainer *s, Err *err) {
    const char *how = s->run->resume ? ", start it again to go on" : ", go on with --resume";
    bool any = s->run->checkpoint && s->epoch > 1;
    return err_set(err, "stopped in epoch %d of %d; %s%s", s->epoch, s->recipe->epochs, kept(s), any ? how : "");
}

static bool loss_refuse(Trainer *s, int batch, Err *err) {
    Var first = tape_first_not_finite(&s->tape);
    return err_set(err,
                   "epoch %d, batch %d: the loss is not a finite number; the first operation that made one is %s. "
                   "This batch changed nothing, %s; try a smaller --lr",
                   s->epoch, batch + 1, first ? tape_name(first) : "the loss", kept(s));
}

static bool gradient_refuse(Trainer *s, Var loss, int batch, const Param *param, Err *err) {
    Var first = tape_first_not_finite_gradient(&s->tape, loss);
    return err_set(err,
                   "epoch %d, batch %d: the gradient of %s is not finite; the first operation of the backward pass "
                   "that made one is %s. This batch changed nothing, %s; try a smaller --lr",
                   s->epoch, batch + 1, param->name, first ? tape_name(first) : "not known", kept(s));
}

/* The first parameter whose weights, or gradient, hold a number that is not finite; or NULL. */
static const Param *not_finite(const Params *params, bool gradient) {
    for (int i = 0; i < params->count; i++) {
        const Param *p = params->list[i];
        const num *x = gradient ? p->grad : p->val.v;
        if (gradient && (p->frozen || !p->has_grad)) continue;
        if (!all_finite(x, mat_count(p->val))) return p;
    }
    return NULL;
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

/* The nearest picture of each text so far, and its logit. */
typedef struct {
    int *picture;
    num *logit;
} Nearest;
static Nearest nearest_begin(Arena *arena, int B) {
    Nearest best = { arena_zero(arena, (size_t)B, sizeof(int)), arena_alloc(arena, (size_t)B, sizeof(num)) };
    for (int n = 0; n < B; n++) best.logit[n] = -INFINITY;
    return best;
}

/* Adds the share of some pictures to the accuracy and the cosines of a batch.
 * logits [rows,B] = scale * cosines: row r is picture first + r, column n a text */
static void measure_rows(Mat logits, int first, const int *label, double scale, Nearest best, EpochRow *row) {
    int B = logits.shape[1];
    for (int r = 0; r < logits.shape[0]; r++) {
        const num *x = &AT(logits, r, 0);
        int b = first + r, nearest = 0;
        num other = -INFINITY;
        for (int n = 0; n < B; n++) {
            if (x[n] > x[nearest]) nearest = n;
            if (x[n] > best.logit[n]) {
                best.picture[n] = b;
                best.logit[n] = x[n];
            }
            if (label[n] != label[b] && x[n] > other) other = x[n];
        }
        row->image_to_text += (label[nearest] == label[b]) / (double)B;
        row->positive += (double)x[b] / scale / B;
        if (isfinite(other)) row->negative += (double)other / scale / B;
    }
}

/* After all rows: how often the nearest picture of a text is of its class. */
static void measure_end(const int *label, int B, Nearest best, EpochRow *row) {
    for (int n = 0; n < B; n++) row->text_to_image += (label[best.picture[n]] == label[n]) / (double)B;
}

/* One batch: its pictures, their classes [B] and their captions as ids [B,T]. */
typedef struct {
    Trainer *trainer;
    const Augment *augment;
    const int *index;
    int number, B, *label, *ids;
} TrainBatch;

static PairPart batch_part(void *context, Arena *arena, int first, int n) {
    const TrainBatch *b = context;
    Trainer *s = b->trainer;
    profile_switch(s->tape.profile, "pictures", PROFILE_FORWARD);
    PairPart part = { mat_like(arena, mat_shape(4, n, s->set.side, s->set.side, 3)),
                      b->ids + (size_t)(first * s->recipe->model.tokens) };
    pair_set_batch(&s->set, b->index + first, n, b->augment, part.pixels.v);
    return part;
}

/* The same measurements from the embeddings, LOSS_TILE pictures at a time.          image, text [B,E] */
static void measure_batch(TrainBatch *b, Mat image, Mat text, EpochRow *row) {
    Trainer *s = b->trainer;
    num scale = (num)exp((double)*s->clip->logit_scale->val.v);
    int E = image.shape[1];
    Nearest best = nearest_begin(&s->batch, b->B);
    Mat logits = mat_new(&s->batch, MIN(LOSS_TILE, b->B), b->B);
    for (int first = 0; first < b->B; first += LOSS_TILE) {
        logits.shape[0] = MIN(LOSS_TILE, b->B - first);
        gemm(false, true, logits.shape[0], b->B, E, &AT(image, first, 0), E, text.v, E, false, logits.v, b->B);
        for (size_t i = 0; i < mat_count(logits); i++) logits.v[i] *= scale;
        measure_rows(logits, first, b->label, (double)scale, best, row);
    }
    measure_end(b->label, b->B, best, row);
}

/* The loss of the embeddings, as in batch_loss below, and its gradients: image, text [B,E] become dimage, dtext. */
static bool cached_loss(TrainBatch *b, Mat image, Mat text, EpochRow *row, Err *err) {
    Trainer *s = b->trainer;
    const Recipe *r = s->recipe;
    Tape *t = &s->tape;
    tape_reset(t);
    Var I = tape_leaf(t, image), T = tape_leaf(t, text), scale = tape_param(t, s->clip->logit_scale);
    PairTargets shared = { b->label, r->smoothing };
    Var loss = op_contrastive(t, I, T, scale, r->multi_positive ? shared : (PairTargets){ 0 }, LOSS_TILE), pairs = loss;
    if (r->multi_positive)
        pairs = op_contrastive(t, tape_data(t, image), tape_data(t, text), scale, (PairTargets){ 0 }, LOSS_TILE);
    row->loss = (double)pairs->val.v[0];
    if (!isfinite(row->loss) || !isfinite(loss->val.v[0])) return loss_refuse(s, b->number, err);
    profile_switch(t->profile, "measuring", PROFILE_FORWARD);
    measure_batch(b, image, text, row);
    tape_backward(t, loss);
    memcpy(image.v, I->grad, mat_count(image) * sizeof(num));
    memcpy(text.v, T->grad, mat_count(text) * sizeof(num));
    return true;
}

/* As whole_batch below, in the memory of micro_batch pairs. */
static bool cached_batch(TrainBatch *b, EpochRow *row, Err *err) {
    Trainer *s = b->trainer;
    GradCache cache = { .clip = s->clip, .B = b->B, .micro = s->recipe->micro_batch };
    cache.part = batch_part;
    cache.context = b;
    int parts = grad_cache_parts(&cache), E = s->recipe->model.image.embed;
    Mat image = mat_new(&s->batch, b->B, E), text = mat_new(&s->batch, b->B, E);
    for (int p = 0; p < parts; p++) {
        grad_cache_embed(&cache, &s->tape, p, image, text);
        size_t at = (size_t)p * (size_t)(cache.micro * E),
               count = (size_t)(MIN(cache.micro, b->B - p * cache.micro) * E);
        if (!all_finite(image.v + at, count) || !all_finite(text.v + at, count)) return loss_refuse(s, b->number, err);
    }
    if (!cached_loss(b, image, text, row, err)) return false;
    for (int p = 0; p < parts; p++) {
        Var sum = grad_cache_backward(&cache, &s->tape, p, image, text);
        const Param *broken = not_finite(&s->clip->params, true);
        if (broken) return gradient_refuse(s, sum, b->number, broken, err);
    }
    return true;
}

/* The loss that is minimised; *plain is the CLIP loss of the pairs themselves, which can be compared with the floor. */
static Var batch_loss(Trainer *s, Var logits, const int *label, int B, double *plain) {
    Var pairs = clip_loss(&s->tape, s->recipe->multi_positive ? tape_data(&s->tape, logits->val) : logits, (Mat){ 0 });
    *plain = (double)pairs->val.v[0];
    if (!s->recipe->multi_positive) return pairs;
    return clip_loss(&s->tape, logits, clip_targets(&s->tape.arena, label, B, s->recipe->smoothing));
}

/* For each of B pictures a caption drawn from its own, and the group of that caption: label [B], ids [B,T]. */
static void draw_captions(const Trainer *s, const int *index, Rng *rng, int *label, int *ids) {
    size_t T = (size_t)s->recipe->model.tokens;
    for (int b = 0; b < s->recipe->batch; b++) {
        int i = index[b], drawn = (int)rng_below(rng, (uint32_t)s->set.count[i]);
        int caption = s->set.own[s->set.first[i] + drawn];
        label[b] = s->group[caption];
        memcpy(ids + (size_t)b * T, s->ids + (size_t)caption * T, T * sizeof *ids);
    }
}

/* Forward, loss, backward.
 * Shapes  pixels [B,side,side,3], ids [B,T]; image and text embeddings [B,E] of unit length; logits [B,B] */
static bool whole_batch(TrainBatch *b, EpochRow *row, Err *err) {
    Trainer *s = b->trainer;
    Tape *t = &s->tape;
    PairPart pairs = batch_part(b, &t->arena, 0, b->B);
    Var scale = tape_param(t, s->clip->logit_scale), image = clip_image(t, s->clip, pairs.pixels);
    Var logits = clip_logits(t, image, clip_text(t, s->clip, pairs.ids, b->B, s->recipe->model.tokens), scale);
    Var loss = batch_loss(s, logits, b->label, b->B, &row->loss);
    if (!isfinite(loss->val.v[0]) || !isfinite(row->loss)) return loss_refuse(s, b->number, err);
    profile_switch(t->profile, "measuring", PROFILE_FORWARD);
    Nearest best = nearest_begin(&t->arena, b->B);
    measure_rows(logits->val, 0, b->label, exp((double)scale->val.v[0]), best, row);
    measure_end(b->label, b->B, best, row);
    tape_backward(t, loss);
    const Param *broken = not_finite(&s->clip->params, true);
    return !broken || gradient_refuse(s, loss, b->number, broken, err);
}

/* Forward, loss, backward, one step of the optimiser. */
static bool train_batch(Trainer *s, int number, const Augment *augment, Rng *rng, EpochRow *row, Err *err) {
    const Recipe *r = s->recipe;
    TrainBatch b = { .trainer = s, .augment = augment, .number = number, .B = r->batch };
    arena_reset(&s->batch);
    tape_reset(&s->tape);
    b.index = s->order + (size_t)number * (size_t)b.B;
    b.ids = arena_alloc(&s->batch, (size_t)(b.B * r->model.tokens), sizeof *b.ids);
    b.label = arena_alloc(&s->batch, (size_t)b.B, sizeof *b.label);
    draw_captions(s, b.index, rng, b.label, b.ids);
    row->floor = clip_loss_floor_of(b.label, b.B);
    if (!(r->micro_batch ? cached_batch(&b, row, err) : whole_batch(&b, row, err))) return false;
    profile_switch(s->tape.profile, "optimiser", PROFILE_FORWARD);
    int64_t total = (int64_t)r->epochs * s->batches, warmup = (int64_t)(r->warmup * s->batches);
    optim_step(&s->optim, schedule_factor(r->schedule, s->step, total, warmup));
    clip_clamp(s->clip);
    profile_switch(s->tape.profile, NULL, PROFILE_FORWARD);
    s->step++;
    return true;
}

static void add_row(EpochRow *mean, const EpochRow *batch, double weight) {
    mean->loss += batch->loss * weight;
    mean->floor += batch->floor * weight;
    mean->image_to_text += batch->image_to_text * weight;
    mean->text_to_image += batch->text_to_image * weight;
    mean->positive += batch->positive * weight;
    mean->negative += batch->negative * weight;
}

static bool train_epoch(Trainer *s, EpochRow *row, Err *err) {
    const Recipe *r = s->recipe;
    int n = s->set.n;
    Rng rng = rng_seed(s->run->seed, (uint64_t)s->epoch);
    for (int i = 0; i < n; i++) s->order[i] = i;
    rng_shuffle(&rng, s->order, n);
    Augment augment = r->augment;
    augment.seed = s->run->seed;
    augment.epoch = (uint32_t)s->epoch;
    if (is_cnn(s)) s->clip->image.conv[0].bias->frozen = !r->learn_first && s->epoch > r->whiten_epochs;
    double start = clock_seconds();
    s->tape.training = true;
    for (int batch = 0; batch < s->batches; batch++) {
        EpochRow one = { 0 };
        if (!train_batch(s, batch, &augment, &rng, &one, err)) return false;
        if (interrupted) return stop_refuse(s, err);
        add_row(row, &one, 1.0 / s->batches);
        TrainProgress progress = { s->epoch, (double)s->step * r->batch, one.loss, one.floor };
        if (s->run->after_batch) s->run->after_batch(s->run->context, &progress);
    }
    double took = clock_seconds() - start;
    s->seconds += took;
    s->tape.training = false;
    row->epoch = s->epoch;
    row->seconds = s->seconds;
    row->rate = (double)s->batches * r->batch / took;
    row->logit_scale = exp((double)*s->clip->logit_scale->val.v);
    return true;
}

static bool test_accuracy(Trainer *s, TestAugmentation tta, double *accuracy, Err *err) {
    Arena arena = { 0 };
    const Cifar *test = s->run->test;
    ZeroshotRange all = { .n = test->n, .batch = 25, .tta = tta };
    const char *const *templates = s->recipe->templates;
    Mat classes = zeroshot_classes(s->clip, &arena, templates, s->templates, test->names, CIFAR_CLASSES, NULL);
    Mat scores = zeroshot_scores(s->clip, &arena, classes, test, all);
    int *best = arena_alloc(&arena, (size_t)test->n, sizeof *best), right = 0;
    bool ok = metrics_argmax(scores, best, err);
    for (int i = 0; ok && i < test->n; i++) right += best[i] == test->labels[i];
    *accuracy = (double)right / MAX(1, test->n);
    arena_free(&arena);
    return ok;
}

static void add_to_log(Trainer *s, const EpochRow *row) {
    char text[512];
    train_log_row(row, text, sizeof text);
    s->log = arena_print(&s->arena, "%s%s\n", s->log, text);
}

static bool write_log(Trainer *s, const EpochRow *row, Err *err) {
    OutFile out;
    if (!s->run->log) return true;
    add_to_log(s, row);
    if (!out_open(&out, s->run->log, err)) return false;
    fprintf(out.stream, "%s\n%s", train_log_heading(row->has_recall), s->log);
    return out_commit(&out, err);
}

/* Of a run that is resumed; no rows where there is no log. */
static bool read_log(Trainer *s, int epochs, Err *err) {
    EpochRow *rows = arena_alloc(&s->arena, (size_t)epochs, sizeof *rows);
    int n = s->run->log ? train_log_read(s->run->log, rows, epochs, err) : 0;
    for (int i = 0; i < n; i++) add_to_log(s, &rows[i]);
    if (n > 0) s->seconds = rows[n - 1].seconds;
    return n >= 0;
}

static char *data_text(Arena *arena, const char *part, const Cifar *set) {
    char pixels[SHA256_HEX], labels[SHA256_HEX];
    const char *names = "";
    sha256_hex(set->pixels, (size_t)set->n * CIFAR_NUMBERS, pixels);
    sha256_hex(set->labels, (size_t)set->n, labels);
    for (int c = 0; c < CIFAR_CLASSES; c++) names = arena_print(arena, "%s%s%s", names, c ? "|" : "", set->names[c]);
    return arena_print(arena, "%s set=%s\n%s pictures=%d\n%s classes=%s\n%s pixels=%s\n%s labels=%s\n", part,
                       set->generated ? "generated shapes" : "CIFAR-10", part, set->n, part, names, part, pixels, part,
                       labels);
}

static char *pairs_text(Arena *arena, const char *part, const PairSet *set) {
    char sum[SHA256_HEX];
    pair_set_sign(set, sum);
    return arena_print(arena, "%s pictures=%d\n%s pairs=%s\n", part, set->n, part, sum);
}

static void sign(Trainer *s) {
    Arena *arena = &s->arena;
    const TrainRun *run = s->run;
    const char *train = run->pairs ? pairs_text(arena, "train", run->pairs) : data_text(arena, "train", run->train);
    const char *test = !run->pairs       ? data_text(arena, "test", run->test)
                       : run->validation ? pairs_text(arena, "validation", run->validation)
                                         : "";
    s->settings = arena_print(arena, "seed=%llu\n%s%s%s", (unsigned long long)run->seed, recipe_text(s->recipe, arena),
                              train, test);
    sha256_hex(s->settings, strlen(s->settings), s->signature);
}

/* NULL if the file is a checkpoint of this run; else what differs, on the arena. */
static const char *difference(const Trainer *s, Arena *arena, const Safetensors *file) {
    const char *signature = safetensors_meta(file, "signature"), *theirs = safetensors_meta(file, "settings");
    if (!signature || !theirs) return "this file does not say all settings of its run: an older version wrote it";
    if (!strcmp(signature, s->signature)) return NULL;
    const char *ours = s->settings;
    while (*theirs && *ours) {
        size_t a = strcspn(theirs, "\n"), b = strcspn(ours, "\n");
        if (a != b || memcmp(theirs, ours, a))
            return arena_print(arena, "this is of another run: it has \"%.*s\", and this one \"%.*s\"", (int)a, theirs,
                               (int)b, ours);
        theirs += a + (theirs[a] == '\n');
        ours += b + (ours[b] == '\n');
    }
    return "the settings in this file do not have its signature: it was changed";
}

/* Is the file that is about to be replaced anything else than a checkpoint of this run? */
static bool other_is_there(Trainer *s, const char *path) {
    Safetensors file;
    Arena arena = { 0 };
    if (!file_exists(path)) return false;
    bool opened = safetensors_open(&file, &arena, path, NULL);
    bool other = !opened || difference(s, &arena, &file);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return other;
}

/* NAME.previous.safetensors */
static char *previous_path(Trainer *s, const char *path) {
    const char *end = strrchr(path, '.');
    if (!end) end = path + strlen(path);
    return arena_print(&s->arena, "%.*s.previous%s", (int)(end - path), path, end);
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------- */

static void save_state(SafetensorsOut *out, const char *prefix, const Param *p, num *state) {
    Mat m = p->val;
    m.v = state;
    if (state) safetensors_add(out, arena_print(out->arena, "%s%s", prefix, p->name), DTYPE_F32, m);
}

static void save_meta(Trainer *s, SafetensorsOut *out, const EpochRow *row) {
    const Recipe *r = s->recipe;
    Arena *arena = out->arena;
    const char *templates = "";
    for (int i = 0; i < s->templates; i++)
        templates = arena_print(arena, i ? "%s|%s" : "%s%s", templates, r->templates[i]);
    safetensors_add_meta(out, "run",
                         arena_print(arena, "recipe %s, seed %llu, %d epochs, batch %d, lr %.9g, %d pictures of %s",
                                     r->name, (unsigned long long)s->run->seed, r->epochs, r->batch, r->groups[0].lr,
                                     s->set.n, s->set.name));
    safetensors_add_meta(out, "epoch", arena_print(arena, "%d", s->epoch));
    safetensors_add_meta(out, "templates", templates);
    safetensors_add_meta(out, "test_accuracy", arena_print(arena, "%.4f", row->test));
    if (!isnan(row->test_tta))
        safetensors_add_meta(out, "test_accuracy_with_views", arena_print(arena, "%.4f", row->test_tta));
    if (s->run->pairs) {
        safetensors_add_meta(out, "best_epoch", arena_print(arena, "%d", s->best_epoch));
        safetensors_add_meta(out, "best_recall", arena_print(arena, "%.17g", s->best_recall));
    }
    for (const MetaPair *m = s->run->meta; m && m->key; m++) safetensors_add_meta(out, m->key, m->value);
    safetensors_add_meta(out, "settings", s->settings);
    safetensors_add_meta(out, "signature", s->signature);
}

/* The weights, and with `whole` what a run needs to go on. *ours: this run has written the file before. */
static bool save_file(Trainer *s, const char *path, bool whole, bool *ours, const EpochRow *row, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    Params *params = &s->clip->params;
    clip_save(s->clip, &out, DTYPE_F32);
    for (int i = 0; whole && i < params->count; i++) {
        save_state(&out, "optim.first.", params->list[i], s->optim.first[i]);
        save_state(&out, "optim.second.", params->list[i], s->optim.second[i]);
    }
    save_meta(s, &out, row);
    if (!*ours && other_is_there(s, path)) out.backup = previous_path(s, path);
    bool ok = safetensors_write(&out, path, err);
    if (ok && out.backup && s->run->after_rename) s->run->after_rename(s->run->context, out.backup);
    *ours = true;
    arena_free(&arena);
    return ok;
}

/* The best weights first: when the run is resumed between the two, the epoch is done again and writes the same. */
static bool save_epoch(Trainer *s, EpochRow *row, Err *err) {
    const TrainRun *run = s->run;
    bool better = run->pairs && (s->best_epoch == 0 || !row->has_recall || row->test > s->best_recall);
    if (better) {
        s->best_epoch = s->epoch;
        s->best_recall = row->test;
    }
    row->best = s->best_epoch;
    if (better && run->best && !save_file(s, run->best, false, &s->ours_best, row, err)) return false;
    return !run->checkpoint || save_file(s, run->checkpoint, true, &s->ours, row, err);
}

static bool load_state(Trainer *s, const Safetensors *file, const char *prefix, const Param *p, num *state, Err *err) {
    if (!state) return true;
    const char *path = s->run->checkpoint, *name = arena_print(&s->arena, "%s%s", prefix, p->name);
    const Tensor *tensor = safetensors_find(file, name);
    Mat m = p->val;
    m.v = state;
    if (tensor) return tensor_to_mat(tensor, m, err);
    return err_set(err, "%s: there is no tensor %s; the file cannot be resumed", path, name);
}

/* The best epoch so far. Where its file was removed, the epoch that is resumed takes its place. */
static bool load_best(Trainer *s, const Safetensors *file, Err *err) {
    const TrainRun *run = s->run;
    const char *path = run->checkpoint, *epoch = safetensors_meta(file, "best_epoch");
    const char *recall = safetensors_meta(file, "best_recall");
    long long best;
    if (!run->pairs) return true;
    if (!epoch || !parse_int(epoch, 1, s->epoch, &best) || !recall || !parse_real(recall, 0, 1, &s->best_recall))
        return err_set(err, "%s: metadata best_epoch or best_recall is missing or wrong", path);
    s->best_epoch = (int)best;
    if (!run->best || file_exists(run->best)) return true;
    EpochRow row = { .test = s->best_recall, .test_tta = (double)NAN };
    return save_file(s, run->best, false, &s->ours_best, &row, err);
}

static bool load_checkpoint(Trainer *s, const Safetensors *file, Err *err) {
    const char *path = s->run->checkpoint, *epoch = safetensors_meta(file, "epoch");
    const char *other = difference(s, &s->arena, file);
    long long done;
    if (other && s->run->keep_other) return true; /* start again; save_checkpoint renames the file */
    if (other) return err_set(err, "%s: %s; give the same settings, or leave --resume out", path, other);
    if (!epoch || !parse_int(epoch, 1, s->recipe->epochs, &done))
        return err_set(err, "%s: metadata \"epoch\" is %s, want 1 to %d", path, epoch ? epoch : "missing",
                       s->recipe->epochs);
    Params *params = &s->clip->params;
    if (!params_restore(params, file, path, "", err)) return false;
    for (int i = 0; i < params->count; i++)
        if (!load_state(s, file, "optim.first.", params->list[i], s->optim.first[i], err) ||
            !load_state(s, file, "optim.second.", params->list[i], s->optim.second[i], err))
            return false;
    s->epoch = (int)done;
    s->step = s->optim.steps = done * s->batches;
    return load_best(s, file, err) && read_log(s, s->epoch, err);
}

static bool resume(Trainer *s, Err *err) {
    Safetensors file;
    Arena arena = { 0 };
    if (!s->run->checkpoint || !file_exists(s->run->checkpoint)) return true; /* no epoch was finished: start again */
    bool opened = safetensors_open(&file, &arena, s->run->checkpoint, err);
    bool ok = opened && load_checkpoint(s, &file, err);
    if (ok && s->epoch > 0) safetensors_warn(&file, s->run->checkpoint);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static bool validate(Trainer *s, EpochRow *row, Err *err) {
    PairRecall r;
    row->test_tta = (double)NAN;
    if (!s->run->validation || s->run->validation->n == 0) return true;
    if (!pair_recall(s->clip, s->run->validation, &r, err)) return false;
    memcpy(row->recall, r.recall, sizeof row->recall);
    row->has_recall = true;
    row->test = r.mean;
    return true;
}

static bool test_epoch(Trainer *s, EpochRow *row, Err *err) {
    const Param *broken = not_finite(&s->clip->params, false);
    if (broken)
        return err_set(err, "epoch %d: %s holds a number that is not finite; %s; try a smaller --lr", s->epoch,
                       broken->name, kept(s));
    if (s->run->pairs) return validate(s, row, err);
    bool tta = s->epoch == s->recipe->epochs && s->recipe->tta != TTA_NONE;
    row->test_tta = (double)NAN;
    return test_accuracy(s, TTA_NONE, &row->test, err) &&
           (!tta || test_accuracy(s, s->recipe->tta, &row->test_tta, err));
}

static bool epochs_run(Trainer *s, Err *err) {
    TrainRun *run = s->run;
    while (s->epoch < s->recipe->epochs && !(run->patience && s->epoch - s->best_epoch >= run->patience)) {
        s->epoch++;
        EpochRow row = { 0 };
        if (!train_epoch(s, &row, err) || !test_epoch(s, &row, err)) return false;
        /* The log first: when the run is resumed, a row too many is dropped; a missing row could not be restored. */
        if (!write_log(s, &row, err)) return false;
        if (!save_epoch(s, &row, err)) return false;
        if (run->after_epoch) run->after_epoch(run->context, &row);
    }
    return true;
}

int train_pictures(const TrainRun *run) { return run->pairs ? run->pairs->n : run->train->n; }

bool train_run(TrainRun *run, Clip *clip, Err *err) {
    const Recipe *r = &run->recipe;
    Trainer s = { .run = run, .recipe = r, .clip = clip, .log = "" };
    int n = train_pictures(run);
    *clip = (Clip){ 0 };
    if (r->batch > n) return err_set(err, "a batch of %d from %d pictures: choose a smaller --batch", r->batch, n);
    if (r->micro_batch < 0 || r->micro_batch > r->batch)
        return err_set(err, "parts of %d pairs from a batch of %d: choose a smaller --micro-batch", r->micro_batch,
                       r->batch);
    while (!run->pairs && s.templates < RECIPE_TEMPLATES && r->templates[s.templates]) s.templates++;
    s.set = run->pairs ? *run->pairs : pair_set_cifar(&s.arena, run->train, r->templates, s.templates);
    s.batches = n / r->batch;
    s.tape.profile = run->profile;
    s.order = arena_alloc(&s.arena, (size_t)n, sizeof *s.order);
    bool ok = make_model(&s, err);
    if (ok) make_captions(&s);
    if (ok && run->checkpoint) sign(&s);
    if (ok && run->resume) ok = resume(&s, err);
    if (ok) ok = epochs_run(&s, err);
    tape_free(&s.tape);
    optim_free(&s.optim);
    arena_free(&s.batch);
    arena_free(&s.arena);
    if (!ok) clip_free(clip);
    interrupted = 0; /* here, not at the start: a signal that came before the first batch counts */
    return ok;
}
