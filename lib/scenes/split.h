/* Splits: which combinations of colours, shapes, counts and relations a model sees in training, and which are held out.
 *
 *   split            combination            example
 *   SPLIT_PAIRS      colour, shape          red circle
 *   SPLIT_COUNTS     count, colour, shape   three red circles
 *   SPLIT_RELATIONS  direction, two types   a red circle and a blue square side by side (left or right), or one above
 *                                           the other; a type is a colour and a shape, and the two types differ
 *
 * Colours and shapes are numbered 0 to 7, each in a random order. A random set H says which combinations are held out:
 *   SPLIT_PAIRS      (colour - shape) mod 8 in H,                            H a subset of 0..7
 *   SPLIT_COUNTS     (colour - shape + f(count)) mod 8 in H,                 H neighbours mod 8; f = 0, 1, 3, 4, 6
 *   SPLIT_RELATIONS  (colour - colour', shape - shape') mod 8 in H of the direction,  H = -H, (0, 0) excluded
 * Adding a constant to all colours and shapes changes none of these differences. So every colour, shape and count
 * occurs in equally many combinations in both parts: the parts have the same marginal distributions. A relation and its
 * converse, and both orders of the two types, are in the same part. */
#ifndef SPLIT_H
#define SPLIT_H

#include "dataset/shapes.h"

_Static_assert((int)SHAPE_COUNT == 8 && (int)COLOUR_COUNT == 8, "splits are made of eight colours and eight shapes");

enum { SPLIT_COUNT_MAX = 5 }; /* counts are 1 to 5 */

typedef enum { SPLIT_ALL, SPLIT_PAIRS, SPLIT_COUNTS, SPLIT_RELATIONS, SPLIT_KINDS } SplitKind;
typedef enum { SPLIT_SEEN, SPLIT_HELD } SplitPart;
typedef enum { DIRECTION_X, DIRECTION_Y, DIRECTION_COUNT } Direction; /* left and right; above and below */

const char *split_name(SplitKind kind);             /* "all", "pairs", "counts", "relations" */
bool split_find(const char *name, SplitKind *kind); /* false if no split has that name */

/* Made by split_make. */
typedef struct {
    SplitKind kind;
    double coverage; /* fraction of combinations seen: the nearest possible to what was asked for */
    int colour[COLOUR_COUNT], shape[SHAPE_COUNT]; /* their numbers in the random order */
    bool seen[8];                                 /* pairs, counts: residues not in H */
    bool seen_apart[DIRECTION_COUNT][8][8];       /* relations: differences not in H of the direction */
} Split;

/* Makes a split. `coverage`, 0 to 1, is rounded to a multiple of 1/8 (relations: of 2/63). In SPLIT_ALL everything is
 * in both parts, whatever the coverage. With coverage 1 the held-out part is empty, with 0 the seen part. For coverage
 * 1/4 to 3/4, SPLIT_COUNTS shows every colour of every shape in at least one count and holds out at least one count. */
Split split_make(SplitKind kind, double coverage, uint64_t seed);

typedef struct {
    ShapeColour colour;
    Shape shape;
} ObjectType;

/* Whether the combination is in that part. True for a split of another kind. Counts are 1 to 5. */
bool split_has_pair(const Split *split, SplitPart part, ShapeColour colour, Shape shape);
bool split_has_count(const Split *split, SplitPart part, int count, ShapeColour colour, Shape shape);
/* True also for two equal types, which no combination names. */
bool split_has_relation(const Split *split, SplitPart part, Direction direction, ObjectType a, ObjectType b);
/* Whether the part has any combination. */
bool split_has_any(const Split *split, SplitPart part);

#endif
