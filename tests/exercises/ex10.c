#include "verify.h"

enum { LIMIT = 24 };

/* The order of two scores: the larger or the smaller first; of equal ones the lower place first, or the higher. */
typedef struct {
    bool sizes, smaller_first, higher_first;
} Order;

static double key(const num *scores, int i, Order by) {
    double x = by.sizes ? fabs((double)scores[i]) : (double)scores[i];
    return by.smaller_first ? -x : x;
}

/* All n places in order. */
static void order(const num *scores, int n, Order by, int *place) {
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0; at--) {
            double above = key(scores, place[at - 1], by), own = key(scores, i, by);
            if (own > above || (own == above && by.higher_first)) place[at] = place[at - 1];
            else break;
        }
        place[at] = i;
    }
}

/* Numbers of one decimal, so that many are equal. */
static Mat rough(int rows, int cols) {
    Mat m = mat_new(verify_arena(), rows, cols);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_below(verify_rng(), 8) / 8;
    return m;
}

/* ---- top_k ------------------------------------------------------------------------------------------------------- */

enum {
    RIGHT,
    TIES,
    SECOND,
    REVERSED,
    SMALLEST,
    SIZES,
    FROM_1,
    RANKS,
    IN_PLACE_ORDER,
    MOST_0,
    SKIPS_LAST,
    SKIPS_FIRST,
    FIRST_K,
    NOT_MOVED,
    STRICTLY_LESS,
    UNSTABLE,
    VALUES,
    ONLY_BEST,
    WORST_FIRST,
    LAST_MISSING,
    INT_SCORES,
    MODELS
};

static void plain(const num *scores, int n, int k, Order by, int skip, double *out) {
    int place[LIMIT];
    order(scores, n, by, place);
    for (int i = 0; i < k; i++) out[i] = k + skip <= n ? place[i + skip] : VERIFY_ANY;
}

/* The largest that is not used yet, looked for from 0: place 0 where none is above it. */
static void from_0(const num *scores, int n, int k, double *out) {
    bool used[LIMIT] = { false };
    for (int j = 0; j < k; j++) {
        double most = 0;
        int at = 0;
        for (int i = 0; i < n; i++)
            if (!used[i] && (double)scores[i] > most) {
                most = (double)scores[i];
                at = i;
            }
        out[j] = at;
        used[at] = true;
    }
}

/* Each time the largest strictly below the last one. */
static void strictly_less(const num *scores, int n, int k, double *out) {
    double last = INFINITY;
    for (int j = 0; j < k; j++) {
        double most = -INFINITY;
        int at = 0;
        for (int i = 0; i < n; i++)
            if ((double)scores[i] < last && (double)scores[i] > most) {
                most = (double)scores[i];
                at = i;
            }
        out[j] = at;
        last = most;
    }
}

/* Selection by swapping moves equal ones past each other. */
static void unstable(const num *scores, int n, int k, double *out) {
    int place[LIMIT];
    for (int i = 0; i < n; i++) place[i] = i;
    for (int j = 0; j < k; j++) {
        int at = j;
        for (int i = j + 1; i < n; i++)
            if (scores[place[i]] > scores[place[at]]) at = i;
        int kept = place[j];
        place[j] = place[at];
        place[at] = kept;
        out[j] = place[j];
    }
}

static void top_as(int model, const num *scores, int n, int k, double *out) {
    int place[LIMIT], count = 0;
    num cut[LIMIT];
    order(scores, n, (Order){ false, false, false }, place);
    for (int i = 0; i < n; i++) cut[i] = (num)trunc((double)scores[i]);
    switch (model) {
    case TIES: plain(scores, n, k, (Order){ .higher_first = true }, 0, out); return;
    case SECOND: plain(scores, n, k, (Order){ false, false, false }, 1, out); return;
    case SMALLEST: plain(scores, n, k, (Order){ .smaller_first = true }, 0, out); return;
    case SIZES: plain(scores, n, k, (Order){ .sizes = true }, 0, out); return;
    case SKIPS_LAST:
        if (k < n) plain(scores, n - 1, k, (Order){ false, false, false }, 0, out);
        return;
    case FIRST_K: plain(scores, k, k, (Order){ false, false, false }, 0, out); return;
    case INT_SCORES: plain(cut, n, k, (Order){ false, false, false }, 0, out); return;
    case MOST_0: from_0(scores, n, k, out); return;
    case STRICTLY_LESS: strictly_less(scores, n, k, out); return;
    case UNSTABLE: unstable(scores, n, k, out); return;
    default: break;
    }
    for (int i = 0; model == IN_PLACE_ORDER && i < n; i++)
        for (int j = 0; j < k; j++)
            if (place[j] == i) out[count++] = i;
    for (int i = 0; model == SKIPS_FIRST && i < n; i++)
        if (place[i] > 0 && count < k) out[count++] = place[i];
    for (int i = 0; model == RANKS && i < n; i++)
        if (place[i] < k) out[place[i]] = i;
    for (int i = 0; i < k; i++) {
        if (model == RIGHT || model == LAST_MISSING) out[i] = place[i];
        if (model == REVERSED) out[i] = place[n - 1 - i];
        if (model == WORST_FIRST) out[i] = place[k - 1 - i];
        if (model == FROM_1) out[i] = place[i] + 1;
        if (model == NOT_MOVED) out[i] = i;
        if (model == VALUES) out[i] = trunc((double)scores[place[i]]);
        if (model == ONLY_BEST) out[i] = place[0];
    }
}

static void top_case(const char *label, const num *given, int n, int k) {
    verify_case(label, "scores = %s, n = %d, k = %d", verify_vector(given, n), n, k);
    verify_size("n", n);
    verify_size("k", k);
    int *best = verify_room_ints("best", k);
    num before[LIMIT];
    for (int i = 0; i < k; i++) before[i] = (num)best[i];
    verify_answers(1, k, before, false);
    for (int m = 0; m < MODELS; m++) top_as(m, given, n, k, verify_model(m));
    verify_model(LAST_MISSING)[k - 1] = (double)before[k - 1];
    top_k(verify_input_numbers("scores", given, n), n, k, best);
    for (int i = 0; i < k; i++) verify_got_int(i, best[i], "best[%d]", i);
    verify_done();
}

static void check_top(void) {
    const num worked[] = { 0.2, 0.9, 0.5, 0.9 };
    top_case("the worked example", worked, 4, 3);
    top_case("k = 1", (num[]){ 5, 1, 4, 2, 3 }, 5, 1);
    top_case("scores below 0", (num[]){ -1, -3, -2 }, 3, 2);
    top_case("scores below 0, the first not the largest", (num[]){ -3.5, -3, -0.5, -2 }, 4, 3);
    top_case("above and below 0", (num[]){ -5, 3, -4, 0, 2 }, 5, 3);
    top_case("all equal", (num[]){ 0.5, 0.5, 0.5, 0.5 }, 4, 3);
    top_case("equal ones behind a larger one", (num[]){ 1, 1, 3, 1, 2 }, 5, 4);
    top_case("the last is the largest", (num[]){ 0.25, 0.75, 0.5, 1.5 }, 4, 2);
    top_case("scores of 10,000", (num[]){ -10000, 10000, 9999, -9999, 0 }, 5, 4);
    top_case("any scores", verify_random(1, 9, 1).v, 9, 4);
    top_case("equal scores", rough(1, 12).v, 12, 5);
    top_case("equal scores", rough(1, 14).v, 14, 10);
    top_case("k = n", verify_random(1, 6, 1).v, 6, 6);
    top_case("k = n", rough(1, 8).v, 8, 8);
    top_case("one score", (num[]){ -2 }, 1, 1);
    top_case("many scores", verify_random(1, 20, 1).v, 20, 3);
    top_case("again", worked, 4, 3);
}

/* ---- recall ------------------------------------------------------------------------------------------------------ */

enum {
    R_RIGHT,
    R_TIES,
    R_K_MORE,
    R_K_LESS,
    R_PER_CLASS,
    R_PER_ITEM,
    R_PRECISION,
    R_SUM,
    R_ALL_RIGHT,
    R_BREAKS,
    R_DIAGONAL,
    R_FIRST_ONLY,
    R_ITEM_I,
    R_LAST_ONLY,
    R_OVER_K,
    R_OVER_N,
    R_OVER_QK,
    R_SKIPS_LAST,
    R_ROW_0,
    R_THRESHOLD,
    R_SMALLEST,
    R_INT_DIVISION,
    R_HITS,
    R_MISSES,
    R_QUERY_0,
    R_ALL_ITEMS,
    R_STAYS,
    R_EARLY,
    R_LAST_QUERY,
    R_COLUMNS,
    R_POSITION,
    R_COUNT
};

typedef struct {
    Mat scores;
    const int *query, *item;
    int k, Q, N;
} Search;

/* How many of the `k` best of row q have that label. */
static int found(const Search *s, int q, int k, Order by, int label) {
    int place[LIMIT], count = 0;
    order(&AT(s->scores, q, 0), s->N, by, place);
    for (int i = 0; i < k && i < s->N; i++) count += s->item[place[i]] == label;
    return count;
}

/* Is query q answered, by the mistake's rule? */
static bool hit(const Search *s, int q, int model) {
    int place[LIMIT] = { 0 }, label = s->query[model == R_QUERY_0 ? 0 : q], k = s->k, row = model == R_ROW_0 ? 0 : q;
    Order by = { false, model == R_SMALLEST, model == R_TIES };
    order(&AT(s->scores, row, 0), s->N, by, place);
    bool any = false;
    for (int i = 0; i < k; i++) {
        any = any || (model == R_DIAGONAL    ? place[i] == q
                      : model == R_ITEM_I    ? s->item[i] == label
                      : model == R_POSITION  ? place[i] == label
                      : model == R_THRESHOLD ? s->item[place[i]] == label && (double)AT(s->scores, q, place[i]) > 0.5
                                             : s->item[place[i]] == label);
    }
    if (model == R_K_MORE) return found(s, q, k + 1, by, label) > 0;
    if (model == R_K_LESS) return found(s, q, k - 1, by, label) > 0;
    if (model == R_ALL_RIGHT) return found(s, q, k, by, label) == k;
    if (model == R_FIRST_ONLY) return s->item[place[0]] == label;
    if (model == R_LAST_ONLY) return s->item[place[k - 1]] == label;
    if (model == R_ALL_ITEMS) return found(s, q, s->N, by, label) > 0;
    return any;
}

/* The mean over the labels of the recall of each label's queries. */
static double recall_by_class(const Search *s) {
    double sum = 0;
    int classes = 0;
    for (int label = 0; label < 10; label++) {
        int of = 0, right = 0;
        for (int q = 0; q < s->Q; q++) {
            if (s->query[q] != label) continue;
            of++;
            right += hit(s, q, R_RIGHT);
        }
        if (!of) continue;
        sum += (double)right / of;
        classes++;
    }
    return sum / classes;
}

/* Sums over the queries of right items found, divided by all right items, by k, by the smaller of both, or by 1. */
static double recall_of_items(const Search *s, int model) {
    double sum = 0;
    for (int q = 0; q < s->Q; q++) {
        int there = 0, right = found(s, q, s->k, (Order){ false, false, false }, s->query[q]);
        for (int i = 0; i < s->N; i++) there += s->item[i] == s->query[q];
        int of = model == R_PER_ITEM ? there : model == R_PRECISION ? s->k : 1;
        if (there) sum += (double)right / of;
    }
    return model == R_COUNT ? sum : sum / s->Q;
}

static double counted(const Search *s, int model) {
    int right = 0, last = s->Q - (model == R_SKIPS_LAST), first = 0, stays = 0;
    bool held = false;
    for (int q = 0; q < last; q++) {
        bool now = hit(s, q, model);
        right += now;
        held = held || now;
        stays += held;
        if (q == 0) first = now;
        if (model == R_BREAKS && now) break;
    }
    double Q = s->Q;
    switch (model) {
    case R_SUM: return right;
    case R_OVER_K: return right / Q / s->k;
    case R_OVER_N: return (double)right / s->N;
    case R_OVER_QK: return right / Q * s->k;
    case R_INT_DIVISION: return right == s->Q ? 1 : 0;
    case R_MISSES: return 1 - right / Q;
    case R_STAYS: return stays / Q;
    case R_EARLY: return first / Q;
    case R_LAST_QUERY: return hit(s, s->Q - 1, R_RIGHT) / Q;
    default: return right / Q;
    }
}

/* The k best queries of each item. */
static double by_columns(const Search *s) {
    Mat turned = mat_new(verify_arena(), s->N, s->Q);
    mat_transpose(s->scores, turned);
    Search other = { turned, s->item, s->query, MIN(s->k, s->Q), s->N, s->Q };
    return counted(&other, R_RIGHT);
}

static double recall_as(const Search *s, int model) {
    switch (model) {
    case R_PER_CLASS: return recall_by_class(s);
    case R_PER_ITEM:
    case R_PRECISION:
    case R_HITS:
    case R_COUNT: return recall_of_items(s, model);
    case R_COLUMNS: return by_columns(s);
    default: return counted(s, model);
    }
}

static void recall_case(const char *label, Mat scores, const int *query, const int *item, int k) {
    Search s = { scores, query, item, k, scores.shape[0], scores.shape[1] };
    verify_case(label, "scores = %s, query = %s, item = %s, k = %d", verify_matrix(scores), verify_ints(query, s.Q),
                verify_ints(item, s.N), k);
    verify_size("Q", s.Q);
    verify_size("N", s.N);
    verify_size("k", k);
    verify_answers(1, 1, NULL, false);
    for (int m = 0; m < verify_models(); m++) verify_model(m)[0] = recall_as(&s, m);
    double got = recall_at_k(verify_input("scores", scores), verify_input_ints("query", query, s.Q),
                             verify_input_ints("item", item, s.N), k);
    verify_got(0, got, "recall_at_k(scores, query, item, %d)", k);
    verify_done();
}

static void check_recall(void) {
    enum { Q = 9, N = 11 };
    Mat worked = verify_from(2, 3, (double[]){ 0.9, 0.5, 0.1, 0.2, 0.3, 0.8 });
    Mat ties = verify_from(3, 4, (double[]){ 0.5, 0.5, 0.5, 0.5, 0.1, 0.9, 0.9, 0.2, 0.3, 0.3, 0.1, 0.3 });
    Mat negative = verify_from(3, 3, (double[]){ -0.5, -2, -1, -3, -0.25, -1, -2, -1, -0.5 });
    recall_case("the worked example", worked, (int[]){ 7, 7 }, (int[]){ 7, 5, 5 }, 1);
    recall_case("k = N", worked, (int[]){ 7, 7 }, (int[]){ 7, 5, 5 }, 3);
    recall_case("equal scores", ties, (int[]){ 1, 2, 1 }, (int[]){ 1, 2, 3, 3 }, 1);
    recall_case("equal scores", ties, (int[]){ 1, 2, 1 }, (int[]){ 1, 2, 3, 3 }, 2);
    recall_case("scores below 0", negative, (int[]){ 4, 5, 6 }, (int[]){ 4, 6, 6 }, 1);
    recall_case("scores below 0", negative, (int[]){ 5, 5, 6 }, (int[]){ 4, 5, 6 }, 2);
    recall_case("several right items", verify_from(2, 4, (double[]){ 4, 3, 2, 1, 1, 2, 3, 4 }), (int[]){ 1, 2 },
                (int[]){ 1, 1, 2, 1 }, 2);
    recall_case("no right item", verify_from(2, 2, (double[]){ 1, 2, 3, 4 }), (int[]){ 8, 3 }, (int[]){ 3, 4 }, 1);
    for (int k = 1; k <= 8; k++) { /* labels 0, 1, 2, mostly 0 among the queries */
        int query[Q], item[N];
        for (int q = 0; q < Q; q++) query[q] = rng_below(verify_rng(), 3) ? 0 : 1 + (int)rng_below(verify_rng(), 2);
        for (int i = 0; i < N; i++) item[i] = (int)rng_below(verify_rng(), 6);
        recall_case(k % 2 ? "equal scores" : "any scores", k % 2 ? rough(Q, N) : verify_random(Q, N, 1), query, item,
                    1 + k % 4);
    }
    for (int k = 1; k <= 4; k++) {
        int query[3], item[4];
        for (int q = 0; q < 3; q++) query[q] = (int)rng_below(verify_rng(), 3);
        for (int i = 0; i < 4; i++) item[i] = (int)rng_below(verify_rng(), 3);
        recall_case("any scores", verify_random(3, 4, 1), query, item, 1 + k % 3);
    }
    recall_case("again", worked, (int[]){ 7, 7 }, (int[]){ 7, 5, 5 }, 1);
}

static const Part parts[] = {
    { .name = "top_k", .check = check_top, .tolerance = 1e-6,
      .mistakes = {
          [TIES - 1] = { "ties", "of equal scores the later place came first: ties go to the lower one" },
          [SECOND - 1] = { "off-by-one", "off by one: the best one is missing, they begin with the second best" },
          [REVERSED - 1] = { "smallest", "the smallest came first: ascending order" },
          [SMALLEST - 1] = { "smallest", "the smallest came first: ascending order" },
          [SIZES - 1] = { "fabs", "the largest sizes were taken, fabs: -5 is the smallest of all" },
          [FROM_1 - 1] = { "from-one", "places were counted from 1: the first is 0" },
          [RANKS - 1] = { "ranks", "best[i] holds the rank of score i: it is the place of the i-th best" },
          [IN_PLACE_ORDER - 1] = { "in-place-order", "the k best are right, but in the order of their places: the "
                                                     "largest comes first" },
          [MOST_0 - 1] = { "max-from-0", "the largest was looked for from 0: scores below 0 are never found. Begin "
                                         "with a score" },
          [SKIPS_LAST - 1] = { "off-by-one", "the last score was never looked at: i < n, not i < n - 1" },
          [SKIPS_FIRST - 1] = { "off-by-one", "score 0 was never looked at: the loop begins at 0" },
          [FIRST_K - 1] = { "first-k", "only the first k scores were sorted: the best of all n are wanted" },
          [NOT_MOVED - 1] = { "not-moved", "best is 0, 1, 2 ...: the scores were sorted, but their places not moved "
                                           "along" },
          [STRICTLY_LESS - 1] = { "equals-lost", "each time the largest below the last one was taken: of equal "
                                                 "scores only one is found" },
          [UNSTABLE - 1] = { "ties", "equal scores stand out of order: swapping moves one past the other. Ties go to "
                                     "the lower place" },
          [VALUES - 1] = { "values", "best holds the scores, cut to whole numbers: their places are wanted" },
          [ONLY_BEST - 1] = { "only-best", "the best one stands at every place: what was found must not be found "
                                           "again" },
          [WORST_FIRST - 1] = { "ascending", "the k best are right, but the largest comes last: ascending order" },
          [LAST_MISSING - 1] = { "off-by-one", "the last answer is missing, off by one: there must be k" },
          [INT_SCORES - 1] = { "int", "the scores were compared as whole numbers: a copy of them is num, not int" },
      } },
    { .name = "recall_at_k", .check = check_recall, .tolerance = 1e-6,
      .mistakes = {
          [R_TIES - 1] = { "ties", "of equal scores the later place came first: ties go to the lower one" },
          [R_K_MORE - 1] = { "off-by-one", "k + 1 items were looked at, off by one" },
          [R_K_LESS - 1] = { "off-by-one", "k - 1 items were looked at, off by one" },
          [R_PER_CLASS - 1] = { "per-class", "recall was counted per class and then averaged: each query counts "
                                             "once, however many "
                                             "share its label" },
          [R_PER_ITEM - 1] = { "per-item", "the share of all right items was counted: a query that finds one of them "
                                           "has been "
                                           "answered" },
          [R_PRECISION - 1] = { "precision", "the share of right ones among the k was counted, which is precision" },
          [R_HITS - 1] = { "hits", "every right item among the k was counted: a query counts once, however many it "
                                   "finds" },
          [R_COUNT - 1] = { "hits", "every right item among the k was counted, and not divided by Q" },
          [R_SUM - 1] = { "sum", "the number of queries answered was returned, not their share" },
          [R_ALL_RIGHT - 1] = { "all-right", "all k had to be right: one is enough" },
          [R_BREAKS - 1] = { "early", "it ends with the first query that is answered: break leaves the loop over "
                                      "queries" },
          [R_DIAGONAL - 1] = { "diagonal", "item q was wanted for query q: any item with the query's label is right" },
          [R_POSITION - 1] = { "index", "the places were compared with the labels: item[place] has the label" },
          [R_FIRST_ONLY - 1] = { "first-only", "only the first of the k was looked at" },
          [R_ITEM_I - 1] = { "item-i", "item[i] was looked at: the i-th best is item[best[i]]" },
          [R_LAST_ONLY - 1] = { "last-only", "the last of the k decides alone: what was found before is overwritten, "
                                             "= for ||" },
          [R_OVER_K - 1] = { "over-k", "the share was divided by k too" },
          [R_OVER_QK - 1] = { "over-k", "the share was multiplied with k" },
          [R_OVER_N - 1] = { "over-n", "it was divided by N, the items: the share is of the Q queries" },
          [R_SKIPS_LAST - 1] = { "off-by-one", "the last query was left out: q < Q, not q < Q - 1" },
          [R_ROW_0 - 1] = { "same-row", "row 0 was taken for every query: query q has row q" },
          [R_QUERY_0 - 1] = { "same-row", "query[0] was taken for every query" },
          [R_THRESHOLD - 1] = { "threshold", "only right items with a score above 0.5 counted: count them all" },
          [R_SMALLEST - 1] = { "smallest", "the k smallest were taken" },
          [R_INT_DIVISION - 1] = { "int-division", "it is 0 unless all are answered: right / Q divides whole "
                                                   "numbers; write (double)right / Q" },
          [R_MISSES - 1] = { "misses", "the share of queries that were not answered was returned" },
          [R_ALL_ITEMS - 1] = { "all-items", "all N items were looked at, not the k best" },
          [R_STAYS - 1] = { "not-reset", "a hit is not set to false again for the next query" },
          [R_EARLY - 1] = { "early", "only query 0 counts: the return stands inside the loop" },
          [R_LAST_QUERY - 1] = { "overwritten", "only the last query counts: = for +=" },
          [R_COLUMNS - 1] = { "wrong-axis", "the best queries of each item were counted: the best items of each "
                                            "query are wanted" },
      } },
};

const Verify checked = {
    .number = "10",
    .title = "retrieval",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "search is a similarity matrix, sorted; and what counts as found is a choice to be stated.",
    .in_clip = "recall@1/5/10 in both directions, by caption equivalence: lesson 13.",
};
