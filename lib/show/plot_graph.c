/* plot_graph: a computation as boxes and arrows, from what is given on the left to the result on the right. */
#include "show/plot_write.h"

#include <math.h>
#include <string.h>

enum { LINE = 17, LETTER = 8, PAD = 10, GAP_X = 46, GAP_Y = 22, TOP = 50, EDGE = 16, FOOT = 24 }; /* pixels */

typedef struct {
    double x, y, width, height;
    int column;
} Box; /* middle, size, place from the left */
typedef struct {
    Box box[FIGURE_NODES];
    double width, height;
} Layout;

static int rows_of(Mat m) { return m.dims == 2 ? m.shape[0] : 1; }
static int columns_of(Mat m) { return m.dims == 2 ? m.shape[1] : (int)mat_count(m); }

/* Row r of a value or gradient as text. */
static void numbers_text(const GraphNode *node, const num *numbers, int r, int decimals, char text[256]) {
    char number[FIGURE_TEXT];
    int columns = columns_of(node->value);
    text[0] = '\0';
    for (int c = 0; c < columns; c++) {
        size_t at = strlen(text);
        snprintf(text + at, 256 - at, "%s%s", c ? "  " : "", number_text(numbers[r * columns + c], decimals, number));
    }
}

static int lines_of(const GraphNode *node) { return 1 + rows_of(node->value) * (node->gradient ? 2 : 1); }

/* "name = operation", or the name alone. */
static void head_text(const GraphNode *node, char text[256]) {
    snprintf(text, 256, "%s%s%s", node->name, *node->operation ? "  =  " : "", node->operation);
}

static void box_size(const Graph *graph, int n, Box *box) {
    const GraphNode *node = &graph->nodes[n];
    char text[256];
    head_text(node, text);
    size_t longest = strlen(text) + strlen(text) / 8; /* in larger letters */
    for (int r = 0; r < rows_of(node->value); r++) {
        numbers_text(node, node->value.v, r, graph->decimals, text);
        longest = MAX(longest, strlen(text));
        if (node->gradient) {
            numbers_text(node, node->gradient, r, graph->decimals, text);
            longest = MAX(longest, strlen(text));
        }
    }
    box->width = (double)longest * LETTER + 2 * PAD;
    box->height = lines_of(node) * LINE + PAD;
}

/* Columns: a computed node stands right of all it is made of, a given one left of the first that takes it in. */
static int place_columns(const Graph *graph, Box *box) {
    int columns = 0;
    for (int n = 0; n < graph->count; n++) {
        const GraphNode *node = &graph->nodes[n];
        for (int i = 0; i < node->inputs; i++) box[n].column = MAX(box[n].column, box[node->in[i]].column + 1);
        columns = MAX(columns, box[n].column + 1);
    }
    for (int n = 0; n < graph->count; n++) {
        int first = columns;
        for (int k = 0; k < graph->count && graph->nodes[n].inputs == 0; k++)
            for (int i = 0; i < graph->nodes[k].inputs; i++)
                if (graph->nodes[k].in[i] == n) first = MIN(first, box[k].column);
        if (first < columns) box[n].column = first - 1;
    }
    return columns;
}

/* Down the page: given nodes one below the other in the order in which the tree from the result meets them, the others
 * in the middle of what they are made of; then those of one column are moved apart. */
static void place_given(const Graph *graph, Box *box, int n, bool *seen, double *at) {
    const GraphNode *node = &graph->nodes[n];
    if (seen[n]) return;
    seen[n] = true;
    for (int i = 0; i < node->inputs; i++) place_given(graph, box, node->in[i], seen, at);
    if (node->inputs > 0) {
        double sum = 0;
        for (int i = 0; i < node->inputs; i++) sum += box[node->in[i]].y;
        box[n].y = sum / node->inputs;
    } else {
        box[n].y = *at + box[n].height / 2;
        *at += box[n].height + GAP_Y;
    }
}

/* The boxes of one column from the top, each below the one before it. Returns the lowest edge. */
static double move_apart(const Graph *graph, Box *box, int column) {
    double edge = 0;
    bool done[FIGURE_NODES] = { false };
    for (;;) {
        int top = -1;
        for (int n = 0; n < graph->count; n++)
            if (box[n].column == column && !done[n] && (top < 0 || box[n].y < box[top].y)) top = n;
        if (top < 0) return edge;
        done[top] = true;
        box[top].y = fmax(box[top].y, edge + box[top].height / 2);
        edge = box[top].y + box[top].height / 2 + GAP_Y;
    }
}

static Layout layout_of(const Graph *graph) {
    Layout layout = { .width = EDGE };
    bool seen[FIGURE_NODES] = { false };
    double at = 0;
    for (int n = 0; n < graph->count; n++) box_size(graph, n, &layout.box[n]);
    int columns = place_columns(graph, layout.box);
    place_given(graph, layout.box, graph->count - 1, seen, &at);
    for (int column = 0; column < columns; column++) {
        double widest = 0;
        for (int n = 0; n < graph->count; n++)
            if (layout.box[n].column == column) widest = fmax(widest, layout.box[n].width);
        for (int n = 0; n < graph->count; n++)
            if (layout.box[n].column == column) layout.box[n].x = layout.width + widest / 2;
        layout.width += widest + GAP_X;
        layout.height = fmax(layout.height, move_apart(graph, layout.box, column));
    }
    layout.width += EDGE - GAP_X;
    layout.height += TOP + FOOT;
    for (int n = 0; n < graph->count; n++) layout.box[n].y += TOP;
    return layout;
}

/* ---- the files --------------------------------------------------------------------------------------------------- */

static void graph_check(const void *figure) { graph_require(figure); }

static void graph_data(FILE *file, const void *figure) {
    const Graph *graph = figure;
    fputs("node,row,column,value,gradient,name,operation\n", file);
    for (int n = 0; n < graph->count; n++) {
        const GraphNode *node = &graph->nodes[n];
        int columns = columns_of(node->value);
        for (int i = 0; i < rows_of(node->value) * columns; i++) {
            fprintf(file, "%d,%d,%d,", n + 1, i / columns + 1, i % columns + 1);
            csv_number(file, node->value.v[i]);
            fputc(',', file);
            csv_number(file, node->gradient ? (double)node->gradient[i] : NAN);
            fputc(',', file);
            csv_text(file, node->name);
            fputc(',', file);
            csv_text(file, node->operation);
            fputc('\n', file);
        }
    }
}

static void write_line(FILE *file, const Box *box, int line, const char *text, Colour colour) {
    fputs("set label ", file);
    gp_text(file, text);
    double top = box->y - box->height / 2 + PAD / 2;
    fprintf(file, " at %.9g,%.9g center front textcolor rgb ", box->x, top + (line + 0.5) * LINE);
    gp_colour(file, colour);
    fputs(line == 0 ? " font ',12'\n" : " font ',11'\n", file);
}

static void write_box(FILE *file, const Graph *graph, int n, const Box *box) {
    const GraphNode *node = &graph->nodes[n];
    const Colour ink = { 0x22, 0x22, 0x22 };
    char text[256];
    int rows = rows_of(node->value);
    fprintf(file,
            "set object rectangle center %.9g,%.9g size %.9g,%.9g fillcolor rgb '%s' fillstyle solid 1 border lc "
            "rgb '#888888'\n",
            box->x, box->y, box->width, box->height, node->inputs ? "#f4f7fa" : "#e3edf6");
    head_text(node, text);
    write_line(file, box, 0, text, COLOUR_DEFAULT);
    for (int r = 0; r < rows; r++) {
        numbers_text(node, node->value.v, r, graph->decimals, text);
        write_line(file, box, 1 + r, text, ink);
        if (!node->gradient) continue;
        numbers_text(node, node->gradient, r, graph->decimals, text);
        write_line(file, box, 1 + rows + r, text, COLOUR_MARKED);
    }
}

/* Arrows enter a box in the order in which their other ends stand, so that they do not cross. */
static void write_arrows(FILE *file, const GraphNode *node, const Layout *layout, const Box *to) {
    for (int i = 0; i < node->inputs; i++) {
        const Box *from = &layout->box[node->in[i]];
        int above = 0;
        for (int k = 0; k < node->inputs; k++) {
            double other = layout->box[node->in[k]].y;
            above += other < from->y || (other == from->y && k < i);
        }
        double entry = to->y + to->height * ((above + 1.0) / (node->inputs + 1) - 0.5);
        fprintf(file, "set arrow from %.9g,%.9g to %.9g,%.9g lc rgb '#888888' lw 1.2 size 8,20 fixed filled\n",
                from->x + from->width / 2, from->y, to->x - to->width / 2, entry);
    }
}

static void graph_script(Script *script, const void *figure) {
    const Graph *graph = figure;
    FILE *file = script->file;
    Layout layout = layout_of(graph);
    *script = (Script){ file, script->name, (int)fmax(layout.width, 480), (int)layout.height };
    script_begin(script, NULL);
    fprintf(file, "set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0\nset xrange [0:%d]\nset yrange [%d:0]\n",
            script->width, script->height);
    fputs("unset key\nunset border\nunset tics\n", file);
    if (graph->title) {
        fputs("set label ", file);
        gp_text(file, graph->title);
        fprintf(file, " at %d,22 center font ',15'\n", script->width / 2);
    }
    fprintf(file, "set label 'black: value, orange: gradient' at %d,%d right font ',10' textcolor rgb '#555555'\n",
            script->width - EDGE, script->height - FOOT / 2);
    for (int n = 0; n < graph->count; n++) write_arrows(file, &graph->nodes[n], &layout, &layout.box[n]);
    for (int n = 0; n < graph->count; n++) write_box(file, graph, n, &layout.box[n]);
    fputs("plot NaN\n", file);
}

const PlotKind plot_kind_graph = { graph_check, graph_data, NULL, graph_script };
