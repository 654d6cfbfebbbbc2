#include "scenes/text_baseline.h"

#include <math.h>
#include <string.h>

enum { ENDS = TEXT_PADDING }; /* the id that stands for both ends of a caption */

static const char *const names[] = { "length", "frequency", "bigram", "labels" };
const char *text_baseline_name(TextBaselineRule rule) { return names[rule]; }

/* The ids of the known words, with an end at both sides: *n words, ids[1..n]. */
static int *ids_of(const TextBaseline *baseline, const char *caption, int *n) {
    int T = text_max_words(&caption, 1), *ids = arena_zero(baseline->arena, (size_t)T + 2, sizeof *ids);
    vocab_encode(&baseline->vocab, baseline->arena, &caption, 1, T, ids + 1);
    for (*n = 0; *n < T && ids[*n + 1] >= TEXT_FIRST_WORD;) ++*n;
    ids[*n + 1] = ENDS;
    return ids;
}

/* Counts a caption's words and pairs. */
static int count(const TextBaseline *baseline, const char *caption, int *word, int *bigram) {
    ArenaMark mark = arena_mark(baseline->arena);
    int n, *ids = ids_of(baseline, caption, &n), V = baseline->vocab.size;
    for (int i = 1; i <= n; i++) word[ids[i]]++;
    for (int i = 0; i <= n; i++) bigram[(size_t)ids[i] * (size_t)V + (size_t)ids[i + 1]]++;
    arena_release(baseline->arena, mark);
    return n;
}

TextBaseline text_baseline_fit(Arena *arena, const char *const *captions, int n) {
    const char *whole = "{}";
    REQUIRE(n >= 1, "%d captions, want at least 1", n);
    TextBaseline baseline = { .vocab = vocab_build(arena, &whole, 1, captions, n), .arena = arena };
    size_t V = (size_t)baseline.vocab.size;
    baseline.word = arena_zero(arena, V, sizeof(int));
    baseline.bigram = arena_zero(arena, V * V, sizeof(int));
    for (int i = 0; i < 2; i++) {
        baseline.word_label[i] = arena_zero(arena, V, sizeof(int));
        baseline.bigram_label[i] = arena_zero(arena, V * V, sizeof(int));
    }
    for (int i = 0; i < n; i++) baseline.words += count(&baseline, captions[i], baseline.word, baseline.bigram);
    return baseline;
}

void text_baseline_add_label(TextBaseline *baseline, const char *caption, bool right) {
    count(baseline, caption, baseline->word_label[right], baseline->bigram_label[right]);
}

void text_baseline_clear_labels(TextBaseline *baseline) {
    size_t V = (size_t)baseline->vocab.size;
    for (int i = 0; i < 2; i++) {
        memset(baseline->word_label[i], 0, V * sizeof(int));
        memset(baseline->bigram_label[i], 0, V * V * sizeof(int));
    }
}

/* How often anything followed v. */
static double bigram_total(const TextBaseline *baseline, int v) {
    double sum = 0;
    for (int w = 0; w < baseline->vocab.size; w++)
        sum += baseline->bigram[(size_t)v * (size_t)baseline->vocab.size + (size_t)w];
    return sum;
}

static double odds(int *const label[2], size_t i) { return log((label[1][i] + 1.0) / (label[0][i] + 1.0)); }

double text_baseline_score(const TextBaseline *baseline, TextBaselineRule rule, const char *caption) {
    ArenaMark mark = arena_mark(baseline->arena);
    int n, *ids = ids_of(baseline, caption, &n);
    double V = baseline->vocab.size, words = 0, bigrams = 0, word_odds = 0, bigram_odds = 0;
    for (int i = 1; i <= n; i++) {
        words += log((baseline->word[ids[i]] + 1) / (baseline->words + V));
        word_odds += odds(baseline->word_label, (size_t)ids[i]);
    }
    for (int i = 0; n > 0 && i <= n; i++) {
        size_t bigram = (size_t)ids[i] * (size_t)V + (size_t)ids[i + 1];
        bigrams += log((baseline->bigram[bigram] + 1) / (bigram_total(baseline, ids[i]) + V));
        bigram_odds += odds(baseline->bigram_label, bigram);
    }
    arena_release(baseline->arena, mark);
    if (rule == TEXT_BASELINE_LENGTH) return -text_max_words(&caption, 1);
    if (n == 0) return 0;
    if (rule == TEXT_BASELINE_FREQUENCY) return words / n;
    if (rule == TEXT_BASELINE_BIGRAM) return bigrams / (n + 1);
    return word_odds + bigram_odds;
}
