#include "evaluate/zeroshot.h"

#include "dataset/augment.h"
#include "kernels/gemm.h"

#include <string.h>

Mat zeroshot_classes(Clip *clip, Arena *arena, const char *const *templates, int template_count,
                     const char *const *names, int name_count, FILE *warnings) {
    int E = clip->config.image.embed, n = template_count * name_count;
    Arena work = { 0 };
    const char **texts = arena_alloc(&work, (size_t)n, sizeof *texts);
    for (int c = 0; c < name_count; c++)
        for (int k = 0; k < template_count; k++)
            texts[c * template_count + k] = text_fill(&work, templates[k], names[c]);
    Mat each = clip_text_features(clip, &work, texts, n, warnings), classes = mat_zero(arena, name_count, E);
    for (int i = 0; i < n; i++)
        for (int e = 0; e < E; e++) AT(classes, i / template_count, e) += AT(each, i, e);
    mat_normalise_rows(classes); /* the mean's length does not matter any more: the sum will do */
    arena_free(&work);
    return classes;
}

typedef struct {
    Augment change;
    num weight;
} View;

/* Adds the weighted cosines of one view of B pictures to scores [B,C]. */
static void add_view(Clip *clip, Tape *tape, Mat classes, const Cifar *set, const int *index, int B, const View *view,
                     num *scores) {
    tape_reset(tape);
    Mat pixels = mat_like(&tape->arena, mat_shape(4, B, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(set, index, B, &view->change, pixels.v);
    Mat image = clip_image(tape, clip, pixels)->val;
    int E = classes.shape[1], C = classes.shape[0];
    for (size_t i = 0, count = mat_count(image); i < count; i++) image.v[i] *= view->weight;
    gemm(false, true, B, C, E, image.v, E, classes.v, E, true, scores, C);
}

Mat zeroshot_scores(Clip *clip, Arena *arena, Mat classes, const Cifar *set, ZeroshotRange range) {
    static const View plain[] = { { { 0 }, 1 } };
    static const View mirror[] = { { { 0 }, 0.5f }, { { .mirror = MIRROR_ALWAYS }, 0.5f } };
    static const View all[] = { { { 0 }, 0.25f },
                                { { .mirror = MIRROR_ALWAYS }, 0.25f },
                                { { .dx = 1, .dy = 1 }, 0.125f },
                                { { .mirror = MIRROR_ALWAYS, .dx = 1, .dy = 1 }, 0.125f },
                                { { .dx = -1, .dy = -1 }, 0.125f },
                                { { .mirror = MIRROR_ALWAYS, .dx = -1, .dy = -1 }, 0.125f } };
    const View *tta = range.tta == TTA_NONE ? plain : range.tta == TTA_MIRROR ? mirror : all;
    int count = range.tta == TTA_NONE     ? COUNT(plain)
                : range.tta == TTA_MIRROR ? COUNT(mirror)
                                          : COUNT(all),
        C = classes.shape[0];
    REQUIRE(range.first >= 0 && range.n >= 0 && range.first + range.n <= set->n && range.batch >= 1,
            "pictures %d to %d in batches of %d, there are %d", range.first, range.first + range.n - 1, range.batch,
            set->n);
    Mat scores = mat_zero(arena, range.n, C);
    Tape tape = { .no_grad = true };
    int *index = arena_alloc(arena, (size_t)range.batch, sizeof *index);
    for (int done = 0; done < range.n; done += range.batch) {
        int B = MIN(range.batch, range.n - done);
        for (int b = 0; b < B; b++) index[b] = range.first + done + b;
        for (int v = 0; v < count; v++)
            add_view(clip, &tape, classes, set, index, B, &tta[v], scores.v + (size_t)done * (size_t)C);
        if (range.progress) range.progress(range.context, done + B);
    }
    tape_free(&tape);
    return scores;
}
