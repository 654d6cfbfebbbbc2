/* limit_table: what learners (learner.h) make of the probes (quads.h), measured and kept: a table, one row for each
 * learner and probe, as CSV. A table that was begun goes on where it stopped.
 */
#ifndef RESULT_TABLE_H
#define RESULT_TABLE_H

#include "scenes/scene_model.h"

enum { RESULT_NAME = 24, RESULT_ITEMS = 1000, RESULT_ANY_SEED = -1 };

/* The table that came with the repository: five seeds. */
#define RESULT_TABLE "plots/data/17-limits.csv"

/* One learner, one probe. */
typedef struct {
    char text[RESULT_NAME], interaction[RESULT_NAME], split[RESULT_NAME];
    double coverage;
    int objects, palette, seed, steps;
    char stage[RESULT_NAME];                    /* the second course and its steps, "hard-negatives-400"; "none" */
    char probe[RESULT_NAME], part[RESULT_NAME]; /* "binding" ...; "seen" or "held" combinations */
    int items;
    double score[PAIR_METRICS]; /* shares, ties counted as tally.h says; NaN: no such score */
    double ties;                /* share of comparisons that were tied */
} ResultRow;

typedef struct {
    Arena *arena;
    ResultRow *row;
    int count, room;
} ResultTable;

/* A row without scores: what is asked of whom. `more` NULL: no second course. */
ResultRow result_row(const SceneModelConfig *config, const TrainingStage *stage2, const char *probe, SplitPart part);

/* The same question, whatever the answer; with seed LIMITS_ANY_SEED, of any seed. */
bool result_same(const ResultRow *a, const ResultRow *b);

/* Copies the row to the end, or over the one that asks the same: no question is in a table twice. */
void result_store(ResultTable *table, const ResultRow *row);

/* The row that asks the same; NULL: there is none. The table owns it, until limits_store. */
const ResultRow *result_find(const ResultTable *table, const ResultRow *like);

/* Puts the scores (to four places, as the file has them) and the number of items into a row, and the row into the
 * table. */
void result_add_score(ResultTable *table, ResultRow row, const PairScore *score);

/* All probes of quads.h, `items` of each, on the combinations the learner was shown and, where there are such items, on
 * those it was not. The probes are drawn from the learner's seed. */
void result_measure(ResultTable *table, SceneModel *model, const TrainingStage *stage2, int items);

/* Mean, least and most of some seeds; seeds 0: there are none, and the mean is NaN. */
typedef struct {
    int seeds;
    double mean, low, high;
} ResultSummary;

/* Of one score over all rows that are like this one but for the seed. */
ResultSummary result_summary(const ResultTable *table, ResultRow like, PairMetric score);

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* limits_read: the table of a file, on the arena. Refuses, with file and line, what is no row, and a row that is there
 * twice; the table is then as it was. limits_write: the whole table or, when it fails, what was there before. */
bool result_table_read(ResultTable *table, Arena *arena, const char *path, Err *err);
bool result_table_write(const ResultTable *table, const char *path, Err *err);

/* ---- the whole table -------------------------------------------------------------------------------------------- */

/* One line of a plan: a learner, and its second course or NULL. */
typedef struct {
    SceneModelConfig config;
    const TrainingStage *stage2;
} ResultRun;

/* A learner that is done in two seconds and is in the table, too: the tests make its rows again. */
SceneModelConfig result_quick_config(void);

/* How many seeds it has, and about how many combinations the batches about few are. */
enum { RESULT_SEEDS = 5, RESULT_PALETTE = 9 };

/* The plan of lesson 17: that one; every text tower, five seeds, four coverages of colours with shapes; and with all of
 * them, scenes of one and of three things, and batches about few things. In the order of seeds, so that a table that is
 * not finished can be drawn. On the arena. */
ResultRun *result_plan(Arena *arena, int *count);

/* How many of a plan's learners are in the table. */
int result_runs_done(const ResultTable *table, const ResultRun *plan, int count);

/* Goes through a plan: whoever is not in the table learns (or is read, scene_model_get), is asked, and the table is written
 * to `path` at once. A line for each on stderr, with the time left. False when a file cannot be read or written, or
 * somebody did not learn. */
bool result_table_fill(ResultTable *table, const ResultRun *plan, int count, const char *path, Err *err);

#endif
