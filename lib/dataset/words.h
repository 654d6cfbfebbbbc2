/* text: words, and the templates captions are made from, for the bag-of-words tower.
 *
 * A word is a longest run of letters, digits and apostrophes, lower-cased, without apostrophes at its ends: "Don't!" is
 * don't, "'dogs'" is dogs. Letters are a to z and every byte beyond ASCII, which stays as it is: "Über" is one word.
 * Captions come from templates, "a photo of a {}" with a class name for {} (Radford et al. 2021, section 3.1.4).
 */
#ifndef WORDS_H
#define WORDS_H

#include "core/arena.h"

enum { TEXT_PADDING = 0, TEXT_UNKNOWN = 1, TEXT_FIRST_WORD = 2 };

/* ---- templates ---------------------------------------------------------------------------------------------- */

/* For templates from a command line or a file: whether there is a {} to fill. */
bool text_template_check(const char *pattern, Err *err);

/* The template with `name` for every {}; on the arena. A template without {} stops: all classes would look the same. */
char *text_fill(Arena *arena, const char *pattern, const char *name);

/* ---- vocabulary --------------------------------------------------------------------------------------------- */

/* The words of a model. Ids: 0 is padding, 1 is for a text of which no word is known, then the words in alphabetical
 * order (of bytes), so that the same words have the same ids wherever they were met first. */
typedef struct {
    int size;          /* ids 0 .. size-1: the rows of the embedding */
    const char **word; /* word[id]; "" for 0 and 1 */
} Vocab;

/* The words of all templates filled with all names; on the arena. Stops as text_fill does. */
Vocab vocab_build(Arena *arena, const char *const *patterns, int pattern_count, const char *const *names,
                  int name_count);

/* The words from id 2 on, with spaces between: for the metadata of a checkpoint. On the arena. */
char *vocab_to_text(Arena *arena, const Vocab *vocab);

/* And back, on the arena. False, and *vocab untouched, if that is not a text vocab_text could have made: `name` says
 * in messages where it came from. */
bool vocab_from_text(Vocab *vocab, Arena *arena, const char *text, const char *name, Err *err);

/* The id of a word as defined above; TEXT_UNKNOWN if the vocabulary lacks it. */
int vocab_find(const Vocab *vocab, const char *word);

/* ---- tokens ------------------------------------------------------------------------------------------------- */

/* What could not be said in tokens. The strings belong to the arena, but for cut_text. */
typedef struct {
    int unknown_count; /* words the vocabulary lacks, each once, in alphabetical order */
    const char **unknown;
    int cut_count;        /* texts with more known words than T */
    const char *cut_text; /* the first of them, or NULL, */
    int cut_words, room;  /* how many known words it has, and T */
    int empty_count;      /* texts without any known word */
} TextNotes;

/* ids [B,T]: row b holds the known words of texts[b] in order, then padding. Unknown words are left out, so that they
 * do not drag a mean towards a vector that was never trained; a text of which nothing is left is the one token
 * TEXT_UNKNOWN, so that no mean is taken over nothing. Words beyond T are cut off. All of this is in the notes. */
TextNotes vocab_encode(const Vocab *vocab, Arena *arena, const char *const *texts, int B, int T, int *ids);

/* One line to `stream` for each unknown word, and one each for texts cut or empty; nothing if all was well.
 *     warning: the model never saw the word "zebra"; it is left out */
void text_warn(const TextNotes *notes, FILE *stream);

/* The most words any of the texts has, for choosing T; at least 1. */
int text_max_words(const char *const *texts, int count);

#endif
