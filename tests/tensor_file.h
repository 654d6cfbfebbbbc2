/* What tests and tools need of weights files beyond the library: tensors of integers, and tensors copied to another
 * file. Static functions in a header, because each test is one file.
 */
#ifndef TENSOR_FILE_H
#define TENSOR_FILE_H

#include "core/quote.h"
#include "formats/safetensors.h"

#include <limits.h>
#include <string.h>

/* Copies all numbers of a U8, I32, I64 or BOOL tensor; fails when one does not fit, or for another dtype or count. */
static inline bool tensor_to_ints(const Tensor *t, int *out, size_t count, Err *err) {
    if (dtype_is_real(t->dtype) || t->dtype > DTYPE_BOOL || t->count != count)
        return err_set(err, "%s: tensor %s is %s %s, %zu whole numbers were wanted", t->file, quoted(t->name),
                       dtype_name(t->dtype), tensor_shape_text(t), count);
    size_t size = dtype_size(t->dtype);
    for (int pass = 0; pass < 2; pass++) /* first the check, then the copy */
        for (size_t i = 0; i < count; i++) {
            uint64_t bits = 0;
            for (size_t b = size; b-- > 0;) bits = bits << 8 | t->data[i * size + b];
            int64_t value = t->dtype == DTYPE_I32 ? (int32_t)(uint32_t)bits : (int64_t)bits;
            if (value < INT_MIN || value > INT_MAX)
                return err_set(err, "%s: tensor %s: number %zu is %lld, too large for an int", t->file, quoted(t->name),
                               i, (long long)value);
            if (pass == 1) out[i] = (int)value;
        }
    return true;
}

/* Adds a copy of a tensor of another file; stops when its numbers cannot be read. */
static inline void tensor_copy(SafetensorsOut *out, const Tensor *t) {
    Err err = { "" };
    if (dtype_is_real(t->dtype)) {
        Mat m = { .dims = t->dims, .v = arena_alloc(out->arena, t->count, sizeof(num)) };
        REQUIRE(t->dims <= (int)COUNT(m.shape), "%s has %d dimensions", t->name, t->dims);
        for (size_t d = 0; d < COUNT(m.shape); d++) m.shape[d] = t->shape[d];
        REQUIRE(tensor_to_nums(t, m.v, t->count, &err), "%s", err.text);
        safetensors_add(out, t->name, t->dtype, m);
    } else {
        TensorShape shape = { .dims = t->dims };
        int *ints = arena_alloc(out->arena, t->count, sizeof *ints);
        memcpy(shape.shape, t->shape, sizeof shape.shape);
        REQUIRE(tensor_to_ints(t, ints, t->count, &err), "%s", err.text);
        safetensors_add_ints(out, t->name, t->dtype, shape, ints);
    }
}

#endif
