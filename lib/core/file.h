/* file: files that are read as a whole, and files that are written as a whole or not at all. */
#ifndef FILE_H
#define FILE_H

#include "core/base.h"

/* A whole file in memory, read-only. It is mapped, not copied. */
typedef struct {
    const uint8_t *data;
    size_t size;
    void *map; /* NULL for an empty file */
} File;

/* Opens `path`; fails if it is missing, not readable or not a regular file. Close with file_close. If the disk cannot
 * deliver the bytes when they are read later, the program ends with one line and EXIT_TROUBLE. */
bool file_open(File *file, const char *path, Err *err);
void file_close(File *file);

/* For tests: from now on file_open and file_exists find these bytes at `path` instead of the file on disk. The caller
 * keeps the bytes until file_mock(NULL, NULL, 0) ends it. One path at a time. */
void file_mock(const char *path, const void *data, size_t size);
/* Whether `path` exists. A path that cannot be looked up counts as existing: opening it gives the reason. */
bool file_exists(const char *path);
bool folder_exists(const char *path);         /* and is a folder */
bool folder_make(const char *path, Err *err); /* and those above it */

/* In front of the paths of what comes with the toolkit: "$CLIP_SHIPPED/" if set (an installed copy), else "". */
const char *shipped_prefix(void);

/* Where trained models are kept: $CLIP_MODELS if set, else "data/models". */
const char *models_folder(void);

/* A file that is written as a whole or not at all: to PATH.PROCESS.tmp, flushed to disk, then renamed to PATH. Two
 * programs may write the same PATH: the later one stays. A program that ends before out_commit removes the temporary
 * file; that of a killed program is removed by the next. Where PATH is a symbolic link, the file that it leads to is
 * written in this way, and the link stays; that file need not exist. A folder, a device or a pipe is refused.
 *
 *   OutFile out;
 *   if (!out_open(&out, path, err)) return false;
 *   out_write(&out, data, size);  fprintf(out.stream, ...);      errors are remembered
 *   return out_commit(&out, err);                                reports any error since out_open
 */
typedef struct {
    FILE *stream;
    char path[1024], temporary[1040]; /* the file that is replaced (a link was followed), and the temporary one */
    const char *backup;               /* set before out_commit: the old file at PATH is copied there; NULL: no backup */
    bool failed;
    int error; /* errno of the first out_write that failed */
} OutFile;

/* Opens the temporary file; fails if it cannot be written, or the path is too long. */
bool out_open(OutFile *out, const char *path, Err *err);
/* The same for a file that another program writes: to out->temporary, before out_commit. The stream is NULL. */
bool out_plan(OutFile *out, const char *path, Err *err);
void out_write(OutFile *out, const void *data, size_t size);
bool out_commit(OutFile *out, Err *err);

#endif
