/* Exercise 03: softmax and cross-entropy. Softmax turns scores into probabilities. The cross-entropy is the cost of a
 * small probability for the right answer. (Lesson 02)
 *
 * Delete the lines "TODO(...);" and write your code in their place. Check it with `make ex-03`. Hints: `make hint-03`.
 *
 * From <math.h>: exp(x), log(x) (the natural logarithm), fmax(x, y). A `num` is a float. A `Mat` x has x.shape[0] rows
 * and x.shape[1] columns, AT(x, r, c) is a number of it, and &AT(x, r, 0) is a `num *` to row r (exercise 02).
 * `num p[N];` is an array of N numbers for your own use. N can be a variable.
 */
#include "../exercises/exercise.h"

/* softmax: the probabilities of a row of scores.
 *
 *     p[i] = exp(x[i]) / (exp(x[0]) + exp(x[1]) + ... + exp(x[n-1]))
 *
 * Input   x, n scores of any size. Do not change them. exp(1000) is infinite on a computer, but the formula must work
 *         for a score of 1000 too. Subtracting the same number from all scores does not change the probabilities.
 * Output  p, n numbers of 0 or more whose sum is 1
 * Worked  x = (0, log 3): exp gives 1 and 3, so p = (0.25, 0.75). x = (1000, 1000): p = (0.5, 0.5).
 */
void softmax(const num *x, int n, num *p) {
    /* TODO 03: your code from here ... */
    TODO(x, n, p); /* delete this line when you begin */
    /* ... to here. END 03 */
}

/* cross_entropy: the mean over the rows of -log of the probability of the right column. Natural logarithm.
 *
 *     L = (1/B) sum over rows b of  -log p_b[target[b]]          p_b = softmax of row b
 *
 * Input   x [B,N], a row of scores for each of B examples. target, B column numbers from 0 to N-1.
 * Output  return L: 0 if every right column has the probability 1, log N if all scores are equal
 * Worked  rows (0, log 3) and (0, 0), targets 1 and 0: (-log 0.75 - log 0.5) / 2 = (0.287682 + 0.693147) / 2 = 0.490415
 */
double cross_entropy(Mat x, const int *target) {
    /* TODO 03: your code from here ... */
    TODO(x, target);
    /* ... to here. END 03 */
}
