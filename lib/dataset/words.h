/* words: the word tokeniser of the bag-of-words tower, and the templates of captions.
 *
 * A word is a longest run of letters, digits and apostrophes, in lower case, without apostrophes at its ends: "Don't!"
 * is don't, "'dogs'" is dogs. Letters are a to z and every byte beyond ASCII, unchanged: "Über" is one word.
 * A template such as "a photo of a {}" becomes a caption with a class name for {} (Radford et al. 2021, section 3.1.4).
 */
#ifndef WORDS_H
#define WORDS_H

#include "core/arena.h"

enum { TEXT_PADDING = 0, TEXT_UNKNOWN = 1, TEXT_FIRST_WORD = 2 };

/* Fails when a template (from the command line or a file) has no {}. */
bool text_template_check(const char *pattern, Err *err);

/* The template with `name` for every {}. Stops when there is none: all captions would be the same. Owner: the arena. */
char *text_fill(Arena *arena, const char *pattern, const char *name);

/* ---- vocabulary ------------------------------------------------------------------------------------------------- */

/* The words of a model. Id 0 is padding, id 1 stands for a text without a known word, then the words follow in
 * alphabetical order (of bytes): the same words always have the same ids. */
typedef struct {
    int size;          /* ids 0 .. size-1: the rows of the embedding */
    const char **word; /* word[id]; "" for 0 and 1 */
    /* An unknown word is id 1 in its place, because rare words of the training were; else it is left out. */
    bool keeps_unknown;
} Vocab;

/* The words of all templates filled with all names. Stops as text_fill. Owner: the arena. */
Vocab vocab_build(Arena *arena, const char *const *patterns, int pattern_count, const char *const *names,
                  int name_count);

/* The words that occur `least` times or more in the texts (1: all of them). Where that leaves words out, the vocabulary
 * keeps_unknown. Owner: the arena. */
Vocab vocab_of_texts(Arena *arena, const char *const *texts, int count, int least);

/* The words from id 2 on, separated by spaces, for the metadata of a checkpoint. Owner: the arena. */
char *vocab_to_text(Arena *arena, const Vocab *vocab);

/* The inverse of vocab_to_text. Fails when the text is not a result of vocab_to_text; *vocab is then unchanged. `name`
 * is the name of the text in messages. Owner: the arena. */
bool vocab_from_text(Vocab *vocab, Arena *arena, const char *text, const char *name, Err *err);

/* The id of a word; TEXT_UNKNOWN when the vocabulary does not have it. */
int vocab_find(const Vocab *vocab, const char *word);

/* ---- tokens ----------------------------------------------------------------------------------------------------- */

/* Problems of vocab_encode. Owner of the strings: the arena; of cut_text: the caller. */
typedef struct {
    int unknown_count; /* words that the vocabulary does not have, each once, in alphabetical order */
    const char **unknown;
    int cut_count;        /* texts with more than T known words; the first of them: */
    const char *cut_text; /* or NULL */
    int cut_words, room;  /* its number of known words, and T */
    int empty_count;      /* texts without any known word */
    bool unknown_kept;    /* unknown words have the id TEXT_UNKNOWN */
} TextNotes;

/* vocab_encode: row b has the ids of the known words of texts[b] in order, then padding. Unknown words are left out,
 * because their embedding was never trained, unless the vocabulary keeps_unknown. A text without a known word is the
 * one id TEXT_UNKNOWN, so that a mean exists. Words beyond T are cut off. The result says what was left out.
 * Shapes  texts [B], ids [B,T] */
TextNotes vocab_encode(const Vocab *vocab, Arena *arena, const char *const *texts, int B, int T, int *ids);

/* One line to `stream` for each unknown word, and one each for cut and for empty texts.
 *     warning: the model never saw the word "zebra"; it is left out */
void text_warn(const TextNotes *notes, FILE *stream);

/* The largest number of words of any of the texts, for choosing T; at least 1. */
int text_max_words(const char *const *texts, int count);

#endif
