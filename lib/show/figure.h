/* Figures: descriptions of what to draw. draw.h draws them in a terminal, plot.h as pictures by gnuplot.
 *
 *   Heat heat = { .title = "cosine of every picture with every caption", .y = "picture", .x = "caption",
 *                 .m = similarity, .rows = pictures, .cols = captions, .decimals = 2 };
 *   draw_heat(&term, &heat);
 *   plot_heat("02-similarity", &heat, NULL);
 *
 * A figure points at the caller's numbers and texts and owns nothing. Fields that are left out are 0 or NULL and mean
 * the default. Texts are UTF-8; control characters are drawn as spaces. Numbers that are not finite are gaps in a bar
 * or a curve; in a cell they are written, without a colour. */
#ifndef FIGURE_H
#define FIGURE_H

#include "core/mat.h"

/* A matrix as coloured cells with the values written in them. */
typedef struct {
    const char *title;
    const char *y, *x;       /* what a row is, what a column is */
    const char *values;      /* what the numbers are: "cosine"; NULL: not said */
    Mat m;                   /* [R,C], not empty */
    const char *const *rows; /* R labels; NULL: 1, 2, ... */
    const char *const *cols; /* C labels; NULL: 1, 2, ... */
    int decimals;            /* digits after the point, 0 to 9 */
    double low, high;        /* ends of the colour scale; both 0: those of the values */
} Heat;

/* One bar; if low < high, with an interval, which is drawn and written. */
typedef struct {
    const char *label;
    double value, low, high;
    bool marked; /* highlighted, by colour and a ">" */
} Bar;

typedef struct {
    const char *title;
    const char *values; /* what the numbers are: "accuracy"; NULL: not said */
    const char *unit;   /* written after each value: " %", " nats" */
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
    int count;             /* 1 to FIGURE_SERIES */
    const num *const *low; /* ends of the intervals around y, [count][points], drawn by plot alone; NULL: none */
    const num *const *high;
    bool log_x, log_y;          /* logarithmic axes; numbers <= 0 are gaps */
    bool from_zero;             /* the x axis starts at 0 */
    bool dots;                  /* points alone, not joined */
    const char *reference_name; /* a horizontal line, such as the loss floor; NULL: none */
    double reference;
} Lines;

/* A small picture with words below. */
typedef struct {
    const uint8_t *rgb;  /* [height,width,3], rows from the top */
    int height, width;   /* 1 to FIGURE_SIDE */
    const char *caption; /* at most CAPTION_LINES lines */
    bool marked;         /* highlighted, by colour and (plot) a frame: a wrong answer */
} Tile;

typedef struct {
    const char *title;
    const Tile *tiles;
    int count;
    int columns; /* per row; 0: 5. Fewer where they do not fit; plot: a multiple, if a page would be too high */
} Tiles;

/* A computation graph, in the order of computation: the inputs of a node stand before it. */
typedef struct {
    const char *name;      /* "logits" */
    const char *operation; /* "mul"; "" for an input */
    Mat value;             /* a number, a row or a matrix of 1 to FIGURE_NODE numbers */
    const num *gradient;   /* as many numbers; NULL: none */
    int in[3], inputs;     /* indices of smaller nodes */
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
    const num *points;              /* [frames,panels,pairs,2,2]: x and y of the first point, of the second */
    const char *const *frame_names; /* "step 20" */
    const int *shown;               /* the frames of the strip, where no motion can be shown */
    int shown_count;                /* 1 to FIGURE_SHOWN */
} Motion;

enum { FIGURE_NODE = 16, FIGURE_NODES = 64, FIGURE_PANELS = 4, FIGURE_SHOWN = 8 };
enum { FIGURE_SERIES = 8, FIGURE_SIDE = 4096, FIGURE_COLUMNS = 5 };

/* ---- shared by draw and plot: colours ---------------------------------------------------------------------------- */

typedef struct {
    uint8_t r, g, b;
} Colour;

/* The ends of the colour scale, low < high. If the values have both signs it is symmetric about 0. */
void heat_range(const Heat *heat, double *low, double *high);
/* The colour of a value, clamped to low..high: white to dark blue; or blue, white, orange about 0. Lightness changes
 * monotonically on each side, so that a grey print can be read. */
Colour heat_colour(double value, double low, double high);
/* Whether black text has more contrast than white on this colour (relative luminance, WCAG 2.1). */
bool colour_is_light(Colour colour);
/* The colour of curve i >= 0: the palette of Okabe & Ito (Wong 2011, Nature Methods 8:441), which colour-blind readers
 * can tell apart; its yellow, too light on white, is brown here. */
Colour series_colour(int i);
#define COLOUR_MARKED  ((Colour){ 0xc4, 0x4e, 0x12 }) /* highlighted */
#define COLOUR_DEFAULT ((Colour){ 0x3a, 0x7d, 0xb8 })

/* ---- shared by draw and plot: axes ------------------------------------------------------------------------------- */

/* An axis that holds all bars, and 0 unless the caller chose the ends. low < high. */
void bars_range(const Bars *bars, double *low, double *high);

/* Ends, first tick and step, as decimal logarithms if log. step 0: ticks 1, 2, 5 times the powers of ten, for a short
 * logarithmic axis; `first` is the index of the first one. */
typedef struct {
    double low, high, first, step;
    bool log;
} Axis;
/* An axis over low..high (logarithms if log) with about `ticks` ticks, 1, 2 or 5 times a power of ten apart, or whole
 * decades. Its ends are ticks, unless it is tight (low and high themselves) or a long logarithmic one. */
Axis axis_make(double low, double high, int ticks, bool log, bool tight);
double axis_place(const Axis *axis, double value); /* position 0..1 of a value; NaN for a gap */
int axis_ticks(const Axis *axis);                  /* number of ticks */
double axis_tick_place(const Axis *axis, int k);   /* position 0..1 of tick k */
/* The axes of a figure, 0..1 if it is empty. The x ticks are at the points where these are few and evenly spaced, and
 * at integers where all x are integers. */
void lines_axes(const Lines *lines, int x_ticks, int y_ticks, Axis *x, Axis *y);
double series_x(const Series *series, int i);
double series_y(const Series *series, int i);

/* ---- shared by draw and plot: texts, into text[FIGURE_TEXT], which is returned ----------------------------------- */

enum { FIGURE_TEXT = 64, CAPTION_LINES = 4 };

/* A number with so many digits after the point, never "-0.00"; %.4g if that takes more than 12 characters. */
const char *number_text(double value, int decimals, char *text);
const char *axis_tick_text(const Axis *axis, int k, char *text);
const char *label_text(const char *const *labels, int i, char *text); /* the label, or the number i + 1 */
const char *or_empty(const char *text);                               /* "" for NULL */
const char *caption_line(const char *caption, int k, char *text);     /* the k-th line; "" after the last */

/* One character of a UTF-8 text (RFC 3629): its bytes, 0 at the end; its columns: accents 0, wide East Asian letters
 * and emoji 2. A broken byte is one byte and one column, and not printable; nor are control characters. `plain`: Latin,
 * Greek, Cyrillic, punctuation, arrows and mathematics, which common fonts have. */
typedef struct {
    int bytes, columns;
    bool printable, plain;
} Glyph;
/* The first character of the text. */
Glyph glyph_of(const char *text);
int text_columns(const char *text);

/* ---- contracts: stop the program with the name of the wrong field ------------------------------------------------ */

/* Each wants a figure of its kind (Heat, Bars, Lines). */
void heat_require(const void *heat);
void bars_require(const void *bars);
void lines_require(const void *lines);
void tiles_require(const void *tiles);
void graph_require(const void *graph);
void motion_require(const void *motion);

int value_rows(Mat m); /* of a GraphNode's value */
int value_columns(Mat m);

/* x and y of a point: `which` 0 is the first of the pair, 1 the second. */
const num *motion_point(const Motion *motion, int frame, int panel, int pair, int which);

#endif
