/* safetensors: reads and writes weights in the format of most published models.
 *
 *   8 bytes            N, the length of the header, unsigned, little-endian
 *   N bytes            JSON: {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, ...}, from '{' on,
 *                      padded with spaces; "__metadata__" can hold strings, or be null
 *   the rest           the numbers, little-endian, row-major; offsets count from here; the tensors follow each other
 *                      without overlap and without holes
 *   (github.com/huggingface/safetensors, README, "Format")
 *
 * Checksum  files that we write have the metadata "clip.version" (core/version.h) and "clip.sha256": the SHA-256 sum of
 *           all other metadata and of all tensors, whatever their order in the file:
 *             for each other string, by key: KEY 0 VALUE 0;   for each tensor, by name: NAME 0 DTYPE 0 [SHAPE] 0, and
 *             the 32 bytes of the SHA-256 sum of its numbers
 *           Where it is there, safetensors_open checks it. Other programs see one more string.
 *
 * A file that breaks a rule of the format is refused with one line that names the file and the tensor or the byte.
 * Unknown members of a tensor's entry are ignored. Other dtypes than those of Dtype are refused by name. The file
 * is mapped, not copied. Numbers are read byte by byte, so big-endian machines read and write the same files.
 */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "core/arena.h"
#include "core/dtype.h"
#include "core/file.h"
#include "core/mat.h"

enum { TENSOR_DIMS = 8 };

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* A tensor of an open file. Do not use it after safetensors_close. */
typedef struct {
    const char *file, *name;
    Dtype dtype;
    int dims, shape[TENSOR_DIMS]; /* 1 from index dims on; a scalar has dims = 0 */
    size_t count;                 /* product of the shape */
    const uint8_t *data;          /* count * dtype_size bytes of the file: little-endian, any alignment */
} Tensor;

typedef struct {
    const char *key, *value;
} MetaPair;

typedef struct {
    File file;
    Tensor *tensors; /* sorted by name */
    MetaPair *meta;  /* sorted by key */
    int count, meta_count;
    bool summed; /* the file has a checksum, and it is right */
} Safetensors;

/* safetensors_open: maps the file and checks its header and every entry.
 * Fails  when the file is missing, cut, or breaks a rule of the format, or its checksum is wrong; *s is then empty
 * Owner  the arena owns names and table; close with safetensors_close after the last use of a tensor */
bool safetensors_open(Safetensors *s, Arena *arena, const char *path, Err *err);
void safetensors_close(Safetensors *s);

/* Warns (core/base.h) that a file of ours has no checksum: an older version wrote it. */
void safetensors_warn(const Safetensors *s, const char *path);

/* Sorts the tensors by name again, after a change of names. */
void safetensors_sort(Safetensors *s);

/* The tensor or the metadata string of that name; NULL if there is none. */
const Tensor *safetensors_find(const Safetensors *s, const char *name);
const char *safetensors_meta(const Safetensors *s, const char *key);

/* Copies all numbers of an F64, F32, F16, BF16 or U8 tensor. Widening is exact; F64 is rounded where num is float.
 * Fails when `count` differs from t->count, the dtype is another, or tensor_check_range fails; `out` is then
 * unchanged. */
bool tensor_to_nums(const Tensor *t, num *out, size_t count, Err *err);

/* Fails when a finite number is too large for num and would become infinite: an F64 above 3.4e38 where num is float. */
bool tensor_check_range(const Tensor *t, Err *err);

/* Fails when m has another shape than the tensor. tensor_to_mat copies the numbers into m as well. */
bool tensor_check_shape(const Tensor *t, Mat m, Err *err);
bool tensor_to_mat(const Tensor *t, Mat m, Err *err);

/* "[2,3]", in one of 8 static buffers per thread. */
const char *tensor_shape_text(const Tensor *t);

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* A list of tensors and strings to write. Numbers are not copied: keep them until safetensors_write.
 *
 *   SafetensorsOut out = safetensors_begin(&arena);
 *   safetensors_add_meta(&out, "epoch", "3");
 *   safetensors_add(&out, "image.fc.weight", DTYPE_F32, w);
 *   return safetensors_write(&out, path, err);
 *
 * The bytes of the file do not depend on the order of the calls: tensors are sorted by the size of their numbers,
 * largest first, so that each is aligned, then by name. */
typedef struct SafetensorsEntry SafetensorsEntry;
typedef struct {
    Arena *arena;
    SafetensorsEntry *entries;
    int count, meta_count;
    bool no_sum;        /* without checksum and version: for caches and tests */
    const char *backup; /* what was at the path before is copied there (OutFile); NULL: no backup */
} SafetensorsOut;

/* An empty list. Owner: the arena. */
SafetensorsOut safetensors_begin(Arena *arena);

/* Strings are copied. The same key twice: safetensors_write stops (REQUIRE). "clip.sha256" and "clip.version" are left
 * out: each file gets its own. */
void safetensors_add_meta(SafetensorsOut *out, const char *key, const char *value);

/* Adds numbers as F64, F32, F16 or BF16, rounded to nearest, ties to even; too large for F16 (65504) becomes infinity.
 * The same name twice: safetensors_write stops. */
void safetensors_add(SafetensorsOut *out, const char *name, Dtype dtype, Mat m);

/* The shape of a tensor in a file. */
typedef struct {
    int dims;
    int shape[TENSOR_DIMS];
} TensorShape;

/* Adds integers as U8, I32 or I64. Stops when a value does not fit. */
void safetensors_add_ints(SafetensorsOut *out, const char *name, Dtype dtype, TensorShape shape, const int *values);

/* Adds bytes as U8. */
void safetensors_add_bytes(SafetensorsOut *out, const char *name, TensorShape shape, const uint8_t *bytes);

/* Writes the file, whole or not at all. Fails on a disk error, or when a name or string is not UTF-8. */
bool safetensors_write(const SafetensorsOut *out, const char *path, Err *err);

#endif
