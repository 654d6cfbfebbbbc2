/* graph: what a tape has written down, as a figure: every node with its value and its gradient. */
#ifndef TAPE_FIGURE_H
#define TAPE_FIGURE_H

#include "core/arena.h"
#include "show/figure.h"
#include "autograd/tape.h"

/* What a node is called in the figure; others are called "x1", "x2", ... in the order of the tape. `operation` NULL:
 * the name of the tape's operation. */
typedef struct {
    Var node;
    const char *name, *operation;
} GraphName;

/* All nodes below `result`, and itself last, in the order of the tape. Gradients are those the tape holds now (set
 * keep_grads before tape_backward). `names` holds `count`. Texts of operations are the library's, or the caller's.
 * Stops at more nodes than a figure holds. Owner: the arena; values stay the tape's. */
Graph graph_of(Arena *arena, Var result, const GraphName *names, int count);

#endif
