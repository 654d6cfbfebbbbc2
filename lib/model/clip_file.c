#include "model/clip_file.h"

#include <stdlib.h>
#include <string.h>

/* The whole numbers of a configuration, and their keys in the metadata. Each is at least `low`. Where `low` is 0, the
 * number 0 is not written, and a missing key means 0. */
enum { META_NUMBERS = 14 };
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
        { "image.mlp", &c->image.mlp, 0 },      { "text.mlp", &c->text.mlp, 0 },
    };
    memcpy(list, all, sizeof all);
}

static bool meta_int(const Safetensors *file, const char *path, MetaNumber number, Err *err) {
    const char *text = safetensors_meta(file, number.key);
    long long value;
    if (!text && number.low == 0) return true;
    if (!text || !parse_int(text, number.low, 65536, &value))
        return err_set(err, "%s: metadata \"%s\" is %s, want a whole number from %d to 65536", path, number.key,
                       text ? text : "missing", number.low);
    *number.value = (int)value;
    return true;
}
static bool meta_widths(const Safetensors *file, const char *path, int widths[3], Err *err) {
    const char *text = safetensors_meta(file, "image.widths");
    char end;
    if (text && sscanf(text, "%6d %6d %6d%c", &widths[0], &widths[1], &widths[2], &end) == 3) return true;
    return err_set(err, "%s: metadata \"image.widths\" is %s, want three whole numbers", path, text ? text : "missing");
}

/* Was it trained on CLIP's byte pairs, and not on words of its own? */
static bool takes_byte_pairs(const Safetensors *file) {
    const char *tokeniser = safetensors_meta(file, "tokeniser");
    return tokeniser && !strcmp(tokeniser, "byte pairs");
}

static bool config_read(const Safetensors *file, const char *path, ClipConfig *c, Err *err) {
    const char *model = safetensors_meta(file, "model"), *quick = safetensors_meta(file, "quick_gelu");
    *c = (ClipConfig){ .image.kind = safetensors_meta(file, "image"), .text.kind = safetensors_meta(file, "text") };
    bool bpe = takes_byte_pairs(file);
    if (bpe) c->text.vocabulary = BPE_IDS;
    if (!model || strcmp(model, "clip") || (!safetensors_meta(file, "words") && !bpe) || !c->image.kind ||
        !c->text.kind)
        return err_set(err, "%s: no model of this toolkit (metadata model, words, image, text); lesson 10 makes one",
                       path);
    MetaNumber numbers[META_NUMBERS];
    meta_numbers(c, numbers);
    for (int i = 0; i < META_NUMBERS; i++)
        if (!meta_int(file, path, numbers[i], err)) return false;
    if (!meta_widths(file, path, c->image.widths, err)) return false;
    c->text.embed = c->image.embed;
    c->image.quick_gelu = quick && !strcmp(quick, "True");
    c->text.quick_gelu = c->image.quick_gelu;
    return true;
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
    if (clip->bpe) safetensors_add_meta(out, "tokeniser", "byte pairs");
    else safetensors_add_meta(out, "words", vocab_to_text(out->arena, &clip->vocab));
    if (clip->vocab.keeps_unknown) safetensors_add_meta(out, "unknown", "kept");
    for (int i = 0; i < clip->params.count; i++)
        safetensors_add(out, clip->params.list[i]->name, dtype, clip->params.list[i]->val);
}

static const Tensor *tensor_of(const Safetensors *file, const char *path, const char *name, Err *err) {
    const Tensor *tensor = safetensors_find(file, name);
    if (!tensor) err_set(err, "%s: there is no tensor %s; is it another model's?", path, name);
    return tensor;
}

bool params_restore(Params *params, const Safetensors *file, const char *path, const char *prefix, Err *err) {
    for (int i = 0; i < params->count; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", prefix, params->list[i]->name);
        const Tensor *tensor = tensor_of(file, path, name, err);
        if (!tensor || !tensor_to_mat(tensor, params->list[i]->val, err)) return false;
    }
    return true;
}

/* Does the file hold the tensors of this plan, and no others? Memory is taken only for a file that does. */
static bool plan_matches(const Clip *clip, const Safetensors *file, const char *path, Err *err) {
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        const Tensor *tensor = tensor_of(file, path, p->name, err);
        if (!tensor) return false;
        bool same = tensor->dims == p->val.dims;
        for (int d = 0; same && d < p->val.dims; d++) same = tensor->shape[d] == p->val.shape[d];
        if (!same)
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

/* Builds the model that an open file describes, and reads its weights. */
static bool clip_restore(Clip *clip, const Safetensors *file, const char *path, Err *err) {
    ClipConfig config;
    Arena arena = { 0 };
    Vocab vocab = { 0 };
    Err why;
    *clip = (Clip){ 0 };
    bool bpe = takes_byte_pairs(file), ok = config_read(file, path, &config, err);
    const Vocab *words = bpe ? NULL : &vocab;
    ok = ok && (bpe || vocab_from_text(&vocab, &arena, safetensors_meta(file, "words"), path, err));
    if (ok) vocab.keeps_unknown = safetensors_meta(file, "unknown") != NULL;
    if (ok && !clip_plan(clip, config, words, &why)) ok = err_set(err, "%s: %s", path, why.text);
    ok = ok && plan_matches(clip, file, path, err);
    clip_free(clip);
    ok = ok && clip_init(clip, config, words, 0, err) && params_restore(&clip->params, file, path, "", err);
    ok = ok && (!bpe || clip_read_bpe(clip, path, err));
    arena_free(&arena);
    if (!ok) clip_free(clip);
    return ok;
}
bool clip_load(Clip *clip, const char *path, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    *clip = (Clip){ 0 };
    bool ok = safetensors_open(&file, &arena, path, err);
    ok = ok && clip_restore(clip, &file, path, err);
    safetensors_close(&file);
    arena_free(&arena);
    return ok;
}
