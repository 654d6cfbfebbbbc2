#include "formats/json.h"

#include "core/quote.h"

#include <string.h>

/* Writes the code point as 1 to 4 bytes; returns how many. */
static int utf8_put(uint32_t code, char out[4]) {
    int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (int i = length - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[length] | code);
    return length;
}

static bool fail(Json *j, const char *wanted) {
    char found[32] = "the end of the text";
    if (j->at < j->size) {
        uint8_t byte = (uint8_t)j->text[j->at];
        snprintf(found, sizeof found, byte > 0x20 && byte < 0x7f ? "'%c'" : "byte 0x%02x", byte);
    }
    if (!j->failed) err_set(j->err, "%s: byte %zu: found %s, wanted %s", j->name, j->at, found, wanted);
    j->failed = true;
    return false;
}

/* The same for a value that began at `start`. */
static bool fail_at(Json *j, size_t start, const char *wanted) {
    j->at = start;
    return fail(j, wanted);
}

static void space(Json *j) {
    while (j->at < j->size && memchr(" \t\n\r", j->text[j->at], 4)) j->at++;
}

static bool next_is(const Json *j, char c) { return j->at < j->size && j->text[j->at] == c; }
static bool next_is_digit(const Json *j) { return j->at < j->size && j->text[j->at] >= '0' && j->text[j->at] <= '9'; }

static bool take(Json *j, char c) {
    if (!next_is(j, c)) return false;
    j->at++;
    return true;
}

/* ---- structure -------------------------------------------------------------------------------------------------- */

Json json_begin(Arena *arena, const char *text, size_t size, const char *name, Err *err) {
    /* A string and its zero byte never need more room than its quoted form, so all strings fit into `size` bytes. */
    char *pool = arena ? arena_alloc(arena, size, 1) : NULL;
    return (Json){ .text = text, .size = size, .name = name, .err = err, .ready = true, .pool = pool };
}

/* Called before each value: moves to its first character. */
static bool value_begin(Json *j) {
    if (j->failed) return false;
    REQUIRE(j->ready, "%s: byte %zu: a value is asked for where none can stand", j->name, j->at);
    j->ready = false;
    space(j);
    return true;
}

JsonKind json_kind(Json *j) {
    if (j->failed || !j->ready) return JSON_NOTHING;
    space(j);
    static const char first[] = "{[\"tfn-0123456789";
    static const JsonKind kinds[] = { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_BOOL, JSON_BOOL, JSON_NULL };
    const char *found = j->at < j->size ? memchr(first, j->text[j->at], sizeof first - 1) : NULL;
    if (!found) return JSON_NOTHING;
    return found < first + COUNT(kinds) ? kinds[found - first] : JSON_NUMBER;
}

static bool enter(Json *j, char open, bool object, const char *wanted) {
    if (!value_begin(j)) return false;
    if (!next_is(j, open)) return fail(j, wanted);
    if (j->depth == JSON_DEPTH_MAX) return fail(j, "less nesting (at most 64 deep)");
    j->at++;
    uint64_t bit = (uint64_t)1 << j->depth++;
    j->objects = object ? j->objects | bit : j->objects & ~bit;
    j->fresh = true;
    return true;
}

bool json_array(Json *j) { return enter(j, '[', false, "an array"); }
bool json_object(Json *j) { return enter(j, '{', true, "an object"); }

/* Moves to the next element or key; false at the end of the array or object. A value comes next, after the key. */
static bool advance(Json *j, bool object) {
    if (j->failed) return false;
    REQUIRE(!j->ready && j->depth > 0 && (j->objects >> (j->depth - 1) & 1) == object,
            "%s: byte %zu: %s is asked for, but none can stand here", j->name, j->at, object ? "a key" : "an item");
    space(j);
    bool first = j->fresh;
    j->fresh = false;
    if (take(j, object ? '}' : ']')) {
        j->depth--;
        return false;
    }
    if (!first && !take(j, ',')) return fail(j, object ? "',' or '}'" : "',' or ']'");
    space(j);
    j->ready = true;
    return true;
}

bool json_item(Json *j) { return advance(j, false); }

bool json_end(Json *j) {
    if (j->failed) return false;
    REQUIRE(!j->ready && j->depth == 0, "%s: byte %zu: the text is left in its middle", j->name, j->at);
    space(j);
    return j->at == j->size || fail(j, "nothing more");
}

/* ---- strings ---------------------------------------------------------------------------------------------------- */

static void string_add(Json *j, const char *bytes, int count) {
    if (!j->pool) return;
    memcpy(j->pool, bytes, (size_t)count);
    j->pool += count;
}

/* Four hexadecimal digits. */
static bool hex4(Json *j, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, j->at++) {
        char c = j->at < j->size ? j->text[j->at] : '\0';
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return fail(j, "four hexadecimal digits after \\u");
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* After "\u". A character beyond U+FFFF is two escapes, a surrogate pair (RFC 8259 section 7). */
static bool unicode_escape(Json *j, size_t start) {
    uint32_t code, low;
    char bytes[4];
    if (!hex4(j, &code)) return false;
    if (code == 0) return fail_at(j, start, "no zero character (\\u0000) in a string");
    if (code >= 0xdc00 && code <= 0xdfff) return fail_at(j, start, "the first half of a surrogate pair before this");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take(j, '\\') || !take(j, 'u')) return fail(j, "\\u and the second half of a surrogate pair");
        if (!hex4(j, &low)) return false;
        if (low < 0xdc00 || low > 0xdfff) return fail_at(j, start, "a second half (\\udc00 to \\udfff)");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    string_add(j, bytes, utf8_put(code, bytes));
    return true;
}

/* After a backslash. */
static bool escape(Json *j) {
    size_t start = j->at - 1;
    if (take(j, 'u')) return unicode_escape(j, start);
    const char *found = j->at < j->size ? memchr(ESCAPE_LETTERS, j->text[j->at], sizeof ESCAPE_LETTERS - 1) : NULL;
    if (!found) return fail(j, "one of \" \\ / b f n r t u after a backslash");
    string_add(j, &ESCAPED_CHARS[found - ESCAPE_LETTERS], 1);
    j->at++;
    return true;
}

static bool string_read(Json *j, const char **value, const char *wanted) {
    if (!take(j, '"')) return fail(j, wanted);
    const char *start = j->pool;
    while (!take(j, '"')) {
        if (j->at >= j->size) return fail(j, "a quote at the end of a string");
        if (take(j, '\\')) {
            if (!escape(j)) return false;
            continue;
        }
        int length = utf8_length(j->text + j->at, j->size - j->at);
        if (length == 0) return fail(j, "well-formed UTF-8");
        if ((uint8_t)j->text[j->at] < 0x20) return fail(j, "control characters only as escapes");
        string_add(j, j->text + j->at, length);
        j->at += (size_t)length;
    }
    string_add(j, "", 1);
    *value = start ? start : "";
    return true;
}

bool json_string(Json *j, const char **value) { return value_begin(j) && string_read(j, value, "a string"); }

bool json_key(Json *j, const char **key) {
    if (!advance(j, true) || !string_read(j, key, "a key in quotes")) return false;
    space(j);
    return take(j, ':') || fail(j, "':' after a key");
}

/* ---- numbers and names ------------------------------------------------------------------------------------------ */

static bool digits(Json *j) {
    size_t start = j->at;
    while (next_is_digit(j)) j->at++;
    return j->at > start || fail(j, "a digit");
}

/* Reads a number by the grammar of RFC 8259 section 6, as a C string. */
static bool number_read(Json *j, const char *wanted, char out[JSON_NUMBER_MAX + 1]) {
    size_t start = j->at;
    if (!take(j, '-') && !next_is_digit(j)) return fail(j, wanted);
    if (!take(j, '0') && !digits(j)) return false; /* after a leading 0 no digit can follow */
    if (take(j, '.') && !digits(j)) return false;
    if (take(j, 'e') || take(j, 'E')) {
        if (!take(j, '+')) take(j, '-');
        if (!digits(j)) return false;
    }
    size_t length = j->at - start;
    if (length > JSON_NUMBER_MAX) return fail_at(j, start, "a number of at most 127 characters");
    memcpy(out, j->text + start, length);
    out[length] = '\0';
    return true;
}

bool json_int(Json *j, long long low, long long high, long long *value) {
    char text[JSON_NUMBER_MAX + 1], wanted[96];
    if (!value_begin(j)) return false;
    size_t start = j->at;
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", low, high);
    if (!number_read(j, wanted, text)) return false;
    return parse_int(text, low, high, value) || fail_at(j, start, wanted);
}

bool json_real(Json *j, double low, double high, double *value) {
    char text[JSON_NUMBER_MAX + 1], wanted[96];
    if (!value_begin(j)) return false;
    size_t start = j->at;
    snprintf(wanted, sizeof wanted, "a number from %g to %g", low, high);
    if (!number_read(j, wanted, text)) return false;
    return parse_real(text, low, high, value) || fail_at(j, start, wanted);
}

static bool literal(Json *j, const char *word) {
    size_t length = strlen(word);
    if (j->size - j->at < length || memcmp(j->text + j->at, word, length)) return false;
    j->at += length;
    return true;
}

bool json_bool(Json *j, bool *value) {
    if (!value_begin(j)) return false;
    bool yes = literal(j, "true");
    if (!yes && !literal(j, "false")) return fail(j, "true or false");
    *value = yes;
    return true;
}

bool json_null(Json *j) { return value_begin(j) && (literal(j, "null") || fail(j, "null")); }

bool json_skip(Json *j) { /* recursion is at most JSON_DEPTH_MAX deep: `enter` checks it */
    char number[JSON_NUMBER_MAX + 1];
    const char *text;
    JsonKind kind = json_kind(j);
    if (kind == JSON_STRING) return json_string(j, &text);
    if (kind == JSON_ARRAY) {
        for (json_array(j); json_item(j);) json_skip(j);
        return !j->failed;
    }
    if (kind == JSON_OBJECT) {
        for (json_object(j); json_key(j, &text);) json_skip(j);
        return !j->failed;
    }
    bool yes;
    if (kind == JSON_BOOL) return json_bool(j, &yes);
    if (kind == JSON_NULL) return json_null(j);
    if (!value_begin(j)) return false;
    return kind == JSON_NUMBER ? number_read(j, "a number", number) : fail(j, "a value");
}
