/* Sound model: a third tower, which gives a sound a vector in the space that a scene model (scenes/scene_model.h) has
 * already made for pictures and captions. Both towers of the scene model stay as they are; only the sound tower learns.
 * ImageBind (Girdhar et al. 2023, arXiv:2305.05665, section 3.2, eq. 1) trains audio in this way against pictures.
 *
 *   tower   log-mel picture [B,64,40,1]; conv 1-w0, w0-w1, w1-w2, each 3x3 stride 2 with batch norm and ReLU, which
 *           gives [B,8,5,w2]; linear of all positions to E; unit length
 *   anchor  the unit vectors of the scenes' pictures, or of captions of them, by the frozen scene model
 *   loss    clip_loss_hard_negatives of e^t S A^T, S sounds, A anchors: the symmetric contrastive loss, without the
 *           pairs of different scenes with the same objects, which sound alike
 *
 * Training scenes have only the combinations that the scene model has seen. Half of them have one to five equal objects
 * ("three red circles"), half two different objects ("a red circle and a blue square"). The same config and scene model
 * give the same bits, for any number of threads. */
#ifndef SOUND_MODEL_H
#define SOUND_MODEL_H

#include "scenes/scene_model.h"
#include "sound/synthesiser.h"

enum { SOUND_STEPS = 400, SOUND_BATCH = 128, SOUND_LAYERS = 3 };

typedef enum { ANCHOR_PICTURE, ANCHOR_TEXT, ANCHORS } SoundAnchor;
const char *sound_anchor_name(SoundAnchor anchor); /* "pictures", "texts" */

/* Everything that the weights depend on, beside the scene model. Defaults, for 0, in brackets. */
typedef struct {
    SoundAnchor anchor;
    int widths[SOUND_LAYERS]; /* (16, 32, 32) */
    int steps, batch;         /* (SOUND_STEPS, SOUND_BATCH) */
    bool no_breath;           /* sounds without the part of the timbre that does not move with the pitch */
    int seed;
} SoundModelConfig;
SoundModelConfig sound_model_config(SoundModelConfig config); /* with defaults filled in */

/* Do not copy or move: the parameters point into it. */
typedef struct {
    SoundModelConfig config;
    Clip clip; /* parameters and logit scale; it has no towers: steps_train wants a Clip */
    Conv conv[SOUND_LAYERS];
    BatchNorm norm[SOUND_LAYERS];
    Linear fc;
    double loss; /* mean over the last tenth of the steps */
} SoundModel;

/* A model with random weights for vectors of E numbers. Free with sound_model_free. */
void sound_model_init(SoundModel *model, const SoundModelConfig *config, int E);
void sound_model_free(SoundModel *model);

/* Unit vectors [B,E] of log-mel pictures [B,64,40,1]. */
Var sound_tower(Tape *t, SoundModel *model, Var pictures);

/* ---- scenes and their sounds ------------------------------------------------------------------------------------- */

/* A scene and the seed of its sound. */
typedef struct {
    Scene scene;
    uint64_t sound;
    bool no_breath;
} SoundExample;
/* Training example number i of an endless sequence: a function of the config, the split and i. */
SoundExample sound_model_example(const SoundModelConfig *config, const Split *split, uint64_t i);

/* What is heard of a scene of one or two types of objects: "three red circles", "a red circle and a blue square", "two
 * red circles and three blue squares". Stops for more types. */
Caption sound_caption(const Scene *scene);
/* Whether two scenes have the same objects, wherever these are: they sound alike. */
bool sound_same(const Scene *a, const Scene *b);

/* ---- training and vectors ---------------------------------------------------------------------------------------- */

/* Trains with progress on stderr. False with one line if a loss or a gradient is not finite. */
bool sound_model_train(SoundModel *model, SceneModel *scenes, Err *err);

/* The sounds of n examples, samples [n,SOUND_SAMPLES]; their unit vectors [n,E]; of any samples. On the arena. */
Mat sound_samples(Arena *arena, const SoundExample *example, int n);
Mat sound_features(SoundModel *model, Arena *arena, Mat samples);

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* The two models that come with the toolkit, seed 1 with all defaults: "data/pretrained/sound-pictures.safetensors".
 * Others: "data/models/sound-pictures-16-32-32-seed2-400x128.safetensors". On the arena. */
char *sound_model_path(Arena *arena, const SoundModelConfig *config);

/* A line for the metadata of a file. */
typedef struct {
    const char *key, *value;
} SoundNote;
/* Weights as F16, with everything that they depend on, and `count` notes. */
bool sound_model_save(const SoundModel *model, const SceneModel *scenes, const char *path, const SoundNote *notes,
                      int count, Err *err);
/* False with one line if the file cannot be read, holds another model or numbers that are not finite. */
bool sound_model_load(SoundModel *model, const SoundModelConfig *config, const SceneModel *scenes, const char *path,
                      Err *err);
/* Loads the model from sound_model_path, or trains it, saves it there and loads it: the weights are those of the file,
 * rounded to F16, either way. `notes` are for a file that is made. */
bool sound_model_load_or_train(SoundModel *model, const SoundModelConfig *config, SceneModel *scenes,
                               const SoundNote *notes, int count, Err *err);

#endif
