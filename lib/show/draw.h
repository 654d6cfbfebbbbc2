/* Draw: figures in a terminal. Each ends with a newline and leaves no colour switched on.
 *
 * Without colours or UTF-8 the same figure is drawn in simpler characters, down to plain ASCII in a file. Except for a
 * long title, nothing is written beyond term->width columns (at least 40): figures are cut or continue below. */
#ifndef DRAW_H
#define DRAW_H

#include "show/term.h"

/* The matrix with its values: coloured cells, or an aligned table. Columns that do not fit follow in a second table.
 * Stops (REQUIRE) if m is empty or not two-dimensional, or decimals is not 0 to 9. */
void draw_heat(const Term *term, const Heat *heat);

/* One line per bar: label, bar, value, [low, high]. Blocks in eighths of a column, or '#'. An interval is the lighter
 * end of the bar and the line beyond it ('=' and '-'). A marked bar has another colour and a '>' before its label. */
void draw_bars(const Term *term, const Bars *bars);

/* Curves in a frame, with ticks on both axes and the names above: braille dots, 2 x 4 per character, in the colours of
 * the series; without colours one mark per series ('*', 'o', '+' ...). */
void draw_lines(const Term *term, const Lines *lines);

/* Pictures side by side, two pixels per character (upper half block), captions below; reduced by averaging if they do
 * not fit. A terminal without colours shows characters of different lightness, a file the captions alone. */
void draw_tiles(const Term *term, const Tiles *tiles);

/* The graph as a tree from its result to its inputs, a line or more per node: name, operation, value, gradient. A node
 * that is used twice is drawn at its first place, and named with "(above)" at the others. In draw_graph.c. */
void draw_graph(const Term *term, const Graph *graph);

/* In a terminal all frames in the same place, for about three seconds; in a file the strip, one frame below the other.
 * A pair is a letter: upper case for the first point, lower case for the second; '+' where different pairs meet. In
 * draw_motion.c. */
void draw_motion(const Term *term, const Motion *motion);

#endif
