/* inflate, deflate: compressed bytes are decompressed to the same; damaged streams are refused with a position. */
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "formats/byte_order.h"
#include "formats/deflate.h"
#include "formats/inflate.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* ---- a stream written bit by bit, from the RFC alone ------------------------------------------------------------ */

typedef struct {
    uint8_t bytes[4096];
    size_t bits;
} Writer;

static void put(Writer *w, unsigned value, int n) { /* lowest bit first, as all numbers but codes stand */
    for (int i = 0; i < n; i++, w->bits++, value >>= 1)
        w->bytes[w->bits / 8] = (uint8_t)(w->bytes[w->bits / 8] | (value & 1) << w->bits % 8);
}

static void put_code(Writer *w, unsigned code, int n) { /* highest bit first */
    for (int i = n - 1; i >= 0; i--) put(w, code >> i & 1, 1);
}

static Writer zlib_begin(void) {
    Writer w = { .bits = 0 };
    put(&w, 0x78, 8);
    put(&w, 0x01, 8);
    return w;
}

/* Adds the Adler-32 of what should come out; returns the length of the stream. */
static size_t zlib_end(Writer *w, const void *out, size_t size) {
    uint32_t adler = adler32_update(1, out, size);
    w->bits = (w->bits + 7) / 8 * 8;
    for (int i = 3; i >= 0; i--) put(w, adler >> 8 * i & 255, 8);
    return w->bits / 8;
}

static void check_gives(const uint8_t *stream, size_t size, const void *want, size_t want_size) {
    static uint8_t out[70000];
    Inflated result;
    CHECK(zlib_inflate(stream, size, out, sizeof out, &result), "byte %zu: %s", result.consumed, result.problem);
    CHECK(result.produced == want_size && !memcmp(out, want, want_size), "%zu bytes came out", result.produced);
    CHECK(result.consumed == size, "%zu bytes were read of %zu", result.consumed, size);
}

static void check_refused(const Writer *w, const char *why) {
    uint8_t out[1000];
    Inflated result;
    CHECK(!zlib_inflate(w->bytes, (w->bits + 7) / 8, out, sizeof out, &result), "not refused: %s", why);
    CHECK(strstr(result.problem, why), "\"%s\" was said, \"%s\" was wanted", result.problem, why);
}

/* ---- does it read? ---------------------------------------------------------------------------------------------- */

TEST(checksums_of_known_texts) {
    const uint8_t *digits = (const uint8_t *)"123456789", *name = (const uint8_t *)"Wikipedia";
    CHECK(crc32_update(0, digits, 9) == 0xcbf43926, "%08x", crc32_update(0, digits, 9));
    CHECK(crc32_update(crc32_update(0, digits, 2), digits + 2, 7) == 0xcbf43926, "%s", "in two pieces");
    CHECK(adler32_update(1, name, 9) == 0x11e60398, "%08x", adler32_update(1, name, 9));
    static uint8_t full[100000];
    memset(full, 255, sizeof full); /* a = 1 + 255 n, b = n + 255 n (n + 1) / 2, both modulo 65521 */
    uint64_t n = sizeof full, a = (1 + 255 * n) % 65521, b = (n + 255 * (n * (n + 1) / 2)) % 65521;
    CHECK(adler32_update(1, full, sizeof full) == (b << 16 | a), "%08x", adler32_update(1, full, sizeof full));
}

TEST(weight_blocks) {
    Writer w = zlib_begin();
    const char *parts[] = { "hel", "", "lo" };
    for (unsigned i = 0; i < 3; i++) {
        unsigned length = (unsigned)strlen(parts[i]);
        put(&w, i == 2, 1);
        put(&w, 0, 2);
        w.bits = (w.bits + 7) / 8 * 8;
        put(&w, length, 16);
        put(&w, length ^ 0xffff, 16);
        for (unsigned c = 0; c < length; c++) put(&w, (unsigned)parts[i][c], 8);
    }
    check_gives(w.bytes, zlib_end(&w, "hello", 5), "hello", 5);
}

/* "abc", then 7 bytes from 3 back: length symbol 261, distance symbol 2. */
static Writer fixed_block(unsigned distance_symbol) {
    Writer w = zlib_begin();
    put(&w, 1, 1);
    put(&w, 1, 2);
    for (unsigned c = 'a'; c <= 'c'; c++) put_code(&w, 0x30 + c, 8);
    put_code(&w, 261 - 256, 7);
    put_code(&w, distance_symbol, 5);
    put_code(&w, 0, 7);
    return w;
}

TEST(fixed_block_with_an_overlapping_repeat) {
    Writer w = fixed_block(2);
    check_gives(w.bytes, zlib_end(&w, "abcabcabca", 10), "abcabcabca", 10);
}

/* The head of a block with its own codes. The lengths 0 .. 15 of these are given by codes of 4 bits, which are then
 * 0 .. 15 in order. */
static Writer own_codes(const uint8_t *lengths, unsigned literals, unsigned distances) {
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
    Writer w = zlib_begin();
    put(&w, 1, 1);
    put(&w, 2, 2);
    put(&w, literals - 257, 5);
    put(&w, distances - 1, 5);
    put(&w, 15, 4);
    for (int i = 0; i < 19; i++) put(&w, order[i] < 16 ? 4 : 0, 3);
    for (unsigned i = 0; i < literals + distances; i++) put_code(&w, lengths[i], 4);
    return w;
}

/* Fifteen literals with codes of 1 .. 15 bits, 0, 10, 110, ..., the end 15 ones: all lookups, short and long. */
static Writer long_code_block(void) {
    uint8_t lengths[258] = { [256] = 15 };
    for (int i = 0; i < 15; i++) lengths['a' + i] = (uint8_t)(i + 1);
    return own_codes(lengths, 257, 1);
}

TEST(codes_of_all_lengths) {
    char text[200] = { 0 };
    Writer w = long_code_block();
    for (int i = 0; i < 150; i++) {
        int k = i * 7 % 15;
        text[i] = (char)('a' + k);
        put_code(&w, (1u << (k + 1)) - 2, k + 1);
    }
    put_code(&w, 0x7fff, 15);
    check_gives(w.bytes, zlib_end(&w, text, 150), text, 150);
}

/* Data of several kinds, from empty to longer than the window. */
static size_t sample(Rng *rng, int kind, uint8_t *data, size_t max) {
    size_t size = kind == 0 ? 0 : rng_below(rng, kind % 3 == 2 ? (uint32_t)max : 600);
    for (size_t i = 0; i < size; i++) {
        uint32_t noise = rng_below(rng, 256), byte[4] = { 7, noise, 'a' + noise % 4, (uint32_t)i % 300 + noise / 254 };
        data[i] = (uint8_t)byte[kind % 4];
    }
    return size;
}

TEST(what_deflate_packs_comes_out_again) {
    static uint8_t data[70000];
    Rng rng = rng_seed(1, 0);
    for (int kind = 0; kind < 200; kind++) {
        Arena arena = { 0 };
        size_t packed, size = sample(&rng, kind, data, sizeof data);
        uint8_t *stream = zlib_deflate(&arena, data, size, &packed);
        check_gives(stream, packed, data, size);
        CHECK(packed <= size + size / 8 + 16, "%zu bytes became %zu", size, packed);
        arena_free(&arena);
    }
}

TEST(repeats_shrink) {
    static uint8_t data[70000];
    Arena arena = { 0 };
    size_t packed;
    zlib_deflate(&arena, data, sizeof data, &packed);
    CHECK(packed < sizeof data / 100, "70000 zeros became %zu", packed);
    arena_free(&arena);
}

/* ---- is the rest refused? --------------------------------------------------------------------------------------- */

TEST(no_zlib_header) {
    const uint8_t bad[][2] = { { 0x78, 0x02 }, { 0x79, 0x01 }, { 0x88, 0x1c } };
    for (size_t i = 0; i < COUNT(bad); i++) {
        Writer w = { .bits = 16 };
        memcpy(w.bytes, bad[i], 2);
        check_refused(&w, "no zlib header");
    }
    Writer w = { .bytes = { 0x78, 0x20 }, .bits = 16 };
    check_refused(&w, "dictionary");
    w = (Writer){ .bits = 8 };
    check_refused(&w, "zlib header of 2 bytes");
}

TEST(broken_blocks) {
    Writer w = zlib_begin();
    put(&w, 1, 1);
    put(&w, 3, 2);
    put(&w, 0, 32);
    check_refused(&w, "block of kind 3");
    w = zlib_begin();
    put(&w, 1, 8);
    put(&w, 5, 16);
    put(&w, 5, 16);
    put(&w, 0, 32);
    check_refused(&w, "a stored block of length 5 with check 5, 65530 was wanted");
    w = fixed_block(3);
    put(&w, 0, 32);
    check_refused(&w, "4 bytes ago, after 3 bytes");
    w = fixed_block(30);
    put(&w, 0, 32);
    check_refused(&w, "distance symbol 30");
    w = zlib_begin();
    put(&w, 1, 1);
    put(&w, 1, 2);
    put_code(&w, 192 + 286 - 280, 8);
    put(&w, 0, 32);
    check_refused(&w, "length symbol 286");
    w = fixed_block(2);
    put(&w, 0, 64);
    check_refused(&w, "Adler-32");
}

TEST(broken_codes) {
    Writer w = zlib_begin();
    put(&w, 5, 3);
    put(&w, 30, 5);
    put(&w, 0, 5);
    put(&w, 0, 32);
    check_refused(&w, "287 literal and 1 distance codes");
    w = zlib_begin();
    put(&w, 5, 3);
    put(&w, 0, 5);
    put(&w, 31, 5);
    put(&w, 0, 32);
    check_refused(&w, "257 literal and 32 distance codes");
    w = zlib_begin(); /* three codes of one bit each */
    put(&w, 5, 3);
    put(&w, 0, 10);
    put(&w, 0, 4);
    put(&w, 1, 3);
    put(&w, 1, 3);
    put(&w, 1, 3);
    put(&w, 0, 64);
    check_refused(&w, "impossible lengths of length codes");
    w = zlib_begin(); /* 16 (repeat) and 17 (zeros) of one bit each, and the repeat comes first */
    put(&w, 5, 3);
    put(&w, 0, 10);
    put(&w, 0, 4);
    put(&w, 1, 3);
    put(&w, 1, 3);
    put(&w, 0, 6);
    put(&w, 0, 64);
    check_refused(&w, "none before it");
    w = zlib_begin(); /* 17 and 18 of one bit each: zeros alone, so that the end has no code; and zeros too many */
    put(&w, 5, 3);
    put(&w, 0, 10);
    put(&w, 0, 4);
    put(&w, 0, 3);
    put(&w, 1, 3);
    put(&w, 1, 3);
    put(&w, 0, 3);
    Writer many = w;
    put(&w, 1, 1);
    put(&w, 127, 7);
    put(&w, 1, 1);
    put(&w, 258 - 138 - 11, 7);
    put(&w, 0, 64);
    check_refused(&w, "without a code for its end");
    for (int i = 0; i < 2; i++) {
        put(&many, 1, 1);
        put(&many, 127, 7);
    }
    put(&many, 0, 64);
    check_refused(&many, "138 code lengths where 120 are left");
}

TEST(broken_codes_of_a_block) {
    uint8_t lengths[320] = { ['a'] = 1, [256] = 2, [257] = 2 }; /* 0, 10, 11; no distances */
    Writer w = own_codes(lengths, 258, 1);
    put_code(&w, 0, 1);
    put_code(&w, 3, 2);
    put(&w, 0, 64);
    check_refused(&w, "no distance code");
    lengths[258] = 1; /* one distance, 0: legal; the bit 1 is none */
    w = own_codes(lengths, 258, 1);
    put_code(&w, 0, 1);
    put_code(&w, 3, 2);
    put(&w, 0, 1);
    put_code(&w, 2, 2);
    check_gives(w.bytes, zlib_end(&w, "aaaa", 4), "aaaa", 4);
    w = own_codes(lengths, 258, 1);
    put_code(&w, 0, 1);
    put_code(&w, 3, 2);
    put(&w, 1, 1);
    put(&w, 0, 64);
    check_refused(&w, "no distance code");
    lengths[258] = 2; /* of two bits, and alone */
    w = own_codes(lengths, 258, 1);
    put(&w, 0, 64);
    check_refused(&w, "impossible lengths of distance codes");
    lengths['b'] = 2; /* one too many */
    w = own_codes(lengths, 258, 1);
    put(&w, 0, 64);
    check_refused(&w, "impossible lengths of literal codes");
    lengths['b'] = 0;
    lengths['a'] = 2; /* one too few */
    w = own_codes(lengths, 258, 1);
    put(&w, 0, 64);
    check_refused(&w, "impossible lengths of literal codes");
    uint8_t end_alone[258] = { [256] = 1 };
    w = own_codes(end_alone, 257, 1);
    put(&w, 1, 1);
    put(&w, 0, 64);
    check_refused(&w, "no literal or length code");
}

TEST(room_is_never_exceeded) {
    uint8_t data[500], out[500];
    Arena arena = { 0 };
    Rng rng = rng_seed(2, 0);
    for (int kind = 0; kind < 2; kind++) {
        size_t packed;
        for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(kind ? rng_below(&rng, 256) : i % 9);
        uint8_t *stream = zlib_deflate(&arena, data, sizeof data, &packed);
        for (size_t room = 0; room < sizeof data; room++) {
            Inflated result;
            memset(out, 1, sizeof out);
            CHECK(!zlib_inflate(stream, packed, out, room, &result), "%zu bytes of room", room);
            CHECK(strstr(result.problem, "more than the"), "%s", result.problem);
            for (size_t i = room; i < sizeof out; i++) CHECK(out[i] == 1, "byte %zu of %zu was written", i, room);
        }
    }
    arena_free(&arena);
}

/* A stream of stored blocks of at most 50000 bytes. */
static uint8_t *stored_blocks(Arena *arena, const uint8_t *data, size_t size, size_t *packed) {
    uint8_t *stream = arena_alloc(arena, size + size / 10000 + 100, 1), *to = stream + 2;
    memcpy(stream, "\x78\x01", 2);
    for (size_t at = 0; at < size; at += 50000) {
        size_t n = MIN(size - at, (size_t)50000);
        const uint8_t head[] = { at + n == size, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8) };
        memcpy(to, head, 5);
        memcpy(to + 5, data + at, n);
        to += 5 + n;
    }
    big_endian_32_put(to, adler32_update(1, data, size));
    *packed = (size_t)(to + 4 - stream);
    return stream;
}

/* Bytes beyond the room are not kept, but the Adler-32 covers them. A cut stream keeps what came out before. */
TEST(what_comes_after_the_room_is_summed) {
    enum { SIZE = 150000 };
    static uint8_t data[SIZE], out[SIZE];
    static const size_t rooms[] = { 0, 1, 100, 32768, 65535, 99999, SIZE - 1 };
    Arena arena = { 0 };
    Rng rng = rng_seed(7, 0);
    for (size_t i = 0; i < SIZE; i++) data[i] = (uint8_t)rng_below(&rng, 200);
    for (size_t i = 40000; i < SIZE; i += 1000) memcpy(data + i, data + i - 1 - rng_below(&rng, 32000), 300);
    for (int kind = 0; kind < 2; kind++) {
        size_t packed;
        uint8_t *stream = kind ? zlib_deflate(&arena, data, SIZE, &packed) : stored_blocks(&arena, data, SIZE, &packed);
        for (size_t i = 0; i < COUNT(rooms); i++) {
            Inflated r;
            CHECK(!zlib_inflate(stream, packed, out, rooms[i], &r) && r.fault == INFLATE_FULL, "%s", r.problem);
            CHECK(r.produced == rooms[i] && !memcmp(out, data, rooms[i]), "%zu of %zu", r.produced, rooms[i]);
            CHECK(!zlib_inflate(stream, packed - 900, out, rooms[i], &r), "%s", r.problem);
            bool all = rooms[i] < SIZE - 1; /* the cut takes the last of these bytes */
            CHECK(r.fault == (all ? INFLATE_FULL : INFLATE_CUT) && (r.produced == rooms[i]) == all, "%s", r.problem);
            CHECK(!memcmp(out, data, r.produced), "other bytes in the first %zu", r.produced);
            stream[packed - 1] ^= 1;
            CHECK(!zlib_inflate(stream, packed, out, rooms[i], &r) && r.fault == INFLATE_DAMAGED, "%s", r.problem);
            CHECK(strstr(r.problem, "the Adler-32 is"), "%s", r.problem);
            CHECK(!zlib_inflate(stream, packed - 2, out, rooms[i], &r) && r.fault == INFLATE_FULL, "%s", r.problem);
            stream[packed - 1] ^= 1;
        }
        Inflated r;
        CHECK(!zlib_inflate(stream, packed / 2, out, SIZE, &r) && r.fault == INFLATE_CUT, "%s", r.problem);
        CHECK(r.produced > SIZE / 4 && !memcmp(out, data, r.produced), "%zu", r.produced);
    }
    arena_free(&arena);
}

TEST(a_bomb_after_the_room_is_refused) {
    Arena arena = { 0 };
    size_t packed, size = INFLATE_SURPLUS_MAX + (1 << 17);
    uint8_t *zeros = arena_zero(&arena, size, 1), out[9];
    uint8_t *stream = zlib_deflate(&arena, zeros, size, &packed);
    Inflated r;
    CHECK(!zlib_inflate(stream, packed, out, 9, &r) && r.fault == INFLATE_DAMAGED, "%s", r.problem);
    CHECK(strstr(r.problem, "more than 67108864 bytes come out after those wanted"), "%s", r.problem);
    arena_free(&arena);
}

/* The last byte of an exact copy in the heap: reading behind it shows under the address sanitizer. */
static bool inflate_exactly(const uint8_t *data, size_t size, size_t room, Inflated *result) {
    uint8_t *copy = malloc(size + 1), *out = malloc(room + 1), *start = copy + 1;
    if (size) memcpy(start, data, size);
    bool ok = zlib_inflate(start, size, out, room, result);
    free(copy);
    free(out);
    return ok;
}

TEST(every_cut_and_every_flipped_bit) {
    Arena arena = { 0 };
    Writer block = long_code_block();
    for (int k = 0; k < 15; k++) put_code(&block, (1u << (k + 1)) - 2, k + 1);
    put_code(&block, 0x7fff, 15);
    size_t packed, size = zlib_end(&block, "abcdefghijklmno", 15);
    uint8_t *streams[] = { block.bytes, zlib_deflate(&arena, (const uint8_t *)"to be or not to be", 18, &packed) };
    size_t sizes[] = { size, packed };
    for (int s = 0; s < 2; s++) {
        Inflated result;
        CHECK(inflate_exactly(streams[s], sizes[s], 1000, &result), "%s", result.problem);
        for (size_t cut = 0; cut < sizes[s]; cut++) {
            CHECK(!inflate_exactly(streams[s], cut, 1000, &result), "cut after %zu", cut);
            CHECK(strstr(result.problem, "end here") && result.consumed == cut, "%zu of %zu: %s", result.consumed, cut,
                  result.problem);
        }
        for (size_t bit = 0; bit < 8 * sizes[s]; bit++) {
            streams[s][bit / 8] ^= (uint8_t)(1 << bit % 8);
            bool ok = inflate_exactly(streams[s], sizes[s], 1000, &result);
            streams[s][bit / 8] ^= (uint8_t)(1 << bit % 8);
            /* Up to 7 bits before the Adler-32 mean nothing, nor whether the one distance has a code of 0 or 1 bit. */
            bool unused = bit / 8 == sizes[s] - 5 || (s == 0 && bit == 16 + 3 + 14 + 19 * 3 + 257 * 4 + 3);
            CHECK(!ok || unused, "bit %zu was not noticed", bit);
        }
    }
    arena_free(&arena);
}

/* One to three flipped bits, or all new, or the fixed codes read as if the block had its own. */
static void mutate(Rng *rng, int i, uint8_t *stream, size_t size) {
    for (size_t k = 2; i % 4 == 0 && k < size; k++) stream[k] = (uint8_t)rng_next(rng);
    if (i % 4 == 1) stream[2] = (uint8_t)((stream[2] & ~6) | 4);
    for (uint32_t n = rng_below(rng, 4); n > 0; n--)
        stream[2 + rng_below(rng, (uint32_t)size - 2)] ^= (uint8_t)(1 << rng_below(rng, 8));
}

TEST(fuzz) {
    static uint8_t data[3000], stream[8192];
    Rng rng = rng_seed(3, 0);
    int accepted = 0;
    for (int kind = 0; kind < 500; kind++) {
        Arena arena = { 0 };
        size_t packed, size = sample(&rng, kind, data, sizeof data);
        uint8_t *good = zlib_deflate(&arena, data, size, &packed);
        for (int i = 0; i < 40; i++) {
            Inflated result;
            memcpy(stream, good, packed);
            mutate(&rng, i, stream, packed);
            accepted += inflate_exactly(stream, packed, rng_below(&rng, 4000), &result);
            CHECK(result.consumed <= packed, "byte %zu of %zu", result.consumed, packed);
        }
        arena_free(&arena);
    }
    CHECK(accepted > 100 && accepted < 10000, "%d of 20000 were accepted", accepted);
}

/* ---- gzip ------------------------------------------------------------------------------------------------------- */

/* Appends a member that packs `text`, with all optional fields of the header that `flags` name. */
static void gzip_put(Writer *w, unsigned flags, const char *text) {
    Arena arena = { 0 };
    size_t start = w->bits / 8, size = strlen(text), packed;
    const uint8_t head[10] = { 0x1f, 0x8b, 8, (uint8_t)flags, 0, 0, 0, 0, 0, 255 };
    for (size_t i = 0; i < sizeof head; i++) put(w, head[i], 8);
    if (flags & 4) {
        put(w, 2, 16);
        put(w, 0x4141, 16);
    }
    for (int i = 8; i <= 16; i *= 2)
        if (flags & (unsigned)i) {
            put(w, 'n', 8);
            put(w, 0, 8);
        }
    if (flags & 2) put(w, crc32_update(0, w->bytes + start, w->bits / 8 - start) & 0xffff, 16);
    uint8_t *stream = zlib_deflate(&arena, (const uint8_t *)text, size, &packed);
    for (size_t i = 2; i < packed - 4; i++) put(w, stream[i], 8);
    put(w, crc32_update(0, (const uint8_t *)text, size), 32);
    put(w, (unsigned)size, 32);
    arena_free(&arena);
}

static bool gunzip(const Writer *w, size_t size, Arena *arena, File *out, Err *err) {
    return gzip_inflate(arena, "some.gz", (File){ .data = w->bytes, .size = size }, out, err);
}

TEST(gzip_members_with_every_header) {
    Arena arena = { 0 };
    Writer w = { .bits = 0 };
    Err err;
    File out;
    for (unsigned flags = 0; flags < 32; flags++) gzip_put(&w, flags, "to be or not to be; ");
    CHECK(gunzip(&w, w.bits / 8, &arena, &out, &err), "%s", err.text);
    CHECK(out.size == 640 && out.data[640] == 0, "%zu bytes", out.size);
    for (int i = 0; i < 32; i++) CHECK(!memcmp(out.data + 20 * i, "to be or not to be; ", 20), "member %d", i);
    arena_free(&arena);
}

TEST(gzip_cut_flipped_or_followed) {
    Writer w = { .bits = 0 };
    Err err;
    gzip_put(&w, 31, "to be or not to be");
    size_t size = w.bits / 8;
    for (size_t cut = 0; cut < size; cut++) {
        Arena arena = { 0 };
        File out;
        CHECK(!gunzip(&w, cut, &arena, &out, &err), "%zu bytes of %zu", cut, size);
        CHECK(!strncmp(err.text, "some.gz: byte ", 14), "%s", err.text);
        arena_free(&arena);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        Arena arena = { 0 };
        File out;
        w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bool ok = gunzip(&w, size, &arena, &out, &err);
        w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!ok || bit / 8 == size - 9, "bit %zu was not noticed", bit); /* there, unused bits end the blocks */
        arena_free(&arena);
    }
}

TEST(gzip_with_zeros_behind) {
    Arena arena = { 0 };
    Writer w = { .bits = 0 };
    Err err;
    File out;
    gzip_put(&w, 0, "to be or not to be");
    size_t size = w.bits / 8;
    for (size_t zeros = 0; zeros < 600; zeros += 7) {
        CHECK(gunzip(&w, size + zeros, &arena, &out, &err), "%zu zeros: %s", zeros, err.text);
        CHECK(out.size == 18, "%zu bytes", out.size);
    }
    w.bytes[size + 5] = 1;
    CHECK(gunzip(&w, size + 5, &arena, &out, &err) && !gunzip(&w, size + 6, &arena, &out, &err), "%s", "a byte 1");
    arena_free(&arena);
}

TEST(gzip_bomb) {
    /* Members that promise little and hold much: more than GZIP_MAX is never allocated. */
    Arena arena = { 0 }, result = { 0 };
    size_t packed, size = 1 << 22, members = GZIP_MAX / size + 1;
    uint8_t *zeros = arena_zero(&arena, size, 1), *stream = zlib_deflate(&arena, zeros, size, &packed);
    size_t member = 10 + packed - 6 + 8;
    uint8_t *file = arena_zero(&arena, member, members);
    for (size_t i = 0; i < members; i++) {
        uint8_t *m = file + i * member;
        uint32_t crc = crc32_update(0, zeros, size);
        memcpy(m, "\x1f\x8b\x08", 3);
        memcpy(m + 10, stream + 2, packed - 6);
        for (size_t k = 0; k < 4; k++) {
            m[member - 8 + k] = (uint8_t)(crc >> 8 * k);
            m[member - 4 + k] = (uint8_t)(size >> 8 * k);
        }
    }
    Err err;
    File out;
    bool ok = gzip_inflate(&result, "bomb.gz", (File){ .data = file, .size = member * members }, &out, &err);
    CHECK(!ok && strstr(err.text, "more than the"), "%s", err.text);
    CHECK(arena_held(&result) == 0, "%zu bytes were taken", arena_held(&result));
    CHECK(gzip_inflate(&result, "half.gz", (File){ .data = file, .size = member * 2 }, &out, &err), "%s", err.text);
    CHECK(out.size == 2 * size, "%zu bytes", out.size);
    arena_free(&arena);
    arena_free(&result);
}

TEST(gzip_of_the_reference_vocabulary) {
    const char *path = check_reference("bpe/bpe_simple_vocab_16e6.txt.gz");
    Arena arena = { 0 };
    File file, out;
    Err err;
    CHECK(file_open(&file, path, &err), "%s", err.text);
    CHECK(gzip_inflate(&arena, path, file, &out, &err), "%s", err.text);
    const uint8_t *trailer = file.data + file.size - 8;
    CHECK(out.size == little_endian_32(trailer + 4), "%zu bytes", out.size);
    CHECK(crc32_update(0, out.data, out.size) == little_endian_32(trailer), "%s", "CRC");
    CHECK(!memcmp(out.data, "\"bpe_simple_vocab_16e6.txt#version: 0.2\n", 40), "%.40s", (const char *)out.data);
    file_close(&file);
    arena_free(&arena);
}

TESTS(checksums_of_known_texts, weight_blocks, fixed_block_with_an_overlapping_repeat, codes_of_all_lengths,
      what_deflate_packs_comes_out_again, repeats_shrink, no_zlib_header, broken_blocks, broken_codes,
      broken_codes_of_a_block, room_is_never_exceeded, what_comes_after_the_room_is_summed,
      a_bomb_after_the_room_is_refused, every_cut_and_every_flipped_bit, fuzz, gzip_members_with_every_header,
      gzip_cut_flipped_or_followed, gzip_with_zeros_behind, gzip_bomb, gzip_of_the_reference_vocabulary)
