/* picture: pictures of any kind a student may have. PNG, PPM and PGM are read here (image.h); JPEG, GIF, WebP, BMP,
 * TIFF, HEIC, AVIF and JPEG 2000 through a program that is found in PATH: magick, convert, ffmpeg, or djpeg for JPEG.
 *
 * The program is run without a shell, reads the file as its standard input and writes a PPM to a pipe: it never sees
 * the file's name, which may therefore hold anything. It is told which kind the file is, by its first bytes; other
 * kinds, such as SVG or PostScript, whose contents could command a converter, are refused.
 */
#ifndef IMAGE_CONVERT_H
#define IMAGE_CONVERT_H

#include "core/arena.h"
#include "formats/image.h"

/* How long a converter may take, in seconds; then it is ended. 60; tests have less patience. */
extern double image_convert_seconds;

/* picture_read: the picture in a file: its first frame, without transparency, not turned by what the camera noted
 * (Pillow's convert("RGB") does the same).
 * Fails  as image_read; with one line that says what to install when no converter is there; and when none of those that
 *        are there can read the file, or makes more than IMAGE_PIXELS_MAX pixels of it. *image is then as it was
 * Owner  the pixels live on the arena
 */
bool image_read_any(Arena *arena, const char *path, Image *image, Err *err);

#endif
