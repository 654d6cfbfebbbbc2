#include "core/eigen.h"

#include "core/base.h"

#include <math.h>

/* Turns axes p and q of a (and the basis gathered so far) so that a[p][q] becomes 0. */
static void rotate(int n, double *a, double *vectors, int p, int q) {
    double apq = a[p * n + q];
    if (apq == 0) return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) { /* columns p and q */
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) { /* rows p and q, and the basis likewise */
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        x = vectors[p * n + k];
        y = vectors[q * n + k];
        vectors[p * n + k] = c * x - s * y;
        vectors[q * n + k] = s * x + c * y;
    }
}

static void swap_rows(int n, double *values, double *vectors, int i, int j) {
    double keep = values[i];
    values[i] = values[j];
    values[j] = keep;
    for (int k = 0; k < n; k++) {
        keep = vectors[i * n + k];
        vectors[i * n + k] = vectors[j * n + k];
        vectors[j * n + k] = keep;
    }
}

void eigen_symmetric(int n, double *a, double *values, double *vectors) {
    for (int i = 0; i < n * n; i++) vectors[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < 60; sweep++) /* convergence is quadratic: a dozen are enough; more do no harm */
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) rotate(n, a, vectors, p, q);
    for (int i = 0; i < n; i++) values[i] = a[i * n + i];
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++)
            if (values[j] > values[i]) swap_rows(n, values, vectors, i, j);
        double *v = vectors + i * n;
        int largest = 0;
        for (int k = 1; k < n; k++)
            if (fabs(v[k]) > fabs(v[largest])) largest = k;
        for (int k = 0, flip = v[largest] < 0; k < n && flip; k++) v[k] = -v[k];
    }
}
