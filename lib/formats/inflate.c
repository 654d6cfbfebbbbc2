/* The stream is a sequence of bits, lowest bit of a byte first (RFC 1951, 3.1.1). `hold` is a window of at least 56
 * bits. A length and a distance with their extra bits need 15 + 5 + 15 + 13, so one refill is enough for both. Behind
 * the end of the data the window is filled with zeros; a stream that used one of them was cut (bits_overdrawn). */
#include "formats/inflate.h"

#include "formats/byte_order.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>

/* ---- checksums -------------------------------------------------------------------------------------------------- */

static uint32_t crc_table[4][256];

/* crc_table[0][b]: the CRC of byte b; crc_table[k][b]: of byte b and k zero bytes after it. */
static void crc_table_make(void) {
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        crc_table[0][b] = c;
    }
    for (int k = 1; k < 4; k++)
        for (int b = 0; b < 256; b++)
            crc_table[k][b] = crc_table[k - 1][b] >> 8 ^ crc_table[0][crc_table[k - 1][b] & 255];
}

uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, crc_table_make);
    uint32_t c = ~crc;
    for (; size >= 4; data += 4, size -= 4) {
        c ^= little_endian_32(data);
        c = crc_table[3][c & 255] ^ crc_table[2][c >> 8 & 255] ^ crc_table[1][c >> 16 & 255] ^ crc_table[0][c >> 24];
    }
    for (; size > 0; data++, size--) c = c >> 8 ^ crc_table[0][(c ^ *data) & 255];
    return ~c;
}

uint32_t adler32_update(uint32_t adler, const uint8_t *data, size_t size) {
    enum { PRIME = 65521, SAFE = 5552 }; /* SAFE bytes of 255 cannot overflow 32 bits */
    uint32_t a = adler & 0xffff, b = adler >> 16;
    while (size > 0) {
        size_t n = MIN(size, (size_t)SAFE);
        size -= n;
        for (; n > 0; n--) {
            a += *data++;
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
    }
    return b << 16 | a;
}

/* ---- bits ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *data;
    size_t size, at; /* `at` goes beyond `size` when zeros fill the window */
    uint64_t hold;
    unsigned count; /* valid bits in `hold` */
} Bits;

static inline void bits_refill(Bits *b) {
    if (b->at < b->size && b->size - b->at >= 8) {
        const uint8_t *p = b->data + b->at;
        b->hold |= (little_endian_32(p) | (uint64_t)little_endian_32(p + 4) << 32) << b->count;
        b->at += (63 - b->count) >> 3;
        b->count |= 56;
        return;
    }
    for (; b->count <= 56; b->at++, b->count += 8)
        b->hold |= (uint64_t)(b->at < b->size ? b->data[b->at] : 0) << b->count;
}

static inline unsigned bits_take(Bits *b, unsigned n) {
    unsigned value = (unsigned)(b->hold & ((1u << n) - 1));
    b->hold >>= n;
    b->count -= n;
    return value;
}

static inline bool bits_overdrawn(const Bits *b) { return b->at > b->size && (b->at - b->size) * 8 > b->count; }

/* Drops the rest of the current byte; returns the position of the next one. */
static size_t bits_to_byte(Bits *b) {
    b->at -= b->count / 8;
    b->hold = 0;
    b->count = 0;
    return b->at;
}

enum { DISTANCE_MAX = 1 << 15 }; /* the farthest that a match reaches back (RFC 1951, 3.2.5) */

/* ---- the stream ------------------------------------------------------------------------------------------------- */

/* `out`, `room` and `produced` are the caller's until `out` is full, then those of `window` (stream_room). */
typedef struct {
    Bits bits;
    uint8_t *out; /* NULL: bytes are counted, not written */
    size_t room, produced;
    Arena *scratch; /* for `window`; NULL: more bytes than `room` are a failure at once */
    uint8_t *window;
    size_t summed; /* `adler` is the Adler-32 of all bytes before out[summed] */
    uint32_t adler;
    size_t surplus; /* bytes that `adler` covers beyond the caller's room */
    Inflated *result;
} Stream;

static bool stream_fail(Stream *s, const char *format, ...) PRINTF_LIKE(2, 3);
static bool stream_fail(Stream *s, const char *format, ...) {
    Inflated *result = s->result;
    bool cut = bits_overdrawn(&s->bits);
    if (cut && s->window) return false; /* the result says INFLATE_FULL */
    result->fault = cut ? INFLATE_CUT : INFLATE_DAMAGED;
    result->consumed = cut ? s->bits.size : MIN(s->bits.at - s->bits.count / 8, s->bits.size);
    if (!s->window) result->produced = s->produced;
    va_list args;
    va_start(args, format);
    if (cut) snprintf(result->problem, sizeof result->problem, "the packed data end here, unfinished");
    else vsnprintf(result->problem, sizeof result->problem, format, args);
    va_end(args);
    return false;
}

/* Brings `adler` and `surplus` up to date. */
static void stream_sum(Stream *s) {
    s->adler = adler32_update(s->adler, s->out + s->summed, s->produced - s->summed);
    if (s->window) s->surplus += s->produced - s->summed;
    s->summed = s->produced;
}

/* Called when `out` is full and more bytes come. The result is then INFLATE_FULL. With `scratch`, the stream goes on in
 * a window of the last bytes, because the Adler-32 covers what is not wanted, too. */
static bool stream_room(Stream *s) {
    size_t kept = MIN(s->produced, (size_t)DISTANCE_MAX);
    if (!s->window) {
        stream_fail(s, "more than the %zu bytes wanted come out of the packed data", s->room);
        s->result->fault = INFLATE_FULL;
        if (!s->scratch) return false;
    }
    stream_sum(s);
    if (s->surplus > INFLATE_SURPLUS_MAX)
        return stream_fail(s, "more than %d bytes come out after those wanted", INFLATE_SURPLUS_MAX);
    if (!s->window) s->window = arena_alloc(s->scratch, 2 * DISTANCE_MAX, 1);
    if (kept) memmove(s->window, s->out + s->produced - kept, kept);
    s->out = s->window;
    s->room = 2 * DISTANCE_MAX;
    s->produced = s->summed = kept;
    return true;
}

static bool stream_cut(Stream *s) {
    s->bits.at = s->bits.size + 1;
    return stream_fail(s, "cut");
}

/* ---- prefix codes (RFC 1951, 3.2.2) ----------------------------------------------------------------------------- */

enum { LOOKUP_BITS = 11, CODE_BITS_MAX = 15, LITERALS = 286, DISTANCES = 30, FIXED_LITERALS = 288, END_OF_BLOCK = 256 };

/* Codes of up to LOOKUP_BITS bits are in `fast`. Longer ones are searched by length: those of one are consecutive. */
typedef struct {
    uint16_t fast[1 << LOOKUP_BITS]; /* the next LOOKUP_BITS bits -> symbol * 16 + length; 0: a longer code, or none */
    uint16_t sorted[FIXED_LITERALS]; /* symbols, by length of their code, then by symbol */
    /* of each length: the first code, the number of codes, where their symbols start in `sorted` */
    uint16_t first[CODE_BITS_MAX + 1], count[CODE_BITS_MAX + 1], start[CODE_BITS_MAX + 1];
} Code;

static unsigned bits_reversed(unsigned code, int length) {
    unsigned reversed = 0;
    for (int i = 0; i < length; i++) reversed |= (code >> i & 1) << (length - 1 - i);
    return reversed;
}

static void code_fill(Code *code, const uint8_t *lengths, int symbols) {
    uint16_t next[CODE_BITS_MAX + 1];
    memcpy(next, code->start, sizeof next);
    memset(code->fast, 0, sizeof code->fast);
    for (int symbol = 0; symbol < symbols; symbol++) {
        int length = lengths[symbol];
        if (length == 0) continue;
        unsigned place = next[length]++, bits = code->first[length] + place - code->start[length];
        code->sorted[place] = (uint16_t)symbol;
        if (length > LOOKUP_BITS) continue;
        for (unsigned i = bits_reversed(bits, length); i < 1 << LOOKUP_BITS; i += 1u << length)
            code->fast[i] = (uint16_t)(symbol * 16 + length);
    }
}

/* From the length of each symbol's code (0: no code). False when the lengths ask for more codes than there are, or
 * leave some unused; a single code of one bit, or none at all, is legal (RFC 1951, 3.2.7). */
static bool code_make(Code *code, const uint8_t *lengths, int symbols) {
    memset(code->count, 0, sizeof code->count);
    for (int i = 0; i < symbols; i++) code->count[lengths[i]]++;
    int used = symbols - code->count[0], left = 1;
    code->count[0] = 0;
    code->first[0] = code->start[0] = 0;
    for (int length = 1; length <= CODE_BITS_MAX; length++) {
        left = left * 2 - code->count[length];
        if (left < 0) return false;
        code->first[length] = (uint16_t)((code->first[length - 1] + code->count[length - 1]) << 1);
        code->start[length] = (uint16_t)(code->start[length - 1] + code->count[length - 1]);
    }
    if (left > 0 && used > code->count[1]) return false;
    code_fill(code, lengths, symbols);
    return true;
}

/* symbol * 16 + length of the code at the start of `hold`; 0 when there is none. */
static unsigned code_search(const Code *code, uint64_t hold) {
    unsigned bits = 0;
    for (unsigned length = 1; length <= CODE_BITS_MAX; length++, hold >>= 1) {
        bits = bits << 1 | (hold & 1);
        unsigned place = bits - code->first[length];
        if (place < code->count[length]) return code->sorted[code->start[length] + place] * 16u + length;
    }
    return 0;
}

/* The next symbol, or -1. Wants CODE_BITS_MAX bits in the window. */
static inline int code_next(const Code *code, Bits *b) {
    unsigned entry = code->fast[b->hold & ((1 << LOOKUP_BITS) - 1)];
    if (!entry) entry = code_search(code, b->hold);
    bits_take(b, entry & 15);
    return entry ? (int)(entry >> 4) : -1;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

/* RFC 1951, 3.2.5: of the lengths (from symbol 257 on) and of the distances: smallest value, number of extra bits. */
static const uint16_t length_base[29] = { 3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t distance_base[DISTANCES] = { 1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                   33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                   1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
static const uint8_t distance_extra[DISTANCES] = { 0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                   6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };

/* out[produced + i] = out[produced + i - distance], i < length; source and target may overlap. */
static void match_copy(Stream *s, size_t length, size_t distance) {
    if (s->out) {
        uint8_t *to = s->out + s->produced;
        const uint8_t *from = to - distance;
        if (distance >= length) memcpy(to, from, length);
        else
            for (size_t i = 0; i < length; i++) to[i] = from[i];
    }
    s->produced += length;
}

/* After the length symbol: reads the rest of the pair (length, distance) and copies. */
static bool match_read(Stream *s, int symbol, const Code *distances) {
    Bits *b = &s->bits;
    if (symbol - END_OF_BLOCK - 1 >= (int)COUNT(length_base))
        return stream_fail(s, "length symbol %d, 285 is the last", symbol);
    size_t length = length_base[symbol - END_OF_BLOCK - 1] + bits_take(b, length_extra[symbol - END_OF_BLOCK - 1]);
    int d = code_next(distances, b);
    if (d < 0) return stream_fail(s, "bits that are no distance code");
    if (d >= DISTANCES) return stream_fail(s, "distance symbol %d, 29 is the last", d);
    size_t distance = distance_base[d] + bits_take(b, distance_extra[d]);
    if (bits_overdrawn(b)) return stream_fail(s, "cut");
    if (distance > s->produced)
        return stream_fail(s, "a repeat of what came %zu bytes ago, after %zu bytes", distance, s->produced);
    for (;;) {
        size_t copied = MIN(length, s->room - s->produced);
        match_copy(s, copied, distance);
        length -= copied;
        if (length == 0) return true;
        if (!stream_room(s)) return false;
    }
}

/* Writes literals until another symbol comes and returns that: -1 for an invalid code, a literal when `out` is full.
 * Works on copies of the members, so that the compiler can keep them in registers: `out` might alias *s. */
static int literals_read(Stream *s, const Code *literals) {
    Bits b = s->bits;
    uint8_t *out = s->out;
    size_t produced = s->produced, room = s->room;
    int symbol;
    for (;;) {
        bits_refill(&b);
        symbol = code_next(literals, &b);
        if (symbol < 0 || symbol >= END_OF_BLOCK || bits_overdrawn(&b)) break;
        if (produced == room) break;
        if (out) out[produced] = (uint8_t)symbol;
        produced++;
    }
    s->bits = b;
    s->produced = produced;
    return symbol;
}

static bool block_symbols(Stream *s, const Code *literals, const Code *distances) {
    for (;;) {
        int symbol = literals_read(s, literals);
        if (symbol < 0 || bits_overdrawn(&s->bits)) return stream_fail(s, "bits that are no literal or length code");
        if (symbol == END_OF_BLOCK) return true;
        if (symbol > END_OF_BLOCK) {
            if (!match_read(s, symbol, distances)) return false;
        } else {
            if (!stream_room(s)) return false;
            s->out[s->produced++] = (uint8_t)symbol;
        }
    }
}

/* A block that is not compressed (RFC 1951, 3.2.4). */
static bool block_stored(Stream *s) {
    Bits *b = &s->bits;
    size_t at = bits_to_byte(b);
    if (at > b->size || b->size - at < 4) return stream_cut(s);
    const uint8_t *head = b->data + at;
    unsigned length = head[0] | (unsigned)head[1] << 8, inverse = head[2] | (unsigned)head[3] << 8;
    if ((length ^ inverse) != 0xffff)
        return stream_fail(s, "a stored block of length %u with check %u, %u was wanted", length, inverse,
                           length ^ 0xffff);
    b->at = at + 4;
    for (size_t left = MIN((size_t)length, b->size - b->at);;) {
        size_t copied = MIN(left, s->room - s->produced);
        if (s->out && copied > 0) memcpy(s->out + s->produced, b->data + b->at, copied);
        b->at += copied;
        s->produced += copied;
        left -= copied;
        if (left == 0) return b->at - at - 4 == length || stream_cut(s);
        if (!stream_room(s)) return false;
    }
}

/* RFC 1951, 3.2.6. Made once: a stream can have millions of empty blocks. */
static Code fixed_literals, fixed_distances;

static void fixed_make(void) {
    uint8_t lengths[FIXED_LITERALS];
    for (int i = 0; i < FIXED_LITERALS; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    code_make(&fixed_literals, lengths, FIXED_LITERALS);
    memset(lengths, 5, 32);
    code_make(&fixed_distances, lengths, 32);
}

static bool block_fixed(Stream *s) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fixed_make);
    return block_symbols(s, &fixed_literals, &fixed_distances);
}

/* Reads the code lengths of a block, which are compressed too (RFC 1951, 3.2.7), into lengths[0..want). */
static bool block_lengths(Stream *s, const Code *code, uint8_t *lengths, int want) {
    static const uint8_t least[] = { 3, 3, 11 }, extra[] = { 2, 3, 7 }; /* of symbols 16 to 18 */
    Bits *b = &s->bits;
    for (int produced = 0; produced < want;) {
        bits_refill(b);
        int symbol = code_next(code, b), times = 1, value = symbol;
        if (symbol < 0) return stream_fail(s, "bits that are no code for a code length");
        if (symbol == 16 && produced == 0) return stream_fail(s, "a repeated code length with none before it");
        if (symbol >= 16) {
            times = least[symbol - 16] + (int)bits_take(b, extra[symbol - 16]);
            value = symbol == 16 ? lengths[produced - 1] : 0;
        }
        if (times > want - produced || bits_overdrawn(b))
            return stream_fail(s, "%d code lengths where %d are left", times, want - produced);
        memset(lengths + produced, value, (size_t)times);
        produced += times;
    }
    return true;
}

static bool block_dynamic(Stream *s) {
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
    Bits *b = &s->bits;
    uint8_t lengths[LITERALS + DISTANCES + 64] = { 0 };
    Code code, distances;
    int literals_used = 257 + (int)bits_take(b, 5), distances_used = 1 + (int)bits_take(b, 5);
    int given = 4 + (int)bits_take(b, 4);
    if (literals_used > LITERALS || distances_used > DISTANCES)
        return stream_fail(s, "a block with %d literal and %d distance codes, %d and %d are the most", literals_used,
                           distances_used, LITERALS, DISTANCES);
    for (int i = 0; i < given; i++) {
        bits_refill(b);
        lengths[order[i]] = (uint8_t)bits_take(b, 3);
    }
    if (bits_overdrawn(b) || !code_make(&code, lengths, 19))
        return stream_fail(s, "impossible lengths of length codes");
    memset(lengths, 0, sizeof lengths);
    if (!block_lengths(s, &code, lengths, literals_used + distances_used)) return false;
    if (lengths[END_OF_BLOCK] == 0) return stream_fail(s, "a block without a code for its end");
    if (!code_make(&code, lengths, literals_used)) return stream_fail(s, "impossible lengths of literal codes");
    if (!code_make(&distances, lengths + literals_used, distances_used))
        return stream_fail(s, "impossible lengths of distance codes");
    return block_symbols(s, &code, &distances);
}

/* Reads all blocks from byte `at` on; then bits.at is the byte after them. */
static bool stream_blocks(Stream *s, size_t at) {
    s->bits.at = at;
    for (bool last = false; !last;) {
        bits_refill(&s->bits);
        last = bits_take(&s->bits, 1);
        unsigned kind = bits_take(&s->bits, 2);
        if (kind == 3 || bits_overdrawn(&s->bits)) return stream_fail(s, "a block of kind 3, kinds are 0 to 2");
        if (!(kind == 0 ? block_stored(s) : kind == 1 ? block_fixed(s) : block_dynamic(s))) return false;
    }
    bits_to_byte(&s->bits);
    if (!s->window) s->result->produced = s->produced;
    return true;
}

/* ---- zlib (RFC 1950) -------------------------------------------------------------------------------------------- */

/* A failure at byte `at` of the zlib or gzip wrapping. */
static bool stream_fail_at(Stream *s, size_t at, const char *what) {
    s->bits.at = MIN(at, s->bits.size);
    s->bits.count = 0;
    return stream_fail(s, "%s", what);
}

/* Compares the Adler-32 after the blocks. */
static bool zlib_adler(Stream *s) {
    const uint8_t *data = s->bits.data;
    size_t at = s->bits.at, left = s->bits.size - at;
    uint8_t sum[4];
    stream_sum(s);
    big_endian_32_put(sum, s->adler);
    bool same = !memcmp(data + at, sum, MIN(left, (size_t)4)); /* of a cut sum, the bytes that are there */
    if (same && s->window) return false;                       /* the result says INFLATE_FULL */
    if (left < 4) {
        stream_fail_at(s, s->bits.size, "the packed data end here, their Adler-32 was wanted");
        s->result->fault = same ? INFLATE_CUT : INFLATE_DAMAGED;
        return false;
    }
    if (!same)
        return stream_fail(s, "the Adler-32 is %08x, the data say %08x", big_endian_32(sum), big_endian_32(data + at));
    s->result->consumed = at + 4;
    return true;
}

bool zlib_inflate(const uint8_t *data, size_t size, uint8_t *out, size_t room, Inflated *result) {
    *result = (Inflated){ 0 };
    Arena scratch = { 0 };
    Bits bits = { .data = data, .size = size };
    Stream s = { .bits = bits, .out = out, .room = room, .scratch = &scratch, .adler = 1, .result = result };
    REQUIRE(out || room == 0, "no place for %zu bytes", room);
    if (size < 2) return stream_fail_at(&s, size, "the packed data end here, a zlib header of 2 bytes was wanted");
    if ((data[0] & 15) != 8 || data[0] >> 4 > 7 || (data[0] << 8 | data[1]) % 31 != 0) {
        s.bits.at = 0;
        return stream_fail(&s, "%02x %02x is no zlib header", data[0], data[1]);
    }
    if (data[1] & 32) return stream_fail_at(&s, 1, "the zlib stream wants a dictionary that nobody has");
    bool ok = stream_blocks(&s, 2) && zlib_adler(&s);
    arena_free(&scratch);
    return ok;
}

/* ---- gzip (RFC 1952) -------------------------------------------------------------------------------------------- */

/* Moves *at over the header of a gzip member. Returns NULL, or what is wrong with it. */
static const char *gzip_header(const uint8_t *data, size_t size, size_t *at) {
    enum { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16, RESERVED = 224 };
    static const char *cut = "the file ends inside a gzip header";
    size_t start = *at;
    if (size - start < 10) return cut;
    const uint8_t *head = data + start;
    if (head[0] != 0x1f || head[1] != 0x8b) return "these bytes are no gzip header (1f 8b was wanted)";
    if (head[2] != 8 || head[3] & RESERVED) return "an unknown compression method or reserved flags in the gzip header";
    *at += 10;
    if (head[3] & EXTRA) {
        if (size - *at < 2) return cut;
        size_t length = (size_t)(data[*at] | data[*at + 1] << 8);
        *at += 2;
        if (size - *at < length) return cut;
        *at += length;
    }
    for (int text = NAME; text <= COMMENT; text *= 2) {
        if (!(head[3] & text)) continue;
        const uint8_t *end = memchr(data + *at, 0, size - *at);
        if (!end) return cut;
        *at = (size_t)(end - data) + 1;
    }
    if (head[3] & HEADER_CRC) {
        if (size - *at < 2) return cut;
        if ((crc32_update(0, head, *at - start) & 0xffff) != (uint32_t)(data[*at] | data[*at + 1] << 8))
            return "the CRC of the gzip header does not fit";
        *at += 2;
    }
    return NULL;
}

/* Reads one member at data[s->bits.at]: header, blocks, CRC-32 and size. */
static bool gzip_member(Stream *s) {
    Bits *b = &s->bits;
    size_t at = b->at, before = s->produced;
    const char *wrong = gzip_header(b->data, b->size, &at);
    if (wrong) return stream_fail_at(s, at, wrong);
    /* A match must not reach into the member before, so each member has a stream of its own. */
    uint8_t *out = s->out ? s->out + before : NULL;
    Stream member = { .bits = *b, .out = out, .room = s->room - before, .result = s->result };
    if (!stream_blocks(&member, at)) return false;
    *b = member.bits;
    s->produced = before + member.produced;
    size_t start = b->at;
    if (b->size - start < 8) return stream_fail_at(s, b->size, "the file ends here, CRC and size were wanted");
    uint32_t size = little_endian_32(b->data + start + 4), crc = little_endian_32(b->data + start);
    if (size != (uint32_t)member.produced)
        return stream_fail(s, "%zu bytes came out, the file says %u", member.produced, size);
    if (s->out && crc32_update(0, member.out, member.produced) != crc)
        return stream_fail(s, "the CRC of what came out is not the %08x that the file says", crc);
    b->at = start + 8;
    return true;
}

/* Whether only zero bytes follow: padding of tapes and block devices, which gzip -t accepts too. */
static bool is_zero(File file, size_t at) {
    while (at < file.size && file.data[at] == 0) at++;
    return at >= file.size;
}

/* Decompresses all members into `out`; with `out` NULL, counts their bytes. */
static bool gzip_members(File packed, uint8_t *out, size_t room, Inflated *result) {
    *result = (Inflated){ 0 };
    Stream s = { .bits = { .data = packed.data, .size = packed.size }, .out = out, .room = room, .result = result };
    do {
        if (!gzip_member(&s)) return false;
    } while (!is_zero(packed, s.bits.at));
    result->produced = s.produced;
    return true;
}

bool gzip_inflate(Arena *arena, const char *name, File packed, File *unpacked, Err *err) {
    Inflated result;
    bool ok = gzip_members(packed, NULL, GZIP_MAX, &result);
    if (ok) {
        uint8_t *out = arena_alloc(arena, result.produced + 1, 1);
        size_t size = result.produced;
        ok = gzip_members(packed, out, size, &result);
        out[size] = 0;
        if (ok) *unpacked = (File){ .data = out, .size = size };
    }
    if (!ok)
        err_set(err, "%s: byte %zu: %s; the file is damaged, fetch it again", name, result.consumed, result.problem);
    return ok;
}
