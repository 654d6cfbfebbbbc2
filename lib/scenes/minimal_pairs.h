/* Minimal pairs: probes that cannot be solved from the captions alone. An item is two pictures and two captions; each
 * caption is true of one picture and false of the other, as the evaluator (caption.h) computes from the scenes.
 *
 *   kind      the two pictures                                the two captions
 *   binding   two objects; their colours are swapped          a red circle and a blue square / a blue circle and a ...
 *   relation  two objects; they change places               a red circle left of a blue square / a blue square left ...
 *   counting  n equal objects; n +- 1, of equal area          three red circles / four red circles
 *   negation  two objects; one is replaced                    a red circle and a blue square / a red circle and no ...
 *   shuffle   one picture of two objects                      a true caption / its words in four other orders
 *
 * A rule that ignores the picture chooses the same caption for both and is right for exactly one of two; likewise for
 * pictures alone. The captions of an item are equally long; in binding and relation they have the same words, so a bag
 * of words ties. Positions, sizes, background and noise are equal in both pictures. In negation, the denied object
 * differs from all others in colour and in shape, so that a failure there is not a failure of binding. The shuffle does
 * not have these properties. It copies ARO's "Order" to show its fault: only one of the five captions is English, and
 * counting bigrams finds it. */
#ifndef MINIMAL_PAIRS_H
#define MINIMAL_PAIRS_H

#include "scenes/caption.h"
#include "scenes/pair_score.h"
#include "scenes/text_baseline.h"

typedef enum { PROBE_BINDING, PROBE_RELATION, PROBE_COUNTING, PROBE_NEGATION, PROBE_SHUFFLE, PROBE_KINDS } ProbeKind;

enum { PAIR_PICTURES = 2, PAIR_CAPTIONS = 5 };

const char *probe_name(ProbeKind kind); /* "binding" ... */
int pair_pictures(ProbeKind kind);      /* of an item: 2; shuffle: 1 */
int pair_captions(ProbeKind kind);      /* of an item: 2; shuffle: 5 */

typedef struct {
    ProbeKind kind;
    uint64_t seed;
    int count;          /* items; from 1,000 on the interval is at most +-3 points */
    const Split *split; /* NULL: all combinations. Not owned */
    SplitPart part;
    unsigned paraphrases; /* PARAPHRASE_ bits allowed in captions; 0: canonical captions */
    double noise;         /* as in SceneConfig */
} MinimalPairsConfig;

typedef struct {
    Scene scene[PAIR_PICTURES];
    const char *caption[PAIR_CAPTIONS]; /* caption[k] is true of scene[k] alone */
} MinimalPair;

typedef struct {
    MinimalPairsConfig config; /* split is a copy on the arena, or NULL */
    int pictures, captions;    /* of an item */
    int count;
    MinimalPair *item;
} MinimalPairs;

/* Makes the first `count` items of an endless sequence that depends on the rest of the config alone. On the arena.
 *   SPLIT_SEEN  both pictures and captions contain seen combinations only
 *   SPLIT_HELD  the first picture and caption contain held-out combinations only; the second follows from the swap
 *               (which may give seen combinations; with 1/8 held out it always does)
 * False with one line, and no items, if the part is empty or has no such items (where the colour determines the shape,
 * swaps are impossible). */
bool minimal_pairs_make(MinimalPairs *pairs, Arena *arena, const MinimalPairsConfig *config, Err *err);

/* ---- scoring ----------------------------------------------------------------------------------------------------- */

/* All pictures and all captions in a row: picture i is scene i % pictures of item i / pictures; captions likewise. */
int minimal_pairs_pictures(const MinimalPairs *pairs);
int minimal_pairs_captions(const MinimalPairs *pairs);
const Scene *minimal_pairs_scene(const MinimalPairs *pairs, int i);
const char *minimal_pairs_caption(const MinimalPairs *pairs, int i);
const char **minimal_pairs_texts(const MinimalPairs *pairs, Arena *arena); /* all captions, on the arena */

/* The score of a dual encoder from its unit vectors: similarity = dot product. Shapes: pictures
 * [minimal_pairs_pictures,E], texts [minimal_pairs_captions,E]. Vectors of the same bits tie. */
PairScore minimal_pairs_score(const MinimalPairs *pairs, Mat pictures, Mat texts);

/* The score of any similarity. */
typedef double PairSimilarity(void *context, const Scene *scene, const char *caption);
PairScore minimal_pairs_score_by(const MinimalPairs *pairs, PairSimilarity *similarity, void *context);
/* The oracle reads the scene: 1 if the caption is true of it, else 0. All its scores are 1. context is not used. */
double minimal_pairs_oracle(void *context, const Scene *scene, const char *caption);

/* The score of a text-only rule. TEXT_BASELINE_LABELS gets the labels of one half of the items and is scored on the
 * other half, both ways (two-fold cross-validation); the baseline has no labels afterwards. */
PairScore minimal_pairs_score_rule(const MinimalPairs *pairs, TextBaseline *baseline, TextBaselineRule rule);

/* n random true captions, of all kinds, of scenes of one to three objects of the seen part: training captions for the
 * text-only baseline. On the arena. */
const char **minimal_pairs_training_captions(Arena *arena, const MinimalPairs *pairs, int n);

/* ---- checking (minimal_pairs_check.c) ---------------------------------------------------------------------------- */

/* Checks what is said above, with the evaluator and the captions as text, and fairness; every string must be true as
 * often as false. Of shuffles: the first caption is true, the others have the same words and are false. False with one
 * line that names the item and the fault. */
bool minimal_pairs_check(const MinimalPairs *pairs, Err *err);
/* Whether no text-only rule is above chance by more than its interval. False, with one line, for shuffles. */
bool minimal_pairs_fair(const MinimalPairs *pairs, Err *err);

#endif
