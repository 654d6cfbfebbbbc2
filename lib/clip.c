#include "clip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- model ----------------------------------------------------------------------------------------------------------- */

static bool config_check(const ClipConfig *c, Err *err) {
    bool ok = c->image.embed >= 1 && c->image.embed <= 65536 && c->text.embed == c->image.embed && c->text.width >= 1 &&
              c->text.width <= 65536 && c->text.vocabulary >= 1 && c->tokens >= 1 && c->tokens <= 4096;
    for (int i = 0; i < 3; i++) ok = ok && c->image.widths[i] >= 0 && c->image.widths[i] <= 4096;
    const int *w = c->image.widths;
    return ok || err_set(err, "sizes that no model has: embedding %d and %d, image widths %d %d %d, text width %d, %d words, "
                         "%d tokens", c->image.embed, c->text.embed, w[0], w[1], w[2], c->text.width, c->text.vocabulary, c->tokens);
}

/* With `plan` only the names and shapes of its parameters. */
static bool clip_build(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, bool plan, Err *err) {
    *clip = (Clip){ 0 };
    clip->params = (Params){ .arena = &clip->arena, .plan = plan };
    Rng rng = rng_seed(seed, 0);
    if (vocab) {
        bool copied = vocab_from_text(&clip->vocab, &clip->arena, vocab_text(&clip->arena, vocab), "vocabulary", err);
        if (!copied) return clip_free(clip), false;
        config.text.vocabulary = clip->vocab.size;
    }
    clip->config = config;
    if (!config_check(&config, err)) return clip_free(clip), false;
    if (!image_tower_add(&clip->image, &clip->params, config.image, &rng))
        return clip_free(clip), err_set(err, "there is no image tower \"%s\"; there are: small, cnn, resnet9", config.image.kind);
    if (!text_tower_add(&clip->text, &clip->params, config.text, &rng))
        return clip_free(clip), err_set(err, "there is no text tower \"%s\"; there is: bow", config.text.kind);
    clip->config.image.kind = clip->image.kind, clip->config.text.kind = clip->text.kind;
    clip->logit_scale = params_add(&clip->params, mat_shape(0), "logit_scale");
    init_constant(clip->logit_scale, config.logit_scale > 0 ? log(config.logit_scale) : LOGIT_SCALE_START);
    return true;
}

bool clip_init(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, Err *err) {
    return clip_build(clip, config, vocab, seed, false, err);
}

void clip_free(Clip *clip) {
    Arena arena = clip->arena;
    arena_free(&arena);
    *clip = (Clip){ 0 };
}

Var clip_image(Tape *t, Clip *clip, Mat pixels) {
    return op_l2norm(t, image_tower(t, &clip->image, tape_data(t, pixels)));
}

Var clip_text(Tape *t, Clip *clip, const int *ids, int B, int T) {
    return op_l2norm(t, text_tower(t, &clip->text, ids, B, T));
}

Mat clip_text_features(Clip *clip, Arena *arena, const char *const *texts, int n, FILE *warnings) {
    Tape tape = { .no_grad = true };
    int T = clip->config.tokens, *ids = arena_alloc(&tape.arena, (size_t)n * (size_t)T, sizeof *ids);
    TextNotes notes = vocab_encode(&clip->vocab, &tape.arena, texts, n, T, ids);
    if (warnings) text_warn(&notes, warnings);
    Mat on_tape = clip_text(&tape, clip, ids, n, T)->val, features = mat_like(arena, on_tape);
    memcpy(features.v, on_tape.v, mat_count(features) * sizeof(num));
    tape_free(&tape);
    return features;
}

void clip_clamp(Clip *clip) { *clip->logit_scale->val.v = (num)fmin((double)*clip->logit_scale->val.v, LOGIT_SCALE_MOST); }

/* ---- weights files ----------------------------------------------------------------------------------------------------- */

void clip_put(const Clip *clip, SafetensorsOut *out, Dtype dtype) {
    const ClipConfig *c = &clip->config;
    const int *w = c->image.widths;
    safetensors_add_meta(out, "model", "clip");
    safetensors_add_meta(out, "image", c->image.kind);
    safetensors_add_meta(out, "image.widths", arena_print(out->arena, "%d %d %d", w[0], w[1], w[2]));
    safetensors_add_meta(out, "text", c->text.kind);
    safetensors_add_meta(out, "text.width", arena_print(out->arena, "%d", c->text.width));
    safetensors_add_meta(out, "text.padding", arena_print(out->arena, "%d", c->text.padding));
    safetensors_add_meta(out, "embed", arena_print(out->arena, "%d", c->image.embed));
    safetensors_add_meta(out, "tokens", arena_print(out->arena, "%d", c->tokens));
    safetensors_add_meta(out, "words", vocab_text(out->arena, &clip->vocab));
    for (int i = 0; i < clip->params.count; i++) safetensors_add(out, clip->params.list[i]->name, dtype, clip->params.list[i]->val);
}

/* A whole number of the metadata. */
static bool meta_int(const Safetensors *file, const char *path, const char *key, int low, int *value, Err *err) {
    const char *text = safetensors_meta(file, key);
    long long got;
    if (!text || !parse_int(text, low, 65536, &got))
        return err_set(err, "%s: metadata \"%s\" is %s, want a whole number from %d to 65536", path, key, text ? text : "missing", low);
    *value = (int)got;
    return true;
}

static bool meta_widths(const Safetensors *file, const char *path, int widths[3], Err *err) {
    const char *text = safetensors_meta(file, "image.widths");
    char end;
    if (!text || sscanf(text, "%6d %6d %6d%c", &widths[0], &widths[1], &widths[2], &end) != 3)
        return err_set(err, "%s: metadata \"image.widths\" is %s, want three whole numbers", path, text ? text : "missing");
    return true;
}

bool params_get(Params *params, const Safetensors *file, const char *path, const char *prefix, Err *err) {
    for (int i = 0; i < params->count; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", prefix, params->list[i]->name);
        const Tensor *tensor = safetensors_find(file, name);
        if (!tensor) return err_set(err, "%s: there is no tensor %s; is it another model's?", path, name);
        if (!tensor_to_mat(tensor, params->list[i]->val, err)) return false;
    }
    return true;
}

static bool same_shape(const Tensor *tensor, Mat m) {
    bool same = tensor->dims == m.dims;
    for (int d = 0; same && d < m.dims; d++) same = tensor->shape[d] == m.shape[d];
    return same;
}

/* Does the file hold the tensors of this plan, and no others? Only then is memory taken for what it promises. */
static bool plan_holds(const Clip *clip, const Safetensors *file, const char *path, Err *err) {
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        const Tensor *tensor = safetensors_find(file, p->name);
        if (!tensor) return err_set(err, "%s: there is no tensor %s; is it another model's?", path, p->name);
        if (!same_shape(tensor, p->val))
            return err_set(err, "%s: tensor %s is %s, %s was wanted", path, p->name, tensor_shape_text(tensor), mat_shape_text(p->val));
    }
    for (int i = 0; i < file->count; i++) {
        const char *name = file->tensors[i].name;
        if (strncmp(name, "optim.", 6) && !params_find(&clip->params, name))
            return err_set(err, "%s: tensor %s is none of this model's", path, name);
    }
    return true;
}

bool clip_get(Clip *clip, const Safetensors *file, const char *path, Err *err) {
    const char *model = safetensors_meta(file, "model"), *words = safetensors_meta(file, "words");
    *clip = (Clip){ 0 };
    if (!model || strcmp(model, "clip") || !words || !safetensors_meta(file, "image") || !safetensors_meta(file, "text"))
        return err_set(err, "%s: no model of this toolkit (metadata \"model\", \"words\", \"image\", \"text\"); lesson 10 makes one", path);
    ClipConfig c = { .image.kind = safetensors_meta(file, "image"), .text.kind = safetensors_meta(file, "text") };
    if (!meta_int(file, path, "embed", 1, &c.image.embed, err) || !meta_int(file, path, "tokens", 1, &c.tokens, err) ||
        !meta_int(file, path, "text.width", 1, &c.text.width, err) || !meta_int(file, path, "text.padding", -1, &c.text.padding, err) ||
        !meta_widths(file, path, c.image.widths, err))
        return false;
    c.text.embed = c.image.embed;
    Arena arena = { 0 };
    Vocab vocab;
    Err why;
    bool ok = vocab_from_text(&vocab, &arena, words, path, err);
    if (ok && !clip_build(clip, c, &vocab, 0, true, &why)) ok = err_set(err, "%s: %s", path, why.text);
    if (ok) {
        ok = plan_holds(clip, file, path, err);
        clip_free(clip);
    }
    ok = ok && clip_init(clip, c, &vocab, 0, err) && params_get(&clip->params, file, path, "", err);
    arena_free(&arena);
    if (!ok) clip_free(clip);
    return ok;
}

bool clip_load(Clip *clip, const char *path, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    *clip = (Clip){ 0 };
    bool ok = safetensors_open(&file, &arena, path, err);
    if (ok) {
        ok = clip_get(clip, &file, path, err);
        safetensors_close(&file);
    }
    arena_free(&arena);
    return ok;
}
