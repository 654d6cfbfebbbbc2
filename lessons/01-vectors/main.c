/* Lesson 01: vectors. Dot product, length and cosine of two vectors, and why a similarity must not depend on length.
 * Before: nothing. The page is README.md beside this file. */
#include "lesson/lesson.h"

#include <math.h>

enum { D = 2, N = 4, STEPS = 41 };

static const char *const pictures[] = { "cat", "car", "mountain", "ramen" };
static const char *const captions[] = { "a tabby cat", "a red sports car", "a mountain landscape", "a bowl of ramen" };
enum { CAT, CAR, MOUNTAIN, RAMEN };

static void dot_product(const num *x, const num *t) {
    term_say("  x . t = %.2f * %.2f + %.2f * %.2f = %.6f + %.6f = %.6f\n", x[0], t[0], x[1], t[1], x[0] * t[0],
             x[1] * t[1], vec_dot(x, t, D));
}

static void length(const char *name, const num *x) {
    term_say("  |%s| = sqrt(%.2f^2 + %.2f^2) = sqrt(%.6f) = %.6f\n", name, x[0], x[1], vec_dot(x, x, D),
             vec_norm(x, D));
}

static void cosine(const num *x, const num *t) {
    double cosine = vec_cosine(x, t, D);
    term_say("  cos(x, t) = x . t / (|x| |t|) = %.6f / (%.6f * %.6f) = %.6f\n", vec_dot(x, t, D), vec_norm(x, D),
             vec_norm(t, D), cosine);
    printf("  the angle between them: %.3f degrees\n", acos(cosine) * 180 / acos(-1));
}

static void unit_vectors(Mat pair) {
    const num *x = &AT(pair, 0, 0), *t = &AT(pair, 1, 0);
    mat_normalise_rows(pair);
    num gap[D] = { x[0] - t[0], x[1] - t[1] };
    term_say("  u = x / |x| = (%.6f, %.6f), length %.6f\n", x[0], x[1], vec_norm(x, D));
    term_say("  v = t / |t| = (%.6f, %.6f), length %.6f\n", t[0], t[1], vec_norm(t, D));
    printf("  u . v     = %.6f   the cosine, without a division\n", vec_dot(x, t, D));
    printf("  |u - v|^2 = %.6f   2 - 2 cos = %.6f: a large cosine is a small distance\n", vec_dot(gap, gap, D),
           2 - 2 * vec_dot(x, t, D));
}

/* One picture against all captions: raw dot product and cosine, side by side. */
static void one_against_all(const num *x, Mat text) {
    printf("  %-22s %9s %9s\n", "caption", "x . t", "cos(x, t)");
    for (int i = 0; i < N; i++)
        printf("  %-22s %9.6f %9.6f\n", captions[i], vec_dot(x, &AT(text, i, 0), D), vec_cosine(x, &AT(text, i, 0), D));
}

/* The mountain caption multiplied by k = 1..5: its direction stays the same, its length grows. */
static void lengthen(const num *x, const num *right, const num *wrong) {
    printf("           dot product                            cosine\n");
    printf("  k   mountain     ramen   prefers         mountain     ramen   prefers\n");
    for (int k = 1; k <= 5; k++) {
        num longer[D] = { k * wrong[0], k * wrong[1] };
        double dots[] = { vec_dot(x, longer, D), vec_dot(x, right, D) };
        double cosines[] = { vec_cosine(x, longer, D), vec_cosine(x, right, D) };
        printf("  %d   %.6f  %.6f   %-12s    %.6f  %.6f   %s\n", k, dots[0], dots[1],
               dots[0] > dots[1] ? "mountain" : "ramen", cosines[0], cosines[1],
               cosines[0] > cosines[1] ? "mountain" : "ramen");
    }
}

static void draw(const Lesson *lesson, const num *x, const num *right, const num *wrong) {
    num k[STEPS], dot_wrong[STEPS], dot_right[STEPS], cos_wrong[STEPS], cos_right[STEPS];
    for (int i = 0; i < STEPS; i++) {
        k[i] = 1 + (num)(4.0 * i / (STEPS - 1));
        num longer[D] = { k[i] * wrong[0], k[i] * wrong[1] };
        dot_wrong[i] = (num)vec_dot(x, longer, D);
        cos_wrong[i] = (num)vec_cosine(x, longer, D);
        dot_right[i] = (num)vec_dot(x, right, D);
        cos_right[i] = (num)vec_cosine(x, right, D);
    }
    Series series[] = { { "dot, mountain", k, dot_wrong, STEPS },
                        { "dot, ramen", k, dot_right, STEPS },
                        { "cosine, mountain", k, cos_wrong, STEPS },
                        { "cosine, ramen", k, cos_right, STEPS } };
    Lines lines = { .title = "The picture of ramen against two captions",
                    .y = "similarity",
                    .x = "k: how many times as long the mountain caption is",
                    .series = series,
                    .count = 4 };
    lesson_lines(lesson, "01-magnitude", &lines);
}

int main(int argc, char **argv) {
    Lesson lesson = { .number = "01",
                      .title = "Vectors",
                      .takes = "1 second",
                      .next = "make lesson-02",
                      .shows = "How similar two vectors are, and why their lengths must not count" };
    lesson_begin(&lesson, argc, argv);
    Mat image = mat_from(&lesson.memory, N, D, (double[]){ 0.9, 0.3, -0.7, 0.6, 0.1, -0.95, -0.8, -0.5 });
    Mat text = mat_from(&lesson.memory, N, D, (double[]){ 0.85, 0.4, -0.6, 0.7, 0.2, -0.9, -0.75, -0.6 });
    const num *x = &AT(image, CAT, 0), *t = &AT(text, CAT, 0);

    lesson_section(&lesson, "1. A picture and a caption, each a vector");
    printf("  picture \"%s\"           x = (%.2f, %.2f)\n", pictures[CAT], x[0], x[1]);
    printf("  caption \"%s\"   t = (%.2f, %.2f)\n", captions[CAT], t[0], t[1]);

    lesson_section(&lesson, "2. The dot product: multiply number by number, add up");
    dot_product(x, t);

    lesson_section(&lesson, "3. The length: the dot product with itself, and the square root");
    length("x", x);
    length("t", t);

    lesson_section(&lesson, "4. The cosine: the dot product divided by both lengths");
    cosine(x, t);

    lesson_section(&lesson, "5. Unit vectors: divide once, at the start");
    unit_vectors(mat_from(&lesson.memory, 2, D, (double[]){ x[0], x[1], t[0], t[1] }));

    lesson_section(&lesson, "6. The picture \"ramen\" against every caption");
    const num *ramen = &AT(image, RAMEN, 0), *right = &AT(text, RAMEN, 0), *wrong = &AT(text, MOUNTAIN, 0);
    one_against_all(ramen, text);

    lesson_section(&lesson, "7. The caption \"a mountain landscape\", k times as long");
    Prediction said =
        lesson_predict_number(&lesson, 0, 1e6, "From which k on does the dot product prefer the mountain?");
    lengthen(ramen, right, wrong);
    double k = vec_dot(ramen, right, D) / vec_dot(ramen, wrong, D);
    term_say("The dot products are equal at k = %.6f / %.6f = %.6f.\n", vec_dot(ramen, right, D),
             vec_dot(ramen, wrong, D), k);
    printf("The cosines do not depend on k.\n");
    lesson_outcome_number(&lesson, &said, k, 6);
    draw(&lesson, ramen, right, wrong);
    return lesson_end(&lesson);
}
