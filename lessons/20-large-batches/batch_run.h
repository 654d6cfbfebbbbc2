/* batch_run: trainings that differ in the size of the batch, the loss and what is rounded, and the table of their
 * results as CSV. A table that was interrupted continues where it stopped. */
#ifndef BATCH_RUN_H
#define BATCH_RUN_H

#include "training/pair_batch.h"

#define BATCH_TABLE "plots/data/20-large-batches.csv" /* ours: three seeds, generated shapes */
enum { BATCH_SEEDS = 3, BATCH_SIZES = 6, BATCH_TRAIN = 20000, BATCH_TEST = 4000 };

typedef enum {
    LOSS_SOFTMAX, /* clip_loss; pairs with equal captions match (clip_targets) */
    LOSS_SIGMOID, /* clip_loss_sigmoid with the first scale and bias of the paper; equal captions match */
    LOSS_KINDS
} LossKind;

typedef enum {
    ROUND_NOTHING,
    ROUND_PRODUCTS, /* operands of all products of the towers to BF16; sums, loss, weights and optimiser in float */
    ROUND_LOSS,     /* and the logits, before the softmax */
    ROUND_WEIGHTS,  /* as ROUND_PRODUCTS, and the weights and the scale after every step of the optimiser */
    ROUND_KINDS
} RoundKind;

typedef struct {
    bool photographs;  /* CIFAR-10, else generated shapes */
    const char *image; /* "small", or "vit" with two blocks */
    int batch;
    LossKind loss;
    RoundKind rounded;
    int pictures; /* seen in all: pictures / batch steps */
    int seed;
} BatchRun;

/* What is measured: test pictures that are classified right from text, of `tested`; the mean loss of the last tenth. */
typedef struct {
    BatchRun run;
    double loss;
    int right, tested;
} BatchRow;

typedef struct {
    BatchRow *row;
    int count, room;
    Arena *arena;
} BatchTable;

/* The sets that all runs use. */
typedef struct {
    Cifar train, test;
} BatchData;

const char *loss_name(LossKind kind);     /* "softmax", "sigmoid" */
const char *rounded_name(RoundKind kind); /* "nothing", "products", "loss", "weights" */
int batch_size(int i);                    /* 64, 128, ... 2048 for i = 0 .. BATCH_SIZES - 1 */

/* Trains with AdamW; the learning rate grows with the square root of the batch (Malladi et al. 2022, arXiv:2205.10287,
 * the rule for Adam), rises over a tenth of the steps and falls along a cosine.
 * losses [pictures / batch], or NULL: the loss of every step. lost, or NULL: the fraction of the updates of the
 * middle step that would change nothing if the weights were kept in BF16.
 * after_step may be NULL. False with one line if a loss is not finite. */
typedef struct {
    const BatchData *data;
    double *losses, *lost;
    void (*after_step)(void *context, int batch);
    void *context;
} BatchWatch;
bool batch_train(const BatchRun *run, const BatchWatch *watch, BatchRow *row, Err *err);

/* ---- the table --------------------------------------------------------------------------------------------------- */

bool batch_same(const BatchRun *a, const BatchRun *b);
const BatchRow *batch_find(const BatchTable *table, const BatchRun *run); /* or NULL */
/* False with one line, which names file and line, for anything that is not a row, or a run that occurs twice. */
bool batch_table_read(BatchTable *table, Arena *arena, const char *path, Err *err);
bool batch_table_write(const BatchTable *table, const char *path, Err *err);
/* Trains each run that is not in the table, and writes the table to `path` after each. Progress on stderr. */
bool batch_table_fill(BatchTable *table, const BatchRun *runs, int count, const BatchData *data, const char *path,
                      Err *err);

/* Mean, least and largest accuracy of the seeds of a run that are in the table (run.seed is ignored). */
typedef struct {
    int seeds;
    double mean, low, high, loss; /* fractions; nats, the mean */
} BatchSummary;
BatchSummary batch_summary(const BatchTable *table, BatchRun run);

/* The runs of one seed: all sizes with all losses. On the arena. */
BatchRun *batch_sizes_plan(Arena *arena, bool photographs, int pictures, int seed, int *count);
/* The runs of one seed: all kinds of rounding. */
BatchRun *batch_rounding_plan(Arena *arena, bool photographs, int pictures, int batch, int seed, int *count);
/* A run that takes less than a second; the tests train it again. */
BatchRun batch_quick_run(void);

#endif
