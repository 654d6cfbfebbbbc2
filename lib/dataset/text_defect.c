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
    { 0xffe0, 0xffee, "a character of full or half width", "write the plain one" },
    { 0x3000, 0x3000, "a space of full width", "write the plain one" },
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

/* What form NFC writes as other characters (singletons and exclusions; UnicodeData.txt and CompositionExclusions.txt of
 * Unicode 14): first and last of each range. Code points in between that are free are in a range, too. */
static const uint32_t not_nfc[][2] = {
    { 0x374, 0x374 },     { 0x37e, 0x37e },     { 0x387, 0x387 },   { 0x958, 0x95f },   { 0x9dc, 0x9df },
    { 0xa33, 0xa33 },     { 0xa36, 0xa36 },     { 0xa59, 0xa5b },   { 0xa5e, 0xa5e },   { 0xb5c, 0xb5d },
    { 0xf43, 0xf43 },     { 0xf4d, 0xf4d },     { 0xf52, 0xf52 },   { 0xf57, 0xf57 },   { 0xf5c, 0xf5c },
    { 0xf69, 0xf69 },     { 0xf73, 0xf73 },     { 0xf75, 0xf76 },   { 0xf78, 0xf78 },   { 0xf81, 0xf81 },
    { 0xf93, 0xf93 },     { 0xf9d, 0xf9d },     { 0xfa2, 0xfa2 },   { 0xfa7, 0xfa7 },   { 0xfac, 0xfac },
    { 0xfb9, 0xfb9 },     { 0x1f71, 0x1f71 },   { 0x1f73, 0x1f73 }, { 0x1f75, 0x1f75 }, { 0x1f77, 0x1f77 },
    { 0x1f79, 0x1f79 },   { 0x1f7b, 0x1f7b },   { 0x1f7d, 0x1f7d }, { 0x1fbb, 0x1fbb }, { 0x1fbe, 0x1fbe },
    { 0x1fc9, 0x1fc9 },   { 0x1fcb, 0x1fcb },   { 0x1fd3, 0x1fd3 }, { 0x1fdb, 0x1fdb }, { 0x1fe3, 0x1fe3 },
    { 0x1feb, 0x1feb },   { 0x1fee, 0x1fef },   { 0x1ff9, 0x1ff9 }, { 0x1ffb, 0x1ffb }, { 0x1ffd, 0x1ffd },
    { 0x2000, 0x2001 },   { 0x2329, 0x232a },   { 0x2adc, 0x2adc }, { 0xf900, 0xfa0d }, { 0xfa10, 0xfa10 },
    { 0xfa12, 0xfa12 },   { 0xfa15, 0xfa1e },   { 0xfa20, 0xfa20 }, { 0xfa22, 0xfa22 }, { 0xfa25, 0xfa26 },
    { 0xfa2a, 0xfad9 },   { 0xfb1d, 0xfb1d },   { 0xfb1f, 0xfb1f }, { 0xfb2a, 0xfb4e }, { 0x1d15e, 0x1d164 },
    { 0x1d1bb, 0x1d1c0 }, { 0x2f800, 0x2fa1d },
};

/* Pairs that NFC joins to one character, beyond the marks and vowels of the ranges above: letters and vowel signs of
 * South and South East Asia. */
static const uint32_t joined[][2] = {
    { 0x928, 0x93c },     { 0x930, 0x93c },     { 0x933, 0x93c },     { 0x9c7, 0x9be },     { 0x9c7, 0x9d7 },
    { 0xb47, 0xb3e },     { 0xb47, 0xb56 },     { 0xb47, 0xb57 },     { 0xb92, 0xbd7 },     { 0xbc6, 0xbbe },
    { 0xbc6, 0xbd7 },     { 0xbc7, 0xbbe },     { 0xc46, 0xc56 },     { 0xcbf, 0xcd5 },     { 0xcc6, 0xcc2 },
    { 0xcc6, 0xcd5 },     { 0xcc6, 0xcd6 },     { 0xcca, 0xcd5 },     { 0xd46, 0xd3e },     { 0xd46, 0xd57 },
    { 0xd47, 0xd3e },     { 0xdd9, 0xdca },     { 0xdd9, 0xdcf },     { 0xdd9, 0xddf },     { 0xddc, 0xdca },
    { 0x1025, 0x102e },   { 0x1b05, 0x1b35 },   { 0x1b07, 0x1b35 },   { 0x1b09, 0x1b35 },   { 0x1b0b, 0x1b35 },
    { 0x1b0d, 0x1b35 },   { 0x1b11, 0x1b35 },   { 0x1b3a, 0x1b35 },   { 0x1b3c, 0x1b35 },   { 0x1b3e, 0x1b35 },
    { 0x1b3f, 0x1b35 },   { 0x1b42, 0x1b35 },   { 0x11099, 0x110ba }, { 0x1109b, 0x110ba }, { 0x110a5, 0x110ba },
    { 0x11131, 0x11127 }, { 0x11132, 0x11127 }, { 0x11347, 0x1133e }, { 0x11347, 0x11357 }, { 0x114b9, 0x114b0 },
    { 0x114b9, 0x114ba }, { 0x114b9, 0x114bd }, { 0x115b8, 0x115af }, { 0x115b9, 0x115af }, { 0x11935, 0x11930 },
};

/* Korean: a syllable without a final consonant, and one. */
static bool takes_final(uint32_t code, uint32_t next) {
    return code >= 0xac00 && code <= 0xd7a3 && (code - 0xac00) % 28 == 0 && next > 0x11a7 && next <= 0x11c2;
}

/* Whether NFC changes `code`, or joins it with the next character. */
static bool nfc_changes(uint32_t code, uint32_t next) {
    for (size_t i = 0; i < COUNT(not_nfc); i++)
        if (code >= not_nfc[i][0] && code <= not_nfc[i][1]) return true;
    for (size_t i = 0; i < COUNT(joined); i++)
        if (code == joined[i][0] && next == joined[i][1]) return true;
    return takes_final(code, next);
}

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
        if (nfc_changes(code, next)) {
            defect->what = "a character in another form than NFC";
            defect->todo = "write the text in form NFC";
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
