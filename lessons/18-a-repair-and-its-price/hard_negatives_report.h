/* Hard-negatives report: what lesson 18 prints and draws of its result table. The same measures for every condition:
 *
 *   choice, group  the pair score of true and edited captions (scenes/pair_score.h)
 *   consistency    of the pictures that prefer the true caption, the fraction that prefers its paraphrase too
 *   R@1            recall@1 among 500 scenes, ten for each item if these are fewer */
#ifndef HARD_NEGATIVES_REPORT_H
#define HARD_NEGATIVES_REPORT_H

#include "hard_negatives.h"
#include "lesson/lesson.h"

/* The conditions of one config. Nothing is owned. */
typedef struct {
    const ResultTable *table;
    NegativesConfig config;
    const Condition *condition;
    int count; /* at most CONDITIONS */
} NegativesReport;

/* The choice score of a condition for a kind of hard negative, 0 to 1; NaN if the table has no row. */
double report_negative(const NegativesReport *report, Condition condition, NegativeKind kind);
/* Prints all measures and conditions, in %, with half of Wilson's interval; "-" if the table has no row. */
void report_conditions(const NegativesReport *report);
/* Draws them as plots/out/NAME.png, without the group scores, and the first measure in the terminal too. */
void report_bars(const Lesson *lesson, Arena *arena, const NegativesReport *report, const char *name);

/* ---- all seeds, default config ----------------------------------------------------------------------------------- */

/* Prints the mean over the seeds, in %, and half of the range from minimum to maximum. */
void report_seeds(const ResultTable *table);

/* The difference of a condition from plain steps of the same seed, in points: mean, minimum and maximum over the seeds
 * that have both, and the number of seeds above 0. No seeds: the mean is NaN. */
typedef struct {
    double mean, low, high;
    int seeds, above;
} NegativesChange;
NegativesChange report_change(const ResultTable *table, Condition condition, NegativeKind kind); /* of the choice */

/* Prints the change of all measures: trained with all kinds, and without the kind that is measured. */
void report_changes(Arena *arena, const ResultTable *table);
/* Prints published results of CLIP and of its training with hard negatives beside the means of our seeds. */
void report_published(const ResultTable *table);

#endif
