/* wordings: the accuracy of several wordings of the same classes, compared with the first by McNemar's test. */
#ifndef WORDINGS_H
#define WORDINGS_H

#include "evaluate/metrics.h"
#include "lesson/lesson.h"
#include "mcnemar.h"

enum { WORDINGS_MAX = 40 };

/* One wording: its class vectors and its accuracy. Row 0 is what the others are compared with. */
typedef struct {
    const char *text, *kind;
    Mat classes; /* [C,E] */
    int *said;   /* the answer for each picture */
    Rate rate;
    Discordant discord; /* first: only this wording is right; second: only row 0 is */
    double p;
} Wording;

typedef struct {
    int classes; /* C */
    Wording row[WORDINGS_MAX];
    int count;
} Table;

/* Adds a row, if there is room. classes [C,E] stays the caller's. */
void wording_add(Table *table, const char *text, const char *kind, Mat classes);

/* The vectors of all rows, [count * C,E]. On the arena. */
Mat wordings_vectors(const Table *table, Arena *arena);

/* Fills in answers, accuracies and tests. each [n,count * C]: the cosines of the pictures with wordings_vectors; truth
 * [n]. Owner: the arena. */
void wordings_classify(Table *table, Arena *arena, Mat each, const int *truth);

/* The table and its figure; differences with p below `level` are marked. */
void wordings_print(const Lesson *lesson, Arena *arena, const Table *table, double level);
void wordings_significant(const Table *table, double level);

#endif
