/* mat: matrices, and the plain operations on them. Each function is its formula as loops: no gradients, no tricks. The
 * fast versions of the expensive ones are in kernels; the tests compare the two.
 */
#ifndef MAT_H
#define MAT_H

#include "core/arena.h"
#include "core/rng.h"

enum { MAT_DIMS = 4 };

/* Row-major: the last index moves fastest. A scalar has no dimensions and one number. Images are [B,H,W,C]. */
typedef struct {
    int dims;            /* 0 .. MAT_DIMS */
    int shape[MAT_DIMS]; /* beyond dims: 1 */
    num *v;
} Mat;

/* Number r,c of a matrix; the i-th number of any Mat is m.v[i]. */
#define AT(m, r, c) ((m).v[(size_t)(r) * (size_t)(m).shape[1] + (size_t)(c)])

/* A shape alone, v is NULL: mat_shape(2, 3, 4) is [3,4]. Stops if a dimension is negative. */
Mat mat_shape(int dims, ...);
/* Memory for a shape, owned by the arena: not set, zeros, the given numbers, or normal random numbers times `scale`. */
Mat mat_like(Arena *arena, Mat shape);
Mat mat_new(Arena *arena, int rows, int cols);
Mat mat_zero(Arena *arena, int rows, int cols);
Mat mat_from(Arena *arena, int rows, int cols, const double *numbers);
Mat mat_normal(Arena *arena, int rows, int cols, Rng *rng, double scale);

size_t mat_count(Mat m); /* the product of the shape */
bool mat_same_shape(Mat a, Mat b);
const char *mat_shape_text(Mat m); /* "[3,4]", in one of 8 static buffers per thread; for messages */

/* c = a b          a [M,K], b [K,N], c [M,N] */
void mat_matmul(Mat a, Mat b, Mat c);
/* b = a^T          a [M,N], b [N,M] */
void mat_transpose(Mat a, Mat b);
/* a . b and |a|    over n numbers, summed in double */
double vec_dot(const num *a, const num *b, int n);
double vec_norm(const num *a, int n);
/* cos(a, b) = a . b / (|a| |b|); stops if a length is 0 */
double vec_cosine(const num *a, const num *b, int n);
/* sum[c] += x[0,c] + ... + x[rows-1,c]          x [rows,cols] */
void rows_add(const num *x, size_t rows, int cols, num *sum);
/* m[r] = m[r] / |m[r]| for every row r; stops if a length is 0 */
void mat_normalise_rows(Mat m);

#endif
