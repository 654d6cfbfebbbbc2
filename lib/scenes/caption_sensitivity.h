/* Caption sensitivity: how a text tower reacts to changes of a caption, without any picture: the similarity of two
 * captions, different orders of the same words, edits in comparison with paraphrases. */
#ifndef CAPTION_SENSITIVITY_H
#define CAPTION_SENSITIVITY_H

#include "model/clip.h"
#include "scenes/caption.h"
#include "scenes/pair_score.h"

/* Unit vectors [n,E] of n texts, on the arena; computed in chunks, so any n is possible. */
Mat sensitivity_vectors(Clip *clip, Arena *arena, const char *const *texts, int n);

/* a.b / sqrt(a.a b.b) of row i of a and row j of b. Exactly 1 for two rows of the same bits: in IEEE arithmetic sqrt(x
 * x) = x unless x x over- or underflows. (|a| |b| may differ in the last digit.) */
double sensitivity_cosine(Mat a, int i, Mat b, int j);

/* The number of distinct rows, compared bit by bit. */
int sensitivity_different(Mat m);
/* All distinct orders of a text's 1 to 8 words, alphabetically; *count of them, on the arena. */
const char **sensitivity_orders(Arena *arena, const char *text, int *count);

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* One kind of change: a paraphrase (same_meaning) or an edit. */
typedef struct {
    const char *name;
    bool same_meaning;
    unsigned kinds;       /* kinds of captions it applies to, bits 1 << CAPTION_... */
    unsigned paraphrases; /* same_meaning: PARAPHRASE_ bits */
    CaptionEdit edit;     /* else: the edit; EDIT_KINDS: a caption of another scene */
} SensitivityChange;

/* The i-th, NULL after the last. Paraphrases come first. */
const SensitivityChange *sensitivity_change(int i);

/* A canonical caption of a random scene of two objects (counts: of several equal ones), a paraphrase of it by synonyms
 * and form, and the changed caption. */
typedef struct {
    const char *text, *paraphrase, *changed;
} SensitivityExample;

/* n of them, on the arena. */
SensitivityExample *sensitivity_examples(Arena *arena, const SensitivityChange *change, uint64_t seed, int n);

/* Over the examples: the mean cosine of a caption and the changed one; how often the changed caption is less similar
 * than the paraphrase (choice; a tie counts half). */
typedef struct {
    double cosine;
    PairScore detected;
} SensitivityScore;

/* The score of a tower on n >= 1 examples. */
SensitivityScore sensitivity_score(Clip *clip, const SensitivityExample *example, int n);

#endif
