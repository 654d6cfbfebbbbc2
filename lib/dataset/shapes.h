/* shapes: a small world of coloured shapes, drawn from a seed, in which the truth about every picture is known.
 *
 * Coordinates are fractions of the picture's side, x to the right and y down, so that one scene can be drawn at any
 * size. All shapes of one `size` cover the same area: none can be told by how much ink it takes.
 * Colours on a canvas are red, green, blue from 0 to 1.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "core/base.h"
#include "core/rng.h"

typedef enum {
    SHAPE_CIRCLE,
    SHAPE_SQUARE,
    SHAPE_TRIANGLE,
    SHAPE_STAR,
    SHAPE_CROSS,
    SHAPE_DIAMOND,
    SHAPE_HEART,
    SHAPE_BAR,
    SHAPE_COUNT
} Shape;
typedef enum {
    COLOUR_RED,
    COLOUR_BLUE,
    COLOUR_GREEN,
    COLOUR_YELLOW,
    COLOUR_CYAN,
    COLOUR_PURPLE,
    COLOUR_WHITE,
    COLOUR_BLACK,
    COLOUR_COUNT
} ShapeColour;

/* The pictures that stand in for CIFAR-10 take the first five shapes and the first two colours: ten classes. Scenes
 * (scene.h) take all. */
enum { SHAPE_CLASS_SHAPES = SHAPE_CROSS + 1, SHAPE_CLASS_COLOURS = COLOUR_BLUE + 1 };

const char *shape_name(Shape shape);         /* "circle" ... */
const char *colour_name(ShapeColour colour); /* "red" ... */

/* The colour itself, red, green and blue from 0 to 1: far from one another and from a middle grey. */
const double *colour_rgb(ShapeColour colour);

/* One thing in a scene. */
typedef struct {
    Shape shape;
    double rgb[3];
    double x, y;  /* the middle */
    double size;  /* radius of the circle of the same area */
    double angle; /* radians, from x towards y */
} ShapeObject;

/* How far the outline gets from the middle, as a multiple of size: 1 for the circle, more for the others. */
double shape_reach(Shape shape);

/* A picture being painted: rgb is [side,side,3] and the caller's. */
typedef struct {
    int side;
    double *rgb;
} Canvas;

/* One colour in the middle of the picture, that changes evenly by so much from pixel to pixel. */
void canvas_gradient(Canvas canvas, const double colour[3], double per_x, double per_y);

/* A background: one random muted colour that changes evenly across the picture in a random direction. */
void canvas_background(Canvas canvas, Rng *rng);

/* Paints the object over what is there. A pixel on the edge takes the share of the colour that the shape covers of it
 * (distance from its middle to the outline, plus one half, within 0 to 1). Parts outside the canvas are cut off. */
void canvas_draw(Canvas canvas, const ShapeObject *object);

/* Adds to every number independent noise of the given standard deviation: a sum of four uniform ones, which is close
 * to normal and cheap. */
void canvas_noise(Canvas canvas, Rng *rng, double deviation);

/* The canvas as bytes, [side,side,3], each number cut to 0 .. 1 and rounded to the nearest of 0 .. 255. */
void canvas_bytes(Canvas canvas, uint8_t *rgb);

/* One object of that name, of the ten classes, the rest left to chance: hue within 15 degrees, saturation and
 * brightness, size from 0.14 to 0.25, turned by up to 20 degrees, anywhere but wholly inside the picture. */
ShapeObject shapes_object(Rng *rng, Shape shape, ShapeColour colour);

/* A whole picture of one such object: ground, object, noise of deviation 0.03 to 0.15, as bytes [side,side,3].
 * The canvas is scratch. Some 30 microseconds at 32 x 32. */
void shapes_picture(Rng *rng, Shape shape, ShapeColour colour, Canvas canvas, uint8_t *rgb);

#endif
