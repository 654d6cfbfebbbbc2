#include "mining.h"
#include "core/thread.h"
#include "evaluate/retrieval.h"

#include <math.h>

enum { GROUP = 1 + MINED_NEAREST, MINED_SEED = 7000 };
static const double RATE_FACTOR = 0.3;
_Static_assert(MINED_GROUPS *GROUP == LOOK_BATCH, "a batch is made of whole groups");

static int *answers_of(Clip *clip, Arena *arena, const Cifar *set, int n) {
    Mat texts = clip_text_features(clip, arena, look_captions(arena, set), CIFAR_CLASSES, NULL);
    int *answer = arena_alloc(arena, (size_t)n, sizeof *answer);
    look_answers(look_set_images(clip, arena, set, n), texts, answer);
    return answer;
}

ClassPair most_confused(Clip *clip, const Cifar *set, int n) {
    Arena arena = { 0 };
    int count[CIFAR_CLASSES][CIFAR_CLASSES] = { { 0 } }, best = -1, *answer = answers_of(clip, &arena, set, n);
    ClassPair pair = { 0, 1 };
    for (int i = 0; i < n; i++) count[MIN(answer[i], set->labels[i])][MAX(answer[i], set->labels[i])]++;
    for (int a = 0; a < CIFAR_CLASSES; a++)
        for (int b = a + 1; b < CIFAR_CLASSES; b++)
            if (count[a][b] > best) {
                best = count[a][b];
                pair = (ClassPair){ a, b };
            }
    arena_free(&arena);
    return pair;
}

int class_pair_right(Clip *clip, const Cifar *set, int n, ClassPair pair, int *of) {
    Arena arena = { 0 };
    const char **all = look_captions(&arena, set), *two[] = { all[pair.a], all[pair.b] };
    Mat texts = clip_text_features(clip, &arena, two, 2, NULL), images = look_set_images(clip, &arena, set, n);
    int *answer = arena_alloc(&arena, (size_t)n, sizeof *answer), right = 0;
    look_answers(images, texts, answer);
    *of = 0;
    for (int i = 0; i < n; i++) {
        if (set->labels[i] != pair.a && set->labels[i] != pair.b) continue;
        right += (answer[i] ? pair.b : pair.a) == set->labels[i];
        ++*of;
    }
    arena_free(&arena);
    return right;
}

void nearest_wrong(Mat images, const uint8_t *label, int anchor, int *near, int count) {
    Arena arena = { 0 };
    int n = images.shape[0];
    num *cosine = arena_alloc(&arena, (size_t)n, sizeof *cosine);
    for (int i = 0; i < n; i++)
        cosine[i] = label[i] == label[anchor]
                        ? -INFINITY
                        : (num)vec_dot(&AT(images, i, 0), &AT(images, anchor, 0), images.shape[1]);
    retrieval_top(cosine, n, count, near);
    REQUIRE(isfinite((double)cosine[near[count - 1]]), "fewer than %d pictures of other classes", count);
    arena_free(&arena);
}

typedef struct {
    Mat images;
    const uint8_t *label;
    uint64_t seed;
    int n, mined, step, *index; /* pictures to draw from; mined groups; of the batch */
} Pool;

static void choose_groups(void *context, size_t begin, size_t end) {
    const Pool *pool = context;
    for (size_t g = begin; g < end; g++) {
        Rng rng = rng_seed(pool->seed, (uint64_t)pool->step * MINED_GROUPS + g);
        int *group = pool->index + g * GROUP;
        for (int k = 0; k < GROUP; k++) group[k] = (int)rng_below(&rng, (uint32_t)pool->n);
        if ((int)g < pool->mined) nearest_wrong(pool->images, pool->label, group[0], group + 1, MINED_NEAREST);
    }
}

static void choose_mined(void *context, int step, int *index) {
    Pool *pool = context;
    pool->step = step;
    pool->index = index;
    parallel_for(MINED_GROUPS, 1, choose_groups, pool);
}

bool mining_train(Clip *clip, const LookConfig *config, int mined, Err *err) {
    Arena arena = { 0 };
    Pool pool = { .label = config->train->labels, .seed = MINED_SEED + (uint64_t)config->seed, .mined = mined };
    pool.n = MIN(MINED_POOL, config->train->n);
    if (mined) pool.images = look_set_images(clip, &arena, config->train, pool.n);
    bool ok = look_train(clip, config, RATE_FACTOR, choose_mined, &pool, err);
    arena_free(&arena);
    return ok;
}
