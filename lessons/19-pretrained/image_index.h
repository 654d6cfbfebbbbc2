/* gallery: the pictures of a folder as unit vectors, to be found again by a text. A cache keeps what was encoded.
 *
 * The cache is a safetensors file: "features" F32 [n,E], and "sums" U8 [n,32], the SHA-256 sum of each picture's file.
 * A file is known by its contents: one that changed is encoded anew, one that was only renamed or moved is not, and one
 * cache serves all folders. Its metadata say which model made it; another model's cache is not used, but replaced.
 */
#ifndef IMAGE_INDEX_H
#define IMAGE_INDEX_H

#include "core/arena.h"
#include "pretrained/encoder.h"

typedef struct {
    int n;
    const char **names;  /* of the files, in alphabetical order (of bytes) */
    Mat features;        /* [n,E] */
    int cached, encoded; /* where the vectors came from; together n */
    int skipped;         /* files that are no pictures, each said on stderr */
} ImageIndex;

/* image_index_open: all pictures that lie in `folder` itself; hidden files and folders in it are passed over. Brings the
 * cache up to date, if there was anything new.
 * Fails  when the folder cannot be read or the cache not written. A cache that cannot be read is made anew, with a line
 *        on stderr.
 * Owner  the arena
 */
bool image_index_open(ImageIndex *index, Arena *arena, const char *folder, const char *cache, Encoder *encoder,
                      Err *err);

#endif
