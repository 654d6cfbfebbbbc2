/* log_mel: the log-mel spectrogram of one second of sound, the picture that the sound tower sees.
 *
 *   frame     t = 0 .. 63, centred at sample 125 t + 62; samples before the first and after the last are 0
 *   window    w[n] = 1/2 - 1/2 cos(2 pi n / N), N = 512 samples (64 ms): Hann
 *   power     P[t,k] = |X[t,k]|^2 / (sum of w)^2, X[t] the transform (fft.h) of the windowed frame, k = 0 .. N/2
 *   mel       m(f) = 2595 log10(1 + f / 700), f in Hz: nearly linear below 700 Hz, logarithmic above, as the ear hears
 *   filters   b = 0 .. 39: triangles over the mel of 0 to 4000 Hz, centres equally far apart, each 1 at its centre
 *             and 0 at the centres of its neighbours: h_b(k) = max(0, 1 - |m(f_k) - c_b| / d), f_k = 8000 k / N,
 *             d = m(4000) / 41, c_b = (b + 1) d
 *   log-mel   L[t,b] = log(1e-7 + sum over k of h_b(k) P[t,k]), natural logarithm
 *   picture   (L + 12) / 4: about 0 on average, with a deviation near 1
 *
 * A tone of amplitude A at the frequency of bin k has P[k] = A^2 / 4, P[k-1] = P[k+1] = A^2 / 16 and 0 elsewhere, which
 * the tests use. Sources: S. Davis and P. Mermelstein, "Comparison of parametric representations for monosyllabic word
 * recognition", IEEE Trans. ASSP 28, 1980 (triangles); S. Young et al., "The HTK Book" 3.4, section 5.4 (the mel). */
#ifndef LOG_MEL_H
#define LOG_MEL_H

#include "core/mat.h"
#include "sound/fft.h"

enum { SOUND_RATE = 8000, SOUND_SAMPLES = 8000 }; /* samples a second; of a sound */
enum { MEL_FRAMES = 64, MEL_BANDS = 40, MEL_HOP = 125, MEL_WINDOW = 512, MEL_BINS = MEL_WINDOW / 2 + 1 };
#define MEL_FLOOR 1e-7 /* added to the energy of a band */

double mel_of_hertz(double hertz); /* m(f) */
double mel_to_hertz(double mel);   /* its inverse */

/* Transform, window and filters. Read-only after log_mel_plan. */
typedef struct {
    Fft fft;
    double window[MEL_WINDOW];            /* w / sum of w */
    double filter[MEL_BANDS][MEL_BINS];   /* h_b(k) */
    int first[MEL_BANDS], end[MEL_BANDS]; /* h_b(k) is 0 outside of first .. end-1 */
} LogMel;

/* On the arena. */
const LogMel *log_mel_plan(Arena *arena);
/* samples [SOUND_SAMPLES] -> L [MEL_FRAMES,MEL_BANDS]; the picture in place of L where `picture`. About 0.5 ms. */
void log_mel(const LogMel *plan, const num *samples, bool picture, num *out);
/* n sounds [n,SOUND_SAMPLES] -> pictures [n,MEL_FRAMES,MEL_BANDS,1], on the arena; by all threads. */
Mat log_mel_pictures(Arena *arena, const LogMel *plan, Mat samples);

#endif
