/* inflate: decompresses deflate streams (RFC 1951) in two wrappings: zlib (RFC 1950), as in PNG, and gzip (RFC 1952).
 *
 * Any bytes may be given: what is not a valid stream is refused with its position and the reason. A stream can grow by
 * the factor DEFLATE_RATIO at most: compare a promised size with that before memory is taken for it.
 */
#ifndef INFLATE_H
#define INFLATE_H

#include "core/arena.h"
#include "core/file.h"

enum {
    DEFLATE_RATIO = 1032,         /* a match of 258 bytes takes at least 2 bits (RFC 1951, 3.2.5): 258 * 8 / 2 */
    GZIP_MAX = 1 << 28,           /* gzip_inflate refuses to produce more bytes */
    INFLATE_SURPLUS_MAX = 1 << 26 /* zlib_inflate: bytes after those that `out` has room for */
};

/* What is wrong with a stream. FULL: `out` is full and more bytes come; the rest of the stream is right, or cut. CUT:
 * the stream ends before its end, in the blocks or in the Adler-32. In both cases the first result.produced bytes of
 * `out` are what the stream says, but with a cut no Adler-32 confirms them. */
typedef enum { INFLATE_DAMAGED, INFLATE_FULL, INFLATE_CUT } InflateFault;

/* The result of a stream. */
typedef struct {
    size_t consumed;    /* bytes of the stream that were used; after a failure: the position of the failure */
    size_t produced;    /* bytes written */
    InflateFault fault; /* after a failure */
    char problem[160];  /* after a failure: what came and what was wanted */
} Inflated;

/* zlib_inflate: decompresses the zlib stream at the start of `data` into `out`, which has room for `room` bytes. Fewer
 * bytes than `room` are no failure: see result->produced.
 * Fails  on a damaged or cut stream, on a wrong or missing Adler-32, when more than `room` bytes come out. Then
 *        result->problem says why; when the fault is INFLATE_DAMAGED, the contents of `out` are undefined. What comes
 *        after `room` bytes is unpacked too, but not kept, because the Adler-32 covers it: a wrong one, or more than
 *        INFLATE_SURPLUS_MAX bytes, is INFLATE_DAMAGED */
bool zlib_inflate(const uint8_t *data, size_t size, uint8_t *out, size_t room, Inflated *result);

/* gzip_inflate: decompresses a whole gzip file: all its members, one after the other. The CRC-32 of each is verified.
 * Zero bytes after the last member are ignored.
 * Wants  `packed`: an open file or any bytes in memory; `name`: its name in messages
 * Fails  on damage, a cut, other bytes after the last member, or when more than GZIP_MAX bytes would come out
 * Owner  the arena owns unpacked->data; a zero byte that is not counted follows it, so that text can be parsed */
bool gzip_inflate(Arena *arena, const char *name, File packed, File *unpacked, Err *err);

/* CRC-32 of the bytes (RFC 1952, 8; PNG, annex D). Start with crc = 0; give the result again with the next piece. */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size);

/* Adler-32 of the bytes (RFC 1950, 8.2). Start with adler = 1. */
uint32_t adler32_update(uint32_t adler, const uint8_t *data, size_t size);

#endif
