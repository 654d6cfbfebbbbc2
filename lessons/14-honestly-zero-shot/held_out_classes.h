/* held_out_classes: a model is trained without two classes and then asked for them in words it knows from others.
 *
 * Photographs are described by attributes that classes share (Lampert, Nickisch and Harmeling, "Learning to detect
 * unseen object classes by between-class attribute transfer", CVPR 2009): each word belongs to at least three of the
 * ten classes, so whichever two are held out, a third has shown it. Generated shapes are described by their names.
 *
 * Seen classes win nearly always against unseen ones. Calibrated stacking (Chao, Changpinyo, Gong and Sha 2016,
 * arXiv:1605.04253, section 3.2) subtracts a constant from the scores of the seen classes:
 *   answer = argmax_c  score_c - gamma [c seen] */
#ifndef HELD_OUT_CLASSES_H
#define HELD_OUT_CLASSES_H

#include "dataset/held_out.h"
#include "model/clip.h"

enum { HOLDOUT_PAIRS = CIFAR_CLASSES * (CIFAR_CLASSES - 1) / 2, HOLDOUT_GAMMAS = 11 };
double holdout_gamma(int k); /* 0, 0.05, ..., 0.5: a difference of cosines */

/* How many of the n pictures get their class as the answer when `gamma` is subtracted from the scores [n,10] of all
 * classes but a and b; INFINITY: only a and b are asked for. Of equal scores the lower class is the answer. */
int holdout_correct(Mat scores, const Cifar *pictures, int a, int b, double gamma);

/* The counts of one pair. All fields are ints, in the order of the table's columns. */
typedef struct {
    int a, b;                   /* a < b */
    int unseen;                 /* words that no other class has */
    int pictures, others;       /* test pictures of a and b; of the other eight classes */
    int two;                    /* pictures that are correct when only a and b are asked for */
    int closed_two, closed_ten; /* the same, and of all ten classes, for a model that was trained on all ten */
    int held[HOLDOUT_GAMMAS];   /* pictures of a and b that are correct among all ten, with gamma k */
    int seen[HOLDOUT_GAMMAS];   /* of the other classes */
} HoldoutRow;

typedef struct {
    const Cifar *train, *test;
    const char *const *description; /* of the ten classes */
    int pictures, epochs;           /* of the training */
    bool keep;                      /* models are kept in models_folder(), and not trained again */
} HoldoutConfig;

enum { HOLDOUT_NONE = -1, HOLDOUT_BATCH = 100 };

/* Trains a small network with a bag of words ("small" and "bow") on all classes but a and b, with captions "a photo of
 * a DESCRIPTION". Words that only a and b have are not in its vocabulary. HOLDOUT_NONE for both: on all ten. Takes some
 * seconds, unless it is kept; ends the program when it fails. Owner: the caller, clip_free. */
void holdout_train(const HoldoutConfig *config, int a, int b, Clip *clip);

/* Trains without a < b and counts; `closed` is the model that was trained on all ten classes. */
HoldoutRow holdout_measure(const HoldoutConfig *config, Clip *closed, int a, int b);

typedef struct {
    HoldoutRow row[HOLDOUT_PAIRS];
    int count;
} HoldoutTable;

/* The row of classes a and b in any order, or NULL. */
const HoldoutRow *holdout_find(const HoldoutTable *table, int a, int b);

/* Accuracies among all ten classes with gamma k, in %, and their harmonic mean 2 held seen / (held + seen). */
typedef struct {
    double held, seen, harmonic;
} HoldoutAccuracy;
HoldoutAccuracy holdout_accuracy(const HoldoutRow *row, int k);

/* The k of the gamma with the highest mean harmonic mean over the pairs that have neither a nor b: so it is chosen
 * without a test picture of a or b as an unseen class. 0 when there is no such pair. */
int holdout_choose(const HoldoutTable *table, int a, int b);

/* Reads what holdout_write wrote. Fails with file and line on a pair that is there twice or a count above its pictures;
 * the table then stays as it was. */
bool holdout_read(HoldoutTable *table, const char *path, Err *err);
bool holdout_write(const HoldoutTable *table, const char *path, Err *err);

#endif
