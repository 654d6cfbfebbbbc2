#include "overview.h"
#include "core/softmax.h"
#include "dataset/augment.h"
#include "evaluate/metrics.h"
#include "evaluate/zeroshot.h"

#include <math.h>

/* index[0 .. pairs): the first pictures with different classes; index[pairs]: the first with none of these classes, or
 * the last picture. Returns the number of pairs. */
static int choose_pictures(const Cifar *set, int index[OVERVIEW_PAIRS + 1]) {
    bool used[CIFAR_CLASSES] = { false };
    int pairs = 0;
    for (int i = 0; i < set->n; i++) {
        int class = set->labels[i];
        if (used[class]) continue;
        index[pairs] = i;
        if (pairs == OVERVIEW_PAIRS) return pairs;
        used[class] = true;
        pairs++;
    }
    index[pairs] = set->n - 1;
    return pairs;
}

/* c = a b^T          a [M,E], b [N,E] -> [M,N] */
static Mat products(Arena *arena, Mat a, Mat b) {
    Mat transposed = mat_new(arena, b.shape[1], b.shape[0]), c = mat_new(arena, a.shape[0], b.shape[0]);
    mat_transpose(b, transposed);
    mat_matmul(a, transposed, c);
    return c;
}

/* softmax(scale s_i)_i of each row i          s [N,N] -> [1,N] */
static Mat choose_own(Arena *arena, Mat s, double scale) {
    int N = s.shape[0];
    Mat own = mat_new(arena, 1, N);
    for (int i = 0; i < N; i++) own.v[i] = (num)exp(-cross_entropy_row(&AT(s, i, 0), N, scale, i));
    return own;
}

/* The training half: images, texts, cosines and the loss of both directions. */
static void add_batch(Arena *arena, Clip *clip, Overview *o) {
    Mat columns = mat_new(arena, o->pairs, o->pairs);
    o->texts = clip_text_features(clip, arena, o->captions, o->pairs, NULL);
    o->cosines = products(arena, o->images, o->texts);
    mat_transpose(o->cosines, columns);
    o->choose_text = choose_own(arena, o->cosines, o->scale);
    o->choose_image = choose_own(arena, columns, o->scale);
    o->text_loss = cross_entropy_diagonal(o->cosines, o->scale);
    o->image_loss = cross_entropy_diagonal(columns, o->scale);
}

/* The zero-shot half: the texts of all classes, and their cosines with one picture. */
static void add_classification(Arena *arena, Clip *clip, Overview *o) {
    Err err;
    o->prompt_vectors = clip_text_features(clip, arena, o->prompts, o->classes, NULL);
    o->scores = products(arena, o->query, o->prompt_vectors);
    o->probabilities = mat_new(arena, 1, o->classes);
    softmax_row(o->scores.v, o->classes, o->scale, o->probabilities.v);
    if (!metrics_argmax(o->scores, &o->answer, &err)) die("%s", err.text);
}

static const char *const *fill_all(Arena *arena, const char *pattern, const Cifar *set, const int *labels, int count) {
    const char **texts = arena_alloc(arena, (size_t)count, sizeof *texts);
    for (int i = 0; i < count; i++) texts[i] = text_fill(arena, pattern, set->names[labels ? labels[i] : i]);
    return texts;
}

Overview overview_make(Arena *arena, Clip *clip, const Cifar *set, const char *pattern, const char *data) {
    int index[OVERVIEW_PAIRS + 1], labels[OVERVIEW_PAIRS + 1], E = clip->config.image.embed;
    int N = choose_pictures(set, index);
    Tape tape = { .no_grad = true };
    Mat pixels = mat_like(&tape.arena, mat_shape(4, N + 1, CIFAR_SIDE, CIFAR_SIDE, 3));
    uint8_t *rgb = arena_alloc(arena, (size_t)(N + 1), CIFAR_NUMBERS);
    for (int i = 0; i <= N; i++) {
        cifar_picture(set, index[i], rgb + (size_t)i * CIFAR_NUMBERS);
        labels[i] = set->labels[index[i]];
    }
    cifar_batch(set, index, N + 1, NULL, pixels.v);
    Mat vectors = mat_new(arena, N + 1, E), encoded = clip_image(&tape, clip, pixels)->val;
    for (size_t i = 0; i < mat_count(vectors); i++) vectors.v[i] = encoded.v[i];
    tape_free(&tape);
    Overview o = { .pairs = N,
                   .classes = CIFAR_CLASSES,
                   .pixels = rgb,
                   .images = mat_shape(2, N, E),
                   .query = mat_shape(2, 1, E),
                   .scale = exp((double)*clip->logit_scale->val.v),
                   .truth = labels[N],
                   .data = data };
    o.images.v = vectors.v;
    o.query.v = &AT(vectors, N, 0);
    o.captions = fill_all(arena, pattern, set, labels, N);
    o.prompts = fill_all(arena, pattern, set, NULL, CIFAR_CLASSES);
    add_batch(arena, clip, &o);
    add_classification(arena, clip, &o);
    return o;
}
