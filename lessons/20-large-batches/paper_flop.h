/* paper_flop: floating point operations of published models, by formula; two for each multiply-add (flop.h). */
#ifndef PAPER_FLOP_H
#define PAPER_FLOP_H

#include "autograd/flop.h"

/* A transformer of `layers` blocks and width D on T tokens, forward. The last block's projections and small network are
 * computed for `last` tokens only: T, or 1 in this library (transformer.h). */
double flop_transformer(int layers, int D, int T, int last);
/* A vision transformer with its patch embedding and projection to E, side / patch patches across. */
double flop_vit(int side, int patch, int layers, int D, int E, bool last_token_only);

#endif
