/* Scenes: generated pictures of one to five objects with known ground truth. The scene graph (position, colour, shape
 * and size of each object) decides whether a caption is true (caption.h); the picture is drawn from it.
 *
 * Coordinates are fractions of the picture's side, x to the right, y down.
 *
 * Relations. An object is left of another when its centre is at least SCENE_MARGIN further left; right of, above and
 * below likewise. Generated centres lie on a grid of 3 x 3 cells, 0.30 apart, shifted by up to 0.04: two centres differ
 * by at most 0.08 or by at least 0.22 on each axis. Objects do not touch each other or the border. */
#ifndef SCENE_H
#define SCENE_H

#include "core/mat.h"
#include "scenes/split.h"

#define SCENE_MARGIN 0.15
#define SCENE_NOISE  0.06   /* default standard deviation of the noise */
#define SCENE_LARGE  0.0975 /* radius of large objects, to 5 %: of the circle of the same area */
#define SCENE_AREA   0.0664 /* fraction of the picture that objects of SceneConfig.equal_area cover together */

enum { SCENE_MAX = 5, SCENE_SIDE = 32 }; /* objects; pixels of a side, of the pictures that models see */

typedef enum { SIZE_SMALL, SIZE_LARGE, SIZE_COUNT, SIZE_NONE = SIZE_COUNT } Size;
typedef enum { LEFT_OF, RIGHT_OF, ABOVE, BELOW, RELATION_COUNT } Relation;

const char *size_name(Size size);              /* "small", "large"; "plain" for SIZE_NONE */
Relation relation_converse(Relation relation); /* a R b is b converse(R) a */
Direction relation_direction(Relation relation);

typedef struct {
    Shape shape;
    ShapeColour colour;
    Size size;       /* the size word that is true of it; SIZE_NONE: none */
    double x, y;     /* centre */
    double radius;   /* of the circle of the same area */
    double rotation; /* radians, up to 8 degrees */
} SceneObject;

typedef struct {
    int count; /* 1 to SCENE_MAX */
    SceneObject object[SCENE_MAX];
    uint64_t appearance; /* seed of background, shades and noise */
    double noise;        /* standard deviation, colours being 0 to 1; negative: no noise, even grey background */
} Scene;

/* Colour and shape of an object; and written into it: its size, place and rotation stay. */
ObjectType object_type(const SceneObject *object);
void object_set_type(SceneObject *object, ObjectType type);

/* Whether object a stands in the relation to object b (false for a = b); whether no object touches another or the
 * border, by more than `slack`; whether all combinations in the scene are in that part of the split. */
bool scene_related(const Scene *scene, int a, Relation relation, int b);
bool scene_fits(const Scene *scene, double slack);
bool scene_in_part(const Scene *scene, const Split *split, SplitPart part);

/* ---- generating scenes ------------------------------------------------------------------------------------------- */

/* For scenes of two different objects: { .seed = 1, .least = 2, .max = 2 }. */
typedef struct {
    uint64_t seed;
    int least, max;     /* number of objects, uniform; 0: 1 and SCENE_MAX */
    const Split *split; /* combinations that may occur; NULL: all. Not owned */
    SplitPart part;
    double repeat;   /* probability that the next object has the type of the last one; 0: all differ; 1: all equal */
    bool equal_area; /* objects cover SCENE_AREA together, whatever their number; sizes are SIZE_NONE */
    double noise;    /* largest deviation; 0: SCENE_NOISE; negative: no noise, no shades, even grey background */
} SceneConfig;

/* False with one line if the config is impossible (least > max, an empty part ...). */
bool scene_config_check(const SceneConfig *config, Err *err);

/* Scene number i of an endless sequence: a function of config and i alone, so threads may share the work. Types of
 * objects are uniform among the combinations of the part; sizes and positions are uniform too.
 *   SPLIT_PAIRS      the type of every object is in the part
 *   SPLIT_COUNTS     every group of equal objects is in the part
 *   SPLIT_RELATIONS  every two different objects are in the part, on each axis on which they are related. If that fails
 *                    for many objects, some get equal types; two different objects are always possible.
 * Wants a config that scene_config_check accepts. About 2 microseconds. */
Scene scene_make(const SceneConfig *config, uint64_t i);

/* Draws new positions for the same objects. Splits are not looked at. */
void scene_place(Scene *scene, Rng *rng);

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

/* Draws the picture: rgb [side,side,3] bytes; canvas (of that side) is scratch. The same scene gives the same bytes.
 * Edges are anti-aliased. About 60 microseconds at 32 x 32. */
void scene_picture(const Scene *scene, Canvas canvas, uint8_t *rgb);

/* The picture as a model sees it: pixels [SCENE_SIDE,SCENE_SIDE,3] = (byte / 255 - 0.48) / 0.25. */
void scene_pixels(const Scene *scene, num *pixels);
/* "small red circle at (0.22, 0.51)" for object k; on the arena. */
char *scene_text(Arena *arena, const Scene *scene, int k);

#endif
