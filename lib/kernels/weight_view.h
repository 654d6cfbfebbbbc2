/* stored: a weight that stays as it lies in a weights file, in two bytes a number or four, and is widened to num where it
 * is used: a mapped file is then read, never copied.
 *
 *   F32    1 sign, 8 exponent, 23 fraction bits (IEEE 754 binary32)
 *   F16    1 + 5 + 10 (binary16): the largest is 65504, below 2^-14 digits are lost one by one, the least is 2^-24
 *   BF16   the upper half of an F32
 * All little-endian, at any address. Widening is exact, infinities and NaN included.
 */
#ifndef WEIGHT_VIEW_H
#define WEIGHT_VIEW_H

#include "core/base.h"

typedef enum { WEIGHT_F32, WEIGHT_F16, WEIGHT_BF16 } WeightForm;

enum { WEIGHT_PARTS = 3 };

/* A matrix [rows,cols] in one to three parts of equally many rows, one under the other; each row after row in a place of
 * its own. Turned (one part alone): the file holds [cols,rows]. The bytes belong to the file. */
typedef struct {
    int parts;
    struct {
        const uint8_t *data;
        WeightForm form;
    } part[WEIGHT_PARTS];
    bool turned;
} WeightView;

static inline size_t weight_size(WeightForm form) { return form == WEIGHT_F32 ? 4 : 2; } /* bytes of one number */

/* to[i] = number i at `from`, for i < n. */
void weight_widen(WeightForm form, const uint8_t *from, num *to, size_t n);

/* Row r of a matrix with `cols` columns and `rows` rows in all; wants it not turned. */
void weight_row(const WeightView *weights_view, int rows, int cols, int r, num *to);

/* The whole matrix, row after row, turned back if it is. */
void weight_all(const WeightView *weights_view, int rows, int cols, num *to);

#endif
