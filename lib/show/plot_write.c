#include "show/plot_write.h"

#include <math.h>
#include <string.h>

/* ---- text in files ----------------------------------------------------------------------------------------------- */

typedef void (*WriteByte)(FILE *file, char byte);

/* What is not printable becomes a space, so that a record stays one line; ASCII goes through `write`. A character that
 * gnuplot's font lacks would be drawn as a box as large as the page: in scripts (plain) it becomes a small one. */
static int replaced;
int gp_replaced(void) { return replaced; }

static void write_text(FILE *file, const char *text, WriteByte write, bool plain) {
    for (Glyph glyph = glyph_of(text); glyph.bytes > 0; glyph = glyph_of(text)) {
        if (!glyph.printable) fputc(' ', file);
        else if (plain && !glyph.plain) {
            fputs(glyph.columns ? "\u25a1" : "", file);
            replaced++;
        } else if (glyph.bytes == 1) write(file, *text);
        else fwrite(text, 1, (size_t)glyph.bytes, file);
        text += glyph.bytes;
    }
}

/* RFC 4180: a quote inside quotes is written twice. */
static void csv_byte(FILE *file, char byte) {
    if (byte == '"') fputc(byte, file);
    fputc(byte, file);
}

void csv_text(FILE *file, const char *text, const char *after) {
    bool quotes = !*text || strpbrk(text, ",\"\n\r\t") || *text == ' ' || text[strlen(text) - 1] == ' ';
    fputs(quotes ? "\"" : "", file);
    write_text(file, text, csv_byte, false);
    fprintf(file, "%s%s", quotes ? "\"" : "", after);
}

void csv_number(FILE *file, double value, const char *after) {
    if (isfinite(value)) fprintf(file, "%.9g", value);
    fputs(after, file);
}

/* These three are special inside double quotes; the last one runs commands. (In single quotes, gnuplot 5.4 misreads a
 * doubled quote at the start of a string.) */
static void gp_byte(FILE *file, char byte) {
    if (strchr("\\\"`", byte)) fprintf(file, "\\%03o", (unsigned)byte);
    else fputc(byte, file);
}

/* In tick labels % begins a number format. */
static void gp_mark_byte(FILE *file, char byte) {
    if (byte == '%') fputc(byte, file);
    gp_byte(file, byte);
}

void gp_text(FILE *file, const char *text) {
    fputc('"', file);
    write_text(file, text, gp_byte, true);
    fputc('"', file);
}

static void gp_line(FILE *file, const char *before, const char *text, const char *after) {
    fputs(before, file);
    gp_text(file, text);
    fputs(after, file);
}

/* A string, cut to so many columns. */
static void gp_text_cut(FILE *file, const char *text, int columns) {
    char part[FIGURE_TEXT];
    size_t length = 0;
    bool fits = text_columns(text) <= columns;
    for (Glyph glyph = glyph_of(text); glyph.columns < columns; glyph = glyph_of(text + length)) {
        if (glyph.bytes == 0 || length + (size_t)glyph.bytes >= sizeof part - 4) break;
        length += (size_t)glyph.bytes;
        columns -= glyph.columns;
    }
    snprintf(part, sizeof part, "%.*s\u2026", (int)length, text);
    gp_text(file, fits ? text : part);
}

/* The label of tick i, counted from 0, in a list of such labels. */
static void gp_mark(FILE *file, const char *text, int i) {
    fputs(i ? ", \\\n    \"" : "\"", file);
    write_text(file, text, gp_mark_byte, true);
    fprintf(file, "\" %d", i + 1);
}

static void gp_marks(FILE *file, char axis, const char *const *labels, int count) {
    char number[FIGURE_TEXT];
    fprintf(file, "set %ctics (", axis);
    for (int i = 0; i < count; i++) gp_mark(file, label_text(labels, i, number), i);
    fputs(")\n", file);
}

static int labels_columns(const char *const *labels, int count) {
    int columns = 0;
    for (int i = 0; i < count && labels; i++) columns = MAX(columns, text_columns(labels[i]));
    return MAX(columns, 3);
}

/* ---- begin of a script ------------------------------------------------------------------------------------------- */

enum { TITLE_LINE = 22, TITLE_ROOM = 24, TITLE_COLUMN = 11 }; /* pixels */

/* Writes a text in lines of at most `columns`, broken between words (file NULL: not); returns the number of lines. */
static int write_wrapped(FILE *file, const char *text, int columns) {
    char word[256];
    int lines = 1;
    for (int at = 0; *text;) {
        size_t size = strcspn(text, " ") + strspn(text + strcspn(text, " "), " ");
        snprintf(word, sizeof word, "%.*s", (int)MIN(size, sizeof word - 1), text);
        if (at > 0 && at + text_columns(word) > columns) {
            if (file) fputs("\\n", file);
            lines++;
            at = 0;
        }
        if (file) write_text(file, word, gp_byte, true);
        at += text_columns(word);
        text += strlen(word);
    }
    return lines;
}

int title_height(const char *title, int width) {
    return title && *title ? TITLE_LINE * write_wrapped(NULL, title, width / TITLE_COLUMN) + TITLE_ROOM : 0;
}

/* The title, centred on the page; diagrams begin below it. */
static void write_title(const Script *script, const char *title) {
    int height = title_height(title, script->width);
    if (height == 0) return;
    fputs("set label \"", script->file);
    write_wrapped(script->file, title, script->width / TITLE_COLUMN);
    fprintf(script->file, "\" at screen 0.5,%.9g center font ',15'\nset tmargin at screen %.9g\n",
            1 - (TITLE_ROOM + TITLE_LINE) / 2.0 / script->height, 1 - (double)height / script->height);
}

void script_output(const Script *script, int argument, const char *extension, const char *indent) {
    fprintf(script->file, "%spicture = ", indent);
    gp_path(script, "out", extension);
    fprintf(script->file, "\n%sif (exists(\"ARG%d\") && strlen(ARG%d) > 0) { picture = ARG%d }\n%sset output picture\n",
            indent, argument, argument, argument, indent);
}

void script_begin(const Script *script, const char *title) {
    fprintf(script->file,
            "# Generated; belongs in the folder plots/ and reads data/ there. Run gnuplot on it in that folder.\n"
            "# The next run of the lesson overwrites it: to keep a change, copy it to another name.\n"
            "if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
            "    set terminal pngcairo noenhanced size %d,%d font 'Sans,12'\n} else {\n"
            "    set terminal png noenhanced size %d,%d\n}\n"
            "set encoding utf8\nset datafile separator ','\n",
            script->width, script->height, script->width, script->height);
    script_output(script, 1, "png", "");
    write_title(script, title);
}

void script_page(const Script *script) {
    fprintf(script->file,
            "set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0\nset xrange [0:%d]\nset yrange [%d:0]\n"
            "unset key\nunset border\nunset tics\n",
            script->width, script->height);
}

void gp_path(const Script *script, const char *folder, const char *extension) {
    fprintf(script->file, "\"%s/", folder);
    write_text(script->file, script->name, gp_byte, false);
    fprintf(script->file, ".%s\"", extension);
}

static void write_axis_names(FILE *file, const char *x, const char *y) {
    if (x) gp_line(file, "set xlabel ", x, "\n");
    if (y) gp_line(file, "set ylabel ", y, "\n");
}

/* text(v) writes a number with its unit, and never "-0.00". */
static void write_text_function(FILE *file, int decimals, const char *unit) {
    fprintf(file, "text(v) = sprintf('%%.%df', abs(v) < %.9g ? 0 : v)", decimals, 0.5 * pow(10, -decimals));
    if (unit) gp_line(file, ".", unit, "");
    fputc('\n', file);
}

/* A light grid, and the given sides of the frame. */
static void write_frame(FILE *file, const char *grid, int border) {
    fprintf(file, "set grid %s lt 1 lw 1 lc rgb '#dddddd'\n", grid);
    fprintf(file, "set tics nomirror textcolor rgb '#333333'\nset border %d lc rgb '#888888'\n", border);
    fputs("set format '%g'\n", file); /* gnuplot's own format has a space in front, which moves the numbers */
}

void gp_colour(FILE *file, Colour colour) { fprintf(file, "'#%02x%02x%02x'", colour.r, colour.g, colour.b); }

/* ---- heat map ---------------------------------------------------------------------------------------------------- */

enum { VALUES_MAX = 24, HEAT_RIGHT = 160 }; /* columns with room for numbers; pixels of the colour bar and its texts */

static void heat_data(FILE *file, const void *figure) {
    const Heat *heat = figure;
    char number[FIGURE_TEXT];
    fputs("row,column,value,row_label,column_label\n", file);
    for (int r = 0; r < heat->m.shape[0]; r++) {
        for (int c = 0; c < heat->m.shape[1]; c++) {
            fprintf(file, "%d,%d,", r + 1, c + 1);
            csv_number(file, AT(heat->m, r, c), ",");
            csv_text(file, label_text(heat->rows, r, number), ",");
            csv_text(file, label_text(heat->cols, c, number), "\n");
        }
    }
}

/* The palette; ink(v) is black or white, for the number on the colour of v. */
static void heat_palette(FILE *file, double low, double high) {
    double from = high, to = low;
    Axis axis = axis_make(low, high, 6, false, true);
    char text[FIGURE_TEXT];
    fprintf(file, "set cbrange [%.9g:%.9g]\nset cbtics (", low, high);
    for (int k = 0; k < axis_ticks(&axis); k++)
        fprintf(file, "%s'%s' %.9g", k ? ", " : "", axis_tick_text(&axis, k, text), axis.first + k * axis.step);
    fputs(")\nset palette defined (", file);
    for (int i = 0; i <= 2; i++) { /* linear in between, like heat_colour */
        fprintf(file, "%s%d ", i ? ", " : "", i);
        gp_colour(file, heat_colour(low + (high - low) * i / 2, low, high));
    }
    fputs(")\n", file);
    for (int i = 0; i <= 1000; i++) {
        double value = low + (high - low) * i / 1000;
        if (!colour_is_light(heat_colour(value, low, high))) continue;
        from = fmin(from, value);
        to = fmax(to, value);
    }
    if (from == low) from = -INFINITY; /* values beyond the scale have the colour of its end */
    if (to == high) to = INFINITY;
    fputs("ink(v) = ", file);
    if (isfinite(from)) fprintf(file, "v < %.9g ? 0xffffff : ", from);
    if (isfinite(to)) fprintf(file, "v > %.9g ? 0xffffff : ", to);
    fputs("0x000000\n", file);
}

/* Page size for about square cells, with room for labels. */
static void heat_size(Script *script, const Heat *heat) {
    int R = heat->m.shape[0], C = heat->m.shape[1];
    int wide = MIN(MAX(680 / C, 4), 130), high = MIN(MAX(MIN(wide, 640 / R), 4), 100);
    int rows = MIN(labels_columns(heat->rows, R), 40), cols = MIN(labels_columns(heat->cols, C), 40);
    script->width = MIN(MAX(wide * C + 9 * rows + HEAT_RIGHT + 40, 560), 1600);
    script->height = MIN(MAX(high * R + 4 * cols + 120 + title_height(heat->title, script->width), 360), 1600);
}

static void heat_script(Script *script, const void *figure) {
    const Heat *heat = figure;
    FILE *file = script->file;
    int R = heat->m.shape[0], C = heat->m.shape[1];
    double low, high;
    heat_size(script, heat);
    script_begin(script, heat->title);
    write_axis_names(file, heat->x, heat->y);
    heat_range(heat, &low, &high);
    heat_palette(file, low, high);
    write_text_function(file, heat->decimals, NULL);
    fprintf(file, "set xrange [0.5:%d.5]\nset yrange [%d.5:0.5]\n", C, R);
    if (heat->cols || C <= VALUES_MAX) gp_marks(file, 'x', heat->cols, C);
    if (heat->rows || R <= VALUES_MAX) gp_marks(file, 'y', heat->rows, R);
    bool long_names = heat->cols && labels_columns(heat->cols, C) * 8 > 680 / C;
    fprintf(file, "set xtics scale 0 nomirror%s\n", long_names ? " rotate by -35" : "");
    fputs("set ytics scale 0 nomirror\nunset key\nunset border\nset colorbox noborder\n", file);
    fprintf(file, "set rmargin at screen %.9g\n", 1 - (double)HEAT_RIGHT / script->width);
    if (heat->values) gp_line(file, "set cblabel ", heat->values, "\n");
    fputs("plot ", file);
    gp_path(script, "data", "csv");
    fprintf(file,
            " skip 1 using 2:1:($2-0.5):($2+0.5):($1-0.5):($1+0.5):3 with boxxyerror \\\n"
            "    fillcolor palette fillstyle solid 1 %s",
            C <= VALUES_MAX ? "border lc rgb 'white'" : "noborder");
    int letters = C <= 8 ? 12 : C <= 12 ? 10 : 8;
    const char *labels = ", \\\n    '' skip 1 using 2:1:(text($3)):(ink($3)) with labels font";
    if (C <= VALUES_MAX) fprintf(file, "%s ',%d' textcolor rgb variable", labels, letters);
    fputc('\n', file);
}

/* ---- bars -------------------------------------------------------------------------------------------------------- */

static void bars_data(FILE *file, const void *figure) {
    const Bars *bars = figure;
    fputs("bar,value,low,high,marked,label\n", file);
    for (int i = 0; i < bars->count; i++) {
        const Bar *bar = &bars->bars[i];
        bool interval = bar->low < bar->high;
        fprintf(file, "%d,", i + 1);
        csv_number(file, bar->value, ",");
        csv_number(file, interval ? bar->low : NAN, ",");
        csv_number(file, interval ? bar->high : NAN, ",");
        fprintf(file, "%d,", bar->marked);
        csv_text(file, or_empty(bar->label), "\n");
    }
}

static void bars_marks(FILE *file, const Bars *bars) {
    fputs("set ytics (", file);
    for (int i = 0; i < bars->count; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", bars->bars[i].marked ? "> " : "", or_empty(bars->bars[i].label));
        gp_mark(file, text, i);
    }
    fputs(") scale 0 nomirror\n", file);
}

/* "accuracy, %", or one of the two. */
static void bars_axis_name(FILE *file, const Bars *bars) {
    char text[2 * FIGURE_TEXT];
    const char *values = or_empty(bars->values), *unit = or_empty(bars->unit);
    unit += strspn(unit, " ");
    snprintf(text, sizeof text, "%s%s%s", values, *values && *unit ? ", " : "", unit);
    if (*text) gp_line(file, "set xlabel ", text, "\n");
}

static void bars_script(Script *script, const void *figure) {
    const Bars *bars = figure;
    FILE *file = script->file;
    double low, high;
    bars_range(bars, &low, &high);
    script->width = 900;
    script->height = MIN(MAX(90 + title_height(bars->title, 900) + 36 * bars->count, 300), 1600);
    script_begin(script, bars->title);
    if (bars->count > 0) bars_marks(file, bars);
    else fputs("unset ytics\n", file);
    double base = fmin(fmax(0, low), high), room = (high - low) * 0.14; /* for the numbers beside the bars */
    fprintf(file, "set xrange [%.9g:%.9g]\nset yrange [%d.6:0.4]\n", low < base ? low - room : low, high + room,
            MAX(bars->count, 1));
    bars_axis_name(file, bars);
    write_frame(file, "xtics", 1);
    fprintf(file, "unset key\nbase = %.9g\n", base);
    fprintf(file, "colour(marked) = marked == 1 ? 0x%02x%02x%02x : 0x%02x%02x%02x\n", COLOUR_MARKED.r, COLOUR_MARKED.g,
            COLOUR_MARKED.b, COLOUR_DEFAULT.r, COLOUR_DEFAULT.g, COLOUR_DEFAULT.b);
    write_text_function(file, bars->decimals, bars->unit);
    fputs("larger(a, b) = a > b ? a : b\nend(v, high) = larger(base, larger(v, high))\n"
          "set arrow from base, graph 0 to base, graph 1 nohead lc rgb '#888888'\nplot ",
          file);
    if (bars->count == 0) {
        fputs("NaN\n", file);
        return;
    }
    gp_path(script, "data", "csv");
    fputs(" skip 1 using 2:1:(base):2:($1-0.35):($1+0.35):(colour($5)) with boxxyerror \\\n"
          "    fillstyle solid 1 noborder lc rgb variable, \\\n"
          "    '' skip 1 using 2:1:3:4 with xerrorbars lc rgb '#222222' lw 1.5 pt 7 ps 0.4, \\\n"
          "    '' skip 1 using (end($2, valid(4) ? $4 : $2)):1:(text($2)) with labels left offset 1,0\n",
          file);
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static bool same_x(const Series *a, const Series *b) {
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (series_x(a, i) != series_x(b, i)) return false;
    return true;
}

/* The columns of curve s, from 1: x, which curves over the same x share; y, followed by the ends of its intervals. */
static void lines_columns(const Lines *lines, int x[FIGURE_SERIES], int y[FIGURE_SERIES]) {
    int column = 0;
    for (int s = 0; s < lines->count; s++) {
        x[s] = s > 0 && same_x(&lines->series[s - 1], &lines->series[s]) ? x[s - 1] : ++column;
        y[s] = ++column;
        if (lines->low) column += 2;
    }
}

static void lines_data(FILE *file, const void *figure) {
    const Lines *lines = figure;
    int x[FIGURE_SERIES], y[FIGURE_SERIES], rows = 0;
    char number[FIGURE_TEXT];
    lines_columns(lines, x, y);
    for (int s = 0; s < lines->count; s++) {
        const char *name = lines->series[s].name;
        fputs(s ? "," : "", file);
        if (s == 0 || x[s] != x[s - 1]) csv_text(file, lines->x ? lines->x : "x", ",");
        csv_text(file, name ? name : label_text(NULL, s, number), lines->low ? ",low,high" : "");
        rows = MAX(rows, lines->series[s].count);
    }
    fputc('\n', file);
    for (int i = 0; i < rows; i++)
        for (int s = 0; s < lines->count; s++) {
            const Series *series = &lines->series[s];
            bool there = i < series->count;
            if (s == 0 || x[s] != x[s - 1]) csv_number(file, there ? series_x(series, i) : NAN, ",");
            csv_number(file, there ? series_y(series, i) : NAN, lines->low ? "," : "");
            if (lines->low) csv_number(file, there ? (double)lines->low[s][i] : NAN, ",");
            if (lines->low) csv_number(file, there ? (double)lines->high[s][i] : NAN, "");
            fputc(s + 1 < lines->count ? ',' : '\n', file);
        }
}

/* `beside`: the room at both ends of the x axis, so that points there are seen in full, as a part of its length. */
static void lines_range(FILE *file, char name, const Axis *axis, double beside) {
    char text[FIGURE_TEXT];
    if (!axis->log) {
        double room = name == 'x' ? beside * (axis->high - axis->low) : 0;
        fprintf(file, "set %crange [%.9g:%.9g]\nset %ctics %.9g,%.9g\n", name, axis->low - room, axis->high + room,
                name, axis->first, axis->step);
        return;
    }
    fprintf(file, "set logscale %c\nset %crange [%.9g:%.9g]\nset %ctics (", name, name, pow(10, axis->low),
            pow(10, axis->high), name);
    for (int k = 0; k < axis_ticks(axis); k++) { /* gnuplot's own ticks are whole decades; there may be none */
        axis_tick_text(axis, k, text);
        fprintf(file, "%s'%s' %s", k ? ", " : "", text, text);
    }
    fputs(")\n", file);
}

/* " with ... lc rgb '#...'": colour and kind of point of curve s. Long curves have few points. */
static void lines_style(FILE *file, const Lines *lines, int s) {
    static const int points[FIGURE_SERIES] = { 7, 5, 9, 13, 11, 6, 4, 8 };
    fprintf(file, " with %s pt %d ps 0.9 ", lines->dots ? "points" : "linespoints lw 2", points[s]);
    if (!lines->dots) fprintf(file, "pi %d ", MAX(1, lines->series[s].count / 12));
    fputs("lc rgb ", file);
    gp_colour(file, series_colour(s));
}

/* One curve, after its intervals. Curves with intervals are moved apart a little, so that these do not cover each
 * other. */
static void lines_curve(const Script *script, const Lines *lines, int s, int x, int y, double width) {
    FILE *file = script->file;
    double shift = lines->low ? (s - (lines->count - 1) / 2.0) * 0.006 * width : 0;
    char at[64];
    snprintf(at, sizeof at, shift != 0 ? "($%d%+.9g)" : "%d", x, shift);
    if (lines->low) {
        gp_path(script, "data", "csv");
        fprintf(file, " skip 1 using %s:%d:%d:%d with yerrorbars notitle pt 0 lw 1 lc rgb ", at, y, y + 1, y + 2);
        gp_colour(file, series_colour(s));
        fputs(", \\\n    ", file);
    }
    gp_path(script, "data", "csv");
    fprintf(file, " skip 1 using %s:%d title ", at, y);
    gp_text(file, or_empty(lines->series[s].name));
    lines_style(file, lines, s);
}

/* The approximate number of rows of the legend. */
static int names_rows(const Lines *lines) {
    int longest = 0, count = 0;
    for (int s = 0; s <= lines->count; s++) {
        const char *name = s < lines->count ? lines->series[s].name : lines->reference_name;
        if (!name || !*name) continue;
        longest = MAX(longest, text_columns(name) + (s == lines->count ? 7 : 0)); /* the reference's value */
        count++;
    }
    int in_a_row = MAX(1, 800 / (9 * longest + 70));
    return (count + in_a_row - 1) / in_a_row;
}

static void lines_script(Script *script, const void *figure) {
    const Lines *lines = figure;
    FILE *file = script->file;
    int x[FIGURE_SERIES], y[FIGURE_SERIES], names = names_rows(lines);
    Axis across, up;
    *script = (Script){ file, script->name, 900, 500 + title_height(lines->title, 900) + 20 * names };
    script_begin(script, lines->title);
    write_axis_names(file, lines->x, lines->y);
    lines_axes(lines, 8, 6, &across, &up);
    double beside = lines->low ? 0.04 : 0.02; /* intervals are moved apart */
    lines_range(file, 'x', &across, beside);
    lines_range(file, 'y', &up, beside);
    fputs(names ? "set key outside bottom center horizontal reverse Left\n" : "unset key\n", file);
    if (names) fprintf(file, "set bmargin %d\n", 4 + names + names / 2);
    write_frame(file, "xtics ytics", 3);
    fputs("plot ", file);
    lines_columns(lines, x, y);
    for (int s = 0; s < lines->count; s++) {
        fputs(s ? ", \\\n    " : "", file);
        lines_curve(script, lines, s, x[s], y[s], across.high - across.low);
    }
    if (lines->reference_name) {
        char title[256];
        snprintf(title, sizeof title, "%s %.4g", lines->reference_name, lines->reference);
        fprintf(file, ", \\\n    %.9g title ", lines->reference);
        gp_text(file, title);
        fputs(" with lines lw 1.5 dt 2 lc rgb '#444444'", file);
    }
    fputc('\n', file);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

enum { TILES_WIDE = 900, TILES_HIGH = 1000, TILES_GAP = 16, CAPTION_HIGH = 18 };

static size_t tile_size(const Tile *tile) { return size_mul(size_mul((size_t)tile->width, (size_t)tile->height), 3); }

static void tiles_data(FILE *file, const void *figure) {
    const Tiles *tiles = figure;
    size_t offset = 0;
    fputs("tile,offset,width,height,marked,caption\n", file);
    for (int i = 0; i < tiles->count; i++) {
        const Tile *tile = &tiles->tiles[i];
        fprintf(file, "%d,%zu,%d,%d,%d,", i + 1, offset, tile->width, tile->height, tile->marked);
        csv_text(file, or_empty(tile->caption), "\n");
        offset += tile_size(tile);
    }
}

static void tiles_pixels(OutFile *out, const void *figure) {
    const Tiles *tiles = figure;
    for (int i = 0; i < tiles->count; i++) out_write(out, tiles->tiles[i].rgb, tile_size(&tiles->tiles[i]));
}

static void tile_caption(FILE *file, const Tile *tile, double x, double y, int columns) {
    char line[FIGURE_TEXT];
    for (int k = 0; k < CAPTION_LINES; k++) {
        if (!*caption_line(or_empty(tile->caption), k, line)) continue;
        fputs("set label ", file);
        gp_text_cut(file, line, columns);
        fprintf(file, " at %.9g,%.9g center font ',10' textcolor rgb ", x, y + (k + 0.7) * CAPTION_HIGH);
        gp_colour(file, tile->marked ? COLOUR_MARKED : (Colour){ 0x22, 0x22, 0x22 });
        fputc('\n', file);
    }
}

/* Coordinates: pixels of the page, y from the top. */
typedef struct {
    int columns, rows, lines, width;
    double side, step, top;
} TilesPage;

static TilesPage tiles_page(const Tiles *tiles) {
    char line[FIGURE_TEXT];
    TilesPage page = { .lines = 0 };
    for (int i = 0; i < tiles->count; i++)
        for (int k = 0; k < CAPTION_LINES && tiles->tiles[i].caption; k++)
            if (*caption_line(tiles->tiles[i].caption, k, line)) page.lines = MAX(page.lines, k + 1);
    int given = MAX(1, MIN(tiles->columns ? tiles->columns : FIGURE_COLUMNS, tiles->count));
    for (int columns = given; columns <= MAX(given, FIGURE_COLUMNS); columns += given) {
        page.columns = columns;
        page.rows = MAX(1, (tiles->count + columns - 1) / columns);
        page.side = MIN((TILES_WIDE - TILES_GAP) / (double)columns - TILES_GAP, 256);
        page.step = page.side + TILES_GAP + page.lines * CAPTION_HIGH;
        if (page.rows * page.step <= TILES_HIGH) break;
    }
    page.width = MAX((int)(page.columns * (page.side + TILES_GAP)) + TILES_GAP, 400);
    page.top = MAX(title_height(tiles->title, page.width), TILES_GAP);
    return page;
}

/* Position of tile i: its left and upper edge, and the pixels of the page for one of its own. */
static void tile_place(const TilesPage *page, const Tile *tile, int i, double *x, double *y, double *scale) {
    *scale = page->side / MAX(tile->width, tile->height);
    *x = TILES_GAP + i % page->columns * (page->side + TILES_GAP) + (page->side - *scale * tile->width) / 2;
    *y = page->top + i / page->columns * page->step + (page->side - *scale * tile->height) / 2;
}

static void tiles_script(Script *script, const void *figure) {
    const Tiles *tiles = figure;
    FILE *file = script->file;
    TilesPage page = tiles_page(tiles);
    double x, y, scale;
    size_t offset = 0;
    *script = (Script){ file, script->name, page.width, (int)(page.top + page.rows * page.step) };
    script_begin(script, tiles->title);
    script_page(script);
    for (int i = 0; i < tiles->count; i++) {
        const Tile *tile = &tiles->tiles[i];
        tile_place(&page, tile, i, &x, &y, &scale);
        tile_caption(file, tile, x + scale * tile->width / 2, page.top + i / page.columns * page.step + page.side,
                     (int)(page.side + TILES_GAP) / 7);
        if (!tile->marked) continue;
        fprintf(file, "set object rectangle from %.9g,%.9g to %.9g,%.9g front lw 4 fillstyle empty border lc rgb ", x,
                y, x + scale * tile->width, y + scale * tile->height);
        gp_colour(file, COLOUR_MARKED);
        fputc('\n', file);
    }
    fputs("plot NaN", file);
    for (int i = 0; i < tiles->count; i++) {
        const Tile *tile = &tiles->tiles[i];
        tile_place(&page, tile, i, &x, &y, &scale);
        fputs(", \\\n    ", file);
        gp_path(script, "data", "rgb");
        fprintf(file,
                " binary array=(%d,%d) skip=%zu format='%%uint8' dx=%.9g dy=%.9g origin=(%.9g,%.9g) \\\n"
                "    using 1:2:3 with rgbimage",
                tile->width, tile->height, offset, scale, scale, x + scale / 2, y + scale / 2);
        offset += tile_size(tile);
    }
    fputc('\n', file);
}

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

const PlotKind plot_kind_heat = { heat_require, heat_data, NULL, heat_script };
const PlotKind plot_kind_bars = { bars_require, bars_data, NULL, bars_script };
const PlotKind plot_kind_lines = { lines_require, lines_data, NULL, lines_script };
const PlotKind plot_kind_tiles = { tiles_require, tiles_data, tiles_pixels, tiles_script };
