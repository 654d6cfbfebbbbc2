/* shapes: coloured shapes drawn from a seed, so that the truth about every picture is known.
 *
 * Coordinates are fractions of the picture's side, x to the right and y down, so a scene can be drawn at any size.
 * Shapes of one `size` have the same area. Colours on a canvas are red, green, blue from 0 to 1.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "core/base.h"
#include "core/rng.h"

/* clang-format off */
typedef enum {
    SHAPE_CIRCLE, SHAPE_SQUARE, SHAPE_TRIANGLE, SHAPE_STAR, SHAPE_CROSS, SHAPE_DIAMOND, SHAPE_HEART, SHAPE_BAR,
    SHAPE_COUNT
} Shape;
typedef enum {
    COLOUR_RED, COLOUR_BLUE, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_CYAN, COLOUR_PURPLE, COLOUR_WHITE, COLOUR_BLACK,
    COLOUR_COUNT
} ShapeColour;
/* clang-format on */

/* The generated set of ten classes uses the first five shapes and the first two colours; scenes (scene.h) use all. */
enum { SHAPE_CLASS_SHAPES = SHAPE_CROSS + 1, SHAPE_CLASS_COLOURS = COLOUR_BLUE + 1 };

const char *shape_name(Shape shape);         /* "circle" ... */
const char *colour_name(ShapeColour colour); /* "red" ... */

/* Its red, green and blue. The colours are far from each other and from a middle grey. */
const double *colour_rgb(ShapeColour colour);

/* A shape to draw. */
typedef struct {
    Shape shape;
    double rgb[3];
    double x, y;  /* the middle */
    double size;  /* radius of the circle of the same area */
    double angle; /* radians, from x towards y */
} ShapeObject;

/* The largest distance of the outline from the middle, as a multiple of size: 1 for the circle, more for others. */
double shape_reach(Shape shape);

/* A picture that is being drawn: rgb [side,side,3]. Owner of rgb: the caller. */
typedef struct {
    int side;
    double *rgb;
} Canvas;

/* Fills the canvas: `colour` in the middle, plus per_x for each pixel to the right and per_y for each pixel down. */
void canvas_gradient(Canvas canvas, const double colour[3], double per_x, double per_y);

/* Fills the canvas with a random muted colour and a linear gradient in a random direction. */
void canvas_background(Canvas canvas, Rng *rng);

/* Draws the object, antialiased: pixel += a (colour - pixel) with a = 1/2 - the pixel's signed distance to the outline,
 * clamped to 0 .. 1. Parts outside the canvas are cut off. */
void canvas_draw(Canvas canvas, const ShapeObject *object);

/* Adds independent noise of the given standard deviation to every number: a sum of four uniform random numbers, which
 * is nearly normal and fast. */
void canvas_noise(Canvas canvas, Rng *rng, double deviation);

/* The canvas as bytes [side,side,3]: each number clamped to 0 .. 1, times 255, rounded. */
void canvas_bytes(Canvas canvas, uint8_t *rgb);

/* An object of one of the ten classes with random hue (within 15 degrees), saturation, brightness, size (0.14 to 0.25),
 * angle (up to 20 degrees) and position (wholly inside the picture). */
ShapeObject shapes_object(Rng *rng, Shape shape, ShapeColour colour);

/* A picture of one such object: background, object, noise of deviation 0.03 to 0.15, as bytes [side,side,3]. `canvas`
 * is work space. About 30 microseconds at 32 x 32. */
void shapes_picture(Rng *rng, Shape shape, ShapeColour colour, Canvas canvas, uint8_t *rgb);

#endif
