#include "evaluate/zeroshot.h"
#include "dataset/augment.h"
#include "kernels/gemm.h"

/* classes[c] = unit(sum_k unit(text_tower(template k filled with name c)))          [names,E] */
Mat zeroshot_classes(Clip *clip, Arena *arena, const char *const *templates, int template_count,
                     const char *const *names, int name_count, FILE *warnings) {
    int E = clip->config.image.embed, n = template_count * name_count;
    Arena work = { 0 };
    const char **texts = arena_alloc(&work, (size_t)n, sizeof *texts);
    for (int c = 0; c < name_count; c++)
        for (int k = 0; k < template_count; k++)
            texts[c * template_count + k] = text_fill(&work, templates[k], names[c]);
    Mat features = clip_text_features(clip, &work, texts, n, warnings), classes = mat_zero(arena, name_count, E);
    for (int c = 0; c < name_count; c++)
        rows_add(&AT(features, c * template_count, 0), (size_t)template_count, E, &AT(classes, c, 0));
    mat_normalise_rows(classes); /* a sum is as good as a mean */
    arena_free(&work);
    return classes;
}

/* scores += weight unit(image_tower(changed pictures)) classes^T          [B,C]; the pictures with numbers index[B] */
static void add_scores(Clip *clip, Tape *tape, Mat classes, const Cifar *set, const int *index, int B,
                       const Augment *change, num weight, num *scores) {
    tape_reset(tape);
    Mat pixels = mat_like(&tape->arena, mat_shape(4, B, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(set, index, B, change, pixels.v);
    Mat image = clip_image(tape, clip, pixels)->val;
    int E = classes.shape[1], C = classes.shape[0];
    for (size_t i = 0, count = mat_count(image); i < count; i++) image.v[i] *= weight;
    gemm(false, true, B, C, E, image.v, E, classes.v, E, true, scores, C);
}

Mat zeroshot_scores(Clip *clip, Arena *arena, Mat classes, const Cifar *set, ZeroshotRange range) {
    static const struct {
        Augment change;
        num weight[3]; /* for TTA_NONE, TTA_MIRROR, TTA_MIRROR_SHIFT */
    } variants[] = { { { 0 }, { 1, 0.5f, 0.25f } },
                     { { .mirror = MIRROR_ALWAYS }, { 0, 0.5f, 0.25f } },
                     { { .dx = 1, .dy = 1 }, { 0, 0, 0.125f } },
                     { { .mirror = MIRROR_ALWAYS, .dx = 1, .dy = 1 }, { 0, 0, 0.125f } },
                     { { .dx = -1, .dy = -1 }, { 0, 0, 0.125f } },
                     { { .mirror = MIRROR_ALWAYS, .dx = -1, .dy = -1 }, { 0, 0, 0.125f } } };
    int C = classes.shape[0];
    REQUIRE(range.n >= 0 && range.n <= set->n && range.batch >= 1, "%d pictures in batches of %d, there are %d",
            range.n, range.batch, set->n);
    Mat scores = mat_zero(arena, range.n, C);
    Tape tape = { .no_grad = true };
    int *index = arena_alloc(arena, (size_t)range.batch, sizeof *index);
    for (int done = 0; done < range.n; done += range.batch) {
        int B = MIN(range.batch, range.n - done);
        for (int b = 0; b < B; b++) index[b] = done + b;
        for (size_t v = 0; v < COUNT(variants); v++)
            if (variants[v].weight[range.tta] > 0)
                add_scores(clip, &tape, classes, set, index, B, &variants[v].change, variants[v].weight[range.tta],
                           scores.v + (size_t)done * (size_t)C);
        if (range.progress) range.progress(range.context, done + B);
    }
    tape_free(&tape);
    return scores;
}
