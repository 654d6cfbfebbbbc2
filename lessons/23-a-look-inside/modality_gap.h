/* modality_gap: where the pictures and where the texts of a model lie on the sphere, and what happens to zero-shot
 * classification when the texts are moved (Liang et al. 2022, "Mind the Gap", arXiv:2203.02053). */
#ifndef MODALITY_GAP_H
#define MODALITY_GAP_H

#include "core/mat.h"

/* Mean cosines, and the length of the gap Delta = mean I - mean T. Each class counts once among the texts. */
typedef struct {
    double pictures, texts; /* of two different pictures, of two different texts */
    double own, other;      /* of a picture and the text of its class, of another class */
    double distance;        /* |Delta| */
} Gap;
/* images [n,E] and texts [C,E] of unit length, label [n]; n, C >= 2. */
Gap gap_measure(Mat images, const uint8_t *label, Mat texts);

/* T'_c = unit(T_c + lambda Delta): 0 changes nothing, at 1 the means meet before the vectors are made unit again, -1
 * doubles the gap. Delta comes from these images and texts. [C,E] on the arena. */
Mat gap_move(Arena *arena, Mat images, Mat texts, double lambda);
/* The same along a random direction of Delta's length. */
Mat gap_move_random(Arena *arena, Mat images, Mat texts, double lambda, uint64_t seed);

#endif
