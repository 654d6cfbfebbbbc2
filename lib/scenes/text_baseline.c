#include "scenes/text_baseline.h"

#include <math.h>
#include <string.h>

enum { ENDS = TEXT_PADDING }; /* the id that stands for both ends of a caption */

static const char *const names[] = { "length", "frequency", "bigram", "labels" };
const char *hearsay_name(HearsayRule rule) { return names[rule]; }

/* The ids of the known words, with an end at both sides: *n words, ids[1..n]. */
static int *ids_of(const Hearsay *hearsay, const char *caption, int *n) {
    int T = text_most_words(&caption, 1), *ids = arena_zero(hearsay->arena, (size_t)T + 2, sizeof *ids);
    vocab_encode(&hearsay->vocab, hearsay->arena, &caption, 1, T, ids + 1);
    for (*n = 0; *n < T && ids[*n + 1] >= TEXT_FIRST_WORD;) ++*n;
    ids[*n + 1] = ENDS;
    return ids;
}

/* Counts a caption's words and pairs. */
static int count(const Hearsay *hearsay, const char *caption, int *word, int *pair) {
    ArenaMark mark = arena_mark(hearsay->arena);
    int n, *ids = ids_of(hearsay, caption, &n), V = hearsay->vocab.size;
    for (int i = 1; i <= n; i++) word[ids[i]]++;
    for (int i = 0; i <= n; i++) pair[(size_t)ids[i] * (size_t)V + (size_t)ids[i + 1]]++;
    arena_release(hearsay->arena, mark);
    return n;
}

Hearsay hearsay_read(Arena *arena, const char *const *captions, int n) {
    static const char *const whole[] = { "{}" };
    REQUIRE(n >= 1, "%d captions, want at least 1", n);
    Hearsay hearsay = { .vocab = vocab_build(arena, whole, 1, captions, n), .arena = arena };
    size_t V = (size_t)hearsay.vocab.size;
    hearsay.word = arena_zero(arena, V, sizeof(int));
    hearsay.pair = arena_zero(arena, V * V, sizeof(int));
    for (int i = 0; i < 2; i++) {
        hearsay.word_label[i] = arena_zero(arena, V, sizeof(int));
        hearsay.pair_label[i] = arena_zero(arena, V * V, sizeof(int));
    }
    for (int i = 0; i < n; i++) hearsay.words += count(&hearsay, captions[i], hearsay.word, hearsay.pair);
    return hearsay;
}

void hearsay_told(Hearsay *hearsay, const char *caption, bool right) {
    count(hearsay, caption, hearsay->word_label[right], hearsay->pair_label[right]);
}

void hearsay_forget(Hearsay *hearsay) {
    size_t V = (size_t)hearsay->vocab.size;
    for (int i = 0; i < 2; i++) {
        memset(hearsay->word_label[i], 0, V * sizeof(int));
        memset(hearsay->pair_label[i], 0, V * V * sizeof(int));
    }
}

/* How often anything followed v. */
static double followed(const Hearsay *hearsay, int v) {
    double sum = 0;
    for (int w = 0; w < hearsay->vocab.size; w++)
        sum += hearsay->pair[(size_t)v * (size_t)hearsay->vocab.size + (size_t)w];
    return sum;
}

static double odds(int *const label[2], size_t i) { return log((label[1][i] + 1.0) / (label[0][i] + 1.0)); }

double hearsay_score(const Hearsay *hearsay, HearsayRule rule, const char *caption) {
    ArenaMark mark = arena_mark(hearsay->arena);
    int n, *ids = ids_of(hearsay, caption, &n);
    double V = hearsay->vocab.size, words = 0, pairs = 0, word_odds = 0, pair_odds = 0;
    for (int i = 1; i <= n; i++) {
        words += log((hearsay->word[ids[i]] + 1) / (hearsay->words + V));
        word_odds += odds(hearsay->word_label, (size_t)ids[i]);
    }
    for (int i = 0; n > 0 && i <= n; i++) {
        size_t pair = (size_t)ids[i] * (size_t)V + (size_t)ids[i + 1];
        pairs += log((hearsay->pair[pair] + 1) / (followed(hearsay, ids[i]) + V));
        pair_odds += odds(hearsay->pair_label, pair);
    }
    arena_release(hearsay->arena, mark);
    if (n == 0 && rule != HEARSAY_LENGTH) return 0;
    switch (rule) {
    case HEARSAY_LENGTH:
        return -text_most_words(&caption, 1);
    case HEARSAY_FREQUENCY:
        return words / n;
    case HEARSAY_BIGRAM:
        return pairs / (n + 1);
    default:
        return word_odds + pair_odds;
    }
}
