/* winograd: 3 x 3 convolutions with a quarter of the multiplications. conv.h calls these where they are faster.
 *
 * A 4 x 4 tile of the result of a 3 x 3 convolution takes 144 multiplications for each pair of channels. With
 *     Y = A^T [ (G g G^T) * (B^T d B) ] A          * element by element
 * (Winograd 1980; Lavin and Gray 2015, arXiv:1509.09308) it takes 36: d is the 6 x 6 input tile, g the kernel, Y the
 * output tile; A, B and G are the small matrices of winograd.c. Both gradients are transposes of the same formula:
 *     dd = B [ (G g G^T) * (A dY A^T) ] B^T         a convolution of dY with the kernel rotated by 180 degrees
 *     dg = G^T [ sum of (B^T d B) * (A dY A^T) ] G  over all tiles of all images
 *
 * Shapes, conditions, memory, and the same bits in any batch: see the functions of the same name in conv.h.
 * Rounding: the matrices multiply by up to 10 and divide again. In float a result is within about 40 roundings of the
 * sum of its terms; by the definition it is within a few.
 */
#ifndef WINOGRAD_H
#define WINOGRAD_H

#include "kernels/conv.h"

/* Whether this is faster than the definition: kernel 3, stride 1, pad 1, C >= 16, outputs a multiple of 16 (whole
 * vectors) and >= 32, and images that 4 x 4 tiles cover with little waste. Does not depend on the batch. */
bool winograd_suits(ConvShape s);
/* All want winograd_suits(s). */
void winograd_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y);
void winograd_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);
void winograd_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);

#endif
