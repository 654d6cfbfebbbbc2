/* pair_recall: how well a model finds the captions of pictures and the pictures of captions in a set of pairs.
 *
 *   image -> text   queries: all pictures; answers: all different captions; right: the picture's own
 *   text -> image   queries: all different captions; answers: all pictures; right: those that have the caption
 *
 * Captions are different where the model reads different tokens (pair_set_groups). Ties as in retrieval.h. */
#ifndef PAIR_RECALL_H
#define PAIR_RECALL_H

#include "dataset/pair_set.h"
#include "evaluate/retrieval.h"
#include "model/clip.h"

enum { IMAGE_TO_TEXT, TEXT_TO_IMAGE, RECALL_WAYS };

typedef struct {
    int pictures, captions; /* different ones */
    double recall[RECALL_WAYS][RETRIEVAL_CUTOFFS];
    double chance[RECALL_WAYS][RETRIEVAL_CUTOFFS]; /* of guessing */
    double mean;                                   /* of the six recalls */
} PairRecall;

/* Unit vectors of all pictures, [n,E]. On the arena. `done` (NULL: none) is called with the number of pictures done. */
Mat pair_images(Clip *clip, Arena *arena, const PairSet *set, void (*done)(void *context, int pictures), void *context);

/* Takes n E + captions E numbers of memory and a block of scores. All numbers are 0 for a set without pictures.
 * False, with one line, if a cosine is not a number. */
bool pair_recall(Clip *clip, const PairSet *set, PairRecall *result, Err *err);

/* A table on stdout: both ways, the model and guessing, in percent. */
void pair_recall_print(const PairRecall *r);

#endif
