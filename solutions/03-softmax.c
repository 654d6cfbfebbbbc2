/* Exercise 03: softmax and cross-entropy. From scores to probabilities, and what a wrong belief costs. (Lesson 02)
 *
 * Your code goes where it says TODO. `make ex-03` checks it, `make hint-03` helps.
 */
#include "../exercises/exercise.h"

/* softmax: the probabilities that a row of scores stands for.
 *
 *     p[i] = exp(x[i]) / (exp(x[0]) + exp(x[1]) + ... + exp(x[n-1]))
 *
 * Input   x, n scores of any size: 1000 is one of them, though exp(1000) is more than a computer can write down. Adding
 *         the same number to all scores changes no probability; that is the way out.
 * Output  p, n numbers above or equal 0 that add up to 1. x must not be changed.
 * Worked  x = (0, log 3): exp gives 1 and 3, so p = (0.25, 0.75). x = (1000, 1000): p = (0.5, 0.5).
 */
void softmax(const num *x, int n, num *p) {
    /* TODO 03: your code from here ... */
    double most = x[0], sum = 0;
    for (int i = 1; i < n; i++) most = fmax(most, x[i]);
    for (int i = 0; i < n; i++) sum += exp(x[i] - most);
    for (int i = 0; i < n; i++) p[i] = exp(x[i] - most) / sum;
    /* ... to here. END 03 */
}

/* cross_entropy: what the truth costs, averaged over the rows. Natural logarithm.
 *
 *     L = (1/B) sum over rows b of  -log p_b[target[b]]          p_b = softmax of row b
 *
 * Input   x [B,N], a row of scores for each of B examples; target, B column numbers from 0 to N-1
 * Output  L, in nats: 0 if every row is sure and right, log N if all scores are equal
 * Worked  rows (0, log 3) and (0, 0), targets 1 and 0: (-log 0.75 - log 0.5) / 2 = (0.287682 + 0.693147) / 2 = 0.490415
 */
double cross_entropy(Mat x, const int *target) {
    /* TODO 03: your code from here ... */
    int B = x.shape[0], N = x.shape[1];
    double sum = 0;
    for (int b = 0; b < B; b++) {
        const num *row = &AT(x, b, 0);
        double most = row[0], total = 0;
        for (int n = 1; n < N; n++) most = fmax(most, row[n]);
        for (int n = 0; n < N; n++) total += exp(row[n] - most);
        double p = exp(row[target[b]] - most) / total;
        sum += -log(p);
    }
    return sum / B;
    /* ... to here. END 03 */
}
