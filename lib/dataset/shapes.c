#include "dataset/shapes.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

static const char *const shape_names[] = {
    "circle", "square", "triangle", "star", "cross", "diamond", "heart", "bar",
};
_Static_assert(COUNT(shape_names) == SHAPE_COUNT, "a name for each shape");

static const struct {
    const char *name;
    double rgb[3];
    double hue; /* degrees on the colour circle (0 red, 120 green, 240 blue); only of the classes */
} colours[] = {
    { "red", { 0.85, 0.08, 0.10 }, 0 },    { "blue", { 0.12, 0.20, 0.90 }, 225 }, { "green", { 0.08, 0.60, 0.12 }, 0 },
    { "yellow", { 0.97, 0.90, 0.08 }, 0 }, { "cyan", { 0.15, 0.90, 0.92 }, 0 },   { "purple", { 0.62, 0.12, 0.80 }, 0 },
    { "white", { 0.97, 0.97, 0.97 }, 0 },  { "black", { 0.03, 0.03, 0.03 }, 0 },
};
_Static_assert(COUNT(colours) == COLOUR_COUNT, "an entry for each colour");

const char *shape_name(Shape shape) {
    REQUIRE((unsigned)shape < SHAPE_COUNT, "shape is %d, want 0 to %d", (int)shape, SHAPE_COUNT - 1);
    return shape_names[shape];
}

static void colour_require(ShapeColour colour, int count) {
    REQUIRE((unsigned)colour < (unsigned)count, "colour is %d, want 0 to %d", (int)colour, count - 1);
}

const char *colour_name(ShapeColour colour) {
    colour_require(colour, COLOUR_COUNT);
    return colours[colour].name;
}

const double *colour_rgb(ShapeColour colour) {
    colour_require(colour, COLOUR_COUNT);
    return colours[colour].rgb;
}

/* HSV to RGB: hue in degrees, saturation and value from 0 to 1 (Smith, "Color gamut transform pairs", 1978). A channel
 * is `value` up to 60 degrees from its own hue and falls linearly to value * (1 - saturation) at 120 degrees. */
static void colour_mix(double hue, double saturation, double value, double rgb[3]) {
    for (int c = 0; c < 3; c++) {
        double distance = fabs(fmod(hue - 120 * c + 900, 360) - 180); /* degrees from the channel's own hue, 0 to 180 */
        rgb[c] = value * (1 - saturation * fmin(1, fmax(0, (distance - 60) / 60)));
    }
}

/* ---- outlines --------------------------------------------------------------------------------------------------- */

enum { CORNERS_MAX = 16 };

/* The corners in order around the middle; n = 0: the unit circle. */
typedef struct {
    int n;
    double x[CORNERS_MAX], y[CORNERS_MAX];
} Outline;

/* n corners at distance 1 and `inner` in turn; the first one is straight up. */
static Outline outline_rays(int n, double inner) {
    Outline o = { .n = n };
    for (int i = 0; i < n; i++) {
        double radius = i % 2 ? inner : 1, angle = 2 * PI * i / n;
        o.x[i] = radius * sin(angle);
        o.y[i] = -radius * cos(angle);
    }
    return o;
}

static Outline outline_cross(void) {
    const double a = 1, b = 1.0 / 3; /* half the length and half the width of a bar */
    return (Outline){ 12, { -b, b, b, a, a, b, b, -b, -b, -a, -a, -b }, { -a, -a, -b, -b, b, b, a, a, b, b, -b, -b } };
}

/* Two half ellipses side by side, and a corner below. */
static Outline outline_heart(void) {
    Outline o = { .n = 0 };
    for (int i = 0; i <= 12; i++) {
        double angle = PI * (i % 6 + (i == 12 ? 6 : 0)) / 6, middle = i < 6 ? -0.5 : 0.5;
        o.x[o.n] = middle - 0.5 * cos(angle);
        o.y[o.n++] = -0.25 - 0.58 * sin(angle);
    }
    o.x[o.n] = 0;
    o.y[o.n++] = 0.95;
    return o;
}

static double outline_area(const Outline *o) {
    double twice = 0; /* the shoelace formula */
    for (int i = 0, j = o->n - 1; i < o->n; j = i++) twice += o->x[j] * o->y[i] - o->x[i] * o->y[j];
    return fabs(twice) / 2;
}

/* The outline, scaled to the area of the unit circle. */
static Outline shape_outline(Shape shape) {
    Outline o = { .n = 0 };
    REQUIRE((unsigned)shape < SHAPE_COUNT, "shape is %d, want 0 to %d", (int)shape, SHAPE_COUNT - 1);
    if (shape == SHAPE_SQUARE) o = (Outline){ 4, { -1, 1, 1, -1 }, { -1, -1, 1, 1 } };
    if (shape == SHAPE_TRIANGLE) o = outline_rays(3, 1);
    if (shape == SHAPE_STAR) o = outline_rays(10, 0.45);
    if (shape == SHAPE_CROSS) o = outline_cross();
    if (shape == SHAPE_DIAMOND) o = (Outline){ 4, { 0, 0.8, 0, -0.8 }, { -1, 0, 1, 0 } };
    if (shape == SHAPE_HEART) o = outline_heart();
    if (shape == SHAPE_BAR) o = (Outline){ 4, { -1, 1, 1, -1 }, { -0.4, -0.4, 0.4, 0.4 } };
    double scale = o.n ? sqrt(PI / outline_area(&o)) : 1;
    for (int i = 0; i < o.n; i++) {
        o.x[i] *= scale;
        o.y[i] *= scale;
    }
    return o;
}

static double outline_reach(const Outline *o) {
    double reach = o->n ? 0 : 1;
    for (int i = 0; i < o->n; i++) reach = fmax(reach, hypot(o->x[i], o->y[i]));
    return reach;
}

double shape_reach(Shape shape) {
    Outline o = shape_outline(shape);
    return outline_reach(&o);
}

/* The distance to the nearest edge, negative inside: where a ray to the right crosses an odd number of edges. */
static double outline_distance(const Outline *o, double x, double y) {
    if (o->n == 0) return sqrt(x * x + y * y) - 1;
    double least = INFINITY;
    bool inside = false;
    for (int i = 0, j = o->n - 1; i < o->n; j = i++) {
        double ex = o->x[j] - o->x[i], ey = o->y[j] - o->y[i], px = x - o->x[i], py = y - o->y[i];
        double t = fmin(1, fmax(0, (px * ex + py * ey) / (ex * ex + ey * ey)));
        double dx = px - t * ex, dy = py - t * ey;
        least = fmin(least, dx * dx + dy * dy);
        if ((o->y[i] > y) != (o->y[j] > y) && px < ex * py / ey) inside = !inside;
    }
    return inside ? -sqrt(least) : sqrt(least);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static double uniform_between(Rng *rng, double low, double high) { return low + (high - low) * rng_uniform(rng); }

void canvas_gradient(Canvas canvas, const double colour[3], double per_x, double per_y) {
    double *out = canvas.rgb, middle = 0.5 * (canvas.side - 1);
    for (int y = 0; y < canvas.side; y++)
        for (int x = 0; x < canvas.side; x++)
            for (int c = 0; c < 3; c++) *out++ = colour[c] + per_x * (x - middle) + per_y * (y - middle);
}

void canvas_background(Canvas canvas, Rng *rng) {
    double colour[3], angle = uniform_between(rng, 0, 2 * PI), change = uniform_between(rng, 0, 0.4);
    double grey = uniform_between(rng, 0.25, 0.75);
    for (int c = 0; c < 3; c++) colour[c] = grey + uniform_between(rng, -0.15, 0.15);
    canvas_gradient(canvas, colour, change * cos(angle) / canvas.side, change * sin(angle) / canvas.side);
}

static int clip_to(double value, int low, int high) { return value < low ? low : value > high ? high : (int)value; }

void canvas_draw(Canvas canvas, const ShapeObject *object) {
    REQUIRE(object->size > 0, "size is %g, want more than 0", object->size);
    REQUIRE(isfinite(object->x) && isfinite(object->y), "x, y are %g, %g, want numbers", object->x, object->y);
    Outline outline = shape_outline(object->shape);
    double side = canvas.side, size = object->size * side, reach = outline_reach(&outline) * size + 1;
    double cosine = cos(object->angle) / size, sine = sin(object->angle) / size;
    double x0 = object->x * side, y0 = object->y * side;
    int left = clip_to(x0 - reach, 0, canvas.side), right = clip_to(x0 + reach + 1, 0, canvas.side);
    int top = clip_to(y0 - reach, 0, canvas.side), bottom = clip_to(y0 + reach + 1, 0, canvas.side);
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            double px = x + 0.5 - x0, py = y + 0.5 - y0;
            double distance = outline_distance(&outline, px * cosine + py * sine, py * cosine - px * sine) * size;
            double covered = fmin(1, fmax(0, 0.5 - distance));
            double *pixel = canvas.rgb + 3 * ((size_t)y * (size_t)canvas.side + (size_t)x);
            for (int c = 0; c < 3; c++) pixel[c] += covered * (object->rgb[c] - pixel[c]);
        }
    }
}

void canvas_noise(Canvas canvas, Rng *rng, double deviation) {
    /* The sum of four random bytes has mean 510 and variance 4 (256^2 - 1) / 12 = 21845. */
    const double scale = deviation / sqrt(21845);
    size_t count = size_mul(3 * (size_t)canvas.side, (size_t)canvas.side);
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits = i % 2 ? bits >> 32 : rng_next(rng);
        int sum = (int)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24 & 255));
        canvas.rgb[i] += scale * (sum - 510);
    }
}

void canvas_bytes(Canvas canvas, uint8_t *rgb) {
    size_t count = size_mul(3 * (size_t)canvas.side, (size_t)canvas.side);
    for (size_t i = 0; i < count; i++) rgb[i] = (uint8_t)(255 * fmin(1, fmax(0, canvas.rgb[i])) + 0.5);
}

ShapeObject shapes_object(Rng *rng, Shape shape, ShapeColour colour) {
    colour_require(colour, SHAPE_CLASS_COLOURS);
    ShapeObject object = { .shape = shape };
    double hue = colours[colour].hue + uniform_between(rng, -15, 15);
    double saturation = uniform_between(rng, 0.5, 1), value = uniform_between(rng, 0.45, 1);
    colour_mix(hue, saturation, value, object.rgb);
    object.size = uniform_between(rng, 0.14, 0.25);
    object.angle = uniform_between(rng, -20, 20) * PI / 180;
    double reach = shape_reach(shape) * object.size;
    object.x = uniform_between(rng, reach, 1 - reach);
    object.y = uniform_between(rng, reach, 1 - reach);
    return object;
}

void shapes_picture(Rng *rng, Shape shape, ShapeColour colour, Canvas canvas, uint8_t *rgb) {
    canvas_background(canvas, rng);
    ShapeObject object = shapes_object(rng, shape, colour);
    canvas_draw(canvas, &object);
    canvas_noise(canvas, rng, uniform_between(rng, 0.03, 0.15));
    canvas_bytes(canvas, rgb);
}
