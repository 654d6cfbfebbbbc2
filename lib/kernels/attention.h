/* attention: multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2).
 *
 *   for each sequence b and each head, with its columns q, k, v [T,d] and d = D / heads:
 *     S = q k^T / sqrt(d)          causal mask: S_ij = -infinity where j > i
 *     P = softmax of the rows of S          out = P v
 *
 * Shapes  qkv [B,T,3D]: queries, keys and values side by side, head h in columns h d .. h d + d - 1 of each third;
 *         out [B,T,D]; log_sum [B,heads,T].
 * Wants   B, T >= 0; heads >= 1 that divide D; results do not overlap inputs. Stops otherwise (REQUIRE).
 * Memory  thread_scratch, a few times T d numbers per head. S and P are never stored as a whole: they are computed
 *         block by block, with a running maximum and sum for each row (flash attention, Dao et al. 2022,
 *         arXiv:2205.14135).
 *
 * The result of a sequence is the same bits in any batch and for any number of threads.
 */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "core/base.h"

typedef struct {
    int B, T, D, heads;
    bool causal;
} AttentionShape;

/* out as above. log_sum = log sum_j e^(S_ij) of each row, which the backward needs; NULL: not wanted. */
void attend_forward(AttentionShape s, const num *qkv, num *out, num *log_sum);

/* What the backward reads, and dqkv [B,T,3D], which it adds to. */
typedef struct {
    const num *qkv, *out, *log_sum, *dout;
    num *dqkv;
} AttentionFlow;

/* dS = P (dout v^T - row sums of dout * out)      dv += P^T dout      dq += dS k / sqrt(d)      dk += dS^T q / sqrt(d)
 * P is computed again, block by block, as e^(S - log_sum). */
void attend_backward(AttentionShape s, AttentionFlow flow);
/* P of one head of one sequence, [T,T]: the attention map. */
void attend_map(AttentionShape s, const num *qkv, int b, int head, num *map);

#endif
