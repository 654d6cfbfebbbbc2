/* unet: the network that learns to remove noise from small pictures, under a condition (Ronneberger et al. 2015,
 * arXiv:1505.04597; in diffusion: Ho et al. 2020, arXiv:2006.11239, appendix B).
 *
 *   fold     x [B,32,32,3]: 2 x 2 pixels become the 12 channels of one place of [B,16,16,12]
 *   fine     a convolution, one residual block with W1 channels at 16 x 16; its result is kept (the skip)
 *   coarse   a convolution with stride 2, a residual block with W2 channels at 8 x 8, positions are added,
 *            self-attention of the 64 places, cross-attention of the places to the caption's tokens, a residual block
 *   fine     1 x 1 convolution to W1, upsampling, the skip is added, a residual block, group norm, a convolution
 *
 *   residual block   h = conv(gelu(norm(x)))   y = x + conv(gelu(norm_e(h)))
 *                    norm_e: adaptive group norm; its scales and shifts are a linear layer of the embedding e
 *   embedding        e = gelu(W2 gelu(W1 [waves of t] + Wv vector + Wb bag + b1) + b2)
 *
 * vector, bag: two kinds of text vectors, each may be 0 (not given). tokens: a state for each word; 0: not given. */
#ifndef UNET_H
#define UNET_H

#include "model/layer.h"

enum { UNET_PIXELS = 32, UNET_FOLDED = 16, UNET_CHANNELS = 12, UNET_WAVES = 16 };

typedef struct {
    int fine, coarse; /* W1, W2: multiples of `groups` */
    int groups;       /* of group norm */
    int embed;        /* numbers of e */
    int heads;        /* of attention; divides W2 */
    int text;         /* numbers of a text vector, and of a token */
} UNetSize;

/* What a batch is conditioned on. */
typedef struct {
    Mat vector, bag; /* [B,text] each */
    Mat tokens;      /* [B,S,text] */
} UNetCondition;

typedef struct {
    Linear norm1; /* weight NULL; bias [2C]: scales and shifts of the first norm */
    Linear norm2; /* [2C] of e */
    Conv conv1, conv2;
} UNetBlock;

/* Do not copy or move: params points into the arena. */
typedef struct {
    Arena arena;
    Params params;
    UNetSize size;
    Linear time, vector, bag, embed;
    Conv in, down, up, out;
    UNetBlock first, before, after, last;
    Param *positions, *norm_self, *norm_cross, *norm_out; /* [8,8,W2]; [2C] each */
    Linear self_in, self_out, cross_query, cross_states, cross_out;
} UNet;

/* Random weights; the last layer of each branch starts as 0, so that the network begins as the identity of its
 * residual stream. Free with unet_free. */
void unet_init(UNet *net, UNetSize size, uint64_t seed);
void unet_free(UNet *net);

/* x [B,16,16,12], t [B] in 0..1 -> [B,16,16,12]. */
Var unet(Tape *tape, UNet *net, Mat x, const double *t, const UNetCondition *condition);

/* Picture [32,32,3] to [16,16,12] and back: channel 6 i + 3 j + c of place (h,w) is channel c of pixel (2h+i, 2w+j). */
void unet_fold(const num *picture, num *folded);
void unet_unfold(const num *folded, num *picture);

/* The waves of t: cos and sin of 2^k pi t / 2 ..., [UNET_WAVES]. */
void unet_waves(double t, num *waves);

#endif
