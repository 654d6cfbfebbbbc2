/* Exercise 02: the similarity matrix. Every caption against every picture: S = T I^T of unit vectors. (Lesson 02)
 *
 * Your code goes where it says TODO. `make ex-02` checks it, `make hint-02` helps.
 *
 * A `Mat` m is a matrix: m.shape[0] rows and m.shape[1] columns of `num`s. AT(m, r, c) is its number in row r and
 * column c. You can read it and write it: AT(s, 0, 1) = 0.5; The rows lie one behind the other in memory. &AT(m, r, 0)
 * is a `num *`: row r as a vector of m.shape[1] numbers. A column is no such vector: its numbers do not lie together.
 * `Mat t = text;` copies no numbers: t shares them with text. From the library: vec_norm(v, n) is |v|, vec_dot(a, b, n)
 * is a.b, vec_cosine(a, b, n) both at once.
 */
#include "../exercises/exercise.h"

/* similarity_matrix: the cosine of each text with each picture.
 *
 *     S[n,m] = t_n . i_m          t_n = text row n / its length,  i_m = image row m / its length
 *
 * Input   text [N,D], image [M,D]: rows as the towers give them, of any length but 0; they must not be changed
 * Output  s [N,M]: row n belongs to text n, column m to picture m
 * Worked  text (3,4), image rows (4,3) and (0,2): lengths 5, 5 and 2, so s = [0.96 0.8].
 */
void similarity_matrix(Mat text, Mat image, Mat s) {
    /* TODO 02: your code from here ... */
    int N = text.shape[0], M = image.shape[0], D = text.shape[1];
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) {
            const num *t = &AT(text, n, 0), *i = &AT(image, m, 0);
            AT(s, n, m) = vec_dot(t, i, D) / (vec_norm(t, D) * vec_norm(i, D));
        }
    /* ... to here. END 02 */
}
