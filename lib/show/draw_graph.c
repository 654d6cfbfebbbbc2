/* Computation graphs as trees. */
#include "show/draw.h"

#include <string.h>

enum { STEP = 3, ROOM = 2 }; /* columns of a branch, between two parts */

typedef struct {
    const Term *term;
    const Graph *graph;
    int decimals;
    int name, operation, number, columns; /* widths: branches and name, operation, one number; numbers side by side */
    bool drawn[FIGURE_NODES];
} Tree;

static int number_width(const Tree *tree, double value) {
    char text[FIGURE_TEXT];
    return (int)strlen(number_text(value, tree->decimals, text));
}

/* Widens the columns for node n and all below it. Marks them as drawn, like write_node. */
static void measure(Tree *tree, int n, int depth) {
    const GraphNode *node = &tree->graph->nodes[n];
    tree->name = MAX(tree->name, STEP * depth + text_columns(node->name));
    if (tree->drawn[n]) return;
    tree->drawn[n] = true;
    tree->operation = MAX(tree->operation, text_columns(node->operation));
    tree->columns = MAX(tree->columns, value_columns(node->value));
    for (size_t i = 0; i < mat_count(node->value); i++) {
        tree->number = MAX(tree->number, number_width(tree, node->value.v[i]));
        if (node->gradient) tree->number = MAX(tree->number, number_width(tree, node->gradient[i]));
    }
    for (int i = 0; i < node->inputs; i++) measure(tree, node->in[i], depth + 1);
}

/* Row r of a value or gradient, each number in the width of the widest. */
static void write_numbers(const Tree *tree, Mat shape, const num *numbers, int r) {
    char text[FIGURE_TEXT];
    int columns = value_columns(shape);
    for (int c = 0; c < columns; c++) {
        term_repeat(tree->term, " ", ROOM);
        number_text(numbers[r * columns + c], tree->decimals, text);
        term_text(tree->term, text, tree->number, TERM_RIGHT);
    }
}

static void write_row(const Tree *tree, const GraphNode *node, int r) {
    const Term *term = tree->term;
    write_numbers(tree, node->value, node->value.v, r);
    if (node->gradient) {
        int missing = tree->columns - value_columns(node->value);
        term_repeat(term, " ", missing * (tree->number + ROOM) + ROOM);
        term_colour(term, COLOUR_MARKED, false);
        write_numbers(tree, node->value, node->gradient, r);
        fputs(term_style(term, TERM_PLAIN), term->out);
    }
    fputc('\n', term->out);
}

/* The branches before a name: `before` has those of the nodes above. */
static void write_branches(const Tree *tree, const char *before, const char *own) {
    const Term *term = tree->term;
    fputs(term_style(term, TERM_DIM), term->out);
    for (const char *at = before; *at; at++) fputs(*at == '|' ? (term->utf8 ? "\u2502  " : "|  ") : "   ", term->out);
    fputs(own, term->out);
    fputs(term_style(term, TERM_PLAIN), term->out);
}

/* `before`: one character per node above, '|' where its branch continues; `own`: the branch to this node. */
static void write_node(Tree *tree, int n, char *before, const char *own, bool last) {
    const Term *term = tree->term;
    const GraphNode *node = &tree->graph->nodes[n];
    int depth = (int)strlen(before) + (*own != '\0');
    write_branches(tree, before, own);
    term_styled(term, TERM_BOLD, node->name, MAX(tree->name - STEP * depth, 1));
    term_repeat(term, " ", ROOM);
    if (tree->drawn[n]) {
        term_print(term, TERM_DIM, "(above)");
        fputc('\n', term->out);
        return;
    }
    tree->drawn[n] = true;
    if (tree->operation) term_text(term, node->operation, tree->operation, TERM_LEFT);
    write_row(tree, node, 0);
    size_t length = strlen(before);
    if (*own) {
        before[length] = last ? ' ' : '|';
        before[length + 1] = '\0';
    }
    const char *down = node->inputs == 0 ? "   " : term->utf8 ? "\u2502  " : "|  ";
    for (int r = 1; r < value_rows(node->value); r++) {
        write_branches(tree, before, down);
        term_repeat(term, " ", MAX(tree->name - STEP * (depth + 1), 1) + ROOM + tree->operation);
        write_row(tree, node, r);
    }
    const char *fork = term->utf8 ? "\u251c\u2500 " : "|- ", *bend = term->utf8 ? "\u2514\u2500 " : "`- ";
    for (int i = 0; i < node->inputs; i++) {
        bool end = i + 1 == node->inputs;
        write_node(tree, node->in[i], before, end ? bend : fork, end);
    }
    before[length] = '\0';
}

static int block_width(const Tree *tree) { return tree->columns * (tree->number + ROOM); }
static int tree_width(const Tree *tree) { return tree->name + ROOM + tree->operation + 2 * block_width(tree) + ROOM; }

static Tree tree_measured(const Term *term, const Graph *graph, int decimals) {
    Tree tree = { .term = term, .graph = graph, .decimals = decimals, .columns = 1 };
    tree.name = (int)strlen("node");
    tree.operation = (int)strlen("operation");
    tree.number = (int)strlen("gradient");
    measure(&tree, graph->count - 1, 0);
    tree.name += STEP; /* room for the branch beside a second row */
    memset(tree.drawn, 0, sizeof tree.drawn);
    return tree;
}

/* If the tree is too wide, the operations are left out, then digits, then the ends of names. */
static Tree tree_fitted(const Term *term, const Graph *graph) {
    Tree tree = tree_measured(term, graph, graph->decimals);
    for (int decimals = graph->decimals - 1; tree_width(&tree) > term->width; decimals--) {
        tree = tree_measured(term, graph, MAX(decimals, 0));
        tree.operation = 0;
        if (decimals > 0) continue;
        tree.name = MAX(tree.name - MAX(tree_width(&tree) - term->width, 0), 4);
        break;
    }
    return tree;
}

void draw_graph(const Term *term, const Graph *graph) {
    graph_require(graph);
    char before[FIGURE_NODES + 2] = "";
    Tree tree = tree_fitted(term, graph);
    int block = block_width(&tree);
    term_title(term, graph->title);
    fputs(term_style(term, TERM_DIM), term->out);
    term_text(term, "node", tree.name + ROOM, TERM_LEFT);
    if (tree.operation) term_text(term, "operation", tree.operation, TERM_LEFT);
    term_text(term, "value", tree.number + ROOM, TERM_RIGHT);
    term_repeat(term, " ", block - tree.number);
    term_text(term, "gradient", tree.number + ROOM, TERM_RIGHT);
    fprintf(term->out, "%s\n", term_style(term, TERM_PLAIN));
    write_node(&tree, graph->count - 1, before, "", true);
}
