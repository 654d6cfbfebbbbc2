#include "own_labels.h"

#include "core/softmax.h"
#include "evaluate/metrics.h"
#include "evaluate/pair_recall.h"
#include "kernels/gemm.h"

#include <math.h>

void own_picture(Lesson *lesson, LessonModel *model, const char *path, char **labels, int n) {
    Arena *arena = &lesson->memory;
    Clip *clip = &model->clip;
    Image seen;
    Err err;
    Mat feature = lesson_picture(model, arena, path, &seen), cosine = mat_new(arena, 1, n);
    Mat texts = clip_text_features(clip, arena, (const char *const *)labels, n, stdout);
    Bar *bars = arena_zero(arena, (size_t)n, sizeof *bars);
    Mat p = mat_new(arena, 1, n);
    for (int i = 0; i < n; i++) AT(cosine, 0, i) = (num)vec_dot(feature.v, &AT(texts, i, 0), clip->config.image.embed);
    softmax_row(cosine.v, n, exp((double)*clip->logit_scale->val.v), p.v);
    int best;
    if (!metrics_argmax(p, &best, &err)) die("%s", err.text);
    for (int i = 0; i < n; i++)
        bars[i] = (Bar){ .label = labels[i], .value = 100 * (double)p.v[i], .marked = i == best };
    lesson_section(lesson, arena_print(arena, "What the model sees: %d x %d pixels", seen.width, seen.height));
    lesson_tiles(lesson, "11-own-picture",
                 &(Tiles){ .tiles = &(Tile){ seen.rgb, seen.width, seen.height, labels[best], false }, .count = 1 });
    lesson_bars(lesson, "11-own-labels",
                &(Bars){ .title = "softmax(logit scale * cosine)",
                         .values = "probability",
                         .unit = " %",
                         .bars = bars,
                         .count = n,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
    if (model->fit) term_say("It must choose one of your labels: it cannot say \"none of these\".\n");
    else
        term_say(
            "It was trained on ten classes and must choose one of your labels: it cannot say \"none of these\".\n");
}

static void show_rates(Lesson *lesson, const LessonLabels *labels, Confusion confusion) {
    Arena *arena = &lesson->memory;
    Bar *bars = arena_zero(arena, (size_t)labels->count + 1, sizeof *bars);
    int count = 0;
    for (int c = 0; c <= labels->count; c++) {
        Rate rate = c < labels->count ? confusion_class(confusion, c) : confusion_overall(confusion);
        if (rate.of == 0) continue;
        bars[count++] = (Bar){ .label = c < labels->count ? labels->names[c] : "all",
                               .value = 100 * rate.proportion,
                               .low = 100 * rate.low,
                               .high = 100 * rate.high,
                               .marked = c == labels->count };
    }
    Rate all = confusion_overall(confusion);
    term_say("right: %d of %d, %.1f %% (95 %% interval %.1f to %.1f). Guessing: %.1f %%.\n", all.right, all.of,
             100 * all.proportion, 100 * all.low, 100 * all.high, 100.0 / labels->count);
    lesson_bars(lesson, "11-own-classes",
                &(Bars){ .title = "accuracy of each label, with 95 % intervals",
                         .values = "accuracy",
                         .unit = " %",
                         .bars = bars,
                         .count = count,
                         .decimals = 1,
                         .low = 0,
                         .high = 100 });
}

/* The first pictures with their answers. */
static void show_pictures(Lesson *lesson, const LessonLabels *labels, const int *said) {
    enum { SHOWN = 10 };
    Arena *arena = &lesson->memory;
    Tile tiles[SHOWN];
    int count = MIN((int)SHOWN, labels->set.n), side = labels->set.side;
    for (int i = 0; i < count; i++) {
        bool wrong = said[i] != labels->truth[i];
        tiles[i] = (Tile){ lesson_pair_rgb(arena, &labels->set, i), side, side, labels->names[said[i]], wrong };
    }
    lesson_tiles(
        lesson, "11-own-pictures",
        &(Tiles){ .title = "the first pictures and their answers (marked: wrong)", .tiles = tiles, .count = count });
}

void own_labels(Lesson *lesson, const LessonPairs *pairs, const char *weights, int seed) {
    Arena *arena = &lesson->memory;
    LessonModel model;
    PairsData data;
    Err err;
    if (!*pairs->table) {
        model = lesson_model_open(arena, weights, NULL);
        own_picture(lesson, &model, lesson->words[0], lesson->words + 1, lesson->word_count - 1);
        clip_free(&model.clip);
        return;
    }
    lesson_pairs_model(lesson, &model, &data, pairs, weights, seed);
    LessonLabels labels = lesson_pairs_labels(arena, &data, (const char *const *)lesson->words, lesson->word_count);
    Mat images = pair_images(&model.clip, arena, &labels.set, NULL, NULL);
    Mat texts = clip_text_features(&model.clip, arena, labels.names, labels.count, stdout);
    int n = labels.set.n, C = labels.count, E = images.shape[1];
    Mat scores = mat_new(arena, n, C);
    int *said = arena_alloc(arena, (size_t)n, sizeof *said);
    gemm(false, true, n, C, E, images.v, E, texts.v, E, false, scores.v, C);
    if (!metrics_argmax(scores, said, &err)) die("%s", err.text);
    lesson_section(lesson, "How often is it right?");
    show_rates(lesson, &labels, metrics_confusion(arena, labels.truth, said, n, C));
    show_pictures(lesson, &labels, said);
    pairs_data_close(&data);
    clip_free(&model.clip);
}
