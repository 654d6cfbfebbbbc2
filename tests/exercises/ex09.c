#include "verify.h"

enum {
    RIGHT,
    NOT_AGAIN,
    NOT_AGAIN_SUM,
    BEFORE,
    RAW,
    RAW_SUM,
    SQUARED,
    SQUARED_AT_END,
    SIZES,
    SIZES_AT_END,
    EPSILON,
    LENGTH_BEFORE,
    FIRST_CLASS,
    INTERLEAVED,
    TWO_TEXTS,
    TWO_ROWS,
    ONE_TEXT,
    LAST_TEXT,
    SKIPS_LAST,
    SKIPS_FIRST,
    PRODUCT,
    RUNNING_HALF,
    LENGTH_IN_LOOP,
    RUNNING_LENGTH,
    INT_DIVISION,
    INT_SUM,
    NOT_ZEROED,
    NOT_RESET,
    MAXIMUM,
    FABS,
    ROOT_K,
    SLIDING,
    NEXT_CLASS,
    LENGTH_SHARED,
    TWO_AT_MOST,
    WEIGHTED,
    BY_FIRST_NUMBER,
    ENDS_ONLY,
    OVER_E,
    MODELS
};

typedef struct {
    Mat each;
    int K, C, E;
    const num *before;
} Texts;

static double row_length(const Texts *x, int r) {
    return r < x->each.shape[0] ? vec_norm(&AT(x->each, r, 0), x->E) : VERIFY_ANY;
}

static double sizes(const double *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fabs(v[i]);
    return sum;
}
static double norm(const double *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += v[i] * v[i];
    return sqrt(sum);
}

/* Which row is text k of class c. */
static int row_of(const Texts *x, int model, int c, int k) {
    if (model == FIRST_CLASS) return k;
    if (model == INTERLEAVED) return k * x->C + c;
    if (model == TWO_ROWS) return c * 2 + k;
    if (model == SLIDING) return c + k;
    if (model == NEXT_CLASS) return (c + 1) * x->K + k;
    return c * x->K + k;
}

/* What a text is divided by. */
static double divisor(const Texts *x, int model, int c, int k) {
    int r = row_of(x, model, c, k);
    double own[64];
    for (int e = 0; e < x->E; e++) own[e] = (double)AT(x->each, r, e);
    switch (model) {
    case BEFORE:
    case RAW:
    case RAW_SUM: return 1;
    case SQUARED: return pow(norm(own, x->E), 2);
    case WEIGHTED: return norm(own, x->E) / (k + 1);
    case BY_FIRST_NUMBER: return own[0];
    case SIZES: return sizes(own, x->E);
    case LENGTH_BEFORE: return k == 0 ? 1 : row_length(x, r - 1);
    case LENGTH_SHARED: return r == 0 ? 1 : row_length(x, r - 1);
    default: return norm(own, x->E);
    }
}

/* Adds text k to the sum. False: the row is beyond all. */
static bool add_text(const Texts *x, int model, int c, int k, double *sum) {
    int r = row_of(x, model, c, k);
    if (r >= x->each.shape[0]) return false;
    double length = divisor(x, model, c, k), so_far = 0;
    for (int e = 0; e < x->E; e++) {
        double v = (double)AT(x->each, r, e) / length;
        so_far += pow((double)AT(x->each, r, e), 2);
        if (model == RUNNING_LENGTH) v = (double)AT(x->each, r, e) / sqrt(so_far);
        if (model == FABS) v = fabs(v);
        if (model == PRODUCT) sum[e] *= v;
        else if (model == RUNNING_HALF) sum[e] = (sum[e] + v) / 2;
        else if (model == MAXIMUM) sum[e] = fmax(sum[e], v);
        else if (model == LAST_TEXT) sum[e] = v;
        else if (model == INT_SUM) sum[e] = trunc(sum[e] + v);
        else if (model == INT_DIVISION) sum[e] += x->K > 1 ? 0 * v : v;
        else sum[e] += v;
    }
    return true;
}

/* The end: unit length again, or what stands for it. */
static void finish(const Texts *x, int model, double *v) {
    int E = x->E, K = x->K;
    double length = norm(v, E);
    if (model == NOT_AGAIN_SUM || model == RAW_SUM) length = 1;
    if (model == NOT_AGAIN || model == RAW) length = K;
    if (model == OVER_E) length = E * K;
    if (model == ROOT_K) length = sqrt(K);
    if (model == SIZES_AT_END) length = sizes(v, E);
    if (model == EPSILON) length = length + K * 1e-3;
    if (model == SQUARED_AT_END) length = length * length / K;
    for (int e = 0; e < E; e++) v[e] /= length;
}

static bool class_of(const Texts *x, int model, int c, double *v) {
    int from = model == SKIPS_FIRST, to = model == TWO_TEXTS || model == TWO_ROWS ? 2
                                          : model == TWO_AT_MOST                  ? MIN(2, x->K)
                                          : model == ONE_TEXT                     ? 1
                                                                                  : x->K - (model == SKIPS_LAST);
    for (int e = 0; e < x->E; e++)
        v[e] = model == PRODUCT      ? 1
               : model == NOT_ZEROED ? (double)x->before[c * x->E + e] * x->K
               : model == MAXIMUM    ? -INFINITY
                                     : 0;
    for (int i = model == NOT_RESET ? 0 : c; i <= c; i++)
        for (int k = from; k < to; k += model == ENDS_ONLY && to > 1 ? to - 1 : 1)
            if (!add_text(x, model, i, k, v)) return false;
    finish(x, model, v);
    return true;
}

/* A mean that is divided by its own numbers while it changes starts from the mean, not from the sum. */
static void length_in_loop(const Texts *x, int c, double *v) {
    class_of(x, NOT_AGAIN, c, v);
    for (int e = 0; e < x->E; e++) v[e] /= norm(v, x->E);
}

static void model_class(const Texts *x, int model, int c, double *out) {
    double v[64];
    bool there = true;
    if (model == LENGTH_IN_LOOP) length_in_loop(x, c, v);
    else there = class_of(x, model, c, v);
    for (int e = 0; e < x->E; e++) out[c * x->E + e] = there ? v[e] : VERIFY_ANY;
}

static void ensemble_case(const char *label, Mat given, int K) {
    int C = given.shape[0] / K, E = given.shape[1];
    verify_case(label, "K = %d, each = %s", K, verify_matrix(given));
    verify_size("K", K);
    verify_size("C", C);
    verify_size("E", E);
    Mat classes = verify_room("classes", C, E);
    Texts texts = { given, K, C, E, classes.v };
    verify_answers(C, E, classes.v, false);
    for (int m = 0; m < MODELS; m++)
        for (int c = 0; c < C; c++) model_class(&texts, m, c, verify_model(m));
    prompt_ensemble(verify_input("each", given), K, classes);
    for (int i = 0; i < C * E; i++) verify_got(i, (double)classes.v[i], "classes[%d,%d]", i / E, i % E);
    verify_done();
}

/* Texts of very different lengths, which do not cancel out. */
static void fresh_ensemble(const char *label, int C, int K, int E) {
    Mat each = verify_random(C * K, E, 1);
    for (int r = 0; r < C * K; r++) {
        double longer = 0.2 + 4 * rng_uniform(verify_rng());
        AT(each, r, 0) += 2;
        for (int e = 0; e < E; e++) AT(each, r, e) *= (num)longer;
    }
    ensemble_case(label, each, K);
}

static void check_ensemble(void) {
    Mat worked = verify_from(2, 2, (double[]){ 3, 0, 0, 1 });
    ensemble_case("the worked example", worked, 2);
    ensemble_case("two classes of two texts", verify_from(4, 2, (double[]){ 3, 4, 4, 3, 0, 2, 0.5, 0 }), 2);
    ensemble_case("one text", verify_from(2, 2, (double[]){ 3, -4, -1, 0.5 }), 1);
    fresh_ensemble("two classes of three texts", 2, 3, 2);
    fresh_ensemble("three classes of two texts", 3, 2, 3);
    fresh_ensemble("one class of four texts", 1, 4, 3);
    for (int k = 0; k < 3; k++)
        fresh_ensemble("several of everything", 2 + (int)rng_below(verify_rng(), 4), 2 + k, 4 + 3 * k);
    fresh_ensemble("many texts", 2, 9, 5);
    while (verify_wants_small())
        fresh_ensemble("small sizes", 1 + (int)rng_below(verify_rng(), 2), 1 + (int)rng_below(verify_rng(), 4),
                       2 + (int)rng_below(verify_rng(), 2));
    ensemble_case("again", worked, 2);
}

static const Part parts[] = {
    { .name = "prompt_ensemble", .check = check_ensemble, .tolerance = 1e-5,
      .mistakes = {
          [NOT_AGAIN - 1] = { "not-again", "The mean was not normalised again. Its length is below 1." },
          [NOT_AGAIN_SUM - 1] = { "not-again", "The sum of the unit vectors was not normalised again." },
          [BEFORE - 1] = { "before",
                           "The mean was computed before the texts were normalised, or all texts of a class were "
                           "divided by one length. Divide each text by its own length first." },
          [RAW - 1] = { "raw", "Nothing was normalised. This is the mean of the texts as given." },
          [RAW_SUM - 1] = { "raw", "Nothing was normalised. This is the sum of the texts as given." },
          [SQUARED - 1] = { "squared-length",
                            "Each text was divided by its squared length. A square root is missing." },
          [SQUARED_AT_END - 1] = { "squared-length",
                                   "The mean was divided by its squared length. A square root is missing." },
          [SIZES - 1] = { "sum",
                          "Each text was divided by the sum of the absolute values of its numbers, not by its "
                          "length." },
          [SIZES_AT_END - 1] = { "sum",
                                 "The mean was divided by the sum of the absolute values of its numbers, not by its "
                                 "length." },
          [EPSILON - 1] = { "epsilon", "0.001 was added to the last length. That changes every number." },
          [LENGTH_BEFORE - 1] = { "length-before",
                                  "Each text was divided by the length of the text before it. Compute the length "
                                  "after the pointer has moved." },
          [LENGTH_SHARED - 1] = { "length-before",
                                  "Each text was divided by the length of the text before it. Compute the length "
                                  "after the pointer has moved." },
          [FIRST_CLASS - 1] = { "same-row", "Every class has the texts of class 0. Text k of class c is row c*K + k." },
          [INTERLEAVED - 1] = { "stride", "Row k*C + c was used as text k of class c. Use row c*K + k." },
          [SLIDING - 1] = { "stride", "Row c + k was used as text k of class c. Use row c*K + k." },
          [NEXT_CLASS - 1] = { "off-by-one", "Every class has the texts of the next class." },
          [TWO_TEXTS - 1] = { "only-two", "Only two texts of each class were used. Use all K." },
          [TWO_ROWS - 1] = { "only-two", "Only two texts of each class were used, from row 2*c on. Use all K." },
          [TWO_AT_MOST - 1] = { "two-texts", "At most two texts of each class were used. Use all K." },
          [WEIGHTED - 1] = { "weighted", "Text k counts k + 1 times. All texts have the same weight." },
          [BY_FIRST_NUMBER - 1] = { "first-number",
                                    "Each text was divided by its first number. Divide it by its length." },
          [ENDS_ONLY - 1] = { "two-texts", "Only the first and the last text of each class were used. Use all K." },
          [OVER_E - 1] = { "over-e", "The mean was divided by E. Divide it by its length." },
          [ONE_TEXT - 1] = { "early", "Only the first text of each class counts." },
          [LAST_TEXT - 1] = { "overwritten",
                              "Only the last text of each class counts. The code has = in place of +=." },
          [SKIPS_LAST - 1] = { "off-by-one",
                               "The last text of each class is left out. The loop must run while k < K." },
          [SKIPS_FIRST - 1] = { "off-by-one", "The first text of each class is left out. The loop must begin at 0." },
          [PRODUCT - 1] = { "product", "The texts were multiplied. Add them." },
          [RUNNING_HALF - 1] = { "running-half",
                                 "m = (m + u) / 2 gives later texts more weight. Add all texts, then divide once." },
          [LENGTH_IN_LOOP - 1] = { "length-in-loop",
                                   "The length of the mean was computed again for each number, while the row was "
                                   "being overwritten. Take it once, before." },
          [RUNNING_LENGTH - 1] = { "running",
                                   "Each number was divided by the length so far. Compute the whole length first, "
                                   "then divide." },
          [INT_DIVISION - 1] = { "int-division",
                                 "Nothing was added. In C, 1 / K is 0 if K is an int above 1. Write 1.0 / K." },
          [INT_SUM - 1] = { "int", "The sum is an int, so it lost its fractions. Use double." },
          [NOT_ZEROED - 1] = { "not-zeroed",
                               "The texts were added to the old numbers of classes. Set classes to 0 first." },
          [NOT_RESET - 1] = { "not-reset",
                              "The sum is not reset to 0 for each class. It holds the classes before it too." },
          [MAXIMUM - 1] = { "maximum", "The largest of the numbers of the texts was used, not their mean." },
          [FABS - 1] = { "fabs", "The numbers of the texts lost their signs." },
          [ROOT_K - 1] = { "root", "The sum was divided by the square root of K, and not normalised." },
      } },
};

const Verify checked = {
    .number = "09",
    .title = "prompt ensemble",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "Several texts become one class vector: normalise each, take the mean, normalise again.",
    .in_clip = "zeroshot_classes in the library, and section 3.1.4 of the paper, which uses 80 templates for ImageNet.",
};
