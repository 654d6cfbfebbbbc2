/* TermFit: breaks every line that a program prints, so that none is longer than the terminal.
 *
 * Tables and sentences are printed by printf, for 80 columns. On a narrower terminal a line is broken at spaces, and
 * what follows begins where the line began, in a table two columns to the right of that. The rows of a table are broken
 * in the same columns as the row before, where that can be done, so that their parts stand below each other. A longer
 * word is cut, but not one with a slash: a path or an address is copied as a whole.
 */
#ifndef TERM_FIT_H
#define TERM_FIT_H

#include "show/term.h"

enum { TERM_FIT_BREAKS = 32 };

typedef struct {
    FILE *out;
    int width;                   /* columns of the terminal */
    int used;                    /* columns of its last line that are taken */
    int place;                   /* columns that the line has in all, as it was printed */
    int indent;                  /* spaces at the beginning of the line */
    int breaks[TERM_FIT_BREAKS]; /* places where the last row of a table was broken */
    int count;
} TermFit;

/* Writes `size` bytes: lines, or the beginning of a line that the next call goes on with. False if `out` failed. */
bool term_fit_write(TermFit *fit, const char *text, size_t size);

/* From here on stdout and stderr are broken like that, each if it is a terminal; what goes to a file is not touched.
 * Needs a libc in which a program may put another stream in the place of stdout (glibc, macOS, BSD); with another one
 * (musl) nothing changes. Call it once, before anything is printed and before term_of. */
void term_fit_output(void);

/* The stream that `out` writes to: itself, or the terminal that term_fit_output has put it before. */
FILE *term_fit_target(FILE *out);

/* The reader has pressed Enter after a question: the line has ended on the terminal. */
void term_fit_entered(void);

#endif
