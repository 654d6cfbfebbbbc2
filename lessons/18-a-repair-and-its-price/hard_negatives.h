/* repair: a learner (learner.h) is taught with captions that are wrong on purpose; what does that mend and break?
 *
 *   Three kinds of lie; each is an edit of a true caption (caption.h) and false of its scene, as the evaluator says:
 *     swap      a blue circle and a red square        what is true of one thing is said of the other; or who is where
 *     replace   a red star and a blue square          another colour, shape, size, number or relation
 *     negate    a red circle and no blue square       what is there is denied, what is not there is claimed
 *
 *   Five courses of equally many steps from the same weights, on the same scenes and true captions (LearnerCourse):
 *     plain     nothing else: what more practice alone does, without which no repair can be judged
 *     repair    two lies of any kinds for each scene, in the loss (clip_loss_wrong)
 *     no-swap, no-replace, no-negate    likewise, but lies of that kind are never told: it is asked about them
 *
 *   And one other architecture: the reading "places" (reading.h), by plain steps, and with lies.
 */
#ifndef REPAIR_H
#define REPAIR_H

#include "scenes/result_table.h"
#include "scenes/late_interaction.h"

typedef enum { LIE_SWAP, LIE_REPLACE, LIE_NEGATE, LIE_KINDS } LieKind;
const char *lie_name(LieKind kind);             /* "swap" ... */
bool lie_find(const char *name, LieKind *kind); /* and back; false if there is no such kind */
unsigned lie_edits(LieKind kind);               /* bits 1 << EDIT_... */

/* How true captions are said in other words; each changes at least one word, or their order. */
typedef enum { REWORD_NAMES, REWORD_FORMS, REWORD_CONVERSE, REWORD_WAYS } Reword;
const char *reword_name(Reword way); /* "names" (crimson for red), "forms" (there is ...), "converse" (B right of A) */

/* ---- courses ---------------------------------------------------------------------------------------------------- */

enum { REPAIR_STEPS = 400 };
#define REPAIR_COVERAGE 0.5 /* of colours with shapes: a learner that lesson 17 has, too */

typedef enum {
    COURSE_PLAIN,
    COURSE_REPAIR,
    COURSE_NO_SWAP,
    COURSE_NO_REPLACE,
    COURSE_NO_NEGATE,
    REPAIR_COURSES
} RepairCourse;
LearnerCourse repair_course(RepairCourse course, int steps); /* steps 0: REPAIR_STEPS */

/* ---- probes ----------------------------------------------------------------------------------------------------- */

/* Two scenes of two things, and what is true of one and false of the other, by one edit of the kind. Whoever does not
 * look at the picture has one of two right (quads.h): each caption is once the truth and once the lie. */
typedef struct {
    Scene scene[2];
    Caption caption[2];               /* plainly said; caption[k] is true of scene[k] alone */
    Caption reworded[REWORD_WAYS][2]; /* means the same; .kind CAPTION_KINDS: cannot be said so (both or none) */
} RepairItem;

/* How many of each kind, and of which combinations: those seen (NULL: all). */
typedef struct {
    uint64_t seed;
    int items;
    const Split *split;
} RepairProbe;

/* Items 0, 1, ... of an endless row, on the arena. Swap: half of them quads of binding, half of relation; replace: the
 * colour or shape of one thing; negate: quads of negation. Stops the program where a split has no such items. */
RepairItem *repair_items(Arena *arena, LieKind kind, const RepairProbe *probe);

/* Whether an item is what this page says; one line if not. */
bool repair_check(const RepairItem *item, LieKind kind, Err *err);

/* What a learner makes of them. Choices are of pictures, between one true and one false caption.
 *   lie[k]          the plain truth against the plain lie, as quads are scored
 *   swapped[h]      the halves of lie[LIE_SWAP]: colours (0), and who is where (1)
 *   reworded[w]     the reworded truth against the plain lie (`choice` alone). A rule that reads captions alone may
 *                   win here (whatever is reworded is true), and must then lose
 *   lie_reworded[w] the plain truth against the reworded lie; the mean of both is fair again
 *   held[w] of trusted[w]   pictures whose plain truth won, and of them those whose reworded truth won, too
 *   found[0], [1]   recall at 1 among RETRIEVED scenes and their captions: pictures find a caption that is true of
 *                   them, captions find a picture they are true of; ties count in proportion (retrieval.h); and by
 *                   chance */
enum { RETRIEVED = 500 };
typedef struct {
    Tally lie[LIE_KINDS], swapped[2], reworded[REWORD_WAYS], lie_reworded[REWORD_WAYS];
    int held[REWORD_WAYS], trusted[REWORD_WAYS];
    double found[2], chance[2];
} RepairResult;

/* Similarities [n,m] of n scenes and m captions, on the arena. */
typedef Mat RepairSimilar(void *context, Arena *arena, const Scene *const *scenes, int n, const char *const *captions,
                          int m);

/* Of whatever gives scenes and captions a similarity: probe->items of each kind of lie, twice as many of swap, for it
 * has two halves; all of them are reworded. A progress line. */
RepairResult repair_ask_by(RepairSimilar *similar, void *context, const RepairProbe *probe);

/* The same of a learner, about combinations it has seen; learners of different seeds are asked about other items. */
RepairResult repair_ask(Learner *learner, int items);

/* ---- the table -------------------------------------------------------------------------------------------------- */

#define REPAIR_TABLE "plots/data/18-repair.csv"

/* Puts a result into a table of limits: rows "swap", "swap-colours", "swap-places", "replace", "negate", all scores;
 * "names" ... (choice: the reworded truth against the plain lie), "names-lie" ... (the other way round), "names-held"
 * ... (choice: held of trusted); and "retrieval" (text: pictures find captions; image: captions find pictures) beside
 * "retrieval-chance". */
void repair_note(LimitsTable *table, const LearnerSettings *settings, const LearnerCourse *more,
                 const RepairResult *result);

/* The learners of one seed: REPAIR_ARMS of them. */
typedef enum {
    ARM_BASE,
    ARM_PLAIN,
    ARM_REPAIR,
    ARM_NO_SWAP,
    ARM_NO_REPLACE,
    ARM_NO_NEGATE,
    ARM_PLACES,
    ARM_PLACES_REPAIR,
    REPAIR_ARMS
} RepairArm;
const char *repair_arm_name(RepairArm arm); /* "before", "plain", "lies", "no swap" ..., "places" (plain), "+ lies" */

/* One learner: what an arm is in a world. */
typedef struct {
    LearnerSettings settings;
    LearnerCourse course;
    bool more; /* has the second course */
} RepairCell;
typedef struct {
    double coverage;       /* 0: REPAIR_COVERAGE */
    int seed, steps, more; /* steps of the first course and of the second; 0: LEARNER_STEPS, REPAIR_STEPS */
} RepairWorld;

/* Every arm but "places" begins with lesson 17's transformer of that world, so that its weights serve here, too. */
RepairCell repair_cell(RepairArm arm, RepairWorld world);

/* "places" in few steps, done in seconds: the table's first, which the tests ask again. */
RepairCell repair_small_cell(void);

/* The plan of the table: that one, and all arms of LIMITS_SEEDS seeds, one seed after the other. On the arena. */
RepairCell *repair_plan(Arena *arena, int *count);

/* The row of an arm and a probe, without scores; its seed may be made LIMITS_ANY_SEED. */
LimitsRow repair_row(const RepairCell *cell, const char *probe);

/* Whoever is not in the table learns (or is read), is asked, and the table is written to `path` at once; a line for
 * each on stderr. An arm whose rows are all there is left as it is, whether or not its weights are. */
bool repair_fill(LimitsTable *table, const RepairCell *cells, int count, int items, const char *path, Err *err);

#endif
