/* thread: a parallel for whose results do not depend on the number of threads.
 *
 * The range 0 .. n-1 is always cut into the same pieces of `grain` indices. A piece computes from its own indices only,
 * and the caller adds sums over pieces in index order. So it does not matter which thread runs which piece.
 */
#ifndef THREAD_H
#define THREAD_H

#include "core/arena.h"

/* Computes indices begin .. end-1. */
typedef void (*ThreadBody)(void *context, size_t begin, size_t end);

/* Runs `body` over 0 .. n-1 in pieces of `grain` (the last may be shorter); returns when all are done. Inside a body,
 * or while another call is running, the pieces run one after the other: allowed, but slow. */
void parallel_for(size_t n, size_t grain, ThreadBody body, void *context);
/* Number of threads: CLIP_THREADS from the environment if it is 1 to 256, else the number of processors; another value
 * of CLIP_THREADS is named once on stderr. */
int thread_count(void);
/* Overrides it (1 to 256), for --threads, tests and benchmarks. Not while a parallel_for is running. */
void thread_set_count(int threads);

int thread_self(void); /* which worker the calling thread is, 0 .. thread_count()-1; 0 outside of a body */

/* Scratch memory of the calling thread: at least `bytes`, 64-byte aligned, not initialised, valid until its next call.
 * Owner: this file. Call it once per kernel, not in helpers. */
void *thread_scratch(size_t bytes);

#endif
