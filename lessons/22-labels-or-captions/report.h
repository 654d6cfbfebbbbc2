/* report: the nine sections of lesson 22: a prediction, the measurement, its figures and pictures. */
#ifndef REPORT_H
#define REPORT_H

#include "measure.h"
#include "lesson/lesson.h"

typedef struct {
    const Lesson *lesson;
    Arena *arena;
    const MeasureSetup *setup;
    const CellTable *own, *seeds; /* this run's seed; the table of three seeds, or empty */
    Measure *measure;
    int seed;
} Report;

/* Prints the sections of these digits. Ends the program with one line when a measurement fails. */
void report_sections(Report *r, const char *digits);

/* One section each: the prediction, the measurement, its figures. */
void report_labels(Report *r);
void report_probes(Report *r);
void report_predict(Report *r);
void report_tau(Report *r);
void report_bare(Report *r);
void report_shift(Report *r);
void report_mix(Report *r);
void report_locked(Report *r);
void report_fusion(Report *r);

/* Effective robustness (Taori et al. 2020, arXiv:2007.00644, section 2): the accuracy under corruptions beyond what the
 * accuracy without them lets expect,
 *   shifted - sigma(a + b logit(clean))
 * a, b by least squares over the points (logit clean, logit shifted) of the model with labels in its training, from
 * the third look on. `model` "captions", "labels", ..., at its last look; shift "shift A" or "shift B". NaN if a cell
 * is missing. */
double effective_robustness(Arena *arena, const CellTable *cells, int seed, const char *model, const char *shift,
                            int pictures);

#endif
