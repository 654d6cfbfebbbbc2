/* train: trains a CLIP on pictures and their captions: those of CIFAR-10's classes, or own pairs.
 *
 * One epoch shows every picture once, except those of a last batch that is not full. Order, captions and augmentation
 * depend on (seed, epoch) alone. After each epoch a row goes to the log and the whole state to the checkpoint: a run
 * that was interrupted continues from its last finished epoch and ends in the same bytes. */
#ifndef TRAIN_H
#define TRAIN_H

#include "evaluate/pair_recall.h"
#include "training/recipe.h"

/* Means over the batches of one epoch; the accuracies of the test set are measured after it. */
typedef struct {
    int epoch;          /* 1, 2, ... */
    double loss, floor; /* CLIP loss of the pairs in nats, and the least it could be (clip_loss_floor_of) */
    double image_to_text, text_to_image; /* share of pictures (texts) whose nearest text (picture) is of their class */
    double logit_scale;                  /* e^t at the end of the epoch */
    double positive, negative;           /* mean cosine of a pair; of a picture and the nearest text of another class */
    double test;                         /* accuracy on the test pictures, classified by captions; for own pairs the
                                            mean of the six recalls of the validation pictures */
    double test_tta;                     /* with the recipe's test-time augmentation; NaN before the last epoch */
    double rate, seconds;                /* training pictures per second; seconds of training since the start */
    bool has_recall;                     /* of the validation pictures of own pairs: */
    double recall[RECALL_WAYS][RETRIEVAL_CUTOFFS];
    int best; /* own pairs: the epoch with the highest mean recall so far; else 0 */
} EpochRow;

typedef struct {
    int epoch;
    double pictures;    /* trained on so far, over all epochs */
    double loss, floor; /* of this batch */
} TrainProgress;

typedef struct {
    Recipe recipe;
    uint64_t seed;
    const Cifar *train, *test;
    const char *checkpoint; /* path; NULL: none is written */
    const char *log;        /* path of the CSV; NULL: none */
    bool resume;            /* continue from the checkpoint, which must be of this very run */
    bool keep_other;        /* with resume: a checkpoint of another run is renamed instead of refused */
    /* Own pairs, instead of train and test. With no validation pictures the last epoch counts as the best. */
    const PairSet *pairs, *validation;
    int patience;         /* own pairs: stop after so many epochs without a higher mean recall; 0: never */
    const char *best;     /* own pairs: path of the weights of the best epoch; NULL: none are written */
    const MetaPair *meta; /* strings for the metadata of the files; the first without a key ends them; NULL: none */
    Profile *profile;     /* receives the time of each operation; NULL: time is not measured */
    void (*after_epoch)(void *context, const EpochRow *row); /* these three may be NULL */
    void (*after_batch)(void *context, const TrainProgress *progress);
    void (*after_rename)(void *context, const char *path); /* another run's checkpoint is called `path` now */
    void *context;
} TrainRun;

/* Makes a model and trains it to the last epoch.
 * Checkpoint  clip_save's tensors and metadata, "optim.first." and "optim.second." of each parameter, and the metadata
 *             run, epoch, templates, test_accuracy, settings (seed, recipe_text, SHA-256 of the pictures and labels),
 *             signature (SHA-256 of settings); for own pairs also best_epoch and best_recall. Another run's file of the
 *             same name becomes NAME.previous.safetensors.
 * Resume      a checkpoint whose checksum is wrong is refused (safetensors.h). Older ones have none: a warning.
 * Fails       with one line, when a file cannot be read or written; when the checkpoint's signature is not this run's,
 *             with the first setting that differs; when the loss or a gradient is not finite, with the first operation
 *             that made it so (nothing is updated, the last checkpoint stays); after train_interrupt
 * Owner       `clip` is the caller's after success: clip_free. After a failure there is none. */
bool train_run(TrainRun *run, Clip *clip, Err *err);

int train_pictures(const TrainRun *run); /* how many there are to train on */

/* Makes a running training, or the next one, stop after its current batch. May be called by a signal handler. */
void train_interrupt(void);

/* The log is CSV (train_log.c): the heading, and a row, without end of line. A row has recalls where it has_recall. */
const char *train_log_heading(bool recalls);
void train_log_row(const EpochRow *row, char *text, size_t size);

/* Reads at most `max` rows of a log, up to the first line that is none. Returns how many there were: 0 also where there
 * is no such file; -1 with one line where it cannot be read. */
int train_log_read(const char *path, EpochRow *rows, int max, Err *err);

#endif
