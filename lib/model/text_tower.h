/* text_tower: from word ids [B,T] to embeddings [B,E].
 *
 *   bow          bag of words: a vector for each word, their mean, a linear layer. It cannot hear the order of words.
 *   lstm         a vector for each word, an LSTM from the first to the last, a linear layer of its last state.
 *   transformer  CLIP's (arXiv:2103.00020, section 2.4): vectors of words and of positions, causal blocks (transformer.h),
 *                norm, projection of one token, the one with the highest id of its row (of equals the first).
 *
 * What counts as the text when rows are filled up with a padding id:
 *   bow leaves padding out of the mean; lstm stops after the last id that is none.
 *   transformer makes rows of its own, as CLIP's tokeniser does: begin, the words up to the last that is no padding, end,
 *   padding; two more tokens than words. begin and end are two ids beyond the vocabulary, V and V + 1, so that the table
 *   has V + 2 rows, and end is the highest: there the text's embedding is read.
 * With padding -1 all ids count, and the transformer takes rows as they are: that is how CLIP's own tokens go in.
 */
#ifndef TEXT_TOWER_H
#define TEXT_TOWER_H

#include "core/arena.h"
#include "model/transformer.h"

typedef struct {
    const char *kind;
    int vocabulary, width, embed; /* V, D, E */
    int padding;                  /* the id that does not count as a word; -1: all count */
    /* of "lstm" and "transformer"; 0: what is said in brackets */
    int hidden;                /* the LSTM's state (D) */
    int layers, heads, tokens; /* blocks (2), heads (D/32), the longest row of ids: T (77, as CLIP) */
    bool quick_gelu;           /* OpenAI's x sigmoid(1.702 x) */
} TextTowerSize;

typedef struct TextTower TextTower;
struct TextTower {
    const char *kind;
    Var (*forward)(Tape *t, TextTower *tower, const int *ids, int B, int T);
    TextTowerSize size;
    Embedding embedding;
    Linear fc;
    Lstm rnn;
    Param *positional_embedding, *text_projection;
    LayerNorm ln_final;
    Transformer transformer;
};

/* The sizes with what is 0 filled in as said above. */
TextTowerSize text_tower_size(TextTowerSize size);

/* Whether there is such a tower; if not, in one line, what is wrong with its kind or sizes. */
bool text_tower_check(TextTowerSize size, Err *err);

/* Adds the tower's parameters to params, under "text.", but for the transformer's, which have CLIP's names. False when
 * text_tower_check says so. */
bool text_tower_add(TextTower *tower, Params *params, TextTowerSize size, Rng *rng);

/* Embeddings, not yet of unit length: ids[b*T + t] -> [B,E]. */
Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T);

/* What the transformer makes of every token, each by itself, [B,T',E], not yet of unit length: T' is T + 2 for padded rows
 * (begin, words, end), else T. The tower's embedding is the one that end has. Wants a transformer. */
Var text_tower_tokens(Tape *t, TextTower *tower, const int *ids, int B, int T);

/* The transformer's own rows for padded ones, as above: ids [B,T] -> [B,T+2], on the arena. */
int *text_tower_rows(Arena *arena, TextTowerSize size, const int *ids, int B, int T);

#endif
