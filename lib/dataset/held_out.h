/* held_out: two of the ten classes are kept out of a training. Their descriptions are made of words that the other
 * classes have too, so that a model can be asked for them (lessons 14 and 22).
 *
 * Photographs are described by attributes that classes share (Lampert, Nickisch and Harmeling, "Learning to detect
 * unseen object classes by between-class attribute transfer", CVPR 2009). Generated shapes are described by their
 * names. */
#ifndef HELD_OUT_H
#define HELD_OUT_H

#include "dataset/cifar.h"

/* Ten descriptions that differ, one for each class of the set; static, or the set's own names. */
const char *const *holdout_descriptions(const Cifar *set);

/* Stops unless a and b are two different classes. */
void holdout_require(int a, int b);

/* Are the classes of one kind: both animals or both machines; of shapes, of one colour? */
bool holdout_alike(const Cifar *set, int a, int b);

/* How many words of the descriptions of a and b are in none of the others. */
int holdout_unseen(const char *const *descriptions, int a, int b);

/* The first `max` (0: all) pictures of class a or b (held true), or of neither. A copy on the arena. */
Cifar holdout_pictures(Arena *arena, const Cifar *set, int a, int b, bool held, int max);

#endif
