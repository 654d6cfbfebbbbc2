/* jpeg: photographs in the JPEG format (ITU-T T.81; JFIF, T.871; the markers of Adobe and EXIF).
 *
 * Reads baseline, extended and progressive Huffman coding of 8 bits, with restart intervals: grey, YCbCr, RGB, CMYK and
 * YCCK, with all sampling factors that divide the largest (4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1 ...). The pixels are those
 * of libjpeg-turbo's defaults (djpeg, Pillow), byte by byte: jpeg_pixels.h has the equations.
 *   Colours  1 component is grey. 3 are YCbCr with a JFIF marker; else as Adobe's marker says (transform 0: RGB); else
 *            RGB if they are named "R" "G" "B". 4 are CMYK, or YCCK if Adobe's transform is not 0
 *   CMYK     is taken as Adobe and Pillow do: inverted, 0 is full ink. red = C K / 255, green = M K / 255,
 *            blue = Y K / 255. Colour profiles are ignored
 *   EXIF     the picture is turned as the camera noted (tag 0x0112, 1 to 8); a damaged EXIF block is ignored
 */
#ifndef JPEG_H
#define JPEG_H

#include "formats/image.h"

/* jpeg_decode: the picture in a whole JPEG file in memory; for a file on disk use image_read.
 * Faults that leave no doubt about the pixels are read, with one line of warning (warn) for the first:
 *   - a missing or cut end marker (EOI), when all bits of every coefficient are there
 *   - bytes between the data of a scan or of a restart interval and the next marker
 *   - an end marker before all bits of every coefficient were sent: what was sent is shown (djpeg smooths it)
 *   - a colour transform in Adobe's marker that is not 0, 1 or 2
 * Bytes after the end marker are no fault: cameras keep previews and videos there.
 * Fails  on every other error up to the end marker: data that were cut (djpeg makes the missing pixels grey), wrong
 *        codes, a restart marker out of turn, scans that send a bit twice or not in turn, more than 100 scans. By name:
 *        arithmetic coding, lossless, hierarchical, JPEG-LS, 12 bits, a height after the data (DNL), sampling factors
 *        such as 2 beside 3. The message is "NAME: byte N: what came, what was wanted". Sizes are compared with
 *        IMAGE_PIXELS_MAX, and with the least that a block takes in the file (one bit), before memory is taken
 * Owner  the arena owns the pixels; *image is set only on success */
bool jpeg_decode(Arena *arena, const char *name, File file, Image *image, Err *err);

#endif
