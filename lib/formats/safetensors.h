/* safetensors: weights in and out, in the format most published models come in.
 *
 *   8 bytes            N, the length of the header, unsigned, little-endian
 *   N bytes            JSON: {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, ...}, from '{' on,
 *                      padded with spaces; "__metadata__" may hold strings
 *   the rest           the numbers, little-endian, row-major; offsets count from here, and the tensors follow one
 *                      another without overlap and without holes
 *   (github.com/huggingface/safetensors, README, "Format")
 *
 * Reading takes any file and any bytes: what breaks a rule of the format is refused with one line that names the file
 * and the tensor or the byte. Members of a tensor's entry that the format does not know are passed over. Dtypes beyond
 * the seven below are refused by name. A file is mapped, not copied; numbers are assembled byte by byte from the
 * little-endian file, so that a big-endian machine reads and writes the same.
 */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "core/arena.h"
#include "core/dtype.h"
#include "core/file.h"
#include "core/mat.h"

enum { TENSOR_DIMS = 8 };

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* One tensor of an open file. Everything it points to belongs to the file and lives as long as that is open. */
typedef struct {
    const char *file, *name;
    Dtype dtype;
    int dims, shape[TENSOR_DIMS]; /* beyond dims: 1; a scalar has no dimensions */
    size_t count;                 /* numbers: the product of the shape */
    const uint8_t *data;          /* count * dtype_size bytes as in the file: little-endian, any alignment */
} Tensor;

typedef struct {
    const char *key, *value;
} MetaPair;

typedef struct {
    File file;
    Tensor *tensors; /* sorted by name */
    MetaPair *meta;  /* sorted by key */
    int count, meta_count;
} Safetensors;

/* Maps `path` and checks its header and every entry; names and table go to the arena. On failure *s is empty and
 * `err` tells why. Close with safetensors_close, and not before the last use of a tensor's data. */
bool safetensors_open(Safetensors *s, Arena *arena, const char *path, Err *err);
void safetensors_close(Safetensors *s);

/* The tensor, or the metadata string, of that name; NULL if there is none. */
const Tensor *safetensors_find(const Safetensors *s, const char *name);
const char *safetensors_meta(const Safetensors *s, const char *key);

/* All numbers of a real tensor (F64, F32, F16, BF16) or of bytes (U8) as num. Widening is exact; F64 is rounded where
 * num is float. False, and `out` untouched, if `count` is not the tensor's or its dtype is I32 or I64. */
bool tensor_to_nums(const Tensor *t, num *out, size_t count, Err *err);

/* The same into m, which must have the tensor's very shape: how weights find their way into a model. */
bool tensor_to_mat(const Tensor *t, Mat m, Err *err);

/* All numbers of a U8, I32 or I64 tensor as int; false if one does not fit, or for another dtype or count. */
bool tensor_to_ints(const Tensor *t, int *out, size_t count, Err *err);

/* "[2,3]" in one of a few static buffers per thread. */
const char *tensor_shape_text(const Tensor *t);

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* A list of what is to be written. The numbers are not copied: they must stay until safetensors_write.
 *
 *   SafetensorsOut out = safetensors_begin(&arena);
 *   safetensors_add_meta(&out, "epoch", "3");
 *   safetensors_add(&out, "image.fc.weight", DTYPE_F32, w);
 *   return safetensors_write(&out, path, err);
 *
 * The same tensors and strings give the same bytes, in whatever order they were added: within the file the wider
 * dtypes come first, so that every tensor is aligned to the size of its numbers, and those of a width by name. */
typedef struct SafetensorsEntry SafetensorsEntry;
typedef struct {
    Arena *arena;
    SafetensorsEntry *entries;
    int count, meta_count;
    const char *backup; /* what was at the path before is copied there (OutFile); NULL: no backup */
} SafetensorsOut;

/* An empty list, on the arena. */
SafetensorsOut safetensors_begin(Arena *arena);

/* Strings are copied. A key given twice stops when it is written. */
void safetensors_add_meta(SafetensorsOut *out, const char *key, const char *value);

/* Numbers as F64, F32, F16 or BF16, rounded to nearest, ties to even; beyond F16's largest, 65504, that is infinity.
 * A name given twice stops when it is written. */
void safetensors_add(SafetensorsOut *out, const char *name, Dtype dtype, Mat m);

/* A tensor of any shape that a file can have. */
typedef struct {
    int dims;
    int shape[TENSOR_DIMS];
} TensorShape;

/* Whole numbers as U8, I32 or I64; `shape` has `dims` sizes. One that does not fit stops. */
void safetensors_add_ints(SafetensorsOut *out, const char *name, Dtype dtype, TensorShape shape, const int *values);

/* A tensor as it stands in another file, byte for byte. */
void safetensors_add_tensor(SafetensorsOut *out, const Tensor *t);

/* Writes the file whole or not at all. False if the disk refuses, or if a name or string is not UTF-8. */
bool safetensors_write(const SafetensorsOut *out, const char *path, Err *err);

#endif
