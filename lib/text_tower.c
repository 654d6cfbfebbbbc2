#include "text_tower.h"

#include <string.h>

static Var bow_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    Var words = embedding(t, &m->embedding, ids, B, T);           /* [B,T,D] */
    return linear(t, &m->fc, op_mean_tokens(t, words, ids, m->padding));
}

static void bow_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    m->forward = bow_forward;
    m->embedding = embedding_add(params, "text.embedding", size.vocabulary, size.width, rng);
    m->fc = linear_add(params, "text.fc", size.width, size.embed, rng);
}

bool text_tower_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    static const struct { const char *kind; void (*add)(TextTower *, Params *, TextTowerSize, Rng *); } kinds[] = {
        { "bow", bow_add },
    };
    *m = (TextTower){ .padding = size.padding };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (!strcmp(size.kind, kinds[i].kind)) {
            m->kind = kinds[i].kind;
            kinds[i].add(m, params, size, rng);
            return true;
        }
    return false;
}

Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T) { return tower->forward(t, tower, ids, B, T); }
