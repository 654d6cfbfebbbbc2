/* jpeg_block: the 64 coefficients of a block, from the bits of a scan (T.81, annexes C, F and G). Part of jpeg.c. */
#ifndef JPEG_BLOCK_H
#define JPEG_BLOCK_H

#include "core/base.h"

/* Where coefficient k of the file lies in a block of 8 x 8 (figure 5). */
extern const uint8_t jpeg_zigzag[64];

/* Codes of a length are successive numbers, in the order of `symbols` (C.2). */
typedef struct {
    uint32_t limit[17]; /* the 16 bits that begin with a code of this length are less than this */
    int offset[17];     /* position in `symbols` of a code, minus the code */
    uint8_t symbols[256];
} JpegHuffman;

/* The table with counts[i] codes of i + 1 bits, at most 256 in all. False when they are more than there can be. */
bool jpeg_huffman_make(JpegHuffman *table, const uint8_t counts[16], const uint8_t *symbols);

/* The bits of a scan. At a marker, or at the end of the file, they go on as zeros, and `count` becomes negative when
 * one of these was used. A progressive scan sends the bits from `low` on of coefficients first .. last; those from
 * `high` on were sent before (0: none). A sequential one sends 0 .. 63 from bit 0 on. */
typedef struct {
    const uint8_t *file;
    size_t size, at;
    uint64_t hold; /* the next `count` bits at the top */
    int count, first, last, high, low;
    int end_of_band; /* so many blocks have no new coefficient */
    bool damaged;    /* no code of the table came, or a coefficient outside the block or beyond 16 bits */
} JpegBits;

/* What is kept for a component: its tables, and the last DC coefficient. */
typedef struct {
    const JpegHuffman *dc, *ac;
    int prediction;
} JpegCoder;

/* Reads what the scan has of a block, which begins as zeros. */
void jpeg_block_read(JpegBits *bits, JpegCoder *coder, int16_t block[64]);

#endif
