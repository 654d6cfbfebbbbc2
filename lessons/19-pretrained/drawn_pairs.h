/* drawn_pairs: minimal pairs that are drawn here, to test what CLIP cannot do. A pair has two pictures and two captions
 * that differ in one respect only; each caption is true of one picture and false of the other (the design of
 * Winoground: Thrush et al. 2022, arXiv:2204.03162). scenes/pair_score.h counts the right choices.
 */
#ifndef DRAWN_PAIRS_H
#define DRAWN_PAIRS_H

#include "formats/image.h"

typedef enum { DRAWN_SPATIAL, DRAWN_COUNTING, DRAWN_NEGATION, DRAWN_BINDING, DRAWN_ABSTRACT, DRAWN_KINDS } DrawnKind;

enum { DRAWN_PAIRS = 8 };

const char *drawn_name(DrawnKind kind);    /* "spatial" ... */
const char *drawn_changes(DrawnKind kind); /* the difference between the two of a pair */

typedef struct {
    Image image[2];         /* [side,side] */
    const char *caption[2]; /* caption[k] is true of image[k] */
} DrawnPair;

/* Pair i of a kind, 0 <= i < DRAWN_PAIRS, always the same. Owner: the arena. */
DrawnPair drawn_pair(Arena *arena, DrawnKind kind, int i, int side);

#endif
