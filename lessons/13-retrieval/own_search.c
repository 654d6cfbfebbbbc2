#include "own_search.h"

#include "core/quote.h"
#include "evaluate/pair_recall.h"
#include "kernels/gemm.h"
#include "show/progress.h"

#include <string.h>

enum { TOP = 10, ASKED = 5, TEXTS = 3 };

/* Pictures and their unit vectors. */
typedef struct {
    const PairSet *set;
    const char **names; /* [set.n] */
    Mat features;       /* [set.n,E] */
} Pictures;

static void show_progress(void *progress, int done) { progress_update(progress, done); }

static Pictures pictures_encode(Lesson *lesson, LessonModel *model, const PairSet *set, const char **names) {
    Progress progress = progress_begin("encode", set->n, "img/s");
    Pictures p = { set, names, pair_images(&model->clip, &lesson->memory, set, show_progress, &progress) };
    progress_end(&progress);
    return p;
}

/* All pictures of a table, whatever their part, or those of a folder. */
static PairSet all_parts(Arena *arena, const PairsData *data, const char ***names) {
    PairSet all = data->set[PAIRS_TEST];
    int n = 0;
    for (int part = 0; part < PAIRS_PARTS; part++) n += data->set[part].n;
    const uint8_t **planes = arena_alloc(arena, (size_t)n, sizeof *planes);
    *names = arena_alloc(arena, (size_t)n, sizeof **names);
    all.n = 0;
    for (int part = 0; part < PAIRS_PARTS; part++)
        for (int i = 0; i < data->set[part].n; i++) {
            planes[all.n] = data->set[part].planes[i];
            (*names)[all.n++] = data->paths[part][i];
        }
    all.planes = planes;
    return all;
}

/* A text without a known word is not searched for: it says which words there are. */
static bool knows(const Clip *clip, Arena *arena, const char *text) {
    enum { SHOWN = 60 };
    int *ids = arena_alloc(arena, (size_t)clip->config.tokens, sizeof *ids);
    if (!clip_encode(clip, arena, &text, 1, ids).empty_count) return true;
    printf("The model knows no word of this: any answer would be chance. It knows:\n ");
    for (int id = TEXT_FIRST_WORD; id < MIN(clip->vocab.size, TEXT_FIRST_WORD + SHOWN); id++)
        printf(" %s", clip->vocab.word[id]);
    printf(clip->vocab.size > TEXT_FIRST_WORD + SHOWN ? " ...\n" : "\n");
    return false;
}

static void search(Lesson *lesson, LessonModel *model, const Pictures *p, int number, const char *text) {
    Arena *arena = &lesson->memory;
    int count = MIN((int)TOP, p->set->n), top[TOP], E = p->features.shape[1];
    Tile tiles[TOP];
    lesson_section(lesson, quote_plain(arena, text));
    if (!knows(&model->clip, arena, text)) return;
    Mat words = clip_text_features(&model->clip, arena, &text, 1, stdout), scores = mat_new(arena, 1, p->set->n);
    gemm(false, true, 1, p->set->n, E, words.v, E, p->features.v, E, false, scores.v, p->set->n);
    retrieval_top(scores.v, p->set->n, count, top);
    for (int k = 0; k < count; k++) {
        const char *caption = arena_print(arena, "%s\n%.3f", p->names[top[k]], (double)scores.v[top[k]]);
        tiles[k] = (Tile){ lesson_pair_rgb(arena, p->set, top[k]), p->set->side, p->set->side, caption, false };
        printf("  %2d  %.3f  %s\n", k + 1, (double)scores.v[top[k]], quote_plain(arena, p->names[top[k]]));
    }
    lesson_tiles(lesson, arena_print(arena, "13-own-%d", number),
                 &(Tiles){ .title = text, .tiles = tiles, .count = count });
}

/* The nearest captions of the first pictures of a set. */
static void show_captions(Lesson *lesson, LessonModel *model, const Pictures *p) {
    Arena *arena = &lesson->memory;
    const PairSet *set = p->set;
    int E = p->features.shape[1], n = set->caption_count, count = MIN((int)TEXTS, n), top[TEXTS];
    Mat texts = clip_text_features(&model->clip, arena, set->caption, n, NULL), scores = mat_new(arena, 1, n);
    for (int i = 0; i < MIN((int)ASKED, set->n); i++) {
        gemm(false, true, 1, n, E, &AT(p->features, i, 0), E, texts.v, E, false, scores.v, n);
        retrieval_top(scores.v, n, count, top);
        printf("%s: %s\n", quote_plain(arena, p->names[i]), quote_plain(arena, set->caption[set->own[set->first[i]]]));
        for (int k = 0; k < count; k++) {
            bool own = false;
            for (int c = 0; c < set->count[i]; c++) own = own || set->own[set->first[i] + c] == top[k];
            const char *caption = quote_plain(arena, set->caption[top[k]]);
            printf("  %d  %.3f  %s%s\n", k + 1, (double)scores.v[top[k]], caption, own ? "   <" : "");
        }
    }
}

static void measure(Lesson *lesson, LessonModel *model, const PairsData *data) {
    PairsPart part = data->set[PAIRS_TEST].n ? PAIRS_TEST : data->set[PAIRS_VAL].n ? PAIRS_VAL : PAIRS_TRAIN;
    PairRecall r;
    Err err;
    lesson_section(lesson, arena_print(&lesson->memory, "The pictures for %s", pairs_part_name(part)));
    if (!pair_recall(&model->clip, &data->set[part], &r, &err)) die("%s", err.text);
    pair_recall_print(&r);
    Pictures p = pictures_encode(lesson, model, &data->set[part], data->paths[part]);
    lesson_section(lesson, "The nearest captions of the first of them");
    show_captions(lesson, model, &p);
}

void own_search(Lesson *lesson, const LessonPairs *pairs, const char *weights, const char *folder, int seed) {
    Arena *arena = &lesson->memory;
    LessonModel model;
    PairsData data;
    if (!*pairs->table && !*folder)
        die_usage("%s is a model of own pairs: want pictures, --pairs TABLE or --folder FOLDER", weights);
    if (*folder && !lesson->word_count) die_usage("--folder: want words to search for, such as \"a red circle\"");
    if (*folder) {
        if (!*weights) weights = lesson_pairs_path(arena, pairs->table, "", seed, ".safetensors");
        model = lesson_model_open(arena, weights, NULL);
        lesson_folder_open(&data, folder, pairs, lesson_pairs_split(&model, seed));
    } else {
        lesson_pairs_model(lesson, &model, &data, pairs, weights, seed);
    }
    if (lesson->word_count) {
        const char **names;
        PairSet all = all_parts(arena, &data, &names);
        Pictures p = pictures_encode(lesson, &model, &all, names);
        for (int k = 0; k < lesson->word_count; k++) search(lesson, &model, &p, k + 1, lesson->words[k]);
    } else {
        measure(lesson, &model, &data);
        printf("\nYour own words:     build/lesson-13 --weights %s --pairs %s \"%s\"\n"
               "Another folder:     build/lesson-13 --weights %s --folder FOLDER \"...\"\n",
               model.path, pairs->table, quote_plain(arena, data.set[PAIRS_TRAIN].caption[0]), model.path);
    }
    lesson->next = NULL;
    pairs_data_close(&data);
    clip_free(&model.clip);
}
