/* hearsay: what can be guessed about captions without looking at the picture. A benchmark whose right captions differ
 * from its wrong ones in length or fluency is won by whoever knows that: on ARO's word orders a grammar checker beats
 * every CLIP, on SugarCrepe's "add" items the shorter caption is right in 99 % (Hsieh et al. 2023, arXiv:2306.14610).
 *
 * Each rule gives a caption a number; the caption with the higher one is chosen.
 *   length     the fewer words the better
 *   frequency  the mean over the words of log (n(w) + 1) / (N + V)           words that are seen often
 *   bigram     the mean over neighbours v w, with the caption's two ends, of log (n(v w) + 1) / (n(v) + V)
 *              (Laplace's add-one estimate): words that are seen next to each other
 *   labels     was told, for other captions of the same probe, which were right: a count of right and wrong for every
 *              single word and every two neighbours, log (right + 1) / (wrong + 1) summed (naive Bayes)
 * n counts in the captions it has read, N is their words, V the words it knows. Words it does not know are
 * left out, but for the length.
 */
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
    int *word;            /* [V] how often each was read */
    int *bigram;          /* [V,V] how often w followed v; row and column 0 are the caption's ends */
    int words;            /* read in all */
    int *bigram_label[2]; /* [V,V] pairs in wrong [0] and right [1] captions, */
    int *word_label[2];   /* [V] and words */
    Arena *arena;         /* which all this lies on, and scratch is taken from and given back to */
} TextBaseline;

/* "length" ... */
const char *text_baseline_name(TextBaselineRule rule);

/* Reads captions, n >= 1, such as those a model trains on. On the arena. */
TextBaseline text_baseline_fit(Arena *arena, const char *const *captions, int n);

/* Is told whether a caption was right. */
void text_baseline_add_label(TextBaseline *baseline, const char *caption, bool right);
void text_baseline_clear_labels(TextBaseline *baseline); /* all it was told; what it read stays */

/* The number the rule gives; 0 to a caption without a known word (not the length: -1 for one word or none). */
double text_baseline_score(const TextBaseline *baseline, TextBaselineRule rule, const char *caption);

#endif
