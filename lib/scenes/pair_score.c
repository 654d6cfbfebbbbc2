#include "scenes/pair_score.h"
#include "evaluate/metrics.h"

#include <math.h>

PairScore pair_score_new(int pictures, int captions) {
    REQUIRE((pictures == 2 && captions == 2) || (pictures == 1 && captions >= 2 && captions <= PAIR_SCORE_CAPTIONS),
            "%d pictures and %d captions; want 2 and 2, or 1 and 2 to %d", pictures, captions, PAIR_SCORE_CAPTIONS);
    return (PairScore){ .pictures = pictures, .captions = captions };
}

/* s [1,K]: 0 if another caption is above the first, else 1 / (number of captions equal to it). */
static void add_one(PairScore *score, const double *s) {
    int above = 0, equal = 0;
    for (int k = 1; k < score->captions; k++) {
        above += s[k] > s[0];
        equal += s[k] == s[0];
    }
    double won = above > 0 ? 0 : 1.0 / (1 + equal);
    score->ties += equal;
    score->comparisons += score->captions - 1;
    score->sum[PAIR_METRIC_CHOICE] += won;
    score->sum[PAIR_METRIC_TEXT] += won;
    score->sum[PAIR_METRIC_GROUP] += won;
}

static double preference(double own, double other) { return own > other ? 1 : own == other ? 0.5 : 0; }

/* The probability that both own similarities rank above both others when equal numbers are put in a random order. Of a
 * own and b other similarities that are equal, all a come first in a! b! of (a + b)! orders. */
static double group_score(const double own[2], const double other[2]) {
    static const double first[3][3] = { { 1, 1, 1 }, { 1, 1.0 / 2, 1.0 / 3 }, { 1, 1.0 / 3, 1.0 / 6 } };
    double low = fmin(own[0], own[1]), high = fmax(other[0], other[1]);
    if (low != high) return low > high;
    return first[(own[0] == low) + (own[1] == low)][(other[0] == low) + (other[1] == low)];
}

/* s [2,2]: picture 0 with captions 0 and 1, picture 1 with captions 0 and 1. */
static void add_pair(PairScore *score, const double *s) {
    double text[] = { preference(s[0], s[1]), preference(s[3], s[2]) };
    double image[] = { preference(s[0], s[2]), preference(s[3], s[1]) };
    score->sum[PAIR_METRIC_CHOICE] += (text[0] + text[1]) / 2;
    score->sum[PAIR_METRIC_TEXT] += text[0] * text[1];
    score->sum[PAIR_METRIC_IMAGE] += image[0] * image[1];
    score->sum[PAIR_METRIC_GROUP] += group_score((double[]){ s[0], s[3] }, (double[]){ s[1], s[2] });
    score->ties += (s[0] == s[1]) + (s[2] == s[3]) + (s[0] == s[2]) + (s[1] == s[3]);
    score->comparisons += 4;
}

void pair_score_add(PairScore *score, const double *s) {
    for (int i = 0; i < score->pictures * score->captions; i++)
        REQUIRE(!isnan(s[i]), "similarity %d of item %d is NaN: the weights or the input are damaged", i, score->items);
    if (score->pictures == 1) add_one(score, s);
    else add_pair(score, s);
    score->items++;
}

const char *pair_metric_name(PairMetric metric) {
    static const char *const names[] = { "choice", "text", "image", "group" };
    return names[metric];
}

double pair_score_chance(const PairScore *score, PairMetric metric) {
    static const double pair[] = { 1.0 / 2, 1.0 / 4, 1.0 / 4, 1.0 / 6 };
    if (score->pictures == 2) return pair[metric];
    return metric == PAIR_METRIC_IMAGE ? NAN : 1.0 / score->captions;
}

PairScoreRate pair_score_rate(const PairScore *score, PairMetric metric) {
    PairScoreRate rate = { .fraction = NAN, .low = 0, .high = 1, .chance = pair_score_chance(score, metric) };
    if (score->items == 0 || isnan(rate.chance)) return rate;
    rate.fraction = score->sum[metric] / score->items;
    metrics_interval(rate.fraction, score->items, &rate.low, &rate.high);
    return rate;
}
