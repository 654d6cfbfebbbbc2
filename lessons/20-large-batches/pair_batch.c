#include "pair_batch.h"
#include "dataset/augment.h"
#include "training/recipe.h"

#include <math.h>
#include <string.h>
#include <time.h>

void pair_model(Clip *clip, const Cifar *set, const char *image, int layers, uint64_t seed) {
    Arena arena = { 0 };
    Recipe recipe = *recipe_find("tiny");
    Vocab vocab = vocab_build(&arena, recipe.templates, 1, set->names, CIFAR_CLASSES);
    ImageTowerSize size = { .kind = image, .embed = PAIR_EMBED, .patch = 8, .width = 64, .layers = layers };
    if (!strcmp(image, "resnet")) size.widths[0] = size.widths[1] = 16;
    recipe.model.image = size;
    Err err;
    if (!clip_init(clip, recipe.model, &vocab, seed, &err)) die("%s", err.text);
    arena_free(&arena);
}

PairBatch pair_batch_new(Arena *arena, const Clip *clip, const Cifar *set, int B) {
    PairBatch batch = { .set = set, .T = clip->config.tokens, .B = B };
    const char *texts[CIFAR_CLASSES], *pattern = recipe_find("tiny")->templates[0];
    for (int c = 0; c < CIFAR_CLASSES; c++) texts[c] = text_fill(arena, pattern, set->names[c]);
    int *ids = arena_alloc(arena, (size_t)(CIFAR_CLASSES * batch.T), sizeof *ids);
    vocab_encode(&clip->vocab, arena, texts, CIFAR_CLASSES, batch.T, ids);
    batch.class_ids = ids;
    batch.index = arena_zero(arena, (size_t)B, sizeof *batch.index);
    batch.caption = arena_zero(arena, (size_t)B, sizeof *batch.caption);
    batch.ids = arena_zero(arena, (size_t)(B * batch.T), sizeof *batch.ids);
    return batch;
}

void pair_batch_fill(PairBatch *batch, const int *index) {
    size_t row = (size_t)batch->T * sizeof(int);
    for (int b = 0; b < batch->B; b++) {
        batch->index[b] = index[b];
        batch->caption[b] = batch->set->labels[index[b]];
        memcpy(batch->ids + (size_t)(b * batch->T), batch->class_ids + (size_t)(batch->caption[b] * batch->T), row);
    }
}

PairPart pair_batch_part(void *context, Arena *arena, int first, int n) {
    const PairBatch *batch = context;
    PairPart part = { mat_like(arena, mat_shape(4, n, CIFAR_SIDE, CIFAR_SIDE, 3)),
                      batch->ids + (size_t)(first * batch->T) };
    cifar_batch(batch->set, batch->index + first, n, NULL, part.pixels.v);
    return part;
}

size_t gradient_count(const Clip *clip) {
    size_t count = 0;
    for (int i = 0; i < clip->params.count; i++) count += mat_count(clip->params.list[i]->val);
    return count;
}

void gradient_copy(const Clip *clip, num *to) {
    for (int i = 0; i < clip->params.count; i++) {
        const Param *p = clip->params.list[i];
        size_t count = mat_count(p->val);
        if (p->has_grad) memcpy(to, p->grad, count * sizeof(num));
        else memset(to, 0, count * sizeof(num));
        to += count;
    }
}

double gradient_distance(const num *a, const num *b, size_t count) {
    double off = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (double)b[i];
        off += d * d;
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(off / size);
}

double gradient_cosine(const num *a, const num *b, size_t count) {
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < count; i++) {
        dot += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa * bb > 0 ? dot / sqrt(aa * bb) : 0;
}

double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
