/* report: what lesson 23 prints and draws. Each function measures its section for s->seed first, if it is not in the
 * table (measure.h). */
#ifndef REPORT_H
#define REPORT_H

#include "measure.h"
#include "lesson/lesson.h"

void report_gap(const Lesson *lesson, Inside *s);
void report_maps(const Lesson *lesson, Inside *s);
void report_words(const Lesson *lesson, Inside *s);
void report_turns(const Lesson *lesson, Inside *s);
void report_ascent(const Lesson *lesson, Inside *s);
void report_mining(const Lesson *lesson, Inside *s);
void report_depth(const Lesson *lesson, Inside *s);
void report_bits(const Lesson *lesson, Inside *s);

/* The means of the cells over the seeds of the table at `path`. */
void report_seeds(const CellTable *table, const char *path);

#endif
