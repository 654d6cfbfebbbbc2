#include "exam.h"

enum { RIGHT, NOT_AGAIN, NOT_AGAIN_SUM, BEFORE, RAW, MODELS };

static void model_class(Mat each, int c, int K, double *out[MODELS]) {
    int E = each.shape[1];
    for (int m = 0; m < MODELS; m++) memset(out[m], 0, (size_t)E * sizeof(double));
    for (int k = 0; k < K; k++) {
        const num *v = &AT(each, c * K + k, 0);
        double length = vec_norm(v, E);
        for (int e = 0; e < E; e++) {
            double x = (double)v[e];
            out[RIGHT][e] += x / length, out[NOT_AGAIN][e] += x / length / K, out[NOT_AGAIN_SUM][e] += x / length;
            out[BEFORE][e] += x, out[RAW][e] += x / K;
        }
    }
    for (int m = RIGHT; m <= BEFORE; m += BEFORE) {
        double squares = 0;
        for (int e = 0; e < E; e++) squares += out[m][e] * out[m][e];
        for (int e = 0; e < E; e++) out[m][e] /= sqrt(squares);
    }
}

static void ensemble_case(Mat each, int K) {
    int C = each.shape[0] / K, E = each.shape[1];
    double *out[MODELS];
    for (int m = 0; m < MODELS; m++) out[m] = arena_alloc(exam_arena(), (size_t)E, sizeof(double));
    Mat classes = exam_room(C, E), given = exam_guarded(each);
    exam_case("K = %d, each = %s", K, exam_matrix(each));
    prompt_ensemble(given, K, classes);
    if (memcmp(given.v, each.v, mat_count(each) * sizeof(num)))
        exam_wrong("changed", "`each` was changed; it must stay as it is.");
    for (int c = 0; c < C; c++) {
        model_class(each, c, K, out);
        for (int e = 0; e < E; e++) {
            double numbers[MODELS];
            for (int m = 0; m < MODELS; m++) numbers[m] = out[m][e];
            exam_number((double)AT(classes, c, e), numbers, "classes[%d,%d]", c, e);
        }
    }
}

static void check_ensemble(void) {
    ensemble_case(exam_from(2, 2, (double[]){ 3, 0, 0, 1 }), 2);
    ensemble_case(exam_from(4, 2, (double[]){ 3, 4, 4, 3, 0, 2, 0.5, 0 }), 2);
    for (int k = 0; k < 3; k++) {
        int K = 2 + k, C = 2 + (int)rng_below(exam_rng(), 4), E = 4 + 3 * k;
        Mat each = exam_random(C * K, E, 1);
        for (int r = 0; r < C * K; r++) { /* of very different lengths, and not cancelling out */
            double longer = 0.2 + 4 * rng_uniform(exam_rng());
            AT(each, r, 0) += 2;
            for (int e = 0; e < E; e++) AT(each, r, e) *= (num)longer;
        }
        ensemble_case(each, K);
    }
}

static const Part parts[] = {
    { .name = "prompt_ensemble", .check = check_ensemble, .tolerance = 1e-5,
      .mistakes = {
          { "not-again", "the mean was not normalised again: it is shorter than 1, and more so where the texts "
                         "disagree" },
          { "not-again", "the sum of the unit vectors was not normalised again" },
          { "before", "the mean was taken before normalising: the longest text counts most" },
          { "raw", "nothing was normalised: this is the mean of the texts as they came" },
      } },
};

const Exam exam = {
    .number = "09", .title = "prompt ensemble", .parts = parts, .count = COUNT(parts),
    .proved = "several wordings make one direction: unit vectors, their mean, and unit length again.",
    .in_clip = "section 3.1.4 of the paper (80 templates for ImageNet); lib/evaluate/zeroshot.c, zeroshot_classes.",
};
