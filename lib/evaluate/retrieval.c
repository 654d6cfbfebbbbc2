#include "evaluate/retrieval.h"

#include <math.h>
#include <stdlib.h>

const int retrieval_cutoffs[RETRIEVAL_CUTOFFS] = { 1, 5, 10 };

/* Around the best right answer of a query: answers above it, wrong and right ones equal to it. */
typedef struct {
    int above, wrong, right;
} TieGroup;

/* recall@k = 1 - C(t, m) / C(t + r, m),  m = k - above, t wrong, r right: the second term is the probability that m
 * drawn without replacement from t + r are all wrong. */
double retrieval_recall_at(int above, int wrong, int right, int k) {
    double all_wrong = 1;
    int m = k - above;
    if (m <= 0) return 0;
    if (m > wrong) return 1;
    for (int i = 0; i < m; i++) all_wrong *= (double)(wrong - i) / (wrong + right - i);
    return 1 - all_wrong;
}
static double recall_at(TieGroup g, int k) { return retrieval_recall_at(g.above, g.wrong, g.right, k); }

bool retrieval_recall(const num *scores, int n, const int *right, int rights, double recall[RETRIEVAL_CUTOFFS]) {
    REQUIRE(rights >= 1, "%d right answers, want 1 or more", rights);
    num best = scores[right[0]];
    TieGroup g = { 0 };
    int equal = 0;
    for (int i = 1; i < rights; i++) best = MAX(best, scores[right[i]]);
    for (int i = 0; i < n; i++) {
        if (isnan(scores[i])) return false;
        g.above += scores[i] > best;
        equal += scores[i] == best;
    }
    for (int i = 0; i < rights; i++) g.right += scores[right[i]] == best;
    g.wrong = equal - g.right;
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) recall[c] = recall_at(g, retrieval_cutoffs[c]);
    return true;
}

typedef struct {
    num score;
    bool right;
} Scored;

static int scored_order(const void *a, const void *b) {
    num x = ((const Scored *)a)->score, y = ((const Scored *)b)->score;
    return (x < y) - (x > y);
}

/* The first group of equal scores with a right answer in it; right is 0 if there is none. */
static TieGroup tie_group(const Scored *sorted, int n) {
    TieGroup p = { 0 };
    for (int begin = 0, end; begin < n && !p.right; begin = end) {
        p = (TieGroup){ .above = begin };
        for (end = begin; end < n && sorted[end].score == sorted[begin].score; end++) {
            p.right += sorted[end].right;
            p.wrong += !sorted[end].right;
        }
    }
    return p;
}
/* The expected number of right answers among the first k: a group of equals that k cuts counts in proportion. */
static double expected_right(const Scored *sorted, int n, int k) {
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
                return err_set(err, "the score of answer %d for query %d is not a number: %s", n, q,
                               "the weights or the input are broken");
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
        TieGroup group = tie_group(sorted, N);
        if (!group.right) continue;
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
            int k = retrieval_cutoffs[c];
            sum.recall[c] += recall_at(group, k);
            sum.precision[c] += expected_right(sorted, N, k) / MIN(k, N);
        }
        sum.tied += group.wrong > 0;
        rank[sum.queries++] = group.above + 1 + (double)group.wrong / (group.right + 1);
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
    TieGroup all = { 0, N - right, right };
    Retrieval chance = { .queries = 1, .median_rank = 1, .tied = N > right };
    while (recall_at(all, (int)chance.median_rank) < 0.5) chance.median_rank++;
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
        chance.recall[c] = recall_at(all, retrieval_cutoffs[c]);
        chance.precision[c] = (double)right / N;
    }
    return chance;
}

void retrieval_print(const char *name, Retrieval r) {
    if (!name) {
        printf("  %-34s    R@1    R@5   R@10   med.rank      P@1    P@5   P@10     tied\n", "%");
        return;
    }
    printf("  %-34s", name);
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
