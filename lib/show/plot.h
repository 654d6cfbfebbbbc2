/* Plot: figures as pictures, by gnuplot. The files stay:
 *
 *   plots/data/NAME.csv    the numbers, with a header line; NAME.rgb for pictures
 *   plots/NAME.gp          the script, with paths relative to plots/. Edit it, and run `gnuplot NAME.gp` there
 *   plots/out/NAME.png     the picture
 *
 * Characters that common fonts lack (emoji, Arabic) are drawn as a small box; one line on stderr says so.
 * A failure never stops a lesson: the result tells, and one line is printed. The folder is "plots" or $CLIP_PLOTS, and
 * is made if it is missing. Data and script are written completely or not at all; the next run of a lesson overwrites
 * them. NAME may contain spaces and quotes, but no slash and no control character, and does not start with '.'. */
#ifndef PLOT_H
#define PLOT_H

#include "show/figure.h"

typedef enum {
    PLOT_DRAWN,      /* data, script and picture exist */
    PLOT_NO_GNUPLOT, /* data and script exist; gnuplot is not installed. Said once per program, on stderr */
    PLOT_FAILED      /* err has the reason; with err NULL it is printed on stderr */
} PlotResult;

/* The figures of figure.h. They stop the program (REQUIRE) where draw.h does. */
PlotResult plot_heat(const char *name, const Heat *heat, Err *err);
PlotResult plot_bars(const char *name, const Bars *bars, Err *err);
PlotResult plot_lines(const char *name, const Lines *lines, Err *err);
PlotResult plot_tiles(const char *name, const Tiles *tiles, Err *err);
PlotResult plot_graph(const char *name, const Graph *graph, Err *err);
PlotResult plot_motion(const char *name, const Motion *motion, Err *err); /* the strip; NAME.gif has all frames */

int plot_failures(void); /* how many pictures of this program failed (PLOT_FAILED) */

/* "plots/out/NAME.png"; static, one per thread. */
const char *plot_path(const char *name);

#endif
