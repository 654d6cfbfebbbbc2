/* attention: every token looks at the others and takes what fits (Vaswani et al. 2017, arXiv:1706.03762, section 3.2).
 *
 *   for each picture or text b and each head, with q, k, v [T,d] its columns and d = D / heads:
 *     S = q k^T / sqrt(d)          how much token i asks for token j; causal: -infinity where j > i
 *     P = softmax of S's rows      out = P v
 *
 * Shapes  qkv [B,T,3D]: queries, keys and values side by side, head h in columns h d .. h d + d - 1 of each third;
 *         out [B,T,D]; log_sum [B,heads,T].
 * Wants   B, T >= 0; heads >= 1 that divide D; results apart from inputs.
 * Stops   when the shape is none of these.
 * Memory  thread_scratch: a few rows of T d numbers for a head; S and P are never there as a whole (flash attention,
 *         Dao et al. 2022, arXiv:2205.14135: block by block, with a running maximum and sum for each row).
 *
 * The result of a picture is the same bits in any batch and for any number of threads.
 */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "core/base.h"

typedef struct {
    int B, T, D, heads;
    bool causal;
} AttentionShape;

/* out as above. log_sum (NULL: not wanted) is log sum_j e^(S_ij) of each row, which the backward needs. */
void attend_forward(AttentionShape s, const num *qkv, num *out, num *log_sum);

/* What a backward step reads, and dqkv, which it adds to. */
typedef struct {
    const num *qkv, *out, *log_sum, *dout;
    num *dqkv;
} AttentionFlow;

/* With dP = dout v^T and dS = P (dP - row sums of dout out):
 *   dv += P^T dout      dq += dS k / sqrt(d)      dk += dS^T q / sqrt(d)
 * P is computed again, block by block, as e^(S - log_sum). dqkv has the shape of qkv and is added to. */
void attend_backward(AttentionShape s, AttentionFlow flow);

/* The same as their definitions, in double: what to read first, and what the tests hold the others against. */
void attend_forward_plain(AttentionShape s, const num *qkv, num *out, num *log_sum);
void attend_backward_plain(AttentionShape s, AttentionFlow flow);

/* P of one head of one picture or text, [T,T]: for looking at. */
void attend_map(AttentionShape s, const num *qkv, int b, int head, num *map);

#endif
