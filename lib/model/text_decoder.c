#include "model/text_decoder.h"
#include "core/softmax.h"

#include <math.h>
#include <string.h>

static TextDecoderSize complete(TextDecoderSize s) {
    if (!s.layers) s.layers = 2;
    if (!s.heads) s.heads = s.width % 32 == 0 ? MAX(1, s.width / 32) : 1;
    if (!s.prefix) s.prefix_tokens = 0;
    else if (!s.prefix_tokens) s.prefix_tokens = 4;
    return s;
}

bool text_decoder_check(TextDecoderSize size, Err *err) {
    TextDecoderSize s = complete(size);
    bool sizes = 1 <= s.width && s.width <= 4096 && 1 <= s.layers && s.layers <= 64 && s.heads >= 1 &&
                 s.width % s.heads == 0 && 0 <= s.mlp && s.mlp <= 65536;
    bool texts = 1 <= s.vocabulary && s.vocabulary <= 65536 && 0 <= s.padding && s.padding < s.vocabulary &&
                 1 <= s.tokens && s.tokens <= 4096;
    bool pictures = 0 <= s.prefix && s.prefix <= 65536 && 0 <= s.states && s.states <= 65536 && s.prefix_tokens >= 0 &&
                    s.prefix_tokens <= 64;
    if (sizes && texts && pictures) return true;
    return err_set(err,
                   "invalid text decoder: width %d, %d layers, %d heads, %d tokens, padding %d of %d words, vector of "
                   "%d numbers, states of %d",
                   s.width, s.layers, s.heads, s.tokens, s.padding, s.vocabulary, s.prefix, s.states);
}

bool text_decoder_add(TextDecoder *m, Params *params, TextDecoderSize size, Rng *rng) {
    *m = (TextDecoder){ 0 };
    if (!text_decoder_check(size, NULL)) return false;
    TextDecoderSize s = m->size = complete(size);
    int D = s.width, V = s.vocabulary + 2;
    m->embedding = params_add(params, mat_shape(2, V, D), "decoder.token_embedding.weight");
    m->positional = params_add(params, mat_shape(2, s.tokens + 1, D), "decoder.positional_embedding");
    init_normal(m->embedding, 0.02, rng);
    init_normal(m->positional, 0.01, rng);
    if (s.prefix) m->prefix = linear_add(params, "decoder.prefix", s.prefix, s.prefix_tokens * D, rng);
    m->transformer = transformer_add(
        params, "decoder",
        (TransformerSize){ .width = D, .layers = s.layers, .heads = s.heads, .causal = true, .mlp = s.mlp }, rng);
    if (s.states) m->cross = arena_zero(params->arena, (size_t)s.layers, sizeof *m->cross);
    for (int i = 0; m->cross && i < s.layers; i++)
        m->cross[i] = cross_attention_add(
            params, arena_print(params->arena, "decoder.resblocks.%d.cross_attn", i),
            (CrossAttentionSize){ .width = D, .heads = s.heads, .states = s.states, .added = 2 * s.layers }, rng);
    m->ln_final = layernorm_add(params, "decoder.ln_final", D);
    m->head = m->embedding;
    if (s.untied) {
        m->head = params_add(params, mat_shape(2, V, D), "decoder.head.weight");
        init_normal(m->head, 0.02, rng);
    }
    return true;
}

/* ---- the network, all tokens at once ----------------------------------------------------------------------------- */

/* table[ids] + positions from `first` on          ids [B,T] -> [B,T,D] */
static Var token_embedding(Tape *t, const TextDecoder *m, const int *ids, int B, int T, int first) {
    REQUIRE(first + T <= m->size.tokens + 1, "%d tokens, this decoder takes %d", first + T, m->size.tokens + 1);
    int *places = arena_alloc(&t->arena, (size_t)T, sizeof *places);
    for (int i = 0; i < T; i++) places[i] = first + i;
    Var positions =
        op_reshape(t, op_embedding(t, tape_param(t, m->positional), places, 1, T), mat_shape(2, T, m->size.width));
    return op_add(t, op_embedding(t, tape_param(t, m->embedding), ids, B, T), positions);
}

static void input_require(const TextDecoder *m, DecoderInput in, int B) {
    REQUIRE(!m->size.prefix || (in.vector && in.vector->val.dims == 2 && in.vector->val.shape[0] == B &&
                                in.vector->val.shape[1] == m->size.prefix),
            "the decoder wants a vector [%d,%d] of the pictures", B, m->size.prefix);
    REQUIRE(!m->size.states || (in.states && in.states->val.dims == 3 && in.states->val.shape[0] == B &&
                                in.states->val.shape[2] == m->size.states),
            "the decoder wants states [%d,S,%d] of the pictures", B, m->size.states);
}

/* The prefix tokens of the pictures: vector [B,E] -> [B,K,D] */
static Var prefix_tokens(Tape *t, const TextDecoder *m, Var vector) {
    int B = vector->val.shape[0];
    return op_reshape(t, linear(t, &m->prefix, vector), mat_shape(3, B, m->size.prefix_tokens, m->size.width));
}

/* The state of every token after all blocks, before ln_final: rows [B,T] -> [B,K+T,D] */
static Var decode(Tape *t, const TextDecoder *m, DecoderInput in, const int *rows, int B, int T) {
    input_require(m, in, B);
    const Transformer *blocks = &m->transformer;
    Var x = token_embedding(t, m, rows, B, T, 0);
    if (m->size.prefix) x = op_prepend(t, x, prefix_tokens(t, m, in.vector));
    for (int i = 0; i < blocks->size.layers; i++) {
        const TransformerBlock *b = &blocks->blocks[i];
        Var attention = op_attention(t, linear(t, &b->in_proj, layernorm(t, &b->ln_1, x)), blocks->size.heads, true);
        x = op_add(t, x, linear(t, &b->out_proj, attention));
        if (m->cross) x = cross_attention(t, &m->cross[i], x, cross_attention_states(t, &m->cross[i], in.states));
        x = transformer_feed_forward(t, b, blocks->size, x);
    }
    return x;
}

/* head(ln_final(x)) of some rows of x [..,D], index[n] -> [n,V+2] */
static Var head_logits(Tape *t, const TextDecoder *m, Var x, const int *index, int n) {
    int D = m->size.width, rows = (int)(mat_count(x->val) / (size_t)D);
    Var some = op_embedding(t, op_reshape(t, x, mat_shape(2, rows, D)), index, 1, n);
    some = op_reshape(t, some, mat_shape(2, n, D));
    return op_linear(t, layernorm(t, &m->ln_final, some), tape_param(t, m->head), NULL);
}

/* The rows of a batch of texts: begin, words, end, padding; what follows the longest is left out. */
typedef struct {
    int T, n;     /* tokens that go in: begin and the words of the longest text; targets of all rows */
    int *rows;    /* [B,T] */
    int *target;  /* [n] the next tokens */
    int *at, *of; /* [n] where: row of the states [B (K+T)]; text */
} Teaching;

static Teaching teaching(Arena *a, const TextDecoder *m, const int *ids, int B, int T) {
    TextDecoderSize s = m->size;
    REQUIRE(T <= s.tokens, "texts of %d words, this decoder takes %d", T, s.tokens);
    int *words = arena_zero(a, (size_t)B + 1, sizeof *words), longest = 0, K = s.prefix_tokens;
    for (int b = 0; b < B; b++) {
        words[b] = T;
        while (words[b] > 0 && ids[b * T + words[b] - 1] == s.padding) words[b]--;
        longest = MAX(longest, words[b]);
    }
    Teaching r = { .T = longest + 1 };
    size_t most = (size_t)B * (size_t)r.T + 1;
    r.rows = arena_alloc(a, most, sizeof *r.rows);
    r.target = arena_alloc(a, most, sizeof *r.target);
    r.at = arena_alloc(a, most, sizeof *r.at);
    r.of = arena_alloc(a, most, sizeof *r.of);
    for (int b = 0; b < B; b++)
        for (int i = 0; i < r.T; i++) {
            r.rows[b * r.T + i] = i == 0 ? s.vocabulary : i <= words[b] ? ids[b * T + i - 1] : s.padding;
            if (i > words[b]) continue;
            r.target[r.n] = i < words[b] ? ids[b * T + i] : s.vocabulary + 1;
            r.at[r.n] = b * (K + r.T) + K + i;
            r.of[r.n++] = b;
        }
    return r;
}

Var text_decoder_loss(Tape *t, const TextDecoder *m, DecoderInput in, const int *ids, int B, int T) {
    Teaching r = teaching(&t->arena, m, ids, B, T);
    Var x = decode(t, m, in, r.rows, B, r.T);
    return op_cross_entropy_labels(t, head_logits(t, m, x, r.at, r.n), r.target);
}

void text_decoder_log_likelihood(Tape *t, const TextDecoder *m, DecoderInput in, const int *ids, int B, int T,
                                 double *log_p) {
    REQUIRE(t->no_grad, "log likelihoods are for reading: want a tape with no_grad");
    Teaching r = teaching(&t->arena, m, ids, B, T);
    Mat logits = head_logits(t, m, decode(t, m, in, r.rows, B, r.T), r.at, r.n)->val;
    for (int b = 0; b < B; b++) log_p[b] = 0;
    for (int i = 0; i < r.n; i++)
        log_p[r.of[i]] -= cross_entropy_row(&AT(logits, i, 0), logits.shape[1], 1, r.target[i]);
}

Var text_decoder_logits(Tape *t, const TextDecoder *m, DecoderInput in, const int *rows, int B, int T) {
    int K = m->size.prefix_tokens, *at = arena_alloc(&t->arena, (size_t)(B * T) + 1, sizeof *at);
    for (int i = 0; i < B * T; i++) at[i] = i / T * (K + T) + K + i % T;
    Var logits = head_logits(t, m, decode(t, m, in, rows, B, T), at, B * T);
    return op_reshape(t, logits, mat_shape(3, B, T, m->size.vocabulary + 2));
}

/* ---- one token at a time ----------------------------------------------------------------------------------------- */

/* The keys and values of `T` more tokens: qkv [rows,T,3D] -> the end of the cache of a block. Returns the queries. */
static Var cache_append(DecoderCache *c, int layer, Var qkv) {
    size_t D = (size_t)c->decoder->size.width, T = (size_t)qkv->val.shape[1], rows = (size_t)c->rows;
    Mat queries = mat_like(&c->tape.arena, mat_shape(3, c->rows, (int)T, (int)D));
    for (size_t i = 0; i < rows * T; i++) {
        size_t at = i / T * (size_t)c->room + (size_t)c->length + i % T;
        memcpy(queries.v + i * D, qkv->val.v + i * 3 * D, D * sizeof(num));
        memcpy(c->keys_values[layer] + at * 2 * D, qkv->val.v + i * 3 * D + D, 2 * D * sizeof(num));
    }
    return tape_data(&c->tape, queries);
}
/* The first `length` keys and values of each text, [rows,length,2D]. */
static Var cache_read(DecoderCache *c, int layer, int length) {
    size_t D = (size_t)c->decoder->size.width, each = (size_t)length * 2 * D;
    Mat kv = mat_like(&c->tape.arena, mat_shape(3, c->rows, length, 2 * (int)D));
    for (size_t r = 0; r < (size_t)c->rows; r++)
        memcpy(kv.v + r * each, c->keys_values[layer] + r * (size_t)c->room * 2 * D, each * sizeof(num));
    return tape_data(&c->tape, kv);
}

/* x [rows,T,D] through all blocks. The prefix (T = K) sees itself by the causal mask; one token sees the whole cache. */
static Var cache_blocks(DecoderCache *c, Var x) {
    const TextDecoder *m = c->decoder;
    TransformerSize size = m->transformer.size;
    Tape *t = &c->tape;
    int T = x->val.shape[1];
    for (int i = 0; i < size.layers; i++) {
        const TransformerBlock *b = &m->transformer.blocks[i];
        Var qkv = linear(t, &b->in_proj, layernorm(t, &b->ln_1, x)), queries = cache_append(c, i, qkv);
        Var attention = c->length ? op_cross_attention(t, queries, cache_read(c, i, c->length + T), size.heads)
                                  : op_attention(t, qkv, size.heads, true);
        x = op_add(t, x, linear(t, &b->out_proj, attention));
        if (m->cross) x = cross_attention(t, &m->cross[i], x, tape_data(t, c->cross[i]));
        x = transformer_feed_forward(t, b, size, x);
    }
    c->length += T;
    return x;
}

DecoderCache *decoder_cache_new(const TextDecoder *m, Arena *arena, Mat vector, Mat states, int rows) {
    DecoderCache *c = arena_zero(arena, 1, sizeof *c);
    int layers = m->size.layers, D = m->size.width, K = m->size.prefix_tokens;
    *c = (DecoderCache){ .decoder = m, .arena = arena, .rows = rows, .room = K + m->size.tokens + 1 };
    c->tape.no_grad = true;
    DecoderInput in = { vector.v ? tape_data(&c->tape, vector) : NULL, states.v ? tape_data(&c->tape, states) : NULL };
    input_require(m, in, rows);
    c->keys_values = arena_zero(arena, (size_t)layers, sizeof *c->keys_values);
    for (int i = 0; i < layers; i++)
        c->keys_values[i] = arena_alloc(arena, (size_t)rows * (size_t)c->room, (size_t)(2 * D) * sizeof(num));
    if (m->cross) c->cross = arena_zero(arena, (size_t)layers, sizeof *c->cross);
    for (int i = 0; m->cross && i < layers; i++) {
        Mat kv = cross_attention_states(&c->tape, &m->cross[i], in.states)->val;
        c->cross[i] = mat_like(arena, kv);
        memcpy(c->cross[i].v, kv.v, mat_count(kv) * sizeof(num));
    }
    if (m->size.prefix) cache_blocks(c, prefix_tokens(&c->tape, m, in.vector));
    tape_reset(&c->tape);
    return c;
}

void decoder_cache_step(DecoderCache *c, const int *tokens, num *logits) {
    const TextDecoder *m = c->decoder;
    Tape *t = &c->tape;
    tape_reset(t);
    int *index = arena_alloc(&t->arena, (size_t)c->rows, sizeof *index);
    for (int r = 0; r < c->rows; r++) index[r] = r;
    Var x = cache_blocks(c, token_embedding(t, m, tokens, c->rows, 1, c->tokens++));
    Mat out = head_logits(t, m, x, index, c->rows)->val;
    memcpy(logits, out.v, mat_count(out) * sizeof(num));
}

void decoder_cache_reorder(DecoderCache *c, const int *from) {
    size_t each = (size_t)c->room * 2 * (size_t)c->decoder->size.width;
    tape_reset(&c->tape);
    num *copy = arena_alloc(&c->tape.arena, (size_t)c->rows * each, sizeof *copy);
    for (int i = 0; i < c->decoder->size.layers; i++) {
        memcpy(copy, c->keys_values[i], (size_t)c->rows * each * sizeof *copy);
        for (int r = 0; r < c->rows; r++) {
            REQUIRE(0 <= from[r] && from[r] < c->rows, "text %d of %d", from[r], c->rows);
            memcpy(c->keys_values[i] + (size_t)r * each, copy + (size_t)from[r] * each, each * sizeof *copy);
        }
    }
}
void decoder_cache_free(DecoderCache *c) { tape_free(&c->tape); }
