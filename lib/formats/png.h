/* png: pictures in the Portable Network Graphics format (W3C recommendation, second edition = ISO/IEC 15948:2003).
 *
 * Reads every standard kind: grey, RGB, palette, grey + alpha, RGB + alpha; 1, 2, 4, 8 and 16 bits; interlaced or not.
 * What becomes of them: 1, 2 and 4 bits of grey are spread over 0..255 (times 255, 85, 17), of 16 bits the upper 8
 * stay, alpha, transparent colours (tRNS), gamma and colour profiles are passed over.
 */
#ifndef PNG_H
#define PNG_H

#include "core/arena.h"
#include "core/file.h"
#include "formats/image.h"

/* The first eight bytes of every PNG file (5.2). */
extern const uint8_t png_signature[8];

/* png_decode: the picture in a whole PNG file in memory; use image_read for a file on disk.
 * Fails  on anything wrong up to the IEND chunk (what follows it is not looked at): a CRC of any chunk, order and
 *        sizes of chunks, data too short or too long for the picture, an index beyond the palette, an Adler-32; with
 *        "NAME: byte N: what came, what was wanted". Sizes are held against IMAGE_PIXELS_MAX and against what the
 *        packed data could possibly hold before memory is taken.
 * Owner  the pixels live on the arena; *image is set only on success
 */
bool png_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

/* png_write: writes 8-bit RGB, not interlaced, each row with the filter that leaves the smallest numbers. */
bool png_write(const char *path, Image image, Err *err);

#endif
