/* web_train: a small CLIP trained on pictures whose captions need not be right; captions of other pictures, filters,
 * patches left out. */
#ifndef WEB_TRAIN_H
#define WEB_TRAIN_H

#include "training/pair_batch.h"

enum { WEB_BATCH = 128 };

/* What a model is trained on, and how. */
typedef struct {
    const Cifar *set;
    const char *const *texts; /* [count] */
    int count;
    const uint8_t *text_of; /* [set->n]: the text of each picture */
    const int *chosen; /* [chosen_count]: the pictures that are used; one that stands twice is used twice as often */
    int chosen_count;
    ImageTowerSize tower;
    double drop;      /* "vit": fraction of the patches left out (image_tower_drop) */
    double lr_factor; /* multiplier of the learning rates of steps.h; 0 means 1 */
    int pictures;     /* seen in all: pictures / batch steps, at least one */
    int batch;        /* 0: WEB_BATCH; at most `pictures` are in one */
    int seed;
} WebTraining;

/* Called before the first step and after each: how many steps are done, and how many pictures the last one had. */
typedef struct {
    void (*at_step)(void *context, Clip *clip, int done, int pictures);
    void *context;
} WebWatch;

int web_batch(const WebTraining *run);
int web_steps(const WebTraining *run);
/* Trains a new model (steps.h); free it with clip_free. The same run gives the same bits. watch may be NULL. Ends the
 * program with one line if a loss is not finite. */
void web_train(Clip *clip, const WebTraining *run, const WebWatch *watch);
/* FLOP of one pair in a step, forward and backward, counted on the tape (flop.h). */
double web_flop(const WebTraining *run);

/* ---- captions ---------------------------------------------------------------------------------------------------- */

/* The labels, but round(noise n) of the pictures exchange theirs in a random circle. Some get their own caption back
 * from a picture of the same class. [n], on the arena. */
uint8_t *web_captions(Arena *arena, const Cifar *set, double noise, int seed);

/* Numbers of pictures, on the arena. */
typedef struct {
    int *index, count;
} Chosen;
Chosen chosen_all(Arena *arena, int n);
Chosen chosen_right(Arena *arena, const Cifar *set, const uint8_t *captions); /* a perfect filter */
Chosen chosen_random(Arena *arena, int n, int count, int seed);
/* The `count` pictures with the largest score, of equal scores the lower number. score [n], without NaN. */
Chosen chosen_best(Arena *arena, const num *score, int n, int count);
/* How many of them have their own caption. */
int chosen_clean(Chosen chosen, const Cifar *set, const uint8_t *captions);

/* The cosine of each picture with its caption, [n], on the arena. */
num *web_scores(Clip *clip, Arena *arena, const Cifar *set, const uint8_t *captions);

#endif
