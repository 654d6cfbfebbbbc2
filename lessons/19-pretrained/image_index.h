/* image_index: the pictures of a folder as unit vectors, for searching them by a text. A cache keeps the vectors.
 *
 * The cache is a safetensors file: "features" F32 [n,E], and "sums" U8 [n,32], the SHA-256 sum of each picture's file.
 * A file is found by its contents: a changed file is encoded again, a renamed or moved one is not, and one cache serves
 * all folders. The metadata name the model; the cache of another model is not used, but replaced.
 */
#ifndef IMAGE_INDEX_H
#define IMAGE_INDEX_H

#include "pretrained/encoder.h"

typedef struct {
    int n;
    const char **names;  /* [n] names of the files, in order of bytes */
    Mat features;        /* [n,E] */
    int cached, encoded; /* vectors from the cache, and new ones; together n */
    int skipped;         /* files that are no pictures; each has a line on stderr */
} ImageIndex;

/* image_index_open: all pictures in `folder`, without its folders and hidden files. Writes the cache when there are new
 * vectors. A cache that cannot be read is replaced, with a line on stderr.
 * Fails  when the folder cannot be read or the cache cannot be written
 * Owner  the arena */
bool image_index_open(ImageIndex *index, Arena *arena, const char *folder, const char *cache, Encoder *encoder,
                      Err *err);

#endif
