/* Exercise 02: the similarity matrix. Compare every caption with every picture: S = T I^T of unit vectors. (Lesson 02)
 *
 * Delete the line "TODO(...);" and write your code in its place. Check it with `make ex-02`. Hints: `make hint-02`.
 *
 * A `Mat` m is a matrix: m.shape[0] rows and m.shape[1] columns of `num`s (float in C). AT(m, r, c) is the number in
 * row r and column c. You can read it and write it: AT(s, 0, 1) = 0.5; &AT(m, r, 0) is a `num *` to row r, a vector of
 * m.shape[1] numbers. Row r + 1 follows row r in memory. The numbers of a column do not lie together.
 * `Mat t = text;` copies no numbers. t and text share them.
 * From the library: vec_norm(v, n) is |v|, vec_dot(a, b, n) is a.b, and vec_cosine(a, b, n) is a.b / (|a| |b|).
 */
#include "../exercises/exercise.h"

/* similarity_matrix: the cosine of each text with each picture.
 *
 *     S[n,m] = t_n . i_m          t_n = text row n / its length,  i_m = image row m / its length
 *
 * Input   text [N,D], image [M,D]: N and M vectors of D numbers, of any length except 0. Do not change them.
 * Output  s [N,M], which has its memory already: row n belongs to text n, column m to picture m
 * Worked  text (3,4), image rows (4,3) and (0,2): lengths 5, 5 and 2, so s = [0.96 0.8].
 */
void similarity_matrix(Mat text, Mat image, Mat s) {
    /* TODO 02: your code from here ... */
    TODO(text, image, s); /* delete this line when you begin */
    /* ... to here. END 02 */
}
