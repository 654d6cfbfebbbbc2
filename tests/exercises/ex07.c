#include "verify.h"

enum {
    RIGHT,
    SUM,
    PADDING_COUNTED,
    PADDING_DIVIDES,
    PADDING_SUMMED,
    NO_BIAS,
    NO_LAYER,
    BIAS_B,
    BIAS_0,
    BIAS_DIVIDED,
    BIAS_PER_WORD,
    FIRST_PADDING,
    FIRST_PADDING_SUMMED,
    ID_MINUS_1,
    IDS_STRIDE,
    INT_DIVISION,
    INT_MEAN,
    LARGEST,
    OVER_B,
    OVER_D,
    OVER_E,
    ROOT_WORDS,
    WORDS_OF_ALL,
    UNK_SKIPPED,
    WORDS_FROM_1,
    LAST_WORD,
    LAST_WORD_DIVIDED,
    FIRST_WORD,
    MEAN_NOT_RESET,
    MEAN_NOT_RESET_ALL,
    WEIGHT_TURNED,
    FROM_1,
    TO_LAST,
    MEAN_TWICE,
    E_FOR_D,
    D_SHORT,
    D_FROM_1,
    TEXT_0,
    ONE_DIMENSION,
    WORDS_ONCE,
    BIAS_SUBTRACTED,
    WEIGHT_0,
    NO_WORDS,
    SUM_NOT_RESET,
    ID_PLUS_1,
    LAST_INDEX,
    INT_SUM,
    BEFORE_DIVIDED,
    DISTINCT,
    MODELS
};

typedef struct {
    const BagOfWords *bag;
    const int *ids;
    int B, T, D, E;
} Texts;

static bool counts(int model, const Texts *x, int b, int t) {
    int id = x->ids[b * x->T + t];
    bool first_pad = id == TEXT_PADDING && t > 0 && x->ids[b * x->T + t - 1] != TEXT_PADDING;
    if (model == PADDING_COUNTED || model == PADDING_SUMMED) return true;
    if (model == FIRST_PADDING_SUMMED && first_pad) return true;
    if (model == UNK_SKIPPED) return id > 1;
    if (model == FROM_1 && t == 0) return false;
    for (int i = 0; model == DISTINCT && i < t; i++)
        if (x->ids[b * x->T + i] == id) return false;
    if (model == TO_LAST && t == x->T - 1) return false;
    return id != TEXT_PADDING;
}

static int words_of(int model, const Texts *x, int b) {
    int words = 0;
    for (int t = 0; t < x->T; t++) {
        int id = x->ids[b * x->T + t];
        bool counted =
            model == PADDING_SUMMED || model == FIRST_PADDING_SUMMED ? id != TEXT_PADDING : counts(model, x, b, t);
        words += counted;
        if (model == FIRST_PADDING && id == TEXT_PADDING) return words + 1;
    }
    return words;
}

/* What the sum of text b is divided by. */
static double divisor(int model, const Texts *x, int b) {
    double words = words_of(model, x, b);
    switch (model) {
    case LAST_INDEX:
        for (int t = 0; t < x->T; t++)
            if (x->ids[b * x->T + t] != TEXT_PADDING) words = t;
        return words;
    case SUM:
    case LAST_WORD:
    case FIRST_WORD:
    case LARGEST: return 1;
    case PADDING_DIVIDES: return x->T;
    case OVER_B: return x->B;
    case OVER_D: return x->D;
    case OVER_E: return x->E;
    case ROOT_WORDS: return sqrt(words);
    case MEAN_TWICE: return words * words;
    case WORDS_FROM_1: return words + 1;
    case WORDS_ONCE: return words_of(RIGHT, x, 0);
    case INT_DIVISION: return words > 1 ? INFINITY : 1;
    case WORDS_OF_ALL:
    case MEAN_NOT_RESET_ALL:
        words = 0;
        for (int i = 0; i <= b; i++) words += words_of(RIGHT, x, i);
        return words;
    default: return words;
    }
}

/* Row `id` of the table; a mistake may go beyond it. */
static double word(const Texts *x, int id, int d) {
    int at = id * x->D + d;
    return at >= 0 && at < (int)mat_count(x->bag->table) ? (double)x->bag->table.v[at] : VERIFY_ANY;
}

/* Sums of numbers that are VERIFY_ANY stay so. */
static double plus(double a, double b) { return a == VERIFY_ANY || b == VERIFY_ANY ? VERIFY_ANY : a + b; }

/* The sum of the words, before it is divided, of text b alone. */
static double sum_of_text(int model, const Texts *x, int b, int d) {
    double sum = model == LARGEST ? -INFINITY : 0, whole = 0;
    for (int t = 0; t < x->T; t++) {
        int id = x->ids[model == TEXT_0 ? t : model == IDS_STRIDE ? t * x->B + b : b * x->T + t];
        bool in = model == IDS_STRIDE ? id != TEXT_PADDING : counts(model, x, model == TEXT_0 ? 0 : b, t);
        if (!in) continue;
        double v = word(x, model == ID_MINUS_1 ? id - 1 : model == ID_PLUS_1 ? id + 1 : id, d);
        if (v == VERIFY_ANY) return VERIFY_ANY;
        whole = trunc(whole + v);
        sum = model == LARGEST ? fmax(sum, v) : model == LAST_WORD || model == LAST_WORD_DIVIDED ? v : sum + v;
        if (model == FIRST_WORD) return v;
    }
    return model == INT_MEAN || model == INT_SUM ? whole : sum;
}

static double mean(int model, const Texts *x, int b, int d) {
    double sum = 0;
    int words = 0;
    for (int t = 0; model == IDS_STRIDE && t < x->T; t++) words += x->ids[t * x->B + b] != TEXT_PADDING;
    if (model == MEAN_NOT_RESET) { /* the mean of the text before stays in the sum */
        double before = b > 0 ? mean(model, x, b - 1, d) : 0;
        return (before + sum_of_text(RIGHT, x, b, d)) / words_of(RIGHT, x, b);
    }
    if (model == SUM_NOT_RESET || model == MEAN_NOT_RESET_ALL)
        for (int i = 0; i < b; i++) sum += sum_of_text(RIGHT, x, i, d);
    sum = plus(sum, sum_of_text(model, x, b, d));
    if (sum == VERIFY_ANY) return VERIFY_ANY;
    if (model == INT_MEAN) return trunc(sum / divisor(model, x, b));
    return sum / (model == IDS_STRIDE ? words : model == TEXT_0 ? words_of(RIGHT, x, 0) : divisor(model, x, b));
}

static double output(int model, const Texts *x, int b, int e) {
    int D = model == E_FOR_D ? x->E : model == D_SHORT ? x->D - 1 : model == ONE_DIMENSION ? 1 : x->D;
    double out = 0, words = words_of(RIGHT, x, b), bias = (double)AT(x->bag->bias, 0, model == BIAS_0 ? 0 : e);
    if (model == NO_LAYER) return e < x->D ? mean(RIGHT, x, b, e) : VERIFY_ANY;
    if (model == BIAS_B) bias = b < x->E ? (double)x->bag->bias.v[b] : VERIFY_ANY;
    if (bias == VERIFY_ANY) return VERIFY_ANY;
    for (int d = model == D_FROM_1; d < D; d++) {
        int at = model == WEIGHT_TURNED ? d * x->E + e : model == WEIGHT_0 ? d : e * x->D + d;
        if (at >= x->E * x->D || d >= x->D) return VERIFY_ANY;
        double m = mean(model, x, b, d);
        if (m == VERIFY_ANY) return VERIFY_ANY;
        out += (double)x->bag->weight.v[at] * m;
    }
    if (model == BIAS_SUBTRACTED) return out - bias;
    if (model == NO_WORDS) return VERIFY_NOT_FINITE;
    if (model == BIAS_DIVIDED) return (out * words + bias) / words;
    return out + (model == NO_BIAS ? 0 : model == BIAS_PER_WORD ? words * bias : bias);
}

static void bag_case(const char *label, const BagOfWords *given, const int *ids, int B, int T) {
    Texts texts = { given, ids, B, T, given->table.shape[1], given->weight.shape[0] };
    int E = texts.E;
    verify_case(label, "table = %s, weight = %s, bias = %s, ids = %s, B = %d, T = %d", verify_matrix(given->table),
                verify_matrix(given->weight), verify_matrix(given->bias), verify_ints(ids, B * T), B, T);
    verify_size("B", B);
    verify_size("T", T);
    verify_size("D", texts.D);
    verify_size("E", E);
    Mat out = verify_room("out", B, E);
    verify_answers(B, E, out.v, false);
    for (int m = 0; m < MODELS; m++)
        for (int i = 0; i < B * E; i++) verify_model(m)[i] = output(m, &texts, i / E, i % E);
    for (int i = 0; i < B * E; i++)
        verify_model(BEFORE_DIVIDED)[i] += (double)out.v[i] / words_of(RIGHT, &texts, i / E);
    BagOfWords bag = { verify_input("table", given->table), verify_input("weight", given->weight),
                       verify_input("bias", given->bias) };
    bag_of_words(&bag, verify_input_ints("ids", ids, B * T), B, T, out);
    for (int i = 0; i < B * E; i++) verify_got(i, (double)out.v[i], "out[%d,%d], of text %d", i / E, i % E, i / E);
    verify_done();
}

static void fresh_bag(const char *label, int B, int T, int V, int D, int E) {
    BagOfWords bag = { verify_random(V, D, 1), verify_random(E, D, 1), verify_random(1, E, 1) };
    int *ids = arena_zero(verify_arena(), (size_t)(B * T), sizeof *ids);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < 1 + (b + E) % T; t++) ids[b * T + t] = 1 + (int)rng_below(verify_rng(), (uint32_t)(V - 1));
    bag_case(label, &bag, ids, B, T);
}

static void check_bag(void) {
    BagOfWords worked = { verify_from(3, 2, (double[]){ 9, 9, 1, 2, 3, 4 }), verify_from(1, 2, (double[]){ 1, 1 }),
                          verify_from(1, 1, (double[]){ 0.5 }) };
    BagOfWords two = { verify_from(3, 2, (double[]){ 9, -9, 1.5, 2, 3, -4 }),
                       verify_from(2, 2, (double[]){ 1, 2, -1, 0.5 }), verify_from(1, 2, (double[]){ 0.5, -2 }) };
    bag_case("the worked example", &worked, (int[]){ 1, 2, 0 }, 1, 3);
    bag_case("two texts", &worked, (int[]){ 1, 1, 2, 2, 0, 0 }, 2, 3);
    bag_case("two outputs", &two, (int[]){ 2, 1, 2, 0 }, 1, 4);
    bag_case("two texts, two outputs", &two, (int[]){ 2, 0, 0, 1, 2, 0 }, 2, 3);
    bag_case("no padding", &two, (int[]){ 1, 2, 2 }, 1, 3);
    fresh_bag("D below E", 3, 4, 5, 2, 3);
    fresh_bag("D above E", 2, 3, 4, 3, 1);
    fresh_bag("D equal to E", 3, 3, 3, 2, 2);
    for (int k = 0; k < 3; k++) fresh_bag("many words", 4, 6, 9, 5 + k, 3 + 3 * k);
    bag_case("a word twice", &two, (int[]){ 1, 2, 2, 2, 2, 0 }, 2, 3);
    fresh_bag("vectors of 30 numbers", 2, 5, 4, 30, 3);
    while (verify_wants_small())
        fresh_bag("small sizes", 1 + (int)rng_below(verify_rng(), 2), 1 + (int)rng_below(verify_rng(), 3), 3,
                  1 + (int)rng_below(verify_rng(), 2), 1 + (int)rng_below(verify_rng(), 2));
    bag_case("again", &worked, (int[]){ 1, 2, 0 }, 1, 3);
}

static const Part parts[] = {
    { .name = "bag_of_words", .check = check_bag, .tolerance = 1e-4,
      .mistakes = {
          [SUM - 1] = { "sum", "The sum of the words was used in place of their mean." },
          [PADDING_COUNTED - 1] = { "padding", "Padding was counted as a word. Its vectors are in the mean." },
          [PADDING_DIVIDES - 1] = { "padding",
                                    "Padding was counted. The sum was divided by T instead of the number of words." },
          [PADDING_SUMMED - 1] = { "padding-summed",
                                   "The vectors of padding are in the sum, though the sum is divided by the number "
                                   "of words." },
          [NO_BIAS - 1] = { "no-bias", "The bias was not added." },
          [NO_LAYER - 1] = { "no-layer", "This is the mean of the words. The linear layer is missing." },
          [BIAS_B - 1] = { "bias-b", "bias[b] was added. Output e has bias[e]." },
          [BIAS_0 - 1] = { "bias-0", "bias[0] was added to every output. Output e has bias[e]." },
          [BIAS_DIVIDED - 1] = { "bias-divided",
                                 "The bias was divided by the number of words too. Divide only the sum of the words." },
          [BIAS_PER_WORD - 1] = { "bias-in-loop", "The bias was added once for each word. Add it once." },
          [FIRST_PADDING - 1] = { "first-padding",
                                  "The first padding was counted as a word. Test for padding before you count." },
          [FIRST_PADDING_SUMMED - 1] = { "first-padding",
                                         "The vector of the first padding is in the sum. Test for padding before "
                                         "you add." },
          [ID_MINUS_1 - 1] = { "off-by-one", "Row id - 1 of the table was used. Word w is row w." },
          [IDS_STRIDE - 1] = { "stride",
                               "ids was read as [T,B], with ids[t * B + b]. Word t of text b is ids[b * T + t]." },
          [INT_DIVISION - 1] = { "int-division",
                                 "The words have no effect. In C, 1 / words is 0 if words is an int above 1. Write "
                                 "1.0 / words." },
          [INT_MEAN - 1] = { "int", "The mean was truncated to integers. Use double, not int." },
          [LARGEST - 1] = { "largest", "The largest number was used, not the mean." },
          [OVER_B - 1] = { "over-b", "The sum was divided by B, the texts. The mean is over the words of one text." },
          [OVER_D - 1] = { "over-d", "The sum was divided by D, the numbers of a vector. The mean is over the words." },
          [OVER_E - 1] = { "over-e", "The sum was divided by E, the outputs. The mean is over the words." },
          [ROOT_WORDS - 1] = { "root", "The sum was divided by the square root of the number of words." },
          [WORDS_OF_ALL - 1] = { "not-reset", "The count of words is not reset to 0 for each text." },
          [UNK_SKIPPED - 1] = { "unk-skipped", "Word 1 was left out too. Only TEXT_PADDING (0) is not a word." },
          [WORDS_FROM_1 - 1] = { "words-from-1", "The count of words begins at 1. It must begin at 0." },
          [LAST_WORD - 1] = { "overwritten", "Only the last word counts. The code has = in place of +=." },
          [LAST_WORD_DIVIDED - 1] = { "overwritten", "Only the last word counts. The code has = in place of +=." },
          [FIRST_WORD - 1] = { "early", "Only the first word counts. Does the loop end after it?" },
          [MEAN_NOT_RESET - 1] = { "not-reset",
                                   "The mean is not reset to 0 for each text. The mean of the text before stays in "
                                   "it." },
          [MEAN_NOT_RESET_ALL - 1] = { "not-reset",
                                       "Neither the sum nor the count of words is reset to 0 for each text." },
          [SUM_NOT_RESET - 1] = { "not-reset", "The sum of words is not reset to 0 for each text." },
          [WEIGHT_TURNED - 1] = { "transposed",
                                  "weight was read as [D,E]. It is [E,D], and weight[e,d] is AT(bag->weight, e, d)." },
          [FROM_1 - 1] = { "off-by-one", "The first word is left out. The loop must begin at 0." },
          [TO_LAST - 1] = { "off-by-one", "The last place is left out. The loop must run while t < T." },
          [MEAN_TWICE - 1] = { "mean-twice", "The sum was divided by the number of words twice." },
          [E_FOR_D - 1] = { "e-for-d",
                            "E was used in place of D. A vector of the table has D = table.shape[1] numbers." },
          [D_SHORT - 1] = { "off-by-one", "The last number of the mean is left out. The loop must run while d < D." },
          [D_FROM_1 - 1] = { "off-by-one", "The first number of the mean is left out. The loop must begin at 0." },
          [TEXT_0 - 1] = { "same-row", "Text 0 was used for every text. b is missing in the index of ids." },
          [ONE_DIMENSION - 1] = { "one-number", "Only the first number of the mean counts. Sum over d." },
          [BIAS_SUBTRACTED - 1] = { "sign", "The bias was subtracted. Add it." },
          [WEIGHT_0 - 1] = { "same-row",
                             "Every output has the weights of output 0. e is missing in the index of weight." },
          [NO_WORDS - 1] = { "no-words",
                             "No output is a finite number. The sum was divided by 0. Are the words counted?" },
          [WORDS_ONCE - 1] = { "same-row", "Every sum was divided by the number of words of text 0." },
          [ID_PLUS_1 - 1] = { "off-by-one", "Row id + 1 of the table was used. Word w is row w." },
          [LAST_INDEX - 1] = { "count",
                               "The sum was divided by the place of the last word. Divide it by the number of words." },
          [INT_SUM - 1] = { "int", "The sum of the words is an int, so it lost its fractions. Use double." },
          [BEFORE_DIVIDED - 1] = { "not-zeroed", "The sum was added to the old number of out. Set out to 0 first." },
          [DISTINCT - 1] = { "distinct", "A word that comes twice in a text was counted once. Count it twice." },
      } },
};

const Verify checked = {
    .number = "07",
    .title = "bag of words",
    .parts = parts,
    .count = COUNT(parts),
    .proved =
        "A mean of word vectors does not depend on their order: \"dog bites man\" and \"man bites dog\" are the same.",
    .in_clip =
        "It is the text tower \"bow\" of the library. The tower of the paper is a transformer. Exercise 12 measures "
        "the difference.",
};
