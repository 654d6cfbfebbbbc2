#include "workers.h"
#include "core/thread.h"
#include "training/optim.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What all workers see. The arrays follow it in the same memory. */
typedef struct {
    atomic_int arrived, round, failed;
    double loss;          /* of this step; written by worker 0 */
    num *image, *text;    /* [B,E]: embeddings of all workers */
    num *dimage, *dtext;  /* [W,B,E]: from worker w's logits */
    num *gradient;        /* [W,count]: of worker w's parameters */
    num *first, *weights; /* [count]: results, by worker 0 */
    double *losses;       /* [steps] */
    double gathered, reduced;
} Shared;

/* One worker. */
typedef struct {
    Clip clip;
    Optim optim;
    Tape tape;
    Var image, text; /* [n,E]: its own embeddings, with all that they were computed from */
    PairBatch batch; /* its own pairs */
    Arena arena;
    double gathered, reduced;
} Worker;

typedef struct {
    const WorkersRun *run;
    Shared *shared;
    size_t count; /* numbers in a gradient */
    int n;        /* pairs of a worker */
    int step;
    Worker worker[WORKERS_MAX];
} Group;

static const OptimGroup GROUP = { .rule = OPTIM_ADAMW, .lr = 2e-3 };

/* ---- the phases -------------------------------------------------------------------------------------------------- */

/* The pairs of a step are the next B of the set, and begin again at its end; worker w has n of them. */
static void phase_embed(Group *g, int w) {
    Worker *at = &g->worker[w];
    int *index = arena_alloc(&at->arena, (size_t)g->n, sizeof *index);
    for (int b = 0; b < g->n; b++) index[b] = (g->step * g->run->B + w * g->n + b) % g->run->set->n;
    pair_batch_fill(&at->batch, index);
    tape_reset(&at->tape);
    PairPart part = pair_batch_part(&at->batch, &at->tape.arena, 0, g->n);
    at->image = clip_image(&at->tape, &at->clip, part.pixels);
    at->text = clip_text(&at->tape, &at->clip, part.ids, g->n, at->batch.T);
    size_t rows = (size_t)g->n * PAIR_EMBED;
    memcpy(g->shared->image + (size_t)w * rows, at->image->val.v, rows * sizeof(num));
    memcpy(g->shared->text + (size_t)w * rows, at->text->val.v, rows * sizeof(num));
}

/* All B embeddings, read from the shared memory. */
static Mat all_rows(const Group *g, num *from) {
    Mat m = mat_shape(2, g->run->B, PAIR_EMBED);
    m.v = from;
    return m;
}

/* L = (CE(e^t I T^T) + CE(e^t T I^T)) / 2 with all B x B logits. The scale has the same gradient in every worker; it is
 * counted in worker 0 only. */
static double loss_global(Group *g, Tape *t, int w, Var image, Var text) {
    Param *scale = g->worker[w].clip.logit_scale;
    Mat number = scale->val;
    Var s = w == 0 ? tape_param(t, scale) : tape_data(t, number);
    Var loss = clip_loss(t, clip_logits(t, image, text, s), (Mat){ 0 });
    tape_backward(t, loss);
    return w == 0 ? (double)loss->val.v[0] : 0;
}

/* Worker w's part of L: the rows of its n images and its n texts.       own [n,E], all [B,E] -> logits [n,B] */
static Var local_rows(Group *g, Tape *t, int w, Var own, Var all, Var scale) {
    int *label = arena_alloc(&t->arena, (size_t)g->n, sizeof *label);
    for (int b = 0; b < g->n; b++) label[b] = w * g->n + b;
    return op_cross_entropy_labels(t, clip_logits(t, own, all, scale), label);
}

/* Row r of x [B,E] for the worker's own r: [n,E], with its gradient. */
static Var own_rows(Group *g, Tape *t, int w, Var all) {
    int *own = arena_alloc(&t->arena, (size_t)g->n, sizeof *own);
    for (int b = 0; b < g->n; b++) own[b] = w * g->n + b;
    return op_reshape(t, op_embedding(t, all, own, g->n, 1), mat_shape(2, g->n, PAIR_EMBED));
}

static double loss_local(Group *g, Tape *t, int w, Var image, Var text) {
    bool alone = g->run->loss == LOSS_LOCAL_ALONE;
    Var scale = tape_param(t, g->worker[w].clip.logit_scale);
    Var images = alone ? tape_data(t, image->val) : image, texts = alone ? tape_data(t, text->val) : text;
    Var rows = local_rows(g, t, w, own_rows(g, t, w, image), texts, scale);
    Var columns = local_rows(g, t, w, own_rows(g, t, w, text), images, scale);
    Var loss = op_scale(t, op_add(t, rows, columns), 0.5 / g->run->workers); /* the mean of all workers' means */
    tape_backward(t, loss);
    return (double)loss->val.v[0];
}

static void phase_loss(Group *g, int w) {
    Tape t = { .no_grad = false };
    Worker *at = &g->worker[w];
    Shared *s = g->shared;
    size_t all = (size_t)g->run->B * PAIR_EMBED, bytes = all * sizeof(num);
    params_zero_grad(&at->clip.params);
    Var image = tape_leaf(&t, all_rows(g, s->image)), text = tape_leaf(&t, all_rows(g, s->text));
    s->losses[(size_t)g->step * WORKERS_MAX + (size_t)w] =
        g->run->loss == LOSS_GLOBAL ? loss_global(g, &t, w, image, text) : loss_local(g, &t, w, image, text);
    memcpy(s->dimage + (size_t)w * all, image->grad, bytes);
    memcpy(s->dtext + (size_t)w * all, text->grad, bytes);
    at->gathered += 2 * (double)bytes * (g->run->workers - 1) / g->run->workers;
    tape_free(&t);
}

/* The gradient of the worker's own rows of d [W,B,E]: its own part, or the sum of all workers' parts in their order. */
static void own_gradient(Group *g, int w, const num *d, num *sum) {
    size_t rows = (size_t)g->n * PAIR_EMBED, all = (size_t)g->run->B * PAIR_EMBED;
    bool add = g->run->loss == LOSS_LOCAL;
    for (size_t i = 0; i < rows; i++) sum[i] = add ? 0 : d[(size_t)w * all + (size_t)w * rows + i];
    for (int from = 0; add && from < g->run->workers; from++)
        for (size_t i = 0; i < rows; i++) sum[i] += d[(size_t)from * all + (size_t)w * rows + i];
    if (add) g->worker[w].gathered += (double)(rows * sizeof(num)) * (g->run->workers - 1);
}

static void phase_backward(Group *g, int w) {
    Worker *at = &g->worker[w];
    size_t rows = (size_t)g->n * PAIR_EMBED;
    num *d = arena_alloc(&at->arena, rows, sizeof *d);
    own_gradient(g, w, g->shared->dimage, d);
    tape_backward_from(&at->tape, at->image, d);
    own_gradient(g, w, g->shared->dtext, d);
    tape_backward_from(&at->tape, at->text, d);
    gradient_copy(&at->clip, g->shared->gradient + (size_t)w * g->count);
}

static void weights_copy(const Clip *clip, num *to) {
    for (int i = 0; i < clip->params.count; i++) {
        Mat m = clip->params.list[i]->val;
        memcpy(to, m.v, mat_count(m) * sizeof(num));
        to += mat_count(m);
    }
}

static void phase_step(Group *g, int w) {
    Worker *at = &g->worker[w];
    const num *from = g->shared->gradient;
    for (int i = 0; i < at->clip.params.count; i++) {
        Param *p = at->clip.params.list[i];
        size_t count = mat_count(p->val);
        memcpy(p->grad, from, count * sizeof(num));
        for (int other = 1; other < g->run->workers; other++)
            for (size_t k = 0; k < count; k++) p->grad[k] += from[(size_t)other * g->count + k];
        p->has_grad = !p->frozen;
        from += count;
    }
    at->reduced += (double)(g->count * sizeof(num)) * (g->run->workers - 1);
    if (w == 0 && g->step == 0) gradient_copy(&at->clip, g->shared->first);
    optim_step(&at->optim, 1);
    clip_clamp(&at->clip);
    arena_reset(&at->arena);
    if (w != 0 || g->step + 1 < g->run->steps) return;
    weights_copy(&at->clip, g->shared->weights);
    g->shared->gathered = at->gathered / g->run->steps;
    g->shared->reduced = at->reduced / g->run->steps;
}

typedef void Phase(Group *g, int w);
static Phase *const PHASES[] = { phase_embed, phase_loss, phase_backward, phase_step };

/* ---- one process for each worker --------------------------------------------------------------------------------- */

/* Waits until all workers are here. False if another one has failed, or the parent is gone. */
static bool wait_for_all(Shared *s, int workers, pid_t parent) {
    int round = atomic_load(&s->round);
    if (atomic_fetch_add(&s->arrived, 1) + 1 == workers) {
        atomic_store(&s->arrived, 0);
        atomic_fetch_add(&s->round, 1);
    }
    while (atomic_load(&s->round) == round) {
        if (atomic_load(&s->failed) || getppid() != parent) return false;
        sched_yield();
    }
    return true;
}

/* The life of worker w in its own process. */
NORETURN static void worker_main(Group *g, int w, pid_t parent) {
    signal(SIGINT, SIG_DFL); /* the parent prints the line about it */
    for (g->step = 0; g->step < g->run->steps; g->step++)
        for (size_t p = 0; p < COUNT(PHASES); p++) {
            PHASES[p](g, w);
            if (!wait_for_all(g->shared, g->run->workers, parent)) _exit(EXIT_TROUBLE);
        }
    _exit(0);
}

/* Waits for the workers; if one ends early, tells the others. */
static bool workers_wait(Group *g, const pid_t *child, int started, Err *err) {
    bool ok = started == g->run->workers;
    for (int i = 0; i < started; i++) {
        int status = 0;
        pid_t ended = 0;
        do ended = waitpid(-1, &status, 0);
        while (ended < 0 && errno == EINTR);
        if (status == 0 && ended > 0) continue;
        atomic_store(&g->shared->failed, 1);
        int which = 0;
        while (which < started && child[which] != ended) which++;
        if (ok) err_set(err, "worker %d of %d ended early; run the lesson again", which + 1, g->run->workers);
        ok = false;
    }
    return ok;
}

static bool workers_fork(Group *g, Err *err) {
    pid_t child[WORKERS_MAX], parent = getpid();
    int threads = thread_count(), started = 0;
    thread_set_count(1); /* threads do not survive a fork: the pool must be empty */
    fflush(NULL);
    while (started < g->run->workers) {
        child[started] = fork();
        if (child[started] == 0) worker_main(g, started, parent);
        if (child[started] < 0) break;
        started++;
    }
    if (started < g->run->workers) {
        atomic_store(&g->shared->failed, 1);
        err_set(err, "worker %d of %d cannot be started (%s)", started + 1, g->run->workers, strerror(errno));
    }
    bool ok = workers_wait(g, child, started, err);
    thread_set_count(threads);
    return ok;
}

static void workers_in_turn(Group *g) {
    for (g->step = 0; g->step < g->run->steps; g->step++)
        for (size_t p = 0; p < COUNT(PHASES); p++)
            for (int w = 0; w < g->run->workers; w++) PHASES[p](g, w);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

/* Memory that processes share, of zeros: the struct and its arrays. */
static Shared *shared_new(const WorkersRun *run, size_t count, size_t *bytes) {
    size_t W = (size_t)run->workers, all = (size_t)run->B * PAIR_EMBED, losses = (size_t)run->steps * WORKERS_MAX;
    size_t numbers = 2 * all + 2 * W * all + (W + 2) * count;
    size_t head = (sizeof(Shared) + 63) / 64 * 64;
    *bytes = head + losses * sizeof(double) + numbers * sizeof(num);
    void *memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    Shared *s = memory;
    s->losses = (double *)(void *)((char *)memory + head);
    s->image = (num *)(void *)(s->losses + losses);
    s->text = s->image + all;
    s->dimage = s->text + all;
    s->dtext = s->dimage + W * all;
    s->gradient = s->dtext + W * all;
    s->first = s->gradient + W * count;
    s->weights = s->first + count;
    return s;
}

static void worker_new(Group *g, int w) {
    Worker *at = &g->worker[w];
    pair_model(&at->clip, g->run->set, "small", 0, g->run->seed);
    optim_init(&at->optim, &at->clip.params, &GROUP, 1);
    at->tape = (Tape){ .training = true };
    at->batch = pair_batch_new(&at->clip.arena, &at->clip, g->run->set, g->n);
    g->count = gradient_count(&at->clip);
}

static void result_copy(const Group *g, Arena *arena, WorkersResult *result) {
    const Shared *s = g->shared;
    const WorkersRun *run = g->run;
    *result = (WorkersResult){ .count = g->count, .gathered = s->gathered, .reduced = s->reduced };
    result->matrix = (double)run->B * run->B * (double)sizeof(num);
    if (run->loss != LOSS_GLOBAL) result->matrix *= 2.0 / run->workers;
    result->loss = arena_zero(arena, (size_t)run->steps, sizeof *result->loss);
    for (int step = 0; step < run->steps; step++)
        for (int w = 0; w < run->workers; w++) result->loss[step] += s->losses[(size_t)step * WORKERS_MAX + (size_t)w];
    size_t bytes = g->count * sizeof(num);
    result->first = memcpy(arena_alloc(arena, g->count, sizeof(num)), s->first, bytes);
    result->weights = memcpy(arena_alloc(arena, g->count, sizeof(num)), s->weights, bytes);
}

bool workers_run(Arena *arena, const WorkersRun *run, WorkersResult *result, Err *err) {
    REQUIRE(1 <= run->workers && run->workers <= WORKERS_MAX && run->B % run->workers == 0 && run->steps >= 1,
            "%d workers for %d pairs, %d steps", run->workers, run->B, run->steps);
    Arena memory = { 0 };
    Group *g = arena_zero(&memory, 1, sizeof *g);
    g->run = run;
    g->n = run->B / run->workers;
    for (int w = 0; w < run->workers; w++) worker_new(g, w);
    size_t bytes;
    g->shared = shared_new(run, g->count, &bytes);
    bool ok = g->shared != NULL;
    if (!ok) err_set(err, "%zu bytes of shared memory for the workers cannot be had (%s)", bytes, strerror(errno));
    if (ok && run->processes) ok = workers_fork(g, err);
    else if (ok) workers_in_turn(g);
    if (ok) result_copy(g, arena, result);
    if (g->shared) munmap(g->shared, bytes);
    for (int w = 0; w < run->workers; w++) {
        tape_free(&g->worker[w].tape);
        optim_free(&g->worker[w].optim);
        clip_free(&g->worker[w].clip);
        arena_free(&g->worker[w].arena);
    }
    arena_free(&memory);
    return ok;
}
