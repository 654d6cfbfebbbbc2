/* augment: batches of pictures for a network: normalised, and randomly mirrored, shifted and cut out for training. */
#ifndef AUGMENT_H
#define AUGMENT_H

#include "dataset/pair_set.h"

/* Mean and standard deviation of red, green and blue, from 0 to 1, over the 50,000 training pictures. */
extern const double cifar_mean[3], cifar_deviation[3];

/* MIRROR_RANDOM: a random choice for each picture and epoch. MIRROR_ALTERNATE: a random choice for each picture in the
 * first epoch, then mirrored in every other epoch, so that two epochs show both (Jordan, arXiv:2404.00498). */
typedef enum { MIRROR_NEVER, MIRROR_ALWAYS, MIRROR_RANDOM, MIRROR_ALTERNATE } Mirror;

/* The padding around a shifted picture: the picture reflected at its outermost row or column, which is not repeated, or
 * the mean colour (0 after normalisation). */
typedef enum { EDGE_REFLECT, EDGE_ZERO } Edge;

/* The changes of a picture: mirrored left to right, then shifted, then cut out. A random shift by up to p is the same
 * as a random 32 x 32 crop of the picture padded by p on every side.
 *
 * The random numbers of a picture depend on (seed, epoch, its index in the set) alone, not on its batch or on the
 * number of threads. { 0 } changes nothing. */
typedef struct {
    Mirror mirror;
    int shift;  /* random, -shift .. shift pixels in each direction; 0 to 15 */
    int dx, dy; /* added to the random shift: to the right, down; -16 to 16 */
    Edge edge;
    int cutout; /* side of a square of the mean colour at a random position (DeVries and Taylor, arXiv:1708.04552);
                   0 (none) to the side of the picture */
    uint64_t seed;
    uint32_t epoch; /* below 2^32 - 1 */
} Augment;

/* cifar_batch: pictures index[0..B) of the set, augmented and normalised.
 *
 *   out = (byte / 255 - mean) / deviation
 *
 * Shapes  out [B,32,32,3]
 * Wants   0 <= index[b] < set->n; augment NULL: unchanged pictures
 * The threads share the work; the result does not depend on their number. */
void cifar_batch(const Cifar *set, const int *index, int B, const Augment *augment, num *out);

enum { AUGMENT_SIDE_MAX = 256 };
/* The same for a set of pairs: out [B,side,side,3]. Wants a side of 32 to AUGMENT_SIDE_MAX. */
void pair_set_batch(const PairSet *set, const int *index, int B, const Augment *augment, num *out);

/* out = (byte / 255 - mean) / deviation for so many pixels [pixels,3], unchanged. */
void pixels_normalise(const uint8_t *rgb, size_t pixels, num *out);

/* The same for one unchanged picture [32,32,3] of bytes, such as a photograph of the student. */
void cifar_normalise(const uint8_t rgb[CIFAR_NUMBERS], num out[CIFAR_NUMBERS]);

#endif
