#include "model/clip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- model ----------------------------------------------------------------------------------------------------------- */

static bool config_check(const ClipConfig *c, Err *err) {
    bool ok = c->image.embed >= 1 && c->image.embed <= 65536 && c->text.embed == c->image.embed && c->text.width >= 1 &&
              c->text.width <= 65536 && c->text.vocabulary >= 1 && c->tokens >= 1 && c->tokens <= 4096;
    const int *w = c->image.widths;
    for (int i = 0; i < 3; i++) ok = ok && w[i] >= 0 && w[i] <= 4096;
    if (!ok)
        return err_set(
            err,
            "sizes that no model has: embedding %d and %d, image widths %d %d %d, text width %d, %d words, %d tokens",
            c->image.embed, c->text.embed, w[0], w[1], w[2], c->text.width, c->text.vocabulary, c->tokens);
    return image_tower_check(c->image, err) && text_tower_check(c->text, err);
}

/* What the towers made of sizes that were left 0 belongs to the model: it is kept with it. */
static void config_settle(ClipConfig *c, const Clip *clip) {
    c->image.kind = clip->image.kind;
    c->text.kind = clip->text.kind;
    if (clip->image.vit || clip->image.modified) c->image = image_tower_size(c->image);
    if (strcmp(c->text.kind, "bow")) c->text = clip->text.size;
}

/* With `plan` only the names and shapes of its parameters. */
static bool clip_build(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, bool plan, Err *err) {
    *clip = (Clip){ 0 };
    clip->params = (Params){ .arena = &clip->arena, .plan = plan };
    Rng rng = rng_seed(seed, 0);
    if (vocab) {
        bool copied =
            vocab_from_text(&clip->vocab, &clip->arena, vocab_to_text(&clip->arena, vocab), "vocabulary", err);
        if (!copied) return clip_free(clip), false;
        config.text.vocabulary = clip->vocab.size;
    }
    config.text.tokens = config.tokens;
    clip->config = config;
    if (!config_check(&config, err)) return clip_free(clip), false;
    image_tower_add(&clip->image, &clip->params, config.image, &rng);
    text_tower_add(&clip->text, &clip->params, config.text, &rng);
    config_settle(&clip->config, clip);
    clip->logit_scale = params_add(&clip->params, mat_shape(0), "logit_scale");
    init_constant(clip->logit_scale, config.logit_scale > 0 ? log(config.logit_scale) : LOGIT_SCALE_START);
    return true;
}

bool clip_init(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, Err *err) {
    return clip_build(clip, config, vocab, seed, false, err);
}

bool clip_plan(Clip *clip, ClipConfig config, const Vocab *vocab, Err *err) {
    return clip_build(clip, config, vocab, 0, true, err);
}

void clip_free(Clip *clip) {
    safetensors_close(&clip->weights);
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

void clip_clamp(Clip *clip) {
    *clip->logit_scale->val.v = (num)fmin((double)*clip->logit_scale->val.v, LOGIT_SCALE_MAX);
}

/* ---- weights files ----------------------------------------------------------------------------------------------------- */

/* The whole numbers of a configuration, and how the metadata calls them. What is below `low` is not in the file; 0 is
 * left out of it and read where it is missing, but for those that every model has. */
enum { META_NUMBERS = 12 };
typedef struct {
    const char *key;
    int *value, low;
} MetaNumber;

static void meta_numbers(ClipConfig *c, MetaNumber list[META_NUMBERS]) {
    const MetaNumber all[META_NUMBERS] = {
        { "embed", &c->image.embed, 1 },        { "tokens", &c->tokens, 1 },
        { "text.width", &c->text.width, 1 },    { "text.padding", &c->text.padding, -1 },
        { "image.side", &c->image.side, 0 },    { "image.patch", &c->image.patch, 0 },
        { "image.width", &c->image.width, 0 },  { "image.layers", &c->image.layers, 0 },
        { "vision_heads", &c->image.heads, 0 }, { "text.hidden", &c->text.hidden, 0 },
        { "text.layers", &c->text.layers, 0 },  { "text_heads", &c->text.heads, 0 },
    };
    memcpy(list, all, sizeof all);
}

void clip_save(const Clip *clip, SafetensorsOut *out, Dtype dtype) {
    ClipConfig c = clip->config;
    MetaNumber numbers[META_NUMBERS];
    const int *w = c.image.widths;
    meta_numbers(&c, numbers);
    safetensors_add_meta(out, "model", "clip");
    safetensors_add_meta(out, "image", c.image.kind);
    safetensors_add_meta(out, "image.widths", arena_print(out->arena, "%d %d %d", w[0], w[1], w[2]));
    safetensors_add_meta(out, "text", c.text.kind);
    for (int i = 0; i < META_NUMBERS; i++)
        if (numbers[i].low != 0 || *numbers[i].value)
            safetensors_add_meta(out, numbers[i].key, arena_print(out->arena, "%d", *numbers[i].value));
    if (clip->image.vit || clip->text.transformer.blocks)
        safetensors_add_meta(out, "quick_gelu", c.image.quick_gelu || c.text.quick_gelu ? "True" : "False");
    safetensors_add_meta(out, "words", vocab_to_text(out->arena, &clip->vocab));
    for (int i = 0; i < clip->params.count; i++)
        safetensors_add(out, clip->params.list[i]->name, dtype, clip->params.list[i]->val);
}

/* A whole number of the metadata. */
static bool meta_int(const Safetensors *file, const char *path, const char *key, int low, int *value, Err *err) {
    const char *text = safetensors_meta(file, key);
    long long got;
    if (!text && low == 0) return true;
    if (!text || !parse_int(text, low, 65536, &got))
        return err_set(err, "%s: metadata \"%s\" is %s, want a whole number from %d to 65536", path, key,
                       text ? text : "missing", low);
    *value = (int)got;
    return true;
}

static bool meta_widths(const Safetensors *file, const char *path, int widths[3], Err *err) {
    const char *text = safetensors_meta(file, "image.widths");
    char end;
    if (!text || sscanf(text, "%6d %6d %6d%c", &widths[0], &widths[1], &widths[2], &end) != 3)
        return err_set(err, "%s: metadata \"image.widths\" is %s, want three whole numbers", path,
                       text ? text : "missing");
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
            return err_set(err, "%s: tensor %s is %s, %s was wanted", path, p->name, tensor_shape_text(tensor),
                           mat_shape_text(p->val));
    }
    for (int i = 0; i < file->count; i++) {
        const char *name = file->tensors[i].name;
        if (strncmp(name, "optim.", 6) && !params_find(&clip->params, name))
            return err_set(err, "%s: tensor %s is none of this model's", path, name);
    }
    return true;
}

bool clip_restore(Clip *clip, const Safetensors *file, const char *path, Err *err) {
    const char *model = safetensors_meta(file, "model"), *words = safetensors_meta(file, "words");
    *clip = (Clip){ 0 };
    if (!model || strcmp(model, "clip") || !words || !safetensors_meta(file, "image") ||
        !safetensors_meta(file, "text"))
        return err_set(
            err,
            "%s: no model of this toolkit (metadata \"model\", \"words\", \"image\", \"text\"); lesson 10 makes one",
            path);
    ClipConfig c = { .image.kind = safetensors_meta(file, "image"), .text.kind = safetensors_meta(file, "text") };
    MetaNumber numbers[META_NUMBERS];
    meta_numbers(&c, numbers);
    for (int i = 0; i < META_NUMBERS; i++)
        if (!meta_int(file, path, numbers[i].key, numbers[i].low, numbers[i].value, err)) return false;
    if (!meta_widths(file, path, c.image.widths, err)) return false;
    const char *quick = safetensors_meta(file, "quick_gelu");
    c.text.embed = c.image.embed;
    c.image.quick_gelu = c.text.quick_gelu = quick && !strcmp(quick, "True");
    Arena arena = { 0 };
    Vocab vocab;
    Err why;
    bool ok = vocab_from_text(&vocab, &arena, words, path, err);
    if (ok && !clip_plan(clip, c, &vocab, &why)) ok = err_set(err, "%s: %s", path, why.text);
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
        ok = clip_restore(clip, &file, path, err);
        safetensors_close(&file);
    }
    arena_free(&arena);
    return ok;
}
