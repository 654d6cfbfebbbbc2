/* image_tower: from pictures [B,32,32,3] to embeddings [B,E].
 *
 *   small     conv 3-16 3x3 stride 2, ReLU, conv 16-32 likewise, ReLU, linear. Seconds to train, 60 to 70 % on CIFAR-10.
 *   cnn       a fixed whitening convolution 3-24 2x2 with a learnt bias, GELU; three blocks of (conv, max pool 2, batch
 *             norm, GELU, conv, batch norm, GELU) with the given widths; max pool 3; linear. The network of K. Jordan,
 *             "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv:2404.00498), section 3.
 *   resnet9   conv 3-64; conv 64-128, pool; residual; conv 128-256, pool; conv 256-512, pool; residual; max pool 4;
 *             linear. Every conv 3x3 with batch norm and ReLU (D. Page, "How to train your ResNet", 2018).
 */
#ifndef IMAGE_TOWER_H
#define IMAGE_TOWER_H

#include "layer.h"

enum { TOWER_LAYERS = 8 };

typedef struct ImageTower ImageTower;
struct ImageTower {
    const char *kind;
    Var (*forward)(Tape *t, ImageTower *tower, Var pixels);
    Conv conv[TOWER_LAYERS];
    BatchNorm norm[TOWER_LAYERS];
    Linear fc;
};

typedef struct {
    const char *kind;
    int widths[3]; /* of "cnn": channels of its blocks; 0: 64, 256, 256 */
    int embed;     /* E */
} ImageTowerSize;

/* Adds the tower's parameters under "image." to params. False when the kind is none of the above. */
bool image_tower_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);

/* Embeddings, not yet of unit length: pixels [B,H,W,3] -> [B,E]. */
Var image_tower(Tape *t, ImageTower *tower, Var pixels);

/* Sets the whitening filters of "cnn" from example pictures [B,H,W,3]; nothing for other kinds. Filter i is the i-th
 * eigenvector of the covariance of all 2x2 patches over sqrt(eigenvalue + 5e-4); filter 12 + i is its negative. What
 * the network then sees has uncorrelated channels of equal variance. (The same paper, section 3.2.) */
void image_tower_whiten(ImageTower *tower, Mat pictures);

#endif
