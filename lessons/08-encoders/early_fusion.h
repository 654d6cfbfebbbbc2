/* fusion: the other way to compare a picture with a text. CLIP fuses late: each goes through a tower of its own and only
 * two vectors meet. Here they are fused early, as in ViLT (Kim, Son and Kim 2021, arXiv:2102.03334): one transformer reads
 * the words and the patches of the picture together, every word can look at every patch, and one number comes out.
 *
 *   tokens = [words; patches]      score = w . transformer(tokens)[first word] + b
 *
 * A score is of one pair: nothing about a picture can be kept for the next text.
 */
#ifndef EARLY_FUSION_H
#define EARLY_FUSION_H

#include "model/transformer.h"

typedef struct {
    int vocabulary, patch, width, layers, heads;
} EarlyFusionSize;

typedef struct {
    EarlyFusionSize size;
    Param *word;
    Linear patch, score;
    Transformer body;
} EarlyFusion;

/* Makes the parameters, under "fusion.". Wants what transformer_add wants. */
EarlyFusion early_fusion_add(Params *params, EarlyFusionSize size, Rng *rng);

/* One pair: pixels [1,H,W,3] and ids [T], T >= 1 -> [1,1]. What remains of H and W beyond whole patches is not seen. There
 * are no positions: this is the least that looks at both together. */
Var early_fusion_score(Tape *t, const EarlyFusion *m, Var pixels, const int *ids, int T);

#endif
