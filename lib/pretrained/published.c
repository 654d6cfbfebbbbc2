#include "pretrained/published.h"

#include "core/file.h"
#include "core/quote.h"
#include "formats/json.h"

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

/* ---- one file --------------------------------------------------------------------------------------------------- */

/* A part of the file that describes a tower. Numbers that are missing are those of the publisher's own loader. */
typedef struct {
    bool there, resnet;
    long long width, heads, head_width; /* head_width, if not 0, gives the heads */
    bool quick_gelu;
} Part;

enum { WIDTH_MAX = 65536 };

static Part part_default(bool open_clip, bool image) {
    Part part = { .width = image ? 768 : 512, .heads = image ? 12 : 8, .quick_gelu = !open_clip };
    if (open_clip && image) part.head_width = 64;
    return part;
}

static bool refuse(Json *j, const char *key, const char *value, const char *want) {
    j->failed = true;
    return err_set(j->err, "%s: \"%s\" is %s, this library computes %s only", j->name, key, quoted(value), want);
}

/* hidden_act of Hugging Face: the names of both GELUs. */
static bool activation_read(Json *j, const char *key, bool *quick) {
    const char *name;
    if (!json_string(j, &name)) return false;
    *quick = !strcmp(name, "quick_gelu");
    return *quick || !strcmp(name, "gelu") || refuse(j, key, name, "gelu and quick_gelu");
}

/* Members that change the result and that no tensor shows (open_clip, model.py, CLIPVisionCfg and CLIPTextCfg). */
static bool unusual_read(Json *j, const char *key) {
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
        return json_bool(j, &yes) && (!yes || refuse(j, key, "true", "models with false"));
    }
    const char *value = kind == JSON_STRING ? "" : "set";
    if (kind == JSON_STRING && !json_string(j, &value)) return false;
    if (kind != JSON_STRING && !json_skip(j)) return false;
    if (!strcmp(value, known[i].accepted[0]) || !strcmp(value, known[i].accepted[1])) return true;
    return refuse(j, key, value, *known[i].accepted[0] ? "tok and argmax" : "models without it");
}

static bool part_read(Part *part, Json *j) {
    const char *key;
    part->there = json_kind(j) != JSON_NULL;
    if (!part->there) return json_null(j);
    for (json_object(j); json_key(j, &key);) {
        bool ok;
        if (!strcmp(key, "width") || !strcmp(key, "hidden_size")) ok = json_int(j, 1, WIDTH_MAX, &part->width);
        else if (!strcmp(key, "heads") || !strcmp(key, "num_attention_heads"))
            ok = json_int(j, 1, WIDTH_MAX, &part->heads);
        else if (!strcmp(key, "head_width")) ok = json_int(j, 1, WIDTH_MAX, &part->head_width);
        else if (!strcmp(key, "hidden_act")) ok = activation_read(j, key, &part->quick_gelu);
        else if (!strcmp(key, "layers")) {
            part->resnet = json_kind(j) == JSON_ARRAY;
            ok = json_skip(j);
        } else ok = unusual_read(j, key);
        if (!ok) return false;
    }
    return !j->failed;
}

/* The parts of both kinds of files: of open_clip's, of Hugging Face's, and of Hugging Face's older ones. */
enum { KINDS = 3 };
typedef struct {
    Part image[KINDS], text[KINDS];
    bool quick_gelu; /* open_clip's */
} Parts;

static bool parts_read(Parts *parts, Json *j) {
    static const char *const images[KINDS] = { "vision_cfg", "vision_config", "vision_config_dict" };
    static const char *const texts[KINDS] = { "text_cfg", "text_config", "text_config_dict" };
    const char *key;
    for (json_object(j); json_key(j, &key);) {
        int i = 0;
        while (i < KINDS && strcmp(key, images[i]) != 0 && strcmp(key, texts[i]) != 0) i++;
        bool ok;
        if (i < KINDS) ok = part_read(strcmp(key, images[i]) ? &parts->text[i] : &parts->image[i], j);
        else if (!strcmp(key, "model_cfg")) ok = parts_read(parts, j);
        else if (!strcmp(key, "quick_gelu")) ok = json_bool(j, &parts->quick_gelu);
        else ok = json_skip(j);
        if (!ok) return false;
    }
    return !j->failed;
}

static bool size_of(const Part *part, const char *path, const char *tower, PublishedSize *size, Err *err) {
    long long width = part->resnet ? 32 * part->width : part->width;
    long long heads = part->head_width ? width / part->head_width : part->heads;
    *size = (PublishedSize){ (int)heads, part->quick_gelu };
    if (heads >= 1 && width % heads == 0 && (!part->head_width || width % part->head_width == 0)) return true;
    return err_set(err, "%s: the %s tower has width %lld and %lld heads%s; heads must divide the width", path, tower,
                   width, heads, part->head_width ? " (width / head_width)" : "");
}

/* Reads one file. `there` of both parts is false when it describes no model with two towers. */
static bool file_read(Part *image, Part *text, Arena *arena, const char *path, Err *err) {
    File file;
    Parts parts = { .quick_gelu = false };
    if (!file_open(&file, path, err)) return false;
    for (int i = 0; i < KINDS; i++) {
        parts.image[i] = part_default(i == 0, true);
        parts.text[i] = part_default(i == 0, false);
    }
    Json j = json_begin(arena, (const char *)file.data, file.size, path, err);
    bool ok = parts_read(&parts, &j) && json_end(&j);
    file_close(&file);
    if (!ok) return false;
    int i = parts.image[2].there ? 2 : parts.image[1].there ? 1 : 0, t = parts.text[2].there ? 2 : MIN(i, 1);
    if (i == 0) {
        parts.image[0].quick_gelu = parts.quick_gelu;
        parts.text[0].quick_gelu = parts.quick_gelu;
    }
    *image = parts.image[i];
    *text = parts.text[t];
    image->there = image->there && text->there;
    return true;
}

/* ---- which file ------------------------------------------------------------------------------------------------- */

bool published_config(PublishedConfig *c, Arena *arena, const char *weights, bool hugging_face, int image_width,
                      int text_width, Err *err) {
    const char *slash = strrchr(weights, '/'), *name = slash ? slash + 1 : weights, *dot = strrchr(name, '.');
    int folder = (int)(name - weights), stem = dot && dot > name ? (int)(dot - weights) : (int)strlen(weights);
    const char *candidates[] = { arena_print(arena, "%.*s.json", stem, weights),
                                 arena_print(arena, "%.*sopen_clip_config.json", folder, weights),
                                 arena_print(arena, "%.*sconfig.json", folder, weights) };
    *c = (PublishedConfig){ 0 };
    for (int k = 0; k < 3; k++) {
        Part image, text;
        const char *path = candidates[k && hugging_face ? 3 - k : k];
        if (!file_exists(path)) continue;
        if (!file_read(&image, &text, arena, path, err)) return false;
        if (image.there && image.width == image_width && text.width == text_width) {
            c->path = path;
            return size_of(&image, path, "image", &c->image, err) && size_of(&text, path, "text", &c->text, err);
        }
        if (image.there) c->other = path;
    }
    return true;
}
