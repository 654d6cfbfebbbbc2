/* workers: one training step shared by several processes, each with its own copy of the model and its part of the
 * batch. They exchange embeddings and gradients through shared memory.
 *
 *   1. embed    each worker: its rows of I and T [B,E], written where all can read them        (all-gather)
 *   2. loss     each worker: the loss, and the gradient of the embeddings
 *   3. backward each worker: through its towers, from the gradient of its own rows
 *   4. step     each worker: the sum of all workers' gradients, in their order (all-reduce), and one step of AdamW
 * A worker waits between the phases until all are done. The same phases can run in one process, one worker after the
 * other: the numbers are the same, bit for bit. */
#ifndef WORKERS_H
#define WORKERS_H

#include "gradient_parts.h"

enum { WORKERS_MAX = 16 };

typedef enum {
    LOSS_GLOBAL,     /* every worker: all B x B logits */
    LOSS_LOCAL,      /* every worker: B/W x B logits of its images and of its texts; the gradients of embeddings of
                          other workers are sent to them */
    LOSS_LOCAL_ALONE /* the same, but embeddings of others are constants: nothing is sent */
} WorkerLoss;

typedef struct {
    const Cifar *set;
    int workers, B, steps; /* workers divides B */
    WorkerLoss loss;
    bool processes; /* one process for each worker; else all in this one */
    uint64_t seed;
} WorkersRun;

typedef struct {
    double *loss; /* [steps], on the arena */
    num *first;   /* [count]: the summed gradient of the first step */
    num *weights; /* [count]: after the last step */
    size_t count;
    double gathered; /* bytes that one worker reads of other workers' embeddings and their gradients, in a step */
    double reduced;  /* bytes that it reads of other workers' gradients of the parameters, in a step */
    double matrix;   /* bytes of the logits that one worker holds */
} WorkersResult;

/* Trains the tower "small" for some steps. False with one line if a process cannot be started, or ends early. */
bool workers_run(Arena *arena, const WorkersRun *run, WorkersResult *result, Err *err);

#endif
