/* Exercise 00: hello. There is nothing to write. `make ex-00` passes and shows that your installation works.
 *
 * The cosine of (3, 4) and (4, 3) is (3*4 + 4*3) / (5 * 5) = 24 / 25 = 0.96. A `num` is a real number (float in C).
 * vec_cosine is a function of the library. In exercise 01 you write it yourself.
 */
#include "../exercises/exercise.h"

double hello(void) {
    num a[] = { 3, 4 }, b[] = { 4, 3 };
    return vec_cosine(a, b, 2);
}
