/* text_defect: finds what OpenAI's tokeniser would repair in a text before it reads it, and ours does not.
 *
 * simple_tokenizer.py calls ftfy.fix_text (github.com/rspeer/python-ftfy), which decodes wrongly decoded text again,
 * joins accents to their letters (Unicode's form NFC), and replaces or removes some characters. A text that needs none
 * of this gets the same tokens here and there; most texts do. File names of macOS (accents apart), texts of a word
 * processor (typographic quotes, ligatures) and terminal logs need it.
 */
#ifndef TEXT_DEFECT_H
#define TEXT_DEFECT_H

#include "core/base.h"

typedef struct {
    const char *what, *todo; /* "a typographic quote", "write ' or \"" */
    uint32_t code;           /* the character (unicode.h) */
} TextDefect;

/* The first thing in the text that would be repaired. False: there is none. Wrongly decoded text is found when it is
 * UTF-8 that was read as Latin-1 or Windows-1252. A letter with a quote or a sign after it ("CAFÉ»") is not found. */
bool text_defect_find(const char *text, TextDefect *defect);

/* Warns (core/base.h), if one of the n texts would be repaired: names the first one, what to do, and how many there
 * are. With `table`, the path of a file, line[i] is the line of text i, and the first text is that of the lowest line.
 * Without (both NULL) it warns once in a program. */
void text_defect_warn(const char *const *texts, int n, const char *table, const int *line);

#endif
