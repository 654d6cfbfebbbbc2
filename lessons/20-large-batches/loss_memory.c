#include "loss_memory.h"
#include "autograd/flop.h"

#include <math.h>
#include <string.h>

LossCost loss_cost(Arena *arena, int B, int E, int tile, uint64_t seed) {
    Arena inputs = { 0 };
    Tape t = { .no_grad = false };
    Rng rng = rng_seed(seed, 20);
    Mat image = mat_normal(&inputs, B, E, &rng, 1), noise = mat_normal(&inputs, B, E, &rng, 2), text = noise;
    for (size_t i = 0; i < mat_count(text); i++) text.v[i] += image.v[i];
    mat_normalise_rows(image);
    mat_normalise_rows(text);
    Mat log_scale = mat_like(&inputs, mat_shape(0));
    log_scale.v[0] = (num)LOGIT_SCALE_START;
    double start = processor_seconds();
    Var I = tape_leaf(&t, image), T = tape_leaf(&t, text), s = tape_leaf(&t, log_scale);
    Var loss = tile ? op_contrastive(&t, I, T, s, (PairTargets){ NULL, 0 }, tile)
                    : clip_loss(&t, clip_logits(&t, I, T, s), (Mat){ 0 });
    tape_backward(&t, loss);
    LossCost cost = { .loss = (double)loss->val.v[0], .bytes = (double)tape_held(&t) };
    cost.seconds = processor_seconds() - start;
    cost.dscale = (double)s->grad[0];
    size_t count = mat_count(image);
    cost.dimage = memcpy(arena_alloc(arena, count, sizeof(num)), I->grad, count * sizeof(num));
    tape_free(&t);
    arena_free(&inputs);
    return cost;
}

static const double LEAST_SECONDS = 0.02;

StepCost step_cost(Arena *arena, const Cifar *set, int B, int layers, bool checkpoint, int times, uint64_t seed) {
    Arena inputs = { 0 };
    Tape t = { .training = true, .checkpoint = checkpoint };
    Clip clip;
    StepCost cost = { .loss = 0 };
    pair_model(&clip, set, "vit", layers, seed);
    PairBatch batch = pair_batch_new(&inputs, &clip, set, B);
    int *index = arena_alloc(&inputs, (size_t)B, sizeof *index);
    for (int b = 0; b < B; b++) index[b] = b;
    pair_batch_fill(&batch, index);
    int passes = -1;
    /* The first pass is not timed: it takes memory from the system. So many that the ticks of a clock do not matter. */
    for (; passes < times || cost.wall < LEAST_SECONDS; passes++) {
        double start = processor_seconds(), clock = clock_seconds();
        tape_reset(&t);
        params_zero_grad(&clip.params);
        PairPart part = pair_batch_part(&batch, &t.arena, 0, B);
        Var image = clip_image(&t, &clip, part.pixels), text = clip_text(&t, &clip, part.ids, B, batch.T);
        Var loss = clip_loss(&t, clip_logits(&t, image, text, tape_param(&t, clip.logit_scale)), (Mat){ 0 });
        cost.loss = (double)loss->val.v[0];
        cost.flop = checkpoint ? 0 : flop_of_tape(&t).forward + flop_of_tape(&t).backward;
        tape_backward(&t, loss);
        if (passes >= 0) cost.seconds += processor_seconds() - start;
        if (passes >= 0) cost.wall += clock_seconds() - clock;
    }
    cost.seconds /= passes;
    cost.wall /= passes;
    cost.bytes = (double)tape_held(&t);
    cost.count = gradient_count(&clip);
    cost.gradient = arena_alloc(arena, cost.count, sizeof(num));
    gradient_copy(&clip, cost.gradient);
    tape_free(&t);
    clip_free(&clip);
    arena_free(&inputs);
    return cost;
}
