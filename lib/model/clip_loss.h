/* loss: what CLIP minimises (Radford et al. 2021, arXiv:2103.00020, Fig. 3), and how low it can get. */
#ifndef CLIP_LOSS_H
#define CLIP_LOSS_H

#include "autograd/ops.h"

/* The logit scale is learnt as e^t, starts at 1/0.07, and is kept at 100 or below (the paper, section 2.5). */
#define LOGIT_SCALE_START 2.659260036932778 /* t = log(1 / 0.07) */
#define LOGIT_SCALE_MAX   4.605170185988092 /* t = log(100) */

/* Logits = e^t * image text^T: for every image its similarity with every text.
 * Shapes  image [M,E], text [N,E] with rows of unit length, t a scalar -> [M,N] */
Var clip_logits(Tape *tape, Var image, Var text, Var t);

/* The symmetric contrastive loss of B matching pairs:
 *   L = (CE(logits, q) + CE(logits^T, q)) / 2 - H(q)
 * CE is the cross-entropy averaged over rows, q the target and H(q) its entropy: the loss is a divergence, and 0 only
 * for a model that predicts q. Without a target each row's partner is the row of its number, and H is 0.
 * Shapes  logits [B,B]; q [B,B] symmetric, rows sum to 1 (clip_targets), or {0} for none -> a scalar
 * Units   nats; log B when all logits are equal and there is no target */
Var clip_loss(Tape *tape, Var logits, Mat q);

/* The same with captions that are wrong on purpose ("hard negatives", Yuksekgonul et al. 2022, arXiv:2210.01936, section 4:
 * NegCLIP). Columns B and above are captions that no picture is searched for with: they stand only among those that
 * pictures choose from. out[i,n] = 1 leaves caption n out of picture i's choice, and picture i out of caption n's: it is
 * true of the picture, without being its own.
 *   L = 1/2 mean_i -log( e^l_ii / sum over n < N, not out[i,n], of e^l_in )        pictures choose captions
 *     + 1/2 mean_i -log( e^l_ii / sum over k < B, not out[k,i], of e^l_ki )        captions choose pictures
 * Shapes  logits, out [B,N] with N >= B, out 0 on the diagonal -> a scalar, in nats */
Var clip_loss_hard_negatives(Tape *tape, Var logits, Mat out);

/* One pair of a batch and its closest rival. `s` holds cosines [N,N], N >= 2: row i a picture, column i its text. */
typedef struct {
    double positive;       /* s[i,i] */
    int hardest;           /* the column j != i with the largest cosine; of equals the first */
    double negative;       /* s[i,hardest] */
    double margin;         /* positive - negative; below 0 the answer is wrong */
    double p, loss;        /* softmax(scale s[i])_i and -log p, in nats */
    double hardest_weight; /* the hardest negative's part in the push on all of them, p_j / (1 - p) */
} ClipPair;

/* Picture i of the batch, whose cosines the loss multiplies by `scale`. */
ClipPair clip_pair(Mat s, int i, double scale);

/* Targets for pairs that share captions: q[b,n] = (1 - smoothing) / (members of b's group) for n in b's group, plus
 * smoothing / B everywhere (label smoothing, Szegedy et al. 2016, section 7).
 * caption[b] names the group of pair b; with all different and no smoothing q is the identity. On the arena. */
Mat clip_targets(Arena *arena, const int *caption, int B, double smoothing);

/* The least that clip_loss without a target can be when captions repeat: a text cannot tell its image from another's
 * with the same caption, so p <= 1/n, n the pairs that share it, and L >= mean over b of log n_b. */
double clip_loss_floor_of(const int *caption, int B);

/* The same expected for B pairs drawn at random from C equally frequent captions: E[log(1 + Binomial(B - 1, 1/C))]. */
double clip_loss_floor(int B, int C);

#endif
