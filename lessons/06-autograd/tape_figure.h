/* tape_figure: the nodes of a tape as a figure, each with its value and its gradient. */
#ifndef TAPE_FIGURE_H
#define TAPE_FIGURE_H

#include "show/figure.h"
#include "autograd/tape.h"

/* The label of a node; a node without one is called "x1", "x2", ... `operation` NULL: the tape's name of it. */
typedef struct {
    Var node;
    const char *name, *operation;
} GraphName;

/* `result` and all nodes below it, in the order of the tape, with the gradients that the tape holds (set keep_grads
 * before tape_backward). Stops if there are more nodes than FIGURE_NODES. On the arena; texts are not copied. */
Graph graph_of(Arena *arena, Var result, const GraphName *names, int count);

#endif
