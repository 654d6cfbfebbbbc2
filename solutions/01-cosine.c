/* Exercise 01: cosine. How similar are the directions of two vectors? (Lesson 01)
 *
 * Delete the lines "TODO(...);" and write your code in their place. Check it with `make ex-01`. Hints: `make hint-01`.
 *
 * A `num` is a real number (float in C). `num *v` with `int n` is a vector: the n numbers v[0], v[1] ... v[n-1].
 * `const num *a` can be read but not written. Keep sums in a double, which has more digits: double sum = 0;
 * sqrt(x) is the square root, and fabs(x) is the absolute value. All functions of <math.h> are available.
 * In C, the division of two integers drops the fraction: 1 / 2 is 0, and 1.0 / 2 is 0.5.
 * You need nothing else from the library.
 */
#include "../exercises/exercise.h"

/* normalise: gives v the length 1. Its direction stays.
 *
 *     v[i] = v[i] / |v|          |v| = sqrt(v[0]*v[0] + v[1]*v[1] + ... + v[n-1]*v[n-1])
 *
 * Input   v, n numbers, not all 0. Write the result into v.
 * Worked  (3, 4) has length sqrt(9 + 16) = 5 and becomes (0.6, 0.8).
 */
void normalise(num *v, int n) {
    /* TODO 01: your code from here ... */
    double squares = 0;
    for (int i = 0; i < n; i++) squares += v[i] * v[i];
    double length = sqrt(squares);
    for (int i = 0; i < n; i++) v[i] /= length;
    /* ... to here. END 01 */
}

/* cosine: the cosine of the angle between a and b.
 *
 *     cos(a, b) = a.b / (|a| |b|)          a.b = a[0]*b[0] + a[1]*b[1] + ... + a[n-1]*b[n-1]
 *
 * Input   a and b, n numbers each, neither all 0. Do not change them.
 * Output  return a number from -1 to 1: -1 for opposite directions, 0 for a right angle, 1 for the same direction
 * Worked  a = (3, 4), b = (4, 3): (12 + 12) / (5 * 5) = 0.96
 */
double cosine(const num *a, const num *b, int n) {
    /* TODO 01: your code from here ... */
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / (sqrt(aa) * sqrt(bb)); /* sqrt twice: aa * bb could overflow where the lengths do not */
    /* ... to here. END 01 */
}
