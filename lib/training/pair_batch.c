#include "training/pair_batch.h"
#include "dataset/augment.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"
#include "training/recipe.h"

#include <string.h>

ImageTowerSize pair_tower(const char *image, int layers) {
    ImageTowerSize size = { .kind = image, .patch = 8, .width = 64, .layers = layers };
    if (!strcmp(image, "resnet")) size.widths[0] = size.widths[1] = 16;
    return size;
}

void pair_model_of(Clip *clip, const char *const *texts, int count, ImageTowerSize image, uint64_t seed) {
    Arena arena = { 0 };
    Recipe recipe = *recipe_find("tiny");
    Vocab vocab = vocab_of_texts(&arena, texts, count, 1);
    Err err;
    recipe.model.image = image;
    recipe.model.image.embed = PAIR_EMBED;
    if (!clip_init(clip, recipe.model, &vocab, seed, &err)) die("%s", err.text);
    arena_free(&arena);
}

const char *const *pair_class_texts(Arena *arena, const Cifar *set) {
    const char **texts = arena_alloc(arena, CIFAR_CLASSES, sizeof *texts), *pattern = recipe_find("tiny")->templates[0];
    for (int c = 0; c < CIFAR_CLASSES; c++) texts[c] = text_fill(arena, pattern, set->names[c]);
    return texts;
}

void pair_model(Clip *clip, const Cifar *set, const char *image, int layers, uint64_t seed) {
    Arena arena = { 0 };
    pair_model_of(clip, pair_class_texts(&arena, set), CIFAR_CLASSES, pair_tower(image, layers), seed);
    arena_free(&arena);
}

PairBatch pair_batch_of(Arena *arena, const Clip *clip, const Cifar *set, const char *const *texts, int count, int B) {
    PairBatch batch = { .set = set, .T = clip->config.tokens, .B = B };
    int *ids = arena_alloc(arena, (size_t)(count * batch.T), sizeof *ids);
    clip_encode(clip, arena, texts, count, ids);
    batch.text_ids = ids;
    batch.index = arena_zero(arena, (size_t)B, sizeof *batch.index);
    batch.caption = arena_zero(arena, (size_t)B, sizeof *batch.caption);
    batch.ids = arena_zero(arena, (size_t)(B * batch.T), sizeof *batch.ids);
    return batch;
}

PairBatch pair_batch_new(Arena *arena, const Clip *clip, const Cifar *set, int B) {
    PairBatch batch = pair_batch_of(arena, clip, set, pair_class_texts(arena, set), CIFAR_CLASSES, B);
    batch.text_of = set->labels;
    return batch;
}

void pair_batch_fill(PairBatch *batch, const int *index) {
    size_t row = (size_t)batch->T * sizeof(int);
    for (int b = 0; b < batch->B; b++) {
        batch->index[b] = index[b];
        batch->caption[b] = batch->text_of[index[b]];
        memcpy(batch->ids + (size_t)(b * batch->T), batch->text_ids + (size_t)(batch->caption[b] * batch->T), row);
    }
}

PairPart pair_batch_part(void *context, Arena *arena, int first, int n) {
    const PairBatch *batch = context;
    PairPart part = { mat_like(arena, mat_shape(4, n, CIFAR_SIDE, CIFAR_SIDE, 3)),
                      batch->ids + (size_t)(first * batch->T) };
    cifar_batch(batch->set, batch->index + first, n, NULL, part.pixels.v);
    return part;
}

Var pair_batch_loss(Tape *t, Clip *clip, PairBatch *batch, int first, int n) {
    PairPart part = pair_batch_part(batch, &t->arena, first, n);
    Var image = clip_image(t, clip, part.pixels), text = clip_text(t, clip, part.ids, n, batch->T);
    Mat q = clip_targets(&t->arena, batch->caption + first, n, 0);
    return clip_loss(t, clip_logits(t, image, text, tape_param(t, clip->logit_scale)), q);
}

PairOrder pair_order_new(Arena *arena, int n, uint64_t seed) {
    PairOrder order = { .n = n, .order = arena_alloc(arena, (size_t)n, sizeof *order.order), .seed = seed };
    for (int i = 0; i < n; i++) order.order[i] = i;
    return order;
}

void pair_order_next(PairOrder *o, int B, int *index) {
    for (int b = 0; b < B; b++, o->at++) {
        if (o->at % o->n == 0) {
            Rng rng = rng_seed(o->seed, 100 + (uint64_t)(o->at / o->n));
            rng_shuffle(&rng, o->order, o->n);
        }
        index[b] = o->order[o->at % o->n];
    }
}

int pair_right(Clip *clip, const Cifar *test) {
    Arena arena = { 0 };
    const char *const *templates = recipe_find("tiny")->templates;
    Mat classes = zeroshot_classes(clip, &arena, templates, 1, test->names, CIFAR_CLASSES, NULL);
    Mat scores = zeroshot_scores(clip, &arena, classes, test, (ZeroshotRange){ .n = test->n, .batch = 100 });
    int *best = arena_alloc(&arena, (size_t)test->n, sizeof *best), right = 0;
    Err err;
    if (!metrics_argmax(scores, best, &err)) die("%s", err.text);
    for (int i = 0; i < test->n; i++) right += best[i] == test->labels[i];
    arena_free(&arena);
    return right;
}
