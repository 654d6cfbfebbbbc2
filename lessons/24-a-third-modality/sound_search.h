/* sound_search: sounds and pictures that are searched with texts, pictures and sounds, and how well each is found. */
#ifndef SOUND_SEARCH_H
#define SOUND_SEARCH_H

#include "evaluate/metrics.h"
#include "evaluate/retrieval.h"
#include "sound/sound_model.h"

enum { SEARCH_ITEMS = 320 };

/* Scenes of one type of objects, one to five of them: "three red circles"; of two different objects: "a red circle
 * and a blue square", two sounds mixed. */
typedef enum { SET_ONE, SET_TWO, SETS } SetKind;
const char *set_name(SetKind kind);    /* "one", "two" */
const char *part_name(SplitPart part); /* "seen", "held out" */

/* n scenes, no two with the same objects: the first half of combinations that were seen in training, the second half of
 * held-out ones. On an arena. */
typedef struct {
    SetKind kind;
    int n;
    SoundExample *example; /* [n] */
    const Scene **scene;   /* [n] */
    const char **text;     /* [n]: their captions, canonical */
    Mat pictures, texts;   /* [n,E]: unit vectors of the scene model */
} SearchSet;

/* The split of the scene model decides what was seen. Wants n even, 2 to SEARCH_ITEMS. */
SearchSet search_set(Arena *arena, SceneModel *scenes, SetKind kind, int n, uint64_t seed);
/* Unit vectors [n,E] of the sounds of a set, on the arena. */
Mat search_sounds(SoundModel *model, Arena *arena, const SearchSet *set);
/* For each scene the mean of the vectors of `each` further pictures of the same objects, elsewhere, with other noise:
 * unit vectors [n,E], on the arena. */
Mat search_mean_pictures(SceneModel *scenes, Arena *arena, const SearchSet *set, int each);
/* A scene of one object of this type. */
Scene search_object(ObjectType type, uint64_t seed);

/* Query i of the part has one right answer, answer i of the whole set: a chance of 1 in n. */
typedef struct {
    Retrieval found;
    Rate recall[RETRIEVAL_CUTOFFS];
    Rate colour, shape,
        count; /* nearest answers whose first object has the query's colour, shape; whose number is right */
} SearchResult;
/* query, answer [n,E], rows of the set's order. */
SearchResult search_measure(const SearchSet *set, SplitPart part, Mat query, Mat answer);

/* scores [Q,N] = the dot product of each row of query [Q,E] with each of answer [N,E]. On the arena. */
Mat search_scores(Arena *arena, Mat query, Mat answer);

#endif
