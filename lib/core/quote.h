/* quote: UTF-8, and text in quotes: for messages and for JSON. */
#ifndef QUOTE_H
#define QUOTE_H

#include "core/arena.h"

/* Length of the well-formed UTF-8 sequence at p, 1 to 4 bytes, within `left` >= 1 bytes; 0: not well-formed. RFC 3629
 * section 4: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
int utf8_length(const char *p, size_t left);
/* Whether all of `text` is well-formed UTF-8. */
bool utf8_is_valid(const char *text);

/* Escapes of a JSON string (RFC 8259 section 7): letter i after a backslash stands for character i. */
static const char ESCAPE_LETTERS[] = "\"\\/bfnrt", ESCAPED_CHARS[] = "\"\\/\b\f\n\r\t";

/* A JSON string: `text` in quotes, with escapes where RFC 8259 section 7 wants them; owned by the arena. */
char *quote_json(Arena *arena, const char *text);

/* The same without the quotes, for lists and headings. */
char *quote_plain(Arena *arena, const char *text);

/* `text` in quotes, for messages: at most about 80 characters, invalid bytes as "?", control characters as escapes. In
 * one of 8 static buffers per thread. Text from a file goes through this: it could send commands to the terminal. */
const char *quoted(const char *text);

#endif
