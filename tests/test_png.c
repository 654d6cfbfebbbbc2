/* png: every kind of PNG is read, everything else is refused.
 * tests/images holds small pictures of each kind, made by another program, with the pixels they hold as NAME.ppm. */
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "formats/byte_order.h"
#include "formats/inflate.h"
#include "formats/image_file.h"
#include "formats/png.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* Picture, and the name of its pixels. */
static const char *const pictures[][2] = {
    { "grey-1", "grey-1" },
    { "grey-1-interlaced", "grey-1" },
    { "grey-2", "grey-2" },
    { "grey-2-interlaced", "grey-2" },
    { "grey-4", "grey-4" },
    { "grey-4-interlaced", "grey-4" },
    { "grey-8", "grey-8" },
    { "grey-8-interlaced", "grey-8" },
    { "grey-8-transparent", "grey-8" },
    { "grey-16", "grey-16" },
    { "grey-16-interlaced", "grey-16" },
    { "palette-1", "palette-1" },
    { "palette-1-interlaced", "palette-1" },
    { "palette-2", "palette-2" },
    { "palette-2-interlaced", "palette-2" },
    { "palette-4", "palette-4" },
    { "palette-4-interlaced", "palette-4" },
    { "palette-4-transparent", "palette-4" },
    { "palette-8", "palette-8" },
    { "palette-8-interlaced", "palette-8" },
    { "rgb-8", "rgb-8" },
    { "rgb-8-interlaced", "rgb-8" },
    { "rgb-8-transparent", "rgb-8" },
    { "rgb-8-split", "rgb-8" },
    { "rgb-8-stored", "rgb-8" },
    { "rgb-8-fixed", "rgb-8" },
    { "rgb-8-huffman", "rgb-8" },
    { "rgb-16", "rgb-16" },
    { "rgb-16-interlaced", "rgb-16" },
    { "greyalpha-8", "greyalpha-8" },
    { "greyalpha-8-interlaced", "greyalpha-8" },
    { "greyalpha-16", "greyalpha-16" },
    { "greyalpha-16-interlaced", "greyalpha-16" },
    { "rgba-8", "rgba-8" },
    { "rgba-8-interlaced", "rgba-8" },
    { "rgba-16", "rgba-16" },
    { "rgba-16-interlaced", "rgba-16" },
    { "large", "large" },
};

enum { ROOM = 12000 };
typedef struct {
    uint8_t bytes[ROOM];
    size_t size;
} Bytes;

static Bytes load(const char *name) {
    char path[256];
    File file;
    Err err;
    Bytes b = { .size = 0 };
    snprintf(path, sizeof path, "tests/images/%s.png", name);
    CHECK(file_open(&file, path, &err), "%s", err.text);
    CHECK(file.size <= ROOM, "%s has %zu bytes", path, file.size);
    b.size = file.size;
    memcpy(b.bytes, file.data, b.size);
    file_close(&file);
    return b;
}

/* The warnings of the last picture. */
static char warned[400];
static int warnings;

static void keep_warning(const char *line) {
    snprintf(warned, sizeof warned, "%s", line);
    warnings++;
}

/* Decodes a copy in the heap that ends where the file ends, so that the address sanitizer sees reading beyond. */
static bool decode(Arena *arena, const Bytes *b, size_t size, Image *image, Err *err) {
    uint8_t *copy = malloc(size + 1);
    memcpy(copy + 1, b->bytes, size);
    warning_hook = keep_warning;
    warnings = 0;
    bool ok = png_decode(arena, "some.png", (File){ .data = copy + 1, .size = size }, image, err);
    free(copy);
    return ok;
}

/* Wants a refusal that names the file and a byte in it, and says `what`. */
static void check_refused(const Bytes *b, const char *what) {
    Arena arena = { 0 };
    Image image = { .width = -1 };
    Err err;
    CHECK(!decode(&arena, b, b->size, &image, &err), "not refused: %s", what);
    CHECK(!strncmp(err.text, "some.png: byte ", 15) && strtoul(err.text + 15, NULL, 10) <= b->size, "%s", err.text);
    CHECK(strstr(err.text, what) && !strchr(err.text, '\n'), "\"%s\" was said, \"%s\" was wanted", err.text, what);
    CHECK(image.width == -1 && !image.rgb, "%s", "the picture was touched");
    arena_free(&arena);
}

/* Wants the same picture as without the fault, and one warning that says `what`. */
static void check_warned(const Bytes *b, const Bytes *without, const char *what) {
    Arena arena = { 0 };
    Image image = { 0 }, want = { 0 };
    Err err;
    CHECK(decode(&arena, without, without->size, &want, &err) && warnings == 0, "%s", err.text);
    CHECK(decode(&arena, b, b->size, &image, &err), "%s", err.text);
    CHECK(warnings == 1 && !strncmp(warned, "some.png: byte ", 15) && strstr(warned, what), "%d: %s", warnings, warned);
    CHECK(image.width == want.width && image.height == want.height &&
              !memcmp(image.rgb, want.rgb, (size_t)(3 * image.width * image.height)),
          "%s: other pixels", what);
    arena_free(&arena);
}

/* Refused; or read with the same pixels, where the lost bytes were not needed for them. Returns how many are read. */
static int check_lost(const Bytes *b, const Bytes *whole, const char *what) {
    Arena arena = { 0 };
    Image image;
    bool read = decode(&arena, b, b->size, &image, NULL);
    arena_free(&arena);
    if (read) check_warned(b, whole, what);
    else check_refused(b, "");
    return read;
}

/* Makes every CRC right again, as far as the chunks can be followed. */
static void fix_crcs(Bytes *b) {
    for (size_t at = 8; b->size >= 12 && at <= b->size - 12;) {
        size_t length = big_endian_32(b->bytes + at);
        if (length > b->size - 12 - at) return;
        big_endian_32_put(b->bytes + at + 8 + length, crc32_update(0, b->bytes + at + 4, length + 4));
        at += length + 12;
    }
}

static void add(Bytes *b, const void *data, size_t size) {
    CHECK(size <= ROOM - b->size, "%zu bytes more", size);
    if (size) memcpy(b->bytes + b->size, data, size);
    b->size += size;
}

static void add_chunk(Bytes *b, const char *type, const void *data, size_t size) {
    uint8_t word[4];
    big_endian_32_put(word, (uint32_t)size);
    add(b, word, 4);
    add(b, type, 4);
    add(b, data, size);
    big_endian_32_put(word, crc32_update(0, b->bytes + b->size - size - 4, size + 4));
    add(b, word, 4);
}

typedef struct {
    uint32_t width, height;
    int depth, colour, compression, filter, interlace;
} Header;

static Bytes begin(Header h) {
    Bytes b = { .size = 0 };
    uint8_t data[13] = {
        [8] = (uint8_t)h.depth, (uint8_t)h.colour, (uint8_t)h.compression, (uint8_t)h.filter, (uint8_t)h.interlace
    };
    big_endian_32_put(data, h.width);
    big_endian_32_put(data + 4, h.height);
    add(&b, png_signature, 8);
    add_chunk(&b, "IHDR", data, 13);
    return b;
}

/* The rows as a zlib stream of one stored block (RFC 1951, 3.2.4), and extra bytes after it. */
static void add_data(Bytes *b, const uint8_t *rows, size_t size, const char *extra) {
    uint8_t stream[ROOM] = { 0x78, 1, 1, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)~size, (uint8_t)(~size >> 8) };
    CHECK(size < ROOM - 100, "%zu bytes of rows", size);
    memcpy(stream + 7, rows, size);
    big_endian_32_put(stream + 7 + size, adler32_update(1, rows, size));
    memcpy(stream + 11 + size, extra, strlen(extra));
    add_chunk(b, "IDAT", stream, 11 + size + strlen(extra));
}

static void finish(Bytes *b, const uint8_t *rows, size_t size) {
    add_data(b, rows, size, "");
    add_chunk(b, "IEND", NULL, 0);
}

static void check_same(const char *name, Image got, Image want) {
    CHECK(got.width == want.width && got.height == want.height, "%s: %d x %d", name, got.width, got.height);
    for (int i = 0; i < want.width * want.height * 3; i++)
        CHECK(got.rgb[i] == want.rgb[i], "%s: x %d y %d colour %d is %d, not %d", name, i / 3 % want.width,
              i / 3 / want.width, i % 3, got.rgb[i], want.rgb[i]);
}

/* ---- does it read? ---------------------------------------------------------------------------------------------- */

TEST(every_kind) {
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Arena arena = { 0 };
        Image got, want;
        Err err;
        char path[256];
        snprintf(path, sizeof path, "tests/images/%s.png", pictures[i][0]);
        CHECK(image_read(&arena, path, &got, &err), "%s", err.text);
        snprintf(path, sizeof path, "tests/images/%s.ppm", pictures[i][1]);
        CHECK(image_read(&arena, path, &want, &err), "%s", err.text);
        check_same(pictures[i][0], got, want);
        arena_free(&arena);
    }
}

TEST(every_kind_of_the_reference) {
    static const char *const names[] = { "bilevel", "fixed", "grey", "greyalpha", "palette", "rgb", "rgba", "stored" };
    for (size_t i = 0; i < COUNT(names); i++) {
        Arena arena = { 0 };
        Image got;
        File want;
        Err err;
        char file[64];
        snprintf(file, sizeof file, "images/%s.png", names[i]);
        CHECK(image_read(&arena, check_reference(file), &got, &err), "%s", err.text);
        snprintf(file, sizeof file, "images/%s.rgb", names[i]);
        CHECK(file_open(&want, check_reference(file), &err), "%s", err.text);
        size_t size = (size_t)got.width * (size_t)got.height * 3;
        CHECK(want.size == size && !memcmp(want.data, got.rgb, size), "%s differs", names[i]);
        file_close(&want);
        arena_free(&arena);
    }
}

/* (alpha pixel + (255 - alpha) background) / 255, for pixels of alpha 0, 51, 255; without a background alpha is
 * dropped. Grey and alpha, then colours and alpha. */
TEST(over_a_background) {
    static const uint8_t rows[2][16] = { { 0, 10, 0, 10, 51, 10, 255 },
                                         { 0, 10, 20, 30, 0, 10, 20, 30, 51, 10, 20, 30, 255 } };
    static const uint8_t white[3] = { 255, 255, 255 }, other[3] = { 0, 100, 200 };
    static const uint8_t want[2][9] = { { 255, 255, 255, 206, 206, 206, 10, 10, 10 },
                                        { 0, 100, 200, 2, 84, 166, 10, 20, 30 } };
    for (int colours = 0; colours < 2; colours++) {
        Arena arena = { 0 };
        Image over, dropped;
        Err err;
        Bytes b = begin((Header){ 3, 1, 8, colours ? 6 : 4, 0, 0, 0 });
        finish(&b, rows[colours], colours ? 13 : 7);
        File file = { .data = b.bytes, .size = b.size };
        CHECK(png_decode_over(&arena, "test", file, colours ? other : white, &over, &err), "%s", err.text);
        CHECK(decode(&arena, &b, b.size, &dropped, &err), "%s", err.text);
        for (int i = 0; i < 9; i++) {
            CHECK(over.rgb[i] == want[colours][i], "byte %d is %d, want %d", i, over.rgb[i], want[colours][i]);
            CHECK(dropped.rgb[i] == (colours ? 10 * (1 + i % 3) : 10), "dropped: byte %d is %d", i, dropped.rgb[i]);
        }
        arena_free(&arena);
    }
}

static Image noise(Arena *arena, Rng *rng, int width, int height) {
    Image image = image_new(arena, width, height);
    for (int i = 0; i < width * height * 3; i++) image.rgb[i] = (uint8_t)(rng_below(rng, 20) + (uint32_t)i % 250);
    return image;
}

/* Interlacing as the standard's figure shows it: which of the seven passes each pixel of an 8 x 8 square belongs to. */
static const char pass_of[8][9] = { "16462646", "77777777", "56565656", "77777777",
                                    "36463646", "77777777", "56565656", "77777777" };

/* The rows of all passes, unfiltered, 8-bit RGB. */
static size_t interlace(Image image, uint8_t *rows) {
    size_t size = 0;
    for (char pass = '1'; pass <= '7'; pass++)
        for (int y = 0; y < image.height; y++)
            for (int x = 0, any = 0; x < image.width; x++) {
                if (pass_of[y % 8][x % 8] != pass) continue;
                if (!any++) rows[size++] = 0;
                memcpy(rows + size, image.rgb + (y * image.width + x) * 3, 3);
                size += 3;
            }
    return size;
}

TEST(interlaced_of_every_size) {
    uint8_t rows[2000];
    Rng rng = rng_seed(1, 0);
    for (int width = 1; width <= 17; width++)
        for (int height = 1; height <= 17; height++) {
            Arena arena = { 0 };
            Image image = noise(&arena, &rng, width, height), got;
            Err err;
            Bytes b = begin((Header){ (uint32_t)width, (uint32_t)height, 8, 2, 0, 0, 1 });
            finish(&b, rows, interlace(image, rows));
            CHECK(decode(&arena, &b, b.size, &got, &err), "%d x %d: %s", width, height, err.text);
            check_same("interlaced", got, image);
            arena_free(&arena);
        }
}

TEST(what_is_written_comes_back) {
    char path[1100];
    Rng rng = rng_seed(2, 0);
    snprintf(path, sizeof path, "%s/picture.png", check_folder());
    for (int i = 0; i < 60; i++) {
        Arena arena = { 0 };
        int width = 1 + (int)rng_below(&rng, i % 10 ? 40 : 900), height = 1 + (int)rng_below(&rng, i % 10 ? 40 : 300);
        Image image = noise(&arena, &rng, width, height), got;
        Err err;
        if (i % 3 == 0) memset(image.rgb, i, (size_t)(width * height * 3));
        CHECK(png_write(path, image, &err) && image_read(&arena, path, &got, &err), "%s", err.text);
        check_same("written", got, image);
        arena_free(&arena);
    }
}

TEST(flat_pictures_are_written_small) {
    char path[1100];
    Arena arena = { 0 };
    Image image = image_new(&arena, 640, 480);
    Err err;
    File file;
    for (int i = 0; i < 640 * 480; i++) memset(image.rgb + 3 * i, i % 640 / 80 * 30 + i / 640 / 120, 3);
    snprintf(path, sizeof path, "%s/flat.png", check_folder());
    CHECK(png_write(path, image, &err) && file_open(&file, path, &err), "%s", err.text);
    CHECK(file.size < 640 * 480 * 3 / 100, "%zu bytes", file.size);
    file_close(&file);
    CHECK(!png_write(check_folder(), image, &err) && strstr(err.text, "folder"), "%s", err.text);
    arena_free(&arena);
}

/* ---- is the rest refused? --------------------------------------------------------------------------------------- */

TEST(every_cut) {
    int read = 0;
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes whole = load(pictures[i][0]), b = whole;
        while (b.size-- > whole.size - 12) check_warned(&b, &whole, "the end chunk (IEND) is missing or cut");
        for (; b.size > 0; b.size--) read += check_lost(&b, &whole, "missing");
    }
    CHECK(read == 10, "%d", read); /* the Adler-32 in a chunk of its own; a chunk of text before IEND */
}

TEST(a_cut_names_what_is_missing) {
    Bytes b = load("rgb-8");
    b.size = 100;
    check_refused(&b, "some.png: byte 33: chunk IDAT has 317 bytes, but only 55 are left in the file; it was cut");
    b.size = 40;
    check_refused(&b, "some.png: byte 33: the file ends after 7 bytes where a chunk of at least 12 was wanted");
    b.size = 7;
    check_refused(&b, "some.png: byte 0: the first 8 bytes are damaged");
}

TEST(every_flipped_bit) {
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes b = load(pictures[i][0]);
        for (size_t bit = 0; bit<8 * b.size; bit += b.size> 1000 ? 7 : 1) {
            b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            check_refused(&b, "");
            b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

TEST(a_flipped_byte_names_its_chunk) {
    Bytes b = load("rgb-8-transparent");
    for (size_t at = 8; at + 12 <= b.size;) {
        size_t length = big_endian_32(b.bytes + at);
        char want[64];
        snprintf(want, sizeof want, "byte %zu: chunk %.4s has the CRC ", at, (char *)b.bytes + at + 4);
        b.bytes[at + 8 + length / 2] ^= 1; /* in the data; of an empty chunk, in the CRC */
        check_refused(&b, want);
        b.bytes[at + 8 + length / 2] ^= 1;
        at += length + 12;
    }
}

/* Takes out, doubles or shortens the chunk at `at`, with correct CRCs. */
static Bytes without_chunk(const Bytes *b, size_t at) {
    Bytes c = { .size = 0 };
    size_t end = at + 12 + big_endian_32(b->bytes + at);
    add(&c, b->bytes, at);
    add(&c, b->bytes + end, b->size - end);
    return c;
}

static Bytes doubled_chunk(const Bytes *b, size_t at) {
    Bytes c = { .size = 0 };
    size_t end = at + 12 + big_endian_32(b->bytes + at);
    add(&c, b->bytes, end);
    add(&c, b->bytes + at, b->size - at);
    return c;
}

static Bytes shortened_chunk(const Bytes *b, size_t at) {
    Bytes c = { .size = 0 };
    size_t length = big_endian_32(b->bytes + at);
    add(&c, b->bytes, at + 8 + length - 1);
    big_endian_32_put(c.bytes + at, (uint32_t)length - 1);
    add(&c, b->bytes + at + 8 + length, b->size - at - 8 - length);
    fix_crcs(&c);
    return c;
}

TEST(chunks_missing_twice_or_short) {
    int read = 0;
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes b = load(pictures[i][0]), c;
        for (size_t at = 8; at + 12 <= b.size; at += 12 + big_endian_32(b.bytes + at)) {
            const char *type = (const char *)b.bytes + at + 4;
            size_t length = big_endian_32(b.bytes + at);
            if (type[0] > 'Z') continue;
            bool data = !memcmp(type, "IDAT", 4), end = !memcmp(type, "IEND", 4);
            bool last = !end && memcmp(type + length + 12, "IDAT", 4) != 0;
            c = without_chunk(&b, at);
            if (end) check_warned(&c, &b, "IEND");
            else if (length > 0 || !data) read += check_lost(&c, &b, "missing");
            if (!end && length > 0) {
                c = doubled_chunk(&b, at);
                read += check_lost(&c, &b, "bytes follow the end of the compressed data");
            }
            if (length == 0) continue;
            c = shortened_chunk(&b, at);
            if (data && last) check_warned(&c, &b, "the Adler-32 of the data is missing");
            else read += check_lost(&c, &b, "missing");
        }
    }
    CHECK(read == 39, "%d", read); /* most of them: data twice, the second time after the end of the stream */
}

TEST(chunks_in_the_wrong_place) {
    const uint8_t row[] = { 0, 1, 2, 3 }, many[3 * 257] = { 0 };
    Header rgb = { 1, 1, 8, 2, 0, 0, 0 }, palette = { 1, 1, 8, 3, 0, 0, 0 };
    Bytes b = begin(rgb);
    add_chunk(&b, "ABCD", "", 0);
    finish(&b, row, 4);
    check_refused(&b, "byte 33: chunk ABCD is unknown here");
    b = begin(rgb);
    add_chunk(&b, "IEND", "", 0);
    check_refused(&b, "byte 33: the end (IEND) came, data (IDAT) were wanted before it");
    b = begin(palette);
    finish(&b, row, 2);
    check_refused(&b, "byte 33: data without a palette");
    b = begin(palette);
    add_chunk(&b, "PLTE", "1234", 4);
    finish(&b, row, 2);
    check_refused(&b, "byte 33: a palette of 4 bytes");
    b = begin((Header){ 1, 1, 1, 3, 0, 0, 0 });
    add_chunk(&b, "PLTE", many, sizeof many);
    finish(&b, row, 2);
    check_refused(&b, "a palette of 771 bytes, 3 for each of 1 to 256 colours");
    b = begin(rgb);
    add_chunk(&b, "IDAT", "", 0);
    add_chunk(&b, "tEXt", "", 0);
    finish(&b, row, 4);
    check_refused(&b, "byte 57: data (IDAT) again after another chunk");
    b = begin(rgb);
    add_chunk(&b, "IDAT", "", 0);
    add_chunk(&b, "PLTE", "123", 3);
    finish(&b, row, 4);
    check_refused(&b, "byte 45: a palette (PLTE) in the wrong place");
    b = begin(rgb);
    add_chunk(&b, "a1cd", "", 0);
    finish(&b, row, 4);
    check_refused(&b, "byte 37: 61 31 63 64 is no chunk type");
}

/* Each case of png.h, beside the same picture without the fault. */
TEST(harmless_faults_are_read) {
    const uint8_t rows[15] = { 0, 1, 2, 3, 4, 5, 6, 2, 7, 8, 9, 1, 2, 3, 0 };
    Header rgb = { 2, 2, 8, 2, 0, 0, 0 }, one_bit = { 2, 1, 1, 3, 0, 0, 0 }, two_bits = { 2, 1, 2, 3, 0, 0, 0 };
    Bytes good = begin(rgb), b = begin(rgb);
    finish(&good, rows, 14);
    add_data(&b, rows, 14, "xyz");
    add_chunk(&b, "IEND", "", 0);
    check_warned(&b, &good, "bytes follow the end of the compressed data");
    b = good;
    add(&b, "what comes after", 16);
    check_warned(&b, &good, "bytes follow the end chunk (IEND)");
    b = begin(rgb);
    finish(&b, rows, 15);
    check_warned(&b, &good, "the data are more than the picture needs");
    for (size_t cut = 1; cut <= 4; cut++) {
        b = begin(rgb);
        add_chunk(&b, "IDAT", good.bytes + 41, 7 + 14 + 4 - cut);
        add_chunk(&b, "IEND", "", 0);
        check_warned(&b, &good, "the Adler-32 of the data is missing");
    }
    good = begin(one_bit);
    add_chunk(&good, "PLTE", "abcdef", 6);
    finish(&good, (const uint8_t *)"\0\x40", 2);
    b = begin(one_bit);
    add_chunk(&b, "PLTE", "abcdefghi", 9);
    finish(&b, (const uint8_t *)"\0\x40", 2);
    check_warned(&b, &good, "the palette (PLTE) has more colours than the bit depth can name");
    good = begin(two_bits);
    add_chunk(&good, "PLTE", "abcdef\0\0", 9);
    finish(&good, (const uint8_t *)"\0\x60", 2);
    b = begin(two_bits);
    add_chunk(&b, "PLTE", "abcdef", 6);
    finish(&b, (const uint8_t *)"\0\x60", 2);
    check_warned(&b, &good, "an index outside the palette (PLTE) is shown as black");
    b = begin(rgb); /* two faults, one line */
    add_data(&b, rows, 14, "xyz");
    good = begin(rgb);
    finish(&good, rows, 14);
    check_warned(&b, &good, "the end chunk (IEND) is missing or cut");
}

/* A whole PNG file of 2 x 2 pixels with the zlib stream between header and end. */
static Bytes with_stream(const void *stream, size_t size) {
    Bytes b = begin((Header){ 2, 2, 8, 2, 0, 0, 0 });
    add_chunk(&b, "IDAT", stream, size);
    add_chunk(&b, "IEND", "", 0);
    return b;
}

/* All pixels are there, and the zlib stream ends before its end: without a last block, or in data that are not wanted.
 * A right Adler-32 of a whole stream covers what is not wanted, too. */
TEST(the_end_of_the_data_is_missing) {
    static const uint8_t rows[16] = { 0, 1, 2, 3, 4, 5, 6, 2, 7, 8, 9, 1, 2, 3 };
    uint8_t stream[40] = { 0x78, 1, 0, 14, 0, 0xf1, 0xff }, surplus[27] = { 0x78, 1, 1, 16, 0, 0xef, 0xff };
    Bytes good = begin((Header){ 2, 2, 8, 2, 0, 0, 0 }), b;
    finish(&good, rows, 14);
    memcpy(stream + 7, rows, 14);
    memcpy(stream + 21, "\0\0\0\xff\xff", 5); /* the empty block of Z_SYNC_FLUSH */
    for (size_t end = 21; end <= 26; end++) {
        b = with_stream(stream, end);
        check_warned(&b, &good, "the Adler-32 of the data is missing");
    }
    b = with_stream(stream, 20);
    check_refused(&b, "the packed data end here, unfinished");
    memcpy(surplus + 7, rows, 16);
    big_endian_32_put(surplus + 23, adler32_update(1, rows, 16));
    for (size_t end = 22; end <= 27; end++) {
        b = with_stream(surplus, end);
        check_warned(&b, &good, "the data are more than the picture needs");
    }
    surplus[8] ^= 0x80;
    b = with_stream(surplus, 27);
    check_refused(&b, "the Adler-32 is");
}

TEST(the_end_chunk_is_zeros_or_has_data) {
    const uint8_t rows[14] = { 0 };
    Bytes good = begin((Header){ 2, 2, 8, 2, 0, 0, 0 }), b;
    finish(&good, rows, 14);
    for (size_t zeros = 1; zeros < 40; zeros++) {
        b = good;
        b.size -= 12;
        add(&b, (const uint8_t[40]){ 0 }, zeros);
        check_warned(&b, &good, "the end chunk (IEND) is missing or cut");
        add(&b, "x", 1);
        check_refused(&b, zeros < 11 ? "the file ends after" : "is no chunk type; the file is damaged, fetch it again");
    }
    b = good;
    b.size -= 12;
    add_chunk(&b, "IEND", "abc", 3);
    check_warned(&b, &good, "the end chunk (IEND) has data");
}

/* What leaves doubt about the pixels stays refused. */
TEST(faults_that_are_damage) {
    const uint8_t rows[14] = { 0, 1, 2, 3, 4, 5, 6, 2, 7, 8, 9, 1, 2, 3 };
    Bytes good = begin((Header){ 2, 2, 8, 2, 0, 0, 0 }), b = good;
    finish(&good, rows, 14);
    uint8_t stream[25];
    memcpy(stream, good.bytes + 41, sizeof stream);
    stream[24] ^= 1; /* another Adler-32, with a right CRC */
    add_chunk(&b, "IDAT", stream, sizeof stream);
    add_chunk(&b, "IEND", "", 0);
    check_refused(&b, "the Adler-32 is");
    b.size = 33;
    add_chunk(&b, "IDAT", good.bytes + 41, 20); /* the last pixel is missing */
    add_chunk(&b, "IEND", "", 0);
    check_refused(&b, "the packed data end here");
    b = good;
    b.bytes[b.size - 1] ^= 1; /* the CRC of IEND */
    check_refused(&b, "chunk IEND has the CRC");
    b = good;
    b.size -= 12;
    add(&b, "rubbish", 7);
    check_refused(&b, "the file ends after 7 bytes");
}

TEST(headers) {
    uint8_t rows[9] = { 0 };
    int kinds = 0;
    for (int colour = 0; colour < 256; colour += colour < 8 ? 1 : 31)
        for (int depth = 0; depth < 256; depth += depth < 33 ? 1 : 16) {
            Arena arena = { 0 };
            Image image;
            Bytes b = begin((Header){ 1, 1, depth, colour, 0, 0, 0 });
            int samples = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
            add_chunk(&b, "PLTE", "123", 3);
            finish(&b, rows, 1 + ((size_t)(samples * depth) + 7) / 8 % 9);
            kinds += decode(&arena, &b, b.size, &image, NULL);
            arena_free(&arena);
        }
    CHECK(kinds == 15, "%d kinds were read", kinds);
    Bytes phone = { .size = sizeof png_signature };
    memcpy(phone.bytes, png_signature, sizeof png_signature);
    add_chunk(&phone, "CgBI", "\x50\0\x20\6", 4);
    check_refused(&phone, "byte 8: this is a picture of an iPhone program (CgBI)");
    const Header bad[] = { { 1, 1, 8, 2, 1, 0, 0 }, { 1, 1, 8, 2, 0, 1, 0 }, { 1, 1, 8, 2, 0, 0, 2 } };
    for (size_t i = 0; i < COUNT(bad); i++) {
        Bytes b = begin(bad[i]);
        finish(&b, rows, 4);
        check_refused(&b, "byte 26: compression ");
    }
    Bytes b = begin((Header){ 1, 1, 3, 0, 0, 0, 0 });
    check_refused(&b, "byte 24: colour type 0 with 3 bits is no kind of PNG");
    for (size_t length = 0; length <= 14; length += 14) {
        b = (Bytes){ .size = 0 };
        add(&b, png_signature, 8);
        add_chunk(&b, "IHDR", "\0\0\0\1\0\0\0\1\10\2\0\0\0\0", length);
        if (length) finish(&b, rows, 4);
        check_refused(&b, length ? "byte 8: chunk IHDR of 14 bytes, IHDR of 13" : "byte 8: chunk IHDR of 0 bytes");
    }
}

TEST(bombs_take_no_memory) {
    static const uint32_t sizes[][2] = { { 0, 1 },          { 1, 0 },
                                         { 8193, 8192 },    { 0x7fffffff, 0x7fffffff },
                                         { 65536, 65536 },  { 0xffffffff, 1 },
                                         { 1, 0x80000000 }, { 8192, 8192 },
                                         { 1 << 26, 1 },    { 1, 1 << 26 } };
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            Arena arena = { 0 };
            Image image;
            Err err;
            Bytes b = begin((Header){ sizes[i][0], sizes[i][1], 16, 6, 0, 0, interlaced });
            finish(&b, (const uint8_t *)"", 1);
            CHECK(!decode(&arena, &b, b.size, &image, &err), "%u x %u", sizes[i][0], sizes[i][1]);
            CHECK(strstr(err.text, i < 7 ? "byte 16: a picture of " : "cannot hold a picture of"), "%s", err.text);
            CHECK(arena_held(&arena) == 0, "%zu bytes were taken", arena_held(&arena));
        }
}

TEST(data_that_are_not_the_picture) {
    uint8_t rows[16] = { 0, 1, 2, 3, 4, 5, 6, 5 };
    Header rgb = { 2, 2, 8, 2, 0, 0, 0 };
    Bytes b = begin(rgb);
    finish(&b, rows, 13);
    check_refused(&b, "13 bytes came out of the data, 14 were wanted for 2 x 2");
    b = begin(rgb);
    finish(&b, rows, 14);
    check_refused(&b, "byte 33: in the data, row 1 has filter 5");
    rows[7] = 4;
    Bytes split = load("rgb-8-split"); /* an empty chunk of data at 33, the next at 45 */
    split.bytes[45 + 8] = 0x79;
    fix_crcs(&split);
    check_refused(&split, "byte 53: 79 ");
}

/* ---- anything at all -------------------------------------------------------------------------------------------- */

/* Decodes what may be anything: it must end, inside its memory; what is accepted must be a picture. */
static bool survive(const Bytes *b) {
    Arena arena = { 0 };
    Image image = { 0 };
    Err err = { "" };
    bool ok = decode(&arena, b, b->size, &image, &err);
    CHECK(ok == (image.rgb != NULL) && ok == !err.text[0], "%s", err.text);
    unsigned sum = 0;
    for (int i = 0; ok && i < image.width * image.height * 3; i++) sum += image.rgb[i];
    arena_free(&arena);
    return ok && sum < UINT32_MAX;
}

static void mutate_once(Rng *rng, Bytes *b) {
    size_t at = rng_below(rng, (uint32_t)b->size), n = 1 + rng_below(rng, 8);
    switch (rng_below(rng, 6)) {
    case 0: b->bytes[at] ^= (uint8_t)(1 << rng_below(rng, 8)); break;
    case 1: b->bytes[at] = (uint8_t)rng_next(rng); break;
    case 2: b->bytes[at] = rng_below(rng, 2) ? 255 : 0; break;
    case 3: /* some bytes less */
        n = MIN(n, b->size - at);
        memmove(b->bytes + at, b->bytes + at + n, b->size - at - n);
        b->size -= n;
        break;
    case 4: /* some bytes twice */
        n = MIN(n, ROOM - b->size);
        memmove(b->bytes + at + n, b->bytes + at, b->size - at);
        b->size += n;
        break;
    default: b->bytes[MIN(b->size - 1, (size_t)16 + rng_below(rng, 13))] = (uint8_t)rng_below(rng, 20); break;
    }
    if (b->size == 0) b->size = 1;
}

TEST(fuzz_files) {
    Rng rng = rng_seed(4, 0);
    int accepted = 0;
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes whole = load(pictures[i][0]);
        for (int round = 0; round < 3000; round++) {
            Bytes b = whole;
            for (uint32_t n = 1 + rng_below(&rng, 3); n > 0; n--) mutate_once(&rng, &b);
            if (round % 2) fix_crcs(&b);
            accepted += survive(&b);
        }
    }
    CHECK(accepted > 50, "%d were accepted: the decoder behind the CRC was hardly reached", accepted);
}

/* Behind all checksums: any header, any palette, any rows of about the right length. */
TEST(fuzz_rows) {
    uint8_t rows[3000], palette[768];
    Rng rng = rng_seed(5, 0);
    int accepted = 0;
    for (int round = 0; round < 20000; round++) {
        static const int depths[] = { 1, 2, 4, 8, 16 }, colours[] = { 0, 2, 3, 4, 6 };
        uint32_t width = 1 + rng_below(&rng, 20), height = 1 + rng_below(&rng, 12);
        int depth = depths[rng_below(&rng, 5)], colour = colours[rng_below(&rng, 5)], lace = (int)rng_below(&rng, 2);
        Bytes b = begin((Header){ width, height, depth, colour, 0, 0, lace });
        for (size_t i = 0; i < sizeof palette; i++) palette[i] = (uint8_t)rng_next(&rng);
        if (colour == 3) add_chunk(&b, "PLTE", palette, 3 * (1 + rng_below(&rng, depth < 8 ? 1u << depth : 256)));
        size_t samples = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
        size_t row = 1 + (width * samples * (size_t)depth + 7) / 8, extra = lace ? rng_below(&rng, 30) : 0;
        size_t size = row * height + extra;
        for (size_t i = 0; i < size; i++) rows[i] = (uint8_t)(rng_next(&rng) % (i % row == 0 || lace ? 5 : 256));
        if (rng_below(&rng, 10) == 0) rows[rng_below(&rng, (uint32_t)size)] = (uint8_t)rng_next(&rng);
        finish(&b, rows, size);
        accepted += survive(&b);
    }
    CHECK(accepted > 2000 && accepted < 19000, "%d of 20000 were accepted", accepted);
}

TESTS(every_kind, every_kind_of_the_reference, over_a_background, interlaced_of_every_size, what_is_written_comes_back,
      flat_pictures_are_written_small, every_cut, a_cut_names_what_is_missing, every_flipped_bit,
      a_flipped_byte_names_its_chunk, chunks_missing_twice_or_short, chunks_in_the_wrong_place,
      harmless_faults_are_read, the_end_of_the_data_is_missing, the_end_chunk_is_zeros_or_has_data,
      faults_that_are_damage, headers, bombs_take_no_memory, data_that_are_not_the_picture, fuzz_files, fuzz_rows)
