#include "caption_bootstrap.h"
#include "core/thread.h"
#include "show/progress.h"
#include "training/steps.h"

#include <string.h>

enum { BATCH = SCENE_MODEL_BATCH, PIXELS = SCENE_SIDE * SCENE_SIDE * 3 };

static const char *const names[BOOT_WAYS] = { "noisy", "similarity", "filtered", "written", "both", "clean", "truth" };
const char *boot_name(BootWay way) { return names[way]; }

/* Pictures with captions. The scene of pair i is scene[of[i]]. */
typedef struct {
    const Scene *scene;
    int count;
    int *of;
    const char **text;
} PairList;

static PairList list_new(Arena *arena, const Scene *scene, int room) {
    size_t n = (size_t)MAX(1, room);
    return (PairList){ scene, 0, arena_alloc(arena, n, sizeof(int)), arena_alloc(arena, n, sizeof(char *)) };
}
static void list_add(PairList *list, int of, const char *text) {
    list->of[list->count] = of;
    list->text[list->count++] = text;
}

/* n scenes of one object, and what it is. */
static PairList draw_pairs(Arena *arena, const Split *split, int n, uint64_t seed) {
    Scene *scene = arena_alloc(arena, (size_t)n, sizeof *scene);
    PairList list = list_new(arena, scene, n);
    SceneConfig config = { .seed = seed, .least = 1, .max = 1, .split = split, .part = SPLIT_SEEN };
    for (int i = 0; i < n; i++) {
        scene[i] = scene_make(&config, (uint64_t)i);
        Caption caption = { .kind = CAPTION_OBJECT, .a = noun_of_object(&scene[i].object[0], NOUN_FULL) };
        char text[CAPTION_TEXT];
        list_add(&list, i, arena_text(arena, caption_text(&caption, text)));
    }
    return list;
}

/* The same pairs; a share of the captions is that of another picture. */
static PairList add_noise(Arena *arena, const PairList *pairs, double noise, uint64_t seed) {
    PairList list = list_new(arena, pairs->scene, pairs->count);
    Rng rng = rng_seed(seed, 1);
    for (int i = 0; i < pairs->count; i++) {
        int from = rng_uniform(&rng) < noise ? (int)rng_below(&rng, (uint32_t)pairs->count) : i;
        list_add(&list, i, pairs->text[from]);
    }
    return list;
}

static bool is_true(const PairList *list, int i) {
    Caption c;
    return caption_parse(list->text[i], &c, NULL) && caption_true(&list->scene[list->of[i]], &c);
}

/* ---- a CLIP trained on a list ------------------------------------------------------------------------------------ */

typedef struct {
    SceneModel *model;
    const PairList *list;
    uint64_t seed;
    int pick[BATCH], B; /* pairs of a batch */
    Mat pixels;
    Progress progress;
} ClipTraining;

static void draw_range(void *context, size_t begin, size_t end) {
    const ClipTraining *r = context;
    for (size_t i = begin; i < end; i++)
        scene_pixels(&r->list->scene[r->list->of[r->pick[i]]], r->pixels.v + i * PIXELS);
}

/* Nobody knows here which captions are true of other pictures: only equal captions are no negatives. */
static Var clip_training_loss(void *context, Tape *t, int step) {
    ClipTraining *r = context;
    int B = r->B;
    Rng rng = rng_seed(r->seed, (uint64_t)step);
    const char *texts[BATCH];
    int *ids = arena_alloc(&t->arena, (size_t)B * (size_t)r->model->clip.config.tokens, sizeof *ids);
    Mat excluded = mat_new(&t->arena, B, B);
    for (int b = 0; b < B; b++) {
        r->pick[b] = (int)rng_below(&rng, (uint32_t)r->list->count);
        texts[b] = r->list->text[r->pick[b]];
    }
    for (int i = 0; i < B; i++)
        for (int k = 0; k < B; k++) AT(excluded, i, k) = i != k && !strcmp(texts[i], texts[k]);
    parallel_for((size_t)B, 8, draw_range, r);
    vocab_encode(&r->model->clip.vocab, &t->arena, texts, B, r->model->clip.config.tokens, ids);
    return clip_loss_hard_negatives(t, r->model->logits(t, &r->model->clip, r->pixels, ids, B), excluded);
}
static void clip_training_step(void *context, int done, double loss) {
    ClipTraining *r = context;
    progress_note(&r->progress, "loss %.2f", loss);
    progress_update(&r->progress, done);
}

static bool train_clip(SceneModel *model, const PairList *list, const BootConfig *c, const char *name, Err *err) {
    SceneModelConfig config = { .split = SPLIT_PAIRS, .coverage = 0.5, .seed = c->seed };
    if (!scene_model_init(model, &config, err)) return false;
    Arena arena = { 0 };
    ClipTraining r = { .model = model,
                       .list = list,
                       .B = MIN(BATCH, c->noisy),
                       .seed = 40 + (uint64_t)c->seed,
                       .pixels = mat_like(&arena, mat_shape(4, MIN(BATCH, c->noisy), SCENE_SIDE, SCENE_SIDE, 3)),
                       .progress = progress_begin(name, c->steps, "steps/s") };
    StepsRun run = {
        .name = name, .steps = c->steps, .loss = clip_training_loss, .after_step = clip_training_step, .context = &r
    };
    bool ok = steps_train(&model->clip, &run, &model->loss, err);
    progress_end(&r.progress);
    arena_free(&arena);
    if (!ok) scene_model_free(model);
    return ok;
}

/* Test pictures whose own caption has the largest cosine of the captions of all seen combinations. */
static int test_clip(SceneModel *model, const BootConfig *c) {
    Arena arena = { 0 };
    int right = 0, all = 0;
    PairList test = draw_pairs(&arena, &model->split, c->tested, 900 + (uint64_t)c->seed);
    const Scene **scenes = arena_alloc(&arena, (size_t)test.count, sizeof *scenes);
    const char *caption[COLOUR_COUNT * SHAPE_COUNT];
    for (int i = 0; i < test.count; i++) scenes[i] = &test.scene[i];
    for (int k = 0; k < (int)COLOUR_COUNT * (int)SHAPE_COUNT; k++) {
        Caption said = { .kind = CAPTION_OBJECT, .a = noun_of(k / (int)SHAPE_COUNT, k % (int)SHAPE_COUNT) };
        char text[CAPTION_TEXT];
        if (caption_in_part(&said, &model->split, SPLIT_SEEN))
            caption[all++] = arena_text(&arena, caption_text(&said, text));
    }
    Mat picture = scene_model_image_features(model, &arena, scenes, test.count);
    Mat text = clip_text_features(&model->clip, &arena, caption, all, NULL);
    for (int i = 0; i < test.count; i++) {
        int best = 0;
        for (int k = 1; k < all; k++)
            if (vec_dot(&AT(picture, i, 0), &AT(text, k, 0), VECTOR_NUMBERS) >
                vec_dot(&AT(picture, i, 0), &AT(text, best, 0), VECTOR_NUMBERS))
                best = k;
        right += !strcmp(caption[best], test.text[i]);
    }
    arena_free(&arena);
    return right;
}

/* ---- decoder and matching head on few clean pairs ---------------------------------------------------------------- */

static WordsExample clean_example(const void *context, uint64_t i) {
    const PairList *list = context;
    Rng rng = rng_seed(60, i);
    int k = (int)rng_below(&rng, (uint32_t)list->count);
    WordsExample e = { .scene = list->scene[list->of[k]], .given = 1, .matches = true };
    snprintf(e.text, sizeof e.text, "%s %s", ask_name(ASK_OBJECT), list->text[k]);
    return e;
}
/* Half of the captions are those of other pictures; as nobody reads the scenes here, a few of them are true by chance.
 * */
static WordsExample clean_match_example(const void *context, uint64_t i) {
    const PairList *list = context;
    Rng rng = rng_seed(61, i);
    int k = (int)rng_below(&rng, (uint32_t)list->count), from = k;
    if (rng_below(&rng, 2)) from = (int)rng_below(&rng, (uint32_t)list->count);
    WordsExample e = { .scene = list->scene[list->of[k]], .matches = !strcmp(list->text[k], list->text[from]) };
    snprintf(e.text, sizeof e.text, "%s", list->text[from]);
    return e;
}

static bool train_net(Net *net, NetKind kind, SceneModel *clip, const PairList *clean, const BootConfig *c, Err *err) {
    NetConfig config = { kind, c->width, c->net_steps, 64, c->seed };
    if (!net_init(net, config, err)) return false;
    NetExamples examples = { kind == NET_MATCHING ? clean_match_example : clean_example, clean, 1 };
    if (net_train(net, clip, c->net_steps, 1, examples, err)) return true;
    net_free(net);
    return false;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static Sight sight_of_list(SceneModel *clip, Arena *arena, const PairList *list) {
    const Scene **scenes = arena_alloc(arena, (size_t)list->count, sizeof *scenes);
    for (int i = 0; i < list->count; i++) scenes[i] = &list->scene[list->of[i]];
    return sight_of_scenes(clip, arena, scenes, list->count);
}

/* A pair is kept if its score is above the threshold. */
static PairList keep_above(Arena *arena, const PairList *list, const double *score, double threshold) {
    PairList kept = list_new(arena, list->scene, list->count);
    for (int i = 0; i < list->count; i++)
        if (score[i] > threshold) list_add(&kept, list->of[i], list->text[i]);
    return kept;
}

static PairList keep_similar(SceneModel *clip, Arena *arena, const PairList *list, double kept_part) {
    double *score = arena_alloc(arena, (size_t)list->count, sizeof *score);
    Mat text = clip_text_features(&clip->clip, arena, list->text, list->count, NULL);
    Sight sight = sight_of_list(clip, arena, list);
    for (int i = 0; i < list->count; i++) score[i] = vec_dot(&AT(sight.vector, i, 0), &AT(text, i, 0), VECTOR_NUMBERS);
    double threshold = -1e9;
    for (int i = 0; i < list->count; i++) { /* the largest score with at least `share` of the pairs not below */
        int above = 0;
        for (int k = 0; k < list->count; k++) above += score[k] > score[i];
        if (above >= (int)(kept_part * list->count) && score[i] > threshold) threshold = score[i];
    }
    return keep_above(arena, list, score, threshold);
}

static PairList keep_matching(Net *net, SceneModel *clip, Arena *arena, const PairList *list) {
    double *score = arena_alloc(arena, (size_t)list->count, sizeof *score);
    net_scores(net, sight_of_list(clip, arena, list), list->text, NULL, list->count, score);
    return keep_above(arena, list, score, 0);
}

/* A caption for each picture, by the decoder. */
static PairList write_captions(Net *net, SceneModel *clip, Arena *arena, const PairList *list) {
    PairList written = list_new(arena, list->scene, list->count);
    const char **texts = net_write(net, arena, sight_of_list(clip, arena, list), list->count, ask_name(ASK_OBJECT),
                                   (NetSearch){ .beams = 1 });
    for (int i = 0; i < list->count; i++) list_add(&written, list->of[i], texts[i]);
    return written;
}

static PairList joined(Arena *arena, const PairList *a, const PairList *b) {
    PairList list = list_new(arena, a->scene, a->count + b->count);
    for (int i = 0; i < a->count; i++) list_add(&list, a->of[i], a->text[i]);
    for (int i = 0; i < b->count; i++) list_add(&list, b->of[i], b->text[i]);
    return list;
}

/* ---- all ways ---------------------------------------------------------------------------------------------------- */

static BootRow row_of(const PairList *list, SceneModel *model, const BootConfig *c) {
    BootRow row = { .pairs = list->count, .right = test_clip(model, c), .tested = c->tested };
    for (int i = 0; i < list->count; i++) row.true_pairs += is_true(list, i);
    return row;
}

/* The lists of all ways but the noisy one, by networks on the CLIP that was trained on it. */
static bool make_lists(SceneModel *clip, Arena *arena, const BootConfig *c, const PairList *clean, PairList *list,
                       Err *err) {
    static Net writer, matcher;
    const PairList *noisy = &list[BOOT_NOISY];
    if (!train_net(&writer, NET_POSITIONS, clip, clean, c, err)) return false;
    if (!train_net(&matcher, NET_MATCHING, clip, clean, c, err)) {
        net_free(&writer);
        return false;
    }
    list[BOOT_SIMILARITY] = keep_similar(clip, arena, noisy, 1 - c->noise);
    list[BOOT_FILTERED] = keep_matching(&matcher, clip, arena, noisy);
    list[BOOT_WRITTEN] = write_captions(&writer, clip, arena, noisy);
    PairList both = joined(arena, noisy, &list[BOOT_WRITTEN]);
    list[BOOT_BOTH] = keep_matching(&matcher, clip, arena, &both);
    list[BOOT_CLEAN] = *clean;
    net_free(&writer);
    net_free(&matcher);
    return true;
}

bool bootstrap_run(const BootConfig *c, BootDone *done, void *context, Err *err) {
    Arena arena = { 0 };
    static SceneModel model;
    PairList list[BOOT_WAYS];
    uint64_t seed = 1000 * (uint64_t)c->seed;
    bool ok =
        scene_model_init(&model, &(SceneModelConfig){ .split = SPLIT_PAIRS, .coverage = 0.5, .seed = c->seed }, err);
    if (!ok) return false;
    Split split = model.split;
    scene_model_free(&model);
    PairList clean = draw_pairs(&arena, &split, c->clean, seed + 1);
    list[BOOT_TRUTH] = draw_pairs(&arena, &split, c->noisy, seed + 2);
    list[BOOT_NOISY] = add_noise(&arena, &list[BOOT_TRUTH], c->noise, seed + 3);
    for (int way = 0; ok && way < BOOT_WAYS; way++) {
        if (list[way].count == 0) continue; /* the filter dropped everything */
        ok = train_clip(&model, &list[way], c, boot_name((BootWay)way), err);
        if (!ok) break;
        if (way == BOOT_NOISY) ok = make_lists(&model, &arena, c, &clean, list, err);
        if (ok) done(context, (BootWay)way, row_of(&list[way], &model, c));
        scene_model_free(&model);
    }
    arena_free(&arena);
    return ok;
}
