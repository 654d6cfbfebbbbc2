#include "formats/file_kind.h"

#include <string.h>
#include <strings.h>

#define PICTURE(name, article, converter)                                                                              \
    { name, article " " name " file", converter, "a picture program can save it as PNG" }

static const FileKind jpeg = { "JPEG", "a JPEG file", NULL, "" }, gif = PICTURE("GIF", "a", "gif");
static const FileKind webp = PICTURE("WebP", "a", "webp"), bmp = PICTURE("BMP", "a", "bmp");
static const FileKind tiff = PICTURE("TIFF", "a", "tiff"), avif = PICTURE("AVIF", "an", "avif");
static const FileKind heic = PICTURE("HEIC", "a", "heic"), jp2 = PICTURE("JPEG 2000", "a", "jp2");
static const FileKind jxl = PICTURE("JPEG XL", "a", "jxl");
static const FileKind wav = { "WAV", "a sound file (RIFF/WAVE)", NULL, "" };
static const FileKind avi = { "AVI", "a video file (RIFF/AVI)", NULL, "" };
static const FileKind mp4 = { "MP4", "a video or sound file (MP4)", NULL, "" };
static const FileKind pdf = { "PDF", "a PDF document", NULL, "" };
static const FileKind lfs = { "Git LFS pointer", "a Git LFS pointer", NULL,
                              "it only names the file; fetch the file itself (git lfs pull, or its download link)" };
static const FileKind html = { "HTML", "an HTML page", NULL,
                               "a web page was saved in place of the file; use the download link of the file itself" };
static const FileKind zip = { "zip", "a zip archive", NULL,
                              "unpack it; if it is a PyTorch model (.pt, .bin), fetch model.safetensors instead" };
static const FileKind gguf = { "GGUF", "a GGUF model", NULL, "fetch the model as model.safetensors instead" };
static const FileKind pickle = { "pickle", "a Python pickle (PyTorch's old format)", NULL,
                                 "fetch the model as model.safetensors instead" };
static const FileKind shards = { "JSON", "a JSON index of a model in several files", NULL,
                                 "fetch the model as one file, model.safetensors" };
static const FileKind json = { "JSON", "a JSON text", NULL,
                               "weights are in model.safetensors, CLIP's vocabulary is in merges.txt" };

/* A file of the kind has `bytes` at position `at`. */
static const struct {
    const FileKind *kind;
    size_t at, length;
    const char *bytes;
} signatures[] = {
    { &jpeg, 0, 3, "\xff\xd8\xff" },
    { &gif, 0, 4, "GIF8" },
    { &webp, 8, 4, "WEBP" },
    { &wav, 8, 4, "WAVE" },
    { &avi, 8, 4, "AVI " },
    { &bmp, 0, 2, "BM" },
    { &tiff, 0, 4, "II*\0" },
    { &tiff, 0, 4, "MM\0*" },
    { &jp2, 0, 8, "\0\0\0\x0cjP  " },
    { &jxl, 0, 2, "\xff\x0a" },
    { &jxl, 0, 8, "\0\0\0\x0cJXL " },
    { &pdf, 0, 5, "%PDF-" },
    { &lfs, 0, 23, "version https://git-lfs" },
    { &zip, 0, 4, "PK\3\4" },
    { &gguf, 0, 4, "GGUF" },
    { &pickle, 0, 2, "\x80\2" },
    { &pickle, 0, 2, "\x80\3" },
    { &pickle, 0, 2, "\x80\4" },
    { &pickle, 0, 2, "\x80\5" },
};

/* The major brands of ISO/IEC 23008-12 (HEIF) and of AVIF; other brands are videos. */
static const FileKind *brand_kind(const uint8_t *brand) {
    static const char brands[] = "avifavisheicheixhevchevxheimheishevmhevsmif1msf1";
    for (const char *at = brands; *at; at += 4)
        if (!memcmp(brand, at, 4)) return at < brands + 8 ? &avif : &heic;
    return &mp4;
}

/* Whether `word` is in the first `size` bytes, letters of either case. */
static bool has_word(const char *text, size_t size, const char *word) {
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= size; at++)
        if (!strncasecmp(text + at, word, length)) return true;
    return false;
}

/* Texts can begin with white space and a byte order mark. */
static const FileKind *text_kind(File file) {
    enum { HEAD = 4096 };
    if (file.size == 0) return NULL;
    const char *text = (const char *)file.data, *end = text + file.size;
    if (file.size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) text += 3;
    while (text < end && strchr(" \t\r\n", *text) && *text) text++;
    size_t left = (size_t)(end - text), head = MIN(left, (size_t)HEAD);
    if (left == 0) return NULL;
    if (*text == '{')
        return has_word(text, head, "\"weight_map\"") || has_word(text, head, "\"total_size\"") ? &shards : &json;
    bool tag =
        *text == '<' && (has_word(text, MIN(left, (size_t)16), "<!doctype html") || has_word(text, head, "<html"));
    return tag ? &html : NULL;
}

const FileKind *file_kind(File file) {
    if (file.size >= 12 && !memcmp(file.data + 4, "ftyp", 4)) return brand_kind(file.data + 8);
    for (size_t i = 0; i < COUNT(signatures); i++) {
        size_t at = signatures[i].at, length = signatures[i].length;
        if (file.size >= at + length && !memcmp(file.data + at, signatures[i].bytes, length)) return signatures[i].kind;
    }
    return text_kind(file);
}

bool file_kind_tell(const char *name, File file, const char *wanted, Err *err) {
    const FileKind *kind = file_kind(file);
    if (!kind) return false;
    err_set(err, "%s: byte 0: this is %s, %s was wanted%s%s", name, kind->phrase, wanted, *kind->advice ? "; " : "",
            kind->advice);
    return true;
}
