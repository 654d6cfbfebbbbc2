/* packed: deflate streams in zlib and gzip, and compression with decompression. */
#include "fuzz.h"
#include "core/arena.h"
#include "core/file.h"

#include "formats/deflate.h"
#include "formats/inflate.h"

#include <stdlib.h>
#include <string.h>

static void trouble_check(const Inflated *result, size_t size) {
    Err err;
    err_set(&err, "%s", result->problem);
    fuzz_answer(false, &err);
    REQUIRE(result->consumed <= size, "it went wrong at byte %zu of %zu", result->consumed, size);
}

/* Room of exactly the size gives the same bytes; one byte less is refused. */
static void room_check(const uint8_t *data, size_t size, const uint8_t *want, const Inflated *whole) {
    Inflated again;
    uint8_t *out = fuzz_copy(want, whole->produced); /* exactly the size */
    memset(out, 0, whole->produced);
    bool ok = zlib_inflate(data, size, out, whole->produced, &again);
    REQUIRE(ok && again.produced == whole->produced && again.consumed == whole->consumed, "%s",
            "the same stream unpacks otherwise with just enough room");
    REQUIRE(!whole->produced || !memcmp(out, want, whole->produced), "%s", "the same stream unpacks to other bytes");
    REQUIRE(!whole->produced || !zlib_inflate(data, size, out, whole->produced - 1, &again), "%s",
            "more came out than there was room for");
    free(out);
}

int fuzz_zlib(const uint8_t *data, size_t size) {
    static uint8_t out[4 * FUZZ_MAX];
    Inflated result;
    uint8_t *copy = fuzz_copy(data, size);
    if (zlib_inflate(copy, size, out, sizeof out, &result)) {
        REQUIRE(result.produced <= sizeof out && result.consumed <= size, "%zu bytes of %zu made %zu", result.consumed,
                size, result.produced);
        room_check(copy, size, out, &result);
        fuzz_sign(1);
    } else {
        trouble_check(&result, size);
    }
    free(copy);
    return 0;
}

int fuzz_gzip(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    File file = { 0 };
    uint8_t *copy = fuzz_copy(data, size);
    bool ok = gzip_inflate(&arena, "packed", (File){ .data = copy, .size = size }, &file, &err);
    fuzz_answer(ok, &err);
    if (ok)
        REQUIRE(file.size <= size * DEFLATE_RATIO && file.data[file.size] == 0, "%zu bytes of %zu", file.size, size);
    free(copy);
    arena_free(&arena);
    return 0;
}

int fuzz_deflate(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Inflated result;
    size_t packed_size;
    uint8_t *copy = fuzz_copy(data, size), *packed = zlib_deflate(&arena, copy, size, &packed_size),
            *back = fuzz_copy(data, size);
    memset(back, 0, size);
    bool ok = zlib_inflate(packed, packed_size, back, size, &result);
    REQUIRE(ok && result.consumed == packed_size && result.produced == size, "%zu bytes came back as %zu: %s", size,
            result.produced, result.problem);
    REQUIRE(!size || !memcmp(back, data, size), "%s", "other bytes came back");
    fuzz_sign(packed_size * 16 / (size + 1)); /* compression ratio */
    free(copy);
    free(back);
    arena_free(&arena);
    return 0;
}

/* ---- checksums -------------------------------------------------------------------------------------------------- */

static uint8_t produced[4 * FUZZ_MAX];

static void zlib_mend(Input *in) {
    Inflated result;
    if (in->size < 2) return;
    in->data[0] = 0x78;
    in->data[1] = 0x9c;
    if (zlib_inflate(in->data, in->size, produced, sizeof produced, &result) || !strstr(result.problem, "Adler-32"))
        return;
    uint32_t sum = adler32_update(1, produced, result.produced);
    if (strstr(result.problem, "end here")) {
        in->size = MIN(in->size + 4, (size_t)FUZZ_MAX);
        result.consumed = in->size - 4;
    }
    for (int i = 0; i < 4; i++) in->data[result.consumed + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
}

/* For each member: the bytes after its header of ten bytes are given to zlib_inflate, whose message about the missing
 * Adler-32 tells where the blocks end. */
static void gzip_mend(Input *in) {
    static uint8_t as_zlib[FUZZ_MAX + 2];
    Inflated result;
    for (size_t at = 0; at + 18 <= in->size && in->data[at] == 0x1f && in->data[at + 3] == 0;) {
        size_t size = in->size - at - 10;
        memcpy(as_zlib, "\x78\x9c", 2);
        memcpy(as_zlib + 2, in->data + at + 10, size);
        if (zlib_inflate(as_zlib, size + 2, produced, sizeof produced, &result) || !strstr(result.problem, "Adler-32"))
            return;
        at += 10 + result.consumed - 2;
        if (in->size - at < 8) return;
        uint32_t values[2] = { crc32_update(0, produced, result.produced), (uint32_t)result.produced };
        for (int i = 0; i < 8; i++) in->data[at + (size_t)i] = (uint8_t)(values[i / 4] >> 8 * (i % 4));
        at += 8;
    }
}

/* The beginnings of the three kinds of blocks. */
static const Word words[] = {
    W("\x78\x9c"), W("\x1f\x8b\x08\0\0\0\0\0\0\3"),       W("\1\0\0\xff\xff"), W("\0\0\0\xff\xff"),   W("\3\0"),
    W("\x4b\4\0"), W("\5\xc0\x81\0\0\0\0\0\x90\xff\x6b"), W("\xed\xfd"),       W("\x1f\x8b\x08\x1e"), { 0 }
};
HARNESS(zlib, .corpus = "zlib", .mend = zlib_mend, .words = words, .check = 6000);
HARNESS(gzip, .corpus = "gzip", .mend = gzip_mend, .words = words, .check = 4000);
HARNESS(deflate, .corpus = "zlib", .check = 2000);
