#include "verify_inside.h"

/* ---- one number made of the right one ---------------------------------------------------------------------------- */

typedef double (*Change)(double);

static double negative(double x) { return -x; }
static double clipped(double x) { return fmax(x, 0); }
static double rounded(double x) { return round(100 * x) / 100; }
static double square(double x) { return x * x; }
static double nothing(double x) { return 0 * x; }
static double twice(double x) { return 2 * x; }
static double half(double x) { return x / 2; }
static double from_one(double x) { return 1 - x; }
static double plus_one(double x) { return x + 1; }
static double minus_one(double x) { return x - 1; }
static double inverse(double x) { return 1 / x; }
static double percent(double x) { return 100 * x; }
static double degrees(double x) { return acos(x) * 180 / 3.14159265358979323846; }

static const struct {
    const char *id;
    Change change;
    const char *text;
} changes[] = {
    { "zero", nothing,
      "every number is 0, or adds 0. In C, 1 / B is 0 where B is an int above 1: write 1.0 / B. Or the "
      "sum was never added to" },
    { "sign", negative,
      "every number is -1 times the right one: the sign. Which of the two is subtracted from the other?" },
    { "fabs", fabs,
      "the numbers are right but for their sign: none is below 0. Is there an fabs, or a square root of a square?" },
    { "clipped", clipped,
      "what is below 0 became 0: is there an fmax(0, ...), or something that begins at 0 and only grows?" },
    { "int", trunc,
      "every number is cut to a whole one: an int holds it on its way. Sums and results are double or num" },
    { "rounded", rounded, "the numbers are rounded to two decimals; the check wants all digits" },
    { "square", square, "every number is the square of the right one: a square root is missing" },
    { "root", sqrt, "every number is the square root of the right one: one root too many" },
    { "twice", twice, "every number is 2 times the right one: something is counted twice" },
    { "half", half,
      "every number is half the right one: one of two shares is missing, or it was halved once too often" },
    { "one-minus", from_one, "every number is 1 minus the right one" },
    { "plus-one", plus_one,
      "every number is the right one + 1: is something counted from 1, or does a sum begin at 1?" },
    { "minus-one", minus_one, "every number is the right one - 1: is something counted from 1, or 1 subtracted?" },
    { "inverse", inverse, "every number is 1 divided by the right one: dividend and divisor are exchanged" },
    { "angle", acos, "this is the angle (acos of the right number); the cosine itself is wanted" },
    { "angle", degrees, "this is the angle in degrees; the cosine itself is wanted" },
    { "logarithm", log, "every number is the logarithm of the right one" },
    { "logarithm", log2, "every number is the logarithm, to base 2, of the right one" },
    { "exp", exp, "every number is exp of the right one" },
    { "percent", percent, "every number is 100 times the right one: a share from 0 to 1 is wanted, or no scale" },
};

/* ---- a whole answer ---------------------------------------------------------------------------------------------- */

enum {
    OVERWRITTEN = COUNT(changes),
    BEFORE_TWICE,
    NOT_ZEROED,
    UNWRITTEN,
    TURNED,
    ROW_SOFTMAX,
    ROW_UNIT,
    COLUMN_UNIT,
    RUNNING,
    RUNNING_ROW,
    RUNNING_COLUMN,
    NEXT,
    PREVIOUS,
    REVERSED,
    FIRST_ROW,
    FIRST_COLUMN,
    FACTORS
};
enum { POWERS = 6, SIZES = COUNT(((Answers *)0)->size), SHAPES = FACTORS + SIZES * POWERS + SIZES * SIZES };

static const Mistake whole[FACTORS - OVERWRITTEN] = {
    { "overwritten", "what was there before is lost: it was overwritten, = for +=" },
    { "before-twice", "what was there before counts twice: it is in the sum already when the sum is added to it" },
    { "not-zeroed", "the right number was added to what happened to be in the room for the result: set it to 0 first" },
    { "not-written", "nothing was written: the room for the result is as it was before the call" },
    { "transposed",
      "the numbers are right but stand in the wrong places: rows and columns exchanged (a transposed result, or "
      "a wrong stride in its index)" },
    { "softmaxed", "a softmax was taken of each row at the end; it is not asked for here" },
    { "unit", "each row of the result was made unit length; it is not asked for here" },
    { "columns", "the columns were made unit length; a vector is a row" },
    { "not-reset",
      "every number is the sum of all right ones up to it: a sum is not set to 0 again for the next number" },
    { "not-reset",
      "in each row every number is the sum of the right ones up to it: a sum is not set to 0 again for the next "
      "column" },
    { "not-reset",
      "down each column every number is the sum of the right ones up to it: a sum is not set to 0 again for the "
      "next row" },
    { "off-by-one", "every place holds the number that belongs to the next one: an index is off by one" },
    { "off-by-one", "every place holds the number that belongs to the one before: an index is off by one" },
    { "reversed", "the numbers stand in reversed order" },
    { "same-row", "every row holds the numbers of row 0: an index that should move with the row is 0, or is missing" },
    { "same-column",
      "every column holds the numbers of column 0: an index that should move with the column is 0, or is "
      "missing" },
};

static double power(int kind, double q) {
    return kind == 0   ? q
           : kind == 1 ? 1 / q
           : kind == 2 ? sqrt(q)
           : kind == 3 ? 1 / sqrt(q)
           : kind == 4 ? q * q
                       : 1 / (q * q);
}

/* What a factor shape multiplies with; 0 where there is none. */
static double factor_of(int shape, const Answers *a) {
    int at = shape - FACTORS;
    if (at < SIZES * POWERS) return at / POWERS < a->sizes ? power(at % POWERS, a->size[at / POWERS]) : 0;
    at -= SIZES * POWERS;
    int over = at / SIZES, under = at % SIZES;
    return over != under && over < a->sizes && under < a->sizes ? (double)a->size[over] / a->size[under] : 0;
}

static double added(const Answers *a, int i) { return a->right[i] - (a->added ? a->before[i] : 0); }

static double row_softmax(const Answers *a, int i) {
    int first = i / a->cols * a->cols;
    double most = a->right[first], sum = 0;
    for (int c = 0; c < a->cols; c++) most = fmax(most, a->right[first + c]);
    for (int c = 0; c < a->cols; c++) sum += exp(a->right[first + c] - most);
    return exp(a->right[i] - most) / sum;
}

static double unit(const Answers *a, int i, bool of_row) {
    double squares = 0;
    int count = of_row ? a->cols : a->rows;
    for (int k = 0; k < count; k++)
        squares += square(a->right[of_row ? i / a->cols * a->cols + k : k * a->cols + i % a->cols]);
    return a->right[i] / sqrt(squares);
}

static double running(const Answers *a, int i, int step, int from) {
    double sum = a->added ? a->before[i] : 0;
    for (int k = from; k <= i; k += step) sum += added(a, k);
    return sum;
}

/* The shapes for which a place in the answer counts. */
static double whole_number(int shape, const Answers *a, int i) {
    int row = i / a->cols, col = i % a->cols;
    switch (shape) {
    case OVERWRITTEN: return a->added ? added(a, i) : SHAPE_NONE;
    case BEFORE_TWICE: return a->added ? a->before[i] + a->right[i] : SHAPE_NONE;
    case NOT_ZEROED: return a->has_before && !a->added ? a->before[i] + a->right[i] : SHAPE_NONE;
    case UNWRITTEN: return a->has_before ? a->before[i] : SHAPE_NONE;
    case TURNED: return a->right[i % a->rows * a->cols + i / a->rows];
    case ROW_SOFTMAX: return a->added ? SHAPE_NONE : row_softmax(a, i);
    case ROW_UNIT: return a->added ? SHAPE_NONE : unit(a, i, true);
    case COLUMN_UNIT: return a->added ? SHAPE_NONE : unit(a, i, false);
    case RUNNING: return running(a, i, 1, 0);
    case RUNNING_ROW: return running(a, i, 1, row * a->cols);
    case RUNNING_COLUMN: return running(a, i, a->cols, col);
    case NEXT: return i + 1 < a->n ? a->right[i + 1] : VERIFY_ANY;
    case PREVIOUS: return i > 0 ? a->right[i - 1] : VERIFY_ANY;
    case REVERSED: return a->right[a->n - 1 - i];
    case FIRST_ROW: return a->right[col];
    default: return a->right[row * a->cols];
    }
}

int shape_count(void) { return SHAPES; }

double shape_number(int shape, const Answers *a, int i) {
    double base = a->added ? a->before[i] : 0;
    if (shape < (int)COUNT(changes)) return base + changes[shape].change(added(a, i));
    if (shape < FACTORS) return a->n == 1 && !a->has_before && shape >= TURNED ? SHAPE_NONE : whole_number(shape, a, i);
    double factor = factor_of(shape, a);
    return factor == 0 ? SHAPE_NONE : base + factor * added(a, i);
}

const char *shape_id(int shape) {
    if (shape < (int)COUNT(changes)) return changes[shape].id;
    return shape < FACTORS ? whole[shape - OVERWRITTEN].id : "factor";
}

static void factor_text(int shape, const Answers *a, char *text, size_t size) {
    int at = shape - FACTORS;
    static const char *const forms[POWERS] = { "%s times",      "1/%s of",     "sqrt(%s) times",
                                               "1/sqrt(%s) of", "%s*%s times", "1/(%s*%s) of" };
    char factor[80];
    if (at < SIZES * POWERS) {
        const char *name = a->size_name[at / POWERS];
        snprintf(factor, sizeof factor, forms[at % POWERS], name, name);
    } else {
        at -= SIZES * POWERS;
        snprintf(factor, sizeof factor, "%s/%s times", a->size_name[at / SIZES], a->size_name[at % SIZES]);
    }
    snprintf(text, size,
             "every number is %s the right one: what is it divided by, or multiplied with, that it should not be, "
             "or not be twice?",
             factor);
}

void shape_text(int shape, const Answers *a, char *text, size_t size) {
    if (shape < (int)COUNT(changes)) snprintf(text, size, "%s", changes[shape].text);
    else if (shape < FACTORS) snprintf(text, size, "%s", whole[shape - OVERWRITTEN].text);
    else factor_text(shape, a, text, size);
}

/* ---- where the wrong numbers are --------------------------------------------------------------------------------- */

enum {
    LAST,
    FIRST,
    NOT_FIRST,
    LAST_ROW,
    LAST_COLUMN,
    FIRST_ROW_ONLY,
    FIRST_COLUMN_ONLY,
    NOT_FIRST_ROW,
    NOT_FIRST_COLUMN,
    DIAGONAL,
    NOT_DIAGONAL,
    PLACES
};

static const char *const place_texts[PLACES] = {
    "Only the last number is wrong. Does a loop end one too early, or one too late?",
    "Only the first number is wrong. Does a loop begin at 1, or is something not set before it?",
    "Only the first number is right. Is something set once that should be set for each number, or is an index or a "
    "stride "
    "wrong?",
    "Only the last row is wrong. Does a loop over rows end one too early?",
    "Only the last column is wrong. Does a loop over columns end one too early?",
    "Only row 0 is wrong. Does a loop over rows begin at 1?",
    "Only column 0 is wrong. Does a loop over columns begin at 1?",
    "Only row 0 is right. Is something set once that should be set for each row, or does an index not move with the "
    "row?",
    "Only column 0 is right. Is something set once that should be set for each column, or does an index not move "
    "with the "
    "column?",
    "Only the diagonal is wrong.",
    "Only the diagonal is right. Are row and column exchanged somewhere, or one of them used twice?",
};

static bool at_place(int place, const Answers *a, int i) {
    int row = i / a->cols, col = i % a->cols;
    switch (place) {
    case LAST: return i == a->n - 1;
    case FIRST: return i == 0;
    case NOT_FIRST: return i > 0;
    case LAST_ROW: return row == a->rows - 1;
    case LAST_COLUMN: return col == a->cols - 1;
    case FIRST_ROW_ONLY: return row == 0;
    case FIRST_COLUMN_ONLY: return col == 0;
    case NOT_FIRST_ROW: return row > 0;
    case NOT_FIRST_COLUMN: return col > 0;
    case DIAGONAL: return row == col;
    default: return row != col;
    }
}

/* A place holds where the wrong numbers are those at it: all of "not the first", some of the others. */
void positions_note(Positions *differing, const Answers *a, const bool *wrong) {
    if (!differing->seen) differing->holds = ~0u;
    differing->seen = true;
    for (int place = 0; place < PLACES; place++) {
        bool all_of_it =
            place == NOT_FIRST || place == NOT_FIRST_ROW || place == NOT_FIRST_COLUMN || place == NOT_DIAGONAL;
        int inside = 0, missed = 0, others = 0;
        for (int i = 0; i < a->n; i++) {
            bool at = at_place(place, a, i);
            inside += at;
            missed += at && !wrong[i];
            others += !at && wrong[i];
        }
        if (others || (all_of_it && 4 * missed > inside)) differing->holds &= ~(1u << place);
        if (inside < a->n) differing->told |= 1u << place;
    }
}

const char *positions_text(const Positions *differing) {
    if (!differing->seen) return NULL;
    for (int place = 0; place < PLACES; place++)
        if (differing->holds & differing->told & (1u << place)) return place_texts[place];
    return NULL;
}
