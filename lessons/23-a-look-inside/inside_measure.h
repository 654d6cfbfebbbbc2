/* inside_measure: the figures of lesson 23 as cells of a table (evaluate/cell_table.h). Each function measures one
 * section for one seed, if its cells are not in the table yet. */
#ifndef INSIDE_MEASURE_H
#define INSIDE_MEASURE_H

#include "look_model.h"
#include "evaluate/cell_table.h"
#include "scenes/scene_model.h"

#define INSIDE_TABLE "plots/data/23-a-look-inside.csv" /* ours: three seeds, generated shapes */
enum { INSIDE_SEEDS = 3, INSIDE_TRAIN = 20000, INSIDE_TEST = 2000, INSIDE_PROBES = 1000, INSIDE_MAPS = 100 };

typedef struct {
    CellTable *table;
    const Cifar *train, *test; /* CIFAR-10 or generated shapes */
    int seed;
    int probes;         /* scenes, items and pictures of a probe */
    int maps;           /* pictures whose maps or gradients are computed */
    int steps;          /* of every training; 0: its own number */
    const char *prefix; /* of the names of the cells; NULL: none */
} Inside;

/* ---- models: opened or trained; free them ------------------------------------------------------------------------ */

/* The model of the pictures: for photographs, seed 1 and steps 0 the one that comes with the toolkit (inside_shipped);
 * else the small one. The judge is the small model of another seed. */
void inside_picture_model(const Inside *s, Clip *clip);
bool inside_shipped(const Inside *s);
void inside_small_model(const Inside *s, Clip *clip);
void inside_judge(const Inside *s, Clip *clip);
void inside_model(const Inside *s, LookKind kind, Clip *clip);
/* The scene model of lesson 17 that comes with the toolkit: text tower "transformer", all combinations seen. It is one
 * model, of seed 1; the scenes that it is asked about are those of s->seed. */
void inside_scene_model(SceneModel *model);

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

/* Scene i of two objects of different colours, which no model was trained on; "a red circle" for its object k, or "a
 * red thing". */
Scene inside_scene(const Inside *s, int i);
char *inside_caption(Arena *arena, const Scene *scene, int k, bool colour_only);
/* Scene i of one object with the name of another shape. */
WordScene inside_word_scene(const Inside *s, int i);
/* A class that is not that of test picture i, for a word in it. */
int inside_other_class(const Inside *s, int i);

/* ---- the figures, by section ------------------------------------------------------------------------------------- */

enum { GAP_STEPS = 7, TURN_STEPS = 6, BIT_STEPS = 5, MAP_ERASED = 6, ASCENT_STEPS = 100, MINING_KINDS = 3 };
double gap_step(int k);                /* how far the texts are moved: -1, -0.5, 0, 0.5, 1, 1.5, 2 */
int turn_step(int k);                  /* 1, 2, 4, 8, 16, 32 of 255 */
int bit_step(int k);                   /* 32, 8, 4, 2, 1 */
const char *inside_mining_name(int k); /* "random", "half mined", "mined": batches of pictures */

void inside_measure_scene_gap(Inside *s); /* a part of inside_measure_gap; nothing is trained */
void inside_measure_gap(Inside *s);
void inside_measure_maps(Inside *s);
void inside_measure_words(Inside *s);
void inside_measure_turns(Inside *s);
void inside_measure_ascent(Inside *s);
void inside_measure_mining(Inside *s);
void inside_measure_depth(Inside *s);
void inside_measure_bits(Inside *s);

/* Pixels from the caption of a class, by the model of the pictures; `smooth` as in Ascent. On the arena. */
#define ASCENT_SMOOTH 0.2 /* Ascent.smooth of the second kind */
Mat inside_ascend(const Inside *s, Clip *clip, Arena *arena, Mat text, double smooth, int class, double *trace);

/* ---- cells ------------------------------------------------------------------------------------------------------- */

/* Stores a cell of s->seed, a proportion of `count` or another quantity (count 0); ends the program with one line if
 * the file cannot be written. */
void inside_put(Inside *s, double value, int count, const char *name, ...) PRINTF_LIKE(4, 5);
bool inside_there(const Inside *s, const char *name, ...) PRINTF_LIKE(2, 3);
/* The cell of that name and of s->seed; stops if there is none. inside_rate: of a proportion. */
double inside_value(const Inside *s, const char *name, ...) PRINTF_LIKE(2, 3);
Rate inside_rate(const Inside *s, const char *name, ...) PRINTF_LIKE(2, 3);

/* For the .c files: right / of; unit vectors [10,E] of the classes; how many of images [n,E] are answered right. */
double inside_part(int right, int of);
Mat inside_texts(Clip *clip, Arena *arena, const Cifar *set);
int inside_right(const Cifar *set, Mat images, Mat texts);

#endif
