/* plot: figures as pictures, by gnuplot, through files that stay.
 *
 *   plots/data/NAME.csv    the numbers, with a header line; also NAME.rgb for pictures
 *   plots/NAME.gp          the script; reads the data by a path relative to plots/. Edit it, and run `gnuplot NAME.gp`
 *   plots/out/NAME.png     the picture
 *
 * Rules of use
 *   A figure that cannot be drawn never stops a lesson: the result tells, and one line is said.
 *   The folder is "plots", or $CLIP_PLOTS (tests, trees that cannot be written). It is made when missing.
 *   Data and script are written whole or not at all. Scripts are generated: a student's edit lasts until the lesson
 *   runs again; to keep it, copy the script to another name.
 *   NAME may hold spaces and quotes, but no slash and no control character, and does not begin with '.'.
 */
#ifndef PLOT_H
#define PLOT_H

#include "show/figure.h"

typedef enum {
    PLOT_DRAWN,      /* data, script and picture are there */
    PLOT_NO_GNUPLOT, /* data and script are there; gnuplot is not. Said once per program, on stderr */
    PLOT_FAILED      /* err says why; with err NULL the line goes to stderr */
} PlotResult;

/* The figures of figure.h. They stop (REQUIRE) where draw's do. */
PlotResult plot_heat(const char *name, const Heat *heat, Err *err);
PlotResult plot_bars(const char *name, const Bars *bars, Err *err);
PlotResult plot_lines(const char *name, const Lines *lines, Err *err);
PlotResult plot_tiles(const char *name, const Tiles *tiles, Err *err);
PlotResult plot_graph(const char *name, const Graph *graph, Err *err);
/* The strip as NAME.png, and all frames as NAME.gif beside it where gnuplot can. */
PlotResult plot_motion(const char *name, const Motion *motion, Err *err);

/* How many pictures of this program could not be made (PLOT_FAILED). */
int plot_failures(void);

/* Where the picture lies: "plots/out/NAME.png". Static, one per thread. */
const char *plot_path(const char *name);

#endif
