/* term: the terminal, or the file that stands in for one, and text in it.
 *
 * Rules of use
 *   A Term says once what a stream can show; everything that draws takes it. Where the stream is no terminal, what is
 *   written is plain ASCII (but for the callers' own texts), 80 columns wide, without escape codes, and the same on
 *   every machine: lessons' outputs are compared with expectations.
 *   Tests and callers who know better fill the struct themselves: `Term term = { stdout, 100, true, 24, true };`.
 */
#ifndef TERM_H
#define TERM_H

#include "show/figure.h"

enum { TERM_WIDTH = 80, TERM_WIDEST = 400 };

typedef struct {
    FILE *out;
    int width;     /* columns */
    bool terminal; /* somebody is looking: a line may be written over */
    int colour;    /* bits: 0 none, 8 (the 256 colours of xterm), 24 */
    bool utf8;     /* block and braille characters can be shown */
} Term;

/* What `out` is. Colours want a terminal, no NO_COLOR (any non-empty value, no-color.org) and a TERM that is not
 * "dumb"; 24 bits unless the terminal is known not to have them and COLORTERM says nothing else. UTF-8 wants a locale
 * of that name in LC_ALL, LC_CTYPE or LANG. Width: of the terminal, else COLUMNS, else 80; always 80 in a file. */
Term term_of(FILE *out);

/* ---- style: vanishes where there are no colours -------------------------------------------------------------- */

typedef enum { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_GOOD, TERM_BAD } TermStyle;

/* The text that turns a style on (TERM_PLAIN: all of them off), or "": for the middle of a printf. Static. */
const char *term_style(const Term *term, TermStyle style);

/* Prints in a style, and turns it off again. */
void term_print(const Term *term, TermStyle style, const char *format, ...) PRINTF_LIKE(3, 4);

/* Everything from here on has this colour, in the foreground or the background. Nothing where there are none. */
void term_colour(const Term *term, Colour colour, bool background);

/* ---- text of a known width ----------------------------------------------------------------------------------- */

typedef enum { TERM_LEFT, TERM_RIGHT, TERM_CENTRE } TermAlign;

/* How many columns a UTF-8 text takes: accents 0, wide East Asian letters and emoji 2, broken bytes 1. */
int term_text_width(const char *text);

/* Writes `text` in exactly `width` columns, cut or filled with spaces; control characters become spaces, so that no
 * label can command the terminal. What was cut ends in an ellipsis, or in a point. */
void term_text(const Term *term, const char *text, int width, TermAlign align);

/* `text`, or nothing if NULL, in its own width, on a line of its own in bold: the title of a figure. */
void term_title(const Term *term, const char *text);

/* `count` copies of a character (or short text). */
void term_repeat(const Term *term, const char *text, int count);

#endif
