#include "sound/sound_model.h"
#include "core/thread.h"
#include "model/clip_file.h"
#include "show/progress.h"
#include "training/steps.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 4, SOUNDS_AT_ONCE = 160 };

const char *sound_anchor_name(SoundAnchor anchor) { return anchor == ANCHOR_PICTURE ? "pictures" : "texts"; }

SoundModelConfig sound_model_config(SoundModelConfig c) {
    static const int widths[SOUND_LAYERS] = { 16, 32, 32 };
    for (int i = 0; i < SOUND_LAYERS; i++)
        if (!c.widths[i]) c.widths[i] = widths[i];
    if (!c.steps) c.steps = SOUND_STEPS;
    if (!c.batch) c.batch = SOUND_BATCH;
    return c;
}

/* ---- the tower --------------------------------------------------------------------------------------------------- */

void sound_model_init(SoundModel *model, const SoundModelConfig *config, int E) {
    *model = (SoundModel){ .config = sound_model_config(*config) };
    Params *params = &model->clip.params;
    params->arena = &model->clip.arena;
    Rng rng = rng_seed((uint64_t)model->config.seed, 0);
    int in = 1, rows = MEL_FRAMES, columns = MEL_BANDS;
    for (int i = 0; i < SOUND_LAYERS; i++) {
        int out = model->config.widths[i];
        model->conv[i] = conv_add(params, arena_print(params->arena, "sound.conv%d", i + 1),
                                  (ConvSize){ in, out, 3, 2, 1, false }, &rng);
        model->norm[i] = batchnorm_add(params, arena_print(params->arena, "sound.bn%d", i + 1), out, true, 0.1);
        in = out;
        rows = (rows + 1) / 2;
        columns = (columns + 1) / 2;
    }
    model->fc = linear_add(params, "sound.fc", rows * columns * in, E, &rng);
    model->clip.logit_scale = params_add(params, mat_shape(0), "logit_scale");
    init_constant(model->clip.logit_scale, LOGIT_SCALE_START);
}

void sound_model_free(SoundModel *model) {
    clip_free(&model->clip);
    *model = (SoundModel){ .loss = 0 };
}

/* x [B,64,40,1] -> [B,32,20,w0] -> [B,16,10,w1] -> [B,8,5,w2] -> [B,E] */
Var sound_tower(Tape *t, SoundModel *model, Var x) {
    const int *s = x->val.shape;
    REQUIRE(x->val.dims == 4 && s[1] == MEL_FRAMES && s[2] == MEL_BANDS && s[3] == 1,
            "pictures are %s, want [B,%d,%d,1]", mat_shape_text(x->val), MEL_FRAMES, MEL_BANDS);
    for (int i = 0; i < SOUND_LAYERS; i++) x = batchnorm(t, &model->norm[i], conv(t, &model->conv[i], x), ACT_RELU);
    return op_l2norm(t, linear(t, &model->fc, op_flatten(t, x)));
}

/* ---- scenes and their sounds ------------------------------------------------------------------------------------- */

SoundExample sound_model_example(const SoundModelConfig *config, const Split *split, uint64_t i) {
    Rng rng = rng_seed((uint64_t)config->seed + 2400, i);
    bool one_type = rng_uniform(&rng) < 0.5;
    SceneConfig s = { .seed = rng_next(&rng), .repeat = one_type, .split = split, .part = SPLIT_SEEN };
    s.least = one_type ? 1 : 2;
    s.max = one_type ? SCENE_MAX : 2;
    return (SoundExample){ scene_make(&s, 0), rng_next(&rng), config->no_breath };
}

static bool type_same(ObjectType a, ObjectType b) { return a.colour == b.colour && a.shape == b.shape; }

static int type_count(const Scene *scene, ObjectType type) {
    int count = 0;
    for (int k = 0; k < scene->count; k++) count += type_same(object_type(&scene->object[k]), type);
    return count;
}

Caption sound_caption(const Scene *scene) {
    ObjectType first = object_type(&scene->object[0]), second = first;
    for (int k = scene->count - 1; k > 0; k--)
        if (!type_same(object_type(&scene->object[k]), first)) second = object_type(&scene->object[k]);
    int a = type_count(scene, first), b = scene->count - a;
    Caption c = { .kind = CAPTION_COUNT, .a = noun_of((int)first.colour, (int)first.shape) };
    if (b) {
        REQUIRE(type_count(scene, second) == b, "%s", "a scene of more than two types of objects");
        c.kind = a == 1 && b == 1 ? CAPTION_PAIR : CAPTION_COUNTS;
        c.b = noun_of((int)second.colour, (int)second.shape);
    }
    if (c.kind != CAPTION_PAIR) c.count[0] = a;
    if (c.kind == CAPTION_COUNTS) c.count[1] = b;
    return c;
}

bool sound_same(const Scene *a, const Scene *b) {
    if (a->count != b->count) return false;
    for (int k = 0; k < a->count; k++) {
        ObjectType type = object_type(&a->object[k]);
        if (type_count(a, type) != type_count(b, type)) return false;
    }
    return true;
}

typedef struct {
    const SoundExample *example;
    num *samples;
} SamplesJob;
static void samples_range(void *context, size_t begin, size_t end) {
    const SamplesJob *job = context;
    for (size_t i = begin; i < end; i++)
        sound_of_scene(&job->example[i].scene, job->example[i].sound, !job->example[i].no_breath,
                       job->samples + i * SOUND_SAMPLES);
}
Mat sound_samples(Arena *arena, const SoundExample *example, int n) {
    Mat samples = mat_new(arena, n, SOUND_SAMPLES);
    parallel_for((size_t)n, CHUNK, samples_range, &(SamplesJob){ example, samples.v });
    return samples;
}

Mat sound_features(SoundModel *model, Arena *arena, Mat samples) {
    int n = samples.shape[0], E = model->fc.bias->val.shape[0];
    Mat all = mat_new(arena, n, E);
    Arena work = { 0 };
    const LogMel *plan = log_mel_plan(&work);
    Tape tape = { .no_grad = true };
    for (int i = 0; i < n; i += SOUNDS_AT_ONCE) {
        Mat some = samples;
        some.shape[0] = MIN(SOUNDS_AT_ONCE, n - i);
        some.v = samples.v + (size_t)i * SOUND_SAMPLES;
        tape_reset(&tape);
        Mat vectors = sound_tower(&tape, model, tape_data(&tape, log_mel_pictures(&tape.arena, plan, some)))->val;
        memcpy(&AT(all, i, 0), vectors.v, mat_count(vectors) * sizeof(num));
    }
    tape_free(&tape);
    arena_free(&work);
    return all;
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

typedef struct {
    SoundModel *model;
    SceneModel *scenes;
    const LogMel *plan;
    Progress progress;
} Training;

/* [B,E]: the unit vectors that the sounds shall have. Half of the captions are paraphrased. */
static Mat anchor_vectors(const Training *training, Arena *arena, const SoundExample *example, int B) {
    if (training->model->config.anchor == ANCHOR_PICTURE) {
        const Scene **scenes = arena_alloc(arena, (size_t)B, sizeof *scenes);
        for (int i = 0; i < B; i++) scenes[i] = &example[i].scene;
        return scene_model_image_features(training->scenes, arena, scenes, B);
    }
    char(*text)[CAPTION_TEXT] = arena_alloc(arena, (size_t)B, sizeof *text);
    const char **texts = arena_alloc(arena, (size_t)B, sizeof *texts);
    for (int i = 0; i < B; i++) {
        Rng rng = rng_seed(example[i].sound, 1);
        Caption caption = sound_caption(&example[i].scene);
        if (rng_uniform(&rng) < 0.5) caption = caption_paraphrase(&caption, PARAPHRASE_ALL, &rng);
        texts[i] = caption_text(&caption, text[i]);
    }
    return clip_text_features(&training->scenes->clip, arena, texts, B, NULL);
}

static Var training_loss(void *context, Tape *t, int step) {
    Training *training = context;
    SoundModel *model = training->model;
    int B = model->config.batch;
    SoundExample *example = arena_alloc(&t->arena, (size_t)B, sizeof *example);
    for (int i = 0; i < B; i++)
        example[i] =
            sound_model_example(&model->config, &training->scenes->split, (uint64_t)step * (uint64_t)B + (uint64_t)i);
    Mat excluded = mat_new(&t->arena, B, B);
    for (int i = 0; i < B; i++)
        for (int k = 0; k < B; k++) AT(excluded, i, k) = i != k && sound_same(&example[i].scene, &example[k].scene);
    Mat anchors = anchor_vectors(training, &t->arena, example, B);
    Mat pictures = log_mel_pictures(&t->arena, training->plan, sound_samples(&t->arena, example, B));
    Var sounds = sound_tower(t, model, tape_data(t, pictures)), scale = tape_param(t, model->clip.logit_scale);
    return clip_loss_hard_negatives(t, clip_logits(t, sounds, tape_data(t, anchors), scale), excluded);
}

static void training_after_step(void *context, int done, double loss) {
    Training *training = context;
    progress_note(&training->progress, "loss %.2f", loss);
    progress_update(&training->progress, done);
}

bool sound_model_train(SoundModel *model, SceneModel *scenes, Err *err) {
    Arena arena = { 0 };
    const char *name = arena_print(&arena, "sounds, %s", sound_anchor_name(model->config.anchor));
    Training training = { model, scenes, log_mel_plan(&arena), progress_begin(name, model->config.steps, "steps/s") };
    StepsRun run = { .name = name,
                     .steps = model->config.steps,
                     .loss = training_loss,
                     .after_step = training_after_step,
                     .context = &training };
    bool ok = steps_train(&model->clip, &run, &model->loss, err);
    progress_end(&training.progress);
    arena_free(&arena);
    return ok;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool is_shipped(const SoundModelConfig *c) {
    SoundModelConfig d = sound_model_config((SoundModelConfig){ .anchor = c->anchor, .seed = 1 });
    return c->seed == d.seed && c->steps == d.steps && c->batch == d.batch && !c->no_breath &&
           !memcmp(c->widths, d.widths, sizeof d.widths);
}

char *sound_model_path(Arena *arena, const SoundModelConfig *config) {
    SoundModelConfig c = sound_model_config(*config);
    const char *anchor = sound_anchor_name(c.anchor), *plain = c.no_breath ? "-no-breath" : "";
    if (is_shipped(&c)) return arena_print(arena, "%sdata/pretrained/sound-%s.safetensors", shipped_prefix(), anchor);
    return arena_print(arena, "%s/sound-%s%s-%d-%d-%d-seed%d-%dx%d.safetensors", models_folder(), anchor, plain,
                       c.widths[0], c.widths[1], c.widths[2], c.seed, c.steps, c.batch);
}

/* Everything that determines the weights. "recipe 1" stands for the constants of this folder's files and of
 * training/steps.c: change it with them. */
static char *signature(Arena *arena, const SoundModel *model, const SceneModel *scenes) {
    const SoundModelConfig *c = &model->config;
    return arena_print(arena, "recipe 1, anchor %s%s, widths %d %d %d, seed %d, %d steps of %d; scene model: %s",
                       sound_anchor_name(c->anchor), c->no_breath ? ", no breath" : "", c->widths[0], c->widths[1],
                       c->widths[2], c->seed, c->steps, c->batch, scene_model_text(arena, &scenes->config));
}

bool sound_model_save(const SoundModel *model, const SceneModel *scenes, const char *path, const SoundNote *notes,
                      int count, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < model->clip.params.count; i++)
        safetensors_add(&out, model->clip.params.list[i]->name, DTYPE_F16, model->clip.params.list[i]->val);
    safetensors_add_meta(&out, "sound-model", signature(&arena, model, scenes));
    safetensors_add_meta(&out, "loss", arena_print(&arena, "%.6f", model->loss));
    for (int i = 0; i < count; i++) safetensors_add_meta(&out, notes[i].key, notes[i].value);
    bool ok = safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

static bool load_from(SoundModel *model, const SceneModel *scenes, const Safetensors *file, const char *path,
                      Err *err) {
    Arena *arena = &model->clip.arena;
    const char *of = safetensors_meta(file, "sound-model"), *wanted = signature(arena, model, scenes);
    const char *loss = safetensors_meta(file, "loss"), *again = "remove it, then the model is trained again";
    if (!of || strcmp(of, wanted))
        return err_set(err, "%s: the file holds another model (%s), want %s; %s", path, of ? of : "no description",
                       wanted, again);
    if (!loss || !parse_real(loss, -1e6, 1e6, &model->loss))
        return err_set(err, "%s: metadata \"loss\" is not a number; %s", path, again);
    if (!params_restore(&model->clip.params, file, path, "", err)) return false;
    for (int i = 0; i < model->clip.params.count; i++) {
        const Param *p = model->clip.params.list[i];
        if (!all_finite(p->val.v, mat_count(p->val)))
            return err_set(err, "%s: %s has numbers that are not finite; %s", path, p->name, again);
    }
    return true;
}

bool sound_model_load(SoundModel *model, const SoundModelConfig *config, const SceneModel *scenes, const char *path,
                      Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    bool opened = safetensors_open(&file, &arena, path, err), ok = opened;
    if (opened) safetensors_warn(&file, path);
    if (opened) sound_model_init(model, config, scenes->clip.config.image.embed);
    ok = ok && load_from(model, scenes, &file, path, err);
    if (opened && !ok) sound_model_free(model);
    if (opened) safetensors_close(&file);
    arena_free(&arena);
    return ok;
}

static bool train_and_save(const SoundModelConfig *config, SceneModel *scenes, const char *path, const SoundNote *notes,
                           int count, Err *err) {
    SoundModel model;
    sound_model_init(&model, config, scenes->clip.config.image.embed);
    fprintf(stderr, "Training a sound tower, anchor %s, seed %d, %d steps; kept as %s\n",
            sound_anchor_name(model.config.anchor), model.config.seed, model.config.steps, path);
    bool ok = sound_model_train(&model, scenes, err) && folder_make(models_folder(), err) &&
              sound_model_save(&model, scenes, path, notes, count, err);
    sound_model_free(&model);
    return ok;
}

bool sound_model_load_or_train(SoundModel *model, const SoundModelConfig *config, SceneModel *scenes,
                               const SoundNote *notes, int count, Err *err) {
    Arena arena = { 0 };
    const char *path = sound_model_path(&arena, config);
    bool ok = file_exists(path) || train_and_save(config, scenes, path, notes, count, err);
    ok = ok && sound_model_load(model, config, scenes, path, err);
    arena_free(&arena);
    return ok;
}
