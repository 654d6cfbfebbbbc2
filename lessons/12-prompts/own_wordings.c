#include "own_wordings.h"

#include "evaluate/pair_recall.h"
#include "evaluate/zeroshot.h"
#include "kernels/gemm.h"

/* each [n,count * C] = the cosines of the pictures [n,E] with all wordings. */
static void classify(Table *table, Arena *arena, Clip *clip, const PairSet *set, const int *truth) {
    Mat images = pair_images(clip, arena, set, NULL, NULL), all = wordings_vectors(table, arena);
    int n = images.shape[0], E = images.shape[1], columns = all.shape[0];
    Mat each = mat_new(arena, n, columns);
    gemm(false, true, n, columns, E, images.v, E, all.v, E, false, each.v, columns);
    wordings_classify(table, arena, each, truth);
}

void own_wordings(Lesson *lesson, const LessonPairs *pairs, const char *weights, const OptionTexts *labels, int seed) {
    Arena *arena = &lesson->memory;
    static const char bare[] = "{}";
    PairsData data;
    LessonModel model;
    if (lesson->word_count == 0) die_usage("--pairs: want wordings to compare, such as \"a photo of a {}\"");
    lesson_pairs_model(lesson, &model, &data, pairs, weights, seed);
    LessonLabels classes = lesson_pairs_labels(arena, &data, labels->item, labels->count);
    Table *table = arena_zero(arena, 1, sizeof *table);
    table->classes = classes.count;
    wording_add(
        table, bare, "bare word",
        zeroshot_classes(&model.clip, arena, (const char *const[]){ bare }, 1, classes.names, classes.count, stdout));
    for (int i = 0; i < lesson->word_count; i++) {
        const char *text = lesson->words[i];
        Mat vectors = zeroshot_classes(&model.clip, arena, &text, 1, classes.names, classes.count, stdout);
        wording_add(table, text, "yours", vectors);
    }
    lesson_section(lesson, "The accuracy of each wording");
    classify(table, arena, &model.clip, &classes.set, classes.truth);
    double level = 0.05 / (table->count - 1);
    wordings_print(lesson, arena, table, level);
    wordings_significant(table, level);
    pairs_data_close(&data);
    clip_free(&model.clip);
}
