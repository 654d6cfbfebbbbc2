#include "show/draw.h"

#include <math.h>
#include <string.h>

static void newline(const Term *term) { fputc('\n', term->out); }

/* ---- heat map ---------------------------------------------------------------------------------------------------- */

enum { CELL_ROOM = 2 }; /* columns between two cells */

typedef struct {
    const Heat *heat;
    double low, high;
    int label, cell, columns; /* columns of a label and of a cell without room; cells per row */
    char corner[FIGURE_TEXT];
} HeatLayout;

static int labels_width(const char *const *labels, int count) {
    char number[FIGURE_TEXT];
    int width = 0;
    for (int i = 0; i < count; i++) width = MAX(width, text_columns(label_text(labels, i, number)));
    return width;
}

static int values_width(const Heat *heat) {
    char number[FIGURE_TEXT];
    int width = 0;
    for (size_t i = 0; i < mat_count(heat->m); i++)
        width = MAX(width, (int)strlen(number_text(heat->m.v[i], heat->decimals, number)));
    return width;
}

static HeatLayout heat_layout(const Term *term, const Heat *heat) {
    HeatLayout layout = { .heat = heat };
    int R = heat->m.shape[0], C = heat->m.shape[1], value = values_width(heat);
    heat_range(heat, &layout.low, &layout.high);
    snprintf(layout.corner, sizeof layout.corner, "%s%s%s", or_empty(heat->y), heat->y && heat->x ? " \\ " : "",
             or_empty(heat->x));
    int label = MAX(labels_width(heat->rows, R), text_columns(layout.corner));
    layout.label = MIN(label, MAX(term->width / 3, 8));
    int room = term->width - layout.label;
    layout.columns = MIN(C, MAX(1, room / (value + CELL_ROOM)));
    layout.cell = MAX(value, MIN(labels_width(heat->cols, C), room / layout.columns - CELL_ROOM));
    return layout;
}

static void heat_cell(const Term *term, const HeatLayout *layout, int r, int c) {
    char number[FIGURE_TEXT];
    double value = AT(layout->heat->m, r, c);
    number_text(value, layout->heat->decimals, number);
    if (isfinite(value)) {
        Colour ground = heat_colour(value, layout->low, layout->high);
        term_colour(term, ground, true);
        term_colour(term, colour_is_light(ground) ? (Colour){ 0, 0, 0 } : (Colour){ 255, 255, 255 }, false);
    }
    int before = term->colour ? CELL_ROOM / 2 : CELL_ROOM; /* the background colour extends around the number */
    term_repeat(term, " ", before);
    term_text(term, number, layout->cell, TERM_RIGHT);
    term_repeat(term, " ", CELL_ROOM - before);
    fputs(term_style(term, TERM_PLAIN), term->out);
}

static void heat_head(const Term *term, const HeatLayout *layout, int from, int to) {
    char number[FIGURE_TEXT];
    int before = term->colour ? CELL_ROOM / 2 : CELL_ROOM;
    term_styled(term, TERM_DIM, layout->corner, layout->label);
    for (int c = from; c < to; c++) {
        term_repeat(term, " ", before);
        term_text(term, label_text(layout->heat->cols, c, number), layout->cell, TERM_RIGHT);
        if (c + 1 < to) term_repeat(term, " ", CELL_ROOM - before);
    }
    newline(term);
}

void draw_heat(const Term *term, const Heat *heat) {
    heat_require(heat);
    char number[FIGURE_TEXT];
    HeatLayout layout = heat_layout(term, heat);
    term_title(term, heat->title);
    for (int from = 0; from < heat->m.shape[1]; from += layout.columns) {
        int to = MIN(from + layout.columns, heat->m.shape[1]);
        if (from > 0) newline(term);
        heat_head(term, &layout, from, to);
        for (int r = 0; r < heat->m.shape[0]; r++) {
            term_text(term, label_text(heat->rows, r, number), layout.label, TERM_LEFT);
            for (int c = from; c < to; c++) heat_cell(term, &layout, r, c);
            newline(term);
        }
    }
}

/* ---- bars -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Bars *bars;
    double low, high;
    int label, value, interval, room; /* columns of each part; room: of the bar */
    bool ticks;
} BarsLayout;

static const char *interval_text(const Bars *bars, const Bar *bar, char *text) {
    char low[FIGURE_TEXT], high[FIGURE_TEXT];
    text[0] = '\0';
    if (bar->low < bar->high)
        snprintf(text, 2 * FIGURE_TEXT + 8, "[%s, %s]", number_text(bar->low, bars->decimals, low),
                 number_text(bar->high, bars->decimals, high));
    return text;
}

static const char *value_text(const Bars *bars, const Bar *bar, char *text) {
    char number[FIGURE_TEXT];
    snprintf(text, 2 * FIGURE_TEXT + 8, "%s%s", number_text(bar->value, bars->decimals, number), or_empty(bars->unit));
    return text;
}

static BarsLayout bars_layout(const Term *term, const Bars *bars) {
    BarsLayout layout = { .bars = bars };
    char text[2 * FIGURE_TEXT + 8];
    bars_range(bars, &layout.low, &layout.high);
    for (int i = 0; i < bars->count; i++) {
        const Bar *bar = &bars->bars[i];
        layout.label = MAX(layout.label, text_columns(or_empty(bar->label)));
        layout.value = MAX(layout.value, text_columns(value_text(bars, bar, text)));
        layout.interval = MAX(layout.interval, (int)strlen(interval_text(bars, bar, text)));
        layout.ticks |= bar->marked;
    }
    layout.label = MIN(layout.label, MAX(term->width / 3, 8));
    int taken = 2 * layout.ticks + layout.label + 2 + 2 + layout.value + (layout.interval ? 2 + layout.interval : 0);
    layout.room = MAX(term->width - taken, 8);
    return layout;
}

/* One column of a bar: the fraction `fill` is covered, from the left unless `leftward`. */
static const char *bar_piece(bool utf8, double fill, bool leftward, bool uncertain) {
    static const char *const eighths[] = { NULL, "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589" };
    int parts = (int)lrint(fill * 8);
    if (!utf8) return fill >= 0.5 ? (uncertain ? "=" : "#") : uncertain ? "-" : " ";
    if (parts == 8) return uncertain ? "\u2593" : "\u2588";
    if (leftward && parts > 0) return parts >= 6 ? "\u2588" : parts >= 2 ? "\u2590" : uncertain ? "\u2500" : " ";
    return parts > 0 ? eighths[parts] : uncertain ? "\u2500" : " ";
}

static void bar_draw(const Term *term, const BarsLayout *layout, const Bar *bar) {
    double scale = layout->room / (layout->high - layout->low);
    double zero = round((fmin(fmax(0, layout->low), layout->high) - layout->low) * scale);
    double end = isfinite(bar->value) ? fmin(fmax((bar->value - layout->low) * scale, 0), layout->room) : zero;
    double left = fmin(zero, end), right = fmax(zero, end);
    term_colour(term, bar->marked ? COLOUR_MARKED : COLOUR_DEFAULT, false);
    for (int i = 0; i < layout->room; i++) {
        double middle = layout->low + (i + 0.5) / scale;
        bool uncertain = bar->low < bar->high && middle > bar->low && middle < bar->high;
        double fill = fmin(fmax(fmin(right, i + 1) - fmax(left, i), 0), 1);
        fputs(bar_piece(term->utf8, fill, end < zero, uncertain), term->out);
    }
    fputs(term_style(term, TERM_PLAIN), term->out);
}

void draw_bars(const Term *term, const Bars *bars) {
    bars_require(bars);
    char text[2 * FIGURE_TEXT + 8];
    BarsLayout layout = bars_layout(term, bars);
    term_title(term, bars->title);
    for (int i = 0; i < bars->count; i++) {
        const Bar *bar = &bars->bars[i];
        if (layout.ticks) fputs(bar->marked ? "> " : "  ", term->out);
        fputs(bar->marked ? term_style(term, TERM_BOLD) : "", term->out);
        term_text(term, or_empty(bar->label), layout.label, TERM_LEFT);
        fprintf(term->out, "%s  ", bar->marked ? term_style(term, TERM_PLAIN) : "");
        bar_draw(term, &layout, bar);
        fputs("  ", term->out);
        term_text(term, value_text(bars, bar, text), layout.value, TERM_RIGHT);
        if (*interval_text(bars, bar, text)) fprintf(term->out, "  %s", text);
        newline(term);
    }
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

enum { TILE_WIDEST = 32, TILE_LEAST = 8 };

typedef struct {
    int columns, slot, lines; /* tiles per row, columns of each, lines of the captions */
} TilesLayout;

static TilesLayout tiles_layout(const Term *term, const Tiles *tiles) {
    TilesLayout layout = { .columns = tiles->columns ? tiles->columns : FIGURE_COLUMNS };
    int wanted = 1;
    char line[FIGURE_TEXT];
    for (int i = 0; i < tiles->count; i++) {
        wanted = MAX(wanted, MIN(tiles->tiles[i].width, TILE_WIDEST));
        for (int k = 0; k < CAPTION_LINES; k++) {
            int width = text_columns(caption_line(or_empty(tiles->tiles[i].caption), k, line));
            if (width > 0) layout.lines = MAX(layout.lines, k + 1);
            wanted = MAX(wanted, width);
        }
    }
    int most = MAX(1, (term->width + 1) / (TILE_LEAST + 1));
    layout.columns = MAX(1, MIN(MIN(layout.columns, most), tiles->count));
    layout.slot = MIN(wanted, MAX(1, (term->width + 1) / layout.columns - 1));
    return layout;
}

static int tile_width(const Tile *tile, int slot) { return MIN(MIN(tile->width, slot), TILE_WIDEST); }

/* Lines of characters, two pixels each. */
static int tile_lines(const Tile *tile, int slot) {
    double pixels = (double)tile->height * tile_width(tile, slot) / tile->width;
    return MAX(1, (int)ceil(pixels / 2 - 1e-9));
}

/* The mean colour of the box from (x0, y0) to (x1, y1), in fractions of pixels. */
static Colour tile_mean(const Tile *tile, double x0, double y0, double x1, double y1) {
    double sum[3] = { 0 }, area = 0;
    for (int y = (int)y0; y < tile->height && y < y1; y++) {
        double high = fmin(y + 1, y1) - fmax(y, y0);
        for (int x = (int)x0; x < tile->width && x < x1; x++) {
            double weight = high * (fmin(x + 1, x1) - fmax(x, x0));
            const uint8_t *pixel = tile->rgb + ((size_t)y * (size_t)tile->width + (size_t)x) * 3;
            for (int k = 0; k < 3; k++) sum[k] += weight * pixel[k];
            area += weight;
        }
    }
    if (area <= 0) return (Colour){ 0, 0, 0 };
    return (Colour){ (uint8_t)lrint(sum[0] / area), (uint8_t)lrint(sum[1] / area), (uint8_t)lrint(sum[2] / area) };
}

static void tile_line(const Term *term, const Tile *tile, int slot, int line) {
    int width = tile_width(tile, slot), lines = tile_lines(tile, slot);
    for (int x = 0; x < width && line < lines; x++) {
        double x0 = (double)x * tile->width / width, x1 = (x + 1.0) * tile->width / width;
        double y0 = (double)line * tile->height / lines, y2 = (line + 1.0) * tile->height / lines, y1 = (y0 + y2) / 2;
        if (term->colour && !term->utf8) {
            term_colour(term, tile_mean(tile, x0, y0, x1, y2), true);
            fputc(' ', term->out);
        } else if (term->colour) {
            term_colour(term, tile_mean(tile, x0, y0, x1, y1), false);
            term_colour(term, tile_mean(tile, x0, y1, x1, y2), true);
            fputs("\u2580", term->out);
        } else {
            Colour mean = tile_mean(tile, x0, y0, x1, y2);
            double light = (0.2126 * mean.r + 0.7152 * mean.g + 0.0722 * mean.b) / 255;
            fputc(" .:-=+*#%@"[(int)(light * 9.999)], term -> out);
        }
    }
    fputs(term_style(term, TERM_PLAIN), term->out);
    term_repeat(term, " ", slot - (line < lines ? width : 0));
}

static void tiles_captions(const Term *term, const Tile *tiles, int count, const TilesLayout *layout) {
    char line[FIGURE_TEXT];
    for (int k = 0; k < layout->lines; k++) {
        for (int i = 0; i < count; i++) {
            fputs(tiles[i].marked ? term_style(term, TERM_BAD) : "", term->out);
            caption_line(or_empty(tiles[i].caption), k, line);
            term_text(term, line, i + 1 < count ? layout->slot : MIN(text_columns(line), layout->slot), TERM_LEFT);
            fputs(tiles[i].marked ? term_style(term, TERM_PLAIN) : "", term->out);
            if (i + 1 < count) fputc(' ', term->out);
        }
        newline(term);
    }
}

void draw_tiles(const Term *term, const Tiles *tiles) {
    tiles_require(tiles);
    TilesLayout layout = tiles_layout(term, tiles);
    bool pictures = term->terminal || term->colour;
    term_title(term, tiles->title);
    for (int from = 0; from < tiles->count; from += layout.columns) {
        int count = MIN(layout.columns, tiles->count - from), lines = 0;
        const Tile *row = tiles->tiles + from;
        for (int i = 0; i < count; i++) lines = MAX(lines, tile_lines(&row[i], layout.slot));
        for (int line = 0; line < lines && pictures; line++) {
            for (int i = 0; i < count; i++) {
                tile_line(term, &row[i], layout.slot, line);
                if (i + 1 < count) fputc(' ', term->out);
            }
            newline(term);
        }
        tiles_captions(term, row, count, &layout);
        if (pictures && from + count < tiles->count) newline(term);
    }
}
