#include "exam.h"

enum { RIGHT, SUM, PADDING_COUNTED, PADDING_DIVIDES, NO_BIAS, NO_LAYER, MODELS };

static double output(const BagOfWords *bag, const int *ids, int T, int e, int model) {
    int D = bag->table.shape[1], words = 0;
    double out = model == NO_BIAS ? 0 : (double)AT(bag->bias, 0, e);
    for (int t = 0; t < T; t++) words += ids[t] != TEXT_PADDING;
    bool all_places = model == PADDING_COUNTED || model == PADDING_DIVIDES;
    double divide = model == SUM ? 1 : all_places ? T : words, layer = 0, bare = 0;
    for (int t = 0; t < T; t++) {
        if (ids[t] == TEXT_PADDING && model != PADDING_COUNTED) continue;
        for (int d = 0; d < D; d++) layer += (double)AT(bag->weight, e, d) * (double)AT(bag->table, ids[t], d) / divide;
        if (e < D) bare += (double)AT(bag->table, ids[t], e) / divide;
    }
    return model == NO_LAYER ? (e < D ? bare : EXAM_ANY) : out + layer;
}

static void bag_case(const BagOfWords *bag, const int *ids, int B, int T) {
    int E = bag->weight.shape[0];
    Mat out = exam_room(B, E);
    exam_case("table = %s, weight = %s, bias = %s, ids = %s, B = %d, T = %d", exam_matrix(bag->table),
              exam_matrix(bag->weight), exam_matrix(bag->bias), exam_ints(ids, B * T), B, T);
    bag_of_words(bag, ids, B, T, out);
    for (int b = 0; b < B; b++)
        for (int e = 0; e < E; e++) {
            double models[MODELS];
            for (int m = 0; m < MODELS; m++) models[m] = output(bag, ids + b * T, T, e, m);
            exam_number((double)AT(out, b, e), models, "out[%d,%d], of text %d", b, e, b);
        }
}

static void check_bag(void) {
    BagOfWords worked = { exam_from(3, 2, (double[]){ 9, 9, 1, 2, 3, 4 }), exam_from(1, 2, (double[]){ 1, 1 }),
                          exam_from(1, 1, (double[]){ 0.5 }) };
    bag_case(&worked, (int[]){ 1, 2, 0 }, 1, 3);
    bag_case(&worked, (int[]){ 1, 1, 2, 2, 0, 0 }, 2, 3);
    for (int k = 0; k < 3; k++) {
        enum { B = 4, T = 6, V = 9 };
        BagOfWords bag = { exam_random(V, 5 + k, 1), exam_random(3 + 3 * k, 5 + k, 1), exam_random(1, 3 + 3 * k, 1) };
        int ids[B * T] = { 0 };
        for (int b = 0; b < B; b++)
            for (int t = 0; t < 2 + (b + k) % 5; t++) ids[b * T + t] = 1 + (int)rng_below(exam_rng(), V - 1);
        bag_case(&bag, ids, B, T);
    }
}

static const Part parts[] = {
    { .name = "bag_of_words", .check = check_bag, .tolerance = 1e-4,
      .mistakes = {
          { "sum", "the words were added up, sum for mean: a longer text would be a larger one" },
          { "padding", "padding was counted as words: its vectors are in the mean" },
          { "padding", "padding was counted: the sum was divided by T instead of the number of words" },
          { "no-bias", "the bias was not added" },
          { "no-layer", "this is the mean itself; the linear layer is missing" },
      } },
};

const Exam exam = {
    .number = "07", .title = "bag of words", .parts = parts, .count = COUNT(parts),
    .proved = "a mean cannot hear the order of words: \"dog bites man\" is \"man bites dog\".",
    .in_clip = "lib/model/text_tower.c, kind \"bow\". The paper's tower is a transformer; exercise 12 asks what that is for.",
};
