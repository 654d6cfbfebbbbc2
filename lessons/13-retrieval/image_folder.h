/* image_folder: the student's own pictures in a folder, made as small as those of CIFAR-10, so that a model of the
 * lessons can encode them. */
#ifndef IMAGE_FOLDER_H
#define IMAGE_FOLDER_H

#include "dataset/cifar.h"

typedef struct {
    Cifar set;          /* 32 x 32, by image_clip_crop; all labels are 0 and mean nothing */
    const char **files; /* [set.n] names without the folder, in order of bytes */
    int skipped;        /* files that could not be read as pictures */
} ImageFolder;

/* All pictures in `folder` (as folder_files). A file that image_read_any refuses is left out, with one line on stderr.
 * set.n can be 0. Fails when the folder cannot be read. Owner: the arena. */
bool image_folder_open(ImageFolder *images, Arena *arena, const char *folder, Err *err);

#endif
