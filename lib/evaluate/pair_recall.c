#include "evaluate/pair_recall.h"

#include "dataset/augment.h"
#include "kernels/gemm.h"

#include <string.h>

enum { PICTURES = 100, TEXTS = 256, QUERIES = 64 }; /* at a time: changes the memory, not the result */

Mat pair_images(Clip *clip, Arena *arena, const PairSet *set, void (*done)(void *context, int pictures),
                void *context) {
    int E = clip->config.image.embed, side = set->side, index[PICTURES];
    Mat features = mat_new(arena, set->n, E);
    Tape tape = { .no_grad = true };
    for (int at = 0; at < set->n; at += PICTURES) {
        int B = MIN((int)PICTURES, set->n - at);
        tape_reset(&tape);
        Mat pixels = mat_like(&tape.arena, mat_shape(4, B, side, side, 3));
        for (int b = 0; b < B; b++) index[b] = at + b;
        pair_set_batch(set, index, B, NULL, pixels.v);
        memcpy(&AT(features, at, 0), clip_image(&tape, clip, pixels)->val.v, (size_t)B * (size_t)E * sizeof(num));
        if (done) done(context, at + B);
    }
    tape_free(&tape);
    return features;
}

/* The different captions of a set, and which pictures have them. */
typedef struct {
    int count;            /* G */
    Mat features;         /* [G,E] */
    int *of, *first;      /* picture i has the captions of[first[i] .. first[i+1]-1] */
    int *pictures, *from; /* caption g is that of pictures[from[g] .. from[g+1]-1] */
} Texts;

/* One row of ids for each group, and their unit vectors. */
static Mat text_features(Clip *clip, Arena *arena, const int *ids, const int *group, int captions, int groups) {
    int T = clip->config.tokens, E = clip->config.image.embed;
    int *own = arena_alloc(arena, (size_t)groups * (size_t)T, sizeof *own);
    Mat features = mat_new(arena, groups, E);
    Tape tape = { .no_grad = true };
    for (int g = 0; g < groups; g++) /* a group that no caption is in has no query */
        memcpy(own + (size_t)g * (size_t)T, ids, (size_t)T * sizeof *ids);
    for (int c = captions - 1; c >= 0; c--)
        memcpy(own + (size_t)group[c] * (size_t)T, ids + (size_t)c * (size_t)T, (size_t)T * sizeof *ids);
    for (int at = 0; at < groups; at += TEXTS) {
        int B = MIN((int)TEXTS, groups - at);
        tape_reset(&tape);
        Mat some = clip_text(&tape, clip, own + (size_t)at * (size_t)T, B, T)->val;
        memcpy(&AT(features, at, 0), some.v, mat_count(some) * sizeof(num));
    }
    tape_free(&tape);
    return features;
}

/* The groups of each picture, each once; and the pictures of each group. */
static void texts_link(Texts *texts, Arena *arena, const PairSet *set, const int *group) {
    int used = 0, all = 0;
    for (int i = 0; i < set->n; i++) all += set->count[i];
    texts->of = arena_alloc(arena, (size_t)all, sizeof(int));
    texts->pictures = arena_alloc(arena, (size_t)all, sizeof(int));
    texts->first = arena_alloc(arena, (size_t)set->n + 1, sizeof(int));
    texts->from = arena_zero(arena, (size_t)texts->count + 2, sizeof(int));
    for (int i = 0; i < set->n; i++) {
        texts->first[i] = used;
        for (int k = 0; k < set->count[i]; k++) {
            int g = group[set->own[set->first[i] + k]], at = texts->first[i];
            while (at < used && texts->of[at] != g) at++;
            if (at < used) continue;
            texts->of[used++] = g;
            texts->from[g + 2]++;
        }
    }
    texts->first[set->n] = used;
    for (int g = 0; g < texts->count; g++) texts->from[g + 2] += texts->from[g + 1];
    for (int i = 0; i < set->n; i++)
        for (int k = texts->first[i]; k < texts->first[i + 1]; k++)
            texts->pictures[texts->from[texts->of[k] + 1]++] = i;
}

/* Adds up recalls: queries [Q,E] against answers [N,E]; query q has the right answers right[first[q] .. first[q+1]-1].
 * Queries without one do not count. */
static bool recall_one_way(Mat queries, Mat answers, const int *right, const int *first,
                           double recall[RETRIEVAL_CUTOFFS], double chance[RETRIEVAL_CUTOFFS], Err *err) {
    Arena work = { 0 };
    int Q = queries.shape[0], N = answers.shape[0], E = answers.shape[1], counted = 0;
    Mat scores = mat_new(&work, QUERIES, N);
    bool ok = true;
    for (int at = 0; ok && at < Q; at += QUERIES) {
        int some = MIN((int)QUERIES, Q - at);
        gemm(false, true, some, N, E, &AT(queries, at, 0), E, answers.v, E, false, scores.v, N);
        for (int q = 0; ok && q < some; q++) {
            double one[RETRIEVAL_CUTOFFS];
            int begin = first[at + q], rights = first[at + q + 1] - begin;
            if (rights == 0) continue;
            ok = retrieval_recall(&AT(scores, q, 0), N, right + begin, rights, one) ||
                 err_set(err, "a cosine of query %d is not a number: the weights or the input are broken", at + q);
            counted++;
            for (int c = 0; ok && c < RETRIEVAL_CUTOFFS; c++) {
                recall[c] += one[c];
                chance[c] += retrieval_recall_at(0, N - rights, rights, retrieval_cutoffs[c]);
            }
        }
    }
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
        recall[c] /= MAX(1, counted);
        chance[c] /= MAX(1, counted);
    }
    arena_free(&work);
    return ok;
}

bool pair_recall(Clip *clip, const PairSet *set, PairRecall *result, Err *err) {
    *result = (PairRecall){ .pictures = set->n };
    if (set->n == 0) return true;
    Arena work = { 0 };
    int T = clip->config.tokens, captions = set->caption_count;
    int *ids = arena_alloc(&work, (size_t)captions * (size_t)T, sizeof *ids);
    int *group = arena_alloc(&work, (size_t)captions, sizeof *group);
    clip_encode(clip, &work, set->caption, captions, ids);
    Texts texts = { .count = pair_set_groups(set, ids, T, group) };
    texts.features = text_features(clip, &work, ids, group, captions, texts.count);
    texts_link(&texts, &work, set, group);
    Mat images = pair_images(clip, &work, set, NULL, NULL);
    bool ok = recall_one_way(images, texts.features, texts.of, texts.first, result->recall[IMAGE_TO_TEXT],
                             result->chance[IMAGE_TO_TEXT], err) &&
              recall_one_way(texts.features, images, texts.pictures, texts.from, result->recall[TEXT_TO_IMAGE],
                             result->chance[TEXT_TO_IMAGE], err);
    result->captions = texts.count;
    for (int i = 0; i < RECALL_WAYS * RETRIEVAL_CUTOFFS; i++)
        result->mean +=
            result->recall[i / RETRIEVAL_CUTOFFS][i % RETRIEVAL_CUTOFFS] / (RECALL_WAYS * RETRIEVAL_CUTOFFS);
    arena_free(&work);
    return ok;
}

void pair_recall_print(const PairRecall *r) {
    static const char *const ways[] = { "picture to caption", "caption to picture" };
    printf("%d pictures, %d different captions; right answers among the first k, in %%:\n", r->pictures, r->captions);
    printf("  %-20s%8s%8s%8s   guessing:%8s%8s%8s\n", "", "k = 1", "5", "10", "k = 1", "5", "10");
    for (int way = 0; way < RECALL_WAYS; way++) {
        printf("  %-20s", ways[way]);
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) printf("%8.1f", 100 * r->recall[way][c]);
        printf("%12s", "");
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) printf("%8.1f", 100 * r->chance[way][c]);
        printf("\n");
    }
}
