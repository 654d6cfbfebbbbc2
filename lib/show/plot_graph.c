/* Computation graphs as boxes and arrows, from the inputs on the left to the result on the right. */
#include "show/plot_write.h"

#include <math.h>
#include <string.h>

enum { LINE = 17, LETTER = 8, PAD = 10, GAP_X = 46, GAP_Y = 22 }; /* pixels */
enum { EDGE = 16, FOOT = 24, CLEARANCE = 9, WIDTH_LEAST = 480 };

typedef struct {
    double x, y, width, height; /* centre and size */
    int column;                 /* from the left */
} Box;
typedef struct {
    Box box[FIGURE_NODES];
    double width, height;
} Layout;

/* Row r of a value or gradient as text. */
static void numbers_text(const GraphNode *node, const num *numbers, int r, int decimals, char text[256]) {
    char number[FIGURE_TEXT];
    int columns = value_columns(node->value);
    text[0] = '\0';
    for (int c = 0; c < columns; c++) {
        size_t at = strlen(text);
        snprintf(text + at, 256 - at, "%s%s", c ? "  " : "", number_text(numbers[r * columns + c], decimals, number));
    }
}

/* "name = operation", or the name alone. */
static void head_text(const GraphNode *node, char text[256]) {
    snprintf(text, 256, "%s%s%s", node->name, *node->operation ? "  =  " : "", node->operation);
}

static void box_size(const Graph *graph, int n, Box *box) {
    const GraphNode *node = &graph->nodes[n];
    char text[256];
    head_text(node, text);
    size_t longest = strlen(text) + strlen(text) / 8; /* in larger letters */
    for (int r = 0; r < value_rows(node->value); r++) {
        numbers_text(node, node->value.v, r, graph->decimals, text);
        longest = MAX(longest, strlen(text));
        if (node->gradient) {
            numbers_text(node, node->gradient, r, graph->decimals, text);
            longest = MAX(longest, strlen(text) + 2);
        }
    }
    box->width = (double)longest * LETTER + 2 * PAD;
    box->height = (1 + value_rows(node->value) * (node->gradient ? 2 : 1)) * LINE + PAD;
}

/* Columns: a computed node is right of all its inputs; an input is one column left of its first user. */
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

/* Heights: inputs one below the other, depth first from the result; computed nodes at the mean of their inputs. */
static void place_given(const Graph *graph, Box *box, int n, bool *seen, double *at) {
    const GraphNode *node = &graph->nodes[n];
    double sum = 0;
    if (seen[n]) return;
    seen[n] = true;
    for (int i = 0; i < node->inputs; i++) {
        place_given(graph, box, node->in[i], seen, at);
        sum += box[node->in[i]].y;
    }
    if (node->inputs > 0) box[n].y = sum / node->inputs;
    else {
        box[n].y = *at + box[n].height / 2;
        *at += box[n].height + GAP_Y;
    }
}

/* Moves the boxes of a column down until none overlap; returns the lowest edge. */
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
    layout.width = fmax(layout.width + EDGE - GAP_X, WIDTH_LEAST);
    double top = EDGE + title_height(graph->title, (int)layout.width);
    layout.height += top + FOOT;
    for (int n = 0; n < graph->count; n++) layout.box[n].y += top;
    return layout;
}

/* ---- the files --------------------------------------------------------------------------------------------------- */

static void graph_data(FILE *file, const void *figure) {
    const Graph *graph = figure;
    fputs("node,row,column,value,gradient,name,operation\n", file);
    for (int n = 0; n < graph->count; n++) {
        const GraphNode *node = &graph->nodes[n];
        int columns = value_columns(node->value);
        for (int i = 0; i < value_rows(node->value) * columns; i++) {
            fprintf(file, "%d,%d,%d,", n + 1, i / columns + 1, i % columns + 1);
            csv_number(file, node->value.v[i], ",");
            csv_number(file, node->gradient ? (double)node->gradient[i] : NAN, ",");
            csv_text(file, node->name, ",");
            csv_text(file, node->operation, "\n");
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
    int rows = value_rows(node->value);
    fprintf(file, "set object rectangle center %.9g,%.9g size %.9g,%.9g ", box->x, box->y, box->width, box->height);
    fprintf(file, "fillcolor rgb '%s' fillstyle solid 1 border lc rgb '#888888'\n",
            node->inputs ? "#f4f7fa" : "#e3edf6");
    head_text(node, text);
    write_line(file, box, 0, text, COLOUR_DEFAULT);
    for (int r = 0; r < rows; r++) {
        numbers_text(node, node->value.v, r, graph->decimals, text);
        write_line(file, box, 1 + r, text, ink);
        if (!node->gradient) continue;
        numbers_text(node, node->gradient, r, graph->decimals, text);
        char gradient[280];
        snprintf(gradient, sizeof gradient, "\u2202 %s", text);
        write_line(file, box, 1 + rows + r, gradient, COLOUR_MARKED);
    }
}

/* Whether the height y crosses a box of the columns between two boxes; `edge` gets the sides of these columns. */
static bool blocked(const Graph *graph, const Layout *layout, const Box *from, const Box *to, double y,
                    double edge[2]) {
    bool any = false;
    edge[0] = to->x - to->width / 2;
    edge[1] = from->x + from->width / 2;
    for (int n = 0; n < graph->count; n++) {
        const Box *box = &layout->box[n];
        if (box->column <= from->column || box->column >= to->column) continue;
        edge[0] = fmin(edge[0], box->x - box->width / 2);
        edge[1] = fmax(edge[1], box->x + box->width / 2);
        any |= fabs(y - box->y) < box->height / 2 + CLEARANCE / 2;
    }
    return any;
}

/* The height at which an arrow passes the columns between its ends: the nearest to both ends that crosses no box. */
static double free_height(const Graph *graph, const Layout *layout, const Box *from, const Box *to, double entry) {
    double best = from->y, cost = INFINITY, edge[2];
    for (int c = -2; c < 2 * graph->count; c++) {
        const Box *box = &layout->box[MAX(c, 0) / 2];
        double y = c == -2 ? from->y : c == -1 ? entry : box->y + (c % 2 ? 1 : -1) * (box->height / 2 + CLEARANCE);
        double detour = fabs(y - from->y) + fabs(y - entry);
        if (detour >= cost || blocked(graph, layout, from, to, y, edge)) continue;
        best = y;
        cost = detour;
    }
    return best;
}

/* Arrows enter a box in the order of their other ends, so that they do not cross, and pass around boxes in between. */
static void write_arrows(FILE *file, const Graph *graph, int n, const Layout *layout) {
    const GraphNode *node = &graph->nodes[n];
    const Box *to = &layout->box[n];
    for (int i = 0; i < node->inputs; i++) {
        const Box *from = &layout->box[node->in[i]];
        int above = 0;
        for (int k = 0; k < node->inputs; k++) {
            double other = layout->box[node->in[k]].y;
            above += other < from->y || (other == from->y && k < i);
        }
        double entry = to->y + to->height * ((above + 1.0) / (node->inputs + 1) - 0.5), edge[2];
        double y = free_height(graph, layout, from, to, entry);
        double x[] = { from->x + from->width / 2, 0, 0, to->x - to->width / 2 }, at[] = { from->y, y, y, entry };
        blocked(graph, layout, from, to, y, edge);
        x[1] = fmax(x[0], edge[0] - CLEARANCE);
        x[2] = fmin(x[3], edge[1] + CLEARANCE);
        bool straight = to->column - from->column <= 1;
        for (int k = straight ? 3 : 1; k <= 3; k++)
            fprintf(file, "set arrow from %.9g,%.9g to %.9g,%.9g lc rgb '#888888' lw 1.2 %s\n", x[straight ? 0 : k - 1],
                    at[straight ? 0 : k - 1], x[k], at[k], k < 3 ? "nohead" : "size 8,20 fixed filled");
    }
}

static void graph_script(Script *script, const void *figure) {
    const Graph *graph = figure;
    FILE *file = script->file;
    Layout layout = layout_of(graph);
    *script = (Script){ file, script->name, (int)layout.width, (int)layout.height };
    script_begin(script, graph->title);
    script_page(script);
    bool gradients = false;
    for (int n = 0; n < graph->count; n++) gradients = gradients || graph->nodes[n].gradient;
    fprintf(file, "set label \"%s\" at %d,%d right font ',10' textcolor rgb '#555555'\n",
            gradients ? "black: value, orange and \u2202: gradient" : "", script->width - EDGE,
            script->height - FOOT / 2);
    for (int n = 0; n < graph->count; n++) write_arrows(file, graph, n, &layout);
    for (int n = 0; n < graph->count; n++) write_box(file, graph, n, &layout.box[n]);
    fputs("plot NaN\n", file);
}

const PlotKind plot_kind_graph = { graph_require, graph_data, NULL, graph_script };
