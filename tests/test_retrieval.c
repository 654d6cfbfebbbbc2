/* retrieval: are ranks and recalls those counted by hand, and those of an oracle that tries every order of the ties? */
#include "evaluate/retrieval.h"
#include "core/arena.h"
#include "check.h"

#include <math.h>
#include <string.h>

static Arena arena;

static Retrieval measure(Mat scores, const int *query, const int *answer) {
    Retrieval r;
    Err err;
    CHECK(retrieval_measure(scores, query, answer, &r, &err), "%s", err.text);
    return r;
}

TEST(by_hand) {
    /* query 0: right first. 1: right ones third and fourth. 2: right one sixth, the last. */
    const double numbers[] = { 9, 8, 7, 6, 5, 4, 5, 4, 9, 8, 1, 0, 9, 8, 7, 6, 5, 4 };
    const int query[] = { 0, 1, 2 };
    const int answer[] = { 0, 1, 3, 0, 1, 2 };
    Mat scores = mat_from(&arena, 3, 6, numbers);
    /* query 1: order 2 3 0 1 4 5 -> labels 3 0 0 1 1 2: first right at 4 */
    Retrieval r = measure(scores, query, answer);
    CHECK(r.queries == 3 && r.tied == 0, "%d %d", r.queries, r.tied);
    CHECK_NEAR(r.recall[0], 1 / 3.0, 1e-12); /* at 1 */
    CHECK_NEAR(r.recall[1], 2 / 3.0, 1e-12); /* at 5 */
    CHECK_NEAR(r.recall[2], 1, 1e-12);       /* at 10, of 6 */
    CHECK_NEAR(r.median_rank, 4, 1e-12);     /* of 1, 4, 6 */
    CHECK_NEAR(r.precision[0], 1 / 3.0, 1e-12);
    CHECK_NEAR(r.precision[1], (2 / 5.0 + 2 / 5.0 + 0) / 3, 1e-12);
    CHECK_NEAR(r.precision[2], (2 + 2 + 1) / 6.0 / 3, 1e-12);
    arena_free(&arena);
}

TEST(all_equal_is_guessing) {
    enum { N = 12 };
    Mat scores = mat_zero(&arena, 2, N);
    int query[2] = { 0, 0 }, answer[N];
    for (int right = 1; right <= N; right++) {
        for (int n = 0; n < N; n++) answer[n] = n < right ? 0 : 1; /* in memory the right ones come first */
        Retrieval r = measure(scores, query, answer), chance = retrieval_chance(N, right);
        CHECK(r.tied == (right < N ? 2 : 0), "%d tied", r.tied);
        CHECK_NEAR(r.median_rank, (N + 1.0) / (right + 1), 1e-12); /* the mean least of `right` of 1..N */
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
            CHECK_NEAR(r.recall[c], chance.recall[c], 1e-12);
            CHECK_NEAR(r.precision[c], right / (double)N, 1e-12);
        }
    }
    CHECK_NEAR(retrieval_chance(10000, 1000).recall[0], 0.1, 1e-12);
    CHECK_NEAR(retrieval_chance(80, 8).recall[1], 1 - 72.0 * 71 * 70 * 69 * 68 / (80.0 * 79 * 78 * 77 * 76), 1e-12);
    CHECK_NEAR(retrieval_chance(10, 1).recall[2], 1, 1e-12);
    CHECK_STOPS(retrieval_chance(5, 6), EXIT_CONTRACT, "6 of 5");
    CHECK_STOPS(retrieval_chance(5, 0), EXIT_CONTRACT, "0 of 5");
    arena_free(&arena);
}

/* Guessing: by hand, and against a count over random orders. */
TEST(the_median_rank_of_guessing) {
    CHECK(retrieval_chance(1000, 100).median_rank == 7 && retrieval_chance(80, 8).median_rank == 7, "%g, %g",
          retrieval_chance(1000, 100).median_rank, retrieval_chance(80, 8).median_rank);
    CHECK(retrieval_chance(1, 1).median_rank == 1 && retrieval_chance(5, 5).median_rank == 1, "%s", "all are right");
    CHECK(retrieval_chance(9, 1).median_rank == 5 && retrieval_chance(2, 1).median_rank == 1, "%s",
          "one of nine, of two");
    enum { N = 80, RIGHT = 8, ORDERS = 20000 };
    Rng rng = rng_seed(1, 0);
    int order[N], within[N + 1] = { 0 }, median = 1;
    for (int i = 0; i < N; i++) order[i] = i;
    for (int k = 0; k < ORDERS; k++) {
        int first = 0;
        rng_shuffle(&rng, order, N);
        while (order[first] >= RIGHT) first++;
        within[first + 1]++;
    }
    for (int sum = within[1]; sum * 2 < ORDERS; sum += within[median]) median++;
    CHECK(median == 7, "%d", median);
}

/* ---- the oracle: every order of all answers that the scores allow ------------------------------------------------ */

enum { FEW = 6 };
typedef struct {
    const num *score;
    const bool *right;
    int order[FEW], n, orders;
    double rank, recall[3], precision[3];
} Oracle;

static void oracle_count(Oracle *o) {
    int first = o->n;
    for (int i = 0; i + 1 < o->n; i++)
        if (o->score[o->order[i]] < o->score[o->order[i + 1]]) return;
    for (int i = o->n - 1; i >= 0; i--)
        if (o->right[o->order[i]]) first = i;
    o->orders++;
    o->rank += first + 1;
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
        int k = MIN(retrieval_cutoffs[c], o->n), right = 0;
        for (int i = 0; i < k; i++) right += o->right[o->order[i]];
        o->recall[c] += first < k;
        o->precision[c] += right / (double)k;
    }
}

static void oracle_orders(Oracle *o, int from) {
    if (from == o->n) oracle_count(o);
    for (int i = from; i < o->n; i++) {
        int a = o->order[from], b = o->order[i];
        o->order[from] = b;
        o->order[i] = a;
        oracle_orders(o, from + 1);
        o->order[from] = a;
        o->order[i] = b;
    }
}

TEST(against_every_order) {
    Rng rng = rng_seed(3, 0);
    for (int round = 0; round < 300; round++) {
        int n = 1 + (int)rng_below(&rng, FEW), query[1] = { 1 }, answer[FEW], any = 0;
        bool right[FEW];
        Mat scores = mat_new(&arena, 1, n);
        for (int i = 0; i < n; i++) {
            scores.v[i] = (num)rng_below(&rng, 3);
            any += right[i] = rng_below(&rng, 3) == 0;
            answer[i] = right[i] ? 1 : 7;
        }
        Oracle o = { .score = scores.v, .right = right, .n = n };
        for (int i = 0; i < n; i++) o.order[i] = i;
        oracle_orders(&o, 0);
        Retrieval r = measure(scores, query, answer);
        CHECK(r.queries == (any > 0), "%d queries, %d right", r.queries, any);
        if (!any) continue;
        CHECK_NEAR(r.median_rank, o.rank / o.orders, 1e-12);
        for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) {
            CHECK_NEAR(r.recall[c], o.recall[c] / o.orders, 1e-12);
            CHECK_NEAR(r.precision[c], o.precision[c] / o.orders, 1e-12);
        }
    }
    arena_free(&arena);
}

TEST(at_its_limits) {
    Err err;
    Retrieval r = measure(mat_new(&arena, 0, 3), NULL, (int[]){ 1, 2, 3 });
    CHECK(r.queries == 0 && r.median_rank == 0, "%d", r.queries);
    r = measure(mat_new(&arena, 2, 0), (int[]){ 1, 2 }, NULL);
    CHECK(r.queries == 0, "%d", r.queries);
    Mat scores = mat_from(&arena, 2, 2, (double[]){ INFINITY, -INFINITY, 0, 0 });
    r = measure(scores, (int[]){ 1, 2 }, (int[]){ 1, 2 });
    CHECK_NEAR(r.median_rank, (1 + 1.5) / 2, 1e-12);
    CHECK(r.tied == 1, "%d", r.tied);
    AT(scores, 1, 0) = (num)NAN;
    r.queries = 77;
    CHECK(!retrieval_measure(scores, (int[]){ 1, 2 }, (int[]){ 1, 2 }, &r, &err) && r.queries == 77, "%s",
          "NaN is taken");
    CHECK(strstr(err.text, "answer 0 for query 1 is not a number"), "%s", err.text);
    arena_free(&arena);
}

TEST(top_of_equals_is_the_lower_index) {
    const num scores[] = { 3, 9, 3, 9, 1, 3 };
    const int want[] = { 1, 3, 0, 2, 5, 4 };
    int top[6];
    for (int k = 0; k <= 6; k++) {
        for (int i = 0; i < 6; i++) top[i] = 77;
        retrieval_top(scores, 6, k, top);
        for (int i = 0; i < 6; i++) CHECK(top[i] == (i < k ? want[i] : 77), "top %d of %d is %d", i, k, top[i]);
    }
    CHECK_STOPS(retrieval_top(scores, 6, 7, top), EXIT_CONTRACT, "the best 7 of 6");
}

TESTS(by_hand, all_equal_is_guessing, the_median_rank_of_guessing, against_every_order, at_its_limits,
      top_of_equals_is_the_lower_index)
