/* split: which combinations of colours, shapes, counts and relations a model is shown, and which are kept for asking.
 *
 * A combination is      of a split        such as
 *   colour, shape       SPLIT_PAIRS       red circle
 *   count and both      SPLIT_COUNTS      three red circles
 *   axis, two things    SPLIT_RELATIONS   a red circle and a blue square beside each other (left or right), or
 *                                         one above the other; a thing is a colour and a shape, and the two differ
 *
 * Number colours and shapes 0 to 7, each in an order drawn from the seed. Then held out, by H drawn from the seed, are
 *   SPLIT_PAIRS      those with  (colour - shape) mod 8 in H                              H in 0..7
 *   SPLIT_COUNTS     those with  (colour - shape + f(count)) mod 8 in H,  f = 0, 1, 3, 4, 6
 *                                                                         H in 0..7, neighbours mod 8
 *   SPLIT_RELATIONS  those with  (colour - colour', shape - shape') mod 8 in H of the axis,  H = -H, without (0, 0)
 * Adding the same number to all colours and all shapes (or to all colours alone, for relations) changes nothing here:
 * every colour, every shape and every count takes part in equally many combinations, in both parts. Same marginals.
 * A relation and its converse, and both orders of the two things, are always in the same part.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include "core/rng.h"
#include "dataset/shapes.h"

_Static_assert((int)SHAPE_COUNT == 8 && (int)COLOUR_COUNT == 8, "splits are made of eight colours and eight shapes");

enum { SPLIT_COUNT_MAX = 5 }; /* counts are 1 to 5 */

typedef enum { SPLIT_ALL, SPLIT_PAIRS, SPLIT_COUNTS, SPLIT_RELATIONS, SPLIT_KINDS } SplitKind;
typedef enum { SPLIT_SEEN, SPLIT_HELD } SplitPart;
typedef enum { DIRECTION_X, DIRECTION_Y, DIRECTION_COUNT } Direction; /* left and right; above and below */

/* "all", "pairs", "counts", "relations"; and back, false if there is no such kind. */
const char *split_name(SplitKind kind);
bool split_find(const char *name, SplitKind *kind);

/* split_make fills it; readers want kind and coverage alone. */
typedef struct {
    SplitKind kind;
    double coverage; /* share of combinations seen: what was asked for, to the nearest possible */
    int colour[COLOUR_COUNT], shape[SHAPE_COUNT]; /* their numbers */
    bool seen[8];                                 /* pairs, counts: those not in H */
    bool seen_apart[DIRECTION_COUNT][8][8];       /* relations: those not in H of the axis */
} Split;

/* split_make: `coverage`, 0 to 1, is taken to the nearest multiple of 1/8 (relations: of 2/63). SPLIT_ALL has one
 * part: everything is seen, whatever the coverage, and everything counts as held out too. With coverage 1 the held-out
 * part is empty, with 0 the seen part: who draws from an empty part is stopped.
 * From 1/4 to 3/4, SPLIT_COUNTS shows every colour of every shape in some number, and keeps some number of it back. */
Split split_make(SplitKind kind, double coverage, uint64_t seed);

/* What is one colour and one shape. */
typedef struct {
    ShapeColour colour;
    Shape shape;
} ObjectType;

/* Is the combination in that part? Always, for a split of another kind. Counts are 1 to 5. */
bool split_has_pair(const Split *split, SplitPart part, ShapeColour colour, Shape shape);
bool split_has_count(const Split *split, SplitPart part, int count, ShapeColour colour, Shape shape);
/* Wants two things that differ: of the same colour and shape, it answers yes. */
bool split_has_relation(const Split *split, SplitPart part, Direction axis, ObjectType a, ObjectType b);

/* Is there anything in that part? */
bool split_has_any(const Split *split, SplitPart part);

#endif
