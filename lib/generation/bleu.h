/* bleu: how many n-grams of a text occur in reference texts (Papineni et al., "BLEU: a method for automatic evaluation of
 * machine translation", ACL 2002, section 2).
 *
 *   p_n  = sum over texts and their n-grams g of min(count of g in the text, its largest count in one reference)
 *          / number of n-grams of all texts                                                       n = 1 .. 4
 *   BLEU = min(1, e^(1 - r/c)) (p_1 p_2 p_3 p_4)^(1/4)
 * c: words of all texts; r: for each text the reference whose length is nearest (of two the shorter), added up.
 * It compares words, not meanings: "a red circle left of a blue square" and its inverse share nearly all n-grams.
 */
#ifndef BLEU_H
#define BLEU_H

#include "core/base.h"

enum { BLEU_GRAMS = 4 };

typedef struct {
    long long matched[BLEU_GRAMS], of[BLEU_GRAMS]; /* of 1-grams to 4-grams */
    long long length, reference;                   /* c and r */
} BleuCount;

/* A text as numbers of words. */
typedef struct {
    const int *word;
    int count;
} BleuText;

/* Counts one text with its references. Wants at least one reference. */
void bleu_add(BleuCount *sum, BleuText text, const BleuText *references, int count);
/* 0 to 1; 0 where no 4-gram matches, as the paper's formula gives for a whole corpus. */
double bleu_score(const BleuCount *sum);

#endif
