#include "exam.h"

enum { RIGHT, RAW, TURNED, COLUMNS, TEXT_ONLY, IMAGE_ONLY, MODELS };

static double product(Mat text, int n, Mat image, int m) {
    double sum = 0;
    for (int d = 0; d < text.shape[1]; d++) sum += (double)AT(text, n, d) * (double)AT(image, m, d);
    return sum;
}

/* The rows of text and image with each column made of length 1 instead of each row. */
static double product_of_columns(Mat text, int n, Mat image, int m) {
    double sum = 0;
    for (int d = 0; d < text.shape[1]; d++) {
        double t = 0, i = 0;
        for (int r = 0; r < text.shape[0]; r++) t += pow((double)AT(text, r, d), 2);
        for (int r = 0; r < image.shape[0]; r++) i += pow((double)AT(image, r, d), 2);
        sum += (double)AT(text, n, d) * (double)AT(image, m, d) / sqrt(t * i);
    }
    return sum;
}

static void similarity_case(Mat text, Mat image) {
    int N = text.shape[0], M = image.shape[0];
    Mat s = exam_room(N, M), before = mat_new(exam_arena(), N + M, text.shape[1]);
    memcpy(before.v, text.v, mat_count(text) * sizeof(num));
    memcpy(&AT(before, N, 0), image.v, mat_count(image) * sizeof(num));
    exam_case("text = %s, image = %s", exam_matrix(text), exam_matrix(image));
    similarity_matrix(text, image, s);
    if (memcmp(before.v, text.v, mat_count(text) * sizeof(num)) ||
        memcmp(&AT(before, N, 0), image.v, mat_count(image) * sizeof(num)))
        exam_wrong(
            "changed",
            "text or image was changed. They must stay as they are: copy them, or divide by the lengths later.");
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) {
            double t = sqrt(product(text, n, text, n)), i = sqrt(product(image, m, image, m)),
                   raw = product(text, n, image, m);
            double turned = EXAM_ANY;
            if (N == M)
                turned = product(text, m, image, n) / sqrt(product(text, m, text, m) * product(image, n, image, n));
            exam_number((double)AT(s, n, m),
                        (double[MODELS]){ [RIGHT] = raw / (t * i),
                                          [RAW] = raw,
                                          [TURNED] = turned,
                                          [COLUMNS] = product_of_columns(text, n, image, m),
                                          [TEXT_ONLY] = raw / t,
                                          [IMAGE_ONLY] = raw / i },
                        "s[%d,%d], text %d with picture %d", n, m, n, m);
        }
}

static void check_similarity(void) {
    similarity_case(exam_from(2, 2, (double[]){ 3, 4, 0, 5 }), exam_from(2, 2, (double[]){ 4, 3, 0, 2 }));
    similarity_case(exam_from(4, 2, (double[]){ 0.85, 0.4, -0.6, 0.7, 0.2, -0.9, -0.75, -0.6 }),
                    exam_from(4, 2, (double[]){ 0.9, 0.3, -0.7, 0.6, 0.1, -0.95, -0.8, -0.5 }));
    for (int k = 0; k < 3; k++) {
        int N = 3 + k, D = 4 + (int)rng_below(exam_rng(), 8);
        similarity_case(exam_random(N, D, 2), exam_random(N, D, 0.7));
    }
    similarity_case(exam_random(3, 5, 1), exam_random(6, 5, 1));
    similarity_case(exam_random(5, 4, 1), exam_random(2, 4, 1));
}

static const Part parts[] = {
    { .name = "similarity_matrix", .check = check_similarity, .tolerance = 1e-5,
      .mistakes = {
          { "not-normalised", "the vectors were not made unit length, so that long ones win" },
          { "transposed", "s is transposed: row n must belong to text n, column m to picture m" },
          { "columns", "the columns were given the length 1 instead of the rows: a vector is a row" },
          { "one-side", "only the texts were made unit length" },
          { "one-side", "only the pictures were made unit length" },
      } },
};

const Exam exam = {
    .number = "02", .title = "similarity matrix", .parts = parts, .count = COUNT(parts),
    .proved = "one matrix product of unit vectors compares every caption with every picture.",
    .in_clip = "clip_logits in lib/model/clip_loss.c, times the learnt scale; in the paper, the matrix of Figure 1.",
};
