#include "look_model.h"
#include "core/file.h"
#include "core/thread.h"
#include "dataset/augment.h"
#include "evaluate/metrics.h"
#include "model/clip_file.h"
#include "scenes/caption.h"
#include "show/progress.h"
#include "training/recipe.h"

#include <string.h>

enum { PIXELS = CIFAR_NUMBERS, FACTS = 2, GRAIN = 8, IMAGES_AT_ONCE = 200, NO_FACT = -1 };

static const struct {
    const char *name, *image, *text;
    int steps, batch, tokens;
} kinds[LOOK_KINDS] = {
    [LOOK_PICTURES] = { "pictures", "small", "bow", 800, 128, 8 },
    [LOOK_PLAIN] = { "plain", "scene", "bow", 250, 128, 4 },
    [LOOK_NAMES] = { "names", "scene", "bow", 250, 128, 4 },
    [LOOK_ANY] = { "any", "scene", "bow", 250, 128, 4 },
    [LOOK_PATCHES] = { "patches", "vit", "bow", 200, 32, 4 },
    [LOOK_DEPTH] = { "depth", "scene", "transformer", 300, 128, 9 },
};

const char *look_name(LookKind kind) { return kinds[kind].name; }
int look_steps(LookKind kind) { return kinds[kind].steps; }

/* ---- captions: each is the text of a fact, a number -------------------------------------------------------------- */

static char *fact_text(const LookConfig *config, int fact, char *text) {
    if (config->kind == LOOK_PICTURES) {
        Arena arena = { 0 };
        snprintf(text, CAPTION_TEXT, "%s",
                 text_fill(&arena, recipe_find("tiny")->templates[0], config->train->names[fact]));
        arena_free(&arena);
    } else if (config->kind == LOOK_DEPTH) {
        depth_text(fact / DEPTH_TYPES, fact % DEPTH_TYPES, text);
    } else {
        Caption caption = { .kind = CAPTION_OBJECT, .a = noun_of(fact / SHAPE_COUNT, fact % SHAPE_COUNT) };
        if (config->kind == LOOK_PATCHES) caption.a = noun_of(fact, CAPTION_ANY);
        caption_text(&caption, text);
    }
    return text;
}

static int fact_count(LookKind kind) {
    if (kind == LOOK_PICTURES) return CIFAR_CLASSES;
    if (kind == LOOK_PATCHES) return COLOUR_COUNT;
    return kind == LOOK_DEPTH ? DEPTH_TYPES * DEPTH_TYPES : COLOUR_COUNT * SHAPE_COUNT;
}

const char **look_captions(Arena *arena, const Cifar *set) {
    const char **texts = arena_alloc(arena, CIFAR_CLASSES, sizeof *texts);
    for (int c = 0; c < CIFAR_CLASSES; c++)
        texts[c] = text_fill(arena, recipe_find("tiny")->templates[0], set->names[c]);
    return texts;
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

/* What is true of a picture, and the fact of its caption and of its hard negative. */
typedef struct {
    int fact[FACTS], caption, negative;
} Example;

typedef struct {
    const LookConfig *config;
    LookChoose *choose;
    void *context;
    Arena arena;
    int B, N;           /* pictures; captions: B, or 2 B with hard negatives */
    int *order, *index; /* of the training pictures; of those of the batch */
    uint64_t first;     /* number of the first example */
    Example example[LOOK_BATCH];
    Mat pixels, excluded; /* [B,32,32,3]; [B,N] */
    Progress progress;
} Training;

static int type_fact(const SceneObject *object) { return (int)object->colour * SHAPE_COUNT + (int)object->shape; }

static Example draw_scene(const LookConfig *config, uint64_t i, num *pixels) {
    uint64_t seed = 10 * (uint64_t)config->seed;
    SceneConfig two = { .seed = seed, .least = 2, .max = 2 };
    if (config->kind == LOOK_PATCHES) {
        Scene scene = scene_make(&two, i);
        scene_pixels(&scene, pixels);
        int fact[FACTS] = { (int)scene.object[0].colour, (int)scene.object[1].colour };
        return (Example){ { fact[0], fact[1] }, fact[i % 2], NO_FACT };
    }
    if (config->kind == LOOK_DEPTH) {
        DepthItem item = depth_item(DEPTH_BOTH, seed, i);
        scene_pixels(&item.scene[0], pixels);
        int fact = item.near[0] * DEPTH_TYPES + item.far[0];
        return (Example){ { fact, fact }, fact, item.far[0] * DEPTH_TYPES + item.near[0] };
    }
    uint8_t rgb[PIXELS];
    WordScene scene = word_scene((WordsKind)(config->kind - LOOK_PLAIN), seed, i);
    word_picture(&scene, true, rgb);
    scene_normalise(rgb, pixels);
    int fact = type_fact(&scene.scene.object[0]);
    return (Example){ { fact, fact }, fact, NO_FACT };
}

static void draw_examples(void *context, size_t begin, size_t end) {
    Training *s = context;
    for (size_t b = begin; b < end; b++) s->example[b] = draw_scene(s->config, s->first + b, s->pixels.v + b * PIXELS);
}

/* The next pictures of an endless row of shuffled epochs. */
static void shuffled(void *context, int step, int *index) {
    Training *s = context;
    int n = s->config->train->n;
    for (int b = 0; b < LOOK_BATCH; b++) {
        long long at = (long long)step * LOOK_BATCH + b;
        if (at % n == 0) {
            Rng rng = rng_seed((uint64_t)s->config->seed, 100 + (uint64_t)(at / n));
            rng_shuffle(&rng, s->order, n);
        }
        index[b] = s->order[at % n];
    }
}

static void choose_pictures(Training *s, int step) {
    const Cifar *set = s->config->train;
    s->choose(s->context, step, s->index);
    cifar_batch(set, s->index, LOOK_BATCH, NULL, s->pixels.v);
    for (int b = 0; b < LOOK_BATCH; b++) {
        int label = set->labels[s->index[b]];
        s->example[b] = (Example){ { label, label }, label, NO_FACT };
    }
}

static bool is_true(const Example *example, int fact) { return fact == example->fact[0] || fact == example->fact[1]; }

/* The captions' ids [N,T]; excluded[i,n] = 1 where caption n is true of picture i without being its own. */
static int *captions_of(Training *s, Tape *t, const Clip *clip) {
    int B = s->B, T = clip->config.tokens;
    int *ids = arena_alloc(&t->arena, (size_t)(s->N * T), sizeof *ids);
    const char **texts = arena_alloc(&t->arena, (size_t)s->N, sizeof *texts);
    for (int n = 0; n < s->N; n++) {
        int fact = n < B ? s->example[n].caption : s->example[n - B].negative;
        texts[n] = fact_text(s->config, fact, arena_alloc(&t->arena, CAPTION_TEXT, 1));
        for (int i = 0; i < B; i++) AT(s->excluded, i, n) = i != n && is_true(&s->example[i], fact);
    }
    vocab_encode(&clip->vocab, &t->arena, texts, s->N, T, ids);
    return ids;
}

typedef struct {
    Training *training;
    Clip *clip;
} Job;

static Var loss_of(void *context, Tape *t, int step) {
    const Job *job = context;
    Training *s = job->training;
    s->first = (uint64_t)step * (uint64_t)s->B;
    if (s->config->kind == LOOK_PICTURES) choose_pictures(s, step);
    else parallel_for((size_t)s->B, GRAIN, draw_examples, s);
    int *ids = captions_of(s, t, job->clip);
    Var image = clip_image(t, job->clip, s->pixels),
        text = clip_text(t, job->clip, ids, s->N, job->clip->config.tokens);
    return clip_loss_hard_negatives(t, clip_logits(t, image, text, tape_param(t, job->clip->logit_scale)), s->excluded);
}

static void after_step(void *context, int done, double loss) {
    Training *s = ((Job *)context)->training;
    progress_note(&s->progress, "loss %.2f", loss);
    progress_update(&s->progress, done);
}

void look_init(Clip *clip, const LookConfig *config) {
    Arena arena = { 0 };
    Err err;
    int facts = fact_count(config->kind);
    const char **texts = arena_alloc(&arena, (size_t)facts, sizeof *texts);
    for (int f = 0; f < facts; f++) texts[f] = fact_text(config, f, arena_alloc(&arena, CAPTION_TEXT, 1));
    Vocab vocab = vocab_of_texts(&arena, texts, facts, 1);
    ClipConfig towers = { .tokens = kinds[config->kind].tokens };
    towers.image = (ImageTowerSize){ .kind = kinds[config->kind].image, .embed = LOOK_EMBED };
    if (!strcmp(towers.image.kind, "scene")) memcpy(towers.image.widths, (int[]){ 16, 32, 64 }, 3 * sizeof(int));
    if (!strcmp(towers.image.kind, "vit")) {
        towers.image.patch = 4;
        towers.image.width = 64;
        towers.image.layers = 2;
    }
    towers.text = (TextTowerSize){ .kind = kinds[config->kind].text, .width = 64, .embed = LOOK_EMBED, .heads = 4 };
    towers.text.padding = TEXT_PADDING;
    if (!clip_init(clip, towers, &vocab, (uint64_t)config->seed, &err)) die("%s", err.text);
    arena_free(&arena);
}

bool look_train(Clip *clip, const LookConfig *config, double lr_factor, LookChoose *choose, void *context, Err *err) {
    int steps = config->steps ? config->steps : look_steps(config->kind), n = config->train ? config->train->n : 0;
    Training s = { .config = config, .choose = choose ? choose : shuffled, .context = context };
    if (!choose) s.context = &s;
    s.B = kinds[config->kind].batch;
    s.N = config->kind == LOOK_DEPTH ? 2 * s.B : s.B;
    s.pixels = mat_like(&s.arena, mat_shape(4, s.B, CIFAR_SIDE, CIFAR_SIDE, 3));
    s.excluded = mat_new(&s.arena, s.B, s.N);
    s.index = arena_alloc(&s.arena, LOOK_BATCH, sizeof *s.index);
    s.order = arena_alloc(&s.arena, (size_t)n, sizeof *s.order);
    for (int i = 0; i < n; i++) s.order[i] = i;
    s.progress = progress_begin(look_name(config->kind), steps, "steps/s");
    Job job = { &s, clip };
    StepsRun run = { look_name(config->kind), steps, lr_factor, loss_of, after_step, &job };
    double loss;
    bool ok = steps_train(clip, &run, &loss, err);
    progress_end(&s.progress);
    arena_free(&s.arena);
    return ok;
}

/* ---- kept models ------------------------------------------------------------------------------------------------- */

/* Everything that the weights depend on; "recipe 1" stands for the constants of this folder: change it with them. */
static char *signature(Arena *arena, const LookConfig *config) {
    const Cifar *set = config->train;
    return arena_print(arena, "recipe 1, %s, %s %d, seed %d, %d steps", look_name(config->kind),
                       !set             ? "scenes"
                       : set->generated ? "shapes"
                                        : "cifar10",
                       set ? set->n : 0, config->seed, config->steps ? config->steps : look_steps(config->kind));
}

static bool load(Clip *clip, const char *path, const char *wanted, Err *err) {
    Arena arena = { 0 };
    Safetensors file;
    bool ok = safetensors_open(&file, &arena, path, err);
    if (ok) {
        const char *of = safetensors_meta(&file, "look-model");
        safetensors_warn(&file, path);
        if (!of || strcmp(of, wanted))
            ok = err_set(err,
                         "%s: the file holds another model (%s), want %s; remove it, then the model is trained again",
                         path, of ? of : "no description", wanted);
        safetensors_close(&file);
    }
    arena_free(&arena);
    return ok && clip_load(clip, path, err);
}

static bool save(const Clip *clip, const char *path, const char *description, Err *err) {
    Arena arena = { 0 };
    SafetensorsOut out = safetensors_begin(&arena);
    clip_save(clip, &out, DTYPE_F32);
    safetensors_add_meta(&out, "look-model", description);
    bool ok = folder_make(models_folder(), err) && safetensors_write(&out, path, err);
    arena_free(&arena);
    return ok;
}

void look_open(Clip *clip, const LookConfig *config) {
    Arena arena = { 0 };
    Err err;
    const char *of = signature(&arena, config);
    char *name = arena_text(&arena, of);
    for (char *c = name; *c; c++)
        if (*c == ' ' || *c == ',') *c = '-';
    const char *path = arena_print(&arena, "%s/look-inside-%s.safetensors", models_folder(), name);
    if (file_exists(path)) {
        if (!load(clip, path, of, &err)) die("%s", err.text);
    } else {
        look_init(clip, config);
        if (!look_train(clip, config, 1, NULL, NULL, &err) || !save(clip, path, of, &err)) die("%s", err.text);
    }
    arena_free(&arena);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

Mat look_pixels(Arena *arena, const Cifar *set, const int *index, int n) {
    Mat pixels = mat_like(arena, mat_shape(4, n, CIFAR_SIDE, CIFAR_SIDE, 3));
    int *all = arena_zero(arena, (size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) all[i] = index ? index[i] : i;
    cifar_batch(set, all, n, NULL, pixels.v);
    return pixels;
}

Mat look_images(Clip *clip, Arena *arena, Mat pixels) {
    int n = pixels.shape[0], E = clip->config.image.embed;
    Mat images = mat_new(arena, n, E);
    Tape t = { .no_grad = true };
    for (int i = 0; i < n; i += IMAGES_AT_ONCE) {
        Mat some = pixels;
        some.shape[0] = MIN(IMAGES_AT_ONCE, n - i);
        some.v = pixels.v + (size_t)i * PIXELS;
        tape_reset(&t);
        Mat vectors = clip_image(&t, clip, some)->val;
        memcpy(&AT(images, i, 0), vectors.v, mat_count(vectors) * sizeof(num));
    }
    tape_free(&t);
    return images;
}

Mat look_set_images(Clip *clip, Arena *arena, const Cifar *set, int n) {
    Arena work = { 0 };
    Mat images = mat_new(arena, n, clip->config.image.embed);
    for (int i = 0; i < n; i += IMAGES_AT_ONCE) {
        int index[IMAGES_AT_ONCE] = { 0 }, some = MIN(IMAGES_AT_ONCE, n - i);
        for (int k = 0; k < some; k++) index[k] = i + k;
        Mat part = look_images(clip, &work, look_pixels(&work, set, index, some));
        memcpy(&AT(images, i, 0), part.v, mat_count(part) * sizeof(num));
        arena_reset(&work);
    }
    arena_free(&work);
    return images;
}

void look_answers(Mat images, Mat texts, int *answer) {
    Arena arena = { 0 };
    Mat scores = mat_new(&arena, images.shape[0], texts.shape[0]);
    Err err;
    for (int i = 0; i < images.shape[0]; i++)
        for (int c = 0; c < texts.shape[0]; c++)
            AT(scores, i, c) = (num)vec_dot(&AT(images, i, 0), &AT(texts, c, 0), images.shape[1]);
    if (!metrics_argmax(scores, answer, &err)) die("%s", err.text);
    arena_free(&arena);
}

int look_right(const Cifar *set, const int *answer, int n) {
    int right = 0;
    for (int i = 0; i < n; i++) right += answer[i] == set->labels[i];
    return right;
}
