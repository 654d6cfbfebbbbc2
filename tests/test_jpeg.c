/* jpeg: every kind of JPEG that djpeg reads is read byte by byte as djpeg does, everything else is refused by name.
 * tests/images/jpeg holds small pictures of each kind, made by cjpeg (libjpeg-turbo 2.1.5) and Pillow 9.4, and their
 * pixels as NAME.ppm: by djpeg, and by Pillow for CMYK and for EXIF's orientations. */
#include "core/arena.h"
#include "core/file.h"
#include "core/rng.h"
#include "formats/image_file.h"
#include "formats/jpeg.h"
#include "formats/jpeg_pixels.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const pictures[] = {
    "444",
    "422",
    "420",
    "440",
    "411",
    "410",
    "441",
    "grey",
    "rgb",
    "rgb-ids",
    "cmyk",
    "ycck",
    "cmyk-plain",
    "luma-half",
    "extended",
    "fine",
    "1x1",
    "2x2",
    "2x2-422",
    "3x3",
    "7x9",
    "17x33",
    "exif-1",
    "exif-2",
    "exif-3",
    "exif-4",
    "exif-5",
    "exif-6",
    "exif-7",
    "exif-8",
    "420-scans",
    "420-restart",
    "420-progressive",
    "420-progressive-restart",
    "grey-progressive",
    "444-progressive",
    "1x1-progressive",
    "2x2-progressive",
    "3x3-progressive",
    "7x9-progressive",
    "17x33-progressive",
    "steps",
    "4x4",
    "4x4-422",
    "rgb-jfif",
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
    snprintf(path, sizeof path, "tests/images/jpeg/%s.jpg", name);
    CHECK(file_open(&file, path, &err), "%s", err.text);
    CHECK(file.size <= ROOM / 2, "%s has %zu bytes", path, file.size);
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
    bool ok = jpeg_decode(arena, "some.jpg", (File){ .data = copy + 1, .size = size }, image, err);
    free(copy);
    return ok;
}

static Image expected(Arena *arena, const char *name) {
    Image image;
    Err err;
    CHECK(image_read(arena, arena_print(arena, "tests/images/jpeg/%s.ppm", name), &image, &err), "%s", err.text);
    return image;
}

static void check_equal(const char *name, Image got, Image want) {
    CHECK(got.width == want.width && got.height == want.height, "%s: %d x %d", name, got.width, got.height);
    for (int i = 0; i < 3 * got.width * got.height; i++)
        CHECK(got.rgb[i] == want.rgb[i], "%s: byte %d is %d, want %d", name, i, got.rgb[i], want.rgb[i]);
}

/* The picture is read as `name`, with one warning that says `what`; without any when it is NULL. */
static void check_read(const Bytes *b, const char *name, const char *what) {
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(decode(&arena, b, b->size, &image, &err), "%s: %s", name, err.text);
    check_equal(name, image, expected(&arena, name));
    CHECK(warnings == (what ? 1 : 0), "%s: %d warnings, %s", name, warnings, warned);
    CHECK(!what || (strstr(warned, what) && strstr(warned, "the picture is read")), "\"%s\" was said", warned);
    arena_free(&arena);
}

static void check_refused(const Bytes *b, const char *what) {
    Arena arena = { 0 };
    Image image = { .width = -1 };
    Err err = { "" };
    CHECK(!decode(&arena, b, b->size, &image, &err), "it was read, \"%s\" was wanted", what);
    CHECK(strstr(err.text, what), "\"%s\" was said, \"%s\" was wanted", err.text, what);
    CHECK(!strncmp(err.text, "some.jpg: byte ", 15) && !strchr(err.text, '\n'), "%s", err.text);
    CHECK(image.width == -1 && arena_held(&arena) == 0 && warnings == 0, "%s", "something was touched");
    arena_free(&arena);
}

/* The position of the n-th marker ff `code`, from 1. */
static size_t marker_at(const Bytes *b, int code, int n) {
    for (size_t i = 0; i + 1 < b->size; i++)
        if (b->bytes[i] == 0xff && b->bytes[i + 1] == code && --n == 0) return i;
    CHECK(false, "there is no marker %02x", code);
    return 0;
}

static void insert(Bytes *b, size_t at, const void *data, size_t size) {
    CHECK(b->size + size <= ROOM, "%zu bytes", b->size + size);
    memmove(b->bytes + at + size, b->bytes + at, b->size - at);
    memcpy(b->bytes + at, data, size);
    b->size += size;
}

static void take_out(Bytes *b, size_t at, size_t size) {
    memmove(b->bytes + at, b->bytes + at + size, b->size - at - size);
    b->size -= size;
}

/* Takes out the n-th segment of this kind. */
static void segment_remove(Bytes *b, int code, int n) {
    size_t at = marker_at(b, code, n);
    take_out(b, at, 2 + (size_t)(b->bytes[at + 2] << 8 | b->bytes[at + 3]));
}

/* ---- what is read ----------------------------------------------------------------------------------------------- */

TEST(every_kind) {
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes b = load(pictures[i]);
        check_read(&b, pictures[i], NULL);
    }
}

/* The same through image_read, which looks at the bytes and not at the name. */
TEST(through_the_dispatch) {
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(image_read(&arena, "tests/images/jpeg/420.jpg", &image, &err), "%s", err.text);
    check_equal("420", image, expected(&arena, "420"));
    arena_free(&arena);
}

/* Against the definition in double, for blocks of every contrast: within 1 (IEEE 1180 allows 1 as well). */
TEST(inverse_transform) {
    Rng rng = rng_seed(3, 0);
    uint16_t quant[64];
    double worst = 0, sum = 0;
    for (int k = 0; k < 64; k++) quant[k] = 1;
    for (int round = 0; round < 300; round++) {
        int16_t block[64];
        uint8_t got[64];
        JpegPlane plane = { got, 8, 8, 8, 1, 1 };
        int high = 4 << (round % 6);
        for (int k = 0; k < 64; k++) block[k] = (int16_t)((int)rng_below(&rng, (uint32_t)(2 * high)) - high);
        jpeg_block_inverse(block, quant, &plane, 0, 0);
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++) {
                double f = 128;
                for (int v = 0; v < 8; v++)
                    for (int u = 0; u < 8; u++)
                        f += (u ? 1 : sqrt(0.5)) * (v ? 1 : sqrt(0.5)) / 4 * block[8 * v + u] *
                             cos((2 * x + 1) * u * acos(-1) / 16) * cos((2 * y + 1) * v * acos(-1) / 16);
                double error = fabs(fmin(fmax(f, 0), 255) - got[8 * y + x]);
                worst = fmax(worst, error);
                sum += error;
            }
    }
    CHECK(worst < 1 && sum / (300 * 64) < 0.3, "worst %g, mean %g", worst, sum / (300 * 64));
}

/* Numbers that no encoder makes: they are clamped, without overflow. */
TEST(extreme_coefficients) {
    static const int16_t values[] = { INT16_MIN, INT16_MAX };
    for (int pattern = 0; pattern < 8; pattern++) {
        int16_t block[64];
        uint16_t quant[64];
        uint8_t got[64];
        JpegPlane plane = { got, 8, 8, 8, 1, 1 };
        for (int k = 0; k < 64; k++) {
            block[k] = values[(k >> (pattern % 4) ^ pattern >> 2) & 1];
            quant[k] = UINT16_MAX;
        }
        jpeg_block_inverse(block, quant, &plane, 0, 0);
        CHECK(got[0] == 0 || got[0] == 255, "%d", got[0]);
    }
}

/* The eight orientations hold the same pixels, each in its place (EXIF 2.3, table 6). */
TEST(orientations_are_turns) {
    Arena arena = { 0 };
    Image plain = expected(&arena, "exif-1");
    int W = plain.width, H = plain.height;
    for (int n = 2; n <= 8; n++) {
        Image turned = expected(&arena, arena_print(&arena, "exif-%d", n));
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int left = n == 2 || n == 3 || n == 7 || n == 8, up = n == 3 || n == 4 || n == 6 || n == 7;
                int column = left ? W - 1 - x : x, row = up ? H - 1 - y : y;
                int at = n < 5 ? row * W + column : column * H + row;
                CHECK(!memcmp(turned.rgb + 3 * at, plain.rgb + 3 * (y * W + x), 3), "exif-%d: x %d y %d", n, x, y);
            }
    }
    arena_free(&arena);
}

/* A block of EXIF that is damaged, or says what no camera says, turns nothing. */
TEST(damaged_exif_is_ignored) {
    static const struct {
        int at, value;
    } damages[] = { { 10 + 8 + 2 + 12 + 8, 9 },
                    { 10 + 8 + 2 + 12 + 8, 0 },
                    { 10 + 4, 200 },
                    { 10 + 7, 255 },
                    { 10 + 8 + 2 + 12, 0x13 },
                    { 10 + 8, 1 },
                    { 4, 'X' },
                    { 10 + 4, 28 } };
    for (size_t i = 0; i < COUNT(damages); i++) {
        Bytes b = load("exif-3");
        size_t at = marker_at(&b, 0xe1, 1);
        b.bytes[at + (size_t)damages[i].at] = (uint8_t)damages[i].value;
        check_read(&b, "exif-1", NULL);
    }
    for (int size = 2; size < 30; size++) {
        Bytes b = load("exif-6");
        size_t at = marker_at(&b, 0xe1, 1);
        take_out(&b, at + 2 + (size_t)size, (size_t)b.bytes[at + 3] - (size_t)size);
        b.bytes[at + 3] = (uint8_t)size;
        check_read(&b, "exif-1", NULL);
    }
    Bytes last = { "\xff\xd8\xff\xe1\0\10Exif\0", 12 }; /* nothing is read beyond the file */
    check_refused(&last, "byte 12: the file ends before the picture is complete");
    Bytes b = load("exif-6"); /* another APP1 does not hide it */
    insert(&b, marker_at(&b, 0xe1, 1), "\xff\xe1\0\x09http://", 11);
    check_read(&b, "exif-6", NULL);
}

/* ---- faults ----------------------------------------------------------------------------------------------------- */

TEST(harmless_faults_are_read) {
    static const char *const names[] = { "420", "420-progressive", "420-restart", "420-scans" };
    for (size_t i = 0; i < COUNT(names); i++) {
        Bytes good = load(names[i]), b = good;
        insert(&b, b.size, "previews of a camera", 20);
        check_read(&b, names[i], NULL);
        for (size_t cut = 1; cut <= 2; cut++) {
            b = good;
            b.size -= cut;
            check_read(&b, names[i], "the end marker (EOI) is missing or cut");
        }
        b = good;
        insert(&b, b.size - 2, "\0\1\2\3\4", 5);
        check_read(&b, names[i], "more data came than the picture needs");
        b = good;
        insert(&b, b.size - 2, "\xff\xff\xff", 3); /* fill bytes are allowed */
        check_read(&b, names[i], NULL);
        b = good;
        insert(&b, 2, "\xff\xff", 2);
        check_read(&b, names[i], NULL);
        b = good;
        insert(&b, 2, "\xff\xfe\0\4??\xff\xe5\0\2", 10); /* a comment, an empty segment of a camera */
        check_read(&b, names[i], NULL);
    }
    Bytes b = load("420-restart");
    insert(&b, marker_at(&b, 0xd0, 1), "\0", 1);
    check_read(&b, "420-restart", "more data came than the picture needs");
    b = load("420-restart");
    insert(&b, b.size - 2, "\xff\xd5", 2); /* a restart marker behind the last interval */
    check_read(&b, "420-restart", "more data came than the picture needs");
    b = load("444");
    segment_remove(&b, 0xe0, 1);
    insert(&b, 2,
           "\xff\xee\0\x0e"
           "Adobe\0d\0\0\0\0\7",
           16);
    check_read(&b, "444", "unknown colour transform");
    b.bytes[17] = 1;
    check_read(&b, "444", NULL);
    b = load("420-scans");
    segment_remove(&b, 0xe0, 1); /* without any marker, components 1 2 3 */
    check_read(&b, "420-scans", NULL);
}

/* Every shorter file is refused as cut, but for those that lack nothing but the end marker. */
TEST(every_cut) {
    static const char *const names[] = { "7x9", "7x9-progressive", "420-restart", "grey", "exif-5", "ycck" };
    for (size_t i = 0; i < COUNT(names); i++) {
        Bytes b = load(names[i]);
        for (size_t size = 0; size < b.size; size++) {
            Arena arena = { 0 };
            Image image;
            Err err = { "" };
            bool ok = decode(&arena, &b, size, &image, &err);
            CHECK(ok == (size >= b.size - 2), "%s: %zu of %zu bytes: %s", names[i], size, b.size, err.text);
            CHECK(ok || strstr(err.text, "was cut") || (size < 2 && strstr(err.text, "first 2 bytes")), "%s: %zu: %s",
                  names[i], size, err.text);
            arena_free(&arena);
        }
    }
}

TEST(refused_by_name) {
    static const struct {
        int marker;
        const char *what;
    } kinds[] = { { 0xc3, "a lossless JPEG" },
                  { 0xc5, "a hierarchical JPEG" },
                  { 0xc6, "a hierarchical JPEG" },
                  { 0xc7, "a hierarchical JPEG" },
                  { 0xc9, "arithmetic coding" },
                  { 0xca, "arithmetic coding" },
                  { 0xcb, "arithmetic coding" },
                  { 0xcd, "arithmetic coding" },
                  { 0xce, "arithmetic coding" },
                  { 0xcf, "arithmetic coding" },
                  { 0xde, "a hierarchical JPEG" },
                  { 0xf7, "a lossless JPEG" },
                  { 0xdc, "(DNL)" } };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        Bytes b = load("420");
        b.bytes[marker_at(&b, 0xc0, 1) + 1] = (uint8_t)kinds[i].marker;
        check_refused(&b, kinds[i].what);
    }
    Bytes b = load("refused-arithmetic");
    check_refused(&b, "byte 158: this is a JPEG with arithmetic coding, which is not read here; save it as");
    b = load("refused-arithmetic-progressive");
    check_refused(&b, "this is a JPEG with arithmetic coding");
    b = load("420");
    size_t frame = marker_at(&b, 0xc0, 1);
    b.bytes[frame + 4] = 12;
    check_refused(&b, "samples of 12 bits, 8 were wanted");
    b = load("420");
    memset(b.bytes + frame + 5, 0, 2);
    check_refused(&b, "a height after the data (DNL)");
    b = load("420");
    b.bytes[frame + 11] = 0x32;
    b.bytes[frame + 14] = 0x21;
    check_refused(&b, "sampling factors 2 x 1 beside 3 x 2 are not read here");
    b = load("420");
    b.bytes[frame + 3] = 14;
    b.bytes[frame + 9] = 2;
    take_out(&b, frame + 16, 3);
    check_refused(&b, "2 components; 1 (grey), 3 (colours) or 4 (CMYK) were wanted");
}

TEST(damaged_tables_and_headers) {
    const Bytes good = load("420");
    size_t frame = marker_at(&good, 0xc0, 1), scan = marker_at(&good, 0xda, 1);
    Bytes b = good;
    insert(&b, scan, good.bytes + frame, 19);
    check_refused(&b, "or a second one");
    b = good;
    b.bytes[frame + 9] = 2;
    check_refused(&b, "a frame header (SOF) of 15 bytes");
    b = good;
    b.bytes[frame + 7] = b.bytes[frame + 8] = 0;
    check_refused(&b, "a picture of 0 x 17 pixels, 1 to 67108864 pixels were wanted");
    b = good;
    b.bytes[frame + 12] = 7;
    b.bytes[frame + 11] = 0x20;
    check_refused(&b, "sampling factors 2 x 0");
    b = good;
    segment_remove(&b, 0xdb, 1);
    check_refused(&b, "quantisation table (DQT) 0 of a scan is missing");
    b = good;
    segment_remove(&b, 0xc4, 1);
    check_refused(&b, "a code that no table (DHT) has in unit 0");
    b = good;
    b.bytes[marker_at(&good, 0xdb, 1) + 4] = 0x20;
    check_refused(&b, "no quantisation table (DQT) is 20 with 65 bytes");
    b = good;
    b.bytes[marker_at(&good, 0xc4, 1) + 5] = 3;
    check_refused(&b, "no Huffman table (DHT) is 00 with");
    b = good;
    b.bytes[scan + 4] = 4;
    check_refused(&b, "no scan (SOS) has 10 bytes for 4 of 3 components");
    b = good;
    b.bytes[scan + 5] = 9;
    check_refused(&b, "a scan of component 9");
    b = good;
    b.bytes[scan + 7] = b.bytes[scan + 5];
    check_refused(&b, "coefficient 0: bit 0 came after bit 0");
    b = good;
    take_out(&b, frame, 19);
    check_refused(&b, "no scan (SOS) has 10 bytes for 3 of 0 components");
}

/* One grey pixel, whose only Huffman codes are "0" for this symbol, in both tables, and one scan of these bytes. */
static Bytes one_pixel(const char *name, int dc, int ac, const char *progression, const char *data, size_t size) {
    Bytes b = load(name);
    uint8_t table[22] = { 0xff, 0xc4, 0, 20, 0, 1 };
    uint8_t scan[10] = { 0xff, 0xda, 0, 8, 1, 1, 0 };
    memcpy(b.bytes + marker_at(&b, strstr(name, "progressive") ? 0xc2 : 0xc0, 1) + 5, "\0\1\0\1", 4);
    b.size = marker_at(&b, 0xc4, 1);
    table[21] = (uint8_t)dc;
    insert(&b, b.size, table, sizeof table);
    table[4] = 0x10;
    table[21] = (uint8_t)ac;
    insert(&b, b.size, table, sizeof table);
    memcpy(scan + 7, progression, 3);
    insert(&b, b.size, scan, sizeof scan);
    insert(&b, b.size, data, size);
    insert(&b, b.size, "\xff\xd9", 2);
    return b;
}

TEST(codes_that_cannot_be) {
    Bytes b = one_pixel("grey", 0, 0, "\0\77\0", "\077", 1);
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(decode(&arena, &b, b.size, &image, &err) && image.rgb[0] == 128 && warnings == 0, "%s", err.text);
    arena_free(&arena);
    b = one_pixel("grey", 1, 0, "\0\77\0", "\x7f", 1);
    check_refused(&b, "a code that no table (DHT) has");
    b = one_pixel("grey", 0, 0x10, "\0\77\0", "\077", 1); /* the end of a band of two blocks */
    check_refused(&b, "a code that no table (DHT) has");
    b = one_pixel("grey", 0, 0xf1, "\0\77\0", "\25\25\25\25", 4); /* a run beyond the block */
    check_refused(&b, "a code that no table (DHT) has");
    b = one_pixel("grey-progressive", 4, 0, "\0\0\15", "\177", 1); /* 15 * 2^13 */
    check_refused(&b, "a code that no table (DHT) has");
    b = one_pixel("grey-progressive", 2, 0, "\0\0\15", "\177", 1); /* 3 * 2^13 */
    CHECK(decode(&arena, &b, b.size, &image, &err), "%s", err.text);
    arena_free(&arena);
    b = load("420");
    insert(&b, marker_at(&b, 0xc4, 1), "\xff\xc4\0\26\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2", 24);
    check_refused(&b, "no Huffman table (DHT) is 00 with 20 bytes");
}

TEST(missing_and_repeated_scans) {
    const Bytes good = load("420"), steps = load("420-progressive");
    size_t scan = marker_at(&good, 0xda, 1);
    Bytes b = good;
    b = good;
    insert(&b, b.size - 2, good.bytes + scan, good.size - 2 - scan); /* the same scan again */
    check_refused(&b, "coefficient 0: bit 0 came after bit 0");
    b = good;
    take_out(&b, scan, good.size - 2 - scan);
    check_refused(&b, "the end (EOI) came, after 0 of 3 components");
    b = (Bytes){ { 0xff, 0xd8, 0xff, 0xd9 }, 4 };
    check_refused(&b, "the end (EOI) came");
    b = (Bytes){ { 0xff, 0xd8, 0xff, 0xd8 }, 4 };
    check_refused(&b, "byte 2: ff d8 came, a segment was wanted");
    b = good;
    b.bytes[0] = 0;
    check_refused(&b, "byte 0: the first 2 bytes are damaged");
    b = steps;
    scan = marker_at(&steps, 0xda, 2);
    size_t end = scan + 10;
    while (b.bytes[end] != 0xff || b.bytes[end + 1] == 0) end++;
    take_out(&b, scan, end - scan); /* one scan is left out */
    check_refused(&b, "came after bit -1 (-1: none)");
    b = steps;
    size_t last = b.size - 2;
    while (b.bytes[last] != 0xff || b.bytes[last + 1] != 0xda) last--;
    take_out(&b, last, b.size - 2 - last); /* the last scan, with the lowest bits of brightness */
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(decode(&arena, &b, b.size, &image, &err), "%s", err.text);
    CHECK(warnings == 1 && strstr(warned, "before all bits of the coefficients"), "%d: %s", warnings, warned);
    arena_free(&arena);
    b = steps;
    b.bytes[scan + 8] = 64;
    check_refused(&b, "coefficients 1 to 64");
    b = load("420-restart");
    b.bytes[marker_at(&b, 0xd0, 1) + 1] = 0xd1;
    check_refused(&b, "d1 came, restart marker 0 was wanted");
    b = load("420-restart");
    take_out(&b, marker_at(&b, 0xd0, 1), 2);
    check_refused(&b, "the file was cut or damaged");
    b = load("420-restart");
    b.bytes[marker_at(&b, 0xdd, 1) + 3] = 5;
    check_refused(&b, "ff dd came, a segment was wanted");
}

/* A header may promise what the file cannot hold: nothing is taken for it. */
TEST(bombs_take_no_memory) {
    static const int sizes[][2] = {
        { 65535, 65535 }, { 8193, 8192 }, { 65535, 1024 }, { 8192, 8192 }, { 1024, 65535 }
    };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        Bytes b = load(i % 2 ? "420-progressive" : "444");
        size_t at = marker_at(&b, i % 2 ? 0xc2 : 0xc0, 1) + 5;
        for (size_t k = 0; k < 2; k++) {
            b.bytes[at + 2 * k] = (uint8_t)(sizes[i][1 - k] >> 8);
            b.bytes[at + 2 * k + 1] = (uint8_t)sizes[i][1 - k];
        }
        check_refused(&b, i < 2 ? "pixels, 1 to 67108864 pixels were wanted" : "bytes cannot hold a picture of");
    }
}

/* A block takes a bit in the file at least. */
TEST(small_files_hold_small_pictures) {
    Bytes b = load("grey");
    size_t at = marker_at(&b, 0xc0, 1) + 5;
    int blocks = 8 * (int)b.size;
    memcpy(b.bytes + at, "\0\10", 2); /* 8 rows */
    b.bytes[at + 2] = (uint8_t)((8 * blocks) >> 8);
    b.bytes[at + 3] = (uint8_t)(8 * blocks);
    check_refused(&b, "the data end in unit");
    b.bytes[at + 2] = (uint8_t)((8 * (blocks + 8)) >> 8);
    b.bytes[at + 3] = (uint8_t)(8 * (blocks + 8));
    check_refused(&b, "bytes cannot hold a picture of");
}

/* A progressive picture of one pixel, in which every coefficient has scans of its own. */
TEST(scans_are_bounded) {
    Bytes b = load("grey-progressive");
    memcpy(b.bytes + marker_at(&b, 0xc2, 1) + 5, "\0\1\0\1", 4);
    b.size = marker_at(&b, 0xda, 1);
    insert(&b, b.size, "\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22); /* codes "0": symbol 0 */
    insert(&b, b.size, "\xff\xc4\0\x14\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    insert(&b, b.size, "\xff\xda\0\x08\1\1\0\0\0\0\x7f", 11);
    Bytes few = b;
    for (int scan = 1; scan <= 126; scan++) {
        uint8_t bytes[11] = { 0xff, 0xda, 0, 8, 1, 1, 0, (uint8_t)(1 + scan / 2), (uint8_t)(1 + scan / 2), 1, 0x7f };
        if (scan % 2 == 0) bytes[7] = bytes[8] = (uint8_t)(scan / 2);
        if (scan % 2 == 0) bytes[9] = 0x10;
        insert(&b, b.size, bytes, sizeof bytes);
        if (scan == 99) few = b;
    }
    insert(&b, b.size, "\xff\xd9", 2);
    insert(&few, few.size, "\xff\xd9", 2);
    check_refused(&b, "100 scans are the most");
    Arena arena = { 0 };
    Image image;
    Err err;
    CHECK(decode(&arena, &few, few.size, &image, &err), "%s", err.text);
    CHECK(image.width == 1 && image.height == 1 && image.rgb[0] == 128, "%d", image.rgb[0]);
    arena_free(&arena);
}

/* ---- anything at all -------------------------------------------------------------------------------------------- */

/* Decodes what may be anything: it must end, inside its memory; what is accepted must be a picture. */
static bool survive(const Bytes *b) {
    Arena arena = { 0 };
    Image image = { 0 };
    Err err = { "" };
    bool ok = decode(&arena, b, b->size, &image, &err);
    CHECK(ok == (image.rgb != NULL) && ok == !err.text[0] && !strchr(err.text, '\n'), "%s", err.text);
    unsigned sum = 0;
    for (int i = 0; ok && i < image.width * image.height * 3; i++) sum += image.rgb[i];
    arena_free(&arena);
    return ok && sum < UINT32_MAX;
}

TEST(every_flipped_bit) {
    static const char *const names[] = { "3x3-progressive", "7x9", "420-restart" };
    int accepted = 0;
    for (size_t i = 0; i < COUNT(names); i++) {
        Bytes whole = load(names[i]);
        for (size_t bit = 0; bit < 8 * whole.size; bit++) {
            Bytes b = whole;
            b.bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
            accepted += survive(&b);
        }
    }
    CHECK(accepted > 1000, "%d were accepted", accepted);
}

TEST(fuzz_files) {
    Rng rng = rng_seed(4, 0);
    int accepted = 0;
    for (size_t i = 0; i < COUNT(pictures); i++) {
        Bytes whole = load(pictures[i]);
        for (int round = 0; round < 250; round++) {
            Bytes b = whole;
            for (uint32_t n = 1 + rng_below(&rng, 3); n > 0; n--) {
                size_t at = rng_below(&rng, (uint32_t)b.size);
                switch (rng_below(&rng, 4)) {
                case 0: b.bytes[at] = (uint8_t)rng_next(&rng); break;
                case 1: b.bytes[at] = rng_below(&rng, 2) ? 255 : 0; break;
                case 2: take_out(&b, at, MIN((size_t)rng_below(&rng, 4), b.size - 1 - at)); break;
                default: insert(&b, at, whole.bytes + rng_below(&rng, 200), rng_below(&rng, 9)); break;
                }
            }
            accepted += survive(&b);
        }
    }
    CHECK(accepted > 500, "%d were accepted", accepted);
}

TESTS(every_kind, through_the_dispatch, inverse_transform, extreme_coefficients, orientations_are_turns,
      damaged_exif_is_ignored, harmless_faults_are_read, every_cut, refused_by_name, damaged_tables_and_headers,
      codes_that_cannot_be, missing_and_repeated_scans, bombs_take_no_memory, small_files_hold_small_pictures,
      scans_are_bounded, every_flipped_bit, fuzz_files)
