/* scene: pictures of one to five objects about which everything is known. The scene graph (who is where, of what
 * colour, shape and size) is the ground truth that captions are judged by (caption.h); the picture is drawn from it.
 *
 * Coordinates are fractions of the picture's side, x to the right and y down, so that a scene can be drawn at any size.
 *
 * Where things are
 *   A thing is left of another when its middle is at least SCENE_MARGIN further left; above, right and below likewise.
 *   Closer than that, neither is true. Generated scenes leave no room for doubt: middles lie on three columns and three
 *   rows, 0.30 apart, shifted by up to 0.04 each way: two are either at most 0.08 apart, or at least 0.22 (at 32 x 32:
 *   2.6 and 7 pixels; the margin is 4.8). Objects do not touch, and lie wholly inside the picture.
 */
#ifndef SCENE_H
#define SCENE_H

#include "scenes/split.h"

#define SCENE_MARGIN 0.15

enum { SCENE_MAX = 5 }; /* objects */

typedef enum { SIZE_SMALL, SIZE_LARGE, SIZE_COUNT, SIZE_NONE = SIZE_COUNT } Size;
typedef enum { LEFT_OF, RIGHT_OF, ABOVE, BELOW, RELATION_COUNT } Relation;

const char *size_name(Size size);              /* "small", "large"; "plain" for SIZE_NEITHER */
const char *relation_name(Relation relation);  /* "left of", "right of", "above", "below" */
Relation relation_converse(Relation relation); /* a R b is b converse(R) a */
Direction relation_direction(Relation relation);

typedef struct {
    Shape shape;
    ShapeColour colour;
    Size size;       /* what words call it; SIZE_NEITHER: no size word is true of it */
    double x, y;     /* the middle */
    double radius;   /* of the circle of the same area */
    double rotation; /* radians, small */
} SceneObject;

typedef struct {
    int count; /* 1 to SCENE_MAX */
    SceneObject object[SCENE_MAX];
    uint64_t appearance; /* decides background, shades and noise, which mean nothing */
    double noise;        /* standard deviation, of colours from 0 to 1; negative: none, and one plain grey */
} Scene;

/* Is `relation` true of object a towards object b? Never of an object towards itself. */
bool scene_related(const Scene *scene, int a, Relation relation, int b);

/* ---- making scenes ------------------------------------------------------------------------------------------ */

/* How scenes are made. { .seed = 1, .least = 2, .most = 2 } will do for scenes of two different things. */
typedef struct {
    uint64_t seed;
    int least, max;     /* objects per scene, equally often each number; 0: 1 and SCENE_MAX */
    const Split *split; /* which combinations may be in a scene; NULL: all. Not owned */
    SplitPart part;
    double repeat;   /* chance that the next object is another one like the last; 0: all differ in colour or shape,
                             1: all are alike, for counting */
    bool equal_area; /* objects together cover the same area, however many: sizes are SIZE_NEITHER */
    double noise;    /* deviation, up to; 0: SCENE_NOISE; negative: none, and no shades, even grey background */
} SceneConfig;

#define SCENE_NOISE 0.06

/* One line if the settings are not possible (least > most, an empty part). */
bool scene_config_check(const SceneConfig *config, Err *err);

/* scene_make: scene number i of an endless row: a function of settings and i alone, so that any thread may make any.
 * Colour and shape of each object are uniform, among the combinations of the part; so are sizes and places.
 *   SPLIT_PAIRS      every object is of the part.
 *   SPLIT_COUNTS     every group of like objects is of the part.
 *   SPLIT_RELATIONS  every two unlike objects are of the part on the axes on which one is beside, above or below the
 *                    other. Where that cannot be had with many objects, some or all are alike; two different objects
 *                    can always be had.
 * Wants settings that scene_check accepts. Some 2 microseconds. */
Scene scene_make(const SceneConfig *config, uint64_t i);

/* Other places, sizes kept, for the same objects, by the same rules (splits apart). */
void scene_place(Scene *scene, Rng *rng);

/* The share of the picture that things of equal ink cover together, however many. */
#define SCENE_AREA 0.0664

/* Every object gets the radius that makes them cover together SCENE_INK of the picture, and size SIZE_NEITHER. Places
 * stay: one or two objects may need scene_place afterwards. */
void scene_equal_area(Scene *scene);

/* ---- drawing ------------------------------------------------------------------------------------------------ */

/* The picture, [side,side,3] bytes; the canvas (canvas.side is the side) is scratch. The same scene gives the same
 * bytes. Edges are anti-aliased. Some 60 microseconds at 32 x 32. */
void scene_picture(const Scene *scene, Canvas canvas, uint8_t *rgb);

/* "small red circle at (0.22, 0.51)", for object k; on the arena. */
char *scene_text(Arena *arena, const Scene *scene, int k);

#endif
