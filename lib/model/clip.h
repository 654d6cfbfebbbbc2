/* clip: the dual encoder, two towers and a learnt scale (Radford et al. 2021, arXiv:2103.00020, Fig. 3).
 *
 *   I = unit(image_tower(pixels))     T = unit(text_tower(ids))     logits = e^t I T^T      (clip_logits, clip_loss.h)
 */
#ifndef CLIP_H
#define CLIP_H

#include "model/image_tower.h"
#include "model/clip_loss.h"
#include "formats/safetensors.h"
#include "dataset/bpe.h"
#include "dataset/words.h"
#include "model/text_tower.h"

typedef struct {
    ImageTowerSize image;
    TextTowerSize text; /* vocabulary 0: that of the words given to clip_init */
    int tokens;         /* T, the length of a text in words */
    double logit_scale; /* e^t at first; 0: 1/0.07 */
} ClipConfig;

/* Pixels as a published model wants them: (byte / 255 - mean) / deviation for each colour. */
typedef struct {
    double mean[3], deviation[3];
} ColourScale;

typedef struct {
    Arena arena; /* owns everything below */
    ClipConfig config;
    Params params;
    ImageTower image;
    TextTower text;
    Param *logit_scale;  /* t, one number */
    Vocab vocab;         /* empty for a model that takes ids */
    const Bpe *bpe;      /* CLIP's tokeniser, for a model that was trained with it here; or NULL */
    Safetensors weights; /* the open file that holds the weights (pretrained.h), or empty */
    const char *notes;   /* a description of a pretrained model, or NULL */
    ColourScale colours; /* of a pretrained model; else zeros */
} Clip;

/* A new model with random weights. The words of `vocab` are copied; NULL for a model that takes ids. False, with one
 * line, for an unknown tower or invalid sizes. Free with clip_free. Do not copy or move: params points into it. */
bool clip_init(Clip *clip, ClipConfig config, const Vocab *vocab, uint64_t seed, Err *err);
void clip_free(Clip *clip);
/* The same with the names and shapes of its parameters only: val.v of each is NULL. */
bool clip_plan(Clip *clip, ClipConfig config, const Vocab *vocab, Err *err);
/* Unit vectors [B,E] of pictures [B,H,W,3], and of texts given as ids [B,T]. */
Var clip_image(Tape *t, Clip *clip, Mat pixels);
Var clip_text(Tape *t, Clip *clip, const int *ids, int B, int T);

/* Reads CLIP's vocabulary for a model that has none and takes 49,408 ids (bpe_find). False with one line. */
bool clip_read_bpe(Clip *clip, const char *beside, Err *err);

/* ids [n,T] of n texts, T = config.tokens, by the model's own tokeniser. What was left out: as vocab_encode. */
TextNotes clip_encode(const Clip *clip, Arena *arena, const char *const *texts, int n, int *ids);

/* Unit vectors of n texts in words, [n,E], without gradient, on the arena. Unknown words are listed on `warnings`
 * (NULL: not listed). */
Mat clip_text_features(Clip *clip, Arena *arena, const char *const *texts, int n, FILE *warnings);
/* Clamps the logit scale: t = min(t, log 100), after each step of training (section 2.5 of the paper). */
void clip_clamp(Clip *clip);

#endif
