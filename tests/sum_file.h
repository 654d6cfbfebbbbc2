/* Checksums of our files, for the tests of each kind of model: a changed bit is found, a file without a checksum is
 * read with a warning. Static functions in a header, because each test is one file.
 */
#ifndef SUM_FILE_H
#define SUM_FILE_H

#include "check.h"
#include "tensor_file.h"

/* Writes the file again as an older version of the toolkit wrote it: without a checksum. */
static inline void file_without_sum(const char *path) {
    Arena arena = { 0 };
    Safetensors file;
    Err err = { "" };
    REQUIRE(safetensors_open(&file, &arena, path, &err) && file.summed, "%s: no checksum; %s", path, err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    out.no_sum = true;
    for (int i = 0; i < file.meta_count; i++)
        if (strncmp(file.meta[i].key, "clip.", 5) != 0)
            safetensors_add_meta(&out, file.meta[i].key, file.meta[i].value);
    for (int i = 0; i < file.count; i++) tensor_copy(&out, &file.tensors[i]);
    REQUIRE(safetensors_write(&out, path, &err), "%s", err.text);
    safetensors_close(&file);
    arena_free(&arena);
}

/* Writes the file again with this metadata instead of what it says; value NULL: without it. */
static inline void file_with_meta(const char *path, const char *key, const char *value) {
    Arena arena = { 0 };
    Safetensors file;
    Err err = { "" };
    REQUIRE(safetensors_open(&file, &arena, path, &err) && safetensors_meta(&file, key), "%s: no %s; %s", path, key,
            err.text);
    SafetensorsOut out = safetensors_begin(&arena);
    for (int i = 0; i < file.meta_count; i++)
        if (strncmp(file.meta[i].key, "clip.", 5) != 0 && strcmp(file.meta[i].key, key) != 0)
            safetensors_add_meta(&out, file.meta[i].key, file.meta[i].value);
    if (value) safetensors_add_meta(&out, key, value);
    for (int i = 0; i < file.count; i++) tensor_copy(&out, &file.tensors[i]);
    REQUIRE(safetensors_write(&out, path, &err), "%s", err.text);
    safetensors_close(&file);
    arena_free(&arena);
}

/* Changes the lowest bit of the byte `back` bytes before the end of the file: a number stays a number. The second call
 * changes it back. */
static inline void file_flip_bit(const char *path, long back) {
    FILE *file = fopen(path, "r+b");
    REQUIRE(file && fseek(file, -back, SEEK_END) == 0, "%s cannot be changed", path);
    int byte = getc(file);
    REQUIRE(byte != EOF && fseek(file, -back, SEEK_END) == 0, "%s cannot be changed", path);
    putc(byte ^ 1, file);
    REQUIRE(fclose(file) == 0, "%s cannot be changed", path);
}

/* For warning_hook. */
static int sum_warnings;
static inline void count_sum_warnings(const char *line) { sum_warnings += strstr(line, " has no checksum") != NULL; }

/* Is a file of ours refused after one bit was changed, and read with one warning when it has no checksum? */
typedef bool FileLoad(void *context, Err *err);
static inline void check_sum_of_file(const char *path, FileLoad *load, void *context) {
    Err err = { "" };
    file_flip_bit(path, 1);
    CHECK(!load(context, &err) && strstr(err.text, "damaged or changed"), "%s, one bit changed: %s", path, err.text);
    file_flip_bit(path, 1);
    warning_hook = count_sum_warnings;
    sum_warnings = 0;
    CHECK(load(context, &err) && sum_warnings == 0, "%s: %d warnings", path, sum_warnings);
    file_without_sum(path);
    CHECK(load(context, &err) && sum_warnings == 1, "%s, without a checksum: %d warnings, %s", path, sum_warnings,
          err.text);
    warning_hook = NULL;
}

#endif
