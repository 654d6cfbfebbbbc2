/* fft: the discrete Fourier transform of n complex numbers x[0..n), n a power of 2:
 *
 *   X[k] = sum over t of x[t] e^(-2 pi i k t / n),   k = 0 .. n-1
 *
 * fft_run computes it in n log2 n / 2 butterflies (J. W. Cooley and J. W. Tukey, "An algorithm for the machine
 * calculation of complex Fourier series", Math. Comp. 19, 1965). dft is the sum as it stands, n^2 products: the
 * test's oracle. Numbers are double in every build: rounding then stays below anything that can be heard. */
#ifndef FFT_H
#define FFT_H

#include "core/arena.h"

enum { FFT_MAX = 1 << 16 };

/* What every transform of one length needs. Read-only after fft_plan, so threads may use one together. */
typedef struct {
    int n;
    const double *cosine, *sine; /* [n/2]: of 2 pi k / n */
    const int *reversed;         /* [n]: the number whose bits are those of the index in reverse order */
} Fft;

/* On the arena. Wants n to be a power of 2, 2 to FFT_MAX (REQUIRE). */
Fft fft_plan(Arena *arena, int n);
/* In place: re, im [n], the real and the imaginary parts of x, become those of X. */
void fft_run(const Fft *plan, double *re, double *im);
/* The same by its definition, for any n >= 1: re, im [n] -> out_re, out_im [n], other memory. */
void dft(const double *re, const double *im, int n, double *out_re, double *out_im);

#endif
