#include "evaluate/metrics.h"

#include <math.h>

static const double Z95 = 1.959964; /* 95 % of a normal distribution lie within +- z */

bool metrics_argmax(Mat scores, int *best, Err *err) {
    REQUIRE(scores.dims == 2 && scores.shape[1] >= 1, "scores are %s, want [B,C], C at least 1",
            mat_shape_text(scores));
    int B = scores.shape[0], C = scores.shape[1];
    for (int r = 0; r < B; r++)
        for (int c = 0; c < C; c++)
            if (isnan(AT(scores, r, c)))
                return err_set(err, "score %d of row %d is not a number: the weights or the input are broken", c, r);
    for (int r = 0; r < B; r++) {
        best[r] = 0;
        for (int c = 1; c < C; c++)
            if (AT(scores, r, c) > AT(scores, r, best[r])) best[r] = c;
    }
    return true;
}

/* zz = z^2 / n */
void metrics_interval(double s, double n, double *low, double *high) {
    REQUIRE(s >= 0 && s <= 1 && n >= 1, "a proportion of %g among %g, want 0 to 1 among 1 or more", s, n);
    double zz = Z95 * Z95 / n, centre = (s + zz / 2) / (1 + zz);
    double half = sqrt(s * (1 - s) * zz + zz * zz / 4) / (1 + zz);
    *low = s == 0 ? 0 : centre - half; /* 0 and 1 without rounding errors */
    *high = s == 1 ? 1 : centre + half;
}

Rate metrics_wilson(int right, int of) {
    REQUIRE(0 <= right && right <= of, "%d right of %d", right, of);
    if (of == 0) return (Rate){ .proportion = NAN, .low = 0, .high = 1 };
    Rate rate = { .right = right, .of = of, .proportion = (double)right / of };
    metrics_interval(rate.proportion, of, &rate.low, &rate.high);
    return rate;
}

Confusion metrics_confusion(Arena *arena, const int *truth, const int *predicted, int n, int classes) {
    REQUIRE(n >= 0 && classes >= 1, "%d labels of %d classes", n, classes);
    Confusion confusion = { classes, arena_zero(arena, size_mul((size_t)classes, (size_t)classes), sizeof(int)) };
    for (int i = 0; i < n; i++) {
        REQUIRE(0 <= truth[i] && truth[i] < classes && 0 <= predicted[i] && predicted[i] < classes,
                "example %d: truth %d, predicted %d, want 0 to %d", i, truth[i], predicted[i], classes - 1);
        confusion.count[(size_t)truth[i] * (size_t)classes + (size_t)predicted[i]]++;
    }
    return confusion;
}

Rate confusion_class(Confusion confusion, int truth) {
    REQUIRE(0 <= truth && truth < confusion.classes, "class %d of %d", truth, confusion.classes);
    const int *row = confusion.count + (size_t)truth * (size_t)confusion.classes;
    int of = 0;
    for (int c = 0; c < confusion.classes; c++) of += row[c];
    return metrics_wilson(row[truth], of);
}

Rate confusion_overall(Confusion confusion) {
    int right = 0, of = 0;
    for (int c = 0; c < confusion.classes; c++) {
        Rate rate = confusion_class(confusion, c);
        right += rate.right;
        of += rate.of;
    }
    return metrics_wilson(right, of);
}
