/* few_bits: numbers rounded to few bits.
 *
 *   x' = s (floor(x / s) + 1/2), floor(x / s) clamped to -2^(b-1) .. 2^(b-1) - 1        2^b levels, s apart
 *
 * With one bit x' is the sign times s / 2, which is best at the mean of |x| (Rastegari et al. 2016, arXiv:1603.05279,
 * section 3.1). Each row has its own s: of 40 sizes the one with the least squared error. */
#ifndef FEW_BITS_H
#define FEW_BITS_H

#include "model/clip.h"

/* Rounds n numbers in place, 1 <= bits <= 16; 32: unchanged. A row of zeros stays. */
void bits_round(num *x, int n, int bits);

/* Features [n,E]: each row is rounded. mean [E] is taken off before and added afterwards; NULL: none. On the arena. */
Mat bits_features(Arena *arena, Mat features, const num *mean, int bits);
/* Bytes of one feature vector: its numbers, and s as a float (bits 32: the numbers alone). */
double bits_feature_bytes(int E, int bits);

/* Rounds all matrices and filters of a model, each row (output) with its own s. Biases, gains and running statistics
 * stay. Returns the bytes of all parameters. */
double bits_weights(Clip *clip, int bits);

#endif
