#include "kernels/weight_view.h"

void weight_row(const WeightView *view, int rows, int cols, int r, num *to) {
    REQUIRE(!view->transposed && 0 <= r && r < rows, "row %d of %d, %s", r, rows,
            view->transposed ? "transposed" : "not transposed");
    int part_rows = rows / view->parts;
    Dtype dtype = view->part[r / part_rows].dtype;
    size_t at = (size_t)(r % part_rows) * (size_t)cols * dtype_size(dtype);
    dtype_widen(dtype, view->part[r / part_rows].data + at, to, (size_t)cols);
}

void weight_all(const WeightView *view, int rows, int cols, num *to) {
    size_t R = (size_t)rows, C = (size_t)cols;
    for (int r = 0; r < rows && !view->transposed; r++) weight_row(view, rows, cols, r, to + (size_t)r * C);
    Dtype dtype = view->part[0].dtype;
    for (size_t i = 0; i < R * C && view->transposed; i++) /* number i of the file is in column i / R, row i % R */
        dtype_widen(dtype, view->part[0].data + i * dtype_size(dtype), to + i % R * C + i / R, 1);
}
