#include "core/mat.h"

#include <math.h>
#include <stdarg.h>

Mat mat_shape(int dims, ...) {
    REQUIRE(0 <= dims && dims <= MAT_DIMS, "%d dimensions, want 0 to %d", dims, MAT_DIMS);
    Mat m = { .dims = dims, .shape = { 1, 1, 1, 1 } };
    va_list args;
    va_start(args, dims);
    for (int d = 0; d < dims; d++) {
        m.shape[d] = va_arg(args, int);
        REQUIRE(m.shape[d] >= 0, "dimension %d is %d, want 0 or more", d, m.shape[d]);
    }
    va_end(args);
    return m;
}

Mat mat_like(Arena *arena, Mat shape) {
    shape.v = arena_alloc(arena, mat_count(shape), sizeof(num));
    return shape;
}
Mat mat_new(Arena *arena, int rows, int cols) { return mat_like(arena, mat_shape(2, rows, cols)); }
Mat mat_zero(Arena *arena, int rows, int cols) {
    Mat m = mat_shape(2, rows, cols);
    m.v = arena_zero(arena, mat_count(m), sizeof(num));
    return m;
}
Mat mat_from(Arena *arena, int rows, int cols, const double *numbers) {
    Mat m = mat_new(arena, rows, cols);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)numbers[i];
    return m;
}
Mat mat_normal(Arena *arena, int rows, int cols, Rng *rng, double scale) {
    Mat m = mat_new(arena, rows, cols);
    for (size_t i = 0; i < mat_count(m); i++) m.v[i] = (num)(scale * rng_normal(rng));
    return m;
}
size_t mat_count(Mat m) {
    size_t count = 1;
    for (int d = 0; d < m.dims; d++) count = size_mul(count, (size_t)m.shape[d]);
    return count;
}
bool mat_same_shape(Mat a, Mat b) {
    if (a.dims != b.dims) return false;
    for (int d = 0; d < a.dims; d++)
        if (a.shape[d] != b.shape[d]) return false;
    return true;
}

const char *mat_shape_text(Mat m) {
    static _Thread_local char texts[8][64];
    static _Thread_local int next;
    char *text = texts[next++ % 8], *end = text + sizeof texts[0], *at = text;
    at += snprintf(at, (size_t)(end - at), "[");
    for (int d = 0; d < m.dims; d++) at += snprintf(at, (size_t)(end - at), d ? ",%d" : "%d", m.shape[d]);
    snprintf(at, (size_t)(end - at), "]");
    return text;
}

void mat_matmul(Mat a, Mat b, Mat c) {
    int M = a.shape[0], K = a.shape[1], N = b.shape[1];
    REQUIRE(a.dims == 2 && b.dims == 2 && c.dims == 2 && b.shape[0] == K && c.shape[0] == M && c.shape[1] == N,
            "a %s times b %s into c %s: the inner sizes, or the result's, differ", mat_shape_text(a), mat_shape_text(b),
            mat_shape_text(c));
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            num sum = 0;
            for (int k = 0; k < K; k++) sum += AT(a, m, k) * AT(b, k, n);
            AT(c, m, n) = sum;
        }
}

void mat_transpose(Mat a, Mat b) {
    REQUIRE(a.dims == 2 && b.dims == 2 && a.shape[0] == b.shape[1] && a.shape[1] == b.shape[0],
            "a is %s, b is %s, want the shape of a transposed", mat_shape_text(a), mat_shape_text(b));
    for (int m = 0; m < a.shape[0]; m++)
        for (int n = 0; n < a.shape[1]; n++) AT(b, n, m) = AT(a, m, n);
}
double vec_dot(const num *a, const num *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}
double vec_norm(const num *a, int n) { return sqrt(vec_dot(a, a, n)); }
double vec_cosine(const num *a, const num *b, int n) {
    double length_a = vec_norm(a, n), length_b = vec_norm(b, n);
    REQUIRE(length_a > 0 && length_b > 0, "lengths %g and %g: a vector of length 0 has no direction", length_a,
            length_b);
    return vec_dot(a, b, n) / (length_a * length_b);
}
void rows_add(const num *x, size_t rows, int cols, num *sum) {
    for (size_t r = 0; r < rows; r++, x += cols)
        for (int c = 0; c < cols; c++) sum[c] += x[c];
}

void mat_normalise_rows(Mat m) {
    REQUIRE(m.dims == 2, "m is %s, want a matrix", mat_shape_text(m));
    for (int r = 0; r < m.shape[0]; r++) {
        num *row = &AT(m, r, 0);
        double length = vec_norm(row, m.shape[1]);
        REQUIRE(length > 0, "row %d has length 0: it has no direction", r);
        for (int c = 0; c < m.shape[1]; c++) row[c] = (num)((double)row[c] / length);
    }
}
