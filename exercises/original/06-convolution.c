/* Exercise 06: convolution. A small window slides over a picture; what it sees is weighted and added up. (Lesson 08)
 *
 * Your code goes where it says TODO. `make ex-06` checks it, `make hint-06` helps.
 * From the library: conv_out(H, kernel, stride, pad) is how many places the window has along H (lib/kernels/conv.h).
 */
#include "../exercises/exercise.h"

/* convolution: forward, of a square window. The checks use 3 x 3 ones; lesson 11 also 2 x 2: use s.kernel, not 3.
 *
 *     y[b,h,w,o] = bias[o] + sum over c, i, j of  weight[o,c,i,j] * x[b, h*stride + i - pad, w*stride + j - pad, c]
 *
 * where i and j run from 0 to kernel-1, and x outside the picture counts as 0. The kernel is not flipped.
 *
 * Input   s: the sizes B, H, W, C, outputs, kernel, stride, pad
 *         x [B,H,W,C]: x[b,h,w,c] is x[((b*H + h)*W + w)*C + c]
 *         weight [outputs,C,kernel,kernel]: weight[o,c,i,j] is weight[((o*C + c)*kernel + i)*kernel + j]
 *         bias [outputs]; NULL stands for zeros
 * Output  y [B,P,Q,outputs], with P = conv_out(H, ...) and Q = conv_out(W, ...) places
 * Worked  one 3 x 3 picture of ones, one 3 x 3 window of ones, stride 1, pad 1, no bias: in a corner the window sees
 *         4 ones, on an edge 6, in the middle 9: y = [4 6 4 | 6 9 6 | 4 6 4].
 */
void convolution(ConvShape s, const num *x, const num *weight, const num *bias, num *y) {
    /* TODO 06: your code from here ... */
    TODO(s, x, weight, bias, y); /* delete this line when you begin */
    /* ... to here. END 06 */
}
