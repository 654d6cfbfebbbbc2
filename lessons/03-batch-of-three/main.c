/* Lesson 03: a batch of three. The CLIP loss of three pairs, step by step, and four errors of a page that computes it.
 * Before: 02 similarity matrix. The page is README.md beside this file. */
#include "lesson/lesson.h"
#include "core/arena.h"
#include "core/softmax.h"

#include <math.h>

enum { N = 3, D = 3 };
static const double tau = 0.07;

static const char *const pictures[] = { "picture 1", "picture 2", "picture 3" };
static const char *const captions[] = { "caption 1", "caption 2", "caption 3" };

/* L = I T^T / tau: rows are pictures, columns captions. */
static Mat logits(Arena *memory, Mat image, Mat text) {
    Mat text_t = mat_new(memory, D, N), l = mat_new(memory, N, N);
    mat_transpose(text, text_t);
    mat_matmul(image, text_t, l);
    for (size_t i = 0; i < mat_count(l); i++) l.v[i] /= (num)tau;
    return l;
}

static Mat transpose(Arena *memory, Mat m) {
    Mat m_t = mat_new(memory, N, N);
    mat_transpose(m, m_t);
    return m_t;
}

static Mat softmax_rows(Arena *memory, Mat l) {
    Mat p = mat_new(memory, N, N);
    for (int i = 0; i < N; i++) softmax_row(&AT(l, i, 0), N, 1, &AT(p, i, 0));
    return p;
}

static void show(const Lesson *lesson, const char *name, const char *title, const char *values, Mat m, int decimals) {
    lesson_heat(lesson, name,
                &(Heat){ .title = title,
                         .values = values,
                         .y = "picture",
                         .x = "caption",
                         .m = m,
                         .rows = pictures,
                         .cols = captions,
                         .decimals = decimals });
}

static void print_sums(Mat l) {
    for (int i = 0; i < N; i++) {
        double sum = 0;
        printf("  %s: ", pictures[i]);
        for (int j = 0; j < N; j++) {
            sum += exp(AT(l, i, j));
            printf("%sexp %.6f", j ? " + " : "", AT(l, i, j));
        }
        printf(" = %.3f\n", sum);
    }
}

/* -log p of each picture's own caption, and the mean, divided by `unit`: 1 for natural logarithms in nats, log 10 for
 * decimal ones, -log 10 for decimal ones without the minus. */
static double print_losses(const char *name, Mat l, double unit, int decimals, int mean_decimals) {
    double sum = 0;
    printf("  %-28s", name);
    for (int i = 0; i < N; i++) {
        double loss = cross_entropy_row(&AT(l, i, 0), N, 1, i) / unit;
        printf("  %.*f", decimals, loss);
        sum += loss;
    }
    printf("   mean %.*f\n", mean_decimals, sum / N);
    return sum / N;
}

static double print_both_directions(Arena *memory, Mat l) {
    double rows = cross_entropy_diagonal(l, 1), columns = cross_entropy_diagonal(transpose(memory, l), 1);
    printf("  picture to caption (rows)     %.8f\n", rows);
    printf("  caption to picture (columns)  %.8f\n", columns);
    printf("  CLIP loss, their mean         %.8f\n", (rows + columns) / 2);
    return (rows + columns) / 2;
}

/* Sections 2 to 5 and the first two errata: the logits l, row by row, as the page computes them. */
static void print_page(Lesson *lesson, Mat l) {
    lesson_section(lesson, "2. As the page does it: logits L = I T^T / 0.07");
    show(lesson, NULL, NULL, NULL, l, 6);

    lesson_section(lesson, "3. Sums of exponentials, row by row");
    print_sums(l);

    lesson_section(lesson, "4. Softmax of the rows: which caption, for each picture?");
    show(lesson, "03-softmax", "Softmax of the rows", "probability", softmax_rows(&lesson->memory, l), 6);

    lesson_section(lesson, "5. Cross-entropy: -log of the diagonal");
    print_losses("natural logarithm", l, 1, 6, 8);

    lesson_section(lesson, "Erratum 1: decimal logarithms");
    print_losses("what the page prints", l, log(10), 4, 5);
    print_losses("the same, more digits", l, log(10), 6, 8);
    print_losses("right: natural logarithm", l, 1, 6, 8);
    term_say("The page uses log10. Natural logarithms are %.6f times as large.\n", log(10));

    lesson_section(lesson, "Erratum 2: the minus of -log p is missing");
    print_losses("the page's formula", l, -log(10), 6, 8);
    term_say("The logarithm of a probability is never positive. The page still reports a positive mean, %.5f.\n",
             cross_entropy_diagonal(l, 1) / log(10));
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "03",
                      .title = "A batch of three",
                      .takes = "1 second",
                      .next = "make lesson-04",
                      .shows = "The loss of three pairs in 3D at tau = 0.07, step by step, and four errors of a page" };
    lesson_begin(&lesson, argc, argv);
    Arena *memory = &lesson.memory;
    Mat image = mat_from(memory, N, D, (double[]){ 1, 0, 0, 0, 1, 0, 0, 0, 1 });
    Mat text = mat_from(memory, N, D, (double[]){ 0.9, 0.1, 0, 0.1, 0.8, 0.1, 0, 0.3, 0.7 });

    lesson_section(&lesson, "1. Three pictures, three captions");
    for (int i = 0; i < N; i++)
        printf("  %s (%g, %g, %g)   %s (%.1f, %.1f, %.1f)\n", pictures[i], AT(image, i, 0), AT(image, i, 1),
               AT(image, i, 2), captions[i], AT(text, i, 0), AT(text, i, 1), AT(text, i, 2));

    Mat l = logits(memory, image, text);
    print_page(&lesson, l);

    lesson_section(&lesson, "Erratum 3: \"the captions are already unit-length\"");
    for (int i = 0; i < N; i++) printf("  |%s| = %.6f\n", captions[i], vec_norm(&AT(text, i, 0), D));
    Prediction said = lesson_predict_choice(&lesson, (const char *[]){ "rise", "fall" }, 2, 1,
                                            "With unit length the captions get longer. Does the loss rise or fall?");
    Mat unit = mat_new(memory, N, D);
    for (size_t i = 0; i < mat_count(text); i++) unit.v[i] = text.v[i];
    mat_normalise_rows(unit);
    Mat right = logits(memory, image, unit);
    show(&lesson, "03-logits", "Logits of unit vectors", "logit", right, 6);
    double before = print_losses("not normalised", l, 1, 6, 8), after = print_losses("normalised", right, 1, 6, 8);
    lesson_outcome(&lesson, &said, "it %s, from %.8f to %.8f", after < before ? "falls" : "rises", before, after);

    lesson_section(&lesson, "Erratum 4: the other direction is missing");
    printf("Captions as they are on the page:\n");
    print_both_directions(memory, l);
    printf("Captions of unit length:\n");
    double loss = print_both_directions(memory, right);
    double page = cross_entropy_diagonal(l, 1) / log(10);
    term_say("\nThe page's answer is %.5f; the CLIP loss of this batch is %.8f.\n", page, loss);
    return lesson_end(&lesson);
}
