/* eigen: the directions that a symmetric matrix only stretches. */
#ifndef EIGEN_H
#define EIGEN_H

/* Eigenvalues, largest first, and eigenvectors of the symmetric a [n,n]: a v_i = value_i v_i; v_i is row i of
 * `vectors` [n,n], of unit length, its largest number positive. Jacobi's rotations, to machine precision
 * (Golub and Van Loan, "Matrix Computations", section 8.5). Destroys a. */
void eigen_symmetric(int n, double *a, double *values, double *vectors);

#endif
