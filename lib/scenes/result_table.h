/* Result table: the scores of scene models on probes, as CSV. One row per model and probe. A measurement that was
 * interrupted continues where it stopped. */
#ifndef RESULT_TABLE_H
#define RESULT_TABLE_H

#include "scenes/scene_model.h"

enum { RESULT_NAME = 24, RESULT_ITEMS = 1000, RESULT_ANY_SEED = -1 };

#define RESULT_TABLE "plots/data/17-limits.csv" /* the table of lesson 17 in the repository */

typedef struct {
    char text[RESULT_NAME], interaction[RESULT_NAME], split[RESULT_NAME];
    double coverage;
    int objects, palette, seed, steps;
    char stage[RESULT_NAME]; /* the second stage and its steps, "hard-negatives-400"; "none" */
    char probe[RESULT_NAME]; /* "binding" ... */
    char part[RESULT_NAME];  /* "seen" or "held" combinations */
    int items;
    double score[PAIR_METRICS]; /* fractions; NaN: not defined */
    double ties;                /* fraction of the comparisons that tied */
} ResultRow;

typedef struct {
    Arena *arena;
    ResultRow *row;
    int count, room;
} ResultTable;

/* A row without scores: the key of a measurement. stage2 NULL: no second stage. */
ResultRow result_row(const SceneModelConfig *config, const TrainingStage *stage2, const char *probe, SplitPart part);
/* Whether two rows have the same key; RESULT_ANY_SEED matches every seed. */
bool result_same(const ResultRow *a, const ResultRow *b);
/* Appends a copy of the row, or replaces the row of the same key. */
void result_store(ResultTable *table, const ResultRow *row);
/* The first row of the same key, NULL if there is none. The table owns it; valid until the next result_store. */
const ResultRow *result_find(const ResultTable *table, const ResultRow *like);
/* Stores the row with these scores, rounded to the four decimals of the file, and the number of items. */
void result_add_score(ResultTable *table, ResultRow row, const PairScore *score);

typedef struct {
    int seeds;
    double mean, low, high;
} ResultSummary;
/* Mean, minimum and maximum of one metric over the rows that equal `like` but for the seed. No rows: seeds is 0 and the
 * mean NaN. */
ResultSummary result_summary(const ResultTable *table, ResultRow like, PairMetric metric);

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* Reads a table, onto the arena. False, with *table unchanged and one line with file and line number, for anything that
 * is not a row or a key that occurs twice. Writing replaces the file completely or leaves it unchanged. */
bool result_table_read(ResultTable *table, Arena *arena, const char *path, Err *err);
bool result_table_write(const ResultTable *table, const char *path, Err *err);

/* ---- measuring --------------------------------------------------------------------------------------------------- */

/* One model to be measured. */
typedef struct {
    SceneModelConfig config;
    TrainingStage stage2; /* name NULL: no second stage */
} ResultRun;
const TrainingStage *result_stage(const ResultRun *run); /* the second stage, or NULL */

/* Stores all rows of a run. model NULL: rows without scores, which tells what belongs to the run. */
typedef void ResultMeasure(ResultTable *table, SceneModel *model, const ResultRun *run, int items);

/* All probes of minimal_pairs.h, `items` each, of seen and, if the model has any, held-out combinations. The seed of
 * the probes is the model's. */
ResultMeasure result_measure;

/* How many of the runs are in the table completely. */
int result_runs_done(const ResultTable *table, const ResultRun *runs, int count, ResultMeasure *measure);

/* For each run that is not in the table: loads or trains the model, measures it and writes the table to `path`. One
 * line per run on stderr, with the time left. False if a file cannot be read or written, or training fails. */
bool result_table_fill(ResultTable *table, const ResultRun *runs, int count, int items, ResultMeasure *measure,
                       const char *path, Err *err);

/* A model that is trained and measured in two seconds; the first of the plan. Tests measure its rows again. */
SceneModelConfig result_quick_config(void);

enum { RESULT_SEEDS = 5, RESULT_PALETTE = 9 };

/* The runs of lesson 17: the quick one; then, seed by seed, every text tower with four coverages of SPLIT_PAIRS and, at
 * full coverage, with one object, three objects, and RESULT_PALETTE. On the arena. */
ResultRun *result_plan(Arena *arena, int *count);

#endif
