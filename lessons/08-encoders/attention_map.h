/* spotlight: pictures in which one knows where to look, to see whether a vision transformer looks there.
 *
 * A scene is a generated shape (shapes.h) on 32 x 32 pixels, seen as 8 x 8 patches of 4 pixels.
 */
#ifndef SPOTLIGHT_H
#define SPOTLIGHT_H

#include "dataset/cifar.h"
#include "model/clip.h"

enum {
    SPOTLIGHT_PATCH = 4,
    SPOTLIGHT_ACROSS = CIFAR_SIDE / SPOTLIGHT_PATCH,
    SPOTLIGHT_PATCHES = SPOTLIGHT_ACROSS * SPOTLIGHT_ACROSS
};

typedef struct {
    const char *name; /* of the shape; static */
    uint8_t rgb[CIFAR_NUMBERS];
    bool covered[SPOTLIGHT_PATCHES]; /* the shape covers a quarter of this patch, or more */
} Spotlight;

/* The i-th scene of a seed: shapes and colours by turns, all else by chance. i >= 0. */
Spotlight spotlight_scene(uint64_t seed, int i);

/* The attention of the class token of a model whose image tower is "vit" with patches of 4, in its last block, as
 * spotlight_share wants it. On the arena. */
Mat spotlight_look(Arena *arena, Clip *clip, const Spotlight *scene);

/* How much of the attention to patches falls on the shape, 0 to 1. look [1,1+64]: of the class token, to itself first and
 * then to the patches (anatomy_look); what goes to itself is left out. And the share of the patches that it covers: what
 * an attention that is blind, or even, would give it. */
double spotlight_share(const Spotlight *scene, Mat look);
double spotlight_chance(const Spotlight *scene);

/* The picture with each patch as bright as the attention to it: the strongest as it is, none a tenth of it. */
void spotlight_lit(const Spotlight *scene, Mat look, uint8_t lit[CIFAR_NUMBERS]);

#endif
