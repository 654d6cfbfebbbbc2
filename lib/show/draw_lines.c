/* Curves. A canvas of characters is filled first, then written line by line. */
#include "show/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANVAS_HIGH = 15, CANVAS_WIDE = 120, X_MARKS = 6, Y_MARKS = 5 };

typedef struct {
    const Lines *lines;
    const Term *term;
    Axis x, y;
    int width, label; /* columns of the canvas, and of the tick labels before it */
    int across, up;   /* dots of a character: 2 by 4 in braille, else 1 by 1 */
    uint8_t dots[CANVAS_HIGH][CANVAS_WIDE];
    uint8_t owner[CANVAS_HIGH][CANVAS_WIDE]; /* 1 + the series drawn here; 0: none */
} Canvas;

enum { REFERENCE = FIGURE_SERIES }; /* the reference line, as a series */
static const char SERIES_MARKS[FIGURE_SERIES + 2] = "*o+x#%@&-";

static bool braille(const Canvas *canvas) { return canvas->up > 1; }

static void canvas_dot(Canvas *canvas, int x, int y, int series) {
    static const uint8_t bit[4][2] = { { 1, 8 }, { 2, 16 }, { 4, 32 }, { 64, 128 } }; /* Unicode, Braille Patterns */
    int column = x / canvas->across, row = y / canvas->up;
    canvas->dots[row][column] |= bit[y % canvas->up][x % canvas->across];
    canvas->owner[row][column] = (uint8_t)(series + 1);
}

/* A position 0..1 on an axis as a dot; row 0 is the top. */
static int dot_x(const Canvas *canvas, double place) {
    return (int)lrint(place * (canvas->width * canvas->across - 1));
}

static int dot_y(const Canvas *canvas, double place) {
    return (int)lrint((1 - place) * (CANVAS_HIGH * canvas->up - 1));
}

static void canvas_segment(Canvas *canvas, const int from[2], const int to[2], int series) {
    int steps = MAX(MAX(abs(to[0] - from[0]), abs(to[1] - from[1])), 1);
    for (int i = 0; i <= steps; i++) {
        double t = (double)i / steps, x = from[0] + t * (to[0] - from[0]), y = from[1] + t * (to[1] - from[1]);
        canvas_dot(canvas, (int)lrint(x), (int)lrint(y), series);
    }
}

static void canvas_series(Canvas *canvas, int s) {
    const Series *series = &canvas->lines->series[s];
    int last[2] = { 0, 0 };
    for (int i = 0, joined = 0; i < series->count; i++) {
        double x = axis_place(&canvas->x, series_x(series, i)), y = axis_place(&canvas->y, series_y(series, i));
        bool gap = isnan(x) || isnan(y);
        if (!gap) {
            int now[2] = { dot_x(canvas, x), dot_y(canvas, y) };
            canvas_segment(canvas, joined ? last : now, now, s);
            memcpy(last, now, sizeof last);
        }
        joined = !gap && !canvas->lines->dots;
    }
}

/* Every second dot, to differ from the curves. */
static void canvas_reference(Canvas *canvas) {
    double place = axis_place(&canvas->y, canvas->lines->reference);
    if (isnan(place)) return;
    for (int x = 0; x < canvas->width * canvas->across; x += canvas->across)
        canvas_dot(canvas, x, dot_y(canvas, place), REFERENCE);
}

static void canvas_make(Canvas *canvas, const Term *term, const Lines *lines) {
    *canvas = (Canvas){ .lines = lines, .term = term };
    char text[FIGURE_TEXT];
    lines_axes(lines, MIN(X_MARKS, MAX(2, term->width / 8)), Y_MARKS, &canvas->x, &canvas->y);
    for (int k = 0; k < axis_ticks(&canvas->y); k++)
        canvas->label = MAX(canvas->label, (int)strlen(axis_tick_text(&canvas->y, k, text)));
    canvas->width = MAX(8, MIN(CANVAS_WIDE, term->width - canvas->label - 4));
    bool dotted = term->utf8 && (term->colour || lines->count == 1);
    canvas->across = dotted ? 2 : 1;
    canvas->up = dotted ? 4 : 1;
    if (lines->reference_name) canvas_reference(canvas);
    for (int s = lines->count - 1; s >= 0; s--) canvas_series(canvas, s); /* the first one lies on top */
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_cell(const Canvas *canvas, int row, int column) {
    const Term *term = canvas->term;
    int series = canvas->owner[row][column] - 1, code = 0x2800 + canvas->dots[row][column];
    if (series < 0) {
        fputc(' ', term->out);
        return;
    }
    if (series == REFERENCE) fputs(term_style(term, TERM_DIM), term->out);
    else term_colour(term, series_colour(series), false);
    if (!braille(canvas)) fputc(SERIES_MARKS[series], term->out);
    else fprintf(term->out, "%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
    fputs(term_style(term, TERM_PLAIN), term->out);
}

static void write_row(const Canvas *canvas, int row) {
    const Term *term = canvas->term;
    char text[FIGURE_TEXT] = "";
    bool tick = false;
    for (int k = 0; k < axis_ticks(&canvas->y) && !tick; k++) {
        tick = dot_y(canvas, axis_tick_place(&canvas->y, k)) / canvas->up == row;
        if (tick) axis_tick_text(&canvas->y, k, text);
    }
    int width = canvas->width;
    while (width > 0 && !canvas->owner[row][width - 1]) width--; /* no spaces at the end of a line */
    term_text(term, text, canvas->label, TERM_RIGHT);
    fputs(term->utf8 ? (tick ? " \u2524" : " \u2502") : tick ? " +" : " |", term->out);
    for (int column = 0; column < width; column++) write_cell(canvas, row, column);
    fputc('\n', term->out);
}

/* The lower edge with its ticks, the numbers below them where there is room, and the name of the axis. */
static void write_foot(const Canvas *canvas) {
    const Term *term = canvas->term;
    char text[FIGURE_TEXT];
    bool tick[CANVAS_WIDE] = { false };
    for (int k = 0; k < axis_ticks(&canvas->x); k++)
        tick[dot_x(canvas, axis_tick_place(&canvas->x, k)) / canvas->across] = true;
    term_repeat(term, " ", canvas->label + 1);
    fputs(term->utf8 ? "\u2514" : "+", term->out);
    for (int column = 0; column < canvas->width; column++)
        fputs(term->utf8 ? (tick[column] ? "\u252c" : "\u2500") : tick[column] ? "+" : "-", term->out);
    fputc('\n', term->out);

    int at = 0;
    for (int k = 0; k < axis_ticks(&canvas->x); k++) {
        int length = (int)strlen(axis_tick_text(&canvas->x, k, text));
        int column = canvas->label + 2 + dot_x(canvas, axis_tick_place(&canvas->x, k)) / canvas->across;
        int from = MIN(column - length / 2, MAX(term->width, canvas->label + 12) - length);
        if (at > 0 && from <= at) continue;
        term_repeat(term, " ", from - at);
        fputs(text, term->out);
        at = from + length;
    }
    fputc('\n', term->out);
    if (!canvas->lines->x) return;
    int width = text_columns(canvas->lines->x);
    term_repeat(term, " ", canvas->label + 2 + (canvas->width - width) / 2);
    term_text(term, canvas->lines->x, MIN(width, canvas->width), TERM_LEFT);
    fputc('\n', term->out);
}

/* "* loss   o accuracy   - floor 1.93" */
static void write_names(const Canvas *canvas) {
    const Term *term = canvas->term;
    const Lines *lines = canvas->lines;
    bool any = false;
    term_repeat(term, " ", canvas->label + 2);
    for (int s = 0; s < lines->count; s++) {
        const char *name = lines->series[s].name;
        if (!name) continue;
        fputs(any ? "   " : "", term->out);
        term_colour(term, series_colour(s), false);
        if (braille(canvas)) fputs("\u2501\u2501", term->out);
        else fputc(SERIES_MARKS[s], term->out);
        fprintf(term->out, "%s ", term_style(term, TERM_PLAIN));
        term_text(term, name, MIN(text_columns(name), canvas->width - 4), TERM_LEFT);
        any = true;
    }
    if (lines->reference_name) {
        fprintf(term->out, "%s%s ", any ? "   " : "", braille(canvas) ? "\u2504\u2504" : "--");
        term_text(term, lines->reference_name, MIN(text_columns(lines->reference_name), canvas->width), TERM_LEFT);
        fprintf(term->out, " %.4g", lines->reference);
    }
    fputc('\n', term->out);
}

void draw_lines(const Term *term, const Lines *lines) {
    lines_require(lines);
    Canvas canvas;
    canvas_make(&canvas, term, lines);
    term_title(term, lines->title);
    bool named = lines->reference_name != NULL;
    for (int s = 0; s < lines->count; s++) named |= lines->series[s].name != NULL;
    if (named) write_names(&canvas);
    if (lines->y) {
        term_text(term, lines->y, MIN(text_columns(lines->y), term->width), TERM_LEFT);
        fputc('\n', term->out);
    }
    for (int row = 0; row < CANVAS_HIGH; row++) write_row(&canvas, row);
    write_foot(&canvas);
}
