/* corrupt: pictures spoilt in eight ways and five strengths, to see what a classifier still makes of them. In the manner
 * of Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations"
 * (arXiv:1903.12261); kinds and strengths are our own, for 32 x 32 pixels.
 *
 *   noise       normal noise on every number, deviation 0.04 to 0.26 (of 0 to 1)
 *   salt        a share of the pixels, 2 to 30 %, becomes black or white
 *   blur        a normal kernel of deviation 0.5 to 2.2 pixels, the border repeated outwards
 *   pixelate    blocks of 2 to 8 pixels, each its mean
 *   contrast    distances from the picture's mean colour shrink to 70 ... 12 %
 *   brightness  0.1 to 0.5 is added (of 0 to 1)
 *   occlude     a grey square of 6 to 22 pixels, anywhere within the picture
 *   rotate      by 6 to 45 degrees either way, between pixels in proportion, the border repeated outwards
 *
 * Chance comes from (seed, kind, picture's number) alone, not from the strength: a stronger square lies where it can
 * near the weaker one, and the noise is the same, only louder.
 */
#ifndef CORRUPTION_H
#define CORRUPTION_H

#include "core/arena.h"
#include "dataset/cifar.h"

typedef enum {
    CORRUPT_NOISE,
    CORRUPT_SALT,
    CORRUPT_BLUR,
    CORRUPT_PIXELATE,
    CORRUPT_CONTRAST,
    CORRUPT_BRIGHTNESS,
    CORRUPT_OCCLUDE,
    CORRUPT_ROTATE,
    CORRUPT_KINDS
} Corruption;

enum { CORRUPT_STRENGTHS = 5 };

const char *corrupt_name(Corruption kind);            /* "noise" */
double corrupt_amount(Corruption kind, int strength); /* 0.04: of the unit above; strength 1 to 5 */

/* Which way, how strong (0: as it is, to 5), and of which seed. */
typedef struct {
    Corruption kind;
    int strength;
    uint64_t seed;
} Corrupt;

/* One picture, bytes [32,32,3]; `index` is its number in its set. `out` is not `rgb`. */
void corrupt_picture(Corrupt how, int index, const uint8_t rgb[CIFAR_NUMBERS], uint8_t out[CIFAR_NUMBERS]);

/* The first n pictures of a set, all of them so. A copy, on the arena. */
Cifar corrupt_set(Arena *arena, const Cifar *set, int n, Corrupt how);

#endif
