#include "formats/md5.h"

#include "formats/inflate.h" /* little_endian_32 */

#include <math.h>
#include <string.h>

/* RFC 1321, section 3: the text, a bit 1, zeros up to 56 modulo 64, and the length in bits as 8 bytes; then four words
 * are stirred with each block of 64 bytes, in four rounds of sixteen steps. All numbers little-endian, whatever the
 * machine. */
enum { BLOCK = 64, LENGTH_AT = 56 };

typedef struct {
    uint32_t word[4];  /* A B C D */
    uint32_t sine[64]; /* T[i] = floor(2^32 |sin i|), i = 1 .. 64 in radians */
} Md5;

static uint32_t rotate_left(uint32_t x, int k) { return (x << k) | (x >> (32 - k)); }

/* a = b + ((a + mixed + x + t) <<< shift), after which the four change places: D becomes A, A becomes B ... */
static void step(uint32_t w[4], uint32_t mixed, uint32_t x_plus_t, int shift) {
    uint32_t turned = w[1] + rotate_left(w[0] + mixed + x_plus_t, shift);
    w[0] = w[3];
    w[3] = w[2];
    w[2] = w[1];
    w[1] = turned;
}

static void block_add(Md5 *md5, const uint8_t *block) {
    static const int shift[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
    const uint32_t *t = md5->sine;
    uint32_t x[16], w[4];
    for (int i = 0; i < 16; i++) x[i] = little_endian_32(block + 4 * i);
    memcpy(w, md5->word, sizeof w);
    for (int i = 0; i < 16; i++) step(w, (w[1] & w[2]) | (~w[1] & w[3]), x[i] + t[i], shift[0][i % 4]);
    for (int i = 0; i < 16; i++)
        step(w, (w[1] & w[3]) | (w[2] & ~w[3]), x[(5 * i + 1) % 16] + t[16 + i], shift[1][i % 4]);
    for (int i = 0; i < 16; i++) step(w, w[1] ^ w[2] ^ w[3], x[(3 * i + 5) % 16] + t[32 + i], shift[2][i % 4]);
    for (int i = 0; i < 16; i++) step(w, w[2] ^ (w[1] | ~w[3]), x[7 * i % 16] + t[48 + i], shift[3][i % 4]);
    for (int i = 0; i < 4; i++) md5->word[i] += w[i];
}

void md5_hex(const void *data, size_t size, char hex[MD5_HEX]) {
    Md5 md5 = { .word = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
    for (int i = 0; i < 64; i++) md5.sine[i] = (uint32_t)floor(0x1p32 * fabs(sin(i + 1)));
    const uint8_t *bytes = data;
    size_t whole = size / BLOCK * BLOCK, rest = size - whole;
    for (size_t i = 0; i < whole; i += BLOCK) block_add(&md5, bytes + i);
    uint8_t tail[2 * BLOCK] = { 0 };
    if (rest > 0) memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    size_t tail_size = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;
    for (int i = 0; i < 8; i++) tail[tail_size - 8 + (size_t)i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < tail_size; i += BLOCK) block_add(&md5, tail + i);
    for (int i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", (unsigned)(md5.word[i / 4] >> 8 * (i % 4) & 255));
}
