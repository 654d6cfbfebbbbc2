/* metrics: how often a classifier is right, where it is wrong, and how sure that is.
 *
 * Labels are ints 0 .. classes-1. A share of few examples is a guess, so every share comes with its interval.
 */
#ifndef METRICS_H
#define METRICS_H

#include "core/mat.h"

/* best[r] = argmax_c scores[r,c]; of equals the lowest c.   scores [B,C] with C >= 1 -> best [B]
 * False if a score is NaN, naming row and column, for no answer would be honest; infinities are numbers like others.
 * `best` is then untouched. */
bool metrics_argmax(Mat scores, int *best, Err *err);

/* `right` of `of`, and the interval that holds the true share with 95 % confidence. With `of` 0 nothing is known: the
 * interval is 0 to 1 and `share` is NaN. */
typedef struct {
    int right, of;
    double proportion, low, high;
} Rate;

/* Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
 * J. Am. Stat. Assoc. 22, 1927): the shares p that k of n does not contradict, |k/n - p| <= z sqrt(p (1 - p) / n),
 *     (s + z^2/2n +- z sqrt(s (1 - s)/n + z^2/4n^2)) / (1 + z^2/n),      s = k/n,  z = 1.959964
 * Unlike s +- z sqrt(s (1 - s)/n) it never leaves 0..1 and does not shrink to a point at 0 and n.
 * Wants 0 <= right <= of. */
Rate metrics_wilson(int right, int of);

/* The same for a mean of numbers from 0 to 1, such as a share in which ties count half. Their variance is at most s (1 - s),
 * so the interval is at worst a little too wide. Wants 0 <= share <= 1 and of >= 1. */
void metrics_interval(double share, double of, double *low, double *high);

/* Two classifiers asked about the same n examples. Those that both got right, or both wrong, say nothing about which is
 * better; of the others one expects half on each side when they are equally good. p is the probability of a split at
 * least as uneven as this, from a fair coin thrown first + second times (Q. McNemar, "Note on the sampling error of the
 * difference between correlated proportions or percentages", Psychometrika 12, 1947, in its exact form):
 *     p = min(1, 2 sum_{i <= min(first, second)} C(m, i) / 2^m),      m = first + second
 * Wants first, second >= 0. */
double metrics_mcnemar(int first, int second);

/* What metrics_mcnemar wants. */
typedef struct {
    int first, second;
} Discordant;

/* How many of n examples only the first, and only the second of two answers has right. */
Discordant metrics_discordant(const int *truth, const int *a, const int *b, int n);

/* count[truth * classes + predicted]: rows are what the pictures show, columns what the model said. */
typedef struct {
    int classes, *count;
} Confusion;

/* Counts n pairs; on the arena. A label outside 0 .. classes-1 stops. */
Confusion metrics_confusion(Arena *arena, const int *truth, const int *predicted, int n, int classes);

Rate confusion_overall(Confusion confusion);          /* the diagonal among all */
Rate confusion_class(Confusion confusion, int truth); /* the diagonal within one row */

#endif
