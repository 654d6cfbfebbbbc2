/* Exercise 04: the CLIP loss. Every picture must choose its caption, and every caption its picture. (Lessons 02, 03)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-04`. Hints: `make hint-04`.
 *
 * A `Mat` m has m.shape[0] rows and m.shape[1] columns of `num`s (float). AT(m, r, c) is a number of it, and
 * &AT(m, r, 0) is a `num *` to row r (exercise 02).
 * From the library: vec_dot(a, b, n) is a.b. cross_entropy_row(x, n, 1, target) is -log softmax(x)[target] for an array
 * x of n numbers. The numbers of x must lie together in memory, so copy a column into an array first.
 * Memory: `num column[B];` is an array of B numbers. `Mat m = mat_new(&arena, B, B);` is a new matrix, after
 * `Arena arena = { 0 };`. Its numbers are not set. `arena_free(&arena);` frees all matrices of the arena.
 */
#include "../exercises/exercise.h"

/* symmetric_loss: the loss of B pairs (Radford et al. 2021, Fig. 3).
 *
 *     L[i,j] = (image row i . text row j) / tau                                    logits, [B,B]
 *     rows    = mean over i of -log softmax(row i of L)[i]                         picture i chooses caption i
 *     columns = mean over j of -log softmax(column j of L)[j]                      caption j chooses picture j
 *     loss    = (rows + columns) / 2
 *
 * Input   image [B,E] and text [B,E], rows of length 1. Row b of image and row b of text are a pair. tau > 0, for
 *         example 0.001.
 * Output  return the loss
 * Worked  image rows (1,0) and (0.6,0.8), text rows (1,0) and (0,1), tau = 1: logits [1 0 | 0.6 0.8],
 *         rows (0.313262 + 0.598139) / 2, columns (0.513015 + 0.371101) / 2, loss 0.448879
 */
double symmetric_loss(Mat image, Mat text, double tau) {
    /* TODO 04: your code from here ... */
    TODO(image, text, tau); /* delete this line when you begin */
    /* ... to here. END 04 */
}
