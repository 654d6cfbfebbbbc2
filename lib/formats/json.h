/* json: reads JSON texts (RFC 8259) piece by piece, strictly. core/quote.h writes strings.
 *
 * The caller walks the text and asks for what it expects; nothing is built but the strings it asks for:
 *
 *   Json j = json_begin(&arena, text, size, "labels.json", &err);
 *   json_array(&j);
 *   while (json_item(&j)) if (json_int(&j, 0, 9, &label)) ...;        {"a": 1}: json_object, json_key, a value
 *   return json_end(&j);                                             the only answer that counts
 *
 * The first trouble is remembered: `err` is filled with name, byte, what came and what was wanted, and from then on
 * every function returns false. Time is linear in the text and depth of nesting is limited, so no text can hang or
 * crash it. Asking in an order that no text could satisfy (a key of an array, a value twice) stops: REQUIRE.
 *
 * Strictly: no comments, no trailing commas, no NaN, and strings are well-formed UTF-8. Two limits of our own, as
 * RFC 8259 section 9 allows: a string with a zero character is refused, for C could not see its end, and so is a
 * number that is longer than JSON_NUMBER_MAX characters or that the type asked for cannot hold.
 */
#ifndef JSON_H
#define JSON_H

#include "core/arena.h"

enum { JSON_DEPTH_MAX = 64, JSON_NUMBER_MAX = 127 };

typedef enum { JSON_NOTHING, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

typedef struct {
    const char *text, *name;
    size_t size, at;  /* `at` may be moved forward once after json_begin, to a text inside a file */
    char *pool;       /* where the next string goes */
    uint64_t objects; /* bit d: what is open at depth d is an object, not an array */
    int depth;
    bool fresh; /* what was opened last holds nothing yet */
    bool ready; /* the next thing to read is a value */
    bool failed;
    Err *err;
} Json;

/* A reader of text[0..size), which need not end in a zero byte and must stay while it is read. `name` stands at the
 * head of messages. Strings go to the arena, `size` bytes for all of them together; with arena NULL they are checked
 * and skipped, and come back as "". */
Json json_begin(Arena *arena, const char *text, size_t size, const char *name, Err *err);

/* What the next value is, by its first character; JSON_NOTHING if none starts here, or after trouble. */
JsonKind json_kind(Json *j);

/* Enter an array or an object. */
bool json_array(Json *j);
bool json_object(Json *j);

/* True while there is another element or member; its value must be read or skipped next. False at the end, which is
 * consumed, and after trouble. Keys may repeat: whoever minds must look. */
bool json_item(Json *j);
bool json_key(Json *j, const char **key);

/* Read one value. The result is set only on success. Whole numbers have neither point nor exponent. */
bool json_string(Json *j, const char **value);
bool json_int(Json *j, long long low, long long high, long long *value);
bool json_real(Json *j, double *value);
bool json_bool(Json *j, bool *value);
bool json_null(Json *j);

/* Checks one value of any kind and passes over it. */
bool json_skip(Json *j);

/* Wants that nothing but white space is left; true if there was no trouble from beginning to end. */
bool json_end(Json *j);

#endif
