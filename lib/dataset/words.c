#include "dataset/words.h"

#include "core/quote.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool in_word(char c) {
    char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '\'' || (uint8_t)c >= 0x80;
}

/* The next word at or after *text: returns its start and sets *length and *text, the end; NULL when there is none. */
static const char *word_next(const char **text, size_t *length) {
    const char *at = *text;
    while (*at && (!in_word(*at) || *at == '\'')) at++;
    const char *begin = at;
    while (in_word(*at)) at++;
    *text = at;
    while (at > begin && at[-1] == '\'') at--;
    *length = (size_t)(at - begin);
    return *length > 0 ? begin : NULL;
}

typedef struct {
    const char **word;
    size_t count;
} Words;

/* Adds the words of `text`, lower-cased, to a list that has room. Owner of the letters: the arena. */
static void words_add(Words *words, Arena *arena, const char *text) {
    char *pool = arena_alloc(arena, strlen(text) + 1, 1);
    size_t length;
    for (const char *word = word_next(&text, &length); word; word = word_next(&text, &length)) {
        for (size_t i = 0; i < length; i++) pool[i] = lower(word[i]);
        pool[length] = '\0';
        words->word[words->count++] = pool;
        pool += length + 1;
    }
}

/* An empty list with room for the words of all texts: n bytes have at most n / 2 + 1 words. Owner: the arena. */
static Words words_new(Arena *arena, const char *const *texts, size_t count) {
    size_t room = 0;
    for (size_t i = 0; i < count; i++) room += strlen(texts[i]) / 2 + 1;
    return (Words){ .word = arena_alloc(arena, room, sizeof(char *)) };
}

static int word_order(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Sorts, and keeps one of each word that is there `least` times or more. Returns how many words went. */
static size_t words_sort_unique(Words *words, size_t least) {
    if (words->count > 0) qsort(words->word, words->count, sizeof *words->word, word_order);
    size_t kept = 0, gone = 0;
    for (size_t begin = 0, end; begin < words->count; begin = end) {
        for (end = begin; end < words->count && !strcmp(words->word[begin], words->word[end]);) end++;
        if (end - begin >= least) words->word[kept++] = words->word[begin];
        else gone++;
    }
    words->count = kept;
    return gone;
}

int text_max_words(const char *const *texts, int count) {
    int max = 1;
    for (int i = 0; i < count; i++) {
        const char *text = texts[i];
        size_t length;
        int words = 0;
        while (words < INT_MAX && word_next(&text, &length)) words++;
        max = MAX(max, words);
    }
    return max;
}

/* ---- templates -------------------------------------------------------------------------------------------------- */

bool text_template_check(const char *pattern, Err *err) {
    return strstr(pattern, "{}") != NULL ||
           err_set(err, "template %s: there is no {} for the class name; write it like \"a photo of a {}\"",
                   quoted(pattern));
}

char *text_fill(Arena *arena, const char *pattern, const char *name) {
    size_t length = strlen(name), gaps = 0;
    for (const char *gap = strstr(pattern, "{}"); gap; gap = strstr(gap + 2, "{}")) gaps++;
    REQUIRE(gaps > 0, "template \"%s\" has no {} for \"%s\"", pattern, name);
    char *text = arena_alloc(arena, strlen(pattern) + size_mul(gaps, length) + 1, 1), *end = text;
    for (const char *at = pattern; *at;) {
        bool gap = at[0] == '{' && at[1] == '}';
        memcpy(end, gap ? name : at, gap ? length : 1);
        end += gap ? length : 1;
        at += gap ? 2 : 1;
    }
    *end = '\0';
    return text;
}

/* ---- vocabulary ------------------------------------------------------------------------------------------------- */

/* The vocabulary of sorted, unique words. */
static Vocab vocab_of(Arena *arena, Words words) {
    REQUIRE(words.count <= INT_MAX - TEXT_FIRST_WORD, "%zu words are too many", words.count);
    Vocab vocab = { .size = (int)words.count + TEXT_FIRST_WORD };
    vocab.word = arena_alloc(arena, (size_t)vocab.size, sizeof *vocab.word);
    vocab.word[TEXT_PADDING] = vocab.word[TEXT_UNKNOWN] = "";
    if (words.count > 0) memcpy(vocab.word + TEXT_FIRST_WORD, words.word, words.count * sizeof *words.word);
    return vocab;
}

Vocab vocab_build(Arena *arena, const char *const *patterns, int pattern_count, const char *const *names,
                  int name_count) {
    REQUIRE(pattern_count >= 0 && name_count >= 0, "%d templates, %d names", pattern_count, name_count);
    size_t count = size_mul((size_t)pattern_count, (size_t)name_count), n = 0;
    const char **texts = arena_alloc(arena, count, sizeof *texts);
    for (int p = 0; p < pattern_count; p++)
        for (int c = 0; c < name_count; c++) texts[n++] = text_fill(arena, patterns[p], names[c]);
    REQUIRE(count <= INT_MAX, "%zu texts are too many", count);
    return vocab_of_texts(arena, texts, (int)count, 1);
}

Vocab vocab_of_texts(Arena *arena, const char *const *texts, int count, int least) {
    Words words = words_new(arena, texts, (size_t)count);
    for (int i = 0; i < count; i++) words_add(&words, arena, texts[i]);
    bool left_out = words_sort_unique(&words, (size_t)MAX(1, least)) > 0;
    Vocab vocab = vocab_of(arena, words);
    vocab.keeps_unknown = left_out;
    return vocab;
}

char *vocab_to_text(Arena *arena, const Vocab *vocab) {
    size_t size = 1, used = 0;
    for (int id = TEXT_FIRST_WORD; id < vocab->size; id++) size += strlen(vocab->word[id]) + 1;
    char *text = arena_zero(arena, size, 1);
    for (int id = TEXT_FIRST_WORD; id < vocab->size; id++)
        used += (size_t)snprintf(text + used, size - used, used ? " %s" : "%s", vocab->word[id]);
    return text;
}

bool vocab_from_text(Vocab *vocab, Arena *arena, const char *text, const char *name, Err *err) {
    Words words = words_new(arena, &text, 1);
    words_add(&words, arena, text);
    for (size_t i = 1; i < words.count; i++)
        if (strcmp(words.word[i - 1], words.word[i]) >= 0)
            return err_set(err, "%s: the vocabulary is not in alphabetical order: %s before %s", name,
                           quoted(words.word[i - 1]), quoted(words.word[i]));
    Vocab got = vocab_of(arena, words);
    const char *again = vocab_to_text(arena, &got);
    size_t same = 0;
    while (again[same] && again[same] == text[same]) same++;
    if (again[same] != text[same])
        return err_set(err, "%s: the vocabulary, at byte %zu, is not lower-case words with one space between", name,
                       same);
    *vocab = got;
    return true;
}

int vocab_find(const Vocab *vocab, const char *word) {
    REQUIRE(vocab->size >= TEXT_FIRST_WORD, "a vocabulary of size %d was never built", vocab->size);
    const char **first = vocab->word + TEXT_FIRST_WORD;
    const char **found = bsearch(&word, first, (size_t)(vocab->size - TEXT_FIRST_WORD), sizeof word, word_order);
    return found ? (int)(found - vocab->word) : TEXT_UNKNOWN;
}

/* ---- tokens ----------------------------------------------------------------------------------------------------- */

/* Writes a row of ids for the words from `start` on; then only the unknown ones stay in the list. Returns the number of
 * known words; *used is the number of ids there would be without the limit T. */
static int encode_one(const Vocab *vocab, Words *words, size_t start, int T, int *ids, int *used) {
    int known = 0;
    size_t kept = start;
    *used = 0;
    for (size_t i = start; i < words->count; i++) {
        int id = vocab_find(vocab, words->word[i]);
        known += id != TEXT_UNKNOWN;
        if (id == TEXT_UNKNOWN) words->word[kept++] = words->word[i];
        if (id == TEXT_UNKNOWN && !vocab->keeps_unknown) continue;
        if (*used < T) ids[*used] = id;
        ++*used;
    }
    words->count = kept;
    if (*used == 0) ids[0] = TEXT_UNKNOWN;
    for (int t = MAX(*used, 1); t < T; t++) ids[t] = TEXT_PADDING;
    return known;
}

TextNotes vocab_encode(const Vocab *vocab, Arena *arena, const char *const *texts, int B, int T, int *ids) {
    REQUIRE(B >= 0 && T >= 1, "%d texts of %d tokens, want T of 1 or more", B, T);
    TextNotes notes = { .room = T, .unknown_kept = vocab->keeps_unknown };
    Words unknown = words_new(arena, texts, (size_t)B);
    for (int b = 0; b < B; b++) {
        size_t start = unknown.count;
        words_add(&unknown, arena, texts[b]);
        REQUIRE(unknown.count <= INT_MAX, "%zu words are too many", unknown.count);
        int used, known = encode_one(vocab, &unknown, start, T, ids + (size_t)b * (size_t)T, &used);
        if (used > T && notes.cut_count++ == 0) {
            notes.cut_text = texts[b];
            notes.cut_words = used;
        }
        if (known == 0) notes.empty_count++;
    }
    words_sort_unique(&unknown, 1);
    notes.unknown_count = (int)unknown.count;
    notes.unknown = unknown.word;
    return notes;
}

void text_warn(const TextNotes *notes, FILE *stream) {
    for (int i = 0; i < notes->unknown_count; i++)
        fprintf(stream, "warning: the model never saw the word %s; it is %s\n", quoted(notes->unknown[i]),
                notes->unknown_kept ? "read as a rare word" : "left out");
    if (notes->empty_count > 0)
        fprintf(stream, "warning: %d text%s no word the model knows; any answer there is chance\n", notes->empty_count,
                notes->empty_count == 1 ? " has" : "s have");
    if (notes->cut_count > 0)
        fprintf(stream, "warning: %s has %d words, the model takes %d; the rest is left out%s\n",
                quoted(notes->cut_text), notes->cut_words, notes->room, notes->cut_count > 1 ? " (and others)" : "");
}
