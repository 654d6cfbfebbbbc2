/* unicode: characters as numbers: read from UTF-8, classified as letters, numbers and white space, made lower case,
 * compared with form NFC.
 *
 * The tables in unicode.c come from the Unicode Character Database: general categories L* and N* of version 17.0; full
 * lower-case mappings and the properties Cased and Case_Ignorable of 14.0. Later versions only add characters.
 */
#ifndef UNICODE_H
#define UNICODE_H

#include "core/base.h"

enum {
    UNICODE_END = 0x110000,     /* all characters are smaller */
    UNICODE_BYTE = UNICODE_END, /* + b: the byte b that is not part of well-formed UTF-8 */
    UNICODE_REPLACEMENT = 0xfffd
};

/* Reads one character, or one stray byte, from text[0..size). Returns the bytes used, 1 to 4. Stray bytes are what
 * RFC 3629 calls ill-formed: overlong forms, surrogates, numbers beyond 10FFFF, cut sequences. Wants size >= 1. */
size_t unicode_read(const char *text, size_t size, uint32_t *code);

/* Writes the bytes that unicode_read has read; returns their number, 1 to 4. */
size_t unicode_write(uint32_t code, char out[4]);

bool unicode_is_letter(uint32_t code); /* general category L*: \p{L} */
bool unicode_is_number(uint32_t code); /* general category N*: \p{N} */
bool unicode_is_space(uint32_t code);  /* property White_Space: \s */

/* unicode_lower: lower case as in Python's str.lower() (Unicode 14.0, 3.13, toLowercase). One character becomes one,
 * but U+0130 becomes two, and a capital sigma at the end of a word becomes the final sigma.
 * Shapes  in [count] -> out, room for 2 * count; in and out do not overlap. Returns the characters written */
size_t unicode_lower(const uint32_t *in, size_t count, uint32_t *out);

/* unicode_nfc_prefix: the number of characters before the first that form NFC (Unicode Standard Annex 15, of 14.0)
 * changes, moves or joins with one after it; count when the text is in form NFC. The time is linear. */
size_t unicode_nfc_prefix(const uint32_t *text, size_t count);

#endif
