#include "formats/file_kind.h"

#include "core/file.h"

#include <string.h>

static const FileKind kinds[] = {
    { "JPEG", "jpeg", 0, 3, "\xff\xd8\xff" }, { "GIF", "gif", 0, 4, "GIF8" },
    { "WebP", "webp", 8, 4, "WEBP" },         { "BMP", "bmp", 0, 2, "BM" },
    { "TIFF", "tiff", 0, 4, "II*\0" },        { "TIFF", "tiff", 0, 4, "MM\0*" },
    { "AVIF", "avif", 4, 8, "ftypavif" },     { "HEIC", "heic", 4, 7, "ftyphei" },
    { "HEIC", "heic", 4, 8, "ftypmif1" },     { "JPEG 2000", "jp2", 0, 12, "\0\0\0\x0cjP  \r\n\x87\n" },
};

const FileKind *file_kind(File file) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const FileKind *k = &kinds[i];
        if (file.size >= k->at + k->length && !memcmp(file.data + k->at, k->bytes, k->length)) return k;
    }
    return NULL;
}
