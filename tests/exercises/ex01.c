#include "verify.h"

static double dot(const num *a, const num *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The sum of sizes, the largest size, the sum with signs. */
static double sizes(const num *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fabs((double)v[i]);
    return sum;
}
static double largest(const num *v, int n) {
    double most = 0;
    for (int i = 0; i < n; i++) most = fmax(most, fabs((double)v[i]));
    return most;
}
static double signed_sum(const num *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)v[i];
    return sum;
}

/* The squares of every `step`th number, or of those above 0. */
static double some_squares(const num *v, int n, int step, bool positive) {
    double sum = 0;
    for (int i = 0; i < n; i += step)
        if (!positive || v[i] > 0) sum += (double)v[i] * (double)v[i];
    return sum;
}

/* a . b in an int, cut to a whole number at each step. */
static double int_dot(const num *a, const num *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum = trunc(sum + (double)a[i] * (double)b[i]);
    return sum;
}

/* ---- normalise --------------------------------------------------------------------------------------------------- */

enum {
    RIGHT,
    NO_ROOT,
    SUM,
    SIGNED_SUM,
    LARGEST,
    MEAN_SQUARE,
    MEAN,
    EPSILON_3,
    EPSILON_4,
    EPSILON_2,
    SKIPS_LAST,
    SKIPS_FIRST,
    ONLY_TWO,
    LAST_ALONE,
    FROM_ONE,
    INT_LENGTH,
    INT_SUM,
    INT_NUMBERS,
    LENGTH_IN_LOOP,
    RUNNING,
    RUNNING_BEFORE,
    UNCHANGED,
    ROOTS,
    MULTIPLIED,
    FIRST_ONLY,
    SQUARES,
    FOURTH_ROOT,
    COUNT_OF,
    SIGNED_ROOT,
    CUBE_ROOT,
    ROOT_OF_SIZES,
    LENGTH_AND_1,
    EACH_OWN,
    EVERY_SECOND,
    ONLY_POSITIVE,
    NO_ROOT_SHORT,
    NO_ROOT_FROM_1,
    N_MODELS
};

/* What the mistake divides every number by; 0: it does not divide by one number. */
static double divisor(int model, const num *v, int n) {
    double squares = dot(v, v, n), roots = 0;
    for (int i = 0; i < n; i++) roots += sqrt((double)v[i]);
    switch (model) {
    case RIGHT: return sqrt(squares);
    case NO_ROOT: return squares;
    case SUM: return sizes(v, n);
    case SIGNED_SUM: return signed_sum(v, n);
    case SIGNED_ROOT: return sqrt(signed_sum(v, n));
    case LARGEST: return largest(v, n);
    case MEAN_SQUARE: return sqrt(squares / n);
    case MEAN: return squares / n;
    case EPSILON_2: return sqrt(squares) + 1e-2;
    case EPSILON_3: return sqrt(squares) + 1e-3;
    case EPSILON_4: return sqrt(squares) + 1e-4;
    case SKIPS_LAST: return sqrt(dot(v, v, n - 1));
    case SKIPS_FIRST: return sqrt(dot(v + 1, v + 1, n - 1));
    case ONLY_TWO: return sqrt(dot(v, v, MIN(n, 2)));
    case LAST_ALONE: return fabs((double)v[n - 1]);
    case FROM_ONE: return sqrt(1 + squares);
    case INT_LENGTH: return trunc(sqrt(squares));
    case INT_SUM: return sqrt(int_dot(v, v, n));
    case UNCHANGED: return 1;
    case ROOTS: return sqrt(roots);
    case MULTIPLIED: return 1 / sqrt(squares);
    case FOURTH_ROOT: return sqrt(sqrt(squares));
    case COUNT_OF: return n;
    case EVERY_SECOND: return sqrt(some_squares(v, n, 2, false));
    case ONLY_POSITIVE: return sqrt(some_squares(v, n, 1, true));
    case NO_ROOT_SHORT: return dot(v, v, n - 1);
    case NO_ROOT_FROM_1: return dot(v + 1, v + 1, n - 1);
    case CUBE_ROOT: return cbrt(squares);
    case ROOT_OF_SIZES: return sqrt(sizes(v, n));
    case LENGTH_AND_1: return sqrt(squares) + 1;
    default: return 0;
    }
}

/* Mistakes in which each number meets another divisor, or is another. */
static void normalise_in_steps(int model, const num *v, int n, double *out) {
    double length = sqrt(dot(v, v, n)), left = dot(v, v, n), sum = 0;
    for (int i = 0; i < n; i++) {
        double x = (double)v[i];
        out[i] = x / length;
        sum += x * x;
        if (model == INT_NUMBERS) out[i] = fabs(trunc(x)) / length;
        if (model == LENGTH_IN_LOOP) out[i] = x / sqrt(left);
        if (model == RUNNING) out[i] = x / sqrt(sum);
        if (model == RUNNING_BEFORE) out[i] = x / sum;
        if (model == FIRST_ONLY && i > 0) out[i] = x;
        if (model == EACH_OWN) out[i] = x / fabs(x);
        if (model == SQUARES) out[i] = x * x / (length * length);
        left += out[i] * out[i] - x * x;
    }
}

static void normalise_as(int model, const num *v, int n, double *out) {
    double by = divisor(model, v, n);
    bool in_steps = model == INT_NUMBERS || model == LENGTH_IN_LOOP || model == RUNNING || model == RUNNING_BEFORE ||
                    model == FIRST_ONLY || model == SQUARES || model == EACH_OWN;
    if (!in_steps)
        for (int i = 0; i < n; i++) out[i] = (double)v[i] / by;
    else normalise_in_steps(model, v, n, out);
}

static void normalise_case(const char *label, const num *v, int n) {
    Mat given = mat_new(verify_arena(), 1, n);
    memcpy(given.v, v, (size_t)n * sizeof *v);
    verify_case(label, "v = %s", verify_vector(v, n));
    verify_size("n", n);
    verify_answers(1, n, v, false);
    for (int m = 0; m < N_MODELS; m++) normalise_as(m, v, n, verify_model(m));
    Mat unit = verify_changing("v", given);
    normalise(unit.v, n);
    for (int i = 0; i < n; i++) verify_got(i, (double)unit.v[i], "v[%d] afterwards", i);
    verify_done();
}

static void check_normalise(void) {
    normalise_case("the worked example", (num[]){ 3, 4 }, 2);
    normalise_case("one number that is not 0", (num[]){ 0, -2, 0 }, 3);
    normalise_case("whole numbers", (num[]){ 1, -2, 2, 4 }, 4);
    normalise_case("numbers above 0", (num[]){ 0.5, 2.25, 1.75, 0.3 }, 4);
    normalise_case("short vectors", (num[]){ 0.03, -0.02, 0.01 }, 3);
    normalise_case("one number", (num[]){ -5 }, 1);
    for (int k = 0; k < 4; k++) {
        int n = k < 2 ? 3 + 2 * k : 20 + (int)rng_below(verify_rng(), 30);
        normalise_case("any numbers", verify_random(1, n, 3).v, n);
    }
    while (verify_wants_small()) {
        int n = 1 + (int)rng_below(verify_rng(), 6);
        normalise_case("few numbers", verify_random(1, n, 3).v, n);
    }
    normalise_case("again", (num[]){ 3, 4 }, 2);
}

/* ---- cosine ------------------------------------------------------------------------------------------------------ */

enum {
    C_RIGHT,
    C_NO_ROOT,
    C_ONLY_A,
    C_ONLY_B,
    C_SQUARED_A,
    C_SQUARED_B,
    C_NO_LENGTH,
    C_ADDED,
    C_ADDED_SQUARES,
    C_ROOT_OF_SUM,
    C_ROOT_OF_LENGTHS,
    C_PRECEDENCE,
    C_MEAN,
    C_SIZES,
    C_INT_AB,
    C_INT_ALL,
    C_EARLY,
    C_SKIPS_LAST,
    C_LAST_ALONE,
    C_TWO,
    C_SKIPS_FIRST,
    C_DISTANCE,
    C_SUM_OF_UNITS,
    C_EPSILON,
    C_A_TWICE,
    C_PRODUCT_OF_SUMS,
    C_FLOAT_TWO,
    C_ROOT_A,
    C_ROOT_B,
    C_AB_FOR_BB,
    C_REVERSED,
    C_AB_FOR_AA,
    C_MODELS
};

static double reversed(const num *a, const num *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[n - 1 - i];
    return sum;
}

static double cosine_as(int model, const num *a, const num *b, int n) {
    double ab = dot(a, b, n), aa = dot(a, a, n), bb = dot(b, b, n), distance = 0;
    for (int i = 0; i < n; i++) distance += pow((double)a[i] - (double)b[i], 2);
    switch (model) {
    case C_RIGHT: return ab / sqrt(aa) / sqrt(bb);
    case C_ROOT_A: return ab / (sqrt(aa) * bb);
    case C_ROOT_B: return ab / (aa * sqrt(bb));
    case C_NO_ROOT: return ab / (aa * bb);
    case C_ONLY_A: return ab / sqrt(aa);
    case C_ONLY_B: return ab / sqrt(bb);
    case C_SQUARED_A: return ab / aa;
    case C_SQUARED_B: return ab / bb;
    case C_NO_LENGTH: return ab;
    case C_ADDED: return ab / (sqrt(aa) + sqrt(bb));
    case C_ADDED_SQUARES: return ab / (aa + bb);
    case C_ROOT_OF_SUM: return ab / sqrt(aa + bb);
    case C_ROOT_OF_LENGTHS: return ab / sqrt(sqrt(aa) * sqrt(bb));
    case C_PRECEDENCE: return ab / sqrt(aa) * sqrt(bb);
    case C_MEAN: return ab / n;
    case C_SIZES: return ab / (sizes(a, n) * sizes(b, n));
    case C_INT_AB: return int_dot(a, b, n) / sqrt(aa * bb);
    case C_INT_ALL: return int_dot(a, b, n) / sqrt(int_dot(a, a, n) * int_dot(b, b, n));
    case C_EARLY: return (double)a[0] * (double)b[0] / (fabs((double)a[0]) * fabs((double)b[0]));
    case C_SKIPS_LAST: return n > 1 ? cosine_as(C_RIGHT, a, b, n - 1) : VERIFY_ANY;
    case C_SKIPS_FIRST: return n > 1 ? cosine_as(C_RIGHT, a + 1, b + 1, n - 1) : VERIFY_ANY;
    case C_LAST_ALONE: return (double)a[n - 1] * (double)b[n - 1] / sqrt(aa * bb);
    case C_TWO: return cosine_as(C_RIGHT, a, b, MIN(n, 2));
    case C_FLOAT_TWO: return dot(a, b, MIN(n, 2)) / sqrt(aa * bb);
    case C_DISTANCE: return sqrt(distance);
    case C_SUM_OF_UNITS: return signed_sum(a, n) / sqrt(aa) + signed_sum(b, n) / sqrt(bb);
    case C_EPSILON: return ab / (sqrt(aa * bb) + 1e-3);
    case C_A_TWICE: return aa / sqrt(aa * bb);
    case C_REVERSED: return reversed(a, b, n) / sqrt(aa * bb);
    case C_AB_FOR_BB: return ab / (sqrt(aa) * sqrt(ab));
    case C_AB_FOR_AA: return ab / (sqrt(ab) * sqrt(bb));
    default: return signed_sum(a, n) * signed_sum(b, n) / sqrt(aa * bb);
    }
}

static void cosine_case(const char *label, const num *given_a, const num *given_b, int n) {
    verify_case(label, "a = %s, b = %s", verify_vector(given_a, n), verify_vector(given_b, n));
    verify_size("n", n);
    verify_answers(1, 1, NULL, false);
    for (int m = 0; m < C_MODELS; m++) verify_model(m)[0] = cosine_as(m, given_a, given_b, n);
    const num *a = verify_input_numbers("a", given_a, n), *b = verify_input_numbers("b", given_b, n);
    verify_got(0, cosine(a, b, n), "cosine(a, b)");
    verify_done();
}

static void check_cosine(void) {
    cosine_case("the worked example", (num[]){ 3, 4 }, (num[]){ 4, 3 }, 2);
    cosine_case("a right angle", (num[]){ 1, 0 }, (num[]){ 0, 2 }, 2);
    cosine_case("opposite vectors", (num[]){ 1, 2, 2 }, (num[]){ -2, -4, -4 }, 3);
    cosine_case("different lengths", (num[]){ 2, 1.5, 0.25 }, (num[]){ 6, 8.5, 7 }, 3);
    cosine_case("short vectors", (num[]){ 0.02, 0.01, -0.03 }, (num[]){ 0.01, 0.05, 0.02 }, 3);
    cosine_case("one number", (num[]){ -2 }, (num[]){ 3 }, 1);
    for (int k = 0; k < 5; k++) {
        int n = k < 2 ? 4 : 5 + (int)rng_below(verify_rng(), 40);
        cosine_case("any numbers", verify_random(1, n, 2).v, verify_random(1, n, 5).v, n);
    }
    cosine_case("long vectors", verify_random(1, 60, 1).v, verify_random(1, 60, 1).v, 60);
    while (verify_wants_small()) {
        int n = 1 + (int)rng_below(verify_rng(), 6);
        cosine_case("few numbers", verify_random(1, n, 2).v, verify_random(1, n, 5).v, n);
    }
    cosine_case("again", (num[]){ 3, 4 }, (num[]){ 4, 3 }, 2);
}

static const Part parts[] = {
    { .name = "normalise", .check = check_normalise, .tolerance = 1e-5,
      .mistakes = {
          [NO_ROOT - 1] = { "no-root", "v was divided by the sum of its squares, without the square root." },
          [SUM - 1] = { "sum", "v was divided by the sum of the absolute values of its numbers, not by its length." },
          [SIGNED_SUM - 1] = { "signed-sum",
                               "v was divided by the sum of its numbers. The length is the square root of the sum "
                               "of their squares." },
          [SIGNED_ROOT - 1] = { "signed-sum",
                                "v was divided by the square root of the sum of its numbers. The squares are "
                                "missing." },
          [LARGEST - 1] = { "largest", "v was divided by its largest absolute value, not by its length." },
          [MEAN_SQUARE - 1] = { "mean",
                                "v was divided by the root of the mean of its squares. Do not divide the sum by n." },
          [MEAN - 1] = { "mean",
                         "v was divided by the mean of its squares. The length is the square root of the sum. It "
                         "has no mean." },
          [EPSILON_3 - 1] = { "epsilon",
                              "0.001 was added to the length. This changes every number. No vector here is all 0." },
          [EPSILON_4 - 1] = { "epsilon",
                              "0.0001 was added to the length. This changes every number. No vector here is all 0." },
          [EPSILON_2 - 1] = { "epsilon",
                              "0.01 was added to the length. This changes every number. No vector here is all 0." },
          [SKIPS_LAST - 1] = { "off-by-one",
                               "The sum of squares leaves out the last number. The loop must run while i < n." },
          [SKIPS_FIRST - 1] = { "off-by-one", "The sum of squares leaves out v[0]. The loop must begin at 0." },
          [ONLY_TWO - 1] = { "only-two", "Only the first two numbers are in the length. All n numbers count." },
          [LAST_ALONE - 1] = { "overwritten",
                               "Only the last number is in the length. The code has squares = in place of squares "
                               "+=." },
          [FROM_ONE - 1] = { "from-one", "The sum of squares began at 1, not at 0." },
          [INT_LENGTH - 1] = { "int", "The length was truncated to an integer. Use double, not int." },
          [INT_SUM - 1] = { "int",
                            "The sum of squares was truncated to an integer at each step. Use double, not int." },
          [INT_NUMBERS - 1] = { "abs",
                                "The numbers of v lost their fractions and their signs. abs is for int. v[i] keeps "
                                "its sign." },
          [LENGTH_IN_LOOP - 1] = { "length-in-loop",
                                   "The length was computed again for each number, while v was being overwritten. "
                                   "Compute it once, before the loop that writes." },
          [RUNNING - 1] = { "running",
                            "Each number was divided by the length so far. Sum all squares in a first loop. Divide "
                            "in a second loop." },
          [RUNNING_BEFORE - 1] = { "running",
                                   "Each number was divided by the sum of squares so far. Sum all squares in a "
                                   "first loop. Take the square root. Divide in a second loop." },
          [UNCHANGED - 1] = { "unchanged",
                              "v has not changed. Either nothing was written to v, or its numbers were divided by "
                              "1. In C, 1 / 2 is 0, so pow(x, 1 / 2) is 1." },
          [ROOTS - 1] = { "roots",
                          "The length was computed from square roots of the numbers, not from their squares." },
          [MULTIPLIED - 1] = { "multiplied", "v was multiplied by its length instead of divided by it." },
          [FIRST_ONLY - 1] = { "first-only",
                               "Only v[0] was divided. Divide all n numbers. Are the braces of the loop in the "
                               "right place?" },
          [SQUARES - 1] = { "squares",
                            "v[i] squared was divided by the sum of squares. Divide v[i] itself, by the square root." },
          [FOURTH_ROOT - 1] = { "root-twice", "The square root was taken twice." },
          [CUBE_ROOT - 1] = { "root", "The cube root was used. sqrt is the square root." },
          [ROOT_OF_SIZES - 1] = { "no-squares", "The length was computed from absolute values, not from squares." },
          [LENGTH_AND_1 - 1] = { "from-one", "1 was added to the length." },
          [EACH_OWN - 1] = { "each-own",
                             "Each number was divided by its own absolute value. Sum all squares before the square "
                             "root." },
          [EVERY_SECOND - 1] = { "step",
                                 "The sum of squares has only every second number. Is there an i += 2, or i++ in "
                                 "two places?" },
          [ONLY_POSITIVE - 1] = { "signs",
                                  "The sum of squares has only the numbers above 0. The square of a negative number "
                                  "counts too." },
          [NO_ROOT_SHORT - 1] = { "no-root",
                                  "Two mistakes: the sum of squares leaves out the last number, and the square root "
                                  "is missing." },
          [NO_ROOT_FROM_1 - 1] = { "no-root",
                                   "Two mistakes: the sum of squares leaves out v[0], and the square root is "
                                   "missing." },
          [COUNT_OF - 1] = { "count", "v was divided by n, the count of its numbers, not by its length." },
      } },
    { .name = "cosine", .check = check_cosine, .tolerance = 1e-5,
      .mistakes = {
          [C_NO_ROOT - 1] = { "no-root",
                              "a.b was divided by (a.a)(b.b). Either the square roots are missing: |a| is "
                              "sqrt(a.a). Or a and b were normalised first and then divided by |a| |b| again." },
          [C_ROOT_A - 1] = { "no-root", "The square root of b.b is missing. |b| is sqrt(b.b)." },
          [C_ROOT_B - 1] = { "no-root", "The square root of a.a is missing. |a| is sqrt(a.a)." },
          [C_ONLY_A - 1] = { "one-side", "Only a was normalised. b still has its own length." },
          [C_ONLY_B - 1] = { "one-side", "Only b was normalised. a still has its own length." },
          [C_SQUARED_A - 1] = { "squared-length", "a.b was divided by the squared length a.a instead of by |a| |b|." },
          [C_SQUARED_B - 1] = { "squared-length", "a.b was divided by the squared length b.b instead of by |a| |b|." },
          [C_NO_LENGTH - 1] = { "no-length", "This is a.b itself, not yet divided by the two lengths." },
          [C_ADDED - 1] = { "added", "The two lengths were added. Divide a.b by their product." },
          [C_ADDED_SQUARES - 1] = { "added",
                                    "a.b was divided by a.a + b.b. Divide by the product of the two lengths." },
          [C_ROOT_OF_SUM - 1] = { "added",
                                  "a.b was divided by the square root of a.a + b.b. Divide by the product of the "
                                  "two lengths." },
          [C_ROOT_OF_LENGTHS - 1] = { "root-twice",
                                      "The square root of |a| |b| was used. |a| and |b| are square roots already." },
          [C_PRECEDENCE - 1] = { "precedence",
                                 "a.b / |a| * |b| divides by |a| only and multiplies by |b|. Write a.b / (|a| * "
                                 "|b|)." },
          [C_MEAN - 1] = { "mean", "a.b was divided by n, not by the two lengths." },
          [C_SIZES - 1] = { "sum",
                            "a.b was divided by the sums of absolute values. A length is the square root of the sum "
                            "of squares." },
          [C_INT_AB - 1] = { "int", "a.b is an int, so it lost its fraction at each step. Use double." },
          [C_INT_ALL - 1] = { "int", "The three sums are int, so they lost their fractions at each step. Use double." },
          [C_EARLY - 1] = { "early",
                            "The result was returned after the first number. The return stands inside the loop." },
          [C_SKIPS_LAST - 1] = { "off-by-one",
                                 "The last number of both vectors is left out. The loop must run while i < n." },
          [C_SKIPS_FIRST - 1] = { "off-by-one",
                                  "The first number of both vectors is left out. The loop must begin at 0." },
          [C_LAST_ALONE - 1] = { "overwritten", "a.b holds only its last product. The code has = in place of +=." },
          [C_TWO - 1] = { "only-two",
                          "Only the first two numbers count. The vectors have n. sizeof of a pointer is 8 bytes, "
                          "the size of two numbers, whatever it points to." },
          [C_FLOAT_TWO - 1] = { "only-two", "Only the first two products are in a.b. The vectors have n numbers." },
          [C_DISTANCE - 1] = { "distance", "This is the distance between a and b." },
          [C_SUM_OF_UNITS - 1] = { "sums",
                                   "The numbers of the two unit vectors were added. Multiply them in pairs and add "
                                   "the products." },
          [C_EPSILON - 1] = { "epsilon",
                              "0.001 was added to |a| |b|. This changes the cosine. No vector here is all 0." },
          [C_A_TWICE - 1] = { "typed-twice", "a.a stands in place of a.b, or this is |a| / |b|." },
          [C_PRODUCT_OF_SUMS - 1] = { "sums",
                                      "The sum of a was multiplied by the sum of b. Multiply in pairs, then add the "
                                      "products." },
          [C_AB_FOR_BB - 1] = { "typed-twice", "a.b stands in place of b.b, in the length of b." },
          [C_REVERSED - 1] = { "index", "The numbers of b were used in reverse order. Multiply a[i] by b[i]." },
          [C_AB_FOR_AA - 1] = { "typed-twice", "a.b stands in place of a.a, in the length of a." },
      } },
};

const Verify checked = {
    .number = "01",
    .title = "cosine",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "A cosine depends on the directions of its vectors, not on their lengths.",
    .in_clip =
        "The outputs of both towers are divided by their lengths before they are compared (clip_image_features in "
        "the library).",
};
