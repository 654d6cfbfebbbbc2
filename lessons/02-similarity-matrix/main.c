/* Lesson 02: the similarity matrix. The cosines of four captions with four pictures, and the CLIP loss of this matrix.
 * Before: 01 vectors. The page is README.md beside this file. */
#include "lesson/lesson.h"
#include "core/arena.h"
#include "core/softmax.h"

#include <math.h>

enum { N = 4, D = 2 };

static const char *const pictures[] = { "cat", "car", "mountain", "ramen" };
static const char *const captions[] = { "a tabby cat", "a red sports car", "a mountain landscape", "a bowl of ramen" };

static void print_vectors(const char *what, const char *const *names, Mat raw, Mat unit) {
    printf("  %-22s %-16s %s\n", what, "as given", "of length 1");
    for (int i = 0; i < N; i++)
        printf("  %-22s (%5.2f, %5.2f)   (%9.6f, %9.6f)\n", names[i], AT(raw, i, 0), AT(raw, i, 1), AT(unit, i, 0),
               AT(unit, i, 1));
}

static Mat unit_rows(Arena *memory, Mat m) {
    Mat unit = mat_new(memory, N, D);
    for (size_t i = 0; i < mat_count(m); i++) unit.v[i] = m.v[i];
    mat_normalise_rows(unit);
    return unit;
}

/* S = T I^T: the cosine of every caption with every picture. */
static Mat similarities(Arena *memory, Mat text, Mat image) {
    Mat image_t = mat_new(memory, D, N), s = mat_new(memory, N, N);
    mat_transpose(image, image_t);
    mat_matmul(text, image_t, s);
    return s;
}

/* The largest cosine off the diagonal: the wrong pair that is most similar. */
static void hardest_negative(Mat s, int *caption, int *picture) {
    *caption = 0;
    *picture = 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (i != j && AT(s, i, j) > AT(s, *caption, *picture)) {
                *caption = i;
                *picture = j;
            }
}

/* Caption 0 chooses among the pictures: softmax and cross-entropy, term by term. */
static void print_row_terms(Mat s, double tau, int decimals) {
    double sum = 0, loss = 0;
    for (int j = 0; j < N; j++) sum += exp(AT(s, 0, j) / tau);
    printf("  picture       S / tau    exp(S / tau)  p = exp / sum   q       -q log p\n");
    for (int j = 0; j < N; j++) {
        double z = AT(s, 0, j) / tau, p = exp(z) / sum, q = j == 0, term = q > 0 ? -q * log(p) : 0;
        loss += term;
        printf("  %-10s %10.6f %15.6f %14.*f %3.0f %14.*f\n", pictures[j], z, exp(z), decimals, p, q, decimals, term);
    }
    printf("  %-10s %10s %15.6f %14.*f %3d %14.*f\n", "sum", "", sum, decimals, 1.0, 1, decimals, loss);
}

/* The loss of each row (caption i chooses a picture), of each column (picture i chooses a caption), and their mean. */
static double clip_loss(Arena *memory, Mat s, double tau, int decimals) {
    Mat s_t = mat_new(memory, N, N);
    mat_transpose(s, s_t);
    printf("  %-22s %-*s   %-10s -log p\n", "caption (row)", decimals + 2, "-log p", "picture (column)");
    for (int i = 0; i < N; i++)
        printf("  %-22s %.*f   %-16s %.*f\n", captions[i], decimals, cross_entropy_row(&AT(s, i, 0), N, 1 / tau, i),
               pictures[i], decimals, cross_entropy_row(&AT(s_t, i, 0), N, 1 / tau, i));
    double rows = cross_entropy_diagonal(s, 1 / tau), columns = cross_entropy_diagonal(s_t, 1 / tau);
    printf("  rows: which picture?     %.*f\n", decimals, rows);
    printf("  columns: which caption?  %.*f\n", decimals, columns);
    printf("  CLIP loss, their mean    %.*f\n", decimals, (rows + columns) / 2);
    return (rows + columns) / 2;
}

/* The loss if matching pairs had cosine 1 and all others -1: a lower bound for every matrix of cosines. */
static double best_loss(double tau) { return log1p((N - 1) * exp(-2 / tau)); }

/* The heat map, and the wrong pair with the largest cosine. */
static void show_similarities(const Lesson *lesson, Mat s) {
    static const char *const words[] = { "cat", "car", "mountain", "ramen" };
    Prediction pair = lesson_predict_choice(lesson, words, N, 2,
                                            "Which wrong pair of picture and caption has the largest cosine? Name two "
                                            "of cat, car, mountain, ramen.");
    int caption, picture;
    Heat heat = { .title = "Cosine of every caption with every picture",
                  .values = "cosine",
                  .y = "caption",
                  .x = "picture",
                  .m = s,
                  .rows = captions,
                  .cols = pictures,
                  .decimals = 6,
                  .low = -1,
                  .high = 1 };
    lesson_heat(lesson, "02-similarity", &heat);
    hardest_negative(s, &caption, &picture);
    term_say("Largest cosine of a wrong pair: \"%s\" and the %s, %.6f.\n", captions[caption], pictures[picture],
             AT(s, caption, picture));
    lesson_outcome(lesson, &pair, "\"%s\" and the %s", captions[caption], pictures[picture]);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "02",
                      .title = "The similarity matrix",
                      .takes = "1 second",
                      .next = "make lesson-03",
                      .shows = "The cosines of four captions with four pictures, and the CLIP loss by hand" };
    lesson_begin(&lesson, argc, argv);
    Arena *memory = &lesson.memory;
    Mat image = mat_from(memory, N, D, (double[]){ 0.9, 0.3, -0.7, 0.6, 0.1, -0.95, -0.8, -0.5 });
    Mat text = mat_from(memory, N, D, (double[]){ 0.85, 0.4, -0.6, 0.7, 0.2, -0.9, -0.75, -0.6 });

    lesson_section(&lesson, "1. Unit vectors");
    Mat unit_image = unit_rows(memory, image), unit_text = unit_rows(memory, text);
    print_vectors("picture", pictures, image, unit_image);
    print_vectors("caption", captions, text, unit_text);

    lesson_section(&lesson, "2. S = T I^T: every caption with every picture");
    Mat s = similarities(memory, unit_text, unit_image);
    show_similarities(&lesson, s);

    lesson_section(&lesson, "3. One row: \"a tabby cat\" chooses a picture, tau = 1");
    Prediction said = lesson_predict_number(
        &lesson, 0, 1, "The right cosine is %.2f. What probability does the cat get?", AT(s, 0, 0));
    num p[N];
    softmax_row(&AT(s, 0, 0), N, 1, p);
    print_row_terms(s, 1, 6);
    term_say("Only one term is not 0: the cross-entropy is -log %.6f = %.6f.\n", p[0], -log(p[0]));
    lesson_outcome_number(&lesson, &said, p[0], 6);

    lesson_section(&lesson, "4. All rows, all columns, and the CLIP loss");
    double loss = clip_loss(memory, s, 1, 6);
    term_say("If all cosines were equal, the loss would be log 4 = %.6f.\n", log(N));
    term_say("If they were 1 on the diagonal and -1 elsewhere, it would be %.6f.\n", best_loss(1));

    lesson_section(&lesson, "5. The same cosines at tau = 0.07");
    said = lesson_predict_number(&lesson, 0, 1e6, "The loss was %.6f. What is it when S is divided by 0.07?", loss);
    print_row_terms(s, 0.07, 8);
    loss = clip_loss(memory, s, 0.07, 8);
    term_say("With 1 on the diagonal and -1 elsewhere, it would now be %.2e.\n", best_loss(0.07));
    lesson_outcome_number(&lesson, &said, loss, 8);
    return lesson_end(&lesson);
}
