/* train: a CLIP learns from pictures and the captions of their classes.
 *
 * One epoch shows every picture once (but for a last batch that would not be full), in an order and with changes drawn
 * from (seed, epoch) alone. After each epoch a row is added to the log and the whole state goes to the checkpoint, so
 * that a run that was stopped, however rudely, continues from the last epoch and ends in the same bytes.
 */
#ifndef TRAIN_H
#define TRAIN_H

#include "core/arena.h"
#include "dataset/augment.h"
#include "training/optim.h"
#include "evaluate/zeroshot.h"

enum { RECIPE_TEMPLATES = 8 };

/* Everything a training run depends on, but for the pictures. */
typedef struct {
    const char *name, *summary;
    ClipConfig model;                            /* vocabulary from the templates */
    const char *templates[RECIPE_TEMPLATES + 1]; /* a caption is one of them, drawn at random; NULL ends them */
    int epochs, batch;
    OptimGroup groups[3]; /* 0: heads, text, biases, temperature; 1: convolution filters; 2: batch norm */
    Schedule schedule;
    double warmup;        /* in epochs */
    double clip_norm;     /* 0: gradients are not clipped */
    bool multi_positive;  /* pairs of one class count as matching (clip_targets); else the diagonal alone */
    double smoothing;     /* of the shared targets */
    bool fixed_scale;     /* the logit scale is not learnt */
    double whiten_epochs; /* how long the bias behind the whitening filters is trained */
    bool learn_first;     /* "cnn": the first convolution does not whiten, it is learnt like the others */
    bool random_filters;  /* "cnn": the others begin at random instead of passing on what they see */
    Augment augment;      /* its seed and epoch are set by the run */
    TestAugmentation tta; /* of a second test after the last epoch; TTA_NONE: there is none */
} Recipe;

/* For options tables: the recipes lesson 10 offers. */
#define RECIPES "quick|full|templates|notebook|tiny"

/* The recipes by name; NULL if there is none. The i-th, or NULL beyond the last. */
const Recipe *recipe_find(const char *name);
const Recipe *recipe_at(int i);

/* For options tables: the towers lesson 10 trains. "recipe": the recipe's own. */
#define RECIPE_IMAGES "recipe|small|cnn|resnet|vit"
#define RECIPE_TEXTS  "recipe|bow|lstm|transformer"

/* The recipe with other towers; its name becomes "quick-vit-lstm", on the arena, unless both are its own. */
void recipe_towers(Recipe *recipe, Arena *arena, const char *image, const char *text);

/* For options tables: what a recipe can be tried without. */
#define RECIPE_WITHOUT "nothing|whitening|dirac|muon|mirror|alternating|shift|decay|smoothing|wordings"

/* The recipe without one of its ingredients, by one of those words; its name becomes "quick-without-muon", on the arena,
 * unless nothing changes. Without muon, the filters are moved by AdamW as the heads are; without alternating, a picture
 * is mirrored or not by chance in every epoch; without decay, the learning rates stay as they are. */
void recipe_leave_out(Recipe *recipe, Arena *arena, const char *ingredient);

/* What is measured in an epoch, averaged over its batches; accuracies of the test set are measured after it. */
typedef struct {
    int epoch;          /* 1, 2, ... */
    double loss, floor; /* the CLIP loss of the pairs, and the least it could be (clip_loss_floor_of) */
    double image_to_text, text_to_image; /* shares of pictures (texts) whose nearest text (picture) is of their class */
    double logit_scale;                  /* e^t at the end */
    double positive, negative;           /* mean cosine of a pair; of a picture and the nearest text of another class */
    double test;                         /* zero-shot accuracy on the test pictures */
    double test_tta;                     /* the same with the recipe's views, after the last epoch; else NaN */
    double rate, seconds;                /* training pictures per second; seconds of training since the start */
} EpochRow;

typedef struct {
    Recipe recipe;
    uint64_t seed;
    const Cifar *train, *test;
    const char *checkpoint; /* path; NULL: none is written */
    const char *log;        /* path of the CSV; NULL: none */
    bool resume;            /* go on from the checkpoint, which must be of this very run */
    bool keep_other;        /* with resume: a checkpoint of another run is kept aside instead of refused */
    Profile *profile;       /* where the time of the batches goes, added up; NULL: is not asked */
    void (*after_epoch)(void *context, const EpochRow *row); /* NULL: nothing is called */
    void *context;
} TrainRun;

/* A checkpoint of another run under the same name is renamed to NAME.previous.safetensors before anything is written.
 *
 * Trains `clip` (made here: free it with clip_free) to the last epoch. False with one line when a file cannot be read
 * or written, when the checkpoint is of another run, when the loss or a gradient is not finite (naming the first operation
 * that made it so; nothing is updated and the last checkpoint stays), or after train_interrupt. */
bool train_run(TrainRun *run, Clip *clip, Err *err);

/* Asks a running training, or the next one, to stop after the batch it is at: for a signal handler. */
void train_interrupt(void);

/* The row of the log, and its heading: CSV without end of line. */
const char *train_log_heading(void);
void train_log_row(const EpochRow *row, char *text, size_t size);

/* Reads back the rows of a log, at most `most`, and returns how many there were: 0 where there is no such file or it is
 * no log; -1 with one line where there is one that cannot be read. Reading ends at the first line that is no row. */
int train_log_read(const char *path, EpochRow *rows, int max, Err *err);

#endif
