/* Hard negatives: captions that differ little from a true one and are false. What does training with them change?
 *
 *   Three kinds, each an edit of a true caption (scenes/caption.h), checked by the evaluator:
 *     swap      a blue circle and a red square        two objects swap a property, or their places
 *     replace   a red star and a blue square          another colour, shape, size, number or relation
 *     negate    a red circle and no blue square       what is there is denied, or what is absent is claimed
 *
 *   Five second training stages with equally many steps, from the same weights, on the same scenes and true captions:
 *     plain            the control: no hard negatives; what more steps alone change
 *     hard-negatives   two hard negatives of any kind per scene, in the loss (clip_loss_hard_negatives)
 *     no-swap, no-replace, no-negate    likewise, without that kind: generalisation to a kind not trained
 *
 *   One other architecture: late interaction (scenes/late_interaction.h), with plain steps and with hard negatives. */
#ifndef HARD_NEGATIVES_H
#define HARD_NEGATIVES_H

#include "scenes/late_interaction.h"
#include "scenes/result_table.h"

typedef enum { NEGATIVE_SWAP, NEGATIVE_REPLACE, NEGATIVE_NEGATE, NEGATIVE_KINDS } NegativeKind;
const char *negative_name(NegativeKind kind);             /* "swap" ... */
bool negative_find(const char *name, NegativeKind *kind); /* false if no kind has that name */

/* Ways to paraphrase a true caption; each changes at least one word or the order. */
typedef enum { WAY_SYNONYMS, WAY_FORMS, WAY_CONVERSE, WAYS } ParaphraseWay;
const char *way_name(ParaphraseWay way); /* "synonyms" (crimson for red), "forms" (there is ...), "converse" */

/* ---- training stages --------------------------------------------------------------------------------------------- */

enum { NEGATIVES_STEPS = 400 };
#define NEGATIVES_COVERAGE 0.5 /* of SPLIT_PAIRS: a model that lesson 17 has too */

typedef enum {
    STAGE_PLAIN,
    STAGE_HARD_NEGATIVES,
    STAGE_NO_SWAP,
    STAGE_NO_REPLACE,
    STAGE_NO_NEGATE,
    NEGATIVES_STAGES
} NegativesStage;
TrainingStage negatives_stage(NegativesStage stage, int steps); /* steps 0: NEGATIVES_STEPS */

/* ---- probes ------------------------------------------------------------------------------------------------------ */

/* A minimal pair, two objects per scene: caption[k] is true of scene[k] alone; caption[1] is an edit of caption[0]. */
typedef struct {
    Scene scene[2];
    Caption caption[2];           /* canonical */
    Caption paraphrased[WAYS][2]; /* .kind CAPTION_KINDS: no paraphrase of that way (both or none) */
} NegativesItem;

typedef struct {
    uint64_t seed;
    int items;          /* of each kind */
    const Split *split; /* its seen combinations; NULL: all. Not owned */
} NegativesProbe;

/* Items of an endless sequence, on the arena. Swap: minimal pairs of binding and of relation in turn; replace: the
 * colour or shape of one object; negate: minimal pairs of negation. Stops the program if the split has none. */
NegativesItem *negatives_items(Arena *arena, NegativeKind kind, const NegativesProbe *probe);

/* The scores. A choice is made for a picture between one true and one false caption.
 *   negative[k]              canonical true against canonical false caption
 *   swapped[h]               the halves of negative[NEGATIVE_SWAP]: colours (0), positions (1)
 *   paraphrased[w]           paraphrased true against canonical false caption (`choice` alone). A text-only rule may
 *                            win here, because paraphrased captions are always true
 *   negative_paraphrased[w]  canonical true against paraphrased false caption; the mean of both is fair again
 *   consistent[w] of preferred[w]   pictures that preferred the canonical true caption; of these, pictures that prefer
 *                            its paraphrase too
 *   recall[0], [1]           recall@1 among `retrieval` scenes and their captions: captions of a picture, pictures
 *                            of a caption; every true caption is right; among k equal ones each counts 1/k. chance:
 *                            the same at random */
enum { RETRIEVAL_MAX = 500, RETRIEVAL_PER_ITEM = 10 }; /* scenes: ten for each item of a kind, at most 500 */
typedef struct {
    PairScore negative[NEGATIVE_KINDS], swapped[2], paraphrased[WAYS], negative_paraphrased[WAYS];
    int consistent[WAYS], preferred[WAYS];
    int retrieval;
    double recall[2], chance[2];
} NegativesResult;

/* Similarities [n,m] of n scenes and m captions, on the arena. */
typedef Mat NegativesSimilar(void *context, Arena *arena, const Scene *const *scenes, int n,
                             const char *const *captions, int m);

/* The scores of any similarity: probe->items of each kind, twice as many of swap. With progress. */
NegativesResult negatives_measure_with(NegativesSimilar *similar, void *context, const NegativesProbe *probe);
/* The scores of a model, on combinations it has seen; each seed has its own items. */
NegativesResult negatives_measure(SceneModel *scene_model, int items);

/* ---- the result table -------------------------------------------------------------------------------------------- */

#define NEGATIVES_TABLE "plots/data/18-hard-negatives.csv"

/* Stores a result as rows "swap", "swap-colours", "swap-places", "replace", "negate" (all metrics); for each way
 * "synonyms" (choice of paraphrased[w]), "synonyms-negative" (negative_paraphrased[w]), "synonyms-consistency"
 * (consistent / preferred); "retrieval" (text: captions of a picture; image: pictures of a caption),
 * "retrieval-chance". */
void negatives_add_rows(ResultTable *table, const ResultRun *run, const NegativesResult *result);
ResultMeasure negatives_result_rows;
ResultRow negatives_row(const ResultRun *run, const char *probe); /* without scores */

/* The models of one seed. */
typedef enum {
    CONDITION_BASE,
    CONDITION_PLAIN,
    CONDITION_HARD_NEGATIVES,
    CONDITION_NO_SWAP,
    CONDITION_NO_REPLACE,
    CONDITION_NO_NEGATE,
    CONDITION_LATE,
    CONDITION_LATE_HARD_NEGATIVES,
    CONDITIONS
} Condition;
const char *condition_name(Condition condition); /* "before", "plain", "negatives", "no swap" ..., "late", "late+neg" */

typedef struct {
    double coverage;         /* 0: NEGATIVES_COVERAGE */
    int seed, steps, stage2; /* steps of the two stages; 0: SCENE_MODEL_STEPS, NEGATIVES_STEPS */
} NegativesConfig;

/* The run of a condition. All but the late ones start from lesson 17's transformer of the same config. */
ResultRun negatives_run(Condition condition, NegativesConfig config);
/* A late run of few steps, done in seconds; the first of the table. Tests measure it again. */
ResultRun negatives_quick_run(void);
/* The runs of the table: the quick one, and all conditions of RESULT_SEEDS seeds, seed by seed. On the arena. */
ResultRun *negatives_plan(Arena *arena, int *count);

#endif
