#include "formats/deflate.h"

#include "formats/byte_order.h"
#include "formats/inflate.h"

#include <string.h>

enum {
    HASH_BITS = 15,
    WINDOW = 32768,   /* largest distance of a repeat (RFC 1951, 3.2.5) */
    LENGTH_MIN = 3,   /* shortest and */
    LENGTH_MAX = 258, /* longest repeat */
    TRIES = 32        /* candidates that are compared: more makes the result smaller and the search slower */
};

typedef struct {
    uint8_t *out;
    size_t size;
    uint64_t hold;
    int count;
} Bits;

/* Appends the lowest n <= 16 bits of value, lowest first. */
static void bits_put(Bits *b, unsigned value, int n) {
    b->hold |= (uint64_t)value << b->count;
    b->count += n;
    for (; b->count >= 8; b->count -= 8, b->hold >>= 8) b->out[b->size++] = (uint8_t)b->hold;
}

/* Appends a code: its highest bit comes first (RFC 1951, 3.1.1). */
static void bits_put_code(Bits *b, unsigned code, int n) {
    unsigned reversed = 0;
    for (int i = 0; i < n; i++) reversed |= (code >> i & 1) << (n - 1 - i);
    bits_put(b, reversed, n);
}

/* Appends the fixed code of a literal, the end or a length (RFC 1951, 3.2.6). */
static void put_symbol(Bits *b, unsigned symbol) {
    if (symbol < 144) bits_put_code(b, 48 + symbol, 8);
    else if (symbol < 256) bits_put_code(b, 400 + symbol - 144, 9);
    else if (symbol < 280) bits_put_code(b, symbol - 256, 7);
    else bits_put_code(b, 192 + symbol - 280, 8);
}

/* Symbol and extra bits of a length or distance (RFC 1951, 3.2.5). The first 2 * per symbols have no extra bits; after
 * that, each number of extra bits has `per` symbols. Returns the symbol, from 0; *rest takes *extra bits. */
static unsigned symbol_of(unsigned value, unsigned per, int *extra, unsigned *rest) {
    *extra = 0;
    while (value >> *extra >= 2 * per) ++*extra;
    *rest = value & ((1u << *extra) - 1);
    return (unsigned)*extra * per + (value >> *extra);
}

static void put_match(Bits *b, unsigned length, unsigned distance) {
    int extra = 0;
    unsigned rest = 0, symbol = length == LENGTH_MAX ? 28 : symbol_of(length - LENGTH_MIN, 4, &extra, &rest);
    put_symbol(b, 257 + symbol);
    bits_put(b, rest, extra);
    symbol = symbol_of(distance - 1, 2, &extra, &rest);
    bits_put_code(b, symbol, 5);
    bits_put(b, rest, extra);
}

/* The positions whose three bytes have the same hash form a list: the last one, and for each position the one before.
 * Entries are position + 1; 0 means none. */
typedef struct {
    uint32_t last[1 << HASH_BITS], before[WINDOW];
} History;

static uint32_t hash_of(const uint8_t *p) {
    return ((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) * 2654435761u >> (32 - HASH_BITS);
}

static void history_add(History *history, const uint8_t *data, size_t at) {
    uint32_t *last = &history->last[hash_of(data + at)];
    history->before[at % WINDOW] = *last;
    *last = (uint32_t)at + 1;
}

static unsigned match_length(const uint8_t *a, const uint8_t *b, size_t max) {
    size_t n = 0;
    while (n < max && a[n] == b[n]) n++;
    return (unsigned)n;
}

/* The longest repeat at data[at]: returns its length (0: none of LENGTH_MIN bytes) and sets its distance. */
static unsigned longest_match(const History *history, const uint8_t *data, size_t size, size_t at, unsigned *distance) {
    size_t max = MIN(size - at, (size_t)LENGTH_MAX);
    unsigned longest = LENGTH_MIN - 1;
    uint32_t entry = history->last[hash_of(data + at)];
    for (int i = 0; i < TRIES && entry != 0 && at + 1 - entry <= WINDOW && longest < max; i++) {
        unsigned length = match_length(data + entry - 1, data + at, max);
        if (length > longest) {
            longest = length;
            *distance = (unsigned)(at + 1 - entry);
        }
        entry = history->before[(entry - 1) % WINDOW];
    }
    return longest >= LENGTH_MIN ? longest : 0;
}

uint8_t *zlib_deflate(Arena *arena, const uint8_t *data, size_t size, size_t *packed) {
    REQUIRE(size < UINT32_MAX, "%zu bytes, less than 4 GB were wanted", size);
    Arena scratch = { 0 };
    History *history = arena_zero(&scratch, 1, sizeof *history);
    Bits b = { .out = arena_alloc(arena, size + size / 8 + 16, 1) }; /* a literal takes 9 bits at most */
    b.out[b.size++] = 0x78;
    b.out[b.size++] = 0x01;
    bits_put(&b, 1 | 1 << 1, 3); /* the last block, with fixed codes */
    for (size_t at = 0; at < size;) {
        unsigned distance = 0, length = size - at >= LENGTH_MIN ? longest_match(history, data, size, at, &distance) : 0;
        if (length) put_match(&b, length, distance);
        else put_symbol(&b, data[at]);
        for (size_t end = at + MAX(length, 1u); at < end; at++)
            if (size - at >= LENGTH_MIN) history_add(history, data, at);
    }
    put_symbol(&b, 256);
    bits_put(&b, 0, 7); /* to the end of the byte */
    big_endian_32_put(b.out + b.size, adler32_update(1, data, size));
    b.size += 4;
    arena_free(&scratch);
    *packed = b.size;
    return b.out;
}
