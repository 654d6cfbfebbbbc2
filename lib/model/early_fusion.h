/* early_fusion: CLIP is late fusion: picture and text go through their own towers, and only two vectors meet. Early
 * fusion, as in ViLT (Kim, Son and Kim 2021, arXiv:2102.03334), puts words and patches into one transformer, in which
 * each attends to all, and computes one number for a pair; nothing of a picture can be computed once for all texts:
 *   tokens = [words; patches + positions]      score = w . transformer(tokens)[first word] + b */
#ifndef EARLY_FUSION_H
#define EARLY_FUSION_H

#include "model/transformer.h"

typedef struct {
    int vocabulary, patch, width, layers, heads;
    int patches; /* of a picture, each with a position embedding; 0: no positions, and any number of patches */
} EarlyFusionSize;

typedef struct {
    EarlyFusionSize size;
    Param *word, *position; /* position NULL: none */
    Linear patch, score;
    Transformer body;
} EarlyFusion;

/* Adds the parameters under "early_fusion.". Wants heads that divide the width. */
EarlyFusion early_fusion_add(Params *params, EarlyFusionSize size, Rng *rng);

/* The scores of B pairs: pixels [B,H,W,3] and ids [B,T], T >= 1, all of them words -> [B,1]. Pixels beyond whole
 * patches are left out. Words have no positions: their order changes nothing, but for the first. */
Var early_fusion_score(Tape *t, const EarlyFusion *m, Var pixels, const int *ids, int T);

#endif
