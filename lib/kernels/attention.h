/* attention: multi-head attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2): of a sequence to itself, and of
 * a sequence to the states of another one (cross-attention, section 3.2.3).
 *
 *   for each sequence b and each head, with its columns q, k, v [T,d] and d = D / heads:
 *     S = q k^T / sqrt(d)          causal mask: S_ij = -infinity where j > i
 *     P = softmax of the rows of S          out = P v
 *
 * Shapes  qkv [B,T,3D]: queries, keys and values side by side, head h in columns h d .. h d + d - 1 of each third;
 *         out [B,T,D]; log_sum [B,heads,T].
 *         Cross-attention: q [B,T,D]; kv [B,S,2D], keys and values side by side; then S and P are [T,S].
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
    int S; /* cross-attention: how many states are attended to, at least 1; self-attention does not read it */
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
/* Cross-attention, never causal. dq [B,T,D] and dkv [B,S,2D] are added to; NULL: not wanted. */
typedef struct {
    const num *q, *kv, *out, *log_sum, *dout;
    num *dq, *dkv;
} CrossAttentionFlow;
/* q [B,T,D], kv [B,S,2D] (keys, then values) -> out [B,T,D], all of them written; log_sum as in attend_forward. */
void attend_cross_forward(AttentionShape s, const num *q, const num *kv, num *out, num *log_sum);
void attend_cross_backward(AttentionShape s, CrossAttentionFlow flow);

/* P of one head of one sequence, [T,T]: the attention map. */
void attend_map(AttentionShape s, const num *qkv, int b, int head, num *map);

#endif
