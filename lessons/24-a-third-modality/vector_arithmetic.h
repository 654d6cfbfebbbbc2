/* vector_arithmetic: sums and differences of vectors of different kinds, and which pictures they find. ImageBind
 * (arXiv:2305.05665, figure 1) shows examples of such sums; here they are counted.
 *
 *   sum         v = p(a) + x(b): a picture of a, and a sound (text, picture) of b; searched: the n pictures of a
 *               SearchSet of two objects; right: the picture of a and b
 *   difference  v = p(A) + x(B) - x(C): A is a colour and a shape, B and C have another shape in common and differ in
 *               colour, or another colour in common and differ in shape; right: any picture of A with the colour, or
 *               the shape, of B in place of C's. Searched: five pictures of each of the 64 types. A, B and C were
 *               seen in training; the target was seen, or was held out
 *
 * All p and x are unit vectors of scenes of their own; v is compared by its cosine. */
#ifndef VECTOR_ARITHMETIC_H
#define VECTOR_ARITHMETIC_H

#include "sound_search.h"

enum { ARITHMETIC_ITEMS = 200, ARITHMETIC_EACH = 5 };

/* What is added to the picture: nothing; a sound; and with -x(C), for differences; the same with texts, pictures. */
typedef enum { ADD_NOTHING, ADD_SOUND, ADD_SOUNDS, ADD_TEXTS, ADD_PICTURES, ADDITIONS } Addition;
const char *addition_name(Addition addition, bool difference);

typedef struct {
    Retrieval found;
    Rate recall[RETRIEVAL_CUTOFFS];
    Rate stayed;   /* difference: the nearest picture still has the type of A. sum: it has a, but not b */
    double chance; /* of recall@1 */
} ArithmeticResult;

/* `each` pictures of every type, to be searched: the i-th of type i % 64. On an arena. */
typedef struct {
    int n;
    ObjectType *type; /* [n] */
    int *label;       /* [n]: the number of the type */
    Mat pictures;     /* [n,E] */
} TypePictures;
TypePictures type_pictures(Arena *arena, SceneModel *scenes, int each, uint64_t seed);

/* ADD_SOUNDS and ADD_SOUND are the same for sums. */
ArithmeticResult arithmetic_sum(SceneModel *scenes, SoundModel *sounds, const SearchSet *two, SplitPart part,
                                Addition addition, uint64_t seed);
/* n queries for a target of that part. */
ArithmeticResult arithmetic_difference(SceneModel *scenes, SoundModel *sounds, const TypePictures *searched,
                                       SplitPart target, Addition addition, int n, uint64_t seed);

/* A query of a difference: A, B, C and the target; drawn from all that fit. */
typedef struct {
    ObjectType a, b, c, target;
} Analogy;
Analogy analogy_draw(const Split *split, SplitPart target, Rng *rng);

/* v / |v| of A, B and C for one query, [1,E]; on the arena. */
Mat arithmetic_vector(SceneModel *scenes, SoundModel *sounds, Arena *arena, const Analogy *analogy, Addition addition,
                      uint64_t seed);

/* The scene of A of that query; the scene of searched picture i of type_pictures with that seed. */
Scene arithmetic_scene(const Analogy *analogy, uint64_t seed);
Scene type_scene(const TypePictures *searched, int i, uint64_t seed);

#endif
