/* eigen: eigenvalues and eigenvectors of a symmetric matrix. */
#ifndef EIGEN_H
#define EIGEN_H

/* a v_i = values[i] v_i for the symmetric a [n,n]: values[n], largest first; v_i is row i of `vectors` [n,n], has
 * length 1, and its number of largest magnitude is positive. Cyclic Jacobi rotations, to machine precision (Golub and
 * Van Loan, "Matrix Computations", section 8.5). Overwrites a. */
void eigen_symmetric(int n, double *a, double *values, double *vectors);

#endif
