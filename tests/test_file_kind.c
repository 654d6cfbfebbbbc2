/* file_kind: each kind by its first bytes, and what the readers of pictures, weights and vocabularies say about it. */
#include "core/arena.h"
#include "core/file.h"
#include "dataset/bpe.h"
#include "formats/file_kind.h"
#include "formats/image_file.h"
#include "formats/safetensors.h"
#include "check.h"

#include <string.h>

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *name, *phrase; /* NULL: no known kind */
} cases[] = {
    { BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), "JPEG", "a JPEG file" },
    { BYTES("GIF89a"), "GIF", "a GIF file" },
    { BYTES("RIFF\0\0\0\0WEBPVP8 "), "WebP", "a WebP file" },
    { BYTES("RIFF\0\0\0\0WAVEfmt "), "WAV", "a sound file (RIFF/WAVE)" },
    { BYTES("RIFF\0\0\0\0AVI LIST"), "AVI", "a video file (RIFF/AVI)" },
    { BYTES("RIFF\0\0\0\0ACON"), NULL, NULL },
    { BYTES("BM\0\0"), "BMP", "a BMP file" },
    { BYTES("II*\0"), "TIFF", "a TIFF file" },
    { BYTES("MM\0*"), "TIFF", "a TIFF file" },
    { BYTES("\0\0\0\x18"
            "ftypheic\0\0\0\0"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypheix\0\0\0\0"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftyphevc\0\0\0\0"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypmif1\0\0\0\0"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypmsf1\0\0\0\0"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypavif\0\0\0\0"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypavis\0\0\0\0"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypisom\0\0\0\0"),
      "MP4", "a video or sound file (MP4)" },
    { BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000", "a JPEG 2000 file" },
    { BYTES("\xff\x0a\xff\0"), "JPEG XL", "a JPEG XL file" },
    { BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL", "a JPEG XL file" },
    { BYTES("%PDF-1.7"), "PDF", "a PDF document" },
    { BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS pointer", "a Git LFS pointer" },
    { BYTES("<!DOCTYPE html><html>"), "HTML", "an HTML page" },
    { BYTES("\xef\xbb\xbf\r\n <!doctype HTML>\n"), "HTML", "an HTML page" },
    { BYTES("<!-- saved --><HTML lang=de>"), "HTML", "an HTML page" },
    { BYTES("<svg xmlns='x'>"), "SVG", "an SVG drawing" },
    { BYTES("<?xml version='1.0'?>\n<svg xmlns='x'>"), "SVG", "an SVG drawing" },
    { BYTES("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"), "XML", "an XML text" },
    { BYTES("<head><title>Sign in</title>"), "HTML", "an HTML page" },
    { BYTES("<!-- x -->\n<!doctype html>"), "HTML", "an HTML page" },
    { BYTES("version https://hawser.github.com/spec/v1\noid sha256:0\n"), "Git LFS pointer", "a Git LFS pointer" },
    { BYTES("PK\5\6\0\0"), "zip", "a zip archive" },
    { BYTES("\xfd"
            "7zXZ\0"),
      "archive", "a packed file" },
    { BYTES("BZh91AY"), "archive", "a packed file" },
    { BYTES("\x28\xb5\x2f\xfd\0"), "archive", "a packed file" },
    { BYTES("7z\xbc\xaf\x27\x1c"), "archive", "a packed file" },
    { BYTES("Rar!\x1a\7"), "archive", "a packed file" },
    { BYTES("ID3\4\0"), "sound", "a sound file" },
    { BYTES("fLaC\0"), "sound", "a sound file" },
    { BYTES("OggS\0"), "sound", "a sound file" },
    { BYTES("\x93NUMPY\1\0"), "NumPy", "a NumPy array" },
    { BYTES("\x89HDF\r\n\x1a\n"), "HDF5", "an HDF5 file (Keras)" },
    { BYTES("lmgg\0"), "GGML", "a GGML model" },
    { BYTES("{\"text\":{\"a\":1}}"), "JSON", "a JSON text" },
    { BYTES("[{\"error\":\"gated\"}]"), "JSON", "a JSON text" },
    { BYTES("123456WEBPVP8 "), NULL, NULL },
    { BYTES("12345678WAVEfmt "), NULL, NULL },
    { BYTES("PK\3\4\0\0"), "zip", "a zip archive" },
    { BYTES("GGUF\3\0\0\0"), "GGUF", "a GGUF model" },
    { BYTES("\x80\2}q\0("), "pickle", "a Python pickle (PyTorch's old format)" },
    { BYTES("{\"metadata\": {\"total_size\": 9}, \"weight_map\": {}}"), "JSON",
      "a JSON index of a model in several files" },
    { BYTES("{\"model\": {\"merges\": []}}"), "JSON", "a JSON text" },
    { BYTES(""), NULL, NULL },
    { BYTES(" \n"), NULL, NULL },
    { BYTES("P1\n2 2\n"), "PBM", "a PBM file" },
    { BYTES("P4\n2 2\n"), "PBM", "a PBM file" },
    { BYTES("P7\nWIDTH 1\n"), "PAM", "a PAM file" },
    { BYTES("PF\n1 1\n"), "PFM", "a PFM file" },
    { BYTES("8BPS\0\1"), "Photoshop", "a Photoshop file" },
    { BYTES("\0\0\1\0\1\0"), "ICO", "an ICO file" },
    { BYTES("\x76\x2f\x31\x01"), "OpenEXR", "an OpenEXR file" },
    { BYTES("#?RADIANCE\n"), "Radiance HDR", "a Radiance HDR file" },
    { BYTES("%!PS-Adobe-3.0 EPSF\n"), "PostScript", "a PostScript file" },
    { BYTES("II+\0\x08\0\0\0"), "TIFF", "a TIFF file" },
    { BYTES("\0\0\0\x18"
            "ftypcrx \0\0\0\1"),
      "camera raw", "a camera raw file" },
    { BYTES("\x1a\x45\xdf\xa3\1"), "Matroska", "a video or sound file (WebM" },
    { BYTES("\xff\xfb\x90\x44"), "sound", "a sound file (MP3" },
    { BYTES("FORM\0\0\0\1AIFFCOMM"), "sound", "a sound file (MP3" },
    { BYTES("RIFX\0\0\0\1WAVEfmt "), "WAV", "a sound file (RIFX" },
    { BYTES("{\\rtf1\\ansi x}"), "RTF", "a document (RTF)" },
    { BYTES("PK\3\4......................\x13\0\0\0[Content_Types].xml"), "Office", "a spreadsheet or a document" },
    { BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "Office", "a spreadsheet or a document" },
    { BYTES("SQLite format 3\0"), "SQLite", "a database" },
    { BYTES("PAR1\x15\4"), "Parquet", "a table in Parquet" },
    { BYTES("\x04\x22\x4d\x18"), "archive", "a packed file" },
    { BYTES("\x1c\0\0\0TFL3\0"), "TFLite", "a TensorFlow Lite model" },
    { BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "zeros", "a file of zero bytes" },
    { BYTES("\xff\xfe<\0h\0t\0m\0l\0"), "UTF-16", "a text in UTF-16" },
    { BYTES("<\0h\0t\0m\0l\0>\0\r\0\n\0"), "UTF-16", "a text in UTF-16" },
    { BYTES("\0<\0h\0t\0m\0l\0>\0\r\0\n"), "UTF-16", "a text in UTF-16" },
    { BYTES("\"bpe_simple_vocab_16e6.txt#version: 0.2\n"), NULL, NULL },
    { BYTES("\0\0"), NULL, NULL },
    { BYTES("\0\0\0\x18"
            "ftypmif1\0\0\0\0mif1avif"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypmif1\0\0\0\0mif1heic"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypmsf1\0\0\0\0msf1avis"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypmiaf\0\0\0\0miafMA1B"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypmiaf\0\0\0\0heicMiHE"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftypmif2\0\0\0\0mif2heix"),
      "HEIC", "a HEIC file" },
    { BYTES("\0\0\0\x18"
            "ftyp1234\0\0\0\0mif1avif"),
      "AVIF", "an AVIF file" },
    { BYTES("\0\0\0\x18"
            "ftypisom\0\0\0\0isommp41"),
      "MP4", "a video or sound file (MP4)" },
    { BYTES("\0\0\0\x14"
            "ftypisom\0\0\0\0isomavif"),
      "MP4", "a video or sound file (MP4)" },
    { BYTES("\0\0\0\x18"
            "ftypisomavif"),
      "MP4", "a video or sound file (MP4)" },
    { BYTES("\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer", "a Git LFS pointer" },
    { BYTES("\r\nversion https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer", "a Git LFS pointer" },
    { BYTES("<title>Just a moment...</title><script>"), "HTML", "an HTML page" },
    { BYTES("\n <SCRIPT>location=1</SCRIPT>"), "HTML", "an HTML page" },
    { BYTES("<meta charset=utf-8>"), "HTML", "an HTML page" },
    { BYTES("<!-- saved --><p>x"), "HTML", "an HTML page" },
    { BYTES("<!-- drawn --><svg xmlns='x'><title>x</title></svg>"), "SVG", "an SVG drawing" },
    { BYTES("<tag>"), NULL, NULL },
    { BYTES("P1 2 2 1 0 0 1"), "PBM", "a PBM file" },
    { BYTES("P4# a comment\n8 1\n\1"), "PBM", "a PBM file" },
    { BYTES("P6\r\n1 1 255 ab"), "PPM", "a PPM or PGM file" },
    { BYTES("P2\t1 1 1"), "PPM", "a PPM or PGM file" },
    { BYTES("P4x8 1\n"), NULL, NULL },
    { BYTES("P8 8 1\n"), NULL, NULL },
    { BYTES("\xff\x4f\xff\x51\0"), "JPEG 2000", "a JPEG 2000 file" },
    { BYTES("\x7f"
            "ELF\2\1"),
      "program", "a program (ELF" },
    { BYTES("MZ\x90\0\3"), "program", "a program (ELF" },
    { BYTES("MZ is a text"), NULL, NULL },
    { BYTES("\x08\x08\x12\7pytorch\x1a"), "ONNX", "an ONNX model" },
    { BYTES("\x08\x07\x12\x0donnx.quantize\x1a"), "ONNX", "an ONNX model" },
};

TEST(kinds_by_their_first_bytes) {
    for (size_t i = 0; i < COUNT(cases); i++) {
        const FileKind *kind = file_kind((File){ .data = (const uint8_t *)cases[i].bytes, .size = cases[i].size });
        CHECK(!kind == !cases[i].name, "case %zu: %s", i, kind ? kind->name : "none");
        if (!kind) continue;
        size_t length = strlen(cases[i].phrase);
        CHECK(!strcmp(kind->name, cases[i].name) && !strncmp(kind->phrase, cases[i].phrase, length), "case %zu: %s", i,
              kind->phrase);
    }
}

/* The same file where pictures, weights or a vocabulary were wanted: one line with its name and what to do. */
TEST(readers_say_what_it_is) {
    Arena arena = { 0 };
    const char *path = arena_print(&arena, "%s/file", check_folder());
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!cases[i].name) continue;
        Err picture, weights, words;
        Image image;
        Safetensors file;
        Bpe bpe;
        file_mock(path, cases[i].bytes, cases[i].size);
        CHECK(!image_read(&arena, path, &image, &picture), "%s", cases[i].name); /* JPEG and PPM are cut */
        CHECK(!safetensors_open(&file, &arena, path, &weights), "%s", cases[i].name);
        CHECK(!bpe_read(&bpe, &arena, path, &words), "%s", cases[i].name);
        const char *said[] = { picture.text, weights.text, words.text };
        static const char *const wanted[] = { "a PNG, JPEG, PPM or PGM picture was wanted",
                                              "a safetensors file was wanted", "CLIP's vocabulary (" };
        bool read = !strcmp(cases[i].name, "JPEG") || !strcmp(cases[i].name, "PPM"); /* by the reader of pictures */
        for (int k = read ? 1 : 0; k < 3; k++)
            CHECK(strstr(said[k], cases[i].phrase) && strstr(said[k], wanted[k]) && strstr(said[k], path), "%s",
                  said[k]);
    }
    file_mock(NULL, NULL, 0);
    arena_free(&arena);
}

/* The advice fits what was wanted: convert the file when it holds that, else give or fetch another one. */
TEST(advice_fits_what_was_wanted) {
    static const struct {
        const char *bytes;
        FileHolds wanted;
        const char *advice;
    } pairs[] = {
        { "version https://git-lfs.github.com/spec/v1", HOLDS_PICTURE, "git lfs pull" },
        { "<html>", HOLDS_VOCABULARY, "download link" },
        { "GGUF", HOLDS_WEIGHTS, "; fetch the model as one file, model.safetensors" },
        { "GGUF", HOLDS_VOCABULARY, "; fetch that file; `make pretrained` does it" },
        { "\x89HDF", HOLDS_VOCABULARY, "; fetch that file; `make pretrained` does it" },
        { "\x80\2}q", HOLDS_PICTURE, "; give a picture instead" },
        { "{\"weight_map\": 1}", HOLDS_WEIGHTS, "; fetch the model as one file, model.safetensors" },
        { "{\"weight_map\": 1}", HOLDS_VOCABULARY, "; fetch that file" },
        { "{\"merges\": 1}", HOLDS_VOCABULARY, "; fetch that file" },
        { "{\"merges\": 1}", HOLDS_WEIGHTS, "; give the weights of the model, model.safetensors" },
        { "GIF89a", HOLDS_PICTURE, "; a picture program can save it as PNG" },
        { "GIF89a", HOLDS_WEIGHTS, "; give the weights of the model, model.safetensors" },
        { "\x89PNG", HOLDS_VOCABULARY, "; fetch that file" },
        { "%PDF-1.7", HOLDS_PICTURE, "; give a picture instead" },
        { "RIFF....AVI ", HOLDS_PICTURE, "; give a picture instead" },
        { "PK\3\4", HOLDS_WEIGHTS, "; fetch the model as one file, model.safetensors" },
        { "PK\3\4", HOLDS_PICTURE, "; unpack it" },
        { "PAR1", HOLDS_TABLE, "; save it as CSV (UTF-8)" },
        { "PAR1", HOLDS_SOUND, "; give a sound file instead" },
        { "fLaC", HOLDS_SOUND, "; a sound program can save it as WAV" },
        { "GIF89a", HOLDS_TABLE, "; give the table instead" },
        { "GIF89a", HOLDS_CONFIG, "; fetch that file again" },
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        Err err;
        File file = { .data = (const uint8_t *)pairs[i].bytes, .size = strlen(pairs[i].bytes) };
        CHECK(file_kind_tell("x", file, pairs[i].wanted, &err), "case %zu", i);
        CHECK(strstr(err.text, pairs[i].advice), "%s", err.text);
    }
}

/* An index of shards whose list of tensors comes after a long description. */
TEST(an_index_after_a_long_description) {
    char text[6000];
    snprintf(text, sizeof text, "{\"metadata\": {\"description\": \"%5000s\"}, \"weight_map\": {}}", "x");
    const FileKind *kind = file_kind((File){ .data = (const uint8_t *)text, .size = strlen(text) });
    CHECK(kind && !strcmp(kind->phrase, "a JSON index of a model in several files"), "%s", kind ? kind->phrase : "");
}

/* A text where weights or a picture were wanted; the vocabulary is a text, so its reader says more. */
TEST(a_servers_message_is_a_text) {
    Arena arena = { 0 };
    const char *path = arena_print(&arena, "%s/message", check_folder());
    static const char *const messages[] = { "Entry not found", "404: Not Found\n", "/annex/objects/SHA256E-s3--0.bin\n",
                                            "Access to this model is restricted. Acc\u00e8s limit\u00e9." };
    for (size_t i = 0; i < COUNT(messages); i++) {
        Err picture, weights;
        Image image;
        Safetensors file;
        file_mock(path, messages[i], strlen(messages[i]));
        CHECK(!image_read(&arena, path, &image, &picture) && strstr(picture.text, "this is a text, a PNG"), "%s",
              picture.text);
        CHECK(!safetensors_open(&file, &arena, path, &weights) && strstr(weights.text, "this is a text, a safetensors"),
              "%s", weights.text);
    }
    file_mock(NULL, NULL, 0);
    arena_free(&arena);
}

TESTS(kinds_by_their_first_bytes, a_servers_message_is_a_text, readers_say_what_it_is, advice_fits_what_was_wanted,
      an_index_after_a_long_description)
