/* measure: what the sections of lesson 22 measure, as cells of a table (cell_table.h), for one seed at a time. */
#ifndef MEASURE_H
#define MEASURE_H

#include "few_shot.h"
#include "study.h"
#include "dataset/corruption.h"
#include "dataset/held_out.h"
#include "evaluate/cell_table.h"

#define MEASURE_TABLE "plots/data/22-labels-or-captions.csv" /* ours: three seeds, generated shapes */
enum { MEASURE_SEEDS = 3 };
/* The sizes of the table, which are the defaults of the lesson. */
enum { MEASURE_TRAIN = 5000, MEASURE_TEST = 2000, MEASURE_POOL = 2000, MEASURE_PICTURES = 51200, MEASURE_DRAWS = 20 };

typedef struct {
    const Cifar *train, *test; /* of the classes that are learnt */
    const Cifar *pool;         /* more pictures of them, which no training sees: for probes */
    int pictures;              /* seen in a training */
    int draws;                 /* of few-shot probes */
} MeasureSetup;

enum { SECTIONS = 9, LOOKS = 6, TUNE_POINTS = 11, TAUS = 3, MEASURE_STRENGTH = 3 };
extern const double fixed_taus[TAUS];

/* The pictures seen at look i of a training of `pictures`: ascending, the last is `pictures`. */
int look_at(int pictures, int i);
/* The pairs of classes that section 2 holds out, each in a training of its own: red circles and red triangles, red
 * stars and red crosses; of photographs deer and ships, cats and dogs. */
enum { HELD_PAIRS = 2 };
typedef struct {
    int a, b;
} HeldOut;
HeldOut held_out_of(const Cifar *set, int i);
/* The kinds of corruption that the wider data has; the other four are in nobody's training. */
bool in_wide_data(Corruption kind);
/* Pictures for the sections that train for less, or for the same cost. */
int locked_pictures(const MeasureSetup *setup);

/* Trains and measures what section 1 .. SECTIONS wants and `cells` does not have for this seed. Progress on stderr.
 * False with one line. */
typedef struct Measure Measure;
Measure *measure_begin(Arena *arena, const MeasureSetup *setup, CellTable *cells, int seed);
bool measure_section(Measure *m, int section, Err *err);
void measure_end(Measure *m);

/* A training of less than a second that the tests make again: the cells "quick: captions" and "quick: labels" of seed
 * 1, where the table lacks them. */
bool measure_quick(Arena *arena, CellTable *cells, Err *err);

/* Names of the cells, on the arena or static. */
const char *shot_cell(Arena *arena, const char *set, int shots, const char *what); /* what "", " least", " most" */
const char *look_cell(Arena *arena, const char *model, int pictures, const char *what);

#endif
