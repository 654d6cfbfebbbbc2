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
    TAKEN_MINUS_1,
    TAKEN_0,
    MOST_0_UNSET,
    MOST_MINUS_1,
    ONE_PASS,
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

/* Each score that was found is replaced by `taken` in a copy. */
static void taken(const num *scores, int n, int k, num by, double *out) {
    num copy[LIMIT];
    memcpy(copy, scores, (size_t)n * sizeof *copy);
    for (int j = 0; j < k; j++) {
        int at = 0;
        for (int i = 1; i < n; i++)
            if (copy[i] > copy[at]) at = i;
        out[j] = at;
        copy[at] = by;
    }
}

/* The search begins at `most`; where no score is above it, nothing is written. */
static void none_found(const num *scores, int n, int k, double most_first, double *out) {
    bool used[LIMIT] = { false };
    for (int j = 0; j < k; j++) {
        double most = most_first;
        int at = -1;
        for (int i = 0; i < n; i++)
            if (!used[i] && (double)scores[i] > most) {
                most = (double)scores[i];
                at = i;
            }
        if (at < 0) continue;
        out[j] = at;
        used[at] = true;
    }
}

/* One pass of bubble sort, from the end: only the best reaches its place. */
static void one_pass(const num *scores, int n, int k, double *out) {
    int place[LIMIT] = { 0 };
    for (int i = 0; i < n; i++) place[i] = i;
    for (int i = n - 1; i > 0; i--)
        if (scores[place[i]] > scores[place[i - 1]]) {
            int kept = place[i];
            place[i] = place[i - 1];
            place[i - 1] = kept;
        }
    for (int i = 0; i < k; i++) out[i] = place[i];
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
    case TAKEN_MINUS_1: taken(scores, n, k, -1, out); return;
    case TAKEN_0: taken(scores, n, k, 0, out); return;
    case MOST_0_UNSET: none_found(scores, n, k, 0, out); return;
    case MOST_MINUS_1: none_found(scores, n, k, -1, out); return;
    case ONE_PASS: one_pass(scores, n, k, out); return;
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
    for (int i = 0; i < k; i++) verify_model(MOST_0_UNSET)[i] = verify_model(MOST_MINUS_1)[i] = (double)before[i];
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
    R_ANY_QUERY,
    R_OWN_ITEM,
    R_OVER_SMALLER,
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
                      : model == R_OWN_ITEM  ? place[i] == q && q < s->N && s->item[q] == label
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
    case R_OVER_SMALLER: return (double)right / MIN(s->Q, s->N);
    case R_ANY_QUERY: return right > 0;
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
    recall_case("more queries than items", verify_from(4, 2, (double[]){ 1, 2, 4, 3, 6, 5, 7, 8 }),
                (int[]){ 3, 3, 4, 5 }, (int[]){ 3, 4 }, 1);
    recall_case("more queries than items", verify_from(3, 2, (double[]){ 1, 2, 4, 3, 6, 5 }), (int[]){ 3, 4, 5 },
                (int[]){ 3, 4 }, 2);
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
    while (verify_wants_small()) {
        int query[2], item[3];
        for (int q = 0; q < 2; q++) query[q] = (int)rng_below(verify_rng(), 2);
        for (int i = 0; i < 3; i++) item[i] = (int)rng_below(verify_rng(), 3);
        recall_case("small sizes", rough(2, 3), query, item, 1 + (int)rng_below(verify_rng(), 3));
    }
    recall_case("again", worked, (int[]){ 7, 7 }, (int[]){ 7, 5, 5 }, 1);
}

static const Part parts[] = {
    { .name = "top_k", .check = check_top, .tolerance = 1e-6,
      .mistakes = {
          [TIES - 1] = { "ties", "Of equal scores the higher place came first. The lower place must come first." },
          [SECOND - 1] = { "off-by-one",
                           "Off by one: the best score is missing, and the result begins with the second best." },
          [REVERSED - 1] = { "smallest",
                             "The order is ascending: the smallest score came first. The largest must come first." },
          [SMALLEST - 1] = { "smallest",
                             "The order is ascending: the smallest score came first. The largest must come first." },
          [SIZES - 1] = { "fabs", "The largest absolute values were used. Remove fabs." },
          [FROM_1 - 1] = { "from-one", "Places were counted from 1. The first is 0." },
          [RANKS - 1] = { "ranks",
                          "best[i] holds the rank of score i. It must hold the place of the i-th best score." },
          [IN_PLACE_ORDER - 1] = { "in-place-order",
                                   "The k best are right, but in the order of their places. The largest score must "
                                   "come first." },
          [MOST_0 - 1] = { "max-from-0",
                           "The search for the largest score begins at 0, so negative scores are never found. Begin "
                           "with a score." },
          [SKIPS_LAST - 1] = { "off-by-one", "The last score was never compared. The loop must run while i < n." },
          [SKIPS_FIRST - 1] = { "off-by-one", "scores[0] was never compared. The loop must begin at 0." },
          [FIRST_K - 1] = { "first-k", "Only the first k scores were sorted. Find the best of all n." },
          [NOT_MOVED - 1] = { "not-moved",
                              "best is 0, 1, 2 and so on. The scores were sorted, but their places were not moved "
                              "with them." },
          [STRICTLY_LESS - 1] = { "equals-lost",
                                  "Each search looks for a score below the last one found. Of equal scores only one "
                                  "is found." },
          [UNSTABLE - 1] = { "ties",
                             "Equal scores stand in the wrong order. A swap has moved one past another. The lower "
                             "place must come first." },
          [VALUES - 1] = { "values", "best holds scores in place of their places." },
          [ONLY_BEST - 1] = { "only-best",
                              "The same best place was found every time. Leave out the places already found." },
          [WORST_FIRST - 1] = { "ascending",
                                "The k best are right, but in ascending order. The largest must come first." },
          [LAST_MISSING - 1] = { "off-by-one", "Off by one: the last of the k places was not written." },
          [INT_SCORES - 1] = { "int",
                               "The scores were compared as integers. Use num, not int, for a copy of them, and do "
                               "not return their difference as an int." },
          [TAKEN_MINUS_1 - 1] = { "taken-value",
                                  "A score that was found is replaced by -1. Scores below -1 are then never found. "
                                  "Mark found places in an array of their own." },
          [TAKEN_0 - 1] = { "taken-value",
                            "A score that was found is replaced by 0. Scores below 0 are then never found. Mark "
                            "found places in an array of their own." },
          [MOST_0_UNSET - 1] = { "max-from-0",
                                 "The search for the largest score begins at 0, so negative scores are never found "
                                 "and nothing is written. Begin with a score." },
          [MOST_MINUS_1 - 1] = { "max-from-0",
                                 "The search for the largest score begins at -1, so scores below it are never found "
                                 "and nothing is written. Begin with a score." },
          [ONE_PASS - 1] = { "one-pass", "Only one pass of a sort was made. It brings one score to its place, not k." },
      } },
    { .name = "recall_at_k", .check = check_recall, .tolerance = 1e-6,
      .mistakes = {
          [R_TIES - 1] = { "ties", "Of equal scores the higher place came first. The lower place must come first." },
          [R_K_MORE - 1] = { "off-by-one", "Off by one: k + 1 items were used." },
          [R_K_LESS - 1] = { "off-by-one", "Off by one: k - 1 items were used." },
          [R_PER_CLASS - 1] = { "per-class",
                                "Recall was computed for each label and then averaged. Each query counts once." },
          [R_PER_ITEM - 1] = { "per-item",
                               "This is the share of all right items that were found. A query counts 1 if it finds "
                               "at least one." },
          [R_PRECISION - 1] = { "precision",
                                "This is the share of right items among the k, the precision. A query counts 1 if "
                                "it finds at least one." },
          [R_HITS - 1] = { "hits", "Every right item among the k was counted. A query counts at most once." },
          [R_COUNT - 1] = { "hits", "Every right item among the k was counted, and not divided by Q." },
          [R_SUM - 1] = { "sum", "The number of queries with a hit was returned. Divide it by Q." },
          [R_ALL_RIGHT - 1] = { "all-right", "All k items had to be right. One is enough." },
          [R_BREAKS - 1] = { "early",
                             "The loop over queries ends at the first hit. break must leave only the inner loop." },
          [R_DIAGONAL - 1] = { "diagonal",
                               "Only item q was accepted for query q. Any item with the label of the query is right." },
          [R_OWN_ITEM - 1] = { "diagonal",
                               "For query q only item q was accepted. Any item with the label of the query is right." },
          [R_OVER_SMALLER - 1] = { "over-n",
                                   "The count was divided by the smaller of Q and N. Divide it by Q, the queries." },
          [R_ANY_QUERY - 1] = { "early",
                                "The function returns 1 at the first hit. Count the queries with a hit and divide "
                                "by Q." },
          [R_POSITION - 1] = { "index", "Places were compared with labels. The label of a place is item[place]." },
          [R_FIRST_ONLY - 1] = { "first-only", "Only the first of the k items was used." },
          [R_ITEM_I - 1] = { "item-i", "item[i] was used. The label of the i-th best is item[best[i]]." },
          [R_LAST_ONLY - 1] = { "last-only",
                                "Only the last of the k items decides. The code overwrites a hit that was found "
                                "before it." },
          [R_OVER_K - 1] = { "over-k", "The share was divided by k too." },
          [R_OVER_QK - 1] = { "over-k", "The share was multiplied by k." },
          [R_OVER_N - 1] = { "over-n", "The count was divided by N, the items. Divide it by Q, the queries." },
          [R_SKIPS_LAST - 1] = { "off-by-one", "The last query was left out. The loop must run while q < Q." },
          [R_ROW_0 - 1] = { "same-row", "Row 0 was used for every query. Query q has row q." },
          [R_QUERY_0 - 1] = { "same-row", "query[0] was used for every query." },
          [R_THRESHOLD - 1] = { "threshold",
                                "Only right items with a score above 0.5 counted. Count all right items." },
          [R_SMALLEST - 1] = { "smallest", "The k smallest scores were used." },
          [R_INT_DIVISION - 1] = { "int-division",
                                   "The result is 0 unless every query has a hit. right / Q divides two integers. "
                                   "Write (double)right / Q." },
          [R_MISSES - 1] = { "misses", "The share of queries without a hit was returned." },
          [R_ALL_ITEMS - 1] = { "all-items", "All N items were used, not the k best." },
          [R_STAYS - 1] = { "not-reset", "The hit is not reset to false for the next query." },
          [R_EARLY - 1] = { "early", "Only query 0 counts. The return stands inside the loop." },
          [R_LAST_QUERY - 1] = { "overwritten", "Only the last query counts. The code has = in place of +=." },
          [R_COLUMNS - 1] = { "wrong-axis",
                              "The best queries of each item were used. Use the best items of each query." },
      } },
};

const Verify checked = {
    .number = "10",
    .title = "retrieval",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "Retrieval sorts the rows of a similarity matrix. State which items count as right.",
    .in_clip = "Lesson 13 measures recall at 1, 5 and 10 in both directions. Equal captions count as right.",
};
