/* image: pictures of 8-bit red, green and blue in memory: resized, and cropped as CLIP does it. */
#ifndef IMAGE_H
#define IMAGE_H

#include "core/arena.h"
#include "core/file.h"

enum { IMAGE_PIXELS_MAX = 1 << 26 }; /* of a picture read from a file; 200 MB as RGB */

/* rgb[(y * width + x) * 3 + c]: row by row from the top; c = 0 red, 1 green, 2 blue; each 0 (dark) to 255. */
typedef struct {
    int width, height;
    uint8_t *rgb;
} Image;

/* A picture whose pixels are not set. Wants width, height >= 1. Owner: the arena. */
Image image_new(Arena *arena, int width, int height);

/* The same picture as planes: all red bytes, all green ones, all blue ones.   rgb [pixels,3] -> planes [3,pixels] */
void image_planes(const uint8_t *rgb, size_t pixels, uint8_t *planes);

/* image_resize: bicubic with antialiasing, the same bytes as Pillow's Image.resize(..., BICUBIC).
 *
 *   out(i) = sum_j k((j + 1/2 - c) / s) in(j) / sum_j k(...)      c = (i + 1/2) n_in / n_out,  s = max(1, n_in / n_out)
 *   k(x)   = the cubic of Keys (1981) with a = -1/2; 0 for |x| >= 2
 *
 * first along the rows, then along the columns. As in Pillow's Resample.c, both results are rounded to 8 bits and the
 * weights to multiples of 2^-22. That is too coarse for reductions by a factor of 1000 and more.
 * Shapes  [image.height,image.width,3] -> [height,width,3]
 * Wants   width, height >= 1
 * Owner   the arena */
Image image_resize(Arena *arena, Image image, int width, int height);

/* image_clip_crop: the preprocessing of CLIP (clip.py, _transform) up to the bytes. torchvision's Resize(side, BICUBIC)
 * makes the shorter side `side` and the longer one floor(side * long / short); CenterCrop(side) cuts the middle out,
 * with a margin of round((long - side) / 2), a half rounded to even. The caller divides by 255 and normalises.
 * Shapes  [height,width,3] -> [side,side,3]
 * Wants   side >= 1
 * Owner   the arena */
Image image_clip_crop(Arena *arena, Image image, int side);

#endif
