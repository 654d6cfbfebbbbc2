/* file_kind: which kind of file some bytes are, by their first bytes: for choosing a reader and for messages. */
#ifndef FILE_KIND_H
#define FILE_KIND_H

#include "core/file.h"

/* What a file holds, in a form that is read here or in another one; and what a reader wants. */
typedef enum {
    HOLDS_OTHER,
    HOLDS_PICTURE,
    HOLDS_WEIGHTS,
    HOLDS_VOCABULARY,
    HOLDS_TABLE,
    HOLDS_SOUND,
    HOLDS_CONFIG
} FileHolds;

typedef struct {
    const char *name;      /* "JPEG" */
    const char *phrase;    /* "a JPEG file" */
    const char *converter; /* ImageMagick's name of a picture format that needs a converter; NULL: no such picture */
    FileHolds holds;
    const char *advice; /* what to do where a reader wants something else than `holds`; "": what that reader says */
} FileKind;

/* The kind of the file; NULL when it is none that is known here. */
const FileKind *file_kind(File file);

/* What a reader says that it wanted: "a PNG, JPEG, PPM or PGM picture". */
const char *file_wanted(FileHolds wanted);

/* Sets `err` to "NAME: byte 0: this is KIND, WANTED was wanted; ADVICE" and returns true, when the kind is known. The
 * advice fits what was wanted: convert the file when it holds that in another form, else fetch or give another file.
 * `wanted` is not HOLDS_OTHER. */
bool file_kind_tell(const char *name, File file, FileHolds wanted, Err *err);

/* The same where a text is always wrong: it is a kind, too, also "Entry not found" and the like. */
bool file_kind_tell_binary(const char *name, File file, FileHolds wanted, Err *err);

#endif
