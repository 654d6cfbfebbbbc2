/* probes: what CLIP cannot do, in pictures that are drawn here. Each probe is a row of pairs: two pictures and two
 * captions that differ in one respect only, such that each caption is true of one picture and false of the other
 * (the design of Winoground: Thrush et al. 2022, arXiv:2204.03162).
 */
#ifndef DRAWN_PAIRS_H
#define DRAWN_PAIRS_H

#include "formats/image.h"

typedef enum { DRAWN_SPATIAL, DRAWN_COUNTING, DRAWN_NEGATION, DRAWN_BINDING, DRAWN_ABSTRACT, DRAWN_KINDS } DrawnKind;

enum { DRAWN_PAIRS = 8 };

/* "spatial" ...; and what changes between the two of a pair, for a table. */
const char *drawn_name(DrawnKind kind);
const char *probe_changes(DrawnKind kind);

typedef struct {
    Image image[2];         /* [side,side] */
    const char *caption[2]; /* caption[k] is true of image[k] */
} ProbePair;

/* The i-th pair of a probe, 0 <= i < DRAWN_PAIRS, always the same. On the arena. */
ProbePair probe_pair(Arena *arena, DrawnKind kind, int i, int side);

#endif
