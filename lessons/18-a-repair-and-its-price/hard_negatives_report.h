/* negatives_report: what lesson 18 prints and draws of a table of repairs (repair.h): the same questions to every arm.
 *
 *   truth or ...   the share of pictures that prefer the truth to the lie; all four right: as tally.h's group
 *   holds ...      of the pictures that preferred the truth, the share that still do when it is said in other words
 *   R@1            the share whose first answer is right, among RETRIEVED
 */
#ifndef HARD_NEGATIVES_REPORT_H
#define HARD_NEGATIVES_REPORT_H

#include "lesson/lesson.h"
#include "hard_negatives.h"

/* Arms of one world. Nothing is owned. */
typedef struct {
    const ResultTable *table;
    NegativesConfig config;
    const Condition *condition;
    int count; /* CONDITIONS at most */
} NegativesReport;

/* What an arm has in the first question about a kind of lie, from 0 to 1; NaN where the table has no row. */
double report_negative(const NegativesReport *report, Condition condition, NegativeKind kind);

/* Prints all questions and arms, in %, with half of Wilson's interval; "-" where the table has no row. */
void report_conditions(const NegativesReport *report);

/* Draws them as plots/out/NAME.png, but for "all four right", and the first question in the terminal too. Of what is
 * not in the table there is no bar. */
void report_bars(const Lesson *lesson, Arena *arena, const NegativesReport *report, const char *name);

/* ---- five seeds: of the usual world, every arm ------------------------------------------------------------------ */

/* Prints the mean over the seeds that are there, in %, and half of the way from the least to the most. */
void report_seeds(const ResultTable *table);

/* By how much an arm differs from the plain steps of the same seed, in points, over the seeds that have both: mean,
 * least, most, and in how many of them it is above. */
typedef struct {
    double mean, low, high;
    int seeds, above;
} NegativesChange;

/* Of the first question about a kind of lie; seeds 0: there are none, and the mean is NaN. */
NegativesChange report_change(const ResultTable *table, Condition condition, NegativeKind kind);

/* Prints that for all questions: who was taught all lies and, of each kind, who was not taught it. */
void report_changes(Arena *arena, const ResultTable *table);

/* Prints what was published of CLIP and of its repairs (published.h), and beside it the means of our seeds. */
void report_published(const ResultTable *table);

#endif
