/* Exercise 05: backward. The gradients of three operations. (Lesson 06)
 *
 * The gradient of the loss with respect to x is called dx. It has the shape of x. A value that is used twice has two
 * gradients, and their sum is its gradient. So a backward function ADDS its gradient to dx (+=). It never sets dx (=).
 *
 * Delete the lines "TODO(...);" and write your code in their place. Check it with `make ex-05`. Hints: `make hint-05`.
 *
 * A `Mat` m has m.shape[0] rows and m.shape[1] columns of `num`s (float). AT(m, r, c) is a number of it, and
 * &AT(m, r, 0) is a `num *` to row r (exercise 02).
 * From the library: softmax_row(x, n, 1, p) writes the softmax of the n numbers x into the n numbers p. `num p[N];` is
 * an array of N numbers.
 */
#include "../exercises/exercise.h"

/* relu_backward: the gradient of y[i] = max(x[i], 0).
 *
 *     dx[i] = dx[i] + dy[i]    where x[i] > 0. Elsewhere dx[i] stays as it is.
 *
 * Input   x and dy, n numbers each        Output  dx, n numbers, added to
 * Worked  x = (2, -3), dy = (5, 7), dx before = (1, 1): dx after = (6, 1)
 */
void relu_backward(const num *x, const num *dy, int n, num *dx) {
    /* TODO 05: your code from here ... */
    TODO(x, dy, n, dx); /* delete this line when you begin */
    /* ... to here. END 05 */
}

/* matmul_backward: the gradients of the matrix product y = a b.
 *
 *     da = da + dy b^T          db = db + a^T dy
 *
 * In numbers:  da[m,k] += sum over n of dy[m,n] b[k,n]          db[k,n] += sum over m of a[m,k] dy[m,n]
 * Input   a [M,K], b [K,N], dy [M,N]        Output  da [M,K] and db [K,N], added to
 * Worked  a = [1 2], b = [3 | 4] (one column), dy = [10]: with da and db 0 before, da = [30 40], db = [10 | 20]
 */
void matmul_backward(Mat a, Mat b, Mat dy, Mat da, Mat db) {
    /* TODO 05: your code from here ... */
    TODO(a, b, dy, da, db);
    /* ... to here. END 05 */
}

/* cross_entropy_backward: the gradient of L = (1/B) sum over rows b of -log softmax(x_b)[target[b]].
 *
 *     dx[b,n] = dx[b,n] + (p[b,n] - q[b,n]) / B          p = softmax of row b;  q = 1 where n is target[b], else 0
 *
 * Input   x [B,N], target: B column numbers        Output  dx [B,N], added to
 * Worked  x = [0 0 | 0 0], targets 0 and 1, dx 0 before: p is 0.5 everywhere, dx = [-0.25 0.25 | 0.25 -0.25]
 */
void cross_entropy_backward(Mat x, const int *target, Mat dx) {
    /* TODO 05: your code from here ... */
    TODO(x, target, dx);
    /* ... to here. END 05 */
}
