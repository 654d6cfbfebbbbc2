/* gradcheck: is a backward the derivative of its forward? Asked of every operation, in double.
 *
 * For y = f(x) and a random cotangent r (a plain sum of y would be blind: the rows of a softmax sum to 1 whatever x
 * is), the tape's gradient of L = r . y is compared, coordinate by coordinate and with its sign, with the central
 * difference of fourth order,
 *   dL/dx_i ~ (8 (L(x+h) - L(x-h)) - (L(x+2h) - L(x-2h))) / 12 h        error O(h^4)  (Abramowitz and Stegun 25.3.6)
 * The tape's gradient is asked for twice: into nothing, and into memory where something is already, to which it must add.
 */
#ifndef GRADCHECK_H
#define GRADCHECK_H

#include "core/arena.h"
#include "autograd/tape.h"

enum { GRADCHECK_INPUTS = 6 };

struct GradCheck {
    Tape *tape;   /* build the operation here */
    int variant;  /* 0, 1, ... : which of the shapes, strides, ... to build */
    int variants; /* to be set by the check: how many there are (0 counts as 1) */
    Rng rng;      /* for ids and targets: the same numbers each time */
    /* the rest is the checker's own */
    Arena arena;
    Mat value[GRADCHECK_INPUTS];
    Var leaf[GRADCHECK_INPUTS];
    int inputs, made;
};

/* An input of the given shape for the operation under test. Its numbers lie in [-2, 2], are all different, and keep
 * away from 0 and from each other by at least 1 / count: the kinks of relu and max pooling are not met. */
Var gradcheck_input(GradCheck *check, Mat shape);

typedef struct {
    double worst; /* largest |tape - difference| / max(|tape|, |difference|, 1 % of the input's largest gradient);
                            infinite: it was a NaN, or not added to what was there (got; want: without anything there) */
    int input;    /* where: which input, which number of it, in which variant */
    size_t index;
    int variant;
    double got, want; /* the tape's figure, the difference's */
} GradCheckResult;

/* All variants of the operation, every coordinate of every input. Wants num to be double. */
GradCheckResult gradcheck_run(const Op *op);

#endif
