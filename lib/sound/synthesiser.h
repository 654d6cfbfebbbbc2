/* synthesiser: the sound of a scene (scenes/scene.h), one second at 8 kHz. Nothing in it depends on where objects are.
 *
 *   timbre follows shape    the strengths of the partials, at multiples r of the pitch:
 *     circle    r = 1                                    a sine
 *     square    r = 1, 3, 5, ...   strength 1 / r        the partials of a square wave
 *     triangle  r = 1, 3, 5, ...   strength 1 / r^2      of a triangle wave
 *     star      r = 1, 2, 3, ...   strength 1 / r        of a sawtooth
 *     cross     r = 1, 2, 4, 8     strength 1            octaves
 *     diamond   r = 1, 5, 6, 7     strength 1            a tone and a bright group far above it
 *     heart     r = 1, 2, 3, ...   strength 1 / (1 + ((f - 700) / 130)^2) + 0.5 / (1 + ((f - 1150) / 130)^2), f the
 *               partial's frequency in Hz: two formants at fixed frequencies, as of the sung vowel "a"
 *     bar       r = 1, 2.756, 5.404, 8.933, strength 1   a metal bar with free ends (Fletcher and Rossing, "The Physics
 *               of Musical Instruments", 2nd ed. 1998, section 2.15: (3.011^2, 5^2, 7^2, 9^2) / 3.011^2)
 *                           and a breath, the same at every pitch: noise of 200 Hz width around 500 Hz + 450 Hz k for
 *                           the k-th shape, k = 0 .. 7, as of air or of a bow; a fifth of the tones' root mean square
 *   pitch follows colour    220 Hz 2^(colour / 4): eight pitches three semitones apart, red the lowest, black the
 *   highest rhythm follows count    c objects of one type are c strokes, 1/c s apart, each 1/(2c) s long: together
 *                           they sound for half a second, whatever the count, as objects of a scene have the same
 *                           area together
 *   random                  the phase of each partial of each stroke; the pitch, by up to 15 cents; the begin, by up to
 *                           0.4/c s; the loudness of each type of objects, by up to 3 dB; noise with a deviation of
 *                           0.01 to 0.1 of the tones'
 *
 * Several types of objects sound together: their sounds are added. Partials above 3900 Hz are left out. Tones have the
 * same power, whatever their timbre. The whole has the root mean square SOUND_LEVEL. */
#ifndef SYNTHESISER_H
#define SYNTHESISER_H

#include "scenes/scene.h"
#include "sound/log_mel.h"

#define SOUND_LEVEL 0.1 /* root mean square of every sound that the tower hears; the largest sample is about 0.5 */

enum { PARTIALS_MAX = 20 };

/* The partials of a timbre at a pitch. */
typedef struct {
    int count;
    double hertz[PARTIALS_MAX], strength[PARTIALS_MAX]; /* the squares of the strengths add up to 2: power 1 */
} Partials;

double sound_pitch(ShapeColour colour); /* Hz */
double sound_breath(Shape shape);       /* the middle of its band, Hz */
Partials sound_partials(Shape shape, double pitch);
const char *sound_timbre(Shape shape); /* "sine", "square wave" ... */

/* samples [SOUND_SAMPLES]. The same arguments give the same samples. Without `breath` a timbre is only its partials.
 * About 0.3 ms. */
void sound_of_scene(const Scene *scene, uint64_t seed, bool breath, num *samples);
/* Scales n samples to the root mean square SOUND_LEVEL. False if all are 0; nothing is then changed. */
bool sound_level(num *samples, int n);

#endif
