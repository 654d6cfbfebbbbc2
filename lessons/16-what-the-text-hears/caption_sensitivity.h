/* hearing: what a text tower makes of captions, without any picture: how near two of them are, which orders of the same
 * words it can tell apart, and what it takes for the greater change, other words or another meaning.
 */
#ifndef CAPTION_SENSITIVITY_H
#define CAPTION_SENSITIVITY_H

#include "scenes/caption.h"
#include "model/clip.h"
#include "scenes/pair_score.h"

/* Unit vectors of n texts, [n,E], on the arena; any n, in little memory. */
Mat sensitivity_vectors(Clip *clip, Arena *arena, const char *const *texts, int n);

/* a.b / sqrt(a.a b.b) of row i of a and row j of b. Of two rows of the same bits exactly 1: in IEEE arithmetic the
 * square root of x x is x, if x x neither over- nor underflows. (|a| |b| may be off by a last digit.) */
double sensitivity_cosine(Mat a, int i, Mat b, int j);

/* How many rows are different, to the last bit. */
int sensitivity_different(Mat m);

/* All different orders of a text's words, alphabetically, *count of them. Wants 1 to 8 words. On the arena. */
const char **sensitivity_orders(Arena *arena, const char *text, int *count);

/* ---- changes -------------------------------------------------------------------------------------------------- */

/* A way to change a caption; `same`: it says the same in other words; else it says something else. */
typedef struct {
    const char *name;
    bool same_meaning;
    unsigned kinds;       /* of captions, 1 << CAPTION_..., it is tried on */
    unsigned paraphrases; /* same: in which of the ways, SAY_ bits */
    CaptionEdit edit;     /* else: by which edit; EDIT_KINDS: a caption of another scene takes its place */
} SensitivityChange;

/* The i-th, NULL beyond the last. Those that say the same come first. */
const SensitivityChange *sensitivity_change(int i);

/* A caption of a random scene of two things (for numbers: of several like ones), plainly said; the same in other names
 * and another form; and changed. */
typedef struct {
    const char *text, *paraphrase, *changed;
} SensitivityExample;

/* n of them, on the arena. */
SensitivityExample *sensitivity_examples(Arena *arena, const SensitivityChange *change, uint64_t seed, int n);

/* Of some examples: the mean cosine of a caption and the changed one; and how often that is further off than the same
 * in other words (choice; of equals half). */
typedef struct {
    double cosine;
    PairScore detected;
} SensitivityScore;

/* What a tower makes of n >= 1 of them. */
SensitivityScore sensitivity_score(Clip *clip, const SensitivityExample *example, int n);

#endif
