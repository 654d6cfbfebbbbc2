/* winograd: 3 x 3 convolutions with a quarter of the multiplications. conv.h calls these where they pay.
 *
 * A 4 x 4 square of the result of a 3 x 3 convolution takes 144 multiplications for each pair of channels. With
 *     Y = A^T [ (G g G^T) * (B^T d B) ] A
 * (the star: number by number; Winograd 1980, Lavin and Gray 2015, arXiv:1509.09308)
 * it takes the 36 of the star: d is the 6 x 6 square of the picture that the result looks at, g the kernel, Y the
 * result, and A, B and G are the small matrices of winograd.c. Both gradients are the same formula read backwards:
 *     dd = B [ (G g G^T) * (A dY A^T) ] B^T         which is again a convolution, of dY with the kernel turned round
 *     dg = G^T [ sum of (B^T d B) * (A dY A^T) ] G  over all squares of all pictures
 *
 * Shapes, wants, stops, memory and the promise of equal bits: as conv.h says for the functions of the same name.
 * Rounding: the matrices multiply by up to 10 and divide again; in float a result is within some 40 roundings of the
 * sum of its terms, where the definition is within a few.
 */
#ifndef WINOGRAD_H
#define WINOGRAD_H

#include "kernels/conv.h"

/* Whether this is faster than the sum as conv.h defines it: kernel 3, stride 1, pad 1, C at least 16, outputs in whole
 * vectors (a multiple of 16) and at least 32, and pictures that 4 x 4 squares cover without much waste. The batch has
 * no say: a picture is to be the same bits in any. */
bool winograd_suits(ConvShape s);

/* All want winograd_suits(s). */
void winograd_forward(ConvShape s, const num *x, const num *weight, const num *bias, num *y);
void winograd_backward_data(ConvShape s, const num *dy, const num *weight, bool accumulate, num *dx);
void winograd_backward_weight(ConvShape s, const num *x, const num *dy, bool accumulate, num *dweight, num *dbias);

#endif
