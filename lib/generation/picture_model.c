#include "generation/picture_model.h"
#include "core/dtype.h"
#include "core/eigen.h"
#include "core/thread.h"

#include <math.h>
#include <string.h>

static const char *const names[] = { "vector", "tokens", "bag", "none" };
_Static_assert(COUNT(names) == CONDITION_KINDS, "a name for each kind of condition");
/* Relative frequencies in training: kinds of conditions, kinds of scenes; of two different objects, those whose places
 * are told; captions that are paraphrased. */
static const double kind_weights[CONDITION_KINDS] = { 0.35, 0.35, 0.2, 0.1 };
static const double COUNT_RATE = 0.2, OBJECT_RATE = 0.2, RELATION_RATE = 0.8, PARAPHRASE_RATE = 0.1;
enum { CHUNK = 8, TEXT_STATES = CAPTION_WORDS + 2, TEXT_MAX = 256, CELLS = 3 };
static const double PITCH = 10.0 / SCENE_SIDE;

const char *condition_kind_name(ConditionKind kind) {
    REQUIRE((unsigned)kind < CONDITION_KINDS, "condition is %d, want 0 to %d", (int)kind, CONDITION_KINDS - 1);
    return names[kind];
}

static PictureModelConfig complete(PictureModelConfig s) {
    if (!s.steps) s.steps = PICTURE_STEPS;
    if (!s.batch) s.batch = PICTURE_BATCH;
    if (!s.fitted) s.fitted = 2000;
    if (s.coverage == 0) s.coverage = 0.75;
    if (!s.size.fine) s.size = (UNetSize){ 32, 96, .groups = 8, .embed = 128, .heads = 4, .text = 64 };
    return s;
}

bool picture_model_init(PictureModel *model, PictureModelConfig config, Err *err) {
    PictureModelConfig s = complete(config);
    SceneModelConfig clip = { .text = "transformer", .split = SPLIT_PAIRS, .seed = 1 }, bag = clip;
    bag.text = "bow";
    *model = (PictureModel){ .config = s, .split = split_make(SPLIT_PAIRS, s.coverage, (uint64_t)s.seed) };
    if (!scene_model_load_or_train(&model->clip, &clip, NULL, err)) return false;
    if (!scene_model_load_or_train(&model->bag, &bag, NULL, err)) {
        scene_model_free(&model->clip);
        return false;
    }
    unet_init(&model->net, s.size, (uint64_t)s.seed);
    for (int k = 0; k < CONDITION_NONE; k++) {
        model->mean[k] = params_add(&model->net.params, mat_shape(1, s.size.text), "white.%s.mean", names[k]);
        model->matrix[k] =
            params_add(&model->net.params, mat_shape(2, s.size.text, s.size.text), "white.%s.matrix", names[k]);
        model->mean[k]->frozen = model->matrix[k]->frozen = true;
        for (int e = 0; e < s.size.text; e++) AT(model->matrix[k]->val, e, e) = 1;
    }
    return true;
}
void picture_model_free(PictureModel *model) {
    scene_model_free(&model->clip);
    scene_model_free(&model->bag);
    unet_free(&model->net);
}

/* ---- examples ---------------------------------------------------------------------------------------------------- */

/* Upright objects of one size in the middle of different cells. */
static void place_objects(Scene *scene, Rng *rng) {
    int cell[CELLS * CELLS];
    rng_choice(rng, CELLS * CELLS, cell, scene->count);
    for (int k = 0; k < scene->count; k++) {
        SceneObject *o = &scene->object[k];
        o->size = SIZE_LARGE;
        o->radius = SCENE_LARGE;
        o->rotation = 0;
        o->x = 0.5 + PITCH * (cell[k] % CELLS - 1);
        o->y = 0.5 + PITCH * (cell[k] / CELLS - 1);
    }
}

PictureExample picture_draw(const Split *split, SplitPart part, CaptionKind kind, Rng *rng) {
    bool two = kind == CAPTION_PAIR || kind == CAPTION_RELATION;
    SceneConfig s = { .seed = rng_next(rng), .least = 1 + (kind != CAPTION_OBJECT), .split = split, .part = part };
    s.max = kind == CAPTION_COUNT ? PICTURE_MAX_COUNT : s.least;
    s.repeat = !two;
    s.noise = -1;
    PictureExample e = { .scene = scene_make(&s, 0), .kind = CONDITION_NONE };
    CaptionRules rules = { .split = split, .part = part };
    do place_objects(&e.scene, rng);
    while (!caption_random_true(&e.caption, &e.scene, kind, &rules, rng));
    return e;
}

PictureExample picture_example(const PictureModel *model, uint64_t i) {
    Rng rng = rng_seed((uint64_t)model->config.seed + 26000, i);
    double at = rng_uniform(&rng), which = rng_uniform(&rng);
    CaptionKind kind = rng_uniform(&rng) < RELATION_RATE ? CAPTION_RELATION : CAPTION_PAIR;
    if (at < COUNT_RATE) kind = CAPTION_COUNT;
    else if (at < COUNT_RATE + OBJECT_RATE) kind = CAPTION_OBJECT;
    PictureExample e = picture_draw(&model->split, SPLIT_SEEN, kind, &rng);
    if (rng_uniform(&rng) < PARAPHRASE_RATE) e.caption = caption_paraphrase(&e.caption, PARAPHRASE_ALL, &rng);
    int k = 0;
    while (k + 1 < CONDITION_KINDS && which >= kind_weights[k]) which -= kind_weights[k++];
    e.kind = (ConditionKind)k;
    return e;
}

bool picture_caption_check(const Caption *c, Err *err) {
    const char *like = "; try \"a red circle left of a blue square\" or \"two green stars\"";
    bool two = caption_has_two_nouns(c->kind);
    if (c->kind == CAPTION_NONE || c->kind == CAPTION_WITHOUT)
        return err_set(err, "the network draws what is there, not what is missing: no \"no\"%s", like);
    if (c->kind == CAPTION_COUNTS) return err_set(err, "the network draws two nouns without numbers only%s", like);
    if (c->kind == CAPTION_COUNT && c->count[0] > PICTURE_MAX_COUNT)
        return err_set(err, "the network draws at most %d objects%s", PICTURE_MAX_COUNT, like);
    for (const Noun *n = &c->a; n; n = two && n == &c->a ? &c->b : NULL) {
        if (n->size != CAPTION_ANY)
            return err_set(err, "the network draws all objects large: no \"%s\"%s", size_name((Size)n->size), like);
        if (n->colour == CAPTION_ANY || n->shape == CAPTION_ANY)
            return err_set(err, "the network wants a colour and a shape%s", like);
    }
    return true;
}

/* ---- conditions -------------------------------------------------------------------------------------------------- */

/* y = matrix (x - mean), x the unit row times sqrt(E): numbers of mean square 1. */
static void white_row(const PictureModel *model, ConditionKind kind, const num *from, num *to) {
    int E = model->config.size.text;
    const num *mean = model->mean[kind]->val.v;
    Mat matrix = model->matrix[kind]->val;
    double scale = sqrt(E) / fmax(vec_norm(from, E), 1e-12);
    num x[TEXT_MAX];
    for (int e = 0; e < E; e++) x[e] = (num)((double)from[e] * scale) - mean[e];
    for (int e = 0; e < E; e++) to[e] = (num)vec_dot(&AT(matrix, e, 0), x, E);
}

/* The texts among B whose kind is `kind` or `other`, as ids; which[] says where they stood. */
static int chosen_ids(const Clip *clip, Arena *arena, const char *const *texts, const ConditionKind *kinds, int B,
                      ConditionKind kind, ConditionKind other, int *which, int **ids) {
    const char **some = arena_alloc(arena, (size_t)B, sizeof *some);
    int n = 0;
    for (int b = 0; b < B; b++)
        if (kinds[b] == kind || kinds[b] == other) {
            which[n] = b;
            some[n++] = texts[b];
        }
    *ids = arena_alloc(arena, (size_t)MAX(n, 1) * CAPTION_WORDS, sizeof **ids);
    if (n) vocab_encode(&clip->vocab, arena, some, n, CAPTION_WORDS, *ids);
    return n;
}

UNetCondition picture_condition(PictureModel *model, Arena *arena, const char *const *texts, const ConditionKind *kinds,
                                int B) {
    int E = model->config.size.text, *ids, *which = arena_alloc(arena, (size_t)B, sizeof *which);
    UNetCondition c = { mat_zero(arena, B, E), mat_zero(arena, B, E),
                        mat_like(arena, mat_shape(3, B, TEXT_STATES, E)) };
    memset(c.tokens.v, 0, mat_count(c.tokens) * sizeof(num));
    Tape tape = { .no_grad = true };
    TextTower *text = &model->clip.clip.text;
    int n = chosen_ids(&model->clip.clip, arena, texts, kinds, B, CONDITION_VECTOR, CONDITION_TOKENS, which, &ids);
    Var states = n ? text_tower_tokens(&tape, text, ids, n, CAPTION_WORDS) : NULL; /* [n,T+2,E] */
    for (int i = 0; i < n; i++) {
        int end = 1, b = which[i]; /* begin, the words, end */
        while (end <= CAPTION_WORDS && ids[i * CAPTION_WORDS + end - 1] != TEXT_PADDING) end++;
        const num *rows = states->val.v + (size_t)i * TEXT_STATES * (size_t)E;
        if (kinds[b] == CONDITION_VECTOR) white_row(model, CONDITION_VECTOR, rows + end * E, &AT(c.vector, b, 0));
        for (int k = 0; k <= end && kinds[b] == CONDITION_TOKENS; k++)
            white_row(model, CONDITION_TOKENS, rows + k * E, c.tokens.v + (size_t)(b * TEXT_STATES + k) * (size_t)E);
    }
    n = chosen_ids(&model->bag.clip, arena, texts, kinds, B, CONDITION_BAG, CONDITION_BAG, which, &ids);
    Var bags = n ? text_tower(&tape, &model->bag.clip.text, ids, n, CAPTION_WORDS) : NULL;
    for (int i = 0; i < n; i++) white_row(model, CONDITION_BAG, &AT(bags->val, i, 0), &AT(c.bag, which[i], 0));
    tape_free(&tape);
    return c;
}

static num as_half(double x) {
    uint16_t half = half_narrow(x);
    const uint8_t bytes[2] = { (uint8_t)(half & 255), (uint8_t)(half >> 8) };
    num wide;
    dtype_widen(DTYPE_F16, bytes, &wide, 1);
    return wide;
}

/* Mean and covariance of the rows of x that are not 0, then the whitening matrix. */
static void white_fit(PictureModel *model, ConditionKind kind, Mat x) {
    Arena arena = { 0 };
    size_t E = (size_t)model->config.size.text, rows = mat_count(x) / E, n = 0;
    double *cov = arena_zero(&arena, E * E, sizeof *cov), *values = arena_alloc(&arena, E, sizeof *values);
    double *vectors = arena_alloc(&arena, E * E, sizeof *vectors), *mean = arena_zero(&arena, E, sizeof *mean);
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (size_t r = 0; r < rows; r++) {
            const num *row = x.v + r * E;
            if (vec_norm(row, (int)E) == 0) continue;
            n++;
            for (size_t i = 0; i < E && pass == 0; i++) mean[i] += (double)row[i];
            for (size_t i = 0; i < E * E && pass == 1; i++)
                cov[i] += ((double)row[i / E] - mean[i / E]) * ((double)row[i % E] - mean[i % E]);
        }
        for (size_t i = 0; i < E && pass == 0; i++) mean[i] /= (double)MAX(n, 1);
    }
    for (size_t i = 0; i < E * E; i++) cov[i] /= (double)MAX(n, 1);
    eigen_symmetric((int)E, cov, values, vectors);
    for (size_t i = 0; i < E; i++) model->mean[kind]->val.v[i] = as_half(mean[i]);
    for (size_t i = 0; i < E * E; i++)
        model->matrix[kind]->val.v[i] = as_half(vectors[i] / sqrt(fmax(values[i / E], 0) + WHITE_FLOOR));
    arena_free(&arena);
}

void picture_condition_fit(PictureModel *model) {
    Arena arena = { 0 };
    int n = model->config.fitted;
    const char **texts = arena_alloc(&arena, (size_t)n, sizeof *texts);
    ConditionKind *kinds = arena_alloc(&arena, (size_t)n, sizeof *kinds);
    for (int i = 0; i < n; i++) {
        char text[CAPTION_TEXT];
        PictureExample e = picture_example(model, (uint64_t)i);
        texts[i] = arena_text(&arena, caption_text(&e.caption, text));
    }
    for (int k = 0; k < CONDITION_NONE; k++) {
        for (int i = 0; i < n; i++) kinds[i] = (ConditionKind)k;
        init_constant(model->mean[k], 0); /* so that picture_condition gives them as they are */
        init_constant(model->matrix[k], 0);
        for (int e = 0; e < model->config.size.text; e++) AT(model->matrix[k]->val, e, e) = 1;
        UNetCondition c = picture_condition(model, &arena, texts, kinds, n);
        white_fit(model, (ConditionKind)k, k == CONDITION_VECTOR ? c.vector : k == CONDITION_BAG ? c.bag : c.tokens);
    }
    arena_free(&arena);
}

/* ---- the loss ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const PictureModel *model;
    uint64_t first;
    PictureExample *example;
    char (*text)[CAPTION_TEXT];
    double *t;
    Mat x, v; /* [B,16,16,12] */
} Batch;

static void batch_pictures(void *context, size_t begin, size_t end) {
    const Batch *s = context;
    num pixels[PICTURE_NUMBERS], data[PICTURE_NUMBERS], e[PICTURE_NUMBERS];
    for (size_t b = begin; b < end; b++) {
        Rng rng = rng_seed((uint64_t)s->model->config.seed + 26001, s->first + b);
        s->example[b] = picture_example(s->model, s->first + b);
        caption_text(&s->example[b].caption, s->text[b]);
        scene_pixels(&s->example[b].scene, pixels);
        unet_fold(pixels, data);
        for (int i = 0; i < PICTURE_NUMBERS; i++) {
            data[i] /= (num)PICTURE_UNIT;
            e[i] = (num)rng_normal(&rng);
        }
        NoiseLevel at = noise_level(PICTURE_SHIFT, s->t[b]);
        noise_add(at, data, e, PICTURE_NUMBERS, s->x.v + b * PICTURE_NUMBERS, s->v.v + b * PICTURE_NUMBERS);
    }
}

/* The time of a uniform random number: 85 % between 0.3 and 0.9, where places and shapes are decided. */
static double time_of(double u) {
    const double most = 0.85, low = 0.3, high = 0.9;
    return u < most ? low + (high - low) * u / most : (u - most) / (1 - most);
}

Var picture_loss(PictureModel *model, Tape *tape, uint64_t first, int B) {
    Arena *arena = &tape->arena;
    size_t n = (size_t)B;
    Batch s = { .model = model, .first = first };
    s.example = arena_alloc(arena, n, sizeof *s.example);
    s.text = arena_alloc(arena, n, sizeof *s.text);
    s.t = arena_alloc(arena, n, sizeof *s.t);
    s.x = mat_like(arena, mat_shape(4, B, UNET_FOLDED, UNET_FOLDED, UNET_CHANNELS));
    s.v = mat_like(arena, s.x);
    /* Spread evenly over the batch, with one random offset (Kingma et al. 2021, arXiv:2107.00630, appendix I.1). */
    Rng rng = rng_seed((uint64_t)model->config.seed + 26002, first);
    double offset = rng_uniform(&rng);
    for (int b = 0; b < B; b++) s.t[b] = time_of(fmod((b + 0.5) / B + offset, 1));
    parallel_for(n, CHUNK, batch_pictures, &s);
    const char **texts = arena_alloc(arena, n, sizeof *texts);
    ConditionKind *kinds = arena_alloc(arena, n, sizeof *kinds);
    for (int b = 0; b < B; b++) {
        texts[b] = s.text[b];
        kinds[b] = s.example[b].kind;
    }
    UNetCondition condition = picture_condition(model, arena, texts, kinds, B);
    return op_mean_square(tape, unet(tape, &model->net, s.x, s.t, &condition), s.v);
}

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

typedef struct {
    PictureModel *model;
    Tape tape;
    UNetCondition with, without;
    double guidance;
    int B;
} Drawing;

static void add_pass(Drawing *s, const num *x, double t, const UNetCondition *condition, double factor, num *v) {
    double *times = arena_alloc(&s->tape.arena, (size_t)s->B, sizeof *times);
    Mat in = mat_shape(4, s->B, UNET_FOLDED, UNET_FOLDED, UNET_CHANNELS);
    in.v = (num *)(uintptr_t)x; /* only read */
    for (int b = 0; b < s->B; b++) times[b] = t;
    const Mat out = unet(&s->tape, &s->model->net, in, times, condition)->val;
    for (size_t i = 0; i < mat_count(out); i++) v[i] += (num)factor * out.v[i];
    tape_reset(&s->tape);
}

/* v = (1 - guidance) v_without + guidance v_with */
static void drawing_denoise(void *context, const num *x, double t, num *v) {
    Drawing *s = context;
    memset(v, 0, (size_t)s->B * PICTURE_NUMBERS * sizeof(num));
    if (s->guidance != 1) add_pass(s, x, t, &s->without, 1 - s->guidance, v);
    if (s->guidance != 0) add_pass(s, x, t, &s->with, s->guidance, v);
}

Mat picture_sample(PictureModel *model, Arena *arena, const char *const *texts, int B, const PictureSampling *how) {
    Arena work = { 0 };
    size_t n = (size_t)B;
    Drawing s = { model, { .no_grad = true }, .guidance = how->guidance, .B = B };
    ConditionKind *kinds = arena_alloc(&work, n, sizeof *kinds), *none = arena_alloc(&work, n, sizeof *none);
    Rng *rng = arena_alloc(&work, n, sizeof *rng);
    num *x = arena_alloc(&work, n * PICTURE_NUMBERS, sizeof(num));
    for (int b = 0; b < B; b++) {
        kinds[b] = how->kind;
        none[b] = CONDITION_NONE;
        rng[b] = rng_seed(how->seed, (uint64_t)(how->first + b));
        for (int i = 0; i < PICTURE_NUMBERS; i++) x[b * PICTURE_NUMBERS + i] = (num)rng_normal(&rng[b]);
    }
    s.with = picture_condition(model, &work, texts, kinds, B);
    s.without = picture_condition(model, &work, texts, none, B);
    Sampling sampling = { PICTURE_SHIFT, how->steps, how->eta, 2.1 / PICTURE_UNIT, how->after_step, how->context };
    diffusion_sample(&sampling, drawing_denoise, &s, B, PICTURE_NUMBERS, x, rng);
    Mat pixels = mat_like(arena, mat_shape(4, B, SCENE_SIDE, SCENE_SIDE, 3));
    for (size_t b = 0; b < n; b++) picture_pixels(x + b * PICTURE_NUMBERS, pixels.v + b * PICTURE_NUMBERS);
    tape_free(&s.tape);
    arena_free(&work);
    return pixels;
}

void picture_pixels(const num *folded, num *pixels) {
    unet_unfold(folded, pixels);
    for (int i = 0; i < PICTURE_NUMBERS; i++) pixels[i] *= (num)PICTURE_UNIT;
}
void picture_bytes(const num *pixels, uint8_t *rgb) {
    for (int i = 0; i < PICTURE_NUMBERS; i++) {
        double value = 255 * (0.48 + 0.25 * (double)pixels[i]);
        rgb[i] = (uint8_t)lround(fmin(255, fmax(0, value)));
    }
}
