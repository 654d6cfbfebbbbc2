#include "dataset/text_defect.h"

#include "core/quote.h"
#include "dataset/unicode.h"

#include <string.h>

/* Ranges of characters, in the order in which they are asked. Sources: ftfy, chardata.py (control characters,
 * ligatures, quotes, widths); the combining marks and jamo that NFC joins (Unicode Standard Annex 15). */
static const struct {
    uint32_t first, last;
    const char *what, *todo;
} ranges[] = {
    { UNICODE_BYTE, UNICODE_BYTE + 255, "a byte that is not UTF-8", "save the text as UTF-8" },
    { 0xfeff, 0xfeff, "a byte order mark", "remove it" },
    { 0x1b, 0x1b, "an escape sequence of a terminal", "remove it" },
    { 0x00, 0x08, "a control character", "remove it" },
    { 0x0b, 0x0b, "a control character", "remove it" },
    { 0x0e, 0x1f, "a control character", "remove it" },
    { 0x7f, 0x7f, "a control character", "remove it" },
    { 0x206a, 0x206f, "a control character", "remove it" },
    { 0xfff9, 0xfffc, "a control character", "remove it" },
    { 0x2018, 0x201b, "a typographic quote", "write '" },
    { 0x02bc, 0x02bc, "a typographic quote", "write '" },
    { 0x201c, 0x201f, "a typographic quote", "write \"" },
    { 0x0132, 0x0133, "a ligature", "write its letters" },
    { 0x0149, 0x0149, "a ligature", "write its letters" },
    { 0x01c4, 0x01cc, "a ligature", "write its letters" },
    { 0x01f1, 0x01f3, "a ligature", "write its letters" },
    { 0xfb00, 0xfb06, "a ligature", "write its letters" },
    { 0xff01, 0xffdc, "a character of full or half width", "write the plain one" },
    { 0x0300, 0x036f, "an accent apart from its letter",
      "write the letter with its accent as one character (form NFC)" },
    { 0x0653, 0x0655, "an accent apart from its letter",
      "write the letter with its accent as one character (form NFC)" },
    { 0x1161, 0x1175, "a syllable in parts", "write it as one character (form NFC)" },
    { 0x2126, 0x2126, "a sign with the shape of a letter", "write the letter (form NFC)" },
    { 0x212a, 0x212b, "a sign with the shape of a letter", "write the letter (form NFC)" },
    { 0x3099, 0x309a, "an accent apart from its letter",
      "write the letter with its accent as one character (form NFC)" },
};

/* UTF-8 that was read as Latin-1 or Windows-1252: "Ã©" for "é", "â€™" for a quote. */
static bool decoded_wrongly(uint32_t code, uint32_t next) {
    return (code >= 0xc2 && code <= 0xdf && next >= 0x80 && next <= 0xbf) || (code == 0xe2 && next == 0x20ac);
}

bool text_defect_find(const char *text, TextDefect *defect) {
    size_t size = strlen(text);
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t code, next = 0;
        length = unicode_read(text + at, size - at, &code);
        if (at + length < size) unicode_read(text + at + length, size - at - length, &next);
        *defect = (TextDefect){ .code = code };
        if (decoded_wrongly(code, next)) {
            defect->what = "a character that was decoded wrongly";
            defect->todo = "save the text as UTF-8, and read it as UTF-8";
            return true;
        }
        for (size_t i = 0; i < COUNT(ranges); i++)
            if (code >= ranges[i].first && code <= ranges[i].last) {
                defect->what = ranges[i].what;
                defect->todo = ranges[i].todo;
                return true;
            }
    }
    return false;
}

void text_defect_warn(const char *const *texts, int n) {
    static bool warned;
    TextDefect first = { 0 }, other;
    int count = 0, which = 0;
    for (int i = 0; i < n && !warned; i++) {
        if (!text_defect_find(texts[i], count ? &other : &first)) continue;
        if (count == 0) which = i;
        count++;
    }
    if (count == 0) return;
    warned = true;
    char name[16];
    bool stray = first.code >= UNICODE_BYTE;
    snprintf(name, sizeof name, stray ? "%02x" : "U+%04X", (unsigned)(stray ? first.code - UNICODE_BYTE : first.code));
    warn("the text %s has %s (%s), which OpenAI's tokeniser repairs and this one does not: its tokens differ; %s%s",
         quoted(texts[which]), first.what, name, first.todo, count > 1 ? "; other texts, too" : "");
}
