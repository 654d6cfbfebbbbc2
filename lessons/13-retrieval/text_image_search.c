#include "text_image_search.h"
#include "evaluate/zeroshot.h"

Search search_make(Arena *arena, const Cifar *set, const char *const *templates, int template_count) {
    REQUIRE(template_count >= 1, "%d templates", template_count);
    Search s = { .set = set, .text_count = CIFAR_CLASSES * template_count, .templates = template_count };
    s.texts = arena_alloc(arena, (size_t)s.text_count, sizeof *s.texts);
    s.says = arena_alloc(arena, (size_t)s.text_count, sizeof *s.says);
    s.shows = arena_alloc(arena, (size_t)set->n, sizeof *s.shows);
    for (int k = 0; k < s.text_count; k++) {
        s.says[k] = k / template_count;
        s.texts[k] = text_fill(arena, templates[k % template_count], set->names[s.says[k]]);
    }
    for (int i = 0; i < set->n; i++) s.shows[i] = set->labels[i];
    return s;
}

Mat search_cosines(Arena *arena, Clip *clip, const Cifar *set, const char *const *texts, int n) {
    Mat features = clip_text_features(clip, arena, texts, n, stdout);
    return zeroshot_scores(clip, arena, features, set, (ZeroshotRange){ .n = set->n, .batch = 500 });
}

Tile search_tile(Arena *arena, const Cifar *set, int i, const char *caption, bool marked) {
    uint8_t *rgb = arena_alloc(arena, CIFAR_NUMBERS, 1);
    cifar_picture(set, i, rgb);
    return (Tile){ rgb, CIFAR_SIDE, CIFAR_SIDE, caption, marked };
}

int search_tiles(Arena *arena, const Search *s, const num *scores, int k, int class, Tile *tiles) {
    int count = MIN(k, s->set->n), *top = arena_alloc(arena, (size_t)count, sizeof *top);
    retrieval_top(scores, s->set->n, count, top);
    for (int t = 0; t < count; t++) {
        int i = top[t];
        const char *caption =
            arena_print(arena, "%s\n%.3f", s->files ? s->files[i] : s->set->names[s->shows[i]], (double)scores[i]);
        tiles[t] = search_tile(arena, s->set, i, caption, class >= 0 && s->shows[i] != class);
    }
    return count;
}
