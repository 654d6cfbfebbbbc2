/* search: a set of pictures and all captions of their classes, each to be found by the other. */
#ifndef TEXT_IMAGE_SEARCH_H
#define TEXT_IMAGE_SEARCH_H

#include "core/arena.h"
#include "dataset/cifar.h"
#include "model/clip.h"
#include "show/figure.h"

typedef struct {
    const Cifar *set;
    const char **files; /* what the pictures are called; NULL: as their classes are */
    const char **texts; /* templates * CIFAR_CLASSES captions, those of a class together */
    int text_count, templates;
    int *shows, *says; /* the class of each picture, of each caption: what retrieval_measure wants */
} Search;

/* Wants 1 template or more, each with {}. Owner: the arena; the set stays the caller's. */
Search search_make(Arena *arena, const Cifar *set, const char *const *templates, int template_count);

/* S [pictures,n]: the cosine of every picture of a set with every text. Unknown words are said on stdout. On the arena. */
Mat search_cosines(Arena *arena, Clip *clip, const Cifar *set, const char *const *texts, int n);

/* Picture i with a caption. */
Tile search_tile(Arena *arena, const Cifar *set, int i, const char *caption, bool marked);

/* The k pictures with the highest of scores [pictures], or as many as there are, with name and score. Marked: those that
 * are not of `class`; -1: none is. Returns how many. */
int search_tiles(Arena *arena, const Search *search, const num *scores, int k, int class, Tile *tiles);

#endif
