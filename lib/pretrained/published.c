#include "pretrained/published.h"

#include "core/file.h"
#include "core/quote.h"
#include "formats/file_kind.h"
#include "formats/json.h"

#include <limits.h>
#include <string.h>

int published_heads(PublishedTower tower, int width) {
    static const struct {
        PublishedTower tower;
        int width, heads;
    } table[] = {
        { PUBLISHED_VIT, 768, 12 },    { PUBLISHED_VIT, 1024, 16 },  { PUBLISHED_VIT, 1280, 16 },
        { PUBLISHED_VIT, 1408, 16 },   { PUBLISHED_VIT, 1664, 16 },  { PUBLISHED_VIT, 1792, 16 },
        { PUBLISHED_RESNET, 64, 32 },  { PUBLISHED_RESNET, 80, 40 }, { PUBLISHED_RESNET, 96, 48 },
        { PUBLISHED_RESNET, 128, 64 }, { PUBLISHED_TEXT, 512, 8 },   { PUBLISHED_TEXT, 640, 10 },
        { PUBLISHED_TEXT, 768, 12 },   { PUBLISHED_TEXT, 1024, 16 }, { PUBLISHED_TEXT, 1280, 20 },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].tower == tower && table[i].width == width) return table[i].heads;
    return 0;
}

const ColourScale openai_colours = { { 0.48145466, 0.4578275, 0.40821073 }, { 0.26862954, 0.26130258, 0.27577711 } };

/* ---- one file --------------------------------------------------------------------------------------------------- */

typedef enum { WIDTH, LAYERS, PATCH, SIDE, TOKENS, VOCABULARY, HEADS, HEAD_WIDTH, FIELDS } Field;
static const char *const field_names[FIELDS][2] = {
    /* open_clip's and Hugging Face's */
    [WIDTH] = { "width", "hidden_size" },
    [LAYERS] = { "layers", "num_hidden_layers" },
    [PATCH] = { "patch_size", "patch_size" },
    [SIDE] = { "image_size", "image_size" },
    [TOKENS] = { "context_length", "max_position_embeddings" },
    [VOCABULARY] = { "vocab_size", "vocab_size" },
    [HEADS] = { "heads", "num_attention_heads" },
    [HEAD_WIDTH] = { "head_width", "head_width" },
};

/* A part of the file that describes a tower. */
typedef struct {
    bool there, resnet, quick_gelu;
    const char *name;       /* "vision_cfg" */
    const char *refused;    /* what this library does not compute, or NULL */
    const char *activation; /* an unknown one, or NULL */
    const char *key[FIELDS];
    long long value[FIELDS];
    double stages[IMAGE_STAGES]; /* layers of a ResNet */
} Part;

/* Numbers that are missing are those of the publisher's own loader. */
static Part part_default(bool open_clip, bool image, const char *name) {
    Part part = { .name = name, .quick_gelu = !open_clip };
    part.value[WIDTH] = image ? 768 : 512;
    part.value[HEADS] = image ? 12 : 8;
    if (open_clip && image) part.value[HEAD_WIDTH] = 64;
    for (int f = 0; f < FIELDS; f++)
        if (part.value[f]) part.key[f] = field_names[f][!open_clip];
    return part;
}

/* Such a key is ours, not the file's. */
static const char *by_default(const char *key) {
    for (int f = 0; f < FIELDS; f++)
        if (key == field_names[f][0] || key == field_names[f][1]) return " by default";
    return "";
}

static const char *refusal(Arena *arena, const char *key, const char *value, const char *want) {
    return arena_print(arena, "\"%s\" is %s, this library computes %s only", key, quoted(value), want);
}

/* hidden_act of Hugging Face: the names of both GELUs. */
static bool activation_read(Part *part, Json *j) {
    const char *name;
    if (!json_string(j, &name)) return false;
    part->quick_gelu = !strcmp(name, "quick_gelu");
    part->activation = part->quick_gelu || !strcmp(name, "gelu") ? NULL : name;
    return true;
}

/* Members that change the result and that no tensor shows (open_clip, model.py, CLIPVisionCfg and CLIPTextCfg). */
static bool unusual_read(Part *part, Arena *arena, Json *j, const char *key) {
    static const struct {
        const char *key, *accepted[2];
    } known[] = { { "pool_type", { "tok", "argmax" } }, { "timm_model_name", { "", "" } },
                  { "hf_model_name", { "", "" } },      { "act_kwargs", { "", "" } },
                  { "no_causal_mask", { "", "" } },     { "final_ln_after_pool", { "", "" } } };
    size_t i = 0;
    while (i < COUNT(known) && strcmp(key, known[i].key) != 0) i++;
    JsonKind kind = json_kind(j);
    if (i == COUNT(known) || kind == JSON_NULL) return json_skip(j);
    if (kind == JSON_BOOL) {
        bool yes;
        if (!json_bool(j, &yes)) return false;
        if (yes) part->refused = refusal(arena, key, "true", "models with false");
        return true;
    }
    const char *value = kind == JSON_STRING ? "" : "set";
    if (kind == JSON_STRING && !json_string(j, &value)) return false;
    if (kind != JSON_STRING && !json_skip(j)) return false;
    if (strcmp(value, known[i].accepted[0]) != 0 && strcmp(value, known[i].accepted[1]) != 0)
        part->refused = refusal(arena, key, value, *known[i].accepted[0] ? "tok and argmax" : "models without it");
    return true;
}

/* Reads a list; *good: it is one of n numbers. */
static bool numbers_read(Json *j, int n, double *x, bool *good) {
    int count = 0;
    *good = json_kind(j) == JSON_ARRAY;
    if (!*good) return json_skip(j);
    for (json_array(j); json_item(j); count++) {
        double value = 0;
        if (json_kind(j) != JSON_NUMBER) *good = false;
        if (!(*good ? json_real(j, -1e9, 1e9, &value) : json_skip(j))) return false;
        if (count < n) x[count] = value;
    }
    *good = *good && count == n;
    return !j->failed;
}

/* Sizes of other kinds, like null or the two sides of a picture, say nothing here. */
static bool field_read(Part *part, Json *j, Field f, const char *key) {
    bool must = f == WIDTH || f == HEADS || f == HEAD_WIDTH, good = true, ok;
    JsonKind kind = json_kind(j);
    if (f == LAYERS) part->resnet = kind == JSON_ARRAY;
    if (f == LAYERS && part->resnet) ok = numbers_read(j, IMAGE_STAGES, part->stages, &good);
    else if (must || kind == JSON_NUMBER) ok = json_int(j, -INT_MAX, INT_MAX, &part->value[f]);
    else {
        ok = json_skip(j);
        good = false;
    }
    part->key[f] = good ? key : NULL;
    return ok;
}

static bool part_read(Part *part, Arena *arena, Json *j, const char *name) {
    const char *key;
    part->name = name;
    part->there = json_kind(j) != JSON_NULL;
    if (!part->there) return json_null(j);
    for (json_object(j); json_key(j, &key);) {
        int f = 0;
        while (f < FIELDS && strcmp(key, field_names[f][0]) != 0 && strcmp(key, field_names[f][1]) != 0) f++;
        bool ok = f < FIELDS                   ? field_read(part, j, (Field)f, key)
                  : !strcmp(key, "hidden_act") ? activation_read(part, j)
                                               : unusual_read(part, arena, j, key);
        if (!ok) return false;
    }
    return !j->failed;
}

/* The parts of both kinds of files: of open_clip's, of Hugging Face's, and of Hugging Face's older ones. */
enum { KINDS = 3 };
typedef struct {
    Part image[KINDS], text[KINDS];
    bool quick_gelu; /* open_clip's */
    const char *embed_key;
    long long embed;
    bool mean, deviation;    /* are there */
    const char *bad_colours; /* the key of what is not three numbers, or NULL */
    ColourScale colours;
} Parts;

/* "mean" or "std" of a picture's colours; null is as good as missing. */
static bool colours_read(Parts *parts, Json *j, const char *key) {
    bool mean = strstr(key, "mean") != NULL, good;
    double *x = mean ? parts->colours.mean : parts->colours.deviation;
    if (json_kind(j) == JSON_NULL) return json_null(j);
    if (!numbers_read(j, 3, x, &good)) return false;
    *(mean ? &parts->mean : &parts->deviation) = true;
    if (!good || (!mean && !(x[0] > 0 && x[1] > 0 && x[2] > 0))) parts->bad_colours = key;
    return true;
}

static bool preprocess_read(Parts *parts, Json *j) {
    const char *key;
    if (json_kind(j) != JSON_OBJECT) return json_skip(j);
    for (json_object(j); json_key(j, &key);)
        if (!(!strcmp(key, "mean") || !strcmp(key, "std") ? colours_read(parts, j, key) : json_skip(j))) return false;
    return !j->failed;
}

static bool parts_read(Parts *parts, Arena *arena, Json *j) {
    static const char *const images[KINDS] = { "vision_cfg", "vision_config", "vision_config_dict" };
    static const char *const texts[KINDS] = { "text_cfg", "text_config", "text_config_dict" };
    const char *key;
    for (json_object(j); json_key(j, &key);) {
        int i = 0;
        while (i < KINDS && strcmp(key, images[i]) != 0 && strcmp(key, texts[i]) != 0) i++;
        bool ok, embed = !strcmp(key, "embed_dim") || !strcmp(key, "projection_dim");
        if (i < KINDS) ok = part_read(strcmp(key, images[i]) ? &parts->text[i] : &parts->image[i], arena, j, key);
        else if (!strcmp(key, "model_cfg")) ok = parts_read(parts, arena, j);
        else if (!strcmp(key, "quick_gelu")) ok = json_bool(j, &parts->quick_gelu);
        else if (!strcmp(key, "preprocess_cfg")) ok = preprocess_read(parts, j);
        else if (!strcmp(key, "image_mean") || !strcmp(key, "image_std")) ok = colours_read(parts, j, key);
        else if (embed && json_kind(j) == JSON_NUMBER) {
            parts->embed_key = key;
            ok = json_int(j, -INT_MAX, INT_MAX, &parts->embed);
        } else ok = json_skip(j);
        if (!ok) return false;
    }
    return !j->failed;
}

/* A byte order mark is skipped. What does not begin as JSON is named by its kind. */
static bool text_read(Parts *parts, Arena *arena, File file, const char *path, Err *err) {
    const char *text = (const char *)file.data;
    size_t at = file.size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0, first = at;
    while (first < file.size && memchr(" \t\r\n", text[first], 4)) first++;
    if (first == file.size)
        return err_set(err, "%s: the file is empty, %s was wanted; fetch it again", path, file_wanted(HOLDS_CONFIG));
    if (text[first] != '{' && text[first] != '[' && file_kind_tell_binary(path, file, HOLDS_CONFIG, err)) return false;
    Json j = json_begin(arena, text, file.size, path, err);
    j.at = at;
    return parts_read(parts, arena, &j) && json_end(&j);
}

/* What one file says: of Hugging Face's parts, the older ones replace the others. `there` of both parts is false when
 * the file describes no model with two towers. */
typedef struct {
    Part image, text;
    Parts all;
} Described;

static bool file_read(Described *d, Arena *arena, const char *path, Err *err) {
    File file;
    *d = (Described){ .all = { .quick_gelu = false } };
    if (!file_open(&file, path, err)) return false;
    for (int i = 0; i < KINDS; i++) {
        d->all.image[i] = part_default(i == 0, true, "vision");
        d->all.text[i] = part_default(i == 0, false, "text");
    }
    bool ok = text_read(&d->all, arena, file, path, err);
    file_close(&file);
    if (!ok) return false;
    Part *image = d->all.image, *text = d->all.text;
    int i = image[2].there ? 2 : image[1].there ? 1 : 0, t = text[2].there ? 2 : MIN(i, 1);
    if (i == 0) image[0].quick_gelu = text[0].quick_gelu = d->all.quick_gelu;
    d->image = image[i];
    d->text = text[t];
    d->image.there = image[i].there && text[t].there;
    return true;
}

/* ---- is it this model's? ---------------------------------------------------------------------------------------- */

/* What file and tensors say otherwise; text NULL: nothing. */
typedef struct {
    Arena *arena;
    const char *text;
    bool cut; /* only layers, of which the file says more */
} Contradiction;

/* Keeps one of several: a size before layers that are missing. */
static void compare(Contradiction *c, const char *part, const char *key, long long said, long long found, bool layers) {
    if (!key || said == found || (c->text && !c->cut)) return;
    bool cut = layers && said > found;
    if (c->text && cut) return;
    c->text = arena_print(c->arena, "%s%s%s is %lld%s, in the tensors %lld", part, *part ? "." : "", key, said,
                          by_default(key), found);
    c->cut = cut;
}

static Contradiction compare_all(const Described *d, const ClipConfig *sizes, Arena *arena) {
    const ImageTowerSize *s = &sizes->image;
    const Part *image = &d->image, *text = &d->text;
    Contradiction c = { .arena = arena };
    bool resnet = !strcmp(s->kind, "modified-resnet");
    compare(&c, image->name, image->key[WIDTH], image->value[WIDTH], s->width, false);
    compare(&c, text->name, text->key[WIDTH], text->value[WIDTH], sizes->text.width, false);
    compare(&c, image->name, image->key[SIDE], image->value[SIDE], s->side, false);
    if (!resnet) compare(&c, image->name, image->key[PATCH], image->value[PATCH], s->patch, false);
    compare(&c, text->name, text->key[TOKENS], text->value[TOKENS], sizes->tokens, false);
    compare(&c, text->name, text->key[VOCABULARY], text->value[VOCABULARY], sizes->text.vocabulary, false);
    compare(&c, "", d->all.embed_key, d->all.embed, s->embed, false);
    compare(&c, text->name, text->key[LAYERS], text->value[LAYERS], sizes->text.layers, true);
    if (!resnet && !image->resnet) compare(&c, image->name, image->key[LAYERS], image->value[LAYERS], s->layers, true);
    for (int i = 0; i < IMAGE_STAGES && resnet && image->resnet; i++)
        compare(&c, image->name, image->key[LAYERS], (long long)image->stages[i], s->stages[i], true);
    if (image->key[LAYERS] && resnet != image->resnet && (!c.text || c.cut)) {
        c.text = arena_print(arena, "%s.layers is that of a %s", image->name, resnet ? "transformer" : "ResNet");
        c.cut = false;
    }
    return c;
}

/* What to do about a file: the lesson's options replace what it says. */
#define INSTEAD "mend or remove the file, or lesson 19: "

static bool size_of(const Part *part, const char *path, const char *option, bool known, PublishedSize *size, Err *err) {
    long long width = part->value[WIDTH] * (part->resnet ? 32 : 1), head_width = part->value[HEAD_WIDTH];
    Field f = part->key[HEAD_WIDTH] ? HEAD_WIDTH : HEADS;
    long long said = part->value[f], heads = f == HEADS ? said : head_width >= 1 ? width / head_width : 0;
    bool good = said >= 1 && said <= width && width % said == 0;
    *size = (PublishedSize){ good ? (int)heads : 0, part->quick_gelu };
    if (good || known) return true;
    const char *key = part->key[f];
    return err_set(err, "%s: %s.%s is %lld%s, want a number that divides the tower's width %lld; " INSTEAD "--%s N",
                   path, part->name, key, said, by_default(key), width, option);
}

/* Takes what the file says of this model. */
static bool described_use(PublishedConfig *c, const Described *d, const PublishedQuery *q, const char *path, Err *err) {
    c->path = path;
    for (int text = 0; text < 2; text++) {
        const Part *part = text ? &d->text : &d->image;
        if (part->refused) return err_set(err, "%s: %s", path, part->refused);
        if (part->activation && !q->gelu_known)
            return err_set(err,
                           "%s: \"hidden_act\" is %s, this library computes gelu and quick_gelu only; " INSTEAD
                           "--gelu exact or --gelu quick",
                           path, quoted(part->activation));
    }
    return size_of(&d->image, path, "heads", q->heads_known, &c->image, err) &&
           size_of(&d->text, path, "text-heads", q->text_heads_known, &c->text, err);
}

/* ---- which file ------------------------------------------------------------------------------------------------- */

static bool colours_use(PublishedConfig *c, const Parts *parts, const char *path, Err *err) {
    if (parts->bad_colours)
        return err_set(err, "%s: \"%s\" is not three numbers%s; mend the file or remove it", path, parts->bad_colours,
                       strstr(parts->bad_colours, "std") ? " above 0" : "");
    if (parts->mean) memcpy(c->colours.mean, parts->colours.mean, sizeof c->colours.mean);
    if (parts->deviation) memcpy(c->colours.deviation, parts->colours.deviation, sizeof c->colours.deviation);
    if (parts->mean || parts->deviation) c->colours_path = path;
    return true;
}

/* A second file of the same model, which is not used. */
static const char *rival_note(const PublishedConfig *c, const Described *d, const PublishedQuery *q, Arena *arena,
                              const char *path) {
    PublishedSize image, text;
    bool good = size_of(&d->image, path, "", false, &image, NULL) && size_of(&d->text, path, "", false, &text, NULL);
    bool differ = (image.heads != c->image.heads && !q->heads_known) ||
                  (good && text.heads != c->text.heads && !q->text_heads_known);
    if (!good || !differ) return "";
    return arena_print(arena, "; %s says %d and %d heads, %s %d and %d: %s is used", path, image.heads, text.heads,
                       c->path, c->image.heads, c->text.heads, c->path);
}

/* Reads one candidate. */
static bool candidate_read(PublishedConfig *c, Arena *arena, const PublishedQuery *q, const char *path, Err *err) {
    Described *d = arena_alloc(arena, 1, sizeof *d);
    Err reason;
    bool all_known = q->heads_known && q->text_heads_known && q->gelu_known;
    if (!file_read(d, arena, path, &reason)) {
        if (!c->path && !all_known) return err_set(err, "%s; " INSTEAD "--heads, --text-heads and --gelu", reason.text);
        c->notes = arena_print(arena, "%s; not used: %s", c->notes, reason.text);
        return true;
    }
    if (!d->image.there) return true;
    Contradiction other = compare_all(d, q->sizes, arena);
    if (!other.text && c->path) c->notes = arena_print(arena, "%s%s", c->notes, rival_note(c, d, q, arena, path));
    else if (!other.text) return described_use(c, d, q, path, err) && colours_use(c, &d->all, path, err);
    else if (other.cut && !c->path)
        return err_set(
            err,
            "%s: by %s, %s; is the weights file cut? fetch it again, or remove the configuration if it is another's",
            q->weights, path, other.text);
    else {
        c->another = true;
        c->notes = arena_print(arena, "%s; %s describes another model (%s): not used", c->notes, path, other.text);
    }
    return true;
}

bool published_config(PublishedConfig *c, Arena *arena, const PublishedQuery *query, Err *err) {
    const char *weights = query->weights, *slash = strrchr(weights, '/'), *name = slash ? slash + 1 : weights;
    const char *dot = strrchr(name, '.');
    int folder = (int)(name - weights), stem = dot && dot > name ? (int)(dot - weights) : (int)strlen(weights);
    const char *candidates[] = { arena_print(arena, "%.*s.json", stem, weights),
                                 arena_print(arena, "%.*sopen_clip_config.json", folder, weights),
                                 arena_print(arena, "%.*sconfig.json", folder, weights) };
    const char *inputs = arena_print(arena, "%.*spreprocessor_config.json", folder, weights);
    *c = (PublishedConfig){ .colours = openai_colours, .notes = "" };
    for (int k = 0; k < 3; k++) {
        const char *path = candidates[k && query->hugging_face ? 3 - k : k];
        if (file_exists(path) && !candidate_read(c, arena, query, path, err)) return false;
    }
    /* Beside another model's description there are that model's colours. */
    if (c->colours_path || (!c->path && c->another) || !file_exists(inputs)) return true;
    Described *d = arena_alloc(arena, 1, sizeof *d);
    Err reason;
    if (!file_read(d, arena, inputs, &reason)) return err_set(err, "%s; mend or remove the file", reason.text);
    return colours_use(c, &d->all, inputs, err);
}
