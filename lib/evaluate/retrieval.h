/* retrieval: which of many answers come first, and how often a right one is among them.
 *
 * Q queries, N answers. Queries and answers carry labels; an answer is right if its label is the query's. Where captions
 * repeat this is counting by equivalence: any picture of a ship answers "a photo of a ship". Labels that are all
 * different ask for the one partner instead.
 *
 * Ties: answers with equal scores stand in random order, and what is returned is the mean over all such orders, not the
 * luck of one. A model that gives every answer the same score so earns what guessing earns, whatever the order in memory.
 */
#ifndef RETRIEVAL_H
#define RETRIEVAL_H

#include "core/mat.h"

enum { RETRIEVAL_CUTOFFS = 3 };
extern const int retrieval_cutoffs[RETRIEVAL_CUTOFFS]; /* 1, 5, 10 */

typedef struct {
    int queries;                         /* those that have a right answer; others are left out */
    int without;                         /* ... and how many these are */
    double recall[RETRIEVAL_CUTOFFS];    /* share of queries with at least one right answer among the first 1, 5, 10 */
    double precision[RETRIEVAL_CUTOFFS]; /* mean share of right ones among the first 1, 5, 10 (at most N) */
    double median_rank; /* of the first right answer; 1 is best. Mean of the middle two for an even Q */
    int tied;           /* queries whose first right answer has the score of a wrong one */
} Retrieval;

/* For one query let a wrong answers be better than the best right one, t wrong and r right ones equal to it:
 *
 *   rank       = a + 1 + t / (r + 1)                              the mean place of the first right one
 *   recall@k   = 1 - C(t, k - a) / C(t + r, k - a)                0 for k <= a, 1 for k - a > t
 *
 * (k - a of the t + r equal ones are seen; C counts choices.) Precision counts a tie at the border in proportion.
 *
 * Shapes  scores [Q,N], query [Q], answer [N]. With Q 0, or no query with a right answer, all is 0 (queries 0)
 * False if a score is NaN, naming query and answer; *result is then untouched. */
bool retrieval_measure(Mat scores, const int *query, const int *answer, Retrieval *result, Err *err);

/* What guessing earns: the same for N answers of which `right` are right, in random order. Wants 1 <= right <= N. */
Retrieval retrieval_chance(int N, int right);

/* A line of a table on stdout: recall and precision in percent, median rank, ties. `what` NULL: the line above the table. */
void retrieval_print(const char *what, Retrieval r);

/* The best k of n scores, best first, into top[k]; of equals the lower index. Wants 0 <= k <= n and no NaN. */
void retrieval_top(const num *scores, int n, int k, int *top);

#endif
