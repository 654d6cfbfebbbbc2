/* clip_loss: the loss of CLIP (Radford et al. 2021, arXiv:2103.00020, Fig. 3), and the least it can be. Units: nats. */
#ifndef CLIP_LOSS_H
#define CLIP_LOSS_H

#include "autograd/ops.h"

/* The logit scale is learnt as e^t. It starts at 1/0.07 and is kept at 100 or below (section 2.5 of the paper). */
#define LOGIT_SCALE_START 2.659260036932778 /* t = log(1 / 0.07) */
#define LOGIT_SCALE_MAX   4.605170185988092 /* t = log(100) */

/* logits = e^t image text^T: the scaled cosine of each image with each text.
 * Shapes  image [M,E], text [N,E] with rows of unit length, t one number -> [M,N] */
Var clip_logits(Tape *tape, Var image, Var text, Var t);

/* The symmetric contrastive loss of B matching pairs:
 *   L = (CE(logits, q) + CE(logits^T, q)) / 2 - H(q)
 * CE is the cross-entropy, mean over rows; q the target, H(q) its entropy: L is a divergence, 0 only where the model
 * predicts q. Without a target row i matches column i, and H is 0.
 * Shapes  logits [B,B]; q [B,B] symmetric, rows sum to 1 (clip_targets), or {0} for none -> one number
 * log B when all logits are equal and there is no target. */
Var clip_loss(Tape *tape, Var logits, Mat q);

#define SIGMOID_SCALE_START 2.302585092994046 /* t = log 10 */
#define SIGMOID_BIAS_START  (-10.0)
/* The sigmoid loss of SigLIP (Zhai et al. 2023, arXiv:2303.15343, algorithm 1): each of the B x B pairs is a question
 * of its own, whether they match; no softmax, so no row needs the others.
 *   L = -1/B sum_ij log sigma(z_ij (logits_ij + bias)),   sigma(x) = 1 / (1 + e^-x)
 * z_ij is 1 if image i matches text j: i = j or, with `caption` [B], equal captions; else -1. The paper starts with the
 * scale e^t = 10 and the bias -10, because of B pairs only one matches.
 * Shapes  logits [B,B]; bias one number -> one number */
Var clip_loss_sigmoid(Tape *tape, Var logits, Var bias, const int *caption);

/* The loss with hard negatives (NegCLIP: Yuksekgonul et al. 2022, arXiv:2210.01936, section 4). Columns B and above are
 * captions that match no image: they are used in the image -> text softmax only. excluded[i,n] = 1 leaves pair (i,n)
 * out of both sums: caption n is true of image i without being its own.
 *   L = 1/2 mean_i -log( e^l_ii / sum over n < N, not excluded[i,n], of e^l_in )        image -> text
 *     + 1/2 mean_i -log( e^l_ii / sum over k < B, not excluded[k,i], of e^l_ki )        text -> image
 * Shapes  logits, excluded [B,N], N >= B, excluded 0 on the diagonal -> one number */
Var clip_loss_hard_negatives(Tape *tape, Var logits, Mat excluded);

/* Targets for pairs that share captions: q[b,n] = (1 - smoothing) / (pairs with b's caption) for those pairs n, plus
 * smoothing / B for all n (label smoothing, Szegedy et al. 2016, section 7). caption[b] is the caption's number; with
 * all different and no smoothing q is the identity. On the arena. */
Mat clip_targets(Arena *arena, const int *caption, int B, double smoothing);

/* The least clip_loss without a target when captions repeat: n_b pairs share the caption of b, which cannot tell their
 * images apart, so p <= 1 / n_b and L >= mean_b log n_b. */
double clip_loss_floor_of(const int *caption, int B);
/* Its expectation for B random pairs of C equally frequent captions: E[log(1 + Binomial(B - 1, 1/C))] */
double clip_loss_floor(int B, int C);

#endif
