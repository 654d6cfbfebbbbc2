/* Result curves: what lesson 17 prints and draws: scores against coverage and against the kind of scenes. */
#ifndef RESULT_CURVES_H
#define RESULT_CURVES_H

#include "lesson/lesson.h"
#include "scenes/result_table.h"

enum { RESULT_TOWERS = 3 };
extern const char *const result_towers[RESULT_TOWERS]; /* "bow", "lstm", "transformer" */

/* Prints one probe: for every text tower and part, mean, minimum and maximum over the seeds in %, at coverage 1/4, 1/2,
 * 3/4 and 1. Draws the means as plots/out/17-PROBE.png, with the range of the seeds as bars. "-", and no point, where
 * the table has no row. */
void report_coverage(const Lesson *lesson, Arena *arena, const ResultTable *table, ProbeKind kind);

/* Prints all probes but the shuffle, at coverage 1: scenes of one, two and three objects, and of two objects with
 * RESULT_PALETTE combinations per batch. */
void report_scene_configs(Arena *arena, const ResultTable *table);

#endif
