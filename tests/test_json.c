/* json: accepts what RFC 8259 allows, refuses the rest at the right byte, in linear time. */
#include "core/quote.h"
#include "formats/json.h"
#include "core/arena.h"
#include "core/rng.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static Arena arena;

/* Whether the text, in memory of its very size (so that the sanitizer sees a byte too far), is one value. */
static bool takes(const char *text, size_t size, Err *err) {
    Arena own = { 0 };
    char *copy = malloc(size ? size : 1);
    CHECK(copy, "no memory");
    if (size > 0) memcpy(copy, text, size);
    err->text[0] = '\0';
    Json j = json_begin(&own, copy, size, "text", err);
    json_skip(&j);
    bool ok = json_end(&j);
    CHECK(ok == !err->text[0], "verdict %d with \"%s\"", ok, err->text);
    free(copy);
    arena_free(&own);
    return ok;
}

TEST(json_reads_every_kind) {
    const char *text = " {\"a\": [1, -2.5e1, true, false, null, \"x\"], \"b\": {}, \"c\": [], \"d\": [{\"e\": 7}]}\n";
    Err err;
    Json j = json_begin(&arena, text, strlen(text), "text", &err);
    const char *key, *word;
    long long i = 0;
    CHECK(json_kind(&j) == JSON_OBJECT && json_object(&j) && json_key(&j, &key) && !strcmp(key, "a"), "%s", err.text);
    CHECK(json_array(&j) && json_item(&j) && json_int(&j, 0, 9, &i) && i == 1, "%lld", i);
    CHECK(json_item(&j) && json_kind(&j) == JSON_NUMBER && json_skip(&j), "%s", err.text);
    for (int k = 0; k < 2; k++) CHECK(json_item(&j) && json_kind(&j) == JSON_BOOL && json_skip(&j), "%s", err.text);
    CHECK(json_item(&j) && json_kind(&j) == JSON_NULL && json_null(&j), "%s", "null");
    CHECK(json_item(&j) && json_string(&j, &word) && !strcmp(word, "x") && !json_item(&j), "%s", "x");
    CHECK(json_key(&j, &key) && !strcmp(key, "b") && json_object(&j) && !json_key(&j, &key), "%s", "b");
    CHECK(json_key(&j, &key) && !strcmp(key, "c") && json_array(&j) && !json_item(&j), "%s", "c");
    CHECK(json_key(&j, &key) && json_array(&j) && json_item(&j) && json_object(&j) && json_key(&j, &key), "%s", "d");
    CHECK(json_int(&j, 7, 7, &i) && !json_key(&j, &key) && !json_item(&j) && !json_key(&j, &key), "%s", "e");
    CHECK(json_end(&j), "%s", err.text);
    arena_free(&arena);
}

TEST(json_decodes_strings) {
    const struct {
        const char *text, *want;
    } cases[] = {
        { "\"\"", "" },
        { "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz" },
        { "\"\\u0041\\u00e9\\u20AC\\uFFFD\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbd" },
        { "\"\\ud83d\\ude00\\uDBFF\\uDFFF\"", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" }, /* U+1F600, U+10FFFF */
        { "\"\\ud800\\udc00\"", "\xf0\x90\x80\x80" },                               /* U+10000 */
        { "\"\xf0\x9f\x98\x80 \x7f\"", "\xf0\x9f\x98\x80 \x7f" },
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        Err err = { "" };
        const char *got = "";
        Json j = json_begin(&arena, cases[k].text, strlen(cases[k].text), "text", &err);
        CHECK(json_string(&j, &got) && json_end(&j) && !strcmp(got, cases[k].want), "%s: %s %s", cases[k].text, got,
              err.text);
        const char *text_json = quote_json(&arena, got), *again;
        j = json_begin(&arena, text_json, strlen(text_json), "text", &err);
        CHECK(json_string(&j, &again) && json_end(&j) && !strcmp(again, got), "%s quoted is %s", got, text_json);
        j = json_begin(NULL, cases[k].text, strlen(cases[k].text), "text", &err);
        CHECK(json_string(&j, &got) && json_end(&j) && !*got, "without an arena: %s", got);
    }
    arena_free(&arena);
}

/* Texts that are not JSON, and the byte where the error is. */
static const struct {
    const char *text;
    size_t byte;
} not_json[] = {
    { "", 0 },
    { " ", 1 },
    { "x", 0 },
    { "nul", 0 },
    { "True", 0 },
    { "\xef\xbb\xbf"
      "1",
      0 },
    { "1 2", 2 },
    { "[", 1 },
    { "]", 0 },
    { "[1", 2 },
    { "[1,", 3 },
    { "[1,]", 3 },
    { "[,1]", 1 },
    { "[1 2]", 3 },
    { "[1}", 2 },
    { "{", 1 },
    { "{1:2}", 1 },
    { "{\"a\"}", 4 },
    { "{\"a\":}", 5 },
    { "{\"a\":1,}", 7 },
    { "{\"a\" 1}", 5 },
    { "{\"a\":1]", 6 },
    { "[/**/1]", 1 },
    { "['a']", 1 },
    { "[truex]", 5 },
    { "-", 1 },
    { "+1", 0 },
    { "01", 1 },
    { "[00]", 2 },
    { "-01", 2 },
    { ".5", 0 },
    { "1.", 2 },
    { "1.e2", 2 },
    { "1e", 2 },
    { "1e+", 3 },
    { "0x10", 1 },
    { "NaN", 0 },
    { "Infinity", 0 },
    { "1_0", 1 },
    { "\"", 1 },
    { "\"a", 2 },
    { "\"\\", 2 },
    { "\"\\x\"", 2 },
    { "\"\\u12\"", 5 },
    { "\"\\u12g4\"", 5 },
    { "\"\n\"", 1 },
    { "\"\t\"", 1 },
    { "\"\x1f\"", 1 },
    { "\"\\u0000\"", 1 },
    { "\"\\ud800\"", 7 },
    { "\"\\ud800\\n\"", 8 },
    { "\"\\ud800\\u0041\"", 1 },
    { "\"\\udc00\"", 1 },
    { "\"\x80\"", 1 },
    { "\"\xbf\x80\"", 1 },
    { "\"\x9f\xbf\"", 1 },
    { "\"\xc3\"", 1 },
    { "\"\xc0\xaf\"", 1 },
    { "\"\xe0\x80\xaf\"", 1 },
    { "\"\xed\xa0\x80\"", 1 },
    { "\"\xf0\x80\x80\x80\"", 1 },
    { "\"\xf4\x90\x80\x80\"", 1 },
    { "\"\xf5\x80\x80\x80\"", 1 },
    { "\"a\xff\"", 2 },
};

TEST(json_refuses_what_is_not_json) {
    for (size_t k = 0; k < COUNT(not_json); k++) {
        Err err;
        char place[64];
        snprintf(place, sizeof place, "text: byte %zu: found ", not_json[k].byte);
        CHECK(!takes(not_json[k].text, strlen(not_json[k].text), &err), "taken: %s", not_json[k].text);
        CHECK(!strncmp(err.text, place, strlen(place)) && strstr(err.text, ", wanted "),
              "case %zu, want byte %zu, got \"%s\"", k, not_json[k].byte, err.text);
    }
    Err err;
    CHECK(!takes("\"a\0b\"", 5, &err) && strstr(err.text, "byte 2: found byte 0x00"), "%s", err.text);
}

TEST(json_numbers_at_their_limits) {
    const struct {
        const char *text;
        bool fits;
    } cases[] = {
        { "9223372036854775807", true },
        { "-9223372036854775808", true },
        { "9223372036854775808", false },
        { "-0", true },
        { "1.0", false },
        { "1e3", false },
        { "\"1\"", false },
        { "true", false },
        { "99999999999999999999999", false },
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        Err err = { "" };
        long long value = 42;
        Json j = json_begin(NULL, cases[k].text, strlen(cases[k].text), "text", &err);
        CHECK(json_int(&j, INT64_MIN, INT64_MAX, &value) == cases[k].fits, "%s: %s", cases[k].text, err.text);
        CHECK(cases[k].fits || (value == 42 && strstr(err.text, "byte 0: found") && strstr(err.text, "whole number")),
              "%s", err.text);
    }
    Err err;
    char digits[200];
    memset(digits, '7', sizeof digits);
    CHECK(takes(digits, JSON_NUMBER_MAX, &err), "%s", err.text);
    CHECK(!takes(digits, JSON_NUMBER_MAX + 1, &err) && strstr(err.text, "127"), "%s", err.text);
}

TEST(json_reals) {
    static const struct {
        const char *text;
        bool fits;
        double value;
    } cases[] = { { "1.5", true, 1.5 }, { "-2e-3", true, -2e-3 }, { "7", true, 7 },
                  { "1e9", false, 0 },  { "-11", false, 0 },      { "\"1\"", false, 0 } };
    for (size_t k = 0; k < COUNT(cases); k++) {
        Err err = { "" };
        double value = 42;
        Json j = json_begin(NULL, cases[k].text, strlen(cases[k].text), "text", &err);
        CHECK(json_real(&j, -10, 10, &value) == cases[k].fits, "%s: %s", cases[k].text, err.text);
        CHECK(value == (cases[k].fits ? cases[k].value : 42), "%s: %g", cases[k].text, value);
        CHECK(cases[k].fits || strstr(err.text, "wanted a number from -10 to 10"), "%s", err.text);
    }
}

TEST(json_depth_is_limited) {
    char text[200001];
    Err err;
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        CHECK(takes(text, 2 * (size_t)depth, &err) == (depth <= JSON_DEPTH_MAX), "depth %d: %s", depth, err.text);
    }
    CHECK(strstr(err.text, "byte 64: found '[', wanted less nesting"), "%s", err.text);
    memset(text, '[', sizeof text);
    CHECK(!takes(text, sizeof text, &err), "%s", "an abyss");
}

TEST(json_fifty_thousand_labels) {
    char *text = arena_alloc(&arena, 50000 * 2 + 2, 1), *end = text;
    for (int i = 0; i < 50000; i++) {
        *end++ = i ? ',' : '[';
        *end++ = (char)('0' + i % 10);
    }
    *end++ = ']';
    Err err;
    long long label;
    int count = 0;
    Json j = json_begin(NULL, text, (size_t)(end - text), "labels.json", &err);
    json_array(&j);
    while (json_item(&j) && json_int(&j, 0, 9, &label))
        CHECK(label == count++ % 10, "label %d is %lld", count - 1, label);
    CHECK(json_end(&j) && count == 50000, "%d: %s", count, err.text);
    arena_free(&arena);
}

TEST(json_remembers_the_first_trouble) {
    Err err;
    long long value;
    const char *text = "[1, x, y]";
    Json j = json_begin(NULL, text, strlen(text), "text", &err);
    json_array(&j);
    while (json_item(&j)) json_int(&j, 0, 9, &value);
    CHECK(!json_item(&j) && !json_array(&j) && !json_skip(&j) && json_kind(&j) == JSON_NOTHING, "%s", "it went on");
    CHECK(!json_end(&j) && !strcmp(err.text, "text: byte 4: found 'x', wanted a whole number from 0 to 9"), "%s",
          err.text);
}

/* After the first trouble no question has an answer, and between two values there is none to look at. */
TEST(json_answers_nothing_after_a_trouble) {
    long long whole = 5;
    double real = 5;
    bool yes = true;
    const char *word = "before";
    Err err;
    Json j = json_begin(NULL, "[nul, 1]", 8, "text", &err);
    CHECK(json_array(&j) && json_kind(&j) == JSON_NOTHING, "%s", "a value before the first item");
    CHECK(json_item(&j) && !json_null(&j) && !strcmp(err.text, "text: byte 1: found 'n', wanted null"), "%s", err.text);
    CHECK(!json_int(&j, 0, 9, &whole) && !json_real(&j, 0, 9, &real) && !json_bool(&j, &yes) && !json_null(&j) &&
              !json_string(&j, &word) && !json_item(&j) && !json_end(&j),
          "%s", "it went on");
    CHECK(whole == 5 && real == 5 && yes && !strcmp(word, "before"), "%lld %g %d %s", whole, real, yes, word);
    CHECK(!strcmp(err.text, "text: byte 1: found 'n', wanted null"), "%s", err.text);
}

TEST(json_stops_at_impossible_questions) {
    long long value;
    const char *key;
    Json j = json_begin(NULL, "[1]", 3, "text", NULL), again = j;
    json_array(&j);
    CHECK_STOPS(json_key(&j, &key), EXIT_CONTRACT, "a key is asked for");
    CHECK_STOPS(json_int(&j, 0, 9, &value), EXIT_CONTRACT, "a value is asked for");
    CHECK_STOPS(json_end(&j), EXIT_CONTRACT, "in its middle");
    CHECK_STOPS(json_item(&again), EXIT_CONTRACT, "an item is asked for");
}

TEST(json_shows_names_on_one_line) {
    const char *shown = quoted("a\nb\x1b[2J\xff\xc2\x9b");
    CHECK(!strcmp(shown, "\"a\\nb\\u001b[2J?\\u009b\""), "%s", shown);
    Arena plain = { 0 };
    CHECK(!strcmp(quote_plain(&plain, "a\x1b[2J\xc2\x9b\xc3\xa9 1/2"), "a\\u001b[2J\\u009b\xc3\xa9 1/2"), "%s",
          "no quotes");
    CHECK(!*quote_plain(&plain, ""), "%s", "an empty text");
    arena_free(&plain);
    char name[500] = { 0 };
    memset(name, 'n', sizeof name - 1);
    CHECK(strlen(quoted(name)) < 90 && strstr(quoted(name), "n...\""), "%s", quoted(name));
    for (size_t i = 0; i + 1 < sizeof name; i++) name[i] = i % 2 ? '\x9f' : '\xc3';
    CHECK(utf8_is_valid(quoted(name)), "cut inside a character: %s", quoted(name));
    CHECK(utf8_is_valid("\xc3\xa9") && !utf8_is_valid("\xc3") && !utf8_is_valid("a\xff"), "%s", "UTF-8");
}

/* What must come back out of a text is not known, but every cut and every changed byte must end, within its memory. */
TEST(json_survives_mutations) {
    const char *text = "{\"a\":[1,-2.5e1,true,null,"
                       "\"\\u00e9\\ud83d\\ude00\\n\xc3\xa9\"],\"b\":{\"c\":[[],{}]},\"d\":0}";
    size_t size = strlen(text);
    Err err;
    CHECK(takes(text, size, &err), "%s", err.text);
    for (size_t cut = 0; cut < size; cut++) CHECK(!takes(text, cut, &err), "taken when cut at %zu", cut);
    Rng rng = rng_seed(7, 0);
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
        char copy[128];
        memcpy(copy, text, size);
        for (uint32_t k = rng_below(&rng, 3) + 1; k > 0; k--)
            copy[rng_below(&rng, (uint32_t)size)] = "{}[],:\"\\u0e-.\x80\xff t"[rng_below(&rng, 18)];
        refused += !takes(copy, size, &err);
    }
    CHECK(refused > 2000 && refused < 3000, "%d of 3000 refused", refused);
}

TESTS(json_reads_every_kind, json_decodes_strings, json_refuses_what_is_not_json, json_numbers_at_their_limits,
      json_reals, json_depth_is_limited, json_fifty_thousand_labels, json_remembers_the_first_trouble,
      json_answers_nothing_after_a_trouble, json_stops_at_impossible_questions, json_shows_names_on_one_line,
      json_survives_mutations)
