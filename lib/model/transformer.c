#include "model/transformer.h"
#include "core/arena.h"

#include <math.h>

/* A linear layer whose weights begin normal, with the given deviation, and whose biases are 0. */
static Linear normal_linear(Params *params, const char *prefix, const char *join, int in, int out, double deviation,
                            Rng *rng) {
    Linear layer = { .weight = params_add(params, mat_shape(2, out, in), "%s%sweight", prefix, join),
                     .bias = params_add(params, mat_shape(1, out), "%s%sbias", prefix, join) };
    init_normal(layer.weight, deviation, rng);
    return layer;
}

static TransformerBlock block_add(Params *params, const char *name, TransformerSize s, Rng *rng) {
    int D = s.width;
    double default_size = 1 / sqrt(D),
           last = default_size / sqrt(2.0 * s.layers); /* what is added up grows with the layers */
    char part[4][200];
    static const char *const parts[] = { "attn.in_proj", "attn.out_proj", "mlp.c_fc", "mlp.c_proj" };
    for (int i = 0; i < 4; i++) snprintf(part[i], sizeof part[i], "%s.%s", name, parts[i]);
    TransformerBlock b;
    b.in_proj = normal_linear(params, part[0], "_", D, 3 * D, default_size, rng);
    b.out_proj = normal_linear(params, part[1], ".", D, D, last, rng);
    b.c_fc = normal_linear(params, part[2], ".", D, 4 * D, 1 / sqrt(2.0 * D), rng);
    b.c_proj = normal_linear(params, part[3], ".", 4 * D, D, last, rng);
    snprintf(part[0], sizeof part[0], "%s.ln_1", name);
    b.ln_1 = layernorm_add(params, part[0], D);
    snprintf(part[0], sizeof part[0], "%s.ln_2", name);
    b.ln_2 = layernorm_add(params, part[0], D);
    return b;
}

Transformer transformer_add(Params *params, const char *prefix, TransformerSize size, Rng *rng) {
    REQUIRE(size.width >= 1 && size.heads >= 1 && size.width % size.heads == 0 && size.layers >= 1,
            "width %d, %d heads, %d layers: heads must divide the width", size.width, size.heads, size.layers);
    Transformer m = { .size = size, .blocks = arena_zero(params->arena, (size_t)size.layers, sizeof *m.blocks) };
    for (int i = 0; i < size.layers; i++) {
        char name[160];
        snprintf(name, sizeof name, "%s.resblocks.%d", prefix, i);
        m.blocks[i] = block_add(params, name, size, rng);
    }
    return m;
}

/* The block's second half works on every token alone: what is not `wanted` can be left out before it. */
typedef struct {
    bool one;
    const int *place;
} Wanted;

static Var block(Tape *t, const TransformerBlock *b, TransformerSize s, Var x, Wanted wanted) {
    Var attention_out = op_attention(t, linear(t, &b->in_proj, layernorm(t, &b->ln_1, x)), s.heads, s.causal);
    if (wanted.one) {
        attention_out = op_gather(t, attention_out, wanted.place);
        x = op_gather(t, x, wanted.place);
    }
    x = op_add(t, x, linear(t, &b->out_proj, attention_out));
    Var mlp_hidden = linear(t, &b->c_fc, layernorm(t, &b->ln_2, x));
    mlp_hidden = s.quick_gelu ? op_quick_gelu(t, mlp_hidden) : op_gelu(t, mlp_hidden);
    return op_add(t, x, linear(t, &b->c_proj, mlp_hidden));
}

static Var blocks(Tape *t, const Transformer *m, Var x, int count) {
    for (int i = 0; i < count; i++) {
        TapeMark mark = tape_mark(t);
        x = tape_keep(t, mark, x, block(t, &m->blocks[i], m->size, x, (Wanted){ false, NULL }));
    }
    return x;
}

Var transformer(Tape *t, const Transformer *m, Var x, const int *place) {
    int last = m->size.layers - 1;
    return block(t, &m->blocks[last], m->size, blocks(t, m, x, last), (Wanted){ true, place });
}

Var transformer_tokens(Tape *t, const Transformer *m, Var x) { return blocks(t, m, x, m->size.layers); }
