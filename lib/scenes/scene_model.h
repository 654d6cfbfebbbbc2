/* Scene model: a small CLIP trained on endless scenes (scene.h) and true captions of them (caption.h). It sees only the
 * combinations of a split; the held-out ones measure compositional generalisation.
 *
 *   SceneModelConfig config = { .text = "lstm", .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = 1 };
 *   SceneModel model;
 *   if (!scene_model_load_or_train(&model, &config, NULL, &err)) die("%s", err.text);
 *   PairScore score = scene_model_pair_score(&model, &pairs);
 *   scene_model_free(&model);
 *
 * The loss. Row i of the logits l is scene i of a batch of B. Column n < B is the caption of scene n; columns n >= B
 * are hard negatives of a training stage. A caption is often true of other scenes too ("a red circle"); the evaluator
 * finds these pairs, and they are excluded from both softmaxes:
 *   L = 1/2 mean_i -log( e^l_ii / sum over n = i and all n false of i:  e^l_in )                image -> text
 *     + 1/2 mean_i -log( e^l_ii / sum over k = i and all k < B of which i is false:  e^l_ki )   text -> image
 *
 * The same config gives the same bits, for any number of threads. */
#ifndef SCENE_MODEL_H
#define SCENE_MODEL_H

#include "model/clip.h"
#include "scenes/minimal_pairs.h"

#define SCENE_MODEL_TEXTS "bow|lstm|transformer" /* text towers, for tables of options */

enum { SCENE_MODEL_STEPS = 1500, SCENE_MODEL_BATCH = 128 };

/* Everything that the weights depend on. Defaults, for 0 or NULL, in brackets. */
typedef struct {
    const char *text;        /* text tower ("transformer") */
    const char *interaction; /* "vector": as in CLIP; "late": late_interaction.h, "transformer" only ("vector") */
    SplitKind split;         /* combinations seen: split_make(split, coverage, seed), or seed + 1000 k for the first k
                                with two objects that can swap colours within the seen combinations */
    double coverage;         /* of the split, to three decimals (1) */
    int objects;             /* of a scene (2). About every seventh scene has 1 to SCENE_MAX equal objects instead, for
                                counting; in the first 15 % of the steps the others have one object */
    int palette; /* scenes of one batch use about so many combinations, other ones in each batch, so that more captions
                    of the batch differ in binding or relation alone. 0: all seen. Needs SPLIT_ALL or SPLIT_PAIRS */
    int seed;
    int steps; /* (SCENE_MODEL_STEPS) */
} SceneModelConfig;

/* A second training stage, which starts from the weights of the first. */
typedef struct {
    const char *name; /* part of the file's name */
    int steps;
    double lr_factor; /* multiplier of the peak learning rates; 0 means 1 */
    unsigned edits;   /* edits that make hard negatives, bits 1 << EDIT_...; 0: no hard negatives */
    int negatives;    /* hard negatives per scene */
} TrainingStage;

/* e^t times the similarities [B,n] of pixels [B,side,side,3] and captions ids [n,T]. */
typedef Var SceneModelLogits(Tape *t, Clip *clip, Mat pixels, const int *ids, int n);
/* Do not copy or move: the parameters point into it. */
typedef struct {
    SceneModelConfig config; /* with defaults filled in */
    Split split;
    Clip clip; /* both towers; the parameters of the interaction are among its parameters */
    SceneModelLogits *logits;
    double loss; /* mean over the last tenth of the steps */
} SceneModel;

/* The config with defaults filled in; and as text: "transformer, 50.0 % of pairs, 2 objects, seed 1, ...". */
SceneModelConfig scene_model_config(SceneModelConfig config);
char *scene_model_text(Arena *arena, const SceneModelConfig *config);

/* The first stages of lessons 16 to 18 come with the toolkit: seed 1, SCENE_MODEL_STEPS, two objects, no palette. The
 * path of such a model, on the arena, whether there is a file or not; NULL for any other config. */
char *scene_model_shipped(Arena *arena, const SceneModelConfig *config);

/* Loads the model of this config (and stage) from models_folder(), else from scene_model_shipped; else trains it, with
 * a line and progress on stderr, and saves it in models_folder(). stage2 NULL: the first stage only. A saved first
 * stage is not trained again. False with one line if the config is impossible, or a file cannot be read or written or
 * holds another model. */
bool scene_model_load_or_train(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2,
                               Err *err);
void scene_model_free(SceneModel *model);

/* ---- its parts --------------------------------------------------------------------------------------------------- */

/* A model with random weights. */
bool scene_model_init(SceneModel *model, const SceneModelConfig *config, Err *err);
/* Trains one stage (NULL: the first). False, before the update, if a loss or a gradient is not finite; the line names
 * the first operation that produced it. */
bool scene_model_train(SceneModel *model, const TrainingStage *stage, Err *err);

/* The path of its file, on the arena: the name contains the config, and the second stage with its steps. */
char *scene_model_path(Arena *arena, const SceneModelConfig *config, const TrainingStage *stage2);
bool scene_model_save(const SceneModel *model, const TrainingStage *stage2, const char *path, Err *err);
bool scene_model_load(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2, const char *path,
                      Err *err);

/* A scene, and a caption that is true of it. */
typedef struct {
    Scene scene;
    Caption caption;
} SceneExample;

/* Training example i of a stage (NULL: the first). Its hard negatives go into negatives[stage->negatives]; their .kind
 * is CAPTION_KINDS where none was found. All second stages have the same scenes and the same true captions. */
SceneExample scene_model_example(const SceneModel *model, const TrainingStage *stage, uint64_t i, Caption *negatives);

/* ---- similarities ------------------------------------------------------------------------------------------------ */

/* Unit vectors [n,E] of n scenes, on the arena. Wants the interaction "vector". (Captions: clip_text_features.) */
Mat scene_model_image_features(SceneModel *model, Arena *arena, const Scene *const *scenes, int n);
/* Similarities [n,m] of n scenes and m captions, on the arena. */
Mat scene_model_similarities(SceneModel *model, Arena *arena, const Scene *const *scenes, int n,
                             const char *const *captions, int m);
PairScore scene_model_pair_score(SceneModel *model, const MinimalPairs *pairs);

#endif
