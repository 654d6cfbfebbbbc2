#include "calibration.h"
#include "core/softmax.h"

#include <math.h>

static const double SCALE_LOW = 0.01, SCALE_HIGH = 10000;

static void scores_require(Mat scores, const int *truth) {
    REQUIRE(scores.dims == 2 && scores.shape[0] >= 1 && scores.shape[1] >= 1, "scores are %s, want [n,C], not empty",
            mat_shape_text(scores));
    for (int i = 0; i < scores.shape[0]; i++)
        REQUIRE(0 <= truth[i] && truth[i] < scores.shape[1], "example %d is of class %d of %d", i, truth[i],
                scores.shape[1]);
}

Calibration calibration_measure(Mat scores, const int *truth, double scale) {
    scores_require(scores, truth);
    REQUIRE(scale > 0, "scale is %g, want more than 0", scale);
    int C = scores.shape[1];
    Calibration k = { .n = scores.shape[0] };
    for (int i = 0; i < k.n; i++) {
        const num *x = &AT(scores, i, 0);
        int best = 0;
        for (int c = 1; c < C; c++)
            if (x[c] > x[best]) best = c;
        double p = exp(-cross_entropy_row(x, C, scale, best));
        int bin = (int)ceil(p * CALIBRATION_BINS) - 1;
        CalibrationBin *b = &k.bin[bin < 0 ? 0 : MIN(bin, CALIBRATION_BINS - 1)];
        b->count++;
        b->confidence += p;
        b->right += best == truth[i];
        k.loss += cross_entropy_row(x, C, scale, truth[i]) / k.n;
    }
    for (int m = 0; m < CALIBRATION_BINS; m++) {
        CalibrationBin *b = &k.bin[m];
        k.confidence += b->confidence / k.n;
        k.right += b->right / k.n;
        k.ece += fabs(b->right - b->confidence) / k.n;
        if (b->count) {
            b->confidence /= b->count;
            b->right /= b->count;
        }
    }
    return k;
}

/* n times d loss / d scale = sum over examples of (sum_c p_c x_c - x_truth). It rises with the scale. */
static double loss_slope(Mat scores, const int *truth, double scale) {
    double sum = 0;
    int C = scores.shape[1];
    for (int i = 0; i < scores.shape[0]; i++) {
        const num *x = &AT(scores, i, 0);
        double all = log_sum_exp(x, C, scale);
        for (int c = 0; c < C; c++) sum += exp(scale * (double)x[c] - all) * ((double)x[c] - (double)x[truth[i]]);
    }
    return sum;
}

double calibration_scale(Mat scores, const int *truth) {
    scores_require(scores, truth);
    double low = log(SCALE_LOW), high = log(SCALE_HIGH);
    for (int step = 0; step < 60; step++) {
        double middle = (low + high) / 2;
        if (loss_slope(scores, truth, exp(middle)) > 0) high = middle;
        else low = middle;
    }
    return exp((low + high) / 2);
}
