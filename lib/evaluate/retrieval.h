/* retrieval: which of many answers come first, and how often a right one is among them.
 *
 * Q queries, N answers, each with a label; an answer is right if its label is the query's. With classes as labels any
 * picture of a ship answers "a photo of a ship"; with labels that are all different there is one right answer.
 *
 * The rule for ties: answers with equal scores are in random order, and each number is the expectation over these
 * orders. A model that scores all answers alike has the recall of guessing, whatever their order in memory. */
#ifndef RETRIEVAL_H
#define RETRIEVAL_H

#include "core/mat.h"

enum { RETRIEVAL_CUTOFFS = 3 };
extern const int retrieval_cutoffs[RETRIEVAL_CUTOFFS]; /* k = 1, 5, 10 */

typedef struct {
    int queries;                         /* those with a right answer; the numbers below are about them */
    double recall[RETRIEVAL_CUTOFFS];    /* recall@k: proportion of queries with a right answer among the first k */
    double precision[RETRIEVAL_CUTOFFS]; /* precision@k: mean proportion of right answers among the first k */
    double median_rank;                  /* of the first right answer; 1 is best */
    int tied;                            /* queries whose first right answer has the score of a wrong one */
} Retrieval;

/* For each query let a answers be better than the best right one, and t wrong and r right ones equal to it:
 *   rank       = a + 1 + t / (r + 1)                              expected rank of the first right one
 *   recall@k   = 1 - C(t, k - a) / C(t + r, k - a)                0 for k <= a, 1 for k - a > t
 * (k - a of the t + r equal ones are among the first k; C counts choices.) Precision counts equal ones in proportion
 * and divides by min(k, N).
 * Shapes  scores [Q,N], query [Q], answer [N]; without a query that has a right answer all numbers are 0
 * False, naming query and answer, if a score is NaN; *result is then not written. */
bool retrieval_measure(Mat scores, const int *query, const int *answer, Retrieval *result, Err *err);

/* recall@k of one query, by the rule above, whose best right answer has `above` better ones, and `wrong` wrong and
 * `right` right ones with its score. For guessing all are equal: above 0, right + wrong = N. */
double retrieval_recall_at(int above, int wrong, int right, int k);

/* The same for one query in linear time: scores [n], the numbers of its right answers right [rights], rights >= 1.
 * False if a score is NaN. */
bool retrieval_recall(const num *scores, int n, const int *right, int rights, double recall[RETRIEVAL_CUTOFFS]);

/* The same for guessing: N answers, `right` of them right, in random order; the median rank is the least k with
 * recall@k >= 1/2. Wants 1 <= right <= N. */
Retrieval retrieval_chance(int N, int right);

/* A row of a table on stdout, recall and precision in percent; for `name` NULL the head of the table. */
void retrieval_print(const char *name, Retrieval r);

/* The indices of the best k of n scores, best first, of equals the lower index. Wants 0 <= k <= n and no NaN. */
void retrieval_top(const num *scores, int n, int k, int *top);

#endif
