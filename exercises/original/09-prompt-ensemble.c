/* Exercise 09: prompt ensemble. Several texts for one class: "a photo of a cat", "a drawing of a cat". (Lesson 12)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-09`. Hints: `make hint-09`.
 *
 * From the library: vec_norm(v, n) is |v|. mat_normalise_rows(m) gives every row of m the length 1. AT(m, r, c) is a
 * number of m, and &AT(m, r, 0) is a `num *` to row r (exercise 02).
 */
#include "../exercises/exercise.h"

/* prompt_ensemble: one unit vector for each class, from K texts each (Radford et al. 2021, section 3.1.4).
 *
 *     u_k       = row c*K + k of each, divided by its length          k = 0 .. K-1
 *     m         = (u_0 + ... + u_{K-1}) / K                           of length 1 only if all texts are equal
 *     classes_c = m / |m|
 *
 * Input   each [C*K,E]: rows 0 to K-1 belong to class 0, the next K rows to class 1, and so on. Rows have any length
 *         except 0. Do not change them.
 * Output  classes [C,E], rows of length 1
 * Worked  K = 2, rows (3,0) and (0,1): unit vectors (1,0) and (0,1), mean (0.5,0.5), class (0.707107, 0.707107)
 */
void prompt_ensemble(Mat each, int K, Mat classes) {
    /* TODO 09: your code from here ... */
    TODO(each, K, classes); /* delete this line when you begin */
    /* ... to here. END 09 */
}
