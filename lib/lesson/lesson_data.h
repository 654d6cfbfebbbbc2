/* lesson_data: what the lessons on CIFAR-10 share: their pictures, training with progress, trained models. */
#ifndef LESSON_DATA_H
#define LESSON_DATA_H

#include "dataset/cifar.h"
#include "model/clip_file.h"
#include "training/train.h"

/* For options tables: --data takes one of these words. auto: CIFAR-10 where it is, else generated shapes. */
#define LESSON_DATA "auto|cifar|shapes"

/* The first `pictures` (0: all) of a part. Ends the program with one line when there are none. Owner: the arena. */
Cifar lesson_pictures(Arena *arena, const char *data, CifarPart part, int pictures);

/* The first line of a lesson, without end of line: which pictures it runs on, and why. */
const char *lesson_notice(const Cifar *pictures, const char *data);

/* train_run with a progress bar on stderr. Ctrl-C or SIGTERM stops it after the current batch; a second one ends the
 * program at once. A renamed checkpoint is named on stderr. Does not call run->after_batch and run->after_rename. */
bool lesson_train(TrainRun *run, Clip *clip, Err *err);

/* "data/models/quick-cifar10-seed1" and `suffix`, ".safetensors" or ".csv": lesson 10's files. On the arena. */
char *lesson_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix);

/* The model that comes with the repository, trained on photographs. */
#define LESSON_SHIPPED "data/pretrained/cifar10-clip.safetensors"
/* Where it is: in the current folder, or in $CLIP_SHIPPED, if set (an installed toolkit). */
const char *lesson_shipped(void);

typedef struct {
    Clip clip; /* free it with clip_free; the rest is the arena's */
    const char *path;
    char *run;        /* "recipe quick, seed 1, ..."; "" if the file does not say it */
    char **templates; /* of the captions it was trained on */
    int template_count;
    int epochs;        /* finished; INT_MAX if the file does not say it */
    const char *split; /* of a model of own pairs (lesson_pairs.h); else NULL */
    const char *fit;   /* of a model of own pairs: how its pictures were made square (picture_cache.h); else NULL */
} LessonModel;

/* Loads a model of lesson 10. Prints on stdout how it was trained (recipe, seed, epochs, pictures), on stderr its path.
 * Ends the program with one line when the file cannot be read, or when the model is not for these pictures: trained on
 * others, of another size, or without a word for their classes. `pictures` NULL: for any. */
LessonModel lesson_model_open(Arena *arena, const char *path, const Cifar *pictures);

typedef struct {
    const char *weights; /* a file; NULL or "": the fields below decide */
    const char *recipe;  /* its name (recipe.h) */
    const char *data;    /* for lesson_pictures */
    int seed;
    int train_images; /* 0: all; else the first so many, in small batches by a network half as wide */
} LessonModelArgs;

/* Generated shapes are learnt from fewer pictures than photographs: where a model of all of them would have to be
 * trained first, it is trained on the first so many. */
enum { LESSON_SHAPES_IMAGES = 10000 };

/* lesson_model_open of the first of these that there is: the file asked for; LESSON_SHIPPED, for all pictures, seed 1
 * and templates among its own; the model trained before, at lesson_model_path. Otherwise trains that one now (of shapes
 * one of LESSON_SHAPES_IMAGES pictures, with this number in its name), or continues a training that was stopped, with a
 * line for each epoch on stderr. */
LessonModel lesson_model(Arena *arena, const LessonModelArgs *args, const Cifar *pictures);

#endif
