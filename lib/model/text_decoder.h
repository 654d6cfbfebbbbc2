/* text_decoder: a small causal transformer that writes texts, from what a picture's tower hands it. Two ways:
 *
 *   prefix  one vector of the picture becomes K tokens before the text: ClipCap (Mokady et al. 2021, arXiv:2111.09734,
 *           section 3, with a linear mapping network)
 *   states  each block attends to S states of the picture by cross-attention: BLIP's image-grounded text decoder (Li et
 *           al. 2022, arXiv:2201.12086, section 3.1)
 *
 *   x_0 = [prefix tokens;] table[begin, w_1 .. w_n] + positions
 *   x   = x + out_proj(causal attention(in_proj(ln_1(x))))          in every block: transformer.h
 *   x   = x + cross-attention(x, states)                            with states: CrossAttention
 *   x   = x + c_proj(gelu(c_fc(ln_2(x))))
 *   logits_t = head(ln_final(x_t)): the next token, w_1 .. w_n and end
 *
 * Rows of ids are as in text_tower.h: padded with `padding`; begin is V and end V + 1. The decoder makes its own rows.
 */
#ifndef TEXT_DECODER_H
#define TEXT_DECODER_H

#include "model/transformer.h"

typedef struct {
    int vocabulary, padding; /* V; the id that fills rows, 0..V-1 */
    int tokens;              /* longest text in words */
    int width;               /* D */
    int layers, heads, mlp;  /* 0: 2; D/32; 4D */
    int prefix;              /* numbers of the picture's vector, E; 0: none */
    int prefix_tokens;       /* K, at most 64; 0: 4 */
    int states;              /* numbers of a state, W; 0: no cross-attention */
    bool untied;             /* a head of its own; else the table of the tokens */
} TextDecoderSize;

typedef struct {
    TextDecoderSize size;                 /* with the 0s replaced */
    Param *embedding, *positional, *head; /* [V+2,D], [tokens+1,D]; [V+2,D], which may be `embedding` */
    Linear prefix;                        /* E -> K D */
    Transformer transformer;
    CrossAttention *cross; /* one for each block; NULL: none */
    LayerNorm ln_final;
} TextDecoder;

/* What the decoder sees of B pictures: vector [B,E] and states [B,S,W]; NULL where its size has none. */
typedef struct {
    Var vector, states;
} DecoderInput;

/* True if such a decoder can be built; else false, with one line. */
bool text_decoder_check(TextDecoderSize size, Err *err);
/* Adds the parameters under "decoder.": in a network of its own, or beside a CLIP's. False where the check is. */
bool text_decoder_add(TextDecoder *decoder, Params *params, TextDecoderSize size, Rng *rng);

/* The mean over all next tokens, end included and padding left out, of -log p(token | tokens before, picture), in nats.
 * ids [B,T] with padding, T at most size.tokens -> one number. */
Var text_decoder_loss(Tape *t, const TextDecoder *decoder, DecoderInput in, const int *ids, int B, int T);
/* log p(text, end | picture) of each text: the sum of what text_decoder_loss averages, [B]. Without gradients: wants a
 * tape with no_grad. */
void text_decoder_log_likelihood(Tape *t, const TextDecoder *decoder, DecoderInput in, const int *ids, int B, int T,
                                 double *log_p);
/* The same network without a cache: logits of the next token after each of T tokens, begin first: rows [B,T] ->
 * [B,T,V+2]. */
Var text_decoder_logits(Tape *t, const TextDecoder *decoder, DecoderInput in, const int *rows, int B, int T);

/* ---- a cache of keys and values ----------------------------------------------------------------------------------
 * A token's keys and values depend on the tokens before it alone. So each is computed once and kept: a step computes
 * one token of each text instead of all. The numbers are those of text_decoder_logits to rounding. */
typedef struct {
    const TextDecoder *decoder;
    Arena *arena;
    Tape tape;        /* of one step */
    int rows, tokens; /* texts; words (and begin) that it holds */
    int length, room; /* rows of keys and values of each text that are in use: prefix tokens, too; and that there are */
    num **keys_values; /* [layers][rows,room,2D] */
    Mat *cross;        /* [layers] of [rows,S,2D], or NULL */
} DecoderCache;

/* Takes in the pictures: vector [rows,E] and states [rows,S,W] (v NULL where the size has none), copied. The arena owns
 * the cache; it must outlive it. */
DecoderCache *decoder_cache_new(const TextDecoder *decoder, Arena *arena, Mat vector, Mat states, int rows);
/* One token of each text, begin at first (V), and the logits [rows,V+2] of the token after it. Stops after
 * size.tokens + 1 tokens. */
void decoder_cache_step(DecoderCache *cache, const int *tokens, num *logits);
/* Text r becomes a copy of text from[r], for beam search. The pictures of r and from[r] must be the same. */
void decoder_cache_reorder(DecoderCache *cache, const int *from);
void decoder_cache_free(DecoderCache *cache); /* the memory of its tape; the rest is the arena's */

#endif
