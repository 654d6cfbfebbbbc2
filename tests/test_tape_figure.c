/* graph, and the figures of graphs and of moving pairs: is the tape's graph what was computed, and are both drawn as
 * their headers say? */
#include "show/draw.h"
#include "core/file.h"
#include "06-autograd/tape_figure.h"
#include "autograd/ops.h"
#include "show/plot.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- surroundings -------------------------------------------------------------------------------------------- */

static char *captured;
static size_t captured_size;

static Term capture(int width, bool terminal, int colour, bool utf8) {
    FILE *out = open_memstream(&captured, &captured_size);
    CHECK(out != NULL, "%s", "no memory stream");
    return (Term){ out, width, terminal, colour, utf8 };
}

/* What was drawn; lives until the test ends. */
static const char *drawn(Term *term) {
    static char *kept[8];
    static int count;
    fclose(term->out);
    REQUIRE(count < (int)COUNT(kept), "%d captures", count);
    kept[count++] = captured;
    return captured;
}

static void same_text(const char *got, const char *want) {
    CHECK(!strcmp(got, want), "got\n%s\nwanted\n%s", got, want);
}

static char folder[1024];

static const char *content(const char *name) {
    static char text[65536], path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s is not there", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void set_folder(void) {
    snprintf(folder, sizeof folder, "%s", check_folder());
    setenv("CLIP_PLOTS", folder, 1);
}

static Var scalar(Tape *t, double number) {
    Mat m = mat_like(&t->arena, mat_shape(0));
    m.v[0] = (num)number;
    return tape_leaf(t, m);
}

/* y = (a b) + (a b): a node that is used twice, and one beside it that is not used at all. */
static Graph small_graph(Tape *t) {
    t->keep_grads = true;
    Var a = scalar(t, 3), b = scalar(t, 0.5), p = op_mul(t, a, b);
    op_exp(t, a);
    Var y = op_add(t, p, p);
    tape_backward(t, y);
    GraphName names[] = { { y, "y", "p + p" }, { a, "a", NULL }, { p, "p", NULL } };
    Graph graph = graph_of(&t->arena, y, names, COUNT(names));
    graph.title = "twice";
    return graph;
}

/* ---- the graph of a tape ------------------------------------------------------------------------------------- */

TEST(what_is_below_the_result_in_the_order_of_the_tape) {
    Tape t = { 0 };
    Graph graph = small_graph(&t);
    CHECK(graph.count == 4, "%d nodes", graph.count);
    same_text(graph.nodes[0].name, "a");
    same_text(graph.nodes[1].name, "x2");
    same_text(graph.nodes[2].operation, "mul");
    same_text(graph.nodes[3].operation, "p + p");
    CHECK(graph.nodes[2].inputs == 2 && graph.nodes[2].in[0] == 0 && graph.nodes[2].in[1] == 1, "%s", "a b");
    CHECK(graph.nodes[3].inputs == 2 && graph.nodes[3].in[0] == 2 && graph.nodes[3].in[1] == 2, "%s", "p p");
    CHECK_NEAR(graph.nodes[3].value.v[0], 3, 1e-6);
    CHECK_NEAR(graph.nodes[0].gradient[0], 1, 1e-6);
    CHECK_NEAR(graph.nodes[1].gradient[0], 6, 1e-6);
    tape_free(&t);
}

TEST(a_graph_too_large_stops) {
    Tape t = { 0 };
    Var x = scalar(&t, 1);
    for (int i = 0; i < FIGURE_NODES; i++) x = op_exp(&t, x);
    CHECK_STOPS(graph_of(&t.arena, x, NULL, 0), EXIT_CONTRACT, "more than 64 nodes");
    tape_free(&t);
}

/* ---- in the terminal ----------------------------------------------------------------------------------------- */

TEST(graph_as_a_tree) {
    Tape t = { 0 };
    Graph graph = small_graph(&t);
    Term term = capture(80, false, 0, false);
    draw_graph(&term, &graph);
    same_text(drawn(&term), "twice\n"
                            "node         operation     value    gradient\n"
                            "y            p + p        3.0000      1.0000\n"
                            "|- p         mul          1.5000      2.0000\n"
                            "|  |- a                   3.0000      1.0000\n"
                            "|  `- x2                  0.5000      6.0000\n"
                            "`- p         (above)\n");
    term = capture(80, true, 24, true);
    draw_graph(&term, &graph);
    CHECK(strstr(drawn(&term), "\u2514\u2500 ") != NULL, "%s", captured);
    tape_free(&t);
}

TEST(rows_of_a_matrix_and_no_gradient) {
    num four[] = { 1, -2, 3, 4 };
    GraphNode nodes[] = {
        { .name = "m", .operation = "", .value = { 2, { 2, 2, 1, 1 }, four } },
        { .name = "n", .operation = "turn", .value = { 2, { 2, 2, 1, 1 }, four }, .gradient = four, .inputs = 1 }
    };
    Graph graph = { .nodes = nodes, .count = 2, .decimals = 0 };
    Term term = capture(80, false, 0, false);
    draw_graph(&term, &graph);
    same_text(drawn(&term), "node     operation     value              gradient\n"
                            "n        turn              1        -2           1        -2\n"
                            "|                          3         4           3         4\n"
                            "`- m                       1        -2\n"
                            "                           3         4\n");
}

TEST(a_narrow_terminal_is_kept_to) {
    num nine[] = { 0.123456f, 1000, -2000, 0.5f, 1, 2, 3, 4, 5 };
    GraphNode nodes[] = { { .name = "a rather long name", .operation = "", .value = { 2, { 3, 3, 1, 1 }, nine } },
                          { .name = "n",
                            .operation = "some operation",
                            .value = { 2, { 3, 3, 1, 1 }, nine },
                            .gradient = nine,
                            .inputs = 1 } };
    Graph graph = { .nodes = nodes, .count = 2, .decimals = 6 };
    Term term = capture(72, false, 0, false);
    draw_graph(&term, &graph);
    size_t widest = 0;
    for (const char *line = drawn(&term); *line; line += strcspn(line, "\n") + 1)
        widest = MAX(widest, strcspn(line, "\n"));
    CHECK(widest <= 72, "%zu columns:\n%s", widest, captured);
}

TEST(impossible_graphs_stop) {
    num one = 1;
    Mat value = { 0, { 1, 1, 1, 1 }, &one };
    GraphNode nodes[] = { { .name = "a", .operation = "", .value = value },
                          { .name = "b", .operation = "x", .value = value, .in = { 1 }, .inputs = 1 } };
    Graph graph = { .nodes = nodes, .count = 2 };
    Term term = { stdout, 80, false, 0, false };
    CHECK_STOPS(draw_graph(&term, &graph), EXIT_CONTRACT, "input of a node is 1, want 0 to 0");
    graph.count = 0;
    CHECK_STOPS(draw_graph(&term, &graph), EXIT_CONTRACT, "graph.count is 0");
}

/* Two pairs: together at the right, then apart; one point is nowhere. */
static const num points[2 * 1 * 2 * 4] = { 1, 0, 1, 0, 1,  0, 1,   0, /* frame 0 */
                                           0, 1, 0, 1, -1, 0, NAN, 0 };
static const char *const panels[] = { "tau" }, *const frames[] = { "step 0", "step\n1" };

static Motion small_motion(void) {
    static const int shown[] = { 0, 1 };
    return (Motion){ .title = "two",
                     .first = "pictures",
                     .second = "texts",
                     .panels = panels,
                     .panel_count = 1,
                     .pairs = 2,
                     .frames = 2,
                     .points = points,
                     .frame_names = frames,
                     .shown = shown,
                     .shown_count = 2 };
}

TEST(motion_as_a_strip) {
    Motion motion = small_motion();
    Term term = capture(9, false, 0, false);
    draw_motion(&term, &motion);
    same_text(drawn(&term), "two\nA to B: .\n   tau   \nstep 0\n .......\n..     ..\n.       +\n..     ..\n .......\n"
                            "step 1\n ...A...\n..     ..\nB       .\n..     ..\n .......\n");
}

TEST(motion_in_place) {
    Motion motion = small_motion();
    Term term = capture(60, true, 24, true);
    draw_motion(&term, &motion);
    CHECK(strstr(drawn(&term), "\033[16A") != NULL, "the second frame is drawn over the first:\n%s", captured);
    CHECK(!strstr(captured, "step\n1"), "%s", "a name is one line");
    term = capture(60, true, 0, false);
    draw_motion(&term, &motion);
    CHECK(!strstr(drawn(&term), "\033[16A"), "%s", "a poor terminal gets the strip");
}

/* ---- as pictures --------------------------------------------------------------------------------------------- */

TEST(graph_and_motion_as_csv) {
    set_folder();
    setenv("PATH", "/nowhere", 1);
    Tape t = { 0 };
    Graph graph = small_graph(&t);
    Motion motion = small_motion();
    CHECK(plot_graph("g", &graph, NULL) == PLOT_NO_GNUPLOT, "%s", "without gnuplot");
    same_text(content("data/g.csv"), "node,row,column,value,gradient,name,operation\n"
                                     "1,1,1,3,1,a,\"\"\n2,1,1,0.5,6,x2,\"\"\n3,1,1,1.5,2,p,mul\n4,1,1,3,1,y,p + p\n");
    CHECK(plot_motion("m", &motion, NULL) == PLOT_NO_GNUPLOT, "%s", "without gnuplot");
    same_text(content("data/m.csv"), "frame,panel,pair,colour,x1,y1,x2,y2,name\n0,1,1,29362,1,0,1,0,step 0\n"
                                     "0,1,2,13983232,1,0,1,0,step 0\n1,1,1,29362,0,1,0,1,\"step 1\"\n"
                                     "1,1,2,13983232,-1,0,,0,\"step 1\"\n");
    tape_free(&t);
}

TEST(graph_and_motion_with_hostile_words) {
    if (system("command -v gnuplot >/dev/null 2>&1") != 0) check_skip("skipped: gnuplot is not installed");
    static const char *const hostile[] = { "\" . system(\"touch owned\") . \"",
                                           "it's `touch owned` %d \\n \xff\xfe 猫" };
    set_folder();
    Err err = { "" };
    Tape t = { 0 };
    Graph graph = small_graph(&t);
    GraphNode nodes[4];
    memcpy(nodes, graph.nodes, sizeof nodes);
    nodes[0].name = hostile[0];
    nodes[3].operation = hostile[1];
    graph.nodes = nodes;
    graph.title = hostile[0];
    CHECK(plot_graph("g", &graph, &err) == PLOT_DRAWN && !memcmp(content("out/g.png"), "\x89PNG", 4), "%s", err.text);
    Motion motion = small_motion();
    motion.title = motion.first = hostile[0];
    motion.second = hostile[1];
    motion.panels = hostile;
    motion.frame_names = hostile;
    CHECK(plot_motion("m", &motion, &err) == PLOT_DRAWN && !memcmp(content("out/m.png"), "\x89PNG", 4), "%s", err.text);
    CHECK(!memcmp(content("out/m.gif"), "GIF89a", 6), "%s", "the animation");
    char path[1200];
    snprintf(path, sizeof path, "%s/owned", folder);
    CHECK(!file_exists(path) && !file_exists("owned"), "%s", "a text was run");
    tape_free(&t);
}

typedef struct {
    double x, y, wide, high;
} Rect;

static bool apart(const Rect *a, const Rect *b) {
    return fabs(a->x - b->x) * 2 >= a->wide + b->wide || fabs(a->y - b->y) * 2 >= a->high + b->high;
}

/* In the script's own numbers: what is drawn fits, nothing lies on something else, and the title is in the middle. */
TEST(boxes_stand_apart_inside_the_picture) {
    set_folder();
    setenv("PATH", "/nowhere", 1);
    Tape t = { 0 };
    Graph graph = small_graph(&t);
    Rect box[8];
    int n = 0, W = 0, H = 0;
    double middle = 0;
    CHECK(plot_graph("g", &graph, NULL) == PLOT_NO_GNUPLOT, "%s", "without gnuplot");
    const char *script = content("g.gp"), *at = strstr(script, "noenhanced size "),
               *title = strstr(script, "\"twice\" at ");
    CHECK(at && sscanf(at, "noenhanced size %d,%d", &W, &H) == 2 && title &&
              sscanf(title, "\"twice\" at screen %lf", &middle) == 1,
          "%s", script);
    CHECK(middle == 0.5, "the title is at %g", middle);
    for (at = strstr(script, "rectangle center "); at && n < 8; at = strstr(at + 1, "rectangle center "), n++)
        CHECK(sscanf(at, "rectangle center %lf,%lf size %lf,%lf", &box[n].x, &box[n].y, &box[n].wide, &box[n].high) ==
                  4,
              "%s", at);
    CHECK(n == 4, "%d boxes", n);
    for (int i = 0; i < n; i++) {
        bool inside = box[i].x > box[i].wide / 2 && box[i].x + box[i].wide / 2 < W && box[i].y > box[i].high / 2 &&
                      box[i].y + box[i].high / 2 < H;
        CHECK(inside, "box %d at %g, %g, %g wide, of %d x %d", i, box[i].x, box[i].y, box[i].wide, W, H);
        for (int k = 0; k < i; k++) CHECK(apart(&box[i], &box[k]), "boxes %d and %d overlap", i, k);
    }
    tape_free(&t);
}

/* Each panel is as wide as high, and leaves room for its name above. */
TEST(panels_of_the_animation) {
    set_folder();
    setenv("PATH", "/nowhere", 1);
    Motion motion = small_motion();
    int W = 0, H = 0;
    double wide = 0, high = 0;
    CHECK(plot_motion("m", &motion, NULL) == PLOT_NO_GNUPLOT, "%s", "without gnuplot");
    const char *script = strstr(content("m.gp"), "set terminal gif"),
               *size = script ? strstr(script, "set size ") : NULL;
    CHECK(size && sscanf(script, "set terminal gif noenhanced animate delay 8 size %d,%d", &W, &H) == 2 &&
              sscanf(size, "set size %lf,%lf", &wide, &high) == 2,
          "%s", script ? script : "no animation");
    CHECK_NEAR(wide * W, high * H, 1e-6);
    CHECK(wide <= 1 && high < 0.95, "%g x %g of the picture", wide, high);
}

TESTS(what_is_below_the_result_in_the_order_of_the_tape, a_graph_too_large_stops, graph_as_a_tree,
      rows_of_a_matrix_and_no_gradient, a_narrow_terminal_is_kept_to, impossible_graphs_stop, motion_as_a_strip,
      motion_in_place, graph_and_motion_as_csv, graph_and_motion_with_hostile_words,
      boxes_stand_apart_inside_the_picture, panels_of_the_animation)
