#include "model/clip.h"

#include <math.h>
#include <string.h>

static bool config_check(const ClipConfig *c, Err *err) {
    bool ok = c->image.embed >= 1 && c->image.embed <= 65536 && c->text.embed == c->image.embed && c->text.width >= 1 &&
              c->text.width <= 65536 && c->text.vocabulary >= 1 && c->tokens >= 1 && c->tokens <= 4096;
    const int *w = c->image.widths;
    for (int i = 0; i < 3; i++) ok = ok && w[i] >= 0 && w[i] <= 4096;
    if (!ok)
        return err_set(err,
                       "invalid model: embedding %d and %d, image widths %d %d %d, text width %d, %d words, %d tokens",
                       c->image.embed, c->text.embed, w[0], w[1], w[2], c->text.width, c->text.vocabulary, c->tokens);
    return image_tower_check(c->image, err) && text_tower_check(c->text, err);
}

/* Sizes that were left 0 become those that the towers took, to be saved with the model. */
static void config_complete(ClipConfig *c, const Clip *clip) {
    c->image.kind = clip->image.kind;
    c->text.kind = clip->text.kind;
    if (clip->image.vit || clip->image.modified) c->image = image_tower_size(c->image);
    if (strcmp(c->text.kind, "bow")) c->text = clip->text.size;
}

static bool clip_build(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, bool plan, Err *err) {
    *clip = (Clip){ .params = { .arena = &clip->arena, .plan = plan } };
    Rng rng = rng_seed(seed, 0);
    const char *words = vocab ? vocab_to_text(&clip->arena, vocab) : NULL;
    bool ok = !words || vocab_from_text(&clip->vocab, &clip->arena, words, "vocabulary", err);
    if (vocab) config.text.vocabulary = clip->vocab.size;
    if (ok && vocab) clip->vocab.keeps_unknown = vocab->keeps_unknown;
    config.text.tokens = config.tokens;
    clip->config = config;
    if (!ok || !config_check(&config, err)) {
        clip_free(clip);
        return false;
    }
    image_tower_add(&clip->image, &clip->params, config.image, &rng);
    text_tower_add(&clip->text, &clip->params, config.text, &rng);
    config_complete(&clip->config, clip);
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
    arena_free(&clip->arena);
    *clip = (Clip){ 0 };
}

/* I = image_tower(pixels) / |image_tower(pixels)|         pixels [B,H,W,3], I [B,E] */
Var clip_image(Tape *t, Clip *clip, Mat pixels) {
    return op_l2norm(t, image_tower(t, &clip->image, tape_data(t, pixels)));
}
/* T = text_tower(ids) / |text_tower(ids)|                 ids [B,T], T [B,E] */
Var clip_text(Tape *t, Clip *clip, const int *ids, int B, int T) {
    return op_l2norm(t, text_tower(t, &clip->text, ids, B, T));
}

bool clip_read_bpe(Clip *clip, const char *beside, Err *err) {
    Bpe *bpe = arena_zero(&clip->arena, 1, sizeof *bpe);
    REQUIRE(!clip->vocab.size && clip->config.text.vocabulary == BPE_IDS, "a model of %d words, want %d byte pairs",
            clip->config.text.vocabulary, BPE_IDS);
    if (!bpe_find(bpe, &clip->arena, beside, err)) return false;
    clip->bpe = bpe;
    return true;
}

TextNotes clip_encode(const Clip *clip, Arena *arena, const char *const *texts, int n, int *ids) {
    int T = clip->config.tokens;
    if (!clip->bpe) return vocab_encode(&clip->vocab, arena, texts, n, T, ids);
    TextNotes notes = { .room = T };
    int *tokens = arena_alloc(arena, (size_t)n, sizeof *tokens);
    notes.cut_count = bpe_encode(clip->bpe, texts, n, T, ids, tokens);
    for (int i = 0; i < n && !notes.cut_text; i++)
        if (tokens[i] > T) {
            notes.cut_text = texts[i];
            notes.cut_words = tokens[i];
        }
    return notes;
}

Mat clip_text_features(Clip *clip, Arena *arena, const char *const *texts, int n, FILE *warnings) {
    Tape tape = { .no_grad = true };
    int T = clip->config.tokens, *ids = arena_alloc(&tape.arena, (size_t)n * (size_t)T, sizeof *ids);
    TextNotes notes = clip_encode(clip, &tape.arena, texts, n, ids);
    if (warnings) text_warn(&notes, warnings);
    Mat on_tape = clip_text(&tape, clip, ids, n, T)->val, features = mat_like(arena, on_tape);
    memcpy(features.v, on_tape.v, mat_count(features) * sizeof(num));
    tape_free(&tape);
    return features;
}

/* t = min(t, log 100) */
void clip_clamp(Clip *clip) {
    *clip->logit_scale->val.v = (num)fmin((double)*clip->logit_scale->val.v, LOGIT_SCALE_MAX);
}
