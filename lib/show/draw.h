/* draw: figures in a terminal. Each of them ends with a newline and leaves no colour behind.
 *
 * Where there are no colours or no UTF-8 the same figure is drawn with what there is, down to plain ASCII in a file.
 * What is wider than the terminal is cut or goes on below; but for a long title, nothing is written beyond
 * term->width columns (of at least 40).
 */
#ifndef DRAW_H
#define DRAW_H

#include "show/term.h"

/* The matrix with its values: cells on a coloured ground, or an aligned table. Columns that do not fit follow in a
 * second table below. Stops (REQUIRE) on an empty or not two-dimensional m, or decimals outside 0..9. */
void draw_heat(const Term *term, const Heat *heat);

/* One line per bar: label, bar, value, [low, high]. Blocks in eighths of a column, or '#'. An interval is the lighter
 * end of the bar and the line beyond it ('=' and '-'). A marked bar has another colour and a '>' before its label. */
void draw_bars(const Term *term, const Bars *bars);

/* Curves in a frame with round numbers on both axes and the names above: braille dots, 2 by 4 to a character, in the
 * series' colours; where curves could not be told apart so, one letter-like mark each ('*', 'o', '+', ...). */
void draw_lines(const Term *term, const Lines *lines);

/* Pictures side by side, two pixels to a character (upper half block), captions underneath; made smaller by averaging
 * when they do not fit. A terminal without colours shows them in shades of characters, a file the captions alone. */
void draw_tiles(const Term *term, const Tiles *tiles);

/* The graph as a tree from its result down to what is given, a line or more per node: name, operation, value, gradient.
 * A node that is used twice is drawn where it is met first, and named again with "above". In draw_graph.c. */
void draw_graph(const Term *term, const Graph *graph);

/* Where somebody is looking, the frames one after the other in the same place, in some three seconds; elsewhere the
 * strip, a frame below the other. Pairs are letters: the first point in upper, the second in lower case, '+' where
 * points of two pairs meet (the upper case where a pair's own do). In draw_motion.c. */
void draw_motion(const Term *term, const Motion *motion);

#endif
