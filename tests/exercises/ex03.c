#include "verify.h"

/* What exp can hold, and below which logarithm it is 0: long double, double, float. */
typedef struct {
    double most, least;
} Range;
static const Range ranges[] = { { 11356, -11399 }, { 709.78, -745.13 }, { 88.72, -103.97 } };

static double largest(const num *x, int n) {
    double most = (double)x[0];
    for (int i = 1; i < n; i++) most = fmax(most, (double)x[i]);
    return most;
}
static double smallest(const num *x, int n) {
    double least = (double)x[0];
    for (int i = 1; i < n; i++) least = fmin(least, (double)x[i]);
    return least;
}
static double mean(const num *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] / n;
    return sum;
}
static double total(const num *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i];
    return sum;
}

/* softmax of scale * x, right for any size. */
static void exact(const num *x, int n, double scale, double *p) {
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) most = fmax(most, scale * (double)x[i]);
    for (int i = 0; i < n; i++) sum += exp(scale * (double)x[i] - most);
    for (int i = 0; i < n; i++) p[i] = exp(scale * (double)x[i] - most) / sum;
}

/* softmax with `shift` taken off instead of the largest: not a number where an exp is infinite, or all are 0. */
static void shifted(const num *x, int n, double shift, Range range, double *p) {
    double most = largest(x, n) - shift;
    exact(x, n, 1, p);
    for (int i = 0; i < n; i++) {
        double z = (double)x[i] - shift;
        if (most < range.least || (most > range.most && z > range.most)) p[i] = NAN;
        else if (most > range.most) p[i] = 0;
    }
}

/* The first score that is above the next one. */
static double first_peak(const num *x, int n) {
    int i = 0;
    while (i + 1 < n && x[i + 1] > x[i]) i++;
    return (double)x[i];
}

/* exp of scores of at most `limit`. */
static void clipped(const num *x, int n, double limit, double *p) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += exp(fmin((double)x[i], limit));
    for (int i = 0; i < n; i++) p[i] = exp(fmin((double)x[i], limit)) / sum;
}

/* ---- softmax ----------------------------------------------------------------------------------------------------- */

enum {
    RIGHT,
    NO_MAX_LONG,
    NO_MAX,
    NO_MAX_FLOAT,
    FROM_0_LONG,
    FROM_0,
    FROM_0_FLOAT,
    FIRST_LONG,
    FIRST,
    FIRST_FLOAT,
    LAST,
    MEAN_LONG,
    MEAN_OFF,
    SMALLEST,
    NOT_DIVIDED,
    EXP,
    LOGARITHM,
    BY_LARGEST,
    NO_EXP,
    NO_EXP_SHIFTED,
    SIZES,
    BASE_2,
    BASE_10,
    BASE_2718,
    BASE_272,
    INT_SUM,
    FROM_ONE,
    SUM_FROM_1,
    SUM_TO_LAST,
    RUNNING,
    IN_LOOP,
    NEGATIVE,
    HARD,
    OVER_N,
    TWICE_DIVIDED,
    SUM_OF_SHIFTED,
    LAST_TERM,
    NOT_LAST,
    NOT_FIRST,
    FROM_0_FROM_1,
    FIRST_PEAK,
    LAST_PAIR,
    NUMERATOR_RAW,
    SIGMOID,
    BY_LOG_SUM,
    FIXED_1000,
    CLIPPED_80,
    CLIPPED_88,
    CLIPPED_100,
    CLIPPED_700,
    MODELS
};

static void power_softmax(const num *x, int n, double base, double *p) { exact(x, n, log(base), p); }

/* exp(x - most) divided by other things than their sum. */
static void divided_otherwise(int model, const num *x, int n, double *p) {
    double most = largest(x, n), whole = 0, sum = 0, so_far = 0, left = 0, raw = 0;
    for (int i = 0; i < n; i++) {
        double e = exp((double)x[i] - most);
        whole = trunc(whole + e);
        sum += e;
        raw += exp((double)x[i]);
    }
    left = sum;
    for (int i = 0; i < n; i++) {
        double e = exp((double)x[i] - most);
        so_far += e;
        p[i] = model == NOT_DIVIDED      ? e
               : model == EXP            ? exp((double)x[i])
               : model == LOGARITHM      ? (double)x[i] - most - log(sum)
               : model == INT_SUM        ? e / whole
               : model == FROM_ONE       ? e / (sum + 1)
               : model == SUM_FROM_1     ? e / (sum - exp((double)x[0] - most))
               : model == SUM_TO_LAST    ? e / (sum - exp((double)x[n - 1] - most))
               : model == LAST_TERM      ? e / exp((double)x[n - 1] - most)
               : model == RUNNING        ? e / so_far
               : model == IN_LOOP        ? e / left
               : model == OVER_N         ? e / n
               : model == SUM_OF_SHIFTED ? e / raw
               : model == SIGMOID        ? 1 / (1 + exp(-(double)x[i]))
               : model == BY_LOG_SUM     ? e / log(sum)
               : model == NUMERATOR_RAW  ? (exp((double)x[i]) / sum > 3.4e38 ? INFINITY : exp((double)x[i]) / sum)
               : model == TWICE_DIVIDED  ? e / sum / sum
                                         : (e == 1);
        left += p[i] - e;
    }
}

static void no_exp(int model, const num *x, int n, double *p) {
    double sizes = 0, least = smallest(x, n), over = 0, most = largest(x, n), sum = 0;
    for (int i = 0; i < n; i++) {
        sizes += fabs((double)x[i]);
        over += (double)x[i] - least;
        sum += exp((double)x[i] / most);
    }
    for (int i = 0; i < n; i++)
        p[i] = model == NO_EXP           ? (double)x[i] / total(x, n)
               : model == NO_EXP_SHIFTED ? ((double)x[i] - least) / over
               : model == BY_LARGEST     ? exp((double)x[i] / most) / sum
                                         : fabs((double)x[i]) / sizes;
}

static void softmax_as(int model, const num *x, int n, double *p) {
    switch (model) {
    case RIGHT: exact(x, n, 1, p); break;
    case NO_MAX_LONG:
    case NO_MAX:
    case NO_MAX_FLOAT: shifted(x, n, 0, ranges[model - NO_MAX_LONG], p); break;
    case FROM_0_LONG:
    case FROM_0:
    case FROM_0_FLOAT: shifted(x, n, fmax(0, largest(x, n)), ranges[model - FROM_0_LONG], p); break;
    case FIRST_LONG:
    case FIRST:
    case FIRST_FLOAT: shifted(x, n, (double)x[0], ranges[model - FIRST_LONG], p); break;
    case LAST: shifted(x, n, (double)x[n - 1], ranges[1], p); break;
    case MEAN_LONG: shifted(x, n, mean(x, n), ranges[0], p); break;
    case MEAN_OFF: shifted(x, n, mean(x, n), ranges[1], p); break;
    case NOT_LAST: shifted(x, n, largest(x, MAX(n - 1, 1)), ranges[1], p); break;
    case NOT_FIRST: shifted(x, n, n > 1 ? largest(x + 1, n - 1) : (double)x[0], ranges[1], p); break;
    case FROM_0_FROM_1: shifted(x, n, n > 1 ? fmax(0, largest(x + 1, n - 1)) : 0, ranges[1], p); break;
    case SMALLEST: shifted(x, n, smallest(x, n), ranges[1], p); break;
    case FIRST_PEAK: shifted(x, n, first_peak(x, n), ranges[1], p); break;
    case LAST_PAIR: shifted(x, n, largest(x + MAX(n - 2, 0), MIN(n, 2)), ranges[1], p); break;
    case FIXED_1000: shifted(x, n, 1000, ranges[1], p); break;
    case CLIPPED_80: clipped(x, n, 80, p); break;
    case CLIPPED_88: clipped(x, n, 88, p); break;
    case CLIPPED_100: clipped(x, n, 100, p); break;
    case CLIPPED_700: clipped(x, n, 700, p); break;
    case BASE_2: power_softmax(x, n, 2, p); break;
    case BASE_10: power_softmax(x, n, 10, p); break;
    case BASE_2718: power_softmax(x, n, 2.718, p); break;
    case BASE_272: power_softmax(x, n, 2.72, p); break;
    case NEGATIVE: exact(x, n, -1, p); break;
    case NO_EXP:
    case NO_EXP_SHIFTED:
    case BY_LARGEST:
    case SIZES: no_exp(model, x, n, p); break;
    default: divided_otherwise(model, x, n, p);
    }
}

static void softmax_case(const char *label, const num *given, int n) {
    verify_case(label, "x = %s", verify_vector(given, n));
    verify_size("n", n);
    const num *x = verify_input_numbers("x", given, n);
    Mat p = verify_room("p", 1, n);
    verify_answers(1, n, p.v, false);
    for (int m = 0; m < MODELS; m++) softmax_as(m, given, n, verify_model(m));
    softmax(x, n, p.v);
    for (int i = 0; i < n; i++) verify_got(i, (double)p.v[i], "p[%d]", i);
    verify_done();
}

static void check_softmax(void) {
    softmax_case("the worked example", (num[]){ 0, (num)log(3) }, 2);
    softmax_case("small scores", (num[]){ 1, 2, 3, -1 }, 4);
    softmax_case("scores above 0", (num[]){ 0.5, 3, 2, 6, 1 }, 5);
    softmax_case("scores below 0", (num[]){ -4, -2, -3, -2.5 }, 4);
    softmax_case("scores far apart", (num[]){ 4, -9, 1.5 }, 3);
    for (int k = 0; k < 4; k++) softmax_case("small scores", verify_random(1, 3 + 3 * k, 2).v, 3 + 3 * k);
    softmax_case("equal scores of 1000", (num[]){ 1000, 1000 }, 2);
    softmax_case("scores of 1000", (num[]){ 1000, 1001, 990 }, 3);
    softmax_case("scores of -2000", (num[]){ -2000, -2001 }, 2);
    softmax_case("scores of 10,000", (num[]){ 9998, 10000, 9999.5 }, 3);
    softmax_case("scores of -10,000", (num[]){ -10001, -10000, -10000.5 }, 3);
    softmax_case("scores of 20,000", (num[]){ 19999, 20000, 19998 }, 3);
    softmax_case("scores of -20,000", (num[]){ -19999, -20000, -19998 }, 3);
    softmax_case("from -10,000 to 10,000", (num[]){ -10000, 10000, 9999, 0 }, 4);
    softmax_case("from 10,000 to -10,000", (num[]){ 10000, 0, 9999, -10000 }, 4);
    softmax_case("one far above the rest", (num[]){ -20000, -20000, -20000, 20000, -20000, -20000 }, 6);
    softmax_case("the last far above the rest", (num[]){ -20000, -20000, 20000 }, 3);
    softmax_case("the first far above the rest", (num[]){ 20000, -20000, -20000 }, 3);
    softmax_case("the largest behind a smaller one", (num[]){ 1000, -1000, 3000, 2999 }, 4);
    softmax_case("the largest in the middle", (num[]){ 0, 900, 5000, 100, 2000 }, 5);
    softmax_case("one score", (num[]){ 7 }, 1);
    softmax_case("again", (num[]){ 0, (num)log(3) }, 2);
}

/* ---- cross-entropy ----------------------------------------------------------------------------------------------- */

enum {
    C_RIGHT,
    C_NO_MAX_LONG,
    C_NO_MAX,
    C_NO_MAX_FLOAT,
    C_FROM_0,
    C_FROM_0_FLOAT,
    C_FIRST,
    C_MEAN,
    C_NOT_LAST,
    C_FROM_0_FROM_1,
    C_NOT_FIRST,
    C_LOG10,
    C_LOG2,
    C_SIGN,
    C_SUM,
    C_OVER_N,
    C_MEAN_TWICE,
    C_ZERO,
    C_FIRST_ROW,
    C_FIRST_ALONE,
    C_LAST_ROW,
    C_LAST_ALONE,
    C_SKIPS_LAST,
    C_ALL_CLASSES,
    C_DIAGONAL,
    C_TARGET_0,
    C_TARGET_BEFORE,
    C_TARGET_NEXT,
    C_ONE_MINUS_P,
    C_P,
    C_MAX_FORGOTTEN,
    C_TOTAL_NOT_RESET,
    C_TOTAL_FROM_1,
    C_ONLY_TOTAL,
    C_ONLY_SCORE,
    C_EPS_3,
    C_EPS_4,
    C_EPS_2,
    C_INT_SUM,
    C_ENTROPY,
    C_BINARY,
    C_LARGEST_P,
    C_SAME_ROW,
    C_SAME_TARGET,
    C_SQUARED,
    C_COLUMNS,
    C_INT_TOTAL,
    C_TOTAL_FROM_ONE,
    C_EPS_5,
    C_EPS_6,
    C_EPS_7,
    C_AT_LEAST_2,
    C_AT_LEAST_3,
    C_SOFTMAX_TWICE,
    C_INVERSE_P,
    C_BRIER,
    C_ERRORS,
    C_NO_LOG_SUM,
    C_FLAT,
    C_WHOLE,
    C_WHOLE_FLOAT,
    C_RUNNING_MEAN,
    C_LOG_OF_MEAN,
    C_MODELS
};

static void row_of(Mat x, int b, double *p) { exact(&AT(x, b, 0), x.shape[1], 1, p); }

/* What one row costs. Targets outside of the row: VERIFY_ANY. */
static double row_cost(int model, Mat x, const int *target, int b, double *p) {
    int N = x.shape[1], t = target[b];
    const num *row = &AT(x, b, 0);
    double most = largest(row, N), all = 0, entropy = 0, binary = 0, largest_p = 0, whole = 0, from_one = 1, of_p = 0,
           brier = 0;
    row_of(x, b, p);
    if (model == C_DIAGONAL) t = b;
    if (model == C_TARGET_0) t = 0;
    if (model == C_TARGET_BEFORE) t--;
    if (model == C_TARGET_NEXT) t++;
    if (model == C_SAME_TARGET) t = target[0];
    if (t < 0 || t >= N) return VERIFY_ANY;
    for (int n = 0; n < N; n++) {
        double e = exp((double)row[n] - most);
        all -= log(p[n]);
        of_p += exp(p[n]);
        brier += (p[n] - (n == t)) * (p[n] - (n == t));
        entropy -= p[n] > 0 ? p[n] * log(p[n]) : 0;
        binary -= n == t ? log(p[n]) : log(1 - p[n]);
        largest_p = fmax(largest_p, p[n]);
        whole = trunc(whole + e);
        from_one += e;
    }
    double log_total = (double)row[t] - log(p[t]);
    switch (model) {
    case C_LOG10: return -log10(p[t]);
    case C_LOG2: return -log2(p[t]);
    case C_SIGN: return log(p[t]);
    case C_ALL_CLASSES: return all;
    case C_ONE_MINUS_P: return 1 - p[t];
    case C_P: return p[t];
    case C_MAX_FORGOTTEN: return -log(p[t]) - most;
    case C_TOTAL_FROM_1: return -log(p[t]) + log(1 - p[0]);
    case C_ONLY_TOTAL: return log_total;
    case C_ONLY_SCORE: return -(double)row[t];
    case C_EPS_2: return -log(p[t] + 1e-2);
    case C_EPS_3: return -log(p[t] + 1e-3);
    case C_EPS_4: return -log(p[t] + 1e-4);
    case C_EPS_5: return -log(p[t] + 1e-5);
    case C_EPS_6: return -log(p[t] + 1e-6);
    case C_EPS_7: return -log(p[t] + 1e-7);
    case C_AT_LEAST_2: return -log(fmax(p[t], 1e-2));
    case C_AT_LEAST_3: return -log(fmax(p[t], 1e-3));
    case C_LOG_OF_MEAN: return p[t];
    case C_INVERSE_P: return 1 / p[t];
    case C_BRIER: return brier;
    case C_ERRORS: return (double)row[t] < most;
    case C_NO_LOG_SUM: return exp(log_total - most) - (double)row[t];
    case C_FLAT: return log_total - (double)x.v[t];
    case C_SOFTMAX_TWICE: return log(of_p) - p[t];
    case C_ENTROPY: return entropy;
    case C_BINARY: return binary;
    case C_LARGEST_P: return -log(largest_p);
    case C_SQUARED: return (1 - p[t]) * (1 - p[t]);
    case C_INT_TOTAL: return log(whole) + most - (double)row[t];
    case C_TOTAL_FROM_ONE: return log(from_one) + most - (double)row[t];
    default: return -log(p[t]);
    }
}

/* Does a row's largest score, shifted, leave the range of exp? */
static bool out_of_range(int model, Mat x) {
    static const int range_of[] = {
        [C_NO_MAX_LONG] = 0, [C_NO_MAX] = 1, [C_NO_MAX_FLOAT] = 2, [C_FROM_0] = 1,        [C_FROM_0_FLOAT] = 2,
        [C_FIRST] = 1,       [C_MEAN] = 1,   [C_NOT_LAST] = 1,     [C_FROM_0_FROM_1] = 1, [C_NOT_FIRST] = 1
    };
    Range range = ranges[range_of[model]];
    for (int b = 0; b < x.shape[0]; b++) {
        const num *row = &AT(x, b, 0);
        int N = x.shape[1];
        double most = largest(row, N);
        double shift = model == C_FROM_0 || model == C_FROM_0_FLOAT ? fmax(0, most)
                       : model == C_FIRST                           ? (double)row[0]
                       : model == C_MEAN                            ? mean(row, N)
                       : model == C_NOT_LAST                        ? largest(row, MAX(N - 1, 1))
                       : model == C_FROM_0_FROM_1                   ? fmax(0, N > 1 ? largest(row + 1, N - 1) : 0)
                       : model == C_NOT_FIRST && N > 1              ? largest(row + 1, N - 1)
                                                                    : 0;
        if (most - shift > range.most || most - shift < range.least) return true;
    }
    return false;
}

/* The sum of exp is not set to 0 again for each row. */
static double total_not_reset(Mat x, const int *target) {
    double loss = 0, sum = 0;
    int B = x.shape[0], N = x.shape[1];
    for (int b = 0; b < B; b++) {
        const num *row = &AT(x, b, 0);
        double most = largest(row, N);
        for (int n = 0; n < N; n++) sum += exp((double)row[n] - most);
        loss -= (double)row[target[b]] - most - log(sum);
    }
    return loss / B;
}

/* One softmax over the whole matrix. */
static double of_the_whole(Mat x, const int *target, Range range, double exact_from) {
    double most = largest(x.v, (int)mat_count(x)), sum = 0, loss = 0;
    for (size_t i = 0; i < mat_count(x); i++) sum += exp((double)x.v[i] - most);
    for (int b = 0; b < x.shape[0]; b++) {
        double z = (double)AT(x, b, target[b]) - most;
        if (z < range.least) return VERIFY_NOT_FINITE;
        if (z < exact_from) return VERIFY_ANY; /* a denormal number, of few digits */
        loss += (log(sum) - z) / x.shape[0];
    }
    return loss;
}

/* softmax down the columns. */
static double down_columns(Mat x, const int *target) {
    int B = x.shape[0];
    double loss = 0;
    for (int b = 0; b < B; b++) {
        double most = -INFINITY, sum = 0;
        for (int r = 0; r < B; r++) most = fmax(most, (double)AT(x, r, target[b]));
        for (int r = 0; r < B; r++) sum += exp((double)AT(x, r, target[b]) - most);
        loss -= (double)AT(x, b, target[b]) - most - log(sum);
    }
    return loss / B;
}

static double cross_entropy_as(int model, Mat x, const int *target) {
    int B = x.shape[0], N = x.shape[1];
    double *p = arena_alloc(verify_arena(), (size_t)N, sizeof *p), sum = 0, whole = 0, last = 0, first = 0;
    if (model == C_TOTAL_NOT_RESET) return total_not_reset(x, target);
    if (model == C_COLUMNS) return down_columns(x, target);
    if (model == C_WHOLE) return of_the_whole(x, target, ranges[1], -708);
    if (model == C_WHOLE_FLOAT) return of_the_whole(x, target, ranges[2], -87);
    double running = 0;
    for (int b = 0; b < B; b++) {
        double cost = model == C_SAME_ROW ? 0 : row_cost(model, x, target, b, p);
        if (model == C_SAME_ROW) {
            row_of(x, 0, p);
            cost = -log(p[target[b]]);
        }
        if (cost == VERIFY_ANY) return VERIFY_ANY;
        if (b == 0) first = cost;
        if (model != C_SKIPS_LAST || b < B - 1) sum += cost;
        whole = trunc(whole + cost);
        running = (running + cost) / B;
        last = cost;
    }
    if (model >= C_NO_MAX_LONG && model <= C_NOT_FIRST && out_of_range(model, x)) return VERIFY_NOT_FINITE;
    switch (model) {
    case C_SUM: return sum;
    case C_OVER_N: return sum / N;
    case C_MEAN_TWICE: return sum / B / B;
    case C_ZERO: return B > 1 ? 0 : sum;
    case C_FIRST_ROW: return first / B;
    case C_FIRST_ALONE: return first;
    case C_LAST_ROW: return last / B;
    case C_LAST_ALONE: return last;
    case C_INT_SUM: return whole / B;
    case C_RUNNING_MEAN: return running;
    case C_LOG_OF_MEAN: return -log(sum / B);
    default: return sum / B;
    }
}

static void cross_entropy_case(const char *label, Mat given, const int *given_target) {
    int B = given.shape[0], N = given.shape[1];
    verify_case(label, "x = %s, target = %s", verify_matrix(given), verify_ints(given_target, B));
    verify_size("B", B);
    verify_size("N", N);
    verify_size("(B - 1)", B - 1);
    verify_answers(1, 1, NULL, false);
    for (int m = 0; m < C_MODELS; m++) verify_model(m)[0] = cross_entropy_as(m, given, given_target);
    verify_got(0, cross_entropy(verify_lent("x", given), verify_input_ints("target", given_target, B)),
               "cross_entropy(x, target)");
    verify_done();
}

static void fresh_cross_entropy(const char *label, int B, int N, double scale) {
    int target[20];
    for (int b = 0; b < B; b++) target[b] = (int)rng_below(verify_rng(), (uint32_t)N);
    cross_entropy_case(label, verify_random(B, N, scale), target);
}

static void check_cross_entropy(void) {
    Mat worked = verify_from(2, 2, (double[]){ 0, log(3), 0, 0 });
    cross_entropy_case("the worked example", worked, (int[]){ 1, 0 });
    cross_entropy_case("targets on the diagonal", verify_from(3, 3, (double[]){ 2, 0, 1, 0, 0, 0, -1, 4, 0.5 }),
                       (int[]){ 0, 1, 2 });
    cross_entropy_case("a target with a small probability", verify_from(1, 2, (double[]){ 7.5, 0 }), (int[]){ 1 });
    cross_entropy_case("one row", verify_from(1, 3, (double[]){ 1, 3, 2 }), (int[]){ 2 });
    cross_entropy_case("more rows than columns", verify_from(4, 2, (double[]){ 1, 3, 2, 0.5, 3, 1.5, 1, 2 }),
                       (int[]){ 1, 0, 0, 1 });
    cross_entropy_case("scores below 0", verify_from(3, 2, (double[]){ -3, -1, -2, -2.5, -4, -6 }), (int[]){ 1, 1, 0 });
    fresh_cross_entropy("small scores", 3, 5, 2);
    fresh_cross_entropy("small scores", 3, 4, 2);
    fresh_cross_entropy("small scores", 6, 3, 1);
    fresh_cross_entropy("many rows", 9, 7, 2);
    fresh_cross_entropy("many columns", 5, 30, 1);
    cross_entropy_case("scores of 1000 and -3000",
                       verify_from(2, 3, (double[]){ 1000, 1001, 1002, -3000, -2999, -3001 }), (int[]){ 1, 0 });
    cross_entropy_case("scores of 10,000", verify_from(2, 3, (double[]){ 9999, 10000, 9998, 10000, 9999, 9998 }),
                       (int[]){ 1, 1 });
    cross_entropy_case("scores of -10,000", verify_from(2, 2, (double[]){ -10000, -9999, -10001, -10000 }),
                       (int[]){ 0, 1 });
    cross_entropy_case("scores of 20,000", verify_from(2, 2, (double[]){ 20000, 19999, 19999, 20000 }),
                       (int[]){ 0, 0 });
    cross_entropy_case("scores of -20,000", verify_from(2, 2, (double[]){ -20000, -19999, -20001, -20000 }),
                       (int[]){ 0, 1 });
    cross_entropy_case("from -10,000 to 10,000", verify_from(2, 3, (double[]){ -10000, 10000, 9999, -10000, 0, 0.5 }),
                       (int[]){ 2, 1 });
    cross_entropy_case("the first score far below the rest",
                       verify_from(2, 5, (double[]){ -800, 100, 100, 101, 100, -900, 1, 0, 0, 2 }), (int[]){ 3, 1 });
    cross_entropy_case("the last score far above the rest",
                       verify_from(2, 3, (double[]){ -20000, -20000, 20000, 0, -3000, 0.5 }), (int[]){ 2, 0 });
    cross_entropy_case("the first score far above the rest",
                       verify_from(2, 3, (double[]){ 1000, -500, -501, 900, -600, -600 }), (int[]){ 0, 0 });
    while (verify_wants_small())
        fresh_cross_entropy("small sizes", 1 + (int)rng_below(verify_rng(), 3), 1 + (int)rng_below(verify_rng(), 4), 3);
    cross_entropy_case("again", worked, (int[]){ 1, 0 });
}

#define NO_MAX_TEXT                                                                                                    \
    "The largest score was not subtracted before exp. exp of a large score is infinite, and of a small score 0."
#define FROM_0_TEXT                                                                                                    \
    "The search for the largest score begins at 0 (or at FLT_MIN, which is above 0). If all scores are far below 0, "  \
    "every exp is 0. Begin with the first score."
#define FIRST_TEXT "The first score was subtracted. Subtract the largest score, so that every exp is at most 1."

static const Part parts[] = {
    { .name = "softmax", .check = check_softmax, .tolerance = 1e-5,
      .mistakes = {
          [NO_MAX_LONG - 1] = { "no-max", NO_MAX_TEXT },
          [NO_MAX - 1] = { "no-max", NO_MAX_TEXT },
          [NO_MAX_FLOAT - 1] = { "no-max", NO_MAX_TEXT },
          [FROM_0_LONG - 1] = { "max-from-0", FROM_0_TEXT },
          [FROM_0 - 1] = { "max-from-0", FROM_0_TEXT },
          [FROM_0_FLOAT - 1] = { "max-from-0", FROM_0_TEXT },
          [FIRST_LONG - 1] = { "first-off", FIRST_TEXT },
          [FIRST - 1] = { "first-off", FIRST_TEXT },
          [FIRST_FLOAT - 1] = { "first-off", FIRST_TEXT },
          [LAST - 1] = { "last-off",
                         "The last score was subtracted. Subtract the largest score, so that every exp is at most 1." },
          [MEAN_LONG - 1] = { "mean-off",
                              "The mean of the scores was subtracted, not the largest. The largest may lie far "
                              "above it." },
          [MEAN_OFF - 1] = { "mean-off",
                             "The mean of the scores was subtracted, not the largest. The largest may lie far above "
                             "it." },
          [NOT_LAST - 1] = { "off-by-one",
                             "The search for the largest score leaves out the last score. The loop must run while i "
                             "< n." },
          [NOT_FIRST - 1] = { "off-by-one",
                              "The search for the largest score leaves out the first score. Begin with most = x[0]." },
          [FROM_0_FROM_1 - 1] = { "max-from-0", FROM_0_TEXT },
          [SMALLEST - 1] = { "smallest-off",
                             "The smallest score was subtracted, not the largest. exp of the others may be infinite." },
          [NOT_DIVIDED - 1] = { "not-divided", "exp(x[i]) was not divided by the sum." },
          [EXP - 1] = { "not-divided", "exp(x[i]) was not divided by the sum." },
          [LOGARITHM - 1] = { "logarithm", "This is the logarithm of the softmax." },
          [BY_LARGEST - 1] = { "by-largest",
                               "The scores were divided by the largest score. Subtract it: x[i] - most." },
          [NO_EXP - 1] = { "no-exp", "x[i] was divided by the sum of x. The exp is missing." },
          [NO_EXP_SHIFTED - 1] = { "no-exp",
                                   "The exp is missing. The scores above the smallest were divided by their sum." },
          [SIZES - 1] = { "no-exp",
                          "The absolute values of the scores were divided by their sum. The exp is missing." },
          [BASE_2 - 1] = { "base", "2 was raised to the power of the scores. exp(x) is e to the power of x." },
          [BASE_10 - 1] = { "base", "10 was raised to the power of the scores. exp(x) is e to the power of x." },
          [BASE_2718 - 1] = { "base", "2.718 is not e. Use exp." },
          [BASE_272 - 1] = { "base", "2.72 is not e. Use exp." },
          [INT_SUM - 1] = { "int", "The sum was truncated to an integer at each step. Use double, not int." },
          [FROM_ONE - 1] = { "from-one", "The sum began at 1, not at 0." },
          [SUM_FROM_1 - 1] = { "off-by-one", "The sum leaves out the first score. The loop must begin at 0." },
          [SUM_TO_LAST - 1] = { "off-by-one", "The sum leaves out the last score. The loop must run while i < n." },
          [LAST_TERM - 1] = { "overwritten", "The sum holds only its last term. The code has = in place of +=." },
          [RUNNING - 1] = { "running",
                            "Each number was divided by the sum so far. Compute the whole sum in a first loop. "
                            "Divide in a second loop." },
          [IN_LOOP - 1] = { "sum-in-loop",
                            "The sum was computed again for each number, while p was being overwritten. Compute it "
                            "once, before the loop that writes." },
          [NEGATIVE - 1] = { "sign",
                             "This is the softmax of -x. The exponent has the wrong sign. The largest score must "
                             "get the largest p." },
          [HARD - 1] = { "argmax",
                         "The largest score got 1 and all others got 0. This is the argmax. Softmax divides "
                         "exp(x[i]) by a sum." },
          [OVER_N - 1] = { "over-n", "exp(x[i]) was divided by n, not by the sum." },
          [TWICE_DIVIDED - 1] = { "twice", "exp(x[i]) was divided by the sum twice." },
          [SUM_OF_SHIFTED - 1] = { "max-one-place",
                                   "The largest score was subtracted in the numerator or in the sum, but not in "
                                   "both." },
          [NUMERATOR_RAW - 1] = { "max-one-place",
                                  "The largest score was subtracted in the sum, but not in the numerator." },
          [SIGMOID - 1] = { "sigmoid",
                            "The sigmoid of each score was used. Softmax divides exp(x[i]) by a sum over all scores." },
          [BY_LOG_SUM - 1] = { "log-sum", "exp(x[i]) was divided by the logarithm of the sum. Divide by the sum." },
          [FIXED_1000 - 1] = { "fixed-shift", "1000 was subtracted from all scores. Subtract the largest score." },
          [FIRST_PEAK - 1] = { "max-neighbour",
                               "The search for the largest score stops at the first score that is not larger than "
                               "the one before it." },
          [LAST_PAIR - 1] = { "max-neighbour",
                              "Only two neighbouring scores are compared in the search for the largest score. "
                              "Compare each score with the largest so far." },
          [CLIPPED_80 - 1] = { "clipped",
                               "The scores were limited to a largest value before exp. Subtract the largest score "
                               "from all scores." },
          [CLIPPED_88 - 1] = { "clipped",
                               "The scores were limited to a largest value before exp. Subtract the largest score "
                               "from all scores." },
          [CLIPPED_100 - 1] = { "clipped",
                                "The scores were limited to a largest value before exp. Subtract the largest score "
                                "from all scores." },
          [CLIPPED_700 - 1] = { "clipped",
                                "The scores were limited to a largest value before exp. Subtract the largest score "
                                "from all scores." },
      } },
    { .name = "cross_entropy", .check = check_cross_entropy, .tolerance = 1e-5,
      .mistakes = {
          [C_NO_MAX_LONG - 1] = { "no-max", NO_MAX_TEXT },
          [C_NO_MAX - 1] = { "no-max", NO_MAX_TEXT },
          [C_NO_MAX_FLOAT - 1] = { "no-max", NO_MAX_TEXT },
          [C_FROM_0 - 1] = { "max-from-0", FROM_0_TEXT },
          [C_FROM_0_FLOAT - 1] = { "max-from-0", FROM_0_TEXT },
          [C_FIRST - 1] = { "first-off", FIRST_TEXT },
          [C_MEAN - 1] = { "mean-off", "The mean of the row was subtracted, not the largest score." },
          [C_NOT_LAST - 1] = { "off-by-one",
                               "The search for the largest score leaves out the last score. The loop must run while "
                               "n < N." },
          [C_NOT_FIRST - 1] = { "off-by-one",
                                "The search for the largest score leaves out the first score. Begin with most = "
                                "row[0]." },
          [C_FROM_0_FROM_1 - 1] = { "max-from-0", FROM_0_TEXT },
          [C_LOG10 - 1] = { "log10",
                            "log10 was used. The cross-entropy needs the natural logarithm, which is log in C." },
          [C_LOG2 - 1] = { "log2", "log2 was used. The cross-entropy needs the natural logarithm, which is log in C." },
          [C_SIGN - 1] = { "sign",
                           "The minus sign is missing. The logarithm of p is negative, because p is below 1. A loss "
                           "is not negative." },
          [C_SUM - 1] = { "sum", "This is the sum over the rows. The mean is the sum divided by B." },
          [C_OVER_N - 1] = { "over-n", "The sum was divided by N, the columns. Divide it by B, the rows." },
          [C_MEAN_TWICE - 1] = { "mean-twice", "The mean was taken twice. The sum was divided by B * B." },
          [C_ZERO - 1] = { "int-division",
                           "The result is 0 for more than one row. In C, 1 / B is 0 if B is an int above 1. Write "
                           "sum / B or 1.0 / B." },
          [C_FIRST_ROW - 1] = { "early",
                                "Only the first row counts. The return stands inside the loop, or the loop ends "
                                "after one row." },
          [C_FIRST_ALONE - 1] = { "early", "This is the cost of the first row. The return stands inside the loop." },
          [C_LAST_ROW - 1] = { "overwritten", "Only the last row counts. The code has sum = in place of sum +=." },
          [C_LAST_ALONE - 1] = { "overwritten",
                                 "This is the cost of the last row. The code has sum = in place of sum +=. The mean "
                                 "is missing too." },
          [C_SKIPS_LAST - 1] = { "off-by-one", "The last row is left out. The loop must run while b < B." },
          [C_ALL_CLASSES - 1] = { "all-classes",
                                  "-log p was added over all columns. Only the column of the target counts." },
          [C_DIAGONAL - 1] = { "diagonal", "Column b was used in row b. Use column target[b]." },
          [C_TARGET_0 - 1] = { "target-0", "Column 0 was used in every row. Use column target[b]." },
          [C_TARGET_BEFORE - 1] = { "off-by-one", "Column target[b] - 1 was used. Targets count from 0." },
          [C_TARGET_NEXT - 1] = { "off-by-one", "Column target[b] + 1 was used. Targets count from 0." },
          [C_ONE_MINUS_P - 1] = { "no-log", "The cost 1 - p was used. The cost is -log p." },
          [C_P - 1] = { "no-log", "The mean of p was computed. The cost is -log p." },
          [C_MAX_FORGOTTEN - 1] = { "max-forgotten",
                                    "The largest score was subtracted in the sum and not added again. The cost is "
                                    "log(sum) + most - x[target]." },
          [C_TOTAL_NOT_RESET - 1] = { "not-reset", "The sum of exp is not reset to 0 for each row." },
          [C_TOTAL_FROM_1 - 1] = { "off-by-one", "The sum of exp leaves out column 0. The loop must begin at 0." },
          [C_ONLY_TOTAL - 1] = { "only-total",
                                 "This is the logarithm of the sum of exp. Subtract the score of the target." },
          [C_ONLY_SCORE - 1] = { "no-softmax", "This is minus the score of the target. The softmax is missing." },
          [C_EPS_3 - 1] = { "epsilon", "0.001 was added to p before the logarithm. This changes the loss." },
          [C_EPS_4 - 1] = { "epsilon", "0.0001 was added to p before the logarithm. This changes the loss." },
          [C_EPS_2 - 1] = { "epsilon", "0.01 was added to p before the logarithm. This changes the loss." },
          [C_INT_SUM - 1] = { "int", "The sum was truncated to an integer at each step. Use double, not int." },
          [C_ENTROPY - 1] = { "entropy", "This is the entropy of the rows. The target was not used." },
          [C_BINARY - 1] = { "binary",
                             "-log(1 - p) of the other columns was added. Only -log p of the target counts." },
          [C_LARGEST_P - 1] = { "no-target", "The largest p was used. Use p of the target." },
          [C_SAME_ROW - 1] = { "same-row", "The softmax of row 0 was used for every row." },
          [C_SAME_TARGET - 1] = { "same-target", "target[0] was used for every row." },
          [C_SQUARED - 1] = { "no-log", "The square of 1 - p was used. The cost is -log p." },
          [C_COLUMNS - 1] = { "wrong-axis", "The softmax is over the columns. It must be over each row." },
          [C_INT_TOTAL - 1] = { "int",
                                "The sum of exp was truncated to an integer at each step. Use double, not int." },
          [C_TOTAL_FROM_ONE - 1] = { "from-one", "The sum of exp began at 1, not at 0." },
          [C_EPS_5 - 1] = { "epsilon", "0.00001 was added to p before the logarithm. This changes the loss." },
          [C_EPS_6 - 1] = { "epsilon", "0.000001 was added to p before the logarithm. This changes the loss." },
          [C_EPS_7 - 1] = { "epsilon", "0.0000001 was added to p before the logarithm. This changes the loss." },
          [C_AT_LEAST_2 - 1] = { "clamped",
                                 "p was raised to at least 0.01 before the logarithm. This changes the loss." },
          [C_AT_LEAST_3 - 1] = { "clamped",
                                 "p was raised to at least 0.001 before the logarithm. This changes the loss." },
          [C_SOFTMAX_TWICE - 1] = { "softmax-twice", "The softmax was applied twice." },
          [C_INVERSE_P - 1] = { "no-log", "The mean of 1 / p was computed. The cost is -log p." },
          [C_BRIER - 1] = { "squared", "This is a squared error. The cost is -log p of the target." },
          [C_ERRORS - 1] = { "errors",
                             "This is the share of rows whose largest score is not the target. The cost is -log p." },
          [C_NO_LOG_SUM - 1] = { "no-log", "The logarithm of the sum of exp is missing." },
          [C_FLAT - 1] = { "same-row", "x.v[target[b]] is in row 0. Use AT(x, b, target[b])." },
          [C_WHOLE - 1] = { "whole", "One softmax over the whole matrix was used. Each row has its own softmax." },
          [C_WHOLE_FLOAT - 1] = { "whole",
                                  "One softmax over the whole matrix was used. Each row has its own softmax." },
          [C_RUNNING_MEAN - 1] = { "mean-in-loop",
                                   "The sum was divided by B after every row. Divide once, after the loop." },
          [C_LOG_OF_MEAN - 1] = { "log-of-mean",
                                  "This is minus the logarithm of the mean of p. Take the logarithm of each p "
                                  "first, then the mean." },
      } },
};

const Verify checked = {
    .number = "03",
    .title = "softmax",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "Softmax turns scores of any size into probabilities. The cross-entropy is the cost of the right answer.",
    .in_clip =
        "op_cross_entropy in the library. Before training, the loss of a row is near log N, where N is the size of "
        "the batch.",
};
