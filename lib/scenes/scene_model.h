/* learner: a small CLIP that learns from endless scenes (scene.h) and true captions of them (caption.h), and is shown
 * only the combinations of a split: of what it was never shown it can only know by putting together what it was.
 *
 *   SceneModelConfig settings = { .text = "lstm", .split = SPLIT_PAIRS, .coverage = 0.5, .objects = 2, .seed = 1 };
 *   SceneModel learner;
 *   if (!scene_model_get(&learner, &settings, NULL, &err)) die("%s", err.text);
 *   PairScore tally = scene_model_pairs(&learner, &quads);
 *   scene_model_free(&learner);
 *
 * What it minimises. Row i of the logits is scene i of a batch, column n a caption; column i < B is scene i's own,
 * columns beyond are wrong captions of a course that gives some. In a small world a caption is often true of other
 * scenes, too ("a red circle"); it would be a lie to count those as wrong. The evaluator says which they are, and they
 * are left out:
 *   L = 1/2 mean_i -log( e^l_ii / sum over n not true of i, and i,  e^l_in )        pictures choose captions
 *     + 1/2 mean_i -log( e^l_ii / sum over the scenes k < B that caption i is not true of, and i,  e^l_ki )
 * They are not counted as right either (that would be more than the web tells CLIP): they are as if not there.
 *
 * The same settings give the same bits, for any number of threads.
 */
#ifndef SCENE_MODEL_H
#define SCENE_MODEL_H

#include "model/clip.h"
#include "training/optim.h"
#include "scenes/minimal_pairs.h"

/* For options tables. */
#define SCENE_MODEL_TEXTS "bow|lstm|transformer"

enum { SCENE_MODEL_SIDE = 32 }; /* pixels of a picture's side */

/* Everything a learner depends on. 0 means what is said in brackets. */
typedef struct {
    const char *text; /* the text tower */
    const char
        *interaction; /* how pictures and captions meet: NULL or "vector", the cosine of two vectors, as in CLIP; or
                            "late": every word looks at every place (reading.h; text "transformer" alone) */
    SplitKind split;  /* which combinations it is shown: those seen in split_make(split, coverage, seed), or seed +
                            1000 k, the first k for which two things can change colours and still be seen ones */
    double coverage;  /* of them, to three places (1) */
    int objects;      /* in a scene (2). But every seventh scene has 1 to SCENE_MAX like ones, for counting; and in
                            the first seventh of the steps the others have one */
    int palette;      /* the scenes of one batch are drawn from so many combinations or a few more, each batch from
                            others, so that many of its captions are rivals: they differ in who is what, or who is
                            where. 0: from all that are seen. With the splits SPLIT_ALL and SPLIT_PAIRS */
    int seed;
    int steps; /* (SCENE_MODEL_STEPS) */
} SceneModelConfig;

enum { SCENE_MODEL_STEPS = 1500, SCENE_MODEL_BATCH = 128 };

/* A second course, from the weights the first one left. */
typedef struct {
    const char *name; /* part of the file's name */
    int steps;
    double lr_factor; /* its largest learning rates, as a share of the first course's; 0: 1 */
    unsigned edits;   /* wrong captions come from these edits (caption.h), 1 << EDIT_...; 0: none are given, */
    int negatives;    /* so many for each scene */
} TrainingStage;

typedef struct SceneModel SceneModel;

/* e^t times similarities, [B,n], of pictures [B,side,side,3] and captions ids [n,T]. */
typedef Var SceneModelLogits(Tape *t, SceneModel *model, Mat pixels, const int *ids, int n);

/* Stays where it was made: its parameters know the address. */
struct SceneModel {
    SceneModelConfig config; /* with what was 0 filled in */
    Split split;
    Clip clip; /* both towers; what a reading adds to them is among its parameters */
    SceneModelLogits *logits;
    double loss; /* mean over the last tenth of its steps */
};

/* The settings with what is 0 filled in; and in words: "transformer, 50 % of pairs, 2 objects, seed 1, 600 steps". */
SceneModelConfig scene_model_config(SceneModelConfig config);
char *scene_model_text(Arena *arena, const SceneModelConfig *config);

/* scene_model_get: the learner kept in lesson_models() under its settings (and course), or a new one: it learns now, with
 * progress on stderr, and is kept, whole or not at all. `more` is a second course, NULL: none. Its first course is not
 * learnt again when that learner was kept.
 * False with one line when settings are not possible, a file cannot be read or written, or is another's. */
bool scene_model_load_or_train(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2,
                               Err *err);
void scene_model_free(SceneModel *model);

/* ---- the parts of that ------------------------------------------------------------------------------------------ */

/* With random first weights. */
bool scene_model_init(SceneModel *model, const SceneModelConfig *config, Err *err);

/* Learns; `course` NULL: the first course. False, before the update, when a loss or a gradient is not finite; the line
 * names the first operation that made it so. */
bool scene_model_train(SceneModel *model, const TrainingStage *stage, Err *err);

/* Where it is kept, on the arena: the name of the file says all the settings, and the second course with its steps. */
char *scene_model_path(Arena *arena, const SceneModelConfig *config, const TrainingStage *stage2);
bool scene_model_save(const SceneModel *model, const TrainingStage *stage2, const char *path, Err *err);
bool scene_model_load(SceneModel *model, const SceneModelConfig *config, const TrainingStage *stage2, const char *path,
                      Err *err);

/* A scene, and a caption that is true of it. */
typedef struct {
    Scene scene;
    Caption caption;
} SceneExample;

/* The i-th pair of a course (NULL: the first), what scene_model_train is shown: a scene, a caption that is true of it, and
 * course->wrong that are not, into wrong[] (.kind is CAPTION_KINDS where none was found). All second courses have the
 * same scenes and the same true captions. */
SceneExample scene_model_example(const SceneModel *model, const TrainingStage *stage, uint64_t i, Caption *negatives);

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* What the towers see of a scene: [side,side,3], (byte / 255 - 0.48) / 0.25. */
void scene_model_pixels(const Scene *scene, num *pixels);

/* Unit vectors of n scenes [n,E]; on the arena. Captions: clip_text_features. Wants the reading "vector". */
Mat scene_model_image_features(SceneModel *model, Arena *arena, const Scene *const *scenes, int n);

/* Similarities [n,m] of n scenes and m captions, by whatever reading; on the arena. */
Mat scene_model_similarities(SceneModel *model, Arena *arena, const Scene *const *scenes, int n,
                             const char *const *captions, int m);

/* The scores of a probe. */
PairScore scene_model_pair_score(SceneModel *model, const MinimalPairs *pairs);

#endif
