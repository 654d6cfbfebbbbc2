/* mat: dense numbers with a shape, row after row, and the plain operations a student can read.
 *
 * No gradients and no tricks live here: each function is its formula as loops. The fast twins of the expensive ones
 * are in gemm and conv, and the tests hold the two against each other.
 */
#ifndef MAT_H
#define MAT_H

#include "core/arena.h"
#include "core/rng.h"

enum { MAT_DIMS = 4 };

/* Row-major: the last index moves fastest. A scalar has no dimensions and one number. Pictures are [B,H,W,C]. */
typedef struct {
    int dims;            /* 0 .. MAT_DIMS */
    int shape[MAT_DIMS]; /* beyond dims: 1 */
    num *v;
} Mat;

/* Number r,c of a matrix; of any Mat, the i-th number is m.v[i]. */
#define AT(m, r, c) ((m).v[(size_t)(r) * (size_t)(m).shape[1] + (size_t)(c)])

/* A shape alone: mat_shape(2, 3, 4) is [3,4]. Dimensions may be 0; negative ones stop. v is NULL. */
Mat mat_shape(int dims, ...);

/* Memory for the shape, on the arena; the numbers are not set. */
Mat mat_like(Arena *arena, Mat shape);
Mat mat_new(Arena *arena, int rows, int cols);

/* The same filled with zeros, with given numbers in reading order, or with normal numbers times `scale`. */
Mat mat_zero(Arena *arena, int rows, int cols);
Mat mat_from(Arena *arena, int rows, int cols, const double *numbers);
Mat mat_normal(Arena *arena, int rows, int cols, Rng *rng, double scale);

size_t mat_count(Mat m); /* how many numbers: the product of the shape */
bool mat_same_shape(Mat a, Mat b);

/* "[3,4]" in one of a few static buffers per thread: for messages, several in one line. */
const char *mat_shape_text(Mat m);

/* c = a b          a [M,K], b [K,N], c [M,N] */
void mat_matmul(Mat a, Mat b, Mat c);
/* b = a^T          a [M,N], b [N,M] */
void mat_transpose(Mat a, Mat b);
/* a . b and |a|    over n numbers, summed in double */
double vec_dot(const num *a, const num *b, int n);
double vec_norm(const num *a, int n);
/* cos(a, b) = a . b / (|a| |b|); stops when a length is 0 */
double vec_cosine(const num *a, const num *b, int n);
/* sum[c] += x[0,c] + x[1,c] + ... + x[rows-1,c] */
void rows_add(const num *x, size_t rows, int cols, num *sum);
/* Every row of m divided by its length; stops when a length is 0. */
void mat_normalise_rows(Mat m);

#endif
