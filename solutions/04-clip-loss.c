/* Exercise 04: the CLIP loss. Every picture must find its caption, and every caption its picture. (Lessons 02, 03)
 *
 * Your code goes where it says TODO. `make ex-04` checks it, `make hint-04` helps.
 * From the library: vec_dot(a, b, n) is a.b; cross_entropy_row(x, n, 1, target) is -log softmax(x)[target] for a row x
 * of n numbers (lib/core/softmax.h).
 */
#include "../exercises/exercise.h"

/* symmetric_loss: the loss of B pairs (Radford et al. 2021, Fig. 3).
 *
 *     L[i,j] = (image row i . text row j) / tau                                    logits, [B,B]
 *     rows    = mean over i of -log softmax(row i of L)[i]                         picture i finds caption i
 *     columns = mean over j of -log softmax(column j of L)[j]                      caption j finds picture j
 *     loss    = (rows + columns) / 2
 *
 * Input   image [B,E] and text [B,E], rows of length 1, row b of the one belongs to row b of the other; tau > 0
 * Output  the loss in nats
 * Worked  image rows (1,0) and (0.6,0.8), text rows (1,0) and (0,1), tau = 1: logits [1 0 | 0.6 0.8],
 *         rows (0.313262 + 0.598139) / 2, columns (0.513015 + 0.371101) / 2, loss 0.448879
 */
double symmetric_loss(Mat image, Mat text, double tau) {
    /* TODO 04: your code from here ... */
    int B = image.shape[0], E = image.shape[1];
    double rows = 0, columns = 0;
    Arena arena = { 0 };
    Mat logits = mat_new(&arena, B, B), turned = mat_new(&arena, B, B);
    for (int i = 0; i < B; i++)
        for (int j = 0; j < B; j++) AT(logits, i, j) = vec_dot(&AT(image, i, 0), &AT(text, j, 0), E) / tau;
    mat_transpose(logits, turned);
    for (int b = 0; b < B; b++) {
        rows += cross_entropy_row(&AT(logits, b, 0), B, 1, b);
        columns += cross_entropy_row(&AT(turned, b, 0), B, 1, b);
    }
    arena_free(&arena);
    return (rows / B + columns / B) / 2;
    /* ... to here. END 04 */
}
