#include "training/grad_cache.h"

#include <string.h>

typedef struct {
    int first, n;
    Var image, text; /* [n,E] */
} Part;

int grad_cache_parts(const GradCache *g) {
    REQUIRE(g->micro >= 1, "parts of %d pairs, want 1 or more", g->micro);
    return (g->B + g->micro - 1) / g->micro;
}

static Part part_forward(const GradCache *g, Tape *t, int p) {
    Part part = { .first = p * g->micro };
    part.n = MIN(g->micro, g->B - part.first);
    tape_reset(t);
    PairPart pairs = g->part(g->context, &t->arena, part.first, part.n);
    part.image = clip_image(t, g->clip, pairs.pixels);
    part.text = clip_text(t, g->clip, pairs.ids, part.n, g->clip->config.tokens);
    return part;
}

/* The rows of a part in m [B,E], as [n,E]. */
static Mat part_rows(Mat m, Part part) {
    Mat rows = mat_shape(2, part.n, m.shape[1]);
    rows.v = &AT(m, part.first, 0);
    return rows;
}

static void rows_set(Mat m, Part part, Mat rows) {
    memcpy(part_rows(m, part).v, rows.v, mat_count(rows) * sizeof(num));
}

void grad_cache_embed(const GradCache *g, Tape *t, int p, Mat image, Mat text) {
    bool no_grad = t->no_grad;
    t->no_grad = true;
    Part part = part_forward(g, t, p);
    rows_set(image, part, part.image->val);
    rows_set(text, part, part.text->val);
    t->no_grad = no_grad;
}

/* d . x, one number [1,1]          x, d [n,E] */
static Var dot_with(Tape *t, Var x, Mat d) {
    int count = (int)mat_count(x->val);
    Mat column = mat_shape(2, count, 1);
    column.v = d.v;
    return op_matmul(t, op_reshape(t, x, mat_shape(2, 1, count)), tape_data(t, column));
}

Var grad_cache_backward(const GradCache *g, Tape *t, int p, Mat dimage, Mat dtext) {
    bool repeated = t->repeated, rounded = t->round_products;
    t->repeated = true;
    Part part = part_forward(g, t, p);
    t->round_products = false; /* for the two dot products */
    Var images = dot_with(t, part.image, part_rows(dimage, part));
    Var sum = op_add(t, images, dot_with(t, part.text, part_rows(dtext, part)));
    tape_backward(t, sum);
    t->round_products = rounded;
    t->repeated = repeated;
    return sum;
}
