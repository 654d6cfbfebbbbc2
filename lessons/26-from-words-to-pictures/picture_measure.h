/* picture_measure: how many drawn pictures are true of their captions, by the reader (scene_reader.h), and their CLIP
 * scores; the table of these figures. */
#ifndef PICTURE_MEASURE_H
#define PICTURE_MEASURE_H

#include "evaluate/cell_table.h"
#include "generation/picture_model.h"
#include "generation/scene_reader.h"

#define PICTURE_TABLE "plots/data/26-from-words-to-pictures.csv" /* ours: the shipped network */

/* Pictures of `count` captions of one kind; all combinations in them are seen, or held out. */
typedef struct {
    ConditionKind condition;
    CaptionKind captions;
    SplitPart part;
    double guidance;
    int steps;
    double eta;
    int count, seed;
} PictureTask;

typedef struct {
    int verdict[VERDICTS];   /* how many of each */
    double clip, clip_truth; /* mean cosine with the caption: of the pictures; of true renderings without network */
} PictureScore;

PictureScore picture_measure(PictureModel *model, const SceneReader *reader, const PictureTask *task);

/* "tokens, relation, seen, guidance 3, 20 steps of DDIM" */
char *picture_task_name(Arena *arena, const PictureTask *task);
/* Puts the figures of a task into the table, unless they are there. False with one line if it cannot be written. */
bool picture_task_fill(PictureModel *model, const SceneReader *reader, const PictureTask *task, CellTable *table,
                       Err *err);
/* One figure of it: the name of a verdict, "clip", "clip of truth". NULL: not measured. */
const Cell *picture_task_find(const CellTable *table, const PictureTask *task, const char *figure);

/* Real renderings that the reader reads right in every object: 1 to 3 objects of this world; `noisy`: with the noise,
 * shades and grounds of lessons 16 to 18, and all sizes. */
Rate reader_measure(const SceneReader *reader, bool noisy, int count, uint64_t seed);

/* The most that a network can do on average which sees the caption's words but not their order: 1 / the number of
 * captions of the seen part that have the same words and tell another scene. */
double bag_bound(const Split *split, const Caption *caption);
/* Its mean over the captions of a task. */
double bag_bound_mean(const Split *split, const PictureTask *task);

/* The caption of picture i of a task, and a scene of which it is true. */
PictureExample picture_task_example(const Split *split, const PictureTask *task, int i);

#endif
