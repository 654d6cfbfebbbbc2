/* figure: what is to be seen, said once; draw shows it in a terminal, plot in a picture by gnuplot.
 *
 *   Heat heat = { .title = "cosine of every picture with every caption", .y = "picture", .x = "caption",
 *                 .m = similarity, .rows = pictures, .cols = captions, .decimals = 2 };
 *   draw_heat(&term, &heat);
 *   plot_heat("02-similarity", &heat, NULL);
 *
 * Rules of use: a figure only points at its numbers and texts; they stay the caller's. What is left out of the
 * initialiser is 0 or NULL and means "the usual". Texts are UTF-8; control characters are shown as spaces.
 * NaN and infinite numbers are gaps in a bar or a curve; in a cell they are written, without a colour.
 */
#ifndef FIGURE_H
#define FIGURE_H

#include "core/mat.h"

/* A matrix as coloured cells with the values written in them. */
typedef struct {
    const char *title;
    const char *y, *x;       /* what a row is, what a column is */
    Mat m;                   /* [R,C], not empty */
    const char *const *rows; /* R labels; NULL: 1, 2, ... */
    const char *const *cols; /* C labels; NULL: 1, 2, ... */
    int decimals;            /* digits after the point, 0 to 9 */
    double low, high;        /* ends of the colour scale; both 0: those of the values */
} Heat;

/* One bar. With low < high it carries an interval, which is drawn and written. */
typedef struct {
    const char *label;
    double value, low, high;
    bool marked; /* stands out: the right answer, the whole, the odd one */
} Bar;

typedef struct {
    const char *title;
    const char *unit; /* written after each value: " %", " nats" */
    const Bar *bars;
    int count;
    int decimals;
    double low, high; /* ends of the axis; both 0: the values and 0 */
} Bars;

/* One curve: y over x. */
typedef struct {
    const char *name;
    const num *x; /* NULL: 1, 2, 3, ... */
    const num *y;
    int count;
} Series;

typedef struct {
    const char *title;
    const char *y, *x; /* axis names, with units */
    const Series *series;
    int count;                  /* 1 to FIGURE_SERIES */
    bool log_x, log_y;          /* logarithmic axes; numbers that are not positive are gaps */
    bool dots;                  /* points alone, not joined */
    const char *reference_name; /* a horizontal line, such as the loss floor; NULL: none */
    double reference;
} Lines;

/* A small picture with words underneath. */
typedef struct {
    const uint8_t *rgb;  /* [height, width, 3], rows from the top */
    int height, width;   /* 1 to FIGURE_SIDE */
    const char *caption; /* a newline begins another line, three at most */
    bool marked;         /* the caption stands out: a wrong answer */
} Tile;

typedef struct {
    const char *title;
    const Tile *tiles;
    int count;
    int columns; /* per row; 0: 5, or fewer where they do not fit */
} Tiles;

/* A computation drawn out, in the order in which it is done: what goes into a node stands before it. */
typedef struct {
    const char *name;      /* "logits" */
    const char *operation; /* "mul"; "" for what is given */
    Mat value;             /* a number, a row or a matrix of at most FIGURE_NODE numbers, not empty */
    const num *gradient;   /* as many numbers; NULL: none */
    int in[3], inputs;     /* nodes with smaller numbers */
} GraphNode;

typedef struct {
    const char *title;
    const GraphNode *nodes;
    int count;    /* 1 to FIGURE_NODES; the last node is the result */
    int decimals; /* 0 to 9 */
} Graph;

/* Pairs of points that move inside a circle of radius 1, in panels side by side. */
typedef struct {
    const char *title;
    const char *first, *second;     /* what the two points of a pair are */
    const char *const *panels;      /* a title for each */
    int panel_count;                /* 1 to FIGURE_PANELS */
    int pairs;                      /* 1 to FIGURE_SERIES */
    int frames;                     /* at least 1 */
    const num *points;              /* [frames, panels, pairs, 2, 2]: x and y of the first point, of the second */
    const char *const *frame_names; /* "step 20" */
    const int *shown;               /* frames of the strip, for who sees no motion */
    int shown_count;                /* 1 to FIGURE_SHOWN */
} Motion;

enum { FIGURE_NODE = 16, FIGURE_NODES = 64, FIGURE_PANELS = 4, FIGURE_SHOWN = 8 };
enum { FIGURE_SERIES = 8, FIGURE_SIDE = 4096, FIGURE_COLUMNS = 5 };

typedef struct {
    uint8_t r, g, b;
} Colour;

/* What both ways of drawing share. Colours can be told apart by the colour-blind (blue against orange, no red
 * against green) and their lightness rises or falls steadily, so that a grey print can be read too. */

/* The colour scale's ends. When the signs mix it is symmetric about 0 and 0 is white. low < high afterwards. */
void heat_range(const Heat *heat, double *low, double *high);
/* The colour of a value, which is clamped to low..high: white to dark blue, or blue, white, orange about 0. */
Colour heat_colour(double value, double low, double high);
/* Is black text the readable one on this colour? (relative luminance, WCAG 2.1: contrast with black >= with white) */
bool colour_is_light(Colour colour);
/* The i-th curve's colour, i from 0. */
Colour series_colour(int i);
/* What stands out, and what does not. */
#define COLOUR_MARKED  ((Colour){ 0xc4, 0x4e, 0x12 })
#define COLOUR_DEFAULT ((Colour){ 0x3a, 0x7d, 0xb8 })

/* The axis that holds all bars, with 0 inside unless the caller chose otherwise. low < high afterwards. */
void bars_range(const Bars *bars, double *low, double *high);

/* One axis: its ends, the first mark and the step between marks, all in decimal logarithms if log. step 0: the marks of
 * a short logarithmic axis, 1, 2 and 5 times the powers of ten; `first` is then their number in that order. */
typedef struct {
    double low, high, first, step;
    bool log;
} Axis;
/* An axis over low..high (already logarithms if log) with about `marks` marks, 1, 2 or 5 times a power of ten apart, or
 * whole decades on a long logarithmic one. Its ends are marks, unless it is tight (low and high themselves) or a long
 * logarithmic one. */
Axis axis_make(double low, double high, int marks, bool log, bool tight);
/* A value's place on an axis, 0 to 1 from low to high; NaN for a gap. */
double axis_place(const Axis *axis, double value);
/* The two axes of a figure; with nothing to show they run from 0 to 1. */
void lines_axes(const Lines *lines, int x_marks, int y_marks, Axis *x, Axis *y);
/* x and y of the i-th point. */
double series_x(const Series *series, int i);
double series_y(const Series *series, int i);

/* ---- texts of both --------------------------------------------------------------------------------------------- */

enum { FIGURE_TEXT = 64, CAPTION_LINES = 3 };

/* A number with so many digits after the point, never "-0.00", and short (%.4g) when it would take over 12 characters.
 * `text` has FIGURE_TEXT bytes, here and below. Returns text. */
const char *number_text(double value, int decimals, char *text);

/* How many marks an axis has, where the k-th lies (0 to 1), and what stands there. */
int axis_marks(const Axis *axis);
double axis_mark_place(const Axis *axis, int k);
const char *axis_mark_text(const Axis *axis, int k, char *text);

/* The given label, or the number i + 1. */
const char *label_text(const char *const *labels, int i, char *text);

/* One character: how long it is in memory, how wide on paper. */
typedef struct {
    int bytes, columns;
    bool printable;
} Glyph;

/* One character of a UTF-8 text (RFC 3629): its bytes, 0 at the end, and the columns it takes: accents 0, wide East
 * Asian letters and emoji 2. What is broken is one byte and one column, and not printable; nor are control characters. */
Glyph glyph_of(const char *text);

/* The k-th line of a caption, cut to fit; empty beyond the last. */
const char *caption_line(const char *caption, int k, char *text);

/* The contracts of all kinds, with the names of the fields; what draws calls them first. */
void heat_require(const Heat *heat);
void bars_require(const Bars *bars);
void lines_require(const Lines *lines);
void tiles_require(const Tiles *tiles);
void graph_require(const Graph *graph);
void motion_require(const Motion *motion);

/* The point `which` (0 first, 1 second) of a pair: x and y. */
const num *motion_point(const Motion *motion, int frame, int panel, int pair, int which);

#endif
