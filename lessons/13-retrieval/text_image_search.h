/* text_image_search: a set of pictures and all captions of their classes, each searched with the other. */
#ifndef TEXT_IMAGE_SEARCH_H
#define TEXT_IMAGE_SEARCH_H

#include "dataset/cifar.h"
#include "evaluate/retrieval.h"
#include "model/clip.h"
#include "show/figure.h"

typedef struct {
    const Cifar *set;
    const char **files; /* the pictures' names in figures; NULL: the names of their classes */
    const char **texts; /* templates * CIFAR_CLASSES captions, those of a class together */
    int text_count, templates;
    int *shows, *says; /* the class of each picture, of each caption: labels for retrieval_measure */
} Search;

/* Wants 1 template or more, each with {}. Owner: the arena; the set stays the caller's. */
Search search_make(Arena *arena, const Cifar *set, const char *const *templates, int template_count);

/* S [pictures,n]: the cosine of every picture with every text, on the arena. Unknown words are named on stdout. */
Mat search_cosines(Arena *arena, Clip *clip, const Cifar *set, const char *const *texts, int n);

/* Picture i with a caption. */
Tile search_tile(Arena *arena, const Cifar *set, int i, const char *caption, bool marked);

/* The k pictures (or all, if fewer) with the highest of scores [pictures], with name and score. Marked: those that are
 * not of `class`; -1: none. Returns how many. */
int search_tiles(Arena *arena, const Search *search, const num *scores, int k, int class, Tile *tiles);

#endif
