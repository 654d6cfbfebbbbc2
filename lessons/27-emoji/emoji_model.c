#include "emoji_model.h"

#include "core/thread.h"
#include "formats/hash.h"
#include "model/clip_file.h"
#include "show/progress.h"
#include "training/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8, IMAGES_AT_ONCE = 250, TEXTS_AT_ONCE = 500, WIDTH = 64, PARTS = 3 };

const Withheld *emoji_withheld(const EmojiSet *set) {
    static const Withheld of_emoji[] = {
        { "fruit", "apple banana cherries grapes" },  { "vehicle", "car truck bus train" },
        { "musical", "guitar violin trumpet piano" }, { "sport", "tennis basketball baseball football" },
        { "insect", "bee ant butterfly beetle" },     { NULL, NULL }
    };
    static const Withheld of_scenes[] = { { "triangle", "star cross" }, { NULL, NULL } };
    return set->generated ? of_scenes : of_emoji;
}

static bool withheld(const EmojiSet *set, int phrase) {
    for (const Withheld *w = emoji_withheld(set); w->word; w++)
        if (emoji_phrase_says(set->phrase[phrase], w->word)) return true;
    return false;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* The ranges of the random changes of a picture: pixels, radians, ratio, colour (0 to 1). */
static const uint8_t white[3] = { 255, 255, 255 };
static const double SHIFT = 3, ROTATION = 0.15, ZOOM = 0.2, BRIGHT = 0.15, CONTRAST = 0.25, TINT = 0.06;

/* The colour at a point between pixels, bilinear, 0 to 1; white outside. */
static void sample(const uint8_t *rgb, float x, float y, float colour[3]) {
    int x0 = (int)floorf(x), y0 = (int)floorf(y);
    float right = x - (float)x0, down = y - (float)y0;
    for (int c = 0; c < 3; c++) colour[c] = 0;
    for (int k = 0; k < 4; k++) {
        int px = x0 + k % 2, py = y0 + k / 2;
        float weight = (k % 2 ? right : 1 - right) * (k / 2 ? down : 1 - down) / 255;
        bool inside = px >= 0 && py >= 0 && px < EMOJI_SIDE && py < EMOJI_SIDE;
        const uint8_t *at = inside ? rgb + (py * EMOJI_SIDE + px) * 3 : white;
        for (int c = 0; c < 3; c++) colour[c] += weight * at[c];
    }
}

static double between(Rng *rng, double most) { return most * (2 * rng_uniform(rng) - 1); }

/* pixels = (gain (v - 1/2) + offset) / 0.25, v the picture turned and scaled about its middle, then moved. */
void emoji_pixels(const uint8_t rgb[EMOJI_PIXELS], Rng *rng, num *pixels) {
    if (!rng) {
        for (int i = 0; i < EMOJI_PIXELS; i++) pixels[i] = (num)((rgb[i] / 255.0 - 0.5) / 0.25);
        return;
    }
    const float middle = (EMOJI_SIDE - 1) / 2.0f;
    double angle = between(rng, ROTATION), zoom = 1 + between(rng, ZOOM), dx = between(rng, SHIFT),
           dy = between(rng, SHIFT);
    double gain = 1 + between(rng, CONTRAST), bright = between(rng, BRIGHT);
    float offset[3], a = (float)(cos(angle) / zoom), b = (float)(sin(angle) / zoom);
    for (int c = 0; c < 3; c++) offset[c] = (float)(bright + between(rng, TINT));
    for (int i = 0; i < EMOJI_SIDE * EMOJI_SIDE; i++) {
        float x = (float)(i % EMOJI_SIDE) - middle - (float)dx, y = (float)(i / EMOJI_SIDE) - middle - (float)dy;
        float v[3];
        sample(rgb, a * x - b * y + middle, b * x + a * y + middle, v);
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = (num)(((v[c] - 0.5f) * (float)gain + offset[c]) / 0.25f);
    }
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

/* A caption: phrases of the set. */
typedef struct {
    int phrase[PARTS], count;
} Caption;

typedef struct {
    const EmojiSet *set;
    Clip *clip;
    uint64_t seed;
    int *seen, seen_count; /* the emoji that are trained on */
    int *order, epoch;     /* a permutation of them, of this epoch; -1: none yet */
    int *item;             /* [B]: the emoji of the batch */
    uint64_t first;        /* number of the first pair, over all steps */
    Caption *caption;      /* [B] */
    const char **text;     /* [B] */
    char *text_pool;
    Mat pixels, excluded; /* [B,32,32,3]; 1 where a pair is left out, [B,B] */
    int B;
    Progress progress;
} Batch;

enum { TEXT_BYTES = 512 };

static Caption draw_caption(const EmojiSet *set, const Emoji *e, Rng *rng) {
    Caption c = { .count = 1 };
    int pick[PARTS], parts = 1 + (int)rng_below(rng, PARTS), most = MIN(parts, e->phrase_count);
    c.phrase[0] = e->phrase_id[0];
    if (rng_uniform(rng) < 0.5 && !withheld(set, c.phrase[0])) return c;
    rng_choice(rng, e->phrase_count, pick, most);
    c.count = 0;
    for (int k = 0; k < most; k++)
        if (!withheld(set, e->phrase_id[pick[k]])) c.phrase[c.count++] = e->phrase_id[pick[k]];
    return c;
}

static void caption_write(const EmojiSet *set, const Caption *c, char *text) {
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; k < c->count && n < TEXT_BYTES; k++)
        n += (size_t)snprintf(text + n, TEXT_BYTES - n, "%s%s", k ? " " : "", set->phrase[c->phrase[k]]);
}

static void batch_pairs(void *context, size_t begin, size_t end) {
    Batch *b = context;
    for (size_t i = begin; i < end; i++) {
        Rng rng = rng_seed(4 * b->seed + 1, b->first + i);
        b->caption[i] = draw_caption(b->set, &b->set->item[b->item[i]], &rng);
        caption_write(b->set, &b->caption[i], b->text_pool + i * TEXT_BYTES);
        emoji_pixels(emoji_rgb(b->set, STYLE_LEARNT, b->item[i]), &rng, b->pixels.v + i * EMOJI_PIXELS);
    }
}

/* A caption without a phrase (all were withheld) is true of nothing; its own pair stays, as the loss wants it. */
static void batch_exclude(void *context, size_t begin, size_t end) {
    const Batch *b = context;
    for (int i = (int)begin; i < (int)end; i++)
        for (int n = 0; n < b->B; n++)
            AT(b->excluded, i, n) =
                n != i && (b->item[i] == b->item[n] || b->caption[n].count == 0 ||
                           emoji_true(b->set, b->item[i], b->caption[n].phrase, b->caption[n].count));
}

/* The emoji of pair k: every epoch shows each once, in an order of its own. */
static int pair_item(Batch *b, uint64_t k) {
    int epoch = (int)(k / (uint64_t)b->seen_count);
    if (epoch != b->epoch) {
        Rng rng = rng_seed(4 * b->seed + 2, (uint64_t)epoch);
        for (int i = 0; i < b->seen_count; i++) b->order[i] = i;
        rng_shuffle(&rng, b->order, b->seen_count);
        b->epoch = epoch;
    }
    return b->seen[b->order[k % (uint64_t)b->seen_count]];
}

static Var batch_loss(void *context, Tape *t, int step) {
    Batch *b = context;
    int T = b->clip->config.tokens, *ids = arena_alloc(&t->arena, (size_t)b->B * (size_t)T, sizeof *ids);
    b->first = (uint64_t)step * (uint64_t)b->B;
    for (int i = 0; i < b->B; i++) b->item[i] = pair_item(b, b->first + (uint64_t)i);
    parallel_for((size_t)b->B, CHUNK, batch_pairs, b);
    parallel_for((size_t)b->B, CHUNK, batch_exclude, b);
    vocab_encode(&b->clip->vocab, &t->arena, b->text, b->B, T, ids);
    Var image = clip_image(t, b->clip, b->pixels), text = clip_text(t, b->clip, ids, b->B, T);
    Var logits = clip_logits(t, image, text, tape_param(t, b->clip->logit_scale));
    return clip_loss_hard_negatives(t, logits, b->excluded);
}

static void batch_done(void *context, int done, double loss) {
    Batch *b = context;
    progress_note(&b->progress, "loss %.2f", loss);
    progress_update(&b->progress, done);
}

/* The emoji to train on, those of config->pairs. */
static void choose_seen(Batch *b, Arena *arena, const EmojiConfig *config) {
    b->seen = arena_alloc(arena, (size_t)b->set->count, sizeof *b->seen);
    b->order = arena_alloc(arena, (size_t)b->set->count, sizeof *b->order);
    for (int i = 0; i < b->set->count; i++)
        if (!b->set->item[i].held) b->seen[b->seen_count++] = i;
    Rng rng = rng_seed(4 * b->seed + 3, 0);
    if (config->pairs && config->pairs < b->seen_count) {
        rng_shuffle(&rng, b->seen, b->seen_count);
        b->seen_count = config->pairs;
    }
}

static Batch batch_begin(Arena *arena, const EmojiSet *set, Clip *clip, const EmojiConfig *config) {
    Batch b = { .set = set, .clip = clip, .seed = (uint64_t)config->seed, .epoch = -1 };
    choose_seen(&b, arena, config);
    b.B = MIN(EMOJI_BATCH, b.seen_count);
    b.item = arena_alloc(arena, (size_t)b.B, sizeof *b.item);
    b.caption = arena_alloc(arena, (size_t)b.B, sizeof *b.caption);
    b.text = arena_alloc(arena, (size_t)b.B, sizeof *b.text);
    b.text_pool = arena_alloc(arena, (size_t)b.B, TEXT_BYTES);
    for (int i = 0; i < b.B; i++) b.text[i] = b.text_pool + (size_t)i * TEXT_BYTES;
    b.pixels = mat_like(arena, mat_shape(4, b.B, EMOJI_SIDE, EMOJI_SIDE, 3));
    b.excluded = mat_new(arena, b.B, b.B);
    return b;
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* The words of all phrases that can be drawn. */
static Vocab words_of(Arena *arena, const EmojiSet *set, const Batch *b) {
    static const char *const pattern[] = { "{}" };
    bool *drawn = arena_zero(arena, (size_t)set->phrase_count, sizeof *drawn);
    const char **phrase = arena_alloc(arena, (size_t)set->phrase_count, sizeof *phrase);
    int n = 0;
    for (int k = 0; k < b->seen_count; k++)
        for (int p = 0; p < set->item[b->seen[k]].phrase_count; p++) drawn[set->item[b->seen[k]].phrase_id[p]] = true;
    for (int p = 0; p < set->phrase_count; p++)
        if (drawn[p] && !withheld(set, p)) phrase[n++] = set->phrase[p];
    return vocab_build(arena, pattern, 1, phrase, n);
}

static bool model_init(EmojiModel *model, const EmojiSet *set, const EmojiConfig *config, Err *err) {
    Arena arena = { 0 };
    *model = (EmojiModel){ .config = *config };
    Batch b = { .set = set, .seed = (uint64_t)config->seed };
    choose_seen(&b, &arena, config);
    model->pairs = b.seen_count;
    if (b.seen_count < 2) {
        arena_free(&arena);
        return err_set(err, "%d pictures to train on, 2 are the least; %d are held out", b.seen_count,
                       set->count - b.seen_count);
    }
    Vocab vocab = words_of(&arena, set, &b);
    ClipConfig towers = { .tokens = EMOJI_WORDS };
    towers.text =
        (TextTowerSize){ .kind = config->text, .width = WIDTH, .embed = EMOJI_EMBED, .padding = TEXT_PADDING };
    towers.image = (ImageTowerSize){ .kind = "scene", .widths = { 32, 64, 128 }, .embed = EMOJI_EMBED };
    bool ok = clip_init(&model->clip, towers, &vocab, (uint64_t)config->seed, err);
    arena_free(&arena);
    return ok;
}

void emoji_model_free(EmojiModel *model) {
    clip_free(&model->clip);
    *model = (EmojiModel){ .loss = 0 };
}

static bool model_train(EmojiModel *model, const EmojiSet *set, Err *err) {
    Arena arena = { 0 };
    Batch batch = batch_begin(&arena, set, &model->clip, &model->config);
    batch.progress = progress_begin(model->config.text, model->config.steps, "steps/s");
    StepsRun run = { .name = model->config.text,
                     .steps = model->config.steps,
                     .loss = batch_loss,
                     .after_step = batch_done,
                     .context = &batch };
    bool ok = steps_train(&model->clip, &run, &model->loss, err);
    progress_end(&batch.progress);
    arena_free(&arena);
    return ok;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

char *emoji_model_path(Arena *arena, const EmojiSet *set, const EmojiConfig *config) {
    const char *of = set->generated ? arena_print(arena, "scenes%d", set->count) : "published";
    return arena_print(arena, "%s/emoji-%s-%s-pairs%d-seed%d-%d.safetensors", models_folder(), of, config->text,
                       config->pairs, config->seed, config->steps);
}

/* Everything that determines the weights: the settings, and sums of the pictures and of the phrases. "recipe 1" stands
 * for the constants of this file and of training/steps.c: change it with them. */
static char *signature(Arena *arena, const EmojiSet *set, const EmojiConfig *config) {
    char pixels[SHA256_HEX], phrases[SHA256_HEX];
    sha256_hex(set->rgb[STYLE_LEARNT], (size_t)set->count * EMOJI_PIXELS, pixels);
    size_t size = 0, at = 0;
    for (int i = 0; i < set->count; i++)
        for (int p = 0; p < set->item[i].phrase_count; p++) size += strlen(set->item[i].phrase[p]) + 2;
    char *text = arena_alloc(arena, size + 1, 1);
    for (int i = 0; i < set->count; i++)
        for (int p = 0; p < set->item[i].phrase_count; p++)
            at += (size_t)sprintf(text + at, "%s%c%s", set->item[i].phrase[p], set->item[i].held ? '!' : '.',
                                  p + 1 == set->item[i].phrase_count ? "\n" : "");
    sha256_hex(text, at, phrases);
    return arena_print(arena, "recipe 1, %s, %d pairs, seed %d, %d steps of %d, pictures %s, phrases %s", config->text,
                       config->pairs, config->seed, config->steps, EMOJI_BATCH, pixels, phrases);
}

static bool model_save(const EmojiModel *model, const EmojiSet *set, const char *path, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&model->clip, &out, DTYPE_F32);
    safetensors_add_meta(&out, "emoji-model", signature(&arena, set, &model->config));
    safetensors_add_meta(&out, "loss", arena_print(&arena, "%.6f", model->loss));
    bool ok = folder_make(models_folder(), err) && safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

/* False where the file is of another set or recipe; the model is then trained again. */
static bool model_restore(EmojiModel *model, const Safetensors *file, const char *path, const char *wanted, Err *err) {
    const char *of = safetensors_meta(file, "emoji-model"), *loss = safetensors_meta(file, "loss");
    if (!of || strcmp(of, wanted))
        return err_set(err,
                       "%s: the file holds another model (%s), want %s; remove it, then the model is trained again",
                       path, of ? of : "no description", wanted);
    if (!loss || !parse_real(loss, -1e6, 1e6, &model->loss))
        return err_set(err, "%s: metadata \"loss\" is not a number; remove the file, then the model is trained again",
                       path);
    model->kept = true;
    return params_restore(&model->clip.params, file, path, "", err);
}

bool emoji_model_load_or_train(EmojiModel *model, const EmojiSet *set, const EmojiConfig *config, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    const char *path = emoji_model_path(&arena, set, config);
    bool there = file_exists(path), opened = there && safetensors_open(&file, &arena, path, err);
    bool made = (!there || opened) && model_init(model, set, config, err), ok = made;
    if (ok && opened) ok = model_restore(model, &file, path, signature(&arena, set, config), err);
    else if (ok) ok = model_train(model, set, err) && model_save(model, set, path, err);
    if (made && !ok) emoji_model_free(model);
    if (ok && opened) safetensors_warn(&file, path);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

Mat emoji_model_images(EmojiModel *model, Arena *arena, const EmojiSet *set, int style) {
    Mat all = mat_new(arena, set->count, EMOJI_EMBED);
    Tape tape = { .no_grad = true };
    for (int first = 0; first < set->count; first += IMAGES_AT_ONCE) {
        int some = MIN(IMAGES_AT_ONCE, set->count - first);
        tape_reset(&tape);
        Mat pixels = mat_like(&tape.arena, mat_shape(4, some, EMOJI_SIDE, EMOJI_SIDE, 3));
        for (int i = 0; i < some; i++)
            emoji_pixels(emoji_rgb(set, style, first + i), NULL, pixels.v + (size_t)i * EMOJI_PIXELS);
        Mat vectors = clip_image(&tape, &model->clip, pixels)->val;
        memcpy(&AT(all, first, 0), vectors.v, mat_count(vectors) * sizeof(num));
    }
    tape_free(&tape);
    return all;
}

Mat emoji_model_names(EmojiModel *model, Arena *arena, const EmojiSet *set) {
    const char **name = arena_alloc(arena, (size_t)set->count, sizeof *name);
    Mat all = mat_new(arena, set->count, EMOJI_EMBED);
    for (int i = 0; i < set->count; i++) name[i] = set->item[i].phrase[0];
    for (int first = 0; first < set->count; first += TEXTS_AT_ONCE) {
        Arena scratch = { 0 };
        int some = MIN(TEXTS_AT_ONCE, set->count - first);
        Mat vectors = clip_text_features(&model->clip, &scratch, name + first, some, NULL);
        memcpy(&AT(all, first, 0), vectors.v, mat_count(vectors) * sizeof(num));
        arena_free(&scratch);
    }
    return all;
}

int emoji_model_known(const EmojiModel *model, Arena *arena, const char *text) {
    int *ids = arena_alloc(arena, EMOJI_WORDS, sizeof *ids), known = 0;
    TextNotes notes = vocab_encode(&model->clip.vocab, arena, &text, 1, EMOJI_WORDS, ids);
    for (int t = 0; t < EMOJI_WORDS && !notes.empty_count; t++) known += ids[t] != TEXT_PADDING;
    return known;
}
