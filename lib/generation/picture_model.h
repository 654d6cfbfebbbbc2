/* Picture model: a U-Net (unet.h) that draws scenes (scene.h) from captions (caption.h), by diffusion (diffusion.h).
 *
 * The world: an even grey ground; one object, two or three equal ones, or two different ones. All are large and
 * upright, each in the middle of one of 3 x 3 cells, ten pixels apart. A caption
 * tells the whole scene: what it names is there, and nothing else ("a red circle", "two green stars", "a red circle and
 * a blue square", "a red circle left of a blue square").
 *
 * Three kinds of conditions reach the same network, one for each training example, or none (10 %):
 *   vector   the unit vector of the scene CLIP with a transformer (scene_model.h), as in DALL-E 2 and unCLIP
 *   tokens   the states of the words in the same text tower, by cross-attention, as in Stable Diffusion
 *   bag      the unit vector of the scene CLIP whose text tower is a bag of words
 * So the same weights remove the noise whatever tells them what to draw.
 *
 * Numbers of the network: pixels / PICTURE_UNIT, so that their mean square is about 1. */
#ifndef PICTURE_MODEL_H
#define PICTURE_MODEL_H

#include "generation/diffusion.h"
#include "generation/unet.h"
#include "scenes/scene_model.h"

#define PICTURE_UNIT  0.36 /* root mean square of scene_pixels in this world */
#define PICTURE_SHIFT 4.0  /* of the noise schedule */
#define WHITE_FLOOR   2e-3 /* added to variances; text vectors have mean square 1 */

enum { PICTURE_NUMBERS = SCENE_SIDE * SCENE_SIDE * 3, PICTURE_MAX_COUNT = 3 };

typedef enum { CONDITION_VECTOR, CONDITION_TOKENS, CONDITION_BAG, CONDITION_NONE, CONDITION_KINDS } ConditionKind;
const char *condition_kind_name(ConditionKind kind); /* "vector", "tokens", "bag", "none" */

/* Everything that the weights depend on. Defaults for 0 in brackets. */
typedef struct {
    int seed, steps, batch; /* (PICTURE_STEPS, PICTURE_BATCH) */
    double coverage;        /* colours and shapes seen together: split_make(SPLIT_PAIRS, ..) (0.75) */
    UNetSize size;          /* (32, 96, 8, 128, 4, 64) */
    int fitted;             /* captions that the whitening is fitted to (2000) */
} PictureModelConfig;
enum { PICTURE_STEPS = 60000, PICTURE_BATCH = 32 };

/* Do not copy or move. */
typedef struct {
    PictureModelConfig config;
    Split split;
    SceneModel clip, bag; /* the text towers, frozen; clip also judges pictures */
    UNet net;
    Param *mean[CONDITION_NONE], *matrix[CONDITION_NONE]; /* [E] and [E,E], frozen: picture_condition_fit */
    double loss;                                          /* mean over the last tenth of the steps */
} PictureModel;

/* Random weights, and the two shipped CLIPs. False with one line if these cannot be read. */
bool picture_model_init(PictureModel *model, PictureModelConfig config, Err *err);
void picture_model_free(PictureModel *model);

/* Training example i: a scene of the seen part of the split, a caption of all of it, the condition that it trains. */
typedef struct {
    Scene scene;
    Caption caption;
    ConditionKind kind;
} PictureExample;
/* A function of i and of the model's seed and split alone; any i. */
PictureExample picture_example(const PictureModel *model, uint64_t i);

/* A random scene of this world with a caption of this kind (OBJECT, COUNT, PAIR or RELATION); all combinations are in
 * that part of the split. */
PictureExample picture_draw(const Split *split, SplitPart part, CaptionKind kind, Rng *rng);

/* Whether the caption is of this world: no sizes, no "thing", no denial, one to three objects. False with one line that
 * names what is not, and an example. */
bool picture_caption_check(const Caption *caption, Err *err);

/* Text vectors differ little in what tells who is where (lesson 17), and much in which colours and shapes there are. So
 * that the network sees both, each kind of vector is whitened: y = matrix (x - mean), of which most numbers have
 * variance 1 and no two are correlated. Fits mean and matrix to the captions of the first training examples:
 *   covariance = sum_j l_j u_j u_j^T          row j of the matrix = u_j / sqrt(l_j + WHITE_FLOOR)
 * rounded to F16, as in the file. picture_model_train calls it. */
void picture_condition_fit(PictureModel *model);

/* The conditions of B texts, each of its kind, on the arena. */
UNetCondition picture_condition(PictureModel *model, Arena *arena, const char *const *texts, const ConditionKind *kinds,
                                int B);

/* The loss of B examples from number `first` on: mean of (v - network)^2. */
Var picture_loss(PictureModel *model, Tape *tape, uint64_t first, int B);

/* Trains with AdamW and Muon. A run that was interrupted continues from `checkpoint` (written every minute; NULL: none)
 * with the same weights in the end. The network then holds the exponential moving average of its weights. False with
 * one line if a loss is not finite or the file cannot be written. */
bool picture_model_train(PictureModel *model, const char *checkpoint, Err *err);

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Everything that determines the weights, as one line. */
char *picture_model_text(Arena *arena, const PictureModelConfig *config);
/* Where a trained model is kept, and its checkpoint: models_folder()/picture-unet-seed1-60000.safetensors and .part. */
char *picture_model_path(Arena *arena, const PictureModelConfig *config);
char *picture_model_checkpoint(Arena *arena, const PictureModelConfig *config);
/* The model that comes with the toolkit, seed 1. */
char *picture_model_shipped(Arena *arena);

/* Writes the weights as F16, with the loss and further strings of metadata, up to a NULL key. */
bool picture_model_save(const PictureModel *model, const char *path, const MetaPair *notes, Err *err);
/* Reads the weights of a model of the same config. False with one line. */
bool picture_model_load(PictureModel *model, const char *path, Err *err);

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

typedef struct {
    ConditionKind kind;
    double guidance; /* guided(), diffusion.h; 1: one pass of the network instead of two */
    int steps;
    double eta;
    uint64_t seed; /* sample b draws from rng_seed(seed, first + b) */
    int first;
    void (*after_step)(void *context, int done, const num *x, const num *clean); /* diffusion.h; NULL: none */
    void *context;
} PictureSampling;
/* pixels [B,32,32,3] as scene_pixels gives them, on the arena: a picture for each text. */
Mat picture_sample(PictureModel *model, Arena *arena, const char *const *texts, int B, const PictureSampling *how);
/* Pixels of the network's numbers [16,16,12], and as bytes. */
void picture_pixels(const num *folded, num *pixels);
void picture_bytes(const num *pixels, uint8_t *rgb);

#endif
