/* A file is a list of segments, each begun by a marker ff xx: the frame header (SOF) with sizes and components, tables
 * for quantisation (DQT) and Huffman codes (DHT), and scans (SOS): a header, and the bits of one or more components.
 * All scans are read into coefficients (jpeg_block.c). At the end these become pixels (jpeg_pixels.c). */
#include "formats/jpeg.h"

#include "formats/byte_order.h"
#include "formats/jpeg_block.h"
#include "formats/jpeg_pixels.h"

#include <stdarg.h>
#include <string.h>

/* clang-format off */
enum { SOF0 = 0xc0, SOF2 = 0xc2, DHT = 0xc4, SOF15 = 0xcf, RST0 = 0xd0, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DQT = 0xdb,
       DNL = 0xdc, DRI = 0xdd, DHP = 0xde, APP0 = 0xe0, APP1 = 0xe1, APP14 = 0xee, JPEG_LS = 0xf7 }; /* table B.1 */
/* clang-format on */
enum { COMPONENTS_MAX = 4, SCANS_MAX = 100, NOT_SENT = -1 };

typedef struct {
    int id, h, v, quant_id;  /* h, v: sampling factors */
    int columns, rows, held; /* blocks that belong to the picture; blocks in a row of memory */
    int8_t sent[64];         /* the lowest bit that was sent of each coefficient, or NOT_SENT */
    uint16_t quant[64];      /* the table at its first scan */
    int16_t *blocks;         /* the coefficients: [rows, held, 64] */
    JpegPlane plane;
    JpegCoder coder;
} Component;

typedef struct {
    const char *name;
    const uint8_t *file;
    size_t size, at; /* at: the segment that is read, or the data of its scan */
    Err *err, *note; /* note: the first harmless fault */
    Arena *scratch;
    int width, height, count, h_max, v_max, across, down; /* across, down: minimum coded units */
    int restart, scans, adobe, orientation;               /* adobe: its transform, or -1 */
    int begun, complete; /* components with DC coefficients; coefficients with all bits, of 64 for each component */
    bool progressive, jfif;
    uint16_t quant[4][64];
    JpegHuffman huffman[8]; /* 4 for DC, 4 for AC */
    Component component[COMPONENTS_MAX];
} Jpeg;

static bool jpeg_fail(const Jpeg *jpeg, const char *format, ...) PRINTF_LIKE(2, 3);
static bool jpeg_fail(const Jpeg *jpeg, const char *format, ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(jpeg->err, "%s: byte %zu: %s", jpeg->name, jpeg->at, what);
}

/* Notes a fault that leaves no doubt about the pixels. */
static void jpeg_note(const Jpeg *jpeg, const char *what) {
    if (!jpeg->note->text[0]) err_set(jpeg->note, "%s: byte %zu: %s; the picture is read", jpeg->name, jpeg->at, what);
}

static int divide_up(int a, int b) { return (a + b - 1) / b; }

/* ---- segments, `size` bytes at p -------------------------------------------------------------------------------- */

static bool quant_read(Jpeg *jpeg, const uint8_t *p, int size) {
    for (; size > 0; size -= p[0] >> 4 ? 129 : 65, p += p[0] >> 4 ? 129 : 65) {
        int wide = p[0] >> 4, id = p[0] & 15;
        if (wide > 1 || id > 3 || size < (wide ? 129 : 65))
            return jpeg_fail(jpeg, "no quantisation table (DQT) is %02x with %d bytes; it is damaged", p[0], size);
        for (int k = 0; k < 64; k++)
            jpeg->quant[id][jpeg_zigzag[k]] = (uint16_t)(wide ? big_endian_16(p + 1 + 2 * k) : p[1 + k]);
    }
    return true;
}

static bool huffman_read(Jpeg *jpeg, const uint8_t *p, int size) {
    for (int count = 0; size > 0; size -= count, p += count) {
        int kind = p[0] >> 4, id = p[0] & 15;
        count = 17;
        for (int i = 1; i <= 16 && size >= 17; i++) count += p[i];
        bool fits = kind <= 1 && id <= 3 && count <= MIN(size, 17 + 256);
        if (!fits || !jpeg_huffman_make(&jpeg->huffman[4 * kind + id], p + 1, p + 17))
            return jpeg_fail(jpeg, "no Huffman table (DHT) is %02x with %d bytes; the file is damaged", p[0], size);
    }
    return true;
}

/* The orientation in the first directory of EXIF's TIFF structure; 1 if there is none. */
static int exif_orientation(const uint8_t *tiff, size_t size) {
    enum { ENTRY = 12, ORIENTATION = 0x0112 };
    size_t low = size > 0 && tiff[0] == 'M' ? 1 : 0; /* the low byte of 2; 'M': big-endian */
    uint64_t at = size < 8 ? size : low ? big_endian_32(tiff + 4) : little_endian_32(tiff + 4);
    int entries = at + 2 <= size && size >= 8 ? tiff[at + low] | tiff[at + 1 - low] << 8 : 0;
    for (at += 2; entries > 0 && at <= size && size - at >= ENTRY; at += ENTRY, entries--) {
        const uint8_t *p = tiff + at;
        int tag = p[low] | p[1 - low] << 8, value = p[8 + low] | p[9 - low] << 8;
        if (tag == ORIENTATION) return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/* Sizes of the components in samples and in blocks; memory for their coefficients. */
static bool components_read(Jpeg *jpeg, const uint8_t *p) {
    Component *c = jpeg->component, *end = c + jpeg->count;
    size_t blocks = 0;
    for (; c < end; c++, p += 3) {
        *c = (Component){ .id = p[0], .h = p[1] >> 4, .v = p[1] & 15, .quant_id = p[2] & 3 };
        memset(c->sent, NOT_SENT, sizeof c->sent);
        jpeg->h_max = MAX(jpeg->h_max, c->h);
        jpeg->v_max = MAX(jpeg->v_max, c->v);
    }
    for (c = jpeg->component; c < end; c++) {
        if (c->h == 0 || c->v == 0 || jpeg->h_max > 4 || jpeg->v_max > 4 || jpeg->h_max % c->h || jpeg->v_max % c->v)
            return jpeg_fail(jpeg, "sampling factors %d x %d beside %d x %d are not read here; save it as PNG", c->h,
                             c->v, jpeg->h_max, jpeg->v_max);
        c->held = divide_up(jpeg->width, 8 * jpeg->h_max) * c->h;
        c->plane.stride = 8 * (size_t)c->held;
        c->plane.factor_x = jpeg->h_max / c->h;
        c->plane.factor_y = jpeg->v_max / c->v;
        c->plane.width = divide_up(jpeg->width, c->plane.factor_x);
        c->plane.height = divide_up(jpeg->height, c->plane.factor_y);
        c->columns = divide_up(c->plane.width, 8);
        c->rows = divide_up(c->plane.height, 8);
        blocks += (size_t)c->columns * (size_t)c->rows;
    }
    jpeg->across = divide_up(jpeg->width, 8 * jpeg->h_max);
    jpeg->down = divide_up(jpeg->height, 8 * jpeg->v_max);
    if (blocks / 8 > jpeg->size)
        return jpeg_fail(jpeg, "%zu bytes cannot hold a picture of %d x %d", jpeg->size, jpeg->width, jpeg->height);
    for (c = jpeg->component; c < end; c++)
        c->blocks = arena_zero(jpeg->scratch, (size_t)c->held * (size_t)(jpeg->down * c->v), 64 * sizeof *c->blocks);
    return true;
}

static bool frame_read(Jpeg *jpeg, const uint8_t *p, int size) {
    if (jpeg->count || size < 6 || size != 6 + 3 * p[5])
        return jpeg_fail(jpeg, "a frame header (SOF) of %d bytes, or a second one; the file is damaged", size);
    jpeg->height = big_endian_16(p + 1);
    jpeg->width = big_endian_16(p + 3);
    if (p[0] != 8) return jpeg_fail(jpeg, "samples of %d bits, 8 were wanted; save it with 8 bits, or as PNG", p[0]);
    if (p[5] != 1 && p[5] != 3 && p[5] != 4)
        return jpeg_fail(jpeg, "%d components; 1 (grey), 3 (colours) or 4 (CMYK) were wanted", p[5]);
    if (jpeg->height == 0) return jpeg_fail(jpeg, "a height after the data (DNL) is not read here; save it as PNG");
    if (jpeg->width == 0 || (int64_t)jpeg->width * jpeg->height > IMAGE_PIXELS_MAX)
        return jpeg_fail(jpeg, "a picture of %d x %d pixels, 1 to %d pixels were wanted", jpeg->width, jpeg->height,
                         IMAGE_PIXELS_MAX);
    jpeg->count = p[5];
    return components_read(jpeg, p + 6);
}

/* ---- scans ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int count;
    Component *component[COMPONENTS_MAX];
    JpegBits bits;
} Scan;

/* Each bit of a coefficient comes once, from the highest to the lowest (G.1.1.1.1): that bounds the work too. */
static bool progression_read(Jpeg *jpeg, Scan *scan, const uint8_t *p) {
    JpegBits b = { .file = jpeg->file, .size = jpeg->size, .last = 63 };
    if (jpeg->progressive)
        b = (JpegBits){ jpeg->file, jpeg->size, .first = p[0], .last = p[1], .high = p[2] >> 4, .low = p[2] & 15 };
    bool dc = b.first == 0 && b.last == 0, ac = b.first > 0 && b.first <= b.last && b.last <= 63 && scan->count == 1;
    if ((jpeg->progressive && !dc && !ac) || b.low > 13 || (b.high && b.high != b.low + 1))
        return jpeg_fail(jpeg, "no scan has %d components, coefficients %d to %d, bits %d to %d; the file is damaged",
                         scan->count, b.first, b.last, b.high, b.low);
    for (int i = 0; i < scan->count; i++)
        for (int k = b.first; k <= b.last; k++) {
            int8_t *sent = &scan->component[i]->sent[k];
            if (*sent != (b.high ? b.high : NOT_SENT))
                return jpeg_fail(jpeg, "coefficient %d: bit %d came after bit %d (-1: none)", k, b.low, *sent);
            *sent = (int8_t)b.low;
            jpeg->begun += k == 0 && b.high == 0;
            jpeg->complete += b.low == 0;
        }
    scan->bits = b;
    return true;
}

static bool scan_header(Jpeg *jpeg, Scan *scan, const uint8_t *p, int size) {
    int count = size > 0 ? p[0] : 0;
    if (count < 1 || count > jpeg->count || size != 4 + 2 * count || ++jpeg->scans > SCANS_MAX)
        return jpeg_fail(jpeg, "no scan (SOS) has %d bytes for %d of %d components, and %d scans are the most", size,
                         count, jpeg->count, SCANS_MAX);
    for (p++; scan->count < count; p += 2) {
        Component *c = jpeg->component;
        while (c < jpeg->component + jpeg->count && c->id != p[0]) c++;
        if (c == jpeg->component + jpeg->count || p[1] >> 4 > 3 || (p[1] & 15) > 3)
            return jpeg_fail(jpeg, "a scan of component %d with tables %02x; the file is damaged", p[0], p[1]);
        if (c->sent[0] == NOT_SENT) memcpy(c->quant, jpeg->quant[c->quant_id], sizeof c->quant);
        if (c->quant[0] == 0) return jpeg_fail(jpeg, "quantisation table (DQT) %d of a scan is missing", c->quant_id);
        c->coder = (JpegCoder){ &jpeg->huffman[p[1] >> 4], &jpeg->huffman[4 + (p[1] & 15)], 0 };
        scan->component[scan->count++] = c;
    }
    return progression_read(jpeg, scan, p);
}

static int16_t *block_at(const Component *c, int column, int row) {
    return c->blocks + 64 * ((size_t)row * (size_t)c->held + (size_t)column);
}

/* A minimum coded unit (A.2): one block of one component, or h x v blocks of each of several. */
static void unit_read(Scan *scan, int column, int row) {
    for (int i = 0; i < scan->count; i++) {
        Component *c = scan->component[i];
        int h = scan->count > 1 ? c->h : 1, v = scan->count > 1 ? c->v : 1;
        for (int k = 0; k < h * v; k++)
            jpeg_block_read(&scan->bits, &c->coder, block_at(c, column * h + k % h, row * v + k / h));
    }
}

static bool is_restart(int marker) { return marker >= RST0 && marker < SOI; }

/* Moves to the marker behind the data and returns its second byte; 0 at the end of the file. */
static int data_end(Jpeg *jpeg, JpegBits *b, bool last) {
    const uint8_t *p = b->file + b->at;
    bool surplus = b->count >= 8;
    for (; b->size - b->at >= 2; b->at++, p++) {
        if (p[0] == 0xff && p[1] != 0 && p[1] != 0xff && !(last && is_restart(p[1]))) break;
        surplus = surplus || p[0] != 0xff || p[1] != 0xff;
    }
    jpeg->at = b->at;
    if (surplus) jpeg_note(jpeg, "more data came than the picture needs");
    return b->size - b->at >= 2 ? p[1] : 0;
}

/* The markers between restart intervals are numbered 0 to 7 in turn; predictions begin anew (F.2.1.3.1). */
static bool restart_pass(Jpeg *jpeg, Scan *scan, int number) {
    JpegBits *b = &scan->bits;
    int marker = data_end(jpeg, b, false);
    if (marker != RST0 + number)
        return jpeg_fail(jpeg, "%02x came, restart marker %d was wanted; the file was cut or damaged", marker, number);
    b->at += 2;
    b->hold = 0;
    b->count = b->end_of_band = 0;
    for (int i = 0; i < scan->count; i++) scan->component[i]->coder.prediction = 0;
    return true;
}

static bool scan_read(Jpeg *jpeg, const uint8_t *p, int size) {
    Scan scan = { 0 };
    if (!scan_header(jpeg, &scan, p, size)) return false;
    JpegBits *b = &scan.bits;
    b->at = (size_t)(p + size - jpeg->file);
    int across = scan.count > 1 ? jpeg->across : scan.component[0]->columns;
    int units = across * (scan.count > 1 ? jpeg->down : scan.component[0]->rows), every = MAX(jpeg->restart, 1);
    for (int i = 0; i < units; i++) {
        if (jpeg->restart && i && i % every == 0 && !restart_pass(jpeg, &scan, (i / every - 1) % 8)) return false;
        unit_read(&scan, i % across, i / across);
        jpeg->at = b->at;
        if (b->damaged || b->count < 0)
            return jpeg_fail(jpeg, "%s in unit %d of %d of scan %d; the file was cut or damaged, fetch it again",
                             b->count < 0 ? "the data end" : "a code that no table (DHT) has", i, units, jpeg->scans);
    }
    data_end(jpeg, b, true);
    return true;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* The name of a kind that is not read here; NULL for others. */
static const char *refused(int marker) {
    int n = marker >= SOF0 && marker <= SOF15 && marker != DHT ? marker - SOF0 : 0;
    if (marker == DHP || (n >= 5 && n <= 7)) return "a hierarchical JPEG";
    if (marker == DNL) return "a JPEG with its height after the data (DNL)";
    if (n == 3 || marker == JPEG_LS) return "a lossless JPEG";
    return n >= 8 ? "a JPEG with arithmetic coding" : NULL;
}

static bool segment_read(Jpeg *jpeg, int marker, const uint8_t *p, int size) {
    jpeg->progressive = jpeg->progressive || marker == SOF2;
    if (marker >= SOF0 && marker <= SOF2) return frame_read(jpeg, p, size);
    if (marker == DHT) return huffman_read(jpeg, p, size);
    if (marker == DQT) return quant_read(jpeg, p, size);
    if (marker == SOS) return scan_read(jpeg, p, size);
    if (marker == DRI) jpeg->restart = big_endian_16(p);
    if (marker == APP0 && size >= 5 && !memcmp(p, "JFIF", 5)) jpeg->jfif = true;
    if (marker == APP14 && size >= 12 && !memcmp(p, "Adobe", 5)) jpeg->adobe = p[11];
    if (marker == APP1 && size >= 6 && !memcmp(p, "Exif", 5))
        jpeg->orientation = exif_orientation(p + 6, (size_t)size - 6);
    return true;
}

/* Walks over all segments. Any number of bytes ff may stand before a marker (B.1.1.2). */
static bool segments_walk(Jpeg *jpeg) {
    if (jpeg->size < 2 || jpeg->file[0] != 0xff || jpeg->file[1] != SOI)
        return jpeg_fail(jpeg, "the first 2 bytes are damaged, those of a JPEG file were wanted; fetch it again");
    for (jpeg->at = 2; jpeg->size - jpeg->at >= 2;) {
        const uint8_t *p = jpeg->file + jpeg->at;
        size_t left = jpeg->size - jpeg->at, length = left >= 4 ? (size_t)big_endian_16(p + 2) : 4;
        jpeg->at += p[0] == 0xff && p[1] == 0xff;
        if (p[0] == 0xff && p[1] == 0xff) continue;
        if (p[0] == 0xff && p[1] == EOI) return true;
        if (p[0] != 0xff || p[1] < SOF0 || is_restart(p[1]) || p[1] == SOI || length < 2 ||
            (p[1] == DRI && length != 4))
            return jpeg_fail(jpeg, "%02x %02x came, a segment was wanted; the file is damaged", p[0], p[1]);
        if (refused(p[1]))
            return jpeg_fail(jpeg, "this is %s, which is not read here; save it as baseline JPEG or PNG",
                             refused(p[1]));
        if (left < 4 || length > left - 2) break;
        if (!segment_read(jpeg, p[1], p + 4, (int)length - 2)) return false;
        if (p[1] != SOS) jpeg->at += 2 + length;
    }
    if (jpeg->count == 0 || jpeg->complete < 64 * jpeg->count)
        return jpeg_fail(jpeg, "the file ends before the picture is complete; it was cut, fetch it again");
    jpeg_note(jpeg, "the end marker (EOI) is missing or cut");
    return true;
}

/* The rule of jpeg.h. */
static JpegColour colour_of(const Jpeg *jpeg) {
    const Component *c = jpeg->component;
    if (jpeg->count == 1) return JPEG_GREY;
    if (jpeg->adobe > 2) jpeg_note(jpeg, "Adobe's marker has an unknown colour transform");
    if (jpeg->count == 4) return jpeg->adobe > 0 ? JPEG_YCCK : JPEG_CMYK;
    if (jpeg->jfif || jpeg->adobe > 0) return JPEG_YCC;
    return jpeg->adobe == 0 || (c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B') ? JPEG_RGB : JPEG_YCC;
}

static bool picture_make(const Jpeg *jpeg, Arena *arena, Image *image) {
    JpegPlane planes[COMPONENTS_MAX];
    if (jpeg->count == 0 || jpeg->begun < jpeg->count)
        return jpeg_fail(jpeg, "the end (EOI) came, after %d of %d components", jpeg->begun, jpeg->count);
    if (jpeg->complete < 64 * jpeg->count)
        jpeg_note(jpeg, "the end (EOI) came before all bits of the coefficients: details are missing");
    for (int i = 0; i < jpeg->count; i++) {
        const Component *c = &jpeg->component[i];
        planes[i] = c->plane;
        planes[i].v = arena_alloc(jpeg->scratch, (size_t)c->held * (size_t)c->rows, 64);
        for (int row = 0; row < c->rows; row++)
            for (int column = 0; column < c->columns; column++)
                jpeg_block_inverse(block_at(c, column, row), c->quant, &planes[i], column, row);
    }
    *image = jpeg_picture(arena, planes, colour_of(jpeg), jpeg->width, jpeg->height, jpeg->orientation);
    return true;
}

bool jpeg_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    Err note = { "" };
    Arena scratch = { 0 };
    Jpeg jpeg = { .name = name, .file = file.data, .size = file.size, .err = err, .note = &note, .scratch = &scratch };
    jpeg.adobe = -1;
    jpeg.orientation = 1;
    bool ok = segments_walk(&jpeg) && picture_make(&jpeg, arena, image);
    arena_free(&scratch);
    if (ok && note.text[0]) warn("%s", note.text);
    return ok;
}
