/* unicode: UTF-8 read and written, the classes at their boundaries, lower case with its two exceptions, form
 * NFC. */
#include "dataset/unicode.h"
#include "check.h"

#include <string.h>

static size_t read_all(const char *text, size_t size, uint32_t *codes) {
    size_t count = 0;
    for (size_t at = 0; at < size;) at += unicode_read(text + at, size - at, &codes[count++]);
    return count;
}

static uint32_t stray(char byte) { return (uint32_t)UNICODE_BYTE + (uint8_t)byte; }

TEST(utf8_every_character_there_and_back) {
    for (uint32_t code = 0; code < UNICODE_END; code++) {
        char bytes[4];
        uint32_t got;
        if (code >= 0xd800 && code <= 0xdfff) continue;
        size_t size = unicode_write(code, bytes);
        CHECK(size == (code < 0x80 ? 1u : code < 0x800 ? 2u : code < 0x10000 ? 3u : 4u), "%x: %zu bytes", code, size);
        CHECK(unicode_read(bytes, size, &got) == size && got == code, "%x became %x", code, got);
        for (size_t cut = 1; cut < size; cut++)
            CHECK(unicode_read(bytes, cut, &got) == 1 && got == stray(bytes[0]), "%x cut", code);
    }
}

TEST(utf8_ill_formed_bytes_are_kept) {
    static const char *const bad[] = {
        "\x80",         "\xbf",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xc3(",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint32_t codes[8] = { 0 };
        char again[16];
        size_t size = strlen(bad[i]), count = read_all(bad[i], size, codes), made = 0;
        CHECK(count == size, "text %zu: %zu", i, count);
        CHECK(codes[0] == stray(bad[i][0]), "text %zu: %x", i, codes[0]);
        for (size_t k = 0; k < count; k++) made += unicode_write(codes[k], again + made);
        CHECK(made == size && !memcmp(again, bad[i], size), "text %zu", i);
    }
}

/* How many characters a class has: counted with another program (Python's regex 2026.5.9). */
TEST(unicode_classes) {
    int letters = 0, numbers = 0, spaces = 0, several = 0;
    for (uint32_t code = 0; code < UNICODE_END + 256; code++) {
        bool letter = unicode_is_letter(code), number = unicode_is_number(code), space = unicode_is_space(code);
        letters += letter;
        numbers += number;
        spaces += space;
        several += letter + number + space > 1;
    }
    CHECK(letters == 145672 && numbers == 1924 && spaces == 25, "%d letters, %d numbers, %d spaces", letters, numbers,
          spaces);
    CHECK(several == 0, "%d are two things at once", several);
    static const uint32_t yes[] = { 'A', 0xaa, 0x65e5, 0x10400 }, no[] = { '@', 0x300, '_', '[', 0xd7 };
    for (size_t i = 0; i < COUNT(yes); i++) CHECK(unicode_is_letter(yes[i]), "%x is a letter", yes[i]);
    for (size_t i = 0; i < COUNT(no); i++) CHECK(!unicode_is_letter(no[i]), "%x is no letter", no[i]);
    CHECK(unicode_is_number('7') && unicode_is_number(0xbd) && !unicode_is_number('/'), "%s", "numbers");
    CHECK(unicode_is_space(0xa0) && unicode_is_space(0x3000) && !unicode_is_space(0x1c), "%s", "spaces");
}

static void check_lower(const char *text, const char *want) {
    uint32_t in[64], out[128];
    char got[512];
    size_t count = unicode_lower(in, read_all(text, strlen(text), in), out), made = 0;
    for (size_t i = 0; i < count; i++) made += unicode_write(out[i], got + made);
    got[made] = '\0';
    CHECK(!strcmp(got, want), "%s became %s, not %s", text, got, want);
}

TEST(unicode_lower_case) {
    check_lower("Hello WORLD 123", "hello world 123");
    check_lower("ÀÉÎÕÜ ŞĞ ŸŽ", "àéîõü şğ ÿž");
    check_lower("ПРИВЕТ Ԓ Ꙁ", "привет ԓ ꙁ");
    check_lower("Ａ Ⅷ Ⓐ 𐐀 ẞ Ω K Å Ᾰ", "ａ ⅷ ⓐ 𐐨 ß ω k å ᾰ");
    check_lower("ß ﬁ ǆ 日本 ½", "ß ﬁ ǆ 日本 ½");
    check_lower("İstanbul", "i\xcc\x87stanbul");
    check_lower("\xff\x80 A", "\xff\x80 a");
    check_lower("", "");
}

/* A capital sigma is final after a cased letter unless one follows; apostrophes and accents do not count. */
TEST(unicode_final_sigma) {
    check_lower("ΟΔΟΣ", "οδος");
    check_lower("ΟΔΟΣ ΣΟΦΟΣ, ΣΑΣ.", "οδος σοφος, σας.");
    check_lower("Σ", "σ");
    check_lower(" Σ ", " σ ");
    check_lower("ΑΣ'Α", "ασ'α");
    check_lower("ΑΣ' Α", "ας' α");
    check_lower("Α\xcc\x81Σ\xcc\x81", "α\xcc\x81ς\xcc\x81");
    check_lower("ΑΣΣ", "ασς");
    check_lower("1Σ", "1σ");
}

/* A count of all characters that change, and a sum over what they become (Python 3.11, Unicode 14.0). */
TEST(unicode_lower_of_everything) {
    int changed = 0;
    uint64_t sum = 0;
    for (uint32_t code = 0; code < UNICODE_END; code++) {
        uint32_t out[2];
        if ((code >= 0xd800 && code <= 0xdfff) || unicode_lower(&code, 1, out) != 1) continue;
        changed += out[0] != code;
        sum = sum * 31 + out[0];
    }
    CHECK(changed == 1432 && sum == 16610685790208853401u, "%d changed, %llu", changed, (unsigned long long)sum);
}

static void check_nfc(const char *text, size_t want) {
    uint32_t codes[64] = { 0 };
    size_t got = unicode_nfc_prefix(codes, read_all(text, strlen(text), codes));
    CHECK(got == want, "%s: %zu characters are as in NFC, not %zu", text, got, want);
}

TEST(unicode_nfc_of_marks) {
    check_nfc("", 0);
    check_nfc("caf\xc3\xa9", 4);
    check_nfc("cafe\xcc\x81", 3);
    check_nfc("x\xcc\x82 \xe1\xba\xb9\xcc\x80", 5);       /* nothing to join to */
    check_nfc("e\xcc\xb6\xcc\x81", 0);                    /* joins over a mark of another class */
    check_nfc("\xc3\xa9\xcc\x96", 2);                     /* taken off, put in order, joined again */
    check_nfc("\xc3\xaa\xcc\xa3", 0);                     /* joins with the letter, then its own mark */
    check_nfc("q\xcc\x87\xcc\xa3", 1);                    /* not in order */
    check_nfc("a\xcc\xb0\xcc\xa3", 3);                    /* the tilde below is of the same class, and between */
    check_nfc("\xcc\x81\xcc\x81 a", 4);                   /* marks without a letter */
    check_nfc("\xcd\x84", 0);                             /* a mark that is written as two */
    check_nfc("a\xcc\xb6\xcd\x84", 2);                    /* the same, after another */
    check_nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 0); /* a syllable of Korean */
    check_nfc("\xe1\x85\xa1\xe1\x86\xab", 2);             /* its end alone */
    check_nfc("\xea\xb0\x80\xe1\x86\xa7", 2);             /* U+11A7 is no final */
    check_nfc("a\xff\xcc\x81", 3);
}

/* Numbers of characters that change alone, or before other characters (Python 3.11, Unicode 14.0). Free code points in
 * the ranges of singletons are not counted. */
TEST(unicode_nfc_of_everything) {
    static const uint32_t next[] = { 0x301, 0x323, 0x316, 0x345, 0x3099, 0x11a8, 0x9be };
    static const int want[COUNT(next)] = { 150, 885, 531, 63, 893, 399, 1 };
    int changed[COUNT(next)] = { 0 }, three = 0;
    for (uint32_t code = 0; code < UNICODE_END; code++) {
        if ((code >= 0xd800 && code <= 0xdfff) || unicode_nfc_prefix(&code, 1) == 0) continue;
        for (size_t i = 0; i < COUNT(next); i++)
            changed[i] += unicode_nfc_prefix((const uint32_t[]){ code, next[i] }, 2) < 2;
        three += unicode_nfc_prefix((const uint32_t[]){ code, 0x327, 0x301 }, 3) < 3;
    }
    for (size_t i = 0; i < COUNT(next); i++)
        CHECK(changed[i] == want[i], "U+%04X: %d, not %d", (unsigned)next[i], changed[i], want[i]);
    CHECK(three == 1027, "%d with two marks", three);
}

TESTS(utf8_every_character_there_and_back, utf8_ill_formed_bytes_are_kept, unicode_classes, unicode_lower_case,
      unicode_final_sigma, unicode_lower_of_everything, unicode_nfc_of_marks, unicode_nfc_of_everything)
