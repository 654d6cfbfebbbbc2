#include "exam.h"

static double dot(const num *a, const num *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* ---- normalise --------------------------------------------------------------------------------------------------- */

static void normalise_case(const num *v, int n) {
    Mat unit = exam_room(1, n);
    memcpy(unit.v, v, (size_t)n * sizeof *v);
    exam_case("v = %s", exam_vector(v, n));
    normalise(unit.v, n);
    double squared = dot(v, v, n), sum = 0;
    for (int i = 0; i < n; i++) sum += fabs((double)v[i]);
    for (int i = 0; i < n; i++) {
        double x = (double)v[i];
        exam_number((double)unit.v[i], (double[]){ x / sqrt(squared), x / squared, x / sum, x }, "v[%d] afterwards", i);
    }
}

static void check_normalise(void) {
    normalise_case((num[]){ 3, 4 }, 2);
    normalise_case((num[]){ 0, -2, 0 }, 3);
    normalise_case((num[]){ 1, -2, 2, 4 }, 4);
    for (int k = 0; k < 3; k++) {
        int n = 5 + (int)rng_below(exam_rng(), 40);
        normalise_case(exam_random(1, n, 3).v, n);
    }
}

/* ---- cosine ------------------------------------------------------------------------------------------------------ */

static void cosine_case(const num *given_a, const num *given_b, int n) {
    const num *a = exam_copy(given_a, n), *b = exam_copy(given_b, n);
    Mat kept = exam_room(2, n);
    memcpy(&AT(kept, 0, 0), a, (size_t)n * sizeof *a);
    memcpy(&AT(kept, 1, 0), b, (size_t)n * sizeof *b);
    exam_case("a = %s, b = %s", exam_vector(a, n), exam_vector(b, n));
    double ab = dot(a, b, n), aa = dot(a, a, n), bb = dot(b, b, n);
    exam_number(cosine(a, b, n),
                (double[]){ ab / sqrt(aa * bb), ab / (aa * bb), ab / sqrt(aa), ab / sqrt(bb), ab / aa, ab / bb, ab },
                "cosine(a, b)");
    if (memcmp(&AT(kept, 0, 0), a, (size_t)n * sizeof *a) || memcmp(&AT(kept, 1, 0), b, (size_t)n * sizeof *b))
        exam_wrong("changed",
                   "a or b was changed: cosine must leave its inputs as they are. Compute the lengths beside them.");
}

static void check_cosine(void) {
    cosine_case((num[]){ 3, 4 }, (num[]){ 4, 3 }, 2);
    cosine_case((num[]){ 1, 0 }, (num[]){ 0, 2 }, 2);
    cosine_case((num[]){ 1, 2, 2 }, (num[]){ -2, -4, -4 }, 3);
    for (int k = 0; k < 4; k++) {
        int n = 3 + (int)rng_below(exam_rng(), 30);
        cosine_case(exam_random(1, n, 2).v, exam_random(1, n, 5).v, n);
    }
}

static const Part parts[] = {
    { .name = "normalise", .check = check_normalise, .tolerance = 1e-5,
      .mistakes = {
          { "no-root", "v was divided by the sum of its squares, without the square root" },
          { "sum", "v was divided by the sum of its numbers' sizes, not by its length" },
          { "unchanged", "v is as it was before" },
      } },
    { .name = "cosine", .check = check_cosine, .tolerance = 1e-5,
      .mistakes = {
          { "no-root", "a.b was divided by (a.a)(b.b): the square roots are missing, a length is sqrt(a.a)" },
          { "one-side", "only a was normalised; b still has its own length" },
          { "one-side", "only b was normalised; a still has its own length" },
          { "squared-length", "a.b was divided by the squared length a.a instead of by |a| |b|" },
          { "squared-length", "a.b was divided by the squared length b.b instead of by |a| |b|" },
          { "no-length", "this is a.b itself, not yet divided by the two lengths" },
      } },
};

const Exam exam = {
    .number = "01", .title = "cosine", .parts = parts, .count = COUNT(parts),
    .proved = "a cosine does not know how long its vectors are, only where they point.",
    .in_clip = "both towers' outputs are divided by their length before anything is compared (lib/model/clip.c, clip_image).",
};
