#include "few_shot.h"
#include "core/thread.h"
#include "evaluate/metrics.h"

#include <math.h>
#include <string.h>

static const double DECAY = 0.1; /* chosen of 0.001 ... 10 with seed 9, which no table has */

int few_shot_size(int i) { return 1 << i; }

typedef struct {
    Labelled pool, test;
    int classes, shots;
    uint64_t seed;
    int *right; /* [draws] */
} Work;

/* `shots` pictures of each class, in random order: x [classes shots,E]. */
static ProbeData draw(const Work *work, Arena *arena, int number) {
    int E = work->pool.x.shape[1], n = work->pool.x.shape[0], taken[CLASSES_MAX] = { 0 }, count = 0;
    int *order = arena_alloc(arena, (size_t)n, sizeof *order);
    int *labels = arena_alloc(arena, (size_t)(work->classes * work->shots), sizeof *labels);
    ProbeData data = { mat_new(arena, work->classes * work->shots, E), labels, work->classes, DECAY };
    Rng rng = rng_seed(work->seed ^ 0x73686f74u, (uint64_t)(number * 1000 + work->shots));
    for (int i = 0; i < n; i++) order[i] = i;
    rng_shuffle(&rng, order, n);
    for (int i = 0; i < n; i++) {
        int label = work->pool.labels[order[i]];
        if (taken[label] == work->shots) continue;
        taken[label]++;
        labels[count] = label;
        memcpy(&AT(data.x, count++, 0), &AT(work->pool.x, order[i], 0), (size_t)E * sizeof(num));
    }
    REQUIRE(count == work->classes * work->shots, "the pool has no %d pictures of each of %d classes", work->shots,
            work->classes);
    return data;
}

static void draw_range(void *context, size_t begin, size_t end) {
    const Work *work = context;
    for (size_t d = begin; d < end; d++) {
        Arena arena = { 0 };
        ProbeData data = draw(work, &arena, (int)d);
        LinearProbe probe = linear_probe_fit(&data, &arena);
        int n = work->test.x.shape[0], *best = arena_alloc(&arena, (size_t)n, sizeof *best), right = 0;
        Err err;
        if (!metrics_argmax(linear_probe_scores(&probe, &arena, work->test.x), best, &err)) die("%s", err.text);
        for (int i = 0; i < n; i++) right += best[i] == work->test.labels[i];
        work->right[d] = right;
        arena_free(&arena);
    }
}

FewShot few_shot_measure(Labelled pool, Labelled test, int classes, int shots, int draws, uint64_t seed) {
    REQUIRE(classes <= CLASSES_MAX && draws >= 1, "%d classes, %d draws", classes, draws);
    Arena arena = { 0 };
    Work work = { pool, test, classes, shots, seed, arena_alloc(&arena, (size_t)draws, sizeof(int)) };
    FewShot result = { 0, 1, 0 };
    parallel_for((size_t)draws, 1, draw_range, &work);
    for (int d = 0; d < draws; d++) {
        double right = (double)work.right[d] / test.x.shape[0];
        result.mean += right / draws;
        result.low = fmin(result.low, right);
        result.high = fmax(result.high, right);
    }
    arena_free(&arena);
    return result;
}

double few_shot_crossing(const double *curve, double text) {
    if (curve[0] >= text) return 1;
    for (int i = 1; i < FEW_SHOT_SIZES; i++)
        if (curve[i] >= text) return exp2(i - 1 + (text - curve[i - 1]) / (curve[i] - curve[i - 1]));
    return INFINITY;
}
