#include "emoji_probes.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 24, NAME_BYTES = 256, LIST = 16 };

static const struct {
    const char *name;
    const char *word[LIST];
} kinds[BIND_KINDS] = {
    [BIND_COLOUR] = { "colour",
                      { "red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "grey", "pink",
                        "cyan" } },
    [BIND_NUMBER] = { "number",
                      { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                        "twelve" } },
    [BIND_DIRECTION] = { "direction",
                         { "left", "right", "up", "down", "leftwards", "rightwards", "upwards", "downwards" } },
    [BIND_PERSON] = { "person", { "man", "woman", "person", "men", "women", "people", "boy", "girl" } },
    [BIND_ORDER] = { "word order", { NULL } },
};

static const char FACING[] = " facing right";

const char *bind_name(BindKind kind) { return kinds[kind].name; }

static bool in_list(BindKind kind, const char *word) {
    for (int i = 0; i < LIST && kinds[kind].word[i]; i++)
        if (!strcmp(kinds[kind].word[i], word)) return true;
    return false;
}

/* ---- names as words ---------------------------------------------------------------------------------------------- */

typedef struct {
    char text[NAME_BYTES];
    char *word[WORDS_MAX], *sorted[WORDS_MAX]; /* in the name's order, in order of bytes */
    int count;
} Name;

static int word_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void name_split(Name *name, const char *text) {
    char *rest = NULL;
    *name = (Name){ .count = 0 };
    snprintf(name->text, sizeof name->text, "%s", text);
    for (char *at = strtok_r(name->text, " ", &rest); at && name->count < WORDS_MAX; at = strtok_r(NULL, " ", &rest))
        name->word[name->count++] = at;
    memcpy(name->sorted, name->word, sizeof name->sorted);
    qsort(name->sorted, (size_t)name->count, sizeof *name->sorted, word_order);
}

/* Whether one word begins with the other: "up", "upwards" say the same. */
static bool same_stem(const char *a, const char *b) { return !strncmp(a, b, MIN(strlen(a), strlen(b))); }

/* Whether the names have the same length and differ in one place only, where both have a word of the kind. */
static bool one_word_differs(const Name *a, const Name *b, BindKind kind) {
    int differ = 0;
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++) {
        if (!strcmp(a->word[i], b->word[i])) continue;
        differ++;
        if (!in_list(kind, a->word[i]) || !in_list(kind, b->word[i]) || same_stem(a->word[i], b->word[i])) return false;
    }
    return differ == 1;
}

/* Whether a is b and " facing right", or the other way round. */
static bool facing_differs(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b), shorter = MIN(m, n);
    const char *longer = m > n ? a : b;
    return !strncmp(a, b, shorter) && !strcmp(longer + shorter, FACING);
}

/* Whether the names have the same words in another order. */
static bool order_differs(const Name *a, const Name *b) {
    bool same_order = true;
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++) {
        if (strcmp(a->sorted[i], b->sorted[i]) != 0) return false;
        same_order = same_order && !strcmp(a->word[i], b->word[i]);
    }
    return !same_order;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

static bool is_pair(const EmojiSet *set, const Name *name, int a, int b, BindKind kind) {
    if (kind == BIND_ORDER) return order_differs(&name[a], &name[b]);
    if (one_word_differs(&name[a], &name[b], kind)) return true;
    return kind == BIND_DIRECTION && facing_differs(set->item[a].phrase[0], set->item[b].phrase[0]);
}

BindPair *bind_pairs(const EmojiSet *set, Arena *arena, BindKind kind, int *count) {
    Arena scratch = { 0 };
    Name *name = arena_alloc(&scratch, (size_t)set->count, sizeof *name);
    BindPair *pairs = NULL;
    for (int i = 0; i < set->count; i++) name_split(&name[i], set->item[i].phrase[0]);
    for (int pass = 0; pass < 2; pass++) { /* counts, then fills */
        *count = 0;
        for (int a = 0; a < set->count; a++)
            for (int b = a + 1; b < set->count; b++) {
                if (!is_pair(set, name, a, b, kind)) continue;
                if (pass) pairs[*count] = (BindPair){ a, b, set->item[a].held || set->item[b].held };
                (*count)++;
            }
        if (!pass) pairs = arena_alloc(arena, (size_t)*count, sizeof *pairs);
    }
    arena_free(&scratch);
    return pairs;
}

PairScore bind_score(const BindPair *pairs, int count, bool held, Mat pictures, Mat names) {
    PairScore score = pair_score_new(2, 2);
    int E = pictures.shape[1];
    for (int k = 0; k < count; k++) {
        const int item[2] = { pairs[k].a, pairs[k].b };
        double s[4];
        if (pairs[k].held != held) continue;
        for (int p = 0; p < 2; p++)
            for (int c = 0; c < 2; c++) s[2 * p + c] = vec_dot(&AT(pictures, item[p], 0), &AT(names, item[c], 0), E);
        pair_score_add(&score, s);
    }
    return score;
}

int bind_family(const EmojiSet *set, BindKind kind, const char *pattern, int *items, int most) {
    Name wanted, name;
    int count = 0;
    name_split(&wanted, pattern);
    for (int i = 0; i < set->count && count < most; i++) {
        name_split(&name, set->item[i].phrase[0]);
        bool fits = name.count == wanted.count;
        for (int w = 0; fits && w < wanted.count; w++)
            fits = strcmp(wanted.word[w], "X") ? !strcmp(wanted.word[w], name.word[w]) : in_list(kind, name.word[w]);
        if (fits) items[count++] = i;
    }
    return count;
}
