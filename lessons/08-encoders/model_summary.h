/* anatomy: what a network did, read off the tape after its forward: each operation in its order, its shape, how many
 * learnt numbers it used and how many multiplications; and where attention looked.
 *
 * For tapes that keep their nodes (no_grad false). What is read belongs to the tape and is gone after tape_reset.
 */
#ifndef MODEL_SUMMARY_H
#define MODEL_SUMMARY_H

#include "core/arena.h"
#include "kernels/attention.h"
#include "autograd/ops.h"

typedef struct {
    const char *name; /* of the operation: "conv2d" */
    Mat shape;        /* of its result; v is NULL */
    size_t numbers;   /* weights it used that are learnt (not frozen) */
    double work;      /* multiply-adds, as below */
} SummaryStep;

typedef struct {
    SummaryStep *step; /* on the arena */
    int count;
    size_t numbers; /* sums of the steps' */
    double work;
} ModelSummary;

/* All operations on the tape after node `from` (NULL: from the start), leaves left out.
 *
 * Multiply-adds are counted where they are many: a linear layer and a matrix product one for each number of the result and
 * each input of its; a convolution likewise with its filters' C K K; attention 2 B T T D (all pairs of tokens, whether or
 * not it is causal); an LSTM 4 B T H H beyond its linear layer. Everything else (norms, activations, sums) counts 0. */
ModelSummary model_summary_make(Arena *arena, const Tape *tape, Var from);

/* A line for each operation with weights, and those without behind it; shapes where they change. What repeats at once, as
 * a transformer's blocks do, is printed once, with "x 4". */
void model_summary_print(FILE *out, const ModelSummary *anatomy);

/* The i-th attention on the tape, in order of time: how much token `token` of picture or text b asks for each token, the
 * mean over the heads: [T] as a [1,T], on the arena; its numbers are at least 0 and sum to 1. Stops if there is none. */
Mat model_summary_look(Arena *arena, const Tape *tape, int i, AttentionShape heads_and_causal, int b, int token);

#endif
