/* corruption: eight corruptions of 32 x 32 pictures at five strengths, to measure robustness. After Hendrycks and
 * Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations" (arXiv:1903.12261);
 * kinds and strengths are our own. Numbers of a picture run from 0 to 1.
 *
 *   noise       normal noise on every number, standard deviation 0.04 to 0.26
 *   salt        2 to 30 % of the pixels become black or white
 *   blur        a Gaussian kernel of standard deviation 0.5 to 2.2 pixels, the border repeated
 *   pixelate    blocks of 2 to 8 pixels, each its mean
 *   contrast    distances from the picture's mean colour times 0.70 to 0.12
 *   brightness  plus 0.1 to 0.5
 *   occlude     a grey square of 6 to 22 pixels at a random place
 *   rotate      by 6 to 45 degrees to a random side, bilinear, the border repeated
 *
 * Random numbers depend on (seed, kind, the picture's number), not on the strength: strong noise is weak noise scaled.
 */
#ifndef CORRUPTION_H
#define CORRUPTION_H

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

const char *corrupt_name(Corruption kind); /* "noise" */

typedef struct {
    Corruption kind;
    int strength; /* 0 (unchanged) to 5 */
    uint64_t seed;
} Corrupt;

/* One picture, bytes [32,32,3]; `index` is its number in its set. `out` must not be `rgb`. */
void corrupt_picture(Corrupt how, int index, const uint8_t rgb[CIFAR_NUMBERS], uint8_t out[CIFAR_NUMBERS]);

/* The first n pictures of a set, corrupted: a copy, on the arena. */
Cifar corrupt_set(Arena *arena, const Cifar *set, int n, Corrupt how);

#endif
