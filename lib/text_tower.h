/* text_tower: from word ids [B,T] to embeddings [B,E].
 *
 *   bow   bag of words: a vector for each word, their mean, a linear layer. It cannot hear the order of words.
 */
#ifndef TEXT_TOWER_H
#define TEXT_TOWER_H

#include "layer.h"

typedef struct TextTower TextTower;
struct TextTower {
    const char *kind;
    Var (*forward)(Tape *t, TextTower *tower, const int *ids, int B, int T);
    Embedding embedding;
    Linear fc;
    int padding; /* the id that does not count as a word; -1: all count */
};

typedef struct {
    const char *kind;
    int vocabulary, width, embed; /* V, D, E */
    int padding;
} TextTowerSize;

/* Adds the tower's parameters under "text." to params. False when the kind is none of the above. */
bool text_tower_add(TextTower *tower, Params *params, TextTowerSize size, Rng *rng);

/* Embeddings, not yet of unit length: ids[b*T + t] -> [B,E]. */
Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T);

#endif
