/* early_fusion: CLIP is late fusion: picture and text go through their own towers, and only two vectors meet. Early
 * fusion, as in ViLT (Kim, Son and Kim 2021, arXiv:2102.03334), puts words and patches into one transformer, in which
 * each attends to all, and computes one number for a pair; nothing of a picture can be computed once for all texts:
 *   tokens = [words; patches]      score = w . transformer(tokens)[first word] + b */
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

/* Adds the parameters under "early_fusion.". Wants heads that divide the width. */
EarlyFusion early_fusion_add(Params *params, EarlyFusionSize size, Rng *rng);

/* The score of one pair: pixels [1,H,W,3] and ids [T], T >= 1 -> [1,1]. Pixels beyond whole patches are left out. There
 * are no position embeddings. */
Var early_fusion_score(Tape *t, const EarlyFusion *m, Var pixels, const int *ids, int T);

#endif
