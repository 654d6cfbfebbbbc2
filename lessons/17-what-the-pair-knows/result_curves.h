/* limit_curves: what lesson 17 prints and draws of a table of limits (limit_table.h): probes against coverage, for
 * every text tower; and against what the scenes are like. */
#ifndef RESULT_CURVES_H
#define RESULT_CURVES_H

#include "lesson/lesson.h"
#include "scenes/result_table.h"

enum { RESULT_TOWERS = 3 };
extern const char *const result_towers[RESULT_TOWERS]; /* "bow", "lstm", "transformer" */

/* Prints one probe: for every tower and part, mean, least and most of the seeds in %, at coverage 1/4, 1/2, 3/4 and 1;
 * and draws the means as plots/out/17-PROBE.png. "-", and no point, where the table has no row. */
void report_coverage(const Lesson *lesson, Arena *arena, const ResultTable *table, ProbeKind kind);

/* Prints, of all probes but the shuffle and with every combination seen: scenes of one, two and three things, and of
 * two when each batch is about LIMITS_PALETTE combinations. */
void report_scene_configs(Arena *arena, const ResultTable *table);

#endif
