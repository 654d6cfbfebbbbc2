#include "scenes/caption_sensitivity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Mat sensitivity_vectors(Clip *clip, Arena *arena, const char *const *texts, int n) {
    enum { CHUNK = 256 };
    Mat all = mat_new(arena, n, clip->config.text.embed);
    for (int begin = 0; begin < n; begin += CHUNK) {
        Arena scratch = { 0 };
        Mat some = clip_text_features(clip, &scratch, texts + begin, MIN(CHUNK, n - begin), NULL);
        memcpy(&AT(all, begin, 0), some.v, mat_count(some) * sizeof(num));
        arena_free(&scratch);
    }
    return all;
}

double sensitivity_cosine(Mat a, int i, Mat b, int j) {
    int E = a.shape[1];
    const num *x = &AT(a, i, 0), *y = &AT(b, j, 0);
    double lengths = sqrt(vec_dot(x, x, E) * vec_dot(y, y, E));
    REQUIRE(b.shape[1] == E && lengths > 0, "rows of %s and %s; a vector of length 0 has no direction",
            mat_shape_text(a), mat_shape_text(b));
    return vec_dot(x, y, E) / lengths;
}

int sensitivity_different(Mat m) {
    int count = 0;
    size_t bytes = (size_t)m.shape[1] * sizeof(num);
    for (int i = 0; i < m.shape[0]; i++) {
        int j = 0;
        while (j < i && memcmp(&AT(m, i, 0), &AT(m, j, 0), bytes) != 0) j++;
        count += j == i;
    }
    return count;
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

enum { WORDS = 8 };

static int by_letters(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The next permutation in alphabetical order; false after the last. */
static bool next_order(char **word, int n) {
    int i = n - 2, j = n - 1;
    while (i >= 0 && strcmp(word[i], word[i + 1]) >= 0) i--;
    if (i < 0) return false;
    while (strcmp(word[i], word[j]) >= 0) j--;
    char *kept = word[i];
    word[i] = word[j];
    word[j] = kept;
    qsort(word + i + 1, (size_t)(n - i - 1), sizeof *word, by_letters); /* the rest in the first order again */
    return true;
}

const char **sensitivity_orders(Arena *arena, const char *text, int *count) {
    char *copy = arena_text(arena, text), *word[WORDS], *rest = NULL;
    int n = 0, max = 1;
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
        REQUIRE(n < WORDS, "\"%s\" has more than %d words", text, WORDS);
        word[n++] = at;
        max *= n;
    }
    REQUIRE(n > 0, "the text has no words");
    const char **orders = arena_alloc(arena, (size_t)max, sizeof *orders);
    qsort(word, (size_t)n, sizeof *word, by_letters);
    *count = 0;
    do {
        char *line = arena_zero(arena, strlen(text) + 1, 1);
        for (int i = 0; i < n; i++) strcat(strcat(line, i ? " " : ""), word[i]);
        orders[(*count)++] = line;
    } while (next_order(word, n));
    return orders;
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

enum { ONE = 1 << CAPTION_OBJECT, NUMBER = 1 << CAPTION_COUNT, PAIR = 1 << CAPTION_PAIR };
enum { RELATED = 1 << CAPTION_RELATION, ANY = ONE | NUMBER | PAIR | RELATED | 1 << CAPTION_WITHOUT };

static const SensitivityChange changes[] = {
    { "synonyms", true, ANY, PARAPHRASE_SYNONYMS, EDIT_KINDS },
    { "another form", true, ANY, PARAPHRASE_FORMS, EDIT_KINDS },
    { "the converse", true, RELATED, PARAPHRASE_CONVERSE, EDIT_KINDS },
    { "colours swapped", false, PAIR, 0, EDIT_SWAP_COLOURS },
    { "objects swapped", false, RELATED, 0, EDIT_SWAP_NOUNS },
    { "relation inverted", false, RELATED, 0, EDIT_INVERT_RELATION },
    { "another number", false, NUMBER, 0, EDIT_REPLACE_COUNT },
    { "negated", false, PAIR, 0, EDIT_NEGATE },
    { "another colour", false, ONE | PAIR, 0, EDIT_REPLACE_COLOUR },
    { "another shape", false, ONE | PAIR, 0, EDIT_REPLACE_SHAPE },
    { "another caption", false, ANY, 0, EDIT_KINDS },
};

const SensitivityChange *sensitivity_change(int i) { return i >= 0 && i < (int)COUNT(changes) ? &changes[i] : NULL; }

/* A true caption of one of the kinds that the change applies to. */
static Caption some_caption(const SensitivityChange *change, uint64_t seed, uint64_t i, Rng *rng) {
    for (;; i += 1u << 20) {
        CaptionKind kind = (CaptionKind)rng_below(rng, CAPTION_KINDS);
        SceneConfig config = { .seed = seed, .least = 2, .max = 2 };
        if (kind == CAPTION_COUNT) config = (SceneConfig){ .seed = seed, .repeat = 1 };
        Scene scene = scene_make(&config, i);
        Caption caption;
        if ((change->kinds >> kind & 1u) && caption_random_true(&caption, &scene, kind, &(CaptionRules){ 0 }, rng))
            return caption;
    }
}

static bool change_caption(Caption *out, const SensitivityChange *change, const Caption *caption, uint64_t seed,
                           uint64_t i, Rng *rng) {
    if (change->same_meaning) caption_paraphrase_other(out, caption, change->paraphrases, rng);
    else if (change->edit == EDIT_KINDS) *out = some_caption(change, seed + 1, i, rng);
    else return caption_edit(out, caption, change->edit, rng);
    return caption_equivalent(out, caption) == change->same_meaning && !caption_identical(out, caption);
}

SensitivityExample *sensitivity_examples(Arena *arena, const SensitivityChange *change, uint64_t seed, int n) {
    SensitivityExample *example = arena_alloc(arena, (size_t)n, sizeof *example);
    for (int i = 0; i < n; i++) {
        Rng rng = rng_seed(seed, (uint64_t)i);
        Caption first, other, again;
        char text[CAPTION_TEXT];
        do first = some_caption(change, seed, (uint64_t)i, &rng);
        while (!change_caption(&other, change, &first, seed, (uint64_t)i, &rng));
        caption_paraphrase_other(&again, &first, PARAPHRASE_SYNONYMS | PARAPHRASE_FORMS, &rng);
        example[i].text = arena_text(arena, caption_text(&first, text));
        example[i].paraphrase = arena_text(arena, caption_text(&again, text));
        example[i].changed = arena_text(arena, caption_text(&other, text));
    }
    return example;
}

SensitivityScore sensitivity_score(Clip *clip, const SensitivityExample *example, int n) {
    SensitivityScore score = { .detected = pair_score_new(1, 2) };
    Arena arena = { 0 };
    const char **text = arena_alloc(&arena, size_mul(3, (size_t)n), sizeof *text);
    for (int i = 0; i < n; i++) {
        text[i] = example[i].text;
        text[n + i] = example[i].paraphrase;
        text[2 * n + i] = example[i].changed;
    }
    Mat v = sensitivity_vectors(clip, &arena, text, 3 * n);
    for (int i = 0; i < n; i++) {
        double paraphrase = sensitivity_cosine(v, i, v, n + i), changed = sensitivity_cosine(v, i, v, 2 * n + i);
        score.cosine += changed / n;
        pair_score_add(&score.detected, (double[]){ paraphrase, changed });
    }
    arena_free(&arena);
    return score;
}
