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
static const FileKind png = { "PNG", "a PNG file", NULL, "" }, ppm = { "PPM", "a PPM or PGM file", NULL, "" };
static const FileKind pbm = PICTURE("PBM", "a", NULL), pam = PICTURE("PAM", "a", NULL);
static const FileKind pfm = PICTURE("PFM", "a", NULL), psd = PICTURE("Photoshop", "a", NULL);
static const FileKind icon = PICTURE("ICO", "an", NULL), exr = PICTURE("OpenEXR", "an", NULL);
static const FileKind hdr = PICTURE("Radiance HDR", "a", NULL), qoi = PICTURE("QOI", "a", NULL);
static const FileKind dds = PICTURE("DDS", "a", NULL), icns = PICTURE("ICNS", "an", NULL);
static const FileKind postscript = PICTURE("PostScript", "a", NULL), raw = PICTURE("camera raw", "a", NULL);
static const FileKind mng = PICTURE("MNG", "an", NULL);
static const FileKind svg = { "SVG", "an SVG drawing", NULL, "a picture program can save it as PNG" };
static const FileKind wav = { "WAV", "a sound file (RIFF/WAVE)", NULL, "" };
static const FileKind wide_wav = { "WAV", "a sound file (RIFX or RF64)", NULL, "a sound program can save it as WAV" };
static const FileKind sound = { "sound", "a sound file (MP3, AAC, FLAC, Ogg, AIFF, AU or MIDI)", NULL,
                                "a sound program can save it as WAV" };
static const FileKind avi = { "AVI", "a video file (RIFF/AVI)", NULL, "" };
static const FileKind mp4 = { "MP4", "a video or sound file (MP4)", NULL, "" };
static const FileKind matroska = { "Matroska", "a video or sound file (WebM or Matroska)", NULL, "" };
static const FileKind office = { "Office", "a spreadsheet or a document of an Office program", NULL,
                                 "such a program can save a table as CSV (UTF-8)" };
static const FileKind rtf = { "RTF", "a document (RTF)", NULL, "" };
static const FileKind sqlite = { "SQLite", "a database (SQLite)", NULL, "" };
static const FileKind columns = { "Parquet", "a table in Parquet or Arrow", NULL, "save it as CSV (UTF-8)" };
static const FileKind utf16 = { "UTF-16", "a text in UTF-16 or UTF-32", NULL, "save it as UTF-8" };
static const FileKind zeros = { "zeros", "a file of zero bytes", NULL,
                                "a download or a copy was not finished; fetch the file again" };
static const FileKind pdf = { "PDF", "a PDF document", NULL, "" };
static const FileKind lfs = { "Git LFS pointer", "a Git LFS pointer", NULL,
                              "it only names the file; fetch the file itself (git lfs pull, or its download link)" };
static const FileKind html = { "HTML", "an HTML page", NULL,
                               "a web page was saved in place of the file; use the download link of the file itself" };
static const FileKind zip = { "zip", "a zip archive", NULL,
                              "unpack it; if it is a PyTorch model (.pt, .bin), fetch model.safetensors instead" };
static const FileKind archive = { "archive", "a packed file (gzip, xz, bzip2, zstd, lz4, tar, 7z or RAR)", NULL,
                                  "unpack it, or fetch the file itself" };

#define MODEL(name, phrase)                                                                                            \
    { name, phrase, NULL, "fetch the model as model.safetensors instead" }

static const FileKind gguf = MODEL("GGUF", "a GGUF model"), ggml = MODEL("GGML", "a GGML model");
static const FileKind pickle = MODEL("pickle", "a Python pickle (PyTorch's old format)");
static const FileKind tflite = MODEL("TFLite", "a TensorFlow Lite model");
static const FileKind numpy = MODEL("NumPy", "a NumPy array"), hdf5 = MODEL("HDF5", "an HDF5 file (Keras)");
static const FileKind shards = { "JSON", "a JSON index of a model in several files", NULL,
                                 "fetch the model as one file, model.safetensors; CLIP's vocabulary is in merges.txt" };
static const FileKind xml = { "XML", "an XML text", NULL,
                              "a server's message was saved in place of the file; fetch the file again" };
static const FileKind plain_text = {
    "text", "a text", NULL, "it may be a server's message in place of the file; read it, and fetch the file again"
};
static const FileKind json = { "JSON", "a JSON text", NULL,
                               "if it came with a model: the weights are in model.safetensors, the vocabulary is in "
                               "merges.txt" };

/* A file of the kind has `bytes` at position `at`. */
static const struct {
    const FileKind *kind;
    size_t at, length;
    const char *bytes;
} signatures[] = {
    { &jpeg, 0, 3, "\xff\xd8\xff" },
    { &gif, 0, 4, "GIF8" },
    { &png, 0, 4, "\x89PNG" },
    { &ppm, 0, 2, "P6" },
    { &ppm, 0, 2, "P5" },
    { &bmp, 0, 2, "BM" },
    { &tiff, 0, 4, "II*\0" },
    { &tiff, 0, 4, "MM\0*" },
    { &tiff, 0, 4, "II+\0" }, /* BigTIFF */
    { &tiff, 0, 4, "MM\0+" },
    { &pbm, 0, 3, "P1\n" },
    { &pbm, 0, 3, "P4\n" },
    { &pam, 0, 3, "P7\n" },
    { &pfm, 0, 3, "PF\n" },
    { &pfm, 0, 3, "Pf\n" },
    { &psd, 0, 4, "8BPS" },
    { &icon, 0, 4, "\0\0\1\0" },
    { &exr, 0, 4, "\x76\x2f\x31\x01" },
    { &hdr, 0, 10, "#?RADIANCE" },
    { &qoi, 0, 4, "qoif" },
    { &dds, 0, 4, "DDS " },
    { &icns, 0, 4, "icns" },
    { &postscript, 0, 4, "%!PS" },
    { &mng, 0, 4, "\x8aMNG" },
    { &mng, 0, 4, "\x8bJNG" },
    { &jp2, 0, 8, "\0\0\0\x0cjP  " },
    { &jxl, 0, 2, "\xff\x0a" },
    { &jxl, 0, 8, "\0\0\0\x0cJXL " },
    { &pdf, 0, 5, "%PDF-" },
    { &office, 0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
    { &office, 30, 19, "[Content_Types].xml" }, /* in a zip archive, as are the next two */
    { &office, 30, 11, "_rels/.rels" },
    { &office, 30, 47, "mimetypeapplication/vnd.oasis.opendocument.spre" },
    { &rtf, 0, 5, "{\\rtf" },
    { &sqlite, 0, 16, "SQLite format 3" },
    { &columns, 0, 4, "PAR1" },
    { &columns, 0, 6, "ARROW1" },
    { &utf16, 0, 2, "\xff\xfe" },
    { &utf16, 0, 2, "\xfe\xff" },
    { &utf16, 0, 4, "\0\0\xfe\xff" },
    { &lfs, 0, 23, "version https://git-lfs" },
    { &lfs, 0, 22, "version https://hawser" },
    { &zip, 0, 4, "PK\3\4" },
    { &zip, 0, 4, "PK\5\6" }, /* an empty one */
    { &archive, 0, 2, "\x1f\x8b" },
    { &archive, 0, 2, "\x1f\x9d" }, /* compress */
    { &archive, 0, 4, "\x04\x22\x4d\x18" },
    { &archive, 0, 6,
      "\xfd"
      "7zXZ" },
    { &archive, 0, 3, "BZh" },
    { &archive, 0, 4, "\x28\xb5\x2f\xfd" },
    { &archive, 0, 6, "7z\xbc\xaf\x27\x1c" },
    { &archive, 0, 4, "Rar!" },
    { &archive, 257, 5, "ustar" },
    { &sound, 0, 3, "ID3" },
    { &sound, 0, 4, "fLaC" },
    { &sound, 0, 4, "OggS" },
    { &sound, 0, 4, ".snd" },
    { &sound, 0, 4, "MThd" },
    { &sound, 0, 2, "\xff\xfb" }, /* MPEG without ID3: layer 3 of MPEG 1 and 2, with and without a CRC; AAC (ADTS) */
    { &sound, 0, 2, "\xff\xfa" },
    { &sound, 0, 2, "\xff\xf3" },
    { &sound, 0, 2, "\xff\xf2" },
    { &sound, 0, 2, "\xff\xf1" },
    { &sound, 0, 2, "\xff\xf9" },
    { &matroska, 0, 4, "\x1a\x45\xdf\xa3" },
    { &tflite, 4, 4, "TFL3" },
    { &numpy, 0, 6, "\x93NUMPY" },
    { &hdf5, 0, 4, "\x89HDF" },
    { &ggml, 0, 4, "lmgg" },
    { &ggml, 0, 4, "tjgg" },
    { &ggml, 0, 4, "fmgg" },
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
    return memcmp(brand, "crx ", 4) ? &mp4 : &raw; /* CR3 of Canon */
}

/* The forms of the Resource Interchange File Format; NULL: another one. */
static const FileKind *riff_kind(const uint8_t *form) {
    if (!memcmp(form, "WEBP", 4)) return &webp;
    if (!memcmp(form, "WAVE", 4)) return &wav;
    return memcmp(form, "AVI ", 4) == 0 ? &avi : NULL;
}

/* Whether `word` is in the first `size` bytes, letters of either case. */
static bool has_word(const char *text, size_t size, const char *word) {
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= size; at++)
        if (!strncasecmp(text + at, word, length)) return true;
    return false;
}

enum { HEAD = 4096 };

/* Texts can begin with white space and a byte order mark. */
static const FileKind *text_kind(File file) {
    if (file.size == 0) return NULL;
    const char *at = (const char *)file.data, *end = at + file.size;
    if (file.size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) at += 3;
    while (at < end && *at && strchr(" \t\r\n", *at)) at++;
    size_t head = MIN((size_t)(end - at), (size_t)HEAD);
    if (head == 0) return NULL;
    if (*at == '{')
        return has_word(at, head, "\"weight_map\"") || has_word(at, head, "\"total_size\"") ? &shards : &json;
    if (*at == '[' && head > 1 && strchr("{\"", at[1])) return &json;
    if (*at != '<') return NULL;
    static const char *const tags[] = { "<!doctype html", "<html", "<head>", "<body" };
    for (size_t i = 0; i < COUNT(tags); i++)
        if (has_word(at, head, tags[i])) return &html;
    if (has_word(at, head, "<svg")) return &svg;
    return has_word(at, MIN(head, (size_t)5), "<?xml") ? &xml : NULL;
}

/* At least four bytes of UTF-8, and no control characters but white space, in the first bytes. */
static bool is_text(File file) {
    int left = 0; /* bytes of a letter that must follow */
    for (size_t i = 0; i < MIN(file.size, (size_t)HEAD); i++) {
        uint8_t c = file.data[i];
        bool follows = (c & 0xc0) == 0x80, control = c == 0x7f || (c < ' ' && (c < '\t' || c > '\r'));
        if (follows != (left > 0) || control || c == 0xc0 || c == 0xc1 || c > 0xf4) return false;
        left = follows ? left - 1 : c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    }
    return file.size >= 4;
}

static bool is_zeros(File file) {
    size_t at = 0;
    while (at < MIN(file.size, (size_t)HEAD) && file.data[at] == 0) at++;
    return file.size >= 16 && at == MIN(file.size, (size_t)HEAD);
}

/* Two of three bytes are ASCII letters with a zero byte each: UTF-16 without a byte order mark. */
static bool is_wide_text(File file) {
    size_t head = MIN(file.size, (size_t)64) & ~(size_t)1, pairs = 0;
    for (size_t i = 0; i < head; i += 2) {
        bool low = file.data[i + 1] == 0 && file.data[i] >= '\t' && file.data[i] < 0x7f;
        bool high = file.data[i] == 0 && file.data[i + 1] >= '\t' && file.data[i + 1] < 0x7f;
        pairs += low || high;
    }
    return head >= 16 && 3 * pairs >= head;
}

const FileKind *file_kind(File file) {
    if (file.size >= 12 && !memcmp(file.data + 4, "ftyp", 4)) return brand_kind(file.data + 8);
    if (file.size >= 12 && !memcmp(file.data, "RIFF", 4)) return riff_kind(file.data + 8);
    if (file.size >= 12 && !memcmp(file.data + 8, "WAVE", 4) &&
        (!memcmp(file.data, "RIFX", 4) || !memcmp(file.data, "RF64", 4)))
        return &wide_wav;
    if (file.size >= 12 && !memcmp(file.data, "FORM", 4) && !memcmp(file.data + 8, "AIF", 3)) return &sound;
    for (size_t i = 0; i < COUNT(signatures); i++) {
        size_t at = signatures[i].at, length = signatures[i].length;
        if (file.size >= at + length && !memcmp(file.data + at, signatures[i].bytes, length)) return signatures[i].kind;
    }
    if (is_zeros(file)) return &zeros;
    return is_wide_text(file) ? &utf16 : text_kind(file);
}

static bool tell(const FileKind *kind, const char *name, const char *wanted, Err *err) {
    if (!kind) return false;
    err_set(err, "%s: byte 0: this is %s, %s was wanted%s%s", name, kind->phrase, wanted, *kind->advice ? "; " : "",
            kind->advice);
    return true;
}

bool file_kind_tell(const char *name, File file, const char *wanted, Err *err) {
    return tell(file_kind(file), name, wanted, err);
}

bool file_kind_tell_binary(const char *name, File file, const char *wanted, Err *err) {
    const FileKind *kind = file_kind(file);
    return tell(kind ? kind : is_text(file) ? &plain_text : NULL, name, wanted, err);
}
