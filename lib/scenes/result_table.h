/* limit_table: what learners (learner.h) make of the probes (quads.h), measured and kept: a table, one row for each
 * learner and probe, as CSV. A table that was begun goes on where it stopped.
 */
#ifndef RESULT_TABLE_H
#define RESULT_TABLE_H

#include "core/arena.h"
#include "scenes/scene_model.h"

enum { LIMITS_NAME = 24, LIMITS_ITEMS = 1000, LIMITS_ANY_SEED = -1 };

/* The table that came with the repository: five seeds. */
#define LIMITS_TABLE "plots/data/17-limits.csv"

/* One learner, one probe. */
typedef struct {
    char text[LIMITS_NAME], interaction[LIMITS_NAME], split[LIMITS_NAME];
    double coverage;
    int objects, palette, seed, steps;
    char stage[LIMITS_NAME];                    /* the second course and its steps, "hard-negatives-400"; "none" */
    char probe[LIMITS_NAME], part[LIMITS_NAME]; /* "binding" ...; "seen" or "held" combinations */
    int items;
    double score[PAIR_METRICS]; /* shares, ties counted as tally.h says; NaN: no such score */
    double ties;                /* share of comparisons that were tied */
} LimitsRow;

typedef struct {
    Arena *arena;
    LimitsRow *row;
    int count, room;
} LimitsTable;

/* A row without scores: what is asked of whom. `more` NULL: no second course. */
LimitsRow limits_row(const SceneModelConfig *settings, const TrainingStage *stage2, const char *probe, SplitPart part);

/* The same question, whatever the answer; with seed LIMITS_ANY_SEED, of any seed. */
bool limits_same(const LimitsRow *a, const LimitsRow *b);

/* Copies the row to the end, or over the one that asks the same: no question is in a table twice. */
void limits_store(LimitsTable *table, const LimitsRow *row);

/* The row that asks the same; NULL: there is none. The table owns it, until limits_store. */
const LimitsRow *limits_find(const LimitsTable *table, const LimitsRow *like);

/* Puts the scores (to four places, as the file has them) and the number of items into a row, and the row into the
 * table. */
void limits_note(LimitsTable *table, LimitsRow row, const PairScore *score_sum);

/* All probes of quads.h, `items` of each, on the combinations the learner was shown and, where there are such items, on
 * those it was not. The probes are drawn from the learner's seed. */
void limits_measure(LimitsTable *table, SceneModel *scene_model, const TrainingStage *stage2, int items);

/* Mean, least and most of some seeds; seeds 0: there are none, and the mean is NaN. */
typedef struct {
    int seeds;
    double mean, low, high;
} LimitsSummary;

/* Of one score over all rows that are like this one but for the seed. */
LimitsSummary limits_summary(const LimitsTable *table, LimitsRow like, PairMetric score);

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* limits_read: the table of a file, on the arena. Refuses, with file and line, what is no row, and a row that is there
 * twice; the table is then as it was. limits_write: the whole table or, when it fails, what was there before. */
bool limits_read(LimitsTable *table, Arena *arena, const char *path, Err *err);
bool limits_write(const LimitsTable *table, const char *path, Err *err);

/* ---- the whole table -------------------------------------------------------------------------------------------- */

/* One line of a plan: a learner, and its second course or NULL. */
typedef struct {
    SceneModelConfig settings;
    const TrainingStage *stage2;
} LimitsCell;

/* A learner that is done in two seconds and is in the table, too: the tests make its rows again. */
SceneModelConfig limits_sample(void);

/* How many seeds it has, and about how many combinations the batches about few are. */
enum { LIMITS_SEEDS = 5, LIMITS_PALETTE = 9 };

/* The plan of lesson 17: that one; every text tower, five seeds, four coverages of colours with shapes; and with all of
 * them, scenes of one and of three things, and batches about few things. In the order of seeds, so that a table that is
 * not finished can be drawn. On the arena. */
LimitsCell *limits_plan(Arena *arena, int *count);

/* How many of a plan's learners are in the table. */
int limits_done(const LimitsTable *table, const LimitsCell *plan, int count);

/* Goes through a plan: whoever is not in the table learns (or is read, scene_model_get), is asked, and the table is written
 * to `path` at once. A line for each on stderr, with the time left. False when a file cannot be read or written, or
 * somebody did not learn. */
bool limits_fill(LimitsTable *table, const LimitsCell *plan, int count, const char *path, Err *err);

#endif
