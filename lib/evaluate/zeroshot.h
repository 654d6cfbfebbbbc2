/* zeroshot: classification from text alone (Radford et al. 2021, section 3.1). A class is the unit vector of a text
 * that describes it; a picture belongs to the class whose vector is nearest to its own. */
#ifndef ZEROSHOT_H
#define ZEROSHOT_H

#include "core/arena.h"
#include "dataset/cifar.h"
#include "model/clip.h"

/* One vector per name: the mean of the unit vectors of all templates filled with it, made unit length again
 * (section 3.1.4). Shape [names,E], on the arena. Unknown words are said on `warnings` (NULL: not). */
Mat zeroshot_classes(Clip *clip, Arena *arena, const char *const *templates, int template_count,
                     const char *const *names, int name_count, FILE *warnings);

/* Other looks at the same picture whose similarities are averaged: itself; itself and its mirror image; both of them
 * also shifted by a pixel towards two corners, each of these four with half the weight (Jordan, arXiv:2404.00498,
 * section 3.5). */
typedef enum { TTA_NONE, TTA_MIRROR, TTA_MIRROR_SHIFT } TestAugmentation;

/* Called now and then with the number of pictures done; NULL: not. */
typedef void (*ZeroshotProgress)(void *context, int done);

/* Which pictures of a set, and how they are gone through. */
typedef struct {
    int first, n, batch;
    TestAugmentation tta;
    ZeroshotProgress progress;
    void *context;
} ZeroshotRange;

/* Cosine of pictures first .. first+n-1 with every class: [n,C] on the arena. `batch` pictures are encoded at a time,
 * which changes the memory needed but not the result. */
Mat zeroshot_scores(Clip *clip, Arena *arena, Mat classes, const Cifar *set, ZeroshotRange range);

#endif
