#include "model/clip_loss.h"

#include "core/softmax.h"
#include "core/thread.h"

#include <math.h>

Var clip_logits(Tape *tape, Var image, Var text, Var t) {
    return op_mul(tape, op_linear(tape, image, text, NULL), op_exp(tape, t));
}

typedef struct {
    Mat q;
    double *entropy;
} Rows;

static void entropy_rows(void *context, size_t begin, size_t end, int worker) {
    const Rows *s = context;
    (void)worker;
    for (size_t b = begin; b < end; b++) s->entropy[b] = entropy_row(&AT(s->q, b, 0), s->q.shape[1]);
}

/* H(q) averaged over the rows. */
static double target_entropy(Arena *arena, Mat q) {
    double sum = 0;
    Rows rows = { q, arena_alloc(arena, (size_t)q.shape[0], sizeof *rows.entropy) };
    parallel_for((size_t)q.shape[0], 16, entropy_rows, &rows);
    for (int b = 0; b < q.shape[0]; b++) sum += rows.entropy[b];
    return sum / q.shape[0];
}

/* Labels 0, 1, ... B-1: image b belongs to text b. */
static const int *diagonal(Arena *arena, int B) {
    int *label = arena_alloc(arena, (size_t)B, sizeof *label);
    for (int b = 0; b < B; b++) label[b] = b;
    return label;
}

Var clip_loss(Tape *tape, Var logits, Mat q) {
    int B = logits->val.shape[0];
    REQUIRE(logits->val.dims == 2 && B == logits->val.shape[1], "logits are %s, want [B,B]",
            mat_shape_text(logits->val));
    Var turned = op_transpose(tape, logits);
    if (!q.v) {
        const int *label = diagonal(&tape->arena, B);
        Var rows = op_cross_entropy_labels(tape, logits, label), columns = op_cross_entropy_labels(tape, turned, label);
        return op_scale(tape, op_add(tape, rows, columns), 0.5);
    }
    Var both = op_add(tape, op_cross_entropy(tape, logits, q), op_cross_entropy(tape, turned, q));
    Mat entropy = mat_like(&tape->arena, mat_shape(0));
    entropy.v[0] = (num)-target_entropy(&tape->arena, q);
    return op_add(tape, op_scale(tape, both, 0.5), tape_data(tape, entropy));
}

/* What is added to a logit to leave it out: e^(l - 1e4) is 0. */
static const num LEFT_OUT = -1e4;

/* Wrong captions choose no picture: all pictures but the first are left out of their rows, which then cost nothing, and
 * the mean over all rows is brought back to that over the first B. */
Var clip_loss_hard_negatives(Tape *tape, Var logits, Mat out) {
    int B = logits->val.shape[0], N = logits->val.shape[1];
    REQUIRE(logits->val.dims == 2 && B <= N && mat_same_shape(logits->val, out),
            "logits are %s, out %s, want [B,N] both, N >= B", mat_shape_text(logits->val), mat_shape_text(out));
    Mat rows = mat_new(&tape->arena, B, N), columns = mat_new(&tape->arena, N, B);
    int *own = arena_alloc(&tape->arena, (size_t)N, sizeof *own);
    for (int n = 0; n < N; n++) own[n] = n < B ? n : 0;
    for (int i = 0; i < B; i++)
        for (int n = 0; n < N; n++) {
            AT(rows, i, n) = AT(out, i, n) != 0 ? LEFT_OUT : 0;
            AT(columns, n, i) = n < B ? AT(rows, i, n) : i > 0 ? LEFT_OUT : 0;
        }
    Var captions = op_cross_entropy_labels(tape, op_add(tape, logits, tape_data(tape, rows)), own);
    Var pictures =
        op_cross_entropy_labels(tape, op_add(tape, op_transpose(tape, logits), tape_data(tape, columns)), own);
    return op_scale(tape, op_add(tape, captions, op_scale(tape, pictures, (double)N / B)), 0.5);
}

ClipPair clip_pair(Mat s, int i, double scale) {
    int N = s.shape[0];
    REQUIRE(s.dims == 2 && N == s.shape[1] && N >= 2 && i >= 0 && i < N, "pair %d of %s, want [N,N], N >= 2", i,
            mat_shape_text(s));
    const num *row = &AT(s, i, 0);
    ClipPair pair = { .positive = row[i], .hardest = i == 0, .loss = cross_entropy_row(row, N, scale, i) };
    for (int j = 0; j < N; j++)
        if (j != i && row[j] > row[pair.hardest]) pair.hardest = j;
    pair.negative = row[pair.hardest];
    pair.margin = pair.positive - pair.negative;
    pair.p = exp(-pair.loss);
    double others = 0; /* sum over j != i of e^(scale (s_ij - negative)), no term above 1 */
    for (int j = 0; j < N; j++)
        if (j != i) others += exp(scale * ((double)row[j] - pair.negative));
    pair.hardest_weight = 1 / others;
    return pair;
}

/* How many of the B pairs share pair b's caption, itself included. */
static int group_size(const int *caption, int B, int b) {
    int n = 0;
    for (int k = 0; k < B; k++) n += caption[k] == caption[b];
    return n;
}

Mat clip_targets(Arena *arena, const int *caption, int B, double smoothing) {
    Mat q = mat_new(arena, B, B);
    for (int b = 0; b < B; b++) {
        double positive = (1 - smoothing) / group_size(caption, B, b), everywhere = smoothing / B;
        for (int n = 0; n < B; n++) AT(q, b, n) = (num)(everywhere + (caption[n] == caption[b] ? positive : 0));
    }
    return q;
}

double clip_loss_floor_of(const int *caption, int B) {
    double sum = 0;
    for (int b = 0; b < B; b++) sum += log(group_size(caption, B, b));
    return sum / B;
}

double clip_loss_floor(int B, int C) {
    REQUIRE(B >= 1 && C >= 1, "B is %d, C is %d, want at least 1", B, C);
    if (C == 1) return log(B);
    double floor = 0, p = 1.0 / C;
    for (int k = 0; k < B; k++) { /* probability of k others, by logarithms of factorials */
        double log_p = lgamma(B) - lgamma(k + 1.0) - lgamma(B - (double)k) + k * log(p) + (B - 1.0 - k) * log1p(-p);
        floor += exp(log_p) * log(1.0 + k);
    }
    return floor;
}
