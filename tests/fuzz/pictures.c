/* pictures: PNG, JPEG, PPM and PGM, and resizing of the pictures; sounds: WAV. */
#include "fuzz.h"
#include "core/arena.h"
#include "core/file.h"

#include "formats/byte_order.h"
#include "formats/image_file.h"
#include "formats/inflate.h"
#include "sound/wav.h"

#include <stdlib.h>
#include <string.h>

enum { PIXELS_MAX = 1 << 18 };

static int picture(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    Image image;
    uint8_t *copy = fuzz_copy(data, size);
    bool ok = image_decode(&arena, "picture", (File){ .data = size ? copy : NULL, .size = size }, &image, &err);
    fuzz_answer(ok, &err);
    if (ok) {
        unsigned sum = 0;
        for (size_t i = 0; i < (size_t)image.width * (size_t)image.height * 3; i++) sum += image.rgb[i];
        fuzz_sign(sum % 2);
        Image small = image_clip_crop(&arena, image, 4);
        REQUIRE(small.width == 4 && small.height == 4, "%d x %d", small.width, small.height);
    }
    free(copy);
    arena_free(&arena);
    return 0;
}

/* Large pictures are left out: they take too long. */
int fuzz_png(const uint8_t *data, size_t size) {
    if (size >= 24) {
        uint64_t pixels = (uint64_t)big_endian_32(data + 16) * big_endian_32(data + 20);
        if (pixels > PIXELS_MAX && pixels <= IMAGE_PIXELS_MAX) return 0;
    }
    return picture(data, size);
}

/* The largest picture that a frame header may promise: the markers are looked for, not walked. */
int fuzz_jpeg(const uint8_t *data, size_t size) {
    for (size_t i = 0; i + 9 <= size; i++) {
        if (data[i] != 0xff || data[i + 1] < 0xc0 || data[i + 1] > 0xc2) continue;
        unsigned height = data[i + 5] * 256u + data[i + 6], width = data[i + 7] * 256u + data[i + 8];
        if (height * width > PIXELS_MAX && height * width <= IMAGE_PIXELS_MAX) return 0;
    }
    return picture(data, size);
}

int fuzz_ppm(const uint8_t *data, size_t size) { return picture(data, size); }

/* ---- PNG: CRCs, and the Adler-32 within ------------------------------------------------------------------------- */

typedef struct {
    uint8_t *place[FUZZ_MAX];
    uint8_t data[FUZZ_MAX];
    size_t size;
} Gathered;

/* Calls for each chunk. A length beyond the end is corrected. */
static void chunks_mend(Input *in, Gathered *idat, bool crc) {
    for (size_t at = 8; at + 12 <= in->size;) {
        uint8_t *p = in->data + at;
        size_t length = big_endian_32(p), room = in->size - at - 12;
        if (length > room) {
            length = room;
            big_endian_32_put(p, (uint32_t)length);
        }
        for (size_t i = 0; idat && i < length && !memcmp(p + 4, "IDAT", 4); i++, idat->size++) {
            idat->place[idat->size] = p + 8 + i;
            idat->data[idat->size] = p[8 + i];
        }
        if (crc) big_endian_32_put(p + 8 + length, crc32_update(0, p + 4, length + 4));
        at += length + 12;
    }
}

static void png_mend(Input *in) {
    static Gathered idat;
    static uint8_t raw[4 * FUZZ_MAX];
    Inflated result;
    idat.size = 0;
    chunks_mend(in, &idat, false);
    if (!zlib_inflate(idat.data, idat.size, raw, sizeof raw, &result) && strstr(result.problem, "Adler-32 is")) {
        uint8_t sum[4];
        big_endian_32_put(sum, adler32_update(1, raw, result.produced));
        for (size_t i = 0; i < 4 && result.consumed + i < idat.size; i++) *idat.place[result.consumed + i] = sum[i];
    }
    chunks_mend(in, NULL, true);
}

static const Word png_words[] = { W("IHDR"),
                                  W("PLTE"),
                                  W("IDAT"),
                                  W("IEND"),
                                  W("tRNS"),
                                  W("gAMA"),
                                  W("tEXt"),
                                  W("\0\0\0\0IEND\xae\x42\x60\x82"),
                                  W("\0\0\0\0IDAT\0\0\0\0"),
                                  W("\x89PNG\r\n\x1a\n"),
                                  W("\x78\x9c"),
                                  W("\1\2\3\4"),
                                  W("\20\6\0\0\1"),
                                  W("\1\3\0\0\0"),
                                  { 0 } };
HARNESS(png, .corpus = "pictures", .mend = png_mend, .words = png_words, .check = 4000);

/* Markers; a scan of a progressive picture; EXIF's tag of the orientation. */
static const Word jpeg_words[] = { W("\xff\xd8"),
                                   W("\xff\xd9"),
                                   W("\xff\xc0"),
                                   W("\xff\xc2"),
                                   W("\xff\xc4"),
                                   W("\xff\xda"),
                                   W("\xff\xdd\0\4\0\1"),
                                   W("\xff\xd0"),
                                   W("\xff\xee\0\16Adobe\0d\0\0\0\0\2"),
                                   W("\xff\xda\0\10\1\1\0\1\77\20"),
                                   W("\xff\0"),
                                   W("\1\42\0"),
                                   W("\1\22\0\3\0\0\0\1\0\6"),
                                   { 0 } };
HARNESS(jpeg, .corpus = "jpeg", .words = jpeg_words, .check = 4000);

static const Word ppm_words[] = { W("P2"),          W("P3"),      W("P5"),    W("P6"),
                                  W("# comment\n"), W("65535\n"), W("255\n"), W("1 1\n"),
                                  W("67108864"),    W(" "),       { 0 } };
HARNESS(ppm, .corpus = "pictures", .words = ppm_words, .check = 4000);

/* ---- WAV --------------------------------------------------------------------------------------------------------- */

int fuzz_wav(const uint8_t *data, size_t size) {
    Arena arena = { 0 };
    Err err = { "" };
    Wav wav;
    uint8_t *copy = fuzz_copy(data, size);
    bool ok = wav_decode(&wav, &arena, "sound", (File){ .data = size ? copy : NULL, .size = size }, &err);
    fuzz_answer(ok, &err);
    if (ok) {
        REQUIRE(wav.count >= 1 && all_finite(wav.samples, (size_t)wav.count), "%d samples", wav.count);
        fuzz_sign((uint64_t)wav.bits * 16 + (uint64_t)wav.channels * 2 + wav.floats);
    }
    free(copy);
    arena_free(&arena);
    return 0;
}

static const Word wav_words[] = { W("RIFF"),
                                  W("WAVE"),
                                  W("fmt \20\0\0\0"),
                                  W("fmt \50\0\0\0"),
                                  W("data\0\0\0\0"),
                                  W("LIST\3\0\0\0"),
                                  W("\1\0\1\0"),
                                  W("\3\0\2\0"),
                                  W("\376\377"),
                                  W("\0\0\0\0\20\0\200\0\0\252\0\70\233\161"),
                                  W("\2\0\20\0"),
                                  W("\0\0\300\177"),
                                  { 0 } };
HARNESS(wav, .corpus = "sounds", .words = wav_words, .check = 4000);
