/* photos: the photographs that `make photos` fetches, with what they show. */
#ifndef PHOTOS_H
#define PHOTOS_H

#include "formats/image.h"

typedef struct {
    int n;
    Image *image;
    const char **name; /* what it shows: "sports car" */
    const char **path;
} Photos;

/* photos_read: those photographs of `list` (data/photos.txt: the name of a file, then what it shows, one a line; lines
 * that begin with # are comments) that are in `folder`. None is no error, nor is a list that does not exist.
 * Fails  when the list cannot be read or has a line without a text, or when a photograph cannot be read
 * Owner  the arena */
bool photos_read(Photos *photos, Arena *arena, const char *list, const char *folder, Err *err);

/* Where they are: $CLIP_PHOTOS if set, else data/photos. */
const char *photos_folder(void);

#endif
