/* ops: every differentiable operation of the library.
 *
 * All take the tape and values on it and return a new value on the same tape, which owns it until tape_reset. A shape
 * that does not fit stops the program with both shapes. y is the result, dy the gradient that reaches it; inputs'
 * gradients accumulate. Each family's file holds, for each operation: forward, backward, check.
 *
 * Pictures are [B,H,W,C], channels fastest. "Last dimension" operations work on every row of the flattened rest.
 */
#ifndef OPS_H
#define OPS_H

#include "autograd/tape.h"

/* ---- op_basic: arithmetic and shapes ------------------------------------------------------------------------- */

/* y = a + b and y = a * b, element by element. Shapes are aligned at their last dimension; a dimension that is 1, or
 * missing, is repeated (NumPy's broadcasting rule). Gradients sum over what was repeated. */
Var op_add(Tape *t, Var a, Var b);
Var op_mul(Tape *t, Var a, Var b);
/* y = factor * x with a constant factor.          dx = factor dy */
Var op_scale(Tape *t, Var x, double factor);
/* y = e^x                                         dx = y dy */
Var op_exp(Tape *t, Var x);
/* The sum of all numbers of x, a scalar.          dx = dy everywhere */
Var op_sum(Tape *t, Var x);
/* The same numbers in the same order under another shape of equal count. */
Var op_reshape(Tape *t, Var x, Mat shape);
/* a [M,N] -> [N,M] */
Var op_transpose(Tape *t, Var x);
/* a [M,D], b [N,D] -> [M+N,D]: the rows of b under those of a (any further dimensions alike). */
Var op_concat(Tape *t, Var a, Var b);
/* x [B,H,W,C] -> [B, C*H*W] in the order of the ecosystem's tensors (channel, row, column), for a linear layer. */
Var op_flatten(Tape *t, Var x);

/* ---- op_matmul ----------------------------------------------------------------------------------------------- */

/* y = a b           a [M,K], b [K,N] -> [M,N]     da = dy b^T, db = a^T dy */
Var op_matmul(Tape *t, Var a, Var b);
/* y = x w^T + bias  x [..,in], w [out,in] or filters [out,..] of as many numbers, bias [out] or NULL -> [..,out]. Also
 * all dot products of rows: I T^T. */
Var op_linear(Tape *t, Var x, Var w, Var bias);

/* ---- op_act -------------------------------------------------------------------------------------------------- */

/* y = max(x, 0)                                   dx = dy where x > 0 */
Var op_relu(Tape *t, Var x);
/* y = x Phi(x), the exact form                    dx = dy (Phi(x) + x phi(x))     (arXiv:1606.08415) */
Var op_gelu(Tape *t, Var x);
/* y = x sigmoid(1.702 x), GELU's approximation that OpenAI's CLIP was trained with  (the same, section 2)
 *                                                 dx = dy s (1 + 1.702 x (1 - s)),  s = sigmoid(1.702 x) */
Var op_quick_gelu(Tape *t, Var x);

/* ---- op_conv ------------------------------------------------------------------------------------------------- */

/* Convolution as in conv.h: x [B,H,W,C], weight [O,C,K,K], bias [O] or NULL -> [B,P,Q,O]; any stride and padding. */
Var op_conv2d(Tape *t, Var x, Var weight, Var bias, int stride, int pad);
/* The largest, or the mean, of each size x size window, one every `stride`, windows inside the picture only.
 * Of equal largest numbers the first (row by row) takes the gradient. */
Var op_maxpool(Tape *t, Var x, int size, int stride);
Var op_avgpool(Tape *t, Var x, int size, int stride);

/* ---- op_norm ------------------------------------------------------------------------------------------------- */

typedef enum { ACT_NONE, ACT_RELU, ACT_GELU } Activation;

/* What a batch norm layer keeps beside its weights: [C] each, owned by the layer. */
typedef struct {
    num *running_mean, *running_var;
    double momentum; /* running = (1 - momentum) running + momentum batch */
    double eps;
} BatchStats;

/* y = act(gamma (x - mean) / sqrt(var + eps) + beta) for each channel (the last dimension), mean and variance over
 * all other dimensions (Ioffe and Szegedy 2015, arXiv:1502.03167). On a training tape: of this batch, and the running
 * statistics move (the variance with Bessel's correction, as in the ecosystem); otherwise the running statistics.
 * gamma [C] or NULL (1), beta [C]. The activation is done in the same pass, so that memory is touched once. */
Var op_batchnorm(Tape *t, Var x, Var gamma, Var beta, BatchStats *stats, Activation act);

/* Every row of x [..,D]: y = gamma (x - mean) / sqrt(var + eps) + beta, mean and variance of the row (Ba et al. 2016,
 * arXiv:1607.06450). gamma, beta [D].   With z = (x - mean) / sqrt(var + eps) and g = dy gamma:
 *   dx = (g - mean(g) - z mean(g z)) / sqrt(var + eps);   dgamma = sum dy z;   dbeta = sum dy */
Var op_layernorm(Tape *t, Var x, Var gamma, Var beta, double eps);

/* Every row of x [B,E] divided by max(its length, 1e-12).   dx = (dy - y (y . dy)) / length */
Var op_l2norm(Tape *t, Var x);

/* ---- op_token ------------------------------------------------------------------------------------------------ */

/* y[b,t] = table[ids[b,t]]         table [V,D], ids B*T numbers in 0..V-1 (copied) -> [B,T,D] */
Var op_embedding(Tape *t, Var table, const int *ids, int B, int T);
/* y[b] = mean of x[b,t] over the t whose id is not `padding` (-1: all count). x [B,T,D] -> [B,D]; 0 if none counts. */
Var op_mean_tokens(Tape *t, Var x, const int *ids, int padding);

/* y[b] = x[b,place[b]]             x [B,T,D], places 0..T-1 (copied; NULL: the first token) -> [B,D] */
Var op_gather(Tape *t, Var x, const int *place);
/* A token before all others: x [B,T,D], first [D] (the same for all) or [B,D] -> [B,T+1,D] */
Var op_prepend(Tape *t, Var x, Var first);
/* Pictures cut into squares of K x K, left to right, top to bottom, what remains at the right and the bottom left out:
 * x [B,H,W,C] -> [B, (H/K)*(W/K), C*K*K], each in the order (channel, row, column) of a convolution's filter. */
Var op_patches(Tape *t, Var x, int K);

/* ---- op_attention, op_lstm ----------------------------------------------------------------------------------- */

/* Multi-head self-attention as in attention.h: qkv [B,T,3D] -> [B,T,D]. Causal: token t sees 0..t alone. */
Var op_attention(Tape *t, Var qkv, int heads, bool causal);

/* The last hidden state of an LSTM, from zero states; gates in the order input, forget, cell, output.
 * given [B,T,4H]: each token's own share of the gates, x W_ih^T + b_ih (op_linear); weight W_hh [4H,H], bias b_hh [4H]
 * -> [B,H]. lengths[b] 0..T (copied; NULL: all T): how many tokens text b has. */
Var op_lstm(Tape *t, Var given, Var weight, Var bias, const int *lengths);

/* ---- op_softmax_pool ----------------------------------------------------------------------------------------- */

/* The soft maximum of every `each` neighbours of the last dimension: their mean with weights a = softmax(sharpness x),
 * the plain mean at sharpness 0, the largest in the limit. x [..,K each] -> [..,K].
 *   y = sum_i a_i x_i                               dx_i = dy a_i (1 + sharpness (x_i - y)) */
Var op_softmax_pool(Tape *t, Var x, int each, double sharpness);

/* ---- loss ---------------------------------------------------------------------------------------------------- */

/* Row by row: y = e^x / sum e^x, and its logarithm; stable at any finite x (the row's maximum is taken off first). */
Var op_softmax(Tape *t, Var x);
Var op_log_softmax(Tape *t, Var x);
/* Mean over the rows of - sum_n target[b,n] log softmax(x)[b,n], a scalar, in nats. x, target [B,N]; the rows of
 * target are distributions. Labels instead: class_of[b] in 0..N-1.   dx = (softmax(x) - target) dy / B */
Var op_cross_entropy(Tape *t, Var x, Mat target);
Var op_cross_entropy_labels(Tape *t, Var x, const int *class_of);

/* The list the tests expand: an operation that is not here is not checked, and the tests say so. */
#define OPS(X)                                                                                                         \
    X(add)                                                                                                             \
    X(mul)                                                                                                             \
    X(scale)                                                                                                           \
    X(exp) X(sum) X(reshape) X(transpose) X(concat) X(flatten) X(linear) X(matmul) X(relu) X(gelu) X(quick_gelu)       \
        X(conv2d) X(maxpool) X(avgpool) X(batchnorm) X(layernorm) X(l2norm) X(embedding) X(mean_tokens) X(gather)      \
            X(prepend) X(patches) X(attention) X(lstm) X(softmax_pool) X(softmax) X(log_softmax) X(cross_entropy)

#define OP_DECLARE(name) extern const Op name##_op;
OPS(OP_DECLARE)

#endif
