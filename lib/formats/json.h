/* json: reads JSON texts (RFC 8259) strictly, value by value. core/quote.h writes strings.
 *
 * The caller walks over the text and asks for the values it expects. Only strings take memory:
 *
 *   Json j = json_begin(&arena, text, size, "labels.json", &err);
 *   json_array(&j);
 *   while (json_item(&j)) if (json_int(&j, 0, 9, &label)) ...;        {"a": 1}: json_object, json_key, a value
 *   return json_end(&j);                                             false after any error
 *
 * After the first error `err` says name, byte, what came and what was wanted, and every function returns false. The
 * time is linear in the text and the depth of nesting is limited. Asking for what no text can contain there (a key of
 * an array, a value twice) is an error of the program: REQUIRE.
 *
 * Strict: no comments, no trailing commas, no NaN; strings are well-formed UTF-8. Two limits that RFC 8259 section 9
 * allows: a string with a zero character is refused, because it ends a C string; so is a number that is longer than
 * JSON_NUMBER_MAX characters or outside the wanted range.
 */
#ifndef JSON_H
#define JSON_H

#include "core/arena.h"

enum { JSON_DEPTH_MAX = 64, JSON_NUMBER_MAX = 127 };

typedef enum { JSON_NOTHING, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

typedef struct {
    const char *text, *name;
    size_t size, at;  /* position; the caller may set it once after json_begin: text inside a file */
    char *pool;       /* memory of the next string */
    uint64_t objects; /* bit d: at depth d there is an object, not an array */
    int depth;
    bool fresh; /* no element of the current array or object was read yet */
    bool ready; /* a value comes next */
    bool failed;
    Err *err;
} Json;

/* json_begin: a reader of text[0..size); a final zero byte is not needed. `name` is the name of the text in messages.
 * Wants  the text to stay unchanged while it is read
 * Owner  strings lie on the arena, in `size` bytes together; with arena NULL they are checked, and read as "" */
Json json_begin(Arena *arena, const char *text, size_t size, const char *name, Err *err);

/* The kind of the next value, by its first character; JSON_NOTHING when no value starts here, or after an error. */
JsonKind json_kind(Json *j);

/* Enter an array or an object. */
bool json_array(Json *j);
bool json_object(Json *j);

/* True when there is another element or member: read or skip its value next. False at the end of the array or object,
 * and after an error. Keys can repeat. */
bool json_item(Json *j);
bool json_key(Json *j, const char **key);

/* Read one value. *value is set only on success. Integers have no decimal point and no exponent. */
bool json_string(Json *j, const char **value);
bool json_int(Json *j, long long low, long long high, long long *value);
bool json_real(Json *j, double low, double high, double *value);
bool json_bool(Json *j, bool *value);
bool json_null(Json *j);

/* Checks one value of any kind and skips it. */
bool json_skip(Json *j);

/* True when only white space is left and there was no error in the whole text. */
bool json_end(Json *j);

#endif
