#include "sound/resample.h"
#include "core/thread.h"

#include <math.h>

static const double PI = 3.141592653589793;
enum { ZEROS = 16, GRAIN = 512 };

/* h(u) */
static double filter_at(double u, double c) {
    double at = c * u, wide = fabs(at);
    if (wide >= ZEROS) return 0;
    double sinc = wide < 1e-9 ? 1 : sin(PI * at) / (PI * at);
    return c * sinc * (0.5 + 0.5 * cos(PI * at / ZEROS));
}

typedef struct {
    const num *x;
    num *y;
    int n, from, to;
} ResampleJob;
static void resample_range(void *context, size_t begin, size_t end) {
    const ResampleJob *job = context;
    double c = fmin(1, (double)job->to / job->from), reach = ZEROS / c;
    for (size_t j = begin; j < end; j++) {
        double at = (double)j * job->from / job->to, sum = 0;
        int first = MAX(0, (int)ceil(at - reach)), last = MIN(job->n - 1, (int)floor(at + reach));
        for (int i = first; i <= last; i++) sum += (double)job->x[i] * filter_at(at - i, c);
        job->y[j] = (num)sum;
    }
}

const num *sound_resample(Arena *arena, const num *x, int n, int from, int to, int *count) {
    REQUIRE(n >= 1 && from >= 1 && to >= 1, "%d samples from %d to %d a second", n, from, to);
    *count = n;
    if (from == to) return x;
    long long wanted = ((long long)n * to + from - 1) / from;
    REQUIRE(wanted <= INT32_MAX, "%lld samples", wanted);
    *count = (int)wanted;
    num *y = arena_alloc(arena, (size_t)wanted, sizeof *y);
    parallel_for((size_t)wanted, GRAIN, resample_range, &(ResampleJob){ x, y, n, from, to });
    return y;
}

int sound_loudest(const num *x, int n, int want, int step, num *out) {
    int best = 0;
    double loudest = -1;
    for (int begin = 0; begin == 0 || begin + want <= n; begin += step) {
        double power = 0;
        for (int i = begin; i < MIN(n, begin + want); i++) power += (double)x[i] * (double)x[i];
        if (power <= loudest) continue;
        loudest = power;
        best = begin;
    }
    for (int i = 0; i < want; i++) out[i] = best + i < n ? x[best + i] : 0;
    return best;
}
