#include "web_train.h"
#include "autograd/flop.h"
#include "evaluate/zeroshot.h"
#include "training/recipe.h"
#include "training/steps.h"

#include <stdlib.h>

typedef struct {
    const WebTraining *run;
    const WebWatch *watch;
    Clip *clip;
    PairBatch batch;
    PairOrder order;
} Training;

int web_batch(const WebTraining *run) { return MIN(run->batch > 0 ? run->batch : WEB_BATCH, run->pictures); }
int web_steps(const WebTraining *run) { return run->pictures / web_batch(run); }

static Var loss_of(void *context, Tape *t, int step) {
    Training *s = context;
    int B = s->batch.B, *index = arena_alloc(&t->arena, (size_t)B, sizeof *index);
    pair_order_next(&s->order, B, index);
    for (int b = 0; b < B; b++) index[b] = s->run->chosen[index[b]];
    pair_batch_fill(&s->batch, index);
    image_tower_drop(&s->clip->image, s->run->drop, ((uint64_t)s->run->seed << 32) + (uint64_t)step);
    return pair_batch_loss(t, s->clip, &s->batch, 0, B);
}

static void after_step(void *context, int done, double loss) {
    Training *s = context;
    (void)loss;
    if (s->watch) s->watch->at_step(s->watch->context, s->clip, done, s->batch.B);
}

/* The model and the batches; memory for them on the arena. */
static Training training_begin(Arena *arena, Clip *clip, const WebTraining *run, const WebWatch *watch) {
    uint64_t seed = (uint64_t)run->seed;
    Training s = { .run = run, .watch = watch, .clip = clip };
    pair_model_of(clip, run->texts, run->count, run->tower, seed);
    s.batch = pair_batch_of(arena, clip, run->set, run->texts, run->count, web_batch(run));
    s.batch.text_of = run->text_of;
    s.order = pair_order_new(arena, run->chosen_count, seed);
    return s;
}

void web_train(Clip *clip, const WebTraining *run, const WebWatch *watch) {
    Arena arena = { 0 };
    Training s = training_begin(&arena, clip, run, watch);
    StepsRun steps = { "lesson 21",     web_steps(run),           .lr_factor = run->lr_factor,
                       .loss = loss_of, .after_step = after_step, .context = &s };
    double last;
    Err err;
    if (watch) watch->at_step(watch->context, clip, 0, 0);
    if (!steps_train(clip, &steps, &last, &err)) die("%s", err.text);
    arena_free(&arena);
}

double web_flop(const WebTraining *run) {
    Arena arena = { 0 };
    Clip clip;
    Tape t = { .training = true };
    Training s = training_begin(&arena, &clip, run, NULL);
    loss_of(&s, &t, 0);
    Flop flop = flop_of_tape(&t);
    tape_free(&t);
    clip_free(&clip);
    arena_free(&arena);
    return (flop.forward + flop.backward) / web_batch(run);
}

/* ---- captions ---------------------------------------------------------------------------------------------------- */

enum { STREAM_CAPTIONS = 21, STREAM_CHOSEN };

uint8_t *web_captions(Arena *arena, const Cifar *set, double noise, int seed) {
    int n = set->n, replaced = (int)(noise * n + 0.5), *order = arena_alloc(arena, (size_t)n, sizeof *order);
    uint8_t *captions = arena_alloc(arena, (size_t)n, 1);
    Rng rng = rng_seed((uint64_t)seed, STREAM_CAPTIONS);
    for (int i = 0; i < n; i++) {
        order[i] = i;
        captions[i] = set->labels[i];
    }
    rng_shuffle(&rng, order, n);
    for (int i = 0; i < replaced; i++) captions[order[i]] = set->labels[order[(i + 1) % replaced]];
    return captions;
}

Chosen chosen_all(Arena *arena, int n) {
    Chosen all = { arena_alloc(arena, (size_t)MAX(1, n), sizeof *all.index), n };
    for (int i = 0; i < n; i++) all.index[i] = i;
    return all;
}

Chosen chosen_right(Arena *arena, const Cifar *set, const uint8_t *captions) {
    Chosen all = chosen_all(arena, set->n);
    all.count = 0;
    for (int i = 0; i < set->n; i++)
        if (captions[i] == set->labels[i]) all.index[all.count++] = i;
    return all;
}

Chosen chosen_random(Arena *arena, int n, int count, int seed) {
    Chosen all = chosen_all(arena, n);
    Rng rng = rng_seed((uint64_t)seed, STREAM_CHOSEN);
    rng_shuffle(&rng, all.index, n);
    all.count = count;
    return all;
}

typedef struct {
    num score;
    int index;
} Scored;
static int best_first(const void *a, const void *b) {
    const Scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}
Chosen chosen_best(Arena *arena, const num *score, int n, int count) {
    Chosen best = chosen_all(arena, n);
    Scored *all = arena_alloc(arena, (size_t)MAX(1, n), sizeof *all);
    for (int i = 0; i < n; i++) all[i] = (Scored){ score[i], i };
    qsort(all, (size_t)n, sizeof *all, best_first);
    for (int i = 0; i < n; i++) best.index[i] = all[i].index;
    best.count = count;
    return best;
}

int chosen_clean(Chosen chosen, const Cifar *set, const uint8_t *captions) {
    int clean = 0;
    for (int i = 0; i < chosen.count; i++) clean += captions[chosen.index[i]] == set->labels[chosen.index[i]];
    return clean;
}

num *web_scores(Clip *clip, Arena *arena, const Cifar *set, const uint8_t *captions) {
    const char *const *templates = recipe_find("tiny")->templates;
    Mat classes = zeroshot_classes(clip, arena, templates, 1, set->names, CIFAR_CLASSES, NULL);
    Mat cosines = zeroshot_scores(clip, arena, classes, set, (ZeroshotRange){ .n = set->n, .batch = 100 });
    num *score = arena_alloc(arena, (size_t)set->n, sizeof *score);
    for (int i = 0; i < set->n; i++) score[i] = AT(cosines, i, captions[i]);
    return score;
}
