#include "dataset/text_defect.h"

#include "core/quote.h"
#include "dataset/unicode.h"

#include <string.h>

typedef struct {
    uint32_t first, last;
    const char *what, *todo;
} DefectRange;

#define C1_TODO "remove it; if it was a quote or a dash, read the text as Windows-1252 and save it as UTF-8"

/* Ranges of characters, in the order in which they are asked. Source: ftfy, chardata.py (control characters,
 * ligatures, quotes, widths). ftfy reads U+0080 to U+009F as Windows-1252. */
static const DefectRange ranges[] = {
    { UNICODE_BYTE, UNICODE_BYTE + 255, "a byte that is not UTF-8", "save the text as UTF-8" },
    { 0xfeff, 0xfeff, "a byte order mark", "remove it" },
    { 0x1b, 0x1b, "an escape sequence of a terminal", "remove it" },
    { 0x00, 0x08, "a control character", "remove it" },
    { 0x0b, 0x0b, "a control character", "remove it" },
    { 0x0e, 0x1f, "a control character", "remove it" },
    { 0x7f, 0x7f, "a control character", "remove it" },
    { 0x80, 0x9f, "a control character", C1_TODO },
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
};

#define ACCENT_TODO "write the letter with its accent as one character (form NFC)"
#define SIGN_TODO   "write the letter (form NFC)"

/* Names for what form NFC changes: marks and vowels that it joins with the character before, and signs. */
static const DefectRange joining[] = {
    { 0x0300, 0x036f, "an accent apart from its letter", ACCENT_TODO },
    { 0x0653, 0x0655, "an accent apart from its letter", ACCENT_TODO },
    { 0x1161, 0x1175, "a syllable in parts", "write it as one character (form NFC)" },
    { 0x3099, 0x309a, "an accent apart from its letter", ACCENT_TODO },
};
static const DefectRange signs[] = {
    { 0x2126, 0x2126, "a sign with the shape of a letter", SIGN_TODO },
    { 0x212a, 0x212b, "a sign with the shape of a letter", SIGN_TODO },
};

static bool range_find(const DefectRange *list, size_t n, uint32_t code, TextDefect *defect) {
    for (size_t i = 0; i < n; i++) {
        if (code < list[i].first || code > list[i].last) continue;
        *defect = (TextDefect){ list[i].what, list[i].todo, code };
        return true;
    }
    return false;
}

/* The characters from `code` on are in another form than NFC; `next` follows. A mark that NFC moves has no letter of
 * its own to be written with. */
static void nfc_name(uint32_t code, uint32_t next, TextDefect *defect) {
    TextDefect mark;
    if (range_find(signs, COUNT(signs), code, defect)) return;
    if (!range_find(joining, COUNT(joining), code, &mark) && range_find(joining, COUNT(joining), next, defect)) return;
    *defect = (TextDefect){ "a character in another form than NFC", "write the text in form NFC", code };
}

enum { MARKS = 0xcc }; /* first byte of U+0300, the first character that NFC changes */

/* Bytes before the first character that form NFC changes; `size`: there is none. */
static size_t nfc_prefix(const char *text, size_t size) {
    Arena work = { 0 };
    uint32_t *codes = NULL, code;
    size_t count = 0, at = 0, same;
    for (; at < size; at += unicode_read(text + at, size - at, &code))
        if ((uint8_t)text[at] >= MARKS) break;
    if (at == size) return size;
    codes = arena_alloc(&work, size, sizeof *codes);
    for (at = 0; at < size; count++) at += unicode_read(text + at, size - at, &codes[count]);
    same = unicode_nfc_prefix(codes, count);
    arena_free(&work);
    for (at = 0; at < size && same > 0; same--) at += unicode_read(text + at, size - at, &code);
    return at;
}

/* Bytes 80 to 9F as Windows-1252; 0: not used. */
static const uint32_t windows_1252[] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* The byte that the character is in Windows-1252, or in Latin-1; 0: none, or one of ASCII. */
static uint32_t byte_of(uint32_t code) {
    for (uint32_t i = 0; i < COUNT(windows_1252); i++)
        if (code == windows_1252[i]) return 0x80 + i;
    return code >= 0x80 && code <= 0xff ? code : 0;
}

/* What a text may have after a letter: quotes, dots, dashes, and signs such as that of a degree. */
static bool may_follow(uint32_t code) {
    static const uint32_t follow[] = { 0x201a, 0x201e, 0x2026, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
                                       0x2014, 0x2039, 0x203a, 0x2122, 0xa0,   0xa9,   0xaa,   0xab,   0xae,
                                       0xb0,   0xb2,   0xb3,   0xb4,   0xb7,   0xb9,   0xba,   0xbb };
    for (size_t i = 0; i < COUNT(follow); i++)
        if (code == follow[i]) return true;
    return false;
}

/* UTF-8 that was read as Latin-1 or Windows-1252: characters whose bytes are one character of UTF-8. "Ã©" was "é",
 * and "â€™" was a quote. "É»" is not taken for such text, because it can end a quotation. After "Â" and "Ã" every such
 * character is: they begin most of the letters with accents. */
static bool decoded_wrongly(const char *text, size_t size) {
    char bytes[4];
    uint32_t codes[4] = { 0 };
    size_t n = 0;
    for (size_t at = 0; at < size && n < COUNT(bytes); n++) {
        at += unicode_read(text + at, size - at, &codes[n]);
        bytes[n] = (char)byte_of(codes[n]);
        if (bytes[n] == 0) break;
    }
    int length = n > 1 ? utf8_length(bytes, n) : 0;
    bool certain = codes[0] == 0xc2 || codes[0] == 0xc3;
    for (int i = 1; i < length && !certain; i++) certain = !may_follow(codes[i]);
    return length > 1 && certain;
}

bool text_defect_find(const char *text, TextDefect *defect) {
    size_t size = strlen(text), prefix = nfc_prefix(text, size);
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t code, next = 0;
        length = unicode_read(text + at, size - at, &code);
        if (decoded_wrongly(text + at, size - at)) {
            *defect = (TextDefect){ "a character that was decoded wrongly",
                                    "save the text as UTF-8, and read it as UTF-8", code };
            return true;
        }
        if (range_find(ranges, COUNT(ranges), code, defect)) return true;
        if (at < prefix) continue;
        if (at + length < size) unicode_read(text + at + length, size - at - length, &next);
        nfc_name(code, next, defect);
        return true;
    }
    return false;
}

void text_defect_warn(const char *const *texts, int n, const char *table, const int *line) {
    static bool warned;
    TextDefect first = { 0 }, other;
    int count = 0, which = 0;
    for (int i = 0; i < n && (table || !warned); i++) {
        if (!text_defect_find(texts[i], &other)) continue;
        count++;
        if (count > 1 && !(table && line[i] < line[which])) continue;
        which = i;
        first = other;
    }
    if (count == 0) return;
    warned = warned || !table;
    char name[16], others[32] = "", at[16] = "";
    bool stray = first.code >= UNICODE_BYTE;
    snprintf(name, sizeof name, stray ? "%02x" : "U+%04X", (unsigned)(stray ? first.code - UNICODE_BYTE : first.code));
    if (table) snprintf(at, sizeof at, ":%d: ", line[which]);
    if (count > 1) snprintf(others, sizeof others, "; %d such texts in all", count);
    warn("%s%sthe text %s has %s (%s), which OpenAI's tokeniser repairs and this one does not: its tokens differ; %s%s",
         table ? table : "", at, quoted(texts[which]), first.what, name, first.todo, others);
}
