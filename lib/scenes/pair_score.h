/* tally: how often the right one is preferred, when pictures choose captions and captions choose pictures.
 *
 * An item has P pictures and K captions; caption k is true of picture k and of no other, captions beyond P are true of
 * none. A model gives each pair a number, s[K p + k]. Two kinds of item:
 *   P = 2, K = 2   a quad (Thrush et al. 2022, "Winoground", arXiv:2204.03162, section 3.2), four comparisons
 *   P = 1, K >= 2  a picture and captions of which the first alone is right; K - 1 comparisons
 *
 * Scores, each from 0 to 1; in brackets what guessing gets, for a quad and for one picture:
 *   choice  the share of pictures that prefer their own caption to every other            (1/2, 1/K)
 *   text    every picture prefers its own caption                                         (1/4, 1/K)
 *   image   every caption prefers its own picture; of one picture there is none to choose (1/4, not defined)
 *   group   text and image together: 2! 2! of the 4! orders of four numbers               (1/6, 1/K)
 * Equal numbers are no preference: ties are broken by a fair lot, and the score is its mean over all lots. So a tie
 * between two counts half, who gives the same number to all gets what guessing gets, and how many comparisons were
 * tied is counted.
 */
#ifndef PAIR_SCORE_H
#define PAIR_SCORE_H

#include "core/base.h"

typedef enum { PAIR_METRIC_CHOICE, PAIR_METRIC_TEXT, PAIR_METRIC_IMAGE, PAIR_METRIC_GROUP, PAIR_METRICS } PairMetric;

enum { PAIR_SCORE_PICTURES = 2, PAIR_SCORE_CAPTIONS = 8 };

typedef struct {
    int pictures, captions; /* P, K; the same for all items */
    int items;
    double sum[PAIR_METRICS]; /* over the items */
    int ties, comparisons;
} PairScore;

/* Nothing counted yet. Wants P = 2 and K = 2, or P = 1 and K from 2 to PAIR_SCORE_CAPTIONS. */
PairScore pair_score_new(int pictures, int captions);

/* Adds an item. NaN stops: it prefers nothing, and no score would be honest. */
void pair_score_add(PairScore *score_sum, const double *s);

/* "choice" ...; and what guessing gets, NaN where there is no such score. */
const char *pair_metric_name(PairMetric score);
double pair_score_chance(const PairScore *score_sum, PairMetric score);

/* A score, from 0 to 1; the ends of its interval; what guessing gets. */
typedef struct {
    double share, low, high, chance;
} PairScoreRate;

/* The mean over the items with Wilson's 95 % interval (metrics.h). An item counts once, also in `choice`: the two
 * choices of a quad are not independent. All but chance are NaN, 0 and 1 when there are no items or there is no such
 * score. */
PairScoreRate pair_score_rate(const PairScore *score_sum, PairMetric score);

#endif
