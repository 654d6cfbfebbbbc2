/* Scene reader: finds the objects of a picture of a scene without any network, and judges pictures by their captions.
 *
 *   1. the ground: a plane of brightness for each of red, green and blue, fitted to all pixels but the far ones
 *   2. objects: pixels far from the ground that touch each other; large patches are cut in two
 *   3. each object is compared with all eight shapes, drawn by canvas_draw at sizes, angles and quarters of a pixel
 *      around it. With the template's cover a (0..1) and the differences d from the ground, the best colour is
 *        ground + sum a d / sum a^2, and it explains |sum a d|^2 / sum a^2 of sum |d|^2
 *      The template that explains most is the shape; the colour's name is the nearest of the eight
 * An object is clear if the template explains nearly all but the noise, and one colour is clearly the nearest. */
#ifndef SCENE_READER_H
#define SCENE_READER_H

#include "scenes/caption.h"

enum { READER_MAX = 8 }; /* objects that are told apart in one picture */

typedef struct {
    SceneObject object; /* size: SIZE_NONE */
    double unexplained; /* fraction of the object's differences that its template leaves, beyond the noise */
    double colour_off;  /* distance of its colour from the named one, colours being 0 to 1 */
    bool clear;
} ReadObject;

typedef struct {
    int count;
    ReadObject object[READER_MAX]; /* from left to right */
    double noise;                  /* standard deviation of the ground */
} SceneReading;

typedef struct SceneReader SceneReader;
/* Draws the templates, about 0.1 seconds. Owner: the arena. */
const SceneReader *scene_reader_new(Arena *arena);

/* Reads a picture rgb [SCENE_SIDE,SCENE_SIDE,3], bytes. Threads may share the reader. Less than a millisecond. */
SceneReading scene_read(const SceneReader *reader, const uint8_t *rgb);

/* What is wrong with a picture for a caption of all of it (OBJECT, COUNT, PAIR, RELATION); the first that applies. */
typedef enum {
    VERDICT_TRUE,    /* the objects of the caption, no others, and where it says */
    VERDICT_PLACES,  /* the right objects, but not where the caption says */
    VERDICT_BINDING, /* the right colours and the right shapes, wrongly combined */
    VERDICT_OBJECTS, /* the right number of objects, but others */
    VERDICT_NUMBER,  /* more or fewer objects */
    VERDICT_UNCLEAR, /* an object is none of the shapes, or has none of the colours */
    VERDICTS
} Verdict;
const char *verdict_name(Verdict verdict); /* "true", "places", ... */
Verdict scene_verdict(const SceneReading *found, const Caption *caption);

#endif
