#include "core/quote.h"

#include <string.h>

int utf8_length(const char *p, size_t left) {
    uint32_t first = (uint8_t)p[0];
    if (first < 0x80) return 1;
    int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (first < 0xc2 || first > 0xf4 || left < (size_t)length) return 0;
    uint32_t code = first & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if (((uint8_t)p[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | ((uint8_t)p[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || surrogate || code > 0x10ffff ? 0 : length;
}

bool utf8_is_valid(const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        int length = utf8_length(text, left);
        if (length == 0) return false;
        text += length;
        left -= (size_t)length;
    }
    return true;
}

/* Writes the character at *text as it stands in a quoted string, at most 7 bytes, and moves *text to the next one;
 * returns the number of bytes. */
static int quote_one(const char **text, size_t *left, char out[8]) {
    const char *from = *text;
    int length = utf8_length(from, *left), step = MAX(length, 1);
    *text += step;
    *left -= (size_t)step;
    if (length == 0) {
        out[0] = '?';
        return 1;
    }
    const char *found = memchr(ESCAPED_CHARS, *from, sizeof ESCAPED_CHARS - 1);
    if (found && *from != '/') {
        out[0] = '\\';
        out[1] = ESCAPE_LETTERS[found - ESCAPED_CHARS];
        return 2;
    }
    if ((uint8_t)*from < 0x20 || *from == 0x7f) return snprintf(out, 8, "\\u%04x", (unsigned)*from);
    if (length == 2 && (uint8_t)from[0] == 0xc2 && (uint8_t)from[1] < 0xa0) /* U+0080 to U+009F: control characters */
        return snprintf(out, 8, "\\u%04x", (unsigned)(uint8_t)from[1]);
    memcpy(out, from, (size_t)length);
    return length;
}

/* `text` in quotes at `out`, of at least 6 bytes for each of `text` and 3 more; cut where it reaches `most` bytes. */
static char *quote_text(const char *text, size_t most, char *out) {
    char *end = out;
    size_t left = strlen(text);
    *end++ = '"';
    for (char one[8]; left > 0 && (size_t)(end - out) < most;) {
        int length = quote_one(&text, &left, one);
        memcpy(end, one, (size_t)length);
        end += length;
    }
    strcpy(end, left > 0 ? "...\"" : "\"");
    return out;
}

char *quote_json(Arena *arena, const char *text) {
    return quote_text(text, SIZE_MAX, arena_alloc(arena, size_mul(strlen(text), 6) + 3, 1));
}
char *quote_plain(Arena *arena, const char *text) {
    char *plain = quote_json(arena, text) + 1;
    plain[strlen(plain) - 1] = '\0';
    return plain;
}
const char *quoted(const char *text) {
    static _Thread_local char buffers[8][96];
    static _Thread_local int next;
    return quote_text(text, 80, buffers[next++ % 8]);
}
