#include "core/eigen.h"

#include <math.h>

/* (x, y) = (c x - s y, s x + c y) for n pairs; x and y hold a number every `step`. */
static void rotate_pairs(int n, double *x, double *y, int step, double c, double s) {
    for (int k = 0; k < n * step; k += step) {
        double old = x[k];
        x[k] = c * old - s * y[k];
        y[k] = s * old + c * y[k];
    }
}

/* The Jacobi rotation of axes p and q that makes a[p][q] = 0: a = J^T a J; so are the rows of `vectors`. */
static void rotate_axes(int n, double *a, double *vectors, int p, int q) {
    double apq = a[p * n + q];
    if (apq == 0) return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
    rotate_pairs(n, a + p, a + q, n, c, s);
    rotate_pairs(n, a + p * n, a + q * n, 1, c, s);
    rotate_pairs(n, vectors + p * n, vectors + q * n, 1, c, s);
}

static void swap(double *a, double *b) {
    double old = *a;
    *a = *b;
    *b = old;
}

void eigen_symmetric(int n, double *a, double *values, double *vectors) {
    for (int i = 0; i < n * n; i++) vectors[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < 60; sweep++) /* convergence is quadratic: a dozen sweeps are enough */
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) rotate_axes(n, a, vectors, p, q);
    for (int i = 0; i < n; i++) values[i] = a[i * n + i];
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            if (values[j] <= values[i]) continue;
            swap(values + i, values + j);
            for (int k = 0; k < n; k++) swap(vectors + i * n + k, vectors + j * n + k);
        }
        double *v = vectors + i * n;
        int largest = 0;
        for (int k = 1; k < n; k++)
            if (fabs(v[k]) > fabs(v[largest])) largest = k;
        for (int k = 0, flip = v[largest] < 0; k < n && flip; k++) v[k] = -v[k];
    }
}
