#include "pretrained/export.h"

#include "core/file.h"
#include "dataset/augment.h"
#include "pretrained/pretrained.h"

#include <string.h>

typedef struct {
    const Clip *clip;
    const char *folder;
    bool letterbox;
    Arena arena;
} Export;

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* The towers' numbers of heads and the GELU are in the metadata too: no tensor tells them. */
static SafetensorsOut weights_begin(Export *e) {
    const ClipConfig *c = &e->clip->config;
    SafetensorsOut out = safetensors_begin(&e->arena);
    safetensors_add_meta(&out, "format", "pt");
    safetensors_add_meta(&out, "vision_heads", arena_print(&e->arena, "%d", c->image.heads));
    safetensors_add_meta(&out, "text_heads", arena_print(&e->arena, "%d", c->text.heads));
    safetensors_add_meta(&out, "quick_gelu", c->text.quick_gelu ? "True" : "False");
    return out;
}

static const char *in(Export *e, const char *name) { return arena_print(&e->arena, "%s/%s", e->folder, name); }

static bool write_open_clip(Export *e, Err *err) {
    SafetensorsOut out = weights_begin(e);
    const Params *params = &e->clip->params;
    for (int i = 0; i < params->count; i++)
        safetensors_add(&out, params->list[i]->name, DTYPE_F32, params->list[i]->val);
    return safetensors_write(&out, in(e, "open_clip_model.safetensors"), err);
}

/* One parameter under Hugging Face's names: in_proj [3D,..] as three parts, a projection [D,E] as [E,D]. */
static void add_hugging_face(Export *e, SafetensorsOut *out, const Param *p) {
    char theirs[HUGGING_FACE_NAME];
    hugging_face_name(p->name, theirs);
    const char *gap = strstr(theirs, "%c");
    Mat m = p->val;
    if (!strcmp(p->name, "visual.proj") || !strcmp(p->name, "text_projection")) {
        m = mat_new(&e->arena, p->val.shape[1], p->val.shape[0]);
        mat_transpose(p->val, m);
    }
    if (gap) m.shape[0] /= 3;
    for (int k = 0; k < (gap ? 3 : 1); k++) {
        const char *name =
            gap ? arena_print(&e->arena, "%.*s%c%s", (int)(gap - theirs), theirs, "qkv"[k], gap + 2) : theirs;
        safetensors_add(out, name, DTYPE_F32, m);
        m.v += mat_count(m);
    }
}

static bool write_hugging_face(Export *e, Err *err) {
    SafetensorsOut out = weights_begin(e);
    for (int i = 0; i < e->clip->params.count; i++) add_hugging_face(e, &out, e->clip->params.list[i]);
    return safetensors_write(&out, in(e, "model.safetensors"), err);
}

/* ---- configurations ---------------------------------------------------------------------------------------------- */

static bool write_text(Export *e, const char *name, const char *text, Err *err) {
    OutFile out;
    if (!out_open(&out, in(e, name), err)) return false;
    fputs(text, out.stream);
    return out_commit(&out, err);
}

static const char *three(Export *e, const double x[3]) {
    return arena_print(&e->arena, "[%.4f, %.4f, %.4f]", x[0], x[1], x[2]);
}

/* open_clip, src/open_clip/factory.py and model.py: CLIPVisionCfg, CLIPTextCfg. */
static bool write_open_clip_config(Export *e, Err *err) {
    const ImageTowerSize *i = &e->clip->config.image;
    const TextTowerSize *t = &e->clip->config.text;
    const char *text =
        arena_print(&e->arena,
                    "{\n  \"model_cfg\": {\n    \"embed_dim\": %d,\n    \"quick_gelu\": %s,\n"
                    "    \"vision_cfg\": {\"image_size\": %d, \"layers\": %d, \"width\": %d, \"head_width\": %d, "
                    "\"patch_size\": %d},\n"
                    "    \"text_cfg\": {\"context_length\": %d, \"vocab_size\": %d, \"width\": %d, \"heads\": %d, "
                    "\"layers\": %d}\n  },\n"
                    "  \"preprocess_cfg\": {\"mean\": %s, \"std\": %s, \"interpolation\": \"bicubic\", "
                    "\"resize_mode\": \"%s\"}\n}\n",
                    i->embed, t->quick_gelu ? "true" : "false", i->side, i->layers, i->width, i->width / i->heads,
                    i->patch, e->clip->config.tokens, t->vocabulary, t->width, t->heads, t->layers,
                    three(e, cifar_mean), three(e, cifar_deviation), e->letterbox ? "longest" : "shortest");
    return write_text(e, "open_clip_config.json", text, err);
}

/* transformers, models/clip/configuration_clip.py. "gelu" is the exact one. */
static bool write_hugging_face_config(Export *e, Err *err) {
    const ImageTowerSize *i = &e->clip->config.image;
    const TextTowerSize *t = &e->clip->config.text;
    const char *gelu = t->quick_gelu ? "quick_gelu" : "gelu";
    const char *vision =
        arena_print(&e->arena,
                    "{\"model_type\": \"clip_vision_model\", \"hidden_size\": %d, \"intermediate_size\": %d, "
                    "\"num_hidden_layers\": %d, \"num_attention_heads\": %d, \"image_size\": %d, \"patch_size\": %d, "
                    "\"projection_dim\": %d, \"hidden_act\": \"%s\", \"layer_norm_eps\": 1e-05}",
                    i->width, 4 * i->width, i->layers, i->heads, i->side, i->patch, i->embed, gelu);
    const char *texts = arena_print(
        &e->arena,
        "{\"model_type\": \"clip_text_model\", \"vocab_size\": %d, \"hidden_size\": %d, \"intermediate_size\": %d, "
        "\"num_hidden_layers\": %d, \"num_attention_heads\": %d, \"max_position_embeddings\": %d, "
        "\"projection_dim\": %d, \"hidden_act\": \"%s\", \"layer_norm_eps\": 1e-05, \"bos_token_id\": %d, "
        "\"eos_token_id\": %d, \"pad_token_id\": %d}",
        t->vocabulary, t->width, 4 * t->width, t->layers, t->heads, e->clip->config.tokens, t->embed, gelu, BPE_START,
        BPE_END, BPE_END);
    return write_text(e, "config.json",
                      arena_print(&e->arena,
                                  "{\n  \"architectures\": [\"CLIPModel\"],\n  \"model_type\": \"clip\",\n"
                                  "  \"projection_dim\": %d,\n  \"torch_dtype\": \"float32\",\n"
                                  "  \"vision_config\": %s,\n  \"text_config\": %s\n}\n",
                                  i->embed, vision, texts),
                      err);
}

static bool write_hugging_face_inputs(Export *e, Err *err) {
    int side = e->clip->config.image.side;
    const char *pictures =
        arena_print(&e->arena,
                    "{\"image_processor_type\": \"CLIPImageProcessor\", \"do_resize\": true, "
                    "\"size\": {\"shortest_edge\": %d}, \"resample\": 3, \"do_center_crop\": true, "
                    "\"crop_size\": {\"height\": %d, \"width\": %d}, \"do_convert_rgb\": true, \"do_rescale\": true, "
                    "\"rescale_factor\": 0.00392156862745098, \"do_normalize\": true, \"image_mean\": %s, "
                    "\"image_std\": %s}\n",
                    side, side, side, three(e, cifar_mean), three(e, cifar_deviation));
    const char *texts = arena_print(&e->arena,
                                    "{\"tokenizer_class\": \"CLIPTokenizer\", \"model_max_length\": %d, "
                                    "\"bos_token\": \"<|startoftext|>\", \"eos_token\": \"<|endoftext|>\", "
                                    "\"unk_token\": \"<|endoftext|>\", \"pad_token\": \"<|endoftext|>\"}\n",
                                    e->clip->config.tokens);
    return write_text(e, "preprocessor_config.json", pictures, err) &&
           write_text(e, "tokenizer_config.json", texts, err) &&
           bpe_write_tokens(e->clip->bpe, in(e, "vocab.json"), err) &&
           bpe_write_merges(e->clip->bpe, in(e, "merges.txt"), err);
}

bool export_model(const Clip *clip, const char *folder, bool letterbox, Err *err) {
    Export e = { .clip = clip, .folder = folder, .letterbox = letterbox };
    if (!clip->image.vit || !clip->text.transformer.blocks || !clip->bpe)
        return err_set(err,
                       "%s: not exported: the towers are %s and %s with %s; other programs read vit and transformer "
                       "with byte pairs",
                       folder, clip->image.kind, clip->text.kind, clip->bpe ? "byte pairs" : "words");
    bool ok = folder_make(folder, err) && write_open_clip(&e, err) && write_open_clip_config(&e, err) &&
              write_hugging_face(&e, err) && write_hugging_face_config(&e, err) && write_hugging_face_inputs(&e, err);
    arena_free(&e.arena);
    return ok;
}
