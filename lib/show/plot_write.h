/* plot_write: what plot puts into its files: data as CSV, pixels, and the gnuplot script of each kind of figure.
 *
 * A kind is a list of four functions, so that plot itself knows files and processes alone.
 * No text of the caller's can leave its place: in CSV it is quoted (RFC 4180) and a record stays one line; in a
 * script it stands between double quotes, and what has a meaning there is written as an octal number.
 */
#ifndef PLOT_WRITE_H
#define PLOT_WRITE_H

#include "core/file.h"
#include "show/figure.h"

/* `name` as in plot.h; width and height in pixels, set by the kind. */
typedef struct {
    FILE *file;
    const char *name;
    int width, height;
} Script;

typedef struct {
    void (*require)(const void *figure); /* the figure's contract */
    void (*data)(FILE *file, const void *figure);
    void (*pixels)(OutFile *out, const void *figure); /* NULL: none */
    void (*script)(Script *script, const void *figure);
} PlotKind;

extern const PlotKind plot_kind_heat, plot_kind_bars, plot_kind_lines, plot_kind_tiles;
extern const PlotKind plot_kind_graph;  /* plot_graph.c */
extern const PlotKind plot_kind_motion; /* plot_motion.c */

/* ---- what all kinds write with ----------------------------------------------------------------------------------- */

/* A field of a CSV record, in quotes where it needs them; nine digits of a number, nothing where there is none. */
void csv_text(FILE *file, const char *text);
void csv_number(FILE *file, double value);

/* A string, a colour and a path of the script's own ("data/NAME.csv"), each in its quotes. */
void gp_text(FILE *file, const char *text);
void gp_colour(FILE *file, Colour colour);
void gp_path(const Script *script, const char *folder, const char *extension);

/* Comment, terminal, encoding, output out/NAME.png, and the title if not NULL. */
void script_begin(const Script *script, const char *title);

#endif
