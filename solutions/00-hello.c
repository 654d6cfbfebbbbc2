/* Exercise 00: hello. There is nothing to write: `make ex-00` passes as it is, and shows that your installation works.
 *
 * The cosine of (3, 4) and (4, 3) is (3*4 + 4*3) / (5 * 5) = 24 / 25 = 0.96.
 */
#include "../exercises/exercise.h"

double hello(void) {
    num a[] = { 3, 4 }, b[] = { 4, 3 };
    return vec_cosine(a, b, 2);
}
