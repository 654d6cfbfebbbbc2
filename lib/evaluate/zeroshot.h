/* zeroshot: classification from texts alone (Radford et al. 2021, section 3.1). The vector of a class is that of a text
 * which describes it; a picture belongs to the class with the largest cosine. */
#ifndef ZEROSHOT_H
#define ZEROSHOT_H

#include "dataset/cifar.h"
#include "model/clip.h"

/* One unit vector for each name: the mean of the unit vectors of all templates filled with it, normalised (section
 * 3.1.4). [names,E], on the arena. Unknown words are listed on `warnings` (NULL: not listed). */
Mat zeroshot_classes(Clip *clip, Arena *arena, const char *const *templates, int template_count,
                     const char *const *names, int name_count, FILE *warnings);

/* Test-time augmentation: scores are averaged over the picture; it and its mirror image; or both, each plain and
 * shifted by a pixel to two corners, a shifted one with half the weight (Jordan, arXiv:2404.00498, section 3.5). */
typedef enum { TTA_NONE, TTA_MIRROR, TTA_MIRROR_SHIFT } TestAugmentation;

typedef struct {
    int n, batch; /* the first n pictures; encoded at a time: changes the memory, not the result */
    TestAugmentation tta;
    void (*progress)(void *context, int done); /* called after each batch with the pictures done; NULL: none */
    void *context;
} ZeroshotRange;

/* The cosine of each picture with each class: [n,C], on the arena. classes [C,E] from zeroshot_classes. */
Mat zeroshot_scores(Clip *clip, Arena *arena, Mat classes, const Cifar *set, ZeroshotRange range);

#endif
