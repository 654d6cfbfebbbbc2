#include "core/thread.h"

#include "core/quote.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };

/* One pool for the whole program. The caller of parallel_for is worker 0; workers 1.. wait for a job of another number.
 * A worker enters a job while it is open. The caller closes it when no piece is left, and waits only for the workers
 * that have entered: on a busy machine it does not wait for one that has not run yet.
 * Waking a sleeping thread takes as long as a small kernel. So a thread first polls, with sched_yield, for longer than
 * a training step takes between two kernels; then it sleeps on a condition variable. */
static const double POLL_SECONDS = 3e-4;
enum { JOB_CLOSED = 1 << 8, JOB_NEXT = 1 << 9 };

static struct {
    int count, running; /* threads wanted; pool threads started (worker 1 to running) */
    bool busy;
    pthread_t threads[THREADS_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    atomic_bool quit;
    atomic_uint job; /* JOB_NEXT times its number (modulo 2^23), JOB_CLOSED or 0, and how many workers are in it */
    ThreadBody body;
    void *context;
    size_t n, grain;
    atomic_size_t next; /* first index that no thread has taken yet */
    Arena scratch[THREADS_MAX];
} pool = { .mutex = PTHREAD_MUTEX_INITIALIZER, .start = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER };

static _Thread_local int self;          /* which worker this thread is */
static _Thread_local unsigned job_seen; /* the number of the last job that this worker entered, or came too late for */
int thread_self(void) { return self; }
static void take_pieces(void) {
    for (;;) {
        size_t begin = atomic_fetch_add_explicit(&pool.next, pool.grain, memory_order_relaxed);
        if (begin >= pool.n) return;
        pool.body(pool.context, begin, MIN(begin + pool.grain, pool.n));
    }
}
static bool job_waits(void) { return atomic_load(&pool.job) / JOB_NEXT != job_seen || atomic_load(&pool.quit); }
static bool job_done(void) { return atomic_load(&pool.job) % JOB_CLOSED == 0; }
static bool job_enter(void) {
    unsigned job = atomic_load(&pool.job);
    do {
        job_seen = job / JOB_NEXT;
        if (job & JOB_CLOSED) return false;
    } while (!atomic_compare_exchange_weak(&pool.job, &job, job + 1));
    return true;
}

static void wait_until(bool (*condition)(void), pthread_cond_t *signal) {
    if (condition()) return;
    for (double end = clock_seconds() + POLL_SECONDS; clock_seconds() < end; sched_yield())
        if (condition()) return;
    pthread_mutex_lock(&pool.mutex);
    while (!condition()) pthread_cond_wait(signal, &pool.mutex);
    pthread_mutex_unlock(&pool.mutex);
}

static void *worker_main(void *argument) {
    self = (int)(intptr_t)argument;
    for (;;) {
        wait_until(job_waits, &pool.start);
        if (atomic_load(&pool.quit)) return NULL;
        if (!job_enter()) continue;
        take_pieces();
        if (atomic_fetch_sub(&pool.job, 1) % JOB_CLOSED > 1) continue;
        pthread_mutex_lock(&pool.mutex); /* the last worker wakes the caller */
        pthread_cond_signal(&pool.done);
        pthread_mutex_unlock(&pool.mutex);
    }
}

int thread_count(void) {
    if (pool.count == 0) {
        long long threads;
        const char *args = getenv("CLIP_THREADS");
        bool asked = args && *args, good = asked && parse_int(args, 1, THREADS_MAX, &threads);
        if (!good) threads = sysconf(_SC_NPROCESSORS_ONLN);
        pool.count = (int)MAX(1, MIN(threads, THREADS_MAX));
        if (asked && !good)
            warn("CLIP_THREADS is %s, want a whole number from 1 to %d; threads used: %d", quoted(args), THREADS_MAX,
                 pool.count);
    }
    return pool.count;
}

/* Ends the threads and frees the scratch memory; also done at exit. */
static void thread_stop(void) {
    if (self != 0) return; /* a worker that calls exit after a fatal error cannot wait for itself */
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.quit, true);
    pthread_cond_broadcast(&pool.start);
    pthread_mutex_unlock(&pool.mutex);
    for (int i = 0; i < pool.running; i++) pthread_join(pool.threads[i], NULL);
    pool.running = 0;
    atomic_store(&pool.quit, false);
    for (int i = 0; i < THREADS_MAX; i++) arena_free(&pool.scratch[i]);
}

void thread_set_count(int threads) {
    REQUIRE(1 <= threads && threads <= THREADS_MAX, "threads is %d, want 1 to %d", threads, THREADS_MAX);
    thread_stop();
    pool.count = threads;
}

/* Starts the pool's threads. If the system refuses one, the pool has fewer threads. */
static void pool_start(void) {
    static bool registered;
    if (!registered) registered = atexit(thread_stop) == 0;
    atomic_store(&pool.job, JOB_CLOSED);
    while (pool.running < thread_count() - 1) {
        void *worker = (void *)(intptr_t)(pool.running + 1);
        if (pthread_create(&pool.threads[pool.running], NULL, worker_main, worker) != 0) {
            pool.count = pool.running + 1;
            return;
        }
        pool.running++;
    }
}

void parallel_for(size_t n, size_t grain, ThreadBody body, void *context) {
    REQUIRE(grain >= 1, "grain is 0, want at least 1");
    if (n <= grain || thread_count() == 1 || pool.busy) {
        for (size_t begin = 0; begin < n; begin += grain) body(context, begin, MIN(begin + grain, n));
        return;
    }
    if (pool.running < thread_count() - 1) pool_start();
    pool.busy = true;
    pool.body = body;
    pool.context = context;
    pool.n = n;
    pool.grain = grain;
    atomic_store(&pool.next, 0);
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.job, (atomic_load(&pool.job) / JOB_NEXT + 1) * JOB_NEXT);
    pthread_cond_broadcast(&pool.start);
    pthread_mutex_unlock(&pool.mutex);
    take_pieces();
    atomic_fetch_add(&pool.job, JOB_CLOSED);
    wait_until(job_done, &pool.done);
    pool.busy = false;
}

void *thread_scratch(size_t bytes) {
    arena_reset(&pool.scratch[self]);
    return arena_alloc(&pool.scratch[self], MAX(bytes, 1), 1);
}
