#include "formats/safetensors.h"

#include "core/quote.h"
#include "core/version.h"
#include "formats/file_kind.h"
#include "formats/hash.h"
#include "formats/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_MAX = 100000000 }; /* the limit of the reference library */

static size_t tensor_bytes(const Tensor *t) { return t->count * dtype_size(t->dtype); }

const char *tensor_shape_text(const Tensor *t) {
    static _Thread_local char texts[8][TENSOR_DIMS * 12 + 4];
    static _Thread_local int next;
    char *text = texts[next++ % 8], *at = text;
    *at++ = '[';
    for (int d = 0; d < t->dims; d++) at += snprintf(at, 13, d ? ",%d" : "%d", t->shape[d]);
    strcpy(at, "]");
    return text;
}

/* `size` little-endian bytes, whatever this machine's order. */
static uint64_t little_get(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

static void little_put(uint8_t *bytes, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++, value >>= 8) bytes[i] = (uint8_t)value;
}

static void real_put(uint8_t *bytes, Dtype dtype, double x) {
    uint64_t wide;
    uint32_t bits;
    float single = (float)x;
    memcpy(&wide, &x, sizeof wide);
    memcpy(&bits, &single, sizeof bits);
    uint64_t narrowed = dtype == DTYPE_F16 ? half_narrow(x) : bfloat_narrow(x);
    little_put(bytes, dtype_size(dtype), dtype == DTYPE_F64 ? wide : dtype == DTYPE_F32 ? bits : narrowed);
}

/* ---- reading the header ----------------------------------------------------------------------------------------- */

/* The number of members of the next object. Its errors are reported when it is read again. */
static size_t members_ahead(Json ahead) {
    const char *key;
    size_t count = 0;
    ahead.pool = NULL;
    ahead.err = NULL;
    for (json_object(&ahead); json_key(&ahead, &key); count++) json_skip(&ahead);
    return count;
}

static int meta_order(const void *a, const void *b) {
    return strcmp(((const MetaPair *)a)->key, ((const MetaPair *)b)->key);
}

static bool meta_read(Safetensors *s, Arena *arena, Json *j) {
    if (s->meta) return err_set(j->err, "%s: \"__metadata__\" stands there twice", j->name);
    bool none = json_kind(j) == JSON_NULL; /* null: no metadata */
    s->meta = arena_alloc(arena, none ? 1 : members_ahead(*j) + 1, sizeof *s->meta);
    if (none) return json_null(j);
    MetaPair pair;
    for (json_object(j); json_key(j, &pair.key) && json_string(j, &pair.value);) s->meta[s->meta_count++] = pair;
    if (j->failed) return false;
    qsort(s->meta, (size_t)s->meta_count, sizeof *s->meta, meta_order);
    for (int i = 1; i < s->meta_count; i++)
        if (meta_order(&s->meta[i - 1], &s->meta[i]) == 0)
            return err_set(j->err, "%s: metadata %s stands there twice", j->name, quoted(s->meta[i].key));
    return true;
}

static bool dtype_read(Tensor *t, Json *j) {
    const char *name;
    if (!json_string(j, &name)) return false;
    for (int d = 0; d < DTYPES; d++)
        if (!strcmp(name, dtype_name((Dtype)d))) {
            t->dtype = (Dtype)d;
            return true;
        }
    return err_set(
        j->err,
        "%s: tensor %s: dtype %s is not one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2 U8 to U64, I8 to I64 and BOOL; "
        "convert the file",
        t->file, quoted(t->name), quoted(name));
}

static bool shape_read(Tensor *t, Json *j) {
    long long size;
    for (json_array(j); json_item(j) && json_int(j, 0, INT_MAX, &size);) {
        if (t->dims == TENSOR_DIMS)
            return err_set(j->err, "%s: tensor %s: more than %d dimensions", t->file, quoted(t->name), TENSOR_DIMS);
        t->shape[t->dims++] = (int)size;
    }
    t->count = 1;
    for (int d = 0; d < t->dims; d++)
        if (!size_fits(t->count, (size_t)t->shape[d], &t->count))
            return err_set(j->err, "%s: tensor %s: shape %s has more numbers than any machine holds", t->file,
                           quoted(t->name), tensor_shape_text(t));
    return !j->failed;
}

static bool offsets_read(Tensor *t, Json *j, long long offsets[2]) {
    int count = 0;
    for (json_array(j); json_item(j) && json_int(j, 0, LLONG_MAX, &offsets[MIN(count, 1)]);) count++;
    if (!j->failed && count != 2)
        return err_set(j->err, "%s: tensor %s: %d data_offsets, want 2", t->file, quoted(t->name), count);
    return !j->failed;
}

/* The three members an entry needs, in any order, each once. */
static bool fields_read(Tensor *t, Json *j, long long offsets[2]) {
    static const char *const names[] = { "dtype", "shape", "data_offsets" };
    const char *key;
    unsigned seen = 0;
    for (json_object(j); json_key(j, &key);) {
        unsigned k = 0;
        while (k < 3 && strcmp(key, names[k]) != 0) k++;
        if (k < 3 && (seen >> k & 1))
            return err_set(j->err, "%s: tensor %s: %s stands there twice", t->file, quoted(t->name), names[k]);
        bool ok = k == 0   ? dtype_read(t, j)
                  : k == 1 ? shape_read(t, j)
                  : k == 2 ? offsets_read(t, j, offsets)
                           : json_skip(j);
        if (!ok) return false;
        seen |= 1u << k;
    }
    for (unsigned k = 0; k < 3; k++)
        if (!j->failed && !(seen >> k & 1))
            return err_set(j->err, "%s: tensor %s: %s is missing", t->file, quoted(t->name), names[k]);
    return !j->failed;
}

/* Reads one entry; its numbers must lie within data[0..size). */
static bool tensor_read(Tensor *t, Json *j, const uint8_t *data, size_t size) {
    long long at[2];
    size_t bytes;
    for (int d = 0; d < TENSOR_DIMS; d++) t->shape[d] = 1;
    if (!fields_read(t, j, at)) return false;
    char cut[100];
    snprintf(cut, sizeof cut, "run past the end of the data of %zu bytes; if the file was cut, fetch it again", size);
    if (at[1] < at[0] || (uint64_t)at[1] > size)
        return err_set(j->err, "%s: tensor %s: data_offsets [%lld,%lld] %s", t->file, quoted(t->name), at[0], at[1],
                       at[1] < at[0] ? "go backwards in the data" : cut);
    if (!size_fits(t->count, dtype_size(t->dtype), &bytes) || bytes != (uint64_t)(at[1] - at[0]))
        return err_set(j->err, "%s: tensor %s: data_offsets [%lld,%lld] hold %lld bytes, %s %s needs %zu times %zu",
                       t->file, quoted(t->name), at[0], at[1], at[1] - at[0], dtype_name(t->dtype),
                       tensor_shape_text(t), t->count, dtype_size(t->dtype));
    t->data = data + at[0];
    return true;
}

static int offset_order(const void *a, const void *b) {
    const Tensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->count > 0) - (y->count > 0);
}

static int name_order(const void *a, const void *b) {
    return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name);
}

static bool named_twice(const Tensor *t, const char *path, Err *err) {
    return err_set(err, "%s: tensor %s stands there twice", path, quoted(t->name));
}

/* Every byte of the data must belong to exactly one tensor. */
static bool offsets_check(Safetensors *s, const uint8_t *data, size_t size, const char *path, Err *err) {
    size_t next = 0;
    qsort(s->tensors, (size_t)s->count, sizeof *s->tensors, offset_order);
    for (const Tensor *t = s->tensors; t < s->tensors + s->count; t++) {
        size_t begin = (size_t)(t->data - data);
        if (begin < next && !strcmp(t->name, t[-1].name)) return named_twice(t, path, err);
        if (begin < next)
            return err_set(err, "%s: tensor %s overlaps tensor %s: it begins at %zu, that one ends at %zu", path,
                           quoted(t->name), quoted(t[-1].name), begin, next);
        if (begin > next)
            return err_set(err, "%s: tensor %s: a hole of %zu bytes before it, at %zu; the format allows none", path,
                           quoted(t->name), begin - next, next);
        next = begin + tensor_bytes(t);
    }
    if (next == size) return true;
    return err_set(err, "%s: %zu bytes of data belong to no tensor, from offset %zu on", path, size - next, next);
}

void safetensors_sort(Safetensors *s) { qsort(s->tensors, (size_t)s->count, sizeof *s->tensors, name_order); }

static bool names_check(Safetensors *s, const char *path, Err *err) {
    safetensors_sort(s);
    for (int i = 1; i < s->count; i++)
        if (name_order(&s->tensors[i - 1], &s->tensors[i]) == 0) return named_twice(&s->tensors[i], path, err);
    return true;
}

/* The end of the header; 0 after an error. */
static size_t header_end(const File *file, const char *path, Err *err) {
    /* No header has 2^56 bytes: where the last byte of its length is not 0, the file begins otherwise. */
    if (file->size <= LENGTH_BYTES || file->data[LENGTH_BYTES] != '{' || file->data[LENGTH_BYTES - 1] != 0)
        if (file_kind_tell_binary(path, *file, HOLDS_WEIGHTS, err)) return 0;
    const char *hint = "is this a whole safetensors file?";
    uint64_t length = file->size >= LENGTH_BYTES ? little_get(file->data, LENGTH_BYTES) : 0;
    if (file->size <= LENGTH_BYTES) err_set(err, "%s: %zu bytes are too few for a header; %s", path, file->size, hint);
    else if (length > file->size - LENGTH_BYTES)
        err_set(err, "%s: byte 0: a header of %llu bytes in a file of %zu; %s", path, (unsigned long long)length,
                file->size, hint);
    else if (length > HEADER_MAX)
        err_set(err, "%s: byte 0: a header of %llu bytes, at most %d are taken", path, (unsigned long long)length,
                HEADER_MAX);
    else if (length == 0 || file->data[LENGTH_BYTES] != '{')
        err_set(err, "%s: byte %d: the header must begin with '{'; %s", path, LENGTH_BYTES, hint);
    else return LENGTH_BYTES + (size_t)length;
    return 0;
}

static bool header_read(Safetensors *s, Arena *arena, const char *path, Err *err) {
    size_t end = header_end(&s->file, path, err);
    if (end == 0) return false;
    const uint8_t *data = s->file.data + end;
    size_t size = s->file.size - end;
    Json j = json_begin(arena, (const char *)s->file.data, end, path, err);
    j.at = LENGTH_BYTES;
    s->tensors = arena_alloc(arena, members_ahead(j), sizeof *s->tensors);
    const char *key;
    for (json_object(&j); json_key(&j, &key);) {
        Tensor t = { .file = path, .name = key };
        bool meta = !strcmp(key, "__metadata__");
        if (meta ? !meta_read(s, arena, &j) : !tensor_read(&t, &j, data, size)) return false;
        if (!meta) s->tensors[s->count++] = t;
    }
    return json_end(&j) && offsets_check(s, data, size, path, err) && names_check(s, path, err);
}

/* ---- the checksum ----------------------------------------------------------------------------------------------- */

#define SUM_KEY     "clip.sha256"
#define VERSION_KEY "clip.version"

static void sum_string(Sha256 *sum, const char *text) { sha256_add(sum, text, strlen(text) + 1); }

static void sum_tensor(Sha256 *sum, const Tensor *t, const uint8_t numbers[SHA256_BYTES]) {
    sum_string(sum, t->name);
    sum_string(sum, dtype_name(t->dtype));
    sum_string(sum, tensor_shape_text(t));
    sha256_add(sum, numbers, SHA256_BYTES);
}

typedef uint8_t Digest[SHA256_BYTES];

static bool sum_check(Safetensors *s, const char *path, Err *err) {
    const char *said = safetensors_meta(s, SUM_KEY);
    if (!said && !safetensors_meta(s, VERSION_KEY)) return true;
    if (!said)
        return err_set(
            err,
            "%s: the metadata have \"%s\" and no \"%s\", which are written together: the file was damaged or "
            "changed; use a copy of it, or move it away and make it again",
            path, VERSION_KEY, SUM_KEY);
    Sha256 sum = sha256_begin();
    for (int i = 0; i < s->meta_count; i++) {
        if (!strcmp(s->meta[i].key, SUM_KEY)) continue;
        sum_string(&sum, s->meta[i].key);
        sum_string(&sum, s->meta[i].value);
    }
    Digest all;
    for (int i = 0; i < s->count; i++) {
        sha256_bytes(s->tensors[i].data, tensor_bytes(&s->tensors[i]), all);
        sum_tensor(&sum, &s->tensors[i], all);
    }
    char hex[SHA256_HEX];
    sha256_end(&sum, all);
    sha256_digits(all, hex);
    s->summed = !strcmp(hex, said);
    return s->summed || err_set(err,
                                "%s: the checksum in its metadata (%s) is not that of its contents (%.8s...): the file "
                                "was damaged or changed; use a copy of it, or move it away and make it again",
                                path, quoted(said), hex);
}

bool safetensors_open(Safetensors *s, Arena *arena, const char *path, Err *err) {
    *s = (Safetensors){ 0 };
    Safetensors got = { 0 };
    if (!file_open(&got.file, path, err)) return false;
    if (!header_read(&got, arena, arena_text(arena, path), err) || !sum_check(&got, path, err)) {
        file_close(&got.file);
        return false;
    }
    *s = got;
    return true;
}

void safetensors_warn(const Safetensors *s, const char *path) {
    if (!s->summed) warn("%s has no checksum (an older version wrote it): damage to it would not be noticed", path);
}

void safetensors_close(Safetensors *s) {
    file_close(&s->file);
    *s = (Safetensors){ 0 };
}

/* ---- tensors and strings of an open file ------------------------------------------------------------------------ */

const Tensor *safetensors_find(const Safetensors *s, const char *name) {
    Tensor wanted = { .name = name };
    return s->count ? bsearch(&wanted, s->tensors, (size_t)s->count, sizeof wanted, name_order) : NULL;
}

const char *safetensors_meta(const Safetensors *s, const char *key) {
    MetaPair wanted = { .key = key };
    size_t count = (size_t)s->meta_count;
    const MetaPair *found = count ? bsearch(&wanted, s->meta, count, sizeof wanted, meta_order) : NULL;
    return found ? found->value : NULL;
}

bool tensor_check_range(const Tensor *t, Err *err) {
    size_t first = dtype_too_large(t->dtype, t->data, t->count);
    return first == t->count ||
           err_set(err, "%s: tensor %s: number %zu is larger than an F32 can be; is this file a model's?", t->file,
                   quoted(t->name), first);
}

bool tensor_to_nums(const Tensor *t, num *out, size_t count, Err *err) {
    if (!dtype_is_real(t->dtype) && t->dtype != DTYPE_U8)
        return err_set(err, "%s: tensor %s is %s, real numbers were wanted", t->file, quoted(t->name),
                       dtype_name(t->dtype));
    if (t->count != count)
        return err_set(err, "%s: tensor %s is %s, %zu numbers; %zu were wanted", t->file, quoted(t->name),
                       tensor_shape_text(t), t->count, count);
    if (!tensor_check_range(t, err)) return false;
    dtype_widen(t->dtype, t->data, out, count);
    return true;
}

bool tensor_check_shape(const Tensor *t, Mat m, Err *err) {
    bool same = t->dims == m.dims;
    for (int d = 0; same && d < m.dims; d++) same = t->shape[d] == m.shape[d];
    return same || err_set(err, "%s: tensor %s is %s, %s was wanted; is this another model's file?", t->file,
                           quoted(t->name), tensor_shape_text(t), mat_shape_text(m));
}

bool tensor_to_mat(const Tensor *t, Mat m, Err *err) {
    return tensor_check_shape(t, m, err) && tensor_to_nums(t, m.v, mat_count(m), err);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* A tensor, with its numbers in nums, ints or bytes; or, when `value` is set, a metadata string. */
struct SafetensorsEntry {
    SafetensorsEntry *next;
    Tensor tensor;
    const char *value;
    const uint8_t *bytes;
    const num *nums;
    const int *ints;
    Digest digest; /* of the numbers, when they were written */
};

SafetensorsOut safetensors_begin(Arena *arena) { return (SafetensorsOut){ .arena = arena }; }

static SafetensorsEntry *entry_new(SafetensorsOut *out, const char *name, Dtype dtype, int dims, const int *shape) {
    SafetensorsEntry *entry = arena_zero(out->arena, 1, sizeof *entry);
    entry->tensor = (Tensor){ .name = arena_text(out->arena, name), .dtype = dtype, .dims = dims, .count = 1 };
    for (int d = 0; d < dims; d++) {
        entry->tensor.shape[d] = shape[d];
        entry->tensor.count = size_mul(entry->tensor.count, (size_t)shape[d]);
    }
    size_mul(entry->tensor.count, dtype_size(dtype));
    entry->next = out->entries;
    out->entries = entry;
    return entry;
}

static void meta_new(SafetensorsOut *out, const char *key, const char *value) {
    entry_new(out, key, DTYPE_U8, 0, NULL)->value = arena_text(out->arena, value);
    out->meta_count++;
}
void safetensors_add_meta(SafetensorsOut *out, const char *key, const char *value) {
    if (strcmp(key, SUM_KEY) != 0 && strcmp(key, VERSION_KEY) != 0) meta_new(out, key, value);
}

static SafetensorsEntry *tensor_new(SafetensorsOut *out, const char *name, Dtype dtype, int dims, const int *shape) {
    REQUIRE(strcmp(name, "__metadata__") != 0, "no tensor can be called %s", name);
    REQUIRE(0 <= dims && dims <= TENSOR_DIMS, "%s has %d dimensions, want 0 to %d", name, dims, TENSOR_DIMS);
    for (int d = 0; d < dims; d++) REQUIRE(shape[d] >= 0, "%s: dimension %d is %d, want 0 or more", name, d, shape[d]);
    out->count++;
    return entry_new(out, name, dtype, dims, shape);
}

void safetensors_add(SafetensorsOut *out, const char *name, Dtype dtype, Mat m) {
    REQUIRE(dtype_is_real(dtype), "%s as %s, want F64, F32, F16 or BF16", name, dtype_name(dtype));
    tensor_new(out, name, dtype, m.dims, m.shape)->nums = m.v;
}

void safetensors_add_ints(SafetensorsOut *out, const char *name, Dtype dtype, TensorShape shape, const int *values) {
    REQUIRE(!dtype_is_real(dtype), "%s as %s, want U8, I32 or I64", name, dtype_name(dtype));
    SafetensorsEntry *entry = tensor_new(out, name, dtype, shape.dims, shape.shape);
    for (size_t i = 0; dtype == DTYPE_U8 && i < entry->tensor.count; i++)
        REQUIRE(0 <= values[i] && values[i] <= 255, "%s: number %zu is %d, a U8 holds 0 to 255", name, i, values[i]);
    entry->ints = values;
}

void safetensors_add_bytes(SafetensorsOut *out, const char *name, TensorShape shape, const uint8_t *bytes) {
    tensor_new(out, name, DTYPE_U8, shape.dims, shape.shape)->bytes = bytes;
}

/* Strings first, then tensors; each by name. */
static int entry_name_order(const void *a, const void *b) {
    const SafetensorsEntry *x = *(SafetensorsEntry *const *)a, *y = *(SafetensorsEntry *const *)b;
    if (!x->value != !y->value) return x->value ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* Strings first, by key; then tensors, those with larger numbers first, then by name. */
static int entry_order(const void *a, const void *b) {
    const SafetensorsEntry *x = *(SafetensorsEntry *const *)a, *y = *(SafetensorsEntry *const *)b;
    size_t wide_x = dtype_size(x->tensor.dtype), wide_y = dtype_size(y->tensor.dtype);
    bool same_size = x->value || y->value || wide_x == wide_y;
    return same_size ? entry_name_order(a, b) : wide_x > wide_y ? -1 : 1;
}

static SafetensorsEntry **entries_sorted(const SafetensorsOut *out) {
    size_t count = (size_t)(out->count + out->meta_count), n = 0;
    SafetensorsEntry **sorted = arena_alloc(out->arena, count, sizeof *sorted);
    for (SafetensorsEntry *entry = out->entries; entry; entry = entry->next) sorted[n++] = entry;
    qsort(sorted, count, sizeof *sorted, entry_name_order);
    for (size_t i = 1; i < count; i++)
        REQUIRE(entry_name_order(&sorted[i - 1], &sorted[i]) != 0, "%s was added twice", sorted[i]->tensor.name);
    qsort(sorted, count, sizeof *sorted, entry_order);
    return sorted;
}

static bool utf8_check(const SafetensorsEntry *entry, const char *path, Err *err) {
    if (utf8_is_valid(entry->tensor.name) && (!entry->value || utf8_is_valid(entry->value))) return true;
    return err_set(err, "%s: not written: %s, or its text, is not UTF-8", path, quoted(entry->tensor.name));
}

/* The i-th member of the header. All strings form one member: the first opens it, the last closes it. */
static char *entry_text(const SafetensorsOut *out, const SafetensorsEntry *entry, int i, size_t offset) {
    const Tensor *t = &entry->tensor;
    char *name = quote_json(out->arena, t->name);
    if (entry->value)
        return arena_print(out->arena, "%s%s:%s%s", i ? "," : "\"__metadata__\":{", name,
                           quote_json(out->arena, entry->value), i == out->meta_count - 1 ? "}" : "");
    return arena_print(out->arena, "%s%s:{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", i ? "," : "",
                       name, dtype_name(t->dtype), tensor_shape_text(t), offset, offset + tensor_bytes(t));
}

static void header_write(OutFile *file, char *const *texts, int count) {
    uint8_t length_bytes[LENGTH_BYTES];
    size_t length = 2; /* the braces */
    for (int i = 0; i < count; i++) length += strlen(texts[i]);
    size_t padding = (LENGTH_BYTES - length % LENGTH_BYTES) % LENGTH_BYTES;
    little_put(length_bytes, LENGTH_BYTES, length + padding);
    out_write(file, length_bytes, LENGTH_BYTES);
    out_write(file, "{", 1);
    for (int i = 0; i < count; i++) out_write(file, texts[i], strlen(texts[i]));
    out_write(file, "}       ", 1 + padding);
}

static void numbers_write(OutFile *file, SafetensorsEntry *entry, bool summed) {
    const Tensor *t = &entry->tensor;
    enum { PIECE = 1024 };
    uint8_t bytes[PIECE * 8];
    Sha256 sum = sha256_begin();
    for (size_t begin = 0; begin < t->count; begin += PIECE) {
        size_t count = MIN((size_t)PIECE, t->count - begin), step = dtype_size(t->dtype);
        for (size_t i = 0; i < count; i++) {
            if (entry->nums) real_put(bytes + i * step, t->dtype, (double)entry->nums[begin + i]);
            else if (entry->bytes) bytes[i] = entry->bytes[begin + i];
            else little_put(bytes + i * step, step, (uint64_t)(int64_t)entry->ints[begin + i]);
        }
        out_write(file, bytes, count * step);
        if (summed) sha256_add(&sum, bytes, count * step);
    }
    sha256_end(&sum, entry->digest);
}

/* Writes the digits of the checksum over the zeros at this place. Changes the order of `entries`. */
static void sum_write(OutFile *file, SafetensorsEntry **entries, int count, size_t place) {
    Digest all;
    char hex[SHA256_HEX];
    Sha256 sum = sha256_begin();
    qsort(entries, (size_t)count, sizeof *entries, entry_name_order);
    for (int i = 0; i < count; i++) {
        const SafetensorsEntry *entry = entries[i];
        if (!entry->value) sum_tensor(&sum, &entry->tensor, entry->digest);
        if (!entry->value || !strcmp(entry->tensor.name, SUM_KEY)) continue;
        sum_string(&sum, entry->tensor.name);
        sum_string(&sum, entry->value);
    }
    sha256_end(&sum, all);
    sha256_digits(all, hex);
    if (fseek(file->stream, (long)place, SEEK_SET) != 0) file->failed = true;
    out_write(file, hex, strlen(hex));
}

bool safetensors_write(const SafetensorsOut *given, const char *path, Err *err) {
    static const char zeros[SHA256_HEX] = "0000000000000000000000000000000000000000000000000000000000000000";
    SafetensorsOut out = *given;
    if (!out.no_sum) meta_new(&out, SUM_KEY, zeros);
    if (!out.no_sum) meta_new(&out, VERSION_KEY, clip_version());
    int count = out.count + out.meta_count;
    SafetensorsEntry **sorted = entries_sorted(&out);
    char **texts = arena_alloc(out.arena, (size_t)count, sizeof *texts);
    size_t offset = 0, length = LENGTH_BYTES + 1, place = 0; /* the header begins with its length and '{' */
    OutFile file;
    for (int i = 0; i < count; i++) {
        if (!utf8_check(sorted[i], path, err)) return false;
        texts[i] = entry_text(&out, sorted[i], i, offset);
        if (!sorted[i]->value) offset += tensor_bytes(&sorted[i]->tensor);
        else if (!strcmp(sorted[i]->tensor.name, SUM_KEY))
            place = length + (size_t)(strstr(texts[i], zeros) - texts[i]);
        length += strlen(texts[i]);
    }
    if (!out_open(&file, path, err)) return false;
    file.backup = out.backup;
    header_write(&file, texts, count);
    for (int i = 0; i < count; i++)
        if (!sorted[i]->value) numbers_write(&file, sorted[i], !out.no_sum);
    if (!out.no_sum) sum_write(&file, sorted, count, place);
    return out_commit(&file, err);
}
