/* thread: work shared among the processors, with results that do not depend on how many there are.
 *
 * The rule that makes this hold: the range 0..n is always cut into the same pieces of `grain` indices, whatever the
 * number of threads; a piece computes only from its own indices; and sums over pieces are added up in index order
 * by the caller. Which thread runs which piece is left to chance, and does not matter.
 */
#ifndef THREAD_H
#define THREAD_H

#include "core/base.h"

/* Computes indices begin..end-1. `worker` is 0 .. thread_count()-1: it names the scratch memory this piece may use. */
typedef void (*ThreadBody)(void *context, size_t begin, size_t end, int worker);

/* Runs `body` over 0..n-1 in pieces of `grain` (the last one may be shorter) and returns when all are done.
 * Called from inside a body, or while another call is running, it runs its pieces one after the other: legal, slow. */
void parallel_for(size_t n, size_t grain, ThreadBody body, void *context);

/* How many threads share the work: CLIP_THREADS=n from the environment if that is 1 to 256, else the processors. */
int thread_count(void);

/* Overrides it (1 to 256), for --threads, tests and benchmarks. Not while a parallel_for is running. */
void thread_set_count(int threads);

/* Scratch memory of one worker, at least `bytes` long, 64-byte aligned, kept and grown between calls; the contents
 * are anybody's. Owner: this file. Two callers on one worker share it: take it once per kernel, not per helper. */
void *thread_scratch(int worker, size_t bytes);

/* Ends the pool and gives its memory back (also done at exit). */
void thread_stop(void);

#endif
