#include "sound/log_mel.h"
#include "core/thread.h"

#include <math.h>

double mel_of_hertz(double hertz) { return 2595 * log10(1 + hertz / 700); }
double mel_to_hertz(double mel) { return 700 * (pow(10, mel / 2595) - 1); }

static void filters_make(LogMel *plan) {
    double apart = mel_of_hertz(SOUND_RATE / 2.0) / (MEL_BANDS + 1);
    for (int b = 0; b < MEL_BANDS; b++) {
        plan->first[b] = MEL_BINS;
        for (int k = 0; k < MEL_BINS; k++) {
            double mel = mel_of_hertz((double)SOUND_RATE * k / MEL_WINDOW), centre = (b + 1) * apart;
            plan->filter[b][k] = fmax(0, 1 - fabs(mel - centre) / apart);
            if (plan->filter[b][k] <= 0) continue;
            plan->first[b] = MIN(plan->first[b], k);
            plan->end[b] = k + 1;
        }
    }
}

const LogMel *log_mel_plan(Arena *arena) {
    LogMel *plan = arena_zero(arena, 1, sizeof *plan);
    double sum = 0;
    plan->fft = fft_plan(arena, MEL_WINDOW);
    for (int n = 0; n < MEL_WINDOW; n++) plan->window[n] = 0.5 - 0.5 * cos(6.283185307179586 * n / MEL_WINDOW);
    for (int n = 0; n < MEL_WINDOW; n++) sum += plan->window[n];
    for (int n = 0; n < MEL_WINDOW; n++) plan->window[n] /= sum;
    filters_make(plan);
    return plan;
}

/* The windowed frame t; outside of the sound there is silence. */
static void frame_cut(const LogMel *plan, const num *samples, int t, double *frame) {
    int begin = MEL_HOP * t + MEL_HOP / 2 - MEL_WINDOW / 2;
    for (int n = 0; n < MEL_WINDOW; n++) {
        int at = begin + n;
        frame[n] = at >= 0 && at < SOUND_SAMPLES ? plan->window[n] * (double)samples[at] : 0;
    }
}

/* One row: L[t] from |X[t]|^2, power [MEL_BINS]. */
static void bands_of(const LogMel *plan, const double *power, bool picture, num *out) {
    for (int b = 0; b < MEL_BANDS; b++) {
        double energy = 0;
        for (int k = plan->first[b]; k < plan->end[b]; k++) energy += plan->filter[b][k] * power[k];
        double value = log(MEL_FLOOR + energy);
        out[b] = (num)(picture ? (value + 12) / 4 : value);
    }
}

/* Two frames a and b in one transform of z = a + i b. Both are real, so A[-k] is the conjugate of A[k], and
 *   A[k] = (Z[k] + conj Z[-k]) / 2,   i B[k] = (Z[k] - conj Z[-k]) / 2,   indices modulo N */
void log_mel(const LogMel *plan, const num *samples, bool picture, num *out) {
    double re[MEL_WINDOW], im[MEL_WINDOW], power[2][MEL_BINS];
    for (int t = 0; t < MEL_FRAMES; t += 2) {
        frame_cut(plan, samples, t, re);
        frame_cut(plan, samples, t + 1, im);
        fft_run(&plan->fft, re, im);
        for (int k = 0; k < MEL_BINS; k++) {
            int mirror = (MEL_WINDOW - k) % MEL_WINDOW;
            double a = re[k] + re[mirror], b = im[k] - im[mirror], c = re[k] - re[mirror], d = im[k] + im[mirror];
            power[0][k] = (a * a + b * b) / 4;
            power[1][k] = (c * c + d * d) / 4;
        }
        for (int i = 0; i < 2; i++) bands_of(plan, power[i], picture, out + (t + i) * MEL_BANDS);
    }
}

typedef struct {
    const LogMel *plan;
    const num *samples;
    num *pictures;
} PicturesJob;
static void pictures_range(void *context, size_t begin, size_t end) {
    const PicturesJob *job = context;
    for (size_t i = begin; i < end; i++)
        log_mel(job->plan, job->samples + i * SOUND_SAMPLES, true, job->pictures + i * MEL_FRAMES * MEL_BANDS);
}

Mat log_mel_pictures(Arena *arena, const LogMel *plan, Mat samples) {
    REQUIRE(samples.dims == 2 && samples.shape[1] == SOUND_SAMPLES, "samples are %s, want [n,%d]",
            mat_shape_text(samples), SOUND_SAMPLES);
    Mat pictures = mat_like(arena, mat_shape(4, samples.shape[0], MEL_FRAMES, MEL_BANDS, 1));
    parallel_for((size_t)samples.shape[0], 4, pictures_range, &(PicturesJob){ plan, samples.v, pictures.v });
    return pictures;
}
