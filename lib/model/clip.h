/* clip: the dual encoder. Two towers, one space, one temperature (Radford et al. 2021, arXiv:2103.00020, Fig. 3).
 *
 *   I = unit(image_tower(pixels))     T = unit(text_tower(ids))     logits = e^t I T^T
 */
#ifndef CLIP_H
#define CLIP_H

#include "model/image_tower.h"
#include "model/clip_loss.h"
#include "formats/safetensors.h"
#include "dataset/words.h"
#include "model/text_tower.h"

typedef struct {
    ImageTowerSize image;
    TextTowerSize text; /* vocabulary 0: that of the words given to clip_init */
    int tokens;         /* T, the length of a text in words */
    double logit_scale; /* the first e^t; 0: 1/0.07 */
} ClipConfig;

typedef struct {
    Arena arena; /* owns everything below */
    ClipConfig config;
    Params params;
    ImageTower image;
    TextTower text;
    Param *logit_scale;  /* t */
    Vocab vocab;         /* empty for a model that is fed ids */
    Safetensors weights; /* the open file that weights lie in (pretrained.h), or empty */
    const char *notes;   /* what there is to say about it, or NULL */
} Clip;

/* A new model with random first weights. The words of `vocab` are copied; NULL for a model that is fed ids.
 * False, with one line, when a tower's kind or a size is not possible. Free with clip_free. */
bool clip_init(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, Err *err);
void clip_free(Clip *clip);

/* The same without any numbers: val.v of all parameters is NULL. To see what a model is made of, or to give them places. */
bool clip_plan(Clip *clip, ClipConfig config, const Vocab *vocab, Err *err);

/* Unit vectors [B,E] of pictures [B,H,W,3], and of texts given as ids [B,T]. */
Var clip_image(Tape *t, Clip *clip, Mat pixels);
Var clip_text(Tape *t, Clip *clip, const int *ids, int B, int T);

/* Unit vectors of texts in words, [n,E], without gradient. What the vocabulary does not know is said on `warnings`
 * (NULL: nothing is said). On the arena. */
Mat clip_text_features(Clip *clip, Arena *arena, const char *const *texts, int n, FILE *warnings);

/* t at most log 100, as after every step of the training (section 2.5 of the paper). */
void clip_clamp(Clip *clip);

/* ---- weights files ----------------------------------------------------------------------------------------------- */

/* Puts configuration, words and all parameters into `out`, as F32 or F16. */
void clip_save(const Clip *clip, SafetensorsOut *out, Dtype dtype);

/* Builds the model a file describes and reads its weights. Refuses, in one line that names the file and the tensor, a
 * file that is none of ours, misses a tensor, has a surplus one (but for "optim."), or one of another shape. */
bool clip_restore(Clip *clip, const Safetensors *file, const char *path, Err *err);
bool clip_load(Clip *clip, const char *path, Err *err);

/* All parameters from tensors called PREFIXname. */
bool params_restore(Params *params, const Safetensors *file, const char *path, const char *prefix, Err *err);

#endif
