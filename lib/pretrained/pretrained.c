#include "pretrained/pretrained.h"

#include "core/quote.h"
#include "pretrained/published.h"

#include <string.h>

enum { NAME = HUGGING_FACE_NAME, LAYERS_MAX = 256 };

typedef struct {
    const char *path;
    const Safetensors *file;
    bool hugging_face; /* names of Hugging Face */
    bool *used;        /* [tensors]: belongs to a parameter */
    bool narrowed;     /* F64 numbers are rounded */
    PretrainedChoice choice;
    PublishedConfig published;
    const char *heads_source[2],
        *gelu_source; /* where the heads of the image and text tower, the GELU are known from */
} Reader;

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* The same beginning or ending of a parameter's name: in OpenAI's and open_clip's files, which is our name too, and in
 * Hugging Face's files; %c stands for q, k and v. "pre_layrnorm" is their spelling. */
typedef struct {
    const char *ours, *theirs;
} NamePair;

/* clang-format off */
static const NamePair beginnings[] = {
    { "visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight" },
    { "visual.class_embedding", "vision_model.embeddings.class_embedding" },
    { "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight" },
    { "visual.proj", "visual_projection.weight" }, { "visual.ln_pre.", "vision_model.pre_layrnorm." },
    { "visual.ln_post.", "vision_model.post_layernorm." },
    { "visual.transformer.resblocks.", "vision_model.encoder.layers." },
    { "token_embedding.weight", "text_model.embeddings.token_embedding.weight" },
    { "positional_embedding", "text_model.embeddings.position_embedding.weight" },
    { "text_projection", "text_projection.weight" }, { "ln_final.", "text_model.final_layer_norm." },
    { "transformer.resblocks.", "text_model.encoder.layers." },
};
static const NamePair endings[] = {
    { ".ln_1.weight", ".layer_norm1.weight" }, { ".ln_1.bias", ".layer_norm1.bias" },
    { ".ln_2.weight", ".layer_norm2.weight" }, { ".ln_2.bias", ".layer_norm2.bias" },
    { ".attn.out_proj.weight", ".self_attn.out_proj.weight" }, { ".attn.out_proj.bias", ".self_attn.out_proj.bias" },
    { ".mlp.c_fc.weight", ".mlp.fc1.weight" }, { ".mlp.c_fc.bias", ".mlp.fc1.bias" },
    { ".mlp.c_proj.weight", ".mlp.fc2.weight" }, { ".mlp.c_proj.bias", ".mlp.fc2.bias" },
    { ".attn.in_proj_weight", ".self_attn.%c_proj.weight" }, { ".attn.in_proj_bias", ".self_attn.%c_proj.bias" },
};
/* clang-format on */

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

void hugging_face_name(const char *ours, char theirs[HUGGING_FACE_NAME]) {
    const char *middle = ours, *begin = "", *end = "";
    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (!strncmp(ours, beginnings[i].ours, strlen(beginnings[i].ours))) {
            begin = beginnings[i].theirs;
            middle = ours + strlen(beginnings[i].ours);
            break;
        }
    size_t length = strlen(middle);
    for (size_t i = 0; i < COUNT(endings); i++)
        if (ends_with(middle, endings[i].ours)) {
            end = endings[i].theirs;
            length = strlen(middle) - strlen(endings[i].ours);
        }
    snprintf(theirs, NAME, "%s%.*s%s", begin, (int)length, middle, end);
}

/* The names in the file of the parts of a parameter; returns the number of parts. */
static int part_names(const Reader *r, const char *ours, char names[WEIGHT_PARTS][NAME]) {
    char pattern[NAME];
    snprintf(pattern, sizeof pattern, "%s", ours);
    if (r->hugging_face) hugging_face_name(ours, pattern);
    if (!strncmp(ours, "visual.attnpool.in_proj_", 24) && !safetensors_find(r->file, ours))
        snprintf(pattern, sizeof pattern, "visual.attnpool.%%c_proj.%s", ours + 24);
    const char *gap = strstr(pattern, "%c");
    for (int i = 0; i < WEIGHT_PARTS; i++)
        if (gap) snprintf(names[i], NAME, "%.*s%c%s", (int)(gap - pattern), pattern, "qkv"[i], gap + 2);
    if (!gap) snprintf(names[0], NAME, "%s", pattern);
    return gap ? WEIGHT_PARTS : 1;
}

/* ---- sizes, from the shapes of tensors -------------------------------------------------------------------------- */

/* The tensor of a parameter (its first part), which must have `dims` dimensions. */
static const Tensor *need(const Reader *r, const char *ours, int dims, Err *err) {
    char names[WEIGHT_PARTS][NAME];
    part_names(r, ours, names);
    const Tensor *t = safetensors_find(r->file, names[0]);
    if (!t) err_set(err, "%s: there is no tensor %s; is the file another model's, or cut?", r->path, names[0]);
    else if (t->dims == dims) return t;
    else err_set(err, "%s: tensor %s is %s, want %d dimensions", r->path, names[0], tensor_shape_text(t), dims);
    return NULL;
}

/* The number of layers PREFIX0., PREFIX1., ... Each has 3 tensors or more: one missing or surplus changes nothing. */
static int layer_count(const Reader *r, const char *prefix) {
    for (int n = 0;; n++) {
        char begin[NAME];
        int found = 0;
        size_t length = (size_t)snprintf(begin, sizeof begin, "%s%d.", prefix, n);
        for (int i = 0; i < r->file->count; i++) found += !strncmp(r->file->tensors[i].name, begin, length);
        if (n > LAYERS_MAX || found < 3) return n;
    }
}

/* The hidden width of the MLP of a tower's first layer; 0, as in a model's configuration, where it is 4 D. */
static bool mlp_of(const Reader *r, const char *prefix, int width, int *mlp, Err *err) {
    char name[64];
    snprintf(name, sizeof name, "%stransformer.resblocks.0.mlp.c_fc.weight", prefix);
    const Tensor *t = need(r, name, 2, err);
    if (!t) return false;
    *mlp = t->shape[0] % 4 == 0 && t->shape[0] / 4 == width ? 0 : t->shape[0];
    return true;
}

/* The number of heads of a tower, and where it is known from. `width` is what its attention sees; for a ResNet, that
 * is 32 times the width that is published. */
static bool heads_of(Reader *r, PublishedTower tower, int width, int *heads, Err *err) {
    bool text = tower == PUBLISHED_TEXT;
    const char *key = text ? "text_heads" : "vision_heads", *option = text ? "text-heads" : "heads", *source;
    const char *said = safetensors_meta(r->file, key);
    int asked = text ? r->choice.text_heads : r->choice.heads;
    int known = published_heads(tower, tower == PUBLISHED_RESNET ? width / 32 : width);
    long long value = asked;
    if (!asked && said && !parse_int(said, 1, 65536, &value))
        return err_set(err, "%s: metadata \"%s\" is %s, want a number of heads; lesson 19: --%s N", r->path, key, said,
                       option);
    if (asked) {
        source = "as asked";
    } else if (said) {
        source = "from the file's metadata";
    } else if (r->published.path) {
        value = text ? r->published.text.heads : r->published.image.heads;
        source = r->published.path;
    } else {
        value = known ? known : width / 64;
        source = known ? "as published for this width" : "assumed: width / 64";
        if (!known && width % 64 != 0)
            return err_set(err,
                           "%s: the %s tower has width %d, and no tensor tells its heads; put config.json or "
                           "open_clip_config.json beside it, or lesson 19: --%s N",
                           r->path, text ? "text" : "image", width, option);
    }
    if (value < 1 || width % value != 0)
        return err_set(err, "%s: %lld heads (%s) do not divide the width %d of the %s tower; lesson 19: --%s N",
                       r->path, value, source, width, text ? "text" : "image", option);
    *heads = (int)value;
    r->heads_source[text] = source;
    return true;
}

/* A grid of n x n patches has n*n + 1 positions: the first is the class token, or the mean. */
static bool image_sizes(Reader *r, ImageTowerSize *s, Err *err) {
    bool resnet = safetensors_find(r->file, "visual.layer1.0.conv1.weight") != NULL;
    const Tensor *filters = need(r, resnet ? "visual.conv3.weight" : "visual.conv1.weight", 4, err);
    const Tensor *positions =
        need(r, resnet ? "visual.attnpool.positional_embedding" : "visual.positional_embedding", 2, err);
    const Tensor *proj = need(r, resnet ? "visual.attnpool.c_proj.weight" : "visual.proj", 2, err);
    if (!filters || !positions || !proj) return false;
    int n = 0, patch = resnet ? 32 : filters->shape[2], rows = positions->shape[0];
    while (n < 4096 && (n + 1) * (n + 1) + 1 <= rows) n++;
    if (n < 1 || n * n + 1 != rows)
        return err_set(err, "%s: tensor %s has %d rows, want those of a square and one for the class", r->path,
                       positions->name, rows);
    bool square = patch >= 1 && patch <= 256 && filters->shape[3] == filters->shape[2];
    if (!square || (resnet && filters->shape[0] > 256))
        return err_set(err, "%s: tensor %s is %s, want %s", r->path, filters->name, tensor_shape_text(filters),
                       square ? "256 filters at most" : "square patches of 1 to 256 pixels");
    *s = (ImageTowerSize){ .kind = resnet ? "modified-resnet" : "vit", .side = n * patch, .width = filters->shape[0] };
    s->embed = proj->shape[resnet || r->hugging_face ? 0 : 1];
    if (!resnet) {
        s->patch = patch;
        s->layers = layer_count(r, r->hugging_face ? "vision_model.encoder.layers." : "visual.transformer.resblocks.");
    }
    for (int i = 0; i < IMAGE_STAGES && resnet; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "visual.layer%d.", i + 1);
        s->stages[i] = layer_count(r, prefix);
    }
    return resnet || mlp_of(r, "visual.", s->width, &s->mlp, err);
}

static bool text_sizes(Reader *r, ClipConfig *c, Err *err) {
    const Tensor *table = need(r, "token_embedding.weight", 2, err);
    const Tensor *positions = need(r, "positional_embedding", 2, err);
    if (!table || !positions) return false;
    c->text = (TextTowerSize){ .kind = "transformer", .embed = c->image.embed, .padding = -1 };
    c->text.vocabulary = table->shape[0];
    c->text.width = table->shape[1];
    c->text.layers = layer_count(r, r->hugging_face ? "text_model.encoder.layers." : "transformer.resblocks.");
    c->tokens = positions->shape[0];
    return mlp_of(r, "", c->text.width, &c->text.mlp, err);
}

static bool gelu_of(Reader *r, ClipConfig *c, Err *err) {
    const char *said = safetensors_meta(r->file, "quick_gelu");
    bool yes = said && (!strcmp(said, "True") || !strcmp(said, "true"));
    bool own = safetensors_find(r->file, "input_resolution") != NULL;
    bool clear = !said || yes || !strcmp(said, "False") || !strcmp(said, "false");
    if (!clear && r->choice.gelu == GELU_AUTO)
        return err_set(err,
                       "%s: metadata \"quick_gelu\" is %s, want True or False; lesson 19: --gelu exact or --gelu quick",
                       r->path, said);
    c->image.quick_gelu = r->hugging_face || own;
    r->gelu_source = own               ? "assumed: only OpenAI's files have input_resolution"
                     : r->hugging_face ? "assumed: Hugging Face's names, so OpenAI's weights"
                                       : "assumed: open_clip's names, so LAION's weights";
    if (r->choice.gelu != GELU_AUTO || said) {
        c->image.quick_gelu = r->choice.gelu == GELU_AUTO ? yes : r->choice.gelu == GELU_QUICK;
        r->gelu_source = r->choice.gelu == GELU_AUTO ? "from the file's metadata" : "as asked";
    } else if (r->published.path) {
        c->image.quick_gelu = r->published.image.quick_gelu;
        r->gelu_source = r->published.path;
    }
    bool apart = r->gelu_source == r->published.path && r->published.path;
    c->text.quick_gelu = apart ? r->published.text.quick_gelu : c->image.quick_gelu;
    return true;
}

/* ---- where the numbers are -------------------------------------------------------------------------------------- */

static bool little_endian(void) { return *(const uint8_t *)&(const uint16_t){ 1 } == 1; }

/* Finds part i of a parameter: a third of its rows, or all of it. */
static bool part_find(Reader *r, const Param *p, const char *name, int i, WeightView *view, Err *err) {
    const Tensor *t = safetensors_find(r->file, name);
    Mat shape = p->val;
    if (view->transposed) shape = mat_shape(2, p->val.shape[1], p->val.shape[0]);
    shape.shape[0] /= view->parts;
    if (!t) return err_set(err, "%s: there is no tensor %s; is the file another model's, or cut?", r->path, name);
    bool scalar = p->val.dims == 0 && t->dims == 1 && t->count == 1; /* the logit scale, as [1] */
    if (!scalar && !tensor_check_shape(t, shape, err)) return false;
    if (!dtype_is_real(t->dtype))
        return err_set(err, "%s: tensor %s is %s, want F64, F32, F16 or BF16; convert the file", r->path, name,
                       dtype_name(t->dtype));
    if (!tensor_check_range(t, err)) return false;
    r->narrowed = r->narrowed || t->dtype == DTYPE_F64;
    r->used[t - r->file->tensors] = true;
    view->part[i].data = t->data;
    view->part[i].dtype = t->dtype;
    return true;
}

/* Vectors, scalars and positional embeddings are copied as num; they are less than a hundredth of all numbers. */
static bool is_small(const Param *p) { return p->val.dims < 2 || ends_with(p->name, "positional_embedding"); }

static bool param_place(Reader *r, Arena *arena, Param *p, Err *err) {
    char names[WEIGHT_PARTS][NAME];
    WeightView view = { .parts = part_names(r, p->name, names) };
    /* Hugging Face's files have the transposed projections */
    view.transposed = r->hugging_face && (!strcmp(p->name, "visual.proj") || !strcmp(p->name, "text_projection"));
    for (int i = 0; i < view.parts; i++)
        if (!part_find(r, p, names[i], i, &view, err)) return false;
    p->frozen = true;
    size_t each = mat_count(p->val) / (size_t)view.parts;
    bool usable = view.parts == 1 && !view.transposed && view.part[0].dtype == DTYPE_F32 &&
                  sizeof(num) == sizeof(float) && little_endian() && (uintptr_t)view.part[0].data % sizeof(num) == 0;
    if (is_small(p)) {
        p->val.v = arena_alloc(arena, mat_count(p->val), sizeof(num));
        for (int i = 0; i < view.parts; i++)
            dtype_widen(view.part[i].dtype, view.part[i].data, p->val.v + (size_t)i * each, each);
    } else if (usable) {
        p->val.v = (num *)(uintptr_t)view.part[0].data; /* frozen: never written */
    } else {
        p->weights_view = memcpy(arena_alloc(arena, 1, sizeof view), &view, sizeof view);
    }
    return true;
}

static bool is_ignored(const char *name) {
    static const char *const ignored[] = { "input_resolution", "context_length", "vocab_size",
                                           "position_ids",     "attn_mask",      ".num_batches_tracked" };
    for (size_t i = 0; i < COUNT(ignored); i++)
        if (ends_with(name, ignored[i])) return true;
    return !strncmp(name, "optim.", 6);
}

static bool params_place(Reader *r, Clip *clip, Err *err) {
    r->used = arena_zero(&clip->arena, (size_t)r->file->count + 1, sizeof *r->used);
    for (int i = 0; i < clip->params.count; i++)
        if (!param_place(r, &clip->arena, clip->params.list[i], err)) return false;
    for (int i = 0; i < r->file->count; i++)
        if (!r->used[i] && !is_ignored(r->file->tensors[i].name))
            return err_set(err, "%s: tensor %s is none of this model's", r->path, r->file->tensors[i].name);
    return true;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static bool config_of(Reader *r, Arena *arena, ClipConfig *c, Err *err) {
    const char *ours = "visual.conv1.weight", *theirs = beginnings[0].theirs;
    r->hugging_face = !safetensors_find(r->file, ours);
    if (r->hugging_face && !safetensors_find(r->file, theirs))
        return err_set(err, "%s: this is no CLIP: neither a tensor %s (OpenAI, open_clip) nor %s (Hugging Face)",
                       r->path, ours, theirs);
    if (!image_sizes(r, &c->image, err) || !text_sizes(r, c, err)) return false;
    bool resnet = !strcmp(c->image.kind, "modified-resnet");
    int seen = resnet ? 32 * c->image.width : c->image.width;
    PublishedQuery query = { .weights = r->path, .hugging_face = r->hugging_face, .sizes = c };
    query.heads_known = r->choice.heads || safetensors_meta(r->file, "vision_heads");
    query.text_heads_known = r->choice.text_heads || safetensors_meta(r->file, "text_heads");
    query.gelu_known = r->choice.gelu != GELU_AUTO || safetensors_meta(r->file, "quick_gelu");
    return published_config(&r->published, arena, &query, err) &&
           heads_of(r, resnet ? PUBLISHED_RESNET : PUBLISHED_VIT, seen, &c->image.heads, err) &&
           heads_of(r, PUBLISHED_TEXT, c->text.width, &c->text.heads, err) && gelu_of(r, c, err);
}

/* ", MLP 6144" where it is not 4 D. */
static const char *mlp_note(Arena *arena, int mlp) { return mlp ? arena_print(arena, ", MLP %d", mlp) : ""; }

static const char *colours_note(const Reader *r, Arena *a) {
    const double *m = r->published.colours.mean, *d = r->published.colours.deviation;
    if (!r->published.colours_path) return "colours: OpenAI's mean and deviation (by default)";
    return arena_print(a, "colours: mean %g %g %g, deviation %g %g %g (%s)", m[0], m[1], m[2], d[0], d[1], d[2],
                       r->published.colours_path);
}

static const char *notes_of(const Reader *r, Clip *clip) {
    Arena *a = &clip->arena;
    const ImageTowerSize *s = &clip->config.image;
    const TextTowerSize *t = &clip->config.text;
    const char *dtype = dtype_name(need(r, "token_embedding.weight", 2, NULL)->dtype), *kind, *gelu;
    static const char *const names[] = { "exact GELU", "QuickGELU" };
    if (clip->image.vit)
        kind = arena_print(a, "vision transformer, patches of %d, width %d%s, %d layers", s->patch, s->width,
                           mlp_note(a, s->mlp), s->layers);
    else
        kind = arena_print(a, "modified ResNet of %d, %d, %d and %d blocks, width %d", s->stages[0], s->stages[1],
                           s->stages[2], s->stages[3], s->width);
    size_t numbers = 0;
    for (int i = 0; i < clip->params.count; i++) numbers += mat_count(clip->params.list[i]->val);
    gelu = names[t->quick_gelu];
    if (clip->image.vit && s->quick_gelu != t->quick_gelu)
        gelu = arena_print(a, "%s for pictures, %s for texts", names[s->quick_gelu], gelu);
    return arena_print(a,
                       "%s, %d heads (%s); pictures of %d pixels, %d dimensions; texts: width %d%s, %d layers, %d "
                       "heads (%s); %zu numbers in %s%s under the names of %s; %s (%s); %s%s",
                       kind, s->heads, r->heads_source[0], s->side, s->embed, t->width, mlp_note(a, t->mlp), t->layers,
                       t->heads, r->heads_source[1], numbers, dtype,
                       r->narrowed && sizeof(num) < 8 ? " (F64 is rounded to F32)" : "",
                       r->hugging_face ? "Hugging Face" : "OpenAI and open_clip", gelu, r->gelu_source,
                       colours_note(r, a), r->published.notes);
}

/* Removes "module." (PyTorch's DataParallel) and "clip." from the names that begin with them. */
static bool names_strip(Safetensors *file, const char *path, Err *err) {
    static const char *const prefixes[] = { "module.", "clip." };
    for (int i = 0; i < file->count; i++)
        for (size_t k = 0; k < 2 * COUNT(prefixes); k++) { /* either may come first */
            size_t length = strlen(prefixes[k % 2]);
            if (!strncmp(file->tensors[i].name, prefixes[k % 2], length)) file->tensors[i].name += length;
        }
    safetensors_sort(file);
    for (int i = 1; i < file->count; i++)
        if (!strcmp(file->tensors[i - 1].name, file->tensors[i].name))
            return err_set(err,
                           "%s: tensor %s stands there twice, with and without a prefix (module. or clip.); which one "
                           "is the model's? remove the other",
                           path, quoted(file->tensors[i].name));
    return true;
}

static bool open_file(Clip *clip, Arena *work, const char *path, PretrainedChoice choice, Err *err) {
    Safetensors file;
    ClipConfig config = { 0 };
    if (!safetensors_open(&file, work, path, err)) return false;
    Reader r = { .path = path, .file = &file, .choice = choice };
    Err reason;
    bool ok = names_strip(&file, path, err) && config_of(&r, work, &config, err);
    if (ok && !clip_plan(clip, config, NULL, &reason)) ok = err_set(err, "%s: %s", path, reason.text);
    ok = ok && params_place(&r, clip, err);
    clip->colours = r.published.colours;
    if (ok) clip->notes = notes_of(&r, clip);
    if (ok) clip->weights.file = file.file; /* the mapping stays; the table belongs to `work` */
    else safetensors_close(&file);
    return ok;
}

bool pretrained_open(Clip *clip, const char *path, PretrainedChoice choice, Err *err) {
    Arena work = { 0 };
    *clip = (Clip){ 0 };
    bool ok = open_file(clip, &work, path, choice, err);
    arena_free(&work);
    if (!ok) clip_free(clip);
    return ok;
}
