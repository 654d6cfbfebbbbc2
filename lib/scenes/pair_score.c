#include "scenes/pair_score.h"

#include <math.h>

#include "evaluate/metrics.h"

Tally tally_new(int pictures, int captions) {
    REQUIRE((pictures == 2 && captions == 2) || (pictures == 1 && captions >= 2 && captions <= TALLY_CAPTIONS),
            "%d pictures and %d captions; want 2 and 2, or 1 and 2 to %d", pictures, captions, TALLY_CAPTIONS);
    return (Tally){ .pictures = pictures, .captions = captions };
}

/* One picture: the first caption wins unless another is above it; of equals the lot decides. */
static void add_one(Tally *tally, const double *s) {
    int above = 0, equal = 0;
    for (int k = 1; k < tally->captions; k++) {
        above += s[k] > s[0];
        equal += s[k] == s[0];
    }
    double won = above > 0 ? 0 : 1.0 / (1 + equal);
    tally->ties += equal;
    tally->comparisons += tally->captions - 1;
    tally->sum[TALLY_CHOICE] += won;
    tally->sum[TALLY_TEXT] += won;
    tally->sum[TALLY_GROUP] += won;
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
static void add_quad(Tally *tally, const double *s) {
    int lot[LOTS][4], sum[TALLY_SCORES] = { 0 }; /* choice: in halves */
    lots(lot);
    for (int l = 0; l < LOTS; l++) {
        int first = over(s, lot[l], 0, 1), second = over(s, lot[l], 3, 2);
        int text = first && second, image = over(s, lot[l], 0, 2) && over(s, lot[l], 3, 1);
        sum[TALLY_CHOICE] += first + second;
        sum[TALLY_TEXT] += text;
        sum[TALLY_IMAGE] += image;
        sum[TALLY_GROUP] += text && image;
    }
    for (int i = 0; i < TALLY_SCORES; i++) tally->sum[i] += (double)sum[i] / (i == TALLY_CHOICE ? 2 * LOTS : LOTS);
    tally->ties += (s[0] == s[1]) + (s[2] == s[3]) + (s[0] == s[2]) + (s[1] == s[3]);
    tally->comparisons += 4;
}

void tally_add(Tally *tally, const double *s) {
    for (int i = 0; i < tally->pictures * tally->captions; i++)
        REQUIRE(!isnan(s[i]), "number %d of item %d is not a number: the weights or the input are broken", i,
                tally->items);
    if (tally->pictures == 1) add_one(tally, s);
    else add_quad(tally, s);
    tally->items++;
}

const char *tally_name(TallyScore score) {
    static const char *const names[] = { "choice", "text", "image", "group" };
    return names[score];
}

double tally_chance(const Tally *tally, TallyScore score) {
    static const double quad[] = { 1.0 / 2, 1.0 / 4, 1.0 / 4, 1.0 / 6 };
    if (tally->pictures == 2) return quad[score];
    return score == TALLY_IMAGE ? NAN : 1.0 / tally->captions;
}

TallyRate tally_rate(const Tally *tally, TallyScore score) {
    TallyRate rate = { .share = NAN, .low = 0, .high = 1, .chance = tally_chance(tally, score) };
    if (tally->items == 0 || isnan(rate.chance)) return rate;
    rate.share = tally->sum[score] / tally->items;
    metrics_interval(rate.share, tally->items, &rate.low, &rate.high);
    return rate;
}
