/* Late interaction: the tokens of a caption are compared with positions of the picture. With the interaction "vector",
 * as in CLIP, a picture has one vector, which must answer every caption. With the interaction "late" every token
 * attends to the positions of the picture's feature map:
 *
 *   w_t   unit vector of token t of the caption, from the text tower; t runs over the words and the end token, L in all
 *   v_p   unit vector of position p of the 4 x 4 feature map: a linear layer of its features plus a learnt vector
 *   a_tp = softmax over p of 10 w_t . v_p                   attention of token t
 *   s    = 1/2 (I . T + 1/L sum_t sum_p a_tp w_t . v_p)     I . T: the cosine of CLIP's two vectors
 *
 * I . T stays because an absent object is at no position ("no red circle"). This is attention of words over regions as
 * in SCAN (Lee et al. 2018, arXiv:1803.08024, section 3.1), with learnt regions, and a soft form of FILIP's maximum
 * cosine (Yao et al. 2021, arXiv:2111.07783, section 3.1). The price: 17 vectors are stored for a picture instead of
 * one, and a search compares each with every token. */
#ifndef LATE_INTERACTION_H
#define LATE_INTERACTION_H

#include "model/clip.h"
#include "scenes/scene.h"

enum { LATE_SIDE = 4, LATE_POSITIONS = LATE_SIDE * LATE_SIDE };

/* Adds the parameters "late.projection" (linear) and "late.position" to the model. */
void late_interaction_add(Clip *clip, Rng *rng);
/* e^t s, the logits [B,n] of pixels [B,side,side,3] and captions ids [n,T]. Wants the text tower "transformer". */
Var late_interaction_logits(Tape *t, Clip *clip, Mat pixels, const int *ids, int n);

/* 1/L sum_t sum_p a_tp w_t . v_p for all pictures and captions -> [B,N]. Shapes: tokens [M,E]; positions [B*P,E] with P
 * = `each`; caption[m] of 0..N-1 is the caption of token m; every caption has a token. */
Var late_interaction_similarities(Tape *t, Var tokens, Var positions, int each, const int *caption, int N);

/* The attention a_tp of one caption, [L,16], on the arena; the last row is the end token. `score` (NULL: not wanted),
 * room for CAPTION_WORDS + 1 numbers, gets sum_p a_tp w_t . v_p of each token. Wants a model with late interaction. */
Mat late_interaction_attention(Clip *clip, Arena *arena, const Scene *scene, const char *caption, double *score);

#endif
