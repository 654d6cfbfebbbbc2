#include "formats/sha256.h"

#include "formats/inflate.h" /* big_endian_32 */

#include <string.h>

/* The text, a bit 1, zeros up to 56 modulo 64, and the length in bits as 8 bytes (5.1.1); then eight words are stirred
 * with each block of 64 bytes, in 64 steps. All numbers big-endian, whatever the machine. */
enum { BLOCK = 64, LENGTH_AT = 56, WORDS = 8, STEPS = 64 };

/* The first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3), and of the cube roots of
 * the first 64 (4.2.2). */
static const uint32_t square_root[WORDS] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
static const uint32_t cube_root[STEPS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, int k) { return (x >> k) | (x << (32 - k)); }

static void block_add(uint32_t word[WORDS], const uint8_t *block) {
    uint32_t x[STEPS], a = word[0], b = word[1], c = word[2], d = word[3];
    uint32_t e = word[4], f = word[5], g = word[6], h = word[7];
    for (int t = 0; t < 16; t++) x[t] = big_endian_32(block + 4 * t);
    for (int t = 16; t < STEPS; t++) {
        uint32_t early = x[t - 15], late = x[t - 2];
        x[t] = (rotate_right(late, 17) ^ rotate_right(late, 19) ^ late >> 10) + x[t - 7] +
               (rotate_right(early, 7) ^ rotate_right(early, 18) ^ early >> 3) + x[t - 16];
    }
    for (int t = 0; t < STEPS; t++) {
        uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
        uint32_t turned_e = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t turned_a = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t one = h + turned_e + choice + cube_root[t] + x[t], two = turned_a + majority;
        h = g;
        g = f;
        f = e;
        e = d + one;
        d = c;
        c = b;
        b = a;
        a = one + two;
    }
    word[0] += a;
    word[1] += b;
    word[2] += c;
    word[3] += d;
    word[4] += e;
    word[5] += f;
    word[6] += g;
    word[7] += h;
}

void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]) {
    uint32_t word[WORDS];
    memcpy(word, square_root, sizeof word);
    const uint8_t *bytes = data;
    size_t whole = size / BLOCK * BLOCK, rest = size - whole;
    for (size_t i = 0; i < whole; i += BLOCK) block_add(word, bytes + i);
    uint8_t tail[2 * BLOCK] = { 0 };
    if (rest > 0) memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    size_t tail_size = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;
    for (int i = 0; i < 8; i++) tail[tail_size - 1 - (size_t)i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < tail_size; i += BLOCK) block_add(word, tail + i);
    for (int i = 0; i < WORDS; i++) snprintf(hex + 8 * i, 9, "%08x", (unsigned)word[i]);
}
