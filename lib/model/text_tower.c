#include "model/text_tower.h"

#include <math.h>
#include <string.h>

/* The length of a row: up to the last id that is not padding. */
static int row_length(const int *ids, int T, int padding) {
    while (padding >= 0 && T > 0 && ids[T - 1] == padding) T--;
    return T;
}

/* Each row's ids sorted: the same words in any order give the same bits, not only the same sum up to rounding. */
static int *sorted_rows(Arena *arena, const int *ids, int B, int T) {
    int *sorted = arena_alloc(arena, (size_t)B * (size_t)T, sizeof *sorted), *row = sorted;
    for (int b = 0; b < B; b++, row += T)
        for (int i = 0; i < T; i++) { /* insertion sort: rows are short */
            int id = *ids++, k = i;
            for (; k > 0 && row[k - 1] > id; k--) row[k] = row[k - 1];
            row[k] = id;
        }
    return sorted;
}

/* mean of table[ids] W^T + b          ids [B,T] -> [B,E] */
static Var bow_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    ids = sorted_rows(&t->arena, ids, B, T);
    Var words = op_embedding(t, tape_param(t, m->embedding), ids, B, T); /* [B,T,D] */
    return linear(t, &m->fc, op_mean_tokens(t, words, ids, m->size.padding));
}
static void bow_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    m->forward = bow_forward;
    m->embedding = embedding_add(params, "text.embedding", size.vocabulary, size.width, rng);
    m->fc = linear_add(params, "text.fc", size.width, size.embed, rng);
}

/* LSTM(table[ids]) W^T + b            ids [B,T] -> [B,E] */
static Var lstm_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    int *lengths = arena_alloc(&t->arena, (size_t)B, sizeof *lengths);
    for (int b = 0; b < B; b++) lengths[b] = row_length(ids + b * T, T, m->size.padding);
    return linear(t, &m->fc, lstm(t, &m->rnn, op_embedding(t, tape_param(t, m->embedding), ids, B, T), lengths));
}
static void lstm_tower_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    m->forward = lstm_forward;
    m->embedding = embedding_add(params, "text.embedding", size.vocabulary, size.width, rng);
    m->rnn = lstm_add(params, "text.rnn", size.width, size.hidden, rng);
    m->fc = linear_add(params, "text.fc", size.hidden, size.embed, rng);
}

int *text_tower_rows(Arena *arena, TextTowerSize size, const int *ids, int B, int T) {
    int *rows = arena_alloc(arena, (size_t)B * (size_t)(T + 2), sizeof *rows), *row = rows;
    for (int b = 0; b < B; b++, ids += T, row += T + 2) {
        int words = row_length(ids, T, size.padding);
        for (int i = 0; i < T + 2; i++) row[i] = i == 0 ? size.vocabulary : i <= words ? ids[i - 1] : size.padding;
        row[words + 1] = size.vocabulary + 1;
    }
    return rows;
}
static const int *own_rows(Tape *t, const TextTower *m, const int *ids, int B, int *T) {
    if (m->size.padding < 0) return ids;
    *T += 2;
    return text_tower_rows(&t->arena, m->size, ids, B, *T - 2);
}

/* table[ids] + positions          ids [B,T] -> [B,T,D] */
static Var token_embedding(Tape *t, TextTower *m, const int *ids, int B, int T) {
    Mat table = m->positional_embedding->val;
    int longest = table.shape[0];
    REQUIRE(T <= longest, "texts of %d tokens, this tower takes %d", T, longest);
    REQUIRE(T == longest || t->no_grad, "texts of %d tokens, training wants all %d", T, longest);
    table.shape[0] = T;
    Var positions = T == longest ? tape_param(t, m->positional_embedding) : tape_data(t, table);
    return op_add(t, op_embedding(t, tape_param(t, m->embedding), ids, B, T), positions);
}

/* ln_final(transformer(table[ids] + positions)[highest id]) text_projection          ids [B,T] -> [B,E]
 * Tokens after the highest id change nothing, because attention is causal: without gradients they are left out. */
static Var transformer_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    ids = own_rows(t, m, ids, B, &T);
    int *highest = arena_zero(&t->arena, (size_t)B, sizeof *highest), used = t->no_grad ? 1 : T;
    for (int b = 0; b < B; b++) {
        for (int i = 1; i < T; i++)
            if (ids[b * T + i] > ids[b * T + highest[b]]) highest[b] = i;
        used = MAX(used, highest[b] + 1);
    }
    int *used_ids = arena_alloc(&t->arena, (size_t)B * (size_t)used, sizeof *used_ids);
    for (int b = 0; b < B; b++) memcpy(used_ids + b * used, ids + b * T, (size_t)used * sizeof *used_ids);
    Var x = transformer(t, &m->transformer, token_embedding(t, m, used_ids, B, used), highest); /* [B,D] */
    return op_matmul(t, layernorm(t, &m->ln_final, x), tape_param(t, m->text_projection));
}
Var text_tower_tokens(Tape *t, TextTower *m, const int *ids, int B, int T) {
    REQUIRE(m->forward == transformer_forward, "the tower is %s, want a transformer: it has a state for each token",
            m->kind);
    ids = own_rows(t, m, ids, B, &T);
    Var x = transformer_tokens(t, &m->transformer, token_embedding(t, m, ids, B, T)); /* [B,T,D] */
    x = op_reshape(t, layernorm(t, &m->ln_final, x), mat_shape(2, B * T, m->size.width));
    return op_reshape(t, op_matmul(t, x, tape_param(t, m->text_projection)), mat_shape(3, B, T, m->size.embed));
}

static void transformer_tower_add(TextTower *m, Params *params, TextTowerSize s, Rng *rng) {
    int ends = s.padding >= 0 ? 2 : 0, D = s.width; /* begin and end */
    m->forward = transformer_forward;
    m->embedding = params_add(params, mat_shape(2, s.vocabulary + ends, D), "token_embedding.weight");
    m->positional_embedding = params_add(params, mat_shape(2, s.tokens + ends, D), "positional_embedding");
    init_normal(m->embedding, 0.02, rng);
    init_normal(m->positional_embedding, 0.01, rng);
    TransformerSize size = { D, s.layers, s.heads, .causal = true, .quick_gelu = s.quick_gelu, .mlp = s.mlp };
    m->transformer = transformer_add(params, "transformer", size, rng);
    m->ln_final = layernorm_add(params, "ln_final", D);
    m->text_projection = params_add(params, mat_shape(2, D, s.embed), "text_projection");
    init_normal(m->text_projection, 1 / sqrt(D), rng);
}

static const struct {
    const char *kind;
    void (*add)(TextTower *, Params *, TextTowerSize, Rng *);
} kinds[] = { { "bow", bow_add }, { "lstm", lstm_tower_add }, { "transformer", transformer_tower_add } };

static int kind_of(const char *kind) {
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kind, kinds[i].kind)) return (int)i;
    return -1;
}

static TextTowerSize complete(TextTowerSize s) {
    if (!s.hidden) s.hidden = s.width;
    if (!s.layers) s.layers = 2;
    if (!s.heads) s.heads = s.width % 32 == 0 ? MAX(1, s.width / 32) : 1;
    if (!s.tokens) s.tokens = 77;
    return s;
}

bool text_tower_check(TextTowerSize size, Err *err) {
    if (kind_of(size.kind) < 0)
        return err_set(err, "there is no text tower \"%s\"; there are: bow, lstm, transformer", size.kind);
    TextTowerSize s = complete(size);
    if (s.hidden < 1 || s.hidden > 65536 || s.layers < 1 || s.layers > 256 || s.tokens < 1 || s.tokens > 4096 ||
        s.heads < 1 || s.width % s.heads || s.mlp < 0 || s.mlp > 65536 || s.padding >= s.vocabulary)
        return err_set(err, "invalid %s: width %d, state %d, %d layers, %d heads, %d tokens, padding %d of %d words",
                       s.kind, s.width, s.hidden, s.layers, s.heads, s.tokens, s.padding, s.vocabulary);
    return true;
}
bool text_tower_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    *m = (TextTower){ 0 };
    if (!text_tower_check(size, NULL)) return false;
    int i = kind_of(size.kind);
    m->kind = kinds[i].kind;
    m->size = complete(size);
    kinds[i].add(m, params, m->size, rng);
    return true;
}
Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T) { return tower->forward(t, tower, ids, B, T); }
