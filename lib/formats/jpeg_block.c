/* A coefficient is a Huffman code for a run and a size, then `size` bits for the value; `run` zeros come before it. A
 * progressive picture first sends coefficients divided by 2^low; later scans send one more bit of each. */
#include "formats/jpeg_block.h"

#include <stdlib.h>

const uint8_t jpeg_zigzag[64] = { 0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63 };

/* ---- bits and codes --------------------------------------------------------------------------------------------- */

/* Fills the window to 56 bits or more; a code and its value need 16 + 15. A byte ff of the data has a zero byte behind
 * it; with another byte it is a marker (B.1.1.5). */
static inline void bits_fill(JpegBits *b) {
    if (b->count >= 32) return;
    while (b->count <= 56 && b->at < b->size) {
        uint8_t byte = b->file[b->at];
        if (byte == 0xff && (b->size - b->at < 2 || b->file[b->at + 1] != 0)) return;
        b->hold |= (uint64_t)byte << (56 - b->count);
        b->count += 8;
        b->at += byte == 0xff ? 2 : 1;
    }
}

static inline int bits_take(JpegBits *b, int n) {
    int value = (int)(b->hold >> 1 >> (63 - n));
    b->hold <<= n;
    b->count -= n;
    return value;
}

/* A signed value of n bits: the lower half of the patterns are the negative numbers (F.2.2.1, EXTEND). */
static inline int bits_signed(JpegBits *b, int n) {
    int value = bits_take(b, n);
    return n > 0 && value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
}

bool jpeg_huffman_make(JpegHuffman *table, const uint8_t counts[16], const uint8_t *symbols) {
    uint32_t code = 0;
    int next = 0;
    for (int length = 1; length <= 16; length++, code *= 2) {
        table->offset[length] = next - (int)code;
        for (int i = 0; i < counts[length - 1]; i++) table->symbols[next++] = *symbols++;
        code += counts[length - 1];
        if (code > 1u << length) return false;
        table->limit[length] = code << (16 - length);
    }
    return true;
}

/* F.2.2.3. A table that is missing has no codes. */
static inline int symbol_read(JpegBits *b, const JpegHuffman *table) {
    uint32_t next = (uint32_t)(b->hold >> 48);
    int length = 1;
    while (length <= 16 && next >= table->limit[length]) length++;
    b->damaged = b->damaged || length > 16;
    return length > 16 ? 0 : table->symbols[bits_take(b, length) + table->offset[length]];
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

/* value * 2^low, which must fit into 16 bits. */
static inline int16_t coefficient(JpegBits *b, int value) {
    int scaled = value * (1 << b->low);
    if (abs(scaled) > INT16_MAX) b->damaged = true;
    return (int16_t)scaled;
}

/* The DC coefficient is sent as its difference to that of the block before (F.2.2.1). */
static void dc_read(JpegBits *b, JpegCoder *coder, int16_t block[64]) {
    bits_fill(b);
    if (b->high) {
        block[0] = (int16_t)(block[0] | bits_take(b, 1) << b->low);
        return;
    }
    int size = symbol_read(b, coder->dc);
    coder->prediction += bits_signed(b, size & 15);
    if (size > 15 || abs(coder->prediction) > INT16_MAX) {
        b->damaged = true;
        coder->prediction = 0;
    }
    block[0] = coefficient(b, coder->prediction);
}

/* A refining scan sends one more bit of each coefficient that is not 0, as it passes over it (G.1.2.3). Returns the
 * position of the first zero behind `zeros` others, or last + 1. */
static int refine(JpegBits *b, int16_t block[64], int k, int zeros) {
    for (; k <= b->last; k++) {
        int16_t *c = &block[jpeg_zigzag[k]];
        if (*c == 0 && zeros-- == 0) break;
        if (*c == 0) continue;
        bits_fill(b);
        if (bits_take(b, 1)) *c = (int16_t)(*c + (*c > 0 ? 1 : -1) * (1 << b->low));
    }
    return k;
}

/* F.2.2.2 and G.1.2.2. Size 0 with a run below 15 ends the band of this block and of the next 2^run - 1 and more. */
static void ac_read(JpegBits *b, JpegCoder *coder, int16_t block[64], int k) {
    for (; k <= b->last && b->end_of_band == 0; k++) {
        bits_fill(b);
        int symbol = symbol_read(b, coder->ac), run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run < 15) {
            b->end_of_band = (1 << run) + bits_take(b, run);
            b->damaged = b->damaged || (b->first == 0 && run > 0); /* in a sequential scan there is one block */
            break;
        }
        int16_t value = coefficient(b, bits_signed(b, size));
        k = b->high ? refine(b, block, k, run) : k + run;
        if (k > b->last || (b->high && size > 1)) {
            b->damaged = true;
            return;
        }
        block[jpeg_zigzag[k]] = value;
    }
    if (b->end_of_band == 0) return;
    if (b->high) refine(b, block, k, 64);
    b->end_of_band--;
}

void jpeg_block_read(JpegBits *b, JpegCoder *coder, int16_t block[64]) {
    if (b->first == 0) dc_read(b, coder, block);
    if (b->last > 0) ac_read(b, coder, block, MAX(b->first, 1));
}
