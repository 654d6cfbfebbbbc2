/* steps: trains a CLIP, or another network, for a number of steps on batches that the caller makes: generated scenes,
 * pictures of one's own.
 *
 * Filters are moved by Muon, everything else by AdamW, the logit scale with a higher learning rate; the learning rate
 * rises over the first twentieth of the steps and falls along a cosine; the norm of all gradients is clipped to 1. The
 * same losses give the same weights, for any number of threads. */
#ifndef STEPS_H
#define STEPS_H

#include "model/clip.h"
#include "training/optim.h"

typedef struct {
    const char *name; /* of the model, for messages */
    int steps;
    double lr_factor; /* multiplier of the peak learning rates; 0 means 1 */
    /* The loss of batch `step` (0, 1, ...) on the tape, one number. */
    Var (*loss)(void *context, Tape *t, int step);
    /* After each step: how many are done, and the loss; NULL: not called. */
    void (*after_step)(void *context, int done, double loss);
    void *context;
} StepsRun;

/* Trains. *last_loss is the mean over the last tenth of the steps. False with one line, before the update, if a loss or
 * a gradient is not finite; the line names the step and the first operation that produced it. Wants steps >= 1. */
bool steps_train(Clip *clip, const StepsRun *run, double *last_loss, Err *err);
/* The same for a network that is no CLIP. */
bool steps_train_params(Params *params, const StepsRun *run, double *last_loss, Err *err);

#endif
