/* bias: pictures of one shape whose colour mostly follows the shape, and how a model does on each combination. */
#ifndef BIAS_H
#define BIAS_H

#include "web_train.h"

#define BIAS_SHARE 0.95 /* of the pictures have their shape's own colour */

/* A group is a shape in a colour: shape * BIAS_SIDE + colour. The own colour of shape s is colour s. */
enum { BIAS_SIDE = 4, BIAS_GROUPS = BIAS_SIDE * BIAS_SIDE, BIAS_TEXTS = BIAS_SIDE + BIAS_GROUPS };

const char *bias_shape(int shape);   /* "circle", "square", "triangle", "star" */
const char *bias_colour(int colour); /* "red", "blue", "green", "yellow" */
/* All captions, [BIAS_TEXTS]: "a circle" ... for each shape, then "a red circle" ... for each group. On the arena. */
const char *const *bias_texts(Arena *arena);

typedef struct {
    Cifar set;      /* the label of a picture is its shape; no names */
    uint8_t *group; /* [n] */
} BiasSet;

/* n scenes (scene.h) of one object: a uniform shape; its own colour with probability `follows`, else one of the
 * three others. follows 1/4: the colour says nothing. On the arena. */
BiasSet bias_scenes(Arena *arena, int n, double follows, int seed);
/* `each` scenes of each group. */
BiasSet bias_test(Arena *arena, int each, int seed);

/* For each picture the number of its short or of its explicit caption, [n]. On the arena. */
uint8_t *bias_captions(Arena *arena, const BiasSet *data, bool explicit);
/* Pictures to draw from so that all groups that occur are equally frequent: those of rare groups stand there often. */
Chosen bias_balanced(Arena *arena, const BiasSet *data);

/* For each group: test pictures whose shape is named right, of how many; and over all pictures of the other groups how
 * many were given the shape that their colour belongs to. */
typedef struct {
    int right[BIAS_GROUPS], of[BIAS_GROUPS];
    int by_colour, others;
} BiasScore;
/* The model names a shape: that of the short caption with the largest cosine or, explicit, that of the explicit caption
 * among all 16. */
BiasScore bias_score(Clip *clip, const BiasSet *test, bool explicit);

#endif
