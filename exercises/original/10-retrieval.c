/* Exercise 10: retrieval. Find the k best items for a query, and measure how often a right item is among them.
 * (Lesson 13)
 *
 * Delete the lines "TODO(...);" and write your code in their place. Check it with `make ex-10`. Hints: `make hint-10`.
 *
 * A `Mat` m has m.shape[0] rows and m.shape[1] columns, and &AT(m, r, 0) is a `num *` to row r (exercise 02).
 * `int best[k];` is an array of k integers. recall_at_k may call top_k.
 */
#include "../exercises/exercise.h"

/* top_k: the places of the k largest of n scores, in descending order of the scores.
 *
 * Input   scores, n numbers. 1 <= k <= n. If scores are equal, the lower place comes first.
 * Output  best, k places from 0 to n-1
 * Worked  scores (0.2, 0.9, 0.5, 0.9), k = 3: best = (1, 3, 2)
 */
void top_k(const num *scores, int n, int k, int *best) {
    /* TODO 10: your code from here ... */
    TODO(scores, n, k, best); /* delete this line when you begin */
    /* ... to here. END 10 */
}

/* recall_at_k: the share of queries that find at least one right item among their k best.
 *
 *     recall@k = (1/Q) sum over queries q of  [is item[i] = query[q] for any i of the k best of row q?]
 *
 * Input   scores [Q,N]: row q has the score of query q with each of N items. query: Q labels. item: N labels. An item
 *         is right if its label is the label of the query. Several items can be right. k is from 1 to N. Equal scores
 *         as in top_k.
 * Output  return the share, from 0 to 1
 * Worked  scores [0.9 0.5 0.1 | 0.2 0.3 0.8], query (7, 7), item (7, 5, 5), k = 1: query 0 finds item 0, which is
 *         right; query 1 finds item 2, which is not: 0.5. With k = 3: 1.
 */
double recall_at_k(Mat scores, const int *query, const int *item, int k) {
    /* TODO 10: your code from here ... */
    TODO(scores, query, item, k);
    /* ... to here. END 10 */
}
