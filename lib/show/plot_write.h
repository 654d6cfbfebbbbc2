/* Plot files: the data as CSV, the pixels, and the gnuplot script of each kind of figure.
 *
 * Texts of the caller cannot change a file's structure: in CSV they are quoted (RFC 4180) and a record stays one line;
 * in a script they stand between double quotes, with special characters as octal numbers. */
#ifndef PLOT_WRITE_H
#define PLOT_WRITE_H

#include "core/file.h"
#include "show/plot.h"

/* `name` as in plot.h; width and height in pixels, set by the kind. */
typedef struct {
    FILE *file;
    const char *name;
    int width, height;
} Script;

/* What plot needs to know about a kind of figure. */
typedef struct {
    void (*require)(const void *figure);
    void (*data)(FILE *file, const void *figure);
    void (*pixels)(OutFile *out, const void *figure); /* NULL: none */
    void (*script)(Script *script, const void *figure);
} PlotKind;

extern const PlotKind plot_kind_heat, plot_kind_bars, plot_kind_lines, plot_kind_tiles;
extern const PlotKind plot_kind_graph;  /* plot_graph.c */
extern const PlotKind plot_kind_motion; /* plot_motion.c */

/* Writes data and script of a figure and runs gnuplot, as plot.h says: for a kind of figure of a lesson's own. */
PlotResult plot_figure(const char *name, const PlotKind *kind, const void *figure, Err *err);

/* A CSV field and what follows it: text, quoted if necessary; a number with nine digits, which keep every bit of a
 * float, empty if not finite. */
void csv_text(FILE *file, const char *text, const char *after);
void csv_number(FILE *file, double value, const char *after);

/* A string, a colour, and a path of the script ("data/NAME.csv"), each in quotes. */
void gp_text(FILE *file, const char *text);
void gp_colour(FILE *file, Colour colour);
void gp_path(const Script *script, const char *folder, const char *extension);

/* How many characters of this program's texts were drawn as a small box, because common fonts lack them. */
int gp_replaced(void);
/* Sets the output to out/NAME.EXTENSION, or to the script's argument of that number: the temporary file that is renamed
 * when it is complete. */
void script_output(const Script *script, int argument, const char *extension, const char *indent);

/* Comment, terminal, encoding, output out/NAME.png, and the title (NULL: none), in as many lines as it needs, within
 * the first title_height pixels of the page. */
void script_begin(const Script *script, const char *title);
int title_height(const char *title, int width);
/* Coordinates are pixels of the page, y from the top; no axes. */
void script_page(const Script *script);

#endif
