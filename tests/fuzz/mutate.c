/* mutate: changes of an input: single bytes, pieces, numbers, words of its format. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 64 };

static size_t below(Rng *rng, size_t n) { return n ? rng_below(rng, (uint32_t)n) : 0; }

/* Replaces bytes at `at` by others; what does not fit at the end is cut off. */
static void replace(Input *in, size_t at, size_t out, const uint8_t *bytes, size_t size) {
    out = MIN(out, in->size - at);
    size = MIN(size, FUZZ_MAX - at);
    size_t rest = MIN(in->size - at - out, FUZZ_MAX - at - size);
    if (rest) memmove(in->data + at + size, in->data + at + out, rest);
    if (size) memcpy(in->data + at, bytes, size);
    in->size = at + size + rest;
}

static void flip(Rng *rng, Input *in) {
    if (in->size) in->data[below(rng, in->size)] ^= (uint8_t)(1u << rng_below(rng, 8));
}

static void byte_set(Rng *rng, Input *in) {
    static const uint8_t extremes[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '"', '{', '}', ' ', '\n', '&', '-', '=' };
    if (!in->size) return;
    uint8_t *at = in->data + below(rng, in->size);
    switch (rng_below(rng, 3)) {
    case 0: *at = (uint8_t)rng_next(rng); break;
    case 1: *at = extremes[below(rng, COUNT(extremes))]; break;
    default: *at = (uint8_t)(*at + rng_below(rng, 9) - 4); break;
    }
}

/* A number of 2, 4 or 8 bytes, in either order: lengths and sizes. */
static void number_set(Rng *rng, Input *in) {
    const uint64_t values[] = {
        0,      1,          2,          in->size,   in->size + 1, in->size - 1, 0x7fff,        0x8000,
        0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX,    UINT64_MAX,   rng_next(rng), rng_below(rng, 300)
    };
    uint64_t value = values[below(rng, COUNT(values))];
    size_t width = (size_t)2 << rng_below(rng, 3);
    uint8_t bytes[8];
    bool big = rng_below(rng, 2);
    if (in->size < width) return;
    for (size_t i = 0; i < width; i++) bytes[i] = (uint8_t)(value >> 8 * (big ? width - 1 - i : i));
    replace(in, below(rng, in->size - width + 1), width, bytes, width);
}

/* Changes a decimal number. */
static void digits_set(Rng *rng, Input *in) {
    static const char *const numbers[] = { "0",
                                           "1",
                                           "-1",
                                           "255",
                                           "256",
                                           "65536",
                                           "2147483647",
                                           "2147483648",
                                           "4294967296",
                                           "9223372036854775807",
                                           "18446744073709551616",
                                           "1e999",
                                           "-0",
                                           "00",
                                           "1.5",
                                           "0x10",
                                           "nan",
                                           "99999999999999999999999999999999" };
    size_t at = below(rng, in->size), end;
    while (at < in->size && (in->data[at] < '0' || in->data[at] > '9')) at++;
    for (end = at; end < in->size && in->data[end] >= '0' && in->data[end] <= '9'; end++) continue;
    const char *number = numbers[below(rng, COUNT(numbers))];
    if (at < in->size) replace(in, at, end - at, (const uint8_t *)number, strlen(number));
}

static void piece_out(Rng *rng, Input *in) {
    size_t at = below(rng, in->size);
    replace(in, at, 1 + below(rng, rng_below(rng, 4) ? PIECE_MAX : in->size + 1), NULL, 0);
}

/* Inserts a piece of `from`, or writes it over other bytes. */
static void piece_in(Rng *rng, Input *in, Input from) {
    if (!from.size) return;
    uint8_t bytes[4 * PIECE_MAX];
    size_t start = below(rng, from.size), size = 1 + below(rng, MIN(sizeof bytes, from.size - start));
    memcpy(bytes, from.data + start, size);
    replace(in, below(rng, in->size + 1), rng_below(rng, 2) ? size : 0, bytes, size);
}

static void random_in(Rng *rng, Input *in) {
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)rng_next(rng);
    replace(in, below(rng, in->size + 1), 0, bytes, 1 + below(rng, sizeof bytes));
}

static void run_in(Rng *rng, Input *in) {
    uint8_t bytes[600];
    memset(bytes, in->size ? in->data[below(rng, in->size)] : 0, sizeof bytes);
    replace(in, below(rng, in->size + 1), 0, bytes, 1 + below(rng, rng_below(rng, 4) ? 16 : sizeof bytes));
}

static void word_in(Rng *rng, Input *in, const Word *words) {
    size_t count = 0;
    while (words && words[count].bytes) count++;
    if (!count) {
        random_in(rng, in);
        return;
    }
    const Word *word = &words[below(rng, count)];
    replace(in, below(rng, in->size + 1), rng_below(rng, 2) ? word->size : 0, (const uint8_t *)word->bytes, word->size);
}

/* Replaces the text between two quotes: keys, names, numbers. */
static void quoted_set(Rng *rng, Input *in, const Word *words) {
    static const char *const texts[] = { "",      "0",       "-1",          "1",     "2",
                                         "65536", "65537",   "99999999999", "1 1 1", "\\u001b[2J",
                                         "\\n",   "\\u0000", "True",        "x" };
    size_t quotes[256], count = 0;
    for (size_t i = 0; i < in->size && count < COUNT(quotes); i++)
        if (in->data[i] == '"') quotes[count++] = i;
    if (count < 4) {
        word_in(rng, in, words);
        return;
    }
    size_t q = below(rng, count - 1), other = below(rng, count - 1), size = quotes[other + 1] - quotes[other] - 1;
    uint8_t bytes[256];
    const char *text = texts[below(rng, COUNT(texts))];
    bool copied = rng_below(rng, 4) == 0 && size <= sizeof bytes;
    if (!copied) size = strlen(text);
    memcpy(bytes, copied ? (const char *)in->data + quotes[other] + 1 : text, size);
    replace(in, quotes[q] + 1, quotes[q + 1] - quotes[q] - 1, bytes, size);
}

/* The beginning of one input and the end of the other. */
static void splice(Rng *rng, Input *in, Input other) {
    size_t start = below(rng, other.size + 1);
    replace(in, below(rng, in->size + 1), FUZZ_MAX, other.data + start, other.size - start);
}

void fuzz_mutate(const Harness *harness, Rng *rng, Input *in, Input other) {
    for (uint32_t times = rng_below(rng, 2) ? 1 : 1 + rng_below(rng, rng_below(rng, 3) ? 3 : 12); times > 0; times--)
        switch (rng_below(rng, 18)) {
        case 0:
        case 1: flip(rng, in); break;
        case 2:
        case 3: byte_set(rng, in); break;
        case 4:
        case 5: number_set(rng, in); break;
        case 6: digits_set(rng, in); break;
        case 7: piece_out(rng, in); break;
        case 8: piece_in(rng, in, *in); break;
        case 9: piece_in(rng, in, other); break;
        case 10: random_in(rng, in); break;
        case 11: run_in(rng, in); break;
        case 16:
        case 17: quoted_set(rng, in, harness->words); break;
        case 12:
        case 13: word_in(rng, in, harness->words); break;
        case 14:
            if (rng_below(rng, 4) == 0) splice(rng, in, other);
            break;
        default:
            if (rng_below(rng, 8) == 0) in->size = below(rng, in->size + 1);
            break;
        }
    if (harness->mend && rng_below(rng, 8)) harness->mend(in);
}

/* ---- what harnesses share --------------------------------------------------------------------------------------- */

uint64_t fuzz_signs;

void fuzz_sign(uint64_t fact) {
    uint64_t x = (fuzz_signs ^ fact) * 0x9e3779b97f4a7c15u;
    fuzz_signs = x ^ x >> 29;
}

/* The hash of a message without its quoted names and numbers. */
static void sign_text(const char *text) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (bool quoted = false; *text; text++) {
        if (*text == '"' || *text == '\'') quoted = !quoted;
        if (!quoted && (*text < '0' || *text > '9')) hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    }
    fuzz_sign(hash);
}

void fuzz_answer(bool ok, const Err *err) {
    fuzz_sign(ok);
    if (ok) return;
    REQUIRE(err->text[0], "%s", "refused without a word");
    for (const char *c = err->text; *c; c++)
        REQUIRE((uint8_t)*c >= 0x20 && *c != 0x7f, "refused with the byte %02x in the message", (uint8_t)*c);
    sign_text(err->text);
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) die("out of memory");
    return size ? memcpy(copy, data, size) : copy;
}
