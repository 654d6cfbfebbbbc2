/* lbfgs: the least value of a smooth function of many numbers (Liu and Nocedal 1989, "On the limited memory BFGS method
 * for large scale optimization"; Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.5).
 *
 *   x = x - a H g      g the gradient; H an estimate of the inverse of the second derivatives, kept as the last
 *                      LBFGS_MEMORY pairs s = x' - x, y = g' - g, of which H y = s; a by halving from 1
 *
 * For a convex function, such as the loss of logistic regression, it ends at the one minimum. */
#ifndef LBFGS_H
#define LBFGS_H

#include "core/arena.h"

enum { LBFGS_MEMORY = 10 };

typedef struct {
    int n;
    /* The value at x [n]; the gradient into gradient [n]. */
    double (*value)(void *context, const double *x, double *gradient);
    void *context;
    int steps;        /* at most so many */
    double tolerance; /* ends where no number of the gradient is larger than this */
} Lbfgs;

typedef struct {
    double value, gradient; /* at the end; gradient: the largest of its numbers, without sign */
    int steps;
    bool converged; /* gradient <= tolerance */
} LbfgsResult;

/* Moves x [n] from where it is. Ends, not converged, after `steps`, or where no smaller value is found along the
 * direction: the limit of rounding. A value that is not finite counts as too large. Memory: `scratch`, released. */
LbfgsResult lbfgs_minimise(const Lbfgs *problem, Arena *scratch, double *x);

#endif
