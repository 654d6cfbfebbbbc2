#include "model/text_tower.h"

#include <math.h>
#include <string.h>

/* How many ids of a row count: up to the last that is no padding. */
static int row_length(const int *ids, int T, int padding) {
    while (padding >= 0 && T > 0 && ids[T - 1] == padding) T--;
    return T;
}

/* ---- bow --------------------------------------------------------------------------------------------------------- */

/* A bag has no order. Each row's ids are sorted, so that not even the rounding of the sum remembers one: the same words
 * in any order give the same bits. */
static int *bag_of(Arena *arena, const int *ids, int B, int T) {
    int *bag = arena_alloc(arena, (size_t)B * (size_t)T, sizeof *bag), *row = bag;
    for (int b = 0; b < B; b++, row += T)
        for (int i = 0; i < T; i++) { /* insertion: rows are short */
            int id = *ids++, k = i;
            for (; k > 0 && row[k - 1] > id; k--) row[k] = row[k - 1];
            row[k] = id;
        }
    return bag;
}

static Var bow_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    const int *bag = bag_of(&t->arena, ids, B, T);
    Var words = embedding(t, &m->embedding, bag, B, T); /* [B,T,D] */
    return linear(t, &m->fc, op_mean_tokens(t, words, bag, m->size.padding));
}

static void bow_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    m->forward = bow_forward;
    m->embedding = embedding_add(params, "text.embedding", size.vocabulary, size.width, rng);
    m->fc = linear_add(params, "text.fc", size.width, size.embed, rng);
}

/* ---- lstm -------------------------------------------------------------------------------------------------------- */

static Var lstm_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    int *lengths = arena_alloc(&t->arena, (size_t)B, sizeof *lengths);
    for (int b = 0; b < B; b++) lengths[b] = row_length(ids + b * T, T, m->size.padding);
    return linear(t, &m->fc, lstm(t, &m->rnn, embedding(t, &m->embedding, ids, B, T), lengths));
}

static void lstm_tower_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    m->forward = lstm_forward;
    m->embedding = embedding_add(params, "text.embedding", size.vocabulary, size.width, rng);
    m->rnn = lstm_add(params, "text.rnn", size.width, size.hidden, rng);
    m->fc = linear_add(params, "text.fc", size.hidden, size.embed, rng);
}

/* ---- transformer ------------------------------------------------------------------------------------------------- */

int *text_tower_rows(Arena *arena, TextTowerSize size, const int *ids, int B, int T) {
    int *rows = arena_alloc(arena, (size_t)B * (size_t)(T + 2), sizeof *rows), *row = rows;
    for (int b = 0; b < B; b++, ids += T, row += T + 2) {
        int words = row_length(ids, T, size.padding);
        for (int i = 0; i < T + 2; i++) row[i] = i == 0 ? size.vocabulary : i <= words ? ids[i - 1] : size.padding;
        row[words + 1] = size.vocabulary + 1;
    }
    return rows;
}

/* The first T positions. What comes after the last token that is read changes nothing, because tokens see only those
 * before them: where no gradient is wanted it is left out. */
static Var positions(Tape *t, const TextTower *m, int T) {
    Mat table = m->positional_embedding->val;
    if (T == table.shape[0]) return tape_param(t, m->positional_embedding);
    REQUIRE(T < table.shape[0], "texts of %d tokens, this tower reads %d", T, table.shape[0]);
    table.shape[0] = T;
    REQUIRE(t->no_grad, "texts of %d tokens, training wants all %d", T, m->positional_embedding->val.shape[0]);
    return tape_data(t, table);
}

static Var transformer_forward(Tape *t, TextTower *m, const int *ids, int B, int T) {
    if (m->size.padding >= 0) {
        ids = text_tower_rows(&t->arena, m->size, ids, B, T);
        T += 2;
    }
    int *last = arena_zero(&t->arena, (size_t)B, sizeof *last), used = t->no_grad ? 1 : T;
    for (int b = 0; b < B; b++) {
        for (int i = 1; i < T; i++)
            if (ids[b * T + i] > ids[b * T + last[b]]) last[b] = i;
        used = MAX(used, last[b] + 1);
    }
    int *read = arena_alloc(&t->arena, (size_t)B * (size_t)used, sizeof *read);
    for (int b = 0; b < B; b++) memcpy(read + b * used, ids + b * T, (size_t)used * sizeof *read);
    Var x = op_add(t, embedding(t, &m->embedding, read, B, used), positions(t, m, used)); /* [B,T,D] */
    x = layernorm(t, &m->ln_final, transformer(t, &m->transformer, x, last));             /* [B,D] */
    return op_matmul(t, x, tape_param(t, m->text_projection));
}

Var text_tower_tokens(Tape *t, TextTower *m, const int *ids, int B, int T) {
    REQUIRE(m->forward == transformer_forward,
            "the tower is %s, want a transformer: others do not keep their words apart", m->kind);
    if (m->size.padding >= 0) {
        ids = text_tower_rows(&t->arena, m->size, ids, B, T);
        T += 2;
    }
    Var x = op_add(t, embedding(t, &m->embedding, ids, B, T), positions(t, m, T));
    x = layernorm(t, &m->ln_final, transformer_tokens(t, &m->transformer, x));
    Var y = op_matmul(t, op_reshape(t, x, mat_shape(2, B * T, m->size.width)), tape_param(t, m->text_projection));
    return op_reshape(t, y, mat_shape(3, B, T, m->size.embed));
}

static void transformer_tower_add(TextTower *m, Params *params, TextTowerSize s, Rng *rng) {
    int accumulate = s.padding >= 0 ? 2 : 0, D = s.width;
    m->forward = transformer_forward;
    m->embedding.weight = params_add(params, mat_shape(2, s.vocabulary + accumulate, D), "token_embedding.weight");
    m->positional_embedding = params_add(params, mat_shape(2, s.tokens + accumulate, D), "positional_embedding");
    init_normal(m->embedding.weight, 0.02, rng);
    init_normal(m->positional_embedding, 0.01, rng);
    m->transformer = transformer_add(
        params, "transformer",
        (TransformerSize){
            .width = D, .layers = s.layers, .heads = s.heads, .causal = true, .quick_gelu = s.quick_gelu },
        rng);
    m->ln_final = layernorm_add(params, "ln_final", D);
    m->text_projection = params_add(params, mat_shape(2, D, s.embed), "text_projection");
    init_normal(m->text_projection, 1 / sqrt(D), rng);
}

/* ---- any --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    void (*add)(TextTower *, Params *, TextTowerSize, Rng *);
} kinds[] = {
    { "bow", bow_add },
    { "lstm", lstm_tower_add },
    { "transformer", transformer_tower_add },
};

static int kind_of(const char *kind) {
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kind, kinds[i].kind)) return (int)i;
    return -1;
}

TextTowerSize text_tower_size(TextTowerSize s) {
    if (!s.hidden) s.hidden = s.width;
    if (!s.layers) s.layers = 2;
    if (!s.heads) s.heads = s.width % 32 == 0 ? MAX(1, s.width / 32) : 1;
    if (!s.tokens) s.tokens = 77;
    return s;
}

bool text_tower_check(TextTowerSize size, Err *err) {
    if (kind_of(size.kind) < 0)
        return err_set(err, "there is no text tower \"%s\"; there are: bow, lstm, transformer", size.kind);
    TextTowerSize s = text_tower_size(size);
    if (s.hidden < 1 || s.hidden > 65536 || s.layers < 1 || s.layers > 256 || s.tokens < 1 || s.tokens > 4096 ||
        s.heads < 1 || s.width % s.heads || s.padding >= s.vocabulary)
        return err_set(
            err,
            "sizes that no text tower has: width %d, state %d, %d layers, %d heads, %d tokens, padding %d of %d words",
            s.width, s.hidden, s.layers, s.heads, s.tokens, s.padding, s.vocabulary);
    return true;
}

bool text_tower_add(TextTower *m, Params *params, TextTowerSize size, Rng *rng) {
    *m = (TextTower){ 0 };
    if (!text_tower_check(size, NULL)) return false;
    m->kind = kinds[kind_of(size.kind)].kind;
    m->size = text_tower_size(size);
    kinds[kind_of(size.kind)].add(m, params, m->size, rng);
    return true;
}

Var text_tower(Tape *t, TextTower *tower, const int *ids, int B, int T) { return tower->forward(t, tower, ids, B, T); }
