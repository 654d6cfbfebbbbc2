#include "formats/image_file.h"

#include "formats/file_kind.h"
#include "formats/jpeg.h"
#include "formats/png.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- PPM and PGM (netpbm's ppm and pgm manual pages) ------------------------------------------------------------ */

typedef struct {
    const char *name;
    File file;
    size_t at;
    Err *err;
    int width, height, max, samples; /* max: the value of full brightness; samples: 3, or 1 for grey */
    bool text;
    size_t doubt; /* position of bytes that are read as data and could be a comment; 0: none */
} Ppm;

static bool ppm_fail(const Ppm *ppm, const char *format, ...) PRINTF_LIKE(2, 3);
static bool ppm_fail(const Ppm *ppm, const char *format, ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(ppm->err, "%s: byte %zu: %s", ppm->name, ppm->at, what);
}

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Skips white space and comments, from # to the end of the line. */
static void ppm_skip(Ppm *ppm) {
    bool comment = false;
    for (; ppm->at < ppm->file.size; ppm->at++) {
        uint8_t c = ppm->file.data[ppm->at];
        if (c == '#') comment = true;
        else if (c == '\n' || c == '\r') comment = false;
        else if (!comment && !is_blank(c)) return;
    }
}

/* A whole number from 0 to max. */
static bool ppm_number(Ppm *ppm, const char *what, int max, int *number) {
    ppm_skip(ppm);
    size_t digits = 0;
    long long value = 0;
    for (; ppm->at + digits < ppm->file.size && value <= max; digits++) {
        uint8_t c = ppm->file.data[ppm->at + digits];
        if (c < '0' || c > '9') break;
        value = value * 10 + (c - '0');
    }
    if (ppm->at == ppm->file.size) return ppm_fail(ppm, "the file ends here, %s was wanted", what);
    if (digits == 0)
        return ppm_fail(ppm, "%s was wanted, a number, and the byte %02x came", what, ppm->file.data[ppm->at]);
    if (value > max) return ppm_fail(ppm, "%s is %lld or more, %d is the most", what, value, max);
    ppm->at += digits;
    *number = (int)value;
    return true;
}

/* The position after the line of `at`, which ends with LF or CR; the LF of a CR LF is not passed over. */
static size_t line_end(File file, size_t at) {
    while (at < file.size && file.data[at] != '\n' && file.data[at] != '\r') at++;
    return MIN(at + 1, file.size);
}

static bool ppm_header(Ppm *ppm) {
    char kind = (char)ppm->file.data[1];
    ppm->text = kind < '5';
    ppm->samples = kind == '3' || kind == '6' ? 3 : 1;
    ppm->at = 2;
    if (!ppm_number(ppm, "the width", IMAGE_PIXELS_MAX, &ppm->width) ||
        !ppm_number(ppm, "the height", IMAGE_PIXELS_MAX, &ppm->height) ||
        !ppm_number(ppm, "the largest value", 65535, &ppm->max))
        return false;
    if (ppm->width == 0 || ppm->height == 0 || ppm->max == 0)
        return ppm_fail(ppm, "%d x %d pixels with values to %d, nothing may be 0", ppm->width, ppm->height, ppm->max);
    if ((int64_t)ppm->width * ppm->height > IMAGE_PIXELS_MAX)
        return ppm_fail(ppm, "%d x %d pixels, %d pixels are the most", ppm->width, ppm->height, IMAGE_PIXELS_MAX);
    if (ppm->at < ppm->file.size && ppm->file.data[ppm->at] == '#') ppm->at = line_end(ppm->file, ppm->at) - 1;
    if (ppm->at == ppm->file.size || !is_blank(ppm->file.data[ppm->at]))
        return ppm_fail(ppm, "one white space was wanted after the largest value");
    ppm->at++;
    return true;
}

static bool ppm_sample(Ppm *ppm, int *value) {
    if (ppm->text) return ppm_number(ppm, "a value", ppm->max, value);
    const uint8_t *p = ppm->file.data + ppm->at;
    *value = ppm->max > 255 ? p[0] << 8 | p[1] : p[0];
    if (*value > ppm->max) return ppm_fail(ppm, "the value %d came, %d is the largest", *value, ppm->max);
    ppm->at += ppm->max > 255 ? 2 : 1;
    return true;
}

/* Skips the LF of a CR LF, and comments, between the largest value and the binary data, as long as the `wanted` bytes
 * follow. Both can be data too: they are skipped when exactly these bytes follow in the end, or these and a last LF.
 * Else there is doubt. Returns the bytes that are left. */
static size_t ppm_comments(Ppm *ppm, size_t wanted) {
    const uint8_t *data = ppm->file.data;
    size_t at = ppm->at, size = ppm->file.size;
    for (size_t next = at; size - next >= wanted;) {
        at = next;
        if (data[at] == '#') next = line_end(ppm->file, at);
        else if (data[at] == '\n' && data[at - 1] == '\r') next = at + 1;
        else break;
    }
    size_t left = size - at;
    if (left == wanted || (left == wanted + 1 && data[size - 1] == '\n')) ppm->at = at;
    else if (at > ppm->at) ppm->doubt = ppm->at;
    return size - ppm->at;
}

static bool ppm_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    Ppm ppm = { .name = name, .file = file, .err = err };
    if (!ppm_header(&ppm)) return false;
    size_t samples = (size_t)ppm.width * (size_t)ppm.height * (size_t)ppm.samples, left = file.size - ppm.at;
    size_t least = ppm.max > 255 ? 2 * samples : samples;
    if (ppm.text) least = 2 * samples - 1; /* a digit and a space each */
    if (!ppm.text && left > least) left = ppm_comments(&ppm, least);
    if (left < least)
        return ppm_fail(&ppm,
                        "%zu bytes are left, %zu are the least for %d x %d pixels; the file was cut, fetch it again",
                        left, least, ppm.width, ppm.height);
    Image picture = image_new(arena, ppm.width, ppm.height);
    int repeat = 3 / ppm.samples, value = 0;
    for (size_t i = 0; i < samples; i++) {
        if (!ppm_sample(&ppm, &value)) return false;
        memset(picture.rgb + i * (size_t)repeat, (value * 255 + ppm.max / 2) / ppm.max, (size_t)repeat);
    }
    *image = picture;
    if (ppm.doubt)
        warn("%s: byte %zu: what can be a comment or a line's end after the largest value is read as pixels", name,
             ppm.doubt);
    return true;
}

static bool ppm_write(const char *path, Image image, Err *err) {
    OutFile out;
    if (!out_open(&out, path, err)) return false;
    fprintf(out.stream, "P6\n%d %d\n255\n", image.width, image.height);
    out_write(&out, image.rgb, (size_t)image.width * (size_t)image.height * 3);
    return out_commit(&out, err);
}

/* ---- which reader ----------------------------------------------------------------------------------------------- */

bool image_decode(Arena *arena, const char *name, File file, Image *image, Err *err) {
    const char *wanted = file_wanted(HOLDS_PICTURE);
    if (file.size == 0) return err_set(err, "%s: byte 0: the file is empty, %s was wanted", name, wanted);
    if (file.size >= 4 && !memcmp(file.data, png_signature, 4)) return png_decode(arena, name, file, image, err);
    if (file.size >= 3 && !memcmp(file.data, "\xff\xd8\xff", 3)) return jpeg_decode(arena, name, file, image, err);
    if (file.size >= 2 && file.data[0] == 'P' && memchr("2356", file.data[1], 4))
        return ppm_decode(arena, name, file, image, err);
    if (file_kind_tell_binary(name, file, HOLDS_PICTURE, err)) return false;
    return err_set(err, "%s: byte 0: the file begins with %02x %02x, %s was wanted", name, file.data[0],
                   file.size > 1 ? file.data[1] : 0, wanted);
}

bool image_read(Arena *arena, const char *path, Image *image, Err *err) {
    File file;
    if (!file_open(&file, path, err)) return false;
    bool ok = image_decode(arena, path, file, image, err);
    file_close(&file);
    return ok;
}

bool image_write(const char *path, Image image, Err *err) {
    size_t length = strlen(path);
    bool ppm = length >= 4 && !strcmp(path + length - 4, ".ppm");
    return ppm ? ppm_write(path, image, err) : png_write(path, image, err);
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }
static int name_order(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

bool folder_files(Arena *arena, const char *folder, const char ***names, int *count, Err *err) {
    struct dirent **entries;
    int found = scandir(folder, &entries, is_visible, name_order);
    if (found < 0) return err_set(err, "%s: %s; a folder of pictures was wanted", folder, strerror(errno));
    *names = arena_alloc(arena, (size_t)found, sizeof **names);
    *count = 0;
    for (int i = 0; i < found; i++) {
        const char *name = arena_text(arena, entries[i]->d_name);
        if (!folder_exists(arena_print(arena, "%s/%s", folder, name))) (*names)[(*count)++] = name;
        free(entries[i]);
    }
    free(entries);
    return true;
}
