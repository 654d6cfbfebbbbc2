#include "zeroshot.h"

#include "gemm.h"

#include <string.h>

Mat zeroshot_classes(Clip *clip, Arena *arena, const char *const *templates, int template_count, const char *const *names,
                     int name_count, FILE *warnings) {
    int E = clip->config.image.embed, n = template_count * name_count;
    Arena work = { 0 };
    const char **texts = arena_alloc(&work, (size_t)n, sizeof *texts);
    for (int c = 0; c < name_count; c++)
        for (int k = 0; k < template_count; k++) texts[c * template_count + k] = text_fill(&work, templates[k], names[c]);
    Mat each = clip_text_features(clip, &work, texts, n, warnings), classes = mat_zero(arena, name_count, E);
    for (int i = 0; i < n; i++)
        for (int e = 0; e < E; e++) AT(classes, i / template_count, e) += AT(each, i, e);
    mat_normalise_rows(classes); /* the mean's length does not matter any more: the sum will do */
    arena_free(&work);
    return classes;
}

/* Adds the cosines of one view of B pictures to scores [B,C]. */
static void add_view(Clip *clip, Tape *tape, Mat classes, const Cifar *set, const int *index, int B, Augment view, num *scores) {
    tape_reset(tape);
    Mat pixels = mat_like(&tape->arena, mat_shape(4, B, CIFAR_SIDE, CIFAR_SIDE, 3));
    cifar_batch(set, index, B, &view, pixels.v);
    Mat image = clip_image(tape, clip, pixels)->val;
    int E = classes.shape[1], C = classes.shape[0];
    gemm(false, true, B, C, E, image.v, E, classes.v, E, true, scores, C);
}

Mat zeroshot_scores(Clip *clip, Arena *arena, Mat classes, const Cifar *set, ZeroshotRange range) {
    static const Augment views[] = { { 0 }, { .mirror = MIRROR_ALWAYS }, { .dx = 1, .dy = 1 }, { .dx = -1, .dy = -1 },
                                     { .mirror = MIRROR_ALWAYS, .dx = 1, .dy = 1 }, { .mirror = MIRROR_ALWAYS, .dx = -1, .dy = -1 } };
    int count = range.views == VIEWS_PLAIN ? 1 : range.views == VIEWS_MIRROR ? 2 : 6, C = classes.shape[0];
    REQUIRE(range.first >= 0 && range.n >= 0 && range.first + range.n <= set->n && range.batch >= 1,
            "pictures %d to %d in batches of %d, there are %d", range.first, range.first + range.n - 1, range.batch, set->n);
    Mat scores = mat_zero(arena, range.n, C);
    Tape tape = { .no_grad = true };
    int *index = arena_alloc(arena, (size_t)range.batch, sizeof *index);
    for (int done = 0; done < range.n; done += range.batch) {
        int B = MIN(range.batch, range.n - done);
        for (int b = 0; b < B; b++) index[b] = range.first + done + b;
        for (int v = 0; v < count; v++) add_view(clip, &tape, classes, set, index, B, views[v], scores.v + (size_t)done * (size_t)C);
        if (range.progress) range.progress(range.context, done + B);
    }
    for (size_t i = 0; i < mat_count(scores); i++) scores.v[i] /= (num)count;
    tape_free(&tape);
    return scores;
}
