/* Exercise 01: cosine. How alike are two vectors, whatever their lengths? (Lesson 01)
 *
 * Your code goes where it says TODO. `make ex-01` checks it, `make hint-01` helps.
 *
 * A `num` is a number with a point (C's float). `num *v` with `int n` is a vector: the n numbers v[0], v[1] ... v[n-1].
 * `const num *a` may be read and not written. Keep sums in a double, which has more digits: double sum = 0;
 * sqrt and fabs take the square root and the size of a number; all of <math.h> is there.
 * In C a division of whole numbers is cut: 1 / 2 is 0, and 1.0 / 2 is 0.5.
 * Nothing else of the library is needed here.
 */
#include "../exercises/exercise.h"

/* normalise: v gets the length 1 and keeps its direction.
 *
 *     v[i] = v[i] / |v|          |v| = sqrt(v[0]*v[0] + v[1]*v[1] + ... + v[n-1]*v[n-1])
 *
 * Input   v, n numbers, not all 0. They are changed in place.
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

/* cosine: of the angle between a and b.
 *
 *     cos(a, b) = a.b / (|a| |b|)          a.b = a[0]*b[0] + a[1]*b[1] + ... + a[n-1]*b[n-1]
 *
 * Input   a and b, n numbers each, neither all 0. They must not be changed.
 * Output  a number from -1 (opposite) over 0 (at right angles) to 1 (the same direction)
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
