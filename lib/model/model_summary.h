/* model_summary: what a network computed, and where its attention went. Wants a tape with its nodes (no_grad false). */
#ifndef MODEL_SUMMARY_H
#define MODEL_SUMMARY_H

#include "kernels/attention.h"
#include "autograd/ops.h"

typedef struct {
    const char *name; /* of the operation: "conv2d" */
    Mat shape;        /* of its result; v is NULL */
    size_t numbers;   /* how many trained numbers it used */
    double work;      /* multiply-adds */
} SummaryStep;

typedef struct {
    SummaryStep *step; /* on the arena */
    int count;
    size_t numbers; /* sums over the steps */
    double work;
} ModelSummary;

/* All operations on the tape after node `from` (NULL: all). Multiply-adds: as flop.h counts them. */
ModelSummary model_summary_make(Arena *arena, const Tape *tape, Var from);

/* A line for each operation with weights, and those without behind it; shapes where they change. Equal blocks that
 * follow each other, as in a transformer, are printed once, after "3 x". */
void model_summary_print(FILE *out, const ModelSummary *summary);

/* The attention of token `token` of picture or text b to each token, in the i-th attention of the tape: the mean over
 * the heads, [1,T], on the arena; it sums to 1. `shape` gives heads and causal. Stops if there is no such attention. */
Mat model_summary_attention(Arena *arena, const Tape *tape, int i, AttentionShape shape, int b, int token);

#endif
