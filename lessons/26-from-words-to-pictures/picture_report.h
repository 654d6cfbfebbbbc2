/* picture_report: the tables of the lesson, from measured figures (picture_measure.h). */
#ifndef PICTURE_REPORT_H
#define PICTURE_REPORT_H

#include "lesson/lesson.h"
#include "picture_measure.h"

enum { REPORT_COUNT = 200, REPORT_CURVE = 100, REPORT_STEPS = 20 }; /* pictures of a cell; of a point of a curve */
#define REPORT_GUIDANCE 1.5

/* All tasks of the table, on the arena. `count` pictures of each, `curve` at each point of the curves over guidance and
 * steps. */
PictureTask *report_tasks(Arena *arena, int count, int curve, int seed, int *tasks);

/* Each prints what is in the table, and says where something is missing. */
void report_guidance(const Lesson *lesson, const CellTable *table, int seed); /* and 26-guidance.png */
void report_kinds(const CellTable *table, int seed);
void report_places(const CellTable *table, const Split *split, int seed);
void report_steps(const CellTable *table, int seed);
void report_clip(const CellTable *table, int seed);

/* The guidance with the most true pictures, over all conditions; NAN if nothing was measured. */
double report_best_guidance(const CellTable *table, int seed);

#endif
