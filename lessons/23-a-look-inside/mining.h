/* mining: batches of pictures that the model confuses. An anchor is a random picture; beside it into the batch come the
 * pictures of other classes that are nearest to it, by the cosine of the model before. */
#ifndef MINING_H
#define MINING_H

#include "look_model.h"

enum {
    MINED_POOL = 10000,
    MINED_NEAREST = 7,
    MINED_GROUPS = LOOK_BATCH / (1 + MINED_NEAREST)
}; /* pictures that are looked through; nearest wrong ones of an anchor */

/* The two classes that a model confuses most often among the first n pictures of a set: a < b. */
typedef struct {
    int a, b;
} ClassPair;
ClassPair most_confused(Clip *clip, const Cifar *set, int n);
/* Right answers among the pictures of the two classes, of the first n of a set, when there are only these two texts. */
int class_pair_right(Clip *clip, const Cifar *set, int n, ClassPair pair, int *of);

/* Continues the training of `clip` for config->steps, at 0.3 of the learning rate. A batch has `mined` groups of an
 * anchor and its nearest wrong pictures, 0 to MINED_GROUPS; the others are random pictures. */
bool mining_train(Clip *clip, const LookConfig *config, int mined, Err *err);

/* The nearest wrong pictures of picture `anchor`: near [count], nearest first. images [n,E], label [n]. Wants count of
 * them to exist. */
void nearest_wrong(Mat images, const uint8_t *label, int anchor, int *near, int count);

#endif
