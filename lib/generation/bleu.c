#include "generation/bleu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often the n words at `gram` occur in a row in the text. */
static int occurrences(BleuText text, const int *gram, int n) {
    int found = 0;
    for (int i = 0; i + n <= text.count; i++) found += !memcmp(text.word + i, gram, (size_t)n * sizeof *gram);
    return found;
}

/* Whether the n-gram at i is the first of its kind in the text: each kind is counted once. */
static bool is_first(BleuText text, int i, int n) {
    return occurrences((BleuText){ text.word, i + n - 1 }, text.word + i, n) == 0;
}

static int nearest_length(int length, const BleuText *references, int count) {
    int best = references[0].count;
    for (int k = 1; k < count; k++) {
        int off = abs(references[k].count - length), least = abs(best - length);
        if (off < least || (off == least && references[k].count < best)) best = references[k].count;
    }
    return best;
}

void bleu_add(BleuCount *sum, BleuText text, const BleuText *references, int count) {
    REQUIRE(count >= 1, "%d references, want at least one", count);
    for (int n = 1; n <= BLEU_GRAMS; n++)
        for (int i = 0; i + n <= text.count; i++) {
            sum->of[n - 1]++;
            if (!is_first(text, i, n)) continue;
            int most = 0;
            for (int k = 0; k < count; k++) most = MAX(most, occurrences(references[k], text.word + i, n));
            sum->matched[n - 1] += MIN(most, occurrences(text, text.word + i, n));
        }
    sum->length += text.count;
    sum->reference += nearest_length(text.count, references, count);
}

double bleu_score(const BleuCount *sum) {
    double logs = 0;
    for (int n = 0; n < BLEU_GRAMS; n++) {
        if (!sum->matched[n]) return 0;
        logs += log((double)sum->matched[n] / (double)sum->of[n]) / BLEU_GRAMS;
    }
    return exp(logs + fmin(0, 1 - (double)sum->reference / (double)sum->length));
}
