#include "model/clip_loss.h"
#include "core/softmax.h"

#include <math.h>

/* logits = e^t image text^T          image [M,E], text [N,E], t one number -> [M,N] */
Var clip_logits(Tape *tape, Var image, Var text, Var t) {
    return op_mul(tape, op_linear(tape, image, text, NULL), op_exp(tape, t));
}

/* Labels of N rows: 0, 1, ... B-1 (image b matches text b), then 0. */
static const int *diagonal(Arena *arena, int B, int N) {
    int *label = arena_alloc(arena, (size_t)N, sizeof *label);
    for (int n = 0; n < N; n++) label[n] = n < B ? n : 0;
    return label;
}

/* L = (CE(logits, q) + CE(logits^T, q)) / 2 - H(q)          logits, q [B,B] -> one number */
Var clip_loss(Tape *tape, Var logits, Mat q) {
    int B = logits->val.shape[0];
    REQUIRE(logits->val.dims == 2 && B == logits->val.shape[1], "logits are %s, want [B,B]",
            mat_shape_text(logits->val));
    Var transposed = op_transpose(tape, logits);
    if (!q.v) {
        const int *label = diagonal(&tape->arena, B, B);
        Var rows = op_cross_entropy_labels(tape, logits, label);
        Var columns = op_cross_entropy_labels(tape, transposed, label);
        return op_scale(tape, op_add(tape, rows, columns), 0.5);
    }
    Var both = op_add(tape, op_cross_entropy(tape, logits, q), op_cross_entropy(tape, transposed, q));
    Mat entropy = mat_like(&tape->arena, mat_shape(0));
    double sum = 0; /* H(q) = mean_b - sum_n q_bn log q_bn */
    for (int b = 0; b < B; b++) sum += entropy_row(&AT(q, b, 0), B);
    entropy.v[0] = (num) - (sum / B);
    return op_add(tape, op_scale(tape, both, 0.5), tape_data(tape, entropy));
}

/* L as in the header          logits [B,B], bias one number -> one number */
Var clip_loss_sigmoid(Tape *tape, Var logits, Var bias, const int *caption) {
    int B = logits->val.shape[0];
    REQUIRE(logits->val.dims == 2 && B == logits->val.shape[1], "logits are %s, want [B,B]",
            mat_shape_text(logits->val));
    Mat match = mat_new(&tape->arena, B, B);
    for (int i = 0; i < B; i++)
        for (int j = 0; j < B; j++) AT(match, i, j) = i == j || (caption && caption[i] == caption[j]);
    return op_sigmoid_cross_entropy(tape, op_add(tape, logits, bias), match);
}

static const num EXCLUDED = -1e4; /* added to a logit: e^(l - 1e4) is 0 */

/* L as in the header: masks [B,N] and [N,B] are added to logits and logits^T. A hard negative has no text -> image
 * loss: its row excludes all images but the first. N / B turns the mean over N rows into one over B. */
Var clip_loss_hard_negatives(Tape *tape, Var logits, Mat excluded) {
    int B = logits->val.shape[0], N = logits->val.shape[1];
    REQUIRE(logits->val.dims == 2 && B <= N && mat_same_shape(logits->val, excluded),
            "logits are %s, excluded %s, want [B,N] both, N >= B", mat_shape_text(logits->val),
            mat_shape_text(excluded));
    Mat rows = mat_new(&tape->arena, B, N), columns = mat_new(&tape->arena, N, B);
    const int *own = diagonal(&tape->arena, B, N);
    for (int i = 0; i < B; i++)
        for (int n = 0; n < N; n++) {
            AT(rows, i, n) = AT(excluded, i, n) != 0 ? EXCLUDED : 0;
            AT(columns, n, i) = n < B ? AT(rows, i, n) : i > 0 ? EXCLUDED : 0;
        }
    Var texts = op_cross_entropy_labels(tape, op_add(tape, logits, tape_data(tape, rows)), own);
    Var transposed = op_add(tape, op_transpose(tape, logits), tape_data(tape, columns));
    Var images = op_scale(tape, op_cross_entropy_labels(tape, transposed, own), (double)N / B);
    return op_scale(tape, op_add(tape, texts, images), 0.5);
}

/* How many of the B pairs have pair b's caption, itself included. */
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
    for (int k = 0; k < B; k++) { /* log of the probability of k others */
        double log_p = lgamma(B) - lgamma(k + 1.0) - lgamma(B - (double)k) + k * log(p) + (B - 1.0 - k) * log1p(-p);
        floor += exp(log_p) * log(1.0 + k);
    }
    return floor;
}
