/* transformer: blocks in which tokens look at each other (attention) and then think alone (a small network), each added
 * to what was there. As in CLIP (arXiv:2103.00020, section 2.4) and GPT-2: the norm comes first.
 *
 *   x = x + out_proj(attention(in_proj(ln_1(x))))
 *   x = x + c_proj(gelu(c_fc(ln_2(x))))               c_fc is four times as wide
 *
 * Parameters are called as OpenAI's: PREFIX.resblocks.0.attn.in_proj_weight, .attn.in_proj_bias, .attn.out_proj.weight,
 * .ln_1.weight, .mlp.c_fc.weight, .mlp.c_proj.weight, .ln_2.weight, ... First values: normal, with the deviations of the
 * CLIP authors' code (model.py, initialize_parameters); biases 0.
 */
#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include "model/layer.h"

typedef struct {
    int width, layers, heads; /* D; heads divide it */
    bool causal;              /* tokens see only themselves and those before */
    bool quick_gelu;          /* op_quick_gelu instead of op_gelu */
} TransformerSize;

typedef struct {
    LayerNorm ln_1, ln_2;
    Linear in_proj, out_proj, c_fc, c_proj;
} TransformerBlock;

typedef struct {
    TransformerSize size;
    TransformerBlock *blocks;
} Transformer;

/* Makes the parameters of all blocks, "PREFIX.resblocks.0.ln_1.weight" ...; heads must divide the width. */
Transformer transformer_add(Params *params, const char *prefix, TransformerSize size, Rng *rng);

/* What becomes of token place[b] of each row (NULL: of the first): x [B,T,D] -> [B,D]. The last block spends its thinking
 * on that token alone. On a no_grad tape the blocks share the memory of one, and x's numbers are lost: x is an
 * operation's result that nobody else needs. */
Var transformer(Tape *t, const Transformer *m, Var x, const int *place);

/* The same of all tokens: [B,T,D] -> [B,T,D]. */
Var transformer_tokens(Tape *t, const Transformer *m, Var x);

#endif
