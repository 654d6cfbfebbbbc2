/* unicode: characters as numbers: read from UTF-8, sorted into letters, numbers and white space, made lower case.
 *
 * The tables in unicode.c were derived, range by range, from the general categories L* and N* of the Unicode Character
 * Database 17.0, and from the full lower-case mappings and the properties Cased and Case_Ignorable of 14.0. Later
 * versions only add characters.
 */
#ifndef UNICODE_H
#define UNICODE_H

#include "core/base.h"

enum {
    UNICODE_END = 0x110000, /* characters lie below */
    UNICODE_BYTE =
        0x110000, /* plus b: the byte b, which is no part of well-formed UTF-8; kept, so that nothing is lost */
    UNICODE_REPLACEMENT = 0xfffd
};

/* Reads one character, or one stray byte, from text[0..size); wants size >= 1. Returns the bytes used, 1 to 4. What
 * RFC 3629 calls ill-formed (overlong forms, surrogates, numbers beyond 10FFFF, cut sequences) is stray bytes. */
size_t unicode_read(const char *text, size_t size, uint32_t *code);

/* Writes it again, byte for byte; returns how many, 1 to 4. */
size_t unicode_write(uint32_t code, char out[4]);

bool unicode_is_letter(uint32_t code); /* general category L*: \p{L} */
bool unicode_is_number(uint32_t code); /* general category N*: \p{N} */
bool unicode_is_space(uint32_t code);  /* property White_Space: \s */

/* unicode_lower: lower case as Python's str.lower() has it (Unicode 14.0, 3.13, toLowercase): one for one, but U+0130
 * becomes two characters, and a capital sigma at the end of a word becomes the final one.
 * Shapes  in [count] -> out, with room for 2 * count; in and out do not overlap. Returns the characters written.
 */
size_t unicode_lower(const uint32_t *in, size_t count, uint32_t *out);

#endif
