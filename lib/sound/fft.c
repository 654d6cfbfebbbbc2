#include "sound/fft.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

Fft fft_plan(Arena *arena, int n) {
    REQUIRE(n >= 2 && n <= FFT_MAX && (n & (n - 1)) == 0, "length %d, want a power of 2 from 2 to %d", n, FFT_MAX);
    double *cosine = arena_alloc(arena, (size_t)n / 2, sizeof *cosine);
    double *sine = arena_alloc(arena, (size_t)n / 2, sizeof *sine);
    int *reversed = arena_alloc(arena, (size_t)n, sizeof *reversed);
    for (int k = 0; k < n / 2; k++) {
        cosine[k] = cos(TWO_PI * k / n);
        sine[k] = sin(TWO_PI * k / n);
    }
    reversed[0] = 0;
    for (int i = 1; i < n; i++) reversed[i] = reversed[i / 2] / 2 + (i % 2) * (n / 2);
    return (Fft){ n, cosine, sine, reversed };
}

static void swap(double *a, double *b) {
    double t = *a;
    *a = *b;
    *b = t;
}

/* Decimation in time. A transform X of `size` numbers is made of the transforms E and O of its even and odd numbers,
 * which lie in the two halves of its place:
 *   X[k] = E[k] + w O[k],   X[k + size/2] = E[k] - w O[k],   w = e^(-2 pi i k / size)
 * Taken apart in this way down to single numbers, they stand in the order of their bits reversed. */
void fft_run(const Fft *plan, double *re, double *im) {
    int n = plan->n;
    for (int i = 0; i < n; i++) {
        int j = plan->reversed[i];
        if (j <= i) continue;
        swap(&re[i], &re[j]);
        swap(&im[i], &im[j]);
    }
    for (int size = 2; size <= n; size *= 2)
        for (int begin = 0; begin < n; begin += size)
            for (int k = 0; k < size / 2; k++) {
                int even = begin + k, odd = even + size / 2, step = k * (n / size);
                double c = plan->cosine[step], s = plan->sine[step];
                double a = c * re[odd] + s * im[odd], b = c * im[odd] - s * re[odd]; /* w O[k] */
                re[odd] = re[even] - a;
                im[odd] = im[even] - b;
                re[even] += a;
                im[even] += b;
            }
}

void dft(const double *re, const double *im, int n, double *out_re, double *out_im) {
    for (int k = 0; k < n; k++) {
        out_re[k] = out_im[k] = 0;
        for (int t = 0; t < n; t++) {
            double angle = TWO_PI * (double)((long long)k * t % n) / n;
            out_re[k] += re[t] * cos(angle) + im[t] * sin(angle);
            out_im[k] += im[t] * cos(angle) - re[t] * sin(angle);
        }
    }
}
