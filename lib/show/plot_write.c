#include "show/plot_write.h"

#include <math.h>
#include <string.h>

/* ---- text in files ------------------------------------------------------------------------------------------- */

typedef void (*WriteByte)(FILE *file, char byte);

/* What is not printable becomes a space, so that a record stays one line; ASCII goes through `write`. */
static void write_text(FILE *file, const char *text, WriteByte write) {
    for (Glyph glyph; (glyph = glyph_of(text)).bytes > 0; text += glyph.bytes) {
        if (!glyph.printable) fputc(' ', file);
        else if (glyph.bytes == 1) write(file, *text);
        else fwrite(text, 1, (size_t)glyph.bytes, file);
    }
}

/* RFC 4180: a quote inside quotes is written twice. */
static void csv_byte(FILE *file, char byte) {
    if (byte == '"') fputc(byte, file);
    fputc(byte, file);
}

/* A field of a CSV record, in quotes where it needs them. */
void csv_text(FILE *file, const char *text) {
    bool quotes = !*text || strpbrk(text, ",\"\n\r\t") || *text == ' ' || text[strlen(text) - 1] == ' ';
    fputs(quotes ? "\"" : "", file);
    write_text(file, text, csv_byte);
    fputs(quotes ? "\"" : "", file);
}

/* Nine digits are every digit of a float; where there is no number there is nothing, which readers take as a gap. */
void csv_number(FILE *file, double value) {
    if (isfinite(value)) fprintf(file, "%.9g", value);
}

/* Inside double quotes gnuplot gives a meaning to these three, the last of which runs commands. (Single quotes would be
 * simpler, but 5.4 misreads a doubled quote where the string begins.) */
static void gp_byte(FILE *file, char byte) {
    if (strchr("\\\"`", byte)) fprintf(file, "\\%03o", (unsigned)byte);
    else fputc(byte, file);
}

/* On an axis % begins a number format besides. */
static void gp_mark_byte(FILE *file, char byte) {
    if (byte == '%') fputc(byte, file);
    gp_byte(file, byte);
}

static int text_columns(const char *text) {
    int columns = 0;
    for (Glyph glyph; (glyph = glyph_of(text)).bytes > 0; text += glyph.bytes) columns += glyph.columns;
    return columns;
}

/* A string of gnuplot. */
void gp_text(FILE *file, const char *text) {
    fputc('"', file);
    write_text(file, text, gp_byte);
    fputc('"', file);
}

/* The same, cut to so many columns. */
static void gp_text_cut(FILE *file, const char *text, int columns) {
    char part[FIGURE_TEXT];
    size_t length = 0;
    if (text_columns(text) <= columns) {
        gp_text(file, text);
        return;
    }
    for (Glyph glyph = glyph_of(text); glyph.columns < columns; glyph = glyph_of(text + length)) {
        if (glyph.bytes == 0 || length + (size_t)glyph.bytes >= sizeof part - 4) break;
        length += (size_t)glyph.bytes;
        columns -= glyph.columns;
    }
    snprintf(part, sizeof part, "%.*s\u2026", (int)length, text);
    gp_text(file, part);
}

/* A mark on an axis. */
static void gp_mark(FILE *file, const char *text, int at) {
    fputc('"', file);
    write_text(file, text, gp_mark_byte);
    fprintf(file, "\" %d", at);
}

static void gp_marks(FILE *file, char axis, const char *const *labels, int count) {
    char number[FIGURE_TEXT];
    fprintf(file, "set %ctics (", axis);
    for (int i = 0; i < count; i++) {
        fputs(i ? ", \\\n    " : "", file);
        gp_mark(file, label_text(labels, i, number), i + 1);
    }
    fputs(")\n", file);
}

static int labels_columns(const char *const *labels, int count) {
    int columns = 0;
    for (int i = 0; i < count && labels; i++) columns = MAX(columns, text_columns(labels[i]));
    return MAX(columns, 3);
}

/* ---- what every script begins with --------------------------------------------------------------------------- */

/* The title in lines of at most `columns`, broken between words. */
static void write_title(FILE *file, const char *title, int columns) {
    fputs("set title \"", file);
    for (int at = 0; *title;) {
        char word[256];
        size_t length = strcspn(title, " ") + strspn(title + strcspn(title, " "), " ");
        length = MIN(length, sizeof word - 1);
        snprintf(word, sizeof word, "%.*s", (int)length, title);
        if (at > 0 && at + text_columns(word) > columns) {
            fputs("\\n", file);
            at = 0;
        }
        write_text(file, word, gp_byte);
        at += text_columns(word);
        title += length;
    }
    fputs("\" font ',15'\n", file);
}

void script_begin(const Script *script, const char *title) {
    FILE *file = script->file;
    fputs("# Generated; lives in the folder plots/ and reads data/ there. Change it and run gnuplot on it in that\n"
          "# folder; to keep a change, copy it to another name: the next run of the lesson writes it anew.\n",
          file);
    fputs("if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n", file);
    int width = script->width, height = script->height;
    fprintf(file, "    set terminal pngcairo noenhanced size %d,%d font 'Sans,12'\n} else {\n", width, height);
    fprintf(file, "    set terminal png noenhanced size %d,%d\n}\n", width, height);
    fputs("set encoding utf8\nset datafile separator ','\nset output ", file);
    gp_path(script, "out", "png");
    fputc('\n', file);
    if (title) write_title(file, title, width / 11);
}

void gp_path(const Script *script, const char *folder, const char *extension) {
    fprintf(script->file, "\"%s/", folder);
    write_text(script->file, script->name, gp_byte);
    fprintf(script->file, ".%s\"", extension);
}

static void write_axis_names(FILE *file, const char *x, const char *y) {
    if (x) {
        fputs("set xlabel ", file);
        gp_text(file, x);
        fputc('\n', file);
    }
    if (y) {
        fputs("set ylabel ", file);
        gp_text(file, y);
        fputc('\n', file);
    }
}

/* text(v) writes a number with its unit, and never "-0.00". */
static void write_text_function(FILE *file, int decimals, const char *unit) {
    fprintf(file, "text(v) = sprintf('%%.%df', abs(v) < %.9g ? 0 : v)", decimals, 0.5 * pow(10, -decimals));
    if (unit) {
        fputc('.', file);
        gp_text(file, unit);
    }
    fputc('\n', file);
}

/* A grid one does not see first, and the given sides of the frame. */
static void write_frame(FILE *file, const char *grid, int border) {
    fprintf(file, "set grid %s lt 1 lw 1 lc rgb '#dddddd'\n", grid);
    fprintf(file, "set tics nomirror textcolor rgb '#333333'\nset border %d lc rgb '#888888'\n", border);
}

void gp_colour(FILE *file, Colour colour) { fprintf(file, "'#%02x%02x%02x'", colour.r, colour.g, colour.b); }

/* ---- heat map ------------------------------------------------------------------------------------------------ */

enum { VALUES_MAX = 24 }; /* more columns than this leave no room for the numbers */

static void heat_data(FILE *file, const void *figure) {
    const Heat *heat = figure;
    char number[FIGURE_TEXT];
    fputs("row,column,value,row_label,column_label\n", file);
    for (int r = 0; r < heat->m.shape[0]; r++) {
        for (int c = 0; c < heat->m.shape[1]; c++) {
            fprintf(file, "%d,%d,", r + 1, c + 1);
            csv_number(file, AT(heat->m, r, c));
            fputc(',', file);
            csv_text(file, label_text(heat->rows, r, number));
            fputc(',', file);
            csv_text(file, label_text(heat->cols, c, number));
            fputc('\n', file);
        }
    }
}

/* The colours, and black or white for the numbers on them. */
static void heat_palette(FILE *file, double low, double high) {
    double from = high, to = low;
    fprintf(file, "set cbrange [%.9g:%.9g]\nset palette defined (", low, high);
    for (int i = 0; i <= 2; i++) { /* linear in between, as heat_colour is */
        fprintf(file, "%s%d ", i ? ", " : "", i);
        gp_colour(file, heat_colour(low + (high - low) * i / 2, low, high));
    }
    fputs(")\n", file);
    for (int i = 0; i <= 1000; i++) {
        double value = low + (high - low) * i / 1000;
        if (colour_is_light(heat_colour(value, low, high))) {
            from = fmin(from, value);
            to = fmax(to, value);
        }
    }
    if (from == low) from = -INFINITY; /* values beyond the scale have the colours of its ends */
    if (to == high) to = INFINITY;
    fputs("ink(v) = ", file);
    if (isfinite(from)) fprintf(file, "v < %.9g ? 0xffffff : ", from);
    if (isfinite(to)) fprintf(file, "v > %.9g ? 0xffffff : ", to);
    fputs("0x000000\n", file);
}

/* A size that makes the cells about square and leaves room for the labels. */
static void heat_size(Script *script, const Heat *heat) {
    int R = heat->m.shape[0], C = heat->m.shape[1];
    int wide = MIN(MAX(680 / C, 4), 130), high = MIN(MAX(MIN(wide, 640 / R), 4), 100);
    script->width = MIN(MAX(wide * C + 9 * MIN(labels_columns(heat->rows, R), 40) + 160, 560), 1600);
    script->height = MIN(MAX(high * R + 4 * MIN(labels_columns(heat->cols, C), 40) + 170, 360), 1600);
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
    fputs("plot ", file);
    gp_path(script, "data", "csv");
    fprintf(file,
            " skip 1 using 2:1:($2-0.5):($2+0.5):($1-0.5):($1+0.5):3 with boxxyerror \\\n"
            "    fillcolor palette fillstyle solid 1 %s",
            C <= VALUES_MAX ? "border lc rgb 'white'" : "noborder");
    if (C <= VALUES_MAX) {
        fprintf(file,
                ", \\\n    '' skip 1 using 2:1:(text($3)):(ink($3)) with labels font ',%d' "
                "textcolor rgb variable",
                C <= 8    ? 12
                : C <= 12 ? 10
                          : 8);
    }
    fputc('\n', file);
}

/* ---- bars ---------------------------------------------------------------------------------------------------- */

static void bars_data(FILE *file, const void *figure) {
    const Bars *bars = figure;
    fputs("bar,value,low,high,marked,label\n", file);
    for (int i = 0; i < bars->count; i++) {
        const Bar *bar = &bars->bars[i];
        bool interval = bar->low < bar->high;
        fprintf(file, "%d,", i + 1);
        csv_number(file, bar->value);
        fputc(',', file);
        csv_number(file, interval ? bar->low : NAN);
        fputc(',', file);
        csv_number(file, interval ? bar->high : NAN);
        fprintf(file, ",%d,", bar->marked);
        csv_text(file, bar->label ? bar->label : "");
        fputc('\n', file);
    }
}

static void bars_marks(FILE *file, const Bars *bars) {
    fputs("set ytics (", file);
    for (int i = 0; i < bars->count; i++) {
        fputs(i ? ", \\\n    " : "", file);
        gp_mark(file, bars->bars[i].label ? bars->bars[i].label : "", i + 1);
    }
    fputs(") scale 0 nomirror\n", file);
}

static void bars_script(Script *script, const void *figure) {
    const Bars *bars = figure;
    FILE *file = script->file;
    double low, high;
    bars_range(bars, &low, &high);
    *script = (Script){ file, script->name, 900, MIN(MAX(140 + 36 * bars->count, 300), 1600) };
    script_begin(script, bars->title);
    if (bars->count > 0) bars_marks(file, bars);
    else fputs("unset ytics\n", file);
    double base = fmin(fmax(0, low), high), room = (high - low) * 0.14; /* for the numbers behind the bars */
    fprintf(file, "set xrange [%.9g:%.9g]\nset yrange [%d.6:0.4]\n", low < base ? low - room : low, high + room,
            MAX(bars->count, 1));
    if (bars->unit) {
        fputs("set xlabel ", file);
        gp_text(file, bars->unit + strspn(bars->unit, " "));
        fputc('\n', file);
    }
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

/* ---- curves -------------------------------------------------------------------------------------------------- */

static bool same_x(const Series *a, const Series *b) {
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (series_x(a, i) != series_x(b, i)) return false;
    return true;
}

/* Curves over the same x share its column: column of the s-th one's x and y, from 1. */
static void lines_columns(const Lines *lines, int x[FIGURE_SERIES], int y[FIGURE_SERIES]) {
    int column = 0;
    for (int s = 0; s < lines->count; s++) {
        x[s] = s > 0 && same_x(&lines->series[s - 1], &lines->series[s]) ? x[s - 1] : ++column;
        y[s] = ++column;
    }
}

static void lines_cell(FILE *file, bool first, bool there, double value) {
    if (!first) fputc(',', file);
    if (there) csv_number(file, value);
}

static void lines_data(FILE *file, const void *figure) {
    const Lines *lines = figure;
    int x[FIGURE_SERIES], y[FIGURE_SERIES], rows = 0;
    char number[FIGURE_TEXT];
    lines_columns(lines, x, y);
    for (int s = 0; s < lines->count; s++) {
        if (s == 0 || x[s] != x[s - 1]) {
            fputs(s ? "," : "", file);
            csv_text(file, lines->x ? lines->x : "x");
        }
        fputc(',', file);
        csv_text(file, lines->series[s].name ? lines->series[s].name : label_text(NULL, s, number));
        rows = MAX(rows, lines->series[s].count);
    }
    fputc('\n', file);
    for (int i = 0; i < rows; i++) {
        for (int s = 0; s < lines->count; s++) {
            const Series *series = &lines->series[s];
            bool there = i < series->count;
            if (s == 0 || x[s] != x[s - 1]) lines_cell(file, s == 0, there, there ? series_x(series, i) : 0);
            lines_cell(file, false, there, there ? series_y(series, i) : 0);
        }
        fputc('\n', file);
    }
}

static void lines_range(FILE *file, char name, const Axis *axis) {
    char text[FIGURE_TEXT];
    if (!axis->log) {
        fprintf(file, "set %crange [%.9g:%.9g]\n", name, axis->low, axis->high);
        return;
    }
    fprintf(file, "set logscale %c\nset %crange [%.9g:%.9g]\nset %ctics (", name, name, pow(10, axis->low),
            pow(10, axis->high), name);
    for (int k = 0; k < axis_marks(axis); k++) { /* gnuplot's own marks are whole decades, of which there may be none */
        axis_mark_text(axis, k, text);
        fprintf(file, "%s'%s' %s", k ? ", " : "", text, text);
    }
    fputs(")\n", file);
}

static void lines_style(FILE *file, const Lines *lines, int s) {
    const char *style = lines->dots                    ? "points pt 7 ps 0.7"
                        : lines->series[s].count <= 40 ? "linespoints lw 2 pt 7 ps 0.7"
                                                       : "lines lw 2";
    fprintf(file, " with %s lc rgb ", style);
    gp_colour(file, series_colour(s));
}

/* About how many rows the names below the picture take. */
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
    int x[FIGURE_SERIES], y[FIGURE_SERIES];
    int names = names_rows(lines);
    Axis across, up;
    *script = (Script){ file, script->name, 900, 540 + 20 * names };
    script_begin(script, lines->title);
    write_axis_names(file, lines->x, lines->y);
    lines_axes(lines, 8, 6, &across, &up);
    lines_range(file, 'x', &across);
    lines_range(file, 'y', &up);
    fputs(names ? "set key outside bottom center horizontal reverse Left\n" : "unset key\n", file);
    if (names) fprintf(file, "set bmargin %d\n", 4 + names + names / 2);
    write_frame(file, "xtics ytics", 3);
    fputs("plot ", file);
    lines_columns(lines, x, y);
    for (int s = 0; s < lines->count; s++) {
        if (s > 0) fputs(", \\\n    ", file);
        gp_path(script, "data", "csv");
        fprintf(file, " skip 1 using %d:%d title ", x[s], y[s]);
        gp_text(file, lines->series[s].name ? lines->series[s].name : "");
        lines_style(file, lines, s);
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

/* ---- pictures ------------------------------------------------------------------------------------------------ */

enum { TILES_WIDE = 900, TILES_GAP = 16, CAPTION_HIGH = 18, TITLE_HIGH = 46 };

static size_t tile_size(const Tile *tile) { return size_mul(size_mul((size_t)tile->width, (size_t)tile->height), 3); }

static void tiles_data(FILE *file, const void *figure) {
    const Tiles *tiles = figure;
    size_t offset = 0;
    fputs("tile,offset,width,height,marked,caption\n", file);
    for (int i = 0; i < tiles->count; i++) {
        const Tile *tile = &tiles->tiles[i];
        fprintf(file, "%d,%zu,%d,%d,%d,", i + 1, offset, tile->width, tile->height, tile->marked);
        csv_text(file, tile->caption ? tile->caption : "");
        fputc('\n', file);
        offset += tile_size(tile);
    }
}

static void tiles_pixels(OutFile *out, const void *figure) {
    const Tiles *tiles = figure;
    for (int i = 0; i < tiles->count; i++) out_write(out, tiles->tiles[i].rgb, tile_size(&tiles->tiles[i]));
}

static void tile_caption(FILE *file, const Tile *tile, double x, double y, int columns) {
    char line[FIGURE_TEXT];
    for (int k = 0; k < CAPTION_LINES && tile->caption; k++) {
        if (!*caption_line(tile->caption, k, line)) continue;
        fputs("set label ", file);
        gp_text_cut(file, line, columns);
        fprintf(file, " at %.9g,%.9g center font ',10' textcolor rgb ", x, y + (k + 0.7) * CAPTION_HIGH);
        gp_colour(file, tile->marked ? COLOUR_MARKED : (Colour){ 0x22, 0x22, 0x22 });
        fputc('\n', file);
    }
}

/* All pictures in one coordinate system, that of the pixels of the page: rows from the top, 1 unit a pixel. */
typedef struct {
    int columns, rows, lines;
    double side, step, top;
} TilesPage;

static TilesPage tiles_page(const Tiles *tiles) {
    char line[FIGURE_TEXT];
    TilesPage page = { .columns = MAX(1, MIN(tiles->columns ? tiles->columns : FIGURE_COLUMNS, tiles->count)) };
    page.rows = MAX(1, (tiles->count + page.columns - 1) / page.columns);
    page.side = MIN((TILES_WIDE - TILES_GAP) / (double)page.columns - TILES_GAP, 256);
    for (int i = 0; i < tiles->count; i++)
        for (int k = 0; k < CAPTION_LINES && tiles->tiles[i].caption; k++)
            if (*caption_line(tiles->tiles[i].caption, k, line)) page.lines = MAX(page.lines, k + 1);
    page.step = page.side + TILES_GAP + page.lines * CAPTION_HIGH;
    page.top = tiles->title ? TITLE_HIGH : TILES_GAP;
    return page;
}

static void tiles_script(Script *script, const void *figure) {
    const Tiles *tiles = figure;
    FILE *file = script->file;
    TilesPage page = tiles_page(tiles);
    size_t offset = 0;
    int width = (int)(page.columns * (page.side + TILES_GAP)) + TILES_GAP;
    *script = (Script){ file, script->name, MAX(width, 400), (int)(page.top + page.rows * page.step) };
    script_begin(script, NULL);
    if (tiles->title) {
        fputs("set label ", file);
        gp_text(file, tiles->title);
        fprintf(file, " at %d,22 center font ',15'\n", script->width / 2);
    }
    fprintf(file, "set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0\nset xrange [0:%d]\nset yrange [%d:0]\n",
            script->width, script->height);
    fputs("unset key\nunset border\nunset tics\n", file);
    for (int i = 0; i < tiles->count; i++) {
        double x = TILES_GAP + i % page.columns * (page.side + TILES_GAP) + page.side / 2;
        tile_caption(file, &tiles->tiles[i], x, page.top + i / page.columns * page.step + page.side,
                     (int)(page.side + TILES_GAP) / 7);
    }
    fputs("plot NaN", file);
    for (int i = 0; i < tiles->count; i++) {
        const Tile *tile = &tiles->tiles[i];
        double scale = page.side / MAX(tile->width, tile->height);
        double x = TILES_GAP + i % page.columns * (page.side + TILES_GAP) + (page.side - scale * tile->width) / 2;
        double y = page.top + i / page.columns * page.step + (page.side - scale * tile->height) / 2;
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

/* ---- the kinds ----------------------------------------------------------------------------------------------- */

static void check_heat(const void *figure) { heat_require(figure); }

static void check_bars(const void *figure) { bars_require(figure); }

static void check_lines(const void *figure) { lines_require(figure); }

static void check_tiles(const void *figure) { tiles_require(figure); }

const PlotKind plot_kind_heat = { check_heat, heat_data, NULL, heat_script };
const PlotKind plot_kind_bars = { check_bars, bars_data, NULL, bars_script };
const PlotKind plot_kind_lines = { check_lines, lines_data, NULL, lines_script };
const PlotKind plot_kind_tiles = { check_tiles, tiles_data, tiles_pixels, tiles_script };
