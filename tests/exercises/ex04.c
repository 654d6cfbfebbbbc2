#include "exam.h"

/* The mean of -log softmax over rows (or, turned, columns) of image text^T * scale, at the diagonal. */
static double direction(Mat image, Mat text, double scale, bool turned) {
    int B = image.shape[0], E = image.shape[1];
    double loss = 0;
    for (int i = 0; i < B; i++) {
        double sum = 0, own = 0;
        for (int j = 0; j < B; j++) {
            const num *a = &AT(image, turned ? j : i, 0), *b = &AT(text, turned ? i : j, 0);
            double dot = 0;
            for (int e = 0; e < E; e++) dot += (double)a[e] * (double)b[e];
            sum += exp(scale * dot - scale);
            if (i == j) own = scale * dot - scale;
        }
        loss += log(sum) - own;
    }
    return loss / B;
}

static void loss_case(Mat image, Mat text, double tau) {
    int B = image.shape[0];
    double rows = direction(image, text, 1 / tau, false), columns = direction(image, text, 1 / tau, true);
    double multiplied = (direction(image, text, tau, false) + direction(image, text, tau, true)) / 2;
    double plain = (direction(image, text, 1, false) + direction(image, text, 1, true)) / 2,
           half = (rows + columns) / 2;
    exam_case("image = %s, text = %s, tau = %g", exam_matrix(image), exam_matrix(text), tau);
    exam_number(symmetric_loss(image, text, tau),
                (double[]){ half, rows, rows / 2, columns, columns / 2, rows + columns, B * half, 2 * B * half,
                            multiplied, plain },
                "symmetric_loss(image, text, tau)");
}

static void check_loss(void) {
    loss_case(exam_from(2, 2, (double[]){ 1, 0, 0.6, 0.8 }), exam_from(2, 2, (double[]){ 1, 0, 0, 1 }), 1);
    loss_case(exam_from(2, 2, (double[]){ 1, 0, 0.6, 0.8 }), exam_from(2, 2, (double[]){ 1, 0, 0, 1 }), 0.5);
    for (int k = 0; k < 4; k++) {
        Mat image = exam_random(3 + k, 4, 1), text = exam_random(3 + k, 4, 1);
        mat_normalise_rows(image);
        mat_normalise_rows(text);
        loss_case(image, text, (double[]){ 0.5, 0.25, 2, 0.07 }[k]);
    }
}

static const Part parts[] = {
    { .name = "symmetric_loss", .check = check_loss, .tolerance = 2e-5,
      .mistakes = {
          { "one-direction", "only the rows count (picture -> caption), or the rows count twice: the other direction "
                             "is that of the transposed logits" },
          { "one-direction", "only the rows count (picture -> caption), and half of them: the columns are missing" },
          { "wrong-axis", "the softmax runs down the columns, the wrong axis, where it should run along the rows: only "
                          "caption -> picture counts" },
          { "wrong-axis", "the softmax runs down the columns alone, the wrong axis for the other direction, and "
                          "half of it is lost" },
          { "sum", "the two directions were added up: their mean is half of that" },
          { "sum", "the rows were added up, sum for mean: the loss is B times too large" },
          { "sum", "everything was added up, sum for mean: the loss is 2 B times too large" },
          { "multiplied", "the cosines were multiplied by the temperature: they are divided by it" },
          { "no-temperature", "the temperature was not used" },
      } },
};

const Exam exam = {
    .number = "04", .title = "clip loss", .parts = parts, .count = COUNT(parts),
    .proved = "matching is a question in two directions, and each has its own softmax.",
    .in_clip = "clip_loss in lib/model/clip_loss.c; in the paper, the pseudocode of Figure 3.",
};
