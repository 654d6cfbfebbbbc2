/* Lesson 06: autograd. A tape records how the loss is computed, and goes back over it to compute all gradients.
 * Before: 05 InfoNCE. The page is README.md beside this file. */
#include "tape_figure.h"
#include "lesson/lesson.h"
#include "model/clip_loss.h"
#include "core/softmax.h"

#include <math.h>

enum { N = 3, STEPS = 49 };

static Var scalar(Tape *t, double number) {
    Mat m = mat_like(&t->arena, mat_shape(0));
    m.v[0] = (num)number;
    return tape_leaf(t, m);
}

/* z = e^t (x1 y1 + x2 y2). Returns dz/dx1. */
static double one_logit(const Lesson *lesson) {
    Tape tape = { .keep_grads = true }, *t = &tape;
    Var x1 = scalar(t, 0.8), y1 = scalar(t, 0.6), x2 = scalar(t, 0.6), y2 = scalar(t, 0.8), log_s = scalar(t, log(2));
    Var a = op_mul(t, x1, y1), b = op_mul(t, x2, y2), cosine = op_add(t, a, b);
    Var s = op_exp(t, log_s), z = op_mul(t, s, cosine);
    tape_backward(t, z);
    GraphName names[] = { { x1, "x1", "" },    { y1, "y1", "" },    { x2, "x2", "" },    { y2, "y2", "" },
                          { log_s, "t", "" },  { a, "a", "x1 y1" }, { b, "b", "x2 y2" }, { cosine, "cos", "a + b" },
                          { s, "s", "exp t" }, { z, "z", "s cos" } };
    Graph graph = graph_of(&t->arena, z, names, COUNT(names));
    graph.title = "One logit: z = exp(t) (x1 y1 + x2 y2)";
    lesson_graph(lesson, "06-logit", &graph);
    double dx1 = x1->grad[0];
    tape_free(t);
    return dx1;
}

/* clip_logits and clip_loss of the library, operation by operation, so that each node has a name. */
static void loss_of_two_pairs(const Lesson *lesson) {
    static const int own[] = { 0, 1 };
    Tape tape = { .keep_grads = true }, *t = &tape;
    Var I = tape_leaf(t, mat_from(&t->arena, 2, 2, (double[]){ 0.8, 0.6, -0.6, 0.8 }));
    Var T = tape_leaf(t, mat_from(&t->arena, 2, 2, (double[]){ 0.6, 0.8, 0, 1 })), log_s = scalar(t, log(2));
    Var cosine = op_linear(t, I, T, NULL), s = op_exp(t, log_s), z = op_mul(t, cosine, s);
    Var transposed = op_transpose(t, z);
    Var rows = op_cross_entropy_labels(t, z, own), columns = op_cross_entropy_labels(t, transposed, own);
    Var sum = op_add(t, rows, columns), L = op_scale(t, sum, 0.5);
    tape_backward(t, L);
    GraphName names[] = { { I, "I", "" },
                          { T, "T", "" },
                          { log_s, "t", "" },
                          { cosine, "cos", "I T^T" },
                          { s, "s", "exp t" },
                          { z, "z", "s cos" },
                          { transposed, "z^T", "transpose" },
                          { rows, "rows", "cross-entropy" },
                          { columns, "columns", "cross-entropy" },
                          { sum, "sum", "rows + columns" },
                          { L, "L", "sum / 2" } };
    Graph graph = graph_of(&t->arena, L, names, COUNT(names));
    graph.title = "The CLIP loss of two pairs";
    lesson_graph(lesson, "06-loss", &graph);
    tape_free(t);
}

/* The loss of logits z: its rows alone, or both directions. */
static Var loss_of(Tape *t, Var z, bool both) {
    return both ? clip_loss(t, z, (Mat){ 0 }) : op_cross_entropy_labels(t, z, (int[]){ 0, 1, 2 });
}

/* (P - I) / N, P the softmax of the rows; for both directions its mean with (Q - I) / N, Q that of the columns. */
static void by_formula(Mat z, bool both, num *g) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            num column[N] = { AT(z, 0, j), AT(z, 1, j), AT(z, 2, j) };
            double P = exp(-cross_entropy_row(&AT(z, i, 0), N, 1, j)), Q = exp(-cross_entropy_row(column, N, 1, i));
            g[i * N + j] = (num)((both ? (P + Q) / 2 : P) - (i == j)) / N;
        }
}

static void by_tape(Mat z, bool both, num *g) {
    Tape t = { 0 };
    Var leaf = tape_leaf(&t, z);
    tape_backward(&t, loss_of(&t, leaf, both));
    for (int i = 0; i < N * N; i++) g[i] = leaf->grad[i];
    tape_free(&t);
}

/* (L(z + h) - L(z - h)) / 2h for each logit. */
static void by_difference(Mat z, bool both, double h, num *g) {
    Tape t = { .no_grad = true };
    for (int i = 0; i < N * N; i++) {
        num before = z.v[i];
        z.v[i] = before + (num)h;
        g[i] = loss_of(&t, tape_data(&t, z), both)->val.v[0];
        z.v[i] = before - (num)h;
        g[i] = (g[i] - loss_of(&t, tape_data(&t, z), both)->val.v[0]) / (num)(2 * h);
        z.v[i] = before;
    }
    tape_free(&t);
}

static double largest_difference(const num *a, const num *b) {
    double max = 0;
    for (int i = 0; i < N * N; i++) max = fmax(max, fabs(a[i] - b[i]));
    return max;
}

static void compare(Mat z, bool both) {
    num g[3][N * N];
    by_formula(z, both, g[0]);
    by_tape(z, both, g[1]);
    by_difference(z, both, 1e-5, g[2]);
    printf("  formula                      tape                         central difference\n");
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 3; k++)
            printf("  %8.5f %8.5f %8.5f%s", g[k][i * N], g[k][i * N + 1], g[k][i * N + 2], k < 2 ? " " : "\n");
    term_say("Largest difference: formula and tape %s 1e-15, formula and difference %s 1e-9.\n",
             largest_difference(g[0], g[1]) < 1e-15 ? "below" : "ABOVE",
             largest_difference(g[0], g[2]) < 1e-9 ? "below" : "ABOVE");
}

/* A long step has a large truncation error, a short one a large rounding error. */
static void which_step(const Lesson *lesson, Mat z) {
    num h[STEPS], error[STEPS], formula[N * N], g[N * N];
    by_formula(z, true, formula);
    for (int i = 0; i < STEPS; i++) {
        h[i] = (num)pow(10, 0.25 * (i - STEPS + 1));
        by_difference(z, true, h[i], g);
        error[i] = (num)largest_difference(formula, g);
    }
    printf("  h = 1: %.1e   h = 0.1: %.1e   h = 0.01: %.1e\n", error[STEPS - 1], error[STEPS - 5], error[STEPS - 9]);
    lesson_lines(lesson, "06-step",
                 &(Lines){ .title = "Largest error of the central difference",
                           .y = "error",
                           .x = "step h",
                           .series = &(Series){ NULL, h, error, STEPS },
                           .count = 1,
                           .log_x = true,
                           .log_y = 1 });
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "06",
                      .title = "Autograd",
                      .takes = "1 second",
                      .next = "make lesson-07",
                      .shows = "The gradient of the CLIP loss by formula, by tape and by difference" };
    lesson_begin(&lesson, argc, argv);
    lesson_section(&lesson, "1. One logit, number by number");
    Prediction guess =
        lesson_predict_number(&lesson, -1e6, 1e6, "x = (0.8, 0.6), y = (0.6, 0.8), t = log 2. What is dz/dx1?");
    lesson_outcome_number(&lesson, &guess, one_logit(&lesson), 4);

    lesson_section(&lesson, "2. The CLIP loss of two pairs, matrix by matrix");
    guess = lesson_predict_choice(&lesson, (const char *[]){ "yes", "no" }, 2, 1,
                                  "Each picture is nearest to its own text. Does descent increase the scale, exp t?");
    loss_of_two_pairs(&lesson);
    lesson_outcome(&lesson, &guess, "yes: dL/dt is negative, and descent subtracts it");

    lesson_section(&lesson, "3. Three pairs, rows alone: is (P - I) / N the gradient?");
    Mat z = mat_from(&lesson.memory, N, N, (double[]){ 1.9, 0.3, 0.1, 0.2, 1.8, 1.1, 0, 0.7, 1.6 });
    lesson_heat(&lesson, NULL, &(Heat){ .y = "picture", .x = "text", .m = z, .decimals = 1 });
    compare(z, false);

    lesson_section(&lesson, "4. The same three pairs, both directions: the CLIP loss");
    compare(z, true);

    lesson_section(&lesson, "5. How long a step should the central difference take?");
    guess = lesson_predict_number(&lesson, 0, 1, "L is known to about 1e-16. Which step h gives the smallest error?");
    which_step(&lesson, z);
    lesson_outcome(&lesson, &guess, "about 1e-5");
    return lesson_end(&lesson);
}
