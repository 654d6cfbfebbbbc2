/* Text-only baselines: what can be guessed about captions without the picture. If the true captions of a benchmark
 * differ from the false ones in length or fluency, a model that knows only this wins. On ARO's word orders a grammar
 * checker beats every CLIP; on SugarCrepe's "add" items the shorter caption is right in 99 % (Hsieh et al. 2023,
 * arXiv:2306.14610).
 *
 * Each rule gives a caption a score; of two captions the one with the higher score is chosen. n(.) are counts in the
 * training captions, N their number of words, V the size of the vocabulary.
 *   length     minus the number of words
 *   frequency  mean over the words w of log (n(w) + 1) / (N + V)
 *   bigram     mean over neighbours v w, including both ends, of log (n(v w) + 1) / (n(v) + V)   (add-one smoothing)
 *   labels     naive Bayes: sum over words and bigrams of log (right + 1) / (wrong + 1), counted in labelled captions
 * Unknown words are left out, except for the length. */
#ifndef TEXT_BASELINE_H
#define TEXT_BASELINE_H

#include "dataset/words.h"

typedef enum {
    TEXT_BASELINE_LENGTH,
    TEXT_BASELINE_FREQUENCY,
    TEXT_BASELINE_BIGRAM,
    TEXT_BASELINE_LABELS,
    TEXT_BASELINE_RULES
} TextBaselineRule;

typedef struct {
    Vocab vocab;
    int *word;            /* [V] counts of words */
    int *bigram;          /* [V,V] how often w followed v; row and column 0 are the ends of captions */
    int words;            /* N */
    int *bigram_label[2]; /* [V,V] bigrams in captions labelled wrong [0] and right [1] */
    int *word_label[2];   /* [V] words, likewise */
    Arena *arena;         /* holds all of this, and scratch */
} TextBaseline;

const char *text_baseline_name(TextBaselineRule rule); /* "length" ... */

/* Counts n >= 1 training captions. On the arena. */
TextBaseline text_baseline_fit(Arena *arena, const char *const *captions, int n);
/* Adds one labelled caption; clears all labels. */
void text_baseline_add_label(TextBaseline *baseline, const char *caption, bool right);
void text_baseline_clear_labels(TextBaseline *baseline);

/* The score of a caption; 0 without a known word (length: -1 for at most one word). */
double text_baseline_score(const TextBaseline *baseline, TextBaselineRule rule, const char *caption);

#endif
