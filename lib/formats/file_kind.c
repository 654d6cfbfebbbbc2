#include "formats/file_kind.h"

#include "formats/byte_order.h"

#include <string.h>
#include <strings.h>

/* What a reader says: what it wanted, and what to do about a kind that holds it in another form, or another kind. */
static const struct {
    const char *what, *convert, *give;
} wants[] = {
    [HOLDS_PICTURE] = { "a PNG, JPEG, PPM or PGM picture", "a picture program can save it as PNG",
                        "give a picture instead" },
    [HOLDS_WEIGHTS] = { "a safetensors file", "fetch the model as one file, model.safetensors",
                        "give the weights of the model, model.safetensors" },
    [HOLDS_VOCABULARY] = { "CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz or merges.txt)", "",
                           "fetch that file; `make pretrained` does it" },
    [HOLDS_TABLE] = { "a table of pairs (CSV in UTF-8)", "save it as CSV (UTF-8)", "give the table instead" },
    [HOLDS_SOUND] = { "a WAV file", "a sound program can save it as WAV", "give a sound file instead" },
    [HOLDS_CONFIG] = { "a model's configuration (JSON)", "", "fetch that file again" },
};

#define PICTURE(name, article, converter)                                                                              \
    { name, article " " name " file", converter, HOLDS_PICTURE, "" }
#define MODEL(name, phrase)                                                                                            \
    { name, phrase, NULL, HOLDS_WEIGHTS, "" }
#define OTHER(name, phrase, holds)                                                                                     \
    { name, phrase, NULL, holds, "" }
#define MISHAP(name, phrase, advice)                                                                                   \
    { name, phrase, NULL, HOLDS_OTHER, advice }

static const FileKind jpeg = PICTURE("JPEG", "a", NULL), gif = PICTURE("GIF", "a", "gif");
static const FileKind webp = PICTURE("WebP", "a", "webp"), bmp = PICTURE("BMP", "a", "bmp");
static const FileKind tiff = PICTURE("TIFF", "a", "tiff"), avif = PICTURE("AVIF", "an", "avif");
static const FileKind heic = PICTURE("HEIC", "a", "heic"), jp2 = PICTURE("JPEG 2000", "a", "jp2");
static const FileKind j2k = PICTURE("JPEG 2000", "a", "j2k"), jxl = PICTURE("JPEG XL", "a", "jxl");
static const FileKind png = PICTURE("PNG", "a", NULL), ppm = OTHER("PPM", "a PPM or PGM file", HOLDS_PICTURE);
static const FileKind pbm = PICTURE("PBM", "a", NULL), pam = PICTURE("PAM", "a", NULL);
static const FileKind pfm = PICTURE("PFM", "a", NULL), psd = PICTURE("Photoshop", "a", NULL);
static const FileKind icon = PICTURE("ICO", "an", NULL), exr = PICTURE("OpenEXR", "an", NULL);
static const FileKind hdr = PICTURE("Radiance HDR", "a", NULL), qoi = PICTURE("QOI", "a", NULL);
static const FileKind dds = PICTURE("DDS", "a", NULL), icns = PICTURE("ICNS", "an", NULL);
static const FileKind postscript = PICTURE("PostScript", "a", NULL), raw = PICTURE("camera raw", "a", NULL);
static const FileKind mng = PICTURE("MNG", "an", NULL), svg = OTHER("SVG", "an SVG drawing", HOLDS_PICTURE);
static const FileKind wav = OTHER("WAV", "a sound file (RIFF/WAVE)", HOLDS_SOUND);
static const FileKind wide_wav = OTHER("WAV", "a sound file (RIFX or RF64)", HOLDS_SOUND);
static const FileKind sound = OTHER("sound", "a sound file (MP3, AAC, FLAC, Ogg, AIFF, AU or MIDI)", HOLDS_SOUND);
static const FileKind avi = OTHER("AVI", "a video file (RIFF/AVI)", HOLDS_SOUND);
static const FileKind mp4 = OTHER("MP4", "a video or sound file (MP4)", HOLDS_SOUND);
static const FileKind matroska = OTHER("Matroska", "a video or sound file (WebM or Matroska)", HOLDS_SOUND);
static const FileKind office = OTHER("Office", "a spreadsheet or a document of an Office program", HOLDS_TABLE);
static const FileKind columns = OTHER("Parquet", "a table in Parquet or Arrow", HOLDS_TABLE);
static const FileKind utf16 = OTHER("UTF-16", "a text in UTF-16 or UTF-32", HOLDS_TABLE);
static const FileKind rtf = OTHER("RTF", "a document (RTF)", HOLDS_OTHER);
static const FileKind sqlite = OTHER("SQLite", "a database (SQLite)", HOLDS_TABLE);
static const FileKind pdf = OTHER("PDF", "a PDF document", HOLDS_OTHER);
static const FileKind program = OTHER("program", "a program (ELF, EXE or Mach-O)", HOLDS_OTHER);
static const FileKind json = OTHER("JSON", "a JSON text", HOLDS_OTHER);

static const FileKind gguf = MODEL("GGUF", "a GGUF model"), ggml = MODEL("GGML", "a GGML model");
static const FileKind pickle = MODEL("pickle", "a Python pickle (PyTorch's old format)");
static const FileKind tflite = MODEL("TFLite", "a TensorFlow Lite model"), onnx = MODEL("ONNX", "an ONNX model");
static const FileKind numpy = MODEL("NumPy", "a NumPy array"), hdf5 = MODEL("HDF5", "an HDF5 file (Keras)");
static const FileKind shards = MODEL("JSON", "a JSON index of a model in several files");
static const FileKind zip = { "zip", "a zip archive", NULL, HOLDS_WEIGHTS, "unpack it, or fetch the file itself" };

static const FileKind zeros =
    MISHAP("zeros", "a file of zero bytes", "a download or a copy was not finished; fetch the file again");
static const FileKind lfs =
    MISHAP("Git LFS pointer", "a Git LFS pointer",
           "it only names the file; fetch the file itself (git lfs pull, or its download link)");
static const FileKind html = MISHAP(
    "HTML", "an HTML page", "a web page was saved in place of the file; use the download link of the file itself");
static const FileKind archive = MISHAP("archive", "a packed file (gzip, xz, bzip2, zstd, lz4, tar, 7z or RAR)",
                                       "unpack it, or fetch the file itself");
static const FileKind xml =
    MISHAP("XML", "an XML text", "a server's message was saved in place of the file; fetch the file again");
static const FileKind plain_text =
    MISHAP("text", "a text", "it may be a server's message in place of the file; read it, and fetch the file again");

/* A file of the kind has `bytes` at position `at`. */
static const struct {
    const FileKind *kind;
    size_t at, length;
    const char *bytes;
} signatures[] = {
    { &jpeg, 0, 3, "\xff\xd8\xff" },
    { &gif, 0, 4, "GIF8" },
    { &png, 0, 4, "\x89PNG" },
    { &bmp, 0, 2, "BM" },
    { &tiff, 0, 4, "II*\0" },
    { &tiff, 0, 4, "MM\0*" },
    { &tiff, 0, 4, "II+\0" }, /* BigTIFF */
    { &tiff, 0, 4, "MM\0+" },
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
    { &j2k, 0, 4, "\xff\x4f\xff\x51" }, /* a codestream alone */
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
    { &onnx, 2, 9, "\x12\7pytorch" }, /* the producer's name, after the version; others have no reliable mark */
    { &onnx, 2, 15, "\x12\x0donnx.quantize" },
    { &program, 0, 4, "\x7f\x45LF" },
    { &program, 0, 4, "MZ\x90\0" },
    { &program, 0, 4, "MZP\0" },
    { &program, 0, 4, "\xcf\xfa\xed\xfe" },
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

/* Brands of AVIF, of HEIC, of CR3 (Canon), in the order in which they are looked for. The last four of HEIC stand for
 * HEIF with any codec (ISO/IEC 23008-12), so that a brand of AVIF beside them decides. */
static const struct {
    const FileKind *kind;
    const char *brands;
} branded[] = {
    { &avif, "avifavisMA1AMA1B" },
    { &heic, "heicheixhevchevxheimheishevmhevsMiHAMiHBMiHEmif1mif2msf1miaf" },
    { &raw, "crx " },
};

/* A file of ISO/IEC 14496-12 by its first box: size, "ftyp", major brand, version, compatible brands. A file without a
 * brand of a picture is a video. */
static const FileKind *brand_kind(File file) {
    size_t end = MIN((size_t)big_endian_32(file.data), file.size);
    for (size_t i = 0; i < COUNT(branded); i++)
        for (const char *brand = branded[i].brands; *brand; brand += 4)
            for (size_t at = 8; at == 8 || at + 4 <= end; at += at == 8 ? 8 : 4)
                if (!memcmp(file.data + at, brand, 4)) return branded[i].kind;
    return &mp4;
}

/* The formats of Netpbm: P, a digit or letter, white space or a comment. */
static const FileKind *netpbm_kind(File file) {
    if (file.size < 3 || file.data[0] != 'P' || !memchr(" \t\r\n#", file.data[2], 5)) return NULL;
    switch (file.data[1]) {
    case '1':
    case '4': return &pbm;
    case '2':
    case '3':
    case '5':
    case '6': return &ppm;
    case '7': return &pam;
    case 'F':
    case 'f': return &pfm;
    default: return NULL;
    }
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

/* Whether one of the words begins the text. */
static bool begins(const char *text, size_t size, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (has_word(text, MIN(size, strlen(words[i])), words[i])) return true;
    return false;
}

enum { HEAD = 4096, INDEX_HEAD = 1 << 20 /* an index of shards can begin with a description */ };

static const FileKind *markup_kind(const char *at, size_t head) {
    static const char *const tags[] = { "<!doctype html", "<html", "<head>", "<body" };
    static const char *const declaration[] = { "<?xml" };
    static const char *const first[] = { "<title", "<script", "<meta", "<link", "<style", "<!--",
                                         "<h1",    "<p>",     "<div",  "<pre",  "<center" };
    for (size_t i = 0; i < COUNT(tags); i++)
        if (has_word(at, head, tags[i])) return &html;
    if (has_word(at, head, "<svg")) return &svg;
    if (begins(at, head, declaration, 1)) return &xml;
    return begins(at, head, first, COUNT(first)) ? &html : NULL;
}

/* Texts can begin with white space and a byte order mark. */
static const FileKind *text_kind(File file) {
    static const char *const pointers[] = { "version https://git-lfs", "version https://hawser" };
    if (file.size == 0) return NULL;
    const char *at = (const char *)file.data, *end = at + file.size;
    if (file.size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) at += 3;
    while (at < end && *at && strchr(" \t\r\n", *at)) at++;
    size_t left = (size_t)(end - at), head = MIN(left, (size_t)HEAD);
    if (head == 0) return NULL;
    if (begins(at, head, pointers, COUNT(pointers))) return &lfs;
    if (*at == '{') {
        bool sharded =
            has_word(at, head, "\"total_size\"") || has_word(at, MIN(left, (size_t)INDEX_HEAD), "\"weight_map\"");
        return sharded ? &shards : &json;
    }
    if (*at == '[' && head > 1 && strchr("{\"", at[1])) return &json;
    return *at == '<' ? markup_kind(at, head) : NULL;
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
    if (file.size >= 12 && !memcmp(file.data + 4, "ftyp", 4)) return brand_kind(file);
    if (file.size >= 12 && !memcmp(file.data, "RIFF", 4)) return riff_kind(file.data + 8);
    if (file.size >= 12 && !memcmp(file.data + 8, "WAVE", 4) &&
        (!memcmp(file.data, "RIFX", 4) || !memcmp(file.data, "RF64", 4)))
        return &wide_wav;
    if (file.size >= 12 && !memcmp(file.data, "FORM", 4) && !memcmp(file.data + 8, "AIF", 3)) return &sound;
    for (size_t i = 0; i < COUNT(signatures); i++) {
        size_t at = signatures[i].at, length = signatures[i].length;
        if (file.size >= at + length && !memcmp(file.data + at, signatures[i].bytes, length)) return signatures[i].kind;
    }
    if (netpbm_kind(file)) return netpbm_kind(file);
    if (is_zeros(file)) return &zeros;
    return is_wide_text(file) ? &utf16 : text_kind(file);
}

const char *file_wanted(FileHolds wanted) { return wants[wanted].what; }

static bool tell(const FileKind *kind, const char *name, FileHolds wanted, Err *err) {
    if (!kind) return false;
    const char *advice = *kind->advice ? kind->advice : wants[wanted].give;
    if (kind->holds == wanted) advice = wants[wanted].convert;
    err_set(err, "%s: byte 0: this is %s, %s was wanted; %s", name, kind->phrase, wants[wanted].what, advice);
    return true;
}

bool file_kind_tell(const char *name, File file, FileHolds wanted, Err *err) {
    return tell(file_kind(file), name, wanted, err);
}

bool file_kind_tell_binary(const char *name, File file, FileHolds wanted, Err *err) {
    const FileKind *kind = file_kind(file);
    return tell(kind ? kind : is_text(file) ? &plain_text : NULL, name, wanted, err);
}
