/* conv: two-dimensional convolution (cross-correlation, as in every network), and its two gradients.
 *
 *   y[b,h,w,o] = bias[o] + sum over c, i, j of  weight[o,c,i,j] * x[b, h*stride + i - pad, w*stride + j - pad, c]
 *
 * where x outside the image is 0 (padding). Images are stored with channels fastest, weights in the usual order.
 * Shapes  x [B,H,W,C], weight [outputs,C,kernel,kernel], bias [outputs], y [B,P,Q,outputs] with
 *         P = conv_out(H, ...), Q = conv_out(W, ...); a gradient has the shape of its variable.
 * Wants   B, C, outputs, H, W, pad >= 0; kernel, stride >= 1; kernel <= H + 2 pad and <= W + 2 pad; results do not
 *         overlap inputs; any alignment of a num. Stops otherwise (REQUIRE).
 * Memory  thread_scratch only. No "im2col" matrix: copies are a few hundred kilobytes (few channels; dy), or a few
 *         megabytes (winograd.c).
 *
 * Rounding and NaN: a 3 x 3 convolution may use winograd.h. There a tile of 4 x 4 places shares its rounding errors,
 * and one infinity or NaN makes the whole tile NaN.
 *
 * y and dx of an image are the same bits in any batch and for any number of threads. dweight and dbias are sums over
 * the batch in a fixed order: the same bits for any number of threads.
 */
#ifndef CONV_H
#define CONV_H

#include "core/base.h"

typedef struct {
    int B, H, W, C, outputs, kernel, stride, pad;
} ConvShape;

int conv_out(int size, int kernel, int stride, int pad); /* (size + 2 pad - kernel) / stride + 1, rounded down */

/* y as above; bias NULL: none. */
void conv_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y);

/* dx[b, h*stride + i - pad, w*stride + j - pad, c] (+)= sum over h, w, i, j, o of  weight[o,c,i,j] * dy[b,h,w,o]
 * (+)= is += if `accumulate`, else =. */
void conv_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);

/* dweight[o,c,i,j] (+)= sum over b, h, w of  dy[b,h,w,o] * x[b, h*stride + i - pad, w*stride + j - pad, c]
 * dbias[o] (+)= sum over b, h, w of dy[b,h,w,o]; NULL: not wanted */
void conv_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);

#endif
