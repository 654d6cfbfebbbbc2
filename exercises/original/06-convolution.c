/* Exercise 06: convolution. A small window slides over a picture. At each place the numbers in the window are
 * multiplied by weights and added. (Lesson 08)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-06`. Hints: `make hint-06`.
 *
 * A ConvShape s has the int members s.B, s.H, s.W, s.C, s.outputs, s.kernel, s.stride and s.pad. Pictures and weights
 * are plain arrays of `num` (float). The index of each number is given below.
 * From the library: conv_out(H, kernel, stride, pad) = (H + 2 pad - kernel) / stride + 1, rounded down. It is the
 * number of places of the window along H.
 */
#include "../exercises/exercise.h"

/* convolution: forward, with a square window of s.kernel x s.kernel numbers. The size is not always 3.
 *
 *     y[b,h,w,o] = bias[o] + sum over c, i, j of  weight[o,c,i,j] * x[b, h*stride + i - pad, w*stride + j - pad, c]
 *
 * where c runs from 0 to C-1, i and j run from 0 to kernel-1, and x outside of the picture is 0. The kernel is not
 * flipped.
 *
 * Input   s: the sizes. B pictures, H rows, W columns, C channels, outputs channels of the result
 *         x [B,H,W,C]: x[b,h,w,c] is x[((b*H + h)*W + w)*C + c]
 *         weight [outputs,C,kernel,kernel]: weight[o,c,i,j] is weight[((o*C + c)*kernel + i)*kernel + j]
 *         bias [outputs], or NULL, which means zeros
 * Output  y [B,P,Q,outputs]: y[b,h,w,o] is y[((b*P + h)*Q + w)*outputs + o], with P = conv_out(H, kernel, stride, pad)
 *         and Q = conv_out(W, kernel, stride, pad)
 * Worked  one 3 x 3 picture of ones, one 3 x 3 window of ones, stride 1, pad 1, no bias. The window covers 4 ones in a
 *         corner, 6 at an edge and 9 in the middle: y = [4 6 4 | 6 9 6 | 4 6 4].
 */
void convolution(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    /* TODO 06: your code from here ... */
    TODO(s, x, weight, bias, y); /* delete this line when you begin */
    /* ... to here. END 06 */
}
