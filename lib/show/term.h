/* Term: what a terminal, or the file in its place, can show; text of a known width.
 *
 * Everything that draws takes a Term. If the stream is not a terminal, the output is ASCII (except for the caller's own
 * texts), 80 columns wide, without escape codes, and the same on every machine: lessons' outputs are compared with
 * expectations. Tests fill the struct themselves: `Term term = { stdout, 100, true, 24, true };`. */
#ifndef TERM_H
#define TERM_H

#include "show/figure.h"

enum { TERM_WIDTH = 80, TERM_WIDEST = 400 };

typedef struct {
    FILE *out;
    int width;     /* columns */
    bool terminal; /* a line may be overwritten */
    int colour;    /* bits: 0 none, 8 (the 256 colours of xterm), 24 */
    bool utf8;     /* block and braille characters can be shown */
} Term;

/* The Term of a stream. Colours need a terminal, no NO_COLOR (any non-empty value, no-color.org) and a TERM other than
 * "dumb"; 24 bits unless the terminal is known not to have them and COLORTERM does not say otherwise. UTF-8 needs a
 * locale of that name in LC_ALL, LC_CTYPE or LANG. Width: of the terminal, else COLUMNS, else 80; always 80 in a
 * file. */
Term term_of(FILE *out);

/* ---- style: nothing where there are no colours ------------------------------------------------------------------- */

typedef enum { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_GOOD, TERM_BAD } TermStyle;

/* The escape code of a style (TERM_PLAIN: all off), or "", for use inside a printf. Static. */
const char *term_style(const Term *term, TermStyle style);
/* Print in a style, and switch it off again: like printf; a text as term_text does, on the left. */
void term_print(const Term *term, TermStyle style, const char *format, ...) PRINTF_LIKE(3, 4);
void term_styled(const Term *term, TermStyle style, const char *text, int width);

/* Sets the colour of what follows, in the foreground or the background. */
void term_colour(const Term *term, Colour colour, bool background);

/* Writes `text` and a newline. On a terminal its lines are broken at spaces, to have at most term->width columns; those
 * after a break begin with `indent` spaces, a tenth of the width at most. Longer words stay whole. */
void term_wrap(const Term *term, const char *text, int indent);

/* Writes `text`; on a terminal each of its lines is broken like that, and goes on below its own indentation. */
void term_paragraph(const Term *term, const char *text);
/* Prose on stdout, for lines that are no rows of a table: printf and term_paragraph. */
void term_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- text of a known width (text_columns in figure.h) ------------------------------------------------------------ */

typedef enum { TERM_LEFT, TERM_RIGHT, TERM_CENTRE } TermAlign;

/* Writes `text` in exactly `width` columns, cut (with an ellipsis or '.') or filled with spaces. Control characters
 * become spaces, so that no label can command the terminal. */
void term_text(const Term *term, const char *text, int width, TermAlign align);

void term_title(const Term *term, const char *text);             /* bold, on its own line; nothing if NULL */
void term_repeat(const Term *term, const char *text, int count); /* `count` copies of a short text */

#endif
