/* image_tower: pictures [B,H,W,3] to embeddings [B,E].
 *
 *   small     conv 3-16 3x3 stride 2, ReLU; conv 16-32 3x3 stride 2, ReLU; linear: 60 to 70 % on CIFAR-10, in seconds.
 *   cnn       a fixed whitening convolution 3-24 2x2 with a learnt bias, GELU; three blocks of (conv, max pool 2, batch
 *             norm, GELU, conv, batch norm, GELU) of the given widths; max pool; linear. (K. Jordan, "94% on CIFAR-10
 *             in 3.29 seconds on a single GPU", arXiv:2404.00498, section 3.)
 *   resnet    conv 3-a, batch norm, ReLU, max pool 2; x + GELU(batch norm(conv a-a)); ReLU(batch norm(conv a-b stride
 *             2)); mean over all positions; linear. The smallest network with a residual connection; widths a, b.
 *   resnet9   conv 3-64; conv 64-128, pool; residual; conv 128-256, pool; conv 256-512, pool; residual; max pool;
 *             linear. Each conv 3x3 with batch norm and ReLU. (D. Page, "How to train your ResNet", 2018.)
 *   vit       CLIP's vision transformer (vision_transformer.c): patch embedding, class token, blocks, projection.
 *   modified-resnet  CLIP's ResNet (modified_resnet.c), for pretrained weights.
 *   scene     conv 3-w0 4x4 stride 2; conv w0-w1 3x3 stride 2; conv w1-w2 3x3; conv w2-w2 3x3 stride 2, each with batch
 *             norm and ReLU; linear of all 4 x 4 positions: without pooling it sees what is where.
 *
 * Pictures have side x side pixels: 32 if it is not given, 224 for "modified-resnet". "scene" takes 32 only, the other
 * convolutional ones 32 or 64.
 */
#ifndef IMAGE_TOWER_H
#define IMAGE_TOWER_H

#include "model/transformer.h"

enum { TOWER_LAYERS = 8, IMAGE_STAGES = 4 };

typedef struct {
    const char *kind;
    int widths[3]; /* "cnn", "scene": channels; 0: 64, 256, 256. "resnet": the first two; 0: 64, 128 */
    int embed;     /* E */
    int side;      /* pixels of a picture's side; 0: 32, or 224 for "modified-resnet" */
    /* "vit" and "modified-resnet"; 0: the number in brackets */
    int patch;                /* pixels of a patch's side (4) */
    int width, layers, heads; /* D (128), or channels of the first stage (64); blocks (4); heads (D/32, or width/2) */
    int stages[IMAGE_STAGES]; /* "modified-resnet": blocks of each stage (3, 4, 6, 3) */
    bool quick_gelu;          /* "vit": op_quick_gelu for op_gelu */
    int mlp;                  /* "vit": hidden width of a block's MLP; 0: 4D */
} ImageTowerSize;

/* Layers that a kind does not have are 0: "vit" and "modified-resnet" have no conv and no norm here. */
typedef struct ImageTower ImageTower;
struct ImageTower {
    const char *kind;
    Var (*forward)(Tape *t, ImageTower *tower, Var pixels);
    Conv conv[TOWER_LAYERS]; /* "cnn": conv[0] holds the whitening filters */
    BatchNorm norm[TOWER_LAYERS];
    Linear fc;
    double drop; /* image_tower_drop */
    uint64_t drop_seed;
    struct VisionTransformer *vit;
    struct ModifiedResnet *modified;
};

/* The size with each 0 replaced as above. */
ImageTowerSize image_tower_size(ImageTowerSize size);
/* True if such a tower can be built; else false, and one line that says what is wrong with its kind or sizes. */
bool image_tower_check(ImageTowerSize size, Err *err);

/* Adds the tower's parameters to params, under "image."; under "visual." for "vit" and "modified-resnet". False where
 * image_tower_check is. */
bool image_tower_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);
/* Embeddings, not normalised: pixels [B,H,W,3] -> [B,E]. */
Var image_tower(Tape *t, ImageTower *tower, Var pixels);

/* "cnn": sets the whitening filters from example pictures [B,H,W,3]. Other kinds are left as they are.
 * With v_i, lambda_i the eigenvectors and eigenvalues of the covariance of all 2x2 patches (mean taken as 0, as in
 * normalised pictures), filter i is v_i / sqrt(lambda_i + 5e-4), and filter 12 + i its negative: the outputs are
 * uncorrelated, with equal variance (arXiv:2404.00498, section 3.2). */
void image_tower_whiten(ImageTower *tower, Mat pictures);
/* "cnn": random 3x3 filters instead of init_dirac, to measure what that is worth. Other kinds are left as they are. */
void image_tower_random_filters(ImageTower *tower, Rng *rng);
/* "vit": leaves out a random part of the patches in training (FLIP: Li et al. 2022, arXiv:2212.00794, section 3). On
 * training tapes the class token and the nearest number to (1 - fraction) N of the N patches, at least one, go through
 * the blocks; on other tapes all of them. Which ones is a function of (seed, the picture's row b) alone: give each step
 * its own seed. fraction 0 to 1; 0: none is left out. Other kinds are left as they are. */
void image_tower_drop(ImageTower *tower, double fraction, uint64_t seed);
/* "scene": the features before the linear layer, pixels [B,32,32,3] -> [B,4,4,w2]. */
Var scene_cnn_features(Tape *t, ImageTower *tower, Var pixels);

/* For the .c files of the towers.
 * Layer i: conv[i] without bias, "image.conv<i+1>", and norm[i], "image.bn<i+1>"; act(norm(conv(x))). */
void image_layer_add(ImageTower *tower, Params *params, int i, ConvSize size, Rng *rng);
Var image_layer(Tape *t, ImageTower *tower, int i, Var x, Activation act);
/* Stops unless pixels are [B,side,side,3]. */
void image_require_side(Var pixels, int side);
/* The kinds with a file of their own. */
void scene_cnn_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);
void vision_transformer_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);
void modified_resnet_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);

#endif
