/* transformer: blocks of attention and a small network for each token, both added to their input. As in CLIP
 * (arXiv:2103.00020, section 2.4) and GPT-2, layer norm comes first:
 *
 *   x = x + out_proj(attention(in_proj(ln_1(x))))
 *   x = x + c_proj(gelu(c_fc(ln_2(x))))               c_fc from D to M, by default 4D
 *
 * Parameters are named as OpenAI's: PREFIX.resblocks.0.attn.in_proj_weight, .attn.in_proj_bias, .attn.out_proj.weight,
 * .ln_1.weight, .mlp.c_fc.weight, .mlp.c_proj.weight, .ln_2.weight, ... Weights are normal at first, with the
 * deviations of the CLIP authors' code (model.py, initialize_parameters); biases are 0.
 */
#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include "model/layer.h"

typedef struct {
    int width, layers, heads; /* D; heads divide it */
    bool causal;              /* token t attends to 0..t only */
    bool quick_gelu;          /* op_quick_gelu for op_gelu */
    int mlp;                  /* M; 0: 4D */
} TransformerSize;

typedef struct {
    LayerNorm ln_1, ln_2;
    Linear in_proj, out_proj, c_fc, c_proj;
} TransformerBlock;

typedef struct {
    TransformerSize size;
    TransformerBlock *blocks;
} Transformer;

/* A layer of cross-attention: each token of x attends to S states of another network (Vaswani et al. 2017, section
 * 3.2.3), and what it finds there is added to it:
 *   x = x + out_proj(attention(q_proj(ln(x)), kv))      kv = kv_proj(states) */
typedef struct {
    int width, heads; /* D; heads divide it */
    int states;       /* numbers of a state, W */
    int added;        /* how many results the network adds up: the last layer starts smaller by its root; 0: 1 */
} CrossAttentionSize;
typedef struct {
    LayerNorm ln;
    Linear q_proj, kv_proj, out_proj;
    int heads;
} CrossAttention;
/* Parameters PREFIX.ln, .q_proj, .kv_proj, .out_proj; weights normal, biases 0. Stops unless heads divide the width. */
CrossAttention cross_attention_add(Params *params, const char *prefix, CrossAttentionSize size, Rng *rng);
/* Keys and values of states [B,S,W] -> [B,S,2D]; once for any number of tokens. */
Var cross_attention_states(Tape *t, const CrossAttention *layer, Var states);
/* x [B,T,D], kv [B,S,2D] -> [B,T,D] */
Var cross_attention(Tape *t, const CrossAttention *layer, Var x, Var kv);

/* The second half of a block, for networks that put something before it: x + c_proj(gelu(c_fc(ln_2(x)))), x [..,D]. */
Var transformer_feed_forward(Tape *t, const TransformerBlock *block, TransformerSize size, Var x);

/* M, the width of the hidden layer of a block's MLP. */
int transformer_mlp(TransformerSize size);
/* Adds the parameters of all blocks under PREFIX. Stops unless heads divide the width. */
Transformer transformer_add(Params *params, const char *prefix, TransformerSize size, Rng *rng);

/* The last state of token index[b] of each row (NULL: the first): x [B,T,D] -> [B,D]. The last block computes only that
 * token. On a no_grad tape the blocks share the memory of one and overwrite x, which nothing else may use. On a tape
 * with `checkpoint` only the inputs of the blocks are kept, and each block is computed again for its gradient. */
Var transformer(Tape *t, const Transformer *m, Var x, const int *index);
/* The same for all tokens: [B,T,D] -> [B,T,D]. */
Var transformer_tokens(Tape *t, const Transformer *m, Var x);

#endif
