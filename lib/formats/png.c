/* Three steps. 1: walk over the chunks, verify every CRC, read the header, find palette and data. 2: join the data
 * chunks and decompress them. 3: undo the row filters and write the samples as RGB pixels. */
#include "formats/png.h"

#include "formats/byte_order.h"
#include "formats/deflate.h"
#include "formats/inflate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const uint8_t png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 }; /* colour types (IHDR) */

typedef struct {
    const char *name;
    const uint8_t *file;
    size_t size;
    Err *err, *note;                           /* note: the first harmless fault */
    int width, height, depth, colour, samples; /* samples per pixel */
    bool interlaced;
    const uint8_t *background; /* red, green, blue behind pixels with alpha; NULL: alpha is dropped */
    const uint8_t *palette;    /* in the file */
    int colours;
    size_t data_first, data_chunks, data_size; /* position of the first IDAT, number of them, their bytes */
} Png;

static bool png_fail(const Png *png, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static bool png_fail(const Png *png, size_t at, const char *format, ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(png->err, "%s: byte %zu: %s", png->name, at, what);
}

/* Notes a fault that leaves no doubt about the pixels. */
static void png_note(const Png *png, size_t at, const char *what) {
    if (!png->note->text[0]) err_set(png->note, "%s: byte %zu: %s; the picture is read", png->name, at, what);
}

/* ---- chunks (5.3): length, type, data, CRC of type and data ----------------------------------------------------- */

typedef struct {
    size_t at; /* position in the file */
    uint32_t length;
    char type[5];
    const uint8_t *data;
} Chunk;

static bool is_letter(uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

static bool chunk_read(const Png *png, size_t at, Chunk *chunk) {
    size_t left = png->size - at;
    if (left < 12)
        return png_fail(png, at,
                        "the file ends after %zu bytes where a chunk of at least 12 was wanted; it was cut, "
                        "fetch it again",
                        left);
    const uint8_t *p = png->file + at;
    *chunk = (Chunk){ .at = at, .length = big_endian_32(p), .data = p + 8 };
    for (int i = 0; i < 4; i++) {
        if (!is_letter(p[4 + i]))
            return png_fail(png, at + 4, "%02x %02x %02x %02x is no chunk type; the file is damaged, fetch it again",
                            p[4], p[5], p[6], p[7]);
        chunk->type[i] = (char)p[4 + i];
    }
    if (chunk->length > left - 12)
        return png_fail(png, at, "chunk %s has %u bytes, but only %zu are left in the file; it was cut, fetch it again",
                        chunk->type, chunk->length, left - 12);
    uint32_t crc = crc32_update(0, p + 4, (size_t)chunk->length + 4), want = big_endian_32(p + 8 + chunk->length);
    if (crc != want)
        return png_fail(png, at, "chunk %s has the CRC %08x, the file says %08x; it is damaged, fetch it again",
                        chunk->type, crc, want);
    return true;
}

static size_t chunk_end(const Chunk *chunk) { return chunk->at + 12 + chunk->length; }

static bool chunk_is(const Chunk *chunk, const char *type) { return !strcmp(chunk->type, type); }

/* The depths of each colour type (IHDR) as a bit set, since all are powers of 2; 0: no such type. */
static const int depths_of[] = {
    [GREY] = 1 | 2 | 4 | 8 | 16, [RGB] = 8 | 16, [PALETTE] = 1 | 2 | 4 | 8, [GREY_ALPHA] = 8 | 16, [RGB_ALPHA] = 8 | 16
};

static bool header_read(Png *png, const Chunk *chunk) {
    const uint8_t *p = chunk->data;
    if (chunk_is(chunk, "CgBI"))
        return png_fail(png, chunk->at,
                        "this is a picture of an iPhone program (CgBI), which only looks like a PNG "
                        "file; a picture program of macOS can save it as PNG");
    if (!chunk_is(chunk, "IHDR") || chunk->length != 13)
        return png_fail(png, chunk->at, "chunk %s of %u bytes, IHDR of 13 was wanted", chunk->type, chunk->length);
    uint32_t width = big_endian_32(p), height = big_endian_32(p + 4);
    if (width == 0 || height == 0 || (uint64_t)width * height > IMAGE_PIXELS_MAX)
        return png_fail(png, chunk->at + 8, "a picture of %u x %u pixels, 1 to %d pixels were wanted", width, height,
                        IMAGE_PIXELS_MAX);
    png->width = (int)width;
    png->height = (int)height;
    png->depth = p[8];
    png->colour = p[9];
    png->interlaced = p[12] == 1;
    int depths = png->colour < (int)COUNT(depths_of) ? depths_of[png->colour] : 0;
    if (!(depths & png->depth) || (png->depth & (png->depth - 1)))
        return png_fail(png, chunk->at + 16, "colour type %d with %d bits is no kind of PNG", png->colour, png->depth);
    if (p[10] != 0 || p[11] != 0 || p[12] > 1)
        return png_fail(png, chunk->at + 18, "compression %d, filter %d, interlace %d; 0, 0 and 0 or 1 were wanted",
                        p[10], p[11], p[12]);
    png->samples = (png->colour & RGB && png->colour != PALETTE ? 3 : 1) + (png->colour & 4 ? 1 : 0);
    return true;
}

static bool palette_read(Png *png, const Chunk *chunk) {
    uint32_t max = 256, nameable = png->colour == PALETTE ? 1u << png->depth : max;
    if (png->palette || png->data_chunks)
        return png_fail(png, chunk->at, "a palette (PLTE) in the wrong place: one was wanted, before the data");
    if (chunk->length == 0 || chunk->length % 3 != 0 || chunk->length / 3 > max)
        return png_fail(png, chunk->at, "a palette of %u bytes, 3 for each of 1 to %u colours were wanted",
                        chunk->length, max);
    if (chunk->length / 3 > nameable)
        png_note(png, chunk->at, "the palette (PLTE) has more colours than the bit depth can name");
    png->palette = chunk->data;
    png->colours = (int)(chunk->length / 3);
    return true;
}

static bool data_found(Png *png, const Chunk *chunk, bool data_before) {
    if (png->colour == PALETTE && !png->palette)
        return png_fail(png, chunk->at, "data without a palette (PLTE) before them");
    if (png->data_chunks && !data_before)
        return png_fail(png, chunk->at, "data (IDAT) again after another chunk; they were wanted in one row");
    if (!png->data_chunks) png->data_first = chunk->at;
    png->data_chunks++;
    png->data_size += chunk->length;
    return true;
}

/* Whether the file ends at `at` with a missing or cut IEND chunk, or with zero bytes: a copy that was not finished. */
static bool end_is_cut(const Png *png, size_t at) {
    const uint8_t *p = png->file + at;
    size_t left = png->size - at;
    if (left == 0 || (p[0] == 0 && !memcmp(p, p + 1, left - 1))) return true;
    return left < 12 && !memcmp(p, "\0\0\0\0IEND\xae\x42\x60\x82", left);
}

/* Walks over all chunks. A chunk whose first letter is upper-case must not be ignored (5.4). */
static bool chunks_walk(Png *png) {
    Chunk chunk;
    if (png->size < sizeof png_signature || memcmp(png->file, png_signature, sizeof png_signature))
        return png_fail(png, 0, "the first 8 bytes are damaged, those of a PNG file were wanted; fetch it again");
    if (!chunk_read(png, sizeof png_signature, &chunk) || !header_read(png, &chunk)) return false;
    for (bool data_before = false;; data_before = chunk_is(&chunk, "IDAT")) {
        size_t at = chunk_end(&chunk);
        if (png->data_chunks && end_is_cut(png, at)) {
            png_note(png, at, "the end chunk (IEND) is missing or cut");
            return true;
        }
        if (!chunk_read(png, at, &chunk)) return false;
        if (chunk_is(&chunk, "IEND")) break;
        if (chunk_is(&chunk, "PLTE")) {
            if (!palette_read(png, &chunk)) return false;
        } else if (chunk_is(&chunk, "IDAT")) {
            if (!data_found(png, &chunk, data_before)) return false;
        } else if (chunk.type[0] <= 'Z') {
            return png_fail(png, chunk.at, "chunk %s is unknown here and may not be passed over", chunk.type);
        }
    }
    if (!png->data_chunks) return png_fail(png, chunk.at, "the end (IEND) came, data (IDAT) were wanted before it");
    if (chunk.length > 0) png_note(png, chunk.at, "the end chunk (IEND) has data, it was wanted empty");
    if (chunk_end(&chunk) < png->size) png_note(png, chunk_end(&chunk), "bytes follow the end chunk (IEND)");
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Pixels x0, x0 + dx, ... of rows y0, y0 + dy, ...: the whole picture, or one of the seven passes of Adam7 (8.2). */
typedef struct {
    int x0, y0, dx, dy;
} Pass;

static const Pass adam7[7] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                               { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };

static int pass_count(const Png *png) { return png->interlaced ? 7 : 1; }
static Pass pass_of(const Png *png, int i) { return png->interlaced ? adam7[i] : (Pass){ 0, 0, 1, 1 }; }
static int pass_width(const Png *png, Pass p) { return (png->width - p.x0 + p.dx - 1) / p.dx; }
static int pass_height(const Png *png, Pass p) { return (png->height - p.y0 + p.dy - 1) / p.dy; }

/* Bytes of a row of `width` pixels, without the filter byte before it. Where size_t has 32 bits, it cannot count the
 * bits of a row of IMAGE_PIXELS_MAX pixels. */
static size_t row_bytes(const Png *png, int width) {
    return (size_t)(((uint64_t)width * (uint64_t)(png->samples * png->depth) + 7) / 8);
}

/* Bytes of all rows: at most 8 per pixel and 1 per row, which cannot overflow with IMAGE_PIXELS_MAX. */
static size_t raw_bytes(const Png *png) {
    size_t bytes = 0;
    for (int i = 0; i < pass_count(png); i++) {
        Pass p = pass_of(png, i);
        if (pass_width(png, p) > 0) bytes += (size_t)pass_height(png, p) * (1 + row_bytes(png, pass_width(png, p)));
    }
    return bytes;
}

/* 9.4: the one of left, above and corner that is nearest to left + above - corner. */
static inline int paeth(int left, int above, int corner) {
    int from_left = abs(above - corner), from_above = abs(left - corner), from_corner = abs(left + above - 2 * corner);
    if (from_left <= from_above && from_left <= from_corner) return left;
    return from_above <= from_corner ? above : corner;
}

/* The prediction of a filter for byte i of a row (9.2); its left neighbour is `step` bytes before. */
static inline int predict(int filter, const uint8_t *row, const uint8_t *above, size_t i, size_t step) {
    int left = i >= step ? row[i - step] : 0, corner = i >= step ? above[i - step] : 0;
    if (filter == 0) return 0;
    if (filter == 1) return left;
    if (filter == 2) return above[i];
    return filter == 3 ? (left + above[i]) / 2 : paeth(left, above[i], corner);
}

/* row[i] += prediction(i). One loop for each filter, so that the compiler can optimise each. */
static void row_unfilter(int filter, uint8_t *row, const uint8_t *above, size_t bytes, size_t step) {
    size_t i = 0;
    if (filter == 0) return;
    for (; i < MIN(step, bytes); i++) row[i] = (uint8_t)(row[i] + predict(filter, row, above, i, step));
    if (filter == 1)
        for (; i < bytes; i++) row[i] = (uint8_t)(row[i] + row[i - step]);
    if (filter == 2)
        for (; i < bytes; i++) row[i] = (uint8_t)(row[i] + above[i]);
    if (filter == 3)
        for (; i < bytes; i++) row[i] = (uint8_t)(row[i] + (row[i - step] + above[i]) / 2);
    if (filter == 4)
        for (; i < bytes; i++) row[i] = (uint8_t)(row[i] + paeth(row[i - step], above[i], above[i - step]));
}

/* Sample i of a row; the upper 8 of 16 bits. */
static inline unsigned row_sample(const Png *png, const uint8_t *row, size_t i) {
    if (png->depth == 8) return row[i];
    if (png->depth == 16) return row[2 * i];
    size_t bit = i * (size_t)png->depth;
    return row[bit / 8] >> (8 - png->depth - (int)(bit % 8)) & ((1u << png->depth) - 1);
}

/* out = (alpha out + (255 - alpha) background) / 255, rounded (13.16). */
static void blend(uint8_t out[3], unsigned alpha, const uint8_t background[3]) {
    for (int c = 0; c < 3; c++) out[c] = (uint8_t)((alpha * out[c] + (255 - alpha) * background[c] + 127) / 255);
}

/* Writes `width` pixels of a row to out[0], out[step * 3], ... False when an index is outside the palette (black). */
static bool row_expand(const Png *png, const uint8_t *row, int width, uint8_t *out, int step) {
    if (png->colour == RGB && png->depth == 8 && step == 1) {
        memcpy(out, row, (size_t)width * 3);
        return true;
    }
    bool inside = true;
    unsigned scale = png->depth < 8 ? 255 / ((1u << png->depth) - 1) : 1;
    for (int x = 0; x < width; x++, out += (size_t)step * 3) {
        size_t first = (size_t)x * (size_t)png->samples;
        unsigned sample = row_sample(png, row, first);
        if (png->colour == PALETTE) {
            bool known = sample < (unsigned)png->colours;
            inside = inside && known;
            memcpy(out, known ? png->palette + sample * 3 : (const uint8_t *)"\0\0\0", 3);
        } else if (png->samples >= 3) {
            for (size_t c = 0; c < 3; c++) out[c] = (uint8_t)row_sample(png, row, first + c);
        } else {
            memset(out, (int)(sample * scale), 3);
        }
        if (png->background && (png->colour & 4))
            blend(out, row_sample(png, row, first + (size_t)png->samples - 1), png->background);
    }
    return inside;
}

/* Reads one pass from its rows at `raw` into the picture; returns the start of the next pass, or NULL. */
static uint8_t *pass_read(const Png *png, Pass pass, uint8_t *raw, const uint8_t *zeros, Image image) {
    int width = pass_width(png, pass), height = pass_height(png, pass);
    size_t bytes = row_bytes(png, width), step = MAX((size_t)(png->samples * png->depth) / 8, (size_t)1);
    const uint8_t *above = zeros;
    if (width <= 0) return raw;
    for (int y = 0; y < height; y++, above = raw + 1, raw += 1 + bytes) {
        int row = pass.y0 + y * pass.dy;
        if (raw[0] > 4) {
            png_fail(png, png->data_first, "in the data, row %d has filter %d, 0 to 4 were wanted", row, raw[0]);
            return NULL;
        }
        row_unfilter(raw[0], raw + 1, above, bytes, step);
        uint8_t *out = image.rgb + ((size_t)row * (size_t)png->width + (size_t)pass.x0) * 3;
        if (!row_expand(png, raw + 1, width, out, pass.dx))
            png_note(png, png->data_first, "an index outside the palette (PLTE) is shown as black");
    }
    return raw;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* The data of all IDAT chunks joined; a pointer into the file when there is one chunk. */
static const uint8_t *data_join(const Png *png, Arena *scratch) {
    if (png->data_chunks == 1) return png->file + png->data_first + 8;
    uint8_t *data = arena_alloc(scratch, png->data_size, 1), *to = data;
    size_t at = png->data_first;
    for (size_t i = 0; i < png->data_chunks; i++) {
        uint32_t length = big_endian_32(png->file + at);
        memcpy(to, png->file + at + 8, length);
        to += length;
        at += (size_t)length + 12;
    }
    return data;
}

/* The position in the file of byte i of the joined data. */
static size_t data_position(const Png *png, size_t i) {
    size_t at = png->data_first;
    for (size_t chunk = 1; chunk < png->data_chunks; chunk++) {
        uint32_t length = big_endian_32(png->file + at);
        if (i < length) break;
        i -= length;
        at += (size_t)length + 12;
    }
    return at + 8 + i;
}

static bool data_inflate(const Png *png, Arena *scratch, uint8_t **raw) {
    size_t want = raw_bytes(png);
    Inflated result;
    if (want / DEFLATE_RATIO > png->data_size)
        return png_fail(png, png->data_first, "%zu bytes of data cannot hold a picture of %d x %d", png->data_size,
                        png->width, png->height);
    *raw = arena_alloc(scratch, want, 1);
    bool ok = zlib_inflate(data_join(png, scratch), png->data_size, *raw, want, &result);
    size_t at = data_position(png, result.consumed);
    bool harmless = result.produced == want && (ok || result.fault != INFLATE_DAMAGED);
    if (!ok && !harmless) return png_fail(png, at, "%s; the file is damaged, fetch it again", result.problem);
    if (!harmless)
        return png_fail(png, at, "%zu bytes came out of the data, %zu were wanted for %d x %d", result.produced, want,
                        png->width, png->height);
    if (!ok)
        png_note(png, at,
                 result.fault == INFLATE_FULL ? "the data are more than the picture needs"
                                              : "the Adler-32 of the data is missing");
    else if (result.consumed < png->data_size) png_note(png, at, "bytes follow the end of the compressed data");
    return true;
}

static bool rows_read(const Png *png, Arena *scratch, uint8_t *raw, Image image) {
    const uint8_t *zeros = arena_zero(scratch, row_bytes(png, png->width), 1);
    for (int i = 0; i < pass_count(png) && raw; i++) raw = pass_read(png, pass_of(png, i), raw, zeros, image);
    return raw != NULL;
}

bool png_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    return png_decode_over(arena, name, file, NULL, image, err);
}

bool png_decode_over(Arena *arena, const char *name, File file, const uint8_t background[3], Image *image, Err *err) {
    Err note = { "" };
    Png png = {
        .name = name, .file = file.data, .size = file.size, .err = err, .note = &note, .background = background
    };
    if (!chunks_walk(&png)) return false;
    Arena scratch = { 0 };
    uint8_t *raw = NULL;
    bool ok = data_inflate(&png, &scratch, &raw);
    if (ok) {
        Image picture = image_new(arena, png.width, png.height);
        ok = rows_read(&png, &scratch, raw, picture);
        if (ok) *image = picture;
    }
    arena_free(&scratch);
    if (ok && note.text[0]) warn("%s", note.text);
    return ok;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void chunk_write(OutFile *out, const char *type, const uint8_t *data, size_t length) {
    uint32_t crc = crc32_update(crc32_update(0, (const uint8_t *)type, 4), data, length);
    uint8_t head[8], tail[4];
    big_endian_32_put(head, (uint32_t)length);
    big_endian_32_put(tail, crc);
    memcpy(head + 4, type, 4);
    out_write(out, head, 8);
    out_write(out, data, length);
    out_write(out, tail, 4);
}

/* out[0] = filter, out[1 + i] = row[i] - prediction(i). Returns the sum of |out[1 + i]| as signed bytes, the heuristic
 * of "Filter selection". */
static size_t row_filter(int filter, const uint8_t *row, const uint8_t *above, size_t bytes, uint8_t *out) {
    size_t sum = 0;
    out[0] = (uint8_t)filter;
    for (size_t i = 0; i < bytes; i++) {
        out[1 + i] = (uint8_t)(row[i] - predict(filter, row, above, i, 3));
        sum += (size_t)abs((int8_t)out[1 + i]);
    }
    return sum;
}

/* The picture as filtered rows: each row with the filter whose sum is the smallest. */
static uint8_t *rows_filter(Arena *scratch, Image image, size_t *size) {
    size_t bytes = (size_t)image.width * 3;
    *size = size_mul((size_t)image.height, bytes + 1);
    uint8_t *raw = arena_alloc(scratch, *size, 1), *trial = arena_alloc(scratch, bytes + 1, 1);
    const uint8_t *above = arena_zero(scratch, bytes, 1), *row = image.rgb;
    for (int y = 0; y < image.height; y++, above = row, row += bytes) {
        uint8_t *best = raw + (size_t)y * (bytes + 1);
        size_t least = row_filter(0, row, above, bytes, best);
        for (int filter = 1; filter <= 4; filter++) {
            size_t sum = row_filter(filter, row, above, bytes, trial);
            if (sum >= least) continue;
            least = sum;
            memcpy(best, trial, bytes + 1);
        }
    }
    return raw;
}

bool png_write(const char *path, Image image, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    Arena scratch = { 0 };
    size_t size, packed;
    uint8_t *raw = rows_filter(&scratch, image, &size), *data = zlib_deflate(&scratch, raw, size, &packed);
    uint8_t header[13] = { [8] = 8, [9] = RGB };
    big_endian_32_put(header, (uint32_t)image.width);
    big_endian_32_put(header + 4, (uint32_t)image.height);
    out_write(&out, png_signature, sizeof png_signature);
    chunk_write(&out, "IHDR", header, sizeof header);
    chunk_write(&out, "IDAT", data, packed);
    chunk_write(&out, "IEND", header, 0);
    arena_free(&scratch);
    return out_commit(&out, err);
}
