#include "verify.h"

enum {
    RIGHT,
    ROWS,
    HALF_ROWS,
    COLUMNS,
    HALF_COLUMNS,
    ADDED,
    SUM_OF_MEANS,
    SUM,
    MEAN_TWICE,
    HALF_TWICE,
    PRECEDENCE_ROWS,
    PRECEDENCE_COLUMNS,
    LARGER,
    SMALLER,
    DIFFERENCE,
    MULTIPLIED,
    NO_TAU,
    TAU_TWICE,
    TAU_ROWS,
    TAU_COLUMNS,
    INT_SCALE,
    ROOT_TAU,
    ROOT_E,
    OVER_E,
    DIAGONAL_ONLY,
    TARGET_0,
    TARGET_NEXT,
    WHOLE,
    WHOLE_DOUBLE,
    WHOLE_FLOAT,
    IMAGE_IMAGE,
    TEXT_TEXT,
    SKIPS_LAST,
    SKIPS_LAST_ALL,
    NO_MAX,
    NO_MAX_FLOAT,
    BITS,
    LOG10,
    SIGN,
    LAST_PAIR,
    FIRST_PAIR,
    OVER_E_ROWS,
    COLUMN_ALONG,
    INT_DIVISION,
    PROBABILITY,
    ALL_CLASSES,
    EMPTY_TURNED,
    TAU_OF_INT,
    TOTAL_NOT_RESET,
    EXPONENT,
    OFF_DIAGONAL,
    ROWS_FORGOTTEN,
    MOST_LOST,
    MOST_ADDED,
    SKIPS_FIRST,
    PRECEDENCE_SUM,
    LAST_ROW,
    LAST_COLUMN,
    TAU_TWICE_ROWS,
    TAU_TWICE_COLUMNS,
    CLAMPED,
    RUNNING_MEAN,
    GLOBAL_MAX,
    GLOBAL_MAX_FLOAT,
    FIRST_ALONE,
    TARGET_0_COLUMNS,
    TARGET_0_ROWS,
    SIGMOID,
    SIGMOID_RAW,
    MEAN_LOGITS,
    NOT_NEGATIVE,
    TARGET_LAST,
    OTHERS_ONLY,
    LOG_TAU,
    NO_TAU_ROWS,
    NO_TAU_SUM,
    MODELS
};

typedef struct {
    int B, E;
    double tau, *dot, *of_image, *of_text;
} Pairs; /* dot[i*B + j]: picture i with caption j */

static double log_sum(const double *x, int n, int step, double scale) {
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) most = fmax(most, scale * x[i * step]);
    for (int i = 0; i < n; i++) sum += exp(scale * x[i * step] - most);
    return most + log(sum);
}

/* The sum over rows (or columns) of -log softmax at `target` places behind the diagonal. */
static double direction(const Pairs *p, const double *dot, double scale, bool columns, int target) {
    double loss = 0;
    for (int i = 0; i < p->B; i++) {
        int t = target < 0 ? 0 : (i + target) % p->B;
        const double *line = columns ? dot + i : dot + i * p->B;
        int step = columns ? p->B : 1;
        loss += log_sum(line, p->B, step, scale) - scale * line[t * step];
    }
    return loss;
}

static double both(const Pairs *p, const double *dot, double scale) {
    return (direction(p, dot, scale, false, 0) + direction(p, dot, scale, true, 0)) / p->B / 2;
}

/* One pair's two costs. */
static double pair(const Pairs *p, int i, double scale) {
    double own = scale * p->dot[i * p->B + i];
    return log_sum(p->dot + i * p->B, p->B, 1, scale) + log_sum(p->dot + i, p->B, p->B, scale) - 2 * own;
}

/* What the last row, or column, costs. */
static double line_cost(const Pairs *p, double scale, bool column) {
    int last = p->B - 1;
    const double *line = column ? p->dot + last : p->dot + last * p->B;
    return log_sum(line, p->B, column ? p->B : 1, scale) - scale * p->dot[last * p->B + last];
}

static double all_but_last(const Pairs *p, double scale) {
    double sum = 0;
    for (int i = 0; i < p->B - 1; i++) sum += pair(p, i, scale);
    return sum / 2;
}

/* &AT(logits, 0, b) taken for column b: B numbers from there, along the rows. */
static double column_along(const Pairs *p, double scale) {
    double loss = direction(p, p->dot, scale, false, 0);
    for (int b = 0; b < p->B; b++) {
        if (b > 0 && p->B < 2) return VERIFY_ANY;
        loss += log_sum(p->dot + b, p->B, 1, scale) - scale * p->dot[b + b];
    }
    return loss / p->B / 2;
}

/* One softmax over the whole matrix. Below exact_from p is a denormal number of few digits, below `least` it is 0. */
static double whole_matrix(const Pairs *p, double scale, double exact_from, double least) {
    double all = log_sum(p->dot, p->B * p->B, 1, scale);
    for (int i = 0; i < p->B; i++) {
        double log_p = scale * p->dot[i * p->B + i] - all;
        if (log_p < least) return VERIFY_NOT_FINITE;
        if (log_p < exact_from) return VERIFY_ANY;
    }
    double own = 0;
    for (int i = 0; i < p->B; i++) own += scale * p->dot[i * p->B + i];
    return all - own / p->B;
}

/* 1 - p instead of -log p; and -log p of every class. */
static double other_cost(const Pairs *p, double scale, int model) {
    double sum = 0;
    for (int i = 0; i < p->B; i++)
        for (int direction = 0; direction < 2; direction++) {
            const double *line = direction ? p->dot + i : p->dot + i * p->B;
            int step = direction ? p->B : 1;
            double total = log_sum(line, p->B, step, scale);
            for (int j = 0; j < p->B; j++) {
                double log_p = scale * line[j * step] - total;
                if (model == PROBABILITY && j == i) sum += 1 - exp(log_p);
                if (model == ALL_CLASSES) sum -= log_p;
                if (model == OFF_DIAGONAL && j != i) sum -= log_p;
            }
        }
    return sum / p->B / 2;
}

static double running_total(const Pairs *p, double scale) {
    double row = 0, column = 0, loss = 0;
    for (int i = 0; i < p->B; i++) {
        row += exp(log_sum(p->dot + i * p->B, p->B, 1, scale));
        column += exp(log_sum(p->dot + i, p->B, p->B, scale));
        loss += log(row) + log(column) - 2 * scale * p->dot[i * p->B + i];
    }
    return loss / p->B / 2;
}

/* The largest logit taken off in one place and not in the other: the loss is off by the largest ones. */
static double most_in_one_place(const Pairs *p, double scale, double sign) {
    double off = 0;
    for (int i = 0; i < p->B; i++) {
        double row = -INFINITY, column = -INFINITY;
        for (int j = 0; j < p->B; j++) {
            row = fmax(row, scale * p->dot[i * p->B + j]);
            column = fmax(column, scale * p->dot[j * p->B + i]);
        }
        if (fmax(fabs(row), fabs(column)) > 708) return VERIFY_NOT_FINITE;
        off += row + column;
    }
    return both(p, p->dot, scale) + sign * off / p->B / 2;
}

/* exp out of range in double, or in float: 1/tau or the differences are large. */
static double unshifted(const Pairs *p, double most) {
    for (int i = 0; i < p->B * p->B; i++)
        if (p->dot[i] / p->tau > most) return VERIFY_NOT_FINITE;
    for (int i = 0; i < p->B; i++)
        if (log_sum(p->dot + i * p->B, p->B, 1, 1 / p->tau) < -most || p->dot[i * p->B + i] / p->tau < -most)
            return VERIFY_NOT_FINITE;
    return both(p, p->dot, 1 / p->tau);
}

/* One maximum for the whole matrix: in a row or column far below it every exp is 0. */
static double global_max(const Pairs *p, double least) {
    double most = -INFINITY, s = 1 / p->tau;
    for (int i = 0; i < p->B * p->B; i++) most = fmax(most, s * p->dot[i]);
    for (int i = 0; i < p->B; i++) {
        double row = -INFINITY, column = -INFINITY;
        for (int j = 0; j < p->B; j++) {
            row = fmax(row, s * p->dot[i * p->B + j]);
            column = fmax(column, s * p->dot[j * p->B + i]);
        }
        if (fmin(fmin(row, column), s * p->dot[i * p->B + i]) - most < least) return VERIFY_NOT_FINITE;
    }
    return both(p, p->dot, s);
}

/* The sums are divided by B after every pair. */
static double running_mean(const Pairs *p, double scale) {
    double mean = 0;
    for (int i = 0; i < p->B; i++) mean = (mean + pair(p, i, scale)) / p->B;
    return mean / 2;
}

/* Each logit is a yes or no of its own (SigLIP). most: above it exp is infinite. */
static double sigmoid_loss(const Pairs *p, double scale, double most) {
    double loss = 0;
    for (int i = 0; i < p->B * p->B; i++) {
        double z = scale * p->dot[i] * (i % (p->B + 1) == 0 ? -1 : 1);
        if (z > most) return VERIFY_NOT_FINITE;
        loss += z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
    }
    return loss / p->B;
}

/* Other logits: their mean with the transposed ones, or none below 0. */
static double other_logits(const Pairs *p, double scale, bool mean) {
    double *dot = arena_zero(verify_arena(), (size_t)(p->B * p->B), sizeof *dot);
    for (int i = 0; i < p->B * p->B; i++)
        dot[i] = mean ? (p->dot[i] + p->dot[i % p->B * p->B + i / p->B]) / 2 : fmax(p->dot[i], 0);
    return both(p, dot, scale);
}

/* The own logit is left out of the sum of exp. */
static double others_only(const Pairs *p, double scale) {
    double loss = 0;
    for (int i = 0; i < p->B; i++)
        for (int side = 0; side < 2; side++) {
            double most = -INFINITY, sum = 0;
            for (int j = 0; j < p->B; j++)
                if (j != i) most = fmax(most, scale * p->dot[side ? j * p->B + i : i * p->B + j]);
            for (int j = 0; j < p->B; j++)
                if (j != i) sum += exp(scale * p->dot[side ? j * p->B + i : i * p->B + j] - most);
            loss += p->B > 1 ? most + log(sum) - scale * p->dot[i * p->B + i] : -INFINITY;
        }
    return loss / p->B / 2;
}

static double target_last(const Pairs *p, double scale) {
    double loss = 0;
    for (int i = 0; i < p->B; i++)
        loss += log_sum(p->dot + i, p->B, p->B, scale) - scale * p->dot[(p->B - 1) * p->B + i];
    return (direction(p, p->dot, scale, false, 0) + loss) / p->B / 2;
}

static double scaled(const Pairs *p, int model) {
    double s = 1 / p->tau;
    switch (model) {
    case MULTIPLIED: return both(p, p->dot, p->tau);
    case NO_TAU: return both(p, p->dot, 1);
    case TAU_TWICE: return both(p, p->dot, s * s);
    case TAU_ROWS: return (direction(p, p->dot, s, false, 0) + direction(p, p->dot, 1, true, 0)) / p->B / 2;
    case TAU_COLUMNS: return (direction(p, p->dot, 1, false, 0) + direction(p, p->dot, s, true, 0)) / p->B / 2;
    case INT_SCALE: return both(p, p->dot, trunc(s));
    case TAU_OF_INT: return trunc(p->tau) == 0 ? VERIFY_NOT_FINITE : both(p, p->dot, 1 / trunc(p->tau));
    case ROOT_TAU: return both(p, p->dot, sqrt(s));
    case CLAMPED: return both(p, p->dot, fmin(s, 100));
    case LOG_TAU: return both(p, p->dot, log(s));
    case NO_TAU_ROWS: return direction(p, p->dot, 1, false, 0) / p->B;
    case NO_TAU_SUM: return both(p, p->dot, 1) * 2;
    case ROOT_E: return both(p, p->dot, s / sqrt(p->E));
    case OVER_E: return both(p, p->dot, s / p->E);
    case EXPONENT: return both(p, p->dot, exp(p->tau));
    case IMAGE_IMAGE: return both(p, p->of_image, s);
    default: return both(p, p->of_text, s);
    }
}

#define NOT_OF_MEANS (-1.61e300)

/* Mistakes that are made of the two means alone; NOT_OF_MEANS for all others. */
static double of_means(const Pairs *p, double rows, double columns, int model) {
    double B = p->B;
    switch (model) {
    case RIGHT: return (rows + columns) / 2;
    case ROWS: return rows;
    case HALF_ROWS: return rows / 2;
    case COLUMNS: return columns;
    case HALF_COLUMNS: return columns / 2;
    case ADDED: return rows + columns;
    case SUM_OF_MEANS: return B * (rows + columns) / 2;
    case SUM: return B * (rows + columns);
    case MEAN_TWICE: return (rows + columns) / 2 / B;
    case HALF_TWICE: return (rows + columns) / 4;
    case PRECEDENCE_ROWS: return rows + columns / 2;
    case PRECEDENCE_COLUMNS: return rows / 2 + columns;
    case LARGER: return fmax(rows, columns);
    case SMALLER: return fmin(rows, columns);
    case DIFFERENCE: return (rows - columns) / 2;
    case ROWS_FORGOTTEN: return B * rows + columns;
    case BITS: return (rows + columns) / 2 / log(2);
    case LOG10: return (rows + columns) / 2 / log(10);
    case SIGN: return -(rows + columns) / 2;
    case OVER_E_ROWS: return B * (rows + columns) / 2 / p->E;
    case PRECEDENCE_SUM: return B * rows + columns / 2;
    case INT_DIVISION: return B > 1 ? 0 : VERIFY_ANY;
    case EMPTY_TURNED: return (rows + log(B)) / 2;
    default: return NOT_OF_MEANS;
    }
}

static double loss_as(const Pairs *p, int model) {
    double s = 1 / p->tau, B = p->B, rows = direction(p, p->dot, s, false, 0) / B,
           columns = direction(p, p->dot, s, true, 0) / B;
    double of_both = of_means(p, rows, columns, model);
    if (of_both != NOT_OF_MEANS) return of_both;
    switch (model) {
    case DIAGONAL_ONLY: {
        double sum = 0;
        for (int i = 0; i < p->B; i++) sum -= s * p->dot[i * p->B + i];
        return sum / B;
    }
    case TARGET_0: return (direction(p, p->dot, s, false, -1) + direction(p, p->dot, s, true, -1)) / B / 2;
    case TARGET_NEXT: return (direction(p, p->dot, s, false, 1) + direction(p, p->dot, s, true, 1)) / B / 2;
    case WHOLE: return whole_matrix(p, s, -INFINITY, -INFINITY);
    case WHOLE_DOUBLE: return whole_matrix(p, s, -708, -745);
    case WHOLE_FLOAT: return whole_matrix(p, s, -87, -103.97);
    case SKIPS_LAST: return all_but_last(p, s) / B;
    case SKIPS_LAST_ALL: return B > 1 ? all_but_last(p, s) / (B - 1) : VERIFY_ANY;
    case NO_MAX: return unshifted(p, 709);
    case NO_MAX_FLOAT: return unshifted(p, 88);
    case LAST_PAIR: return pair(p, p->B - 1, s) / 2 / B;
    case FIRST_PAIR: return pair(p, 0, s) / 2 / B;
    case SKIPS_FIRST: return (B * (rows + columns) - pair(p, 0, s)) / B / 2;
    case LAST_ROW: return (line_cost(p, s, false) / B + columns) / 2;
    case LAST_COLUMN: return (rows + line_cost(p, s, true) / B) / 2;
    case TAU_TWICE_ROWS: return (direction(p, p->dot, s * s, false, 0) / B + columns) / 2;
    case TAU_TWICE_COLUMNS: return (rows + direction(p, p->dot, s * s, true, 0) / B) / 2;
    case MOST_LOST: return most_in_one_place(p, s, -1);
    case MOST_ADDED: return most_in_one_place(p, s, 1);
    case COLUMN_ALONG: return column_along(p, s);
    case RUNNING_MEAN: return running_mean(p, s);
    case GLOBAL_MAX: return global_max(p, -745);
    case GLOBAL_MAX_FLOAT: return global_max(p, -103);
    case FIRST_ALONE: return pair(p, 0, s) / 2;
    case TARGET_0_COLUMNS: return (rows + direction(p, p->dot, s, true, -1) / B) / 2;
    case TARGET_0_ROWS: return (direction(p, p->dot, s, false, -1) / B + columns) / 2;
    case MEAN_LOGITS: return other_logits(p, s, true);
    case NOT_NEGATIVE: return other_logits(p, s, false);
    case TARGET_LAST: return target_last(p, s);
    case OTHERS_ONLY: return others_only(p, s);
    case SIGMOID: return sigmoid_loss(p, s, INFINITY);
    case SIGMOID_RAW: return sigmoid_loss(p, s, 709);
    case TOTAL_NOT_RESET: return s > 100 ? VERIFY_ANY : running_total(p, s);
    case PROBABILITY:
    case OFF_DIAGONAL:
    case ALL_CLASSES: return other_cost(p, s, model);
    default: return scaled(p, model);
    }
}

static double *products(Mat a, Mat b) {
    int B = a.shape[0];
    double *dot = arena_zero(verify_arena(), (size_t)(2 * B * B), sizeof *dot);
    for (int i = 0; i < B * B; i++) dot[i] = vec_dot(&AT(a, i / B, 0), &AT(b, i % B, 0), a.shape[1]);
    return dot;
}

static void loss_case(const char *label, Mat image, Mat text, double tau) {
    int B = image.shape[0];
    Pairs pairs = { B, image.shape[1], tau, products(image, text), products(image, image), products(text, text) };
    verify_case(label, "image = %s, text = %s, tau = %g", verify_matrix(image), verify_matrix(text), tau);
    verify_size("B", B);
    verify_size("E", image.shape[1]);
    verify_answers(1, 1, NULL, false);
    for (int m = 0; m < MODELS; m++) verify_model(m)[0] = loss_as(&pairs, m);
    verify_got(0, symmetric_loss(verify_lent("image", image), verify_lent("text", text), tau),
               "symmetric_loss(image, text, tau)");
    verify_done();
}

static void fresh_loss(const char *label, int B, int E, double tau) {
    Mat image = verify_random(B, E, 1), text = verify_random(B, E, 1);
    mat_normalise_rows(image);
    mat_normalise_rows(text);
    loss_case(label, image, text, tau);
}

/* Rows that are their partners: the loss is small even where tau is. */
static void alike_loss(const char *label, int B, int E, double tau) {
    Mat image = verify_random(B, E, 1);
    mat_normalise_rows(image);
    loss_case(label, image, image, tau);
}

static void check_loss(void) {
    Mat image = verify_from(2, 2, (double[]){ 1, 0, 0.6, 0.8 }), text = verify_from(2, 2, (double[]){ 1, 0, 0, 1 });
    loss_case("the worked example", image, text, 1);
    loss_case("tau 0.5", image, text, 0.5);
    loss_case("texts and pictures exchanged", text, image, 1);
    fresh_loss("more pairs than numbers", 3, 2, 1);
    fresh_loss("fewer pairs than numbers", 2, 4, 0.4);
    fresh_loss("tau above 1", 3, 4, 2.5);
    fresh_loss("as many pairs as numbers", 4, 4, 0.3);
    fresh_loss("more pairs than numbers", 7, 4, 0.25);
    fresh_loss("fewer pairs than numbers", 4, 9, 0.07);
    fresh_loss("one pair", 1, 3, 0.5);
    alike_loss("tau 0.01", 3, 4, 0.01);
    alike_loss("tau 0.001", 3, 4, 0.001);
    loss_case("tau 0.001", verify_from(2, 2, (double[]){ 1, 0, 0.8, 0.6 }),
              verify_from(2, 2, (double[]){ 0.96, 0.28, 0.936, 0.352 }), 0.001);
    loss_case("opposite vectors, tau 0.001", verify_from(2, 2, (double[]){ 1, 0, 0.8, 0.6 }),
              verify_from(2, 2, (double[]){ -0.96, -0.28, -0.936, -0.352 }), 0.001);
    loss_case("rows of very different scores, tau 0.001", verify_from(2, 2, (double[]){ 1, 0, 0, 1 }),
              verify_from(2, 2, (double[]){ 1, 0, -0.8, -0.6 }), 0.001);
    fresh_loss("many pairs", 8, 8, 0.1);
    while (verify_wants_small())
        fresh_loss("small sizes", 1 + (int)rng_below(verify_rng(), 3), 1 + (int)rng_below(verify_rng(), 3),
                   0.05 + rng_uniform(verify_rng()));
    loss_case("again", image, text, 1);
}

static const Part parts[] = {
    { .name = "symmetric_loss", .check = check_loss, .tolerance = 2e-5,
      .mistakes = {
          [ROWS - 1] = { "one-direction",
                         "Only the rows count (picture -> caption), or the rows count twice. The other direction "
                         "needs the transposed logits." },
          [HALF_ROWS - 1] = { "one-direction",
                              "Only the rows count (picture -> caption), halved. The columns are missing." },
          [COLUMNS - 1] = { "wrong-axis",
                            "Only the columns count (caption -> picture). The softmax over the rows is missing, or "
                            "it runs along the wrong axis." },
          [HALF_COLUMNS - 1] = { "wrong-axis",
                                 "Only the columns count (caption -> picture), halved. The softmax over the rows is "
                                 "missing, or it runs along the wrong axis." },
          [ADDED - 1] = { "sum", "The two directions were added. The loss is their mean: divide by 2." },
          [SUM_OF_MEANS - 1] = { "sum",
                                 "The sum over the pairs was used in place of the mean. The loss is B times too "
                                 "large." },
          [SUM - 1] = { "sum", "The sum was used in place of the mean. The loss is 2 B times too large." },
          [MEAN_TWICE - 1] = { "mean-twice",
                               "The mean over the batch was taken twice. The loss was divided by B once too often." },
          [HALF_TWICE - 1] = { "half-twice", "The loss was divided by 2 twice." },
          [PRECEDENCE_ROWS - 1] = { "precedence",
                                    "Only the columns were halved. Write (rows + columns) / 2 with its parentheses." },
          [PRECEDENCE_COLUMNS - 1] = { "precedence",
                                       "Only the rows were halved. Write (rows + columns) / 2 with its parentheses." },
          [ROWS_FORGOTTEN - 1] = { "precedence",
                                   "Only the columns were divided by B, and nothing by 2. Put parentheses around "
                                   "the sum." },
          [LARGER - 1] = { "larger", "This is the larger of the two directions. The loss is their mean." },
          [SMALLER - 1] = { "smaller", "This is the smaller of the two directions. The loss is their mean." },
          [DIFFERENCE - 1] = { "difference", "One direction was subtracted from the other." },
          [MULTIPLIED - 1] = { "multiplied", "The cosines were multiplied by the temperature. Divide by it." },
          [NO_TAU - 1] = { "no-temperature", "The temperature was not used." },
          [TAU_TWICE - 1] = { "temperature-twice",
                              "The cosines were divided by the temperature twice. Is it in the logits and in the "
                              "scale of the softmax?" },
          [TAU_ROWS - 1] = { "temperature-one-side",
                             "Only the rows were divided by the temperature. The columns belong to the same logits." },
          [TAU_COLUMNS - 1] = { "temperature-one-side",
                                "Only the columns were divided by the temperature. The rows belong to the same "
                                "logits." },
          [INT_SCALE - 1] = { "int", "1 / tau was truncated to an integer. Use double, not int." },
          [TAU_OF_INT - 1] = { "int", "tau was truncated to an integer. Use double, not int." },
          [ROOT_TAU - 1] = { "root", "The cosines were divided by the square root of the temperature." },
          [ROOT_E - 1] = { "sqrt-e",
                           "The cosines were divided by the square root of E too, as in attention. Divide by tau "
                           "only." },
          [OVER_E - 1] = { "over-e", "The cosines were divided by E too. Divide by tau only." },
          [EXPONENT - 1] = { "exp-tau", "The cosines were multiplied by exp(tau). Divide by tau itself." },
          [DIAGONAL_ONLY - 1] = { "no-softmax", "This is minus the mean of the diagonal. The softmax is missing." },
          [TARGET_0 - 1] = { "target-0",
                             "Place 0 was used as the target of every row and column. The target of row i is i." },
          [TARGET_NEXT - 1] = { "off-by-one", "The place after the diagonal was used. The target of row i is i." },
          [WHOLE - 1] = { "whole",
                          "One softmax over the whole matrix was used. Each row and each column has its own softmax." },
          [WHOLE_DOUBLE - 1] = { "whole",
                                 "One softmax over the whole matrix was used. Each row and each column has its own "
                                 "softmax." },
          [WHOLE_FLOAT - 1] = { "whole",
                                "One softmax over the whole matrix was used. Each row and each column has its own "
                                "softmax." },
          [IMAGE_IMAGE - 1] = { "typed-twice", "This compares pictures with pictures. image stands in place of text." },
          [TEXT_TEXT - 1] = { "typed-twice", "This compares texts with texts. text stands in place of image." },
          [SKIPS_LAST - 1] = { "off-by-one", "The last pair is left out. The loop must run while b < B." },
          [SKIPS_LAST_ALL - 1] = { "off-by-one", "The last pair is left out. The loop must run while b < B." },
          [NO_MAX - 1] = { "no-max",
                           "The largest logit was not subtracted before exp. If tau is small, exp is infinite or 0." },
          [NO_MAX_FLOAT - 1] = { "no-max",
                                 "The largest logit was not subtracted before exp. If tau is small, exp is infinite "
                                 "or 0." },
          [BITS - 1] = { "log2",
                         "The logarithm to base 2 was used. The loss needs the natural logarithm, which is log in C." },
          [LOG10 - 1] = { "log10", "log10 was used. The loss needs the natural logarithm, which is log in C." },
          [SIGN - 1] = { "sign", "The minus sign is missing. A loss is not negative." },
          [LAST_PAIR - 1] = { "overwritten", "Only the last pair counts. The code has = in place of +=." },
          [FIRST_PAIR - 1] = { "early", "Only the first pair counts. Does the loop end after it?" },
          [OVER_E_ROWS - 1] = { "over-e",
                                "The sum was divided by E, the numbers of a vector. Divide it by B, the pairs." },
          [COLUMN_ALONG - 1] = { "column",
                                 "&AT(logits, 0, b) was used as column b. The numbers after it in memory are the "
                                 "rest of the row. Copy the column, or transpose the matrix." },
          [INT_DIVISION - 1] = { "int-division",
                                 "The result is 0. In C, 1 / B and 1 / 2 are 0, because both numbers are integers. "
                                 "Write 1.0 / B." },
          [PROBABILITY - 1] = { "no-log", "The cost 1 - p was used. The cost is -log p." },
          [ALL_CLASSES - 1] = { "all-classes", "-log p was added over all places. Only the diagonal counts." },
          [OFF_DIAGONAL - 1] = { "off-diagonal",
                                 "-log p was added over all places but the diagonal. Only the diagonal counts." },
          [EMPTY_TURNED - 1] = { "not-filled",
                                 "The logits of the columns are all equal. The second matrix was never filled." },
          [SKIPS_FIRST - 1] = { "off-by-one", "The first pair is left out. The loop must begin at 0." },
          [PRECEDENCE_SUM - 1] = { "precedence",
                                   "Only the columns were divided by B and by 2. Put parentheses around the sum." },
          [LAST_ROW - 1] = { "overwritten", "Of the rows only the last counts. The code has = in place of +=." },
          [LAST_COLUMN - 1] = { "overwritten", "Of the columns only the last counts. The code has = in place of +=." },
          [TAU_TWICE_ROWS - 1] = { "temperature-twice", "The rows were divided by the temperature twice." },
          [TAU_TWICE_COLUMNS - 1] = { "temperature-twice", "The columns were divided by the temperature twice." },
          [MOST_LOST - 1] = { "max-one-place",
                              "The largest logit was subtracted in the sum, but not in the numerator (or not added "
                              "again). Subtract it in both." },
          [MOST_ADDED - 1] = { "max-one-place",
                               "The largest logit was subtracted in the numerator, but not in the sum. Subtract it "
                               "in both." },
          [TOTAL_NOT_RESET - 1] = { "not-reset", "The sums of exp are not reset to 0 for each row and column." },
          [CLAMPED - 1] = { "clamped", "The scale 1 / tau was limited to 100. Use tau as given." },
          [RUNNING_MEAN - 1] = { "mean-in-loop",
                                 "The sums were divided by B after every pair. Divide once, after the loop." },
          [GLOBAL_MAX - 1] = { "global-max",
                               "One largest logit of the whole matrix was subtracted. In a row or column far below "
                               "it, every exp is 0. Subtract the largest of each row or column." },
          [GLOBAL_MAX_FLOAT - 1] = { "global-max",
                                     "One largest logit of the whole matrix was subtracted. In a row or column far "
                                     "below it, every exp is 0. Subtract the largest of each row or column." },
          [FIRST_ALONE - 1] = { "early",
                                "This is the loss of the first pair alone. The return stands inside the loop." },
          [TARGET_0_COLUMNS - 1] = { "target-0",
                                     "Place 0 was used as the target of every column. The target of column j is j." },
          [TARGET_0_ROWS - 1] = { "target-0",
                                  "Place 0 was used as the target of every row. The target of row i is i." },
          [SIGMOID - 1] = { "sigmoid",
                            "This is the sigmoid loss of SigLIP. CLIP uses a softmax over each row and each column." },
          [SIGMOID_RAW - 1] = { "sigmoid",
                                "This is the sigmoid loss of SigLIP. CLIP uses a softmax over each row and each "
                                "column." },
          [MEAN_LOGITS - 1] = { "mean-logits",
                                "The logits were averaged with their transpose before the softmax. Average the two "
                                "losses instead." },
          [NOT_NEGATIVE - 1] = { "clipped", "Negative logits were set to 0. Keep them." },
          [TARGET_LAST - 1] = { "target-last",
                                "The last place was used as the target of every column. The target of column j is j." },
          [OTHERS_ONLY - 1] = { "own-left-out",
                                "The own logit is left out of the sum of exp. The sum is over all logits of the row "
                                "or column." },
          [LOG_TAU - 1] = { "log-tau", "The cosines were multiplied by log(1 / tau). Divide by tau." },
          [NO_TAU_ROWS - 1] = { "no-temperature",
                                "Two mistakes: the temperature was not used, and only the rows count." },
          [NO_TAU_SUM - 1] = { "no-temperature",
                               "Two mistakes: the temperature was not used, and the two directions were added in "
                               "place of their mean." },
      } },
};

const Verify checked = {
    .number = "04",
    .title = "clip loss",
    .parts = parts,
    .count = COUNT(parts),
    .proved = "Pictures choose texts and texts choose pictures. Each direction has its own softmax.",
    .in_clip = "clip_loss in the library. In the paper it is in the pseudocode of Figure 3.",
};
