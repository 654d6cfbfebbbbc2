/* look_model: the small CLIPs of lesson 23. Each is trained in seconds on pictures whose truth is known, and kept in
 * models_folder().
 *
 *   kind       pictures                                   captions                          towers
 *   pictures   CIFAR-10, or its generated shapes          "a photo of a cat"                small, bow
 *   plain      scenes of one object                       "a red circle"                    scene, bow
 *   names      ... the shape's name in every other one    "a red circle"                    scene, bow
 *   any        ... any shape's name in every other one    "a red circle"                    scene, bow
 *   patches    scenes of two objects                      "a red thing", one of the two     vit (patches of 4), bow
 *   depth      one object before another                  "a red circle nearer than ..."    scene, transformer
 *
 * The loss is clip_loss_hard_negatives: captions of the batch that are true of a picture without being its own are left
 * out. "depth" has the caption with the two objects exchanged as a hard negative. Trained by steps_train. */
#ifndef LOOK_MODEL_H
#define LOOK_MODEL_H

#include "depth_probe.h"
#include "written_word.h"
#include "training/steps.h"

typedef enum { LOOK_PICTURES, LOOK_PLAIN, LOOK_NAMES, LOOK_ANY, LOOK_PATCHES, LOOK_DEPTH, LOOK_KINDS } LookKind;

enum { LOOK_BATCH = 128, LOOK_EMBED = 64 }; /* pictures in a batch ("patches": 32); E */

typedef struct {
    LookKind kind;
    int seed;
    int steps;          /* 0: the number that the lesson uses, look_steps */
    const Cifar *train; /* "pictures": what it learns from; else NULL */
} LookConfig;

const char *look_name(LookKind kind); /* "pictures" ... */
int look_steps(LookKind kind);

/* Which pictures [LOOK_BATCH] of the training set the batch `step` has. */
typedef void LookChoose(void *context, int step, int *index);

/* A model with random weights; training from the weights that it has. choose NULL: all pictures, shuffled. lr_factor as
 * in StepsRun. False with one line if a loss is not finite. Free with clip_free. */
void look_init(Clip *clip, const LookConfig *config);
bool look_train(Clip *clip, const LookConfig *config, double lr_factor, LookChoose *choose, void *context, Err *err);

/* Loads the model of this config from models_folder(), or trains it there, with progress on stderr. Ends the program
 * with one line if the file cannot be read or written, or holds another model. */
void look_open(Clip *clip, const LookConfig *config);

/* The captions of the ten classes, in the order of the labels; on the arena. */
const char **look_captions(Arena *arena, const Cifar *set);

/* Pictures index[0..n) of a set, [n,32,32,3], as the model sees them; on the arena. index NULL: 0, 1, ... */
Mat look_pixels(Arena *arena, const Cifar *set, const int *index, int n);
/* Unit vectors [n,E] of pixels [n,32,32,3], without gradient, in parts of 200; on the arena. */
Mat look_images(Clip *clip, Arena *arena, Mat pixels);
/* Of the first n pictures of a set. */
Mat look_set_images(Clip *clip, Arena *arena, const Cifar *set, int n);
/* The most similar row of texts [C,E] for each of images [n,E]: answer [n], of equals the first. */
void look_answers(Mat images, Mat texts, int *answer);
int look_right(const Cifar *set, const int *answer, int n); /* how many of the first n are the label */

#endif
