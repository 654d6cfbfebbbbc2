/* png: pictures in the Portable Network Graphics format (W3C recommendation, third edition, 2025).
 *
 * Reads every standard kind: grey, RGB, palette, grey + alpha, RGB + alpha; 1, 2, 4, 8 and 16 bits; interlaced or not.
 * Grey of 1, 2 and 4 bits is scaled to 0..255 (times 255, 85, 17); of 16 bits the upper 8 are used. Alpha, transparent
 * colours (tRNS), gamma and colour profiles are ignored.
 */
#ifndef PNG_H
#define PNG_H

#include "formats/image.h"

/* The first eight bytes of every PNG file (5.2). */
extern const uint8_t png_signature[8];

/* png_decode: the picture in a whole PNG file in memory; for a file on disk use image_read.
 * Faults of encoders that leave no doubt about the pixels are read, with one line of warning (warn) for the first:
 *   - bytes after the end of the zlib stream, or after the IEND chunk
 *   - a missing or cut IEND chunk, zero bytes in its place, or data in it
 *   - an end of the zlib stream that is missing or cut (the Adler-32, the last block), when all pixels are there
 *   - more data than the pixels need, whole with a right Adler-32, or cut
 *   - a palette with more colours than the bit depth can name, up to 256
 *   - an index outside the palette: that pixel is black (PLTE)
 * Fails  on every other error up to the IEND chunk: the CRC of a chunk, order and sizes of chunks, too few data for the
 *        picture, a wrong Adler-32. The message is "NAME: byte N: what came, what was wanted". Sizes are compared with
 *        IMAGE_PIXELS_MAX, and with the most that the compressed data can hold, before memory is taken
 * Owner  the arena owns the pixels; *image is set only on success */
bool png_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

/* The same, with the pixels of a picture that has an alpha channel laid over a background of one colour: red, green and
 * blue, or NULL, then alpha is dropped. out = (alpha pixel + (255 - alpha) background) / 255. Where alpha is 0,
 * encoders leave any colour, and without a background it is seen. */
bool png_decode_over(Arena *arena, const char *name, File file, const uint8_t background[3], Image *image, Err *err);

/* png_write: writes 8-bit RGB, not interlaced, each row with the filter that leaves the smallest numbers. */
bool png_write(const char *path, Image image, Err *err);

#endif
