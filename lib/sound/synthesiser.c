#include "sound/synthesiser.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586, HIGHEST = 3900, CENTS = 15, DECIBEL = 3, ATTACK = 0.01;

static const double BREATH = 0.2, BREATH_WIDTH = 200;
enum { BREATH_TONES = 8 }; /* tones at random frequencies that make the noise of a breath */

double sound_pitch(ShapeColour colour) { return 220 * pow(2, (double)colour / 4); }
double sound_breath(Shape shape) { return 500 + 450 * (double)shape; }

const char *sound_timbre(Shape shape) {
    static const char *const names[SHAPE_COUNT] = { [SHAPE_CIRCLE] = "sine",
                                                    [SHAPE_SQUARE] = "square wave",
                                                    [SHAPE_TRIANGLE] = "triangle wave",
                                                    [SHAPE_STAR] = "sawtooth",
                                                    [SHAPE_CROSS] = "octaves",
                                                    [SHAPE_DIAMOND] = "tone and bright group",
                                                    [SHAPE_HEART] = "sung vowel \"a\"",
                                                    [SHAPE_BAR] = "metal bar" };
    return names[shape];
}

/* The i-th multiple of the pitch, i = 0, 1, ...; 0: there are no more. */
static double ratio_of(Shape shape, int i) {
    static const double octaves[] = { 1, 2, 4, 8 }, bright[] = { 1, 5, 6, 7 }, bar[] = { 1, 2.756, 5.404, 8.933 };
    enum { FOUR = 4 };
    switch (shape) {
    case SHAPE_CIRCLE: return i == 0;
    case SHAPE_SQUARE:
    case SHAPE_TRIANGLE: return 2 * i + 1;
    case SHAPE_CROSS: return i < FOUR ? octaves[i] : 0;
    case SHAPE_DIAMOND: return i < FOUR ? bright[i] : 0;
    case SHAPE_BAR: return i < FOUR ? bar[i] : 0;
    default: return i + 1;
    }
}

static double formant(double hertz, double centre) {
    double off = (hertz - centre) / 130;
    return 1 / (1 + off * off);
}
static double strength_of(Shape shape, double ratio, double hertz) {
    switch (shape) {
    case SHAPE_SQUARE:
    case SHAPE_STAR: return 1 / ratio;
    case SHAPE_TRIANGLE: return 1 / (ratio * ratio);
    case SHAPE_HEART: return formant(hertz, 700) + 0.5 * formant(hertz, 1150);
    default: return 1;
    }
}

Partials sound_partials(Shape shape, double pitch) {
    Partials p = { .count = 0 };
    double power = 0;
    for (int i = 0; p.count < PARTIALS_MAX; i++) {
        double ratio = ratio_of(shape, i);
        if (ratio <= 0 || ratio * pitch > HIGHEST) break;
        p.hertz[p.count] = ratio * pitch;
        p.strength[p.count] = strength_of(shape, ratio, ratio * pitch);
        power += p.strength[p.count] * p.strength[p.count] / 2;
        p.count++;
    }
    for (int i = 0; i < p.count; i++) p.strength[i] /= sqrt(power);
    return p;
}

/* Adds one tone under an envelope: the imaginary part of a number that is multiplied by e^(2 pi i f / rate) at each
 * sample. The phase is random. */
static void tone_add(double hertz, double strength, const double *envelope, int n, Rng *rng, num *samples) {
    double phase = TWO_PI * rng_uniform(rng), angle = TWO_PI * hertz / SOUND_RATE;
    double re = strength * cos(phase), im = strength * sin(phase), c = cos(angle), s = sin(angle);
    for (int i = 0; i < n; i++) {
        samples[i] += (num)(envelope[i] * im);
        double next = c * re - s * im;
        im = c * im + s * re;
        re = next;
    }
}

/* Adds one stroke of n samples: all partials and the breath (0: none), under an envelope that rises and falls within 10
 * ms along a cosine. Tones of strength a have the power a^2 / 2 each. */
static void stroke_add(const Partials *p, double loudness, double breath, int n, Rng *rng, num *samples) {
    double envelope[SOUND_SAMPLES / 2 + 1] = { 0 };
    int edge = (int)(ATTACK * SOUND_RATE);
    for (int i = 0; i < n; i++) {
        int inside = MIN(i + 1, n - i);
        envelope[i] = loudness * (inside >= edge ? 1 : 0.5 - 0.5 * cos(TWO_PI / 2 * inside / edge));
    }
    for (int k = 0; k < p->count; k++) tone_add(p->hertz[k], p->strength[k], envelope, n, rng, samples);
    for (int k = 0; breath > 0 && k < BREATH_TONES; k++) {
        double hertz = breath + BREATH_WIDTH * (rng_uniform(rng) - 0.5);
        tone_add(hertz, BREATH * sqrt(2.0 / BREATH_TONES), envelope, n, rng, samples);
    }
}

/* Adds `count` strokes of one type of objects. The last ends before the second does: (c - 1)/c + 0.4/c + 1/(2c) < 1. */
static void strokes_add(ObjectType type, int count, bool breath, Rng *rng, num *samples) {
    double cents = CENTS * (2 * rng_uniform(rng) - 1), decibel = DECIBEL * (2 * rng_uniform(rng) - 1);
    Partials partials = sound_partials(type.shape, sound_pitch(type.colour) * pow(2, cents / 1200));
    double apart = (double)SOUND_SAMPLES / count, begin = 0.4 * apart * rng_uniform(rng);
    double loudness = pow(10, decibel / 20), middle = breath ? sound_breath(type.shape) : 0;
    for (int k = 0; k < count; k++)
        stroke_add(&partials, loudness, middle, (int)(apart / 2), rng, samples + (int)(begin + k * apart));
}

/* Sums of four uniform numbers of 16 bits: nearly normal, and fast. Four have the variance 4/12. */
static void noise_add(double deviation, Rng *rng, num *samples) {
    for (int i = 0; i < SOUND_SAMPLES; i++) {
        uint64_t bits = rng_next(rng);
        double sum = 0;
        for (int k = 0; k < 4; k++) sum += (double)(bits >> 16 * k & 0xffff) / 65536;
        samples[i] += (num)(deviation * sqrt(3) * (sum - 2));
    }
}

bool sound_level(num *samples, int n) {
    double power = 0;
    for (int i = 0; i < n; i++) power += (double)samples[i] * (double)samples[i];
    if (power <= 0) return false;
    double factor = SOUND_LEVEL / sqrt(power / n);
    for (int i = 0; i < n; i++) samples[i] = (num)(factor * (double)samples[i]);
    return true;
}

void sound_of_scene(const Scene *scene, uint64_t seed, bool breath, num *samples) {
    Rng rng = rng_seed(seed, 24);
    for (int i = 0; i < SOUND_SAMPLES; i++) samples[i] = 0;
    for (int k = 0; k < scene->count; k++) {
        ObjectType type = object_type(&scene->object[k]);
        int count = 0;
        bool earlier = false;
        for (int j = 0; j < scene->count; j++) {
            ObjectType other = object_type(&scene->object[j]);
            bool same = other.colour == type.colour && other.shape == type.shape;
            count += same;
            earlier = earlier || (same && j < k);
        }
        if (!earlier) strokes_add(type, count, breath, &rng, samples);
    }
    noise_add(0.01 * pow(10, rng_uniform(&rng)), &rng, samples);
    sound_level(samples, SOUND_SAMPLES);
}
