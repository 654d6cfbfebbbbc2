/* file_kind: which kind of file some bytes are, by their first bytes: for choosing a reader and for messages. */
#ifndef FILE_KIND_H
#define FILE_KIND_H

#include "core/file.h"

/* A kind of file: it has `bytes` at position `at`. */
typedef struct {
    const char *name;      /* "JPEG" */
    const char *converter; /* ImageMagick's name of a picture format that needs a converter; NULL: no such picture */
    size_t at, length;
    const char *bytes;
} FileKind;

/* The kind of the file; NULL when it is none that is known here. */
const FileKind *file_kind(File file);

#endif
