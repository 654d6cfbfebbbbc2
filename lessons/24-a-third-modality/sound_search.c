#include "sound_search.h"

#include <string.h>

const char *set_name(SetKind kind) { return kind == SET_ONE ? "one" : "two"; }
const char *part_name(SplitPart part) { return part == SPLIT_SEEN ? "seen" : "held out"; }

/* Draws scenes of the part until there are `until`, leaving out those that sound as an earlier one. */
static int draw(SearchSet *set, const Split *split, SplitPart part, uint64_t seed, int n, int until) {
    SceneConfig s = { .seed = seed, .repeat = set->kind == SET_ONE, .split = split, .part = part };
    s.least = set->kind == SET_ONE ? 1 : 2;
    s.max = set->kind == SET_ONE ? SCENE_MAX : 2;
    for (uint64_t i = 0; n < until; i++) {
        SoundExample example = { scene_make(&s, i), seed + i, false };
        bool again = false;
        for (int k = 0; k < n && !again; k++) again = sound_same(&set->example[k].scene, &example.scene);
        if (!again) set->example[n++] = example;
    }
    return n;
}

SearchSet search_set(Arena *arena, SceneModel *scenes, SetKind kind, int n, uint64_t seed) {
    SearchSet set = { .kind = kind, .n = n };
    REQUIRE(n >= 2 && n % 2 == 0 && n <= SEARCH_ITEMS, "%d scenes, want an even number up to %d", n, SEARCH_ITEMS);
    set.example = arena_alloc(arena, (size_t)n, sizeof *set.example);
    set.scene = arena_alloc(arena, (size_t)n, sizeof *set.scene);
    set.text = arena_alloc(arena, (size_t)n, sizeof *set.text);
    int half = draw(&set, &scenes->split, SPLIT_SEEN, 1000 * seed + 1, 0, n / 2);
    draw(&set, &scenes->split, SPLIT_HELD, 1000 * seed + 2, half, n);
    for (int i = 0; i < n; i++) {
        Caption caption = sound_caption(&set.example[i].scene);
        set.scene[i] = &set.example[i].scene;
        set.text[i] = caption_text(&caption, arena_alloc(arena, CAPTION_TEXT, 1));
    }
    set.pictures = scene_model_image_features(scenes, arena, set.scene, n);
    set.texts = clip_text_features(&scenes->clip, arena, set.text, n, NULL);
    return set;
}

Mat search_sounds(SoundModel *model, Arena *arena, const SearchSet *set) {
    Arena work = { 0 };
    for (int i = 0; i < set->n; i++) set->example[i].no_breath = model->config.no_breath;
    Mat vectors = sound_features(model, arena, sound_samples(&work, set->example, set->n));
    arena_free(&work);
    return vectors;
}

Mat search_mean_pictures(SceneModel *scenes, Arena *arena, const SearchSet *set, int each) {
    Arena work = { 0 };
    int E = set->pictures.shape[1];
    Mat mean = mat_zero(arena, set->n, E);
    Scene *scene = arena_alloc(&work, (size_t)set->n, sizeof *scene);
    const Scene **list = arena_alloc(&work, (size_t)set->n, sizeof *list);
    for (int k = 0; k < each; k++) {
        for (int i = 0; i < set->n; i++) {
            Rng rng = rng_seed(set->example[i].sound, 100 + (uint64_t)k);
            scene[i] = *set->scene[i];
            scene[i].appearance = rng_next(&rng);
            scene_place(&scene[i], &rng);
            list[i] = &scene[i];
        }
        Mat vectors = scene_model_image_features(scenes, &work, list, set->n);
        for (size_t i = 0; i < mat_count(mean); i++) mean.v[i] += vectors.v[i];
    }
    mat_normalise_rows(mean);
    arena_free(&work);
    return mean;
}

Scene search_object(ObjectType type, uint64_t seed) {
    Rng rng = rng_seed(seed, 3);
    Scene scene = scene_make(&(SceneConfig){ .seed = seed, .least = 1, .max = 1 }, 0);
    object_set_type(&scene.object[0], type);
    scene_place(&scene, &rng);
    return scene;
}

Mat search_scores(Arena *arena, Mat query, Mat answer) {
    int Q = query.shape[0], N = answer.shape[0], E = query.shape[1];
    Mat scores = mat_new(arena, Q, N);
    for (int i = 0; i < Q; i++)
        for (int k = 0; k < N; k++) AT(scores, i, k) = (num)vec_dot(&AT(query, i, 0), &AT(answer, k, 0), E);
    return scores;
}

SearchResult search_measure(const SearchSet *set, SplitPart part, Mat query, Mat answer) {
    Arena arena = { 0 };
    SearchResult r;
    Err err;
    int half = set->n / 2, first = part == SPLIT_SEEN ? 0 : half, colour = 0, shape = 0, count = 0;
    int *number = arena_alloc(&arena, (size_t)set->n, sizeof *number);
    for (int i = 0; i < set->n; i++) number[i] = i;
    Mat rows = query;
    rows.shape[0] = half;
    rows.v = &AT(query, first, 0);
    Mat scores = search_scores(&arena, rows, answer);
    if (!retrieval_measure(scores, number + first, number, &r.found, &err)) die("%s", err.text);
    for (int c = 0; c < RETRIEVAL_CUTOFFS; c++)
        r.recall[c] = metrics_wilson((int)(r.found.recall[c] * half + 0.5), half);
    for (int i = 0; i < half; i++) {
        int nearest = 0;
        retrieval_top(&AT(scores, i, 0), set->n, 1, &nearest);
        const Scene *found = set->scene[nearest], *wanted = set->scene[first + i];
        colour += found->object[0].colour == wanted->object[0].colour;
        shape += found->object[0].shape == wanted->object[0].shape;
        count += found->count == wanted->count;
    }
    r.colour = metrics_wilson(colour, half);
    r.shape = metrics_wilson(shape, half);
    r.count = metrics_wilson(count, half);
    arena_free(&arena);
    return r;
}
