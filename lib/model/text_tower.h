/* text_tower: word ids [B,T] to embeddings [B,E].
 *
 *   bow          bag of words: the mean of word vectors, a linear layer. The order of the words changes nothing.
 *   lstm         word vectors, an LSTM from the first word to the last, a linear layer of its last hidden state.
 *   transformer  CLIP's (arXiv:2103.00020, section 2.4): word vectors and position embeddings, causal blocks
 *                (transformer.h), layer norm, a projection of one token: the first with the highest id of its row.
 *
 * Rows that are shorter than T are filled with a padding id:
 *   bow leaves padding out of the mean. lstm stops after the last id that is not padding.
 *   transformer makes its own rows, as CLIP's tokeniser does: begin, the words, end, padding; T + 2 tokens. begin and
 *   end are the ids V and V + 1, V the vocabulary, so that end is the highest and its state becomes the embedding.
 * With padding -1 all ids count, and the transformer takes rows as they are: CLIP's own tokens.
 */
#ifndef TEXT_TOWER_H
#define TEXT_TOWER_H

#include "model/transformer.h"

typedef struct {
    const char *kind;
    int vocabulary, width, embed; /* V, D, E */
    int padding;                  /* the padding id; -1: none */
    /* "lstm" and "transformer"; 0: the number in brackets */
    int hidden;                /* the LSTM's state (D) */
    int layers, heads, tokens; /* blocks (2), heads (D/32), the longest row of ids (77, as CLIP) */
    bool quick_gelu;           /* op_quick_gelu for op_gelu */
    int mlp;                   /* "transformer": hidden width of a block's MLP; 0: 4D */
} TextTowerSize;

typedef struct TextTower TextTower;
struct TextTower {
    const char *kind;
    Var (*forward)(Tape *t, TextTower *tower, const int *ids, int B, int T);
    TextTowerSize size;
    Linear fc;
    Lstm rnn;
    Param *embedding, *positional_embedding, *text_projection;
    LayerNorm ln_final;
    Transformer transformer;
};

/* True if such a tower can be built; else false, and one line that says what is wrong with its kind or sizes. */
bool text_tower_check(TextTowerSize size, Err *err);

/* Adds the tower's parameters to params, under "text."; those of the transformer have CLIP's names. False where
 * text_tower_check is. */
bool text_tower_add(TextTower *tower, Params *params, TextTowerSize size, Rng *rng);
/* Embeddings, not normalised: ids[b*T + t] -> [B,E]. */
Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T);

/* The transformer's embedding of every token, not normalised: [B,T',E], T' = T + 2 for padded rows, else T. text_tower
 * returns the one of the end token. Stops for other kinds. */
Var text_tower_tokens(Tape *t, TextTower *tower, const int *ids, int B, int T);
/* The transformer's own rows, as above: ids [B,T] with padding -> [B,T+2], on the arena. */
int *text_tower_rows(Arena *arena, TextTowerSize size, const int *ids, int B, int T);

#endif
