/* album: a folder of the student's own pictures, made as small as those of CIFAR-10, so that a model of the course can look
 * at them. */
#ifndef IMAGE_FOLDER_H
#define IMAGE_FOLDER_H

#include "core/arena.h"
#include "dataset/cifar.h"

typedef struct {
    Cifar set; /* 32 x 32 each, cut and resized as image_clip_crop does; the labels are all 0 and mean nothing */
    const char **files; /* their names without the folder, in order of bytes */
    int skipped;        /* files that could not be read as pictures */
} ImageFolder;

/* All pictures that lie in `folder` itself; folders in it and names that begin with '.' are passed over. A file that
 * picture_read refuses is left out, with its line on stderr: the others still count. set.n may be 0.
 * False when the folder cannot be read. Owner: the arena. */
bool image_folder_open(ImageFolder *photos, Arena *arena, const char *folder, Err *err);

#endif
