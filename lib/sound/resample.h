/* resample: a sound at another number of samples a second, and the second of a longer sound that is compared.
 *
 *   y[j] = sum over i of x[i] h(j from / to - i),   h(u) = c sinc(c u) (1/2 + 1/2 cos(pi c u / 16)) for c |u| < 16
 *
 * sinc(u) = sin(pi u) / (pi u), c = min(1, to / from): the ideal filter that keeps what both rates can hold, cut off
 * after 16 of its zeros by a Hann window (J. O. Smith, "Digital Audio Resampling Home Page", 2002, section "Theory of
 * Ideal Bandlimited Interpolation"). */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include "core/mat.h"

/* x [n] at `from` samples a second -> [*count] at `to` a second, *count = n to / from rounded up, on the arena; x
 * itself if the rates are equal. Wants n >= 1 and rates >= 1. Takes 32 max(1, from / to) products a sample. */
const num *sound_resample(Arena *arena, const num *x, int n, int from, int to, int *count);

/* The loudest `want` samples of x [n] in a row, begin a multiple of `step`, into out [want]; a shorter sound is
 * followed by silence. Returns the index of the first. */
int sound_loudest(const num *x, int n, int want, int step, num *out);

#endif
