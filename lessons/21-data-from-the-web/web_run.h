/* web_run: the trainings of lesson 21 and what is measured in each, as cells of a table (cell_table.h). A cell that is
 * in the table is not measured again. */
#ifndef WEB_RUN_H
#define WEB_RUN_H

#include "bias.h"
#include "evaluate/cell_table.h"
#include "show/progress.h"

#define WEB_TABLE "plots/data/21-data-from-the-web.csv" /* ours: three seeds, generated shapes */

enum { WEB_SEEDS = 3, WEB_TRAIN = 20000, WEB_TEST = 4000 };
enum { WEB_SEEN = 25600, WEB_FLIP_SEEN = 40960, WEB_FLIP_BATCH = 64, WEB_FLIP_PATCH = 8, WEB_EACH = 200 };

/* Everything that the cells depend on, beside their names. */
typedef struct {
    Cifar train, test;
    int pictures, flip_pictures; /* seen by each model; by each vision transformer */
    int flip_patch;              /* section 3: pixels of a patch's side */
    int scenes, each;            /* section 4: training scenes; test scenes of each group */
} WebData;

typedef struct {
    const WebData *data;
    CellTable *table;
    int seed;
    Progress progress;
} Bench;

/* The cell of this name with the bench's seed; stops if it was not measured. */
const Cell *bench_cell(const Bench *bench, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- 1. Captions of others --------------------------------------------------------------------------------------- */

/* "noise 0.2 all: accuracy"; with "clean" for "all": the wrong pairs were taken out first. "noise 0.4 x4: accuracy":
 * trained on all pairs, for four times as many pictures (noises[NOISE_LONGER]).
 * Section 5, for noise_curve[]: "noise 0.6 step 16: alignment", "... uniformity of pictures",
 * "... uniformity of texts", "... gap", "... scale" (e^t), of the first test pictures with right captions. */
enum { NOISES = 5, NOISE_LONGER = 2, LONGER = 2, CURVES = 2, CURVE_STEPS = 12, CURVE_PICTURES = 500 };
extern const double noises[NOISES];    /* 0, 0.2, ... 0.8 */
extern const int noise_longer[LONGER]; /* 2, 4 times as many pictures */
extern const int noise_curve[CURVES];  /* the noises whose training is followed */
/* The steps that are looked at: 0, 1, 2, 4 ... and the last. Returns how many, at most CURVE_STEPS. */
int curve_steps(const WebData *data, int steps[CURVE_STEPS]);
void noise_measure(Bench *bench);

/* "quick: accuracy" after QUICK_SEEN pictures, with half of the captions replaced: the tests measure it again. */
enum { QUICK_SEEN = 6400 };
void quick_measure(Bench *bench);

/* ---- 2. CLIP as its own filter ----------------------------------------------------------------------------------- */

/* With captions of which FILTER_NOISE are replaced; "filter all" is the model that scores the pairs.
 *   "filter all: accuracy", "filter clean: accuracy" (a perfect filter), "filter random: accuracy" (half of the pairs)
 *   "filter best 0.50: accuracy", "... clean kept" (of the clean pairs), "... clean share" (of the kept pairs),
 *   "... class least", "... class most" (the classes whose clean pairs are kept least and most often)
 *   "filter: AUC", "filter: AUC unseen" (of pairs of the test set, made wrong in the same way), "filter: clean share"
 *   "filter: right 3", "filter: wrong 3": fraction of the right and of the wrong pairs in bin 3 of the cosine */
#define FILTER_NOISE 0.5
enum { FILTER_SHARES = 3, FILTER_BINS = 100 };
extern const double filter_shares[FILTER_SHARES]; /* 0.25, 0.5, 0.75 */
void filter_measure(Bench *bench);

/* ---- 3. Patches left out ----------------------------------------------------------------------------------------- */

/* "flip 0.50 pictures: accuracy": at equal pictures seen; "flip 0.50 cost: accuracy": at the FLOP of "flip 0.00".
 * "flip 0.50: FLOP" of one pair in a step; "flip 0.50 cost: pictures" seen. */
enum { FLIPS = 3 };
extern const double flips[FLIPS]; /* 0, 0.5, 0.75 */
void flip_measure(Bench *bench);
/* "flip 0.50 minutes: accuracy": as long as the training of "flip 0.00" on a computer that sees so many pairs a second;
 * "flip 0.50 minutes: pictures" seen. */
void flip_minutes_measure(Bench *bench, const double speed[FLIPS]);
/* The training of that fraction left out. */
WebTraining flip_training(const Bench *bench, Arena *arena, double drop, int pictures);

/* ---- 4. Colour follows shape ------------------------------------------------------------------------------------- */

typedef enum { BIAS_SHORT, BIAS_SHORT_BALANCED, BIAS_LONG, BIAS_LONG_BALANCED, BIAS_FREE, BIAS_KINDS } BiasKind;
/* "short captions", "short captions, balanced", ...; BIAS_FREE: short captions of pictures with independent colours. */
const char *bias_name(BiasKind kind);
bool bias_explicit(BiasKind kind);
/* "bias KIND: circle red": right in that group; "bias KIND: by colour" (bias_score). For kinds with explicit captions
 * both again as "bias KIND asked long: ...". */
void bias_measure(Bench *bench);

#endif
