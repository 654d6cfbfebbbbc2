/* Lesson 20: several workers, the gradient in three ways, checkpointing, the counter of operations. */
#include "20-large-batches/gradient_parts.h"
#include "20-large-batches/loss_memory.h"
#include "20-large-batches/paper_flop.h"
#include "20-large-batches/workers.h"
#include "check.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static Arena arena;
static Cifar set;

static WorkersResult run_of(int workers, WorkerLoss loss, bool processes) {
    if (!set.n) cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    WorkersRun run = { .set = &set, .workers = workers, .B = 24, .steps = 3, .loss = loss, .seed = 2 };
    WorkersResult result;
    Err err;
    run.processes = processes;
    CHECK(workers_run(&arena, &run, &result, &err), "%s", err.text);
    return result;
}

TEST(workers_are_one_process) {
    WorkersResult one = run_of(1, LOSS_GLOBAL, false);
    for (int workers = 2; workers <= 4; workers++)
        for (int loss = LOSS_GLOBAL; loss <= LOSS_LOCAL; loss++) {
            WorkersResult r = run_of(workers, (WorkerLoss)loss, true),
                          serial = run_of(workers, (WorkerLoss)loss, false);
            CHECK(!memcmp(r.weights, serial.weights, r.count * sizeof(num)), "%d workers: other bits", workers);
            CHECK(!memcmp(r.loss, serial.loss, 3 * sizeof *r.loss), "%d workers: other losses", workers);
            double off = gradient_distance(r.first, one.first, r.count);
            CHECK(off <= 1e-5, "%d workers, loss %d: the gradient is off by %g", workers, loss, off);
            for (int i = 0; i < 3; i++) CHECK_NEAR(r.loss[i], one.loss[i], 1e-4);
        }
}

/* Without the gradients of the others' embeddings it is another gradient. */
TEST(alone_is_another_gradient) {
    WorkersResult one = run_of(1, LOSS_GLOBAL, false), alone = run_of(2, LOSS_LOCAL_ALONE, true);
    CHECK_NEAR(alone.loss[0], one.loss[0], 1e-5); /* the loss is the same */
    double cosine = gradient_cosine(alone.first, one.first, one.count);
    CHECK(cosine < 0.99, "cosine %g", cosine);
    WorkersResult same = run_of(1, LOSS_LOCAL, true);
    CHECK(gradient_distance(same.first, one.first, one.count) <= 1e-5, "%s", "one worker has everything");
}

TEST(bytes_by_hand) {
    enum { B = 24, FLOAT = sizeof(num) };
    WorkersResult r = run_of(4, LOSS_GLOBAL, true), local = run_of(4, LOSS_LOCAL, true);
    CHECK_NEAR(r.gathered, 2.0 * (B - B / 4) * PAIR_EMBED * FLOAT, 0);
    CHECK_NEAR(local.gathered, 2 * r.gathered, 0);
    CHECK_NEAR(r.reduced, 3.0 * (double)r.count * FLOAT, 0);
    CHECK_NEAR(r.matrix, B * B * FLOAT, 0);
    CHECK_NEAR(local.matrix, 2 * B * B / 4 * FLOAT, 0);
}

/* The test is a worker's parent: a worker that is killed ends the run with one line, and the others end too. */
static int killed;
static void kill_one(int number) {
    (void)number;
    killed++;
}
TEST(a_worker_that_is_killed) {
    cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    pid_t test = getpid(), killer = fork();
    if (killer == 0) {
        char command[128];
        snprintf(command, sizeof command,
                 "sleep 0.5; pid=$(ps -o pid=,ppid= -A | awk '$2 == %ld && $1 != %ld"
                 " { print $1; exit }'); kill -9 $pid",
                 (long)test, (long)getpid());
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    signal(SIGCHLD, kill_one);
    WorkersRun run = { .set = &set, .workers = 3, .B = 24, .steps = 1000000 / 24, .processes = true, .seed = 2 };
    run.steps = 100000;
    WorkersResult result;
    Err err = { "" };
    bool ok = workers_run(&arena, &run, &result, &err);
    CHECK(!ok && strstr(err.text, "of 3 ended early") && !strchr(err.text, '\n'), "%s", ok ? "it went on" : err.text);
}

/* ---- gradients in three ways ------------------------------------------------------------------------------------- */

TEST(cached_is_the_whole_and_accumulated_is_not) {
    enum { B = 60, MICRO = 16 };
    Clip clip;
    int index[B];
    cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    pair_model(&clip, &set, "small", 0, 1);
    PairBatch batch = pair_batch_new(&arena, &clip, &set, B);
    for (int b = 0; b < B; b++) index[b] = b;
    pair_batch_fill(&batch, index);
    GradientCost cost[GRADIENT_WAYS];
    for (int way = 0; way < GRADIENT_WAYS; way++)
        cost[way] = gradient_of(&arena, (GradientWay)way, &clip, &batch, MICRO);
    CHECK_NEAR(cost[1].loss, cost[0].loss, 1e-5);
    CHECK(gradient_distance(cost[1].gradient, cost[0].gradient, cost[0].count) <= 1e-5, "%s", "cached");
    CHECK(cost[2].loss < cost[0].loss - 0.2, "%g and %g: fewer negatives", cost[2].loss, cost[0].loss);
    CHECK(gradient_distance(cost[2].gradient, cost[0].gradient, cost[0].count) > 0.05, "%s", "accumulated");
    CHECK(gradient_cosine(cost[0].gradient, cost[0].gradient, cost[0].count) > 1 - 1e-9, "%s", "with itself");
    clip_free(&clip);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

TEST(costs) {
    LossCost whole = loss_cost(&arena, 700, 16, 0, 1), tiled = loss_cost(&arena, 700, 16, 64, 1);
    CHECK_NEAR(tiled.loss, whole.loss, 2e-6);
    CHECK_NEAR(tiled.dscale, whole.dscale, 1e-4);
    CHECK(gradient_distance(tiled.dimage, whole.dimage, 700 * 16) <= 3e-6, "%s", "gradients");
    CHECK(whole.bytes > 4.0 * 700 * 700 * sizeof(num) && tiled.bytes < whole.bytes / 4, "%g and %g bytes", whole.bytes,
          tiled.bytes);
    cifar_generate(&arena, CIFAR_TRAIN, 100, &set);
    StepCost plain = step_cost(&arena, &set, 32, 6, false, 1, 1), again = step_cost(&arena, &set, 32, 6, true, 1, 1);
    CHECK(!memcmp(plain.gradient, again.gradient, plain.count * sizeof(num)), "%s", "gradients");
    CHECK(again.bytes < 0.6 * plain.bytes, "%g and %g bytes", again.bytes, plain.bytes);
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

TEST(operations_by_hand) {
    Tape t = { .no_grad = false };
    Mat x = mat_zero(&t.arena, 5, 7), w = mat_zero(&t.arena, 3, 7);
    Var leaf = tape_leaf(&t, x), y = op_linear(&t, leaf, tape_leaf(&t, w), NULL);
    CHECK(flop_of_tape(&t).forward == 2 * 5 * 7 * 3 && flop_of_tape(&t).backward == 2 * 2 * 5 * 7 * 3, "%g, %g",
          flop_of_tape(&t).forward, flop_of_tape(&t).backward);
    op_matmul(&t, y, tape_data(&t, mat_zero(&t.arena, 3, 2))); /* its second operand has no gradient */
    CHECK(flop_of_tape(&t).forward == 210 + 60 && flop_of_tape(&t).backward == 420 + 60, "%g",
          flop_of_tape(&t).backward);
    tape_reset(&t);
    Mat pixels = mat_like(&t.arena, mat_shape(4, 2, 5, 5, 3)), filters = mat_like(&t.arena, mat_shape(4, 4, 3, 3, 3));
    memset(pixels.v, 0, mat_count(pixels) * sizeof(num));
    memset(filters.v, 0, mat_count(filters) * sizeof(num));
    op_conv2d(&t, tape_data(&t, pixels), tape_leaf(&t, filters), NULL, 2, 0);
    CHECK(flop_of_tape(&t).forward == 2 * (2 * 2 * 2 * 4) * 27, "%g", flop_of_tape(&t).forward);
    CHECK(flop_of_tape(&t).backward == flop_of_tape(&t).forward, "%g", flop_of_tape(&t).backward);
    tape_reset(&t);
    Mat qkv = mat_like(&t.arena, mat_shape(3, 2, 5, 3 * 4)); /* q k^T and P v: 2 (2 5 5 4) each, two gradients each */
    memset(qkv.v, 0, mat_count(qkv) * sizeof(num));
    op_attention(&t, tape_leaf(&t, qkv), 2, false);
    CHECK(flop_of_tape(&t).forward == 2 * 2 * (2 * 5 * 5 * 4), "%g", flop_of_tape(&t).forward);
    CHECK(flop_of_tape(&t).backward == 2 * flop_of_tape(&t).forward, "%g", flop_of_tape(&t).backward);
    tape_free(&t);
}

TEST(the_formula_is_the_counter) {
    cifar_generate(&arena, CIFAR_TRAIN, 10, &set);
    for (int layers = 1; layers <= 3; layers++) {
        Clip clip;
        Tape t = { .training = false };
        pair_model(&clip, &set, "vit", layers, 1);
        Mat pixels = mat_like(&t.arena, mat_shape(4, 2, CIFAR_SIDE, CIFAR_SIDE, 3));
        memset(pixels.v, 0, mat_count(pixels) * sizeof(num));
        clip_image(&t, &clip, pixels);
        CHECK_NEAR(flop_of_tape(&t).forward, 2 * flop_vit(CIFAR_SIDE, 8, layers, 64, PAIR_EMBED, true), 0);
        tape_free(&t);
        clip_free(&clip);
    }
    /* Published: 4.4 and 81 billion multiply-adds for a picture of ViT-B/32 and of ViT-L/14 (open_clip's table). */
    CHECK_NEAR(flop_vit(224, 32, 12, 768, 512, false) / 1e9, 2 * 4.4, 0.02);
    CHECK_NEAR(flop_vit(224, 14, 24, 1024, 768, false) / 1e9, 2 * 81.1, 0.02);
}

TESTS(workers_are_one_process, alone_is_another_gradient, bytes_by_hand, a_worker_that_is_killed,
      cached_is_the_whole_and_accumulated_is_not, costs, operations_by_hand, the_formula_is_the_counter)
