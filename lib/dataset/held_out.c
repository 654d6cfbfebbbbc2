#include "dataset/held_out.h"
#include "dataset/shapes.h"
#include "dataset/words.h"

#include <string.h>

/* In the order of CIFAR-10's classes. Written before the first measurement and not changed since. */
static const char *const attributes[CIFAR_CLASSES] = {
    "large long machine, wheels, sky",                   /* airplane */
    "small machine, wheels",                             /* automobile */
    "small wild animal, sky",                            /* bird */
    "small tame animal, fur, legs, pointed ears",        /* cat */
    "large wild animal, fur, legs, pointed ears, green", /* deer */
    "small tame animal, fur, legs",                      /* dog */
    "small wild animal, legs, green",                    /* frog */
    "large tame animal, fur, legs, pointed ears, green", /* horse */
    "large long machine, sky",                           /* ship */
    "large long machine, wheels",                        /* truck */
};

const char *const *holdout_descriptions(const Cifar *set) { return set->generated ? set->names : attributes; }

void holdout_require(int a, int b) {
    REQUIRE(0 <= a && a < CIFAR_CLASSES && 0 <= b && b < CIFAR_CLASSES && a != b,
            "classes %d and %d, want two of 0 to %d", a, b, CIFAR_CLASSES - 1);
}

bool holdout_alike(const Cifar *set, int a, int b) {
    holdout_require(a, b);
    if (set->generated) return a / SHAPE_CLASS_SHAPES == b / SHAPE_CLASS_SHAPES;
    return !strstr(attributes[a], "animal") == !strstr(attributes[b], "animal");
}

int holdout_unseen(const char *const *descriptions, int a, int b) {
    holdout_require(a, b);
    const char *shown[CIFAR_CLASSES], *held[] = { descriptions[a], descriptions[b] }, *pattern = "{}";
    int n = 0;
    Arena arena = { 0 };
    for (int c = 0; c < CIFAR_CLASSES; c++)
        if (c != a && c != b) shown[n++] = descriptions[c];
    Vocab vocab = vocab_build(&arena, &pattern, 1, shown, n);
    int room = text_max_words(held, 2), *ids = arena_alloc(&arena, 2 * (size_t)room, sizeof *ids);
    int unseen = vocab_encode(&vocab, &arena, held, 2, room, ids).unknown_count;
    arena_free(&arena);
    return unseen;
}

Cifar holdout_pictures(Arena *arena, const Cifar *set, int a, int b, bool held, int max) {
    holdout_require(a, b);
    int limit = max > 0 ? MIN(max, set->n) : set->n;
    uint8_t *pixels = arena_alloc(arena, (size_t)limit, CIFAR_NUMBERS), *labels = arena_alloc(arena, (size_t)limit, 1);
    Cifar part = { 0, pixels, labels, set->names, set->generated, set->folder };
    for (int i = 0; i < set->n && part.n < limit; i++) {
        if ((set->labels[i] == a || set->labels[i] == b) != held) continue;
        memcpy(pixels + (size_t)part.n * CIFAR_NUMBERS, set->pixels + (size_t)i * CIFAR_NUMBERS, CIFAR_NUMBERS);
        labels[part.n++] = set->labels[i];
    }
    return part;
}
