/* attention_map: how much of a vision transformer's attention falls on the shape in a picture. A scene is a generated
 * shape (shapes.h) on 32 x 32 pixels, seen as 8 x 8 patches of 4 x 4 pixels. An attention [1,1+64] is that of the class
 * token: to itself, then to the patches (model_summary_attention). */
#ifndef ATTENTION_MAP_H
#define ATTENTION_MAP_H

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
} AttentionScene;

/* Scene i >= 0 of a seed: shapes and colours in turn, position and background at random. */
AttentionScene attention_scene(uint64_t seed, int i);

/* The class token's attention in the last block. Stops unless the tower is "vit" with patches of 4. On the arena. */
Mat attention_map(Arena *arena, Clip *clip, const AttentionScene *scene);

/* The part of the attention to patches that falls on covered ones, 0 to 1. */
double attention_on_shape(const AttentionScene *scene, Mat attention);
/* The same for uniform attention: the part of the patches that is covered. */
double attention_uniform(const AttentionScene *scene);

/* The picture, each patch as bright as its attention: the strongest unchanged, none at a tenth. */
void attention_overlay(const AttentionScene *scene, Mat attention, uint8_t rgb[CIFAR_NUMBERS]);

#endif
