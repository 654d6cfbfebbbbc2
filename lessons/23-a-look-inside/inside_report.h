/* inside_report: what lesson 23 prints and draws. Each function measures its section for s->seed first, if it is not in
 * the table (inside_measure.h). */
#ifndef INSIDE_REPORT_H
#define INSIDE_REPORT_H

#include "inside_measure.h"
#include "lesson/lesson.h"

void inside_report_gap(const Lesson *lesson, Inside *s);
void inside_report_maps(const Lesson *lesson, Inside *s);
void inside_report_words(const Lesson *lesson, Inside *s);
void inside_report_turns(const Lesson *lesson, Inside *s);
void inside_report_ascent(const Lesson *lesson, Inside *s);
void inside_report_mining(const Lesson *lesson, Inside *s);
void inside_report_depth(const Lesson *lesson, Inside *s);
void inside_report_bits(const Lesson *lesson, Inside *s);

/* "85.6 % (84.0 to 87.1)" on stdout, 26 columns wide: Wilson's interval of 95 %. */
void inside_print_rate(Rate rate);

/* The means of the cells over the seeds of the table at `path`. */
void inside_report_seeds(const CellTable *table, const char *path);

#endif
