#include "show/figure.h"
#include "core/quote.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* Numbers so large that a difference may overflow are gaps too. */
static bool shown(double value) { return isfinite(value) && fabs(value) < DBL_MAX / 8; }

typedef struct {
    double low, high;
} Range;

static void range_add(Range *range, double value) {
    if (!shown(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* An empty range becomes 0..1; a single value is widened to both sides. */
static Range range_open(Range range) {
    if (range.low > range.high) return (Range){ 0, 1 };
    if (range.low < range.high) return range;
    double room = range.low == 0 ? 1 : fabs(range.low) / 2;
    return (Range){ range.low - room, range.high + room };
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

enum { STOPS = 3 };
static const Colour RISING[STOPS] = { { 247, 249, 252 }, { 94, 158, 205 }, { 9, 48, 110 } };
static const Colour BOTH_WAYS[STOPS] = { { 26, 82, 158 }, { 247, 247, 245 }, { 190, 82, 10 } };

Colour heat_colour(double value, double low, double high) {
    const Colour *stop = low < 0 && high > 0 ? BOTH_WAYS : RISING;
    double place = fmin(fmax((value - low) / (high - low), 0), 1) * (STOPS - 1);
    int i = place >= STOPS - 1 ? STOPS - 2 : (int)place;
    double t = place - i;
    return (Colour){ .r = (uint8_t)lrint(stop[i].r + t * (stop[i + 1].r - stop[i].r)),
                     .g = (uint8_t)lrint(stop[i].g + t * (stop[i + 1].g - stop[i].g)),
                     .b = (uint8_t)lrint(stop[i].b + t * (stop[i + 1].b - stop[i].b)) };
}

static double linear(uint8_t part) {
    double x = part / 255.0;
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

bool colour_is_light(Colour colour) {
    double luminance = 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b);
    return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05);
}

Colour series_colour(int i) {
    static const Colour colours[FIGURE_SERIES] = {
        { 0x00, 0x72, 0xb2 }, { 0xd5, 0x5e, 0x00 }, { 0x00, 0x9e, 0x73 }, { 0xcc, 0x79, 0xa7 },
        { 0xe6, 0x9f, 0x00 }, { 0x56, 0xb4, 0xe9 }, { 0x55, 0x55, 0x55 }, { 0x8c, 0x4a, 0x2f },
    };
    return colours[i % FIGURE_SERIES];
}

/* ---- ranges ------------------------------------------------------------------------------------------------------ */

void heat_range(const Heat *heat, double *low, double *high) {
    Range range = { INFINITY, -INFINITY };
    if (heat->low < heat->high) range = (Range){ heat->low, heat->high };
    else
        for (size_t i = 0; i < mat_count(heat->m); i++) range_add(&range, heat->m.v[i]);
    range = range_open(range);
    if (range.low < 0 && range.high > 0) {
        range.high = fmax(-range.low, range.high);
        range.low = -range.high;
    }
    *low = range.low;
    *high = range.high;
}

void bars_range(const Bars *bars, double *low, double *high) {
    Range range = { 0, 0 };
    if (bars->low < bars->high) range = (Range){ bars->low, bars->high };
    else
        for (int i = 0; i < bars->count; i++) {
            const Bar *bar = &bars->bars[i];
            range_add(&range, bar->value);
            if (bar->low < bar->high) {
                range_add(&range, bar->low);
                range_add(&range, bar->high);
            }
        }
    if (range.low == range.high) range.high = 1;
    *low = range.low;
    *high = range.high;
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */

/* The smallest of 1, 2, 5 times a power of ten that is not below `step`. */
static double step_round(double step) {
    double power = pow(10, floor(log10(step)));
    double digit = step / power;
    return power * (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10);
}

/* Tick n of a short logarithmic axis: 1, 2 or 5 times a power of ten, in order; n may be negative. */
static double fine_tick(int n) {
    static const double digits[] = { 0, 0.301029995663981195, 0.698970004336018805 }; /* log10 of 1, 2, 5 */
    int decade = n >= 0 ? n / 3 : -((2 - n) / 3);
    return decade + digits[n - 3 * decade];
}

static Axis axis_log(Range range, int ticks) {
    if (range.high - range.low > 2) {
        double step = fmax(1, ceil((range.high - range.low) / ticks - 1e-6));
        double first = ceil(range.low / step - 1e-6) * step;
        return (Axis){ .low = fmin(range.low, first), .high = range.high, .first = first, .step = step, .log = true };
    }
    int from = 3 * (int)floor(range.low), to;
    while (fine_tick(from + 1) <= range.low + 1e-6) from++;
    for (to = from + 1; fine_tick(to) < range.high - 1e-9;) to++;
    return (Axis){ .low = fine_tick(from), .high = fine_tick(to), .first = from, .log = true };
}

Axis axis_make(double low, double high, int ticks, bool log, bool tight) {
    Range range = range_open((Range){ low, high });
    ticks = MAX(ticks, 1);
    if (log) return axis_log(range, ticks);
    double least = fmax(fabs(range.low), fabs(range.high)) * 1e-6; /* labels of finer ticks would be equal */
    double step = step_round(fmax((range.high - range.low) / ticks, fmax(least, DBL_MIN * 1e10)));
    if (tight)
        return (
            Axis){ .low = range.low, .high = range.high, .first = ceil(range.low / step - 1e-6) * step, .step = step };
    double first = floor(range.low / step + 1e-6) * step;
    return (Axis){ .low = first, .high = ceil(range.high / step - 1e-6) * step, .first = first, .step = step };
}

double axis_place(const Axis *axis, double value) {
    if (axis->log) value = value > 0 ? log10(value) : NAN;
    if (!shown(value)) return NAN;
    return (value - axis->low) / (axis->high - axis->low);
}

double series_x(const Series *series, int i) { return series->x ? (double)series->x[i] : i + 1.0; }
double series_y(const Series *series, int i) { return (double)series->y[i]; }

static void range_add_on(Range *range, double value, bool log) {
    range_add(range, log ? (value > 0 ? log10(value) : NAN) : value);
}

/* The step of the x axis: the spacing of the points if they are few and evenly spaced, 1 or more if all are integers,
 * else `step`. */
static double step_of_points(const Lines *lines, double low, double high, double step) {
    enum { FEW = 12 };
    double spacing = INFINITY;
    bool even = true, whole = true;
    for (int s = 0; s < lines->count; s++)
        for (int i = 0; i < lines->series[s].count; i++) {
            double x = series_x(&lines->series[s], i), gap = x - low;
            if (gap > 0) spacing = fmin(spacing, gap);
            whole = whole && x == floor(x);
        }
    if (lines->from_zero && low == 0) spacing = fmin(spacing, high);
    for (int s = 0; s < lines->count; s++)
        for (int i = 0; i < lines->series[s].count; i++) {
            double k = (series_x(&lines->series[s], i) - low) / spacing;
            even = even && fabs(k - round(k)) < 1e-3;
        }
    if (even && isfinite(spacing) && high - low <= FEW * spacing && high - low >= 2 * spacing) return spacing;
    return whole ? fmax(1, step) : step;
}

void lines_axes(const Lines *lines, int x_ticks, int y_ticks, Axis *x, Axis *y) {
    Range across = { INFINITY, -INFINITY }, up = across;
    for (int s = 0; s < lines->count; s++) {
        const Series *series = &lines->series[s];
        for (int i = 0; i < series->count; i++) {
            range_add_on(&across, series_x(series, i), lines->log_x);
            range_add_on(&up, series_y(series, i), lines->log_y);
            if (!lines->low) continue;
            range_add_on(&up, (double)lines->low[s][i], lines->log_y);
            range_add_on(&up, (double)lines->high[s][i], lines->log_y);
        }
    }
    if (lines->reference_name) range_add_on(&up, lines->reference, lines->log_y);
    if (lines->from_zero && !lines->log_x && across.low > 0) across.low = fmin(across.low, 0);
    *x = axis_make(across.low, across.high, x_ticks, lines->log_x, true);
    *y = axis_make(up.low, up.high, y_ticks, lines->log_y, false);
    double step = lines->log_x || across.low >= across.high ? x->step : step_of_points(lines, x->low, x->high, x->step);
    if (step == x->step || (x->high - x->low) / step > 2 * x_ticks) return;
    x->step = step;
    x->first = ceil(x->low / step - 1e-6) * step + 0.0; /* + 0.0: not "-0" */
    if (fabs(x->low - floor(x->low / step + 1e-6) * step) > 1e-6 * step) x->first = x->low;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

const char *number_text(double value, int decimals, char *text) {
    int length = snprintf(text, FIGURE_TEXT, "%.*f", decimals, value);
    if (length > 12) snprintf(text, FIGURE_TEXT, "%.4g", value);
    if (text[0] == '-' && !text[1 + strspn(text + 1, "0.")]) memmove(text, text + 1, strlen(text));
    return text;
}

static double axis_tick(const Axis *axis, int k) {
    return axis->step > 0 ? axis->first + k * axis->step : fine_tick((int)axis->first + k);
}

int axis_ticks(const Axis *axis) {
    if (axis->step > 0) return (int)floor((axis->high - axis->first) / axis->step + 1e-6) + 1;
    int count = 0;
    while (axis_tick(axis, count) <= axis->high + 1e-6) count++;
    return count;
}

double axis_tick_place(const Axis *axis, int k) {
    return fmin(fmax((axis_tick(axis, k) - axis->low) / (axis->high - axis->low), 0), 1);
}

const char *axis_tick_text(const Axis *axis, int k, char *text) {
    double value = axis_tick(axis, k);
    if (axis->log) {
        snprintf(text, FIGURE_TEXT, "%.3g", pow(10, value));
        return text;
    }
    if (fabs(value) < axis->step / 2) value = 0;
    int decimals = MAX(0, (int)-floor(log10(axis->step) + 1e-9));
    return number_text(value, MIN(decimals, 9), text);
}

const char *label_text(const char *const *labels, int i, char *text) {
    if (labels) return labels[i];
    snprintf(text, FIGURE_TEXT, "%d", i + 1);
    return text;
}

const char *or_empty(const char *text) { return text ? text : ""; }

/* Wide in every common font: the main East Asian blocks, and emoji (Unicode Standard Annex 11, W and F). */
static int code_columns(uint32_t code) {
    static const struct {
        uint32_t first, last;
        int columns;
    } blocks[] = {
        { 0x300, 0x36f, 0 },     { 0x200b, 0x200f, 0 },   { 0x20d0, 0x20ff, 0 },   { 0xfe00, 0xfe0f, 0 },
        { 0x1100, 0x115f, 2 },   { 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },
        { 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 },
        { 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
    };
    for (size_t i = 0; i < COUNT(blocks); i++)
        if (code >= blocks[i].first && code <= blocks[i].last) return blocks[i].columns;
    return 1;
}

static bool is_plain(uint32_t code) {
    static const uint32_t blocks[][2] = { { 0x20, 0x24f },    { 0x370, 0x52f },   { 0x1e00, 0x1fff },
                                          { 0x2010, 0x205e }, { 0x2070, 0x20bf }, { 0x2100, 0x22ff },
                                          { 0x2500, 0x25ff } };
    for (size_t i = 0; i < COUNT(blocks); i++)
        if (code >= blocks[i][0] && code <= blocks[i][1]) return true;
    return false;
}

Glyph glyph_of(const char *text) {
    const uint8_t *byte = (const uint8_t *)text;
    if (!*byte) return (Glyph){ .bytes = 0 };
    int bytes = utf8_length(text, 4); /* the 0 at the end is in no sequence, so that nothing behind it is read */
    if (bytes == 0) return (Glyph){ .bytes = 1, .columns = 1 };
    uint32_t code = bytes == 1 ? *byte : *byte & (0x7fu >> bytes);
    for (int i = 1; i < bytes; i++) code = code << 6 | (byte[i] & 0x3f);
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    if (control || (code >= 0x2028 && code <= 0x202e)) /* ends of lines and paragraphs, direction */
        return (Glyph){ .bytes = bytes, .columns = 1 };
    return (Glyph){ bytes, code_columns(code), true, is_plain(code) };
}

int text_columns(const char *text) {
    int columns = 0;
    for (Glyph glyph = glyph_of(text); glyph.bytes > 0; glyph = glyph_of(text)) {
        columns += glyph.columns;
        text += glyph.bytes;
    }
    return columns;
}

const char *caption_line(const char *caption, int k, char *text) {
    for (; k > 0 && *caption; k--) {
        caption += strcspn(caption, "\n");
        if (*caption) caption++;
    }
    snprintf(text, FIGURE_TEXT, "%.*s", (int)MIN(strcspn(caption, "\n"), FIGURE_TEXT - 1u), caption);
    return text;
}

/* ---- contracts --------------------------------------------------------------------------------------------------- */

static void require_range(const char *field, int value, int low, int high) {
    REQUIRE(value >= low && value <= high, "%s is %d, want %d to %d", field, value, low, high);
}

void heat_require(const void *figure) {
    const Heat *heat = figure;
    REQUIRE(heat->m.dims == 2 && mat_count(heat->m) > 0, "m is %s, want a non-empty [R,C]", mat_shape_text(heat->m));
    require_range("decimals", heat->decimals, 0, 9);
}

void bars_require(const void *figure) {
    const Bars *bars = figure;
    require_range("count", bars->count, 0, INT_MAX);
    require_range("decimals", bars->decimals, 0, 9);
}

void lines_require(const void *figure) {
    const Lines *lines = figure;
    require_range("number of series", lines->count, 1, FIGURE_SERIES);
    for (int s = 0; s < lines->count; s++) require_range("series.count", lines->series[s].count, 0, INT_MAX);
}

void tiles_require(const void *figure) {
    const Tiles *tiles = figure;
    require_range("count", tiles->count, 0, INT_MAX);
    require_range("columns", tiles->columns, 0, INT_MAX);
    for (int i = 0; i < tiles->count; i++) {
        require_range("height of a tile", tiles->tiles[i].height, 1, FIGURE_SIDE);
        require_range("width of a tile", tiles->tiles[i].width, 1, FIGURE_SIDE);
    }
}

void graph_require(const void *figure) {
    const Graph *graph = figure;
    require_range("graph.count", graph->count, 1, FIGURE_NODES);
    require_range("graph.decimals", graph->decimals, 0, 9);
    for (int n = 0; n < graph->count; n++) {
        const GraphNode *node = &graph->nodes[n];
        size_t numbers = mat_count(node->value);
        REQUIRE(node->name && node->operation, "graph.nodes[%d] has no name or no operation", n);
        REQUIRE(node->value.dims <= 2 && numbers >= 1 && numbers <= FIGURE_NODE,
                "graph.nodes[%d].value is %s, want 1 to %d numbers in two dimensions at most", n,
                mat_shape_text(node->value), FIGURE_NODE);
        require_range("inputs of a node", node->inputs, 0, 3);
        for (int i = 0; i < node->inputs; i++) require_range("input of a node", node->in[i], 0, n - 1);
    }
}

void motion_require(const void *figure) {
    const Motion *motion = figure;
    require_range("motion.panel_count", motion->panel_count, 1, FIGURE_PANELS);
    require_range("motion.pairs", motion->pairs, 1, FIGURE_SERIES);
    require_range("motion.frames", motion->frames, 1, INT_MAX);
    require_range("motion.shown_count", motion->shown_count, 1, FIGURE_SHOWN);
    for (int i = 0; i < motion->shown_count; i++)
        require_range("motion.shown", motion->shown[i], 0, motion->frames - 1);
}

int value_rows(Mat m) { return m.dims == 2 ? m.shape[0] : 1; }
int value_columns(Mat m) { return m.dims == 2 ? m.shape[1] : (int)mat_count(m); }

const num *motion_point(const Motion *motion, int frame, int panel, int pair, int which) {
    size_t place = ((size_t)frame * (size_t)motion->panel_count + (size_t)panel) * (size_t)motion->pairs + (size_t)pair;
    return motion->points + (place * 2 + (size_t)which) * 2;
}
