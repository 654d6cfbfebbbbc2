/* image_tower: from pictures [B,H,W,3] to embeddings [B,E].
 *
 *   small     conv 3-16 3x3 stride 2, ReLU, conv 16-32 likewise, ReLU, linear. Seconds to train, 60 to 70 % on CIFAR-10.
 *   cnn       a fixed whitening convolution 3-24 2x2 with a learnt bias, GELU; three blocks of (conv, max pool 2, batch
 *             norm, GELU, conv, batch norm, GELU) with the given widths; max pool 3; linear. The network of K. Jordan,
 *             "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv:2404.00498), section 3.
 *   resnet    conv 3-a, batch norm, ReLU, max pool 2; x + GELU(batch norm(conv a-a)); ReLU(batch norm(conv a-b, stride 2));
 *             mean over all places; linear: the smallest network with a residual connection. a and b are the first widths.
 *   resnet9   conv 3-64; conv 64-128, pool; residual; conv 128-256, pool; conv 256-512, pool; residual; max pool 4;
 *             linear. Every conv 3x3 with batch norm and ReLU (D. Page, "How to train your ResNet", 2018).
 *   vit       vision transformer as in CLIP: patches, class token, positions, norm, blocks (transformer.h), norm, proj.
 *   modified-resnet  CLIP's ResNet (arXiv:2103.00020, section 2.4): three convolutions first, mean pooling instead of
 *             strides, attention instead of the last mean. For pretrained weights: it is not in the training lessons.
 *   scene     conv 3-w0 4x4 stride 2; conv w0-w1 3x3 stride 2; conv w1-w2 3x3; conv w2-w2 3x3 stride 2, each with batch
 *             norm and ReLU; linear of all 4 x 4 places. For scenes of several things: nothing is pooled, so that what is
 *             where is not forgotten.
 *
 * "vit" and "modified-resnet" see side x side pixels, the others 32 x 32.
 */
#ifndef IMAGE_TOWER_H
#define IMAGE_TOWER_H

#include "model/transformer.h"

enum { TOWER_LAYERS = 8, IMAGE_STAGES = 4 };

typedef struct {
    const char *kind;
    int widths[3]; /* of "cnn" and "scene": channels; 0: 64, 256, 256. Of "resnet" the first two; 0: 64, 128 */
    int embed;     /* E */
    /* of "vit" and "modified-resnet"; 0: what is said in brackets */
    int side, patch;          /* pixels of a picture's side and of a patch's (32, 4) */
    int width, layers, heads; /* D or the first stage's channels (128; 64), blocks (4), heads (D/32; 16 or 32 D/64) */
    int stages[IMAGE_STAGES]; /* of "modified-resnet": blocks of each stage (3, 4, 6, 3) */
    bool quick_gelu;          /* of "vit": OpenAI's x sigmoid(1.702 x) */
} ImageTowerSize;

typedef struct ImageTower ImageTower;
struct ImageTower {
    const char *kind;
    Var (*forward)(Tape *t, ImageTower *tower, Var pixels);
    Conv conv[TOWER_LAYERS];
    BatchNorm norm[TOWER_LAYERS];
    Linear fc;
    struct VisionTransformer *vit;
    struct ModifiedResnet *modified;
};

/* The sizes with what is 0 filled in as said above. */
ImageTowerSize image_tower_size(ImageTowerSize size);

/* Whether there is such a tower; if not, in one line, what is wrong with its kind or sizes. */
bool image_tower_check(ImageTowerSize size, Err *err);

/* Adds the tower's parameters to params, under "image.", those of "vit" and "modified-resnet" under "visual.". False
 * when image_tower_check says so. */
bool image_tower_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);

/* Embeddings, not yet of unit length: pixels [B,H,W,3] -> [B,E]. */
Var image_tower(Tape *t, ImageTower *tower, Var pixels);

/* Sets the whitening filters of "cnn" from example pictures [B,H,W,3]; nothing for other kinds. Filter i is the i-th
 * eigenvector of the covariance of all 2x2 patches (their mean is taken to be 0, as it nearly is in normalised
 * pictures) over sqrt(eigenvalue + 5e-4); filter 12 + i is its negative. What the network then sees has uncorrelated
 * channels of equal variance. (The same paper, section 3.2.) */
void image_tower_whiten(ImageTower *tower, Mat pictures);

/* Gives the 3x3 filters of "cnn" random first weights, where they usually begin by passing on what they see; nothing for
 * other kinds. To measure what that is worth. */
void image_tower_random_filters(ImageTower *tower, Rng *rng);

/* What "scene" has seen before its linear layer, place by place: pixels [B,32,32,3] -> [B,4,4,w2]. */
Var scene_cnn_features(Tape *t, ImageTower *tower, Var pixels);

/* The kinds that have a file of their own (image_vit.c, ...): called by image_tower_add. */
void scene_cnn_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);
void vision_transformer_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);
void modified_resnet_add(ImageTower *tower, Params *params, ImageTowerSize size, Rng *rng);

#endif
