#include "scenes/pair_score.h"

#include <math.h>

#include "evaluate/metrics.h"

PairScore pair_score_new(int pictures, int captions) {
    REQUIRE((pictures == 2 && captions == 2) || (pictures == 1 && captions >= 2 && captions <= PAIR_SCORE_CAPTIONS),
            "%d pictures and %d captions; want 2 and 2, or 1 and 2 to %d", pictures, captions, PAIR_SCORE_CAPTIONS);
    return (PairScore){ .pictures = pictures, .captions = captions };
}

/* One picture: the first caption wins unless another is above it; of equals the lot decides. */
static void add_one(PairScore *score_sum, const double *s) {
    int above = 0, equal = 0;
    for (int k = 1; k < score_sum->captions; k++) {
        above += s[k] > s[0];
        equal += s[k] == s[0];
    }
    double won = above > 0 ? 0 : 1.0 / (1 + equal);
    score_sum->ties += equal;
    score_sum->comparisons += score_sum->captions - 1;
    score_sum->sum[PAIR_METRIC_CHOICE] += won;
    score_sum->sum[PAIR_METRIC_TEXT] += won;
    score_sum->sum[PAIR_METRIC_GROUP] += won;
}

/* All orders of four lots. Of equal numbers the one with the higher lot is preferred. */
enum { LOTS = 24 };
static void lots(int lot[LOTS][4]) {
    int n = 0;
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++)
            for (int c = 0; c < 4; c++)
                if (a != b && a != c && b != c) {
                    int order[4] = { a, b, c, 6 - a - b - c };
                    for (int i = 0; i < 4; i++) lot[n][i] = order[i];
                    n++;
                }
}

static bool over(const double *s, const int *lot, int i, int j) {
    return s[i] > s[j] || (s[i] == s[j] && lot[i] > lot[j]);
}

/* s: picture 0 with captions 0 and 1, picture 1 with captions 0 and 1. */
static void add_pair(PairScore *score_sum, const double *s) {
    int lot[LOTS][4], sum[PAIR_METRICS] = { 0 }; /* choice: in halves */
    lots(lot);
    for (int l = 0; l < LOTS; l++) {
        int first = over(s, lot[l], 0, 1), second = over(s, lot[l], 3, 2);
        int text = first && second, image = over(s, lot[l], 0, 2) && over(s, lot[l], 3, 1);
        sum[PAIR_METRIC_CHOICE] += first + second;
        sum[PAIR_METRIC_TEXT] += text;
        sum[PAIR_METRIC_IMAGE] += image;
        sum[PAIR_METRIC_GROUP] += text && image;
    }
    for (int i = 0; i < PAIR_METRICS; i++)
        score_sum->sum[i] += (double)sum[i] / (i == PAIR_METRIC_CHOICE ? 2 * LOTS : LOTS);
    score_sum->ties += (s[0] == s[1]) + (s[2] == s[3]) + (s[0] == s[2]) + (s[1] == s[3]);
    score_sum->comparisons += 4;
}

void pair_score_add(PairScore *score_sum, const double *s) {
    for (int i = 0; i < score_sum->pictures * score_sum->captions; i++)
        REQUIRE(!isnan(s[i]), "number %d of item %d is not a number: the weights or the input are broken", i,
                score_sum->items);
    if (score_sum->pictures == 1) add_one(score_sum, s);
    else add_pair(score_sum, s);
    score_sum->items++;
}

const char *pair_metric_name(PairMetric score) {
    static const char *const names[] = { "choice", "text", "image", "group" };
    return names[score];
}

double pair_score_chance(const PairScore *score_sum, PairMetric score) {
    static const double pair[] = { 1.0 / 2, 1.0 / 4, 1.0 / 4, 1.0 / 6 };
    if (score_sum->pictures == 2) return pair[score];
    return score == PAIR_METRIC_IMAGE ? NAN : 1.0 / score_sum->captions;
}

PairScoreRate pair_score_rate(const PairScore *score_sum, PairMetric score) {
    PairScoreRate rate = { .share = NAN, .low = 0, .high = 1, .chance = pair_score_chance(score_sum, score) };
    if (score_sum->items == 0 || isnan(rate.chance)) return rate;
    rate.share = score_sum->sum[score] / score_sum->items;
    metrics_interval(rate.share, score_sum->items, &rate.low, &rate.high);
    return rate;
}
