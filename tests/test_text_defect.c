/* text_defect: what OpenAI's tokeniser repairs is found and named; other texts are left alone. */
#include "dataset/text_defect.h"
#include "check.h"

#include <string.h>

typedef struct {
    const char *text, *what;
    uint32_t code;
} Case;

static void check_cases(const Case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        TextDefect defect = { 0 };
        CHECK(text_defect_find(cases[i].text, &defect), "case %zu is not found", i);
        CHECK(!strcmp(defect.what, cases[i].what) && defect.code == cases[i].code && *defect.todo,
              "case %zu: %s, U+%04X, want %s", i, defect.what, (unsigned)defect.code, cases[i].what);
    }
}

TEST(texts_that_would_be_repaired) {
    static const Case cases[] = {
        { "cafe\xcc\x81", "an accent apart from its letter", 0x301 },
        { "\xe3\x81\x8b\xe3\x82\x99", "an accent apart from its letter", 0x3099 },
        { "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "a syllable in parts", 0x1161 },
        { "the dog\xe2\x80\x99s bowl", "a typographic quote", 0x2019 },
        { "a \xe2\x80\x9c"
          "cat\"",
          "a typographic quote", 0x201c },
        { "the \xef\xac\x81rst", "a ligature", 0xfb01 },
        { "\xef\xbb\xbf"
          "a cat",
          "a byte order mark", 0xfeff },
        { "a\x1b[31m cat", "an escape sequence of a terminal", 0x1b },
        { "a\x07 cat", "a control character", 7 },
        { "5 \xe2\x84\xab", "a sign with the shape of a letter", 0x212b },
        { "\xef\xbc\xa1 cat", "a character of full or half width", 0xff21 },
        { "caf\xc3\x83\xc2\xa9", "a character that was decoded wrongly", 0xc3 },
        { "dog\xc3\xa2\xe2\x82\xac\xe2\x84\xa2s", "a character that was decoded wrongly", 0xe2 },
        { "\xef\xa6\x9e", "a character in another form than NFC", 0xf99e },            /* a compatibility ideograph */
        { "\xe0\xa7\x87\xe0\xa7\x97", "a character in another form than NFC", 0x9c7 }, /* two parts of a vowel */
        { "\xea\xb0\x80\xe1\x86\xa8", "a character in another form than NFC", 0xac00 },
        { "\xe1\xbe\xbb", "a character in another form than NFC", 0x1fbb },
        { "1\xe3\x80\x80"
          "2",
          "a space of full width", 0x3000 },
        { "\xef\xbf\xa5"
          "5",
          "a character of full or half width", 0xffe5 },
        { "caf\xe9", "a byte that is not UTF-8", 0x110000 + 0xe9 },
    };
    check_cases(cases, COUNT(cases));
}

/* Control characters beyond ASCII, UTF-8 that was read as another encoding, marks that NFC moves or joins. */
TEST(controls_wrong_encodings_and_marks) {
    static const Case cases[] = {
        { "a \xc2\x9b"
          "31mcat",
          "a control character", 0x9b }, /* CSI */
        { "a dog\xc2\x92s bowl", "a control character", 0x92 },
        { "\xc2\x80", "a control character", 0x80 },
        { "a\xc2\x9f", "a control character", 0x9f },
        { "\xc3\x83\xe2\x80\xb0"
          "cole",
          "a character that was decoded wrongly", 0xc3 }, /* E with an acute accent, by Windows-1252 */
        { "\xc3\xaf\xc2\xbb\xc2\xbf"
          "a",
          "a character that was decoded wrongly", 0xef }, /* a byte order mark */
        { "\xc3\xb0\xc5\xb8\xcb\x9c\xe2\x82\xac", "a character that was decoded wrongly", 0xf0 }, /* an emoji */
        { "\xc3\xa6\xe2\x80\x94\xc2\xa5", "a character that was decoded wrongly", 0xe6 },         /* Japanese */
        { "\xc3\x90\xc2\xbf", "a character that was decoded wrongly", 0xd0 },                     /* Cyrillic */
        { "go\xc3\x83\xc2\xbbt", "a character that was decoded wrongly", 0xc3 },
        { "q\xcc\x87\xcc\xa3", "a character in another form than NFC", 0x307 }, /* two marks in the wrong order */
        { "a\xcc\xb6"
          "e\xcc\xa7\xcc\x81",
          "an accent apart from its letter", 0x327 },
        { "a\xcd\x80", "a character in another form than NFC", 0x340 },
    };
    check_cases(cases, COUNT(cases));
}

TEST(texts_that_are_right_as_they_are) {
    static const char *const texts[] = { "",
                                         "a photo of a cat.",
                                         "tabs\tand\nlines\r\n",
                                         "caf\xc3\xa9",
                                         "\xed\x95\x9c\xea\xb8\x80",
                                         "\xe3\x81\x8c",
                                         "\xd0\xba\xd0\xbe\xd1\x82",
                                         "\xf0\x9f\x90\xb1",
                                         "the dog's \"bowl\"",
                                         "\xc3\x82ge",
                                         "a \xe2\x80\x93 b",
                                         "\xe2\x82\xac 5",
                                         "\xe4\xb8\xad\xe6\x96\x87",
                                         "\xe0\xa6\x95\xe0\xa6\xbe\xe0\xa7\x87", /* Bengali vowels that stay apart */
                                         "\xea\xb0\x81\xe1\x86\xa8",             /* a final after a final */
                                         "x\xcc\x82", /* no composed character exists for these */
                                         "\xe1\xba\xb9\xcc\x80 yoruba",
                                         "\xc4\x97\xcc\x83",
                                         "a\xcc\xb6u\xcc\xb6",
                                         "\xe1\x85\xa1",
                                         "un panneau \xc2\xabLE CAF\xc3\x89\xc2\xbb",
                                         "\xc2\xbbLE CAF\xc3\x89\xc2\xab",
                                         "CAF\xc3\x89\xc2\xa0!",
                                         "\xc3\x96\xc2\xb0",
                                         "\xc2\xa0" };
    TextDefect defect;
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(!text_defect_find(texts[i], &defect), "\"%s\": %s", texts[i], defect.what);
}

static int warnings;
static char last[2000];
static void hear(const char *line) {
    warnings++;
    snprintf(last, sizeof last, "%s", line);
}

TEST(one_warning_for_a_program) {
    const char *const right[] = { "a cat", "a dog" }, *const wrong[] = { "a cat", "cafe\xcc\x81", "dog\xe2\x80\x99s" };
    warnings = 0;
    warning_hook = hear;
    text_defect_warn(right, 2, NULL, NULL);
    CHECK(warnings == 0, "%s", last);
    text_defect_warn(wrong, 3, NULL, NULL);
    CHECK(warnings == 1 && strstr(last, "an accent apart from its letter (U+0301)") && strstr(last, "form NFC") &&
              strstr(last, "; 2 such texts in all") && !strchr(last, '\n'),
          "%d: %s", warnings, last);
    text_defect_warn(wrong, 3, NULL, NULL);
    CHECK(warnings == 1, "%d warnings", warnings);
}

/* The captions of a picture are together: their lines are not in order. */
TEST(one_warning_for_a_table) {
    const char *const texts[] = { "a cat", "the \xef\xac\x81rst", "a\x1b[31m cat", "dog\xe2\x80\x99s" };
    const int line[] = { 2, 9, 4, 5 };
    warnings = 0;
    warning_hook = hear;
    text_defect_warn(texts, 1, "pairs.tsv", line);
    CHECK(warnings == 0, "%s", last);
    for (int i = 0; i < 2; i++) text_defect_warn(texts, 4, "pairs.tsv", line);
    CHECK(warnings == 2 && strstr(last, "pairs.tsv:4: the text \"a\\u001b[31m cat\" has an escape sequence") &&
              strstr(last, "; 3 such texts in all") && !strchr(last, '\n'),
          "%d: %s", warnings, last);
    text_defect_warn(texts, 2, "pairs.tsv", line);
    CHECK(strstr(last, "pairs.tsv:9: ") && !strstr(last, "in all"), "%s", last);
}

TESTS(texts_that_would_be_repaired, controls_wrong_encodings_and_marks, texts_that_are_right_as_they_are,
      one_warning_for_a_program, one_warning_for_a_table)
