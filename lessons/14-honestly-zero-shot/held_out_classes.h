/* holdout: classes that a model is never shown, and what it makes of them from words it has seen with other classes.
 *
 * To be asked for an unseen class, its description must be made of seen words. Photographs are described by attributes
 * that classes share (Lampert, Nickisch and Harmeling, "Learning to detect unseen object classes by between-class
 * attribute transfer", CVPR 2009): each word belongs to at least three of the ten classes, so that whichever two are
 * held out, some third has shown it. Generated shapes are described by their names, a colour and a shape.
 */
#ifndef HELD_OUT_CLASSES_H
#define HELD_OUT_CLASSES_H

#include "core/arena.h"
#include "dataset/cifar.h"
#include "model/clip.h"

enum { HOLDOUT_PAIRS = CIFAR_CLASSES * (CIFAR_CLASSES - 1) / 2 };

/* Ten descriptions that differ, one for each class of the set; static, or the set's own names. */
const char *const *holdout_descriptions(const Cifar *set);

/* Are the two of a kind: both animals or both machines; of shapes, both of one colour? */
bool holdout_alike(const Cifar *set, int a, int b);

/* How many words of the descriptions of a and b are in none of the others. */
int holdout_unseen(const char *const *descriptions, int a, int b);

/* The first `most` (0: all) pictures of a set that are of class a or b (held true), or of neither. A copy, on the arena. */
Cifar holdout_pictures(Arena *arena, const Cifar *set, int a, int b, bool held, int max);

/* What became of one pair: counts of the test pictures of classes a and b. */
typedef struct {
    int a, b;   /* a < b */
    int unseen; /* words no other class has */
    int pictures;
    int two, ten;               /* right when asked for one of the two; for one of all ten */
    int closed_two, closed_ten; /* the same of a model that was shown all ten classes */
} HoldoutRow;

/* Right answers among scores [n,10] of n pictures of classes a and b. Equal scores go to the lower class. */
void holdout_count(Mat scores, const Cifar *pictures, int a, int b, int *two, int *ten);

/* ---- learning without them --------------------------------------------------------------------------------------------- */

typedef struct {
    const Cifar *train, *test;
    const char *const *description; /* of the ten classes */
    int pictures, epochs;           /* to learn from; times each is seen */
} HoldoutConfig;

enum { HOLDOUT_NONE = -1, HOLDOUT_BATCH = 100 };

/* A small network with a bag of words (lesson 10's "small" and "bow") that saw all classes but a and b, with the captions
 * "a photo of a DESCRIPTION"; words that only a and b have are not even in its vocabulary. With HOLDOUT_NONE for both it
 * saw all ten. Some seconds. Made here: free it with clip_free. Ends the program when it cannot learn. */
void holdout_learn(const HoldoutConfig *config, int a, int b, Clip *clip);

/* Learns without a < b, and asks for them; the model `closed`, which saw all, is asked for the same. */
HoldoutRow holdout_measure(const HoldoutConfig *config, Clip *closed, int a, int b);

/* ---- the table of all pairs: CSV -------------------------------------------------------------------------------------- */

typedef struct {
    HoldoutRow row[HOLDOUT_PAIRS];
    int count;
} HoldoutTable;

/* The row of classes a and b in any order, or NULL. */
const HoldoutRow *holdout_find(const HoldoutTable *table, int a, int b);

/* Reads what holdout_write wrote; a pair that is there twice, or a count above its pictures, is refused with file and
 * line, and the table stays as it was. */
bool holdout_read(HoldoutTable *table, const char *path, Err *err);
bool holdout_write(const HoldoutTable *table, const char *path, Err *err);

#endif
