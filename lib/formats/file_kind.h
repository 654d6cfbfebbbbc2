/* file_kind: which kind of file some bytes are, by their first bytes: for choosing a reader and for messages. */
#ifndef FILE_KIND_H
#define FILE_KIND_H

#include "core/file.h"

typedef struct {
    const char *name;      /* "JPEG" */
    const char *phrase;    /* "a JPEG file" */
    const char *converter; /* ImageMagick's name of a picture format that needs a converter; NULL: no such picture */
    const char *advice;    /* what to do when another kind was wanted; "" for none */
} FileKind;

/* The kind of the file; NULL when it is none that is known here. */
const FileKind *file_kind(File file);

/* Sets `err` to "NAME: this is KIND, WANTED was wanted; ADVICE" and returns true, when the kind is known. */
bool file_kind_tell(const char *name, File file, const char *wanted, Err *err);

/* The same where a text is always wrong: it is a kind, too, also "Entry not found" and the like. */
bool file_kind_tell_binary(const char *name, File file, const char *wanted, Err *err);

#endif
