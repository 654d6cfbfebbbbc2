#include "formats/deflate.h"

#include "formats/inflate.h"

#include <string.h>

enum {
    HASH_BITS = 15,
    WINDOW = 32768, /* how far back a repeat may reach, and */
    LEAST = 3,
    LIMIT = 258, /* how long it may be (RFC 1951, 3.2.5) */
    TRIES = 32   /* earlier places looked at: more is smaller and slower */
};

typedef struct {
    uint8_t *out;
    size_t made;
    uint64_t hold;
    int count;
} Bits;

/* Appends the lowest n <= 16 bits of value, lowest first. */
static void bits_put(Bits *b, unsigned value, int n) {
    b->hold |= (uint64_t)value << b->count;
    b->count += n;
    for (; b->count >= 8; b->count -= 8, b->hold >>= 8) b->out[b->made++] = (uint8_t)b->hold;
}

/* Appends a code, which stands highest bit first (RFC 1951, 3.1.1). */
static void bits_put_code(Bits *b, unsigned code, int n) {
    unsigned reversed = 0;
    for (int i = 0; i < n; i++) reversed |= (code >> i & 1) << (n - 1 - i);
    bits_put(b, reversed, n);
}

/* A literal, the end or a length by its fixed code (RFC 1951, 3.2.6). */
static void put_symbol(Bits *b, unsigned symbol) {
    if (symbol < 144) bits_put_code(b, 48 + symbol, 8);
    else if (symbol < 256) bits_put_code(b, 400 + symbol - 144, 9);
    else if (symbol < 280) bits_put_code(b, symbol - 256, 7);
    else bits_put_code(b, 192 + symbol - 280, 8);
}

/* Lengths and distances share a rule (RFC 1951, 3.2.5): `per` symbols for each number of extra bits, none at first for
 * twice as many. Returns the symbol of `value`, counted from 0; *extra bits say *rest. */
static unsigned symbol_of(unsigned value, unsigned per, int *extra, unsigned *rest) {
    *extra = 0;
    while (value >> *extra >= 2 * per) ++*extra;
    *rest = value & ((1u << *extra) - 1);
    return (unsigned)*extra * per + (value >> *extra);
}

static void put_match(Bits *b, unsigned length, unsigned distance) {
    int extra = 0;
    unsigned rest = 0, symbol = length == LIMIT ? 28 : symbol_of(length - LEAST, 4, &extra, &rest);
    put_symbol(b, 257 + symbol);
    bits_put(b, rest, extra);
    symbol = symbol_of(distance - 1, 2, &extra, &rest);
    bits_put_code(b, symbol, 5);
    bits_put(b, rest, extra);
}

/* ---- repeats -------------------------------------------------------------------------------------------------- */

/* The places that began with three bytes of the same hash: the last one, and for each place the one before. */
typedef struct {
    uint32_t last[1 << HASH_BITS], before[WINDOW];
} Places; /* place + 1; 0: none */

static uint32_t hash_of(const uint8_t *p) {
    return ((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) * 2654435761u >> (32 - HASH_BITS);
}

static void places_add(Places *places, const uint8_t *data, size_t at) {
    uint32_t *last = &places->last[hash_of(data + at)];
    places->before[at % WINDOW] = *last;
    *last = (uint32_t)at + 1;
}

static unsigned match_length(const uint8_t *a, const uint8_t *b, size_t max) {
    size_t n = 0;
    while (n < max && a[n] == b[n]) n++;
    return (unsigned)n;
}

/* The longest repeat that data[at] can begin with: its length (0: none of LEAST bytes), and how far back it lies. */
static unsigned places_longest(const Places *places, const uint8_t *data, size_t size, size_t at, unsigned *distance) {
    size_t max = MIN(size - at, (size_t)LIMIT);
    unsigned longest = LEAST - 1;
    uint32_t place = places->last[hash_of(data + at)];
    for (int i = 0; i < TRIES && place != 0 && at + 1 - place <= WINDOW && longest < max; i++) {
        unsigned length = match_length(data + place - 1, data + at, max);
        if (length > longest) {
            longest = length;
            *distance = (unsigned)(at + 1 - place);
        }
        place = places->before[(place - 1) % WINDOW];
    }
    return longest >= LEAST ? longest : 0;
}

uint8_t *zlib_deflate(Arena *arena, const uint8_t *data, size_t size, size_t *packed) {
    REQUIRE(size < UINT32_MAX, "%zu bytes, less than 4 GB were wanted", size);
    Arena scratch = { 0 };
    Places *places = arena_zero(&scratch, 1, sizeof *places);
    Bits b = { .out = arena_alloc(arena, size + size / 8 + 16, 1) }; /* a literal takes 9 bits at most */
    b.out[b.made++] = 0x78;
    b.out[b.made++] = 0x01;
    bits_put(&b, 1 | 1 << 1, 3); /* the last block, with fixed codes */
    for (size_t at = 0; at < size;) {
        unsigned distance = 0, length = size - at >= LEAST ? places_longest(places, data, size, at, &distance) : 0;
        if (length) put_match(&b, length, distance);
        else put_symbol(&b, data[at]);
        for (size_t end = at + MAX(length, 1u); at < end; at++)
            if (size - at >= LEAST) places_add(places, data, at);
    }
    put_symbol(&b, 256);
    bits_put(&b, 0, 7); /* to the end of the byte */
    uint32_t adler = adler32_update(1, data, size);
    for (int i = 0; i < 4; i++) b.out[b.made++] = (uint8_t)(adler >> (24 - 8 * i));
    arena_free(&scratch);
    *packed = b.made;
    return b.out;
}
