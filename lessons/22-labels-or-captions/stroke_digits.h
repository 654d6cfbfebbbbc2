/* stroke_digits: the digits 0 to 9, drawn with strokes, in the form of CIFAR-10's pictures. A set of classes that a
 * model of photographs or shapes has never seen.
 *
 * A digit is one or two lines of points. Each point is moved a little, then the whole is turned by up to 12 degrees,
 * sheared, stretched and shifted; a pen of 1.2 to 2.4 pixels draws it in a colour that differs from the background. */
#ifndef STROKE_DIGITS_H
#define STROKE_DIGITS_H

#include "dataset/cifar.h"

/* n pictures, equally many of each digit, in random order; the same for the same seed. Names are "zero", "one", ...
 * Wants n a positive multiple of 10. Owner: the arena. */
void digits_generate(Arena *arena, uint64_t seed, int n, Cifar *set);

#endif
