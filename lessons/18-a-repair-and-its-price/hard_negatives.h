/* repair: a learner (learner.h) is taught with captions that are wrong on purpose; what does that mend and break?
 *
 *   Three kinds of lie; each is an edit of a true caption (caption.h) and false of its scene, as the evaluator says:
 *     swap      a blue circle and a red square        what is true of one thing is said of the other; or who is where
 *     replace   a red star and a blue square          another colour, shape, size, number or relation
 *     negate    a red circle and no blue square       what is there is denied, what is not there is claimed
 *
 *   Five courses of equally many steps from the same weights, on the same scenes and true captions (TrainingStage):
 *     plain     nothing else: what more practice alone does, without which no repair can be judged
 *     repair    two lies of any kinds for each scene, in the loss (clip_loss_wrong)
 *     no-swap, no-replace, no-negate    likewise, but lies of that kind are never told: it is asked about them
 *
 *   And one other architecture: the reading "late" (reading.h), by plain steps, and with lies.
 */
#ifndef HARD_NEGATIVES_H
#define HARD_NEGATIVES_H

#include "scenes/result_table.h"
#include "scenes/late_interaction.h"

typedef enum { NEGATIVE_SWAP, NEGATIVE_REPLACE, NEGATIVE_NEGATE, NEGATIVE_KINDS } NegativeKind;
const char *negative_name(NegativeKind kind);             /* "swap" ... */
bool negative_find(const char *name, NegativeKind *kind); /* and back; false if there is no such kind */
unsigned negative_edits(NegativeKind kind);               /* bits 1 << EDIT_... */

/* How true captions are said in other words; each changes at least one word, or their order. */
typedef enum { WAY_SYNONYMS, WAY_FORMS, WAY_CONVERSE, WAYS } ParaphraseWay;
const char *
way_name(ParaphraseWay way); /* "names" (crimson for red), "forms" (there is ...), "converse" (B right of A) */

/* ---- courses ---------------------------------------------------------------------------------------------------- */

enum { NEGATIVES_STEPS = 400 };
#define NEGATIVES_COVERAGE 0.5 /* of colours with shapes: a learner that lesson 17 has, too */

typedef enum {
    STAGE_PLAIN,
    STAGE_HARD_NEGATIVES,
    STAGE_NO_SWAP,
    STAGE_NO_REPLACE,
    STAGE_NO_NEGATE,
    NEGATIVES_STAGES
} NegativesStage;
TrainingStage negatives_stage(NegativesStage stage, int steps); /* steps 0: NEGATIVES_STEPS */

/* ---- probes ----------------------------------------------------------------------------------------------------- */

/* Two scenes of two things, and what is true of one and false of the other, by one edit of the kind. Whoever does not
 * look at the picture has one of two right (quads.h): each caption is once the truth and once the lie. */
typedef struct {
    Scene scene[2];
    Caption caption[2];           /* plainly said; caption[k] is true of scene[k] alone */
    Caption paraphrased[WAYS][2]; /* means the same; .kind CAPTION_KINDS: cannot be said so (both or none) */
} NegativesItem;

/* How many of each kind, and of which combinations: those seen (NULL: all). */
typedef struct {
    uint64_t seed;
    int items;
    const Split *split;
} NegativesProbe;

/* Items 0, 1, ... of an endless row, on the arena. Swap: half of them quads of binding, half of relation; replace: the
 * colour or shape of one thing; negate: quads of negation. Stops the program where a split has no such items. */
NegativesItem *negatives_items(Arena *arena, NegativeKind kind, const NegativesProbe *probe);

/* Whether an item is what this page says; one line if not. */
bool negatives_check(const NegativesItem *item, NegativeKind kind, Err *err);

/* What a learner makes of them. Choices are of pictures, between one true and one false caption.
 *   lie[k]          the plain truth against the plain lie, as quads are scored
 *   swapped[h]      the halves of lie[NEGATIVE_SWAP]: colours (0), and who is where (1)
 *   reworded[w]     the reworded truth against the plain lie (`choice` alone). A rule that reads captions alone may
 *                   win here (whatever is reworded is true), and must then lose
 *   negative_reworded[w] the plain truth against the reworded lie; the mean of both is fair again
 *   held[w] of trusted[w]   pictures whose plain truth won, and of them those whose reworded truth won, too
 *   found[0], [1]   recall at 1 among RETRIEVED scenes and their captions: pictures find a caption that is true of
 *                   them, captions find a picture they are true of; ties count in proportion (retrieval.h); and by
 *                   chance */
enum { RETRIEVAL_SIZE = 500 };
typedef struct {
    PairScore negative[NEGATIVE_KINDS], swapped[2], paraphrased[WAYS], negative_paraphrased[WAYS];
    int consistent[WAYS], preferred[WAYS];
    double found[2], chance[2];
} NegativesResult;

/* Similarities [n,m] of n scenes and m captions, on the arena. */
typedef Mat NegativesSimilar(void *context, Arena *arena, const Scene *const *scenes, int n,
                             const char *const *captions, int m);

/* Of whatever gives scenes and captions a similarity: probe->items of each kind of lie, twice as many of swap, for it
 * has two halves; all of them are reworded. A progress line. */
NegativesResult negatives_measure_with(NegativesSimilar *similar, void *context, const NegativesProbe *probe);

/* The same of a learner, about combinations it has seen; learners of different seeds are asked about other items. */
NegativesResult negatives_measure(SceneModel *scene_model, int items);

/* ---- the table -------------------------------------------------------------------------------------------------- */

#define NEGATIVES_TABLE "plots/data/18-hard-negatives.csv"

/* Puts a result into a table of limits: rows "swap", "swap-colours", "swap-places", "replace", "negate", all scores;
 * "names" ... (choice: the reworded truth against the plain lie), "names-lie" ... (the other way round), "names-held"
 * ... (choice: held of trusted); and "retrieval" (text: pictures find captions; image: captions find pictures) beside
 * "retrieval-chance". */
void negatives_add_rows(ResultTable *table, const SceneModelConfig *config, const TrainingStage *stage2,
                        const NegativesResult *result);

/* The learners of one seed: CONDITIONS of them. */
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
const char *
condition_name(Condition condition); /* "before", "plain", "lies", "no swap" ..., "late" (plain), "+ lies" */

/* One learner: what an arm is in a world. */
typedef struct {
    SceneModelConfig config;
    TrainingStage stage;
    bool stage2; /* has the second course */
} NegativesRun;
typedef struct {
    double coverage;         /* 0: NEGATIVES_COVERAGE */
    int seed, steps, stage2; /* steps of the first course and of the second; 0: SCENE_MODEL_STEPS, NEGATIVES_STEPS */
} NegativesConfig;

/* Every arm but "late" begins with lesson 17's transformer of that world, so that its weights serve here, too. */
NegativesRun negatives_run(Condition condition, NegativesConfig config);

/* "late" in few steps, done in seconds: the table's first, which the tests ask again. */
NegativesRun negatives_quick_run(void);

/* The plan of the table: that one, and all arms of LIMITS_SEEDS seeds, one seed after the other. On the arena. */
NegativesRun *negatives_plan(Arena *arena, int *count);

/* The row of an arm and a probe, without scores; its seed may be made LIMITS_ANY_SEED. */
ResultRow negatives_row(const NegativesRun *run, const char *probe);

/* Whoever is not in the table learns (or is read), is asked, and the table is written to `path` at once; a line for
 * each on stderr. An arm whose rows are all there is left as it is, whether or not its weights are. */
bool negatives_table_fill(ResultTable *table, const NegativesRun *runs, int count, int items, const char *path,
                          Err *err);

#endif
