/* A vocabulary for tests of the byte-pair tokeniser, because CLIP's own is not in the repository. A static function in
 * a header, because each test is one file. */
#ifndef VOCABULARY_FILE_H
#define VOCABULARY_FILE_H

#include "core/arena.h"
#include "dataset/unicode.h"
#include "check.h"

/* A text that bpe_read takes, of `count` merges: first those in merges [used], then pairs of hidden bytes. */
static inline char *vocabulary_text(Arena *arena, const char *heading, const char *const *merges, int used, int count,
                                    const char *line_end) {
    char *text = arena_alloc(arena, 1 << 20, 1), left[5] = "", right[5] = "", *at = text;
    at += snprintf(at, 64, "%s%s", heading, line_end);
    int made = 0;
    for (; made < used && made < count; made++) at += snprintf(at, 64, "%s%s", merges[made], line_end);
    for (uint32_t a = 0xae; a < 0x143 && made < count; a++)
        for (uint32_t b = 0xae; b < 0x143 && made < count; b++)
            for (int kind = 0; kind < 3 && made < count; kind++, made++) { /* "a b", "a b</w>", "ab z</w>" */
                left[unicode_write(a, left)] = '\0';
                right[unicode_write(b, right)] = '\0';
                if (a == 0x120) snprintf(left, sizeof left, "@"); /* the space, which no merge of CLIP has */
                if (kind == 2) at += snprintf(at, 64, "%s%s %s</w>%s", left, right, "z", line_end);
                else at += snprintf(at, 64, "%s %s%s%s", left, right, kind ? "</w>" : "", line_end);
            }
    CHECK(made == count, "%d merges", made);
    return text;
}

#endif
