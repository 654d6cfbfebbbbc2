/* weight_view: a weight that stays in its mapped file, in F32, F16 or BF16, and is widened to num where it is used. */
#ifndef WEIGHT_VIEW_H
#define WEIGHT_VIEW_H

#include "core/dtype.h"

enum { WEIGHT_PARTS = 3 };

/* A matrix [rows,cols] as one to three blocks of equally many rows (some files store query, key and value weights
 * apart), each row-major. transposed (one part only): the file holds [cols,rows]. The bytes belong to the file. */
typedef struct {
    int parts;
    struct {
        const uint8_t *data;
        Dtype dtype;
    } part[WEIGHT_PARTS];
    bool transposed;
} WeightView;

/* Row r of a matrix [rows,cols]. Stops if the view is transposed or r is not a row. */
void weight_row(const WeightView *view, int rows, int cols, int r, num *to);
/* The whole matrix [rows,cols], row-major. */
void weight_all(const WeightView *view, int rows, int cols, num *to);

#endif
