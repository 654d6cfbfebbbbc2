/* jpeg_pixels: from the coefficients of blocks to the pixels of a picture. Part of jpeg.c.
 *
 * Each step is done in integers, rounded as libjpeg does by default (jidctint.c, jdsample.c, jdcolor.c):
 *   inverse cosine transform  f(x,y) = 1/4 sum_{u,v} C(u) C(v) F(u,v) cos((2x+1) u pi/16) cos((2y+1) v pi/16),
 *                             C(0) = 1/sqrt 2, C(u) = 1 for others (T.81, A.3.3); plus 128
 *   upsampling                by 2 with a triangle: 3/4 of the nearer sample, 1/4 of the next one. All other factors,
 *                             and doubled rows of 1 or 2 samples, repeat samples (djpeg does so; 4:4:0 is a triangle)
 *   YCbCr to RGB              R = Y + 1.402 (Cr - 128), G = Y - 0.344136 (Cb - 128) - 0.714136 (Cr - 128),
 *   (T.871, 7)                B = Y + 1.772 (Cb - 128)
 */
#ifndef JPEG_PIXELS_H
#define JPEG_PIXELS_H

#include "formats/image.h"

/* The samples of a component, v[y * stride + x], in whole blocks; width x height belong to the picture. Each stands for
 * factor_x * factor_y pixels. */
typedef struct {
    uint8_t *v;
    size_t stride;
    int width, height, factor_x, factor_y;
} JpegPlane;

/* The inverse transform of a block, coefficients times `quant`, to its place among the samples. */
void jpeg_block_inverse(const int16_t block[64], const uint16_t quant[64], const JpegPlane *plane, int column, int row);

typedef enum { JPEG_GREY, JPEG_YCC, JPEG_RGB, JPEG_CMYK, JPEG_YCCK } JpegColour;

/* The picture of width x height pixels in the planes, turned by EXIF's orientation 1 to 8. Owner: the arena. */
Image jpeg_picture(Arena *arena, const JpegPlane planes[4], JpegColour colour, int width, int height, int orientation);

#endif
