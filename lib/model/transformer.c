#include "model/transformer.h"

#include <math.h>
#include <string.h>

/* A linear layer with normal weights and biases of 0. The names are PREFIX.weight, or PREFIX_weight with join "_". */
static Linear normal_linear(Params *params, const char *prefix, const char *join, int in, int out, double deviation,
                            Rng *rng) {
    Linear layer;
    layer.weight = params_add(params, mat_shape(2, out, in), "%s%sweight", prefix, join);
    layer.bias = params_add(params, mat_shape(1, out), "%s%sbias", prefix, join);
    init_normal(layer.weight, deviation, rng);
    return layer;
}

CrossAttention cross_attention_add(Params *params, const char *prefix, CrossAttentionSize s, Rng *rng) {
    Arena *a = params->arena;
    REQUIRE(s.width >= 1 && s.heads >= 1 && s.width % s.heads == 0 && s.states >= 1,
            "width %d, %d heads, states of %d numbers: heads must divide the width", s.width, s.heads, s.states);
    double added = 1 / sqrt((double)s.width * MAX(1, s.added));
    CrossAttention m = { .heads = s.heads };
    m.ln = layernorm_add(params, arena_print(a, "%s.ln", prefix), s.width);
    m.q_proj =
        normal_linear(params, arena_print(a, "%s.q_proj", prefix), ".", s.width, s.width, 1 / sqrt(s.width), rng);
    m.kv_proj = normal_linear(params, arena_print(a, "%s.kv_proj", prefix), ".", s.states, 2 * s.width,
                              1 / sqrt(s.states), rng);
    m.out_proj = normal_linear(params, arena_print(a, "%s.out_proj", prefix), ".", s.width, s.width, added, rng);
    return m;
}
Var cross_attention_states(Tape *t, const CrossAttention *m, Var states) { return linear(t, &m->kv_proj, states); }
/* x + out_proj(attention(q_proj(ln(x)), kv))          x [B,T,D], kv [B,S,2D] */
Var cross_attention(Tape *t, const CrossAttention *m, Var x, Var kv) {
    Var q = linear(t, &m->q_proj, layernorm(t, &m->ln, x));
    return op_add(t, x, linear(t, &m->out_proj, op_cross_attention(t, q, kv, m->heads)));
}

int transformer_mlp(TransformerSize size) { return size.mlp ? size.mlp : 4 * size.width; }

/* The two layers that are added to x start smaller, because 2 * layers of them are added up. */
static TransformerBlock block_add(Params *params, const char *name, TransformerSize s, Rng *rng) {
    Arena *a = params->arena;
    int D = s.width, M = transformer_mlp(s);
    double deviation = 1 / sqrt(D), added = deviation / sqrt(2.0 * s.layers);
    TransformerBlock b;
    b.in_proj = normal_linear(params, arena_print(a, "%s.attn.in_proj", name), "_", D, 3 * D, deviation, rng);
    b.out_proj = normal_linear(params, arena_print(a, "%s.attn.out_proj", name), ".", D, D, added, rng);
    b.c_fc = normal_linear(params, arena_print(a, "%s.mlp.c_fc", name), ".", D, M, 1 / sqrt(2.0 * D), rng);
    b.c_proj = normal_linear(params, arena_print(a, "%s.mlp.c_proj", name), ".", M, D, added, rng);
    b.ln_1 = layernorm_add(params, arena_print(a, "%s.ln_1", name), D);
    b.ln_2 = layernorm_add(params, arena_print(a, "%s.ln_2", name), D);
    return b;
}

Transformer transformer_add(Params *params, const char *prefix, TransformerSize size, Rng *rng) {
    REQUIRE(size.width >= 1 && size.heads >= 1 && size.width % size.heads == 0 && size.layers >= 1,
            "width %d, %d heads, %d layers: heads must divide the width", size.width, size.heads, size.layers);
    Transformer m = { .size = size, .blocks = arena_zero(params->arena, (size_t)size.layers, sizeof *m.blocks) };
    for (int i = 0; i < size.layers; i++)
        m.blocks[i] = block_add(params, arena_print(params->arena, "%s.resblocks.%d", prefix, i), size, rng);
    return m;
}

/* x + c_proj(gelu(c_fc(ln_2(x))))          x [..,D]; c_fc to M */
Var transformer_feed_forward(Tape *t, const TransformerBlock *b, TransformerSize s, Var x) {
    Var mlp_hidden = linear(t, &b->c_fc, layernorm(t, &b->ln_2, x));
    mlp_hidden = s.quick_gelu ? op_quick_gelu(t, mlp_hidden) : op_gelu(t, mlp_hidden);
    return op_add(t, x, linear(t, &b->c_proj, mlp_hidden));
}

/* a = x + out_proj(attention(in_proj(ln_1(x))))          x, a [B,T,D]
 * y = a + c_proj(gelu(c_fc(ln_2(a))))                    y [B,T,D]; c_fc to M
 * gather: y of token index[b] of each row alone, [B,D]. Nothing after the attention looks at other tokens. */
static Var block(Tape *t, const TransformerBlock *b, TransformerSize s, Var x, bool gather, const int *index) {
    Var attention_out = op_attention(t, linear(t, &b->in_proj, layernorm(t, &b->ln_1, x)), s.heads, s.causal);
    if (gather) {
        attention_out = op_gather(t, attention_out, index);
        x = op_gather(t, x, index);
    }
    return transformer_feed_forward(t, b, s, op_add(t, x, linear(t, &b->out_proj, attention_out)));
}

/* The arguments of `block`, for op_checkpoint. */
typedef struct {
    const TransformerBlock *block;
    TransformerSize size;
    bool gather;
    const int *index;
} BlockCall;
static Var block_again(Tape *t, const void *context, Var x) {
    const BlockCall *c = context;
    return block(t, c->block, c->size, x, c->gather, c->index);
}
/* The block, with its results in between on the tape, or with its input and result only. */
static Var block_of(Tape *t, const Transformer *m, int i, Var x, bool gather, const int *index) {
    if (!t->checkpoint || t->no_grad) return block(t, &m->blocks[i], m->size, x, gather, index);
    BlockCall *call = arena_alloc(&t->arena, 1, sizeof *call);
    *call = (BlockCall){ &m->blocks[i], m->size, gather, index };
    size_t rows = (size_t)x->val.shape[0];
    if (index) call->index = memcpy(arena_alloc(&t->arena, rows, sizeof *index), index, rows * sizeof *index);
    return op_checkpoint(t, x, block_again, call);
}

static Var blocks(Tape *t, const Transformer *m, Var x, int count) {
    for (int i = 0; i < count; i++) {
        TapeMark mark = tape_mark(t);
        x = tape_keep(t, mark, x, block_of(t, m, i, x, false, NULL));
    }
    return x;
}
Var transformer(Tape *t, const Transformer *m, Var x, const int *index) {
    int last = m->size.layers - 1;
    return block_of(t, m, last, blocks(t, m, x, last), true, index);
}
Var transformer_tokens(Tape *t, const Transformer *m, Var x) { return blocks(t, m, x, m->size.layers); }
