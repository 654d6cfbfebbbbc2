/* course: what the lessons on CIFAR-10 share: which pictures they use, where trained models lie, and how they get one. */
#ifndef LESSON_DATA_H
#define LESSON_DATA_H

#include "core/arena.h"
#include "dataset/cifar.h"
#include "model/clip_file.h"

/* For options tables: --data takes one of these words. auto: CIFAR-10 where it is, else generated shapes. */
#define LESSON_DATA "auto|cifar|shapes"

/* The first `pictures` (0: all) of a part, wherever `data` says. Ends the program with one line when there are none.
 * Owner: the arena. */
Cifar lesson_pictures(Arena *arena, const char *data, CifarPart part, int pictures);

/* What a lesson prints first: one line without end of line that says which pictures it runs on, and why. */
const char *lesson_notice(const Cifar *pictures, const char *data);

/* ---- models ---------------------------------------------------------------------------------------------------------- */

/* Ends the program with one line when the model at `path` does not know the words these pictures are named with, or
 * looks at pictures of another size. */
void lesson_refuse_other(Arena *arena, const Clip *clip, const char *path, const Cifar *pictures);

/* "data/models/quick-cifar10-seed1": where lesson 10 puts what it learns, for `suffix` ".safetensors" or ".csv".
 * On the arena. */
char *lesson_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix);

/* The model that came with the repository, if it did: of the photographs. */
#define LESSON_SHIPPED "data/pretrained/cifar10-clip.safetensors"

/* Which model a lesson needs. */
typedef struct {
    const char *weights; /* the file that was asked for; NULL or "": none was */
    const char *recipe;  /* by name (train.h) */
    const char *data;    /* as for lesson_pictures: what it learns from when nobody has trained it yet, */
    int seed, learn;     /* from which seed, and from how many of them: the first `learn`, in small batches by a
                            network half as wide; 0: all */
} LessonModelArgs;

/* A model, and what its file says about how it was trained. */
typedef struct {
    Clip clip;              /* free it with clip_free; the rest is the arena's */
    const char *path, *run; /* run: "recipe quick, seed 1, ..."; "" if nothing is said */
    char **templates;       /* the wordings of its captions */
    int template_count;
} LessonModel;

/* Loads the file that was asked for; else LESSON_SHIPPED, where it is there and serves: all pictures, seed 1, every
 * wording of the recipe; else what was trained before (lesson_model_path); else trains it now, with a line for each
 * epoch, and keeps it. A training that was stopped goes on. All this is said on stderr, results are the same either way.
 * Ends the program with one line when a file cannot be read or written, or when the model is not for these pictures:
 * one that learnt from others, or does not know the words of their names. */
LessonModel lesson_model(Arena *arena, const LessonModelArgs *args, const Cifar *pictures);

#endif
