/* spotlight: pictures in which one knows where to look, to see whether a vision transformer looks there.
 *
 * A scene is a generated shape (shapes.h) on 32 x 32 pixels, seen as 8 x 8 patches of 4 pixels.
 */
#ifndef ATTENTION_MAP_H
#define ATTENTION_MAP_H

#include "core/arena.h"
#include "dataset/cifar.h"
#include "model/clip.h"

enum {
    ATTENTION_MAP_PATCH = 4,
    ATTENTION_MAP_ACROSS = CIFAR_SIDE / ATTENTION_MAP_PATCH,
    ATTENTION_MAP_PATCHES = ATTENTION_MAP_ACROSS * ATTENTION_MAP_ACROSS
};

typedef struct {
    const char *name; /* of the shape; static */
    uint8_t rgb[CIFAR_NUMBERS];
    bool covered[ATTENTION_MAP_PATCHES]; /* the shape covers a quarter of this patch, or more */
} AttentionMap;

/* The i-th scene of a seed: shapes and colours by turns, all else by chance. i >= 0. */
AttentionMap attention_map_scene(uint64_t seed, int i);

/* The attention of the class token of a model whose image tower is "vit" with patches of 4, in its last block, as
 * attention_map_share wants it. On the arena. */
Mat attention_map_look(Arena *arena, Clip *clip, const AttentionMap *scene);

/* How much of the attention to patches falls on the shape, 0 to 1. look [1,1+64]: of the class token, to itself first and
 * then to the patches (model_summary_look); what goes to itself is left out. And the share of the patches that it covers: what
 * an attention that is blind, or even, would give it. */
double attention_map_share(const AttentionMap *scene, Mat look);
double attention_map_chance(const AttentionMap *scene);

/* The picture with each patch as bright as the attention to it: the strongest as it is, none a tenth of it. */
void attention_map_lit(const AttentionMap *scene, Mat look, uint8_t lit[CIFAR_NUMBERS]);

#endif
