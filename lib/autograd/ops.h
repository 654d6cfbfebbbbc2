/* ops: every differentiable operation of the library.
 *
 * Each takes a tape and values on it, and returns a new value on the same tape, which owns it until tape_reset. A shape
 * that does not fit stops the program with a message that names the shapes. y is the result, dy its gradient. Gradients
 * of inputs accumulate. The .c file of an operation holds its forward, its backward and its check.
 *
 * Pictures are [B,H,W,C], channels fastest. [..,D]: rows of D numbers, each by itself.
 */
#ifndef OPS_H
#define OPS_H

#include "autograd/gradcheck.h"

/* ---- op_arithmetic ----------------------------------------------------------------------------------------------- */

/* y = a + b         b of a's shape, or of a's last dimensions: then b is added to each of the others */
Var op_add(Tape *t, Var a, Var b);
/* y = s x           s one number on the tape (the logit scale) */
Var op_mul(Tape *t, Var x, Var s);
/* y = factor x      a constant factor */
Var op_scale(Tape *t, Var x, double factor);
/* y = e^x           number by number */
Var op_exp(Tape *t, Var x);
/* The same numbers in the same order under another shape of equal count. */
Var op_reshape(Tape *t, Var x, Mat shape);
/* y = x^T           [M,N] -> [N,M] */
Var op_transpose(Tape *t, Var x);
/* [B,H,W,C] -> [B,C H W], in the order (channel, row, column) of other toolkits, for a linear layer. */
Var op_flatten(Tape *t, Var x);

/* ---- op_matmul --------------------------------------------------------------------------------------------------- */

/* y = a b           a [M,K], b [K,N] -> [M,N] */
Var op_matmul(Tape *t, Var a, Var b);
/* y = x w^T + bias  x [..,in], w [out,in] or filters [out,..] of as many numbers, bias [out] or NULL -> [..,out]. For
 * the logits, too: I T^T is the dot product of each row of I with each row of T. */
Var op_linear(Tape *t, Var x, Var w, Var bias);

/* ---- op_activation ----------------------------------------------------------------------------------------------- */

/* y = max(x, 0) */
Var op_relu(Tape *t, Var x);
/* y = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415) */
Var op_gelu(Tape *t, Var x);
/* y = x / (1 + e^(-1.702 x)), an approximation of GELU (the same paper, section 2): OpenAI's CLIP uses it */
Var op_quick_gelu(Tape *t, Var x);

/* ---- op_conv ----------------------------------------------------------------------------------------------------- */

/* Convolution, conv.h: x [B,H,W,C], weight [O,C,K,K], bias [O] or NULL -> [B,P,Q,O]; any stride and padding. */
Var op_conv2d(Tape *t, Var x, Var weight, Var bias, int stride, int pad);
/* Maximum, or mean, of each size x size window, one window every `stride` pixels, windows inside of the picture only.
 * Of equal maxima the first (row by row) gets the gradient. */
Var op_maxpool(Tape *t, Var x, int size, int stride);
Var op_avgpool(Tape *t, Var x, int size, int stride);

/* ---- op_batchnorm, op_layernorm, op_l2norm ----------------------------------------------------------------------- */

typedef enum { ACT_NONE, ACT_RELU, ACT_GELU } Activation;

/* The running statistics of a batch norm layer, [C] each, owned by the layer. */
typedef struct {
    num *running_mean, *running_var;
    double momentum; /* running = (1 - momentum) running + momentum batch */
    double eps;
} BatchStats;

/* y = act(gamma (x - mean) / sqrt(var + eps) + beta) for each channel, the last dimension; mean and variance over all
 * other dimensions (Ioffe and Szegedy 2015, arXiv:1502.03167). On a training tape: of this batch, and the running
 * statistics are updated (the variance with Bessel's correction, as in other toolkits). Else: the running statistics.
 * gamma [C], or NULL for 1; beta [C]. */
Var op_batchnorm(Tape *t, Var x, Var gamma, Var beta, BatchStats *stats, Activation act);

/* y = gamma z + beta, z = (x - mean) / sqrt(var + eps), for each row of x [..,D]; mean and variance of the row (Ba et
 * al. 2016, arXiv:1607.06450). gamma, beta [D]. */
Var op_layernorm(Tape *t, Var x, Var gamma, Var beta, double eps);
/* y = x / |x| for each row of x [B,E], |x| at least 1e-12. */
Var op_l2norm(Tape *t, Var x);

/* ---- op_token ---------------------------------------------------------------------------------------------------- */

/* y[b,t] = table[ids[b,t]]         table [V,D], ids B*T numbers in 0..V-1 (copied) -> [B,T,D] */
Var op_embedding(Tape *t, Var table, const int *ids, int B, int T);
/* y[b] = mean of x[b,t] over the t with ids[b,t] other than `padding` (-1: all t), or 0. x [B,T,D] -> [B,D] */
Var op_mean_tokens(Tape *t, Var x, const int *ids, int padding);
/* y[b] = x[b,index[b]]             x [B,T,D], index in 0..T-1 (copied; NULL: 0) -> [B,D] */
Var op_gather(Tape *t, Var x, const int *index);
/* S tokens before the others: x [B,T,D], first [D] (the same for all b), [B,D] or [B,S,D] -> [B,S+T,D] */
Var op_prepend(Tape *t, Var x, Var first);
/* Patches of K x K pixels, left to right, top to bottom; pixels beyond whole patches are left out:
 * x [B,H,W,C] -> [B,(H/K)(W/K),C K K], each in the order (channel, row, column) of a convolution's filter. */
Var op_patches(Tape *t, Var x, int K);

/* ---- op_attention, op_lstm, op_softmax_pool, op_cross_entropy ---------------------------------------------------- */

/* Multi-head self-attention, attention.h: qkv [B,T,3D] -> [B,T,D]. Causal: token t attends to 0..t only. */
Var op_attention(Tape *t, Var qkv, int heads, bool causal);
/* Cross-attention, attention.h: queries q [B,T,D] attend to S states, kv [B,S,2D], keys and values side by side; all
 * queries of row b see all states of row b -> [B,T,D]. */
Var op_cross_attention(Tape *t, Var q, Var kv, int heads);

/* The last hidden state of an LSTM, from a state of 0; gates in the order input, forget, cell, output.
 * input [B,T,4H]: x W_ih^T + b_ih of each token (op_linear); weight W_hh [4H,H], bias b_hh [4H] -> [B,H].
 * lengths[b] in 0..T (copied; NULL: T): how many tokens text b has. */
Var op_lstm(Tape *t, Var input, Var weight, Var bias, const int *lengths);

/* A smooth maximum of every n neighbours of the last dimension, x [..,K n] -> [..,K]:
 *   y = sum_i a_i x_i,  a = softmax(sharpness x)
 * The mean at sharpness 0; the maximum in the limit. */
Var op_softmax_pool(Tape *t, Var x, int n, double sharpness);

/* y = - 1/B sum_b sum_n target[b,n] log softmax(x[b])[n], in nats; finite for any finite x. x, target [B,N] -> one
 * number; each row of target sums to 1. With labels class_of[b] in 0..N-1, target is 1 there and 0 elsewhere. */
Var op_cross_entropy(Tape *t, Var x, Mat target);
Var op_cross_entropy_labels(Tape *t, Var x, const int *class_of);

/* ---- op_contrastive ---------------------------------------------------------------------------------------------- */

/* Which pairs of a batch match: pair b and itself, and with `caption` [B] all pairs of equal captions (copied). */
typedef struct {
    const int *caption; /* NULL: no caption repeats */
    double smoothing;   /* of clip_targets (clip_loss.h) */
} PairTargets;

/* The symmetric contrastive loss of CLIP in tiles of tile x tile logits; B x B numbers are never held.
 *   y = clip_loss(clip_logits(image, text, log_scale), clip_targets(caption, smoothing))     (clip_loss.h), to rounding
 * image, text [B,E] of unit length, log_scale one number (t; the scale is e^t) -> one number, in nats
 * Memory  tile^2 + O(B) numbers, and the gradients of image and text */
Var op_contrastive(Tape *t, Var image, Var text, Var log_scale, PairTargets targets, int tile);

/* y = - 1/B sum_b sum_n (target log p + (1 - target) log(1 - p)),  p_bn = 1 / (1 + e^-x_bn), in nats; finite for any
 * finite x. x, target [B,N], target 0 to 1 -> one number. The sigmoid loss of SigLIP (clip_loss.h). */
Var op_sigmoid_cross_entropy(Tape *t, Var x, Mat target);

/* ---- op_checkpoint ----------------------------------------------------------------------------------------------- */

/* A part of a network: y = body(x), recorded on the tape that is given. */
typedef Var (*TapeBody)(Tape *t, const void *context, Var x);
/* y = body(x), with the same bits. The tape keeps x and y only; the backward runs body once more (Chen et al. 2016,
 * arXiv:1604.06174). The same gradients, bit for bit, if nothing but the part uses its parameters and x.
 * Wants body to depend on context and x alone, and context to live until tape_reset. */
Var op_checkpoint(Tape *t, Var x, TapeBody body, const void *context);

/* All operations, for the tests: each is checked against differences. */
/* clang-format off */
#define OPS(X)                                                                                                         \
    X(add) X(mul) X(scale) X(exp) X(reshape) X(transpose) X(flatten) X(matmul) X(linear) X(relu) X(gelu)               \
    X(quick_gelu) X(conv2d) X(maxpool) X(avgpool) X(batchnorm) X(layernorm) X(l2norm) X(embedding) X(mean_tokens)      \
    X(gather) X(prepend) X(patches) X(attention) X(cross_attention) X(lstm) X(softmax_pool) X(cross_entropy)           \
    X(contrastive) X(sigmoid_cross_entropy) X(checkpoint)
/* clang-format on */

#define OP_DECLARE(name) extern const Op name##_op;
OPS(OP_DECLARE)

#endif
