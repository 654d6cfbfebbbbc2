/* gradcheck: is a backward the derivative of its forward? Run for every operation, in double.
 *
 * For y = f(x) and random r, the tape's gradient of L = r . y is compared, number by number and with its sign, with the
 * central difference of fourth order (with r = 1 errors are missed: rows of a softmax sum to 1 for any x):
 *   dL/dx_i ~ (8 (L(x+h) - L(x-h)) - (L(x+2h) - L(x-2h))) / 12 h        error O(h^4)  (Abramowitz and Stegun 25.3.6)
 * The backward runs twice: into empty gradients, and into gradients that hold something, to which it must add.
 */
#ifndef GRADCHECK_H
#define GRADCHECK_H

#include "autograd/tape.h"

enum { GRADCHECK_INPUTS = 6 };

struct GradCheck {
    Tape *tape;   /* build the operation here */
    int variant;  /* 0, 1, ...: which of the shapes, strides, ... to build */
    int variants; /* set by the check: how many there are (0 counts as 1) */
    Rng rng;      /* for ids and targets: the same numbers each time */
    /* for the checker itself */
    Arena arena;
    Mat value[GRADCHECK_INPUTS];
    Var leaf[GRADCHECK_INPUTS];
    int inputs, made;
};

/* An input of the given shape. Its numbers lie in [-2, 2], differ from each other by at least 1 / count, and are not
 * near 0: relu and max pooling have no kink there. */
Var gradcheck_input(GradCheck *check, Mat shape);

typedef struct {
    double worst; /* largest |tape - difference| / max(|tape|, |difference|, 1 % of the input's largest gradient);
                     infinite: NaN, or the backward did not add (then want: its result into an empty gradient) */
    int input;    /* where: which input, which number of it, in which variant */
    size_t index;
    int variant;
    double got, want; /* the tape's gradient, the difference */
} GradCheckResult;

/* Checks all variants of an operation, and every number of every input. Stops unless num is double. */
GradCheckResult gradcheck_run(const Op *op);

/* The loss of a whole network, one number; the same function of its parameters at every call. */
typedef Var GradCheckLoss(Tape *t, const void *context);
/* The same for a whole network, along random directions u of unit length through all its parameters (frozen ones left
 * out): the tape's gradient says u . dL/dw, the fourth-order central difference of L(w + h u) says it again. Returns the
 * largest |tape - difference| / max of the two; infinite for NaN. The parameters are as before afterwards, their
 * gradients empty. Stops unless num is double. */
double gradcheck_directions(Param *const *params, int count, GradCheckLoss *loss, const void *context, int directions,
                            uint64_t seed);

#endif
