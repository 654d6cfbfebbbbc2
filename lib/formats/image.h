/* image: pictures of 8-bit red, green and blue, from and to files, cut and resized.
 *
 * Rules of use
 *   What is read from a file lies on the arena the caller gives. Pictures are read as RGB: transparency is dropped,
 *   not blended (as Pillow's convert("RGB") does), grey becomes three equal numbers.
 *   A file is refused before memory is taken for it when it cannot hold the picture that it promises.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "core/arena.h"
#include "core/file.h"

enum { IMAGE_PIXELS_MAX = 1 << 26 }; /* of one picture read from a file; 200 MB as RGB */

/* rgb[(y * width + x) * 3 + c]: row after row from the top, c = 0 red, 1 green, 2 blue, each 0 (dark) to 255. */
typedef struct {
    int width, height;
    uint8_t *rgb;
} Image;

/* A picture with its memory on the arena; the pixels are not set. Wants width, height >= 1. */
Image image_new(Arena *arena, int width, int height);

/* image_read: the picture in a PNG, PPM or PGM file, told apart by its first bytes, whatever the file's name is.
 * Fails  when the file is missing, damaged, cut, of another kind, or larger than IMAGE_PIXELS_MAX; *image is then
 *        as it was, and the message names file and byte
 * Owner  the pixels live on the arena
 */
bool image_read(Arena *arena, const char *path, Image *image, Err *err);

/* The same for bytes that are already in memory; `name` is what messages call them. */
bool image_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

/* Writes a picture: as PPM (P6) when the name ends in .ppm, else as PNG. The file appears whole or not at all. */
bool image_write(const char *path, Image image, Err *err);

/* image_crop: the window of width x height whose top left pixel is (left, top). Wants it inside the picture. */
Image image_crop(Arena *arena, Image image, int left, int top, int width, int height);

/* image_resize: to width x height >= 1, bicubic with antialiasing, as Pillow's Image.resize(..., BICUBIC) does it.
 *
 *   out(i) = sum_j k((j + 1/2 - c) / s) in(j) / sum_j k(...)      c = (i + 1/2) n_in / n_out,  s = max(1, n_in / n_out)
 *   k(x)   = the cubic of Keys (1981) with a = -1/2, which is 0 from |x| = 2 on
 *
 * first along the rows, then along the columns. Like Pillow's Resample.c it rounds to 8 bits after each of the two and
 * uses weights rounded to multiples of 2^-22, so that the bytes are the same; and as there, that is too coarse for
 * reductions of a thousandfold and more.
 */
Image image_resize(Arena *arena, Image image, int width, int height);

/* image_clip_crop: what CLIP makes of a picture before it looks at it (clip.py, _transform), up to the bytes:
 * torchvision's Resize(side, BICUBIC): the shorter side becomes `side`, the longer one floor(side * long / short);
 * then CenterCrop(side): the margin before the window is half of what is left over, a half rounded to even.
 * Shapes  [height,width,3] -> [side,side,3]. Dividing by 255 and normalising are the caller's.
 */
Image image_clip_crop(Arena *arena, Image image, int side);

#endif
