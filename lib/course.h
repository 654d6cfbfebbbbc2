/* course: what the lessons on CIFAR-10 share: which pictures they use and where trained models lie. */
#ifndef COURSE_H
#define COURSE_H

#include "cifar.h"

/* For options tables: --data takes one of these words. auto: CIFAR-10 where it is, else generated shapes. */
#define COURSE_DATA "auto|cifar|shapes"

/* The first `pictures` (0: all) of a part, wherever `data` says. Ends the program with one line when there are none.
 * Owner: the arena. */
Cifar course_pictures(Arena *arena, const char *data, CifarPart part, int pictures);

/* What a lesson prints first: one line without end of line that says which pictures it runs on, and why. */
const char *course_notice(const Cifar *pictures, const char *data);

/* Where models lie: $CLIP_MODELS if set, else "data/models". */
const char *course_models(void);

/* "data/models/quick-cifar10-seed1": where lesson 10 puts what it learns, for `suffix` ".safetensors" or ".csv".
 * On the arena. */
char *course_model_path(Arena *arena, const char *recipe, const Cifar *pictures, int seed, const char *suffix);

#endif
