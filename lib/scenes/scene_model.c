#include "scenes/scene_model.h"
#include "show/progress.h"
#include "scenes/late_interaction.h"
#include "core/thread.h"
#include "model/clip_file.h"
#include "training/steps.h"

#include <math.h>
#include <string.h>

enum { PIXELS = SCENE_SIDE * SCENE_SIDE * 3, EMBED = 64, WIDTH = 64, CHUNK = 8, IMAGES_AT_ONCE = 250 };
enum { LATE_AT_ONCE = 250, STEPS_PER_SECOND = 30 }; /* scenes; steps without hard negatives, on two processors */

/* Relative frequencies of the kinds of captions; the fraction of scenes with equal objects; the fraction of captions
 * that are paraphrased. */
static const double kind_weights[CAPTION_KINDS] = {
    [CAPTION_OBJECT] = 2,   [CAPTION_COUNT] = 0.5,   [CAPTION_PAIR] = 2,
    [CAPTION_RELATION] = 5, [CAPTION_WITHOUT] = 0.5, [CAPTION_NONE] = 0.5
};
static const double ONE_TYPE_RATE = 0.15, PARAPHRASE_RATE = 0.1;

/* The fraction of the steps, at the start, with scenes of one object: colours and shapes are learnt faster this way. */
static const double SINGLE_OBJECT_STAGE = 0.15;

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* e^t image text^T: image [B,E], text [n,E] -> [B,n]. */
static Var vector_logits(Tape *t, Clip *clip, Mat pixels, const int *ids, int n) {
    Var image = clip_image(t, clip, pixels), text = clip_text(t, clip, ids, n, clip->config.tokens);
    return clip_logits(t, image, text, tape_param(t, clip->logit_scale));
}

/* `add` makes the parameters that an interaction has beside the towers'. */
static const struct {
    const char *name;
    void (*add)(Clip *clip, Rng *rng);
    SceneModelLogits *logits;
} interactions[] = { { "vector", NULL, vector_logits }, { "late", late_interaction_add, late_interaction_logits } };

SceneModelConfig scene_model_config(SceneModelConfig s) {
    if (!s.text) s.text = "transformer";
    if (!s.interaction) s.interaction = interactions[0].name;
    if (s.coverage == 0 || s.split == SPLIT_ALL) s.coverage = 1;
    s.coverage = round(1000 * s.coverage) / 1000;
    if (!s.objects) s.objects = 2;
    if (!s.steps) s.steps = SCENE_MODEL_STEPS;
    return s;
}

char *scene_model_text(Arena *arena, const SceneModelConfig *given) {
    SceneModelConfig s = scene_model_config(*given);
    const char *shown = "everything";
    if (s.split != SPLIT_ALL) shown = arena_print(arena, "%.1f %% of %s", 100 * s.coverage, split_name(s.split));
    const char *batches = s.palette ? arena_print(arena, "palette %d, ", s.palette) : "";
    return arena_print(arena, "%s, interaction %s, %s, %d object%s, %sseed %d, %d steps", s.text, s.interaction, shown,
                       s.objects, s.objects == 1 ? "" : "s", batches, s.seed, s.steps);
}

static bool config_check(const SceneModelConfig *s, const Split *split, Err *err) {
    if (s->objects < 1 || s->objects > SCENE_MAX)
        return err_set(err, "%d objects in a scene, want 1 to %d", s->objects, SCENE_MAX);
    if (s->palette && s->split != SPLIT_ALL && s->split != SPLIT_PAIRS)
        return err_set(err, "--palette needs --split pairs or --split all, not --split %s", split_name(s->split));
    if (s->palette < 0 || (s->palette && s->palette < s->objects))
        return err_set(err, "palette is %d, want 0 or at least the %d objects of a scene", s->palette, s->objects);
    if (s->steps < 1) return err_set(err, "%d steps, want at least 1", s->steps);
    if (!strcmp(s->interaction, "late") && strcmp(s->text, "transformer"))
        return err_set(err, "interaction late needs the text tower transformer, not %s", s->text);
    return scene_config_check(&(SceneConfig){ .max = s->objects, .split = split }, err);
}

/* Whether two colours and two shapes are seen in all four combinations. If not, the colour determines the shape: no two
 * objects can swap colours within the seen combinations, and binding can be neither trained nor tested. */
static bool can_swap(const Split *split) {
    for (int square = 0; square < COLOUR_COUNT * COLOUR_COUNT * SHAPE_COUNT * SHAPE_COUNT; square++) {
        const int c[] = { square % COLOUR_COUNT, square / COLOUR_COUNT % COLOUR_COUNT };
        const int s[] = { square / (COLOUR_COUNT * COLOUR_COUNT) % SHAPE_COUNT,
                          square / (COLOUR_COUNT * COLOUR_COUNT * SHAPE_COUNT) };
        int seen = 0;
        for (int k = 0; k < 4; k++) seen += split_has_pair(split, SPLIT_SEEN, (ShapeColour)c[k % 2], (Shape)s[k / 2]);
        if (c[0] != c[1] && s[0] != s[1] && seen == 4) return true;
    }
    return false;
}

/* The first split from this seed in which objects can swap colours, if there is one. */
static Split split_of(const SceneModelConfig *s) {
    enum { SPLIT_TRIES = 100, APART = 1000 };
    Split first = split_make(s->split, s->coverage, (uint64_t)s->seed), other = first;
    for (int k = 1; s->split == SPLIT_PAIRS && k < SPLIT_TRIES && !can_swap(&other); k++)
        other = split_make(s->split, s->coverage, (uint64_t)(s->seed + APART * k));
    return s->split == SPLIT_PAIRS && can_swap(&other) ? other : first;
}

bool scene_model_init(SceneModel *model, const SceneModelConfig *config, Err *err) {
    SceneModelConfig s = scene_model_config(*config);
    size_t k = 0;
    *model = (SceneModel){ .config = s, .split = split_of(&s) };
    while (k < COUNT(interactions) && strcmp(interactions[k].name, s.interaction)) k++;
    if (k == COUNT(interactions))
        return err_set(err, "there is no interaction \"%s\"; there are vector and late", s.interaction);
    if (!config_check(&s, &model->split, err)) return false;
    Arena arena = { 0 };
    Vocab vocab = caption_vocab(&arena);
    TextTowerSize text = { .kind = s.text, .width = WIDTH, .embed = EMBED, .padding = TEXT_PADDING, .heads = 4 };
    ClipConfig towers = { .text = text, .tokens = CAPTION_WORDS };
    towers.image = (ImageTowerSize){ .kind = "scene", .widths = { 16, 32, 64 }, .embed = EMBED };
    bool ok = clip_init(&model->clip, towers, &vocab, (uint64_t)s.seed, err);
    arena_free(&arena);
    if (!ok) return false;
    Rng rng = rng_seed((uint64_t)s.seed, 1);
    if (interactions[k].add) interactions[k].add(&model->clip, &rng);
    model->logits = interactions[k].logits;
    return true;
}

void scene_model_free(SceneModel *model) {
    clip_free(&model->clip);
    *model = (SceneModel){ .loss = 0 };
}

/* ---- training examples ------------------------------------------------------------------------------------------- */

static Caption draw_caption(const Scene *scene, const CaptionRules *rules, Rng *rng) {
    double all = 0;
    for (int k = 0; k < CAPTION_KINDS; k++) all += kind_weights[k];
    for (;;) { /* ends: OBJECT is always possible */
        Caption caption;
        double at = all * rng_uniform(rng);
        int kind = 0;
        while (kind + 1 < CAPTION_KINDS && at >= kind_weights[kind]) at -= kind_weights[kind++];
        if (!caption_random_true(&caption, scene, (CaptionKind)kind, rules, rng)) continue;
        return rng_uniform(rng) < PARAPHRASE_RATE ? caption_paraphrase(&caption, PARAPHRASE_ALL, rng) : caption;
    }
}

/* The types of objects in a batch: the seen combinations of the first n random colours and shapes, n as small as
 * possible. */
typedef struct {
    ObjectType type[COLOUR_COUNT * SHAPE_COUNT];
    int count;
} Palette;

static Palette palette_make(const SceneModel *model, Rng *rng) {
    int colour[COLOUR_COUNT], shape[SHAPE_COUNT];
    Palette p = { .count = 0 };
    rng_choice(rng, COLOUR_COUNT, colour, COLOUR_COUNT);
    rng_choice(rng, SHAPE_COUNT, shape, SHAPE_COUNT);
    for (int across = 1; across <= COLOUR_COUNT && p.count < model->config.palette; across++)
        for (int i = 0; i < across; i++) /* the row and column that extend the square to `across` */
            for (int j = i == across - 1 ? 0 : across - 1; j < across; j++)
                if (split_has_pair(&model->split, SPLIT_SEEN, (ShapeColour)colour[i], (Shape)shape[j]))
                    p.type[p.count++] = (ObjectType){ (ShapeColour)colour[i], (Shape)shape[j] };
    return p;
}

/* Replaces the types of a scene by types of the palette: one for all objects, or all different. */
static void repaint(Scene *scene, const Palette *palette, bool one_type, Rng *rng) {
    int pick[COLOUR_COUNT * SHAPE_COUNT];
    rng_choice(rng, palette->count, pick, MIN(palette->count, SCENE_MAX));
    for (int k = 0; k < scene->count; k++)
        object_set_type(&scene->object[k], palette->type[pick[one_type ? 0 : k % palette->count]]);
    scene_place(scene, rng);
}

SceneExample scene_model_example(const SceneModel *model, const TrainingStage *stage, uint64_t i, Caption *negatives) {
    uint64_t stream = 4 * (uint64_t)model->config.seed + (stage ? 2 : 0);
    Rng rng = rng_seed(stream, i), of_batch = rng_seed(stream + 1, i / SCENE_MODEL_BATCH);
    bool one_type = rng_uniform(&rng) < ONE_TYPE_RATE;
    bool single_object = !stage && (double)i < SINGLE_OBJECT_STAGE * model->config.steps * SCENE_MODEL_BATCH;
    int objects = single_object ? 1 : model->config.objects;
    SceneConfig s = { .seed = rng_next(&rng), .repeat = one_type, .split = &model->split, .part = SPLIT_SEEN };
    s.least = one_type ? 1 : objects;
    s.max = one_type ? SCENE_MAX : objects;
    CaptionRules rules = { .split = &model->split, .part = SPLIT_SEEN };
    SceneExample pair = { .scene = scene_make(&s, 0) };
    if (model->config.palette && !single_object) {
        Palette palette = palette_make(model, &of_batch);
        repaint(&pair.scene, &palette, one_type, &rng);
    }
    pair.caption = draw_caption(&pair.scene, &rules, &rng);
    for (int k = 0; negatives && stage && k < stage->negatives; k++)
        if (!caption_random_false(&negatives[k], &pair.scene, &pair.caption, stage->edits, &rules, &rng))
            negatives[k].kind = CAPTION_KINDS;
    return pair;
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

typedef struct {
    SceneModel *model;
    const TrainingStage *stage;
    uint64_t first;      /* number of the first pair */
    int B, N, negatives; /* scenes; captions, B (1 + negatives): those of scene i begin at B + negatives i */
    Scene *scene;
    Caption *caption;
    char (*text)[CAPTION_TEXT];
    Mat pixels, excluded; /* [B,side,side,3]; 1 where a pair is excluded, [B,N] */
} Batch;

static void batch_pairs(void *context, size_t begin, size_t end) {
    Batch *b = context;
    for (size_t i = begin; i < end; i++) {
        Caption *negatives = b->caption + b->B + i * (size_t)b->negatives;
        SceneExample pair = scene_model_example(b->model, b->stage, b->first + i, negatives);
        b->scene[i] = pair.scene;
        b->caption[i] = pair.caption;
        caption_text(&pair.caption, b->text[i]);
        for (int k = 0; k < b->negatives; k++) /* where none was found, the true caption stands here, excluded */
            caption_text(negatives[k].kind == CAPTION_KINDS ? &pair.caption : &negatives[k],
                         b->text[negatives + k - b->caption]);
        scene_pixels(&pair.scene, b->pixels.v + i * PIXELS);
    }
}

/* Whether caption n, not scene i's own, is true of scene i (or missing). */
static bool is_excluded(const Batch *b, int i, int n) {
    return n != i && (b->caption[n].kind == CAPTION_KINDS || caption_true(&b->scene[i], &b->caption[n]));
}

static void batch_exclude(void *context, size_t begin, size_t end) {
    const Batch *b = context;
    for (int i = (int)begin; i < (int)end; i++)
        for (int n = 0; n < b->N; n++) AT(b->excluded, i, n) = is_excluded(b, i, n);
}

static Batch batch_begin(Arena *arena, SceneModel *model, const TrainingStage *stage) {
    Batch b = { .model = model, .stage = stage, .B = SCENE_MODEL_BATCH, .negatives = stage ? stage->negatives : 0 };
    b.N = b.B * (1 + b.negatives);
    b.scene = arena_alloc(arena, (size_t)b.B, sizeof *b.scene);
    b.caption = arena_alloc(arena, (size_t)b.N, sizeof *b.caption);
    b.text = arena_alloc(arena, (size_t)b.N, sizeof *b.text);
    b.pixels = mat_like(arena, mat_shape(4, b.B, SCENE_SIDE, SCENE_SIDE, 3));
    b.excluded = mat_new(arena, b.B, b.N);
    return b;
}

static Var batch_loss(Tape *t, Batch *b, int step) {
    SceneModel *model = b->model;
    b->first = (uint64_t)step * (uint64_t)b->B;
    parallel_for((size_t)b->B, CHUNK, batch_pairs, b);
    parallel_for((size_t)b->B, CHUNK, batch_exclude, b);
    size_t N = (size_t)b->N, T = (size_t)model->clip.config.tokens;
    const char **texts = arena_alloc(&t->arena, N, sizeof *texts);
    int *ids = arena_alloc(&t->arena, N * T, sizeof *ids);
    for (int n = 0; n < b->N; n++) texts[n] = b->text[n];
    vocab_encode(&model->clip.vocab, &t->arena, texts, b->N, (int)T, ids);
    return clip_loss_hard_negatives(t, model->logits(t, &model->clip, b->pixels, ids, b->N), b->excluded);
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

typedef struct {
    Batch batch;
    Progress progress;
} Training;

static Var training_loss(void *context, Tape *t, int step) {
    Training *training = context;
    return batch_loss(t, &training->batch, step);
}

static void training_after_step(void *context, int done, double loss) {
    Training *training = context;
    progress_note(&training->progress, "loss %.2f", loss);
    progress_update(&training->progress, done);
}

bool scene_model_train(SceneModel *model, const TrainingStage *stage, Err *err) {
    Arena arena = { 0 };
    int steps = stage ? stage->steps : model->config.steps;
    Training training = { .batch = batch_begin(&arena, model, stage),
                          .progress = progress_begin(model->config.text, steps, "steps/s") };
    StepsRun run = { .name = scene_model_text(&arena, &model->config),
                     .steps = steps,
                     .lr_factor = stage ? stage->lr_factor : 1,
                     .loss = training_loss,
                     .after_step = training_after_step,
                     .context = &training };
    bool ok = steps_train(&model->clip, &run, &model->loss, err);
    progress_end(&training.progress);
    arena_free(&arena);
    return ok;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

char *scene_model_path(Arena *arena, const SceneModelConfig *config, const TrainingStage *stage2) {
    SceneModelConfig s = scene_model_config(*config);
    char *name = arena_print(arena, "%s/scene-model-%s-%s-%s-%d-of-1000-objects%d-palette%d-seed%d-%d", models_folder(),
                             s.text, s.interaction, split_name(s.split), (int)lround(1000 * s.coverage), s.objects,
                             s.palette, s.seed, s.steps);
    if (stage2) name = arena_print(arena, "%s-%s-%d", name, stage2->name, stage2->steps);
    return arena_print(arena, "%s.safetensors", name);
}

char *scene_model_shipped(Arena *arena, const SceneModelConfig *config) {
    SceneModelConfig s = scene_model_config(*config);
    if (s.objects != 2 || s.palette != 0 || s.seed != 1 || s.steps != SCENE_MODEL_STEPS) return NULL;
    return arena_print(arena, "%sdata/pretrained/scene-%s-%s-%s-%d.safetensors", shipped_prefix(), s.text,
                       s.interaction, split_name(s.split), (int)lround(1000 * s.coverage));
}

/* Everything that determines the weights. "recipe 1" stands for the constants of this file and of
 * training/steps.c: change it with them. */
static char *signature(Arena *arena, const SceneModel *model, const TrainingStage *stage2) {
    char *first = scene_model_text(arena, &model->config);
    first = arena_print(arena, "recipe 1, %s, batch %d", first, SCENE_MODEL_BATCH);
    if (!stage2) return first;
    return arena_print(arena, "%s; then %s, %d steps at %g, %d negatives of edits %#x", first, stage2->name,
                       stage2->steps, stage2->lr_factor, stage2->negatives, stage2->edits);
}

bool scene_model_save(const SceneModel *model, const TrainingStage *stage2, const char *path, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(&model->clip, &out, DTYPE_F32);
    safetensors_add_meta(&out, "scene-model", signature(&arena, model, stage2));
    safetensors_add_meta(&out, "loss", arena_print(&arena, "%.6f", model->loss));
    bool ok = safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

/* Whether weights and one similarity are finite. (Finite weights may still overflow.) */
static bool outputs_finite(SceneModel *model) {
    Arena arena = { 0 };
    const Scene scene = scene_make(&(SceneConfig){ .seed = 1 }, 0), *scenes[] = { &scene };
    const char *caption = "a red circle left of a blue square";
    bool ok = true;
    for (int i = 0; i < model->clip.params.count; i++)
        ok = ok && all_finite(model->clip.params.list[i]->val.v, mat_count(model->clip.params.list[i]->val));
    ok = ok && isfinite(scene_model_similarities(model, &arena, scenes, 1, &caption, 1).v[0]);
    arena_free(&arena);
    return ok;
}

static bool load_from(SceneModel *model, const TrainingStage *stage2, const Safetensors *file, const char *path,
                      Err *err) {
    Arena *arena = &model->clip.arena;
    const char *of = safetensors_meta(file, "scene-model"), *wanted = signature(arena, model, stage2);
    const char *loss = safetensors_meta(file, "loss"), *again = "then the model is trained again";
    if (!of || strcmp(of, wanted))
        return err_set(err, "%s: the file holds another model (%s), want %s; remove it, %s", path,
                       of ? of : "no description", wanted, again);
    if (!loss || !parse_real(loss, -1e6, 1e6, &model->loss))
        return err_set(err, "%s: metadata \"loss\" is not a number; remove the file, %s", path, again);
    if (!params_restore(&model->clip.params, file, path, "", err)) return false;
    return outputs_finite(model) ||
           err_set(err, "%s: weights or similarities are not finite; remove the file, %s", path, again);
}

bool scene_model_load(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2, const char *path,
                      Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    bool opened = safetensors_open(&file, &arena, path, err);
    if (opened) safetensors_warn(&file, path);
    bool ok = opened && scene_model_init(model, config, err) && load_from(model, stage2, &file, path, err);
    if (opened && !ok) scene_model_free(model);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

/* Says what begins now, how long it takes, and where the result will be. */
static void announce(const SceneModel *model, const TrainingStage *stage, const char *path) {
    Arena arena = { 0 };
    int steps = stage ? stage->steps : model->config.steps, columns = 1 + (stage ? stage->negatives : 0);
    fprintf(stderr, "Training %s%s%s: some %d seconds on two processors; kept as %s\n",
            scene_model_text(&arena, &model->config), stage ? ", then " : "", stage ? stage->name : "",
            1 + steps * columns / STEPS_PER_SECOND, path);
    arena_free(&arena);
}

/* Loads or trains the first stage; then trains the second, if there is one. */
static bool train_and_save(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2,
                           const char *path, Err *err) {
    if (stage2 ? !scene_model_load_or_train(model, config, NULL, err) : !scene_model_init(model, config, err))
        return false;
    announce(model, stage2, path);
    if (scene_model_train(model, stage2, err) && folder_make(models_folder(), err) &&
        scene_model_save(model, stage2, path, err))
        return true;
    scene_model_free(model);
    return false;
}

bool scene_model_load_or_train(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2,
                               Err *err) {
    Arena arena = { 0 };
    char *path = scene_model_path(&arena, config, stage2);
    const char *shipped = stage2 ? NULL : scene_model_shipped(&arena, config);
    const char *found = file_exists(path) ? path : shipped && file_exists(shipped) ? shipped : NULL;
    bool ok =
        found ? scene_model_load(model, config, stage2, found, err) : train_and_save(model, config, stage2, path, err);
    arena_free(&arena);
    return ok;
}

/* ---- similarities ------------------------------------------------------------------------------------------------ */

typedef struct {
    const Scene *const *scenes;
    num *pixels;
} RenderJob;
static void render_range(void *context, size_t begin, size_t end) {
    const RenderJob *p = context;
    for (size_t i = begin; i < end; i++) scene_pixels(p->scenes[i], p->pixels + i * PIXELS);
}

static Mat render_scenes(Arena *arena, const Scene *const *scenes, int n) {
    Mat pixels = mat_like(arena, mat_shape(4, n, SCENE_SIDE, SCENE_SIDE, 3));
    parallel_for((size_t)n, CHUNK, render_range, &(RenderJob){ scenes, pixels.v });
    return pixels;
}

Mat scene_model_image_features(SceneModel *model, Arena *arena, const Scene *const *scenes, int n) {
    const char *interaction = model->config.interaction;
    REQUIRE(model->logits == vector_logits, "interaction %s has no single vector for a picture", interaction);
    Mat all = mat_new(arena, n, EMBED);
    Tape tape = { .no_grad = true };
    for (int i = 0; i < n; i += IMAGES_AT_ONCE) {
        int some = MIN(IMAGES_AT_ONCE, n - i);
        tape_reset(&tape);
        Mat vectors = clip_image(&tape, &model->clip, render_scenes(&tape.arena, scenes + i, some))->val;
        memcpy(&AT(all, i, 0), vectors.v, mat_count(vectors) * sizeof(num));
    }
    tape_free(&tape);
    return all;
}

/* Unit vectors: their dot products. */
static void vector_similarities(SceneModel *model, const Scene *const *scenes, int n, const char *const *captions,
                                Mat all) {
    Arena arena = { 0 };
    Mat image = scene_model_image_features(model, &arena, scenes, n);
    Mat text = clip_text_features(&model->clip, &arena, captions, all.shape[1], NULL);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < all.shape[1]; k++) AT(all, i, k) = (num)vec_dot(&AT(image, i, 0), &AT(text, k, 0), EMBED);
    arena_free(&arena);
}

/* Any interaction: its logits [n,m], divided by their scale. */
static void logit_similarities(SceneModel *model, const Scene *const *scenes, int n, const int *ids, int m, num *out) {
    Tape tape = { .no_grad = true };
    Mat logits = model->logits(&tape, &model->clip, render_scenes(&tape.arena, scenes, n), ids, m)->val;
    double scale = exp((double)*model->clip.logit_scale->val.v);
    for (size_t i = 0; i < mat_count(logits); i++) out[i] = (num)((double)logits.v[i] / scale);
    tape_free(&tape);
}

Mat scene_model_similarities(SceneModel *model, Arena *arena, const Scene *const *scenes, int n,
                             const char *const *captions, int m) {
    Mat all = mat_like(arena, mat_shape(2, n, m));
    if (model->logits == vector_logits) {
        vector_similarities(model, scenes, n, captions, all);
        return all;
    }
    Arena work = { 0 };
    int T = model->clip.config.tokens, *ids = arena_alloc(&work, (size_t)m * (size_t)T, sizeof *ids);
    vocab_encode(&model->clip.vocab, &work, captions, m, T, ids);
    for (int i = 0; i < n; i += LATE_AT_ONCE)
        logit_similarities(model, scenes + i, MIN(LATE_AT_ONCE, n - i), ids, m, &AT(all, i, 0));
    arena_free(&work);
    return all;
}

static PairScore pair_score_item_by_item(SceneModel *model, const MinimalPairs *pairs) {
    PairScore score = pair_score_new(pairs->pictures, pairs->captions);
    for (int q = 0; q < pairs->count; q++) {
        Arena arena = { 0 };
        const MinimalPair *item = &pairs->item[q];
        const Scene *const scenes[PAIR_PICTURES] = { &item->scene[0], &item->scene[1] };
        double s[PAIR_PICTURES * PAIR_CAPTIONS];
        Mat similar = scene_model_similarities(model, &arena, scenes, pairs->pictures, item->caption, pairs->captions);
        for (size_t i = 0; i < mat_count(similar); i++) s[i] = (double)similar.v[i];
        pair_score_add(&score, s);
        arena_free(&arena);
    }
    return score;
}

PairScore scene_model_pair_score(SceneModel *model, const MinimalPairs *pairs) {
    if (model->logits != vector_logits) return pair_score_item_by_item(model, pairs);
    Arena arena = { 0 };
    int n = minimal_pairs_pictures(pairs);
    const Scene **scenes = arena_alloc(&arena, (size_t)n, sizeof *scenes);
    for (int i = 0; i < n; i++) scenes[i] = minimal_pairs_scene(pairs, i);
    Mat pictures = scene_model_image_features(model, &arena, scenes, n);
    const char **captions = minimal_pairs_texts(pairs, &arena);
    Mat texts = clip_text_features(&model->clip, &arena, captions, minimal_pairs_captions(pairs), NULL);
    PairScore score = minimal_pairs_score(pairs, pictures, texts);
    arena_free(&arena);
    return score;
}
