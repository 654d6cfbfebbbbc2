/* Exercise 07: bag of words. The simplest text tower: a vector for each word, their mean, a linear layer. (Lesson 08)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-07`. Hints: `make hint-07`.
 *
 * The argument bag is a pointer to three matrices: bag->table, bag->weight and bag->bias. A `Mat` m has m.shape[0] rows
 * and m.shape[1] columns, AT(m, r, c) is a number of it, and &AT(m, r, 0) is a `num *` to row r (exercise 02).
 */
#include "../exercises/exercise.h"

/* bag_of_words: B texts of T word numbers become B vectors of E numbers.
 *
 *     mean[b]  = the mean of table[w] over the words w of text b that are not padding            D numbers
 *     out[b,e] = bias[e] + sum over d of  weight[e,d] mean[b,d]
 *
 * Input   bag: table [V,D], weight [E,D], bias [1,E]
 *         ids: ids[b*T + t] is word t of text b, from 0 to V-1. The number TEXT_PADDING (0) fills the end of short
 *         texts. It is not a word, although row 0 of the table has numbers. Every text has at least one word.
 * Output  out [B,E]. Do not normalise it.
 * Worked  table rows (9,9), (1,2), (3,4); ids (1, 2, 0): the mean is (2, 3), not (4.33, 5) and not (1.33, 2). With
 *         weight [1 1] and bias [0.5]: out = 5.5.
 */
void bag_of_words(const BagOfWords *bag, const int *ids, int B, int T, Mat out) {
    /* TODO 07: your code from here ... */
    TODO(bag, ids, B, T, out); /* delete this line when you begin */
    /* ... to here. END 07 */
}
