#include "evaluate/retrieval.h"

#include <math.h>
#include <stdlib.h>

const int retrieval_cutoffs[RETRIEVAL_CUTOFFS] = { 1, 5, 10 };

/* How a query's answers lie about the best right one. */
typedef struct {
    int above, wrong, right;
} Place;

/* C(t, k) / C(t + r, k): none of k drawn from t + r is among the r. */
static double miss(int t, int r, int k) {
    double p = 1;
    if (k > t) return 0;
    for (int i = 0; i < k; i++) p *= (double)(t - i) / (t + r - i);
    return p;
}

static double recall_at(Place p, int k) { return k <= p.above ? 0 : 1 - miss(p.wrong, p.right, k - p.above); }
static double mean_rank(Place p) { return p.above + 1 + (double)p.wrong / (p.right + 1); }

/* Scores from the best down, with whether each is right. */
typedef struct {
    num score;
    bool right;
} Scored;

static int scored_order(const void *a, const void *b) {
    num x = ((const Scored *)a)->score, y = ((const Scored *)b)->score;
    return (x < y) - (x > y);
}

/* The group of equal scores that the first right answer is in. There is one. */
static Place place_of(const Scored *sorted, int n) {
    Place p = { 0 };
    for (int begin = 0, end; begin < n && !p.right; begin = end) {
        p.above = begin;
        p.wrong = 0;
        for (end = begin; end < n && sorted[end].score == sorted[begin].score; end++) {
            p.right += sorted[end].right;
            p.wrong += !sorted[end].right;
        }
    }
    return p;
}

/* The expected number of right ones among the first k: the last group counts in proportion to what is seen of it. */
static double right_among(const Scored *sorted, int n, int k) {
    double right = 0;
    for (int begin = 0, end; begin < MIN(n, k); begin = end) {
        int group = 0;
        for (end = begin; end < n && sorted[end].score == sorted[begin].score; end++) group += sorted[end].right;
        right += group * (double)MIN(end - begin, k - begin) / (end - begin);
    }
    return right;
}

static int double_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    if (n == 0) return 0;
    qsort(values, (size_t)n, sizeof *values, double_order);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static bool all_numbers(Mat scores, Err *err) {
    for (int q = 0; q < scores.shape[0]; q++)
        for (int n = 0; n < scores.shape[1]; n++)
            if (isnan(AT(scores, q, n)))
                return err_set(
                    err, "the score of answer %d for query %d is not a number: the weights or the input are broken", n,
                    q);
    return true;
}

bool retrieval_measure(Mat scores, const int *query, const int *answer, Retrieval *result, Err *err) {
    REQUIRE(scores.dims == 2, "scores are %s, want [Q,N]", mat_shape_text(scores));
    if (!all_numbers(scores, err)) return false;
    int Q = scores.shape[0], N = scores.shape[1];
    Arena arena = { 0 };
    Scored *sorted = arena_alloc(&arena, (size_t)N, sizeof *sorted);
    double *rank = arena_alloc(&arena, (size_t)Q, sizeof *rank);
    Retrieval sum = { 0 };
    for (int q = 0; q < Q; q++) {
        for (int n = 0; n < N; n++) sorted[n] = (Scored){ AT(scores, q, n), answer[n] == query[q] };
        qsort(sorted, (size_t)N, sizeof *sorted, scored_order);
        Place place = place_of(sorted, N);
        if (!place.right) {
            sum.without++;
            continue;
        }
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
            int k = retrieval_cutoffs[c];
            sum.recall[c] += recall_at(place, k);
            sum.precision[c] += right_among(sorted, N, k) / MIN(k, N);
        }
        sum.tied += place.wrong > 0;
        rank[sum.queries++] = mean_rank(place);
    }
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
        sum.recall[c] /= MAX(1, sum.queries);
        sum.precision[c] /= MAX(1, sum.queries);
    }
    sum.median_rank = median(rank, sum.queries);
    arena_free(&arena);
    *result = sum;
    return true;
}

Retrieval retrieval_chance(int N, int right) {
    REQUIRE(1 <= right && right <= N, "%d of %d answers are right", right, N);
    Place all = { 0, N - right, right };
    Retrieval chance = { .queries = 1, .median_rank = mean_rank(all), .tied = N > right };
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
        chance.recall[c] = recall_at(all, retrieval_cutoffs[c]);
        chance.precision[c] = (double)right / N;
    }
    return chance;
}

void retrieval_print(const char *what, Retrieval r) {
    if (!what) {
        printf("  %-34s    R@1    R@5   R@10   med.rank      P@1    P@5   P@10     tied\n", "%");
        return;
    }
    printf("  %-34s", what);
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) printf(" %6.1f", 100 * r.recall[c]);
    printf("   %8.1f  ", r.median_rank);
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) printf(" %6.1f", 100 * r.precision[c]);
    printf("   %6d\n", r.tied);
}

void retrieval_top(const num *scores, int n, int k, int *top) {
    REQUIRE(0 <= k && k <= n, "the best %d of %d", k, n);
    int have = 0;
    for (int i = 0; i < n; i++) {
        int at = have;
        while (at > 0 && scores[i] > scores[top[at - 1]]) at--;
        if (at >= k) continue;
        have = MIN(have + 1, k);
        for (int j = have - 1; j > at; j--) top[j] = top[j - 1];
        top[at] = i;
    }
}
