#include "vector_arithmetic.h"

const char *addition_name(Addition addition, bool difference) {
    static const char *const names[ADDITIONS] = { "picture alone", "picture + sound", "picture + sound - sound",
                                                  "picture + text - text", "picture + picture - picture" };
    static const char *const sums[ADDITIONS] = { "picture alone", "picture + sound", "picture + sound",
                                                 "picture + text", "picture + picture" };
    return difference ? names[addition] : sums[addition];
}

static ObjectType type_of(int colour, int shape) { return (ObjectType){ (ShapeColour)colour, (Shape)shape }; }
static bool type_same(ObjectType a, ObjectType b) { return a.colour == b.colour && a.shape == b.shape; }
static bool type_in(const Split *split, SplitPart part, ObjectType t) {
    return split_has_pair(split, part, t.colour, t.shape);
}

Analogy analogy_draw(const Split *split, SplitPart target, Rng *rng) {
    for (;;) { /* ends: at a coverage from 1/4 to 3/4 there are such squares of two colours and two shapes */
        int c = (int)rng_below(rng, COLOUR_COUNT), other_c = (int)rng_below(rng, COLOUR_COUNT);
        int s = (int)rng_below(rng, SHAPE_COUNT), other_s = (int)rng_below(rng, SHAPE_COUNT);
        if (c == other_c || s == other_s) continue;
        bool colour = rng_below(rng, 2) == 0;
        Analogy q = { .a = type_of(c, s), .b = type_of(other_c, other_s) };
        q.c = colour ? type_of(c, other_s) : type_of(other_c, s);
        q.target = colour ? type_of(other_c, s) : type_of(c, other_s);
        if (type_in(split, SPLIT_SEEN, q.a) && type_in(split, SPLIT_SEEN, q.b) && type_in(split, SPLIT_SEEN, q.c) &&
            type_in(split, target, q.target))
            return q;
    }
}

/* ---- vectors of single objects ----------------------------------------------------------------------------------- */

/* n types -> [n,E] pictures, sounds or texts of them. Scene i has the seed `seed` + i. */
static Mat object_vectors(SceneModel *scenes, SoundModel *sounds, Arena *arena, Addition kind, const ObjectType *type,
                          int n, uint64_t seed) {
    Arena work = { 0 };
    Mat vectors;
    SoundExample *example = arena_alloc(&work, (size_t)n, sizeof *example);
    const Scene **scene = arena_alloc(&work, (size_t)n, sizeof *scene);
    const char **text = arena_alloc(&work, (size_t)n, sizeof *text);
    for (int i = 0; i < n; i++) {
        uint64_t own = seed + (uint64_t)i;
        example[i] = (SoundExample){ search_object(type[i], own), own, sounds && sounds->config.no_breath };
        scene[i] = &example[i].scene;
        Caption caption = { .kind = CAPTION_OBJECT, .a = noun_of((int)type[i].colour, (int)type[i].shape) };
        text[i] = caption_text(&caption, arena_alloc(&work, CAPTION_TEXT, 1));
    }
    if (kind == ADD_PICTURES) vectors = scene_model_image_features(scenes, arena, scene, n);
    else if (kind == ADD_TEXTS) vectors = clip_text_features(&scenes->clip, arena, text, n, NULL);
    else vectors = sound_features(sounds, arena, sound_samples(&work, example, n));
    arena_free(&work);
    return vectors;
}

/* sum += sign x */
static void rows_add_scaled(Mat sum, double sign, Mat x) {
    for (size_t i = 0; i < mat_count(sum); i++) sum.v[i] = (num)((double)sum.v[i] + sign * (double)x.v[i]);
}

/* The seeds of the scenes of A, B and C of many queries. */
enum { SEED_A = 100000, SEED_B = 200000, SEED_C = 300000, SEED_SEARCHED = 400000 };

/* [n,E]: the unit vectors of p(A) + x(B) - x(C); c NULL: without the last. */
static Mat combined(SceneModel *scenes, SoundModel *sounds, Arena *arena, Addition addition, const ObjectType *a,
                    const ObjectType *b, const ObjectType *c, int n, uint64_t seed) {
    Arena work = { 0 };
    uint64_t base = 1000000 * seed;
    Mat sum = object_vectors(scenes, sounds, arena, ADD_PICTURES, a, n, base + SEED_A);
    if (addition != ADD_NOTHING)
        rows_add_scaled(sum, 1, object_vectors(scenes, sounds, &work, addition, b, n, base + SEED_B));
    if (addition > ADD_SOUND && c)
        rows_add_scaled(sum, -1, object_vectors(scenes, sounds, &work, addition, c, n, base + SEED_C));
    mat_normalise_rows(sum);
    arena_free(&work);
    return sum;
}

Mat arithmetic_vector(SceneModel *scenes, SoundModel *sounds, Arena *arena, const Analogy *q, Addition addition,
                      uint64_t seed) {
    return combined(scenes, sounds, arena, addition, &q->a, &q->b, &q->c, 1, seed);
}

Scene arithmetic_scene(const Analogy *q, uint64_t seed) { return search_object(q->a, 1000000 * seed + SEED_A); }
Scene type_scene(const TypePictures *searched, int i, uint64_t seed) {
    return search_object(searched->type[i], 1000000 * seed + SEED_SEARCHED + (uint64_t)i);
}

/* ---- measured ---------------------------------------------------------------------------------------------------- */

static ArithmeticResult measure(Mat scores, const int *query, const int *answer, int stayed, double chance) {
    ArithmeticResult r = { .chance = chance };
    Err err;
    int n = scores.shape[0];
    if (!retrieval_measure(scores, query, answer, &r.found, &err)) die("%s", err.text);
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++) r.recall[c] = metrics_wilson((int)(r.found.recall[c] * n + 0.5), n);
    r.stayed = metrics_wilson(stayed, n);
    return r;
}

ArithmeticResult arithmetic_sum(SceneModel *scenes, SoundModel *sounds, const SearchSet *two, SplitPart part,
                                Addition addition, uint64_t seed) {
    Arena arena = { 0 };
    int n = two->n / 2, first = part == SPLIT_SEEN ? 0 : n, stayed = 0;
    ObjectType *a = arena_alloc(&arena, (size_t)n, sizeof *a), *b = arena_alloc(&arena, (size_t)n, sizeof *b);
    int *number = arena_alloc(&arena, (size_t)two->n, sizeof *number);
    for (int i = 0; i < two->n; i++) number[i] = i;
    for (int i = 0; i < n; i++) {
        a[i] = object_type(&two->scene[first + i]->object[0]);
        b[i] = object_type(&two->scene[first + i]->object[1]);
    }
    Mat query = combined(scenes, sounds, &arena, addition, a, b, NULL, n, seed);
    Mat scores = search_scores(&arena, query, two->pictures);
    for (int i = 0; i < n; i++) {
        int nearest;
        retrieval_top(&AT(scores, i, 0), two->n, 1, &nearest);
        ObjectType x = object_type(&two->scene[nearest]->object[0]), y = object_type(&two->scene[nearest]->object[1]);
        stayed += nearest != first + i && (type_same(x, a[i]) || type_same(y, a[i]));
    }
    ArithmeticResult r = measure(scores, number + first, number, stayed, 1.0 / two->n);
    arena_free(&arena);
    return r;
}

TypePictures type_pictures(Arena *arena, SceneModel *scenes, int each, uint64_t seed) {
    enum { TYPES = COLOUR_COUNT * SHAPE_COUNT };
    TypePictures t = { .n = TYPES * each };
    t.type = arena_alloc(arena, (size_t)t.n, sizeof *t.type);
    t.label = arena_alloc(arena, (size_t)t.n, sizeof *t.label);
    for (int i = 0; i < t.n; i++) {
        t.label[i] = i % TYPES;
        t.type[i] = type_of(t.label[i] / SHAPE_COUNT, t.label[i] % SHAPE_COUNT);
    }
    t.pictures = object_vectors(scenes, NULL, arena, ADD_PICTURES, t.type, t.n, 1000000 * seed + SEED_SEARCHED);
    return t;
}

ArithmeticResult arithmetic_difference(SceneModel *scenes, SoundModel *sounds, const TypePictures *searched,
                                       SplitPart target, Addition addition, int n, uint64_t seed) {
    Arena arena = { 0 };
    Rng rng = rng_seed(seed, 2401 + (uint64_t)target);
    int stayed = 0, *right = arena_alloc(&arena, (size_t)n, sizeof *right);
    ObjectType *a = arena_alloc(&arena, (size_t)n, sizeof *a), *b = arena_alloc(&arena, (size_t)n, sizeof *b);
    ObjectType *c = arena_alloc(&arena, (size_t)n, sizeof *c);
    for (int i = 0; i < n; i++) {
        Analogy q = analogy_draw(&scenes->split, target, &rng);
        a[i] = q.a;
        b[i] = q.b;
        c[i] = q.c;
        right[i] = (int)q.target.colour * SHAPE_COUNT + (int)q.target.shape;
    }
    Mat query = combined(scenes, sounds, &arena, addition, a, b, c, n, seed);
    Mat scores = search_scores(&arena, query, searched->pictures);
    for (int i = 0; i < n; i++) {
        int nearest;
        retrieval_top(&AT(scores, i, 0), searched->n, 1, &nearest);
        stayed += type_same(searched->type[nearest], a[i]);
    }
    ArithmeticResult r = measure(scores, right, searched->label, stayed, 1.0 / (COLOUR_COUNT * SHAPE_COUNT));
    arena_free(&arena);
    return r;
}
