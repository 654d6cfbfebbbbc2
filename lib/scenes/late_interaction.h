/* reading: another way for a picture and a caption to meet. A learner's "vector" reading has one vector for each, and
 * their cosine says it all: whatever the caption will ask about must be in the picture's vector before it asks. In the
 * reading "late" every word of the caption looks at every place of the picture:
 *
 *   w_t  unit vector of token t of the caption, as the text tower makes it of the words so far; t runs over the words
 *        and the end, L in all
 *   v_p  unit vector of place p of the picture, of 4 x 4: a linear layer of what the image tower has there, plus a
 *        vector that is learnt for the place itself
 *   a_tp = softmax over p of 10 w_t . v_p                   where word t looks
 *   s    = 1/2 (I . T + 1/L sum_t sum_p a_tp w_t . v_p)     the cosine of CLIP's two vectors, and what the words find
 *
 * (What is not there is nowhere to be found: "no red circle" takes the vector of the whole.)
 * This is attention of words over regions as in SCAN (Lee et al. 2018, arXiv:1803.08024, section 3.1), with the
 * regions learnt, and the soft form of FILIP's largest cosine (Yao et al. 2021, arXiv:2111.07783, section 3.1).
 * What it costs: 17 vectors are to be kept for a picture, not one, and a search must compare each with every word.
 */
#ifndef LATE_INTERACTION_H
#define LATE_INTERACTION_H

#include "scenes/scene_model.h"

enum { LATE_POSITIONS = 16, LATE_SIDE = 4 };

/* The parameters beside the towers': "late.projection" (a linear layer) and "late.position". */
void late_interaction_add(SceneModel *scene_model, Rng *rng);

/* SceneModelLogits of the reading "late". Wants the text tower "transformer". */
Var late_interaction_logits(Tape *t, SceneModel *scene_model, Mat pixels, const int *ids, int n);

/* What the words find, 1/L sum_t sum_p ..., for all pictures and captions. Shapes  words [M,E]; places [B*P,E], P =
 * `each` rows for a picture; caption[m] of 0..N-1 says whose word m is, and every caption has one -> [B,N] */
Var late_interaction_similarities(Tape *t, Var tokens, Var positions, int each, const int *caption, int N);

/* Where the words of a caption look, a_tp: [L,16], on the arena; the last row is the end. `found` (NULL: not wanted),
 * for L numbers at most CAPTION_WORDS + 1, gets what each finds, the inner sum. Wants the reading "late". */
Mat late_interaction_attention(SceneModel *scene_model, Arena *arena, const Scene *scene, const char *caption,
                               double *score);

#endif
