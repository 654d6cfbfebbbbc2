/* metrics: how often a classifier is right, where it is wrong, and how certain that is. Labels are 0 .. classes-1. */
#ifndef METRICS_H
#define METRICS_H

#include "core/mat.h"

/* best[r] = argmax_c scores[r,c]; of equals the lowest c.   scores [B,C], C >= 1 -> best [B]
 * False, naming row and column, if a score is NaN; `best` is then not written. Infinities are ordinary scores. */
bool metrics_argmax(Mat scores, int *best, Err *err);

/* `right` of `of`, and its interval of 95 % confidence. With of = 0 the interval is 0 to 1 and the proportion NaN. */
typedef struct {
    int right, of;
    double proportion, low, high;
} Rate;

/* Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
 * J. Am. Stat. Assoc. 22, 1927): the p with |s - p| <= z sqrt(p (1 - p) / n), s = k/n, z = 1.959964, which are
 *     (s + z^2/2n +- z sqrt(s (1 - s)/n + z^2/4n^2)) / (1 + z^2/n)
 * It lies within 0..1, and is not a point at k = 0 or n, as s +- z sqrt(s (1 - s)/n) is. Wants 0 <= right <= of. */
Rate metrics_wilson(int right, int of);

/* The same for a mean of numbers from 0 to 1, such as a proportion in which ties count half. Their variance is at most
 * s (1 - s), so the interval is at worst too wide. Wants 0 <= proportion <= 1 and of >= 1. */
void metrics_interval(double proportion, double of, double *low, double *high);

typedef struct {
    int classes, *count; /* count[truth * classes + predicted] */
} Confusion;

/* Counts n pairs; on the arena. Stops for a label outside 0 .. classes-1. */
Confusion metrics_confusion(Arena *arena, const int *truth, const int *predicted, int n, int classes);
Rate confusion_overall(Confusion confusion);          /* the diagonal among all */
Rate confusion_class(Confusion confusion, int truth); /* the diagonal of one row */

#endif
