/* Both sums read the data in blocks of 64 bytes. The data are padded with a bit 1, zeros up to 56 modulo 64, and their
 * length in bits as 8 bytes (RFC 1321, section 3; FIPS 180-4, section 5.1.1). Each block changes a state of 4 or 8
 * words of 32 bits; the last state is the sum. MD5 is little-endian, SHA-256 big-endian. */
#include "formats/hash.h"

#include "formats/byte_order.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

typedef void BlockAdd(void *state, const uint8_t *block);

/* Pads the last rest_size < 64 of `size` bytes and calls `add` for the one or two blocks that they become. */
static void tail_add(BlockAdd *add, void *state, const uint8_t *rest, size_t rest_size, uint64_t size,
                     bool big_endian) {
    uint8_t tail[2 * BLOCK] = { 0 };
    if (rest_size > 0) memcpy(tail, rest, rest_size);
    tail[rest_size] = 0x80;
    size_t tail_size = rest_size < LENGTH_AT ? BLOCK : 2 * BLOCK;
    for (size_t i = 0; i < 8; i++) tail[tail_size - 8 + i] = (uint8_t)(size * 8 >> 8 * (big_endian ? 7 - i : i));
    for (size_t i = 0; i < tail_size; i += BLOCK) add(state, tail + i);
}

/* ---- MD5 (RFC 1321) --------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t word[4];  /* A B C D */
    uint32_t sine[64]; /* T[i] = floor(2^32 |sin i|), i = 1 .. 64 in radians */
} Md5;

static uint32_t rotate_left(uint32_t x, int k) { return (x << k) | (x >> (32 - k)); }

/* A = B + ((A + mixed + x + t) <<< shift); then D becomes A, A becomes B, B becomes C, C becomes D. */
static void md5_step(uint32_t w[4], uint32_t mixed, uint32_t x_plus_t, int shift) {
    uint32_t sum = w[1] + rotate_left(w[0] + mixed + x_plus_t, shift);
    w[0] = w[3];
    w[3] = w[2];
    w[2] = w[1];
    w[1] = sum;
}

static void md5_block(void *state, const uint8_t *block) {
    static const int shift[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
    Md5 *md5 = state;
    const uint32_t *t = md5->sine;
    uint32_t x[16], w[4];
    for (int i = 0; i < 16; i++) x[i] = little_endian_32(block + 4 * i);
    memcpy(w, md5->word, sizeof w);
    for (int i = 0; i < 16; i++) md5_step(w, (w[1] & w[2]) | (~w[1] & w[3]), x[i] + t[i], shift[0][i % 4]);
    for (int i = 0; i < 16; i++)
        md5_step(w, (w[1] & w[3]) | (w[2] & ~w[3]), x[(5 * i + 1) % 16] + t[16 + i], shift[1][i % 4]);
    for (int i = 0; i < 16; i++) md5_step(w, w[1] ^ w[2] ^ w[3], x[(3 * i + 5) % 16] + t[32 + i], shift[2][i % 4]);
    for (int i = 0; i < 16; i++) md5_step(w, w[2] ^ (w[1] | ~w[3]), x[7 * i % 16] + t[48 + i], shift[3][i % 4]);
    for (int i = 0; i < 4; i++) md5->word[i] += w[i];
}

void md5_hex(const void *data, size_t size, char hex[MD5_HEX]) {
    Md5 md5 = { .word = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
    for (int i = 0; i < 64; i++) md5.sine[i] = (uint32_t)floor(0x1p32 * fabs(sin(i + 1)));
    const uint8_t *bytes = data;
    size_t whole = size / BLOCK * BLOCK;
    for (size_t i = 0; i < whole; i += BLOCK) md5_block(&md5, bytes + i);
    tail_add(md5_block, &md5, bytes + whole, size - whole, size, false);
    for (int i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", (unsigned)(md5.word[i / 4] >> 8 * (i % 4) & 255));
}

/* ---- SHA-256 (FIPS 180-4) --------------------------------------------------------------------------------------- */

enum { WORDS = 8, STEPS = 64 };

/* The first 32 bits of the fractions of the square roots of 8 primes (5.3.3) and of the cube roots of 64 (4.2.2). */
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

static void sha256_block(void *state, const uint8_t *block) {
    uint32_t *word = state;
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
        uint32_t mixed_e = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t mixed_a = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t1 = h + mixed_e + choice + cube_root[t] + x[t], t2 = mixed_a + majority;
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t added[WORDS] = { a, b, c, d, e, f, g, h };
    for (int i = 0; i < WORDS; i++) word[i] += added[i];
}

Sha256 sha256_begin(void) {
    Sha256 sum = { .size = 0 };
    memcpy(sum.word, square_root, sizeof sum.word);
    return sum;
}

void sha256_add(Sha256 *sum, const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t held = (size_t)(sum->size % BLOCK), fill = MIN((BLOCK - held) % BLOCK, size);
    sum->size += size;
    if (fill > 0) {
        memcpy(sum->rest + held, bytes, fill);
        if (held + fill == BLOCK) sha256_block(sum->word, sum->rest);
    }
    for (; size - fill >= BLOCK; fill += BLOCK) sha256_block(sum->word, bytes + fill);
    if (fill < size) memcpy(sum->rest, bytes + fill, size - fill);
}

void sha256_end(Sha256 *sum, uint8_t bytes[SHA256_BYTES]) {
    tail_add(sha256_block, sum->word, sum->rest, (size_t)(sum->size % BLOCK), sum->size, true);
    for (int i = 0; i < WORDS; i++) big_endian_32_put(bytes + 4 * i, sum->word[i]);
}

void sha256_bytes(const void *data, size_t size, uint8_t sum[SHA256_BYTES]) {
    Sha256 all = sha256_begin();
    sha256_add(&all, data, size);
    sha256_end(&all, sum);
}

void sha256_digits(const uint8_t sum[SHA256_BYTES], char hex[SHA256_HEX]) {
    for (int i = 0; i < SHA256_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]) {
    uint8_t sum[SHA256_BYTES];
    sha256_bytes(data, size, sum);
    sha256_digits(sum, hex);
}
