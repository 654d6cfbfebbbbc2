/* Pair score: how often a model prefers the right caption of a picture and the right picture of a caption.
 *
 * An item has P pictures and K captions. Caption k < P is true of picture k alone; captions k >= P are true of none. A
 * model gives picture p and caption k the similarity s[K p + k]. Two kinds of item:
 *   P = 2, K = 2   minimal pair (Winoground: Thrush et al. 2022, arXiv:2204.03162, section 3.2); four comparisons
 *   P = 1, K >= 2  one picture, of whose captions the first is true; K - 1 comparisons
 *
 * Scores from 0 to 1. In brackets: the score of random similarities, for a minimal pair and for one picture.
 *   choice  fraction of pictures that prefer their own caption to every other       (1/2, 1/K)
 *   text    1 if every picture prefers its own caption                              (1/4, 1/K)
 *   image   1 if every caption prefers its own picture; not defined for one picture (1/4, -)
 *   group   text and image together: 2! 2! of the 4! orders of four numbers         (1/6, 1/K)
 * A tie counts half; among k equal captions each counts 1/k. This is the expected score when ties are broken at random.
 */
#ifndef PAIR_SCORE_H
#define PAIR_SCORE_H

#include "core/base.h"

typedef enum { PAIR_METRIC_CHOICE, PAIR_METRIC_TEXT, PAIR_METRIC_IMAGE, PAIR_METRIC_GROUP, PAIR_METRICS } PairMetric;

enum { PAIR_SCORE_CAPTIONS = 8 };

typedef struct {
    int pictures, captions; /* P, K; the same for all items */
    int items;
    double sum[PAIR_METRICS]; /* over the items */
    int ties, comparisons;
} PairScore;

/* A score of no items. Wants P = 2 and K = 2, or P = 1 and K from 2 to PAIR_SCORE_CAPTIONS. */
PairScore pair_score_new(int pictures, int captions);
/* Adds an item with similarities s [P,K]. Stops the program (REQUIRE) if one of them is NaN. */
void pair_score_add(PairScore *score, const double *s);

const char *pair_metric_name(PairMetric metric); /* "choice" ... */

/* The score of random similarities; NaN if the metric is not defined. */
double pair_score_chance(const PairScore *score, PairMetric metric);

typedef struct {
    double fraction, low, high, chance;
} PairScoreRate;

/* The mean over the items with Wilson's 95 % interval (evaluate/metrics.h). An item counts as one observation, also in
 * `choice`, because the two choices of a minimal pair are not independent. Without items, or if the metric is not
 * defined, fraction is NaN and the interval 0 to 1. */
PairScoreRate pair_score_rate(const PairScore *score, PairMetric metric);

#endif
