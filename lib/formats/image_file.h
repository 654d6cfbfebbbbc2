/* image_file: pictures from and to files. PNG, JPEG, PPM and PGM are read here; image_convert.h reads other kinds.
 *
 * Pictures are read as RGB: transparency is dropped, not blended (as in Pillow's convert("RGB")); grey becomes three
 * equal numbers. A file that cannot hold the picture it promises is refused before memory is taken for it.
 * In PPM and PGM a comment after the largest value is skipped when the data follow it. Where more bytes follow, it
 * could be data: it is read as pixels, with one line of warning (warn).
 */
#ifndef IMAGE_FILE_H
#define IMAGE_FILE_H

#include "formats/image.h"

/* image_read: the picture in a PNG, JPEG, PPM or PGM file. The first bytes decide which, not the name.
 * Fails  when the file is missing, damaged, cut, of another kind, or larger than IMAGE_PIXELS_MAX. The message names
 *        file and byte; *image is then unchanged
 * Owner  the arena owns the pixels */
bool image_read(Arena *arena, const char *path, Image *image, Err *err);

/* The same for bytes in memory; `name` is their name in messages. */
bool image_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

/* Writes a picture: as PPM (P6) when the name ends in .ppm, else as PNG. The file appears whole or not at all. */
bool image_write(const char *path, Image image, Err *err);

/* The names of the files in a folder, in order of bytes, without its folders and without names that begin with a dot.
 * Fails when the folder cannot be read. Owner: the arena. */
bool folder_files(Arena *arena, const char *folder, const char ***names, int *count, Err *err);

#endif
