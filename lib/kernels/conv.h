/* conv: two-dimensional convolution of pictures (cross-correlation, as in every network), and its two gradients.
 *
 *   y[b,h,w,o] = bias[o] + sum over c, i, j of  weight[o,c,i,j] * x[b, h*stride + i - pad, w*stride + j - pad, c]
 *
 * where x outside the picture counts as 0. Pictures lie channels fastest; weights in the order every other toolkit
 * stores them.
 * Shapes  x [B,H,W,C], weight [outputs,C,kernel,kernel], bias [outputs], y [B,P,Q,outputs] with
 *         P = conv_out(H, ...), Q = conv_out(W, ...); gradients have the shape of what they are the gradient of.
 * Wants   B, C, outputs >= 0; H, W >= 0; kernel, stride >= 1; pad >= 0; kernel <= H + 2 pad and <= W + 2 pad;
 *         results apart from inputs; any alignment of a num.
 * Stops   when the shape is none of these.
 * Memory  none beyond thread_scratch: a caller that keeps something there loses it. No picture is unrolled into a matrix
 *         ("im2col"): what is copied is a group of places, a few hundred kilobytes (narrow inputs, dy), or of turned
 *         squares, a few megabytes (winograd.c).
 *
 * Rounding and NaN: 3 x 3 convolutions may go by winograd.h, where a square of 4 x 4 places shares its rounding errors,
 * and one number that is not finite makes the whole square not finite.
 *
 * A picture's y and dx are the same bits in any batch and for any number of threads; dweight and dbias are sums over
 * the batch in a fixed order, the same bits for any number of threads.
 */
#ifndef CONV_H
#define CONV_H

#include "core/base.h"

typedef struct {
    int B, H, W, C, outputs, kernel, stride, pad;
} ConvShape;

/* Height or width of the result: (size + 2 pad - kernel) / stride + 1, rounded down. */
int conv_out(int size, int kernel, int stride, int pad);

/* y as above; bias may be NULL (none). */
void conv_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y);

/* dx (+)= sum over the places of y that saw x:  weight[o,c,i,j] * dy[b,h,w,o]; set unless `accumulate`. */
void conv_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);

/* dweight[o,c,i,j] (+)= sum over b, h, w of  dy[b,h,w,o] * x[b, h*stride + i - pad, w*stride + j - pad, c],
 * dbias[o] (+)= sum over b, h, w of dy[b,h,w,o]; both set unless `accumulate`; dbias may be NULL (not wanted). */
void conv_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);

/* The same as their definitions, loop by loop: what to read first, and what the tests hold the others against. */
void conv_forward_plain(ConvShape s, const num *x, const num *weight, const num *bias, num *y);
void conv_backward_data_plain(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);
void conv_backward_weight_plain(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);

#endif
