/* pair_set: pictures with their captions, what a CLIP is trained and tested on. Made from a table of pairs
 * (pairs/pairs_data.h), from CIFAR-10 and templates (pair_set_cifar), or by the caller. */
#ifndef PAIR_SET_H
#define PAIR_SET_H

#include "dataset/cifar.h"
#include "formats/hash.h"

typedef struct {
    int n, side;                  /* pictures; pixels of a side */
    const uint8_t *const *planes; /* [n]: picture i as [3,side,side], red, green, blue */
    int caption_count;
    const char *const *caption; /* [caption_count] */
    /* [caption_count]: captions of the same group fit the same pictures (equal captions; captions of one class). NULL:
     * captions are in one group where the model reads the same tokens */
    const int *group;
    const int *first,
        *count; /* [n]: picture i has the captions own[first[i] .. first[i]+count[i]-1]; count 1 or more */
    const int *own;
    const char *name;      /* "CIFAR-10", "photos.tsv": for messages and checkpoints */
    const char *signature; /* SHA-256 of pictures and captions, if known; NULL: computed when it is needed */
} PairSet;

/* The pictures of a set with each class's name in each template as captions; a group is a class. Caption number
 * k * class + t is template t of `class`, k templates. Wants 1 template or more. Owner: the arena; the set stays the
 * caller's. */
PairSet pair_set_cifar(Arena *arena, const Cifar *set, const char *const *templates, int template_count);

/* group [caption_count]: set->group; or, where it is NULL, a number from 0 for each different row of ids
 * [caption_count,T]. Returns the number of groups (with set->group: the highest group + 1). */
int pair_set_groups(const PairSet *set, const int *ids, int T, int *group);

/* SHA-256 of everything a training depends on: pixels, captions, groups, and which belong together. */
void pair_set_sign(const PairSet *set, char hex[SHA256_HEX]);

#endif
