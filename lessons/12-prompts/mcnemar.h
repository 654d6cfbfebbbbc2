/* mcnemar: a test of whether two classifiers differ. */
#ifndef MCNEMAR_H
#define MCNEMAR_H

/* Of n examples, only the first classifier has `first` right, and only the second has `second` right. If both are
 * equally good, each is as probable; p is the probability of a split at least as uneven (Q. McNemar, "Note on the
 * sampling error of the difference between correlated proportions or percentages", Psychometrika 12, 1947; exact form):
 *     p = min(1, 2 sum_{i <= min(first, second)} C(m, i) / 2^m),      m = first + second
 * Wants first, second >= 0. */
double mcnemar(int first, int second);

/* The two counts for mcnemar, of n examples with answers a and b. */
typedef struct {
    int first, second;
} Discordant;
Discordant discordant_pairs(const int *truth, const int *a, const int *b, int n);

#endif
