/* png: pictures in the Portable Network Graphics format (W3C recommendation, second edition = ISO/IEC 15948:2003).
 *
 * Reads every standard kind: grey, RGB, palette, grey + alpha, RGB + alpha; 1, 2, 4, 8 and 16 bits; interlaced or not.
 * Grey of 1, 2 and 4 bits is scaled to 0..255 (times 255, 85, 17); of 16 bits the upper 8 are used. Alpha, transparent
 * colours (tRNS), gamma and colour profiles are ignored.
 */
#ifndef PNG_H
#define PNG_H

#include "core/arena.h"
#include "core/file.h"
#include "formats/image.h"

/* The first eight bytes of every PNG file (5.2). */
extern const uint8_t png_signature[8];

/* png_decode: the picture in a whole PNG file in memory; for a file on disk use image_read.
 * Fails  on any error up to the IEND chunk (bytes after it are ignored): the CRC of a chunk, order and sizes of chunks,
 *        too few or too many data for the picture, an index outside the palette, the Adler-32. The message is "NAME:
 *        byte N: what came, what was wanted". Sizes are compared with IMAGE_PIXELS_MAX, and with the most that the
 *        compressed data can hold, before memory is taken
 * Owner  the arena owns the pixels; *image is set only on success */
bool png_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

/* png_write: writes 8-bit RGB, not interlaced, each row with the filter that leaves the smallest numbers. */
bool png_write(const char *path, Image image, Err *err);

#endif
