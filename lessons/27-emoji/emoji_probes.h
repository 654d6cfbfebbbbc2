/* emoji_probes: where words bind: pairs of pictures whose names differ in one word, or in the order of the words. */
#ifndef EMOJI_PROBES_H
#define EMOJI_PROBES_H

#include "pairs/emoji_set.h"
#include "core/mat.h"
#include "scenes/pair_score.h"

typedef enum {
    BIND_COLOUR,    /* "green heart", "purple heart": one word, both words are colours */
    BIND_NUMBER,    /* "three o clock", "nine o clock" */
    BIND_DIRECTION, /* "left arrow", "right arrow"; "woman walking", "woman walking facing right" */
    BIND_PERSON,    /* "man running", "woman running" */
    BIND_ORDER,     /* "right arrow curving left", "left arrow curving right": the same words */
    BIND_KINDS
} BindKind;

const char *bind_name(BindKind kind);

/* Two emoji, a < b. */
typedef struct {
    int a, b;
    bool held; /* one of them is held out */
} BindPair;

/* All pairs of that kind among the names of the set, in order; *count of them, on the arena. */
BindPair *bind_pairs(const EmojiSet *set, Arena *arena, BindKind kind, int *count);

/* The pair score (pair_score.h) of the pairs that are held out, or are not: pictures [set->count,E], names
 * [set->count,E], rows of unit length. */
PairScore bind_score(const BindPair *pairs, int count, bool held, Mat pictures, Mat names);

/* Emoji whose name has a word of that kind in the place of X: bind_family(set, arena, BIND_COLOUR, "X heart", ...).
 * Returns their number, items[] in the order of the set; at most `most`. */
int bind_family(const EmojiSet *set, BindKind kind, const char *pattern, int *items, int most);

#endif
