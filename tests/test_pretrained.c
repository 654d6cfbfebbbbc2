/* pretrained: a published model is read under both families of names and in every dtype; every other file is refused by
 * name. The modified ResNet is compared with loops in double. */
#include "model/clip_file.h"
#include "pretrained/encoder.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/thread.h"
#include "check.h"
#include "tensor_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, E = 8, V = 30, T = 9, B = 3 };

static Arena arena;

static const char *in_folder(const char *name) {
    static const char *folder;
    static char paths[8][600];
    static int next;
    if (!folder) folder = check_folder();
    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[0], "%s/%s", folder, name); /* not on the arena, which is reset */
    return paths[next];
}

/* Two blocks of width 128 for pictures, one of 64 for texts: two heads and one. */
static Clip model(void) {
    Clip clip;
    Err err = { "" };
    ClipConfig c = {
        .image = { .kind = "vit", .side = SIDE, .patch = 8, .width = 128, .layers = 2, .heads = 2, .embed = E },
        .tokens = T,
        .text = { .kind = "transformer",
                  .vocabulary = V,
                  .width = 64,
                  .layers = 1,
                  .heads = 1,
                  .embed = E,
                  .padding = -1 }
    };
    CHECK(clip_init(&clip, c, NULL, 1, &err), "%s", err.text);
    Rng rng = rng_seed(2, 2);
    for (int i = 0; i < clip.params.count; i++) /* biases begin with 0, norms with 1: nothing may stay so */
        for (size_t k = 0; k < mat_count(clip.params.list[i]->val); k++)
            clip.params.list[i]->val.v[k] += (num)(0.1 * rng_normal(&rng));
    return clip;
}

static Mat pictures(int n, int side) {
    Rng rng = rng_seed(12, 0);
    Mat m = mat_like(&arena, mat_shape(4, n, side, side, 3));
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_normal(&rng);
    return m;
}

/* Texts whose highest token, the end, stands at different places; after it what must not matter. */
static const int texts[B * T] = { 28, 3, 4, 29, 0,  0,  0,  0,  0, 28, 5, 6, 7, 8,
                                  9,  1, 2, 29, 28, 29, 11, 29, 0, 5,  0, 0, 0 };

typedef struct {
    Mat image, text;
} Features;

static Features features_of(Clip *clip) {
    Tape tape = { .no_grad = true };
    Features f;
    Mat image = image_tower(&tape, &clip->image, tape_data(&tape, pictures(B, clip->config.image.side)))->val, text;
    f.image = mat_like(&arena, image);
    memcpy(f.image.v, image.v, mat_count(image) * sizeof(num));
    text = text_tower(&tape, &clip->text, texts, B, T)->val;
    f.text = mat_like(&arena, text);
    memcpy(f.text.v, text.v, mat_count(text) * sizeof(num));
    tape_free(&tape);
    return f;
}

static void same(const char *what, Mat got, Mat want, double tolerance) {
    double largest = 0;
    for (size_t i = 0; i < mat_count(want); i++) largest = fmax(largest, fabs((double)want.v[i]));
    CHECK(mat_same_shape(got, want) && largest > 0.01, "%s: %s, want %s, largest %g", what, mat_shape_text(got),
          mat_shape_text(want), largest);
    for (size_t i = 0; i < mat_count(want); i++)
        CHECK(fabs((double)got.v[i] - (double)want.v[i]) <= tolerance * largest, "%s, number %zu: %.9g, want %.9g",
              what, i, (double)got.v[i], (double)want.v[i]);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* What is written otherwise than the model says. */
typedef struct {
    bool hugging;
    Dtype dtype;                                 /* DTYPE_F64 is 0: "as F32" */
    const char *skip, *reshape, *surplus, *ints; /* names in the file; ints: written as I32 */
    const char *flat, *shorter;                  /* in one dimension; without its last row */
    const char *key, *value;                     /* metadata */
    const char *prefix, *bare;                   /* of all names; but of this */
    bool wide, scale_in_a_row;                   /* all as F64; the logit scale as [1] */
    bool no_sum;                                 /* without our checksum: large files take less time */
    bool rare;                                   /* buffers of further dtypes */
    const char *buffers[4];                      /* further tensors, F64 and BOOL in turn */
} Edit;

static void add(SafetensorsOut *out, const Edit *e, const char *name, Mat m) {
    if (e->skip && !strcmp(name, e->skip)) return;
    if (e->reshape && !strcmp(name, e->reshape)) m.shape[MAX(m.dims - 1, 0)]--;
    if (e->flat && !strcmp(name, e->flat)) {
        m.shape[0] = (int)mat_count(m);
        m.dims = 1;
    }
    if (e->shorter && !strcmp(name, e->shorter)) m.shape[0]--;
    if (e->ints && !strcmp(name, e->ints)) {
        TensorShape shape = { .dims = m.dims };
        memcpy(shape.shape, m.shape, sizeof m.shape);
        safetensors_add_ints(out, name, DTYPE_I32, shape, arena_zero(&arena, mat_count(m), sizeof(int)));
        return;
    }
    if (e->scale_in_a_row && m.dims == 0) {
        m.dims = 1;
        m.shape[0] = 1;
    }
    if (e->prefix && (!e->bare || strcmp(name, e->bare) != 0)) name = arena_print(&arena, "%s%s", e->prefix, name);
    safetensors_add(out, name, e->wide ? DTYPE_F64 : e->dtype == DTYPE_F64 ? DTYPE_F32 : e->dtype, m);
}

static Mat rows_of(Mat m, int first, int count) {
    m.v += (size_t)first * (mat_count(m) / (size_t)m.shape[0]);
    m.shape[0] = count;
    return m;
}

static Mat turned(Mat m) {
    Mat t = mat_new(&arena, m.shape[1], m.shape[0]);
    mat_transpose(m, t);
    return t;
}

/* Hugging Face's names, said once more and otherwise than in the library. */
static void add_hugging(SafetensorsOut *out, const Edit *e, const char *ours, Mat m) {
    static const char *const plain[][2] = {
        { "visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight" },
        { "visual.class_embedding", "vision_model.embeddings.class_embedding" },
        { "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight" },
        { "visual.ln_pre.weight", "vision_model.pre_layrnorm.weight" },
        { "visual.ln_pre.bias", "vision_model.pre_layrnorm.bias" },
        { "visual.ln_post.weight", "vision_model.post_layernorm.weight" },
        { "visual.ln_post.bias", "vision_model.post_layernorm.bias" },
        { "token_embedding.weight", "text_model.embeddings.token_embedding.weight" },
        { "positional_embedding", "text_model.embeddings.position_embedding.weight" },
        { "ln_final.weight", "text_model.final_layer_norm.weight" },
        { "ln_final.bias", "text_model.final_layer_norm.bias" },
        { "logit_scale", "logit_scale" },
    };
    static const char *const inner[][2] = { { "ln_1", "layer_norm1" },
                                            { "ln_2", "layer_norm2" },
                                            { "attn.out_proj", "self_attn.out_proj" },
                                            { "mlp.c_fc", "mlp.fc1" },
                                            { "mlp.c_proj", "mlp.fc2" } };
    int layer, D = m.shape[0] / 3;
    char rest[64];
    bool picture = !strncmp(ours, "visual.transformer", 18);
    for (size_t i = 0; i < COUNT(plain); i++)
        if (!strcmp(ours, plain[i][0])) add(out, e, plain[i][1], m);
    if (!strcmp(ours, "visual.proj")) add(out, e, "visual_projection.weight", turned(m));
    if (!strcmp(ours, "text_projection")) add(out, e, "text_projection.weight", turned(m));
    if (sscanf(ours, picture ? "visual.transformer.resblocks.%d.%63s" : "transformer.resblocks.%d.%63s", &layer,
               rest) != 2)
        return;
    const char *side = picture ? "vision" : "text", *kind = strrchr(rest, '.');
    for (int i = 0; i < 3; i++) {
        Mat part = rows_of(m, i * D, D);
        if (!strcmp(rest, "attn.in_proj_weight"))
            add(out, e,
                arena_print(&arena, "%s_model.encoder.layers.%d.self_attn.%c_proj.weight", side, layer, "qkv"[i]),
                part);
        if (!strcmp(rest, "attn.in_proj_bias"))
            add(out, e, arena_print(&arena, "%s_model.encoder.layers.%d.self_attn.%c_proj.bias", side, layer, "qkv"[i]),
                part);
    }
    for (size_t i = 0; i < COUNT(inner); i++)
        if (kind && !strncmp(rest, inner[i][0], (size_t)(kind - rest)) && strlen(inner[i][0]) == (size_t)(kind - rest))
            add(out, e, arena_print(&arena, "%s_model.encoder.layers.%d.%s%s", side, layer, inner[i][1], kind), m);
}

static const char *written(const Clip *clip, const char *name, Edit e) {
    static const int mask[9] = { 1, 0, 1 };
    const char *path = in_folder(name);
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    for (int i = 0; i < clip->params.count; i++) {
        Param *p = clip->params.list[i];
        if (e.hugging) add_hugging(&out, &e, p->name, p->val);
        else add(&out, &e, p->name, p->val);
    }
    if (e.surplus) safetensors_add(&out, e.surplus, DTYPE_F32, mat_zero(&arena, 1, 1));
    for (int d = DTYPE_BOOL; d < DTYPES && e.rare; d++)
        safetensors_add_ints(&out, arena_print(&arena, "text.%s.attn_mask", dtype_name((Dtype)d)), (Dtype)d,
                             (TensorShape){ 1, { 3 } }, mask);
    for (int i = 0; i < 4 && e.buffers[i]; i++) {
        const char *buffer = arena_print(&arena, "%s%s", e.prefix ? e.prefix : "", e.buffers[i]);
        if (i % 2 == 0) safetensors_add(&out, buffer, DTYPE_F64, mat_zero(&arena, 3, 3));
        else safetensors_add_ints(&out, buffer, DTYPE_BOOL, (TensorShape){ 2, { 3, 3 } }, mask);
    }
    if (e.key) safetensors_add_meta(&out, e.key, e.value);
    out.no_sum = e.no_sum;
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    return path;
}

static Clip opened(const char *path, GeluChoice gelu) {
    Clip clip;
    Err err = { "" };
    CHECK(pretrained_open(&clip, path, (PretrainedChoice){ .gelu = gelu }, &err), "%s", err.text);
    return clip;
}

/* ---- there and back --------------------------------------------------------------------------------------------- */

TEST(both_names_and_every_form) {
    static const struct {
        Dtype dtype;
        double tolerance;
    } forms[] = { { DTYPE_F32, 2e-6 }, { DTYPE_F16, 3e-3 }, { DTYPE_BF16, 3e-2 } };
    Clip source = model();
    Features want = features_of(&source);
    for (size_t i = 0; i < COUNT(forms); i++) {
        Features first;
        for (int hugging = 0; hugging < 2; hugging++) {
            Clip clip =
                opened(written(&source, "model", (Edit){ .hugging = hugging, .dtype = forms[i].dtype }), GELU_EXACT);
            Features got = features_of(&clip);
            same("pictures", got.image, want.image, forms[i].tolerance);
            same("texts", got.text, want.text, forms[i].tolerance);
            if (!hugging) first = got;
            same("pictures, either name", got.image, first.image, 2e-6);
            same("texts, either name", got.text, first.text, 2e-6);
            CHECK(clip.config.image.heads == 2 && clip.config.text.heads == 1 && clip.config.tokens == T &&
                      clip.config.text.vocabulary == V && clip.config.image.side == SIDE &&
                      clip.config.image.embed == E,
                  "%s", clip.notes);
            CHECK(strstr(clip.notes, dtype_name(forms[i].dtype)) &&
                      strstr(clip.notes, hugging ? "Hugging Face" : "open_clip"),
                  "%s", clip.notes);
            clip_free(&clip);
        }
    }
    clip_free(&source);
}

/* What the publishers' own loaders accept: prefixes, a logit scale of shape [1], buffers, F64. */
TEST(what_the_publishers_loader_accepts) {
    static const Edit edits[] = {
        { .prefix = "module." },
        { .prefix = "clip.", .hugging = true },
        { .prefix = "module.clip.", .buffers = { "attn_mask" } },
        { .scale_in_a_row = true },
        { .hugging = true, .scale_in_a_row = true },
        { .buffers = { "attn_mask", "visual.attn_mask", "position_ids", "text.attn_mask" } },
        { .hugging = true,
          .buffers = { "text_model.embeddings.position_ids", "vision_model.embeddings.position_ids" } },
        { .wide = true },
        { .hugging = true, .wide = true },
        { .prefix = "module.", .surplus = "position_ids" }, /* one name without the prefix */
        { .prefix = "clip.", .hugging = true, .surplus = "optim.x" },
        { .prefix = "module.clip.", .bare = "ln_final.bias" },
        { .rare = true },
    };
    Clip source = model();
    Features want = features_of(&source);
    for (size_t i = 0; i < COUNT(edits); i++) {
        Clip clip = opened(written(&source, "accepted", edits[i]), GELU_EXACT);
        Features got = features_of(&clip);
        same("pictures", got.image, want.image, 2e-6);
        same("texts", got.text, want.text, 2e-6);
        CHECK_NEAR(clip.logit_scale->val.v[0], source.logit_scale->val.v[0], 1e-6);
        CHECK(!strstr(clip.notes, "F64 is rounded") == !edits[i].wide, "case %zu: %s", i, clip.notes);
        clip_free(&clip);
    }
    clip_free(&source);
}

/* A checkpoint of the lessons: metadata, words, an optimiser's state beside the weights. */
TEST(our_own_checkpoint) {
    Clip source = model();
    Features want = features_of(&source);
    SafetensorsOut out = safetensors_begin(&arena);
    Err err;
    const char *path = in_folder("ours");
    clip_save(&source, &out, DTYPE_F32);
    safetensors_add(&out, "optim.first.visual.proj", DTYPE_F32, mat_zero(&arena, 3, 3));
    CHECK(safetensors_write(&out, path, &err), "%s", err.text);
    Clip clip = opened(path, GELU_AUTO);
    Features got = features_of(&clip);
    CHECK(!memcmp(got.image.v, want.image.v, sizeof(num) * B * E) &&
              !memcmp(got.text.v, want.text.v, sizeof(num) * B * E),
          "%s", "other features");
    CHECK(strstr(clip.notes, "exact GELU (from the file's metadata)"), "%s", clip.notes);
    clip_free(&clip);
    clip_free(&source);
}

/* What padded words become is a row of tokens that the pretrained reader, which knows no words, can be fed. */
TEST(our_own_checkpoint_of_words) {
    Clip source, clip;
    Err err = { "" };
    ClipConfig c = { .image = { .kind = "vit", .width = 64, .layers = 1, .embed = E },
                     .tokens = 5,
                     .text = { .kind = "transformer", .vocabulary = 7, .width = 64, .embed = E, .padding = 0 } };
    CHECK(clip_init(&source, c, NULL, 4, &err), "%s", err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&source, &out, DTYPE_F32);
    CHECK(safetensors_write(&out, in_folder("words"), &err), "%s", err.text);
    clip = opened(in_folder("words"), GELU_AUTO);
    const int words[] = { 3, 2, 0, 0, 0, 6, 1, 4, 5, 2 }, rows[] = { 7, 3, 2, 8, 0, 0, 0, 7, 6, 1, 4, 5, 2, 8 };
    Tape tape = { .no_grad = true };
    CHECK(clip.config.text.heads == source.config.text.heads && clip.config.image.heads == source.config.image.heads,
          "%d heads", clip.config.text.heads);
    Var want = text_tower(&tape, &source.text, words, 2, 5), got = text_tower(&tape, &clip.text, rows, 2, 7);
    CHECK(!memcmp(want->val.v, got->val.v, sizeof(num) * 2 * E), "%s", "texts differ");
    tape_free(&tape);
    clip_free(&clip);
    clip_free(&source);
}

TEST(reference_models) {
    static const char *const names[] = { "openai_f32", "openai_f16", "openai_bf16", "hf_f32" };
    for (size_t i = 0; i < COUNT(names); i++) {
        Safetensors file;
        Err err = { "" };
        Clip clip = opened(check_reference(arena_print(&arena, "tiny_clip/%s.safetensors", names[i])), GELU_AUTO);
        CHECK(safetensors_open(&file, &arena,
                               check_reference(arena_print(&arena, "tiny_clip/%s.expected.safetensors", names[i])),
                               &err),
              "%s", err.text);
        const Tensor *tokens = safetensors_find(&file, "tokens"), *text = safetensors_find(&file, "text_features");
        int *ids = arena_alloc(&arena, tokens->count, sizeof *ids);
        Mat want = mat_new(&arena, text->shape[0], text->shape[1]);
        CHECK(tensor_to_ints(tokens, ids, tokens->count, &err) && tensor_to_mat(text, want, &err), "%s", err.text);
        Tape tape = { .no_grad = true };
        same(names[i], text_tower(&tape, &clip.text, ids, tokens->shape[0], tokens->shape[1])->val, want, 1e-4);
        tape_free(&tape);
        safetensors_close(&file);
        clip_free(&clip);
    }
}

/* ---- which GELU, which heads ------------------------------------------------------------------------------------ */

TEST(gelu_is_asked_for_said_or_assumed) {
    Clip source = model();
    static const struct {
        Edit edit;
        GeluChoice asked;
        const char *want;
    } cases[] = {
        { { .key = NULL }, GELU_AUTO, "exact GELU (assumed: open_clip's names" },
        { { .hugging = true }, GELU_AUTO, "QuickGELU (assumed: Hugging Face's names" },
        { { .surplus = "input_resolution" }, GELU_AUTO, "QuickGELU (assumed: only OpenAI's files" },
        { { .key = "quick_gelu", .value = "True" }, GELU_AUTO, "QuickGELU (from the file's metadata)" },
        { { .hugging = true, .key = "quick_gelu", .value = "False" },
          GELU_AUTO,
          "exact GELU (from the file's metadata)" },
        { { .key = "quick_gelu", .value = "True" }, GELU_EXACT, "exact GELU (as asked)" },
        { { .key = NULL }, GELU_QUICK, "QuickGELU (as asked)" },
    };
    Features exact = features_of(&source);
    for (size_t i = 0; i < COUNT(cases); i++) {
        Clip clip = opened(written(&source, "gelu", cases[i].edit), cases[i].asked);
        CHECK(strstr(clip.notes, cases[i].want), "%s, want %s", clip.notes, cases[i].want);
        Features got = features_of(&clip);
        double d = fabs((double)got.image.v[0] - (double)exact.image.v[0]) +
                   fabs((double)got.text.v[0] - (double)exact.text.v[0]);
        CHECK((d > 1e-4) == (cases[i].want[0] == 'Q'), "case %zu: the features are %g from the exact ones", i, d);
        clip_free(&clip);
    }
    clip_free(&source);
}

TEST(heads_of_the_metadata) {
    Clip source = model(),
         clip = opened(written(&source, "heads", (Edit){ .key = "vision_heads", .value = "4" }), GELU_AUTO);
    CHECK(clip.config.image.heads == 4, "%d", clip.config.image.heads);
    clip_free(&clip);
    clip_free(&source);
}

/* One layer of each published family, in its true widths. The numbers are those of open_clip's model_configs and of
 * OpenAI's models; heads, MLP and GELU must be found without a word in the file. */
typedef struct {
    const char *name;
    int width, heads, mlp, patch, side, embed, text_width, text_heads;
    bool openai;
} Family;

static const Family families[] = {
    { "ViT-B/32", 768, 12, 0, 32, 224, 512, 512, 8, true },
    { "ViT-B/16", 768, 12, 0, 16, 224, 512, 512, 8, true },
    { "ViT-L/14", 1024, 16, 0, 14, 224, 768, 768, 12, true },
    { "ViT-L/14-336", 1024, 16, 0, 14, 336, 768, 768, 12, true },
    { "ViT-H/14", 1280, 16, 0, 14, 224, 1024, 1024, 16, false },
    { "ViT-g/14", 1408, 16, 6144, 14, 224, 1024, 1024, 16, false },
    { "ViT-bigG/14", 1664, 16, 8192, 14, 224, 1280, 1280, 20, false },
    { "RN50", 64, 32, 0, 0, 224, 1024, 512, 8, true },
    { "RN101", 64, 32, 0, 0, 224, 512, 512, 8, true },
    { "RN50x4", 80, 40, 0, 0, 288, 640, 640, 10, true },
};

static ClipConfig family_config(const Family *f) {
    return (ClipConfig){ .image = { .kind = f->patch ? "vit" : "modified-resnet",
                                    .side = f->side,
                                    .patch = f->patch,
                                    .width = f->width,
                                    .layers = 1,
                                    .heads = f->heads,
                                    .mlp = f->mlp,
                                    .embed = f->embed,
                                    .stages = { 1, 1, 1, 1 } },
                         .tokens = T,
                         .text = { .kind = "transformer",
                                   .vocabulary = V,
                                   .width = f->text_width,
                                   .layers = 1,
                                   .heads = f->text_heads,
                                   .embed = f->embed,
                                   .padding = -1 } };
}

/* The shapes of a family, all numbers 0: one block of zeros stands for every tensor. */
static Clip family_of_zeros(const Family *f) {
    Clip clip;
    Err err = { "" };
    size_t most = 0;
    CHECK(clip_plan(&clip, family_config(f), NULL, &err), "%s", err.text);
    for (int i = 0; i < clip.params.count; i++) most = MAX(most, mat_count(clip.params.list[i]->val));
    num *zeros = arena_zero(&arena, most, sizeof *zeros);
    for (int i = 0; i < clip.params.count; i++) clip.params.list[i]->val.v = zeros;
    return clip;
}

static void family_opens(const Family *f) {
    Clip source = family_of_zeros(f);
    Edit edit = { .no_sum = true, .surplus = f->openai ? "input_resolution" : NULL };
    Clip clip = opened(written(&source, "family", edit), GELU_AUTO);
    const ImageTowerSize *s = &clip.config.image;
    CHECK(s->heads == f->heads && s->mlp == f->mlp && s->width == f->width && s->side == f->side &&
              s->embed == f->embed && (!f->patch || s->patch == f->patch) && clip.config.text.heads == f->text_heads &&
              clip.config.text.mlp == 0 && clip.config.text.quick_gelu == f->openai,
          "%s: %s", f->name, clip.notes);
    const char *heads = arena_print(&arena, "%d heads (as published for this width); pictures", f->heads);
    const char *read = arena_print(&arena, "%d heads (as published for this width); ", f->text_heads);
    CHECK(strstr(clip.notes, heads) && strstr(strstr(clip.notes, "texts:"), read), "%s: %s", f->name, clip.notes);
    clip_free(&clip);
    clip_free(&source);
    arena_reset(&arena);
}
static bool is_one_of(const char *name, const char *words) { return strstr(words, arena_print(&arena, "|%s|", name)); }

/* Four of them: g/14 has an MLP of its own width; all are in the long test. */
TEST(published_families) {
    int found = 0;
    for (size_t i = 0; i < COUNT(families); i++) {
        if (!is_one_of(families[i].name, "|ViT-B/32|ViT-H/14|ViT-g/14|RN50|")) continue;
        family_opens(&families[i]);
        found++;
    }
    CHECK(found == 4, "%d families", found);
}
TEST(every_published_family_long) {
    for (size_t i = 0; i < COUNT(families); i++) family_opens(&families[i]);
}

/* With random numbers, a wrong number of heads or a wrong MLP gives other features. */
TEST(every_published_family_computes_long) {
    for (size_t i = 0; i < COUNT(families); i++) {
        Clip source;
        Err err = { "" };
        ClipConfig c = family_config(&families[i]);
        c.image.side = 2 * (families[i].patch ? families[i].patch : 32); /* four patches */
        CHECK(clip_init(&source, c, NULL, 1, &err), "%s", err.text);
        Features want = features_of(&source);
        for (int hugging = 0; hugging < (families[i].patch ? 2 : 1); hugging++) {
            Clip clip =
                opened(written(&source, "family", (Edit){ .hugging = hugging, .dtype = DTYPE_F32 }), GELU_EXACT);
            Features got = features_of(&clip);
            same(families[i].name, got.image, want.image, 1e-5);
            same(families[i].name, got.text, want.text, 1e-5);
            clip_free(&clip);
        }
        clip_free(&source);
        arena_reset(&arena);
    }
}

/* ---- the publisher's configuration beside the file -------------------------------------------------------------- */

static void write_text(const char *name, const char *text) {
    OutFile out;
    Err err = { "" };
    CHECK(out_open(&out, in_folder(name), &err), "%s", err.text);
    out_write(&out, text, strlen(text));
    CHECK(out_commit(&out, &err), "%s", err.text);
}

#define OPEN_CLIP(gelu, head_width, heads)                                                                             \
    "{\"model_cfg\": {\"embed_dim\": 8, " gelu "\"vision_cfg\": {\"width\": 128, \"layers\": 2" head_width "}, "       \
    "\"text_cfg\": {\"width\": 64, \"heads\": " heads "}}, \"preprocess_cfg\": {\"mean\": [0.5, 0.5, 0.5]}}"
#define HUGGING(text_act, act)                                                                                         \
    "{\"text_config\": {\"hidden_size\": 64, \"num_attention_heads\": 2, \"hidden_act\": \"" text_act "\"}, "          \
    "\"vision_config\": {\"hidden_size\": 128, \"num_attention_heads\": 4, \"hidden_act\": \"" act "\"}}"

#define COLOURED(colours)                                                                                              \
    "{\"vision_cfg\": {\"width\": 128}, \"text_cfg\": {\"width\": 64, \"heads\": 1}, \"preprocess_cfg\": {" colours "}}"

static const struct {
    const char *file, *text;
    bool hugging;
    PretrainedChoice choice;
    int heads, text_heads;
    const char *want;
} configurations[] = {
    { "config.json", HUGGING("gelu", "gelu"), true, { 0 }, 4, 2, "exact GELU (" },
    { "config.json", HUGGING("quick_gelu", "quick_gelu"), false, { 0 }, 4, 2, "QuickGELU (" },
    { "config.json", HUGGING("gelu", "quick_gelu"), true, { 0 }, 4, 2, "QuickGELU for pictures, exact GELU for texts" },
    { "open_clip_config.json",
      OPEN_CLIP("\"quick_gelu\": true, ", ", \"head_width\": 32", "4"),
      false,
      { 0 },
      4,
      4,
      "QuickGELU (" },
    { "open_clip_config.json", OPEN_CLIP("", "", "1"), true, { 0 }, 2, 1, "exact GELU (" },
    { "configured.json", OPEN_CLIP("", ", \"head_width\": 16", "1"), false, { 0 }, 8, 1, "configured.json" },
    { "open_clip_config.json",
      OPEN_CLIP("", ", \"head_width\": 16", "1"),
      false,
      { .heads = 2, .text_heads = 2, .gelu = GELU_QUICK },
      2,
      2,
      "QuickGELU (as asked)" },
    { "config.json",
      "{\"text_config\": null, \"vision_config\": null, \"text_config_dict\": {\"hidden_size\": 64, "
      "\"num_attention_heads\": 4}, \"vision_config_dict\": {\"hidden_size\": 128, \"num_attention_heads\": 1}}",
      false,
      { 0 },
      1,
      4,
      "QuickGELU (" },
    { "config.json",
      "{\"vision_config\": {\"num_attention_heads\": 12}, \"text_config\": {}}",
      false,
      { 0 },
      2,
      1,
      "describes another model" },
    { "config.json", "\xef\xbb\xbf" HUGGING("gelu", "gelu"), true, { 0 }, 4, 2, "exact GELU (" }, /* a BOM */
    { "config.json", "{\"model_type\": \"bert\"}", false, { 0 }, 2, 1, "assumed: open_clip's names" },
    { "config.json", "{\"vision_cfg\": {\"width\": 128}}", false, { 0 }, 2, 1, "assumed: open_clip's names" },
    { "config.json", /* what is written and changes nothing */
      "{\"vision_cfg\": {\"width\": 128, \"head_width\": 32, \"pool_type\": \"tok\", \"timm_model_name\": \"\", "
      "\"act_kwargs\": null}, \"text_cfg\": {\"width\": 64, \"heads\": 4, \"pool_type\": \"argmax\", "
      "\"no_causal_mask\": false, \"final_ln_after_pool\": \"\"}}",
      false,
      { 0 },
      4,
      4,
      "exact GELU (" },
};

/* What the file says comes before the widths' and the names' habits; metadata and the caller come before the file. */
TEST(the_publishers_configuration) {
    Clip source = model();
    for (size_t i = 0; i < COUNT(configurations); i++) {
        Clip clip;
        Err err = { "" };
        const char *path = written(&source, "configured.safetensors", (Edit){ .hugging = configurations[i].hugging });
        write_text(configurations[i].file, configurations[i].text);
        CHECK(pretrained_open(&clip, path, configurations[i].choice, &err), "%s", err.text);
        CHECK(clip.config.image.heads == configurations[i].heads &&
                  clip.config.text.heads == configurations[i].text_heads && strstr(clip.notes, configurations[i].want),
              "case %zu: want %d and %d heads, %s: %s", i, configurations[i].heads, configurations[i].text_heads,
              configurations[i].want, clip.notes);
        if (!configurations[i].choice.heads && strncmp(configurations[i].want, "desc", 4) != 0 &&
            configurations[i].want[0] != 'a')
            CHECK(strstr(clip.notes, configurations[i].file), "case %zu: %s", i, clip.notes);
        clip_free(&clip);
        remove(in_folder(configurations[i].file));
    }
    clip_free(&source);
}

/* Where both files are there, the one of those who chose the tensors' names is read. */
TEST(the_configuration_of_the_same_publisher) {
    Clip source = model();
    write_text("open_clip_config.json", OPEN_CLIP("", ", \"head_width\": 16", "1"));
    write_text("config.json", HUGGING("gelu", "gelu"));
    for (int hugging = 0; hugging < 2; hugging++) {
        Clip clip = opened(written(&source, "both.safetensors", (Edit){ .hugging = hugging }), GELU_AUTO);
        CHECK(clip.config.image.heads == (hugging ? 4 : 8), "%s", clip.notes);
        clip_free(&clip);
    }
    remove(in_folder("open_clip_config.json"));
    remove(in_folder("config.json"));
    clip_free(&source);
}

/* A file of the same model with other heads: one note names both. What is known from elsewhere is not compared. */
TEST(configurations_that_disagree_on_heads) {
    Clip source = model(), clip;
    Err err = { "" };
    write_text("open_clip_config.json", OPEN_CLIP("", ", \"head_width\": 16", "1"));
    write_text("config.json", HUGGING("gelu", "gelu"));
    const char *path = written(&source, "both.safetensors", (Edit){ .key = NULL });
    const char *open = in_folder("open_clip_config.json"), *want;
    want = arena_print(&arena, "; %s says 4 and 2 heads, %s 8 and 1: %s is used", in_folder("config.json"), open, open);
    clip = opened(path, GELU_AUTO);
    CHECK(strstr(clip.notes, want), "%s, want %s", clip.notes, want);
    clip_free(&clip);
    CHECK(pretrained_open(&clip, path, (PretrainedChoice){ .heads = 2, .text_heads = 1 }, &err), "%s", err.text);
    CHECK(!strstr(clip.notes, "is used"), "%s", clip.notes);
    clip_free(&clip);
    remove(in_folder("open_clip_config.json"));
    remove(in_folder("config.json"));
    clip_free(&source);
}

/* Sizes that file and tensors both tell. Each is changed in turn. */
static const char *const size_forms[] = {
    "{\"vision_cfg\": {\"width\": %d, \"layers\": %d, \"patch_size\": %d, \"image_size\": %d}, \"text_cfg\": "
    "{\"heads\": 2, \"width\": %d, \"layers\": %d, \"context_length\": %d, \"vocab_size\": %d}, \"embed_dim\": %d}",
    "{\"vision_config\": {\"num_attention_heads\": 2, \"hidden_size\": %d, \"num_hidden_layers\": %d, "
    "\"patch_size\": %d, \"image_size\": %d}, \"text_config\": {\"num_attention_heads\": 2, \"hidden_size\": %d, "
    "\"num_hidden_layers\": %d, \"max_position_embeddings\": %d, \"vocab_size\": %d}, \"projection_dim\": %d}"
};
static const char *const size_names[][2] = {
    { "vision_cfg.width", "vision_config.hidden_size" },
    { "vision_cfg.layers", "vision_config.num_hidden_layers" },
    { "vision_cfg.patch_size", "vision_config.patch_size" },
    { "vision_cfg.image_size", "vision_config.image_size" },
    { "text_cfg.width", "text_config.hidden_size" },
    { "text_cfg.layers", "text_config.num_hidden_layers" },
    { "text_cfg.context_length", "text_config.max_position_embeddings" },
    { "text_cfg.vocab_size", "text_config.vocab_size" },
    { "embed_dim", "projection_dim" },
};

/* Size i (-1: none) is one more, or one less, than the tensors'. */
static void contradicted(const Clip *source, int form, int i, bool above) {
    static const int right[9] = { 128, 2, 8, SIDE, 64, 1, T, V, E };
    int n[9];
    Clip clip;
    Err err = { "" };
    memcpy(n, right, sizeof n);
    if (i >= 0) n[i] += above ? 1 : -1;
    const char *path = written(source, "sized.safetensors", (Edit){ .no_sum = true }), *want = "GELU";
    write_text("config.json",
               arena_print(&arena, size_forms[form], n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]));
    bool cut = above && (i == 1 || i == 5), ok = pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err);
    if (i >= 0) want = arena_print(&arena, "%s is %d, in the tensors %d", size_names[i][form], n[i], right[i]);
    CHECK(ok == !cut && strstr(ok ? clip.notes : err.text, want), "want %s: %s", want, ok ? clip.notes : err.text);
    if (cut) CHECK(strstr(err.text, path) && strstr(err.text, "is the weights file cut?"), "%s", err.text);
    if (!ok) return;
    CHECK(clip.config.text.heads == (i < 0 ? 2 : 1), "%s", clip.notes);
    CHECK(!strstr(clip.notes, "describes another model (") == (i < 0), "%s", clip.notes);
    clip_free(&clip);
}

TEST(configurations_that_contradict_the_tensors) {
    Clip source = model();
    for (int form = 0; form < 2; form++) {
        contradicted(&source, form, -1, false);
        for (int i = 0; i < 9; i++) {
            contradicted(&source, form, i, false);
            contradicted(&source, form, i, true);
        }
    }
    remove(in_folder("config.json"));
    clip_free(&source);
}

/* The order of pretrained.h: what the caller says is asked of no file. */
TEST(the_caller_comes_before_what_is_broken) {
    static const struct {
        const char *config;
        Edit edit;
        PretrainedChoice choice;
        const char *want;
    } cases[] = {
        { "{\"model_cfg\": {",
          { .key = NULL },
          { .heads = 2, .text_heads = 1, .gelu = GELU_EXACT },
          "open_clip_config.json: byte 15" },
        { OPEN_CLIP("", "", "3"), { .key = NULL }, { .text_heads = 1 }, "1 heads (as asked)" },
        { OPEN_CLIP("", "", "0"), { .key = NULL }, { .text_heads = 1 }, "1 heads (as asked)" },
        { OPEN_CLIP("", ", \"head_width\": 48", "1"), { .key = NULL }, { .heads = 4 }, "4 heads (as asked)" },
        { OPEN_CLIP("", ", \"head_width\": 48", "1"),
          { .key = "vision_heads", .value = "4" },
          { 0 },
          "4 heads (from the file's metadata)" },
        { "{\"text_config\": {\"hidden_size\": 64}, \"vision_config\": {\"hidden_size\": 128, "
          "\"num_attention_heads\": 4, \"hidden_act\": \"gelu_pytorch_tanh\"}}",
          { .key = NULL },
          { .gelu = GELU_EXACT },
          "exact GELU (as asked)" },
        { NULL, { .key = "vision_heads", .value = "many" }, { .heads = 4 }, "4 heads (as asked)" },
        { NULL, { .key = "quick_gelu", .value = "maybe" }, { .gelu = GELU_QUICK }, "QuickGELU (as asked)" },
    };
    Clip source = model(), clip;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Err err = { "" };
        const char *path = written(&source, "asked.safetensors", cases[i].edit);
        if (cases[i].config) write_text("open_clip_config.json", cases[i].config);
        CHECK(pretrained_open(&clip, path, cases[i].choice, &err), "case %zu: %s", i, err.text);
        CHECK(strstr(clip.notes, cases[i].want), "case %zu: %s, want %s", i, clip.notes, cases[i].want);
        clip_free(&clip);
        remove(in_folder("open_clip_config.json"));
    }
    clip_free(&source);
}

TEST(colours_of_the_publisher) {
    static const char inputs[] = "{\"image_mean\": [0.1, 0.2, 0.3], \"image_std\": [0.4, 0.5, 0.6]}";
    static const struct {
        const char *config, *inputs, *want;
        double mean, deviation; /* of the first colour */
    } cases[] = {
        { NULL, NULL, "colours: OpenAI's mean and deviation (by default)", 0.48145466, 0.26862954 },
        { OPEN_CLIP("", "", "1"), NULL, "colours: mean 0.5 0.5 0.5, deviation 0.26", 0.5, 0.26862954 },
        { OPEN_CLIP("", "", "1"), inputs, "open_clip_config.json)", 0.5, 0.26862954 },
        { NULL, inputs, "colours: mean 0.1 0.2 0.3, deviation 0.4 0.5 0.6 (", 0.1, 0.4 },
        { HUGGING("gelu", "gelu"), inputs, "preprocessor_config.json)", 0.1, 0.4 },
        { "{\"vision_cfg\": {}, \"text_cfg\": {}}", inputs, "(by default)", 0.48145466, 0.26862954 },
    };
    Clip source = model(), clip;
    const char *path = arena_text(&arena, written(&source, "coloured.safetensors", (Edit){ .key = NULL }));
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (cases[i].config) write_text("open_clip_config.json", cases[i].config);
        if (cases[i].inputs) write_text("preprocessor_config.json", cases[i].inputs);
        clip = opened(path, GELU_AUTO);
        CHECK(strstr(clip.notes, cases[i].want), "case %zu: %s, want %s", i, clip.notes, cases[i].want);
        CHECK_NEAR(clip.colours.mean[0], cases[i].mean, 1e-9);
        CHECK_NEAR(clip.colours.deviation[0], cases[i].deviation, 1e-9);
        clip_free(&clip);
        remove(in_folder("open_clip_config.json"));
        remove(in_folder("preprocessor_config.json"));
    }
    Err err = { "" };
    write_text("preprocessor_config.json", "{\"image_std\": [1, 1, -1]}");
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err) &&
              strstr(err.text, "preprocessor_config.json: \"image_std\" is not three numbers above 0"),
          "%s", err.text);
    write_text("preprocessor_config.json", "{\"image_std\": [1, NaN, 1]}");
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err) && strstr(err.text, "byte 18: found 'N'") &&
              strstr(err.text, "; mend or remove the file"),
          "%s", err.text);
    remove(in_folder("preprocessor_config.json"));
    clip_free(&source);
}

static const struct {
    const char *text, *want;
} refused_configurations[] = {
    { "{\"vision_cfg\": {\"width\": 128,}", "config.json: byte 29: found '}'" },
    { "{\"vision_cfg\": 3, \"text_cfg\": {}}", "wanted an object" },
    { "{\"vision_cfg\": {\"width\": 128, \"head_width\": 48}, \"text_cfg\": {\"width\": 64}}",
      "vision_cfg.head_width is 48, want a number that divides the tower's width 128; mend or remove the file, or "
      "lesson 19: --heads N" },
    { "{\"vision_cfg\": {\"width\": 128}, \"text_cfg\": {\"width\": 64, \"heads\": 7}}",
      "text_cfg.heads is 7, want a number that divides the tower's width 64; mend or remove the file, or lesson "
      "19: --text-heads N" },
    { "{\"vision_config\": {\"hidden_size\": 128}, \"text_config\": {\"hidden_size\": 64}}",
      "vision_config.num_attention_heads is 12 by default, want a number" },
    { "{\"vision_cfg\": {\"width\": 128, \"pool_type\": \"avg\"}, \"text_cfg\": {\"width\": 64}}",
      "\"pool_type\" is \"avg\", this library computes tok and argmax only" },
    { "{\"vision_config\": {\"hidden_size\": 128, \"hidden_act\": \"relu\"}, \"text_config\": {\"hidden_size\": 64}}",
      "\"hidden_act\" is \"relu\", this library computes gelu and quick_gelu only" },
    { "{\"vision_cfg\": {\"width\": 128}, \"text_cfg\": {\"width\": 64, \"no_causal_mask\": true}}",
      "\"no_causal_mask\" is \"true\"" },
    { "{\"vision_cfg\": {\"width\": 128}, \"text_cfg\": {\"width\": 64, \"heads\": 0}}",
      "text_cfg.heads is 0, want a number" },
    { "", "the file is empty, a model's configuration (JSON) was wanted; fetch it again" },
    { " \n", "the file is empty" },
    { "<!DOCTYPE html><html>", "this is an HTML page, a model's configuration (JSON) was wanted" },
    { "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n",
      "this is a Git LFS pointer, a model's configuration (JSON) was wanted; it only names" },
    { "Entry not found", "this is a text, a model's configuration (JSON) was wanted" },
    { "{\"vision_cfg\": {\"width\": 128", "wanted ',' or '}'; mend or remove the file, or lesson 19: --heads, --text" },
    { COLOURED("\"std\": [0.5, 0, 0.5]"), "\"std\" is not three numbers above 0; mend the file or remove it" },
    { COLOURED("\"mean\": [0.5]"), "\"mean\" is not three numbers; mend" },
    { COLOURED("\"mean\": [0.5, \"0.5\", 1]"), "\"mean\" is not three numbers; mend" },
    { "{\"vision_cfg\": nul", "wanted null" },
    { "{\"vision_config\": {\"hidden_size\": 128, \"hidden_act\": 3}, \"text_config\": {}}", "wanted a string" },
    { "{\"vision_cfg\": {\"width\": 128, \"pool_type\": \"tok}}", "a quote at the end of a string" },
    { "{\"vision_cfg\": {\"width\": 128, \"no_causal_mask\": trye}}", "wanted true or false" },
    { "{\"vision_cfg\": {\"width\": 128, \"act_kwargs\": {\"a\" 1}}}", "wanted ':' after a key" },
    { "{\"vision_cfg\": {\"width\": 128, \"act_kwargs\": {\"a\": 1}}, \"text_cfg\": {\"width\": 64}}",
      "\"act_kwargs\" is \"set\", this library computes models without it only" },
    { "{\"vision_cfg\": {\"width\": 128}, \"text_cfg\": {\"width\": 64, \"hf_model_name\": \"roberta\"}}",
      "\"hf_model_name\" is \"roberta\", this library computes models without it only" },
    { "{\"vision_cfg\": {\"width\": 128, \"head_width\": 256}, \"text_cfg\": {\"width\": 64}}",
      "vision_cfg.head_width is 256, want" },
};

TEST(configurations_that_are_refused) {
    Clip source = model(), clip;
    for (size_t i = 0; i < COUNT(refused_configurations); i++) {
        Err err = { "" };
        const char *path = written(&source, "whole.safetensors", (Edit){ .key = NULL });
        write_text("config.json", refused_configurations[i].text);
        CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err), "case %zu was read: %s", i, clip.notes);
        CHECK(strstr(err.text, refused_configurations[i].want) && strstr(err.text, "config.json") &&
                  !strchr(err.text, '\n'),
              "case %zu: \"%s\", want \"%s\"", i, err.text, refused_configurations[i].want);
    }
    Err err = { "" };
    const char *path = written(&source, "whole.safetensors", (Edit){ .key = NULL });
    remove(in_folder("config.json"));
    CHECK(folder_make(in_folder("config.json"), &err), "%s", err.text);
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err) && strstr(err.text, "this is a folder"), "%s",
          err.text);
    remove(in_folder("config.json"));
    clip_free(&source);
}

/* A width that nobody published, and that 64 does not divide: the caller must say the heads. */
TEST(heads_that_nobody_tells) {
    Clip small = model(), source, clip;
    Err err = { "" };
    ClipConfig c = small.config;
    c.image.width = 96;
    c.image.heads = 3;
    CHECK(clip_init(&source, c, NULL, 1, &err), "%s", err.text);
    const char *path = written(&source, "narrow", (Edit){ .key = NULL });
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err) && strstr(err.text, "--heads N"), "%s",
          err.text);
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ .heads = 5 }, &err) &&
              strstr(err.text, "5 heads (as asked) do not divide the width 96"),
          "%s", err.text);
    CHECK(pretrained_open(&clip, path, (PretrainedChoice){ .heads = 3 }, &err), "%s", err.text);
    CHECK(clip.config.image.heads == 3 && strstr(clip.notes, "3 heads (as asked)"), "%s", clip.notes);
    same("pictures", features_of(&clip).image, features_of(&source).image, 2e-6);
    clip_free(&clip);
    clip_free(&source);
    clip_free(&small);
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

static void refused(const Clip *source, Edit edit, const char *want) {
    Clip clip;
    Err err = { "" };
    const char *path = written(source, "refused", edit);
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err), "read all the same; wanted: %s", want);
    CHECK(strstr(err.text, want) && strstr(err.text, path) && !strchr(err.text, '\n'), "\"%s\", want \"%s\"", err.text,
          want);
    CHECK(!clip.params.count && !clip.weights.file.map, "%s", "something is left");
}

TEST(every_tensor_missing_or_misshapen_long) {
    Clip source = model();
    for (int hugging = 0; hugging < 2; hugging++) {
        Safetensors file;
        Err err;
        CHECK(safetensors_open(&file, &arena, written(&source, "whole", (Edit){ .hugging = hugging }), &err), "%s",
              err.text);
        for (int i = 0; i < file.count; i++) {
            const char *name = file.tensors[i].name;
            refused(&source, (Edit){ .hugging = hugging, .skip = name }, name);
            if (file.tensors[i].dims) refused(&source, (Edit){ .hugging = hugging, .reshape = name }, "tensor ");
            refused(&source, (Edit){ .hugging = hugging, .ints = name },
                    arena_print(&arena, "tensor %s is I32, want F64, F32, F16 or BF16", name));
        }
        safetensors_close(&file);
    }
    refused(&source, (Edit){ .reshape = "visual.proj" }, "is [64,8], [64,7] was wanted");
    refused(&source, (Edit){ .reshape = "ln_final.bias" }, "tensor \"ln_final.bias\" is [63], [64] was wanted");
    refused(&source, (Edit){ .hugging = true, .reshape = "vision_model.encoder.layers.1.self_attn.k_proj.weight" },
            "tensor \"vision_model.encoder.layers.1.self_attn.k_proj.weight\" is [128,127], [128,128] was wanted");
    refused(&source, (Edit){ .reshape = "visual.conv1.weight" }, "want square patches");
    refused(&source, (Edit){ .flat = "visual.conv1.weight" },
            "tensor visual.conv1.weight is [24576], want 4 dimensions");
    refused(&source, (Edit){ .flat = "token_embedding.weight" },
            "tensor token_embedding.weight is [1920], want 2 dimensions");
    refused(&source, (Edit){ .shorter = "visual.positional_embedding" },
            "tensor visual.positional_embedding has 16 rows, want those of a square and one for the class");
    clip_free(&source);
}

/* The last number of the file becomes 2^1000. */
TEST(a_number_too_large_for_a_float) {
    static const uint8_t vast[8] = { [6] = 0x70, [7] = 0x7e };
    Clip source = model(), clip;
    const char *path = written(&source, "vast", (Edit){ .wide = true, .no_sum = true });
    FILE *file = fopen(path, "r+b");
    CHECK(file && !fseek(file, -8, SEEK_END) && fwrite(vast, 1, 8, file) == 8 && !fclose(file), "%s", path);
    Err err = { "" };
    CHECK(!pretrained_open(&clip, path, (PretrainedChoice){ 0 }, &err), "%s", "read all the same");
    CHECK(strstr(err.text, path) && strstr(err.text, " is larger than an F32 can be"), "%s", err.text);
    clip_free(&source);
}

TEST(surplus_tensors_and_wrong_metadata) {
    Clip source = model();
    static const char *const surplus[] = { "extra", "visual.transformer.resblocks.2.ln_1.bias",
                                           "transformer.resblocks.0.attn.in_proj", "visual.fc.bias" };
    for (size_t i = 0; i < COUNT(surplus); i++)
        refused(&source, (Edit){ .surplus = surplus[i] },
                arena_print(&arena, "tensor %s is none of this model's", surplus[i]));
    refused(&source, (Edit){ .hugging = true, .surplus = "vision_model.head" }, "tensor vision_model.head is none");
    refused(&source, (Edit){ .surplus = "visual.transformer.resblocks.1.ln_1.weights" },
            "tensor visual.transformer.resblocks.1.ln_1.weights is none");
    refused(&source, (Edit){ .key = "quick_gelu", .value = "maybe" },
            "metadata \"quick_gelu\" is maybe, want True or False");
    refused(&source, (Edit){ .key = "vision_heads", .value = "zwei" }, "metadata \"vision_heads\" is zwei");
    refused(&source, (Edit){ .key = "text_heads", .value = "0" },
            "metadata \"text_heads\" is 0, want a number of heads; lesson 19: --text-heads N");
    refused(&source, (Edit){ .prefix = "module.", .surplus = "extra" }, "tensor extra is none of this model's");
    refused(&source, (Edit){ .prefix = "module.", .skip = "ln_final.bias" }, "there is no tensor ln_final.bias");
    refused(&source, (Edit){ .prefix = "module.", .surplus = "ln_final.bias" },
            "tensor \"ln_final.bias\" stands there twice, with and without a prefix (module. or clip.)");
    refused(&source, (Edit){ .key = "vision_heads", .value = "3" },
            "3 heads (from the file's metadata) do not divide the width 128");
    Clip clip;
    Err err;
    CHECK(!pretrained_open(&clip, in_folder("nowhere"), (PretrainedChoice){ 0 }, &err) && strstr(err.text, "nowhere"),
          "%s", err.text);
    clip_free(&source);
}

/* Words that CLIP's tokeniser does not make, in the file that stands in for the published one. */
TEST(another_vocabulary_is_refused) {
    Clip source = model();
    Encoder encoder;
    Err err = { "" };
    const char *path = written(&source, "vit-b-32-laion2b.safetensors", (Edit){ .key = NULL });
    setenv("CLIP_MODELS", arena_print(&arena, "%.*s", (int)(strrchr(path, '/') - path), path), 1);
    CHECK(!encoder_open(&encoder, &arena, "auto", (PretrainedChoice){ 0 }, &err) && strstr(err.text, path) &&
              strstr(err.text, "its texts have 30 different tokens, CLIP's tokeniser makes 49408"),
          "%s", err.text);
    CHECK(!encoder.path && !encoder.clip.params.count, "%s", "something is left");
    clip_free(&source);
}

TEST(no_clip_at_all) {
    Clip clip;
    Err err = { "" };
    SafetensorsOut out = safetensors_begin(&arena);
    safetensors_add(&out, "w", DTYPE_F32, mat_zero(&arena, 2, 2));
    CHECK(safetensors_write(&out, in_folder("other"), &err), "%s", err.text);
    CHECK(!pretrained_open(&clip, in_folder("other"), (PretrainedChoice){ 0 }, &err) && strstr(err.text, "no CLIP"),
          "%s", err.text);
}

/* A file with bits flipped, or cut: refused, or a model like any other. What must not happen shows under the
 * sanitizers. */
TEST(broken_bytes) {
    Clip source, clip;
    Err err = { "" };
    ClipConfig c = { .image = { .kind = "vit", .side = 4, .patch = 2, .width = 4, .layers = 1, .heads = 1, .embed = E },
                     .tokens = T,
                     .text = { .kind = "transformer",
                               .vocabulary = V,
                               .width = 4,
                               .layers = 1,
                               .heads = 1,
                               .embed = E,
                               .padding = -1 } };
    CHECK(clip_init(&source, c, NULL, 1, &err), "%s", err.text);
    Rng rng = rng_seed(6, 6);
    int opens = 0, refusals = 0;
    static const char *const whole[] = { "one", "other" };
    for (int i = 0; i < 2; i++)
        written(&source, whole[i], (Edit){ .hugging = i, .dtype = DTYPE_F16, .key = "quick_gelu", .value = "True" });
    for (int i = 0; i < 300; i++) {
        File file;
        OutFile out;
        CHECK(file_open(&file, in_folder(whole[i % 2]), &err), "%s", err.text);
        uint8_t *bytes = memcpy(arena_alloc(&arena, file.size, 1), file.data, file.size);
        size_t size = i % 5 ? file.size : rng_below(&rng, (uint32_t)file.size), header = bytes[0] + 256u * bytes[1];
        for (int k = 0; k <= i % 3; k++)
            bytes[i < 20 ? rng_below(&rng, 8) : 8 + rng_below(&rng, (uint32_t)header)] ^=
                (uint8_t)(1 << rng_below(&rng, 8));
        file_close(&file);
        CHECK(out_open(&out, in_folder("broken"), &err), "%s", err.text);
        out_write(&out, bytes, size);
        CHECK(out_commit(&out, &err), "%s", err.text);
        bool ok = pretrained_open(&clip, in_folder("broken"), (PretrainedChoice){ 0 }, &err);
        CHECK(ok || (err.text[0] && !strchr(err.text, '\n')), "\"%s\"", err.text);
        if (ok && clip.config.text.vocabulary >= V && clip.config.tokens >= T) features_of(&clip);
        ok ? opens++ : refusals++;
        if (ok) clip_free(&clip);
        arena_reset(&arena);
    }
    CHECK(refusals > 250 && opens < 50, "%d opened, %d refused", opens, refusals);
    clip_free(&source);
}

/* ---- one at a time, or many ------------------------------------------------------------------------------------- */

TEST(the_same_bits_in_any_batch_and_on_any_threads) {
    Clip source = model(), clip = opened(written(&source, "bits", (Edit){ .dtype = DTYPE_F16 }), GELU_EXACT);
    enum { MANY = 11 };
    Mat all = pictures(MANY, SIDE), one = all;
    Tape tape = { .no_grad = true };
    thread_set_count(1);
    Mat image = image_tower(&tape, &clip.image, tape_data(&tape, all))->val,
        text = text_tower(&tape, &clip.text, texts, B, T)->val;
    for (int threads = 1; threads <= 3; threads++) {
        thread_set_count(threads);
        one.shape[0] = 1;
        for (int b = 0; b < MANY; b++) {
            one.v = all.v + (size_t)b * SIDE * SIDE * 3;
            Mat alone = image_tower(&tape, &clip.image, tape_data(&tape, one))->val;
            CHECK(!memcmp(alone.v, &AT(image, b, 0), E * sizeof(num)), "picture %d alone, %d threads", b, threads);
        }
        for (int b = 0; b < B; b++) { /* alone a text is shorter: what stands behind its end is not looked at */
            Mat alone = text_tower(&tape, &clip.text, texts + b * T, 1, T)->val;
            CHECK(!memcmp(alone.v, &AT(text, b, 0), E * sizeof(num)), "text %d alone, %d threads", b, threads);
        }
    }
    tape_free(&tape);
    clip_free(&clip);
    clip_free(&source);
}

/* Where gradients flow all tokens are computed, else those up to the end: the same result. */
TEST(texts_need_no_more_than_their_tokens) {
    Clip source = model();
    Tape whole = { 0 }, part = { .no_grad = true };
    Mat a = text_tower(&whole, &source.text, texts, B, T)->val, b = text_tower(&part, &source.text, texts, B, T)->val;
    CHECK(!memcmp(a.v, b.v, sizeof(num) * B * E), "%s", "texts differ");
    int again[B * T];
    memcpy(again, texts, sizeof again);
    again[7] = 12;
    again[24] = 1; /* behind an end */
    a = text_tower(&whole, &source.text, again, B, T)->val;
    CHECK(!memcmp(a.v, b.v, sizeof(num) * B * E), "%s", "what stands behind the end was heard");
    again[1] = 4; /* before it */
    a = text_tower(&whole, &source.text, again, B, T)->val;
    CHECK(memcmp(a.v, b.v, sizeof(num) * E) && !memcmp(a.v + E, b.v + E, sizeof(num) * E), "%s",
          "a word of text 0 alone was to change it");
    tape_free(&whole);
    tape_free(&part);
    clip_free(&source);
}

/* Opening takes no copy of what is in a matrix, and a picture the memory of one block. */
TEST(memory_of_one_block) {
    size_t held[2];
    for (int deep = 0; deep < 2; deep++) {
        Clip source, clip;
        Err err = { "" };
        ClipConfig c = { .image = { .kind = "vit",
                                    .side = 128,
                                    .patch = 8,
                                    .width = 128,
                                    .layers = deep ? 9 : 3,
                                    .heads = 2,
                                    .embed = E },
                         .tokens = T,
                         .text = { .kind = "transformer",
                                   .vocabulary = 5000,
                                   .width = 64,
                                   .layers = 1,
                                   .heads = 1,
                                   .embed = E,
                                   .padding = -1 } };
        CHECK(clip_init(&source, c, NULL, 1, &err), "%s", err.text);
        clip = opened(written(&source, "deep", (Edit){ .dtype = DTYPE_F16 }), GELU_AUTO);
        CHECK(arena_held(&clip.arena) <= 1 << 20, "the open model holds %zu bytes beside its file",
              arena_held(&clip.arena));
        Tape tape = { .no_grad = true };
        image_tower(&tape, &clip.image, tape_data(&tape, pictures(1, 128)));
        held[deep] = arena_held(&tape.arena);
        tape_free(&tape);
        clip_free(&clip);
        clip_free(&source);
    }
    CHECK(held[1] == held[0], "3 layers hold %zu bytes, 9 hold %zu", held[0], held[1]);
}

TESTS(both_names_and_every_form, what_the_publishers_loader_accepts, our_own_checkpoint, our_own_checkpoint_of_words,
      reference_models, gelu_is_asked_for_said_or_assumed, heads_of_the_metadata, published_families,
      every_published_family_long, every_published_family_computes_long, the_publishers_configuration,
      the_configuration_of_the_same_publisher, configurations_that_disagree_on_heads,
      configurations_that_contradict_the_tensors, the_caller_comes_before_what_is_broken, colours_of_the_publisher,
      configurations_that_are_refused, heads_that_nobody_tells, every_tensor_missing_or_misshapen_long,
      a_number_too_large_for_a_float, surplus_tensors_and_wrong_metadata, another_vocabulary_is_refused, no_clip_at_all,
      broken_bytes, the_same_bits_in_any_batch_and_on_any_threads, texts_need_no_more_than_their_tokens,
      memory_of_one_block)
