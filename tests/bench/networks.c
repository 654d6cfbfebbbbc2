/* The figures of whole networks: training steps and inference. */
#include "figures.h"
#include "measure.h"
#include "autograd/flop.h"
#include "model/clip.h"
#include "scenes/scene_model.h"
#include "training/optim.h"

#include <string.h>

/* ---- training steps ---------------------------------------------------------------------------------------------- */

enum { WORDS = 13, TOKENS = 5 };

typedef struct {
    Clip *clip;
    Optim optim;
    Tape tape;
    Mat pixels;
    int *ids, B, T;
} Training;

static Var train_forward(Training *s) {
    Tape *t = &s->tape;
    tape_reset(t);
    Var logits = clip_logits(t, clip_image(t, s->clip, s->pixels), clip_text(t, s->clip, s->ids, s->B, s->T),
                             tape_param(t, s->clip->logit_scale));
    return clip_loss(t, logits, (Mat){ 0 });
}
static void train_step(void *context) {
    Training *s = context;
    tape_backward(&s->tape, train_forward(s));
    optim_step(&s->optim, 1);
}

/* Steps of SGD with momentum on B random pictures of 32 x 32 and as many random texts of T tokens below `words`. */
static void train_measure(const char *name, Clip *clip, int B, int T, int words) {
    Training s = { .clip = clip, .tape = { .training = true }, .B = B, .T = T };
    Arena arena = { 0 };
    Rng rng = rng_seed(1, 0);
    optim_init(&s.optim, &clip->params, &(OptimGroup){ .rule = OPTIM_SGD, .lr = 0.01, .momentum = 0.9 }, 1);
    s.pixels = mat_like(&arena, mat_shape(4, B, 32, 32, 3));
    for (size_t i = 0; i < mat_count(s.pixels); i++) s.pixels.v[i] = (num)rng_normal(&rng);
    s.ids = arena_alloc(&arena, (size_t)B * (size_t)T, sizeof *s.ids);
    for (int i = 0; i < B * T; i++) s.ids[i] = 1 + (int)rng_below(&rng, (uint32_t)words - 1);
    train_forward(&s);
    Flop flop = flop_of_tape(&s.tape);
    int runs = flop.forward < 10e9 ? 61 : 5;
    measure(name, &(Job){ train_step, &s, runs, "img/s", B, .flop = flop.forward + flop.backward });
    tape_free(&s.tape);
    optim_free(&s.optim);
    arena_free(&arena);
}

void bench_train(const char *name) {
    static const struct {
        const char *name, *tower;
        int batch, embed;
    } trainings[] = { { "train-small-cnn", "small", 128, 64 },
                      { "train-speedrun", "cnn", 500, 256 },
                      { "train-resnet9", "resnet9", 128, 64 },
                      { "train-vit", "vit", 128, 64 } };
    int i = 0;
    while (strcmp(trainings[i].name, name) != 0) i++;
    int embed = trainings[i].embed;
    ClipConfig config = { .image = { .kind = trainings[i].tower, .embed = embed }, .tokens = TOKENS };
    config.text = (TextTowerSize){ .kind = "bow", .vocabulary = WORDS, .width = embed, .embed = embed, .padding = -1 };
    Clip clip;
    Err err;
    if (!clip_init(&clip, config, NULL, 1, &err)) die("%s", err.text);
    train_measure(name, &clip, trainings[i].batch, TOKENS, WORDS);
    clip_free(&clip);
}

/* The towers of lessons 16 to 18: "scene", and a transformer over 16 tokens. */
void bench_scenes(const char *name) {
    SceneModel model;
    Err err;
    if (!scene_model_init(&model, &(SceneModelConfig){ .seed = 1 }, &err)) die("%s", err.text);
    train_measure(name, &model.clip, SCENE_MODEL_BATCH, model.clip.config.tokens, model.clip.vocab.size);
    scene_model_free(&model);
}

/* ---- inference --------------------------------------------------------------------------------------------------- */

enum { LENGTH = 77, IDS = 49408 };                         /* CLIP's texts and vocabulary */
static const double IMAGE_FLOP = 8.8e9, TEXT_FLOP = 6.0e9; /* 12 blocks: 50 tokens of width 768; 77 of 512 */

typedef struct {
    ImageTower image;
    TextTower text;
    Tape tape;
    Mat pixels;
    int *ids, B;
} Inference;

static void image_once(void *context) {
    Inference *s = context;
    tape_reset(&s->tape);
    image_tower(&s->tape, &s->image, tape_data(&s->tape, s->pixels));
}
static void text_once(void *context) {
    Inference *s = context;
    tape_reset(&s->tape);
    text_tower(&s->tape, &s->text, s->ids, s->B, LENGTH);
}

/* The matrices of products as BF16 that is widened in the kernel, as from a weights file. */
static void narrow(Params *params, Param *p) {
    size_t n = mat_count(p->val);
    uint8_t *bytes = arena_alloc(params->arena, n, 2);
    for (size_t k = 0; k < n; k++) {
        uint16_t bits = bfloat_narrow((double)p->val.v[k]);
        bytes[2 * k] = (uint8_t)(bits & 255);
        bytes[2 * k + 1] = (uint8_t)(bits >> 8);
    }
    WeightView *view = arena_zero(params->arena, 1, sizeof *view);
    view->parts = 1;
    view->part[0].data = bytes;
    view->part[0].dtype = DTYPE_BF16;
    p->weights_view = view;
    p->val.v = NULL;
}
static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}
static bool is_product(const char *name) {
    return ends_with(name, "in_proj_weight") || ends_with(name, "out_proj.weight") || ends_with(name, "c_fc.weight") ||
           ends_with(name, "c_proj.weight");
}

/* Random numbers for parameters without gradients. */
static void fill(Params *params, Rng *rng, bool bfloat) {
    for (int i = 0; i < params->count; i++) {
        Param *p = params->list[i];
        size_t n = mat_count(p->val);
        p->val.v = arena_alloc(params->arena, n, sizeof(num));
        for (size_t k = 0; k < n; k++) p->val.v[k] = (num)(0.1 * (rng_uniform(rng) - 0.5));
        p->frozen = true;
        if (bfloat && is_product(p->name)) narrow(params, p);
    }
}

/* vit-b32-image-BATCH[-bf16]. */
void bench_image(const char *name) {
    Arena arena = { 0 };
    Params params = { .arena = &arena, .plan = true };
    Rng rng = rng_seed(1, 0);
    Inference s = { .tape = { .no_grad = true } };
    if (sscanf(name, "vit-b32-image-%d", &s.B) != 1) return;
    ImageTowerSize size = { .kind = "vit", .side = 224, .patch = 32, .width = 768, .layers = 12, .heads = 12 };
    size.embed = 512;
    image_tower_add(&s.image, &params, size, &rng);
    fill(&params, &rng, strstr(name, "bf16"));
    s.pixels = mat_like(&arena, mat_shape(4, s.B, 224, 224, 3));
    for (size_t i = 0; i < mat_count(s.pixels); i++) s.pixels.v[i] = (num)rng_uniform(&rng);
    measure(name, &(Job){ image_once, &s, 7, "ms/img", 1e3 / s.B, .duration = true, .flop = IMAGE_FLOP * s.B });
    tape_free(&s.tape);
    arena_free(&arena);
}

/* clip-text-BATCH[-bf16]. The end token is the last of the 77: the tower computes all of them. */
void bench_text(const char *name) {
    Arena arena = { 0 };
    Params params = { .arena = &arena, .plan = true };
    Rng rng = rng_seed(1, 0);
    Inference s = { .tape = { .no_grad = true } };
    if (sscanf(name, "clip-text-%d", &s.B) != 1) return;
    TextTowerSize size = { .kind = "transformer", .vocabulary = IDS, .width = 512, .layers = 12, .heads = 8 };
    size.embed = 512;
    size.padding = -1;
    text_tower_add(&s.text, &params, size, &rng);
    fill(&params, &rng, strstr(name, "bf16"));
    s.ids = arena_alloc(&arena, (size_t)s.B * LENGTH, sizeof *s.ids);
    for (int i = 0; i < s.B * LENGTH; i++)
        s.ids[i] = i % LENGTH == LENGTH - 1 ? IDS - 1 : (int)rng_below(&rng, IDS - 2);
    measure(name, &(Job){ text_once, &s, 7, "ms/text", 1e3 / s.B, .duration = true, .flop = TEXT_FLOP * s.B });
    tape_free(&s.tape);
    arena_free(&arena);
}
