/* inflate: unpacks what deflate packed (RFC 1951): zlib streams (RFC 1950), as in PNG, and gzip files (RFC 1952).
 *
 * Rules of use
 *   Any bytes whatever may come in: what is not a valid stream is refused with its place and the reason.
 *   A stream can grow by DEFLATE_RATIO at most: compare a promised size with that before making room for it.
 */
#ifndef INFLATE_H
#define INFLATE_H

#include "core/arena.h"
#include "core/file.h"

enum {
    DEFLATE_RATIO = 1032, /* a match of 258 bytes takes no less than 2 bits (RFC 1951, 3.2.5): 258 * 8 / 2 */
    GZIP_MAX = 1 << 28    /* bytes that gzip_inflate is ready to unpack */
};

/* What became of a stream. */
typedef struct {
    size_t consumed;   /* bytes of the stream used; after a failure: the byte where it went wrong */
    size_t produced;   /* bytes written */
    char problem[160]; /* after a failure: what came and what was wanted */
} Inflated;

/* zlib_inflate: unpacks the zlib stream at the start of `data` into `out`, which has room for `room` bytes.
 * Fails  on a damaged or cut stream, on a wrong Adler-32, when more than `room` bytes come out; then the contents of
 *        `out` are undefined and result->trouble says why. Fewer bytes than `room` are no failure: see result->made.
 */
bool zlib_inflate(const uint8_t *data, size_t size, uint8_t *out, size_t room, Inflated *result);

/* gzip_inflate: unpacks a whole gzip file, all its members one after the other, each with its CRC-32 verified.
 * Wants  `packed` open (file_open), or any bytes in memory; `name` is what messages call it
 * Fails  on damage, a cut, anything after the last member, or when more than GZIP_MAX bytes would come out
 * Owner  unpacked->data lies on the arena, with a zero byte after it that is not counted, so that text can be parsed
 */
bool gzip_inflate(Arena *arena, const char *name, File packed, File *unpacked, Err *err);

/* CRC-32 of the bytes (RFC 1952, 8; PNG, annex D). Start with crc = 0; the result goes in again for the next piece. */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size);

/* Adler-32 of the bytes (RFC 1950, 8.2). Start with adler = 1. */
uint32_t adler32_update(uint32_t adler, const uint8_t *data, size_t size);

/* Numbers of several bytes in files, whatever the order in this machine. */
static inline uint32_t big_endian_32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t little_endian_32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

#endif
