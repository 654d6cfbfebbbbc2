/* image_convert: pictures of any kind. PNG, JPEG, PPM and PGM are read by image_file.h; GIF, WebP, BMP, TIFF, HEIC,
 * AVIF, JPEG 2000 and JPEG XL by a program that is found in PATH: magick, convert or ffmpeg.
 *
 * The program is run without a shell. It reads the file as its standard input and writes a PPM to a pipe, so it never
 * sees the file's name. It is told the kind of the file, from the first bytes. Kinds that can contain commands for a
 * converter, such as SVG or PostScript, are refused.
 */
#ifndef IMAGE_CONVERT_H
#define IMAGE_CONVERT_H

#include "formats/image_file.h"

/* Time limit of a converter in seconds; then it is killed. 60; tests set less. */
extern double image_convert_seconds;

/* image_read_any: the first frame of a picture file, without transparency. What a converter reads is not turned as the
 * camera noted (the same as Pillow's convert("RGB")); a JPEG is (jpeg.h).
 * Fails  as image_read; when no converter is installed (the message says what to install); when no converter can read
 *        the file, or the picture has more than IMAGE_PIXELS_MAX pixels. *image is then unchanged
 * Owner  the arena owns the pixels */
bool image_read_any(Arena *arena, const char *path, Image *image, Err *err);

#endif
