#include "exam.h"

enum { MOST = 16 };

/* All n places, the largest score first; of equals the lower place first, or the higher. */
static void order(const num *scores, int n, bool higher_first, int *place) {
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0; at--) {
            num above = scores[place[at - 1]];
            if (scores[i] > above || (scores[i] == above && higher_first)) place[at] = place[at - 1];
            else break;
        }
        place[at] = i;
    }
}

/* Numbers of one decimal, so that many are equal. */
static Mat rough(int rows, int cols) {
    Mat m = mat_new(exam_arena(), rows, cols);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)rng_below(exam_rng(), 8) / 8;
    return exam_guarded(m);
}

/* ---- top_k ------------------------------------------------------------------------------------------------------- */

static void top_case(const num *given, int n, int k) {
    const num *scores = exam_copy(given, n);
    int best[MOST], right[MOST], ties[MOST], least[MOST];
    num negative[MOST];
    for (int i = 0; i < MOST; i++) best[i] = -1;
    order(scores, n, false, right);
    order(scores, n, true, ties);
    for (int i = 0; i < n; i++) negative[i] = -scores[i];
    order(negative, n, false, least);
    exam_case("scores = %s, n = %d, k = %d", exam_vector(scores, n), n, k);
    top_k(scores, n, k, best);
    for (int i = 0; i < k; i++)
        exam_number(best[i],
                    (double[]){ right[i], ties[i], i + 1 < n ? right[i + 1] : EXAM_ANY, right[n - 1 - i], least[i],
                                i < k - 1 ? right[i] : -1 },
                    "best[%d]", i);
    if (best[k] != -1)
        exam_wrong("off-by-one", "best[%d] was written: there are k = %d answers, best[0] to best[%d], off by one.", k,
                   k, k - 1);
}

static void check_top(void) {
    top_case((num[]){ 0.2, 0.9, 0.5, 0.9 }, 4, 3);
    top_case((num[]){ 5, 1, 4, 2, 3 }, 5, 1);
    top_case((num[]){ -1, -3, -2 }, 3, 2);
    top_case(exam_random(1, 9, 1).v, 9, 4);
    top_case(rough(1, 12).v, 12, 5);
    top_case(rough(1, 14).v, 14, 10);
    top_case(exam_random(1, 6, 1).v, 6, 6);
}

/* ---- recall ------------------------------------------------------------------------------------------------------ */

typedef struct { Mat scores; const int *query, *item; } Search;

/* How many of the k best of query q are right. */
static int found(const Search *s, int q, int k, bool higher_first) {
    int place[MOST], count = 0, n = s->scores.shape[1];
    order(&AT(s->scores, q, 0), n, higher_first, place);
    for (int i = 0; i < k && i < n; i++) count += s->item[place[i]] == s->query[q];
    return count;
}

static double recall(const Search *s, int k, bool higher_first) {
    int right = 0, Q = s->scores.shape[0];
    for (int q = 0; q < Q; q++) right += found(s, q, k, higher_first) > 0;
    return (double)right / Q;
}

/* The mean over the labels of the recall of each label's queries. */
static double recall_by_class(const Search *s, int k) {
    double sum = 0;
    int classes = 0;
    for (int label = 0; label < 10; label++) {
        int of = 0, right = 0;
        for (int q = 0; q < s->scores.shape[0]; q++)
            if (s->query[q] == label) of++, right += found(s, q, k, false) > 0;
        if (of) sum += (double)right / of, classes++;
    }
    return sum / classes;
}

/* The mean over the queries of right items found / right items there are, or / k. */
static double recall_of_items(const Search *s, int k, bool of_k) {
    double sum = 0;
    for (int q = 0; q < s->scores.shape[0]; q++) {
        int there = 0;
        for (int i = 0; i < s->scores.shape[1]; i++) there += s->item[i] == s->query[q];
        if (there) sum += (double)found(s, q, k, false) / (of_k ? k : there);
    }
    return sum / s->scores.shape[0];
}

static void recall_case(Search s, int k) {
    int Q = s.scores.shape[0], N = s.scores.shape[1];
    exam_case("scores = %s, query = %s, item = %s, k = %d", exam_matrix(s.scores), exam_ints(s.query, Q),
              exam_ints(s.item, N), k);
    double got = recall_at_k(s.scores, s.query, s.item, k);
    exam_number(got,
                (double[]){ recall(&s, k, false), recall(&s, k, true), recall(&s, k + 1, false),
                            recall(&s, k - 1, false), recall_by_class(&s, k), recall_of_items(&s, k, false),
                            recall_of_items(&s, k, true), Q * recall(&s, k, false) },
                "recall_at_k(scores, query, item, %d)", k);
}

static void check_recall(void) {
    Search worked = { exam_from(2, 3, (double[]){ 0.9, 0.5, 0.1, 0.2, 0.3, 0.8 }), (int[]){ 7, 7 },
                      (int[]){ 7, 5, 5 } };
    recall_case(worked, 1);
    recall_case(worked, 3);
    Search ties = { exam_from(3, 4, (double[]){ 0.5, 0.5, 0.5, 0.5, 0.1, 0.9, 0.9, 0.2, 0.3, 0.3, 0.1, 0.3 }),
                    (int[]){ 1, 2, 1 }, (int[]){ 1, 2, 3, 3 } };
    recall_case(ties, 1);
    recall_case(ties, 2);
    for (int k = 1; k <= 6; k++) { /* labels 0, 1, 2, mostly 0 among the queries */
        enum { Q = 9, N = 11 };
        int query[Q], item[N];
        for (int q = 0; q < Q; q++) query[q] = rng_below(exam_rng(), 3) ? 0 : 1 + (int)rng_below(exam_rng(), 2);
        for (int i = 0; i < N; i++) item[i] = (int)rng_below(exam_rng(), 6);
        recall_case((Search){ k % 2 ? rough(Q, N) : exam_random(Q, N, 1), query, item }, 1 + k % 4);
    }
}

static const Part parts[] = {
    { .name = "top_k", .check = check_top, .tolerance = 1e-6,
      .mistakes = {
          { "ties", "of equal scores the later place came first: ties go to the lower one" },
          { "off-by-one", "the best one is missing, off by one: the answers begin with the second best" },
          { "smallest", "the smallest came first" },
          { "smallest", "the smallest came first" },
          { "off-by-one", "the last answer is missing, off by one: there must be k" },
      } },
    { .name = "recall_at_k", .check = check_recall, .tolerance = 1e-6,
      .mistakes = {
          { "ties", "of equal scores the later place came first: ties go to the lower one" },
          { "off-by-one", "k + 1 items were looked at, off by one" },
          { "off-by-one", "k - 1 items were looked at, off by one" },
          { "per-class", "recall was counted per class and then averaged: each query counts once, however many "
                         "share its label" },
          { "per-item", "the share of all right items was counted: a query that finds one of them has been "
                        "answered" },
          { "precision", "the share of right ones among the k was counted, which is precision" },
          { "sum", "the number of queries answered was returned, not their share" },
      } },
};

const Exam exam = {
    .number = "10", .title = "retrieval", .parts = parts, .count = COUNT(parts),
    .proved = "search is a similarity matrix, sorted; and what counts as found is a choice to be stated.",
    .in_clip = "recall@1/5/10 in both directions, by caption equivalence: lesson 13.",
};
